"""Raises, from pledging to closing, and tips; and the complaints of backers elsewhere that they answer."""

from __future__ import annotations

from decimal import Decimal

import pytest
from counterfoil import Key, Ledger
from counterfoil.exceptions import KeyReusedError
from counterfoil.funding import Raise, Referred, tip, tips
from counterfoil.ops import Freeze, Hold, OpenGroup, Powers, SignedBy, group_id
from counterfoil.reputation import Badges
from counterfoil.verify import Verifier, attestation_id, schema_id

from tests.calls import refused, standing

FILM, ELI, TAL, MAYA, BOARD, CREW = (Key.from_seed(bytes([number]) * 32) for number in range(31, 37))
DAY = 86_400_000
START = 1_700_000_000_000
OVER = START + 30 * DAY


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "film", origin="film.example", operator=FILM, time=START) as made:
        yield made


@pytest.fixture
def ils(ledger):
    powers = Powers(mint=FILM.account, freeze=FILM.account)
    asset = ledger.create_asset(FILM, "ILS", decimals=2, powers=powers, time=START)
    for backer in (ELI, TAL, MAYA):
        ledger.mint(FILM, asset, to=backer.account, amount=100_000, time=START)
    return asset


@pytest.fixture
def raised(ledger, ils):
    return Raise.open(ledger, FILM, asset=ils, goal=50_000, closes=OVER, to=CREW.account, time=START)


@pytest.fixture
def staged(ledger, ils):
    both = SignedBy(2, [FILM.account, BOARD.account])
    return Raise.open(
        ledger, FILM, asset=ils, goal=50_000, closes=OVER, milestones_bps=[4_000, 6_000], approval=both,
        within="90d", withdrawable=True, time=START,
    )  # fmt: skip


def test_a_goal_that_is_reached_pays_the_project(ledger, ils, raised):
    eli = raised.pledge(ELI, Decimal("200.00"), time=START)
    tal = raised.pledge(TAL, 30_000, time=OVER - 1)
    refused("group_closed", raised.pledge, MAYA, 1, time=OVER)
    refused("condition_unmet", raised.close, eli, time=OVER - 1)
    raised.close(eli, time=OVER)
    refused("hold_closed", raised.close, eli, time=OVER)
    raised.close(tal.id, time=OVER + DAY)
    assert (ledger.balance(ils, CREW.account), raised.budget().milestones[0].settled) == (50_000, 50_000)


def test_a_goal_that_is_missed_by_one_unit_pays_the_backers(ledger, ils, raised):
    raised.pledge(ELI, 20_000, time=START)
    raised.pledge(TAL, 29_999, time=START)
    [closed] = raised.close_all(time=OVER)
    assert (len(closed.holds), closed.refused) == (2, ())
    assert ledger.balance(ils, CREW.account) == 0
    assert ledger.balance(ils, ELI.account) == ledger.balance(ils, TAL.account) == 100_000
    assert raised.budget().milestones[0].released == 49_999
    assert list(raised.close_all(time=OVER)) == []


def test_anybody_closes_every_pledge_in_batches(ledger, ils, raised):
    ledger.mint(FILM, ils, to=ELI.account, amount=10**6, time=START)
    holds = [Hold(payer=ELI.account, salt=number.to_bytes(16, "big"), asset=ils, amount=100, group=raised.id)
             for number in range(1_100)]  # fmt: skip
    for start in range(0, len(holds), 300):
        ledger.execute(holds[start : start + 300], ELI, time=START)
    anybody = Raise(ledger, TAL, identifier=raised.id)
    assert list(anybody.close_all(time=OVER - 1)) == []
    dry = [len(each.holds) for each in anybody.close_all(dry_run=True, time=OVER)]
    assert (sum(dry), ledger.balance(ils, CREW.account)) == (1_100, 0)
    assert [len(each.holds) for each in anybody.close_all(time=OVER)] == dry
    assert ledger.balance(ils, CREW.account) == 110_000


def test_who_is_refused_holds_up_nobody_else(ledger, ils, raised):
    for backer in (ELI, TAL, MAYA):
        raised.pledge(backer, 100, time=START)
    ledger.execute([Freeze(asset=ils, account=TAL.account, frozen=True)], FILM, time=START)
    [closed] = raised.close_all(time=OVER)
    assert (len(closed.holds), [status.name for _, status in closed.refused]) == (2, ["account_frozen"])
    ledger.execute([Freeze(asset=ils, account=TAL.account, frozen=False)], FILM, time=OVER)
    raised.close(closed.refused[0][0], time=OVER)
    assert ledger.balance(ils, TAL.account) == 100_000


def test_where_the_project_is_refused_all_is_reported(ledger, ils, raised):
    for number in range(50):
        raised.pledge(ELI, 1_000, key=str(number), time=START)
    ledger.execute([Freeze(asset=ils, account=CREW.account, frozen=True)], FILM, time=START)
    closed = list(raised.close_all(time=OVER))
    assert sum(len(each.refused) for each in closed) == 50
    assert all(each.done is None for each in closed)


def test_milestones(ledger, ils, staged):
    assert (staged.goals, staged.step) == ((20_000, 30_000), 5)
    eli, tal = staged.pledge(ELI, 20_000, time=START), staged.pledge(TAL, 30_000, time=START)
    with pytest.raises(ValueError, match="multiple of 5"):
        staged.pledge(MAYA, 7, time=START)
    list(staged.close_all(time=OVER))
    assert ledger.balance(ils, FILM.account) == 20_000
    refused("condition_unmet", staged.close, eli, time=OVER)
    [alone] = staged.approve(1, FILM, time=OVER)
    assert [status.name for _, status in alone.refused] == ["condition_unmet"] * 2
    [both] = staged.approve(1, FILM, BOARD, dry_run=True, time=OVER)
    assert (len(both.holds), ledger.balance(ils, FILM.account)) == (2, 20_000)
    [both] = staged.approve(1, FILM, BOARD, time=OVER + 90 * DAY - 1)
    assert (len(both.holds), ledger.balance(ils, FILM.account)) == (2, 50_000)
    for wrong in (0, 2, -1):
        with pytest.raises(ValueError, match="milestone: expected"):
            staged.approve(wrong, BOARD)
    refused("hold_closed", staged.close, tal, time=OVER + 90 * DAY)


def test_every_milestone_needs_its_part(ledger, ils, staged):
    """Who puts money into one milestone alone does not reach the goal for the others."""
    staged.pledge(ELI, 49_995, time=START)
    raw = Hold(payer=TAL.account, salt=bytes(16), asset=ils, amount=50_000, group=staged.groups[0])
    ledger.execute([raw], TAL, time=START)
    assert not staged.reached
    list(staged.close_all(time=OVER))
    assert (ledger.balance(ils, FILM.account), ledger.balance(ils, TAL.account)) == (0, 100_000)


def test_withdrawing(ledger, ils, staged, raised):
    eli = staged.pledge(ELI, 20_000, time=START)
    refused("hold_pending", staged.withdraw, TAL, eli, time=START)
    staged.withdraw(ELI, eli, key="back", dry_run=True, time=START)
    staged.withdraw(ELI, eli, key="back", time=OVER - 1)
    assert staged.withdraw(ELI, eli, key="back", time=OVER - 1).repeated
    assert (staged.budget().pledged, staged.budget().backers, ledger.balance(ils, ELI.account)) == (0, 0, 100_000)
    fixed = raised.pledge(ELI, 50_000, time=OVER - 1)
    refused("hold_pending", raised.withdraw, ELI, fixed, time=OVER - 1)
    with pytest.raises(LookupError, match="pledge: expected one of this raise"):
        staged.withdraw(ELI, fixed, time=OVER - 1)


def test_withdrawing_ends_with_the_raise(staged):
    eli = staged.pledge(ELI, 50_000, time=START)
    refused("hold_pending", staged.withdraw, ELI, eli, time=OVER)


def test_a_pledge_with_a_key_happens_once(ledger, ils, raised):
    first = raised.pledge(ELI, 100, ref=MAYA.account, key="eli", time=START)
    again = raised.pledge(ELI, 100, ref=MAYA.account, key="eli", time=START + 5)
    assert (again.holds, again.done.repeated, ledger.balance(ils, ELI.account)) == (first.holds, True, 99_900)
    with pytest.raises(KeyReusedError):
        raised.pledge(ELI, 101, ref=MAYA.account, key="eli", time=START + 5)
    size = ledger.size
    assert raised.pledge(ELI, 100, dry_run=True, time=START + 5).done.dry_run
    assert ledger.size == size


def test_referrals(raised, ledger):
    raised.pledge(ELI, 100, ref=MAYA.account, time=START)
    raised.pledge(ELI, 50, time=START)
    raised.pledge(TAL, 20, ref=MAYA.account, time=START)
    assert raised.referrals() == {MAYA.account: Referred(2, 170)}
    refused("attestation_exists", raised.pledge, ELI, 1, ref=TAL.account, time=START)
    refused("self_reference", raised.pledge, MAYA, 1, ref=MAYA.account, time=START)
    refused("reference_cycle", raised.pledge, MAYA, 1, ref=ELI.account, time=START)
    own = Raise(ledger, MAYA, identifier=raised.id)
    refused("unauthorized", own.pledge, MAYA, 1, ref=BOARD.account, time=START)
    own.pledge(MAYA, 1, time=START)
    assert raised.budget().backers == 3


def test_a_pledge_that_went_back_is_nobody_s_merit(staged):
    """Withdrawn, missed, or past the deadline of its milestone: it counts for nothing."""
    eli = staged.pledge(ELI, 20_000, ref=MAYA.account, time=START)
    staged.pledge(TAL, 20_000, ref=MAYA.account, time=START)
    assert staged.referrals() == {MAYA.account: Referred(2, 40_000)}
    staged.withdraw(ELI, eli, time=START)
    assert staged.referrals() == {MAYA.account: Referred(1, 20_000)}
    assert staged.ambassadors(at_least=2) == {}
    assert staged.referrals(time=OVER - 1) == {MAYA.account: Referred(1, 20_000)}
    # The goal is missed: all that is held is due back, whether somebody has closed it or not.
    assert staged.referrals(time=OVER) == {}
    list(staged.close_all(time=OVER))
    assert staged.referrals() == {}


def test_only_what_was_paid_counts_in_the_end(staged):
    staged.pledge(ELI, 50_000, ref=MAYA.account, time=START)
    list(staged.close_all(time=OVER))
    assert staged.referrals() == {MAYA.account: Referred(1, 50_000)}
    # The second milestone was never approved.
    assert staged.referrals(time=OVER + 90 * DAY) == {MAYA.account: Referred(1, 20_000)}


@pytest.fixture
def badge(ledger):
    return Badges.launch(ledger, BOARD, name="two-backers", time=START)


def test_ambassadors_get_a_badge(ledger, ils, raised, badge):
    ledger.mint(FILM, ils, to=CREW.account, amount=10, time=START)
    for backer, by in ((ELI, MAYA), (TAL, MAYA), (CREW, BOARD)):
        raised.pledge(backer, 10, ref=by.account, time=START)
    raised.pledge(MAYA, 49_970, time=START)
    earned = {"at_least": 2, "key": "badges", "time": OVER}
    before = standing(ledger)
    with pytest.raises(ValueError, match="time: expected one from"):
        raised.award(badge, MAYA.account, at_least=2, time=OVER - 1)
    for wrong in (BOARD.account, ELI.account, b"short", bytes(32)):
        with pytest.raises(ValueError, match="brought 2 backers or more"):
            raised.award(badge, MAYA.account, wrong, at_least=2, time=OVER)
    with pytest.raises(ValueError, match="brought 3 backers or more"):
        raised.award(badge, MAYA.account, at_least=3, time=OVER)
    with pytest.raises(ValueError, match="brought 0 backers or more"):
        raised.award(badge, FILM.account, at_least=0, time=OVER)
    assert raised.award(badge, MAYA.account, **earned, dry_run=True).dry_run
    assert standing(ledger) == before
    assert list(raised.ambassadors(at_least=2, time=OVER)) == [MAYA.account]

    done = raised.award(badge, *raised.ambassadors(at_least=2, time=OVER), **earned)
    again = raised.award(badge, MAYA.account, **earned)
    assert (again.repeated, again.id, badge.holds(MAYA.account), badge.holds(BOARD.account)) == (
        True, done.id, True, False,
    )  # fmt: skip
    with pytest.raises(KeyReusedError):
        raised.award(badge, BOARD.account, **earned)
    before = standing(ledger)
    refused("attestation_exists", raised.award, badge, MAYA.account, at_least=1, time=OVER)
    refused("attestation_exists", raised.award, badge, BOARD.account, MAYA.account, at_least=1, time=OVER)
    refused("attestation_exists", raised.award, badge, BOARD.account, BOARD.account, at_least=1, time=OVER)
    assert (standing(ledger), badge.holds(BOARD.account)) == (before, False)


def test_a_badge_is_not_for_a_goal_that_was_missed(raised, badge):
    for backer in (ELI, TAL):
        raised.pledge(backer, 100, ref=MAYA.account, time=START)
    with pytest.raises(ValueError, match="brought 2 backers or more"):
        raised.award(badge, MAYA.account, at_least=2, time=OVER)


def test_an_award_with_a_key_is_repeated_when_nobody_has_earned_it_any_more(staged, badge):
    staged.pledge(ELI, 50_000, ref=MAYA.account, time=START)
    first = staged.award(badge, MAYA.account, at_least=1, key="maya", time=OVER)
    late = OVER + 90 * DAY
    list(staged.close_all(time=late))
    assert staged.ambassadors(at_least=1) == {}
    assert staged.award(badge, MAYA.account, at_least=1, key="maya", time=late).id == first.id
    with pytest.raises(ValueError, match="brought 1 backers or more"):
        staged.award(badge, MAYA.account, at_least=1, key="another", time=late)


def test_who_brought_whom_is_proven_offline(ledger, raised):
    pledge = raised.pledge(ELI, 50_000, ref=MAYA.account, time=START)
    raised.close(pledge, time=OVER)
    ledger.checkpoint(time=OVER)
    schema = schema_id(FILM.account, "raise-referral")
    verifier = Verifier(ledger.verifier_key)
    shown = ledger.prove("attestations", attestation_id(schema, FILM.account, ELI.account, raised.id), key=schema)
    assert verifier.record(bytes(shown)).value.content.to == MAYA.account
    hold = verifier.record(bytes(ledger.prove("holds", pledge.id))).value
    assert (hold.payer, hold.settled, hold.released) == (ELI.account, 50_000, 0)


def test_a_raise_is_opened_once_and_taken_up_again(ledger, ils, staged):
    opening = {"asset": ils, "goal": 10, "closes": OVER, "key": "film 2"}
    before = standing(ledger)
    tried = Raise.open(ledger, FILM, **opening, dry_run=True, time=START)
    assert (standing(ledger), ledger.hold_group(tried.id), tried.step) == (before, None, 1)
    first, again = (Raise.open(ledger, FILM, **opening, time=START + late) for late in (0, 5))
    assert tried.id == first.id == again.id != staged.id
    assert Raise.open(ledger, FILM, **opening, dry_run=True, time=START).id == first.id
    same = Raise(ledger, BOARD, identifier=staged.id)
    assert (same.groups, same.goals, same.closes, same.deadline) == (
        staged.groups, (20_000, 30_000), OVER, OVER + 90 * DAY,
    )  # fmt: skip
    assert (same.withdrawable, same.approval, same.owner, first.withdrawable) == (
        True, SignedBy(2, [FILM.account, BOARD.account]), FILM.account, False,
    )  # fmt: skip
    with pytest.raises(LookupError, match="raise: expected"):
        Raise(ledger, FILM, identifier=bytes(32))
    terms = ledger.hold_group(first.id).terms
    other = OpenGroup(owner=FILM.account, salt=b"o" * 16, asset=ils, closes=OVER, terms=terms)
    ledger.execute([other], FILM, time=START)
    with pytest.raises(ValueError, match="terms of a raise"):
        Raise(ledger, FILM, identifier=group_id(FILM.account, b"o" * 16))


@pytest.mark.parametrize(
    "wrong",
    [
        {"milestones_bps": [5_000, 4_999]},
        {"milestones_bps": [10_000, 0]},
        {"milestones_bps": []},
        {"milestones_bps": [1_000] * 10},
        {"milestones_bps": [4_000, 6_000]},
        {"approval": SignedBy(1, [BOARD.account])},
        {"goal": 0},
        {"goal": 50_001, "milestones_bps": [4_000, 6_000], "approval": SignedBy(1, [BOARD.account])},
    ],
)
def test_wrong_raises(ledger, ils, wrong):
    with pytest.raises(ValueError, match="expected"):
        Raise.open(ledger, FILM, **{"asset": ils, "goal": 50_000, "closes": OVER, "time": START, **wrong})


def test_refused_raises(ledger, ils):
    before = standing(ledger)
    for dry_run in (True, False):
        late = {"asset": ils, "goal": 1, "closes": START, "time": START, "dry_run": dry_run}
        refused("group_closed", Raise.open, ledger, FILM, **late)
        assert standing(ledger) == before
    with pytest.raises(LookupError, match="asset: expected"):
        Raise.open(ledger, FILM, asset=bytes(32), goal=1, closes=OVER, time=START)
    with pytest.raises(TypeError, match="amount"):
        Raise.open(ledger, FILM, asset=ils, goal=1.5, closes=OVER, time=START)


def test_complaint_11_backers_are_protected_after_funding(ledger, ils, staged):
    """Kickstarter: unprotected after funding. Open Collective: refunds below zero."""
    eli = staged.pledge(ELI, 50_000, time=START)
    list(staged.close_all(time=OVER))
    refused("condition_unmet", staged.close, eli, time=OVER + 90 * DAY - 1)
    staged.close(eli, time=OVER + 90 * DAY)
    assert ledger.balance(ils, ELI.account) == 80_000
    refused("hold_closed", staged.close, eli, time=OVER + 90 * DAY)
    assert list(staged.approve(1, FILM, BOARD, time=OVER + 90 * DAY)) == []
    budget = staged.budget()
    assert [(each.settled, each.released, each.held) for each in budget.milestones] == [(20_000, 0, 0), (0, 30_000, 0)]
    assert budget.reached


def test_a_backer_proves_the_terms_offline(ledger, staged):
    pledge = staged.pledge(ELI, 20_000, time=START)
    ledger.checkpoint(time=START)
    verifier = Verifier(ledger.verifier_key)
    group = verifier.record(bytes(ledger.prove("hold_groups", staged.id))).value
    assert (group.total, group.terms.deadline) == (8_000, OVER + 90 * DAY)
    assert verifier.record(bytes(ledger.prove("holds", pledge.id))).value.group == staged.id


def test_tips(ledger, ils):
    gift = {"asset": ils, "reference": b"p" * 32, "key": "post 7", "time": START}
    assert [tip(ledger, ELI, MAYA.account, Decimal("0.05"), **gift).repeated for _ in range(2)] == [False, True]
    assert ledger.balance(ils, MAYA.account) == 100_005
    refused("insufficient_funds", tip, ledger, ELI, MAYA.account, 10**6, asset=ils, dry_run=True, time=START)
    with pytest.raises(LookupError, match="asset: expected"):
        tip(ledger, ELI, MAYA.account, 5, asset=bytes(32))


def test_many_tips_take_one_signature(ledger, ils):
    gifts = {number.to_bytes(32, "big"): 1 for number in range(1, 1_001)} | {MAYA.account: Decimal("0.05")}
    gift = {"asset": ils, "reference": b"p" * 32, "time": START}
    size = ledger.size
    assert tips(ledger, ELI, gifts, **gift, key="list", dry_run=True).dry_run
    assert [tips(ledger, ELI, gifts, **gift, key="list").repeated for _ in range(2)] == [False, True]
    assert [ledger.balance(ils, each.account) for each in (ELI, MAYA)] == [98_995, 100_005]
    assert ledger.size == size + 1
    with pytest.raises(KeyReusedError):
        tips(ledger, ELI, {MAYA.account: 6}, **gift, key="list")
    before = standing(ledger)
    refused("no_payee", tips, ledger, ELI, {}, **gift)
    refused("zero_amount", tips, ledger, ELI, {MAYA.account: 1, TAL.account: 0}, **gift)
    refused("same_account", tips, ledger, ELI, {MAYA.account: 1, ELI.account: 1}, **gift)
    refused("insufficient_funds", tips, ledger, ELI, {MAYA.account: 98_995, TAL.account: 1}, **gift)
    many = {number.to_bytes(32, "big"): 1 for number in range(1, 1_500)}
    refused("too_large", tips, ledger, ELI, many, **gift)
    with pytest.raises(TypeError, match="amount: expected"):
        tips(ledger, ELI, {MAYA.account: 0.05}, **gift)
    with pytest.raises(ValueError, match="decimal places"):
        tips(ledger, ELI, {MAYA.account: Decimal("0.005")}, **gift)
    with pytest.raises(LookupError, match="asset: expected"):
        tips(ledger, ELI, {MAYA.account: 5}, asset=bytes(32))
    assert standing(ledger) == before
