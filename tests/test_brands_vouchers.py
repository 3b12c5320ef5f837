"""Vouchers and gift cards: whoever has the code has the units, once; nobody else, and no code on the ledger."""

from __future__ import annotations

import threading
import traceback
from dataclasses import replace
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger, RejectedError
from counterfoil.brands import GiftCards, Programme, Vouchers
from counterfoil.brands.codes import make_code
from counterfoil.exceptions import KeyReusedError, UnknownMemberError
from counterfoil.members import Members
from counterfoil.ops import Release, Settle
from counterfoil.presets import points
from counterfoil.verify import Parameters
from counterfoil.wire import Transaction

from tests.calls import refused, standing

ROASTER, BAKERY, ANN, BOB, EVE = (Key.from_seed(bytes([number]) * 32) for number in (21, 22, 23, 24, 27))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""

EXPIRES = START + 90 * DAY


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=ROASTER, time=START) as made:
        yield made


@pytest.fixture
def beans(ledger):
    return Programme.launch(ledger, ROASTER, symbol="BEAN", time=START)


@pytest.fixture
def vouchers(ledger, beans):
    return Vouchers(ledger, ROASTER, asset=beans.asset)


@pytest.fixture
def cards(ledger):
    """Over money that the bakery makes, of which the roaster has 1,000."""
    euro = ledger.create_asset(BAKERY, "EUR", decimals=2, time=START)
    ledger.mint(BAKERY, euro, to=ROASTER.account, amount=100_000, time=START)
    return GiftCards(ledger, ROASTER, asset=euro)


def _one(made, amount=500, **kwargs):
    return made.issue(amount, expires=EXPIRES, time=START, **kwargs).vouchers[0]


def test_a_voucher_pays_whoever_has_its_code(ledger, beans, vouchers):
    voucher = _one(vouchers)
    assert (vouchers.balance(voucher.code, time=START), vouchers.balance(voucher.hold, time=START)) == (500, 500)
    redeemed = vouchers.redeem(voucher.code.lower().replace("-", " "), to=ANN.account, time=START)
    assert (redeemed.hold, redeemed.to, redeemed.amount) == (voucher.hold, ANN.account, 500)
    assert (beans.balance(ANN.account), vouchers.balance(voucher.code, time=START)) == (500, 0)
    root = standing(ledger)
    refused("hold_closed", vouchers.redeem, voucher.code, to=BOB.account, time=START)
    assert standing(ledger) == root


def test_a_gift_card_is_spent_bit_by_bit(ledger, cards):
    card = _one(cards, Decimal("50.00"))
    assert ledger.balance(cards.asset, ROASTER.account) == 95_000
    assert cards.redeem(card.code, to=BAKERY.account, amount=Decimal("12.50"), time=START).amount == 1_250
    assert cards.balance(card.code, time=START) == 3_750
    root = standing(ledger)
    refused("amount_exceeds_hold", cards.redeem, card.code, to=BAKERY.account, amount=3_751, time=START)
    refused("zero_amount", cards.redeem, card.code, to=BAKERY.account, amount=0, time=START)
    for wrong in (12.5, "12.50"):
        with pytest.raises(TypeError, match="amount: expected"):
            cards.redeem(card.code, to=BAKERY.account, amount=wrong, time=START)
    assert standing(ledger) == root
    assert cards.redeem(card.code, to=ROASTER.account, time=START).amount == 3_750
    refused("hold_closed", cards.redeem, card.code, to=BAKERY.account, amount=1, time=START)


def test_complaint_3_a_gift_card_is_not_spent_twice_at_the_same_time(ledger, cards):
    """Azuriom, Medusa, Spree: a gift card is spent twice at the same time."""
    card = _one(cards, 5_000)
    results = []

    def till() -> None:
        try:
            cards.redeem(card.code, to=BAKERY.account, amount=3_000, time=START)
            results.append("ok")
        except RejectedError as error:
            results.append(error.status.name)

    threads = [threading.Thread(target=till) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["amount_exceeds_hold"] * 7 + ["ok"]
    assert (cards.balance(card.code, time=START), ledger.balance(cards.asset, BAKERY.account)) == (2_000, 3_000)


def test_who_sees_a_redemption_gains_nothing(ledger, beans, vouchers):
    """Everything of it: its bytes, its signature, the hold and the public key."""
    voucher = _one(vouchers)
    size = ledger.size
    vouchers.redeem(voucher.code, to=ANN.account, dry_run=True, time=START)
    other = _one(vouchers)
    vouchers.redeem(other.code, to=ANN.account, time=START)
    [seen] = [event.entry.signed for event in ledger.events(after=size)]
    root = standing(ledger)
    [settle] = seen.transaction.operations
    changed = replace(settle, to=EVE.account)
    forged = bytes(seen).replace(bytes(settle), bytes(changed))
    assert forged != bytes(seen)
    assert ledger.apply([forged], time=START)[0].status.name == "bad_signature"
    assert ledger.apply([bytes(seen)], time=START)[0].duplicate
    refused("condition_unmet", ledger.execute, [Settle(hold=voucher.hold, to=EVE.account)], EVE, time=START)
    refused("condition_unmet", ledger.execute, [Settle(hold=voucher.hold, to=EVE.account)], ROASTER, time=START)
    refused("hold_pending", ledger.execute, [Release(hold=voucher.hold)], EVE, time=START)
    own = Transaction(ledger.id, [replace(changed, hold=voucher.hold)], valid_until=START + 60_000).sign(EVE)
    assert ledger.apply([own], time=START)[0].status.name == "condition_unmet"
    assert standing(ledger) == root
    assert (beans.balance(EVE.account), vouchers.balance(voucher.code, time=START)) == (0, 500)


def test_codes_are_nowhere_but_with_their_bearer(tmp_path, ledger, vouchers):
    issue = vouchers.issue(500, expires=EXPIRES, count=3, voidable=True, key="batch", time=START)
    codes = [voucher.code for voucher in issue.vouchers]
    said = [repr(issue), str(issue), repr(issue.vouchers[0]), f"{issue.vouchers[0]}"]
    said.append(repr(vouchers.redeem(codes[0], to=ANN.account, key="r", time=START)))
    vouchers.void(codes[1], time=START)
    for call in (
        lambda: vouchers.redeem(codes[0], to=BOB.account, key="r", time=START),
        lambda: vouchers.redeem(codes[0], to=BOB.account, time=START),
        lambda: vouchers.redeem(codes[2][:-1], to=BOB.account, time=START),
        lambda: vouchers.redeem(codes[2] + "0", to=BOB.account, time=START),
        lambda: vouchers.redeem(codes[2].replace("-", "*"), to=BOB.account, time=START),
        lambda: vouchers.redeem(codes[2], to=7, time=START),
        lambda: vouchers.redeem(codes[2], to="bob", time=START),
        lambda: vouchers.void(codes[1], time=START),
        lambda: vouchers.expire(codes[2], time=START),
        lambda: Vouchers(ledger, BAKERY, asset=vouchers.asset).balance(codes[2]),
    ):
        with pytest.raises((RejectedError, LookupError, ValueError, TypeError)) as caught:
            call()
        said.append(str(caught.value))
        said += [str(caught.value), repr(caught.value), "".join(traceback.format_exception_only(caught.value))]
    ledger.checkpoint(time=START)
    ledger.flush()
    held = [path.read_bytes() for path in (tmp_path / "club").rglob("*") if path.is_file()]
    assert sum(map(len, held)) > 1_000
    for code in codes:
        for written in (code, code.replace("-", "")):
            assert not [text for text in said if written in text]
            assert not [data for data in held if written.encode() in data]


def test_a_typing_mistake_is_said_before_anything_is_looked_up(ledger, vouchers):
    code = _one(vouchers).code
    other = "0" if code[0] != "0" else "2"
    for call in (
        lambda wrong: vouchers.redeem(wrong, to=ANN.account, time=START),
        lambda wrong: vouchers.balance(wrong, time=START),
        lambda wrong: vouchers.void(wrong, time=START),
        lambda wrong: vouchers.expire(wrong, time=START),
    ):
        with pytest.raises(ValueError, match="mistyped"):
            call(other + code[1:])
        with pytest.raises(ValueError, match="expected 20 characters, found 3"):
            call("ABC")
        with pytest.raises(LookupError, match="code: expected a voucher of this brand and asset, found none"):
            call(make_code(bytes(32), characters=20, group=4))
        with pytest.raises(TypeError):
            call(None)
    for wrong in (bytes(32), ledger.id):
        with pytest.raises(LookupError, match="expected a voucher"):
            vouchers.balance(wrong)
    with pytest.raises(TypeError, match="code: expected a text, found bytes"):
        vouchers.redeem(_one(vouchers).hold, to=ANN.account, time=START)


def test_vouchers_of_others_are_none(ledger, beans, vouchers, cards):
    code = _one(vouchers).code
    for other in (Vouchers(ledger, BAKERY, asset=beans.asset), cards):
        with pytest.raises(LookupError, match="expected a voucher of this brand and asset"):
            other.redeem(code, to=ANN.account, time=START)
    pending = beans.earn(ANN.account, 5, pending="7d", time=START)
    with pytest.raises(LookupError, match="expected a voucher of this brand and asset"):
        cards.void(pending.hold, time=START)
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        Vouchers(ledger, ROASTER, asset=bytes(32))


def test_only_what_its_terms_allow_is_voided(ledger, beans, vouchers):
    firm, loose = _one(vouchers), _one(vouchers, voidable=True)
    root = standing(ledger)
    refused("hold_pending", vouchers.void, firm.code, time=START)
    refused("hold_pending", vouchers.expire, firm.code, time=START)
    refused("hold_pending", vouchers.expire, loose.code, time=START)
    refused("hold_pending", ledger.execute, [Release(hold=loose.hold)], ANN, time=START)
    assert standing(ledger) == root
    vouchers.void(loose.hold, time=START)
    assert (vouchers.balance(loose.code, time=START), beans.balance(ROASTER.account)) == (0, 500)
    refused("hold_closed", vouchers.redeem, loose.code, to=ANN.account, time=START)
    refused("hold_closed", vouchers.void, loose.code, time=START)


def test_an_expired_voucher_goes_back_to_the_brand(ledger, beans, vouchers):
    voucher = _one(vouchers)
    assert vouchers.balance(voucher.code, time=EXPIRES - 1) == 500
    assert (vouchers.balance(voucher.code, time=EXPIRES), vouchers.balance(voucher.code)) == (0, 0)
    refused("hold_expired", vouchers.redeem, voucher.code, to=ANN.account, time=EXPIRES)
    assert vouchers.expire(voucher.hold, dry_run=True, time=EXPIRES).dry_run
    done = [vouchers.expire(voucher.hold, key="e", time=EXPIRES).repeated for _ in range(2)]
    assert (done, beans.balance(ROASTER.account)) == ([False, True], 500)
    refused("hold_closed", vouchers.expire, voucher.code, time=EXPIRES)
    other = vouchers.issue(5, expires=EXPIRES + DAY, time=EXPIRES).vouchers[0]
    # Anybody may, the brand or not.
    ledger.execute([Release(hold=other.hold)], EVE, time=EXPIRES + DAY)
    refused("deadline_passed", vouchers.issue, 5, expires=EXPIRES, time=EXPIRES + DAY)


def test_units_keep_their_lots_and_lapse_by_them(ledger):
    beans = Programme.launch(ledger, ROASTER, symbol="LOTS", preset=points(lot_days=30), time=START)
    vouchers = Vouchers(ledger, ROASTER, asset=beans.asset)
    voucher = vouchers.issue(100, expires=START + 900 * DAY, time=START).vouchers[0]
    lapses = 1_701_388_800_000 + 30 * DAY  # 2023-12-01 and 30 days
    assert vouchers.balance(voucher.code, time=lapses - 1) == 100
    assert vouchers.balance(voucher.code, time=lapses) == 0
    refused("hold_closed", vouchers.redeem, voucher.code, to=ANN.account, time=lapses)
    lasting = Programme.launch(ledger, ROASTER, symbol="LAST", preset=points(inactive_days=30), time=lapses)
    vouchers = Vouchers(ledger, ROASTER, asset=lasting.asset)
    voucher = vouchers.issue(100, expires=START + 900 * DAY, time=lapses).vouchers[0]
    later = lapses + 100 * DAY
    assert vouchers.balance(voucher.code, time=later) == 100, "nothing lapses in a hold by inactivity"
    assert vouchers.redeem(voucher.code, to=ANN.account, time=later).amount == 100


def test_many_are_issued_in_few_transactions(ledger, beans, vouchers):
    size = ledger.size
    issue = vouchers.issue(7, expires=EXPIRES, count=450, key="batch", time=START)
    assert (len(issue.vouchers), len(issue.done), ledger.size - size) == (450, 3, 3)
    assert len({voucher.code for voucher in issue.vouchers}) == len({voucher.hold for voucher in issue.vouchers}) == 450
    assert ledger.supply(beans.asset) == 450 * 7
    again = vouchers.issue(7, expires=EXPIRES + DAY, count=450, key="batch", time=START)
    assert again.vouchers == issue.vouchers, "a retry has the same codes, and says when they really expire"
    assert [done.repeated for done in again.done] == [True] * 3
    assert ledger.supply(beans.asset) == 450 * 7
    vouchers.redeem(again.vouchers[449].code, to=ANN.account, time=START)
    for other in ({"amount": 8}, {"count": 449}, {"count": 1}, {"count": 451}):
        with pytest.raises(KeyReusedError):
            vouchers.issue(**({"amount": 7, "count": 450} | other), expires=EXPIRES, key="batch", time=START)
    root = standing(ledger)
    with pytest.raises(ValueError, match="key: expected one for more than 200 vouchers"):
        vouchers.issue(7, expires=EXPIRES, count=201, time=START)
    for wrong in (0, -1, 1.0, True):
        with pytest.raises(ValueError, match="count: expected 1 or more"):
            vouchers.issue(7, expires=EXPIRES, count=wrong, time=START)
    assert standing(ledger) == root
    tried = vouchers.issue(7, expires=EXPIRES, count=2, dry_run=True, time=START)
    with pytest.raises(LookupError):
        vouchers.balance(tried.vouchers[0].code)
    assert standing(ledger) == root


def test_an_issue_that_stopped_half_way_is_gone_on_with(ledger, cards):
    """The brand's money lasts for the first 200 of 400; the retry with its key issues the rest."""
    with pytest.raises(RejectedError, match="insufficient_funds"):
        cards.issue(300, expires=EXPIRES, count=400, key="batch", time=START)
    assert ledger.balance(cards.asset, ROASTER.account) == 40_000
    ledger.mint(BAKERY, cards.asset, to=ROASTER.account, amount=20_000, time=START)
    issue = cards.issue(300, expires=EXPIRES, count=400, key="batch", time=START)
    assert [done.repeated for done in issue.done] == [True, False]
    assert [cards.balance(issue.vouchers[place].code, time=START) for place in (0, 399)] == [300, 300]


def test_small_transactions_take_fewer(tmp_path):
    parameters = Parameters(transaction_bytes_max=2_500, operations_max=50)
    with Ledger.create(
        tmp_path / "small", origin="club.example/small", operator=ROASTER, parameters=parameters, time=START
    ) as ledger:
        beans = Programme.launch(ledger, ROASTER, symbol="BEAN", time=START)
        issue = Vouchers(ledger, ROASTER, asset=beans.asset).issue(5, expires=EXPIRES, count=30, key="b", time=START)
        assert 3 < len(issue.done) < 30


def test_many_lots_fit_into_the_log(tmp_path):
    """The units of sixty months: each hold takes what comes next, and the log lists it."""
    start = START - 61 * 31 * DAY
    with Ledger.create(tmp_path / "old", origin="club.example/old", operator=ROASTER, time=start) as ledger:
        beans = Programme.launch(ledger, ROASTER, symbol="MANY", preset=points(inactive_days=None), time=start)
        for month in range(60):
            beans.earn(ROASTER.account, 10, time=start + 31 * month * DAY)
        vouchers = Vouchers(ledger, ROASTER, asset=beans.asset)
        issue = vouchers.issue(3, expires=START + 90 * DAY, count=200, time=START)
        assert (len(issue.done), len(issue.vouchers)) == (1, 200)
        assert len({lot.lot for effect in issue.done[0].effects[1:] for lot in effect.taken}) > 50


def test_once_and_only_tried(ledger, beans, cards):
    card = _one(cards, 5_000, key="one")
    assert _one(cards, 5_000, key="one") == card
    size = ledger.size
    tried = cards.redeem(card.code, to=BAKERY.account, amount=100, dry_run=True, time=START)
    assert (tried.amount, tried.done.dry_run) == (100, True)
    assert cards.redeem(card.code, to=BAKERY.account, dry_run=True, time=START).amount == 5_000
    assert ledger.size == size
    paid = [cards.redeem(card.code, to=BAKERY.account, amount=100, key="receipt", time=START) for _ in range(2)]
    assert [(one.amount, one.done.repeated) for one in paid] == [(100, False), (100, True)]
    assert cards.balance(card.code, time=START) == 4_900
    for other in ({"amount": 101}, {"to": ANN.account}):
        with pytest.raises(KeyReusedError):
            cards.redeem(card.code, **({"to": BAKERY.account, "amount": 100} | other), key="receipt", time=START)
    last = [cards.redeem(card.code, to=BAKERY.account, key="rest", time=START).amount for _ in range(2)]
    assert last == [4_900, 4_900]
    loose = _one(cards, voidable=True)
    assert cards.void(loose.code, dry_run=True, time=START).dry_run
    assert [cards.void(loose.code, key="v", time=START).repeated for _ in range(2)] == [False, True]
    assert beans.balance(ANN.account) == 0


def test_customers(tmp_path, ledger, beans):
    with Members(tmp_path / "members.db", seed=bytes(32)) as members:
        ann = members.add("ann").account
        vouchers = Vouchers(ledger, ROASTER, asset=beans.asset, members=members)
        voucher = _one(vouchers)
        with pytest.raises(UnknownMemberError):
            vouchers.redeem(voucher.code, to="bob", time=START)
        assert vouchers.redeem(voucher.code, to="ann", time=START).to == ann


def test_what_a_brand_cannot_pay_it_does_not_issue(ledger, cards):
    root = standing(ledger)
    refused("insufficient_funds", cards.issue, 100_001, expires=EXPIRES, time=START)
    refused("zero_amount", cards.issue, 0, expires=EXPIRES, time=START)
    for wrong in (1.5, "5"):
        with pytest.raises(TypeError, match="amount: expected"):
            cards.issue(wrong, expires=EXPIRES, time=START)
    assert standing(ledger) == root
