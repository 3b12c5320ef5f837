//! Conditions: what must be true for a hold to be settled, or to be released early.
//!
//! Encoding and meaning: `docs/reference/operations.md`, *hold*.

use crate::apply::{Context, Halt};
use crate::id::Id;
use crate::ops::attest::require_live;
use crate::ops::governance::{RESOLUTIONS, ResolutionRecord};
use crate::ops::hold::{GroupRecord, HOLD_GROUPS, INVALID_CONDITION};
use crate::state::Records;
use crate::status::Status;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};
use std::io;

const CONDITION_DEPTH_MAX: usize = 4;
const CONDITION_PARTS_MAX: usize = 32;
const SIGNERS_MAX: usize = 16;

/// What must be true, as far as the ledger can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of these.
    AllOf(Vec<Condition>),
    /// At least one of these.
    AnyOf(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// The time has come, ms.
    After(u64),
    /// The operation shows 32 bytes whose SHA-256 this is.
    Preimage([u8; 32]),
    /// So many of these accounts sign the operation.
    SignedBy {
        /// How many.
        threshold: u8,
        /// Strictly ascending.
        accounts: Vec<Id>,
    },
    /// Somebody has a live attestation, with a nonce of zeros.
    Attested {
        /// By which schema.
        schema: Id,
        /// From whom.
        issuer: Id,
        /// Who; the hold's payer where absent.
        subject: Option<Id>,
    },
    /// The holds of a group have so much in all.
    GroupTotal {
        /// Which group.
        group: Id,
        /// Minor units.
        at_least: u128,
    },
    /// A governed account resolved something.
    Resolved {
        /// Which account.
        account: Id,
        /// By which rule: the hash of it.
        rule: [u8; 32],
        /// What it was asked.
        subject: [u8; 32],
        /// What it answered.
        option: u8,
    },
    /// The hold's payer signs the operation.
    ByPayer,
}

impl Condition {
    /// A condition within so many others that so many more levels are left.
    fn read<T: io::Read>(reader: &mut T, levels: usize) -> io::Result<Self> {
        let refuse = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let below = levels.checked_sub(1).ok_or_else(|| {
            refuse(format!("a condition nests at most {CONDITION_DEPTH_MAX} deep, and this one nests deeper"))
        })?;
        let list = |reader: &mut T| -> io::Result<Vec<Self>> {
            let count = u32::deserialize_reader(reader)?;
            (0..count).map(|_| Self::read(reader, below)).collect()
        };
        Ok(match u8::deserialize_reader(reader)? {
            0 => Self::AllOf(list(reader)?),
            1 => Self::AnyOf(list(reader)?),
            2 => Self::Not(Box::new(Self::read(reader, below)?)),
            3 => Self::After(u64::deserialize_reader(reader)?),
            4 => Self::Preimage(BorshDeserialize::deserialize_reader(reader)?),
            5 => Self::SignedBy {
                threshold: u8::deserialize_reader(reader)?,
                accounts: Vec::deserialize_reader(reader)?,
            },
            6 => Self::Attested {
                schema: Id::deserialize_reader(reader)?,
                issuer: Id::deserialize_reader(reader)?,
                subject: Option::deserialize_reader(reader)?,
            },
            7 => {
                Self::GroupTotal { group: Id::deserialize_reader(reader)?, at_least: u128::deserialize_reader(reader)? }
            }
            8 => Self::Resolved {
                account: Id::deserialize_reader(reader)?,
                rule: BorshDeserialize::deserialize_reader(reader)?,
                subject: BorshDeserialize::deserialize_reader(reader)?,
                option: u8::deserialize_reader(reader)?,
            },
            9 => Self::ByPayer,
            tag => return Err(refuse(format!("unknown condition tag {tag}"))),
        })
    }

    /// How many conditions it is made of, itself among them, and how many ids these name. A record must hold all.
    fn parts(&self) -> usize {
        match self {
            Self::AllOf(of) | Self::AnyOf(of) => of.iter().map(Self::parts).fold(1, usize::saturating_add),
            Self::Not(of) => of.parts().saturating_add(1),
            Self::SignedBy { accounts, .. } => accounts.len().saturating_add(1),
            Self::Attested { .. } | Self::Resolved { .. } => 4,
            Self::After(_) | Self::Preimage(_) | Self::GroupTotal { .. } | Self::ByPayer => 1,
        }
    }

    /// Whether each of its parts can be told to be true or not.
    fn is_possible(&self) -> bool {
        match self {
            Self::AllOf(of) | Self::AnyOf(of) => !of.is_empty() && of.iter().all(Self::is_possible),
            Self::Not(of) => of.is_possible(),
            Self::SignedBy { threshold, accounts } => {
                (1..=accounts.len()).contains(&usize::from(*threshold))
                    && accounts.len() <= SIGNERS_MAX
                    && accounts.is_sorted_by(|left, right| left < right)
            }
            Self::After(_)
            | Self::Preimage(_)
            | Self::Attested { .. }
            | Self::GroupTotal { .. }
            | Self::Resolved { .. }
            | Self::ByPayer => true,
        }
    }

    pub(super) fn check(&self) -> Result<(), Status> {
        if self.is_possible() && self.parts() <= CONDITION_PARTS_MAX { Ok(()) } else { Err(INVALID_CONDITION) }
    }

    /// Whether it plainly cannot be met without somebody's signature.
    pub(super) fn needs_signature(&self) -> bool {
        match self {
            Self::SignedBy { .. } | Self::ByPayer => true,
            Self::AllOf(of) => of.iter().any(|part| matches!(part, Self::SignedBy { .. } | Self::ByPayer)),
            Self::AnyOf(_)
            | Self::Not(_)
            | Self::After(_)
            | Self::Preimage(_)
            | Self::Attested { .. }
            | Self::GroupTotal { .. }
            | Self::Resolved { .. } => false,
        }
    }

    /// Whether it plainly cannot be met without what others find and keep a record of.
    pub(super) fn is_found_by_others(&self) -> bool {
        let is_found = |part: &Self| matches!(part, Self::Attested { .. } | Self::Resolved { .. });
        match self {
            Self::Attested { .. } | Self::Resolved { .. } => true,
            Self::AllOf(of) => of.iter().any(is_found),
            Self::AnyOf(_)
            | Self::Not(_)
            | Self::After(_)
            | Self::Preimage(_)
            | Self::SignedBy { .. }
            | Self::GroupTotal { .. }
            | Self::ByPayer => false,
        }
    }

    /// Whether it holds now, for this operation.
    pub(super) fn is_met<R: Records>(&self, case: &mut Case<'_, '_, R>) -> Result<bool, Halt<R::Error>> {
        Ok(match self {
            Self::AllOf(of) => {
                for part in of {
                    if !part.is_met(case)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::AnyOf(of) => {
                for part in of {
                    if part.is_met(case)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(of) => !of.is_met(case)?,
            Self::After(time) => case.context.time() >= *time,
            Self::Preimage(hash) => case.preimages.iter().any(|preimage| Sha256::digest(preimage)[..] == hash[..]),
            Self::SignedBy { threshold, accounts } => {
                case.context.count_authorities(accounts, case.tag)? >= usize::from(*threshold)
            }
            Self::Attested { schema, issuer, subject } => {
                match require_live(case.context, schema, issuer, subject.as_ref().unwrap_or(case.payer)) {
                    Ok(_) => true,
                    Err(Halt::Refused(_)) => false,
                    Err(Halt::Failed(error)) => return Err(Halt::Failed(error)),
                }
            }
            Self::GroupTotal { group, at_least } => {
                let group = case.context.read::<GroupRecord>(HOLD_GROUPS, group)?;
                group.map_or(0, |group| group.total) >= *at_least
            }
            Self::Resolved { account, rule, subject, option } => {
                let id = ResolutionRecord::id(account, rule, subject);
                let resolution = case.context.read::<ResolutionRecord>(RESOLUTIONS, &id)?;
                resolution.is_some_and(|resolution| resolution.option == *option)
            }
            Self::ByPayer => case.context.has_authority(case.payer, case.tag)?,
        })
    }
}

impl BorshDeserialize for Condition {
    fn deserialize_reader<T: io::Read>(reader: &mut T) -> io::Result<Self> {
        Self::read(reader, CONDITION_DEPTH_MAX)
    }
}

impl BorshSerialize for Condition {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        match self {
            Self::AllOf(of) => (0u8, of).serialize(writer),
            Self::AnyOf(of) => (1u8, of).serialize(writer),
            Self::Not(of) => (2u8, of).serialize(writer),
            Self::After(time) => (3u8, time).serialize(writer),
            Self::Preimage(hash) => (4u8, hash).serialize(writer),
            Self::SignedBy { threshold, accounts } => (5u8, threshold, accounts).serialize(writer),
            Self::Attested { schema, issuer, subject } => (6u8, schema, issuer, subject).serialize(writer),
            Self::GroupTotal { group, at_least } => (7u8, group, at_least).serialize(writer),
            Self::Resolved { account, rule, subject, option } => {
                (8u8, account, rule, subject, option).serialize(writer)
            }
            Self::ByPayer => 9u8.serialize(writer),
        }
    }
}

/// What a condition is asked about.
pub(super) struct Case<'c, 'a, R: Records> {
    pub(super) context: &'c mut Context<'a, R>,
    pub(super) tag: u8,
    pub(super) payer: &'c Id,
    pub(super) preimages: &'c [[u8; 32]],
}
