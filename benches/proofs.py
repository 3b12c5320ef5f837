"""How many statements of a balance a ledger makes, and what checking one costs: row 9."""

from __future__ import annotations

import random
import statistics
from typing import TYPE_CHECKING

from counterfoil.verify import Verifier

from benches.fixture import Run, running
from benches.measure import Finding, Plan, Result, clock, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable


def proofs(plan: Plan, accounts: int) -> Result:
    """Statements made one by one, and checked by the verifier in pure Python."""
    with running(plan.folder, accounts) as run:
        run.ledger.checkpoint()
        made, checked = interleaved(plan.rounds, _making(plan, run), _checking(plan, run))
        findings = [
            Finding(9, f"statements of a balance made, {accounts:,} accounts", statistics.median(made), "statements/s"),
            Finding(9, "one checked in pure Python", 1_000 / statistics.median(checked), "ms"),
        ]
        return Result(findings, [run.check()])


def _making(plan: Plan, run: Run) -> Callable[[int], float]:
    ids = run.fixture.account_ids
    rng = random.Random(9)  # noqa: S311 - a repeatable bench

    def make(_: int) -> float:
        asked = [ids[rng.randrange(run.fixture.accounts)] for _ in range(10_000)]
        return _rate(plan.seconds, asked, lambda account: run.ledger.prove_balance(run.asset, account))

    return make


def _checking(plan: Plan, run: Run) -> Callable[[int], float]:
    ids, verifier = run.fixture.account_ids, Verifier(run.ledger.verifier_key)
    statements = [
        (ids[number], bytes(run.ledger.prove_balance(run.asset, ids[number])))
        for number in range(min(1_000, run.fixture.accounts))
    ]

    def check(_: int) -> float:
        return _rate(
            plan.seconds,
            statements,
            lambda known: verifier.balance(known[1], asset=run.asset, account=known[0]),
        )

    return check


def _rate(seconds: float, things: list, work: Callable) -> float:
    """How many things a second, going through them as often as the time allows."""
    count, began = 0, clock()
    while True:
        for thing in things:
            work(thing)
            count += 1
            if (lasted := clock() - began) >= seconds:
                return count / lasted


__all__ = ["proofs"]
