//! The deterministic half of the engine: a log's entries, applied to records. The writer, recovery and read-only
//! followers are all this.

use crate::cache::{Cache, Known, Stored};
use crate::error::{Error, Result};
use crate::indexes::{IndexEntries, Sought};
use crate::keys::KeyCache;
use crate::log_store::LogReader;
use crate::seen::{Remembered, Seen};
use crate::state_store::StateStore;
use crate::tree::{Change, Tree};
use borsh::{BorshDeserialize, BorshSerialize};
use counterfoil_core::Id;
use counterfoil_core::apply::{
    Admission, AdmissionRules, Admitted, Machine, Outcome, admit, admit_form, admit_signed, verify_signatures,
};
use counterfoil_core::signature::{self, Check};
use counterfoil_core::state::{Record, Records, SeenTransaction, Table};
use counterfoil_core::wire::{
    Applied, COMMIT_VERSION, Commit, Entry, Genesis, OperatorChange, RULES, SignedTransaction, encode, transaction_id,
};
use rayon::prelude::*;
use std::borrow::Cow;
#[expect(clippy::disallowed_types, reason = "looked up by key only; its order never shows")]
use std::collections::HashMap;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The name under which a flush keeps the [`Position`].
pub(crate) const POSITION: &str = "position";

/// What is known of the ledger beside its records. Stored with every flush of the state.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Position {
    /// The state stands for every entry below this index.
    pub(crate) through: u64,
    /// The last commit below or at `through`'s making.
    pub(crate) height: u64,
    /// The last commit's `through`.
    pub(crate) commit_through: u64,
    /// The last entry's time, ms.
    pub(crate) time: u64,
    /// The state root of the last commit.
    pub(crate) state_root: Id,
    /// The operator keys, first to last.
    pub(crate) operators: Vec<Id>,
    /// The deterministic rules in force.
    pub(crate) rules: u32,
    /// Whether every transaction is indexed.
    pub(crate) indexed: bool,
}

impl Position {
    pub(crate) fn operator(&self) -> Id {
        self.operators.last().copied().unwrap_or_default()
    }
}

/// Records, replay memory and position, moved along by entries.
pub(crate) struct Replica {
    pub(crate) ledger: Id,
    pub(crate) machine: Machine,
    pub(crate) cache: Cache,
    pub(crate) seen: Seen,
    pub(crate) position: Position,
    /// Index entries that no commit covers yet.
    pub(crate) unsaved: IndexEntries,
    /// Whether transactions are indexed by account and id.
    pub(crate) indexed: bool,
    /// Entries that were applied but not appended yet, from the log's size on; none for one that is no transaction.
    pub(crate) in_flight: VecDeque<Option<Identity>>,
    /// What [`Replica::fetch`] has collected; kept for its memory.
    wanted: Vec<(Table, Id)>,
    /// What a follower has beyond the last commit.
    tail: Option<Tail>,
    /// The commit that a follower left for later, because its note was not stored yet.
    awaited_note: Option<u64>,
}

#[expect(clippy::disallowed_types, reason = "looked up by key; iterated only to be sorted afterwards")]
type Changes = HashMap<(Table, Id), Option<Record>>;

/// Entries applied on top of a replica without changing it.
struct Tail {
    machine: Machine,
    /// How many entries of the log are applied with it.
    applied: u64,
    /// The last one's time, ms.
    time: u64,
    changes: Changes,
    unsaved: IndexEntries,
}

impl Tail {
    /// Applies an entry that the writer found good: only what it changes is of interest, its commit will be checked.
    fn apply_entry(&mut self, working: Working<'_>, index: u64, bytes: &[u8], indexed: bool) -> Result<()> {
        match Entry::decode(bytes) {
            Some(Entry::Applied(applied)) => {
                let signed = applied
                    .signed_range(bytes)
                    .and_then(|range| bytes.get(range))
                    .ok_or_else(|| corrupt_entry(index, "a signed transaction", "too few bytes"))?;
                let admission = admit_form(signed, &self.machine.admission_rules());
                let mut overlay = Overlay { under: working, changes: std::mem::take(&mut self.changes), seen: None };
                let outcome = self.machine.apply(&mut overlay, signed, &admission, applied.time, &mut Vec::new())?;
                self.changes = overlay.changes;
                let (Outcome::Applied, Ok(admitted)) = (outcome, &admission.verdict) else {
                    return Err(corrupt_entry(index, "a transaction that applies", "one that is refused"));
                };
                self.time = applied.time;
                if indexed {
                    self.unsaved.add(&admission.id, &admitted.signed.transaction, index);
                }
                Ok(())
            }
            Some(Entry::Commit(commit)) => {
                self.time = self.time.max(commit.time);
                Ok(())
            }
            Some(Entry::Operator(_)) => Ok(()),
            Some(Entry::Genesis(_)) | None => Err(corrupt_entry(index, "an entry", "bytes that do not decode")),
        }
    }
}

/// The records of a replica, for the core.
pub(crate) struct Working<'a> {
    cache: &'a mut Cache,
    seen: &'a Seen,
    store: &'a dyn Stored,
    log: &'a LogReader,
    in_flight: &'a VecDeque<Option<Identity>>,
    log_size: u64,
}

impl Records for Working<'_> {
    type Error = Error;

    fn get(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>> {
        self.cache.get(table, id, self.store)
    }

    fn set(&mut self, table: &Table, id: &Id, record: Option<Record>) -> Result<Option<Record>> {
        self.cache.set(table, id, record, self.store)
    }

    fn fetch(&mut self, wanted: &[(Table, Id)]) -> Result<()> {
        self.cache.fetch(wanted, self.store)
    }

    fn seen(&mut self, pair: &Id, time: u64) -> Result<Option<SeenTransaction>> {
        for index in self.seen.candidates(pair, time) {
            let waiting = index.checked_sub(self.log_size).and_then(|offset| usize::try_from(offset).ok());
            let found = match waiting {
                Some(offset) => self.in_flight.get(offset).copied().flatten(),
                None => identify(self.log, index)?,
            };
            let Some(found) = found else {
                return Err(Self::corrupt(format!("log entry {index} is remembered as a transaction and is none")));
            };
            if found.pair == *pair && time < found.valid_until {
                return Ok(Some(SeenTransaction { id: found.id, index }));
            }
        }
        Ok(None)
    }

    fn corrupt(what: String) -> Error {
        Error::Corrupt { place: "state".to_owned(), expected: "records that their rules wrote".to_owned(), found: what }
    }
}

/// Records with changes on top that are thrown away: what a dry run writes to.
pub(crate) struct Overlay<'a> {
    under: Working<'a>,
    changes: Changes,
    /// None where nobody asks: the writer found the entries of a log to be new.
    seen: Option<BTreeMap<Id, SeenTransaction>>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(under: Working<'a>) -> Self {
        Self { under, changes: Changes::default(), seen: Some(BTreeMap::new()) }
    }

    /// Remembers a transaction for the rest of the dry run.
    pub(crate) fn remember(&mut self, pair: Id, seen: SeenTransaction) {
        if let Some(remembered) = &mut self.seen {
            remembered.insert(pair, seen);
        }
    }
}

impl Records for Overlay<'_> {
    type Error = Error;

    fn get(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>> {
        match self.changes.get(&(*table, *id)) {
            Some(record) => Ok(record.as_ref()),
            None => self.under.get(table, id),
        }
    }

    fn set(&mut self, table: &Table, id: &Id, record: Option<Record>) -> Result<Option<Record>> {
        match self.changes.insert((*table, *id), record) {
            Some(before) => Ok(before),
            None => Ok(self.under.get(table, id)?.cloned()),
        }
    }

    fn fetch(&mut self, wanted: &[(Table, Id)]) -> Result<()> {
        self.under.fetch(wanted)
    }

    fn seen(&mut self, pair: &Id, time: u64) -> Result<Option<SeenTransaction>> {
        let Some(remembered) = &self.seen else { return Ok(None) };
        match remembered.get(pair) {
            Some(seen) => Ok(Some(*seen)),
            None => self.under.seen(pair, time),
        }
    }

    fn corrupt(what: String) -> Error {
        Working::corrupt(what)
    }
}

/// The index of the entry that so many others are appended before.
pub(crate) fn index_after(log_size: u64, count: usize) -> u64 {
    log_size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX))
}

/// The id of a transaction that was applied.
pub(crate) fn applied_id(applied: &Applied) -> Id {
    transaction_id(&encode(&applied.signed.transaction))
}

/// What tells an applied transaction from others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    id: Id,
    pair: Id,
    valid_until: u64,
}

/// The transaction that a log entry applied.
fn identify(log: &LogReader, index: u64) -> Result<Option<Identity>> {
    match Entry::decode(&log.entry(index)?) {
        Some(Entry::Applied(applied)) => {
            let transaction = &applied.signed.transaction;
            let (pair, valid_until) = (transaction.replay_pair(), transaction.valid_until);
            Ok(Some(Identity { id: applied_id(&applied), pair, valid_until }))
        }
        Some(Entry::Genesis(_) | Entry::Commit(_) | Entry::Operator(_)) | None => Ok(None),
    }
}

/// A commit in the part of the log that is replayed.
pub(crate) struct Boundary {
    pub(crate) index: u64,
    pub(crate) commit: Commit,
}

impl Boundary {
    /// The commit that an entry is, whose `through` is at least the one before it; none where it is another entry.
    pub(crate) fn find(index: u64, bytes: &[u8], previous: u64) -> Result<Option<Self>> {
        if bytes.first() != Some(&COMMIT_TAG) {
            return Ok(None);
        }
        let Some(Entry::Commit(commit)) = Entry::decode(bytes) else {
            return Err(corrupt_entry(index, "a commit", "bytes that do not decode"));
        };
        if commit.through > index || commit.through < previous {
            let expected = format!("through between {previous} and {index}");
            return Err(corrupt_entry(index, &expected, &commit.through.to_string()));
        }
        Ok(Some(Self { index, commit }))
    }

    /// Refuses a state root that is not the commit's.
    pub(crate) fn expect_root(&self, root: Id) -> Result<()> {
        if root == self.commit.state_root {
            return Ok(());
        }
        let expected = format!("state root {} as committed", self.commit.state_root);
        Err(corrupt_entry(self.index, &expected, &root.to_string()))
    }
}

impl Replica {
    /// The replica of a new ledger, before its first commit.
    pub(crate) fn begin(
        genesis: &Genesis,
        cache: Cache,
        store: &StateStore,
        log: &LogReader,
        indexed: bool,
    ) -> Result<Self> {
        let mut cache = cache;
        let seen = Seen::new();
        let mut working =
            Working { cache: &mut cache, seen: &seen, store, log, in_flight: &VecDeque::new(), log_size: 0 };
        let machine = Machine::begin(genesis, &mut working)?;
        let position = Position {
            through: 0,
            height: 0,
            commit_through: 0,
            time: genesis.time,
            state_root: Id::ZERO,
            operators: vec![genesis.operator],
            rules: RULES,
            indexed: true,
        };
        let ledger = genesis.ledger_id();
        Ok(Self {
            ledger,
            machine,
            cache,
            seen,
            position,
            unsaved: IndexEntries::new(store.hash_key()?),
            indexed,
            in_flight: VecDeque::new(),
            wanted: Vec::new(),
            tail: None,
            awaited_note: None,
        })
    }

    /// The replica that a flushed state stands for.
    pub(crate) fn resume(
        genesis: &Genesis,
        position: Position,
        cache: Cache,
        store: &StateStore,
        log: &LogReader,
        indexed: bool,
    ) -> Result<Self> {
        let ledger = genesis.ledger_id();
        let mut seen = Seen::new();
        store.each_seen(|remembered| seen.restore(remembered))?;
        let mut cache = cache;
        let mut working = Working {
            cache: &mut cache,
            seen: &seen,
            store,
            log,
            in_flight: &VecDeque::new(),
            log_size: position.through,
        };
        let machine = Machine::resume(ledger, &mut working)?;
        seen.forget_before(position.time);
        Ok(Self {
            ledger,
            machine,
            cache,
            seen,
            position,
            unsaved: IndexEntries::new(store.hash_key()?),
            indexed,
            in_flight: VecDeque::new(),
            wanted: Vec::new(),
            tail: None,
            awaited_note: None,
        })
    }

    /// The records and the machine that applies to them.
    pub(crate) fn working<'a>(
        &'a mut self,
        store: &'a dyn Stored,
        log: &'a LogReader,
        log_size: u64,
    ) -> (&'a mut Machine, Working<'a>) {
        let Self { machine, cache, seen, in_flight, .. } = self;
        (machine, Working { cache, seen, store, log, in_flight, log_size })
    }

    /// Reads the records that these transactions will ask for, as far as their bytes tell, in the order in which they are
    /// stored: one by one they would each wait for memory or the disk.
    pub(crate) fn fetch<'a>(
        &mut self,
        admissions: impl Iterator<Item = &'a Admission>,
        stored: &dyn Stored,
    ) -> Result<()> {
        self.wanted.clear();
        for admitted in admissions.filter_map(|admission| admission.verdict.as_ref().ok()) {
            let transaction = &admitted.signed.transaction;
            let signers = transaction.authorizers.iter().map(|authorizer| (Table::ACCOUNTS, authorizer.account));
            self.wanted.extend(signers);
            transaction.operations.iter().for_each(|operation| operation.touches(&mut self.wanted));
        }
        self.cache.fetch(&self.wanted, stored)
    }

    /// Applies one transaction. If it succeeds its log entry is appended to `entries`.
    #[expect(clippy::too_many_arguments, reason = "the one step under three ways to apply")]
    pub(crate) fn apply(
        &mut self,
        store: &dyn Stored,
        log: &LogReader,
        log_size: u64,
        bytes: &[u8],
        admission: &Admission,
        time: u64,
        entries: &mut Vec<u8>,
    ) -> Result<Outcome> {
        let (machine, mut working) = self.working(store, log, log_size);
        let outcome = machine.apply(&mut working, bytes, admission, time, entries)?;
        if let (Outcome::Applied, Ok(admitted)) = (&outcome, &admission.verdict) {
            let index = index_after(log_size, self.in_flight.len());
            let valid_until = admitted.signed.transaction.valid_until;
            self.in_flight.push_back(Some(Identity { id: admission.id, pair: admitted.pair, valid_until }));
            self.remember(admission.id, admitted, index);
            self.position.time = time;
        }
        Ok(outcome)
    }

    fn remember(&mut self, id: Id, admitted: &Admitted, index: u64) {
        let transaction = &admitted.signed.transaction;
        self.seen.remember(Remembered::new(&admitted.pair, transaction.valid_until, index));
        self.position.indexed &= self.indexed;
        if self.indexed {
            self.unsaved.add(&id, transaction, index);
        }
    }

    /// About what a flush takes of memory for what is to be indexed and remembered since the last commit.
    pub(crate) fn staged_bytes(&self) -> usize {
        self.unsaved.memory_bytes().saturating_add(self.seen.unsaved_bytes())
    }

    /// The next commit's entry.
    pub(crate) fn commit(&self, through: u64, time: u64, state_root: Id, first: bool) -> Commit {
        Commit {
            version: COMMIT_VERSION,
            ledger: self.ledger,
            rules: RULES,
            height: if first { 0 } else { self.position.height.saturating_add(1) },
            time,
            through,
            state_root,
        }
    }

    /// Notes a commit that stands in the log.
    pub(crate) fn committed(&mut self, commit: &Commit) {
        self.position.height = commit.height;
        self.position.commit_through = commit.through;
        self.position.state_root = commit.state_root;
        self.position.rules = commit.rules;
        self.position.time = self.position.time.max(commit.time);
    }

    /// Replays the log from the position to `to`: recovery is also the audit, for every commit on the way must give
    /// its own state root. Returns the index of the last commit that was met, if any.
    pub(crate) fn replay(
        &mut self,
        tree: &mut Tree,
        store: &StateStore,
        log: &LogReader,
        to: u64,
        keys: Option<&KeyCache>,
        progress: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<Option<u64>> {
        let boundaries = find_boundaries(log, self.position.through, to, self.position.commit_through)?;
        self.replay_between(&boundaries, tree, store, log, to, keys, progress)
    }

    /// Replays what the last commit below `size` is through, and no entry more.
    pub(crate) fn replay_to_last_commit(
        &mut self,
        tree: &mut Tree,
        store: &StateStore,
        log: &LogReader,
        size: u64,
    ) -> Result<()> {
        let boundaries = find_boundaries(log, self.position.through, size, self.position.commit_through)?;
        let to = boundaries.last().map_or(self.position.through, |last| last.commit.through);
        self.replay_between(&boundaries, tree, store, log, to, None, &mut |_, _| Ok(()))?;
        Ok(())
    }

    /// Replays what the last commit below `size` is through, as a follower does. `has_note`: whether the commit that it stands
    /// at has one.
    pub(crate) fn replay_commits(
        &mut self,
        tree: &mut Tree,
        store: &StateStore,
        log: &LogReader,
        size: u64,
        has_note: bool,
    ) -> Result<Option<u64>> {
        let mut boundaries = find_boundaries(log, self.position.through, size, self.position.commit_through)?;
        // The note of the last commit may not be stored yet: until it is, or another commit follows, what was proven
        // before it stands.
        if let [.., _, last] | [last] = boundaries.as_slice()
            && (boundaries.len() > 1 || has_note)
            && log.note(last.index.saturating_add(1))?.is_none()
        {
            self.awaited_note = Some(last.index);
            boundaries.pop();
        } else {
            self.awaited_note = None;
        }
        let to = boundaries.last().map_or(self.position.through, |last| last.commit.through);
        // The tail was applied from a position that is left behind now.
        if to != self.position.through {
            self.tail = None;
        }
        self.replay_between(&boundaries, tree, store, log, to, None, &mut |_, _| Ok(()))
    }

    #[expect(clippy::too_many_arguments, reason = "the one loop under two ways to replay")]
    fn replay_between(
        &mut self,
        boundaries: &[Boundary],
        tree: &mut Tree,
        store: &StateStore,
        log: &LogReader,
        to: u64,
        keys: Option<&KeyCache>,
        progress: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<Option<u64>> {
        if boundaries.is_empty() && to == self.position.through {
            // A follower asks again and again, mostly for nothing: that is not worth a thread.
            return Ok(None);
        }
        std::thread::scope(|scope| {
            // The changes of one commit may wait while the root of the one before is found.
            let (met, roots_to_check) = sync_channel(1);
            let checking = scope.spawn(move || check_roots(tree, store, &roots_to_check));
            let applied = self.apply_entries(boundaries, &met, store, log, to, keys, progress);
            drop(met);
            // What is wrong with a root is the cause of whatever went wrong after it.
            checking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            applied
        })
    }

    /// Applies the entries up to `to`, and hands over what changed up to each boundary.
    #[expect(clippy::too_many_arguments, reason = "the loop of replay_between")]
    fn apply_entries<'b>(
        &mut self,
        boundaries: &'b [Boundary],
        met: &SyncSender<(&'b Boundary, Vec<Change>)>,
        store: &StateStore,
        log: &LogReader,
        to: u64,
        keys: Option<&KeyCache>,
        progress: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<Option<u64>> {
        // The commit that the flushed state is of stands above `through`: its boundary is met at once.
        let mut next = 0usize;
        let mut index = self.position.through;
        let mut ready = prepare_page(log, index, to, &self.machine.admission_rules(), keys)?;
        while !ready.is_empty() {
            let after = index_after(index, ready.len());
            let rules = self.machine.admission_rules();
            // The next page is made ready while this one is applied: on this thread, because it waits for roots, which are
            // found by threads of the pool. One of them must not wait for them.
            let mut following = Ok(Vec::new());
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| following = prepare_page(log, after, to, &rules, keys));
                self.apply_page(boundaries, &mut next, index, &ready, met, store, log, keys)
            })?;
            ready = following?;
            index = after;
            progress(index, to)?;
        }
        self.meet_boundaries(boundaries, &mut next, to, met)?;
        self.position.through = to;
        let last = next.checked_sub(1).and_then(|last| boundaries.get(last));
        Ok(last.map(|boundary| boundary.index))
    }

    /// Applies a page of entries, of which the first has this index.
    #[expect(clippy::too_many_arguments, reason = "the inner loop of apply_entries")]
    fn apply_page<'b>(
        &mut self,
        boundaries: &'b [Boundary],
        next: &mut usize,
        first: u64,
        page: &[Prepared],
        met: &SyncSender<(&'b Boundary, Vec<Change>)>,
        store: &StateStore,
        log: &LogReader,
        keys: Option<&KeyCache>,
    ) -> Result<()> {
        let mut index = first;
        for some in page.chunks(PREPARED_ENTRIES) {
            self.fetch(some.iter().filter_map(Prepared::admission), store)?;
            for prepared in some {
                self.meet_boundaries(boundaries, next, index, met)?;
                self.replay_entry(index, prepared, store, log, index, keys)?;
                self.in_flight.clear();
                index = index.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Whether the note that was not there yet is there now.
    pub(crate) fn note_has_come(&self, log: &LogReader) -> Result<bool> {
        match self.awaited_note {
            None => Ok(false),
            Some(commit_index) => Ok(log.note(commit_index.saturating_add(1))?.is_some()),
        }
    }

    /// How many entries are applied, the tail included.
    pub(crate) fn applied(&self) -> u64 {
        self.tail.as_ref().map_or(self.position.through, |tail| tail.applied)
    }

    /// Applies the entries after the last commit on top of the records, for readers.
    pub(crate) fn apply_tail(&mut self, store: &StateStore, log: &LogReader, size: u64) -> Result<()> {
        let mut tail = self.tail.take().unwrap_or_else(|| Tail {
            machine: self.machine.clone(),
            applied: self.position.through,
            time: self.position.time,
            changes: Changes::default(),
            unsaved: IndexEntries::new(self.unsaved.key),
        });
        let indexed = self.indexed;
        while tail.applied < size {
            for bytes in page(log, tail.applied, size)? {
                let index = tail.applied;
                let (_, working) = self.working(store, log, index);
                tail.apply_entry(working, index, &bytes, indexed)?;
                tail.applied = index.saturating_add(1);
            }
        }
        self.tail = Some(tail);
        Ok(())
    }

    /// The time of the last entry, ms.
    pub(crate) fn time(&self) -> u64 {
        self.tail.as_ref().map_or(self.position.time, |tail| tail.time)
    }

    /// A record, if it is in memory.
    pub(crate) fn peek(&self, table: &Table, id: &Id) -> Known<'_> {
        let in_tail = self.tail.as_ref().and_then(|tail| tail.changes.get(&(*table, *id)));
        in_tail.map_or_else(|| self.cache.peek(table, id), |record| Known::from(record.as_ref()))
    }

    /// Records of a table that changed since the tree was updated.
    pub(crate) fn changed_in(&self, table: &Table) -> Vec<(Id, Option<&Record>)> {
        let mut changed: Vec<(Id, Option<&Record>)> = self.cache.dirty_in(table).collect();
        if let Some(tail) = &self.tail {
            let of_table = tail.changes.iter().filter(|((of, _), _)| of == table);
            changed.extend(of_table.map(|((_, id), record)| (*id, record.as_ref())));
        }
        changed
    }

    /// Adds the log indexes from `from` on, of entries that no commit covers yet, at which what is sought may be.
    pub(crate) fn candidates(&self, sought: &Sought, from: u64, into: &mut Vec<u64>) {
        self.unsaved.candidates(sought, from, into);
        if let Some(tail) = &self.tail {
            tail.unsaved.candidates(sought, from, into);
        }
    }

    fn meet_boundaries<'b>(
        &mut self,
        boundaries: &'b [Boundary],
        next: &mut usize,
        index: u64,
        met: &SyncSender<(&'b Boundary, Vec<Change>)>,
    ) -> Result<()> {
        while let Some(boundary) = boundaries.get(*next).filter(|next| next.commit.through == index) {
            let mut changes = Vec::new();
            self.cache.take_delta(&mut changes)?;
            met.send((boundary, changes))
                .map_err(|_| Error::Storage("a state root was found to be wrong".to_owned()))?;
            *next = next.saturating_add(1);
        }
        Ok(())
    }

    /// Applies an entry, of which every byte must be what applying it gives. Those from `log_size` on are in flight.
    pub(crate) fn replay_entry(
        &mut self,
        index: u64,
        prepared: &Prepared,
        store: &dyn Stored,
        log: &LogReader,
        log_size: u64,
        keys: Option<&KeyCache>,
    ) -> Result<()> {
        let Prepared { bytes, .. } = prepared;
        match prepared.entry(index)? {
            Decoded::Genesis(genesis) => {
                if index != 0 || genesis.ledger_id() != self.ledger {
                    return Err(corrupt_entry(index, "genesis of this ledger, at 0 only", "another genesis"));
                }
            }
            Decoded::Applied { time } => {
                not_before(index, self.position.time, *time)?;
                let (signed, admission) = prepared.admitted(index, &self.machine, keys)?;
                let mut entry = Vec::with_capacity(bytes.len());
                let outcome = self.apply(store, log, log_size, signed, &admission, *time, &mut entry)?;
                expect_applied(index, outcome, &entry, bytes)?;
            }
            Decoded::Commit(commit) => {
                not_before(index, self.position.time, commit.time)?;
                let height = if index <= 1 { 0 } else { self.position.height.saturating_add(1) };
                if commit.version != COMMIT_VERSION || commit.ledger != self.ledger || commit.height != height {
                    return Err(corrupt_entry(
                        index,
                        &format!("commit {height} of this ledger, version 1"),
                        &format!("commit {} of ledger {}, version {}", commit.height, commit.ledger, commit.version),
                    ));
                }
                if commit.rules < self.position.rules || commit.rules > RULES {
                    return Err(corrupt_entry(
                        index,
                        &format!("rules {} to {RULES}", self.position.rules),
                        &format!("rules {}, made by a newer Counterfoil", commit.rules),
                    ));
                }
                self.committed(commit);
            }
            Decoded::Operator(change) => {
                let message = OperatorChange::message(&self.ledger, self.position.height, &change.new_key);
                let old = self.position.operator();
                let check = Check { key: old.as_bytes(), signature: &change.signature, message: &message };
                if !signature::verify(&check) {
                    return Err(corrupt_entry(index, &format!("a signature by operator {old}"), "another"));
                }
                self.position.operators.push(change.new_key);
            }
        }
        Ok(())
    }
}

/// Finds the state root of each commit, which must be the one that it states.
fn check_roots(tree: &mut Tree, store: &StateStore, met: &Receiver<(&Boundary, Vec<Change>)>) -> Result<()> {
    while let Ok((boundary, changes)) = met.recv() {
        boundary.expect_root(tree.update(store, &changes)?)?;
    }
    Ok(())
}

/// The commits between two indexes: replaying must know where their state roots stand before it gets there.
fn find_boundaries(log: &LogReader, from: u64, to: u64, commit_through: u64) -> Result<Vec<Boundary>> {
    let mut boundaries: Vec<Boundary> = Vec::new();
    let mut previous = commit_through;
    log.entries(from, to.saturating_sub(from), |index, bytes| {
        if let Some(boundary) = Boundary::find(index, bytes, previous)? {
            previous = boundary.commit.through;
            // A commit may be through less than a later one that stands where the state does: that is found already.
            if previous >= from {
                boundaries.push(boundary);
            }
        }
        Ok(true)
    })?;
    Ok(boundaries)
}

/// Some entries, copied: no view of the log is held while they are applied.
fn page(log: &LogReader, from: u64, to: u64) -> Result<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    let next = log.entries(from, to.saturating_sub(from).min(PAGE_ENTRIES), |_, bytes| {
        entries.push(bytes.to_vec());
        Ok(true)
    })?;
    if next <= from { Err(corrupt_entry(from, "an entry", "none")) } else { Ok(entries) }
}

pub(crate) const COMMIT_TAG: u8 = 2;
pub(crate) const PAGE_ENTRIES: u64 = 4_096;

/// So many entries are made ready at once by one thread: enough to verify their signatures together.
const PREPARED_ENTRIES: usize = 512;

/// An entry of the log as far as it can be looked at before those ahead of it are applied.
pub(crate) struct Prepared {
    pub(crate) bytes: Vec<u8>,
    /// None where the bytes do not decode.
    entry: Option<Decoded>,
    /// Where in the bytes the transaction is that it applied; empty in other entries.
    signed: Range<usize>,
    /// The transaction's admission, under the parameters of a little earlier.
    admission: Option<Admission>,
}

/// What an entry says.
pub(crate) enum Decoded {
    Genesis(Genesis),
    /// When. What was applied is in the admission, and with which effects in the bytes.
    Applied {
        time: u64,
    },
    Commit(Commit),
    Operator(OperatorChange),
}

/// The next entries, made ready by all cores; none at the end.
pub(crate) fn prepare_page(
    log: &LogReader,
    from: u64,
    to: u64,
    rules: &AdmissionRules,
    keys: Option<&KeyCache>,
) -> Result<Vec<Prepared>> {
    if from >= to {
        return Ok(Vec::new());
    }
    let mut entries = page(log, from, to)?;
    let pieces = entries.par_chunks_mut(PREPARED_ENTRIES);
    Ok(pieces.flat_map_iter(|some| prepare(some, rules, keys)).collect())
}

pub(crate) fn prepare(some: &mut [Vec<u8>], rules: &AdmissionRules, keys: Option<&KeyCache>) -> Vec<Prepared> {
    let mut decoded = Vec::with_capacity(some.len());
    let mut prepared = Vec::with_capacity(some.len());
    for bytes in some.iter_mut().map(std::mem::take) {
        let (one, signed) = Prepared::decode(bytes);
        decoded.extend(signed);
        prepared.push(one);
    }
    let transactions = prepared.iter().filter_map(Prepared::transaction).zip(decoded).collect();
    let mut admissions = admit_signed(transactions, rules);
    if let Some(keys) = keys {
        verify_signatures(&mut admissions, rules, keys);
    }
    let mut admissions = admissions.into_iter();
    for one in prepared.iter_mut().filter(|one| !one.signed.is_empty()) {
        one.admission = admissions.next();
    }
    prepared
}

impl Prepared {
    /// An entry that is not admitted yet, and its transaction, if it applied one.
    fn decode(bytes: Vec<u8>) -> (Self, Option<SignedTransaction>) {
        let (mut range, mut signed) = (Range::default(), None);
        let entry = Entry::decode(&bytes).map(|entry| match entry {
            Entry::Genesis(genesis) => Decoded::Genesis(genesis),
            Entry::Commit(commit) => Decoded::Commit(commit),
            Entry::Operator(change) => Decoded::Operator(change),
            Entry::Applied(applied) => {
                if let Some(found) = applied.signed_range(&bytes) {
                    (range, signed) = (found, Some(applied.signed));
                }
                Decoded::Applied { time: applied.time }
            }
        });
        (Self { bytes, entry, signed: range, admission: None }, signed)
    }

    /// Its transaction's admission; none of other entries.
    pub(crate) const fn admission(&self) -> Option<&Admission> {
        self.admission.as_ref()
    }

    /// How many signatures its transaction has, its slips included.
    pub(crate) fn signatures(&self, ledger: &Id) -> usize {
        let Some(Ok(Admitted { signed, .. })) = self.admission().map(|admission| &admission.verdict) else { return 0 };
        let operations = signed.transaction.operations.iter();
        operations
            .map(|operation| operation.signatures(ledger).len())
            .fold(signed.signatures.len(), usize::saturating_add)
    }

    /// What the bytes say.
    pub(crate) fn entry(&self, index: u64) -> Result<&Decoded> {
        self.entry.as_ref().ok_or_else(|| corrupt_entry(index, "an entry", "bytes that do not decode"))
    }

    /// The transaction's own bytes, and its admission under the parameters that are in force now.
    pub(crate) fn admitted(
        &self,
        index: u64,
        machine: &Machine,
        keys: Option<&KeyCache>,
    ) -> Result<(&[u8], Cow<'_, Admission>)> {
        let signed = self.transaction().zip(self.admission.as_ref());
        let (signed, admission) =
            signed.ok_or_else(|| corrupt_entry(index, "a signed transaction", "too few bytes"))?;
        if machine.is_current(admission) {
            return Ok((signed, Cow::Borrowed(admission)));
        }
        // An earlier entry has changed the parameters.
        let rules = machine.admission_rules();
        let again = match keys {
            Some(keys) => admit(&[signed], &rules, keys).pop(),
            None => Some(admit_form(signed, &rules)),
        };
        Ok((signed, Cow::Owned(again.ok_or_else(|| corrupt_entry(index, "a verdict", "none"))?)))
    }

    /// The transaction's own bytes, if the entry applied one.
    fn transaction(&self) -> Option<&[u8]> {
        self.bytes.get(self.signed.clone()).filter(|bytes| !bytes.is_empty())
    }
}

/// Refuses an entry of an earlier time than the one before it.
pub(crate) fn not_before(index: u64, bound: u64, time: u64) -> Result<()> {
    if time < bound {
        return Err(corrupt_entry(index, &format!("a time from {bound} ms on"), &time.to_string()));
    }
    Ok(())
}

/// Refuses what became of an entry's transaction, unless it is what the entry says.
pub(crate) fn expect_applied(index: u64, outcome: Outcome, made: &[u8], stored: &[u8]) -> Result<()> {
    match outcome {
        Outcome::Applied if made == stored => Ok(()),
        Outcome::Applied => Err(corrupt_entry(index, "the effects that applying it has", "others")),
        Outcome::Duplicate { index: first } => {
            Err(corrupt_entry(index, "a new transaction", &format!("the one of entry {first}")))
        }
        Outcome::Refused(refusal) => Err(corrupt_entry(index, "a transaction that applies", refusal.status.name())),
    }
}

pub(crate) fn corrupt_entry(index: u64, expected: &str, found: &str) -> Error {
    Error::Entry { index, expected: expected.to_owned(), found: found.to_owned() }
}
