//! What becomes of proposals: they are vetoed or cancelled, pass or fail, and are executed.

use super::{
    ALREADY_EXECUTED, Actions, CANCEL, CONSTITUTION_CHANGED, Deposit, Form, INVALID_RANKINGS, NO_GUARDIAN,
    NOT_CONCLUDED, NOT_DUE, NOT_PASSED, PROPOSAL_LAPSED, ProposalRecord, RANKINGS_MAX, Ranking, RankingRecord, State,
    VETO, VETO_TOO_LATE, VOTING_STARTED, WRONG_ACTIONS, WRONG_RANKINGS,
};
use crate::amount::{share_bps, share_up_bps};
use crate::apply::{Context, Halt, Movement};
use crate::id::{Id, record_id};
use crate::ops::{Operate, Operation, SlipSignature};
use crate::state::{OwnId, Reason, Records, Table, TableName, TableRecord};
use crate::status::Status;
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};

pub(in crate::ops) const RESOLUTIONS: Table = Table::single(TableName::Resolutions);

/// What a governed account answered first to what it was asked by one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ResolutionRecord {
    /// Which account.
    pub account: Id,
    /// The hash of the rule.
    pub rule: [u8; 32],
    /// What it was asked.
    pub subject: [u8; 32],
    /// What it answered.
    pub option: u8,
    /// By which proposal.
    pub proposal: Id,
    /// When, ms.
    pub time: u64,
}

impl ResolutionRecord {
    /// Its record id.
    pub fn id(account: &Id, rule: &[u8; 32], subject: &[u8; 32]) -> Id {
        record_id("resolution", &[account.as_ref(), rule, subject])
    }
}

impl TableRecord for ResolutionRecord {
    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.account, &self.rule, &self.subject))
    }
}

/// Stops a proposal.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Veto {
    /// Which.
    pub proposal: Id,
    /// Why.
    pub reason: Reason,
}

/// Takes a proposal back.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cancel {
    /// Which.
    pub proposal: Id,
}

/// Establishes whether a proposal passed; anybody may ask for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Conclude {
    /// Which.
    pub proposal: Id,
    /// All rankings that have weight, where options are ranked, strictly ascending.
    pub rankings: Vec<Ranking>,
}

/// Does what passed; anybody may ask for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Execute {
    /// Which proposal.
    pub proposal: Id,
    /// What its option does.
    pub actions: Actions,
}

/// Where a deposit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Returned,
    Burnt,
}

impl ProposalRecord {
    /// Writes what became of the proposal, and lets its deposit go.
    fn close<R: Records>(
        mut self,
        context: &mut Context<'_, R>,
        id: &Id,
        state: State,
        fate: Fate,
    ) -> Result<Effect, Halt<R::Error>> {
        self.state = state;
        context.write_proposal(id, self.clone())?;
        match &self.terms.deposit {
            Some(Deposit { asset, .. }) => self.let_go(context, id, *asset, fate),
            None => Ok(Effect::Nothing),
        }
    }

    /// Returns or burns what is left of the deposit: nobody may be able to prevent what became of the proposal.
    fn let_go<R: Records>(
        &self,
        context: &mut Context<'_, R>,
        id: &Id,
        asset_id: Id,
        fate: Fate,
    ) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&asset_id)?;
        let mut movement = Movement::new(context, asset_id, asset);
        movement.waive_payment_terms();
        movement.waive_strict_lots();
        let taken = match fate {
            Fate::Returned => movement.take_all(id)?,
            Fate::Burnt => movement.burn_all(id)?,
        };
        let total = taken.iter().fold(0u128, |total, part| total.saturating_add(part.amount));
        if fate == Fate::Returned && total > 0 {
            movement.hand_out(&self.proposer, &taken, &[(self.proposer, total)])?;
        }
        movement.finish(taken)
    }

    /// The option that passed, if any.
    fn passed(&self, rankings: &[Ranking]) -> Option<u8> {
        let (option, count) = self.leader(rankings)?;
        let has_passed = self.has_quorum()
            && count > share_bps(self.decided, self.terms.threshold_bps)
            && count >= share_up_bps(self.electorate, self.terms.support_bps).max(1);
        has_passed.then_some(option)
    }

    /// Remembers what was answered, unless it was before.
    fn resolve<R: Records>(
        &self,
        context: &mut Context<'_, R>,
        proposal: Id,
        option: u8,
    ) -> Result<(), Halt<R::Error>> {
        let Some(subject) = self.subject else { return Ok(()) };
        let rule = self.terms.hash();
        let id = ResolutionRecord::id(&self.account, &rule, &subject);
        if context.record(&RESOLUTIONS, &id)?.is_some() {
            return Ok(());
        }
        let time = context.time();
        context.write(
            RESOLUTIONS,
            id,
            &ResolutionRecord { account: self.account, rule, subject, option, proposal, time },
        )
    }
}

impl Operate for Veto {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::PROPOSALS, self.proposal));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.proposal);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let proposal = ProposalRecord::load(context, &self.proposal)?;
        let guardian = proposal.terms.guardian.ok_or(NO_GUARDIAN)?;
        context.authority(&guardian, VETO)?;
        proposal.refuse_closed()?;
        let time = context.time();
        if time >= proposal.due() {
            return Err(VETO_TOO_LATE.into());
        }
        proposal.close(context, &self.proposal, State::Vetoed { time, reason: self.reason }, Fate::Burnt)
    }
}

impl Operate for Cancel {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::PROPOSALS, self.proposal));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.proposal);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let proposal = ProposalRecord::load(context, &self.proposal)?;
        context.authority(&proposal.proposer, CANCEL)?;
        proposal.refuse_closed()?;
        let time = context.time();
        // Where voting starts at once, there is the moment of the proposal itself.
        if time >= proposal.starts() && time > proposal.opened {
            return Err(VOTING_STARTED.into());
        }
        proposal.close(context, &self.proposal, State::Cancelled { time }, Fate::Returned)
    }
}

impl Operate for Conclude {
    fn check(&self) -> Result<(), Status> {
        let are_possible = self.rankings.len() <= RANKINGS_MAX
            && self.rankings.iter().all(Ranking::is_possible)
            && self.rankings.is_sorted_by(|left, right| left.options < right.options);
        if are_possible { Ok(()) } else { Err(INVALID_RANKINGS) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::PROPOSALS, self.proposal));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.proposal);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let proposal = ProposalRecord::load(context, &self.proposal)?;
        proposal.refuse_closed()?;
        let time = context.time();
        if time < proposal.due() {
            return Err(NOT_DUE.into());
        }
        self.refuse_wrong_rankings(&proposal, context)?;
        let fate = if proposal.has_quorum() { Fate::Returned } else { Fate::Burnt };
        let state = match proposal.passed(&self.rankings) {
            Some(option) => {
                proposal.resolve(context, self.proposal, option)?;
                State::Passed { option, time }
            }
            None => State::Failed { time },
        };
        proposal.close(context, &self.proposal, state, fate)
    }
}

impl Conclude {
    /// Refuses rankings that are not exactly those that were counted. None of them weighs nothing and none stands twice:
    /// where they add up to all that was decided, none is missing. Once the proposal has lapsed they decide nothing any
    /// more: it fails without, lest a deposit be kept by rankings that no transaction has room for.
    fn refuse_wrong_rankings<R: Records>(
        &self,
        proposal: &ProposalRecord,
        context: &mut Context<'_, R>,
    ) -> Result<(), Halt<R::Error>> {
        if matches!(proposal.terms.form, Form::YesNo | Form::Approval) {
            return if self.rankings.is_empty() { Ok(()) } else { Err(WRONG_RANKINGS.into()) };
        }
        if self.rankings.is_empty() && context.time() >= proposal.lapses() {
            return Ok(());
        }
        let mut total = 0u128;
        for Ranking { options, weight } in &self.rankings {
            if RankingRecord::weight(context, &self.proposal, options)? != *weight {
                return Err(WRONG_RANKINGS.into());
            }
            total = total.checked_add(*weight).ok_or(WRONG_RANKINGS)?;
        }
        if total == proposal.decided { Ok(()) } else { Err(WRONG_RANKINGS.into()) }
    }
}

impl Operate for Execute {
    fn check(&self) -> Result<(), Status> {
        self.actions.refuse_too_many()?;
        self.actions.check()
    }

    fn signatures(&self, ledger: &Id) -> Vec<SlipSignature> {
        self.actions.0.iter().flat_map(|action| action.signatures(ledger)).collect()
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((Table::PROPOSALS, self.proposal));
        self.actions.0.iter().for_each(|action| action.touches(touched));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.proposal);
        self.actions.0.iter().for_each(|action| action.concerns(accounts));
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut proposal = ProposalRecord::load(context, &self.proposal)?;
        let option = passed_option(&proposal.state)?;
        let time = context.time();
        if time >= proposal.lapses() {
            return Err(PROPOSAL_LAPSED.into());
        }
        let record = context.constitution_if_any(&proposal.account)?;
        let same = record.filter(|record| record.constitution.hash() == proposal.constitution);
        let constitution = same.ok_or(CONSTITUTION_CHANGED)?.constitution;
        if proposal.options.get(usize::from(option)) != Some(&self.actions.hash()) {
            return Err(WRONG_ACTIONS.into());
        }
        proposal.state = State::Executed { option, time };
        context.write_proposal(&self.proposal, proposal.clone())?;
        context.begin_execution(proposal.account, proposal.rule, constitution);
        let effects = apply_all(&self.actions.0, context);
        context.end_execution();
        Ok(Effect::Executed { effects: effects? })
    }
}

/// The option of a proposal that passed and was not executed.
fn passed_option(state: &State) -> Result<u8, Status> {
    match state {
        State::Open => Err(NOT_CONCLUDED),
        State::Cancelled { .. } | State::Vetoed { .. } | State::Failed { .. } => Err(NOT_PASSED),
        State::Executed { .. } => Err(ALREADY_EXECUTED),
        State::Passed { option, .. } => Ok(*option),
    }
}

/// Applies the actions in order; their effects, or the first refusal.
fn apply_all<R: Records>(actions: &[Operation], context: &mut Context<'_, R>) -> Result<Vec<Effect>, Halt<R::Error>> {
    actions.iter().map(|action| action.apply(context)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::governance::test_support::proposal;

    /// Whether a proposal passes with so many for it and against it.
    fn passes(terms: (u16, u16, u16), electorate: u128, yes: u128, no: u128, abstain: u128) -> bool {
        let mut proposal = proposal(Form::YesNo, 1);
        (proposal.terms.quorum_bps, proposal.terms.support_bps, proposal.terms.threshold_bps) = terms;
        proposal.electorate = electorate;
        proposal.counts = vec![yes, no, abstain];
        proposal.decided = yes.saturating_add(no);
        proposal.cast = proposal.decided.saturating_add(abstain);
        proposal.passed(&[]) == Some(0)
    }

    #[test]
    fn the_quorum_is_rounded_up() {
        let quorum = |electorate, cast| passes((3_333, 0, 5_000), electorate, cast, 0, 0);
        assert!(!quorum(10, 3) && quorum(10, 4));
        assert!(!quorum(1, 0) && quorum(1, 1));
        // What abstains counts for the quorum.
        assert!(passes((5_000, 0, 5_000), 10, 1, 0, 4) && !passes((5_000, 0, 5_000), 10, 1, 0, 3));
        assert!(passes((10_000, 0, 0), u128::MAX, 1, 0, u128::MAX - 1));
        assert!(!passes((10_000, 0, 0), u128::MAX, 1, 0, u128::MAX - 2));
    }

    #[test]
    fn the_threshold_is_rounded_down_and_passed() {
        let threshold = |bps, yes, no| passes((0, 0, bps), 100, yes, no, 0);
        assert!(!threshold(5_000, 5, 5) && threshold(5_000, 5, 4));
        // 6,667 of 10,000 of 5 are 3.
        assert!(!threshold(6_667, 3, 2) && threshold(6_667, 4, 1));
        assert!(!threshold(0, 0, 5) && threshold(0, 1, 5));
        assert!(threshold(9_999, 5, 0) && !threshold(9_999, 9_999, 1) && threshold(9_999, 10_000, 1));
    }

    #[test]
    fn the_support_is_rounded_up() {
        let support = |yes| passes((0, 3_333, 0), 10, yes, 0, 0);
        assert!(!support(3) && support(4));
    }

    #[test]
    fn nothing_passes_by_itself() {
        assert!(!passes((0, 0, 0), 100, 0, 0, 0));
        assert!(!passes((0, 0, 0), 100, 0, 0, 5));
    }

    #[test]
    fn only_what_passed_is_executed() {
        let reason = Reason { code: 0, evidence: None };
        assert_eq!(passed_option(&State::Open), Err(NOT_CONCLUDED));
        for state in [State::Cancelled { time: 1 }, State::Vetoed { time: 1, reason }, State::Failed { time: 1 }] {
            assert_eq!(passed_option(&state), Err(NOT_PASSED));
        }
        assert_eq!(passed_option(&State::Executed { option: 1, time: 1 }), Err(ALREADY_EXECUTED));
        assert_eq!(passed_option(&State::Passed { option: 1, time: 1 }), Ok(1));
    }

    #[test]
    fn rankings_are_listed_in_one_order() {
        let check = |lists: &[(&[u8], u128)]| {
            let rankings = lists.iter().map(|(options, weight)| Ranking { options: options.to_vec(), weight: *weight });
            Conclude { proposal: Id::ZERO, rankings: rankings.collect() }.check()
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[(&[0], 1), (&[0, 1], 1), (&[0, 2], 1), (&[1], u128::MAX)]), Ok(()));
        let too_long: Vec<u8> = (0..17).collect();
        for wrong in [&[(&[][..], 1)][..], &[(&[0], 0)], &[(&[0, 0], 1)], &[(&too_long, 1)]] {
            assert_eq!(check(wrong), Err(INVALID_RANKINGS));
        }
        assert_eq!(check(&[(&[0, 1], 1), (&[0], 1)]), Err(INVALID_RANKINGS));
        assert_eq!(check(&[(&[0], 1), (&[0], 1)]), Err(INVALID_RANKINGS));
        let pairs = (0..=255u8).flat_map(|first| (0..=255u8).map(move |second| vec![first, second]));
        let mut rankings: Vec<_> =
            pairs.filter(|pair| pair[0] != pair[1]).map(|options| Ranking { options, weight: 1 }).collect();
        rankings.truncate(RANKINGS_MAX);
        assert_eq!(Conclude { proposal: Id::ZERO, rankings: rankings.clone() }.check(), Ok(()));
        rankings.push(Ranking { options: vec![255], weight: 1 });
        assert_eq!(Conclude { proposal: Id::ZERO, rankings }.check(), Err(INVALID_RANKINGS));
    }
}
