//! Units that were redeemed and come back: what lapses last comes back first.

use super::{Movement, add, contradiction, subtract};
use crate::apply::context::Halt;
use crate::id::Id;
use crate::state::{Records, take_highest_lots};
use crate::wire::LotAmount;
use std::collections::BTreeMap;

impl<R: Records> Movement<'_, '_, R> {
    /// Gives redeemed units back to an account, out of the lots that the redemption still has.
    pub fn refund(&mut self, account: &Id, amount: u128, redeemed: &mut Vec<LotAmount>) -> Result<(), Halt<R::Error>> {
        let holding = self.touch(account)?;
        self.refuse_over_cap(amount)?;
        self.totals.refunded = add::<R>(self.totals.refunded, amount)?;
        if self.asset.period().is_none() {
            return self.credit_payee(account, holding, amount, &[]);
        }
        let returned = take_highest_lots(redeemed, amount)
            .ok_or_else(|| contradiction::<R>("a redemption's lots do not add up"))?;
        let lots = self.reinstate(returned)?;
        let credited = lots.iter().try_fold(0, |total, part| add::<R>(total, part.amount))?;
        self.credit_payee(account, holding, credited, &lots)
    }

    /// The lots in which returned units are credited, ascending: their own, or today's where that has lapsed. Where the
    /// policy does not reinstate them, those that have lapsed leave at once.
    fn reinstate(&mut self, returned: Vec<LotAmount>) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        let day = self.context.day();
        let today = self.asset.period().map_or(0, |period| period.lot(day));
        let mut credited: BTreeMap<u32, u128> = BTreeMap::new();
        for part in returned {
            let lot = self.lot(part.lot)?;
            lot.redeemed = subtract::<R>(lot.redeemed, part.amount)?;
            let mut into = part.lot;
            if self.asset.has_lapsed(part.lot, day) {
                if !self.asset.reinstates() {
                    self.lapse(part)?;
                    continue;
                }
                self.merge(part, today)?;
                into = today;
            }
            let sum = credited.entry(into).or_default();
            *sum = add::<R>(*sum, part.amount)?;
        }
        Ok(credited.into_iter().map(|(lot, amount)| LotAmount { lot, amount }).collect())
    }
}
