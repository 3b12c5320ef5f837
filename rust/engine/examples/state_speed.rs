//! Measures the committed state: building, changing, flushing, opening and reading it.
//!
//! `cargo run --release -p counterfoil-engine --example state_speed -- [accounts] [changes] [rounds]`

#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::print_stdout, reason = "it reports to the terminal")]
#![expect(clippy::arithmetic_side_effects, reason = "an overflow may stop a measurement")]

use counterfoil_core::Id;
use counterfoil_core::state::{Record, Table, tree_key};
use counterfoil_engine::{Change, Result, StateStore, StoreOptions, Tree};
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.replace('_', "").parse::<u64>().ok());
    let mut argument = |default| arguments.next().flatten().unwrap_or(default);
    let (accounts, changes, rounds) = (argument(1_000_000), argument(200_000), argument(5));
    let folder = std::env::temp_dir().join(format!("counterfoil-state-speed-{}", std::process::id()));
    let measured = measure(&folder, accounts, changes, rounds);
    let removed = std::fs::remove_dir_all(&folder);
    println!("removed {}: {}", folder.display(), removed.is_ok());
    measured
}

fn measure(folder: &std::path::Path, accounts: u64, changes: u64, rounds: u64) -> Result<()> {
    let options = StoreOptions { map_bytes: 1 << 30, ..StoreOptions::default() };
    let store = StateStore::create(folder, &options)?;
    let mut tree = Tree::open(&store)?;
    let table = Table::holders(id(0));
    let put = |number, sum| Change {
        table,
        record_id: id(number),
        record: Some(Record { sum: u128::from(sum), value: Vec::new() }),
    };

    let all: Vec<Change> = (0..accounts).map(|number| put(number, 1_000_u64)).collect();
    let begun = Instant::now();
    tree.update(&store, &all)?;
    report("build", begun.elapsed(), accounts);
    flush(&mut tree, &store, 0)?;

    let mut random = 88_172_645_463_325_252_u64;
    let mut below = |bound: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) % bound
    };
    for round in 1..=rounds {
        let some: Vec<Change> = (0..changes).map(|_| put(below(accounts), below(1_000))).collect();
        let begun = Instant::now();
        tree.update(&store, &some)?;
        report("update", begun.elapsed(), changes);
        flush(&mut tree, &store, round)?;
    }

    let asked: Vec<Id> = (0..100_000).map(|_| id(below(accounts))).collect();
    measure_reads(&store, &tree, &table, asked)?;

    let root = tree.root();
    drop(tree);
    drop(store);
    let begun = Instant::now();
    let store = StateStore::open(folder, &options)?;
    report("open the store", begun.elapsed(), accounts);
    let begun = Instant::now();
    let tree = Tree::open(&store)?;
    report("open the tree", begun.elapsed(), accounts);
    assert_eq!(tree.root(), root, "the root after opening again");
    let begun = Instant::now();
    let checked = Tree::check(&store)?;
    report("check", begun.elapsed(), checked.records);
    let bytes = std::fs::metadata(folder.join("data.mdb")).map_or(0, |file| file.len());
    println!("{} blocks, {} MB on disk", checked.blocks, bytes / 1_000_000);
    Ok(())
}

fn measure_reads(store: &StateStore, tree: &Tree, table: &Table, asked: Vec<Id>) -> Result<()> {
    let count = u64::try_from(asked.len()).unwrap_or(u64::MAX);
    let begun = Instant::now();
    for record_id in &asked {
        store.get(table, record_id)?;
    }
    report("store get, a transaction each", begun.elapsed(), count);
    let snapshot = store.snapshot()?;
    let begun = Instant::now();
    for record_id in &asked {
        snapshot.get(table, record_id)?;
    }
    report("store get, one snapshot", begun.elapsed(), count);
    let mut sorted = asked.clone();
    sorted.sort_by_cached_key(tree_key);
    let begun = Instant::now();
    for record_id in &sorted {
        snapshot.get(table, record_id)?;
    }
    report("store get, one snapshot, sorted", begun.elapsed(), count);
    drop(snapshot);
    let begun = Instant::now();
    for record_id in &asked {
        tree.get(store, table, record_id)?;
    }
    report("tree get", begun.elapsed(), count);
    let begun = Instant::now();
    for record_id in &asked {
        tree.prove(store, table, record_id)?;
    }
    report("prove", begun.elapsed(), count);
    Ok(())
}

fn flush(tree: &mut Tree, store: &StateStore, log_index: u64) -> Result<()> {
    let begun = Instant::now();
    let batch = tree.begin_flush(log_index)?;
    let prepared = begun.elapsed();
    store.write_flush(&batch)?;
    tree.end_flush();
    let blocks = u64::try_from(batch.block_count()).unwrap_or(u64::MAX);
    println!("  of which begin_flush {prepared:.1?}");
    report("flush, per block", begun.elapsed(), blocks);
    Ok(())
}

fn report(what: &str, time: Duration, count: u64) {
    let nanoseconds = time.as_nanos() / u128::from(count.max(1));
    println!("{what:32} {count:>9}  {time:>9.1?}  {nanoseconds:>6} ns each");
}

fn id(number: u64) -> Id {
    let mut id = Id::ZERO;
    for (place, byte) in id.0.iter_mut().zip(number.to_be_bytes()) {
        *place = byte;
    }
    id
}
