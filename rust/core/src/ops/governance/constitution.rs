//! Constitutions: what an account's keys may not do by themselves, and by which rules proposals may.

use super::{ACCOUNT_WITHOUT_RECORD, INVALID_ARTICLE, INVALID_RULE, NO_CONSTITUTION, SET_CONSTITUTION, VERSION};
use crate::amount::{AMOUNT_MAX, BPS_ALL};
use crate::apply::{Context, Halt};
use crate::id::{Id, sha256};
use crate::ops::attest::electorate_schema;
use crate::ops::{Operate, operation_info};
use crate::state::{AccountRecord, Records, Table, TableRecord};
use crate::status::{CONSTITUTION_FORBIDS, NEEDS_PROPOSAL, Status, WRONG_RULE};
use crate::wire::{Effect, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;

const RULES_MAX: usize = 8;
const ARTICLES_MAX: usize = 16;
const RANKS_MAX: u8 = 16;
/// The longest time of a rule: 366 days, in ms.
const RULE_MS_MAX: u64 = 366 * 86_400_000;
/// How long after its end a vote can be counted again from the snapshot: 7 days, in ms.
pub(super) const RECOUNT_MS: u64 = 7 * 86_400_000;
/// As many snapshots of an asset as one rule may need at once, but for the one that is taken next.
const SNAPSHOTS_BEFORE: u64 = 31;

/// Who may do which operations in an account's name.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Constitution {
    /// How proposals pass.
    pub rules: Vec<Rule>,
    /// What is not the keys' alone.
    pub articles: Vec<Article>,
}

/// Who may do these operations.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Article {
    /// Tags of operations, strictly ascending.
    pub operations: Vec<u8>,
    /// Whether the account's keys may.
    pub keys: bool,
    /// Proposals under which rules may, strictly ascending.
    pub rules: Vec<u8>,
}

/// How a proposal passes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rule {
    /// Who votes.
    pub electorate: Electorate,
    /// What a vote weighs.
    pub weight: Weight,
    /// What is voted on.
    pub form: Form,
    /// How many of 10,000 parts of the electorate must vote.
    pub quorum_bps: u16,
    /// How many of 10,000 parts of the electorate must be for it.
    pub support_bps: u16,
    /// More than how many of 10,000 parts of what was decided must be for it.
    pub threshold_bps: u16,
    /// How long a proposal waits before votes are taken, ms.
    pub delay_ms: u64,
    /// How long votes are taken, ms.
    pub voting_ms: u64,
    /// How long votes are taken at least once the quorum is reached, ms.
    pub extension_ms: u64,
    /// How long sealed votes may be revealed; 0 where votes are open, ms.
    pub reveal_ms: u64,
    /// How long what passed waits, ms.
    pub timelock_ms: u64,
    /// How long it may be executed, ms.
    pub execution_ms: u64,
    /// How old a snapshot may be that a proposal takes, ms.
    pub snapshot_ms: u64,
    /// The least weight of a proposer.
    pub proposer_weight: u128,
    /// Who may veto.
    pub guardian: Option<Id>,
    /// What a proposer leaves as a deposit.
    pub deposit: Option<Deposit>,
}

/// Who votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Electorate {
    /// Those who hold an asset.
    Holders {
        /// Which asset.
        asset: Id,
    },
    /// Those who were attested.
    Members {
        /// By which schema.
        schema: Id,
        /// By whom.
        issuer: Id,
    },
    /// Those who were attested, with what they hold.
    MemberHolders {
        /// Which asset.
        asset: Id,
        /// By which schema.
        schema: Id,
        /// By whom.
        issuer: Id,
    },
    /// Those who have holds in a group.
    Backers {
        /// Which group.
        group: Id,
    },
}

impl Electorate {
    /// The asset whose snapshot tells what votes weigh.
    pub(super) fn asset(&self) -> Option<Id> {
        match self {
            Self::Holders { asset } | Self::MemberHolders { asset, .. } => Some(*asset),
            Self::Members { .. } | Self::Backers { .. } => None,
        }
    }

    /// The schema and the issuer by which members are attested.
    pub(super) fn schema(&self) -> Option<(Id, Id)> {
        match self {
            Self::Members { schema, issuer } | Self::MemberHolders { schema, issuer, .. } => Some((*schema, *issuer)),
            Self::Holders { .. } | Self::Backers { .. } => None,
        }
    }
}

/// What a vote weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Weight {
    /// The units.
    Units,
    /// One for each member.
    Member,
    /// The square root of the units, rounded down.
    Root,
}

/// What is voted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Form {
    /// One option: yes, no, or neither.
    YesNo,
    /// Any of the options.
    Approval,
    /// The options in the order in which one likes them.
    Ranked {
        /// How many options a ballot names at most.
        ranks_max: u8,
    },
}

/// What a proposer loses where the quorum is not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deposit {
    /// Units of this asset.
    pub asset: Id,
    /// How many.
    pub amount: u128,
}

impl Rule {
    /// Its hash, by which conditions name it.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&encode(self)]).0
    }

    fn is_possible(&self) -> bool {
        let are_ranks_possible = match self.form {
            Form::Ranked { ranks_max } => (1..=RANKS_MAX).contains(&ranks_max),
            Form::YesNo | Form::Approval => true,
        };
        let is_deposit_possible = self.deposit.is_none_or(|deposit| (1..=AMOUNT_MAX).contains(&deposit.amount));
        are_ranks_possible
            && is_deposit_possible
            && self.weighs_what_there_is()
            && self.has_possible_shares()
            && self.has_possible_times()
    }

    fn weighs_what_there_is(&self) -> bool {
        match self.electorate {
            Electorate::Holders { .. } | Electorate::Backers { .. } => self.weight == Weight::Units,
            Electorate::Members { .. } => self.weight == Weight::Member,
            Electorate::MemberHolders { .. } => true,
        }
    }

    fn has_possible_shares(&self) -> bool {
        let [quorum, support, threshold] = [self.quorum_bps, self.support_bps, self.threshold_bps];
        // Nobody knows the sum of all roots, so no part of it can be asked for.
        let is_support_known = self.weight != Weight::Root || support == 0;
        quorum <= BPS_ALL && support <= BPS_ALL && threshold < BPS_ALL && is_support_known
    }

    fn has_possible_times(&self) -> bool {
        let Self { delay_ms, voting_ms, extension_ms, reveal_ms, timelock_ms, execution_ms, snapshot_ms, .. } = self;
        let all = [delay_ms, voting_ms, extension_ms, reveal_ms, timelock_ms, execution_ms, snapshot_ms];
        // Until sealed votes are revealed nobody knows whether the quorum is reached.
        let are_apart = *reveal_ms == 0 || *extension_ms == 0;
        all.iter().all(|ms| **ms <= RULE_MS_MAX)
            && *voting_ms > 0
            && *execution_ms > 0
            && are_apart
            && self.needs_few_snapshots()
    }

    /// Whether the snapshots that its proposals need at once are few.
    fn needs_few_snapshots(&self) -> bool {
        if self.electorate.asset().is_none() {
            return self.snapshot_ms == 0;
        }
        let needed = self.snapshot_needed_ms().saturating_add(self.delay_ms);
        self.snapshot_ms.saturating_mul(SNAPSHOTS_BEFORE) >= needed
    }

    /// How long after the start of the voting a snapshot is needed, ms.
    pub(super) fn snapshot_needed_ms(&self) -> u64 {
        let times = [self.voting_ms, self.extension_ms, self.reveal_ms, RECOUNT_MS];
        times.into_iter().fold(0, u64::saturating_add)
    }
}

impl Constitution {
    /// Its hash.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&encode(self)]).0
    }

    /// The article that lists an operation.
    fn article(&self, tag: u8) -> Option<&Article> {
        self.articles.iter().find(|article| article.operations.contains(&tag))
    }

    /// Refuses what it does not leave to the account's keys.
    pub(crate) fn refuse_keys(&self, tag: u8) -> Result<(), Status> {
        match self.article(tag) {
            Some(article) if !article.keys => Err(article.refusal_of_keys()),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses what it does not leave to proposals under a rule.
    pub(crate) fn refuse_rule(&self, rule: u8, tag: u8) -> Result<(), Status> {
        match self.article(tag) {
            Some(article) if article.rules.contains(&rule) => Ok(()),
            Some(article) if !article.keys && article.rules.is_empty() => Err(CONSTITUTION_FORBIDS),
            Some(_) | None => Err(WRONG_RULE),
        }
    }

    fn check(&self) -> Result<(), Status> {
        if self.rules.len() > RULES_MAX || !self.rules.iter().all(Rule::is_possible) {
            return Err(INVALID_RULE);
        }
        let mut listed = BTreeSet::new();
        let are_distinct = self.articles.iter().flat_map(|article| &article.operations).all(|tag| listed.insert(*tag));
        let are_possible = self.articles.iter().all(|article| article.is_possible(self.rules.len()));
        // A constitution that keys change binds nobody.
        let binds = self.article(SET_CONSTITUTION).is_some_and(|article| !article.keys);
        if self.articles.len() <= ARTICLES_MAX && are_distinct && are_possible && binds {
            Ok(())
        } else {
            Err(INVALID_ARTICLE)
        }
    }
}

impl Article {
    fn refusal_of_keys(&self) -> Status {
        if self.rules.is_empty() { CONSTITUTION_FORBIDS } else { NEEDS_PROPOSAL }
    }

    fn is_possible(&self, rules: usize) -> bool {
        let is_ascending = |list: &[u8]| list.is_sorted_by(|left, right| left < right);
        !self.operations.is_empty()
            && is_ascending(&self.operations)
            && self.operations.iter().all(|tag| operation_info(*tag).is_some())
            && is_ascending(&self.rules)
            && self.rules.iter().all(|rule| usize::from(*rule) < rules)
    }
}

/// The constitution of an account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ConstitutionRecord {
    /// 1.
    pub version: u8,
    /// Since when, ms.
    pub since: u64,
    /// It.
    pub constitution: Constitution,
}

impl TableRecord for ConstitutionRecord {
    const VERSION: Option<u8> = Some(VERSION);
}

/// Gives an account a constitution, replaces it or (without one) dissolves it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetConstitution {
    /// Whose.
    pub account: Id,
    /// It; none dissolves the one that is there.
    pub constitution: Option<Constitution>,
}

impl Operate for SetConstitution {
    fn check(&self) -> Result<(), Status> {
        self.constitution.as_ref().map_or(Ok(()), Constitution::check)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.extend([(Table::ACCOUNTS, self.account), (Table::CONSTITUTIONS, self.account)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.account);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.account, SET_CONSTITUTION)?;
        let keyed = match context.account(&self.account)? {
            Some(AccountRecord::Keyed(keyed) | AccountRecord::Governed(keyed)) => keyed,
            // An alias has no keys of its own that a constitution could leave anything to.
            Some(AccountRecord::Programme { .. } | AccountRecord::Alias { .. }) | None => {
                return Err(ACCOUNT_WITHOUT_RECORD.into());
            }
        };
        let Some(constitution) = &self.constitution else {
            context.remove(Table::CONSTITUTIONS, self.account)?.ok_or(NO_CONSTITUTION)?;
            context.write(Table::ACCOUNTS, self.account, &AccountRecord::Keyed(keyed))?;
            return Ok(Effect::Nothing);
        };
        for rule in &constitution.rules {
            self.refuse_rule(rule, context)?;
        }
        let record = ConstitutionRecord { version: VERSION, since: context.time(), constitution: constitution.clone() };
        context.write(Table::CONSTITUTIONS, self.account, &record)?;
        context.write(Table::ACCOUNTS, self.account, &AccountRecord::Governed(keyed))?;
        Ok(Effect::Nothing)
    }
}

impl SetConstitution {
    /// Refuses a rule that names what is not there, or snapshots of an asset whose issuer does not agree.
    fn refuse_rule<R: Records>(&self, rule: &Rule, context: &mut Context<'_, R>) -> Result<(), Halt<R::Error>> {
        if let Some(asset) = rule.electorate.asset() {
            let issuer = context.fungible(&asset)?.issuer;
            // Every proposal may open a snapshot, of which an asset has only so many.
            if issuer != self.account {
                context.authority(&issuer, SET_CONSTITUTION)?;
            }
        }
        if let Some((schema, issuer)) = rule.electorate.schema() {
            electorate_schema(context, &schema, &issuer)?;
        }
        if let Some(deposit) = &rule.deposit {
            context.fungible(&deposit.asset)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::OPERATIONS;
    use crate::ops::governance::test_support::{HOUR_MS, rule};
    use crate::state::VALUE_BYTES_MAX;

    const TRANSFER: u8 = 0x30;
    const MINT: u8 = 0x32;

    fn article(operations: &[u8], keys: bool, rules: &[u8]) -> Article {
        Article { operations: operations.to_vec(), keys, rules: rules.to_vec() }
    }

    fn check(rules: Vec<Rule>, articles: Vec<Article>) -> Result<(), Status> {
        Constitution { rules, articles }.check()
    }

    /// The verdict on a rule that is changed like this.
    fn check_rule(change: impl FnOnce(&mut Rule)) -> Result<(), Status> {
        let mut rule = rule(Form::YesNo);
        change(&mut rule);
        check(vec![rule], vec![article(&[SET_CONSTITUTION], false, &[0])])
    }

    #[test]
    fn a_rule_weighs_what_its_electorate_has() {
        let (asset, schema, issuer, group) = (Id([1; 32]), Id([2; 32]), Id([3; 32]), Id([4; 32]));
        let electorates = [
            (Electorate::Holders { asset }, [true, false, false]),
            (Electorate::Members { schema, issuer }, [false, true, false]),
            (Electorate::MemberHolders { asset, schema, issuer }, [true, true, true]),
            (Electorate::Backers { group }, [true, false, false]),
        ];
        for (electorate, expected) in electorates {
            let verdicts = [Weight::Units, Weight::Member, Weight::Root].map(|weight| {
                check_rule(|rule| {
                    (rule.electorate, rule.weight) = (electorate, weight);
                    rule.snapshot_ms = electorate.asset().map_or(0, |_| rule.snapshot_ms);
                })
            });
            let expected = expected.map(|is_possible| if is_possible { Ok(()) } else { Err(INVALID_RULE) });
            assert_eq!(verdicts, expected, "{electorate:?}");
        }
        let member_holders = Electorate::MemberHolders { asset, schema, issuer };
        let root_with = |support_bps| {
            check_rule(|rule| {
                (rule.electorate, rule.weight, rule.support_bps) = (member_holders, Weight::Root, support_bps);
            })
        };
        assert_eq!((root_with(0), root_with(1)), (Ok(()), Err(INVALID_RULE)));
    }

    #[test]
    fn the_bounds_of_a_rule() {
        let good: [fn(&mut Rule); 8] = [
            |_| (),
            |rule| (rule.quorum_bps, rule.support_bps, rule.threshold_bps) = (10_000, 10_000, 9_999),
            |rule| (rule.timelock_ms, rule.execution_ms) = (RULE_MS_MAX, RULE_MS_MAX),
            |rule| rule.reveal_ms = HOUR_MS,
            |rule| rule.extension_ms = HOUR_MS,
            |rule| rule.form = Form::Ranked { ranks_max: 16 },
            |rule| rule.deposit = Some(Deposit { asset: Id([1; 32]), amount: AMOUNT_MAX }),
            |rule| (rule.voting_ms, rule.snapshot_ms) = (31 * HOUR_MS, RECOUNT_MS / 31 + HOUR_MS + 1),
        ];
        for change in good {
            assert_eq!(check_rule(change), Ok(()));
        }
        let bad: [fn(&mut Rule); 14] = [
            |rule| rule.quorum_bps = 10_001,
            |rule| rule.support_bps = 10_001,
            |rule| rule.threshold_bps = 10_000,
            |rule| rule.voting_ms = 0,
            |rule| rule.execution_ms = 0,
            |rule| rule.timelock_ms = RULE_MS_MAX + 1,
            |rule| rule.snapshot_ms = u64::MAX,
            |rule| (rule.reveal_ms, rule.extension_ms) = (1, 1),
            |rule| rule.form = Form::Ranked { ranks_max: 0 },
            |rule| rule.form = Form::Ranked { ranks_max: 17 },
            |rule| rule.deposit = Some(Deposit { asset: Id([1; 32]), amount: 0 }),
            |rule| rule.deposit = Some(Deposit { asset: Id([1; 32]), amount: AMOUNT_MAX + 1 }),
            |rule| (rule.voting_ms, rule.snapshot_ms) = (31 * HOUR_MS, RECOUNT_MS / 31 + HOUR_MS),
            |rule| rule.electorate = Electorate::Backers { group: Id([4; 32]) },
        ];
        for (number, change) in bad.into_iter().enumerate() {
            assert_eq!(check_rule(change), Err(INVALID_RULE), "{number}");
        }
    }

    #[test]
    fn articles_bind_the_keys() {
        let rules = || vec![rule(Form::YesNo), rule(Form::Approval)];
        let set = || article(&[SET_CONSTITUTION], false, &[1]);
        assert_eq!(check(rules(), vec![set(), article(&[TRANSFER, MINT], true, &[0, 1])]), Ok(()));
        assert_eq!(check(vec![], vec![article(&[SET_CONSTITUTION], false, &[])]), Ok(()));
        for wrong in [
            article(&[], false, &[0]),
            article(&[MINT, TRANSFER], false, &[0]),
            article(&[TRANSFER, TRANSFER], false, &[0]),
            article(&[0x3f], false, &[0]),
            article(&[SET_CONSTITUTION], false, &[0]),
            article(&[TRANSFER], false, &[2]),
            article(&[TRANSFER], false, &[1, 0]),
            article(&[TRANSFER], false, &[0, 0]),
        ] {
            assert_eq!(check(rules(), vec![set(), wrong.clone()]), Err(INVALID_ARTICLE), "{wrong:?}");
        }
        assert_eq!(check(rules(), vec![]), Err(INVALID_ARTICLE));
        assert_eq!(check(rules(), vec![article(&[SET_CONSTITUTION], true, &[0])]), Err(INVALID_ARTICLE));
        assert_eq!(check(vec![rule(Form::YesNo); 9], vec![]), Err(INVALID_RULE), "before the articles");
    }

    #[test]
    fn verdicts_on_keys_and_rules() {
        let articles = vec![
            article(&[SET_CONSTITUTION], false, &[1]),
            article(&[TRANSFER], true, &[0]),
            article(&[MINT], false, &[]),
            article(&[0x33], true, &[]),
        ];
        let constitution = Constitution { rules: vec![], articles };
        let keys = [SET_CONSTITUTION, TRANSFER, MINT, 0x33, 0x34].map(|tag| constitution.refuse_keys(tag));
        assert_eq!(keys, [Err(NEEDS_PROPOSAL), Ok(()), Err(CONSTITUTION_FORBIDS), Ok(()), Ok(())]);
        let rule = [SET_CONSTITUTION, TRANSFER, MINT, 0x33, 0x34].map(|tag| constitution.refuse_rule(0, tag));
        let wrong = Err(WRONG_RULE);
        assert_eq!(rule, [wrong, Ok(()), Err(CONSTITUTION_FORBIDS), wrong, wrong]);
    }

    #[test]
    fn the_largest_constitution_fits_its_record() {
        let mut rule = rule(Form::Ranked { ranks_max: 16 });
        rule.electorate = Electorate::MemberHolders { asset: Id([1; 32]), schema: Id([2; 32]), issuer: Id([3; 32]) };
        rule.guardian = Some(Id([4; 32]));
        rule.deposit = Some(Deposit { asset: Id([1; 32]), amount: 1 });
        let tags: Vec<u8> = OPERATIONS.iter().map(|info| info.tag).collect();
        let all: Vec<u8> = (0..8).collect();
        let articles = tags.chunks(tags.len().div_ceil(ARTICLES_MAX)).map(|tags| article(tags, false, &all));
        let constitution = Constitution { rules: vec![rule; RULES_MAX], articles: articles.collect() };
        assert_eq!(constitution.check(), Ok(()));
        assert!(encode(&ConstitutionRecord { version: 1, since: 0, constitution }).len() < VALUE_BYTES_MAX);
    }
}
