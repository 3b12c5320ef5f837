//! A table's tree above its leaf blocks, in memory, and how a sorted list of changes goes through it.
//!
//! A block holds the leaves of one whole subtree, and of the largest one that has at most `leaves_max` of them. So the
//! layout, like the root, is a function of the contents alone.
//!
//! Changes go through in *runs* of a few hundred. A run goes down the tree and collects the blocks that it meets, merges
//! them with what changes, and hashes all of their leaves at once and all of their nodes at once (sixteen side by side,
//! where one block alone fills few lanes); then it goes down once more, puts the new blocks in, and hashes the branches
//! above them on the way back.

use crate::block::{self, BlockBytes, BlockKey, Leaves, PackedLeaf, PlacedLeaf, check_places};
use crate::environment::ReadTransaction;
use crate::error::{Error, Result};
use crate::memory::block_memory_bytes;
use crate::state_store::StateStore;
use crate::tree::Change;
use counterfoil_core::Id;
use counterfoil_core::merkle::sum_map::{self, Node, SumOverflow};
use counterfoil_core::state::tree_keys;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One subtree of a table.
#[derive(Debug, Default)]
pub(crate) enum Subtree {
    #[default]
    Empty,
    Block(Block),
    Branch(Box<Branch>),
}

/// A subtree whose leaves stand together.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) node: Node,
    /// How many leaves it has.
    pub(crate) count: u16,
    pub(crate) held: Held,
}

/// The bytes of a block as long as the database may not have them.
#[derive(Debug)]
pub(crate) enum Held {
    /// The database has them.
    No,
    /// They have changed since the last flush began.
    Changed(Arc<[u8]>),
    /// They are being written right now.
    Flushing(Arc<[u8]>),
}

/// A subtree of more leaves than a block holds.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) left: Subtree,
    pub(crate) right: Subtree,
    pub(crate) node: Node,
    pub(crate) count: u64,
    pub(crate) blocks: u64,
    /// Whether a block below it may be held.
    is_held: bool,
}

impl Subtree {
    pub(crate) fn node(&self) -> Node {
        match self {
            Self::Empty => Node::EMPTY,
            Self::Block(block) => block.node,
            Self::Branch(branch) => branch.node,
        }
    }

    /// How many leaves it has.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Block(block) => u64::from(block.count),
            Self::Branch(branch) => branch.count,
        }
    }

    /// How many blocks it has.
    pub(crate) fn blocks(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Block(_) => 1,
            Self::Branch(branch) => branch.blocks,
        }
    }

    fn is_held(&self) -> bool {
        match self {
            Self::Empty => false,
            Self::Block(block) => !matches!(block.held, Held::No),
            Self::Branch(branch) => branch.is_held,
        }
    }

    pub(crate) fn branch(left: Self, right: Self) -> std::result::Result<Self, SumOverflow> {
        let mut branch = Branch::unhashed(left, right);
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

    /// Calls `visit` with every block that is held and its bound, in order.
    pub(crate) fn each_held(&mut self, bound: &Id, depth: usize, visit: &mut impl FnMut(&Id, &mut Held)) {
        match self {
            Self::Block(Block { held: held @ (Held::Changed(_) | Held::Flushing(_)), .. }) => visit(bound, held),
            Self::Branch(branch) if branch.is_held => {
                let below = depth.saturating_add(1);
                branch.left.each_held(bound, below, visit);
                branch.right.each_held(&sum_map::with_bit(bound, depth), below, visit);
                branch.is_held = branch.left.is_held() || branch.right.is_held();
            }
            Self::Empty | Self::Block(_) | Self::Branch(_) => {}
        }
    }
}

impl Branch {
    /// A branch that [`refresh`](Self::refresh) has to be called on.
    pub(crate) const fn unhashed(left: Subtree, right: Subtree) -> Self {
        Self { left, right, node: Node::EMPTY, count: 0, blocks: 0, is_held: false }
    }

    fn refresh(&mut self) -> std::result::Result<(), SumOverflow> {
        self.count = self.left.count().saturating_add(self.right.count());
        self.blocks = self.left.blocks().saturating_add(self.right.blocks());
        self.is_held = self.left.is_held() || self.right.is_held();
        self.node = Node::parent(&self.left.node(), &self.right.node())?;
        Ok(())
    }
}

/// Reads blocks as they stand: those that are held, and the others from LMDB.
///
/// It may hold an LMDB transaction, so nothing that can wait (another reader, a parallel join) happens beside it.
pub(crate) struct Reader<'a> {
    store: &'a StateStore,
    transaction: OnceCell<ReadTransaction>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(store: &'a StateStore) -> Self {
        Self { store, transaction: OnceCell::new() }
    }

    /// A reader in a transaction that is open already.
    pub(crate) fn within(store: &'a StateStore, transaction: ReadTransaction) -> Self {
        Self { store, transaction: OnceCell::from(transaction) }
    }

    pub(crate) fn read<'b>(&'b self, key: &BlockKey, block: &'b Block) -> Result<BlockBytes<'b>> {
        match &block.held {
            Held::Changed(bytes) | Held::Flushing(bytes) => Ok(BlockBytes::Held(bytes)),
            Held::No => {
                let found = self.store.read_block(self.transaction()?, key)?.map(BlockBytes::Stored);
                found.ok_or_else(|| Error::Corrupt {
                    place: format!("state, blocks, {key}"),
                    expected: "a block, because the tips name one".to_owned(),
                    found: "nothing".to_owned(),
                })
            }
        }
    }

    fn transaction(&self) -> Result<&ReadTransaction> {
        if self.transaction.get().is_none() {
            // Only this thread can have filled it, and it did not.
            let _ = self.transaction.set(self.store.read_transaction()?);
        }
        self.transaction.get().ok_or_else(|| Error::Storage("no read transaction".to_owned()))
    }
}

/// Where a change goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) tree_key: Id,
    /// The number of its table.
    pub(crate) table: u32,
    /// Which of the changes it is.
    pub(crate) index: u32,
}

/// What becomes of one leaf.
struct Delta<'a> {
    tree_key: Id,
    /// None where it is deleted.
    after: Option<PackedLeaf<'a>>,
}

/// An update of one table.
pub(crate) struct Update<'a> {
    pub(crate) store: &'a StateStore,
    pub(crate) table: u32,
    pub(crate) leaves_max: usize,
    pub(crate) changes: &'a [Change],
    /// Bytes of memory of the blocks that are [`Held::Changed`].
    pub(crate) changed_bytes: &'a AtomicUsize,
}

/// The most changes (or leaves) of a run: enough to fill all lanes, and what they touch still fits into a core's cache.
pub(crate) const RUN_MAX: usize = 512;

/// The end of a path that changes go down: a block, or nothing.
struct End<'a> {
    depth: usize,
    key: BlockKey,
    old: Option<BlockBytes<'a>>,
    deltas: &'a [Delta<'a>],
}

/// The leaves of one subtree, in a list of leaves of many.
struct Plot {
    depth: usize,
    leaves: Range<usize>,
}

impl Update<'_> {
    /// Applies changes, in the order of their tree keys and one a key, to the whole table. Gives back the keys of blocks
    /// that the database may have and that stand no more, or not where they stood.
    pub(crate) fn apply(&self, root: &mut Subtree, places: &[Place]) -> Result<Vec<BlockKey>> {
        self.apply_at(root, 0, places)
    }

    fn apply_at(&self, subtree: &mut Subtree, depth: usize, places: &[Place]) -> Result<Vec<BlockKey>> {
        if places.len() <= RUN_MAX {
            return self.apply_run(subtree, depth, places);
        }
        let Some(first) = places.first() else { return Ok(Vec::new()) };
        if let Subtree::Branch(branch) = subtree {
            let (low, high) = split(places, depth, |place| &place.tree_key);
            let below = depth.saturating_add(1);
            let Branch { left, right, .. } = &mut **branch;
            let (left, right) = rayon::join(|| self.apply_at(left, below, low), || self.apply_at(right, below, high));
            let mut removed = left?;
            removed.extend(right?);
            self.finish(&Reader::new(self.store), subtree, &first.tree_key, depth, &mut removed)?;
            return Ok(removed);
        }
        // The old block is copied, so that no transaction is open while threads wait for each other.
        let key = self.key(&first.tree_key, depth);
        let copy = match subtree {
            Subtree::Block(block) => Reader::new(self.store).read(&key, block)?.check(&key)?.to_vec(),
            Subtree::Empty | Subtree::Branch(_) => Vec::new(),
        };
        let old = match copy.as_slice() {
            [] => Vec::new(),
            block => Leaves::at_depth(key, depth, BlockBytes::Held(block))?.placed()?,
        };
        let mut merged = Vec::with_capacity(old.len().saturating_add(places.len()));
        if !merge(old.iter().copied(), &self.deltas(places), &mut merged) {
            return Ok(Vec::new());
        }
        let built = self.build(depth, &merged)?;
        self.put(subtree, built);
        Ok(vec![key])
    }

    fn apply_run(&self, subtree: &mut Subtree, depth: usize, places: &[Place]) -> Result<Vec<BlockKey>> {
        let reader = Reader::new(self.store);
        let deltas = self.deltas(places);
        let mut ends = Vec::new();
        self.collect(&reader, subtree, depth, &deltas, &mut ends)?;
        let mut made = self.make(&ends)?.into_iter();
        let mut removed = Vec::new();
        self.replace(&reader, subtree, depth, &deltas, &mut made, &mut removed)?;
        Ok(removed)
    }

    /// What these places stand for. The changes lie anywhere in memory, which answers many questions in the time of one
    /// if none of them waits for another.
    fn deltas(&self, places: &[Place]) -> Vec<Delta<'_>> {
        let after = |place: &Place| {
            let change = self.changes.get(usize::try_from(place.index).ok()?)?;
            let record = change.record.as_ref()?;
            Some(PackedLeaf { record_id: change.record_id, sum: record.sum, value: &record.value })
        };
        places.iter().map(|place| Delta { tree_key: place.tree_key, after: after(place) }).collect()
    }

    /// The ends of the paths that these changes go down.
    fn collect<'a>(
        &self,
        reader: &'a Reader<'_>,
        subtree: &'a Subtree,
        depth: usize,
        deltas: &'a [Delta<'a>],
        ends: &mut Vec<End<'a>>,
    ) -> Result<()> {
        let Some(first) = deltas.first() else { return Ok(()) };
        if let Subtree::Branch(branch) = subtree {
            let (low, high) = split(deltas, depth, |delta| &delta.tree_key);
            let below = depth.saturating_add(1);
            self.collect(reader, &branch.left, below, low, ends)?;
            return self.collect(reader, &branch.right, below, high, ends);
        }
        let key = self.key(&first.tree_key, depth);
        let old = match subtree {
            Subtree::Block(block) => Some(reader.read(&key, block)?),
            Subtree::Empty | Subtree::Branch(_) => None,
        };
        ends.push(End { depth, key, old, deltas });
        Ok(())
    }

    /// What stands at each end after the changes; none where nothing changes.
    fn make(&self, ends: &[End<'_>]) -> Result<Vec<Option<Subtree>>> {
        let (mut old, mut counts) = (Vec::new(), Vec::with_capacity(ends.len()));
        for End { depth, key, old: bytes, .. } in ends {
            let before = old.len();
            if let Some(bytes) = bytes {
                Leaves::at_depth(*key, *depth, *bytes)?.collect_into(&mut old)?;
            }
            counts.push(old.len().saturating_sub(before));
        }
        let keys = tree_keys(&old, |leaf: &PackedLeaf<'_>| &leaf.record_id);
        let (mut old, mut keys) = (old.as_slice(), keys.as_slice());
        let mut merged = Vec::with_capacity(old.len());
        let mut plots = Vec::with_capacity(ends.len());
        let mut is_changed = Vec::with_capacity(ends.len());
        for (end, count) in ends.iter().zip(counts) {
            let ((leaves, rest), (of_block, rest_keys)) = (old.split_at(count), keys.split_at(count));
            (old, keys) = (rest, rest_keys);
            check_places(&end.key, end.depth, of_block)?;
            let start = merged.len();
            let placed = leaves.iter().zip(of_block);
            let placed = placed.map(|(leaf, tree_key)| PlacedLeaf { tree_key: *tree_key, leaf: *leaf });
            let changed = merge(placed, end.deltas, &mut merged);
            if changed {
                plots.push(Plot { depth: end.depth, leaves: start..merged.len() });
            } else {
                merged.truncate(start);
            }
            is_changed.push(changed);
        }
        let mut made = self.subtrees(&merged, &plots)?.into_iter();
        Ok(is_changed.into_iter().map(|changed| if changed { made.next() } else { None }).collect())
    }

    /// Puts what was made where it belongs, and hashes what stands above. Says whether anything changed.
    fn replace(
        &self,
        reader: &Reader<'_>,
        subtree: &mut Subtree,
        depth: usize,
        deltas: &[Delta<'_>],
        made: &mut impl Iterator<Item = Option<Subtree>>,
        removed: &mut Vec<BlockKey>,
    ) -> Result<bool> {
        let Some(first) = deltas.first() else { return Ok(false) };
        if let Subtree::Branch(branch) = subtree {
            let (low, high) = split(deltas, depth, |delta| &delta.tree_key);
            let below = depth.saturating_add(1);
            let left = self.replace(reader, &mut branch.left, below, low, made, removed)?;
            let right = self.replace(reader, &mut branch.right, below, high, made, removed)?;
            if left || right {
                self.finish(reader, subtree, &first.tree_key, depth, removed)?;
            }
            return Ok(left || right);
        }
        let Some(made) = made.next().flatten() else { return Ok(false) };
        if matches!(subtree, Subtree::Block(_)) && !matches!(made, Subtree::Block(_)) {
            removed.push(self.key(&first.tree_key, depth));
        }
        self.put(subtree, made);
        Ok(true)
    }

    /// Puts a subtree where a block, or nothing, stood.
    fn put(&self, at: &mut Subtree, new: Subtree) {
        self.let_go(at);
        *at = new;
    }

    fn let_go(&self, subtree: &Subtree) {
        if let Subtree::Block(Block { held: Held::Changed(bytes), .. }) = subtree {
            self.changed_bytes.fetch_sub(block_memory_bytes(bytes), Ordering::Relaxed);
        }
    }

    /// Hashes a branch again whose children have changed, or makes it a block where its leaves now fit into one.
    fn finish(
        &self,
        reader: &Reader<'_>,
        subtree: &mut Subtree,
        path: &Id,
        depth: usize,
        removed: &mut Vec<BlockKey>,
    ) -> Result<()> {
        let Subtree::Branch(branch) = subtree else { return Ok(()) };
        let count = branch.left.count().saturating_add(branch.right.count());
        if usize::try_from(count).is_ok_and(|count| count > self.leaves_max) {
            return branch.refresh().map_err(|overflow| self.overflow(overflow));
        }
        // Children that fit into one block together are blocks themselves, or empty.
        let bound = sum_map::lower_bound(path, depth);
        let mut leaves = Vec::with_capacity(self.leaves_max);
        for (bound, child) in [(bound, &branch.left), (sum_map::with_bit(&bound, depth), &branch.right)] {
            if let Subtree::Block(block) = child {
                let key = BlockKey::new(self.table, &bound);
                removed.push(key);
                let bytes = reader.read(&key, block)?;
                leaves.extend(Leaves::at_depth(key, depth.saturating_add(1), bytes)?.placed()?);
            }
        }
        let joined = self.subtree(depth, &leaves)?;
        self.let_go(&branch.left);
        self.let_go(&branch.right);
        *subtree = joined;
        Ok(())
    }

    /// The subtree of many leaves, made by many threads.
    fn build(&self, depth: usize, leaves: &[PlacedLeaf<'_>]) -> Result<Subtree> {
        if leaves.len() <= RUN_MAX.max(self.leaves_max) {
            return self.subtree(depth, leaves);
        }
        let (low, high) = split(leaves, depth, |leaf| &leaf.tree_key);
        let below = depth.saturating_add(1);
        let (left, right) = rayon::join(|| self.build(below, low), || self.build(below, high));
        Subtree::branch(left?, right?).map_err(|overflow| self.overflow(overflow))
    }

    fn subtree(&self, depth: usize, leaves: &[PlacedLeaf<'_>]) -> Result<Subtree> {
        let subtrees = self.subtrees(leaves, &[Plot { depth, leaves: 0..leaves.len() }])?;
        Ok(subtrees.into_iter().next().unwrap_or_default())
    }

    /// The subtree of each plot, all hashed at once.
    fn subtrees(&self, leaves: &[PlacedLeaf<'_>], plots: &[Plot]) -> Result<Vec<Subtree>> {
        let hashed = sum_map::leaves(leaves, PlacedLeaf::parts);
        let mut blocks = Vec::with_capacity(plots.len());
        for Plot { depth, leaves } in plots {
            self.cut(*depth, hashed.get(leaves.clone()).unwrap_or_default(), &mut blocks);
        }
        let nodes = sum_map::roots(&blocks).map_err(|overflow| self.overflow(overflow))?;
        let mut nodes = nodes.into_iter();
        let of_plot =
            |plot: &Plot| self.assemble(plot.depth, leaves.get(plot.leaves.clone()).unwrap_or_default(), &mut nodes);
        plots.iter().map(of_plot).collect()
    }

    /// Cuts the leaves of a subtree into those of its blocks.
    fn cut<'a>(&self, depth: usize, leaves: &'a [sum_map::Leaf], blocks: &mut Vec<(&'a [sum_map::Leaf], usize)>) {
        if leaves.len() > self.leaves_max {
            let (low, high) = split(leaves, depth, |leaf| &leaf.tree_key);
            let below = depth.saturating_add(1);
            self.cut(below, low, blocks);
            self.cut(below, high, blocks);
        } else if !leaves.is_empty() {
            blocks.push((leaves, depth));
        }
    }

    /// The subtree of leaves that were [cut](Self::cut) into blocks with these nodes.
    fn assemble(
        &self,
        depth: usize,
        leaves: &[PlacedLeaf<'_>],
        nodes: &mut impl Iterator<Item = Node>,
    ) -> Result<Subtree> {
        if leaves.len() > self.leaves_max {
            let (low, high) = split(leaves, depth, |leaf| &leaf.tree_key);
            let below = depth.saturating_add(1);
            let left = self.assemble(below, low, nodes)?;
            let right = self.assemble(below, high, nodes)?;
            return Subtree::branch(left, right).map_err(|overflow| self.overflow(overflow));
        }
        if leaves.is_empty() {
            return Ok(Subtree::Empty);
        }
        let bytes = block::encode(depth, leaves.iter().map(|placed| placed.leaf));
        self.changed_bytes.fetch_add(block_memory_bytes(&bytes), Ordering::Relaxed);
        let held = Held::Changed(bytes);
        let count = u16::try_from(leaves.len()).unwrap_or(u16::MAX);
        Ok(Subtree::Block(Block { node: nodes.next().unwrap_or(Node::EMPTY), count, held }))
    }

    fn key(&self, path: &Id, depth: usize) -> BlockKey {
        BlockKey::new(self.table, &sum_map::lower_bound(path, depth))
    }

    fn overflow(&self, overflow: SumOverflow) -> Error {
        Error::Invalid(format!("table number {}: {overflow}", self.table))
    }
}

/// What stands to the left and to the right of a branch at `depth`.
fn split<T>(sorted: &[T], depth: usize, tree_key: impl Fn(&T) -> &Id) -> (&[T], &[T]) {
    sorted.split_at(sum_map::split_point(sorted, depth, tree_key))
}

/// Both lists in one, each in the order of its tree keys. Says whether anything changes.
fn merge<'l>(
    old: impl Iterator<Item = PlacedLeaf<'l>>,
    deltas: &[Delta<'l>],
    merged: &mut Vec<PlacedLeaf<'l>>,
) -> bool {
    let mut old = old.peekable();
    let mut is_changed = false;
    for Delta { tree_key, after } in deltas {
        while let Some(placed) = old.next_if(|placed| placed.tree_key < *tree_key) {
            merged.push(placed);
        }
        let before = old.next_if(|placed| placed.tree_key == *tree_key).map(|placed| placed.leaf);
        is_changed |= before != *after;
        merged.extend(after.map(|leaf| PlacedLeaf { tree_key: *tree_key, leaf }));
    }
    merged.extend(old);
    is_changed
}
