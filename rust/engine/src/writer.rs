//! The writer: one thread admits (signatures, in parallel), one applies and appends, one hashes, one flushes.
//!
//! ```text
//! submit ─► inbox ─► admit ─► apply + append (one synced log commit a group) ─► outcomes
//!                                │ changes                    ▲ state root
//!                                └────────► root ─────────────┘──► checkpoint ──► flush
//! ```
//!
//! What a crash at any point leaves is a log of whole groups and a state at some commit below its end: reopening replays
//! from there.

use crate::admit::{ApplyJob, Batch, Outcomes, Piece, Reply, admit_parts};
use crate::error::{Error, Result};
use crate::indexes::IndexEntries;
use crate::ledger::OutcomeRow;
use crate::log_store::LogStore;
use crate::memory::{TreeSize, Unflushed, entries_memory_bytes};
use crate::opening::sign_if_missing;
use crate::replica::{Overlay, POSITION, Position, Replica, index_after};
use crate::seen::Remembered;
use crate::shared::Shared;
use crate::state_store::FlushBatch;
use crate::tree::Change;
use counterfoil_core::Id;
use counterfoil_core::apply::{Admission, Outcome, Refusal, admit};
use counterfoil_core::note::{Checkpoint, NoteError, SignedNote};
use counterfoil_core::signature::{self};
use counterfoil_core::state::SeenTransaction;
use counterfoil_core::status::OK;
use counterfoil_core::wire::{Entry, OperatorChange, encode};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How far ahead of the engine's clock a stated time may lie, ms.
const AHEAD_MAX_MS: u64 = 60_000;

/// A group takes in what waits until it has this many entries.
const GROUP_ENTRIES: usize = 16_384;

/// Or so many bytes.
const GROUP_BYTES: usize = 16 << 20;

/// A commit is made of so many bytes of entries at the latest, so that whoever reads the log has to keep few: see
/// `WAITING_BYTES_MAX` of the feed. Twice as many may wait, and a job is always written whole.
const UNCOMMITTED_BYTES: usize = 128 << 20;

/// Records are fetched for so many transactions at once: few enough to be near when they are applied.
const FETCHED_TRANSACTIONS: usize = 256;

/// What the writer is sent.
pub(crate) enum Work {
    /// Parts are done in the order of their numbers, in whatever order they come.
    Part {
        number: u64,
        part: Ordered,
    },
    Root {
        task: CommitTask,
        /// And the size of the tree that has it.
        root: Result<(Id, TreeSize)>,
    },
    Flushed {
        delta: u64,
        result: Result<()>,
    },
    /// Another thread has poisoned the handle.
    Stop,
}

/// What callers want, in their order.
pub(crate) enum Ordered {
    /// Transactions to apply.
    Pieces(Vec<Piece>),
    DryRun {
        batch: Batch,
        admissions: Vec<Admission>,
        time: Option<u64>,
        reply: Reply<Vec<OutcomeRow>>,
    },
    Checkpoint {
        time: Option<u64>,
        reply: Reply<String>,
    },
    Cosign {
        note: SignedNote,
        reply: Reply<String>,
    },
    Rotate {
        seed: [u8; 32],
        reply: Reply<()>,
    },
    HandOver {
        heir: Id,
        reply: Reply<String>,
    },
    Flush {
        reply: Reply<()>,
    },
    Close,
}

/// A state root to be found: the state after every entry below `through`.
pub(crate) struct CommitTask {
    changes: Vec<Change>,
    delta: u64,
    position: Position,
}

/// What the thread that keeps the tree is sent, and does in this order.
enum TreeTask {
    Commit(CommitTask),
    /// The tree stands at a durable commit, which is to be flushed.
    Flush(FlushTask),
    /// The flush is written.
    EndFlush,
}

/// What is flushed beside the tree.
struct FlushTask {
    position: Position,
    delta: u64,
    indexes: Arc<IndexEntries>,
    remembered: Vec<Remembered>,
}

/// The threads of a ledger that is open for writing.
pub(crate) struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Starts them. What the writer is to do is sent to it.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        log: LogStore,
        operator: Option<[u8; 32]>,
    ) -> Result<(Self, Sender<Work>)> {
        let (work, receive_work) = channel();
        let (tree_tasks, receive_tree_tasks) = channel();
        let (flushes, receive_flushes) = channel();
        let uncommitted_bytes = shared.uncommitted_bytes()?;
        let state_is_new = shared.loaded.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        let size = shared.read_tree()?.size();
        let writer = Writer {
            shared: Arc::clone(shared),
            log,
            operator,
            work: receive_work,
            tree_tasks,
            parts: BTreeMap::new(),
            next_part: 0,
            events: VecDeque::new(),
            commit_running: false,
            flush_running: false,
            closing: false,
            times: Times::Log,
            uncommitted_bytes,
            // A state that was made anew is flushed soon, at the latest when the ledger is closed: the next opening and
            // followers shall not have to make it again.
            changed_since_flush: if state_is_new { shared.options.flush_records } else { 0 },
            unflushed: Unflushed::new(shared.options.memory().unflushed_bytes, size),
            committed: None,
            committed_delta: 0,
            last_commit: now(),
            wanted_time: None,
            checkpoint_waiters: Vec::new(),
            flush_waiters: Vec::new(),
            heir: None,
            hand_over_waiter: None,
            staged: Vec::new(),
            spare_changes: Vec::new(),
            entries: Batch::default(),
        };
        let mut handles = Vec::new();
        let mut spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            let (guarded, wake) = (Arc::clone(shared), work.clone());
            let thread = std::thread::Builder::new().name(format!("counterfoil-{name}")).spawn(move || {
                stop_on_panic(&guarded, &wake, body);
            });
            match thread {
                Ok(handle) => {
                    handles.push(handle);
                    Ok(())
                }
                Err(source) => Err(Error::Io { path: shared.home.path().to_owned(), source }),
            }
        };
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..workers {
            let to_writer = work.clone();
            let admitting = Arc::clone(shared);
            spawn("admit", Box::new(move || admit_parts(&admitting, &to_writer, workers)))?;
        }
        let to_writer = work.clone();
        let hashing = Arc::clone(shared);
        spawn("root", Box::new(move || keep_tree(&hashing, &receive_tree_tasks, &flushes, &to_writer)))?;
        let to_writer = work.clone();
        let flushing = Arc::clone(shared);
        spawn("flush", Box::new(move || flush_batches(&flushing, &receive_flushes, &to_writer)))?;
        spawn("apply", Box::new(move || writer.run()))?;
        Ok((Self(handles), work))
    }

    /// Waits until all have ended.
    pub(crate) fn join(self) {
        for handle in self.0 {
            // A panic was turned into poison inside the thread.
            let _ = handle.join();
        }
    }
}

/// Runs a part of the engine. Where it panics the handle is poisoned, and the writer learns of it.
pub(crate) fn stop_on_panic(shared: &Shared, work: &Sender<Work>, body: impl FnOnce()) {
    if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)) {
        let what = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("unknown panic");
        shared.poison(&format!("a bug in Counterfoil: {what}"));
        let _ = work.send(Work::Stop);
    }
}

#[expect(clippy::disallowed_methods, reason = "the engine's own pace, not the ledger's time")]
fn now() -> Instant {
    Instant::now()
}

/// The engine's clock, ms since 1970. The core never sees it.
#[expect(clippy::disallowed_methods, reason = "the engine refuses times ahead of its own clock")]
pub(crate) fn clock_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn keep_tree(
    shared: &Arc<Shared>,
    tasks: &Receiver<TreeTask>,
    flushes: &Sender<(FlushBatch, u64)>,
    work: &Sender<Work>,
) {
    while let Ok(task) = tasks.recv() {
        let tree = shared.tree.write().map_err(|_| shared.why_unusable());
        let is_heard = match task {
            TreeTask::Commit(mut task) => {
                let root = tree.and_then(|mut tree| Ok((tree.update(&shared.store, &task.changes)?, tree.size())));
                task.changes.clear();
                work.send(Work::Root { task, root }).is_ok()
            }
            TreeTask::Flush(FlushTask { position, delta, indexes, remembered }) => {
                match tree.and_then(|mut tree| tree.begin_flush(position.through)) {
                    Ok(mut batch) => {
                        batch.set_indexes(indexes);
                        batch.set_seen(remembered, position.time);
                        batch.set_value(POSITION, encode(&position));
                        flushes.send((batch, delta)).is_ok()
                    }
                    Err(error) => work.send(Work::Flushed { delta, result: Err(error) }).is_ok(),
                }
            }
            TreeTask::EndFlush => tree.map(|mut tree| tree.end_flush()).is_ok(),
        };
        if !is_heard {
            return;
        }
    }
}

fn flush_batches(shared: &Arc<Shared>, tasks: &Receiver<(FlushBatch, u64)>, work: &Sender<Work>) {
    while let Ok((batch, delta)) = tasks.recv() {
        let result = shared.store.environment().sync_meanwhile(|| shared.store.write_flush(&batch));
        drop(batch);
        if work.send(Work::Flushed { delta, result }).is_err() {
            return;
        }
    }
}

/// Where the time of the last entry is from. Commits nobody asked for keep to the clock, or to what the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// From the log: nothing was applied since it was opened.
    Log,
    /// From the caller: a ledger that replays the past, whose next entry may be as old.
    Stated,
    /// From the clock.
    Clock,
}

struct Writer {
    shared: Arc<Shared>,
    log: LogStore,
    operator: Option<[u8; 32]>,
    work: Receiver<Work>,
    tree_tasks: Sender<TreeTask>,
    /// Parts that came before their turn.
    parts: BTreeMap<u64, Ordered>,
    /// The number of the part whose turn it is.
    next_part: u64,
    /// What other threads have done, when it came while a group was open.
    events: VecDeque<Work>,
    commit_running: bool,
    flush_running: bool,
    closing: bool,
    times: Times,
    /// What the entries take that were appended since the last commit began. A refused transaction appends none, and
    /// causes no commit.
    uncommitted_bytes: usize,
    changed_since_flush: usize,
    unflushed: Unflushed,
    /// None before the first commit of this handle, and once it is being flushed.
    committed: Option<Committed>,
    /// The last delta that a commit covers.
    committed_delta: u64,
    last_commit: Instant,
    wanted_time: Option<u64>,
    checkpoint_waiters: Vec<(u64, Reply<String>)>,
    flush_waiters: Vec<(u64, Reply<()>)>,
    /// Who goes on with the ledger elsewhere. From when that is set nothing more is applied here.
    heir: Option<Id>,
    /// Told, with the last checkpoint, when the ledger is handed over.
    hand_over_waiter: Option<(u64, Reply<String>)>,
    /// Remembered transactions of commits that are not flushed yet.
    staged: Vec<Remembered>,
    /// The list of the last commit's changes, empty: new memory costs as much as hashing a third of them.
    spare_changes: Vec<Change>,
    /// Empty between two groups; kept for its memory.
    entries: Batch,
}

impl Writer {
    fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        if let Err(error) = self.work_until_closed() {
            shared.poison(&error.to_string());
        }
        shared.stop();
    }

    fn work_until_closed(&mut self) -> Result<()> {
        loop {
            if self.shared.is_poisoned() {
                return Err(self.shared.why_unusable());
            }
            if self.closing && !self.commit_running && !self.flush_running {
                return Ok(());
            }
            match self.next_event()? {
                Some(Work::Root { task, root }) => self.finish_commit(task, root?)?,
                Some(Work::Flushed { delta, result }) => self.finish_flush(delta, result)?,
                Some(Work::Part { part, .. }) => self.next_in_order(part)?,
                Some(Work::Stop) => return Err(self.shared.why_unusable()),
                None => {}
            }
            self.flush_if_due()?;
            self.commit_if_due()?;
        }
    }

    /// What is to be done next, parts in their order; nothing when it is time to look whether a commit is due.
    fn next_event(&mut self) -> Result<Option<Work>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if !self.has_to_wait()
                && let Some(part) = self.parts.remove(&self.next_part)
            {
                let number = self.next_part;
                self.next_part = number.saturating_add(1);
                return Ok(Some(Work::Part { number, part }));
            }
            match self.work.recv_timeout(self.until_next_commit()) {
                Ok(work) => self.take_in(work),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Err(self.shared.why_unusable()),
            }
        }
    }

    /// Whether entries were appended that no commit covers.
    const fn is_uncommitted(&self) -> bool {
        self.uncommitted_bytes > 0
    }

    fn add_uncommitted(&mut self, count: usize, bytes: usize) {
        self.uncommitted_bytes = self.uncommitted_bytes.saturating_add(entries_memory_bytes(count, bytes));
    }

    /// Whether nothing may change until the commit or the flush that is under way has ended: it will make room.
    fn has_to_wait(&self) -> bool {
        let is_full = (self.commit_running || self.flush_running) && self.unflushed.is_full();
        is_full || (self.commit_running && self.uncommitted_bytes >= UNCOMMITTED_BYTES)
    }

    fn take_in(&mut self, work: Work) {
        match work {
            Work::Part { number, part } => {
                self.parts.insert(number, part);
            }
            Work::Root { .. } | Work::Flushed { .. } | Work::Stop => self.events.push_back(work),
        }
    }

    fn next_in_order(&mut self, part: Ordered) -> Result<()> {
        match part {
            Ordered::Pieces(pieces) => self.apply_group(pieces),
            Ordered::DryRun { batch, admissions, time, reply } => {
                let rows = self.dry_run(&batch, admissions, time);
                reply.send(rows);
                Ok(())
            }
            Ordered::Checkpoint { time, reply } => self.want_checkpoint(time, reply),
            Ordered::Rotate { seed, reply } => self.rotate(seed, reply),
            Ordered::HandOver { heir, reply } => self.want_hand_over(heir, reply),
            Ordered::Flush { reply } => self.want_flush(reply),
            Ordered::Cosign { note, reply } => {
                reply.send(self.add_cosignatures(&note));
                Ok(())
            }
            Ordered::Close => self.close(),
        }
    }

    /// More pieces for the group that is open: those whose turn it is, waited for where a job is not complete.
    fn more_pieces(&mut self, wait: bool) -> Result<Option<Vec<Piece>>> {
        loop {
            while let Ok(work) = self.work.try_recv() {
                self.take_in(work);
            }
            if self.shared.is_poisoned() {
                return Err(self.shared.why_unusable());
            }
            if let Some(entry) = self.parts.first_entry()
                && *entry.key() == self.next_part
                && matches!(entry.get(), Ordered::Pieces(_))
                && let Ordered::Pieces(pieces) = entry.remove()
            {
                self.next_part = self.next_part.saturating_add(1);
                return Ok(Some(pieces));
            }
            if !wait {
                return Ok(None);
            }
            let work = self.work.recv().map_err(|_| self.shared.why_unusable())?;
            self.take_in(work);
        }
    }

    /// How long until a commit is due by time; none where nothing is to be committed by time.
    fn until_due(&self) -> Option<Duration> {
        let every = Duration::from_millis(self.shared.options.commit_every_ms.filter(|_| self.is_uncommitted())?);
        // Half the commits are half the hashing: what is hashed often changes again soon. A fifth less than twice the
        // time, because the group in hand has to end first.
        let is_saturated = self.shared.inbox.lock().unwrap_or_else(PoisonError::into_inner).is_saturated();
        let every = if is_saturated { every.saturating_mul(18).checked_div(10).unwrap_or(every) } else { every };
        Some(every.saturating_sub(self.last_commit.elapsed()))
    }

    fn until_next_commit(&self) -> Duration {
        const IDLE: Duration = Duration::from_secs(3_600);
        // Nothing to commit: the next change wakes the thread, and is then due at the latest after the whole time.
        if self.commit_running { IDLE } else { self.until_due().unwrap_or(IDLE) }
    }

    fn commit_if_due(&mut self) -> Result<()> {
        if self.commit_running {
            return Ok(());
        }
        let due = self.until_due().is_some_and(|left| left.is_zero());
        let wanted = !self.checkpoint_waiters.is_empty()
            || self.flush_waiters.iter().any(|(delta, _)| *delta > self.committed_delta)
            || self.hand_over_waiter.is_some();
        // Closing ends with a flush, and only a commit can be flushed.
        let last_one = self.closing && self.is_uncommitted();
        // And so does running out of memory.
        let crowded = self.is_uncommitted() && !self.flush_running && self.unflushed.needs_commit();
        let long = self.uncommitted_bytes >= UNCOMMITTED_BYTES;
        if due || wanted || last_one || crowded || long { self.start_commit() } else { Ok(()) }
    }

    fn lock_state<'a>(&self, shared: &'a Arc<Shared>) -> Result<MutexGuard<'a, Replica>> {
        shared.state.lock().map_err(|_| self.shared.why_unusable())
    }

    /// Applies pieces until no job is left half applied, appends what was applied in one synced log commit, and answers.
    ///
    /// The state stays locked throughout: a reader of this process sees what is durable, or waits. A crash before
    /// the append loses the whole group, which nobody was told of; one after it loses nothing.
    fn apply_group(&mut self, pieces: Vec<Piece>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        shared.let_readers_in();
        let mut state = self.lock_state(&shared)?;
        let entries = std::mem::take(&mut self.entries);
        let mut group = Group { entries, rows: Vec::new(), done: Vec::new(), time: Ok(0), is_open: false };
        let mut next = Some(pieces);
        while let Some(pieces) = next {
            let mut count = 0_usize;
            for piece in pieces {
                count = count.saturating_add(piece.admissions.len());
                self.apply_piece(&mut state, &mut group, piece)?;
            }
            shared.make_room(count);
            // What has been admitted meanwhile is written with it.
            let has_room = group.entries.len() < GROUP_ENTRIES && group.entries.bytes.len() < GROUP_BYTES;
            let more = group.is_open || has_room;
            next = if more { self.more_pieces(group.is_open)? } else { None };
        }
        let applied = group.entries.len();
        self.add_uncommitted(applied, group.entries.bytes.len());
        let entries: Vec<&[u8]> = group.entries.transactions(0, applied).collect();
        let appended = if applied > 0 { self.log.append(&entries).map(|_| ()) } else { Ok(()) };
        state.in_flight.clear();
        if let Err(error) = appended {
            let reason = error.to_string();
            shared.poison(&format!("a batch could not be written: {reason}"));
            // The callers of this very batch learn the cause itself.
            for (job, _) in group.done {
                job.answer(Err(copy_of(&error)));
            }
            return Err(error);
        }
        let time = state.position.time;
        state.seen.forget_before(time);
        self.unflushed.changed(state.cache.dirty_count(), state.staged_bytes());
        drop(state);
        for (job, rows) in group.done {
            job.answer(Ok(rows));
        }
        // A group ends with a job, and may have become larger.
        group.entries.clear(GROUP_ENTRIES.saturating_mul(2));
        self.entries = group.entries;
        Ok(())
    }

    fn apply_piece(&mut self, state: &mut Replica, group: &mut Group, piece: Piece) -> Result<()> {
        let Piece { job, from, admissions } = piece;
        if from == 0 {
            group.rows = Vec::with_capacity(job.batch.len());
            group.time = self.refuse_handed_over().and_then(|()| Self::time_of(state, job.time));
        }
        group.is_open = from.saturating_add(admissions.len()) < job.batch.len();
        let Ok(time) = group.time else {
            // None of the job's transactions is looked at; its last piece answers it.
            if !group.is_open {
                job.answer(std::mem::replace(&mut group.time, Ok(0)).map(|_| Vec::new()));
            }
            return Ok(());
        };
        self.times = if job.time.is_some() { Times::Stated } else { Times::Clock };
        // One view of the stored records for all of the piece: opening one for each record costs as much as reading it.
        let poison = |error: Error| {
            // Before anything is dropped: whoever waits is told why, and not that the ledger is closed.
            self.shared.poison(&error.to_string());
            error
        };
        let stored = self.shared.store.snapshot().map_err(poison)?;
        let mut position = from;
        for some in admissions.chunks(FETCHED_TRANSACTIONS) {
            state.fetch(some.iter(), &stored).map_err(poison)?;
            for admission in some {
                let bytes = job.batch.transaction(position);
                position = position.saturating_add(1);
                let admission = self.current(state, bytes, admission);
                let entries = &mut group.entries;
                let (log, size) = (&self.shared.log, self.log.size());
                let outcome =
                    state.apply(&stored, log, size, bytes, &admission, time, &mut entries.bytes).map_err(poison)?;
                group.rows.push(row(admission.id, outcome, index_after(size, entries.len())));
                if outcome == Outcome::Applied {
                    entries.end_one();
                }
            }
        }
        if !group.is_open {
            group.done.push((job, std::mem::take(&mut group.rows)));
        }
        Ok(())
    }

    /// The admission under the parameters in force: an earlier transaction of the group may have changed them.
    fn current<'a>(&self, state: &Replica, bytes: &[u8], admission: &'a Admission) -> Cow<'a, Admission> {
        if state.machine.is_current(admission) {
            return Cow::Borrowed(admission);
        }
        let rules = state.machine.admission_rules();
        *self.shared.rules.write().unwrap_or_else(PoisonError::into_inner) = rules.clone();
        match admit(&[bytes], &rules, &self.shared.keys).pop() {
            Some(admission) => Cow::Owned(admission),
            None => Cow::Borrowed(admission),
        }
    }

    /// Runs the same code on records whose changes are thrown away.
    fn dry_run(&mut self, batch: &Batch, admissions: Vec<Admission>, time: Option<u64>) -> Outcomes {
        let shared = Arc::clone(&self.shared);
        let mut state = self.lock_state(&shared)?;
        let time = self.refuse_handed_over().and_then(|()| Self::time_of(&state, time))?;
        let size = self.log.size();
        let mut applied = 0_usize;
        let mut rows = Vec::with_capacity(batch.len());
        let mut entry = Vec::new();
        let (machine, working) = state.working(&shared.store, &shared.log, size);
        let mut machine = machine.clone();
        let mut overlay = Overlay::new(working);
        for (position, admission) in admissions.into_iter().enumerate() {
            let bytes = batch.transaction(position);
            let admission = if machine.is_current(&admission) {
                admission
            } else {
                admit(&[bytes], &machine.admission_rules(), &shared.keys).pop().unwrap_or(admission)
            };
            entry.clear();
            let outcome = machine.apply(&mut overlay, bytes, &admission, time, &mut entry)?;
            let index = index_after(size, applied);
            if let (Outcome::Applied, Ok(admitted)) = (outcome, &admission.verdict) {
                overlay.remember(admitted.pair, SeenTransaction { id: admission.id, index });
                applied = applied.saturating_add(1);
            }
            rows.push(row(admission.id, outcome, index));
        }
        Ok(rows)
    }

    /// The time at which a job is applied: the stated one, or the clock's, never before the last entry's.
    fn time_of(state: &Replica, stated: Option<u64>) -> Result<u64> {
        let clock = clock_ms();
        let bound = clock.saturating_add(AHEAD_MAX_MS);
        let last = state.position.time;
        let time = stated.unwrap_or_else(|| clock.max(last));
        if time < last {
            let reason = format!("the log stands at {last} ms, and time never goes back");
            return Err(Error::Time { given_ms: time, reason });
        }
        if time > bound {
            let reason = format!("it is more than 60 s ahead of this machine's clock ({clock} ms)");
            return Err(Error::Time { given_ms: time, reason });
        }
        Ok(time)
    }

    fn want_checkpoint(&mut self, time: Option<u64>, reply: Reply<String>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let (delta, checked) = {
            let state = self.lock_state(&shared)?;
            (state.cache.delta(), Self::time_of(&state, time).and_then(|at| self.may_sign(&state).map(|_| at)))
        };
        match checked {
            Err(error) => reply.send(Err(error)),
            Ok(at) => {
                if time.is_some() || self.times != Times::Stated {
                    self.wanted_time = self.wanted_time.max(Some(at));
                }
                self.checkpoint_waiters.push((delta, reply));
            }
        }
        Ok(())
    }

    fn want_flush(&mut self, reply: Reply<()>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let delta = self.lock_state(&shared)?.cache.delta();
        self.flush_waiters.push((delta, reply));
        Ok(())
    }

    /// Adds cosignatures to the stored note of their checkpoint, and to what is published where that is the last one.
    fn add_cosignatures(&mut self, given: &SignedNote) -> Result<String> {
        let invalid = |error: NoteError| Error::Invalid(error.to_string());
        let tree_size = Checkpoint::parse(given.text()).map_err(invalid)?.tree_size;
        let stored = self.log.note(tree_size)?;
        let stored = stored.ok_or_else(|| Error::NotFound(format!("there is no checkpoint at {tree_size} entries")))?;
        let mut note = SignedNote::parse(&stored).map_err(invalid)?;
        note.add_cosignatures(given).map_err(invalid)?;
        let text = note.to_string();
        self.log.put_note(tree_size, text.as_bytes())?;
        self.shared.republish(tree_size, &text);
        Ok(text)
    }

    /// The operator's seed, if this handle may sign with it.
    fn may_sign(&self, state: &Replica) -> Result<[u8; 32]> {
        let seed = self.operator.ok_or(Error::NoOperatorKey)?;
        let (given, expected) = (Id(signature::public_key(&seed)), state.position.operator());
        if given != expected {
            return Err(Error::WrongOperatorKey { given: given.to_string(), expected: expected.to_string() });
        }
        if self.shared.is_confirmed() { Ok(seed) } else { Err(Error::Unconfirmed) }
    }

    /// A new operator key: an entry signed by the old one; later checkpoints are signed by the new one.
    fn rotate(&mut self, seed: [u8; 32], reply: Reply<()>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut state = self.lock_state(&shared)?;
        let old = match self.may_sign(&state) {
            Ok(old) => old,
            Err(error) => {
                reply.send(Err(error));
                return Ok(());
            }
        };
        self.append_operator(&mut state, Id(signature::public_key(&seed)), &old)?;
        self.operator = Some(seed);
        drop(state);
        reply.send(Ok(()));
        Ok(())
    }

    fn refuse_handed_over(&self) -> Result<()> {
        self.heir.map_or(Ok(()), |heir| Err(Error::HandedOver { heir: heir.to_string() }))
    }

    /// The ledger is handed over once a last checkpoint covers all that was applied; from now on nothing more is.
    fn want_hand_over(&mut self, heir: Id, reply: Reply<String>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let state = self.lock_state(&shared)?;
        match self.refuse_handed_over().and_then(|()| self.may_sign(&state)) {
            Err(error) => reply.send(Err(error)),
            Ok(_) if !signature::is_valid_key(heir.as_bytes()) || heir == state.position.operator() => {
                let problem =
                    format!("heir: expected an Ed25519 public key that is not the operator's own, found {heir}");
                reply.send(Err(Error::Invalid(problem)));
            }
            Ok(_) => {
                let delta = state.cache.delta();
                drop(state);
                self.heir = Some(heir);
                self.hand_over_waiter = Some((delta, reply));
            }
        }
        Ok(())
    }

    /// Ends what may be written here, after a commit that a checkpoint by the old key covers: an entry that names the
    /// heir, signed by the old key. The record in the folder comes first, and counts from when the entry is in the log:
    /// so there is no moment at which the ledger goes on here and elsewhere.
    fn hand_over(&mut self, note: Option<&String>) -> Result<()> {
        let (Some(heir), Some((_, reply))) = (self.heir, self.hand_over_waiter.take()) else { return Ok(()) };
        let (shared, Some(note)) = (Arc::clone(&self.shared), note) else {
            reply.send(Err(Error::NoOperatorKey));
            return Ok(());
        };
        let mut state = self.lock_state(&shared)?;
        shared.home.record_heir(&state.position.operators, &heir)?;
        let seed = self.may_sign(&state)?;
        self.append_operator(&mut state, heir, &seed)?;
        drop(state);
        reply.send(Ok(note.clone()));
        Ok(())
    }

    fn append_operator(&mut self, state: &mut Replica, new_key: Id, old: &[u8; 32]) -> Result<()> {
        // A commit that is being hashed was captured before this entry, and its height is not in the log yet: the
        // message names the last commit that is.
        let message = OperatorChange::message(&state.ledger, state.position.height, &new_key);
        let change = OperatorChange { new_key, signature: signature::sign(old, &message) };
        let entry = Entry::Operator(change).encode();
        self.log.append(&[&entry])?;
        self.add_uncommitted(1, entry.len());
        state.position.operators.push(new_key);
        Ok(())
    }

    /// Hands the changes since the last commit to the root thread; appending goes on meanwhile.
    fn start_commit(&mut self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut state = self.lock_state(&shared)?;
        shared.begin_publishing();
        state.position.through = self.log.size();
        let mut changes = std::mem::take(&mut self.spare_changes);
        let delta = state.cache.take_delta(&mut changes)?;
        self.changed_since_flush = self.changed_since_flush.saturating_add(changes.len());
        self.unflushed.begin_commit(state.staged_bytes());
        self.stage_indexes(&mut state);
        let position = state.position.clone();
        drop(state);
        self.commit_running = true;
        self.uncommitted_bytes = 0;
        self.last_commit = now();
        self.have_tree_do(TreeTask::Commit(CommitTask { changes, delta, position }))
    }

    /// Moves what the indexes do not hold yet to the entries of the next flush.
    fn stage_indexes(&mut self, state: &mut Replica) {
        self.staged.append(&mut state.seen.take_unsaved());
        let mut indexes = self.shared.recent.write().unwrap_or_else(PoisonError::into_inner);
        indexes.take_from(&mut state.unsaved);
    }

    /// The root is found: append the commit, sign a checkpoint, and flush the state if enough has changed.
    fn finish_commit(&mut self, task: CommitTask, (root, size): (Id, TreeSize)) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut state = self.lock_state(&shared)?;
        let mut time = state.position.time.max(self.wanted_time.take().unwrap_or(0));
        if self.times == Times::Clock {
            time = time.max(clock_ms());
        }
        let commit = state.commit(task.position.through, time, root, false);
        let commit_index = self.log.size();
        self.log.append(&[Entry::Commit(commit.clone()).encode()])?;
        // The commit is durable from here: a crash now leaves it without a note, which opening signs.
        state.committed(&commit);
        let signed = self.may_sign(&state);
        drop(state);
        let tree_size = self.log.size();
        let note = match signed {
            Ok(seed) => {
                // An older copy of this folder, written back into it, is known by the identity it brings: it has to be
                // renewed before anything is signed that such a copy would contradict.
                shared.home.record_identity(tree_size, &self.log.root())?;
                sign_if_missing(&mut self.log, &shared.genesis.origin, Some(&seed), tree_size)?
            }
            Err(_) => None,
        };
        self.commit_running = false;
        self.unflushed.end_commit(size);
        shared.publish(commit_index, &commit, note.clone());
        for (delta, reply) in std::mem::take(&mut self.checkpoint_waiters) {
            if delta > task.delta {
                self.checkpoint_waiters.push((delta, reply));
            } else {
                reply.send(note.clone().ok_or(Error::NoOperatorKey));
            }
        }
        self.committed_delta = task.delta;
        self.committed = Some(Committed { position: task.position, delta: task.delta });
        self.spare_changes = task.changes;
        if self.hand_over_waiter.as_ref().is_some_and(|(delta, _)| *delta <= task.delta) {
            self.hand_over(note.as_ref())?;
        }
        Ok(())
    }

    /// Writes the state of a durable commit behind, in one sorted LMDB commit, while applying goes on.
    fn flush_if_due(&mut self) -> Result<()> {
        if self.flush_running || self.commit_running {
            return Ok(());
        }
        let Some(committed) = &self.committed else { return Ok(()) };
        let due = self.changed_since_flush >= self.shared.options.flush_records
            || self.unflushed.needs_flush()
            || self.flush_waiters.iter().any(|(delta, _)| *delta <= committed.delta)
            || (self.closing && !self.is_uncommitted());
        if !due {
            return Ok(());
        }
        let Some(Committed { position, delta }) = self.committed.take() else { return Ok(()) };
        let indexes = self.shared.recent.write().unwrap_or_else(PoisonError::into_inner).begin_flush();
        let remembered = std::mem::take(&mut self.staged);
        self.changed_since_flush = 0;
        self.unflushed.begin_flush();
        self.flush_running = true;
        self.have_tree_do(TreeTask::Flush(FlushTask { position, delta, indexes, remembered }))
    }

    fn have_tree_do(&self, task: TreeTask) -> Result<()> {
        self.tree_tasks.send(task).map_err(|_| self.shared.why_unusable())
    }

    fn finish_flush(&mut self, delta: u64, result: Result<()>) -> Result<()> {
        result?;
        let shared = Arc::clone(&self.shared);
        self.have_tree_do(TreeTask::EndFlush)?;
        self.lock_state(&shared)?.cache.cover(delta);
        shared.recent.write().unwrap_or_else(PoisonError::into_inner).end_flush();
        // A reader that was killed keeps every page that it saw from being used again.
        shared.store.environment().clear_stale_readers()?;
        shared.log.environment().clear_stale_readers()?;
        self.flush_running = false;
        self.unflushed.end_flush();
        for (wanted, reply) in std::mem::take(&mut self.flush_waiters) {
            if wanted > delta {
                self.flush_waiters.push((wanted, reply));
            } else {
                reply.send(Ok(()));
            }
        }
        Ok(())
    }

    /// One last commit, one last flush; then the threads end. Where nothing happened the files stay as they are.
    fn close(&mut self) -> Result<()> {
        self.closing = true;
        if !self.commit_running && self.changed_since_flush > 0 && self.committed.is_none() {
            self.start_commit()?;
        }
        Ok(())
    }
}

/// The last finished commit: what a flush would write.
struct Committed {
    position: Position,
    delta: u64,
}

/// An error that several callers are told.
fn copy_of(error: &Error) -> Error {
    if let Error::MapFull { limit_bytes } = error {
        return Error::MapFull { limit_bytes: *limit_bytes };
    }
    Error::Storage(error.to_string())
}

/// What the caller is told of a transaction, which has this log index if it was applied.
fn row(id: Id, outcome: Outcome, index: u64) -> OutcomeRow {
    let row = OutcomeRow { id, status: OK, operation: None, index: None, duplicate: false };
    match outcome {
        Outcome::Applied => OutcomeRow { index: Some(index), ..row },
        Outcome::Duplicate { index } => OutcomeRow { index: Some(index), duplicate: true, ..row },
        Outcome::Refused(Refusal { status, operation }) => OutcomeRow { status, operation, ..row },
    }
}

/// A group that is being applied.
struct Group {
    /// What is to be appended.
    entries: Batch,
    /// Of the job in hand.
    rows: Vec<OutcomeRow>,
    done: Vec<(Arc<ApplyJob>, Vec<OutcomeRow>)>,
    /// The time of the job in hand, or why it has none.
    time: Result<u64>,
    /// Whether pieces of the job in hand are still to come.
    is_open: bool,
}
