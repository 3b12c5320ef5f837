//! The native module of the Python package: bytes in, bytes out, errors mapped in one file. No operation is named here.

mod error;
mod feed;
mod submission;
mod verifier;

use crate::error::to_python;
use crate::submission::Submission;
use counterfoil_core::Id;
use counterfoil_core::apply::Posting;
use counterfoil_core::ops::{OPERATIONS, statuses};
use counterfoil_core::signature::{self, Check};
use counterfoil_core::state::{Record, Table, TableName};
use counterfoil_core::wire::{Genesis, decode};
use counterfoil_engine::{Batch, Error, Ledger, Options, OutcomeRow, Page, Posted, StoreOptions, fsck};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `(id, status, operation, index, duplicate)` of one transaction.
type OutcomeTuple<'py> = (Bound<'py, PyBytes>, u16, Option<u16>, Option<u64>, bool);
/// `(sum, value)` of a record.
type RecordTuple<'py> = (u128, Bound<'py, PyBytes>);
/// `(next cursor, [(record id, sum, value)])`.
type PageTuple<'py> = (Option<Bound<'py, PyBytes>>, Vec<(Bound<'py, PyBytes>, u128, Bound<'py, PyBytes>)>);
/// `(asset, account, kind, whether it is negative, units)` of a posting.
type PostingTuple<'py> = (Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>, &'static str, bool, u128);
/// `(index, time, transaction id, postings)` of a transaction.
type PostedTuple<'py> = (u64, u64, Bound<'py, PyBytes>, Vec<PostingTuple<'py>>);
/// `(index, height, time, through, state root)` of a commit.
type CommitTuple<'py> = (u64, u64, u64, u64, Bound<'py, PyBytes>);

pub(crate) fn bytes<'py>(py: Python<'py>, id: &Id) -> Bound<'py, PyBytes> {
    PyBytes::new(py, id.as_bytes())
}

pub(crate) fn id(name: &str, given: &[u8]) -> PyResult<Id> {
    let array: [u8; 32] = given
        .try_into()
        .map_err(|_| PyValueError::new_err(format!("{name} must have 32 bytes, found {}", given.len())))?;
    Ok(Id(array))
}

fn ids(name: &str, given: &Bound<'_, PyList>) -> PyResult<Vec<Id>> {
    let one = |(position, item): (usize, Bound<'_, PyAny>)| {
        let name = format_args!("{name} {position}").to_string();
        let item = item
            .cast::<PyBytes>()
            .map_err(|_| PyTypeError::new_err(format!("{name} must be bytes, found {}", type_name(&item))))?;
        id(&name, item.as_bytes())
    };
    given.iter().enumerate().map(one).collect()
}

fn seed(given: Option<&[u8]>) -> PyResult<Option<[u8; 32]>> {
    given.map(|given| id("operator seed", given).map(|seed| seed.0)).transpose()
}

fn table(name: &str, key: Option<&[u8]>) -> PyResult<Table> {
    let name = TableName::parse(name).ok_or_else(|| {
        let found: String = name.chars().take(40).collect();
        PyValueError::new_err(format!("no table is named {found:?}"))
    })?;
    let key = key.map(|key| id("table key", key)).transpose()?;
    if key.is_some() != name.is_keyed() {
        let (expected, found) = if key.is_some() { ("no key", "one") } else { ("a key", "none") };
        return Err(PyValueError::new_err(format!("table {}: expected {expected}, found {found}", name.as_str())));
    }
    Ok(Table { name, key })
}

/// A batch from a list of `bytes`, or from one `bytes` of transactions, each after its length (u32, little-endian).
pub(crate) fn batch(given: &Bound<'_, PyAny>) -> PyResult<Batch> {
    let mut batch = Batch::default();
    if let Ok(list) = given.cast::<PyList>() {
        for item in list {
            let item = item.cast::<PyBytes>().map_err(|_| {
                PyTypeError::new_err(format!("a batch is a list of bytes, found {} in it", type_name(&item)))
            })?;
            batch.push(item.as_bytes());
        }
        return Ok(batch);
    }
    let framed = given.cast::<PyBytes>().map_err(|_| {
        PyTypeError::new_err(format!("a batch is a list of bytes or framed bytes, found {}", type_name(given)))
    })?;
    let mut rest = framed.as_bytes();
    while !rest.is_empty() {
        let frame = rest
            .split_first_chunk::<4>()
            .and_then(|(length, after)| after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?));
        let Some((transaction, after)) = frame else {
            let at = framed.as_bytes().len().saturating_sub(rest.len());
            return Err(PyValueError::new_err(format!(
                "framed batch is cut short at byte {at}: expected a length u32 and as many bytes, found {} bytes",
                rest.len()
            )));
        };
        batch.push(transaction);
        rest = after;
    }
    Ok(batch)
}

fn record_tuple<'py>(py: Python<'py>, record: &Record) -> RecordTuple<'py> {
    (record.sum, PyBytes::new(py, &record.value))
}

fn page_tuple<'py>(py: Python<'py>, page: &Page) -> PageTuple<'py> {
    let records = page.records.iter();
    let records = records.map(|(id, record)| (bytes(py, id), record.sum, PyBytes::new(py, &record.value))).collect();
    (page.next.map(|next| bytes(py, &next)), records)
}

fn posted_tuple<'py>(py: Python<'py>, posted: &Posted) -> PostedTuple<'py> {
    // Most postings of a transaction are of one asset, which then is one object.
    let mut last: Option<(Id, Bound<'py, PyBytes>)> = None;
    let mut one = |posting: &Posting| {
        let asset = match last.take() {
            Some((id, asset)) if id == posting.asset => asset,
            _ => bytes(py, &posting.asset),
        };
        last = Some((posting.asset, asset.clone()));
        let account = posting.side.account().map(|account| bytes(py, account));
        (asset, account, posting.side.name(), posting.is_negative, posting.units)
    };
    let postings = posted.postings.iter().map(&mut one).collect();
    (posted.index, posted.time, bytes(py, &posted.transaction), postings)
}

fn type_name(given: &Bound<'_, PyAny>) -> String {
    given.get_type().name().map_or_else(|_| "another type".to_owned(), |name| name.to_string())
}

/// The outcomes of a batch, without one Python object each.
#[pyclass(frozen, module = "counterfoil._core")]
struct Outcomes {
    rows: Vec<OutcomeRow>,
}

#[pymethods]
impl Outcomes {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    /// `(id, status, operation, index, duplicate)` of the transaction at this position.
    fn row<'py>(&self, py: Python<'py>, position: usize) -> PyResult<OutcomeTuple<'py>> {
        let row = self
            .rows
            .get(position)
            .ok_or_else(|| pyo3::exceptions::PyIndexError::new_err("outcome index out of range"))?;
        Ok((bytes(py, &row.id), row.status.code(), row.operation, row.index, row.duplicate))
    }

    /// How many were applied (now or before).
    fn applied(&self) -> usize {
        self.rows.iter().filter(|row| row.index.is_some()).count()
    }

    /// The position of the first that was refused.
    fn first_refused(&self) -> Option<usize> {
        self.rows.iter().position(|row| row.index.is_none())
    }

    /// How many outcomes there are of each status code.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut counts = std::collections::BTreeMap::<u16, usize>::new();
        for row in &self.rows {
            let count = counts.entry(row.status.code()).or_default();
            *count = count.saturating_add(1);
        }
        counts.into_pyobject(py)
    }
}

/// An open ledger.
#[pyclass(frozen, module = "counterfoil._core")]
struct Engine {
    ledger: Ledger,
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Closing waits for threads that may be waiting for the interpreter.
        Python::attach(|py| py.detach(|| self.ledger.close())).unwrap_or_default();
    }
}

pub(crate) fn options(read_only: bool, given: Option<&Bound<'_, PyDict>>) -> PyResult<Options> {
    let mut options = Options::default();
    options.store = StoreOptions { read_only, ..options.store };
    for (name, value) in given.into_iter().flatten() {
        match name.extract::<String>()?.as_str() {
            "map_bytes" => options.store.map_bytes = value.extract()?,
            "map_bytes_max" => options.store.map_bytes_max = value.extract()?,
            "commit_every_ms" => options.commit_every_ms = value.extract()?,
            "memory_bytes" => options.memory_bytes = value.extract()?,
            "flush_records" => options.flush_records = value.extract()?,
            "index" => options.indexed = value.extract()?,
            other => return Err(PyTypeError::new_err(format!("unknown option {other:?}"))),
        }
    }
    // A small limit is meant: the map must not begin above it.
    let max = usize::try_from(options.store.map_bytes_max).unwrap_or(usize::MAX);
    options.store.map_bytes = options.store.map_bytes.min(max);
    Ok(options)
}

#[pymethods]
impl Engine {
    #[staticmethod]
    #[pyo3(signature = (path, genesis, operator=None, options=None))]
    fn create(
        py: Python<'_>,
        path: PathBuf,
        genesis: &[u8],
        operator: Option<&[u8]>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let genesis: Genesis =
            decode(genesis).ok_or_else(|| PyValueError::new_err("genesis does not decode as Borsh"))?;
        let (operator, options) = (seed(operator)?, self::options(false, options)?);
        let ledger = py.detach(|| Ledger::create(&path, &genesis, operator, &options)).map_err(to_python)?;
        Ok(Self { ledger })
    }

    #[staticmethod]
    #[pyo3(signature = (path, operator=None, read_only=false, options=None, progress=None))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        operator: Option<&[u8]>,
        read_only: bool,
        options: Option<&Bound<'_, PyDict>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let (operator, options) = (seed(operator)?, self::options(read_only, options)?);
        let mut report = Progress { callback: progress, failed: None };
        let opened = py.detach(|| Ledger::open(&path, operator, &options, &mut |done, all| report.tell(done, all)));
        report.check()?;
        Ok(Self { ledger: opened.map_err(to_python)? })
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.ledger.close()).map_err(to_python)
    }

    #[pyo3(signature = (transactions, time=None, dry_run=false))]
    fn apply(
        &self,
        py: Python<'_>,
        transactions: &Bound<'_, PyAny>,
        time: Option<u64>,
        dry_run: bool,
    ) -> PyResult<Outcomes> {
        let batch = batch(transactions)?;
        let rows = py
            .detach(|| if dry_run { self.ledger.dry_run(batch, time) } else { self.ledger.apply(batch, time) })
            .map_err(to_python)?;
        Ok(Outcomes { rows })
    }

    /// Hands transactions in without waiting.
    #[pyo3(signature = (transactions, time=None))]
    fn submit(&self, py: Python<'_>, transactions: &Bound<'_, PyAny>, time: Option<u64>) -> PyResult<Submission> {
        let batch = batch(transactions)?;
        let (submission, answer) = Submission::new();
        py.detach(|| self.ledger.submit(batch, time, answer)).map_err(to_python)?;
        Ok(submission)
    }

    #[pyo3(signature = (time=None))]
    fn checkpoint(&self, py: Python<'_>, time: Option<u64>) -> PyResult<String> {
        py.detach(|| self.ledger.checkpoint(time)).map_err(to_python)
    }

    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.ledger.flush()).map_err(to_python)
    }

    fn rotate_operator(&self, py: Python<'_>, operator: &[u8]) -> PyResult<()> {
        let seed = id("operator seed", operator)?.0;
        py.detach(|| self.ledger.rotate_operator(seed)).map_err(to_python)
    }

    fn hand_over(&self, py: Python<'_>, heir: &[u8]) -> PyResult<String> {
        let heir = id("heir", heir)?;
        py.detach(|| self.ledger.hand_over(heir)).map_err(to_python)
    }

    fn backup(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.ledger.backup(&path)).map_err(to_python)
    }

    fn confirm(&self, py: Python<'_>, note: &str) -> PyResult<()> {
        py.detach(|| self.ledger.confirm(note.as_bytes())).map_err(to_python)
    }

    fn add_cosignatures(&self, py: Python<'_>, note: &str) -> PyResult<String> {
        py.detach(|| self.ledger.add_cosignatures(note.as_bytes())).map_err(to_python)
    }

    #[getter]
    fn is_confirmed(&self) -> PyResult<bool> {
        self.ledger.is_confirmed().map_err(to_python)
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        bytes(py, &self.ledger.id())
    }

    #[getter]
    fn genesis<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &counterfoil_core::wire::encode(self.ledger.genesis()))
    }

    fn verifier_key(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.ledger.verifier_key()).map_err(to_python)
    }

    #[pyo3(signature = (name, key, record_id))]
    fn record<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        key: Option<&[u8]>,
        record_id: &[u8],
    ) -> PyResult<Option<RecordTuple<'py>>> {
        let (table, record_id) = (table(name, key)?, id("record id", record_id)?);
        let record = py.detach(|| self.ledger.record(&table, &record_id)).map_err(to_python)?;
        Ok(record.as_ref().map(|record| record_tuple(py, record)))
    }

    #[pyo3(signature = (name, key, after=None, limit=1_000))]
    fn page<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        key: Option<&[u8]>,
        after: Option<&[u8]>,
        limit: usize,
    ) -> PyResult<PageTuple<'py>> {
        let table = table(name, key)?;
        let after = after.map(|after| id("cursor", after)).transpose()?;
        let page = py.detach(|| self.ledger.page(&table, after, limit.max(1))).map_err(to_python)?;
        Ok(page_tuple(py, &page))
    }

    #[pyo3(signature = (name, key, record_id))]
    fn prove<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        key: Option<&[u8]>,
        record_id: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (table, record_id) = (table(name, key)?, id("record id", record_id)?);
        let statement = py.detach(|| self.ledger.prove(&table, &record_id)).map_err(to_python)?;
        Ok(PyBytes::new(py, &statement))
    }

    /// A question and its statement for each record id, in order, all under one checkpoint.
    #[pyo3(signature = (name, key, record_ids))]
    fn prove_many<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        key: Option<&[u8]>,
        record_ids: &Bound<'py, PyList>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let table = table(name, key)?;
        let record_ids = ids("record id", record_ids)?;
        let statements = py.detach(|| self.ledger.prove_many(&table, &record_ids)).map_err(to_python)?;
        Ok(statements.into_iter().map(|statement| PyBytes::new(py, &statement)).collect())
    }

    fn prove_entry(&self, py: Python<'_>, index: u64) -> PyResult<String> {
        py.detach(|| self.ledger.prove_entry(index)).map_err(to_python)
    }

    fn prove_consistency<'py>(&self, py: Python<'py>, old: u64, new: u64) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let proof = py.detach(|| self.ledger.prove_consistency(old, new)).map_err(to_python)?;
        Ok(proof.iter().map(|hash| bytes(py, hash)).collect())
    }

    fn entry<'py>(&self, py: Python<'py>, index: u64) -> PyResult<Bound<'py, PyBytes>> {
        let entry = py.detach(|| self.ledger.entry(index)).map_err(to_python)?;
        Ok(PyBytes::new(py, &entry))
    }

    fn entries<'py>(&self, py: Python<'py>, start: u64, limit: usize) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let entries = py.detach(|| self.ledger.entries(start, limit)).map_err(to_python)?;
        Ok(entries.iter().map(|entry| PyBytes::new(py, entry)).collect())
    }

    /// Entries from an index up to another, each after its length (u32, little-endian), until there are so many bytes; and
    /// the index after the last.
    fn frames<'py>(
        &self,
        py: Python<'py>,
        start: u64,
        limit_bytes: usize,
        end: u64,
    ) -> PyResult<(Bound<'py, PyBytes>, u64)> {
        let (frames, next) = py.detach(|| self.ledger.frames(start, end, limit_bytes)).map_err(to_python)?;
        Ok((PyBytes::new(py, &frames), next))
    }

    /// The checkpoints after a size: tree size and note of each.
    #[pyo3(signature = (after=0, limit=1_000))]
    fn notes<'py>(&self, py: Python<'py>, after: u64, limit: usize) -> PyResult<Vec<(u64, Bound<'py, PyBytes>)>> {
        let notes = py.detach(|| self.ledger.notes(after, limit)).map_err(to_python)?;
        Ok(notes.iter().map(|(tree_size, note)| (*tree_size, PyBytes::new(py, note))).collect())
    }

    /// How many records a table has, and their sum, as of the last commit.
    #[pyo3(signature = (name, key))]
    fn total(&self, py: Python<'_>, name: &str, key: Option<&[u8]>) -> PyResult<(u64, u128)> {
        let table = table(name, key)?;
        py.detach(|| self.ledger.total(&table)).map_err(to_python)
    }

    fn tile<'py>(&self, py: Python<'py>, level: u8, tile: u64, width: u16) -> PyResult<Bound<'py, PyBytes>> {
        let hashes = py.detach(|| self.ledger.tile(level, tile, width)).map_err(to_python)?;
        Ok(PyBytes::new(py, &hashes))
    }

    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.ledger.size()).map_err(to_python)
    }

    fn log_root<'py>(&self, py: Python<'py>, tree_size: u64) -> PyResult<Bound<'py, PyBytes>> {
        let root = py.detach(|| self.ledger.log_root(tree_size)).map_err(to_python)?;
        Ok(bytes(py, &root))
    }

    fn last_commit<'py>(&self, py: Python<'py>) -> PyResult<CommitTuple<'py>> {
        let (index, commit) = py.detach(|| self.ledger.last_commit()).map_err(to_python)?;
        Ok((index, commit.height, commit.time, commit.through, bytes(py, &commit.state_root)))
    }

    fn note(&self, py: Python<'_>) -> PyResult<Option<String>> {
        py.detach(|| self.ledger.note()).map_err(to_python)
    }

    fn time(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.ledger.time()).map_err(to_python)
    }

    fn index_of(&self, py: Python<'_>, transaction_id: &[u8]) -> PyResult<Option<u64>> {
        let transaction_id = id("transaction id", transaction_id)?;
        py.detach(|| self.ledger.index_of(&transaction_id)).map_err(to_python)
    }

    #[pyo3(signature = (account, start=0, limit=1_000))]
    fn account_entries(&self, py: Python<'_>, account: &[u8], start: u64, limit: usize) -> PyResult<Vec<u64>> {
        let account = id("account", account)?;
        py.detach(|| self.ledger.account_entries(&account, start, limit)).map_err(to_python)
    }

    /// Begins to apply the log again, from genesis up to a time.
    #[pyo3(signature = (until=None))]
    fn replay(&self, py: Python<'_>, until: Option<u64>) -> PyResult<Replay> {
        let replay = py.detach(|| self.ledger.replay(until)).map_err(to_python)?;
        Ok(Replay { replay: Mutex::new(replay) })
    }

    /// Goes on with a replay for a while, and returns what the transactions did to balances: to an account's, or to all.
    #[pyo3(signature = (replay, account=None))]
    fn postings<'py>(
        &self,
        py: Python<'py>,
        replay: &Bound<'py, Replay>,
        account: Option<&[u8]>,
    ) -> PyResult<Vec<PostedTuple<'py>>> {
        let account = account.map(|account| id("account", account)).transpose()?;
        let replay = replay.get();
        let posted = py.detach(|| self.ledger.advance(&mut replay.lock(), account.as_ref())).map_err(to_python)?;
        Ok(posted.iter().map(|posted| posted_tuple(py, posted)).collect())
    }

    /// Goes on with a replay to its end.
    #[pyo3(signature = (replay, progress=None))]
    fn finish(&self, py: Python<'_>, replay: &Bound<'_, Replay>, progress: Option<Py<PyAny>>) -> PyResult<()> {
        let mut report = Progress { callback: progress, failed: None };
        let replay = replay.get();
        let finished = py.detach(|| {
            loop {
                let (done, all) = {
                    let mut replay = replay.lock();
                    if replay.is_done() {
                        return Ok(());
                    }
                    self.ledger.advance(&mut replay, None)?;
                    (replay.through(), replay.end())
                };
                // Not under the lock: what is called may ask the replay something.
                report.tell(done, all)?;
            }
        });
        report.check()?;
        finished.map_err(to_python)
    }

    /// How many signatures hold, verified in batches on all cores. Keys (32 bytes each), signatures (64) and messages (all
    /// of one length) stand side by side, so that nothing but the verification is timed.
    fn count_valid_signatures(
        &self,
        py: Python<'_>,
        keys: &[u8],
        signatures: &[u8],
        messages: &[u8],
    ) -> PyResult<usize> {
        let (keys, keys_rest) = keys.as_chunks::<32>();
        let (signatures, signatures_rest) = signatures.as_chunks::<64>();
        let length = messages.len().checked_div(keys.len()).unwrap_or(0);
        let whole = keys_rest.is_empty() && signatures_rest.is_empty() && keys.len() == signatures.len();
        if !whole || length == 0 || length.checked_mul(keys.len()) != Some(messages.len()) {
            return Err(PyValueError::new_err(format!(
                "expected as many keys (32 bytes), signatures (64) and messages of one length, found {}, {} and {} bytes",
                keys.len().saturating_mul(32).saturating_add(keys_rest.len()),
                signatures.len().saturating_mul(64).saturating_add(signatures_rest.len()),
                messages.len()
            )));
        }
        py.detach(|| {
            let parts = keys.iter().zip(signatures).zip(messages.chunks_exact(length));
            let checks: Vec<Check<'_>> =
                parts.map(|((key, signature), message)| Check { key, signature, message }).collect();
            self.ledger.count_valid_signatures(&checks)
        })
        .map_err(to_python)
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = py.detach(|| self.ledger.stats()).map_err(to_python)?;
        let numbers = PyDict::new(py);
        numbers.set_item("entries", stats.entries)?;
        numbers.set_item("height", stats.height)?;
        numbers.set_item("cached_records", stats.cached_records)?;
        numbers.set_item("cached_keys", stats.cached_keys)?;
        numbers.set_item("uncommitted_records", stats.uncommitted_records)?;
        numbers.set_item("seen_transactions", stats.seen_transactions)?;
        numbers.set_item("tables", stats.tables)?;
        numbers.set_item("log_bytes", stats.log_bytes)?;
        numbers.set_item("state_bytes", stats.state_bytes)?;
        numbers.set_item("signature_backend", stats.signature_backend)?;
        numbers.set_item("hash_backend", stats.hash_backend)?;
        Ok(numbers)
    }
}

/// A ledger as it was, in memory.
#[pyclass(frozen, module = "counterfoil._core")]
struct Replay {
    replay: Mutex<counterfoil_engine::Replay>,
}

impl Replay {
    /// Only to be waited for without the interpreter.
    fn lock(&self) -> MutexGuard<'_, counterfoil_engine::Replay> {
        // Where a thread panicked the replay itself knows that it must not go on.
        self.replay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Replay {
    /// `(entries applied, entries to apply, time of the last one, whether none is left)`.
    fn position(&self, py: Python<'_>) -> (u64, u64, u64, bool) {
        py.detach(|| {
            let replay = self.lock();
            (replay.through(), replay.end(), replay.time(), replay.is_done())
        })
    }

    #[pyo3(signature = (name, key, record_id))]
    fn record<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        key: Option<&[u8]>,
        record_id: &[u8],
    ) -> PyResult<Option<RecordTuple<'py>>> {
        let (table, record_id) = (table(name, key)?, id("record id", record_id)?);
        let record = py.detach(|| self.lock().record(&table, &record_id).cloned());
        Ok(record.as_ref().map(|record| record_tuple(py, record)))
    }

    #[pyo3(signature = (name, key, after=None, limit=1_000))]
    fn page<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        key: Option<&[u8]>,
        after: Option<&[u8]>,
        limit: usize,
    ) -> PyResult<PageTuple<'py>> {
        let table = table(name, key)?;
        let after = after.map(|after| id("cursor", after)).transpose()?;
        let page = py.detach(|| self.lock().page(&table, after, limit.max(1)));
        Ok(page_tuple(py, &page))
    }
}

/// Tells a Python callable how far long work is, and stops the work at its first exception.
struct Progress {
    callback: Option<Py<PyAny>>,
    failed: Option<PyErr>,
}

impl Progress {
    fn tell(&mut self, done: u64, all: u64) -> Result<(), Error> {
        let Some(callback) = &self.callback else { return Ok(()) };
        match Python::attach(|py| callback.call1(py, (done, all))) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.failed = Some(error);
                Err(Error::Interrupted)
            }
        }
    }

    fn check(self) -> PyResult<()> {
        self.failed.map_or(Ok(()), Err)
    }
}

/// Checks a closed ledger's folder and returns a report of what was found; raises at the first contradiction.
#[pyfunction]
#[pyo3(name = "fsck", signature = (path, full=false, progress=None))]
fn check_folder(py: Python<'_>, path: PathBuf, full: bool, progress: Option<Py<PyAny>>) -> PyResult<Bound<'_, PyDict>> {
    let mut report = Progress { callback: progress, failed: None };
    let checked = py.detach(|| fsck(&path, full, &mut |done, all| report.tell(done, all)));
    report.check()?;
    let checked = checked.map_err(to_python)?;
    let findings = PyDict::new(py);
    findings.set_item("entries", checked.entries)?;
    findings.set_item("height", checked.height)?;
    findings.set_item("tables", checked.tables)?;
    findings.set_item("state_root", bytes(py, &checked.state_root))?;
    findings.set_item("log_root", bytes(py, &checked.log_root))?;
    Ok(findings)
}

/// `[(tag, name, whether a mandate may cover it)]` of every operation.
#[pyfunction]
fn operations() -> Vec<(u8, &'static str, bool)> {
    OPERATIONS.iter().map(|info| (info.tag, info.name, info.mandate)).collect()
}

/// `[(code, name, whether it may turn into success later)]` of every status.
#[pyfunction(name = "statuses")]
fn all_statuses() -> Vec<(u16, &'static str, bool)> {
    statuses().map(|info| (info.status.code(), info.name, info.transient)).collect()
}

/// Verdicts on `(key, signature, message)` triples: together, as a batch verifies them, or one by one.
#[pyfunction]
#[pyo3(signature = (checks, batch=true))]
fn verify_signatures(py: Python<'_>, checks: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>, batch: bool) -> PyResult<Vec<bool>> {
    py.detach(|| {
        let mut sized = Vec::with_capacity(checks.len());
        for (key, signature, message) in &checks {
            let key: &[u8; 32] = key
                .as_slice()
                .try_into()
                .map_err(|_| PyValueError::new_err(format!("a key has 32 bytes, found {}", key.len())))?;
            let signature: &[u8; 64] = signature
                .as_slice()
                .try_into()
                .map_err(|_| PyValueError::new_err(format!("a signature has 64 bytes, found {}", signature.len())))?;
            sized.push(Check { key, signature, message });
        }
        Ok(if batch { signature::verify_batch(&sized) } else { sized.iter().map(signature::verify).collect() })
    })
}

/// The signatures (64 bytes each, side by side) of messages by seeds (32 bytes each), made on all cores. The messages
/// stand side by side and have one length, as those of transactions do.
#[pyfunction]
fn sign_messages<'py>(py: Python<'py>, seeds: &[u8], messages: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let (keys, rest) = seeds.as_chunks::<32>();
    let length = messages.len().checked_div(keys.len()).unwrap_or(0);
    if !rest.is_empty() || length.checked_mul(keys.len()) != Some(messages.len()) {
        return Err(PyValueError::new_err(format!(
            "expected as many seeds (32 bytes) as messages of one length, found {} and {} bytes",
            seeds.len(),
            messages.len()
        )));
    }
    let signatures = py.detach(|| {
        // Empty messages are messages too; `chunks_exact` would not have them.
        let places = (0..keys.len()).map(|place| place.saturating_mul(length));
        let parts = keys.iter().zip(places);
        let pairs: Vec<(&[u8; 32], &[u8])> = parts
            .map(|(seed, start)| (seed, messages.get(start..start.saturating_add(length)).unwrap_or_default()))
            .collect();
        counterfoil_engine::sign_messages(&pairs)
    });
    Ok(PyBytes::new(py, signatures.as_flattened()))
}

#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::feed::{Feed, Log};
    #[pymodule_export]
    use super::submission::Submission;
    #[pymodule_export]
    use super::verifier::{StatementVerifier, verify_map_proof};
    #[pymodule_export]
    use super::{Engine, Outcomes, Replay, all_statuses, check_folder, operations, sign_messages, verify_signatures};
}
