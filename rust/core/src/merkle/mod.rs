//! The two trees: the append-only log and the sum map.

pub mod log;
