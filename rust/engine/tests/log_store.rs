//! The stored log: what it gives back, how it grows, and that no damage to its file goes further than an error.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a test that meets something unexpected should stop"
)]

use counterfoil_core::merkle::log::{Frontier, empty_root, leaf_hash, verify_consistency, verify_inclusion};
use counterfoil_core::note::Checkpoint;
use counterfoil_engine::{Error, LogReader, LogStore, Result, StoreOptions};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const SEED: [u8; 32] = [5; 32];

fn options() -> StoreOptions {
    StoreOptions { map_bytes: 1 << 16, map_bytes_max: 1 << 32, read_only: false }
}

/// Entry `index`: 8 to 39 bytes.
fn entry(index: u64) -> Vec<u8> {
    let mut entry = index.to_be_bytes().to_vec();
    entry.resize(usize::try_from(8 + index % 32).unwrap(), 0xee);
    entry
}

fn entries(from: u64, count: u64) -> Vec<Vec<u8>> {
    (from..from + count).map(entry).collect()
}

fn note(log: &LogStore, tree_size: u64) -> Vec<u8> {
    let root_hash = log.root_at(tree_size).unwrap();
    let checkpoint = Checkpoint { origin: "club.example".into(), tree_size, root_hash };
    checkpoint.sign(&SEED).unwrap().to_string().into_bytes()
}

fn assert_proofs(log: &LogStore) {
    let (size, root) = (log.size(), log.root());
    let sizes = [0, 1, 2, 255, 256, 257, 300, size / 2, size - 1, size];
    for old_size in sizes.into_iter().filter(|old_size| *old_size <= size) {
        let proof = log.consistency_proof(old_size, size).unwrap();
        let old_root = log.root_at(old_size).unwrap();
        assert_eq!(verify_consistency(old_size, size, &old_root, &root, &proof), Ok(()));
        for index in sizes.into_iter().filter(|index| *index < old_size) {
            let proof = log.inclusion_proof(index, old_size).unwrap();
            let leaf = leaf_hash(&log.entry(index).unwrap());
            assert_eq!(log.leaf_hash(index).unwrap(), leaf);
            assert_eq!(verify_inclusion(index, old_size, &leaf, &proof, &old_root), Ok(()));
        }
    }
}

#[test]
fn what_is_appended_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = LogStore::create(folder.path(), &options()).unwrap();
    assert_eq!((log.size(), log.root()), (0, empty_root()));
    log.check(|_, _| Ok(())).unwrap();
    assert_eq!(log.append::<Vec<u8>>(&[]).unwrap(), 0);
    let mut frontier = Frontier::new();
    for (batch, count) in [1, 1, 254, 1, 3, 1_200, 2, 40].into_iter().enumerate() {
        let first = log.size();
        assert_eq!(log.append(&entries(first, count)).unwrap(), first);
        for index in first..first + count {
            frontier.append(leaf_hash(&entry(index)), |_, _, _| {}).unwrap();
        }
        assert_eq!(*log.frontier(), frontier);
        assert_eq!(log.stored_size().unwrap(), log.size());
        assert_proofs(&log);
        log.check(|_, _| Ok(())).unwrap();
        if batch % 2 == 0 {
            drop(log);
            log = LogStore::open(folder.path(), &options()).unwrap();
            assert_eq!((log.size(), log.root()), (frontier.size(), frontier.root()));
        }
    }
    for index in 0..log.size() {
        assert_eq!(log.entry(index).unwrap(), entry(index));
    }
    for (from, limit) in [(0, u64::MAX), (0, 1), (255, 3), (256, 1_300), (1_459, 1), (1_501, 1), (1_502, 5), (9_999, 1)]
    {
        let mut seen = Vec::new();
        let next = log.entries(from, limit, |index, entry| {
            seen.push((index, entry.to_vec()));
            Ok(true)
        });
        let end = from.saturating_add(limit).min(log.size()).max(from);
        assert_eq!(next.unwrap(), end);
        assert_eq!(seen, (from..end).map(|index| (index, entry(index))).collect::<Vec<_>>());
    }
    assert_eq!(log.entries(3, 100, |index, _| Ok(index < 7)).unwrap(), 8);
    let size = log.size();
    assert!(matches!(log.entry(size), Err(Error::NotFound(_))));
    assert!(matches!(log.leaf_hash(size), Err(Error::NotFound(_))));
    assert!(matches!(log.root_at(size + 1), Err(Error::NotFound(_))));
    assert!(matches!(log.inclusion_proof(0, size + 1), Err(Error::NotFound(_))));
    assert!(matches!(log.inclusion_proof(size, size), Err(Error::Invalid(_))));
    assert!(matches!(log.consistency_proof(2, 1), Err(Error::Invalid(_))));
    assert_tiles(&log);
}

/// Level 0 has the hashes of entries, level 1 of 256 of them; narrower tiles are the beginnings of wider ones.
fn assert_tiles(log: &LogStore) {
    let size = log.size();
    for tile in 0..=size / 256 {
        let width = u16::try_from((size - tile * 256).min(256)).unwrap();
        let hashes = log.tile(0, tile, width).unwrap();
        assert_eq!(hashes.len(), usize::from(width) * 32);
        for (index, hash) in (tile * 256..).zip(hashes.chunks(32)) {
            assert_eq!(hash, log.leaf_hash(index).unwrap().as_bytes());
        }
        assert!(hashes.starts_with(&log.tile(0, tile, 1).unwrap()));
        for wider in [0, width + 1, 257, u16::MAX] {
            assert!(matches!(log.tile(0, tile, wider), Err(Error::NotFound(_))), "{wider} of {width} hashes");
        }
    }
    let complete = u16::try_from(size / 256).unwrap();
    assert!(log.tile(1, 0, complete).unwrap().starts_with(log.root_at(256).unwrap().as_bytes()));
    for (level, tile) in [(1, 1), (2, 0), (8, 0), (u8::MAX, 0), (0, u64::MAX), (0, u64::MAX / 256)] {
        assert!(matches!(log.tile(level, tile, 1), Err(Error::NotFound(_))), "tile {level}/{tile}");
    }
}

#[test]
fn three_levels_of_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = LogStore::create(folder.path(), &options()).unwrap();
    for count in [65_000, 535, 1, 70_000] {
        log.append(&entries(log.size(), count)).unwrap();
        assert_proofs(&log);
    }
    let mut heard = (0, 0);
    log.check(|done, all| {
        heard = (done, all);
        Ok(())
    })
    .unwrap();
    assert_eq!(heard, (135_536, 135_536));
    let root = log.root();
    drop(log);
    assert_eq!(LogStore::open(folder.path(), &options()).unwrap().root(), root);
}

#[test]
fn entries_have_a_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = LogStore::create(folder.path(), &options()).unwrap();
    assert!(matches!(log.append(&[vec![1], Vec::new()]), Err(Error::Invalid(_))));
    assert!(matches!(log.append(&[vec![1], vec![0; 65_536]]), Err(Error::Invalid(_))));
    assert_eq!(log.stored_size().unwrap(), 0);
    log.append(&vec![vec![7; 65_535]; 20]).unwrap();
    log.check(|_, _| Ok(())).unwrap();
    assert_eq!(log.entry(19).unwrap(), vec![7; 65_535]);
}

#[test]
fn a_full_map_changes_nothing_until_it_may_grow() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = LogStore::create(folder.path(), &StoreOptions { map_bytes_max: 1 << 20, ..options() }).unwrap();
    log.append(&entries(0, 1_000)).unwrap();
    let (size, root) = (log.size(), log.root());
    let full = log.append(&entries(size, 100_000));
    assert!(matches!(full, Err(Error::MapFull { limit_bytes: 0x10_0000 })), "{full:?}");
    assert_eq!((log.size(), log.root()), (size, root));
    log.check(|_, _| Ok(())).unwrap();
    log.append(&entries(size, 10)).unwrap();
    log.environment().set_map_bytes_max(1 << 30);
    log.append(&entries(size + 10, 100_000)).unwrap();
    log.check(|_, _| Ok(())).unwrap();
    assert_proofs(&log);
}

#[test]
fn notes_are_checkpoints_of_this_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = LogStore::create(folder.path(), &options()).unwrap();
    assert_eq!(log.latest_note().unwrap(), None);
    log.append(&entries(0, 300)).unwrap();
    let mut notes = BTreeMap::new();
    for tree_size in [300, 7, 0, 256] {
        notes.insert(tree_size, note(&log, tree_size));
        log.put_note(tree_size, &notes[&tree_size]).unwrap();
    }
    assert_eq!(log.latest_note().unwrap(), Some((300, notes[&300].clone())));
    assert_eq!(log.note(7).unwrap(), Some(notes[&7].clone()));
    assert_eq!(log.note(8).unwrap(), None);
    for (tree_size, note) in [(8, &notes[&7]), (301, &notes[&300]), (7, &b"text\n".to_vec())] {
        assert!(matches!(log.put_note(tree_size, note), Err(Error::Invalid(_))));
    }
    let other = Checkpoint { origin: "club.example".into(), tree_size: 7, root_hash: log.root() };
    let other = other.sign(&SEED).unwrap().to_string().into_bytes();
    assert!(matches!(log.put_note(7, &other), Err(Error::Invalid(_))));
    log.check(|_, _| Ok(())).unwrap();
}

#[test]
fn readers_see_whole_batches_while_the_log_grows() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = LogStore::create(folder.path(), &options()).unwrap();
    let again = LogStore::open(folder.path(), &options());
    assert!(matches!(again, Err(Error::Locked { .. })), "{again:?}");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (reader, done) = (log.reader(), &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let view = reader.view().unwrap();
                    let size = view.size();
                    assert_eq!(size % 100, 0);
                    if size > 0 {
                        let leaf = leaf_hash(&view.entry(size - 1).unwrap());
                        let proof = view.inclusion_proof(size - 1, size).unwrap();
                        assert_eq!(verify_inclusion(size - 1, size, &leaf, &proof, &view.root().unwrap()), Ok(()));
                    }
                }
            });
        }
        for batch in 0..100 {
            log.append(&entries(batch * 100, 100)).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    log.check(|_, _| Ok(())).unwrap();
}

#[test]
fn a_log_is_created_once_and_opened_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let absent = LogStore::open(folder.path(), &options());
    assert!(matches!(absent, Err(Error::NotALedger { .. })), "{absent:?}");
    drop(LogStore::create(folder.path(), &options()).unwrap());
    assert!(matches!(LogStore::create(folder.path(), &options()), Err(Error::AlreadyExists { .. })));
    let read_only = LogStore::open(folder.path(), &StoreOptions { read_only: true, ..options() });
    assert!(matches!(read_only, Err(Error::ReadOnly)));
    assert_eq!(LogReader::follow(folder.path(), &options()).unwrap().stored_size().unwrap(), 0);
}

/// A log of a few hundred entries, appended in a way that leaves free pages and long values behind.
fn small_log(folder: &Path) -> (u64, counterfoil_core::Id) {
    let mut log = LogStore::create(folder, &options()).unwrap();
    for count in [1, 30, 200, 40, 3, 60] {
        log.append(&entries(log.size(), count)).unwrap();
        log.put_note(log.size(), &note(&log, log.size())).unwrap();
    }
    (log.size(), log.root())
}

/// Everything that a reader may ask.
fn read_everything(log: &LogReader) -> Result<()> {
    let size = log.stored_size()?;
    log.entries(0, u64::MAX, |_, _| Ok(true))?;
    for index in [0, 1, 31, 255, 256, 333] {
        log.entry(index)?;
        log.leaf_hash(index)?;
        log.inclusion_proof(index, size)?;
        log.consistency_proof(index, size)?;
        log.note(index)?;
    }
    log.latest_note()?;
    log.root_at(size)?;
    log.check(|_, _| Ok(()))?;
    Ok(())
}

/// Reads, then appends. What is damaged must end as an error, or not be noticed because nothing was lost.
fn use_damaged(folder: &Path, (size, root): (u64, counterfoil_core::Id)) -> Result<()> {
    let reader = LogReader::follow(folder, &options())?;
    let read = read_everything(&reader);
    let checked = reader.check(|_, _| Ok(()));
    let whole = read.is_ok() && checked.is_ok();
    if whole {
        let frontier = checked?;
        // A changed meta page can make the commit before the last one count again: all of it, or none.
        if frontier.size() == size {
            assert_eq!(frontier.root(), root);
        } else {
            assert!([1, 31, 231, 271, 274].contains(&frontier.size()), "{}", frontier.size());
        }
    }
    drop(reader);
    read
}

#[test]
fn a_truncated_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let expected = small_log(folder.path());
    let data = folder.path().join("data.mdb");
    let whole = fs::read(&data).unwrap();
    assert!(use_damaged(folder.path(), expected).is_ok());
    let mut refused = 0;
    for length in (0..whole.len()).step_by(1_024).chain([1, 151, 152, 4_247, 4_248]) {
        fs::write(&data, &whole[..length]).unwrap();
        refused += u32::from(use_damaged(folder.path(), expected).is_err());
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let expected = small_log(folder.path());
    let data = folder.path().join("data.mdb");
    let whole = fs::read(&data).unwrap();
    let file = fs::File::options().write(true).open(&data).unwrap();
    // Page headers and the metas densely, the rest by a stride that meets every place of a node; the bit changes along.
    let places = (0..whole.len()).filter(|place| place % 4_096 < 24 || *place < 160 || place % 61 == 0);
    let (mut refused, mut unnoticed) = (0, 0);
    for place in places.chain(4_096..4_256) {
        let flipped = whole[place] ^ (1 << (place / 7 % 8));
        file.write_all_at(&[flipped], place.try_into().unwrap()).unwrap();
        let used = use_damaged(folder.path(), expected);
        file.write_all_at(&whole[place..=place], place.try_into().unwrap()).unwrap();
        match used {
            Ok(()) => unnoticed += 1,
            Err(Error::Corrupt { place, expected, found }) => {
                assert!(!place.is_empty() && !expected.is_empty() && !found.is_empty());
                refused += 1;
            }
            Err(_) => refused += 1,
        }
    }
    println!("{refused} refused, {unnoticed} unnoticed of {} bytes", whole.len());
    assert!(refused > 300, "{refused} refused, {unnoticed} unnoticed");
    assert!(use_damaged(folder.path(), expected).is_ok());
}

#[test]
fn appending_to_a_damaged_file_is_an_error_or_works() {
    let folder = tempfile::tempdir().unwrap();
    let expected = small_log(folder.path());
    let data = folder.path().join("data.mdb");
    let whole = fs::read(&data).unwrap();
    for place in (0..whole.len()).filter(|place| place % 4_096 < 20 || place % 509 == 0) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place / 5 % 8);
        fs::write(&data, &damaged).unwrap();
        let Ok(mut log) = LogStore::open(folder.path(), &options()) else { continue };
        if log.check(|_, _| Ok(())).is_err() {
            continue;
        }
        let before = log.size();
        assert!(before <= expected.0);
        log.append(&entries(before, 300)).unwrap();
        log.check(|_, _| Ok(())).unwrap_or_else(|error| panic!("byte {place}: {error}"));
    }
}
