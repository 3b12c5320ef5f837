//! Vectors and reproducible randomness for the tests of the sum map.

use super::sum_map::Leaf;
use crate::id::Id;
use crate::state::Record;
use serde_json::Value;
use std::path::Path;

pub(crate) struct Vectors {
    pub(crate) name: String,
    pub(crate) root: Option<Id>,
    pub(crate) sum: u128,
    pub(crate) entries: Vec<(Id, Record)>,
    pub(crate) proofs: Vec<ProofCase>,
    pub(crate) must_fail: Vec<MustFail>,
}

pub(crate) struct ProofCase {
    pub(crate) key: Id,
    pub(crate) proof: Vec<u8>,
    pub(crate) record: Option<Record>,
}

pub(crate) struct MustFail {
    pub(crate) root: Id,
    pub(crate) key: Id,
    pub(crate) proof: Vec<u8>,
    pub(crate) why: String,
}

impl Vectors {
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        self.entries.iter().map(|(key, record)| Leaf::new(*key, record.sum, &record.value)).collect()
    }
}

/// The conformance vectors of the sum map; none, and a line that says so, where they are not at hand.
pub(crate) fn load_vectors() -> Vec<Vectors> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/sum-map");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no vectors at {}", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(!paths.is_empty(), "no vectors in {}", folder.display());
    paths.iter().map(|path| parse(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())).collect()
}

fn parse(file: &Value) -> Vectors {
    let mut entries: Vec<(Id, Record)> =
        list(file, "entries").iter().map(|entry| (id(&entry["key"]), record(entry))).collect();
    entries.sort_by_key(|(key, _)| *key);
    Vectors {
        name: file["name"].as_str().unwrap().to_owned(),
        root: file.get("root").map(id),
        sum: file.get("sum").map_or(0, number),
        entries,
        proofs: list(file, "proofs")
            .iter()
            .map(|case| ProofCase {
                key: id(&case["key"]),
                proof: bytes(&case["proof"]),
                record: case["present"].as_bool().unwrap().then(|| record(case)),
            })
            .collect(),
        must_fail: list(file, "must_fail")
            .iter()
            .map(|case| MustFail {
                root: id(&case["root"]),
                key: id(&case["key"]),
                proof: bytes(&case["proof"]),
                why: case["why"].as_str().unwrap().to_owned(),
            })
            .collect(),
    }
}

fn list<'a>(file: &'a Value, name: &str) -> &'a [Value] {
    file.get(name).map_or(&[], |value| value.as_array().unwrap())
}

fn record(entry: &Value) -> Record {
    Record { sum: number(&entry["sum"]), value: bytes(&entry["value"]) }
}

fn number(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    let digits: Vec<u8> = text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn id(value: &Value) -> Id {
    Id(bytes(value).try_into().unwrap())
}

/// A small xorshift generator: tests that fail, fail again.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11).checked_rem(bound).unwrap()
    }

    pub(crate) fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    pub(crate) fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    pub(crate) fn id(&mut self) -> Id {
        Id(self.bytes(32).try_into().unwrap())
    }

    /// The key with one of its bits turned: late ones share a long path.
    pub(crate) fn near(&mut self, key: &Id) -> Id {
        let mut near = *key;
        near.0[usize::try_from(self.below(32)).unwrap()] ^= 1 << self.below(8);
        near
    }
}
