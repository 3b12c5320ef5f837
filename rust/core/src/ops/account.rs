//! account (family 1): open, set keys, mandate, once, guardians and recovery, alias.
//!
//! An account is its keys. A key account is its own key and needs no record; a record names 1 to 16 keys, how many of
//! them must sign, and what each may do. A mandate lets another account act within a cap. Guardians may together set an
//! account's keys, after a delay in which the account may object. An alias has the keys of another account.

use crate::apply::{ALIASES_MAX, Context, Halt};
use crate::id::{Id, named_account_id};
use crate::ops::attest::{is_attesting, load_schema};
use crate::ops::{Operate, operation_info};
use crate::signature;
use crate::state::{
    AccountRecord, GuardiansRecord, KeyGrant, KeyedAccount, MandateRecord, OnceRecord, Records, RecoveryRecord, Table,
};
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
    /// More than 16, not ascending, the account itself, or a threshold that does not fit them.
    INVALID_GUARDIANS = 0x0d "invalid_guardians";
    /// Less than an hour or more than 365 days.
    INVALID_DELAY = 0x0e "invalid_delay";
    /// An account cannot be an alias of itself.
    ALIAS_OF_ITSELF = 0x0f "alias_of_itself";
    /// The account has no guardians.
    NO_GUARDIANS = 0x10 "no_guardians";
    /// Fewer guardians than the threshold signed.
    TOO_FEW_GUARDIANS = 0x11 "too_few_guardians";
    /// A recovery is running; it must be cancelled or finished first.
    RECOVERY_RUNNING = 0x12 "recovery_running";
    /// No recovery is running.
    NO_RECOVERY = 0x13 "no_recovery";
    /// The delay is not over.
    RECOVERY_PENDING = 0x14 "recovery_pending" transient;
    /// The other account's aliases lead back to this one.
    ALIAS_CYCLE = 0x15 "alias_cycle";
    /// More than 8 aliases, one into the other.
    ALIAS_TOO_DEEP = 0x16 "alias_too_deep";
    /// A governed account cannot become an alias: its constitution would bind nobody.
    ACCOUNT_GOVERNED = 0x17 "account_governed";
}

const OPEN: u8 = 0x10;
const SET_KEYS: u8 = 0x11;
const MANDATE: u8 = 0x12;
const ONCE: u8 = 0x13;
const SET_GUARDIANS: u8 = 0x14;
const RECOVER: u8 = 0x15;
const CANCEL_RECOVERY: u8 = 0x16;
const ALIAS: u8 = 0x18;
const KEYS_MAX: usize = 16;
const GUARDIANS_MAX: usize = 16;
const DELAY_MS_MIN: u64 = 3_600_000;
const DELAY_MS_MAX: u64 = 31_536_000_000;
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

/// Names, replaces or (with an empty list) dismisses an account's guardians.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetGuardians {
    /// Whose guardians.
    pub account: Id,
    /// How many of them must sign a recovery.
    pub threshold: u8,
    /// Accounts, strictly ascending.
    pub guardians: Vec<Id>,
    /// How long a recovery waits, ms.
    pub delay_ms: u64,
}

/// Begins to set the keys of an account whose guardians sign.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Recover {
    /// Whose keys.
    pub account: Id,
    /// How many keys must sign.
    pub threshold: u8,
    /// Strictly ascending by key.
    pub keys: Vec<KeyGrant>,
}

/// Ends a recovery that is running: the account still has its keys.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CancelRecovery {
    /// Whose recovery.
    pub account: Id,
}

/// Sets the keys of a recovery whose delay is over; anybody may ask for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FinishRecovery {
    /// Whose recovery.
    pub account: Id,
}

/// Makes the keys of another account those of this one: whoever signs for that one signs for this one.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Alias {
    /// Whose keys.
    pub account: Id,
    /// The other account.
    pub into: Id,
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
        touched.extend([(Table::ACCOUNTS, self.account), (Table::RECOVERIES, self.account)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, SET_KEYS)?;
        set_keys(context, self.account, self.threshold, self.keys.clone())
    }
}

/// Writes an account's keys in a new epoch. A recovery that was running ends: it is done, or somebody signs for the
/// account and none is needed.
fn set_keys<R: Records>(
    context: &mut Context<'_, R>,
    account: Id,
    threshold: u8,
    keys: Vec<KeyGrant>,
) -> Result<Effect, Halt<R::Error>> {
    let epoch = next_epoch(context, &account)?;
    let keyed = KeyedAccount { epoch, threshold, keys };
    let is_governed = matches!(context.account(&account)?, Some(AccountRecord::Governed(_)));
    let record = if is_governed { AccountRecord::Governed(keyed) } else { AccountRecord::Keyed(keyed) };
    context.write(Table::ACCOUNTS, account, &record)?;
    context.remove(Table::RECOVERIES, account)?;
    Ok(Effect::Nothing)
}

fn next_epoch<R: Records>(context: &mut Context<'_, R>, account: &Id) -> Result<u32, Halt<R::Error>> {
    let epoch = match context.account(account)? {
        Some(
            AccountRecord::Keyed(KeyedAccount { epoch, .. })
            | AccountRecord::Governed(KeyedAccount { epoch, .. })
            | AccountRecord::Alias { epoch, .. },
        ) => epoch,
        None => 0,
        // Nobody signs for a programme account, so nobody had the authority, nor could name guardians.
        Some(AccountRecord::Programme { .. }) => return Err(UNAUTHORIZED.into()),
    };
    epoch.checked_add(1).ok_or_else(|| Halt::corrupt::<R>("an account's key epoch is exhausted"))
}

fn recovery<R: Records>(context: &mut Context<'_, R>, account: &Id) -> Result<Option<RecoveryRecord>, Halt<R::Error>> {
    context.read(Table::RECOVERIES, account)
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

impl Operate for SetGuardians {
    fn check(&self) -> Result<(), Status> {
        let count = self.guardians.len();
        let ascending = self.guardians.is_sorted_by(|left, right| left < right);
        if count > GUARDIANS_MAX || !ascending || self.guardians.contains(&self.account) {
            return Err(INVALID_GUARDIANS);
        }
        if count == 0 {
            return if self.threshold == 0 && self.delay_ms == 0 { Ok(()) } else { Err(INVALID_GUARDIANS) };
        }
        if self.threshold == 0 || usize::from(self.threshold) > count {
            return Err(INVALID_GUARDIANS);
        }
        if (DELAY_MS_MIN..=DELAY_MS_MAX).contains(&self.delay_ms) { Ok(()) } else { Err(INVALID_DELAY) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.extend([(Table::GUARDIANS, self.account), (Table::RECOVERIES, self.account)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
        accounts.extend(&self.guardians);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, SET_GUARDIANS)?;
        let dismissed = self.guardians.is_empty();
        if dismissed && context.record(&Table::GUARDIANS, &self.account)?.is_none() {
            return Err(NO_GUARDIANS.into());
        }
        if recovery(context, &self.account)?.is_some() {
            return Err(RECOVERY_RUNNING.into());
        }
        if dismissed {
            context.remove(Table::GUARDIANS, self.account)?;
            return Ok(Effect::Nothing);
        }
        let record =
            GuardiansRecord { threshold: self.threshold, guardians: self.guardians.clone(), delay_ms: self.delay_ms };
        context.write(Table::GUARDIANS, self.account, &record)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Recover {
    fn check(&self) -> Result<(), Status> {
        check_keys(self.threshold, &self.keys)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.extend([(Table::GUARDIANS, self.account), (Table::RECOVERIES, self.account)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let record: GuardiansRecord = context.read(Table::GUARDIANS, &self.account)?.ok_or(NO_GUARDIANS)?;
        context.refuse_reserved(&self.account, SET_KEYS)?;
        if context.count_authorities(&record.guardians, RECOVER)? < usize::from(record.threshold) {
            return Err(TOO_FEW_GUARDIANS.into());
        }
        if recovery(context, &self.account)?.is_some() {
            return Err(RECOVERY_RUNNING.into());
        }
        let started = context.time();
        let recovery = RecoveryRecord {
            started,
            due: started.saturating_add(record.delay_ms),
            threshold: self.threshold,
            keys: self.keys.clone(),
        };
        context.write(Table::RECOVERIES, self.account, &recovery)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for CancelRecovery {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::RECOVERIES, self.account));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, CANCEL_RECOVERY)?;
        context.remove(Table::RECOVERIES, self.account)?.ok_or(NO_RECOVERY)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for FinishRecovery {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.extend([(Table::RECOVERIES, self.account), (Table::ACCOUNTS, self.account)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let recovery = recovery(context, &self.account)?.ok_or(NO_RECOVERY)?;
        context.refuse_reserved(&self.account, SET_KEYS)?;
        if context.time() < recovery.due {
            return Err(RECOVERY_PENDING.into());
        }
        set_keys(context, self.account, recovery.threshold, recovery.keys)
    }
}

impl Operate for Alias {
    fn check(&self) -> Result<(), Status> {
        if self.account == self.into { Err(ALIAS_OF_ITSELF) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.extend([(Table::ACCOUNTS, self.account), (Table::ACCOUNTS, self.into)]);
        touched.push((Table::RECOVERIES, self.account));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.account, self.into]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, ALIAS)?;
        context.authority(&self.into, ALIAS)?;
        if matches!(context.account(&self.account)?, Some(AccountRecord::Governed(_))) {
            return Err(ACCOUNT_GOVERNED.into());
        }
        refuse_entangled(context, &self.account, &self.into)?;
        let epoch = next_epoch(context, &self.account)?;
        context.write(Table::ACCOUNTS, self.account, &AccountRecord::Alias { epoch, into: self.into })?;
        context.remove(Table::RECOVERIES, self.account)?;
        Ok(Effect::Nothing)
    }
}

/// Refuses an alias that would lead back to its account, or through more aliases than are followed. The aliases are
/// those of this moment: one that this transaction made could close a circle.
fn refuse_entangled<R: Records>(context: &mut Context<'_, R>, account: &Id, into: &Id) -> Result<(), Halt<R::Error>> {
    let mut current = *into;
    // The first hop is the alias that is being made.
    for _ in 0..ALIASES_MAX {
        match context.alias(&current)? {
            None => return Ok(()),
            Some(next) if next == *account => return Err(ALIAS_CYCLE.into()),
            Some(next) => current = next,
        }
    }
    Err(ALIAS_TOO_DEEP.into())
}
