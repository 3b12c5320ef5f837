"""Scenarios of family 1, account."""

from __future__ import annotations

from tests.model import build, ed25519
from tests.model.account import named_account
from tests.ops.play import DAY, HOUR, Play, Result, scenario

TRANSFER = 0x30
NO_POINT = (2).to_bytes(32, "little")
NOT_CANONICAL = (ed25519.P + 3).to_bytes(32, "little")
SMALL_ORDER = bytes(32)


def _open(p: Play, *grants: build.Value, threshold: int = 1, by: str = "alice") -> Result:
    return p.send(build.open_account(p.id("alice"), bytes(16), threshold, list(grants)), by=by)


def _grants(p: Play, count: int) -> list[build.Value]:
    return [build.grant(key) for key in sorted(p.key(f"key{n}") for n in range(count))]


@scenario("ok")
def an_account_is_opened(p: Play) -> Result:
    return _open(p, *_grants(p, 16), threshold=16)


@scenario("ok")
def somebody_else_opens_with_ones_salt(p: Play) -> Result:
    assert _open(p, *_grants(p, 1)) == ("ok", None)
    return p.send(build.open_account(p.id("bob"), bytes(16), 1, _grants(p, 1)), by="bob")


@scenario("no_keys", 0)
def open_without_keys(p: Play) -> Result:
    return _open(p, threshold=0)


@scenario("no_keys", 0)
def set_no_keys(p: Play) -> Result:
    return p.send(build.set_keys(p.id("alice"), 1, []), by="alice")


@scenario("too_many_keys", 0)
def open_with_seventeen_keys(p: Play) -> Result:
    return _open(p, *reversed(_grants(p, 17)))


@scenario("keys_not_ascending", 0)
def keys_that_descend(p: Play) -> Result:
    return _open(p, build.grant(b"\xff" * 32), build.grant(SMALL_ORDER))


@scenario("keys_not_ascending", 0)
def a_key_twice(p: Play) -> Result:
    return _open(p, *_grants(p, 1) * 2)


@scenario("invalid_key", 0)
def a_key_that_is_no_point(p: Play) -> Result:
    return _open(p, build.grant(NO_POINT, []))


@scenario("invalid_key", 0)
def a_key_that_is_not_canonical(p: Play) -> Result:
    return _open(p, build.grant(NOT_CANONICAL))


@scenario("invalid_key", 0)
def a_key_of_small_order(p: Play) -> Result:
    return _open(p, build.grant(SMALL_ORDER), *_grants(p, 1))


@scenario("invalid_scope", 0)
def an_empty_scope(p: Play) -> Result:
    return _open(p, build.grant(p.key("phone"), []), threshold=0)


@scenario("invalid_scope", 0)
def a_scope_over_64_tags(p: Play) -> Result:
    return _open(p, build.grant(p.key("phone"), list(range(65))))


@scenario("invalid_scope", 0)
def a_scope_that_descends(p: Play) -> Result:
    return _open(p, build.grant(p.key("phone"), [0x30, 0x11]))


@scenario("invalid_scope", 0)
def a_scope_that_names_a_tag_twice(p: Play) -> Result:
    return _open(p, build.grant(p.key("phone"), [0x11, 0x11]))


@scenario("invalid_scope", 0)
def a_scope_that_names_no_operation(p: Play) -> Result:
    return _open(p, build.grant(p.key("phone"), [0x11, 0xFF]))


@scenario("invalid_threshold", 0)
def a_threshold_of_none(p: Play) -> Result:
    return _open(p, build.grant(p.key("phone"), [TRANSFER]), threshold=0)


@scenario("invalid_threshold", 0)
def a_threshold_of_more_than_there_are(p: Play) -> Result:
    return _open(p, *_grants(p, 2), threshold=3)


@scenario("keys_locked_out", 0)
def nobody_could_set_the_keys(p: Play) -> Result:
    return _open(p, build.grant(p.key("phone"), [TRANSFER]), by="bob")


@scenario("keys_locked_out", 0)
def too_few_could_set_the_keys(p: Play) -> Result:
    grants = _grants(p, 3)
    grants[0].scope, grants[1].scope = [TRANSFER], [0x11, TRANSFER]
    return _open(p, *grants, threshold=3)


@scenario("unauthorized", 0)
def open_in_the_name_of_another(p: Play) -> Result:
    assert _open(p, *_grants(p, 1)) == ("ok", None)
    return _open(p, *_grants(p, 1), by="bob")


@scenario("account_exists", 0)
def open_twice(p: Play) -> Result:
    assert _open(p, *_grants(p, 1)) == ("ok", None)
    return _open(p, *_grants(p, 2))


@scenario("account_exists", 1)
def open_twice_in_a_transaction(p: Play) -> Result:
    return p.send(*[build.open_account(p.id("alice"), bytes(16), 1, _grants(p, 1))] * 2, by="alice")


@scenario("ok")
def an_account_that_was_paid_before_it_was_opened(p: Play) -> Result:
    asset = p.asset(alice=5)
    account = named_account(p.id("opener"), b"shop".ljust(16, b"\0"))
    p.ok(build.transfer(asset, p.id("alice"), account, 5), by="alice")
    p.open("shop", "till")
    return p.send(build.transfer(asset, account, p.id("alice"), 5), by="shop/till")


@scenario("ok")
def keys_of_a_key_account(p: Play) -> Result:
    p.ok(build.set_keys(p.id("alice"), 2, _grants(p, 3)), by="alice")
    return p.send(build.set_keys(p.id("alice"), 1, _grants(p, 1)), by="alice/key0 alice/key2")


@scenario("ok")
def the_old_key_can_be_one_of_the_new(p: Play) -> Result:
    p.ok(build.set_keys(p.id("alice"), 1, [build.grant(p.key("alice"))]), by="alice")
    return p.send(build.once(p.id("alice"), bytes(32)), by="alice/alice")


@scenario("unauthorized", 0)
def set_the_keys_of_another(p: Play) -> Result:
    return p.send(build.set_keys(p.id("alice"), 1, _grants(p, 1)), by="bob")


@scenario("wrong_scope", 0)
def set_keys_without_the_scope(p: Play) -> Result:
    p.open("shop", "office", build.grant(p.key("till"), [TRANSFER]))
    return p.send(build.set_keys(p.id("shop"), 1, _grants(p, 1)), by="shop/till")


@scenario("threshold_not_met", 0)
def set_keys_with_too_few(p: Play) -> Result:
    p.open("shop", "office", "till", threshold=2)
    return p.send(build.set_keys(p.id("shop"), 1, _grants(p, 1)), by="shop/till")


@scenario("ok")
def keys_set_twice_in_a_transaction(p: Play) -> Result:
    first, second = build.set_keys(p.id("alice"), 1, _grants(p, 1)), build.set_keys(p.id("alice"), 1, _grants(p, 2))
    return p.send(first, second, by="alice")


# Mandates. What they do when they are used is told in scenarios_common.


def _limit(p: Play, **changes: object) -> build.Value:
    fields: dict[str, object] = {"operations": [TRANSFER], "cap": 100, "window_ms": HOUR, "until": p.world.time + DAY}
    return build.limit(**{**fields, **changes})  # type: ignore[arg-type]


def _mandate(p: Play, limit: build.Value | None, agent: str = "agent", by: str = "alice", asset: bytes = b"") -> Result:
    return p.send(build.mandate(p.id("alice"), p.id(agent), asset or bytes(32), limit), by=by)


@scenario("mandate_to_self", 0)
def a_mandate_to_oneself(p: Play) -> Result:
    return _mandate(p, _limit(p, cap=0), agent="alice")


@scenario("mandate_to_self", 0)
def a_mandate_revoked_from_oneself(p: Play) -> Result:
    return _mandate(p, None, agent="alice")


@scenario("invalid_mandate", 0)
def a_mandate_for_nothing(p: Play) -> Result:
    return _mandate(p, _limit(p, operations=[]), by="bob")


@scenario("invalid_mandate", 0)
def a_mandate_for_what_allows_none(p: Play) -> Result:
    return _mandate(p, _limit(p, operations=[TRANSFER, 0x34]))


@scenario("invalid_mandate", 0)
def a_mandate_for_an_unknown_operation(p: Play) -> Result:
    return _mandate(p, _limit(p, operations=[TRANSFER, 0xFF]))


@scenario("invalid_mandate", 0)
def a_mandate_for_operations_that_descend(p: Play) -> Result:
    return _mandate(p, _limit(p, operations=[0x31, 0x30]))


@scenario("invalid_mandate", 0)
def a_mandate_without_a_cap(p: Play) -> Result:
    return _mandate(p, _limit(p, cap=0))


@scenario("invalid_mandate", 0)
def a_mandate_without_a_window(p: Play) -> Result:
    return _mandate(p, _limit(p, window_ms=0))


@scenario("invalid_mandate", 0)
def a_mandate_without_an_end(p: Play) -> Result:
    return _mandate(p, _limit(p, until=0))


@scenario("unauthorized", 0)
def a_mandate_that_ends_now_for_another(p: Play) -> Result:
    return _mandate(p, _limit(p, until=p.world.time), by="bob")


@scenario("invalid_mandate", 0)
def a_mandate_that_ends_now(p: Play) -> Result:
    return _mandate(p, _limit(p, until=p.world.time))


@scenario("unknown_asset", 0)
def a_mandate_for_no_asset(p: Play) -> Result:
    return _mandate(p, _limit(p))


@scenario("no_such_mandate", 0)
def a_mandate_revoked_that_was_never_given(p: Play) -> Result:
    return _mandate(p, None)


@scenario("no_such_mandate", 0)
def a_mandate_revoked_twice(p: Play) -> Result:
    asset = p.asset()
    assert _mandate(p, _limit(p), asset=asset) == ("ok", None)
    assert _mandate(p, None, asset=asset) == ("ok", None)
    return _mandate(p, None, asset=asset)


@scenario("unauthorized", 0)
def a_mandate_that_was_revoked(p: Play) -> Result:
    asset = p.asset(alice=100)
    assert _mandate(p, _limit(p), asset=asset) == ("ok", None)
    assert _mandate(p, None, asset=asset) == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("bob"), 1), by="agent")


@scenario("ok")
def the_widest_mandate(p: Play) -> Result:
    asset = p.asset(alice=10**9)
    top = 2**64 - 1
    wide = _limit(p, operations=[0x30, 0x31, 0x32, 0x33], cap=2**128 - 1, window_ms=top, until=top)
    assert _mandate(p, wide, asset=asset) == ("ok", None)
    return p.send(build.burn(asset, p.id("alice"), 10**9), by="agent")


@scenario("ok")
def a_new_mandate_replaces_the_old_one_unspent(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    spend = build.transfer(asset, p.id("alice"), p.id("bob"), 100)
    for _ in range(2):
        assert _mandate(p, _limit(p), asset=asset) == ("ok", None)
        p.later(1)
        p.ok(spend, by="agent")
    p.later(HOUR - 1)
    return p.send(spend, by="agent")


# Once.


@scenario("ok")
def once_for_each_account(p: Play) -> Result:
    p.ok(build.once(p.id("alice"), b"k" * 32), by="alice")
    return p.send(build.once(p.id("bob"), b"k" * 32), by="bob")


@scenario("already_used", 0)
def once_again(p: Play) -> Result:
    p.ok(build.once(p.id("alice"), b"k" * 32), by="alice")
    p.later(2 * HOUR)
    return p.send(build.once(p.id("alice"), b"k" * 32), by="alice")


@scenario("already_used", 1)
def once_twice_in_a_transaction(p: Play) -> Result:
    return p.send(*[build.once(p.id("alice"), b"k" * 32)] * 2, by="alice")


@scenario("unauthorized", 0)
def once_in_the_name_of_another(p: Play) -> Result:
    p.ok(build.once(p.id("alice"), b"k" * 32), by="alice")
    return p.send(build.once(p.id("alice"), b"k" * 32), by="bob")


@scenario("ok")
def what_was_refused_was_not_once(p: Play) -> Result:
    once = build.once(p.id("alice"), b"k" * 32)
    assert p.send(once, build.sweep(bytes(32), [p.id("alice")]), by="alice") == ("unknown_asset", 1)
    return p.send(once, by="alice")
