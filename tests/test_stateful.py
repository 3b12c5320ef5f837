"""The engine and the reference model side by side: whatever the one does, the other does too.

COUNTERFOIL_SOAK multiplies how many worlds are lived through, and how long they are.
"""

from __future__ import annotations

import os
import random as standard_random
import shutil
import tempfile
import time as clock
from collections import Counter
from itertools import count, groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model import build, log, sum_map
from tests.model.items import everything_held
from tests.model.ledger import ModelLedger
from tests.model.state import PARAMETERS, State
from tests.ops.play import START as SCENARIO_START
from tests.ops.scenarios import SCENARIOS, Play, World
from tests.strategies import KEYS, PEOPLE, Storyteller, randoms
from tests.strategies import START as WORLD_START

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, _core
from counterfoil.verify import CODEC

SOAK = int(os.environ.get("COUNTERFOIL_SOAK", "1"))
SOAK_SECONDS = float(os.environ.get("COUNTERFOIL_SOAK_SECONDS", "0"))


def operator_key(name: str) -> Key:
    """The package's key of a name, the same as the model's."""
    return Key.from_seed(build.signer(name).seed)


class Twins:
    """A ledger and its model, which are told the same and must answer the same.

    Where its memory is bounded the ledger makes commits of its own, so each batch is followed by one that is asked for:
    after that it has nothing to commit.
    """

    def __init__(self, path: Path, time: int, **memory: int) -> None:
        self.path = path
        self.operator = "operator"
        self.memory = memory
        self.ledger = Ledger.create(
            path,
            origin="test.example/twins",
            operator=operator_key(self.operator),
            time=time,
            parameters=CODEC.decode("Parameters", PARAMETERS.write(build.parameters())),
            commit_every_ms=None,
            **memory,
        )
        self.model = ModelLedger(self.ledger.entry(0)[1:])
        assert self.ledger.id == self.model.id
        self.follow()

    def follow(self) -> None:
        """Take over the commits and operator entries that the ledger wrote, each of which must be the right one."""
        for index in range(self.model.size, self.ledger.size):
            entry = self.ledger.entry(index)
            assert entry[0] in (2, 3)
            try:
                self.model.follow(entry)
            except AssertionError:
                self.compare_tables()
                raise
        assert self.model.size == self.ledger.size

    def apply(self, *signed: bytes, time: int) -> list[tuple[str, int | None, int | None]]:
        """Apply transactions to both."""
        before = self.model.size
        outcomes = self.ledger.apply(list(signed), time=time)
        found = [(outcome.status.name, outcome.operation, outcome.index) for outcome in outcomes]
        expected = [self.model.apply(each, time) for each in signed]
        assert found == expected
        assert [outcome.ok for outcome in outcomes] == [status == "ok" for status, _, _ in expected]
        if self.memory:
            self.checkpoint()
        assert self.ledger.size == self.model.size
        for index in range(before, self.model.size):
            assert self.ledger.entry(index) == self.model.entry(index)
        return expected

    def checkpoint(self) -> str:
        """Commit and sign: the state roots must be equal."""
        note = self.ledger.checkpoint(time=self.model.time)
        self.follow()
        assert self.ledger.state_root == self.model.commits[-1].state_root
        assert self.ledger.height == self.model.commits[-1].height
        assert self.ledger.log_root() == self.model.log_root()
        return note

    def reopen(self) -> None:
        """Close the ledger and open it again."""
        self.ledger.close()
        operator = operator_key(self.operator)
        self.ledger = Ledger.open(self.path, operator=operator, commit_every_ms=None, **self.memory)
        self.follow()
        self.compare_tables()

    def rotate(self, name: str) -> None:
        """Hand over to another operator."""
        self.ledger.rotate_operator(operator_key(name))
        self.operator = name
        self.follow()
        assert self.model.operator == build.signer(name).id

    def compare_tables(self) -> None:
        """Every record of every table."""
        for (name, key), records in self.model.state.tables.items():
            found = {}
            cursor = None
            while True:
                cursor, page = self.ledger._engine.page(name, key or None, cursor, 7)
                found.update({record: (total, value) for record, total, value in page})
                if cursor is None:
                    break
            if name == "parameters" and not found:
                continue
            assert found == records, (name, key.hex())

    def compare_balances(self) -> None:
        """What everybody has of everything."""
        for asset in self.model.state.records("assets"):
            held, items = (self.model.state.table_root(table, asset)[1] for table in ("holders", "items"))
            assert self.ledger.supply(asset) == held + items
            for account in {*PEOPLE, *KEYS, *self.model.state.records("holders", asset)}:
                assert self.ledger.balance(asset, account) == self.model.balance(asset, account)
        self.compare_journal()

    def compare_journal(self) -> None:
        """The journal's sums are what everybody has; each transaction's are zero."""
        held: Counter[tuple[bytes, bytes]] = Counter()
        sums: Counter[tuple[int, bytes]] = Counter()
        for posting in self.ledger.journal():
            sums[posting.index, posting.asset] += posting.amount
            if posting.account is not None:
                held[posting.asset, posting.account] += posting.amount
        assert not any(sums.values())
        assert {key: amount for key, amount in held.items() if amount} == everything_held(self.model.state)

    def check_statement(self, table: str, key: bytes, record: bytes) -> None:
        """A statement about the last commit is the one that the formats describe, byte for byte."""
        note = self.ledger.last_checkpoint
        assert note is not None
        commit = self.model.commits[-1]
        state = self.model.states[commit.through]
        expected = question(table, key, record) + statement(state, table, key, record, self.model, note)
        assert bytes(self.ledger.prove(table, record, key=key or None)) == expected


def question(table: str, key: bytes, record: bytes) -> bytes:
    """What a statement is about."""
    name = table.encode()
    return b"counterfoil/question/v1\n" + bytes([len(name)]) + name + bytes([len(key)]) + key + record


def statement(state: State, table: str, key: bytes, record: bytes, model: ModelLedger, note: str) -> bytes:
    """The statement about a record, from the definitions."""
    records = state.records(table, key)
    by_tree_key = {sum_map.tree_key(each): leaf for each, leaf in records.items()}
    parts = [
        sum_map.prove(by_tree_key, sum_map.tree_key(record)) if records else b"",
        sum_map.prove(state.directory(), sum_map.tree_key(State.table_record(table, key))),
        model.entries[-1],
        b"".join(log.inclusion(model.size - 1, model.entries)),
        note.encode(),
    ]
    return b"counterfoil/statement/v1\n" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


# The scenarios, told to the engine.


class EngineWorld(World):
    """A world that is the engine, with the model at its side."""

    def __init__(self, path: Path) -> None:
        self.twins = Twins(path, SCENARIO_START)
        self.time = SCENARIO_START
        self.ledger_id = self.twins.ledger.id

    def apply(self, *signed: bytes) -> list[tuple[str, int | None]]:
        return [(status, operation) for status, operation, _ in self.twins.apply(*signed, time=self.time)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name, tmp_path):
    scenario = SCENARIOS[name]
    world = EngineWorld(tmp_path / "ledger")
    assert scenario.play(Play(world)) == (scenario.status, scenario.index)
    world.twins.checkpoint()
    world.twins.compare_balances()
    world.twins.reopen()
    world.twins.ledger.close()


# Worlds that hypothesis thinks of.


class LedgerMachine(RuleBasedStateMachine):
    """Any mix of transactions, batches, commits, reopenings and changes of operator."""

    @initialize()
    def create(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.twins = Twins(Path(self.folder.name) / "ledger", WORLD_START)
        self.teller = Storyteller(None, self.twins.model)  # type: ignore[arg-type]
        self.operators = 0

    def _tell(self, random: Any, count: int) -> None:
        """Write transactions for what the model is now, and apply them as one batch."""
        self.teller.random = random
        time, signed = self.teller.batch(count)
        self.twins.apply(*signed, time=time)

    @rule(random=randoms)
    def apply(self, random: Any) -> None:
        self._tell(random, 1)

    @rule(random=randoms, count=st.integers(2, 8))
    def apply_batch(self, random: Any, count: int) -> None:
        self._tell(random, count)

    @rule()
    def checkpoint(self) -> None:
        self.twins.checkpoint()
        self.twins.compare_balances()

    @rule()
    def reopen(self) -> None:
        self.twins.reopen()

    @rule()
    def rotate(self) -> None:
        self.operators += 1
        self.twins.rotate(f"operator{self.operators % 3}")

    @precondition(lambda self: self.twins.ledger.last_checkpoint is not None)
    @rule(random=randoms)
    def prove(self, random: Any) -> None:
        self.twins.checkpoint()
        check_some_statements(self.twins, random, 3)

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "twins"):
            self.twins.model.check_invariants()

    def teardown(self) -> None:
        if hasattr(self, "twins"):
            self.twins.checkpoint()
            self.twins.compare_tables()
            self.twins.ledger.close()
            self.folder.cleanup()


def check_some_statements(twins: Twins, random: Any, count: int) -> None:
    """Statements about records that are there, that are not there, and in tables that are not there."""
    tables = [*twins.model.state.tables, ("once", b""), ("mandates", b""), ("holders", bytes(32))]
    tables += [("holders", asset) for asset in twins.model.state.records("assets")]
    for _ in range(count):
        table, key = random.choice(tables)
        there = list(twins.model.state.records(table, key))
        record = random.choice([*there, bytes(32), random.choice(PEOPLE)])
        twins.check_statement(table, key, record)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=15 * SOAK,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


# Worlds by seed.


def live_through(path: Path, seed: int, steps: int, **memory: int) -> None:
    """Tell both a world by seed, with commits, proofs, changes of operator and reopenings on the way."""
    random = standard_random.Random(seed)  # noqa: S311
    twins = Twins(path, WORLD_START, **memory)
    teller = Storyteller(random, twins.model)
    operators = 0
    for step in range(steps):
        time, signed = teller.batch(random.choice([1, 1, 1, 5]))
        twins.apply(*signed, time=time)
        if step % 10 == 0:
            twins.model.check_invariants()
        if random.randrange(25) == 0:
            twins.checkpoint()
            twins.compare_balances()
            check_some_statements(twins, random, 4)
        if random.randrange(60) == 0:
            twins.reopen()
        if random.randrange(100) == 0:
            operators += 1
            twins.rotate(f"operator{operators % 3}")
    twins.checkpoint()
    twins.compare_tables()
    twins.ledger.close()


@pytest.mark.parametrize("seed", range(3 * SOAK))
def test_a_world_by_seed(seed, tmp_path):
    live_through(tmp_path / "ledger", seed, 300 + 100 * SOAK)


@pytest.mark.parametrize("memory_bytes", [0, 5_000, 50_000])
def test_a_world_in_little_memory(memory_bytes, tmp_path):
    """Nothing but the pace depends on how much is kept in memory."""
    live_through(tmp_path / "ledger", 7, 200 + 50 * SOAK, memory_bytes=memory_bytes)


@pytest.mark.soak
@pytest.mark.skipif(SOAK_SECONDS == 0, reason="make soak")
def test_worlds_by_seed_for_a_long_time(tmp_path):
    """Seeds from 1,000 on, until the time is over; the one that failed is in the name of its folder."""
    end = clock.monotonic() + SOAK_SECONDS
    for seed in count(1_000):
        if clock.monotonic() >= end:
            break
        live_through(tmp_path / f"seed{seed}", seed, 1_500)
        shutil.rmtree(tmp_path / f"seed{seed}")


def test_the_split_into_batches_and_commits_does_not_matter(tmp_path):
    """Design.md, invariant 4: one ledger takes a stream one by one, another in batches, with commits elsewhere."""
    twins = Twins(tmp_path / "one", WORLD_START)
    stream = []
    teller = Storyteller(standard_random.Random(99), twins.model)  # noqa: S311
    for step in range(300):
        time, signed = teller.step()
        twins.apply(signed, time=time)
        stream.append((time, signed))
        if step % 40 == 0:
            twins.checkpoint()
    twins.checkpoint()
    twins.ledger.close()

    operator = operator_key("operator")
    engine = _core.Engine.create(
        str(tmp_path / "other"), twins.model.entry(0)[1:], operator.seed, {"commit_every_ms": None}
    )
    other = Ledger(engine, tmp_path / "other")
    for time, batch in groupby(stream, key=lambda step: step[0]):
        other.apply([signed for _, signed in batch], time=time)
    other.checkpoint(time=twins.model.time)
    assert other.state_root == twins.model.state_root()
    other.close()
