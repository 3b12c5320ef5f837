//! What the threads and the callers of one open ledger share, and how readers see it in one piece.
//!
//! Locks are taken in this order: the tree, the state, then the small ones. No condition is waited for with another lock
//! in hand.

use crate::admit::Inbox;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::indexes::{Recent, Sought};
use crate::keys::KeyCache;
use crate::ledger::{Options, Page};
use crate::log_store::LogReader;
use crate::memory::entries_memory_bytes;
use crate::opening::{INDEX_HOLE, load, no_commit};
use crate::replica::Replica;
use crate::state_store::{StateMark, StateStore};
use crate::tree::{Row, Tree};
use counterfoil_core::Id;
use counterfoil_core::apply::AdmissionRules;
use counterfoil_core::note::{Algorithm, Checkpoint, VerifierKey};
use counterfoil_core::state::{Record, Table, tree_key};
use counterfoil_core::wire::{Commit, Entry, Genesis};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};

/// The last commit and the checkpoint under it.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) commit_index: u64,
    pub(crate) commit: Commit,
    pub(crate) note: Option<String>,
    /// The commit's inclusion proof, once one was asked for: every statement has the same.
    inclusion: Arc<OnceLock<Vec<[u8; 32]>>>,
}

impl Published {
    pub(crate) fn new(commit_index: u64, commit: Commit, note: Option<String>) -> Self {
        Self { commit_index, commit, note, inclusion: Arc::default() }
    }

    /// How many entries the checkpoint covers: the commit is the last one.
    pub(crate) const fn tree_size(&self) -> u64 {
        self.commit_index.saturating_add(1)
    }

    /// The proof that the commit is the last entry under the checkpoint, deepest hash first.
    pub(crate) fn inclusion(&self, log: &LogReader) -> Result<&[[u8; 32]]> {
        if let Some(known) = self.inclusion.get() {
            return Ok(known);
        }
        let proof = log.inclusion_proof(self.commit_index, self.tree_size())?;
        Ok(self.inclusion.get_or_init(|| proof.into_iter().map(|hash| hash.0).collect()))
    }
}

/// What the threads of a ledger share.
pub(crate) struct Shared {
    pub(crate) home: Home,
    pub(crate) genesis: Genesis,
    pub(crate) options: Options,
    pub(crate) store: StateStore,
    /// What the state stood for when a follower last read it anew.
    pub(crate) loaded: Mutex<Option<StateMark>>,
    pub(crate) log: LogReader,
    pub(crate) state: Mutex<Replica>,
    pub(crate) tree: RwLock<Tree>,
    pub(crate) recent: RwLock<Recent>,
    pub(crate) rules: RwLock<AdmissionRules>,
    pub(crate) inbox: Mutex<Inbox>,
    pub(crate) inbox_changed: Condvar,
    /// What is known of the signers.
    pub(crate) keys: KeyCache,
    pub(crate) published: RwLock<Published>,
    /// Whether the tree is ahead of the last checkpoint.
    pub(crate) publishing: Mutex<bool>,
    pub(crate) publishing_changed: Condvar,
    pub(crate) poison: OnceLock<String>,
    pub(crate) stopped: AtomicBool,
    pub(crate) confirmed: AtomicBool,
    pub(crate) readers_waiting: AtomicUsize,
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
        let unanswered = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).abandon();
        // Each job answers its caller when it is dropped.
        drop(unanswered);
        self.inbox_changed.notify_all();
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

    /// What the entries take that stand after the last commit, or stood between it and what it is `through`; 0 if none.
    pub(crate) fn uncommitted_bytes(&self) -> Result<usize> {
        let (through, commit) = {
            let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
            (published.commit.through, published.commit_index)
        };
        let mut found = 0_usize;
        self.log.entries(through, u64::MAX, |index, entry| {
            if index != commit {
                found = found.saturating_add(entries_memory_bytes(1, entry.len()));
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// Why the last commit has no checkpoint.
    pub(crate) fn why_unsigned(&self) -> Error {
        if self.is_confirmed() { Error::NoOperatorKey } else { Error::Unconfirmed }
    }

    /// These transactions have been applied: others may be admitted.
    pub(crate) fn make_room(&self, count: usize) {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.make_room(count);
        let is_waited_for = inbox.has_jobs();
        drop(inbox);
        // Waking workers for nothing costs one who submits alone as much as the signature.
        if is_waited_for {
            self.inbox_changed.notify_all();
        }
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

    pub(crate) fn read_state(&self) -> Result<MutexGuard<'_, Replica>> {
        self.readers_waiting.fetch_add(1, Ordering::SeqCst);
        let state = self.state.lock();
        self.readers_waiting.fetch_sub(1, Ordering::SeqCst);
        state.map_err(|_| self.why_unusable())
    }

    /// The state, where its transactions are indexed.
    pub(crate) fn read_indexed_state(&self) -> Result<MutexGuard<'_, Replica>> {
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

    pub(crate) fn read_tree(&self) -> Result<RwLockReadGuard<'_, Tree>> {
        self.tree.read().map_err(|_| self.why_unusable())
    }

    pub(crate) fn begin_publishing(&self) {
        *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    pub(crate) fn publish(&self, commit_index: u64, commit: &Commit, note: Option<String>) {
        let published = Published::new(commit_index, commit.clone(), note);
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = published;
        *self.publishing.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.publishing_changed.notify_all();
    }

    /// The note of this size has got cosignatures.
    pub(crate) fn republish(&self, tree_size: u64, note: &str) {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        if published.tree_size() == tree_size {
            published.note = Some(note.to_owned());
        }
    }

    /// Runs `read` while the tree stands at the last commit.
    pub(crate) fn at_last_commit<T>(&self, read: impl FnOnce(&Tree, &Published) -> Result<T>) -> Result<T> {
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

    pub(crate) fn is_behind_flush(&self) -> Result<bool> {
        let loaded = *self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.store.mark()? != loaded)
    }

    /// A follower catches up with what the writer's process has made durable.
    ///
    /// The tree stands at a commit, and the records at the entry that the commit is `through`; what comes after is the
    /// tail, applied on top. The next commit may be `through` any entry of the tail, which is then applied again.
    pub(crate) fn follow(&self) -> Result<()> {
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

    /// The note of a commit is stored a moment after the commit, and cosignatures under it come later.
    pub(crate) fn look_for_note(&self, operators: &[Id]) -> Result<()> {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let stored = self.log.note(published.tree_size())?;
        if stored.as_deref() != published.note.as_ref().map(String::as_bytes) {
            *published = published_at(&self.log, published.commit_index, &self.genesis.origin, operators)?;
        }
        Ok(())
    }

    pub(crate) fn catch_up(&self, tree: &mut Tree, state: &mut Replica) -> Result<()> {
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
        } else {
            self.look_for_note(&state.position.operators)?;
        }
        state.apply_tail(&self.store, &self.log, size)
    }

    /// The tree, and what changed in a table since it was updated. Between the two no commit can move changes from one to
    /// the other: both are held at once, while none is under way.
    pub(crate) fn tree_and_changes(
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

    pub(crate) fn wait_published(&self) -> MutexGuard<'_, bool> {
        let mut publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        while *publishing {
            publishing = self.publishing_changed.wait(publishing).unwrap_or_else(PoisonError::into_inner);
        }
        publishing
    }

    /// The log indexes from `from` on of what is sought, ascending, at most `limit` of them.
    pub(crate) fn find(&self, sought: &Sought, from: u64, limit: usize) -> Result<Vec<u64>> {
        // From where an entry is on its way to the disk to where it ends: none is missed, and one that a flush writes
        // meanwhile is met twice.
        let mut in_memory = Vec::new();
        let state = self.read_indexed_state()?;
        state.candidates(sought, from, &mut in_memory);
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        // The writer goes on while the larger part is gone through.
        drop(state);
        recent.candidates(sought, from, &mut in_memory);
        drop(recent);
        let (mut found, mut next) = (Vec::new(), from);
        loop {
            let wanted = limit.saturating_sub(found.len());
            let mut candidates = self.store.candidates(sought, next, wanted)?;
            let is_last = candidates.len() < wanted;
            if is_last {
                candidates.extend(in_memory.iter().filter(|index| **index >= next));
                candidates.sort_unstable();
                candidates.dedup();
            }
            if let Some(last) = candidates.last() {
                next = last.saturating_add(1);
            }
            let log = self.log.view()?;
            for index in candidates {
                if found.len() < limit && sought.is_in(&log.entry(index)?) {
                    found.push(index);
                }
            }
            if is_last || found.len() >= limit {
                return Ok(found);
            }
        }
    }
}

/// A record that changed, by its id; none where it was removed.
pub(crate) type Changed = (Id, Option<Record>);

/// A page of a table with its changes laid over what the tree has.
pub(crate) fn merge_page(
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
pub(crate) fn published_at(log: &LogReader, commit_index: u64, origin: &str, operators: &[Id]) -> Result<Published> {
    let Some(Entry::Commit(commit)) = Entry::decode(&log.entry(commit_index)?) else {
        return Err(no_commit(commit_index));
    };
    let tree_size = commit_index.saturating_add(1);
    let Some(bytes) = log.note(tree_size)? else { return Ok(Published::new(commit_index, commit, None)) };
    let expected = Checkpoint { origin: origin.to_owned(), tree_size, root_hash: log.root_at(tree_size)? };
    let holds = signed_by_operator(&bytes, origin, operators).is_some_and(|checkpoint| checkpoint == expected);
    let note = String::from_utf8(bytes).ok().filter(|_| holds).ok_or_else(|| Error::Corrupt {
        place: format!("log, note at size {tree_size}"),
        expected: format!("root {} signed by an operator", expected.root_hash),
        found: "another note".to_owned(),
    })?;
    Ok(Published::new(commit_index, commit, Some(note)))
}

/// The checkpoint in a note that an operator of the ledger signed.
pub(crate) fn signed_by_operator(note: &[u8], origin: &str, operators: &[Id]) -> Option<Checkpoint> {
    let keys = operators.iter().rev().filter_map(|key| VerifierKey::new(origin, Algorithm::Ed25519, key.0).ok());
    keys.filter_map(|key| Checkpoint::verify(note, &key, &[]).ok()).map(|verified| verified.checkpoint).next()
}
