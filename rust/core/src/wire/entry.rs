//! Log entries: a tag byte, then Borsh.

use crate::id::Id;
use crate::wire::{Genesis, SignedTransaction, decode, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;
use std::ops::Range;

/// The longest entry.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// The version of commit entries.
pub const COMMIT_VERSION: u8 = 1;
/// The number of the semantics that this code applies; it only rises.
pub const RULES: u32 = 1;

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// `00`: leaf 0 and no other.
    Genesis(Genesis),
    /// `01`: a transaction that was applied.
    Applied(Applied),
    /// `02`: the state root.
    Commit(Commit),
    /// `03`: a new operator key.
    Operator(OperatorChange),
}

impl Entry {
    /// The entry that these bytes strictly encode.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > ENTRY_BYTES_MAX { None } else { decode(bytes) }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// A transaction that was applied: being in the log is the proof of success.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Applied {
    /// When, ms.
    pub time: u64,
    /// What.
    pub signed: SignedTransaction,
    /// What it did that the transaction alone does not tell; one for each operation.
    pub effects: Vec<Effect>,
}

impl Applied {
    /// Appends the beginning of an entry, from the signed transaction's own bytes, which are not encoded again. So many
    /// effects follow, one by one.
    pub(crate) fn encode_head(time: u64, signed_bytes: &[u8], effects: usize, into: &mut Vec<u8>) {
        into.push(1);
        into.extend_from_slice(&time.to_le_bytes());
        into.extend_from_slice(signed_bytes);
        let effects = u32::try_from(effects).expect("a transaction has fewer operations than 2^32");
        into.extend_from_slice(&effects.to_le_bytes());
    }

    /// Where the signed transaction's bytes are inside an entry whose decoded form is `applied`.
    pub fn signed_range(&self, entry: &[u8]) -> Option<Range<usize>> {
        let effects = encode(&self.effects).len();
        let range = 9..entry.len().checked_sub(effects)?;
        (!range.is_empty()).then_some(range)
    }
}

/// Per operation: what was taken and what lapsed, in total.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub enum Effect {
    /// Nothing that the transaction does not tell.
    #[default]
    Nothing,
    /// Units taken from the payer, by lot, and lapsed units removed on the way.
    Moved {
        /// Ascending by lot; empty for assets without lots.
        taken: Vec<LotAmount>,
        /// Ascending by lot; lot 0 for assets without lots.
        lapsed: Vec<LotAmount>,
    },
    /// What the actions of a proposal did.
    Executed {
        /// One for each action; none of them is of this kind.
        effects: Vec<Effect>,
    },
}

impl BorshDeserialize for Effect {
    fn deserialize_reader<T: io::Read>(reader: &mut T) -> io::Result<Self> {
        match u8::deserialize_reader(reader)? {
            2 => {
                let count = u32::deserialize_reader(reader)?;
                let effects = (0..count).map(|_| Self::read_simple(u8::deserialize_reader(reader)?, reader));
                Ok(Self::Executed { effects: effects.collect::<io::Result<_>>()? })
            }
            tag => Self::read_simple(tag, reader),
        }
    }
}

impl Effect {
    /// The effect with this tag, which is of an operation by itself: a proposal executes no other one.
    fn read_simple<T: io::Read>(tag: u8, reader: &mut T) -> io::Result<Self> {
        match tag {
            0 => Ok(Self::Nothing),
            1 => Ok(Self::Moved { taken: Vec::deserialize_reader(reader)?, lapsed: Vec::deserialize_reader(reader)? }),
            tag => Err(io::Error::new(io::ErrorKind::InvalidData, format!("effect tag {tag} where none such may be"))),
        }
    }
}

/// Some units of one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LotAmount {
    /// The issue period.
    pub lot: u32,
    /// How many, never zero.
    pub amount: u128,
}

/// The state after every entry below `through`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commit {
    /// 1.
    pub version: u8,
    /// The ledger.
    pub ledger: Id,
    /// The semantics of apply from the next entry on.
    pub rules: u32,
    /// Counts commits from 0.
    pub height: u64,
    /// When, ms.
    pub time: u64,
    /// At most the commit's own index, at least the last one's `through`.
    pub through: u64,
    /// The directory's root hash.
    pub state_root: Id,
}

/// A new operator key, signed by the old one.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OperatorChange {
    /// Signs the checkpoints that follow.
    pub new_key: Id,
    /// By the old key, over [`OperatorChange::message`].
    pub signature: [u8; 64],
}

impl OperatorChange {
    /// What the old key signs: the height is that of the last commit.
    pub fn message(ledger: &Id, height: u64, new_key: &Id) -> Vec<u8> {
        let mut message = b"counterfoil/operator/v1\n".to_vec();
        message.extend_from_slice(ledger.as_ref());
        message.extend_from_slice(&height.to_be_bytes());
        message.extend_from_slice(new_key.as_ref());
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_executed_executes_nothing() {
        let moved = Effect::Moved { taken: vec![LotAmount { lot: 3, amount: 5 }], lapsed: Vec::new() };
        let executed = Effect::Executed { effects: vec![Effect::Nothing, moved.clone()] };
        for effect in [Effect::Nothing, moved, executed.clone(), Effect::Executed { effects: Vec::new() }] {
            assert_eq!(decode::<Effect>(&encode(&effect)), Some(effect));
        }
        let nested = encode(&Effect::Executed { effects: vec![Effect::Nothing, executed] });
        assert_eq!(decode::<Effect>(&nested), None);
        // Nor is there a depth at which reading it would overflow the stack.
        let deep = [2, 1, 0, 0, 0].repeat(10_000);
        assert_eq!(decode::<Effect>(&deep), None);
        assert_eq!(decode::<Effect>(&[3]), None);
    }
}
