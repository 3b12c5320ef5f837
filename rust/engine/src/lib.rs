//! What is kept of a Counterfoil ledger: LMDB, threads, group commit, recovery.

mod admit;
mod block;
mod cache;
mod check;
pub mod environment;
pub mod error;
mod hashing;
mod home;
mod index_runs;
mod indexes;
mod keys;
mod ledger;
pub mod log_store;
mod memory;
mod opening;
pub mod pages;
mod replica;
mod seen;
mod shared;
pub mod state_store;
mod subtree;
mod tips;
pub mod tree;
mod verifying;
mod writer;

pub use admit::{Batch, sign_messages};
pub use check::{Findings, fsck};
pub use environment::{Environment, NamedDatabase, ReadTransaction, StoreOptions};
pub use error::{Error, Result};
pub use home::FORMAT;
pub use indexes::{HashKey, IndexEntries, Sought};
pub use ledger::{Ledger, Options, OutcomeRow, Page, Stats};
pub use log_store::{LogReader, LogStore, LogView};
pub use state_store::{FlushBatch, Snapshot, StateMark, StateStore};
pub use tree::{Change, Checked, Row, TableProof, Tree};
pub use verifying::{Refused, verify_statements};
