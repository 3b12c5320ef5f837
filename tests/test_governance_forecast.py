"""Forecasts: stakes that an oracle or a vote resolves, to the last unit; predictions and their scores; bad input."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger
from counterfoil.exceptions import KeyReusedError, ProofError
from counterfoil.governance import (
    Community,
    Forecast,
    Prediction,
    approval,
    brier,
    by_units,
    forecast_bundle,
    in_parts,
    one_member_one_vote,
    peer_scores,
    ranked,
    recompute_scores,
)
from counterfoil.governance._forecast_opening import bound, check_asset, verdict_schema
from counterfoil.governance._forecast_terms import _TAGS, ForecastTerms, forecast_salts, group_ids, group_salts
from counterfoil.keys import Signer
from counterfoil.leaves import scores_root
from counterfoil.ops import (
    Alias,
    Article,
    Attest,
    AttestedHolders,
    Bound,
    Bytes,
    Commitment,
    CommitmentKind,
    Constitution,
    Distribute,
    Fee,
    FixedExpiry,
    Freeze,
    GroupBasis,
    Hold,
    InactivityExpiry,
    KeyGrant,
    LeavesBasis,
    Lots,
    MaxHolding,
    Once,
    Open,
    OpenGroup,
    Period,
    Powers,
    Release,
    Requirement,
    Revoke,
    Schema,
    SetConstitution,
    SetKeys,
    Settle,
    Share,
    SignedBy,
    Sunset,
    SunsetNotice,
    Terms,
    Transfer,
    group_id,
    named_account,
    schema_id,
)
from counterfoil.reputation import Badges
from counterfoil.verify import OPERATIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls import refused, standing

SHOP, ORACLE, ANN, BOB, EVE, DAN, MALLORY = (Key.from_seed(bytes([number]) * 32) for number in range(61, 68))
MEMBERS = (ANN, BOB, EVE, DAN)
DAY = 86_400_000
START = 1_700_000_000_000
OVER = START + 30 * DAY
LATE = OVER + 20 * DAY
EVIDENCE = bytes(range(32))
ASKED = {"question": "Which flavour sells most in May?", "options": ["fig", "date", "plum"]}


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "shop", origin="shop.example", operator=SHOP, time=START) as made:
        yield made


def _asset(ledger, symbol="PTS", policy=()):
    powers = Powers(mint=SHOP.account, freeze=SHOP.account, pause=SHOP.account)
    asset = ledger.create_asset(SHOP, symbol, powers=powers, policy=policy, time=START)
    for member in MEMBERS:
        ledger.mint(SHOP, asset, to=member.account, amount=1_000, time=START)
    return asset


@pytest.fixture
def pts(ledger):
    return _asset(ledger)


def _open(ledger, pts, **changes):
    terms = {"asset": pts, "closes": OVER, "resolves_within": "20d", "oracle": ORACLE.account, "time": START}
    return Forecast.open(ledger, SHOP, **{**ASKED, **terms, **changes})


@pytest.fixture
def asked(ledger, pts):
    return _open(ledger, pts)


@pytest.fixture
def rule(ledger):
    members = Badges.launch(ledger, SHOP, name="member", time=START)
    for member in MEMBERS:
        members.award(member.account, time=START)
    return approval(one_member_one_vote(members.requirement, quorum_bps=1_000, voting="3d", timelock="1d"))


@pytest.fixture
def voted(ledger, pts, rule):
    return _open(ledger, pts, oracle=rule)


def _balances(ledger, pts, *accounts):
    return tuple(ledger.balance(pts, each.account) for each in accounts or MEMBERS)


def _staked(asked, stakes):
    return [asked.stake(member, amount, option, time=START) for member, amount, option in stakes]


def _adds_up(ledger, pts, asked):
    """What was staked is somewhere, and the report says where."""
    report = asked.report()
    assert report.staked == report.returned + report.held + report.waiting + report.paid + report.left_over
    for pool in report.pools:
        assert pool.staked == pool.returned + pool.lost + pool.held
    pot = ledger.balance(pts, asked.terms.pot) + ledger.balance(pts, asked.terms.distribution)
    assert report.waiting == pot
    assert sum(_balances(ledger, pts)) + report.held + pot + ledger.balance(pts, SHOP.account) == 4_000
    return report


def test_stakes_on_what_came_about_share_the_others(ledger, pts, asked):
    _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "fig"), (EVE, 70, "date"), (DAN, 31, 2), (ANN, 9, "plum")])
    assert asked.state(time=START) == "open"
    assert list(asked.close_all(time=OVER)) == []
    assert (asked.state(time=OVER), asked.winners(time=OVER)) == ("closed", ())
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    assert asked.state(time=OVER) == "resolved"
    anybody = Forecast(ledger, MALLORY, identifier=asked.id, **ASKED)
    dry = anybody.payout(dry_run=True, time=OVER + 1)
    assert (len(dry.closed[0].holds), dry.distributed) == (5, None)
    assert _balances(ledger, pts) == (891, 950, 930, 969)
    first = anybody.payout(time=OVER + 1)
    # Nobody but the oracle shares the pot out.
    assert ([len(each.holds) for each in first.closed], first.distributed, first.collected) == ([5], None, ())
    report = _adds_up(ledger, pts, asked)
    assert (report.returned, report.waiting, report.paid) == (150, 110, 0)
    refused("unknown_key", anybody.distribute, time=OVER + 1)
    refused("unknown_key", anybody.distribute, MALLORY, time=OVER + 1)
    paid = anybody.payout(ORACLE, time=OVER + 2)
    assert (paid.closed, len(paid.collected[0].paid), paid.left_over) == ((), 2, None)
    # 110 for 150: 73.33 for Ann's 100, 36.67 for Bob's 50.
    assert _balances(ledger, pts) == (1_000 - 9 + 73, 1_000 + 36, 930, 969)
    assert anybody.payout(time=OVER + 3).collected == ()
    rest = anybody.payout(time=asked.terms.paid_until)
    assert (rest.left_over.dry_run, ledger.balance(pts, SHOP.account)) == (False, 1)
    report = _adds_up(ledger, pts, asked)
    assert (report.paid, report.left_over, report.waiting, report.held) == (109, 1, 0, 0)
    done = anybody.payout(time=asked.terms.paid_until)
    assert (done.closed, done.distributed, done.collected, done.left_over) == ((), None, (), None)


def _vote(asked, choices, *, time=OVER):
    proposal = asked.propose(ASKED["question"], by=ANN, time=time)
    assert asked.is_fair(proposal)
    assert proposal.title(ASKED["question"])
    for member, choice in choices:
        proposal.vote(member, choice, time=time + 1)
    return proposal


def test_a_vote_resolves_it_and_anybody_pays_out(ledger, pts, voted):
    _staked(voted, [(ANN, 100, "fig"), (BOB, 50, "date"), (EVE, 70, "date")])
    proposal = _vote(voted, [(ANN, ["fig"]), (BOB, ["date"]), (EVE, ["date", "plum"])])
    assert voted.payout(time=OVER + DAY).closed == ()
    anybody = Forecast(ledger, MALLORY, identifier=voted.id, **ASKED)
    due = OVER + 4 * DAY
    refused("needs_proposal", Forecast(ledger, SHOP, identifier=voted.id).desk.do, [_leak(voted, pts)],
            Signer(voted.terms.pot, SHOP), time=due)  # fmt: skip
    paid = anybody.payout(time=due)
    assert (len(paid.closed[0].holds), paid.distributed.repeated, len(paid.collected[0].paid)) == (3, False, 2)
    assert (proposal.state_at(due), voted.winners(), voted.state(time=due)) == ("executed", (1,), "resolved")
    # 100 for 120: 41.67 and 58.33.
    assert _balances(ledger, pts) == (900, 1_041, 1_058, 1_000)
    assert anybody.payout(time=voted.terms.paid_until).left_over is not None
    report = _adds_up(ledger, pts, voted)
    assert (report.paid, report.left_over, ledger.balance(pts, SHOP.account)) == (99, 1, 1)


def _leak(asked, pts, to=MALLORY):
    """What takes the pot elsewhere."""
    basis = GroupBasis(asked.terms.groups[0])
    return Distribute(
        fund=asked.terms.pot, salt=bytes(16), asset=pts, basis=basis, deadline=LATE + DAY, leftover=to.account
    )


def test_nothing_is_shared_out_before_all_that_was_lost_is_settled(ledger, pts, voted):
    _, bob, _ = _staked(voted, [(ANN, 100, "fig"), (BOB, 50, "date"), (EVE, 70, "plum")])
    proposal = _vote(voted, [(ANN, ["fig"])])
    proposal.conclude(time=OVER + 4 * DAY)
    ledger.execute([Settle(hold=bob.id)], MALLORY, time=OVER + 4 * DAY)
    refused("insufficient_funds", voted.distribute, time=OVER + 4 * DAY)
    voted.payout(time=OVER + 5 * DAY)
    assert _balances(ledger, pts) == (1_120, 950, 930, 1_000)


def test_a_ranked_vote_and_what_was_settled_too_late(ledger, pts, rule):
    asked = _open(ledger, pts, oracle=ranked(rule, 3))
    _, bob, _ = _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "date"), (EVE, 70, "plum")])
    proposal = _vote(asked, [(ANN, ["fig"]), (BOB, ["date", "fig"]), (EVE, ["plum", "fig"]), (DAN, ["fig"])])
    proposal.conclude(time=OVER + 4 * DAY)
    ledger.execute([Settle(hold=bob.id)], MALLORY, time=LATE - 1)
    # Eve's stake goes back, so that what was proposed is more than the pot has, and another proposal is needed.
    paid = asked.payout(time=LATE)
    assert (len(paid.closed[0].holds), paid.distributed) == (2, None)
    assert _adds_up(ledger, pts, asked).waiting == 50
    again = _vote(asked, [(ANN, ["fig"]), (DAN, ["fig"])], time=LATE)
    assert asked.payout(time=LATE + 4 * DAY).distributed is not None
    assert again.state_at(LATE + 4 * DAY) == "executed"
    assert _balances(ledger, pts) == (1_050, 950, 1_000, 1_000)


def test_a_proposal_that_pays_others_is_not_fair_and_not_executed_by_a_payout(ledger, pts, voted):
    _staked(voted, [(ANN, 100, "fig"), (BOB, 50, "date")])
    pot = Community(ledger, MALLORY, account=voted.terms.pot)
    unfair = {"fig": [_leak(voted, pts)], "date": [], "plum": []}
    early = pot.propose("early", by=ANN, options=unfair, subject=voted.id, time=START + 1)
    other = pot.propose("other", by=ANN, options={"fig": [], "date": [], "plum": []}, subject=bytes(32), time=OVER)
    assert not voted.is_fair(early)
    assert not voted.is_fair(other)
    late = pot.propose("late", by=ANN, options=unfair, subject=voted.id, time=OVER)
    assert not voted.is_fair(late)
    for member in (ANN, EVE, DAN):
        late.vote(member, ["fig"], time=OVER)
    paid = voted.payout(time=OVER + 4 * DAY)
    assert (voted.winners(), paid.distributed) == ((0,), None)
    assert ledger.balance(pts, voted.terms.pot) == 50
    # What the others passed is not thereby lost: another proposal, a fair one, is executed.
    _vote(voted, [(ANN, ["fig"]), (EVE, ["fig"])], time=OVER + 5 * DAY)
    assert voted.payout(time=OVER + 9 * DAY).distributed is not None
    assert _balances(ledger, pts) == (1_050, 950, 1_000, 1_000)
    theft = Transfer(asset=pts, sender=voted.terms.pot, to=MALLORY.account, amount=1)
    refused("constitution_forbids", pot.propose, "theft", by=ANN, options={"a": [theft], "b": []}, time=OVER + 9 * DAY)


@pytest.mark.parametrize("judge", ["oracle", "vote"])
def test_what_nobody_resolves_goes_back(ledger, pts, rule, judge):
    asked = _open(ledger, pts, oracle=ORACLE.account if judge == "oracle" else rule)
    stakes = _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "date"), (EVE, 70, "plum")])
    assert asked.payout(time=LATE - 1).closed == ()
    for stake in stakes:
        refused("hold_pending", ledger.execute, [Release(hold=stake.id)], ANN, time=LATE - 1)
        refused("condition_unmet", ledger.execute, [Settle(hold=stake.id)], ANN, time=LATE - 1)
        refused("hold_expired", ledger.execute, [Settle(hold=stake.id)], ANN, time=LATE)
    assert asked.state(time=LATE) == "void"
    [closed] = asked.payout(time=LATE).closed
    assert (len(closed.holds), _balances(ledger, pts)) == (3, (1_000,) * 4)
    assert _adds_up(ledger, pts, asked).returned == 220
    if judge == "oracle":
        # Too late to move anything, but it is still known, and predictions are scored.
        asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=LATE)
        assert asked.payout(ORACLE, time=LATE).distributed is None


def _attest(asked, option, **changes):
    terms = asked.terms
    said = {"schema": terms.schema, "issuer": ORACLE.account, "subject": terms.groups[option]}
    return Attest(**{**said, "content": Commitment(EVIDENCE), **changes})


def test_two_attested_are_a_dispute_in_which_neither_loses(ledger, pts, asked):
    ann, bob, eve = _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "date"), (EVE, 70, "plum")])
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    with pytest.raises(ValueError, match="attested before"):
        asked.resolve("date", ORACLE, evidence=EVIDENCE, time=OVER)
    refused("attestation_exists", asked.resolve, "fig", ORACLE, evidence=bytes(32), time=OVER)
    refused("irrevocable", ledger.execute, [
        Revoke(schema=asked.terms.schema, issuer=ORACLE.account, subject=asked.id)
    ], ORACLE, time=OVER)  # fmt: skip
    ledger.execute([_attest(asked, 1)], ORACLE, time=OVER)
    assert (asked.state(time=OVER), asked.winners()) == ("disputed", (0, 1))
    for stake in (ann, bob):
        refused("condition_unmet", ledger.execute, [Settle(hold=stake.id)], EVE, time=OVER)
    paid = asked.payout(ORACLE, time=OVER)
    assert (len(paid.closed[0].holds), paid.distributed) == (2, None)
    with pytest.raises(ValueError, match="stakes that were lost"):
        asked.distribute(ORACLE, time=OVER)
    with pytest.raises(ValueError, match="one outcome, found 2"):
        asked.scores("log")
    # Nobody has to settle what is left, but who likes to harm can. Eve gets it back all the same.
    ledger.execute([Settle(hold=eve.id)], MALLORY, time=OVER)
    assert _balances(ledger, pts) == (1_000, 1_000, 930, 1_000)
    assert len(asked.payout(ORACLE, time=OVER).collected[0].paid) == 1
    assert isinstance(asked.distribution.record.basis, LeavesBasis)
    assert _balances(ledger, pts) == (1_000,) * 4
    _adds_up(ledger, pts, asked)


def test_of_two_options_that_are_both_attested_none_is_settled(ledger, pts):
    asked = _open(ledger, pts, options=["yes", "no"])
    stakes = _staked(asked, [(ANN, 100, "yes"), (BOB, 50, "no")])
    ledger.execute([_attest(asked, 0), _attest(asked, 1)], ORACLE, time=OVER)
    for stake in stakes:
        refused("condition_unmet", ledger.execute, [Settle(hold=stake.id)], EVE, time=OVER)
    asked.payout(ORACLE, time=OVER)
    assert _balances(ledger, pts) == (1_000,) * 4


def test_only_the_oracle_resolves_it_and_only_when_it_is_over(asked, voted):
    refused("issuer_not_allowed", asked.resolve, "fig", MALLORY, evidence=EVIDENCE, time=OVER)
    refused("issuer_not_allowed", asked.resolve, "fig", evidence=EVIDENCE, time=OVER)
    with pytest.raises(ValueError, match=f"expected one from {OVER} on"):
        asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER - 1)
    with pytest.raises(ValueError, match="evidence: expected 32 bytes, found 31"):
        asked.resolve("fig", ORACLE, evidence=EVIDENCE[1:], time=OVER)
    with pytest.raises(ValueError, match="found one that a vote does"):
        voted.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    with pytest.raises(ValueError, match="found one that an oracle does"):
        asked.propose("?", by=ANN, time=OVER)
    with pytest.raises(ValueError, match=f"expected one from {OVER} on"):
        voted.propose("?", by=ANN, time=OVER - 1)
    refused("proposer_weight_too_low", voted.propose, "?", by=MALLORY, time=OVER)
    for forecast in (asked, voted):
        with pytest.raises(ValueError, match="outcome"):
            forecast.distribute(ORACLE, time=OVER)


def test_a_stake_stands_and_comes_in_time(ledger, pts, asked):
    stake = asked.stake(ANN, Decimal(100), "fig", time=OVER - 1)
    assert (stake.staker, stake.option, stake.amount) == (ANN.account, 0, 100)
    refused("hold_pending", ledger.execute, [Release(hold=stake.id)], ANN, time=OVER - 1)
    refused("group_closed", asked.stake, ANN, 1, "fig", time=OVER)
    refused("insufficient_funds", asked.stake, ANN, 901, "fig", time=OVER - 1)
    refused("zero_amount", asked.stake, ANN, 0, "fig", time=OVER - 1)
    with pytest.raises(ValueError, match="expected one of fig, date, plum, found 'kiwi'"):
        asked.stake(ANN, 1, "kiwi", time=OVER - 1)
    for option, error in ((3, ValueError), (-1, ValueError), (True, TypeError), (0.0, TypeError), (None, TypeError)):
        with pytest.raises(error, match="option"):
            asked.stake(ANN, 1, option, time=OVER - 1)
    with pytest.raises(TypeError, match="float"):
        asked.stake(ANN, 1.5, "fig", time=OVER - 1)
    # An oracle that speaks before it is over: nobody puts more in by these calls.
    ledger.execute([_attest(asked, 0)], ORACLE, time=OVER - 1)
    with pytest.raises(ValueError, match="without an outcome"):
        asked.stake(ANN, 1, "fig", time=OVER - 1)
    refused("condition_unmet", ledger.execute, [Settle(hold=_bare_stake(ledger, asked, pts))], ANN, time=OVER - 1)


def _bare_stake(ledger, asked, pts):
    """A stake on another option, put in without these calls."""
    hold = Hold(payer=BOB.account, salt=bytes(16), asset=pts, amount=5, group=asked.terms.groups[1])
    ledger.execute([hold], BOB, time=OVER - 1)
    return next(hold for hold, _ in asked._holds(asked.terms.groups[1]))


def test_where_nobody_staked_on_the_winner_all_goes_back(ledger, pts, asked, voted):
    for forecast in (asked, voted):
        _staked(forecast, [(ANN, 100, "fig"), (BOB, 50, "date"), (ANN, 7, "date")])
    asked.resolve("plum", ORACLE, evidence=EVIDENCE, time=OVER)
    proposal = _vote(voted, [(ANN, ["plum"])])
    assert proposal.options[2] == ()
    for forecast in (asked, voted):
        assert forecast.payout(ORACLE, time=OVER + 5 * DAY).closed == ()
        assert forecast.state(time=OVER + 5 * DAY) == "resolved"
    # Who likes to harm may settle a stake. The oracle gives it back, to the last unit.
    harmed = [hold for group in asked.terms.groups for hold, _ in asked._holds(group)][1:]
    ledger.execute([Settle(hold=hold) for hold in harmed], MALLORY, time=LATE - 1)
    for forecast in (asked, voted):
        forecast.payout(ORACLE, time=LATE)
    assert _balances(ledger, pts) == (1_000,) * 4
    assert _adds_up(ledger, pts, asked).paid == 57


def test_one_staker_alone_wins_or_loses_nothing(ledger, pts, asked):
    asked.stake(ANN, 100, "fig", time=START)
    other = _open(ledger, pts, question="And in June?")
    other.stake(BOB, 100, "date", time=START)
    for forecast in (asked, other):
        forecast.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
        assert forecast.payout(ORACLE, time=OVER).distributed is None
        forecast.payout(ORACLE, time=LATE)
        with pytest.raises(ValueError, match="stakes that were lost"):
            forecast.distribute(ORACLE, time=LATE)
    assert _balances(ledger, pts) == (1_000,) * 4


def test_parts_of_less_than_a_unit_are_left_over(ledger, pts, asked):
    _staked(asked, [(ANN, 1, "fig"), (BOB, 999, "fig"), (EVE, 1, "date")])
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    assert asked.payout(ORACLE, time=OVER).collected == ()
    asked.payout(time=asked.terms.paid_until)
    assert (_balances(ledger, pts), ledger.balance(pts, SHOP.account)) == ((1_000, 1_000, 999, 1_000), 1)


_STAKES = st.lists(
    st.tuples(st.sampled_from(MEMBERS), st.sampled_from([1, 2, 3, 7, 10, 99, 100]), st.integers(0, 2)), max_size=9
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(stakes=_STAKES, winner=st.integers(0, 2))
def test_nothing_is_lost_or_made(tmp_path_factory, stakes, winner):
    folder = tmp_path_factory.mktemp("rounding")
    with Ledger.create(folder / "shop", origin="shop.example", operator=SHOP, time=START) as ledger:
        pts = _asset(ledger)
        asked = _open(ledger, pts)
        for member, amount, option in stakes:
            asked.stake(member, amount, option, time=START)
        asked.resolve(winner, ORACLE, evidence=EVIDENCE, time=OVER)
        for time in (OVER, LATE, asked.terms.paid_until):
            asked.payout(ORACLE, time=time)
        _check_sums(ledger, pts, asked, stakes, winner)


def _check_sums(ledger, pts, asked, stakes, winner):
    won = sum(amount for _, amount, option in stakes if option == winner)
    lost = sum(amount for _, amount, option in stakes if option != winner) if won else 0
    for member in MEMBERS:
        mine = [(amount, option) for staker, amount, option in stakes if staker is member]
        gained = sum(lost * amount // won for amount, option in mine if option == winner) if won else 0
        paid = sum(amount for amount, option in mine if option != winner) if won else 0
        assert ledger.balance(pts, member.account) == 1_000 + gained - paid
    report = _adds_up(ledger, pts, asked)
    assert (report.left_over, report.held, report.waiting) == (ledger.balance(pts, SHOP.account), 0, 0)


def test_the_pot_can_only_be_shared_out(ledger, pts, asked, voted):
    _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "date")])
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    asked.payout(time=OVER)
    pot, oracle = asked.terms.pot, Signer(asked.terms.pot, ORACLE)
    assert ledger.balance(pts, pot) == 50
    forbidden = [
        Transfer(asset=pts, sender=pot, to=ORACLE.account, amount=1),
        SetConstitution(account=pot),
        Once(account=pot, key=bytes(32)),
        Hold(payer=pot, salt=bytes(16), asset=pts, amount=1, terms=Terms(
            settle_if=SignedBy(1, [ORACLE.account]), payees=[Share(ORACLE.account)], deadline=LATE)),
    ]  # fmt: skip
    for operation in forbidden:
        refused("constitution_forbids", ledger.execute, [operation], oracle, time=OVER)
    # The organiser opened it, and its key is none of the pot's any more.
    refused("unknown_key", ledger.execute, [_leak(asked, pts)], Signer(pot, SHOP), time=OVER)
    handed_on = SetKeys(account=voted.terms.pot, keys=[KeyGrant(MALLORY.account)])
    refused("constitution_forbids", ledger.execute, [handed_on], Signer(voted.terms.pot, SHOP), time=OVER)
    refused("needs_proposal", ledger.execute, [_leak(voted, pts)], Signer(voted.terms.pot, SHOP), time=OVER)


def test_the_constitution_of_a_pot_lists_every_operation():
    assert sorted(_TAGS) == sorted(OPERATIONS)


def test_an_oracle_that_hands_the_pot_to_others_gets_no_more_stakes(ledger, pts, asked):
    rotated = SetKeys(account=asked.terms.pot, keys=[KeyGrant(MALLORY.account)])
    ledger.execute([rotated], Signer(asked.terms.pot, ORACLE), time=START)
    with pytest.raises(ValueError, match="expected a pot with the keys of its oracle"):
        asked.stake(ANN, 1, "fig", time=START)
    # If the oracle has these keys as well, all is well.
    ledger.execute([SetKeys(account=ORACLE.account, keys=[KeyGrant(MALLORY.account)])], ORACLE, time=START)
    asked.stake(ANN, 100, "fig", time=START)
    asked.stake(BOB, 100, "date", time=START)
    renewed = Signer(ORACLE.account, MALLORY)
    asked.resolve("fig", renewed, evidence=EVIDENCE, time=OVER)
    asked.payout(renewed, time=OVER)
    assert _balances(ledger, pts) == (1_100, 900, 1_000, 1_000)


def test_an_oracle_of_several_keys(ledger, pts):
    jury = named_account(SHOP.account, bytes(16))
    keys = [
        KeyGrant(key.public, scope) for key, scope in ((ANN, None), (BOB, ["attest", "set_keys"]), (EVE, ["set_keys"]))
    ]
    ledger.execute([Open(opener=SHOP.account, salt=bytes(16), threshold=2, keys=keys)], SHOP, time=START)
    asked = _open(ledger, pts, oracle=jury)
    _staked(asked, [(DAN, 100, "fig"), (EVE, 50, "date")])
    both = Signer(jury, ANN), Signer(jury, BOB)
    refused("threshold_not_met", asked.resolve, "fig", both[0], evidence=EVIDENCE, time=OVER)
    asked.resolve("fig", *both, evidence=EVIDENCE, time=OVER)
    refused("insufficient_funds", asked.distribute, *both, time=OVER)
    acting = Forecast(ledger, *both, identifier=asked.id)
    assert acting.payout(time=OVER).distributed is not None
    assert _balances(ledger, pts) == (1_000, 1_000, 950, 1_050)


def test_a_staker_who_is_frozen_holds_up_nobody_else(ledger, pts, asked):
    _, bob, _ = _staked(asked, [(ANN, 100, "fig"), (BOB, 100, "fig"), (EVE, 50, "date")])
    ledger.execute([Freeze(asset=pts, account=BOB.account, frozen=True)], SHOP, time=START)
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    paid = asked.payout(ORACLE, time=OVER)
    assert [(hold, status.name) for hold, status in paid.closed[0].refused] == [(bob.id, "account_frozen")]
    assert [(hold, status.name) for hold, status in paid.collected[0].refused] == [(bob.id, "account_frozen")]
    assert _balances(ledger, pts) == (1_025, 900, 950, 1_000)
    ledger.execute([Freeze(asset=pts, account=BOB.account, frozen=False)], SHOP, time=OVER)
    asked.payout(time=OVER)
    assert _balances(ledger, pts) == (1_025, 1_025, 950, 1_000)


def test_a_community_stakes_and_predicts_by_proposals(ledger, pts, rule, asked):
    yes_no = dataclasses.replace(rule, form=one_member_one_vote(Requirement(bytes(32), bytes(32))).form)
    club = Community.found(ledger, SHOP, constitution=_club(yes_no), time=START + 1)
    ledger.transfer(ANN, pts, to=club.account, amount=100, time=START + 1)
    terms = asked.terms
    stake = Hold(payer=club.account, salt=bytes(16), asset=pts, amount=100, group=terms.groups[0])
    sure = Attest(schema=terms.prediction_schema, issuer=club.account, subject=asked.id,
                  content=Bytes(bytes.fromhex("271000000000")))  # fmt: skip
    proposal = club.propose("Fig!", by=ANN, actions=[stake, sure], time=START + 2)
    proposal.vote(ANN, "yes", time=START + 2)
    proposal.execute(time=START + 10 * DAY)
    asked.stake(BOB, 100, "date", time=START + 10 * DAY)
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    asked.payout(ORACLE, time=OVER)
    assert ledger.balance(pts, club.account) == 200
    assert asked.scores("brier").values == {club.account: 0}
    found = recompute_scores(
        forecast_bundle(ledger, asked.id, time=OVER), ledger.verifier_key, identifier=asked.id, rule="brier"
    )
    assert found == asked.scores("brier")


def _club(rule):
    pot = SetConstitution.wire_tag, Attest.wire_tag, Hold.wire_tag
    return Constitution([rule], [Article(operations=pot, rules=[0])])


# Predictions


def _prediction(asked, member, content, **changes):
    said = {"schema": asked.terms.prediction_schema, "issuer": member.account, "subject": asked.id}
    return Attest(**{**said, "content": Bytes(bytes.fromhex(content)), **changes})


def _take_back(asked, member):
    return Revoke(schema=asked.terms.prediction_schema, issuer=member.account, subject=asked.id)


def test_what_counts_is_the_prediction_that_stood_when_it_closed(ledger, asked):
    asked.predict(ANN, {"fig": 70, "date": 30}, time=START)
    asked.predict(ANN, {"fig": 5_000, "date": 2_500, "plum": 2_500}, time=START + 1)
    asked.predict(BOB, [0, 0, 100], time=START + 1)
    asked.predict(EVE, [100, 0, 0], time=START + 1)
    asked.predict(DAN, [0, 100, 0], time=START + 1)
    ledger.execute([_take_back(asked, EVE)], EVE, time=OVER - 1)
    expected = {ANN.account: (5_000, 2_500, 2_500), BOB.account: (0, 0, 10_000), DAN.account: (0, 10_000, 0)}
    for time in (OVER, OVER + 1):
        with pytest.raises(ValueError, match=f"expected one before {OVER}"):
            asked.predict(ANN, [100, 0, 0], time=time)
    # Too late, whatever it is.
    ledger.execute([_take_back(asked, ANN), _prediction(asked, ANN, "271000000000")], ANN, time=OVER)
    ledger.execute([_take_back(asked, BOB)], BOB, time=OVER)
    ledger.execute([_prediction(asked, EVE, "271000000000")], EVE, time=OVER)
    assert {member: each.parts for member, each in asked.predictions().items()} == expected
    assert list(asked.predictions()) == sorted(expected)


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        ("2710", {}),
        ("27100000000000", {}),
        ("2711000000000000"[:12], {}),
        ("270f00000000", {}),
        ("000000000000", {}),
        ("271000000000", {"nonce": b"n" * 32}),
        ("271000000000", {"expires": OVER}),
        ("271000000000", {"subject": SHOP.account}),
    ],
)
def test_what_is_no_prediction_counts_as_none(ledger, asked, content, changes):
    ledger.execute([_prediction(asked, ANN, content, **changes)], ANN, time=START)
    assert asked.predictions() == {}
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    with pytest.raises(ValueError, match="predictions: expected one or more"):
        asked.scores("log")


def test_one_that_expires_later_counts_and_a_bad_one_takes_the_place_of_a_good_one(ledger, asked):
    ledger.execute([_prediction(asked, ANN, "271000000000", expires=OVER + 1)], ANN, time=START)
    asked.predict(BOB, [100, 0, 0], time=START)
    ledger.execute([_take_back(asked, BOB), _prediction(asked, BOB, "270f00000000")], BOB, time=START)
    assert list(asked.predictions()) == [ANN.account]


@pytest.mark.parametrize(
    ("parts", "error", "said"),
    [
        ({"fig": 70, "date": 29}, ValueError, "add up to 100 or 10,000, found 99"),
        ({"fig": 70, "kiwi": 30}, ValueError, "found 'kiwi'"),
        ({"fig": 101, "date": -1}, ValueError, "part: expected 0"),
        ({"fig": 70.0, "date": 30}, TypeError, "part: expected an int, found float"),
        ({"fig": Decimal(100)}, TypeError, "Decimal"),
        ({"fig": True, "date": 99}, TypeError, "bool"),
        ({"fig": 100, 0: 0}, ValueError, "each option once"),
        ({}, ValueError, "parts together"),
        ([100, 0], ValueError, "parts: expected 3, found 2"),
        ([100, 0, 0, 0], ValueError, "parts: expected 3, found 4"),
        ([2**64, 0, 0], ValueError, "part"),
    ],
)
def test_predictions_that_do_not_add_up(ledger, asked, parts, error, said):
    before = standing(ledger)
    with pytest.raises(error, match=said):
        asked.predict(ANN, parts, time=START)
    assert standing(ledger) == before


def _predicted(asked):
    asked.predict(ANN, {"fig": 70, "date": 30}, time=START + 1)
    asked.predict(BOB, [1_250, 8_750, 0], time=START + 1)
    asked.predict(EVE, [0, 0, 100], time=START + 1)
    return {
        ANN.account: Prediction((7_000, 3_000, 0)),
        BOB.account: Prediction((1_250, 8_750, 0)),
        EVE.account: Prediction((0, 0, 10_000)),
    }


def test_scores_are_those_of_the_formulas_and_anybody_computes_them_again(ledger, asked, voted):
    by_hand = _predicted(asked)
    assert _predicted(voted) == by_hand
    asked.resolve("date", ORACLE, evidence=EVIDENCE, time=OVER)
    _vote(voted, [(ANN, ["date"])])
    voted.payout(time=OVER + 5 * DAY)
    expected = {
        "brier": {member: in_parts(brier(each, 1)) for member, each in by_hand.items()},
        "log": {ANN.account: -1_203_973, BOB.account: -133_531, EVE.account: -6_907_755},
        "peer": peer_scores(by_hand, 1),
    }
    assert sum(expected["peer"].values()) in (-1, 0, 1)
    for forecast in (asked, voted):
        bundle = forecast_bundle(ledger, forecast.id, time=OVER + 5 * DAY)
        for rule, values in expected.items():
            scores = forecast.scores(rule)
            assert (scores.values, scores.root, scores.winner) == (values, scores_root(values), 1)
            again = recompute_scores(bundle, ledger.verifier_key, identifier=forecast.id, rule=rule, ledger=ledger.id)
            assert again == scores
    assert len({asked.scores(rule).root for rule in expected} | {voted.scores("log").root}) == 3
    with pytest.raises(ValueError, match="expected one of brier, log, peer, found 'best'"):
        asked.scores("best")


def test_roots_of_scores_are_posted(ledger, asked):
    _predicted(asked)
    for call in (asked.scores, asked.attest_scores):
        with pytest.raises(ValueError, match="one outcome, found 0"):
            call("log")
    asked.resolve("date", ORACLE, evidence=EVIDENCE, time=OVER)
    scores = asked.scores("log")
    assert asked.posted_root(scores, SHOP.account) is None
    asked.attest_scores("log", dry_run=True, time=OVER)
    assert asked.posted_root(scores, SHOP.account) is None
    asked.attest_scores("log", key="scores", time=OVER)
    assert asked.attest_scores("log", key="scores", time=OVER).repeated
    refused("attestation_exists", asked.attest_scores, "log", time=OVER)
    asked.attest_scores("peer", time=OVER)
    assert asked.posted_root(scores, SHOP.account) == scores.root
    assert asked.posted_root(scores, ANN.account) is None
    # Anybody may stand by others, and everybody sees that they differ.
    schema = schema_id(SHOP.account, "forecast-scores")
    wrong = Attest(
        schema=schema, issuer=ANN.account, subject=asked.id, nonce=scores.posting, content=Commitment(EVIDENCE)
    )
    ledger.execute([wrong], ANN, time=OVER)
    assert asked.posted_root(scores, ANN.account) != scores.root


def test_bundles_that_prove_nothing(ledger, asked, voted, tmp_path):
    with Ledger.create(tmp_path / "other", origin="shop.example", operator=MALLORY, time=START) as other:
        other_key = other.verifier_key
    _predicted(asked)
    _predicted(voted)
    key, asking = ledger.verifier_key, {"identifier": asked.id, "rule": "log"}
    early = forecast_bundle(ledger, asked.id, time=START + 1)
    with pytest.raises(ValueError, match="one outcome, found 0"):
        recompute_scores(early, key, **asking)
    unresolved = forecast_bundle(ledger, voted.id, time=START + 1)
    with pytest.raises(ValueError, match="one outcome, found 0"):
        recompute_scores(unresolved, key, identifier=voted.id, rule="log")
    asked.resolve("date", ORACLE, evidence=EVIDENCE, time=OVER)
    _vote(voted, [(ANN, ["date"])])
    voted.payout(time=OVER + 5 * DAY)
    good, other = (forecast_bundle(ledger, each.id, time=OVER + 5 * DAY) for each in (asked, voted))
    assert recompute_scores(good, key, **asking).winner == 1
    bad = [
        (good[:-1], "truncated"),
        (good + b"\0", "truncated"),
        (b"x" + good, "malformed_statement"),
        (good[: good.index(b"counterfoil/forecast/v1\n") + 24], "truncated"),
    ]
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    bad.append((bytes(flipped), "wrong_log_proof"))
    for bundle, reason in bad:
        with pytest.raises(ProofError) as caught:
            recompute_scores(bundle, key, **asking)
        assert caught.value.reason == reason
    for bundle in (good, other):
        with pytest.raises(ProofError):
            recompute_scores(bundle, other_key, **asking)
        with pytest.raises(ProofError):
            recompute_scores(bundle, key, **asking, ledger=bytes(32))
        with pytest.raises(ValueError, match="expected a forecast of this log"):
            recompute_scores(bundle, key, identifier=bytes(32), rule="log")
        with pytest.raises(ValueError, match="with the terms of one"):
            recompute_scores(bundle, key, identifier=asked.terms.groups[1], rule="log")
    with pytest.raises(TypeError):
        recompute_scores("bundle", key, **asking)
    # A statement of another state, an old one in which nothing was resolved, is not of this log.
    start = len(b"counterfoil/forecast/v1\n")
    length = int.from_bytes(unresolved[start : start + 4], "little")
    rest = start + 4 + int.from_bytes(other[start : start + 4], "little")
    mixed = unresolved[: start + 4 + length] + other[rest:]
    with pytest.raises(ProofError) as caught:
        recompute_scores(mixed, key, identifier=voted.id, rule="log")
    assert caught.value.reason == "wrong_root"
    # Without a statement at all.
    with pytest.raises(ProofError):
        recompute_scores(good, key, identifier=voted.id, rule="log")
    for identifier, error in ((bytes(32), LookupError), (asked.terms.groups[1], ValueError)):
        with pytest.raises(error):
            forecast_bundle(ledger, identifier, time=OVER + 5 * DAY)


# Opening, and taking up


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"question": ""}, ValueError, "question"),
        ({"question": 5}, ValueError, "expected a text"),
        ({"options": ["fig"]}, ValueError, "options: expected 2 to 7"),
        ({"options": [str(number) for number in range(8)]}, ValueError, "options: expected 2 to 7"),
        ({"options": ["fig", "fig"]}, ValueError, "options"),
        ({"options": ["fig", ""]}, ValueError, "options: expected names"),
        ({"options": "figs"}, ValueError, "options"),
        ({"options": ["fig", 2]}, ValueError, "expected a text"),
        ({"oracle": bytes(31)}, ValueError, "oracle: expected 32 bytes"),
        ({"oracle": "oracle"}, TypeError, "oracle: expected an account id of 32 bytes or a Rule"),
        ({"asset": bytes(32)}, LookupError, "asset"),
        ({"resolves_within": "soon"}, ValueError, "span"),
        ({"resolves_within": 1.5}, TypeError, "span"),
    ],
)
def test_forecasts_that_cannot_be_opened(ledger, pts, changes, error, said):
    before = standing(ledger)
    with pytest.raises(error, match=said):
        _open(ledger, pts, **changes)
    assert standing(ledger) == before


def test_what_the_ledger_refuses_leaves_nothing_behind(ledger, pts, asked, rule):
    refused("group_exists", _open, ledger, pts)
    refused("group_closed", _open, ledger, pts, closes=START)
    refused("deadline_too_far", _open, ledger, pts, resolves_within="999y")
    elsewhere = dataclasses.replace(rule, electorate=dataclasses.replace(rule.electorate, schema=b"s" * 32))
    refused("unknown_schema", _open, ledger, pts, oracle=elsewhere)
    refused("invalid_rule", _open, ledger, pts, oracle=dataclasses.replace(rule, threshold_bps=10_000))
    with pytest.raises(ValueError, match="one of yes and no"):
        _open(ledger, pts, oracle=one_member_one_vote(Requirement(bytes(32), bytes(32))))
    with pytest.raises(ValueError, match="more than the 432,000,000 ms that a vote takes"):
        _open(ledger, pts, oracle=rule, resolves_within="5d")
    with pytest.raises(ValueError, match="fewer ranks for 7 options, found 5"):
        _open(ledger, pts, oracle=ranked(rule), options=[str(number) for number in range(7)])
    with pytest.raises(ValueError, match="keys that may attest"):
        _open(ledger, pts, oracle=asked.terms.pot)
    ledger.execute([Alias(account=MALLORY.account, into=ANN.account)], MALLORY, ANN, time=START)
    with pytest.raises(ValueError, match="keys that may attest"):
        _open(ledger, pts, oracle=MALLORY.account)


def test_as_many_options_as_there_is_room_for(ledger, pts, rule):
    options = [str(number) for number in range(7)]
    judges = (ORACLE.account, rule, ranked(rule, 4))
    opened = [_open(ledger, pts, options=options, oracle=judge) for judge in judges]
    for asked in opened:
        asked.stake(ANN, 10, "6", time=START)
        asked.stake(BOB, 10, 0, time=START)
        Forecast(ledger, MALLORY, identifier=asked.id)
    opened[0].resolve("6", ORACLE, evidence=EVIDENCE, time=OVER)
    for asked in opened[1:]:
        proposal = asked.propose("?", by=ANN, time=OVER)
        proposal.vote(ANN, [6], time=OVER)
        proposal.vote(EVE, [6, 3] if asked is opened[2] else [3, 6], time=OVER)
    for asked in opened:
        asked.payout(ORACLE, time=OVER + 5 * DAY)
    assert _balances(ledger, pts) == (1_030, 970, 1_000, 1_000)


@pytest.mark.parametrize(
    "policy",
    [
        [Bound()],
        [Fee(100, SHOP.account)],
        [MaxHolding(1_000)],
        [AttestedHolders(bytes(32), SHOP.account)],
        [Lots(Period.MONTH), FixedExpiry(9_999)],
        [InactivityExpiry(110)],
    ],
)
def test_units_that_could_not_be_paid_out_are_not_staked(ledger, policy):
    asset = ledger.create_asset(SHOP, "OTHER", policy=policy, time=START)
    before = standing(ledger)
    with pytest.raises(ValueError, match=rf"asset: expected units that .* found {type(policy[-1]).__name__}"):
        _open(ledger, asset)
    assert standing(ledger) == before


def test_units_in_lots_that_last_are_staked(ledger):
    asset = _asset(ledger, "BEAN", [Lots(Period.MONTH), InactivityExpiry(111)])
    asked = _open(ledger, asset)
    _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "date")])
    ledger.mint(SHOP, asset, to=EVE.account, amount=500, time=OVER - 1)
    asked.stake(EVE, 1_500, "date", time=OVER - 1)
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    asked.payout(ORACLE, time=OVER)
    assert _balances(ledger, asset) == (2_550, 950, 0, 1_000)


def test_an_asset_that_ends_too_early_is_not_staked(ledger):
    asset = ledger.create_asset(SHOP, "END", policy=[SunsetNotice(1)], time=START)
    ledger.execute([Sunset(asset=asset, at=LATE + 90 * DAY)], SHOP, time=START)
    with pytest.raises(ValueError, match="found a sunset at"):
        _open(ledger, asset)
    check_asset(ledger.asset(asset), OVER, LATE + 90 * DAY - 1)


def test_it_is_opened_once_and_taken_up_again(ledger, pts, rule):
    before = standing(ledger)
    tried = _open(ledger, pts, dry_run=True)
    assert standing(ledger) == before
    made = _open(ledger, pts, key="may")
    again = _open(ledger, pts, key="may", time=START + 1)
    assert made.id == again.id == tried.id
    assert ledger.time == START
    for changes in ({"question": "Another?"}, {"oracle": SHOP.account}, {"closes": OVER + 1}, {"oracle": rule}):
        with pytest.raises(KeyReusedError):
            _open(ledger, pts, key="may", **changes)
    for judge in (ORACLE.account, rule):
        opened = _open(ledger, pts, oracle=judge, question="Twice?")
        taken = Forecast(ledger, ANN, identifier=opened.id, question="Twice?", options=ASKED["options"])
        assert (taken.terms, taken.options) == (opened.terms, tuple(ASKED["options"]))
        nameless = Forecast(ledger, ANN, identifier=opened.id)
        assert (nameless.options, nameless.position(2)) == (None, 2)
        with pytest.raises(ValueError, match="expected one of positions"):
            nameless.position("fig")
        for wrong in ({"question": "Thrice?"}, {"options": ["date", "fig", "plum"]}, {"options": ["fig", "date"]}):
            with pytest.raises(ValueError, match="found others"):
                Forecast(ledger, ANN, identifier=opened.id, **{"question": "Twice?", **ASKED, **wrong})
        with pytest.raises(ValueError, match="together with the options"):
            Forecast(ledger, ANN, identifier=opened.id, question="Twice?")


def test_an_opening_that_was_broken_off_goes_on(ledger, pts):
    tried = _open(ledger, pts, dry_run=True)
    _, salt = _salts(pts)
    ledger.execute([Open(opener=SHOP.account, salt=salt, keys=[KeyGrant(SHOP.public)])], SHOP, time=START)
    made = _open(ledger, pts, key="may")
    assert Forecast(ledger, ANN, identifier=made.id, **ASKED).terms.pot == tried.terms.pot


def _salts(pts):
    return forecast_salts(**ASKED, asset=pts, closes=OVER, deadline=LATE, judge=ORACLE.account)


def test_every_call_happens_once_with_a_key_and_not_at_all_when_tried(ledger, asked, voted):
    before = standing(ledger)
    asked.stake(ANN, 100, "fig", dry_run=True, time=START + 1)
    asked.predict(ANN, [100, 0, 0], dry_run=True, time=START + 1)
    assert standing(ledger) == before
    first = asked.stake(ANN, 100, "fig", key="s", time=START + 1)
    again = asked.stake(ANN, 100, "fig", key="s", time=START + 2)
    assert (first.id, again.done.repeated) == (again.id, True)
    with pytest.raises(KeyReusedError):
        asked.stake(ANN, 101, "fig", key="s", time=START + 2)
    asked.stake(BOB, 50, "date", time=START + 2)
    asked.predict(ANN, [100, 0, 0], key="p", time=START + 3)
    assert asked.predict(ANN, [100, 0, 0], key="p", time=OVER).repeated
    with pytest.raises(KeyReusedError):
        asked.predict(ANN, [0, 100, 0], key="p", time=START + 3)
    asked.predict(ANN, [0, 100, 0], key="q", time=START + 3)
    assert asked.predict(ANN, [0, 100, 0], key="q", time=START + 3).repeated
    before = standing(ledger)
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, dry_run=True, time=OVER)
    voted.propose("?", by=ANN, dry_run=True, time=OVER)
    assert standing(ledger) == before
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, key="r", time=OVER)
    assert asked.resolve("fig", ORACLE, evidence=EVIDENCE, key="r", time=OVER).repeated
    # What came about is known, and the retry of a stake is still a retry.
    assert asked.stake(ANN, 100, "fig", key="s", time=OVER).done.repeated
    proposal = voted.propose("?", by=ANN, key="v", time=OVER)
    assert voted.propose("?", by=ANN, key="v", time=OVER).id == proposal.id
    before = standing(ledger)
    asked.payout(ORACLE, dry_run=True, time=OVER)
    assert standing(ledger) == before
    assert len(next(iter(asked.close_all(time=OVER))).holds) == 2
    before = standing(ledger)
    asked.distribute(ORACLE, dry_run=True, time=OVER)
    assert standing(ledger) == before
    asked.distribute(ORACLE, key="d", time=OVER)
    assert asked.distribute(ORACLE, key="d", time=OVER).repeated
    refused("distribution_exists", asked.distribute, ORACLE, time=OVER)


def _forged(ledger, pts, asked, salt, **changes):
    """A group like a forecast's first, but for one thing, and the id that one would take it up by."""
    terms = dataclasses.replace(asked.terms.of(0), **changes)
    ledger.execute([OpenGroup(owner=SHOP.account, salt=salt, asset=pts, closes=OVER, terms=terms)], SHOP, time=START)
    return group_id(SHOP.account, salt)


def test_what_only_looks_like_a_forecast_is_not_taken_up(ledger, pts, asked):
    with pytest.raises(LookupError):
        Forecast(ledger, ANN, identifier=bytes(32))
    with pytest.raises(ValueError, match="identifier"):
        Forecast(ledger, ANN, identifier=bytes(31))
    with pytest.raises(ValueError, match="terms of one"):
        Forecast(ledger, ANN, identifier=asked.terms.groups[1])
    forgeries = [{}, {"payees": [Share(MALLORY.account)]}, {"release_if": None}, {"deadline": LATE + 1}]
    for number, changes in enumerate(forgeries):
        identifier = _forged(ledger, pts, asked, bytes([number + 1]) * 16, **changes)
        with pytest.raises(ValueError, match="terms of one"):
            Forecast(ledger, ANN, identifier=identifier)


@pytest.mark.parametrize("flaw", ["group", "pot", "schema", "free pot", "asset"])
def test_groups_of_a_forecast_that_is_rigged_are_not_taken_up(ledger, pts, flaw):
    # All is made as by `open`, but for one thing.
    salt, owner = b"r" * 16, MALLORY.account
    pot = named_account(owner, salt)
    schema = verdict_schema(owner, ORACLE.account)
    if flaw == "schema":
        schema = dataclasses.replace(schema, issuers=[ORACLE.account, owner])
    terms = ForecastTerms(
        owner=owner, asset=pts, closes=OVER, deadline=LATE, groups=group_ids(owner, salt, 2), pot=pot,
        schema=schema_id(owner, schema.name), oracle=ORACLE.account,
    )  # fmt: skip
    groups = [
        OpenGroup(owner=owner, salt=each, asset=pts, closes=OVER, terms=terms.of(option))
        for option, each in enumerate(group_salts(salt, 2))
    ]
    if flaw == "group":
        groups[1] = dataclasses.replace(groups[1], terms=dataclasses.replace(terms.of(1), payees=[Share(owner)]))
    if flaw == "asset":
        other = ledger.create_asset(SHOP, "JUNK", time=START)
        groups[1] = dataclasses.replace(groups[1], asset=other)
    ledger.execute([Open(opener=owner, salt=salt, keys=[KeyGrant(owner)])], MALLORY, time=START)
    binding = bound(ledger, pot, ORACLE.account)
    if flaw == "pot":
        binding[0] = SetConstitution(
            account=pot, constitution=Constitution([], [Article(operations=["set_constitution"])])
        )
    if flaw == "free pot":
        binding = binding[1:]
    ledger.execute([*binding, schema, *groups], MALLORY, Signer(pot, MALLORY), time=START)
    with pytest.raises(ValueError, match="forecast: expected"):
        Forecast(ledger, ANN, identifier=terms.id)


def test_a_schema_of_the_same_name_is_no_forecasts(ledger, pts):
    ledger.execute([Schema(creator=SHOP.account, name="prediction", content=CommitmentKind())], SHOP, time=START)
    before = standing(ledger)
    with pytest.raises(ValueError, match="schema 'prediction': expected that of forecasts"):
        _open(ledger, pts)
    assert standing(ledger) == before


def test_an_oracle_that_shares_out_late_still_can(ledger, pts, asked):
    _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "date")])
    asked.resolve("fig", ORACLE, evidence=EVIDENCE, time=OVER)
    asked.payout(time=OVER)
    late = asked.terms.paid_until + DAY
    assert asked.payout(ORACLE, time=late).distributed is not None
    assert asked.distribution.record.deadline == late + 90 * DAY
    assert _balances(ledger, pts) == (1_050, 950, 1_000, 1_000)


def test_the_issuer_of_an_asset_by_which_is_voted_agrees(ledger, pts):
    share = ledger.create_asset(EVE, "SHARE", time=START)
    ledger.mint(EVE, share, to=DAN.account, amount=3, time=START)
    rule = approval(by_units(share, voting="3d", timelock="1d"))
    refused("unauthorized", _open, ledger, pts, oracle=rule)
    asked = _open(ledger, pts, oracle=rule, agree=[EVE])
    _staked(asked, [(ANN, 100, "fig"), (BOB, 50, "date")])
    proposal = asked.propose(ASKED["question"], by=DAN, time=OVER)
    proposal.vote(DAN, ["fig"], time=OVER)
    asked.payout(time=OVER + 5 * DAY)
    assert _balances(ledger, pts) == (1_050, 950, 1_000, 1_000)
