"""Points for points of another programme: a quote tells everything before, and is done exactly so or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counterfoil import Key, Ledger
from counterfoil.brands import Coalition, Conversion, Expiring, Programme, Rate
from counterfoil.exceptions import KeyReusedError, SelfCustodyError
from counterfoil.members import Members
from counterfoil.ops import Change, FixedExpiry, Lots, Mint, Period, Redeem, Sunset, SunsetNotice
from counterfoil.presets import Preset, coin, points

from tests.calls import refused, standing

ROASTER, CINEMA, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (21, 22, 23, 24))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""

DECEMBER = 19_692
"""2023-12-01, days since 1970-01-01."""

RATE = Rate(give=100, get=80, owes=40)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=ROASTER, time=START) as made:
        yield made


@pytest.fixture
def beans(ledger):
    made = Programme.launch(ledger, ROASTER, symbol="BEAN", time=START)
    made.earn(ANN.account, 1_000, time=START)
    return made


@pytest.fixture
def stars(ledger):
    preset = points(inactive_days=90, lot_days=180)
    return Programme.launch(ledger, CINEMA, symbol="STAR", preset=preset, time=START)


@pytest.fixture
def coalition(beans):
    return Coalition.launch(beans, time=START)


@pytest.fixture
def way(coalition, stars):
    return Conversion(coalition, stars, rate=RATE)


def test_complaint_7_a_quote_tells_rate_lapse_and_the_way_back_before_anybody_signs(ledger, beans, stars, coalition):
    """KrisPay at launch: one-way conversion, six-month life, found out afterwards."""
    back = Conversion(Coalition.launch(stars, time=START), beans, rate=Rate(give=80, get=90))
    way = Conversion(coalition, stars, rate=RATE, back=back)
    root = standing(ledger)
    quote = way.quote(ANN.account, 500, time=START)
    assert standing(ledger) == root, "a quote changes nothing"
    assert (quote.give, quote.get, quote.owes, quote.repays, quote.rate) == (500, 400, 200, 0, RATE)
    assert quote.lapses == (
        Expiring(START // DAY + 90, 400, "inactivity"),
        Expiring(DECEMBER + 180, 400, "fixed"),
    )
    assert quote.back == Rate(give=80, get=90)
    assert quote.valid_until == START + 15 * 60_000
    converted = way.convert(ANN, quote, time=START + 1_000)
    assert converted.quote == quote
    assert (beans.balance(ANN.account), stars.balance(ANN.account)) == (500, 400)
    assert coalition.owed() == {CINEMA.account: 200}
    assert stars.expiring(ANN.account, days=900) == list(quote.lapses)
    # What it said of the way back is so.
    home = back.quote(ANN.account, 400, time=START + 1_000)
    assert (home.give, home.get, home.back) == (400, 450, None)
    back.convert(ANN, home, time=START + 1_000)
    assert (beans.balance(ANN.account), stars.balance(ANN.account)) == (950, 0)


def test_a_one_way_quote_says_so(way):
    assert way.quote(ANN.account, 100, time=START).back is None


def test_no_more_is_taken_than_what_is_given_is_worth(beans, stars, way):
    quote = way.quote(ANN.account, 201, time=START)
    assert (quote.give, quote.get, quote.owes) == (200, 160, 80)
    odd = way.quote(ANN.account, 2, time=START)
    assert (odd.give, odd.get, odd.owes) == (2, 1, 1), "rounded up: the cinema is not left with nothing"
    with pytest.raises(ValueError, match="amount: expected at least 2, for which there is 1 unit, found 1"):
        way.quote(ANN.account, 1, time=START)
    for amount in range(2, 60):
        made = way.quote(ANN.account, amount, time=START)
        assert made.give <= amount
        assert made.get * 100 <= made.give * 80, "splitting it up gains nothing"
        assert made.owes * 100 >= made.give * 40
    way.convert(ANN, odd, time=START)
    assert (beans.balance(ANN.account), stars.balance(ANN.account)) == (998, 1)


def test_a_quote_holds_for_its_time(ledger, way):
    quote = way.quote(ANN.account, 100, time=START)
    root = standing(ledger)
    with pytest.raises(ValueError, match="quote: expected one that holds at"):
        way.convert(ANN, quote, time=quote.valid_until)
    assert standing(ledger) == root
    way.convert(ANN, quote, time=quote.valid_until - 1)


def test_a_quote_is_converted_once(ledger, way):
    quote = way.quote(ANN.account, 100, time=START)
    way.convert(ANN, quote, time=START)
    root = standing(ledger)
    refused("already_redeemed", way.convert, ANN, quote, time=START)
    assert standing(ledger) == root


def test_a_forged_or_changed_quote_is_refused(ledger, beans, stars, coalition, way):
    quote = way.quote(ANN.account, 100, time=START)
    root = standing(ledger)
    others = [
        replace(quote, **change)
        for change in (
            {"id": "0" * 32},
            {"member": BOB.account},
            {"give": 1},
            {"get": 10_000},
            {"repays": 1},
            {"owes": 0},
            {"rate": Rate(give=1, get=80)},
            {"lapses": ()},
            {"back": Rate(give=1, get=1)},
            {"made": START - 1},
            {"valid_until": START + 10**12},
            {"tag": bytes(32)},
            {"tag": b""},
        )
    ]
    for other in others:
        with pytest.raises(ValueError, match="quote: expected one that this conversion made"):
            way.convert(ANN, other, time=START)
    # A quote of another way is none of this one.
    more = Programme(ledger, CINEMA, asset=stars.asset)
    other_coalition = Coalition.launch(beans, symbol="OTHER", time=START)
    with pytest.raises(ValueError, match="this conversion made"):
        Conversion(other_coalition, more, rate=RATE).convert(ANN, quote, time=START)
    root = standing(ledger)
    with pytest.raises(ValueError, match="expected one of the member that signs, found another member's"):
        way.convert(BOB, quote, time=START)
    assert standing(ledger) == root
    # The rate of a quote that holds is kept, whatever the rate is by now.
    Conversion(coalition, stars, rate=Rate(give=100, get=1)).convert(ANN, quote, time=START)
    assert stars.balance(ANN.account) == 80


def test_what_is_no_longer_so_is_not_done(ledger, beans, coalition, stars):
    """Between quote and conversion the cinema's terms change, a debt arises, the way back closes, a day passes."""
    way = Conversion(coalition, stars, rate=RATE, holds="2d")
    quote = way.quote(ANN.account, 100, time=START)
    with pytest.raises(ValueError, match="quote: expected lapses to be"):
        way.convert(ANN, quote, time=START + DAY)
    back = Conversion(Coalition.launch(stars, time=START), beans, rate=Rate(give=1, get=1))
    with pytest.raises(ValueError, match="quote: expected back to be None still"):
        Conversion(coalition, stars, rate=RATE, back=back).convert(ANN, quote, time=START)
    kept = [term for term in ledger.asset(stars.asset).policy if not isinstance(term, FixedExpiry)]
    ledger.execute([Change(asset=stars.asset, policy=[*kept, FixedExpiry(7)])], CINEMA, time=START)
    root = standing(ledger)
    with pytest.raises(ValueError, match="quote: expected lapses to be"):
        way.convert(ANN, quote, time=START)
    assert standing(ledger) == root


def test_a_debt_that_is_repaid_is_told(ledger, coalition):
    owing = Programme.launch(ledger, CINEMA, symbol="OWED", preset=points(debt_floor=90), time=START)
    owing.earn(ANN.account, 50, time=START)
    owing.redeem(ANN, 50, order="B9", time=START)
    way = Conversion(coalition, owing, rate=RATE)
    before = way.quote(ANN.account, 100, time=START)
    owing.take_back(ANN.account, 50, time=START)
    with pytest.raises(ValueError, match="quote: expected repays to be 0 still, found 50"):
        way.convert(ANN, before, time=START)
    quote = way.quote(ANN.account, 100, time=START)
    assert (quote.get, quote.repays) == (80, 50)
    way.convert(ANN, quote, time=START)
    assert owing.balance(ANN.account) == 30


def test_all_or_nothing(ledger, beans, stars, coalition):
    small = Programme.launch(ledger, CINEMA, symbol="SMALL", supply_cap=79, time=START)
    way = Conversion(coalition, small, rate=RATE)
    quote = way.quote(ANN.account, 100, time=START)
    too_much = way.quote(ANN.account, 2_000, time=START)
    nobody = way.quote(BOB.account, 100, time=START)
    root = standing(ledger)
    refused("supply_cap_exceeded", way.convert, ANN, quote, time=START)
    refused("insufficient_funds", way.convert, ANN, too_much, time=START)
    refused("insufficient_funds", way.convert, BOB, nobody, time=START)
    # Neither brand can do it alone.
    operations = [
        Redeem(asset=beans.asset, sender=ANN.account, at=ROASTER.account, order=bytes(32), amount=100),
        Mint(asset=stars.asset, to=ANN.account, amount=80),
    ]
    refused("unauthorized", ledger.execute, operations, ANN, ROASTER, time=START)
    refused("unauthorized", ledger.execute, operations, ROASTER, CINEMA, time=START)
    assert standing(ledger) == root


def test_programmes_of_one_brand_and_without_ious(ledger, beans, coalition):
    other = Programme.launch(ledger, ROASTER, symbol="CUP", preset=coin(), time=START)
    way = Conversion(coalition, other, rate=Rate(give=3, get=2))
    quote = way.quote(ANN.account, 10, time=START)
    assert (quote.give, quote.get, quote.owes, quote.lapses) == (9, 6, 0, ())
    way.convert(ANN, quote, time=START)
    assert (beans.balance(ANN.account), other.balance(ANN.account), coalition.owed()) == (991, 6, {})


def test_a_sunset_is_told(ledger, coalition):
    ends = Preset(policy=(SunsetNotice(DAY), Lots(Period.DAY)), powers=("mint", "change"))
    ending = Programme.launch(ledger, CINEMA, symbol="ENDS", preset=ends, time=START)
    way = Conversion(coalition, ending, rate=RATE)
    assert way.quote(ANN.account, 100, time=START).lapses == ()
    ledger.execute([Sunset(asset=ending.asset, at=START + 9 * DAY)], CINEMA, time=START)
    assert way.quote(ANN.account, 100, time=START).lapses == (Expiring(START // DAY + 9, 80, "sunset"),)


def test_once_and_only_tried(ledger, way, stars):
    quote = way.quote(ANN.account, 100, time=START)
    root = standing(ledger)
    assert way.convert(ANN, quote, dry_run=True, time=START).done.dry_run
    assert standing(ledger) == root
    times = (START, START + DAY)
    done = [way.convert(ANN, quote, key="c", time=time).done.repeated for time in times]
    assert done == [False, True], "a retry may come when the quote no longer holds"
    other = way.quote(ANN.account, 200, time=START + DAY)
    with pytest.raises(KeyReusedError):
        way.convert(ANN, other, key="c", time=START + DAY)
    assert stars.balance(ANN.account) == 80


def test_customers(tmp_path, ledger, stars):
    with Members(tmp_path / "members.db", seed=bytes(32)) as members:
        ann = members.add("ann").account
        beans = Programme.launch(ledger, ROASTER, symbol="BEANS", members=members, time=START)
        beans.earn("ann", 100, time=START)
        way = Conversion(Coalition.launch(beans, symbol="IOUS", time=START), stars, rate=RATE)
        quote = way.quote("ann", 100, time=START)
        assert way.convert("ann", quote, time=START).quote.member == ann
        members.take_over("ann")
        quote = way.quote("ann", 100, time=START)
        with pytest.raises(SelfCustodyError):
            way.convert("ann", quote, time=START)


def test_ways_and_rates_that_make_no_sense(beans, stars, coalition, way):
    for wrong in ({"give": 0, "get": 1}, {"give": 1, "get": 0}, {"give": 1, "get": 1, "owes": -1}):
        with pytest.raises(ValueError, match="rate: expected"):
            Rate(**wrong)
    for wrong in ({"give": 1.5, "get": 1}, {"give": 1, "get": "1"}, {"give": True, "get": 1}):
        with pytest.raises(TypeError, match="rate: expected an int"):
            Rate(**wrong)
    with pytest.raises(ValueError, match="to: expected another programme"):
        Conversion(coalition, beans, rate=RATE)
    with pytest.raises(ValueError, match="back: expected the way from the other programme to this one"):
        Conversion(coalition, stars, rate=RATE, back=way)
    theirs = Coalition.launch(stars, time=START)
    machine = Conversion(theirs, beans, rate=Rate(give=79, get=100))
    with pytest.raises(ValueError, match="back: expected that there and back gains nothing"):
        Conversion(coalition, stars, rate=RATE, back=machine)
    with pytest.raises(TypeError, match="amount: expected"):
        way.quote(ANN.account, 1.5, time=START)
    for amount in (0, -5):
        with pytest.raises(ValueError, match="amount: expected at least"):
            way.quote(ANN.account, amount, time=START)
