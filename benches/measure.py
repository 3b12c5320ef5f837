"""What all rows share: what is to be measured, what was found, and how to measure it."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil._load import count_valid_signatures

from benches.fixture import TIME_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil import Ledger
    from counterfoil._load import Load
    from typing_extensions import Self

clock = time.perf_counter


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        folder: Where fixtures are kept and ledgers are copied to: the disk that is measured.
        sizes: Numbers of accounts for the charts, ascending.
        accounts: That of most rows.
        largest: That of the rows about many accounts.
        transfers: How many in a timed round.
        rounds: How many timed rounds; the median counts.
        batch: Transfers in a call of `apply`.
        threads: Threads that call it.
        payees: How many one signature pays where it pays many.
        remembered: The most transactions that the measurement of memory applies, so that as many are remembered.
        singles: How many transactions are submitted alone.
        seconds: How long that is measured which has no number of transfers.
        memory_bytes: The engine's bound in the rows about rates and memory; None for what each says by itself.
        zebra: The program that checks signatures one by one, where it was built.
    """

    folder: Path
    sizes: tuple[int, ...]
    accounts: int
    largest: int
    transfers: int
    rounds: int
    batch: int
    threads: int
    payees: int
    remembered: int
    singles: int
    seconds: float
    memory_bytes: int | None = None
    zebra: Path | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that was measured, and what it should be.

    Attributes:
        row: Which row of the table.
        what: What it is.
        value: What was measured.
        unit: Of the value.
        ratio: The value beside what it is compared with, in the same run; None where it stands for itself.
        beside: What it is compared with, and how much that was.
        target: What it should be, in words; empty where nothing is asked.
        met: Whether it is; None where nothing is asked, or it could not be measured.
    """

    row: int
    what: str
    value: float | None
    unit: str
    ratio: float | None = None
    beside: str = ""
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Result:
    """What one process measured.

    Attributes:
        findings: For the table.
        points: For the charts: by the name of the line, (x, y).
        checks: What `Run.check` said of each ledger at the end.
    """

    findings: list[Finding]
    checks: list[dict[str, Any]]
    points: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


class Applied(NamedTuple):
    """What came of applying batches.

    Attributes:
        seconds: Until all of it was durable.
        count: How many transactions were applied.
        commits: How many commits were made meanwhile.
    """

    seconds: float
    count: int
    commits: int


def apply_batches(ledger: Ledger, batches: Sequence[bytes], threads: int) -> Applied:
    """Apply batches from several threads: while one call is written, the signatures of the next are verified.

    What changed since the last commit is committed and written before this returns, untimed: whatever is measured next
    has the machine for itself.
    """
    height = ledger.height
    began = clock()
    with ThreadPoolExecutor(threads) as pool:
        count = sum(pool.map(lambda batch: ledger.apply(batch, time=TIME_MS).applied, batches))
    applied = Applied(clock() - began, count, ledger.height - height)
    ledger.flush()
    return applied


def verify_batches(ledger: Ledger, loads: Sequence[Load], threads: int) -> float:
    """Verify the signatures of batches and do nothing else, from as many threads as apply them.

    Returns:
        Seconds.
    """
    began = clock()
    with ThreadPoolExecutor(threads) as pool:
        valid = sum(pool.map(lambda load: count_valid_signatures(ledger, load), loads))
    lasted = clock() - began
    assert valid == sum(map(len, loads))
    return lasted


def interleaved(rounds: int, *measures: Callable[[int], float]) -> list[list[float]]:
    """Measure several things in turn, so that what the machine does besides slows all of them.

    Every second round goes backwards: who comes first has no advantage.

    Returns:
        The values of each measure, by round.
    """
    values: list[list[float]] = [[] for _ in measures]
    for number in range(rounds):
        order = range(len(measures)) if number % 2 == 0 else reversed(range(len(measures)))
        for place in order:
            values[place].append(measures[place](number))
    return values


def median_ratio(values: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of what was measured in the same round."""
    return statistics.median(value / other for value, other in zip(values, others, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by this share of them, 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


@dataclass(frozen=True)
class Memory:
    """Resident bytes of this process."""

    anonymous: int
    file: int

    @property
    def resident(self) -> int:
        """Both together."""
        return self.anonymous + self.file


class MemoryPeak:
    """Looks at this process's memory twenty times a second, from a thread, and keeps the highest of each kind."""

    def __init__(self) -> None:
        """Prepare to look."""
        self.resident = self.anonymous = self.file = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look once more, and end."""
        self._end.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._end.wait(0.05):
            self._look()

    def _look(self) -> None:
        now = resident()
        self.resident = max(self.resident, now.resident)
        self.anonymous = max(self.anonymous, now.anonymous)
        self.file = max(self.file, now.file)


def resident(process: int | str = "self") -> Memory:
    """What is resident now, of a process. Shared memory, of which there is none, is counted with files."""
    kilobytes = {}
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("RssAnon", "RssFile", "RssShmem"):
            kilobytes[name] = int(rest.split()[0])
    return Memory(kilobytes["RssAnon"] * 1_024, (kilobytes["RssFile"] + kilobytes["RssShmem"]) * 1_024)
