//! From bytes to an outcome: admit (no state), then apply (serial), in the order of `docs/reference/operations.md`.

mod context;
mod movement;
mod postings;

pub use context::{ALIASES_MAX, Context, Halt};
pub use movement::{Movement, Taking};
pub use postings::{Posting, Side};

use crate::id::Id;
use crate::ops::SlipSignature;
use crate::signature::{self, Check, KnownKeys};
use crate::state::{Record, Records, Table};
use crate::status::{
    BAD_SIGNATURE, DUPLICATE_AUTHORIZER, EXPIRED, MALFORMED, NO_AUTHORIZER, NO_OPERATION, NONCE_REUSED,
    SIGNATURE_COUNT, Status, TOO_FAR_AHEAD, TOO_LARGE, TOO_MANY_AUTHORIZERS, TOO_MANY_OPERATIONS, UNKNOWN_VERSION,
    WRONG_LEDGER,
};
use crate::wire::{
    AUTHORIZERS_MAX, Applied, ENTRY_BYTES_MAX, Genesis, Parameters, SIGNED_MESSAGE_BYTES, SIGNED_TRANSACTION_BYTES_MAX,
    SignedTransaction, TRANSACTION_VERSION, Transaction, decode, encode, encode_into, signed_message, transaction_id,
    transaction_ids,
};
use context::Memory;
use std::collections::BTreeMap;

/// Why a transaction was refused, and which operation refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub status: Status,
    /// The index of the operation; none where the transaction as a whole is refused.
    pub operation: Option<u16>,
}

impl Refusal {
    fn whole(status: Status) -> Self {
        Self { status, operation: None }
    }

    fn at(status: Status, index: usize) -> Self {
        Self { status, operation: u16::try_from(index).ok() }
    }
}

/// What admitting depends on.
#[derive(Clone, Debug)]
pub struct AdmissionRules {
    ledger: Id,
    parameters: Parameters,
    generation: u64,
}

/// What the bytes of a transaction alone tell: whether it may be applied at all.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The transaction's id; zero where the bytes are none.
    pub id: Id,
    /// The signed transaction and what identifies it for replay, or why it is refused.
    pub verdict: Result<Admitted, Refusal>,
    /// Which parameters were in force.
    generation: u64,
}

impl Admission {
    fn malformed(status: Status, rules: &AdmissionRules) -> Self {
        Self { id: Id::ZERO, verdict: Err(Refusal::whole(status)), generation: rules.generation }
    }
}

/// A transaction whose form and signatures hold.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// It.
    pub signed: SignedTransaction,
    /// SHA-256 of the first authorizer and the nonce.
    pub pair: Id,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed the state; its log entry was handed over.
    Applied,
    /// It was applied before, as this log entry.
    Duplicate {
        /// The entry's index.
        index: u64,
    },
    /// It changed nothing.
    Refused(Refusal),
}

/// Applies transactions, one after the other, to records.
#[derive(Clone, Debug)]
pub struct Machine {
    ledger: Id,
    memory: Memory,
}

impl Machine {
    /// The machine of a new ledger: writes its parameters.
    pub fn begin<R: Records>(genesis: &Genesis, records: &mut R) -> Result<Self, R::Error> {
        let record = Record { sum: 0, value: encode(&genesis.parameters) };
        records.set(&Table::PARAMETERS, &Parameters::record_id(), Some(record))?;
        Ok(Self::new(genesis.ledger_id(), genesis.parameters.clone()))
    }

    /// The machine of a ledger whose records are there.
    pub fn resume<R: Records>(ledger: Id, records: &mut R) -> Result<Self, R::Error> {
        let record = records.get(&Table::PARAMETERS, &Parameters::record_id())?;
        match record.and_then(|record| decode::<Parameters>(&record.value)) {
            Some(parameters) => Ok(Self::new(ledger, parameters)),
            None => Err(R::corrupt("the ledger's parameters are missing or do not decode".to_owned())),
        }
    }

    fn new(ledger: Id, parameters: Parameters) -> Self {
        let memory = Memory {
            parameters,
            generation: 0,
            assets: BTreeMap::new(),
            proposal: None,
            journal: Vec::new(),
            accounts_before: BTreeMap::new(),
            signers: Vec::new(),
            constitutions: BTreeMap::new(),
            executing: None,
        };
        Self { ledger, memory }
    }

    /// What admitting depends on now.
    pub fn admission_rules(&self) -> AdmissionRules {
        AdmissionRules {
            ledger: self.ledger,
            parameters: self.memory.parameters.clone(),
            generation: self.memory.generation,
        }
    }

    /// The parameters in force.
    pub fn parameters(&self) -> &Parameters {
        &self.memory.parameters
    }

    /// Whether these were admitted under the parameters in force; if not, they must be admitted again.
    pub fn is_current(&self, admission: &Admission) -> bool {
        admission.generation == self.memory.generation
    }

    /// What the transaction that was applied last did to balances: those of each asset add up to zero. To be asked right
    /// after [`Outcome::Applied`], and not later.
    pub fn postings<R: Records>(&self, records: &mut R) -> Result<Vec<Posting>, R::Error> {
        postings::postings(&self.memory.journal, records)
    }

    /// Applies one admitted transaction at a time that is never before the last one's.
    ///
    /// `bytes` are the ones that were admitted. The log entry of one that is applied is appended to `entries`; a refused
    /// one leaves no trace in it. After an error of the store neither it nor the records must be used any more.
    pub fn apply<R: Records>(
        &mut self,
        records: &mut R,
        bytes: &[u8],
        admission: &Admission,
        time: u64,
        entries: &mut Vec<u8>,
    ) -> Result<Outcome, R::Error> {
        let admitted = match &admission.verdict {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Outcome::Refused(*refusal)),
        };
        let transaction = &admitted.signed.transaction;
        if transaction.valid_until <= time {
            return Ok(Outcome::Refused(Refusal::whole(EXPIRED)));
        }
        if transaction.valid_until > time.saturating_add(self.memory.parameters.window_ms) {
            return Ok(Outcome::Refused(Refusal::whole(TOO_FAR_AHEAD)));
        }
        if let Some(seen) = records.seen(&admitted.pair, time)? {
            return Ok(if seen.id == admission.id {
                Outcome::Duplicate { index: seen.index }
            } else {
                Outcome::Refused(Refusal::whole(NONCE_REUSED))
            });
        }
        let begin = entries.len();
        Applied::encode_head(time, bytes, transaction.operations.len(), entries);
        let mut context = Context::new(records, &mut self.memory, time, admission.id);
        let refusal = match apply_operations(&mut context, transaction, entries)? {
            Ok(()) if entries.len().saturating_sub(begin) <= ENTRY_BYTES_MAX => return Ok(Outcome::Applied),
            Ok(()) => Refusal::whole(TOO_LARGE),
            Err(refusal) => refusal,
        };
        entries.truncate(begin);
        context.undo()?;
        Ok(Outcome::Refused(refusal))
    }
}

/// Appends the operations' effects, up to the first refusal or the store's failure.
fn apply_operations<R: Records>(
    context: &mut Context<'_, R>,
    transaction: &Transaction,
    entry: &mut Vec<u8>,
) -> Result<Result<(), Refusal>, R::Error> {
    match context.admit_authorizers(&transaction.authorizers) {
        Ok(()) => {}
        Err(Halt::Refused(status)) => return Ok(Err(Refusal::whole(status))),
        Err(Halt::Failed(error)) => return Err(error),
    }
    for (index, operation) in transaction.operations.iter().enumerate() {
        match operation.apply(context) {
            Ok(effect) => encode_into(&effect, entry),
            Err(Halt::Refused(status)) => return Ok(Err(Refusal::at(status, index))),
            Err(Halt::Failed(error)) => return Err(error),
        }
    }
    Ok(Ok(()))
}

/// Admits a batch: decodes, checks fields, and verifies all signatures together. One verdict each, in order; the
/// same as one by one. Keys that are `known` are not decoded again.
pub fn admit(batch: &[&[u8]], rules: &AdmissionRules, known: &impl KnownKeys) -> Vec<Admission> {
    let mut admissions = admit_forms(batch, rules);
    verify_signatures(&mut admissions, rules, known);
    admissions
}

/// Verifies all signatures of what is admitted so far, together.
pub fn verify_signatures(admissions: &mut [Admission], rules: &AdmissionRules, known: &impl KnownKeys) {
    // Every signature of the batch, and whose it is.
    let slips: Vec<(usize, SlipSignature)> = admissions
        .iter()
        .enumerate()
        .filter_map(|(position, admission)| Some((position, admission.verdict.as_ref().ok()?)))
        .flat_map(|(position, admitted)| {
            let operations = admitted.signed.transaction.operations.iter();
            operations.flat_map(|operation| operation.signatures(&rules.ledger)).map(move |slip| (position, slip))
        })
        .collect();
    let messages: Vec<[u8; SIGNED_MESSAGE_BYTES]> =
        admissions.iter().map(|admission| signed_message(&admission.id)).collect();
    let mut owners = Vec::with_capacity(admissions.len());
    let mut checks: Vec<Check<'_>> = Vec::with_capacity(admissions.len());
    for (position, (admission, message)) in admissions.iter().zip(&messages).enumerate() {
        let Ok(Admitted { signed, .. }) = &admission.verdict else { continue };
        for (authorizer, signature) in signed.transaction.authorizers.iter().zip(&signed.signatures) {
            owners.push(position);
            checks.push(Check { key: authorizer.public_key().as_bytes(), signature, message });
        }
    }
    for (position, slip) in &slips {
        owners.push(*position);
        checks.push(Check { key: slip.key.as_bytes(), signature: &slip.signature, message: &slip.message });
    }
    let verdicts = signature::verify_batch_with(&checks, known);
    for (position, _) in owners.iter().zip(verdicts).filter(|(_, holds)| !holds) {
        if let Some(admission) = admissions.get_mut(*position) {
            admission.verdict = Err(Refusal::whole(BAD_SIGNATURE));
        }
    }
}

/// Admits one transaction without a look at its signatures: for entries of a log that were verified when they were
/// written.
pub fn admit_form(bytes: &[u8], rules: &AdmissionRules) -> Admission {
    match decode_form(bytes) {
        Ok(signed) => {
            let body = body(bytes, &signed);
            admit_decoded(signed, transaction_id(body), body.len(), rules)
        }
        Err(status) => Admission::malformed(status, rules),
    }
}

/// As [`admit_form`] each, the first half of [`admit`]. The ids are hashed together.
pub fn admit_forms(batch: &[&[u8]], rules: &AdmissionRules) -> Vec<Admission> {
    admit_decoded_forms(batch, batch.iter().map(|bytes| decode_form(bytes)).collect(), rules)
}

/// As [`admit_forms`], where the transactions were decoded strictly, as a part of something else.
pub fn admit_signed(batch: Vec<(&[u8], SignedTransaction)>, rules: &AdmissionRules) -> Vec<Admission> {
    let (bytes, signed): (Vec<&[u8]>, Vec<SignedTransaction>) = batch.into_iter().unzip();
    let decoded = bytes.iter().zip(signed).map(|(bytes, signed)| check_head(bytes).map(|()| signed)).collect();
    admit_decoded_forms(&bytes, decoded, rules)
}

fn admit_decoded_forms(
    batch: &[&[u8]],
    decoded: Vec<Result<SignedTransaction, Status>>,
    rules: &AdmissionRules,
) -> Vec<Admission> {
    let bodies: Vec<&[u8]> =
        batch.iter().zip(&decoded).filter_map(|(bytes, signed)| Some(body(bytes, signed.as_ref().ok()?))).collect();
    let mut ids = transaction_ids(&bodies).into_iter().zip(bodies);
    let admit = |decoded| match decoded {
        Err(status) => Admission::malformed(status, rules),
        Ok(signed) => {
            let (id, body) = ids.next().expect("each decoded transaction has an id");
            admit_decoded(signed, id, body.len(), rules)
        }
    };
    decoded.into_iter().map(admit).collect()
}

/// The transaction's own bytes, which end where the count and the signatures begin.
fn body<'a>(bytes: &'a [u8], signed: &SignedTransaction) -> &'a [u8] {
    let tail = signed.signatures.len().saturating_mul(64).saturating_add(4);
    bytes.get(..bytes.len().saturating_sub(tail)).unwrap_or_default()
}

fn admit_decoded(signed: SignedTransaction, id: Id, body_bytes: usize, rules: &AdmissionRules) -> Admission {
    let verdict = match check_form(&signed, body_bytes, rules) {
        Ok(()) => {
            let pair = signed.transaction.replay_pair();
            Ok(Admitted { signed, pair })
        }
        Err(refusal) => Err(refusal),
    };
    Admission { id, verdict, generation: rules.generation }
}

fn decode_form(bytes: &[u8]) -> Result<SignedTransaction, Status> {
    check_head(bytes)?;
    decode(bytes).ok_or(MALFORMED)
}

/// What is refused before it is decoded.
fn check_head(bytes: &[u8]) -> Result<(), Status> {
    let version = bytes.first().ok_or(MALFORMED)?;
    if bytes.len() > SIGNED_TRANSACTION_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    if *version != TRANSACTION_VERSION {
        return Err(UNKNOWN_VERSION);
    }
    Ok(())
}

fn check_form(signed: &SignedTransaction, transaction_bytes: usize, rules: &AdmissionRules) -> Result<(), Refusal> {
    let Transaction { ledger, authorizers, operations, .. } = &signed.transaction;
    let parameters = &rules.parameters;
    let duplicate = |(index, authorizer)| authorizers.iter().take(index).any(|earlier| earlier == authorizer);
    let status = if u32::try_from(transaction_bytes).is_ok_and(|bytes| bytes <= parameters.transaction_bytes_max) {
        if *ledger != rules.ledger {
            Some(WRONG_LEDGER)
        } else if authorizers.is_empty() {
            Some(NO_AUTHORIZER)
        } else if authorizers.len() > AUTHORIZERS_MAX {
            Some(TOO_MANY_AUTHORIZERS)
        } else if authorizers.iter().enumerate().any(duplicate) {
            Some(DUPLICATE_AUTHORIZER)
        } else if signed.signatures.len() != authorizers.len() {
            Some(SIGNATURE_COUNT)
        } else if operations.is_empty() {
            Some(NO_OPERATION)
        } else if operations.len() > usize::from(parameters.operations_max) {
            Some(TOO_MANY_OPERATIONS)
        } else {
            None
        }
    } else {
        Some(TOO_LARGE)
    };
    if let Some(status) = status {
        return Err(Refusal::whole(status));
    }
    for (index, operation) in operations.iter().enumerate() {
        operation.check().map_err(|status| Refusal::at(status, index))?;
    }
    Ok(())
}
