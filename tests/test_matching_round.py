"""Matching rounds over raises and gifts, which another party computes again; and a cooperative's surplus."""

from __future__ import annotations

import calendar
from dataclasses import replace
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger
from counterfoil.distributions import Distribution
from counterfoil.exceptions import KeyReusedError, ProofError
from counterfoil.funding import MatchingRound, Raise, given, pledged, recompute, tip, tips
from counterfoil.governance import Contribution, match, patronage, surplus
from counterfoil.leaves import build
from counterfoil.ops import Attest, LeavesBasis, Release, Requirement, Revoke, Schema, SignedBy, schema_id
from counterfoil.verify import Verifier

from tests.calls import refused, standing

FUND, WELL, PARK, FARM, *CROWD = (Key.from_seed(bytes([number]) * 32) for number in range(81, 94))
DAY = 86_400_000
START = calendar.timegm((2023, 11, 15, 0, 0, 0)) * 1_000
"""Behind every clock, so that the tests say the time."""
OVER = START + 30 * DAY
END = START + 90 * DAY


@pytest.fixture
def ledger(tmp_path):
    folder = tmp_path / "round"
    with Ledger.create(folder, origin="round.example", operator=FUND, time=START, commit_every_ms=None) as made:
        yield made


@pytest.fixture
def ils(ledger):
    asset = ledger.create_asset(FUND, "ILS", decimals=2, time=START)
    for each in (FUND, WELL, PARK, FARM, *CROWD):
        ledger.mint(FUND, asset, to=each.account, amount=100_000, time=START)
    return asset


@pytest.fixture
def persons(ledger):
    """Nine are attested to be persons."""
    schema = schema_id(FUND.account, "person")
    made = [Schema(creator=FUND.account, name="person", issuers=[FUND.account])]
    made += [Attest(schema=schema, issuer=FUND.account, subject=each.account) for each in CROWD]
    ledger.execute(made, FUND, time=START)
    return Requirement(schema, FUND.account)


def _pass(ledger, ils, time):
    """Time passes with the next entry of the log."""
    ledger.mint(FUND, ils, to=FUND.account, amount=1, time=time)


def _raise(ledger, ils, to, goal=1_000, **given):
    return Raise.open(ledger, to, asset=ils, goal=goal, closes=OVER, time=START, **given)


def _unproven(reason, call, *args, **kwargs):
    with pytest.raises(ProofError) as caught:
        call(*args, **kwargs)
    assert caught.value.reason == reason


def _round(ledger, ils, contributions, pool=1_000, **given):
    terms = {"deadline": END, "time": OVER, **given}
    return MatchingRound.open(ledger, FUND, asset=ils, pool=pool, contributions=contributions, **terms)


# Rounds over raises.


def test_many_who_give_little_bring_more_than_one_who_gives_much(ledger, ils):
    well, park = _raise(ledger, ils, WELL), _raise(ledger, ils, PARK)
    for each in CROWD:
        well.pledge(each, 112, time=START)
    park.pledge(CROWD[0], 900, time=START)
    park.pledge(CROWD[1], 100, time=START)
    with pytest.raises(ValueError, match="raise: expected one that is over"):
        pledged(well, park)
    _pass(ledger, ils, OVER)
    found = pledged(well, park)
    made = _round(ledger, ils, found, Decimal("39.00"))
    assert made.matching.matches[WELL.account] > 10 * made.matching.matches[PARK.account]
    assert sum(made.matching.matches.values()) == made.distribution.record.amount == 3_900
    assert made.distribution.record.reference == made.matching.inputs
    # Another party reads it from the log, later, and computes the same.
    list(well.close_all(time=OVER + 1))
    stranger = Distribution(ledger, CROWD[5], identifier=made.distribution.id)
    again = [Raise(ledger, CROWD[5], identifier=each.id) for each in (well, park)]
    assert recompute(pledged(*again), stranger) == made.matching
    before = ledger.balance(ils, PARK.account)
    [collected] = made.distribution.collect_all(time=OVER + 2)
    assert set(collected.paid) == {WELL.account, PARK.account}
    assert ledger.balance(ils, PARK.account) - before == made.matching.matches[PARK.account]


def test_what_was_pledged_is_the_same_whatever_becomes_of_it(ledger, ils):
    terms = {"milestones_bps": [4_000, 6_000], "approval": SignedBy(1, [FUND.account]), "withdrawable": True}
    well = _raise(ledger, ils, WELL, within="10d", **terms)
    pledges = [well.pledge(each, 1_000, time=START) for each in CROWD[:3]]
    well.withdraw(CROWD[2], pledges[2], time=START + 1)
    # A part of the first milestone's pledge, by its hold.
    ledger.execute([Release(hold=pledges[1].holds[0], amount=150)], CROWD[1], time=START + 2)
    _pass(ledger, ils, OVER)
    expected = {CROWD[0].account: 1_000, CROWD[1].account: 850}

    def together():
        found = pledged(well)
        assert {each.project for each in found} == {WELL.account}
        return {account: sum(each.amount for each in found if each.contributor == account)
                for account in {each.contributor for each in found}}  # fmt: skip

    assert together() == expected
    list(well.close_all(time=OVER))
    assert together() == expected
    # The second milestone is never approved, and goes back.
    list(well.close_all(time=OVER + 10 * DAY))
    assert well.budget().milestones[1].released == 600 + 600 + 600
    assert together() == expected


def test_missed_goals_and_own_pledges_do_not_count(ledger, ils):
    well = _raise(ledger, ils, WELL, goal=2_000)
    park = Raise.open(ledger, PARK, asset=ils, goal=500, closes=OVER, to=FARM.account, time=START)
    well.pledge(CROWD[0], 1_999, time=START)
    for each in (CROWD[0], CROWD[1], PARK, FARM):
        park.pledge(each, 200, time=START)
    _pass(ledger, ils, OVER)
    assert {each.contributor for each in pledged(well, park)} == {CROWD[0].account, CROWD[1].account}
    other = ledger.create_asset(FUND, "EUR", time=OVER)
    with pytest.raises(ValueError, match="raises: expected those of one asset"):
        pledged(park, Raise.open(ledger, WELL, asset=other, goal=5, closes=OVER + 1, time=OVER))


def test_one_with_many_accounts_counts_once_where_persons_are_asked_for(ledger, ils, persons):
    well, farm = _raise(ledger, ils, WELL, goal=400), _raise(ledger, ils, FARM, goal=400)
    for each in CROWD[:4]:
        well.pledge(each, 100, time=START)
    farm.pledge(CROWD[4], 100, time=START)
    for number in range(20):
        sybil = Key.from_seed(bytes([200 + number]) * 32)
        ledger.mint(FUND, ils, to=sybil.account, amount=100, time=START)
        farm.pledge(sybil, 100, time=START)
    _pass(ledger, ils, OVER)
    naive = match(pledged(well, farm), pool=10_000).matches
    assert naive[FARM.account] > naive[WELL.account]
    found = match(pledged(well, farm, persons=persons), pool=10_000)
    assert found.matches == {WELL.account: 1_200, FARM.account: 0}
    # Where nobody attests persons, two accounts bring twice the bound at the most.
    pair = [(FARM.account, bytes([each]) * 32, 10**6) for each in (1, 2)]
    assert match(pair, pool=10**6, bound=50).matches[FARM.account] == 100
    # Who is no person any more since was one when the raise closed.
    ledger.execute([Revoke(schema=persons.schema, issuer=FUND.account, subject=CROWD[0].account)], FUND, time=OVER + 1)
    assert match(pledged(well, farm, persons=persons), pool=10_000) == found


# Rounds over gifts.


def test_gifts_of_a_time_are_matched(ledger, ils, persons):
    note = b"r" * 32
    gift = {"asset": ils, "reference": note}
    tip(ledger, CROWD[0], WELL.account, 100, **gift, time=START)
    tips(ledger, CROWD[1], {WELL.account: 100, PARK.account: 50}, **gift, time=START + 1)
    tip(ledger, CROWD[2], WELL.account, 100, asset=ils, time=START + 2)
    tip(ledger, FARM, WELL.account, 100, **gift, time=START + 3)
    tip(ledger, CROWD[3], WELL.account, 60, **gift, time=START + 4)
    tip(ledger, WELL, CROWD[3].account, 60, asset=ils, time=START + 5)
    tip(ledger, CROWD[4], WELL.account, 100, **gift, time=START + DAY)
    projects, window = [WELL.account, PARK.account, WELL.account], {"since": START, "until": START + DAY}
    found = given(ledger, ils, projects, **window, reference=note, persons=persons)
    assert found == sorted([
        Contribution(PARK.account, CROWD[1].account, 50),
        *(Contribution(WELL.account, each.account, 100) for each in CROWD[:2]),
    ])  # fmt: skip
    everything = given(ledger, ils, projects, **window)
    assert {each.contributor for each in everything} == {each.account for each in (*CROWD[:3], FARM)}
    for wrong in ({"until": START + DAY + 1}, {"since": START + DAY}, {"since": START + 5, "until": START + 4}):
        with pytest.raises(ValueError, match="time: expected one that begins and is over"):
            given(ledger, ils, projects, **{**window, **wrong})
    made = _round(ledger, ils, found, cap=Decimal("1.00"), time=START + DAY)
    assert (made.matching.matches[WELL.account], made.matching.left) == (100, 900)
    assert recompute(given(ledger, ils, projects, **window, reference=note, persons=persons), made.distribution,
                     cap=100) == made.matching  # fmt: skip
    list(made.distribution.collect_all(time=START + DAY))
    made.distribution.close(time=END)
    assert made.distribution.report(time=END).left_over == 900


def test_a_wrong_list_is_noticed(ledger, ils):
    contributions = [Contribution(WELL.account, each.account, 100) for each in CROWD]
    contributions += [Contribution(PARK.account, each.account, 300) for each in CROWD[:2]]
    made = _round(ledger, ils, contributions, time=START)
    record = made.distribution.record
    assert recompute(reversed(contributions), record) == made.matching
    _unproven("wrong_question", recompute, contributions[1:], record)
    _unproven("wrong_question", recompute, contributions, record, bound=10)
    _unproven("wrong_question", recompute, contributions, record, cap=999)
    _unproven("wrong_question", recompute, contributions, replace(record, amount=999))
    # A fund that cites the inputs and pays another list, or less of it.
    cheated = build({**dict(made.matching.leaves()), WELL.account: made.matching.matches[WELL.account] - 1,
                     FUND.account: 1})  # fmt: skip
    for by, reason in ((cheated, "wrong_root"), (build({FUND.account: 999}), "wrong_sum"),
                       (LeavesBasis(cheated.root, 999), "wrong_sum")):  # fmt: skip
        posted = Distribution.open(ledger, FUND, asset=ils, amount=1_000, by=by, reference=made.matching.inputs,
                                   deadline=END, time=START)  # fmt: skip
        _unproven(reason, recompute, contributions, posted)
    unnamed = Distribution.open(ledger, FUND, asset=ils, amount=1_000, by=cheated, deadline=END, time=START)
    _unproven("wrong_question", recompute, contributions, unnamed)
    # And without the ledger, from a statement.
    ledger.checkpoint(time=START)
    statement = bytes(ledger.prove("distributions", made.distribution.id))
    proven = Verifier(ledger.verifier_key).record(statement, table="distributions", record_id=made.distribution.id)
    assert recompute(contributions, proven.value) == made.matching


def test_a_round_is_opened_once(ledger, ils):
    contributions = [Contribution(WELL.account, each.account, 100) for each in CROWD]
    before = standing(ledger)
    tried = _round(ledger, ils, contributions, dry_run=True, key="round 1", time=START)
    assert standing(ledger) == before
    made = _round(ledger, ils, contributions, key="round 1", time=START)
    assert (tried.matching, tried.distribution.id) == (made.matching, made.distribution.id)
    assert _round(ledger, ils, contributions, key="round 1", time=START + 1).distribution.id == made.distribution.id
    with pytest.raises(KeyReusedError):
        _round(ledger, ils, contributions[1:], key="round 1", time=START + 1)
    refused("insufficient_funds", _round, ledger, ils, contributions, 200_000, time=START + 1)
    for nothing in ([], contributions[:1]):
        with pytest.raises(ValueError, match="contributions: expected"):
            _round(ledger, ils, nothing, time=START + 1)
    for wrong in ({"pool": 1.5}, {"cap": 1.5}, {"bound": 1.5}):
        with pytest.raises(TypeError, match="amount: expected"):
            _round(ledger, ils, contributions, time=START + 1, **wrong)
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        _round(ledger, bytes(32), contributions, time=START + 1)


# A cooperative's surplus.


def test_members_share_the_surplus_by_what_they_bought(ledger, ils, persons):
    till = PARK
    for number, each in enumerate(CROWD[:4]):
        ledger.transfer(each, ils, to=till.account, amount=1_000 * (number + 1), time=START)
    ledger.transfer(till, ils, to=CROWD[3].account, amount=500, time=START + 1)  # a refund
    ledger.transfer(FARM, ils, to=till.account, amount=700, time=START + 1)  # no member
    new_year = calendar.timegm((2024, 1, 1, 0, 0, 0)) * 1_000
    ledger.transfer(CROWD[4], ils, to=till.account, amount=9_999, time=new_year)
    bought = patronage(ledger, ils, till.account, year=2023, members=persons)
    assert bought == dict(sorted({each.account: amount for each, amount in
                                  zip(CROWD, (1_000, 2_000, 3_000, 3_500), strict=False)}.items()))  # fmt: skip
    assert patronage(ledger, ils, till.account, year=2023) == dict(sorted({**bought, FARM.account: 700}.items()))
    assert patronage(ledger, ils, till.account, since=START + 1, until=new_year) == {FARM.account: 700}
    found = surplus(80_000, 3_000, bought)
    assert (found.shared, sum(found.parts.values()), set(found.parts)) == (24_000, 24_000, set(bought))
    paid = Distribution.open(ledger, FUND, asset=ils, amount=found.shared, by=found.leaves(), reference=found.inputs,
                             deadline=new_year + DAY, time=new_year)  # fmt: skip
    [collected] = paid.collect_all(time=new_year)
    assert (len(collected.paid), paid.report(time=new_year).left) == (4, 0)
    # Whoever reads the log finds the same.
    surplus(80_000, 3_000, patronage(ledger, ils, till.account, year=2023, members=persons)).check(paid.record)
    _unproven("wrong_question", surplus(80_000, 2_999, bought).check, paid.record)
    _unproven("wrong_question", surplus(80_000, 3_000, {**bought, FARM.account: 1}).check, paid.record)
    members = Distribution.open(ledger, FUND, asset=ils, amount=5, by=persons, deadline=new_year + DAY, time=new_year)
    _unproven("wrong_question", found.check, members.record)


def test_patronage_of_a_time_that_is_not_over_is_not_told(ledger, ils):
    for wrong in ({}, {"year": 2023, "since": START}, {"since": START}, {"until": START}, {"year": 2024},
                  {"since": START, "until": START}, {"year": 1969}, {"year": 2023, "until": START}):  # fmt: skip
        with pytest.raises(ValueError, match=r"(time|year): expected"):
            patronage(ledger, ils, PARK.account, **wrong)
    assert patronage(ledger, ils, PARK.account, year=2022) == {}
    with pytest.raises(TypeError, match="year: expected an int"):
        patronage(ledger, ils, PARK.account, year="2023")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ((0, 1, {b"a" * 32: 1}), ValueError),
        ((10**38, 1, {b"a" * 32: 1}), ValueError),
        ((100, 0, {b"a" * 32: 1}), ValueError),
        ((100, 10_001, {b"a" * 32: 1}), ValueError),
        ((99, 100, {b"a" * 32: 1}), ValueError),  # less than a unit is nothing to share
        ((100, 10_000, {}), ValueError),
        ((100, 10_000, {b"a" * 32: 0}), ValueError),
        ((100, 10_000, {b"a" * 31: 1}), ValueError),
        ((100.0, 10_000, {b"a" * 32: 1}), TypeError),
        ((100, 10_000, {b"a" * 32: 1.5}), TypeError),
        ((100, True, {b"a" * 32: 1}), TypeError),
        ((100, 10_000, {"ann": 1}), TypeError),
    ],
)
def test_bad_weights_share_nothing(wrong, error):
    with pytest.raises(error):
        surplus(*wrong)


def test_a_surplus_is_shared_to_the_last_unit():
    weights = {bytes([each]) * 32: each * 10**30 for each in range(1, 100)}
    for amount in (1, 98, 10**20 + 7):
        found = surplus(amount, 10_000, weights)
        assert (sum(found.parts.values()), found.leaves().total) == (amount, amount)
        whole = sum(weights.values())
        assert all(0 <= part - amount * weights[account] // whole <= 1 for account, part in found.parts.items())
    reordered = surplus(98, 10_000, dict(reversed(weights.items())))
    assert (reordered.inputs, reordered.parts) == (
        surplus(98, 10_000, weights).inputs,
        surplus(98, 10_000, weights).parts,
    )
