//! State: typed tables over one trait.

mod holding;
mod records;
mod table;

pub use holding::{Holding, LOTS_MAX, NEVER_INACTIVE, add_up_lots, take_highest_lots, take_lots};
pub use records::{
    ASSET_VERSION, AccountRecord, AssetRecord, DebtRecord, FreezeRecord, GuardiansRecord, KeyGrant, KeyedAccount,
    LiveSnapshot, LotRecord, MandateRecord, OnceRecord, OwnId, PendingPolicy, Period, Power, Powers, Reason,
    RecoveryRecord, RedemptionRecord, TableRecord, Term,
};
pub use table::{Record, Table, TableName, VALUE_BYTES_MAX, tree_key, tree_keys};

/// Where records are kept while transactions are applied. The engine's is a cache over LMDB.
pub trait Records {
    /// What can go wrong in storage.
    type Error;

    /// The record of a table, if there is one.
    fn get(&mut self, table: &Table, id: &crate::Id) -> Result<Option<&Record>, Self::Error>;

    /// Writes (or, with `None`, removes) a record, and returns the one that was there.
    ///
    /// A record that was never read may be written; the old one is returned all the same.
    fn set(&mut self, table: &Table, id: &crate::Id, record: Option<Record>) -> Result<Option<Record>, Self::Error>;

    /// Says that these records will be read next. Where they are kept elsewhere they may be read together.
    fn fetch(&mut self, wanted: &[(Table, crate::Id)]) -> Result<(), Self::Error> {
        let _ = wanted;
        Ok(())
    }

    /// The transaction that used this pair of first authorizer and nonce, while time has not reached its
    /// `valid_until`.
    fn seen(&mut self, pair: &crate::Id, time: u64) -> Result<Option<SeenTransaction>, Self::Error>;

    /// The error that says that stored bytes contradict the rules that wrote them.
    fn corrupt(what: String) -> Self::Error;
}

/// A transaction that was applied and may still be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenTransaction {
    /// Its id.
    pub id: crate::Id,
    /// Where it stands in the log.
    pub index: u64,
}
