//! What callers hand in, and the first thread that it meets: bytes are decoded and signatures verified, on all cores, in
//! the order in which they came.

use crate::error::Result;
use crate::ledger::OutcomeRow;
use crate::shared::Shared;
use crate::writer::Work;
use counterfoil_core::apply::{Admission, admit};
use counterfoil_core::signature::{self, Check};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError};

/// Transactions admitted at once: small enough that a group is durable soon, large enough to fill batches.
const GROUP_TRANSACTIONS: usize = 8_192;
/// Transactions that one signature batch takes.
const SIGNATURE_BATCH: usize = 1_024;
/// How far admitting may run ahead of applying.
const ADMITTED_MAX: usize = 4 * GROUP_TRANSACTIONS;
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

/// Transactions that are applied together, in order.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    /// Where each transaction ends.
    ends: Vec<usize>,
}

impl Batch {
    /// Adds a transaction's bytes.
    pub fn push(&mut self, transaction: &[u8]) {
        self.bytes.extend_from_slice(transaction);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn transaction(&self, position: usize) -> &[u8] {
        let start = position.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(position).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// What a caller wants of the writer.
pub(crate) enum Job {
    Apply { batch: Batch, time: Option<u64>, reply: Reply<Vec<OutcomeRow>> },
    DryRun { batch: Batch, time: Option<u64>, reply: Reply<Vec<OutcomeRow>> },
    Checkpoint { time: Option<u64>, reply: Reply<String> },
    Rotate { seed: [u8; 32], reply: Reply<()> },
    Flush { reply: Reply<()> },
}

/// Jobs that wait to be admitted.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) closed: bool,
}

/// A part of a job whose transactions are admitted.
pub(crate) struct Piece {
    pub(crate) job: Arc<ApplyJob>,
    /// The position of its first transaction in the job.
    pub(crate) from: usize,
    pub(crate) admissions: Vec<Admission>,
}

pub(crate) struct ApplyJob {
    pub(crate) batch: Batch,
    pub(crate) time: Option<u64>,
    pub(crate) reply: std::sync::Mutex<Option<Reply<Vec<OutcomeRow>>>>,
}

impl ApplyJob {
    pub(crate) fn answer(&self, result: Outcomes) {
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reply) = reply {
            reply.send(result);
        }
    }
}

/// Takes jobs, verifies their transactions on all cores, and hands them on in order.
pub(crate) fn admit_jobs(shared: &Arc<Shared>, work: &Sender<Work>) {
    loop {
        let Some(jobs) = next_jobs(shared) else {
            let _ = work.send(Work::Close);
            return;
        };
        let mut group: Vec<Arc<ApplyJob>> = Vec::new();
        for job in jobs {
            match job {
                Job::Apply { batch, time, reply } => {
                    let reply = std::sync::Mutex::new(Some(reply));
                    group.push(Arc::new(ApplyJob { batch, time, reply }));
                }
                Job::DryRun { batch, time, reply } => {
                    admit_group(shared, work, std::mem::take(&mut group));
                    let transactions: Vec<&[u8]> = (0..batch.len()).map(|at| batch.transaction(at)).collect();
                    let admissions = admit_in_parallel(shared, &transactions);
                    let _ = work.send(Work::DryRun { batch, admissions, time, reply });
                }
                Job::Checkpoint { time, reply } => {
                    admit_group(shared, work, std::mem::take(&mut group));
                    let _ = work.send(Work::Checkpoint { time, reply });
                }
                Job::Rotate { seed, reply } => {
                    admit_group(shared, work, std::mem::take(&mut group));
                    let _ = work.send(Work::Rotate { seed, reply });
                }
                Job::Flush { reply } => {
                    admit_group(shared, work, std::mem::take(&mut group));
                    let _ = work.send(Work::Flush { reply });
                }
            }
        }
        admit_group(shared, work, group);
    }
}

/// The jobs of the next group, or nothing when the ledger closes.
pub(crate) fn next_jobs(shared: &Shared) -> Option<Vec<Job>> {
    let mut inbox = shared.inbox.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if !inbox.jobs.is_empty() {
            break;
        }
        if inbox.closed {
            return None;
        }
        inbox = shared.inbox_changed.wait(inbox).unwrap_or_else(PoisonError::into_inner);
    }
    let mut jobs = Vec::new();
    let mut transactions = 0usize;
    while transactions < GROUP_TRANSACTIONS {
        let Some(job) = inbox.jobs.pop_front() else { break };
        if let Job::Apply { batch, .. } = &job {
            transactions = transactions.saturating_add(batch.len().max(1));
        }
        jobs.push(job);
    }
    Some(jobs)
}

/// Admits a group part by part, so that applying begins while the rest is still being verified.
pub(crate) fn admit_group(shared: &Arc<Shared>, work: &Sender<Work>, group: Vec<Arc<ApplyJob>>) {
    let mut waiting: Vec<(Arc<ApplyJob>, usize, usize)> = Vec::new();
    let mut waiting_count = 0usize;
    let flush = |waiting: &mut Vec<(Arc<ApplyJob>, usize, usize)>, last: bool| {
        let part = std::mem::take(waiting);
        if part.is_empty() && !last {
            return;
        }
        let pieces = admit_part(shared, part);
        let count = pieces.iter().map(|piece| piece.admissions.len()).sum();
        shared.wait_for_room(count, ADMITTED_MAX);
        let _ = work.send(Work::Pieces { pieces, last });
    };
    if group.is_empty() {
        return;
    }
    for job in group {
        let mut from = 0usize;
        loop {
            let room = GROUP_TRANSACTIONS.saturating_sub(waiting_count);
            let to = from.saturating_add(room).min(job.batch.len());
            waiting.push((Arc::clone(&job), from, to));
            waiting_count = waiting_count.saturating_add(to.saturating_sub(from));
            from = to;
            if from >= job.batch.len() {
                break;
            }
            flush(&mut waiting, false);
            waiting_count = 0;
        }
    }
    flush(&mut waiting, true);
}

pub(crate) fn admit_part(shared: &Shared, part: Vec<(Arc<ApplyJob>, usize, usize)>) -> Vec<Piece> {
    let transactions: Vec<&[u8]> =
        part.iter().flat_map(|(job, from, to)| (*from..*to).map(|position| job.batch.transaction(position))).collect();
    let mut admissions = admit_in_parallel(shared, &transactions).into_iter();
    part.into_iter()
        .map(|(job, from, to)| {
            let admissions = admissions.by_ref().take(to.saturating_sub(from)).collect();
            Piece { job, from, admissions }
        })
        .collect()
}

pub(crate) fn admit_in_parallel(shared: &Shared, transactions: &[&[u8]]) -> Vec<Admission> {
    let rules = shared.rules.read().unwrap_or_else(PoisonError::into_inner).clone();
    // Spread few transactions over the cores, but never in batches too small to pay.
    let cores = rayon::current_num_threads().max(1);
    let size = transactions.len().div_ceil(cores).clamp(16, SIGNATURE_BATCH);
    transactions.par_chunks(size).flat_map_iter(|chunk| admit(chunk, &rules)).collect()
}

/// How many of these signatures hold, verified in batches on all cores: what applying is measured against.
pub fn count_valid_signatures(checks: &[Check<'_>]) -> usize {
    checks
        .par_chunks(SIGNATURE_BATCH)
        .map(|batch| signature::verify_batch(batch).into_iter().filter(|holds| *holds).count())
        .sum()
}

/// Signs each message with its seed, on all cores; signatures in order.
pub fn sign_messages(pairs: &[(&[u8; 32], &[u8])]) -> Vec<[u8; 64]> {
    pairs.par_iter().with_min_len(16).map(|(seed, message)| signature::sign(seed, message)).collect()
}
