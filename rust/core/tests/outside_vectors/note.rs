//! Signed notes, verifier keys and checkpoints.

use super::{base64, hex, list, read_json, text};
use counterfoil_core::note::{Algorithm, Checkpoint, NoteError, SignedNote, VerifierKey};
use serde_json::Value;

fn note_bytes(case: &Value) -> Vec<u8> {
    case.get("note").map_or_else(|| hex(text(&case["note_hex"])), |note| text(note).as_bytes().to_vec())
}

fn keys(value: &Value) -> Vec<VerifierKey> {
    list(value).iter().map(|key| VerifierKey::parse(text(key)).unwrap()).collect()
}

#[test]
fn notes_open_as_the_original_library_opens_them() {
    let Some(vectors) = read_json("signed-note/sumdb_note.json") else { return };
    for case in list(&vectors["open"]) {
        let keys = keys(&case["vkeys"]);
        let opened = SignedNote::parse(&note_bytes(case)).and_then(|note| {
            let verified: Vec<_> =
                note.verify(&keys)?.iter().map(|signature| signature.key.name().to_owned()).collect();
            Ok((note, verified))
        });
        assert_eq!(opened.is_ok(), case["ok"].as_bool().unwrap(), "{case} {opened:?}");
        let Ok((note, verified)) = opened else { continue };
        assert_eq!(note.to_string().into_bytes(), note_bytes(case));
        assert_eq!(verified, list(&case["verified"]).iter().map(text).collect::<Vec<_>>());
        let unverified: Vec<_> = note
            .signatures()
            .iter()
            .map(|line| line.name.as_str())
            .filter(|name| !verified.iter().any(|known| known == name))
            .collect();
        assert_eq!(unverified, list(&case["unverified"]).iter().map(text).collect::<Vec<_>>());
    }
}

#[test]
fn signing_gives_the_same_note() {
    let Some(vectors) = read_json("signed-note/sumdb_note.json") else { return };
    let case = &vectors["sign"];
    let parts: Vec<_> = text(&case["skey"]).splitn(5, '+').collect();
    let seed: [u8; 32] = base64(parts[4])[1..].try_into().unwrap();
    let note = SignedNote::sign(text(&case["text"]), parts[2], &seed).unwrap();
    assert_eq!(note.to_string(), text(&case["signed"]));
}

#[test]
fn verifier_keys_have_one_spelling() {
    let (Some(notes), Some(example), Some(formats)) = (
        read_json("signed-note/sumdb_note.json"),
        read_json("signed-note/c2sp_spec_example.json"),
        read_json("tlog-checkpoint/formats.json"),
    ) else {
        return;
    };
    for bad in list(&notes["bad_vkeys"]) {
        assert!(VerifierKey::parse(text(bad)).is_err(), "{bad}");
    }
    let good = text(&notes["open"][0]["vkeys"][0]);
    assert_eq!(VerifierKey::parse(good).unwrap().to_string(), good);
    for begin in 0..good.len() {
        for end in begin..=good.len() {
            let part = &good[begin..end];
            assert!(part == good || VerifierKey::parse(part).is_err(), "{part}");
        }
        let mut changed = good.as_bytes().to_vec();
        changed[begin] += 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(VerifierKey::parse(&changed).is_err(), "{changed}");
    }
    let key = VerifierKey::parse(text(&example["vkey"])).unwrap();
    assert!(SignedNote::parse(text(&example["note"]).as_bytes()).unwrap().verify(&[key]).is_ok());
    for case in list(&formats["cosignature_vkeys"]) {
        let parsed = VerifierKey::parse(text(&case["vkey"]));
        if text(&case["name"]).contains("MLDSA44") {
            assert_eq!(parsed, Err(NoteError::UnknownAlgorithm { found: 6 }));
            continue;
        }
        assert_eq!(parsed.is_ok(), case["ok"].as_bool().unwrap(), "{case} {parsed:?}");
        if text(&case["name"]).contains("algEd25519CosignatureV1") {
            assert_eq!(parsed.unwrap().algorithm(), Algorithm::Cosignature);
        }
    }
}

#[test]
fn checkpoints_parse_more_strictly_than_in_the_library() {
    let Some(vectors) = read_json("tlog-checkpoint/formats.json") else { return };
    for case in list(&vectors["parse"]) {
        // The library takes "hashes" of any length and extension lines; every one of its cases has one or the other.
        let parsed = Checkpoint::parse(text(&case["checkpoint"]));
        let root_is_32_bytes =
            text(&case["checkpoint"]).lines().nth(2).is_some_and(|line| line.len() == 44 && line.ends_with('='));
        let three_lines = text(&case["checkpoint"]).matches('\n').count() == 3;
        let expected = case["ok"].as_bool().unwrap() && root_is_32_bytes && three_lines;
        assert_eq!(parsed.is_ok(), expected, "{case} {parsed:?}");
    }
}

#[test]
fn a_checkpoint_of_another_implementation() {
    let Some(vectors) = read_json("tlog-checkpoint/sigsum.json") else { return };
    let seed: [u8; 32] = hex(text(&vectors["private_seed_hex"])).try_into().unwrap();
    let note = text(&vectors["checkpoint"]);
    let origin = note.lines().next().unwrap();
    let key = VerifierKey::new(origin, Algorithm::Ed25519, counterfoil_core::signature::public_key(&seed)).unwrap();
    let checkpoint = Checkpoint::verify(note.as_bytes(), &key, &[]).unwrap().checkpoint;
    assert_eq!(checkpoint.tree_size, 10);
    assert_eq!(checkpoint.sign(&seed).unwrap().to_string(), note);
    let parsed = SignedNote::parse(note.as_bytes()).unwrap();
    let altered = |text: String, change: fn(&mut u32, &mut Vec<u8>)| {
        let mut signature = parsed.signatures()[0].clone();
        change(&mut signature.key_id, &mut signature.signature);
        let mut note = format!("{text}\n").into_bytes();
        let mut carrier = SignedNote::sign("x\n", "x", &seed).unwrap();
        carrier.add(signature).unwrap();
        note.extend_from_slice(carrier.to_string().lines().nth(3).unwrap().as_bytes());
        note.push(b'\n');
        Checkpoint::verify(&note, &key, &[])
    };
    let mut root = checkpoint.clone();
    root.root_hash.0[3] ^= 1;
    let size = Checkpoint { tree_size: 11, ..checkpoint.clone() };
    let name = Checkpoint { origin: format!("{origin}x"), ..checkpoint.clone() };
    assert!(altered(checkpoint.to_text(), |_, _| {}).is_ok());
    assert!(altered(checkpoint.to_text(), |id, _| *id ^= 0x100).is_err());
    assert!(altered(checkpoint.to_text(), |_, signature| signature[4] ^= 1).is_err());
    for changed in [root, size, name] {
        assert!(altered(changed.to_text(), |_, _| {}).is_err());
    }
}
