"""What an operation consists of is there in every language: native module, Python, docs, model, scenarios, vectors."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import re
from pathlib import Path

import pytest
from counterfoil import _core, ops
from counterfoil.ops import Operation
from counterfoil.status import Status
from counterfoil.verify import OPERATIONS

from tests.model.ledger import OPERATIONS as MODEL_OPERATIONS

ROOT = Path(__file__).parents[1]
NATIVE = {tag: (name, mandate) for tag, name, mandate in _core.operations()}
CLASSES = {
    value.wire_tag: value
    for value in vars(ops).values()
    if isinstance(value, type) and issubclass(value, Operation) and value is not Operation
}
REFERENCE = (ROOT / "docs/reference/operations.md").read_text()


def test_operations_are_the_same_everywhere() -> None:
    names = {tag: name for tag, (name, _) in NATIVE.items()}
    assert names == {tag: name for tag, (name, _) in OPERATIONS.items()}
    assert names == {tag: kind.wire_name for tag, kind in CLASSES.items()}
    assert set(names) == set(MODEL_OPERATIONS)


@pytest.mark.parametrize("tag", sorted(NATIVE), ids=lambda tag: NATIVE[tag][0])
def test_an_operation_is_documented_with_its_fields(tag: int) -> None:
    name, mandate = NATIVE[tag]
    row = re.search(rf"^\| `{tag:#04x}` \| `{name}` \| (.+?) \| (.+?) \|$", REFERENCE, re.MULTILINE)
    assert row, f"{name} is not in docs/reference/operations.md"
    documented = re.findall(r"(\w+): ", row[1])
    assert documented == [field.name for field in dataclasses.fields(CLASSES[tag])]
    assert ("*mandate*" in row[2]) == mandate
    assert CLASSES[tag].__doc__
    assert "Raises:" in (CLASSES[tag].__doc__ or "")


def test_an_operation_has_a_vector() -> None:
    found = set()
    for path in (ROOT / "tests/vectors").glob("*.json"):
        cases = json.loads(path.read_text()).get("accept", [])
        found |= {case["value"]["is"] for case in cases}
    assert {name for name, _ in NATIVE.values()} <= found


def test_statuses_are_the_same_everywhere() -> None:
    native = {code: (name, transient) for code, name, transient in _core.statuses()}
    assert native == {status.value: (status.name, status.is_transient) for status in Status}
    missing = [name for name, _ in native.values() if f"`{name}`" not in REFERENCE and f" {name}" not in REFERENCE]
    assert not missing, "not in docs/reference/operations.md"


def test_no_module_of_the_engine_names_an_operation() -> None:
    # Words that mean something else there as well.
    ordinary = {"open", "change", "once", "pause", "create", "pay", "mandate", "claim", "snapshot", "collect"}
    names = {name for name, _ in NATIVE.values()} - ordinary
    for folder in ("engine", "python"):
        for path in (ROOT / "rust" / folder / "src").rglob("*.rs"):
            words = set(re.findall(r"\b[a-z_]+\b", re.sub(r"//.*", "", path.read_text())))
            assert not words & names, f"{path} names {words & names}"


PACKAGES = (
    *("attention", "brands", "collections", "creators", "distributions"),
    *("funding", "governance", "reputation"),
)
READ_ONLY = {
    "Ad.receipt", "Ad.report", "Badges.holds", "Coin.vested", "Community.proposals", "Conversion.quote",
    "Distribution.report", "Forecast.state", "Forecast.winners", "Gate.check", "Gate.verify", "GiftCards.balance",
    "Milestone.tally", "Perks.has_had", "Programme.pending", "Proposal.state_at", "Proposal.tally",
    "Raise.ambassadors", "Raise.milestone", "Raise.referrals", "Tiers.of", "Tiers.progress", "Vouchers.balance",
    "export_ballots", "export_bundle", "forecast_bundle", "ideas_bundle", "write_ballots",
}  # fmt: skip
"""Calls that take a time and change nothing, but that some make a checkpoint."""
ONCE_BY_ITSELF = {
    "Ad.claim_batch", "Distribution.collect_all", "Forecast.close_all", "Forecast.payout", "Raise.approve",
    "Raise.close", "Raise.close_all",
}  # fmt: skip
"""Calls of which each part happens once, in as many transactions as it takes: a key would stand for one of them."""


def test_every_call_that_changes_something_can_be_retried_and_tried() -> None:
    calls = {}
    for name in PACKAGES:
        package = importlib.import_module(f"counterfoil.{name}")
        for kind in (getattr(package, each) for each in package.__all__):
            functions = inspect.getmembers(kind, callable) if inspect.isclass(kind) else [("", kind)]
            for function, call in functions:
                if function.startswith("_") or not callable(call):
                    continue
                parameters = inspect.signature(call).parameters
                if "time" in parameters:
                    calls[f"{kind.__name__}.{function}".rstrip(".")] = parameters
    assert set(calls) >= READ_ONLY | ONCE_BY_ITSELF
    for name in set(calls) - READ_ONLY:
        assert "dry_run" in calls[name], name
        assert ("key" in calls[name]) == (name not in ONCE_BY_ITSELF), name
