//! What is true of a Counterfoil ledger: formats, the signature rule, the trees and the operations.
//!
//! This crate holds no database, thread, clock or randomness: the same bytes give the same state on any machine.

#![forbid(unsafe_code)]

pub mod amount;
pub mod apply;
pub mod hash_many;
pub mod id;
pub mod merkle;
pub mod note;
pub mod ops;
pub mod receipt;
pub mod signature;
pub mod state;
pub mod statement;
pub mod status;
pub mod time;
pub mod wire;

pub use id::Id;
