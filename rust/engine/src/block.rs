//! Leaf blocks: the packed leaves of one small subtree, which is what the state's database holds an entry of.
//!
//! ```text
//! key    table number u32 ‖ lower bound of the subtree's keys (32 bytes)
//! value  CRC-32 of key and rest u32 ‖ block
//! block  depth u16 ‖ for each leaf, ascending by tree key: record id ‖ lengths u8 ‖ sum ‖ value
//! ```
//!
//! Integers are big-endian. The low five bits of `lengths` say how many bytes the sum takes, the high three how many
//! the value does; where those are all set, the value's length follows as a u16. Tree keys are not stored: they are
//! hashes of the record ids, and sixteen at once are hashed more quickly than they are read from a disk.
//!
//! The checksum is there because leaves are hashed again whenever a neighbour changes: a bit that the disk turned would
//! be signed as if it were true. A subtree without leaves has no block.

use crate::error::{Error, Result};
use counterfoil_core::Id;
use counterfoil_core::merkle::sum_map::common_bits;
use counterfoil_core::state::{Record, VALUE_BYTES_MAX, tree_keys};
use std::fmt;
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

/// Where the bytes of a block were found.
#[derive(Clone, Copy)]
pub(crate) enum BlockBytes<'a> {
    /// In memory, because they are not flushed yet: the block as it was encoded.
    Held(&'a [u8]),
    /// In the database: behind a checksum.
    Stored(&'a [u8]),
}

impl<'a> BlockBytes<'a> {
    /// The block, once its checksum is right if it has one.
    pub(crate) fn check(self, key: &BlockKey) -> Result<&'a [u8]> {
        match self {
            Self::Held(block) => Ok(block),
            Self::Stored(bytes) => {
                unseal(key.as_bytes(), bytes).map_err(|found| corrupt(key, "bytes that match their checksum", found))
            }
        }
    }
}

/// One leaf of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedLeaf<'a> {
    pub(crate) record_id: Id,
    pub(crate) sum: u128,
    pub(crate) value: &'a [u8],
}

impl PackedLeaf<'_> {
    pub(crate) fn record(self) -> Record {
        Record { sum: self.sum, value: self.value.to_vec() }
    }
}

/// What a leaf takes at least: a record id and its lengths.
const LEAF_BYTES_MIN: usize = 32 + 1;

/// What it takes at most beside that and its value: a sum and a length.
const LEAF_BYTES_MORE: usize = 16 + 2;

/// What comes before the leaves of a block.
const DEPTH_BYTES: usize = 2;

/// In `lengths`: the bits that count the sum's bytes, ...
const SUM_MASK: u8 = 0x1f;
/// ... and the value's length that says that the length follows.
const VALUE_LONG: u8 = 7;

/// The block of a subtree at `depth` that has these leaves. The caller has checked the lengths of their values.
pub(crate) fn encode<'l>(depth: usize, leaves: impl Iterator<Item = PackedLeaf<'l>> + Clone) -> Arc<[u8]> {
    let size = leaves.clone().fold(DEPTH_BYTES, |size, leaf| {
        size.saturating_add(LEAF_BYTES_MIN + LEAF_BYTES_MORE).saturating_add(leaf.value.len())
    });
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&short(depth));
    for PackedLeaf { record_id, sum, value } in leaves {
        bytes.extend_from_slice(&record_id.0);
        let zeros = usize::try_from(sum.leading_zeros() / 8).unwrap_or(0);
        let sum = sum.to_be_bytes();
        let sum = sum.get(zeros..).unwrap_or_default();
        let length = u8::try_from(value.len()).map_or(VALUE_LONG, |length| length.min(VALUE_LONG));
        bytes.push(length << 5 | u8::try_from(sum.len()).unwrap_or(SUM_MASK));
        bytes.extend_from_slice(sum);
        if length == VALUE_LONG {
            bytes.extend_from_slice(&short(value.len()));
        }
        bytes.extend_from_slice(value);
    }
    bytes.into()
}

/// What the database holds of a block.
pub(crate) fn stored(key: &BlockKey, block: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(block.len().saturating_add(4));
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(block);
    seal(key.as_bytes(), &mut bytes);
    bytes
}

/// The leaves of a block, in order.
#[derive(Clone)]
pub(crate) struct Leaves<'a> {
    key: BlockKey,
    depth: usize,
    rest: &'a [u8],
}

impl<'a> Leaves<'a> {
    /// Begins to read a block.
    pub(crate) fn new(key: BlockKey, bytes: BlockBytes<'a>) -> Result<Self> {
        let Some((depth, rest)) = bytes.check(&key)?.split_first_chunk() else {
            return Err(corrupt(&key, "a depth", "no bytes".to_owned()));
        };
        Ok(Self { key, depth: usize::from(u16::from_be_bytes(*depth)), rest })
    }

    /// The leaves of a block that the tree expects at this depth.
    pub(crate) fn at_depth(key: BlockKey, depth: usize, bytes: BlockBytes<'a>) -> Result<Self> {
        let leaves = Self::new(key, bytes)?;
        if leaves.depth == depth {
            return Ok(leaves);
        }
        Err(corrupt(&key, &format!("depth {depth}"), format!("depth {}", leaves.depth)))
    }

    /// Adds all leaves that are left to a list.
    pub(crate) fn collect_into(self, leaves: &mut Vec<PackedLeaf<'a>>) -> Result<()> {
        for leaf in self {
            leaves.push(leaf?);
        }
        Ok(())
    }

    /// All leaves that are left, with their tree keys.
    pub(crate) fn placed(self) -> Result<Vec<PlacedLeaf<'a>>> {
        let (key, depth) = (self.key, self.depth);
        let mut leaves = Vec::with_capacity(self.rest.len() / LEAF_BYTES_MIN);
        self.collect_into(&mut leaves)?;
        let tree_keys = tree_keys(&leaves, |leaf| &leaf.record_id);
        check_places(&key, depth, &tree_keys)?;
        Ok(leaves.into_iter().zip(tree_keys).map(|(leaf, tree_key)| PlacedLeaf { tree_key, leaf }).collect())
    }

    /// Whether this block is the only one that can hold a key.
    pub(crate) fn covers(&self, table: u32, tree_key: &Id) -> bool {
        self.key.table() == table && common_bits(&self.key.bound(), tree_key) >= self.depth
    }

    /// The leaf of this record.
    pub(crate) fn find(self, record_id: &Id) -> Result<Option<PackedLeaf<'a>>> {
        for leaf in self {
            let leaf = leaf?;
            if leaf.record_id == *record_id {
                return Ok(Some(leaf));
            }
        }
        Ok(None)
    }

    fn take(&mut self) -> Option<PackedLeaf<'a>> {
        let (record_id, rest) = self.rest.split_first_chunk()?;
        let (lengths, rest) = rest.split_first()?;
        let (sum, rest) = rest.split_at_checked(usize::from(lengths & SUM_MASK))?;
        let mut wide = [0; 16];
        wide.get_mut(16_usize.checked_sub(sum.len())?..)?.copy_from_slice(sum);
        let (length, rest) = match lengths >> 5 {
            VALUE_LONG => {
                let (length, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            length => (usize::from(length), rest),
        };
        if length > VALUE_BYTES_MAX {
            return None;
        }
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(PackedLeaf { record_id: Id(*record_id), sum: u128::from_be_bytes(wide), value })
    }
}

impl<'a> Iterator for Leaves<'a> {
    type Item = Result<PackedLeaf<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let leaf = self.take();
        Some(leaf.ok_or_else(|| {
            let found = format!("{} bytes", self.rest.len());
            self.rest = &[];
            corrupt(&self.key, "a whole leaf", found)
        }))
    }
}

/// A leaf and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedLeaf<'a> {
    pub(crate) tree_key: Id,
    pub(crate) leaf: PackedLeaf<'a>,
}

impl<'a> PlacedLeaf<'a> {
    /// What [`sum_map::leaves`](counterfoil_core::merkle::sum_map::leaves) hashes.
    pub(crate) fn parts(&self) -> (&Id, u128, &'a [u8]) {
        (&self.tree_key, self.leaf.sum, self.leaf.value)
    }
}

/// Whether the tree keys of a block's leaves ascend and lie below the block's own prefix.
pub(crate) fn check_places(key: &BlockKey, depth: usize, tree_keys: &[Id]) -> Result<()> {
    let in_order = tree_keys.is_sorted_by(|left, right| left < right);
    let bound = key.bound();
    // Keys that ascend share what the first and the last of them share.
    let ends = [tree_keys.first(), tree_keys.last()];
    let astray = ends.into_iter().flatten().find(|tree_key| common_bits(&bound, tree_key) < depth);
    match astray {
        None if in_order => Ok(()),
        _ => {
            let expected = format!("record ids whose hashes ascend and share {depth} bits");
            Err(corrupt(key, &expected, format!("{} ids of other records", tree_keys.len())))
        }
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
        let value = [5; 300];
        let sums = [0, 1, 0x1234, u128::from(u64::MAX), u128::MAX];
        let mut leaves: Vec<PackedLeaf<'_>> = [0, 1, 6, 7, 8, 300]
            .into_iter()
            .zip(sums.into_iter().cycle())
            .zip(0..)
            .map(|((length, sum), index)| PackedLeaf { record_id: Id([index; 32]), sum, value: &value[..length] })
            .collect();
        leaves.sort_by_key(|leaf| tree_key(&leaf.record_id));
        let key = BlockKey::new(3, &Id::ZERO);
        let block = encode(0, leaves.iter().copied());
        let read = |bytes| Leaves::new(key, bytes)?.placed();
        let unplaced =
            |placed: Vec<PlacedLeaf<'_>>| placed.iter().map(|placed| placed.leaf.record_id).collect::<Vec<_>>();
        let ids: Vec<Id> = leaves.iter().map(|leaf| leaf.record_id).collect();
        assert_eq!(unplaced(read(BlockBytes::Held(&block)).unwrap()), ids);
        let mut found = Vec::new();
        let bytes = stored(&key, &block);
        Leaves::new(key, BlockBytes::Stored(&bytes)).unwrap().collect_into(&mut found).unwrap();
        assert_eq!(found, leaves);
        for leaf in &leaves {
            let all = Leaves::new(key, BlockBytes::Stored(&bytes)).unwrap();
            assert_eq!(all.find(&leaf.record_id).unwrap(), Some(*leaf));
        }
        assert_eq!(Leaves::new(key, BlockBytes::Held(&block)).unwrap().find(&Id([77; 32])).unwrap(), None);
        assert!(Leaves::new(BlockKey::new(4, &Id::ZERO), BlockBytes::Stored(&bytes)).is_err());
        assert!(Leaves::at_depth(key, 1, BlockBytes::Stored(&bytes)).is_err());
        for bit in 0..bytes.len() * 8 {
            let mut turned = bytes.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert!(Leaves::new(key, BlockBytes::Stored(&turned)).is_err(), "bit {bit}");
        }
        // Whole leaves in the wrong order, or below another prefix, are found by their hashes.
        let reversed = encode(0, leaves.iter().rev().copied());
        assert!(read(BlockBytes::Held(&reversed)).is_err());
        let deep = encode(9, leaves.iter().copied());
        assert!(read(BlockBytes::Held(&deep)).is_err());
    }

    #[test]
    fn a_block_that_makes_no_sense_is_refused_without_a_panic() {
        let key = BlockKey::new(3, &Id::ZERO);
        for length in 0..200 {
            // Sums of 31 and of 17 bytes, a value of 58,339 bytes, and a leaf of 34 bytes that is whole.
            for filling in [0xff, 0x11, 0xe3, 0x01] {
                let block = vec![filling; length];
                let read =
                    Leaves::new(key, BlockBytes::Held(&block)).and_then(|leaves| leaves.collect_into(&mut Vec::new()));
                let whole = length == DEPTH_BYTES || (filling == 1 && length % (LEAF_BYTES_MIN + 1) == DEPTH_BYTES);
                assert_eq!(read.is_ok(), whole, "{length} bytes of {filling}");
            }
        }
    }
}
