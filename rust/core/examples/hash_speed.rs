//! How long a hash takes, alone and as one of many: `cargo run --release --example hash_speed`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::arithmetic_side_effects, reason = "times are divided by constants")]

use counterfoil_core::Id;
use counterfoil_core::hash_many::backend;
use counterfoil_core::id::sha256;
use counterfoil_core::merkle::log::{Frontier, leaf_hash, leaf_hashes, node_hash, node_hashes};
use counterfoil_core::merkle::sum_map::{Leaf, leaves, root, roots};
use counterfoil_core::state::{tree_key, tree_keys};
use counterfoil_core::wire::{transaction_id, transaction_ids};
use std::hint::black_box;
use std::time::{Duration, Instant};

const COUNT: u32 = 1_024;
const REPEATS: usize = 500;
const SUBTREES: u32 = 100_000;
const SUBTREE_LEAVES: u32 = 11;

fn main() {
    println!("backend: {}", backend());
    println!("{:40} {:>8} {:>8}", "nanoseconds (the best of many runs)", "alone", "of many");
    let ids: Vec<Id> = (0..COUNT).map(|number| sha256(&[&number.to_be_bytes()])).collect();
    compare("sum map: leaf", &ids, |id| Leaf::new(*id, 7, &[]), |ids| leaves(ids, |id| (id, 7, &[])));
    compare("tree key", &ids, tree_key, |ids| tree_keys(ids, |id| id));
    let pairs: Vec<[Id; 2]> = ids.iter().zip(ids.iter().rev()).map(|(left, right)| [*left, *right]).collect();
    compare("log: node", &pairs, |[left, right]| node_hash(left, right), node_hashes);
    for length in [100, 300] {
        let entries: Vec<Vec<u8>> = ids.iter().map(|id| id.0.iter().copied().cycle().take(length).collect()).collect();
        compare(&format!("log: entry of {length} bytes"), &entries, |entry| leaf_hash(entry), leaf_hashes);
    }
    for lengths in [200..=200, 150..=350] {
        let what = format!("id of a transaction of {}..={} bytes", lengths.start(), lengths.end());
        let length = lengths.cycle();
        let transactions: Vec<Vec<u8>> =
            ids.iter().zip(length).map(|(id, length)| id.0.iter().copied().cycle().take(length).collect()).collect();
        compare(&what, &transactions, |bytes| transaction_id(bytes), transaction_ids);
    }

    let single = best(|| {
        let mut frontier = Frontier::new();
        for id in &ids {
            frontier.append(*id, |_, _, hash| _ = black_box(hash)).expect("few");
        }
        black_box(frontier);
    });
    let many = best(|| {
        let mut frontier = Frontier::new();
        frontier.append_all(&ids, |_, _, hash| _ = black_box(hash)).expect("few");
        black_box(frontier);
    });
    report("log: append an entry's hash", single / COUNT, many / COUNT);

    let subtrees: Vec<Vec<Leaf>> = (0..SUBTREES).map(subtree).collect();
    let subtrees: Vec<(&[Leaf], usize)> = subtrees.iter().map(|leaves| (&**leaves, 0)).collect();
    let single = best_of(5, || subtrees.iter().for_each(|(leaves, depth)| _ = black_box(root(leaves, *depth))));
    let many = best_of(5, || _ = black_box(roots(&subtrees)));
    report(&format!("root of {SUBTREE_LEAVES} leaves ({SUBTREES} of them)"), single / SUBTREES, many / SUBTREES);
}

fn subtree(number: u32) -> Vec<Leaf> {
    let key = |leaf: u32| sha256(&[&number.to_be_bytes(), &leaf.to_be_bytes()]);
    let mut leaves: Vec<Leaf> = (0..SUBTREE_LEAVES).map(|leaf| Leaf::new(key(leaf), 7, &[])).collect();
    leaves.sort_by_key(|leaf| leaf.tree_key);
    leaves
}

fn compare<T, H>(what: &str, items: &[T], alone: impl Fn(&T) -> H, of_many: impl Fn(&[T]) -> Vec<H>) {
    let single = best(|| items.iter().for_each(|item| _ = black_box(alone(item))));
    let many = best(|| _ = black_box(of_many(items)));
    report(what, single / COUNT, many / COUNT);
}

fn report(what: &str, alone: Duration, of_many: Duration) {
    println!("{what:40} {:>8} {:>8}", alone.as_nanos(), of_many.as_nanos());
}

fn best(run: impl Fn()) -> Duration {
    best_of(REPEATS, run)
}

fn best_of(repeats: usize, run: impl Fn()) -> Duration {
    let times = (0..repeats).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}
