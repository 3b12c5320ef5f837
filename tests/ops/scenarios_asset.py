"""Scenarios of family 2, asset."""

from __future__ import annotations

from typing import Any

from tests.model import build
from tests.model.asset import POWER_NAMES
from tests.ops.play import DAY, Play, Result, scenario

MAX = 10**38 - 1


def _create(p: Play, by: str = "brand", **changes: Any) -> Result:
    fields: dict[str, Any] = {
        "issuer": p.id("brand"),
        "symbol": "BEAN",
        "decimals": 2,
        "supply_cap": 1_000,
        "policy": [],
        "powers": build.powers(),
    }
    return p.send(build.create(**{**fields, **changes}), by=by)


@scenario("ok")
def an_asset_with_everything(p: Play) -> Result:
    policy = [
        build.bound(),
        build.lots("month"),
        build.fixed_expiry(36_500),
        build.inactivity_expiry(1),
        build.strict_lots(),
    ]
    powers = build.powers(**dict.fromkeys(POWER_NAMES, p.id("brand")))
    return _create(p, symbol="A.Z0123456.9", decimals=38, supply_cap=MAX, policy=policy, powers=powers)


@scenario("ok")
def an_asset_that_nobody_has_power_over(p: Play) -> Result:
    return _create(p, symbol=".", decimals=0, supply_cap=1)


@scenario("invalid_symbol", 0)
def a_symbol_that_is_empty(p: Play) -> Result:
    return _create(p, symbol="", decimals=39)


@scenario("invalid_symbol", 0)
def a_symbol_of_thirteen(p: Play) -> Result:
    return _create(p, symbol="ABCDEFGHIJKLM")


@scenario("invalid_symbol", 0)
def a_symbol_in_small_letters(p: Play) -> Result:
    return _create(p, symbol="Bean")


@scenario("invalid_symbol", 0)
def a_symbol_with_a_line_end(p: Play) -> Result:
    return _create(p, symbol="BEAN\n")


@scenario("invalid_symbol", 0)
def a_symbol_with_digits_of_another_script(p: Play) -> Result:
    return _create(p, symbol="BEAN٣")


@scenario("too_many_decimals", 0)
def decimals_39(p: Play) -> Result:
    return _create(p, decimals=39, supply_cap=0)


@scenario("invalid_supply_cap", 0)
def a_cap_of_none(p: Play) -> Result:
    return _create(p, supply_cap=0, policy=[build.strict_lots()])


@scenario("invalid_supply_cap", 0)
def a_cap_of_10_to_the_38(p: Play) -> Result:
    return _create(p, supply_cap=MAX + 1)


@scenario("invalid_supply_cap", 0)
def a_cap_of_all_bits(p: Play) -> Result:
    return _create(p, supply_cap=2**128 - 1)


@scenario("invalid_policy", 0)
def terms_that_descend(p: Play) -> Result:
    return _create(p, policy=[build.lots("day"), build.bound()], by="bob")


@scenario("invalid_policy", 0)
def a_term_twice(p: Play) -> Result:
    return _create(p, policy=[build.lots("day"), build.lots("month")])


@scenario("invalid_policy", 0)
def fixed_expiry_without_lots(p: Play) -> Result:
    return _create(p, policy=[build.fixed_expiry(1)])


@scenario("invalid_policy", 0)
def strict_lots_without_lots(p: Play) -> Result:
    return _create(p, policy=[build.inactivity_expiry(1), build.strict_lots()])


@scenario("invalid_policy", 0)
def fixed_expiry_of_no_days(p: Play) -> Result:
    return _create(p, policy=[build.lots("day"), build.fixed_expiry(0)])


@scenario("invalid_policy", 0)
def fixed_expiry_of_too_many_days(p: Play) -> Result:
    return _create(p, policy=[build.lots("day"), build.fixed_expiry(36_501)])


@scenario("invalid_policy", 0)
def inactivity_expiry_of_no_days(p: Play) -> Result:
    return _create(p, policy=[build.inactivity_expiry(0)])


@scenario("invalid_policy", 0)
def inactivity_expiry_of_too_many_days(p: Play) -> Result:
    return _create(p, policy=[build.inactivity_expiry(36_501)])


@scenario("invalid_policy", 0)
def a_debt_floor_of_nothing(p: Play) -> Result:
    return _create(p, policy=[build.debt_floor(0)])


@scenario("invalid_policy", 0)
def a_debt_floor_too_large(p: Play) -> Result:
    return _create(p, policy=[build.debt_floor(10**38)])


@scenario("ok")
def the_largest_debt_floor(p: Play) -> Result:
    return _create(p, policy=[build.debt_floor(10**38 - 1)])


@scenario("invalid_policy", 0)
def no_reinstatement_without_fixed_expiry(p: Play) -> Result:
    return _create(p, policy=[build.lots("day"), build.inactivity_expiry(1), build.no_reinstatement()])


@scenario("invalid_policy", 0)
def a_debt_floor_after_no_reinstatement(p: Play) -> Result:
    terms = [build.lots("day"), build.fixed_expiry(1), build.no_reinstatement(), build.debt_floor(1)]
    return _create(p, policy=terms)


@scenario("invalid_policy", 0)
def a_change_to_a_debt_floor_of_nothing(p: Play) -> Result:
    return p.send(build.change(bytes(32), policy=[build.debt_floor(0)]), by="bob")


@scenario("ok")
def debts_and_reinstatement_come_and_go(p: Play) -> Result:
    expiring = [build.lots("day"), build.fixed_expiry(9)]
    asset = p.asset(*expiring)
    for terms in ([build.debt_floor(5), build.no_reinstatement()], [build.debt_floor(4)], []):
        p.ok(build.change(asset, policy=[*expiring, *terms]), by="brand")
    return p.send(build.change(asset, policy=[*expiring, build.no_reinstatement()]), by="brand")


@scenario("unauthorized", 0)
def an_asset_in_the_name_of_another(p: Play) -> Result:
    p.govern(asset_creators=build.listed([p.id("alice")]))
    return _create(p, by="alice")


@scenario("creator_not_allowed", 0)
def a_creator_who_is_not_listed(p: Play) -> Result:
    assert _create(p) == ("ok", None)
    p.govern(asset_creators=build.listed([p.id("alice")]))
    return _create(p)


@scenario("ok")
def a_creator_who_is_listed(p: Play) -> Result:
    p.govern(asset_creators=build.listed(sorted([p.id("alice"), p.id("brand")])))
    return _create(p)


@scenario("ok")
def creators_are_listed_from_the_next_transaction_on(p: Play) -> Result:
    listed = build.parameters(asset_creators=build.listed([p.id("alice")]))
    create = build.create(p.id("brand"), "BEAN", 2, 1, [], build.powers())
    return p.send(build.set_parameters(listed), create, by="governor brand")


@scenario("asset_exists", 0)
def the_symbol_again(p: Play) -> Result:
    assert _create(p) == ("ok", None)
    return _create(p, decimals=3)


@scenario("ok")
def the_symbol_of_another_issuer(p: Play) -> Result:
    assert _create(p) == ("ok", None)
    return _create(p, issuer=p.id("alice"), by="alice")


# Change.


@scenario("ok")
def the_cap_goes_down_to_the_supply(p: Play) -> Result:
    return p.send(build.change(p.asset(supply_cap=1_000, alice=500), supply_cap=500), by="brand")


@scenario("ok")
def the_cap_stays(p: Play) -> Result:
    return p.send(build.change(p.asset(supply_cap=1_000), supply_cap=1_000), by="brand")


@scenario("ok")
def the_days_and_the_strictness_change(p: Play) -> Result:
    asset = p.asset(build.bound(), build.lots("day"), build.fixed_expiry(5), build.inactivity_expiry(9), alice=5)
    policy = [build.lots("day"), build.fixed_expiry(9), build.inactivity_expiry(5), build.strict_lots()]
    return p.send(build.change(asset, policy=policy), by="brand")


@scenario("nothing_to_change", 0)
def a_change_of_nothing(p: Play) -> Result:
    return p.send(build.change(bytes(32)), by="bob")


@scenario("invalid_supply_cap", 0)
def a_change_to_no_cap(p: Play) -> Result:
    return p.send(build.change(bytes(32), 0, [build.strict_lots()]), by="bob")


@scenario("invalid_policy", 0)
def a_change_to_an_invalid_policy(p: Play) -> Result:
    return p.send(build.change(bytes(32), 1, [build.strict_lots()]), by="bob")


@scenario("unknown_asset", 0)
def a_change_of_no_asset(p: Play) -> Result:
    return p.send(build.change(bytes(32), 1), by="bob")


@scenario("power_renounced", 0)
def a_change_without_the_power(p: Play) -> Result:
    return p.send(build.change(p.asset(powers=build.powers()), 1), by="bob")


@scenario("unauthorized", 0)
def a_change_by_another(p: Play) -> Result:
    return p.send(build.change(p.asset(), 10**10), by="bob")


@scenario("supply_cap_raised", 0)
def a_cap_that_goes_up(p: Play) -> Result:
    return p.send(build.change(p.asset(supply_cap=1_000), 1_001, [build.bound(), build.lots("day")]), by="brand")


@scenario("supply_cap_below_supply", 0)
def a_cap_below_the_supply(p: Play) -> Result:
    return p.send(build.change(p.asset(alice=500), 499, [build.lots("day")]), by="brand")


@scenario("policy_layout_fixed", 0)
def lots_where_there_were_none(p: Play) -> Result:
    return p.send(build.change(p.asset(), 1, [build.lots("day")]), by="brand")


@scenario("policy_layout_fixed", 0)
def lots_of_another_period(p: Play) -> Result:
    return p.send(build.change(p.asset(build.lots("day")), policy=[build.lots("month")]), by="brand")


@scenario("policy_layout_fixed", 0)
def no_more_fixed_expiry(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(5))
    return p.send(build.change(asset, policy=[build.lots("day")]), by="brand")


@scenario("policy_layout_fixed", 0)
def inactivity_expiry_where_there_was_none(p: Play) -> Result:
    return p.send(build.change(p.asset(), policy=[build.inactivity_expiry(5)]), by="brand")


# Renounce.


@scenario("power_renounced", 0)
def every_power_is_renounced(p: Play) -> Result:
    asset = p.asset()
    p.ok(*[build.renounce(asset, power) for power in POWER_NAMES], by="brand")
    return p.send(build.renounce(asset, "change"), by="bob")


@scenario("unknown_asset", 0)
def a_power_over_no_asset(p: Play) -> Result:
    return p.send(build.renounce(bytes(32), "mint"), by="bob")


@scenario("unauthorized", 1)
def a_power_renounced_by_the_holder_of_another(p: Play) -> Result:
    asset = p.asset(powers=build.powers(mint=p.id("alice"), freeze=p.id("bob")))
    return p.send(build.renounce(asset, "mint"), build.renounce(asset, "freeze"), by="alice")


# Freeze and pause.


@scenario("ok")
def an_account_is_frozen_and_thawed(p: Play) -> Result:
    asset = p.asset(alice=1)
    p.ok(build.freeze(asset, p.id("alice"), frozen=True, why=build.reason(7, b"e" * 32)), by="brand")
    p.ok(build.freeze(asset, p.id("alice"), frozen=False), by="brand")
    return p.send(build.transfer(asset, p.id("alice"), p.id("bob"), 1), by="alice")


@scenario("unknown_asset", 0)
def a_freeze_of_no_asset(p: Play) -> Result:
    return p.send(build.freeze(bytes(32), p.id("alice"), frozen=True), by="bob")


@scenario("power_renounced", 0)
def a_freeze_without_the_power(p: Play) -> Result:
    return p.send(build.freeze(p.asset(powers=build.powers()), p.id("alice"), frozen=True), by="bob")


@scenario("unauthorized", 0)
def a_freeze_by_another(p: Play) -> Result:
    return p.send(build.freeze(p.asset(), p.id("alice"), frozen=False), by="bob")


@scenario("unchanged", 1)
def a_freeze_of_a_frozen_account(p: Play) -> Result:
    return p.send(*[build.freeze(p.asset(), p.id("alice"), frozen=True)] * 2, by="brand")


@scenario("unchanged", 0)
def a_thaw_of_an_account_that_is_not_frozen(p: Play) -> Result:
    return p.send(build.freeze(p.asset(), p.id("alice"), frozen=False), by="brand")


@scenario("ok")
def a_freeze_is_for_one_asset(p: Play) -> Result:
    first, second = p.asset(symbol="ONE", alice=1), p.asset(symbol="TWO", alice=1)
    p.ok(build.freeze(first, p.id("alice"), frozen=True), by="brand")
    return p.send(build.transfer(second, p.id("alice"), p.id("bob"), 1), by="alice")


@scenario("programme_account", 0)
def a_freeze_of_a_programme_account(p: Play) -> Result:
    return p.send(build.freeze(p.asset(), p.programme("pool"), frozen=False), by="brand")


@scenario("ok")
def an_asset_is_paused_and_goes_on(p: Play) -> Result:
    asset = p.asset(alice=1)
    p.ok(build.pause(asset, paused=True, why=build.reason(7)), by="brand")
    p.later(DAY)
    p.ok(build.pause(asset, paused=False), by="brand")
    return p.send(build.transfer(asset, p.id("alice"), p.id("bob"), 1), by="alice")


@scenario("unknown_asset", 0)
def a_pause_of_no_asset(p: Play) -> Result:
    return p.send(build.pause(bytes(32), paused=True), by="bob")


@scenario("power_renounced", 0)
def a_pause_without_the_power(p: Play) -> Result:
    return p.send(build.pause(p.asset(powers=build.powers()), paused=True), by="bob")


@scenario("unauthorized", 0)
def a_pause_by_another(p: Play) -> Result:
    return p.send(build.pause(p.asset(), paused=False), by="bob")


@scenario("unchanged", 1)
def a_pause_of_a_paused_asset(p: Play) -> Result:
    return p.send(*[build.pause(p.asset(), paused=True)] * 2, by="brand")


@scenario("unchanged", 0)
def an_asset_that_is_not_paused_goes_on(p: Play) -> Result:
    return p.send(build.pause(p.asset(), paused=False), by="brand")
