//! Index entries that are not on disk yet: of commits that wait for the next flush, and of the flush that runs.

use crate::replica::Unsaved;
use crate::state_store::{ExtraDb, ExtraWrite};
use counterfoil_core::Id;

/// Index entries on their way to the state environment.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    staged: Unsaved,
    flushing: Unsaved,
}

impl Recent {
    /// Takes over what a commit covers.
    pub(crate) fn take_from(&mut self, unsaved: &mut Unsaved) {
        self.staged.accounts.append(&mut unsaved.accounts);
        self.staged.ids.extend(unsaved.ids.drain());
    }

    /// Adds everything staged to a flush; it stays readable until [`Recent::end_flush`].
    pub(crate) fn begin_flush(&mut self, extra: &mut Vec<ExtraWrite>) {
        self.flushing = std::mem::take(&mut self.staged);
        for (account, index) in &self.flushing.accounts {
            let key = [account.as_ref(), &index.to_be_bytes()].concat();
            extra.push(ExtraWrite { database: ExtraDb::AccountIndex, key, value: Some(Vec::new()) });
        }
        for (id, index) in &self.flushing.ids {
            let value = Some(index.to_be_bytes().to_vec());
            extra.push(ExtraWrite { database: ExtraDb::Ids, key: id.as_ref().to_vec(), value });
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
