"""What OpenZeppelin documents of its Governor, beside what this ledger does: a test for each row of the table.

The table is in docs/concepts/governance.md. A row says what is documented there, what is done here, and which test
shows it; whether they agree is the last test.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from counterfoil import Key, Ledger
from counterfoil.governance import Community, by_units
from counterfoil.ops import (
    Article,
    Constitution,
    Execute,
    Propose,
    SetConstitution,
    Shares,
    Transfer,
    Vote,
    proposal_id,
)
from counterfoil.verify import ProposalFailed, ProposalPassed
from counterfoil.wire import Transaction

from tests.calls import refused

PAGE = Path(__file__).parents[1] / "docs/concepts/governance.md"

ISSUER, ANN, BOB, EVE, GUARD, STRANGER = (Key.from_seed(bytes([number]) * 32) for number in range(61, 67))
DAY = 86_400_000
START = 1_700_000_000_000
VOTING = START + DAY
ENDS = VOTING + 7 * DAY
DUE = ENDS + 2 * DAY
LAPSES = DUE + 30 * DAY


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example", operator=ISSUER, time=START) as made:
        yield made


@pytest.fixture
def coin(ledger):
    """Ann has 600, Bob 300, Eve 100."""
    asset = ledger.create_asset(ISSUER, "NOOR", time=START)
    for holder, amount in ((ANN, 600), (BOB, 300), (EVE, 100)):
        ledger.mint(ISSUER, asset, to=holder.account, amount=amount, time=START)
    return asset


def rule_of(coin, **changes):
    terms = {"quorum_bps": 4_000, "delay": "1d", "voting": "7d", "extension": 0, "timelock": "2d", "guardian": None}
    return by_units(coin, **terms | changes)


def found(ledger, coin, **changes):
    constitution = constitution_of(rule_of(coin, **changes))
    club = Community.found(ledger, ISSUER, constitution=constitution, time=START)
    ledger.mint(ISSUER, coin, to=club.account, amount=500, time=START)
    return club


def constitution_of(rule):
    return Constitution([rule], [Article(operations=[Transfer, SetConstitution], rules=[0])])


@pytest.fixture
def club(ledger, coin):
    return found(ledger, coin)


def gift(club, coin, amount=5, to=EVE):
    return [Transfer(asset=coin, sender=club.account, to=to.account, amount=amount)]


def proposed(club, coin, *, by=ANN, time=START, **rest):
    return club.propose("A gift", by=by, actions=gift(club, coin, **rest), time=time)


def concluded(proposal, time=DUE):
    proposal.conclude(time=time)
    return isinstance(proposal.record.state, ProposalPassed)


# Counting.


def test_quorum_counts_every_vote(club, coin):
    """40 % of 1,000 must take part: Bob's abstention and Eve's yes are as many, and Ann's no are more."""
    abstained, against = proposed(club, coin), proposed(club, coin)
    abstained.vote(BOB, "abstain", time=VOTING)
    assert not abstained.tally(time=VOTING).verdict.has_quorum
    abstained.vote(EVE, "yes", time=VOTING)
    against.vote(ANN, "no", time=VOTING)
    assert against.tally(time=VOTING).verdict.has_quorum
    assert (concluded(abstained), concluded(against)) == (True, False)


def test_more_for_than_against(ledger, club, coin):
    """As many for it as against it is not enough."""
    tie, one_more = proposed(club, coin), proposed(club, coin)
    for proposal, shares in ((tie, [300, 300, 0]), (one_more, [301, 299, 0])):
        ledger.execute([Vote(proposal=proposal.id, voter=ANN.account, ballot=Shares(shares))], ANN, time=VOTING)
    assert (tie.record.counts, one_more.record.counts) == ((300, 300, 0), (301, 299, 0))
    assert (concluded(tie), concluded(one_more)) == (False, True)


def test_quorum_is_a_part_of_the_past_supply(ledger, club, coin):
    """Of the supply when it was proposed, without the community's own units, rounded up."""
    proposal = proposed(club, coin)
    ledger.mint(ISSUER, coin, to=STRANGER.account, amount=10**6, time=START)
    assert (proposal.record.electorate, proposal.tally(time=START).verdict.quorum) == (1_000, 400)
    ledger.mint(ISSUER, coin, to=STRANGER.account, amount=1, time=START + DAY)
    later = proposed(club, coin, time=START + DAY)
    assert (later.record.electorate, later.tally(time=START).verdict.quorum) == (1_001_001, 400_401)


def test_fractional_votes(club, coin):
    """A vote is split in any proportion, all of it at once; what rounding leaves goes to the first choice of it."""
    proposal = proposed(club, coin)
    proposal.vote(ANN, {"yes": 60, "no": 40}, time=VOTING)
    proposal.vote(EVE, {"yes": 1, "no": 1, "abstain": 1}, time=VOTING)
    assert proposal.record.counts == (360 + 34, 240 + 33, 33)
    assert proposal.record.cast == 700


def test_no_early_success(club, coin):
    """However many are for it, the vote ends when it ends: others may still change their minds, and so may they."""
    proposal = proposed(club, coin)
    for voter in (ANN, BOB, EVE):
        proposal.vote(voter, "yes", time=VOTING)
    assert (proposal.state_at(ENDS - 1), proposal.state_at(ENDS)) == ("voting", "timelock")
    refused("not_due", proposal.conclude, time=ENDS)


# Who votes with what.


def test_votes_are_those_of_a_snapshot(ledger, club, coin):
    """Whoever buys after the proposal has no vote, whoever sold still has it, and nobody has it twice."""
    proposal = proposed(club, coin)
    ledger.transfer(ANN, coin, to=STRANGER.account, amount=600, time=START)
    refused("no_weight", proposal.vote, STRANGER, "no", time=VOTING)
    proposal.vote(ANN, "yes", time=VOTING)
    assert proposal.record.counts == (600, 0, 0)


def test_holders_vote_without_delegating(club, coin):
    """Nothing has to be activated."""
    proposal = proposed(club, coin)
    proposal.vote(EVE, "yes", time=VOTING)
    assert proposal.record.counts == (100, 0, 0)


def test_a_member_overrides_its_delegate(club, coin):
    """Before and after the delegate has voted, and never the other way round."""
    club.delegate(BOB, ANN.account, time=START)
    club.delegate(EVE, ANN.account, time=START)
    proposal = proposed(club, coin)
    members = [ANN.account, BOB.account, EVE.account]
    proposal.vote(ANN, "yes", for_members=members, time=VOTING)
    assert proposal.record.counts == (1_000, 0, 0)
    proposal.vote(BOB, "no", time=VOTING)
    assert proposal.record.counts == (700, 300, 0)
    refused("overridden", proposal.vote, ANN, "abstain", for_members=[BOB.account], time=VOTING)
    refused("not_delegated", proposal.vote, BOB, "no", for_members=[EVE.account], time=VOTING)
    # A delegation counts as it stands when the vote is cast, not as it stood at the snapshot.
    club.delegate(EVE, None, time=VOTING)
    refused("not_delegated", proposal.vote, ANN, "no", for_members=[EVE.account], time=VOTING)


def test_a_second_vote_replaces_the_first(club, coin):
    proposal = proposed(club, coin)
    proposal.vote(ANN, "yes", time=VOTING)
    refused("vote_unchanged", proposal.vote, ANN, "yes", time=VOTING)
    proposal.vote(ANN, "no", time=ENDS - 1)
    assert (proposal.record.counts, proposal.record.voters) == ((0, 600, 0), 1)
    refused("voting_closed", proposal.vote, ANN, "yes", time=ENDS)


def test_votes_are_sent_by_anybody(ledger, club, coin):
    """What was signed is applied whoever hands it in, once, and not if a byte of it is another."""
    proposal = proposed(club, coin)
    vote = Vote(proposal=proposal.id, voter=ANN.account, ballot=Shares([1, 0, 0]))
    signed = bytes(Transaction(ledger.id, [vote], valid_until=VOTING + 60_000, nonce=bytes(16)).sign(ANN))
    changed = signed.replace(bytes(Shares([1, 0, 0])), bytes(Shares([0, 1, 0])))
    assert changed != signed
    [refusal] = ledger.apply([changed], time=VOTING)
    [first] = ledger.apply([signed], time=VOTING)
    [again] = ledger.apply([signed], time=VOTING)
    assert (refusal.status.name, first.ok, again.duplicate) == ("bad_signature", True, True)
    assert proposal.record.counts == (600, 0, 0)


# Times.


def test_delay_and_period(club, coin):
    """The vote starts a day after the proposal, lasts seven, and its last millisecond is before its end."""
    proposal = proposed(club, coin)
    refused("voting_not_started", proposal.vote, ANN, "yes", time=VOTING - 1)
    proposal.vote(ANN, "yes", time=VOTING)
    proposal.vote(BOB, "yes", time=ENDS - 1)
    refused("voting_closed", proposal.vote, EVE, "yes", time=ENDS)


def test_a_late_quorum_extends_the_vote(ledger, coin):
    """By two days from when it is reached, and once."""
    club = found(ledger, coin, extension="2d")
    proposal = proposed(club, coin)
    proposal.vote(EVE, "no", time=VOTING)
    assert proposal.record.ends == ENDS
    proposal.vote(ANN, "yes", time=ENDS - 1)
    assert proposal.record.ends == ENDS - 1 + 2 * DAY
    proposal.vote(BOB, "no", time=ENDS + DAY)
    assert proposal.record.ends == ENDS - 1 + 2 * DAY
    early = club.propose("Early", by=ANN, actions=gift(club, coin), time=ENDS + DAY)
    early.vote(ANN, "yes", time=ENDS + 2 * DAY)
    assert early.record.ends == ENDS + 9 * DAY


def test_lifecycle(ledger, coin):
    """Pending, Active, Canceled, Defeated, Succeeded, Queued, Expired, Executed: each has its counterpart."""
    club = found(ledger, coin, guardian=GUARD.account)
    first, failed, vetoed, lapsed = (proposed(club, coin) for _ in range(4))
    cancelled = proposed(club, coin)
    states = [first.state_at(START)]
    cancelled.cancel(ANN, time=START)
    for proposal, choice in ((first, "yes"), (failed, "no"), (vetoed, "yes"), (lapsed, "yes")):
        proposal.vote(ANN, choice, time=VOTING)
    states += [first.state_at(time) for time in (VOTING, ENDS, DUE)]
    vetoed.veto(GUARD, time=ENDS)
    for proposal in (first, failed, lapsed):
        proposal.conclude(time=DUE)
    states.append(first.state_at(DUE))
    first.execute(time=LAPSES - 1)
    refused("proposal_lapsed", lapsed.execute, time=LAPSES)
    assert [*states, first.state_at(LAPSES)] == ["open", "voting", "timelock", "due", "passed", "executed"]
    others = [proposal.state_at(LAPSES) for proposal in (cancelled, failed, vetoed, lapsed)]
    assert others == ["cancelled", "failed", "vetoed", "lapsed"]


def test_the_timelock_needs_no_queue(club, coin):
    """It runs from the end of the vote by itself, whether anybody does anything or not."""
    proposal = proposed(club, coin)
    proposal.vote(ANN, "yes", time=VOTING)
    refused("not_due", proposal.execute, time=DUE - 1)
    done = proposal.execute(time=DUE)
    assert [operation.wire_name for operation in done.operations] == ["conclude", "execute"]


# Proposing.


def test_proposers_need_votes(ledger, coin):
    club = found(ledger, coin, proposer_weight=300)
    refused("proposer_weight_too_low", proposed, club, coin, by=EVE)
    proposed(club, coin, by=BOB)
    refused("proposer_weight_too_low", proposed, club, coin, by=STRANGER)


def test_cancelled_by_the_proposer_before_the_vote(club, coin):
    first, second = proposed(club, coin), proposed(club, coin)
    refused("unauthorized", first.cancel, BOB, time=VOTING - 1)
    first.cancel(ANN, time=VOTING - 1)
    refused("voting_started", second.cancel, ANN, time=VOTING)
    refused("proposal_closed", first.vote, ANN, "yes", time=VOTING)


def test_the_id_is_of_the_proposer_and_a_salt(ledger, club, coin):
    """The same may be proposed again, and nobody takes another's proposal by being first: it would be another one."""
    salt = b"s" * 16
    shared = {"account": club.account, "salt": salt, "rule": 0, "title": bytes(32), "options": [gift(club, coin)]}
    ledger.execute([Propose(proposer=BOB.account, **shared)], BOB, time=START)
    ledger.execute([Propose(proposer=ANN.account, **shared)], ANN, time=START)
    refused("proposal_exists", ledger.execute, [Propose(proposer=ANN.account, **shared)], ANN, time=START)
    made = [club.proposal(proposal_id(club.account, who.account, salt)) for who in (ANN, BOB)]
    assert made[0].record.options == made[1].record.options
    assert made[0].id != made[1].id


def test_proposals_are_listed_from_the_log(club, coin):
    """The ledger has hashes; actions and titles are in the log, and whoever has a title can check it."""
    first, second = proposed(club, coin), proposed(club, coin, amount=6)
    assert [each.id for each in club.proposals()] == [first.id, second.id]
    assert club.proposal(second.id).options == (tuple(gift(club, coin, amount=6)),)
    assert (first.title("A gift"), first.title("A gift!")) == (True, False)


# Executing.


def test_whoever_executes_brings_the_actions(ledger, club, coin):
    """The ledger has their hash: other actions are none of this proposal."""
    proposal = proposed(club, coin)
    proposal.vote(ANN, "yes", time=VOTING)
    proposal.conclude(time=DUE)
    for wrong in (gift(club, coin, amount=6), gift(club, coin, to=STRANGER), [], gift(club, coin) * 2):
        operation = Execute(proposal=proposal.id, actions=wrong)
        refused("wrong_actions", ledger.execute, [operation], STRANGER, time=DUE)
    ledger.execute([Execute(proposal=proposal.id, actions=gift(club, coin))], STRANGER, time=DUE)
    assert ledger.balance(coin, EVE.account) == 105


def test_anybody_executes_once(ledger, club, coin):
    proposal = proposed(club, coin)
    proposal.vote(ANN, "yes", time=VOTING)
    anybody = Community(ledger, STRANGER, account=club.account).proposal(proposal.id)
    anybody.execute(time=DUE)
    refused("already_executed", anybody.execute, time=DUE)
    assert ledger.balance(coin, EVE.account) == 105


def test_all_actions_or_none(ledger, club, coin):
    """The second one asks for more than is there: the first has not happened, and it may be tried again."""
    actions = [*gift(club, coin), *gift(club, coin, amount=499, to=BOB)]
    proposal = club.propose("Two gifts", by=ANN, actions=actions, time=START)
    proposal.vote(ANN, "yes", time=VOTING)
    refused("insufficient_funds", proposal.execute, time=DUE)
    assert ledger.balance(coin, EVE.account) == 100
    ledger.mint(ISSUER, coin, to=club.account, amount=4, time=DUE)
    proposal.execute(time=DUE)
    assert [ledger.balance(coin, key.account) for key in (EVE, BOB)] == [105, 799]


def test_only_a_proposal_changes_the_rules(ledger, club, coin):
    """No key does; and what was proposed under the old rules is not executed under new ones."""
    owner = ISSUER.on(club.account)
    easier = constitution_of(rule_of(coin, quorum_bps=0))
    change = SetConstitution(account=club.account, constitution=easier)
    refused("needs_proposal", ledger.execute, [change], owner, time=START)
    refused("needs_proposal", ledger.execute, gift(club, coin), owner, time=START)
    old = proposed(club, coin)
    amendment = club.propose("No quorum", by=ANN, actions=[change], time=START)
    for proposal in (old, amendment):
        proposal.vote(ANN, "yes", time=VOTING)
    amendment.execute(time=DUE)
    assert (club.rules[0].quorum_bps, old.record.terms.quorum_bps) == (0, 4_000)
    refused("constitution_changed", old.execute, time=DUE)


def test_a_guardian_vetoes_until_it_is_due(ledger, coin):
    """Whom the rule names, from the opening to the end of the timelock; a proposer has no such power instead."""
    guarded = found(ledger, coin, guardian=GUARD.account)
    early, late, missed = (proposed(guarded, coin) for _ in range(3))
    refused("unauthorized", early.veto, ANN, time=START)
    early.veto(GUARD, reason=7, time=START)
    for proposal in (late, missed):
        proposal.vote(ANN, "yes", time=VOTING)
    late.veto(GUARD, time=DUE - 1)
    refused("veto_too_late", missed.veto, GUARD, time=DUE)
    refused("not_passed", late.execute, time=DUE)
    refused("proposal_closed", early.conclude, time=DUE)
    alone = Community.found(ledger, ISSUER, constitution=constitution_of(rule_of(coin)), time=DUE)
    unguarded = alone.propose("Nothing", by=ANN, time=DUE)
    refused("no_guardian", unguarded.veto, ANN, time=DUE)


def test_a_proposal_that_fails_does_nothing(club, coin):
    proposal = proposed(club, coin)
    proposal.vote(ANN, "no", time=VOTING)
    proposal.vote(BOB, "yes", time=VOTING)
    assert not concluded(proposal)
    assert isinstance(proposal.record.state, ProposalFailed)
    refused("not_passed", proposal.execute, time=DUE)


# The table.


def test_a_row_for_each_test():
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if "`test_" in line]
    named = [re.findall(r"`(test_\w+)`", row[-1])[0] for row in rows]
    here = [name for name in vars(sys.modules[__name__]) if name.startswith("test_")]
    assert named == [name for name in here if name != "test_a_row_for_each_test"]
    for row in rows:
        assert len(row) == 4, row
        assert re.search(r"\]\(https://docs\.openzeppelin\.com/contracts/[^)]+\)", row[1]), row[1]
