//! RFC 6962 trees and proofs.

use super::{base64, hex, list, number, read_json, read_text, text};
use counterfoil_core::Id;
use counterfoil_core::merkle::log::{
    Frontier, LogError, consistency_proof, empty_root, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion,
};
use serde_json::Value;
use std::collections::BTreeMap;

fn id(text: &str) -> Id {
    Id(hex(text).try_into().unwrap())
}

fn ids(value: &Value) -> Vec<Id> {
    list(value).iter().map(|hash| id(text(hash))).collect()
}

#[test]
fn reference_tree() {
    let Some(reference) = read_json("rfc6962/reference.json") else { return };
    let hasher = &reference["hasher"];
    assert_eq!(empty_root(), id(text(&hasher["RFC6962 Empty"])));
    assert_eq!(leaf_hash(b""), id(text(&hasher["RFC6962 Empty Leaf"])));
    assert_eq!(leaf_hash(b"L123456"), id(text(&hasher["RFC6962 Leaf"])));
    let roots = ids(&reference["root_hash_by_size_0_to_8"]);
    let mut frontier = Frontier::new();
    let mut nodes = BTreeMap::new();
    assert_eq!(frontier.root(), roots[0]);
    for (input, root) in list(&reference["leaf_inputs"]).iter().zip(&roots[1..]) {
        let leaf = leaf_hash(&hex(text(input)));
        frontier.append(leaf, |level, index, hash| assert!(nodes.insert((level, index), hash).is_none())).unwrap();
        assert_eq!(frontier.root(), *root);
    }
    let mut expected = BTreeMap::new();
    for (level, hashes) in (0..).zip(list(&reference["node_hashes_by_level"])) {
        expected.extend((0..).zip(ids(hashes)).map(|(index, hash)| ((level, index), hash)));
    }
    assert_eq!(nodes, expected);
    let node = |level, index| Ok::<_, LogError>(nodes[&(level, index)]);
    for case in list(&reference["inclusion"]) {
        let (index, size) = (number(&case["leaf_number_from_1"]).wrapping_sub(1), number(&case["size"]));
        let proof = inclusion_proof(index, size, node);
        assert_eq!(proof, Ok(ids(&case["proof"])), "{case}");
    }
    for case in list(&reference["consistency"]) {
        let (old_size, new_size) = (number(&case["size1"]), number(&case["size2"]));
        assert_eq!(consistency_proof(old_size, new_size, node), Ok(ids(&case["proof"])), "{case}");
    }
}

/// Hashes of another length than 32 bytes are refused by the type.
fn sized(value: &Value) -> Option<Id> {
    let bytes = if value.is_null() { Vec::new() } else { base64(text(value)) };
    bytes.try_into().ok().map(Id)
}

fn sized_proof(value: &Value) -> Option<Vec<Id>> {
    if value.is_null() { Some(Vec::new()) } else { list(value).iter().map(sized).collect() }
}

fn probes(file: &str, check: impl Fn(&Value) -> Option<Result<(), LogError>>) {
    let Some(lines) = read_text(file) else { return };
    let (mut checked, mut refused_by_type) = (0, 0);
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let must_fail = case["wantErr"].as_bool().unwrap();
        if let Some(verdict) = check(&case) {
            assert_eq!(verdict.is_err(), must_fail, "{verdict:?} {line}");
            checked += 1;
        } else {
            // One probe wants two "roots" of 12 bytes to agree.
            let twelve_bytes = text(&case["path"]).contains("sizes-are-equal-one-and-proof-is-empty");
            assert!(must_fail || twelve_bytes, "{line}");
            refused_by_type += 1;
        }
    }
    assert_eq!(checked + refused_by_type, 98);
    assert!(checked > 60, "{checked}");
}

#[test]
fn inclusion_probes() {
    probes("merkle-rfc6962/inclusion.jsonl", |case| {
        let (leaf, proof, root) = (sized(&case["leafHash"])?, sized_proof(&case["proof"])?, sized(&case["root"])?);
        Some(verify_inclusion(number(&case["leafIdx"]), number(&case["treeSize"]), &leaf, &proof, &root))
    });
}

#[test]
fn consistency_probes() {
    probes("merkle-rfc6962/consistency.jsonl", |case| {
        let (old, new, proof) = (sized(&case["root1"])?, sized(&case["root2"])?, sized_proof(&case["proof"])?);
        Some(verify_consistency(number(&case["size1"]), number(&case["size2"]), &old, &new, &proof))
    });
}
