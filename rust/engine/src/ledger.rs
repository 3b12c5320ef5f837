//! A ledger that is open: for writing, with its threads, or read-only, following what another process writes.

use crate::cache::{Cache, Known};
use crate::environment::StoreOptions;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::log_store::{LogReader, LogStore};
use crate::recent::Recent;
use crate::replica::{POSITION, Position, Replica};
use crate::state_store::{StateMark, StateStore};
use crate::tree::{Row, Tree};
use crate::writer::{Batch, Inbox, Job, Reply, Threads, clock_ms};
use counterfoil_core::Id;
use counterfoil_core::apply::AdmissionRules;
use counterfoil_core::note::{Algorithm, Checkpoint, VerifierKey};
use counterfoil_core::receipt::{Question, Receipt, Statement};
use counterfoil_core::signature;
use counterfoil_core::state::{Record, Table, tree_key};
use counterfoil_core::status::Status;
use counterfoil_core::wire::{Commit, Entry, Genesis, decode, encode};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

/// How a ledger is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first size of the LMDB maps, and how far they may grow.
    pub store: StoreOptions,
    /// Commit this long after a change, ms; never by time if absent.
    pub commit_every_ms: Option<u64>,
    /// Records that are kept in memory.
    pub cache_records: usize,
    /// Flush the state when this many records changed.
    pub flush_records: usize,
    /// Index transactions by account and by id.
    pub indexed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            store: StoreOptions::default(),
            commit_every_ms: Some(1_000),
            cache_records: 4_000_000,
            flush_records: 700_000,
            indexed: true,
        }
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
}

/// The last commit and the checkpoint under it.
#[derive(Clone, Debug)]
struct Published {
    commit_index: u64,
    commit: Commit,
    note: Option<String>,
}

/// What the threads of a ledger share.
pub(crate) struct Shared {
    pub(crate) home: Home,
    pub(crate) genesis: Genesis,
    pub(crate) options: Options,
    pub(crate) store: StateStore,
    /// What the state stood for when a follower last read it anew.
    loaded: Mutex<Option<StateMark>>,
    pub(crate) log: LogReader,
    pub(crate) state: Mutex<Replica>,
    pub(crate) tree: RwLock<Tree>,
    pub(crate) recent: RwLock<Recent>,
    pub(crate) rules: RwLock<AdmissionRules>,
    pub(crate) inbox: Mutex<Inbox>,
    pub(crate) inbox_changed: Condvar,
    /// Transactions that were admitted and not applied yet.
    admitted: Mutex<usize>,
    room_changed: Condvar,
    published: RwLock<Published>,
    /// Whether the tree is ahead of the last checkpoint.
    publishing: Mutex<bool>,
    publishing_changed: Condvar,
    poison: OnceLock<String>,
    stopped: AtomicBool,
    confirmed: AtomicBool,
    readers_waiting: AtomicUsize,
}

impl Shared {
    pub(crate) fn poison(&self, reason: &str) {
        let _ = self.poison.set(reason.to_owned());
        self.stop();
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poison.get().is_some()
    }

    /// No more work is taken: whoever waits is answered.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.closed = true;
        let unanswered = std::mem::take(&mut inbox.jobs);
        drop(inbox);
        // Each job answers its caller when it is dropped.
        drop(unanswered);
        self.inbox_changed.notify_all();
        self.room_changed.notify_all();
        *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.publishing_changed.notify_all();
    }

    /// Why the handle does no work: what failed, or that it is closed.
    pub(crate) fn why_unusable(&self) -> Error {
        match self.poison.get() {
            Some(reason) => Error::Poisoned { reason: reason.clone() },
            None => Error::Closed,
        }
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::SeqCst)
    }

    /// Whether entries stand after the last commit, or stood between it and what it is `through`.
    pub(crate) fn has_uncommitted_entries(&self) -> Result<bool> {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        let after = self.log.stored_size()? > published.commit_index.saturating_add(1);
        Ok(after || published.commit.through < published.commit_index)
    }

    /// Why the last commit has no checkpoint.
    fn why_unsigned(&self) -> Error {
        if self.is_confirmed() { Error::NoOperatorKey } else { Error::Unconfirmed }
    }

    /// Waits until applying has caught up with admitting.
    pub(crate) fn wait_for_room(&self, count: usize, max: usize) {
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        while *admitted > max && !self.stopped.load(Ordering::SeqCst) {
            admitted = self.room_changed.wait(admitted).unwrap_or_else(PoisonError::into_inner);
        }
        *admitted = admitted.saturating_add(count);
    }

    pub(crate) fn make_room(&self, count: usize) {
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        *admitted = admitted.saturating_sub(count);
        self.room_changed.notify_all();
    }

    /// Lets readers that wait for the state have it once, before the writer takes it again.
    pub(crate) fn let_readers_in(&self) {
        for _ in 0..100 {
            if self.readers_waiting.load(Ordering::SeqCst) == 0 {
                break;
            }
            std::thread::yield_now();
        }
    }

    fn read_state(&self) -> Result<MutexGuard<'_, Replica>> {
        self.readers_waiting.fetch_add(1, Ordering::SeqCst);
        let state = self.state.lock();
        self.readers_waiting.fetch_sub(1, Ordering::SeqCst);
        state.map_err(|_| self.why_unusable())
    }

    /// The state, where its transactions are indexed.
    fn read_indexed_state(&self) -> Result<MutexGuard<'_, Replica>> {
        let state = self.read_state()?;
        if !self.options.indexed {
            let problem = "the ledger was opened with index=False: transactions are not looked up";
            return Err(Error::Invalid(problem.to_owned()));
        }
        if !state.position.indexed {
            return Err(Error::Invalid(INDEX_HOLE.to_owned()));
        }
        Ok(state)
    }

    fn read_tree(&self) -> Result<RwLockReadGuard<'_, Tree>> {
        self.tree.read().map_err(|_| self.why_unusable())
    }

    pub(crate) fn begin_publishing(&self) {
        *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    pub(crate) fn publish(&self, commit_index: u64, commit: &Commit, note: Option<String>) {
        let published = Published { commit_index, commit: commit.clone(), note };
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = published;
        *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.publishing_changed.notify_all();
    }

    /// Runs `read` while the tree stands at the last commit.
    fn at_last_commit<T>(&self, read: impl FnOnce(&Tree, &Published) -> Result<T>) -> Result<T> {
        loop {
            // Waited for with no lock in hand, and not held while the tree is waited for: a page holds the tree and then
            // looks at it, and a flush that waits for the tree would close the circle.
            drop(self.wait_published());
            let tree = self.read_tree()?;
            // A commit may have begun before the tree was held; it cannot go on without it.
            if *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) {
                continue;
            }
            // Poisoning ends the waiting too, with a tree that may be ahead.
            if self.is_poisoned() {
                return Err(self.why_unusable());
            }
            let published = self.published.read().unwrap_or_else(PoisonError::into_inner).clone();
            return read(&tree, &published);
        }
    }

    fn is_behind_flush(&self) -> Result<bool> {
        let loaded = *self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.store.mark()? != loaded)
    }

    /// A follower catches up with what the writer's process has made durable.
    ///
    /// The tree stands at a commit, and the records at the entry that the commit is `through`; what comes after is the
    /// tail, applied on top. The next commit may be `through` any entry of the tail, which is then applied again.
    fn follow(&self) -> Result<()> {
        let mut tree = self.tree.write().map_err(|_| self.why_unusable())?;
        let mut state = self.read_state()?;
        loop {
            // The state is read before the log, so that the log that is seen is never behind it.
            let caught_up = self.catch_up(&mut tree, &mut state);
            // If the writer's process flushed meanwhile, what was read did not belong together.
            if !self.is_behind_flush()? {
                return caught_up;
            }
        }
    }

    /// The note of a commit is stored a moment after the commit.
    fn look_for_note(&self, operators: &[Id]) -> Result<()> {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        if published.note.is_none() {
            *published = published_at(&self.log, published.commit_index, &self.genesis.origin, operators)?;
        }
        Ok(())
    }

    fn catch_up(&self, tree: &mut Tree, state: &mut Replica) -> Result<()> {
        if self.is_behind_flush()? {
            *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = self.store.mark()?;
            let loaded = load(&self.store, &self.log, &self.options)?;
            *tree = loaded.tree;
            *state = loaded.replica;
        }
        let size = self.log.stored_size()?;
        if state.applied() == size && !state.note_has_come(&self.log)? {
            return self.look_for_note(&state.position.operators);
        }
        let has_note = self.published.read().unwrap_or_else(PoisonError::into_inner).note.is_some();
        if let Some(commit_index) = state.replay_commits(tree, &self.store, &self.log, size, has_note)? {
            let operators = &state.position.operators;
            let published = published_at(&self.log, commit_index, &self.genesis.origin, operators)?;
            *self.published.write().unwrap_or_else(PoisonError::into_inner) = published;
        }
        state.apply_tail(&self.store, &self.log, size)
    }

    /// The tree, and what changed in a table since it was updated. Between the two no commit can move changes from one to
    /// the other: both are held at once, while none is under way.
    fn tree_and_changes(
        &self,
        table: &Table,
        after: Option<&Id>,
    ) -> Result<(RwLockReadGuard<'_, Tree>, BTreeMap<Id, Changed>)> {
        loop {
            let publishing = self.wait_published();
            drop(publishing);
            let tree = self.read_tree()?;
            let state = self.read_state()?;
            // A commit begins with the state locked: it cannot begin now, but may have before.
            if *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) {
                continue;
            }
            let mut changed = BTreeMap::new();
            for (id, record) in state.changed_in(table) {
                let key = tree_key(&id);
                if after.is_none_or(|after| key > *after) {
                    changed.insert(key, (id, record.cloned()));
                }
            }
            drop(state);
            return Ok((tree, changed));
        }
    }

    fn wait_published(&self) -> MutexGuard<'_, bool> {
        let mut publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        while *publishing {
            publishing = self.publishing_changed.wait(publishing).unwrap_or_else(PoisonError::into_inner);
        }
        publishing
    }

    /// The log index of a transaction, with the state at hand.
    pub(crate) fn index_of_locked(&self, state: &Replica, id: &Id) -> Result<Option<u64>> {
        if let Some(index) = state.index_of(id) {
            return Ok(Some(index));
        }
        if let Some(index) = self.recent.read().unwrap_or_else(PoisonError::into_inner).index_of(id) {
            return Ok(Some(index));
        }
        self.store.index_of(id)
    }
}

const INDEX_HOLE: &str = "the index lacks what was applied while the ledger was open with index=False: open it with \
                          index=False again, or delete its folder state, which the next opening makes again from the log";

/// How long closing waits for readers in other threads.
const CLOSE_PATIENCE_MS: u32 = 5_000;

/// A ledger in a folder.
pub struct Ledger {
    /// None once it is closed.
    shared: RwLock<Option<Arc<Shared>>>,
    genesis: Genesis,
    threads: Mutex<Option<Threads>>,
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
        let cache = Cache::new(options.cache_records);
        let mut replica = Replica::begin(genesis, cache, &store, &reader, options.indexed)?;
        replica.position.through = 1;
        let position = replica.position.clone();
        let (delta, changes) = replica.take_delta()?;
        let root = tree.update(&store, changes)?;
        let commit = replica.commit(1, genesis.time, root, true);
        log.append(&[Entry::Commit(commit.clone()).encode()])?;
        replica.committed(&commit);
        let mut batch = tree.begin_flush(position.through)?;
        batch.set_value(POSITION, encode(&position));
        store.write_flush(&batch)?;
        tree.end_flush();
        replica.cache.evict_covered(delta);
        home.record_identity(2, &log.root())?;
        home.seal()?;
        let note = sign_if_missing(&mut log, &genesis.origin, operator.as_ref(), 2)?;
        let published = Published { commit_index: 1, commit, note };
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
        let state_path = home.state();
        let rebuild = !read_only && !state_path.join("data.mdb").exists();
        let store = if rebuild {
            // The state is a cache of the log: without it everything is replayed.
            StateStore::create(&state_path, &options.store)?
        } else {
            StateStore::open(&state_path, &options.store)?
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
        if let Some(seed) = &operator {
            check_operator(seed, &replica.position.operator())?;
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
        Self::start(parts, options, operator)
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
            state: Mutex::new(replica),
            tree: RwLock::new(tree),
            recent: RwLock::default(),
            inbox: Mutex::default(),
            inbox_changed: Condvar::new(),
            admitted: Mutex::new(0),
            room_changed: Condvar::new(),
            published: RwLock::new(published),
            publishing: Mutex::new(false),
            publishing_changed: Condvar::new(),
            poison: OnceLock::new(),
            stopped: AtomicBool::new(false),
            confirmed: AtomicBool::new(confirmed),
            readers_waiting: AtomicUsize::new(0),
        });
        let read_only = log.is_none();
        let threads = log.map(|log| Threads::start(&shared, log, operator)).transpose()?;
        let (threads, lock) = (Mutex::new(threads), Mutex::new(lock));
        let (shared, opened_in) = (RwLock::new(Some(shared)), std::process::id());
        Ok(Self { shared, genesis, threads, read_only, opened_in, lock })
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
        if self.read_only {
            return Err(Error::ReadOnly);
        }
        let mut inbox = shared.inbox.lock().map_err(|_| shared.why_unusable())?;
        if inbox.closed {
            drop(inbox);
            return Err(shared.why_unusable());
        }
        inbox.jobs.push_back(job);
        drop(inbox);
        shared.inbox_changed.notify_one();
        Ok(())
    }

    /// Applies transactions in order, each wholly or not at all; durable when it returns. One outcome each.
    pub fn apply(&self, batch: Batch, time: Option<u64>) -> Result<Vec<OutcomeRow>> {
        self.send(|reply| Job::Apply { batch, time, reply })
    }

    /// What [`Ledger::apply`] would answer, without changing anything.
    pub fn dry_run(&self, batch: Batch, time: Option<u64>) -> Result<Vec<OutcomeRow>> {
        self.send(|reply| Job::DryRun { batch, time, reply })
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
        self.enqueue(&shared, Job::Apply { batch, time, reply })
    }

    /// Commits what has changed and signs a checkpoint: a C2SP signed note.
    pub fn checkpoint(&self, time: Option<u64>) -> Result<String> {
        self.send(|reply| Job::Checkpoint { time, reply })
    }

    /// Writes the state behind now, instead of when enough has changed.
    pub fn flush(&self) -> Result<()> {
        self.send(|reply| Job::Flush { reply })
    }

    /// Hands the ledger to a new operator key; the old one signs that.
    pub fn rotate_operator(&self, seed: [u8; 32]) -> Result<()> {
        self.send(|reply| Job::Rotate { seed, reply })?;
        // So that there is a checkpoint by the key that verifies from now on.
        self.checkpoint(None).map(|_| ())
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

    /// The sum of a table at the last commit.
    pub fn table_sum(&self, table: &Table) -> Result<u128> {
        self.reading(|shared| shared.at_last_commit(|tree, _| Ok(tree.sum(table))))
    }

    /// Proves a record, or its absence, under the last checkpoint: a question and its statement.
    pub fn prove(&self, table: &Table, id: &Id) -> Result<Vec<u8>> {
        self.reading(|shared| {
            shared.at_last_commit(|tree, published| {
                let note = published.note.clone().ok_or_else(|| shared.why_unsigned())?;
                let proof = tree.prove(&shared.store, table, id)?;
                let tree_size = published.commit_index.saturating_add(1);
                let statement = Statement {
                    record_proof: proof.record,
                    directory_proof: proof.directory,
                    commit_entry: Entry::Commit(published.commit.clone()).encode(),
                    inclusion: shared.log.inclusion_proof(published.commit_index, tree_size)?,
                    note,
                };
                Ok(Question { table: *table, record_id: *id }.encode(&statement))
            })
        })
    }

    /// Proves that an entry is in the log, under the last checkpoint: a C2SP tlog-proof.
    pub fn prove_entry(&self, index: u64) -> Result<String> {
        self.reading(|shared| {
            let published = shared.published.read().unwrap_or_else(PoisonError::into_inner).clone();
            let note = published.note.ok_or_else(|| shared.why_unsigned())?;
            let tree_size = published.commit_index.saturating_add(1);
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
        self.reading(|shared| {
            let state = shared.read_indexed_state()?;
            shared.index_of_locked(&state, id)
        })
    }

    /// Log indexes of an account's transactions, in order of time, from `from` on.
    pub fn account_entries(&self, account: &Id, from: u64, limit: usize) -> Result<Vec<u64>> {
        self.reading(|shared| {
            let state = shared.read_indexed_state()?;
            // A flush that ends between the reads shows some twice.
            let mut indexes = shared.store.account_page(account, from.checked_sub(1), limit)?;
            shared.recent.read().unwrap_or_else(PoisonError::into_inner).of_account(account, from, &mut indexes);
            state.of_account(account, from, &mut indexes);
            drop(state);
            indexes.sort_unstable();
            indexes.dedup();
            indexes.truncate(limit);
            Ok(indexes)
        })
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
                uncommitted_records: count(uncommitted),
                seen_transactions: count(seen),
                tables: count(tables),
                log_bytes: bytes(shared.home.log()),
                state_bytes: bytes(shared.home.state()),
                signature_backend: signature::backend(),
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
            shared.inbox.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
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

/// What is read at opening.
pub(crate) struct Loaded {
    pub(crate) genesis: Genesis,
    pub(crate) tree: Tree,
    pub(crate) replica: Replica,
}

/// What stands once the log is applied.
struct Replayed {
    /// What the flushed state stood for.
    loaded: Option<StateMark>,
    genesis: Genesis,
    tree: Tree,
    replica: Replica,
    /// The last commit.
    commit_index: u64,
    /// Of the log.
    size: u64,
}

/// The flushed state, and what the log has beyond it.
fn load_and_replay(
    store: &StateStore,
    reader: &LogReader,
    options: &Options,
    progress: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Replayed> {
    let loaded = store.mark()?;
    let Loaded { genesis, mut tree, mut replica } = load(store, reader, options)?;
    if options.indexed && !replica.position.indexed {
        return Err(Error::Invalid(INDEX_HOLE.to_owned()));
    }
    let size = reader.stored_size()?;
    if replica.position.through > size {
        return Err(Error::Corrupt {
            place: "state".to_owned(),
            expected: format!("a state of at most the log's {size} entries"),
            found: format!("one of {}: the log was truncated or replaced", replica.position.through),
        });
    }
    let last = if options.store.read_only {
        let last = replica.replay_commits(&mut tree, store, reader, size, false)?;
        replica.apply_tail(store, reader, size)?;
        last
    } else {
        replica.replay(&mut tree, store, reader, size, false, progress)?
    };
    let commit_index = last.ok_or_else(|| no_commit(size))?;
    Ok(Replayed { loaded, genesis, tree, replica, commit_index, size })
}

/// The state as it was flushed, and where in the log it stands.
pub(crate) fn load(store: &StateStore, log: &LogReader, options: &Options) -> Result<Loaded> {
    let genesis = match Entry::decode(&log.entry(0)?) {
        Some(Entry::Genesis(genesis)) => genesis,
        Some(Entry::Applied(_) | Entry::Commit(_) | Entry::Operator(_)) | None => {
            return Err(Error::Corrupt {
                place: "log entry 0".to_owned(),
                expected: "the genesis".to_owned(),
                found: "something else".to_owned(),
            });
        }
    };
    let tree = Tree::open(store)?;
    let cache = Cache::new(options.cache_records);
    let replica = match store.value(POSITION)? {
        None => Replica::begin(&genesis, cache, store, log, options.indexed)?,
        Some(bytes) => {
            let position: Position = decode(&bytes).ok_or_else(|| Error::Corrupt {
                place: "state/meta".to_owned(),
                expected: "a position".to_owned(),
                found: format!("{} bytes that do not decode", bytes.len()),
            })?;
            Replica::resume(&genesis, position, cache, store, log, options.indexed)?
        }
    };
    Ok(Loaded { genesis, tree, replica })
}

/// A record that changed, by its id; none where it was removed.
type Changed = (Id, Option<Record>);

/// A page of a table with its changes laid over what the tree has.
fn merge_page(
    tree: &Tree,
    store: &StateStore,
    table: &Table,
    after: Option<Id>,
    limit: usize,
    mut changed: BTreeMap<Id, Changed>,
) -> Result<Page> {
    let mut records: BTreeMap<Id, (Id, Record)> = BTreeMap::new();
    let mut cursor = after;
    // Records that were removed since leave gaps: go on until the page is full.
    loop {
        let stored = tree.page(store, table, cursor, limit)?;
        let is_last = stored.len() < limit;
        cursor = stored.last().map(|row| row.tree_key).or(cursor);
        for Row { tree_key, record_id, record } in stored {
            if !changed.contains_key(&tree_key) {
                records.insert(tree_key, (record_id, record));
            }
        }
        // Changed records count up to where the tree was read.
        let reached = if is_last { None } else { cursor };
        while let Some(entry) = changed.first_entry() {
            if reached.is_some_and(|reached| *entry.key() > reached) {
                break;
            }
            let (key, (id, record)) = entry.remove_entry();
            if let Some(record) = record {
                records.insert(key, (id, record));
            }
        }
        if is_last || records.len() >= limit {
            let more = !is_last || records.len() > limit;
            let kept: Vec<(Id, (Id, Record))> = records.into_iter().take(limit).collect();
            let next = if more { kept.last().map(|(key, _)| *key) } else { None };
            return Ok(Page { next, records: kept.into_iter().map(|(_, record)| record).collect() });
        }
    }
}

/// The commit at an index, and its checkpoint if it has one: which must be about this log, and signed by an operator.
fn published_at(log: &LogReader, commit_index: u64, origin: &str, operators: &[Id]) -> Result<Published> {
    let Some(Entry::Commit(commit)) = Entry::decode(&log.entry(commit_index)?) else {
        return Err(no_commit(commit_index));
    };
    let tree_size = commit_index.saturating_add(1);
    let Some(bytes) = log.note(tree_size)? else { return Ok(Published { commit_index, commit, note: None }) };
    let expected = Checkpoint { origin: origin.to_owned(), tree_size, root_hash: log.root_at(tree_size)? };
    let holds = signed_by_operator(&bytes, origin, operators).is_some_and(|checkpoint| checkpoint == expected);
    let note = String::from_utf8(bytes).ok().filter(|_| holds).ok_or_else(|| Error::Corrupt {
        place: format!("log, note at size {tree_size}"),
        expected: format!("root {} signed by an operator", expected.root_hash),
        found: "another note".to_owned(),
    })?;
    Ok(Published { commit_index, commit, note: Some(note) })
}

/// The checkpoint in a note that an operator of the ledger signed.
fn signed_by_operator(note: &[u8], origin: &str, operators: &[Id]) -> Option<Checkpoint> {
    let keys = operators.iter().rev().filter_map(|key| VerifierKey::new(origin, Algorithm::Ed25519, key.0).ok());
    keys.filter_map(|key| Checkpoint::verify(note, &key, &[]).ok()).map(|verified| verified.checkpoint).next()
}

fn check_operator(seed: &[u8; 32], operator: &Id) -> Result<()> {
    let given = Id(signature::public_key(seed));
    if given == *operator {
        Ok(())
    } else {
        Err(Error::WrongOperatorKey { given: given.to_string(), expected: operator.to_string() })
    }
}

fn no_commit(size: u64) -> Error {
    Error::Corrupt {
        place: "log".to_owned(),
        expected: "a commit after the state's position".to_owned(),
        found: format!("none among {size} entries"),
    }
}

/// The note of the log at a size: the stored one, or one that is signed now. A crash may have left the commit without.
pub(crate) fn sign_if_missing(
    log: &mut LogStore,
    origin: &str,
    operator: Option<&[u8; 32]>,
    tree_size: u64,
) -> Result<Option<String>> {
    if let Some(bytes) = log.reader().note(tree_size)? {
        return Ok(String::from_utf8(bytes).ok());
    }
    let Some(seed) = operator else { return Ok(None) };
    let root_hash = log.reader().root_at(tree_size)?;
    let checkpoint = Checkpoint { origin: origin.to_owned(), tree_size, root_hash };
    let note = checkpoint.sign(seed).map_err(|error| Error::Invalid(error.to_string()))?.to_string();
    log.put_note(tree_size, note.as_bytes())?;
    Ok(Some(note))
}
