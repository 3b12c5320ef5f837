//! governance (family 7): set constitution, propose, vote, reveal, delegate, veto, cancel, conclude, execute.
//!
//! A constitution says what an account's keys may not do by themselves, and by which rules those who have a say may.
//! They vote on proposals; the actions of one that passed are done in the account's name.

mod actions;
mod constitution;
mod delegation;
mod outcome;
mod proposal;
mod tally;
#[cfg(test)]
mod test_support;
mod vote;

pub use actions::Actions;
pub use constitution::{
    Article, Constitution, ConstitutionRecord, Deposit, Electorate, Form, Rule, SetConstitution, Weight,
};
pub use delegation::{Delegate, DelegationRecord};
pub use outcome::{Cancel, Conclude, Execute, ResolutionRecord, Veto};
pub use proposal::{ProposalRecord, Propose, State};
pub use tally::{Ballot, Ranking, RankingRecord};
pub use vote::{Reveal, Vote, VoteRecord, ballot_seal};

pub(super) use outcome::RESOLUTIONS;

use crate::status::statuses;

statuses! { 7;
    /// A rule that contradicts itself or is out of its bounds, or more than 8.
    INVALID_RULE = 0x01 "invalid_rule";
    /// Over 16 articles, one that lists no, unknown or another's operations, or keys that may change the constitution.
    INVALID_ARTICLE = 0x02 "invalid_article";
    /// Not as many options as the rule's form asks for, or more rankings of them than are counted.
    INVALID_OPTIONS = 0x03 "invalid_options";
    /// More than 32 actions in an option.
    TOO_MANY_ACTIONS = 0x04 "too_many_actions";
    /// More than 500 members.
    TOO_MANY_MEMBERS = 0x05 "too_many_members";
    /// A member twice.
    INVALID_MEMBERS = 0x06 "invalid_members";
    /// Nobody votes for himself by delegation.
    DELEGATE_TO_SELF = 0x07 "delegate_to_self";
    /// Over 1,957 rankings, not strictly ascending, or one that is empty, has an option twice or weighs nothing.
    INVALID_RANKINGS = 0x08 "invalid_rankings";
    /// Only an account whose keys are set can have a constitution.
    ACCOUNT_WITHOUT_RECORD = 0x09 "account_without_record";
    /// The account has no constitution.
    NO_CONSTITUTION = 0x0a "no_constitution";
    /// The constitution has no such rule.
    UNKNOWN_RULE = 0x0b "unknown_rule";
    /// The proposer made a proposal with this salt.
    PROPOSAL_EXISTS = 0x0c "proposal_exists";
    /// Nobody could vote.
    NO_ELECTORATE = 0x0d "no_electorate";
    /// The proposer has less weight than the rule asks for.
    PROPOSER_WEIGHT_TOO_LOW = 0x0e "proposer_weight_too_low";
    /// There is no such proposal.
    UNKNOWN_PROPOSAL = 0x0f "unknown_proposal";
    /// It was decided, cancelled or vetoed.
    PROPOSAL_CLOSED = 0x10 "proposal_closed";
    /// Votes are not taken yet.
    VOTING_NOT_STARTED = 0x11 "voting_not_started" transient;
    /// Votes are taken no more.
    VOTING_CLOSED = 0x12 "voting_closed";
    /// A ballot of another form, or one that names what is no option.
    WRONG_BALLOT = 0x13 "wrong_ballot";
    /// The account that is governed has no vote.
    GOVERNED_ACCOUNT_ABSTAINS = 0x14 "governed_account_abstains";
    /// No delegations lead from the member to the voter.
    NOT_DELEGATED = 0x15 "not_delegated";
    /// The account was no member when the proposal was made.
    NOT_IN_ELECTORATE = 0x16 "not_in_electorate";
    /// The vote would weigh nothing.
    NO_WEIGHT = 0x17 "no_weight";
    /// The member, or a delegate nearer to it, voted.
    OVERRIDDEN = 0x18 "overridden";
    /// The same vote stands already.
    VOTE_UNCHANGED = 0x19 "vote_unchanged";
    /// Votes are not revealed yet, or never.
    REVEAL_NOT_OPEN = 0x1a "reveal_not_open" transient;
    /// There is no sealed vote of this member by this voter.
    NOT_SEALED = 0x1b "not_sealed";
    /// Another ballot or salt was sealed.
    WRONG_SEAL = 0x1c "wrong_seal";
    /// There is no delegation to revoke.
    NO_DELEGATION = 0x1d "no_delegation";
    /// The delegations would lead back to the delegator.
    DELEGATION_CYCLE = 0x1e "delegation_cycle";
    /// More delegations than are followed lie ahead.
    DELEGATION_TOO_DEEP = 0x1f "delegation_too_deep";
    /// The rule has no guardian.
    NO_GUARDIAN = 0x20 "no_guardian";
    /// The proposal is due: no veto stops it any more.
    VETO_TOO_LATE = 0x21 "veto_too_late";
    /// Only before votes are taken can the proposer cancel.
    VOTING_STARTED = 0x22 "voting_started";
    /// The proposal cannot be concluded yet.
    NOT_DUE = 0x23 "not_due" transient;
    /// The rankings are not those that were counted.
    WRONG_RANKINGS = 0x24 "wrong_rankings";
    /// The proposal was not concluded yet.
    NOT_CONCLUDED = 0x25 "not_concluded" transient;
    /// The proposal did not pass.
    NOT_PASSED = 0x26 "not_passed";
    /// Its actions were done before.
    ALREADY_EXECUTED = 0x27 "already_executed";
    /// The time in which it could be executed is over.
    PROPOSAL_LAPSED = 0x28 "proposal_lapsed";
    /// The account has another constitution than the one by which the proposal passed.
    CONSTITUTION_CHANGED = 0x29 "constitution_changed";
    /// Other actions passed.
    WRONG_ACTIONS = 0x2a "wrong_actions";
}

const FAMILY: u8 = 7;
const SET_CONSTITUTION: u8 = 0x70;
const PROPOSE: u8 = 0x71;
const VOTE: u8 = 0x72;
const DELEGATE: u8 = 0x74;
const VETO: u8 = 0x75;
const CANCEL: u8 = 0x76;
const EXECUTE: u8 = 0x78;

/// The version of the records of constitutions and of proposals.
const VERSION: u8 = 1;

const ACTIONS_MAX: usize = 32;
const OPTIONS_MAX: usize = 16;
/// How many rankings of a proposal's options there may be: those of six options, ranked as far as one likes.
const RANKINGS_MAX: usize = 1_957;
