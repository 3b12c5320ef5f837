//! State: typed tables over one trait.

pub mod table;

pub use table::{Record, Table, TableName, VALUE_BYTES_MAX, tree_key};
