"""Scenarios of family 4, hold."""

from __future__ import annotations

from hashlib import sha256

from tests.model import build
from tests.model.attest import schema_id
from tests.model.borsh import U64
from tests.model.hold import group_id, hold_id
from tests.model.state import AMOUNT_MAX as MAX
from tests.ops.play import DAY, HOUR, START, Play, Result, scenario
from tests.ops.scenarios_common import patched

NO_ASSET = bytes(32)
SALT = b"s" * 16
DEADLINE = START + 10 * DAY
CLOSES = START + 5 * DAY
SECRET = b"secret" + bytes(26)
HASH = sha256(SECRET).digest()
FURTHEST = 36_525 * DAY
OVERDUE = DEADLINE + 30 * DAY
"""The grace after the deadline is over."""
TRANSFER, HOLD, SETTLE, RELEASE = 0x30, 0x41, 0x42, 0x43


def _now() -> build.Value:
    """A condition that is met."""
    return build.after(0)


def _never() -> build.Value:
    return build.not_(_now())


def _terms(
    p: Play,
    settle_if: build.Value | None = None,
    *,
    release_if: build.Value | None = None,
    schedule: build.Value | None = None,
    deadline: int = DEADLINE,
    outcome: str = "release",
    **payees: int,
) -> build.Value:
    """Terms, by which anybody may settle to these payees at once, unless another condition is given."""
    shares = [build.share(p.id(name), bps) for name, bps in payees.items()]
    condition = _now() if settle_if is None else settle_if
    return build.terms(condition, shares, deadline, release_if=release_if, schedule=schedule, outcome=outcome)


def _hold(
    p: Play,
    asset: bytes,
    amount: int,
    terms: build.Value | None = None,
    *,
    group: bytes | None = None,
    payer: str = "alice",
    salt: bytes = SALT,
    by: str | None = None,
) -> Result:
    return p.send(build.hold(p.id(payer), salt, asset, amount, terms, group), by=by or payer)


def _held(
    p: Play,
    asset: bytes,
    amount: int,
    terms: build.Value | None = None,
    *,
    group: bytes | None = None,
    payer: str = "alice",
    salt: bytes = SALT,
) -> bytes:
    """The id of a hold that is opened."""
    assert _hold(p, asset, amount, terms, group=group, payer=payer, salt=salt) == ("ok", None)
    return hold_id(p.id(payer), salt)


def _settle(
    p: Play, hold: bytes, amount: int | None = None, to: str | None = None, *shown: bytes, by: str = "anybody"
) -> Result:
    return p.send(build.settle(hold, amount, None if to is None else p.id(to), shown), by=by)


def _release(p: Play, hold: bytes, amount: int | None = None, *shown: bytes, by: str = "anybody") -> Result:
    return p.send(build.release(hold, amount, shown), by=by)


def _open_group(p: Play, asset: bytes, terms: build.Value, closes: int = CLOSES, by: str = "owner") -> Result:
    return p.send(build.open_group(p.id("owner"), SALT, asset, closes, terms), by=by)


def _group(p: Play, asset: bytes, terms: build.Value, closes: int = CLOSES) -> bytes:
    """The id of a group that is opened."""
    assert _open_group(p, asset, terms, closes) == ("ok", None)
    return group_id(p.id("owner"), SALT)


def _at(p: Play, time: int) -> None:
    p.world.set_time(time)


def _has(p: Play, asset: bytes, **balances: int) -> None:
    """Insist on what accounts can spend, to the unit, by letting them spend it and get it back."""
    for name, amount in balances.items():
        there = build.transfer(asset, p.id(name), p.id("witness"), amount)
        back = build.transfer(asset, p.id("witness"), p.id(name), amount)
        one_more = build.transfer(asset, p.id(name), p.id("witness"), amount + 1)
        assert p.send(one_more, by=name) == ("insufficient_funds", 0), (name, amount)
        assert not amount or p.send(there, back, by=f"{name} witness") == ("ok", None), (name, amount)


def _freeze(p: Play, asset: bytes, name: str) -> None:
    p.ok(build.freeze(asset, p.id(name), frozen=True), by="brand")


def _pause(p: Play, asset: bytes) -> None:
    p.ok(build.pause(asset, paused=True), by="brand")


def _nested(levels: int) -> build.Value:
    """A condition that is met and is so many levels deep."""
    condition = _now()
    for level in range(levels - 1):
        condition = build.all_of(condition) if level % 2 else build.any_of(condition)
    return condition


def _many(p: Play, count: int, prefix: str = "friend") -> list[bytes]:
    return sorted(p.id(f"{prefix}{n}") for n in range(count))


# Bytes.


@scenario("malformed")
def a_condition_five_deep(p: Play) -> Result:
    return _hold(p, p.asset(alice=10), 10, _terms(p, _nested(5), shop=10_000))


@scenario("malformed")
def a_release_condition_five_deep_by_not(p: Play) -> Result:
    condition = build.not_(build.not_(build.not_(build.not_(build.by_payer()))))
    return _hold(p, p.asset(alice=10), 10, _terms(p, release_if=condition, shop=10_000))


@scenario("ok")
def a_condition_four_deep(p: Play) -> Result:
    return _settle(p, _held(p, p.asset(alice=10), 10, _terms(p, _nested(4), shop=10_000)))


@scenario("invalid_condition", 0)
def an_empty_condition_four_deep(p: Play) -> Result:
    condition = build.not_(build.all_of(build.any_of(build.all_of())))
    return _hold(p, NO_ASSET, 10, _terms(p, condition, shop=10_000))


@scenario("malformed")
def a_condition_that_is_kept_for_attestations(p: Play) -> Result:
    operation = build.hold(p.id("alice"), SALT, NO_ASSET, 1, _terms(p, build.preimage(HASH), shop=10_000))
    return patched(p, operation, b"\4" + HASH, b"\6" + HASH)


@scenario("malformed")
def a_condition_that_there_is_not(p: Play) -> Result:
    operation = build.hold(p.id("alice"), SALT, NO_ASSET, 1, _terms(p, build.preimage(HASH), shop=10_000))
    return patched(p, operation, b"\4" + HASH, b"\x0a" + HASH)


@scenario("malformed")
def an_unknown_outcome(p: Play) -> Result:
    operation = build.hold(p.id("alice"), SALT, NO_ASSET, 1, _terms(p, shop=10_000))
    return patched(p, operation, U64.write(DEADLINE) + b"\0", U64.write(DEADLINE) + b"\2")


# Fields.


@scenario("zero_amount", 0)
def a_hold_of_nothing(p: Play) -> Result:
    return _hold(p, NO_ASSET, 0)


@scenario("amount_too_large", 0)
def a_hold_of_10_to_the_38(p: Play) -> Result:
    return _hold(p, NO_ASSET, MAX + 1)


@scenario("terms_or_group", 0)
def a_hold_without_terms(p: Play) -> Result:
    return _hold(p, NO_ASSET, MAX)


@scenario("terms_or_group", 0)
def a_hold_with_terms_and_a_group(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, deadline=0, shop=10_000), group=bytes(32))


@scenario("no_deadline", 0)
def a_hold_without_a_deadline(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, build.all_of(), deadline=0))


@scenario("no_deadline", 0)
def a_group_without_a_deadline(p: Play) -> Result:
    return _open_group(p, NO_ASSET, _terms(p, build.all_of(), deadline=0), closes=1)


def _condition(p: Play, condition: build.Value) -> Result:
    """A hold with this condition, and with a schedule and shares that are wrong."""
    return _hold(p, NO_ASSET, 1, _terms(p, condition, schedule=build.schedule(3, 2, 1), shop=1))


@scenario("invalid_condition", 0)
def all_of_nothing(p: Play) -> Result:
    return _condition(p, build.all_of())


@scenario("invalid_condition", 0)
def any_of_nothing(p: Play) -> Result:
    return _condition(p, build.not_(build.any_of()))


@scenario("invalid_condition", 0)
def signed_by_none_of_one(p: Play) -> Result:
    return _condition(p, build.signed_by(0, [p.id("bob")]))


@scenario("invalid_condition", 0)
def signed_by_two_of_one(p: Play) -> Result:
    return _condition(p, build.any_of(_now(), build.signed_by(2, [p.id("bob")])))


@scenario("invalid_condition", 0)
def signed_by_nobody(p: Play) -> Result:
    return _condition(p, build.signed_by(0, []))


@scenario("invalid_condition", 0)
def signed_by_one_of_nobody(p: Play) -> Result:
    return _condition(p, build.signed_by(1, []))


@scenario("invalid_condition", 0)
def signed_by_one_of_seventeen(p: Play) -> Result:
    return _condition(p, build.signed_by(1, _many(p, 17)))


@scenario("invalid_condition", 0)
def signed_by_accounts_that_descend(p: Play) -> Result:
    return _condition(p, build.signed_by(1, _many(p, 2)[::-1]))


@scenario("invalid_condition", 0)
def signed_by_an_account_twice(p: Play) -> Result:
    return _condition(p, build.signed_by(2, [p.id("bob")] * 2))


@scenario("invalid_condition", 0)
def a_condition_of_33_parts(p: Play) -> Result:
    return _condition(p, build.all_of(*[_now()] * 30, build.not_(_now())))


@scenario("invalid_condition", 0)
def a_condition_of_33_parts_and_accounts(p: Play) -> Result:
    return _condition(p, build.any_of(build.signed_by(1, _many(p, 16)), build.signed_by(1, _many(p, 14))))


@scenario("ok")
def the_longest_terms(p: Play) -> Result:
    """As many bytes as a record must hold: 4,096 are allowed."""
    asset = p.asset(alice=10)
    total = build.any_of(*[build.group_total(bytes(32), 2**128 - 1)] * 31)
    people = build.any_of(build.signed_by(1, _many(p, 16)), build.signed_by(1, _many(p, 13)))
    shares = {f"friend{n}": 625 for n in range(16)}
    for n, condition in enumerate((total, people)):
        schedule = build.schedule(1, 2, 3)
        terms = _terms(p, condition, release_if=condition, schedule=schedule, **shares)
        assert _hold(p, asset, 5, terms, salt=bytes([n]) * 16) == ("ok", None)
        assert p.send(build.open_group(p.id("owner"), bytes([n]) * 16, asset, CLOSES, terms), by="owner") == (
            "ok",
            None,
        )
    return "ok", None


@scenario("invalid_condition", 0)
def a_release_condition_that_is_empty(p: Play) -> Result:
    terms = _terms(p, release_if=build.any_of(), schedule=build.schedule(3, 2, 1))
    return _hold(p, NO_ASSET, 1, terms)


@scenario("ok")
def conditions_of_32_parts_each(p: Play) -> Result:
    condition = build.all_of(*[_now()] * 28, build.not_(_never()))
    return _settle(p, _held(p, p.asset(alice=10), 10, _terms(p, condition, release_if=condition, shop=10_000)))


@scenario("ok")
def signed_by_sixteen_of_sixteen(p: Play) -> Result:
    condition = build.signed_by(16, _many(p, 16))
    hold = _held(p, p.asset(alice=10), 10, _terms(p, condition, shop=10_000))
    assert _settle(p, hold, by=" ".join(f"friend{n}" for n in range(15))) == ("condition_unmet", 0)
    return _settle(p, hold, by=" ".join(f"friend{n}" for n in range(16)))


def _schedule(p: Play, starts: int, cliff: int, ends: int) -> Result:
    """A hold with this schedule, and with shares that are wrong."""
    return _hold(p, NO_ASSET, 1, _terms(p, schedule=build.schedule(starts, cliff, ends), deadline=100, shop=1))


@scenario("invalid_schedule", 0)
def a_cliff_before_the_start(p: Play) -> Result:
    return _schedule(p, 3, 2, 4)


@scenario("invalid_schedule", 0)
def a_cliff_after_the_end(p: Play) -> Result:
    return _schedule(p, 3, 5, 4)


@scenario("invalid_schedule", 0)
def a_schedule_of_no_time(p: Play) -> Result:
    return _schedule(p, 3, 3, 3)


@scenario("invalid_schedule", 0)
def a_schedule_that_ends_after_the_deadline(p: Play) -> Result:
    return _schedule(p, 1, 2, 101)


@scenario("invalid_split", 0)
def a_schedule_that_ends_at_the_deadline(p: Play) -> Result:
    return _schedule(p, 1, 1, 100)


@scenario("invalid_split", 0)
def a_schedule_that_is_all_cliff(p: Play) -> Result:
    return _schedule(p, 1, 2, 2)


@scenario("invalid_split", 0)
def a_split_of_9_999(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, shop=5_000, bob=4_999))


@scenario("invalid_split", 0)
def a_split_of_10_001(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, shop=10_000, bob=1))


@scenario("invalid_split", 0)
def a_split_of_10_000_and_2_to_the_16(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, shop=65_535, bob=10_001))


@scenario("invalid_split", 0)
def a_split_with_nothing_for_one(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, shop=10_000, bob=0))


@scenario("invalid_split", 0)
def a_split_with_one_twice(p: Play) -> Result:
    shares = [build.share(p.id("shop"), 5_000)] * 2
    return _hold(p, NO_ASSET, 1, build.terms(_now(), shares, DEADLINE))


@scenario("invalid_split", 0)
def a_split_among_seventeen(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, **{f"friend{n}": 588 + 4 * (n < 1) for n in range(17)}))


@scenario("invalid_bearer", 0)
def a_bearer_hold_that_ends_in_settling(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, build.by_payer(), outcome="settle"))


@scenario("invalid_bearer", 0)
def a_bearer_hold_for_anybody(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, build.preimage(HASH)))


@scenario("invalid_bearer", 0)
def a_bearer_hold_for_any_of(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, build.any_of(build.by_payer())))


@scenario("invalid_bearer", 0)
def a_bearer_hold_for_whoever_is_not_the_payer(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, build.not_(build.by_payer())))


@scenario("invalid_bearer", 0)
def a_bearer_hold_whose_signature_is_nested(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, build.all_of(_now(), build.all_of(build.by_payer()))))


@scenario("unknown_asset", 0)
def a_bearer_hold_whose_signature_is_one_of_all(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, build.all_of(_now(), build.signed_by(1, [p.id("bob")]))))


@scenario("invalid_split", 0)
def a_group_with_a_wrong_split_and_closing(p: Play) -> Result:
    return _open_group(p, NO_ASSET, _terms(p, shop=1), closes=DEADLINE + 1)


@scenario("invalid_closing", 0)
def a_group_that_closes_after_its_deadline(p: Play) -> Result:
    return _open_group(p, NO_ASSET, _terms(p, shop=10_000), closes=DEADLINE + 1)


@scenario("too_many_preimages", 0)
def nine_preimages(p: Play) -> Result:
    return _settle(p, bytes(32), 1, None, *[SECRET] * 9)


@scenario("too_many_preimages", 0)
def nine_preimages_for_a_release(p: Play) -> Result:
    return _release(p, bytes(32), None, *[SECRET] * 9)


@scenario("zero_amount", 0)
def a_settlement_of_nothing(p: Play) -> Result:
    return _settle(p, bytes(32), 0, None, *[SECRET] * 9)


@scenario("zero_amount", 0)
def a_release_of_nothing(p: Play) -> Result:
    return _release(p, bytes(32), 0, *[SECRET] * 9)


@scenario("amount_too_large", 0)
def a_settlement_of_10_to_the_38(p: Play) -> Result:
    return _settle(p, bytes(32), MAX + 1)


@scenario("amount_too_large", 0)
def a_release_of_10_to_the_38(p: Play) -> Result:
    return _release(p, bytes(32), MAX + 1)


# Opening a group.


@scenario("unknown_asset", 0)
def a_group_of_no_asset(p: Play) -> Result:
    return _open_group(p, NO_ASSET, _terms(p, shop=10_000), by="mallory")


@scenario("unauthorized", 0)
def a_group_that_somebody_else_opens(p: Play) -> Result:
    return _open_group(p, p.asset(), _terms(p, deadline=1, shop=10_000), closes=0, by="mallory")


@scenario("invalid_mandate", 0)
def a_mandate_for_opening_groups(p: Play) -> Result:
    limit = build.limit([0x40], 1, HOUR, START + DAY)
    return p.send(build.mandate(p.id("alice"), p.id("bob"), p.asset(), limit), by="alice")


@scenario("unauthorized", 0)
def a_mandate_does_not_open_a_group(p: Play) -> Result:
    asset = p.asset()
    limit = build.limit([HOLD], 100, HOUR, START + DAY)
    p.ok(build.mandate(p.id("owner"), p.id("agent"), asset, limit), by="owner")
    return _open_group(p, asset, _terms(p, shop=10_000), by="agent")


@scenario("deadline_passed", 0)
def a_group_whose_deadline_is_now(p: Play) -> Result:
    return _open_group(p, p.asset(), _terms(p, deadline=START, shop=10_000), closes=START)


@scenario("ok")
def a_group_of_one_millisecond(p: Play) -> Result:
    return _open_group(p, p.asset(), _terms(p, deadline=START + 1, shop=10_000), closes=START + 1)


@scenario("deadline_too_far", 0)
def a_group_of_a_century_and_a_millisecond(p: Play) -> Result:
    return _open_group(p, p.asset(), _terms(p, deadline=START + FURTHEST + 1, shop=10_000), closes=0)


@scenario("ok")
def a_group_of_a_century(p: Play) -> Result:
    return _open_group(p, p.asset(), _terms(p, deadline=START + FURTHEST, shop=10_000))


@scenario("group_closed", 0)
def a_group_that_is_closed_when_it_opens(p: Play) -> Result:
    asset = p.asset()
    _group(p, asset, _terms(p, shop=10_000))
    return _open_group(p, asset, _terms(p, shop=10_000), closes=START)


@scenario("group_exists", 0)
def a_group_that_exists(p: Play) -> Result:
    asset = p.asset()
    _group(p, asset, _terms(p, shop=10_000))
    p.programme("pool")
    return _open_group(p, asset, _terms(p, pool=10_000))


@scenario("programme_account", 0)
def a_group_for_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _open_group(p, p.asset(), _terms(p, shop=1, pool=9_999))


@scenario("ok")
def a_group_of_a_paused_asset_for_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(build.bound())
    _freeze(p, asset, "shop")
    _pause(p, asset)
    return _open_group(p, asset, _terms(p, shop=10_000))


# Holding.


@scenario("unknown_asset", 0)
def a_hold_of_no_asset(p: Play) -> Result:
    return _hold(p, NO_ASSET, 1, _terms(p, shop=10_000), by="mallory")


@scenario("unauthorized", 0)
def a_hold_of_somebody_elses_units(p: Play) -> Result:
    asset = p.asset(alice=10)
    _pause(p, asset)
    return _hold(p, asset, 1, _terms(p, shop=10_000), by="mallory")


@scenario("asset_paused", 0)
def a_hold_of_a_paused_asset(p: Play) -> Result:
    asset = p.asset(alice=10)
    _pause(p, asset)
    return _hold(p, asset, 1, group=bytes(32))


@scenario("unknown_group", 0)
def a_hold_in_no_group(p: Play) -> Result:
    return _hold(p, p.asset(alice=10), 1, group=bytes(32))


@scenario("unknown_group", 0)
def a_hold_in_a_hold(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 1, _terms(p, shop=10_000))
    return _hold(p, asset, 1, group=hold, salt=bytes(16))


@scenario("wrong_asset", 0)
def a_hold_in_a_group_of_another_asset(p: Play) -> Result:
    asset = p.asset(alice=10)
    group = _group(p, p.asset(symbol="OTHER"), _terms(p, shop=10_000))
    _at(p, CLOSES)
    return _hold(p, asset, 1, group=group)


@scenario("group_closed", 0)
def a_hold_when_its_group_closes(p: Play) -> Result:
    asset = p.asset(alice=10)
    group = _group(p, asset, _terms(p, shop=10_000))
    _at(p, CLOSES)
    return _hold(p, asset, 1, group=group)


@scenario("ok")
def a_hold_a_millisecond_before_its_group_closes(p: Play) -> Result:
    asset = p.asset(alice=10)
    group = _group(p, asset, _terms(p, shop=10_000))
    _at(p, CLOSES - 1)
    return _settle(p, _held(p, asset, 10, group=group))


@scenario("group_closed", 0)
def a_hold_after_the_deadline_of_its_group(p: Play) -> Result:
    asset = p.asset(alice=10)
    group = _group(p, asset, _terms(p, shop=10_000), closes=DEADLINE)
    _at(p, DEADLINE)
    return _hold(p, asset, 1, group=group)


@scenario("amount_too_large", 0)
def a_group_of_more_than_128_bits(p: Play) -> Result:
    asset = p.asset(supply_cap=MAX, alice=MAX)
    group = _group(p, asset, _terms(p, alice=10_000))
    for n in range(3):
        assert _settle(p, _held(p, asset, MAX, group=group, salt=bytes([n]) * 16)) == ("ok", None)
    rest = 2**128 - 1 - 3 * MAX
    assert _settle(p, _held(p, asset, rest, group=group, salt=bytes([3]) * 16)) == ("ok", None)
    return _hold(p, asset, 1, group=group)


@scenario("deadline_passed", 0)
def a_hold_whose_deadline_is_now(p: Play) -> Result:
    return _hold(p, p.asset(), 1, _terms(p, deadline=START, shop=10_000))


@scenario("ok")
def a_hold_of_one_millisecond(p: Play) -> Result:
    hold = _held(p, p.asset(alice=1), 1, _terms(p, _never(), deadline=START + 1, shop=10_000))
    p.later(1)
    return _release(p, hold)


@scenario("deadline_too_far", 0)
def a_hold_of_a_century_and_a_millisecond(p: Play) -> Result:
    asset = p.asset(alice=2)
    _held(p, asset, 1, _terms(p, shop=10_000))
    return _hold(p, asset, 1, _terms(p, deadline=START + FURTHEST + 1, shop=10_000))


@scenario("deadline_too_far", 0)
def a_hold_of_for_ever(p: Play) -> Result:
    return _hold(p, p.asset(alice=2), 1, _terms(p, deadline=2**64 - 1, shop=10_000))


@scenario("ok")
def a_hold_of_a_century(p: Play) -> Result:
    return _hold(p, p.asset(alice=1), 1, _terms(p, deadline=START + FURTHEST, shop=10_000))


@scenario("hold_exists", 0)
def a_hold_that_exists(p: Play) -> Result:
    asset = p.asset(alice=2)
    _held(p, asset, 1, _terms(p, shop=10_000))
    _freeze(p, asset, "alice")
    return _hold(p, asset, 1, _terms(p, shop=10_000))


@scenario("hold_exists", 0)
def a_hold_that_was_closed(p: Play) -> Result:
    asset = p.asset(alice=2)
    assert _settle(p, _held(p, asset, 1, _terms(p, shop=10_000))) == ("ok", None)
    return _hold(p, asset, 1, _terms(p, shop=10_000))


@scenario("hold_exists", 0)
def a_hold_of_another_asset_that_exists(p: Play) -> Result:
    _held(p, p.asset(alice=2), 1, _terms(p, shop=10_000))
    return _hold(p, p.asset(symbol="OTHER", alice=2), 1, _terms(p, shop=10_000))


@scenario("ok")
def the_salt_of_another_payer(p: Play) -> Result:
    asset = p.asset(alice=2, bob=2)
    _held(p, asset, 1, _terms(p, shop=10_000))
    return _hold(p, asset, 1, _terms(p, shop=10_000), payer="bob")


@scenario("hold_exists", 0)
def an_account_that_was_paid_before_its_hold(p: Play) -> Result:
    asset = p.asset(alice=2)
    p.accounts["early"] = hold_id(p.id("alice"), SALT)
    p.ok(build.transfer(asset, p.id("alice"), p.id("early"), 1), by="alice")
    return _hold(p, asset, 1, _terms(p, shop=10_000))


@scenario("ok")
def an_account_that_was_paid_another_asset_before_its_hold(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=5)
    other = p.asset(build.inactivity_expiry(2), symbol="OTHER", alice=5)
    early = hold_id(p.id("alice"), SALT)
    p.ok(build.transfer(other, p.id("alice"), early, 3), by="alice")
    hold = _held(p, asset, 4, _terms(p, shop=10_000))
    _at(p, START + 2 * DAY)
    p.ok(build.sweep(asset, [hold]), build.sweep(other, [hold]), by="anybody")
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=4)
    return p.send(build.sweep(other, [hold, hold]), by="anybody")


@scenario("ok")
def an_account_that_was_frozen_before_its_hold(p: Play) -> Result:
    asset = p.asset(alice=2)
    p.ok(build.freeze(asset, hold_id(p.id("alice"), SALT), frozen=True), by="brand")
    hold = _held(p, asset, 2, _terms(p, shop=10_000))
    thaw = build.freeze(asset, hold, frozen=False)
    assert p.send(thaw, by="brand") == ("programme_account", 0)
    return _settle(p, hold)


@scenario("account_frozen", 0)
def a_hold_of_a_frozen_payer(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=2)
    _freeze(p, asset, "alice")
    return _hold(p, asset, 3, _terms(p, bob=10_000))


@scenario("account_frozen", 0)
def a_hold_for_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=2)
    _freeze(p, asset, "bob")
    return _hold(p, asset, 3, _terms(p, bob=5_000, carol=5_000))


@scenario("asset_bound", 0)
def a_hold_of_a_bound_asset_for_another(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=2)
    _freeze(p, asset, "carol")
    return _hold(p, asset, 3, _terms(p, brand=5_000, bob=4_000, carol=1_000))


@scenario("asset_bound", 0)
def a_hold_of_a_bound_asset_for_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _hold(p, p.asset(build.bound(), alice=2), 3, _terms(p, pool=10_000))


@scenario("programme_account", 0)
def a_hold_for_a_programme_account(p: Play) -> Result:
    p.programme("pool")
    return _hold(p, p.asset(alice=2), 3, _terms(p, shop=5_000, pool=5_000))


@scenario("account_frozen", 0)
def a_hold_in_a_group_for_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(alice=2)
    group = _group(p, asset, _terms(p, bob=10_000))
    _freeze(p, asset, "bob")
    return _hold(p, asset, 2, group=group)


@scenario("insufficient_funds", 0)
def a_hold_of_one_too_many(p: Play) -> Result:
    return _hold(p, p.asset(alice=10), 11, _terms(p, shop=10_000))


@scenario("insufficient_funds", 0)
def a_hold_of_what_has_lapsed(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(1), alice=10)
    p.later(DAY)
    return _hold(p, asset, 1, _terms(p, shop=10_000))


@scenario("ok")
def a_hold_of_all(p: Play) -> Result:
    asset = p.asset(build.lots("day"), alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    _has(p, asset, alice=0)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=10)
    return "ok", None


@scenario("ok")
def a_hold_and_its_settlement_at_once(p: Play) -> Result:
    asset = p.asset(alice=10)
    terms = _terms(p, build.by_payer(), release_if=build.by_payer(), shop=10_000)
    opened = build.hold(p.id("alice"), SALT, asset, 10, terms)
    hold = hold_id(p.id("alice"), SALT)
    return p.send(opened, build.settle(hold, 4), build.release(hold, 3), build.settle(hold), by="alice")


@scenario("hold_closed", 3)
def a_hold_that_is_closed_within_its_transaction(p: Play) -> Result:
    asset = p.asset(alice=10)
    opened = build.hold(p.id("alice"), SALT, asset, 10, _terms(p, shop=10_000))
    hold = hold_id(p.id("alice"), SALT)
    return p.send(opened, build.settle(hold, 4), build.settle(hold), build.settle(hold), by="alice")


# By mandate.


def _mandate(p: Play, asset: bytes, tags: list[int], cap: int) -> None:
    limit = build.limit(tags, cap, HOUR, START + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("agent"), asset, limit), by="alice")


@scenario("mandate_spent", 0)
def an_agent_holds_up_to_its_cap(p: Play) -> Result:
    asset = p.asset(alice=100)
    _mandate(p, asset, [HOLD], 10)
    assert _hold(p, asset, 10, _terms(p, shop=10_000), by="agent") == ("ok", None)
    return _hold(p, asset, 1, _terms(p, shop=10_000), by="agent")


@scenario("mandate_operation", 0)
def an_agent_that_may_only_transfer(p: Play) -> Result:
    asset = p.asset(alice=100)
    _mandate(p, asset, [TRANSFER], 10)
    return _hold(p, asset, 1, _terms(p, shop=10_000), by="agent")


@scenario("invalid_mandate", 0)
def a_mandate_for_settling(p: Play) -> Result:
    limit = build.limit([SETTLE], 1, HOUR, START + DAY)
    return p.send(build.mandate(p.id("alice"), p.id("bob"), p.asset(), limit), by="alice")


@scenario("condition_unmet", 0)
def an_agent_is_not_the_payer(p: Play) -> Result:
    asset = p.asset(alice=100)
    _mandate(p, asset, [HOLD], 10)
    assert _hold(p, asset, 10, _terms(p, build.by_payer(), shop=10_000), by="agent") == ("ok", None)
    return _settle(p, hold_id(p.id("alice"), SALT), by="agent")


# Settling.


@scenario("unknown_hold", 0)
def a_settlement_of_no_hold(p: Play) -> Result:
    return _settle(p, p.id("alice"), MAX, None, *[SECRET] * 8)


@scenario("asset_paused", 0)
def a_settlement_of_a_paused_asset(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    assert _settle(p, hold) == ("ok", None)
    _pause(p, asset)
    return _settle(p, hold)


@scenario("hold_closed", 0)
def a_settlement_twice(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.preimage(HASH), shop=10_000))
    assert _settle(p, hold, None, None, SECRET) == ("ok", None)
    return _settle(p, hold)


@scenario("hold_closed", 0)
def a_settlement_after_a_release(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, release_if=_now(), shop=10_000))
    assert _release(p, hold) == ("ok", None)
    return _settle(p, hold)


@scenario("hold_closed", 0)
def a_closed_hold_after_its_deadline(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, release_if=_now(), shop=10_000))
    assert _release(p, hold) == ("ok", None)
    _at(p, DEADLINE)
    return _settle(p, hold)


@scenario("condition_unmet", 0)
def a_settlement_too_early(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.after(START + HOUR), shop=10_000))
    _at(p, START + HOUR - 1)
    return _settle(p, hold, 11)


@scenario("ok")
def a_settlement_right_in_time(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.after(START + HOUR), shop=10_000))
    _at(p, START + HOUR)
    return _settle(p, hold, 10)


@scenario("ok")
def a_settlement_a_millisecond_before_the_deadline(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, shop=10_000))
    _at(p, DEADLINE - 1)
    return _settle(p, hold)


@scenario("hold_expired", 0)
def a_settlement_at_the_deadline(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, shop=10_000))
    _at(p, DEADLINE)
    return _settle(p, hold, 11)


@scenario("condition_unmet", 0)
def a_settlement_a_millisecond_before_it_is_the_outcome(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, _never(), outcome="settle", shop=10_000))
    _at(p, DEADLINE - 1)
    return _settle(p, hold)


@scenario("ok")
def a_settlement_that_is_the_outcome(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, _never(), outcome="settle", shop=10_000))
    _at(p, DEADLINE)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=10, alice=0)
    return "ok", None


@scenario("amount_exceeds_hold", 0)
def parts_that_are_one_too_many(p: Play) -> Result:
    asset = p.asset(alice=11)
    schedule = build.schedule(START, START, DEADLINE)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    for amount in (1, 2, 3):
        assert _settle(p, hold, amount) == ("ok", None)
    assert _settle(p, hold, 5, to="shop") == ("amount_exceeds_hold", 0)
    vesting = _held(p, asset, 1, _terms(p, schedule=schedule, shop=10_000), salt=bytes(16))
    assert _settle(p, vesting, 2) == ("amount_exceeds_hold", 0)
    return _settle(p, hold, 5)


@scenario("hold_closed", 0)
def parts_that_add_up(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    for amount in (1, 2, 3, 4):
        assert _settle(p, hold, amount) == ("ok", None)
    _has(p, asset, shop=10)
    return _settle(p, hold, 1)


@scenario("wrong_payee", 0)
def a_settlement_to_another(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, bob=10_000))
    _freeze(p, asset, "bob")
    return _settle(p, hold, None, "bob")


@scenario("wrong_payee", 0)
def a_bearer_settlement_to_nobody(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.by_payer()))
    return _settle(p, hold, by="alice")


@scenario("account_frozen", 0)
def a_settlement_to_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=5_000, bob=5_000))
    _freeze(p, asset, "bob")
    return _settle(p, hold)


@scenario("ok")
def a_settlement_that_leaves_out_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=9_999, bob=1))
    _freeze(p, asset, "bob")
    assert _settle(p, hold, 9) == ("ok", None)
    _has(p, asset, shop=8)
    return _settle(p, hold, 1)


@scenario("ok")
def a_settlement_from_a_frozen_payer(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    _freeze(p, asset, "alice")
    return _settle(p, hold)


@scenario("programme_account", 0)
def a_settlement_to_what_has_become_a_programme_account(p: Play) -> Result:
    asset = p.asset(alice=10, bob=10)
    p.accounts["trap"] = hold_id(p.id("bob"), SALT)
    hold = _held(p, asset, 10, _terms(p, shop=5_000, trap=5_000))
    _held(p, asset, 10, _terms(p, bob=10_000), payer="bob")
    return _settle(p, hold)


@scenario("programme_account", 0)
def a_hold_for_itself(p: Play) -> Result:
    asset = p.asset(alice=10)
    p.accounts["itself"] = hold_id(p.id("alice"), SALT)
    hold = _held(p, asset, 10, _terms(p, itself=10_000))
    return _settle(p, hold)


@scenario("asset_bound", 0)
def a_bearer_hold_of_a_bound_asset(p: Play) -> Result:
    hold = _held(p, p.asset(build.bound(), alice=10), 10, _terms(p, build.by_payer()))
    return _settle(p, hold, 1, "bob", by="alice")


@scenario("ok")
def a_bound_asset_goes_back_to_its_holder(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=10)
    hold = _held(p, asset, 10, _terms(p, build.by_payer(), release_if=_now()))
    assert _settle(p, hold, 1, "alice", by="alice") == ("ok", None)
    assert _settle(p, hold, 1, "brand", by="alice") == ("ok", None)
    assert _release(p, hold) == ("ok", None)
    lock = _held(p, asset, 9, _terms(p, alice=9_000, brand=1_000), salt=bytes(16))
    return _settle(p, lock)


@scenario("ok")
def a_bound_asset_from_its_issuer(p: Play) -> Result:
    asset = p.asset(build.bound(), brand=10)
    return _settle(p, _held(p, asset, 10, _terms(p, bob=10_000), payer="brand"))


@scenario("too_many_lots", 0)
def a_settlement_of_a_65th_lot(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.strict_lots(), alice=2)
    hold = _held(p, asset, 2, _terms(p, deadline=START + 100 * DAY, shop=10_000))
    for _ in range(64):
        p.later(DAY)
        p.ok(build.mint(asset, p.id("shop"), 1), by="brand")
    return _settle(p, hold)


@scenario("too_many_lots", 0)
def a_release_of_a_65th_lot(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.strict_lots(), alice=2)
    hold = _held(p, asset, 2, _terms(p, release_if=_now(), deadline=START + 100 * DAY, shop=10_000))
    for _ in range(64):
        p.later(DAY)
        p.ok(build.mint(asset, p.id("alice"), 1), by="brand")
    return _release(p, hold)


@scenario("ok")
def a_hold_of_64_lots_that_are_merged(p: Play) -> Result:
    asset = p.asset(build.lots("day"))
    for _ in range(64):
        p.ok(build.mint(asset, p.id("alice"), 3), by="brand")
        p.later(DAY)
    terms = _terms(p, deadline=START + 100 * DAY, shop=5_000, bob=5_000)
    p.ok(build.mint(asset, p.id("shop"), 1), by="brand")
    hold = _held(p, asset, 192, terms)
    assert _settle(p, hold, 100) == ("ok", None)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=97, bob=96)
    return "ok", None


@scenario("ok")
def a_self_lock(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.inactivity_expiry(30), alice=10)
    hold = _held(p, asset, 10, _terms(p, build.after(START + DAY), outcome="settle", alice=10_000))
    _has(p, asset, alice=0)
    assert _settle(p, hold, by="alice") == ("condition_unmet", 0)
    p.later(DAY)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, alice=10)
    return "ok", None


# Releasing.


@scenario("unknown_hold", 0)
def a_release_of_no_hold(p: Play) -> Result:
    return _release(p, p.id("alice"), MAX, *[SECRET] * 8)


@scenario("asset_paused", 0)
def a_release_of_a_paused_asset(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    assert _settle(p, hold) == ("ok", None)
    _pause(p, asset)
    return _release(p, hold)


@scenario("hold_closed", 0)
def a_release_twice(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, release_if=build.preimage(HASH), shop=10_000))
    assert _release(p, hold, None, SECRET) == ("ok", None)
    return _release(p, hold)


@scenario("hold_pending", 0)
def a_release_that_is_never_allowed(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, _never(), shop=10_000))
    _at(p, DEADLINE - 1)
    return _release(p, hold, 11, by="alice")


@scenario("hold_pending", 0)
def a_release_before_its_condition_is_met(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, release_if=build.signed_by(1, [p.id("shop")]), shop=10_000))
    return _release(p, hold, by="alice")


@scenario("ok")
def a_release_by_the_payee(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, _never(), release_if=build.signed_by(1, [p.id("shop")]), shop=10_000))
    assert _release(p, hold, by="shop") == ("ok", None)
    _has(p, asset, alice=10, shop=0)
    return "ok", None


@scenario("ok")
def a_release_at_the_deadline(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    _at(p, DEADLINE)
    assert _release(p, hold, 3) == ("ok", None)
    assert _release(p, hold, 8) == ("amount_exceeds_hold", 0)
    assert _release(p, hold, 7) == ("ok", None)
    _has(p, asset, alice=10)
    return "ok", None


@scenario("hold_expired", 0)
def a_release_where_the_outcome_is_to_settle(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, release_if=_now(), outcome="settle", shop=10_000))
    _at(p, DEADLINE)
    return _release(p, hold, 11)


@scenario("ok")
def a_release_a_millisecond_before_the_outcome_is_to_settle(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, release_if=_now(), outcome="settle", shop=10_000))
    _at(p, DEADLINE - 1)
    return _release(p, hold, 10)


@scenario("amount_exceeds_hold", 0)
def a_release_of_one_too_many(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, release_if=_now(), shop=10_000))
    assert _settle(p, hold, 3) == ("ok", None)
    _freeze(p, asset, "alice")
    return _release(p, hold, 8)


@scenario("account_frozen", 0)
def a_release_to_a_frozen_payer(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, release_if=_now(), shop=10_000))
    _freeze(p, asset, "alice")
    return _release(p, hold)


@scenario("ok")
def parts_that_are_settled_and_released(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, release_if=build.by_payer(), shop=10_000))
    assert _settle(p, hold, 3) == ("ok", None)
    assert _release(p, hold, 2, by="alice") == ("ok", None)
    assert _settle(p, hold, 4) == ("ok", None)
    assert _settle(p, hold, 2) == ("amount_exceeds_hold", 0)
    assert _release(p, hold, 1, by="alice") == ("ok", None)
    _has(p, asset, shop=7, alice=3)
    return "ok", None


# Conditions.


@scenario("ok")
def a_preimage_is_shown(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.preimage(HASH), shop=10_000))
    return _settle(p, hold, None, None, *[bytes(32)] * 7, SECRET)


@scenario("condition_unmet", 0)
def a_wrong_preimage_is_shown(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.preimage(HASH), shop=10_000))
    return _settle(p, hold, None, None, HASH, bytes(32))


@scenario("condition_unmet", 0)
def a_preimage_that_was_shown_before(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.preimage(HASH), shop=10_000))
    shown, not_shown = build.settle(hold, 1, None, [SECRET]), build.settle(hold, 1)
    assert p.send(shown, not_shown, by="anybody") == ("condition_unmet", 1)
    assert p.send(shown, by="anybody") == ("ok", None)
    return p.send(not_shown, by="anybody")


@scenario("ok")
def a_swap_of_two_secrets(p: Play) -> Result:
    condition = build.all_of(build.preimage(HASH), build.preimage(sha256(HASH).digest()))
    hold = _held(p, p.asset(alice=10), 10, _terms(p, condition, shop=10_000))
    assert _settle(p, hold, None, None, SECRET) == ("condition_unmet", 0)
    assert _settle(p, hold, None, None, HASH) == ("condition_unmet", 0)
    return _settle(p, hold, None, None, HASH, SECRET)


@scenario("ok")
def two_of_three_sign(p: Play) -> Result:
    accounts = sorted([p.id("bob"), p.id("carol"), p.id("dave")])
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.signed_by(2, accounts), shop=10_000))
    assert _settle(p, hold, by="bob") == ("condition_unmet", 0)
    assert _settle(p, hold, by="bob alice") == ("condition_unmet", 0)
    return _settle(p, hold, by="carol dave")


@scenario("ok")
def named_accounts_sign_with_their_scopes(p: Play) -> Result:
    shop = p.open("shop", "office", build.grant(p.key("till"), [SETTLE]), build.grant(p.key("desk"), [RELEASE]))
    board = p.open("board", "chair", "clerk", threshold=2)
    condition = build.signed_by(2, sorted([shop, board]))
    hold = _held(p, p.asset(alice=10), 10, _terms(p, condition, release_if=condition, shop=10_000))
    assert _settle(p, hold, by="shop/till board/chair") == ("condition_unmet", 0)
    assert _settle(p, hold, by="shop/desk board/chair board/clerk") == ("condition_unmet", 0)
    assert _release(p, hold, by="shop/till board/chair board/clerk") == ("hold_pending", 0)
    assert _settle(p, hold, 4, by="shop/till board/chair board/clerk") == ("ok", None)
    return _release(p, hold, by="shop/desk board/chair board/clerk")


@scenario("ok")
def a_named_payer(p: Play) -> Result:
    p.open("firm", "boss", build.grant(p.key("clerk"), [HOLD]), build.grant(p.key("cashier"), [SETTLE]))
    asset = p.asset(firm=10)
    terms = _terms(p, build.by_payer(), release_if=build.by_payer(), shop=10_000)
    assert _hold(p, asset, 10, terms, payer="firm", by="firm/cashier") == ("wrong_scope", 0)
    assert _hold(p, asset, 10, terms, payer="firm", by="firm/clerk") == ("ok", None)
    hold = hold_id(p.id("firm"), SALT)
    assert _settle(p, hold, by="firm/clerk") == ("condition_unmet", 0)
    assert _release(p, hold, by="firm/cashier") == ("hold_pending", 0)
    assert _settle(p, hold, 4, by="firm/cashier") == ("ok", None)
    return _release(p, hold, by="firm/boss")


@scenario("ok")
def all_any_and_not(p: Play) -> Result:
    bob, carol = build.signed_by(1, [p.id("bob")]), build.signed_by(1, [p.id("carol")])
    condition = build.all_of(build.any_of(bob, carol), build.not_(build.all_of(bob, carol)))
    hold = _held(p, p.asset(alice=10), 10, _terms(p, condition, shop=10_000))
    assert _settle(p, hold, by="alice") == ("condition_unmet", 0)
    assert _settle(p, hold, by="bob carol") == ("condition_unmet", 0)
    assert _settle(p, hold, 1, by="bob") == ("ok", None)
    return _settle(p, hold, by="carol")


@scenario("condition_unmet", 0)
def a_condition_that_can_no_longer_be_met(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, build.not_(build.after(START + HOUR)), shop=10_000))
    _at(p, START + HOUR - 1)
    assert _settle(p, hold, 1) == ("ok", None)
    p.later(1)
    return _settle(p, hold)


# Attestations.


def _member(p: Play, subject: str = "alice", **fields: int) -> bytes:
    """The schema of the key `club` by which this account is a member."""
    p.ok(build.schema(p.id("club"), "member", build.kind("nothing")), by="club")
    schema = schema_id(p.id("club"), "member")
    p.ok(build.attest(schema, p.id("club"), p.id(subject), build.content("nothing"), **fields), by="club")
    return schema


def _for_members(p: Play, schema: bytes, subject: str | None = None, issuer: str = "club") -> bytes:
    """A hold of alice's that is settled where she, or the subject, is a member."""
    condition = build.attested(schema, p.id(issuer), None if subject is None else p.id(subject))
    return _held(p, p.asset(alice=10), 10, _terms(p, condition, shop=10_000))


@scenario("ok")
def settled_for_a_member(p: Play) -> Result:
    return _settle(p, _for_members(p, _member(p)))


@scenario("condition_unmet", 0)
def not_settled_for_somebody_who_is_none(p: Play) -> Result:
    return _settle(p, _for_members(p, _member(p, "bob")))


@scenario("ok")
def settled_once_the_one_named_is_a_member(p: Play) -> Result:
    return _settle(p, _for_members(p, _member(p, "bob"), subject="bob"))


@scenario("condition_unmet", 0)
def not_settled_by_a_foreign_issuer_s_word(p: Play) -> Result:
    return _settle(p, _for_members(p, _member(p), issuer="stranger"))


@scenario("condition_unmet", 0)
def not_settled_by_a_schema_that_is_none(p: Play) -> Result:
    return _settle(p, _for_members(p, bytes(32)))


@scenario("condition_unmet", 0)
def not_settled_by_another_nonce(p: Play) -> Result:
    p.ok(build.schema(p.id("club"), "member", build.kind("nothing")), by="club")
    schema = schema_id(p.id("club"), "member")
    other = build.attest(schema, p.id("club"), p.id("alice"), build.content("nothing"), nonce=b"n" * 32)
    p.ok(other, by="club")
    return _settle(p, _for_members(p, schema))


@scenario("condition_unmet", 0)
def settled_until_the_membership_expires(p: Play) -> Result:
    hold = _for_members(p, _member(p, expires=DEADLINE - HOUR))
    _at(p, DEADLINE - HOUR - 1)
    assert _settle(p, hold, 9) == ("ok", None)
    _at(p, DEADLINE - HOUR)
    return _settle(p, hold, 1)


@scenario("condition_unmet", 0)
def not_settled_once_the_membership_is_revoked(p: Play) -> Result:
    schema = _member(p)
    hold = _for_members(p, schema)
    assert _settle(p, hold, 9) == ("ok", None)
    p.ok(build.revoke(schema, p.id("club"), p.id("alice")), by="club")
    return _settle(p, hold, 1)


@scenario("invalid_condition", 0)
def a_condition_of_eight_attestations_and_a_list(p: Play) -> Result:
    return _condition(p, build.all_of(*[build.attested(bytes(32), bytes(32))] * 8))


@scenario("ok")
def a_condition_of_seven_attestations(p: Play) -> Result:
    attested = build.attested(bytes(32), bytes(32), bytes(32))
    condition = build.any_of(*[attested] * 7, _now(), _now(), _now())
    return _settle(p, _held(p, p.asset(alice=10), 10, _terms(p, condition, release_if=condition, shop=10_000)))


# Groups.


def _goal(p: Play, asset: bytes, goal: int) -> bytes:
    """A group that pays the shop if it has so much when it closes, and gives all back if not."""
    group = group_id(p.id("owner"), SALT)
    reached = build.group_total(group, goal)
    settle_if = build.all_of(build.after(CLOSES), reached)
    release_if = build.all_of(build.after(CLOSES), build.not_(reached))
    return _group(p, asset, _terms(p, settle_if, release_if=release_if, shop=10_000))


@scenario("ok")
def a_goal_that_is_reached(p: Play) -> Result:
    asset = p.asset(alice=60, bob=40)
    group = _goal(p, asset, 100)
    first, second = _held(p, asset, 60, group=group), _held(p, asset, 40, group=group, payer="bob")
    _at(p, CLOSES - 1)
    assert _settle(p, first) == ("condition_unmet", 0)
    _at(p, CLOSES)
    assert _release(p, second) == ("hold_pending", 0)
    assert _settle(p, first) == ("ok", None)
    assert _settle(p, second) == ("ok", None)
    _has(p, asset, shop=100)
    return "ok", None


@scenario("ok")
def a_goal_that_is_missed_by_one(p: Play) -> Result:
    asset = p.asset(alice=60, bob=40)
    group = _goal(p, asset, 100)
    first, second = _held(p, asset, 60, group=group), _held(p, asset, 39, group=group, payer="bob")
    _at(p, CLOSES - 1)
    assert _release(p, first) == ("hold_pending", 0)
    _at(p, CLOSES)
    assert _settle(p, first) == ("condition_unmet", 0)
    assert _release(p, first) == ("ok", None)
    assert _release(p, second, 38) == ("ok", None)
    assert _release(p, second) == ("ok", None)
    _has(p, asset, alice=60, bob=40)
    return "ok", None


@scenario("condition_unmet", 0)
def a_release_takes_from_the_total_of_a_group(p: Play) -> Result:
    asset = p.asset(alice=60, bob=40)
    group = group_id(p.id("owner"), SALT)
    terms = _terms(p, build.group_total(group, 100), release_if=build.by_payer(), shop=10_000)
    assert _group(p, asset, terms) == group
    first, second = _held(p, asset, 60, group=group), _held(p, asset, 40, group=group, payer="bob")
    assert _settle(p, first, 20) == ("ok", None)
    assert _release(p, second, 1, by="bob") == ("ok", None)
    return _settle(p, first)


@scenario("ok")
def a_release_at_the_deadline_leaves_the_total_of_a_group(p: Play) -> Result:
    asset = p.asset(alice=100, bob=5)
    group = _group(p, asset, _terms(p, release_if=_now(), shop=10_000))
    hold = _held(p, asset, 100, group=group)
    goal = _terms(p, build.group_total(group, 100), deadline=DEADLINE + DAY, shop=10_000)
    other = _held(p, asset, 5, goal, payer="bob")
    _at(p, DEADLINE)
    assert _release(p, hold) == ("ok", None)
    return _settle(p, other)


@scenario("ok")
def a_settlement_leaves_the_total_of_a_group(p: Play) -> Result:
    asset = p.asset(alice=100)
    group = group_id(p.id("owner"), SALT)
    assert _group(p, asset, _terms(p, build.group_total(group, 100), shop=10_000)) == group
    hold = _held(p, asset, 100, group=group)
    assert _settle(p, hold, 99) == ("ok", None)
    return _settle(p, hold)


@scenario("ok")
def no_group_has_a_total_of_nothing(p: Play) -> Result:
    asset = p.asset(alice=10)
    terms = _terms(p, build.group_total(bytes(32), 0), release_if=build.group_total(bytes(32), 1), shop=10_000)
    hold = _held(p, asset, 10, terms)
    assert _release(p, hold) == ("hold_pending", 0)
    return _settle(p, hold)


@scenario("ok")
def a_total_counts_within_the_transaction(p: Play) -> Result:
    asset = p.asset(alice=10, bob=10)
    group = group_id(p.id("owner"), SALT)
    assert _group(p, asset, _terms(p, build.group_total(group, 20), shop=10_000)) == group
    first = build.hold(p.id("alice"), SALT, asset, 10, group=group)
    second = build.hold(p.id("bob"), SALT, asset, 10, group=group)
    settle = build.settle(hold_id(p.id("alice"), SALT))
    assert p.send(first, settle, second, by="alice bob") == ("condition_unmet", 1)
    return p.send(first, second, settle, by="alice bob")


@scenario("ok")
def a_bearer_group(p: Play) -> Result:
    asset = p.asset(alice=10)
    group = _group(p, asset, _terms(p, build.by_payer()))
    hold = _held(p, asset, 10, group=group)
    assert _settle(p, hold, 4, "bob", by="bob") == ("condition_unmet", 0)
    return _settle(p, hold, 4, "bob", by="alice")


# Bearer holds.


@scenario("ok")
def a_gift_card(p: Play) -> Result:
    asset = p.asset(alice=50)
    card = p.id("card")
    hold = _held(p, asset, 50, _terms(p, build.signed_by(1, [card])))
    assert _settle(p, hold, 20, "shop", by="shop") == ("condition_unmet", 0)
    assert _settle(p, hold, 20, "shop", by="card") == ("ok", None)
    assert _settle(p, hold, 5, "bob", by="card") == ("ok", None)
    assert _settle(p, hold, 26, "shop", by="card") == ("amount_exceeds_hold", 0)
    _at(p, DEADLINE)
    assert _settle(p, hold, 25, "shop", by="card") == ("hold_expired", 0)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, shop=20, bob=5, alice=25)
    return "ok", None


@scenario("account_frozen", 0)
def a_gift_card_for_a_frozen_account(p: Play) -> Result:
    asset = p.asset(alice=50)
    hold = _held(p, asset, 50, _terms(p, build.by_payer()))
    _freeze(p, asset, "bob")
    return _settle(p, hold, 20, "bob", by="alice")


@scenario("programme_account", 0)
def a_gift_card_for_itself(p: Play) -> Result:
    hold = p.accounts["card"] = _held(p, p.asset(alice=50), 50, _terms(p, build.by_payer()))
    return _settle(p, hold, 20, "card", by="alice")


# Schedules.

CLIFF, ENDS = START + 100, START + 1_000


def _vesting(p: Play, asset: bytes, amount: int = 1_000, **changes: object) -> bytes:
    schedule = build.schedule(START, CLIFF, ENDS)
    return _held(p, asset, amount, _terms(p, schedule=schedule, shop=10_000, **changes))  # type: ignore[arg-type]


@scenario("not_vested", 0)
def nothing_before_the_cliff(p: Play) -> Result:
    hold = _vesting(p, p.asset(alice=1_000))
    _at(p, CLIFF - 1)
    assert _settle(p, hold) == ("not_vested", 0)
    return _settle(p, hold, 1, "bob")


@scenario("not_vested", 0)
def a_tenth_at_the_cliff(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _vesting(p, asset)
    _at(p, CLIFF)
    assert _settle(p, hold, 101) == ("not_vested", 0)
    assert _settle(p, hold, 1_001) == ("amount_exceeds_hold", 0)
    assert _settle(p, hold, 60) == ("ok", None)
    assert _settle(p, hold, 41) == ("not_vested", 0)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=100)
    assert _settle(p, hold) == ("not_vested", 0)
    return _settle(p, hold, 1)


@scenario("not_vested", 0)
def all_but_one_a_millisecond_before_the_end(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _vesting(p, asset)
    _at(p, ENDS - 1)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=999)
    return _settle(p, hold, 1)


@scenario("ok")
def all_at_the_end(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _vesting(p, asset)
    _at(p, ENDS)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=1_000)
    return "ok", None


@scenario("ok")
def the_largest_amount_vests(p: Play) -> Result:
    asset = p.asset(supply_cap=MAX, alice=MAX)
    hold = _vesting(p, asset, MAX)
    _at(p, START + 333)
    assert _settle(p, hold, MAX * 333 // 1_000 + 1) == ("not_vested", 0)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=MAX * 333 // 1_000)
    return "ok", None


@scenario("ok")
def a_schedule_that_started_long_ago(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _held(p, asset, 1_000, _terms(p, schedule=build.schedule(0, 0, 2 * START), deadline=2 * START, shop=10_000))
    assert _settle(p, hold, 501) == ("not_vested", 0)
    return _settle(p, hold, 500)


@scenario("condition_unmet", 0)
def the_condition_comes_before_the_schedule(p: Play) -> Result:
    return _settle(p, _vesting(p, p.asset(alice=1_000), settle_if=_never()))


@scenario("ok")
def no_schedule_after_the_deadline(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _vesting(p, asset, deadline=ENDS, outcome="settle", settle_if=_never())
    _at(p, ENDS)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=1_000)
    return "ok", None


@scenario("amount_exceeds_hold", 0)
def a_release_leaves_what_has_vested(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _vesting(p, asset, release_if=build.by_payer())
    _at(p, START + 600)
    assert _settle(p, hold, 50) == ("ok", None)
    assert _release(p, hold, 401, by="alice") == ("amount_exceeds_hold", 0)
    assert _release(p, hold, 1, by="alice") == ("ok", None)
    assert _release(p, hold, by="alice") == ("ok", None)
    _has(p, asset, alice=400)
    assert _release(p, hold, 1, by="alice") == ("amount_exceeds_hold", 0)
    return _release(p, hold, by="alice")


@scenario("amount_exceeds_hold", 0)
def more_has_vested_than_is_left(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _vesting(p, asset, release_if=build.by_payer())
    _at(p, CLIFF - 1)
    assert _release(p, hold, 700, by="alice") == ("ok", None)
    _at(p, START + 500)
    assert _settle(p, hold, 301) == ("amount_exceeds_hold", 0)
    assert _release(p, hold, by="alice") == ("amount_exceeds_hold", 0)
    assert _settle(p, hold, 200) == ("ok", None)
    return _release(p, hold, 1, by="alice")


@scenario("ok")
def a_release_at_the_deadline_takes_what_has_vested(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    hold = _vesting(p, asset, deadline=ENDS)
    _at(p, ENDS)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, alice=1_000)
    return "ok", None


# Splits, and what their parts leave over.


@scenario("ok")
def a_split_of_parts_is_that_of_the_whole(p: Play) -> Result:
    asset = p.asset(alice=200)
    terms = _terms(p, shop=3_333, bob=3_333, carol=3_334)
    whole, parts = _held(p, asset, 100, terms), _held(p, asset, 100, terms, salt=bytes(16))
    assert _settle(p, whole) == ("ok", None)
    # 33.33, 33.33 and 33.34 leave over one, which is the first one's.
    _has(p, asset, shop=34, bob=33, carol=33)
    for amount in [1, 1, 2, 3, 5, 8, 13, 21, 34]:
        assert _settle(p, parts, amount) == ("ok", None)
    assert _settle(p, parts) == ("ok", None)
    _has(p, asset, shop=68, bob=66, carol=66)
    return "ok", None


@scenario("ok")
def one_unit_at_a_time_among_sixteen(p: Play) -> Result:
    asset = p.asset(build.lots("day"), alice=31)
    names = [f"friend{n}" for n in range(16)]
    hold = _held(p, asset, 31, _terms(p, release_if=_now(), **dict.fromkeys(names, 625)))
    for _ in range(15):
        assert _settle(p, hold, 1) == ("ok", None)
    _has(p, asset, **dict.fromkeys(names, 0))
    assert _settle(p, hold, 17) == ("amount_exceeds_hold", 0)
    assert _settle(p, hold, 1) == ("ok", None)
    _has(p, asset, **dict.fromkeys(names, 1))
    assert _settle(p, hold, 14) == ("ok", None)
    _has(p, asset, **dict.fromkeys(names, 1))
    assert _settle(p, hold, 1) == ("ok", None)
    _has(p, asset, **(dict.fromkeys(names, 1) | {"friend0": 16}))
    return "ok", None


@scenario("hold_closed", 0)
def what_is_left_over_goes_with_the_last_release(p: Play) -> Result:
    asset = p.asset(build.lots("day"), alice=31)
    names = [f"friend{n}" for n in range(16)]
    hold = _held(p, asset, 31, _terms(p, release_if=_now(), **dict.fromkeys(names, 625)))
    assert _settle(p, hold, 15) == ("ok", None)
    assert _release(p, hold, 17) == ("amount_exceeds_hold", 0)
    assert _release(p, hold, 15) == ("ok", None)
    _has(p, asset, alice=15, friend0=0)
    assert _release(p, hold, 1) == ("ok", None)
    _has(p, asset, alice=16, friend0=15, friend1=0)
    return _release(p, hold)


@scenario("ok")
def what_is_left_over_goes_with_the_release_at_the_deadline(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=5_000, bob=5_000))
    assert _settle(p, hold, 5) == ("ok", None)
    _at(p, DEADLINE)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, shop=3, bob=2, alice=5)
    return "ok", None


@scenario("ok")
def what_is_left_over_by_one_who_is_the_payer(p: Play) -> Result:
    asset = p.asset(build.bound(), alice=10)
    hold = _held(p, asset, 10, _terms(p, release_if=_now(), alice=5_000, brand=5_000))
    assert _settle(p, hold, 5) == ("ok", None)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, brand=2)
    return p.send(build.transfer(asset, p.id("alice"), p.id("brand"), 8), by="alice")


@scenario("hold_closed", 0)
def what_is_left_over_for_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=5_000, bob=5_000))
    assert _settle(p, hold, 5) == ("ok", None)
    _freeze(p, asset, "shop")
    _at(p, DEADLINE)
    assert _release(p, hold, 4) == ("ok", None)
    _has(p, asset, alice=4)
    assert _release(p, hold) == ("ok", None)
    _thaw(p, asset, "shop")
    _has(p, asset, alice=6, shop=2, bob=2)
    return _release(p, hold)


@scenario("ok")
def nothing_left_over_for_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=5_000, bob=5_000))
    assert _settle(p, hold, 6) == ("ok", None)
    _freeze(p, asset, "shop")
    _at(p, DEADLINE)
    return _release(p, hold)


@scenario("ok")
def what_is_left_over_for_what_has_become_a_programme_account(p: Play) -> Result:
    asset = p.asset(alice=10, bob=10)
    p.accounts["trap"] = hold_id(p.id("bob"), SALT)
    hold = _held(p, asset, 10, _terms(p, trap=5_000, shop=5_000))
    assert _settle(p, hold, 1) == ("ok", None)
    _held(p, asset, 10, _terms(p, bob=10_000), payer="bob")
    _at(p, DEADLINE)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, alice=10, shop=0)
    return "ok", None


@scenario("ok")
def what_is_left_over_in_an_early_release_for_a_frozen_payee(p: Play) -> Result:
    asset = p.asset(build.lots("day"), alice=10)
    hold = _held(p, asset, 10, _terms(p, release_if=_now(), shop=5_000, bob=5_000))
    assert _settle(p, hold, 5) == ("ok", None)
    _freeze(p, asset, "shop")
    assert _release(p, hold) == ("ok", None)
    _thaw(p, asset, "shop")
    _has(p, asset, alice=6, shop=2, bob=2)
    return "ok", None


@scenario("ok")
def what_is_left_over_after_the_grace_for_a_frozen_payee(p: Play) -> Result:
    """It is the payer's then too."""
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=5_000, bob=5_000))
    assert _settle(p, hold, 5) == ("ok", None)
    _freeze(p, asset, "shop")
    _at(p, OVERDUE)
    assert _release(p, hold) == ("ok", None)
    _thaw(p, asset, "shop")
    _has(p, asset, alice=6, shop=2, bob=2)
    return "ok", None


@scenario("ok")
def what_is_left_over_for_a_payee_to_whom_it_is_bound(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=5_000, bob=5_000))
    assert _settle(p, hold, 5) == ("ok", None)
    _change(p, asset, build.bound())
    _at(p, DEADLINE)
    assert _release(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=6, shop=2, bob=2)
    return "ok", None


@scenario("ok")
def what_is_left_over_is_no_payment(p: Play) -> Result:
    """Neither a fee, nor a largest holding, nor an attestation matters; a debt to the payer does."""
    asset = p.asset(build.debt_floor(9), brand=10, bob=1)
    hold = _held(p, asset, 10, _terms(p, bob=5_000, shop=5_000), payer="brand")
    assert _settle(p, hold, 5) == ("ok", None)
    p.ok(build.claw_back(asset, p.id("bob"), p.id("carol"), 4), by="brand")
    terms = [build.fee(5_000, p.id("till")), build.max_holding(1), build.attested_holders(bytes(32), p.id("notary"))]
    _change(p, asset, build.debt_floor(9), *terms)
    _at(p, DEADLINE)
    assert _release(p, hold) == ("ok", None)
    _change(p, asset, build.debt_floor(9))
    _has(p, asset, bob=0, shop=2, carol=3, till=0)
    # The debt of one was repaid.
    p.ok(build.mint(asset, p.id("bob"), 1), by="brand")
    _has(p, asset, bob=1)
    return "ok", None


@scenario("ok")
def what_is_left_over_makes_a_holding_larger_than_the_largest(p: Play) -> Result:
    asset = p.asset(brand=20, bob=3)
    hold = _held(p, asset, 10, _terms(p, bob=5_000, shop=5_000), payer="brand")
    assert _settle(p, hold, 5) == ("ok", None)
    _change(p, asset, build.max_holding(4))
    _at(p, DEADLINE)
    assert _release(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, bob=6, shop=2, brand=15)
    return "ok", None


def _left_over_of_a_lot(p: Play, days: int, *, known: bool = False) -> tuple[bytes, bytes]:
    """A hold with one unit left over, and a first payee that has so many lots, perhaps that of the unit."""
    asset = p.asset(build.lots("day"), build.strict_lots(), alice=3, **({"bob": 1} if known else {}))
    hold = _held(p, asset, 3, _terms(p, deadline=START + 100 * DAY, bob=5_000, shop=5_000))
    assert _settle(p, hold, 1) == ("ok", None)
    for _ in range(days):
        p.later(DAY)
        p.ok(build.mint(asset, p.id("bob"), 1), by="brand")
    _at(p, START + 100 * DAY)
    return asset, hold


@scenario("ok")
def what_is_left_over_for_a_payee_of_64_lots(p: Play) -> Result:
    asset, hold = _left_over_of_a_lot(p, 64)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, alice=3)
    return "ok", None


@scenario("ok")
def what_is_left_over_is_a_64th_lot(p: Play) -> Result:
    asset, hold = _left_over_of_a_lot(p, 63)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, alice=2)
    return "ok", None


@scenario("ok")
def what_is_left_over_is_of_one_of_64_lots(p: Play) -> Result:
    asset, hold = _left_over_of_a_lot(p, 63, known=True)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, alice=2)
    return "ok", None


@scenario("ok")
def what_is_left_over_repays_a_debt_and_needs_no_lot(p: Play) -> Result:
    policy = [build.lots("day"), build.strict_lots(), build.debt_floor(1)]
    asset = p.asset(*policy, brand=3, bob=1)
    hold = _held(p, asset, 3, _terms(p, deadline=START + 100 * DAY, bob=5_000, shop=5_000), payer="brand")
    assert _settle(p, hold, 1) == ("ok", None)
    p.ok(build.claw_back(asset, p.id("bob"), p.id("carol"), 2), by="brand")
    for _ in range(64):
        p.later(DAY)
        p.ok(
            build.mint(asset, p.id("carol"), 1), build.transfer(asset, p.id("carol"), p.id("bob"), 1), by="brand carol"
        )
    _at(p, START + 100 * DAY)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, brand=3)
    return "ok", None


# The grace.


def _thaw(p: Play, asset: bytes, *names: str) -> None:
    p.ok(*[build.freeze(asset, p.id(name), frozen=False) for name in names], by="brand")


def _change(p: Play, asset: bytes, *policy: build.Value) -> None:
    p.ok(build.change(asset, policy=list(policy)), by="brand")


def _due(p: Play, asset: bytes, amount: int, payer: str = "alice", salt: bytes = SALT, **payees: int) -> bytes:
    """A hold that is the payees' at its deadline."""
    return _held(p, asset, amount, _terms(p, _never(), outcome="settle", **payees), payer=payer, salt=salt)


def _refused_until_overdue(p: Play, hold: bytes, status: str, amount: int | None = None) -> None:
    for time in (DEADLINE, OVERDUE - 1):
        _at(p, time)
        assert _settle(p, hold, amount) == (status, 0)
    _at(p, OVERDUE)
    assert _settle(p, hold, amount) == ("ok", None)


@scenario("account_frozen", 0)
def a_frozen_payee_is_paid_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, shop=10_000)
    _freeze(p, asset, "shop")
    _refused_until_overdue(p, hold, "account_frozen")
    spend = build.transfer(asset, p.id("shop"), p.id("bob"), 1)
    result = p.send(spend, by="shop")
    _thaw(p, asset, "shop")
    _has(p, asset, alice=0, shop=10)
    return result


@scenario("hold_closed", 0)
def a_programme_account_is_not_paid_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10, bob=10)
    p.accounts["trap"] = hold_id(p.id("bob"), SALT)
    hold = _due(p, asset, 10, trap=5_000, shop=5_000)
    _held(p, asset, 10, _terms(p, bob=10_000), payer="bob")
    _refused_until_overdue(p, hold, "programme_account")
    _has(p, asset, alice=5, shop=5)
    return _settle(p, hold)


@scenario("hold_closed", 0)
def a_hold_for_itself_goes_back_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    p.accounts["itself"] = hold_id(p.id("alice"), SALT)
    hold = _due(p, asset, 10, itself=10_000)
    _refused_until_overdue(p, hold, "programme_account")
    _has(p, asset, alice=10)
    return _settle(p, hold)


@scenario("ok")
def what_was_bound_since_goes_back_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=5_000, brand=2_000, alice=3_000)
    _change(p, asset, build.bound())
    _refused_until_overdue(p, hold, "asset_bound")
    _change(p, asset)
    _has(p, asset, alice=8, bob=0, brand=2)
    return "ok", None


@scenario("ok")
def what_is_bound_goes_to_whose_alias_the_payer_is_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=10_000)
    _change(p, asset, build.bound())
    p.ok(build.alias(p.id("alice"), p.id("bob")), by="alice bob")
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, bob=10)
    return "ok", None


@scenario("ok")
def who_is_no_longer_attested_is_not_paid_after_the_grace(p: Play) -> Result:
    schema, asset = _member(p, "bob", expires=DEADLINE), p.asset(alice=10)
    _change(p, asset, build.attested_holders(schema, p.id("club")))
    hold = _due(p, asset, 10, bob=5_000, brand=5_000)
    _refused_until_overdue(p, hold, "attestation_expired")
    _change(p, asset)
    _has(p, asset, alice=5, bob=0, brand=5)
    return "ok", None


@scenario("ok")
def who_is_attested_within_the_grace_is_paid(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=10_000)
    _change(p, asset, build.attested_holders(schema_id(p.id("club"), "member"), p.id("club")))
    _at(p, OVERDUE - 1)
    assert _settle(p, hold) == ("unknown_attestation", 0)
    _member(p, "bob")
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=0, bob=10)
    return "ok", None


@scenario("ok")
def who_is_attested_is_paid_after_the_grace(p: Play) -> Result:
    schema, asset = _member(p, "bob"), p.asset(alice=10)
    _change(p, asset, build.attested_holders(schema, p.id("club")))
    hold = _due(p, asset, 10, bob=10_000)
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, bob=10)
    return "ok", None


@scenario("ok")
def a_payer_need_not_be_attested_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=5_000, alice=5_000)
    _change(p, asset, build.attested_holders(bytes(32), p.id("club")))
    _refused_until_overdue(p, hold, "unknown_attestation")
    _change(p, asset)
    _has(p, asset, alice=10)
    return "ok", None


@scenario("ok")
def a_payee_gets_what_it_has_room_for_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=11, bob=4)
    _change(p, asset, build.max_holding(9))
    hold = _due(p, asset, 11, bob=5_000, shop=5_000)
    # The first one gets the odd one.
    _refused_until_overdue(p, hold, "max_holding_exceeded")
    _change(p, asset)
    _has(p, asset, alice=1, bob=9, shop=5)
    return "ok", None


@scenario("ok")
def nobody_fills_a_payee_s_room_to_get_its_part_after_the_grace(p: Play) -> Result:
    """The payer names a payee that cannot be paid, waits, and pays the other one a little."""
    asset = p.asset(alice=30)
    hold = _due(p, asset, 20, bob=9_500, carol=500)
    _change(p, asset, build.max_holding(20), build.attested_holders(_member(p, "bob"), p.id("club")))
    _at(p, OVERDUE - 1)
    assert _settle(p, hold) == ("unknown_attestation", 0)
    p.ok(build.transfer(asset, p.id("alice"), p.id("bob"), 2), by="alice")
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=10, bob=20, carol=0)
    return "ok", None


@scenario("ok")
def a_payee_gets_the_lowest_lots_that_it_has_room_for_after_the_grace(p: Play) -> Result:
    asset = _two_lots(p, 5, 7)
    hold = _due(p, asset, 12, bob=10_000)
    _change(p, asset, build.lots("day"), build.fixed_expiry(100), build.max_holding(8))
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset, build.lots("day"), build.fixed_expiry(100))
    _at(p, START + 101 * DAY)
    # The first lot, all of it bob's, has lapsed.
    _has(p, asset, bob=3, alice=4)
    return "ok", None


@scenario("ok")
def a_payee_without_any_room_gets_nothing_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10, bob=9)
    _change(p, asset, build.max_holding(9))
    hold = _due(p, asset, 10, bob=10_000)
    _refused_until_overdue(p, hold, "max_holding_exceeded")
    _change(p, asset)
    _has(p, asset, alice=10, bob=9)
    return "ok", None


@scenario("ok")
def a_payee_of_whose_part_all_is_fee_needs_no_room_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10, bob=1)
    _change(p, asset, build.fee(10_000, p.id("till")), build.max_holding(1))
    hold = _due(p, asset, 10, bob=10_000)
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=0, bob=1, till=10)
    return "ok", None


@scenario("ok")
def a_payee_with_just_enough_room_is_paid_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10, bob=4)
    _change(p, asset, build.max_holding(9))
    hold = _due(p, asset, 10, bob=5_000, shop=5_000)
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=0, bob=9, shop=5)
    return "ok", None


@scenario("ok")
def a_payee_is_paid_after_the_grace_as_far_as_one_asks(p: Play) -> Result:
    asset = p.asset(alice=10, bob=4)
    _change(p, asset, build.max_holding(9))
    hold = _due(p, asset, 10, bob=10_000)
    _at(p, OVERDUE)
    assert _settle(p, hold, 5) == ("ok", None)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=5, bob=9)
    return "ok", None


@scenario("ok")
def a_fee_leaves_room_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=20)
    _change(p, asset, build.fee(1_000, p.id("till")), build.max_holding(9))
    hold = _due(p, asset, 10, bob=10_000)
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=10, bob=9, till=1)
    return "ok", None


@scenario("ok")
def what_goes_back_costs_no_fee_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=22)
    hold = _due(p, asset, 22, bob=5_000, carol=5_000)
    _change(p, asset, build.fee(1_000, p.id("till")), build.max_holding(10))
    p.ok(build.mint(asset, p.id("bob"), 1), by="brand")
    _refused_until_overdue(p, hold, "max_holding_exceeded")
    _change(p, asset)
    _has(p, asset, alice=1, bob=10, carol=10, till=2)
    return "ok", None


@scenario("ok")
def the_account_of_the_fee_is_a_payee_after_the_grace(p: Play) -> Result:
    """It has no largest holding, so that it does not matter who is paid first."""
    asset = p.asset(alice=40)
    _change(p, asset, build.fee(5_000, p.id("till")), build.max_holding(5))
    forth = _due(p, asset, 20, till=5_000, bob=5_000)
    back = _due(p, asset, 20, salt=bytes(16), carol=5_000, till=5_000)
    _at(p, OVERDUE)
    assert _settle(p, forth) == ("ok", None)
    assert _settle(p, back) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=0, bob=5, carol=5, till=30)
    return "ok", None


@scenario("ok")
def the_issuer_has_room_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10, brand=10)
    _change(p, asset, build.max_holding(5))
    hold = _due(p, asset, 10, brand=10_000)
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, brand=20)
    return "ok", None


def _debtor(p: Play, amount: int) -> tuple[bytes, bytes]:
    """A hold of the issuer for bob, who has 4, owes 3 and may have 10."""
    asset = p.asset(build.debt_floor(5), brand=amount)
    p.ok(build.claw_back(asset, p.id("bob"), p.id("carol"), 3), by="brand")
    p.ok(build.mint(asset, p.id("carol"), 4), build.transfer(asset, p.id("carol"), p.id("bob"), 4), by="brand carol")
    hold = _due(p, asset, amount, payer="brand", bob=10_000)
    _change(p, asset, build.debt_floor(5), build.max_holding(10))
    return asset, hold


@scenario("ok")
def a_debt_leaves_room_after_the_grace(p: Play) -> Result:
    asset, hold = _debtor(p, 9)
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset, build.debt_floor(5))
    _has(p, asset, brand=3, bob=10)
    return "ok", None


@scenario("ok")
def a_debt_is_repaid_of_what_a_payee_has_room_for_after_the_grace(p: Play) -> Result:
    asset, hold = _debtor(p, 10)
    _refused_until_overdue(p, hold, "max_holding_exceeded")
    _change(p, asset, build.debt_floor(5))
    _has(p, asset, brand=4, bob=10)
    return "ok", None


@scenario("ok")
def lapsed_units_leave_room_after_the_grace(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(3), alice=10, bob=9)
    hold = _due(p, asset, 10, bob=10_000)
    _change(p, asset, build.inactivity_expiry(3), build.max_holding(10))
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset, build.inactivity_expiry(3))
    _has(p, asset, bob=10)
    return "ok", None


@scenario("ok")
def who_is_not_paid_after_the_grace_is_not_touched(p: Play) -> Result:
    """So what has lapsed of its balance is still there to be swept."""
    asset = p.asset(build.inactivity_expiry(3), alice=10, bob=9)
    hold = _due(p, asset, 10, bob=10_000)
    _change(p, asset, build.inactivity_expiry(3), build.attested_holders(bytes(32), p.id("club")))
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset, build.inactivity_expiry(3))
    _has(p, asset, alice=10)
    return p.send(build.sweep(asset, [p.id("bob")]), by="anybody")


@scenario("ok")
def one_of_several_is_not_paid_after_the_grace(p: Play) -> Result:
    """The lots are handed out as ever, lowest first, and the payer is in the place of the payee."""
    asset = _two_lots(p, 5, 7)
    _change(p, asset, build.lots("day"), build.fixed_expiry(100))
    p.accounts["trap"] = hold_id(p.id("bob"), SALT)
    hold = _due(p, asset, 12, shop=2_500, trap=2_500, carol=2_500, alice=2_500)
    p.ok(build.mint(asset, p.id("bob"), 1), by="brand")
    _held(p, asset, 1, _terms(p, bob=10_000), payer="bob")
    _freeze(p, asset, "carol")
    _at(p, DEADLINE)
    assert _settle(p, hold) == ("programme_account", 0)
    _at(p, OVERDUE)
    assert _settle(p, hold, 4) == ("ok", None)
    assert _settle(p, hold) == ("ok", None)
    _thaw(p, asset, "carol")
    _has(p, asset, shop=3, carol=3, alice=6)
    _at(p, START + 101 * DAY)
    _has(p, asset, shop=1, carol=2, alice=4)
    return "ok", None


@scenario("hold_closed", 0)
def nobody_is_paid_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=5_000, carol=5_000)
    _change(p, asset, build.bound())
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=10)
    return _settle(p, hold)


@scenario("ok")
def a_frozen_payer_gets_back_after_the_grace_what_a_payee_may_not_have(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=5_000, alice=5_000)
    _change(p, asset, build.bound())
    _freeze(p, asset, "alice")
    _refused_until_overdue(p, hold, "asset_bound")
    _thaw(p, asset, "alice")
    _change(p, asset)
    _has(p, asset, alice=10)
    return "ok", None


@scenario("ok")
def a_payee_that_is_the_frozen_payer_is_paid_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, alice=10_000)
    _freeze(p, asset, "alice")
    _refused_until_overdue(p, hold, "account_frozen")
    _thaw(p, asset, "alice")
    _has(p, asset, alice=10)
    return "ok", None


@scenario("ok")
def a_payee_that_is_frozen_and_bound_is_not_paid_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=10_000)
    _change(p, asset, build.bound())
    _freeze(p, asset, "bob")
    _refused_until_overdue(p, hold, "account_frozen")
    _thaw(p, asset, "bob")
    _change(p, asset)
    _has(p, asset, alice=10, bob=0)
    return "ok", None


@scenario("ok")
def what_is_left_over_is_its_payee_s_as_far_as_there_is_room_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=31)
    names = [f"friend{n}" for n in range(16)]
    hold = _due(p, asset, 31, **dict.fromkeys(names, 625))
    _at(p, OVERDUE)
    assert _settle(p, hold, 15) == ("ok", None)
    _change(p, asset, build.max_holding(15))
    # The first one would get 16.
    assert _settle(p, hold) == ("ok", None)
    _change(p, asset)
    _has(p, asset, alice=1, friend0=15, friend1=1, friend15=1)
    return "ok", None


@scenario("asset_paused", 0)
def a_paused_asset_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _due(p, asset, 10, bob=10_000)
    _pause(p, asset)
    _at(p, OVERDUE)
    return _settle(p, hold)


@scenario("hold_expired", 0)
def a_settlement_that_is_not_the_outcome_after_the_grace(p: Play) -> Result:
    hold = _held(p, p.asset(alice=10), 10, _terms(p, shop=10_000))
    _at(p, OVERDUE)
    return _settle(p, hold)


@scenario("hold_closed", 0)
def a_hold_that_has_lapsed_after_the_grace(p: Play) -> Result:
    asset = _two_lots(p, 5, 7)
    hold = _due(p, asset, 12, bob=10_000)
    _freeze(p, asset, "bob")
    _at(p, OVERDUE)
    return _settle(p, hold)


@scenario("ok")
def a_lot_lapses_before_the_grace_is_over(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.fixed_expiry(39), alice=5)
    p.later(DAY)
    p.ok(build.mint(asset, p.id("alice"), 7), by="brand")
    hold = _due(p, asset, 12, bob=5_000, carol=5_000)
    _freeze(p, asset, "bob")
    _at(p, OVERDUE)
    assert _settle(p, hold) == ("ok", None)
    _thaw(p, asset, "bob")
    _has(p, asset, bob=4, carol=3)
    return "ok", None


@scenario("ok")
def a_frozen_payer_is_paid_back_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    _freeze(p, asset, "alice")
    _at(p, OVERDUE - 1)
    assert _release(p, hold) == ("account_frozen", 0)
    _at(p, OVERDUE)
    assert _release(p, hold, 4) == ("ok", None)
    assert _release(p, hold) == ("ok", None)
    _thaw(p, asset, "alice")
    _has(p, asset, alice=10)
    return "ok", None


@scenario("ok")
def a_bearer_hold_of_a_frozen_payer_is_released_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    hold = _held(p, asset, 10, _terms(p, build.by_payer()))
    _freeze(p, asset, "alice")
    _at(p, OVERDUE - 1)
    assert _release(p, hold) == ("account_frozen", 0)
    _at(p, OVERDUE)
    assert _settle(p, hold, 1, "bob", by="alice") == ("hold_expired", 0)
    assert _release(p, hold) == ("ok", None)
    _thaw(p, asset, "alice")
    _has(p, asset, alice=10)
    return "ok", None


@scenario("ok")
def a_group_s_hold_after_the_grace(p: Play) -> Result:
    asset = p.asset(alice=10)
    group = _group(p, asset, _terms(p, _never(), outcome="settle", bob=10_000))
    hold = _held(p, asset, 10, group=group)
    _change(p, asset, build.bound())
    _refused_until_overdue(p, hold, "asset_bound")
    _change(p, asset)
    _has(p, asset, alice=10)
    return "ok", None


def _many_lots(p: Play, asset: bytes, name: str) -> None:
    for _ in range(64):
        p.later(DAY)
        p.ok(build.mint(asset, p.id(name), 1), by="brand")


@scenario("ok")
def lots_are_merged_after_the_grace(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.strict_lots(), alice=4)
    ends = START + 100 * DAY
    hold = _held(p, asset, 4, _terms(p, _never(), deadline=ends, outcome="settle", bob=5_000, carol=5_000))
    _many_lots(p, asset, "bob")
    _at(p, ends + 30 * DAY - 1)
    assert _settle(p, hold) == ("too_many_lots", 0)
    p.later(1)
    assert _settle(p, hold) == ("ok", None)
    # And no others: the rule is still there.
    extra = build.mint(asset, p.id("bob"), 1)
    assert p.send(extra, by="brand") == ("too_many_lots", 0)
    _has(p, asset, carol=2)
    return "ok", None


@scenario("ok")
def lots_are_merged_after_the_grace_in_a_release(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.strict_lots(), alice=5)
    ends = START + 100 * DAY
    hold = _held(p, asset, 5, _terms(p, deadline=ends, bob=5_000, carol=5_000))
    assert _settle(p, hold, 1) == ("ok", None)
    _many_lots(p, asset, "alice")
    _at(p, ends + 30 * DAY - 1)
    assert _release(p, hold) == ("too_many_lots", 0)
    p.later(1)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, bob=1)
    return "ok", None


# Lapsing.


def _two_lots(p: Play, first: int, second: int) -> bytes:
    """An asset of which alice has a lot that lapses on day 3 and one that lapses on day 4."""
    asset = p.asset(build.lots("day"), build.fixed_expiry(2), alice=first)
    p.later(DAY)
    p.ok(build.mint(asset, p.id("alice"), second), by="brand")
    return asset


@scenario("ok")
def a_lot_lapses_in_a_hold(p: Play) -> Result:
    asset = _two_lots(p, 5, 7)
    hold = _held(p, asset, 12, _terms(p, shop=10_000))
    _at(p, START + 3 * DAY)
    assert _settle(p, hold, 8) == ("amount_exceeds_hold", 0)
    assert _settle(p, hold, 3) == ("ok", None)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=7)
    return "ok", None


@scenario("hold_closed", 0)
def all_of_a_hold_lapses(p: Play) -> Result:
    asset = _two_lots(p, 5, 7)
    hold = _held(p, asset, 12, _terms(p, release_if=_now(), shop=10_000))
    _at(p, START + 4 * DAY)
    assert _release(p, hold) == ("hold_closed", 0)
    assert _settle(p, hold) == ("hold_closed", 0)
    p.ok(build.sweep(asset, [hold]), by="anybody")
    return _settle(p, hold)


@scenario("ok")
def a_settlement_that_moves_nothing_removes_what_has_lapsed(p: Play) -> Result:
    asset = _two_lots(p, 10, 20)
    names = [f"friend{n}" for n in range(16)]
    hold = _held(p, asset, 30, _terms(p, **dict.fromkeys(names, 625)))
    _at(p, START + 3 * DAY)
    assert _settle(p, hold, 15) == ("ok", None)
    assert _settle(p, hold, 6) == ("amount_exceeds_hold", 0)
    return _settle(p, hold)


@scenario("hold_closed", 0)
def more_was_left_over_than_has_not_lapsed(p: Play) -> Result:
    asset = _two_lots(p, 10, 7)
    names = [f"friend{n}" for n in range(16)]
    hold = _held(p, asset, 17, _terms(p, release_if=_now(), **dict.fromkeys(names, 625)))
    assert _settle(p, hold, 15) == ("ok", None)
    _at(p, START + 3 * DAY)
    assert _settle(p, hold) == ("hold_closed", 0)
    assert _release(p, hold) == ("hold_closed", 0)
    _at(p, START + 4 * DAY)
    p.ok(build.sweep(asset, [hold]), by="anybody")
    return _settle(p, hold)


@scenario("amount_exceeds_hold", 0)
def lots_lapse_and_vest(p: Play) -> Result:
    asset = _two_lots(p, 10, 10)
    schedule = build.schedule(START, START, START + 4 * DAY)
    hold = _held(p, asset, 20, _terms(p, schedule=schedule, release_if=_now(), shop=10_000))
    _at(p, START + 3 * DAY)
    assert _settle(p, hold, 11) == ("amount_exceeds_hold", 0)
    assert _release(p, hold) == ("amount_exceeds_hold", 0)
    assert _settle(p, hold, 4) == ("ok", None)
    return _release(p, hold, 1)


@scenario("ok")
def a_hold_does_not_fall_asleep(p: Play) -> Result:
    asset = p.asset(build.lots("month"), build.inactivity_expiry(2), alice=10)
    hold = _held(p, asset, 10, _terms(p, deadline=START + 400 * DAY, shop=5_000, bob=5_000))
    _at(p, START + 150 * DAY)
    p.ok(build.sweep(asset, [hold]), by="anybody")
    assert _settle(p, hold, 3) == ("ok", None)
    _at(p, START + 300 * DAY)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=4, bob=4)
    return "ok", None


@scenario("ok")
def a_payee_falls_asleep_before_it_is_paid(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), alice=10, shop=7)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    _at(p, START + 3 * DAY)
    assert _settle(p, hold) == ("ok", None)
    _has(p, asset, shop=10)
    return "ok", None


@scenario("ok")
def a_payer_falls_asleep_before_it_is_paid_back(p: Play) -> Result:
    asset = p.asset(build.lots("day"), build.inactivity_expiry(2), alice=17)
    hold = _held(p, asset, 10, _terms(p, shop=10_000))
    _at(p, DEADLINE)
    assert _release(p, hold) == ("ok", None)
    _has(p, asset, alice=10)
    return "ok", None


# What nobody may do with the account of a hold.


def _own(p: Play) -> tuple[bytes, bytes]:
    """An asset, and a hold of it whose account is called `hold`."""
    asset = p.asset(build.lots("day"), build.fixed_expiry(2), alice=10)
    hold = p.accounts["hold"] = _held(p, asset, 5, _terms(p, shop=10_000))
    return asset, hold


@scenario("programme_account", 0)
def a_transfer_to_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    return p.send(build.transfer(asset, p.id("alice"), hold, 1), by="alice")


@scenario("programme_account", 0)
def a_payment_to_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    payees = [build.payee(p.id("bob"), 1), build.payee(hold, 1)]
    return p.send(build.pay(asset, p.id("alice"), payees), by="alice")


@scenario("programme_account", 0)
def a_mint_to_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    return p.send(build.mint(asset, hold, 1), by="brand")


@scenario("programme_account", 0)
def a_claw_back_from_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    return p.send(build.claw_back(asset, hold, p.id("brand"), 1), by="brand")


@scenario("programme_account", 0)
def a_claw_back_to_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    return p.send(build.claw_back(asset, p.id("alice"), hold, 1), by="brand")


@scenario("programme_account", 0)
def a_freeze_of_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    return p.send(build.freeze(asset, hold, frozen=True), by="brand")


@scenario("programme_account")
def keys_for_a_hold(p: Play) -> Result:
    _, hold = _own(p)
    return p.send(build.set_keys(hold, 1, [build.grant(p.key("alice"))]), by="alice hold/alice")


@scenario("unauthorized", 0)
def a_burn_of_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    return p.send(build.burn(asset, hold, 1), by="alice")


@scenario("unauthorized", 0)
def a_hold_of_what_is_held(p: Play) -> Result:
    asset, _ = _own(p)
    return _hold(p, asset, 1, _terms(p, shop=10_000), payer="hold", by="alice")


@scenario("ok")
def a_sweep_of_a_hold(p: Play) -> Result:
    asset, hold = _own(p)
    _at(p, START + 3 * DAY)
    return p.send(build.sweep(asset, [hold, hold, p.id("alice")]), by="anybody")


# What a hold's account gets that nobody put in.


def _with_a_fee(p: Play, group: bool = False) -> tuple[bytes, bytes]:  # noqa: FBT001, FBT002
    """An asset, and a hold of alice's 10 whose account was named for the fee before, and got 50 of that."""
    hold = hold_id(p.id("alice"), SALT)
    asset = p.asset(build.fee(5_000, hold), alice=1_000)
    terms = build.terms(
        build.by_payer(), [build.share(p.id("bob"), 10_000)], START + 9 * DAY, release_if=build.by_payer()
    )
    if group:
        p.ok(build.open_group(p.id("alice"), SALT, asset, START + DAY, terms), by="alice")
    of_group = {"group": group_id(p.id("alice"), SALT)} if group else {"terms": terms}
    p.ok(build.hold(p.id("alice"), SALT, asset, 10, **of_group), by="alice")  # type: ignore[arg-type]
    p.ok(build.transfer(asset, p.id("alice"), p.id("dave"), 100), by="alice")
    return asset, hold


@scenario("hold_closed", 0)
def a_fee_is_not_settled(p: Play) -> Result:
    asset, hold = _with_a_fee(p)
    p.ok(build.settle(hold), by="alice")
    p.ok(build.burn(asset, p.id("bob"), 5), by="bob")
    return p.send(build.settle(hold), by="alice")


@scenario("amount_exceeds_hold", 0)
def a_fee_is_not_settled_either_when_asked_for(p: Play) -> Result:
    _, hold = _with_a_fee(p)
    return p.send(build.settle(hold, 11), by="alice")


@scenario("hold_closed", 0)
def a_fee_is_not_released(p: Play) -> Result:
    asset, hold = _with_a_fee(p)
    p.ok(build.release(hold, 4), build.release(hold), by="alice")
    p.ok(build.burn(asset, p.id("alice"), 900), by="alice")
    return p.send(build.release(hold), by="alice")


@scenario("hold_closed", 0)
def a_fee_is_not_released_from_a_group(p: Play) -> Result:
    """The group never had it."""
    asset, hold = _with_a_fee(p, group=True)
    p.ok(build.release(hold), by="alice")
    p.ok(build.burn(asset, p.id("alice"), 900), by="alice")
    return p.send(build.release(hold), by="alice")
