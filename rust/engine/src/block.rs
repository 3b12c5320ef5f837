//! Leaf blocks: the packed leaves of one small subtree, which is what the state's database holds an entry of.
//!
//! ```text
//! key    table number u32 ‖ lower bound of the subtree's keys (32 bytes)
//! value  CRC-32 of key and rest u32 ‖ depth u16 ‖ for each leaf, ascending by tree key:
//!        record id ‖ tree key ‖ sum u128 ‖ length u16 ‖ value
//! ```
//!
//! Integers are big-endian. The checksum is there because leaves are hashed again whenever a neighbour changes: a bit
//! that the disk turned would be signed as if it were true. A subtree without leaves has no block.

use crate::error::{Error, Result};
use counterfoil_core::Id;
use counterfoil_core::merkle::sum_map::{Leaf, common_bits};
use counterfoil_core::state::VALUE_BYTES_MAX;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Where a subtree is stored: its table and the lowest key that it can hold. Blocks do not overlap, so no two of them
/// share it, and the block that may hold a key is the last one at or below that key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlockKey([u8; BlockKey::BYTES]);

impl BlockKey {
    pub(crate) const BYTES: usize = 36;

    pub(crate) fn new(table: u32, bound: &Id) -> Self {
        let mut bytes = [0; Self::BYTES];
        let (number, rest) = bytes.split_at_mut(4);
        number.copy_from_slice(&table.to_be_bytes());
        rest.copy_from_slice(&bound.0);
        Self(bytes)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn table(&self) -> u32 {
        self.0.first_chunk().map_or(0, |number| u32::from_be_bytes(*number))
    }

    pub(crate) fn bound(&self) -> Id {
        Id(self.0.last_chunk().copied().unwrap_or_default())
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Display for BlockKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "table {} at {}", self.table(), self.bound())
    }
}

impl fmt::Debug for BlockKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The bytes of a block: in memory until they are flushed, else where LMDB maps them.
pub(crate) enum BlockBytes<'a> {
    Shared(Arc<[u8]>),
    Mapped(&'a [u8]),
}

impl Deref for BlockBytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Mapped(bytes) => bytes,
        }
    }
}

/// One leaf of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedLeaf<'a> {
    pub(crate) tree_key: Id,
    pub(crate) record_id: Id,
    pub(crate) sum: u128,
    pub(crate) value: &'a [u8],
}

impl PackedLeaf<'_> {
    pub(crate) fn hashed(&self) -> Leaf {
        Leaf::new(self.tree_key, self.sum, self.value)
    }
}

/// What a leaf takes apart from its value.
const LEAF_BYTES: usize = 32 + 32 + 16 + 2;

/// What comes before the leaves.
const HEAD_BYTES: usize = 4 + 2;

/// The value of the block of a subtree at `depth`. The caller has checked the lengths of the leaves' values.
pub(crate) fn encode(key: &BlockKey, depth: usize, leaves: &[PackedLeaf<'_>]) -> Arc<[u8]> {
    let size =
        leaves.iter().fold(HEAD_BYTES, |size, leaf| size.saturating_add(LEAF_BYTES).saturating_add(leaf.value.len()));
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&short(depth));
    for leaf in leaves {
        bytes.extend_from_slice(&leaf.record_id.0);
        bytes.extend_from_slice(&leaf.tree_key.0);
        bytes.extend_from_slice(&leaf.sum.to_be_bytes());
        bytes.extend_from_slice(&short(leaf.value.len()));
        bytes.extend_from_slice(leaf.value);
    }
    seal(key.as_bytes(), &mut bytes);
    bytes.into()
}

/// The leaves of a block, each checked as it comes: in order, different, and below the block's own prefix.
pub(crate) struct Leaves<'a> {
    key: BlockKey,
    depth: usize,
    rest: &'a [u8],
    previous: Option<Id>,
}

impl<'a> Leaves<'a> {
    /// Begins to read a block, once its checksum is right.
    pub(crate) fn new(key: BlockKey, bytes: &'a [u8]) -> Result<Self> {
        let corrupt = |expected: &str, found: String| corrupt(&key, expected, found);
        let rest = unseal(key.as_bytes(), bytes).map_err(|found| corrupt("bytes that match their checksum", found))?;
        let Some((depth, rest)) = rest.split_first_chunk() else {
            return Err(corrupt("a depth", "no bytes".to_owned()));
        };
        let depth = usize::from(u16::from_be_bytes(*depth));
        Ok(Self { key, depth, rest, previous: None })
    }

    /// The depth at which the block's subtree begins.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    /// All of the leaves that are left.
    pub(crate) fn collect_all(self) -> Result<Vec<PackedLeaf<'a>>> {
        let mut leaves = Vec::with_capacity(self.rest.len() / LEAF_BYTES);
        for leaf in self {
            leaves.push(leaf?);
        }
        Ok(leaves)
    }

    /// The leaf with this tree key.
    pub(crate) fn find_key(self, tree_key: &Id) -> Result<Option<PackedLeaf<'a>>> {
        for leaf in self {
            let leaf = leaf?;
            if leaf.tree_key >= *tree_key {
                return Ok((leaf.tree_key == *tree_key).then_some(leaf));
            }
        }
        Ok(None)
    }

    fn take(&mut self) -> Option<PackedLeaf<'a>> {
        let (record_id, rest) = self.rest.split_first_chunk()?;
        let (tree_key, rest) = rest.split_first_chunk()?;
        let (sum, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length > VALUE_BYTES_MAX {
            return None;
        }
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(PackedLeaf { tree_key: Id(*tree_key), record_id: Id(*record_id), sum: u128::from_be_bytes(*sum), value })
    }
}

impl<'a> Iterator for Leaves<'a> {
    type Item = Result<PackedLeaf<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(leaf) = self.take() else {
            let found = format!("{} bytes", self.rest.len());
            self.rest = &[];
            return Some(Err(corrupt(&self.key, "a whole leaf", found)));
        };
        let in_order = self.previous.is_none_or(|previous| previous < leaf.tree_key);
        if !in_order || common_bits(&self.key.bound(), &leaf.tree_key) < self.depth {
            self.rest = &[];
            let expected = format!("ascending tree keys that share {} bits", self.depth);
            return Some(Err(corrupt(&self.key, &expected, leaf.tree_key.to_string())));
        }
        self.previous = Some(leaf.tree_key);
        Some(Ok(leaf))
    }
}

fn corrupt(key: &BlockKey, expected: &str, found: String) -> Error {
    Error::Corrupt { place: format!("state, blocks, {key}"), expected: expected.to_owned(), found }
}

/// Puts the checksum of a key and its value into the first four bytes of the value.
pub(crate) fn seal(key: &[u8], value: &mut [u8]) {
    if let Some((sum, rest)) = value.split_first_chunk_mut() {
        *sum = checksum(key, rest).to_be_bytes();
    }
}

/// What follows the checksum, where that is right; else what was found.
pub(crate) fn unseal<'a>(key: &[u8], value: &'a [u8]) -> std::result::Result<&'a [u8], String> {
    let (sum, rest) = value.split_first_chunk().ok_or_else(|| format!("{} bytes", value.len()))?;
    let found = checksum(key, rest);
    if u32::from_be_bytes(*sum) == found { Ok(rest) } else { Err(format!("checksum {found:08x}")) }
}

fn checksum(key: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(rest);
    hasher.finalize()
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_core::state::tree_key;

    #[test]
    fn a_block_gives_back_its_leaves_and_no_turned_bit_gets_through() {
        let value = [5; 9];
        let mut leaves: Vec<PackedLeaf<'_>> = (0..3_u8)
            .map(|index| {
                let record_id = Id([index; 32]);
                let value = value.get(..usize::from(index) * 4).unwrap();
                PackedLeaf { tree_key: tree_key(&record_id), record_id, sum: u128::from(index), value }
            })
            .collect();
        leaves.sort_by_key(|leaf| leaf.tree_key);
        let key = BlockKey::new(3, &Id::ZERO);
        let bytes = encode(&key, 0, &leaves);
        assert_eq!(Leaves::new(key, &bytes).unwrap().collect_all().unwrap(), leaves);
        assert!(Leaves::new(BlockKey::new(4, &Id::ZERO), &bytes).is_err());
        for bit in 0..bytes.len() * 8 {
            let mut turned = bytes.to_vec();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert!(Leaves::new(key, &turned).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_sealed_block_that_makes_no_sense_is_refused_without_a_panic() {
        let key = BlockKey::new(3, &Id::ZERO);
        for length in 0..200 {
            let mut bytes = vec![0xff; length];
            bytes.iter_mut().skip(4).step_by(3).for_each(|byte| *byte = 0);
            seal(key.as_bytes(), &mut bytes);
            if let Ok(leaves) = Leaves::new(key, &bytes) {
                let empty = length == HEAD_BYTES;
                assert_eq!(leaves.collect_all().is_ok(), empty, "{length}");
            }
        }
    }
}
