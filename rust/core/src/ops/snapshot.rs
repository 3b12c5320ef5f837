//! distribute (family 8): snapshot, release snapshot.
//!
//! A snapshot fixes the balances of an asset as they stand when it is opened, however many there are: a balance is saved
//! when it is overwritten for the first time after that.

use crate::apply::{Context, Halt};
use crate::id::{Id, record_id};
use crate::ops::Operate;
use crate::ops::distribute::{INVALID_UNTIL, SNAPSHOT_NEEDED, TOO_MANY_SNAPSHOTS, UNKNOWN_SNAPSHOT};
use crate::ops::hold::FAR_MS;
use crate::ops::r#move::refuse_ended;
use crate::state::{AssetRecord, LiveSnapshot, OwnId, Records, Table, TableName, TableRecord};
use crate::status::Status;
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};

const SNAPSHOT: u8 = 0x80;
const SNAPSHOTS_MAX: usize = 64;
const SAVED_BYTES: usize = 20;
pub(super) const SNAPSHOTS: Table = Table::single(TableName::Snapshots);

/// Fixes the balances of an asset as they stand.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Snapshot {
    /// Which asset.
    pub asset: Id,
    /// It is live before this time, ms.
    pub until: u64,
}

/// Forgets a snapshot that is live no more.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReleaseSnapshot {
    /// Which asset.
    pub asset: Id,
    /// Which of its snapshots.
    pub number: u32,
}

/// A snapshot that is listed in its asset.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SnapshotRecord {
    /// Which asset.
    pub asset: Id,
    /// Its number, from 1.
    pub number: u32,
    /// When it was opened, ms.
    pub opened: u64,
    /// It is live before this time, ms.
    pub until: u64,
    /// The asset's supply then.
    pub supply: u128,
}

impl SnapshotRecord {
    /// Its record id.
    pub fn id(asset: &Id, number: u32) -> Id {
        record_id("snapshot", &[asset.as_ref(), &number.to_be_bytes()])
    }
}

impl TableRecord for SnapshotRecord {
    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.asset, self.number))
    }
}

/// What an account had of an asset before it was overwritten.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SavedRecord {
    /// Ascending by number, at most 64.
    pub balances: Vec<SavedBalance>,
}

/// What an account had in some snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SavedBalance {
    /// The last of those snapshots.
    pub number: u32,
    /// Minor units.
    pub units: u128,
}

impl SavedRecord {
    /// What was saved for a snapshot; nothing where the balance has not been overwritten since.
    pub fn units(&self, number: u32) -> Option<u128> {
        self.balances.iter().find(|saved| saved.number >= number).map(|saved| saved.units)
    }

    /// Whether a balance was saved for a snapshot, or for one after it, by the bytes of the record: they end with the last
    /// number, 4 bytes, and its units, 16.
    pub fn reaches(value: &[u8], number: u32) -> bool {
        let last = value.split_last_chunk::<SAVED_BYTES>().and_then(|(_, last)| last.first_chunk());
        last.is_some_and(|last| u32::from_le_bytes(*last) >= number)
    }

    /// Saves a balance for the newest snapshot, for which none is there yet, and drops what no live one needs any more.
    pub fn save(&mut self, newest: u32, units: u128, live: impl Iterator<Item = u32>) {
        self.balances.push(SavedBalance { number: newest, units });
        let mut live = live.peekable();
        self.balances.retain(|saved| {
            // Of the live ones, those up to this number are read here: both lists ascend.
            let mut is_needed = false;
            while live.next_if(|number| *number <= saved.number).is_some() {
                is_needed = true;
            }
            is_needed
        });
    }
}

impl TableRecord for SavedRecord {}

/// Opens a snapshot of an asset, whose record is another one then.
pub(super) fn open_snapshot<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
    until: u64,
) -> Result<SnapshotRecord, Halt<R::Error>> {
    let opened = context.time();
    let mut asset = (*context.asset(asset_id)?).clone();
    for number in drop_dead(&mut asset, opened) {
        context.remove(SNAPSHOTS, SnapshotRecord::id(asset_id, number))?;
    }
    // Their numbers are not used again, and there are enough of them for one in each millisecond of seven weeks.
    let number = asset.snapshots_taken.checked_add(1).filter(|_| asset.snapshots.len() < SNAPSHOTS_MAX);
    let number = number.ok_or(TOO_MANY_SNAPSHOTS)?;
    let supply = asset.supply().ok_or_else(|| Halt::corrupt::<R>("an asset's totals contradict each other"))?;
    asset.snapshots_taken = number;
    asset.snapshots.push(LiveSnapshot { number, until });
    context.write_asset(asset_id, asset)?;
    let snapshot = SnapshotRecord { asset: *asset_id, number, opened, until, supply };
    context.write(SNAPSHOTS, SnapshotRecord::id(asset_id, number), &snapshot)?;
    Ok(snapshot)
}

/// Takes those that are live no more off the list, and returns their numbers.
fn drop_dead(asset: &mut AssetRecord, time: u64) -> Vec<u32> {
    let (live, dead) = asset.snapshots.iter().partition(|listed| time < listed.until);
    asset.snapshots = live;
    let dead: Vec<LiveSnapshot> = dead;
    dead.into_iter().map(|listed| listed.number).collect()
}

/// The newest snapshot of an asset that is live.
pub(super) fn newest_live<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
) -> Result<Option<SnapshotRecord>, Halt<R::Error>> {
    let asset = context.asset(asset_id)?;
    let newest = asset.live_snapshots(context.time()).next_back();
    newest.map(|number| listed(context, asset_id, number)).transpose()
}

/// A snapshot that is live.
pub(super) fn live_snapshot<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
    number: u32,
) -> Result<SnapshotRecord, Halt<R::Error>> {
    let asset = context.asset_if_any(asset_id)?.ok_or(UNKNOWN_SNAPSHOT)?;
    if asset.live_snapshots(context.time()).any(|live| live == number) {
        listed(context, asset_id, number)
    } else {
        Err(UNKNOWN_SNAPSHOT.into())
    }
}

/// The record of a snapshot that is listed.
fn listed<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
    number: u32,
) -> Result<SnapshotRecord, Halt<R::Error>> {
    let record = context.read(SNAPSHOTS, &SnapshotRecord::id(asset_id, number))?;
    record.ok_or_else(|| Halt::corrupt::<R>("a listed snapshot has no record"))
}

/// Lets a live snapshot live until a time at least.
pub(super) fn extend<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
    number: u32,
    until: u64,
) -> Result<(), Halt<R::Error>> {
    let mut snapshot = live_snapshot(context, asset_id, number)?;
    if until <= snapshot.until {
        return Ok(());
    }
    snapshot.until = until;
    context.write(SNAPSHOTS, SnapshotRecord::id(asset_id, number), &snapshot)?;
    let mut asset = (*context.asset(asset_id)?).clone();
    for listed in asset.snapshots.iter_mut().filter(|listed| listed.number == number) {
        listed.until = until;
    }
    context.write_asset(asset_id, asset)
}

/// Whether what an account has in a live snapshot was saved, as it is where the balance was written since.
pub(super) fn is_saved<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
    number: u32,
    account: &Id,
) -> Result<bool, Halt<R::Error>> {
    let saved = context.record(&Table::saved(*asset_id), account)?;
    Ok(saved.is_some_and(|record| SavedRecord::reaches(&record.value, number)))
}

/// What an account has in a live snapshot, lapsed units that nobody removed among them.
pub(super) fn units_at<R: Records>(
    context: &mut Context<'_, R>,
    asset_id: &Id,
    number: u32,
    account: &Id,
) -> Result<u128, Halt<R::Error>> {
    let saved: Option<SavedRecord> = context.read(Table::saved(*asset_id), account)?;
    if let Some(units) = saved.and_then(|saved| saved.units(number)) {
        return Ok(units);
    }
    Ok(context.record(&Table::holders(*asset_id), account)?.map_or(0, |record| record.sum))
}

/// Refuses a time that has come, and one that would never come.
fn check_until(until: u64, time: u64) -> Result<(), Status> {
    if until <= time || until > time.saturating_add(FAR_MS) { Err(INVALID_UNTIL) } else { Ok(()) }
}

impl Operate for Snapshot {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ASSETS, self.asset));
    }

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority(&asset.issuer, SNAPSHOT)?;
        refuse_ended(&asset, context.time())?;
        check_until(self.until, context.time())?;
        open_snapshot(context, &self.asset, self.until)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for ReleaseSnapshot {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::ASSETS, self.asset));
        touched.push((SNAPSHOTS, SnapshotRecord::id(&self.asset, self.number)));
    }

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut asset = (*context.asset(&self.asset)?).clone();
        let place = asset.snapshots.iter().position(|listed| listed.number == self.number).ok_or(UNKNOWN_SNAPSHOT)?;
        if context.time() < asset.snapshots.remove(place).until {
            return Err(SNAPSHOT_NEEDED.into());
        }
        context.write_asset(&self.asset, asset)?;
        context.remove(SNAPSHOTS, SnapshotRecord::id(&self.asset, self.number))?;
        Ok(Effect::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(balances: &[(u32, u128)]) -> SavedRecord {
        let balances = balances.iter().map(|(number, units)| SavedBalance { number: *number, units: *units });
        SavedRecord { balances: balances.collect() }
    }

    /// What is left after a balance was saved for the newest of the live ones.
    fn after(before: &[(u32, u128)], units: u128, live: &[u32]) -> SavedRecord {
        let mut record = saved(before);
        record.save(*live.last().unwrap(), units, live.iter().copied());
        record
    }

    #[test]
    fn a_balance_is_read_where_it_was_saved_next() {
        let record = saved(&[(2, 20), (5, 50)]);
        let read: Vec<_> = (1..=6).map(|number| record.units(number)).collect();
        assert_eq!(read, [Some(20), Some(20), Some(50), Some(50), Some(50), None]);
        assert_eq!(SavedRecord::default().units(1), None);
    }

    #[test]
    fn the_bytes_say_how_far_a_record_reaches() {
        for record in [saved(&[(2, 20), (5, u128::MAX)]), saved(&[(u32::MAX, 0)]), saved(&[])] {
            let bytes = crate::wire::encode(&record);
            for number in [1, 2, 3, 5, 6, u32::MAX] {
                assert_eq!(SavedRecord::reaches(&bytes, number), record.units(number).is_some(), "{record:?} {number}");
            }
        }
    }

    #[test]
    fn what_a_live_snapshot_reads_is_kept() {
        assert_eq!(after(&[], 7, &[1]), saved(&[(1, 7)]));
        assert_eq!(after(&[(1, 7)], 0, &[1, 2]), saved(&[(1, 7), (2, 0)]));
        // 1 and 2 both read what was saved for 2.
        assert_eq!(after(&[(2, 7)], 8, &[1, 2, 3]), saved(&[(2, 7), (3, 8)]));
        // 2 is dead, and 1 still reads there.
        assert_eq!(after(&[(2, 7)], 8, &[1, 3]), saved(&[(2, 7), (3, 8)]));
    }

    #[test]
    fn what_none_reads_is_dropped() {
        assert_eq!(after(&[(1, 7)], 8, &[2]), saved(&[(2, 8)]));
        assert_eq!(after(&[(1, 7), (2, 5), (3, 6)], 8, &[1, 3, 4]), saved(&[(1, 7), (3, 6), (4, 8)]));
        assert_eq!(after(&[(1, 7), (2, 5), (3, 6)], 8, &[2, 4]), saved(&[(2, 5), (4, 8)]));
        // For 2 nothing was saved by its own number: what it reads is what comes next.
        assert_eq!(after(&[(1, 7), (3, 6)], 8, &[2, 4]), saved(&[(3, 6), (4, 8)]));
    }

    #[test]
    fn a_time_that_is_never_reached_is_no_end() {
        assert_eq!(check_until(5, 5), Err(INVALID_UNTIL));
        assert_eq!(check_until(6, 5), Ok(()));
        assert_eq!(check_until(5 + FAR_MS, 5), Ok(()));
        assert_eq!(check_until(6 + FAR_MS, 5), Err(INVALID_UNTIL));
    }
}
