//! What callers hand in, and the first threads that it meets: bytes are decoded and signatures verified, by as many
//! workers as there are cores.
//!
//! Each worker takes the next *part* of what waits and admits it alone, so that no core waits for another. Parts are
//! numbered as they are taken; the writer applies them in that order, which is the order in which they came. Where nothing
//! waits, a caller takes a part that is small itself: waking a worker would take about as long as its signature.

use crate::error::Result;
use crate::keys::KeyCache;
use crate::ledger::OutcomeRow;
use crate::shared::Shared;
use crate::writer::{Ordered, Work, stop_on_panic};
use counterfoil_core::Id;
use counterfoil_core::apply::{Admission, admit};
use counterfoil_core::note::SignedNote;
use counterfoil_core::signature::{self, Check};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

/// The most transactions of a part: enough for signers who sign often to share their part of an equation.
const PART_TRANSACTIONS: usize = 4_096;
/// The fewest, where more wait: below that a worker of its own does not pay.
const PART_TRANSACTIONS_MIN: usize = 16;
/// How far admitting may run ahead of applying.
const ADMITTED_MAX: usize = 8 * PART_TRANSACTIONS;
/// The most bytes of transactions that their caller admits itself, if nothing else is to be done: some sixteen transfers.
const ALONE_BYTES_MAX: usize = 4_096;
/// With so many transactions on the way the machine does all it can.
const SATURATED: usize = 2 * PART_TRANSACTIONS;

/// What becomes of a job.
pub(crate) type Outcomes = Result<Vec<OutcomeRow>>;

/// Answers a job exactly once: with an error if it is dropped unanswered.
pub(crate) struct Reply<T> {
    answer: Option<Box<dyn FnOnce(Result<T>) + Send>>,
    shared: Arc<Shared>,
}

impl<T> Reply<T> {
    pub(crate) fn new(shared: Arc<Shared>, answer: impl FnOnce(Result<T>) + Send + 'static) -> Self {
        Self { answer: Some(Box::new(answer)), shared }
    }

    pub(crate) fn send(mut self, result: Result<T>) {
        if let Some(answer) = self.answer.take() {
            answer(result);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            if std::thread::panicking() {
                self.shared.poison("a bug in Counterfoil: a thread panicked");
            }
            answer(Err(self.shared.why_unusable()));
        }
    }
}

/// Transactions that are applied together, in order; or the log entries that they become.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(crate) bytes: Vec<u8>,
    /// Where each transaction ends.
    ends: Vec<usize>,
}

impl Batch {
    /// Adds a transaction's bytes.
    pub fn push(&mut self, transaction: &[u8]) {
        self.bytes.extend_from_slice(transaction);
        self.end_one();
    }

    /// What was appended to the bytes since the last one is one more.
    pub(crate) fn end_one(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Empties it, and keeps memory for about so many of the usual size: pages that come from the system again and again
    /// cost more than what is written to them.
    pub(crate) fn clear(&mut self, kept: usize) {
        const USUAL_BYTES: usize = 320;
        self.bytes.clear();
        self.bytes.shrink_to(kept.saturating_mul(USUAL_BYTES));
        self.ends.clear();
        self.ends.shrink_to(kept);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn transaction(&self, position: usize) -> &[u8] {
        let start = position.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(position).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(crate) fn transactions(&self, from: usize, to: usize) -> impl Iterator<Item = &[u8]> {
        (from..to).map(|position| self.transaction(position))
    }
}

/// What a caller wants of the writer.
pub(crate) enum Job {
    Apply(Arc<ApplyJob>),
    Other(Request),
}

/// What is done whole, between parts.
pub(crate) enum Request {
    DryRun { batch: Batch, time: Option<u64>, reply: Reply<Vec<OutcomeRow>> },
    Checkpoint { time: Option<u64>, reply: Reply<String> },
    Rotate { seed: [u8; 32], reply: Reply<()> },
    HandOver { heir: Id, reply: Reply<String> },
    Flush { reply: Reply<()> },
    Cosign { note: SignedNote, reply: Reply<String> },
}

/// Transactions to apply, and who waits for the outcomes.
pub(crate) struct ApplyJob {
    pub(crate) batch: Batch,
    pub(crate) time: Option<u64>,
    reply: Mutex<Option<Reply<Vec<OutcomeRow>>>>,
}

impl ApplyJob {
    pub(crate) fn new(batch: Batch, time: Option<u64>, reply: Reply<Vec<OutcomeRow>>) -> Self {
        Self { batch, time, reply: Mutex::new(Some(reply)) }
    }

    pub(crate) fn answer(&self, result: Outcomes) {
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reply) = reply {
            reply.send(result);
        }
    }
}

/// A part of a job whose transactions are admitted.
pub(crate) struct Piece {
    pub(crate) job: Arc<ApplyJob>,
    /// The position of its first transaction in the job.
    pub(crate) from: usize,
    pub(crate) admissions: Vec<Admission>,
}

/// Jobs that wait to be admitted.
#[derive(Default)]
pub(crate) struct Inbox {
    jobs: VecDeque<Job>,
    /// How many transactions of the first job are taken.
    taken: usize,
    /// How many transactions wait.
    waiting: usize,
    /// How many were taken and are not applied yet.
    in_flight: usize,
    /// The number of the next part.
    next_part: u64,
    closed: bool,
    /// Whether the writer hears of the end from a worker.
    end_taken: bool,
}

/// What a worker takes at once.
enum Part {
    /// Parts of jobs: from which position to which.
    Apply(Vec<(Arc<ApplyJob>, usize, usize)>),
    Other(Request),
    /// There will be no more.
    End,
}

impl Inbox {
    /// Whether the job was taken in.
    pub(crate) fn push(&mut self, job: Job) -> bool {
        if self.closed {
            return false;
        }
        if let Job::Apply(job) = &job {
            self.waiting = self.waiting.saturating_add(job.batch.len());
        }
        self.jobs.push_back(job);
        true
    }

    /// The number of the part that this job is, if its caller may as well admit it itself.
    fn take_alone(&mut self, job: &ApplyJob) -> Option<u64> {
        let idle = !self.closed && self.jobs.is_empty() && self.in_flight == 0;
        if !idle || job.batch.bytes.len() > ALONE_BYTES_MAX {
            return None;
        }
        self.in_flight = job.batch.len();
        Some(self.number_part())
    }

    fn number_part(&mut self) -> u64 {
        let number = self.next_part;
        self.next_part = number.saturating_add(1);
        number
    }

    /// No more jobs are taken in; those that wait are done.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// No more jobs are taken in, and those that wait come back.
    pub(crate) fn abandon(&mut self) -> VecDeque<Job> {
        self.closed = true;
        self.waiting = 0;
        std::mem::take(&mut self.jobs)
    }

    /// Whether more comes than can be done at once.
    pub(crate) fn is_saturated(&self) -> bool {
        self.in_flight >= SATURATED
    }

    /// Whether somebody waits to be admitted.
    pub(crate) fn has_jobs(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// These transactions have been applied.
    pub(crate) fn make_room(&mut self, count: usize) {
        self.in_flight = self.in_flight.saturating_sub(count);
    }

    /// The next part and its number; nothing while there is none, or no room for it.
    fn take(&mut self, workers: usize) -> Option<(u64, Part)> {
        let part = match self.jobs.front() {
            None if self.closed && !self.end_taken => {
                self.end_taken = true;
                Part::End
            }
            None => return None,
            Some(Job::Apply(_)) if self.in_flight >= ADMITTED_MAX => return None,
            Some(Job::Apply(_)) => Part::Apply(self.take_pieces(workers)),
            Some(Job::Other(_)) => match self.jobs.pop_front() {
                Some(Job::Other(request)) => Part::Other(request),
                Some(Job::Apply(_)) | None => return None,
            },
        };
        Some((self.number_part(), part))
    }

    fn take_pieces(&mut self, workers: usize) -> Vec<(Arc<ApplyJob>, usize, usize)> {
        // A few are spread over the workers, so that they are done sooner.
        let mut room = self.waiting.div_ceil(workers).clamp(PART_TRANSACTIONS_MIN, PART_TRANSACTIONS);
        let mut pieces = Vec::new();
        while room > 0 {
            let Some(Job::Apply(job)) = self.jobs.front() else { break };
            let (from, all) = (self.taken, job.batch.len());
            let to = from.saturating_add(room).min(all);
            let count = to.saturating_sub(from);
            // A large job begins a part of its own: with one that began in the last part of the job before it, both would
            // have to be written together.
            if !pieces.is_empty() && to < all {
                break;
            }
            // An empty job takes room too: it has to be answered, and there may be many.
            room = room.saturating_sub(count.max(1));
            self.waiting = self.waiting.saturating_sub(count);
            self.in_flight = self.in_flight.saturating_add(count);
            pieces.push((Arc::clone(job), from, to));
            self.taken = if to < all { to } else { 0 };
            if to >= all {
                self.jobs.pop_front();
            }
        }
        pieces
    }
}

/// Takes a job in for the workers, or admits it here and now.
pub(crate) fn take_in(shared: &Shared, work: &Sender<Work>, job: Job) -> Result<()> {
    let mut inbox = shared.inbox.lock().map_err(|_| shared.why_unusable())?;
    if let Job::Apply(job) = &job
        && let Some(number) = inbox.take_alone(job)
    {
        drop(inbox);
        // The writer waits for this number: it has to come, or the writer has to be stopped.
        stop_on_panic(shared, work, || {
            let pieces = admit_pieces(shared, vec![(Arc::clone(job), 0, job.batch.len())]);
            // A writer that has ended has dropped it, which answers it.
            let _ = work.send(Work::Part { number, part: Ordered::Pieces(pieces) });
        });
        return Ok(());
    }
    let taken_in = inbox.push(job);
    drop(inbox);
    if !taken_in {
        return Err(shared.why_unusable());
    }
    shared.inbox_changed.notify_one();
    Ok(())
}

/// Takes parts, verifies their transactions, and hands them to the writer, until the inbox is closed and empty.
pub(crate) fn admit_parts(shared: &Shared, work: &Sender<Work>, workers: usize) {
    while let Some((number, part)) = next_part(shared, workers) {
        let done = match part {
            Part::Apply(pieces) => Ordered::Pieces(admit_pieces(shared, pieces)),
            Part::Other(Request::DryRun { batch, time, reply }) => {
                let transactions: Vec<&[u8]> = batch.transactions(0, batch.len()).collect();
                let admissions = admit_all(shared, &transactions);
                Ordered::DryRun { batch, admissions, time, reply }
            }
            Part::Other(Request::Checkpoint { time, reply }) => Ordered::Checkpoint { time, reply },
            Part::Other(Request::Rotate { seed, reply }) => Ordered::Rotate { seed, reply },
            Part::Other(Request::HandOver { heir, reply }) => Ordered::HandOver { heir, reply },
            Part::Other(Request::Flush { reply }) => Ordered::Flush { reply },
            Part::Other(Request::Cosign { note, reply }) => Ordered::Cosign { note, reply },
            Part::End => Ordered::Close,
        };
        if work.send(Work::Part { number, part: done }).is_err() {
            return;
        }
    }
}

/// Waits for the next part; nothing when there will be none for this worker.
fn next_part(shared: &Shared, workers: usize) -> Option<(u64, Part)> {
    let mut inbox = shared.inbox.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(part) = inbox.take(workers) {
            let more = inbox.has_jobs();
            drop(inbox);
            if more {
                shared.inbox_changed.notify_one();
            }
            return Some(part);
        }
        if inbox.closed && inbox.jobs.is_empty() {
            return None;
        }
        inbox = shared.inbox_changed.wait(inbox).unwrap_or_else(PoisonError::into_inner);
    }
}

fn admit_pieces(shared: &Shared, pieces: Vec<(Arc<ApplyJob>, usize, usize)>) -> Vec<Piece> {
    let transactions: Vec<&[u8]> =
        pieces.iter().flat_map(|(job, from, to)| job.batch.transactions(*from, *to)).collect();
    let mut admissions = admit_all(shared, &transactions).into_iter();
    pieces
        .into_iter()
        .map(|(job, from, to)| {
            let admissions = admissions.by_ref().take(to.saturating_sub(from)).collect();
            Piece { job, from, admissions }
        })
        .collect()
}

fn admit_all(shared: &Shared, transactions: &[&[u8]]) -> Vec<Admission> {
    let rules = shared.rules.read().unwrap_or_else(PoisonError::into_inner).clone();
    admit(transactions, &rules, &shared.keys)
}

/// How many of these signatures hold, verified as the workers do, on all cores: what applying is measured against.
pub(crate) fn count_valid_signatures(checks: &[Check<'_>], keys: &KeyCache) -> usize {
    checks
        .par_chunks(PART_TRANSACTIONS)
        .map(|part| signature::verify_batch_with(part, keys).into_iter().filter(|holds| *holds).count())
        .sum()
}

/// Signs each message with its seed, on all cores; signatures in order.
pub fn sign_messages(pairs: &[(&[u8; 32], &[u8])]) -> Vec<[u8; 64]> {
    pairs.par_iter().with_min_len(16).map(|(seed, message)| signature::sign(seed, message)).collect()
}
