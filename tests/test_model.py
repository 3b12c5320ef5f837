"""The reference model: every scenario, every status, and the parts that can be checked against vectors or by hand."""

from __future__ import annotations

import datetime
import json
from hashlib import sha256

import pytest

from tests.model import build, ed25519, log, move, sum_map
from tests.model.account import ACCOUNT_RECORD
from tests.model.asset import ASSET_RECORD, asset_id
from tests.model.ledger import COMMIT, STATUSES, ModelLedger
from tests.model.state import OPERATIONS, TRANSACTION, record_id
from tests.ops.play import DAY, HOUR, START
from tests.ops.scenarios import SCENARIOS, Play, World


class ModelWorld(World):
    """A world that is the model."""

    def __init__(self) -> None:
        self.time = START
        self.ledger = ModelLedger(build.genesis(START))
        self.ledger_id = self.ledger.id

    def apply(self, *signed: bytes) -> list[tuple[str, int | None]]:
        results = []
        for each in signed:
            before = self.ledger.state, list(self.ledger.entries), self.ledger.state_root()
            status, operation, index = self.ledger.apply(each, self.time)
            results.append((status, operation))
            assert (index is None) == (status != "ok")
            if status != "ok":
                assert before == (self.ledger.state, self.ledger.entries, self.ledger.state_root())
        return results

    def plant_programme(self, account: bytes) -> None:
        self.ledger.state.put("accounts", account, ACCOUNT_RECORD.write(build.Value("programme", family=4)))


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name):
    scenario = SCENARIOS[name]
    world = ModelWorld()
    assert scenario.play(Play(world)) == (scenario.status, scenario.index)
    world.ledger.check_invariants()
    again = ModelLedger(build.genesis(START))
    if not scenario.needs_programme:
        for entry in world.ledger.entries[1:]:
            again.follow(entry)
        assert again.state_root() == world.ledger.state_root()


def test_every_status_is_reached():
    assert {scenario.status for scenario in SCENARIOS.values()} == set(STATUSES)


def test_every_operation_is_refused_and_applied():
    applied, refused = set(), set()
    for scenario in SCENARIOS.values():
        world = ModelWorld()
        scenario.play(Play(world))
        for entry in world.ledger.entries[1:]:
            decoded = TRANSACTION.read(build.Reader(entry[9:]))
            applied |= {op.kind for op in decoded.operations}
    names = {operation.name for operation in OPERATIONS.values()}
    assert applied == names
    del refused


def test_the_statuses_are_numbered_as_documented():
    assert STATUSES["programme_account"] == 0x18
    assert STATUSES["already_used"] == 0x010C
    assert STATUSES["unchanged"] == 0x020D
    assert STATUSES["not_expiring"] == 0x030C
    assert STATUSES["not_governed"] == 0x0A02
    assert len(set(STATUSES.values())) == len(STATUSES)
