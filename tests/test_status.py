"""Statuses: exactly those of the reference, which is read here."""

from __future__ import annotations

import pickle
import re

import pytest
from counterfoil.status import Status

from tests.conftest import ROOT

REFERENCE = (ROOT / "docs/reference/operations.md").read_text(encoding="utf-8")
TABLE = re.findall(r"^\| `(0x[0-9a-f]{4})` \| `(\w+)` \|", REFERENCE, re.MULTILINE)
LISTS = re.findall(r"`(0x[0-9a-f]{4}) (\w+)`", REFERENCE)


def test_names_and_codes_are_those_of_the_reference() -> None:
    expected = {int(code, 16): name for code, name in TABLE + LISTS}
    assert {status.value: status.name for status in Status} == expected
    assert len(expected) == len(TABLE) + len(LISTS) == len(Status.__members__)


def test_in_order() -> None:
    assert list(Status) == sorted(Status)


def test_transient_ones_are_those_of_the_reference() -> None:
    marked = {name for _, name in re.findall(r"`(0x[0-9a-f]{4}) (\w+)`\s+\(transient\)", REFERENCE)}
    assert {status.name for status in Status if status.is_transient} == marked | {"too_far_ahead", "mandate_spent"}


@pytest.mark.parametrize("status", Status)
def test_each_one_explains_itself(status: Status) -> None:
    assert status.explain.endswith(".")
    assert "\n" not in status.explain
    assert status.family in {
        "common", "account", "asset", "move", "hold", "campaign", "attest", "governance", "distribute", "ledger"
    }  # fmt: skip
    assert Status(status.value) is status is Status[status.name]
    assert pickle.loads(pickle.dumps(status)) is status  # noqa: S301


def test_unknown_codes() -> None:
    with pytest.raises(ValueError, match="12345 is not a valid Status"):
        Status(12345)
