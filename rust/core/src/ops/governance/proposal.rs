//! Proposals: what a governed account is asked to do, and who may answer.

use super::constitution::{Deposit, Electorate, Form, Rule, Weight};
use super::tally::{SHARES, count_rankings};
use super::{
    Actions, FAMILY, INVALID_OPTIONS, NO_CONSTITUTION, NO_ELECTORATE, OPTIONS_MAX, PROPOSAL_CLOSED, PROPOSAL_EXISTS,
    PROPOSE, PROPOSER_WEIGHT_TOO_LOW, RANKINGS_MAX, UNKNOWN_PROPOSAL, UNKNOWN_RULE, VERSION,
};
use crate::amount::share_up_bps;
use crate::apply::{Context, Halt, Movement, Taking};
use crate::id::{Id, record_id};
use crate::ops::Operate;
use crate::ops::attest::{electorate_schema, was_member};
use crate::ops::distribute::GROUP_OPEN;
use crate::ops::hold::{GroupRecord, HOLD_GROUPS, UNKNOWN_GROUP};
use crate::ops::r#move::{refuse_ended, refuse_paused};
use crate::ops::snapshot::{SnapshotRecord, extend, newest_live, open_snapshot, units_at};
use crate::state::{AccountRecord, OwnId, Reason, Records, Table, TableRecord};
use crate::status::Status;
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};

/// What a governed account is asked to do, and what was answered so far.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProposalRecord {
    /// 1.
    pub version: u8,
    /// Which governed account.
    pub account: Id,
    /// Who asks.
    pub proposer: Id,
    /// The last part of its id.
    pub salt: [u8; 16],
    /// The hash of the account's constitution.
    pub constitution: [u8; 32],
    /// By which of its rules, by position.
    pub rule: u8,
    /// That rule.
    pub terms: Rule,
    /// A salted hash of what it says.
    pub title: [u8; 32],
    /// What the answer is remembered for.
    pub subject: Option<[u8; 32]>,
    /// The hashes of what is done in each case.
    pub options: Vec<[u8; 32]>,
    /// The snapshot that tells what votes weigh.
    pub snapshot: Option<u32>,
    /// What all votes would weigh.
    pub electorate: u128,
    /// When it was made, ms.
    pub opened: u64,
    /// From when on votes are taken no more, ms.
    pub ends: u64,
    /// The weight of each choice; the last one is to abstain.
    pub counts: Vec<u128>,
    /// What the votes weigh that were counted; of a rule that weighs roots, how many they are.
    pub cast: u128,
    /// What those weigh that do not abstain.
    pub decided: u128,
    /// How many votes were counted.
    pub voters: u64,
    /// What became of it.
    pub state: State,
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum State {
    /// Nothing yet.
    Open,
    /// The proposer took it back.
    Cancelled {
        /// When, ms.
        time: u64,
    },
    /// The guardian stopped it.
    Vetoed {
        /// When, ms.
        time: u64,
        /// Why.
        reason: Reason,
    },
    /// Too few were for it.
    Failed {
        /// When that was established, ms.
        time: u64,
    },
    /// It may be executed.
    Passed {
        /// Which option.
        option: u8,
        /// When that was established, ms.
        time: u64,
    },
    /// It was executed.
    Executed {
        /// Which option.
        option: u8,
        /// When, ms.
        time: u64,
    },
}

impl ProposalRecord {
    /// Its record id, which is that of its deposit's account too.
    pub fn id(account: &Id, proposer: &Id, salt: &[u8; 16]) -> Id {
        record_id("proposal", &[account.as_ref(), proposer.as_ref(), salt])
    }

    pub(super) fn load<R: Records>(context: &mut Context<'_, R>, id: &Id) -> Result<Self, Halt<R::Error>> {
        context.proposal(id)?.ok_or(Halt::Refused(UNKNOWN_PROPOSAL))
    }

    /// Refuses what was decided before.
    pub(super) fn refuse_closed(&self) -> Result<(), Status> {
        if self.state == State::Open { Ok(()) } else { Err(PROPOSAL_CLOSED) }
    }

    /// From when on votes are taken, ms.
    pub fn starts(&self) -> u64 {
        self.opened.saturating_add(self.terms.delay_ms)
    }

    /// From when on votes are revealed no more, ms.
    pub fn counted(&self) -> u64 {
        self.ends.saturating_add(self.terms.reveal_ms)
    }

    /// From when on it can be concluded, ms.
    pub fn due(&self) -> u64 {
        self.counted().saturating_add(self.terms.timelock_ms)
    }

    /// From when on it can be executed no more, ms.
    pub fn lapses(&self) -> u64 {
        self.due().saturating_add(self.terms.execution_ms)
    }

    /// Whether enough votes were cast.
    pub fn has_quorum(&self) -> bool {
        self.cast >= share_up_bps(self.electorate, self.terms.quorum_bps).max(1)
    }
}

impl TableRecord for ProposalRecord {
    const VERSION: Option<u8> = Some(VERSION);

    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.account, &self.proposer, &self.salt))
    }
}

impl Rule {
    /// What the vote of an account weighs that was a member at a time; nothing where it was none. Those who back a group
    /// vote with their holds: that is not asked here.
    pub(super) fn weight_of<R: Records>(
        &self,
        context: &mut Context<'_, R>,
        snapshot: Option<u32>,
        account: &Id,
        time: u64,
    ) -> Result<Option<u128>, Halt<R::Error>> {
        if let Some((schema, issuer)) = self.electorate.schema()
            && !was_member(context, &schema, &issuer, account, time)?
        {
            return Ok(None);
        }
        let (Some(asset), Some(number)) = (self.electorate.asset(), snapshot) else { return Ok(Some(1)) };
        Ok(Some(match self.weight {
            Weight::Member => 1,
            Weight::Units => units_at(context, &asset, number, account)?,
            Weight::Root => units_at(context, &asset, number, account)?.isqrt(),
        }))
    }
}

/// Asks a governed account to do something.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Propose {
    /// Which account; part of the proposal's id.
    pub account: Id,
    /// Who asks; the next part.
    pub proposer: Id,
    /// The last part.
    pub salt: [u8; 16],
    /// By which rule of the account's constitution.
    pub rule: u8,
    /// A salted hash of what it says.
    pub title: [u8; 32],
    /// What the answer is remembered for.
    pub subject: Option<[u8; 32]>,
    /// What is done in each case; one case where the answer is yes or no.
    pub options: Vec<Actions>,
}

impl Operate for Propose {
    fn check(&self) -> Result<(), Status> {
        if !(1..=OPTIONS_MAX).contains(&self.options.len()) {
            return Err(INVALID_OPTIONS);
        }
        self.options.iter().try_for_each(Actions::refuse_too_many)?;
        self.options.iter().try_for_each(Actions::check)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::CONSTITUTIONS, self.account));
        touched.push((Table::PROPOSALS, ProposalRecord::id(&self.account, &self.proposer, &self.salt)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        let proposal = ProposalRecord::id(&self.account, &self.proposer, &self.salt);
        accounts.extend([self.account, self.proposer, proposal]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let constitution = context.constitution_if_any(&self.account)?.ok_or(NO_CONSTITUTION)?.constitution;
        context.authority(&self.proposer, PROPOSE)?;
        let terms = constitution.rules.get(usize::from(self.rule)).ok_or(UNKNOWN_RULE)?;
        self.refuse_options(terms.form)?;
        let mut actions = self.options.iter().flat_map(|option| &option.0);
        actions.try_for_each(|action| constitution.refuse_rule(self.rule, action.tag()))?;
        let id = ProposalRecord::id(&self.account, &self.proposer, &self.salt);
        if context.record(&Table::PROPOSALS, &id)?.is_some() || !is_account_unused(context, &id, terms)? {
            return Err(PROPOSAL_EXISTS.into());
        }
        let (snapshot, electorate) = self.open_electorate(terms, context)?;
        if electorate == 0 {
            return Err(NO_ELECTORATE.into());
        }
        self.refuse_light_proposer(terms, snapshot, context)?;
        let effect = match &terms.deposit {
            Some(deposit) => self.leave_deposit(&id, deposit, context)?,
            None => Effect::Nothing,
        };
        let (opened, choices) = (context.time(), self.choices(terms.form));
        let mut proposal = ProposalRecord {
            version: VERSION,
            account: self.account,
            proposer: self.proposer,
            salt: self.salt,
            constitution: constitution.hash(),
            rule: self.rule,
            terms: terms.clone(),
            title: self.title,
            subject: self.subject,
            options: self.options.iter().map(Actions::hash).collect(),
            snapshot,
            electorate,
            opened,
            ends: 0,
            counts: vec![0; choices],
            cast: 0,
            decided: 0,
            voters: 0,
            state: State::Open,
        };
        proposal.ends = proposal.starts().saturating_add(terms.voting_ms);
        context.write_proposal(&id, proposal)?;
        Ok(effect)
    }
}

/// Whether the account of a deposit was not used before, where there is one.
fn is_account_unused<R: Records>(context: &mut Context<'_, R>, id: &Id, terms: &Rule) -> Result<bool, Halt<R::Error>> {
    match &terms.deposit {
        Some(deposit) => context.is_unused(id, &deposit.asset),
        None => Ok(true),
    }
}

impl Propose {
    /// Refuses more or fewer options than the form asks for, and more than can be ranked in ways that are counted.
    fn refuse_options(&self, form: Form) -> Result<(), Status> {
        let count = self.options.len();
        let is_possible = match form {
            Form::YesNo => count == 1,
            Form::Approval => count >= 2,
            Form::Ranked { ranks_max } => count >= 2 && count_rankings(count, ranks_max) <= RANKINGS_MAX,
        };
        if is_possible { Ok(()) } else { Err(INVALID_OPTIONS) }
    }

    /// How many choices there are, to abstain among them.
    fn choices(&self, form: Form) -> usize {
        match form {
            Form::YesNo => SHARES,
            Form::Approval | Form::Ranked { .. } => self.options.len().saturating_add(1),
        }
    }

    /// The snapshot that tells what votes weigh, and what all of them would.
    fn open_electorate<R: Records>(
        &self,
        terms: &Rule,
        context: &mut Context<'_, R>,
    ) -> Result<(Option<u32>, u128), Halt<R::Error>> {
        let snapshot = match terms.electorate.asset() {
            Some(asset) => Some(take_snapshot(terms, &asset, context)?),
            None => None,
        };
        let whole = match (&terms.electorate, terms.weight, &snapshot) {
            (Electorate::Backers { group }, _, _) => closed_group(group, context)?.total,
            // The governed account does not vote.
            (_, Weight::Units, Some(snapshot)) => {
                let own = units_at(context, &snapshot.asset, snapshot.number, &self.account)?;
                let others = snapshot.supply.checked_sub(own);
                others.ok_or_else(|| Halt::corrupt::<R>("an account has more of a snapshot than its supply"))?
            }
            (electorate, _, _) => match electorate.schema() {
                Some((schema, issuer)) => electorate_schema(context, &schema, &issuer)?.live.into(),
                None => return Err(Halt::corrupt::<R>("a rule weighs what its electorate does not have")),
            },
        };
        Ok((snapshot.map(|snapshot| snapshot.number), whole))
    }

    /// Refuses a proposer who has less weight than the rule asks for.
    fn refuse_light_proposer<R: Records>(
        &self,
        terms: &Rule,
        snapshot: Option<u32>,
        context: &mut Context<'_, R>,
    ) -> Result<(), Halt<R::Error>> {
        if terms.proposer_weight == 0 || matches!(terms.electorate, Electorate::Backers { .. }) {
            return Ok(());
        }
        let now = context.time();
        let weight = terms.weight_of(context, snapshot, &self.proposer, now)?.unwrap_or(0);
        if weight < terms.proposer_weight { Err(PROPOSER_WEIGHT_TOO_LOW.into()) } else { Ok(()) }
    }

    /// Moves the deposit into the proposal's account.
    fn leave_deposit<R: Records>(
        &self,
        id: &Id,
        deposit: &Deposit,
        context: &mut Context<'_, R>,
    ) -> Result<Effect, Halt<R::Error>> {
        // The snapshot may have been opened just now, of this very asset.
        let asset = context.fungible(&deposit.asset)?;
        refuse_paused(&asset)?;
        refuse_ended(&asset, context.time())?;
        let mut movement = Movement::new(context, deposit.asset, asset);
        movement.refuse_sender(&self.proposer)?;
        let taken = movement.take(&self.proposer, deposit.amount, Taking::Given)?;
        movement.fund(id, deposit.amount, &taken)?;
        movement.context().write(Table::ACCOUNTS, *id, &AccountRecord::Programme { family: FAMILY })?;
        let told = movement.told(taken, deposit.amount);
        movement.finish(told)
    }
}

/// The newest snapshot of the asset that is new enough, or a new one; it lives until the votes were counted.
fn take_snapshot<R: Records>(
    terms: &Rule,
    asset_id: &Id,
    context: &mut Context<'_, R>,
) -> Result<SnapshotRecord, Halt<R::Error>> {
    let now = context.time();
    refuse_ended(&*context.asset(asset_id)?, now)?;
    let until = now.saturating_add(terms.delay_ms).saturating_add(terms.snapshot_needed_ms());
    let is_new = |newest: &SnapshotRecord| now.saturating_sub(newest.opened) <= terms.snapshot_ms;
    match newest_live(context, asset_id)?.filter(is_new) {
        Some(newest) => {
            extend(context, asset_id, newest.number, until)?;
            Ok(newest)
        }
        None => open_snapshot(context, asset_id, until),
    }
}

/// A group that takes no more holds.
fn closed_group<R: Records>(id: &Id, context: &mut Context<'_, R>) -> Result<GroupRecord, Halt<R::Error>> {
    let group: GroupRecord = context.read(HOLD_GROUPS, id)?.ok_or(UNKNOWN_GROUP)?;
    if context.time() < group.closes { Err(GROUP_OPEN.into()) } else { Ok(group) }
}
