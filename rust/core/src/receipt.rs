//! What a client is handed: the receipt of a transaction and the statement about a record, as bytes.
//!
//! Formats: `docs/reference/formats.md`, *What a client is handed*; [C2SP tlog-proof](https://c2sp.org/tlog-proof).
//! This file reads and writes, and follows a receipt to its signed checkpoint; what the entry and the map proofs inside
//! say is for others to read.

use crate::id::Id;
use crate::merkle::log::{LogError, leaf_hash, verify_inclusion};
use crate::note::{
    Checkpoint, NOTE_BYTES_MAX, NoteError, VerifiedCheckpoint, VerifierKey, decode_base64, malformed, parse_decimal,
    parse_hash,
};
use crate::state::{Table, TableName, VALUE_BYTES_MAX};
use crate::wire::ENTRY_BYTES_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The most hashes that an inclusion proof has: the log has fewer than 2^64 entries.
pub const INCLUSION_HASHES_MAX: usize = 64;

/// The most bytes that a map proof has: kind, sum, length and value, then n, bitmap and 256 siblings.
pub const MAP_PROOF_BYTES_MAX: usize = 1 + 16 + 2 + VALUE_BYTES_MAX + 2 + 32 + 256 * 48;

const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1\n";
const STATEMENT_HEADER: &[u8] = b"counterfoil/statement/v1\n";
const QUESTION_HEADER: &[u8] = b"counterfoil/question/v1\n";

/// Why a receipt or a statement is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Its text, or the checkpoint in it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its inclusion proof.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Its bytes end too early, go on too long or have another form.
    #[error("{what}: expected {expected}, found {found}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
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

/// The five parts of a statement about a record. They carry no keys and no names: a verifier asks, this answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The map proof of the record in its table; nothing where the table is absent.
    pub record_proof: Vec<u8>,
    /// The map proof of the table in the directory.
    pub directory_proof: Vec<u8>,
    /// The commit entry whose state root the directory has.
    pub commit_entry: Vec<u8>,
    /// The commit entry's inclusion proof, deepest hash first.
    pub inclusion: Vec<Id>,
    /// The checkpoint's note.
    pub note: String,
}

impl Statement {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = STATEMENT_HEADER.to_vec();
        let inclusion: Vec<u8> = self.inclusion.iter().flat_map(|hash| hash.0).collect();
        let parts: [&[u8]; 5] =
            [&self.record_proof, &self.directory_proof, &self.commit_entry, &inclusion, self.note.as_bytes()];
        for part in parts {
            // A part whose length does not fit is far above its limit: every reader refuses it.
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// Reads the bytes, within the limits of each part.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let mut rest = bytes
            .strip_prefix(STATEMENT_HEADER)
            .ok_or_else(|| wrong("statement", "counterfoil/statement/v1", "another beginning"))?;
        let record_proof = take_part(&mut rest, "record proof", 0, MAP_PROOF_BYTES_MAX)?.to_vec();
        let directory_proof = take_part(&mut rest, "directory proof", 1, MAP_PROOF_BYTES_MAX)?.to_vec();
        let commit_entry = take_part(&mut rest, "commit entry", 1, ENTRY_BYTES_MAX)?.to_vec();
        let hashes = take_part(&mut rest, "inclusion hashes", 0, INCLUSION_HASHES_MAX.saturating_mul(32))?;
        let (inclusion, []) = hashes.as_chunks::<32>() else {
            return Err(wrong("inclusion hashes", "a multiple of 32 bytes", &hashes.len().to_string()));
        };
        let inclusion = inclusion.iter().copied().map(Id).collect();
        let note = take_part(&mut rest, "checkpoint note", 1, NOTE_BYTES_MAX)?;
        let note = std::str::from_utf8(note).map_err(|_| wrong("checkpoint note", "UTF-8", "other bytes"))?;
        check_note(note)?;
        if !rest.is_empty() {
            return Err(wrong("statement", "five parts", &format!("{} bytes more", rest.len())));
        }
        Ok(Self { record_proof, directory_proof, commit_entry, inclusion, note: note.to_owned() })
    }
}

/// What a statement in a file says it is about. The maker of the file says so: a verifier that expects a certain record
/// compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The table.
    pub table: Table,
    /// The record in it.
    pub record_id: Id,
}

impl Question {
    /// The bytes of this question and its answer, so that one file is enough.
    pub fn encode(&self, statement: &Statement) -> Vec<u8> {
        let mut bytes = QUESTION_HEADER.to_vec();
        for part in [self.table.name.as_str().as_bytes(), self.table.key_bytes()] {
            // Table names are ours and short; keys have 32 bytes.
            bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&self.record_id.0);
        bytes.extend_from_slice(&statement.encode());
        bytes
    }

    /// Reads a question and its answer.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Statement), ReceiptError> {
        let mut rest = bytes
            .strip_prefix(QUESTION_HEADER)
            .ok_or_else(|| wrong("question", "counterfoil/question/v1", "another beginning"))?;
        let name = take_short(&mut rest, "table name")?;
        let name = std::str::from_utf8(name)
            .ok()
            .and_then(TableName::parse)
            .ok_or_else(|| wrong("table name", "the name of a table", &String::from_utf8_lossy(name)))?;
        let key = match take_short(&mut rest, "table key")? {
            [] => None,
            key => {
                let found = key.len().to_string();
                Some(Id(key.try_into().map_err(|_| wrong("table key", "no bytes or 32", &found))?))
            }
        };
        let record_id = Id(*take_chunk(&mut rest, "record id")?);
        Ok((Self { table: Table { name, key }, record_id }, Statement::parse(rest)?))
    }
}

fn wrong(what: &'static str, expected: &str, found: &str) -> ReceiptError {
    ReceiptError::Malformed { what, expected: expected.to_owned(), found: found.to_owned() }
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

fn take_chunk<'a, const N: usize>(rest: &mut &'a [u8], what: &'static str) -> Result<&'a [u8; N], ReceiptError> {
    let (chunk, tail) = rest
        .split_first_chunk()
        .ok_or_else(|| wrong(what, &format!("{N} bytes"), &format!("the end after {}", rest.len())))?;
    *rest = tail;
    Ok(chunk)
}

fn take<'a>(rest: &mut &'a [u8], what: &'static str, length: usize) -> Result<&'a [u8], ReceiptError> {
    let (part, tail) = rest
        .split_at_checked(length)
        .ok_or_else(|| wrong(what, &format!("{length} bytes"), &format!("the end after {}", rest.len())))?;
    *rest = tail;
    Ok(part)
}

fn take_short<'a>(rest: &mut &'a [u8], what: &'static str) -> Result<&'a [u8], ReceiptError> {
    let [length] = *take_chunk::<1>(rest, what)?;
    take(rest, what, length.into())
}

fn take_part<'a>(rest: &mut &'a [u8], what: &'static str, min: usize, max: usize) -> Result<&'a [u8], ReceiptError> {
    let length = u32::from_be_bytes(*take_chunk(rest, what)?);
    let part = usize::try_from(length).ok().filter(|length| (min..=max).contains(length));
    let part = part.ok_or_else(|| wrong(what, &format!("{min} to {max} bytes"), &length.to_string()))?;
    take(rest, what, part)
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

    fn statement() -> Statement {
        Statement {
            record_proof: vec![1; 40],
            directory_proof: vec![2; 50],
            commit_entry: vec![2, 1],
            inclusion: vec![Id([3; 32]), Id([4; 32])],
            note: "note\n".into(),
        }
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

    #[test]
    fn a_statement_comes_back_and_no_other_length_does() {
        let statement = statement();
        let bytes = statement.encode();
        assert_eq!(Statement::parse(&bytes), Ok(statement.clone()));
        for end in 0..bytes.len() {
            assert!(Statement::parse(&bytes[..end]).is_err());
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Statement::parse(&longer).is_err());
        let absent_table = Statement { record_proof: Vec::new(), ..statement.clone() };
        assert_eq!(Statement::parse(&absent_table.encode()), Ok(absent_table));
        for refused in [
            Statement { record_proof: vec![0; MAP_PROOF_BYTES_MAX + 1], ..statement.clone() },
            Statement { directory_proof: Vec::new(), ..statement.clone() },
            Statement { directory_proof: vec![0; MAP_PROOF_BYTES_MAX + 1], ..statement.clone() },
            Statement { commit_entry: Vec::new(), ..statement.clone() },
            Statement { commit_entry: vec![0; ENTRY_BYTES_MAX + 1], ..statement.clone() },
            Statement { inclusion: vec![Id::ZERO; INCLUSION_HASHES_MAX + 1], ..statement.clone() },
            Statement { note: String::new(), ..statement.clone() },
            Statement { note: "a".repeat(NOTE_BYTES_MAX) + "\n", ..statement.clone() },
        ] {
            assert!(Statement::parse(&refused.encode()).is_err());
        }
        let huge_length = [STATEMENT_HEADER, &[0xff; 4]].concat();
        assert!(Statement::parse(&huge_length).is_err());
    }

    #[test]
    fn a_question_comes_back_with_its_answer() {
        let asset = Id([9; 32]);
        for table in [Table::ACCOUNTS, Table::DIRECTORY, Table::holders(asset)] {
            let question = Question { table, record_id: Id([8; 32]) };
            let bytes = question.encode(&statement());
            assert_eq!(Question::parse(&bytes), Ok((question, statement())));
            for end in 0..bytes.len() {
                assert!(Question::parse(&bytes[..end]).is_err());
            }
        }
        let bytes = Question { table: Table::ACCOUNTS, record_id: asset }.encode(&statement());
        let mut other_name = bytes.clone();
        other_name[QUESTION_HEADER.len() + 1] ^= 1;
        assert!(Question::parse(&other_name).is_err());
        let mut short_key = bytes;
        short_key[QUESTION_HEADER.len() + 9] = 1;
        assert!(Question::parse(&short_key).is_err());
    }
}
