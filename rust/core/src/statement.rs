//! The statement about a record: what it consists of, and what it proves to whoever has the operator's key.
//!
//! Formats: `docs/reference/formats.md`, *Statement*. The rules, the limits and the reasons of refusal are those of the
//! verifier in Python, `counterfoil/verify.py`; tests hold both to the same verdicts.

use crate::id::Id;
use crate::merkle::log::{leaf_hash, verify_inclusion};
use crate::merkle::proof::{self, Proven};
use crate::note::{Algorithm, Checkpoint, NOTE_BYTES_MAX, NoteError, SignedNote, Verified, VerifierKey};
use crate::ops::attest::{AttestationRecord, SchemaRecord};
use crate::ops::campaign::{CampaignRecord, ClaimantRecord};
use crate::ops::distribute::{CollectedRecord, DistributionRecord};
use crate::ops::governance::{
    ConstitutionRecord, DelegationRecord, ProposalRecord, RankingRecord, ResolutionRecord, VoteRecord,
};
use crate::ops::hold::{GroupRecord, HoldRecord};
use crate::ops::items::{DesignRecord, ItemRecord};
use crate::ops::snapshot::{SavedRecord, SnapshotRecord};
use crate::receipt::INCLUSION_HASHES_MAX;
use crate::state::{
    AccountRecord, AssetRecord, DebtRecord, FreezeRecord, GuardiansRecord, Holding, LotRecord, MandateRecord,
    OnceRecord, OwnId, Record, RecoveryRecord, RedemptionRecord, Table, TableName, TableRecord, tree_key,
};
use crate::wire::{COMMIT_VERSION, Commit, Parameters, decode};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The most bytes that a statement with its question has; more are refused unread.
pub const STATEMENT_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX;

const STATEMENT_HEADER: &[u8] = b"counterfoil/statement/v1\n";
const QUESTION_HEADER: &[u8] = b"counterfoil/question/v1\n";

/// The tag of a commit entry.
const COMMIT_TAG: u8 = 2;

/// The class of a refusal: a short code that stays as it is, the same in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// More bytes than any proof has.
    TooLong,
    /// The question before the statement has another form.
    MalformedQuestion,
    /// The parts of the statement have another form.
    MalformedStatement,
    /// The lines of the signed note have another form.
    MalformedNote,
    /// The note's text is not the three lines of a checkpoint.
    MalformedCheckpoint,
    /// The entry does not decode.
    MalformedEntry,
    /// The record's value does not decode.
    MalformedRecord,
    /// A map proof that is not encoded the one way.
    MalformedProof,
    /// Fewer bytes than the lengths announce.
    Truncated,
    /// More bytes than the lengths announce.
    TrailingBytes,
    /// About another record than expected.
    WrongQuestion,
    /// A table that this version does not know.
    UnknownTable,
    /// Not signed by the expected key.
    WrongKey,
    /// Two of the expected keys have one name and id.
    AmbiguousKey,
    /// The expected key's signature does not hold.
    BadSignature,
    /// A checkpoint of another log.
    WrongOrigin,
    /// A commit of another ledger.
    WrongLedger,
    /// The entry is not a commit, or one in an impossible place.
    WrongEntry,
    /// The commit is not what the checkpoint ends with.
    NotLastEntry,
    /// A version that this one does not know: made by a newer Counterfoil.
    UnknownVersion,
    /// A listed sibling that is empty.
    EmptySibling,
    /// The deepest sibling is empty.
    ShallowLeaf,
    /// The other leaf that is shown cannot stand for absence.
    WrongLeaf,
    /// Sums of 2^128 or more.
    SumOverflow,
    /// A map proof that leads to another root.
    WrongRoot,
    /// A sum that contradicts its record.
    WrongSum,
    /// A record under an id that is not its own.
    WrongRecord,
    /// A table that the directory cannot have.
    WrongDirectory,
    /// Older than asked.
    Stale,
    /// Newer than the verifier's clock allows.
    FromTheFuture,
    /// Fewer of the expected witnesses have cosigned than are needed.
    TooFewWitnesses,
    /// Too few of them at about the time that the commit says.
    WrongTime,
}

impl Reason {
    /// The code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::MalformedQuestion => "malformed_question",
            Self::MalformedStatement => "malformed_statement",
            Self::MalformedNote => "malformed_note",
            Self::MalformedCheckpoint => "malformed_checkpoint",
            Self::MalformedEntry => "malformed_entry",
            Self::MalformedRecord => "malformed_record",
            Self::MalformedProof => "malformed_proof",
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing_bytes",
            Self::WrongQuestion => "wrong_question",
            Self::UnknownTable => "unknown_table",
            Self::WrongKey => "wrong_key",
            Self::AmbiguousKey => "ambiguous_key",
            Self::BadSignature => "bad_signature",
            Self::WrongOrigin => "wrong_origin",
            Self::WrongLedger => "wrong_ledger",
            Self::WrongEntry => "wrong_entry",
            Self::NotLastEntry => "not_last_entry",
            Self::UnknownVersion => "unknown_version",
            Self::EmptySibling => "empty_sibling",
            Self::ShallowLeaf => "shallow_leaf",
            Self::WrongLeaf => "wrong_leaf",
            Self::SumOverflow => "sum_overflow",
            Self::WrongRoot => "wrong_root",
            Self::WrongSum => "wrong_sum",
            Self::WrongRecord => "wrong_record",
            Self::WrongDirectory => "wrong_directory",
            Self::Stale => "stale",
            Self::FromTheFuture => "from_the_future",
            Self::TooFewWitnesses => "too_few_witnesses",
            Self::WrongTime => "wrong_time",
        }
    }
}

/// Why a statement does not prove what it is said to prove.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StatementError {
    /// The class.
    pub reason: Reason,
    /// What, what was expected, what was found.
    pub message: String,
}

impl StatementError {
    fn new(reason: Reason, what: &str, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self { reason, message: format!("{what}: expected {expected}, found {found}") }
    }

    /// Refuses a version that is not the one that is known.
    fn check_version(what: &str, known: u8, found: u8) -> Result<()> {
        let newer = if found > known { ": made by a newer Counterfoil" } else { "" };
        let error = || Self::new(Reason::UnknownVersion, &format!("{what}, version"), known, format!("{found}{newer}"));
        if found == known { Ok(()) } else { Err(error()) }
    }

    /// Tells a file of a later version, which begins as `counterfoil/…/v2` and later ones do, from one that is none.
    fn check_file_version(what: &str, bytes: &[u8]) -> Result<()> {
        /// The longest of such lines.
        const LINE_BYTES_MAX: usize = 40;
        let head = bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes);
        let line = head.split(|byte| *byte == b'\n').next().filter(|line| line.len() < head.len());
        let version = line.and_then(|line| std::str::from_utf8(line).ok()).and_then(|line| {
            let (kind, version) = line.strip_prefix("counterfoil/")?.split_once("/v")?;
            let is_kind =
                (1..=20).contains(&kind.len()) && kind.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase());
            let is_written_so = |number: &u16| (2..1_000).contains(number) && number.to_string() == version;
            version.parse().ok().filter(|number| is_kind && is_written_so(number))
        });
        version.map_or(Ok(()), |version: u16| {
            let found = format!("{version}: made by a newer Counterfoil");
            Err(Self::new(Reason::UnknownVersion, &format!("{what}, version"), 1, found))
        })
    }

    fn from_note(error: NoteError, malformed: Reason) -> Self {
        let reason = match error {
            NoteError::TooLarge { .. } | NoteError::Malformed { .. } => malformed,
            NoteError::InvalidSignature { .. } => Reason::BadSignature,
            NoteError::Origin { .. } => Reason::WrongOrigin,
            NoteError::AmbiguousKey { .. } => Reason::AmbiguousKey,
            NoteError::NotSigned { .. }
            | NoteError::UnknownAlgorithm { .. }
            | NoteError::KeyId { .. }
            | NoteError::Key { .. } => Reason::WrongKey,
        };
        Self { reason, message: error.to_string() }
    }
}

impl From<proof::ProofError> for StatementError {
    fn from(error: proof::ProofError) -> Self {
        use proof::ProofError as Error;
        let reason = match error {
            Error::Length { expected, found } if found < expected => Reason::Truncated,
            Error::Length { .. } => Reason::TrailingBytes,
            Error::Kind { .. } | Error::ValueTooLong { .. } | Error::Depth { .. } | Error::Padding => {
                Reason::MalformedProof
            }
            Error::EmptySibling { .. } => Reason::EmptySibling,
            Error::Overlong => Reason::ShallowLeaf,
            Error::SameKey | Error::OffPath { .. } => Reason::WrongLeaf,
            Error::Sum(_) => Reason::SumOverflow,
            Error::Root { .. } => Reason::WrongRoot,
        };
        Self { reason, message: error.to_string() }
    }
}

/// What the methods of this file give.
pub type Result<T> = std::result::Result<T, StatementError>;

/// The five parts of a statement about a record. They carry no keys and no names: a verifier asks, this answers.
///
/// Holding one says nothing: what counts is what [`StatementVerifier::verify`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The map proof of the record in its table; nothing where the table is absent.
    pub record_proof: &'a [u8],
    /// The map proof of the table in the directory.
    pub directory_proof: &'a [u8],
    /// The commit entry whose state root the directory has.
    pub commit_entry: &'a [u8],
    /// The commit entry's inclusion proof: hashes, deepest first.
    pub inclusion: &'a [[u8; 32]],
    /// The checkpoint's note.
    pub note: &'a [u8],
}

impl<'a> Statement<'a> {
    /// Reads the bytes. What the parts say is not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        if !bytes.starts_with(STATEMENT_HEADER) {
            StatementError::check_file_version("statement", bytes)?;
        }
        let mut rest = bytes.strip_prefix(STATEMENT_HEADER).ok_or_else(|| {
            let expected = "'counterfoil/statement/v1\\n' at the beginning";
            StatementError::new(Reason::MalformedStatement, "statement", expected, "other bytes")
        })?;
        let record_proof = take_part(&mut rest, "statement, record proof")?;
        let directory_proof = take_part(&mut rest, "statement, directory proof")?;
        let commit_entry = take_part(&mut rest, "statement, commit entry")?;
        let hashes = take_part(&mut rest, "statement, inclusion hashes")?;
        let note = take_part(&mut rest, "statement, checkpoint note")?;
        if !rest.is_empty() {
            let found = format!("{} bytes more", rest.len());
            return Err(StatementError::new(Reason::TrailingBytes, "statement", "five parts", found));
        }
        match hashes.as_chunks() {
            (inclusion, []) if inclusion.len() <= INCLUSION_HASHES_MAX => {
                Ok(Self { record_proof, directory_proof, commit_entry, inclusion, note })
            }
            _ => Err(StatementError::new(
                Reason::MalformedStatement,
                "statement, inclusion hashes",
                "at most 64 times 32 bytes",
                hashes.len(),
            )),
        }
    }

    fn parts(&self) -> [&'a [u8]; 5] {
        [self.record_proof, self.directory_proof, self.commit_entry, self.inclusion.as_flattened(), self.note]
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_length());
        self.encode_to(&mut bytes);
        bytes
    }

    fn encode_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(STATEMENT_HEADER);
        for part in self.parts() {
            // A part whose length does not fit is far above its limit: every reader refuses it.
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
    }

    fn encoded_length(&self) -> usize {
        let lengths = self.parts().map(|part| part.len().saturating_add(4));
        lengths.into_iter().fold(STATEMENT_HEADER.len(), usize::saturating_add)
    }
}

/// What a statement in a file says it is about. The maker of the file says so: a verifier that expects a certain record
/// compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The table; never the directory.
    pub table: Table,
    /// The record in it.
    pub record_id: Id,
}

impl Question {
    /// The bytes of this question and its answer, so that one file is enough.
    pub fn encode(&self, statement: &Statement<'_>) -> Vec<u8> {
        let question = QUESTION_HEADER.len().saturating_add(2 + 255 + 32 + 32);
        let mut bytes = Vec::with_capacity(question.saturating_add(statement.encoded_length()));
        bytes.extend_from_slice(QUESTION_HEADER);
        for part in [self.table.name.as_str().as_bytes(), self.table.key_bytes()] {
            // Table names are ours and short; keys have 32 bytes.
            bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&self.record_id.0);
        statement.encode_to(&mut bytes);
        bytes
    }

    /// Reads a question and its answer.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Statement<'_>)> {
        Expected::default().read(bytes)
    }
}

/// What a statement must be about; what is left open may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The table.
    pub table: Option<TableName>,
    /// Its key: that of another table, or that it has none.
    pub key: Option<Option<Id>>,
    /// The record.
    pub record_id: Option<Id>,
    /// The time of its commit, ms. Wider than times are, so that every bound that is asked for can be said.
    pub times: Option<RangeInclusive<i128>>,
}

impl Expected {
    /// A balance; of a certain asset and account, where they are given.
    pub fn balance(asset: Option<Id>, account: Option<Id>) -> Self {
        Self { table: Some(TableName::Holders), key: asset.map(Some), record_id: account, times: None }
    }

    fn check_time(&self, time: u64) -> Result<()> {
        let Some(times) = &self.times else { return Ok(()) };
        let (oldest, newest) = (times.start(), times.end());
        let refuse =
            |reason, expected| Err(StatementError::new(reason, "commit, time", expected, format!("{time} ms")));
        if i128::from(time) < *oldest {
            return refuse(Reason::Stale, format!("{oldest} ms or later"));
        }
        if i128::from(time) > *newest {
            return refuse(Reason::FromTheFuture, format!("{newest} ms or earlier"));
        }
        Ok(())
    }

    /// Reads a question with its statement, or a statement alone, where the whole question is known.
    fn read<'a>(&self, bytes: &'a [u8]) -> Result<(Question, Statement<'a>)> {
        if bytes.len() > STATEMENT_BYTES_MAX {
            let expected = format!("at most {STATEMENT_BYTES_MAX} bytes");
            return Err(StatementError::new(Reason::TooLong, "statement", expected, bytes.len()));
        }
        if let (Some(name), Some(key), Some(record_id)) = (self.table, self.key, self.record_id)
            && bytes.starts_with(STATEMENT_HEADER)
        {
            let key = key.as_ref().map_or(&[][..], |key| &key.0);
            return Ok((Question { table: table(name, key)?, record_id }, Statement::parse(bytes)?));
        }
        if !bytes.starts_with(QUESTION_HEADER) {
            StatementError::check_file_version("question", bytes)?;
        }
        let mut rest = bytes.strip_prefix(QUESTION_HEADER).ok_or_else(|| {
            let is_statement = bytes.starts_with(STATEMENT_HEADER);
            let found = if is_statement { "a statement without its question" } else { "other bytes" };
            let expected = "'counterfoil/question/v1\\n' at the beginning";
            StatementError::new(Reason::MalformedQuestion, "question", expected, found)
        })?;
        let name = take_short(&mut rest, "question, table name")?;
        let parsed = std::str::from_utf8(name).ok().and_then(TableName::parse);
        // The directory is what tables are proven by: nobody asks for it as a table.
        let name = parsed.filter(|name| *name != TableName::Directory).ok_or_else(|| {
            let found: String = String::from_utf8_lossy(name).chars().take(60).collect();
            StatementError::new(Reason::UnknownTable, "question, table", "the name of a table", format!("{found:?}"))
        })?;
        let key = take_short(&mut rest, "question, table key")?;
        let record_id = Id(*take_chunk(&mut rest, "question, record id")?);
        let wrong = |what, expected: &dyn fmt::Display, found: &dyn fmt::Display| {
            Err(StatementError::new(Reason::WrongQuestion, what, expected, found))
        };
        if let Some(expected) = self.table.filter(|expected| *expected != name) {
            return wrong("question, table", &expected.as_str(), &name.as_str());
        }
        if let Some(expected) = self.key.filter(|expected| expected.as_ref().map_or(&[][..], |key| &key.0) != key) {
            let text = |key: Option<Id>| key.map_or_else(|| "no key".to_owned(), |key| key.to_string());
            let found = key.try_into().map_or_else(|_| format!("{} bytes", key.len()), |key| Id(key).to_string());
            return wrong("question, table key", &text(expected), &found);
        }
        if let Some(expected) = self.record_id.filter(|expected| *expected != record_id) {
            return wrong("question, record id", &expected, &record_id);
        }
        Ok((Question { table: table(name, key)?, record_id }, Statement::parse(rest)?))
    }
}

/// The table with this name and key, if it has one such as this.
fn table(name: TableName, key: &[u8]) -> Result<Table> {
    let parsed = match key {
        [] => None,
        key => key.try_into().ok().map(Id),
    };
    if parsed.is_some() != name.is_keyed() || (parsed.is_none() && !key.is_empty()) {
        let what = format!("question, key of {}", name.as_str());
        let expected = if name.is_keyed() { "32 bytes" } else { "0 bytes" };
        return Err(StatementError::new(Reason::MalformedQuestion, &what, expected, key.len()));
    }
    Ok(Table { name, key: parsed })
}

/// A commit that the operator signed as the last entry of his log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCommit {
    /// What the operator signed.
    pub checkpoint: Checkpoint,
    /// The entry that the checkpointed log ends with.
    pub commit: Commit,
    /// Which of the verifier's witnesses have cosigned, by their place among them, and when: seconds since 1970-01-01
    /// UTC. In the order of the note.
    pub cosignatures: Vec<(usize, u64)>,
}

/// Defines what records say, by their table: a line for each.
macro_rules! contents {
    ($($table:ident $record:ty;)*) => {
        /// What a record says, by its table.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Content {
            /// Of `holders`, the one table that is not kept in Borsh.
            Holders(Holding),
            $(#[doc = concat!("Of `", stringify!($table), "`.")] $table(Box<$record>),)*
        }

        /// What a record says, if it may stand under its id and has the sum that it tells of.
        fn read_record(question: &Question, record: &Record) -> Result<Content> {
            match question.table.name {
                TableName::Holders => read_holding(record),
                $(TableName::$table => Ok(Content::$table(Box::new(read_borsh(question, record)?))),)*
                TableName::Directory => {
                    let (expected, found) = ("the name of a table", "directory");
                    Err(StatementError::new(Reason::UnknownTable, "question, table", expected, found))
                }
            }
        }
    };
}

contents! {
    Parameters Parameters;
    Accounts AccountRecord;
    Mandates MandateRecord;
    Once OnceRecord;
    Assets AssetRecord;
    Lots LotRecord;
    Freezes FreezeRecord;
    Holds HoldRecord;
    HoldGroups GroupRecord;
    Designs DesignRecord;
    Items ItemRecord;
    Campaigns CampaignRecord;
    Claimants ClaimantRecord;
    Schemas SchemaRecord;
    Attestations AttestationRecord;
    Redemptions RedemptionRecord;
    Debts DebtRecord;
    Guardians GuardiansRecord;
    Recoveries RecoveryRecord;
    Constitutions ConstitutionRecord;
    Proposals ProposalRecord;
    Votes VoteRecord;
    Rankings RankingRecord;
    Delegations DelegationRecord;
    Resolutions ResolutionRecord;
    Snapshots SnapshotRecord;
    Saved SavedRecord;
    Distributions DistributionRecord;
    Collected CollectedRecord;
}

/// A record that was proven to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenRecord {
    /// Its sum and its value.
    pub record: Record,
    /// What that says.
    pub content: Content,
}

/// What a statement proves: a record or its absence, the sum of its table, and the commit as of which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordClaim {
    /// What it is about.
    pub question: Question,
    /// The record; none where it was proven that there is none.
    pub record: Option<ProvenRecord>,
    /// The sum of the whole table: of `holders` the supply.
    pub table_sum: u128,
    /// As of when, and who says so.
    pub at: Arc<VerifiedCommit>,
}

/// A commit, and the bytes that proved it.
#[derive(Debug)]
struct Anchor {
    commit_entry: Vec<u8>,
    inclusion: Vec<[u8; 32]>,
    note: Vec<u8>,
    verified: Arc<VerifiedCommit>,
}

impl Anchor {
    fn is_of(&self, statement: &Statement<'_>) -> bool {
        self.commit_entry == statement.commit_entry
            && self.inclusion == statement.inclusion
            && self.note == statement.note
    }
}

/// Verifies the statements of one ledger against its operator's key.
///
/// It keeps the last commit that it verified. Where a statement brings the very bytes that proved that one (the note,
/// the entry and its inclusion proof) they are not verified again: many statements under one checkpoint cost one
/// signature. A clone begins with what the original knew.
#[derive(Clone, Debug)]
pub struct StatementVerifier {
    /// The operator's, then those of witnesses.
    keys: Arc<[VerifierKey]>,
    ledger: Option<Id>,
    need: usize,
    tolerance_ms: u64,
    last: Option<Arc<Anchor>>,
}

impl StatementVerifier {
    /// A verifier of what this key signs; of one ledger, where one is expected.
    pub fn new(operator: VerifierKey, ledger: Option<Id>) -> Result<Self> {
        if operator.algorithm() != Algorithm::Ed25519 {
            let found = format!("{:02x}", operator.algorithm().byte());
            return Err(StatementError::new(Reason::WrongKey, "verifier key, type", "01 (Ed25519)", found));
        }
        Ok(Self { keys: [operator].into(), ledger, need: 0, tolerance_ms: 0, last: None })
    }

    /// One that asks for cosignatures of so many of these witnesses, distinct ones, at most so far from the commit's time.
    pub fn with_witnesses(self, witnesses: &[VerifierKey], need: usize, tolerance_ms: u64) -> Result<Self> {
        if let Some(other) = witnesses.iter().find(|witness| witness.algorithm() != Algorithm::Cosignature) {
            let found = format!("{:02x}", other.algorithm().byte());
            return Err(StatementError::new(Reason::WrongKey, "witness key, type", "04 (cosignature)", found));
        }
        let keys = self.keys.iter().take(1).chain(witnesses).cloned().collect();
        Ok(Self { keys, need, tolerance_ms, last: None, ..self })
    }

    /// What a statement proves: a question with its statement, or the statement alone where `expected` is the whole
    /// question.
    pub fn verify(&mut self, bytes: &[u8], expected: &Expected) -> Result<RecordClaim> {
        let (question, statement) = expected.read(bytes)?;
        let at = self.verify_commit(&statement)?;
        expected.check_time(at.commit.time)?;
        let (record, table_sum) = match find_record(&question, &statement, &at.commit.state_root)? {
            Proven::Absent { table_sum } => (None, table_sum),
            Proven::Present { sum, value, table_sum } => {
                let record = Record { sum, value };
                let content = read_record(&question, &record)?;
                (Some(ProvenRecord { record, content }), table_sum)
            }
        };
        Ok(RecordClaim { question, record, table_sum, at })
    }

    fn verify_commit(&mut self, statement: &Statement<'_>) -> Result<Arc<VerifiedCommit>> {
        if let Some(anchor) = self.last.as_ref().filter(|anchor| anchor.is_of(statement)) {
            return Ok(Arc::clone(&anchor.verified));
        }
        let (checkpoint, cosignatures) = self.verify_checkpoint(statement.note)?;
        let commit = last_commit(statement, &checkpoint)?;
        if let Some(expected) = self.ledger.filter(|expected| *expected != commit.ledger) {
            return Err(StatementError::new(Reason::WrongLedger, "commit, ledger", expected, commit.ledger));
        }
        let is_near = |time_s: u64| {
            let apart_ms = i128::from(time_s).saturating_mul(1_000).saturating_sub(i128::from(commit.time));
            apart_ms.unsigned_abs() <= u128::from(self.tolerance_ms)
        };
        let near: Vec<_> = cosignatures.iter().copied().filter(|(_, time_s)| is_near(*time_s)).collect();
        self.check_witnesses(Reason::WrongTime, &near)?;
        let verified = Arc::new(VerifiedCommit { checkpoint, commit, cosignatures });
        self.last = Some(Arc::new(Anchor {
            commit_entry: statement.commit_entry.to_vec(),
            inclusion: statement.inclusion.to_vec(),
            note: statement.note.to_vec(),
            verified: Arc::clone(&verified),
        }));
        Ok(verified)
    }

    /// The checkpoint of a note, and which witnesses have cosigned it, when.
    fn verify_checkpoint(&self, note: &[u8]) -> Result<(Checkpoint, Vec<(usize, u64)>)> {
        if note.len() > NOTE_BYTES_MAX {
            let expected = format!("at most {NOTE_BYTES_MAX} bytes");
            return Err(StatementError::new(Reason::TooLong, "note", expected, note.len()));
        }
        let malformed = |reason| move |error| StatementError::from_note(error, reason);
        let note = SignedNote::parse(note).map_err(malformed(Reason::MalformedNote))?;
        let signed = note.verify(&self.keys).map_err(malformed(Reason::MalformedNote))?;
        let place_of = |signature: &Verified<'_>| self.keys.iter().position(|key| key == signature.key);
        let Some(operator) = self.keys.first().filter(|_| signed.iter().any(|each| place_of(each) == Some(0))) else {
            let expected = self.keys.first().map_or("", VerifierKey::name);
            let what = "note, signatures";
            return Err(StatementError::new(
                Reason::WrongKey,
                what,
                format!("one by {expected}"),
                "those of witnesses alone",
            ));
        };
        let checkpoint = Checkpoint::parse(note.text()).map_err(malformed(Reason::MalformedCheckpoint))?;
        if checkpoint.origin != operator.name() {
            let (expected, found) = (operator.name(), &checkpoint.origin);
            return Err(StatementError::new(Reason::WrongOrigin, "checkpoint, origin", expected, found));
        }
        let witnesses = signed.iter().filter_map(|each| Some((place_of(each)?.checked_sub(1)?, each.time_s?)));
        let cosignatures: Vec<_> = witnesses.collect();
        self.check_witnesses(Reason::TooFewWitnesses, &cosignatures)?;
        Ok((checkpoint, cosignatures))
    }

    fn check_witnesses(&self, reason: Reason, found: &[(usize, u64)]) -> Result<()> {
        if found.len() >= self.need {
            return Ok(());
        }
        let witnesses = self.keys.get(1..).unwrap_or_default();
        let names: Vec<&str> =
            found.iter().filter_map(|(place, _)| witnesses.get(*place)).map(VerifierKey::name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let expected = format!("{} of {} witnesses", self.need, witnesses.len());
        Err(StatementError::new(reason, "checkpoint, cosignatures", expected, names))
    }
}

/// The commit that the checkpointed tree ends with.
fn last_commit(statement: &Statement<'_>, checkpoint: &Checkpoint) -> Result<Commit> {
    let Some((&COMMIT_TAG, body)) = statement.commit_entry.split_first() else {
        let found = statement.commit_entry.first().map_or("no bytes".to_owned(), |tag| format!("{tag:02x}"));
        return Err(StatementError::new(Reason::WrongEntry, "statement, entry", "tag 02 (commit)", found));
    };
    let Some(index) = checkpoint.tree_size.checked_sub(1) else {
        return Err(StatementError::new(Reason::NotLastEntry, "checkpoint, tree size", "1 or more", 0));
    };
    let (leaf, inclusion) = (leaf_hash(statement.commit_entry), statement.inclusion.iter().copied().map(Id));
    verify_inclusion(index, checkpoint.tree_size, &leaf, &inclusion.collect::<Vec<_>>(), &checkpoint.root_hash)
        .map_err(|error| StatementError {
            reason: Reason::NotLastEntry,
            message: format!("commit is not the last entry, {index}: {error}"),
        })?;
    if let Some(version) = body.first() {
        StatementError::check_version("commit", COMMIT_VERSION, *version)?;
    }
    let commit: Commit = decode(body).ok_or_else(|| {
        let found = format!("{} bytes that are none", body.len());
        StatementError::new(Reason::MalformedEntry, "commit", "a commit in its one encoding", found)
    })?;
    if commit.height >= index || commit.through > index {
        let what = format!("commit at index {index}");
        let found = format!("height {}, through {}", commit.height, commit.through);
        let expected = "a height below, a through of at most that";
        return Err(StatementError::new(Reason::WrongEntry, &what, expected, found));
    }
    Ok(commit)
}

fn find_record(question: &Question, statement: &Statement<'_>, state_root: &Id) -> Result<Proven> {
    let key = tree_key(&question.table.directory_record_id());
    let directory = proof::verify(statement.directory_proof, state_root, &key)?;
    if directory.table_sum() != 0 {
        let found = directory.table_sum();
        return Err(StatementError::new(Reason::WrongDirectory, "directory, sum", 0, found));
    }
    let Proven::Present { value, .. } = directory else {
        if statement.record_proof.is_empty() {
            return Ok(Proven::Absent { table_sum: 0 });
        }
        let found = statement.record_proof.len();
        let expected = "no bytes, for the table is absent";
        return Err(StatementError::new(Reason::TrailingBytes, "record proof", expected, found));
    };
    let root = value.as_slice().try_into().ok().map(Id).filter(|root| *root != Id::ZERO).ok_or_else(|| {
        let expected = "the root hash of a table that has records";
        let found = format!("{} bytes that are none", value.len());
        StatementError::new(Reason::WrongDirectory, "directory, value", expected, found)
    })?;
    Ok(proof::verify(statement.record_proof, &root, &tree_key(&question.record_id))?)
}

fn read_holding(record: &Record) -> Result<Content> {
    // Its sum is its own: what was read adds up to it.
    Holding::read(record).map(Content::Holders).ok_or_else(|| {
        let expected = "a balance, and lots that ascend and add up to it";
        let found = format!("a sum of {} and {} bytes", record.sum, record.value.len());
        StatementError::new(Reason::MalformedRecord, "record of holders", expected, found)
    })
}

fn read_borsh<T: TableRecord>(question: &Question, record: &Record) -> Result<T> {
    let table = question.table.name.as_str();
    if let (Some(known), Some(found)) = (T::VERSION, record.value.first()) {
        StatementError::check_version(&format!("record of {table}"), known, *found)?;
    }
    let content: T = decode(&record.value).ok_or_else(|| {
        let found = format!("{} bytes that are none", record.value.len());
        let what = format!("record of {table}");
        StatementError::new(Reason::MalformedRecord, &what, "a record in its one encoding", found)
    })?;
    let found = match content.own_id(question.table.key.as_ref()) {
        OwnId::Untold => None,
        OwnId::Is(own) => (own != question.record_id).then(|| own.to_string()),
        OwnId::Impossible => Some("a record that no id fits".to_owned()),
    };
    if let Some(found) = found {
        let what = format!("record of {table}, id");
        return Err(StatementError::new(Reason::WrongRecord, &what, question.record_id, found));
    }
    content.check_sum(record.sum).map_err(|expected| {
        StatementError::new(Reason::WrongSum, &format!("record of {table}, sum"), expected, record.sum)
    })?;
    Ok(content)
}

fn take<'a>(rest: &mut &'a [u8], what: &str, length: usize) -> Result<&'a [u8]> {
    let (part, tail) = rest.split_at_checked(length).ok_or_else(|| truncated(what, length, rest.len()))?;
    *rest = tail;
    Ok(part)
}

fn take_chunk<'a, const N: usize>(rest: &mut &'a [u8], what: &str) -> Result<&'a [u8; N]> {
    let (chunk, tail) = rest.split_first_chunk().ok_or_else(|| truncated(what, N, rest.len()))?;
    *rest = tail;
    Ok(chunk)
}

fn take_short<'a>(rest: &mut &'a [u8], what: &str) -> Result<&'a [u8]> {
    let [length] = *take_chunk::<1>(rest, what)?;
    take(rest, what, length.into())
}

fn take_part<'a>(rest: &mut &'a [u8], what: &str) -> Result<&'a [u8]> {
    let length = u32::from_be_bytes(*take_chunk(rest, what)?);
    take(rest, what, usize::try_from(length).unwrap_or(usize::MAX))
}

fn truncated(what: &str, expected: usize, found: usize) -> StatementError {
    StatementError::new(Reason::Truncated, what, format!("{expected} bytes"), found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::log::{Frontier, LogError, inclusion_proof};
    use crate::merkle::proof::{MapProof, PathEnd};
    use crate::merkle::sum_map::{self, Leaf};
    use crate::signature::public_key;
    use crate::wire::encode;
    use std::collections::BTreeMap;

    const SEED: [u8; 32] = [5; 32];
    const ORIGIN: &str = "club.example";
    const ASSET: Id = Id([9; 32]);
    const LEDGER: Id = Id([7; 32]);

    /// A map by record id.
    type Map = BTreeMap<Id, Record>;

    fn leaves(map: &Map) -> Vec<(Leaf, Record)> {
        let leaf = |(id, record): (&Id, &Record)| (Leaf::new(tree_key(id), record.sum, &record.value), record.clone());
        let mut leaves: Vec<_> = map.iter().map(leaf).collect();
        leaves.sort_by_key(|(leaf, _)| leaf.tree_key);
        leaves
    }

    fn root(map: &Map) -> Id {
        let leaves: Vec<Leaf> = leaves(map).into_iter().map(|(leaf, _)| leaf).collect();
        sum_map::root(&leaves, 0).unwrap().hash
    }

    fn prove(map: &Map, id: &Id) -> Vec<u8> {
        let (leaves, records): (Vec<Leaf>, Vec<Record>) = leaves(map).into_iter().unzip();
        let (tree_key, mut siblings) = (tree_key(id), Vec::new());
        let end = match sum_map::siblings(&leaves, 0, &tree_key, |_| None, &mut siblings).unwrap() {
            None => PathEnd::Nothing,
            Some(leaf) => {
                let record = records[leaves.iter().position(|one| one == leaf).unwrap()].clone();
                if leaf.tree_key == tree_key {
                    PathEnd::Present(record)
                } else {
                    let value_hash = sum_map::value_hash(&record.value);
                    PathEnd::Other { tree_key: leaf.tree_key, sum: record.sum, value_hash }
                }
            }
        };
        MapProof::new(end, siblings).unwrap().encode()
    }

    /// A state under a signed checkpoint; statements about it are made as the operator would make them.
    struct World {
        tables: BTreeMap<Table, Map>,
        commit: Commit,
        commit_entry: Vec<u8>,
        inclusion: Vec<[u8; 32]>,
        note: String,
    }

    impl World {
        fn new(time: u64, change: impl FnOnce(&mut Commit)) -> Self {
            let balance = |sum| Record { sum, value: Vec::new() };
            let holders = (0..20_u8).map(|number| (Id([number; 32]), balance(u128::from(number) + 1))).collect();
            let frozen = FreezeRecord { since: 5, reason: crate::state::Reason { code: 3, evidence: None } };
            let frozen = Record { sum: 0, value: encode(&frozen) };
            let tables = BTreeMap::from([
                (Table::holders(ASSET), holders),
                (Table::freezes(ASSET), Map::from([(Id([1; 32]), frozen)])),
            ]);
            let mut commit = Commit {
                version: 1,
                ledger: LEDGER,
                rules: 1,
                height: 2,
                time,
                through: 6,
                state_root: root(&directory(&tables)),
            };
            change(&mut commit);
            let commit_entry = [&[COMMIT_TAG][..], &encode(&commit)].concat();
            let (mut frontier, mut nodes) = (Frontier::new(), BTreeMap::new());
            for entry in (0..6_u8).map(|number| vec![1, number]).chain([commit_entry.clone()]) {
                let mut keep = |level, index, hash| assert!(nodes.insert((level, index), hash).is_none());
                frontier.append(leaf_hash(&entry), &mut keep).unwrap();
            }
            let inclusion = inclusion_proof::<LogError>(6, 7, |level, index| Ok(nodes[&(level, index)])).unwrap();
            let inclusion = inclusion.into_iter().map(|hash| hash.0).collect();
            let checkpoint = Checkpoint { origin: ORIGIN.into(), tree_size: 7, root_hash: frontier.root() };
            let note = checkpoint.sign(&SEED).unwrap().to_string();
            Self { tables, commit, commit_entry, inclusion, note }
        }

        fn statement(&self, table: Table, record_id: Id) -> Vec<u8> {
            let record_proof = self.tables.get(&table).map_or(Vec::new(), |map| prove(map, &record_id));
            let statement = Statement {
                record_proof: &record_proof,
                directory_proof: &prove(&directory(&self.tables), &table.directory_record_id()),
                commit_entry: &self.commit_entry,
                inclusion: &self.inclusion,
                note: self.note.as_bytes(),
            };
            let bytes = Question { table, record_id }.encode(&statement);
            assert_eq!(Question::parse(&bytes), Ok((Question { table, record_id }, statement)));
            assert!(bytes.ends_with(&statement.encode()));
            bytes
        }
    }

    fn directory(tables: &BTreeMap<Table, Map>) -> Map {
        let entry = |(table, map): (&Table, &Map)| {
            (table.directory_record_id(), Record { sum: 0, value: root(map).0.to_vec() })
        };
        tables.iter().map(entry).collect()
    }

    fn verifier() -> StatementVerifier {
        let operator = VerifierKey::new(ORIGIN, Algorithm::Ed25519, public_key(&SEED)).unwrap();
        StatementVerifier::new(operator, Some(LEDGER)).unwrap()
    }

    const NOBODY: Id = Id([0xee; 32]);

    #[test]
    fn presence_and_absence_are_proven_with_the_sum_of_the_table() {
        let world = World::new(1_000, |_| ());
        let mut verifier = verifier();
        for number in 0..20 {
            let account = Id([number; 32]);
            let bytes = world.statement(Table::holders(ASSET), account);
            let claim = verifier.verify(&bytes, &Expected::balance(Some(ASSET), Some(account))).unwrap();
            let held = u128::from(number) + 1;
            let content = Content::Holders(Holding { total: held, activity_day: 0, lots: Vec::new() });
            assert_eq!(claim.record.unwrap().content, content);
            assert_eq!((claim.table_sum, &claim.at.commit), (210, &world.commit));
            assert_eq!(claim.at.checkpoint.tree_size, 7);
        }
        let absent = [
            (Table::holders(ASSET), 210),
            (Table::freezes(ASSET), 0),
            (Table::holders(NOBODY), 0),
            (Table::ACCOUNTS, 0),
        ];
        for (table, table_sum) in absent {
            let claim = verifier.verify(&world.statement(table, NOBODY), &Expected::default()).unwrap();
            assert_eq!((claim.record, claim.table_sum), (None, table_sum));
            assert_eq!(claim.question, Question { table, record_id: NOBODY });
        }
        let frozen = verifier.verify(&world.statement(Table::freezes(ASSET), Id([1; 32])), &Expected::default());
        let content = frozen.unwrap().record.unwrap().content;
        assert!(matches!(content, Content::Freezes(record) if record.since == 5));
    }

    #[test]
    fn no_changed_byte_gets_through_whatever_is_known_already() {
        let world = World::new(1_000, |_| ());
        let (table, account) = (Table::holders(ASSET), Id([3; 32]));
        let bytes = world.statement(table, account);
        let expected = Expected::balance(Some(ASSET), Some(account));
        let mut knowing = verifier();
        let claim = knowing.verify(&bytes, &expected).unwrap();
        for place in 0..bytes.len() {
            for mask in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[place] ^= mask;
                let refused = verifier().verify(&changed, &expected).unwrap_err();
                assert_eq!(knowing.verify(&changed, &expected), Err(refused), "byte {place} ^ {mask}");
                if let Ok(other) = knowing.verify(&changed, &Expected::default()) {
                    assert_ne!(other, claim);
                }
            }
            assert!(knowing.verify(&bytes[..place], &expected).is_err());
        }
        assert_eq!(knowing.verify(&[&bytes[..], &[0]].concat(), &expected).unwrap_err().reason, Reason::TrailingBytes);
        let alone = &bytes[bytes.windows(25).position(|part| part == STATEMENT_HEADER).unwrap()..];
        assert_eq!(knowing.verify(alone, &expected), Ok(claim));
        let open = Expected::balance(Some(ASSET), None);
        assert_eq!(knowing.verify(alone, &open).unwrap_err().reason, Reason::MalformedQuestion);
    }

    #[test]
    fn what_one_commit_was_proven_by_proves_no_other() {
        let (first, second) = (World::new(1_000, |_| ()), World::new(2_000, |_| ()));
        let (table, account) = (Table::holders(ASSET), Id([3; 32]));
        let bytes = first.statement(table, account);
        let mut verifier = verifier();
        assert_eq!(verifier.verify(&bytes, &Expected::default()).unwrap().at.commit.time, 1_000);
        let (question, known) = Question::parse(&bytes).unwrap();
        let mixed = [
            Statement { commit_entry: &second.commit_entry, ..known },
            Statement { note: second.note.as_bytes(), ..known },
            Statement { inclusion: &known.inclusion[1..], ..known },
        ];
        for statement in mixed {
            let refused = verifier.verify(&question.encode(&statement), &Expected::default()).unwrap_err();
            assert_eq!(refused.reason, Reason::NotLastEntry, "{refused}");
        }
        let other = verifier.verify(&second.statement(table, account), &Expected::default()).unwrap();
        assert_eq!(other.at.commit.time, 2_000);
        assert_eq!(verifier.verify(&bytes, &Expected::default()).unwrap().at.commit.time, 1_000);
    }

    #[test]
    fn commits_that_are_signed_but_wrong_are_refused() {
        type Change = fn(&mut Commit);
        let wrong: [(Change, Reason); 6] = [
            (|commit| commit.version = 2, Reason::UnknownVersion),
            (|commit| commit.ledger = NOBODY, Reason::WrongLedger),
            (|commit| commit.height = 6, Reason::WrongEntry),
            (|commit| commit.through = 7, Reason::WrongEntry),
            (|commit| commit.state_root = Id::ZERO, Reason::WrongRoot),
            (|commit| commit.state_root.0[31] ^= 1, Reason::WrongRoot),
        ];
        for (change, reason) in wrong {
            let world = World::new(1_000, change);
            let bytes = world.statement(Table::holders(ASSET), NOBODY);
            let refused = verifier().verify(&bytes, &Expected::default()).unwrap_err();
            assert_eq!(refused.reason, reason, "{refused}");
        }
        let other = VerifierKey::new("other.example", Algorithm::Ed25519, public_key(&SEED)).unwrap();
        let bytes = World::new(1_000, |_| ()).statement(Table::ACCOUNTS, NOBODY);
        let refused = StatementVerifier::new(other, None).unwrap().verify(&bytes, &Expected::default()).unwrap_err();
        assert_eq!(refused.reason, Reason::WrongKey);
        let witness = VerifierKey::new(ORIGIN, Algorithm::Cosignature, public_key(&SEED)).unwrap();
        assert_eq!(StatementVerifier::new(witness, None).unwrap_err().reason, Reason::WrongKey);
    }

    #[test]
    fn the_directory_is_no_table_that_is_asked_about() {
        let world = World::new(1_000, |_| ());
        let asked = world.statement(Table::ACCOUNTS, NOBODY);
        let (_, statement) = Question::parse(&asked).unwrap();
        let bytes = Question { table: Table::DIRECTORY, record_id: NOBODY }.encode(&statement);
        assert_eq!(verifier().verify(&bytes, &Expected::default()).unwrap_err().reason, Reason::UnknownTable);
        let too_long = vec![0; STATEMENT_BYTES_MAX + 1];
        assert_eq!(verifier().verify(&too_long, &Expected::default()).unwrap_err().reason, Reason::TooLong);
    }
}
