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


# Redemptions.


def _order(number: int = 1) -> bytes:
    return bytes([number]) * 32


def _redeem(
    p: Play, asset: bytes, amount: int, order: int = 1, sender: str = "alice", at: str = "till", by: str = ""
) -> Result:
    return p.send(build.redeem(asset, p.id(sender), p.id(at), _order(order), amount), by=by or sender)


def _refund(p: Play, asset: bytes, amount: int, order: int = 1, sender: str = "alice", by: str = "till") -> Result:
    return p.send(build.refund(asset, p.id(sender), _order(order), amount), by=by)


def _redeemed(p: Play, *policy: build.Value, amount: int = 6, **balances: int) -> bytes:
    asset = p.asset(*policy, **(balances or {"alice": 10}))
    assert _redeem(p, asset, amount) == ("ok", None)
    return asset


@scenario("zero_amount", 0)
def a_redemption_of_nothing(p: Play) -> Result:
    return _redeem(p, NO_ASSET, 0)


@scenario("zero_amount", 0)
def a_refund_of_nothing(p: Play) -> Result:
    return _refund(p, NO_ASSET, 0)


@scenario("amount_too_large", 0)
def a_redemption_too_large(p: Play) -> Result:
    return _redeem(p, NO_ASSET, MAX + 1)


@scenario("amount_too_large", 0)
def a_refund_too_large(p: Play) -> Result:
    return _refund(p, NO_ASSET, MAX + 1)


@scenario("unknown_asset", 0)
def a_redemption_of_no_asset(p: Play) -> Result:
    return _redeem(p, NO_ASSET, MAX, by="bob")


@scenario("unknown_asset", 0)
def a_refund_of_no_asset(p: Play) -> Result:
    return _refund(p, NO_ASSET, MAX)


@scenario("unauthorized", 0)
def a_redemption_by_the_till(p: Play) -> Result:
    asset = _redeemed(p)
    _pause(p, asset)
    return _redeem(p, asset, 1, by="till")


@scenario("asset_paused", 0)
def a_redemption_while_paused(p: Play) -> Result:
    asset = _redeemed(p)
    _pause(p, asset)
    return _redeem(p, asset, 1)


@scenario("already_redeemed", 0)
def an_order_twice(p: Play) -> Result:
    asset = _redeemed(p)
    _freeze(p, asset, "alice")
    return _redeem(p, asset, 1)


@scenario("already_redeemed", 1)
def an_order_twice_in_a_transaction(p: Play) -> Result:
    asset = p.asset(alice=10)
    redeem = build.redeem(asset, p.id("alice"), p.id("till"), _order(), 1)
    return p.send(redeem, redeem, by="alice")


@scenario("already_redeemed", 0)
def an_order_at_two_tills(p: Play) -> Result:
    return _redeem(p, _redeemed(p), 1, at="desk")


@scenario("already_redeemed", 0)
def an_order_that_was_refunded_stays_redeemed(p: Play) -> Result:
    asset = _redeemed(p)
    assert _refund(p, asset, 6) == ("ok", None)
    return _redeem(p, asset, 6)


@scenario("ok")
def one_order_of_two_members_and_of_two_assets(p: Play) -> Result:
    asset = _redeemed(p, alice=10, bob=10)
    assert _redeem(p, asset, 10, sender="bob") == ("ok", None)
    assert _redeem(p, asset, 1, order=2) == ("ok", None)
    return _redeem(p, p.asset(symbol="STAR", alice=10), 10)


@scenario("account_frozen", 0)
def a_redemption_by_a_frozen_account(p: Play) -> Result:
    asset = p.asset()
    _freeze(p, asset, "alice")
    return _redeem(p, asset, 1)


@scenario("ok")
def a_redemption_at_a_frozen_till(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=1)
    _freeze(p, asset, "till")
    assert _redeem(p, asset, 1) == ("ok", None)
    return _refund(p, asset, 1)


@scenario("programme_account", 0)
def a_redemption_at_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _redeem(p, p.asset(), 1, at="pool")


@scenario("account_frozen", 0)
def a_redemption_by_a_frozen_account_at_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    asset = p.asset()
    _freeze(p, asset, "alice")
    return _redeem(p, asset, 1, at="pool")


@scenario("unauthorized", 0)
def a_redemption_by_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _redeem(p, p.asset(), 1, sender="pool", by="alice")


@scenario("insufficient_funds", 0)
def a_redemption_of_one_too_many(p: Play) -> Result:
    return _redeem(p, p.asset(alice=10), 11)


@scenario("ok")
def everything_is_redeemed(p: Play) -> Result:
    return _redeem(p, p.asset(build.bound(), build.lots("day"), alice=10), 10)


@scenario("ok")
def redeemed_at_oneself(p: Play) -> Result:
    asset = p.asset(alice=10)
    assert _redeem(p, asset, 10, at="alice") == ("ok", None)
    return _refund(p, asset, 10, by="alice")


@scenario("insufficient_funds", 0)
def what_lapsed_is_not_redeemed(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(1), alice=10)
    p.later(12 * HOUR + DAY)
    return _redeem(p, asset, 1)


@scenario("ok")
def what_was_redeemed_can_be_minted_again(p: Play) -> Result:
    asset = p.asset(supply_cap=10, alice=10)
    assert _redeem(p, asset, 4) == ("ok", None)
    return _mint(p, asset, 4)


@scenario("ok")
def redeeming_keeps_awake(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10)
    p.later(DAY)
    assert _redeem(p, asset, 1) == ("ok", None)
    p.later(DAY)
    return _transfer(p, asset, 9)


@scenario("ok")
def a_mandate_to_redeem(p: Play) -> Result:
    asset = p.asset(alice=10)
    limit = build.limit([0x36], 5, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("till"), asset, limit), by="alice")
    return _redeem(p, asset, 5, by="till")


@scenario("mandate_spent", 0)
def a_mandate_to_redeem_is_spent_before_the_order_is_looked_at(p: Play) -> Result:
    asset = _redeemed(p)
    limit = build.limit([0x36], 5, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("till"), asset, limit), by="alice")
    return _redeem(p, asset, 6, by="till")


@scenario("invalid_mandate", 0)
def a_mandate_to_refund(p: Play) -> Result:
    limit = build.limit([0x37], 5, HOUR, p.world.time + DAY)
    return p.send(build.mandate(p.id("alice"), p.id("till"), p.asset(), limit), by="alice")


# Refunds.


@scenario("unknown_redemption", 0)
def a_refund_of_what_was_not_redeemed(p: Play) -> Result:
    asset = _redeemed(p)
    _pause(p, asset)
    return _refund(p, asset, 1, order=2, by="bob")


@scenario("unknown_redemption", 0)
def a_refund_to_another(p: Play) -> Result:
    return _refund(p, _redeemed(p), 1, sender="bob")


@scenario("unknown_redemption", 0)
def a_refund_in_another_asset(p: Play) -> Result:
    _redeemed(p)
    return _refund(p, p.asset(symbol="STAR"), 1)


@scenario("unauthorized", 0)
def a_refund_by_the_sender(p: Play) -> Result:
    asset = _redeemed(p)
    _pause(p, asset)
    return _refund(p, asset, 7, by="alice brand")


@scenario("unauthorized", 0)
def a_refund_by_another_till(p: Play) -> Result:
    asset = _redeemed(p)
    assert _redeem(p, asset, 1, order=2, at="desk") == ("ok", None)
    return _refund(p, asset, 1, by="desk")


@scenario("ok")
def each_till_refunds_its_own(p: Play) -> Result:
    asset = _redeemed(p)
    assert _redeem(p, asset, 1, order=2, at="desk") == ("ok", None)
    assert _refund(p, asset, 1, order=2, by="desk") == ("ok", None)
    return _refund(p, asset, 6)


@scenario("wrong_scope", 0)
def a_key_of_the_till_that_does_not_refund(p: Play) -> Result:
    p.open("shop", build.grant(p.key("cashier"), [0x30, 0x36]), "boss")
    asset = p.asset(alice=10)
    assert _redeem(p, asset, 5, at="shop") == ("ok", None)
    assert _refund(p, asset, 5, by="shop/boss") == ("ok", None)
    return _refund(p, asset, 5, by="shop/cashier")


@scenario("asset_paused", 0)
def a_refund_while_paused(p: Play) -> Result:
    asset = _redeemed(p)
    _freeze(p, asset, "alice")
    _pause(p, asset)
    return _refund(p, asset, 7)


@scenario("account_frozen", 0)
def a_refund_to_a_frozen_account(p: Play) -> Result:
    asset = _redeemed(p)
    _freeze(p, asset, "alice")
    return _refund(p, asset, 7)


@scenario("refund_exceeds", 0)
def a_refund_of_one_too_many(p: Play) -> Result:
    return _refund(p, _redeemed(p, supply_cap=1, alice=1, amount=1), 2)


@scenario("refund_exceeds", 0)
def refunded_twice(p: Play) -> Result:
    asset = _redeemed(p)
    assert _refund(p, asset, 6) == ("ok", None)
    return _refund(p, asset, 6)


@scenario("refund_exceeds", 0)
def refunded_in_parts_and_one_too_many(p: Play) -> Result:
    asset = _redeemed(p, build.lots("day"))
    assert _refund(p, asset, 2) == ("ok", None)
    assert _refund(p, asset, 3) == ("ok", None)
    return _refund(p, asset, 2)


@scenario("ok")
def refunded_in_parts(p: Play) -> Result:
    asset = _redeemed(p, build.lots("day"))
    for part in (2, 3, 1):
        assert _refund(p, asset, part) == ("ok", None)
    return _transfer(p, asset, 10)


@scenario("ok")
def redeemed_and_refunded_in_a_transaction(p: Play) -> Result:
    asset = p.asset(build.lots("day"), alice=10)
    redeem = build.redeem(asset, p.id("alice"), p.id("till"), _order(), 10)
    refund = build.refund(asset, p.id("alice"), _order(), 10)
    return p.send(redeem, refund, build.burn(asset, p.id("alice"), 10), by="alice till")


@scenario("supply_cap_exceeded", 0)
def a_refund_over_the_cap(p: Play) -> Result:
    asset = _redeemed(p, supply_cap=10, alice=10)
    assert _mint(p, asset, 1) == ("ok", None)
    assert _refund(p, asset, 5) == ("ok", None)
    return _refund(p, asset, 1)


@scenario("ok")
def what_lapses_at_the_sender_makes_room_for_a_refund(p: Play) -> Result:
    asset = _redeemed(p, build.inactivity_expiry(1), supply_cap=10, alice=10)
    assert _mint(p, asset, 6) == ("ok", None)
    p.later(DAY)
    return _refund(p, asset, 6)


@scenario("insufficient_funds", 0)
def a_refund_does_not_revive_an_inactive_balance(p: Play) -> Result:
    asset = _redeemed(p, build.inactivity_expiry(2))
    p.later(2 * DAY)
    assert _refund(p, asset, 6) == ("ok", None)
    assert _transfer(p, asset, 6) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("ok")
def a_refund_keeps_awake(p: Play) -> Result:
    asset = _redeemed(p, build.inactivity_expiry(2))
    p.later(DAY)
    assert _refund(p, asset, 1) == ("ok", None)
    p.later(DAY)
    return _transfer(p, asset, 5)


def _two_lots_redeemed(p: Play, *policy: build.Value) -> bytes:
    """Six units of the first day and four of two days later are redeemed; one of the later ones is left."""
    asset = p.asset(build.lots("day"), *policy, alice=6)
    p.later(2 * DAY)
    assert _mint(p, asset, 5) == ("ok", None)
    assert _redeem(p, asset, 10) == ("ok", None)
    return asset


@scenario("ok")
def what_lapses_last_comes_back_first(p: Play) -> Result:
    asset = _two_lots_redeemed(p, build.fixed_expiry(3))
    assert _refund(p, asset, 4) == ("ok", None)
    p.later(2 * DAY)
    return _transfer(p, asset, 5)


@scenario("insufficient_funds", 0)
def what_comes_back_keeps_its_lot(p: Play) -> Result:
    asset = _two_lots_redeemed(p, build.fixed_expiry(3))
    assert _refund(p, asset, 10) == ("ok", None)
    p.later(2 * DAY)
    return _transfer(p, asset, 6)


@scenario("ok")
def what_lapsed_meanwhile_comes_back_as_of_today(p: Play) -> Result:
    asset = _two_lots_redeemed(p, build.fixed_expiry(3))
    p.later(2 * DAY)
    assert _refund(p, asset, 10) == ("ok", None)
    assert _transfer(p, asset, 5) == ("ok", None)
    p.later(2 * DAY)
    return _transfer(p, asset, 6)


@scenario("insufficient_funds", 0)
def what_lapsed_meanwhile_does_not_come_back(p: Play) -> Result:
    asset = _two_lots_redeemed(p, build.fixed_expiry(3), build.no_reinstatement())
    p.later(2 * DAY)
    assert _refund(p, asset, 10) == ("ok", None)
    assert _transfer(p, asset, 5) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("refund_exceeds", 0)
def what_lapsed_meanwhile_is_refunded_all_the_same(p: Play) -> Result:
    asset = _redeemed(p, build.lots("day"), build.fixed_expiry(1), build.no_reinstatement(), alice=6)
    p.later(2 * DAY)
    assert _refund(p, asset, 6) == ("ok", None)
    return _refund(p, asset, 1)


@scenario("supply_cap_exceeded", 0)
def the_cap_is_looked_at_even_if_all_of_it_lapses(p: Play) -> Result:
    policy = build.lots("day"), build.fixed_expiry(1), build.no_reinstatement()
    asset = _redeemed(p, *policy, supply_cap=6, alice=6)
    p.later(2 * DAY)
    assert _mint(p, asset, 6, to="bob") == ("ok", None)
    return _refund(p, asset, 1)


@scenario("ok")
def all_of_it_lapses_and_that_is_activity(p: Play) -> Result:
    policy = build.lots("month"), build.fixed_expiry(1), build.inactivity_expiry(3), build.no_reinstatement()
    asset = _redeemed(p, *policy, alice=6)
    p.later(2 * DAY)
    assert _mint(p, asset, 5) == ("ok", None)
    p.later(DAY)
    assert _refund(p, asset, 6) == ("ok", None)
    p.later(2 * DAY)
    return _transfer(p, asset, 5)


@scenario("ok")
def the_last_moment_of_a_lot_that_comes_back(p: Play) -> Result:
    asset = _redeemed(p, build.lots("day"), build.fixed_expiry(1), build.no_reinstatement(), alice=6)
    p.later(12 * HOUR + DAY - 1)
    assert _refund(p, asset, 6) == ("ok", None)
    return _transfer(p, asset, 6)


@scenario("insufficient_funds", 0)
def the_first_moment_of_a_lot_that_does_not_come_back(p: Play) -> Result:
    asset = _redeemed(p, build.lots("day"), build.fixed_expiry(1), build.no_reinstatement(), alice=6)
    p.later(12 * HOUR + DAY)
    assert _refund(p, asset, 6) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("ok")
def more_days_bring_redeemed_units_back_to_life(p: Play) -> Result:
    asset = _redeemed(p, build.lots("day"), build.fixed_expiry(1), build.no_reinstatement(), alice=6)
    p.later(2 * DAY)
    p.ok(build.change(asset, policy=[build.lots("day"), build.fixed_expiry(9), build.no_reinstatement()]), by="brand")
    assert _refund(p, asset, 3) == ("ok", None)
    p.ok(build.change(asset, policy=[build.lots("day"), build.fixed_expiry(1)]), by="brand")
    assert _refund(p, asset, 3) == ("ok", None)
    return _transfer(p, asset, 3)


@scenario("too_many_lots", 0)
def a_65th_lot_that_is_refunded(p: Play) -> Result:
    asset = _with_lots(p, 1, build.strict_lots())
    assert _redeem(p, asset, 3) == ("ok", None)
    for _ in range(64):
        assert _mint(p, asset, 3) == ("ok", None)
        p.later(DAY)
    return _refund(p, asset, 1)


@scenario("supply_cap_exceeded", 0)
def the_cap_is_looked_at_before_the_lots_that_are_refunded(p: Play) -> Result:
    asset = _with_lots(p, 1, build.strict_lots())
    assert _redeem(p, asset, 3) == ("ok", None)
    for _ in range(64):
        assert _mint(p, asset, 3) == ("ok", None)
        p.later(DAY)
    assert _mint(p, asset, 10**9 - 64 * 3, to="bob") == ("ok", None)
    return _refund(p, asset, 1)


@scenario("amount_too_large", 0)
def what_is_there_is_counted_after_the_floor(p: Play) -> Result:
    asset = p.asset(build.debt_floor(5), supply_cap=MAX, alice=MAX)
    there = build.claw_back(asset, p.id("alice"), p.id("bob"), MAX)
    back = build.claw_back(asset, p.id("bob"), p.id("alice"), MAX)
    p.ok(there, back, there, by="brand")
    rest = build.transfer(asset, p.id("bob"), p.id("carol"), MAX // 2)
    p.ok(rest, by="bob")
    units = MAX - MAX // 2
    assert p.send(build.claw_back(asset, p.id("bob"), p.id("alice"), units + 6), by="brand") == (
        "debt_floor_reached",
        0,
    )
    return p.send(build.claw_back(asset, p.id("bob"), p.id("alice"), units + 5), by="brand")


@scenario("ok")
def a_65th_lot_that_is_refunded_is_merged(p: Play) -> Result:
    asset = _with_lots(p, 1)
    assert _redeem(p, asset, 3) == ("ok", None)
    for _ in range(64):
        assert _mint(p, asset, 3) == ("ok", None)
        p.later(DAY)
    assert _refund(p, asset, 1) == ("ok", None)
    assert _refund(p, asset, 2) == ("ok", None)
    return _burn(p, asset, 65 * 3)


@scenario("ok")
def many_lots_are_conserved(p: Play) -> Result:
    asset = _with_lots(p, 64, build.fixed_expiry(64))
    assert _redeem(p, asset, 64 * 3) == ("ok", None)
    assert _mint(p, asset, 7) == ("ok", None)
    assert _refund(p, asset, 40 * 3 + 1) == ("ok", None)
    p.later(30 * DAY)
    assert _refund(p, asset, 24 * 3 - 1) == ("ok", None)
    assert _redeem(p, asset, 100, order=2) == ("ok", None)
    assert _refund(p, asset, 99, order=2) == ("ok", None)
    # Of what came back first, 19 units lapsed in the balance; what lapsed meanwhile came back.
    return _burn(p, asset, 64 * 3 + 7 - 19 - 1)


@scenario("ok")
def sixty_five_lots_after_a_refund(p: Play) -> Result:
    asset = _with_lots(p, 64)
    assert _redeem(p, asset, 64 * 3) == ("ok", None)
    assert _mint(p, asset, 1) == ("ok", None)
    assert _refund(p, asset, 64 * 3) == ("ok", None)
    assert _redeem(p, asset, 7, order=2) == ("ok", None)
    assert _refund(p, asset, 7, order=2) == ("ok", None)
    return _burn(p, asset, 64 * 3 + 1)


@scenario("ok")
def redeemed_and_refunded_as_much_as_can_be(p: Play) -> Result:
    asset = p.asset(build.lots("day"), supply_cap=MAX, alice=MAX)
    for order in range(1, 6):
        assert _redeem(p, asset, MAX, order=order) == ("ok", None)
        assert _refund(p, asset, MAX, order=order) == ("ok", None)
    return _transfer(p, asset, MAX)


# Debts.


def _indebted(p: Play, *policy: build.Value, floor: int = 10, debt: int = 7, **balances: int) -> bytes:
    """Alice had nothing and now owes the brand."""
    asset = p.asset(*policy, build.debt_floor(floor), **balances)
    assert _claw_back(p, asset, debt) == ("ok", None)
    return asset


@scenario("ok")
def a_debt_exactly_at_the_floor(p: Play) -> Result:
    return _claw_back(p, p.asset(build.debt_floor(5), alice=10), 15)


@scenario("debt_floor_reached", 0)
def a_debt_of_one_too_many(p: Play) -> Result:
    return _claw_back(p, p.asset(build.debt_floor(5), alice=10), 16)


@scenario("debt_floor_reached", 0)
def a_second_debt_of_one_too_many(p: Play) -> Result:
    asset = _indebted(p)
    assert _claw_back(p, asset, 2) == ("ok", None)
    return _claw_back(p, asset, 2)


@scenario("ok")
def a_second_debt_up_to_the_floor(p: Play) -> Result:
    asset = _indebted(p)
    assert _transfer(p, _bob_pays_alice(p, asset), 1) == ("ok", None)
    return _claw_back(p, asset, 3 + 4)


def _bob_pays_alice(p: Play, asset: bytes) -> bytes:
    assert _mint(p, asset, 5, to="bob") == ("ok", None)
    assert _transfer(p, asset, 5, sender="bob", to="alice") == ("ok", None)
    return asset


@scenario("insufficient_funds", 0)
def the_issuer_owes_itself_nothing(p: Play) -> Result:
    return _claw_back(p, p.asset(build.debt_floor(5), brand=10), 11, sender="brand", to="alice")


@scenario("ok")
def a_claw_back_of_what_is_there_makes_no_debt(p: Play) -> Result:
    asset = p.asset(build.debt_floor(1), alice=10)
    assert _claw_back(p, asset, 10) == ("ok", None)
    assert _mint(p, asset, 3) == ("ok", None)
    return _transfer(p, asset, 3)


@scenario("ok")
def what_is_there_goes_to_the_payee(p: Play) -> Result:
    asset = p.asset(build.debt_floor(10), alice=4)
    assert _claw_back(p, asset, 9, to="bob") == ("ok", None)
    return _transfer(p, asset, 4, sender="bob", to="carol")


@scenario("insufficient_funds", 0)
def what_is_missing_goes_to_nobody(p: Play) -> Result:
    asset = p.asset(build.debt_floor(10), alice=4)
    assert _claw_back(p, asset, 9, to="bob") == ("ok", None)
    return _transfer(p, asset, 5, sender="bob", to="carol")


@scenario("ok")
def a_claw_back_of_nothing_does_not_touch_the_payee(p: Play) -> Result:
    asset = _indebted(p, build.inactivity_expiry(1), brand=5)
    p.later(DAY)
    assert _claw_back(p, asset, 1) == ("ok", None)
    return _sweep(p, asset, "brand")


@scenario("debt_floor_reached", 0)
def what_lapsed_is_missing(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(1), build.debt_floor(9), alice=10)
    p.later(2 * DAY)
    assert _claw_back(p, asset, 9) == ("ok", None)
    return _claw_back(p, asset, 1)


@scenario("insufficient_funds", 0)
def a_debt_is_repaid_in_part(p: Play) -> Result:
    asset = _indebted(p)
    assert _mint(p, asset, 6) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("insufficient_funds", 0)
def a_debt_is_repaid_exactly(p: Play) -> Result:
    asset = _indebted(p)
    assert _mint(p, asset, 7) == ("ok", None)
    assert _transfer(p, asset, 7, sender="brand", to="bob") == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("ok")
def a_debt_is_repaid_and_more_is_left(p: Play) -> Result:
    asset = _indebted(p)
    assert _mint(p, asset, 8) == ("ok", None)
    assert _transfer(p, asset, 1) == ("ok", None)
    assert _mint(p, asset, 5) == ("ok", None)
    return _transfer(p, asset, 5)


@scenario("ok")
def a_debt_is_repaid_bit_by_bit(p: Play) -> Result:
    asset = _indebted(p)
    for _ in range(7):
        assert _mint(p, asset, 1) == ("ok", None)
    assert _transfer(p, asset, 1)[0] == "insufficient_funds"
    assert _mint(p, asset, 1) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("ok")
def a_debt_is_repaid_from_what_the_issuer_transfers_and_pays(p: Play) -> Result:
    asset = _indebted(p, brand=10)
    assert _transfer(p, asset, 4, sender="brand", to="alice") == ("ok", None)
    payees = [build.payee(p.id(name), amount) for name, amount in (("alice", 2), ("bob", 1), ("alice", 3))]
    p.ok(build.pay(asset, p.id("brand"), payees), by="brand")
    assert _transfer(p, asset, 2) == ("ok", None)
    return _transfer(p, asset, 7, sender="brand", to="carol")


@scenario("ok")
def a_debt_is_not_repaid_from_what_members_pay(p: Play) -> Result:
    asset = _bob_pays_alice(p, _indebted(p))
    assert _transfer(p, asset, 4) == ("ok", None)
    assert _pay(p, asset, carol=1) == ("ok", None)
    return _transfer(p, asset, 1, sender="bob", to="alice")


@scenario("ok")
def a_debt_is_not_repaid_from_a_refund(p: Play) -> Result:
    asset = p.asset(build.debt_floor(10), alice=6)
    assert _redeem(p, asset, 6) == ("ok", None)
    assert _claw_back(p, asset, 5) == ("ok", None)
    assert _refund(p, asset, 6) == ("ok", None)
    return _transfer(p, asset, 6)


@scenario("ok")
def a_debt_is_not_repaid_from_what_is_clawed_back_elsewhere(p: Play) -> Result:
    asset = _indebted(p, bob=5)
    assert _claw_back(p, asset, 5, sender="bob", to="alice") == ("ok", None)
    return _transfer(p, asset, 5)


@scenario("ok")
def who_owes_pays_the_issuer_like_anybody(p: Play) -> Result:
    asset = _bob_pays_alice(p, _indebted(p))
    assert _transfer(p, asset, 5, to="brand") == ("ok", None)
    assert _mint(p, asset, 8) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("ok")
def a_debt_outlives_its_term(p: Play) -> Result:
    asset = _indebted(p)
    p.ok(build.change(asset, policy=[]), by="brand")
    assert _claw_back(p, asset, 1)[0] == "insufficient_funds"
    assert _mint(p, asset, 8) == ("ok", None)
    return _transfer(p, asset, 1)


@scenario("debt_floor_reached", 0)
def a_lower_floor_leaves_the_debts_that_there_are(p: Play) -> Result:
    asset = _indebted(p)
    p.ok(build.change(asset, policy=[build.debt_floor(5)]), by="brand")
    return _claw_back(p, asset, 1)


@scenario("ok")
def a_term_that_comes_later(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(5))
    policy = [build.lots("day"), build.fixed_expiry(5), build.debt_floor(3), build.no_reinstatement()]
    p.ok(build.change(asset, policy=policy), by="brand")
    return _claw_back(p, asset, 3)


@scenario("ok")
def a_debt_is_repaid_to_a_frozen_issuer(p: Play) -> Result:
    asset = _indebted(p)
    _freeze(p, asset, "brand")
    return _mint(p, asset, 8)


@scenario("ok")
def a_frozen_account_can_owe(p: Play) -> Result:
    asset = p.asset(build.debt_floor(10), alice=1)
    _freeze(p, asset, "alice")
    return _claw_back(p, asset, 11)


@scenario("ok")
def a_debt_is_repaid_with_the_lots_that_came(p: Play) -> Result:
    """The lowest of the credited lots go on: what is left lapses later."""
    asset = p.asset(build.lots("day"), build.fixed_expiry(3), build.debt_floor(10), brand=4)
    p.later(2 * DAY)
    assert _mint(p, asset, 5, to="brand") == ("ok", None)
    assert _claw_back(p, asset, 6) == ("ok", None)
    assert _transfer(p, asset, 9, sender="brand", to="alice") == ("ok", None)
    p.later(2 * DAY)
    assert _transfer(p, asset, 2, sender="brand", to="bob") == ("ok", None)
    assert _transfer(p, asset, 1, sender="brand", to="bob")[0] == "insufficient_funds"
    return _transfer(p, asset, 3)


@scenario("ok")
def a_debt_is_repaid_into_64_lots_of_the_issuer(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.debt_floor(10))
    for _ in range(64):
        assert _mint(p, asset, 3, to="brand") == ("ok", None)
        p.later(DAY)
    assert _claw_back(p, asset, 4) == ("ok", None)
    assert _mint(p, asset, 5) == ("ok", None)
    assert _transfer(p, asset, 1) == ("ok", None)
    return _burn(p, asset, 64 * 3 + 4, sender="brand")


@scenario("too_many_lots", 0)
def a_debt_that_is_repaid_into_a_65th_lot(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.strict_lots(), build.debt_floor(10))
    for _ in range(64):
        assert _mint(p, asset, 3, to="brand") == ("ok", None)
        p.later(DAY)
    assert _claw_back(p, asset, 4) == ("ok", None)
    return _mint(p, asset, 5)


@scenario("insufficient_funds", 0)
def what_lapsed_at_the_issuer_leaves_when_a_debt_is_repaid(p: Play) -> Result:
    asset = _indebted(p, build.inactivity_expiry(1), brand=5)
    p.later(DAY)
    assert _mint(p, asset, 2) == ("ok", None)
    assert _transfer(p, asset, 2, sender="brand", to="bob") == ("ok", None)
    return _transfer(p, asset, 1, sender="brand", to="bob")


@scenario("ok")
def earning_to_repay_keeps_awake(p: Play) -> Result:
    asset = _bob_pays_alice(p, _indebted(p, build.inactivity_expiry(2)))
    p.later(DAY)
    assert _mint(p, asset, 7) == ("ok", None)
    p.later(DAY)
    return _transfer(p, asset, 5)


@scenario("supply_cap_exceeded", 0)
def a_debt_makes_no_room_for_a_mint(p: Play) -> Result:
    return _mint(p, _indebted(p, supply_cap=10, bob=10), 1)


@scenario("ok")
def owed_as_much_as_can_be_counted(p: Play) -> Result:
    asset = p.asset(build.debt_floor(MAX))
    for name in ("alice", "bob", "carol"):
        assert _claw_back(p, asset, MAX, sender=name) == ("ok", None)
    return _claw_back(p, asset, 2**128 - 1 - 3 * MAX, sender="dave")


@scenario("amount_too_large", 0)
def owed_more_than_can_be_counted(p: Play) -> Result:
    asset = p.asset(build.debt_floor(MAX))
    for name in ("alice", "bob", "carol"):
        assert _claw_back(p, asset, MAX, sender=name) == ("ok", None)
    return _claw_back(p, asset, 2**128 - 3 * MAX, sender="dave")


@scenario("debt_floor_reached", 0)
def the_floor_is_looked_at_before_what_can_be_counted(p: Play) -> Result:
    asset = p.asset(build.debt_floor(MAX))
    for name in ("alice", "bob", "carol"):
        assert _claw_back(p, asset, MAX, sender=name) == ("ok", None)
    return _claw_back(p, asset, MAX, sender="alice")


@scenario("ok")
def what_is_missing_is_not_counted_as_clawed_back(p: Play) -> Result:
    asset = p.asset(build.debt_floor(MAX), supply_cap=MAX, alice=MAX)
    there = build.claw_back(asset, p.id("alice"), p.id("bob"), MAX)
    back = build.claw_back(asset, p.id("bob"), p.id("alice"), MAX)
    p.ok(there, back, there, by="brand")
    p.ok(build.claw_back(asset, p.id("carol"), p.id("bob"), MAX), by="brand")
    return p.send(build.claw_back(asset, p.id("bob"), p.id("alice"), 2**128 - 1 - 3 * MAX), by="brand")
