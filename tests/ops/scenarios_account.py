"""Scenarios of family 1, account."""

from __future__ import annotations

from itertools import pairwise

from tests.model import build, ed25519
from tests.model.account import named_account
from tests.ops.play import DAY, HOUR, Play, Result, scenario

TRANSFER = 0x30
RECOVER = 0x15
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


# Guardians and recovery.


def _friends(p: Play, count: int = 3) -> list[bytes]:
    return sorted(p.id(f"friend{n}") for n in range(count))


def _guard(p: Play, guardians: list[bytes] | None = None, by: str = "alice", **changes: int) -> Result:
    friends = _friends(p) if guardians is None else guardians
    fields = {"threshold": 2, "delay_ms": DAY, **changes}
    return p.send(build.set_guardians(p.id("alice"), fields["threshold"], friends, fields["delay_ms"]), by=by)


def _recover(p: Play, *grants: build.Value, threshold: int = 1, by: str = "friend0 friend1") -> Result:
    return p.send(build.recover(p.id("alice"), threshold, list(grants) or _grants(p, 2)), by=by)


def _recovering(p: Play) -> None:
    assert _guard(p) == ("ok", None)
    assert _recover(p) == ("ok", None)


def _finish(p: Play, by: str = "anybody") -> Result:
    return p.send(build.finish_recovery(p.id("alice")), by=by)


def _cancel(p: Play, by: str = "alice") -> Result:
    return p.send(build.cancel_recovery(p.id("alice")), by=by)


@scenario("ok")
def a_lost_key_is_recovered(p: Play) -> Result:
    _recovering(p)
    p.later(DAY)
    assert _finish(p) == ("ok", None)
    return p.send(build.once(p.id("alice"), bytes(32)), by="alice/key0")


@scenario("key_missing")
def the_lost_key_is_dead_after_a_recovery(p: Play) -> Result:
    _recovering(p)
    p.later(DAY)
    assert _finish(p) == ("ok", None)
    return p.send(build.once(p.id("alice"), bytes(32)), by="alice")


@scenario("ok")
def guardians_stay_after_a_recovery(p: Play) -> Result:
    _recovering(p)
    p.later(DAY)
    assert _finish(p) == ("ok", None)
    return _recover(p, by="friend1 friend2")


@scenario("ok")
def the_keys_of_a_named_account_are_recovered(p: Play) -> Result:
    shop = p.open("shop", "office")
    p.ok(build.set_guardians(shop, 1, [p.id("bob")], HOUR), by="shop/office")
    p.ok(build.recover(shop, 2, _grants(p, 2)), by="bob")
    p.later(HOUR)
    p.ok(build.finish_recovery(shop), by="bob")
    return p.send(build.once(shop, bytes(32)), by="shop/key0 shop/key1")


@scenario("ok")
def sixteen_guardians_and_all_of_them_needed(p: Play) -> Result:
    assert _guard(p, _friends(p, 16), threshold=16, delay_ms=365 * DAY) == ("ok", None)
    return _recover(p, by=" ".join(f"friend{n}" for n in range(16)))


@scenario("invalid_guardians", 0)
def seventeen_guardians(p: Play) -> Result:
    return _guard(p, _friends(p, 17), delay_ms=0)


@scenario("invalid_guardians", 0)
def guardians_that_descend(p: Play) -> Result:
    return _guard(p, _friends(p)[::-1], by="bob")


@scenario("invalid_guardians", 0)
def a_guardian_twice(p: Play) -> Result:
    return _guard(p, [p.id("bob"), p.id("bob")])


@scenario("invalid_guardians", 0)
def a_guardian_of_oneself(p: Play) -> Result:
    return _guard(p, sorted([p.id("alice"), p.id("bob")]))


@scenario("invalid_guardians", 0)
def guardians_of_whom_none_is_needed(p: Play) -> Result:
    return _guard(p, threshold=0)


@scenario("invalid_guardians", 0)
def more_guardians_needed_than_there_are(p: Play) -> Result:
    return _guard(p, threshold=4, delay_ms=0)


@scenario("invalid_guardians", 0)
def no_guardians_with_a_threshold(p: Play) -> Result:
    return _guard(p, [], threshold=1, delay_ms=0)


@scenario("invalid_guardians", 0)
def no_guardians_with_a_delay(p: Play) -> Result:
    return _guard(p, [], threshold=0, delay_ms=HOUR)


@scenario("invalid_delay", 0)
def a_delay_below_an_hour(p: Play) -> Result:
    return _guard(p, delay_ms=HOUR - 1, by="bob")


@scenario("invalid_delay", 0)
def a_delay_over_a_year(p: Play) -> Result:
    return _guard(p, delay_ms=365 * DAY + 1)


@scenario("unauthorized", 0)
def guardians_of_another(p: Play) -> Result:
    return _guard(p, by="bob")


@scenario("unauthorized", 0)
def guardians_of_another_dismissed_that_are_none(p: Play) -> Result:
    return _guard(p, [], threshold=0, delay_ms=0, by="bob")


@scenario("no_guardians", 0)
def guardians_dismissed_that_are_none(p: Play) -> Result:
    return _guard(p, [], threshold=0, delay_ms=0)


@scenario("no_guardians", 0)
def guardians_that_were_dismissed(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    assert _guard(p, [], threshold=0, delay_ms=0) == ("ok", None)
    return _recover(p)


@scenario("too_few_guardians", 0)
def guardians_that_were_replaced(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    assert _guard(p, [p.id("bob")], threshold=1) == ("ok", None)
    return _recover(p)


@scenario("recovery_running", 0)
def guardians_replaced_while_a_recovery_runs(p: Play) -> Result:
    _recovering(p)
    return _guard(p, [p.id("bob")], threshold=1)


@scenario("recovery_running", 0)
def guardians_dismissed_while_a_recovery_runs(p: Play) -> Result:
    _recovering(p)
    return _guard(p, [], threshold=0, delay_ms=0)


@scenario("unauthorized", 0)
def guardians_of_another_while_a_recovery_runs(p: Play) -> Result:
    _recovering(p)
    return _guard(p, by="friend0")


@scenario("ok")
def guardians_replaced_after_a_recovery_was_cancelled(p: Play) -> Result:
    _recovering(p)
    cancel = build.cancel_recovery(p.id("alice"))
    return p.send(cancel, build.set_guardians(p.id("alice"), 0, [], 0), by="alice")


@scenario("no_keys", 0)
def recover_to_no_keys(p: Play) -> Result:
    return p.send(build.recover(p.id("alice"), 0, []), by="bob")


@scenario("too_many_keys", 0)
def recover_to_seventeen_keys(p: Play) -> Result:
    return _recover(p, *_grants(p, 17))


@scenario("keys_not_ascending", 0)
def recover_to_a_key_twice(p: Play) -> Result:
    return _recover(p, *_grants(p, 1) * 2)


@scenario("invalid_key", 0)
def recover_to_no_point(p: Play) -> Result:
    return _recover(p, build.grant(NO_POINT))


@scenario("invalid_scope", 0)
def recover_to_an_empty_scope(p: Play) -> Result:
    return _recover(p, build.grant(p.key("phone"), []))


@scenario("invalid_threshold", 0)
def recover_to_a_threshold_of_none(p: Play) -> Result:
    return _recover(p, threshold=0)


@scenario("keys_locked_out", 0)
def recover_to_keys_that_lock_out(p: Play) -> Result:
    return _recover(p, build.grant(p.key("phone"), [TRANSFER]))


@scenario("no_guardians", 0)
def recover_without_guardians(p: Play) -> Result:
    return _recover(p)


@scenario("no_guardians", 0)
def the_account_itself_cannot_recover(p: Play) -> Result:
    return _recover(p, by="alice")


@scenario("too_few_guardians", 0)
def one_guardian_of_two(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    return _recover(p, by="friend2 alice bob")


@scenario("too_few_guardians", 0)
def too_few_guardians_while_a_recovery_runs(p: Play) -> Result:
    _recovering(p)
    return _recover(p, by="friend2")


@scenario("too_few_guardians", 0)
def a_guardian_whose_key_may_not_recover(p: Play) -> Result:
    club = p.open("club", "office", build.grant(p.key("till"), [TRANSFER]))
    assert _guard(p, [club], threshold=1) == ("ok", None)
    return _recover(p, by="club/till")


@scenario("too_few_guardians", 0)
def a_guardian_of_whose_keys_too_few_sign(p: Play) -> Result:
    club = p.open("club", "office", "till", threshold=2)
    assert _guard(p, sorted([club, p.id("bob")]), threshold=2) == ("ok", None)
    return _recover(p, by="club/till bob")


@scenario("ok")
def a_guardian_with_a_key_for_recoveries(p: Play) -> Result:
    club = p.open("club", "office", build.grant(p.key("till"), [RECOVER]))
    assert _guard(p, [club], threshold=1) == ("ok", None)
    return _recover(p, by="club/till")


@scenario("ok")
def a_guardian_too_many_does_no_harm(p: Play) -> Result:
    club = p.open("club", "office", build.grant(p.key("till"), [TRANSFER]))
    assert _guard(p, sorted([club, p.id("bob")]), threshold=1) == ("ok", None)
    return _recover(p, by="club/till bob")


@scenario("recovery_running", 0)
def recover_twice(p: Play) -> Result:
    _recovering(p)
    return _recover(p, *_grants(p, 1))


@scenario("recovery_running", 1)
def recover_twice_in_a_transaction(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    return p.send(*[build.recover(p.id("alice"), 1, _grants(p, 1))] * 2, by="friend0 friend1")


@scenario("ok")
def recover_again_after_it_was_cancelled(p: Play) -> Result:
    _recovering(p)
    assert _cancel(p) == ("ok", None)
    return _recover(p)


@scenario("recovery_pending", 0)
def the_delay_starts_anew_after_it_was_cancelled(p: Play) -> Result:
    _recovering(p)
    p.later(1)
    assert _cancel(p) == ("ok", None)
    assert _recover(p) == ("ok", None)
    p.later(DAY - 1)
    return _finish(p)


@scenario("recovery_running", 0)
def recover_while_one_waits_to_be_finished(p: Play) -> Result:
    _recovering(p)
    p.later(DAY)
    return _recover(p)


@scenario("no_recovery", 0)
def cancel_no_recovery(p: Play) -> Result:
    return _cancel(p)


@scenario("unauthorized", 0)
def cancel_no_recovery_of_another(p: Play) -> Result:
    return _cancel(p, by="friend0")


@scenario("unauthorized", 0)
def guardians_cannot_cancel(p: Play) -> Result:
    _recovering(p)
    return _cancel(p, by="friend0 friend1 friend2")


@scenario("no_recovery", 0)
def cancel_twice(p: Play) -> Result:
    _recovering(p)
    assert _cancel(p) == ("ok", None)
    return _cancel(p)


@scenario("ok")
def cancel_when_it_could_be_finished(p: Play) -> Result:
    _recovering(p)
    p.later(DAY)
    return _cancel(p)


@scenario("no_recovery", 0)
def finish_what_was_cancelled(p: Play) -> Result:
    _recovering(p)
    assert _cancel(p) == ("ok", None)
    p.later(DAY)
    return _finish(p)


@scenario("no_recovery", 0)
def finish_no_recovery(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    return _finish(p)


@scenario("no_recovery", 1)
def finish_twice_in_a_transaction(p: Play) -> Result:
    _recovering(p)
    p.later(DAY)
    return p.send(*[build.finish_recovery(p.id("alice"))] * 2, by="anybody")


@scenario("recovery_pending", 0)
def finish_a_millisecond_early(p: Play) -> Result:
    _recovering(p)
    p.later(DAY - 1)
    return _finish(p, by="alice")


@scenario("recovery_pending", 1)
def recover_and_finish_in_a_transaction(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    recover = build.recover(p.id("alice"), 1, _grants(p, 1))
    return p.send(recover, build.finish_recovery(p.id("alice")), by="friend0 friend1")


@scenario("no_recovery", 0)
def set_keys_ends_a_recovery(p: Play) -> Result:
    _recovering(p)
    p.ok(build.set_keys(p.id("alice"), 1, _grants(p, 1)), by="alice")
    p.later(DAY)
    return _finish(p)


@scenario("no_recovery", 0)
def an_alias_ends_a_recovery(p: Play) -> Result:
    _recovering(p)
    assert _alias(p, "alice", "bob") == ("ok", None)
    p.later(DAY)
    return _finish(p)


@scenario("unauthorized", 1)
def keys_of_a_recovery_sign_from_the_next_transaction_on(p: Play) -> Result:
    _recovering(p)
    p.later(DAY)
    return p.send(build.finish_recovery(p.id("alice")), build.once(p.id("alice"), bytes(32)), by="bob")


# Alias.


def _alias(p: Play, account: str, into: str, by: str | None = None) -> Result:
    return p.send(build.alias(p.id(account), p.id(into)), by=f"{account} {into}" if by is None else by)


def _chain(p: Play, count: int) -> str:
    """Aliases, each of the one before, the first of `end`: the last is `count` hops away. `end` signs for all."""
    names = ["end", *(f"link{n}" for n in range(1, count + 1))]
    for into, account in pairwise(names):
        assert _alias(p, account, into, by=f"{account} end") == ("ok", None)
    return names[-1]


@scenario("ok")
def an_alias_is_signed_for_by_the_other_account(p: Play) -> Result:
    asset = p.asset(alice=5)
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("carol"), 5), by="bob")


@scenario("account_aliased")
def an_alias_cannot_sign_itself(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.once(p.id("alice"), bytes(32)), by="alice")


@scenario("account_aliased")
def an_alias_cannot_sign_with_a_key(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.once(p.id("bob"), bytes(32)), by="bob alice/alice")


@scenario("key_unexpected")
def authorizers_are_checked_in_order_before_an_alias(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.once(p.id("bob"), bytes(32)), by="bob/bob alice")


@scenario("alias_of_itself", 0)
def an_alias_of_itself(p: Play) -> Result:
    return _alias(p, "alice", "alice", by="bob")


@scenario("unauthorized", 0)
def an_alias_without_the_account(p: Play) -> Result:
    return _alias(p, "alice", "bob", by="bob")


@scenario("unauthorized", 0)
def an_alias_without_the_other(p: Play) -> Result:
    return _alias(p, "alice", "bob", by="alice")


@scenario("wrong_scope", 0)
def an_alias_whose_account_has_not_the_scope(p: Play) -> Result:
    p.open("shop", "office", build.grant(p.key("till"), [TRANSFER]))
    return p.send(build.alias(p.id("shop"), p.id("bob")), by="shop/till")


@scenario("threshold_not_met", 0)
def an_alias_of_an_account_of_which_too_few_sign(p: Play) -> Result:
    p.open("shop", "office", "till", threshold=2)
    return p.send(build.alias(p.id("alice"), p.id("shop")), by="alice shop/till")


@scenario("wrong_scope", 0)
def an_alias_is_judged_by_the_scopes_of_the_other(p: Play) -> Result:
    p.open("shop", "office", build.grant(p.key("till"), [TRANSFER]))
    p.ok(build.alias(p.id("alice"), p.id("shop")), by="alice shop/office")
    return p.send(build.once(p.id("alice"), bytes(32)), by="shop/till")


@scenario("threshold_not_met", 0)
def an_alias_is_judged_by_the_threshold_of_the_other(p: Play) -> Result:
    p.open("shop", "office", "till", threshold=2)
    p.ok(build.alias(p.id("alice"), p.id("shop")), by="alice shop/office shop/till")
    return p.send(build.once(p.id("alice"), bytes(32)), by="shop/till")


@scenario("wrong_scope", 1)
def an_alias_counts_from_the_next_transaction_on(p: Play) -> Result:
    # The till may turn the alias to Bob, and no more. Bob signs as well, but not for Alice yet.
    p.open("shop", "office", build.grant(p.key("till"), [0x18]))
    p.ok(build.alias(p.id("alice"), p.id("shop")), by="alice shop/office")
    turn = build.alias(p.id("alice"), p.id("bob"))
    return p.send(turn, build.once(p.id("alice"), bytes(32)), by="shop/till bob")


@scenario("ok")
def who_signed_before_an_alias_signs_to_the_end_of_the_transaction(p: Play) -> Result:
    merge = build.alias(p.id("alice"), p.id("bob"))
    return p.send(merge, build.once(p.id("alice"), bytes(32)), by="alice bob")


@scenario("unauthorized", 1)
def an_alias_further_on_counts_from_the_next_transaction_on(p: Play) -> Result:
    # Alice is an alias of the shop, which becomes one of Bob.
    p.open("shop", "till")
    p.ok(build.alias(p.id("alice"), p.id("shop")), by="alice shop/till")
    p.ok(build.set_guardians(p.id("shop"), 1, [p.id("bob")], HOUR), by="shop/till")
    p.ok(build.recover(p.id("shop"), 1, [build.grant(p.key("bob"))]), by="bob")
    p.later(HOUR)
    finish = build.finish_recovery(p.id("shop"))
    return p.send(finish, build.once(p.id("alice"), bytes(32)), by="bob")


@scenario("ok")
def an_alias_that_ends_counts_until_the_next_transaction(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    end = build.set_keys(p.id("alice"), 1, _grants(p, 1))
    return p.send(end, build.once(p.id("alice"), bytes(32)), end, by="bob")


@scenario("unauthorized", 0)
def an_alias_that_ended_is_signed_for_no_more(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    p.ok(build.set_keys(p.id("alice"), 1, _grants(p, 1)), by="bob")
    return p.send(build.once(p.id("alice"), bytes(32)), by="bob")


@scenario("ok")
def an_alias_that_ended_has_keys_of_its_own(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    p.ok(build.set_keys(p.id("alice"), 1, _grants(p, 1)), by="bob")
    return p.send(build.once(p.id("alice"), bytes(32)), by="alice/key0")


@scenario("ok")
def an_alias_turns_to_another(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    assert _alias(p, "alice", "carol", by="bob carol") == ("ok", None)
    return p.send(build.once(p.id("alice"), bytes(32)), by="carol")


@scenario("ok")
def the_keys_of_the_other_account_may_change(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    p.ok(build.set_keys(p.id("bob"), 1, _grants(p, 1)), by="bob")
    return p.send(build.once(p.id("alice"), bytes(32)), by="bob/key0")


@scenario("account_exists", 0)
def open_an_account_that_is_an_alias(p: Play) -> Result:
    p.open("shop", "till")
    p.ok(build.alias(p.id("shop"), p.id("bob")), by="shop/till bob")
    return p.send(build.open_account(p.id("opener"), b"shop".ljust(16, b"\0"), 1, _grants(p, 1)), by="opener")


@scenario("ok")
def guardians_recover_an_account_that_became_an_alias(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    assert _alias(p, "alice", "bob") == ("ok", None)
    assert _recover(p) == ("ok", None)
    p.later(DAY)
    assert _finish(p) == ("ok", None)
    return p.send(build.once(p.id("alice"), bytes(32)), by="alice/key1")


@scenario("ok")
def a_recovery_of_an_alias_is_cancelled_by_the_other_account(p: Play) -> Result:
    assert _guard(p) == ("ok", None)
    assert _alias(p, "alice", "bob") == ("ok", None)
    assert _recover(p) == ("ok", None)
    return _cancel(p, by="bob")


@scenario("ok")
def a_guardian_that_is_an_alias(p: Play) -> Result:
    assert _guard(p, [p.id("carol")], threshold=1) == ("ok", None)
    assert _alias(p, "carol", "bob") == ("ok", None)
    return _recover(p, by="bob")


@scenario("ok")
def eight_aliases_deep(p: Play) -> Result:
    last = _chain(p, 8)
    return p.send(build.once(p.id(last), bytes(32)), by="end")


@scenario("alias_too_deep", 0)
def nine_aliases_deep(p: Play) -> Result:
    last = _chain(p, 8)
    return _alias(p, "alice", last, by="alice end")


@scenario("unauthorized", 0)
def nine_aliases_deep_because_the_end_moved(p: Play) -> Result:
    last = _chain(p, 8)
    assert _alias(p, "end", "bob") == ("ok", None)
    return p.send(build.once(p.id(last), bytes(32)), by="bob")


@scenario("ok")
def what_is_nine_deep_is_brought_back(p: Play) -> Result:
    last = _chain(p, 8)
    assert _alias(p, "end", "bob") == ("ok", None)
    assert _alias(p, "link4", "bob", by="bob") == ("ok", None)
    return p.send(build.once(p.id(last), bytes(32)), by="bob")


@scenario("alias_cycle", 0)
def an_alias_of_its_alias(p: Play) -> Result:
    assert _alias(p, "alice", "bob") == ("ok", None)
    return _alias(p, "bob", "alice", by="bob")


@scenario("alias_cycle", 0)
def a_circle_of_nine(p: Play) -> Result:
    return _alias(p, "end", _chain(p, 8), by="end")


@scenario("alias_cycle", 1)
def a_circle_within_a_transaction(p: Play) -> Result:
    return p.send(build.alias(p.id("alice"), p.id("bob")), build.alias(p.id("bob"), p.id("alice")), by="alice bob")


@scenario("alias_too_deep", 1)
def nine_aliases_deep_within_a_transaction(p: Play) -> Result:
    last = _chain(p, 7)
    deeper = build.alias(p.id("end"), p.id("bob"))
    return p.send(deeper, build.alias(p.id("alice"), p.id(last)), by="end bob alice")


@scenario("unauthorized", 0)
def an_agent_of_the_other_account_is_none_of_the_alias(p: Play) -> Result:
    asset = p.asset(alice=5, bob=5)
    p.ok(build.mandate(p.id("bob"), p.id("agent"), asset, _limit(p)), by="bob")
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("carol"), 5), by="agent")


@scenario("ok")
def a_mandate_of_an_alias_holds(p: Play) -> Result:
    asset = p.asset(alice=5)
    assert _mandate(p, _limit(p), asset=asset) == ("ok", None)
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("carol"), 5), by="agent")


@scenario("mandate_spent", 0)
def a_mandate_of_an_alias_is_spent(p: Play) -> Result:
    asset = p.asset(alice=500)
    assert _mandate(p, _limit(p), asset=asset) == ("ok", None)
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("carol"), 101), by="agent")


@scenario("ok")
def the_other_account_comes_before_mandates(p: Play) -> Result:
    asset = p.asset(alice=500)
    assert _mandate(p, _limit(p), asset=asset) == ("ok", None)
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("carol"), 101), by="agent bob")


@scenario("unauthorized", 0)
def a_mandate_held_by_an_alias_rests(p: Play) -> Result:
    asset = p.asset(alice=5)
    assert _mandate(p, _limit(p), asset=asset) == ("ok", None)
    assert _alias(p, "agent", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("carol"), 5), by="bob")


@scenario("ok")
def an_alias_that_issues(p: Play) -> Result:
    asset = p.asset()
    assert _alias(p, "brand", "bob") == ("ok", None)
    return p.send(build.mint(asset, p.id("alice"), 5), build.pause(asset, paused=True), by="bob")


@scenario("ok")
def an_alias_that_governs(p: Play) -> Result:
    assert _alias(p, "governor", "bob") == ("ok", None)
    return p.send(build.set_parameters(build.parameters(governor=None)), by="bob")


@scenario("ok")
def what_is_bound_moves_to_the_account_it_is_an_alias_of(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=5)
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("bob"), 5), by="bob")


@scenario("ok")
def what_is_bound_moves_in_the_transaction_that_makes_the_alias(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=5)
    merge = build.alias(p.id("alice"), p.id("bob"))
    return p.send(merge, build.pay(asset, p.id("alice"), [build.payee(p.id("bob"), 5)]), by="alice bob")


@scenario("asset_bound", 0)
def what_is_bound_does_not_move_to_the_alias(p: Play) -> Result:
    asset = p.asset(build.bound(), bob=5)
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("bob"), p.id("alice"), 5), by="bob")


@scenario("asset_bound", 0)
def what_is_bound_does_not_move_two_aliases_far(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=5)
    assert _alias(p, "bob", "carol") == ("ok", None)
    assert _alias(p, "alice", "bob", by="alice carol") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("carol"), 5), by="carol")


@scenario("asset_bound", 0)
def what_is_bound_does_not_move_to_others_with_a_payment(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=5)
    assert _alias(p, "alice", "bob") == ("ok", None)
    payees = [build.payee(p.id("bob"), 2), build.payee(p.id("carol"), 3)]
    return p.send(build.pay(asset, p.id("alice"), payees), by="bob")


@scenario("account_frozen", 0)
def an_alias_stays_frozen(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=5)
    p.ok(build.freeze(asset, p.id("alice"), frozen=True), by="brand")
    assert _alias(p, "alice", "bob") == ("ok", None)
    return p.send(build.transfer(asset, p.id("alice"), p.id("bob"), 5), by="bob")


@scenario("ok")
def an_alias_is_paid(p: Play) -> Result:
    asset = p.asset(carol=5)
    assert _alias(p, "alice", "bob") == ("ok", None)
    p.ok(build.transfer(asset, p.id("carol"), p.id("alice"), 5), by="carol")
    return p.send(build.burn(asset, p.id("alice"), 5), by="bob")
