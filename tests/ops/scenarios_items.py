"""Scenarios of family 2, asset: collections, designs and items."""

from __future__ import annotations

from typing import Any

from tests.model import build
from tests.model.asset import POWER_NAMES, asset_id
from tests.model.attest import schema_id
from tests.model.hold import hold_id
from tests.model.state import AMOUNT_MAX as MAX
from tests.ops.play import DAY, START, Play, Result, scenario

NO_ASSET = bytes(32)
SALT = b"s" * 16
ISSUE, GIVE, SELL, BURN, COMPLETE = 0x26, 0x27, 0x28, 0x29, 0x2A
FIRST, SECOND = build.item(1, 1), build.item(1, 2)
RARE = 9
"""The design that is made of a set."""


def _done(result: Result) -> None:
    assert result == ("ok", None), result


def _create(p: Play, *terms: build.Value, by: str = "brand", **changes: Any) -> Result:
    brand = p.id("brand")
    fields: dict[str, Any] = {
        "issuer": brand,
        "symbol": "BADGE",
        "decimals": 0,
        "supply_cap": 10**9,
        "policy": [build.items(), *terms],
        "powers": build.powers(**dict.fromkeys(POWER_NAMES, brand)),
    }
    return p.send(build.create(**{**fields, **changes}), by=by)


def _empty(p: Play, *terms: build.Value, **changes: Any) -> bytes:
    """A collection of the key `brand`, without a design."""
    _done(_create(p, *terms, **changes))
    return asset_id(p.id("brand"), changes.get("symbol", "BADGE"))


def _design(p: Play, asset: bytes, number: int = 1, editions: int = 10, *members: int, by: str = "brand") -> Result:
    return p.send(build.design(asset, number, editions, members), by=by)


def _issue(p: Play, asset: bytes, to: str, design: int = 1, by: str = "brand") -> Result:
    return p.send(build.issue_item(asset, design, p.id(to)), by=by)


def _collection(p: Play, *terms: build.Value, owners: str = "alice", editions: int = 10, **changes: Any) -> bytes:
    """A collection with a design 1, of which each of these owners gets an edition, from 1 on."""
    asset = _empty(p, *terms, **changes)
    _done(_design(p, asset, 1, editions))
    for name in owners.split():
        _done(_issue(p, asset, name))
    return asset


def _bound(p: Play, **changes: Any) -> bytes:
    """A collection of bound badges, of which alice has the first."""
    return _collection(p, policy=[build.bound(), build.items()], **changes)


def _give(
    p: Play, asset: bytes, item: build.Value = FIRST, sender: str = "alice", to: str = "bob", by: str | None = None
) -> Result:
    return p.send(build.give_item(asset, item, p.id(sender), p.id(to)), by=by or sender)


def _sell(
    p: Play,
    asset: bytes,
    currency: bytes,
    price: int,
    item: build.Value = FIRST,
    seller: str = "alice",
    buyer: str = "bob",
    by: str | None = None,
) -> Result:
    operation = build.sell_item(asset, item, p.id(seller), p.id(buyer), currency, price)
    return p.send(operation, by=by or f"{seller} {buyer}")


def _burn(p: Play, asset: bytes, item: build.Value = FIRST, sender: str = "alice", by: str | None = None) -> Result:
    return p.send(build.burn_item(asset, item, p.id(sender)), by=by or sender)


def _complete(
    p: Play, asset: bytes, *items: tuple[int, int], design: int = RARE, sender: str = "alice", by: str | None = None
) -> Result:
    named = [build.item(*each) for each in items]
    return p.send(build.complete_set(asset, design, p.id(sender), named), by=by or sender)


def _with_set(p: Play, *members: int, terms: tuple[build.Value, ...] = (), editions: int = 5, **changes: Any) -> bytes:
    """A collection in which alice has editions 1 and 2 of the designs 1, 2 and 3, and bob edition 3 of each."""
    asset = _empty(p, *terms, **changes)
    for number in (1, 2, 3):
        _done(_design(p, asset, number))
        for name in ("alice", "alice", "bob"):
            _done(_issue(p, asset, name, number))
    _done(_design(p, asset, RARE, editions, *members))
    return asset


def _freeze(p: Play, asset: bytes, name: str) -> None:
    p.ok(build.freeze(asset, p.id(name), frozen=True), by="brand")


def _pause(p: Play, asset: bytes) -> None:
    p.ok(build.pause(asset, paused=True), by="brand")


def _has(p: Play, asset: bytes, **balances: int) -> None:
    """Insist on what accounts have, to the unit, by letting them spend it and get it back."""
    for name, amount in balances.items():
        there = build.transfer(asset, p.id(name), p.id("witness"), amount)
        back = build.transfer(asset, p.id("witness"), p.id(name), amount)
        one_more = build.transfer(asset, p.id(name), p.id("witness"), amount + 1)
        assert p.send(one_more, by=name) == ("insufficient_funds", 0), (name, amount)
        assert not amount or p.send(there, back, by=f"{name} witness") == ("ok", None), (name, amount)


def _mandate(p: Play, asset: bytes, giver: str, *tags: int, cap: int = 1) -> None:
    limit = build.limit(sorted(tags), cap, DAY, p.world.time + 10 * DAY)
    p.ok(build.mandate(p.id(giver), p.id("agent"), asset, limit), by=giver)


# Policies.


@scenario("ok")
def a_collection_with_everything(p: Play) -> Result:
    policy = [build.bound(), build.items(), build.royalty(10_000, p.id("artist"))]
    return _create(p, policy=policy, supply_cap=MAX)


@scenario("invalid_policy", 0)
def items_with_lots(p: Play) -> Result:
    return _create(p, policy=[build.lots("day"), build.items()], by="bob")


@scenario("invalid_policy", 0)
def items_with_an_expiry(p: Play) -> Result:
    return _create(p, policy=[build.inactivity_expiry(5), build.items()])


@scenario("invalid_policy", 0)
def items_with_debts(p: Play) -> Result:
    return _create(p, policy=[build.debt_floor(5), build.items()])


@scenario("invalid_policy", 0)
def items_with_decimals(p: Play) -> Result:
    return _create(p, decimals=1, by="bob")


@scenario("too_many_decimals", 0)
def items_with_too_many_decimals(p: Play) -> Result:
    return _create(p, decimals=39)


@scenario("invalid_policy", 0)
def items_twice(p: Play) -> Result:
    return _create(p, build.items())


@scenario("invalid_policy", 0)
def a_royalty_before_items(p: Play) -> Result:
    return _create(p, policy=[build.royalty(1, p.id("artist")), build.items()])


@scenario("invalid_policy", 0)
def a_royalty_without_items(p: Play) -> Result:
    return _create(p, policy=[build.royalty(1, p.id("artist"))])


@scenario("invalid_policy", 0)
def a_royalty_of_nothing(p: Play) -> Result:
    return _create(p, build.royalty(0, p.id("artist")))


@scenario("invalid_policy", 0)
def a_royalty_of_more_than_all(p: Play) -> Result:
    return _create(p, build.royalty(10_001, p.id("artist")))


@scenario("invalid_policy", 0)
def a_change_to_a_royalty_without_items(p: Play) -> Result:
    return p.send(build.change(NO_ASSET, policy=[build.royalty(1, p.id("artist"))]), by="bob")


@scenario("policy_layout_fixed", 0)
def a_change_that_adds_items(p: Play) -> Result:
    return p.send(build.change(p.asset(), policy=[build.items()]), by="brand")


@scenario("policy_layout_fixed", 0)
def a_change_that_drops_items(p: Play) -> Result:
    return p.send(build.change(_empty(p), policy=[]), by="brand")


@scenario("policy_layout_fixed", 0)
def a_change_of_an_asset_with_decimals_to_a_collection(p: Play) -> Result:
    asset = p.asset(supply_cap=1)
    return p.send(build.change(asset, policy=[build.bound(), build.items()]), by="brand")


@scenario("ok")
def a_royalty_and_bonds_come_and_go(p: Play) -> Result:
    asset = _collection(p)
    royalty = build.royalty(500, p.id("artist"))
    p.ok(build.change(asset, policy=[build.bound(), build.items(), royalty]), by="brand")
    assert _give(p, asset) == ("asset_bound", 0)
    p.ok(build.change(asset, policy=[build.items(), royalty]), by="brand")
    assert _give(p, asset) == ("royalty_due", 0)
    p.ok(build.change(asset, policy=[build.items()]), by="brand")
    return _give(p, asset)


@scenario("ok")
def a_royalty_changes(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(500, p.id("artist"))), p.asset(bob=100, carol=100)
    _done(_sell(p, asset, beans, 100))
    policy = [build.items(), build.royalty(1_000, p.id("heir"))]
    p.ok(build.change(asset, policy=policy), by="brand")
    _done(_sell(p, asset, beans, 100, seller="bob", buyer="carol"))
    _has(p, beans, artist=5, heir=10, alice=95, bob=90, carol=0)
    return _burn(p, asset, sender="carol")


@scenario("supply_cap_below_supply", 0)
def a_cap_below_the_number_of_items(p: Play) -> Result:
    asset = _collection(p, owners="alice bob")
    p.ok(build.change(asset, 2), by="brand")
    return p.send(build.change(asset, 1), by="brand")


# Units and items.


@scenario("not_fungible", 0)
def a_transfer_of_a_collection(p: Play) -> Result:
    return p.send(build.transfer(_collection(p), p.id("alice"), p.id("bob"), 1), by="bob")


@scenario("not_fungible", 0)
def a_payment_of_a_collection(p: Play) -> Result:
    return p.send(build.pay(_collection(p), p.id("alice"), [build.payee(p.id("bob"), 1)]), by="bob")


@scenario("not_fungible", 0)
def a_mint_of_a_collection(p: Play) -> Result:
    return p.send(build.mint(_collection(p), p.id("alice"), 1), by="brand")


@scenario("not_fungible", 0)
def a_mint_of_a_collection_whose_power_is_renounced(p: Play) -> Result:
    return p.send(build.mint(_empty(p, powers=build.powers()), p.id("alice"), 1), by="bob")


@scenario("zero_amount", 0)
def a_mint_of_no_units_of_a_collection(p: Play) -> Result:
    return p.send(build.mint(_collection(p), p.id("alice"), 0), by="brand")


@scenario("not_fungible", 0)
def a_burn_of_units_of_a_collection(p: Play) -> Result:
    return p.send(build.burn(_collection(p), p.id("alice"), 1), by="bob")


@scenario("not_fungible", 0)
def a_claw_back_of_a_collection(p: Play) -> Result:
    asset = _empty(p, powers=build.powers())
    return p.send(build.claw_back(asset, p.id("alice"), p.id("bob"), 1), by="bob")


@scenario("not_fungible", 0)
def a_sweep_of_a_collection(p: Play) -> Result:
    return p.send(build.sweep(_collection(p), [p.id("alice")]), by="bob")


@scenario("not_fungible", 0)
def a_redemption_of_a_collection(p: Play) -> Result:
    return p.send(build.redeem(_collection(p), p.id("alice"), p.id("till"), b"o" * 32, 1), by="bob")


@scenario("not_fungible", 0)
def a_refund_of_a_collection(p: Play) -> Result:
    return p.send(build.refund(_collection(p), p.id("alice"), b"o" * 32, 1), by="bob")


def _terms(p: Play, deadline: int | None = None) -> build.Value:
    return build.terms(build.after(0), [build.share(p.id("bob"), 10_000)], deadline or p.world.time + DAY)


@scenario("not_fungible", 0)
def a_hold_of_a_collection(p: Play) -> Result:
    return p.send(build.hold(p.id("alice"), SALT, _collection(p), 1, _terms(p)), by="bob")


@scenario("not_fungible", 0)
def a_group_of_a_collection(p: Play) -> Result:
    return p.send(build.open_group(p.id("alice"), SALT, _collection(p), 1, _terms(p, 5)), by="bob")


@scenario("ok")
def a_mandate_for_units_of_a_collection_is_of_no_use(p: Play) -> Result:
    asset = _collection(p)
    _mandate(p, asset, "alice", 0x30, GIVE)
    transfer = build.transfer(asset, p.id("alice"), p.id("bob"), 1)
    assert p.send(transfer, by="agent") == ("not_fungible", 0)
    return _give(p, asset, by="agent")


@scenario("ok")
def a_freeze_of_a_collection_is_lifted(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "alice")
    assert _give(p, asset) == ("account_frozen", 0)
    p.ok(build.freeze(asset, p.id("alice"), frozen=False), by="brand")
    return _give(p, asset)


# Designs.


@scenario("ok")
def the_smallest_and_the_largest_design(p: Play) -> Result:
    asset = _empty(p)
    _done(_design(p, asset, 0, 1))
    return p.send(build.design(asset, 2**32 - 1, 2**32 - 1, [0] * 32, b"c" * 32), by="brand")


@scenario("invalid_design", 0)
def a_design_without_editions(p: Play) -> Result:
    return _design(p, NO_ASSET, 1, 0, by="bob")


@scenario("invalid_design", 0)
def a_set_of_33(p: Play) -> Result:
    return _design(p, NO_ASSET, 1, 1, *[0] * 33, by="bob")


@scenario("invalid_design", 0)
def a_set_that_descends(p: Play) -> Result:
    return _design(p, NO_ASSET, 1, 1, 3, 2, by="bob")


@scenario("invalid_design", 0)
def a_set_with_the_design_itself(p: Play) -> Result:
    return _design(p, NO_ASSET, 2, 1, 1, 2, 3, by="bob")


@scenario("unknown_asset", 0)
def a_design_of_no_asset(p: Play) -> Result:
    return _design(p, NO_ASSET, by="bob")


@scenario("not_items", 0)
def a_design_of_an_asset_with_units(p: Play) -> Result:
    return _design(p, p.asset(powers=build.powers()), by="bob")


@scenario("power_renounced", 0)
def a_design_without_the_power(p: Play) -> Result:
    return _design(p, _empty(p, powers=build.powers()), by="bob")


@scenario("unauthorized", 0)
def a_design_by_another(p: Play) -> Result:
    return _design(p, _collection(p), by="bob")


@scenario("invalid_mandate", 0)
def a_mandate_for_designs(p: Play) -> Result:
    limit = build.limit([0x25], 1, 1, p.world.time + 1)
    return p.send(build.mandate(p.id("brand"), p.id("agent"), NO_ASSET, limit), by="bob")


@scenario("design_exists", 0)
def a_design_again(p: Play) -> Result:
    return _design(p, _collection(p), 1, 1, 7)


@scenario("design_exists", 1)
def a_design_twice_in_a_transaction(p: Play) -> Result:
    return p.send(*[build.design(_empty(p), 1, 1)] * 2, by="brand")


@scenario("unknown_design", 0)
def a_set_of_a_design_that_there_is_not(p: Play) -> Result:
    return _design(p, _collection(p), RARE, 1, 1, 2)


@scenario("unknown_design", 0)
def a_set_of_a_design_of_another_collection(p: Play) -> Result:
    _collection(p, symbol="OTHER")
    return _design(p, _empty(p), RARE, 1, 1)


@scenario("ok")
def a_design_in_a_paused_collection(p: Play) -> Result:
    asset = _empty(p)
    _pause(p, asset)
    return _design(p, asset)


@scenario("ok")
def designs_and_issues_in_one_transaction(p: Play) -> Result:
    asset, alice = _empty(p), p.id("alice")
    design, issue = build.design(asset, 1, 2), build.issue_item(asset, 1, alice)
    made = [design, issue, issue, build.design(asset, 2, 1, [1, 1])]
    return p.send(*made, build.complete_set(asset, 2, alice, [FIRST, SECOND]), by="brand alice")


@scenario("ok")
def the_minter_is_not_the_issuer(p: Play) -> Result:
    asset = _empty(p, powers=build.powers(mint=p.id("mint")))
    _done(_design(p, asset, by="mint"))
    assert _issue(p, asset, "alice") == ("unauthorized", 0)
    _done(_issue(p, asset, "alice", by="mint"))
    return _burn(p, asset)


# Issuing.


@scenario("ok")
def editions_are_numbered_in_order(p: Play) -> Result:
    asset = _collection(p, owners="alice bob")
    _done(_burn(p, asset, SECOND, "bob"))
    _done(_issue(p, asset, "carol"))
    assert _burn(p, asset, SECOND, "carol") == ("unknown_item", 0)
    return _burn(p, asset, build.item(1, 3), "carol")


@scenario("ok")
def the_last_edition(p: Play) -> Result:
    return _burn(p, _collection(p, owners="bob alice", editions=2), SECOND)


@scenario("editions_exhausted", 0)
def one_edition_more(p: Play) -> Result:
    return _issue(p, _collection(p, editions=1), "bob")


@scenario("editions_exhausted", 0)
def an_edition_that_was_burned_is_not_made_again(p: Play) -> Result:
    asset = _collection(p, editions=1)
    _done(_burn(p, asset))
    return _issue(p, asset, "alice")


@scenario("ok")
def as_many_items_as_the_cap_allows(p: Play) -> Result:
    return _burn(p, _collection(p, owners="alice bob", supply_cap=2), SECOND, "bob")


@scenario("supply_cap_exceeded", 0)
def one_item_more_than_the_cap_allows(p: Play) -> Result:
    return _issue(p, _collection(p, supply_cap=1, editions=1), "bob")


@scenario("ok")
def what_is_burned_makes_room_below_the_cap(p: Play) -> Result:
    asset = _collection(p, supply_cap=1)
    _done(_burn(p, asset))
    return _issue(p, asset, "bob")


@scenario("unknown_asset", 0)
def an_item_of_no_asset(p: Play) -> Result:
    return _issue(p, NO_ASSET, "alice")


@scenario("not_items", 0)
def an_item_of_an_asset_with_units(p: Play) -> Result:
    return _issue(p, p.asset(powers=build.powers()), "alice", by="bob")


@scenario("power_renounced", 0)
def an_item_without_the_power(p: Play) -> Result:
    asset = _collection(p)
    p.ok(build.renounce(asset, "mint"), by="brand")
    return _issue(p, asset, "alice", by="bob")


@scenario("unauthorized", 0)
def an_item_issued_by_another(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _issue(p, asset, "bob", by="bob")


@scenario("asset_paused", 0)
def an_item_of_a_paused_collection(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _issue(p, asset, "bob", design=2)


@scenario("unknown_design", 0)
def an_item_of_no_design(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "bob")
    return _issue(p, asset, "bob", design=2)


@scenario("account_frozen", 0)
def an_item_for_a_frozen_account(p: Play) -> Result:
    asset = _collection(p, supply_cap=1)
    _freeze(p, asset, "bob")
    return _issue(p, asset, "bob")


@scenario("programme_account", 0)
def an_item_for_a_programme_account(p: Play) -> Result:
    asset = _collection(p, supply_cap=1)
    p.programme("pool")
    return _issue(p, asset, "pool")


@scenario("ok")
def an_item_for_the_issuer(p: Play) -> Result:
    return _give(p, _collection(p, owners="brand"), sender="brand")


@scenario("ok")
def an_item_issued_by_mandate(p: Play) -> Result:
    asset = _collection(p, owners="")
    _mandate(p, asset, "brand", ISSUE)
    return _issue(p, asset, "alice", by="agent")


@scenario("mandate_spent", 1)
def a_mandate_for_one_issue_too_few(p: Play) -> Result:
    asset = _collection(p, owners="")
    _mandate(p, asset, "brand", ISSUE, cap=2)
    _done(_issue(p, asset, "alice", by="agent"))
    return p.send(*[build.issue_item(asset, 1, p.id("bob"))] * 2, by="agent")


@scenario("mandate_operation", 0)
def a_mandate_to_mint_does_not_issue(p: Play) -> Result:
    asset = _collection(p)
    _mandate(p, asset, "brand", 0x32)
    return _issue(p, asset, "bob", by="agent")


# Giving.


@scenario("ok")
def an_item_goes_from_hand_to_hand(p: Play) -> Result:
    asset = _collection(p)
    for sender, to in (("alice", "bob"), ("bob", "carol"), ("carol", "alice")):
        p.later(1)
        _done(_give(p, asset, sender=sender, to=to))
    return _burn(p, asset)


@scenario("same_account", 0)
def an_item_given_to_oneself(p: Play) -> Result:
    return _give(p, NO_ASSET, to="alice", by="bob")


@scenario("unknown_asset", 0)
def a_gift_of_no_asset(p: Play) -> Result:
    return _give(p, NO_ASSET, by="bob")


@scenario("not_items", 0)
def a_gift_of_an_asset_with_units(p: Play) -> Result:
    return _give(p, p.asset(alice=1), by="bob")


@scenario("unauthorized", 0)
def a_gift_by_another(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _give(p, asset, by="bob")


@scenario("asset_paused", 0)
def a_gift_in_a_paused_collection(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _give(p, asset, SECOND)


@scenario("unknown_item", 0)
def a_gift_of_an_edition_that_there_is_not(p: Play) -> Result:
    return _give(p, _collection(p), SECOND)


@scenario("unknown_item", 0)
def a_gift_of_edition_0(p: Play) -> Result:
    return _give(p, _collection(p), build.item(1, 0))


@scenario("unknown_item", 0)
def a_gift_of_an_item_that_was_burned(p: Play) -> Result:
    asset = _collection(p)
    _done(_burn(p, asset))
    return _give(p, asset)


@scenario("unknown_item", 0)
def a_gift_of_an_item_of_another_collection(p: Play) -> Result:
    _collection(p, symbol="OTHER")
    return _give(p, _empty(p))


@scenario("not_owner", 0)
def a_gift_of_an_item_of_another(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "bob")
    return _give(p, asset, sender="bob", to="carol")


@scenario("not_owner", 1)
def a_gift_twice(p: Play) -> Result:
    return p.send(*[build.give_item(_collection(p), FIRST, p.id("alice"), p.id("bob"))] * 2, by="alice")


@scenario("not_owner", 0)
def a_gift_by_the_issuer_of_an_item_of_another(p: Play) -> Result:
    return _give(p, _collection(p), sender="brand", to="carol")


@scenario("account_frozen", 0)
def a_gift_from_a_frozen_account(p: Play) -> Result:
    asset = _bound(p)
    _freeze(p, asset, "alice")
    return _give(p, asset)


@scenario("account_frozen", 0)
def a_gift_to_a_frozen_account(p: Play) -> Result:
    asset = _bound(p)
    _freeze(p, asset, "bob")
    return _give(p, asset)


@scenario("asset_bound", 0)
def a_gift_of_a_bound_badge(p: Play) -> Result:
    p.programme("pool")
    return _give(p, _bound(p), to="pool")


def _alias(p: Play, account: str, into: str) -> None:
    p.ok(build.alias(p.id(account), p.id(into)), by=f"{account} {into}")


@scenario("ok")
def a_bound_badge_of_an_alias_goes_to_the_account_that_it_is_one_of(p: Play) -> Result:
    asset = _bound(p)
    _alias(p, "alice", "bob")
    return _give(p, asset, by="bob")


@scenario("asset_bound", 0)
def a_bound_badge_does_not_go_to_an_alias(p: Play) -> Result:
    asset = _bound(p)
    _alias(p, "bob", "alice")
    return _give(p, asset)


@scenario("asset_bound", 0)
def a_bound_badge_of_an_alias_of_an_alias(p: Play) -> Result:
    """From one to the next it may go."""
    asset = _bound(p)
    _alias(p, "alice", "carol")
    _alias(p, "carol", "bob")
    result = _give(p, asset, by="bob")
    _done(_give(p, asset, to="carol", by="bob"))
    _done(_give(p, asset, sender="carol", by="bob"))
    return result


@scenario("ok")
def a_bound_badge_of_an_alias_that_was_made_just_now(p: Play) -> Result:
    asset = _bound(p)
    made = build.alias(p.id("alice"), p.id("bob"))
    return p.send(made, build.give_item(asset, FIRST, p.id("alice"), p.id("bob")), by="alice bob")


@scenario("asset_bound", 1)
def a_bound_badge_of_what_was_an_alias_until_now(p: Play) -> Result:
    asset = _bound(p)
    _alias(p, "alice", "bob")
    ended = build.set_keys(p.id("alice"), 1, [build.grant(p.key("bob"))])
    return p.send(ended, build.give_item(asset, FIRST, p.id("alice"), p.id("bob")), by="bob")


@scenario("royalty_due", 0)
def a_bound_badge_of_an_alias_with_a_royalty(p: Play) -> Result:
    asset = _collection(p, policy=[build.bound(), build.items(), build.royalty(1, p.id("artist"))])
    _alias(p, "alice", "bob")
    return _give(p, asset, by="bob")


@scenario("ok")
def a_bound_badge_of_an_alias_is_sold_to_the_account_that_it_is_one_of(p: Play) -> Result:
    asset, beans = _bound(p), p.asset(bob=5)
    _alias(p, "alice", "bob")
    return _sell(p, asset, beans, 5, by="bob")


@scenario("ok")
def a_bound_badge_goes_back_to_its_issuer_and_out_again(p: Play) -> Result:
    asset = _bound(p)
    _done(_give(p, asset, to="brand"))
    return _give(p, asset, sender="brand", to="bob")


@scenario("programme_account", 0)
def a_gift_to_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _give(p, _collection(p, build.royalty(1, p.id("artist"))), to="pool")


@scenario("royalty_due", 0)
def an_item_sold_without_its_royalty(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(1, p.id("artist"))), p.asset(bob=100)
    p.ok(build.transfer(beans, p.id("bob"), p.id("alice"), 100), by="bob")
    return _give(p, asset)


@scenario("royalty_due", 0)
def a_gift_to_the_account_of_the_royalty(p: Play) -> Result:
    return _give(p, _collection(p, build.royalty(1, p.id("artist"))), to="artist")


@scenario("ok")
def a_gift_to_and_from_the_issuer_owes_no_royalty(p: Play) -> Result:
    asset = _collection(p, build.royalty(10_000, p.id("artist")))
    _done(_give(p, asset, to="brand"))
    return _give(p, asset, sender="brand", to="bob")


@scenario("ok")
def an_item_given_by_mandate(p: Play) -> Result:
    asset = _collection(p)
    _mandate(p, asset, "alice", GIVE, BURN)
    return _give(p, asset, by="agent")


@scenario("mandate_spent", 1)
def a_mandate_for_one_gift_and_one_burn_too_few(p: Play) -> Result:
    asset = _collection(p, owners="alice alice")
    _mandate(p, asset, "alice", GIVE, BURN)
    alice, bob = p.id("alice"), p.id("bob")
    return p.send(build.give_item(asset, FIRST, alice, bob), build.burn_item(asset, SECOND, alice), by="agent")


@scenario("mandate_operation", 0)
def a_mandate_to_burn_does_not_give(p: Play) -> Result:
    asset = _collection(p)
    _mandate(p, asset, "alice", BURN)
    return _give(p, asset, by="agent")


@scenario("wrong_scope", 0)
def a_key_that_may_not_give(p: Play) -> Result:
    p.open("gallery", build.grant(p.key("clerk"), [BURN]), "owner")
    return _give(p, _collection(p, owners="gallery"), sender="gallery", by="gallery/clerk")


# Selling.


@scenario("ok")
def a_sale(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(bob=100)
    _done(_sell(p, asset, beans, 100))
    _has(p, beans, alice=100, bob=0)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def a_royalty_of_one_in_ten_thousand_of_a_price_of_1(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(1, p.id("artist"))), p.asset(bob=1)
    _done(_sell(p, asset, beans, 1))
    _has(p, beans, alice=1, artist=0)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def a_royalty_that_is_rounded_down(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(333, p.id("artist"))), p.asset(bob=301)
    _done(_sell(p, asset, beans, 300))
    _has(p, beans, alice=291, artist=9, bob=1)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def a_royalty_that_comes_out_even(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(1, p.id("artist"))), p.asset(bob=20_000)
    _done(_sell(p, asset, beans, 10_000))
    _has(p, beans, alice=9_999, artist=1)
    _done(_give(p, asset, sender="bob", to="brand"))
    _done(_give(p, asset, sender="brand", to="alice"))
    _done(_sell(p, asset, beans, 9_999))
    _has(p, beans, alice=19_998, artist=1, bob=1)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def a_royalty_of_everything(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(10_000, p.id("artist"))), p.asset(bob=7)
    _freeze(p, beans, "alice")
    _done(_sell(p, asset, beans, 7))
    _has(p, beans, artist=7, bob=0)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def the_largest_price(p: Play) -> Result:
    asset = _collection(p, build.royalty(9_999, p.id("artist")))
    beans = p.asset(supply_cap=MAX, bob=MAX)
    _done(_sell(p, asset, beans, MAX))
    due = MAX * 9_999 // 10_000
    _has(p, beans, artist=due, alice=MAX - due)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def the_issuer_sells_with_a_royalty(p: Play) -> Result:
    asset = _collection(p, build.royalty(1_000, p.id("artist")), owners="brand")
    beans = p.asset(bob=100)
    _done(_sell(p, asset, beans, 100, seller="brand"))
    _has(p, beans, artist=10, brand=90)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def the_seller_is_the_account_of_the_royalty(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(333, p.id("alice"))), p.asset(build.lots("day"), bob=50)
    p.later(DAY)
    p.ok(build.mint(beans, p.id("bob"), 50), by="brand")
    _done(_sell(p, asset, beans, 100))
    _has(p, beans, alice=100, bob=0)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def the_buyer_is_the_account_of_the_royalty(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(1_000, p.id("bob"))), p.asset(build.lots("day"), bob=50)
    p.later(DAY)
    p.ok(build.mint(beans, p.id("bob"), 50), by="brand")
    _done(_sell(p, asset, beans, 100))
    _has(p, beans, alice=90, bob=10)
    return _burn(p, asset, sender="bob")


@scenario("insufficient_funds", 0)
def a_buyer_cannot_pay_out_of_its_own_royalty(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(10_000, p.id("bob"))), p.asset(bob=99)
    return _sell(p, asset, beans, 100)


@scenario("ok")
def a_royalty_of_the_buyer_in_a_bound_currency(p: Play) -> Result:
    asset = _collection(p, build.royalty(1_000, p.id("bob")), owners="brand")
    return _sell(p, asset, p.asset(build.bound(), bob=100), 100, seller="brand")


@scenario("zero_amount", 0)
def a_sale_for_nothing(p: Play) -> Result:
    return _sell(p, NO_ASSET, NO_ASSET, 0, buyer="alice", by="carol")


@scenario("amount_too_large", 0)
def a_sale_for_10_to_the_38(p: Play) -> Result:
    return _sell(p, NO_ASSET, NO_ASSET, MAX + 1, buyer="alice", by="carol")


@scenario("same_account", 0)
def a_sale_to_oneself(p: Play) -> Result:
    return _sell(p, NO_ASSET, NO_ASSET, MAX, buyer="alice", by="carol")


@scenario("unknown_asset", 0)
def a_sale_of_no_asset(p: Play) -> Result:
    return _sell(p, NO_ASSET, NO_ASSET, 1, by="carol")


@scenario("not_items", 0)
def a_sale_of_an_asset_with_units(p: Play) -> Result:
    beans = p.asset(alice=1, bob=1)
    return _sell(p, beans, beans, 1, by="carol")


@scenario("unauthorized", 0)
def a_sale_without_the_seller(p: Play) -> Result:
    p.open("bob", build.grant(p.key("clerk"), [BURN]), "owner")
    asset = _collection(p)
    _pause(p, asset)
    return _sell(p, asset, NO_ASSET, 1, by="bob/clerk")


@scenario("wrong_scope", 0)
def a_sale_by_a_seller_whose_key_may_not(p: Play) -> Result:
    p.open("alice", build.grant(p.key("clerk"), [GIVE]), "owner")
    return _sell(p, _collection(p), NO_ASSET, 1, by="alice/clerk")


@scenario("unauthorized", 0)
def a_sale_without_the_buyer(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _sell(p, asset, NO_ASSET, 1, by="alice")


@scenario("invalid_mandate", 0)
def a_mandate_for_sales(p: Play) -> Result:
    limit = build.limit([GIVE, SELL], 1, 1, p.world.time + 1)
    return p.send(build.mandate(p.id("alice"), p.id("agent"), NO_ASSET, limit), by="bob")


@scenario("asset_paused", 0)
def a_sale_in_a_paused_collection(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _sell(p, asset, NO_ASSET, 1, SECOND)


@scenario("unknown_item", 0)
def a_sale_of_no_item(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "alice")
    return _sell(p, asset, NO_ASSET, 1, SECOND)


@scenario("not_owner", 0)
def a_sale_of_an_item_of_another(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "carol")
    return _sell(p, asset, NO_ASSET, 1, seller="carol")


@scenario("account_frozen", 0)
def a_sale_by_a_frozen_account(p: Play) -> Result:
    asset = _bound(p)
    _freeze(p, asset, "alice")
    return _sell(p, asset, NO_ASSET, 1)


@scenario("account_frozen", 0)
def a_sale_to_a_frozen_account(p: Play) -> Result:
    asset = _bound(p)
    _freeze(p, asset, "bob")
    return _sell(p, asset, NO_ASSET, 1)


@scenario("asset_bound", 0)
def a_sale_of_a_bound_badge(p: Play) -> Result:
    return _sell(p, _bound(p), NO_ASSET, 1)


@scenario("ok")
def a_bound_badge_is_sold_by_its_issuer(p: Play) -> Result:
    asset, beans = _bound(p, owners="brand"), p.asset(bob=5)
    _done(_sell(p, asset, beans, 5, seller="brand"))
    return _burn(p, asset, sender="bob")


@scenario("unknown_asset", 0)
def a_sale_for_no_currency(p: Play) -> Result:
    return _sell(p, _collection(p), NO_ASSET, 1)


@scenario("not_fungible", 0)
def a_sale_for_the_collection_itself(p: Play) -> Result:
    asset = _collection(p, owners="alice bob")
    return _sell(p, asset, asset, 1)


@scenario("not_fungible", 0)
def a_sale_for_another_collection_that_is_paused(p: Play) -> Result:
    asset, other = _collection(p), _collection(p, symbol="OTHER", owners="bob")
    _pause(p, other)
    return _sell(p, asset, other, 1)


@scenario("asset_paused", 0)
def a_sale_for_a_paused_currency(p: Play) -> Result:
    asset, beans = _collection(p), p.asset()
    _freeze(p, beans, "bob")
    _pause(p, beans)
    return _sell(p, asset, beans, 1)


@scenario("account_frozen", 0)
def a_sale_to_one_who_is_frozen_in_the_currency(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(build.bound())
    _freeze(p, beans, "bob")
    return _sell(p, asset, beans, 1)


@scenario("account_frozen", 0)
def a_sale_by_one_who_is_frozen_in_the_currency(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(build.bound())
    _freeze(p, beans, "alice")
    return _sell(p, asset, beans, 1)


@scenario("account_frozen", 0)
def a_royalty_for_a_frozen_account(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(5_000, p.id("artist"))), p.asset()
    _freeze(p, beans, "artist")
    return _sell(p, asset, beans, 2)


@scenario("ok")
def a_royalty_of_less_than_a_unit_for_a_frozen_account(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(5_000, p.id("artist"))), p.asset(bob=1)
    _freeze(p, beans, "artist")
    _done(_sell(p, asset, beans, 1))
    return _burn(p, asset, sender="bob")


@scenario("asset_bound", 0)
def the_seller_is_checked_before_the_royalty(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(5_000, p.id("artist"))), p.asset(build.bound())
    _freeze(p, beans, "artist")
    return _sell(p, asset, beans, 2)


@scenario("programme_account", 0)
def a_royalty_for_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _sell(p, _collection(p, build.royalty(5_000, p.id("pool"))), p.asset(), 2)


@scenario("ok")
def a_sale_by_the_issuer_of_a_bound_currency(p: Play) -> Result:
    asset, beans = _collection(p, owners="brand"), p.asset(build.bound(), bob=5)
    _done(_sell(p, asset, beans, 5, seller="brand"))
    return _burn(p, asset, sender="bob")


@scenario("asset_bound", 0)
def a_royalty_in_a_bound_currency(p: Play) -> Result:
    asset = _collection(p, build.royalty(5_000, p.id("artist")), owners="brand")
    return _sell(p, asset, p.asset(build.bound(), bob=5), 5, seller="brand")


@scenario("insufficient_funds", 0)
def a_buyer_who_lacks_one_unit(p: Play) -> Result:
    return _sell(p, _collection(p), p.asset(bob=99), 100)


@scenario("insufficient_funds", 0)
def a_buyer_whose_units_have_lapsed(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(build.lots("day"), build.fixed_expiry(1), bob=100)
    p.later(2 * DAY)
    return _sell(p, asset, beans, 1)


@scenario("ok")
def a_sale_for_units_with_lots(p: Play) -> Result:
    asset = _collection(p, build.royalty(5_000, p.id("artist")))
    beans = p.asset(build.lots("day"), build.fixed_expiry(3), bob=10)
    p.later(DAY)
    p.ok(build.mint(beans, p.id("bob"), 20), by="brand")
    _done(_sell(p, asset, beans, 20))
    _has(p, beans, alice=10, artist=10, bob=10)
    p.later(3 * DAY)
    _has(p, beans, alice=0, artist=10, bob=10)
    return _burn(p, asset, sender="bob")


@scenario("ok")
def a_sale_for_units_that_lapse_on_the_way(p: Play) -> Result:
    asset = _collection(p, build.royalty(5_000, p.id("artist")))
    beans = p.asset(build.lots("day"), build.fixed_expiry(1), alice=3, artist=4, bob=5)
    p.later(2 * DAY)
    p.ok(build.mint(beans, p.id("bob"), 20), by="brand")
    _done(_sell(p, asset, beans, 20))
    _has(p, beans, alice=10, artist=10, bob=0)
    return _burn(p, asset, sender="bob")


@scenario("too_many_lots", 0)
def a_sale_that_makes_too_many_lots(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(build.lots("day"), build.strict_lots())
    for _ in range(64):
        p.ok(build.mint(beans, p.id("alice"), 1), by="brand")
        p.later(DAY)
    p.ok(build.mint(beans, p.id("bob"), 1), by="brand")
    return _sell(p, asset, beans, 1)


@scenario("ok")
def a_sale_to_the_issuer_of_the_currency_repays_a_debt(p: Play) -> Result:
    asset = _collection(p, build.royalty(5_000, p.id("artist")))
    beans = p.asset(build.debt_floor(10), brand=20, alice=1)
    p.ok(build.claw_back(beans, p.id("alice"), p.id("artist"), 5), by="brand")
    _done(_sell(p, asset, beans, 20, buyer="brand"))
    _has(p, beans, alice=6, artist=11, brand=4)
    return _burn(p, asset, sender="brand")


@scenario("ok")
def a_sale_among_members_repays_nothing(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(build.debt_floor(10), bob=20, alice=1)
    p.ok(build.claw_back(beans, p.id("alice"), p.id("artist"), 5), by="brand")
    _done(_sell(p, asset, beans, 20))
    _has(p, beans, alice=20)
    return _burn(p, asset, sender="bob")


@scenario("not_owner", 1)
def an_item_sold_twice(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(bob=9, carol=9)
    alice, bob, carol = (p.id(name) for name in ("alice", "bob", "carol"))
    sales = [build.sell_item(asset, FIRST, alice, buyer, beans, 9) for buyer in (bob, carol)]
    return p.send(*sales, by="alice bob carol")


@scenario("ok")
def an_item_sold_and_sold_on(p: Play) -> Result:
    asset, beans = _collection(p, build.royalty(1_000, p.id("artist"))), p.asset(bob=10, carol=20)
    alice, bob, carol = (p.id(name) for name in ("alice", "bob", "carol"))
    sales = [build.sell_item(asset, FIRST, alice, bob, beans, 10), build.sell_item(asset, FIRST, bob, carol, beans, 20)]
    p.ok(*sales, by="alice bob carol")
    _has(p, beans, alice=9, bob=18, carol=0, artist=3)
    return _burn(p, asset, sender="carol")


# Burning.


@scenario("unknown_asset", 0)
def a_burned_item_of_no_asset(p: Play) -> Result:
    return _burn(p, NO_ASSET, by="bob")


@scenario("not_items", 0)
def a_burned_item_of_an_asset_with_units(p: Play) -> Result:
    return _burn(p, p.asset(alice=1), by="bob")


@scenario("unauthorized", 0)
def an_item_burned_by_another(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _burn(p, asset, by="bob")


@scenario("unauthorized", 0)
def an_item_burned_by_the_issuer(p: Play) -> Result:
    return _burn(p, _collection(p), by="brand")


@scenario("asset_paused", 0)
def an_item_burned_in_a_paused_collection(p: Play) -> Result:
    asset = _collection(p)
    _pause(p, asset)
    return _burn(p, asset, SECOND)


@scenario("unknown_item", 0)
def an_item_burned_that_there_is_not(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "alice")
    return _burn(p, asset, SECOND)


@scenario("unknown_item", 1)
def an_item_burned_twice(p: Play) -> Result:
    return p.send(*[build.burn_item(_collection(p), FIRST, p.id("alice"))] * 2, by="alice")


@scenario("not_owner", 0)
def an_item_of_another_burned(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "bob")
    return _burn(p, asset, sender="bob")


@scenario("account_frozen", 0)
def an_item_burned_by_a_frozen_account(p: Play) -> Result:
    asset = _collection(p)
    _freeze(p, asset, "alice")
    return _burn(p, asset)


@scenario("ok")
def a_bound_badge_with_a_royalty_is_burned(p: Play) -> Result:
    policy = [build.bound(), build.items(), build.royalty(1, p.id("artist"))]
    return _burn(p, _collection(p, policy=policy))


@scenario("ok")
def an_item_burned_by_mandate(p: Play) -> Result:
    asset = _collection(p)
    _mandate(p, asset, "alice", BURN)
    return _burn(p, asset, by="agent")


@scenario("mandate_spent", 1)
def a_mandate_for_one_burn_too_few(p: Play) -> Result:
    asset = _collection(p, owners="alice alice")
    _mandate(p, asset, "alice", BURN)
    return p.send(*[build.burn_item(asset, item, p.id("alice")) for item in (FIRST, SECOND)], by="agent")


@scenario("ok")
def a_mandate_that_burns_again_in_the_next_window(p: Play) -> Result:
    asset = _collection(p, owners="alice alice")
    _mandate(p, asset, "alice", BURN)
    _done(_burn(p, asset, by="agent"))
    p.later(DAY - 1)
    assert _burn(p, asset, SECOND, by="agent") == ("mandate_spent", 0)
    p.later(1)
    return _burn(p, asset, SECOND, by="agent")


@scenario("ok")
def an_account_that_becomes_a_holds_keeps_its_item(p: Play) -> Result:
    asset, beans = _collection(p), p.asset(alice=1)
    p.accounts["pool"] = hold_id(p.id("alice"), SALT)
    _done(_give(p, asset, to="pool"))
    p.ok(build.hold(p.id("alice"), SALT, beans, 1, _terms(p)), by="alice")
    return _issue(p, asset, "alice")


# Sets.


@scenario("ok")
def a_set_is_completed(p: Play) -> Result:
    asset = _with_set(p, 1, 2, 3)
    _done(_complete(p, asset, (1, 1), (2, 2), (3, 1)))
    assert _burn(p, asset, build.item(2, 2)) == ("unknown_item", 0)
    _done(_burn(p, asset, build.item(2, 1)))
    return _burn(p, asset, build.item(RARE, 1))


@scenario("ok")
def a_set_of_the_same_design_twice(p: Play) -> Result:
    asset = _with_set(p, 1, 1, 2)
    _done(_complete(p, asset, (1, 1), (1, 2), (2, 1)))
    return _burn(p, asset, build.item(RARE, 1))


@scenario("ok")
def a_set_of_one(p: Play) -> Result:
    return _complete(p, _with_set(p, 2), (2, 1))


@scenario("ok")
def a_set_of_32(p: Play) -> Result:
    asset = _empty(p)
    _done(_design(p, asset, 1, 32))
    _done(_design(p, asset, RARE, 1, *[1] * 32))
    p.ok(*[build.issue_item(asset, 1, p.id("alice"))] * 32, by="brand")
    return _complete(p, asset, *[(1, edition) for edition in range(1, 33)])


@scenario("ok")
def a_set_of_sets(p: Play) -> Result:
    asset = _with_set(p, 1, 2)
    _done(_design(p, asset, 4, 1, 3, RARE, RARE))
    _done(_complete(p, asset, (1, 1), (2, 1)))
    _done(_complete(p, asset, (1, 2), (2, 2)))
    return _complete(p, asset, (3, 2), (RARE, 1), (RARE, 2), design=4)


@scenario("ok")
def a_set_at_the_cap(p: Play) -> Result:
    asset = _with_set(p, 2, supply_cap=9)
    assert _issue(p, asset, "alice") == ("supply_cap_exceeded", 0)
    return _complete(p, asset, (2, 1))


@scenario("ok")
def the_issuer_issues_a_design_with_a_set(p: Play) -> Result:
    asset = _with_set(p, 1, 2)
    _done(_issue(p, asset, "bob", RARE))
    _done(_complete(p, asset, (1, 1), (2, 1)))
    return _burn(p, asset, build.item(RARE, 2))


@scenario("wrong_set", 0)
def items_of_a_set_that_descend(p: Play) -> Result:
    return _complete(p, NO_ASSET, (2, 1), (1, 1), by="bob")


@scenario("wrong_set", 0)
def editions_of_a_set_that_descend(p: Play) -> Result:
    return _complete(p, NO_ASSET, (1, 2), (1, 1), by="bob")


@scenario("wrong_set", 0)
def an_item_twice_in_a_set(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, 1), (1, 1), (1, 1), by="bob")


@scenario("unknown_asset", 0)
def a_set_of_no_asset(p: Play) -> Result:
    return _complete(p, NO_ASSET, (1, 1), by="bob")


@scenario("not_items", 0)
def a_set_of_an_asset_with_units(p: Play) -> Result:
    return _complete(p, p.asset(alice=1), by="bob")


@scenario("unauthorized", 0)
def a_set_completed_by_another(p: Play) -> Result:
    asset = _with_set(p, 1)
    _pause(p, asset)
    return _complete(p, asset, (1, 1), by="bob")


@scenario("invalid_mandate", 0)
def a_mandate_for_sets(p: Play) -> Result:
    limit = build.limit([COMPLETE], 1, 1, p.world.time + 1)
    return p.send(build.mandate(p.id("alice"), p.id("agent"), NO_ASSET, limit), by="bob")


@scenario("asset_paused", 0)
def a_set_in_a_paused_collection(p: Play) -> Result:
    asset = _with_set(p, 1)
    _pause(p, asset)
    return _complete(p, asset, (1, 1), design=8)


@scenario("unknown_design", 0)
def a_set_for_no_design(p: Play) -> Result:
    return _complete(p, _with_set(p, 1), (1, 1), design=8)


@scenario("wrong_set", 0)
def nothing_for_a_design_without_a_set(p: Play) -> Result:
    return _complete(p, _with_set(p), design=2)


@scenario("wrong_set", 0)
def items_for_a_design_without_a_set(p: Play) -> Result:
    return _complete(p, _with_set(p), (1, 1), design=2)


@scenario("wrong_set", 0)
def nothing_for_a_set(p: Play) -> Result:
    return _complete(p, _with_set(p, 1))


@scenario("wrong_set", 0)
def a_set_with_too_few(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, 1, 2), (1, 1), (2, 7))


@scenario("wrong_set", 0)
def a_set_with_too_many(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, 2), (1, 1), (1, 7), (2, 1))


@scenario("wrong_set", 0)
def a_set_with_one_too_many_at_the_end(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, 2), (1, 1), (2, 1), (3, 1))


@scenario("wrong_set", 0)
def a_set_with_the_wrong_design(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, 2), (1, 7), (3, 1), sender="carol")


@scenario("unknown_item", 0)
def a_set_with_an_item_that_there_is_not(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, 2), (1, 4), (2, 3))


@scenario("not_owner", 0)
def a_set_with_an_item_of_another(p: Play) -> Result:
    asset = _with_set(p, 1, 2)
    _freeze(p, asset, "alice")
    return _complete(p, asset, (1, 3), (2, 7))


@scenario("not_owner", 0)
def a_set_of_items_of_another(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, 2), (1, 1), (2, 1), sender="bob")


@scenario("account_frozen", 0)
def a_set_of_a_frozen_account(p: Play) -> Result:
    asset = _with_set(p, 1, editions=1)
    _done(_issue(p, asset, "bob", RARE))
    _freeze(p, asset, "alice")
    return _complete(p, asset, (1, 1))


@scenario("ok")
def the_last_set(p: Play) -> Result:
    return _complete(p, _with_set(p, 1, editions=1), (1, 1))


@scenario("editions_exhausted", 1)
def one_set_more(p: Play) -> Result:
    asset, alice = _with_set(p, 1, editions=1), p.id("alice")
    sets = [build.complete_set(asset, RARE, alice, [item]) for item in (FIRST, SECOND)]
    return p.send(*sets, by="alice")


@scenario("ok")
def a_set_that_is_refused_burns_nothing(p: Play) -> Result:
    asset = _with_set(p, 1, 2, editions=1)
    _done(_issue(p, asset, "bob", RARE))
    assert _complete(p, asset, (1, 1), (2, 1)) == ("editions_exhausted", 0)
    _done(_burn(p, asset, build.item(2, 1)))
    return _burn(p, asset)


@scenario("ok")
def a_set_of_bound_badges_with_a_royalty(p: Play) -> Result:
    policy = [build.bound(), build.items(), build.royalty(1, p.id("artist"))]
    asset = _with_set(p, 1, 2, policy=policy)
    _done(_complete(p, asset, (1, 1), (2, 1)))
    return _burn(p, asset, build.item(RARE, 1))


@scenario("unknown_item", 1)
def an_item_in_two_sets(p: Play) -> Result:
    asset, alice = _with_set(p, 1, 2), p.id("alice")
    sets = [build.complete_set(asset, RARE, alice, [FIRST, build.item(2, edition)]) for edition in (1, 2)]
    return p.send(*sets, by="alice")


# Who may have an item, and the end of a collection.


def _club(p: Play, *members: str) -> build.Value:
    """The term that only members may have items, and these are members."""
    p.ok(build.schema(p.id("club"), "member", build.kind("nothing")), by="club")
    schema = schema_id(p.id("club"), "member")
    for name in members:
        p.ok(build.attest(schema, p.id("club"), p.id(name), build.content("nothing")), by="club")
    return build.attested_holders(schema, p.id("club"))


@scenario("unknown_attestation", 0)
def an_item_for_nobody_who_may_have_it(p: Play) -> Result:
    return _issue(p, _collection(p, _club(p, "alice")), "bob")


@scenario("unknown_attestation", 0)
def a_gift_to_nobody_who_may_have_it(p: Play) -> Result:
    return _give(p, _collection(p, _club(p, "alice")))


@scenario("unknown_attestation", 0)
def a_sale_to_nobody_who_may_have_it(p: Play) -> Result:
    return _sell(p, _collection(p, _club(p, "alice")), p.asset(bob=100), 100)


@scenario("ok")
def a_gift_among_members_and_to_the_issuer(p: Play) -> Result:
    asset = _collection(p, _club(p, "alice", "bob"))
    _done(_give(p, asset))
    return _give(p, asset, sender="bob", to="brand")


def _ended(p: Play) -> bytes:
    """A collection that has come to its end."""
    asset = _collection(p, build.sunset_notice(DAY), owners="alice alice")
    p.ok(build.sunset(asset, START + DAY), by="brand")
    p.later(START + DAY - p.world.time)
    return asset


@scenario("asset_sunset", 0)
def a_design_after_the_end(p: Play) -> Result:
    return _design(p, _ended(p), 2)


@scenario("asset_sunset", 0)
def an_item_after_the_end(p: Play) -> Result:
    return _issue(p, _ended(p), "bob")


@scenario("asset_sunset", 0)
def a_gift_after_the_end(p: Play) -> Result:
    return _give(p, _ended(p))


@scenario("asset_sunset", 0)
def a_sale_after_the_end(p: Play) -> Result:
    return _sell(p, _ended(p), p.asset(bob=100), 100)


@scenario("asset_sunset", 0)
def a_set_after_the_end(p: Play) -> Result:
    return _complete(p, _ended(p), (1, 1), (1, 2))


@scenario("ok")
def an_item_is_burned_after_the_end(p: Play) -> Result:
    return _burn(p, _ended(p))


@scenario("ok")
def a_sale_for_more_than_the_seller_may_have(p: Play) -> Result:
    asset, currency = _collection(p), p.asset(build.max_holding(100), bob=100, alice=1)
    assert _sell(p, asset, currency, 100) == ("max_holding_exceeded", 0)
    _done(_sell(p, asset, currency, 99))
    return _sell(p, asset, currency, 1, seller="bob", buyer="alice")


@scenario("ok")
def a_sale_costs_no_fee(p: Play) -> Result:
    asset, currency = _collection(p), p.asset(build.fee(5_000, p.id("till")), bob=100)
    _done(_sell(p, asset, currency, 100))
    return p.send(build.burn(currency, p.id("alice"), 100), by="alice")
