//! The tree against a plain map and the reference root, with flushes, reopenings and damage.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use super::*;
use crate::environment::StoreOptions;
use crate::indexes::{IndexEntries, IndexKind, Sought};
use crate::memory::BLOCK_MORE_BYTES;
use crate::seen::Remembered;
use counterfoil_core::merkle::proof::{self, Proven};
use std::path::Path;

/// A small xorshift generator: a test that fails, fails again.
struct Random(u64);

impl Random {
    const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11).checked_rem(bound).unwrap()
    }
}

#[derive(Default)]
struct Model(BTreeMap<Table, BTreeMap<Id, (Id, Record)>>);

impl Model {
    fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            let table = self.0.entry(change.table).or_default();
            let key = tree_key(&change.record_id);
            match &change.record {
                Some(record) => table.insert(key, (change.record_id, record.clone())),
                None => table.remove(&key),
            };
        }
        self.0.retain(|_, table| !table.is_empty());
    }

    fn node(&self, table: &Table) -> Node {
        let leaves: Vec<sum_map::Leaf> = self.0.get(table).map_or_else(Vec::new, |table| {
            table.iter().map(|(key, (_, record))| sum_map::Leaf::new(*key, record.sum, &record.value)).collect()
        });
        sum_map::root(&leaves, 0).unwrap()
    }

    fn root(&self) -> Id {
        let mut leaves: Vec<sum_map::Leaf> = self
            .0
            .keys()
            .map(|table| sum_map::Leaf::new(tree_key(&table.directory_record_id()), 0, &self.node(table).hash.0))
            .collect();
        leaves.sort_by_key(|leaf| leaf.tree_key);
        sum_map::root(&leaves, 0).unwrap().hash
    }

    fn get(&self, table: &Table, record_id: &Id) -> Option<Record> {
        self.0.get(table).and_then(|table| table.get(&tree_key(record_id))).map(|(_, record)| record.clone())
    }
}

fn id(number: u64) -> Id {
    let mut id = Id::ZERO;
    id.0[..8].copy_from_slice(&number.to_be_bytes());
    id
}

fn create(folder: &Path) -> StateStore {
    let options = StoreOptions { map_bytes: 1 << 20, ..StoreOptions::default() };
    StateStore::create(folder, &options).unwrap()
}

fn reopen(folder: &Path, store: StateStore) -> StateStore {
    drop(store);
    StateStore::open(folder, &StoreOptions::default()).unwrap()
}

fn flush(tree: &mut Tree, store: &StateStore, log_index: u64) {
    let batch = tree.begin_flush(log_index).unwrap();
    store.write_flush(&batch).unwrap();
    tree.end_flush();
}

fn tables() -> [Table; 4] {
    [Table::ACCOUNTS, Table::holders(id(1)), Table::holders(id(2)), Table::lots(id(1))]
}

fn random_change(random: &mut Random, records: u64) -> Change {
    let table = tables()[usize::try_from(random.below(4)).unwrap()];
    let record_id = id(random.below(records));
    let length = usize::try_from(random.below(40)).unwrap();
    let value = vec![u8::try_from(random.below(256)).unwrap(); length.saturating_sub(10)];
    let record = (random.below(3) > 0).then(|| Record { sum: u128::from(random.below(1_000)), value });
    Change { table, record_id, record }
}

fn compare(tree: &Tree, store: &StateStore, model: &Model, random: &mut Random, records: u64) {
    assert_eq!(tree.root(), model.root());
    let blocks: u64 = tree.tables.values().map(|table| table.root.blocks()).sum();
    assert_eq!(tree.size().blocks, usize::try_from(blocks).unwrap());
    for table in tables() {
        let node = model.node(&table);
        assert_eq!(tree.sum(&table), node.sum);
        assert_eq!(usize::try_from(tree.count(&table)).unwrap(), model.0.get(&table).map_or(0, BTreeMap::len));
        let record_id = id(random.below(records + 5));
        let held = model.get(&table, &record_id);
        assert_eq!(tree.get(store, &table, &record_id).unwrap(), held);
        let proof = tree.prove(store, &table, &record_id).unwrap();
        let table_key = tree_key(&table.directory_record_id());
        match proof::verify(&proof.directory, &tree.root(), &table_key).unwrap() {
            Proven::Absent { .. } => assert!(node.is_empty() && proof.record.is_empty()),
            Proven::Present { value, .. } => {
                assert_eq!(value, node.hash.0);
                let proven = proof::verify(&proof.record, &node.hash, &tree_key(&record_id)).unwrap();
                let expected = match held {
                    Some(Record { sum, value }) => Proven::Present { sum, value, table_sum: node.sum },
                    None => Proven::Absent { table_sum: node.sum },
                };
                assert_eq!(proven, expected);
            }
        }
        compare_pages(tree, store, model, &table, random);
    }
}

fn compare_pages(tree: &Tree, store: &StateStore, model: &Model, table: &Table, random: &mut Random) {
    let limit = usize::try_from(random.below(50)).unwrap() + 1;
    let (mut after, mut rows) = (None, Vec::new());
    loop {
        let page = tree.page(store, table, after, limit).unwrap();
        assert!(page.len() <= limit);
        let Some(last) = page.last() else { break };
        after = Some(last.tree_key);
        rows.extend(page.into_iter().map(|row| (row.tree_key, (row.record_id, row.record))));
    }
    let expected: Vec<_> = model.0.get(table).map_or_else(Vec::new, |table| table.clone().into_iter().collect());
    assert_eq!(rows, expected);
}

fn against_the_model(leaves_max: u16, records: u64, changes_max: u64, steps: u64, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = create(folder.path());
    let mut tree = Tree::open_with(&store, leaves_max).unwrap();
    let (mut model, mut flushed, mut random) = (Model::default(), Model::default(), Random::new(seed));
    let mut log_index = 0;
    let mut under_way = None;
    for step in 0..steps {
        let mut changes: Vec<Change> =
            (0..random.below(changes_max)).map(|_| random_change(&mut random, records)).collect();
        if random.below(12) == 0 {
            let gone = tables()[usize::try_from(random.below(4)).unwrap()];
            changes.extend((0..records).map(|number| Change { table: gone, record_id: id(number), record: None }));
        }
        model.apply(&changes);
        assert_eq!(tree.update(&store, &changes).unwrap(), model.root(), "step {step}");
        compare(&tree, &store, &model, &mut random, records);
        match (random.below(6), under_way.take()) {
            (0, None) => {
                log_index += 1;
                under_way = Some((tree.begin_flush(log_index).unwrap(), Model(model.0.clone())));
                assert!(matches!(tree.begin_flush(9), Err(Error::Invalid(_))));
            }
            (0 | 1, Some((batch, at))) => {
                store.write_flush(&batch).unwrap();
                if random.below(2) == 0 {
                    compare(&tree, &store, &model, &mut random, records);
                }
                tree.end_flush();
                flushed = at;
            }
            (2, None) => {
                log_index += 1;
                flush(&mut tree, &store, log_index);
                flushed = Model(model.0.clone());
                store = reopen(folder.path(), store);
                tree = Tree::open(&store).unwrap();
                assert_eq!(usize::from(tree.leaves_max), usize::from(leaves_max));
            }
            (3, unfinished) => {
                // A crash: what was not flushed is gone, wholly.
                drop(unfinished);
                store = reopen(folder.path(), store);
                tree = Tree::open_with(&store, leaves_max).unwrap();
                model = Model(flushed.0.clone());
                compare(&tree, &store, &model, &mut random, records);
            }
            (_, waiting) => under_way = waiting,
        }
        let mark = store.mark().unwrap();
        assert_eq!(mark.map_or(Id::ZERO, |mark| mark.state_root), flushed.root());
        for table in tables() {
            let record_id = id(random.below(records));
            assert_eq!(store.get(&table, &record_id).unwrap(), flushed.get(&table, &record_id));
        }
        if random.below(5) == 0 {
            let checked = Tree::check(&store).unwrap();
            assert_eq!(usize::try_from(checked.tables).unwrap(), flushed.0.len());
            assert_eq!(usize::try_from(checked.records).unwrap(), flushed.0.values().map(BTreeMap::len).sum::<usize>());
        }
    }
}

#[test]
fn small_blocks_and_few_records() {
    for seed in 1..=4 {
        against_the_model(1, 30, 40, 60, seed);
        against_the_model(2, 60, 40, 60, seed + 10);
        against_the_model(3, 300, 200, 40, seed + 20);
    }
}

#[test]
fn blocks_as_they_are_and_many_records() {
    against_the_model(BLOCK_LEAVES, 2_000, 1_500, 40, 31);
    against_the_model(32, 2_000, 1_500, 20, 32);
}

#[test]
fn changes_that_are_split_between_threads() {
    // Enough changes for every parallel path: into nothing, into a block, into branches, and out again.
    against_the_model(4, 20_000, 60_000, 12, 41);
    let folder = tempfile::tempdir().unwrap();
    let store = create(folder.path());
    let mut tree = Tree::open(&store).unwrap();
    let mut model = Model::default();
    let table = Table::holders(id(9));
    let put = |number| Change { table, record_id: id(number), record: Some(Record { sum: 1, value: Vec::new() }) };
    let delete = |number| Change { table, record_id: id(number), record: None };
    let steps: [Vec<Change>; 5] = [
        (0..3).map(put).collect(),
        (0..10_000).map(put).collect(),
        (5..10_000).map(delete).collect(),
        (0..10_000).map(delete).collect(),
        (0..10_000).map(put).collect(),
    ];
    for (step, changes) in steps.into_iter().enumerate() {
        model.apply(&changes);
        assert_eq!(tree.update(&store, &changes).unwrap(), model.root(), "step {step}");
        flush(&mut tree, &store, 1);
        Tree::check(&store).unwrap();
    }
    assert_eq!(tree.sum(&table), 10_000);
}

#[test]
fn nothing_changes_where_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(folder.path());
    let mut tree = Tree::open(&store).unwrap();
    let change = Change { table: Table::ACCOUNTS, record_id: id(1), record: Some(Record { sum: 1, value: vec![1] }) };
    let delete = Change { record: None, ..change.clone() };
    assert_eq!(tree.update(&store, std::slice::from_ref(&delete)).unwrap(), Id::ZERO);
    let root = tree.update(&store, &[delete.clone(), change.clone()]).unwrap();
    flush(&mut tree, &store, 1);
    assert_eq!(tree.update(&store, std::slice::from_ref(&change)).unwrap(), root);
    assert_eq!(tree.update(&store, &[delete.clone(), change.clone()]).unwrap(), root);
    assert!(tree.begin_flush(2).unwrap().blocks.is_empty());
    tree.end_flush();
    assert_eq!(tree.update(&store, &[change, delete]).unwrap(), Id::ZERO);
    flush(&mut tree, &store, 2);
    assert_eq!(Tree::check(&store).unwrap(), Checked::default());
    assert_eq!(Tree::open(&store).unwrap().root(), Id::ZERO);
}

#[test]
fn a_change_that_is_refused_leaves_the_tree_usable_and_an_overflow_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(folder.path());
    let mut tree = Tree::open(&store).unwrap();
    let put = |number, sum, length| Change {
        table: Table::holders(id(1)),
        record_id: id(number),
        record: Some(Record { sum, value: vec![0; length] }),
    };
    let root = tree.update(&store, &[put(1, 1, VALUE_BYTES_MAX)]).unwrap();
    let long = tree.update(&store, &[put(2, 1, VALUE_BYTES_MAX + 1)]);
    assert!(matches!(long, Err(Error::Invalid(_))), "{long:?}");
    let directory = tree.update(&store, &[Change { table: Table::DIRECTORY, ..put(2, 1, 0) }]);
    assert!(matches!(directory, Err(Error::Invalid(_))), "{directory:?}");
    assert_eq!(tree.root(), root);
    flush(&mut tree, &store, 1);
    let over = tree.update(&store, &[put(2, u128::MAX, 0)]);
    assert!(matches!(over, Err(Error::Invalid(_))), "{over:?}");
    assert!(matches!(tree.update(&store, &[]), Err(Error::Poisoned { .. })));
    assert!(matches!(tree.begin_flush(2), Err(Error::Poisoned { .. })));
    assert!(matches!(tree.get(&store, &Table::ACCOUNTS, &id(1)), Err(Error::Poisoned { .. })));
    assert_eq!(Tree::open(&store).unwrap().root(), root);
}

#[test]
fn the_databases_beside_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = create(folder.path());
    let mut tree = Tree::open(&store).unwrap();
    let remembered =
        |minute: u64, index| Remembered { pair_prefix: index << 50, valid_until: minute * 60_000 + 7, index };
    let mut batch = tree.begin_flush(7).unwrap();
    batch.set_seen(vec![remembered(3, 1), remembered(1, 2), remembered(3, 4)], 0);
    let key = store.hash_key().unwrap();
    let mut indexes = IndexEntries::new(key);
    indexes.push(IndexKind::Transactions, Sought::Transaction(id(5)).hash(&key), 9);
    for index in [0, 3, 4] {
        indexes.push(IndexKind::Accounts, key.account_hash(&id(1)), index);
    }
    batch.set_indexes(Arc::new(indexes));
    batch.set_value("note", b"hello".to_vec());
    store.write_flush(&batch).unwrap();
    tree.end_flush();
    store = reopen(folder.path(), store);
    assert_eq!(store.mark().unwrap(), Some(StateMark { log_index: 7, state_root: Id::ZERO }));
    assert_eq!(store.value("note").unwrap(), Some(b"hello".to_vec()));
    assert_eq!(store.value("mark").unwrap(), None);
    let find = |sought, from, limit| store.candidates(&sought, from, limit).unwrap();
    assert_eq!(find(Sought::Transaction(id(5)), 0, 10), [9]);
    assert_eq!(find(Sought::Transaction(Id([7; 32])), 0, 10), [0_u64; 0]);
    assert_eq!(find(Sought::Account(id(1)), 0, 10), [0, 3, 4]);
    assert_eq!(find(Sought::Account(id(1)), 0, 2), [0, 3]);
    assert_eq!(find(Sought::Account(id(1)), 4, 2), [4]);
    assert_eq!(find(Sought::Account(id(5)), 0, 10), [0_u64; 0]);
    assert_eq!(store.hash_key().unwrap(), key, "the key stays what it was");
    Tree::check(&store).unwrap();
    let seen = |store: &StateStore| {
        let mut seen = Vec::new();
        store.each_seen(|one| seen.push(one)).unwrap();
        seen
    };
    assert_eq!(seen(&store), [remembered(1, 2), remembered(3, 1), remembered(3, 4)]);
    let mut tree = Tree::open(&store).unwrap();
    let mut batch = tree.begin_flush(8).unwrap();
    batch.set_seen(vec![remembered(2, 5)], 120_000);
    store.write_flush(&batch).unwrap();
    tree.end_flush();
    assert_eq!(seen(&store), [remembered(2, 5), remembered(3, 1), remembered(3, 4)]);
}

#[test]
fn a_layout_of_another_version_is_named() {
    for version in [2_u32, 4] {
        let folder = tempfile::tempdir().unwrap();
        let store = create(folder.path());
        store.write_flush(&Tree::open(&store).unwrap().begin_flush(1).unwrap()).unwrap();
        let [_, _, _, meta] = store.databases_for_tests();
        let mut layout = [&[0; 4], version.to_be_bytes().as_slice(), &16_u16.to_be_bytes()].concat();
        crate::block::seal(b"layout", &mut layout);
        store.environment().write(|transaction| Ok(meta.put(transaction, b"layout", &layout)?)).unwrap();
        drop(store);
        let opened = StateStore::open(folder.path(), &StoreOptions::default());
        let is_named = match &opened {
            Err(Error::OlderState { found, expected, .. }) => (*found, *expected) == (2, 3),
            Err(Error::NewerFormat { found, expected, .. }) => (*found, *expected) == (4, 3),
            _ => false,
        };
        assert!(is_named, "{opened:?}");
    }
}

#[test]
fn lookups_and_updates_go_on_while_a_flush_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(folder.path());
    let mut tree = Tree::open(&store).unwrap();
    let (mut model, mut random) = (Model::default(), Random::new(61));
    for log_index in 1..=8 {
        let changes: Vec<Change> = (0..4_000).map(|_| random_change(&mut random, 9_000)).collect();
        model.apply(&changes);
        tree.update(&store, &changes).unwrap();
        let batch = tree.begin_flush(log_index).unwrap();
        std::thread::scope(|scope| {
            let flush = scope.spawn(|| store.write_flush(&batch).unwrap());
            while !flush.is_finished() {
                let changes: Vec<Change> = (0..50).map(|_| random_change(&mut random, 9_000)).collect();
                model.apply(&changes);
                tree.update(&store, &changes).unwrap();
                for _ in 0..50 {
                    let record_id = id(random.below(9_000));
                    let table = tables()[1];
                    assert_eq!(tree.get(&store, &table, &record_id).unwrap(), model.get(&table, &record_id));
                    tree.prove(&store, &table, &record_id).unwrap();
                    store.get(&table, &record_id).unwrap();
                }
            }
        });
        tree.end_flush();
        compare(&tree, &store, &model, &mut random, 9_000);
    }
    flush(&mut tree, &store, 9);
    Tree::check(&store).unwrap();
}

#[test]
fn a_flush_that_does_not_fit_is_written_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { map_bytes: 1 << 18, map_bytes_max: 1 << 18, read_only: false };
    let store = StateStore::create(folder.path(), &options).unwrap();
    let mut tree = Tree::open(&store).unwrap();
    let mut random = Random::new(71);
    let changes: Vec<Change> = (0..9_000).map(|_| random_change(&mut random, 9_000)).collect();
    let mut model = Model::default();
    model.apply(&changes);
    tree.update(&store, &changes).unwrap();
    let batch = tree.begin_flush(1).unwrap();
    let full = store.write_flush(&batch);
    assert!(matches!(full, Err(Error::MapFull { .. })), "{full:?}");
    assert_eq!(store.mark().unwrap(), None);
    assert_eq!(Tree::open(&store).unwrap().root(), Id::ZERO);
    compare(&tree, &store, &model, &mut random, 9_000);
    store.environment().set_map_bytes_max(1 << 30);
    store.write_flush(&batch).unwrap();
    tree.end_flush();
    compare(&tree, &store, &model, &mut random, 9_000);
    Tree::check(&store).unwrap();
    assert_eq!(Tree::open(&store).unwrap().root(), model.root());
}

#[test]
fn a_flush_of_more_pages_than_lmdb_keeps_in_memory() {
    /// Of LMDB's pages, each of which has room for one of these records: see `heed` in Cargo.toml.
    const KEPT_PAGES: u64 = 1 << 14;
    let folder = tempfile::tempdir().unwrap();
    let mut store = create(folder.path());
    let mut tree = Tree::open_with(&store, 1).unwrap();
    let record = |round: u8| Some(Record { sum: 1, value: vec![round; VALUE_BYTES_MAX] });
    for round in 0..2 {
        let change = |number| Change { table: Table::ACCOUNTS, record_id: id(number), record: record(round) };
        let changes: Vec<Change> = (0..KEPT_PAGES * 5 / 4).map(change).collect();
        tree.update(&store, &changes).unwrap();
        assert!(tree.size().changed_bytes > changes.len() * VALUE_BYTES_MAX);
        flush(&mut tree, &store, round.into());
        assert_eq!(tree.size().changed_bytes, 0);
    }
    let root = tree.root();
    store = reopen(folder.path(), store);
    assert_eq!(Tree::open(&store).unwrap().root(), root);
    assert_eq!(Tree::check(&store).unwrap().records, KEPT_PAGES * 5 / 4);
    assert_eq!(store.get(&Table::ACCOUNTS, &id(77)).unwrap(), record(1));
}

#[test]
fn the_bytes_of_changed_blocks_are_those_that_a_flush_takes() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut random) = (create(folder.path()), Random::new(5));
    let mut tree = Tree::open_with(&store, 4).unwrap();
    for step in 0..200 {
        // Blocks are made, changed, split and joined; sometimes while others are being flushed.
        let records = if step % 40 < 20 { 3_000 } else { 300 };
        let changes: Vec<Change> = (0..random.below(1_500)).map(|_| random_change(&mut random, records)).collect();
        tree.update(&store, &changes).unwrap();
        let counted = tree.size().changed_bytes;
        if random.below(3) == 0 {
            let batch = tree.begin_flush(step).unwrap();
            let taken = batch.blocks.iter().filter_map(|(_, bytes)| bytes.as_ref());
            assert_eq!(counted, taken.map(|bytes| bytes.len() + BLOCK_MORE_BYTES).sum::<usize>(), "{step}");
            let changes: Vec<Change> = (0..50).map(|_| random_change(&mut random, records)).collect();
            tree.update(&store, &changes).unwrap();
            store.write_flush(&batch).unwrap();
            tree.end_flush();
        }
    }
}

fn is_corrupt(error: Error) -> bool {
    matches!(error, Error::Corrupt { .. })
}

#[test]
fn every_turned_bit_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(folder.path());
    let mut tree = Tree::open_with(&store, 3).unwrap();
    let mut random = Random::new(51);
    let changes: Vec<Change> = (0..60).map(|_| random_change(&mut random, 60)).collect();
    let mut model = Model::default();
    model.apply(&changes);
    tree.update(&store, &changes).unwrap();
    flush(&mut tree, &store, 4);
    let table = tables()[1];
    assert!(Tree::check(&store).unwrap().blocks > 8);
    for database in store.databases_for_tests() {
        let entries: Vec<(Vec<u8>, Vec<u8>)> = store
            .environment()
            .read(|transaction| {
                let pairs = database.iter(transaction)?.map(|pair| pair.map(|(key, value)| (key.into(), value.into())));
                Ok(pairs.collect::<std::result::Result<_, _>>()?)
            })
            .unwrap();
        for (key, value) in &entries {
            let mut bit = usize::try_from(random.below(40)).unwrap();
            while bit < (key.len() + value.len()) * 8 {
                let (mut bad_key, mut bad_value) = (key.clone(), value.clone());
                match bad_key.get_mut(bit / 8) {
                    Some(byte) => *byte ^= 1 << (bit % 8),
                    None => bad_value[bit / 8 - key.len()] ^= 1 << (bit % 8),
                }
                let replace = |from: &[u8], to: &[u8], value: &[u8]| {
                    let write = store.environment().write(|transaction| {
                        database.delete(transaction, from)?;
                        Ok(database.put(transaction, to, value)?)
                    });
                    write.unwrap();
                };
                replace(key, &bad_key, &bad_value);
                let checked = Tree::check(&store);
                assert!(matches!(checked, Err(Error::Corrupt { .. })), "bit {bit} of {key:02x?}: {checked:?}");
                // Lookups may not come across it; they must not answer wrongly.
                let tree = Tree::open(&store);
                for number in 0..3 {
                    let truth = model.get(&table, &id(number));
                    if let Ok(tree) = &tree {
                        assert!(tree.prove(&store, &table, &id(number)).map_or_else(is_corrupt, |_| true));
                        assert!(tree.get(&store, &table, &id(number)).map_or_else(is_corrupt, |found| found == truth));
                    }
                    if bit / 8 >= key.len() {
                        assert!(store.get(&table, &id(number)).map_or_else(is_corrupt, |found| found == truth));
                    }
                }
                replace(&bad_key, key, value);
                if let Some((key, value)) = entries.iter().find(|(key, _)| *key == bad_key) {
                    replace(&bad_key, key, value);
                }
                bit += 1 + usize::try_from(random.below(80)).unwrap();
            }
        }
    }
    Tree::check(&store).unwrap();
}
