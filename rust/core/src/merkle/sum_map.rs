//! The sum map: hashes of leaves and nodes, and the root of a sorted list of leaves.
//!
//! Formats: `docs/reference/formats.md`, section *The sum map*. The root is a function of the contents alone, so that
//! two machines that hold the same records agree on it whatever way they came by them.

use crate::hash_many::{Backend, join, sha256_short};
use crate::id::{Id, sha256};

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
        Self { hash: sha256_short(|message| write_leaf(tree_key, sum, value_hash, message)), sum }
    }

    /// The parent of two subtrees: SHA-256(`11` ‖ left hash ‖ left sum ‖ right hash ‖ right sum), its sum both sums.
    pub fn parent(left: &Self, right: &Self) -> Result<Self, SumOverflow> {
        let sum = left.sum.checked_add(right.sum).ok_or(SumOverflow)?;
        Ok(Self { hash: sha256_short(|message| write_parent(left, right, message)), sum })
    }
}

/// The [`parent`](Node::parent) of each pair of subtrees, many at once.
fn parents_by<T>(backend: Backend, pairs: &[T], pair: impl Fn(&T) -> (&Node, &Node)) -> Result<Vec<Node>, SumOverflow> {
    if pairs.iter().map(&pair).any(|(left, right)| left.sum.checked_add(right.sum).is_none()) {
        return Err(SumOverflow);
    }
    let write = |item: &T, message: &mut [u8; 97]| {
        let (left, right) = pair(item);
        write_parent(left, right, message);
    };
    Ok(backend.sha256_each(pairs, write, |item, hash| {
        let (left, right) = pair(item);
        Node { hash, sum: left.sum.saturating_add(right.sum) }
    }))
}

fn write_leaf(tree_key: &Id, sum: u128, value_hash: &Id, message: &mut [u8; 81]) {
    join(&[&[0x10], &tree_key.0, &sum.to_be_bytes(), &value_hash.0], message);
}

fn write_parent(left: &Node, right: &Node, message: &mut [u8; 97]) {
    join(&[&[0x11], &left.hash.0, &left.sum.to_be_bytes(), &right.hash.0, &right.sum.to_be_bytes()], message);
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

/// The leaves of many records, hashed at once. `parts` are the tree key, the sum and the value of a record.
pub fn leaves<'a, T>(records: &'a [T], parts: impl Fn(&'a T) -> (&'a Id, u128, &'a [u8])) -> Vec<Leaf> {
    leaves_by(Backend::detect(), records, parts)
}

fn leaves_by<'a, T>(
    backend: Backend,
    records: &'a [T],
    parts: impl Fn(&'a T) -> (&'a Id, u128, &'a [u8]),
) -> Vec<Leaf> {
    let values: Vec<&[u8]> = records.iter().map(|record| parts(record).2).filter(|value| !value.is_empty()).collect();
    let mut value_hashes = backend.sha256_many(&[], &values).into_iter();
    let mut leaves: Vec<(&Id, u128, Id)> = Vec::with_capacity(records.len());
    for (tree_key, sum, value) in records.iter().map(parts) {
        let value_hash = if value.is_empty() { None } else { value_hashes.next() };
        leaves.push((tree_key, sum, value_hash.unwrap_or(EMPTY_VALUE_HASH)));
    }
    backend.sha256_each(
        &leaves,
        |(tree_key, sum, value_hash), message| write_leaf(tree_key, *sum, value_hash, message),
        |(tree_key, sum, _), hash| Leaf { tree_key: **tree_key, node: Node { hash, sum: *sum } },
    )
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
    // The turns of a search are anyone's guess: for few leaves a look at each is quicker than guessing wrong.
    if sorted.len() <= 32 {
        return sorted.iter().filter(|item| !bit(tree_key(item), depth)).count();
    }
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

/// The [`root`] of each subtree, which is given as `root` takes it: by its leaves and its depth. What stands at one
/// depth in many subtrees is hashed at once.
pub fn roots(subtrees: &[(&[Leaf], usize)]) -> Result<Vec<Node>, SumOverflow> {
    roots_by(Backend::detect(), subtrees)
}

/// How many subtrees [`roots`] goes through at a time: enough to fill all lanes on most levels, and few enough to stay
/// in the processor's nearest caches.
const SUBTREES_AT_A_TIME: usize = 256;

/// Both halves of a subtree of two leaves or more.
#[derive(Clone, Copy)]
struct Branch<'a> {
    left: &'a [Leaf],
    right: &'a [Leaf],
    /// The depth of the halves.
    depth: usize,
}

impl<'a> Branch<'a> {
    fn new(leaves: &'a [Leaf], depth: usize) -> Option<Self> {
        if leaves.len() < 2 {
            return None;
        }
        debug_assert!(depth < DEPTH_MAX, "two leaves with one tree key");
        let (left, right) = leaves.split_at(split_point(leaves, depth, |leaf| &leaf.tree_key));
        Some(Self { left, right, depth: depth.saturating_add(1) })
    }
}

fn roots_by(backend: Backend, subtrees: &[(&[Leaf], usize)]) -> Result<Vec<Node>, SumOverflow> {
    let mut roots = Vec::with_capacity(subtrees.len());
    let (mut branches, mut level_starts) = (Vec::new(), Vec::new());
    for subtrees in subtrees.chunks(SUBTREES_AT_A_TIME) {
        // Down: the branches of each level follow those of the level above.
        branches.extend(subtrees.iter().filter_map(|(leaves, depth)| Branch::new(leaves, *depth)));
        let mut start = 0;
        while start < branches.len() {
            level_starts.push(start);
            let end = branches.len();
            for index in start..end {
                let Some(Branch { left, right, depth }) = branches.get(index).copied() else { break };
                branches.extend(Branch::new(left, depth));
                branches.extend(Branch::new(right, depth));
            }
            start = end;
        }
        // Up: what a level needs of the one below comes in the order in which it went down.
        let mut below = Vec::new();
        while let Some(start) = level_starts.pop() {
            let mut hashed = below.iter();
            let level = branches.drain(start..);
            let pairs: Vec<(&Node, &Node)> =
                level.map(|branch| (node(branch.left, &mut hashed), node(branch.right, &mut hashed))).collect();
            below = parents_by(backend, &pairs, |(left, right)| (left, right))?;
        }
        let mut hashed = below.iter();
        roots.extend(subtrees.iter().map(|(leaves, _)| *node(leaves, &mut hashed)));
    }
    Ok(roots)
}

/// The root of a subtree: of one with two leaves or more it is the next one that was hashed.
fn node<'a>(leaves: &'a [Leaf], hashed: &mut impl Iterator<Item = &'a Node>) -> &'a Node {
    match leaves {
        [] => &Node::EMPTY,
        [leaf] => &leaf.node,
        _ => hashed.next().unwrap_or(&Node::EMPTY),
    }
}

/// Append to `siblings`, root first, what stands beside the path of `tree_key` in the subtree at `depth` that holds
/// `leaves` (as for [`root`]), and give back the leaf at the end of the path: the key's own, another one, or none.
/// `known` is what is known to stand beside the path below the node at a depth; it is not hashed again.
pub fn siblings<'a>(
    leaves: &'a [Leaf],
    depth: usize,
    tree_key: &Id,
    known: impl Fn(usize) -> Option<Node>,
    siblings: &mut Vec<Node>,
) -> Result<Option<&'a Leaf>, SumOverflow> {
    let (mut leaves, mut depth) = (leaves, depth);
    while leaves.len() > 1 {
        debug_assert!(depth < DEPTH_MAX, "two leaves with one tree key");
        let (left, right) = leaves.split_at(split_point(leaves, depth, |leaf| &leaf.tree_key));
        let (path, beside) = if bit(tree_key, depth) { (right, left) } else { (left, right) };
        let below = depth.saturating_add(1);
        siblings.push(match known(depth) {
            Some(sibling) => sibling,
            None => root(beside, below)?,
        });
        (leaves, depth) = (path, below);
    }
    Ok(leaves.first())
}

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
    fn many_leaves_are_those_of_single_records() {
        let mut random = Random::new(2);
        for count in 0..70 {
            let records: Vec<(Id, u128, Vec<u8>)> = (0..count)
                .map(|_| {
                    let length = random.below(3) * random.below(100);
                    (random.id(), random.wide(), random.bytes(length))
                })
                .collect();
            let expected: Vec<Leaf> = records.iter().map(|(key, sum, value)| Leaf::new(*key, *sum, value)).collect();
            for backend in Backend::all() {
                assert_eq!(leaves_by(backend, &records, |(key, sum, value)| (key, *sum, value)), expected);
            }
        }
    }

    #[test]
    fn many_parents_are_those_of_single_pairs() {
        let mut random = Random::new(3);
        let mut node = || Node { hash: random.id(), sum: random.wide() >> 1 };
        let mut pairs: Vec<(Node, Node)> = (0..50).map(|_| (node(), node())).collect();
        pairs.push((node(), Node::EMPTY));
        let expected: Vec<Node> = pairs.iter().map(|(left, right)| Node::parent(left, right).unwrap()).collect();
        for backend in Backend::all() {
            for count in 0..=pairs.len() {
                assert_eq!(
                    parents_by(backend, &pairs[..count], |(left, right)| (left, right)).unwrap(),
                    expected[..count]
                );
            }
        }
        pairs[20].0.sum = u128::MAX;
        pairs[20].1.sum = 1;
        for backend in Backend::all() {
            assert_eq!(parents_by(backend, &pairs, |(left, right)| (left, right)), Err(SumOverflow));
        }
    }

    #[test]
    fn roots_of_many_subtrees_are_those_of_each() {
        let mut random = Random::new(4);
        let mut subtrees: Vec<(Vec<Leaf>, usize)> = Vec::new();
        for _ in 0..3 * SUBTREES_AT_A_TIME + 5 {
            // Half of the subtrees stand deep down, and some of their leaves are each other's neighbours.
            let depth = usize::try_from(random.below(2) * random.below(200)).unwrap();
            let path = random.id();
            let mut keys: Vec<Id> = Vec::new();
            for _ in 0..random.below(20) {
                let mut key = random.id();
                if let Some(neighbour) = keys.last().filter(|_| random.clone().below(4) == 0) {
                    key = random.near(neighbour);
                }
                for index in 0..depth {
                    let (byte, mask) = (index / 8, 0x80 >> (index % 8));
                    key.0[byte] = key.0[byte] & !mask | path.0[byte] & mask;
                }
                keys.push(key);
            }
            keys.sort();
            keys.dedup();
            let leaves = keys.iter().map(|key| Leaf::new(*key, random.wide() >> 10, b"")).collect();
            subtrees.push((leaves, depth));
        }
        let subtrees: Vec<(&[Leaf], usize)> = subtrees.iter().map(|(leaves, depth)| (&**leaves, *depth)).collect();
        let expected: Vec<Node> = subtrees.iter().map(|(leaves, depth)| root(leaves, *depth).unwrap()).collect();
        for backend in Backend::all() {
            for count in [0, 1, SUBTREES_AT_A_TIME, subtrees.len()] {
                assert_eq!(roots_by(backend, &subtrees[..count]).unwrap(), expected[..count]);
            }
        }
        let heavy = [Leaf::new(Id([0; 32]), u128::MAX, b""), Leaf::new(Id([1; 32]), 1, b"")];
        assert_eq!(root(&heavy, 0), Err(SumOverflow));
        for backend in Backend::all() {
            assert_eq!(roots_by(backend, &[subtrees[0], (&heavy, 0), subtrees[1]]), Err(SumOverflow));
        }
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
            for backend in Backend::all() {
                let records = &vectors.entries;
                let leaves = leaves_by(backend, records, |(key, record)| (key, record.sum, &record.value));
                assert_eq!(leaves, vectors.leaves(), "{}", vectors.name);
                assert_eq!(roots_by(backend, &[(&leaves, 0)]), Ok(vec![found]), "{}", vectors.name);
            }
        }
    }
}
