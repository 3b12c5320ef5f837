"""A steady load for an hour, and whether anything grows or slows down under it.

A writer applies the same mixture second by second: batches of distinct signers, payouts, single transactions, and ones
that it must refuse. A follower reads and proves all the while. The writer is killed now and then and comes back. What
stands after a sixth of the time is compared with what stands at the end.

However long it takes, an hour passes in the ledger: its times are stated. So the memory of what was applied, two
minutes of it, has its size long before the comparison begins.

Pages of files that are mapped are shown and not judged: they are the system's page cache, which it takes back when it
needs memory. A growing log has ever more of them, as whoever sends a transaction again has its entry read; without
that, hardly any.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import random
import signal
import statistics
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb
import pytest
from counterfoil import Ledger, NativeVerifier, Status
from counterfoil._load import Load, Movement, Template, count_valid_signatures, unframed
from counterfoil.ledger import fsck
from counterfoil.verify import ProofError, Verifier

from benches.fixture import FUNDS, OPERATOR, TIME_MS, Accounts, prepare, seed_of
from benches.measure import clock, resident
from benches.storage import INDEXES, state_pages
from tests.test_crash import Acknowledgements, check_acknowledged, kill, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

HOUR_MS = 3_600_000
VALID_FOR_MS = 120_000

LAP_SECONDS = 1.0
BATCHES, BATCH = 4, 1_000
"""Batches of a lap, and transfers in each: their signers are distinct. Of a short time laps are a part, and as much
smaller."""
LAPS = 120
"""At least so many."""
PAYOUTS, PAYEES = 20, 50
SINGLES = 40
REFUSED = 50
"""Of each kind."""

DEATHS = tuple(part / 60 for part in (2, 4, 6, 8, 30, 31, 32, 33, 34))
"""When the writer is killed, in parts of the time. In between it lives long enough for a leak to show."""
DEATHS_APART_S = 8
"""Of a short time the deaths that come sooner after another are left out: coming back takes its time."""
REFERENCE, LAST = (1 / 6, 1 / 3), (5 / 6, 1.0)
"""The parts of the time that are compared."""
SAMPLES = 60
LIMIT = 0.10
SAMPLES_MIN = 3
"""With fewer before and after nothing is judged."""
LAPS_MIN = 60
"""Rates of fewer laps are not judged: some slow syncs would decide."""
MERGED_BYTES = 4_194_304 * 4_096 // 509
"""The most that merging the runs of an index writes anew: what it wrote before is free pages then."""
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
"""What is judged is the memory that is held. Left alone, glibc keeps what large buffers were freed (those of a merge
have up to twelve bytes for each of its entries) for later ones, and the figures say how large the last merge was."""


@dataclass(frozen=True)
class Plan:
    """What all processes are told.

    Attributes:
        folder: Where everything lies.
        seconds: How long it takes.
        seed: Of the random choices.
        began: On the machine's monotonic clock, which all processes share.
    """

    folder: Path
    seconds: float
    seed: int
    began: float = 0.0

    @property
    def lap_seconds(self) -> float:
        return min(LAP_SECONDS, self.seconds / LAPS)

    @property
    def batch(self) -> int:
        return max(1, int(BATCH * self.lap_seconds / LAP_SECONDS))

    @property
    def accounts(self) -> int:
        """How many have funds: each signs within a hundredth of the time."""
        return min(50_000, int(BATCHES * self.batch * self.seconds / self.lap_seconds / 100))

    @property
    def fixture(self) -> Path:
        return self.folder / str(self.accounts)

    @property
    def ledger(self) -> Path:
        return self.fixture / "ledger"

    @property
    def laps(self) -> Path:
        return self.folder / "laps"

    @property
    def acknowledgements(self) -> Path:
        return self.folder / "acknowledgements"

    @property
    def stop(self) -> Path:
        return self.folder / "stop"

    @property
    def reader(self) -> Path:
        return self.folder / "reader"

    @property
    def supply(self) -> int:
        return FUNDS * self.accounts

    def elapsed(self) -> float:
        """In parts of the time."""
        return (time.monotonic() - self.began) / self.seconds

    def ledger_ms(self) -> int:
        """The time in the ledger."""
        return TIME_MS + int(self.elapsed() * HOUR_MS)

    def save(self) -> Path:
        path = self.folder / "plan"
        path.write_text(json.dumps(dataclasses.asdict(self), default=str))
        return path

    @classmethod
    def load(cls, path: str) -> Plan:
        fields = json.loads(Path(path).read_text())
        return cls(**fields | {"folder": Path(fields["folder"])})


@dataclass(frozen=True)
class Lap:
    """What a writer tells of a lap.

    Attributes:
        at: When it ended, in parts of the time.
        transfers_per_s: Of the batches.
        ratio: Seconds that verifying the same signatures and syncing as many appends of the same bytes takes, beside
            those of applying them: what the machine does besides slows both.
        remembered: Transactions that are remembered against replays.
    """

    at: float
    transfers_per_s: float
    ratio: float
    remembered: int


@dataclass(frozen=True)
class Sample:
    """What is seen from outside.

    Attributes:
        at: When, in parts of the time.
        life: Which writer.
        writer_anonymous: Its memory.
        writer_resident: That, and the files that it has mapped.
        reader_anonymous: The follower's memory.
        tables: Pages of the state that are in use, without the indexes.
        indexes: Pages of the indexes.
        state_file: All of the state's file.
        log_file: The log's.
        entries: The log's size.
    """

    at: float
    life: int
    writer_anonymous: int
    writer_resident: int
    reader_anonymous: int
    tables: int
    indexes: int
    state_file: int
    log_file: int
    entries: int


# The writer.


class Writer:
    """An open ledger, and what signs for it."""

    def __init__(self, plan: Plan, life: int) -> None:
        made = json.loads((plan.fixture / "fixture.json").read_text())
        self.plan = plan
        self.source = random.Random(f"{plan.seed} {life}")  # noqa: S311 - what the seed says
        self.ids = Accounts(plan.fixture / "accounts")
        self.of = {"ledger": bytes.fromhex(made["ledger"]), "asset": bytes.fromhex(made["asset"])}
        before = Acknowledgements.read(plan.acknowledgements)
        self.acknowledged = Acknowledgements(plan.acknowledgements)
        # Small flushes: the state is written some twice in as many seconds, whatever the number of accounts.
        self.ledger = Ledger.open(plan.ledger, operator=OPERATOR, flush_records=max(500, plan.accounts // 4))
        opened = [number for number, row in enumerate(before) if row[0] == "O"]
        check_acknowledged(self.ledger, before[opened[-1] if opened else 0 :])
        self.acknowledged.opened()
        self.pool = ThreadPoolExecutor(3)
        self.synced = os.open(plan.folder / "synced", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def sign(self, senders: list[int], now_ms: int, payees: int = 1) -> Load:
        """A transaction of each of these accounts that pays random others."""
        template = Template(**self.of, payees=payees, valid_until=now_ms + VALID_FOR_MS)
        movements = []
        for number in senders:
            steps = [self.source.randrange(1, self.plan.accounts) for _ in range(payees)]
            to = [self.ids[(number + step) % self.plan.accounts] for step in steps]
            movements.append(Movement(seed_of(number), self.ids[number], to, self.source.randbytes(16)))
        return template.sign(movements)

    def lap(self) -> None:
        """One round of everything, and a line about it."""
        now_ms = self.plan.ledger_ms()
        batch = self.plan.batch
        senders = self.source.sample(range(self.plan.accounts), BATCHES * batch)
        loads = [self.sign(senders[place : place + batch], now_ms) for place in range(0, len(senders), batch)]
        payouts = self.sign(senders[:PAYOUTS], now_ms, PAYEES)
        singles = unframed(self.sign(senders[:SINGLES], now_ms).framed)

        if self.source.randrange(2):
            raw, applying = self.raw(loads), self.apply(loads, now_ms)
        else:
            applying, raw = self.apply(loads, now_ms), self.raw(loads)

        outcomes = self.ledger.apply(payouts.framed, time=now_ms)
        self.acknowledged.transactions([outcomes.raise_for_status()[0]])
        pending = [self.ledger.submit(one, time=now_ms) for one in singles]
        self.acknowledged.transactions([one.result(60) for one in pending])
        self.refused(loads[0], now_ms)

        line = Lap(
            at=self.plan.elapsed(),
            transfers_per_s=len(senders) / applying,
            ratio=raw / applying,
            remembered=int(self.ledger.stats()["seen_transactions"]),
        )
        with self.plan.laps.open("a") as file:
            file.write(json.dumps(dataclasses.asdict(line)) + "\n")

    def apply(self, loads: list[Load], now_ms: int) -> float:
        """Apply batches from several threads; seconds."""
        began = clock()
        for outcomes in self.pool.map(lambda load: self.ledger.apply(load.framed, time=now_ms), loads):
            outcomes.raise_for_status()
            self.acknowledged.transactions([outcomes[0], outcomes[-1]])
        return clock() - began

    def raw(self, loads: list[Load]) -> float:
        """What the machine cannot do without, and nothing else; seconds."""
        began = clock()
        valid = sum(self.pool.map(lambda load: count_valid_signatures(self.ledger, load), loads))
        for load in loads:
            os.pwrite(self.synced, load.framed, 0)
            os.fdatasync(self.synced)
        took = clock() - began
        assert valid == sum(map(len, loads))
        return took

    def refused(self, applied: Load, now_ms: int) -> None:
        """What came before gets its first outcome; who has nothing, and who has not signed, pays nobody."""
        size = self.ledger.size
        again = self.ledger.apply(applied.framed, time=now_ms)
        assert again.applied == len(applied)
        assert again[0].duplicate
        assert again[len(applied) - 1].duplicate
        paupers = range(self.plan.accounts, min(self.plan.accounts + REFUSED, len(self.ids)))
        unfunded = self.sign(list(paupers), now_ms)
        found = self.ledger.apply(unfunded.framed, time=now_ms).counts
        assert found == {Status.insufficient_funds: len(paupers)}, found
        signed = unframed(self.sign(self.source.sample(range(self.plan.accounts), REFUSED), now_ms).framed)
        forged = [one[:-40] + bytes([one[-40] ^ 1]) + one[-39:] for one in signed]
        found = self.ledger.apply(forged, time=now_ms).counts
        assert found == {Status.bad_signature: REFUSED}, found
        # A commit may have come meanwhile, every second or so.
        assert self.ledger.size - size <= 20


def write(plan_path: str, life: str) -> None:
    """In a process of its own: a lap every second, or when the one before is done, until killed."""
    plan = Plan.load(plan_path)
    writer = Writer(plan, int(life))
    due = time.monotonic()
    while True:
        writer.lap()
        due = max(due + plan.lap_seconds, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


# The follower.


def read(plan_path: str) -> None:
    """In a process of its own, with one handle all the time: read, prove and verify until told to stop."""
    plan = Plan.load(plan_path)
    said: dict[str, Any] = {"rounds": 0}
    try:
        with Ledger.open(plan.ledger, read_only=True) as ledger:
            for _ in look(plan, ledger):
                said["rounds"] += 1
                if plan.stop.exists():
                    break
                time.sleep(0.2)
    except BaseException:  # noqa: BLE001 - reported
        said["problem"] = traceback.format_exc()
    plan.reader.write_text(json.dumps(said))


def look(plan: Plan, ledger: Ledger) -> Iterator[None]:
    """One round of questions after the other."""
    source = random.Random(plan.seed)  # noqa: S311 - what the seed says
    ids = Accounts(plan.fixture / "accounts")
    asset = bytes.fromhex(json.loads((plan.fixture / "fixture.json").read_text())["asset"])
    verifier = NativeVerifier(ledger.verifier_key, ledger=ledger.id)
    in_python = Verifier(ledger.verifier_key, ledger=ledger.id)
    note = ledger.last_checkpoint or ""
    while True:
        accounts = [ids[number] for number in source.sample(range(plan.accounts), 50)]
        claims = verifier.balances(ledger.prove_balances(asset, accounts), asset=asset, accounts=accounts)
        assert {claim.supply for claim in claims} == {plan.supply}
        assert len({(claim.tree_size, claim.state_root) for claim in claims}) == 1
        assert all(ledger.balance(asset, account) >= 0 for account in accounts)

        later = ledger.last_checkpoint or ""
        old, new = in_python.checkpoint(note), in_python.checkpoint(later)
        assert new.tree_size >= claims[0].tree_size >= old.tree_size
        in_python.consistency(note, later, ledger.prove_consistency(old.tree_size, new.tree_size))
        note = later

        statement = bytearray(bytes(ledger.prove_balance(asset, accounts[0])))
        in_python.balance(bytes(statement), asset=asset, account=accounts[0])
        statement[source.randrange(len(statement))] ^= 1
        with pytest.raises(ProofError):
            in_python.balance(bytes(statement), asset=asset, account=accounts[0])

        recent = max(0, new.tree_size - 20_000)
        for applied in itertools.islice(ledger.transactions(accounts[1], after=recent), 3):
            assert ledger.index_of(applied.id) == applied.index
            if applied.index < new.tree_size:
                assert in_python.receipt(bytes(ledger.prove_transaction(applied.id))).index == applied.index
        assert sum(1 for _ in itertools.islice(ledger.holders(asset), 1_000)) == min(1_000, plan.accounts)
        yield


# What starts them, kills the writer, and looks at both.


class Run:
    """The processes of a plan, and what was seen of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.path = plan, plan.save()
        self.life = 0
        self.samples: list[Sample] = []
        self.laps: list[Lap] = []
        self.reader = start(read, self.path, module=__name__, **ENVIRONMENT)
        self.writer = self.start_writer()

    def start_writer(self) -> subprocess.Popen[str]:
        """Start one, and wait until it has done a lap."""
        before = self.plan.laps.stat().st_size if self.plan.laps.exists() else 0
        self.life += 1
        writer = start(write, self.path, self.life, module=__name__, **ENVIRONMENT)
        deadline = time.monotonic() + 120
        while not (self.plan.laps.exists() and self.plan.laps.stat().st_size > before):
            assert writer.poll() is None, writer.communicate()[1]
            assert time.monotonic() < deadline, "the writer never did a lap"
            time.sleep(0.01)
        return writer

    def keep_going(self) -> None:
        """Until the time is over."""
        deaths: list[float] = []
        for death in DEATHS:
            if not deaths or death - deaths[-1] >= DEATHS_APART_S / self.plan.seconds:
                deaths.append(death)
        moments = [number / SAMPLES for number in range(1, SAMPLES)]
        while self.plan.elapsed() < 1:
            assert self.writer.poll() is None, self.writer.communicate()[1]
            assert self.reader.poll() is None, (self.reader.communicate()[1], self.plan.reader.read_text())
            if deaths and self.plan.elapsed() >= deaths[0]:
                deaths.pop(0)
                kill(self.writer)
                self.writer = self.start_writer()
            if moments and self.plan.elapsed() >= moments[0]:
                moments = [moment for moment in moments if moment > self.plan.elapsed()]
                self.look()
            time.sleep(min(0.05, self.plan.seconds / 1_000))

    def look(self) -> None:
        """Add a sample. The writer stands still meanwhile: its files may not change under LMDB's second reader."""
        self.laps = [Lap(**json.loads(line)) for line in self.plan.laps.read_text().splitlines()]
        with stopped(self.writer.pid):
            pages = state_pages(self.plan.ledger)
            memory = resident(self.writer.pid)
            indexes = sum(pages.pop(name) for name in INDEXES)
            self.samples.append(
                Sample(
                    at=self.plan.elapsed(),
                    life=self.life,
                    writer_anonymous=memory.anonymous,
                    writer_resident=memory.resident,
                    reader_anonymous=resident(self.reader.pid).anonymous,
                    tables=sum(pages.values()),
                    indexes=indexes,
                    state_file=(self.plan.ledger / "state" / "data.mdb").stat().st_size,
                    log_file=(self.plan.ledger / "log" / "data.mdb").stat().st_size,
                    entries=log_entries(self.plan.ledger),
                )
            )

    def end(self) -> None:
        """The last death, and what holds of what is left."""
        self.plan.stop.touch()
        _, error = self.reader.communicate(timeout=120)
        assert self.reader.returncode == 0, error
        said = json.loads(self.plan.reader.read_text())
        assert "problem" not in said, said["problem"]
        assert said["rounds"] > 3, said
        kill(self.writer)
        rows = Acknowledgements.read(self.plan.acknowledgements)
        asset = bytes.fromhex(json.loads((self.plan.fixture / "fixture.json").read_text())["asset"])
        with Ledger.open(self.plan.ledger, operator=OPERATOR) as ledger:
            check_acknowledged(ledger, rows)
            assert sum(holding.amount for _, holding in ledger.holders(asset)) == self.plan.supply
            note = ledger.checkpoint(time=self.plan.ledger_ms())
            Verifier(ledger.verifier_key).checkpoint(note)
            root = ledger.state_root
        assert fsck(self.plan.ledger, full=True)["state_root"] == root

    def kill_all(self) -> None:
        """Leave no process behind."""
        for process in (self.writer, self.reader):
            process.kill()
            process.communicate()


def log_entries(path: Path) -> int:
    """How many entries the log's file has."""
    with lmdb.open(str(path / "log"), max_dbs=8, readonly=True, lock=False) as log, log.begin() as reading:
        return int.from_bytes(reading.get(b"size", db=log.open_db(b"meta", reading)), "big")


@contextlib.contextmanager
def stopped(process: int) -> Iterator[None]:
    """While a process stands still, all of its threads."""
    os.kill(process, signal.SIGSTOP)
    try:
        tasks = Path(f"/proc/{process}/task")
        deadline = time.monotonic() + 60
        while any((task / "stat").read_text().rpartition(") ")[2][0] != "T" for task in tasks.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def soak(folder: Path, seconds: float, seed: int) -> None:
    """Soak a ledger in this folder, print what was seen, and complain of what grew."""
    prepare(folder, Plan(folder, seconds, seed).accounts)
    plan = Plan(folder, seconds, seed, time.monotonic())
    run = Run(plan)
    try:
        run.keep_going()
        run.look()
        # First of all: checking the whole log takes its time, and what comes may fail.
        print(table(plan, run.samples, run.laps), flush=True)
        run.end()
    finally:
        run.kill_all()
    counts = [len(within(run.samples, part)) for part in (REFERENCE, LAST)]
    if min(counts) < SAMPLES_MIN:
        pytest.skip(f"{seconds:.0f} s are too few on this machine: {counts} samples before and after")
    found = problems(run.samples, run.laps)
    assert not found, "\n".join(found)


def within(series: list[Any], part: tuple[float, float]) -> list[Any]:
    """Those of a part of the time."""
    return [one for one in series if part[0] <= one.at <= part[1]]


def settled(sample: Sample) -> int:
    """The state's file without its indexes."""
    return sample.state_file - sample.indexes


def problems(samples: list[Sample], laps: list[Lap]) -> list[str]:
    """What at the end is over the limit, beside what stood after a sixth of the time."""
    before, after = within(samples, REFERENCE), within(samples, LAST)
    found = []

    def compare(what: str, old: float, new: float, *, allowed: float = 0.0) -> None:
        print(f"{what}: {old:,.0f} after a sixth of the time, {new:,.0f} at the end: {new / old - 1:+.1%}")
        if new > old * (1 + LIMIT) + allowed:
            found.append(f"{what} grew from {old:,.0f} to {new:,.0f}")

    def medians(value: Callable[[Sample], int]) -> tuple[float, float]:
        return statistics.median(map(value, before)), statistics.median(map(value, after))

    compare("anonymous memory of the writer, bytes", *medians(lambda sample: sample.writer_anonymous))
    compare("anonymous memory of the follower, bytes", *medians(lambda sample: sample.reader_anonymous))
    compare("pages of the state in use, without indexes, bytes", *medians(lambda sample: sample.tables))
    merged = min(after[-1].indexes, len(INDEXES) * MERGED_BYTES)
    peaks = max(map(settled, before)), max(map(settled, after))
    compare("file of the state without indexes at most, bytes", *peaks, allowed=merged)

    def bytes_per_entry(part: list[Sample]) -> float:
        return (part[-1].log_file - part[0].log_file) / (part[-1].entries - part[0].entries)

    compare("growth of the log, bytes an entry", bytes_per_entry(before), bytes_per_entry(after))
    compare("indexes, bytes an entry", *medians(lambda sample: sample.indexes / sample.entries))
    old, new = ([lap.ratio for lap in within(laps, part)] for part in (REFERENCE, LAST))
    if min(len(old), len(new)) < LAPS_MIN:
        print(f"rate: not judged, as {LAPS_MIN} laps are needed before and after: there were {len(old)} and {len(new)}")
    else:
        # The reciprocal is what grows when the ledger slows down.
        times = (100 / statistics.median(ratios) for ratios in (old, new))
        compare("time of applying, percent of verifying and syncing alone", *times)
    return found


def table(plan: Plan, samples: list[Sample], laps: list[Lap]) -> str:
    """The series, in twelve lines."""
    head = ("part", "writer", "entries", "transfers/s", "ratio", "remembered", "anon", "resident", "follower")
    head += ("tables", "file", "indexes", "index/entry", "log/entry")
    lines = [f"{plan.seconds:,.0f} s, {plan.accounts:,} accounts; memory and files in MB", head]
    step = 1 / 12
    for number in range(12):
        part = number * step, (number + 1) * step
        seen, done = within(samples, part), within(laps, part)
        if not seen or not done:
            continue
        last = seen[-1]
        grown = last.entries - seen[0].entries
        lines.append(
            (
                f"{number + 1}/12",
                f"{last.life}",
                f"{last.entries:,}",
                f"{statistics.median(lap.transfers_per_s for lap in done):,.0f}",
                f"{statistics.median(lap.ratio for lap in done):.3f}",
                f"{done[-1].remembered:,}",
                *(f"{size / 1e6:.1f}" for size in (last.writer_anonymous, last.writer_resident, last.reader_anonymous)),
                *(f"{size / 1e6:.1f}" for size in (last.tables, settled(last), last.indexes)),
                f"{last.indexes / last.entries:.1f}",
                f"{(last.log_file - seen[0].log_file) / grown:.1f}" if grown else "",
            )
        )
    return "\n".join(line if isinstance(line, str) else " ".join(f"{cell:>11}" for cell in line) for line in lines)
