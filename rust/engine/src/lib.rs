//! What is kept of a Counterfoil ledger: LMDB, threads, group commit, recovery.

pub mod error;

pub use error::{Error, Result};
