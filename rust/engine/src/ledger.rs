//! A ledger that is open: for writing, with its threads, or read-only, following what another process writes.

use crate::admit::{ApplyJob, Batch, Job, Reply, Request, count_valid_signatures, take_in};
use crate::cache::{Cache, Known};
use crate::environment::StoreOptions;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::indexes::{Recent, Sought};
use crate::keys::KeyCache;
use crate::log_store::{LogReader, LogStore};
use crate::memory::MemoryParts;
use crate::opening::{Replayed, check_operator, load_and_replay, open_or_renew_state, sign_if_missing};
use crate::replay::{Posted, Replay};
use crate::replica::{POSITION, Replica};
use crate::shared::{Published, Shared, merge_page, published_at, signed_by_operator};
use crate::state_store::{StateMark, StateStore};
use crate::tree::Tree;
use crate::writer::{Threads, Work, clock_ms};
use counterfoil_core::Id;
use counterfoil_core::hash_many;
use counterfoil_core::note::{Algorithm, SignedNote, VerifierKey};
use counterfoil_core::receipt::Receipt;
use counterfoil_core::signature::{self, Check};
use counterfoil_core::state::{Record, Table, tree_keys};
use counterfoil_core::statement::{Question, Statement};
use counterfoil_core::status::Status;
use counterfoil_core::wire::{Commit, Entry, Genesis, encode};
use rayon::prelude::*;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// How a ledger is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first size of the LMDB maps, and how far they may grow.
    pub store: StoreOptions,
    /// Commit this long after a change, ms; never by time if absent.
    pub commit_every_ms: Option<u64>,
    /// What records, signers' keys and changes that wait for a flush may take of memory, bytes. A smaller bound is slower
    /// and never fails.
    pub memory_bytes: usize,
    /// Flush the state when this many records changed, if memory does not ask for it earlier.
    pub flush_records: usize,
    /// Index transactions by account and by id.
    pub indexed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            store: StoreOptions::default(),
            commit_every_ms: Some(1_000),
            memory_bytes: 600_000_000,
            flush_records: 500_000,
            indexed: true,
        }
    }
}

impl Options {
    pub(crate) const fn memory(&self) -> MemoryParts {
        MemoryParts::of(self.memory_bytes)
    }
}

/// What became of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeRow {
    /// Its id; zero where the bytes are no transaction.
    pub id: Id,
    /// `OK`, or why it was refused.
    pub status: Status,
    /// The operation that refused it.
    pub operation: Option<u16>,
    /// Its log entry.
    pub index: Option<u64>,
    /// Whether it had been applied before.
    pub duplicate: bool,
}

/// A page of records: where the next page begins, and (record id, record) in the order of the tree.
#[derive(Debug, Default)]
pub struct Page {
    /// The cursor after the last record; none at the end of the table.
    pub next: Option<Id>,
    /// The records.
    pub records: Vec<(Id, Record)>,
}

/// Numbers about an open ledger.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Entries in the log.
    pub entries: u64,
    /// The last commit's height.
    pub height: u64,
    /// Records in memory.
    pub cached_records: u64,
    /// Decoded keys in memory.
    pub cached_keys: u64,
    /// Records that changed since the last commit.
    pub uncommitted_records: u64,
    /// Transactions remembered against replay.
    pub seen_transactions: u64,
    /// Tables that are not empty.
    pub tables: u64,
    /// Bytes of the log environment's file.
    pub log_bytes: u64,
    /// Bytes of the state environment's file.
    pub state_bytes: u64,
    /// The curve arithmetic in use.
    pub signature_backend: &'static str,
    /// How messages are hashed.
    pub hash_backend: &'static str,
}

/// How long closing waits for readers in other threads.
const CLOSE_PATIENCE_MS: u32 = 5_000;

/// How many records one task proves: few enough that the view of the state it holds is a short one.
const PROOFS_PER_TASK: usize = 256;

/// A ledger in a folder.
pub struct Ledger {
    /// None once it is closed.
    shared: RwLock<Option<Arc<Shared>>>,
    genesis: Genesis,
    threads: Mutex<Option<Threads>>,
    /// To the writer; none for a reader.
    work: Option<Sender<Work>>,
    read_only: bool,
    opened_in: u32,
    /// The writer's lock on the folder; none for a reader.
    lock: Mutex<Option<File>>,
}

impl Ledger {
    /// Creates a ledger in a new or empty folder, with its genesis, first commit and, if the operator's seed is given, first
    /// checkpoint.
    pub fn create(path: &Path, genesis: &Genesis, operator: Option<[u8; 32]>, options: &Options) -> Result<Self> {
        if let Some(problem) = genesis.problem() {
            return Err(Error::Invalid(problem));
        }
        let bound = clock_ms().saturating_add(60_000);
        if genesis.time > bound {
            let reason = "the genesis lies more than 60 s ahead of this machine's clock".to_owned();
            return Err(Error::Time { given_ms: genesis.time, reason });
        }
        if let Some(seed) = operator {
            check_operator(&seed, &genesis.operator)?;
        }
        let (home, lock) = Home::create(path)?;
        let mut log = LogStore::create(&home.log(), &options.store)?;
        let store = StateStore::create(&home.state(), &options.store)?;
        let mut tree = Tree::open(&store)?;
        log.append(&[Entry::Genesis(genesis.clone()).encode()])?;
        let reader = log.reader();
        let cache = Cache::new(options.memory().cache_records);
        let mut replica = Replica::begin(genesis, cache, &store, &reader, options.indexed)?;
        replica.position.through = 1;
        let position = replica.position.clone();
        let mut changes = Vec::new();
        let delta = replica.cache.take_delta(&mut changes)?;
        let root = tree.update(&store, &changes)?;
        let commit = replica.commit(1, genesis.time, root, true);
        log.append(&[Entry::Commit(commit.clone()).encode()])?;
        replica.committed(&commit);
        let mut batch = tree.begin_flush(position.through)?;
        batch.set_value(POSITION, encode(&position));
        store.write_flush(&batch)?;
        tree.end_flush();
        replica.cache.cover(delta);
        home.record_identity(2, &log.root())?;
        home.seal()?;
        let note = sign_if_missing(&mut log, &genesis.origin, operator.as_ref(), 2)?;
        let published = Published::new(1, commit, note);
        let parts = Parts {
            home,
            lock: Some(lock),
            genesis: genesis.clone(),
            loaded: store.mark()?,
            store,
            reader,
            log: Some(log),
            tree,
            replica,
            published,
            confirmed: true,
        };
        Self::start(parts, options, operator)
    }

    /// Opens a ledger: for writing, or read-only beside a writer in another process.
    ///
    /// What the log has beyond the flushed state is applied again, and every commit on the way must give its own state
    /// root. `progress` is told (entries replayed, entries in all).
    pub fn open(
        path: &Path,
        operator: Option<[u8; 32]>,
        options: &Options,
        progress: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<Self> {
        let read_only = options.store.read_only;
        let home = Home::open(path)?;
        let lock = if read_only { None } else { Some(home.lock()?) };
        // A follower takes the state's transaction first, then the log's: the log it sees is never behind the state.
        let store = if read_only {
            StateStore::open(&home.state(), &options.store)?
        } else {
            open_or_renew_state(&home.state(), &options.store)?
        };
        // Only a writer has the log's own handle.
        let (mut log, reader) = if read_only {
            (None, LogReader::follow(&home.log(), &options.store)?)
        } else {
            let log = LogStore::open(&home.log(), &options.store)?;
            let reader = log.reader();
            (Some(log), reader)
        };
        let Replayed { loaded, genesis, tree, replica, commit_index, size } = loop {
            let mark = store.mark()?;
            let replayed = load_and_replay(&store, &reader, options, progress);
            // A writer in another process may have flushed meanwhile: then what was read did not belong together.
            if !read_only || store.mark()? == mark {
                break replayed?;
            }
        };
        let handed_over = if read_only { None } else { home.handed_over(&replica.position.operators)? };
        let operator = operator.filter(|_| handed_over.is_none());
        if let Some(seed) = &operator {
            check_operator(seed, &replica.position.operator())?;
        }
        if !read_only && home.is_replica()? {
            // From here on it may have what no other folder of this log has.
            home.record_copy()?;
        }
        let confirmed = read_only || home.is_original(&reader)?;
        let mut published = published_at(&reader, commit_index, &genesis.origin, &replica.position.operators)?;
        if confirmed && !read_only {
            let tree_size = commit_index.saturating_add(1);
            home.record_identity(tree_size, &reader.root_at(tree_size)?)?;
        }
        if let Some(log) = &mut log {
            // Where entries follow, among them perhaps a new operator, the next commit will be signed.
            let tree_size = commit_index.saturating_add(1);
            let signer = operator.filter(|_| confirmed && tree_size == size);
            published.note = sign_if_missing(log, &genesis.origin, signer.as_ref(), tree_size)?;
        }
        let parts = Parts { home, lock, genesis, store, loaded, reader, log, tree, replica, published, confirmed };
        let ledger = Self::start(parts, options, operator)?;
        match handed_over {
            None => Ok(ledger),
            // A crash may have left the entry that says so without the commit after it: closing makes that.
            Some(heir) => ledger.close().and(Err(Error::HandedOver { heir: heir.to_string() })),
        }
    }

    fn start(parts: Parts, options: &Options, operator: Option<[u8; 32]>) -> Result<Self> {
        let Parts { home, lock, genesis, store, loaded, reader, log, tree, replica, published, confirmed } = parts;
        let shared = Arc::new(Shared {
            home,
            genesis: genesis.clone(),
            options: options.clone(),
            log: reader,
            store,
            loaded: Mutex::new(loaded),
            rules: RwLock::new(replica.machine.admission_rules()),
            recent: RwLock::new(Recent::new(replica.unsaved.key)),
            state: Mutex::new(replica),
            tree: RwLock::new(tree),
            inbox: Mutex::default(),
            inbox_changed: Condvar::new(),
            keys: KeyCache::new(options.memory().cache_keys),
            published: RwLock::new(published),
            publishing: Mutex::new(false),
            publishing_changed: Condvar::new(),
            poison: OnceLock::new(),
            stopped: AtomicBool::new(false),
            confirmed: AtomicBool::new(confirmed),
            readers_waiting: AtomicUsize::new(0),
        });
        let read_only = log.is_none();
        let started = log.map(|log| Threads::start(&shared, log, operator)).transpose()?;
        let (threads, work) = started.unzip();
        let (threads, lock) = (Mutex::new(threads), Mutex::new(lock));
        let (shared, opened_in) = (RwLock::new(Some(shared)), std::process::id());
        Ok(Self { shared, genesis, threads, work, read_only, opened_in, lock })
    }

    /// What the handle works on. Refuses a closed, poisoned or forked one.
    fn check(&self) -> Result<Arc<Shared>> {
        let used_in = std::process::id();
        if used_in != self.opened_in {
            return Err(Error::Forked { opened_in: self.opened_in, used_in });
        }
        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Error::Closed)?;
        if shared.stopped.load(Ordering::SeqCst) { Err(shared.why_unusable()) } else { Ok(shared) }
    }

    fn send<T: Send + 'static>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T> {
        let (sender, receiver) = sync_channel(1);
        let shared = self.check()?;
        let reply = Reply::new(Arc::clone(&shared), move |result| {
            // The caller may have gone; then nobody is told.
            let _ = sender.send(result);
        });
        self.enqueue(&shared, job(reply))?;
        receiver.recv().unwrap_or_else(|_| Err(shared.why_unusable()))
    }

    fn enqueue(&self, shared: &Shared, job: Job) -> Result<()> {
        take_in(shared, self.work.as_ref().ok_or(Error::ReadOnly)?, job)
    }

    /// Applies transactions in order, each wholly or not at all; durable when it returns. One outcome each.
    pub fn apply(&self, batch: Batch, time: Option<u64>) -> Result<Vec<OutcomeRow>> {
        self.send(|reply| Job::Apply(Arc::new(ApplyJob::new(batch, time, reply))))
    }

    /// What [`Ledger::apply`] would answer, without changing anything.
    pub fn dry_run(&self, batch: Batch, time: Option<u64>) -> Result<Vec<OutcomeRow>> {
        self.send(|reply| Job::Other(Request::DryRun { batch, time, reply }))
    }

    /// Hands transactions in without waiting; `answer` is called from another thread once they are durable.
    pub fn submit(
        &self,
        batch: Batch,
        time: Option<u64>,
        answer: impl FnOnce(Result<Vec<OutcomeRow>>) + Send + 'static,
    ) -> Result<()> {
        let shared = self.check()?;
        let reply = Reply::new(Arc::clone(&shared), answer);
        self.enqueue(&shared, Job::Apply(Arc::new(ApplyJob::new(batch, time, reply))))
    }

    /// How many of these signatures hold, verified in batches on all cores, with the keys that this ledger remembers:
    /// what applying transactions is measured against.
    pub fn count_valid_signatures(&self, checks: &[Check<'_>]) -> Result<usize> {
        Ok(count_valid_signatures(checks, &self.check()?.keys))
    }

    /// Commits what has changed and signs a checkpoint: a C2SP signed note.
    pub fn checkpoint(&self, time: Option<u64>) -> Result<String> {
        self.send(|reply| Job::Other(Request::Checkpoint { time, reply }))
    }

    /// Writes the state behind now, instead of when enough has changed.
    pub fn flush(&self) -> Result<()> {
        self.send(|reply| Job::Other(Request::Flush { reply }))
    }

    /// Hands the ledger to a new operator key; the old one signs that.
    pub fn rotate_operator(&self, seed: [u8; 32]) -> Result<()> {
        self.send(|reply| Job::Other(Request::Rotate { seed, reply }))?;
        // So that there is a checkpoint by the key that verifies from now on.
        self.checkpoint(None).map(|_| ())
    }

    /// Hands the ledger over to the holder of another key, who goes on with it elsewhere, from the log: a last checkpoint
    /// covers all that was applied, an entry signed by the old key names the new one, and a commit, which nobody has signed
    /// yet, ends the log. Then the ledger is closed, and the folder opens read-only. Returns the last checkpoint.
    pub fn hand_over(&self, heir: Id) -> Result<String> {
        let note = self.send(|reply| Job::Other(Request::HandOver { heir, reply }))?;
        self.close()?;
        Ok(note)
    }

    /// Writes a consistent copy into a new or empty folder, while the ledger goes on. It holds everything that was durable
    /// when this was called. A copy opens, but signs only after [`Ledger::confirm`].
    pub fn backup(&self, path: &Path) -> Result<()> {
        let shared = self.check()?;
        let (copy, _lock) = Home::create(path)?;
        // The state before the log: a state ahead of its log would be corrupt.
        shared.store.environment().copy_to(&copy.state())?;
        shared.log.environment().copy_to(&copy.log())?;
        copy.record_copy()?;
        copy.seal()
    }

    /// Compares a restored copy with a published checkpoint; from then on it may sign.
    pub fn confirm(&self, note: &[u8]) -> Result<()> {
        let shared = self.check()?;
        if self.read_only {
            return Err(Error::ReadOnly);
        }
        let operators = shared.read_state()?.position.operators.clone();
        let origin = &shared.genesis.origin;
        let published = signed_by_operator(note, origin, &operators).ok_or_else(|| {
            Error::Invalid("the note is not a checkpoint signed by an operator of this ledger".to_owned())
        })?;
        let size = shared.log.stored_size()?;
        if published.tree_size > size {
            let reason =
                format!("the published checkpoint covers {} entries, this copy has {size}", published.tree_size);
            return Err(Error::Diverged { reason });
        }
        let root = shared.log.root_at(published.tree_size)?;
        if root != published.root_hash {
            let reason = format!(
                "at {} entries the published root is {}, this copy's is {root}",
                published.tree_size, published.root_hash
            );
            return Err(Error::Diverged { reason });
        }
        shared.home.record_identity(published.tree_size, &root)?;
        shared.confirmed.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Keeps the cosignatures of a note with the checkpoint of this ledger that they are under, so that what is proven
    /// under that one from now on carries them. Whether they hold is for those to check who know the witnesses. Returns
    /// the whole note.
    pub fn add_cosignatures(&self, note: &[u8]) -> Result<String> {
        let note = SignedNote::parse(note).map_err(|error| Error::Invalid(error.to_string()))?;
        self.send(|reply| Job::Other(Request::Cosign { note, reply }))
    }

    /// Whether it may sign: it is no copy, or has compared itself.
    pub fn is_confirmed(&self) -> Result<bool> {
        Ok(self.check()?.is_confirmed())
    }

    /// The ledger's id.
    pub fn id(&self) -> Id {
        self.genesis.ledger_id()
    }

    /// How it began.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The signed-note verifier key of the operator in force.
    pub fn verifier_key(&self) -> Result<String> {
        self.reading(|shared| {
            let operator = shared.read_state()?.position.operator();
            VerifierKey::new(&shared.genesis.origin, Algorithm::Ed25519, operator.0)
                .map(|key| key.to_string())
                .map_err(|error| Error::Invalid(error.to_string()))
        })
    }

    /// A record as it stands after everything applied.
    pub fn record(&self, table: &Table, id: &Id) -> Result<Option<Record>> {
        self.reading(|shared| {
            let state = shared.read_state()?;
            match state.peek(table, id) {
                Known::Present(record) => Ok(Some(record.clone())),
                Known::Absent => Ok(None),
                Known::Unknown => shared.store.get(table, id),
            }
        })
    }

    /// Records of a table in the order of the tree, after a cursor.
    pub fn page(&self, table: &Table, after: Option<Id>, limit: usize) -> Result<Page> {
        self.reading(|shared| {
            let (tree, changed) = shared.tree_and_changes(table, after.as_ref())?;
            merge_page(&tree, &shared.store, table, after, limit, changed)
        })
    }

    /// How many records a table has, and their sum, as of the last commit.
    pub fn total(&self, table: &Table) -> Result<(u64, u128)> {
        self.reading(|shared| shared.at_last_commit(|tree, _| Ok((tree.count(table), tree.sum(table)))))
    }

    /// Proves a record, or its absence, under the last checkpoint: a question and its statement.
    pub fn prove(&self, table: &Table, id: &Id) -> Result<Vec<u8>> {
        let mut proofs = self.prove_many(table, std::slice::from_ref(id))?;
        proofs.pop().ok_or_else(|| Error::Invalid("no proof was made".to_owned()))
    }

    /// Proves records of one table, or their absence, all under one checkpoint, the last one: a question and its
    /// statement for each, in order. No commit is made meanwhile.
    pub fn prove_many(&self, table: &Table, ids: &[Id]) -> Result<Vec<Vec<u8>>> {
        self.reading(|shared| {
            shared.at_last_commit(|tree, published| {
                let note = published.note.as_ref().ok_or_else(|| shared.why_unsigned())?;
                let directory_proof = tree.prove_table(&shared.store, table)?;
                let commit_entry = Entry::Commit(published.commit.clone()).encode();
                let inclusion = published.inclusion(&shared.log)?;
                let prove = |ids: &[Id]| -> Result<Vec<Vec<u8>>> {
                    let proofs = tree.prove_records(&shared.store, table, ids)?;
                    let statements = ids.iter().zip(&proofs).map(|(id, record_proof)| {
                        let statement = Statement {
                            record_proof,
                            directory_proof: &directory_proof,
                            commit_entry: &commit_entry,
                            inclusion,
                            note: note.as_bytes(),
                        };
                        Question { table: *table, record_id: *id }.encode(&statement)
                    });
                    Ok(statements.collect())
                };
                if ids.len() <= PROOFS_PER_TASK {
                    return prove(ids);
                }
                // In the order of the tree, where neighbours share most of their path.
                let mut order: Vec<(Id, usize)> = tree_keys(ids, |id| id).into_iter().zip(0..).collect();
                order.par_sort_unstable();
                // Every task opens its own view of the state and waits for nobody while it has one.
                let parts: Vec<Result<Vec<Vec<u8>>>> = order
                    .par_chunks(PROOFS_PER_TASK)
                    .map(|part| {
                        prove(&part.iter().filter_map(|(_, place)| ids.get(*place)).copied().collect::<Vec<_>>())
                    })
                    .collect();
                let mut statements = vec![Vec::new(); ids.len()];
                for (part, order) in parts.into_iter().zip(order.chunks(PROOFS_PER_TASK)) {
                    for (made, (_, place)) in part?.into_iter().zip(order) {
                        if let Some(statement) = statements.get_mut(*place) {
                            *statement = made;
                        }
                    }
                }
                Ok(statements)
            })
        })
    }

    /// Proves that an entry is in the log, under the last checkpoint: a C2SP tlog-proof.
    pub fn prove_entry(&self, index: u64) -> Result<String> {
        self.reading(|shared| {
            let published = shared.published.read().unwrap_or_else(PoisonError::into_inner).clone();
            let tree_size = published.tree_size();
            let note = published.note.ok_or_else(|| shared.why_unsigned())?;
            if index >= tree_size {
                return Err(Error::NotFound(format!(
                    "entry {index} under the last checkpoint, which covers {tree_size} entries: ask for a checkpoint first"
                )));
            }
            let entry = self.entry(index)?;
            let inclusion = shared.log.inclusion_proof(index, tree_size)?;
            Ok(Receipt { entry, index, inclusion, note }.to_string())
        })
    }

    /// Proves that one size of the log is a prefix of a later one.
    pub fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Id>> {
        let shared = self.check()?;
        shared.log.consistency_proof(old, new)
    }

    /// A log entry.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>> {
        let shared = self.check()?;
        shared.log.entry(index)
    }

    /// Log entries from an index on, at most `limit`.
    pub fn entries(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>> {
        let shared = self.check()?;
        let mut entries = Vec::new();
        shared.log.entries(from, u64::try_from(limit).unwrap_or(u64::MAX), |_, bytes| {
            entries.push(bytes.to_vec());
            Ok(true)
        })?;
        Ok(entries)
    }

    /// See [`LogView::frames`](crate::LogView::frames).
    pub fn frames(&self, from: u64, to: u64, bytes: usize) -> Result<(Vec<u8>, u64)> {
        self.check()?.log.frames(from, to, bytes)
    }

    /// See [`LogView::notes`](crate::LogView::notes).
    pub fn notes(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        self.check()?.log.notes(after, limit)
    }

    /// The first `width` hashes of a tile of the log, one after the other: tile `tile` of level `level` has the hashes of
    /// the complete subtrees of 256^level entries from 256·`tile` on.
    pub fn tile(&self, level: u8, tile: u64, width: u16) -> Result<Vec<u8>> {
        let shared = self.check()?;
        shared.log.tile(level, tile, width)
    }

    /// How many entries the log has.
    pub fn size(&self) -> Result<u64> {
        let shared = self.check()?;
        shared.log.stored_size()
    }

    /// The log's root hash at a size.
    pub fn log_root(&self, tree_size: u64) -> Result<Id> {
        let shared = self.check()?;
        shared.log.root_at(tree_size)
    }

    /// The last commit, and where it stands.
    pub fn last_commit(&self) -> Result<(u64, Commit)> {
        self.reading(|shared| {
            let published = shared.published.read().unwrap_or_else(PoisonError::into_inner);
            Ok((published.commit_index, published.commit.clone()))
        })
    }

    /// The last checkpoint, if one was signed.
    pub fn note(&self) -> Result<Option<String>> {
        self.reading(|shared| Ok(shared.published.read().unwrap_or_else(PoisonError::into_inner).note.clone()))
    }

    /// The last entry's time, ms.
    pub fn time(&self) -> Result<u64> {
        self.reading(|shared| Ok(shared.read_state()?.time()))
    }

    /// The log index of a transaction.
    pub fn index_of(&self, id: &Id) -> Result<Option<u64>> {
        self.reading(|shared| Ok(shared.find(&Sought::Transaction(*id), 0, 1)?.first().copied()))
    }

    /// Log indexes of an account's transactions, in order of time, from `from` on.
    pub fn account_entries(&self, account: &Id, from: u64, limit: usize) -> Result<Vec<u64>> {
        self.reading(|shared| shared.find(&Sought::Account(*account), from, limit))
    }

    /// Begins to apply the log again, from genesis up to a time or to its end: go on with [`Ledger::advance`].
    pub fn replay(&self, until: Option<u64>) -> Result<Replay> {
        let shared = self.check()?;
        Replay::begin(&self.genesis, shared.log.stored_size()?, until)
    }

    /// Applies the next entries of a replay of this ledger, some thousand at most, and returns what they did to balances:
    /// to those of one account, or to all. That may be nothing; the end is where [`Replay::is_done`].
    pub fn advance(&self, replay: &mut Replay, account: Option<&Id>) -> Result<Vec<Posted>> {
        let shared = self.check()?;
        if *replay.ledger() != self.id() {
            return Err(Error::Invalid("the replay is of another ledger".to_owned()));
        }
        replay.advance(&shared.log, account)
    }

    /// Numbers about it.
    pub fn stats(&self) -> Result<Stats> {
        self.reading(|shared| {
            let height = shared.published.read().unwrap_or_else(PoisonError::into_inner).commit.height;
            let (cached, uncommitted, seen) = {
                let state = shared.read_state()?;
                (state.cache.len(), state.cache.dirty_count(), state.seen.len())
            };
            let tables = shared.read_tree()?.tables().count();
            let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
            let bytes =
                |folder: PathBuf| std::fs::metadata(folder.join("data.mdb")).map_or(0, |metadata| metadata.len());
            Ok(Stats {
                entries: shared.log.stored_size()?,
                height,
                cached_records: count(cached),
                cached_keys: count(shared.keys.len()),
                uncommitted_records: count(uncommitted),
                seen_transactions: count(seen),
                tables: count(tables),
                log_bytes: bytes(shared.home.log()),
                state_bytes: bytes(shared.home.state()),
                signature_backend: signature::backend(),
                hash_backend: hash_many::backend(),
            })
        })
    }

    /// Commits, signs, flushes and lets go of the folder. Closing twice is closing once.
    pub fn close(&self) -> Result<()> {
        let used_in = std::process::id();
        if used_in != self.opened_in {
            return Err(Error::Forked { opened_in: self.opened_in, used_in });
        }
        let Some(shared) = self.shared.write().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(threads) = threads {
            shared.inbox.lock().unwrap_or_else(PoisonError::into_inner).close();
            shared.inbox_changed.notify_all();
            threads.join();
        }
        shared.stopped.store(true, Ordering::SeqCst);
        let closed = if shared.is_poisoned() { Err(shared.why_unusable()) } else { Ok(()) };
        // Readers in other threads end soon; then LMDB lets go of the folder, which may be opened again.
        for _ in 0..CLOSE_PATIENCE_MS {
            if Arc::strong_count(&shared) == 1 {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(shared);
        if let Some(lock) = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A forked child holds the same lock: it must go even while the child lives.
            let _ = lock.unlock();
        }
        closed
    }

    /// Runs `read` on what stands now. A follower catches up first, and reads again if the writer's process flushed its
    /// state meanwhile: then what was in memory and what was on disk did not belong together.
    fn reading<T>(&self, read: impl Fn(&Shared) -> Result<T>) -> Result<T> {
        let shared = self.check()?;
        if !self.read_only {
            return read(&shared);
        }
        loop {
            shared.follow()?;
            let found = read(&shared);
            if !shared.is_behind_flush()? {
                return found;
            }
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if std::process::id() == self.opened_in {
            let _ = self.close();
        } else {
            // In a forked child the threads are not there, and the databases are the parent's: leave all as it is.
            std::mem::forget(self.shared.write().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

/// What a handle is put together from.
struct Parts {
    home: Home,
    lock: Option<File>,
    genesis: Genesis,
    store: StateStore,
    /// What the state stood for when it was read.
    loaded: Option<StateMark>,
    reader: LogReader,
    /// None for a reader.
    log: Option<LogStore>,
    tree: Tree,
    replica: Replica,
    published: Published,
    confirmed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fsck;
    use crate::indexes::IndexKind;
    use crate::writer::stop_on_panic;
    use counterfoil_core::ops::Operation;
    use counterfoil_core::ops::account::Once;
    use counterfoil_core::wire::{
        AssetCreators, Authorizer, Parameters, SignedTransaction, Transaction, transaction_id,
    };

    const SEED: [u8; 32] = [1; 32];

    fn create(folder: &Path) -> Ledger {
        let genesis = Genesis {
            origin: "club.example/beans".to_owned(),
            operator: Id(signature::public_key(&SEED)),
            time: 1_000,
            salt: [0; 16],
            parameters: Parameters {
                window_ms: 3_600_000,
                asset_creators: AssetCreators::Anyone,
                transaction_bytes_max: 16_384,
                operations_max: 128,
                governor: None,
            },
        };
        let options = Options { commit_every_ms: None, ..Options::default() };
        Ledger::create(folder, &genesis, Some(SEED), &options).unwrap()
    }

    /// The bytes of a transaction that this account signs, and its id.
    fn sign_one(ledger: &Ledger, account: Id, number: u8) -> (Vec<u8>, Id) {
        let transaction = Transaction {
            version: 1,
            ledger: ledger.id(),
            valid_until: 2_000,
            nonce: [number; 16],
            authorizers: vec![Authorizer { account, key: None }],
            operations: vec![Operation::Once(Once { account, key: [number; 32] })],
        };
        let id = transaction_id(&encode(&transaction));
        let message = [b"counterfoil/sign/v1\n".as_slice(), id.as_ref()].concat();
        (encode(&SignedTransaction { transaction, signatures: vec![signature::sign(&SEED, &message)] }), id)
    }

    /// A caller who admits his own part has taken a number for it, without which the writer would wait for ever.
    #[test]
    fn a_panic_in_a_callers_thread_stops_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = create(folder.path());
        let signed = sign_one(&ledger, Id(signature::public_key(&SEED)), 1).0;
        let apply = |ledger: &Ledger| {
            let mut batch = Batch::default();
            batch.push(&signed);
            ledger.apply(batch, Some(1_000))
        };
        let (shared, work) = (ledger.check().unwrap(), ledger.work.clone().unwrap());
        stop_on_panic(&shared, &work, || panic!("thrown by a test"));
        for _ in 0..2 {
            let told = apply(&ledger).unwrap_err();
            assert!(matches!(&told, Error::Poisoned { .. }), "{told:?}");
            assert!(told.to_string().contains("a bug in Counterfoil: thrown by a test"), "{told}");
        }
        drop((shared, work));
        // What it says is tested elsewhere; that it ends counts here.
        let _ = ledger.close();
        drop(ledger);
        let again = Ledger::open(folder.path(), Some(SEED), &Options::default(), &mut |_, _| Ok(())).unwrap();
        assert!(apply(&again).unwrap().first().is_some_and(|row| row.index.is_some()));
        again.close().unwrap();
    }

    #[test]
    fn what_only_shares_a_hash_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = create(folder.path());
        let signer = Id(signature::public_key(&SEED));
        let (stranger, shared) = (Id([9; 32]), ledger.check().unwrap());
        let apply = |number: u8, false_accounts: &[Id]| {
            let (bytes, id) = sign_one(&ledger, signer, number);
            let mut batch = Batch::default();
            batch.push(&bytes);
            let rows = ledger.apply(batch, Some(1_000)).unwrap();
            let index = rows.first().and_then(|row| row.index).expect("it is applied");
            // As if the hashes of other accounts were those of the ones that the transaction names.
            let mut state = shared.state.lock().unwrap();
            for account in false_accounts {
                let hash = state.unsaved.key.account_hash(account);
                state.unsaved.push(IndexKind::Accounts, hash, index);
            }
            (id, index)
        };
        let commit_index = ledger.size().unwrap() - 1;
        {
            let mut state = shared.state.lock().unwrap();
            let hash = state.unsaved.key.account_hash(&signer);
            (0..=commit_index).for_each(|index| state.unsaved.push(IndexKind::Accounts, hash, index));
        }
        let (id, first) = apply(1, &[stranger]);
        let (_, second) = apply(2, &[]);
        let mut twin = id;
        twin.0[31] ^= 1;
        // In memory, then on disk.
        for _ in 0..2 {
            assert_eq!(ledger.index_of(&id).unwrap(), Some(first));
            assert_eq!(ledger.index_of(&twin).unwrap(), None, "its first bytes are those of another");
            assert_eq!(ledger.account_entries(&stranger, 0, 10).unwrap(), [0_u64; 0]);
            assert_eq!(ledger.account_entries(&signer, 0, 1).unwrap(), [first], "after two that are none of its");
            assert_eq!(ledger.account_entries(&signer, 0, 2).unwrap(), [first, second]);
            assert_eq!(ledger.account_entries(&signer, first + 1, 2).unwrap(), [second]);
            assert_eq!(ledger.account_entries(&signer, 0, 0).unwrap(), [0_u64; 0]);
            ledger.flush().unwrap();
        }
        drop(shared);
        ledger.close().unwrap();
        fsck(folder.path(), false, &mut |_, _| Ok(())).unwrap();
        let full = fsck(folder.path(), true, &mut |_, _| Ok(()));
        assert!(matches!(full, Err(Error::Corrupt { .. })), "an index that has what the log has not: {full:?}");
    }

    #[test]
    fn an_index_without_a_transaction_is_found_by_a_full_check() {
        for lost in [IndexKind::Transactions, IndexKind::Accounts] {
            let folder = tempfile::tempdir().unwrap();
            let ledger = create(folder.path());
            let signer = Id(signature::public_key(&SEED));
            for number in 0..3 {
                let mut batch = Batch::default();
                batch.push(&sign_one(&ledger, signer, number).0);
                ledger.apply(batch, Some(1_000)).unwrap();
                if number == 1 {
                    let shared = ledger.check().unwrap();
                    let mut state = shared.state.lock().unwrap();
                    state.unsaved.take(lost);
                }
                ledger.flush().unwrap();
            }
            ledger.close().unwrap();
            fsck(folder.path(), false, &mut |_, _| Ok(())).unwrap();
            let full = fsck(folder.path(), true, &mut |_, _| Ok(()));
            assert!(matches!(full, Err(Error::Corrupt { .. })), "{lost:?}: {full:?}");
        }
    }
}
