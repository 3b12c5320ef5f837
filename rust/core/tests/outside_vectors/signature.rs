//! The verdict of our rule on 1,401 published signatures: alone, as a batch of one and among honest ones.

use super::{hex, list, number, read, read_json, read_text, text};
use counterfoil_core::signature::{Check, public_key, sign, verify, verify_batch};
use std::collections::BTreeMap;
use std::io::Read;

struct Vector {
    name: String,
    key: [u8; 32],
    signature: [u8; 64],
    message: Vec<u8>,
    accept: bool,
}

impl Vector {
    fn check(&self) -> Check<'_> {
        Check { key: &self.key, signature: &self.signature, message: &self.message }
    }
}

type Inputs = BTreeMap<(&'static str, u64), (Vec<u8>, Vec<u8>, Vec<u8>)>;

fn inputs() -> Option<Inputs> {
    let mut inputs = Inputs::new();
    for (index, case) in (0..).zip(list(&read_json("ed25519-speccheck/cases.json")?)) {
        let parts = (hex(text(&case["pub_key"])), hex(text(&case["signature"])), hex(text(&case["message"])));
        inputs.insert(("speccheck", index), parts);
    }
    for (index, case) in (0..).zip(list(&read_json("zip215/small_order.json")?)) {
        let parts = (hex(text(&case["vk"])), hex(text(&case["sig"])), text(&case["msg_ascii"]).into());
        inputs.insert(("zip215", index), parts);
    }
    for case in list(&read_json("cctv-ed25519/ed25519vectors.json")?) {
        let parts = (hex(text(&case["key"])), hex(text(&case["sig"])), text(&case["msg"]).into());
        inputs.insert(("cctv", number(&case["number"])), parts);
    }
    for group in list(&read_json("wycheproof/ed25519_test.json")?["testGroups"]) {
        let key = hex(text(&group["publicKey"]["pk"]));
        for case in list(&group["tests"]) {
            let parts = (key.clone(), hex(text(&case["sig"])), hex(text(&case["msg"])));
            inputs.insert(("wycheproof", number(&case["tcId"])), parts);
        }
    }
    let mut lines = String::new();
    flate2::read::GzDecoder::new(read("rfc8032/sign.input.gz")?.as_slice()).read_to_string(&mut lines).unwrap();
    for (index, line) in (0..).zip(lines.lines()) {
        let [_, key, message, signed]: [&str; 4] = line.split(':').take(4).collect::<Vec<_>>().try_into().unwrap();
        inputs.insert(("sign_input", index), (hex(key), hex(&signed[..128]), hex(message)));
    }
    Some(inputs)
}

fn vectors() -> Option<Vec<Vector>> {
    let inputs = inputs()?;
    let verdicts = read_text("ed25519-rule/verdicts.tsv")?;
    let mut vectors = Vec::new();
    let mut wrong_length = 0;
    for line in verdicts.lines().skip(1) {
        let [set, id, accept]: [&str; 3] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let (_, (key, signature, message)) =
            inputs.iter().find(|(name, _)| name.0 == set && name.1 == id.parse::<u64>().unwrap()).unwrap();
        let accept = accept == "1";
        let Ok(signature) = signature.as_slice().try_into() else {
            // The type of Check refuses these.
            assert!(!accept, "{line}");
            wrong_length += 1;
            continue;
        };
        let key = key.as_slice().try_into().unwrap();
        vectors.push(Vector { name: format!("{set} {id}"), key, signature, message: message.clone(), accept });
    }
    assert_eq!((vectors.len(), wrong_length), (1_389, 12));
    Some(vectors)
}

fn honest(count: u8) -> Vec<Vector> {
    (0..count)
        .map(|number| {
            let (seed, message) = ([number / 2; 32], vec![number]);
            let (key, signature) = (public_key(&seed), sign(&seed, &message));
            Vector { name: format!("honest {number}"), key, signature, message, accept: true }
        })
        .collect()
}

fn assert_verdicts(vectors: &[&Vector]) {
    let checks: Vec<_> = vectors.iter().map(|vector| vector.check()).collect();
    for (verdict, vector) in verify_batch(&checks).into_iter().zip(vectors) {
        assert_eq!(verdict, vector.accept, "{} in a batch of {}", vector.name, vectors.len());
    }
}

#[test]
fn alone_and_in_a_batch_of_one() {
    let Some(vectors) = vectors() else { return };
    for vector in &vectors {
        assert_eq!(verify(&vector.check()), vector.accept, "{}", vector.name);
        assert_verdicts(&[vector]);
    }
}

#[test]
fn among_honest_ones_at_every_position() {
    let Some(vectors) = vectors() else { return };
    let honest = honest(8);
    for vector in &vectors {
        for position in 0..=honest.len() {
            let mut batch: Vec<_> = honest.iter().collect();
            batch.insert(position, vector);
            assert_verdicts(&batch);
        }
    }
}

#[test]
fn several_at_once() {
    let Some(vectors) = vectors() else { return };
    let honest = honest(8);
    for chunk in vectors.chunks(37) {
        let mut batch: Vec<_> = chunk.iter().collect();
        for (index, vector) in honest.iter().enumerate() {
            batch.insert((index * 5).min(batch.len()), vector);
        }
        assert_verdicts(&batch);
    }
    assert_verdicts(&vectors.iter().collect::<Vec<_>>());
    // The same one twice, and only those that the rule accepts: no bisecting, all in one sum.
    let accepted: Vec<_> = vectors.iter().chain(&vectors).filter(|vector| vector.accept).collect();
    assert_verdicts(&accepted);
}

#[test]
fn signing_is_rfc_8032() {
    let Some(cases) = read_json("rfc8032/rfc8032.json") else { return };
    for case in list(&cases) {
        let seed: [u8; 32] = hex(text(&case["seed"])).try_into().unwrap();
        assert_eq!(public_key(&seed).to_vec(), hex(text(&case["pk"])));
        assert_eq!(sign(&seed, &hex(text(&case["msg"]))).to_vec(), hex(text(&case["sig"])));
    }
}
