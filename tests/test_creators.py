"""A creator's coin, vesting, gates and perks, and the complaints about launches that they answer."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger
from counterfoil._bundle import Bundle, join
from counterfoil.creators import Coin, Gate, Perk, Perks
from counterfoil.exceptions import KeyReusedError, LedgerError, ProofError, SignatureError, WireError
from counterfoil.lapsing import _first_day_after, spendable
from counterfoil.ops import (
    After,
    Change,
    FixedExpiry,
    Freeze,
    Hold,
    InactivityExpiry,
    Items,
    Lots,
    MaxHolding,
    Notice,
    Period,
    Power,
    Powers,
    Requirement,
    Schedule,
    Share,
    Sunset,
    SunsetNotice,
    Terms,
    Transfer,
    asset_id,
    hold_id,
)
from counterfoil.presets import Preset
from counterfoil.reputation import Badges, Ratings
from counterfoil.verify import DATA_BYTES_MAX, Verifier, schema_id

from tests.calls import refused

NOOR, ANN, BOB, EVE = (Key.from_seed(bytes([number]) * 32) for number in (51, 52, 53, 54))
DAY = 86_400_000
START = 1_700_006_400_000
"""2023-11-15, midnight UTC: behind every clock, so that the tests say the time."""

HEADER = b"counterfoil/gate/v1\n"


@pytest.fixture
def ledger(tmp_path):
    # Nothing is committed by the clock, so that the log tells whether something was changed.
    folder = tmp_path / "noor"
    with Ledger.create(folder, origin="noor.example", operator=NOOR, time=START, commit_every_ms=None) as made:
        yield made


@pytest.fixture
def coin(ledger):
    return Coin.launch(ledger, NOOR, symbol="NOOR", cap=10**6, founder=100_000, time=START)


@pytest.fixture
def usd(ledger):
    asset = ledger.create_asset(NOOR, "USD", decimals=2, time=START)
    for fan in (ANN, BOB):
        ledger.mint(NOOR, asset, to=fan.account, amount=100_000, time=START)
    return asset


def _unproven(reason, call, *args, **kwargs):
    with pytest.raises(ProofError) as caught:
        call(*args, **kwargs)
    assert caught.value.reason == reason


# Coins.


def test_a_launch_is_an_asset_and_its_opening_supply(ledger):
    launch = {"symbol": "NOOR", "cap": Decimal(10_000), "decimals": 2, "max_holding": Decimal("200.50"), "fee_bps": 250}
    coin = Coin.launch(ledger, NOOR, **launch, founder=Decimal(500), key="launch", time=START)
    record = ledger.asset(coin.asset)
    assert (record.issuer, record.supply_cap, record.supply, record.decimals) == (NOOR.account, 10**6, 50_000, 2)
    assert [(type(term).__name__) for term in record.policy] == ["Fee", "MaxHolding"]
    assert (record.policy[0].to, record.policy[1].units) == (NOOR.account, 20_050)
    assert record.powers == Powers(mint=NOOR.account, change=NOOR.account)
    again = Coin.launch(ledger, NOOR, **launch, founder=Decimal(500), key="launch", time=START + 5)
    assert (again.asset, again.balance(NOOR.account)) == (coin.asset, 50_000)
    with pytest.raises(KeyReusedError):
        Coin.launch(ledger, NOOR, **launch, founder=Decimal(501), key="launch", time=START)
    refused("asset_exists", Coin.launch, ledger, NOOR, symbol="NOOR", time=START)
    assert Coin(ledger, ANN, asset=coin.asset).balance(NOOR.account) == 50_000


def test_a_launch_happens_wholly_or_not_at_all(ledger):
    refused("supply_cap_exceeded", Coin.launch, ledger, NOOR, symbol="NOOR", cap=10, founder=11, time=START)
    refused("invalid_policy", Coin.launch, ledger, NOOR, symbol="NOOR", max_holding=0, time=START)
    refused("invalid_policy", Coin.launch, ledger, NOOR, symbol="NOOR", fee_bps=10_001, time=START)
    tried = Coin.launch(ledger, NOOR, symbol="NOOR", founder=1, key="launch", dry_run=True, time=START)
    assert ledger.asset(tried.asset) is None
    with pytest.raises(LookupError, match="coin: expected one of this ledger"):
        tried.give(ANN.account, 1)
    with pytest.raises(LookupError, match="coin: expected one of this ledger"):
        Coin(ledger, NOOR, asset=tried.asset)
    for wrong in ({"cap": 1.5}, {"founder": 1.5}, {"max_holding": 1.5}, {"symbol": 5}):
        with pytest.raises(TypeError):
            Coin.launch(ledger, NOOR, **{"symbol": "NOOR", **wrong}, time=START)
    for wrong in ({"cap": -1}, {"symbol": "noor"}, {"symbol": ""}, {"founder": -1}, {"fee_bps": -1}):
        with pytest.raises(WireError):
            Coin.launch(ledger, NOOR, **{"symbol": "NOOR", **wrong}, time=START)
    assert ledger.asset(asset_id(NOOR.account, "NOOR")) is None


def test_coins_are_given(ledger, coin):
    assert coin.give(ANN.account, 40, dry_run=True, time=START).dry_run
    coin.give(ANN.account, 40, key="ann", time=START)
    assert coin.give(ANN.account, 40, key="ann", time=START).repeated
    many = {BOB.account: 5, EVE.account: Decimal(7)}
    assert coin.give_many(many, dry_run=True, time=START).dry_run
    coin.give_many(many, key="many", time=START)
    assert coin.give_many(many, key="many", time=START).repeated
    with pytest.raises(KeyReusedError):
        coin.give_many({BOB.account: 5}, key="many", time=START)
    # Whoever has some gives them on.
    Coin(ledger, ANN, asset=coin.asset).give(BOB.account, 40, time=START)
    assert [coin.balance(each.account) for each in (NOOR, ANN, BOB, EVE)] == [100_000 - 52, 0, 45, 7]
    refused("insufficient_funds", Coin(ledger, EVE, asset=coin.asset).give, BOB.account, 8, time=START)
    refused("insufficient_funds", coin.give_many, {ANN.account: 1, BOB.account: 10**6}, time=START)
    refused("same_account", coin.give, NOOR.account, 1, time=START)
    refused("zero_amount", coin.give, ANN.account, 0, time=START)
    refused("no_payee", coin.give_many, {}, time=START)
    for wrong in (1.5, "1", None):
        with pytest.raises(TypeError, match="amount: expected an int"):
            coin.give(ANN.account, wrong)
        with pytest.raises(TypeError, match="amount: expected an int"):
            coin.give_many({ANN.account: wrong})


def test_a_sale_is_both_or_none(ledger, coin, usd):
    sale = {"price": Decimal("20.00"), "currency": usd}
    assert coin.sell(ANN, 40, **sale, dry_run=True, time=START).dry_run
    coin.sell(ANN, 40, **sale, key="ann-1", time=START)
    assert coin.sell(ANN, 40, **sale, key="ann-1", time=START).repeated
    with pytest.raises(KeyReusedError):
        coin.sell(ANN, 41, **sale, key="ann-1", time=START)
    assert (coin.balance(ANN.account), ledger.balance(usd, NOOR.account)) == (40, 2_000)
    refused("insufficient_funds", coin.sell, EVE, 40, **sale, time=START)
    refused("insufficient_funds", coin.sell, ANN, 10**6, **sale, time=START)
    with pytest.raises(SignatureError, match="distinct signers"):
        coin.sell(NOOR, 40, **sale, time=START)
    with pytest.raises(LookupError, match="currency: expected"):
        coin.sell(ANN, 1, price=1, currency=bytes(32), time=START)
    with pytest.raises(TypeError, match="float"):
        coin.sell(ANN, 1, price=1.5, currency=usd, time=START)


def test_powers_are_renounced_for_good(ledger, coin):
    assert coin.renounce(Power.MINT, dry_run=True, time=START).dry_run
    refused("unauthorized", Coin(ledger, EVE, asset=coin.asset).renounce, Power.MINT, time=START)
    refused("no_operation", coin.renounce, time=START)
    refused("power_renounced", coin.renounce, Power.MINT, Power.FREEZE, time=START)
    coin.renounce(Power.MINT, Power.CHANGE, key="for good", time=START)
    assert coin.renounce(Power.MINT, Power.CHANGE, key="for good", time=START).repeated
    assert ledger.asset(coin.asset).powers == Powers()
    refused("power_renounced", ledger.mint, NOOR, coin.asset, to=ANN.account, amount=1, time=START)


def test_complaint_9_a_sniper_gets_no_more_than_anybody(ledger, usd):
    """Launches elsewhere: who is first takes most of it. Here the largest holding holds from the first block on."""
    coin = Coin.launch(ledger, NOOR, symbol="NOOR", cap=10**6, max_holding=20_000, founder=100_000, time=START)
    price = {"price": 100, "currency": usd}
    refused("max_holding_exceeded", coin.sell, ANN, 20_001, **price, time=START)
    coin.sell(ANN, 20_000, **price, time=START)
    refused("max_holding_exceeded", coin.sell, ANN, 1, **price, time=START)
    # Neither in many small parts of one transaction, nor by a mint, nor by way of somebody else.
    parts = [Transfer(asset=coin.asset, sender=NOOR.account, to=BOB.account, amount=10_000) for _ in range(3)]
    refused("max_holding_exceeded", ledger.execute, parts, NOOR, time=START)
    refused("max_holding_exceeded", ledger.mint, NOOR, coin.asset, to=BOB.account, amount=20_001, time=START)
    coin.give(BOB.account, 20_000, time=START)
    refused("max_holding_exceeded", Coin(ledger, BOB, asset=coin.asset).give, ANN.account, 1, time=START)
    # Nor does the creator change his mind later, where he has renounced that.
    coin.renounce(Power.CHANGE, time=START)
    raised = Change(asset=coin.asset, policy=[MaxHolding(10**6)])
    refused("power_renounced", ledger.execute, [raised], NOOR, time=START)
    ledger.checkpoint(time=START)
    claim = Verifier(ledger.verifier_key).record(bytes(ledger.prove("assets", coin.asset)))
    assert (claim.value.policy, claim.value.powers.change) == ((MaxHolding(20_000),), None)


# Vesting.


def _vest(coin, **changed):
    return coin.vest(**{"to": ANN.account, "amount": 1_001, "cliff": "90d", "ends": "2y", "time": START, **changed})


def test_what_vests_is_what_the_ledger_pays(ledger, coin):
    vesting = _vest(coin)
    assert (vesting.starts, vesting.cliff, vesting.ends) == (START, START + 90 * DAY, START + 730 * DAY)
    assert (vesting.to, vesting.payer, vesting.amount, vesting.revocable) == (ANN.account, NOOR.account, 1_001, False)
    anybody = Coin(ledger, EVE, asset=coin.asset)
    refused("condition_unmet", anybody.claim, vesting, time=START + 90 * DAY - 1)
    assert coin.vested(vesting, time=START + 90 * DAY - 1).free == 0
    for days in (90, 91, 365, 366, 729):
        at = START + days * DAY
        stands = anybody.vested(vesting, time=at)
        assert stands.claimed + stands.free == 1_001 * days // 730
        assert stands.claimed + stands.free + stands.locked == 1_001
        anybody.claim(vesting, time=at)
        assert coin.balance(ANN.account) == stands.claimed + stands.free
        refused("not_vested", anybody.claim, vesting, time=at)
    assert coin.vested(vesting, time=START + 730 * DAY - 1).locked == 1
    # Of a time before what was claimed nothing is free.
    assert coin.vested(vesting, time=START + 90 * DAY).free == 0
    anybody.claim(vesting, time=START + 730 * DAY)
    assert coin.vested(vesting, time=START + 731 * DAY) == type(stands)(1_001, 0, 0, 0)
    assert coin.balance(ANN.account) == 1_001
    refused("hold_closed", coin.claim, vesting, time=START + 731 * DAY)


def test_a_part_is_claimed(coin):
    vesting = _vest(coin, amount=730, cliff=0)
    at = START + 10 * DAY
    refused("not_vested", coin.claim, vesting, part=11, time=at)
    assert coin.claim(vesting, part=4, dry_run=True, time=at).dry_run
    coin.claim(vesting, part=4, key="four", time=at)
    assert coin.claim(vesting, part=4, key="four", time=at).repeated
    assert (coin.vested(vesting, time=at).free, coin.balance(ANN.account)) == (6, 4)
    refused("zero_amount", coin.claim, vesting, part=0, time=at)
    with pytest.raises(TypeError, match="float"):
        coin.claim(vesting, part=1.5)


def test_what_has_not_vested_is_revoked_where_the_terms_allow_it(ledger, coin):
    vesting, half = _vest(coin, revocable=True, amount=1_000), START + 365 * DAY
    fixed, whole = _vest(coin), _vest(coin, revocable=True)
    refused("hold_pending", Coin(ledger, EVE, asset=coin.asset).revoke, vesting, time=half)
    refused("amount_exceeds_hold", coin.revoke, vesting, part=501, time=half)
    assert coin.revoke(vesting, dry_run=True, time=half).dry_run
    before = coin.balance(NOOR.account)
    coin.revoke(vesting, key="out", time=half)
    assert coin.revoke(vesting, key="out", time=half).repeated
    assert coin.balance(NOOR.account) == before + 500
    # What had vested stays ann's, though nobody had claimed it, and no more vests.
    for days in (365, 400, 800):
        stands = coin.vested(vesting, time=START + days * DAY)
        assert (stands.claimed, stands.free, stands.locked, stands.revoked) == (0, 500, 0, 500)
    refused("amount_exceeds_hold", coin.revoke, vesting, time=half + DAY)
    coin.claim(vesting, time=half + DAY)
    assert coin.balance(ANN.account) == 500
    refused("hold_pending", coin.revoke, fixed, time=half + DAY)
    refused("hold_expired", coin.revoke, whole, time=START + 730 * DAY)


def test_a_vesting_with_a_key_is_made_once(ledger, coin):
    assert _vest(coin, key="ann", dry_run=True).done.dry_run
    first = _vest(coin, key="ann")
    again = _vest(coin, key="ann", time=START + 5)
    assert (again.id, again.starts, again.done.repeated) == (first.id, START, True)
    size = ledger.size
    other = {"amount": 1_002}, {"to": BOB.account}, {"ends": "3y"}, {"cliff": 0}, {"revocable": True}, {"starts": 5}
    for changed in other:
        with pytest.raises(KeyReusedError):
            _vest(coin, key="ann", **changed)
    coin.give(BOB.account, 1, key="gift", time=START)
    with pytest.raises(KeyReusedError):
        _vest(coin, key="gift")
    assert ledger.size == size + 1
    assert coin.balance(NOOR.account) == 100_000 - 1_001 - 1


def test_a_vesting_that_makes_no_sense_is_refused(ledger, coin):
    refused("invalid_schedule", _vest, coin, cliff="3y")
    refused("invalid_schedule", _vest, coin, cliff=0, ends=0)
    refused("deadline_passed", _vest, coin, starts=START - 730 * DAY)
    refused("deadline_too_far", _vest, coin, ends="101y")
    refused("insufficient_funds", _vest, coin, amount=10**6)
    refused("insufficient_funds", _vest, Coin(ledger, EVE, asset=coin.asset))
    with pytest.raises(TypeError, match="span: expected"):
        _vest(coin, cliff=1.5)
    with pytest.raises(TypeError, match="float"):
        _vest(coin, amount=1.5)


def test_a_creator_vests_his_own_coins(coin):
    own = _vest(coin, to=NOOR.account, starts=START - 365 * DAY)
    assert coin.vested(own, time=START).free == 500
    coin.claim(own, time=START)
    assert coin.balance(NOOR.account) == 100_000 - 501
    assert [each.id for each in coin.vestings(NOOR.account)] == [own.id]


def test_who_is_not_the_creator_pays_the_fee_of_a_claim(ledger):
    coin = Coin.launch(ledger, NOOR, symbol="NOOR", fee_bps=1_000, founder=1_000, time=START)
    coin.give(BOB.account, 100, time=START)
    theirs = _vest(Coin(ledger, BOB, asset=coin.asset), amount=100, cliff=0, ends="1d")
    coin.claim(theirs, time=START + DAY)
    assert (coin.balance(ANN.account), coin.balance(NOOR.account)) == (90, 910)
    mine = _vest(coin, amount=100, cliff=0, ends="2d", time=START + DAY)
    coin.claim(mine, time=START + 3 * DAY)
    assert coin.balance(ANN.account) == 190


def test_a_claim_may_meet_the_largest_holding(ledger):
    coin = Coin.launch(ledger, NOOR, symbol="NOOR", max_holding=100, founder=1_000, time=START)
    vesting = _vest(coin, amount=150, cliff=0, ends="1d")
    refused("max_holding_exceeded", coin.claim, vesting, time=START + DAY)
    coin.claim(vesting, part=100, time=START + DAY)
    Coin(ledger, ANN, asset=coin.asset).give(NOOR.account, 100, time=START + DAY)
    coin.claim(vesting, time=START + DAY)
    assert coin.balance(ANN.account) == 50


def test_what_lapses_in_a_vesting_is_not_free(ledger):
    preset = Preset(policy=(Lots(Period.DAY), FixedExpiry(10)), powers=("mint",))
    coin = Coin.launch(ledger, NOOR, symbol="NOOR", preset=preset, founder=100, time=START)
    vesting = _vest(coin, amount=100, cliff=0, ends="20d")
    assert coin.vested(vesting, time=START + 11 * DAY - 1).free == 54
    stands = coin.vested(vesting, time=START + 11 * DAY)
    assert (stands.free, stands.locked) == (0, 0)
    refused("hold_closed", coin.claim, vesting, time=START + 11 * DAY)


def test_vestings_are_found(ledger, coin):
    mine = [_vest(coin), _vest(coin, revocable=True)]
    _vest(coin, to=BOB.account)
    fan = Coin(ledger, BOB, asset=coin.asset)
    coin.give(BOB.account, 50, time=START)
    gift = _vest(fan, amount=50)
    # Holds that are none: no schedule, somebody who may settle all of it at once, another asset.
    other = ledger.create_asset(NOOR, "OTHER", time=START)
    ledger.mint(NOOR, other, to=NOOR.account, amount=5, time=START)
    schedule = Schedule(starts=START, cliff=START, ends=START + DAY)
    plain = Terms(settle_if=After(START), payees=[Share(ANN.account)], deadline=START + DAY)
    early = Terms(settle_if=After(START), payees=[Share(ANN.account)], schedule=schedule, deadline=START + DAY)
    for number, (asset, terms) in enumerate([(coin.asset, plain), (coin.asset, early), (other, mine[0])]):
        made = ledger_terms(ledger, terms.id) if number == 2 else terms
        hold = Hold(payer=NOOR.account, salt=bytes([number]) * 16, asset=asset, amount=1, terms=made)
        ledger.execute([hold], NOOR, time=START)
        with pytest.raises(LookupError, match="vesting: expected one of this coin"):
            coin.vesting(hold_id(NOOR.account, bytes([number]) * 16))
    found = list(coin.vestings(ANN.account))
    assert [each.id for each in found] == [each.id for each in mine]
    assert found[0].done is None
    assert [each.revocable for each in found] == [False, True]
    assert [each.id for each in coin.vestings(ANN.account, payer=BOB.account)] == [gift.id]
    assert coin.vesting(gift.id).payer == BOB.account
    assert list(coin.vestings(EVE.account)) == []
    for call in (coin.claim, coin.revoke, coin.vested, coin.vesting):
        with pytest.raises(LookupError, match="vesting: expected one of this coin"):
            call(bytes(32))


def ledger_terms(ledger, hold):
    return ledger.hold(hold).terms


# The language of gates.


def _gate(text, **names):
    return Gate(text, issuer=NOOR.account, names=names)


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 1, "a symbol"),
        (" \n", 3, "a symbol"),
        ("NOOR", 5, "a comparison of NOOR"),
        ("NOOR >=", 8, "an amount"),
        ("NOOR >= ten", 9, "an amount"),
        ("NOOR >= -1", 9, "an amount"),
        ("NOOR >= 1.", 9, "an amount"),
        ("NOOR >= .5", 9, "an amount"),
        ("NOOR >= 1e3", 9, "an amount"),
        ("NOOR >= 1_000", 9, "an amount"),
        ("NOOR >= \u0661", 9, "a word"),
        (f"NOOR >= {'9' * 40}", 9, "an amount"),
        ("NOOR = 1", 6, "a word"),
        ("NOOR != 1", 6, "a word"),
        ("NOOR >= 1 BEAN >= 2", 11, "'and', 'or' or the end"),
        ("NOOR >= 1 and", 14, "a symbol"),
        ("and NOOR >= 1", 1, "a symbol"),
        ("NOOR >= 1 or or NOOR >= 1", 14, "a symbol"),
        ("not", 4, "a symbol"),
        ("not >= 1", 5, "a symbol"),
        ("(NOOR >= 1", 11, "')'"),
        ("NOOR >= 1)", 10, "'and', 'or' or the end"),
        ("()", 2, "a symbol"),
        ("Noor >= 1", 1, "a symbol"),
        ("10 >= 1", 1, "a symbol"),
        ("ABCDEFGHIJKLM >= 1", 1, "a symbol"),
        ("badge:", 1, "the name of a schema"),
        ("badge: founder", 1, "the name of a schema"),
        ("badge:Founder", 1, "the name of a schema"),
        ("badge:founder:x", 1, "the name of a schema"),
        (f"badge:{'a' * 33}", 1, "the name of a schema"),
        ("badge:tier >= 2", 12, "'and', 'or' or the end"),
        ("role:founder", 1, "a symbol"),
        ("tier >= 2.5", 9, "an integer"),
        ("tier >= x", 9, "an integer"),
        ("NOOR >= 1; import os", 10, "a word"),
        ("__import__('os')", 12, "a word"),
        ("NOOR >= 1 \x00", 11, "a word"),
        (" and ".join(["NOOR >= 1"] * 17), 225, "at most 16 comparisons and badges"),
        ("not " * 17 + "NOOR >= 1", 69, "'not' and parentheses at most 16 deep"),
        ("(" * 17 + "NOOR >= 1" + ")" * 17, 18, "'not' and parentheses at most 16 deep"),
    ],
)
def test_a_text_that_is_no_gate(text, place, expected):
    with pytest.raises(ValueError, match=rf"^gate, character {place}: expected ") as caught:
        _gate(text)
    assert f"expected {expected}" in str(caught.value)


def test_what_a_gate_is_made_of_is_checked():
    with pytest.raises(ValueError, match="at most 1,000 characters, found 1,001"):
        _gate("(" * 1_001)
    for wrong in (None, b"NOOR >= 1", 5):
        with pytest.raises(TypeError, match="gate: expected a text"):
            _gate(wrong)
    with pytest.raises(ValueError, match="character 1: expected one of the names that were given, or an issuer"):
        Gate("NOOR >= 1")
    with pytest.raises(ValueError, match="character 5: expected one of the names"):
        Gate("not badge:founder", names={"other": Requirement(bytes(32), bytes(32))})
    with pytest.raises(ValueError, match="issuer: expected 32 bytes, found 31"):
        Gate("NOOR >= 1", issuer=bytes(31))
    with pytest.raises(TypeError, match="names, NOOR: expected 32 bytes, found str"):
        _gate("NOOR >= 1", NOOR="ab" * 16)
    with pytest.raises(ValueError, match="the name of a schema after 'badge:'"):
        _gate("badge:noor", noor=bytes(32))
    assert repr(_gate("(NOOR>=1)and(tier<2)")) == "Gate('(NOOR>=1)and(tier<2)')"
    _gate("(" * 16 + "NOOR >= 1" + ")" * 16)
    _gate("not " * 16 + "\t\r\nNOOR >= 1")
    _gate(" or ".join(["NOOR >= 1"] * 16))


def test_and_or_and_not_are_those_of_python(ledger, coin):
    """Random conditions whose parts are known to hold or not are decided as Python decides them."""
    coin.give(ANN.account, 5, time=START)
    chance = random.Random(9)  # noqa: S311 - the same in every run

    def made(depth):
        if depth == 0 or chance.random() < 0.2:
            return chance.choice(["NOOR >= 5", "NOOR > 5"])
        left, right = made(depth - 1), made(depth - 1)
        return chance.choice([f"not {left}", f"({left})", f"not ({left})", f"{left} and {right}", f"{left} or {right}"])

    seen = set()
    for text in (made(4) for _ in range(400)):
        if text.count("NOOR") <= 16:
            python = text.replace("NOOR >= 5", "True").replace("NOOR > 5", "False")
            expected = eval(python)  # noqa: S307 - of True, False, and, or, not and parentheses, made above
            assert _gate(text).check(ledger, ANN.account, time=START).allowed == expected, text
            seen.add(expected)
    assert seen == {True, False}


def test_precedence(ledger, coin):
    coin.give(ANN.account, 5, time=START)
    yes, no = "NOOR >= 5", "NOOR > 5"
    for text, allowed in (
        (f"{yes} or {no} and {no}", True),
        (f"({yes} or {no}) and {no}", False),
        (f"not {no} or {no}", True),
        (f"not {yes} or {yes}", True),
        (f"not ({yes} or {yes})", False),
        (f"not ({yes} and {no})", True),
        (f"not not {yes}", True),
        (f"not (not {no} and not ({no} or {yes}))", True),
    ):
        assert bool(_gate(text).check(ledger, ANN.account, time=START)) == allowed, text


# What gates decide.


@pytest.fixture
def badges(ledger):
    return Badges.launch(ledger, NOOR, name="founder", time=START)


@pytest.fixture
def tiers(ledger):
    return Badges.launch(ledger, NOOR, name="tier", tiers=5, time=START)


@pytest.mark.parametrize(
    ("sign", "number", "allowed"),
    [
        (">=", "12.34", True), (">=", "12.35", False), (">=", "12.3400", True), (">=", "12.340000001", False),
        (">", "12.34", False), (">", "12.339999999999", True), (">", "12", True),
        ("<=", "12.34", True), ("<=", "12.33", False), ("<", "12.34", False), ("<", "12.3400001", True),
        ("==", "12.34", True), ("==", "12.340", True), ("==", "12.3", False), ("==", "012.34", True),
        (">=", "9" * 39, False), ("<", f"{'9' * 39}.{'9' * 38}", True),
    ],
)  # fmt: skip
def test_amounts_are_whole_units_and_exact(tmp_path, sign, number, allowed):
    with Ledger.create(tmp_path / "noor", origin="noor.example", operator=NOOR, time=START) as ledger:
        coin = Coin.launch(ledger, NOOR, symbol="NOOR", decimals=2, founder=Decimal("12.34"), time=START)
        decision = _gate(f"NOOR {sign} {number}").check(ledger, NOOR.account, time=START)
        assert decision.allowed == allowed
        assert decision.why.endswith(f" {number}, found 12.34")
        assert (decision.account, decision.time, coin.balance(ANN.account)) == (NOOR.account, START, 0)


def test_amounts_are_exact_at_their_largest(ledger):
    most = 10**38 - 1
    Coin.launch(ledger, NOOR, symbol="ALL", decimals=38, founder=most, time=START)
    whole = f"0.{'9' * 38}"
    assert _gate(f"ALL == {whole}").check(ledger, NOOR.account, time=START).why.endswith(f"found {whole}")
    assert not _gate("ALL >= 1").check(ledger, NOOR.account, time=START)


def test_a_decision_says_why(ledger, coin, badges, tiers):
    gate = _gate("NOOR >= 10 or badge:founder and tier >= 2")
    coin.give(ANN.account, 4, time=START)
    tiers.award(ANN.account, tier=1, time=START)

    def why(gate, time=START):
        decision = gate.check(ledger, ANN.account, time=time)
        return decision.allowed, decision.why

    few, none = "NOOR: expected at least 10, found 4", "badge:founder: expected one that holds, found none"
    assert why(gate) == (False, f"{few}; {none}; tier: expected at least 2, found 1")
    tiers.revoke(ANN.account, time=START)
    assert why(_gate("tier >= 2"))[1] == "tier: expected at least 2, found one that was revoked"
    tiers.award(ANN.account, tier=2, time=START)
    assert why(gate) == (False, f"{few}; {none}")
    badges.award(ANN.account, expires=START + 10, time=START)
    both = "badge:founder: expected one that holds, found one; tier: expected at least 2, found 2"
    assert why(gate, START + 9) == (True, both)
    assert why(gate, START + 10) == (False, f"{few}; {none.replace('none', 'one that has expired')}")
    coin.give(ANN.account, 6, time=START)
    assert why(gate, START + 10) == (True, "NOOR: expected at least 10, found 10")
    assert why(_gate("not badge:founder")) == (False, "badge:founder: expected none that holds, found one")
    assert why(_gate("not NOOR >= 10")) == (False, "NOOR: expected not at least 10, found 10")
    assert why(_gate("badge:tier")) == (True, "badge:tier: expected one that holds, found one")


def test_who_has_no_attestation_meets_no_comparison(ledger, tiers):
    for sign in (">=", ">", "<=", "<", "=="):
        gate, negated = _gate(f"tier {sign} 2"), _gate(f"not tier {sign} 2")
        assert (bool(gate.check(ledger, ANN.account)), bool(negated.check(ledger, ANN.account))) == (False, True)
    tiers.award(ANN.account, tier=2, time=START)
    met = [bool(_gate(f"tier {sign} 2").check(ledger, ANN.account)) for sign in (">=", ">", "<=", "<", "==")]
    assert met == [True, False, True, False, True]
    ratings = Ratings.launch(ledger, NOOR, name="rating", least=-10, most=10, time=START)
    ratings.rate(NOOR, ANN.account, -5, time=START)
    assert [bool(_gate(f"rating >= {least}").check(ledger, ANN.account)) for least in (-5, -4)] == [True, False]


def test_only_the_issuer_s_word_and_coin_count(ledger, coin, badges):
    """Everybody may issue a NOOR of his own, and attest by a schema of that name."""
    fake = Coin.launch(ledger, EVE, symbol="NOOR", founder=1_000, time=START)
    Badges.launch(ledger, EVE, name="founder", time=START).award(EVE.account, time=START)
    Ratings.launch(ledger, NOOR, name="stars", least=1, most=5, time=START).rate(EVE, EVE.account, 5, time=START)
    for text in ("NOOR >= 1", "badge:founder", "stars >= 1", "badge:stars"):
        assert not _gate(text).check(ledger, EVE.account)
    given = {"NOOR": fake.asset, "founder": Requirement(schema_id(EVE.account, "founder"), EVE.account)}
    assert Gate("NOOR >= 1 and badge:founder", names=given).check(ledger, EVE.account)
    assert (
        _gate("COIN >= 1 and FAKE >= 1", COIN=coin.asset, FAKE=fake.asset).check(ledger, NOOR.account).allowed is False
    )
    badges.award(EVE.account, time=START)
    assert _gate("badge:vip", vip=badges.requirement).check(ledger, EVE.account)


@pytest.mark.usefixtures("coin", "badges")
def test_a_gate_that_can_be_asked_of_nobody_is_refused(ledger):
    """A misspelt name must not let everybody in by `not`."""
    ledger.create_asset(NOOR, "STAMP", policy=[Items()], time=START)
    ledger.checkpoint(time=START)
    verifier = Verifier(ledger.verifier_key)
    for text, said in (
        ("not NOR >= 1", "NOR: expected an asset of the ledger, found none"),
        ("not badge:band", "band: expected a schema of the ledger, found none"),
        ("NOOR >= 0 or not badge:band", "band: expected a schema"),
        ("STAMP >= 1", "STAMP: expected an asset of units, found one of items"),
        ("founder >= 1", "founder: expected a schema of integers, found one of NoContent"),
    ):
        gate = _gate(text)
        for call in (gate.check, gate.prove):
            with pytest.raises(LookupError, match=said):
                call(ledger, ANN.account)
        data = HEADER + join(*_statements(ledger, gate, ANN.account))
        with pytest.raises(ProofError, match=f"gate bundle, {said}") as caught:
            gate.verify(data, verifier, account=ANN.account, time=START)
        assert caught.value.reason == "wrong_record"
    for call in (_gate("NOOR >= 1").check, _gate("NOOR >= 1").prove):
        with pytest.raises(ValueError, match="account: expected 32 bytes, found 33"):
            call(ledger, bytes(33))
        with pytest.raises(TypeError, match="account: expected 32 bytes, found str"):
            call(ledger, "ann")


class Exchanging:
    """A ledger in which Ann and Noor exchange their coins between any two records that are read, so many times."""

    def __init__(self, ledger, coins, count):
        self.ledger, self.coins, self.count = ledger, coins, count

    def __getattr__(self, name):
        return getattr(self.ledger, name)

    def holding(self, asset, account):
        found = self.ledger.holding(asset, account)
        if self.count:
            self.count -= 1
            given, taken = self.coins
            self.coins = taken, given
            give = Transfer(asset=given, sender=ANN.account, to=BOB.account, amount=1)
            take = Transfer(asset=taken, sender=BOB.account, to=ANN.account, amount=1)
            self.ledger.execute([give, take], ANN, BOB)
        return found


def test_who_exchanges_one_coin_for_the_other_has_never_both(ledger):
    coins = [ledger.create_asset(NOOR, symbol) for symbol in ("ONE", "TWO")]
    for coin, member in zip(coins, (ANN, BOB), strict=True):
        ledger.mint(NOOR, coin, to=member.account, amount=1)
    gate = _gate("ONE >= 1 and TWO >= 1")
    # After an even number of exchanges Ann has the first coin again.
    for count in (2, 4, 8):
        assert not gate.check(Exchanging(ledger, coins, count), ANN.account)
        assert not gate.check(ledger, ANN.account)
    with pytest.raises(LedgerError, match="expected records of one moment, found none in 100 attempts"):
        gate.check(Exchanging(ledger, coins, 1_000), ANN.account)


# What counts of a balance.


def _assert_movable(ledger, asset, units, time):
    """The ledger lets ann transfer so many, and not one more."""
    gift = {"asset": asset, "sender": ANN.account, "to": NOOR.account}
    more = Transfer(**gift, amount=units + 1)
    refused("insufficient_funds", ledger.execute, [more], ANN, time=time, dry_run=True)
    if units:
        assert ledger.execute([Transfer(**gift, amount=units)], ANN, time=time, dry_run=True).status.name == "ok"


@pytest.mark.parametrize(
    "policy",
    [
        (),
        (InactivityExpiry(30),),
        (Lots(Period.DAY), FixedExpiry(20)),
        (Lots(Period.MONTH), FixedExpiry(3)),
        (Lots(Period.MONTH), FixedExpiry(60), InactivityExpiry(45)),
        (Lots(Period.DAY),),
        (SunsetNotice(DAY),),
        (Lots(Period.MONTH), FixedExpiry(30), SunsetNotice(DAY)),
    ],
    ids=lambda policy: "+".join(type(term).__name__ for term in policy) or "plain",
)
def test_what_counts_is_what_the_ledger_would_let_them_spend(ledger, policy):
    preset = Preset(policy=policy, powers=("mint", "change"))
    coin = Coin.launch(ledger, NOOR, symbol="BEAN", preset=preset, time=START)
    for days, amount in ((0, 3), (10, 5), (17, 11)):
        ledger.mint(NOOR, coin.asset, to=ANN.account, amount=amount, time=START + days * DAY)
    if any(isinstance(term, SunsetNotice) for term in policy):
        ledger.execute([Sunset(asset=coin.asset, at=START + 40 * DAY + 5)], NOOR, time=START + 17 * DAY)
    record, holding, counted = ledger.asset(coin.asset), ledger.holding(coin.asset, ANN.account), set()
    # By the day around the ends of lots and of activity, else in larger steps.
    for days in (*range(17, 23), *range(27, 39, 2), 39, 40, 41, *range(46, 49), *range(60, 64), *range(90, 93), 130):
        for at in (START + days * DAY + offset for offset in (-1, 0, 4, 5)):
            if at < ledger.time:
                continue
            units = spendable(record, holding, at)
            counted.add(units)
            _assert_movable(ledger, coin.asset, units, at)
            assert _gate(f"BEAN == {units}").check(ledger, ANN.account, time=at)
    assert 19 in counted
    assert (0 in counted) == any(isinstance(term, (FixedExpiry, InactivityExpiry, SunsetNotice)) for term in policy)


def test_an_announced_change_counts_from_its_time_on(ledger):
    preset = Preset(policy=(InactivityExpiry(30), Notice(5 * DAY)), powers=("mint", "change"))
    coin = Coin.launch(ledger, NOOR, symbol="BEAN", preset=preset, time=START)
    ledger.mint(NOOR, coin.asset, to=ANN.account, amount=3, time=START)
    ledger.execute([Change(asset=coin.asset, policy=[InactivityExpiry(2), Notice(5 * DAY)])], NOOR, time=START)
    gate = _gate("BEAN >= 3")
    assert [bool(gate.check(ledger, ANN.account, time=START + at)) for at in (5 * DAY - 1, 5 * DAY)] == [True, False]
    _assert_movable(ledger, coin.asset, 0, START + 5 * DAY)


def test_what_waits_in_a_hold_does_not_lapse_by_inactivity(ledger):
    preset = Preset(policy=(InactivityExpiry(30),), powers=("mint",))
    coin = Coin.launch(ledger, NOOR, symbol="BEAN", preset=preset, founder=10, time=START)
    vesting = _vest(coin, amount=10)
    assert coin.vested(vesting, time=START + 730 * DAY).free == 10
    coin.claim(vesting, time=START + 730 * DAY)
    assert coin.balance(ANN.account) == 10


def test_a_freeze_takes_nothing_away(ledger):
    preset = Preset(policy=(), powers=("mint", "freeze"))
    coin = Coin.launch(ledger, NOOR, symbol="BEAN", preset=preset, founder=10, time=START)
    coin.give(ANN.account, 10, time=START)
    ledger.execute([Freeze(asset=coin.asset, account=ANN.account, frozen=True)], NOOR, time=START)
    assert _gate("BEAN >= 10").check(ledger, ANN.account)


def test_months_end_where_they_do():
    for lot in range(1_200):
        year, month = divmod(lot + 1, 12)
        assert _first_day_after(Period.MONTH, lot) == (date(1970 + year, month + 1, 1) - date(1970, 1, 1)).days
    assert _first_day_after(Period.DAY, 5) == 6
    assert _first_day_after(Period.MONTH, 2**32 - 1) > 2**32


# Gates that are decided offline.


def _statements(ledger, gate, account):
    """What an attacker makes at leisure: the statements that a gate asks for, whatever they say."""
    return [bytes(ledger.prove(table, record, key=key or None)) for table, key, record in gate._questions(account)]


@pytest.fixture
def gate(ledger, coin, badges, tiers):
    coin.give(ANN.account, 10, time=START)
    badges.award(BOB.account, expires=START + 1_000, time=START)
    tiers.award(EVE.account, tier=1, time=START)
    ledger.checkpoint(time=START)
    return _gate("NOOR >= 10 or badge:founder or tier >= 3 and not NOOR > 9")


def test_offline_it_is_decided_as_it_is_online(ledger, gate):
    verifier = Verifier(ledger.verifier_key, ledger=ledger.id)
    allowed = []
    for member in (ANN, BOB, EVE, NOOR):
        bundle = gate.prove(ledger, member.account)
        decision = gate.verify(bundle, verifier, account=member.account, time=START)
        assert decision == gate.check(ledger, member.account, time=START)
        allowed.append(decision.allowed)
        assert len(bundle) < 10_000
    assert allowed == [True, True, False, True]
    bundle = gate.prove(ledger, BOB.account)
    later = gate.verify(bundle, verifier, account=BOB.account, time=START + 1_000)
    assert (later.allowed, later.reasons[1]) == (
        False,
        "badge:founder: expected one that holds, found one that has expired",
    )
    # A verifier whose clock is behind does not judge by a time before the proof's.
    assert gate.verify(bundle, verifier, account=BOB.account, time=START - 100).time == START


def test_nobody_hands_over_another_s_bundle(ledger, gate):
    verifier, bundle = Verifier(ledger.verifier_key), gate.prove(ledger, ANN.account)
    _unproven("wrong_question", gate.verify, bundle, verifier, account=EVE.account, time=START)
    other = _gate("NOOR >= 10 or badge:founder")
    _unproven("trailing_bytes", other.verify, bundle, verifier, account=ANN.account, time=START)
    short = other.prove(ledger, ANN.account)
    _unproven("truncated", gate.verify, short, verifier, account=ANN.account, time=START)
    for wrong in ("ann", None):
        with pytest.raises(TypeError, match="account: expected"):
            gate.verify(bundle, verifier, account=wrong, time=START)
    with pytest.raises(ValueError, match="found 31"):
        gate.verify(bundle, verifier, account=bytes(31), time=START)


def test_a_bundle_whose_parts_do_not_belong_together_is_refused(ledger, coin, gate):
    verifier = Verifier(ledger.verifier_key)
    parts, theirs = _statements(ledger, gate, EVE.account), _statements(ledger, gate, ANN.account)
    coin.give(EVE.account, 10, time=START)
    ledger.checkpoint(time=START)
    later = _statements(ledger, gate, EVE.account)
    coin.give(ANN.account, 1, time=START)
    ledger.checkpoint(time=START)
    other_schema = bytes(ledger.prove("schemas", bytes(32)))
    assert len(parts) == 6
    for reason, made in (
        ("wrong_root", [*parts[:1], later[1], *parts[2:]]),
        ("wrong_root", [*later[:5], parts[5]]),
        ("wrong_root", [parts[0], *later[1:]]),
        ("wrong_question", [*parts[:1], theirs[1], *parts[2:]]),
        ("wrong_question", [*parts[:5], theirs[3]]),
        ("wrong_question", [parts[1], parts[0], *parts[2:]]),
        ("wrong_question", [*parts[:2], other_schema, *parts[3:]]),
        ("truncated", parts[:5]),
        ("truncated", []),
        ("trailing_bytes", [*parts, parts[5]]),
        ("trailing_bytes", [*parts, b""]),
        ("malformed_question", [*parts[:5], b""]),
    ):
        _unproven(reason, gate.verify, HEADER + join(*made), verifier, account=EVE.account, time=START)


def test_a_bundle_is_refused_where_anything_is_changed(tmp_path, ledger, gate):
    verifier, bundle = Verifier(ledger.verifier_key), gate.prove(ledger, ANN.account)
    asked = {"account": ANN.account, "time": START}
    for place in range(0, len(bundle), 17):
        forged = bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :]
        with pytest.raises(ProofError):
            gate.verify(forged, verifier, **asked)
    for size in (0, 5, 20, 22, 24, 100, len(bundle) - 1):
        with pytest.raises(ProofError):
            gate.verify(bundle[:size], verifier, **asked)
    _unproven("trailing_bytes", gate.verify, bundle + b"\x00", verifier, **asked)
    _unproven("too_long", gate.verify, HEADER + bytes(DATA_BYTES_MAX), verifier, **asked)
    _unproven("too_long", gate.verify, memoryview(bytes(4 * 10**6)).cast("I"), verifier, **asked)
    _unproven("truncated", gate.verify, HEADER + b"\xff" * 40, verifier, **asked)
    _unproven("unknown_version", gate.verify, bundle.replace(b"gate/v1", b"gate/v2", 1), verifier, **asked)
    _unproven("malformed_statement", gate.verify, bundle.replace(b"gate/v1", b"date/v1", 1), verifier, **asked)
    for wrong in (bundle.hex(), None, 5):
        with pytest.raises(TypeError, match="gate bundle: expected bytes"):
            gate.verify(wrong, verifier, **asked)
    assert gate.verify(bytearray(bundle), verifier, **asked)
    _unproven("wrong_ledger", gate.verify, bundle, Verifier(ledger.verifier_key, ledger=bytes(32)), **asked)
    with Ledger.create(tmp_path / "eve", origin="noor.example", operator=EVE, time=START) as other:
        stranger = Verifier(other.verifier_key)
    _unproven("wrong_key", gate.verify, bundle, stranger, **asked)


def test_an_old_bundle_is_refused(ledger, gate):
    """Whoever had coins once keeps the bundle: it is good for five minutes, or as long as the verifier says."""
    verifier, bundle = Verifier(ledger.verifier_key), gate.prove(ledger, ANN.account)
    asked = {"account": ANN.account}
    assert gate.verify(bundle, verifier, **asked, time=START + 300_000)
    _unproven("stale", gate.verify, bundle, verifier, **asked, time=START + 300_001)
    _unproven("stale", gate.verify, bundle, verifier, **asked)
    _unproven("stale", gate.verify, bundle, verifier, **asked, time=START + 2, max_age_ms=1)
    assert gate.verify(bundle, verifier, **asked, time=START + DAY, max_age_ms=DAY)
    _unproven("from_the_future", gate.verify, bundle, verifier, **asked, time=START - 300_001)


def test_what_has_lapsed_does_not_count_offline(ledger):
    preset = Preset(policy=(InactivityExpiry(1),), powers=("mint",))
    coin = Coin.launch(ledger, NOOR, symbol="BEAN", preset=preset, founder=10, time=START)
    gate, verifier = _gate("BEAN >= 10"), Verifier(ledger.verifier_key)
    ledger.checkpoint(time=START + DAY - 1)
    bundle = gate.prove(ledger, NOOR.account)
    assert coin.balance(NOOR.account) == 10
    assert gate.verify(bundle, verifier, account=NOOR.account, time=START + DAY - 1)
    assert gate.verify(bundle, verifier, account=NOOR.account, time=START + DAY).reasons == (
        "BEAN: expected at least 10, found 0",
    )


def test_a_bundle_is_of_one_checkpoint_though_the_ledger_goes_on(ledger, coin, gate, monkeypatch):
    prove, calls = Ledger.prove, []

    def busy(self, *args, **kwargs):
        if len(calls) < 3:
            calls.append(coin.give(BOB.account, 1, time=START))
            ledger.checkpoint(time=START)
        return prove(self, *args, **kwargs)

    monkeypatch.setattr(Ledger, "prove", busy)
    bundle = gate.prove(ledger, ANN.account)
    assert gate.verify(bundle, Verifier(ledger.verifier_key), account=ANN.account, time=START)
    assert len(calls) == 3

    def busier(self, *args, **kwargs):
        coin.give(BOB.account, 1, time=START)
        ledger.checkpoint(time=START)
        return prove(self, *args, **kwargs)

    monkeypatch.setattr(Ledger, "prove", busier)
    monkeypatch.setattr("counterfoil.creators.gate._ATTEMPTS", 2)
    with pytest.raises(LedgerError, match="use a backup"):
        gate.prove(ledger, ANN.account)


def test_an_offline_decision_needs_no_native_module(tmp_path, ledger, gate):
    (tmp_path / "bundle").write_bytes(gate.prove(ledger, ANN.account))
    program = (
        "import sys; sys.modules['counterfoil._core'] = None\n"
        "from pathlib import Path\n"
        "from counterfoil.creators import Gate\n"
        "from counterfoil.verify import Verifier\n"
        f"noor, ann = bytes.fromhex('{NOOR.account.hex()}'), bytes.fromhex('{ANN.account.hex()}')\n"
        f"gate = Gate({gate.text!r}, issuer=noor)\n"
        f"verifier = Verifier({ledger.verifier_key!r})\n"
        f"print(gate.verify(Path('bundle').read_bytes(), verifier, account=ann, time={START}).why)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "NOOR: expected at least 10, found 10\n"


def test_a_bundle_is_read_to_its_end():
    bundle = Bundle(b"x\n" + join(b"one", b"") + b"left", b"x\n", "test")
    assert (bundle.part("a"), bundle.part("b"), bundle.rest()) == (b"one", b"", b"left")
    bundle.end()
    assert Bundle(b"x\n" + join(b"one", b""), b"x\n", "test").parts("part", least=2) == [b"one", b""]
    for reason, data in (
        ("malformed_statement", b""),
        ("malformed_statement", b"y\n"),
        ("truncated", b"x\n"),
        ("truncated", b"x\n\x01\x00\x00"),
        ("truncated", b"x\n\x02\x00\x00\x00a"),
        ("truncated", b"x\n" + join(b"one") + b"\x00"),
    ):
        _unproven(reason, lambda data=data: Bundle(data, b"x\n", "test").parts("part", least=1))
    # Lengths are little endian, as in the bundles that are out there.
    assert join(b"a" * 258)[:4] == b"\x02\x01\x00\x00"


# Perks.


@pytest.fixture
def perks(ledger):
    return Perks.launch(ledger, NOOR, time=START)


def test_a_perk_is_granted_once_for_ever(ledger, coin, perks):
    signed = Perk("a signed print", _gate("NOOR >= 10"))
    size = ledger.size
    with pytest.raises(LookupError, match=r"'a signed print': expected .* found NOOR: expected at least 10, found 0"):
        perks.grant(ANN.account, signed, time=START)
    assert ledger.size == size
    coin.give_many({ANN.account: 10, BOB.account: 10}, time=START)
    tried = perks.grant(ANN.account, signed, dry_run=True, time=START)
    assert (tried.done.dry_run, perks.has_had(ANN.account, signed, time=START)) == (True, False)
    grant = perks.grant(ANN.account, signed, key="ann", time=START)
    assert (grant.decision.why, grant.until) == ("NOOR: expected at least 10, found 10", None)
    refused("attestation_exists", perks.grant, ANN.account, signed, time=START + 100 * DAY)
    # The coins move on: the retry still finds the first call, and a second grant does not come about.
    Coin(ledger, ANN, asset=coin.asset).give(EVE.account, 10, time=START)
    again = perks.grant(ANN.account, signed, key="ann", time=START + 5)
    assert (again.done.repeated, again.decision) == (True, None)
    with pytest.raises(KeyReusedError):
        perks.grant(BOB.account, signed, key="ann", time=START)
    with pytest.raises(KeyReusedError):
        perks.grant(ANN.account, Perk("another", _gate("NOOR >= 0")), key="ann", time=START)
    perks.grant(BOB.account, signed, time=START)
    assert perks.has_had(ANN.account, signed)
    assert not perks.has_had(ANN.account, Perk("another", signed.gate))


@pytest.mark.usefixtures("coin")
def test_a_perk_is_granted_once_in_a_while(ledger, perks):
    call = Perk("a call", _gate("NOOR >= 10"), every="30d")
    grant = perks.grant(NOOR.account, call, key="first", time=START)
    assert grant.until == START + 30 * DAY
    refused("attestation_exists", perks.grant, NOOR.account, call, time=START + 30 * DAY - 1)
    again = perks.grant(NOOR.account, call, key="first", time=START + 30 * DAY)
    assert (again.done.repeated, again.until) == (True, START + 30 * DAY)
    assert [perks.has_had(NOOR.account, call, time=START + at) for at in (30 * DAY - 1, 30 * DAY)] == [True, False]
    assert perks.grant(NOOR.account, call, time=START + 30 * DAY).until == START + 60 * DAY
    refused("expiry_passed", perks.grant, ANN.account, Perk("x", _gate("NOOR >= 0"), every=0), time=ledger.time)


@pytest.mark.usefixtures("coin")
def test_perks_are_launched_and_taken_up_again(ledger):
    with pytest.raises(LookupError, match="found no 'perks'"):
        Perks(ledger, NOOR)
    tried = Perks.launch(ledger, NOOR, dry_run=True, time=START)
    assert ledger.schema(tried.schema) is None
    made = Perks.launch(ledger, NOOR, key="perks", time=START)
    assert Perks.launch(ledger, NOOR, key="perks", time=START).schema == made.schema
    assert Perks(ledger, NOOR).schema == made.schema
    refused("schema_exists", Perks.launch, ledger, NOOR, time=START)
    # Nobody else grants what is the creator's, whatever he opens under that name.
    stranger = Perks.launch(ledger, EVE, time=START)
    stranger.grant(EVE.account, Perk("a call", _gate("NOOR >= 0")), time=START)
    assert not made.has_had(EVE.account, Perk("a call", _gate("NOOR >= 0")))


# Revenue.


def test_revenue_is_shared_among_those_who_hold_the_coin(ledger, coin, usd):
    ledger.mint(NOOR, usd, to=NOOR.account, amount=90_000, time=START)
    coin.give_many({ANN.account: 30, BOB.account: 60}, time=START)
    vesting = coin.vest(EVE.account, 7_300, cliff="90d", ends="2y", time=START)
    shared = coin.share_revenue(usd, Decimal("900.00"), key="November", time=START)
    coin.give(EVE.account, 1_000, time=START)
    # The creator has no part, nor has what nobody owns yet.
    assert set(shared.record.basis.excluded) == {NOOR.account, vesting.id}
    assert dict(shared.parts()) == {ANN.account: 30_000, BOB.account: 60_000}
    [collected] = shared.collect_all(time=START)
    assert (len(collected.paid), ledger.balance(usd, ANN.account)) == (2, 130_000)
    # A retry finds the first call, whatever has changed meanwhile.
    again = coin.share_revenue(usd, Decimal("900.00"), key="November", time=START + 5)
    assert (again.id, ledger.asset(coin.asset).snapshots_taken) == (shared.id, 1)
    for wrong in ({"amount": 1}, {"excluded": [BOB.account]}, {"leftover": BOB.account}):
        with pytest.raises(KeyReusedError):
            coin.share_revenue(usd, **{"amount": 90_000, **wrong}, key="November", time=START + 5)


def test_revenue_is_shared_wholly_or_not_at_all(ledger, coin, usd):
    ledger.mint(NOOR, usd, to=NOOR.account, amount=100, time=START)
    refused("nothing_to_share", coin.share_revenue, usd, 100, time=START)
    coin.give(ANN.account, 3, time=START)
    refused("insufficient_funds", coin.share_revenue, usd, 101, time=START)
    refused("unauthorized", Coin(ledger, ANN, asset=coin.asset).share_revenue, usd, 1, time=START)
    refused("invalid_until", coin.share_revenue, usd, 1, within=0, time=START)
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        coin.share_revenue(bytes(32), 1, time=START)
    for wrong in (1.5, "1", None):
        with pytest.raises(TypeError, match="amount: expected an int"):
            coin.share_revenue(usd, wrong, time=START)
    tried = coin.share_revenue(usd, 100, dry_run=True, time=START)
    with pytest.raises(LookupError):
        tried.part(ANN.account)
    # Refused or only tried, nothing of it is there: no snapshot either.
    assert (ledger.asset(coin.asset).snapshots_taken, ledger.balance(usd, NOOR.account)) == (0, 100)
    everybody = coin.share_revenue(usd, 100, excluded=(), time=START)
    assert everybody.record.whole == 100_000


def test_of_many_vestings_the_largest_have_no_part(ledger, coin, usd):
    ledger.mint(NOOR, usd, to=NOOR.account, amount=100, time=START)
    coin.give(ANN.account, 10, time=START)
    vestings = [coin.vest(EVE.account, 100 + number, ends="1y", time=START) for number in range(18)]
    excluded = coin.share_revenue(usd, 100, time=START).record.basis.excluded
    assert set(excluded) == {NOOR.account, *(vesting.id for vesting in vestings[3:])}
