//! Programme accounts: no operation opens one yet, so their refusals are tested here, on records written by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use counterfoil_core::Id;
use counterfoil_core::apply::{Machine, Outcome, admit};
use counterfoil_core::id::asset_id;
use counterfoil_core::ops::asset::{Create, Freeze};
use counterfoil_core::ops::r#move::{Burn, ClawBack, Mint, Pay, Payee, Redeem, Sweep, Transfer};
use counterfoil_core::ops::{Operation, account::SetKeys};
use counterfoil_core::signature::{self, NoKeys};
use counterfoil_core::state::{
    AccountRecord, KeyGrant, Period, Powers, Reason, Record, Records, SeenTransaction, Table, Term,
};
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Genesis, Parameters, SignedTransaction, Transaction, encode, transaction_id,
};
use std::collections::BTreeMap;

const TIME: u64 = 1_700_000_000_000;

/// The trait's contract and nothing more: the engine keeps its records in LMDB.
#[derive(Clone, Default, PartialEq, Debug)]
struct Memory(BTreeMap<(Table, Id), Record>);

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

struct World {
    ledger: Id,
    machine: Machine,
    records: Memory,
    nonce: u8,
}

impl World {
    fn apply(&mut self, operation: Operation, seeds: &[(Option<Id>, u8)]) -> String {
        self.nonce = self.nonce.checked_add(1).unwrap();
        let authorizers: Vec<Authorizer> = seeds
            .iter()
            .map(|(account, seed)| {
                let key = Id(signature::public_key(&[*seed; 32]));
                account.map_or(Authorizer { account: key, key: None }, |account| Authorizer { account, key: Some(key) })
            })
            .collect();
        let transaction = Transaction {
            version: 1,
            ledger: self.ledger,
            valid_until: TIME + 1_000,
            nonce: [self.nonce; 16],
            authorizers,
            operations: vec![operation],
        };
        let message = [b"counterfoil/sign/v1\n".as_slice(), transaction_id(&encode(&transaction)).as_ref()].concat();
        let signatures = seeds.iter().map(|(_, seed)| signature::sign(&[*seed; 32], &message)).collect();
        let bytes = encode(&SignedTransaction { transaction, signatures });
        let admission = admit(&[&bytes], &self.machine.admission_rules(), &NoKeys).pop().unwrap();
        let before = self.records.clone();
        match self.machine.apply(&mut self.records, &bytes, &admission, TIME, &mut Vec::new()).unwrap() {
            Outcome::Refused(refusal) => {
                assert_eq!(self.records, before, "a refusal leaves no trace");
                refusal.status.name().to_owned()
            }
            Outcome::Applied | Outcome::Duplicate { .. } => "ok".to_owned(),
        }
    }
}

#[test]
fn nobody_pays_freezes_sweeps_or_signs_for_a_programme_account() {
    let (issuer, ann) = (Id(signature::public_key(&[1; 32])), Id(signature::public_key(&[2; 32])));
    let programme = Id([7; 32]);
    let genesis = Genesis {
        origin: "club.example/beans".to_owned(),
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
    let machine = Machine::begin(&genesis, &mut records).unwrap();
    let value = encode(&AccountRecord::Programme { family: 4 });
    records.set(&Table::ACCOUNTS, &programme, Some(Record { sum: 0, value })).unwrap();
    let mut world = World { ledger: genesis.ledger_id(), machine, records, nonce: 0 };

    let asset = asset_id(&issuer, "BEAN");
    let all = Some(issuer);
    let powers = Powers { mint: all, freeze: all, pause: all, claw_back: all, change: all };
    let policy = vec![Term::Lots { period: Period::Day }, Term::FixedExpiry { days: 1 }];
    let symbol = "BEAN".to_owned();
    let create = Create { issuer, symbol, decimals: 0, supply_cap: 1_000, policy, powers };
    assert_eq!(world.apply(Operation::Create(create), &[(None, 1)]), "ok");
    let mint = |to| Operation::Mint(Mint { asset, to, amount: 10, reference: None });
    assert_eq!(world.apply(mint(ann), &[(None, 1)]), "ok");

    let reason = Reason { code: 1, evidence: None };
    let payees = vec![Payee { to: issuer, amount: 1 }, Payee { to: programme, amount: 1 }];
    let transfer = |sender, to| Operation::Transfer(Transfer { asset, sender, to, amount: 1, reference: None });
    let claw_back = |sender, to| Operation::ClawBack(ClawBack { asset, sender, to, amount: 1, reason });
    let keys = vec![KeyGrant { key: ann, scope: None }];
    let redeem = |sender, at| Operation::Redeem(Redeem { asset, sender, at, order: [0; 32], amount: 1 });
    for (operation, signers) in [
        (redeem(ann, programme), vec![(None, 2)]),
        (mint(programme), vec![(None, 1)]),
        (transfer(ann, programme), vec![(None, 2)]),
        (Operation::Pay(Pay { asset, sender: ann, payees, reference: None }), vec![(None, 2)]),
        (claw_back(programme, issuer), vec![(None, 1)]),
        (claw_back(ann, programme), vec![(None, 1)]),
        (Operation::Freeze(Freeze { asset, account: programme, frozen: true, reason }), vec![(None, 1)]),
        (Operation::Sweep(Sweep { asset, accounts: vec![ann, programme] }), vec![(None, 2)]),
        // Whoever claims to sign for it is refused before any operation is looked at.
        (transfer(programme, ann), vec![(Some(programme), 2)]),
        (Operation::SetKeys(SetKeys { account: programme, threshold: 1, keys }), vec![(None, 2), (Some(programme), 2)]),
    ] {
        assert_eq!(world.apply(operation.clone(), &signers), "programme_account", "{operation:?}");
    }
    // Without a signature in its name there is no authority to begin with.
    assert_eq!(world.apply(transfer(programme, ann), &[(None, 2)]), "unauthorized");
    let burn = Operation::Burn(Burn { asset, sender: programme, amount: 1, reference: None });
    assert_eq!(world.apply(burn, &[(None, 2)]), "unauthorized");
    assert_eq!(world.apply(redeem(programme, ann), &[(None, 2)]), "unauthorized");
}
