//! Runs against a plain map, with merging, equal hashes, long spans and damage.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use super::*;
use crate::environment::{Environment, StoreOptions};
use crate::error::Error;
use counterfoil_core::Id;
use std::collections::BTreeMap;
use std::sync::Arc;

const SMALL: Limits = Limits { chunk_entries: 4, full_entries: 300 };
const KEY: HashKey = HashKey([7; 16]);

struct Store {
    environment: Arc<Environment>,
    runs: IndexRuns,
    _folder: tempfile::TempDir,
}

impl Store {
    fn new(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = ["transactions", "accounts", "meta"];
        let created = Environment::create(folder.path(), &StoreOptions::default(), names);
        let (environment, [transactions, accounts, meta]) = created.unwrap();
        let runs = IndexRuns { limits, ..IndexRuns::new(transactions, accounts, meta) };
        Self { environment, runs, _folder: folder }
    }

    fn write(&self, entries: &IndexEntries) -> Result<()> {
        let new = NewRuns::within(entries, self.runs.limits);
        self.environment.write(|transaction| self.runs.write(transaction, &new))
    }

    fn find(&self, sought: &Sought, from: u64, limit: usize) -> Vec<u64> {
        self.environment.read(|transaction| self.runs.candidates(transaction, sought, from, limit)).unwrap()
    }

    fn check(&self) -> Result<()> {
        self.environment.read(|transaction| self.runs.check(transaction))
    }

    fn runs(&self, kind: IndexKind) -> Vec<Run> {
        let manifest = self.environment.read(|transaction| self.runs.manifest(transaction)).unwrap();
        manifest.unwrap().runs(kind).to_vec()
    }
}

/// The transaction id with a hash.
fn with_hash(hash: u64) -> Sought {
    let mut id = Id([0xab; 32]);
    id.0[..8].copy_from_slice(&hash.to_be_bytes());
    Sought::Transaction(id)
}

/// A sequence without a pattern, the same at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

#[test]
fn runs_find_what_a_map_finds() {
    for seed in 1..=4 {
        let mut random = Random(seed << 40 | seed);
        let store = Store::new(SMALL);
        let mut model: BTreeMap<(bool, u64), Vec<u64>> = BTreeMap::new();
        let mut index = 0;
        // Few hashes, so that those of one fill several chunks, at the ends of the range as well as within it.
        let hash = |number: u64| match number {
            0 => 0,
            1 => u64::MAX,
            number => number.wrapping_mul(0x1234_5678_9abc_def1),
        };
        for flush in 0..120 {
            let mut entries = IndexEntries::new(KEY);
            let count = if flush % 40 == 39 { 900 } else { random.below(30) };
            for _ in 0..count {
                index += 1 + random.below(3);
                let number = random.below(40);
                // What lies below the part of a hash that is kept makes no difference.
                entries.push(IndexKind::Transactions, hash(number) ^ random.below(1 << 24), index);
                model.entry((true, number)).or_default().push(index);
                for number in [random.below(40), 40 + random.below(1_000)] {
                    let hash = KEY.account_hash(&account(number));
                    entries.push(IndexKind::Accounts, hash, index);
                    model.entry((false, number)).or_default().push(index);
                }
            }
            store.write(&entries).unwrap();
            store.check().unwrap();
            for _ in 0..20 {
                let is_transaction = random.below(2) == 0;
                let number = random.below(if is_transaction { 45 } else { 1_050 });
                let sought = if is_transaction { with_hash(hash(number)) } else { Sought::Account(account(number)) };
                let (from, limit) = (random.below(index + 2), random.below(12));
                let from = if random.below(2) == 0 { 0 } else { from };
                let limit = if random.below(2) == 0 { usize::MAX } else { usize::try_from(limit).unwrap() };
                let all = model.get(&(is_transaction, number)).map_or(&[][..], Vec::as_slice);
                let expected: Vec<u64> = all.iter().copied().filter(|at| *at >= from).take(limit).collect();
                assert_eq!(store.find(&sought, from, limit), expected, "{seed} {flush} {sought:?} {from} {limit}");
            }
        }
        for kind in KINDS {
            let runs = store.runs(kind);
            assert!(runs.iter().any(|run| run.entries >= SMALL.full_entries), "merged to full runs: {runs:?}");
            assert!(runs.len() < 60, "120 flushes leave {} runs", runs.len());
        }
    }
}

fn account(number: u64) -> Id {
    let mut id = Id([0xcd; 32]);
    id.0[..8].copy_from_slice(&number.to_be_bytes());
    id
}

/// What becomes of flushes of these sizes: the runs that there are, and how many entries were written in all.
fn grow(flushes: impl Iterator<Item = u64>) -> (Vec<Run>, u64) {
    let (mut runs, mut written, mut end): (Vec<Run>, u64, u64) = (Vec::new(), 0, 0);
    for entries in flushes {
        let new = Run { first: end, end: end + entries, entries };
        end = new.end;
        let absorbed = runs.split_off(runs.len() - Limits::DEFAULT.absorbed(&runs, &new));
        let first = absorbed.first().map_or(new.first, |run| run.first);
        let entries = absorbed.iter().map(|run| run.entries).sum::<u64>() + new.entries;
        written += entries;
        assert!(entries < 2 * Limits::DEFAULT.full_entries, "no flush has more work than {entries} entries");
        runs.push(Run { first, end: new.end, entries });
    }
    (runs, written)
}

#[test]
fn few_runs_are_left_and_entries_are_written_seldom() {
    let mut random = Random(1);
    let full = Limits::DEFAULT.full_entries;
    let mixed = std::iter::from_fn(|| {
        let bound = 1 << random.below(22);
        Some(1 + random.below(bound))
    });
    let cases: [(&str, Vec<u64>, u64); 4] = [
        ("single transactions", vec![1; 200_000], 6),
        ("thousands", vec![3_000; 20_000], 5),
        ("a busy ledger's", vec![350_000; 600], 2),
        ("mixed sizes", mixed.take(3_000).collect(), 5),
    ];
    for (name, flushes, times_max) in cases {
        let entries: u64 = flushes.iter().sum();
        let (runs, written) = grow(flushes.into_iter());
        let open = runs.iter().filter(|run| run.entries < full).count();
        assert!(open <= 15 * 6, "{name}: {open} runs are not full");
        assert!(runs.len() - open <= usize::try_from(entries / full).unwrap(), "{name}: {} runs", runs.len());
        assert!(written <= times_max * entries, "{name}: {written} entries written of {entries}");
    }
}

#[test]
fn a_run_covers_so_much_of_the_log_as_its_entries_can_say() {
    let store = Store::new(SMALL);
    let places = [0, SPAN_MAX - 1, SPAN_MAX, SPAN_MAX + 1, 5 * SPAN_MAX, u64::from(u32::MAX) * 1_000];
    let mut entries = IndexEntries::new(KEY);
    for index in places {
        entries.push(IndexKind::Transactions, 1 << 63, index);
    }
    store.write(&entries).unwrap();
    store.check().unwrap();
    assert_eq!(store.find(&with_hash(1 << 63), 0, 10), places);
    let ends: Vec<(u64, u64)> = store.runs(IndexKind::Transactions).iter().map(|run| (run.first, run.end)).collect();
    let [_, last_of_first, first, last, alone, far] = places;
    assert_eq!(
        ends,
        [(0, last_of_first + 1), (first, last + 1), (alone, alone + 1), (far, far + 1)],
        "neither a flush nor merging makes a longer one"
    );
}

#[test]
fn the_entries_of_one_transaction_stay_in_one_run_and_equal_ones_are_one() {
    let mut entries = IndexEntries::new(KEY);
    (0..298).for_each(|index| entries.push(IndexKind::Accounts, index << 40, index));
    (0..10).for_each(|hash| entries.push(IndexKind::Accounts, hash << 40, 298));
    // These two differ in what is not kept.
    (0..2).for_each(|hash| entries.push(IndexKind::Accounts, hash, 299));
    let runs = pack_runs(entries.of(IndexKind::Accounts), SMALL.full_entries);
    let sizes: Vec<(u64, u64)> = runs.iter().map(|run| (run.run.end, run.run.entries)).collect();
    assert_eq!(sizes, [(299, 308), (300, 1)]);
}

#[test]
fn runs_go_forward_only_and_under_one_key() {
    let store = Store::new(SMALL);
    let mut entries = IndexEntries::new(KEY);
    (0..10).for_each(|index| entries.push(IndexKind::Transactions, 1, index));
    store.write(&entries).unwrap();
    let again = store.write(&entries);
    assert!(matches!(again, Err(Error::Corrupt { .. })), "{again:?}");
    let mut other = IndexEntries::new(HashKey([8; 16]));
    other.push(IndexKind::Transactions, 1, 10);
    let other = store.write(&other);
    assert!(matches!(other, Err(Error::Corrupt { .. })), "{other:?}");
    assert_eq!(store.find(&with_hash(1), 0, 100), (0..10).collect::<Vec<u64>>());
}

#[test]
fn damage_is_found() {
    let store = Store::new(SMALL);
    let mut entries = IndexEntries::new(KEY);
    (0..20).for_each(|index| entries.push(IndexKind::Transactions, (index / 3) << 40, index));
    store.write(&entries).unwrap();
    store.check().unwrap();
    let database = store.runs.transactions;
    let stored: Vec<(Vec<u8>, Vec<u8>)> = store
        .environment
        .read(|transaction| {
            let items = database.iter(transaction)?;
            Ok(items.map(|item| item.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect())
        })
        .unwrap();
    assert_eq!(stored.len(), 5);
    let put = |key: &[u8], value: Option<&[u8]>| {
        let change = |transaction: &mut RwTxn<'_>| match value {
            Some(value) => Ok(database.put(transaction, key, value)?),
            None => Ok(database.delete(transaction, key).map(|_| ())?),
        };
        store.environment.write(change).unwrap();
    };
    for (key, value) in &stored {
        for bit in (0..value.len() * 8).step_by(5) {
            let mut turned = value.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            put(key, Some(&turned));
            assert!(store.check().is_err(), "bit {bit} of {key:02x?}");
        }
        put(key, None);
        assert!(store.check().is_err(), "{key:02x?} is missing");
        // Whole, but not as long as a chunk is.
        let mut short = value[..value.len() - 8].to_vec();
        if short.len() > 4 {
            seal(key, &mut short);
            put(key, Some(&short));
            assert!(store.check().is_err(), "{key:02x?} is short");
        }
        put(key, Some(value));
        store.check().unwrap();
    }
    let (key, value) = (chunk_key(&Run { first: 99, end: 100, entries: 1 }, 5), [0; 8].as_slice());
    let mut alien = [&[0; 4], 5_u64.to_be_bytes().as_slice(), value].concat();
    alien.truncate(12);
    seal(&key, &mut alien);
    put(&key, Some(&alien));
    assert!(store.check().is_err(), "a chunk of no run");
}
