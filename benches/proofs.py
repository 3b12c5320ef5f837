"""How many statements of a balance a ledger makes, and what checking one costs: row 9.

Every statement is about another account, and all are under one checkpoint, as when a service hands one to each of its
members after a commit.
"""

from __future__ import annotations

import random
import statistics
from typing import TYPE_CHECKING

from counterfoil import NativeVerifier
from counterfoil.verify import Verifier

from benches.fixture import running
from benches.measure import Finding, Plan, Result, clock, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable

STATEMENTS = 10_000
LEAST = 50_000


def proofs(plan: Plan, accounts: int) -> Result:
    """Statements made and verified, many at a time and one by one, natively and in pure Python."""
    with running(plan.folder, accounts) as run:
        run.ledger.checkpoint()
        native = NativeVerifier(run.ledger.verifier_key, ledger=run.ledger.id)
        pure = Verifier(run.ledger.verifier_key, ledger=run.ledger.id)
        rng = random.Random(9)  # noqa: S311 - a repeatable bench
        count = min(STATEMENTS, accounts)
        asked = [run.fixture.account_ids[number] for number in rng.sample(range(accounts), count)]
        proven = [bytes(statement) for statement in run.ledger.prove_balances(run.asset, asked)]
        claims = native.balances(proven, asset=run.asset)
        assert [claim.account for claim in claims] == asked
        assert claims[:100] == [pure.balance(data, asset=run.asset) for data in proven[:100]]
        made, verified, made_alone, verified_alone, checked = interleaved(
            plan.rounds,
            _rate(plan.seconds, [asked], lambda accounts: run.ledger.prove_balances(run.asset, accounts), count),
            _rate(plan.seconds, [proven], lambda statements: native.balances(statements, asset=run.asset), count),
            _rate(plan.seconds, asked, lambda account: run.ledger.prove_balance(run.asset, account)),
            _rate(plan.seconds, proven, lambda data: native.balance(data, asset=run.asset)),
            _rate(plan.seconds, proven, lambda data: pure.balance(data, asset=run.asset)),
        )
        findings = [
            _at_least(f"statements of a balance made, {accounts:,} accounts", statistics.median(made)),
            _at_least("verified natively", statistics.median(verified)),
            _in_python(1_000 / statistics.median(checked)),
            Finding(9, "made one by one", statistics.median(made_alone), "statements/s"),
            Finding(9, "verified natively one by one", statistics.median(verified_alone), "statements/s"),
        ]
        return Result(findings, [run.check()])


def _at_least(what: str, rate: float) -> Finding:
    return Finding(9, what, rate, "statements/s", target=f"≥ {LEAST:,}", met=rate >= LEAST)


def _in_python(milliseconds: float) -> Finding:
    return Finding(9, "one checked in pure Python", milliseconds, "ms", target="≤ 2 ms", met=milliseconds <= 2)


def _rate(seconds: float, things: list, work: Callable, each: int = 1) -> Callable[[int], float]:
    """How many a second, going through the things, which stand for so many each, as often as the time allows."""

    def measure(_: int) -> float:
        count, began = 0, clock()
        while True:
            for thing in things:
                work(thing)
                count += each
                if (lasted := clock() - began) >= seconds:
                    return count / lasted

    return measure
