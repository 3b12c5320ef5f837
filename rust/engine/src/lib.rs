//! What is kept of a Counterfoil ledger: LMDB, threads, group commit, recovery.

mod block;
mod cache;
mod check;
pub mod environment;
pub mod error;
mod home;
mod ledger;
pub mod log_store;
mod pages;
mod recent;
mod replica;
mod seen;
pub mod state_store;
mod subtree;
mod tips;
pub mod tree;
mod writer;

pub use check::{Findings, fsck};
pub use environment::StoreOptions;
pub use error::{Error, Result};
pub use home::FORMAT;
pub use ledger::{Ledger, Options, OutcomeRow, Page, Stats};
pub use writer::{Batch, count_valid_signatures};
