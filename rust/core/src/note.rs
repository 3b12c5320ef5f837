//! Signed notes, the checkpoints in them and the keys that verify them.
//!
//! Formats: `docs/reference/formats.md`, *Checkpoint*; [C2SP signed-note](https://c2sp.org/signed-note),
//! [tlog-checkpoint](https://c2sp.org/tlog-checkpoint) and, for witnesses,
//! [tlog-cosignature](https://c2sp.org/tlog-cosignature). Parsing is strict: every text has one spelling, so what was
//! parsed and written again is the same bytes.

use crate::id::{Id, sha256};
use crate::signature::{Check, is_valid_key, public_key, sign, verify};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The most bytes of a note that is read. The 16 signatures that every verifier must take fit, at 5 kB each, into the
/// 131,072 that a note is written with.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// The most bytes of a note that is written.
pub const NOTE_WRITTEN_BYTES_MAX: usize = 131_072;

/// The most signatures that a note may have.
pub const SIGNATURES_MAX: usize = 100;

/// The most entries that a log has.
pub const TREE_SIZE_MAX: u64 = (1 << 63) - 1;

/// The most bytes that an origin has.
pub const ORIGIN_BYTES_MAX: usize = 255;

/// Why a note, a checkpoint or a verifier key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than a verifier reads.
    #[error("{what}: expected at most {max}, found {found}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most there may be.
        max: usize,
        /// How much there is.
        found: usize,
    },
    /// Not in the one spelling that the format allows.
    #[error("{what}: expected {expected}, found {found:?}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What should be there.
        expected: &'static str,
        /// The beginning of what is there.
        found: String,
    },
    /// A verifier key of a kind that is not used here.
    #[error("signature type: expected 01 (Ed25519) or 04 (cosignature), found {found:02x}")]
    UnknownAlgorithm {
        /// The signature type byte.
        found: u8,
    },
    /// The key id in a verifier key is not that of its name and key.
    #[error("key id of {name}: expected {expected:08x}, found {found:08x}")]
    KeyId {
        /// The key's name.
        name: String,
        /// The id of this name and key.
        expected: u32,
        /// The id that is written.
        found: u32,
    },
    /// These bytes are no key with which anything could be signed.
    #[error("key of {name}: expected a canonical curve point that does not have small order, found {found}")]
    Key {
        /// The key's name.
        name: String,
        /// The key.
        found: Id,
    },
    /// Two of the keys given have one name and id.
    #[error("verifier keys: expected distinct names and ids, found {key} twice")]
    AmbiguousKey {
        /// Name and id.
        key: String,
    },
    /// A signature that names a known key is not valid.
    #[error("signature: expected a valid one by {key}, found one that is not")]
    InvalidSignature {
        /// Name and id of the key.
        key: String,
    },
    /// The signature that matters is missing.
    #[error("signatures: expected one by {expected}, found none")]
    NotSigned {
        /// Name and id of the keys whose signature was looked for.
        expected: String,
    },
    /// A checkpoint about another log than its signer's.
    #[error("origin: expected {expected}, found {found}")]
    Origin {
        /// The name of the signer's key.
        expected: String,
        /// The origin of the checkpoint.
        found: String,
    },
}

/// What a key signs, and the type byte by which its id and its text name that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `01`: Ed25519 over the text. The operator's.
    Ed25519,
    /// `04`: Ed25519 over the time and the text. A witness's.
    Cosignature,
}

impl Algorithm {
    /// The signature type byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A name and a public key; as text `name+hex id+base64(type ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    key: [u8; 32],
}

impl VerifierKey {
    /// The key of this name. An operator's name is its ledger's origin.
    pub fn new(name: &str, algorithm: Algorithm, key: [u8; 32]) -> Result<Self, NoteError> {
        check_key_name(name)?;
        if !is_valid_key(&key) {
            return Err(NoteError::Key { name: name.to_owned(), found: Id(key) });
        }
        Ok(Self { name: name.to_owned(), algorithm, key })
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let malformed = |what, expected| malformed(what, expected, text);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("verifier key", "name+id+key"));
        };
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let found = match u32::from_str_radix(id, 16) {
            Ok(found) if id.len() == 8 && id.bytes().all(digits) => found,
            Ok(_) | Err(_) => return Err(malformed("verifier key", "an id of eight lowercase hex digits")),
        };
        let bytes = decode_base64(key).ok_or_else(|| malformed("verifier key", "base64"))?;
        let Some((byte, key)) = bytes.split_first() else { return Err(malformed("verifier key", "a type and a key")) };
        let algorithm = [Algorithm::Ed25519, Algorithm::Cosignature]
            .into_iter()
            .find(|algorithm| algorithm.byte() == *byte)
            .ok_or(NoteError::UnknownAlgorithm { found: *byte })?;
        let key = key.try_into().map_err(|_| malformed("verifier key", "a key of 32 bytes"))?;
        let parsed = Self::new(name, algorithm, key)?;
        if parsed.id() != found {
            return Err(NoteError::KeyId { name: name.to_owned(), expected: parsed.id(), found });
        }
        Ok(parsed)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key.
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The first four bytes of SHA-256(name ‖ `0a` ‖ type ‖ key).
    pub fn id(&self) -> u32 {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &[self.algorithm.byte()], &self.key]);
        hash.0.first_chunk().map_or(0, |first| u32::from_be_bytes(*first))
    }

    /// Name and id, as errors say them.
    fn label(&self) -> String {
        label(&self.name, self.id())
    }

    /// The signature as a checked one, if it is valid.
    fn verify<'k>(&'k self, text: &str, signature: &[u8]) -> Option<Verified<'k>> {
        match self.algorithm {
            Algorithm::Ed25519 => {
                let signature = signature.try_into().ok()?;
                let check = Check { key: &self.key, signature, message: text.as_bytes() };
                verify(&check).then_some(Verified { key: self, time_s: None })
            }
            Algorithm::Cosignature => {
                let (time, signature) = signature.split_first_chunk::<8>()?;
                let (time_s, signature) = (u64::from_be_bytes(*time), signature.try_into().ok()?);
                let message = cosigned(text, time_s);
                let check = Check { key: &self.key, signature, message: message.as_bytes() };
                verify(&check).then_some(Verified { key: self, time_s: Some(time_s) })
            }
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.algorithm.byte()];
        key.extend_from_slice(&self.key);
        write!(formatter, "{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(key))
    }
}

/// One line under a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key that is said to have signed.
    pub name: String,
    /// The id of that key.
    pub key_id: u32,
    /// The signature; its form depends on the key.
    pub signature: Vec<u8>,
}

/// A signature that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<'k> {
    /// The key that signed.
    pub key: &'k VerifierKey,
    /// When a witness signed, in seconds since 1970-01-01 UTC; nothing for an operator's signature.
    pub time_s: Option<u64>,
}

/// A text and signatures under it. Holding one says nothing: what counts is what [`verify`](Self::verify) returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// A text that the key of this seed signs under this name.
    pub fn sign(text: &str, name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        check_text(text)?;
        let key = VerifierKey::new(name, Algorithm::Ed25519, public_key(seed))?;
        let signature = sign(seed, text.as_bytes()).to_vec();
        let signatures = vec![NoteSignature { name: name.to_owned(), key_id: key.id(), signature }];
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Adds a witness's cosignature.
    pub fn cosign(&mut self, name: &str, seed: &[u8; 32], time_s: u64) -> Result<(), NoteError> {
        let key = VerifierKey::new(name, Algorithm::Cosignature, public_key(seed))?;
        let mut signature = time_s.to_be_bytes().to_vec();
        signature.extend_from_slice(&sign(seed, cosigned(&self.text, time_s).as_bytes()));
        self.add(NoteSignature { name: name.to_owned(), key_id: key.id(), signature })
    }

    /// Adds a signature that was made elsewhere, without checking it.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        check_key_name(&signature.name)?;
        let count = self.signatures.len().saturating_add(1);
        if count > SIGNATURES_MAX {
            return Err(NoteError::TooLarge { what: "signatures of a note", max: SIGNATURES_MAX, found: count });
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Adds the signatures of witnesses that another note has under the same text, without checking them. One by a key that
    /// has signed before takes the place of the earlier one; signatures in the log's own name stay as they are.
    pub fn add_cosignatures(&mut self, other: &Self) -> Result<(), NoteError> {
        if other.text != self.text {
            return Err(malformed("note", "the text of the checkpoint that is cosigned", &other.text));
        }
        let mut cosigned = self.clone();
        for (place, signature) in other.signatures.iter().enumerate() {
            let by_same_key = |one: &NoteSignature| one.name == signature.name && one.key_id == signature.key_id;
            // Of two by one key the first counts.
            let is_later = other.signatures.iter().take(place).any(by_same_key);
            if is_later || self.text.lines().next() == Some(&signature.name) {
                continue;
            }
            match cosigned.signatures.iter_mut().find(|one| by_same_key(one)) {
                Some(earlier) => earlier.signature.clone_from(&signature.signature),
                None => cosigned.add(signature.clone())?,
            }
        }
        let found = cosigned.to_string().len();
        if found > NOTE_WRITTEN_BYTES_MAX {
            return Err(NoteError::TooLarge { what: "bytes of a note", max: NOTE_WRITTEN_BYTES_MAX, found });
        }
        *self = cosigned;
        Ok(())
    }

    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge { what: "bytes of a note", max: NOTE_BYTES_MAX, found: bytes.len() });
        }
        let note =
            std::str::from_utf8(bytes).map_err(|_| malformed("note", "UTF-8", &String::from_utf8_lossy(bytes)))?;
        // The text may have empty lines: the last one is what separates the signatures.
        let (head, block) =
            note.rsplit_once("\n\n").ok_or_else(|| malformed("note", "an empty line before the signatures", note))?;
        let text = format!("{head}\n");
        check_text(&text)?;
        let mut signatures = Vec::new();
        let mut rest = block;
        while !rest.is_empty() || signatures.is_empty() {
            if signatures.len() >= SIGNATURES_MAX {
                let found = signatures.len().saturating_add(1);
                return Err(NoteError::TooLarge { what: "signatures of a note", max: SIGNATURES_MAX, found });
            }
            let (line, tail) =
                rest.split_once('\n').ok_or_else(|| malformed("note", "a signature line that ends", rest))?;
            signatures.push(parse_signature(line)?);
            rest = tail;
        }
        Ok(Self { text, signatures })
    }

    /// What is signed, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, checked or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The signatures by these keys, in the order of the note and each key once.
    ///
    /// Signatures of unknown keys are ignored, as the specification asks. One by a known key that is not valid refuses
    /// the note, and so does the lack of any by a known key.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            let mut known = keys.iter().filter(|key| key.name == signature.name && key.id() == signature.key_id);
            let Some(key) = known.next() else { continue };
            if known.next().is_some() {
                return Err(NoteError::AmbiguousKey { key: key.label() });
            }
            if verified.iter().any(|earlier| earlier.key == key) {
                continue;
            }
            verified.push(
                key.verify(&self.text, &signature.signature)
                    .ok_or_else(|| NoteError::InvalidSignature { key: key.label() })?,
            );
        }
        if verified.is_empty() {
            let expected = keys.iter().map(VerifierKey::label).collect::<Vec<_>>().join(" or ");
            return Err(NoteError::NotSigned { expected });
        }
        Ok(verified)
    }

    /// The checkpoint in it, which the operator must have signed, about the log that his key is named after.
    pub fn checkpoint(&self, operator: &VerifierKey) -> Result<Checkpoint, NoteError> {
        self.verify(std::slice::from_ref(operator))?;
        let checkpoint = Checkpoint::parse(&self.text)?;
        if checkpoint.origin != operator.name {
            return Err(NoteError::Origin { expected: operator.name.clone(), found: checkpoint.origin });
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for signature in &self.signatures {
            let mut bytes = signature.key_id.to_be_bytes().to_vec();
            bytes.extend_from_slice(&signature.signature);
            writeln!(formatter, "— {} {}", signature.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

/// The log at one size: what an operator signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries there are.
    pub tree_size: u64,
    /// The root hash of the tree of these entries.
    pub root_hash: Id,
}

/// A checkpoint whose signatures were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    /// What the operator signed.
    pub checkpoint: Checkpoint,
    /// The witnesses that signed as well, by name, and when: seconds since 1970-01-01 UTC.
    pub cosignatures: Vec<(String, u64)>,
}

impl Checkpoint {
    /// The text that is signed. Extension lines are never written.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.tree_size, STANDARD.encode(self.root_hash))
    }

    /// Reads the text of a note. Stricter than the specification where our formats are: the origin is printable ASCII
    /// and extension lines are refused, because nothing here would check what they say.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let lines: Vec<&str> = text.split('\n').take(5).collect();
        let &[origin, size, root, ""] = lines.as_slice() else {
            return Err(malformed("checkpoint", "three lines: origin, tree size and root hash", text));
        };
        if !is_valid_origin(origin) {
            return Err(malformed("origin", "1 to 255 bytes of printable ASCII without + or space", origin));
        }
        let tree_size = parse_decimal("tree size", size)?;
        if tree_size > TREE_SIZE_MAX {
            return Err(malformed("tree size", "a number below 2^63", size));
        }
        let root_hash = parse_hash("root hash", root)?;
        Ok(Self { origin: origin.to_owned(), tree_size, root_hash })
    }

    /// The note in which the operator's key of this seed signs this checkpoint.
    pub fn sign(&self, seed: &[u8; 32]) -> Result<SignedNote, NoteError> {
        if !is_valid_origin(&self.origin) {
            return Err(malformed("origin", "1 to 255 bytes of printable ASCII without + or space", &self.origin));
        }
        SignedNote::sign(&self.to_text(), &self.origin, seed)
    }

    /// Reads and checks a note: the operator must have signed it, about the log that the operator's key is named after;
    /// signatures of witnesses count where they are there.
    pub fn verify(
        note: &[u8],
        operator: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<VerifiedCheckpoint, NoteError> {
        let note = SignedNote::parse(note)?;
        let checkpoint = note.checkpoint(operator)?;
        let cosignatures = match note.verify(witnesses) {
            Ok(verified) => verified
                .into_iter()
                .filter_map(|signature| Some((signature.key.name.clone(), signature.time_s?)))
                .collect(),
            Err(NoteError::NotSigned { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(VerifiedCheckpoint { checkpoint, cosignatures })
    }
}

/// Whether a log may have this name: 1 to 255 bytes of printable ASCII (`21`–`7e`) without `+`, so that it can be the
/// name of a key.
pub fn is_valid_origin(origin: &str) -> bool {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7e) && byte != b'+';
    (1..=ORIGIN_BYTES_MAX).contains(&origin.len()) && origin.bytes().all(printable)
}

/// A number in its one decimal spelling: no sign and no leading zero.
pub(crate) fn parse_decimal(what: &'static str, text: &str) -> Result<u64, NoteError> {
    let canonical = |number: &u64| number.to_string() == text;
    text.parse().ok().filter(canonical).ok_or_else(|| malformed(what, "a decimal number below 2^64", text))
}

/// A base64 hash of 32 bytes.
pub(crate) fn parse_hash(what: &'static str, text: &str) -> Result<Id, NoteError> {
    let bytes = decode_base64(text).and_then(|bytes| bytes.try_into().ok());
    bytes.map(Id).ok_or_else(|| malformed(what, "base64 of 32 bytes", text))
}

/// Standard base64, padded, without spare bits: one spelling for each value.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The error for what is not in the form that was expected.
pub(crate) fn malformed(what: &'static str, expected: &'static str, found: &str) -> NoteError {
    /// Long enough for a hash or an origin; outside data is never repeated in full.
    const FOUND_CHARS_MAX: usize = 80;
    NoteError::Malformed { what, expected, found: found.chars().take(FOUND_CHARS_MAX).collect() }
}

fn label(name: &str, id: u32) -> String {
    format!("{name}+{id:08x}")
}

fn cosigned(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') || text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(malformed("note text", "lines without control characters, each ended by a newline", text));
    }
    Ok(())
}

fn check_key_name(name: &str) -> Result<(), NoteError> {
    // Control characters that are not spaces would let a name end the note's line or hide in it.
    if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '+' || letter < ' ') {
        return Err(malformed("key name", "text without spaces, plus signs and control characters", name));
    }
    Ok(())
}

fn parse_signature(line: &str) -> Result<NoteSignature, NoteError> {
    let expected = || malformed("signature line", "— name base64(key id ‖ signature)", line);
    let (name, signature) = line.strip_prefix("— ").and_then(|line| line.split_once(' ')).ok_or_else(expected)?;
    check_key_name(name)?;
    let bytes = decode_base64(signature).ok_or_else(expected)?;
    match bytes.split_first_chunk() {
        Some((key_id, signature)) if !signature.is_empty() => Ok(NoteSignature {
            name: name.to_owned(),
            key_id: u32::from_be_bytes(*key_id),
            signature: signature.to_vec(),
        }),
        Some(_) | None => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [5; 32];

    fn operator() -> VerifierKey {
        VerifierKey::new("club.example/beans", Algorithm::Ed25519, public_key(&SEED)).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "club.example/beans".into(), tree_size: 17, root_hash: Id([3; 32]) }
    }

    #[test]
    fn a_checkpoint_comes_back_from_its_note() {
        let mut note = checkpoint().sign(&SEED).unwrap();
        note.cosign("witness.example", &[6; 32], 1_700_000_000).unwrap();
        note.cosign("stranger.example", &[7; 32], 1_700_000_001).unwrap();
        let bytes = note.to_string().into_bytes();
        assert_eq!(SignedNote::parse(&bytes), Ok(note));
        let witness = VerifierKey::new("witness.example", Algorithm::Cosignature, public_key(&[6; 32])).unwrap();
        let verified = Checkpoint::verify(&bytes, &operator(), std::slice::from_ref(&witness)).unwrap();
        assert_eq!(verified.checkpoint, checkpoint());
        assert_eq!(verified.cosignatures, [("witness.example".to_owned(), 1_700_000_000)]);
        // A witness alone does not make a checkpoint.
        assert!(matches!(Checkpoint::verify(&bytes, &witness, &[]), Err(NoteError::Origin { .. })));
        let other = VerifierKey::new("club.example/beans", Algorithm::Ed25519, public_key(&[8; 32])).unwrap();
        assert!(matches!(Checkpoint::verify(&bytes, &other, &[]), Err(NoteError::NotSigned { .. })));
        assert!(Checkpoint::verify(&bytes, &operator(), &[]).unwrap().cosignatures.is_empty());
    }

    #[test]
    fn no_changed_byte_verifies() {
        let note = checkpoint().sign(&SEED).unwrap().to_string().into_bytes();
        assert!(Checkpoint::verify(&note, &operator(), &[]).is_ok());
        for place in 0..note.len() {
            for mask in [1, 0x20, 0x80] {
                let mut changed = note.clone();
                changed[place] ^= mask;
                assert!(Checkpoint::verify(&changed, &operator(), &[]).is_err(), "byte {place} ^ {mask}");
            }
            assert!(Checkpoint::verify(&note[..place], &operator(), &[]).is_err());
        }
    }

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let root = STANDARD.encode([3; 32]);
        let parse = |text: String| Checkpoint::parse(&text);
        assert_eq!(parse(format!("club.example/beans\n17\n{root}\n")), Ok(checkpoint()));
        assert!(parse(format!("a\n0\n{root}\n")).is_ok());
        assert!(parse(format!("a\n9223372036854775807\n{root}\n")).is_ok());
        let spare_bits = root.replace("AwM=", "AwN=");
        assert_ne!(root, spare_bits);
        for text in [
            format!("a\n017\n{root}\n"),
            format!("a\n+17\n{root}\n"),
            format!("a\n 17\n{root}\n"),
            format!("a\n-0\n{root}\n"),
            format!("a\n\n{root}\n"),
            format!("a\n9223372036854775808\n{root}\n"),
            format!("a\n18446744073709551616\n{root}\n"),
            format!("\n17\n{root}\n"),
            format!("a b\n17\n{root}\n"),
            format!("a+b\n17\n{root}\n"),
            format!("é\n17\n{root}\n"),
            format!("{}\n17\n{root}\n", "a".repeat(256)),
            format!("a\n17\n{root}"),
            format!("a\n17\n{root}\nextension\n"),
            format!("a\n17\n{root}\n\n"),
            format!("a\n17\n{root}\r\n"),
            format!("a\n17\n{}\n", root.trim_end_matches('=')),
            format!("a\n17\n{spare_bits}\n"),
            format!("a\n17\n{}\n", STANDARD.encode([3; 31])),
            String::new(),
        ] {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn size_limits_hold() {
        let mut note = checkpoint().sign(&SEED).unwrap();
        let signature = note.signatures()[0].clone();
        for _ in 1..SIGNATURES_MAX {
            note.add(signature.clone()).unwrap();
        }
        assert!(matches!(note.add(signature), Err(NoteError::TooLarge { .. })));
        let mut bytes = note.to_string().into_bytes();
        assert!(SignedNote::parse(&bytes).is_ok());
        let line = bytes.split(|byte| *byte == b'\n').nth(4).unwrap().to_vec();
        bytes.extend_from_slice(&line);
        bytes.push(b'\n');
        assert!(matches!(SignedNote::parse(&bytes), Err(NoteError::TooLarge { .. })));
        bytes.resize(NOTE_BYTES_MAX + 1, b'a');
        assert!(matches!(SignedNote::parse(&bytes), Err(NoteError::TooLarge { .. })));
    }

    #[test]
    fn cosignatures_are_added_to_the_same_checkpoint() {
        let mut kept = checkpoint().sign(&SEED).unwrap();
        let mut cosigned = kept.clone();
        cosigned.cosign("w1", &[1; 32], 100).unwrap();
        cosigned.cosign("w2", &[2; 32], 100).unwrap();
        kept.add_cosignatures(&cosigned).unwrap();
        assert_eq!(kept, cosigned);
        kept.add_cosignatures(&cosigned).unwrap();
        assert_eq!(kept, cosigned, "each once");

        // The later one takes the place of the earlier one, and of two in one note the first counts.
        let mut later = checkpoint().sign(&[8; 32]).unwrap();
        later.cosign("w2", &[2; 32], 300).unwrap();
        later.cosign("w2", &[2; 32], 200).unwrap();
        kept.add_cosignatures(&later).unwrap();
        assert_eq!(kept.signatures().len(), 3, "nothing more in the log's own name");
        assert_eq!(kept.signatures()[0], cosigned.signatures()[0]);
        let witness = VerifierKey::new("w2", Algorithm::Cosignature, public_key(&[2; 32])).unwrap();
        let times: Vec<_> = kept.verify(&[witness]).unwrap().iter().map(|verified| verified.time_s).collect();
        assert_eq!(times, [Some(300)]);

        let before = kept.clone();
        let other = Checkpoint { tree_size: 18, ..checkpoint() }.sign(&SEED).unwrap();
        assert!(matches!(kept.add_cosignatures(&other), Err(NoteError::Malformed { .. })));
        let mut many = checkpoint().sign(&SEED).unwrap();
        for number in 1..SIGNATURES_MAX {
            many.cosign(&format!("x{number}"), &[3; 32], 100).unwrap();
        }
        assert!(matches!(kept.add_cosignatures(&many), Err(NoteError::TooLarge { .. })));
        let mut long = checkpoint().sign(&SEED).unwrap();
        let signature = vec![0; NOTE_WRITTEN_BYTES_MAX * 3 / 4];
        long.add(NoteSignature { name: "w3".to_owned(), key_id: 1, signature }).unwrap();
        assert!(matches!(kept.add_cosignatures(&long), Err(NoteError::TooLarge { .. })));
        assert_eq!(kept, before, "all of them or none");
    }

    #[test]
    fn a_key_without_a_point_is_refused() {
        let small = VerifierKey::new("a", Algorithm::Ed25519, [0; 32]);
        assert!(matches!(small, Err(NoteError::Key { .. })));
        for name in ["", "a b", "a+b", "a\n", "a\u{a0}b", "a\u{1}b"] {
            assert!(VerifierKey::new(name, Algorithm::Ed25519, public_key(&SEED)).is_err(), "{name:?}");
        }
    }
}
