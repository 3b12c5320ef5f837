//! Units of one asset on the move within one operation: lapsed ones leave first, lots stay what they are.

mod debt;
mod refund;

use crate::amount::{before_fee, share_bps};
use crate::apply::context::{Context, Halt};
use crate::id::Id;
use crate::ops::asset::MAX_HOLDING_EXCEEDED;
use crate::ops::attest::refuse_unattested;
use crate::ops::r#move::{
    AMOUNT_TOO_LARGE, INSUFFICIENT_FUNDS, SUPPLY_CAP_EXCEEDED, TOO_MANY_LOTS, refuse_bound, refuse_frozen,
};
use crate::ops::snapshot::SavedRecord;
use crate::state::{AssetRecord, Holding, LOTS_MAX, LotRecord, NEVER_INACTIVE, Records, Table, take_lots};
use crate::status::Status;
use crate::wire::{Effect, LotAmount, decode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The movement of one operation. Totals and lots are written by [`Movement::finish`], once.
pub struct Movement<'c, 'a, R: Records> {
    context: &'c mut Context<'a, R>,
    asset_id: Id,
    asset: Arc<AssetRecord>,
    totals: Totals,
    lots: BTreeMap<u32, LotRecord>,
    lapsed: BTreeMap<u32, u128>,
    /// Of each payment, how many of 10,000 parts go to which account.
    fee: Option<(u16, Id)>,
    /// The most that a payment may make of a balance.
    max_holding: Option<u128>,
    /// Whether a 65th lot of a balance is refused, not merged.
    is_strict: bool,
    /// Whether what a payee has no room for goes back to its source, and is not refused.
    returns: bool,
    /// The number of the newest snapshot that is live.
    snapshot: Option<u32>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    minted: u128,
    burned: u128,
    redeemed: u128,
    refunded: u128,
    swept: u128,
    clawed_back: u128,
    lent: u128,
    repaid: u128,
    new_debtors: u64,
    former_debtors: u64,
}

/// What is done with units beside moving them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// The holder gives them.
    Given,
    /// The holder destroys them.
    Burned,
    /// The holder gives them up for something outside the ledger.
    Redeemed,
    /// A power takes them; that is no activity of the holder.
    ClawedBack,
}

impl<'c, 'a, R: Records> Movement<'c, 'a, R> {
    /// Begins a movement of an asset.
    pub fn new(context: &'c mut Context<'a, R>, asset_id: Id, asset: Arc<AssetRecord>) -> Self {
        let (fee, max_holding) = (asset.fee(), asset.max_holding());
        let (lots, lapsed) = (BTreeMap::new(), BTreeMap::new());
        let (totals, is_strict, returns) = (Totals::default(), asset.has_strict_lots(), false);
        let snapshot = asset.live_snapshots(context.time()).next_back();
        Self { context, asset_id, asset, totals, lots, lapsed, fee, max_holding, is_strict, returns, snapshot }
    }

    /// What is paid costs no fee.
    pub fn waive_fee(&mut self) {
        self.fee = None;
    }

    /// What is handed out goes back, and is no payment: it costs no fee, and a balance may be any size.
    pub fn waive_payment_terms(&mut self) {
        self.fee = None;
        self.max_holding = None;
    }

    /// Lots are merged, whatever the policy says.
    pub fn waive_strict_lots(&mut self) {
        self.is_strict = false;
    }

    /// What is handed out to a payee whose balance has no room for it goes back to its source.
    pub fn return_what_has_no_room(&mut self) {
        self.returns = true;
    }

    /// What is not of this asset.
    pub fn context(&mut self) -> &mut Context<'a, R> {
        self.context
    }

    /// Whether the asset's units are counted by lot.
    pub fn has_lots(&self) -> bool {
        self.asset.period().is_some()
    }

    /// What an effect says was taken where the operation's bytes do not say how much: for an asset without lots too,
    /// all of it of lot 0.
    pub fn told(&self, lots: Vec<LotAmount>, amount: u128) -> Vec<LotAmount> {
        if self.has_lots() || amount == 0 { lots } else { vec![LotAmount { lot: 0, amount }] }
    }

    /// Refuses a frozen account.
    pub fn refuse_frozen(&mut self, account: &Id) -> Result<(), Halt<R::Error>> {
        refuse_frozen(self.context, &self.asset_id, &self.asset, account)
    }

    /// Refuses what the policy binds to its holder.
    pub fn refuse_bound(&mut self, sender: &Id, to: &Id) -> Result<(), Halt<R::Error>> {
        refuse_bound(self.context, &self.asset, sender, to)
    }

    /// Refuses an account that only its own operations may touch.
    pub fn refuse_programme_account(&mut self, account: &Id) -> Result<(), Halt<R::Error>> {
        self.context.refuse_programme_account(account)
    }

    /// Refuses an account that cannot pay.
    pub fn refuse_sender(&mut self, sender: &Id) -> Result<(), Halt<R::Error>> {
        self.refuse_frozen(sender)?;
        self.refuse_programme_account(sender)
    }

    /// Refuses an account that the policy wants attested and that is not.
    pub fn refuse_unattested(&mut self, account: &Id) -> Result<(), Halt<R::Error>> {
        refuse_unattested(self.context, &self.asset, account)
    }

    /// Refuses an account that this sender cannot pay.
    pub fn refuse_payee(&mut self, sender: &Id, to: &Id) -> Result<(), Halt<R::Error>> {
        self.refuse_frozen(to)?;
        self.refuse_bound(sender, to)?;
        self.refuse_unattested(to)?;
        self.refuse_programme_account(to)
    }

    /// Refuses an account that is named to be paid later and could not be: it may be attested until then.
    pub fn refuse_future_payee(&mut self, sender: &Id, to: &Id) -> Result<(), Halt<R::Error>> {
        self.refuse_frozen(to)?;
        self.refuse_bound(sender, to)?;
        self.refuse_programme_account(to)
    }

    /// Takes units from an account, lowest lots first, and returns them by lot.
    pub fn take(&mut self, account: &Id, amount: u128, taking: Taking) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        let holding = self.touch(account)?;
        if holding.total < amount {
            return Err(INSUFFICIENT_FUNDS.into());
        }
        self.take_from(account, holding, amount, taking)
    }

    /// Takes units that are there, out of a balance that has been touched.
    pub fn take_from(
        &mut self,
        account: &Id,
        mut holding: Holding,
        amount: u128,
        taking: Taking,
    ) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        if taking == Taking::ClawedBack {
            refuse_uncountable(self.asset.clawed_back, self.totals.clawed_back, amount)?;
        }
        let taken = holding.take(amount).ok_or_else(|| contradiction::<R>("a balance's lots do not add up"))?;
        match taking {
            Taking::Given => {}
            Taking::Burned => self.totals.burned = add::<R>(self.totals.burned, amount)?,
            Taking::Redeemed => self.totals.redeemed = add::<R>(self.totals.redeemed, amount)?,
            Taking::ClawedBack => self.totals.clawed_back = add::<R>(self.totals.clawed_back, amount)?,
        }
        if taking != Taking::Given {
            for part in &taken {
                let lot = self.lot(part.lot)?;
                let counter = match taking {
                    Taking::Given => continue,
                    Taking::Burned => &mut lot.burned,
                    Taking::Redeemed => &mut lot.redeemed,
                    Taking::ClawedBack => &mut lot.clawed_back,
                };
                *counter = add::<R>(*counter, part.amount)?;
            }
        }
        if taking != Taking::ClawedBack {
            self.mark_activity(&mut holding);
        }
        self.store(account, &holding)?;
        Ok(taken)
    }

    /// Gives units to an account: `lots` for an asset with lots, else `amount`.
    pub fn give(&mut self, account: &Id, amount: u128, lots: &[LotAmount]) -> Result<(), Halt<R::Error>> {
        let holding = self.touch(account)?;
        self.credit(account, holding, amount, lots)
    }

    /// Hands units that were taken out to these accounts in order, lowest lots first. What comes back to a programme
    /// account funds it; what comes from one, or from the issuer, was earned.
    pub fn hand_out(&mut self, source: &Id, taken: &[LotAmount], payouts: &[(Id, u128)]) -> Result<(), Halt<R::Error>> {
        let is_pay = *source == self.asset.issuer || self.context.is_programme_account(source)?;
        let mut rest = taken.to_vec();
        for (to, amount) in payouts {
            let mut returned = self.part(&mut rest, *amount)?;
            let room = self.room_for(source, is_pay, to, *amount, &returned)?;
            let lots = self.part(&mut returned, room)?;
            if room > 0 {
                self.hand_to(source, is_pay, to, room, lots)?;
            }
            if room < *amount {
                self.hand_to(source, is_pay, source, subtract::<R>(*amount, room)?, returned)?;
            }
        }
        Ok(())
    }

    fn hand_to(
        &mut self,
        source: &Id,
        is_pay: bool,
        to: &Id,
        amount: u128,
        lots: Vec<LotAmount>,
    ) -> Result<(), Halt<R::Error>> {
        if self.context.is_programme_account(to)? {
            self.fund(to, amount, &lots)
        } else if to == source {
            self.give(to, amount, &lots)
        } else if is_pay {
            self.give_earnings(to, amount, lots)
        } else {
            self.pay(source, to, amount, lots)
        }
    }

    /// The next part of the lots in hand, lowest first; nothing for an asset without lots.
    pub fn part(&self, lots: &mut Vec<LotAmount>, amount: u128) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        if !self.has_lots() {
            return Ok(Vec::new());
        }
        take_lots(lots, amount).ok_or_else(|| contradiction::<R>("the lots in hand do not add up"))
    }

    /// How much of a part is handed to a payee: all of it, unless what has no room in its balance goes back to the source.
    /// What it would keep counts, not the fee, nor what repays a debt: [`Self::pay`] and [`Self::give_earnings`] refuse
    /// none of it.
    fn room_for(
        &mut self,
        source: &Id,
        is_pay: bool,
        to: &Id,
        amount: u128,
        lots: &[LotAmount],
    ) -> Result<u128, Halt<R::Error>> {
        if !self.returns || to == source {
            return Ok(amount);
        }
        let holding = self.balance(to)?;
        // Who pays earnings pays no fee, so that at most one of the two is taken off.
        let repaid = if is_pay { self.repaid_of(to, amount)? } else { 0 };
        if self.is_strict {
            // No fee is taken off here: what costs one is not returned while lots are strict.
            let mut kept = lots.to_vec();
            self.part(&mut kept, repaid)?;
            return Ok(if holding.has_room_for_lots(&kept) { amount } else { 0 });
        }
        let Some(most) = self.max_holding else { return Ok(amount) };
        if self.may_hold_any(to)? {
            return Ok(amount);
        }
        let room = most.saturating_sub(holding.total);
        let most = match self.fee_terms(source, to)? {
            Some((bps, _)) => before_fee(room, bps),
            None => room.saturating_add(repaid),
        };
        Ok(most.min(amount))
    }

    /// Gives units of a sender to a payee, but for the policy's fee, which is of the highest lots.
    pub fn pay(&mut self, sender: &Id, to: &Id, amount: u128, lots: Vec<LotAmount>) -> Result<(), Halt<R::Error>> {
        let fee = self.fee_of(sender, to, amount)?;
        let paid = amount.saturating_sub(fee.map_or(0, |(_, due)| due));
        let mut rest = lots;
        let paid_lots = self.part(&mut rest, paid)?;
        let holding = self.touch(to)?;
        self.credit_payee(to, holding, paid, &paid_lots)?;
        match fee {
            // Nobody's payment depends on what became of the account that gets the fee.
            Some((account, due)) if self.context.is_programme_account(&account)? => self.fund(&account, due, &rest),
            Some((account, due)) => self.give(&account, due, &rest),
            None => Ok(()),
        }
    }

    /// Who gets which part of a payment as a fee, if anybody.
    fn fee_of(&mut self, sender: &Id, to: &Id, amount: u128) -> Result<Option<(Id, u128)>, Halt<R::Error>> {
        let terms = self.fee_terms(sender, to)?;
        Ok(terms.map(|(bps, account)| (account, share_bps(amount, bps))).filter(|(_, due)| *due > 0))
    }

    /// How many of 10,000 parts of a payment are a fee, and whose, if any.
    fn fee_terms(&mut self, sender: &Id, to: &Id) -> Result<Option<(u16, Id)>, Halt<R::Error>> {
        let Some((bps, account)) = self.fee else { return Ok(None) };
        let exempt = [account, self.asset.issuer];
        let is_exempt = exempt.contains(sender) || exempt.contains(to) || self.context.is_programme_account(sender)?;
        Ok((!is_exempt).then_some((bps, account)))
    }

    /// Credits a payment: the policy may say how much an account may have.
    fn credit_payee(
        &mut self,
        account: &Id,
        holding: Holding,
        amount: u128,
        lots: &[LotAmount],
    ) -> Result<(), Halt<R::Error>> {
        // Whose balance it is matters only where there is no room for it.
        let has_no_room = self.max_holding.is_some_and(|most| amount > most.saturating_sub(holding.total));
        if has_no_room && amount > 0 && !self.may_hold_any(account)? {
            return Err(MAX_HOLDING_EXCEEDED.into());
        }
        self.credit(account, holding, amount, lots)
    }

    /// Whether an account has no largest holding, whatever the policy says.
    fn may_hold_any(&mut self, account: &Id) -> Result<bool, Halt<R::Error>> {
        let takes_fee = self.asset.fee().is_some_and(|(_, to)| to == *account);
        Ok(takes_fee || self.asset.issuer == *account || self.context.is_programme_account(account)?)
    }

    /// Takes all that a programme account has, by lot; lot 0 for an asset without lots.
    pub fn take_all(&mut self, programme: &Id) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        self.empty(programme, Taking::Given)
    }

    /// As [`Self::take_all`], and nobody has it any more.
    pub fn burn_all(&mut self, programme: &Id) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        self.empty(programme, Taking::Burned)
    }

    fn empty(&mut self, programme: &Id, taking: Taking) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        // Lapsed units leave for good here: they would be counted again when the rest is taken.
        self.sweep(programme)?;
        let holding = self.touch(programme)?;
        if holding.total == 0 {
            return Ok(Vec::new());
        }
        let taken = self.take(programme, holding.total, taking)?;
        Ok(self.told(taken, holding.total))
    }

    /// Gives units to a programme account, where they do not lapse by inactivity: nobody is there who could be active.
    pub fn fund(&mut self, programme: &Id, amount: u128, lots: &[LotAmount]) -> Result<(), Halt<R::Error>> {
        let mut holding = self.touch(programme)?;
        if self.asset.inactivity_expiry_days().is_some() {
            holding.activity_day = NEVER_INACTIVE;
        }
        self.credit(programme, holding, amount, lots)
    }

    /// Makes new units, in today's lot. They are earnings of the account.
    pub fn mint(&mut self, account: &Id, amount: u128) -> Result<(), Halt<R::Error>> {
        let holding = self.touch(account)?;
        self.refuse_over_cap(amount)?;
        refuse_uncountable(self.asset.minted, self.totals.minted, amount)?;
        self.totals.minted = add::<R>(self.totals.minted, amount)?;
        let lots = match self.asset.period() {
            None => Vec::new(),
            Some(period) => {
                let number = period.lot(self.context.day());
                let lot = self.lot(number)?;
                lot.issued = add::<R>(lot.issued, amount)?;
                vec![LotAmount { lot: number, amount }]
            }
        };
        self.credit_earnings(account, holding, amount, lots)
    }

    /// Refuses units for which the supply, without what has lapsed so far, leaves no room.
    fn refuse_over_cap(&self, amount: u128) -> Result<(), Halt<R::Error>> {
        let supply = self
            .asset
            .supply()
            .and_then(|supply| supply.checked_sub(self.totals.swept))
            .ok_or_else(|| contradiction::<R>("an asset's totals contradict each other"))?;
        if supply.checked_add(amount).is_none_or(|after| after > self.asset.supply_cap) {
            return Err(SUPPLY_CAP_EXCEEDED.into());
        }
        Ok(())
    }

    /// Removes an account's lapsed units.
    pub fn sweep(&mut self, account: &Id) -> Result<(), Halt<R::Error>> {
        let before = self.totals.swept;
        let holding = self.touch(account)?;
        if self.totals.swept != before {
            self.store(account, &holding)?;
        }
        Ok(())
    }

    /// Writes the totals and lots that changed, and says what happened.
    pub fn finish(mut self, taken: Vec<LotAmount>) -> Result<Effect, Halt<R::Error>> {
        if self.totals != Totals::default() {
            let Totals { minted, burned, redeemed, refunded, swept, clawed_back, .. } = self.totals;
            let mut asset = (*self.asset).clone();
            asset.minted = add::<R>(asset.minted, minted)?;
            asset.burned = add::<R>(asset.burned, burned)?;
            asset.redeemed = subtract::<R>(add::<R>(asset.redeemed, redeemed)?, refunded)?;
            asset.swept = add::<R>(asset.swept, swept)?;
            asset.clawed_back = add::<R>(asset.clawed_back, clawed_back)?;
            self.count_debts(&mut asset)?;
            self.context.write_asset(&self.asset_id, asset)?;
        }
        for (number, lot) in std::mem::take(&mut self.lots) {
            let outstanding =
                lot.outstanding().ok_or_else(|| contradiction::<R>("a lot's totals contradict each other"))?;
            let id = LotRecord::id(&self.asset_id, number);
            self.context.write_weighed(Table::lots(self.asset_id), id, outstanding, &lot)?;
        }
        let lapsed: Vec<LotAmount> = self.lapsed.into_iter().map(|(lot, amount)| LotAmount { lot, amount }).collect();
        Ok(if taken.is_empty() && lapsed.is_empty() { Effect::Nothing } else { Effect::Moved { taken, lapsed } })
    }

    /// An account's balance without its lapsed units, which are counted out of the supply.
    pub fn touch(&mut self, account: &Id) -> Result<Holding, Halt<R::Error>> {
        let mut holding = self.stored(account)?;
        for part in holding.remove_lapsed(&self.asset, self.context.time()) {
            self.lapse(part)?;
        }
        Ok(holding)
    }

    /// An account's balance without its lapsed units, which stay there until it is touched.
    fn balance(&mut self, account: &Id) -> Result<Holding, Halt<R::Error>> {
        let mut holding = self.stored(account)?;
        holding.remove_lapsed(&self.asset, self.context.time());
        Ok(holding)
    }

    fn stored(&mut self, account: &Id) -> Result<Holding, Halt<R::Error>> {
        let Some(record) = self.context.record(&Table::holders(self.asset_id), account)? else {
            return Ok(Holding::default());
        };
        Holding::decode(&self.asset, record)
            .ok_or_else(|| contradiction::<R>(&format!("the balance of {account} does not decode")))
    }

    /// Counts units as lapsed and removed.
    fn lapse(&mut self, part: LotAmount) -> Result<(), Halt<R::Error>> {
        self.totals.swept = add::<R>(self.totals.swept, part.amount)?;
        let lapsed = self.lapsed.entry(part.lot).or_default();
        *lapsed = add::<R>(*lapsed, part.amount)?;
        if self.asset.period().is_some() {
            let lot = self.lot(part.lot)?;
            lot.expired = add::<R>(lot.expired, part.amount)?;
        }
        Ok(())
    }

    fn credit(
        &mut self,
        account: &Id,
        mut holding: Holding,
        amount: u128,
        lots: &[LotAmount],
    ) -> Result<(), Halt<R::Error>> {
        holding.total = add::<R>(holding.total, amount)?;
        for lot in lots {
            holding.put(*lot).ok_or_else(|| contradiction::<R>("a lot overflows"))?;
            if holding.lots.len() > LOTS_MAX && self.is_strict {
                return Err(TOO_MANY_LOTS.into());
            }
            for (merged, into) in holding.merge_lots() {
                self.merge(merged, into)?;
            }
        }
        self.mark_activity(&mut holding);
        self.store(account, &holding)
    }

    /// Counts units of one lot as units of a later one.
    fn merge(&mut self, merged: LotAmount, into: u32) -> Result<(), Halt<R::Error>> {
        let from = self.lot(merged.lot)?;
        from.merged_out = add::<R>(from.merged_out, merged.amount)?;
        let into = self.lot(into)?;
        into.merged_in = add::<R>(into.merged_in, merged.amount)?;
        Ok(())
    }

    fn mark_activity(&self, holding: &mut Holding) {
        if self.asset.inactivity_expiry_days().is_some() && holding.activity_day != NEVER_INACTIVE {
            holding.activity_day = self.context.day();
        }
    }

    fn store(&mut self, account: &Id, holding: &Holding) -> Result<(), Halt<R::Error>> {
        // What was nothing and stays nothing is not written: there is no record to remove.
        if holding.total == 0 && self.context.record(&Table::holders(self.asset_id), account)?.is_none() {
            return Ok(());
        }
        self.context.set_record(Table::holders(self.asset_id), *account, holding.encode(&self.asset))?;
        self.snapshot.map_or(Ok(()), |number| self.save(account, number))
    }

    /// Keeps what an account had, which was overwritten just now, for the snapshots up to the newest one.
    fn save(&mut self, account: &Id, number: u32) -> Result<(), Halt<R::Error>> {
        let units = self.context.overwritten().map_or(0, |record| record.sum);
        let table = Table::saved(self.asset_id);
        // While a snapshot lives this is asked of every payment: what is there already is not decoded for that.
        let mut saved = match self.context.record(&table, account)? {
            None => SavedRecord::default(),
            Some(record) if SavedRecord::reaches(&record.value, number) => return Ok(()),
            Some(record) => decode(&record.value)
                .ok_or_else(|| contradiction::<R>("what was saved of a balance does not decode"))?,
        };
        saved.save(number, units, self.asset.live_snapshots(self.context.time()));
        self.context.write(table, *account, &saved)
    }

    /// The lot's record as this movement has it.
    fn lot(&mut self, number: u32) -> Result<&mut LotRecord, Halt<R::Error>> {
        match self.lots.entry(number) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let id = LotRecord::id(&self.asset_id, number);
                let lot = match self.context.record(&Table::lots(self.asset_id), &id)? {
                    None => LotRecord { lot: number, ..LotRecord::default() },
                    Some(record) => {
                        decode(&record.value).ok_or_else(|| contradiction::<R>("a lot's record does not decode"))?
                    }
                };
                Ok(entry.insert(lot))
            }
        }
    }
}

/// The totals of units ever minted and ever clawed back have no other bound: units can be burned and minted again, and
/// clawed back from one account to another, for ever. All other totals are at most what was minted.
fn refuse_uncountable(before: u128, within: u128, amount: u128) -> Result<(), Status> {
    let after = before.checked_add(within).and_then(|total| total.checked_add(amount));
    after.map(|_| ()).ok_or(AMOUNT_TOO_LARGE)
}

/// Totals stay below 2^128 since every supply does; if not, the store is corrupt.
fn add<R: Records>(left: u128, right: u128) -> Result<u128, Halt<R::Error>> {
    left.checked_add(right).ok_or_else(|| contradiction::<R>("a total is over 128 bits"))
}

/// What is taken off a total was counted in it before; if not, the store is corrupt.
fn subtract<R: Records>(left: u128, right: u128) -> Result<u128, Halt<R::Error>> {
    left.checked_sub(right).ok_or_else(|| contradiction::<R>("a total is below zero"))
}

fn contradiction<R: Records>(what: &str) -> Halt<R::Error> {
    Halt::corrupt::<R>(what)
}
