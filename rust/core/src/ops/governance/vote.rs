//! Votes: of a member, by itself or by whom it delegated to; open, or sealed and revealed later.

use super::delegation::hops;
use super::tally::{Ballot, Change};
use super::{
    Electorate, GOVERNED_ACCOUNT_ABSTAINS, INVALID_MEMBERS, NO_WEIGHT, NOT_DELEGATED, NOT_IN_ELECTORATE, NOT_SEALED,
    OVERRIDDEN, ProposalRecord, REVEAL_NOT_OPEN, TOO_MANY_MEMBERS, VOTE, VOTE_UNCHANGED, VOTING_CLOSED,
    VOTING_NOT_STARTED, WRONG_BALLOT, WRONG_SEAL,
};
use crate::apply::{Context, Halt};
use crate::id::{Id, sha256};
use crate::ops::Operate;
use crate::ops::hold::{HOLDS, HoldRecord};
use crate::state::{Records, Table, TableName, TableRecord};
use crate::status::Status;
use crate::wire::{Effect, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;
use std::slice;

const MEMBERS_MAX: usize = 500;

/// A member's vote.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VoteRecord {
    /// Who voted.
    pub voter: Id,
    /// How many delegations led to him.
    pub hops: u8,
    /// What it weighs; the record's sum, once it is not sealed.
    pub weight: u128,
    /// What it is.
    pub ballot: Ballot,
}

impl VoteRecord {
    fn write<R: Records>(&self, context: &mut Context<'_, R>, proposal: Id, member: Id) -> Result<(), Halt<R::Error>> {
        context.write_weighed(votes(proposal), member, self.sum(), self)
    }

    fn sum(&self) -> u128 {
        if self.ballot.is_sealed() { 0 } else { self.weight }
    }
}

impl TableRecord for VoteRecord {
    fn check_sum(&self, sum: u128) -> Result<(), &'static str> {
        if sum == self.sum() { Ok(()) } else { Err("its weight, or 0 while it is sealed") }
    }
}

fn votes(proposal: Id) -> Table {
    Table::keyed(TableName::Votes, proposal)
}

/// What is sealed of a ballot.
pub fn ballot_seal(proposal: &Id, voter: &Id, salt: &[u8; 16], ballot: &Ballot) -> [u8; 32] {
    sha256(&[b"counterfoil/ballot/v1\n", proposal.as_ref(), voter.as_ref(), salt, &encode(ballot)]).0
}

/// Votes, for the voter or for members that delegated to him.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// On which proposal.
    pub proposal: Id,
    /// Who votes.
    pub voter: Id,
    /// For whom, or with which holds; none: for himself.
    pub members: Vec<Id>,
    /// What.
    pub ballot: Ballot,
}

/// Reveals sealed votes; anybody may who knows the salt.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reveal {
    /// On which proposal.
    pub proposal: Id,
    /// Who voted.
    pub voter: Id,
    /// For whom, or with which holds; none: for himself.
    pub members: Vec<Id>,
    /// What was sealed.
    pub ballot: Ballot,
    /// What it was sealed with.
    pub salt: [u8; 16],
}

fn check_members(members: &[Id]) -> Result<(), Status> {
    if members.len() > MEMBERS_MAX {
        return Err(TOO_MANY_MEMBERS);
    }
    let is_distinct = members.len() < 2 || members.iter().collect::<BTreeSet<_>>().len() == members.len();
    if is_distinct { Ok(()) } else { Err(INVALID_MEMBERS) }
}

/// Whom a vote is for.
fn members_of<'a>(members: &'a [Id], voter: &'a Id) -> &'a [Id] {
    if members.is_empty() { slice::from_ref(voter) } else { members }
}

fn touch_votes(proposal: Id, members: &[Id], voter: &Id, touched: &mut Vec<(Table, Id)>) {
    touched.push((Table::PROPOSALS, proposal));
    touched.extend(members_of(members, voter).iter().map(|member| (votes(proposal), *member)));
}

fn name_voters(proposal: Id, members: &[Id], voter: Id, accounts: &mut Vec<Id>) {
    accounts.extend([proposal, voter]);
    accounts.extend(members);
}

impl ProposalRecord {
    /// Refuses a ballot that is not a vote of the form.
    fn refuse_ballot(&self, ballot: &Ballot) -> Result<(), Status> {
        if ballot.fits(self.terms.form, self.options.len()) { Ok(()) } else { Err(WRONG_BALLOT) }
    }
}

impl Operate for Vote {
    fn check(&self) -> Result<(), Status> {
        check_members(&self.members)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_votes(self.proposal, &self.members, &self.voter, touched);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        name_voters(self.proposal, &self.members, self.voter, accounts);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut proposal = ProposalRecord::load(context, &self.proposal)?;
        context.authority(&self.voter, VOTE)?;
        proposal.refuse_closed()?;
        let time = context.time();
        if time < proposal.starts() {
            return Err(VOTING_NOT_STARTED.into());
        }
        if time >= proposal.ends {
            return Err(VOTING_CLOSED.into());
        }
        self.refuse_ballot(&proposal)?;
        if self.members.is_empty() && matches!(proposal.terms.electorate, Electorate::Backers { .. }) {
            return Err(NO_WEIGHT.into());
        }
        let had_quorum = proposal.has_quorum();
        for member in members_of(&self.members, &self.voter) {
            self.vote_for(member, &mut proposal, context)?;
        }
        if !had_quorum && proposal.has_quorum() {
            proposal.extend(time);
        }
        context.write_proposal(&self.proposal, proposal)?;
        Ok(Effect::Nothing)
    }
}

impl ProposalRecord {
    /// Who would have voted otherwise has the time for it when a quorum is reached at the last moment; once, though a
    /// quorum may be lost again where what backers have left weighs.
    fn extend(&mut self, time: u64) {
        let extension = self.terms.extension_ms;
        let was_extended = self.ends != self.starts().saturating_add(self.terms.voting_ms);
        if !was_extended && self.ends.saturating_sub(time) < extension {
            self.ends = time.saturating_add(extension);
        }
    }
}

impl Vote {
    fn refuse_ballot(&self, proposal: &ProposalRecord) -> Result<(), Status> {
        if proposal.terms.reveal_ms == 0 {
            return proposal.refuse_ballot(&self.ballot);
        }
        if self.ballot.is_sealed() { Ok(()) } else { Err(WRONG_BALLOT) }
    }

    /// Counts the vote of one member, in place of the one that stands.
    fn vote_for<R: Records>(
        &self,
        member: &Id,
        proposal: &mut ProposalRecord,
        context: &mut Context<'_, R>,
    ) -> Result<(), Halt<R::Error>> {
        let hold = backing_hold(member, proposal, context)?;
        let account = hold.as_ref().map_or(*member, |hold| hold.payer);
        if account == proposal.account {
            return Err(GOVERNED_ACCOUNT_ABSTAINS.into());
        }
        let hops = hops(context, &proposal.account, &account, &self.voter)?.ok_or(NOT_DELEGATED)?;
        let weight = if let Some(hold) = hold {
            left_in::<R>(&hold)?
        } else {
            let weight = proposal.terms.weight_of(context, proposal.snapshot, &account, proposal.opened)?;
            weight.ok_or(NOT_IN_ELECTORATE)?
        };
        if weight == 0 {
            return Err(NO_WEIGHT.into());
        }
        if let Some(standing) = context.read::<VoteRecord>(votes(self.proposal), member)? {
            if standing.hops < hops {
                return Err(OVERRIDDEN.into());
            }
            if standing.voter == self.voter && standing.ballot == self.ballot {
                return Err(VOTE_UNCHANGED.into());
            }
            proposal.count(context, &self.proposal, &standing.ballot, Change::TakeOff, standing.weight)?;
        }
        proposal.count(context, &self.proposal, &self.ballot, Change::Add, weight)?;
        let vote = VoteRecord { voter: self.voter, hops, weight, ballot: self.ballot.clone() };
        vote.write(context, self.proposal, *member)
    }
}

/// The hold with which a member votes, where those who back a group do.
fn backing_hold<R: Records>(
    member: &Id,
    proposal: &ProposalRecord,
    context: &mut Context<'_, R>,
) -> Result<Option<HoldRecord>, Halt<R::Error>> {
    let Electorate::Backers { group } = proposal.terms.electorate else { return Ok(None) };
    let hold = context.read::<HoldRecord>(HOLDS, member)?.filter(|hold| hold.group == Some(group));
    Ok(Some(hold.ok_or(NO_WEIGHT)?))
}

/// What was neither settled nor released of a hold.
fn left_in<R: Records>(hold: &HoldRecord) -> Result<u128, Halt<R::Error>> {
    let left = hold.amount.checked_sub(hold.settled).and_then(|left| left.checked_sub(hold.released));
    left.ok_or_else(|| Halt::corrupt::<R>("more of a hold was settled and released than was put in"))
}

impl Operate for Reveal {
    fn check(&self) -> Result<(), Status> {
        check_members(&self.members)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_votes(self.proposal, &self.members, &self.voter, touched);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        name_voters(self.proposal, &self.members, self.voter, accounts);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut proposal = ProposalRecord::load(context, &self.proposal)?;
        proposal.refuse_closed()?;
        let time = context.time();
        if time < proposal.ends || proposal.terms.reveal_ms == 0 {
            return Err(REVEAL_NOT_OPEN.into());
        }
        if time >= proposal.counted() {
            return Err(VOTING_CLOSED.into());
        }
        proposal.refuse_ballot(&self.ballot)?;
        let seal = Ballot::Sealed { hash: ballot_seal(&self.proposal, &self.voter, &self.salt, &self.ballot) };
        for member in members_of(&self.members, &self.voter) {
            let found = context.read::<VoteRecord>(votes(self.proposal), member)?;
            let sealed = found.filter(|vote| vote.ballot.is_sealed() && vote.voter == self.voter);
            let mut vote = sealed.ok_or(NOT_SEALED)?;
            if vote.ballot != seal {
                return Err(WRONG_SEAL.into());
            }
            vote.ballot = self.ballot.clone();
            proposal.count(context, &self.proposal, &vote.ballot, Change::Add, vote.weight)?;
            vote.write(context, self.proposal, *member)?;
        }
        context.write_proposal(&self.proposal, proposal)?;
        Ok(Effect::Nothing)
    }
}
