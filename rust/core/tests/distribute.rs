//! Snapshots read what balances were, whatever happened since; distributions pay each part once.

#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test that cannot go on fails")]

mod common;

use common::Store;
use counterfoil_core::Id;
use counterfoil_core::apply::{Machine, Outcome, admit_form};
use counterfoil_core::id::asset_id;
use counterfoil_core::merkle::proof::{MapProof, PathEnd};
use counterfoil_core::merkle::sum_map::{self, Leaf};
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::asset::Create;
use counterfoil_core::ops::attest::{Attest, Content, ContentKind, Revoke, Schema, SchemaRecord};
use counterfoil_core::ops::condition::Condition;
use counterfoil_core::ops::distribute::{
    Basis, CloseDistribution, Collect, CollectedRecord, Distribute, DistributionRecord, Part,
};
use counterfoil_core::ops::hold::{GroupRecord, Hold, HoldRecord, OpenGroup, Outcome as Ending, Share, Terms};
use counterfoil_core::ops::r#move::{Burn, Mint, Transfer};
use counterfoil_core::ops::snapshot::{ReleaseSnapshot, SavedRecord, Snapshot, SnapshotRecord};
use counterfoil_core::state::{AssetRecord, Powers, Reason, Record, Table, TableName, tree_key};
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Genesis, Parameters, SignedTransaction, TRANSACTION_VERSION, Transaction, decode, encode,
};
use std::collections::BTreeMap;

const BRAND: Id = Id([1; 32]);
const ANN: Id = Id([2; 32]);
const BOB: Id = Id([3; 32]);
const CLARA: Id = Id([4; 32]);
const DORA: Id = Id([5; 32]);
const ACCOUNTS: [Id; 5] = [BRAND, ANN, BOB, CLARA, DORA];
const SALT: [u8; 16] = [7; 16];

/// A ledger with one asset, BEAN, of the brand, who signs everything with everybody.
struct World {
    machine: Machine,
    store: Store,
    ledger: Id,
    asset: Id,
    time: u64,
}

impl World {
    fn new() -> Self {
        let parameters = Parameters {
            window_ms: 86_400_000,
            asset_creators: AssetCreators::Anyone,
            transaction_bytes_max: 60_000,
            operations_max: 1_000,
            governor: None,
        };
        let genesis =
            Genesis { origin: "club.example".to_owned(), operator: BRAND, time: 0, salt: [0; 16], parameters };
        let mut store = Store::default();
        let machine = Machine::begin(&genesis, &mut store).unwrap();
        let mut world = Self { machine, store, ledger: genesis.ledger_id(), asset: asset_id(&BRAND, "BEAN"), time: 10 };
        let powers = Powers { mint: Some(BRAND), freeze: None, pause: None, claw_back: None, change: None };
        let (symbol, supply_cap) = ("BEAN".to_owned(), 10_000);
        let create = Create { issuer: BRAND, symbol, decimals: 0, supply_cap, policy: vec![], powers };
        world.apply(Operation::Create(create));
        world
    }

    /// The name of the status with which an operation is refused, or `ok`.
    fn status(&mut self, operation: Operation) -> &'static str {
        let rules = self.machine.admission_rules();
        let transaction = Transaction {
            version: TRANSACTION_VERSION,
            ledger: self.ledger,
            valid_until: self.time + 1_000,
            nonce: [0; 16],
            authorizers: ACCOUNTS.map(|account| Authorizer { account, key: None }).to_vec(),
            operations: vec![operation],
        };
        // The signatures themselves are not what this is about.
        let bytes = encode(&SignedTransaction { transaction, signatures: vec![[0; 64]; ACCOUNTS.len()] });
        let admission = admit_form(&bytes, &rules);
        let before = self.store.0.clone();
        match self.machine.apply(&mut self.store, &bytes, &admission, self.time, &mut Vec::new()).unwrap() {
            Outcome::Applied => "ok",
            Outcome::Duplicate { .. } => "duplicate",
            Outcome::Refused(refusal) => {
                assert_eq!(self.store.0, before, "a refusal leaves a trace");
                refusal.status.name()
            }
        }
    }

    fn apply(&mut self, operation: Operation) {
        assert_eq!(self.status(operation.clone()), "ok", "{operation:?}");
    }

    fn read<T: borsh::BorshDeserialize + borsh::BorshSerialize>(&self, table: Table, id: Id) -> Option<T> {
        self.store.0.get(&(table, id)).map(|record| decode(&record.value).unwrap())
    }

    fn balance(&self, account: Id) -> u128 {
        self.store.0.get(&(Table::holders(self.asset), account)).map_or(0, |record| record.sum)
    }

    fn asset(&self) -> AssetRecord {
        self.read(Table::ASSETS, self.asset).unwrap()
    }

    fn saved(&self, account: Id) -> Vec<(u32, u128)> {
        let saved: Option<SavedRecord> = self.read(Table::saved(self.asset), account);
        saved.unwrap_or_default().balances.iter().map(|saved| (saved.number, saved.units)).collect()
    }

    /// What an account has in a snapshot, from the two records that say it.
    fn units_at(&self, number: u32, account: Id) -> u128 {
        let saved: Option<SavedRecord> = self.read(Table::saved(self.asset), account);
        saved.and_then(|saved| saved.units(number)).unwrap_or_else(|| self.balance(account))
    }

    fn mint(&mut self, to: Id, amount: u128) {
        self.apply(Operation::Mint(Mint { asset: self.asset, to, amount, reference: None }));
    }

    fn snapshot(&mut self, until: u64) {
        self.apply(Operation::Snapshot(Snapshot { asset: self.asset, until }));
    }

    fn distribute(&self, amount: Option<u128>, basis: Basis, deadline: u64) -> Operation {
        let (asset, fund, leftover) = (self.asset, BRAND, BRAND);
        let distribute = Distribute { fund, salt: SALT, asset, amount, basis, deadline, leftover, reference: None };
        Operation::Distribute(distribute)
    }

    fn collect(&mut self, of: Id, proof: &[u8]) -> &'static str {
        let parts = vec![Part { of, proof: proof.to_vec() }];
        self.status(Operation::Collect(Collect { distribution: distribution(), parts }))
    }

    fn close(&mut self) -> &'static str {
        self.status(Operation::CloseDistribution(CloseDistribution { distribution: distribution() }))
    }

    /// What each account was paid, and that it all adds up.
    fn paid(&self) -> Vec<u128> {
        let table = Table::collected(distribution());
        let sums = ACCOUNTS.map(|account| self.store.0.get(&(table, account)).map_or(0, |record| record.sum)).to_vec();
        let record: DistributionRecord = self.read(Table::single(TableName::Distributions), distribution()).unwrap();
        let held = self.store.0.iter().filter(|((found, _), _)| *found == table);
        assert_eq!(held.clone().map(|(_, record)| record.sum).sum::<u128>(), record.collected);
        assert_eq!(u64::try_from(held.count()).unwrap(), record.parts);
        if !record.closed {
            assert_eq!(self.balance(distribution()), record.amount - record.collected);
        }
        sums
    }
}

fn distribution() -> Id {
    DistributionRecord::id(&BRAND, &SALT)
}

fn random(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

#[test]
fn live_snapshots_read_what_balances_were() {
    for seed in 0..40 {
        let mut world = World::new();
        let mut state = seed;
        // Of each snapshot that was opened, what everybody had.
        let mut oracle: BTreeMap<u32, [u128; 5]> = BTreeMap::new();
        for _ in 0..120 {
            let asset = world.asset;
            let [from, to] = [0; 2].map(|_| ACCOUNTS[usize::try_from(random(&mut state, 5)).unwrap()]);
            let amount = 1 + u128::from(random(&mut state, 9));
            match random(&mut state, 7) {
                0 => {
                    let balances = ACCOUNTS.map(|account| world.balance(account));
                    world.snapshot(world.time + 1 + random(&mut state, 30));
                    let number = world.asset().snapshots_taken;
                    let record: SnapshotRecord =
                        world.read(Table::single(TableName::Snapshots), SnapshotRecord::id(&asset, number)).unwrap();
                    assert_eq!(record.supply, balances.iter().sum::<u128>());
                    oracle.insert(number, balances);
                }
                1 => {
                    let listed = world.asset().snapshots;
                    let number = listed.first().map_or(1, |first| first.number);
                    let expected = match listed.first() {
                        None => "unknown_snapshot",
                        Some(first) if world.time < first.until => "snapshot_needed",
                        Some(_) => "ok",
                    };
                    let release = Operation::ReleaseSnapshot(ReleaseSnapshot { asset, number });
                    assert_eq!(world.status(release), expected);
                }
                2 => world.mint(to, amount),
                3 => {
                    world.status(Operation::Burn(Burn { asset, sender: from, amount, reference: None }));
                }
                _ => {
                    world.status(Operation::Transfer(Transfer { asset, sender: from, to, amount, reference: None }));
                }
            }
            world.time += random(&mut state, 4);
            let live: Vec<u32> = world.asset().live_snapshots(world.time).collect();
            for number in &live {
                let read = ACCOUNTS.map(|account| world.units_at(*number, account));
                assert_eq!(read, oracle[number], "seed {seed}, snapshot {number} of {live:?}");
            }
            let listed = world.asset().snapshots.len();
            let records = world.store.0.keys().filter(|(table, _)| table.name == TableName::Snapshots).count();
            assert_eq!(records, listed);
        }
    }
}

#[test]
fn a_balance_is_saved_once_and_only_for_snapshots() {
    let mut world = World::new();
    world.mint(ANN, 10);
    assert_eq!(world.saved(ANN), []);
    world.snapshot(100);
    world.snapshot(50);
    world.mint(ANN, 1);
    world.mint(ANN, 1);
    assert_eq!(world.saved(ANN), [(2, 10)], "into the newest alone");
    assert_eq!(world.saved(BOB), []);
    world.mint(BOB, 5);
    assert_eq!(world.saved(BOB), [(2, 0)], "where there was none");
    world.time = 50;
    world.mint(CLARA, 3);
    assert_eq!(world.saved(CLARA), [(1, 0)], "the second is dead");
    world.mint(ANN, 1);
    assert_eq!(world.saved(ANN), [(2, 10)], "and the first reads there all the same");
    world.snapshot(200);
    assert_eq!(world.asset().snapshots.len(), 2, "dead ones leave when another is opened");
    world.mint(ANN, 1);
    assert_eq!(world.saved(ANN), [(2, 10), (3, 13)]);
    world.time = 100;
    world.snapshot(200);
    world.mint(ANN, 1);
    assert_eq!(world.saved(ANN), [(3, 13), (4, 14)], "what none reads any more is dropped");
    world.time = 200;
    world.mint(ANN, 1);
    assert_eq!(world.saved(ANN), [(3, 13), (4, 14)], "nothing happens where none is live");
}

#[test]
fn there_are_at_most_64_snapshots_and_dead_ones_do_not_count() {
    let mut world = World::new();
    for number in 0..64 {
        world.snapshot(if number == 40 { 11 } else { 100 });
    }
    let another = Operation::Snapshot(Snapshot { asset: world.asset, until: 100 });
    assert_eq!(world.status(another.clone()), "too_many_snapshots");
    world.time = 11;
    world.apply(another.clone());
    assert_eq!(world.asset().snapshots.len(), 64);
    assert_eq!(world.status(another), "too_many_snapshots");
    let release = |number| Operation::ReleaseSnapshot(ReleaseSnapshot { asset: asset_id(&BRAND, "BEAN"), number });
    assert_eq!(world.status(release(41)), "unknown_snapshot");
    assert_eq!(world.status(release(42)), "snapshot_needed");
    world.time = 100;
    // From the middle of the list.
    world.apply(release(42));
    let numbers: Vec<u32> = world.asset().snapshots.iter().map(|listed| listed.number).collect();
    assert_eq!(numbers, (1..=65).filter(|number| ![41, 42].contains(number)).collect::<Vec<_>>());
}

#[test]
fn what_was_held_is_shared() {
    let mut world = World::new();
    world.mint(ANN, 30);
    world.mint(BOB, 10);
    world.mint(BRAND, 100);
    world.snapshot(60);
    world.apply(Operation::Transfer(Transfer {
        asset: world.asset,
        sender: BOB,
        to: CLARA,
        amount: 10,
        reference: None,
    }));
    let basis =
        |excluded: &[Id]| Basis::Snapshot { asset: asset_id(&BRAND, "BEAN"), number: 1, excluded: excluded.to_vec() };
    assert_eq!(world.status(world.distribute(None, basis(&[ANN, BRAND]), 60)), "invalid_basis");
    assert_eq!(world.status(world.distribute(None, basis(&[BRAND]), 61)), "snapshot_too_short");
    assert_eq!(world.status(world.distribute(None, basis(&[BRAND, ANN, BOB]), 60)), "nothing_to_share");
    assert_eq!(world.status(world.distribute(Some(101), basis(&[BRAND]), 60)), "insufficient_funds");
    world.apply(world.distribute(Some(51), basis(&[BRAND]), 60));
    assert_eq!(world.status(world.distribute(None, basis(&[BRAND]), 60)), "distribution_exists");
    assert_eq!(world.collect(BRAND, &[]), "not_entitled");
    assert_eq!(world.collect(CLARA, &[]), "not_entitled");
    assert_eq!(world.collect(ANN, &[0]), "wrong_proof");
    assert_eq!(world.collect(ANN, &[]), "ok");
    assert_eq!(world.collect(ANN, &[]), "already_collected");
    assert_eq!(world.paid(), [0, 38, 0, 0, 0]);
    assert_eq!(world.close(), "distribution_open");
    assert_eq!(world.collect(BOB, &[]), "ok");
    assert_eq!(world.paid(), [0, 38, 12, 0, 0]);
    let collected: CollectedRecord = world.read(Table::collected(distribution()), BOB).unwrap();
    assert_eq!(collected.time, world.time);
    world.time = 60;
    assert_eq!(world.collect(BOB, &[]), "distribution_ended");
    assert_eq!(world.close(), "ok");
    assert_eq!((world.balance(BRAND), world.balance(distribution())), (50, 0));
    assert_eq!(world.close(), "distribution_closed");
}

#[test]
fn what_would_be_left_goes_to_an_account_that_can_have_it() {
    let mut world = World::new();
    world.mint(BRAND, 9);
    let (root, total) = ([1; 32], 9);
    let Operation::Distribute(distribute) = world.distribute(None, Basis::Leaves { root, total }, 60) else { panic!() };
    let own = Distribute { leftover: distribution(), ..distribute.clone() };
    assert_eq!(world.status(Operation::Distribute(own)), "programme_account");
    world.apply(Operation::Distribute(Distribute { leftover: CLARA, ..distribute }));
    world.time = 60;
    assert_eq!(world.close(), "ok");
    assert_eq!(world.balance(CLARA), 9);
}

#[test]
fn a_sum_map_pays_what_it_says() {
    let mut world = World::new();
    world.mint(BRAND, 50);
    // Clara's leaf says something beside its sum, and so does not count.
    let said: [(Id, u128, &[u8]); 4] = [(ANN, 20, &[]), (BOB, 0, &[]), (CLARA, 5, &[1]), (BRAND, 15, &[])];
    let mut leaves: Vec<Leaf> = said.iter().map(|(id, sum, value)| Leaf::new(tree_key(id), *sum, value)).collect();
    leaves.sort_by_key(|leaf| leaf.tree_key);
    let root = sum_map::root(&leaves, 0).unwrap();
    assert_eq!(root.sum, 40);
    let prove = |of: Id| {
        let mut siblings = Vec::new();
        let found = sum_map::siblings(&leaves, 0, &tree_key(&of), |_| None, &mut siblings).unwrap();
        let held = said.iter().find(|(id, ..)| *id == of);
        let end = match (found, held) {
            (Some(_), Some((_, sum, value))) => PathEnd::Present(Record { sum: *sum, value: value.to_vec() }),
            (Some(other), None) => PathEnd::Other {
                tree_key: other.tree_key,
                sum: other.node.sum,
                value_hash: sum_map::value_hash(said.iter().find(|(id, ..)| tree_key(id) == other.tree_key).unwrap().2),
            },
            (None, _) => PathEnd::Nothing,
        };
        MapProof::new(end, siblings).unwrap().encode()
    };
    let basis = |total| Basis::Leaves { root: root.hash.0, total };
    assert_eq!(world.status(world.distribute(Some(39), basis(40), 60)), "leaves_exceed_funds");
    assert_eq!(world.status(world.distribute(None, basis(51), 60)), "leaves_exceed_funds");
    // Another total than that of the map: nothing leads to it.
    let mut mistaken = World::new();
    mistaken.mint(BRAND, 50);
    mistaken.apply(mistaken.distribute(None, basis(39), 60));
    assert_eq!(mistaken.collect(ANN, &prove(ANN)), "wrong_proof");

    world.apply(world.distribute(None, basis(40), 60));
    assert_eq!(world.collect(ANN, &[]), "wrong_proof");
    assert_eq!(world.collect(ANN, &prove(BOB)), "wrong_proof");
    assert_eq!(world.collect(DORA, &prove(DORA)), "wrong_proof", "a proof of absence");
    assert_eq!(world.collect(CLARA, &prove(CLARA)), "wrong_proof");
    assert_eq!(world.collect(BOB, &prove(BOB)), "nothing_due");
    assert_eq!(world.collect(ANN, &prove(ANN)), "ok");
    assert_eq!(world.collect(ANN, &prove(ANN)), "already_collected");
    assert_eq!(world.collect(BRAND, &prove(BRAND)), "ok", "the fund is an account like others");
    assert_eq!(world.paid(), [15, 20, 0, 0, 0]);
}

#[test]
fn members_share_alike() {
    let mut world = World::new();
    world.mint(BRAND, 10);
    let (schema, issuer) = (SchemaRecord::id(&BRAND, "member"), BRAND);
    let schema_of = |name: &str, issuers: &[Id]| {
        let (name, issuers) = (name.to_owned(), issuers.to_vec());
        Operation::Schema(Schema {
            creator: BRAND,
            name,
            content: ContentKind::Nothing,
            issuers,
            subjects: None,
            revocable: true,
        })
    };
    let attest = |subject, expires| {
        Operation::Attest(Attest { schema, issuer, subject, nonce: [0; 32], expires, content: Content::Nothing })
    };
    let revoke = |subject| {
        let reason = Reason { code: 0, evidence: None };
        Operation::Revoke(Revoke { schema, issuer, subject, nonce: [0; 32], reason })
    };
    let basis = Basis::Members { schema, issuer };
    assert_eq!(world.status(world.distribute(None, basis.clone(), 60)), "unknown_schema");
    world.apply(schema_of("anybody", &[]));
    let anybody = Basis::Members { schema: SchemaRecord::id(&BRAND, "anybody"), issuer };
    assert_eq!(world.status(world.distribute(None, anybody, 60)), "invalid_electorate");
    world.apply(schema_of("member", &[BRAND]));
    assert_eq!(world.status(world.distribute(None, basis.clone(), 60)), "nothing_to_share");
    world.apply(attest(ANN, None));
    world.apply(attest(BOB, Some(30)));
    world.time = 20;
    world.apply(attest(CLARA, None));
    world.apply(world.distribute(None, basis, 60));
    world.time = 40;
    world.apply(revoke(ANN));
    assert_eq!(world.collect(ANN, &[]), "ok", "who was a member then");
    assert_eq!(world.collect(BOB, &[]), "ok", "whose membership expired since");
    assert_eq!(world.collect(CLARA, &[]), "not_entitled", "who became one at that very time");
    assert_eq!(world.paid(), [0, 3, 3, 0, 0]);
}

#[test]
fn payers_of_a_group_share_what_they_paid_for() {
    let mut world = World::new();
    world.mint(BRAND, 10);
    world.mint(ANN, 30);
    world.mint(BOB, 10);
    let group = |salt: u8, release_if| {
        let terms = Terms {
            settle_if: Condition::After(1),
            release_if,
            payees: vec![Share { to: BRAND, bps: 10_000 }],
            schedule: None,
            deadline: 50,
            outcome: Ending::Settle,
        };
        Operation::OpenGroup(OpenGroup {
            owner: BRAND,
            salt: [salt; 16],
            asset: asset_id(&BRAND, "BEAN"),
            closes: 20,
            terms,
        })
    };
    let basis = |salt: u8| Basis::Group { group: GroupRecord::id(&BRAND, &[salt; 16]) };
    assert_eq!(world.status(world.distribute(None, basis(1), 60)), "unknown_group");
    world.apply(group(1, None));
    world.apply(group(2, Some(Condition::ByPayer)));
    world.apply(group(3, Some(Condition::Attested { schema: Id([9; 32]), issuer: BRAND, subject: None })));
    for (payer, amount) in [(ANN, 20), (BOB, 10)] {
        let group = Some(GroupRecord::id(&BRAND, &[1; 16]));
        world.apply(Operation::Hold(Hold { payer, salt: SALT, asset: world.asset, amount, terms: None, group }));
    }
    assert_eq!(world.status(world.distribute(Some(10), basis(1), 60)), "group_open");
    world.time = 20;
    assert_eq!(world.status(world.distribute(Some(10), basis(2), 60)), "invalid_basis");
    assert_eq!(world.status(world.distribute(Some(10), basis(3), 60)), "nothing_to_share");
    world.apply(world.distribute(Some(10), basis(1), 60));
    let [ann, bob] = [ANN, BOB].map(|payer| HoldRecord::id(&payer, &SALT));
    assert_eq!(world.collect(ANN, &[]), "not_entitled");
    assert_eq!(world.collect(ann, &[]), "ok");
    assert_eq!(world.collect(bob, &[]), "ok");
    assert_eq!(world.collect(bob, &[]), "already_collected");
    assert_eq!((world.balance(ANN), world.balance(BOB)), (16, 3));
    world.paid();
}

#[test]
fn parts_are_paid_all_or_none() {
    let mut world = World::new();
    world.mint(BRAND, 50);
    world.mint(ANN, 1);
    world.snapshot(60);
    world.apply(world.distribute(None, Basis::Snapshot { asset: world.asset, number: 1, excluded: vec![] }, 60));
    let collect = |of: &[Id]| {
        let parts = of.iter().map(|of| Part { of: *of, proof: vec![] }).collect();
        Operation::Collect(Collect { distribution: distribution(), parts })
    };
    assert_eq!(world.status(collect(&[])), "no_part");
    assert_eq!(world.status(collect(&[BRAND, ANN, BRAND])), "invalid_part");
    assert_eq!(world.status(collect(&[BRAND, ANN])), "nothing_due");
    assert_eq!(world.paid(), [0, 0, 0, 0, 0]);
    world.apply(collect(&[BRAND]));
    assert_eq!(world.paid(), [49, 0, 0, 0, 0]);
}
