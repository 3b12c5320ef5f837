//! The one error type of the engine.

use std::path::PathBuf;

/// What can go wrong around the ledger. Refused transactions are not errors: they are outcomes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// LMDB refused; nothing was written.
    #[error("storage failed: {0}")]
    Storage(String),
    /// The database may not grow further.
    #[error("the database is full: it may grow to {limit_bytes} bytes; raise map_bytes_max or free disk space")]
    MapFull {
        /// The largest size allowed.
        limit_bytes: u64,
    },
    /// The folder holds no ledger.
    #[error("{path} is not a Counterfoil ledger: {reason}")]
    NotALedger {
        /// The folder.
        path: PathBuf,
        /// What was missing or found instead.
        reason: String,
    },
    /// Something is already there.
    #[error("{path} already exists; a ledger is created in a new or empty folder")]
    AlreadyExists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was written by a newer version.
    #[error("{path} has format {found}, made by a newer Counterfoil; this one reads format {expected}")]
    NewerFormat {
        /// The folder.
        path: PathBuf,
        /// The format number found.
        found: u32,
        /// The format number this version writes.
        expected: u32,
    },
    /// The state was written by an older version, and is not made again here.
    #[error(
        "{path} has layout {found}, made by an older Counterfoil; this one reads layout {expected}: open the ledger for writing once, which makes its state again from the log"
    )]
    OlderState {
        /// The folder of the state.
        path: PathBuf,
        /// The layout number found.
        found: u32,
        /// The layout number this version writes.
        expected: u32,
    },
    /// Another process (or handle) writes to it.
    #[error(
        "{path} is open elsewhere: a ledger has one writer; share its handle in one process, and follow it from another with read_only=True"
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The handle was closed.
    #[error("the ledger is closed")]
    Closed,
    /// A write through a read-only handle.
    #[error("the ledger is open read-only")]
    ReadOnly,
    /// The process was forked after opening.
    #[error(
        "the ledger was opened in process {opened_in} and used in process {used_in}: LMDB does not survive a fork; open it in the child, or start children with spawn"
    )]
    Forked {
        /// Where it was opened.
        opened_in: u32,
        /// Where it was used.
        used_in: u32,
    },
    /// An earlier failure left the handle unusable.
    #[error("the ledger refuses work until it is reopened, because an earlier call failed: {reason}")]
    Poisoned {
        /// The earlier failure.
        reason: String,
    },
    /// What is stored contradicts itself.
    #[error("corrupt: {place}: {found}, expected {expected}")]
    Corrupt {
        /// Where: environment, database and key.
        place: String,
        /// What should have been there.
        expected: String,
        /// What was there.
        found: String,
    },
    /// An entry of a log that its rules do not give.
    #[error("corrupt: log entry {index}: {found}, expected {expected}")]
    Entry {
        /// Its place in the log.
        index: u64,
        /// What should have been there.
        expected: String,
        /// What was there.
        found: String,
    },
    /// A checkpoint that is not one of the log that it is said to be of.
    #[error("{place}: {found}, expected {expected}")]
    Checkpoint {
        /// Which.
        place: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A time that may not be applied.
    #[error("time {given_ms} ms is refused: {reason}")]
    Time {
        /// The time given.
        given_ms: u64,
        /// Which rule it breaks, and the bound.
        reason: String,
    },
    /// A checkpoint was asked for without the operator's key.
    #[error("no operator key: open the ledger with operator=… to sign checkpoints")]
    NoOperatorKey,
    /// The operator key given is not this ledger's.
    #[error("the operator key given is {given}, the ledger's is {expected}")]
    WrongOperatorKey {
        /// The public key given.
        given: String,
        /// The public key in force.
        expected: String,
    },
    /// A restored copy that has not compared itself.
    #[error(
        "this ledger is a restored or copied folder: before it signs again, compare it with the last published checkpoint: ledger.confirm(note)"
    )]
    Unconfirmed,
    /// A write to a ledger that goes on elsewhere.
    #[error(
        "this ledger was handed over to operator {heir}: it goes on where its export was imported, and opens here read-only (read_only=True)"
    )]
    HandedOver {
        /// The public key that it was handed over to.
        heir: String,
    },
    /// A copy that contradicts what was published.
    #[error("this copy must not sign: {reason}")]
    Diverged {
        /// How the published checkpoint and this log disagree.
        reason: String,
    },
    /// Something was asked for that is not there.
    #[error("not found: {0}")]
    NotFound(String),
    /// Whoever was told the progress asked to stop.
    #[error("stopped, because the progress callback failed")]
    Interrupted,
    /// An argument that makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
