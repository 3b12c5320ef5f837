//! A table's tree above its leaf blocks, in memory, and how a sorted list of changes goes through it.
//!
//! A block holds the leaves of one whole subtree, and of the largest one that has at most `leaves_max` of them. So the
//! layout, like the root, is a function of the contents alone.

use crate::block::{self, BlockBytes, BlockKey, Leaves, PackedLeaf};
use crate::environment::ReadTransaction;
use crate::error::{Error, Result};
use crate::state_store::StateStore;
use counterfoil_core::Id;
use counterfoil_core::merkle::sum_map::{self, Node, SumOverflow};
use counterfoil_core::state::Record;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Changed blocks; none is one that was deleted.
pub(crate) type BlockMap = BTreeMap<BlockKey, Option<Arc<[u8]>>>;

/// Changed blocks as an update makes them. A later entry for a key replaces an earlier one.
pub(crate) type BlockWrites = Vec<(BlockKey, Option<Arc<[u8]>>)>;

/// One subtree of a table.
#[derive(Debug, Default)]
pub(crate) enum Subtree {
    #[default]
    Empty,
    Block {
        count: u16,
        node: Node,
    },
    Branch(Box<Branch>),
}

/// A subtree of more leaves than a block holds.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) left: Subtree,
    pub(crate) right: Subtree,
    pub(crate) node: Node,
    pub(crate) count: u64,
    pub(crate) blocks: u64,
}

impl Subtree {
    pub(crate) fn node(&self) -> Node {
        match self {
            Self::Empty => Node::EMPTY,
            Self::Block { node, .. } => *node,
            Self::Branch(branch) => branch.node,
        }
    }

    /// How many leaves it has.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Block { count, .. } => u64::from(*count),
            Self::Branch(branch) => branch.count,
        }
    }

    /// How many blocks it has.
    pub(crate) fn blocks(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Block { .. } => 1,
            Self::Branch(branch) => branch.blocks,
        }
    }

    pub(crate) fn branch(left: Self, right: Self) -> std::result::Result<Self, SumOverflow> {
        let mut branch = Branch { left, right, node: Node::EMPTY, count: 0, blocks: 0 };
        branch.refresh()?;
        Ok(Self::Branch(Box::new(branch)))
    }

    /// The block or empty subtree at the end of a key's path, its depth, and what stands beside the path, root first.
    pub(crate) fn descend(&self, tree_key: &Id, beside: &mut Vec<Node>) -> (&Self, usize) {
        let (mut subtree, mut depth) = (self, 0_usize);
        while let Self::Branch(branch) = subtree {
            let (path, other) = if sum_map::bit(tree_key, depth) {
                (&branch.right, &branch.left)
            } else {
                (&branch.left, &branch.right)
            };
            beside.push(other.node());
            depth = depth.saturating_add(1);
            subtree = path;
        }
        (subtree, depth)
    }
}

impl Branch {
    fn refresh(&mut self) -> std::result::Result<(), SumOverflow> {
        self.count = self.left.count().saturating_add(self.right.count());
        self.blocks = self.left.blocks().saturating_add(self.right.blocks());
        self.node = Node::parent(&self.left.node(), &self.right.node())?;
        Ok(())
    }
}

/// Blocks that changed since the last finished flush.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) current: BlockMap,
    /// What is being written right now: the database may or may not hold it yet.
    pub(crate) flushing: Option<Arc<BlockMap>>,
}

impl Pending {
    fn find(&self, key: &BlockKey) -> Option<&Option<Arc<[u8]>>> {
        self.current.get(key).or_else(|| self.flushing.as_ref().and_then(|flushing| flushing.get(key)))
    }
}

/// Reads blocks as they stand: what is pending, else what is flushing, else what LMDB holds.
///
/// It may hold an LMDB transaction, so nothing that can wait (another reader, a parallel join) happens beside it.
pub(crate) struct Reader<'a> {
    store: &'a StateStore,
    pending: &'a Pending,
    transaction: OnceCell<ReadTransaction>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(store: &'a StateStore, pending: &'a Pending) -> Self {
        Self { store, pending, transaction: OnceCell::new() }
    }

    /// A reader in a transaction that is open already.
    pub(crate) fn within(store: &'a StateStore, pending: &'a Pending, transaction: ReadTransaction) -> Self {
        Self { store, pending, transaction: OnceCell::from(transaction) }
    }

    pub(crate) fn read(&self, key: &BlockKey) -> Result<BlockBytes<'_>> {
        let found = match self.pending.find(key) {
            Some(pending) => pending.as_ref().map(|bytes| BlockBytes::Shared(Arc::clone(bytes))),
            None => self.store.read_block(self.transaction()?, key)?.map(BlockBytes::Mapped),
        };
        found.ok_or_else(|| Error::Corrupt {
            place: format!("state, blocks, {key}"),
            expected: "a block, because the tips name one".to_owned(),
            found: "nothing".to_owned(),
        })
    }

    fn transaction(&self) -> Result<&ReadTransaction> {
        if self.transaction.get().is_none() {
            // Only this thread can have filled it, and it did not.
            let _ = self.transaction.set(self.store.read_transaction()?);
        }
        self.transaction.get().ok_or_else(|| Error::Storage("no read transaction".to_owned()))
    }
}

/// A change of one record: its new content, or none where it is deleted.
pub(crate) struct Delta<'a> {
    pub(crate) tree_key: Id,
    pub(crate) record_id: Id,
    pub(crate) record: Option<&'a Record>,
}

/// An update of one table.
pub(crate) struct Update<'a> {
    pub(crate) store: &'a StateStore,
    pub(crate) pending: &'a Pending,
    pub(crate) table: u32,
    pub(crate) leaves_max: usize,
}

/// Below this many changes (or leaves) a subtree is not split between threads.
pub(crate) const PARALLEL_MIN: usize = 2_048;

impl Update<'_> {
    /// Apply changes, sorted by tree key and one a key, to the whole table.
    pub(crate) fn apply(&self, root: &mut Subtree, deltas: &[Delta<'_>]) -> Result<BlockWrites> {
        self.apply_parallel(root, 0, deltas)
    }

    fn apply_parallel(&self, subtree: &mut Subtree, depth: usize, deltas: &[Delta<'_>]) -> Result<BlockWrites> {
        let mut writes = BlockWrites::new();
        let Some(first) = deltas.first() else { return Ok(writes) };
        if deltas.len() < PARALLEL_MIN {
            let reader = Reader::new(self.store, self.pending);
            self.apply_here(&reader, subtree, depth, deltas, &mut writes)?;
            return Ok(writes);
        }
        if let Subtree::Branch(branch) = subtree {
            let (low, high) = deltas.split_at(sum_map::split_point(deltas, depth, |delta| &delta.tree_key));
            let below = depth.saturating_add(1);
            let Branch { left, right, .. } = &mut **branch;
            let (left, right) =
                rayon::join(|| self.apply_parallel(left, below, low), || self.apply_parallel(right, below, high));
            writes = left?;
            writes.extend(right?);
            let reader = Reader::new(self.store, self.pending);
            self.finish(&reader, subtree, &first.tree_key, depth, 0, &mut writes)?;
            return Ok(writes);
        }
        // The old block is copied, so that no transaction is open while threads wait for each other.
        let key = self.key(&first.tree_key, depth);
        let old = match subtree {
            Subtree::Block { .. } => Reader::new(self.store, self.pending).read(&key)?.to_vec(),
            Subtree::Empty | Subtree::Branch(_) => Vec::new(),
        };
        let old = if old.is_empty() { Vec::new() } else { block_leaves(key, depth, &old)? };
        if let Some(merged) = merge(&old, deltas) {
            if !old.is_empty() {
                writes.push((key, None));
            }
            let (built, made) = self.build_parallel(depth, &merged)?;
            writes.extend(made);
            *subtree = built;
        }
        Ok(writes)
    }

    fn apply_here(
        &self,
        reader: &Reader<'_>,
        subtree: &mut Subtree,
        depth: usize,
        deltas: &[Delta<'_>],
        writes: &mut BlockWrites,
    ) -> Result<()> {
        let Some(first) = deltas.first() else { return Ok(()) };
        match subtree {
            Subtree::Branch(branch) => {
                let (low, high) = deltas.split_at(sum_map::split_point(deltas, depth, |delta| &delta.tree_key));
                let below = depth.saturating_add(1);
                let start = writes.len();
                self.apply_here(reader, &mut branch.left, below, low, writes)?;
                self.apply_here(reader, &mut branch.right, below, high, writes)?;
                if writes.len() > start {
                    self.finish(reader, subtree, &first.tree_key, depth, start, writes)?;
                }
            }
            Subtree::Empty => {
                if let Some(merged) = merge(&[], deltas) {
                    *subtree = self.build(depth, &merged, writes)?;
                }
            }
            Subtree::Block { .. } => {
                let key = self.key(&first.tree_key, depth);
                let bytes = reader.read(&key)?;
                let old = block_leaves(key, depth, &bytes)?;
                if let Some(merged) = merge(&old, deltas) {
                    if merged.is_empty() || merged.len() > self.leaves_max {
                        // Of the blocks that take its place, only the leftmost can have the same key.
                        writes.push((key, None));
                    }
                    *subtree = self.build(depth, &merged, writes)?;
                }
            }
        }
        Ok(())
    }

    /// Hash a branch again whose children have changed, or make it a block where its leaves now fit into one.
    fn finish(
        &self,
        reader: &Reader<'_>,
        subtree: &mut Subtree,
        path: &Id,
        depth: usize,
        start: usize,
        writes: &mut BlockWrites,
    ) -> Result<()> {
        let Subtree::Branch(branch) = subtree else { return Ok(()) };
        let count = branch.left.count().saturating_add(branch.right.count());
        if usize::try_from(count).is_ok_and(|count| count > self.leaves_max) {
            return branch.refresh().map_err(|overflow| self.overflow(overflow));
        }
        // Children that fit into one block together are blocks themselves, or empty.
        let bound = sum_map::lower_bound(path, depth);
        let keys = [bound, sum_map::with_bit(&bound, depth)].map(|bound| BlockKey::new(self.table, &bound));
        let below = depth.saturating_add(1);
        let mut parts = Vec::with_capacity(2);
        for (key, child) in keys.iter().zip([&branch.left, &branch.right]) {
            if matches!(child, Subtree::Empty) {
                continue;
            }
            let written = writes.iter().skip(start).rev().find(|(written, _)| written == key);
            parts.push((
                *key,
                match written {
                    Some((_, Some(bytes))) => BlockBytes::Shared(Arc::clone(bytes)),
                    Some((_, None)) | None => reader.read(key)?,
                },
            ));
        }
        let mut leaves = Vec::with_capacity(self.leaves_max);
        for (key, bytes) in &parts {
            leaves.extend(block_leaves(*key, below, bytes)?);
        }
        // What was written below is written no more, but deletions stay: the database may hold those blocks.
        let mut kept: BlockMap = writes.drain(start..).map(|(key, _)| (key, None)).collect();
        kept.extend(parts.iter().map(|(key, _)| (*key, None)));
        let mut made = BlockWrites::new();
        let built = self.build(depth, &leaves, &mut made)?;
        kept.extend(made);
        writes.extend(kept);
        *subtree = built;
        Ok(())
    }

    fn build(&self, depth: usize, leaves: &[PackedLeaf<'_>], writes: &mut BlockWrites) -> Result<Subtree> {
        let Some(first) = leaves.first() else { return Ok(Subtree::Empty) };
        if leaves.len() <= self.leaves_max {
            let key = self.key(&first.tree_key, depth);
            let hashed: Vec<sum_map::Leaf> = leaves.iter().map(PackedLeaf::hashed).collect();
            let node = sum_map::root(&hashed, depth).map_err(|overflow| self.overflow(overflow))?;
            writes.push((key, Some(block::encode(&key, depth, leaves))));
            let count = u16::try_from(leaves.len()).unwrap_or(u16::MAX);
            return Ok(Subtree::Block { count, node });
        }
        let (low, high) = leaves.split_at(sum_map::split_point(leaves, depth, |leaf| &leaf.tree_key));
        let below = depth.saturating_add(1);
        let left = self.build(below, low, writes)?;
        let right = self.build(below, high, writes)?;
        Subtree::branch(left, right).map_err(|overflow| self.overflow(overflow))
    }

    fn build_parallel(&self, depth: usize, leaves: &[PackedLeaf<'_>]) -> Result<(Subtree, BlockWrites)> {
        if leaves.len() < PARALLEL_MIN.max(self.leaves_max) {
            let mut writes = BlockWrites::new();
            let built = self.build(depth, leaves, &mut writes)?;
            return Ok((built, writes));
        }
        let (low, high) = leaves.split_at(sum_map::split_point(leaves, depth, |leaf| &leaf.tree_key));
        let below = depth.saturating_add(1);
        let (left, right) = rayon::join(|| self.build_parallel(below, low), || self.build_parallel(below, high));
        let ((left, mut writes), (right, high_writes)) = (left?, right?);
        writes.extend(high_writes);
        Ok((Subtree::branch(left, right).map_err(|overflow| self.overflow(overflow))?, writes))
    }

    fn key(&self, path: &Id, depth: usize) -> BlockKey {
        BlockKey::new(self.table, &sum_map::lower_bound(path, depth))
    }

    fn overflow(&self, overflow: SumOverflow) -> Error {
        Error::Invalid(format!("table number {}: {overflow}", self.table))
    }
}

/// The leaves of the block that the tree expects at this depth.
pub(crate) fn block_leaves(key: BlockKey, depth: usize, bytes: &[u8]) -> Result<Vec<PackedLeaf<'_>>> {
    let leaves = Leaves::new(key, bytes)?;
    if leaves.depth() != depth {
        return Err(Error::Corrupt {
            place: format!("state, blocks, {key}"),
            expected: format!("depth {depth}"),
            found: format!("depth {}", leaves.depth()),
        });
    }
    leaves.collect_all()
}

/// Both lists in one, each sorted by tree key; none where nothing changes.
fn merge<'b>(old: &[PackedLeaf<'b>], deltas: &[Delta<'b>]) -> Option<Vec<PackedLeaf<'b>>> {
    let mut merged = Vec::with_capacity(old.len().saturating_add(deltas.len()));
    let mut old = old.iter().peekable();
    let mut changed = false;
    for delta in deltas {
        while let Some(leaf) = old.next_if(|leaf| leaf.tree_key < delta.tree_key) {
            merged.push(*leaf);
        }
        let before = old.next_if(|leaf| leaf.tree_key == delta.tree_key);
        let after = delta.record.map(|record| PackedLeaf {
            tree_key: delta.tree_key,
            record_id: delta.record_id,
            sum: record.sum,
            value: &record.value,
        });
        changed |= before != after.as_ref();
        merged.extend(after);
    }
    merged.extend(old.copied());
    changed.then_some(merged)
}
