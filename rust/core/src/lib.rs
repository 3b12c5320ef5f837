//! What is true of a Counterfoil ledger: formats, the signature rule, the trees and the operations.
//!
//! This crate holds no database, thread, clock or randomness: the same bytes give the same state on any machine.

#![forbid(unsafe_code)]

pub mod id;
pub mod merkle;
pub mod note;
pub mod receipt;
pub mod signature;
pub mod state;

pub use id::Id;
