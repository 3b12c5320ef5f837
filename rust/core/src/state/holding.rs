//! One balance: units by lot, what lapses, what is taken first. Rules: `docs/reference/operations.md`, *Lots*.

use crate::state::records::AssetRecord;
use crate::state::table::Record;
use crate::time;
use crate::wire::LotAmount;
use std::collections::BTreeMap;

/// The most lots of a balance; its record then still fits its 4,096 bytes.
pub const LOTS_MAX: usize = 64;

/// The last-activity day of a programme account's balance, which does not lapse by inactivity.
pub const NEVER_INACTIVE: u32 = u32::MAX;

const LOT_BYTES: usize = 20;

/// What an account holds of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// All units.
    pub total: u128,
    /// The last day of activity, or [`NEVER_INACTIVE`]; 0 where the asset has no inactivity expiry.
    pub activity_day: u32,
    /// Ascending, none zero, adding up to the total; empty for an asset without lots.
    pub lots: Vec<LotAmount>,
}

impl Holding {
    /// The holding that a record of the `holders` table encodes, as far as the record alone tells: a reader may not have
    /// the asset's policy. Nothing if the record contradicts itself.
    pub fn read(record: &Record) -> Option<Self> {
        let (day, lots) = if record.value.is_empty() { (0, Vec::new()) } else { read_value(&record.value)? };
        let sum = lots.iter().try_fold(0u128, |sum, lot| sum.checked_add(lot.amount))?;
        let consistent = record.sum != 0
            && (lots.is_empty() || sum == record.sum)
            && lots.is_sorted_by(|left, right| left.lot < right.lot)
            && lots.iter().all(|lot| lot.amount != 0)
            && lots.len() <= LOTS_MAX;
        consistent.then_some(Self { total: record.sum, activity_day: day, lots })
    }

    /// The holding that a record of the `holders` table encodes; nothing if it contradicts the asset's policy.
    pub fn decode(asset: &AssetRecord, record: &Record) -> Option<Self> {
        let has_lots = asset.period().is_some();
        if !has_lots && asset.inactivity_expiry_days().is_none() {
            return record.value.is_empty().then_some(Self { total: record.sum, activity_day: 0, lots: Vec::new() });
        }
        let (activity_day, lots) = read_value(&record.value)?;
        let sum = lots.iter().try_fold(0u128, |sum, lot| sum.checked_add(lot.amount))?;
        let consistent = if has_lots {
            sum == record.sum && lots.is_sorted_by(|left, right| left.lot < right.lot) && lots.len() <= LOTS_MAX
        } else {
            lots.is_empty()
        };
        consistent.then_some(Self { total: record.sum, activity_day, lots })
    }

    /// The record to store: none for a zero balance.
    pub fn encode(&self, asset: &AssetRecord) -> Option<Record> {
        if self.total == 0 {
            return None;
        }
        let mut value = Vec::new();
        if asset.period().is_some() || asset.inactivity_expiry_days().is_some() {
            value.reserve_exact(4usize.saturating_add(self.lots.len().saturating_mul(LOT_BYTES)));
            value.extend_from_slice(&self.activity_day.to_be_bytes());
            for lot in &self.lots {
                value.extend_from_slice(&lot.lot.to_be_bytes());
                value.extend_from_slice(&lot.amount.to_be_bytes());
            }
        }
        Some(Record { sum: self.total, value })
    }

    /// Removes what has lapsed by this time, ms, and returns it, by lot (lot 0 for an asset without lots).
    pub fn remove_lapsed(&mut self, asset: &AssetRecord, time: u64) -> Vec<LotAmount> {
        if self.total == 0 {
            return Vec::new();
        }
        let day = time::day(time);
        let inactive = self.activity_day != NEVER_INACTIVE
            && asset.inactivity_expiry_days().is_some_and(|days| day >= self.activity_day.saturating_add(days));
        if inactive || asset.has_ended(time) {
            let total = std::mem::take(&mut self.total);
            let lots = std::mem::take(&mut self.lots);
            return if asset.period().is_some() { lots } else { vec![LotAmount { lot: 0, amount: total }] };
        }
        // Lots ascend and so do their ends: the lapsed ones stand first.
        let count = self.lots.partition_point(|lot| asset.has_lapsed(lot.lot, day));
        let lapsed: Vec<LotAmount> = self.lots.drain(..count).collect();
        for lot in &lapsed {
            // Lots add up to the total: checked when decoded, kept by every method here.
            self.total = self.total.saturating_sub(lot.amount);
        }
        lapsed
    }

    /// Takes an amount, lowest lots first, and returns what was taken by lot; nothing if it is not there.
    pub fn take(&mut self, amount: u128) -> Option<Vec<LotAmount>> {
        self.total = self.total.checked_sub(amount)?;
        if self.lots.is_empty() { Some(Vec::new()) } else { take_lots(&mut self.lots, amount) }
    }

    /// Puts units of a lot in; nothing on overflow.
    pub fn put(&mut self, lot: LotAmount) -> Option<()> {
        match self.lots.binary_search_by_key(&lot.lot, |held| held.lot) {
            Ok(place) => {
                let held = self.lots.get_mut(place)?;
                held.amount = held.amount.checked_add(lot.amount)?;
            }
            Err(place) => self.lots.insert(place, lot),
        }
        Some(())
    }

    /// Whether these lots can be put in without merging any.
    pub fn has_room_for_lots(&self, lots: &[LotAmount]) -> bool {
        let is_new = |lot: &&LotAmount| self.lots.binary_search_by_key(&lot.lot, |held| held.lot).is_err();
        self.lots.len().saturating_add(lots.iter().filter(is_new).count()) <= LOTS_MAX
    }

    /// Merges the two lowest lots until at most 64 remain; returns each (merged lot, into lot).
    pub fn merge_lots(&mut self) -> Vec<(LotAmount, u32)> {
        let mut merged = Vec::new();
        while self.lots.len() > LOTS_MAX {
            let lowest = self.lots.remove(0);
            let Some(next) = self.lots.first_mut() else { break };
            // The sum of a balance's lots is at most the supply, far below 2^128.
            next.amount = next.amount.saturating_add(lowest.amount);
            merged.push((lowest, next.lot));
        }
        merged
    }
}

/// The day and the lots of a value that is not empty.
fn read_value(value: &[u8]) -> Option<(u32, Vec<LotAmount>)> {
    let (day, mut rest) = value.split_first_chunk::<4>()?;
    let mut lots = Vec::with_capacity(rest.len().wrapping_div(LOT_BYTES));
    while !rest.is_empty() {
        let (lot, after_lot) = rest.split_first_chunk::<4>()?;
        let (amount, after_amount) = after_lot.split_first_chunk::<16>()?;
        lots.push(LotAmount { lot: u32::from_be_bytes(*lot), amount: u128::from_be_bytes(*amount) });
        rest = after_amount;
    }
    Some((u32::from_be_bytes(*day), lots))
}

/// Takes an amount from ascending lots, lowest first; nothing if they do not have it.
pub fn take_lots(lots: &mut Vec<LotAmount>, amount: u128) -> Option<Vec<LotAmount>> {
    let mut wanted = amount;
    let mut taken = Vec::new();
    let mut emptied = 0usize;
    for lot in lots.iter_mut() {
        if wanted == 0 {
            break;
        }
        let part = lot.amount.min(wanted);
        wanted = wanted.checked_sub(part)?;
        lot.amount = lot.amount.checked_sub(part)?;
        taken.push(LotAmount { lot: lot.lot, amount: part });
        if lot.amount == 0 {
            emptied = emptied.checked_add(1)?;
        }
    }
    lots.drain(..emptied);
    (wanted == 0).then_some(taken)
}

/// Adds parts up by lot, ascending.
pub fn add_up_lots(parts: &[LotAmount]) -> Vec<LotAmount> {
    let mut lots = BTreeMap::<u32, u128>::new();
    for part in parts {
        let amount = lots.entry(part.lot).or_default();
        // What one operation moves is at most the supply, far below 2^128.
        *amount = amount.saturating_add(part.amount);
    }
    lots.into_iter().map(|(lot, amount)| LotAmount { lot, amount }).collect()
}

/// Takes an amount from ascending lots, highest first, and returns it ascending; nothing if they do not have it.
pub fn take_highest_lots(lots: &mut Vec<LotAmount>, amount: u128) -> Option<Vec<LotAmount>> {
    let mut wanted = amount;
    let mut taken = Vec::new();
    while wanted != 0 {
        let highest = lots.last_mut()?;
        let part = highest.amount.min(wanted);
        wanted = wanted.checked_sub(part)?;
        highest.amount = highest.amount.checked_sub(part)?;
        taken.push(LotAmount { lot: highest.lot, amount: part });
        if highest.amount == 0 {
            lots.pop();
        }
    }
    taken.reverse();
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lots(amounts: &[(u32, u128)]) -> Vec<LotAmount> {
        amounts.iter().map(|(lot, amount)| LotAmount { lot: *lot, amount: *amount }).collect()
    }

    #[test]
    fn the_highest_lots_are_taken_and_the_lowest_are_left() {
        let mut held = lots(&[(1, 5), (2, 3), (4, 2)]);
        assert_eq!(take_highest_lots(&mut held, 4), Some(lots(&[(2, 2), (4, 2)])));
        assert_eq!(held, lots(&[(1, 5), (2, 1)]));
        assert_eq!(take_highest_lots(&mut held, 0), Some(Vec::new()));
        assert_eq!(take_highest_lots(&mut held, 6), Some(lots(&[(1, 5), (2, 1)])));
        assert_eq!(take_highest_lots(&mut held, 1), None);
    }
}
