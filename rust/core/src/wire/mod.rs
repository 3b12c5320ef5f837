//! What is signed and logged, in Borsh: `docs/reference/formats.md`.

mod entry;
mod genesis;
mod transaction;

pub use entry::{Applied, COMMIT_VERSION, Commit, ENTRY_BYTES_MAX, Effect, Entry, LotAmount, OperatorChange, RULES};
pub use genesis::{AssetCreators, Genesis, Parameters};
pub use transaction::{
    AUTHORIZERS_MAX, Authorizer, SIGNED_MESSAGE_BYTES, SIGNED_TRANSACTION_BYTES_MAX, SignedTransaction,
    TRANSACTION_BYTES_MAX, TRANSACTION_VERSION, Transaction, signed_message, transaction_id, transaction_ids,
};

use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// Decodes one value from exactly these bytes, or nothing: trailing bytes, unknown tags and anything that does not
/// re-encode to the same bytes are refused.
pub fn decode<T: BorshDeserialize + BorshSerialize>(bytes: &[u8]) -> Option<T> {
    let value = borsh::from_slice::<T>(bytes).ok()?;
    let mut comparison = Comparison { rest: bytes };
    value.serialize(&mut comparison).ok()?;
    comparison.rest.is_empty().then_some(value)
}

/// Encodes a value.
///
/// # Panics
///
/// Never: writing to memory cannot fail, and no list here has 2^32 elements.
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    // Records are kept as they are encoded: `borsh::to_vec` gives each of them a kilobyte.
    let length = borsh::object_length(value).expect("writing to memory cannot fail");
    let mut bytes = Vec::with_capacity(length);
    encode_into(value, &mut bytes);
    bytes
}

/// Appends a value's encoding.
///
/// # Panics
///
/// Never, as [`encode`].
pub(crate) fn encode_into<T: BorshSerialize>(value: &T, into: &mut Vec<u8>) {
    value.serialize(into).expect("writing to memory cannot fail");
}

/// A writer that accepts only the bytes it was given.
struct Comparison<'a> {
    rest: &'a [u8],
}

impl io::Write for Comparison<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
