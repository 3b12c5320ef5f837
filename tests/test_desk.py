"""The desk: calls that happen once, dry runs, amounts and spans."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger, RejectedError
from counterfoil.desk import Desk, call_key, minor_units, span_ms
from counterfoil.exceptions import KeyReusedError
from counterfoil.ops import KeyGrant, Mint, SetKeys, Transfer

BRAND, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (11, 12, 13))


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=BRAND) as made:
        yield made


@pytest.fixture
def bean(ledger):
    return ledger.create_asset(BRAND, "BEAN", decimals=2)


def _mint(bean, amount=100, to=ANN):
    return Mint(asset=bean, to=to.account, amount=amount)


def test_a_call_with_a_key_happens_once(ledger, bean):
    desk = Desk(ledger, BRAND)
    first = desk.do([_mint(bean)], key="A17")
    size, root = ledger.size, ledger.balance(bean, ANN.account)
    again = desk.do([_mint(bean)], key="A17")
    assert (again.id, again.index, again.time, again.operations) == (
        first.id,
        first.index,
        first.time,
        first.operations,
    )
    assert (first.repeated, again.repeated) == (False, True)
    assert (ledger.size, ledger.balance(bean, ANN.account)) == (size, root)
    assert desk.do([_mint(bean)], key="A18").index != first.index
    assert not desk.do([_mint(bean)]).repeated


def test_a_key_that_was_used_for_something_else_is_refused(ledger, bean):
    desk = Desk(ledger, BRAND)
    desk.do([_mint(bean)], key="A17")
    for other in ([_mint(bean, 101)], [_mint(bean, to=BOB)], [_mint(bean), _mint(bean)]):
        with pytest.raises(KeyReusedError, match="'A17' was used for mint"):
            desk.do(other, key="A17")
    assert ledger.balance(bean, ANN.account) == 100


def test_keys_are_each_account_s_own(ledger, bean):
    Desk(ledger, BRAND).do([_mint(bean)], key="A17")
    gift = Transfer(asset=bean, sender=ANN.account, to=BOB.account, amount=1)
    assert not Desk(ledger, ANN).do([gift], key="A17").repeated


def test_a_refusal_leaves_the_key_unused(ledger, bean):
    desk = Desk(ledger, ANN)
    gift = Transfer(asset=bean, sender=ANN.account, to=BOB.account, amount=1)
    with pytest.raises(RejectedError, match="insufficient_funds"):
        desk.do([gift], key="gift")
    ledger.mint(BRAND, bean, to=ANN.account, amount=1)
    assert not desk.do([gift], key="gift").repeated


def test_a_dry_run_changes_nothing(ledger, bean):
    desk, size = Desk(ledger, BRAND), ledger.size
    tried = desk.do([_mint(bean)], key="A17", dry_run=True)
    assert (tried.dry_run, tried.index, tried.effects, ledger.size) == (True, None, (), size)
    gift = Transfer(asset=bean, sender=BRAND.account, to=BOB.account, amount=1)
    with pytest.raises(RejectedError, match="insufficient_funds"):
        desk.do([gift], dry_run=True)
    assert not desk.do([_mint(bean)], key="A17").repeated


def test_others_sign_beside_the_desk(ledger, bean):
    desk = Desk(ledger, BRAND)
    ledger.mint(BRAND, bean, to=ANN.account, amount=5)
    gift = Transfer(asset=bean, sender=ANN.account, to=BOB.account, amount=5)
    with pytest.raises(RejectedError, match="unauthorized"):
        desk.do([gift], key="gift")
    assert desk.do([gift], ANN, key="gift").index is not None


def test_several_keys_of_one_account(ledger, bean):
    grants = [KeyGrant(ANN.public), KeyGrant(BOB.public)]
    ledger.execute([SetKeys(account=BRAND.account, threshold=2, keys=grants)], BRAND)
    desk = Desk(ledger, ANN.on(BRAND.account), BOB.on(BRAND.account))
    assert desk.do([_mint(bean)]).index is not None
    with pytest.raises(ValueError, match="keys of one account, found those of 2"):
        Desk(ledger, ANN, BOB)
    with pytest.raises(ValueError, match="found those of 0"):
        Desk(ledger)
    with pytest.raises(TypeError, match="found bytes"):
        Desk(ledger, ANN.account)


def test_what_is_new_has_the_same_salt_in_a_retry(ledger):
    desk = Desk(ledger, BRAND)
    assert desk.salt("A17") == desk.salt("A17") != desk.salt("A18")
    assert desk.salt() != desk.salt()
    assert desk.secret("order", "A17") != desk.secret("name", "A17") != Desk(ledger, ANN).secret("name", "A17")


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        (0, 0),
        (7, 7),
        (Decimal(7), 700),
        (Decimal("0.01"), 1),
        (Decimal("1E+3"), 100_000),
        (Decimal("1.10"), 110),
        (Decimal("0E-99999999"), 0),
    ],
)
def test_amounts(amount, units):
    assert minor_units(amount, 2) == units


@pytest.mark.parametrize("amount", [1.5, "1", True, None, b"1"])
def test_an_amount_of_another_type(amount):
    with pytest.raises(TypeError, match="expected an int"):
        minor_units(amount, 2)


@pytest.mark.parametrize(
    "amount", [Decimal("0.001"), Decimal("NaN"), Decimal("Infinity"), Decimal("1E-9999"), Decimal("1E+99999999")]
)
def test_a_decimal_that_is_no_amount(amount):
    with pytest.raises(ValueError, match="amount: expected"):
        minor_units(amount, 2)


def test_large_decimals_are_exact():
    assert minor_units(Decimal("123456789012345678901234567890.12"), 2) == 12345678901234567890123456789012


@pytest.mark.parametrize(
    ("span", "ms"),
    [(0, 0), ("1s", 1_000), ("2m", 120_000), ("3h", 10_800_000), ("1w", 604_800_000), ("1y", 31_536_000_000)],
)
def test_spans(span, ms):
    assert span_ms(span) == ms
    assert span_ms(timedelta(milliseconds=ms)) == ms


@pytest.mark.parametrize("span", ["", "7", "d", "-1d", "1.5d", "7 d", "7D", -1, timedelta(days=-1)])
def test_a_span_that_is_none(span):
    with pytest.raises(ValueError, match="span: expected"):
        span_ms(span)


@pytest.mark.parametrize("span", [1.5, None, True])
def test_a_span_of_another_type(span):
    with pytest.raises(TypeError, match="span: expected"):
        span_ms(span)


def test_a_call_key_is_a_text():
    assert len(call_key("A17")) == 32
    with pytest.raises(ValueError, match="not empty"):
        call_key("")
