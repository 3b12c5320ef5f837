"""Scenarios of family 2, asset: terms of its policy that say who may be paid how much, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model import build
from tests.model.asset import TERM_ORDER
from tests.model.attest import schema_id
from tests.model.hold import hold_id
from tests.ops.play import DAY, HOUR, Play, Result, scenario

if TYPE_CHECKING:
    from tests.model.borsh import Value

MAX = 10**38 - 1
SALT = bytes(16)


def _create(p: Play, *policy: Value) -> Result:
    return p.send(build.create(p.id("brand"), "BEAN", 2, 1_000, policy, build.powers()), by="brand")


def _transfer(p: Play, asset: bytes, amount: int, sender: str = "alice", to: str = "bob") -> Result:
    return p.send(build.transfer(asset, p.id(sender), p.id(to), amount), by=sender)


def _moved(p: Play, asset: bytes, amount: int, sender: str = "alice", to: str = "bob") -> None:
    assert _transfer(p, asset, amount, sender, to) == ("ok", None)


def _pay(p: Play, asset: bytes, *payees: tuple[str, int], by: str = "alice") -> Result:
    return p.send(build.pay(asset, p.id(by), [build.payee(p.id(to), amount) for to, amount in payees]), by=by)


def _mint(p: Play, asset: bytes, amount: int, to: str = "bob") -> Result:
    return p.send(build.mint(asset, p.id(to), amount), by="brand")


def _hold(p: Play, asset: bytes, amount: int, to: str = "bob", by: str = "alice") -> bytes:
    """A hold that whoever has a signature of its payer may settle, and release."""
    parts = [build.share(p.id(to), 10_000)]
    terms = build.terms(build.by_payer(), parts, p.world.time + DAY, release_if=build.by_payer())
    p.ok(build.hold(p.id(by), SALT, asset, amount, terms), by=by)
    return hold_id(p.id(by), SALT)


def _change(p: Play, asset: bytes, *policy: Value) -> None:
    p.ok(build.change(asset, policy=list(policy)), by="brand")


# Numbers and combinations.


@scenario("ok")
def an_asset_with_terms_of_payment(p: Play) -> Result:
    terms = [build.fee(10_000, p.id("till")), build.max_holding(MAX), build.attested_holders(bytes(32), p.id("brand"))]
    return _create(p, build.bound(), *terms)


@scenario("invalid_policy", 0)
def a_fee_of_nothing(p: Play) -> Result:
    return _create(p, build.fee(0, p.id("till")))


@scenario("invalid_policy", 0)
def a_fee_of_more_than_all(p: Play) -> Result:
    return _create(p, build.fee(10_001, p.id("till")))


@scenario("invalid_policy", 0)
def a_largest_holding_of_nothing(p: Play) -> Result:
    return _create(p, build.max_holding(0))


@scenario("invalid_policy", 0)
def a_largest_holding_of_10_to_the_38(p: Play) -> Result:
    return _create(p, build.max_holding(MAX + 1))


@scenario("invalid_policy", 0)
def a_largest_holding_before_a_fee(p: Play) -> Result:
    return _create(p, build.max_holding(1), build.fee(1, p.id("till")))


@scenario("ok")
def terms_of_payment_come_and_go(p: Play) -> Result:
    asset = p.asset(build.fee(1, p.id("till")), alice=5)
    _change(p, asset, build.max_holding(1), build.attested_holders(bytes(32), p.id("brand")))
    _change(p, asset)
    return _transfer(p, asset, 5)


# The largest holding.


@scenario("ok")
def a_transfer_up_to_the_largest_holding(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), alice=10, bob=4)
    return _transfer(p, asset, 6)


@scenario("max_holding_exceeded", 0)
def a_transfer_one_above_the_largest_holding(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), alice=10, bob=4)
    return _transfer(p, asset, 7)


@scenario("insufficient_funds", 0)
def funds_before_the_largest_holding(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), alice=10, bob=10)
    return _transfer(p, asset, 11)


@scenario("max_holding_exceeded", 0)
def the_second_payment_to_one_exceeds_the_largest_holding(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), alice=10)
    _change(p, asset, build.max_holding(5))
    return _pay(p, asset, ("bob", 3), ("carol", 3), ("bob", 3))


@scenario("max_holding_exceeded", 0)
def a_mint_above_the_largest_holding(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), bob=10)
    return _mint(p, asset, 1)


@scenario("supply_cap_exceeded", 0)
def the_cap_before_the_largest_holding(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), supply_cap=10, bob=10)
    return _mint(p, asset, 1)


@scenario("max_holding_exceeded", 0)
def the_largest_holding_before_too_many_lots(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.strict_lots(), build.max_holding(64))
    for _ in range(64):
        p.ok(build.mint(asset, p.id("bob"), 1), by="brand")
        p.later(DAY)
    return _mint(p, asset, 1)


@scenario("ok")
def lapsed_units_leave_room_below_the_largest_holding(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(1), build.max_holding(10), bob=10)
    p.later(2 * DAY)
    return _mint(p, asset, 10)


@scenario("ok")
def what_a_debt_takes_is_not_held(p: Play) -> Result:
    asset = p.asset(build.debt_floor(5), build.max_holding(10), bob=4)
    p.ok(build.claw_back(asset, p.id("bob"), p.id("brand"), 9), by="brand")
    return _mint(p, asset, 15)


@scenario("max_holding_exceeded", 0)
def one_more_than_what_a_debt_takes(p: Play) -> Result:
    asset = p.asset(build.debt_floor(5), build.max_holding(10), bob=4)
    p.ok(build.claw_back(asset, p.id("bob"), p.id("brand"), 9), by="brand")
    return _mint(p, asset, 16)


@scenario("ok")
def a_debt_is_repaid_by_who_has_too_much(p: Play) -> Result:
    asset = p.asset(build.debt_floor(5), build.max_holding(10))
    p.ok(build.claw_back(asset, p.id("bob"), p.id("brand"), 5), by="brand")
    p.ok(build.mint(asset, p.id("alice"), 10), by="brand")
    _change(p, asset, build.debt_floor(5))
    _moved(p, asset, 7)
    _change(p, asset, build.debt_floor(5), build.max_holding(1))
    return _mint(p, asset, 5)


@scenario("ok")
def the_issuer_may_have_any_number(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), alice=10, brand=50)
    return _transfer(p, asset, 10, to="brand")


@scenario("ok")
def who_gets_the_fee_may_have_any_number(p: Play) -> Result:
    asset = p.asset(build.fee(1, p.id("till")), build.max_holding(10), alice=10, till=50)
    return _transfer(p, asset, 10, to="till")


@scenario("ok")
def a_hold_may_have_any_number(p: Play) -> Result:
    asset = p.asset(alice=10)
    _change(p, asset, build.max_holding(5))
    hold = _hold(p, asset, 10)
    return p.send(build.settle(hold, amount=5), by="alice")


@scenario("max_holding_exceeded", 0)
def a_hold_that_settles_above_the_largest_holding(p: Play) -> Result:
    asset = p.asset(alice=10)
    _change(p, asset, build.max_holding(5))
    hold = _hold(p, asset, 10)
    return p.send(build.settle(hold, amount=6), by="alice")


@scenario("ok")
def what_is_released_may_be_any_number(p: Play) -> Result:
    asset = p.asset(alice=10)
    _change(p, asset, build.max_holding(5))
    hold = _hold(p, asset, 10)
    return p.send(build.release(hold), by="alice")


@scenario("ok")
def what_a_hold_gives_back_to_its_payer_may_be_any_number(p: Play) -> Result:
    asset = p.asset(alice=10)
    _change(p, asset, build.max_holding(5))
    hold = _hold(p, asset, 10, to="alice")
    return p.send(build.settle(hold), by="alice")


@scenario("ok")
def what_is_clawed_back_may_be_any_number(p: Play) -> Result:
    asset = p.asset(build.max_holding(10), alice=10, bob=10)
    return p.send(build.claw_back(asset, p.id("alice"), p.id("bob"), 10), by="brand")


@scenario("ok")
def who_has_too_much_may_pay(p: Play) -> Result:
    asset = p.asset(alice=20)
    _change(p, asset, build.max_holding(10))
    return _transfer(p, asset, 5)


def _redeemed_above(p: Play, *policy: Value, most: int) -> bytes:
    """Bob has 6 and has redeemed 4, and there is a largest holding since."""
    asset = p.asset(*policy, bob=10)
    p.ok(build.redeem(asset, p.id("bob"), p.id("till"), b"o" * 32, 4), by="bob")
    _change(p, asset, *policy, build.max_holding(most))
    return asset


@scenario("max_holding_exceeded", 0)
def a_refund_above_the_largest_holding(p: Play) -> Result:
    asset = _redeemed_above(p, most=9)
    return p.send(build.refund(asset, p.id("bob"), b"o" * 32, 4), by="till")


@scenario("ok")
def a_refund_up_to_the_largest_holding(p: Play) -> Result:
    asset = _redeemed_above(p, build.lots("day"), most=10)
    return p.send(build.refund(asset, p.id("bob"), b"o" * 32, 4), by="till")


@scenario("ok")
def a_refund_that_lapses_is_not_held(p: Play) -> Result:
    policy = build.lots("day"), build.fixed_expiry(1), build.no_reinstatement()
    asset = _redeemed_above(p, *policy, most=1)
    p.later(3 * DAY)
    p.ok(build.mint(asset, p.id("bob"), 1), by="brand")
    return p.send(build.refund(asset, p.id("bob"), b"o" * 32, 4), by="till")


# Attested holders.


def _schema(p: Play) -> bytes:
    p.ok(build.schema(p.id("brand"), "adult", build.kind("nothing")), by="brand")
    return schema_id(p.id("brand"), "adult")


def _attest(p: Play, schema: bytes, *names: str, expires: int | None = None) -> None:
    for name in names:
        said = build.attest(schema, p.id("notary"), p.id(name), build.content("nothing"), expires=expires)
        p.ok(said, by="notary")


def _adults_only(p: Play, *names: str, **balances: int) -> tuple[bytes, bytes]:
    """An asset of which only those of these names may be paid, and the schema of what is attested of them."""
    schema = _schema(p)
    _attest(p, schema, *names)
    asset = p.asset(**balances)
    _change(p, asset, build.attested_holders(schema, p.id("notary")))
    return asset, schema


@scenario("ok")
def a_transfer_to_somebody_attested(p: Play) -> Result:
    asset, _ = _adults_only(p, "bob", alice=5)
    return _transfer(p, asset, 5)


@scenario("unknown_attestation", 0)
def a_transfer_to_somebody_not_attested(p: Play) -> Result:
    asset, _ = _adults_only(p, "alice", alice=5)
    return _transfer(p, asset, 6)


@scenario("unknown_attestation", 0)
def a_transfer_to_somebody_attested_by_another(p: Play) -> Result:
    asset, schema = _adults_only(p, alice=5)
    said = build.attest(schema, p.id("brand"), p.id("bob"), build.content("nothing"))
    p.ok(said, by="brand")
    return _transfer(p, asset, 5)


@scenario("attestation_revoked", 0)
def a_transfer_to_somebody_not_attested_any_more(p: Play) -> Result:
    asset, schema = _adults_only(p, "bob", alice=5)
    p.ok(build.revoke(schema, p.id("notary"), p.id("bob")), by="notary")
    return _transfer(p, asset, 5)


@scenario("ok")
def a_transfer_right_before_an_attestation_expires(p: Play) -> Result:
    asset, schema = _adults_only(p, alice=5)
    _attest(p, schema, "bob", expires=p.world.time + HOUR)
    p.later(HOUR - 1)
    return _transfer(p, asset, 5)


@scenario("attestation_expired", 0)
def a_transfer_when_an_attestation_expires(p: Play) -> Result:
    asset, schema = _adults_only(p, alice=5)
    _attest(p, schema, "bob", expires=p.world.time + HOUR)
    p.later(HOUR)
    return _transfer(p, asset, 5)


@scenario("unknown_attestation", 0)
def a_payment_to_some_not_attested(p: Play) -> Result:
    asset, _ = _adults_only(p, "bob", alice=5)
    return _pay(p, asset, ("bob", 1), ("carol", 1))


@scenario("unknown_attestation", 0)
def a_mint_for_somebody_not_attested(p: Play) -> Result:
    asset, _ = _adults_only(p)
    return _mint(p, asset, 10**9 + 1)


@scenario("ok")
def the_issuer_needs_no_attestation(p: Play) -> Result:
    asset, _ = _adults_only(p, alice=5)
    p.ok(build.mint(asset, p.id("brand"), 1), by="brand")
    return _transfer(p, asset, 5, to="brand")


@scenario("account_frozen", 0)
def a_frozen_payee_before_one_not_attested(p: Play) -> Result:
    asset, _ = _adults_only(p, alice=5)
    p.ok(build.freeze(asset, p.id("bob"), frozen=True), by="brand")
    return _transfer(p, asset, 5)


@scenario("asset_bound", 0)
def a_bound_asset_before_a_payee_not_attested(p: Play) -> Result:
    asset = p.asset(build.bound(), build.attested_holders(bytes(32), p.id("notary")))
    return _transfer(p, asset, 5)


@scenario("programme_account", 0)
def a_programme_account_needs_no_attestation(p: Play) -> Result:
    asset, _ = _adults_only(p, alice=5)
    p.programme("pot")
    return _transfer(p, asset, 5, to="pot")


@scenario("ok")
def a_payee_is_attested_after_the_hold(p: Play) -> Result:
    asset, schema = _adults_only(p, alice=5)
    hold = _hold(p, asset, 5)
    _attest(p, schema, "bob")
    return p.send(build.settle(hold), by="alice")


@scenario("unknown_attestation", 0)
def a_hold_that_settles_to_somebody_not_attested(p: Play) -> Result:
    asset, _ = _adults_only(p, alice=5)
    hold = _hold(p, asset, 5)
    return p.send(build.settle(hold), by="alice")


@scenario("ok")
def a_hold_goes_back_to_somebody_not_attested(p: Play) -> Result:
    asset, _ = _adults_only(p, alice=5)
    hold = _hold(p, asset, 5)
    return p.send(build.release(hold), by="alice")


@scenario("ok")
def a_refund_to_somebody_not_attested(p: Play) -> Result:
    asset, _ = _adults_only(p, alice=5)
    p.ok(build.redeem(asset, p.id("alice"), p.id("till"), b"o" * 32, 4), by="alice")
    return p.send(build.refund(asset, p.id("alice"), b"o" * 32, 4), by="till")


# The fee.


def _with_fee(p: Play, bps: int, *policy: Value, to: str = "till", **balances: int) -> bytes:
    return p.asset(*policy, build.fee(bps, p.id(to)), **balances)


@scenario("ok")
def a_transfer_pays_its_fee(p: Play) -> Result:
    asset = _with_fee(p, 250, alice=1_000)
    _moved(p, asset, 1_000)
    # 975 and 25.
    _moved(p, asset, 25, sender="till", to="carol")
    return _transfer(p, asset, 975, sender="bob", to="till")


@scenario("insufficient_funds", 0)
def what_the_fee_took_is_not_there(p: Play) -> Result:
    asset = _with_fee(p, 250, alice=1_000)
    _moved(p, asset, 1_000)
    return _transfer(p, asset, 976, sender="bob", to="till")


@scenario("insufficient_funds", 0)
def a_fee_is_rounded_down(p: Play) -> Result:
    asset = _with_fee(p, 9_999, alice=1)
    _moved(p, asset, 1)
    return _transfer(p, asset, 1, sender="till", to="bob")


@scenario("insufficient_funds", 0)
def a_fee_may_be_all(p: Play) -> Result:
    asset = _with_fee(p, 10_000, alice=5)
    _moved(p, asset, 5)
    _moved(p, asset, 5, sender="till")
    return _transfer(p, asset, 6, sender="bob", to="till")


@scenario("ok")
def each_payee_has_a_fee_of_its_own(p: Play) -> Result:
    asset = _with_fee(p, 5_000, alice=10)
    assert _pay(p, asset, ("bob", 3), ("carol", 3), ("till", 1), ("brand", 3)) == ("ok", None)
    return _transfer(p, asset, 3, sender="till", to="brand")


@scenario("insufficient_funds", 0)
def the_issuer_pays_no_fee(p: Play) -> Result:
    asset = _with_fee(p, 5_000, brand=10, alice=10)
    _moved(p, asset, 10, sender="brand")
    _moved(p, asset, 10, sender="alice", to="brand")
    return _transfer(p, asset, 1, sender="till")


@scenario("ok")
def a_fee_is_of_the_highest_lots(p: Play) -> Result:
    asset = _with_fee(p, 5_000, build.lots("day"), build.fixed_expiry(1), alice=5)
    p.later(DAY)
    p.ok(build.mint(asset, p.id("alice"), 5), by="brand")
    _moved(p, asset, 10)
    # Those of yesterday are the payee's, and lapse.
    p.later(DAY)
    return p.send(build.sweep(asset, [p.id("bob"), p.id("till")]), by="anybody")


@scenario("ok")
def a_fee_goes_to_a_frozen_account(p: Play) -> Result:
    asset = _with_fee(p, 5_000, alice=10)
    p.ok(build.freeze(asset, p.id("till"), frozen=True), by="brand")
    return _transfer(p, asset, 10)


@scenario("ok")
def a_fee_goes_to_a_programme_account(p: Play) -> Result:
    p.programme("pot")
    asset = _with_fee(p, 5_000, build.inactivity_expiry(1), to="pot", alice=10)
    _moved(p, asset, 10)
    p.later(2 * DAY)
    return p.send(build.sweep(asset, [p.id("bob"), p.id("pot")]), by="anybody")


@scenario("too_many_lots", 0)
def a_fee_of_which_the_lot_is_one_too_many(p: Play) -> Result:
    asset = _with_fee(p, 5_000, build.lots("day"), build.strict_lots())
    for _ in range(64):
        p.ok(build.mint(asset, p.id("till"), 1), by="brand")
        p.later(DAY)
    p.ok(build.mint(asset, p.id("alice"), 2), by="brand")
    return _transfer(p, asset, 2)


@scenario("ok")
def the_largest_holding_counts_what_is_left_of_a_fee(p: Play) -> Result:
    asset = p.asset(build.fee(5_000, p.id("till")), build.max_holding(20), alice=20, bob=10)
    return _transfer(p, asset, 20)


@scenario("max_holding_exceeded", 0)
def more_than_the_largest_holding_is_left_of_a_fee(p: Play) -> Result:
    asset = p.asset(build.fee(5_000, p.id("till")), build.max_holding(20), alice=20, bob=11)
    return _transfer(p, asset, 19)


@scenario("ok")
def a_hold_pays_the_fee_when_it_settles(p: Play) -> Result:
    asset = _with_fee(p, 5_000, alice=10)
    hold = _hold(p, asset, 10)
    p.ok(build.settle(hold, amount=6), by="alice")
    p.ok(build.release(hold), by="alice")
    _moved(p, asset, 3, sender="till", to="brand")
    return _transfer(p, asset, 4, to="brand")


@scenario("insufficient_funds", 0)
def what_comes_back_to_the_payer_costs_no_fee(p: Play) -> Result:
    asset = _with_fee(p, 5_000, alice=10)
    p.ok(build.settle(_hold(p, asset, 10, to="alice")), by="alice")
    return _transfer(p, asset, 1, sender="till")


@scenario("insufficient_funds", 0)
def a_hold_of_the_issuer_pays_no_fee(p: Play) -> Result:
    asset = _with_fee(p, 5_000, brand=10)
    p.ok(build.settle(_hold(p, asset, 10, by="brand")), by="brand")
    return _transfer(p, asset, 1, sender="till")


@scenario("ok")
def other_operations_cost_no_fee(p: Play) -> Result:
    asset = _with_fee(p, 10_000, alice=9)
    p.ok(build.burn(asset, p.id("alice"), 1), by="alice")
    p.ok(build.claw_back(asset, p.id("alice"), p.id("bob"), 4), by="brand")
    p.ok(build.redeem(asset, p.id("alice"), p.id("shop"), b"o" * 32, 4), by="alice")
    p.ok(build.refund(asset, p.id("alice"), b"o" * 32, 4), by="shop")
    p.ok(build.transfer(asset, p.id("alice"), p.id("brand"), 4), by="alice")
    return _transfer(p, asset, 4, sender="bob", to="brand")


# Notice. What is announced is a fee, unless the story says otherwise: then a transfer of 1 to bob of 1 in all shows it.


def _announced(p: Play, *policy: Value, ms: int = HOUR) -> bytes:
    """An asset of which alice has 10, and a fee of all that is announced."""
    asset = p.asset(*policy, build.notice(ms), alice=10)
    _change(p, asset, *policy, build.notice(ms), build.fee(10_000, p.id("till")))
    return asset


def _then_bob_has(p: Play, asset: bytes, amount: int) -> Result:
    """Transfer 1, and say whether bob has so much."""
    _moved(p, asset, 1)
    return _transfer(p, asset, amount, sender="bob", to="brand")


def _in_order(*policy: Value) -> list[Value]:
    return sorted(policy, key=lambda each: TERM_ORDER.index(each.kind))


@scenario("invalid_policy", 0)
def a_notice_of_nothing(p: Play) -> Result:
    return _create(p, build.notice(0))


@scenario("invalid_policy", 0)
def a_notice_that_is_too_long(p: Play) -> Result:
    return _create(p, build.notice(36_525 * DAY + 1))


@scenario("ok")
def a_notice_of_36525_days(p: Play) -> Result:
    return _create(p, build.notice(36_525 * DAY))


@scenario("policy_layout_fixed", 0)
def a_notice_goes(p: Play) -> Result:
    asset = p.asset(build.notice(HOUR))
    return p.send(build.change(asset, policy=[]), by="brand")


@scenario("policy_layout_fixed", 0)
def a_notice_comes(p: Play) -> Result:
    asset = p.asset()
    return p.send(build.change(asset, policy=[build.notice(HOUR)]), by="brand")


@scenario("policy_layout_fixed", 0)
def a_shorter_notice(p: Play) -> Result:
    asset = _announced(p)
    return p.send(build.change(asset, policy=[build.bound(), build.notice(HOUR - 1)]), by="brand")


@scenario("ok")
def an_announced_change_does_not_hold_yet(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR - 1)
    return _then_bob_has(p, asset, 1)


@scenario("insufficient_funds", 0)
def an_announced_change_holds_in_time(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR)
    return _then_bob_has(p, asset, 1)


@scenario("insufficient_funds", 0)
def an_announced_change_holds_after_the_record_was_written(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR)
    p.ok(build.mint(asset, p.id("alice"), 1), by="brand")
    return _then_bob_has(p, asset, 1)


@scenario("insufficient_funds", 0)
def an_announced_change_outlives_what_is_written_before(p: Play) -> Result:
    asset = _announced(p)
    p.ok(build.burn(asset, p.id("alice"), 1), by="alice")
    p.ok(build.pause(asset, paused=True), by="brand")
    p.ok(build.pause(asset, paused=False), by="brand")
    p.ok(build.change(asset, supply_cap=100), by="brand")
    p.ok(build.renounce(asset, "change"), by="brand")
    p.later(HOUR)
    return _then_bob_has(p, asset, 1)


@scenario("insufficient_funds", 0)
def an_announced_change_holds_though_nothing_wrote_it(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR)
    _moved(p, asset, 1)
    p.later(HOUR)
    return _transfer(p, asset, 1, sender="bob", to="brand")


@scenario("ok")
def one_batch_before_and_after_an_announcement_is_due(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR - 1)
    first = p.signed(build.transfer(asset, p.id("alice"), p.id("bob"), 1), by="alice")
    second = p.signed(build.transfer(asset, p.id("alice"), p.id("bob"), 2), by="alice")
    assert p.world.apply(first, second) == [("ok", None)] * 2
    p.later(1)
    third = p.signed(build.transfer(asset, p.id("alice"), p.id("bob"), 3), by="alice")
    fourth = p.signed(build.transfer(asset, p.id("bob"), p.id("brand"), 4), by="bob")
    fifth = p.signed(build.pause(asset, paused=True), build.pause(asset, paused=False), by="brand")
    assert p.world.apply(third, fourth, fifth) == [("ok", None), ("insufficient_funds", 0), ("ok", None)]
    return _transfer(p, asset, 3, sender="bob", to="brand")


@scenario("change_pending", 0)
def a_second_announcement(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR - 1)
    return p.send(build.change(asset, policy=[build.bound(), build.notice(HOUR)]), by="brand")


@scenario("ok")
def a_second_announcement_when_the_first_holds(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR)
    _change(p, asset, build.notice(HOUR), build.fee(10_000, p.id("shop")))
    p.later(HOUR - 1)
    _moved(p, asset, 2)
    return _transfer(p, asset, 2, sender="till", to="brand")


@scenario("policy_layout_fixed", 0)
def the_layout_before_what_is_pending(p: Play) -> Result:
    asset = _announced(p)
    return p.send(build.change(asset, policy=[build.lots("day"), build.notice(HOUR)]), by="brand")


@scenario("supply_cap_raised", 0)
def the_cap_before_what_is_pending(p: Play) -> Result:
    asset = _announced(p)
    return p.send(build.change(asset, 10**9 + 1, [build.bound(), build.notice(HOUR)]), by="brand")


@scenario("power_renounced", 0)
def a_renounced_power_before_what_is_pending(p: Play) -> Result:
    asset = _announced(p)
    p.ok(build.renounce(asset, "change"), by="brand")
    return p.send(build.change(asset, policy=[build.bound(), build.notice(HOUR)]), by="brand")


@scenario("ok")
def an_announcement_is_withdrawn(p: Play) -> Result:
    asset = _announced(p)
    _change(p, asset, build.notice(HOUR))
    p.later(HOUR)
    return _then_bob_has(p, asset, 1)


@scenario("ok")
def an_announcement_is_withdrawn_and_another_made(p: Play) -> Result:
    asset = _announced(p)
    p.later(HOUR - 1)
    _change(p, asset, build.notice(HOUR))
    _change(p, asset, build.notice(HOUR), build.fee(10_000, p.id("till")))
    p.later(HOUR - 1)
    return _then_bob_has(p, asset, 1)


@scenario("insufficient_funds", 0)
def a_longer_notice_holds_at_once(p: Play) -> Result:
    asset = p.asset(build.notice(HOUR), alice=10)
    _change(p, asset, build.notice(2 * HOUR))
    _change(p, asset, build.notice(2 * HOUR), build.fee(10_000, p.id("till")))
    p.later(2 * HOUR - 1)
    _moved(p, asset, 1)
    p.later(1)
    _moved(p, asset, 1)
    return _transfer(p, asset, 2, sender="bob", to="brand")


@scenario("ok")
def a_cap_is_lowered_at_once(p: Play) -> Result:
    asset = p.asset(build.notice(HOUR))
    p.ok(build.change(asset, 10, [build.notice(HOUR), build.max_holding(5)]), by="brand")
    return _mint(p, asset, 10)


@scenario("supply_cap_exceeded", 0)
def a_cap_that_was_lowered_with_an_announcement(p: Play) -> Result:
    asset = p.asset(build.notice(HOUR))
    p.ok(build.change(asset, 10, [build.notice(HOUR), build.max_holding(5)]), by="brand")
    return _mint(p, asset, 11)


@scenario("ok")
def expiry_is_shortened_in_time(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(9), build.notice(DAY), alice=5)
    _change(p, asset, build.lots("day"), build.fixed_expiry(1), build.notice(DAY))
    p.later(DAY - 1)
    _moved(p, asset, 5)
    p.later(DAY)
    return p.send(build.sweep(asset, [p.id("bob")]), by="anybody")


_LOTS = [build.lots("day"), build.fixed_expiry(5), build.inactivity_expiry(5)]
_EVERY: list[Value] = [
    *_LOTS,
    build.debt_floor(5),
    build.fee(5, b"t" * 32),
    build.max_holding(5),
    build.attested_holders(bytes(32), bytes(32)),
]


def _with(*changed: Value) -> list[Value]:
    """Every term, but for these."""
    return [*(each for each in _EVERY if each.kind not in {other.kind for other in changed}), *changed]


@scenario("ok")
def every_change_for_the_better(p: Play) -> Result:
    better = [
        _EVERY,
        _with(build.fixed_expiry(6)),
        _with(build.inactivity_expiry(6)),
        _with(build.debt_floor(4)),
        _with(build.fee(4, b"t" * 32)),
        _with(build.max_holding(6)),
        _LOTS,
    ]
    for number, terms in enumerate(better):
        asset = p.asset(*_in_order(build.notice(HOUR), *_EVERY), symbol=f"A{number}")
        p.ok(build.change(asset, policy=_in_order(build.notice(HOUR), build.bound(), *_EVERY)), by="brand")
        p.ok(build.change(asset, policy=_in_order(build.notice(HOUR), *terms)), by="brand")
        # Nothing is pending any more.
        p.ok(build.change(asset, policy=_in_order(build.notice(HOUR), build.bound(), *terms)), by="brand")
    own = [build.bound(), build.strict_lots(), build.no_reinstatement()]
    asset = p.asset(*_in_order(build.notice(HOUR), *own, *_LOTS), symbol="OWN")
    p.ok(build.change(asset, policy=_in_order(build.notice(HOUR), *own, *_EVERY)), by="brand")
    return p.send(build.change(asset, policy=_in_order(build.notice(HOUR), *_LOTS)), by="brand")


@scenario("change_pending", 0)
def every_change_for_the_worse(p: Play) -> Result:
    worse = [
        _with(build.fixed_expiry(4)),
        _with(build.inactivity_expiry(4)),
        _with(build.debt_floor(6)),
        _with(build.fee(6, b"t" * 32)),
        _with(build.fee(4, b"u" * 32)),
        _with(build.max_holding(4)),
        _with(build.attested_holders(b"a" * 32, bytes(32))),
        _with(build.attested_holders(bytes(32), b"a" * 32)),
        _with(build.strict_lots()),
        _with(build.no_reinstatement()),
        # One that is for the better makes up for nothing.
        _with(build.max_holding(4), build.fixed_expiry(6), build.fee(1, b"t" * 32)),
    ]
    asset = p.asset(*_in_order(build.notice(HOUR), *_EVERY))
    p.ok(build.change(asset, policy=_in_order(build.notice(HOUR), build.bound(), *_EVERY)), by="brand")
    for terms in worse:
        result = p.send(build.change(asset, policy=_in_order(build.notice(HOUR), *terms)), by="brand")
        assert result == ("change_pending", 0)
    asset = p.asset(*_in_order(build.notice(HOUR), *_LOTS), symbol="LESS")
    p.ok(build.change(asset, policy=_in_order(build.notice(HOUR), build.bound(), *_LOTS)), by="brand")
    for came in _EVERY[3:]:
        result = p.send(build.change(asset, policy=_in_order(build.notice(HOUR), came, *_LOTS)), by="brand")
        assert result == ("change_pending", 0)
    return p.send(build.change(asset, policy=_in_order(build.notice(HOUR + 1), build.bound(), *_LOTS)), by="brand")


# Sunset.


def _ending(p: Play, *policy: Value, **balances: int) -> bytes:
    """An asset that ends in an hour, which is as soon as it may."""
    asset = p.asset(*_in_order(build.sunset_notice(HOUR), *policy), **balances)
    p.ok(build.sunset(asset, p.world.time + HOUR), by="brand")
    return asset


def _ended(p: Play, *policy: Value, **balances: int) -> bytes:
    asset = _ending(p, *policy, **balances)
    p.later(HOUR)
    return asset


def _sunset(p: Play, asset: bytes, ahead: int, by: str = "brand") -> Result:
    return p.send(build.sunset(asset, p.world.time + ahead), by=by)


@scenario("invalid_policy", 0)
def a_sunset_notice_of_nothing(p: Play) -> Result:
    return _create(p, build.sunset_notice(0))


@scenario("invalid_policy", 0)
def a_sunset_notice_that_is_too_long(p: Play) -> Result:
    return _create(p, build.sunset_notice(36_525 * DAY + 1))


@scenario("policy_layout_fixed", 0)
def a_sunset_term_comes(p: Play) -> Result:
    asset = p.asset()
    return p.send(build.change(asset, policy=[build.sunset_notice(HOUR)]), by="brand")


@scenario("policy_layout_fixed", 0)
def a_sunset_term_goes(p: Play) -> Result:
    asset = p.asset(build.sunset_notice(HOUR))
    return p.send(build.change(asset, policy=[]), by="brand")


@scenario("policy_layout_fixed", 0)
def a_shorter_sunset_notice(p: Play) -> Result:
    asset = p.asset(build.sunset_notice(HOUR))
    return p.send(build.change(asset, policy=[build.sunset_notice(HOUR - 1)]), by="brand")


@scenario("sunset_too_soon", 0)
def a_longer_sunset_notice_holds_at_once(p: Play) -> Result:
    asset = p.asset(build.notice(HOUR), build.sunset_notice(HOUR))
    _change(p, asset, build.notice(HOUR), build.sunset_notice(HOUR + 1))
    return _sunset(p, asset, HOUR)


@scenario("unknown_asset", 0)
def a_sunset_of_no_asset(p: Play) -> Result:
    return _sunset(p, bytes(32), HOUR)


@scenario("power_renounced", 0)
def a_sunset_by_nobody(p: Play) -> Result:
    asset = p.asset(build.sunset_notice(HOUR))
    p.ok(build.renounce(asset, "change"), by="brand")
    return _sunset(p, asset, HOUR)


@scenario("unauthorized", 0)
def a_sunset_by_another(p: Play) -> Result:
    return _sunset(p, p.asset(), HOUR, by="alice")


@scenario("no_sunset", 0)
def a_sunset_that_the_policy_does_not_know(p: Play) -> Result:
    return p.send(build.sunset(p.asset(), 0), by="brand")


@scenario("ok")
def a_sunset_as_soon_as_may_be(p: Play) -> Result:
    return _sunset(p, p.asset(build.sunset_notice(HOUR)), HOUR)


@scenario("sunset_too_soon", 0)
def a_sunset_too_soon(p: Play) -> Result:
    return _sunset(p, p.asset(build.sunset_notice(HOUR)), HOUR - 1)


@scenario("ok")
def a_sunset_is_postponed(p: Play) -> Result:
    return _sunset(p, _ending(p), HOUR + 1)


@scenario("sunset_too_soon", 0)
def a_sunset_is_brought_forward(p: Play) -> Result:
    asset = p.asset(build.sunset_notice(HOUR))
    p.ok(build.sunset(asset, p.world.time + 3 * HOUR), by="brand")
    return _sunset(p, asset, 3 * HOUR - 1)


@scenario("sunset_too_soon", 0)
def a_sunset_is_postponed_to_within_its_notice(p: Play) -> Result:
    asset = _ending(p)
    p.later(2)
    return _sunset(p, asset, HOUR - 1)


@scenario("unchanged", 0)
def the_same_sunset_again(p: Play) -> Result:
    return _sunset(p, _ending(p), HOUR)


@scenario("unchanged", 0)
def no_sunset_to_withdraw(p: Play) -> Result:
    return p.send(build.sunset(p.asset(build.sunset_notice(HOUR)), 0), by="brand")


@scenario("ok")
def a_sunset_is_withdrawn(p: Play) -> Result:
    asset = _ending(p, alice=5)
    p.later(HOUR - 1)
    p.ok(build.sunset(asset, 0), by="brand")
    p.later(1)
    return _transfer(p, asset, 5)


@scenario("asset_sunset", 0)
def a_sunset_is_withdrawn_too_late(p: Play) -> Result:
    return p.send(build.sunset(_ended(p), 0), by="brand")


@scenario("asset_sunset", 0)
def a_sunset_is_postponed_too_late(p: Play) -> Result:
    return _sunset(p, _ended(p), 0)


@scenario("ok")
def everything_goes_on_right_before_the_sunset(p: Play) -> Result:
    asset = _ending(p, alice=5)
    p.later(HOUR - 1)
    p.ok(build.mint(asset, p.id("alice"), 1), by="brand")
    hold = _hold(p, asset, 3)
    p.ok(build.settle(hold), by="alice")
    return _transfer(p, asset, 3)


@scenario("insufficient_funds", 0)
def nothing_is_left_after_the_sunset(p: Play) -> Result:
    return _transfer(p, _ended(p, alice=5), 1)


@scenario("insufficient_funds", 0)
def nothing_is_redeemed_after_the_sunset(p: Play) -> Result:
    asset = _ended(p, alice=5)
    return p.send(build.redeem(asset, p.id("alice"), p.id("till"), b"o" * 32, 1), by="alice")


@scenario("asset_sunset", 0)
def a_mint_after_the_sunset(p: Play) -> Result:
    asset = _ended(p)
    p.ok(build.freeze(asset, p.id("bob"), frozen=True), by="brand")
    return _mint(p, asset, 10)


@scenario("unauthorized", 0)
def authority_before_the_sunset(p: Play) -> Result:
    return p.send(build.mint(_ended(p), p.id("bob"), 1), by="bob")


@scenario("asset_paused", 0)
def a_pause_before_the_sunset(p: Play) -> Result:
    asset = _ended(p)
    p.ok(build.pause(asset, paused=True), by="brand")
    return _mint(p, asset, 10)


@scenario("asset_sunset", 0)
def a_hold_after_the_sunset(p: Play) -> Result:
    asset = _ended(p, alice=5)
    terms = build.terms(build.by_payer(), [], p.world.time)
    return p.send(build.hold(p.id("alice"), SALT, asset, 1, terms), by="alice")


@scenario("asset_sunset", 0)
def a_group_after_the_sunset(p: Play) -> Result:
    asset = _ended(p)
    terms = build.terms(build.by_payer(), [], p.world.time)
    return p.send(build.open_group(p.id("alice"), SALT, asset, p.world.time, terms), by="alice")


@scenario("hold_closed", 0)
def a_hold_is_empty_after_the_sunset(p: Play) -> Result:
    asset = _ending(p, alice=5)
    hold = _hold(p, asset, 5)
    p.later(HOUR)
    return p.send(build.release(hold), by="alice")


@scenario("not_expiring", 0)
def a_sweep_right_before_the_sunset(p: Play) -> Result:
    asset = _ending(p, alice=5)
    p.later(HOUR - 1)
    return p.send(build.sweep(asset, [p.id("alice")]), by="anybody")


@scenario("ok")
def a_sweep_at_the_sunset(p: Play) -> Result:
    asset = _ending(p, alice=5, bob=3)
    hold = _hold(p, asset, 5)
    p.later(HOUR)
    p.ok(build.sweep(asset, [p.id("alice"), hold]), by="anybody")
    return p.send(build.sweep(asset, [p.id("bob"), hold]), by="anybody")


@scenario("ok")
def lots_lapse_at_the_sunset(p: Play) -> Result:
    policy = build.lots("day"), build.fixed_expiry(1), build.inactivity_expiry(30)
    asset = p.asset(*policy, build.sunset_notice(HOUR), alice=5)
    p.later(DAY)
    p.ok(build.mint(asset, p.id("alice"), 5), by="brand")
    hold = _hold(p, asset, 2)
    p.ok(build.sunset(asset, p.world.time + HOUR), by="brand")
    p.later(HOUR)
    return p.send(build.sweep(asset, [p.id("alice"), hold]), by="anybody")


@scenario("ok")
def a_debt_after_the_sunset(p: Play) -> Result:
    asset = _ended(p, build.debt_floor(5), alice=5)
    return p.send(build.claw_back(asset, p.id("alice"), p.id("brand"), 5), by="brand")


@scenario("insufficient_funds", 0)
def what_is_refunded_after_the_sunset_lapses(p: Play) -> Result:
    asset = _ending(p, alice=5)
    p.ok(build.redeem(asset, p.id("alice"), p.id("till"), b"o" * 32, 4), by="alice")
    p.later(HOUR)
    p.ok(build.refund(asset, p.id("alice"), b"o" * 32, 4), by="till")
    return _transfer(p, asset, 1)
