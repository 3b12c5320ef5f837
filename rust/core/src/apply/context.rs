//! What an operation sees and may do while it is applied.

use crate::id::Id;
use crate::ops::governance::{Constitution, ConstitutionRecord, ProposalRecord};
use crate::state::{AccountRecord, AssetRecord, KeyedAccount, MandateRecord, Record, Records, Table};
use crate::status::{
    ACCOUNT_ALIASED, KEY_MISSING, KEY_UNEXPECTED, MANDATE_EXPIRED, MANDATE_OPERATION, MANDATE_SPENT, PROGRAMME_ACCOUNT,
    Status, THRESHOLD_NOT_MET, UNAUTHORIZED, UNKNOWN_KEY, WRONG_SCOPE,
};
use crate::time;
use crate::wire::{Authorizer, Parameters, decode, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why applying stopped.
#[derive(Debug, PartialEq, Eq)]
pub enum Halt<E> {
    /// The transaction breaks a rule.
    Refused(Status),
    /// Storage failed, or what it holds contradicts itself.
    Failed(E),
}

impl<E> From<Status> for Halt<E> {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

impl<E> Halt<E> {
    /// A stored record contradicts the rules that wrote it.
    pub fn corrupt<R: Records<Error = E>>(what: &str) -> Self {
        Self::Failed(R::corrupt(what.to_owned()))
    }
}

/// What applying keeps between transactions: all of it can be rebuilt from the records.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) parameters: Parameters,
    /// Rises whenever the parameters change.
    pub(super) generation: u64,
    /// Decoded assets.
    pub(super) assets: BTreeMap<Id, Arc<AssetRecord>>,
    /// The proposal that was written last, decoded: votes on one follow each other.
    pub(super) proposal: Option<(Id, ProposalRecord)>,
    /// What the transaction being applied has overwritten, in order.
    pub(super) journal: Vec<(Table, Id, Option<Record>)>,
    /// Where in the journal stands what each account's record was before the first operation, for those overwritten.
    pub(super) accounts_before: BTreeMap<Id, usize>,
    /// Its authorizers, and the keys of those that have a record, as they stood before the first operation.
    pub(super) signers: Vec<(Authorizer, Option<KeyedAccount>)>,
    /// The constitutions of those authorizers that are governed, as they stood before the first operation.
    pub(super) constitutions: BTreeMap<Id, Constitution>,
    /// The proposal whose actions are being applied.
    pub(super) executing: Option<Executing>,
}

/// A proposal that is being executed, with its account's constitution as it stood when that began.
#[derive(Clone, Debug)]
pub(super) struct Executing {
    account: Id,
    rule: u8,
    constitution: Constitution,
}

/// The most decoded assets kept.
const ASSETS_MAX: usize = 10_000;

/// The most aliases that are followed, one into the other.
pub const ALIASES_MAX: usize = 8;

/// One transaction being applied.
pub struct Context<'a, R: Records> {
    records: &'a mut R,
    memory: &'a mut Memory,
    time: u64,
    transaction: Id,
    parameters_before: Option<Parameters>,
}

impl<'a, R: Records> Context<'a, R> {
    pub(super) fn new(records: &'a mut R, memory: &'a mut Memory, time: u64, transaction: Id) -> Self {
        memory.journal.clear();
        memory.accounts_before.clear();
        memory.signers.clear();
        memory.constitutions.clear();
        memory.executing = None;
        Self { records, memory, time, transaction, parameters_before: None }
    }

    /// Checks each authorizer against its account's record, in order.
    pub(super) fn admit_authorizers(&mut self, authorizers: &[Authorizer]) -> Result<(), Halt<R::Error>> {
        for authorizer in authorizers {
            let keyed = match (self.account(&authorizer.account)?, authorizer.key) {
                (Some(AccountRecord::Programme { .. }), _) => return Err(PROGRAMME_ACCOUNT.into()),
                (Some(AccountRecord::Alias { .. }), _) => return Err(ACCOUNT_ALIASED.into()),
                (Some(AccountRecord::Keyed(_) | AccountRecord::Governed(_)), None) => return Err(KEY_MISSING.into()),
                (Some(AccountRecord::Keyed(keyed)), Some(key)) => Some(having_key(keyed, &key)?),
                (Some(AccountRecord::Governed(keyed)), Some(key)) => {
                    let keyed = having_key(keyed, &key)?;
                    self.admit_constitution(authorizer.account)?;
                    Some(keyed)
                }
                (None, Some(_)) => return Err(KEY_UNEXPECTED.into()),
                (None, None) => None,
            };
            self.memory.signers.push((*authorizer, keyed));
        }
        Ok(())
    }

    /// Keeps the constitution of a governed account that signs, once however many of its keys do.
    fn admit_constitution(&mut self, account: Id) -> Result<(), Halt<R::Error>> {
        if !self.memory.constitutions.contains_key(&account) {
            let constitution = self.constitution(&account)?;
            self.memory.constitutions.insert(account, constitution);
        }
        Ok(())
    }

    /// Undoes everything that was written: a refused transaction leaves no trace.
    pub(super) fn undo(&mut self) -> Result<(), R::Error> {
        while let Some((table, id, before)) = self.memory.journal.pop() {
            if table == Table::ASSETS {
                self.memory.assets.remove(&id);
            }
            if table == Table::PROPOSALS {
                self.memory.proposal = None;
            }
            self.records.set(&table, &id, before)?;
        }
        if let Some(parameters) = self.parameters_before.take() {
            self.memory.parameters = parameters;
            self.memory.generation = self.memory.generation.saturating_add(1);
        }
        Ok(())
    }

    /// The time of this transaction, ms.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The day of this transaction.
    pub fn day(&self) -> u32 {
        time::day(self.time)
    }

    /// The id of this transaction.
    pub fn transaction(&self) -> Id {
        self.transaction
    }

    /// The parameters in force: those before this transaction, even after it set others.
    pub fn parameters(&self) -> &Parameters {
        self.parameters_before.as_ref().unwrap_or(&self.memory.parameters)
    }

    /// Sets the parameters, from the next transaction on.
    pub fn set_parameters(&mut self, parameters: Parameters) -> Result<(), Halt<R::Error>> {
        self.write(Table::PARAMETERS, Parameters::record_id(), &parameters)?;
        let before = std::mem::replace(&mut self.memory.parameters, parameters);
        self.parameters_before.get_or_insert(before);
        self.memory.generation = self.memory.generation.saturating_add(1);
        Ok(())
    }

    /// Says that many records will be read that the operation's bytes alone did not tell.
    pub fn fetch(&mut self, wanted: &[(Table, Id)]) -> Result<(), Halt<R::Error>> {
        self.records.fetch(wanted).map_err(Halt::Failed)
    }

    /// A stored record, undecoded.
    pub fn record(&mut self, table: &Table, id: &Id) -> Result<Option<&Record>, Halt<R::Error>> {
        self.records.get(table, id).map_err(Halt::Failed)
    }

    /// Writes or removes a record, undecoded.
    pub fn set_record(&mut self, table: Table, id: Id, record: Option<Record>) -> Result<(), Halt<R::Error>> {
        let before = self.records.set(&table, &id, record).map_err(Halt::Failed)?;
        if table == Table::ACCOUNTS {
            self.memory.accounts_before.entry(id).or_insert(self.memory.journal.len());
        }
        self.memory.journal.push((table, id, before));
        Ok(())
    }

    /// What was there before the record that was written last; nothing where there was none.
    pub fn overwritten(&self) -> Option<&Record> {
        self.memory.journal.last().and_then(|(_, _, before)| before.as_ref())
    }

    /// A stored record, decoded.
    pub fn read<T: BorshDeserialize + BorshSerialize>(
        &mut self,
        table: Table,
        id: &Id,
    ) -> Result<Option<T>, Halt<R::Error>> {
        decode_record::<R, T>(table, id, self.records.get(&table, id).map_err(Halt::Failed)?)
    }

    /// Writes a record of sum 0.
    pub fn write<T: BorshSerialize>(&mut self, table: Table, id: Id, value: &T) -> Result<(), Halt<R::Error>> {
        self.write_weighed(table, id, 0, value)
    }

    /// Writes a record that weighs something.
    pub fn write_weighed<T: BorshSerialize>(
        &mut self,
        table: Table,
        id: Id,
        sum: u128,
        value: &T,
    ) -> Result<(), Halt<R::Error>> {
        self.set_record(table, id, Some(Record { sum, value: encode(value) }))
    }

    /// Removes a record; nothing if it was not there.
    pub fn remove(&mut self, table: Table, id: Id) -> Result<Option<()>, Halt<R::Error>> {
        if self.record(&table, &id)?.is_none() {
            return Ok(None);
        }
        self.set_record(table, id, None).map(Some)
    }

    /// An account's record.
    pub fn account(&mut self, account: &Id) -> Result<Option<AccountRecord>, Halt<R::Error>> {
        self.read(Table::ACCOUNTS, account)
    }

    /// Whether an account holds funds for a rule.
    pub fn is_programme_account(&mut self, account: &Id) -> Result<bool, Halt<R::Error>> {
        Ok(matches!(self.account(account)?, Some(AccountRecord::Programme { .. })))
    }

    /// Refuses an account that holds funds for a rule.
    pub fn refuse_programme_account(&mut self, account: &Id) -> Result<(), Halt<R::Error>> {
        if self.is_programme_account(account)? { Err(PROGRAMME_ACCOUNT.into()) } else { Ok(()) }
    }

    /// Whether nobody has used this id for an account. Before a programme account is opened anybody can pay it: then its
    /// balance would not be what its own operations put in.
    pub fn is_unused(&mut self, account: &Id, asset: &Id) -> Result<bool, Halt<R::Error>> {
        Ok(self.record(&Table::ACCOUNTS, account)?.is_none()
            && self.record(&Table::holders(*asset), account)?.is_none())
    }

    /// How many keys must sign a slip for an account as it is now, and those of its keys that may. Those of an alias are
    /// those of the account that it is one of.
    pub fn covering_keys(&mut self, account: &Id, tag: u8) -> Result<(usize, Vec<Id>), Halt<R::Error>> {
        let mut account = *account;
        for _ in 0..ALIASES_MAX {
            let Some(into) = self.alias(&account)? else { break };
            account = into;
        }
        Ok(match self.account(&account)? {
            None => (1, vec![account]),
            Some(AccountRecord::Keyed(keyed)) => keys_for(&keyed, tag),
            Some(AccountRecord::Governed(keyed)) => match self.constitution(&account)?.refuse_keys(tag) {
                Ok(()) => keys_for(&keyed, tag),
                Err(_) => (1, Vec::new()),
            },
            Some(AccountRecord::Programme { .. } | AccountRecord::Alias { .. }) => (1, Vec::new()),
        })
    }

    /// The record of an account's constitution, if it has one now.
    pub fn constitution_if_any(&mut self, account: &Id) -> Result<Option<ConstitutionRecord>, Halt<R::Error>> {
        self.read(Table::CONSTITUTIONS, account)
    }

    /// The constitution that a governed account has now.
    fn constitution(&mut self, account: &Id) -> Result<Constitution, Halt<R::Error>> {
        let record = self.constitution_if_any(account)?;
        let missing = || Halt::corrupt::<R>(&format!("governed account {account} has no constitution"));
        Ok(record.ok_or_else(missing)?.constitution)
    }

    /// Refuses what the constitution of an account does not leave to its keys, where it is governed now: neither
    /// mandates nor guardians help then.
    pub fn refuse_reserved(&mut self, account: &Id, tag: u8) -> Result<(), Halt<R::Error>> {
        match self.account(account)? {
            Some(AccountRecord::Governed(_)) => Ok(self.constitution(account)?.refuse_keys(tag)?),
            Some(AccountRecord::Keyed(_) | AccountRecord::Programme { .. } | AccountRecord::Alias { .. }) | None => {
                Ok(())
            }
        }
    }

    /// From here on a proposal under this rule acts for its account, as far as the account's constitution lets it.
    pub fn begin_execution(&mut self, account: Id, rule: u8, constitution: Constitution) {
        self.memory.executing = Some(Executing { account, rule, constitution });
    }

    /// No proposal acts any more.
    pub fn end_execution(&mut self) {
        self.memory.executing = None;
    }

    /// The account that this one is an alias of, as it stands now.
    pub fn alias(&mut self, account: &Id) -> Result<Option<Id>, Halt<R::Error>> {
        Ok(into(self.account(account)?))
    }

    /// The account that this one was an alias of before the first operation.
    fn alias_before(&mut self, account: &Id) -> Result<Option<Id>, Halt<R::Error>> {
        // An alias that this transaction makes or ends counts from the next one on, as keys that it sets do.
        let overwritten = self.memory.accounts_before.get(account).and_then(|at| self.memory.journal.get(*at));
        match overwritten {
            Some((table, id, before)) => Ok(into(decode_record::<R, _>(*table, id, before.as_ref())?)),
            None => self.alias(account),
        }
    }

    /// A proposal.
    pub fn proposal(&mut self, id: &Id) -> Result<Option<ProposalRecord>, Halt<R::Error>> {
        match &self.memory.proposal {
            Some((kept, proposal)) if kept == id => Ok(Some(proposal.clone())),
            Some(_) | None => self.read(Table::PROPOSALS, id),
        }
    }

    /// Writes a proposal.
    pub fn write_proposal(&mut self, id: &Id, proposal: ProposalRecord) -> Result<(), Halt<R::Error>> {
        self.write(Table::PROPOSALS, *id, &proposal)?;
        self.memory.proposal = Some((*id, proposal));
        Ok(())
    }

    /// An asset, if there is one of this id, with the rules that are in force now.
    pub fn asset_if_any(&mut self, id: &Id) -> Result<Option<Arc<AssetRecord>>, Halt<R::Error>> {
        let stored = self.stored_asset(id)?;
        // Only as it is stored may it be remembered: another transaction may be tried at an earlier time.
        Ok(stored.map(|asset| asset.caught_up(self.time).map_or(asset, Arc::new)))
    }

    fn stored_asset(&mut self, id: &Id) -> Result<Option<Arc<AssetRecord>>, Halt<R::Error>> {
        if let Some(asset) = self.memory.assets.get(id) {
            return Ok(Some(Arc::clone(asset)));
        }
        let Some(asset) = self.read::<AssetRecord>(Table::ASSETS, id)? else { return Ok(None) };
        let asset = Arc::new(asset);
        self.remember_asset(id, &asset);
        Ok(Some(asset))
    }

    /// An asset.
    pub fn asset(&mut self, id: &Id) -> Result<Arc<AssetRecord>, Halt<R::Error>> {
        self.asset_if_any(id)?.ok_or(Halt::Refused(crate::ops::asset::UNKNOWN_ASSET))
    }

    /// An asset that has units, not items.
    pub fn fungible(&mut self, id: &Id) -> Result<Arc<AssetRecord>, Halt<R::Error>> {
        let asset = self.asset(id)?;
        if asset.is_items() { Err(Halt::Refused(crate::ops::asset::NOT_FUNGIBLE)) } else { Ok(asset) }
    }

    /// Writes an asset.
    pub fn write_asset(&mut self, id: &Id, asset: AssetRecord) -> Result<(), Halt<R::Error>> {
        self.write(Table::ASSETS, *id, &asset)?;
        self.remember_asset(id, &Arc::new(asset));
        Ok(())
    }

    fn remember_asset(&mut self, id: &Id, asset: &Arc<AssetRecord>) {
        if self.memory.assets.len() >= ASSETS_MAX {
            self.memory.assets.clear();
        }
        self.memory.assets.insert(*id, Arc::clone(asset));
    }

    /// Refuses unless enough of the account's keys signed for this operation: for an alias, of those of the account that
    /// it is one of.
    pub fn authority(&mut self, account: &Id, tag: u8) -> Result<(), Halt<R::Error>> {
        let verdict = self.judge_aliases(account, tag)?;
        Ok(verdict.unwrap_or(Err(UNAUTHORIZED))?)
    }

    /// Whether the authority is there, where its absence refuses nothing by itself.
    pub fn has_authority(&mut self, account: &Id, tag: u8) -> Result<bool, Halt<R::Error>> {
        Ok(matches!(self.judge_aliases(account, tag)?, Some(Ok(()))))
    }

    /// How many of these accounts have the authority.
    pub fn count_authorities(&mut self, accounts: &[Id], tag: u8) -> Result<usize, Halt<R::Error>> {
        accounts
            .iter()
            .try_fold(0usize, |count, account| Ok(count.saturating_add(usize::from(self.has_authority(account, tag)?))))
    }

    /// As [`Self::authority`], or an agent signed and the account's mandate covers the operation, which spends it.
    pub fn authority_or_mandate(
        &mut self,
        account: &Id,
        tag: u8,
        asset: &Id,
        amount: u128,
    ) -> Result<(), Halt<R::Error>> {
        if let Some(verdict) = self.judge_aliases(account, tag)? {
            return Ok(verdict?);
        }
        self.refuse_reserved(account, tag)?;
        for position in 0..self.memory.signers.len() {
            let Some((Authorizer { account: agent, .. }, _)) = self.memory.signers.get(position) else { break };
            let agent = *agent;
            let id = MandateRecord::id(account, &agent, asset);
            let Some(mut mandate) = self.read::<MandateRecord>(Table::MANDATES, &id)? else { continue };
            self.authority(&agent, tag)?;
            if !mandate.operations.contains(&tag) {
                return Err(MANDATE_OPERATION.into());
            }
            if self.time >= mandate.until {
                return Err(MANDATE_EXPIRED.into());
            }
            let window = time::window(mandate.since, mandate.window_ms, self.time);
            if window != mandate.window {
                mandate.window = window;
                mandate.spent = 0;
            }
            mandate.spent = mandate
                .spent
                .checked_add(amount)
                .filter(|spent| *spent <= mandate.cap)
                .ok_or(Halt::Refused(MANDATE_SPENT))?;
            return self.write(Table::MANDATES, id, &mandate);
        }
        Err(UNAUTHORIZED.into())
    }

    /// As [`Self::judge`], of the account that this one is an alias of where no authorizer names it itself.
    fn judge_aliases(&mut self, account: &Id, tag: u8) -> Result<Option<Result<(), Status>>, Halt<R::Error>> {
        let mut account = *account;
        for _ in 0..ALIASES_MAX {
            if let Some(verdict) = self.judge(&account, tag) {
                return Ok(Some(verdict));
            }
            match self.alias_before(&account)? {
                Some(into) => account = into,
                None => return Ok(None),
            }
        }
        Ok(self.judge(&account, tag))
    }

    /// Nothing where no authorizer names the account, nor does a proposal act for it.
    fn judge(&self, account: &Id, tag: u8) -> Option<Result<(), Status>> {
        if let Some(executing) = self.memory.executing.as_ref().filter(|executing| executing.account == *account) {
            return Some(executing.constitution.refuse_rule(executing.rule, tag));
        }
        let mut keyed_account = None;
        let mut covering = 0usize;
        let signers = self.memory.signers.iter();
        for (authorizer, keyed) in signers.filter(|(authorizer, _)| authorizer.account == *account) {
            let Some(keyed) = keyed else { return Some(Ok(())) };
            keyed_account = Some(keyed);
            let covers = keyed.keys.iter().any(|grant| Some(grant.key) == authorizer.key && grant.covers(tag));
            covering = covering.saturating_add(usize::from(covers));
        }
        let keyed = keyed_account?;
        if let Some(Err(status)) = self.memory.constitutions.get(account).map(|it| it.refuse_keys(tag)) {
            return Some(Err(status));
        }
        Some(if covering == 0 {
            Err(WRONG_SCOPE)
        } else if covering < usize::from(keyed.threshold) {
            Err(THRESHOLD_NOT_MET)
        } else {
            Ok(())
        })
    }
}

/// The account, if it has this key.
fn having_key(keyed: KeyedAccount, key: &Id) -> Result<KeyedAccount, Status> {
    if keyed.keys.iter().any(|grant| grant.key == *key) { Ok(keyed) } else { Err(UNKNOWN_KEY) }
}

/// How many keys must sign for an account, and which may sign for this operation.
fn keys_for(keyed: &KeyedAccount, tag: u8) -> (usize, Vec<Id>) {
    let covering = keyed.keys.iter().filter(|grant| grant.covers(tag)).map(|grant| grant.key);
    (keyed.threshold.into(), covering.collect())
}

/// A record decoded, or what is corrupt.
fn decode_record<R: Records, T: BorshDeserialize + BorshSerialize>(
    table: Table,
    id: &Id,
    record: Option<&Record>,
) -> Result<Option<T>, Halt<R::Error>> {
    let Some(record) = record else { return Ok(None) };
    let undecodable = || Halt::corrupt::<R>(&format!("record {id} of table {} does not decode", table.name.as_str()));
    decode(&record.value).map(Some).ok_or_else(undecodable)
}

/// The account that an alias is one of.
fn into(record: Option<AccountRecord>) -> Option<Id> {
    match record {
        Some(AccountRecord::Alias { into, .. }) => Some(into),
        Some(AccountRecord::Keyed(_) | AccountRecord::Programme { .. } | AccountRecord::Governed(_)) | None => None,
    }
}
