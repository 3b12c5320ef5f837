//! The text form of inclusion proofs.

use super::{list, number, read_json, text};
use counterfoil_core::id::sha256;
use counterfoil_core::receipt::TlogProof;

#[test]
fn proofs_are_written_and_read_alike() {
    let Some(vectors) = read_json("tlog-proof/formats.json") else { return };
    for case in list(&vectors["marshal"]) {
        let proof = TlogProof {
            extra: case["extra"].as_str().map(|extra| extra.as_bytes().to_vec()),
            index: number(&case["index"]),
            inclusion: list(&case["hash_preimages"]).iter().map(|input| sha256(&[text(input).as_bytes()])).collect(),
            note: text(&case["checkpoint"]).to_owned(),
        };
        assert_eq!(proof.to_string(), text(&case["want"]));
        assert_eq!(TlogProof::parse(text(&case["want"]).as_bytes()), Ok(proof));
    }
    for bad in list(&vectors["must_fail"]) {
        assert!(TlogProof::parse(text(bad).as_bytes()).is_err(), "{bad}");
    }
}
