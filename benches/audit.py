"""An audit beside applying: row 15.

What is audited was applied before by another copy of the ledger: the funds of its accounts, and two rounds of
transfers. Each audit replays all of it from genesis, in a folder of its own, and adds up the totals; reading the log,
verifying its checkpoints and writing the state behind are in its time. Applying is timed as in row 1: its last flush is
not.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from counterfoil.audit import audit as replay

from benches.fixture import TIME_MS, Recipe, running
from benches.measure import Finding, Plan, Result, apply_batches, clock, interleaved, median_ratio

_ACCOUNTS_MAX = 100_000
_FLOOR = 0.80


def audit(plan: Plan, accounts: int) -> Result:
    """Transfers that an audit replays a second, beside those that are applied."""
    accounts = min(accounts, _ACCOUNTS_MAX)
    recipes = [Recipe(count=plan.transfers, signers=accounts, salt=salt) for salt in range(plan.rounds + 1)]
    with running(plan.folder, accounts) as audited, running(plan.folder, accounts) as run:
        loads = [run.fixture.load(recipe) for recipe in recipes]
        for load in (loads[0], loads[-1]):
            apply_batches(audited.ledger, load.batches(plan.batch), plan.threads)
        vkey = audited.ledger.verifier_key
        root = audited.check()["state_root"]
        apply_batches(run.ledger, loads[0].batches(plan.batch), plan.threads)

        def apply_rate(number: int) -> float:
            applied = apply_batches(run.ledger, loads[1 + number].batches(plan.batch), plan.threads)
            assert applied.count == plan.transfers
            return applied.count / applied.seconds

        def audit_rate(_number: int) -> float:
            with tempfile.TemporaryDirectory(dir=plan.folder, prefix="audit-") as scratch:
                began = clock()
                history = replay(audited.path, Path(scratch) / "work", vkey=vkey).history
                lasted = clock() - began
            assert (history.state_root.hex(), history.signed_size) == (root, history.size)
            return history.transactions / lasted

        applied, audits = interleaved(plan.rounds, apply_rate, audit_rate)
        ratio = median_ratio(audits, applied)
        finding = Finding(
            row=15,
            what=f"an audit from genesis, signatures included, {accounts:,} accounts",
            value=statistics.median(audits),
            unit="transfers/s",
            ratio=ratio,
            beside=f"applying them: {statistics.median(applied):,.0f}/s",
            target=f"≥ {_FLOOR:.2f}",
            met=ratio >= _FLOOR,
        )
        run.ledger.checkpoint(time=max(TIME_MS, run.ledger.time))
        return Result([finding], [run.check()])
