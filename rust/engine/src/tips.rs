//! Tip pages: the hashes and sums of a table's blocks, so that opening a ledger need not read its leaves.
//!
//! ```text
//! key    table number u32 ‖ lower bound of the page's keys (32 bytes)
//! value  CRC-32 of key and rest u32 ‖ page bits u8 ‖ depth u16 ‖ subtree
//! subtree = 00 empty | 01 block: count u16 ‖ hash ‖ sum u128 | 02 branch: left subtree ‖ right subtree
//! ```
//!
//! A table's pages are its subtrees at a depth of `page bits`, or the blocks above that. Tree keys are hashes, so the
//! pages of a table are about the same size; when they have become too large or too small, all are written anew.

use crate::block::{BlockKey, seal, unseal};
use crate::error::{Error, Result};
use crate::subtree::{Block, Branch, Held, Subtree};
use counterfoil_core::Id;
use counterfoil_core::merkle::sum_map::{self, DEPTH_MAX, Node};
use std::collections::BTreeMap;

/// Pages are made to have at most this many blocks on average: they then fit into half a page of LMDB.
const PAGE_BLOCKS: u64 = 16;

/// Pages larger than this on average are split, ...
const PAGE_BLOCKS_MAX: u64 = 32;

/// ... and pages smaller than this are joined.
const PAGE_BLOCKS_MIN: u64 = 4;

/// What was decoded, or what should have been there.
type Decoded<T> = std::result::Result<T, &'static str>;

/// Changed pages; none is one that is deleted.
pub(crate) type PageMap = BTreeMap<BlockKey, Option<Vec<u8>>>;

/// The page bits of a table that has this many blocks and had `present` so far.
pub(crate) fn page_bits(blocks: u64, present: u8) -> u8 {
    let average = blocks.checked_shr(u32::from(present)).unwrap_or(0);
    if average <= PAGE_BLOCKS_MAX && (present == 0 || average >= PAGE_BLOCKS_MIN) {
        return present;
    }
    (0..64).find(|bits| blocks >> bits <= PAGE_BLOCKS).unwrap_or(64)
}

/// Every page of a table.
pub(crate) fn all_pages(table: u32, root: &Subtree, bits: u8, pages: &mut PageMap) {
    collect(table, root, &Id::ZERO, 0, bits, pages);
}

fn collect(table: u32, subtree: &Subtree, bound: &Id, depth: usize, bits: u8, pages: &mut PageMap) {
    match subtree {
        Subtree::Branch(branch) if depth < usize::from(bits) => {
            let below = depth.saturating_add(1);
            collect(table, &branch.left, bound, below, bits, pages);
            collect(table, &branch.right, &sum_map::with_bit(bound, depth), below, bits, pages);
        }
        Subtree::Empty => {}
        Subtree::Block(_) | Subtree::Branch(_) => {
            let key = BlockKey::new(table, bound);
            pages.insert(key, Some(encode(&key, bits, depth, subtree)));
        }
    }
}

/// The pages of a table that the change of these blocks (in order) changes, its page bits being as before.
pub(crate) fn changed_pages<'k>(
    table: u32,
    root: &Subtree,
    bits: u8,
    blocks: impl Iterator<Item = &'k BlockKey>,
    pages: &mut PageMap,
) {
    let depth_max = usize::from(bits);
    let mut previous = None;
    for block in blocks {
        // Old or new, the page of a block begins where its lower bound does, cut off at the page bits: a block above
        // them has only zeros there.
        let bound = sum_map::lower_bound(&block.bound(), depth_max);
        if previous.replace(bound) == Some(bound) {
            continue;
        }
        let (mut subtree, mut depth) = (root, 0_usize);
        while let Subtree::Branch(branch) = subtree
            && depth < depth_max
        {
            subtree = if sum_map::bit(&bound, depth) { &branch.right } else { &branch.left };
            depth = depth.saturating_add(1);
        }
        let key = BlockKey::new(table, &bound);
        let stands = !matches!(subtree, Subtree::Empty) && sum_map::lower_bound(&bound, depth) == bound;
        pages.insert(key, stands.then(|| encode(&key, bits, depth, subtree)));
    }
}

fn encode(key: &BlockKey, bits: u8, depth: usize, subtree: &Subtree) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.push(bits);
    bytes.extend_from_slice(&u16::try_from(depth).unwrap_or(u16::MAX).to_be_bytes());
    encode_subtree(subtree, &mut bytes);
    seal(key.as_bytes(), &mut bytes);
    bytes
}

fn encode_subtree(subtree: &Subtree, bytes: &mut Vec<u8>) {
    match subtree {
        Subtree::Empty => bytes.push(0),
        Subtree::Block(Block { count, node, .. }) => {
            bytes.push(1);
            bytes.extend_from_slice(&count.to_be_bytes());
            bytes.extend_from_slice(&node.hash.0);
            bytes.extend_from_slice(&node.sum.to_be_bytes());
        }
        Subtree::Branch(branch) => {
            bytes.push(2);
            encode_subtree(&branch.left, bytes);
            encode_subtree(&branch.right, bytes);
        }
    }
}

/// Puts a table's tree together from its pages.
pub(crate) struct Assembly {
    root: Subtree,
    bits: Option<u8>,
    leaves_max: usize,
}

impl Assembly {
    pub(crate) const fn new(leaves_max: usize) -> Self {
        Self { root: Subtree::Empty, bits: None, leaves_max }
    }

    /// Adds a page.
    pub(crate) fn add(&mut self, key: &BlockKey, bytes: &[u8]) -> Result<()> {
        let rest =
            unseal(key.as_bytes(), bytes).map_err(|found| corrupt(key, "bytes that match their checksum", found))?;
        let Some((&[bits, high, low], mut rest)) = rest.split_first_chunk() else {
            return Err(corrupt(key, "page bits and a depth", format!("{} bytes", rest.len())));
        };
        let depth = usize::from(u16::from_be_bytes([high, low]));
        let agreed = *self.bits.get_or_insert(bits);
        if bits != agreed || bits > 64 || depth > usize::from(bits) {
            let found = format!("{bits} and {depth}");
            return Err(corrupt(key, &format!("page bits {agreed} and no greater depth"), found));
        }
        let bound = key.bound();
        if sum_map::lower_bound(&bound, depth) != bound {
            return Err(corrupt(key, &format!("a bound of {depth} bits"), bound.to_string()));
        }
        let subtree = decode_subtree(&mut rest, depth, self.leaves_max)
            .map_err(|expected| corrupt(key, expected, "something else".to_owned()))?;
        if !rest.is_empty() {
            return Err(corrupt(key, "one subtree", format!("{} more bytes", rest.len())));
        }
        place(&mut self.root, &bound, 0, depth, subtree)
            .map_err(|()| corrupt(key, "pages that do not overlap", "an overlap".to_owned()))
    }

    /// The tree and its page bits, once every page is there.
    pub(crate) fn finish(mut self, table: u32) -> Result<(Subtree, u8)> {
        let bits = self.bits.unwrap_or(0);
        complete(&mut self.root, bits, self.leaves_max).map_err(|expected| Error::Corrupt {
            place: format!("state, tips, table {table}"),
            expected: expected.to_owned(),
            found: "pages that do not add up to it".to_owned(),
        })?;
        Ok((self.root, bits))
    }
}

fn place(at: &mut Subtree, bound: &Id, depth: usize, depth_end: usize, page: Subtree) -> std::result::Result<(), ()> {
    if depth == depth_end {
        return if matches!(at, Subtree::Empty) {
            *at = page;
            Ok(())
        } else {
            Err(())
        };
    }
    if matches!(at, Subtree::Empty) {
        // Hashed in the end, by `complete`.
        *at = Subtree::Branch(Box::new(Branch::unhashed(Subtree::Empty, Subtree::Empty)));
    }
    let Subtree::Branch(branch) = at else { return Err(()) };
    let child = if sum_map::bit(bound, depth) { &mut branch.right } else { &mut branch.left };
    place(child, bound, depth.saturating_add(1), depth_end, page)
}

fn complete(subtree: &mut Subtree, bits_left: u8, leaves_max: usize) -> Decoded<()> {
    // What lies at the depth of the page bits came out of one page, where it was hashed.
    let (Subtree::Branch(branch), Some(below)) = (&mut *subtree, bits_left.checked_sub(1)) else { return Ok(()) };
    let mut left = std::mem::take(&mut branch.left);
    let mut right = std::mem::take(&mut branch.right);
    complete(&mut left, below, leaves_max)?;
    complete(&mut right, below, leaves_max)?;
    *subtree = canonical_branch(left, right, leaves_max)?;
    Ok(())
}

fn canonical_branch(left: Subtree, right: Subtree, leaves_max: usize) -> Decoded<Subtree> {
    let branch = Subtree::branch(left, right).map_err(|_| "sums below 2^128")?;
    let small = usize::try_from(branch.count()).is_ok_and(|count| count <= leaves_max);
    if small { Err("a branch only where leaves do not fit into one block") } else { Ok(branch) }
}

fn decode_subtree(rest: &mut &[u8], depth: usize, leaves_max: usize) -> Decoded<Subtree> {
    match take::<1>(rest)? {
        [0] => Ok(Subtree::Empty),
        [1] => {
            let count = u16::from_be_bytes(take(rest)?);
            if count == 0 || usize::from(count) > leaves_max {
                return Err("a count that a block can have");
            }
            let node = Node { hash: Id(take(rest)?), sum: u128::from_be_bytes(take(rest)?) };
            Ok(Subtree::Block(Block { node, count, held: Held::No }))
        }
        [2] if depth < DEPTH_MAX => {
            let below = depth.saturating_add(1);
            let left = decode_subtree(rest, below, leaves_max)?;
            let right = decode_subtree(rest, below, leaves_max)?;
            canonical_branch(left, right, leaves_max)
        }
        _ => Err("a subtree"),
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Decoded<[u8; N]> {
    let (taken, after) = rest.split_first_chunk().ok_or("more bytes")?;
    *rest = after;
    Ok(*taken)
}

fn corrupt(key: &BlockKey, expected: &str, found: String) -> Error {
    Error::Corrupt { place: format!("state, tips, {key}"), expected: expected.to_owned(), found }
}
