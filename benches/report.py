"""What was measured, as a page with a table and charts."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil.cli import _console

from benches.storage import RESIDENT_BYTES, RESIDENT_BYTES_PER_ACCOUNT, STATE_BYTES_PER_ACCOUNT
from benches.svg import Line, chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benches.measure import Finding, Plan, Result

Points = dict[str, list[tuple[float, float]]]
_LATENCIES = {
    "latency append": "LMDB alone",
    "latency alone": "one alone",
    "latency together": "64 at once",
    "latency flushing": "64, in a flush",
}


def machine(plan: Plan) -> dict[str, str]:
    """What was measured on, in words. Asked at the beginning: later the load is our own."""
    from counterfoil import Key, Ledger

    cpu = _field("/proc/cpuinfo", "model name") or platform.processor()
    memory = int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1e6
    with _console.progress("machine"):
        import tempfile

        with tempfile.TemporaryDirectory(dir=plan.folder, prefix="run-") as folder:
            ledger = Ledger.create(Path(folder) / "ledger", origin="bench.example/machine", operator=Key.generate())
            with ledger:
                backend = ledger.stats()["signature_backend"]
    return {
        "Cores": f"{len(os.sched_getaffinity(0))} of {cpu}, {platform.machine()}, signatures by {backend}",
        "Memory": f"{memory:.0f} GB",
        "Disk": _file_system(plan.folder),
        "Software": f"Linux {platform.release()}, Python {platform.python_version()}, {_said('rustc', '--version')}",
        "Source": _said("git", "describe", "--always", "--dirty"),
        "Load when it began": f"{os.getloadavg()[0]:.1f} (other work slows both sides of a ratio, not always alike)",
        "Measured": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def print_findings(findings: Sequence[Finding]) -> None:
    """Print what a row found, for a person who waits."""
    for one in findings:
        row, what, value, beside, ratio, target, met = _cells(one)
        print(f"{row:>3}  {what}: {value}" + (f"  ({beside})" if beside else ""))
        if target:
            print(f"     target {target}: {met.strip('*')}" + (f", {ratio}" if ratio else ""))


def write_report(
    path: Path,
    plan: Plan,
    about: dict[str, str],
    results: Sequence[Result],
    failed: Sequence[str],
    *,
    seconds: float,
) -> None:
    """Write the page, and its charts into a folder beside it that has its name."""
    findings = sorted((one for result in results for one in result.findings), key=lambda one: one.row)
    points: Points = defaultdict(list)
    for result in results:
        for name, line in result.points.items():
            points[name] += line
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    shown = []
    for name, (title, picture) in _charts(points).items():
        (folder / f"{name}.svg").write_text(picture)
        shown += [f"![{title}]({folder.name}/{name}.svg)", ""]
    ledgers = sum(len(result.checks) for result in results)
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`, which measures all of it anew: do not edit it.",
        "[Performance](internals/performance.md) says how it is measured, and what was found on the way.",
        "",
        "| | |",
        "|---|---|",
        *[f"| {name} | {value} |" for name, value in about.items()],
        f"| Took | {seconds / 60:.0f} minutes |",
        "",
        f"Rates are medians of {plan.rounds} rounds, ratios medians of the ratios of single rounds, whose sides "
        "take turns.",
        _how(plan),
        "Nothing is timed before a first pass in which the signers have signed once.",
        "",
        "| row | what | measured | beside | ratio | target | met |",
        "|---|---|---|---|---|---|---|",
        *["| " + " | ".join(_cells(one)) + " |" for one in findings],
        "",
        *[f"Failed, and not in the table: {name}." for name in failed],
        f"Of each of the {ledgers} ledgers the supply, a proven balance and the state root from all records were",
        "compared at the end with what they have to be.",
        "",
        "## Charts",
        "",
        *shown,
        *_point_tables(points),
    ]
    path.write_text("\n".join(lines).rstrip("\n") + "\n")


def _how(plan: Plan) -> str:
    return (
        f"A timed round has {plan.transfers:,} transfers, in calls of {plan.batch:,} from {plan.threads} threads: from "
        "Python, durable when acknowledged, with indexes, and a signed checkpoint every second."
    )


def _cells(finding: Finding) -> tuple[str, ...]:
    met = {True: "yes", False: "**no**", None: "" if not finding.target else "not measured"}[finding.met]
    value = "" if finding.value is None else f"{_number(finding.value)} {finding.unit}"
    ratio = "" if finding.ratio is None else f"{finding.ratio:.2f}"
    return str(finding.row), finding.what, value, finding.beside, ratio, finding.target, met


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:.2f}"


def _charts(points: Points) -> dict[str, tuple[str, str]]:
    """The charts of which there are points: by file name, what they show and the picture."""
    charts = {}

    def draw(
        name: str, title: str, axes: tuple[str, str], lines: list[Line], *, log: bool, labels: Sequence[str] = ()
    ) -> None:
        present = [line for line in lines if line.points]
        if present:
            charts[name] = (title, chart(title, *axes, present, y_log=log, x_labels=labels))

    accounts = "accounts"
    rates = [
        Line("signatures alone", sorted(points["signatures"])),
        Line("signed transfers", sorted(points["transfers"])),
    ]
    draw("accounts", "Rate against accounts", (accounts, "a second"), rates, log=False)
    draw(
        "batch",
        "Rate against batch size",
        ("transfers in a call", "a second"),
        [Line("signed transfers", points["batch"])],
        log=True,
    )
    shares = sorted({x for name in _LATENCIES for x, _ in points[name]})
    latencies = [Line(label, [(shares.index(x), y) for x, y in points[name]]) for name, label in _LATENCIES.items()]
    draw(
        "latency",
        "Latency of one transaction",
        ("percentile", "ms"),
        latencies,
        log=True,
        labels=[f"p{x:g}" for x in shares],
    )
    state = sorted(points["state"])
    disk = [
        Line("state", _megabytes(state)),
        Line("indexes", _megabytes(points["indexes"])),
        Line(
            f"{STATE_BYTES_PER_ACCOUNT} B an account",
            [(x, x * STATE_BYTES_PER_ACCOUNT / 1e6) for x, _ in state],
            dashed=True,
        ),
    ]
    draw("disk", "Bytes on disk against accounts", (accounts, "MB"), disk, log=True)
    memory = sorted(points["memory"])
    target = [(x, (RESIDENT_BYTES + RESIDENT_BYTES_PER_ACCOUNT * x) / 1e6) for x, _ in memory]
    resident = [
        Line("resident", _megabytes(memory)),
        Line("anonymous", _megabytes(points["memory, anonymous"])),
        Line("mapped files", _megabytes(points["memory, files"])),
        Line("target", target, dashed=True),
    ]
    draw("memory", "Most memory against accounts", (accounts, "MB"), resident, log=True)
    return charts


def _megabytes(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x, y / 1e6) for x, y in sorted(points) if y > 0]


def _point_tables(points: Points) -> list[str]:
    """The numbers of the charts, for those who do not see them."""
    lines = []
    if points:
        lines += ["## The numbers of the charts", "", "| line | x | y |", "|---|---|---|"]
        lines += [f"| {name} | {x:,g} | {y:,.6g} |" for name, line in points.items() for x, y in sorted(line)]
    return lines


def _field(path: str, name: str) -> str | None:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


def _file_system(folder: Path) -> str:
    """The kind of file system that a folder is on: that of the longest mount point above it."""
    mounts = [line.split()[:3] for line in Path("/proc/mounts").read_text().splitlines()]
    fitting = [(len(point), kind, device) for device, point, kind in mounts if folder.is_relative_to(point)]
    _, kind, device = max(fitting, default=(0, "unknown", "unknown"))
    return f"{kind} on {device}"


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - git and rustc
    except (OSError, subprocess.CalledProcessError):
        return f"{command[0]} unknown"
    return done.stdout.strip()


__all__ = ["machine", "print_findings", "write_report"]
