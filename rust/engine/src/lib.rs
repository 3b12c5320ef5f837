//! What is kept of a Counterfoil ledger: LMDB, threads, group commit, recovery.

mod block;
pub mod environment;
pub mod error;
pub mod pages;
pub mod state_store;
mod subtree;
mod tips;
pub mod tree;

pub use environment::{Environment, NamedDatabase, ReadTransaction, StoreOptions};
pub use error::{Error, Result};
pub use state_store::{ExtraDb, ExtraDrop, ExtraWrite, FlushBatch, Snapshot, StateMark, StateStore};
pub use tree::{Change, Checked, Row, TableProof, Tree};
