//! The indexes, from a transaction's id and from an account to places in the log: what is asked of them, and the
//! entries that wait in memory for a flush. What is on disk is in [`index_runs`](crate::index_runs).
//!
//! They hold hashes, not ids: that keeps an entry small. Two ids may share a hash, so whatever a look-up gives is a
//! candidate until [`Sought::is_in`] has read its log entry.

use crate::error::{Error, Result};
use crate::replica::applied_id;
use counterfoil_core::Id;
use counterfoil_core::wire::{Entry, Transaction};
use siphasher::sip::SipHasher13;
use std::sync::Arc;

/// One of the indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexKind {
    /// Of transactions, by id.
    Transactions,
    /// Of transactions, by the accounts that sign them or that they name.
    Accounts,
}

/// What a look-up asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// The transaction with this id.
    Transaction(Id),
    /// The transactions that this account signed or that name it.
    Account(Id),
}

impl Sought {
    pub(crate) const fn kind(&self) -> IndexKind {
        match self {
            Self::Transaction(_) => IndexKind::Transactions,
            Self::Account(_) => IndexKind::Accounts,
        }
    }

    pub(crate) fn hash(&self, key: &HashKey) -> u64 {
        match self {
            Self::Transaction(id) => transaction_hash(id),
            Self::Account(id) => key.account_hash(id),
        }
    }

    /// Whether this log entry is what was asked for: the one place where candidates are told from finds.
    pub(crate) fn is_in(&self, entry: &[u8]) -> bool {
        let Some(Entry::Applied(applied)) = Entry::decode(entry) else { return false };
        match self {
            Self::Transaction(id) => applied_id(&applied) == *id,
            Self::Account(id) => {
                let mut named = Vec::new();
                name_accounts(&applied.signed.transaction, &mut named);
                named.contains(id)
            }
        }
    }
}

/// Keys the hashes of accounts. Anybody may choose the id of a payee, and with it a hash that has no key: everything
/// that an account ever did could be made a candidate for every look-up of another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey(pub(crate) [u8; 16]);

impl HashKey {
    /// A new one, from the system's randomness.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| Error::Storage(format!("no random bytes: {error}")))?;
        Ok(Self(bytes))
    }

    pub(crate) fn account_hash(&self, account: &Id) -> u64 {
        SipHasher13::new_with_key(&self.0).hash(&account.0)
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HashKey")
    }
}

/// A transaction's id is a hash already.
fn transaction_hash(id: &Id) -> u64 {
    id.prefix()
}

/// Every account that a transaction is of interest to, some perhaps more than once.
fn name_accounts(transaction: &Transaction, into: &mut Vec<Id>) {
    into.extend(transaction.authorizers.iter().map(|authorizer| authorizer.account));
    for operation in &transaction.operations {
        operation.concerns(into);
    }
}

/// An entry of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub(crate) hash: u64,
    /// Where in the log.
    pub(crate) index: u64,
}

/// Entries of both indexes that are not on disk yet, each in the order of the log.
///
/// Nothing is sorted here: adding one is on the way of every transaction, and a look-up may well go through what one
/// flush covers.
#[derive(Debug)]
pub struct IndexEntries {
    pub(crate) key: HashKey,
    transactions: Vec<IndexEntry>,
    accounts: Vec<IndexEntry>,
    /// The accounts of the transaction in hand, and their hashes. Empty between two; kept for their memory.
    named: Vec<Id>,
    hashes: Vec<u64>,
}

impl IndexEntries {
    /// None yet.
    pub const fn new(key: HashKey) -> Self {
        Self { key, transactions: Vec::new(), accounts: Vec::new(), named: Vec::new(), hashes: Vec::new() }
    }

    /// Indexes a transaction under its id and every account that it names. Its log index is above those before.
    pub fn add(&mut self, id: &Id, transaction: &Transaction, index: u64) {
        self.transactions.push(IndexEntry { hash: transaction_hash(id), index });
        name_accounts(transaction, &mut self.named);
        // Who signs is mostly the first one named.
        self.named.dedup();
        self.hashes.extend(self.named.drain(..).map(|account| self.key.account_hash(&account)));
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.accounts.extend(self.hashes.drain(..).map(|hash| IndexEntry { hash, index }));
    }

    /// Takes over the entries of others, which are of later transactions.
    pub(crate) fn append(&mut self, later: &mut Self) {
        debug_assert_eq!(self.key, later.key);
        self.transactions.append(&mut later.transactions);
        self.accounts.append(&mut later.accounts);
    }

    /// Bytes of memory of the entries, and of what is packed of them for a flush.
    pub(crate) fn memory_bytes(&self) -> usize {
        let entries = self.transactions.len().saturating_add(self.accounts.len());
        entries.saturating_mul(size_of::<IndexEntry>().saturating_add(size_of::<u64>()))
    }

    pub(crate) fn of(&self, kind: IndexKind) -> &[IndexEntry] {
        match kind {
            IndexKind::Transactions => &self.transactions,
            IndexKind::Accounts => &self.accounts,
        }
    }

    /// Takes the entries of one index.
    pub(crate) fn take(&mut self, kind: IndexKind) -> Vec<IndexEntry> {
        std::mem::take(match kind {
            IndexKind::Transactions => &mut self.transactions,
            IndexKind::Accounts => &mut self.accounts,
        })
    }

    /// Adds the log indexes from `from` on at which what is sought may be, ascending.
    pub(crate) fn candidates(&self, sought: &Sought, from: u64, into: &mut Vec<u64>) {
        let hash = sought.hash(&self.key);
        let entries = self.of(sought.kind()).iter();
        into.extend(entries.filter(|entry| entry.hash == hash && entry.index >= from).map(|entry| entry.index));
    }
}

#[cfg(test)]
impl IndexEntries {
    /// Adds an entry with a hash of one's choice: that two ids share one cannot be brought about otherwise.
    pub(crate) fn push(&mut self, kind: IndexKind, hash: u64, index: u64) {
        let entry = IndexEntry { hash, index };
        match kind {
            IndexKind::Transactions => self.transactions.push(entry),
            IndexKind::Accounts => self.accounts.push(entry),
        }
    }
}

/// Entries on their way to the state environment: of commits that wait for the next flush, and of the flush that runs.
#[derive(Debug)]
pub(crate) struct Recent {
    staged: IndexEntries,
    /// Shared with the thread that writes them.
    flushing: Option<Arc<IndexEntries>>,
}

impl Recent {
    pub(crate) const fn new(key: HashKey) -> Self {
        Self { staged: IndexEntries::new(key), flushing: None }
    }

    /// Takes over what a commit covers.
    pub(crate) fn take_from(&mut self, unsaved: &mut IndexEntries) {
        self.staged.append(unsaved);
    }

    /// Everything staged, for a flush; it stays readable until [`Recent::end_flush`].
    pub(crate) fn begin_flush(&mut self) -> Arc<IndexEntries> {
        let key = self.staged.key;
        let flushing = Arc::new(std::mem::replace(&mut self.staged, IndexEntries::new(key)));
        self.flushing = Some(Arc::clone(&flushing));
        flushing
    }

    /// The flush is on disk.
    pub(crate) fn end_flush(&mut self) {
        self.flushing = None;
    }

    /// Adds the log indexes from `from` on at which what is sought may be, ascending.
    pub(crate) fn candidates(&self, sought: &Sought, from: u64, into: &mut Vec<u64>) {
        if let Some(flushing) = &self.flushing {
            flushing.candidates(sought, from, into);
        }
        self.staged.candidates(sought, from, into);
    }
}
