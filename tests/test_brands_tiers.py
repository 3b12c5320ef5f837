"""Tiers: reached by units that lapse, attested no longer than these suffice, required by other rules."""

from __future__ import annotations

from decimal import Decimal

import pytest
from counterfoil import Key, Ledger
from counterfoil.brands import Level, Programme, Tiers
from counterfoil.exceptions import KeyReusedError
from counterfoil.members import Members
from counterfoil.ops import Attest, NoContent, Schema, Transfer
from counterfoil.verify import Verifier, attestation_id, schema_id

from tests.calls import refused, standing

ROASTER, BAKERY, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (21, 22, 23, 24))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""

NOVEMBER_LAPSES = 1_701_388_800_000 + 365 * DAY
"""2023-12-01 and 365 days: what was earned in November lapses."""

DECEMBER_LAPSES = 1_704_067_200_000 + 365 * DAY
TABLE = [("silver", 100), ("gold", 1_000), ("black", 5_000)]


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=ROASTER, time=START) as made:
        yield made


@pytest.fixture
def beans(ledger):
    return Programme.launch(ledger, ROASTER, symbol="BEAN", time=START)


@pytest.fixture
def tiers(beans):
    return Tiers.launch(beans, TABLE, time=START)


def test_a_member_rises_and_a_second_review_changes_nothing(ledger, beans, tiers):
    assert tiers.of(ANN.account, time=START) is None
    tiers.earn(ANN.account, 1_200, points=60, time=START)
    assert beans.balance(ANN.account) == 60
    assert tiers.of(ANN.account, time=START) is None, "a tier follows with the review"
    review = tiers.review(ANN.account, time=START)
    assert (review.before, review.tier, review.given, review.renewed, review.revoked) == (
        None,
        "gold",
        ("silver", "gold"),
        (),
        (),
    )
    assert review.expires == NOVEMBER_LAPSES
    root = standing(ledger)
    again = tiers.review(ANN.account, time=START + DAY)
    assert (again.done, again.before, again.tier, again.given, again.renewed) == (None, "gold", "gold", (), ())
    assert standing(ledger) == root
    progress = tiers.progress(ANN.account, time=START)
    assert (progress.tier, progress.units, progress.next, progress.missing) == ("gold", 1_200, "black", 3_800)


def test_nobody_keeps_a_tier_after_it_expired(tiers):
    tiers.earn(ANN.account, 1_200, time=START)
    tiers.review(ANN.account, time=START)
    assert tiers.of(ANN.account, time=NOVEMBER_LAPSES - 1) == "gold"
    assert tiers.of(ANN.account, time=NOVEMBER_LAPSES) is None
    assert tiers.progress(ANN.account, time=NOVEMBER_LAPSES).units == 0
    review = tiers.review(ANN.account, time=NOVEMBER_LAPSES)
    assert (review.done, review.before, review.tier, review.expires) == (None, None, None, None)
    assert tiers.of(ANN.account) is None, "without a time it is now"


def test_each_level_lasts_as_long_as_the_units_suffice_for_it(ledger, tiers):
    """November's 950 and December's 150: gold until November's lapse, silver until December's do."""
    tiers.earn(ANN.account, 950, time=START)
    tiers.review(ANN.account, time=START)
    december = START + 20 * DAY
    tiers.earn(ANN.account, 150, time=december)
    review = tiers.review(ANN.account, time=december)
    assert (review.before, review.tier, review.expires) == ("silver", "gold", NOVEMBER_LAPSES)
    assert (review.given, review.renewed) == (("gold",), ("silver",))
    assert tiers.of(ANN.account, time=NOVEMBER_LAPSES) == "silver"
    assert tiers.of(ANN.account, time=DECEMBER_LAPSES) is None
    silver = ledger.attestation(schema_id(ROASTER.account, "tier.silver"), ROASTER.account, ANN.account)
    assert silver.expires == DECEMBER_LAPSES


def test_units_that_are_taken_back_take_the_level_with_them(tiers):
    tiers.earn(ANN.account, 1_000, time=START)
    tiers.review(ANN.account, time=START)
    tiers.take_back(ANN.account, 1, time=START)
    review = tiers.review(ANN.account, time=START)
    assert (review.before, review.tier, review.revoked, review.renewed) == ("gold", "silver", ("gold",), ())
    assert tiers.of(ANN.account, time=START) == "silver"
    tiers.earn(ANN.account, 1, time=START)
    assert tiers.review(ANN.account, time=START).given == ("gold",), "a revoked one is attested again"
    refused("insufficient_funds", tiers.take_back, ANN.account, 1_001, time=START)


def test_silver_or_better_is_required_of_a_campaign(beans, tiers):
    offer = beans.campaign(
        budget=100, claim_max=10, ends=START + 900 * DAY, requires=tiers.requirement("silver"), time=START
    )
    tiers.earn(ANN.account, 5_000, time=START)
    tiers.review(ANN.account, time=START)
    offer.earn(ANN.account, 10, order="A1", time=START)
    refused("unknown_attestation", offer.earn, BOB.account, 10, order="A2", time=START)
    refused("attestation_expired", offer.earn, ANN.account, 10, order="A3", time=NOVEMBER_LAPSES)
    with pytest.raises(LookupError, match="level: expected one of silver, gold, black; found 'bronze'"):
        tiers.requirement("bronze")


def test_silver_is_not_gold(beans, tiers):
    requires = tiers.requirement("gold")
    offer = beans.campaign(budget=100, claim_max=10, ends=START + DAY, requires=requires, time=START)
    tiers.earn(BOB.account, 999, time=START)
    tiers.review(BOB.account, time=START)
    refused("unknown_attestation", offer.earn, BOB.account, 10, order="A2", time=START)
    tiers.earn(BOB.account, 1, time=START)
    tiers.review(BOB.account, time=START)
    offer.earn(BOB.account, 10, order="A2", time=START)


def test_a_tier_is_proven(ledger, tiers):
    tiers.earn(ANN.account, 1_000, time=START)
    tiers.review(ANN.account, time=START)
    ledger.checkpoint(time=START)
    requires = tiers.requirement("gold")
    record = attestation_id(requires.schema, requires.issuer, ANN.account, bytes(32))
    statement = bytes(ledger.prove("attestations", record, key=requires.schema))
    claim = Verifier(ledger.verifier_key).record(statement)
    assert (claim.value.subject, claim.value.is_live(claim.time)) == (ANN.account, True)


def test_the_table_changes_and_members_follow_with_the_review(ledger, beans, tiers):
    tiers.earn(ANN.account, 1_000, time=START)
    tiers.review(ANN.account, time=START)
    tiers.change([("silver", 100), ("amber", 500), ("gold", 2_000)], time=START)
    assert tiers.of(ANN.account, time=START) == "gold", "it keeps what it was given until it is reviewed"
    review = tiers.review(ANN.account, time=START)
    assert (review.before, review.tier, review.given, review.revoked) == ("gold", "amber", ("amber",), ("gold",))
    tiers.change([("gold", 600)], time=START)
    review = tiers.review(ANN.account, time=START)
    assert (review.tier, review.given, sorted(review.revoked)) == ("gold", ("gold",), ["amber", "silver"])
    again = Tiers(beans)
    assert again.levels == (Level("gold", 600),)
    assert again.review(ANN.account, time=START).done is None
    again.change(TABLE, time=START)
    assert Tiers(beans).levels == tuple(Level(name, least) for name, least in TABLE)
    schema = schema_id(ROASTER.account, "tier")
    assert ledger.schema(schema).live == 1


def test_a_table_is_ascending_and_its_names_distinct(ledger, beans, tiers):
    root = standing(ledger)
    for table, message in (
        ([], "expected 1 to 16 levels, found 0"),
        ([(f"l{number}", number + 1) for number in range(17)], "found 17"),
        ([("silver", 0)], "units of 1 or more, ascending"),
        ([("silver", -5)], "units of 1 or more, ascending"),
        ([("silver", 5), ("gold", 5)], "ascending"),
        ([("silver", 5), ("gold", 4)], "ascending"),
        ([("silver", 5), ("silver", 6)], "distinct names"),
        ([("Silver", 5)], "found 'Silver'"),
        ([("", 5)], "found ''"),
        ([("a b", 5)], "a-z0-9_-"),
        ([("silver\n", 5)], "a-z0-9_-"),
        ([("s" * 28, 5)], "names of 1 to 27"),
    ):
        with pytest.raises(ValueError, match=message):
            tiers.change(table, time=START)
        with pytest.raises(ValueError, match=message):
            Tiers.launch(beans, table, name="rank", symbol="RANK", time=START)
    for wrong in (1.5, "5"):
        with pytest.raises(TypeError, match="amount: expected"):
            tiers.change([("silver", wrong)], time=START)
    with pytest.raises(ValueError, match="at most 256 bytes with the levels it had before"):
        tiers.change([(f"{'long' * 6}{number}", number + 1) for number in range(10)], time=START)
    assert standing(ledger) == root
    refused("asset_exists", Tiers.launch, beans, TABLE, time=START)
    refused("schema_exists", Tiers.launch, beans, TABLE, symbol="OTHER", time=START)
    assert standing(ledger) == root


def test_tiers_are_taken_up_again_by_their_brand(ledger, beans, tiers):
    assert Tiers(beans).levels == tiers.levels
    other = Programme.launch(ledger, BAKERY, symbol="BUN", time=START)
    with pytest.raises(LookupError, match="symbol: expected one of this ledger"):
        Tiers(other)
    with pytest.raises(LookupError, match="expected the tiers of this brand, found none under 'rank'"):
        Tiers(beans, name="rank")


def test_nobody_else_gives_a_tier(ledger, tiers):
    gold = tiers.requirement("gold").schema
    tiers.earn(ANN.account, 100, time=START)
    root = standing(ledger)
    forged = Attest(schema=gold, issuer=ANN.account, subject=ANN.account)
    refused("issuer_not_allowed", ledger.execute, [forged], ANN, time=START)
    forged = Attest(schema=gold, issuer=ROASTER.account, subject=ANN.account)
    refused("unauthorized", ledger.execute, [forged], ANN, time=START)
    gift = Transfer(asset=tiers.asset, sender=ANN.account, to=BOB.account, amount=100)
    refused("asset_bound", ledger.execute, [gift], ANN, time=START)
    assert standing(ledger) == root
    # A schema of the same name by somebody else is another schema.
    ledger.execute([Schema(creator=ANN.account, name="tier.gold", content=NoContent())], ANN, time=START)
    ledger.execute(
        [Attest(schema=schema_id(ANN.account, "tier.gold"), issuer=ANN.account, subject=BOB.account)], ANN, time=START
    )
    assert tiers.of(BOB.account, time=START) is None


def test_once_and_only_tried(ledger, tiers):
    size = ledger.size
    assert tiers.earn(ANN.account, 100, points=5, dry_run=True, time=START).dry_run
    assert ledger.size == size
    done = [tiers.earn(ANN.account, 100, points=5, key="A17", time=START).repeated for _ in range(2)]
    assert (done, ledger.balance(tiers.asset, ANN.account)) == ([False, True], 100)
    with pytest.raises(KeyReusedError):
        tiers.earn(ANN.account, 101, points=5, key="A17", time=START)
    size = ledger.size
    tried = tiers.review(ANN.account, dry_run=True, time=START)
    assert (tried.tier, tried.given, tried.done.dry_run, ledger.size) == ("silver", ("silver",), True, size)
    assert tiers.review(ANN.account, key="r", time=START).given == ("silver",)
    tiers.earn(ANN.account, 5_000, time=START)
    again = tiers.review(ANN.account, key="r", time=START)
    assert (again.done, again.tier) == (None, "silver"), "the key was used: nothing is changed"
    for _ in range(2):
        tiers.take_back(ANN.account, 100, key="t", time=START)
    assert ledger.balance(tiers.asset, ANN.account) == 5_000
    table = [("silver", 10)]
    assert tiers.change(table, dry_run=True, time=START).dry_run
    assert tiers.levels[0].least == 100
    tiers.change(table, key="c", time=START)
    assert tiers.levels == (Level("silver", 10),)


def test_decimals_and_customers(tmp_path, ledger):
    with Members(tmp_path / "members.db", seed=bytes(32)) as members:
        ann = members.add("ann").account
        beans = Programme.launch(ledger, ROASTER, symbol="BEAN", members=members, time=START)
        tiers = Tiers.launch(beans, [("silver", Decimal("1.5"))], decimals=2, lapse_days=None, time=START)
        tiers.earn("ann", Decimal("1.50"), time=START)
        review = tiers.review("ann", time=START)
        assert (review.member, review.tier, review.expires) == (ann, "silver", None)
        assert (tiers.of("ann"), tiers.progress("ann").next) == ("silver", None)
        tiers.take_back("ann", Decimal("0.01"), time=START)
        assert tiers.progress("ann").missing == 1
        for wrong in (1.5, "1"):
            with pytest.raises(TypeError, match="amount"):
                tiers.earn("ann", wrong, time=START)
