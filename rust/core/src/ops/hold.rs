//! hold (family 4): open group, hold, settle, release.
//!
//! A hold moves the payer's units to an account of its own, until its condition sends them to the payees or back. What
//! its deadline says, anybody may carry out. Holds in one group have the same terms, and conditions may ask for what
//! the group has in all.

use crate::amount::{BPS_ALL, share, share_bps};
use crate::apply::{Context, Halt, Movement, Taking};
use crate::id::{Id, record_id};
use crate::ops::Operate;
use crate::ops::condition::{Case, Condition};
use crate::ops::r#move::{AMOUNT_TOO_LARGE, check_amount, refuse_ended, refuse_paused};
use crate::state::{AccountRecord, Holding, OwnId, Records, Table, TableName, TableRecord};
use crate::status::{Status, statuses};
use crate::wire::{Effect, LotAmount};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;

statuses! { 4;
    /// Neither terms nor a group, or both.
    TERMS_OR_GROUP = 0x01 "terms_or_group";
    /// A hold must end.
    NO_DEADLINE = 0x02 "no_deadline";
    /// An empty list, an impossible threshold, accounts not ascending, or more than 32 parts.
    INVALID_CONDITION = 0x03 "invalid_condition";
    /// Starts, cliff and ends do not follow each other, or end after the deadline.
    INVALID_SCHEDULE = 0x04 "invalid_schedule";
    /// Shares that are nothing, do not add up to 10,000, or are one payee's twice.
    INVALID_SPLIT = 0x05 "invalid_split";
    /// Without payees, settling must need a signature and the deadline must release.
    INVALID_BEARER = 0x06 "invalid_bearer";
    /// A group closes to new holds at its deadline at the latest.
    INVALID_CLOSING = 0x07 "invalid_closing";
    /// More than 8 preimages.
    TOO_MANY_PREIMAGES = 0x08 "too_many_preimages";
    /// There is no such group.
    UNKNOWN_GROUP = 0x09 "unknown_group";
    /// The group holds another asset.
    WRONG_ASSET = 0x0a "wrong_asset";
    /// The group takes no more holds.
    GROUP_CLOSED = 0x0b "group_closed";
    /// The deadline is not ahead.
    DEADLINE_PASSED = 0x0c "deadline_passed";
    /// The deadline is more than 36,525 days ahead.
    DEADLINE_TOO_FAR = 0x0d "deadline_too_far";
    /// The owner opened a group with this salt.
    GROUP_EXISTS = 0x0e "group_exists";
    /// The payer has a hold with this salt.
    HOLD_EXISTS = 0x0f "hold_exists";
    /// There is no such hold.
    UNKNOWN_HOLD = 0x10 "unknown_hold";
    /// Nothing is left in it.
    HOLD_CLOSED = 0x11 "hold_closed";
    /// Its deadline has passed and says otherwise.
    HOLD_EXPIRED = 0x12 "hold_expired";
    /// The condition for settling does not hold.
    CONDITION_UNMET = 0x13 "condition_unmet" transient;
    /// Its deadline has not come, and it may not be released before.
    HOLD_PENDING = 0x14 "hold_pending" transient;
    /// More than what is left to settle or to release.
    AMOUNT_EXCEEDS_HOLD = 0x15 "amount_exceeds_hold";
    /// More than what the schedule has set free.
    NOT_VESTED = 0x16 "not_vested" transient;
    /// The terms name the payees, or name none and the operation must.
    WRONG_PAYEE = 0x17 "wrong_payee";
}

const FAMILY: u8 = 4;
const OPEN_GROUP: u8 = 0x40;
const HOLD: u8 = 0x41;
const SETTLE: u8 = 0x42;
const RELEASE: u8 = 0x43;

/// The version of the records of holds and of groups.
const VERSION: u8 = 1;
const PAYEES_MAX: usize = 16;
const PREIMAGES_MAX: usize = 8;
/// How far ahead deadlines may lie: 36,525 days, in ms.
pub(super) const FAR_MS: u64 = 36_525 * 86_400_000;
/// How long after a deadline an account that cannot be paid may refuse what it says: 30 days, in ms.
const GRACE_MS: u64 = 30 * 86_400_000;

pub(super) const HOLDS: Table = Table::single(TableName::Holds);
pub(super) const HOLD_GROUPS: Table = Table::single(TableName::HoldGroups);

/// When the held units go where.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// When they go to the payees, before the deadline.
    pub settle_if: Condition,
    /// When they go back, before the deadline; never where absent.
    pub release_if: Option<Condition>,
    /// Who is paid, and which part; where nobody is named, whoever settles names a payee.
    pub payees: Vec<Share>,
    /// How much may be settled by when.
    pub schedule: Option<Schedule>,
    /// From then on only the outcome counts, ms.
    pub deadline: u64,
    /// What happens with the rest then.
    pub outcome: Outcome,
}

/// A payee's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Share {
    /// Who is paid.
    pub to: Id,
    /// How many of 10,000 parts.
    pub bps: u16,
}

/// Units that may be settled little by little: nothing before the cliff, then in proportion to the time since the
/// start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Schedule {
    /// From when on time counts, ms.
    pub starts: u64,
    /// Nothing before, ms.
    pub cliff: u64,
    /// All from here on, ms.
    pub ends: u64,
}

impl Schedule {
    /// How much of the amount may have been settled by then.
    fn vested(&self, amount: u128, time: u64) -> u128 {
        if time >= self.ends {
            amount
        } else if time < self.cliff {
            0
        } else {
            share(amount, time.saturating_sub(self.starts), self.ends.saturating_sub(self.starts))
        }
    }
}

/// What a deadline says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// Back to the payer.
    Release,
    /// To the payees.
    Settle,
}

impl Terms {
    fn check(&self) -> Result<(), Status> {
        if self.deadline == 0 {
            return Err(NO_DEADLINE);
        }
        self.settle_if.check()?;
        self.release_if.as_ref().map_or(Ok(()), Condition::check)?;
        if let Some(Schedule { starts, cliff, ends }) = self.schedule
            && !(starts <= cliff && cliff <= ends && starts < ends && ends <= self.deadline)
        {
            return Err(INVALID_SCHEDULE);
        }
        if self.payees.is_empty() {
            let is_sound = self.settle_if.needs_signature() && self.outcome == Outcome::Release;
            return if is_sound { Ok(()) } else { Err(INVALID_BEARER) };
        }
        let distinct: BTreeSet<_> = self.payees.iter().map(|share| share.to).collect();
        let total = self.payees.iter().try_fold(0u16, |total, share| total.checked_add(share.bps));
        let is_split = self.payees.len() <= PAYEES_MAX
            && distinct.len() == self.payees.len()
            && self.payees.iter().all(|share| share.bps > 0)
            && total == Some(BPS_ALL);
        if is_split { Ok(()) } else { Err(INVALID_SPLIT) }
    }

    /// What each payee has had once so much is settled. What the parts leave over stays in the hold until its end.
    fn paid(&self, settled: u128) -> impl Iterator<Item = (Id, u128)> + '_ {
        self.payees.iter().map(move |each| (each.to, share_bps(settled, each.bps)))
    }
}

/// Refuses a deadline that has come, and one that would never come.
pub(super) fn check_deadline(deadline: u64, time: u64) -> Result<(), Status> {
    if deadline <= time {
        return Err(DEADLINE_PASSED);
    }
    if deadline > time.saturating_add(FAR_MS) { Err(DEADLINE_TOO_FAR) } else { Ok(()) }
}

/// Opens a group of holds that have the same terms.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpenGroup {
    /// Whose authority it needs; part of the group's id.
    pub owner: Id,
    /// The other part.
    pub salt: [u8; 16],
    /// What its holds have.
    pub asset: Id,
    /// From when on there are no more holds, ms.
    pub closes: u64,
    /// The terms of every hold in it.
    pub terms: Terms,
}

/// Holds units of the payer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hold {
    /// Whose units; part of the hold's id.
    pub payer: Id,
    /// The other part.
    pub salt: [u8; 16],
    /// Which asset.
    pub asset: Id,
    /// How many.
    pub amount: u128,
    /// The terms; exactly where no group has them.
    pub terms: Option<Terms>,
    /// The group that it belongs to.
    pub group: Option<Id>,
}

/// Pays held units to the payees.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settle {
    /// Which hold.
    pub hold: Id,
    /// How many; absent: as many as may be.
    pub amount: Option<u128>,
    /// Who is paid, exactly where the terms name nobody.
    pub to: Option<Id>,
    /// What conditions ask to be shown.
    pub preimages: Vec<[u8; 32]>,
}

/// Gives held units back to the payer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Release {
    /// Which hold.
    pub hold: Id,
    /// How many; absent: as many as may be.
    pub amount: Option<u128>,
    /// What conditions ask to be shown.
    pub preimages: Vec<[u8; 32]>,
}

/// A group of holds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GroupRecord {
    /// 1.
    pub version: u8,
    /// Who opened it.
    pub owner: Id,
    /// The other part of its id.
    pub salt: [u8; 16],
    /// What its holds have.
    pub asset: Id,
    /// From when on there are no more holds, ms.
    pub closes: u64,
    /// The terms of every hold in it.
    pub terms: Terms,
    /// How many holds were ever put in.
    pub holds: u64,
    /// Units ever put in, less those released before the deadline.
    pub total: u128,
    /// Units ever put in.
    pub put_in: u128,
}

impl GroupRecord {
    /// Its record id.
    pub fn id(owner: &Id, salt: &[u8; 16]) -> Id {
        record_id("group", &[owner.as_ref(), salt])
    }
}

impl TableRecord for GroupRecord {
    const VERSION: Option<u8> = Some(VERSION);

    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.owner, &self.salt))
    }
}

/// A hold. How much is left is its account's balance.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HoldRecord {
    /// 1.
    pub version: u8,
    /// Whose units they were.
    pub payer: Id,
    /// The other part of its id.
    pub salt: [u8; 16],
    /// Which asset.
    pub asset: Id,
    /// How many were put in.
    pub amount: u128,
    /// How many were settled.
    pub settled: u128,
    /// How many were released.
    pub released: u128,
    /// The terms; exactly where no group has them.
    pub terms: Option<Terms>,
    /// The group that it belongs to.
    pub group: Option<Id>,
}

impl HoldRecord {
    /// Its record id, which is its account's too.
    pub fn id(payer: &Id, salt: &[u8; 16]) -> Id {
        record_id("hold", &[payer.as_ref(), salt])
    }

    /// A hold with terms of its own, of which nothing was settled yet.
    pub(super) fn new(payer: Id, salt: [u8; 16], asset: Id, amount: u128, terms: Terms) -> Self {
        let (settled, released) = (0, 0);
        Self { version: VERSION, payer, salt, asset, amount, settled, released, terms: Some(terms), group: None }
    }

    /// Puts units that were taken from the payer into the hold's account, and writes both.
    pub(super) fn open<R: Records>(
        &self,
        taken: &[LotAmount],
        movement: &mut Movement<'_, '_, R>,
    ) -> Result<(), Halt<R::Error>> {
        let id = Self::id(&self.payer, &self.salt);
        let lots = if movement.has_lots() { taken } else { &[] };
        movement.fund(&id, self.amount, lots)?;
        let context = movement.context();
        context.write(Table::ACCOUNTS, id, &AccountRecord::Programme { family: FAMILY })?;
        context.write(HOLDS, id, self)
    }
}

impl TableRecord for HoldRecord {
    const VERSION: Option<u8> = Some(VERSION);

    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.payer, &self.salt))
    }
}

impl Operate for OpenGroup {
    fn check(&self) -> Result<(), Status> {
        self.terms.check()?;
        if self.closes > self.terms.deadline { Err(INVALID_CLOSING) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((HOLD_GROUPS, GroupRecord::id(&self.owner, &self.salt)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.owner, GroupRecord::id(&self.owner, &self.salt)]);
        accounts.extend(self.terms.payees.iter().map(|share| share.to));
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority(&self.owner, OPEN_GROUP)?;
        refuse_ended(&asset, context.time())?;
        check_deadline(self.terms.deadline, context.time())?;
        if self.closes <= context.time() {
            return Err(GROUP_CLOSED.into());
        }
        let id = GroupRecord::id(&self.owner, &self.salt);
        if context.read::<GroupRecord>(HOLD_GROUPS, &id)?.is_some() {
            return Err(GROUP_EXISTS.into());
        }
        let mut movement = Movement::new(context, self.asset, asset);
        for share in &self.terms.payees {
            movement.refuse_programme_account(&share.to)?;
        }
        let group = GroupRecord {
            version: VERSION,
            owner: self.owner,
            salt: self.salt,
            asset: self.asset,
            closes: self.closes,
            terms: self.terms.clone(),
            holds: 0,
            total: 0,
            put_in: 0,
        };
        context.write(HOLD_GROUPS, id, &group)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for Hold {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)?;
        match (&self.terms, &self.group) {
            (Some(terms), None) => terms.check(),
            (None, Some(_)) => Ok(()),
            (Some(_), Some(_)) | (None, None) => Err(TERMS_OR_GROUP),
        }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        let id = HoldRecord::id(&self.payer, &self.salt);
        touched.extend([(HOLDS, id), (Table::ACCOUNTS, id), (Table::holders(self.asset), id)]);
        touched.extend([(Table::ACCOUNTS, self.payer), (Table::holders(self.asset), self.payer)]);
        touched.extend(self.group.map(|group| (HOLD_GROUPS, group)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.payer, HoldRecord::id(&self.payer, &self.salt)]);
        accounts.extend(self.group);
        accounts.extend(self.terms.iter().flat_map(|terms| &terms.payees).map(|share| share.to));
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority_or_mandate(&self.payer, HOLD, &self.asset, self.amount)?;
        refuse_paused(&asset)?;
        refuse_ended(&asset, context.time())?;
        let group = self.join(context)?;
        let Some(terms) = self.terms.as_ref().or(group.as_ref().map(|group| &group.terms)) else {
            return Err(TERMS_OR_GROUP.into());
        };
        check_deadline(terms.deadline, context.time())?;
        let id = HoldRecord::id(&self.payer, &self.salt);
        if !context.is_unused(&id, &self.asset)? {
            return Err(HOLD_EXISTS.into());
        }
        let mut movement = Movement::new(context, self.asset, asset);
        movement.refuse_sender(&self.payer)?;
        for share in &terms.payees {
            movement.refuse_future_payee(&self.payer, &share.to)?;
        }
        let taken = movement.take(&self.payer, self.amount, Taking::Given)?;
        let hold = HoldRecord {
            version: VERSION,
            payer: self.payer,
            salt: self.salt,
            asset: self.asset,
            amount: self.amount,
            settled: 0,
            released: 0,
            terms: self.terms.clone(),
            group: self.group,
        };
        hold.open(&taken, &mut movement)?;
        let effect = movement.finish(taken)?;
        if let (Some(id), Some(group)) = (self.group, group) {
            context.write(HOLD_GROUPS, id, &group)?;
        }
        Ok(effect)
    }
}

impl Hold {
    /// The group as it is with this hold in it.
    fn join<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Option<GroupRecord>, Halt<R::Error>> {
        let Some(id) = &self.group else { return Ok(None) };
        let mut group: GroupRecord = context.read(HOLD_GROUPS, id)?.ok_or(UNKNOWN_GROUP)?;
        if group.asset != self.asset {
            return Err(WRONG_ASSET.into());
        }
        if context.time() >= group.closes {
            return Err(GROUP_CLOSED.into());
        }
        let (holds, total) = (group.holds.checked_add(1), group.total.checked_add(self.amount));
        group.holds = holds.ok_or_else(|| Halt::corrupt::<R>("a group's count of holds is exhausted"))?;
        // Units that were settled can be put in again, for ever.
        group.total = total.ok_or(AMOUNT_TOO_LARGE)?;
        group.put_in = group.put_in.checked_add(self.amount).ok_or(AMOUNT_TOO_LARGE)?;
        Ok(Some(group))
    }
}

/// A hold that is to be settled or released.
struct Open {
    id: Id,
    record: HoldRecord,
    group: Option<GroupRecord>,
    /// Its units, but for those that have lapsed.
    holding: Holding,
    /// What is neither settled nor released nor lapsed.
    left: u128,
}

impl Open {
    /// The hold, and the movement of its units.
    fn find<'c, 'a, R: Records>(
        context: &'c mut Context<'a, R>,
        id: &Id,
    ) -> Result<(Self, Movement<'c, 'a, R>), Halt<R::Error>> {
        let record: HoldRecord = context.read(HOLDS, id)?.ok_or(UNKNOWN_HOLD)?;
        let group = match &record.group {
            None => None,
            Some(group) => {
                let found = context.read::<GroupRecord>(HOLD_GROUPS, group)?;
                Some(found.ok_or_else(|| Halt::corrupt::<R>("a hold's group is missing"))?)
            }
        };
        let asset = context.fungible(&record.asset)?;
        refuse_paused(&asset)?;
        let mut movement = Movement::new(context, record.asset, asset);
        let mut open = Self { id: *id, record, group, holding: movement.touch(id)?, left: 0 };
        // Its account may have got more than was put in: where a fee goes is not asked about. That is nobody's of these.
        let HoldRecord { amount, settled, released, .. } = open.record;
        let put_in = amount.saturating_sub(settled).saturating_sub(released);
        open.left = open.holding.total.saturating_sub(open.left_over::<R>(settled)?).min(put_in);
        if open.left == 0 { Err(HOLD_CLOSED.into()) } else { Ok((open, movement)) }
    }

    fn terms<R: Records>(&self) -> Result<&Terms, Halt<R::Error>> {
        let group = self.group.as_ref().map(|group| &group.terms);
        self.record.terms.as_ref().or(group).ok_or_else(|| Halt::corrupt::<R>("a hold has no terms"))
    }

    /// Of what is settled, what the shares leave over.
    fn left_over<R: Records>(&self, settled: u128) -> Result<u128, Halt<R::Error>> {
        let terms = self.terms::<R>()?;
        if terms.payees.is_empty() {
            return Ok(0);
        }
        // Each share is at most what is settled and they add up to at most that.
        Ok(terms.paid(settled).fold(settled, |left, (_, paid)| left.saturating_sub(paid)))
    }

    /// Whether a condition holds for an operation.
    fn meets<R: Records>(
        &self,
        condition: &Condition,
        context: &mut Context<'_, R>,
        tag: u8,
        preimages: &[[u8; 32]],
    ) -> Result<bool, Halt<R::Error>> {
        condition.is_met(&mut Case { context, tag, payer: &self.record.payer, preimages })
    }

    /// Who gets what when so much more is settled; `to` gets all where the terms name nobody.
    fn payouts<R: Records>(&self, amount: u128, to: Option<Id>) -> Result<Vec<(Id, u128)>, Halt<R::Error>> {
        let terms = self.terms::<R>()?;
        let Some(settled) = self.record.settled.checked_add(amount) else {
            return Err(Halt::corrupt::<R>("a hold settled more than 128 bits"));
        };
        match (to, terms.payees.is_empty()) {
            (Some(to), true) => return Ok(vec![(to, amount)]),
            (None, false) => {}
            (Some(_), false) | (None, true) => return Err(WRONG_PAYEE.into()),
        }
        let paid = terms.paid(self.record.settled).zip(terms.paid(settled));
        let mut payouts: Vec<_> = paid.map(|((to, before), (_, after))| (to, after.saturating_sub(before))).collect();
        if amount == self.left {
            self.add_left_over::<R>(&mut payouts, settled)?;
        }
        Ok(payouts)
    }

    /// At its end, what the shares left over is the first payee's.
    fn add_left_over<R: Records>(&self, payouts: &mut [(Id, u128)], settled: u128) -> Result<(), Halt<R::Error>> {
        let left_over = self.left_over::<R>(settled)?;
        if let Some((_, amount)) = payouts.first_mut() {
            *amount = amount.checked_add(left_over).ok_or_else(|| Halt::corrupt::<R>("a payout is over 128 bits"))?;
        }
        Ok(())
    }

    /// Whether no account may refuse any more what the deadline says.
    fn is_overdue<R: Records>(&self, time: u64) -> Result<bool, Halt<R::Error>> {
        Ok(time >= self.terms::<R>()?.deadline.saturating_add(GRACE_MS))
    }

    /// Refuses an account that cannot be paid out of the hold, frozen or not.
    fn refuse_payee<R: Records>(
        &self,
        to: &Id,
        is_release: bool,
        movement: &mut Movement<'_, '_, R>,
    ) -> Result<(), Halt<R::Error>> {
        let payer = self.record.payer;
        if *to == payer {
            return Ok(());
        }
        // A campaign asked whom its owner may pay when it paid into the hold.
        if !movement.context().is_programme_account(&payer)? {
            movement.refuse_bound(&payer, to)?;
            if !is_release {
                movement.refuse_unattested(to)?;
            }
        }
        movement.refuse_programme_account(to)
    }

    /// Refuses payees who cannot be paid, or lets the payer have their parts: after the grace, and at any time what the
    /// parts left over and a release takes along.
    fn redirect<R: Records>(
        &self,
        payouts: &mut [(Id, u128)],
        is_release: bool,
        movement: &mut Movement<'_, '_, R>,
    ) -> Result<(), Halt<R::Error>> {
        let payer = self.record.payer;
        let is_overdue = self.is_overdue::<R>(movement.context().time())?;
        for (to, _) in payouts {
            let is_left_over = is_release && *to != payer;
            let frozen = if is_overdue && !is_left_over { Ok(()) } else { movement.refuse_frozen(to) };
            match frozen.and_then(|()| self.refuse_payee(to, is_release, movement)) {
                Err(Halt::Refused(_)) if is_overdue || is_left_over => *to = payer,
                verdict => verdict?,
            }
        }
        if is_release {
            movement.waive_payment_terms();
        }
        if is_overdue {
            movement.waive_strict_lots();
        }
        if is_release || is_overdue {
            movement.return_what_has_no_room();
        }
        Ok(())
    }

    /// Pays out of the hold and writes its record.
    fn pay<R: Records>(
        self,
        mut payouts: Vec<(Id, u128)>,
        is_release: bool,
        mut movement: Movement<'_, '_, R>,
    ) -> Result<Effect, Halt<R::Error>> {
        payouts.retain(|(_, amount)| *amount > 0);
        self.redirect(&mut payouts, is_release, &mut movement)?;
        let total = payouts.iter().try_fold(0u128, |total, (_, amount)| total.checked_add(*amount));
        let total = total.ok_or_else(|| Halt::corrupt::<R>("the payouts of a hold are over 128 bits"))?;
        // The parts may be rounded down to nothing; what has lapsed goes all the same.
        let taken = movement.take_from(&self.id, self.holding, total, Taking::Given)?;
        movement.hand_out(&self.record.payer, &taken, &payouts)?;
        movement.context().write(HOLDS, self.id, &self.record)?;
        let told = movement.told(taken, total);
        movement.finish(told)
    }
}

fn check_partial(amount: Option<u128>, preimages: &[[u8; 32]]) -> Result<(), Status> {
    amount.map_or(Ok(()), check_amount)?;
    if preimages.len() > PREIMAGES_MAX { Err(TOO_MANY_PREIMAGES) } else { Ok(()) }
}

impl Operate for Settle {
    fn check(&self) -> Result<(), Status> {
        check_partial(self.amount, &self.preimages)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((HOLDS, self.hold));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.hold);
        accounts.extend(self.to);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let time = context.time();
        let (mut hold, mut movement) = Open::find(context, &self.hold)?;
        let terms = hold.terms::<R>()?;
        let mut most = hold.left;
        if time < terms.deadline {
            if !hold.meets(&terms.settle_if, movement.context(), SETTLE, &self.preimages)? {
                return Err(CONDITION_UNMET.into());
            }
            if let Some(schedule) = &terms.schedule {
                let vested = schedule.vested(hold.record.amount, time);
                most = most.min(vested.saturating_sub(hold.record.settled));
            }
        } else if terms.outcome == Outcome::Release {
            return Err(HOLD_EXPIRED.into());
        }
        let amount = self.amount.unwrap_or(most);
        if amount > hold.left {
            return Err(AMOUNT_EXCEEDS_HOLD.into());
        }
        if amount > most || amount == 0 {
            return Err(NOT_VESTED.into());
        }
        let payouts = hold.payouts::<R>(amount, self.to)?;
        hold.record.settled = hold.record.settled.saturating_add(amount);
        hold.pay(payouts, false, movement)
    }
}

impl Operate for Release {
    fn check(&self) -> Result<(), Status> {
        check_partial(self.amount, &self.preimages)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((HOLDS, self.hold));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.hold);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let time = context.time();
        let (mut hold, mut movement) = Open::find(context, &self.hold)?;
        let terms = hold.terms::<R>()?;
        let is_early = time < terms.deadline;
        let mut most = hold.left;
        if is_early {
            let Some(condition) = &terms.release_if else { return Err(HOLD_PENDING.into()) };
            if !hold.meets(condition, movement.context(), RELEASE, &self.preimages)? {
                return Err(HOLD_PENDING.into());
            }
            // What has vested is the payees', whether they fetched it or not.
            if let Some(schedule) = &terms.schedule {
                let vested = schedule.vested(hold.record.amount, time);
                most = most.saturating_sub(vested.saturating_sub(hold.record.settled));
            }
        } else if terms.outcome == Outcome::Settle {
            return Err(HOLD_EXPIRED.into());
        }
        let amount = self.amount.unwrap_or(most);
        if amount > most || amount == 0 {
            return Err(AMOUNT_EXCEEDS_HOLD.into());
        }
        let mut payouts = vec![(hold.record.payer, amount)];
        if amount == hold.left {
            let mut last: Vec<_> = terms.payees.iter().take(1).map(|share| (share.to, 0)).collect();
            hold.add_left_over::<R>(&mut last, hold.record.settled)?;
            payouts.extend(last);
        }
        hold.record.released = hold.record.released.saturating_add(amount);
        if let (true, Some(id), Some(group)) = (is_early, hold.record.group, &mut hold.group) {
            let total = group.total.checked_sub(amount);
            group.total = total.ok_or_else(|| Halt::corrupt::<R>("a group released more than it has"))?;
            movement.context().write(HOLD_GROUPS, id, group)?;
        }
        hold.pay(payouts, true, movement)
    }
}
