//! A governed account from its constitution to what it resolved: what its keys may do and what its members must.

#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test that cannot go on fails")]

mod common;

use common::Store;
use counterfoil_core::Id;
use counterfoil_core::apply::{Machine, Outcome, admit_form};
use counterfoil_core::id::{asset_id, named_account_id};
use counterfoil_core::ops::Operation;
use counterfoil_core::ops::account::{Alias, FinishRecovery, Limit, Mandate, Open, Recover, SetGuardians, SetKeys};
use counterfoil_core::ops::asset::Create;
use counterfoil_core::ops::attest::{Attest, Content, ContentKind, Revoke, Schema, SchemaRecord};
use counterfoil_core::ops::condition::Condition;
use counterfoil_core::ops::governance::{
    Actions, Article, Ballot, Cancel, Conclude, Constitution, Delegate, Deposit, Electorate, Execute, Form,
    ProposalRecord, Propose, Ranking, Reveal, Rule, SetConstitution, State, Veto, Vote, Weight, ballot_seal,
};
use counterfoil_core::ops::hold::{GroupRecord, Hold, HoldRecord, OpenGroup, Outcome as Ending, Release, Share, Terms};
use counterfoil_core::ops::r#move::{Mint, Transfer};
use counterfoil_core::signature::public_key;
use counterfoil_core::state::{KeyGrant, Powers, Reason, Table, TableName};
use counterfoil_core::wire::{
    AssetCreators, Authorizer, Effect, Entry, Genesis, LotAmount, Parameters, SignedTransaction, TRANSACTION_VERSION,
    Transaction, decode, encode,
};

const REASON: Reason = Reason { code: 1, evidence: None };
const HOUR_MS: u64 = 3_600_000;
const OPENER: Id = Id([1; 32]);
const ANN: Id = Id([2; 32]);
const BOB: Id = Id([3; 32]);
const CAT: Id = Id([4; 32]);
const GUARDIAN: Id = Id([5; 32]);

/// A ledger with an account that has keys and an asset of its own, of which others hold units.
struct Story {
    machine: Machine,
    store: Store,
    time: u64,
    club: Id,
    key: Id,
    asset: Id,
}

impl Story {
    fn begin() -> Self {
        let mut store = Store::default();
        let machine = Machine::begin(&genesis(), &mut store).unwrap();
        let club = named_account_id(&OPENER, &[0; 16]);
        let mut story = Self { machine, store, time: 1, club, key: public_key_id(7), asset: asset_id(&club, "SHARE") };
        let keys = vec![KeyGrant { key: story.key, scope: None }];
        story.ok(&[OPENER], Operation::Open(Open { opener: OPENER, salt: [0; 16], threshold: 1, keys }));
        let powers = Powers { mint: Some(club), ..Powers::default() };
        let create =
            Create { issuer: club, symbol: "SHARE".into(), decimals: 0, supply_cap: 1_000, policy: vec![], powers };
        story.ok(&[club], Operation::Create(create));
        for (to, amount) in [(ANN, 50), (BOB, 30), (CAT, 20), (club, 100)] {
            story.ok(&[club], story.mint(to, amount));
        }
        story
    }

    fn mint(&self, to: Id, amount: u128) -> Operation {
        Operation::Mint(Mint { asset: self.asset, to, amount, reference: None })
    }

    fn pay(&self, sender: Id, to: Id, amount: u128) -> Operation {
        Operation::Transfer(Transfer { asset: self.asset, sender, to, amount, reference: None })
    }

    /// Its effect, or the name of the status that refuses it.
    fn play(&mut self, signers: &[Id], operation: Operation) -> Result<Effect, &'static str> {
        self.time += 1;
        let key_of = |account: &Id| (*account == self.club).then_some(self.key);
        let authorizers = signers.iter().map(|account| Authorizer { account: *account, key: key_of(account) });
        let transaction = Transaction {
            version: TRANSACTION_VERSION,
            ledger: genesis().ledger_id(),
            valid_until: self.time + 1_000,
            nonce: [0; 16],
            authorizers: authorizers.collect(),
            operations: vec![operation],
        };
        let signatures = vec![[0; 64]; signers.len()];
        let bytes = encode(&SignedTransaction { transaction, signatures });
        let admission = admit_form(&bytes, &self.machine.admission_rules());
        let mut entry = Vec::new();
        let outcome = self.machine.apply(&mut self.store, &bytes, &admission, self.time, &mut entry).unwrap();
        if let Outcome::Refused(refusal) = outcome {
            return Err(refusal.status.name());
        }
        self.machine.postings(&mut self.store).unwrap();
        let Some(Entry::Applied(applied)) = Entry::decode(&entry) else { return Err("the entry does not decode") };
        Ok(applied.effects.into_iter().next().unwrap())
    }

    fn ok(&mut self, signers: &[Id], operation: Operation) -> Effect {
        self.play(signers, operation).unwrap()
    }

    fn refused(&mut self, signers: &[Id], operation: Operation) -> &'static str {
        let before = self.store.0.clone();
        let status = self.play(signers, operation).unwrap_err();
        assert!(self.store.0 == before, "a refused transaction leaves a trace");
        status
    }

    fn set(&mut self, rules: Vec<Rule>, articles: &[(&[u8], bool, &[u8])]) {
        let article = |(operations, keys, rules): &(&[u8], bool, &[u8])| Article {
            operations: operations.to_vec(),
            keys: *keys,
            rules: rules.to_vec(),
        };
        let constitution = Some(Constitution { rules, articles: articles.iter().map(article).collect() });
        self.ok(&[self.club], Operation::SetConstitution(SetConstitution { account: self.club, constitution }));
    }

    fn rule(&self, form: Form) -> Rule {
        Rule {
            electorate: Electorate::Holders { asset: self.asset },
            weight: Weight::Units,
            form,
            quorum_bps: 5_000,
            support_bps: 0,
            threshold_bps: 5_000,
            delay_ms: 0,
            voting_ms: HOUR_MS,
            extension_ms: 0,
            reveal_ms: 0,
            timelock_ms: HOUR_MS,
            execution_ms: HOUR_MS,
            snapshot_ms: 24 * HOUR_MS,
            proposer_weight: 0,
            guardian: Some(GUARDIAN),
            deposit: None,
        }
    }

    fn propose(&mut self, salt: u8, options: &[Actions]) -> (Id, Effect) {
        let propose = Propose {
            account: self.club,
            proposer: ANN,
            salt: [salt; 16],
            rule: 0,
            title: [0; 32],
            subject: Some([8; 32]),
            options: options.to_vec(),
        };
        let effect = self.ok(&[ANN], Operation::Propose(propose));
        (ProposalRecord::id(&self.club, &ANN, &[salt; 16]), effect)
    }

    fn proposal(&self, id: &Id) -> ProposalRecord {
        decode(&self.store.0.get(&(Table::single(TableName::Proposals), *id)).unwrap().value).unwrap()
    }

    fn balance(&self, account: Id) -> u128 {
        self.store.0.get(&(Table::holders(self.asset), account)).map_or(0, |record| record.sum)
    }
}

fn genesis() -> Genesis {
    let parameters = Parameters {
        window_ms: 86_400_000,
        asset_creators: AssetCreators::Anyone,
        transaction_bytes_max: 60_000,
        operations_max: 1_000,
        governor: None,
    };
    Genesis { origin: "club.example".to_owned(), operator: OPENER, time: 0, salt: [0; 16], parameters }
}

fn public_key_id(seed: u8) -> Id {
    Id(public_key(&[seed; 32]))
}

fn yes() -> Ballot {
    Ballot::Shares { shares: vec![1, 0, 0] }
}

fn vote(proposal: Id, voter: Id, members: &[Id], ballot: Ballot) -> Operation {
    Operation::Vote(Vote { proposal, voter, members: members.to_vec(), ballot })
}

fn conclude(proposal: Id) -> Operation {
    Operation::Conclude(Conclude { proposal, rankings: vec![] })
}

fn execute(proposal: Id, actions: &Actions) -> Operation {
    Operation::Execute(Execute { proposal, actions: actions.clone() })
}

#[test]
fn what_needs_a_proposal_is_done_by_one() {
    let mut story = Story::begin();
    let club = story.club;
    story.set(vec![story.rule(Form::YesNo)], &[(&[0x70], false, &[0]), (&[0x30], false, &[0]), (&[0x33], false, &[])]);
    assert_eq!(story.refused(&[club], story.pay(club, BOB, 7)), "needs_proposal");
    assert_eq!(story.refused(&[ANN], story.pay(club, BOB, 7)), "needs_proposal", "no mandate helps");
    story.ok(&[club], story.mint(CAT, 1));
    let alias = Operation::Alias(Alias { account: club, into: ANN });
    assert_eq!(story.refused(&[club, ANN], alias), "account_governed");

    let actions = Actions(vec![story.pay(club, BOB, 7), story.pay(club, CAT, 3)]);
    let (proposal, effect) = story.propose(1, std::slice::from_ref(&actions));
    assert_eq!(effect, Effect::Nothing);
    assert_eq!(story.proposal(&proposal).electorate, 101);
    // What is bought after the proposal does not vote.
    story.ok(&[ANN], story.pay(ANN, GUARDIAN, 50));
    assert_eq!(story.refused(&[GUARDIAN], vote(proposal, GUARDIAN, &[], yes())), "no_weight");
    assert_eq!(story.refused(&[club], vote(proposal, club, &[], yes())), "governed_account_abstains");
    assert_eq!(story.refused(&[BOB], vote(proposal, BOB, &[ANN], yes())), "not_delegated");
    story.ok(&[ANN], Operation::Delegate(Delegate { account: club, delegator: ANN, to: Some(BOB) }));
    let back = Operation::Delegate(Delegate { account: club, delegator: BOB, to: Some(ANN) });
    assert_eq!(story.refused(&[BOB], back), "delegation_cycle");
    story.ok(&[BOB], vote(proposal, BOB, &[BOB, ANN], yes()));
    assert_eq!(story.proposal(&proposal).counts, [80, 0, 0]);
    assert_eq!(story.refused(&[BOB], vote(proposal, BOB, &[ANN], yes())), "vote_unchanged");
    story.ok(&[ANN], vote(proposal, ANN, &[], Ballot::Shares { shares: vec![0, 1, 1] }));
    assert_eq!(story.proposal(&proposal).counts, [30, 25, 25]);
    assert_eq!(story.refused(&[BOB], vote(proposal, BOB, &[ANN], yes())), "overridden");

    assert_eq!(story.refused(&[CAT], execute(proposal, &actions)), "not_concluded");
    assert_eq!(story.refused(&[CAT], conclude(proposal)), "not_due");
    story.time = story.proposal(&proposal).due() - 2;
    assert_eq!(story.refused(&[CAT], conclude(proposal)), "not_due");
    story.ok(&[CAT], conclude(proposal));
    assert_eq!(story.proposal(&proposal).state, State::Passed { option: 0, time: story.time });
    let veto = Operation::Veto(Veto { proposal, reason: REASON });
    assert_eq!(story.refused(&[GUARDIAN], veto), "proposal_closed");
    assert_eq!(story.refused(&[CAT], execute(proposal, &Actions::default())), "wrong_actions");
    let effect = story.ok(&[CAT], execute(proposal, &actions));
    assert_eq!(effect, Effect::Executed { effects: vec![Effect::Nothing; 2] });
    assert_eq!([club, BOB, CAT].map(|account| story.balance(account)), [90, 37, 24]);
    assert_eq!(story.refused(&[CAT], execute(proposal, &actions)), "already_executed");
    assert_eq!(story.refused(&[club], story.pay(club, BOB, 7)), "needs_proposal");
}

#[test]
fn an_action_that_is_refused_undoes_all_of_them() {
    let mut story = Story::begin();
    let club = story.club;
    story.set(vec![story.rule(Form::YesNo)], &[(&[0x70], false, &[0]), (&[0x30], false, &[0])]);
    let actions = Actions(vec![story.pay(club, BOB, 60), story.pay(club, CAT, 60)]);
    let (proposal, _) = story.propose(1, std::slice::from_ref(&actions));
    story.ok(&[ANN], vote(proposal, ANN, &[], yes()));
    story.ok(&[BOB], vote(proposal, BOB, &[], yes()));
    story.time = story.proposal(&proposal).due();
    story.ok(&[CAT], conclude(proposal));
    assert_eq!(story.refused(&[CAT], execute(proposal, &actions)), "insufficient_funds");
    story.ok(&[BOB], story.pay(BOB, club, 20));
    story.ok(&[CAT], execute(proposal, &actions));
    assert_eq!(story.balance(club), 0);
}

#[test]
fn a_constitution_is_dissolved_as_it_says() {
    let mut story = Story::begin();
    let club = story.club;
    story.set(vec![story.rule(Form::YesNo)], &[(&[0x70], false, &[0])]);
    let dissolve = Operation::SetConstitution(SetConstitution { account: club, constitution: None });
    assert_eq!(story.refused(&[club], dissolve.clone()), "needs_proposal");
    let actions = Actions(vec![dissolve.clone()]);
    let (first, _) = story.propose(1, std::slice::from_ref(&actions));
    let (second, _) = story.propose(2, std::slice::from_ref(&actions));
    for proposal in [first, second] {
        story.ok(&[ANN], vote(proposal, ANN, &[], yes()));
    }
    story.time = story.proposal(&second).due();
    story.ok(&[CAT], conclude(first));
    story.ok(&[CAT], conclude(second));
    story.ok(&[CAT], execute(first, &actions));
    assert_eq!(story.refused(&[CAT], execute(second, &actions)), "constitution_changed");
    assert_eq!(story.refused(&[club], dissolve), "no_constitution");
    story.ok(&[club], story.pay(club, BOB, 7));
}

#[test]
fn a_deposit_is_returned_or_burnt() {
    let mut story = Story::begin();
    let club = story.club;
    let mut rule = story.rule(Form::YesNo);
    rule.deposit = Some(Deposit { asset: story.asset, amount: 10 });
    rule.delay_ms = HOUR_MS;
    story.set(vec![rule], &[(&[0x70], false, &[0]), (&[0x30], false, &[0])]);
    let moved = Effect::Moved { taken: vec![LotAmount { lot: 0, amount: 10 }], lapsed: vec![] };
    let nothing = [Actions::default()];
    let proposals: Vec<Id> = (1..=4)
        .map(|salt| {
            let (proposal, effect) = story.propose(salt, &nothing);
            assert_eq!((effect, story.balance(proposal)), (moved.clone(), 10));
            proposal
        })
        .collect();
    // Its units count for the proposer: they were in the snapshot before they moved.
    assert_eq!(story.balance(ANN), 10);
    assert_eq!(story.ok(&[ANN], Operation::Cancel(Cancel { proposal: proposals[0] })), moved);
    assert_eq!(story.balance(ANN), 20);
    let veto = Operation::Veto(Veto { proposal: proposals[1], reason: REASON });
    assert_eq!(story.refused(&[club], veto.clone()), "unauthorized");
    assert_eq!(story.ok(&[GUARDIAN], veto), moved);
    assert_eq!((story.balance(ANN), story.balance(proposals[1])), (20, 0));
    story.time = story.proposal(&proposals[2]).starts() + 10;
    let cancel = Operation::Cancel(Cancel { proposal: proposals[2] });
    assert_eq!(story.refused(&[ANN], cancel), "voting_started");
    story.ok(&[ANN], vote(proposals[2], ANN, &[], yes()));
    assert_eq!(story.proposal(&proposals[2]).cast, 50);
    story.time = story.proposal(&proposals[3]).due();
    assert_eq!(story.ok(&[CAT], conclude(proposals[2])), moved);
    assert_eq!(story.balance(ANN), 30);
    assert_eq!(story.ok(&[CAT], conclude(proposals[3])), moved);
    assert_eq!(story.balance(ANN), 30, "no quorum");
    assert!(matches!(story.proposal(&proposals[3]).state, State::Failed { .. }));
    let supply: u128 = [ANN, BOB, CAT, club].iter().map(|account| story.balance(*account)).sum();
    assert_eq!(supply, 180, "two deposits were burnt");
}

#[test]
fn sealed_rankings_are_revealed_and_run_off() {
    let mut story = Story::begin();
    let mut rule = story.rule(Form::Ranked { ranks_max: 3 });
    rule.reveal_ms = HOUR_MS;
    story.set(vec![rule], &[(&[0x70], false, &[0])]);
    let options = [1, 2, 3].map(|_| Actions::default());
    let (proposal, _) = story.propose(1, &options);
    let rank = |options: &[u8]| Ballot::Rank { options: options.to_vec() };
    let ballots = [(ANN, rank(&[0, 1])), (BOB, rank(&[1])), (CAT, rank(&[2, 1]))];
    assert_eq!(story.refused(&[ANN], vote(proposal, ANN, &[], rank(&[0]))), "wrong_ballot");
    // CAT's units are more by then, which changes nothing.
    story.ok(&[ANN], story.pay(ANN, CAT, 10));
    for (voter, ballot) in &ballots {
        let hash = ballot_seal(&proposal, voter, &[6; 16], ballot);
        story.ok(&[*voter], vote(proposal, *voter, &[], Ballot::Sealed { hash }));
    }
    assert_eq!(story.proposal(&proposal).voters, 0);
    let reveal = |voter: Id, ballot: &Ballot, salt| {
        Operation::Reveal(Reveal { proposal, voter, members: vec![], ballot: ballot.clone(), salt: [salt; 16] })
    };
    assert_eq!(story.refused(&[CAT], reveal(ANN, &ballots[0].1, 6)), "reveal_not_open");
    story.time = story.proposal(&proposal).ends;
    assert_eq!(story.refused(&[CAT], reveal(ANN, &ballots[0].1, 5)), "wrong_seal");
    assert_eq!(story.refused(&[CAT], reveal(ANN, &rank(&[1]), 6)), "wrong_seal");
    for (voter, ballot) in &ballots {
        story.ok(&[CAT], reveal(*voter, ballot, 6));
        assert_eq!(story.refused(&[CAT], reveal(*voter, ballot, 6)), "not_sealed");
    }
    assert_eq!(story.proposal(&proposal).counts, [50, 30, 20, 0]);
    story.time = story.proposal(&proposal).due();
    let ranking = |options: &[u8], weight| Ranking { options: options.to_vec(), weight };
    let all = vec![ranking(&[0, 1], 50), ranking(&[1], 30), ranking(&[2, 1], 20)];
    let conclude = |rankings: &[Ranking]| Operation::Conclude(Conclude { proposal, rankings: rankings.to_vec() });
    for wrong in [&[][..], &all[..2], &[ranking(&[0, 1], 100)], &[ranking(&[0, 1], 50), ranking(&[1], 50)]] {
        assert_eq!(story.refused(&[CAT], conclude(wrong)), "wrong_rankings");
    }
    story.ok(&[CAT], conclude(&all));
    // 0 wins the last round with 50, for of equals the one named last is struck out; but 50 of 100 are not more than half.
    assert_eq!(story.proposal(&proposal).state, State::Failed { time: story.time });
}

#[test]
fn guardians_and_agents_are_bound_too() {
    let mut story = Story::begin();
    let club = story.club;
    let guardians = |threshold| SetGuardians { account: club, threshold, guardians: vec![GUARDIAN], delay_ms: HOUR_MS };
    story.ok(&[club], Operation::SetGuardians(guardians(1)));
    let limit = Limit { operations: vec![0x30], cap: 9, window_ms: HOUR_MS, until: HOUR_MS };
    let mandate = Mandate { account: club, agent: BOB, asset: story.asset, limit: Some(limit) };
    story.ok(&[club], Operation::Mandate(mandate));
    story.ok(&[BOB], story.pay(club, BOB, 1));
    let keys = vec![KeyGrant { key: public_key_id(8), scope: None }];
    let recover = Operation::Recover(Recover { account: club, threshold: 1, keys: keys.clone() });
    story.ok(&[GUARDIAN], recover.clone());
    story.set(vec![], &[(&[0x70], false, &[]), (&[0x11], false, &[]), (&[0x30], false, &[])]);
    assert_eq!(story.refused(&[BOB], story.pay(club, BOB, 1)), "constitution_forbids");
    assert_eq!(story.refused(&[GUARDIAN], recover), "constitution_forbids");
    let finish = Operation::FinishRecovery(FinishRecovery { account: club });
    assert_eq!(story.refused(&[GUARDIAN], finish), "constitution_forbids", "before its time has come");
    let set_keys = Operation::SetKeys(SetKeys { account: club, threshold: 1, keys });
    assert_eq!(story.refused(&[club], set_keys), "constitution_forbids");
    story.ok(&[club], story.mint(club, 1));
}

#[test]
fn keys_that_are_set_stay_governed() {
    let mut story = Story::begin();
    let club = story.club;
    story.set(vec![story.rule(Form::YesNo)], &[(&[0x70], false, &[0]), (&[0x30], true, &[])]);
    let (before, key) = (story.key, public_key_id(8));
    let keys = vec![KeyGrant { key, scope: None }];
    story.ok(&[club], Operation::SetKeys(SetKeys { account: club, threshold: 1, keys }));
    assert_eq!(story.refused(&[club], story.pay(club, BOB, 1)), "unknown_key");
    story.key = key;
    story.ok(&[club], story.pay(club, BOB, 1));
    assert_ne!(story.key, before);
    let dissolve = Operation::SetConstitution(SetConstitution { account: club, constitution: None });
    assert_eq!(story.refused(&[club], dissolve), "needs_proposal");
    // What the article leaves to the keys alone no proposal may do, nor what no article lists.
    for action in [story.pay(club, BOB, 1), story.mint(BOB, 1)] {
        let propose = Propose {
            account: club,
            proposer: ANN,
            salt: [1; 16],
            rule: 0,
            title: [0; 32],
            subject: None,
            options: vec![Actions(vec![action])],
        };
        assert_eq!(story.refused(&[ANN], Operation::Propose(propose)), "wrong_rule");
    }
}

#[test]
fn delegations_are_followed_so_far() {
    let mut story = Story::begin();
    let club = story.club;
    story.set(vec![story.rule(Form::YesNo)], &[(&[0x70], false, &[0])]);
    let (proposal, _) = story.propose(1, &[Actions::default()]);
    // ANN, then 10 to 18: eight delegations lead from ANN to 17.
    let chain: Vec<Id> = std::iter::once(ANN).chain((10..19).map(|byte| Id([byte; 32]))).collect();
    let delegate = |delegator: Id, to| Operation::Delegate(Delegate { account: club, delegator, to: Some(to) });
    for pair in chain.windows(2) {
        if let [delegator, to] = pair {
            story.ok(&[*delegator], delegate(*delegator, *to));
        }
    }
    let [eighth, ninth] = [chain[8], chain[9]];
    assert_eq!(story.refused(&[ninth], vote(proposal, ninth, &[ANN], yes())), "not_delegated");
    story.ok(&[eighth], vote(proposal, eighth, &[ANN], yes()));
    assert_eq!(story.refused(&[BOB], delegate(BOB, chain[1])), "delegation_too_deep");
    story.ok(&[BOB], delegate(BOB, chain[2]));
    assert_eq!(story.refused(&[ninth], delegate(ninth, chain[2])), "delegation_cycle");
    let revoke = Operation::Delegate(Delegate { account: club, delegator: BOB, to: None });
    story.ok(&[BOB], revoke.clone());
    assert_eq!(story.refused(&[BOB], revoke), "no_delegation");
    assert_eq!(story.refused(&[BOB], vote(proposal, BOB, &[ANN], yes())), "not_delegated");
    let nearer = chain[3];
    story.ok(&[nearer], vote(proposal, nearer, &[ANN], Ballot::Shares { shares: vec![0, 1, 0] }));
    assert_eq!(story.refused(&[eighth], vote(proposal, eighth, &[ANN], yes())), "overridden");
    assert_eq!((story.proposal(&proposal).counts, story.proposal(&proposal).voters), (vec![0, 50, 0], 1));
}

#[test]
fn a_late_quorum_gives_others_time() {
    let mut story = Story::begin();
    let mut rule = story.rule(Form::YesNo);
    rule.extension_ms = HOUR_MS / 2;
    story.set(vec![rule], &[(&[0x70], false, &[0])]);
    let (proposal, _) = story.propose(1, &[Actions::default()]);
    let ends = story.proposal(&proposal).ends;
    story.ok(&[BOB], vote(proposal, BOB, &[], yes()));
    story.time = ends - 11;
    story.ok(&[CAT], vote(proposal, CAT, &[], yes()));
    assert_eq!(story.proposal(&proposal).ends, story.time + HOUR_MS / 2, "50 of 100 are the quorum");
    story.time = story.proposal(&proposal).ends - 2;
    let ends = story.proposal(&proposal).ends;
    story.ok(&[ANN], vote(proposal, ANN, &[], yes()));
    assert_eq!(story.proposal(&proposal).ends, ends, "it was reached before");
    assert_eq!(story.refused(&[BOB], vote(proposal, BOB, &[], yes())), "voting_closed");
}

#[test]
fn members_have_one_vote_each_and_backers_their_holds() {
    let mut story = Story::begin();
    let club = story.club;
    let schema = Schema {
        creator: club,
        name: "member".into(),
        content: ContentKind::Nothing,
        issuers: vec![club],
        subjects: None,
        revocable: true,
    };
    let schema_id = SchemaRecord::id(&club, "member");
    story.ok(&[club], Operation::Schema(schema));
    let attest = |subject| {
        let (schema, issuer, content) = (schema_id, club, Content::Nothing);
        Operation::Attest(Attest { schema, issuer, subject, nonce: [0; 32], expires: None, content })
    };
    for subject in [ANN, BOB] {
        story.ok(&[club], attest(subject));
    }
    let mut rule = story.rule(Form::YesNo);
    rule.electorate = Electorate::Members { schema: schema_id, issuer: club };
    (rule.weight, rule.snapshot_ms, rule.proposer_weight) = (Weight::Member, 0, 1);
    let mut of_holds = story.rule(Form::YesNo);
    let group = GroupRecord::id(&club, &[1; 16]);
    (of_holds.electorate, of_holds.snapshot_ms) = (Electorate::Backers { group }, 0);
    story.set(vec![rule, of_holds], &[(&[0x70], false, &[0])]);
    let (proposal, _) = story.propose(1, &[Actions::default()]);
    assert_eq!((story.proposal(&proposal).electorate, story.proposal(&proposal).snapshot), (2, None));
    story.ok(&[club], attest(CAT));
    let revoke = Revoke { schema: schema_id, issuer: club, subject: BOB, nonce: [0; 32], reason: REASON };
    story.ok(&[club], Operation::Revoke(revoke));
    assert_eq!(story.refused(&[CAT], vote(proposal, CAT, &[], yes())), "not_in_electorate");
    story.ok(&[BOB], vote(proposal, BOB, &[], yes()));
    assert_eq!(story.proposal(&proposal).cast, 1);

    let terms = Terms {
        settle_if: Condition::SignedBy { threshold: 1, accounts: vec![club] },
        release_if: Some(Condition::ByPayer),
        payees: vec![Share { to: club, bps: 10_000 }],
        schedule: None,
        deadline: 10 * HOUR_MS,
        outcome: Ending::Release,
    };
    let asset = story.asset;
    let closes = story.time + 10;
    story.ok(&[club], Operation::OpenGroup(OpenGroup { owner: club, salt: [1; 16], asset, closes, terms }));
    for (payer, amount) in [(ANN, 30), (BOB, 10)] {
        let hold = Hold { payer, salt: [2; 16], asset, amount, terms: None, group: Some(group) };
        story.ok(&[payer], Operation::Hold(hold));
    }
    let propose = Operation::Propose(Propose {
        account: club,
        proposer: GUARDIAN,
        salt: [1; 16],
        rule: 1,
        title: [0; 32],
        subject: None,
        options: vec![Actions::default()],
    });
    assert_eq!(story.refused(&[GUARDIAN], propose.clone()), "group_open");
    story.time = closes;
    story.ok(&[GUARDIAN], propose);
    let proposal = ProposalRecord::id(&club, &GUARDIAN, &[1; 16]);
    assert_eq!(story.proposal(&proposal).electorate, 40);
    let hold = HoldRecord::id(&ANN, &[2; 16]);
    story.ok(&[ANN], Operation::Release(Release { hold, amount: Some(5), preimages: vec![] }));
    assert_eq!(story.refused(&[ANN], vote(proposal, ANN, &[], yes())), "no_weight");
    assert_eq!(story.refused(&[BOB], vote(proposal, BOB, &[hold], yes())), "not_delegated");
    story.ok(&[ANN], vote(proposal, ANN, &[hold], yes()));
    assert_eq!(story.proposal(&proposal).counts, [25, 0, 0]);
}
