"""What `make soak` runs for hours: deaths, followers, random worlds and a steady load, with new seeds each time.

COUNTERFOIL_SOAK_SECONDS is shared out among the tests. Every failure prints its seed; COUNTERFOIL_SOAK_SEED runs it
again.
"""

from __future__ import annotations

import os
import random
import shutil
import time

import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Ledger
from counterfoil.ledger import fsck

from tests import steady
from tests.strategies import START as WORLD_START
from tests.strategies import Storyteller
from tests.test_crash import (
    MODES,
    STORIES,
    Audit,
    Hammer,
    crash_library,
    create,
    kill,
    run_stories,
    start,
    write_for_ever,
)
from tests.test_followers import Followers
from tests.test_governance_limits import count_votes
from tests.test_stateful import Twins, check_some_statements

__all__ = ["crash_library"]

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif("COUNTERFOIL_SOAK" not in os.environ, reason="make soak runs this"),
]

SECONDS = float(os.environ.get("COUNTERFOIL_SOAK_SECONDS", "60"))
SHARES = {"deaths": 0.2, "instants": 0.1, "followers": 0.1, "worlds": 0.1, "steady": 0.5}
"""Of two hours the steady load has one."""


@pytest.fixture
def seed() -> int:
    """A new seed, or the one that is asked for."""
    chosen = int(os.environ.get("COUNTERFOIL_SOAK_SEED", str(time.time_ns() % 2**31)))
    print(f"COUNTERFOIL_SOAK_SEED={chosen}")
    return chosen


@pytest.fixture
def until(request) -> float:
    """When the test's share of the time is over."""
    return time.monotonic() + SECONDS * SHARES[request.param]


@pytest.mark.parametrize("until", ["deaths"], indirect=True)
def test_deaths(tmp_path, seed, until):
    """Writers, and those who recover, are killed at random: hundreds of times in one folder, then in a new one."""
    total = number = 0
    while time.monotonic() < until:
        folder = tmp_path / f"folder {number}"
        folder.mkdir()
        hammer = Hammer(folder, seed + number)
        for _ in range(100):
            hammer.strike(seconds_max=1.5)
            total += 1
            # The model keeps the whole log in memory, and replays what is new in plain Python.
            if time.monotonic() > until or hammer.audit.acknowledged > 150_000:
                break
        fsck(hammer.path, full=True)
        shutil.rmtree(folder)
        number += 1
    print(f"{total} deaths in {number} folders")


@pytest.mark.parametrize("until", ["instants"], indirect=True)
def test_every_instant(crash_library, tmp_path, seed, until):
    """Each story dies at each system call in each way, while there is time: coarsely first, then all of them."""
    told = number = 0
    for apart in (5, 3, 2, 1):
        for story in STORIES:
            for modes in (MODES[1:5], MODES[5:8]):
                if time.monotonic() < until:
                    number += 1
                    told += run_stories(crash_library, tmp_path / f"told {number}", story, modes, apart, seed % 1_000)
                    shutil.rmtree(tmp_path / f"told {number}")
    print(f"{told} stories")


@pytest.mark.parametrize("until", ["followers"], indirect=True)
def test_followers(tmp_path, seed, until):
    """Followers that stay while writer after writer is killed."""
    source = random.Random(seed)  # noqa: S311 - what the seed says
    number = 0
    while time.monotonic() < until:
        folder = tmp_path / f"folder {number}"
        folder.mkdir()
        path, acknowledged = folder / "l", folder / "acknowledged"
        create(path)
        followers = Followers(path, folder, seed + number, ["stays", "comes and goes"])
        try:
            end = min(until, time.monotonic() + 60)
            while time.monotonic() < end:
                before = acknowledged.stat().st_size if acknowledged.exists() else 0
                writer = start(write_for_ever, path, acknowledged, source.randrange(1, 2**31))
                while not acknowledged.exists() or acknowledged.stat().st_size == before:
                    assert writer.poll() is None, writer.communicate()[1]
                    time.sleep(0.01)
                time.sleep(source.random() * 3)
                kill(writer)
            followers.check(10)
        finally:
            followers.kill_all()
        Audit(path).after(acknowledged)
        shutil.rmtree(folder)
        number += 1


@pytest.mark.parametrize("until", ["worlds"], indirect=True)
def test_worlds(tmp_path, seed, until):
    """Long random worlds beside the model, with caches and flushes of all sizes, and proofs in between."""
    number = 0
    while time.monotonic() < until:
        random_ = random.Random(seed + number)  # noqa: S311 - what the seed says
        twins = Twins(tmp_path / f"world {number}", WORLD_START)
        teller = Storyteller(random_, twins.model)
        for step in range(3_000):
            time_, signed = teller.batch(random_.choice([1, 1, 3, 10]))
            twins.apply(*signed, time=time_)
            if step % 50 == 0:
                twins.model.check_invariants()
            if random_.randrange(25) == 0:
                twins.checkpoint()
                twins.compare_balances()
                check_some_statements(twins, random_, 4)
            if random_.randrange(40) == 0:
                # Another process would be given other options: so is this one.
                twins.ledger.close()
                options = {
                    "memory_bytes": random_.choice([0, 5_000, 10**9]),
                    "flush_records": random_.choice([1, 30, 10**6]),
                }
                twins.ledger = Ledger.open(
                    twins.path,
                    operator=operator_of(twins),
                    commit_every_ms=None,
                    map_bytes=1 << random_.choice([16, 20, 30]),
                    **options,
                )
                # With little memory a ledger commits by itself, nobody knows when, but for after a checkpoint.
                twins.memory = {} if min(options.values()) == 10**6 else options
                twins.follow()
            if time.monotonic() > until:
                break
        twins.checkpoint()
        twins.compare_tables()
        root = twins.ledger.state_root
        twins.ledger.close()
        assert fsck(twins.path, full=True)["state_root"] == root
        number += 1


@pytest.mark.parametrize("until", ["steady"], indirect=True)
def test_steady(tmp_path, seed, until):
    """A load that stays the same: after the first sixth of the time memory, files and rate do as well."""
    steady.soak(tmp_path, until - time.monotonic(), seed)


def test_a_million_voters(tmp_path):
    """A vote of a million, each with a key of its own: it takes some minutes. In less time there are fewer voters."""
    count_votes(tmp_path / "club", min(1_000_000, int(SECONDS * 250)))


def operator_of(twins):
    """The key that signs for these twins."""
    from tests.test_stateful import operator_key

    return operator_key(twins.operator)
