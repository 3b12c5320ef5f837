//! Ballots, and how they are counted.

use super::{OPTIONS_MAX, ProposalRecord};
use crate::amount::share;
use crate::apply::{Context, Halt};
use crate::id::{Id, record_id};
use crate::ops::governance::{Form, Weight};
use crate::state::{OwnId, Record, Records, Table, TableName, TableRecord};
use crate::wire::encode;
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;

/// How many shares a vote on one option has: yes, no, and neither.
pub(super) const SHARES: usize = 3;
/// The last of them.
const ABSTAIN: usize = 2;

/// The place of the last option that a ranking may have in its record id where it has none there.
const NO_OPTION: u8 = 0xff;

/// What a member votes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Ballot {
    /// How much of the weight is for, against and neither.
    Shares {
        /// Three of them, of their sum.
        shares: Vec<u64>,
    },
    /// What the member would have.
    Approve {
        /// Options, strictly ascending; none: the member abstains.
        options: Vec<u8>,
    },
    /// What the member would have, and what rather than what.
    Rank {
        /// Options, the best first; none: the member abstains.
        options: Vec<u8>,
    },
    /// What is revealed later.
    Sealed {
        /// The hash of it.
        hash: [u8; 32],
    },
}

impl Ballot {
    /// Whether it is sealed.
    pub fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed { .. })
    }

    /// Whether it is a vote of this form on so many options.
    pub(super) fn fits(&self, form: Form, options: usize) -> bool {
        let are_options = |named: &[u8]| named.iter().all(|option| usize::from(*option) < options);
        match (form, self) {
            (Form::YesNo, Self::Shares { shares }) => shares.len() == SHARES && sum(shares).is_some_and(|sum| sum > 0),
            (Form::Approval, Self::Approve { options }) => {
                options.is_sorted_by(|left, right| left < right) && are_options(options)
            }
            (Form::Ranked { ranks_max }, Self::Rank { options }) => {
                options.len() <= usize::from(ranks_max) && are_distinct(options) && are_options(options)
            }
            (Form::YesNo | Form::Approval | Form::Ranked { .. }, _) => false,
        }
    }

    /// The ranking that it names.
    fn ranking(&self) -> Option<&[u8]> {
        match self {
            Self::Rank { options } if !options.is_empty() => Some(options),
            Self::Rank { .. } | Self::Shares { .. } | Self::Approve { .. } | Self::Sealed { .. } => None,
        }
    }
}

fn sum(shares: &[u64]) -> Option<u64> {
    shares.iter().try_fold(0u64, |sum, share| sum.checked_add(*share))
}

fn are_distinct(options: &[u8]) -> bool {
    options.iter().collect::<BTreeSet<_>>().len() == options.len()
}

/// How much weight ranks the options like this.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ranking {
    /// Options, the best first.
    pub options: Vec<u8>,
    /// The weight.
    pub weight: u128,
}

impl Ranking {
    /// Whether there can be such a ranking of a proposal.
    pub(super) fn is_possible(&self) -> bool {
        (1..=OPTIONS_MAX).contains(&self.options.len()) && are_distinct(&self.options) && self.weight > 0
    }
}

/// A ranking of a proposal's options. How much weight it has is its sum.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RankingRecord {
    /// Options, the best first.
    pub options: Vec<u8>,
}

impl RankingRecord {
    /// Its record id; nothing for more options than there are.
    pub fn id(proposal: &Id, options: &[u8]) -> Option<Id> {
        let mut padded = [NO_OPTION; OPTIONS_MAX];
        padded.get_mut(..options.len())?.copy_from_slice(options);
        Some(record_id("ranking", &[proposal.as_ref(), &padded]))
    }

    /// How much weight a ranking has.
    pub(super) fn weight<R: Records>(
        context: &mut Context<'_, R>,
        proposal: &Id,
        options: &[u8],
    ) -> Result<u128, Halt<R::Error>> {
        let Some(id) = Self::id(proposal, options) else { return Ok(0) };
        Ok(context.record(&rankings(*proposal), &id)?.map_or(0, |record| record.sum))
    }

    /// Gives a ranking another weight.
    fn change<R: Records>(
        context: &mut Context<'_, R>,
        proposal: &Id,
        options: &[u8],
        change: Change,
        weight: u128,
    ) -> Result<(), Halt<R::Error>> {
        let before = Self::weight(context, proposal, options)?;
        let (Some(id), Some(sum)) = (Self::id(proposal, options), change.of(before, weight)) else {
            return Err(wrong_tally::<R>());
        };
        let record = (sum > 0).then(|| Record { sum, value: encode(&Self { options: options.to_vec() }) });
        context.set_record(rankings(*proposal), id, record)
    }
}

impl TableRecord for RankingRecord {
    fn own_id(&self, table_key: Option<&Id>) -> OwnId {
        table_key.and_then(|proposal| Self::id(proposal, &self.options)).map_or(OwnId::Impossible, OwnId::Is)
    }

    fn check_sum(&self, sum: u128) -> Result<(), &'static str> {
        if sum == 0 { Err("1 or more") } else { Ok(()) }
    }
}

fn rankings(proposal: Id) -> Table {
    Table::keyed(TableName::Rankings, proposal)
}

/// Whether a vote is counted, or counted no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    TakeOff,
}

impl Change {
    /// A total after the change; nothing where it would not be one.
    fn of(self, total: u128, weight: u128) -> Option<u128> {
        match self {
            Self::Add => total.checked_add(weight),
            Self::TakeOff => total.checked_sub(weight),
        }
    }
}

impl ProposalRecord {
    /// Counts a vote, or counts it no more. A sealed one counts nothing.
    pub(super) fn count<R: Records>(
        &mut self,
        context: &mut Context<'_, R>,
        id: &Id,
        ballot: &Ballot,
        change: Change,
        weight: u128,
    ) -> Result<(), Halt<R::Error>> {
        self.tally(ballot, change, weight).ok_or_else(wrong_tally::<R>)?;
        match ballot.ranking() {
            Some(options) => RankingRecord::change(context, id, options, change, weight),
            None => Ok(()),
        }
    }

    /// The counts of [`Self::count`] that are the record's own; nothing where a total would not be one.
    fn tally(&mut self, ballot: &Ballot, change: Change, weight: u128) -> Option<()> {
        match ballot {
            Ballot::Sealed { .. } => return Some(()),
            Ballot::Shares { shares } => self.tally_shares(shares, change, weight)?,
            Ballot::Approve { options } => self.tally_options(options, options, change, weight)?,
            Ballot::Rank { options } => {
                self.tally_options(options, options.get(..1).unwrap_or_default(), change, weight)?;
            }
        }
        // The quorum of a rule that weighs roots counts members: nobody knows the sum of all roots.
        let cast = if self.terms.weight == Weight::Root { 1 } else { weight };
        self.cast = change.of(self.cast, cast)?;
        self.voters = u64::try_from(change.of(self.voters.into(), 1)?).ok()?;
        Some(())
    }

    /// Each choice gets its part; what the parts leave over is the greatest share's, of equals the first one's.
    fn tally_shares(&mut self, shares: &[u64], change: Change, weight: u128) -> Option<()> {
        let whole = sum(shares)?;
        let part_of = |part: &u64| share(weight, *part, whole);
        let left_over = shares.iter().map(part_of).try_fold(weight, u128::checked_sub)?;
        // Of a vote that weighs 1 what is left over is all.
        let greatest = shares.iter().max()?;
        let first = shares.iter().position(|share| share == greatest)?;
        for (choice, part) in shares.iter().enumerate() {
            let extra = if choice == first { left_over } else { 0 };
            let part = part_of(part).checked_add(extra)?;
            let count = self.counts.get_mut(choice)?;
            *count = change.of(*count, part)?;
            if choice != ABSTAIN {
                self.decided = change.of(self.decided, part)?;
            }
        }
        Some(())
    }

    /// Of the options named some get all of the weight; where none is named, abstaining does.
    fn tally_options(&mut self, named: &[u8], counted: &[u8], change: Change, weight: u128) -> Option<()> {
        if named.is_empty() {
            let abstentions = self.counts.last_mut()?;
            *abstentions = change.of(*abstentions, weight)?;
            return Some(());
        }
        for option in counted {
            let count = self.counts.get_mut(usize::from(*option))?;
            *count = change.of(*count, weight)?;
        }
        self.decided = change.of(self.decided, weight)?;
        Some(())
    }

    /// What a vote of this form would have, and with what count, as it stands now; whether that is enough is another
    /// question. The rankings are all that there are.
    pub(super) fn leader(&self, rankings: &[Ranking]) -> Option<(u8, u128)> {
        match self.terms.form {
            Form::YesNo => Some((0, *self.counts.first()?)),
            Form::Approval => {
                let (_, options) = self.counts.split_last()?;
                let most = *options.iter().max()?;
                let first = options.iter().position(|count| *count == most)?;
                Some((u8::try_from(first).ok()?, most))
            }
            Form::Ranked { .. } if rankings.is_empty() => None,
            Form::Ranked { .. } => run_off(self.options.len(), rankings),
        }
    }
}

fn wrong_tally<R: Records>() -> Halt<R::Error> {
    Halt::corrupt::<R>("a proposal's tally contradicts its votes")
}

/// The winner of an instant run-off and its count in the last round. Nobody of no options; nobody where the weights add
/// up to 2^128 or more, which those of a proposal do not.
fn run_off(options: usize, rankings: &[Ranking]) -> Option<(u8, u128)> {
    let mut standing: Vec<bool> = vec![true; options];
    // Each round strikes one option out.
    for left in (1..=options).rev() {
        let counts = count_round(&standing, rankings)?;
        let total = counts.iter().try_fold(0u128, |total, count| total.checked_add(*count))?;
        let still = |option: &usize| standing.get(*option).copied().unwrap_or(false);
        let in_order = || counts.iter().copied().enumerate().filter(|(option, _)| still(option));
        // More than the half, whether or not that is a whole number.
        let winner = in_order().find(|(_, count)| left == 1 || *count > total / 2);
        if let Some((option, count)) = winner {
            return Some((u8::try_from(option).ok()?, count));
        }
        let least = in_order().map(|(_, count)| count).min()?;
        // Of equals the one that was named last.
        let (struck, _) = in_order().rfind(|(_, count)| *count == least)?;
        *standing.get_mut(struck)? = false;
    }
    None
}

/// How much weight each option has in a round: a ranking counts for its first option that still stands.
fn count_round(standing: &[bool], rankings: &[Ranking]) -> Option<Vec<u128>> {
    let mut counts = vec![0u128; standing.len()];
    for Ranking { options, weight } in rankings {
        let stands = |option: &usize| standing.get(*option).copied().unwrap_or(false);
        if let Some(first) = options.iter().map(|option| usize::from(*option)).find(stands) {
            let count = counts.get_mut(first)?;
            *count = count.checked_add(*weight)?;
        }
    }
    Some(counts)
}

/// How many rankings there may be of so many options where a ballot names at most so many.
pub(super) fn count_rankings(options: usize, ranks_max: u8) -> usize {
    let (mut all, mut of_length) = (1usize, 1usize);
    for ranks in 0..options.min(ranks_max.into()) {
        of_length = of_length.saturating_mul(options.saturating_sub(ranks));
        all = all.saturating_add(of_length);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::governance::test_support::proposal;

    const RANKED: Form = Form::Ranked { ranks_max: 16 };

    fn rankings(of: &[(&[u8], u128)]) -> Vec<Ranking> {
        of.iter().map(|(options, weight)| Ranking { options: options.to_vec(), weight: *weight }).collect()
    }

    fn shares(of: [u64; 3]) -> Ballot {
        Ballot::Shares { shares: of.to_vec() }
    }

    fn approve(options: &[u8]) -> Ballot {
        Ballot::Approve { options: options.to_vec() }
    }

    fn rank(options: &[u8]) -> Ballot {
        Ballot::Rank { options: options.to_vec() }
    }

    #[test]
    fn whoever_has_more_than_half_wins_at_once() {
        assert_eq!(run_off(3, &rankings(&[(&[0, 2], 2), (&[1], 5), (&[2], 2)])), Some((1, 5)));
        assert_eq!(run_off(2, &rankings(&[(&[1], u128::MAX)])), Some((1, u128::MAX)));
    }

    #[test]
    fn half_is_not_more_than_half() {
        // Of equals the one named last goes: 2 has none, then 1.
        assert_eq!(run_off(3, &rankings(&[(&[0], 3), (&[1], 3)])), Some((0, 3)));
        assert_eq!(run_off(2, &rankings(&[(&[0], 2), (&[1], 3)])), Some((1, 3)));
    }

    #[test]
    fn the_least_is_struck_out_and_its_rankings_pass_on() {
        let votes = rankings(&[(&[0], 8), (&[1, 2, 0], 5), (&[2, 1], 4)]);
        assert_eq!(run_off(3, &votes), Some((1, 9)));
        // What passes on passes over those that were struck out before.
        let votes = rankings(&[(&[0], 8), (&[1], 5), (&[2, 3, 1], 1), (&[3, 2, 1], 3)]);
        assert_eq!(run_off(4, &votes), Some((1, 9)));
    }

    #[test]
    fn of_equals_the_one_named_last_is_struck_out() {
        let votes = rankings(&[(&[0], 4), (&[1, 0], 3), (&[2, 1], 3)]);
        assert_eq!(run_off(3, &votes), Some((1, 6)));
        let votes = rankings(&[(&[0, 1], 1), (&[1, 2], 1), (&[2, 0], 1)]);
        assert_eq!(run_off(3, &votes), Some((0, 2)));
        assert_eq!(run_off(4, &rankings(&[(&[2], 1), (&[3], 1)])), Some((2, 1)));
    }

    #[test]
    fn a_ranking_with_none_left_counts_for_nobody() {
        // 2 is struck out with nothing behind it: 4 of 7 are more than the half then.
        let votes = rankings(&[(&[0], 4), (&[1], 3), (&[2], 2)]);
        assert_eq!(run_off(3, &votes), Some((0, 4)));
        // The last one standing wins even where nobody named it.
        assert_eq!(run_off(1, &rankings(&[])), Some((0, 0)));
        assert_eq!(run_off(0, &rankings(&[])), None);
        assert_eq!(proposal(RANKED, 3).leader(&[]), None);
    }

    #[test]
    fn as_many_rankings_are_possible_as_are_counted() {
        assert_eq!(count_rankings(6, 16), crate::ops::governance::RANKINGS_MAX);
        assert_eq!(count_rankings(6, 5), 1_237);
        assert_eq!(count_rankings(7, 16), 13_700);
        assert_eq!(count_rankings(7, 4), 1 + 7 + 42 + 210 + 840);
        assert_eq!(count_rankings(16, 2), 257);
        assert_eq!(count_rankings(13, 3), 1_886);
        assert_eq!(count_rankings(2, 1), 3);
        assert_eq!(count_rankings(16, 16), 56_874_039_553_217);
    }

    #[test]
    fn ballots_fit_their_form() {
        let fits = |ballot: Ballot, form| ballot.fits(form, 3);
        assert!(fits(shares([1, 0, 0]), Form::YesNo) && fits(shares([u64::MAX, 0, 0]), Form::YesNo));
        assert!(!fits(shares([0, 0, 0]), Form::YesNo) && !fits(shares([u64::MAX, 1, 0]), Form::YesNo));
        assert!(!fits(Ballot::Shares { shares: vec![1, 2] }, Form::YesNo));
        assert!(fits(approve(&[]), Form::Approval) && fits(approve(&[0, 2]), Form::Approval));
        assert!(!fits(approve(&[2, 0]), Form::Approval) && !fits(approve(&[0, 0]), Form::Approval));
        assert!(!fits(approve(&[3]), Form::Approval));
        let two = Form::Ranked { ranks_max: 2 };
        assert!(fits(rank(&[]), two) && fits(rank(&[2, 0]), two));
        assert!(!fits(rank(&[0, 1, 2]), two) && !fits(rank(&[1, 1]), two) && !fits(rank(&[3]), two));
        for form in [Form::YesNo, Form::Approval, two] {
            assert!(!fits(Ballot::Sealed { hash: [0; 32] }, form));
        }
        assert!(!fits(rank(&[0]), Form::Approval) && !fits(approve(&[0]), two) && !fits(approve(&[0]), Form::YesNo));
    }

    #[test]
    fn shares_are_parts_of_the_weight() {
        let mut proposal = proposal(Form::YesNo, 1);
        proposal.tally(&shares([1, 1, 1]), Change::Add, 11).unwrap();
        // 3 each, and of equals what is left over is the first one's.
        assert_eq!((&proposal.counts[..], proposal.decided, proposal.cast), (&[5, 3, 3][..], 8, 11));
        proposal.tally(&shares([0, 2, 1]), Change::Add, 2).unwrap();
        assert_eq!((&proposal.counts[..], proposal.decided, proposal.cast), (&[5, 5, 3][..], 10, 13));
        proposal.tally(&shares([0, 0, 7]), Change::Add, 5).unwrap();
        assert_eq!((&proposal.counts[..], proposal.decided, proposal.voters), (&[5, 5, 8][..], 10, 3));
        proposal.tally(&shares([1, 99, 0]), Change::Add, 1).unwrap();
        assert_eq!((&proposal.counts[..], proposal.decided), (&[5, 6, 8][..], 11));
        proposal.tally(&shares([1, 99, 0]), Change::TakeOff, 1).unwrap();
        proposal.tally(&shares([u64::MAX, 0, 0]), Change::Add, u128::MAX - 18).unwrap();
        assert_eq!(proposal.counts[0], u128::MAX - 13);
        assert_eq!(proposal.tally(&shares([1, 0, 0]), Change::Add, 1), None);
    }

    #[test]
    fn what_is_taken_off_is_what_was_added() {
        let ballots = [shares([3, 5, 7]), shares([0, 1, 2]), shares([0, 0, 1])];
        let mut of_shares = proposal(Form::YesNo, 1);
        let options = [approve(&[]), approve(&[0, 2]), rank(&[]), rank(&[2, 1])];
        let mut of_options = proposal(RANKED, 3);
        let (no_shares, no_options) = (of_shares.clone(), of_options.clone());
        for change in [Change::Add, Change::TakeOff] {
            for weight in [1, 11, 1_000_003] {
                for ballot in &ballots {
                    of_shares.tally(ballot, change, weight).unwrap();
                }
                for ballot in &options {
                    of_options.tally(ballot, change, weight).unwrap();
                }
            }
        }
        assert_eq!((of_shares, of_options), (no_shares, no_options));
    }

    #[test]
    fn options_get_the_weight_and_none_is_to_abstain() {
        let mut approval = proposal(Form::Approval, 2);
        approval.tally(&approve(&[0, 1]), Change::Add, 3).unwrap();
        approval.tally(&approve(&[1]), Change::Add, 1).unwrap();
        approval.tally(&approve(&[]), Change::Add, 9).unwrap();
        assert_eq!((&approval.counts[..], approval.decided, approval.cast), (&[3, 4, 9][..], 4, 13));
        assert_eq!(approval.leader(&[]), Some((1, 4)));
        approval.tally(&approve(&[0]), Change::Add, 1).unwrap();
        assert_eq!(approval.leader(&[]), Some((0, 4)), "of equals the first");
        let mut ranked = proposal(RANKED, 2);
        ranked.tally(&rank(&[1, 0]), Change::Add, 3).unwrap();
        ranked.tally(&rank(&[]), Change::Add, 4).unwrap();
        assert_eq!((&ranked.counts[..], ranked.decided, ranked.voters), (&[0, 3, 4][..], 3, 2));
        let sealed = ranked.clone();
        ranked.tally(&Ballot::Sealed { hash: [1; 32] }, Change::Add, 5).unwrap();
        assert_eq!(ranked, sealed);
    }

    #[test]
    fn the_quorum_of_roots_counts_members() {
        let mut proposal = proposal(Form::YesNo, 1);
        proposal.terms.weight = Weight::Root;
        proposal.tally(&shares([1, 0, 0]), Change::Add, 25).unwrap();
        assert_eq!((proposal.cast, proposal.decided, proposal.counts[0]), (1, 25, 25));
    }

    #[test]
    fn a_root_is_rounded_down() {
        for (units, root) in [(0, 0), (1, 1), (3, 1), (4, 2), (8, 2), (9, 3)] {
            assert_eq!(u128::isqrt(units), root);
        }
        let most = u128::from(u64::MAX);
        assert_eq!((u128::MAX.isqrt(), (most * most).isqrt(), (most * most - 1).isqrt()), (most, most, most - 1));
        // A float has 53 bits, and would be wrong here.
        let above = (1u128 << 60) + 1;
        assert_eq!(((above * above).isqrt(), (above * above - 1).isqrt()), (above, above - 1));
    }

    #[test]
    fn a_ranking_has_an_id_of_its_own() {
        let proposal = Id([1; 32]);
        let ids: BTreeSet<_> =
            [&[][..], &[0], &[0, 1], &[1, 0], &[0, 15]].map(|of| RankingRecord::id(&proposal, of)).into();
        assert_eq!(ids.len(), 5);
        assert!(RankingRecord::id(&proposal, &[0; 16]).is_some());
        assert_eq!(RankingRecord::id(&proposal, &[0; 17]), None);
        assert_eq!(RankingRecord { options: vec![0; 17] }.own_id(Some(&proposal)), OwnId::Impossible);
        assert_eq!(RankingRecord { options: vec![0] }.own_id(None), OwnId::Impossible);
    }
}
