//! The operations: one file per family, one registry line per operation.
//!
//! Semantics, fields and statuses: `docs/reference/operations.md`.

pub mod account;
pub mod asset;
pub mod attest;
pub mod campaign;
pub mod condition;
pub mod distribute;
pub mod governance;
pub mod hold;
pub mod items;
pub mod ledger;
pub mod r#move;
pub mod snapshot;

use crate::apply::{Context, Halt};
use crate::id::Id;
use crate::state::{Records, Table};
use crate::status::{self, Status, StatusInfo};
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// A signature on a paper that an operation carries; checked with the transaction's own signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipSignature {
    /// Who must have signed.
    pub key: Id,
    /// The signature.
    pub signature: [u8; 64],
    /// `"counterfoil/slip/v1\n" ‖ ledger id ‖ SHA-256(Borsh(slip))`.
    pub message: Vec<u8>,
}

/// What every operation can do.
pub trait Operate {
    /// Checks its own fields, without state.
    fn check(&self) -> Result<(), Status>;

    /// The signatures on the slips that it carries.
    fn signatures(&self, ledger: &Id) -> Vec<SlipSignature> {
        let _ = ledger;
        Vec::new()
    }

    /// The records that it will read or write, as far as its bytes tell: what is worth fetching ahead.
    fn touches(&self, touched: &mut Vec<(Table, Id)>);

    /// The accounts that it concerns, for the index of an account's transactions.
    fn concerns(&self, accounts: &mut Vec<Id>);

    /// Checks it against the state and writes it. After a refusal the caller undoes what was written.
    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>>;
}

/// A line of the list of operations.
#[derive(Clone, Copy, Debug)]
pub struct OperationInfo {
    /// The tag on the wire: family × 16 + number.
    pub tag: u8,
    /// The name in the docs and in Python.
    pub name: &'static str,
    /// Whether a mandate may cover it.
    pub mandate: bool,
}

macro_rules! operations {
    ($($tag:literal $name:literal $variant:ident($module:ident) $($mandate:ident)?;)*) => {
        /// One element of a transaction.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Operation {
            $(#[doc = concat!("`", stringify!($tag), "` ", $name)] $variant($module::$variant),)*
        }

        /// Every operation, ascending by tag.
        pub const OPERATIONS: &[OperationInfo] =
            &[$(OperationInfo { tag: $tag, name: $name, mandate: operations!(@mandate $($mandate)?) },)*];

        impl Operation {
            /// Its tag on the wire.
            pub fn tag(&self) -> u8 {
                match self { $(Self::$variant(_) => $tag,)* }
            }

            /// Checks its own fields.
            pub fn check(&self) -> Result<(), Status> {
                match self { $(Self::$variant(operation) => operation.check(),)* }
            }

            /// The signatures on the slips that it carries.
            pub fn signatures(&self, ledger: &Id) -> Vec<SlipSignature> {
                match self { $(Self::$variant(operation) => operation.signatures(ledger),)* }
            }

            /// The records that it will read or write.
            pub fn touches(&self, touched: &mut Vec<(Table, Id)>) {
                match self { $(Self::$variant(operation) => operation.touches(touched),)* }
            }

            /// The accounts that it concerns.
            pub fn concerns(&self, accounts: &mut Vec<Id>) {
                match self { $(Self::$variant(operation) => operation.concerns(accounts),)* }
            }

            /// The operation of this tag, which has been read.
            pub(crate) fn read<T: io::Read>(tag: u8, reader: &mut T) -> io::Result<Self> {
                match tag {
                    $($tag => Ok(Self::$variant(BorshDeserialize::deserialize_reader(reader)?)),)*
                    tag => Err(io::Error::new(io::ErrorKind::InvalidData, format!("unknown operation tag {tag}"))),
                }
            }

            /// Applies it.
            pub(crate) fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
                match self { $(Self::$variant(operation) => operation.apply(context),)* }
            }
        }

        impl BorshSerialize for Operation {
            fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
                writer.write_all(&[self.tag()])?;
                match self { $(Self::$variant(operation) => operation.serialize(writer),)* }
            }
        }

        impl BorshDeserialize for Operation {
            fn deserialize_reader<T: io::Read>(reader: &mut T) -> io::Result<Self> {
                Self::read(u8::deserialize_reader(reader)?, reader)
            }
        }
    };
    (@mandate mandate) => { true };
    (@mandate) => { false };
}

operations! {
    0x10 "open" Open(account);
    0x11 "set_keys" SetKeys(account);
    0x12 "mandate" Mandate(account);
    0x13 "once" Once(account);
    0x14 "set_guardians" SetGuardians(account);
    0x15 "recover" Recover(account);
    0x16 "cancel_recovery" CancelRecovery(account);
    0x17 "finish_recovery" FinishRecovery(account);
    0x18 "alias" Alias(account);
    0x20 "create" Create(asset);
    0x21 "change" Change(asset);
    0x22 "renounce" Renounce(asset);
    0x23 "freeze" Freeze(asset);
    0x24 "pause" Pause(asset);
    0x25 "design" Design(items);
    0x26 "issue_item" IssueItem(items) mandate;
    0x27 "give_item" GiveItem(items) mandate;
    0x28 "sell_item" SellItem(items);
    0x29 "burn_item" BurnItem(items) mandate;
    0x2a "complete_set" CompleteSet(items);
    0x2b "sunset" Sunset(asset);
    0x30 "transfer" Transfer(r#move) mandate;
    0x31 "pay" Pay(r#move) mandate;
    0x32 "mint" Mint(r#move) mandate;
    0x33 "burn" Burn(r#move) mandate;
    0x34 "claw_back" ClawBack(r#move);
    0x35 "sweep" Sweep(r#move);
    0x36 "redeem" Redeem(r#move) mandate;
    0x37 "refund" Refund(r#move);
    0x40 "open_group" OpenGroup(hold);
    0x41 "hold" Hold(hold) mandate;
    0x42 "settle" Settle(hold);
    0x43 "release" Release(hold);
    0x50 "open_campaign" OpenCampaign(campaign);
    0x51 "fund_campaign" FundCampaign(campaign) mandate;
    0x52 "claim" Claim(campaign);
    0x53 "close_campaign" CloseCampaign(campaign);
    0x60 "schema" Schema(attest);
    0x61 "attest" Attest(attest) mandate;
    0x62 "revoke" Revoke(attest) mandate;
    0x70 "set_constitution" SetConstitution(governance);
    0x71 "propose" Propose(governance);
    0x72 "vote" Vote(governance);
    0x73 "reveal" Reveal(governance);
    0x74 "delegate" Delegate(governance);
    0x75 "veto" Veto(governance);
    0x76 "cancel" Cancel(governance);
    0x77 "conclude" Conclude(governance);
    0x78 "execute" Execute(governance);
    0x80 "snapshot" Snapshot(snapshot);
    0x81 "release_snapshot" ReleaseSnapshot(snapshot);
    0x82 "distribute" Distribute(distribute);
    0x83 "collect" Collect(distribute);
    0x84 "close_distribution" CloseDistribution(distribute);
    0xa0 "set_parameters" SetParameters(ledger);
}

/// The operation with this tag.
pub fn operation_info(tag: u8) -> Option<&'static OperationInfo> {
    OPERATIONS.iter().find(|info| info.tag == tag)
}

/// Every status, common ones first, those of an operation in order of precedence.
pub fn statuses() -> impl Iterator<Item = StatusInfo> {
    let families = [
        status::STATUSES,
        account::STATUSES,
        asset::STATUSES,
        r#move::STATUSES,
        hold::STATUSES,
        campaign::STATUSES,
        attest::STATUSES,
        governance::STATUSES,
        distribute::STATUSES,
        ledger::STATUSES,
    ];
    families.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tags_codes_and_names_are_distinct() {
        assert!(OPERATIONS.is_sorted_by(|left, right| left.tag < right.tag));
        let names: BTreeSet<_> = OPERATIONS.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        let codes: BTreeSet<_> = statuses().map(|info| info.status).collect();
        let names: BTreeSet<_> = statuses().map(|info| info.name).collect();
        assert_eq!(codes.len(), statuses().count());
        assert_eq!(names.len(), statuses().count());
    }
}
