//! Conformance with published test vectors. They belong to others and are not part of this repository: where the
//! folder is absent, each test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that meets something unexpected should stop"
)]

mod log;
mod note;
mod receipt;
mod signature;

use std::path::PathBuf;

/// A file of the vectors, or nothing where there are none.
fn read(file: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors"));
    if !root.is_dir() {
        eprintln!("skipped: no conformance vectors at {}", root.display());
        return None;
    }
    Some(std::fs::read(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}")))
}

fn read_text(file: &str) -> Option<String> {
    read(file).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn read_json(file: &str) -> Option<serde_json::Value> {
    read(file).map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("expected a string, found {value}"))
}

fn list(value: &serde_json::Value) -> &[serde_json::Value] {
    value.as_array().unwrap_or_else(|| panic!("expected a list, found {value}"))
}

fn number(value: &serde_json::Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("expected a number, found {value}"))
}

fn hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "{text}");
    text.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
