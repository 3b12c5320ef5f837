"""Scenarios of family 10, ledger."""

from __future__ import annotations

from typing import Any

from tests.model import build
from tests.ops.play import Play, Result, scenario


def _set(p: Play, by: str = "governor", **changes: Any) -> Result:
    return p.send(build.set_parameters(build.parameters(**changes)), by=by)


@scenario("ok")
def the_smallest_parameters(p: Play) -> Result:
    creators = build.listed([p.id("alice")])
    return _set(p, window_ms=1_000, asset_creators=creators, transaction_bytes_max=1_024, operations_max=1)


@scenario("ok")
def the_largest_parameters(p: Play) -> Result:
    creators = build.listed([bytes([n]) * 32 for n in range(64)])
    return _set(p, window_ms=86_400_000, asset_creators=creators, transaction_bytes_max=60_000, operations_max=1_000)


@scenario("ok")
def a_new_governor(p: Play) -> Result:
    assert _set(p, governor=p.id("alice")) == ("ok", None)
    return _set(p, by="alice")


@scenario("unauthorized", 0)
def the_governor_before(p: Play) -> Result:
    assert _set(p, governor=p.id("alice")) == ("ok", None)
    return _set(p)


@scenario("ok")
def the_governor_governs_until_the_end_of_the_transaction(p: Play) -> Result:
    first = build.set_parameters(build.parameters(governor=None))
    second = build.set_parameters(build.parameters(governor=p.id("alice")))
    p.ok(first, second, by="governor")
    return _set(p, by="alice")


@scenario("invalid_parameters", 0)
def a_window_too_small(p: Play) -> Result:
    return _set(p, window_ms=999, by="bob")


@scenario("invalid_parameters", 0)
def a_window_too_large(p: Play) -> Result:
    return _set(p, window_ms=86_400_001)


@scenario("invalid_parameters", 0)
def transactions_too_small(p: Play) -> Result:
    return _set(p, transaction_bytes_max=1_023)


@scenario("invalid_parameters", 0)
def transactions_too_large(p: Play) -> Result:
    return _set(p, transaction_bytes_max=60_001)


@scenario("invalid_parameters", 0)
def no_operations(p: Play) -> Result:
    return _set(p, operations_max=0)


@scenario("invalid_parameters", 0)
def operations_too_many(p: Play) -> Result:
    return _set(p, operations_max=1_001)


@scenario("invalid_parameters", 0)
def a_list_of_no_creators(p: Play) -> Result:
    return _set(p, asset_creators=build.listed([]))


@scenario("invalid_parameters", 0)
def a_list_of_65_creators(p: Play) -> Result:
    return _set(p, asset_creators=build.listed([bytes([n]) * 32 for n in range(65)]))


@scenario("invalid_parameters", 0)
def creators_that_descend(p: Play) -> Result:
    return _set(p, asset_creators=build.listed([b"\2" * 32, b"\1" * 32]))


@scenario("invalid_parameters", 0)
def a_creator_twice(p: Play) -> Result:
    return _set(p, asset_creators=build.listed([b"\1" * 32, b"\1" * 32]))


@scenario("not_governed", 0)
def a_ledger_without_a_governor(p: Play) -> Result:
    assert _set(p, governor=None) == ("ok", None)
    return _set(p)


@scenario("unauthorized", 0)
def parameters_set_by_another(p: Play) -> Result:
    return _set(p, by="operator")
