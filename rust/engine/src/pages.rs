//! Whether an LMDB file may be mapped: a walk over its pages before LMDB follows them.
//!
//! LMDB trusts its file. A page number or a length that a bad disk changed leads it outside the map, and the process
//! dies by a signal, inside somebody's service. Everything that LMDB dereferences is therefore checked here first, in
//! safe code. What is *in* the values is the stores' to check.
//!
//! The format is LMDB's (data version 1, `mdb.c`): page 0 and 1 are metas, of which the one with the higher transaction
//! number counts; it names the roots of the free list and of the main tree, whose leaves name the roots of the named
//! databases. Integers are in the byte order of the machine and page numbers have its width: only the common kind of
//! machine, little-endian with 64 bits, is checked.

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// How far [`check_pages`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What reading needs: every page of every tree, and where long values lie. A small part of a large file.
    Trees,
    /// The first page of every long value as well, which LMDB believes when it frees the value.
    LongValues,
}

/// Checks an environment's data file: every page that LMDB may reach is inside the file, has the form that it should
/// have and is used once.
///
/// Another process may write meanwhile. Pages are used again in the second transaction after the one that freed them at
/// the earliest, so a walk that took longer than one transaction begins anew; a file that changes faster than it can be
/// read is left to the process that writes it, which checked it when it opened it.
pub fn check_pages(data_file: &Path, extent: Extent) -> Result<()> {
    if !cfg!(all(target_endian = "little", target_pointer_width = "64")) {
        return Ok(());
    }
    let mut outcome = Ok(());
    for _ in 0..ATTEMPTS {
        // Metas that are read while they are written may not fit each other: that is found out by reading them again.
        outcome = match attempt(data_file, extent) {
            Ok(Some(verdict)) => return verdict,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
    }
    outcome
}

/// The verdict on the file, or nothing if it changed too fast.
fn attempt(data_file: &Path, extent: Extent) -> Result<Option<Result<()>>> {
    let mut file = Pages::open(data_file)?;
    let meta = file.meta()?;
    let verdict = Walk::new(&mut file, &meta, extent).and_then(|mut walk| walk.whole_file());
    let after = Pages::open(data_file)?.meta()?;
    Ok((after.transaction.saturating_sub(meta.transaction) < 2).then_some(verdict))
}

const ATTEMPTS: usize = 5;
const META_PAGES: u64 = 2;
const PAGE_HEADER: usize = 16;
/// Where a long value begins in its first page.
const VALUE_OFFSET: u64 = 16;
const NODE_HEADER: usize = 8;
const DATABASE_BYTES: usize = 48;
const DEPTH_MAX: u16 = 32;
const KEY_BYTES_MAX: usize = 511;
const MAGIC: u32 = 0xbeef_c0de;
const DATA_VERSION: u32 = 1;
const NO_PAGE: u64 = u64::MAX;

const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const OVERFLOW: u16 = 4;
const META: u16 = 8;
const NODE_OVERFLOW: u16 = 1;
const NODE_DATABASE: u16 = 2;
const INTEGER_KEY: u16 = 8;

/// What a meta page says.
struct Meta {
    page_bytes: u64,
    free: DatabaseRecord,
    main: DatabaseRecord,
    last_page: u64,
    transaction: u64,
}

/// What is kept of a tree: LMDB's `MDB_db`.
#[derive(Clone, Copy)]
struct DatabaseRecord {
    flags: u16,
    depth: u16,
    entries: u64,
    root: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Free,
    Main,
    Named,
}

struct Pages<'p> {
    path: &'p Path,
    file: File,
}

impl<'p> Pages<'p> {
    fn open(path: &'p Path) -> Result<Self> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        Ok(Self { path, file })
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let read = self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.file.read_exact(buffer));
        read.map_err(|source| {
            if source.kind() == std::io::ErrorKind::UnexpectedEof {
                return self.corrupt(format_args!("offset {offset}"), "a page", "the end of the file");
            }
            Error::Io { path: self.path.to_owned(), source }
        })
    }

    /// The meta page that counts.
    fn meta(&mut self) -> Result<Meta> {
        let first = self.meta_at(0)?;
        let second = self.meta_at(first.page_bytes)?;
        if second.page_bytes != first.page_bytes {
            return Err(self.corrupt(format_args!("page 1"), &first.page_bytes.to_string(), second.page_bytes));
        }
        // Commits take turns with the two.
        let apart = first.transaction.abs_diff(second.transaction);
        if apart > 1 {
            return Err(self.corrupt(format_args!("metas"), "consecutive transactions", apart));
        }
        Ok(if first.transaction < second.transaction { second } else { first })
    }

    fn meta_at(&mut self, offset: u64) -> Result<Meta> {
        let mut bytes = [0; PAGE_HEADER + 24 + 2 * DATABASE_BYTES + 16];
        self.read(offset, &mut bytes)?;
        let meta = Meta::parse(&bytes);
        let valid = meta.as_ref().is_some_and(|meta| (512..=65_536).contains(&meta.page_bytes));
        match meta {
            Some(meta) if valid && meta.page_bytes.is_power_of_two() => Ok(meta),
            Some(_) | None => Err(self.corrupt(format_args!("offset {offset}"), "a meta page", "other bytes")),
        }
    }

    fn corrupt(&self, place: std::fmt::Arguments<'_>, expected: &str, found: impl ToString) -> Error {
        Error::Corrupt {
            place: format!("{}: {place}", self.path.display()),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }
}

impl Meta {
    fn parse(page: &[u8]) -> Option<Self> {
        let meta = page.get(PAGE_HEADER..)?;
        if u16_at(page, 10)? & META == 0 || u32_at(meta, 0)? != MAGIC || u32_at(meta, 4)? != DATA_VERSION {
            return None;
        }
        Some(Self {
            // The free list's record has the page size where others have padding.
            page_bytes: u32_at(meta, 24)?.into(),
            free: DatabaseRecord::parse(meta.get(24..)?)?,
            main: DatabaseRecord::parse(meta.get(24 + DATABASE_BYTES..)?)?,
            last_page: u64_at(meta, 24 + 2 * DATABASE_BYTES)?,
            transaction: u64_at(meta, 32 + 2 * DATABASE_BYTES)?,
        })
    }
}

impl DatabaseRecord {
    fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            flags: u16_at(bytes, 4)?,
            depth: u16_at(bytes, 6)?,
            entries: u64_at(bytes, 32)?,
            root: u64_at(bytes, 40)?,
        })
    }
}

struct Walk<'f, 'p> {
    file: &'f mut Pages<'p>,
    meta: &'f Meta,
    extent: Extent,
    page_bytes: usize,
    /// How many pages the file has: fewer than the meta says where the last ones are free and were never written.
    file_pages: u64,
    /// One bit for each page of the file: whether something uses it.
    used: Vec<u64>,
    /// The free pages beyond the file.
    free_beyond: BTreeSet<u64>,
}

impl<'f, 'p> Walk<'f, 'p> {
    fn new(file: &'f mut Pages<'p>, meta: &'f Meta, extent: Extent) -> Result<Self> {
        // Asked after the meta was read: what a meta names was written before it.
        let path = file.path;
        let bytes = file.file.metadata().map_err(|source| Error::Io { path: path.to_owned(), source })?.len();
        let file_pages = bytes.checked_div(meta.page_bytes).unwrap_or_default();
        let too_large = |_| Error::Storage(format!("{file_pages} pages do not fit this machine's memory"));
        let words = usize::try_from(file_pages.div_ceil(64)).map_err(too_large)?;
        let page_bytes = usize::try_from(meta.page_bytes).map_err(too_large)?;
        Ok(Self { file, meta, extent, page_bytes, file_pages, used: vec![0; words], free_beyond: BTreeSet::new() })
    }

    fn whole_file(&mut self) -> Result<()> {
        if self.meta.last_page < META_PAGES.saturating_sub(1) {
            return Err(self.file.corrupt(format_args!("meta"), "a last page of 1 or more", self.meta.last_page));
        }
        self.tree(Kind::Free, &self.meta.free)?;
        self.tree(Kind::Main, &self.meta.main)?;
        let missing = self.meta.last_page.saturating_add(1).saturating_sub(self.file_pages);
        let free = u64::try_from(self.free_beyond.len()).unwrap_or(u64::MAX);
        if missing != free {
            let found = format!("{} pages, {free} free ones beyond", self.file_pages);
            let pages = self.meta.last_page.saturating_add(1);
            return Err(self.file.corrupt(format_args!("file"), &format!("{pages} pages"), found));
        }
        Ok(())
    }

    fn tree(&mut self, kind: Kind, record: &DatabaseRecord) -> Result<()> {
        let flags = if kind == Kind::Free { INTEGER_KEY } else { 0 };
        if record.flags != flags || record.depth > DEPTH_MAX || (record.root == NO_PAGE) != (record.depth == 0) {
            let found = format!("flags {}, depth {}, root {}", record.flags, record.depth, record.root);
            return Err(self.file.corrupt(
                format_args!("tree"),
                &format!("the record of a tree, flags {flags}"),
                found,
            ));
        }
        let mut entries = 0;
        if record.root != NO_PAGE {
            self.page(kind, record.root, record.depth, &mut entries)?;
        }
        if entries != record.entries {
            let place = format_args!("tree at page {}", record.root);
            return Err(self.file.corrupt(place, &format!("{} entries", record.entries), entries));
        }
        Ok(())
    }

    /// One page of a tree, `depth` levels above and including the leaves.
    fn page(&mut self, kind: Kind, number: u64, depth: u16, entries: &mut u64) -> Result<()> {
        self.mark(number, 1)?;
        let mut page = vec![0; self.page_bytes];
        let offset = number.checked_mul(self.meta.page_bytes);
        let offset = offset.ok_or_else(|| self.wrong(number, "a page of the file", number))?;
        self.file.read(offset, &mut page)?;
        let nodes = nodes(&page, number, depth).ok_or_else(|| {
            let what = if depth > 1 { "a branch page" } else { "a leaf page" };
            self.wrong(number, &format!("{what} with this number"), "other bytes")
        })?;
        let mut last_key: Option<Range<usize>> = None;
        for (index, node) in nodes.iter().enumerate() {
            let key = page.get(node.key.clone()).unwrap_or_default();
            // The first key of a branch stands for everything below the second, and the free list has its own order.
            let before = last_key.take().and_then(|range| page.get(range));
            let ordered = kind == Kind::Free || before.is_none_or(|before| before < key);
            let named = !key.is_empty() || (depth > 1 && index == 0);
            if !ordered || !named {
                return Err(self.wrong(number, "ascending keys", "others"));
            }
            last_key = (depth <= 1 || index > 0).then(|| node.key.clone());
        }
        for node in nodes {
            if depth > 1 {
                self.page(kind, node.child, depth.saturating_sub(1), entries)?;
            } else {
                *entries = entries.saturating_add(1);
                let value = page.get(node.key.end..).unwrap_or_default();
                self.value(kind, number, &node, value)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, kind: Kind, number: u64, node: &Node, rest: &[u8]) -> Result<()> {
        let length = usize::try_from(node.value_bytes).map_err(|_| self.wrong(number, "a value", node.value_bytes))?;
        let mut long = Vec::new();
        let value = match node.flags {
            0 | NODE_DATABASE => rest.get(..length),
            NODE_OVERFLOW => {
                let first = u64_at(rest, 0).ok_or_else(|| self.wrong(number, "a page number", "the page's end"))?;
                let bytes = u64::from(node.value_bytes).saturating_add(VALUE_OFFSET);
                let count = self.long_value_pages(first, bytes.div_ceil(self.meta.page_bytes))?;
                self.mark(first, count)?;
                if kind == Kind::Free {
                    long.resize(length, 0);
                    let start = first.saturating_mul(self.meta.page_bytes).saturating_add(VALUE_OFFSET);
                    self.file.read(start, &mut long)?;
                }
                Some(long.as_slice())
            }
            _ => None,
        };
        let value = value.ok_or_else(|| self.wrong(number, "a value inside its page", node.value_bytes))?;
        match (kind, node.flags) {
            (Kind::Free, 0 | NODE_OVERFLOW) => self.free_pages(number, value),
            (Kind::Main, NODE_DATABASE) => {
                let record = DatabaseRecord::parse(value).filter(|_| value.len() == DATABASE_BYTES);
                let record = record.ok_or_else(|| self.wrong(number, "the record of a database", value.len()))?;
                self.tree(Kind::Named, &record)
            }
            (Kind::Main | Kind::Named, 0 | NODE_OVERFLOW) => Ok(()),
            (Kind::Free | Kind::Main | Kind::Named, _) => Err(self.wrong(number, "a value", node.flags)),
        }
    }

    /// How many pages a long value takes: as many as it needs, or more where it took the place of a longer one.
    fn long_value_pages(&mut self, first: u64, needed: u64) -> Result<u64> {
        if self.extent == Extent::Trees {
            return Ok(needed);
        }
        let mut header = [0; PAGE_HEADER];
        self.file.read(first.saturating_mul(self.meta.page_bytes), &mut header)?;
        let count = u32_at(&header, 12).map(u64::from).filter(|count| *count >= needed);
        match count {
            Some(count) if u64_at(&header, 0) == Some(first) && u16_at(&header, 10) == Some(OVERFLOW) => Ok(count),
            Some(_) | None => Err(self.wrong(first, "the first page of a long value", "other bytes")),
        }
    }

    /// A part of the free list: how many there are, then their numbers.
    fn free_pages(&mut self, number: u64, list: &[u8]) -> Result<()> {
        let (words, rest) = list.as_chunks::<8>();
        let mut words = words.iter().copied().map(u64::from_le_bytes);
        let count = words.next().filter(|_| rest.is_empty());
        let pages: Vec<u64> = words.collect();
        if count.and_then(|count| usize::try_from(count).ok()).is_none_or(|count| count > pages.len()) {
            return Err(self.wrong(number, "a list of free pages", list.len()));
        }
        for page in pages.into_iter().take(usize::try_from(count.unwrap_or_default()).unwrap_or_default()) {
            if page < self.file_pages {
                self.mark(page, 1)?;
            } else if page > self.meta.last_page || !self.free_beyond.insert(page) {
                return Err(self.wrong(number, "free pages of the file, each once", page));
            }
        }
        Ok(())
    }

    /// Notes that these pages are used: they must be pages of the file that nothing else uses.
    fn mark(&mut self, first: u64, count: u64) -> Result<()> {
        let end = first.checked_add(count).filter(|end| first >= META_PAGES && *end <= self.file_pages);
        let end = end.filter(|end| end.saturating_sub(1) <= self.meta.last_page);
        let end = end.ok_or_else(|| self.wrong(first, "pages inside the file", format!("{count} from {first}")))?;
        for page in first..end {
            let bit = 1_u64.checked_shl(u32::try_from(page % 64).unwrap_or_default()).unwrap_or_default();
            let word = usize::try_from(page / 64).ok().and_then(|word| self.used.get_mut(word));
            match word {
                Some(word) if *word & bit == 0 => *word |= bit,
                Some(_) | None => return Err(self.wrong(page, "a page that is used once", "a second use")),
            }
        }
        Ok(())
    }

    fn wrong(&self, page: u64, expected: &str, found: impl ToString) -> Error {
        self.file.corrupt(format_args!("page {page}"), expected, found)
    }
}

/// A node whose header and key lie inside its page.
struct Node {
    key: Range<usize>,
    /// Of a branch: the page below.
    child: u64,
    /// Of a leaf.
    flags: u16,
    /// Of a leaf.
    value_bytes: u32,
}

fn nodes(page: &[u8], number: u64, depth: u16) -> Option<Vec<Node>> {
    let is_branch = depth > 1;
    let kind = if is_branch { BRANCH } else { LEAF };
    let (lower, upper) = (usize::from(u16_at(page, 12)?), usize::from(u16_at(page, 14)?));
    let pointers = page.get(PAGE_HEADER..lower)?;
    if u64_at(page, 0)? != number || u16_at(page, 10)? != kind || lower > upper || upper > page.len() {
        return None;
    }
    let (pointers, rest) = pointers.as_chunks::<2>();
    if !rest.is_empty() || pointers.is_empty() {
        return None;
    }
    let node = |pointer: &[u8; 2]| {
        let begin = usize::from(u16::from_le_bytes(*pointer));
        let header = page.get(begin..).filter(|_| begin >= upper)?;
        let low = u32_at(header, 0)?;
        let (flags, key_bytes) = (u16_at(header, 4)?, usize::from(u16_at(header, 6)?));
        let key_begin = begin.checked_add(NODE_HEADER)?;
        let key_end = key_begin.checked_add(key_bytes)?;
        let inside = key_bytes <= KEY_BYTES_MAX && key_end <= page.len();
        let child = u64::from(low) | (u64::from(flags) << 32);
        inside.then_some(Node { key: key_begin..key_end, child, flags, value_bytes: low })
    };
    pointers.iter().map(node).collect()
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}
