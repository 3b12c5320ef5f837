//! The stored log: entries, the hashes of their tree and the signed checkpoints, in an LMDB environment of their own.
//!
//! Four databases, every integer big-endian:
//!
//! - `entries`: index of the first entry u64 → a chunk: count u32 ‖ for each entry where it ends u32 ‖ the entries
//! - `tiles`: level u8 ‖ tile u64 → up to 256 hashes. As in C2SP tlog-tiles: tile t of level l has the hashes of the
//!   complete subtrees 256·t … of tree level 8·l. What stands between is computed.
//! - `notes`: tree size u64 → the note of the checkpoint at that size
//! - `meta`: `format` → u32; `size` → u64
//!
//! Every stored byte is untrusted: what contradicts itself is an [`Error::Corrupt`] that says where.

use crate::environment::{Environment, NamedDatabase, ReadTransaction, StoreOptions};
use crate::error::{Error, Result};
use counterfoil_core::Id;
use counterfoil_core::merkle::log::{
    Frontier, LogError, consistency_proof, inclusion_proof, leaf_hash, leaf_hashes, node_hash, root_at,
};
use counterfoil_core::note::{Checkpoint, NOTE_BYTES_MAX, SignedNote};
use counterfoil_core::wire::ENTRY_BYTES_MAX;
use heed::{PutFlags, RoTxn};
use std::io::Write;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

/// The log, for its one writer. It dereferences to the [`LogReader`] for everything that is read from the store.
#[derive(Debug)]
pub struct LogStore {
    reader: LogReader,
    /// What is stored, and nothing that is not: it follows a commit, never goes before one.
    frontier: Frontier,
    /// Of the append in hand; kept for its memory.
    growth: Growth,
}

/// The log, for any number of threads beside the writer, and for other processes that follow it.
#[derive(Clone, Debug)]
pub struct LogReader {
    environment: Arc<Environment>,
    databases: Databases,
}

/// The log as it was at one moment: everything read through it belongs together. It may be sent to another thread;
/// hold it briefly, as [`ReadTransaction`] says.
pub struct LogView {
    txn: ReadTransaction,
    databases: Databases,
    size: u64,
}

#[derive(Clone, Copy, Debug)]
struct Databases {
    entries: NamedDatabase,
    tiles: NamedDatabase,
    notes: NamedDatabase,
    meta: NamedDatabase,
}

const NAMES: [&str; 4] = ["entries", "tiles", "notes", "meta"];
const FORMAT: u32 = 1;
const FORMAT_KEY: &[u8] = b"format";
const SIZE_KEY: &[u8] = b"size";

/// A chunk ends at this many entries, or before it would have more bytes than this.
const CHUNK_ENTRIES_MAX: usize = 1_024;
const CHUNK_BYTES_MAX: usize = 256 * 1_024;

/// How many hashes a full tile has: 2^8, so that a tile level is eight levels of the tree.
const TILE_HASHES: u64 = 256;
const TILE_LEVELS: u8 = 8;

impl LogStore {
    /// Makes an empty log in a folder that has none.
    pub fn create(directory: &Path, options: &StoreOptions) -> Result<Self> {
        let (environment, databases) = Environment::create(directory, options, NAMES)?;
        let reader = LogReader { environment, databases: Databases::new(databases) };
        let meta = reader.databases.meta;
        reader.environment.write(|txn| {
            meta.put(txn, FORMAT_KEY, &FORMAT.to_be_bytes())?;
            Ok(meta.put(txn, SIZE_KEY, &0_u64.to_be_bytes())?)
        })?;
        Ok(Self { reader, frontier: Frontier::new(), growth: Growth::default() })
    }

    /// Opens the log to write to it.
    pub fn open(directory: &Path, options: &StoreOptions) -> Result<Self> {
        if options.read_only {
            return Err(Error::ReadOnly);
        }
        let reader = LogReader::open(directory, options)?;
        let frontier = reader.view()?.frontier()?;
        Ok(Self { reader, frontier, growth: Growth::default() })
    }

    /// A handle for other threads.
    pub fn reader(&self) -> LogReader {
        self.reader.clone()
    }

    /// How many entries are stored.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root hash of the tree of all stored entries.
    pub fn root(&self) -> Id {
        self.frontier.root()
    }

    /// What appending needs of the tree.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Appends entries, all or none, and returns the index of the first. They are durable when this returns.
    pub fn append<E: AsRef<[u8]>>(&mut self, entries: &[E]) -> Result<u64> {
        let first = self.frontier.size();
        for (number, entry) in entries.iter().enumerate() {
            let found = entry.as_ref().len();
            if !(1..=ENTRY_BYTES_MAX).contains(&found) {
                return Err(Error::Invalid(format!(
                    "entry {number} of the batch: expected 1 to {ENTRY_BYTES_MAX} bytes, found {found}"
                )));
            }
        }
        let chunks = pack(first, entries)?;
        let mut frontier = self.frontier.clone();
        let Self { reader, growth, .. } = self;
        growth.clear();
        for chunk in &chunks {
            // Chunk by chunk: memory for the hashes of all would come from the system each time, and go back to it.
            frontier.append_all(&leaf_hashes(chunk.entries), |level, index, hash| growth.add(level, index, hash))?;
        }
        let databases = reader.databases;
        reader.environment.write(|txn| {
            let stored = databases.size(txn)?;
            if stored != first {
                return Err(corrupt("meta size".into(), first, stored));
            }
            let last = databases.entries.last(txn)?;
            let last = last.map(|(key, _)| decode_u64("entries key", key)).transpose()?;
            if last.is_some_and(|last| last >= first) {
                return Err(corrupt("entries".into(), format!("chunks below {first}"), last.unwrap_or_default()));
            }
            for chunk in &chunks {
                let key = chunk.first.to_be_bytes();
                // Keys only ever grow, which was checked: LMDB then fills its pages to the end instead of splitting
                // them in half. The value is written where LMDB keeps it, without a copy.
                let flags = PutFlags::APPEND;
                databases.entries.get_or_put_reserved_with_flags(txn, flags, &key, chunk.value_bytes, |space| {
                    space.write_all(&chunk.header)?;
                    chunk.entries.iter().try_for_each(|entry| space.write_all(entry.as_ref()))
                })?;
            }
            for (level, growth) in (0_u8..).zip(&growth.levels) {
                let Some(mut begin) = growth.first_index else { continue };
                let mut rest = growth.hashes.as_slice();
                while !rest.is_empty() {
                    let (tile, position) = (begin / TILE_HASHES, begin % TILE_HASHES);
                    let room = TILE_HASHES.saturating_sub(position);
                    let (part, tail) = rest.split_at(rest.len().min(to_usize(room)?));
                    let key = tile_key(level, tile);
                    if position == 0 {
                        databases.tiles.put(txn, &key, part.as_flattened())?;
                    } else {
                        let mut hashes = databases.tile(txn, level, tile, position)?.to_vec();
                        hashes.truncate(to_usize(position)?);
                        hashes.extend_from_slice(part);
                        databases.tiles.put(txn, &key, hashes.as_flattened())?;
                    }
                    begin = begin.saturating_add(to_u64(part.len())?);
                    rest = tail;
                }
            }
            Ok(databases.meta.put(txn, SIZE_KEY, &frontier.size().to_be_bytes())?)
        })?;
        self.frontier = frontier;
        Ok(first)
    }

    /// Keeps the note of a checkpoint, in place of an earlier one at its size. It must be a checkpoint of this log.
    pub fn put_note(&mut self, tree_size: u64, note: &[u8]) -> Result<()> {
        self.put_notes(&[(tree_size, note)])
    }

    /// Keeps notes, all or none, as [`LogStore::put_note`] does each. They are durable when this returns.
    pub fn put_notes(&mut self, notes: &[(u64, &[u8])]) -> Result<()> {
        let databases = self.reader.databases;
        self.reader.environment.write(|txn| {
            let size = databases.size(txn)?;
            for (tree_size, note) in notes {
                if *tree_size > size {
                    let reason = format!("note: expected a tree size of at most {size}, found {tree_size}");
                    return Err(Error::Invalid(reason));
                }
                let root = root_at(*tree_size, |level, index| databases.node(txn, level, index))?;
                check_note(note, *tree_size, &root).map_err(|(expected, found)| {
                    Error::Invalid(format!("note at tree size {tree_size}: expected {expected}, found {found}"))
                })?;
                databases.notes.put(txn, &tree_size.to_be_bytes(), note)?;
            }
            Ok(())
        })
    }

    /// Checks everything that is stored, and that it is what this handle appended. See [`LogReader::check`].
    pub fn check(&self, progress: impl FnMut(u64, u64) -> Result<()>) -> Result<()> {
        let frontier = self.reader.check(progress)?;
        if frontier != self.frontier {
            let tree = |frontier: &Frontier| format!("{} entries with root {}", frontier.size(), frontier.root());
            return Err(corrupt("meta size".into(), tree(&self.frontier), tree(&frontier)));
        }
        Ok(())
    }
}

impl Deref for LogStore {
    type Target = LogReader;

    fn deref(&self) -> &LogReader {
        &self.reader
    }
}

impl LogReader {
    /// Opens the log to follow what another process appends.
    pub fn follow(directory: &Path, options: &StoreOptions) -> Result<Self> {
        Self::open(directory, &StoreOptions { read_only: true, ..*options })
    }

    fn open(directory: &Path, options: &StoreOptions) -> Result<Self> {
        let (environment, databases) = Environment::open(directory, options, NAMES)?;
        let reader = Self { environment, databases: Databases::new(databases) };
        let meta = reader.databases.meta;
        let found = reader.environment.read(|txn| {
            let stored = meta.get(txn, FORMAT_KEY)?;
            let format = stored.and_then(|stored| stored.try_into().ok()).map(u32::from_be_bytes);
            format.ok_or_else(|| corrupt("meta format".into(), "4 bytes", describe(stored)))
        })?;
        if found != FORMAT {
            let path = directory.to_owned();
            return Err(Error::NewerFormat { path, found, expected: FORMAT });
        }
        Ok(reader)
    }

    /// The environment, to set its limits.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The log as it is now.
    pub fn view(&self) -> Result<LogView> {
        let txn = self.environment.read_transaction()?;
        let size = self.databases.size(&txn)?;
        Ok(LogView { txn, databases: self.databases, size })
    }

    /// How many entries are stored: in a follower, by now.
    pub fn stored_size(&self) -> Result<u64> {
        Ok(self.view()?.size())
    }

    /// See [`LogView::entry`].
    pub fn entry(&self, index: u64) -> Result<Vec<u8>> {
        self.view()?.entry(index)
    }

    /// See [`LogView::entries`].
    pub fn entries(&self, from: u64, limit: u64, visit: impl FnMut(u64, &[u8]) -> Result<bool>) -> Result<u64> {
        self.view()?.entries(from, limit, visit)
    }

    /// See [`LogView::leaf_hash`].
    pub fn leaf_hash(&self, index: u64) -> Result<Id> {
        self.view()?.leaf_hash(index)
    }

    /// See [`LogView::root_at`].
    pub fn root_at(&self, tree_size: u64) -> Result<Id> {
        self.view()?.root_at(tree_size)
    }

    /// See [`LogView::inclusion_proof`].
    pub fn inclusion_proof(&self, index: u64, tree_size: u64) -> Result<Vec<Id>> {
        self.view()?.inclusion_proof(index, tree_size)
    }

    /// See [`LogView::consistency_proof`].
    pub fn consistency_proof(&self, old_size: u64, new_size: u64) -> Result<Vec<Id>> {
        self.view()?.consistency_proof(old_size, new_size)
    }

    /// See [`LogView::tile`].
    pub fn tile(&self, level: u8, tile: u64, width: u16) -> Result<Vec<u8>> {
        self.view()?.tile(level, tile, width)
    }

    /// See [`LogView::note`].
    pub fn note(&self, tree_size: u64) -> Result<Option<Vec<u8>>> {
        self.view()?.note(tree_size)
    }

    /// See [`LogView::notes`].
    pub fn notes(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        self.view()?.notes(after, limit)
    }

    /// See [`LogView::frames`].
    pub fn frames(&self, from: u64, to: u64, bytes: usize) -> Result<(Vec<u8>, u64)> {
        self.view()?.frames(from, to, bytes)
    }

    /// See [`LogView::latest_note`].
    pub fn latest_note(&self) -> Result<Option<(u64, Vec<u8>)>> {
        self.view()?.latest_note()
    }

    /// Reads everything that is stored and computes again what can be: LMDB's pages, entries without gaps, each hash of each tile,
    /// the size, and for each note the root that it signs. `progress` hears how many entries are done, and of how many.
    ///
    /// Returns the frontier of what is stored.
    pub fn check(&self, progress: impl FnMut(u64, u64) -> Result<()>) -> Result<Frontier> {
        let mut progress = progress;
        self.environment.check_pages()?;
        let view = self.view()?;
        let (txn, databases, size) = (&view.txn, view.databases, view.size);
        let mut notes = Notes { iter: databases.notes.iter(txn)?, next: None };
        notes.advance()?;
        let mut frontier = Frontier::new();
        let mut tiles = TileCheck { databases, txn, partial: Vec::new(), tiles: 0 };
        notes.check_at(&frontier)?;
        for item in databases.entries.iter(txn)? {
            let (key, value) = item?;
            let first = decode_u64("entries key", key)?;
            if first != frontier.size() {
                return Err(corrupt("entries".into(), format!("a chunk at {}", frontier.size()), first));
            }
            let chunk = Chunk::parse(first, value)?;
            let entries: Vec<&[u8]> = chunk.iter_from(0).collect::<Result<_>>()?;
            for leaf in leaf_hashes(&entries) {
                let mut completed = Vec::new();
                frontier.append(leaf, |level, index, hash| completed.push((level, index, hash)))?;
                for (level, index, hash) in completed {
                    tiles.add(level, index, hash)?;
                }
                notes.check_at(&frontier)?;
            }
            progress(frontier.size(), size)?;
        }
        if frontier.size() != size {
            return Err(corrupt("entries".into(), format!("{size} entries"), frontier.size()));
        }
        tiles.finish()?;
        if let Some((tree_size, _)) = notes.next {
            return Err(corrupt(format!("notes {tree_size}"), format!("a tree size of at most {size}"), tree_size));
        }
        Ok(frontier)
    }
}

impl LogView {
    /// How many entries there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root hash of the tree of all entries.
    pub fn root(&self) -> Result<Id> {
        self.root_at(self.size)
    }

    /// The root hash of the tree of the first `tree_size` entries.
    pub fn root_at(&self, tree_size: u64) -> Result<Id> {
        self.check_size(tree_size)?;
        root_at(tree_size, |level, index| self.databases.node(&self.txn, level, index))
    }

    /// What appending needs of the tree.
    pub fn frontier(&self) -> Result<Frontier> {
        Frontier::load(self.size, |level, index| self.databases.node(&self.txn, level, index))
    }

    /// An entry, compared with its hash.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>> {
        let mut found = None;
        self.entries(index, 1, |_, entry| {
            found = Some(entry.to_vec());
            Ok(false)
        })?;
        found.ok_or_else(|| self.no_entry(index))
    }

    /// Visits at most `limit` entries from an index on, each compared with its hash, until `visit` says false. Returns
    /// the index after the last one visited.
    pub fn entries(&self, from: u64, limit: u64, visit: impl FnMut(u64, &[u8]) -> Result<bool>) -> Result<u64> {
        let mut visit = visit;
        let end = from.saturating_add(limit).min(self.size);
        if from >= end {
            return Ok(from);
        }
        let entries = &self.databases.entries;
        let start = entries.get_lower_than_or_equal_to(&self.txn, &from.to_be_bytes())?;
        let (start, _) = start.ok_or_else(|| corrupt("entries".into(), format!("a chunk with {from}"), "nothing"))?;
        let mut next = decode_u64("entries key", start)?;
        let bounds = (std::ops::Bound::Included(start), std::ops::Bound::Unbounded);
        for item in entries.range(&self.txn, &bounds)? {
            let (key, value) = item?;
            let first = decode_u64("entries key", key)?;
            if first != next {
                return Err(corrupt("entries".into(), format!("a chunk at {next}"), first));
            }
            let chunk = Chunk::parse(first, value)?;
            let skip = to_usize(from.saturating_sub(first))?;
            let mut index = first.saturating_add(to_u64(skip)?);
            let mut tile: (u64, &[[u8; 32]]) = (u64::MAX, &[]);
            for entry in chunk.iter_from(skip) {
                if index >= end {
                    return Ok(index);
                }
                let entry = entry?;
                if tile.0 != index / TILE_HASHES {
                    tile = (index / TILE_HASHES, self.databases.tile(&self.txn, 0, index / TILE_HASHES, 0)?);
                }
                let stored = tile.1.get(to_usize(index % TILE_HASHES)?).copied().map(Id);
                let hash = leaf_hash(entry);
                if stored != Some(hash) {
                    let expected = stored.map_or_else(|| "a stored hash".to_owned(), |stored| stored.to_string());
                    return Err(corrupt(format!("entries {index}"), expected, hash));
                }
                let more = visit(index, entry)?;
                index = index.saturating_add(1);
                if !more {
                    return Ok(index);
                }
            }
            next = first.saturating_add(to_u64(chunk.count())?);
            if next >= end {
                return Ok(index);
            }
        }
        Err(corrupt("entries".into(), format!("a chunk at {next}"), "the end"))
    }

    /// The stored hash of an entry.
    pub fn leaf_hash(&self, index: u64) -> Result<Id> {
        if index >= self.size {
            return Err(self.no_entry(index));
        }
        self.databases.node(&self.txn, 0, index)
    }

    /// The inclusion proof of an entry in the tree of the first `tree_size` entries, deepest hash first.
    pub fn inclusion_proof(&self, index: u64, tree_size: u64) -> Result<Vec<Id>> {
        self.check_size(tree_size)?;
        inclusion_proof(index, tree_size, |level, index| self.databases.node(&self.txn, level, index))
    }

    /// The proof that the tree of the first `new_size` entries continues that of the first `old_size`.
    pub fn consistency_proof(&self, old_size: u64, new_size: u64) -> Result<Vec<Id>> {
        self.check_size(new_size)?;
        consistency_proof(old_size, new_size, |level, index| self.databases.node(&self.txn, level, index))
    }

    /// The first `width` hashes of a tile, one after the other: what C2SP tlog-tiles serves.
    pub fn tile(&self, level: u8, tile: u64, width: u16) -> Result<Vec<u8>> {
        let width = u64::from(width);
        let hashes =
            u32::from(level).checked_mul(u32::from(TILE_LEVELS)).and_then(|shift| self.size.checked_shr(shift));
        let end = tile.checked_mul(TILE_HASHES).and_then(|first| first.checked_add(width));
        let exists = (1..=TILE_HASHES).contains(&width) && end.is_some_and(|end| end <= hashes.unwrap_or(0));
        if !exists {
            return Err(Error::NotFound(format!(
                "tile {level}/{tile} of {width} hashes: the log has {} entries",
                self.size
            )));
        }
        let hashes = self.databases.tile(&self.txn, level, tile, width)?;
        Ok(hashes.get(..to_usize(width)?).unwrap_or_default().as_flattened().to_vec())
    }

    /// The note of the checkpoint at this size.
    pub fn note(&self, tree_size: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.databases.notes.get(&self.txn, &tree_size.to_be_bytes())?.map(<[u8]>::to_vec))
    }

    /// The checkpoints after this size, in their order, at most so many: tree size and note of each.
    pub fn notes(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        let after = after.to_be_bytes();
        let bounds = (std::ops::Bound::Excluded(after.as_slice()), std::ops::Bound::Unbounded);
        let notes = self.databases.notes.range(&self.txn, &bounds)?.take(limit);
        notes
            .map(|item| {
                let (key, note) = item?;
                Ok((decode_u64("notes key", key)?, note.to_vec()))
            })
            .collect()
    }

    /// Entries from an index up to another, each after its length (u32, little-endian), and the index after the last: at least one,
    /// and no more once there are so many bytes. Nothing where there is none.
    pub fn frames(&self, from: u64, to: u64, bytes: usize) -> Result<(Vec<u8>, u64)> {
        let mut frames = Vec::new();
        let next = self.entries(from, to.saturating_sub(from), |_, entry| {
            frames.extend_from_slice(&to_u32(entry.len())?.to_le_bytes());
            frames.extend_from_slice(entry);
            Ok(frames.len() < bytes)
        })?;
        Ok((frames, next))
    }

    /// The note of the latest checkpoint, and its tree size.
    pub fn latest_note(&self) -> Result<Option<(u64, Vec<u8>)>> {
        let last = self.databases.notes.last(&self.txn)?;
        last.map(|(key, note)| Ok((decode_u64("notes key", key)?, note.to_vec()))).transpose()
    }

    fn check_size(&self, tree_size: u64) -> Result<()> {
        if tree_size > self.size {
            return Err(Error::NotFound(format!("tree size {tree_size}: the log has {} entries", self.size)));
        }
        Ok(())
    }

    fn no_entry(&self, index: u64) -> Error {
        Error::NotFound(format!("entry {index}: the log has {} entries", self.size))
    }
}

impl Databases {
    const fn new([entries, tiles, notes, meta]: [NamedDatabase; 4]) -> Self {
        Self { entries, tiles, notes, meta }
    }

    fn size(&self, txn: &RoTxn<'_>) -> Result<u64> {
        let stored = self.meta.get(txn, SIZE_KEY)?;
        decode_u64("meta size", stored.unwrap_or_default())
    }

    /// A tile of at least `least` hashes.
    fn tile<'t>(&self, txn: &'t RoTxn<'_>, level: u8, tile: u64, least: u64) -> Result<&'t [[u8; 32]]> {
        let stored = self.tiles.get(txn, &tile_key(level, tile))?;
        let (hashes, rest) = stored.unwrap_or_default().as_chunks::<32>();
        let count = to_u64(hashes.len())?;
        if !rest.is_empty() || count < least || count > TILE_HASHES {
            return Err(corrupt(
                format!("tiles {level}/{tile}"),
                format!("{least} to {TILE_HASHES} hashes of 32 bytes"),
                describe(stored),
            ));
        }
        Ok(hashes)
    }

    /// The hash of a complete subtree: stored, or computed from the stored ones at most seven levels below.
    fn node(&self, txn: &RoTxn<'_>, level: u8, index: u64) -> Result<Id> {
        let (tile_level, height) = (level / TILE_LEVELS, u32::from(level % TILE_LEVELS));
        let count = 1_u64 << height;
        let Some(first) = index.checked_mul(count) else {
            return Err(Error::Invalid(format!("no subtree {index} at level {level}")));
        };
        let (tile, position) = (first / TILE_HASHES, first % TILE_HASHES);
        let end = position.saturating_add(count);
        let hashes = self.tile(txn, tile_level, tile, end)?;
        let part = hashes.get(to_usize(position)?..to_usize(end)?).unwrap_or_default();
        let mut row: Vec<Id> = part.iter().copied().map(Id).collect();
        while row.len() > 1 {
            let (pairs, _) = row.as_chunks::<2>();
            row = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
        }
        row.first().copied().ok_or_else(|| corrupt(format!("tiles {tile_level}/{tile}"), "a hash", "none"))
    }
}

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// The hashes that an append adds to each tile level, in order.
#[derive(Debug, Default)]
struct Growth {
    levels: Vec<LevelGrowth>,
}

#[derive(Debug, Default)]
struct LevelGrowth {
    first_index: Option<u64>,
    hashes: Vec<[u8; 32]>,
}

impl Growth {
    fn clear(&mut self) {
        const KEPT_HASHES: usize = 65_536;
        for level in &mut self.levels {
            level.first_index = None;
            level.hashes.clear();
            level.hashes.shrink_to(KEPT_HASHES);
        }
    }

    fn add(&mut self, level: u8, index: u64, hash: Id) {
        if !level.is_multiple_of(TILE_LEVELS) {
            return;
        }
        let tile_level = usize::from(level / TILE_LEVELS);
        if self.levels.len() <= tile_level {
            self.levels.resize_with(tile_level.saturating_add(1), LevelGrowth::default);
        }
        if let Some(growth) = self.levels.get_mut(tile_level) {
            growth.first_index.get_or_insert(index);
            growth.hashes.push(hash.0);
        }
    }
}

/// A chunk of entries whose offsets were checked against its length.
struct Chunk<'a> {
    first: u64,
    ends: &'a [[u8; 4]],
    bytes: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn parse(first: u64, value: &'a [u8]) -> Result<Self> {
        let malformed = |expected: &str, found: String| corrupt(format!("entries {first}"), expected, found);
        let (count, rest) =
            value.split_first_chunk::<4>().ok_or_else(|| malformed("a count", describe(Some(value))))?;
        let count = u32::from_be_bytes(*count);
        let fits = usize::try_from(count).ok().filter(|count| (1..=CHUNK_ENTRIES_MAX).contains(count));
        let count = fits.ok_or_else(|| malformed("1 to 1024 entries", count.to_string()))?;
        let (ends, bytes) = count
            .checked_mul(4)
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(|| malformed("an end for each entry", describe(Some(value))))?;
        let (ends, _) = ends.as_chunks::<4>();
        let end = ends.last().map_or(0, |end| u64::from(u32::from_be_bytes(*end)));
        if end != to_u64(bytes.len())? {
            return Err(malformed("no more bytes than entries", format!("{end} of {} bytes", bytes.len())));
        }
        Ok(Self { first, ends, bytes })
    }

    const fn count(&self) -> usize {
        self.ends.len()
    }

    /// The entries from the one at this position on. What is passed over is not looked at: one entry costs as much in a
    /// large chunk as in a small one.
    fn iter_from(&self, position: usize) -> impl Iterator<Item = Result<&'a [u8]>> {
        let Self { first, ends, bytes } = *self;
        let end_at = |position: usize| to_usize(ends.get(position).map_or(0, |end| u32::from_be_bytes(*end)).into());
        (position..ends.len()).map(move |position| {
            let begin = position.checked_sub(1).map_or(Ok(0), end_at)?;
            let end = end_at(position)?;
            let entry = bytes.get(begin..end).filter(|entry| (1..=ENTRY_BYTES_MAX).contains(&entry.len()));
            entry.ok_or_else(|| {
                let expected = "entries of 1 to 65535 bytes, one after the other";
                corrupt(format!("entries {first}"), expected, format!("{begin}..{end} of {} bytes", bytes.len()))
            })
        })
    }
}

/// The tiles that the entries should have, compared with those that are stored as soon as one is full.
struct TileCheck<'t> {
    databases: Databases,
    txn: &'t RoTxn<'t>,
    /// For each level the index of the tile that is not full yet, and its hashes.
    partial: Vec<(u64, Vec<[u8; 32]>)>,
    tiles: u64,
}

impl TileCheck<'_> {
    fn add(&mut self, level: u8, index: u64, hash: Id) -> Result<()> {
        if !level.is_multiple_of(TILE_LEVELS) {
            return Ok(());
        }
        let tile_level = level / TILE_LEVELS;
        if self.partial.len() <= usize::from(tile_level) {
            self.partial.push((index / TILE_HASHES, Vec::new()));
        }
        let Some((tile, hashes)) = self.partial.get_mut(usize::from(tile_level)) else { return Ok(()) };
        hashes.push(hash.0);
        if to_u64(hashes.len())? == TILE_HASHES {
            let full = (*tile, std::mem::take(hashes));
            *tile = tile.saturating_add(1);
            self.compare(tile_level, &full)?;
        }
        Ok(())
    }

    fn compare(&mut self, level: u8, (tile, hashes): &(u64, Vec<[u8; 32]>)) -> Result<()> {
        self.tiles = self.tiles.saturating_add(1);
        let stored = self.databases.tile(self.txn, level, *tile, to_u64(hashes.len())?)?;
        if stored == hashes {
            return Ok(());
        }
        let place = |position: usize| format!("tiles {level}/{tile} hash {position}");
        let differs = stored.iter().zip(hashes).position(|(stored, hash)| stored != hash);
        let position = differs.unwrap_or(hashes.len());
        let hash = |list: &[[u8; 32]]| list.get(position).map_or_else(|| "none".into(), |hash| Id(*hash).to_string());
        Err(corrupt(place(position), hash(hashes), hash(stored)))
    }

    fn finish(mut self) -> Result<()> {
        let partial = std::mem::take(&mut self.partial);
        for (level, tile) in (0_u8..).zip(&partial) {
            if !tile.1.is_empty() {
                self.compare(level, tile)?;
            }
        }
        let stored = self.databases.tiles.len(self.txn)?;
        if stored != self.tiles {
            return Err(corrupt("tiles".into(), format!("{} tiles", self.tiles), stored));
        }
        Ok(())
    }
}

/// The notes, in the order of their sizes, while the tree is built again.
struct Notes<'t> {
    iter: heed::RoIter<'t, heed::types::Bytes, heed::types::Bytes>,
    next: Option<(u64, &'t [u8])>,
}

impl Notes<'_> {
    fn advance(&mut self) -> Result<()> {
        self.next = match self.iter.next().transpose()? {
            Some((key, note)) => Some((decode_u64("notes key", key)?, note)),
            None => None,
        };
        Ok(())
    }

    fn check_at(&mut self, frontier: &Frontier) -> Result<()> {
        let Some((tree_size, note)) = self.next.filter(|(tree_size, _)| *tree_size == frontier.size()) else {
            return Ok(());
        };
        check_note(note, tree_size, &frontier.root())
            .map_err(|(expected, found)| corrupt(format!("notes {tree_size}"), expected, found))?;
        self.advance()
    }
}

/// What a note should be and what it is instead, where it is not a checkpoint of this tree.
fn check_note(note: &[u8], tree_size: u64, root: &Id) -> std::result::Result<(), (String, String)> {
    let checkpoint = SignedNote::parse(note)
        .and_then(|note| Checkpoint::parse(note.text()))
        .map_err(|error| (format!("a checkpoint of at most {NOTE_BYTES_MAX} bytes"), error.to_string()))?;
    if checkpoint.tree_size != tree_size || checkpoint.root_hash != *root {
        let tree = |size: u64, root: &Id| format!("size {size} and root {root}");
        return Err((tree(tree_size, root), tree(checkpoint.tree_size, &checkpoint.root_hash)));
    }
    Ok(())
}

/// A chunk that is to be written.
struct NewChunk<'a, E> {
    first: u64,
    /// The count and the ends.
    header: Vec<u8>,
    entries: &'a [E],
    value_bytes: usize,
}

/// The chunks of these entries.
fn pack<E: AsRef<[u8]>>(first: u64, entries: &[E]) -> Result<Vec<NewChunk<'_, E>>> {
    let mut chunks = Vec::new();
    let (mut index, mut rest) = (first, entries);
    while !rest.is_empty() {
        let mut count = 0_usize;
        let mut bytes = 0_usize;
        for entry in rest.iter().take(CHUNK_ENTRIES_MAX) {
            let with = bytes.saturating_add(entry.as_ref().len());
            if with > CHUNK_BYTES_MAX && count > 0 {
                break;
            }
            bytes = with;
            count = count.saturating_add(1);
        }
        let (part, tail) = rest.split_at(count);
        let header_bytes = count.saturating_mul(4).saturating_add(4);
        let mut header = Vec::with_capacity(header_bytes);
        header.extend_from_slice(&to_u32(count)?.to_be_bytes());
        let mut end = 0_usize;
        for entry in part {
            end = end.saturating_add(entry.as_ref().len());
            header.extend_from_slice(&to_u32(end)?.to_be_bytes());
        }
        let value_bytes = header_bytes.saturating_add(end);
        chunks.push(NewChunk { first: index, header, entries: part, value_bytes });
        index = index.checked_add(to_u64(count)?).ok_or(LogError::Full)?;
        rest = tail;
    }
    Ok(chunks)
}

fn tile_key(level: u8, tile: u64) -> [u8; 9] {
    let mut key = [level; 9];
    for (place, byte) in key.iter_mut().skip(1).zip(tile.to_be_bytes()) {
        *place = byte;
    }
    key
}

fn decode_u64(place: &str, bytes: &[u8]) -> Result<u64> {
    let number = bytes.try_into().map(u64::from_be_bytes);
    number.map_err(|_| corrupt(place.to_owned(), "8 bytes", describe(Some(bytes))))
}

fn describe(value: Option<&[u8]>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("{} bytes", value.len()))
}

fn corrupt(place: String, expected: impl ToString, found: impl ToString) -> Error {
    Error::Corrupt { place: format!("log: {place}"), expected: expected.to_string(), found: found.to_string() }
}

fn to_usize(number: u64) -> Result<usize> {
    usize::try_from(number).map_err(|_| Error::Invalid(format!("{number} does not fit this machine's memory")))
}

fn to_u64(number: usize) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::Invalid(format!("{number} does not fit 64 bits")))
}

fn to_u32(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::Invalid(format!("{number} does not fit 32 bits")))
}
