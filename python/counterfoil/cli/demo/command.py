"""The command `demo`: it runs the programme, prints what came of it, and hands out proofs."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import shutil
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from counterfoil.cli import _console
from counterfoil.cli._app import EXIT_CODES, app
from counterfoil.cli._errors import CommandError, found
from counterfoil.cli.demo import _data

ORIGIN = "cdnow.example/points"
_MARK = ".counterfoil-demo"
_FILES = (
    "operator.key",
    "programme.vkey",
    "checkpoint.note",
    "member.statement",
    "tier.statement",
    "purchase.receipt",
    "forged.statement",
    "forged.tier.statement",
    "forged.receipt",
    "report.json",
)
_FOLDERS = ("programme.ledger", "offline")


@app.command(short_help="Replay a shop's real purchases as a loyalty programme.", epilog=EXIT_CODES)
def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the ledger and the proofs go.")
    ] = Path("counterfoil-demo"),
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The purchases. Default: those in the package `lifetimes`.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N rows of the file.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier demo left in the folder.")] = False,
) -> None:
    """Replay 18 months of a shop's real purchases as a loyalty programme, and prove a balance.

    69,659 purchases at CDNOW in 1997 and 1998, each a transaction of its own, signed by a cashier's key, at its own
    date. Points by the dollar, in lots by month, which lapse after a year without activity. By rules that it states,
    customers bring others, orders come back, members become silver and gold, and a bookshop takes points too, for
    which it is owed money. It prints the liability by month of issue and what is owed, and has proofs checked by a
    process that knows nothing but the verifier's one file.

    \b
      counterfoil demo
      counterfoil demo --limit 2000 --out small-demo
      counterfoil demo --force
    """
    source = _data.find() if data is None else data
    purchases = _data.read(source, limit)
    if not any(one.points for one in purchases):
        message = f"{found(str(source))}: expected a purchase of a dollar or more, found none that earns a point"
        raise CommandError(message)
    _make_room(out, force=force)
    _run(purchases, source, out)


def _make_room(out: Path, *, force: bool) -> None:
    """An empty folder with the demo's mark in it. Only what a demo made is ever removed."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not (out / _MARK).is_file():
            message = f"{found(str(out))} is there already, and no demo made it; choose another folder with --out"
            raise CommandError(message)
        if not force:
            message = f"{found(str(out))} holds an earlier demo; --force replaces it, --out chooses another folder"
            raise CommandError(message)
        for name in _FOLDERS:
            shutil.rmtree(out / name, ignore_errors=True)
        for name in _FILES:
            (out / name).unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).write_text("`counterfoil demo` made this folder; `--force` empties it.\n", encoding="utf-8")


def _run(purchases: list[_data.Purchase], source: Path, out: Path) -> None:
    # What needs the native module is loaded only when it is.
    from counterfoil.cli.demo import _report
    from counterfoil.cli.demo._figures import figures
    from counterfoil.cli.demo._programme import LATER_DAYS, Programme
    from counterfoil.cli.demo._proofs import prove, prove_tier
    from counterfoil.cli.demo._refusals import refusals
    from counterfoil.cli.demo._shop import seeded
    from counterfoil.cli.demo._work import DAY_MS
    from counterfoil.ledger import Ledger

    _report.introduce(purchases, source)
    first, last = min(one.day for one in purchases), max(one.day for one in purchases)
    operator = seeded("operator")
    operator.save(out / "operator.key")
    began = clock.perf_counter()
    with Ledger.create(
        out / "programme.ledger", origin=ORIGIN, operator=operator, time=(first - 31) * DAY_MS
    ) as ledger:
        programme = Programme(ledger, purchases)
        programme.open()
        with _progress(len(purchases)) as tell:
            programme.replay(tell)
        refused = refusals(programme)
        programme.referrals.close(last)
        programme.sweep(last)
        tier = prove_tier(programme, out)
        programme.sweep(last + LATER_DAYS)
        note = ledger.checkpoint()
        programme.shop.work.timing.overall = clock.perf_counter() - began
        report = _report.Report(programme, figures(programme), refused, prove(programme, tier, note, out), out)
    report.print()
    report.write()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None]]:
    screen = _console.console(error=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with bar:
        task = bar.add_task("Replaying", total=total)
        yield lambda done, day: bar.update(task, completed=done, description=f"Replaying {_console.day_text(day)}")
