//! move (family 3): transfer, pay, mint, burn, claw back, sweep, redeem, refund.
//!
//! Units are conserved, keep their lots, and are taken from the lowest lot first. What has lapsed leaves the supply
//! before anything else happens to a balance.

use crate::amount::AMOUNT_MAX;
use crate::apply::{Context, Halt, Movement, Taking};
use crate::id::Id;
use crate::ops::Operate;
use crate::ops::asset::{ASSET_SUNSET, POWER_RENOUNCED};
use crate::state::{AssetRecord, Power, Reason, Records, RedemptionRecord, Table};
use crate::status::{Status, statuses};
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};

statuses! { 3;
    /// The list of payees is empty.
    NO_PAYEE = 0x01 "no_payee";
    /// The list of accounts is empty.
    NO_ACCOUNT = 0x02 "no_account";
    /// Nothing to move.
    ZERO_AMOUNT = 0x03 "zero_amount";
    /// Over 10^38 − 1.
    AMOUNT_TOO_LARGE = 0x04 "amount_too_large";
    /// Payer and payee are the same account.
    SAME_ACCOUNT = 0x05 "same_account";
    /// The asset is paused.
    ASSET_PAUSED = 0x06 "asset_paused" transient;
    /// Payer or payee is frozen.
    ACCOUNT_FROZEN = 0x07 "account_frozen" transient;
    /// The asset moves only from or to its issuer, and from an alias to the account that it is one of.
    ASSET_BOUND = 0x08 "asset_bound";
    /// The balance, without what has lapsed, is smaller.
    INSUFFICIENT_FUNDS = 0x09 "insufficient_funds" transient;
    /// More units than the asset may have.
    SUPPLY_CAP_EXCEEDED = 0x0a "supply_cap_exceeded" transient;
    /// A 65th lot, where the policy refuses it.
    TOO_MANY_LOTS = 0x0b "too_many_lots";
    /// The asset has no expiry.
    NOT_EXPIRING = 0x0c "not_expiring";
    /// The sender redeemed for this order before.
    ALREADY_REDEEMED = 0x0d "already_redeemed";
    /// The sender did not redeem for this order.
    UNKNOWN_REDEMPTION = 0x0e "unknown_redemption";
    /// More than what is left of the redemption.
    REFUND_EXCEEDS = 0x0f "refund_exceeds";
    /// The account would owe more than the policy allows.
    DEBT_FLOOR_REACHED = 0x10 "debt_floor_reached";
}

const TRANSFER: u8 = 0x30;
const PAY: u8 = 0x31;
const MINT: u8 = 0x32;
const BURN: u8 = 0x33;
const CLAW_BACK: u8 = 0x34;
const REDEEM: u8 = 0x36;
const REFUND: u8 = 0x37;

/// Moves units from one account to another.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// Which asset.
    pub asset: Id,
    /// Who pays.
    pub sender: Id,
    /// Who is paid.
    pub to: Id,
    /// How much.
    pub amount: u128,
    /// A salted hash of what it is for.
    pub reference: Option<[u8; 32]>,
}

/// Pays many from one account, with one signature.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pay {
    /// Which asset.
    pub asset: Id,
    /// Who pays.
    pub sender: Id,
    /// Who is paid how much.
    pub payees: Vec<Payee>,
    /// A salted hash of what it is for.
    pub reference: Option<[u8; 32]>,
}

/// One line of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Payee {
    /// Who is paid.
    pub to: Id,
    /// How much.
    pub amount: u128,
}

/// Makes new units.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Mint {
    /// Which asset.
    pub asset: Id,
    /// Who gets them.
    pub to: Id,
    /// How many.
    pub amount: u128,
    /// A salted hash of what it is for.
    pub reference: Option<[u8; 32]>,
}

/// Destroys units of the signer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Burn {
    /// Which asset.
    pub asset: Id,
    /// Whose units.
    pub sender: Id,
    /// How many.
    pub amount: u128,
    /// A salted hash of what it is for.
    pub reference: Option<[u8; 32]>,
}

/// Takes units back by the power declared for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ClawBack {
    /// Which asset.
    pub asset: Id,
    /// Whose units.
    pub sender: Id,
    /// Who gets them.
    pub to: Id,
    /// How many.
    pub amount: u128,
    /// Why.
    pub reason: Reason,
}

/// Removes the lapsed units of accounts; anybody may ask for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sweep {
    /// Which asset.
    pub asset: Id,
    /// Whose balances.
    pub accounts: Vec<Id>,
}

/// Takes units out of the supply for something outside the ledger.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Redeem {
    /// Which asset.
    pub asset: Id,
    /// Whose units.
    pub sender: Id,
    /// Where: a brand or a till, which may refund them.
    pub at: Id,
    /// A salted hash of the order.
    pub order: [u8; 32],
    /// How many.
    pub amount: u128,
}

/// Gives redeemed units back, all of them or some.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Refund {
    /// Which asset.
    pub asset: Id,
    /// Who redeemed them, and gets them back.
    pub sender: Id,
    /// The order for which they were redeemed.
    pub order: [u8; 32],
    /// How many.
    pub amount: u128,
}

pub(super) fn check_amount(amount: u128) -> Result<(), Status> {
    match amount {
        0 => Err(ZERO_AMOUNT),
        1..=AMOUNT_MAX => Ok(()),
        _ => Err(AMOUNT_TOO_LARGE),
    }
}

fn check_accounts_differ(sender: &Id, to: &Id) -> Result<(), Status> {
    if sender == to { Err(SAME_ACCOUNT) } else { Ok(()) }
}

fn touch_holder(touched: &mut Vec<(Table, Id)>, asset: Id, account: Id) {
    touched.push((Table::ACCOUNTS, account));
    touched.push((Table::holders(asset), account));
    // Read while a snapshot of the asset lives; where none ever did there is no such table to look into.
    touched.push((Table::saved(asset), account));
}

/// Refuses what begins something in an asset that has ended.
pub(super) fn refuse_ended(asset: &AssetRecord, time: u64) -> Result<(), Status> {
    if asset.has_ended(time) { Err(ASSET_SUNSET) } else { Ok(()) }
}

pub(super) fn refuse_paused(asset: &AssetRecord) -> Result<(), Status> {
    if asset.paused { Err(ASSET_PAUSED) } else { Ok(()) }
}

/// Refuses an account that is frozen in an asset.
pub(crate) fn refuse_frozen<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
    asset: &AssetRecord,
    account: &Id,
) -> Result<(), Halt<R::Error>> {
    // No look-up while nobody is frozen, which is nearly always.
    if asset.frozen_accounts > 0 && context.record(&Table::freezes(*asset_id), account)?.is_some() {
        return Err(ACCOUNT_FROZEN.into());
    }
    Ok(())
}

/// Refuses what the policy binds to its holder: what is on its way from one to another of whom neither is its issuer.
pub(crate) fn refuse_bound<R: Records>(
    context: &mut Context<'_, R>,
    asset: &AssetRecord,
    sender: &Id,
    to: &Id,
) -> Result<(), Halt<R::Error>> {
    let is_free = sender == to || asset.issuer == *sender || asset.issuer == *to;
    if is_free || !asset.is_bound() {
        return Ok(());
    }
    // An alias joins the account that it is one of, with what it has. The other way would be a way round: an account may
    // be made an alias of one account today and of another tomorrow.
    if context.alias(sender)? == Some(*to) { Ok(()) } else { Err(ASSET_BOUND.into()) }
}

/// What transfer and pay have in common: one payer, some payees, who all must be able to take part.
fn move_units<R: Records>(
    context: &mut Context<'_, R>,
    tag: u8,
    asset_id: Id,
    sender: &Id,
    payees: &[Payee],
    total: u128,
) -> Result<Effect, Halt<R::Error>> {
    let asset = context.fungible(&asset_id)?;
    context.authority_or_mandate(sender, tag, &asset_id, total)?;
    refuse_paused(&asset)?;
    let is_pay = asset.issuer == *sender;
    let mut movement = Movement::new(context, asset_id, asset);
    movement.refuse_sender(sender)?;
    for payee in payees {
        movement.refuse_payee(sender, &payee.to)?;
    }
    let taken = movement.take(sender, total, Taking::Given)?;
    let mut rest = taken.clone();
    for payee in payees {
        let lots = movement.part(&mut rest, payee.amount)?;
        if is_pay {
            movement.give_earnings(&payee.to, payee.amount, lots)?;
        } else {
            movement.pay(sender, &payee.to, payee.amount, lots)?;
        }
    }
    movement.finish(taken)
}

impl Operate for Transfer {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)?;
        check_accounts_differ(&self.sender, &self.to)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_holder(touched, self.asset, self.sender);
        touch_holder(touched, self.asset, self.to);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.sender, self.to]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let payee = Payee { to: self.to, amount: self.amount };
        move_units(context, TRANSFER, self.asset, &self.sender, &[payee], self.amount)
    }
}

impl Pay {
    fn total(&self) -> Option<u128> {
        self.payees.iter().try_fold(0u128, |total, payee| total.checked_add(payee.amount))
    }
}

impl Operate for Pay {
    fn check(&self) -> Result<(), Status> {
        if self.payees.is_empty() {
            return Err(NO_PAYEE);
        }
        for payee in &self.payees {
            check_amount(payee.amount)?;
        }
        check_amount(self.total().ok_or(AMOUNT_TOO_LARGE)?)?;
        self.payees.iter().try_for_each(|payee| check_accounts_differ(&self.sender, &payee.to))
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_holder(touched, self.asset, self.sender);
        for payee in &self.payees {
            touch_holder(touched, self.asset, payee.to);
        }
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.sender);
        accounts.extend(self.payees.iter().map(|payee| payee.to));
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let total = self.total().ok_or(AMOUNT_TOO_LARGE)?;
        move_units(context, PAY, self.asset, &self.sender, &self.payees, total)
    }
}

impl Operate for Mint {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_holder(touched, self.asset, self.to);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.to);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        let minter = asset.holder_of(Power::Mint).ok_or(POWER_RENOUNCED)?;
        context.authority_or_mandate(&minter, MINT, &self.asset, self.amount)?;
        refuse_paused(&asset)?;
        refuse_ended(&asset, context.time())?;
        let mut movement = Movement::new(context, self.asset, asset);
        movement.refuse_frozen(&self.to)?;
        movement.refuse_unattested(&self.to)?;
        movement.refuse_programme_account(&self.to)?;
        movement.mint(&self.to, self.amount)?;
        movement.finish(Vec::new())
    }
}

impl Operate for Burn {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_holder(touched, self.asset, self.sender);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.sender);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority_or_mandate(&self.sender, BURN, &self.asset, self.amount)?;
        refuse_paused(&asset)?;
        let mut movement = Movement::new(context, self.asset, asset);
        movement.refuse_sender(&self.sender)?;
        let taken = movement.take(&self.sender, self.amount, Taking::Burned)?;
        movement.finish(taken)
    }
}

impl Operate for ClawBack {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)?;
        check_accounts_differ(&self.sender, &self.to)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_holder(touched, self.asset, self.sender);
        touch_holder(touched, self.asset, self.to);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.sender, self.to]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        let holder = asset.holder_of(Power::ClawBack).ok_or(POWER_RENOUNCED)?;
        context.authority(&holder, CLAW_BACK)?;
        let may_owe = asset.debt_floor().is_some();
        let mut movement = Movement::new(context, self.asset, asset);
        movement.refuse_frozen(&self.to)?;
        movement.refuse_programme_account(&self.sender)?;
        movement.refuse_programme_account(&self.to)?;
        let (amount, lots) = movement.claw_back(&self.sender, self.amount)?;
        if amount > 0 {
            movement.give(&self.to, amount, &lots)?;
        }
        // How much was there is told, or else nobody could tell what was taken from what is owed.
        let told = if may_owe { movement.told(lots, amount) } else { lots };
        movement.finish(told)
    }
}

impl Operate for Sweep {
    fn check(&self) -> Result<(), Status> {
        if self.accounts.is_empty() { Err(NO_ACCOUNT) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        for account in &self.accounts {
            touch_holder(touched, self.asset, *account);
        }
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend(&self.accounts);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        if !asset.expires() && !asset.has_ended(context.time()) {
            return Err(NOT_EXPIRING.into());
        }
        let mut movement = Movement::new(context, self.asset, asset);
        for account in &self.accounts {
            movement.sweep(account)?;
        }
        movement.finish(Vec::new())
    }
}

impl Operate for Redeem {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_holder(touched, self.asset, self.sender);
        touched.push((Table::ACCOUNTS, self.at));
        let id = RedemptionRecord::id(&self.asset, &self.sender, &self.order);
        touched.push((Table::redemptions(self.asset), id));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.sender, self.at]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority_or_mandate(&self.sender, REDEEM, &self.asset, self.amount)?;
        refuse_paused(&asset)?;
        let table = Table::redemptions(self.asset);
        let id = RedemptionRecord::id(&self.asset, &self.sender, &self.order);
        if context.record(&table, &id)?.is_some() {
            return Err(ALREADY_REDEEMED.into());
        }
        let mut movement = Movement::new(context, self.asset, asset);
        movement.refuse_sender(&self.sender)?;
        // Who gives the units back must be able to sign.
        movement.refuse_programme_account(&self.at)?;
        let taken = movement.take(&self.sender, self.amount, Taking::Redeemed)?;
        let effect = movement.finish(taken.clone())?;
        let redemption = RedemptionRecord {
            sender: self.sender,
            at: self.at,
            order: self.order,
            time: context.time(),
            amount: self.amount,
            refunded: 0,
            lots: taken,
        };
        context.write(table, id, &redemption)?;
        Ok(effect)
    }
}

impl Operate for Refund {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_holder(touched, self.asset, self.sender);
        let id = RedemptionRecord::id(&self.asset, &self.sender, &self.order);
        touched.push((Table::redemptions(self.asset), id));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.sender);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        let table = Table::redemptions(self.asset);
        let id = RedemptionRecord::id(&self.asset, &self.sender, &self.order);
        let mut redemption = context.read::<RedemptionRecord>(table, &id)?.ok_or(UNKNOWN_REDEMPTION)?;
        context.authority(&redemption.at, REFUND)?;
        refuse_paused(&asset)?;
        let mut movement = Movement::new(context, self.asset, asset);
        movement.refuse_frozen(&self.sender)?;
        let refunded = redemption.refunded.checked_add(self.amount);
        redemption.refunded = refunded.filter(|units| *units <= redemption.amount).ok_or(REFUND_EXCEEDS)?;
        movement.refund(&self.sender, self.amount, &mut redemption.lots)?;
        let effect = movement.finish(Vec::new())?;
        context.write(table, id, &redemption)?;
        Ok(effect)
    }
}
