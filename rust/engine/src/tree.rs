//! The tables of the committed state as trees: updating them, proving what they hold, and flushing what changed.
//!
//! The tree above the leaf blocks is in memory, rebuilt at opening from the tip pages. An update hashes only what
//! changed, and the tree *holds* the changed blocks until LMDB has them: updates and lookups go on while a flush is
//! written.

use crate::block::{BlockBytes, BlockKey, Leaves, PackedLeaf, PlacedLeaf};
use crate::environment::ReadTransaction;
use crate::error::{Error, Result};
use crate::memory::TreeSize;
use crate::state_store::{BlockWrites, FlushBatch, StateMark, StateStore, corrupt};
use crate::subtree::{Block, Held, Place, Reader, Subtree, Update};
use crate::tips::{self, Assembly, PageMap};
use counterfoil_core::Id;
use counterfoil_core::merkle::proof::{MapProof, PathEnd, ProofError, VerifiedPath};
use counterfoil_core::merkle::sum_map::{self, Node};
use counterfoil_core::state::{Record, Table, VALUE_BYTES_MAX, tree_key, tree_keys};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most leaves of a block, in a state that is made now. A state keeps the number that it was made with.
pub const BLOCK_LEAVES: u16 = 16;

/// What becomes of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its table; never the directory, which follows from the others.
    pub table: Table,
    /// Its name.
    pub record_id: Id,
    /// Its new content; none deletes it.
    pub record: Option<Record>,
}

/// One record of a page of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands: give the last one back to continue after it.
    pub tree_key: Id,
    /// Its name.
    pub record_id: Id,
    /// Its content.
    pub record: Record,
}

/// A record proof and the directory proof that binds its table to the state root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableProof {
    /// What the table holds; empty (zero bytes) where there is no such table.
    pub record: Vec<u8>,
    /// What the directory holds under the table's name.
    pub directory: Vec<u8>,
}

/// What a check of the whole state went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Tables that have records.
    pub tables: u64,
    /// Leaf blocks.
    pub blocks: u64,
    /// Records, without those of the directory.
    pub records: u64,
}

/// What one proof of a table leaves for the next one, in one view of the store.
#[derive(Default)]
struct Walk<'a> {
    path: VerifiedPath,
    block: Option<HashedBlock<'a>>,
}

/// The leaves of a block, read and hashed.
struct HashedBlock<'a> {
    key: BlockKey,
    leaves: Vec<PlacedLeaf<'a>>,
    hashed: Vec<sum_map::Leaf>,
}

/// The state's tables, as of the last update.
#[derive(Debug)]
pub struct Tree {
    leaves_max: u16,
    tables: BTreeMap<Table, TableTree>,
    by_number: BTreeMap<u32, Table>,
    /// Tables that no flush has begun to write.
    new_tables: Vec<(u32, Table)>,
    /// Blocks that stood when the last flush began, and may stand no more.
    removed: Vec<BlockKey>,
    is_flushing: bool,
    /// Blocks of all tables, changed or not.
    blocks: u64,
    /// Bytes of memory of the blocks that changed since the last flush began.
    changed_bytes: AtomicUsize,
    /// Where the changes of an update go; kept for its memory.
    places: Vec<Place>,
    /// Why it refuses work: an update that failed may have changed some of the trees.
    poisoned: Option<String>,
}

#[derive(Debug)]
struct TableTree {
    number: u32,
    root: Subtree,
    page_bits: u8,
}

impl Tree {
    /// The state that the store holds, checked against its root down to the blocks (see [`Tree::check`] for the
    /// records). Empty before the first flush.
    pub fn open(store: &StateStore) -> Result<Self> {
        Self::open_with(store, BLOCK_LEAVES)
    }

    fn open_with(store: &StateStore, leaves_max: u16) -> Result<Self> {
        let transaction = store.read_transaction()?;
        let tree = Self::load(store, &transaction, leaves_max)?;
        tree.check_directory(store, transaction)?;
        Ok(tree)
    }

    fn load(store: &StateStore, transaction: &ReadTransaction, leaves_max: u16) -> Result<Self> {
        let leaves_max = match store.load_leaves_max(transaction)? {
            Some(stored) => u16::try_from(stored).unwrap_or(u16::MAX),
            None => leaves_max,
        };
        let mut tree = Self {
            leaves_max,
            tables: BTreeMap::new(),
            by_number: store.load_tables(transaction)?,
            new_tables: Vec::new(),
            removed: Vec::new(),
            is_flushing: false,
            blocks: 0,
            changed_bytes: AtomicUsize::new(0),
            places: Vec::new(),
            poisoned: None,
        };
        let mut assemblies: BTreeMap<u32, Assembly> =
            tree.by_number.keys().map(|number| (*number, Assembly::new(usize::from(leaves_max)))).collect();
        store.each_tip(transaction, |key, bytes| {
            let assembly = assemblies.get_mut(&key.table());
            assembly
                .ok_or_else(|| corrupt("tips", &key, "a table that has a name", "none".to_owned()))?
                .add(&key, bytes)
        })?;
        for (number, assembly) in assemblies {
            let (root, page_bits) = assembly.finish(number)?;
            tree.blocks = tree.blocks.saturating_add(root.blocks());
            if let Some(table) = tree.by_number.get(&number) {
                let earlier = tree.tables.insert(*table, TableTree { number, root, page_bits });
                if earlier.is_some() {
                    return Err(corrupt("tables", &number, "one number a table", format!("{table:?} twice")));
                }
            }
        }
        let expected = store.load_mark(transaction)?.map_or(Id::ZERO, |mark| mark.state_root);
        if tree.root() != expected {
            let found = format!("state root {}", tree.root());
            return Err(corrupt("tips", &"directory", &format!("state root {expected}"), found));
        }
        Ok(tree)
    }

    /// The directory must say of every table what its tips say, in the transaction that the tips were read in: a
    /// flush may have been written since.
    fn check_directory(&self, store: &StateStore, transaction: ReadTransaction) -> Result<()> {
        let reader = Reader::within(store, transaction);
        let mut expected = BTreeMap::new();
        for (table, node) in self.tables() {
            expected.insert(tree_key(&table.directory_record_id()), (table, node));
        }
        let mut after = None;
        loop {
            let page = self.page_with(&reader, &Table::DIRECTORY, after, 1_000)?;
            let Some(last) = page.last() else { break };
            after = Some(last.tree_key);
            for row in page {
                let stands = expected.remove(&row.tree_key).is_some_and(|(_, node)| row.record.value == node.hash.0);
                if !stands {
                    let found = format!("{:02x?}", row.record.value);
                    return Err(corrupt(
                        "blocks",
                        &format!("directory record {}", row.record_id),
                        "a table's root",
                        found,
                    ));
                }
            }
        }
        match expected.into_values().next() {
            None => Ok(()),
            Some((table, node)) => Err(corrupt(
                "blocks",
                &format!("directory, {table:?}"),
                &format!("root {}", node.hash),
                "no entry".to_owned(),
            )),
        }
    }

    /// The state root.
    pub fn root(&self) -> Id {
        self.table_node(&Table::DIRECTORY).hash
    }

    /// The sum of a table; 0 where it has no record.
    pub fn sum(&self, table: &Table) -> u128 {
        self.table_node(table).sum
    }

    /// How many records a table has.
    pub fn count(&self, table: &Table) -> u64 {
        self.tables.get(table).map_or(0, |tree| tree.root.count())
    }

    /// How many blocks there are, and what of them waits for a flush.
    pub(crate) fn size(&self) -> TreeSize {
        let blocks = usize::try_from(self.blocks).unwrap_or(usize::MAX);
        TreeSize { blocks, changed_bytes: self.changed_bytes.load(Ordering::Relaxed) }
    }

    /// Every table that has records, with its root hash and sum, the directory apart.
    pub fn tables(&self) -> impl Iterator<Item = (Table, Node)> + '_ {
        let present = self.tables.iter().filter(|(table, tree)| **table != Table::DIRECTORY && tree.root.count() > 0);
        present.map(|(table, tree)| (*table, tree.root.node()))
    }

    /// Apply changes and give the new state root. Of two changes of one record the later one counts. Nothing is stored
    /// before a flush.
    ///
    /// An error leaves the tree unusable, except one about a change that is refused before anything is touched
    /// ([`Error::Invalid`] for a value that is too long or a change of the directory). The calling thread holds no
    /// snapshot or read transaction.
    pub fn update(&mut self, store: &StateStore, changes: &[Change]) -> Result<Id> {
        self.check_usable()?;
        for change in changes {
            let length = change.record.as_ref().map_or(0, |record| record.value.len());
            if length > VALUE_BYTES_MAX {
                let id = change.record_id;
                return Err(Error::Invalid(format!(
                    "record {id}: a value of {length} bytes, expected at most {VALUE_BYTES_MAX}"
                )));
            }
            if change.table == Table::DIRECTORY {
                return Err(Error::Invalid("the directory follows from the tables: it cannot be changed".to_owned()));
            }
        }
        // Until it is known to have gone well: a panic in here must not leave a tree that looks whole.
        self.poisoned = Some("a change of the state did not finish".to_owned());
        match self.update_tables(store, changes) {
            Ok(()) => {
                self.poisoned = None;
                Ok(self.root())
            }
            Err(error) => {
                self.poisoned = Some(error.to_string());
                Err(error)
            }
        }
    }

    fn update_tables(&mut self, store: &StateStore, changes: &[Change]) -> Result<()> {
        let places = self.places_of(changes)?;
        let mut directory = Vec::new();
        for of_table in places.chunk_by(|left, right| left.table == right.table) {
            let Some(table) = of_table.first().and_then(|place| self.by_number.get(&place.table).copied()) else {
                continue;
            };
            let before = self.table_node(&table);
            let after = self.update_table(store, &table, changes, of_table)?;
            if before != after {
                // A table without records has no entry.
                let record = (!after.is_empty()).then(|| Record { sum: 0, value: after.hash.0.to_vec() });
                directory.push(Change { table: Table::DIRECTORY, record_id: table.directory_record_id(), record });
            }
        }
        self.places = places;
        if directory.is_empty() {
            return Ok(());
        }
        let places = self.places_of(&directory)?;
        self.update_table(store, &Table::DIRECTORY, &directory, &places)?;
        self.places = places;
        Ok(())
    }

    /// Where changes go: by table, then by tree key, and the last one of each record.
    fn places_of(&mut self, changes: &[Change]) -> Result<Vec<Place>> {
        const KEYS_AT_ONCE: usize = 256;
        let mut places = std::mem::take(&mut self.places);
        places.clear();
        places.reserve(changes.len());
        let (mut last, mut index) = (None, 0_u32);
        for some in changes.chunks(KEYS_AT_ONCE) {
            for (change, tree_key) in some.iter().zip(tree_keys(some, |change| &change.record_id)) {
                let number = match last {
                    Some((table, number)) if table == change.table => Some(number),
                    _ => self.tables.get(&change.table).map(|tree| tree.number),
                };
                let number = match (number, &change.record) {
                    (None, Some(_)) => Some(self.intern(change.table)?),
                    // There is nothing to delete in a table that was never used.
                    (known, _) => known,
                };
                if let Some(table) = number {
                    last = Some((change.table, table));
                    places.push(Place { tree_key, table, index });
                }
                index = index.checked_add(1).ok_or_else(|| Error::Invalid("2^32 changes at once".to_owned()))?;
            }
        }
        // Hashes: eight bytes order nearly all of them.
        places.par_sort_unstable_by_key(|place| (place.table, place.tree_key.prefix(), place.tree_key, place.index));
        places.dedup_by(|later, kept| {
            let is_same = later.table == kept.table && later.tree_key == kept.tree_key;
            if is_same {
                kept.index = later.index;
            }
            is_same
        });
        Ok(places)
    }

    fn update_table(
        &mut self,
        store: &StateStore,
        table: &Table,
        changes: &[Change],
        places: &[Place],
    ) -> Result<Node> {
        let Some(tree) = self.tables.get_mut(table) else { return Ok(Node::EMPTY) };
        let (leaves_max, changed_bytes) = (usize::from(self.leaves_max), &self.changed_bytes);
        let update = Update { store, table: tree.number, leaves_max, changes, changed_bytes };
        let others = self.blocks.saturating_sub(tree.root.blocks());
        self.removed.extend(update.apply(&mut tree.root, places)?);
        self.blocks = others.saturating_add(tree.root.blocks());
        Ok(tree.root.node())
    }

    fn intern(&mut self, table: Table) -> Result<u32> {
        let number = match self.by_number.last_key_value() {
            None => 0,
            Some((last, _)) => last.checked_add(1).ok_or_else(|| Error::Invalid("too many tables".to_owned()))?,
        };
        self.tables.insert(table, TableTree { number, root: Subtree::Empty, page_bits: 0 });
        self.by_number.insert(number, table);
        self.new_tables.push((number, table));
        Ok(number)
    }

    /// What a table holds under a record id.
    pub fn get(&self, store: &StateStore, table: &Table, record_id: &Id) -> Result<Option<Record>> {
        self.check_usable()?;
        let Some(tree) = self.tables.get(table) else { return Ok(None) };
        let tree_key = tree_key(record_id);
        let (end, depth) = tree.root.descend(&tree_key, &mut Vec::new());
        let Subtree::Block(block) = end else { return Ok(None) };
        let key = BlockKey::new(tree.number, &sum_map::lower_bound(&tree_key, depth));
        let reader = Reader::new(store);
        let found = Leaves::at_depth(key, depth, reader.read(&key, block)?)?.find(record_id)?;
        Ok(found.map(PackedLeaf::record))
    }

    /// Prove what a table holds under a record id, or that it holds nothing there, down from the state root.
    pub fn prove(&self, store: &StateStore, table: &Table, record_id: &Id) -> Result<TableProof> {
        let directory = self.prove_table(store, table)?;
        let record = self.prove_records(store, table, std::slice::from_ref(record_id))?.pop().unwrap_or_default();
        Ok(TableProof { record, directory })
    }

    /// Prove what the directory holds under a table's name.
    pub(crate) fn prove_table(&self, store: &StateStore, table: &Table) -> Result<Vec<u8>> {
        self.check_usable()?;
        let reader = Reader::new(store);
        self.prove_in(&reader, &Table::DIRECTORY, &table.directory_record_id(), &mut Walk::default())
    }

    /// Prove what a table holds under each of these record ids, in one view of the store. The proofs are empty (zero
    /// bytes) where there is no such table. Those that follow in the order of their tree keys cost less.
    pub(crate) fn prove_records(&self, store: &StateStore, table: &Table, record_ids: &[Id]) -> Result<Vec<Vec<u8>>> {
        self.check_usable()?;
        if self.count(table) == 0 {
            return Ok(vec![Vec::new(); record_ids.len()]);
        }
        let (reader, mut walk) = (Reader::new(store), Walk::default());
        record_ids.iter().map(|record_id| self.prove_in(&reader, table, record_id, &mut walk)).collect()
    }

    fn prove_in<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        table: &Table,
        record_id: &Id,
        walk: &mut Walk<'a>,
    ) -> Result<Vec<u8>> {
        let tree_key = tree_key(record_id);
        let wrong = |error: ProofError| {
            corrupt("blocks", &format!("{table:?}, {tree_key}"), "leaves that prove the root", error.to_string())
        };
        let Some(tree) = self.tables.get(table) else {
            return Ok(MapProof::new(PathEnd::Nothing, Vec::new()).map_err(wrong)?.encode());
        };
        let mut siblings = Vec::with_capacity(40);
        let (end, depth) = tree.root.descend(&tree_key, &mut siblings);
        let key = BlockKey::new(tree.number, &sum_map::lower_bound(&tree_key, depth));
        let Walk { path, block } = walk;
        if block.as_ref().is_none_or(|read| read.key != key) {
            let leaves = match end {
                Subtree::Block(block) => Leaves::at_depth(key, depth, reader.read(&key, block)?)?.placed()?,
                Subtree::Empty | Subtree::Branch(_) => Vec::new(),
            };
            let hashed = sum_map::leaves(&leaves, PlacedLeaf::parts);
            *block = Some(HashedBlock { key, leaves, hashed });
        }
        let (leaves, hashed) = block.as_ref().map_or((&[][..], &[][..]), |read| (&read.leaves, &read.hashed));
        let at_end = sum_map::siblings(hashed, depth, &tree_key, path.beside(&tree_key), &mut siblings)
            .map_err(|overflow| wrong(ProofError::Sum(overflow)))?;
        let at_end = at_end.and_then(|end| leaves.iter().find(|placed| placed.tree_key == end.tree_key));
        let end = match at_end {
            None => PathEnd::Nothing,
            Some(PlacedLeaf { tree_key: found, leaf }) if *found == tree_key => PathEnd::Present(leaf.record()),
            Some(PlacedLeaf { tree_key, leaf }) => {
                PathEnd::Other { tree_key: *tree_key, sum: leaf.sum, value_hash: sum_map::value_hash(leaf.value) }
            }
        };
        let proof = MapProof::new(end, siblings).map_err(wrong)?;
        let bytes = proof.encode();
        // A proof that does not verify never leaves: it would be taken for the operator's lie.
        proof.verify_after(path, &tree.root.node().hash, &tree_key).map_err(wrong)?;
        Ok(bytes)
    }

    /// The records of a table in the order of their tree keys, those after `after`, at most `limit` of them.
    pub fn page(&self, store: &StateStore, table: &Table, after: Option<Id>, limit: usize) -> Result<Vec<Row>> {
        self.check_usable()?;
        self.page_with(&Reader::new(store), table, after, limit)
    }

    fn page_with(&self, reader: &Reader<'_>, table: &Table, after: Option<Id>, limit: usize) -> Result<Vec<Row>> {
        let mut page = Page { reader, after, limit, rows: Vec::new() };
        if let Some(tree) = self.tables.get(table) {
            page.collect(tree.number, &tree.root, &Id::ZERO, 0)?;
        }
        Ok(page.rows)
    }

    /// Take what is pending aside to be flushed as the state after the first `log_index` entries of the log. Updates
    /// and lookups go on meanwhile; [`StateStore::write_flush`] writes it and [`Tree::end_flush`] follows.
    pub fn begin_flush(&mut self, log_index: u64) -> Result<FlushBatch> {
        self.check_usable()?;
        if std::mem::replace(&mut self.is_flushing, true) {
            return Err(Error::Invalid("a flush is under way: it has to end before the next one begins".to_owned()));
        }
        *self.changed_bytes.get_mut() = 0;
        let mut blocks: BlockWrites = Vec::new();
        for (number, table) in &self.by_number {
            let Some(tree) = self.tables.get_mut(table) else { continue };
            tree.root.each_held(&Id::ZERO, 0, &mut |bound, held| {
                if let Held::Changed(bytes) | Held::Flushing(bytes) = held {
                    let bytes = Arc::clone(bytes);
                    blocks.push((BlockKey::new(*number, bound), Some(Arc::clone(&bytes))));
                    *held = Held::Flushing(bytes);
                }
            });
        }
        let removed = std::mem::take(&mut self.removed);
        blocks.extend(removed.into_iter().map(|key| (key, None)));
        // Of a block that is removed at a place where another one stands now, only the other one counts.
        blocks.sort_by(|left, right| left.0.cmp(&right.0).then_with(|| left.1.is_none().cmp(&right.1.is_none())));
        blocks.dedup_by_key(|(key, _)| *key);
        let (mut tips, mut tips_cleared) = (PageMap::new(), Vec::new());
        for of_table in blocks.chunk_by(|left, right| left.0.table() == right.0.table()) {
            let Some(number) = of_table.first().map(|(key, _)| key.table()) else { continue };
            let Some(tree) = self.by_number.get(&number).and_then(|table| self.tables.get_mut(table)) else { continue };
            let bits = tips::page_bits(tree.root.blocks(), tree.page_bits);
            if bits == tree.page_bits {
                tips::changed_pages(number, &tree.root, bits, of_table.iter().map(|(key, _)| key), &mut tips);
            } else {
                tree.page_bits = bits;
                tips_cleared.push(number);
                tips::all_pages(number, &tree.root, bits, &mut tips);
            }
        }
        let mark = StateMark { log_index, state_root: self.root() };
        let mut batch = FlushBatch::new(mark, self.leaves_max, blocks);
        batch.tables = std::mem::take(&mut self.new_tables);
        (batch.tips, batch.tips_cleared) = (tips, tips_cleared);
        Ok(batch)
    }

    /// Let go of what was flushed, now that the store has it.
    pub fn end_flush(&mut self) {
        self.is_flushing = false;
        for tree in self.tables.values_mut() {
            tree.root.each_held(&Id::ZERO, 0, &mut |_, held| {
                if matches!(held, Held::Flushing(_)) {
                    *held = Held::No;
                }
            });
        }
    }

    /// Check what the store holds from the records up: every block, tip page and table root, the state root, and the
    /// form of the indexes. One transaction is open throughout, so the database cannot grow meanwhile.
    pub fn check(store: &StateStore) -> Result<Checked> {
        let mut checked = Checked::default();
        let transaction = store.read_transaction()?;
        let tree = Self::load(store, &transaction, BLOCK_LEAVES)?;
        let mut expected = BTreeMap::new();
        for (number, table) in &tree.by_number {
            if let Some(of_table) = tree.tables.get(table) {
                expect_blocks(*number, &of_table.root, &Id::ZERO, 0, &mut expected);
                if *table != Table::DIRECTORY && of_table.root.count() > 0 {
                    checked.tables = checked.tables.saturating_add(1);
                    checked.records = checked.records.saturating_add(of_table.root.count());
                }
            }
        }
        store.each_block(&transaction, |key, bytes| {
            let Some((depth, count, node)) = expected.remove(&key) else {
                return Err(corrupt("blocks", &key, "no block, as the tips say", format!("{} bytes", bytes.len())));
            };
            checked.blocks = checked.blocks.saturating_add(1);
            check_block(key, bytes, depth, count, node)
        })?;
        if let Some(key) = expected.into_keys().next() {
            return Err(corrupt("blocks", &key, "a block, because the tips name one", "nothing".to_owned()));
        }
        store.check_indexes(&transaction)?;
        tree.check_directory(store, transaction)?;
        Ok(checked)
    }

    fn table_node(&self, table: &Table) -> Node {
        self.tables.get(table).map_or(Node::EMPTY, |tree| tree.root.node())
    }

    fn check_usable(&self) -> Result<()> {
        match &self.poisoned {
            None => Ok(()),
            Some(reason) => Err(Error::Poisoned { reason: reason.clone() }),
        }
    }
}

struct Page<'a> {
    reader: &'a Reader<'a>,
    after: Option<Id>,
    limit: usize,
    rows: Vec<Row>,
}

impl Page<'_> {
    fn collect(&mut self, table: u32, subtree: &Subtree, bound: &Id, depth: usize) -> Result<()> {
        if self.rows.len() >= self.limit {
            return Ok(());
        }
        match subtree {
            Subtree::Empty => Ok(()),
            Subtree::Branch(branch) => {
                let middle = sum_map::with_bit(bound, depth);
                let below = depth.saturating_add(1);
                // Whatever stands left of the middle has been given when the last one given did not.
                if self.after.is_none_or(|after| after < middle) {
                    self.collect(table, &branch.left, bound, below)?;
                }
                self.collect(table, &branch.right, &middle, below)
            }
            Subtree::Block(block) => {
                let key = BlockKey::new(table, bound);
                let leaves = Leaves::at_depth(key, depth, self.reader.read(&key, block)?)?.placed()?;
                let fresh = |placed: &PlacedLeaf<'_>| self.after.is_none_or(|after| after < placed.tree_key);
                let room = self.limit.saturating_sub(self.rows.len());
                for PlacedLeaf { tree_key, leaf } in leaves.into_iter().filter(fresh).take(room) {
                    self.rows.push(Row { tree_key, record_id: leaf.record_id, record: leaf.record() });
                }
                Ok(())
            }
        }
    }
}

fn expect_blocks(
    table: u32,
    subtree: &Subtree,
    bound: &Id,
    depth: usize,
    expected: &mut BTreeMap<BlockKey, (usize, u16, Node)>,
) {
    match subtree {
        Subtree::Empty => {}
        Subtree::Block(Block { count, node, .. }) => {
            expected.insert(BlockKey::new(table, bound), (depth, *count, *node));
        }
        Subtree::Branch(branch) => {
            let below = depth.saturating_add(1);
            expect_blocks(table, &branch.left, bound, below, expected);
            expect_blocks(table, &branch.right, &sum_map::with_bit(bound, depth), below, expected);
        }
    }
}

fn check_block(key: BlockKey, bytes: &[u8], depth: usize, count: u16, node: Node) -> Result<()> {
    let leaves = Leaves::at_depth(key, depth, BlockBytes::Stored(bytes))?.placed()?;
    if leaves.len() != usize::from(count) {
        return Err(corrupt("blocks", &key, &format!("{count} leaves"), leaves.len().to_string()));
    }
    let hashed = sum_map::leaves(&leaves, PlacedLeaf::parts);
    let found = sum_map::root(&hashed, depth)
        .map_err(|overflow| corrupt("blocks", &key, "sums below 2^128", overflow.to_string()))?;
    if found != node {
        let expected = format!("hash {} and sum {}, as the tips say", node.hash, node.sum);
        return Err(corrupt("blocks", &key, &expected, format!("hash {} and sum {}", found.hash, found.sum)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
