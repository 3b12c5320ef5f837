//! What a transaction did to balances, as entries of a journal: those of each asset add up to zero.

use crate::id::Id;
use crate::ops::items::ItemRecord;
use crate::state::{AssetRecord, Record, Records, Table, TableName};
use crate::wire::decode;
use std::collections::BTreeMap;

/// One entry of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Units, or items, of this asset.
    pub asset: Id,
    /// Whose they are, or where they come from or went.
    pub side: Side,
    /// Whether there are fewer of them now.
    pub is_negative: bool,
    /// How many, never zero.
    pub units: u128,
}

/// What is posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The balance of an account.
    Held(Id),
    /// What was minted: negative, for it comes from there.
    Minted,
    /// What was burned.
    Burned,
    /// What was redeemed; negative where it was refunded.
    Redeemed,
    /// What lapsed and was removed.
    Expired,
}

impl Side {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Held(_) => "held",
            Self::Minted => "minted",
            Self::Burned => "burned",
            Self::Redeemed => "redeemed",
            Self::Expired => "expired",
        }
    }

    /// The account, where it is one's balance.
    pub const fn account(&self) -> Option<&Id> {
        match self {
            Self::Held(account) => Some(account),
            Self::Minted | Self::Burned | Self::Redeemed | Self::Expired => None,
        }
    }
}

/// How much there was and is. Differences of two amounts would need a sign; so they wait until the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Change {
    before: u128,
    after: u128,
}

/// What changed, by asset and side.
type Changes = BTreeMap<(Id, Side), Change>;

/// The postings of a transaction, from what it overwrote and what stands now: by asset, accounts first.
pub(super) fn postings<R: Records>(
    journal: &[(Table, Id, Option<Record>)],
    records: &mut R,
) -> Result<Vec<Posting>, R::Error> {
    // A record that was written twice is first as it was before the transaction.
    let mut overwritten: BTreeMap<(Table, Id), Option<&Record>> = BTreeMap::new();
    for (table, id, before) in journal {
        if matches!(table.name, TableName::Holders | TableName::Items | TableName::Assets) {
            overwritten.entry((*table, *id)).or_insert(before.as_ref());
        }
    }
    let mut changes = Changes::new();
    for ((table, id), before) in overwritten {
        let after = records.get(&table, &id)?;
        add_record(&mut changes, &table, &id, before, after).map_err(R::corrupt)?;
    }
    balanced(&changes).map_err(R::corrupt)
}

/// Adds what the change of one record says.
fn add_record(
    changes: &mut Changes,
    table: &Table,
    id: &Id,
    before: Option<&Record>,
    after: Option<&Record>,
) -> Result<(), String> {
    match table.key {
        Some(asset) if table.name == TableName::Holders => {
            let change = Change { before: sum(before), after: sum(after) };
            changes.insert((asset, Side::Held(*id)), change);
        }
        Some(asset) => {
            // An account's items are not counted anywhere: the ones that changed hands are.
            if let Some((owner, units)) = owned(before)? {
                let change = changes.entry((asset, Side::Held(owner))).or_default();
                change.before = add(change.before, units)?;
            }
            if let Some((owner, units)) = owned(after)? {
                let change = changes.entry((asset, Side::Held(owner))).or_default();
                change.after = add(change.after, units)?;
            }
        }
        None => {
            let (before, after) = (totals(id, before)?, totals(id, after)?);
            for ((side, before), (_, after)) in before.into_iter().zip(after) {
                // What is minted comes from there, everything else goes there.
                let change = if side == Side::Minted {
                    Change { before: after, after: before }
                } else {
                    Change { before, after }
                };
                changes.insert((*id, side), change);
            }
        }
    }
    Ok(())
}

fn sum(record: Option<&Record>) -> u128 {
    record.map_or(0, |record| record.sum)
}

/// Whose an item is, and what it counts.
fn owned(record: Option<&Record>) -> Result<Option<(Id, u128)>, String> {
    let Some(record) = record else { return Ok(None) };
    let item: ItemRecord = decode(&record.value).ok_or("an item's record does not decode")?;
    Ok(Some((item.owner, record.sum)))
}

/// What an asset's record counts.
fn totals(id: &Id, record: Option<&Record>) -> Result<[(Side, u128); 4], String> {
    let [minted, burned, redeemed, swept] = match record {
        None => [0; 4],
        Some(record) => {
            let asset: AssetRecord =
                decode(&record.value).ok_or_else(|| format!("the record of asset {id} does not decode"))?;
            [asset.minted, asset.burned, asset.redeemed, asset.swept]
        }
    };
    Ok([(Side::Minted, minted), (Side::Burned, burned), (Side::Redeemed, redeemed), (Side::Expired, swept)])
}

fn add(left: u128, right: u128) -> Result<u128, String> {
    left.checked_add(right).ok_or_else(|| "items of one account are over 128 bits".to_owned())
}

/// The postings, if those of each asset add up to zero.
fn balanced(changes: &Changes) -> Result<Vec<Posting>, String> {
    let mut postings = Vec::with_capacity(changes.len());
    let mut open: BTreeMap<Id, (Total, Total)> = BTreeMap::new();
    for ((asset, side), change) in changes {
        let is_negative = change.after < change.before;
        let units = change.after.abs_diff(change.before);
        if units == 0 {
            continue;
        }
        postings.push(Posting { asset: *asset, side: *side, is_negative, units });
        let (more, less) = open.entry(*asset).or_default();
        if is_negative { less.add(units) } else { more.add(units) }
    }
    match open.into_iter().find(|(_, (more, less))| more != less) {
        None => Ok(postings),
        Some((asset, _)) => Err(format!("postings of asset {asset} that do not add up to zero")),
    }
}

/// A sum of units that cannot overflow: units can be minted and burned again within one transaction.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Total {
    carries: usize,
    units: u128,
}

impl Total {
    fn add(&mut self, units: u128) {
        let (sum, carry) = self.units.overflowing_add(units);
        self.units = sum;
        self.carries = self.carries.saturating_add(usize::from(carry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSET: Id = Id([7; 32]);
    const ANN: Side = Side::Held(Id([1; 32]));
    const BOB: Side = Side::Held(Id([2; 32]));

    fn of(changes: &[(Side, u128, u128)]) -> Result<Vec<(Side, bool, u128)>, String> {
        let changes =
            changes.iter().map(|(side, before, after)| ((ASSET, *side), Change { before: *before, after: *after }));
        let postings = balanced(&changes.collect())?;
        Ok(postings.iter().map(|posting| (posting.side, posting.is_negative, posting.units)).collect())
    }

    #[test]
    fn what_adds_up_to_zero_is_posted() {
        assert_eq!(of(&[]), Ok(vec![]));
        assert_eq!(of(&[(ANN, 5, 5)]), Ok(vec![]), "what did not change");
        assert_eq!(of(&[(ANN, 5, 2), (BOB, 0, 3)]), Ok(vec![(ANN, true, 3), (BOB, false, 3)]));
    }

    #[test]
    fn what_does_not_is_corrupt() {
        assert!(of(&[(ANN, 5, 2), (BOB, 0, 4)]).unwrap_err().contains("do not add up to zero"));
        assert!(of(&[(ANN, 5, 2)]).is_err());
    }

    #[test]
    fn sums_over_128_bits_are_exact() {
        let most = u128::MAX;
        let counters = [(ANN, 1, 0), (Side::Minted, most, 0), (Side::Burned, 0, most), (Side::Redeemed, 0, 1)];
        assert_eq!(of(&counters).unwrap().len(), 4);
        // The same modulo 2^128, and not the same.
        assert!(of(&[(ANN, most, 0), (BOB, 1, 0)]).is_err());
        assert!(of(&[(ANN, most, 0), (BOB, most, 0), (Side::Burned, 0, most), (Side::Expired, 0, most - 1)]).is_err());
    }

    #[test]
    fn an_items_owners_are_posted() {
        let item = |owner: u8| {
            let item = crate::ops::items::Item { design: 1, edition: 1 };
            let record = ItemRecord { item, owner: Id([owner; 32]), since: 0 };
            Record { sum: 1, value: crate::wire::encode(&record) }
        };
        let table = Table::keyed(TableName::Items, ASSET);
        let mut changes = Changes::new();
        add_record(&mut changes, &table, &Id([9; 32]), Some(&item(1)), Some(&item(2))).unwrap();
        add_record(&mut changes, &table, &Id([8; 32]), Some(&item(2)), Some(&item(1))).unwrap();
        add_record(&mut changes, &table, &Id([6; 32]), Some(&item(1)), Some(&item(2))).unwrap();
        let found: Vec<Posting> = balanced(&changes).unwrap();
        assert_eq!(
            found.iter().map(|each| (each.side, each.is_negative)).collect::<Vec<_>>(),
            [(ANN, true), (BOB, false)]
        );
        let broken = Record { sum: 1, value: vec![0] };
        assert!(add_record(&mut changes, &table, &Id([9; 32]), None, Some(&broken)).is_err());
    }
}
