//! The 32-byte names of ledgers, accounts, assets, transactions and records.
//!
//! Formats: `docs/reference/formats.md`, section *Names*.

use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A 32-byte name: of a ledger, an account, an asset, a transaction or a record. Also a SHA-256 hash.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Id(pub [u8; 32]);

impl Id {
    /// 32 zero bytes: the hash of an empty subtree.
    pub const ZERO: Self = Self([0; 32]);

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 8 bytes, which order ids as the whole does wherever they differ.
    pub fn prefix(&self) -> u64 {
        self.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl AsRef<[u8]> for Id {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// SHA-256 of the parts, joined.
pub fn sha256(parts: &[&[u8]]) -> Id {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Id(hasher.finalize().into())
}

/// The id of a record: SHA-256(`"counterfoil/" ‖ kind ‖ "/v1\n" ‖ parts`), where every part has a fixed width.
pub fn record_id(kind: &str, parts: &[&[u8]]) -> Id {
    let mut hasher = Sha256::new();
    hasher.update(b"counterfoil/");
    hasher.update(kind.as_bytes());
    hasher.update(b"/v1\n");
    for part in parts {
        hasher.update(part);
    }
    Id(hasher.finalize().into())
}

/// The id of the named account that `opener` opens with `salt`.
pub fn named_account_id(opener: &Id, salt: &[u8; 16]) -> Id {
    record_id("account", &[&opener.0, salt])
}

/// The id of the asset that `issuer` creates as `symbol` (at most 12 bytes; longer ones are refused before).
pub fn asset_id(issuer: &Id, symbol: &str) -> Id {
    let length = u8::try_from(symbol.len()).unwrap_or(u8::MAX);
    record_id("asset", &[&issuer.0, &[length], symbol.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_id_is_the_hash_of_its_written_form() {
        let parts = [7u8; 32];
        let mut joined = b"counterfoil/asset/v1\n".to_vec();
        joined.extend_from_slice(&parts);
        joined.push(4);
        joined.extend_from_slice(b"BEAN");
        assert_eq!(asset_id(&Id(parts), "BEAN"), sha256(&[&joined]));
    }
}
