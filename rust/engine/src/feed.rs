//! A ledger's folder that is fed with the entries of a log, and trusts none of them: what audits, imports and partners'
//! replicas are made of.
//!
//! ```text
//! entries ─► scan: where are the commits? ─► verify signatures ─► apply ─► state roots ─► append ─► flush
//! ```
//!
//! Every entry is decoded strictly, every signature is verified, what applying gives must be the entry's own bytes, time
//! must not go back, and each commit must state the root that the state has. Only then is an entry appended: what stands
//! in the folder is what holds, up to a commit. So a refusal leaves in it what was good before, a crash leaves it at an
//! earlier commit, and either way it opens like any ledger and can be fed on.
//!
//! A commit says where its state root stands, `through`, which is at most its own index. So what follows a commit's
//! `through` is applied only once the next commit is known, and entries after the last one are not taken.

use crate::admit::Batch;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::indexes::IndexEntries;
use crate::keys::KeyCache;
use crate::ledger::Options;
use crate::log_store::{LogReader, LogStore};
use crate::memory::entries_memory_bytes;
use crate::opening::{Loaded, load, open_or_renew_state};
use crate::replica::{Boundary, POSITION, Position, Prepared, Replica, corrupt_entry, prepare};
use crate::seen::Remembered;
use crate::state_store::{FlushBatch, StateStore};
use crate::tree::{Change, Tree};
use counterfoil_core::Id;
use counterfoil_core::apply::AdmissionRules;
use counterfoil_core::merkle::log::leaf_hashes;
use counterfoil_core::note::{Algorithm, Checkpoint, SignedNote, VerifierKey};
use counterfoil_core::wire::{ENTRY_BYTES_MAX, Entry, Genesis, encode};
use rayon::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::ScopedJoinHandle;

/// The most that entries may take that wait for a commit. The writer makes one after 128 MiB of them, and goes on for as
/// many at most until it is there; only a single job of hundreds of megabytes makes it more.
const WAITING_BYTES_MAX: usize = 512 << 20;

/// The tags of entries go up to this one.
const OPERATOR_TAG: u8 = 3;

/// Entries whose signatures are verified by all cores before they are applied, fewer if they are long.
const PAGE_ENTRIES: usize = 16_384;
const PAGE_BYTES: usize = 16 << 20;

/// How many of them a core takes at once: many are verified more quickly together, and with few no core waits long for
/// another at the end of a page.
const PIECE_ENTRIES: usize = 2_048;

/// Records are fetched for so many entries at once, as the writer does.
const FETCHED_ENTRIES: usize = 256;

/// How many pages may wait to be verified: as many as the engine makes of a commit while it is busy, so that the next one
/// is looked for meanwhile. How many to be applied, and how many commits for their state roots.
const PAGES_UNVERIFIED: usize = 16;
const PAGES_AHEAD: usize = 2;
const COMMITS_AHEAD: usize = 2;

/// Entries are appended together, from so many bytes on whatever else is to be done: each time is a sync of the disk.
const APPENDED_BYTES: usize = 8 << 20;

/// What was fed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// Entries that were appended.
    pub entries: u64,
    /// Signatures that were verified, of transactions and of slips.
    pub signatures: u64,
    /// Entries after the last commit, which were not taken.
    pub uncommitted: u64,
}

/// A folder that is fed. It holds the writer's lock.
#[derive(Debug)]
pub struct Feed {
    home: Home,
    _lock: File,
    genesis: Genesis,
    options: Options,
    store: StateStore,
    log: LogStore,
    /// Whether the folder is a ledger yet: from its first commit on.
    is_sealed: bool,
    /// The operator keys, first to last, and the entry that brought each, once they are known.
    operators: Option<Vec<(u64, Id)>>,
}

impl Feed {
    /// The folder of the log that begins with this entry: a new or empty one, or one that was only ever fed from it.
    ///
    /// # Errors
    ///
    /// `Entry` where the entry is no genesis, or not that of the ledger that the folder holds; `AlreadyExists` where the
    /// folder holds something else, or a ledger that was opened for writing.
    pub fn open(path: &Path, first: &[u8], options: &Options) -> Result<Self> {
        let Some(Entry::Genesis(genesis)) = Entry::decode(first) else {
            return Err(corrupt_entry(0, "a genesis", "something else"));
        };
        if let Some(problem) = genesis.problem() {
            return Err(corrupt_entry(0, "a genesis that can begin a ledger", &problem));
        }
        let options = options.clone();
        let home = match Home::open(path) {
            Err(Error::NotALedger { .. }) => {
                let (home, lock) = Home::create(path)?;
                let log = LogStore::create(&home.log(), &options.store)?;
                let store = StateStore::create(&home.state(), &options.store)?;
                return Ok(Self { home, _lock: lock, genesis, options, store, log, is_sealed: false, operators: None });
            }
            opened => opened?,
        };
        let lock = home.lock()?;
        if !home.is_replica()? {
            return Err(Error::AlreadyExists { path: path.to_owned() });
        }
        let log = LogStore::open(&home.log(), &options.store)?;
        if let Some(Entry::Genesis(own)) = Entry::decode(&log.entry(0)?)
            && own != genesis
        {
            let expected = format!("the genesis of ledger {}, which the folder holds", own.ledger_id());
            return Err(corrupt_entry(0, &expected, &format!("that of ledger {}", genesis.ledger_id())));
        }
        let store = open_or_renew_state(&home.state(), &options.store)?;
        Ok(Self { home, _lock: lock, genesis, options, store, log, is_sealed: true, operators: None })
    }

    /// The log that the folder holds.
    pub fn log(&self) -> &LogReader {
        &self.log
    }

    /// Takes entries, of which the first has the index `first`, from batches until there is none: those that the folder
    /// has are compared with it; the others are verified, applied and appended, up to the last commit. `applied` is told,
    /// before each batch is asked for, how many entries of the log are applied.
    ///
    /// # Errors
    ///
    /// `Entry` names the first entry that does not hold. After any error, the callbacks' own too, what was good before it
    /// is kept.
    pub fn run(
        &mut self,
        first: u64,
        next: &mut dyn FnMut() -> Result<Option<Batch>>,
        applied: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Fed> {
        let (store, options) = (&self.store, &self.options);
        let (reader, size) = (self.log.reader(), self.log.size());
        if first > size {
            return Err(Error::Invalid(format!("first: expected at most {size}, found {first}")));
        }
        let (mut tree, mut replica) = if size == 0 {
            let cache = Cache::new(options.memory().cache_records);
            (Tree::open(store)?, Replica::begin(&self.genesis, cache, store, &reader, options.indexed)?)
        } else {
            let Loaded { mut tree, mut replica, .. } = load(store, &reader, options)?;
            replica.replay_to_last_commit(&mut tree, store, &reader, size)?;
            (tree, replica)
        };
        let through = replica.position.through;
        let mut operators = match replica.position.operators.as_slice() {
            // Mostly there is one, and nothing to look for.
            [first] => vec![(0, *first)],
            _ => find_operators(&self.genesis, &reader, through)?,
        };
        let line = Line {
            ledger: replica.ledger,
            store,
            reader,
            keys: KeyCache::new(options.memory().cache_keys),
            rules: RwLock::new(replica.machine.admission_rules()),
            verified: AtomicU64::new(0),
            applied: AtomicU64::new(through),
            appended: AtomicU64::new(size),
            flushed: AtomicU64::new(0),
        };
        let (unverified, receive_unverified) = sync_channel(PAGES_UNVERIFIED);
        let (pages, receive_pages) = sync_channel(PAGES_AHEAD);
        let (held, receive_held) = sync_channel(COMMITS_AHEAD);
        let (flushes, receive_flushes) = channel();
        let (flushed, receive_flushed) = channel();
        let scan = Scan {
            line: &line,
            pages: unverified,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            size,
            fed: size,
            released: through,
            last_commit: size.checked_sub(1),
            through,
            ready: Vec::new(),
            ready_bytes: 0,
            sent: 0,
            marks: VecDeque::new(),
            operators: &mut operators,
        };
        let keeper = Keeper {
            line: &line,
            home: &self.home,
            options,
            log: &mut self.log,
            is_sealed: &mut self.is_sealed,
            tree: &mut tree,
            changed: 0,
            is_unflushed: false,
            delta: replica.cache.delta().saturating_sub(1),
            // What the log had beyond the flushed state is in memory, and flushed with what follows.
            staged: Staged::take(&mut replica),
            waiting: Vec::new(),
            first_waiting: through,
            waiting_bytes: 0,
            is_at_commit: true,
            flushes,
            flushed: receive_flushed,
            flushing: None,
        };
        let (scanned, signatures, applied, kept) = std::thread::scope(|scope| {
            scope.spawn(move || flush_batches(store, &receive_flushes, &flushed));
            let keeping = scope.spawn(move || keeper.run(&receive_held));
            let applier = Applier {
                line: &line,
                replica: &mut replica,
                held,
                index: through,
                log_size: through,
                covered: 0,
                done: Vec::new(),
            };
            let applying = scope.spawn(move || applier.run(&receive_pages));
            let line = &line;
            let verifying = scope.spawn(move || verify_pages(line, &receive_unverified, &pages));
            // On the caller's thread, which may be interrupted.
            let scanned = scan.run(first, next, applied);
            (scanned, join(verifying), join(applying), join(keeping))
        });
        let now = self.log.size();
        operators.retain(|(index, _)| *index < now);
        self.operators = Some(operators);
        // What a later stage found lies earlier in the log.
        kept?;
        applied?;
        let (uncommitted, signatures) = (scanned?, signatures?);
        if now == 0 {
            return Err(corrupt_entry(uncommitted, "a commit", "the end"));
        }
        Ok(Fed { entries: now.saturating_sub(size), signatures, uncommitted })
    }

    /// The operator keys, first to last, and the entry that brought each.
    pub fn operators(&self) -> Result<Vec<(u64, Id)>> {
        self.operators.clone().map_or_else(|| find_operators(&self.genesis, &self.log, self.log.size()), Ok)
    }

    /// Keeps the notes of checkpoints, all or none. Each must be right after a commit, have the root that the entries
    /// give, and be signed with the operator's key that is in force there. To one that is there already the cosignatures
    /// of others are added, as far as they fit; which of them mean anything nobody can tell here, so none goes for another.
    ///
    /// # Errors
    ///
    /// `Checkpoint` names the first that is not a checkpoint of this log.
    pub fn put_notes(&mut self, notes: &[Vec<u8>]) -> Result<()> {
        let operators = self.operators()?;
        let verify = |note: &Vec<u8>| self.verify_note(note, &operators);
        let verified: Vec<Result<(u64, SignedNote)>> = notes.par_iter().map(verify).collect();
        let mut kept: BTreeMap<u64, SignedNote> = BTreeMap::new();
        for verified in verified {
            let (tree_size, note) = verified?;
            let before = match kept.get(&tree_size) {
                None => self.log.note(tree_size)?.and_then(|stored| SignedNote::parse(&stored).ok()),
                added => added.cloned(),
            };
            let after = before.as_ref().map_or_else(|| note.clone(), |before| with_cosignatures(before, &note));
            if before.as_ref() != Some(&after) {
                kept.insert(tree_size, after);
            }
        }
        let kept: Vec<(u64, String)> =
            kept.into_iter().map(|(tree_size, note)| (tree_size, note.to_string())).collect();
        let kept: Vec<(u64, &[u8])> = kept.iter().map(|(tree_size, note)| (*tree_size, note.as_bytes())).collect();
        if kept.is_empty() { Ok(()) } else { self.log.put_notes(&kept) }
    }

    /// How many entries a checkpoint covers, and its note.
    fn verify_note(&self, bytes: &[u8], operators: &[(u64, Id)]) -> Result<(u64, SignedNote)> {
        let parsed = SignedNote::parse(bytes).and_then(|note| Ok((Checkpoint::parse(note.text())?, note)));
        let (Checkpoint { tree_size, root_hash, .. }, note) = parsed.map_err(|error| {
            let (place, expected) = ("a checkpoint".to_owned(), "the note of one".to_owned());
            Error::Checkpoint { place, expected, found: error.to_string() }
        })?;
        let place = format!("checkpoint of {tree_size} entries");
        let wrong = |expected: String, found: String| Err(Error::Checkpoint { place, expected, found });
        let in_force = operators.iter().rfind(|(from, _)| *from < tree_size);
        let operator = in_force.map_or(self.genesis.operator, |(_, key)| *key);
        let key = VerifierKey::new(&self.genesis.origin, Algorithm::Ed25519, operator.0)
            .map_err(|error| Error::Invalid(error.to_string()))?;
        // Whose it is comes first: what nobody signed says nothing about anybody.
        if let Err(error) = Checkpoint::verify(bytes, &key, &[]) {
            return wrong(format!("a signature by {key}, the operator there"), error.to_string());
        }
        let size = self.log.size();
        if tree_size > size {
            return wrong(format!("at most {size} entries, which are all"), "more, signed by the operator".to_owned());
        }
        let root = self.log.root_at(tree_size)?;
        if root != root_hash {
            let found = format!("root {root_hash}, signed by operator {operator}");
            return wrong(format!("root {root}, which the entries give"), found);
        }
        let last = tree_size.checked_sub(1).map(|last| self.log.entry(last)).transpose()?;
        match last.as_deref().and_then(Entry::decode) {
            Some(Entry::Commit(_)) => Ok((tree_size, note)),
            Some(Entry::Genesis(_) | Entry::Applied(_) | Entry::Operator(_)) | None => {
                wrong("a commit as the last of them".to_owned(), "another entry".to_owned())
            }
        }
    }
}

/// A note with the cosignatures of another one of the same checkpoint, by keys that have not signed it yet; as it is where
/// that is too much.
fn with_cosignatures(stored: &SignedNote, other: &SignedNote) -> SignedNote {
    let mut note = stored.clone();
    // The second time is for what the first has replaced.
    match note.add_cosignatures(other).and_then(|()| note.add_cosignatures(stored)) {
        Ok(()) => note,
        Err(_) => stored.clone(),
    }
}

/// The operator keys up to an entry, and the entry that brought each.
fn find_operators(genesis: &Genesis, log: &LogReader, to: u64) -> Result<Vec<(u64, Id)>> {
    let mut operators = vec![(0, genesis.operator)];
    log.entries(0, to, |index, bytes| {
        operators.extend(new_operator(bytes).map(|key| (index, key)));
        Ok(true)
    })?;
    Ok(operators)
}

/// The key that an entry makes the operator's, if it is one that does.
fn new_operator(entry: &[u8]) -> Option<Id> {
    if entry.first() != Some(&OPERATOR_TAG) {
        return None;
    }
    match Entry::decode(entry)? {
        Entry::Operator(change) => Some(change.new_key),
        Entry::Genesis(_) | Entry::Applied(_) | Entry::Commit(_) => None,
    }
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A later stage has ended, and says why itself.
fn broken<T>(_: T) -> Error {
    Error::Storage("feeding has ended".to_owned())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What the stages share.
struct Line<'a> {
    ledger: Id,
    store: &'a StateStore,
    reader: LogReader,
    keys: KeyCache,
    /// Under which entries are admitted: those in force a little earlier, mostly still in force.
    rules: RwLock<AdmissionRules>,
    /// How many pages are verified.
    verified: AtomicU64,
    /// How many entries of the log are applied.
    applied: AtomicU64,
    /// How many are stored.
    appended: AtomicU64,
    /// The last delta that the stored state holds.
    flushed: AtomicU64,
}

/// What stands between two entries.
enum Mark {
    /// The state root of this commit, which comes later in the log.
    Root(Boundary),
    /// The end of what is known to hold together: the entry before is the last commit whose root was asked for.
    Commit,
}

/// Entries to apply after those before, as they were fed, or with their signatures verified.
struct Page<E> {
    entries: Vec<E>,
    /// Before which entry, by its index; ascending.
    marks: VecDeque<(u64, Mark)>,
}

/// What was applied, to be held against the log.
enum Held {
    Root {
        boundary: Boundary,
        changes: Vec<Change>,
        delta: u64,
        staged: Box<Staged>,
    },
    /// The entries since the last one.
    Commit {
        entries: Vec<Vec<u8>>,
    },
}

/// What a flush writes beside the tree.
struct Staged {
    position: Position,
    indexes: IndexEntries,
    remembered: Vec<Remembered>,
}

impl Staged {
    fn take(replica: &mut Replica) -> Self {
        let none = IndexEntries::new(replica.unsaved.key);
        Self {
            position: replica.position.clone(),
            indexes: std::mem::replace(&mut replica.unsaved, none),
            remembered: replica.seen.take_unsaved(),
        }
    }

    fn append(&mut self, mut later: Self) {
        self.position = later.position;
        self.indexes.append(&mut later.indexes);
        self.remembered.append(&mut later.remembered);
    }

    fn memory_bytes(&self) -> usize {
        let remembered = self.remembered.len().saturating_mul(size_of::<Remembered>());
        self.indexes.memory_bytes().saturating_add(remembered)
    }
}

/// Finds the commits in what is fed.
struct Scan<'a> {
    line: &'a Line<'a>,
    pages: SyncSender<Page<Vec<u8>>>,
    /// Entries that wait for the commit that follows them.
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    /// How many entries the folder had.
    size: u64,
    /// How many there are with what was fed.
    fed: u64,
    /// How many were let through to be applied.
    released: u64,
    /// The last commit's index, and what it is through.
    last_commit: Option<u64>,
    through: u64,
    /// The next page.
    ready: Vec<Vec<u8>>,
    ready_bytes: usize,
    /// How many pages were sent.
    sent: u64,
    marks: VecDeque<(u64, Mark)>,
    /// Those that entries bring are added, right or wrong: a wrong one is refused when it is applied.
    operators: &'a mut Vec<(u64, Id)>,
}

impl Scan<'_> {
    /// Returns how many entries after the last commit were left.
    fn run(
        mut self,
        first: u64,
        next: &mut dyn FnMut() -> Result<Option<Batch>>,
        applied: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<u64> {
        // What the folder has after its last commit's `through` is not applied yet, as if it had just been fed.
        self.line.reader.entries(self.released, u64::MAX, |index, entry| {
            self.operators.extend(new_operator(entry).map(|key| (index, key)));
            self.wait_with(entry);
            Ok(true)
        })?;
        let taken = self.take_all(first, next, applied);
        if let Some(last) = self.last_commit.filter(|last| *last >= self.size) {
            self.end_commit(last)?;
            self.send()?;
        }
        taken?;
        let taken = self.last_commit.map_or(0, |last| last.saturating_add(1));
        Ok(self.fed.saturating_sub(taken))
    }

    fn take_all(
        &mut self,
        first: u64,
        next: &mut dyn FnMut() -> Result<Option<Batch>>,
        applied: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<()> {
        let mut index = first;
        loop {
            applied(self.line.applied.load(Ordering::Relaxed).max(index.min(self.size)))?;
            let Some(batch) = next()? else { return Ok(()) };
            let entries: Vec<&[u8]> = batch.transactions(0, batch.len()).collect();
            let known = usize::try_from(self.size.saturating_sub(index)).unwrap_or(usize::MAX).min(entries.len());
            let (known, new) = entries.split_at(known);
            self.compare(index, known)?;
            new.iter().try_for_each(|entry| self.take(entry))?;
            index = index.saturating_add(count(entries.len()));
            // From a slow source less than a page is worth having, too.
            if !self.ready.is_empty() && self.line.verified.load(Ordering::Relaxed) == self.sent {
                self.send()?;
            }
        }
    }

    /// Refuses entries that are not those that the folder has there.
    fn compare(&self, first: u64, entries: &[&[u8]]) -> Result<()> {
        let view = self.line.reader.view()?;
        for (index, hash) in (first..).zip(leaf_hashes(entries)) {
            if view.leaf_hash(index)? != hash {
                return Err(corrupt_entry(index, "the one that the folder has there", "one of another history"));
            }
        }
        Ok(())
    }

    fn take(&mut self, entry: &[u8]) -> Result<()> {
        let index = self.fed;
        // What is no entry by its first byte and its length waits for nothing.
        let is_entry = entry.len() <= ENTRY_BYTES_MAX && entry.first().is_some_and(|tag| *tag <= OPERATOR_TAG);
        if !is_entry {
            return Err(corrupt_entry(index, "an entry", "bytes that do not decode"));
        }
        let boundary = Boundary::find(index, entry, self.through)?;
        if index == 1 && boundary.as_ref().is_none_or(|boundary| boundary.commit.through != 1) {
            return Err(corrupt_entry(1, "the first commit, through 1", "another entry"));
        }
        if let (Some(boundary), Some(last)) = (&boundary, self.last_commit)
            && boundary.commit.through > last
        {
            self.end_commit(last)?;
        }
        self.operators.extend(new_operator(entry).map(|key| (index, key)));
        self.fed = index.saturating_add(1);
        self.wait_with(entry);
        if let Some(boundary) = boundary {
            (self.last_commit, self.through) = (Some(index), boundary.commit.through);
            self.let_through(boundary.commit.through)?;
            self.marks.push_back((self.released, Mark::Root(boundary)));
        } else if self.waiting_bytes > WAITING_BYTES_MAX {
            let expected = format!("a commit, after {} MiB of entries without", WAITING_BYTES_MAX >> 20);
            return Err(corrupt_entry(index, &expected, "none"));
        }
        Ok(())
    }

    fn wait_with(&mut self, entry: &[u8]) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(entries_memory_bytes(1, entry.len()));
        self.waiting.push_back(entry.to_vec());
    }

    /// Everything up to a commit may be applied, for no later commit is through less.
    fn end_commit(&mut self, commit: u64) -> Result<()> {
        self.let_through(commit.saturating_add(1))?;
        self.marks.push_back((self.released, Mark::Commit));
        Ok(())
    }

    fn let_through(&mut self, to: u64) -> Result<()> {
        while self.released < to {
            let Some(entry) = self.waiting.pop_front() else { break };
            self.waiting_bytes = self.waiting_bytes.saturating_sub(entries_memory_bytes(1, entry.len()));
            self.ready_bytes = self.ready_bytes.saturating_add(entry.len());
            self.ready.push(entry);
            self.released = self.released.saturating_add(1);
            if self.ready.len() >= PAGE_ENTRIES || self.ready_bytes >= PAGE_BYTES {
                self.send()?;
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        self.ready_bytes = 0;
        self.sent = self.sent.saturating_add(1);
        let (entries, marks) = (std::mem::take(&mut self.ready), std::mem::take(&mut self.marks));
        self.pages.send(Page { entries, marks }).map_err(broken)
    }
}

/// Verifies the signatures of pages, with all cores. Returns how many there were.
fn verify_pages(
    line: &Line<'_>,
    unverified: &Receiver<Page<Vec<u8>>>,
    pages: &SyncSender<Page<Prepared>>,
) -> Result<u64> {
    let mut signatures = 0_u64;
    while let Ok(Page { mut entries, marks }) = unverified.recv() {
        let rules = line.rules.read().unwrap_or_else(PoisonError::into_inner).clone();
        let pieces = entries.par_chunks_mut(PIECE_ENTRIES);
        let entries: Vec<Prepared> = pieces.flat_map_iter(|some| prepare(some, &rules, Some(&line.keys))).collect();
        let of_page = entries.iter().map(|entry| entry.signatures(&line.ledger)).sum();
        signatures = signatures.saturating_add(count(of_page));
        line.verified.fetch_add(1, Ordering::Relaxed);
        pages.send(Page { entries, marks }).map_err(broken)?;
    }
    Ok(signatures)
}

/// Applies pages, and hands over what changed up to each state root, and the entries up to each commit.
struct Applier<'a> {
    line: &'a Line<'a>,
    replica: &'a mut Replica,
    held: SyncSender<Held>,
    /// Of the next entry.
    index: u64,
    /// The first entry that is in flight.
    log_size: u64,
    /// The last delta that the cache knows to be stored.
    covered: u64,
    /// Entries since the last commit.
    done: Vec<Vec<u8>>,
}

impl Applier<'_> {
    fn run(mut self, pages: &Receiver<Page<Prepared>>) -> Result<()> {
        while let Ok(Page { mut entries, mut marks }) = pages.recv() {
            for some in entries.chunks_mut(FETCHED_ENTRIES) {
                self.apply(some, &mut marks)?;
            }
            self.meet(&mut marks)?;
        }
        Ok(())
    }

    fn apply(&mut self, some: &mut [Prepared], marks: &mut VecDeque<(u64, Mark)>) -> Result<()> {
        let Line { store, reader, keys, rules, applied, .. } = self.line;
        let mut stored = store.snapshot()?;
        self.replica.fetch(some.iter().filter_map(Prepared::admission), &stored)?;
        for prepared in some {
            if marks.front().is_some_and(|(at, _)| *at == self.index) {
                // No view of the store is held while a later stage is waited for: that may have to wait for its end.
                drop(stored);
                self.meet(marks)?;
                stored = store.snapshot()?;
            }
            self.replica.replay_entry(self.index, prepared, &stored, reader, self.log_size, Some(keys))?;
            self.index = self.index.saturating_add(1);
            let in_flight = usize::try_from(self.index.saturating_sub(self.log_size)).unwrap_or(usize::MAX);
            self.replica.in_flight.resize(in_flight, None);
            self.done.push(std::mem::take(&mut prepared.bytes));
            if prepared.admission().is_some_and(|admission| !self.replica.machine.is_current(admission)) {
                *rules.write().unwrap_or_else(PoisonError::into_inner) = self.replica.machine.admission_rules();
            }
        }
        applied.store(self.index, Ordering::Relaxed);
        Ok(())
    }

    fn meet(&mut self, marks: &mut VecDeque<(u64, Mark)>) -> Result<()> {
        while marks.front().is_some_and(|(at, _)| *at == self.index)
            && let Some((_, mark)) = marks.pop_front()
        {
            let replica = &mut *self.replica;
            let held = match mark {
                Mark::Root(boundary) => {
                    replica.position.through = self.index;
                    replica.seen.forget_before(replica.position.time);
                    let mut changes = Vec::new();
                    let delta = replica.cache.take_delta(&mut changes)?;
                    Held::Root { boundary, changes, delta, staged: Box::new(Staged::take(replica)) }
                }
                Mark::Commit => Held::Commit { entries: std::mem::take(&mut self.done) },
            };
            self.held.send(held).map_err(broken)?;
            let flushed = self.line.flushed.load(Ordering::Acquire);
            if flushed > self.covered {
                replica.cache.cover(flushed);
                self.covered = flushed;
            }
            let appended = self.line.appended.load(Ordering::Acquire).clamp(self.log_size, self.index);
            let landed = usize::try_from(appended.saturating_sub(self.log_size)).unwrap_or(usize::MAX);
            replica.in_flight.drain(..landed.min(replica.in_flight.len()));
            self.log_size = appended;
        }
        Ok(())
    }
}

/// Compares state roots, and appends and flushes what holds.
struct Keeper<'a> {
    line: &'a Line<'a>,
    home: &'a Home,
    options: &'a Options,
    log: &'a mut LogStore,
    is_sealed: &'a mut bool,
    tree: &'a mut Tree,
    /// Records that changed since the last flush, and whether there was a commit.
    changed: usize,
    is_unflushed: bool,
    /// The last delta that the tree has.
    delta: u64,
    staged: Staged,
    /// Entries up to a commit that are not appended yet, and the index of the first. The folder may have some.
    waiting: Vec<Vec<u8>>,
    first_waiting: u64,
    waiting_bytes: usize,
    /// Whether the tree stands at the root of the last commit in `waiting` or in the log.
    is_at_commit: bool,
    flushes: Sender<FlushBatch>,
    flushed: Receiver<Result<()>>,
    /// The delta of the flush that runs.
    flushing: Option<u64>,
}

impl Keeper<'_> {
    fn run(mut self, held: &Receiver<Held>) -> Result<()> {
        let kept = self.keep_all(held);
        // What holds is kept whatever came after it.
        self.append()?;
        kept?;
        // Whoever opens it next finds the state at the last commit.
        if self.is_at_commit && self.is_unflushed {
            self.begin_flush()?;
        }
        self.end_flush()
    }

    /// What has to be kept next; none at the end. Entries are appended while nothing waits to be kept.
    fn next(&mut self, held: &Receiver<Held>) -> Result<Option<Held>> {
        match held.try_recv() {
            Ok(held) => Ok(Some(held)),
            Err(TryRecvError::Disconnected) => Ok(None),
            Err(TryRecvError::Empty) => {
                self.append()?;
                Ok(held.recv().ok())
            }
        }
    }

    fn keep_all(&mut self, held: &Receiver<Held>) -> Result<()> {
        while let Some(held) = self.next(held)? {
            match held {
                Held::Root { boundary, changes, delta, staged } => {
                    boundary.expect_root(self.tree.update(self.line.store, &changes)?)?;
                    self.changed = self.changed.saturating_add(changes.len());
                    self.delta = delta;
                    self.staged.append(*staged);
                    self.is_at_commit = false;
                    self.is_unflushed = true;
                }
                Held::Commit { entries } => {
                    let bytes = entries.iter().map(Vec::len).fold(0, usize::saturating_add);
                    self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
                    self.waiting.extend(entries);
                    self.is_at_commit = true;
                    if self.waiting_bytes >= APPENDED_BYTES {
                        self.append()?;
                    }
                    if self.is_flush_due() {
                        self.append()?;
                        self.begin_flush()?;
                    }
                }
            }
        }
        Ok(())
    }

    fn append(&mut self) -> Result<()> {
        let size = self.log.size();
        // The folder has those that waited in it for the next commit.
        let known = usize::try_from(size.saturating_sub(self.first_waiting)).unwrap_or(usize::MAX);
        let new = self.waiting.get(known..).unwrap_or_default();
        if !new.is_empty() {
            self.log.append(new)?;
        }
        self.first_waiting = self.first_waiting.saturating_add(count(self.waiting.len()));
        self.waiting.clear();
        self.waiting_bytes = 0;
        let now = self.log.size();
        self.line.appended.store(now, Ordering::Release);
        if now > 0 && !*self.is_sealed {
            self.home.record_replica()?;
            self.home.seal()?;
            *self.is_sealed = true;
        }
        Ok(())
    }

    fn is_flush_due(&self) -> bool {
        let bytes = self.staged.memory_bytes().saturating_add(self.tree.size().changed_bytes);
        self.changed >= self.options.flush_records || bytes >= self.options.memory().unflushed_bytes / 2
    }

    /// Writes the state behind, as of the last commit in the log, once the flush before has ended.
    fn begin_flush(&mut self) -> Result<()> {
        self.end_flush()?;
        let mut batch = self.tree.begin_flush(self.staged.position.through)?;
        let none = IndexEntries::new(self.staged.indexes.key);
        batch.set_indexes(Arc::new(std::mem::replace(&mut self.staged.indexes, none)));
        batch.set_seen(std::mem::take(&mut self.staged.remembered), self.staged.position.time);
        batch.set_value(POSITION, encode(&self.staged.position));
        self.changed = 0;
        self.is_unflushed = false;
        self.flushing = Some(self.delta);
        self.flushes.send(batch).map_err(broken)
    }

    /// Waits for the flush that runs, if one does.
    fn end_flush(&mut self) -> Result<()> {
        let Some(delta) = self.flushing.take() else { return Ok(()) };
        self.flushed.recv().map_err(broken)??;
        self.tree.end_flush();
        self.line.flushed.store(delta, Ordering::Release);
        // A reader that was killed keeps every page that it saw from being used again.
        self.line.store.environment().clear_stale_readers()?;
        self.line.reader.environment().clear_stale_readers()?;
        Ok(())
    }
}

fn flush_batches(store: &StateStore, flushes: &Receiver<FlushBatch>, flushed: &Sender<Result<()>>) {
    while let Ok(batch) = flushes.recv() {
        let result = store.environment().sync_meanwhile(|| store.write_flush(&batch));
        if flushed.send(result).is_err() {
            return;
        }
    }
}
