//! Index entries that are not on disk yet: of commits that wait for the next flush, and of the flush that runs.

use crate::replica::Unsaved;
use crate::state_store::ExtraDb;
use counterfoil_core::Id;

/// Index entries on their way to the state environment.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    staged: Unsaved,
    flushing: Unsaved,
}

/// The key of an account's transaction in the index: account, then log index, so that a range is in order of time.
pub(crate) fn account_key(account: &Id, index: u64) -> Vec<u8> {
    let mut key = account.as_ref().to_vec();
    key.extend_from_slice(&index.to_be_bytes());
    key
}

impl Recent {
    /// Takes over what a commit covers.
    pub(crate) fn take_from(&mut self, unsaved: &mut Unsaved) {
        self.staged.accounts.append(&mut unsaved.accounts);
        self.staged.ids.extend(unsaved.ids.drain());
    }

    /// Adds everything staged to a flush; it stays readable until [`Recent::end_flush`].
    pub(crate) fn begin_flush(&mut self, extra: &mut Vec<(ExtraDb, Vec<u8>, Option<Vec<u8>>)>) {
        self.flushing = std::mem::take(&mut self.staged);
        for (account, index) in &self.flushing.accounts {
            extra.push((ExtraDb::AccountIndex, account_key(account, *index), Some(Vec::new())));
        }
        for (id, index) in &self.flushing.ids {
            extra.push((ExtraDb::Ids, id.as_ref().to_vec(), Some(index.to_be_bytes().to_vec())));
        }
    }

    /// The flush is on disk.
    pub(crate) fn end_flush(&mut self) {
        self.flushing = Unsaved::default();
    }

    /// The log index of a transaction.
    pub(crate) fn index_of(&self, id: &Id) -> Option<u64> {
        self.staged.ids.get(id).or_else(|| self.flushing.ids.get(id)).copied()
    }

    /// The log indexes of an account's transactions from `from` on, unsorted.
    pub(crate) fn of_account(&self, account: &Id, from: u64, into: &mut Vec<u64>) {
        self.flushing.of_account(account, from, into);
        self.staged.of_account(account, from, into);
    }
}

impl Unsaved {
    /// The log indexes of an account's transactions from `from` on, in order.
    pub(crate) fn of_account(&self, account: &Id, from: u64, into: &mut Vec<u64>) {
        into.extend(
            self.accounts.iter().filter(|(of, index)| of == account && *index >= from).map(|(_, index)| *index),
        );
    }
}
