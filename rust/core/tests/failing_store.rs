//! A store that fails must stop the transaction: what could not be read is neither signed nor unsigned.

mod common;

use common::Store;
use counterfoil_core::Id;
use counterfoil_core::apply::{Machine, Outcome, admit_form};
use counterfoil_core::id::asset_id;
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::asset::Create;
use counterfoil_core::ops::condition::Condition;
use counterfoil_core::ops::hold::{Hold, HoldRecord, Outcome as Ending, Release, Settle, Share, Terms};
use counterfoil_core::ops::r#move::Mint;
use counterfoil_core::state::{Powers, Record, Records, SeenTransaction, Table, Term};
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Genesis, Parameters, SignedTransaction, TRANSACTION_VERSION, Transaction, encode,
};

const BRAND: Id = Id([1; 32]);
const MEMBER: Id = Id([2; 32]);
const WITNESS: Id = Id([3; 32]);
const DEADLINE: u64 = 5_000;
const GRACE_MS: u64 = 30 * 86_400_000;

/// Records of which one cannot be read.
#[derive(Default)]
struct FailingStore {
    records: Store,
    unreadable: Option<(Table, Id)>,
}

impl Records for FailingStore {
    type Error = String;

    fn get(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>, String> {
        if self.unreadable == Some((*table, *id)) {
            return Err("the disk failed".to_owned());
        }
        self.records.get(table, id)
    }

    fn set(&mut self, table: &Table, id: &Id, record: Option<Record>) -> Result<Option<Record>, String> {
        self.records.set(table, id, record)
    }

    fn seen(&mut self, pair: &Id, time: u64) -> Result<Option<SeenTransaction>, String> {
        self.records.seen(pair, time)
    }

    fn corrupt(what: String) -> String {
        Store::corrupt(what)
    }
}

fn apply(
    machine: &mut Machine,
    store: &mut FailingStore,
    nonce: u8,
    time: u64,
    operations: Vec<Operation>,
) -> Result<Outcome, String> {
    let rules = machine.admission_rules();
    let transaction = Transaction {
        version: TRANSACTION_VERSION,
        ledger: genesis().ledger_id(),
        valid_until: time.saturating_add(1_000),
        nonce: [nonce; 16],
        authorizers: vec![Authorizer { account: BRAND, key: None }],
        operations,
    };
    // The signatures themselves are not what this is about.
    let bytes = encode(&SignedTransaction { transaction, signatures: vec![[0; 64]] });
    machine.apply(store, &bytes, &admit_form(&bytes, &rules), time, &mut Vec::new())
}

fn genesis() -> Genesis {
    let parameters = Parameters {
        window_ms: 86_400_000,
        asset_creators: AssetCreators::Anyone,
        transaction_bytes_max: 60_000,
        operations_max: 1_000,
        governor: None,
    };
    Genesis { origin: "club.example".to_owned(), operator: BRAND, time: 0, salt: [0; 16], parameters }
}

/// Lets the brand have a hold of 5 with these terms, and returns the hold's asset and id.
fn held(machine: &mut Machine, store: &mut FailingStore, policy: Vec<Term>, terms: Terms) -> (Id, Id) {
    let asset = asset_id(&BRAND, "BEAN");
    let powers = Powers { mint: Some(BRAND), freeze: None, pause: None, claw_back: None, change: None };
    let create = Create { issuer: BRAND, symbol: "BEAN".to_owned(), decimals: 0, supply_cap: 9, policy, powers };
    let hold = Hold { payer: BRAND, salt: [0; 16], asset, amount: 5, terms: Some(terms), group: None };
    let operations = vec![
        Operation::Create(create),
        Operation::Mint(Mint { asset, to: BRAND, amount: 5, reference: None }),
        Operation::Hold(hold),
    ];
    assert_eq!(apply(machine, store, 1, 1_000, operations), Ok(Outcome::Applied));
    (asset, HoldRecord::id(&BRAND, &[0; 16]))
}

fn terms(settle_if: Condition, outcome: Ending) -> Terms {
    let payees = vec![Share { to: MEMBER, bps: 5_000 }, Share { to: WITNESS, bps: 5_000 }];
    Terms { settle_if, release_if: None, payees, schedule: None, deadline: DEADLINE, outcome }
}

fn settle(hold: Id, amount: Option<u128>) -> Vec<Operation> {
    vec![Operation::Settle(Settle { hold, amount, to: None, preimages: vec![] })]
}

fn balance(store: &FailingStore, asset: Id, account: Id) -> u128 {
    store.records.0.get(&(Table::holders(asset), account)).map_or(0, |record| record.sum)
}

fn check(result: Result<Outcome, String>, is_readable: bool) {
    assert_eq!(result, if is_readable { Ok(Outcome::Applied) } else { Err("the disk failed".to_owned()) });
}

#[test]
fn nobody_is_paid_because_a_signer_could_not_be_looked_up() {
    let mut store = FailingStore::default();
    let signed_by = Condition::SignedBy { threshold: 1, accounts: vec![WITNESS] };
    let unless_signed = terms(Condition::Not(Box::new(signed_by)), Ending::Release);
    let mut machine = Machine::begin(&genesis(), &mut store).unwrap();
    let (asset, hold) = held(&mut machine, &mut store, vec![], unless_signed);
    store.unreadable = Some((Table::ACCOUNTS, WITNESS));
    assert_eq!(apply(&mut machine, &mut store, 2, 1_000, settle(hold, None)), Err("the disk failed".to_owned()));
    assert_eq!(balance(&store, asset, MEMBER), 0);

    store.unreadable = None;
    assert_eq!(apply(&mut machine, &mut store, 3, 1_000, settle(hold, None)), Ok(Outcome::Applied));
    assert_eq!(balance(&store, asset, MEMBER), 3);
}

#[test]
fn no_part_goes_back_because_its_payee_could_not_be_looked_up() {
    let asset = asset_id(&BRAND, "BEAN");
    for unreadable in [None, Some((Table::ACCOUNTS, MEMBER)), Some((Table::holders(asset), MEMBER))] {
        let mut store = FailingStore::default();
        let policy = vec![Term::MaxHolding { units: 4 }];
        let mut machine = Machine::begin(&genesis(), &mut store).unwrap();
        let (_, hold) = held(&mut machine, &mut store, policy, terms(Condition::ByPayer, Ending::Settle));
        store.unreadable = unreadable;
        let result = apply(&mut machine, &mut store, 2, DEADLINE + GRACE_MS, settle(hold, None));
        check(result, unreadable.is_none());
        let paid = if unreadable.is_none() { [0, 3, 2] } else { [0, 0, 0] };
        assert_eq!([BRAND, MEMBER, WITNESS].map(|account| balance(&store, asset, account)), paid);
    }
}

#[test]
fn nothing_left_over_goes_back_because_its_payee_could_not_be_looked_up() {
    for unreadable in [None, Some((Table::ACCOUNTS, MEMBER))] {
        let mut store = FailingStore::default();
        let mut machine = Machine::begin(&genesis(), &mut store).unwrap();
        let (asset, hold) = held(&mut machine, &mut store, vec![], terms(Condition::ByPayer, Ending::Release));
        assert_eq!(apply(&mut machine, &mut store, 2, 1_000, settle(hold, Some(1))), Ok(Outcome::Applied));
        store.unreadable = unreadable;
        let release = Operation::Release(Release { hold, amount: None, preimages: vec![] });
        let result = apply(&mut machine, &mut store, 3, DEADLINE, vec![release]);
        check(result, unreadable.is_none());
        let paid = if unreadable.is_none() { [4, 1, 0] } else { [0, 0, 0] };
        assert_eq!([BRAND, MEMBER, WITNESS].map(|account| balance(&store, asset, account)), paid);
    }
}
