//! asset (family 2): create, change, renounce, freeze, pause, sunset.
//!
//! An asset declares at its creation what may ever be done to it: each power is an account's or renounced for good.

use crate::amount::{AMOUNT_MAX, BPS_ALL};
use crate::apply::{Context, Halt};
use crate::id::{Id, asset_id};
use crate::ops::Operate;
use crate::state::{
    ASSET_VERSION, AccountRecord, AssetRecord, FreezeRecord, PendingPolicy, Power, Powers, Reason, Records, Table, Term,
};
use crate::status::{PROGRAMME_ACCOUNT, Status, statuses};
use crate::time;
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};
use std::sync::Arc;

statuses! { 2;
    /// Not `[A-Z0-9.]{1,12}`.
    INVALID_SYMBOL = 0x01 "invalid_symbol";
    /// More than 38.
    TOO_MANY_DECIMALS = 0x02 "too_many_decimals";
    /// Zero, or over 10^38 − 1.
    INVALID_SUPPLY_CAP = 0x03 "invalid_supply_cap";
    /// Terms not ascending, without what they need, or with impossible numbers.
    INVALID_POLICY = 0x04 "invalid_policy";
    /// Neither a cap nor a policy.
    NOTHING_TO_CHANGE = 0x05 "nothing_to_change";
    /// There is no such asset.
    UNKNOWN_ASSET = 0x06 "unknown_asset";
    /// Nobody has this power any more.
    POWER_RENOUNCED = 0x07 "power_renounced";
    /// The ledger lists who may create assets.
    CREATOR_NOT_ALLOWED = 0x08 "creator_not_allowed";
    /// The issuer has an asset of this symbol.
    ASSET_EXISTS = 0x09 "asset_exists";
    /// A cap only goes down.
    SUPPLY_CAP_RAISED = 0x0a "supply_cap_raised";
    /// More units exist.
    SUPPLY_CAP_BELOW_SUPPLY = 0x0b "supply_cap_below_supply";
    /// Lots and the kinds of expiry stay as created.
    POLICY_LAYOUT_FIXED = 0x0c "policy_layout_fixed";
    /// It is so already.
    UNCHANGED = 0x0d "unchanged";
    /// The asset is a collection of items.
    NOT_FUNGIBLE = 0x0e "not_fungible";
    /// The asset is no collection of items.
    NOT_ITEMS = 0x0f "not_items";
    /// No editions, or a set that is over 32, not ascending, or made of itself.
    INVALID_DESIGN = 0x10 "invalid_design";
    /// The collection has a design of this number.
    DESIGN_EXISTS = 0x11 "design_exists";
    /// The collection has no such design.
    UNKNOWN_DESIGN = 0x12 "unknown_design";
    /// All editions of the design were made.
    EDITIONS_EXHAUSTED = 0x13 "editions_exhausted";
    /// There is no such item.
    UNKNOWN_ITEM = 0x14 "unknown_item";
    /// The item is another account's.
    NOT_OWNER = 0x15 "not_owner" transient;
    /// The item changes hands by a sale only, which pays its royalty.
    ROYALTY_DUE = 0x16 "royalty_due";
    /// The items are not the set that the design is made of.
    WRONG_SET = 0x17 "wrong_set";
    /// Another change was announced, and does not hold yet.
    CHANGE_PENDING = 0x18 "change_pending" transient;
    /// The policy lets nobody end the asset.
    NO_SUNSET = 0x19 "no_sunset";
    /// The asset would end earlier than was announced, or than the policy allows.
    SUNSET_TOO_SOON = 0x1a "sunset_too_soon";
    /// The asset has ended.
    ASSET_SUNSET = 0x1b "asset_sunset";
    /// The payee would have more than the policy allows.
    MAX_HOLDING_EXCEEDED = 0x1c "max_holding_exceeded" transient;
}

const CREATE: u8 = 0x20;
const CHANGE: u8 = 0x21;
const RENOUNCE: u8 = 0x22;
const FREEZE: u8 = 0x23;
const PAUSE: u8 = 0x24;
const SUNSET: u8 = 0x2b;
const SYMBOL_BYTES_MAX: usize = 12;
const DECIMALS_MAX: u8 = 38;
const DAYS_MAX: u32 = 36_500;
const PERIOD_MS_MAX: u64 = 36_525 * time::DAY_MS;

/// Creates an asset.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Create {
    /// Whose authority it needs.
    pub issuer: Id,
    /// `[A-Z0-9.]{1,12}`, once for each issuer.
    pub symbol: String,
    /// Decimal places of a whole unit.
    pub decimals: u8,
    /// The most units that may exist.
    pub supply_cap: u128,
    /// The rules, strictly ascending by tag.
    pub policy: Vec<Term>,
    /// Who holds which power.
    pub powers: Powers,
}

/// Lowers the cap or changes the policy.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Change {
    /// Which asset.
    pub asset: Id,
    /// The new cap.
    pub supply_cap: Option<u128>,
    /// The new rules, all of them.
    pub policy: Option<Vec<Term>>,
}

/// Gives a power up for good.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Renounce {
    /// Which asset.
    pub asset: Id,
    /// Which power.
    pub power: Power,
}

/// Freezes an account in an asset, or thaws it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Freeze {
    /// Which asset.
    pub asset: Id,
    /// Which account.
    pub account: Id,
    /// Whether it is to be frozen.
    pub frozen: bool,
    /// Why.
    pub reason: Reason,
}

/// Pauses an asset, or lets it go on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pause {
    /// Which asset.
    pub asset: Id,
    /// Whether it is to be paused.
    pub paused: bool,
    /// Why.
    pub reason: Reason,
}

/// Says when an asset ends, or that it does not.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sunset {
    /// Which asset.
    pub asset: Id,
    /// From when on nothing of it is left, ms; 0 withdraws it.
    pub at: u64,
}

fn check_cap(cap: u128) -> Result<(), Status> {
    if cap == 0 || cap > AMOUNT_MAX { Err(INVALID_SUPPLY_CAP) } else { Ok(()) }
}

fn check_policy(policy: &[Term]) -> Result<(), Status> {
    let numbers_possible = policy.iter().all(|term| match term {
        Term::FixedExpiry { days } | Term::InactivityExpiry { days } => (1..=DAYS_MAX).contains(days),
        Term::DebtFloor { units } | Term::MaxHolding { units } => (1..=AMOUNT_MAX).contains(units),
        Term::Notice { ms } | Term::Sunset { ms } => (1..=PERIOD_MS_MAX).contains(ms),
        Term::Royalty { bps, .. } | Term::Fee { bps, .. } => (1..=BPS_ALL).contains(bps),
        Term::Bound
        | Term::Lots { .. }
        | Term::StrictLots
        | Term::NoReinstatement
        | Term::Items
        | Term::Attested { .. } => true,
    });
    let has_lots = policy.iter().any(|term| matches!(term, Term::Lots { .. }));
    let needs_lots = policy.iter().any(|term| matches!(term, Term::FixedExpiry { .. } | Term::StrictLots));
    let has_fixed_expiry = policy.iter().any(|term| matches!(term, Term::FixedExpiry { .. }));
    let needs_fixed_expiry = policy.contains(&Term::NoReinstatement);
    let ascending = policy.is_sorted_by(|left, right| left.tag() < right.tag());
    let is_items = policy.contains(&Term::Items);
    let fits_items = |term: &Term| {
        matches!(
            term,
            Term::Bound
                | Term::Items
                | Term::Royalty { .. }
                | Term::Notice { .. }
                | Term::Attested { .. }
                | Term::Sunset { .. }
        )
    };
    let of_one_kind = if is_items {
        policy.iter().all(fits_items)
    } else {
        !policy.iter().any(|term| matches!(term, Term::Royalty { .. }))
    };
    let complete = of_one_kind && (has_lots || !needs_lots) && (has_fixed_expiry || !needs_fixed_expiry);
    if ascending && numbers_possible && complete { Ok(()) } else { Err(INVALID_POLICY) }
}

impl Operate for Create {
    fn check(&self) -> Result<(), Status> {
        let symbol_byte = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.';
        if self.symbol.is_empty() || self.symbol.len() > SYMBOL_BYTES_MAX || !self.symbol.bytes().all(symbol_byte) {
            return Err(INVALID_SYMBOL);
        }
        if self.decimals > DECIMALS_MAX {
            return Err(TOO_MANY_DECIMALS);
        }
        check_cap(self.supply_cap)?;
        check_policy(&self.policy)?;
        // An item has no parts.
        if self.decimals > 0 && self.policy.contains(&Term::Items) { Err(INVALID_POLICY) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ASSETS, asset_id(&self.issuer, &self.symbol)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.issuer);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.issuer, CREATE)?;
        if !context.parameters().may_create_assets(&self.issuer) {
            return Err(CREATOR_NOT_ALLOWED.into());
        }
        let id = asset_id(&self.issuer, &self.symbol);
        if context.asset_if_any(&id)?.is_some() {
            return Err(ASSET_EXISTS.into());
        }
        let asset = AssetRecord {
            version: ASSET_VERSION,
            issuer: self.issuer,
            symbol: self.symbol.clone(),
            decimals: self.decimals,
            supply_cap: self.supply_cap,
            policy: self.policy.clone(),
            powers: self.powers,
            paused: false,
            frozen_accounts: 0,
            debtors: 0,
            owed: 0,
            minted: 0,
            burned: 0,
            redeemed: 0,
            swept: 0,
            clawed_back: 0,
            pending: None,
            sunset: None,
            snapshots_taken: 0,
            snapshots: Vec::new(),
        };
        context.write_asset(&id, asset)?;
        Ok(Effect::Nothing)
    }
}

/// The asset, once the holder of the power over it has signed.
fn asset_under<R: Records>(
    context: &mut Context<'_, R>,
    asset: &Id,
    power: Power,
    tag: u8,
) -> Result<Arc<AssetRecord>, Halt<R::Error>> {
    let record = context.asset(asset)?;
    let holder = record.holder_of(power).ok_or(POWER_RENOUNCED)?;
    context.authority(&holder, tag)?;
    Ok(record)
}

impl Operate for Change {
    fn check(&self) -> Result<(), Status> {
        if self.supply_cap.is_none() && self.policy.is_none() {
            return Err(NOTHING_TO_CHANGE);
        }
        self.supply_cap.map_or(Ok(()), check_cap)?;
        self.policy.as_deref().map_or(Ok(()), check_policy)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ASSETS, self.asset));
    }

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut asset = (*asset_under(context, &self.asset, Power::Change, CHANGE)?).clone();
        if let Some(cap) = self.supply_cap {
            if cap > asset.supply_cap {
                return Err(SUPPLY_CAP_RAISED.into());
            }
            let supply = asset.supply().ok_or_else(|| Halt::corrupt::<R>("an asset's totals contradict each other"))?;
            if cap < supply {
                return Err(SUPPLY_CAP_BELOW_SUPPLY.into());
            }
            asset.supply_cap = cap;
        }
        if let Some(policy) = &self.policy {
            asset.change_policy(policy, context.time())?;
        }
        context.write_asset(&self.asset, asset)?;
        Ok(Effect::Nothing)
    }
}

impl AssetRecord {
    /// Sets the rules, or announces them where the ones in force ask for notice.
    fn change_policy(&mut self, policy: &[Term], time: u64) -> Result<(), Status> {
        if Self::layout(policy) != Self::layout(&self.policy) || policy.iter().any(|term| self.is_shortened(*term)) {
            return Err(POLICY_LAYOUT_FIXED);
        }
        let Some(notice) = self.notice_ms().filter(|_| is_adverse(&self.policy, policy)) else {
            // What is no worse holds at once, and withdraws what was announced.
            self.policy = policy.to_vec();
            self.pending = None;
            return Ok(());
        };
        if self.pending.is_some() {
            return Err(CHANGE_PENDING);
        }
        self.pending = Some(PendingPolicy { policy: policy.to_vec(), since: time, due: time.saturating_add(notice) });
        Ok(())
    }

    /// Whether a time that protects holders would get shorter by a term.
    fn is_shortened(&self, term: Term) -> bool {
        let (ms, before) = if let Term::Notice { ms } = term {
            (ms, self.notice_ms())
        } else if let Term::Sunset { ms } = term {
            (ms, self.sunset_ms())
        } else {
            return false;
        };
        before.is_some_and(|before| ms < before)
    }
}

/// Whether rules are worse for those who hold the asset than the ones before. No rule is for the better: one that goes
/// is no loss, one that comes is.
fn is_adverse(before: &[Term], after: &[Term]) -> bool {
    let is_no_worse = |term: &Term| before.iter().any(|old| old.tag() == term.tag() && term.is_no_worse_than(*old));
    !after.iter().all(is_no_worse)
}

impl Operate for Renounce {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ASSETS, self.asset));
    }

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut asset = (*asset_under(context, &self.asset, self.power, RENOUNCE)?).clone();
        match self.power {
            Power::Mint => asset.powers.mint = None,
            Power::Freeze => asset.powers.freeze = None,
            Power::Pause => asset.powers.pause = None,
            Power::ClawBack => asset.powers.claw_back = None,
            Power::Change => asset.powers.change = None,
        }
        context.write_asset(&self.asset, asset)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Freeze {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::freezes(self.asset), self.account));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut asset = (*asset_under(context, &self.asset, Power::Freeze, FREEZE)?).clone();
        // A programme's funds answer to its rules alone: nobody's power stops them.
        if matches!(context.account(&self.account)?, Some(AccountRecord::Programme { .. })) {
            return Err(PROGRAMME_ACCOUNT.into());
        }
        let table = Table::freezes(self.asset);
        let is_frozen = context.read::<FreezeRecord>(table, &self.account)?.is_some();
        if is_frozen == self.frozen {
            return Err(UNCHANGED.into());
        }
        let count = if self.frozen {
            context.write(table, self.account, &FreezeRecord { since: context.time(), reason: self.reason })?;
            asset.frozen_accounts.checked_add(1)
        } else {
            context.remove(table, self.account)?;
            asset.frozen_accounts.checked_sub(1)
        };
        asset.frozen_accounts =
            count.ok_or_else(|| Halt::corrupt::<R>("an asset's count of frozen accounts is wrong"))?;
        context.write_asset(&self.asset, asset)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Pause {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ASSETS, self.asset));
    }

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut asset = (*asset_under(context, &self.asset, Power::Pause, PAUSE)?).clone();
        if asset.paused == self.paused {
            return Err(UNCHANGED.into());
        }
        asset.paused = self.paused;
        context.write_asset(&self.asset, asset)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Sunset {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ASSETS, self.asset));
    }

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut asset = (*asset_under(context, &self.asset, Power::Change, SUNSET)?).clone();
        let notice = asset.sunset_ms().ok_or(NO_SUNSET)?;
        // What has ended stays so: its units are gone, whether or not anybody has looked.
        if asset.has_ended(context.time()) {
            return Err(ASSET_SUNSET.into());
        }
        asset.sunset = if self.at == 0 {
            asset.sunset.ok_or(UNCHANGED)?;
            None
        } else {
            let earliest = context.time().saturating_add(notice).max(asset.sunset.unwrap_or(0));
            if self.at < earliest {
                return Err(SUNSET_TOO_SOON.into());
            }
            if asset.sunset == Some(self.at) {
                return Err(UNCHANGED.into());
            }
            Some(self.at)
        };
        context.write_asset(&self.asset, asset)?;
        Ok(Effect::Nothing)
    }
}
