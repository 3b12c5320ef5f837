//! Records in use, in memory up to a bound; the rest is in the state environment.
//!
//! A record that changed stays here until a finished flush covers it, so that a miss may be read from what the last
//! flush left on disk.

use crate::error::{Error, Result};
use crate::tree::Change;
use counterfoil_core::Id;
use counterfoil_core::state::{Record, Table};
use std::collections::BTreeMap;
#[expect(clippy::disallowed_types, reason = "looked up by key only; its order never shows")]
use std::collections::HashMap;

#[derive(Debug)]
struct Slot {
    record: Option<Record>,
    /// The delta in which it last changed; 0: never.
    delta: u64,
}

/// What memory knows of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known<'a> {
    /// Nothing: it is on disk, if anywhere.
    Unknown,
    /// There is none.
    Absent,
    /// It.
    Present(&'a Record),
}

impl<'a> From<Option<&'a Record>> for Known<'a> {
    fn from(record: Option<&'a Record>) -> Self {
        record.map_or(Self::Absent, Self::Present)
    }
}

type Key = (u32, Id);

/// The cache. Its hash is seeded, because account ids can be chosen.
#[expect(clippy::disallowed_types, reason = "looked up by key only; changes are collected in their own order")]
#[derive(Debug)]
pub(crate) struct Cache {
    slots: HashMap<Key, Slot>,
    tables: Vec<Table>,
    numbers: BTreeMap<Table, u32>,
    last_table: Option<(Table, u32)>,
    /// Changed since the last delta.
    dirty: Vec<Key>,
    /// The number of the delta that is being collected, from 1.
    delta: u64,
    records_max: usize,
}

#[expect(clippy::disallowed_types, reason = "looked up by key only; changes are collected in their own order")]
impl Cache {
    /// A cache that tries to keep at most this many records.
    pub(crate) fn new(records_max: usize) -> Self {
        Self {
            slots: HashMap::new(),
            tables: Vec::new(),
            numbers: BTreeMap::new(),
            last_table: None,
            dirty: Vec::new(),
            delta: 1,
            records_max,
        }
    }

    fn number(&mut self, table: &Table) -> u32 {
        if let Some((last, number)) = &self.last_table
            && last == table
        {
            return *number;
        }
        let number = if let Some(number) = self.numbers.get(table) {
            *number
        } else {
            let number = u32::try_from(self.tables.len()).expect("2^32 tables do not fit into memory");
            self.tables.push(*table);
            self.numbers.insert(*table, number);
            number
        };
        self.last_table = Some((*table, number));
        number
    }

    /// A record, from here or, at a miss, from `load`.
    pub(crate) fn get(
        &mut self,
        table: &Table,
        id: &Id,
        load: impl FnOnce() -> Result<Option<Record>>,
    ) -> Result<Option<&Record>> {
        let key = (self.number(table), *id);
        let slot = slot(&mut self.slots, key, load)?;
        Ok(slot.record.as_ref())
    }

    /// A record without keeping it: for readers, who must not push out what the writer uses.
    pub(crate) fn peek(&self, table: &Table, id: &Id) -> Known<'_> {
        let slot = self.numbers.get(table).and_then(|number| self.slots.get(&(*number, *id)));
        slot.map_or(Known::Unknown, |slot| Known::from(slot.record.as_ref()))
    }

    /// Writes a record and returns the old one.
    pub(crate) fn set(
        &mut self,
        table: &Table,
        id: &Id,
        record: Option<Record>,
        load: impl FnOnce() -> Result<Option<Record>>,
    ) -> Result<Option<Record>> {
        let key = (self.number(table), *id);
        let slot = slot(&mut self.slots, key, load)?;
        if slot.delta != self.delta {
            slot.delta = self.delta;
            self.dirty.push(key);
        }
        Ok(std::mem::replace(&mut slot.record, record))
    }

    /// The number of the delta that is being collected.
    pub(crate) fn delta(&self) -> u64 {
        self.delta
    }

    /// How many records changed since the last delta.
    pub(crate) fn dirty_count(&self) -> usize {
        self.dirty.len()
    }

    /// Takes what changed since the last delta and says the delta's number.
    pub(crate) fn take_delta(&mut self) -> Result<(u64, Vec<Change>)> {
        let dirty = std::mem::take(&mut self.dirty);
        let mut changes = Vec::with_capacity(dirty.len());
        for key in dirty {
            let slot = self.slots.get(&key).ok_or_else(lost)?;
            let table = usize::try_from(key.0).ok().and_then(|number| self.tables.get(number)).ok_or_else(lost)?;
            changes.push(Change { table: *table, record_id: key.1, record: slot.record.clone() });
        }
        let number = self.delta;
        self.delta = self.delta.saturating_add(1);
        Ok((number, changes))
    }

    /// Changes of the current delta in one table: what iteration must lay over the stored records.
    pub(crate) fn dirty_in<'a>(&'a self, table: &Table) -> impl Iterator<Item = (Id, Option<&'a Record>)> + use<'a> {
        let number = self.numbers.get(table).copied();
        self.dirty
            .iter()
            .filter(move |(in_table, _)| Some(*in_table) == number)
            .filter_map(|key| Some((key.1, self.slots.get(key)?.record.as_ref())))
    }

    /// A finished flush holds every delta up to this one: what is over the bound and covered may go.
    pub(crate) fn evict_covered(&mut self, delta: u64) {
        let Some(mut excess) = self.slots.len().checked_sub(self.records_max) else { return };
        self.slots.retain(|_, slot| {
            if excess > 0 && slot.delta <= delta {
                excess = excess.saturating_sub(1);
                return false;
            }
            true
        });
    }

    /// How many records are kept.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}

/// The slot of a record, which is loaded at a miss.
#[expect(clippy::disallowed_types, reason = "looked up by key only")]
fn slot(slots: &mut HashMap<Key, Slot>, key: Key, load: impl FnOnce() -> Result<Option<Record>>) -> Result<&mut Slot> {
    Ok(match slots.entry(key) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => entry.insert(Slot { record: load()?, delta: 0 }),
    })
}

fn lost() -> Error {
    Error::Corrupt {
        place: "account cache".to_owned(),
        expected: "every changed record".to_owned(),
        found: "one missing".to_owned(),
    }
}
