//! What several tests share.

use counterfoil_core::Id;
use counterfoil_core::state::{Record, Records, SeenTransaction, Table};
use std::collections::BTreeMap;

/// Records in memory: what an operation does is the same over any store.
#[derive(Default)]
pub(crate) struct Store(pub(crate) BTreeMap<(Table, Id), Record>);

impl Records for Store {
    type Error = String;

    fn get(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>, String> {
        Ok(self.0.get(&(*table, *id)))
    }

    fn set(&mut self, table: &Table, id: &Id, record: Option<Record>) -> Result<Option<Record>, String> {
        Ok(match record {
            Some(record) => self.0.insert((*table, *id), record),
            None => self.0.remove(&(*table, *id)),
        })
    }

    fn seen(&mut self, _pair: &Id, _time: u64) -> Result<Option<SeenTransaction>, String> {
        Ok(None)
    }

    fn corrupt(what: String) -> String {
        what
    }
}
