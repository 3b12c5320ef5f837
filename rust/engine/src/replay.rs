//! What a ledger was, from its log: the entries are applied again from genesis, in memory, up to a time.
//!
//! The effects of each transaction must be those that the log has, and its postings must add up to zero. Signatures were
//! verified when the entries were written, and are not again; each entry's hash is compared with the log's tree; the
//! state roots of commits are left to recovery and to `fsck`.
//!
//! The whole state is held: about 130 bytes a record, and the bytes of its value. So an account takes about 130 bytes for
//! each asset that it has, and 30 to 50 more where that is counted by one lot.

use crate::error::{Error, Result};
use crate::ledger::Page;
use crate::log_store::LogReader;
use crate::replica::{Decoded, Prepared, corrupt_entry, expect_applied, not_before, prepare_page};
use counterfoil_core::Id;
use counterfoil_core::apply::{Machine, Posting};
use counterfoil_core::state::{Record, Records, SeenTransaction, Table};
use counterfoil_core::wire::Genesis;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

/// What one transaction did to balances.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its log entry.
    pub index: u64,
    /// When it was applied, ms.
    pub time: u64,
    /// Its id.
    pub transaction: Id,
    /// By asset, accounts first.
    pub postings: Vec<Posting>,
}

/// A ledger as it was after some of its log.
pub struct Replay {
    ledger: Id,
    machine: Machine,
    tables: Tables,
    /// Nothing later than this is applied, ms.
    until: Option<u64>,
    /// How many entries are applied.
    through: u64,
    /// How many are to be: known for certain once an entry is met that is too late.
    end: u64,
    /// The time of the last entry that has one, ms.
    time: u64,
    /// Entries that were read and are not applied yet.
    ready: VecDeque<Prepared>,
    /// After an error some of a transaction may be applied.
    is_whole: bool,
}

/// Enough postings for a while.
const POSTINGS_AT_ONCE: usize = 10_000;

impl Replay {
    /// Begins before genesis: of so many entries those up to a time will be applied.
    pub(crate) fn begin(genesis: &Genesis, size: u64, until: Option<u64>) -> Result<Self> {
        if let Some(until) = until.filter(|until| *until < genesis.time) {
            let reason = format!("the ledger begins at {} ms", genesis.time);
            return Err(Error::Time { given_ms: until, reason });
        }
        let mut tables = Tables::default();
        let machine = Machine::begin(genesis, &mut tables).map_err(|what| corrupt_entry(0, "a genesis", &what))?;
        Ok(Self {
            ledger: genesis.ledger_id(),
            machine,
            tables,
            until,
            through: 0,
            end: size,
            time: genesis.time,
            ready: VecDeque::new(),
            is_whole: true,
        })
    }

    /// Of which ledger.
    pub fn ledger(&self) -> &Id {
        &self.ledger
    }

    /// How many entries are applied.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// How many will be; perhaps fewer, where it ends at a time.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The time of the last entry that is applied, ms.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Whether there is nothing left to apply.
    pub fn is_done(&self) -> bool {
        self.through >= self.end
    }

    /// A record as it was.
    pub fn record(&self, table: &Table, id: &Id) -> Option<&Record> {
        self.tables.0.get(table)?.get(id)
    }

    /// Records of a table as they were, in the order of their ids, after a cursor.
    pub fn page(&self, table: &Table, after: Option<Id>, limit: usize) -> Page {
        let Some(records) = self.tables.0.get(table) else { return Page::default() };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = records.range((from, Bound::Unbounded));
        let records: Vec<(Id, Record)> = rest.by_ref().take(limit).map(|(id, record)| (*id, record.clone())).collect();
        let last = records.last().map(|(id, _)| *id);
        Page { next: rest.next().and(last), records }
    }

    /// Applies the next entries, some thousand at most, and returns what they did: to one account, or to all. Only what
    /// the log still has to say ends with nothing: see [`Self::is_done`].
    pub(crate) fn advance(&mut self, log: &LogReader, account: Option<&Id>) -> Result<Vec<Posted>> {
        if !self.is_whole {
            return Err(Error::Invalid("the replay failed before, and cannot go on".to_owned()));
        }
        self.is_whole = false;
        if self.ready.is_empty() {
            self.ready = prepare_page(log, self.through, self.end, &self.machine.admission_rules(), None)?.into();
        }
        let mut posted = Vec::new();
        let mut count = 0usize;
        while count < POSTINGS_AT_ONCE {
            let Some(prepared) = self.ready.pop_front() else { break };
            if !self.enter(&prepared)? {
                self.end = self.through;
                self.ready.clear();
                break;
            }
            if let Decoded::Applied { time } = prepared.entry(self.through)? {
                let mut found = self.apply(&prepared, *time)?;
                count = count.saturating_add(found.postings.len());
                if account.is_some() {
                    found.postings.retain(|posting| posting.side.account() == account);
                }
                if !found.postings.is_empty() {
                    posted.push(found);
                }
            }
            self.through = self.through.saturating_add(1);
        }
        self.is_whole = true;
        Ok(posted)
    }

    /// Moves the time on to an entry's. False where that is too late.
    fn enter(&mut self, prepared: &Prepared) -> Result<bool> {
        let index = self.through;
        let time = match prepared.entry(index)? {
            Decoded::Genesis(genesis) if index == 0 && genesis.ledger_id() == self.ledger => genesis.time,
            Decoded::Genesis(_) => {
                return Err(corrupt_entry(index, "genesis of this ledger, at 0 only", "another genesis"));
            }
            Decoded::Applied { time } => *time,
            Decoded::Commit(commit) => commit.time,
            Decoded::Operator(_) => self.time,
        };
        not_before(index, self.time, time)?;
        if self.until.is_some_and(|until| time > until) {
            return Ok(false);
        }
        self.time = time;
        Ok(true)
    }

    fn apply(&mut self, prepared: &Prepared, time: u64) -> Result<Posted> {
        let Self { machine, tables, through, .. } = self;
        let index = *through;
        let contradiction = |what: String| corrupt_entry(index, "records that their rules wrote", &what);
        let (signed, admission) = prepared.admitted(index, machine, None)?;
        let mut entry = Vec::with_capacity(prepared.bytes.len());
        let outcome = machine.apply(tables, signed, &admission, time, &mut entry).map_err(contradiction)?;
        expect_applied(index, outcome, &entry, &prepared.bytes)?;
        let postings = machine.postings(tables).map_err(contradiction)?;
        Ok(Posted { index, time, transaction: admission.id, postings })
    }
}

/// Every record, in memory.
#[derive(Default)]
struct Tables(BTreeMap<Table, BTreeMap<Id, Record>>);

impl Records for Tables {
    /// What contradicts the rules.
    type Error = String;

    fn get(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>, String> {
        Ok(self.0.get(table).and_then(|records| records.get(id)))
    }

    fn set(&mut self, table: &Table, id: &Id, record: Option<Record>) -> Result<Option<Record>, String> {
        Ok(match record {
            Some(record) => self.0.entry(*table).or_default().insert(*id, record),
            None => self.0.get_mut(table).and_then(|records| records.remove(id)),
        })
    }

    /// The writer found the entries of a log to be new.
    fn seen(&mut self, _pair: &Id, _time: u64) -> Result<Option<SeenTransaction>, String> {
        Ok(None)
    }

    fn corrupt(what: String) -> String {
        what
    }
}
