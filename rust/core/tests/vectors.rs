//! The vectors in `tests/vectors/`, which the Python code generated: both languages must read and write the same bytes.

#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test that cannot go on fails")]

use counterfoil_core::id::{asset_id, named_account_id};
use counterfoil_core::ops::attest::{AttestationRecord, SchemaRecord};
use counterfoil_core::ops::campaign::{CampaignRecord, ClaimantRecord, Slip, claim_key, pending_salt};
use counterfoil_core::ops::distribute::{CollectedRecord, DistributionRecord};
use counterfoil_core::ops::governance::{
    Actions, Ballot, Constitution, ConstitutionRecord, DelegationRecord, ProposalRecord, RankingRecord,
    ResolutionRecord, Rule, VoteRecord, ballot_seal,
};
use counterfoil_core::ops::hold::{GroupRecord, HoldRecord};
use counterfoil_core::ops::items::{DesignRecord, Item, ItemRecord};
use counterfoil_core::ops::snapshot::{SavedRecord, SnapshotRecord};
use counterfoil_core::ops::{Operation, operation_info};
use counterfoil_core::state::{
    AccountRecord, AssetRecord, DebtRecord, FreezeRecord, GuardiansRecord, LotRecord, MandateRecord, OnceRecord,
    RecoveryRecord, RedemptionRecord, Table, TableName, tree_key,
};
use counterfoil_core::wire::{Entry, Parameters, SignedTransaction, decode, encode, transaction_id};
use counterfoil_core::{Id, signature};
use serde_json::Value;
use std::path::Path;

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn id(value: &Value) -> Id {
    Id(hex(value).try_into().unwrap())
}

/// Every accepted one decodes and encodes back; every refused one is refused. Returns how many there were.
fn check(vectors: &Value, again: impl Fn(&Value, &[u8]) -> Option<Vec<u8>>) -> usize {
    let accept = vectors["accept"].as_array().unwrap();
    for case in accept {
        let bytes = hex(&case["bytes"]);
        assert_eq!(again(case, &bytes).as_ref(), Some(&bytes), "{case}");
    }
    let refuse = vectors["refuse"].as_array().unwrap();
    for case in refuse {
        assert_eq!(again(case, &hex(&case["bytes"])), None, "{case}");
    }
    assert!(!accept.is_empty() && !refuse.is_empty());
    accept.len() + refuse.len()
}

#[test]
fn operations() {
    let mut names = std::collections::BTreeSet::new();
    for family in ["account", "asset", "move", "hold", "campaign", "attest", "governance", "distribute", "ledger"] {
        let vectors = vectors(family);
        check(&vectors, |_, bytes| decode::<Operation>(bytes).map(|operation| encode(&operation)));
        for case in vectors["accept"].as_array().unwrap() {
            let operation: Operation = decode(&hex(&case["bytes"])).unwrap();
            let name = operation_info(operation.tag()).unwrap().name;
            assert_eq!(Some(name), case["value"]["is"].as_str());
            names.insert(name);
        }
    }
    assert_eq!(names.len(), counterfoil_core::ops::OPERATIONS.len(), "an operation has no vector: {names:?}");
}

#[test]
fn transactions() {
    let vectors = vectors("transactions");
    check(&vectors, |_, bytes| decode::<SignedTransaction>(bytes).map(|signed| encode(&signed)));
    for case in vectors["accept"].as_array().unwrap() {
        let signed: SignedTransaction = decode(&hex(&case["bytes"])).unwrap();
        let identifier = transaction_id(&encode(&signed.transaction));
        assert_eq!(identifier, id(&case["id"]));
        let message = [b"counterfoil/sign/v1\n".as_slice(), identifier.as_ref()].concat();
        for (authorizer, signature) in signed.transaction.authorizers.iter().zip(&signed.signatures) {
            let key = authorizer.public_key().as_bytes();
            assert!(signature::verify(&signature::Check { key, signature, message: &message }));
        }
    }
}

#[test]
fn entries() {
    let vectors = vectors("entries");
    check(&vectors, |_, bytes| Entry::decode(bytes).map(|entry| entry.encode()));
    for case in vectors["accept"].as_array().unwrap() {
        if let (Some(Entry::Genesis(genesis)), Some(_)) = (Entry::decode(&hex(&case["bytes"])), case.get("ledger")) {
            assert_eq!(genesis.ledger_id(), id(&case["ledger"]));
        }
    }
}

#[test]
fn records() {
    fn again<T: borsh::BorshSerialize + borsh::BorshDeserialize>(bytes: &[u8]) -> Option<Vec<u8>> {
        decode::<T>(bytes).map(|value| encode(&value))
    }
    check(&vectors("records"), |case, bytes| match TableName::parse(case["table"].as_str().unwrap()).unwrap() {
        TableName::Parameters => again::<Parameters>(bytes),
        TableName::Accounts => again::<AccountRecord>(bytes),
        TableName::Mandates => again::<MandateRecord>(bytes),
        TableName::Once => again::<OnceRecord>(bytes),
        TableName::Assets => again::<AssetRecord>(bytes),
        TableName::Lots => again::<LotRecord>(bytes),
        TableName::Freezes => again::<FreezeRecord>(bytes),
        TableName::Campaigns => again::<CampaignRecord>(bytes),
        TableName::Claimants => again::<ClaimantRecord>(bytes),
        TableName::Schemas => again::<SchemaRecord>(bytes),
        TableName::Attestations => again::<AttestationRecord>(bytes),
        TableName::Redemptions => again::<RedemptionRecord>(bytes),
        TableName::Debts => again::<DebtRecord>(bytes),
        TableName::Guardians => again::<GuardiansRecord>(bytes),
        TableName::Recoveries => again::<RecoveryRecord>(bytes),
        TableName::Constitutions => again::<ConstitutionRecord>(bytes),
        TableName::Proposals => again::<ProposalRecord>(bytes),
        TableName::Votes => again::<VoteRecord>(bytes),
        TableName::Rankings => again::<RankingRecord>(bytes),
        TableName::Delegations => again::<DelegationRecord>(bytes),
        TableName::Resolutions => again::<ResolutionRecord>(bytes),
        TableName::Designs => again::<DesignRecord>(bytes),
        TableName::Items => again::<ItemRecord>(bytes),
        TableName::Holds => again::<HoldRecord>(bytes),
        TableName::HoldGroups => again::<GroupRecord>(bytes),
        TableName::Snapshots => again::<SnapshotRecord>(bytes),
        TableName::Saved => again::<SavedRecord>(bytes),
        TableName::Distributions => again::<DistributionRecord>(bytes),
        TableName::Collected => again::<CollectedRecord>(bytes),
        TableName::Holders | TableName::Directory => panic!("not Borsh"),
    });
}

#[test]
fn ids() {
    let vectors = vectors("ids");
    let all = |name: &str| vectors[name].as_array().unwrap().clone();
    for case in all("asset") {
        assert_eq!(asset_id(&id(&case["issuer"]), case["symbol"].as_str().unwrap()), id(&case["id"]));
    }
    for case in all("named_account") {
        assert_eq!(named_account_id(&id(&case["opener"]), &hex(&case["salt"]).try_into().unwrap()), id(&case["id"]));
    }
    for case in all("mandate") {
        let found = MandateRecord::id(&id(&case["account"]), &id(&case["agent"]), &id(&case["asset"]));
        assert_eq!(found, id(&case["id"]));
    }
    for case in all("once") {
        assert_eq!(OnceRecord::id(&id(&case["account"]), &id(&case["key"]).0), id(&case["id"]));
    }
    for case in all("hold") {
        let found = HoldRecord::id(&id(&case["payer"]), &hex(&case["salt"]).try_into().unwrap());
        assert_eq!(found, id(&case["id"]));
    }
    for case in all("group") {
        let found = GroupRecord::id(&id(&case["owner"]), &hex(&case["salt"]).try_into().unwrap());
        assert_eq!(found, id(&case["id"]));
    }
    for case in all("lot") {
        let lot = case["lot"].as_str().unwrap().parse().unwrap();
        assert_eq!(LotRecord::id(&id(&case["asset"]), lot), id(&case["id"]));
    }
    for case in all("campaign") {
        let salt = hex(&case["salt"]).try_into().unwrap();
        assert_eq!(CampaignRecord::id(&id(&case["owner"]), &salt), id(&case["id"]));
    }
    for case in all("pending_hold") {
        let key = claim_key(&id(&case["member"]), &hex(&case["nonce"]).try_into().unwrap());
        let salt = pending_salt(&key, &id(&case["transaction"]));
        assert_eq!(HoldRecord::id(&id(&case["campaign"]), &salt), id(&case["id"]));
    }
    for case in all("slip") {
        let slip: Slip = decode(&hex(&case["slip"])).unwrap();
        assert_eq!(slip.message(&id(&case["ledger"]), &id(&case["campaign"])), hex(&case["message"]));
    }
    let number = |value: &Value| value.as_str().unwrap().parse().unwrap();
    for case in all("design") {
        assert_eq!(DesignRecord::id(&id(&case["asset"]), number(&case["design"])), id(&case["id"]));
    }
    for case in all("item") {
        let item = Item { design: number(&case["design"]), edition: number(&case["edition"]) };
        assert_eq!(ItemRecord::id(&id(&case["asset"]), item), id(&case["id"]));
    }
    for case in all("schema") {
        let name = case["name"].as_str().unwrap();
        assert_eq!(SchemaRecord::id(&id(&case["creator"]), name), id(&case["id"]));
    }
    for case in all("attestation") {
        let [schema, issuer, subject, nonce] = ["schema", "issuer", "subject", "nonce"].map(|part| id(&case[part]));
        assert_eq!(AttestationRecord::id(&schema, &issuer, &subject, &nonce.0), id(&case["id"]));
    }
    for case in all("redemption") {
        let found = RedemptionRecord::id(&id(&case["asset"]), &id(&case["sender"]), &id(&case["order"]).0);
        assert_eq!(found, id(&case["id"]));
    }
    for case in all("table") {
        let name = TableName::parse(case["table"].as_str().unwrap()).unwrap();
        let key = hex(&case["key"]);
        let table = Table { name, key: (!key.is_empty()).then(|| Id(key.try_into().unwrap())) };
        assert_eq!(table.directory_record_id(), id(&case["id"]));
        assert_eq!(tree_key(&table.directory_record_id()), id(&case["tree_key"]));
    }
}

#[test]
fn ids_and_hashes_of_governance_and_distributions() {
    let vectors = vectors("ids");
    let all = |name: &str| vectors[name].as_array().unwrap().clone();
    for case in all("snapshot") {
        assert_eq!(
            SnapshotRecord::id(&id(&case["asset"]), case["number"].as_str().unwrap().parse().unwrap()),
            id(&case["id"])
        );
    }
    for case in all("distribution") {
        let salt = hex(&case["salt"]).try_into().unwrap();
        assert_eq!(DistributionRecord::id(&id(&case["fund"]), &salt), id(&case["id"]));
    }
    for case in all("proposal") {
        let salt = hex(&case["salt"]).try_into().unwrap();
        assert_eq!(ProposalRecord::id(&id(&case["account"]), &id(&case["proposer"]), &salt), id(&case["id"]));
    }
    for case in all("delegation") {
        assert_eq!(DelegationRecord::id(&id(&case["account"]), &id(&case["delegator"])), id(&case["id"]));
    }
    for case in all("ranking") {
        assert_eq!(RankingRecord::id(&id(&case["proposal"]), &hex(&case["options"])), Some(id(&case["id"])));
    }
    for case in all("resolution") {
        let [account, rule, subject] = ["account", "rule", "subject"].map(|part| id(&case[part]));
        assert_eq!(ResolutionRecord::id(&account, &rule.0, &subject.0), id(&case["id"]));
    }
    for case in all("rule_hash") {
        assert_eq!(decode::<Rule>(&hex(&case["rule"])).unwrap().hash(), id(&case["hash"]).0);
    }
    for case in all("constitution_hash") {
        assert_eq!(decode::<Constitution>(&hex(&case["constitution"])).unwrap().hash(), id(&case["hash"]).0);
    }
    for case in all("actions_hash") {
        let actions = case["actions"].as_array().unwrap();
        let actions = actions.iter().map(|action| decode(&hex(action)).unwrap()).collect();
        assert_eq!(Actions(actions).hash(), id(&case["hash"]).0);
    }
    for case in all("ballot_seal") {
        let salt = hex(&case["salt"]).try_into().unwrap();
        let ballot: Ballot = decode(&hex(&case["ballot"])).unwrap();
        assert_eq!(ballot_seal(&id(&case["proposal"]), &id(&case["voter"]), &salt, &ballot), id(&case["hash"]).0);
    }
}
