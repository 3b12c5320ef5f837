//! Map proofs: what a table holds under a tree key, or that it holds nothing there.
//!
//! Formats: `docs/reference/formats.md`, section *Map proof*. Decoding is strict, so that a proof has one encoding,
//! and verifying gives back what was proven: there is no verdict to forget to look at.

use super::sum_map::{self, DEPTH_MAX, Leaf, Node, SumOverflow};
use crate::id::Id;
use crate::state::{Record, VALUE_BYTES_MAX};
use std::cmp::Ordering;

/// What a verified proof says about the key that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// The table holds this record there.
    Present {
        /// What the record weighs.
        sum: u128,
        /// The record's value.
        value: Vec<u8>,
        /// The sum of the whole table.
        table_sum: u128,
    },
    /// The table holds no record there.
    Absent {
        /// The sum of the whole table.
        table_sum: u128,
    },
}

impl Proven {
    /// The sum of the whole table.
    pub const fn table_sum(&self) -> u128 {
        match self {
            Self::Present { table_sum, .. } | Self::Absent { table_sum } => *table_sum,
        }
    }
}

/// Why a map proof was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It ends before it should, or goes on after.
    #[error("map proof: expected {expected} bytes, found {found}")]
    Length {
        /// How many bytes its own fields ask for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The kind is none of the three.
    #[error("map proof, kind: expected 0, 1 or 2, found {found}")]
    Kind {
        /// The kind byte.
        found: u8,
    },
    /// The value is longer than a record's may be.
    #[error("map proof, value: expected at most {VALUE_BYTES_MAX} bytes, found {found}")]
    ValueTooLong {
        /// How long it says it is.
        found: usize,
    },
    /// The path is longer than a key.
    #[error("map proof, depth: expected at most {DEPTH_MAX}, found {found}")]
    Depth {
        /// How long it says it is.
        found: usize,
    },
    /// Bits are set after the last one of the bitmap.
    #[error("map proof, bitmap: expected padding bits of 0, found 1")]
    Padding,
    /// A sibling that is listed holds nothing.
    #[error("map proof, sibling at depth {depth}: expected a hash, found 32 zero bytes (empty)")]
    EmptySibling {
        /// The depth of the node above it.
        depth: usize,
    },
    /// The path ends beside nothing, where it should have ended higher up.
    #[error("map proof, deepest sibling: expected one that is not empty, found an empty one")]
    Overlong,
    /// The other leaf is the one that was asked for.
    #[error("map proof, other leaf: expected another key than the one asked, found the same")]
    SameKey,
    /// The other leaf stands elsewhere.
    #[error(
        "map proof, other leaf: expected a key with the first {expected} bits of the one asked, found {found} in common"
    )]
    OffPath {
        /// The length of the path.
        expected: usize,
        /// How many bits both keys share.
        found: usize,
    },
    /// The sums do not fit.
    #[error("map proof, sum: expected less than 2^128, found more")]
    Sum(#[from] SumOverflow),
    /// The proof leads to another root.
    #[error("map proof, root: expected {expected}, found {found}")]
    Root {
        /// The root that was asked.
        expected: Id,
        /// The root that the proof leads to.
        found: Id,
    },
}

/// What stands at the end of a proof's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathEnd {
    /// Nothing.
    Nothing,
    /// The record that was asked for.
    Present(Record),
    /// The leaf of another record, alone in the subtree where the asked one would be.
    Other {
        /// Its tree key.
        tree_key: Id,
        /// What it weighs.
        sum: u128,
        /// SHA-256 of its value.
        value_hash: Id,
    },
}

/// A map proof that has the right form. It proves nothing until [`MapProof::verify`] has compared it with a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapProof {
    end: PathEnd,
    /// Root first; [`Node::EMPTY`] where the bitmap lists none.
    siblings: Vec<Node>,
}

impl MapProof {
    /// A proof from what stands at the end of the path and beside it, root first.
    pub fn new(end: PathEnd, siblings: Vec<Node>) -> Result<Self, ProofError> {
        if let PathEnd::Present(record) = &end
            && record.value.len() > VALUE_BYTES_MAX
        {
            return Err(ProofError::ValueTooLong { found: record.value.len() });
        }
        if siblings.len() > DEPTH_MAX {
            return Err(ProofError::Depth { found: siblings.len() });
        }
        // A lone leaf is that leaf at whatever depth: beside an empty subtree the path would have ended higher up.
        if siblings.last().is_some_and(Node::is_empty) {
            return Err(ProofError::Overlong);
        }
        Ok(Self { end, siblings })
    }

    /// What stands at the end of the path.
    pub const fn end(&self) -> &PathEnd {
        &self.end
    }

    /// What stands beside the path, root first; [`Node::EMPTY`] where nothing does.
    pub fn siblings(&self) -> &[Node] {
        &self.siblings
    }

    /// The bytes of the proof.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.siblings.len().saturating_mul(SIBLING_BYTES).saturating_add(128));
        match &self.end {
            PathEnd::Nothing => bytes.push(0),
            PathEnd::Present(record) => {
                bytes.push(1);
                bytes.extend_from_slice(&record.sum.to_be_bytes());
                bytes.extend_from_slice(&short(record.value.len()));
                bytes.extend_from_slice(&record.value);
            }
            PathEnd::Other { tree_key, sum, value_hash } => {
                bytes.push(2);
                bytes.extend_from_slice(&tree_key.0);
                bytes.extend_from_slice(&sum.to_be_bytes());
                bytes.extend_from_slice(&value_hash.0);
            }
        }
        bytes.extend_from_slice(&short(self.siblings.len()));
        for eight in self.siblings.chunks(8) {
            let set = eight.iter().enumerate().filter(|(_, sibling)| !sibling.is_empty());
            bytes.push(set.fold(0, |byte, (place, _)| byte | (0x80 >> place)));
        }
        for sibling in self.siblings.iter().filter(|sibling| !sibling.is_empty()) {
            bytes.extend_from_slice(&sibling.hash.0);
            bytes.extend_from_slice(&sibling.sum.to_be_bytes());
        }
        bytes
    }

    /// Read a proof; whatever `encode` would not have written is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut reader = Reader { bytes, taken: 0 };
        let end = match reader.byte()? {
            0 => PathEnd::Nothing,
            1 => {
                let sum = reader.wide()?;
                let length = reader.short()?;
                if length > VALUE_BYTES_MAX {
                    return Err(ProofError::ValueTooLong { found: length });
                }
                PathEnd::Present(Record { sum, value: reader.take(length)?.to_vec() })
            }
            2 => PathEnd::Other { tree_key: reader.id()?, sum: reader.wide()?, value_hash: reader.id()? },
            found => return Err(ProofError::Kind { found }),
        };
        let depth = reader.short()?;
        if depth > DEPTH_MAX {
            return Err(ProofError::Depth { found: depth });
        }
        let bitmap = reader.take(depth.div_ceil(8))?;
        let listed = |place: usize| bitmap.get(place / 8).is_some_and(|byte| byte & (0x80 >> (place % 8)) != 0);
        if (depth..bitmap.len().saturating_mul(8)).any(listed) {
            return Err(ProofError::Padding);
        }
        let mut siblings = Vec::with_capacity(depth);
        for place in 0..depth {
            if !listed(place) {
                siblings.push(Node::EMPTY);
                continue;
            }
            let sibling = Node { hash: reader.id()?, sum: reader.wide()? };
            // The bitmap says what is empty; listed as well, it could carry a sum that no leaf has.
            if sibling.is_empty() {
                return Err(ProofError::EmptySibling { depth: place });
            }
            siblings.push(sibling);
        }
        reader.end()?;
        Self::new(end, siblings)
    }

    /// What the proof proves about `tree_key` in the table whose root hash is `root_hash`.
    pub fn verify(self, root_hash: &Id, tree_key: &Id) -> Result<Proven, ProofError> {
        self.verify_after(&mut VerifiedPath::default(), root_hash, tree_key)
    }

    /// As [`verify`](Self::verify), beside what an earlier proof has proven: what both paths share is compared and not
    /// hashed again. Proofs in the order of their tree keys share the most.
    pub fn verify_after(self, path: &mut VerifiedPath, root_hash: &Id, tree_key: &Id) -> Result<Proven, ProofError> {
        let mut node = self.end_node(tree_key)?;
        let parting = path.parting(root_hash, tree_key, &self.siblings);
        // Below the node where they part; from the root where they share nothing.
        let top = parting.map_or(0, |depth| depth.saturating_add(1));
        let mut nodes = vec![node];
        for (depth, sibling) in self.siblings.iter().enumerate().skip(top).rev() {
            node = parent(tree_key, depth, &node, sibling)?;
            nodes.push(node);
        }
        if let Some(depth) = parting {
            // There the earlier path had this one's node for a sibling.
            if path.siblings.get(depth) != Some(&node) {
                let mut fresh = VerifiedPath::default();
                let proven = self.verify_after(&mut fresh, root_hash, tree_key)?;
                *path = fresh;
                return Ok(proven);
            }
            nodes.extend(path.nodes.iter().take(top).rev());
        }
        nodes.reverse();
        let root = nodes.first().copied().unwrap_or(Node::EMPTY);
        if root.hash != *root_hash {
            return Err(ProofError::Root { expected: *root_hash, found: root.hash });
        }
        *path = VerifiedPath { tree_key: *tree_key, nodes, siblings: self.siblings };
        Ok(match self.end {
            PathEnd::Present(Record { sum, value }) => Proven::Present { sum, value, table_sum: root.sum },
            PathEnd::Nothing | PathEnd::Other { .. } => Proven::Absent { table_sum: root.sum },
        })
    }

    /// The node at the end of the path that `tree_key` takes.
    fn end_node(&self, tree_key: &Id) -> Result<Node, ProofError> {
        Ok(match &self.end {
            PathEnd::Nothing => Node::EMPTY,
            PathEnd::Present(record) => Leaf::new(*tree_key, record.sum, &record.value).node,
            PathEnd::Other { tree_key: other, sum, value_hash } => {
                let (expected, found) = (self.siblings.len(), sum_map::common_bits(other, tree_key));
                if found == DEPTH_MAX {
                    return Err(ProofError::SameKey);
                }
                // A leaf from elsewhere says nothing about the subtree that this path leads to.
                if found < expected {
                    return Err(ProofError::OffPath { expected, found });
                }
                Node::leaf(other, *sum, value_hash)
            }
        })
    }
}

fn parent(tree_key: &Id, depth: usize, node: &Node, sibling: &Node) -> Result<Node, SumOverflow> {
    if sum_map::bit(tree_key, depth) { Node::parent(sibling, node) } else { Node::parent(node, sibling) }
}

/// The path of the last proof that was verified: see [`MapProof::verify_after`].
#[derive(Clone, Debug, Default)]
pub struct VerifiedPath {
    tree_key: Id,
    /// Root first, to the path's end; none before the first proof.
    nodes: Vec<Node>,
    siblings: Vec<Node>,
}

impl VerifiedPath {
    /// What stands beside the path of `tree_key`, below its node at each depth, as far as this path tells: what stands
    /// beside both, and where they part, this path's own node.
    pub fn beside(&self, tree_key: &Id) -> impl Fn(usize) -> Option<Node> {
        let parting = sum_map::common_bits(&self.tree_key, tree_key);
        move |depth| match depth.cmp(&parting) {
            Ordering::Less => self.siblings.get(depth).copied(),
            Ordering::Equal => self.nodes.get(depth.saturating_add(1)).copied(),
            Ordering::Greater => None,
        }
    }

    /// The depth of the last node that it shares with the path of `tree_key`, if that has these siblings as far as here.
    fn parting(&self, root_hash: &Id, tree_key: &Id, siblings: &[Node]) -> Option<usize> {
        let depth = sum_map::common_bits(&self.tree_key, tree_key);
        let is_root = self.nodes.first().is_some_and(|root| root.hash == *root_hash);
        let is_beside = self.nodes.get(depth.saturating_add(1)) == Some(siblings.get(depth)?);
        (is_root && is_beside && self.siblings.get(..depth)? == siblings.get(..depth)?).then_some(depth)
    }
}

/// What the bytes of a proof prove about `tree_key` in the table whose root hash is `root_hash`.
pub fn verify(proof: &[u8], root_hash: &Id, tree_key: &Id) -> Result<Proven, ProofError> {
    MapProof::decode(proof)?.verify(root_hash, tree_key)
}

/// A listed sibling: a hash and a sum.
const SIBLING_BYTES: usize = 48;

/// A length as it is written. [`MapProof::new`] refuses whatever does not fit.
fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

struct Reader<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ProofError> {
        let end = self.taken.saturating_add(length);
        let part =
            self.bytes.get(self.taken..end).ok_or(ProofError::Length { expected: end, found: self.bytes.len() })?;
        self.taken = end;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProofError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, ProofError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn short(&mut self) -> Result<usize, ProofError> {
        self.array().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn wide(&mut self) -> Result<u128, ProofError> {
        self.array().map(u128::from_be_bytes)
    }

    fn id(&mut self) -> Result<Id, ProofError> {
        self.array().map(Id)
    }

    fn end(self) -> Result<(), ProofError> {
        if self.taken == self.bytes.len() {
            Ok(())
        } else {
            Err(ProofError::Length { expected: self.taken, found: self.bytes.len() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::test_support::{Random, load_vectors};

    fn prove(leaves: &[(Id, Record)], tree_key: &Id) -> MapProof {
        prove_beside(leaves, tree_key, |_| None)
    }

    fn prove_beside(leaves: &[(Id, Record)], tree_key: &Id, known: impl Fn(usize) -> Option<Node>) -> MapProof {
        let nodes: Vec<Leaf> = leaves.iter().map(|(key, record)| Leaf::new(*key, record.sum, &record.value)).collect();
        let mut siblings = Vec::new();
        let end = match sum_map::siblings(&nodes, 0, tree_key, known, &mut siblings).unwrap() {
            None => PathEnd::Nothing,
            Some(found) => {
                let (key, record) = leaves.iter().find(|(key, _)| *key == found.tree_key).unwrap();
                if key == tree_key {
                    PathEnd::Present(record.clone())
                } else {
                    PathEnd::Other { tree_key: *key, sum: record.sum, value_hash: sum_map::value_hash(&record.value) }
                }
            }
        };
        MapProof::new(end, siblings).unwrap()
    }

    #[test]
    fn proofs_of_the_vectors() {
        for vectors in load_vectors() {
            for case in &vectors.proofs {
                let root = vectors.root.unwrap();
                let name = format!("{} {}", vectors.name, case.key);
                assert_eq!(prove(&vectors.entries, &case.key).encode(), case.proof, "{name}");
                assert_eq!(MapProof::decode(&case.proof).unwrap().encode(), case.proof, "{name}");
                let expected = match &case.record {
                    Some(Record { sum, value }) => {
                        Proven::Present { sum: *sum, value: value.clone(), table_sum: vectors.sum }
                    }
                    None => Proven::Absent { table_sum: vectors.sum },
                };
                assert_eq!(verify(&case.proof, &root, &case.key), Ok(expected), "{name}");
            }
        }
    }

    #[test]
    fn what_must_fail_is_refused() {
        for vectors in load_vectors() {
            for case in &vectors.must_fail {
                let found = verify(&case.proof, &case.root, &case.key);
                assert!(found.is_err(), "{} accepts {}: {found:?}", vectors.name, case.why);
            }
        }
    }

    #[test]
    fn random_tables_prove_what_they_hold_and_no_altered_byte_gets_through() {
        let mut random = Random::new(7);
        for size in [0_u64, 1, 2, 3, 9, 40] {
            let mut leaves: Vec<(Id, Record)> = Vec::new();
            let mut key = random.id();
            for _ in 0..size {
                // Half of the keys stand close to the one before, for deep paths with empty siblings.
                key = if random.below(2) == 0 { random.id() } else { random.near(&key) };
                let value = random.bytes(random.clone().below(70));
                leaves.push((key, Record { sum: random.wide() >> 16, value }));
            }
            leaves.sort_by_key(|(key, _)| *key);
            leaves.dedup_by_key(|(key, _)| *key);
            let nodes: Vec<Leaf> = leaves.iter().map(|(key, it)| Leaf::new(*key, it.sum, &it.value)).collect();
            let root = sum_map::root(&nodes, 0).unwrap();
            let mut asked: Vec<Id> = leaves.iter().map(|(key, _)| *key).collect();
            asked.extend(asked.clone().iter().map(|key| random.near(key)));
            asked.push(random.id());
            asked.sort_unstable();
            let mut path = VerifiedPath::default();
            for tree_key in asked {
                let held = leaves.iter().find(|(key, _)| *key == tree_key);
                let bytes = prove(&leaves, &tree_key).encode();
                // What stands beside an earlier path is what would be hashed for this one.
                assert_eq!(prove_beside(&leaves, &tree_key, path.beside(&tree_key)).encode(), bytes);
                let proven = verify(&bytes, &root.hash, &tree_key).unwrap();
                assert_eq!(proven.table_sum(), root.sum);
                let before = path.clone();
                let after = |bytes: &[u8], path: &mut VerifiedPath| {
                    MapProof::decode(bytes)?.verify_after(path, &root.hash, &tree_key)
                };
                for _ in 0..2 {
                    assert_eq!(after(&bytes, &mut path).as_ref(), Ok(&proven));
                }
                match (held, &proven) {
                    (Some((_, record)), Proven::Present { sum, value, .. }) => {
                        assert_eq!((record.sum, &record.value), (*sum, value));
                    }
                    (None, Proven::Absent { .. }) => {}
                    (_, proven) => panic!("{tree_key}: {proven:?}"),
                }
                for place in 0..bytes.len() {
                    let mut altered = bytes.clone();
                    altered[place] ^= 1 << random.below(8);
                    let refused = verify(&altered, &root.hash, &tree_key);
                    assert!(refused.is_err(), "byte {place} of {bytes:02x?}");
                    assert_eq!(after(&altered, &mut before.clone()), refused);
                }
                for length in 0..bytes.len() {
                    assert!(verify(&bytes[..length], &root.hash, &tree_key).is_err());
                }
                let mut longer = bytes.clone();
                longer.push(0);
                assert!(verify(&longer, &root.hash, &tree_key).is_err());
            }
        }
    }

    #[test]
    fn every_refusal_is_named() {
        let key = Id([0; 32]);
        let sibling = Node { hash: Id([9; 32]), sum: 4 };
        let other = |tree_key| PathEnd::Other { tree_key, sum: 1, value_hash: Id([3; 32]) };
        let off = MapProof::new(other(Id([0xff; 32])), vec![sibling]).unwrap();
        assert_eq!(off.verify(&Id::ZERO, &key), Err(ProofError::OffPath { expected: 1, found: 0 }));
        let same = MapProof::new(other(key), vec![sibling]).unwrap();
        assert_eq!(same.verify(&Id::ZERO, &key), Err(ProofError::SameKey));
        let full = Node { hash: Id([9; 32]), sum: u128::MAX };
        let over = MapProof::new(PathEnd::Nothing, vec![full, full]).unwrap();
        assert_eq!(over.verify(&Id::ZERO, &key), Err(ProofError::Sum(SumOverflow)));
        assert_eq!(MapProof::new(PathEnd::Nothing, vec![sibling, Node::EMPTY]), Err(ProofError::Overlong));
        assert_eq!(MapProof::new(PathEnd::Nothing, vec![sibling; 257]), Err(ProofError::Depth { found: 257 }));
        let long = PathEnd::Present(Record { sum: 0, value: vec![0; 4_097] });
        assert_eq!(MapProof::new(long, Vec::new()), Err(ProofError::ValueTooLong { found: 4_097 }));
        assert_eq!(MapProof::decode(&[3, 0, 0]), Err(ProofError::Kind { found: 3 }));
        assert_eq!(MapProof::decode(&[0, 1, 1]), Err(ProofError::Depth { found: 257 }));
        assert_eq!(MapProof::decode(&[0, 0]), Err(ProofError::Length { expected: 3, found: 2 }));
        assert_eq!(MapProof::decode(&[0, 0, 0, 0]), Err(ProofError::Length { expected: 3, found: 4 }));
        assert_eq!(MapProof::decode(&[0, 0, 1, 1]), Err(ProofError::Padding));
        let mut empty = vec![0, 0, 1, 0x80];
        empty.extend([0; 48]);
        assert_eq!(MapProof::decode(&empty), Err(ProofError::EmptySibling { depth: 0 }));
    }
}
