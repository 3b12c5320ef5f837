//! The receipt of a transaction: a text that says where in the log its entry stands, and the checkpoint that binds it.
//!
//! Formats: `docs/reference/formats.md`, *Receipt*; [C2SP tlog-proof](https://c2sp.org/tlog-proof). This file reads and
//! writes, and follows a receipt to its signed checkpoint; what the entry says is for others to read.

use crate::id::Id;
use crate::merkle::log::{LogError, leaf_hash, verify_inclusion};
use crate::note::{
    Checkpoint, NOTE_BYTES_MAX, NoteError, VerifiedCheckpoint, VerifierKey, decode_base64, malformed, parse_decimal,
    parse_hash,
};
use crate::wire::ENTRY_BYTES_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The most hashes that an inclusion proof has: the log has fewer than 2^64 entries.
pub const INCLUSION_HASHES_MAX: usize = 64;

const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1\n";

/// Why a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Its text, or the checkpoint in it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its inclusion proof.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A C2SP tlog-proof: where in a log something stands, and the checkpoint that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Anything else that the application needs; it proves nothing by being here.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// The inclusion proof, deepest hash first.
    pub inclusion: Vec<Id>,
    /// The checkpoint's note.
    pub note: String,
}

impl TlogProof {
    /// Reads the text file. The note is taken as it is: whoever checks it reads it.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let max = proof_bytes_max();
        if bytes.len() > max {
            return Err(NoteError::TooLarge { what: "bytes of a proof", max, found: bytes.len() }.into());
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| malformed("proof", "UTF-8", &String::from_utf8_lossy(bytes)))?;
        let mut rest =
            text.strip_prefix(PROOF_HEADER).ok_or_else(|| malformed("proof", "c2sp.org/tlog-proof@v1", text))?;
        let mut line = next_line(&mut rest)?;
        let mut extra = None;
        if let Some(value) = line.strip_prefix("extra ") {
            let bytes = decode_base64(value).filter(|bytes| !bytes.is_empty() && bytes.len() <= ENTRY_BYTES_MAX);
            extra = Some(bytes.ok_or_else(|| malformed("extra", "base64 of 1 to 65535 bytes", value))?);
            line = next_line(&mut rest)?;
        }
        let index = line.strip_prefix("index ").ok_or_else(|| malformed("proof", "an index line", line))?;
        let index = parse_decimal("index", index)?;
        let mut inclusion = Vec::new();
        loop {
            let line = next_line(&mut rest)?;
            if line.is_empty() {
                break;
            }
            if inclusion.len() >= INCLUSION_HASHES_MAX {
                let found = inclusion.len().saturating_add(1);
                let max = INCLUSION_HASHES_MAX;
                return Err(NoteError::TooLarge { what: "hashes of a proof", max, found }.into());
            }
            inclusion.push(parse_hash("inclusion hash", line)?);
        }
        check_note(rest)?;
        Ok(Self { extra, index, inclusion, note: rest.to_owned() })
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PROOF_HEADER)?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        for hash in &self.inclusion {
            writeln!(formatter, "{}", STANDARD.encode(hash))?;
        }
        write!(formatter, "\n{}", self.note)
    }
}

/// The receipt of an entry: it is in the log, so what it says was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry.
    pub entry: Vec<u8>,
    /// Its index.
    pub index: u64,
    /// The inclusion proof, deepest hash first.
    pub inclusion: Vec<Id>,
    /// The checkpoint's note.
    pub note: String,
}

impl Receipt {
    /// Reads the text file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let TlogProof { extra, index, inclusion, note } = TlogProof::parse(bytes)?;
        let entry = extra.ok_or_else(|| malformed("receipt", "an extra line with the entry", "none"))?;
        Ok(Self { entry, index, inclusion, note })
    }

    /// Checks that the entry is in the log of this operator, and returns the checkpoint that binds it.
    pub fn verify(
        &self,
        operator: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<VerifiedCheckpoint, ReceiptError> {
        let verified = Checkpoint::verify(self.note.as_bytes(), operator, witnesses)?;
        let Checkpoint { tree_size, root_hash, .. } = &verified.checkpoint;
        verify_inclusion(self.index, *tree_size, &leaf_hash(&self.entry), &self.inclusion, root_hash)?;
        Ok(verified)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = TlogProof {
            extra: Some(self.entry.clone()),
            index: self.index,
            inclusion: self.inclusion.clone(),
            note: self.note.clone(),
        };
        fmt::Display::fmt(&proof, formatter)
    }
}

/// The base64 of the entry and of each hash, the note, and some room for the other lines.
const fn proof_bytes_max() -> usize {
    ENTRY_BYTES_MAX.div_ceil(3).saturating_mul(4).saturating_add(INCLUSION_HASHES_MAX * 45 + NOTE_BYTES_MAX + 128)
}

fn check_note(note: &str) -> Result<(), NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLarge { what: "bytes of a note", max: NOTE_BYTES_MAX, found: note.len() });
    }
    if note.ends_with('\n') { Ok(()) } else { Err(malformed("checkpoint note", "text ended by a newline", note)) }
}

fn next_line<'a>(rest: &mut &'a str) -> Result<&'a str, NoteError> {
    let (line, tail) = rest.split_once('\n').ok_or_else(|| malformed("proof", "a line that ends", rest))?;
    *rest = tail;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::log::{Frontier, inclusion_proof};
    use crate::note::Algorithm;
    use crate::signature::public_key;
    use std::collections::BTreeMap;

    const SEED: [u8; 32] = [5; 32];

    fn receipt(index: u64, tree_size: u64) -> Receipt {
        let entry = |number: u64| [&[1], number.to_be_bytes().as_slice()].concat();
        let (mut frontier, mut nodes) = (Frontier::new(), BTreeMap::new());
        for number in 0..tree_size {
            let leaf = leaf_hash(&entry(number));
            frontier.append(leaf, |level, index, hash| assert!(nodes.insert((level, index), hash).is_none())).unwrap();
        }
        let checkpoint = Checkpoint { origin: "club.example".into(), tree_size, root_hash: frontier.root() };
        let inclusion = inclusion_proof::<LogError>(index, tree_size, |level, index| Ok(nodes[&(level, index)]));
        let note = checkpoint.sign(&SEED).unwrap().to_string();
        Receipt { entry: entry(index), index, inclusion: inclusion.unwrap(), note }
    }

    #[test]
    fn a_receipt_proves_its_entry() {
        let operator = VerifierKey::new("club.example", Algorithm::Ed25519, public_key(&SEED)).unwrap();
        for (index, tree_size) in [(0, 1), (3, 9), (8, 9), (5, 16)] {
            let receipt = receipt(index, tree_size);
            let read = Receipt::parse(receipt.to_string().as_bytes()).unwrap();
            assert_eq!(read, receipt);
            assert_eq!(read.verify(&operator, &[]).unwrap().checkpoint.tree_size, tree_size);
            let mut other_entry = receipt.clone();
            other_entry.entry[1] ^= 1;
            let mut other_index = receipt.clone();
            other_index.index ^= 1;
            for other in [other_entry, other_index] {
                assert!(matches!(other.verify(&operator, &[]), Err(ReceiptError::Log(_))));
            }
        }
        let other = VerifierKey::new("other.example", Algorithm::Ed25519, public_key(&SEED)).unwrap();
        assert!(matches!(receipt(0, 1).verify(&other, &[]), Err(ReceiptError::Note(_))));
    }

    #[test]
    fn a_receipt_has_one_spelling() {
        let text = receipt(3, 9).to_string();
        for (from, to) in [
            ("index 3\n", "index 03\n"),
            ("index 3\n", "index +3\n"),
            ("index 3\n", "index  3\n"),
            ("index 3\n", "index 3\r\n"),
            ("index 3\n", ""),
            ("index 3\n", "index 3\nindex 3\n"),
            ("extra AQ", "extra  AQ"),
            ("extra ", "Extra "),
            ("@v1\n", "@v1\nextra AQ==\n"),
            ("@v1\n", "@v2\n"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(Receipt::parse(changed.as_bytes()).is_err(), "{to:?}");
        }
        let no_entry =
            text.lines().filter(|line| !line.starts_with("extra")).fold(String::new(), |all, line| all + line + "\n");
        assert!(TlogProof::parse(no_entry.as_bytes()).is_ok());
        assert!(Receipt::parse(no_entry.as_bytes()).is_err());
        for end in 0..text.len() {
            if let Ok(shorter) = Receipt::parse(&text.as_bytes()[..end]) {
                // Only the note can end earlier without the form being broken, and then its signature is gone.
                assert!(crate::note::SignedNote::parse(shorter.note.as_bytes()).is_err());
            }
        }
    }

    #[test]
    fn the_largest_receipt_fits() {
        let receipt = Receipt {
            entry: vec![7; ENTRY_BYTES_MAX],
            index: u64::MAX,
            inclusion: vec![Id([1; 32]); INCLUSION_HASHES_MAX],
            note: "a".repeat(NOTE_BYTES_MAX - 1) + "\n",
        };
        assert_eq!(Receipt::parse(receipt.to_string().as_bytes()), Ok(receipt.clone()));
        let mut longer = receipt.clone();
        longer.inclusion.push(Id::ZERO);
        assert!(Receipt::parse(longer.to_string().as_bytes()).is_err());
        longer = receipt.clone();
        longer.entry.push(7);
        assert!(Receipt::parse(longer.to_string().as_bytes()).is_err());
        longer = receipt;
        longer.note.push('\n');
        assert!(Receipt::parse(longer.to_string().as_bytes()).is_err());
    }
}
