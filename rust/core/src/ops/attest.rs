//! attest (family 6): schema, attest, revoke.
//!
//! An attestation is what an issuer says of a subject, once for each nonce: a membership, a badge, a rating, who
//! referred whom. A schema says what is said, by whom and of whom; it never changes.

use crate::apply::{Context, Halt};
use crate::id::{Id, record_id};
use crate::ops::Operate;
use crate::ops::distribute::INVALID_ELECTORATE;
use crate::state::{AssetRecord, OwnId, Reason, Records, Table, TableRecord};
use crate::status::{Status, statuses};
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};

statuses! { 6;
    /// The name of a schema is not `[a-z0-9._-]{1,32}`.
    INVALID_NAME = 0x01 "invalid_name";
    /// No integer is in the range, or bytes of at most 0 or over 256.
    INVALID_CONTENT_KIND = 0x02 "invalid_content_kind";
    /// More than 16 issuers, or not strictly ascending.
    INVALID_ISSUERS = 0x03 "invalid_issuers";
    /// An edge from the subject to itself.
    SELF_REFERENCE = 0x04 "self_reference";
    /// There is no such schema.
    UNKNOWN_SCHEMA = 0x05 "unknown_schema";
    /// The creator has a schema of this name.
    SCHEMA_EXISTS = 0x06 "schema_exists";
    /// The schema lists who may attest, and not this issuer.
    ISSUER_NOT_ALLOWED = 0x07 "issuer_not_allowed";
    /// The content is not what the schema says.
    WRONG_CONTENT = 0x08 "wrong_content";
    /// It would have expired already.
    EXPIRY_PASSED = 0x09 "expiry_passed";
    /// A live one stands there.
    ATTESTATION_EXISTS = 0x0a "attestation_exists";
    /// The edges would lead back to the subject.
    REFERENCE_CYCLE = 0x0b "reference_cycle";
    /// More than 64 edges lie ahead.
    REFERENCE_TOO_DEEP = 0x0c "reference_too_deep";
    /// What is attested by this schema stays.
    IRREVOCABLE = 0x0d "irrevocable";
    /// There is no such attestation.
    UNKNOWN_ATTESTATION = 0x0e "unknown_attestation";
    /// It was revoked before.
    ALREADY_REVOKED = 0x0f "already_revoked";
    /// The attestation that is required has expired.
    ATTESTATION_EXPIRED = 0x10 "attestation_expired";
    /// The attestation that is required was revoked.
    ATTESTATION_REVOKED = 0x11 "attestation_revoked";
}

const FAMILY: u8 = 6;
const SCHEMA: u8 = 0x60;
const ATTEST: u8 = 0x61;
const REVOKE: u8 = 0x62;
const NAME_BYTES_MAX: usize = 32;
const CONTENT_BYTES_MAX: u16 = 256;
const ISSUERS_MAX: usize = 16;
const EDGES_MAX: usize = 64;

/// The version of schema records.
pub const SCHEMA_VERSION: u8 = 1;

/// The nonce of what there can be one of.
const SINGLE: [u8; 32] = [0; 32];

/// Says what may be attested, by whom and of whom.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Schema {
    /// Whose authority it needs; part of the schema's id.
    pub creator: Id,
    /// `[a-z0-9._-]{1,32}`; the other part.
    pub name: String,
    /// What an attestation says.
    pub content: ContentKind,
    /// Who may attest, strictly ascending; empty: anybody.
    pub issuers: Vec<Id>,
    /// What a subject must have been attested before.
    pub subjects: Option<Requirement>,
    /// Whether attestations can be revoked.
    pub revocable: bool,
}

/// Says something of a subject.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attest {
    /// What kind of thing is said.
    pub schema: Id,
    /// Who says it.
    pub issuer: Id,
    /// Of whom.
    pub subject: Id,
    /// Tells attestations of one subject apart; zeros for what there can be one of.
    pub nonce: [u8; 32],
    /// From when on it holds no longer, ms.
    pub expires: Option<u64>,
    /// What is said.
    pub content: Content,
}

/// Takes back what was said.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Revoke {
    /// By which schema it was said.
    pub schema: Id,
    /// Who said it.
    pub issuer: Id,
    /// Of whom.
    pub subject: Id,
    /// Its nonce.
    pub nonce: [u8; 32],
    /// Why.
    pub reason: Reason,
}

/// What the attestations of a schema say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ContentKind {
    /// Nothing but that there is one.
    Nothing,
    /// A number.
    Integer {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// Some bytes.
    Bytes {
        /// How many at the most, 1 to 256.
        most: u16,
    },
    /// The hash of what is said elsewhere.
    Commitment,
    /// Another account, to which the subject refers.
    Edge,
}

/// What an attestation says.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Content {
    /// Nothing but that it is there.
    Nothing,
    /// A number.
    Integer {
        /// The number.
        value: i64,
    },
    /// Some bytes.
    Bytes {
        /// The bytes.
        value: Vec<u8>,
    },
    /// The hash of what is said elsewhere.
    Commitment {
        /// SHA-256, salted.
        hash: [u8; 32],
    },
    /// An edge from the subject to another account.
    Edge {
        /// The account.
        to: Id,
    },
}

impl Content {
    fn fits(&self, kind: ContentKind) -> bool {
        match (self, kind) {
            (Self::Nothing, ContentKind::Nothing)
            | (Self::Commitment { .. }, ContentKind::Commitment)
            | (Self::Edge { .. }, ContentKind::Edge) => true,
            (Self::Integer { value }, ContentKind::Integer { least, most }) => (least..=most).contains(value),
            (Self::Bytes { value }, ContentKind::Bytes { most }) => {
                !value.is_empty() && value.len() <= usize::from(most)
            }
            _ => false,
        }
    }
}

/// An attestation that a subject must have: live, with a nonce of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Requirement {
    /// By this schema.
    pub schema: Id,
    /// From this issuer.
    pub issuer: Id,
}

/// A schema, and how much was attested by it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SchemaRecord {
    /// 1.
    pub version: u8,
    /// Who created it.
    pub creator: Id,
    /// `[a-z0-9._-]{1,32}`.
    pub name: String,
    /// What an attestation says.
    pub content: ContentKind,
    /// Who may attest, strictly ascending; empty: anybody.
    pub issuers: Vec<Id>,
    /// What a subject must have been attested before.
    pub subjects: Option<Requirement>,
    /// Whether attestations can be revoked.
    pub revocable: bool,
    /// Attestations that were neither revoked nor replaced; expired ones are among them.
    pub live: u64,
}

impl SchemaRecord {
    /// The id of the schema that `creator` creates as `name` (at most 32 bytes; longer ones are refused before).
    pub fn id(creator: &Id, name: &str) -> Id {
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        record_id("schema", &[creator.as_ref(), &[length], name.as_bytes()])
    }

    fn allows(&self, issuer: &Id) -> bool {
        self.issuers.is_empty() || self.issuers.contains(issuer)
    }
}

impl TableRecord for SchemaRecord {
    const VERSION: Option<u8> = Some(SCHEMA_VERSION);

    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        // The length of the name is one byte of the id.
        match u8::try_from(self.name.len()) {
            Ok(_) => OwnId::Is(Self::id(&self.creator, &self.name)),
            Err(_) => OwnId::Impossible,
        }
    }
}

/// Something that was said of a subject, and whether it was taken back.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AttestationRecord {
    /// Who said it.
    pub issuer: Id,
    /// Of whom.
    pub subject: Id,
    /// Tells attestations of one subject apart.
    pub nonce: [u8; 32],
    /// When, ms.
    pub issued: u64,
    /// From when on it holds no longer, ms.
    pub expires: Option<u64>,
    /// What was said.
    pub content: Content,
    /// When and why it was taken back.
    pub revoked: Option<Revocation>,
}

/// When and why an attestation was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Revocation {
    /// When, ms.
    pub time: u64,
    /// Why.
    pub reason: Reason,
}

impl AttestationRecord {
    /// Its record id.
    pub fn id(schema: &Id, issuer: &Id, subject: &Id, nonce: &[u8; 32]) -> Id {
        record_id("attestation", &[schema.as_ref(), issuer.as_ref(), subject.as_ref(), nonce])
    }

    /// Whether it holds at this time.
    pub fn is_live(&self, time: u64) -> bool {
        self.revoked.is_none() && !self.is_expired(time)
    }

    fn is_expired(&self, time: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= time)
    }
}

impl TableRecord for AttestationRecord {
    fn own_id(&self, table_key: Option<&Id>) -> OwnId {
        let own = |schema| OwnId::Is(Self::id(schema, &self.issuer, &self.subject, &self.nonce));
        table_key.map_or(OwnId::Impossible, own)
    }
}

/// Whether mandates for the operation with this tag name a schema instead of an asset.
pub(crate) fn is_attesting(tag: u8) -> bool {
    tag >> 4 == FAMILY
}

/// A schema.
pub(crate) fn load_schema<R: Records>(
    context: &mut Context<'_, R>,
    schema: &Id,
) -> Result<SchemaRecord, Halt<R::Error>> {
    context.read(Table::SCHEMAS, schema)?.ok_or(Halt::Refused(UNKNOWN_SCHEMA))
}

/// The one attestation of a subject, or why there is none that holds now.
pub(crate) fn require_live<R: Records>(
    context: &mut Context<'_, R>,
    schema: &Id,
    issuer: &Id,
    subject: &Id,
) -> Result<AttestationRecord, Halt<R::Error>> {
    let id = AttestationRecord::id(schema, issuer, subject, &SINGLE);
    let found: Option<AttestationRecord> = context.read(Table::attestations(*schema), &id)?;
    let attestation = found.ok_or(Halt::Refused(UNKNOWN_ATTESTATION))?;
    if attestation.revoked.is_some() {
        return Err(ATTESTATION_REVOKED.into());
    }
    if attestation.is_expired(context.time()) {
        return Err(ATTESTATION_EXPIRED.into());
    }
    Ok(attestation)
}

/// Whether a subject's one attestation held at a time that is over, as far as its record still tells: one that was
/// revoked or expired since did, one that was replaced since did not. Nor did one that was attested or revoked in that
/// very millisecond: nobody can tell what came first.
pub(super) fn was_member<R: Records>(
    context: &mut Context<'_, R>,
    schema: &Id,
    issuer: &Id,
    subject: &Id,
    time: u64,
) -> Result<bool, Halt<R::Error>> {
    let id = AttestationRecord::id(schema, issuer, subject, &SINGLE);
    let found: Option<AttestationRecord> = context.read(Table::attestations(*schema), &id)?;
    let held = |found: AttestationRecord| {
        found.issued < time && found.revoked.is_none_or(|revoked| revoked.time > time) && !found.is_expired(time)
    };
    Ok(found.is_some_and(held))
}

/// A schema by which one issuer alone attests, so that its count is that of the members.
pub(super) fn electorate_schema<R: Records>(
    context: &mut Context<'_, R>,
    schema: &Id,
    issuer: &Id,
) -> Result<SchemaRecord, Halt<R::Error>> {
    let record = load_schema(context, schema)?;
    if record.issuers == [*issuer] { Ok(record) } else { Err(INVALID_ELECTORATE.into()) }
}

/// Refuses an account that the asset's policy wants attested and that is not. The issuer needs no attestation, and no
/// rule's funds do.
pub(crate) fn refuse_unattested<R: Records>(
    context: &mut Context<'_, R>,
    asset: &AssetRecord,
    account: &Id,
) -> Result<(), Halt<R::Error>> {
    let Some((schema, issuer)) = asset.attested() else { return Ok(()) };
    if *account == asset.issuer || context.is_programme_account(account)? {
        return Ok(());
    }
    require_live(context, &schema, &issuer, account).map(|_| ())
}

fn is_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(letters)
}

impl Operate for Schema {
    fn check(&self) -> Result<(), Status> {
        if !is_name(&self.name) {
            return Err(INVALID_NAME);
        }
        let possible = match self.content {
            ContentKind::Integer { least, most } => least <= most,
            ContentKind::Bytes { most } => (1..=CONTENT_BYTES_MAX).contains(&most),
            ContentKind::Nothing | ContentKind::Commitment | ContentKind::Edge => true,
        };
        if !possible {
            return Err(INVALID_CONTENT_KIND);
        }
        if self.issuers.len() > ISSUERS_MAX || !self.issuers.is_sorted_by(|left, right| left < right) {
            return Err(INVALID_ISSUERS);
        }
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::SCHEMAS, SchemaRecord::id(&self.creator, &self.name)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.creator);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.creator, SCHEMA)?;
        let id = SchemaRecord::id(&self.creator, &self.name);
        if context.record(&Table::SCHEMAS, &id)?.is_some() {
            return Err(SCHEMA_EXISTS.into());
        }
        let record = SchemaRecord {
            version: SCHEMA_VERSION,
            creator: self.creator,
            name: self.name.clone(),
            content: self.content,
            issuers: self.issuers.clone(),
            subjects: self.subjects,
            revocable: self.revocable,
            live: 0,
        };
        context.write(Table::SCHEMAS, id, &record)?;
        Ok(Effect::Nothing)
    }
}

impl Attest {
    fn record_id(&self, subject: &Id) -> Id {
        AttestationRecord::id(&self.schema, &self.issuer, subject, &self.nonce)
    }

    /// Where an account's live edge of this schema, issuer and nonce leads.
    fn edge_of<R: Records>(&self, context: &mut Context<'_, R>, account: &Id) -> Result<Option<Id>, Halt<R::Error>> {
        let found = context.read(Table::attestations(self.schema), &self.record_id(account))?;
        let time = context.time();
        Ok(found.filter(|found: &AttestationRecord| found.is_live(time)).and_then(|found| match found.content {
            Content::Edge { to } => Some(to),
            Content::Nothing | Content::Integer { .. } | Content::Bytes { .. } | Content::Commitment { .. } => None,
        }))
    }

    /// Refuses an edge from which others lead back to the subject, or too far to know.
    fn refuse_cycle<R: Records>(&self, context: &mut Context<'_, R>) -> Result<(), Halt<R::Error>> {
        let Content::Edge { to: mut account } = self.content else { return Ok(()) };
        for _ in 0..EDGES_MAX {
            let Some(next) = self.edge_of(context, &account)? else { return Ok(()) };
            if next == self.subject {
                return Err(REFERENCE_CYCLE.into());
            }
            account = next;
        }
        match self.edge_of(context, &account)? {
            Some(_) => Err(REFERENCE_TOO_DEEP.into()),
            None => Ok(()),
        }
    }
}

impl Operate for Attest {
    fn check(&self) -> Result<(), Status> {
        if (Content::Edge { to: self.subject }) == self.content {
            return Err(SELF_REFERENCE);
        }
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::SCHEMAS, self.schema));
        touched.push((Table::attestations(self.schema), self.record_id(&self.subject)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.issuer, self.subject]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut schema = load_schema(context, &self.schema)?;
        context.authority_or_mandate(&self.issuer, ATTEST, &self.schema, 1)?;
        if !schema.allows(&self.issuer) {
            return Err(ISSUER_NOT_ALLOWED.into());
        }
        if !self.content.fits(schema.content) {
            return Err(WRONG_CONTENT.into());
        }
        let time = context.time();
        if self.expires.is_some_and(|expires| expires <= time) {
            return Err(EXPIRY_PASSED.into());
        }
        if let Some(required) = schema.subjects {
            require_live(context, &required.schema, &required.issuer, &self.subject)?;
        }
        let (table, id) = (Table::attestations(self.schema), self.record_id(&self.subject));
        let before: Option<AttestationRecord> = context.read(table, &id)?;
        if before.as_ref().is_some_and(|before| before.is_live(time)) {
            return Err(ATTESTATION_EXISTS.into());
        }
        self.refuse_cycle(context)?;
        // One that had merely expired was counted until now, when this one takes its place.
        if before.is_none_or(|before| before.revoked.is_some()) {
            schema.live = schema.live.checked_add(1).ok_or_else(|| wrong_count::<R>())?;
            context.write(Table::SCHEMAS, self.schema, &schema)?;
        }
        let record = AttestationRecord {
            issuer: self.issuer,
            subject: self.subject,
            nonce: self.nonce,
            issued: time,
            expires: self.expires,
            content: self.content.clone(),
            revoked: None,
        };
        context.write(table, id, &record)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Revoke {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        let id = AttestationRecord::id(&self.schema, &self.issuer, &self.subject, &self.nonce);
        touched.extend([(Table::SCHEMAS, self.schema), (Table::attestations(self.schema), id)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.issuer, self.subject]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut schema = load_schema(context, &self.schema)?;
        context.authority_or_mandate(&self.issuer, REVOKE, &self.schema, 1)?;
        if !schema.revocable {
            return Err(IRREVOCABLE.into());
        }
        let table = Table::attestations(self.schema);
        let id = AttestationRecord::id(&self.schema, &self.issuer, &self.subject, &self.nonce);
        let found: Option<AttestationRecord> = context.read(table, &id)?;
        let mut attestation = found.ok_or(Halt::Refused(UNKNOWN_ATTESTATION))?;
        if attestation.revoked.is_some() {
            return Err(ALREADY_REVOKED.into());
        }
        attestation.revoked = Some(Revocation { time: context.time(), reason: self.reason });
        context.write(table, id, &attestation)?;
        schema.live = schema.live.checked_sub(1).ok_or_else(|| wrong_count::<R>())?;
        context.write(Table::SCHEMAS, self.schema, &schema)?;
        Ok(Effect::Nothing)
    }
}

fn wrong_count<R: Records>() -> Halt<R::Error> {
    Halt::corrupt::<R>("a schema's count of attestations contradicts them")
}
