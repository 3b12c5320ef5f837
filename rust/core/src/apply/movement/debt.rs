//! What accounts owe the issuer: more was clawed back than they had, and what they earn goes there first.

use super::{Movement, Taking, add, contradiction, refuse_uncountable, subtract};
use crate::apply::context::Halt;
use crate::id::Id;
use crate::ops::r#move::{DEBT_FLOOR_REACHED, INSUFFICIENT_FUNDS};
use crate::state::{AssetRecord, DebtRecord, Holding, Records, Table};
use crate::wire::{LotAmount, decode};

/// What an account owes, and since when.
struct Debt {
    units: u128,
    record: DebtRecord,
}

impl<R: Records> Movement<'_, '_, R> {
    /// Takes units from an account by a power; what is missing it owes the issuer, where the policy lets it. Returns
    /// how many were taken, and their lots.
    pub fn claw_back(&mut self, account: &Id, amount: u128) -> Result<(u128, Vec<LotAmount>), Halt<R::Error>> {
        let holding = self.touch(account)?;
        let there = amount.min(holding.total);
        let missing = amount.saturating_sub(there);
        let debt = if missing == 0 { None } else { Some(self.debt_after(account, missing)?) };
        let taken = self.take_from(account, holding, there, Taking::ClawedBack)?;
        if let Some(debt) = debt {
            self.totals.lent = add::<R>(self.totals.lent, missing)?;
            self.write_debt(account, debt)?;
        }
        Ok((there, taken))
    }

    /// Gives units to an account that earned them: what it owes goes on to the issuer.
    pub fn give_earnings(&mut self, account: &Id, amount: u128, lots: Vec<LotAmount>) -> Result<(), Halt<R::Error>> {
        let holding = self.touch(account)?;
        self.credit_earnings(account, holding, amount, lots)
    }

    /// As [`Self::give_earnings`], to a balance that has been touched.
    pub(super) fn credit_earnings(
        &mut self,
        account: &Id,
        holding: Holding,
        amount: u128,
        mut lots: Vec<LotAmount>,
    ) -> Result<(), Halt<R::Error>> {
        let Some(mut debt) = self.debt(account)? else { return self.credit_payee(account, holding, amount, &lots) };
        let repaid = debt.units.min(amount);
        let passed_on = self.part(&mut lots, repaid)?;
        self.credit_payee(account, holding, subtract::<R>(amount, repaid)?, &lots)?;
        debt.units = subtract::<R>(debt.units, repaid)?;
        self.totals.repaid = add::<R>(self.totals.repaid, repaid)?;
        self.write_debt(account, debt)?;
        let issuer = self.asset.issuer;
        self.give(&issuer, repaid, &passed_on)
    }

    /// Brings the asset's counts of debts up to date.
    pub(super) fn count_debts(&self, asset: &mut AssetRecord) -> Result<(), Halt<R::Error>> {
        let debtors = asset.debtors.checked_add(self.totals.new_debtors);
        asset.debtors = debtors
            .and_then(|debtors| debtors.checked_sub(self.totals.former_debtors))
            .ok_or_else(|| contradiction::<R>("an asset's count of debtors is wrong"))?;
        asset.owed = subtract::<R>(add::<R>(asset.owed, self.totals.lent)?, self.totals.repaid)?;
        Ok(())
    }

    /// What an account will owe with `missing` units more.
    fn debt_after(&mut self, account: &Id, missing: u128) -> Result<Debt, Halt<R::Error>> {
        let floor = self.asset.debt_floor().filter(|_| *account != self.asset.issuer).ok_or(INSUFFICIENT_FUNDS)?;
        let debt = self.debt(account)?;
        let since = self.context.time();
        let debt = debt.unwrap_or(Debt { units: 0, record: DebtRecord { since } });
        let units = debt.units.checked_add(missing).filter(|units| *units <= floor).ok_or(DEBT_FLOOR_REACHED)?;
        // The table's sum is all that is owed: many accounts together could owe more than it can count.
        refuse_uncountable(self.asset.owed, self.totals.lent, missing)?;
        if debt.units == 0 {
            self.totals.new_debtors = self.totals.new_debtors.saturating_add(1);
        }
        Ok(Debt { units, ..debt })
    }

    /// How much of what an account earns goes on to the issuer.
    pub(super) fn repaid_of(&mut self, account: &Id, amount: u128) -> Result<u128, Halt<R::Error>> {
        Ok(self.debt(account)?.map_or(0, |debt| debt.units.min(amount)))
    }

    fn debt(&mut self, account: &Id) -> Result<Option<Debt>, Halt<R::Error>> {
        // No look-up while nobody owes anything, which is nearly always.
        if self.asset.debtors == 0 {
            return Ok(None);
        }
        let Some(record) = self.context.record(&Table::debts(self.asset_id), account)? else { return Ok(None) };
        match decode(&record.value) {
            Some(debt) => Ok(Some(Debt { units: record.sum, record: debt })),
            None => Err(contradiction::<R>(&format!("the debt of {account} does not decode"))),
        }
    }

    fn write_debt(&mut self, account: &Id, debt: Debt) -> Result<(), Halt<R::Error>> {
        let table = Table::debts(self.asset_id);
        if debt.units > 0 {
            return self.context.write_weighed(table, *account, debt.units, &debt.record);
        }
        self.totals.former_debtors = self.totals.former_debtors.saturating_add(1);
        self.context.set_record(table, *account, None)
    }
}
