//! distribute (family 8): snapshot and release snapshot (beside this file), distribute, collect, close distribution.
//!
//! A distribution shares an amount out among many, each of whom anybody may have paid: by what they held in a snapshot,
//! by their membership, by a list that is a sum map, or by what they put into a group of holds.

use crate::amount::{AMOUNT_MAX, mul_div};
use crate::apply::{Context, Halt, Movement, Taking};
use crate::id::{Id, record_id};
use crate::merkle::proof::{MapProof, Proven};
use crate::ops::Operate;
use crate::ops::attest::{electorate_schema, was_member};
use crate::ops::condition::Condition;
use crate::ops::hold::{GroupRecord, HOLD_GROUPS, HOLDS, HoldRecord, NO_DEADLINE, UNKNOWN_GROUP, check_deadline};
use crate::ops::r#move::{INSUFFICIENT_FUNDS, check_amount, refuse_ended, refuse_paused};
use crate::ops::snapshot::{SNAPSHOTS, SnapshotRecord, is_saved, live_snapshot, units_at};
use crate::state::{AccountRecord, OwnId, Records, Table, TableName, TableRecord, tree_key};
use crate::status::{PROGRAMME_ACCOUNT, Status, statuses};
use crate::wire::{Effect, LotAmount};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;

statuses! { 8;
    /// Accounts left out that are over 16 or not ascending, a sum map of nothing, or a group whose payers could take out
    /// what they are to be paid for.
    INVALID_BASIS = 0x01 "invalid_basis";
    /// The list of parts is empty.
    NO_PART = 0x02 "no_part";
    /// Two parts are the same one's.
    INVALID_PART = 0x03 "invalid_part";
    /// The snapshot would end before it begins, or be live for more than 36,525 days.
    INVALID_UNTIL = 0x04 "invalid_until";
    /// The asset has 64 live snapshots.
    TOO_MANY_SNAPSHOTS = 0x05 "too_many_snapshots" transient;
    /// The asset has no such snapshot, or has none any more.
    UNKNOWN_SNAPSHOT = 0x06 "unknown_snapshot";
    /// The snapshot is live.
    SNAPSHOT_NEEDED = 0x07 "snapshot_needed" transient;
    /// The snapshot ends before the deadline.
    SNAPSHOT_TOO_SHORT = 0x08 "snapshot_too_short";
    /// The schema lets others attest, too: nobody knows how many its issuer's members are.
    INVALID_ELECTORATE = 0x09 "invalid_electorate";
    /// The group still takes holds.
    GROUP_OPEN = 0x0a "group_open" transient;
    /// There is nobody to share with.
    NOTHING_TO_SHARE = 0x0b "nothing_to_share";
    /// The fund opened a distribution with this salt.
    DISTRIBUTION_EXISTS = 0x0c "distribution_exists";
    /// The sum map gives more than there is.
    LEAVES_EXCEED_FUNDS = 0x0d "leaves_exceed_funds";
    /// There is no such distribution.
    UNKNOWN_DISTRIBUTION = 0x0e "unknown_distribution";
    /// It pays no more.
    DISTRIBUTION_ENDED = 0x0f "distribution_ended";
    /// The proof does not show what the account gets.
    WRONG_PROOF = 0x10 "wrong_proof";
    /// It gets nothing of it.
    NOT_ENTITLED = 0x11 "not_entitled";
    /// It was paid before.
    ALREADY_COLLECTED = 0x12 "already_collected";
    /// Its part is less than a minor unit.
    NOTHING_DUE = 0x13 "nothing_due";
    /// It has given back what it had left.
    DISTRIBUTION_CLOSED = 0x14 "distribution_closed";
    /// It still pays.
    DISTRIBUTION_OPEN = 0x15 "distribution_open" transient;
}

const FAMILY: u8 = 8;
const DISTRIBUTE: u8 = 0x82;
/// No two of 2^32 hashes have this many bits in common but by a great accident. A deeper path would be short, for beside
/// nothing it has no bytes, and still cost a hash a level.
const PROOF_DEPTH_MAX: usize = 64;

const VERSION: u8 = 1;
const EXCLUDED_MAX: usize = 16;

const DISTRIBUTIONS: Table = Table::single(TableName::Distributions);

/// Who has which part.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Basis {
    /// Those who held an asset, by what they held.
    Snapshot {
        /// Which asset: any, not only the one that is shared out.
        asset: Id,
        /// Which of its snapshots.
        number: u32,
        /// Accounts that get nothing, strictly ascending.
        excluded: Vec<Id>,
    },
    /// The members, each the same.
    Members {
        /// By which schema they were attested.
        schema: Id,
        /// By whom, who alone may.
        issuer: Id,
    },
    /// The records of a sum map, each its sum.
    Leaves {
        /// Its root hash.
        root: [u8; 32],
        /// Its sum.
        total: u128,
    },
    /// The payers of a group's holds, by what they put in.
    Group {
        /// Which group.
        group: Id,
    },
}

impl Basis {
    fn check(&self) -> Result<(), Status> {
        let is_possible = match self {
            Self::Snapshot { excluded, .. } => {
                excluded.len() <= EXCLUDED_MAX && excluded.is_sorted_by(|left, right| left < right)
            }
            Self::Leaves { root, total } => (1..=AMOUNT_MAX).contains(total) && *root != [0; 32],
            Self::Members { .. } | Self::Group { .. } => true,
        };
        if is_possible { Ok(()) } else { Err(INVALID_BASIS) }
    }

    /// The sum of all weights, for a distribution that pays until a deadline; none of a sum map, which says amounts.
    fn whole<R: Records>(&self, context: &mut Context<'_, R>, deadline: u64) -> Result<Option<u128>, Halt<R::Error>> {
        Ok(Some(match self {
            Self::Snapshot { asset, number, excluded } => {
                let snapshot = live_snapshot(context, asset, *number)?;
                if deadline > snapshot.until {
                    return Err(SNAPSHOT_TOO_SHORT.into());
                }
                let mut whole = snapshot.supply;
                for account in excluded {
                    let units = units_at(context, asset, *number, account)?;
                    let rest = whole.checked_sub(units);
                    whole = rest.ok_or_else(|| Halt::corrupt::<R>("a snapshot's balances are over its supply"))?;
                }
                whole
            }
            Self::Members { schema, issuer } => electorate_schema(context, schema, issuer)?.live.into(),
            Self::Leaves { .. } => return Ok(None),
            Self::Group { group } => {
                let group: GroupRecord = context.read(HOLD_GROUPS, group)?.ok_or(UNKNOWN_GROUP)?;
                if context.time() < group.closes {
                    return Err(GROUP_OPEN.into());
                }
                if !group.terms.release_if.as_ref().is_none_or(Condition::is_found_by_others) {
                    return Err(INVALID_BASIS.into());
                }
                group.put_in
            }
        }))
    }

    /// The weight of a part, and who is paid.
    fn entitlement<R: Records>(
        &self,
        context: &mut Context<'_, R>,
        part: &Part,
        opened: u64,
    ) -> Result<(u128, Id), Halt<R::Error>> {
        let Part { of, proof } = part;
        if let Self::Leaves { root, total } = self {
            return Ok((proven_sum(proof, &Id(*root), *total, of)?, *of));
        }
        if !proof.is_empty() {
            return Err(WRONG_PROOF.into());
        }
        let (weight, to) = match self {
            Self::Snapshot { excluded, .. } if excluded.contains(of) => (0, *of),
            Self::Snapshot { asset, number, .. } => (units_at(context, asset, *number, of)?, *of),
            Self::Members { schema, issuer } => (was_member(context, schema, issuer, of, opened)?.into(), *of),
            Self::Leaves { .. } => (0, *of),
            Self::Group { group } => {
                let hold: HoldRecord = context.read(HOLDS, of)?.ok_or(NOT_ENTITLED)?;
                if hold.group == Some(*group) { (hold.amount, hold.payer) } else { (0, *of) }
            }
        };
        if weight == 0 { Err(NOT_ENTITLED.into()) } else { Ok((weight, to)) }
    }
}

/// What a sum map gives an account.
fn proven_sum(proof: &[u8], root: &Id, total: u128, of: &Id) -> Result<u128, Status> {
    let proof = MapProof::decode(proof).map_err(|_| WRONG_PROOF)?;
    if proof.siblings().len() > PROOF_DEPTH_MAX {
        return Err(WRONG_PROOF);
    }
    match proof.verify(root, &tree_key(of)) {
        Ok(Proven::Present { sum, value, table_sum }) if value.is_empty() && table_sum == total => Ok(sum),
        Ok(_) | Err(_) => Err(WRONG_PROOF),
    }
}

/// Shares an amount out.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Distribute {
    /// Whose units; part of the distribution's id.
    pub fund: Id,
    /// The other part.
    pub salt: [u8; 16],
    /// What is shared out.
    pub asset: Id,
    /// How much; absent: all that the fund has.
    pub amount: Option<u128>,
    /// Who has which part.
    pub basis: Basis,
    /// From when on it pays no more, ms.
    pub deadline: u64,
    /// Who gets what is left then.
    pub leftover: Id,
    /// A salted hash of what it is for.
    pub reference: Option<[u8; 32]>,
}

/// Has parts paid, all or none; anybody may ask for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Collect {
    /// Of which distribution.
    pub distribution: Id,
    /// Whose, each once.
    pub parts: Vec<Part>,
}

/// A part that is to be paid.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Part {
    /// Which account's, or which hold's.
    pub of: Id,
    /// The map proof of what a sum map gives; empty for every other basis.
    pub proof: Vec<u8>,
}

/// Hands over what a distribution that pays no more has left; anybody may ask for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseDistribution {
    /// Which one.
    pub distribution: Id,
}

/// A distribution. What it has left is its account's balance.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DistributionRecord {
    /// 1.
    pub version: u8,
    /// Whose units they were.
    pub fund: Id,
    /// The other part of its id.
    pub salt: [u8; 16],
    /// What is shared out.
    pub asset: Id,
    /// How much.
    pub amount: u128,
    /// Who has which part.
    pub basis: Basis,
    /// The sum of all weights.
    pub whole: u128,
    /// When it was opened, ms.
    pub opened: u64,
    /// From when on it pays no more, ms.
    pub deadline: u64,
    /// Who gets what is left then.
    pub leftover: Id,
    /// A salted hash of what it is for.
    pub reference: Option<[u8; 32]>,
    /// Units that were paid.
    pub collected: u128,
    /// Parts that were paid.
    pub parts: u64,
    /// Whether it has handed over what it had left.
    pub closed: bool,
}

impl DistributionRecord {
    /// Its record id, which is its account's too.
    pub fn id(fund: &Id, salt: &[u8; 16]) -> Id {
        record_id("distribution", &[fund.as_ref(), salt])
    }

    fn load<R: Records>(context: &mut Context<'_, R>, id: &Id) -> Result<Self, Halt<R::Error>> {
        context.read(DISTRIBUTIONS, id)?.ok_or(Halt::Refused(UNKNOWN_DISTRIBUTION))
    }
}

impl TableRecord for DistributionRecord {
    const VERSION: Option<u8> = Some(VERSION);

    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.fund, &self.salt))
    }
}

/// That a part was paid: how much is the record's sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CollectedRecord {
    /// When, ms.
    pub time: u64,
}

impl TableRecord for CollectedRecord {
    fn check_sum(&self, sum: u128) -> Result<(), &'static str> {
        if sum == 0 { Err("1 or more") } else { Ok(()) }
    }
}

impl Distribute {
    fn id(&self) -> Id {
        DistributionRecord::id(&self.fund, &self.salt)
    }

    /// Refuses an account that could not be given what is left.
    fn refuse_leftover<R: Records>(&self, movement: &mut Movement<'_, '_, R>) -> Result<(), Halt<R::Error>> {
        // Its own account is about to be a programme's: what it has left would be nobody's.
        if self.leftover == self.id() {
            return Err(PROGRAMME_ACCOUNT.into());
        }
        movement.refuse_programme_account(&self.leftover)?;
        movement.refuse_bound(&self.fund, &self.leftover)
    }

    /// Moves the amount into the distribution's account; returns how much that was, and what the effect says.
    fn move_funds<R: Records>(
        &self,
        movement: &mut Movement<'_, '_, R>,
    ) -> Result<(u128, Vec<LotAmount>), Halt<R::Error>> {
        let holding = movement.touch(&self.fund)?;
        let amount = self.amount.unwrap_or(holding.total);
        if amount == 0 || amount > holding.total {
            return Err(INSUFFICIENT_FUNDS.into());
        }
        if matches!(self.basis, Basis::Leaves { total, .. } if total > amount) {
            return Err(LEAVES_EXCEED_FUNDS.into());
        }
        let lots = movement.take_from(&self.fund, holding, amount, Taking::Given)?;
        movement.fund(&self.id(), amount, &lots)?;
        let told = movement.told(lots, amount);
        Ok((amount, told))
    }
}

impl Operate for Distribute {
    fn check(&self) -> Result<(), Status> {
        self.amount.map_or(Ok(()), check_amount)?;
        self.basis.check()?;
        if self.deadline == 0 { Err(NO_DEADLINE) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        let id = self.id();
        touched.extend([(DISTRIBUTIONS, id), (Table::ACCOUNTS, id), (Table::holders(self.asset), id)]);
        touched.extend([(Table::ACCOUNTS, self.fund), (Table::holders(self.asset), self.fund)]);
        touched.push((Table::ACCOUNTS, self.leftover));
        match &self.basis {
            Basis::Snapshot { asset, number, excluded } => {
                touched.push((SNAPSHOTS, SnapshotRecord::id(asset, *number)));
                let tables = [Table::saved(*asset), Table::holders(*asset)];
                touched.extend(excluded.iter().flat_map(|account| tables.map(|table| (table, *account))));
            }
            Basis::Members { schema, .. } => touched.push((Table::SCHEMAS, *schema)),
            Basis::Leaves { .. } => {}
            Basis::Group { group } => touched.push((HOLD_GROUPS, *group)),
        }
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.fund, self.id(), self.leftover]);
        match &self.basis {
            Basis::Snapshot { excluded, .. } => accounts.extend(excluded),
            Basis::Members { issuer, .. } => accounts.push(*issuer),
            Basis::Leaves { .. } => {}
            Basis::Group { group } => accounts.push(*group),
        }
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority(&self.fund, DISTRIBUTE)?;
        refuse_paused(&asset)?;
        let opened = context.time();
        refuse_ended(&asset, opened)?;
        check_deadline(self.deadline, opened)?;
        let whole = self.basis.whole(context, self.deadline)?;
        if whole == Some(0) {
            return Err(NOTHING_TO_SHARE.into());
        }
        let id = self.id();
        if !context.is_unused(&id, &self.asset)? {
            return Err(DISTRIBUTION_EXISTS.into());
        }
        let mut movement = Movement::new(context, self.asset, asset);
        movement.refuse_sender(&self.fund)?;
        self.refuse_leftover(&mut movement)?;
        let (amount, told) = self.move_funds(&mut movement)?;
        let effect = movement.finish(told)?;
        let distribution = DistributionRecord {
            version: VERSION,
            fund: self.fund,
            salt: self.salt,
            asset: self.asset,
            amount,
            basis: self.basis.clone(),
            whole: whole.unwrap_or(amount),
            opened,
            deadline: self.deadline,
            leftover: self.leftover,
            reference: self.reference,
            collected: 0,
            parts: 0,
            closed: false,
        };
        context.write(Table::ACCOUNTS, id, &AccountRecord::Programme { family: FAMILY })?;
        context.write(DISTRIBUTIONS, id, &distribution)?;
        Ok(effect)
    }
}

impl Operate for Collect {
    fn check(&self) -> Result<(), Status> {
        if self.parts.is_empty() {
            return Err(NO_PART);
        }
        let distinct: BTreeSet<_> = self.parts.iter().map(|part| part.of).collect();
        if distinct.len() == self.parts.len() { Ok(()) } else { Err(INVALID_PART) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((DISTRIBUTIONS, self.distribution));
        let tables = [Table::collected(self.distribution), Table::ACCOUNTS];
        touched.extend(self.parts.iter().flat_map(|part| tables.map(|table| (table, part.of))));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.distribution);
        accounts.extend(self.parts.iter().map(|part| part.of));
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut distribution = DistributionRecord::load(context, &self.distribution)?;
        let asset = context.fungible(&distribution.asset)?;
        refuse_paused(&asset)?;
        if distribution.closed || context.time() >= distribution.deadline {
            return Err(DISTRIBUTION_ENDED.into());
        }
        let mut movement = Movement::new(context, distribution.asset, asset);
        distribution.fetch(&self.parts, movement.context())?;
        let before = distribution.collected;
        let mut payouts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            payouts.push(distribution.count(&self.distribution, part, &mut movement)?);
        }
        let total = distribution.collected.saturating_sub(before);
        let lots = movement.take(&self.distribution, total, Taking::Given)?;
        movement.hand_out(&self.distribution, &lots, &payouts)?;
        let told = movement.told(lots, total);
        let effect = movement.finish(told)?;
        context.write(DISTRIBUTIONS, self.distribution, &distribution)?;
        Ok(effect)
    }
}

impl DistributionRecord {
    /// How much a weight makes.
    fn due<R: Records>(&self, weight: u128) -> Result<u128, Halt<R::Error>> {
        if matches!(self.basis, Basis::Leaves { .. }) {
            return Ok(weight);
        }
        let due = mul_div(self.amount, weight, self.whole);
        due.ok_or_else(|| Halt::corrupt::<R>("a distribution's weights contradict each other"))
    }

    /// Reads what paying these parts needs beside what a collect names itself.
    fn fetch<R: Records>(&self, parts: &[Part], context: &mut Context<'_, R>) -> Result<(), Halt<R::Error>> {
        let of_all = |table: Table| parts.iter().map(move |part| (table, part.of)).collect::<Vec<_>>();
        match &self.basis {
            // A hold is no account: whom it names is known when it has been read.
            Basis::Group { .. } => return context.fetch(&of_all(HOLDS)),
            Basis::Members { .. } | Basis::Leaves { .. } => {}
            Basis::Snapshot { asset, number, .. } => {
                context.fetch(&of_all(Table::saved(*asset)))?;
                let mut unsaved = Vec::new();
                for part in parts {
                    if !is_saved(context, asset, *number, &part.of)? {
                        unsaved.push((Table::holders(*asset), part.of));
                    }
                }
                context.fetch(&unsaved)?;
            }
        }
        context.fetch(&of_all(Table::holders(self.asset)))
    }

    /// Counts one part as paid; who gets it, and how much.
    fn count<R: Records>(
        &mut self,
        id: &Id,
        part: &Part,
        movement: &mut Movement<'_, '_, R>,
    ) -> Result<(Id, u128), Halt<R::Error>> {
        let collected = Table::collected(*id);
        let (weight, to) = self.basis.entitlement(movement.context(), part, self.opened)?;
        if movement.context().record(&collected, &part.of)?.is_some() {
            return Err(ALREADY_COLLECTED.into());
        }
        let due = self.due::<R>(weight)?;
        if due == 0 {
            return Err(NOTHING_DUE.into());
        }
        movement.refuse_payee(&self.fund, &to)?;
        let context = movement.context();
        let time = context.time();
        context.write_weighed(collected, part.of, due, &CollectedRecord { time })?;
        let (paid, parts) = (self.collected.checked_add(due), self.parts.checked_add(1));
        self.collected = paid.ok_or_else(|| Halt::corrupt::<R>("a distribution paid more than 128 bits"))?;
        self.parts = parts.ok_or_else(|| Halt::corrupt::<R>("a distribution's parts are exhausted"))?;
        Ok((to, due))
    }
}

impl Operate for CloseDistribution {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((DISTRIBUTIONS, self.distribution));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.distribution);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut distribution = DistributionRecord::load(context, &self.distribution)?;
        if distribution.closed {
            return Err(DISTRIBUTION_CLOSED.into());
        }
        if context.time() < distribution.deadline {
            return Err(DISTRIBUTION_OPEN.into());
        }
        let asset = context.fungible(&distribution.asset)?;
        refuse_paused(&asset)?;
        let mut movement = Movement::new(context, distribution.asset, asset);
        let taken = movement.take_all(&self.distribution)?;
        let total = taken.iter().fold(0u128, |total, part| total.saturating_add(part.amount));
        if total > 0 {
            movement.waive_strict_lots();
            let lots = if movement.has_lots() { taken.as_slice() } else { &[] };
            // It is given, not paid: nothing may keep a distribution from its end. Whose account has become that of a
            // rule since then, from which nobody could take it, leaves it to the fund.
            let is_programme = movement.context().is_programme_account(&distribution.leftover)?;
            let to = if is_programme { distribution.fund } else { distribution.leftover };
            movement.give(&to, total, lots)?;
        }
        distribution.closed = true;
        let effect = movement.finish(taken)?;
        context.write(DISTRIBUTIONS, self.distribution, &distribution)?;
        Ok(effect)
    }
}
