"""What Counterfoil costs on this machine: `python -m benches --help`, `make bench`, `make bench-quick`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches.attack import attack
from benches.audit import audit
from benches.boundary import boundary
from benches.csv_rows import csv_rows
from benches.families import families
from benches.fixture import prepare
from benches.governance import governance
from benches.latency import latency
from benches.measure import Finding, Plan, Result, clock
from benches.proofs import proofs
from benches.report import machine, print_findings, write_report
from benches.storage import footprint, reopen
from benches.throughput import batch_sizes, few_signers, pay, uniform, zipf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS: dict[str, Callable[[Plan, int], Result]] = {
    function.__name__: function
    for function in (
        uniform,
        few_signers,
        pay,
        zipf,
        latency,
        footprint,
        reopen,
        proofs,
        attack,
        boundary,
        families,
        csv_rows,
        governance,
        audit,
        batch_sizes,
    )
}
_AT_EVERY_SIZE = {"uniform", "footprint"}
_AT_THE_LARGEST = {"zipf", "reopen"}
_ROOT = Path(__file__).resolve().parent.parent
_ZEBRA = _ROOT / "benches/core/target/release/zebra-single"


def main(given: list[str] | None = None) -> int:
    """Measure each row in a process of its own; print a table, and write the report where one is asked for."""
    parser = _parser()
    arguments = parser.parse_args(given)
    if arguments.job is not None:
        return _do_job(json.loads(arguments.job))
    if unknown := [row for row in arguments.rows if row not in ROWS]:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    plan = _plan(arguments)
    plan.folder.mkdir(parents=True, exist_ok=True)
    results, failed = [], []
    began = clock()
    about = machine(plan)
    for row, accounts in _jobs(plan, arguments.rows or list(ROWS)):
        _say(f"{row}, {accounts:,} accounts …")
        started = clock()
        result = _run_apart(plan, row, accounts)
        if result is None:
            failed.append(f"{row} with {accounts:,} accounts")
            continue
        results.append(result)
        if not arguments.json:
            print_findings(result.findings)
        _say(f"{row}, {accounts:,} accounts: {clock() - started:.0f} s")
    if arguments.json:
        print(json.dumps({"machine": about, "plan": _plain(plan), "results": [asdict(one) for one in results]}))
    if arguments.report is not None:
        write_report(arguments.report, plan, about, results, failed, seconds=clock() - began)
        _say(f"wrote {arguments.report}")
    for row in failed:
        _say(f"failed: {row}; if its ledger does not open, an older version made it: remove {plan.folder}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"any of {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="at most 100,000 accounts, in under five minutes")
    parser.add_argument("--accounts", type=int, help="the most accounts (default: 10,000,000)")
    parser.add_argument("--transfers", type=int, help="in a timed round (default: 1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="timed rounds, of which the median counts (default: 3)")
    parser.add_argument("--batch", type=int, default=30_000, help="transfers in a call of apply (default: 30,000)")
    parser.add_argument("--threads", type=int, default=3, help="threads that call apply (default: 3)")
    parser.add_argument(
        "--payees", type=int, default=1_000, help="of one signature, where it has many (default: 1,000)"
    )
    parser.add_argument(
        "--remembered",
        type=int,
        help="the most transfers that memory is measured with, which ends earlier once it has applied as many as two "
        "minutes have at the measured rate (default: 24,000,000)",
    )
    parser.add_argument(
        "--memory-bytes",
        type=int,
        help="the engine's bound in the rows about rates and memory (default: its own, 600,000,000, or where that is "
        "more 200 for each account; 450,000,000 where memory is measured)",
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="for what is measured by time (default: 2)")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where fixtures are kept (default: .bench)")
    parser.add_argument("--json", action="store_true", help="print all that was measured as JSON")
    parser.add_argument(
        "--report", type=Path, metavar="FILE.md", help="write a report, its charts in a folder beside it"
    )
    parser.add_argument("--job", help=argparse.SUPPRESS)
    return parser


def _plan(arguments: argparse.Namespace) -> Plan:
    largest = arguments.accounts or (100_000 if arguments.quick else 10_000_000)
    transfers = arguments.transfers or (100_000 if arguments.quick else 1_000_000)
    powers = [size for size in (10_000, 100_000, 1_000_000, 10_000_000) if size < largest]
    return Plan(
        folder=arguments.folder.resolve(),
        sizes=(*powers, largest),
        accounts=min(largest, 1_000_000),
        largest=largest,
        transfers=transfers,
        rounds=arguments.rounds,
        batch=min(arguments.batch, transfers),
        threads=arguments.threads,
        payees=arguments.payees,
        remembered=arguments.remembered or (arguments.rounds * transfers if arguments.quick else 24_000_000),
        singles=max(20, min(2_000, transfers // 200)),
        seconds=arguments.seconds,
        memory_bytes=arguments.memory_bytes,
        zebra=_ZEBRA if _ZEBRA.exists() else None,
    )


def _jobs(plan: Plan, rows: list[str]) -> Iterator[tuple[str, int]]:
    for row in rows:
        if row in _AT_EVERY_SIZE:
            yield from ((row, size) for size in plan.sizes)
        else:
            yield row, plan.largest if row in _AT_THE_LARGEST else plan.accounts


def _run_apart(plan: Plan, row: str, accounts: int) -> Result | None:
    """The result of a row, measured in a process of its own: memory and caches of others do not touch it."""
    job = json.dumps({"plan": _plain(plan), "row": row, "accounts": accounts})
    command = [sys.executable, "-m", "benches", "--job", job]
    # What the fixture says while it is made goes to stderr, which is passed on.
    done = subprocess.run(  # noqa: S603 - ourselves
        command, stdout=subprocess.PIPE, check=False, cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}
    )
    if done.returncode != 0:
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    points = {name: [(x, y) for x, y in line] for name, line in found["points"].items()}
    return Result([Finding(**one) for one in found["findings"]], found["checks"], points)


def _do_job(job: dict[str, Any]) -> int:
    given = job["plan"]
    given["folder"], given["sizes"] = Path(given["folder"]), tuple(given["sizes"])
    given["zebra"] = given["zebra"] and Path(given["zebra"])
    plan = Plan(**given)
    # Fixtures are made before anything is measured.
    prepare(plan.folder, job["accounts"])
    result = ROWS[job["row"]](plan, job["accounts"])
    assert result.checks, "a row ends by checking its ledger"
    print(json.dumps(asdict(result)))
    return 0


def _plain(plan: Plan) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(plan).items()}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
