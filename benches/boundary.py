"""What it costs to hand in transactions as objects of their own rather than as one buffer: row 11."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING

from counterfoil._load import unframed

from benches.fixture import TIME_MS, Recipe, Run, running
from benches.measure import Finding, Plan, Result, clock, interleaved, median_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECTS_MAX = 100_000


def boundary(plan: Plan, accounts: int) -> Result:
    """The same number of transfers as a list of `bytes` and as framed `bytes`, in one call each."""
    count = min(_OBJECTS_MAX, max(1, plan.transfers // 4))
    # A commit that falls into one call of two would decide.
    with running(plan.folder, accounts, commit_every_ms=None) as run:
        parts = iter(list(itertools.islice(_parts(plan, run, count), 1 + 8 * plan.rounds)))

        def rate(batch: bytes | list[bytes]) -> float:
            began = clock()
            applied = run.ledger.apply(batch, time=TIME_MS).applied
            lasted = clock() - began
            assert applied == count
            run.ledger.flush()
            return count / lasted

        rate(next(parts))
        separate, together = interleaved(
            4 * plan.rounds, lambda _: rate(unframed(next(parts))), lambda _: rate(next(parts))
        )
        ratio = median_ratio(separate, together)
        finding = Finding(
            row=11,
            what=f"{count:,} separate `bytes` in a call",
            value=statistics.median(separate),
            unit="transfers/s",
            ratio=ratio,
            beside=f"one buffer: {statistics.median(together):,.0f}/s",
            target="≥ 0.95",
            met=ratio >= 0.95,
        )
        return Result([finding], [run.check()])


def _parts(plan: Plan, run: Run, count: int) -> Iterator[bytes]:
    """Parts of the transfers that the rows about rates have as well, so that none are signed for this alone."""
    whole = plan.transfers // count * count
    for salt in itertools.count(1):
        recipe = Recipe(count=plan.transfers, signers=run.fixture.accounts, salt=salt)
        yield from run.fixture.load(recipe).batches(count, 0, whole)


__all__ = ["boundary"]
