//! What is kept of a Counterfoil ledger: LMDB, threads, group commit, recovery.

pub mod environment;
pub mod error;
pub mod log_store;
pub mod pages;

pub use environment::{Environment, NamedDatabase, ReadTransaction, StoreOptions};
pub use error::{Error, Result};
pub use log_store::{LogReader, LogStore, LogView};
