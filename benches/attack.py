"""What it costs a ledger to be sent what it must refuse: row 10."""

from __future__ import annotations

import statistics

from counterfoil._load import framed, unframed

from benches.fixture import Recipe, running
from benches.measure import Finding, Plan, Result, apply_batches, interleaved, median_ratio

FORGED_EVERY = 1_024


def attack(plan: Plan, accounts: int) -> Result:
    """Honest transfers, some forged ones among them, and floods of refusals, each at its own rate."""
    count = max(plan.transfers // 2, 1)
    with running(plan.folder, accounts) as run:
        fixture = run.fixture

        def loads(salt: int, *, unfunded: bool = False, rounds: int = plan.rounds):  # noqa: ANN202
            signers = min(accounts, 100_000) if unfunded else accounts
            return [
                fixture.load(Recipe(count=count, signers=signers, unfunded=unfunded, salt=salt + number))
                for number in range(rounds)
            ]

        # The honest ones are those that the row about the rate verifies.
        honest, forged = loads(50), loads(350)
        [refused] = loads(0, unfunded=True, rounds=1)
        [warming] = loads(399, rounds=1)
        apply_batches(run.ledger, warming.batches(plan.batch), plan.threads)

        def rate(batches: list[bytes], expected: int) -> float:
            applied = apply_batches(run.ledger, batches, plan.threads)
            assert applied.count == expected, f"expected {expected:,} of {count:,} applied, found {applied.count:,}"
            return count / applied.seconds

        measures = {
            "honest": lambda number: rate(honest[number].batches(plan.batch), count),
            "forged": lambda number: rate(
                [_forge(batch, forged[number].frame_bytes) for batch in forged[number].batches(plan.batch)],
                count - sum(len(_forged_places(size)) for size in _batch_lengths(count, plan.batch)),
            ),
            "unfunded": lambda _: rate(refused.batches(plan.batch), 0),
            # They were applied when the bench warmed up: each gives its first outcome again.
            "replayed": lambda _: rate(warming.batches(plan.batch), count),
            "malformed": lambda _: rate([_cut(batch) for batch in refused.batches(plan.batch)], 0),
        }
        found = dict(zip(measures, interleaved(plan.rounds, *measures.values()), strict=True))
        findings = [
            _finding(f"one signature in {FORGED_EVERY:,} forged", found["forged"], found["honest"], 0.40),
            *[
                _finding(f"nothing but {kind} transactions", found[kind], found["honest"], 1.00)
                for kind in ("unfunded", "replayed", "malformed")
            ],
        ]
        return Result(findings, [run.check()])


def _finding(what: str, rates: list[float], honest: list[float], least: float) -> Finding:
    ratio = median_ratio(rates, honest)
    return Finding(
        row=10,
        what=what,
        value=statistics.median(rates),
        unit="transactions/s",
        ratio=ratio,
        beside=f"honest ones: {statistics.median(honest):,.0f}/s",
        target=f"≥ {least:.2f}",
        met=ratio >= least,
    )


def _batch_lengths(count: int, batch: int) -> list[int]:
    return [min(batch, count - start) for start in range(0, count, batch)]


def _forged_places(count: int) -> range:
    return range(0, count, FORGED_EVERY)


def _forge(batch: bytes, frame_bytes: int) -> bytes:
    """Change one signature in so many, in a way that only the equation shows: S stays below the group's order."""
    changed = bytearray(batch)
    for place in _forged_places(len(batch) // frame_bytes):
        changed[(place + 1) * frame_bytes - 32] ^= 1
    return bytes(changed)


def _cut(batch: bytes) -> bytes:
    """Take the last byte off every transaction."""
    return framed(transaction[:-1] for transaction in unframed(batch))


__all__ = ["attack"]
