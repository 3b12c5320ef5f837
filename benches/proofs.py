"""How many statements of a balance a ledger makes, and what checking one costs: row 9.

Every statement is about another account, and all are under one checkpoint, as when a service hands one to each of its
members after a commit.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil import NativeVerifier
from counterfoil.verify import Verifier

from benches.fixture import running
from benches.measure import Finding, Plan, Result, clock, interleaved, median_ratio

if TYPE_CHECKING:
    from collections.abc import Callable

STATEMENTS = 10_000
LEAST = 50_000
MAILING = 100_000
SHARED = 1_000
"""So many are handed to the clients in other languages."""
_CLIENTS = Path(__file__).parents[1] / "clients"


def proofs(plan: Plan, accounts: int) -> Result:
    """Statements made and verified: many at a time and one by one, natively, in Python and by the other clients."""
    with running(plan.folder, accounts) as run, tempfile.TemporaryDirectory(dir=plan.folder) as folder:
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
        shared = Path(folder) / "statements.json"
        texts = [base64.b64encode(data).decode() for data in proven[:SHARED]]
        given = {"vkey": run.ledger.verifier_key, "statements": texts, "seconds": plan.seconds}
        shared.write_text(json.dumps(given))
        mailing = [run.fixture.account_ids[number] for number in range(min(MAILING, accounts))]
        made, verified, made_alone, verified_alone, checked, mailed, mailed_alone, *elsewhere = interleaved(
            plan.rounds,
            _rate(plan.seconds, [asked], lambda accounts: run.ledger.prove_balances(run.asset, accounts), count),
            _rate(plan.seconds, [proven], lambda statements: native.balances(statements, asset=run.asset), count),
            _rate(plan.seconds, asked, lambda account: run.ledger.prove_balance(run.asset, account)),
            _rate(plan.seconds, proven, lambda data: native.balance(data, asset=run.asset)),
            _rate(plan.seconds, proven, lambda data: pure.balance(data, asset=run.asset)),
            # Who makes them one by one for a mailing keeps them as well.
            lambda _: len(mailing) / _lasted(lambda: run.ledger.prove_balances(run.asset, mailing)),
            lambda _: len(mailing) / _lasted(lambda: [run.ledger.prove_balance(run.asset, each) for each in mailing]),
            *(partial(_elsewhere, shared, plan.seconds, where) for where in CLIENTS[1:]),
        )
        size = statistics.median(map(len, proven))
        findings = [
            _at_least(f"statements of a balance made, {accounts:,} accounts", statistics.median(made)),
            _at_least("verified natively", statistics.median(verified)),
            _in_python(1_000 / statistics.median(checked)),
            Finding(9, "made one by one", statistics.median(made_alone), "statements/s"),
            Finding(9, "verified natively one by one", statistics.median(verified_alone), "statements/s"),
            *(_verified_by(where, rates) for where, rates in zip(CLIENTS, [checked, *elsewhere], strict=True)),
            Finding(
                9,
                f"{len(mailing):,} made in one pass",
                statistics.median(mailed),
                "statements/s",
                ratio=median_ratio(mailed, mailed_alone),
                beside=f"the same one by one: {statistics.median(mailed_alone):,.0f}/s",
            ),
            Finding(9, "one statement", size, "bytes", target="≤ 3,072", met=size <= 3_072),
        ]
        return Result(findings, [run.check()])


CLIENTS = ("pure Python", "node", "Chromium", "Go")
"""Who verifies them one by one, on one core, each with the checkpoint's signature."""


def _elsewhere(path: Path, seconds: float, where: str, _: int) -> float | None:
    """Statements verified a second by a client in another language; None where what it runs on is not there."""
    if where == "Go":
        if shutil.which("go") is None:
            return None
        command = ["go", "test", "-run=NONE", "-bench=Statements", f"-benchtime={seconds}s", "-cpu=1", "."]
        said = _run(command, _CLIENTS / "go", COUNTERFOIL_STATEMENTS=str(path))
        found = re.search(r"^BenchmarkStatements\s+\d+\s+([\d.]+) ns/op", said, re.MULTILINE)
        assert found, said
        return 1e9 / float(found[1])
    if shutil.which("node") is None or not (_CLIENTS / "typescript/dist").is_dir():
        return None
    said = _run(["node", "bench/statements.mjs", str(path), where.lower()], _CLIENTS / "typescript")
    return json.loads(said)


def _run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - commands of this file
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout


def _lasted(work: Callable[[], object]) -> float:
    began = clock()
    work()
    return clock() - began


def _verified_by(where: str, rates: list) -> Finding:
    rate = None if None in rates else statistics.median(rates)
    return Finding(9, f"verified one by one in {where}", rate, "statements/s")


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
