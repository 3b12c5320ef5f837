//! What the core costs, piece by piece, on one core: `make bench-core`.

#![expect(clippy::disallowed_types, reason = "the order of a hash map does not show")]

use counterfoil_core::Id;
use counterfoil_core::apply::{AdmissionRules, Machine, Outcome, admit, admit_form};
use counterfoil_core::id::asset_id;
use counterfoil_core::merkle::log::{Frontier, leaf_hash};
use counterfoil_core::merkle::sum_map::{Leaf, Node, root};
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::asset::Create;
use counterfoil_core::ops::r#move::{Mint, Transfer};
use counterfoil_core::signature::{Check, NoKeys, public_key, sign, verify, verify_batch};
use counterfoil_core::state::{Powers, Record, Records, SeenTransaction, Table, tree_key};
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Genesis, Parameters, SignedTransaction, Transaction, encode, transaction_id,
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::collections::HashMap;
use std::hint::black_box;

const TIME: u64 = 1_700_000_000_000;
const TRANSFERS: u32 = 1_024;

fn seed(number: u32) -> [u8; 32] {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    seed
}

fn id(number: u32) -> Id {
    tree_key(&Id(seed(number)))
}

/// Keys, signatures and messages of so many signatures by so many signers.
struct Signed(Vec<([u8; 32], [u8; 64], [u8; 52])>);

impl Signed {
    fn new(count: u32, signers: u32) -> Self {
        let one = |number: u32| {
            let mut message = [0; 52];
            message[..20].copy_from_slice(b"counterfoil/sign/v1\n");
            message[20..].copy_from_slice(id(number).as_ref());
            let seed = seed(number % signers);
            (public_key(&seed), sign(&seed, &message), message)
        };
        Self((0..count).map(one).collect())
    }

    fn checks(&self) -> Vec<Check<'_>> {
        self.0.iter().map(|(key, signature, message)| Check { key, signature, message }).collect()
    }
}

fn signatures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("signatures");
    let distinct = Signed::new(4_096, 4_096);
    let few = Signed::new(16_384, 1_000);
    let mut forged = Signed::new(1_024, 1_024);
    forged.0[500].1[32] ^= 1;
    for count in [64, 256, 1_024, 4_096] {
        let checks = &distinct.checks()[..count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("batch, distinct signers", count), checks, |bench, checks| {
            assert!(verify_batch(checks).iter().all(|holds| *holds));
            bench.iter(|| verify_batch(black_box(checks)));
        });
    }
    for count in [1_024, 4_096, 16_384] {
        let checks = &few.checks()[..count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("batch, 1,000 signers", count), checks, |bench, checks| {
            bench.iter(|| verify_batch(black_box(checks)));
        });
    }
    let checks = forged.checks();
    group.throughput(Throughput::Elements(1_024));
    group.bench_function("batch of 1,024, one forged", |bench| {
        assert_eq!(verify_batch(&checks).iter().filter(|holds| !**holds).count(), 1);
        bench.iter(|| verify_batch(black_box(&checks)));
    });
    let checks = distinct.checks();
    group.throughput(Throughput::Elements(1));
    let mut next = checks.iter().cycle();
    group.bench_function("one by one", |bench| bench.iter(|| verify(black_box(next.next().unwrap()))));
    let decoded: Vec<_> = distinct
        .0
        .iter()
        .map(|(key, signature, message)| {
            let key = ed25519_zebra::VerificationKey::try_from(*key).unwrap();
            (key, ed25519_zebra::Signature::from(*signature), message)
        })
        .collect();
    let mut next = decoded.iter().cycle();
    group.bench_function("one by one, ed25519-zebra, keys decoded before", |bench| {
        bench.iter(|| {
            let (key, signature, message) = next.next().unwrap();
            key.verify(black_box(signature), *message).unwrap();
        });
    });
    group.bench_function("sign", |bench| bench.iter(|| sign(black_box(&seed(1)), &[0; 52])));
    group.finish();
}

fn trees(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trees");
    group.throughput(Throughput::Elements(1));
    let (left, right) = (Leaf::new(id(1), 5, &[]).node, Leaf::new(id(2), 7, &[]).node);
    group.bench_function("sum map: leaf", |bench| bench.iter(|| Leaf::new(black_box(id(3)), 5, &[])));
    group.bench_function("sum map: parent", |bench| bench.iter(|| Node::parent(black_box(&left), &right)));
    let mut leaves: Vec<Leaf> = (0..100_000).map(|number| Leaf::new(id(number), 5, &[])).collect();
    leaves.sort_unstable_by_key(|leaf| leaf.tree_key);
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("sum map: root of 100,000 leaves", |bench| bench.iter(|| root(black_box(&leaves), 0)));
    let entry = [7; 295];
    group.throughput(Throughput::Elements(1));
    group.bench_function("log: leaf of 295 bytes", |bench| bench.iter(|| leaf_hash(black_box(&entry))));
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("log: append 10,000 leaves", |bench| {
        bench.iter(|| {
            let mut frontier = Frontier::default();
            for number in 0..10_000_u32 {
                frontier.append(Id(seed(number)), |_, _, _| {}).unwrap();
            }
            frontier.root()
        });
    });
    group.finish();
}

/// Records in a hash map: what applying costs with a store that costs next to nothing.
#[derive(Clone, Default)]
struct Memory(HashMap<(Table, Id), Record>);

impl Records for Memory {
    type Error = String;

    fn get(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>, String> {
        Ok(self.0.get(&(*table, *id)))
    }

    fn set(&mut self, table: &Table, id: &Id, record: Option<Record>) -> Result<Option<Record>, String> {
        Ok(match record {
            Some(record) => self.0.insert((*table, *id), record),
            None => self.0.remove(&(*table, *id)),
        })
    }

    fn seen(&mut self, _pair: &Id, _time: u64) -> Result<Option<SeenTransaction>, String> {
        Ok(None)
    }

    fn corrupt(what: String) -> String {
        what
    }
}

fn signed(rules: &Genesis, seed: &[u8; 32], nonce: u32, operation: Operation) -> Vec<u8> {
    let mut filled = [0; 16];
    filled[..4].copy_from_slice(&nonce.to_be_bytes());
    let transaction = Transaction {
        version: 1,
        ledger: rules.ledger_id(),
        valid_until: TIME + 1_000,
        nonce: filled,
        authorizers: vec![Authorizer { account: Id(public_key(seed)), key: None }],
        operations: vec![operation],
    };
    let message = [b"counterfoil/sign/v1\n".as_slice(), transaction_id(&encode(&transaction)).as_ref()].concat();
    let signatures = vec![sign(seed, &message)];
    encode(&SignedTransaction { transaction, signatures })
}

/// A ledger in memory in which accounts hold units, and a transfer by each of them.
struct World {
    machine: Machine,
    records: Memory,
    rules: AdmissionRules,
    transfers: Vec<Vec<u8>>,
}

impl World {
    fn new() -> Self {
        let issuer_seed = seed(u32::MAX);
        let issuer = Id(public_key(&issuer_seed));
        let genesis = Genesis {
            origin: "bench.example/core".to_owned(),
            operator: issuer,
            time: TIME - 1,
            salt: [0; 16],
            parameters: Parameters {
                window_ms: 3_600_000,
                asset_creators: AssetCreators::Anyone,
                transaction_bytes_max: 60_000,
                operations_max: 1_000,
                governor: None,
            },
        };
        let mut records = Memory::default();
        let mut machine = Machine::begin(&genesis, &mut records).unwrap();
        let rules = machine.admission_rules();
        let asset = asset_id(&issuer, "COIN");
        let powers = Powers { mint: Some(issuer), ..Powers::default() };
        let create = Create {
            issuer,
            symbol: "COIN".to_owned(),
            decimals: 0,
            supply_cap: 1_000_000_000,
            policy: Vec::new(),
            powers,
        };
        let mut setup = vec![signed(&genesis, &issuer_seed, 0, Operation::Create(create))];
        let accounts: Vec<Id> = (0..TRANSFERS).map(|number| Id(public_key(&seed(number)))).collect();
        for (number, account) in (1..).zip(&accounts) {
            let mint = Mint { asset, to: *account, amount: 1_000, reference: None };
            setup.push(signed(&genesis, &issuer_seed, number, Operation::Mint(mint)));
        }
        for bytes in &setup {
            let outcome =
                machine.apply(&mut records, bytes, &admit_form(bytes, &rules), TIME, &mut Vec::new()).unwrap();
            assert_eq!(outcome, Outcome::Applied);
        }
        let transfer = |number: u32, sender: &Id| {
            let to = accounts[(number as usize + 1) % accounts.len()];
            let transfer = Transfer { asset, sender: *sender, to, amount: 1, reference: None };
            signed(&genesis, &seed(number), number, Operation::Transfer(transfer))
        };
        let transfers = (0..).zip(&accounts).map(|(number, sender)| transfer(number, sender)).collect();
        Self { machine, records, rules, transfers }
    }
}

fn transactions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transfers");
    let World { machine, records, rules, transfers } = World::new();
    let batch: Vec<&[u8]> = transfers.iter().map(Vec::as_slice).collect();
    group.throughput(Throughput::Elements(u64::from(TRANSFERS)));
    group.bench_function("decode and check the form of 1,024", |bench| {
        bench.iter(|| batch.iter().map(|bytes| admit_form(black_box(bytes), &rules)).collect::<Vec<_>>());
    });
    group.bench_function("admit 1,024, signatures included", |bench| {
        bench.iter(|| admit(black_box(&batch), &rules, &NoKeys))
    });
    let admissions = admit(&batch, &rules, &NoKeys);
    group.bench_function("apply 1,024", |bench| {
        bench.iter_batched_ref(
            || (machine.clone(), records.clone()),
            |(machine, records)| {
                let mut entries = Vec::new();
                for (bytes, admission) in batch.iter().zip(&admissions) {
                    let outcome = machine.apply(records, bytes, admission, TIME, &mut entries).unwrap();
                    assert_eq!(outcome, Outcome::Applied);
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(core, signatures, trees, transactions);
criterion_main!(core);
