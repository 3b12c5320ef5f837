//! The indexes on disk: sorted runs, of which each flush appends one to each index.
//!
//! ```text
//! key    log index of the run's first entry u64 ‖ the chunk's first packed entry u64
//! value  CRC-32 of key and rest u32 ‖ packed entries u64, ascending
//! ```
//!
//! A packed entry is the first 40 bits of a hash and, in 24 bits, how many log indexes above the run's first it is. A
//! run covers a range of the log of its own, so what is found in one run after the other ascends.
//!
//! That is cheap where a B-tree of ids is not: entries are written in order, and a page is full before the next one is
//! begun. The price is a look-up in every run, so small runs are merged: sixteen of about one size become one, until
//! a run is *full*, and then it stays as it is. Entries are written a few times, and the work that one flush may find is
//! bounded. A billion entries make 240 full runs.

use crate::block::{seal, unseal};
use crate::environment::NamedDatabase;
use crate::error::Result;
use crate::indexes::{HashKey, IndexEntries, IndexEntry, IndexKind, Sought};
use crate::log_store::LogReader;
use crate::replica::applied_id;
use crate::state_store::corrupt;
use counterfoil_core::wire::Entry;
use heed::{PutFlags, RoTxn, RwTxn};
use std::ops::Bound;

/// How many low bits of a packed entry count from the run's first log index; above them are those of the hash.
const OFFSET_BITS: u32 = 24;
const OFFSET_MASK: u64 = SPAN_MAX - 1;

/// How many log indexes a run may cover.
const SPAN_MAX: u64 = 1 << OFFSET_BITS;

/// Runs are of about one size if the logarithms of their entries to this base, rounded down, are the same; as many of
/// them are merged.
const FAN: usize = 1 << FAN_BITS;
const FAN_BITS: u32 = 4;

const KINDS: [IndexKind; 2] = [IndexKind::Transactions, IndexKind::Accounts];

/// The key of the [`Manifest`] in the database `meta`.
const MANIFEST: &[u8] = b"runs";

/// How often a check of the log says how far it is.
const PROGRESS_ENTRIES: u64 = 1 << 16;

/// How large what is written is.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Entries in a chunk.
    chunk_entries: usize,
    /// Entries from which on a run is full.
    full_entries: u64,
}

impl Limits {
    const DEFAULT: Self = Self {
        // With the checksum 4,076 bytes. LMDB keeps so long a value in pages of its own, after 16 bytes of its own: one
        // page, all but full.
        chunk_entries: 509,
        full_entries: 1 << 22,
    };

    /// How many of these runs, from the last one back, are merged with a new one.
    fn absorbed(&self, runs: &[Run], new: &Run) -> usize {
        let fits = |run: &&Run| run.entries < self.full_entries && new.end.saturating_sub(run.first) <= SPAN_MAX;
        let sizes: Vec<u64> = runs.iter().rev().take_while(fits).map(|run| run.entries).collect();
        let sum = |sizes: &[u64]| sizes.iter().fold(0_u64, |sum, size| sum.saturating_add(*size));
        if sum(&sizes).saturating_add(new.entries) >= self.full_entries {
            return sizes.len();
        }
        let level = |entries: u64| entries.checked_ilog2().unwrap_or(0) / FAN_BITS;
        let (mut absorbed, mut entries) = (0_usize, new.entries);
        loop {
            let older = sizes.get(absorbed..).unwrap_or_default();
            let peers = older.iter().take_while(|size| level(**size) <= level(entries)).count();
            if peers.saturating_add(1) < FAN {
                return absorbed;
            }
            entries = entries.saturating_add(sum(older.get(..peers).unwrap_or_default()));
            absorbed = absorbed.saturating_add(peers);
        }
    }
}

/// A run, as the manifest has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The log index of its first entry.
    first: u64,
    /// The one after that of its last.
    end: u64,
    entries: u64,
}

impl Run {
    const BYTES: usize = 24;

    fn encode(&self, into: &mut Vec<u8>) {
        for number in [self.first, self.end, self.entries] {
            into.extend_from_slice(&number.to_be_bytes());
        }
    }

    fn decode(bytes: &[u8; Self::BYTES]) -> Self {
        let mut numbers = bytes.as_chunks().0.iter().map(|number| u64::from_be_bytes(*number));
        let mut next = || numbers.next().unwrap_or_default();
        Self { first: next(), end: next(), entries: next() }
    }
}

/// Which runs there are, and what keys their hashes.
#[derive(Clone, Debug)]
struct Manifest {
    key: HashKey,
    transactions: Vec<Run>,
    accounts: Vec<Run>,
}

impl Manifest {
    const fn new(key: HashKey) -> Self {
        Self { key, transactions: Vec::new(), accounts: Vec::new() }
    }

    fn runs(&self, kind: IndexKind) -> &[Run] {
        match kind {
            IndexKind::Transactions => &self.transactions,
            IndexKind::Accounts => &self.accounts,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&self.key.0);
        bytes.extend_from_slice(&u32::try_from(self.transactions.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.transactions.iter().chain(&self.accounts).for_each(|run| run.encode(&mut bytes));
        seal(MANIFEST, &mut bytes);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = unseal(MANIFEST, bytes).ok()?.split_first_chunk()?;
        let (transactions, rest) = rest.split_first_chunk()?;
        let transactions = usize::try_from(u32::from_be_bytes(*transactions)).ok()?;
        let (runs, []) = rest.as_chunks() else { return None };
        let (transactions, accounts) = runs.split_at_checked(transactions)?;
        let decode = |runs: &[[u8; Run::BYTES]]| runs.iter().map(Run::decode).collect();
        Some(Self { key: HashKey(*key), transactions: decode(transactions), accounts: decode(accounts) })
    }
}

/// A run to be written.
#[derive(Debug)]
struct PackedRun {
    run: Run,
    packed: Vec<u64>,
}

/// What a flush adds to the indexes: sorted, and ready to be written.
#[derive(Debug)]
pub(crate) struct NewRuns {
    key: HashKey,
    transactions: Vec<PackedRun>,
    accounts: Vec<PackedRun>,
}

impl NewRuns {
    /// Sorts and packs entries.
    pub(crate) fn new(entries: &IndexEntries) -> Self {
        Self::within(entries, Limits::DEFAULT)
    }

    fn within(entries: &IndexEntries, limits: Limits) -> Self {
        let pack = |kind| pack_runs(entries.of(kind), limits.full_entries);
        Self { key: entries.key, transactions: pack(IndexKind::Transactions), accounts: pack(IndexKind::Accounts) }
    }

    fn of(&self, kind: IndexKind) -> &[PackedRun] {
        match kind {
            IndexKind::Transactions => &self.transactions,
            IndexKind::Accounts => &self.accounts,
        }
    }
}

/// The runs of some entries: usually one; more where one would be larger than a full run, or cover too much of the log.
fn pack_runs(entries: &[IndexEntry], full_entries: u64) -> Vec<PackedRun> {
    let entries_max = usize::try_from(full_entries).unwrap_or(usize::MAX);
    let mut runs = Vec::new();
    let mut rest = entries;
    while let Some(IndexEntry { index: first, .. }) = rest.first().copied() {
        let within = rest.partition_point(|entry| entry.index.saturating_sub(first) < SPAN_MAX);
        let mut count = within.min(entries_max);
        // The entries of one transaction stay together, so that runs do not share a log index.
        if let (Some(last), Some(next)) = (count.checked_sub(1).and_then(|last| rest.get(last)), rest.get(count))
            && last.index == next.index
        {
            count = rest.partition_point(|entry| entry.index <= next.index);
        }
        let (of_run, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        runs.push(pack_run(first, of_run));
        rest = after;
    }
    runs
}

/// A run of entries in the order of the log, the first of which is at `first`.
fn pack_run(first: u64, entries: &[IndexEntry]) -> PackedRun {
    let mut packed: Vec<u64> =
        entries.iter().map(|entry| (entry.hash & !OFFSET_MASK) | entry.index.saturating_sub(first)).collect();
    packed.sort_unstable();
    // Two accounts of one transaction may share the part of their hashes that is kept.
    packed.dedup();
    let end = entries.last().map_or(first, |last| last.index.saturating_add(1));
    let run = Run { first, end, entries: u64::try_from(packed.len()).unwrap_or(u64::MAX) };
    PackedRun { run, packed }
}

fn chunk_key(run: &Run, first_packed: u64) -> [u8; 16] {
    (u128::from(run.first) << 64 | u128::from(first_packed)).to_be_bytes()
}

/// The databases of the indexes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexRuns {
    transactions: NamedDatabase,
    accounts: NamedDatabase,
    meta: NamedDatabase,
    limits: Limits,
}

impl IndexRuns {
    pub(crate) const fn new(transactions: NamedDatabase, accounts: NamedDatabase, meta: NamedDatabase) -> Self {
        Self { transactions, accounts, meta, limits: Limits::DEFAULT }
    }

    /// What keys the hashes; none before anything was indexed.
    pub(crate) fn hash_key(&self, transaction: &RoTxn<'_>) -> Result<Option<HashKey>> {
        Ok(self.manifest(transaction)?.map(|manifest| manifest.key))
    }

    /// Adds what a flush covers. Nothing outside the transaction is changed, so it may be done again.
    pub(crate) fn write(&self, transaction: &mut RwTxn<'_>, new: &NewRuns) -> Result<()> {
        if KINDS.iter().all(|kind| new.of(*kind).is_empty()) {
            return Ok(());
        }
        let mut manifest = self.manifest(transaction)?.unwrap_or(Manifest::new(new.key));
        if manifest.key != new.key {
            return Err(corrupt("meta", &"runs", "the key of the hashes in memory", "another".to_owned()));
        }
        for run in &new.transactions {
            self.append(transaction, IndexKind::Transactions, &mut manifest.transactions, run)?;
        }
        for run in &new.accounts {
            self.append(transaction, IndexKind::Accounts, &mut manifest.accounts, run)?;
        }
        Ok(self.meta.put(transaction, MANIFEST, &manifest.encode())?)
    }

    fn append(&self, transaction: &mut RwTxn<'_>, kind: IndexKind, runs: &mut Vec<Run>, new: &PackedRun) -> Result<()> {
        if let Some(last) = runs.last().filter(|last| last.end > new.run.first) {
            let expected = format!("nothing from log index {} on", new.run.first);
            return Err(corrupt(name(kind), &last.first, &expected, format!("entries below {}", last.end)));
        }
        let absorbed = runs.split_off(runs.len().saturating_sub(self.limits.absorbed(runs, &new.run)));
        let Some(Run { first, .. }) = absorbed.first().copied() else {
            runs.push(new.run);
            return self.put(transaction, kind, &new.run, &new.packed);
        };
        let entries = absorbed.iter().fold(new.run.entries, |sum, run| sum.saturating_add(run.entries));
        let mut packed = Vec::with_capacity(usize::try_from(entries).unwrap_or(0));
        for run in &absorbed {
            let shift = run.first.saturating_sub(first);
            self.read_run(transaction, kind, run, |chunk| {
                packed.extend(chunk.iter().map(|entry| u64::from_be_bytes(*entry).saturating_add(shift)));
            })?;
        }
        let shift = new.run.first.saturating_sub(first);
        packed.extend(new.packed.iter().map(|entry| entry.saturating_add(shift)));
        sort_ascending_parts(&mut packed);
        let run = Run { first, end: new.run.end, entries };
        let from = chunk_key(&run, 0);
        let range: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(&from), Bound::Unbounded);
        self.database(kind).delete_range(transaction, &range)?;
        runs.push(run);
        self.put(transaction, kind, &run, &packed)
    }

    fn put(&self, transaction: &mut RwTxn<'_>, kind: IndexKind, run: &Run, packed: &[u64]) -> Result<()> {
        let mut value = Vec::new();
        for chunk in packed.chunks(self.limits.chunk_entries) {
            let key = chunk_key(run, chunk.first().copied().unwrap_or_default());
            value.clear();
            value.extend_from_slice(&[0; 4]);
            for entry in chunk {
                value.extend_from_slice(&entry.to_be_bytes());
            }
            seal(&key, &mut value);
            // A new run is above all others: LMDB fills its pages to the end instead of splitting them in half.
            self.database(kind).put_with_flags(transaction, PutFlags::APPEND, &key, &value)?;
        }
        Ok(())
    }

    /// The log indexes from `from` on at which what is sought may be, ascending, at most `limit` of them.
    pub(crate) fn candidates(
        &self,
        transaction: &RoTxn<'_>,
        sought: &Sought,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u64>> {
        let mut found = Vec::new();
        let Some(manifest) = self.manifest(transaction)? else { return Ok(found) };
        let wanted = Wanted { kind: sought.kind(), hash: sought.hash(&manifest.key), from, limit };
        for run in manifest.runs(wanted.kind).iter().filter(|run| run.end > from) {
            if found.len() >= limit {
                break;
            }
            self.find_in(transaction, run, &wanted, &mut found)?;
        }
        Ok(found)
    }

    fn find_in(&self, transaction: &RoTxn<'_>, run: &Run, wanted: &Wanted, found: &mut Vec<u64>) -> Result<()> {
        let hash = wanted.hash & !OFFSET_MASK;
        let (low, high) = (hash | wanted.from.saturating_sub(run.first), hash | OFFSET_MASK);
        // Whether the search ends in this chunk.
        let mut take = |key: &[u8], value| -> Result<bool> {
            let chunk = parse_chunk(wanted.kind, key, value)?;
            let begin = chunk.partition_point(|entry| u64::from_be_bytes(*entry) < low);
            for entry in chunk.iter().skip(begin).map(|entry| u64::from_be_bytes(*entry)) {
                if entry > high || found.len() >= wanted.limit {
                    return Ok(true);
                }
                found.push(run.first.saturating_add(entry & OFFSET_MASK));
            }
            Ok(false)
        };
        let database = self.database(wanted.kind);
        let at = chunk_key(run, low);
        // The last chunk that begins at or below what is sought has the first of it, unless it is of an earlier run.
        if let Some((key, value)) = database.get_lower_than_or_equal_to(transaction, &at)?
            && key >= chunk_key(run, 0).as_slice()
            && take(key, value)?
        {
            return Ok(());
        }
        let to = chunk_key(run, high);
        let range: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Excluded(&at), Bound::Included(&to));
        for item in database.range(transaction, &range)? {
            let (key, value) = item?;
            if take(key, value)? {
                break;
            }
        }
        Ok(())
    }

    /// Checks that the runs are what the manifest says, sorted, packed and within their part of the log.
    pub(crate) fn check(&self, transaction: &RoTxn<'_>) -> Result<()> {
        let manifest = self.manifest(transaction)?;
        for kind in KINDS {
            let runs = manifest.as_ref().map_or_else(Vec::new, |manifest| manifest.runs(kind).to_vec());
            let mut end = 0;
            for run in &runs {
                let span = run.end.checked_sub(run.first).filter(|span| (1..=SPAN_MAX).contains(span));
                if run.first < end || span.is_none() || run.entries == 0 {
                    let expected = format!("runs of {}, one above the other from {end} on", name(kind));
                    return Err(corrupt("meta", &"runs", &expected, format!("{run:?}")));
                }
                end = run.end;
                self.check_run(transaction, kind, run)?;
            }
            let chunk_entries = u64::try_from(self.limits.chunk_entries).unwrap_or(u64::MAX);
            let chunks = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.entries.div_ceil(chunk_entries)));
            let found = self.database(kind).len(transaction)?;
            if found != chunks {
                let expected = format!("{chunks} chunks, as many as its runs have");
                return Err(corrupt("meta", &name(kind), &expected, found.to_string()));
            }
        }
        Ok(())
    }

    fn check_run(&self, transaction: &RoTxn<'_>, kind: IndexKind, run: &Run) -> Result<()> {
        let span = run.end.saturating_sub(run.first);
        let mut previous = None;
        let (mut left, mut wrong) = (run.entries, None);
        self.read_run(transaction, kind, run, |chunk| {
            let full = left.min(u64::try_from(self.limits.chunk_entries).unwrap_or(u64::MAX));
            if u64::try_from(chunk.len()).ok() != Some(full) {
                wrong = wrong.take().or_else(|| Some(format!("a chunk of {} entries, not {full}", chunk.len())));
            }
            for entry in chunk.iter().map(|entry| u64::from_be_bytes(*entry)) {
                if previous >= Some(entry) || entry & OFFSET_MASK >= span {
                    wrong = wrong.take().or_else(|| Some(format!("entry {entry:016x}")));
                }
                previous = Some(entry);
                left = left.saturating_sub(1);
            }
        })?;
        match wrong {
            None => Ok(()),
            Some(found) => Err(corrupt(
                name(kind),
                &run.first,
                &format!("ascending entries below {}, in full chunks", run.end),
                found,
            )),
        }
    }

    /// Checks that the indexes have what the first `through` entries of a log say, all of it and nothing else.
    pub(crate) fn check_log(
        &self,
        transaction: &RoTxn<'_>,
        log: &LogReader,
        through: u64,
        progress: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<()> {
        let manifest = self.manifest(transaction)?.unwrap_or(Manifest::new(HashKey([0; 16])));
        let mut expected = IndexEntries::new(manifest.key);
        let mut runs = KINDS.map(|kind| (kind, manifest.runs(kind).iter().peekable()));
        let mut check_ended = |expected: &mut IndexEntries, index: u64| -> Result<()> {
            for (kind, runs) in &mut runs {
                if let Some(run) = runs.next_if(|run| run.end <= index) {
                    self.compare(transaction, *kind, run, &expected.take(*kind))?;
                }
            }
            Ok(())
        };
        log.entries(0, through, |index, bytes| {
            check_ended(&mut expected, index)?;
            if index % PROGRESS_ENTRIES == 0 {
                progress(index, through)?;
            }
            if let Some(Entry::Applied(applied)) = Entry::decode(bytes) {
                expected.add(&applied_id(&applied), &applied.signed.transaction, index);
            }
            Ok(true)
        })?;
        check_ended(&mut expected, through)?;
        progress(through, through)?;
        for (kind, runs) in &mut runs {
            if let Some(run) = runs.next() {
                let wanted = format!("no entries from log index {through} on");
                return Err(corrupt(name(*kind), &run.first, &wanted, format!("{run:?}")));
            }
            if let Some(IndexEntry { index, .. }) = expected.of(*kind).first() {
                return Err(corrupt(name(*kind), index, "the transaction of this log entry", "none".to_owned()));
            }
        }
        Ok(())
    }

    fn compare(&self, transaction: &RoTxn<'_>, kind: IndexKind, run: &Run, expected: &[IndexEntry]) -> Result<()> {
        let first = expected.first().map_or(run.first, |first| first.index);
        let PackedRun { run: wanted, packed } = pack_run(first, expected);
        let mut expected = packed.into_iter();
        let mut wrong = None;
        self.read_run(transaction, kind, run, |chunk| {
            for entry in chunk.iter().map(|entry| u64::from_be_bytes(*entry)) {
                let wanted = expected.next();
                if wanted != Some(entry) {
                    wrong = wrong.or(Some((wanted, entry)));
                }
            }
        })?;
        if wanted != *run || wrong.is_some() {
            let found = wrong.map_or_else(|| format!("{run:?}"), |(_, found)| format!("entry {found:016x}"));
            let wanted = wrong.and_then(|(wanted, _)| wanted);
            let wanted = wanted.map_or_else(|| format!("{wanted:?}"), |wanted| format!("entry {wanted:016x}"));
            return Err(corrupt(name(kind), &run.first, &format!("what the log has: {wanted}"), found));
        }
        Ok(())
    }

    /// Gives the chunks of a run, which together have as many entries as the manifest says.
    fn read_run(
        &self,
        transaction: &RoTxn<'_>,
        kind: IndexKind,
        run: &Run,
        mut visit: impl FnMut(&[[u8; 8]]),
    ) -> Result<()> {
        let (from, to) = (chunk_key(run, 0), chunk_key(run, u64::MAX));
        let range: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(&from), Bound::Included(&to));
        let mut entries = 0_u64;
        for item in self.database(kind).range(transaction, &range)? {
            let (key, value) = item?;
            let chunk = parse_chunk(kind, key, value)?;
            entries = entries.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            visit(chunk);
        }
        if entries != run.entries {
            let expected = format!("a run of {} entries", run.entries);
            return Err(corrupt(name(kind), &run.first, &expected, entries.to_string()));
        }
        Ok(())
    }

    fn manifest(&self, transaction: &RoTxn<'_>) -> Result<Option<Manifest>> {
        let Some(bytes) = self.meta.get(transaction, MANIFEST)? else { return Ok(None) };
        let manifest = Manifest::decode(bytes);
        let wrong = || corrupt("meta", &"runs", "runs that match their checksum", format!("{} bytes", bytes.len()));
        manifest.map(Some).ok_or_else(wrong)
    }

    const fn database(&self, kind: IndexKind) -> NamedDatabase {
        match kind {
            IndexKind::Transactions => self.transactions,
            IndexKind::Accounts => self.accounts,
        }
    }
}

/// What is looked for in each run.
struct Wanted {
    kind: IndexKind,
    hash: u64,
    from: u64,
    limit: usize,
}

const fn name(kind: IndexKind) -> &'static str {
    match kind {
        IndexKind::Transactions => "transaction_runs",
        IndexKind::Accounts => "account_runs",
    }
}

/// The packed entries of a chunk, once its checksum is right.
fn parse_chunk<'a>(kind: IndexKind, key: &[u8], value: &'a [u8]) -> Result<&'a [[u8; 8]]> {
    let wrong = |expected: &str, found| corrupt(name(kind), &format!("{key:02x?}"), expected, found);
    let rest = unseal(key, value).map_err(|found| wrong("bytes that match their checksum", found))?;
    let (entries, rest) = rest.as_chunks();
    if !rest.is_empty() || entries.first().map(<[u8; 8]>::as_slice) != key.get(8..) {
        let expected = "entries of 8 bytes, the first of which is in the key";
        return Err(wrong(expected, format!("{} and {} bytes, {:02x?}", entries.len(), rest.len(), entries.first())));
    }
    Ok(entries)
}

#[expect(clippy::stable_sort_primitive, reason = "the stable sort finds the parts that ascend, and merges them")]
fn sort_ascending_parts(packed: &mut [u64]) {
    packed.sort();
}

#[cfg(test)]
mod tests;
