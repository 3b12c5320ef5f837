//! Measures the indexes: staging, sorting, writing and merging them, and looking into them. All times are of the
//! processor.
//!
//! `cargo run --release -p counterfoil-engine --example index_speed -- [transactions] [flushes]`

#![expect(clippy::print_stdout, reason = "it reports to the terminal")]
#![expect(clippy::arithmetic_side_effects, reason = "an overflow may stop a measurement")]

use counterfoil_core::Id;
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::r#move::Transfer;
use counterfoil_core::wire::{Authorizer, Transaction};
use counterfoil_engine::{IndexEntries, Result, Sought, StateStore, StoreOptions, Tree};
use std::sync::Arc;
use std::time::Duration;

/// How many of each flush's transactions are looked up at the end.
const ASKED: usize = 100;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.replace('_', "").parse::<u64>().ok());
    let mut argument = |default| arguments.next().flatten().unwrap_or(default);
    let (transactions, flushes) = (argument(350_000), argument(20));
    let folder = std::env::temp_dir().join(format!("counterfoil-index-speed-{}", std::process::id()));
    let measured = measure(&folder, transactions, flushes);
    let removed = std::fs::remove_dir_all(&folder);
    println!("removed {}: {}", folder.display(), removed.is_ok());
    measured
}

fn measure(folder: &std::path::Path, transactions: u64, flushes: u64) -> Result<()> {
    let store = StateStore::create(folder, &StoreOptions { map_bytes: 1 << 32, ..StoreOptions::default() })?;
    let mut tree = Tree::open(&store)?;
    let key = store.hash_key()?;
    let mut entries = IndexEntries::new(key);
    let mut random = Random(88_172_645_463_325_252);
    let accounts: Vec<Id> = (0..1_000_000).map(|_| random.id()).collect();
    let (mut index, mut asked) = (0_u64, Vec::new());
    let (mut staging, mut writing) = (Duration::ZERO, Duration::ZERO);
    for flush in 1..=flushes {
        let made: Vec<(Id, Transaction)> =
            (0..transactions).map(|_| (random.id(), transfer(random.of(&accounts), random.of(&accounts)))).collect();
        asked.extend(made.iter().take(ASKED).map(|(id, transaction)| (*id, transaction.authorizers.clone())));
        let begun = cpu_time();
        for (id, transaction) in &made {
            entries.add(id, transaction, index);
            index += 1;
        }
        let staged = cpu_time().saturating_sub(begun);
        let mut batch = tree.begin_flush(index)?;
        batch.set_indexes(Arc::new(std::mem::replace(&mut entries, IndexEntries::new(key))));
        let begun = cpu_time();
        store.write_flush(&batch)?;
        tree.end_flush();
        let written = cpu_time().saturating_sub(begun);
        println!("flush {flush:3}: staged in {staged:8.1?}, sorted, merged and written in {written:8.1?}");
        staging += staged;
        writing += written;
    }
    let bytes = std::fs::metadata(folder.join("data.mdb")).map_or(0, |file| file.len());
    println!("staging {} ns a transaction", staging.as_nanos() / u128::from(index.max(1)));
    println!("sorting, merging and writing {} ns a transaction", writing.as_nanos() / u128::from(index.max(1)));
    println!("{} bytes of file a transaction", bytes / index.max(1));
    if let Ok(io) = std::fs::read_to_string("/proc/self/io") {
        let written = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse::<u64>().ok());
        println!("{} bytes written a transaction", written.unwrap_or_default() / index.max(1));
    }
    look_up(&store, &asked)
}

fn look_up(store: &StateStore, asked: &[(Id, Vec<Authorizer>)]) -> Result<()> {
    let begun = cpu_time();
    for (id, _) in asked {
        let found = store.candidates(&Sought::Transaction(*id), 0, 1)?;
        assert!(!found.is_empty(), "every transaction is found");
    }
    println!("a transaction is found in {:.1?}", per(cpu_time().saturating_sub(begun), asked.len()));
    let begun = cpu_time();
    for (id, _) in asked {
        store.candidates(&Sought::Account(*id), 0, 1)?;
    }
    println!("that an account has none is found in {:.1?}", per(cpu_time().saturating_sub(begun), asked.len()));
    let begun = cpu_time();
    let mut found = 0_usize;
    for account in asked.iter().filter_map(|(_, authorizers)| authorizers.first()) {
        found += store.candidates(&Sought::Account(account.account), 0, 1_000)?.len();
    }
    println!(
        "the {} of an account are found in {:.1?}",
        found / asked.len(),
        per(cpu_time().saturating_sub(begun), asked.len())
    );
    Ok(())
}

/// What this thread has computed, so that a busy machine does not show: from Linux, in ns.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0))
}

fn per(time: Duration, count: usize) -> Duration {
    time / u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

fn transfer(sender: Id, to: Id) -> Transaction {
    let transfer = Transfer { asset: Id::ZERO, sender, to, amount: 1, reference: None };
    Transaction {
        version: 1,
        ledger: Id::ZERO,
        valid_until: 1,
        nonce: [0; 16],
        authorizers: vec![Authorizer { account: sender, key: None }],
        operations: vec![Operation::Transfer(transfer)],
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn id(&mut self) -> Id {
        let mut id = Id::ZERO;
        for part in id.0.chunks_exact_mut(8) {
            part.copy_from_slice(&self.next().to_be_bytes());
        }
        id
    }

    fn of(&mut self, ids: &[Id]) -> Id {
        let place = usize::try_from(self.next() >> 11).unwrap_or(0) % ids.len().max(1);
        ids.get(place).copied().unwrap_or_default()
    }
}
