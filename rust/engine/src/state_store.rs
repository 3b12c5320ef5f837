//! The committed state in LMDB: leaf blocks, tip pages, tables, indexes, and what it all stands for.
//!
//! Everything is written by [`StateStore::write_flush`], in one transaction: a crash leaves the state of one flush or
//! of the next. The state is a cache of the log, so how it is laid out binds nobody; its root does.

use crate::block::{self, BlockBytes, BlockKey, Leaves, PackedLeaf, seal, unseal};
use crate::cache::{Missing, Stored};
use crate::environment::{Environment, NamedDatabase, ReadTransaction, StoreOptions};
use crate::error::{Error, Result};
use crate::index_runs::{IndexRuns, NewRuns};
use crate::indexes::{HashKey, IndexEntries, Sought};
use crate::log_store::LogReader;
use crate::seen::{self, Remembered};
use crate::tips::PageMap;
use counterfoil_core::Id;
use counterfoil_core::state::{Record, Table, TableName, tree_key};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// What the stored state stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMark {
    /// How many entries of the log are applied in it.
    pub log_index: u64,
    /// Its root.
    pub state_root: Id,
}

/// Changed blocks, by key, each once; none is one that is deleted.
pub(crate) type BlockWrites = Vec<(BlockKey, Option<Arc<[u8]>>)>;

/// What one flush writes. Made by `Tree::begin_flush`.
#[derive(Debug)]
pub struct FlushBatch {
    pub(crate) mark: StateMark,
    pub(crate) leaves_max: u16,
    pub(crate) blocks: BlockWrites,
    /// Tables whose tip pages are all written anew.
    pub(crate) tips_cleared: Vec<u32>,
    pub(crate) tips: PageMap,
    pub(crate) tables: Vec<(u32, Table)>,
    /// Transactions to remember, and the time at which others have lapsed.
    seen: (Vec<seen::Chunk>, u64),
    indexes: Option<Arc<IndexEntries>>,
    values: BTreeMap<String, Vec<u8>>,
}

impl FlushBatch {
    pub(crate) const fn new(mark: StateMark, leaves_max: u16, blocks: BlockWrites) -> Self {
        Self {
            mark,
            leaves_max,
            blocks,
            tips_cleared: Vec::new(),
            tips: PageMap::new(),
            tables: Vec::new(),
            seen: (Vec::new(), 0),
            indexes: None,
            values: BTreeMap::new(),
        }
    }

    /// What the state stands for once this is written.
    pub const fn mark(&self) -> StateMark {
        self.mark
    }

    /// How many blocks it writes or deletes.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// Remember these transactions as well, and forget those that have lapsed at this time.
    pub(crate) fn set_seen(&mut self, mut remembered: Vec<Remembered>, time: u64) {
        self.seen = (seen::pack(&mut remembered), time);
    }

    /// Index these transactions as well. They are later than all those that are indexed.
    pub fn set_indexes(&mut self, indexes: Arc<IndexEntries>) {
        self.indexes = Some(indexes);
    }

    /// Keep a small value under a name.
    pub fn set_value(&mut self, name: &str, value: Vec<u8>) {
        self.values.insert(name.to_owned(), value);
    }
}

/// The state's LMDB environment.
#[derive(Debug)]
pub struct StateStore {
    environment: Arc<Environment>,
    blocks: NamedDatabase,
    tips: NamedDatabase,
    tables: NamedDatabase,
    meta: NamedDatabase,
    seen: NamedDatabase,
    indexes: IndexRuns,
    /// The numbers of the tables that the database knows.
    numbers: RwLock<BTreeMap<Table, u32>>,
}

/// A consistent view of the stored state, as the last finished flush left it.
///
/// A lookup through one takes some 2 µs where a transaction of its own makes it 3. While it is held the database cannot
/// grow, so drop it before waiting for anything.
pub struct Snapshot<'a> {
    store: &'a StateStore,
    transaction: ReadTransaction,
}

const DATABASES: [&str; 7] = ["blocks", "tips", "tables", "meta", "seen", "transaction_runs", "account_runs"];

const META_MARK: &[u8] = b"mark";
const META_LAYOUT: &[u8] = b"layout";
/// What begins the names of values that are not the store's own.
const META_VALUE: &str = "value/";

/// The version of the databases' layout. Version 1 had the indexes in B-trees of ids, version 2 tree keys in the blocks.
const LAYOUT: u32 = 3;

impl StateStore {
    /// Makes an empty state in a folder that has none.
    pub fn create(directory: &Path, options: &StoreOptions) -> Result<Self> {
        let (environment, databases) = Environment::create(directory, options, DATABASES)?;
        Self::with(environment, databases)
    }

    /// Opens the state in a folder.
    pub fn open(directory: &Path, options: &StoreOptions) -> Result<Self> {
        // An older layout has other databases, so it is looked at first.
        let (environment, [meta]) = Environment::open(directory, options, ["meta"])?;
        environment.read(|transaction| read_layout(&environment, meta, transaction).map(|_| ()))?;
        let databases = environment.databases(DATABASES)?;
        Self::with(environment, databases)
    }

    fn with(environment: Arc<Environment>, databases: [NamedDatabase; 7]) -> Result<Self> {
        let [blocks, tips, tables, meta, seen, transactions, accounts] = databases;
        let indexes = IndexRuns::new(transactions, accounts, meta);
        let numbers = RwLock::new(BTreeMap::new());
        let store = Self { environment, blocks, tips, tables, meta, seen, indexes, numbers };
        let known = store.environment.read(|transaction| store.load_tables(transaction))?;
        store.learn(known.into_iter().map(|(number, table)| (table, number)));
        Ok(store)
    }

    /// The environment.
    pub const fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// Writes a flush in one transaction; it is durable when this returns. Where it fails, nothing of it is kept, and
    /// it may be tried again. The caller holds no [`Snapshot`].
    pub fn write_flush(&self, batch: &FlushBatch) -> Result<()> {
        let runs = batch.indexes.as_deref().map(NewRuns::new);
        let (remembered, time) = &batch.seen;
        self.environment.write(|transaction| {
            let lapsed = (Bound::Unbounded, Bound::Excluded(seen::database_bound(*time)));
            let lapsed: (Bound<&[u8]>, Bound<&[u8]>) = (lapsed.0, lapsed.1.as_ref().map(<[u8; 8]>::as_slice));
            self.seen.delete_range(transaction, &lapsed)?;
            for (key, value) in remembered {
                self.seen.put(transaction, key, value)?;
            }
            for (key, bytes) in &batch.blocks {
                match bytes {
                    Some(bytes) => self.blocks.put(transaction, key.as_bytes(), &block::stored(key, bytes))?,
                    None => {
                        self.blocks.delete(transaction, key.as_bytes())?;
                    }
                }
            }
            for table in &batch.tips_cleared {
                let (first, last) = (BlockKey::new(*table, &Id::ZERO), BlockKey::new(*table, &Id([0xff; 32])));
                let range: (Bound<&[u8]>, Bound<&[u8]>) =
                    (Bound::Included(first.as_bytes()), Bound::Included(last.as_bytes()));
                self.tips.delete_range(transaction, &range)?;
            }
            for (key, bytes) in &batch.tips {
                match bytes {
                    Some(bytes) => self.tips.put(transaction, key.as_bytes(), bytes)?,
                    None => {
                        self.tips.delete(transaction, key.as_bytes())?;
                    }
                }
            }
            for (number, table) in &batch.tables {
                self.tables.put(transaction, &number.to_be_bytes(), &encode_table(*number, table))?;
            }
            if let Some(runs) = &runs {
                self.indexes.write(transaction, runs)?;
            }
            for (name, value) in &batch.values {
                self.meta.put(transaction, format!("{META_VALUE}{name}").as_bytes(), value)?;
            }
            self.meta.put(transaction, META_LAYOUT, &encode_layout(batch.leaves_max))?;
            self.meta.put(transaction, META_MARK, &encode_mark(&batch.mark))?;
            Ok(())
        })?;
        self.learn(batch.tables.iter().map(|(number, table)| (*table, *number)));
        Ok(())
    }

    /// Begins a consistent view of what the last finished flush holds.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        Ok(Snapshot { store: self, transaction: self.environment.read_transaction()? })
    }

    /// What the last finished flush holds under a record id.
    ///
    /// Turned bits of a record are found; that a whole block is missing is not, because nothing here says that it
    /// should be there: [`Tree::get`](crate::tree::Tree::get) and [`Tree::check`](crate::tree::Tree::check) know.
    pub fn get(&self, table: &Table, record_id: &Id) -> Result<Option<Record>> {
        self.snapshot()?.get(table, record_id)
    }

    /// What the stored state stands for; none before the first flush.
    pub fn mark(&self) -> Result<Option<StateMark>> {
        self.snapshot()?.mark()
    }

    /// The small value that was kept under this name.
    pub fn value(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.environment.read(|transaction| {
            let value = self.meta.get(transaction, format!("{META_VALUE}{name}").as_bytes())?;
            Ok(value.map(<[u8]>::to_vec))
        })
    }

    /// Calls `visit` with every transaction that is remembered against replay.
    pub(crate) fn each_seen(&self, mut visit: impl FnMut(Remembered)) -> Result<()> {
        self.environment.read(|transaction| {
            for item in self.seen.iter(transaction)? {
                let (key, value) = item?;
                seen::unpack(key, value, &mut visit)?;
            }
            Ok(())
        })
    }

    /// What keys the hashes of accounts in the indexes: a new key where nothing is indexed yet.
    pub fn hash_key(&self) -> Result<HashKey> {
        self.environment.read(|transaction| self.indexes.hash_key(transaction))?.map_or_else(HashKey::random, Ok)
    }

    /// The log indexes from `from` on at which what is sought may be, ascending, at most `limit` of them. Hashes are
    /// compared, not ids: each is to be looked at in the log.
    pub fn candidates(&self, sought: &Sought, from: u64, limit: usize) -> Result<Vec<u64>> {
        self.environment.read(|transaction| self.indexes.candidates(transaction, sought, from, limit))
    }

    pub(crate) fn read_transaction(&self) -> Result<ReadTransaction> {
        self.environment.read_transaction()
    }

    pub(crate) fn read_block<'t>(&self, transaction: &'t ReadTransaction, key: &BlockKey) -> Result<Option<&'t [u8]>> {
        Ok(self.blocks.get(transaction, key.as_bytes())?)
    }

    /// The most leaves a block has in what is stored; none before the first flush.
    pub(crate) fn load_leaves_max(&self, transaction: &ReadTransaction) -> Result<Option<usize>> {
        let leaves_max = read_layout(&self.environment, self.meta, transaction)?;
        if leaves_max == Some(0) {
            return Err(corrupt("meta", &"layout", "blocks of at least one leaf", "0".to_owned()));
        }
        Ok(leaves_max.map(usize::from))
    }

    pub(crate) fn load_tables(&self, transaction: &ReadTransaction) -> Result<BTreeMap<u32, Table>> {
        let mut tables = BTreeMap::new();
        for item in self.tables.iter(transaction)? {
            let (key, bytes) = item?;
            let (number, table) = decode_table(key, bytes).ok_or_else(|| {
                corrupt("tables", &format!("{key:02x?}"), "a table's name and key", format!("{bytes:02x?}"))
            })?;
            tables.insert(number, table);
        }
        Ok(tables)
    }

    /// Every tip page, in order.
    pub(crate) fn each_tip(
        &self,
        transaction: &ReadTransaction,
        visit: impl FnMut(BlockKey, &[u8]) -> Result<()>,
    ) -> Result<()> {
        each_block_key(self.tips, "tips", transaction, visit)
    }

    /// Every block, in order.
    pub(crate) fn each_block(
        &self,
        transaction: &ReadTransaction,
        visit: impl FnMut(BlockKey, &[u8]) -> Result<()>,
    ) -> Result<()> {
        each_block_key(self.blocks, "blocks", transaction, visit)
    }

    /// Whether the indexes have the form of what they hold.
    pub(crate) fn check_indexes(&self, transaction: &ReadTransaction) -> Result<()> {
        self.indexes.check(transaction)
    }

    /// Whether the indexes have what the first `through` entries of the log say.
    pub(crate) fn check_indexes_by_log(
        &self,
        log: &LogReader,
        through: u64,
        progress: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<()> {
        self.environment.read(|transaction| self.indexes.check_log(transaction, log, through, progress))
    }

    fn learn(&self, known: impl Iterator<Item = (Table, u32)>) {
        self.numbers.write().unwrap_or_else(PoisonError::into_inner).extend(known);
    }

    fn number_of(&self, transaction: &ReadTransaction, table: &Table) -> Result<Option<u32>> {
        {
            let numbers = self.numbers.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(number) = numbers.get(table) {
                return Ok(Some(*number));
            }
            // Another process may have written tables since: a follower learns of them here.
            if u64::try_from(numbers.len())
                .is_ok_and(|known| self.tables.len(transaction).is_ok_and(|all| all == known))
            {
                return Ok(None);
            }
        }
        let known = self.load_tables(transaction)?;
        let number = known.iter().find(|(_, known)| *known == table).map(|(number, _)| *number);
        self.learn(known.into_iter().map(|(number, table)| (table, number)));
        Ok(number)
    }
}

impl Snapshot<'_> {
    /// What the state held under a record id when the view began.
    pub fn get(&self, table: &Table, record_id: &Id) -> Result<Option<Record>> {
        self.get_at(table, record_id, &tree_key(record_id))
    }
}

impl Stored for Snapshot<'_> {
    fn get_at(&self, table: &Table, record_id: &Id, tree_key: &Id) -> Result<Option<Record>> {
        let Some(number) = self.store.number_of(&self.transaction, table)? else { return Ok(None) };
        let Some(block) = self.block_of(number, tree_key)? else { return Ok(None) };
        Ok(block.find(record_id)?.map(PackedLeaf::record))
    }

    /// They come in the order of the tree: a block that has several of them is looked up and checked once.
    fn get_all(&self, missing: &[Missing<'_>]) -> Result<Vec<Option<Record>>> {
        let mut last: Option<Leaves<'_>> = None;
        let get = |one: &Missing<'_>| {
            let Some(number) = self.store.number_of(&self.transaction, one.table)? else { return Ok(None) };
            let block = match &last {
                Some(block) if block.covers(number, &one.tree_key) => Some(block.clone()),
                Some(_) | None => self.block_of(number, &one.tree_key)?,
            };
            last.clone_from(&block);
            let Some(block) = block else { return Ok(None) };
            Ok(block.find(one.id)?.map(PackedLeaf::record))
        };
        missing.iter().map(get).collect()
    }

    fn has_table(&self, table: &Table) -> Result<bool> {
        Ok(self.store.number_of(&self.transaction, table)?.is_some())
    }
}

impl Stored for StateStore {
    fn get_at(&self, table: &Table, record_id: &Id, tree_key: &Id) -> Result<Option<Record>> {
        self.snapshot()?.get_at(table, record_id, tree_key)
    }

    fn get_all(&self, missing: &[Missing<'_>]) -> Result<Vec<Option<Record>>> {
        /// So many are worth waking another thread for.
        const READ_AT_ONCE: usize = 128;
        if missing.len() <= READ_AT_ONCE {
            return self.snapshot()?.get_all(missing);
        }
        let parts = missing.par_chunks(READ_AT_ONCE).map(|some| self.snapshot()?.get_all(some));
        Ok(parts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn has_table(&self, table: &Table) -> Result<bool> {
        self.snapshot()?.has_table(table)
    }
}

impl Snapshot<'_> {
    /// The block that can hold a key, if there is one before it: blocks are subtrees, so that it is the last one that
    /// begins at or before the key.
    fn block_of(&self, number: u32, tree_key: &Id) -> Result<Option<Leaves<'_>>> {
        let at = BlockKey::new(number, tree_key);
        let Some((key, bytes)) = self.store.blocks.get_lower_than_or_equal_to(&self.transaction, at.as_bytes())? else {
            return Ok(None);
        };
        let key = BlockKey::parse(key)
            .ok_or_else(|| corrupt("blocks", &at, "keys of 36 bytes", format!("{} bytes", key.len())))?;
        if key.table() == number { Leaves::new(key, BlockBytes::Stored(bytes)).map(Some) } else { Ok(None) }
    }

    /// What the state stood for when the view began; none before the first flush.
    pub fn mark(&self) -> Result<Option<StateMark>> {
        self.store.load_mark(&self.transaction)
    }
}

#[cfg(test)]
impl StateStore {
    pub(crate) const fn databases_for_tests(&self) -> [NamedDatabase; 4] {
        [self.blocks, self.tips, self.tables, self.meta]
    }
}

impl StateStore {
    pub(crate) fn load_mark(&self, transaction: &ReadTransaction) -> Result<Option<StateMark>> {
        let Some(bytes) = self.meta.get(transaction, META_MARK)? else { return Ok(None) };
        decode_mark(bytes)
            .map(Some)
            .ok_or_else(|| corrupt("meta", &"mark", "44 bytes that match their checksum", format!("{bytes:02x?}")))
    }
}

fn each_block_key(
    database: NamedDatabase,
    name: &str,
    transaction: &ReadTransaction,
    mut visit: impl FnMut(BlockKey, &[u8]) -> Result<()>,
) -> Result<()> {
    for item in database.iter(transaction)? {
        let (key, bytes) = item?;
        let parsed = BlockKey::parse(key)
            .ok_or_else(|| corrupt(name, &format!("{key:02x?}"), "a key of 36 bytes", key.len().to_string()))?;
        visit(parsed, bytes)?;
    }
    Ok(())
}

/// The most leaves of a block, from the layout, which must be of this version; none before the first flush.
fn read_layout(environment: &Environment, meta: NamedDatabase, transaction: &ReadTransaction) -> Result<Option<u16>> {
    let Some(bytes) = meta.get(transaction, META_LAYOUT)? else { return Ok(None) };
    let wrong = || corrupt("meta", &"layout", "10 bytes that match their checksum", format!("{bytes:02x?}"));
    let (version, rest) =
        unseal(META_LAYOUT, bytes).ok().and_then(|rest| rest.split_first_chunk()).ok_or_else(wrong)?;
    let (path, found, expected) = (environment.path().to_owned(), u32::from_be_bytes(*version), LAYOUT);
    match found.cmp(&expected) {
        Ordering::Less => Err(Error::OlderState { path, found, expected }),
        Ordering::Equal => rest.try_into().map(|leaves_max| Some(u16::from_be_bytes(leaves_max))).map_err(|_| wrong()),
        Ordering::Greater => Err(Error::NewerFormat { path, found, expected }),
    }
}

fn encode_mark(mark: &StateMark) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend_from_slice(&mark.log_index.to_be_bytes());
    bytes.extend_from_slice(&mark.state_root.0);
    seal(META_MARK, &mut bytes);
    bytes
}

fn decode_mark(bytes: &[u8]) -> Option<StateMark> {
    let (log_index, root) = unseal(META_MARK, bytes).ok()?.split_first_chunk()?;
    Some(StateMark { log_index: u64::from_be_bytes(*log_index), state_root: Id(root.try_into().ok()?) })
}

fn encode_layout(leaves_max: u16) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend_from_slice(&LAYOUT.to_be_bytes());
    bytes.extend_from_slice(&leaves_max.to_be_bytes());
    seal(META_LAYOUT, &mut bytes);
    bytes
}

fn encode_table(number: u32, table: &Table) -> Vec<u8> {
    let name = table.name.as_str();
    let mut bytes = vec![0; 4];
    bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(table.key_bytes());
    seal(&number.to_be_bytes(), &mut bytes);
    bytes
}

fn decode_table(key: &[u8], bytes: &[u8]) -> Option<(u32, Table)> {
    let number = u32::from_be_bytes(key.try_into().ok()?);
    let (length, rest) = unseal(key, bytes).ok()?.split_first()?;
    let (name, key) = rest.split_at_checked(usize::from(*length))?;
    let name = TableName::parse(std::str::from_utf8(name).ok()?)?;
    let key = if key.is_empty() { None } else { Some(Id(key.try_into().ok()?)) };
    Some((number, Table { name, key }))
}

pub(crate) fn corrupt(database: &str, key: &impl std::fmt::Display, expected: &str, found: String) -> Error {
    Error::Corrupt { place: format!("state, {database}, {key}"), expected: expected.to_owned(), found }
}
