"""How long one transaction takes to be durable: alone, beside 63 others, and while the state is written: row 5."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import threading
from typing import TYPE_CHECKING

import lmdb
from counterfoil._load import unframed

from benches.fixture import TIME_MS, Recipe, running
from benches.measure import Finding, Plan, Result, clock, percentile

if TYPE_CHECKING:
    from counterfoil import Ledger

SUBMITTERS = 64
_APPEND_BYTES = 300
_SHARES = (0.5, 0.9, 0.99, 0.999)
_DIRTY_MAX = 300_000

Span = tuple[float, float]
"""When a call began and when it ended."""


def latency(plan: Plan, accounts: int) -> Result:
    """One alone beside a synced append of LMDB; many at once; and during flushes."""
    dirty = min(plan.transfers // 2, _DIRTY_MAX)
    part = max(SUBMITTERS * 4, plan.transfers // 10)
    total = plan.singles + part + plan.rounds * (dirty + part)
    with running(plan.folder, accounts) as run:
        load = run.fixture.load(Recipe(count=total, signers=accounts, salt=200))
        places = itertools.accumulate([0, plan.singles, part, *[dirty, part] * plan.rounds])
        cuts = itertools.pairwise(places)

        alone, appends = _alone(plan, run.ledger, unframed(load.framed(*next(cuts))))
        together = _submit_all(run.ledger, unframed(load.framed(*next(cuts))))
        quiet = _lengths(together)
        flushing: list[float] = []
        for _ in range(plan.rounds):
            start, stop = next(cuts)
            for batch in load.batches(plan.batch, start, stop):
                run.ledger.apply(batch, time=TIME_MS)
            flushing += _during_flush(run.ledger, unframed(load.framed(*next(cuts))))

        extra = statistics.median(alone) - statistics.median(appends)
        many, tail = percentile(quiet, 0.99), percentile(flushing, 0.999)
        half = statistics.median(quiet)
        rate = len(together) / (max(ended for _, ended in together) - min(began for began, _ in together))
        rate_alone = len(alone) / sum(alone)
        findings = [
            Finding(
                row=5,
                what="one alone, p50",
                value=statistics.median(alone) * 1e6,
                unit="µs",
                ratio=statistics.median(alone) / statistics.median(appends),
                beside=f"a synced append of LMDB, {_APPEND_BYTES} bytes: {statistics.median(appends) * 1e6:,.0f} µs",
                target="≤ the append + 150 µs",
                met=extra <= 150e-6,
            ),
            Finding(
                row=5,
                what=f"{SUBMITTERS} at once",
                value=rate,
                unit="transactions/s",
                ratio=rate / rate_alone,
                beside=f"one alone: {rate_alone:,.0f}/s",
            ),
            Finding(
                row=5,
                what=f"{SUBMITTERS} at once, p99",
                value=many * 1e3,
                unit="ms",
                ratio=many / half,
                beside=f"p50: {half * 1e3:,.2f} ms",
                target="≤ 10 times p50",
                met=many <= 10 * half,
            ),
            Finding(
                row=5,
                what=f"{SUBMITTERS} at once, p99.9 of {len(flushing):,} during flushes",
                value=tail * 1e3,
                unit="ms",
                ratio=tail / many,
                beside=f"p99 otherwise: {many * 1e3:,.2f} ms",
                target="≤ 5 times p99",
                met=tail <= 5 * many,
            ),
        ]
        kinds = {"append": appends, "alone": alone, "together": quiet, "flushing": flushing}
        points = {
            f"latency {name}": [(share * 100, percentile(found, share) * 1e3) for share in _SHARES]
            for name, found in kinds.items()
        }
        return Result(findings, [run.check()], points)


def _alone(plan: Plan, ledger: Ledger, transactions: list[bytes]) -> tuple[list[float], list[float]]:
    """One after the other, each followed by an append of LMDB itself to a file beside."""
    alone, appends = [], []
    with tempfile.TemporaryDirectory(dir=plan.folder, prefix="run-") as folder:
        environment = lmdb.open(folder, map_size=1 << 30)
        value = bytes(_APPEND_BYTES)
        for number, transaction in enumerate(transactions):
            began = clock()
            outcome = ledger.submit(transaction, time=TIME_MS).result()
            middle = clock()
            with environment.begin(write=True) as writing:
                writing.put(number.to_bytes(8, "big"), value, append=True)
            ended = clock()
            assert outcome.ok
            alone.append(middle - began)
            appends.append(ended - middle)
        environment.close()
    return alone, appends


def _submit_all(
    ledger: Ledger,
    transactions: list[bytes],
    *,
    begun: threading.Event | None = None,
    end: threading.Event | None = None,
) -> list[Span]:
    """Threads that each submit one, wait for it, and go on, until there is none left or the end has come."""
    spans: list[list[Span]] = [[] for _ in range(SUBMITTERS)]

    def submit(number: int) -> None:
        for transaction in transactions[number::SUBMITTERS]:
            if end is not None and end.is_set():
                return
            began = clock()
            outcome = ledger.submit(transaction, time=TIME_MS).result()
            spans[number].append((began, clock()))
            assert outcome.ok
            if begun is not None:
                begun.set()

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [span for found in spans for span in found]


def _during_flush(ledger: Ledger, transactions: list[bytes]) -> list[float]:
    """How long those calls took that overlap a flush."""
    begun, end = threading.Event(), threading.Event()
    flush: list[float] = []

    def flush_once() -> None:
        begun.wait()
        flush.append(clock())
        ledger.flush()
        flush.append(clock())
        end.set()

    thread = threading.Thread(target=flush_once)
    thread.start()
    spans = _submit_all(ledger, transactions, begun=begun, end=end)
    thread.join()
    began, ended = flush
    return _lengths([span for span in spans if span[0] < ended and span[1] > began])


def _lengths(spans: list[Span]) -> list[float]:
    return [ended - began for began, ended in spans]


__all__ = ["latency"]
