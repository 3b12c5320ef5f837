//! Records in use, in memory up to a bound; the rest is in the state environment.
//!
//! A record that changed stays here until a finished flush covers it, so that a miss may be read from what the last
//! flush left on disk. Which record makes room for another follows a clock: the first that was not used since the hand
//! last passed, and that a flush covers. If there is none the cache grows over its bound.
//!
//! A table whose every record was here once is *known whole*: a record that neither is here nor has gone is nowhere.
//! That is so for a table that was not on disk when it was first met, and for small ones that are read at opening, as
//! long as it is remembered which of their records have gone. Records of the few tables of which every ledger has one
//! (accounts, mandates, …) do not go while they are few.

use crate::error::{Error, Result};
use crate::hashing::Seeded;
use crate::tree::Change;
use counterfoil_core::Id;
use counterfoil_core::state::{Record, Table, tree_key, tree_keys};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::collections::BTreeMap;

/// What the last finished flush left on disk: read with a transaction for each record, or within one for many.
pub(crate) trait Stored {
    /// The record at this tree key, if there is one.
    fn get_at(&self, table: &Table, record_id: &Id, tree_key: &Id) -> Result<Option<Record>>;

    /// Each of these records, in order.
    fn get_all(&self, missing: &[Missing<'_>]) -> Result<Vec<Option<Record>>> {
        missing.iter().map(|one| self.get_at(one.table, one.id, &one.tree_key)).collect()
    }

    /// Whether the table has ever been written.
    fn has_table(&self, table: &Table) -> Result<bool>;
}

/// A record that has to be read.
pub(crate) struct Missing<'a> {
    pub(crate) table: &'a Table,
    pub(crate) id: &'a Id,
    pub(crate) tree_key: Id,
    /// The table's number in the cache.
    number: u32,
    hash: u64,
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

/// In this order: `id` and `used` are at its two ends, and touching both fetches all of it.
#[derive(Debug)]
#[repr(C)]
struct Slot {
    id: Id,
    record: Option<Record>,
    /// The delta in which it last changed; 0: never.
    delta: u64,
    /// Its table's number, or [`NO_TABLE`].
    table: u32,
    used: bool,
}

/// Where a record may be.
struct Guess<'a> {
    table: &'a Table,
    id: &'a Id,
    number: u32,
    hash: u64,
    place: Option<u32>,
}

#[derive(Debug)]
struct CachedTable {
    table: Table,
    /// By record id. Each table has its own: most accounts have no record, and that is soon said by a small table.
    places: HashTable<u32>,
    /// Marks of the records that made room for others, of a table known whole.
    gone: Option<HashTable<u32>>,
}

impl CachedTable {
    /// Whether it has no record, here or elsewhere.
    fn is_empty(&self) -> bool {
        self.places.is_empty() && self.has_all()
    }

    /// Whether every record is here.
    fn has_all(&self) -> bool {
        self.gone.as_ref().is_some_and(HashTable::is_empty)
    }

    /// Whether a record that is not here is nowhere.
    fn lacks(&self, hash: u64) -> bool {
        let mark = mark(hash);
        self.gone.as_ref().is_some_and(|gone| gone.find(spread(mark), |other| *other == mark).is_none())
    }

    /// Remembers that a record has gone, if the table is known whole; whether that takes another mark.
    fn mark_gone(&mut self, hash: u64) -> bool {
        let mark = mark(hash);
        let Some(gone) = &mut self.gone else { return false };
        match gone.entry(spread(mark), |other| *other == mark, |other| spread(*other)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(mark);
                true
            }
        }
    }

    /// The table is no longer known whole; how many marks it had.
    fn forget_gone(&mut self) -> usize {
        self.gone.take().map_or(0, |gone| gone.len())
    }
}

/// The part of a record's hash by which it is remembered: another record's is the same by chance only, which costs a
/// look at what is stored.
fn mark(hash: u64) -> u32 {
    let [.., a, b, c, d] = hash.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// A hash of a mark, which is part of one: a table of them uses the first and the last bits.
fn spread(mark: u32) -> u64 {
    u64::from(mark) << 32 | u64::from(mark)
}

/// A table that has all its records, and is the only one of its name, keeps up to so many.
const COMPLETE_MAX: usize = 65_536;

/// A place of no record.
const NO_TABLE: u32 = u32::MAX;

const FORGOTTEN_AT_ONCE: usize = 64;

/// The cache. Its hash is seeded, because account ids can be chosen.
#[derive(Debug)]
pub(crate) struct Cache {
    hashing: Seeded,
    slots: Vec<Slot>,
    tables: Vec<CachedTable>,
    numbers: BTreeMap<Table, u32>,
    /// The tables that were asked for last: nearly every question is about one of them.
    last_tables: [Option<(Table, u32)>; 4],
    last_replaced: usize,
    /// The place of the record that was asked for last: mostly it is written next.
    last_place: u32,
    /// The places of what changed since the last delta.
    dirty: Vec<u32>,
    /// The number of the delta that is being collected, from 1.
    delta: u64,
    /// A finished flush holds every delta up to this one.
    covered: u64,
    records_max: usize,
    /// Places of no record.
    free: Vec<usize>,
    /// How many records are remembered as gone: no more than may be here.
    marks: usize,
    hand: usize,
    /// How many places the hand has passed since a flush was last finished, or a record last made room.
    passed: usize,
}

impl Cache {
    /// A cache that tries to keep at most this many records.
    pub(crate) fn new(records_max: usize) -> Self {
        Self {
            hashing: Seeded::new(),
            slots: Vec::new(),
            tables: Vec::new(),
            numbers: BTreeMap::new(),
            last_tables: [None; 4],
            last_replaced: 0,
            last_place: 0,
            dirty: Vec::new(),
            delta: 1,
            covered: 0,
            records_max,
            free: Vec::new(),
            marks: 0,
            hand: 0,
            passed: 0,
        }
    }

    fn number(&mut self, table: &Table, stored: &dyn Stored) -> Result<u32> {
        for (last, number) in self.last_tables.iter().flatten() {
            if last == table {
                return Ok(*number);
            }
        }
        let number = match self.numbers.get(table) {
            Some(number) => *number,
            None => self.add_table(table, !stored.has_table(table)?),
        };
        self.last_replaced = self.last_replaced.wrapping_add(1) % 4;
        if let Some(place) = self.last_tables.get_mut(self.last_replaced) {
            *place = Some((*table, number));
        }
        Ok(number)
    }

    fn add_table(&mut self, table: &Table, is_whole: bool) -> u32 {
        let number = u32::try_from(self.tables.len()).expect("2^32 tables do not fit into memory");
        self.tables.push(CachedTable { table: *table, places: HashTable::new(), gone: is_whole.then(HashTable::new) });
        self.numbers.insert(*table, number);
        number
    }

    /// Takes in all records of a table that was not met before: it is known whole from now on.
    pub(crate) fn complete(&mut self, table: &Table, records: impl IntoIterator<Item = (Id, Record)>) {
        if !self.numbers.contains_key(table) {
            let number = self.add_table(table, true);
            for (id, record) in records {
                let hash = self.hashing.hash(&id.0);
                self.insert(hash, number, id, Some(record));
            }
        }
    }

    fn table(&self, number: u32) -> Option<&CachedTable> {
        self.tables.get(usize::try_from(number).ok()?)
    }

    fn find(&self, hash: u64, number: u32, id: &Id) -> Option<u32> {
        let is_it = |place: &u32| slot_at(&self.slots, *place).is_some_and(|slot| slot.id == *id);
        self.table(number)?.places.find(hash, is_it).copied()
    }

    fn lacks(&self, number: u32, hash: u64) -> bool {
        self.table(number).is_some_and(|table| table.lacks(hash))
    }

    /// A record, from here or, at a miss, from what is stored.
    pub(crate) fn get(&mut self, table: &Table, id: &Id, stored: &dyn Stored) -> Result<Option<&Record>> {
        let number = self.number(table, stored)?;
        let Some(place) = self.load(table, number, id, stored)? else { return Ok(None) };
        let slot = slot_at_mut(&mut self.slots, place).ok_or_else(lost)?;
        slot.used = true;
        Ok(slot.record.as_ref())
    }

    /// The place of a record, after a miss too; none where the table is known whole without it.
    fn load(&mut self, table: &Table, number: u32, id: &Id, stored: &dyn Stored) -> Result<Option<u32>> {
        if slot_at(&self.slots, self.last_place).is_some_and(|slot| slot.id == *id && slot.table == number) {
            return Ok(Some(self.last_place));
        }
        if self.table(number).is_some_and(CachedTable::is_empty) {
            return Ok(None);
        }
        let hash = self.hashing.hash(&id.0);
        self.last_place = match self.find(hash, number, id) {
            Some(place) => place,
            None if self.lacks(number, hash) => return Ok(None),
            None => {
                let record = stored.get_at(table, id, &tree_key(id))?;
                self.insert(hash, number, *id, record)
            }
        };
        Ok(Some(self.last_place))
    }

    /// Reads what is not here yet of these records, in the order in which it is stored.
    ///
    /// What is here is touched, so that it is near when it is asked for. Memory answers several questions at once if
    /// none of them waits for the answer to another: hence the steps, each over all records. In the first, the record
    /// whose place looks right is taken for the one; it nearly always is.
    pub(crate) fn fetch(&mut self, wanted: &[(Table, Id)], stored: &dyn Stored) -> Result<()> {
        let mut guesses = Vec::with_capacity(wanted.len());
        for (table, id) in wanted {
            let number = self.number(table, stored)?;
            let Some(cached) = self.table(number).filter(|cached| !cached.is_empty()) else { continue };
            let hash = self.hashing.hash(&id.0);
            match cached.places.find(hash, |_| true) {
                None if cached.lacks(hash) => {}
                found => guesses.push(Guess { table, id, number, hash, place: found.copied() }),
            }
        }
        let mut missing: Vec<Missing<'_>> = Vec::new();
        for Guess { table, id, number, hash, place } in guesses {
            if let Some(slot) = place.and_then(|place| slot_at_mut(&mut self.slots, place))
                && slot.id == *id
            {
                slot.used = true;
            } else if self.find(hash, number, id).is_none() && !self.lacks(number, hash) {
                missing.push(Missing { table, id, tree_key: Id::ZERO, number, hash });
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let tree_keys = tree_keys(&missing, |one| one.id);
        missing.iter_mut().zip(tree_keys).for_each(|(one, tree_key)| one.tree_key = tree_key);
        missing.sort_unstable_by_key(|one| (one.number, one.tree_key));
        missing.dedup_by_key(|one| (one.number, one.tree_key));
        for (Missing { id, number, hash, .. }, record) in missing.iter().zip(stored.get_all(&missing)?) {
            self.insert(*hash, *number, **id, record);
        }
        Ok(())
    }

    /// A record without keeping it: for readers, who must not push out what the writer uses.
    pub(crate) fn peek(&self, table: &Table, id: &Id) -> Known<'_> {
        let Some(number) = self.numbers.get(table) else { return Known::Unknown };
        let hash = self.hashing.hash(&id.0);
        let place = self.find(hash, *number, id);
        match place.and_then(|place| slot_at(&self.slots, place)) {
            Some(slot) => Known::from(slot.record.as_ref()),
            None if self.lacks(*number, hash) => Known::Absent,
            None => Known::Unknown,
        }
    }

    /// Writes a record and returns the old one.
    pub(crate) fn set(
        &mut self,
        table: &Table,
        id: &Id,
        record: Option<Record>,
        stored: &dyn Stored,
    ) -> Result<Option<Record>> {
        let number = self.number(table, stored)?;
        let place = match self.load(table, number, id, stored)? {
            Some(place) => place,
            None => self.insert(self.hashing.hash(&id.0), number, *id, None),
        };
        let slot = slot_at_mut(&mut self.slots, place).ok_or_else(lost)?;
        if slot.delta != self.delta {
            slot.delta = self.delta;
            self.dirty.push(place);
        }
        slot.used = true;
        Ok(std::mem::replace(&mut slot.record, record))
    }

    fn insert(&mut self, hash: u64, number: u32, id: Id, record: Option<Record>) -> u32 {
        let slot = Slot { id, record, delta: 0, table: number, used: false };
        if self.free.is_empty() && self.slots.len() >= self.records_max {
            self.make_room();
        }
        let place = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(place) {
            Some(old) => *old = slot,
            None => self.slots.push(slot),
        }
        let place = u32::try_from(place).expect("2^32 records do not fit into memory");
        let Self { hashing, tables, slots, .. } = self;
        if let Some(table) = table_at(tables, number) {
            let hash_of = |place: &u32| slot_at(slots, *place).map_or(0, |slot| hashing.hash(&slot.id.0));
            table.places.insert_unique(hash, place, hash_of);
        }
        place
    }

    /// Forgets records that may go: several at once, because memory answers several questions at once. They are looked
    /// for twice all around, then not again before a flush has finished.
    fn make_room(&mut self) {
        let Self { hashing, slots, tables, .. } = self;
        let mut going = Vec::with_capacity(FORGOTTEN_AT_ONCE);
        while going.len() < FORGOTTEN_AT_ONCE && self.passed <= slots.len().saturating_mul(2) {
            let place = if self.hand < slots.len() { self.hand } else { 0 };
            self.hand = place.saturating_add(1);
            self.passed = self.passed.saturating_add(1);
            let Some(slot) = slots.get_mut(place) else { break };
            let Some(table) = table_at(tables, slot.table) else { continue };
            let stays = table.has_all() && table.table.key.is_none() && table.places.len() <= COMPLETE_MAX;
            if !stays && slot.delta <= self.covered && !std::mem::take(&mut slot.used) {
                self.passed = 0;
                going.push((place, std::mem::replace(&mut slot.table, NO_TABLE)));
            }
        }
        for (place, number) in going {
            let (Some(slot), Some(table)) = (slots.get(place), table_at(tables, number)) else { continue };
            let hash = hashing.hash(&slot.id.0);
            let is_it = |at: &u32| usize::try_from(*at).is_ok_and(|at| at == place);
            if let Ok(entry) = table.places.find_entry(hash, is_it) {
                entry.remove();
            }
            // What has no record is nowhere, as before.
            if slot.record.is_some() && table.mark_gone(hash) {
                self.marks = self.marks.saturating_add(1);
            }
            if self.marks > self.records_max {
                self.marks = self.marks.saturating_sub(table.forget_gone());
            }
            self.free.push(place);
        }
    }

    /// The number of the delta that is being collected.
    pub(crate) fn delta(&self) -> u64 {
        self.delta
    }

    /// How many records changed since the last delta.
    pub(crate) fn dirty_count(&self) -> usize {
        self.dirty.len()
    }

    /// Adds what changed since the last delta to `changes` and says the delta's number.
    pub(crate) fn take_delta(&mut self, changes: &mut Vec<Change>) -> Result<u64> {
        changes.reserve(self.dirty.len());
        for place in &self.dirty {
            let slot = slot_at(&self.slots, *place).ok_or_else(lost)?;
            let table = self.table(slot.table).ok_or_else(lost)?;
            changes.push(Change { table: table.table, record_id: slot.id, record: slot.record.clone() });
        }
        self.dirty.clear();
        let number = self.delta;
        self.delta = self.delta.saturating_add(1);
        Ok(number)
    }

    /// Changes of the current delta in one table: what iteration must lay over the stored records.
    pub(crate) fn dirty_in<'a>(&'a self, table: &Table) -> impl Iterator<Item = (Id, Option<&'a Record>)> + use<'a> {
        let number = self.numbers.get(table).copied();
        let slots = self.dirty.iter().filter_map(|place| slot_at(&self.slots, *place));
        slots.filter(move |slot| Some(slot.table) == number).map(|slot| (slot.id, slot.record.as_ref()))
    }

    /// A finished flush holds every delta up to this one: what it covers may make room for other records.
    pub(crate) fn cover(&mut self, delta: u64) {
        self.covered = delta;
        self.passed = 0;
    }

    /// How many records are kept.
    pub(crate) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }
}

fn table_at(tables: &mut [CachedTable], number: u32) -> Option<&mut CachedTable> {
    tables.get_mut(usize::try_from(number).ok()?)
}

fn slot_at(slots: &[Slot], place: u32) -> Option<&Slot> {
    slots.get(usize::try_from(place).ok()?)
}

fn slot_at_mut(slots: &mut [Slot], place: u32) -> Option<&mut Slot> {
    slots.get_mut(usize::try_from(place).ok()?)
}

fn lost() -> Error {
    Error::Corrupt {
        place: "account cache".to_owned(),
        expected: "every changed record".to_owned(),
        found: "one missing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    /// What a test has on disk, and how often it was read.
    #[derive(Default)]
    struct Disk(RefCell<BTreeMap<(Table, Id), Record>>, Cell<usize>);

    impl Stored for Disk {
        fn get_at(&self, table: &Table, record_id: &Id, key: &Id) -> Result<Option<Record>> {
            assert_eq!(*key, tree_key(record_id));
            self.1.update(|reads| reads.saturating_add(1));
            Ok(self.0.borrow().get(&(*table, *record_id)).cloned())
        }

        fn has_table(&self, table: &Table) -> Result<bool> {
            Ok(self.0.borrow().keys().any(|(of, _)| of == table))
        }
    }

    impl Disk {
        /// Writes what changed since the last delta, as a flush does.
        fn flush(&self, cache: &mut Cache) {
            let mut changes = Vec::new();
            let delta = cache.take_delta(&mut changes).unwrap();
            for Change { table, record_id, record } in changes {
                match record {
                    Some(record) => self.0.borrow_mut().insert((table, record_id), record),
                    None => self.0.borrow_mut().remove(&(table, record_id)),
                };
            }
            cache.cover(delta);
        }
    }

    fn record(sum: u64) -> Record {
        Record { sum: sum.into(), value: sum.to_be_bytes().to_vec() }
    }

    fn id(number: u64) -> Id {
        let mut id = Id([7; 32]);
        id.0[24..].copy_from_slice(&number.to_be_bytes());
        id
    }

    #[test]
    fn random_work_agrees_with_a_map_at_every_bound() {
        for records_max in [0, 1, 10, 100, 10_000] {
            let (disk, mut cache) = (Disk::default(), Cache::new(records_max));
            let tables = [Table::ACCOUNTS, Table::holders(id(1)), Table::holders(id(2))];
            // One of them is on disk already.
            for number in 0..50 {
                disk.0.borrow_mut().insert((tables[1], id(number)), record(number));
            }
            let mut model = disk.0.borrow().clone();
            let mut random = 1_u64;
            let mut below = |bound: u64| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % bound
            };
            for step in 0..20_000_u64 {
                let (table, id) = (tables[usize::try_from(below(3)).unwrap()], id(below(200)));
                match below(100) {
                    0..40 => assert_eq!(cache.get(&table, &id, &disk).unwrap(), model.get(&(table, id)), "{step}"),
                    40..80 => {
                        let new = (below(4) > 0).then(|| record(step));
                        let old = cache.set(&table, &id, new.clone(), &disk).unwrap();
                        assert_eq!(old, model.get(&(table, id)).cloned(), "{step}");
                        match new {
                            Some(new) => model.insert((table, id), new),
                            None => model.remove(&(table, id)),
                        };
                    }
                    80..98 => match cache.peek(&table, &id) {
                        Known::Unknown => {}
                        Known::Absent => assert_eq!(model.get(&(table, id)), None, "{step}"),
                        Known::Present(record) => assert_eq!(model.get(&(table, id)), Some(record), "{step}"),
                    },
                    98 => {
                        let wanted: Vec<_> = (0..20).map(|number| (table, super::tests::id(number * 11))).collect();
                        cache.fetch(&wanted, &disk).unwrap();
                    }
                    _ => {
                        disk.flush(&mut cache);
                        assert_eq!(*disk.0.borrow(), model, "{step}");
                    }
                }
            }
            // Two hundred stay, and what no flush covered at some time.
            assert!(cache.len() <= 620.min(records_max + 500), "{} of {records_max}", cache.len());
        }
    }

    #[test]
    fn a_bounded_cache_stays_near_its_bound_once_a_flush_covers_it() {
        let (disk, mut cache) = (Disk::default(), Cache::new(1_000));
        let table = Table::holders(id(1));
        disk.0.borrow_mut().insert((table, id(u64::MAX)), record(1));
        for number in 0..200_000 {
            cache.set(&table, &id(number), Some(record(number)), &disk).unwrap();
            if number % 500 == 0 {
                disk.flush(&mut cache);
            }
        }
        assert!(cache.len() <= 1_600, "{}", cache.len());
    }

    #[test]
    fn of_a_table_known_whole_only_what_has_gone_is_looked_for_on_disk() {
        const BOUND: u64 = 1_000;
        let (disk, mut cache) = (Disk::default(), Cache::new(usize::try_from(BOUND).unwrap()));
        let table = Table::holders(id(1));
        let write = |numbers: std::ops::Range<u64>, cache: &mut Cache| {
            for number in numbers {
                cache.set(&table, &id(number), Some(record(number)), &disk).unwrap();
                if number % 100 == 0 {
                    disk.flush(cache);
                }
            }
        };
        let reads = |cache: &mut Cache, numbers: std::ops::Range<u64>| {
            let before = disk.1.get();
            for number in numbers.clone() {
                let expected = disk.0.borrow().get(&(table, id(number))).cloned();
                assert_eq!(cache.get(&table, &id(number), &disk).unwrap(), expected.as_ref());
            }
            let wanted: Vec<_> = numbers.map(|number| (table, id(number))).collect();
            cache.fetch(&wanted, &disk).unwrap();
            disk.1.get() - before
        };
        write(0..BOUND + 499, &mut cache);
        assert_eq!(disk.1.get(), 0, "what is new is nowhere");
        assert!((200..=300).contains(&reads(&mut cache, 0..300)), "these have gone");
        assert_eq!(reads(&mut cache, 1_000_000..1_000_300), 0, "these never were");
        // More have gone than are remembered.
        write(2 * BOUND..5 * BOUND, &mut cache);
        assert_eq!(reads(&mut cache, 2_000_000..2_000_100), 100);
    }

    #[test]
    fn a_table_read_at_opening_is_not_looked_for_on_disk() {
        let (disk, mut cache) = (Disk::default(), Cache::new(10));
        cache.complete(&Table::ACCOUNTS, [(id(1), record(1))]);
        // Not what was read: it must not be asked.
        disk.0.borrow_mut().insert((Table::ACCOUNTS, id(2)), record(2));
        assert_eq!(cache.get(&Table::ACCOUNTS, &id(1), &disk).unwrap(), Some(&record(1)));
        assert_eq!(cache.get(&Table::ACCOUNTS, &id(2), &disk).unwrap(), None);
        assert!(matches!(cache.peek(&Table::ACCOUNTS, &id(2)), Known::Absent));
        assert_eq!(cache.len(), 1, "what is nowhere takes no room");
    }
}
