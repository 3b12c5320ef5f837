"""Signed transfers a second, beside the rate at which the same cores verify signatures and do nothing else.

A row first applies transfers untimed until every account that signs has signed (of ten million accounts, as many as
two rounds have), so that what the engine keeps of keys and records is there. Then rounds of both rates are
interleaved. They have transfers of their own: else the one that comes second would find the keys of the first.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess

from benches.fixture import Recipe, Run, running
from benches.measure import (
    Finding,
    Plan,
    Result,
    apply_batches,
    interleaved,
    median_ratio,
    verify_batches,
)

_WARM_ROUNDS_MAX = 2
_MEMORY_BYTES = 600_000_000
"""The engine's own bound."""
_MEMORY_BYTES_PER_ACCOUNT = 200
"""What it is given for each account where that is more."""
_CORES = len(os.sched_getaffinity(0))


def uniform(plan: Plan, accounts: int) -> Result:
    """One signature a transfer, every account signs: rows 1 and 4."""
    with running(plan.folder, accounts, memory_bytes=_memory_bytes(plan, accounts)) as run:
        rates = _Rates(plan, run, signers=accounts, zipf=False)
        rounds = rates.measure(with_zebra=accounts == plan.accounts)
        findings = []
        if accounts == plan.accounts:
            findings += [rates.finding(1, rounds, 0.80), *_zebra(rounds), _checkpoints(rates)]
        if accounts == plan.largest:
            findings.append(rates.finding(4, rounds, 0.60))
        points = {
            "transfers": [(accounts, statistics.median(rounds["transfers"]))],
            "signatures": [(accounts, statistics.median(rounds["signatures"]))],
        }
        return Result(findings, [run.check()], points)


def few_signers(plan: Plan, accounts: int) -> Result:
    """A thousand accounts sign everything: row 2."""
    with running(plan.folder, accounts, memory_bytes=_memory_bytes(plan, accounts)) as run:
        rates = _Rates(plan, run, signers=min(1_000, accounts), zipf=False)
        return Result([rates.finding(2, rates.measure(), 0.75)], [run.check()])


def zipf(plan: Plan, accounts: int) -> Result:
    """Senders and payees by Zipf's law: row 4."""
    with running(plan.folder, accounts, memory_bytes=_memory_bytes(plan, accounts)) as run:
        rates = _Rates(plan, run, signers=accounts, zipf=True)
        return Result([rates.finding(4, rates.measure(), 0.70)], [run.check()])


def pay(plan: Plan, accounts: int) -> Result:
    """One signature pays many: row 3, and of row 4 the half of it over the most accounts, in one run."""
    count = max(1, 2 * plan.transfers // plan.payees)
    batch = max(1, plan.batch // plan.payees)

    def measure_of(run: Run):  # noqa: ANN202 - what `interleaved` takes
        recipes = [
            Recipe(count=count, signers=min(1_000, run.fixture.accounts), payees=plan.payees, salt=salt)
            for salt in range(plan.rounds + 1)
        ]
        loads = [run.fixture.load(recipe) for recipe in recipes]

        def rate(number: int) -> float:
            applied = apply_batches(run.ledger, loads[number].batches(batch), plan.threads)
            assert applied.count == count
            return count * plan.payees / applied.seconds

        rate(plan.rounds)
        return rate

    with running(plan.folder, accounts, memory_bytes=_memory_bytes(plan, accounts)) as run:
        if accounts == plan.largest:
            [rates] = interleaved(plan.rounds, measure_of(run))
            return Result([_pay_finding(plan, accounts, rates)], [run.check()])
        memory_bytes = _memory_bytes(plan, plan.largest)
        with running(plan.folder, plan.largest, memory_bytes=memory_bytes) as large:
            rates, large_rates = interleaved(plan.rounds, measure_of(run), measure_of(large))
            ratio = median_ratio(large_rates, rates)
            findings = [
                _pay_finding(plan, accounts, rates),
                Finding(
                    row=4,
                    what=f"one signature for {plan.payees:,} payees, {plan.largest:,} accounts{_with(memory_bytes)}",
                    value=statistics.median(large_rates),
                    unit="transfers/s",
                    ratio=ratio,
                    beside=f"row 3: {statistics.median(rates):,.0f}/s",
                    target="≥ 0.50 of row 3",
                    met=ratio >= 0.50,
                ),
            ]
            return Result(findings, [run.check(), large.check()])


def batch_sizes(plan: Plan, accounts: int) -> Result:
    """How the rate goes with the transfers in a call: no row, a chart."""
    sizes = [size for size in (1, 10, 100, 1_000, 10_000, 100_000) if size * plan.threads <= plan.transfers]
    counts = {size: min(size * plan.threads * 100, max(plan.transfers // 5, size * plan.threads)) for size in sizes}
    with running(plan.folder, accounts, memory_bytes=_memory_bytes(plan, accounts)) as run:
        recipes = [
            Recipe(count=sum(counts.values()), signers=accounts, salt=100 + number) for number in range(plan.rounds)
        ]
        loads = [run.fixture.load(recipe) for recipe in recipes]

        def rate_of(size: int):  # noqa: ANN202 - what `interleaved` takes
            start = sum(count for smaller, count in counts.items() if smaller < size)

            def rate(number: int) -> float:
                batches = loads[number].batches(size, start, start + counts[size])
                applied = apply_batches(run.ledger, batches, plan.threads)
                assert applied.count == counts[size]
                return applied.count / applied.seconds

            return rate

        rates = interleaved(plan.rounds, *[rate_of(size) for size in sizes])
        points = [(size, statistics.median(found)) for size, found in zip(sizes, rates, strict=True)]
        return Result([], [run.check()], {"batch": points})


class _Rates:
    """The rates of one kind of transfers over one ledger."""

    def __init__(self, plan: Plan, run: Run, *, signers: int, zipf: bool) -> None:
        self.plan, self.run, self.signers, self.zipf = plan, run, signers, zipf
        self.checkpoint_seconds: list[float] = []

    def measure(self, *, with_zebra: bool = False) -> dict[str, list[float]]:
        """Warm up, and interleave the rounds."""
        plan, fixture = self.plan, self.run.fixture
        warm = min(max(self.signers, plan.transfers // 2), _WARM_ROUNDS_MAX * plan.transfers)
        half = max(1, plan.transfers // 2)
        warming = fixture.load(self._recipe(warm, 0))
        applied = [fixture.load(self._recipe(plan.transfers, 1 + number)) for number in range(plan.rounds)]
        verified = [fixture.load(self._recipe(half, 50 + number)) for number in range(plan.rounds)]
        apply_batches(self.run.ledger, warming.batches(plan.batch), plan.threads)

        def transfers(number: int) -> float:
            found = apply_batches(self.run.ledger, applied[number].batches(plan.batch), plan.threads)
            assert found.count == plan.transfers
            if found.commits:
                self.checkpoint_seconds.append(found.seconds / found.commits)
            return found.count / found.seconds

        def signatures(number: int) -> float:
            load = verified[number]
            parts = [load.part(start, min(start + plan.batch, half)) for start in range(0, half, plan.batch)]
            return half / verify_batches(self.run.ledger, parts, plan.threads)

        def zebra(number: int) -> float:
            # One on each core at once, as our own verification: what else runs then slows both alike.
            command = [str(plan.zebra), str(verified[number].folder), str(min(1.0, plan.seconds))]
            pipes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(_CORES)]  # noqa: S603 - ours
            said = [pipe.communicate()[0] for pipe in pipes]
            return sum(json.loads(one)["checks_per_second"] for one in said) / _CORES

        names = {"signatures": signatures, "transfers": transfers}
        if with_zebra and plan.zebra is not None:
            names["zebra"] = zebra
        return dict(zip(names, interleaved(plan.rounds, *names.values()), strict=True))

    def finding(self, row: int, rounds: dict[str, list[float]], least: float) -> Finding:
        ratio = median_ratio(rounds["transfers"], rounds["signatures"])
        accounts = self.run.fixture.accounts
        law = "by Zipf's law" if self.zipf else f"{self.signers:,} signers"
        return Finding(
            row=row,
            what=f"one signature a transfer, {accounts:,} accounts, {law}{_with(_memory_bytes(self.plan, accounts))}",
            value=statistics.median(rounds["transfers"]),
            unit="transfers/s",
            ratio=ratio,
            beside=f"signatures alone: {statistics.median(rounds['signatures']):,.0f}/s",
            target=f"≥ {least:.2f}",
            met=ratio >= least,
        )

    def _recipe(self, count: int, salt: int) -> Recipe:
        return Recipe(count=count, signers=self.signers, zipf=self.zipf, salt=salt)


def _memory_bytes(plan: Plan, accounts: int) -> int:
    return plan.memory_bytes or max(_MEMORY_BYTES, _MEMORY_BYTES_PER_ACCOUNT * accounts)


def _with(memory_bytes: int) -> str:
    return "" if memory_bytes == _MEMORY_BYTES else f", memory_bytes={memory_bytes:,}"


def _zebra(rounds: dict[str, list[float]]) -> list[Finding]:
    target = "≥ 2.50 times ed25519-zebra's single check"
    what = "signatures alone, a core"
    each = [rate / _CORES for rate in rounds["signatures"]]
    if "zebra" not in rounds:
        beside = "not measured: `make bench` builds the program"
        return [Finding(1, what, statistics.median(each), "signatures/s", beside=beside, target=target)]
    ratio = median_ratio(each, rounds["zebra"])
    beside = f"ed25519-zebra on each core at once, keys decoded before: {statistics.median(rounds['zebra']):,.0f}/s"
    return [Finding(1, what, statistics.median(each), "signatures/s", ratio, beside, target, ratio >= 2.5)]


def _checkpoints(rates: _Rates) -> Finding:
    found = rates.checkpoint_seconds
    value = statistics.median(found) if found else None
    beside = "" if found else "the rounds ended before one was due"
    met = None if value is None else value <= 2.0
    return Finding(1, "a signed checkpoint meanwhile, every", value, "s", None, beside, "≤ 2 s", met)


def _pay_finding(plan: Plan, accounts: int, rates: list[float]) -> Finding:
    rate = statistics.median(rates)
    return Finding(
        row=3,
        what=f"one signature for {plan.payees:,} payees, {accounts:,} accounts",
        value=rate,
        unit="transfers/s",
        target="≥ 500,000/s",
        met=rate >= 500_000,
    )


__all__ = ["batch_sizes", "few_signers", "pay", "uniform", "zipf"]
