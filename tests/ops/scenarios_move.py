"""Scenarios of family 3, move."""

from __future__ import annotations

from tests.model import build
from tests.ops.play import DAY, HOUR, Play, Result, scenario

MAX = 10**38 - 1
NO_ASSET = bytes(32)


def _transfer(p: Play, asset: bytes, amount: int, sender: str = "alice", to: str = "bob", by: str = "") -> Result:
    return p.send(build.transfer(asset, p.id(sender), p.id(to), amount), by=by or sender)


def _pay(p: Play, asset: bytes, by: str = "alice", **payees: int) -> Result:
    listed = [build.payee(p.id(name), amount) for name, amount in payees.items()]
    return p.send(build.pay(asset, p.id("alice"), listed), by=by)


def _mint(p: Play, asset: bytes, amount: int, to: str = "alice", by: str = "brand") -> Result:
    return p.send(build.mint(asset, p.id(to), amount), by=by)


def _burn(p: Play, asset: bytes, amount: int, sender: str = "alice", by: str = "") -> Result:
    return p.send(build.burn(asset, p.id(sender), amount), by=by or sender)


def _claw_back(
    p: Play, asset: bytes, amount: int, sender: str = "alice", to: str = "brand", by: str = "brand"
) -> Result:
    return p.send(build.claw_back(asset, p.id(sender), p.id(to), amount), by=by)


def _sweep(p: Play, asset: bytes, *names: str) -> Result:
    return p.send(build.sweep(asset, [p.id(name) for name in names]), by="anybody")


def _freeze(p: Play, asset: bytes, name: str) -> None:
    p.ok(build.freeze(asset, p.id(name), frozen=True), by="brand")


def _pause(p: Play, asset: bytes) -> None:
    p.ok(build.pause(asset, paused=True), by="brand")


def _everything_renounced(p: Play, **balances: int) -> bytes:
    asset = p.asset(**balances)
    powers = ("mint", "freeze", "pause", "claw_back", "change")
    p.ok(*[build.renounce(asset, power) for power in powers], by="brand")
    return asset


# Fields.


@scenario("no_payee", 0)
def a_payment_to_nobody(p: Play) -> Result:
    return _pay(p, NO_ASSET, by="bob")


@scenario("no_account", 0)
def a_sweep_of_nobody(p: Play) -> Result:
    return _sweep(p, NO_ASSET)


@scenario("zero_amount", 0)
def a_transfer_of_nothing(p: Play) -> Result:
    return _transfer(p, NO_ASSET, 0, to="alice")


@scenario("zero_amount", 0)
def a_payment_of_nothing(p: Play) -> Result:
    return _pay(p, NO_ASSET, bob=MAX, alice=MAX, carol=0, dave=MAX + 1)


@scenario("zero_amount", 0)
def a_mint_of_nothing(p: Play) -> Result:
    return _mint(p, NO_ASSET, 0)


@scenario("zero_amount", 0)
def a_burn_of_nothing(p: Play) -> Result:
    return _burn(p, NO_ASSET, 0)


@scenario("zero_amount", 0)
def a_claw_back_of_nothing(p: Play) -> Result:
    return _claw_back(p, NO_ASSET, 0, to="alice")


@scenario("amount_too_large", 0)
def a_transfer_of_10_to_the_38(p: Play) -> Result:
    return _transfer(p, NO_ASSET, MAX + 1, to="alice")


@scenario("amount_too_large", 0)
def a_payment_with_an_amount_too_large(p: Play) -> Result:
    return _pay(p, NO_ASSET, bob=MAX + 1, carol=0)


@scenario("amount_too_large", 0)
def a_payment_of_a_total_too_large(p: Play) -> Result:
    return _pay(p, NO_ASSET, bob=MAX, alice=1)


@scenario("amount_too_large", 0)
def a_payment_of_a_total_over_128_bits(p: Play) -> Result:
    return _pay(p, NO_ASSET, **{f"payee{n}": MAX for n in range(4)})


@scenario("amount_too_large", 0)
def a_mint_too_large(p: Play) -> Result:
    return _mint(p, NO_ASSET, 2**128 - 1)


@scenario("amount_too_large", 0)
def a_burn_too_large(p: Play) -> Result:
    return _burn(p, NO_ASSET, MAX + 1)


@scenario("amount_too_large", 0)
def a_claw_back_too_large(p: Play) -> Result:
    return _claw_back(p, NO_ASSET, MAX + 1, to="alice")


@scenario("same_account", 0)
def a_transfer_to_oneself(p: Play) -> Result:
    return _transfer(p, NO_ASSET, 1, to="alice", by="bob")


@scenario("same_account", 0)
def a_payment_that_comes_back(p: Play) -> Result:
    return _pay(p, NO_ASSET, bob=1, alice=1)


@scenario("same_account", 0)
def a_claw_back_that_comes_back(p: Play) -> Result:
    return _claw_back(p, NO_ASSET, 1, to="alice")


# State, in order: the asset, the power, the authority.


@scenario("unknown_asset", 0)
def a_transfer_of_no_asset(p: Play) -> Result:
    return _transfer(p, NO_ASSET, 1, by="bob")


@scenario("unknown_asset", 0)
def a_payment_of_no_asset(p: Play) -> Result:
    return _pay(p, NO_ASSET, by="bob", bob=1)


@scenario("unknown_asset", 0)
def a_mint_of_no_asset(p: Play) -> Result:
    return _mint(p, NO_ASSET, 1)


@scenario("unknown_asset", 0)
def a_burn_of_no_asset(p: Play) -> Result:
    return _burn(p, NO_ASSET, 1, by="bob")


@scenario("unknown_asset", 0)
def a_claw_back_of_no_asset(p: Play) -> Result:
    return _claw_back(p, NO_ASSET, 1)


@scenario("unknown_asset", 0)
def a_sweep_of_no_asset(p: Play) -> Result:
    return _sweep(p, NO_ASSET, "alice")


@scenario("power_renounced", 0)
def a_mint_without_the_power(p: Play) -> Result:
    return _mint(p, _everything_renounced(p), 1, by="bob")


@scenario("power_renounced", 0)
def a_claw_back_without_the_power(p: Play) -> Result:
    return _claw_back(p, _everything_renounced(p), 1, by="bob")


@scenario("ok")
def what_needs_no_power(p: Play) -> Result:
    asset = _everything_renounced(p, alice=10)
    assert _pay(p, asset, bob=2, carol=3) == ("ok", None)
    assert _transfer(p, asset, 4) == ("ok", None)
    return _burn(p, asset, 1)


@scenario("unauthorized", 0)
def a_transfer_by_another(p: Play) -> Result:
    asset = p.asset(alice=1)
    _pause(p, asset)
    return _transfer(p, asset, 1, by="bob")


@scenario("unauthorized", 0)
def a_mint_by_another(p: Play) -> Result:
    return _mint(p, p.asset(), 1, by="alice")


@scenario("unauthorized", 0)
def a_burn_by_the_issuer(p: Play) -> Result:
    return _burn(p, p.asset(alice=1), 1, by="brand")


@scenario("unauthorized", 0)
def a_claw_back_by_another(p: Play) -> Result:
    return _claw_back(p, p.asset(alice=1), 1, by="alice")


# Paused, frozen, bound.


@scenario("asset_paused", 0)
def a_transfer_while_paused(p: Play) -> Result:
    asset = p.asset(alice=1)
    _freeze(p, asset, "alice")
    _pause(p, asset)
    return _transfer(p, asset, 1)


@scenario("asset_paused", 0)
def a_payment_while_paused(p: Play) -> Result:
    asset = p.asset(alice=1)
    _pause(p, asset)
    return _pay(p, asset, bob=1)


@scenario("asset_paused", 0)
def a_mint_while_paused(p: Play) -> Result:
    asset = p.asset()
    _pause(p, asset)
    return _mint(p, asset, 1)


@scenario("asset_paused", 0)
def a_burn_while_paused(p: Play) -> Result:
    asset = p.asset(alice=1)
    _pause(p, asset)
    return _burn(p, asset, 1)


@scenario("ok")
def a_claw_back_while_paused(p: Play) -> Result:
    asset = p.asset(alice=1)
    _pause(p, asset)
    return _claw_back(p, asset, 1)


@scenario("ok")
def a_sweep_while_paused(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(1), alice=1)
    _pause(p, asset)
    p.later(DAY)
    return _sweep(p, asset, "alice")


@scenario("mandate_spent", 0)
def the_mandate_is_looked_at_before_the_pause(p: Play) -> Result:
    asset = p.asset(alice=10)
    p.ok(
        build.mandate(p.id("alice"), p.id("agent"), asset, build.limit([0x30], 5, HOUR, p.world.time + DAY)), by="alice"
    )
    _pause(p, asset)
    return _transfer(p, asset, 6, by="agent")


@scenario("account_frozen", 0)
def a_transfer_from_a_frozen_account(p: Play) -> Result:
    asset = p.asset(build.bound())
    _freeze(p, asset, "alice")
    return _transfer(p, asset, 1)


@scenario("account_frozen", 0)
def a_transfer_to_a_frozen_account(p: Play) -> Result:
    asset = p.asset(build.bound())
    _freeze(p, asset, "bob")
    return _transfer(p, asset, 1)


@scenario("account_frozen", 0)
def a_payment_to_a_frozen_account(p: Play) -> Result:
    asset = p.asset(alice=10)
    _freeze(p, asset, "carol")
    return _pay(p, asset, bob=100, carol=1)


@scenario("asset_bound", 0)
def the_payees_are_looked_at_one_after_the_other(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=10)
    _freeze(p, asset, "carol")
    return _pay(p, asset, bob=1, carol=1)


@scenario("account_frozen", 0)
def the_payees_are_looked_at_in_their_order(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=10)
    _freeze(p, asset, "carol")
    return _pay(p, asset, carol=1, bob=1)


@scenario("account_frozen", 0)
def a_mint_to_a_frozen_account(p: Play) -> Result:
    asset = p.asset(supply_cap=1)
    _freeze(p, asset, "alice")
    return _mint(p, asset, 2)


@scenario("account_frozen", 0)
def a_burn_by_a_frozen_account(p: Play) -> Result:
    asset = p.asset()
    _freeze(p, asset, "alice")
    return _burn(p, asset, 1)


@scenario("ok")
def a_claw_back_from_a_frozen_account(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=1)
    _freeze(p, asset, "alice")
    return _claw_back(p, asset, 1, to="bob")


@scenario("account_frozen", 0)
def a_claw_back_to_a_frozen_account(p: Play) -> Result:
    asset = p.asset()
    _freeze(p, asset, "brand")
    return _claw_back(p, asset, 1)


@scenario("ok")
def a_sweep_of_a_frozen_account(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(1), alice=1)
    _freeze(p, asset, "alice")
    p.later(DAY)
    return _sweep(p, asset, "alice")


@scenario("asset_bound", 0)
def a_bound_asset_between_others(p: Play) -> Result:
    return _transfer(p, p.asset(build.bound(), alice=1), 2)


@scenario("asset_bound", 0)
def a_bound_asset_paid_to_the_issuer_and_another(p: Play) -> Result:
    return _pay(p, p.asset(build.bound(), alice=2), brand=1, bob=1)


@scenario("ok")
def a_bound_asset_from_and_to_its_issuer(p: Play) -> Result:
    asset = p.asset(build.bound(), brand=10)
    assert _transfer(p, asset, 9, sender="brand", to="alice") == ("ok", None)
    assert _transfer(p, asset, 3, to="brand") == ("ok", None)
    assert _pay(p, asset, brand=1) == ("ok", None)
    assert _claw_back(p, asset, 1, to="bob") == ("ok", None)
    return _burn(p, asset, 1, sender="bob")


# Programme accounts.


@scenario("programme_account", 0)
def a_transfer_to_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _transfer(p, p.asset(), 1, to="pool")


@scenario("asset_bound", 0)
def a_bound_asset_to_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _transfer(p, p.asset(build.bound()), 1, to="pool")


@scenario("programme_account", 0)
def a_payment_to_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    asset = p.asset(alice=2)
    _freeze(p, asset, "carol")
    return _pay(p, asset, bob=1, pool=1, carol=1)


@scenario("programme_account", 0)
def a_mint_to_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _mint(p, p.asset(supply_cap=1), 2, to="pool")


@scenario("unauthorized", 0)
def a_transfer_from_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _transfer(p, p.asset(), 1, sender="pool", by="alice")


@scenario("programme_account", 0)
def a_claw_back_from_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _claw_back(p, p.asset(), 1, sender="pool")


@scenario("account_frozen", 0)
def a_claw_back_from_a_programme_account_to_a_frozen_one(p: Play) -> Result:
    p.programme("pool")
    asset = p.asset()
    _freeze(p, asset, "brand")
    return _claw_back(p, asset, 1, sender="pool")


@scenario("programme_account", 0)
def a_claw_back_to_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _claw_back(p, p.asset(), 1, to="pool")


@scenario("ok")
def a_sweep_of_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _sweep(p, p.asset(build.inactivity_expiry(1)), "alice", "pool")


@scenario("not_expiring", 0)
def a_sweep_of_a_programme_account_where_nothing_expires(p: Play) -> Result:
    p.programme("pool")
    return _sweep(p, p.asset(), "pool")


# Funds and caps.


@scenario("insufficient_funds", 0)
def a_transfer_of_one_too_many(p: Play) -> Result:
    return _transfer(p, p.asset(alice=10), 11)


@scenario("insufficient_funds", 0)
def a_transfer_from_an_empty_account(p: Play) -> Result:
    return _transfer(p, p.asset(), 1)


@scenario("insufficient_funds", 1)
def a_transfer_of_what_has_just_gone(p: Play) -> Result:
    asset = p.asset(alice=10)
    return p.send(*[build.transfer(asset, p.id("alice"), p.id("bob"), 6)] * 2, by="alice")


@scenario("insufficient_funds", 0)
def a_payment_of_one_too_many_in_all(p: Play) -> Result:
    return _pay(p, p.asset(alice=10), bob=5, carol=6)


@scenario("insufficient_funds", 0)
def a_burn_of_one_too_many(p: Play) -> Result:
    return _burn(p, p.asset(alice=10), 11)


@scenario("insufficient_funds", 0)
def a_claw_back_of_one_too_many(p: Play) -> Result:
    return _claw_back(p, p.asset(alice=10), 11)


@scenario("ok")
def everything_moves(p: Play) -> Result:
    return _transfer(p, p.asset(alice=10), 10)


@scenario("ok")
def a_payee_twice(p: Play) -> Result:
    asset = p.asset(alice=10)
    return p.send(build.pay(asset, p.id("alice"), [build.payee(p.id("bob"), 5)] * 2), by="alice")


@scenario("ok")
def all_the_units_there_can_be(p: Play) -> Result:
    asset = p.asset(build.lots("day"), supply_cap=MAX)
    assert _mint(p, asset, MAX) == ("ok", None)
    assert _transfer(p, asset, MAX) == ("ok", None)
    assert _burn(p, asset, MAX, sender="bob") == ("ok", None)
    return _mint(p, asset, MAX)


@scenario("supply_cap_exceeded", 0)
def one_over_the_cap(p: Play) -> Result:
    return _mint(p, p.asset(supply_cap=10, bob=10), 1)


@scenario("supply_cap_exceeded", 1)
def one_over_the_cap_in_a_transaction(p: Play) -> Result:
    asset = p.asset(supply_cap=10)
    return p.send(*[build.mint(asset, p.id("alice"), 6)] * 2, by="brand")


@scenario("ok")
def what_was_burned_can_be_minted_again(p: Play) -> Result:
    asset = p.asset(supply_cap=10, alice=10)
    assert _burn(p, asset, 4) == ("ok", None)
    return _mint(p, asset, 4)


@scenario("ok")
def what_lapses_at_the_payee_makes_room(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(1), supply_cap=10, alice=10)
    p.later(DAY)
    return _mint(p, asset, 10)


@scenario("supply_cap_exceeded", 0)
def what_lapses_elsewhere_makes_no_room_before_a_sweep(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(1), supply_cap=10, bob=10)
    p.later(DAY)
    return _mint(p, asset, 1)


@scenario("amount_too_large", 6)
def minted_more_than_can_be_counted(p: Play) -> Result:
    asset = p.asset(supply_cap=MAX)
    mint, burn = build.mint(asset, p.id("alice"), MAX), build.burn(asset, p.id("alice"), MAX)
    return p.send(mint, burn, mint, burn, mint, burn, mint, by="brand alice")


@scenario("ok")
def minted_as_much_as_can_be_counted(p: Play) -> Result:
    asset = p.asset(build.lots("day"), supply_cap=MAX)
    mint, burn = build.mint(asset, p.id("alice"), MAX), build.burn(asset, p.id("alice"), MAX)
    rest = build.mint(asset, p.id("alice"), 2**128 - 1 - 3 * MAX)
    return p.send(mint, burn, mint, burn, mint, burn, rest, by="brand alice")


@scenario("amount_too_large", 3)
def clawed_back_more_than_can_be_counted(p: Play) -> Result:
    asset = p.asset(build.lots("day"), supply_cap=MAX, alice=MAX)
    there = build.claw_back(asset, p.id("alice"), p.id("bob"), MAX)
    back = build.claw_back(asset, p.id("bob"), p.id("alice"), MAX)
    return p.send(there, back, there, back, by="brand")


# Expiry. Every scenario begins at noon of 2019-12-31.


@scenario("ok")
def the_last_day_of_a_day_lot(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(1), alice=10)
    p.later(12 * HOUR + DAY - 1)
    return _transfer(p, asset, 10)


@scenario("insufficient_funds", 0)
def a_day_lot_lapses_at_midnight(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(1), alice=10)
    p.later(12 * HOUR + DAY)
    return _transfer(p, asset, 10)


@scenario("ok")
def the_last_day_of_a_month_lot(p: Play) -> Result:
    asset = p.asset(build.lots("month"), build.fixed_expiry(1))
    p.later(12 * HOUR)
    assert _mint(p, asset, 10) == ("ok", None)
    p.later(32 * DAY - 1)
    return _transfer(p, asset, 10)


@scenario("insufficient_funds", 0)
def a_month_lot_lapses_at_midnight(p: Play) -> Result:
    asset = p.asset(build.lots("month"), build.fixed_expiry(1))
    p.later(12 * HOUR)
    assert _mint(p, asset, 10) == ("ok", None)
    p.later(32 * DAY)
    return _transfer(p, asset, 10)


@scenario("insufficient_funds", 0)
def only_the_lapsed_lot_is_gone(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(3), alice=10)
    p.later(2 * DAY)
    assert _mint(p, asset, 5) == ("ok", None)
    p.later(2 * DAY)
    assert _transfer(p, asset, 5) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("ok")
def the_lowest_lot_goes_first(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(3), alice=10)
    p.later(2 * DAY)
    assert _mint(p, asset, 5) == ("ok", None)
    assert _transfer(p, asset, 10) == ("ok", None)
    p.later(2 * DAY)
    return _transfer(p, asset, 5)


@scenario("insufficient_funds", 0)
def units_keep_their_lot_when_they_move(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(3), alice=10)
    p.later(3 * DAY)
    assert _transfer(p, asset, 10) == ("ok", None)
    p.later(DAY)
    return _transfer(p, asset, 10, sender="bob", to="alice")


@scenario("insufficient_funds", 0)
def a_balance_falls_asleep(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    p.later(12 * HOUR + DAY)
    return _transfer(p, asset, 1)


@scenario("ok")
def the_last_moment_awake(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    p.later(12 * HOUR + DAY - 1)
    return _transfer(p, asset, 1)


@scenario("ok")
def paying_keeps_awake(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    for _ in range(3):
        p.later(DAY)
        assert _transfer(p, asset, 1) == ("ok", None)
    return _transfer(p, asset, 7)


@scenario("ok")
def being_paid_keeps_awake(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    for _ in range(3):
        p.later(DAY)
        assert _mint(p, asset, 1) == ("ok", None)
    return _transfer(p, asset, 13)


@scenario("insufficient_funds", 0)
def receiving_never_revives(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    p.later(2 * DAY)
    assert _mint(p, asset, 1) == ("ok", None)
    return _transfer(p, asset, 2)


@scenario("insufficient_funds", 0)
def a_claw_back_does_not_keep_awake(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    p.later(DAY)
    assert _claw_back(p, asset, 1) == ("ok", None)
    p.later(DAY)
    return _transfer(p, asset, 1)


@scenario("ok")
def a_claw_back_keeps_its_payee_awake(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10, brand=1)
    p.later(DAY)
    assert _claw_back(p, asset, 1) == ("ok", None)
    p.later(DAY)
    return _transfer(p, asset, 2, sender="brand")


@scenario("insufficient_funds", 0)
def what_was_clawed_back_lapses_with_its_lot(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(2), alice=10)
    p.later(2 * DAY)
    assert _claw_back(p, asset, 10) == ("ok", None)
    p.later(DAY)
    return _burn(p, asset, 1, sender="brand")


@scenario("insufficient_funds", 0)
def the_earlier_of_two_expiries(p: Play) -> Result:
    asset = p.asset(build.lots("month"), build.fixed_expiry(300), build.inactivity_expiry(9), alice=10)
    p.later(9 * DAY)
    return _transfer(p, asset, 1)


@scenario("ok")
def a_sweep_where_nothing_lapsed(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(1), alice=10)
    return _sweep(p, asset, "alice", "nobody", "alice")


@scenario("ok")
def a_sweep_makes_room(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(1), supply_cap=10, alice=4, bob=6)
    p.later(2 * DAY)
    assert _sweep(p, asset, "bob", "alice") == ("ok", None)
    return _mint(p, asset, 10)


@scenario("not_expiring", 0)
def a_sweep_of_an_asset_that_does_not_expire(p: Play) -> Result:
    return _sweep(p, p.asset(build.lots("day"), alice=1), "alice")


@scenario("ok")
def more_days_come_before_the_lapsed_units_are_removed(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    p.later(2 * DAY)
    p.ok(build.change(asset, policy=[build.inactivity_expiry(3)]), by="brand")
    return _transfer(p, asset, 10)


# Lots.


def _with_lots(p: Play, count: int, *policy: build.Value, to: str = "alice") -> bytes:
    asset = p.asset(build.lots("day"), *policy)
    for _ in range(count):
        assert _mint(p, asset, 3, to=to) == ("ok", None)
        p.later(DAY)
    return asset


@scenario("ok")
def sixty_four_lots(p: Play) -> Result:
    asset = _with_lots(p, 64, build.strict_lots())
    return _transfer(p, asset, 64 * 3)


@scenario("too_many_lots", 0)
def a_65th_lot_where_that_is_refused(p: Play) -> Result:
    return _mint(p, _with_lots(p, 64, build.strict_lots()), 1)


@scenario("too_many_lots", 0)
def a_65th_lot_that_is_paid(p: Play) -> Result:
    asset = _with_lots(p, 64, build.strict_lots())
    assert _mint(p, asset, 1, to="bob") == ("ok", None)
    return _transfer(p, asset, 1, sender="bob", to="alice")


@scenario("insufficient_funds", 0)
def funds_are_looked_at_before_lots(p: Play) -> Result:
    asset = _with_lots(p, 64, build.strict_lots())
    assert _mint(p, asset, 1, to="bob") == ("ok", None)
    return _transfer(p, asset, 2, sender="bob", to="alice")


@scenario("supply_cap_exceeded", 0)
def the_cap_is_looked_at_before_lots(p: Play) -> Result:
    return _mint(p, _with_lots(p, 64, build.strict_lots()), 10**9)


@scenario("ok")
def a_lot_that_lapses_makes_room(p: Play) -> Result:
    asset = _with_lots(p, 64, build.fixed_expiry(63), build.strict_lots())
    return _mint(p, asset, 1)


@scenario("ok")
def a_65th_lot_is_merged(p: Play) -> Result:
    asset = _with_lots(p, 64)
    assert _mint(p, asset, 1) == ("ok", None)
    return _transfer(p, asset, 64 * 3 + 1)


@scenario("ok")
def many_lots_are_merged_with_many(p: Play) -> Result:
    asset = _with_lots(p, 40)
    for _ in range(40):
        assert _mint(p, asset, 2, to="bob") == ("ok", None)
        p.later(DAY)
    assert _transfer(p, asset, 75, sender="bob", to="alice") == ("ok", None)
    assert _transfer(p, asset, 50) == ("ok", None)
    assert _pay(p, asset, bob=30, carol=45) == ("ok", None)
    return _transfer(p, asset, 45, sender="carol")


@scenario("ok")
def the_oldest_lots_are_credited_last(p: Play) -> Result:
    asset = _with_lots(p, 3, to="bob")
    for _ in range(64):
        assert _mint(p, asset, 2) == ("ok", None)
        p.later(DAY)
    return _transfer(p, asset, 8, sender="bob", to="alice")


@scenario("ok")
def what_was_merged_lapses_with_the_later_lot(p: Play) -> Result:
    asset = _with_lots(p, 64, build.fixed_expiry(65))
    assert _mint(p, asset, 1) == ("ok", None)
    p.later(2 * DAY)
    return _transfer(p, asset, 64 * 3 + 1)
