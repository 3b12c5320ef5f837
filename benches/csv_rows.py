"""What CSV files cost, by the row: members into a store, balances into the ledger, and out of it again. Row 13."""

from __future__ import annotations

import csv
import statistics
from functools import partial
from typing import TYPE_CHECKING

from counterfoil.csvfiles import export_balances, import_balances, import_members
from counterfoil.members import Members

from benches.fixture import ISSUER, running
from benches.measure import Finding, Plan, Result, clock, median_ratio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ROWS_SHARE = 20
"""A file has this part of a round's transfers: a row costs about as much as twenty of those."""


def csv_rows(plan: Plan, accounts: int) -> Result:
    """Import customers that nobody knows, then their balances, the same again, and export them."""
    rows = max(100, plan.transfers // _ROWS_SHARE)
    with running(plan.folder, accounts) as run, Members(run.path.parent / "members.db", seed=bytes(32)) as members:
        asset = run.ledger.create_asset(ISSUER, "CSV", time=run.ledger.time)
        folder = run.path.parent

        def timed(call: Callable[[], object]) -> float:
            began = clock()
            call()
            return rows / (clock() - began)

        def balances(path: Path) -> None:
            report = import_balances(run.ledger, members, path, asset=asset, minter=ISSUER)
            assert report.rows == report.done + report.repeated == rows

        def read(path: Path) -> None:
            with path.open(newline="") as file:
                assert sum(1 for _ in csv.reader(file)) == rows + 1

        files = [folder / f"{number}.csv" for number in range(plan.rounds)]
        for number, path in enumerate(files):
            with path.open("w") as file:
                file.write("customer,amount\n")
                file.writelines(f"customer-{number}-{row},{row % 9 + 1}\n" for row in range(rows))
        found: dict[str, list[float]] = {
            "members into a store": [],
            "balances into the ledger": [],
            "the same again, which changes nothing": [],
        }
        alone = []
        # In this order, round by round: what one makes, the next finds.
        for path in files:
            alone.append(timed(partial(read, path)))
            steps = (partial(import_members, members, path), partial(balances, path), partial(balances, path))
            for rates, step in zip(found.values(), steps, strict=True):
                rates.append(timed(step))
        findings = [_finding(what, rates, alone) for what, rates in found.items()]
        rows *= plan.rounds
        out = folder / "out.csv"
        exported = timed(lambda: export_balances(run.ledger, asset, out, members=members))
        findings.append(_finding("balances out of the ledger", [exported], [timed(lambda: read(out))]))
        return Result(findings, [run.check()])


def _finding(what: str, rates: list[float], alone: list[float]) -> Finding:
    return Finding(
        row=13,
        what=f"CSV: {what}",
        value=statistics.median(rates),
        unit="rows/s",
        ratio=median_ratio(rates, alone),
        beside=f"Python's csv module alone: {statistics.median(alone):,.0f}/s",
    )
