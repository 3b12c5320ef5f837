//! The sum map: hashes of leaves and nodes, and the root of a sorted list of leaves.
//!
//! Formats: `docs/reference/formats.md`, section *The sum map*. The root is a function of the contents alone, so that
//! two machines that hold the same records agree on it whatever way they came by them.

use crate::id::{Id, sha256};
use sha2::block_api::compress256;

/// The most bits that a path has: a tree key is 256 bits long.
pub const DEPTH_MAX: usize = 256;

/// SHA-256 of the empty value, which most records of a plain asset hold.
pub const EMPTY_VALUE_HASH: Id = Id([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// What a parent says of a subtree: its hash and its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The subtree's hash; 32 zero bytes where it holds nothing.
    pub hash: Id,
    /// The sums of its leaves, added up.
    pub sum: u128,
}

impl Node {
    /// The subtree that holds nothing.
    pub const EMPTY: Self = Self { hash: Id::ZERO, sum: 0 };

    /// Whether the subtree holds nothing.
    pub fn is_empty(&self) -> bool {
        self.hash == Id::ZERO
    }

    /// The leaf of a record: SHA-256(`10` ‖ tree key ‖ sum ‖ SHA-256(value)).
    pub fn leaf(tree_key: &Id, sum: u128, value_hash: &Id) -> Self {
        let [key_high, key_low] = halves(tree_key);
        let [value_high, value_low] = halves(value_hash);
        let hash = digest([
            0x10 << 120 | key_high >> 8,
            key_high << 120 | key_low >> 8,
            key_low << 120 | sum >> 8,
            sum << 120 | value_high >> 8,
            value_high << 120 | value_low >> 8,
            value_low << 120 | 0x80 << 112,
            0,
            81 * 8,
        ]);
        Self { hash, sum }
    }

    /// The parent of two subtrees: SHA-256(`11` ‖ left hash ‖ left sum ‖ right hash ‖ right sum), its sum both sums.
    pub fn parent(left: &Self, right: &Self) -> Result<Self, SumOverflow> {
        let sum = left.sum.checked_add(right.sum).ok_or(SumOverflow)?;
        let [left_high, left_low] = halves(&left.hash);
        let [right_high, right_low] = halves(&right.hash);
        let hash = digest([
            0x11 << 120 | left_high >> 8,
            left_high << 120 | left_low >> 8,
            left_low << 120 | left.sum >> 8,
            left.sum << 120 | right_high >> 8,
            right_high << 120 | right_low >> 8,
            right_low << 120 | right.sum >> 8,
            right.sum << 120 | 0x80 << 112,
            97 * 8,
        ]);
        Ok(Self { hash, sum })
    }
}

/// The sums under one node add up to 2^128 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sums of a table add up to 2^128 or more")]
pub struct SumOverflow;

/// A leaf in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Where it stands.
    pub tree_key: Id,
    /// Its hash and its sum.
    pub node: Node,
}

impl Leaf {
    /// The leaf of a record.
    pub fn new(tree_key: Id, sum: u128, value: &[u8]) -> Self {
        Self { tree_key, node: Node::leaf(&tree_key, sum, &value_hash(value)) }
    }
}

/// SHA-256 of a record's value.
pub fn value_hash(value: &[u8]) -> Id {
    if value.is_empty() { EMPTY_VALUE_HASH } else { sha256(&[value]) }
}

/// The bit of a tree key on which a subtree at `depth` splits, most significant first; false past the last one.
pub fn bit(key: &Id, depth: usize) -> bool {
    key.0.get(depth / 8).is_some_and(|byte| byte & (0x80 >> (depth % 8)) != 0)
}

/// How many leading bits two keys share.
pub fn common_bits(left: &Id, right: &Id) -> usize {
    let pairs = left.0.iter().zip(&right.0);
    match pairs.enumerate().find(|(_, (left, right))| left != right) {
        None => DEPTH_MAX,
        // A byte has at most 8 leading zeros and there are 32 of them, so this cannot saturate.
        Some((index, (left, right))) => {
            let zeros = usize::try_from((left ^ right).leading_zeros()).unwrap_or(0);
            index.saturating_mul(8).saturating_add(zeros)
        }
    }
}

/// The key with every bit from `depth` on cleared: the lowest key of the subtree at `depth` on its path.
pub fn lower_bound(key: &Id, depth: usize) -> Id {
    let mut bound = *key;
    for (index, byte) in bound.0.iter_mut().enumerate() {
        let kept = depth.saturating_sub(index.saturating_mul(8));
        if kept < 8 {
            *byte &= !(0xff_u8 >> kept);
        }
    }
    bound
}

/// The same key with the bit at `depth` set: the lower bound of the right half of the subtree that begins there.
pub fn with_bit(key: &Id, depth: usize) -> Id {
    let mut set = *key;
    if let Some(byte) = set.0.get_mut(depth / 8) {
        *byte |= 0x80 >> (depth % 8);
    }
    set
}

/// Where the right half begins among leaves that are sorted by tree key and share their first `depth` bits.
pub fn split_point<T>(sorted: &[T], depth: usize, tree_key: impl Fn(&T) -> &Id) -> usize {
    sorted.partition_point(|item| !bit(tree_key(item), depth))
}

/// The root of the subtree at `depth` that holds `leaves`, which are sorted by tree key, all different, and share
/// their first `depth` bits.
pub fn root(leaves: &[Leaf], depth: usize) -> Result<Node, SumOverflow> {
    match leaves {
        [] => Ok(Node::EMPTY),
        // One key is that leaf at whatever depth.
        [leaf] => Ok(leaf.node),
        _ => {
            debug_assert!(depth < DEPTH_MAX, "two leaves with one tree key");
            let (left, right) = leaves.split_at(split_point(leaves, depth, |leaf| &leaf.tree_key));
            let below = depth.saturating_add(1);
            Node::parent(&root(left, below)?, &root(right, below)?)
        }
    }
}

/// Append to `siblings`, root first, what stands beside the path of `tree_key` in the subtree at `depth` that holds
/// `leaves` (as for [`root`]), and give back the leaf at the end of the path: the key's own, another one, or none.
pub fn siblings<'a>(
    leaves: &'a [Leaf],
    depth: usize,
    tree_key: &Id,
    siblings: &mut Vec<Node>,
) -> Result<Option<&'a Leaf>, SumOverflow> {
    let (mut leaves, mut depth) = (leaves, depth);
    while leaves.len() > 1 {
        debug_assert!(depth < DEPTH_MAX, "two leaves with one tree key");
        let (left, right) = leaves.split_at(split_point(leaves, depth, |leaf| &leaf.tree_key));
        let (path, beside) = if bit(tree_key, depth) { (right, left) } else { (left, right) };
        depth = depth.saturating_add(1);
        siblings.push(root(beside, depth)?);
        leaves = path;
    }
    Ok(leaves.first())
}

fn halves(hash: &Id) -> [u128; 2] {
    let wide = |from: usize| {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(hash.0.get(from..from.saturating_add(16)).unwrap_or(&[0; 16]));
        u128::from_be_bytes(bytes)
    };
    [wide(0), wide(16)]
}

/// SHA-256 of a message of two blocks that the caller has padded, as eight big-endian lanes.
///
/// Leaves and nodes have fixed lengths, so the padding is a constant. Whole lanes are stored, because the one-byte
/// prefix puts every field off the 16-byte grid that the compression loads by: a load that spans two earlier stores
/// waits for both, and hashing through the general interface took nearly twice as long.
fn digest(lanes: [u128; 8]) -> Id {
    let mut blocks = [[0_u8; 64]; 2];
    for (place, lane) in blocks.as_flattened_mut().chunks_exact_mut(16).zip(lanes) {
        place.copy_from_slice(&lane.to_be_bytes());
    }
    let mut state = INITIAL_STATE;
    compress256(&mut state, &blocks);
    let mut hash = Id::ZERO;
    for (place, word) in hash.0.chunks_exact_mut(4).zip(state) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    hash
}

/// The initial hash value of SHA-256 (FIPS 180-4, section 5.3.3).
const INITIAL_STATE: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::test_support::{Random, load_vectors};

    #[test]
    fn hashes_are_those_of_the_plain_interface() {
        let mut random = Random::new(1);
        for _ in 0..200 {
            let (key, value) = (random.id(), random.id());
            let sum = random.wide() >> 1;
            let leaf = Node::leaf(&key, sum, &value);
            assert_eq!(leaf.hash, sha256(&[&[0x10], &key.0, &sum.to_be_bytes(), &value.0]));
            let other = Node { hash: random.id(), sum: random.wide() >> 1 };
            let parent = Node::parent(&leaf, &other).unwrap();
            let parts: [&[u8]; 5] =
                [&[0x11], &leaf.hash.0, &leaf.sum.to_be_bytes(), &other.hash.0, &other.sum.to_be_bytes()];
            assert_eq!(parent.hash, sha256(&parts));
            assert_eq!(parent.sum, leaf.sum + other.sum);
        }
        assert_eq!(EMPTY_VALUE_HASH, sha256(&[]));
    }

    #[test]
    fn a_sum_of_2_to_the_128_is_refused() {
        let half = Node { hash: Id([1; 32]), sum: 1 << 127 };
        assert_eq!(Node::parent(&half, &half), Err(SumOverflow));
        let below = Node { hash: Id([1; 32]), sum: (1 << 127) - 1 };
        assert_eq!(Node::parent(&half, &below).unwrap().sum, u128::MAX);
    }

    #[test]
    fn bits_are_numbered_from_the_most_significant() {
        let mut key = Id::ZERO;
        key.0[0] = 0x80;
        key.0[31] = 0x01;
        assert!(bit(&key, 0) && bit(&key, 255));
        assert!(!bit(&key, 1) && !bit(&key, 254) && !bit(&key, 256));
        assert_eq!(common_bits(&key, &Id::ZERO), 0);
        assert_eq!(common_bits(&key, &key), 256);
        assert_eq!(common_bits(&key, &lower_bound(&key, 255)), 255);
        assert_eq!(lower_bound(&Id([0xff; 32]), 0), Id::ZERO);
        assert_eq!(lower_bound(&Id([0xff; 32]), 256), Id([0xff; 32]));
        assert_eq!(lower_bound(&Id([0xff; 32]), 12).0[..3], [0xff, 0xf0, 0]);
        assert_eq!(with_bit(&Id::ZERO, 12).0[..3], [0, 0x08, 0]);
    }

    #[test]
    fn roots_of_the_vectors() {
        for vectors in load_vectors() {
            let Some(expected) = vectors.root else { continue };
            let found = root(&vectors.leaves(), 0).unwrap();
            assert_eq!(found.hash, expected, "{}", vectors.name);
            assert_eq!(found.sum, vectors.sum, "{}", vectors.name);
        }
    }
}
