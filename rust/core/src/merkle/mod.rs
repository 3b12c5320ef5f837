//! The two trees: the append-only log and the sum map.

pub mod log;
pub mod proof;
pub mod sum_map;

#[cfg(test)]
pub(crate) mod test_support;
