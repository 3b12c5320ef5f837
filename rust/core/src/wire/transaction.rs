//! Transactions: what members sign.

use crate::hash_many::sha256_many;
use crate::id::{Id, sha256};
use crate::ops::Operation;
use crate::wire::encode;
use borsh::{BorshDeserialize, BorshSerialize};

/// The one version.
pub const TRANSACTION_VERSION: u8 = 1;
/// The most authorizers.
pub const AUTHORIZERS_MAX: usize = 16;
/// The most bytes of Borsh(Transaction), whatever the parameters say.
pub const TRANSACTION_BYTES_MAX: u32 = 60_000;
/// The most bytes of Borsh(SignedTransaction): the transaction, a count and 16 signatures.
pub const SIGNED_TRANSACTION_BYTES_MAX: usize = 61_028;

/// An atomic list of operations.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// 1.
    pub version: u8,
    /// The ledger it is for.
    pub ledger: Id,
    /// It may be applied before this time, ms.
    pub valid_until: u64,
    /// Chosen at random; remembered with the first authorizer until `valid_until`.
    pub nonce: [u8; 16],
    /// Who signs.
    pub authorizers: Vec<Authorizer>,
    /// What they want.
    pub operations: Vec<Operation>,
}

/// An account that signs, and the key with which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Authorizer {
    /// The account.
    pub account: Id,
    /// Absent exactly when the account has no record: then its id is the key.
    pub key: Option<Id>,
}

impl Authorizer {
    /// The public key that must have signed.
    pub fn public_key(&self) -> &Id {
        self.key.as_ref().unwrap_or(&self.account)
    }
}

impl Transaction {
    /// What identifies it for replay: SHA-256 of the first authorizer and the nonce.
    pub fn replay_pair(&self) -> Id {
        sha256(&[&encode(&self.authorizers.first()), &self.nonce])
    }
}

/// A transaction and one signature for each authorizer, in order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedTransaction {
    /// What was signed.
    pub transaction: Transaction,
    /// Ed25519 over `"counterfoil/sign/v1\n" ‖ id`.
    pub signatures: Vec<[u8; 64]>,
}

/// The id of the transaction with these bytes.
pub fn transaction_id(transaction_bytes: &[u8]) -> Id {
    sha256(&[ID_PREFIX, transaction_bytes])
}

/// The [`transaction_id`] of each transaction with these bytes, many at once.
pub fn transaction_ids<B: AsRef<[u8]>>(transactions: &[B]) -> Vec<Id> {
    sha256_many(ID_PREFIX, transactions)
}

const ID_PREFIX: &[u8] = b"counterfoil/transaction/v1\n";

/// How many bytes are signed.
pub const SIGNED_MESSAGE_BYTES: usize = 20 + 32;

/// What each authorizer of the transaction with this id signs.
pub fn signed_message(id: &Id) -> [u8; SIGNED_MESSAGE_BYTES] {
    let mut message = [0; SIGNED_MESSAGE_BYTES];
    let (domain, rest) = message.split_at_mut(20);
    domain.copy_from_slice(b"counterfoil/sign/v1\n");
    rest.copy_from_slice(&id.0);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ids_are_those_of_single_transactions() {
        let transactions: Vec<Vec<u8>> = (0..40).map(|number: u8| vec![number; 200 + usize::from(number)]).collect();
        let expected: Vec<Id> = transactions.iter().map(|bytes| transaction_id(bytes)).collect();
        assert_eq!(transaction_ids(&transactions), expected);
    }
}
