//! account (family 1): open, set keys, mandate, once.
//!
//! An account is its keys. A key account is its own key and needs no record; a record names 1 to 16 keys, how many of
//! them must sign, and what each may do. A mandate lets another account act within a cap.

use crate::apply::{Context, Halt};
use crate::id::{Id, named_account_id};
use crate::ops::attest::{is_attesting, load_schema};
use crate::ops::{Operate, operation_info};
use crate::signature;
use crate::state::{AccountRecord, KeyGrant, KeyedAccount, MandateRecord, OnceRecord, Records, Table};
use crate::status::{Status, UNAUTHORIZED, statuses};
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};

statuses! { 1;
    /// An account needs at least one key.
    NO_KEYS = 0x01 "no_keys";
    /// More than 16 keys.
    TOO_MANY_KEYS = 0x02 "too_many_keys";
    /// Keys must be strictly ascending, so none stands twice.
    KEYS_NOT_ASCENDING = 0x03 "keys_not_ascending";
    /// Not an Ed25519 public key that can sign.
    INVALID_KEY = 0x04 "invalid_key";
    /// A scope is empty, too long, not ascending, or names an unknown operation.
    INVALID_SCOPE = 0x05 "invalid_scope";
    /// Zero, or more than there are keys.
    INVALID_THRESHOLD = 0x06 "invalid_threshold";
    /// Too few keys could ever set the keys again.
    KEYS_LOCKED_OUT = 0x07 "keys_locked_out";
    /// An account needs no mandate for itself.
    MANDATE_TO_SELF = 0x08 "mandate_to_self";
    /// No operations, unsuitable ones, or no cap, window or end.
    INVALID_MANDATE = 0x09 "invalid_mandate";
    /// The account was opened before.
    ACCOUNT_EXISTS = 0x0a "account_exists";
    /// There is no mandate to revoke.
    NO_SUCH_MANDATE = 0x0b "no_such_mandate";
    /// The key was used before.
    ALREADY_USED = 0x0c "already_used";
}

const OPEN: u8 = 0x10;
const SET_KEYS: u8 = 0x11;
const MANDATE: u8 = 0x12;
const ONCE: u8 = 0x13;
const KEYS_MAX: usize = 16;
const TAGS_MAX: usize = 64;

/// Opens a named account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Open {
    /// Whose authority it needs; part of the account's id.
    pub opener: Id,
    /// The other part.
    pub salt: [u8; 16],
    /// How many keys must sign.
    pub threshold: u8,
    /// Strictly ascending by key.
    pub keys: Vec<KeyGrant>,
}

/// Replaces the keys of an account; the old ones are dead at once.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetKeys {
    /// Whose keys.
    pub account: Id,
    /// How many keys must sign.
    pub threshold: u8,
    /// Strictly ascending by key.
    pub keys: Vec<KeyGrant>,
}

/// Gives, replaces or (without a limit) revokes an agent's mandate.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Mandate {
    /// Whose units or power.
    pub account: Id,
    /// Who may act.
    pub agent: Id,
    /// In which asset, or by which schema.
    pub asset: Id,
    /// How far.
    pub limit: Option<Limit>,
}

/// How far a mandate goes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Limit {
    /// Tags of operations, strictly ascending.
    pub operations: Vec<u8>,
    /// Units, or attestations made and revoked, in a window.
    pub cap: u128,
    /// The window's length, ms.
    pub window_ms: u64,
    /// When it ends, ms.
    pub until: u64,
}

/// Uses a key once for ever, so that a retry with the same key cannot happen twice.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Once {
    /// Whose key.
    pub account: Id,
    /// The key.
    pub key: [u8; 32],
}

fn check_keys(threshold: u8, keys: &[KeyGrant]) -> Result<(), Status> {
    if keys.is_empty() {
        return Err(NO_KEYS);
    }
    if keys.len() > KEYS_MAX {
        return Err(TOO_MANY_KEYS);
    }
    if !keys.is_sorted_by(|left, right| left.key < right.key) {
        return Err(KEYS_NOT_ASCENDING);
    }
    if !keys.iter().all(|grant| signature::is_valid_key(grant.key.as_bytes())) {
        return Err(INVALID_KEY);
    }
    let known = |tags: &Vec<u8>| are_tags(tags) && tags.iter().all(|tag| operation_info(*tag).is_some());
    if !keys.iter().all(|grant| grant.scope.as_ref().is_none_or(known)) {
        return Err(INVALID_SCOPE);
    }
    if threshold == 0 || usize::from(threshold) > keys.len() {
        return Err(INVALID_THRESHOLD);
    }
    if keys.iter().filter(|grant| grant.covers(SET_KEYS)).count() < usize::from(threshold) {
        return Err(KEYS_LOCKED_OUT);
    }
    Ok(())
}

fn are_tags(tags: &[u8]) -> bool {
    !tags.is_empty() && tags.len() <= TAGS_MAX && tags.is_sorted_by(|left, right| left < right)
}

impl Operate for Open {
    fn check(&self) -> Result<(), Status> {
        check_keys(self.threshold, &self.keys)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ACCOUNTS, named_account_id(&self.opener, &self.salt)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.opener, named_account_id(&self.opener, &self.salt)]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.opener, OPEN)?;
        let account = named_account_id(&self.opener, &self.salt);
        if context.account(&account)?.is_some() {
            return Err(ACCOUNT_EXISTS.into());
        }
        let keyed = KeyedAccount { epoch: 0, threshold: self.threshold, keys: self.keys.clone() };
        context.write(Table::ACCOUNTS, account, &AccountRecord::Keyed(keyed))?;
        Ok(Effect::Nothing)
    }
}

impl Operate for SetKeys {
    fn check(&self) -> Result<(), Status> {
        check_keys(self.threshold, &self.keys)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ACCOUNTS, self.account));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, SET_KEYS)?;
        let epoch = match context.account(&self.account)? {
            Some(AccountRecord::Keyed(keyed)) => keyed.epoch,
            None => 0,
            // Nobody signs for a programme account, so nobody had the authority.
            Some(AccountRecord::Programme { .. }) => return Err(UNAUTHORIZED.into()),
        };
        let epoch = epoch.checked_add(1).ok_or_else(|| Halt::corrupt::<R>("an account's key epoch is exhausted"))?;
        let keyed = KeyedAccount { epoch, threshold: self.threshold, keys: self.keys.clone() };
        context.write(Table::ACCOUNTS, self.account, &AccountRecord::Keyed(keyed))?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Mandate {
    fn check(&self) -> Result<(), Status> {
        if self.account == self.agent {
            return Err(MANDATE_TO_SELF);
        }
        let Some(limit) = &self.limit else { return Ok(()) };
        // What is attested is of a schema, all else of an asset: no mandate is of both.
        let attesting = limit.operations.iter().filter(|tag| is_attesting(**tag)).count();
        let mixed = attesting != 0 && attesting != limit.operations.len();
        let allowed = limit.operations.iter().all(|tag| operation_info(*tag).is_some_and(|info| info.mandate));
        let empty = limit.cap == 0 || limit.window_ms == 0 || limit.until == 0;
        if !are_tags(&limit.operations) || !allowed || mixed || empty {
            return Err(INVALID_MANDATE);
        }
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::MANDATES, MandateRecord::id(&self.account, &self.agent, &self.asset)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.account, self.agent]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, MANDATE)?;
        let id = MandateRecord::id(&self.account, &self.agent, &self.asset);
        let Some(limit) = &self.limit else {
            context.remove(Table::MANDATES, id)?.ok_or(NO_SUCH_MANDATE)?;
            return Ok(Effect::Nothing);
        };
        if limit.until <= context.time() {
            return Err(INVALID_MANDATE.into());
        }
        if limit.operations.iter().copied().any(is_attesting) {
            load_schema(context, &self.asset)?;
        } else {
            context.asset(&self.asset)?;
        }
        let mandate = MandateRecord {
            account: self.account,
            agent: self.agent,
            asset: self.asset,
            operations: limit.operations.clone(),
            cap: limit.cap,
            window_ms: limit.window_ms,
            since: context.time(),
            until: limit.until,
            window: 0,
            spent: 0,
        };
        context.write(Table::MANDATES, id, &mandate)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Once {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ONCE, OnceRecord::id(&self.account, &self.key)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, ONCE)?;
        let id = OnceRecord::id(&self.account, &self.key);
        if context.read::<OnceRecord>(Table::ONCE, &id)?.is_some() {
            return Err(ALREADY_USED.into());
        }
        let record = OnceRecord { account: self.account, key: self.key, transaction: context.transaction() };
        context.write(Table::ONCE, id, &record)?;
        Ok(Effect::Nothing)
    }
}
