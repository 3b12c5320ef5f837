"""Proposals: every form of vote, what is refused, what comes of it, and what `explain` says of it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from counterfoil import Key, Ledger
from counterfoil.exceptions import KeyReusedError
from counterfoil.funding import Raise
from counterfoil.governance import (
    STATES,
    Community,
    Proposal,
    approval,
    by_backers,
    by_units,
    cooperative,
    one_member_one_vote,
    quadratic,
    ranked,
    sealed,
)
from counterfoil.ops import (
    Approve,
    Article,
    Conclude,
    Constitution,
    Deposit,
    Design,
    Execute,
    IssueItem,
    Item,
    Items,
    Powers,
    Propose,
    Rank,
    Sealed,
    SellItem,
    SetConstitution,
    Shares,
    Transfer,
    Vote,
    ballot_seal,
    proposal_id,
)
from counterfoil.reputation import Badges
from counterfoil.verify import ProposalFailed, ProposalPassed

from tests.calls import refused, standing

BOARD, ANN, BOB, CAT, DAN, EVE = (Key.from_seed(bytes([number]) * 32) for number in range(101, 107))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""
OPENED = START + 1
DUE = OPENED + 10 * DAY
"""When a proposal by a cooperative's ordinary rule may be concluded: 7 days of voting, 3 of its timelock."""
FLAVOURS = {"fig": [], "date": [], "plum": []}


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "coop", origin="coop.example", operator=BOARD, time=START) as made:
        yield made


@pytest.fixture
def members(ledger):
    badges = Badges.launch(ledger, BOARD, name="member", time=START)
    for member in (ANN, BOB, CAT, DAN):
        badges.award(member.account, time=START)
    return badges


@pytest.fixture
def coin(ledger):
    made = ledger.create_asset(BOARD, "NOOR", decimals=1, time=START)
    for holder, amount in ((ANN, 400), (BOB, 100), (CAT, 25), (EVE, 475)):
        ledger.mint(BOARD, made, to=holder.account, amount=amount, time=START)
    return made


@pytest.fixture
def coop(ledger, members):
    constitution = cooperative(members.requirement, guardian=BOARD.account)
    return Community.found(ledger, BOARD, constitution=constitution, settings={"share": 1}, time=START)


def found(ledger, *rules):
    """A community that decides about payments by any of these rules."""
    every = range(len(rules))
    articles = [Article(operations=["set_constitution"]), Article(operations=["transfer", "attest"], rules=every)]
    return Community.found(ledger, BOARD, constitution=Constitution(rules, articles), time=START)


def test_a_vote_is_once_and_may_be_changed(ledger, coop):
    proposal = coop.propose("x", by=ANN, time=OPENED)
    log = standing(ledger)
    proposal.vote(ANN, "yes", dry_run=True, time=OPENED)
    assert standing(ledger) == log
    first = proposal.vote(ANN, "yes", key="ann", time=OPENED)
    again = proposal.vote(ANN, "yes", key="ann", time=OPENED)
    assert (again.id, again.repeated) == (first.id, True)
    with pytest.raises(KeyReusedError):
        proposal.vote(ANN, "no", key="ann", time=OPENED)
    refused("vote_unchanged", proposal.vote, ANN, "yes", time=OPENED)
    assert proposal.record.counts == (1, 0, 0)
    proposal.vote(ANN, "no", time=OPENED)
    assert proposal.record.counts == (0, 1, 0)
    proposal.vote(ANN, "abstain", time=OPENED)
    assert (proposal.record.counts, proposal.record.voters) == ((0, 0, 1), 1)


def test_who_may_vote_and_when(coop, members):
    proposal = coop.propose("x", by=ANN, time=OPENED)
    refused("not_in_electorate", proposal.vote, EVE, "yes", time=OPENED)
    # Who becomes a member by the day of the vote, or in the millisecond of the proposal, was none before it.
    members.award(EVE.account, time=OPENED)
    refused("not_in_electorate", proposal.vote, EVE, "yes", time=OPENED)
    # Who was a member and is thrown out after a proposal still votes on it.
    members.revoke(BOB.account, time=OPENED + 1)
    proposal.vote(BOB, "yes", time=OPENED + 1)
    refused("not_delegated", proposal.vote, ANN, "yes", for_members=[CAT.account], time=OPENED + 1)
    refused("invalid_members", proposal.vote, ANN, "yes", for_members=[ANN.account] * 2, time=OPENED + 1)
    many = [bytes([number % 256, number // 256]) * 16 for number in range(501)]
    refused("too_many_members", proposal.vote, ANN, "yes", for_members=many, time=OPENED + 1)
    refused("voting_closed", proposal.vote, ANN, "yes", time=OPENED + 7 * DAY)
    # Seven days later she may propose, for then she is one.
    later = coop.propose("y", by=EVE, time=OPENED + 7 * DAY)
    refused("not_in_electorate", later.vote, BOB, "yes", time=OPENED + 7 * DAY)


def test_what_is_no_choice(ledger, coop):
    proposal = coop.propose("x", by=ANN, time=OPENED)
    log = standing(ledger)
    for choice, error in (
        ("maybe", ValueError),
        ({}, ValueError),
        ({"yes": 0}, ValueError),
        ({"yes": -1}, ValueError),
        ({"yes": 1.5}, TypeError),
        ({"yes": True}, TypeError),
        ({"yes": 2**64}, ValueError),
        ({"yes": 1, "maybe": 1}, ValueError),
        ({"yes": 60, "no": 40}, ValueError),
        (1, TypeError),
        (None, TypeError),
        (["yes"], TypeError),
        (b"yes", TypeError),
    ):
        with pytest.raises(error, match="choice"):
            proposal.vote(ANN, choice, time=OPENED)
    with pytest.raises(TypeError):
        proposal.vote(ANN.account, "yes", time=OPENED)
    with pytest.raises(TypeError):
        proposal.vote(ANN, "yes", for_members=ANN.account, time=OPENED)
    assert standing(ledger) == log
    refused("wrong_ballot", proposal.vote, ANN, Approve([0]), time=OPENED)
    refused("wrong_ballot", proposal.vote, ANN, Shares([1, 0]), time=OPENED)
    refused("wrong_ballot", proposal.vote, ANN, Sealed(bytes(32)), time=OPENED)
    refused("wrong_ballot", proposal.seal, ANN, "yes", time=OPENED)
    refused("reveal_not_open", proposal.reveal, ANN, "yes", time=OPENED)


def test_units_are_those_before_the_proposal(ledger, coin):
    """Weight that is bought after it, or lent round, counts nothing."""
    club = found(ledger, by_units(coin))
    proposal = club.propose("x", by=ANN, time=OPENED)
    ledger.transfer(ANN, coin, to=DAN.account, amount=400, time=OPENED)
    refused("no_weight", proposal.vote, DAN, "yes", time=OPENED)
    proposal.vote(ANN, {"yes": 60, "no": 40}, time=OPENED)
    assert proposal.record.counts == (240, 160, 0)
    # Lent to the next one who votes, it has voted already.
    ledger.transfer(DAN, coin, to=BOB.account, amount=400, time=OPENED)
    proposal.vote(BOB, "no", time=OPENED)
    assert proposal.record.counts == (240, 260, 0)
    explained = proposal.tally(time=OPENED).explain()
    assert "may vote: 100.0 NOOR, a vote for each unit" in explained
    assert "  yes: 24.0 NOOR (48 % of what was decided)" in explained
    assert "as it stands it fails: threshold not exceeded" in explained


def test_roots_weigh_members_and_no_crowd_of_accounts(ledger, coin, members):
    club = found(ledger, quadratic(coin, members.requirement))
    proposal = club.propose("x", by=ANN, time=OPENED)
    refused("not_in_electorate", proposal.vote, EVE, "yes", time=OPENED)
    refused("no_weight", proposal.vote, DAN, "yes", time=OPENED)
    for voter in (ANN, BOB, CAT):
        proposal.vote(voter, "yes" if voter is ANN else "no", time=OPENED)
    assert proposal.record.counts == (20, 10 + 5, 0)
    assert proposal.record.cast == 3
    explained = proposal.tally(time=OPENED).explain()
    assert "may vote: 4 members, each the square root of its units" in explained
    assert "took part: 3 members (75 %), 3 ballots" in explained


def test_delegates_vote_until_members_do(coop):
    coop.delegate(ANN, BOB.account, time=OPENED)
    coop.delegate(BOB, CAT.account, time=OPENED)
    proposal = coop.propose("x", by=ANN, time=OPENED)
    proposal.vote(CAT, "yes", for_members=[ANN.account, BOB.account, CAT.account], time=OPENED)
    assert proposal.record.counts == (3, 0, 0)
    # The nearer delegate comes before the one behind it, and the member before both; nobody votes twice.
    proposal.vote(BOB, "no", for_members=[ANN.account, BOB.account], time=OPENED)
    assert proposal.record.counts == (1, 2, 0)
    refused("overridden", proposal.vote, CAT, "yes", for_members=[ANN.account], time=OPENED)
    proposal.vote(ANN, "abstain", time=OPENED)
    assert proposal.record.counts == (1, 1, 1)
    refused("overridden", proposal.vote, BOB, "yes", for_members=[ANN.account], time=OPENED)
    coop.delegate(ANN, None, time=OPENED)
    refused("not_delegated", proposal.vote, BOB, "yes", for_members=[ANN.account], time=OPENED)


def test_a_quorum_that_is_missed_by_one(ledger, coin):
    rule = by_units(coin, quorum_bps=4_250, extension=0)
    club = found(ledger, rule, replace(rule, quorum_bps=4_251))
    for number, passed in ((0, True), (1, False)):
        proposal = club.propose("x", by=ANN, rule=number, time=OPENED)
        for voter in (ANN, CAT):
            proposal.vote(voter, "yes", time=OPENED)
        standing_now = proposal.tally(time=OPENED)
        assert (standing_now.verdict.cast, standing_now.verdict.quorum) == (425, 425 if passed else 426)
        explained = standing_now.explain()
        assert ("quorum: 42.6 NOOR (42.51 %), missing: 0.1 NOOR" in explained) == (not passed)
        assert ("as it stands it fails: no quorum" in explained) == (not passed)
    first, second = club.proposals()
    at = first.record.due
    for proposal in (Proposal(ledger, DAN, identifier=first.id), Proposal(ledger, DAN, identifier=second.id)):
        proposal.conclude(time=at)
    assert [each.state_at(at) for each in (first, second)] == ["passed", "failed"]
    refused("not_passed", Proposal(ledger, DAN, identifier=second.id).execute, time=at)


def test_execution_early_twice_and_too_late(ledger, coop):
    proposal = coop.propose("x", by=ANN, actions=coop.set(share=2), time=OPENED)
    proposal.vote(ANN, "yes", time=OPENED)
    for call in (proposal.execute, proposal.conclude):
        refused("not_due", call, time=DUE - 1)
    log = standing(ledger)
    proposal.conclude(dry_run=True, time=DUE)
    proposal.execute(dry_run=True, time=DUE)
    assert standing(ledger) == log
    first = proposal.execute(key="do it", time=DUE)
    again = proposal.execute(key="do it", time=DUE + 1)
    assert (again.id, again.repeated) == (first.id, True)
    refused("already_executed", proposal.execute, time=DUE + 1)
    refused("proposal_closed", proposal.conclude, time=DUE + 1)
    refused("proposal_closed", proposal.vote, ANN, "no", time=DUE + 1)
    late = coop.propose("y", by=ANN, actions=coop.set(share=3), time=DUE + 1)
    late.vote(ANN, "yes", time=DUE + 1)
    lapses = late.record.lapses
    refused("proposal_lapsed", late.execute, time=lapses)
    assert late.state_at(lapses) == "lapsed"
    assert coop.setting("share") == 2


def test_concluding_and_executing_are_retried_apart(coop):
    """A key stands for what was wanted then, whatever state the proposal has since."""
    proposal = coop.propose("x", by=ANN, actions=coop.set(share=2), time=OPENED)
    proposal.vote(ANN, "yes", time=OPENED)
    concluded = proposal.conclude(key="conclude", time=DUE)
    assert proposal.conclude(key="conclude", time=DUE).id == concluded.id
    executed = proposal.execute(key="execute", time=DUE)
    assert [operation.wire_name for operation in executed.operations] == ["execute"]
    assert proposal.execute(key="execute", time=DUE).id == executed.id
    with pytest.raises(KeyReusedError):
        proposal.execute(key="conclude", time=DUE)
    other = coop.propose("y", by=ANN, time=DUE)
    with pytest.raises(KeyReusedError):
        other.execute(key="execute", time=DUE)


def test_execution_that_fails_half_way_is_whole_later(ledger, coop):
    ils = ledger.create_asset(BOARD, "ILS", time=START)
    ledger.mint(BOARD, ils, to=coop.account, amount=100, time=START)
    rent = [Transfer(asset=ils, sender=coop.account, to=EVE.account, amount=amount) for amount in (80, 80)]
    proposal = coop.propose("rent", by=ANN, actions=rent, time=OPENED)
    proposal.vote(ANN, "yes", time=OPENED)
    refused("insufficient_funds", proposal.execute, time=DUE)
    assert (ledger.balance(ils, EVE.account), proposal.state_at(DUE)) == (0, "due")
    ledger.mint(BOARD, ils, to=coop.account, amount=60, time=DUE)
    proposal.execute(time=DUE)
    assert ledger.balance(ils, EVE.account) == 160


def test_vetoes_in_time_and_too_late(ledger, coop):
    first, second = (coop.propose(text, by=ANN, actions=coop.set(share=2), time=OPENED) for text in "ab")
    for proposal in (first, second):
        proposal.vote(ANN, "yes", time=OPENED)
    refused("unauthorized", first.veto, ANN, time=OPENED)
    log = standing(ledger)
    first.veto(BOARD, reason=7, dry_run=True, time=DUE - 1)
    assert standing(ledger) == log
    done = first.veto(BOARD, reason=7, key="no", time=DUE - 1)
    assert first.veto(BOARD, reason=7, key="no", time=DUE - 1).id == done.id
    refused("proposal_closed", first.veto, BOARD, time=DUE - 1)
    refused("not_passed", first.execute, time=DUE)
    assert first.tally(time=DUE).explain().endswith("state: vetoed, reason 7")
    refused("veto_too_late", second.veto, BOARD, time=DUE)
    second.execute(time=DUE)
    assert coop.setting("share") == 2


def test_a_rule_without_guardian_has_no_veto(ledger, members):
    club = found(ledger, one_member_one_vote(members.requirement))
    proposal = club.propose("x", by=ANN, time=OPENED)
    refused("no_guardian", proposal.veto, BOARD, time=OPENED)


def test_proposals_are_taken_back_before_the_vote(ledger, members, coin):
    rule = one_member_one_vote(members.requirement, delay="2d", deposit=Deposit(coin, 5))
    club = found(ledger, rule)
    first, second = (club.propose(text, by=ANN, time=OPENED) for text in "ab")
    assert (first.state_at(OPENED), ledger.balance(coin, ANN.account)) == ("open", 390)
    refused("voting_not_started", first.vote, ANN, "yes", time=OPENED)
    refused("unauthorized", first.cancel, BOB, time=OPENED)
    log = standing(ledger)
    first.cancel(ANN, dry_run=True, time=OPENED)
    assert standing(ledger) == log
    done = first.cancel(ANN, key="back", time=OPENED)
    assert first.cancel(ANN, key="back", time=OPENED).id == done.id
    assert (first.state_at(OPENED), ledger.balance(coin, ANN.account)) == ("cancelled", 395)
    refused("voting_started", second.cancel, ANN, time=OPENED + 2 * DAY)
    # Nobody took part: what was put down is lost.
    second.conclude(time=second.record.due)
    assert (ledger.balance(coin, ANN.account), ledger.asset(coin).burned) == (395, 5)


def test_a_proposal_of_an_earlier_constitution_is_not_executed(coop):
    """A change that skips its own rule is refused; one by its rule ends what was passed under the old one."""
    first = coop.rules[0]
    weaker = SetConstitution(
        account=coop.account, constitution=Constitution([first, first], coop.constitution.articles)
    )
    refused("wrong_rule", coop.propose, "weaker", by=ANN, actions=[weaker], rule=0, time=OPENED)
    amend = coop.propose("weaker", by=ANN, actions=[weaker], rule=1, time=OPENED)
    for voter in (ANN, BOB):
        amend.vote(voter, "yes", time=OPENED)
    share = coop.propose("share", by=ANN, actions=coop.set(share=2), time=OPENED + 10 * DAY)
    share.vote(ANN, "yes", time=OPENED + 10 * DAY)
    amend.execute(time=amend.record.due)
    assert coop.rules == (first, first)
    refused("constitution_changed", share.execute, time=amend.record.due)
    assert coop.setting("share") == 1


def test_options_are_approved_of(ledger, members, coin):
    club = found(ledger, approval(one_member_one_vote(members.requirement)))
    ledger.mint(BOARD, coin, to=club.account, amount=10, time=START)
    pay = [Transfer(asset=coin, sender=club.account, to=DAN.account, amount=10)]
    proposal = club.propose("flavour", by=ANN, options={"fig": [], "date": pay, "plum": []}, time=OPENED)
    proposal.vote(ANN, ["date", "fig"], time=OPENED)
    proposal.vote(BOB, ["date"], time=OPENED)
    proposal.vote(CAT, 2, time=OPENED)
    proposal.vote(DAN, "abstain", time=OPENED)
    assert ledger.vote(proposal.id, ANN.account).ballot == Approve([0, 1])
    assert proposal.record.counts == (1, 2, 1, 1)
    named = club.proposal(proposal.id, names=list(FLAVOURS))
    assert named.tally(time=OPENED).explain() == proposal.tally(time=OPENED).explain()
    assert "option 1: 2" in club.proposal(proposal.id).tally(time=OPENED).explain()
    for choice, error in ((["kiwi"], ValueError), (3, ValueError), (-1, ValueError), ([1.0], TypeError)):
        with pytest.raises(error, match="choice"):
            proposal.vote(EVE, choice, time=OPENED)
    with pytest.raises(ValueError, match="no names here"):
        club.proposal(proposal.id).vote(ANN, "fig", time=OPENED)
    for names in (["a"], ["a", "a", "b"], ["a", "b", "c", "d"]):
        with pytest.raises(ValueError, match="names: expected 3"):
            club.proposal(proposal.id, names=names)
    proposal.execute(time=proposal.record.due)
    assert ledger.balance(coin, DAN.account) == 10
    assert proposal.tally(time=ledger.time).explain().endswith("state: executed, with date")


def test_rankings_that_nobody_told_in_time_decide_nothing(ledger, members):
    """A ledger with small transactions may have no room for them; the proposal ends all the same."""
    club = found(ledger, ranked(one_member_one_vote(members.requirement), 3))
    proposal = club.propose("flavour", by=ANN, options=FLAVOURS, time=OPENED)
    for member in (ANN, BOB, CAT):
        proposal.vote(member, ["fig"], time=OPENED)
    told = Conclude(proposal=proposal.id)
    lapses = proposal.record.lapses
    refused("wrong_rankings", ledger.execute, [told], ANN, time=lapses - 1)
    ledger.execute([told], ANN, time=lapses)
    assert isinstance(proposal.record.state, ProposalFailed)
    assert "state: failed: not concluded before it lapsed" in proposal.tally(time=lapses).explain()
    refused("not_passed", ledger.execute, [Execute(proposal=proposal.id, actions=[])], ANN, time=lapses)


def test_options_are_ranked_and_run_off(ledger, members, coin):
    club = found(ledger, ranked(one_member_one_vote(members.requirement), 3))
    ledger.mint(BOARD, coin, to=club.account, amount=10, time=START)
    pay = [Transfer(asset=coin, sender=club.account, to=EVE.account, amount=10)]
    proposal = club.propose("flavour", by=ANN, options={**FLAVOURS, "plum": pay}, time=OPENED)
    for voter, choice in ((ANN, ["fig"]), (BOB, ["plum", "fig"]), (CAT, ["date", "plum"])):
        proposal.vote(voter, choice, time=OPENED)
    assert ledger.vote(proposal.id, BOB.account).ballot == Rank([2, 0])
    explained = proposal.tally(time=OPENED).explain()
    assert "round 1: fig 1, date 1, plum 1; plum is struck out, as last of those with 1" in explained
    assert "round 2: fig 2, date 1; fig wins, more than half" in explained
    proposal.vote(CAT, [2, 1], time=OPENED)
    with pytest.raises(ValueError, match="0 to 2"):
        proposal.vote(DAN, [3], time=OPENED)
    refused("wrong_ballot", proposal.vote, DAN, ["fig", "fig"], time=OPENED)
    proposal.execute(time=proposal.record.due)
    assert isinstance(proposal.options, tuple)
    assert ledger.balance(coin, EVE.account) == 485


def test_ballots_are_sealed_and_revealed(ledger, members):
    club = found(ledger, sealed(one_member_one_vote(members.requirement, timelock="1d"), "2d"))
    club.delegate(DAN, ANN.account, time=START)
    proposal = club.propose("x", by=ANN, time=OPENED)
    refused("wrong_ballot", proposal.vote, ANN, "yes", time=OPENED)
    log = standing(ledger)
    proposal.seal(ANN, "yes", dry_run=True, time=OPENED)
    assert standing(ledger) == log
    done = proposal.seal(ANN, "yes", for_members=[ANN.account, DAN.account], key="ann", time=OPENED)
    again = proposal.seal(ANN, "yes", for_members=[ANN.account, DAN.account], key="ann", time=OPENED)
    assert again.id == done.id
    proposal.seal(BOB, "yes", time=OPENED)
    earlier = ledger.vote(proposal.id, BOB.account).ballot
    proposal.seal(BOB, "no", time=OPENED)
    proposal.seal(CAT, "no", time=OPENED)
    assert proposal.record.counts == (0, 0, 0)
    sealed_now = proposal.tally(time=OPENED).explain()
    assert sealed_now.endswith("state: voting; ballots are sealed, and counted when they are revealed")
    ends = OPENED + 7 * DAY
    refused("reveal_not_open", proposal.reveal, ANN, "yes", time=ends - 1)
    assert proposal.state_at(ends) == "counting"
    refused("wrong_seal", proposal.reveal, BOB, "yes", time=ends)
    refused("not_sealed", proposal.reveal, EVE, "yes", time=ends)
    log = standing(ledger)
    proposal.reveal(BOB, "no", dry_run=True, time=ends)
    assert standing(ledger) == log
    shown = proposal.reveal(BOB, "no", key="bob", time=ends)
    assert proposal.reveal(BOB, "no", key="bob", time=ends).id == shown.id
    # What is shown of the last ballot opens no earlier one.
    salt = shown.operations[0].salt
    assert ballot_seal(proposal.id, BOB.account, salt, Shares([1, 0, 0])) != earlier.hash
    proposal.reveal(ANN, "yes", for_members=[ANN.account, DAN.account], time=ends)
    refused("not_sealed", proposal.reveal, ANN, "yes", time=ends)
    counted = ends + 2 * DAY
    refused("voting_closed", proposal.reveal, CAT, "no", time=counted)
    assert proposal.record.counts == (2, 1, 0)
    assert f"{proposal.record.voters} ballots" in proposal.tally(time=counted).explain()
    proposal.execute(time=proposal.record.due)


def test_backers_vote_with_what_is_left_of_their_pledges(ledger, coin):
    raised = Raise.open(ledger, DAN, asset=coin, goal=100, closes=OPENED, withdrawable=True, time=START)
    pledges = {backer: raised.pledge(backer, amount, time=START) for backer, amount in ((ANN, 60), (BOB, 40))}
    club = found(ledger, by_backers(raised.id))
    proposal = club.propose("milestone", by=EVE, time=OPENED)
    refused("no_weight", proposal.vote, ANN, "yes", time=OPENED)
    refused("no_weight", proposal.vote, ANN, "yes", for_members=[EVE.account], time=OPENED)
    refused("not_delegated", proposal.vote, ANN, "yes", for_members=pledges[BOB].holds, time=OPENED)
    proposal.vote(ANN, "yes", for_members=pledges[ANN].holds, time=OPENED)
    assert proposal.record.counts == (60, 0, 0)
    assert "may vote: 10.0 NOOR, a vote for each unit" in proposal.tally(time=OPENED).explain()


def test_a_quorum_that_comes_late_leaves_time_to_answer(ledger, members):
    club = found(ledger, one_member_one_vote(members.requirement, quorum_bps=5_000, extension="1d"))
    proposal = club.propose("x", by=ANN, time=OPENED)
    ends = OPENED + 7 * DAY
    proposal.vote(ANN, "yes", time=OPENED)
    assert "a quorum that is reached late leaves 1 day to vote" in proposal.tally(time=OPENED).explain()
    proposal.vote(BOB, "yes", time=ends - 1)
    assert proposal.record.ends == ends - 1 + DAY
    assert "leaves 1 day" not in proposal.tally(time=ends).explain()
    proposal.vote(CAT, "no", time=ends)
    refused("voting_closed", proposal.vote, DAN, "no", time=ends - 1 + DAY)


def test_others_sign_beside_the_community(ledger, members):
    """What the community sells needs who buys, too."""
    rule = one_member_one_vote(members.requirement)
    articles = [Article(operations=["set_constitution"]), Article(operations=["sell_item"], rules=[0])]
    club = Community.found(ledger, BOARD, constitution=Constitution([rule], articles), time=START)
    ils = ledger.create_asset(BOARD, "ILS", time=START)
    ledger.mint(BOARD, ils, to=EVE.account, amount=50, time=START)
    powers = Powers(mint=BOARD.account)
    art = ledger.create_asset(BOARD, "ART", policy=[Items()], powers=powers, time=START)
    made = [Design(asset=art, design=1, editions=1), IssueItem(asset=art, design=1, to=club.account)]
    ledger.execute(made, BOARD, time=START)
    sale = SellItem(asset=art, item=Item(1, 1), seller=club.account, buyer=EVE.account, currency=ils, price=50)
    proposal = club.propose("sell", by=ANN, actions=[sale], time=OPENED)
    proposal.vote(ANN, "yes", time=OPENED)
    due = proposal.record.due
    refused("unauthorized", proposal.execute, time=due)
    proposal.execute(EVE, time=due)
    assert ledger.balance(ils, club.account) == 50


def test_the_actions_come_from_the_log_and_are_the_ones(ledger, coop):
    wanted = tuple(coop.set(share=5))
    proposal = coop.propose("x", by=ANN, actions=wanted, time=OPENED)
    assert [tuple(actions) for actions in proposal.options] == [wanted]
    # What only names the proposal comes after it in the log.
    proposal.vote(ANN, "yes", time=OPENED)
    assert proposal.options == (wanted,)
    nobody = Proposal(ledger, identifier=proposal.id)
    assert nobody.options == (wanted,)
    for call in (nobody.conclude, nobody.execute):
        with pytest.raises(TypeError, match="signers"):
            call(time=DUE)


def test_actions_are_found_behind_what_was_sent_to_the_id_before(ledger, coop, coin):
    """Who knows the salt can send something to the id of a proposal to come: that hides nothing."""
    tried = coop.propose("x", by=ANN, actions=coop.set(share=5), key="x", dry_run=True, time=OPENED)
    ledger.transfer(ANN, coin, to=tried.id, amount=1, time=OPENED)
    coop.delegate(ANN, tried.id, time=OPENED)
    proposal = coop.propose("x", by=ANN, actions=coop.set(share=5), key="x", time=OPENED)
    assert proposal.id == tried.id
    assert proposal.options == (tuple(coop.set(share=5)),)


def test_a_ledger_without_index_has_no_actions(tmp_path, ledger, coop):
    proposal = coop.propose("x", by=ANN, time=OPENED)
    ledger.close()
    with Ledger.open(tmp_path / "coop", operator=BOARD, index=False) as again:
        taken = Proposal(again, ANN, identifier=proposal.id)
        taken.vote(ANN, "yes", time=OPENED)
        with pytest.raises(ValueError, match="index"):
            _ = taken.options


def test_a_proposal_beside_others_in_one_transaction(ledger, coop):
    """Several in one transaction are told apart, and each has its own actions."""
    made = [
        Propose(
            account=coop.account,
            proposer=ANN.account,
            salt=bytes([number]) * 16,
            rule=0,
            title=bytes(32),
            options=[coop.set(share=number)],
        )
        for number in (3, 4)
    ]
    ledger.execute(made, ANN, time=OPENED)
    taken = [coop.proposal(proposal_id(each.account, each.proposer, each.salt)) for each in made]
    assert [[tuple(actions) for actions in each.options] for each in taken] == [
        [tuple(actions) for actions in each.options] for each in made
    ]
    assert [each.id for each in coop.proposals()] == [each.id for each in taken]


def test_states_follow_each_other(coop):
    proposal = coop.propose("x", by=ANN, time=OPENED)
    record = proposal.record
    assert proposal.state == "lapsed"
    steps = [(OPENED, "voting"), (record.ends, "timelock"), (DUE, "due"), (record.lapses, "lapsed")]
    for time, state in steps:
        assert proposal.state_at(time) == state
        assert proposal.tally(time=time).state == state
    assert {state for _, state in steps} < set(STATES)


def test_explain_of_a_whole_vote(coop):
    proposal = coop.propose("x", by=ANN, time=OPENED)
    proposal.vote(ANN, "yes", time=OPENED)
    proposal.vote(BOB, "no", time=OPENED)
    proposal.vote(CAT, "yes", time=OPENED)
    assert (
        proposal.tally(time=OPENED).explain()
        == """\
may vote: 4 members, a vote each
took part: 3 members (75 %), 3 ballots
quorum: 1 member (20 %), reached
votes:
  yes: 2 (66.66 % of what was decided)
  no: 1 (33.33 % of what was decided)
  abstain: 0
ahead: yes with 2
threshold: more than 1 (50 % of 3), met
voting since 2023-11-14 22:13:20.001 UTC
voting until 2023-11-21 22:13:20.001 UTC
timelock, and veto, until 2023-11-24 22:13:20.001 UTC
executable until 2023-12-24 22:13:20.001 UTC
state: voting; as it stands it passes"""
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_explain_says_is_what_the_ledger_concludes(ledger, members, coin, seed):
    """Random votes by random rules: the verdict before `conclude` is the ledger's, to the last number."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    terms = {
        "quorum_bps": rng.choice([0, 1, 2_500, 5_001, 9_000]),
        "threshold_bps": rng.choice([0, 3_333, 5_000, 6_666, 9_999]),
        "extension": 0,
    }
    support = rng.choice([0, 0, 2_500, 5_000])
    base = [
        by_units(coin, support_bps=support, **terms),
        one_member_one_vote(members.requirement, support_bps=support, **terms),
        quadratic(coin, members.requirement, **terms),
    ]
    rules = [*base, *map(approval, base[:2]), *(ranked(rule, 3) for rule in base)]
    club = found(ledger, *rules)
    voters = {"units": [ANN, BOB, CAT, EVE], "members": [ANN, BOB, CAT, DAN], "both": [ANN, BOB, CAT]}
    proposals = []
    for number, rule in enumerate(rules):
        several = number >= len(base)
        options = {"options": {name: [] for name in "abcd"}} if several else {}
        proposal = club.propose(f"rule {number}", by=ANN, rule=number, time=OPENED, **options)
        who = "both" if rule.weight == 2 else "members" if rule.weight == 1 else "units"
        for voter in voters[who]:
            if rng.random() < 0.2:
                continue
            if not several:
                split = {"yes": rng.randrange(3), "no": rng.randrange(2), "abstain": rng.randrange(2)}
                choice = split if rule.weight != 1 and any(split.values()) else rng.choice(["yes", "no", "abstain"])
            else:
                choice = rng.sample(range(4), rng.randrange(4))
            proposal.vote(voter, choice, time=OPENED)
        proposals.append(proposal)
    at = max(proposal.record.due for proposal in proposals)
    for proposal in proposals:
        before = proposal.tally(time=at)
        said = before.explain().split("\n")[-1]
        proposal.conclude(time=at)
        state = proposal.record.state
        assert isinstance(state, ProposalPassed if before.verdict.passed else ProposalFailed)
        if before.verdict.passed:
            assert state.option == before.verdict.option
            name = before.names[state.option]
            assert said == "state: due; as it stands it passes" + (
                "" if before.tally.form == "yes_no" else f" with {name}"
            )
        else:
            assert said.startswith("state: due; as it stands it fails: ")
        after = proposal.tally(time=at)
        assert (after.tally, after.verdict) == (before.tally, before.verdict)


def test_a_vote_of_many_proposals_in_one_transaction_is_counted_apart(ledger, coop):
    first, second = (coop.propose(text, by=ANN, time=OPENED) for text in "ab")
    both = [Vote(proposal=each.id, voter=ANN.account, ballot=Shares([1, 0, 0])) for each in (first, second)]
    ledger.execute(both, ANN, time=OPENED)
    assert first.record.counts == second.record.counts == (1, 0, 0)
