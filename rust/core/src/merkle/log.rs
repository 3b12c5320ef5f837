//! The append-only log: an RFC 6962 Merkle tree, its frontier and its two proofs.
//!
//! Formats: `docs/reference/formats.md`, *The log*. Making and checking proofs follows RFC 9162, sections 2.1.3 and
//! 2.1.4, whose tree is the same. A *complete subtree* is named by its level and its index there: level 0 are the
//! leaves, and the subtree (level, index) covers the 2^level leaves from index · 2^level. A complete subtree never
//! changes again, so that its hash may be stored for good.

use crate::hash_many::{Backend, join, sha256_many, sha256_short};
use crate::id::{Id, sha256};

/// Why a proof, or a question about the log, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No such leaf.
    #[error("expected an index below the tree size {tree_size}, found {index}")]
    Index {
        /// The index asked for.
        index: u64,
        /// The tree size it should be below.
        tree_size: u64,
    },
    /// A later tree cannot be smaller.
    #[error("expected a new tree size of {old_size} or more, found {new_size}")]
    Sizes {
        /// The older tree size.
        old_size: u64,
        /// The newer tree size.
        new_size: u64,
    },
    /// No proof between these sizes has this many hashes.
    #[error("expected a proof that fits the tree sizes, found one of {found} hashes")]
    ProofLength {
        /// How many hashes it has.
        found: usize,
    },
    /// The proof leads elsewhere.
    #[error("expected the root hash {expected}, found {found}")]
    Root {
        /// The root hash to be proven.
        expected: Id,
        /// The root hash that the proof leads to.
        found: Id,
    },
    /// The frontier of a tree has one hash for each bit set in its size.
    #[error("expected {expected} hashes for the frontier of {size} leaves, found {found}")]
    Frontier {
        /// The tree size.
        size: u64,
        /// How many hashes belong to it.
        expected: u32,
        /// How many there were.
        found: usize,
    },
    /// The log has 2^64 − 1 entries.
    #[error("expected fewer than 2^64 - 1 entries, found a full log")]
    Full,
}

/// The hash of an entry: SHA-256(`00` ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Id {
    sha256(&[&[0], entry])
}

/// The [`leaf_hash`] of each entry, many at once.
pub fn leaf_hashes<E: AsRef<[u8]>>(entries: &[E]) -> Vec<Id> {
    sha256_many(&[0], entries)
}

/// The hash of two subtrees side by side: SHA-256(`01` ‖ left ‖ right).
pub fn node_hash(left: &Id, right: &Id) -> Id {
    sha256_short(|message| write_node(left, right, message))
}

/// The [`node_hash`] of each two subtrees, many at once.
pub fn node_hashes(pairs: &[[Id; 2]]) -> Vec<Id> {
    Backend::detect().sha256_each(pairs, |[left, right], message| write_node(left, right, message), |_, hash| hash)
}

fn write_node(left: &Id, right: &Id, message: &mut [u8; 65]) {
    join(&[&[1], &left.0, &right.0], message);
}

/// The root hash of a log without entries: SHA-256 of nothing.
pub fn empty_root() -> Id {
    sha256(&[])
}

/// What appending needs of a log: its size and the hashes of the complete subtrees that it consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One for each bit set in the size, the largest subtree (leftmost) first.
    peaks: Vec<Id>,
}

impl Frontier {
    /// The frontier of a log without entries.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// The frontier that was kept as its size and its [`peaks`](Self::peaks).
    pub fn from_peaks(size: u64, peaks: Vec<Id>) -> Result<Self, LogError> {
        let expected = size.count_ones();
        if usize::try_from(expected) != Ok(peaks.len()) {
            return Err(LogError::Frontier { size, expected, found: peaks.len() });
        }
        Ok(Self { size, peaks })
    }

    /// The frontier of the first `size` entries, from the stored hashes of complete subtrees.
    pub fn load<E>(size: u64, node: impl FnMut(u8, u64) -> Result<Id, E>) -> Result<Self, E> {
        let mut node = node;
        let peaks = complete_subtrees(0, size).map(|(level, index)| node(level, index)).collect::<Result<_, E>>()?;
        Ok(Self { size, peaks })
    }

    /// How many entries there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the complete subtrees, the largest (leftmost) first: one for each bit set in the size.
    pub fn peaks(&self) -> &[Id] {
        &self.peaks
    }

    /// The root hash.
    pub fn root(&self) -> Id {
        fold_right(&self.peaks).unwrap_or_else(empty_root)
    }

    /// Appends the hash of one entry, and reports each complete subtree (level, index, hash) that comes into being by
    /// it, the leaf itself first.
    pub fn append(&mut self, leaf: Id, completed: impl FnMut(u8, u64, Id)) -> Result<(), LogError> {
        let mut completed = completed;
        let size = self.size.checked_add(1).ok_or(LogError::Full)?;
        let (mut level, mut index, mut hash) = (0_u8, self.size, leaf);
        completed(level, index, hash);
        while index & 1 == 1 {
            // A set bit of the size has a peak: `from_peaks` and this function keep it so.
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            level = level.saturating_add(1);
            index >>= 1;
            completed(level, index, hash);
        }
        self.peaks.push(hash);
        self.size = size;
        Ok(())
    }

    /// Appends the hashes of many entries. The tree and the complete subtrees that are reported are those of
    /// [`append`](Self::append) for each, but they come level by level, and those of one level are hashed at once.
    pub fn append_all(&mut self, leaves: &[Id], completed: impl FnMut(u8, u64, Id)) -> Result<(), LogError> {
        let mut completed = completed;
        let count = u64::try_from(leaves.len()).map_err(|_| LogError::Full)?;
        let size = self.size.checked_add(count).ok_or(LogError::Full)?;
        let (mut level, mut first, mut row) = (0_u8, self.size, leaves.to_vec());
        // What stays without a sibling on each level, the smallest first.
        let mut peaks: Vec<Id> = Vec::new();
        while !row.is_empty() {
            for (index, hash) in (first..).zip(&row) {
                completed(level, index, *hash);
            }
            if first & 1 == 1 {
                // A set bit of the size has a peak: `from_peaks` and these functions keep it so.
                row.splice(..0, self.peaks.pop());
            }
            let (pairs, rest) = row.as_chunks();
            peaks.extend(rest);
            row = node_hashes(pairs);
            level = level.saturating_add(1);
            first >>= 1;
        }
        self.peaks.extend(peaks.into_iter().rev());
        self.size = size;
        Ok(())
    }
}

/// The root hash of the first `tree_size` entries, from the stored hashes of complete subtrees.
pub fn root_at<E>(tree_size: u64, node: impl FnMut(u8, u64) -> Result<Id, E>) -> Result<Id, E> {
    Ok(Frontier::load(tree_size, node)?.root())
}

/// The inclusion proof of entry `index` in the tree of the first `tree_size` entries: hashes, deepest first.
pub fn inclusion_proof<E: From<LogError>>(
    index: u64,
    tree_size: u64,
    node: impl FnMut(u8, u64) -> Result<Id, E>,
) -> Result<Vec<Id>, E> {
    if index >= tree_size {
        return Err(LogError::Index { index, tree_size }.into());
    }
    let mut node = node;
    let mut proof = Vec::new();
    let (mut begin, mut end) = (0, tree_size);
    // From the root down: the half without the leaf is part of the proof, the other half is the next tree.
    while let Some(middle) = middle(begin, end) {
        if index < middle {
            proof.push(range_hash(middle, end, &mut node)?);
            end = middle;
        } else {
            proof.push(range_hash(begin, middle, &mut node)?);
            begin = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of the first `new_size` entries continues that of the first `old_size`. It is empty where
/// the sizes are equal or the old one is 0.
pub fn consistency_proof<E: From<LogError>>(
    old_size: u64,
    new_size: u64,
    node: impl FnMut(u8, u64) -> Result<Id, E>,
) -> Result<Vec<Id>, E> {
    if old_size > new_size {
        return Err(LogError::Sizes { old_size, new_size }.into());
    }
    if old_size == 0 {
        return Ok(Vec::new());
    }
    let mut node = node;
    let mut proof = Vec::new();
    let (mut begin, mut end) = (0, new_size);
    // The old tree ends inside begin..end; whoever checks knows the hash of the part before that end only where
    // it is the whole old tree, that is, as long as begin is 0.
    while end > old_size {
        let Some(middle) = middle(begin, end) else { break };
        if old_size <= middle {
            proof.push(range_hash(middle, end, &mut node)?);
            end = middle;
        } else {
            proof.push(range_hash(begin, middle, &mut node)?);
            begin = middle;
        }
    }
    if begin > 0 {
        proof.push(range_hash(begin, end, &mut node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the entry with this hash is entry `index` of the tree of this size and root hash.
pub fn verify_inclusion(index: u64, tree_size: u64, leaf: &Id, proof: &[Id], root: &Id) -> Result<(), LogError> {
    let found = root_of_inclusion(index, tree_size, leaf, proof)?;
    if found != *root {
        return Err(LogError::Root { expected: *root, found });
    }
    Ok(())
}

/// The root hash to which an inclusion proof leads: RFC 9162, 2.1.3.2.
pub fn root_of_inclusion(index: u64, tree_size: u64, leaf: &Id, proof: &[Id]) -> Result<Id, LogError> {
    let length = LogError::ProofLength { found: proof.len() };
    let mut last = match tree_size.checked_sub(1) {
        Some(last) if index <= last => last,
        Some(_) | None => return Err(LogError::Index { index, tree_size }),
    };
    let (mut position, mut hash) = (index, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(length);
        }
        if position & 1 == 1 || position == last {
            hash = node_hash(sibling, &hash);
            skip_lone_levels(&mut position, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    Ok(hash)
}

/// Checks that the tree of the new size and root hash continues that of the old: RFC 9162, 2.1.4.2.
///
/// Every log continues the empty one: with an old size of 0 the proof must be empty and the old root that of nothing.
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    old_root: &Id,
    new_root: &Id,
    proof: &[Id],
) -> Result<(), LogError> {
    let length = LogError::ProofLength { found: proof.len() };
    let expect = |expected: &Id, found: Id| {
        if *expected == found { Ok(()) } else { Err(LogError::Root { expected: *expected, found }) }
    };
    if old_size > new_size {
        return Err(LogError::Sizes { old_size, new_size });
    }
    let (Some(mut position), Some(mut last)) = (old_size.checked_sub(1), new_size.checked_sub(1)) else {
        if !proof.is_empty() {
            return Err(length);
        }
        if new_size == 0 {
            expect(new_root, empty_root())?;
        }
        return expect(old_root, empty_root());
    };
    if old_size == new_size {
        return if proof.is_empty() { expect(old_root, *new_root) } else { Err(length) };
    }
    // Where the old tree is one complete subtree, its root hash is left out of the proof.
    let (seed, rest) = if old_size.is_power_of_two() {
        (*old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(length.clone())?;
        (*first, rest)
    };
    while position & 1 == 1 {
        position >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (seed, seed);
    for sibling in rest {
        if last == 0 {
            return Err(length);
        }
        if position & 1 == 1 || position == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            skip_lone_levels(&mut position, &mut last);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    expect(old_root, old_hash)?;
    expect(new_root, new_hash)
}

/// Up the right edge, past the levels where the subtree has no sibling.
fn skip_lone_levels(position: &mut u64, last: &mut u64) {
    while *position & 1 == 0 && *position != 0 {
        *position >>= 1;
        *last >>= 1;
    }
}

/// Where RFC 6962 splits the tree over begin..end: after the largest power of two below its size. None for a leaf.
fn middle(begin: u64, end: u64) -> Option<u64> {
    let last = end.checked_sub(begin)?.checked_sub(1)?;
    begin.checked_add(1_u64.checked_shl(last.checked_ilog2()?)?)
}

/// The complete subtrees that the tree over begin..end consists of, the largest first. `begin` is a multiple of the
/// largest one's size, as it is for each tree that `middle` makes.
fn complete_subtrees(begin: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let mut position = begin;
    std::iter::from_fn(move || {
        let level = end.checked_sub(position)?.checked_ilog2()?;
        let index = position.checked_shr(level)?;
        position = position.checked_add(1_u64.checked_shl(level)?)?;
        Some((u8::try_from(level).ok()?, index))
    })
}

fn range_hash<E>(begin: u64, end: u64, node: &mut impl FnMut(u8, u64) -> Result<Id, E>) -> Result<Id, E> {
    let hashes =
        complete_subtrees(begin, end).map(|(level, index)| node(level, index)).collect::<Result<Vec<_>, E>>()?;
    Ok(fold_right(&hashes).unwrap_or_else(empty_root))
}

/// The hash of complete subtrees side by side, from the smallest (rightmost) up.
fn fold_right(hashes: &[Id]) -> Option<Id> {
    hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const SIZE: u64 = 70;

    struct Log {
        leaves: Vec<Id>,
        nodes: BTreeMap<(u8, u64), Id>,
        roots: Vec<Id>,
    }

    impl Log {
        fn new() -> Self {
            let (mut leaves, mut nodes, mut frontier) = (Vec::new(), BTreeMap::new(), Frontier::new());
            let mut roots = vec![frontier.root()];
            for number in 0..SIZE {
                let leaf = leaf_hash(&number.to_be_bytes());
                let appended = frontier.append(leaf, |level, index, hash| {
                    assert_eq!(nodes.insert((level, index), hash), None);
                });
                assert_eq!(appended, Ok(()));
                leaves.push(leaf);
                roots.push(frontier.root());
            }
            Self { leaves, nodes, roots }
        }

        fn node(&self, level: u8, index: u64) -> Result<Id, LogError> {
            let node = self.nodes.get(&(level, index)).copied();
            node.ok_or(LogError::Index { index, tree_size: SIZE })
        }
    }

    fn at<T>(list: &[T], index: u64) -> &T {
        &list[usize::try_from(index).unwrap()]
    }

    /// RFC 6962, section 2.1, to the letter.
    fn tree_hash(leaves: &[Id]) -> Id {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&tree_hash(left), &tree_hash(right))
            }
        }
    }

    #[test]
    fn the_frontier_gives_the_root_at_every_size() {
        let log = Log::new();
        for size in 0..=SIZE {
            let root = *at(&log.roots, size);
            assert_eq!(root, tree_hash(&log.leaves[..usize::try_from(size).unwrap()]));
            assert_eq!(root_at(size, |level, index| log.node(level, index)), Ok(root));
            let frontier = Frontier::load(size, |level, index| log.node(level, index)).unwrap();
            assert_eq!(Frontier::from_peaks(size, frontier.peaks().to_vec()), Ok(frontier));
        }
        assert!(Frontier::from_peaks(3, vec![Id::ZERO]).is_err());
        let mut full = Frontier::from_peaks(u64::MAX, vec![Id::ZERO; 64]).unwrap();
        assert_eq!(full.append(Id::ZERO, |_, _, _| {}), Err(LogError::Full));
        assert_eq!(full.append_all(&[Id::ZERO], |_, _, _| {}), Err(LogError::Full));
    }

    #[test]
    fn many_entries_appended_at_once_make_the_same_log() {
        let log = Log::new();
        for old_size in 0..=SIZE {
            for new_size in old_size..=SIZE {
                let (old, new) = (usize::try_from(old_size).unwrap(), usize::try_from(new_size).unwrap());
                let mut frontier = Frontier::load(old_size, |level, index| log.node(level, index)).unwrap();
                let mut expected = BTreeMap::new();
                let mut single = frontier.clone();
                for leaf in &log.leaves[old..new] {
                    single.append(*leaf, |level, index, hash| _ = expected.insert((level, index), hash)).unwrap();
                }
                let mut found = BTreeMap::new();
                let appended = frontier.append_all(&log.leaves[old..new], |level, index, hash| {
                    assert_eq!(found.insert((level, index), hash), None);
                });
                assert_eq!(appended, Ok(()));
                assert_eq!(found, expected);
                assert_eq!(frontier, single);
            }
        }
    }

    #[test]
    fn hashes_are_those_of_the_plain_interface() {
        let entries: Vec<Vec<u8>> = (0..100).map(|number: u8| vec![number; usize::from(number) * 3]).collect();
        let leaves = leaf_hashes(&entries);
        for (entry, leaf) in entries.iter().zip(&leaves) {
            assert_eq!(*leaf, sha256(&[&[0], entry]));
        }
        let pairs = leaves.as_chunks().0;
        for ([left, right], node) in pairs.iter().zip(node_hashes(pairs)) {
            assert_eq!(node, sha256(&[&[1], &left.0, &right.0]));
        }
    }

    #[test]
    fn every_inclusion_proof_holds_and_no_altered_one_does() {
        let log = Log::new();
        for size in 1..=SIZE {
            for index in 0..size {
                let proof = inclusion_proof(index, size, |level, index| log.node(level, index)).unwrap();
                let (leaf, root) = (at(&log.leaves, index), at(&log.roots, size));
                assert_eq!(verify_inclusion(index, size, leaf, &proof, root), Ok(()));
                for changed in 0..proof.len() {
                    let mut altered = proof.clone();
                    altered[changed].0[31] ^= 1;
                    assert!(verify_inclusion(index, size, leaf, &altered, root).is_err());
                    altered.remove(changed);
                    assert!(verify_inclusion(index, size, leaf, &altered, root).is_err());
                }
                let mut longer = proof.clone();
                longer.push(Id::ZERO);
                assert!(verify_inclusion(index, size, leaf, &longer, root).is_err());
                for other in (0..size).filter(|other| *other != index) {
                    assert!(verify_inclusion(other, size, leaf, &proof, root).is_err());
                }
            }
            let beyond = inclusion_proof(size, size, |level, index| log.node(level, index));
            assert_eq!(beyond, Err(LogError::Index { index: size, tree_size: size }));
        }
        let huge = root_of_inclusion(u64::MAX, u64::MAX, &Id::ZERO, &[Id::ZERO; 70]);
        assert_eq!(huge, Err(LogError::Index { index: u64::MAX, tree_size: u64::MAX }));
        assert!(root_of_inclusion(u64::MAX - 1, u64::MAX, &Id::ZERO, &[Id::ZERO; 70]).is_err());
    }

    #[test]
    fn every_consistency_proof_holds_and_no_altered_one_does() {
        let log = Log::new();
        for new_size in 0..=SIZE {
            let new_root = at(&log.roots, new_size);
            for old_size in 0..=new_size {
                let proof = consistency_proof(old_size, new_size, |level, index| log.node(level, index)).unwrap();
                let old_root = at(&log.roots, old_size);
                assert_eq!(verify_consistency(old_size, new_size, old_root, new_root, &proof), Ok(()));
                for changed in 0..proof.len() {
                    let mut altered = proof.clone();
                    altered[changed].0[0] ^= 0x80;
                    assert!(verify_consistency(old_size, new_size, old_root, new_root, &altered).is_err());
                    altered.remove(changed);
                    assert!(verify_consistency(old_size, new_size, old_root, new_root, &altered).is_err());
                }
                let mut longer = proof.clone();
                longer.push(Id::ZERO);
                assert!(verify_consistency(old_size, new_size, old_root, new_root, &longer).is_err());
                let other_root = Id([9; 32]);
                assert!(verify_consistency(old_size, new_size, &other_root, new_root, &proof).is_err());
                if old_size > 0 {
                    assert!(verify_consistency(old_size, new_size, old_root, &other_root, &proof).is_err());
                }
            }
            let backwards = consistency_proof(new_size + 1, new_size, |level, index| log.node(level, index));
            assert_eq!(backwards, Err(LogError::Sizes { old_size: new_size + 1, new_size }));
        }
    }
}
