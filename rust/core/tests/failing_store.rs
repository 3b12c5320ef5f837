//! A store that fails must stop the transaction: what could not be read is neither signed nor unsigned.

use counterfoil_core::Id;
use counterfoil_core::apply::{Machine, Outcome, admit_form};
use counterfoil_core::id::asset_id;
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::asset::Create;
use counterfoil_core::ops::condition::Condition;
use counterfoil_core::ops::hold::{Hold, HoldRecord, Outcome as Ending, Settle, Share, Terms};
use counterfoil_core::ops::r#move::Mint;
use counterfoil_core::state::{Powers, Record, Records, SeenTransaction, Table};
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Genesis, Parameters, SignedTransaction, TRANSACTION_VERSION, Transaction, encode,
};
use std::collections::BTreeMap;

const BRAND: Id = Id([1; 32]);
const MEMBER: Id = Id([2; 32]);
const WITNESS: Id = Id([3; 32]);

/// Records of which one account's cannot be read.
#[derive(Default)]
struct FailingStore {
    records: BTreeMap<(Table, Id), Record>,
    unreadable: Option<Id>,
}

impl Records for FailingStore {
    type Error = String;

    fn get(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>, String> {
        if *table == Table::ACCOUNTS && self.unreadable == Some(*id) {
            return Err("the disk failed".to_owned());
        }
        Ok(self.records.get(&(*table, *id)))
    }

    fn set(&mut self, table: &Table, id: &Id, record: Option<Record>) -> Result<Option<Record>, String> {
        Ok(match record {
            Some(record) => self.records.insert((*table, *id), record),
            None => self.records.remove(&(*table, *id)),
        })
    }

    fn seen(&mut self, _pair: &Id, _time: u64) -> Result<Option<SeenTransaction>, String> {
        Ok(None)
    }

    fn corrupt(what: String) -> String {
        what
    }
}

fn apply(
    machine: &mut Machine,
    store: &mut FailingStore,
    nonce: u8,
    operations: Vec<Operation>,
) -> Result<Outcome, String> {
    let rules = machine.admission_rules();
    let transaction = Transaction {
        version: TRANSACTION_VERSION,
        ledger: genesis().ledger_id(),
        valid_until: 2_000,
        nonce: [nonce; 16],
        authorizers: vec![Authorizer { account: BRAND, key: None }],
        operations,
    };
    // The signatures themselves are not what this is about.
    let bytes = encode(&SignedTransaction { transaction, signatures: vec![[0; 64]] });
    machine.apply(store, &bytes, &admit_form(&bytes, &rules), 1_000, &mut Vec::new())
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

#[test]
fn nobody_is_paid_because_a_signer_could_not_be_looked_up() {
    let mut store = FailingStore::default();
    let mut machine = Machine::begin(&genesis(), &mut store).unwrap();
    let asset = asset_id(&BRAND, "BEAN");
    let powers = Powers { mint: Some(BRAND), freeze: None, pause: None, claw_back: None, change: None };
    let create =
        Create { issuer: BRAND, symbol: "BEAN".to_owned(), decimals: 0, supply_cap: 9, policy: vec![], powers };
    let signed_by = Condition::SignedBy { threshold: 1, accounts: vec![WITNESS] };
    let terms = Terms {
        settle_if: Condition::Not(Box::new(signed_by)),
        release_if: None,
        payees: vec![Share { to: MEMBER, bps: 10_000 }],
        schedule: None,
        deadline: 5_000,
        outcome: Ending::Release,
    };
    let hold = Hold { payer: BRAND, salt: [0; 16], asset, amount: 5, terms: Some(terms), group: None };
    let operations = vec![
        Operation::Create(create),
        Operation::Mint(Mint { asset, to: BRAND, amount: 5, reference: None }),
        Operation::Hold(hold),
    ];
    assert_eq!(apply(&mut machine, &mut store, 1, operations), Ok(Outcome::Applied));

    let hold = HoldRecord::id(&BRAND, &[0; 16]);
    let settle = Operation::Settle(Settle { hold, amount: None, to: None, preimages: vec![] });
    store.unreadable = Some(WITNESS);
    assert_eq!(apply(&mut machine, &mut store, 2, vec![settle.clone()]), Err("the disk failed".to_owned()));
    assert!(!store.records.contains_key(&(Table::holders(asset), MEMBER)));

    store.unreadable = None;
    assert_eq!(apply(&mut machine, &mut store, 3, vec![settle]), Ok(Outcome::Applied));
    assert!(store.records.contains_key(&(Table::holders(asset), MEMBER)));
}
