"""The command `demo`: it runs the programme, prints what came of it, and hands out proofs."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import json
import shutil
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from counterfoil.cli import _console
from counterfoil.cli._app import EXIT_CODES, app
from counterfoil.cli._errors import CommandError, Exit, found
from counterfoil.cli.demo import _data

if TYPE_CHECKING:
    from counterfoil.cli.demo._programme import Figures, Programme, Refusal

ORIGIN = "cdnow.example/points"
_MARK = ".counterfoil-demo"
_FILES = (
    "operator.key",
    "programme.vkey",
    "member.statement",
    "purchase.receipt",
    "forged.statement",
    "forged.receipt",
    "checkpoint.note",
    "report.json",
)
_FOLDERS = ("programme.ledger", "offline")
_DAY_MS = 86_400_000


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
    date. Points by the dollar, in lots by month, which lapse after a year without activity. It prints the liability by
    month of issue, and has proofs checked by a process that knows nothing but the verifier's one file.

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
    _Demo(out).run(purchases, source)


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


@dataclass(frozen=True)
class _Proofs:
    """What is handed out about one member."""

    account: bytes
    customer: int
    amount: int
    lots: int
    statement_byte: int
    receipt_byte: int
    checked: dict[str, Any]


class _Demo:
    def __init__(self, out: Path) -> None:
        self.out = out
        self.screen = _console.console()

    def run(self, purchases: list[_data.Purchase], source: Path) -> None:
        from counterfoil.cli.demo._programme import LATER_DAYS, Programme, figures, seeded
        from counterfoil.ledger import Ledger

        first, last = min(one.day for one in purchases), max(one.day for one in purchases)
        customers = len({one.customer for one in purchases})
        self.heading("A shop's purchases as a loyalty programme")
        self.say(f"{len(purchases):,} purchases of {customers:,} customers, {_day(first)} to {_day(last)}")
        self.say(f"from {source.name}: a point a dollar, lots by month, 365 days to lapse", dim=True)
        operator = seeded("operator")
        operator.save(self.out / "operator.key")
        began = clock.perf_counter()
        with Ledger.create(
            self.out / "programme.ledger", origin=ORIGIN, operator=operator, time=(first - 31) * _DAY_MS
        ) as ledger:
            programme = Programme(ledger, first, last)
            programme.open()
            with self.progress(len(purchases)) as tell:
                programme.replay(purchases, tell)
            programme.take_back()
            refusals = programme.refusals()
            for day in (last, last + LATER_DAYS):
                programme.sweep(day)
            note = ledger.checkpoint()
            programme.timing.overall = clock.perf_counter() - began
            totals = figures(programme)
            self.print_liability(programme, totals)
            self.print_rates(programme)
            self.print_refusals(refusals)
            proofs = self.prove(programme, note)
        self.print_proofs(proofs)
        self.write_report(programme, totals, refusals, proofs)
        self.print_files()

    # Proofs

    def prove(self, programme: Programme, note: str) -> _Proofs:
        from counterfoil.cli.demo import _offline

        ledger, asset = programme.ledger, programme.asset
        by_account = {key.account: customer for customer, key in programme.members.items()}
        holders = [
            (len(holding.lots), holding.amount, -by_account[account], account)
            for account, holding in ledger.holders(asset)
            if account in by_account
        ]
        # The member with the longest story; where everything lapsed, one who holds nothing, which is proven as well.
        account = max(holders)[3] if holders else next(iter(programme.transaction_of))
        statement = bytes(ledger.prove_balance(asset, account))
        receipt = bytes(ledger.prove_transaction(programme.transaction_of[account]))
        forged, statement_byte = _offline.flip_amount(statement, asset, account)
        forged_receipt, receipt_byte = _offline.flip_entry(receipt)
        for name, content in (
            ("checkpoint.note", note.encode()),
            ("programme.vkey", f"{ledger.verifier_key}\n".encode()),
            ("member.statement", statement),
            ("purchase.receipt", receipt),
            ("forged.statement", forged),
            ("forged.receipt", forged_receipt),
        ):
            (self.out / name).write_bytes(content)
        _offline.install(self.out / "offline")
        names = ("member.statement", "purchase.receipt", "forged.statement", "forged.receipt")
        checked = _offline.check(self.out / "offline", self.out / "programme.vkey", [self.out / name for name in names])
        holding = ledger.holding(asset, account)
        made = _Proofs(
            account, by_account[account], holding.amount, len(holding.lots), statement_byte, receipt_byte, checked
        )
        _expect(made)
        return made

    # What is printed

    def heading(self, text: str) -> None:
        self.screen.print()
        self.screen.print(Text(text, style="bold"))

    def say(self, text: str, *, dim: bool = False) -> None:
        self.screen.print(Text(text, style="dim" if dim else ""))

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[int, int], None]]:
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
            yield lambda done, day: bar.update(task, completed=done, description=f"Replaying {_day(day)}")

    def print_liability(self, programme: Programme, totals: Figures) -> None:
        self.heading("Liability by month of issue, in points")
        lines = [(_console.lot_text(lot[0], 1), *[f"{units:,}" for units in lot[1:]]) for lot in totals.lots]
        totalled = [f"{sum(lot[place] for lot in totals.lots):,}" for place in range(1, 6)]
        _console.rows(
            ["month", ">issued", ">redeemed", ">expired", ">clawed back", ">outstanding"],
            lines,
            total=("all", *totalled),
        )
        self.screen.print()
        self.say(f"{totals.supply:,} points in the accounts of {totals.holders:,} holders: the supply")
        for what in (
            "= issued less redeemed and expired, by month and in all",
            "= the sum of all balances",
            "= what a second set of books, kept in Python, comes to, member by member",
        ):
            self.say(f"  {what}", dim=True)
        for day, points in programme.swept:
            self.say(f"{points:,} lapsed points were swept on {_day(day)}")
        late = totals.expired - sum(points for _, points in programme.swept)
        if late:
            self.say(f"{late:,} points lapsed when their holder came back too late")
        if totals.clawed_back:
            self.say(f"{totals.clawed_back:,} points of a returned order were clawed back; the brand holds them")

    def print_rates(self, programme: Programme) -> None:
        timing = programme.timing
        self.heading("Work")
        _console.fields(
            None,
            [
                (
                    "transactions",
                    f"{programme.applied:,}: {programme.purchases:,} purchases, {programme.redemptions:,} redemptions, "
                    f"{programme.applied - programme.purchases - programme.redemptions} others",
                ),
                ("earned nothing", f"{_count(programme.skipped, 'purchase')} of less than a dollar"),
                (
                    "applied",
                    f"{programme.applied / max(timing.applying, 1e-9):,.0f} per second, durable after each day "
                    f"({timing.applying:,.1f} s)",
                ),
                (
                    "overall",
                    f"{programme.applied / max(timing.overall, 1e-9):,.0f} per second "
                    f"({timing.overall:,.1f} s, of which signing in Python {timing.signing:,.1f} s)",
                ),
            ],
        )

    def print_refusals(self, refusals: list[Refusal]) -> None:
        for refusal in refusals:
            if refusal.found != refusal.expected:
                message = f"demo: {refusal.attempt}: expected {refusal.expected}, found {refusal.found}"
                raise CommandError(message, Exit.REFUSED)
        self.heading("Tried, and refused")
        _console.rows(["attempt", "status"], [(refusal.attempt, refusal.found) for refusal in refusals])

    def print_proofs(self, proofs: _Proofs) -> None:
        checked = proofs.checked["proofs"]
        balance, receipt = checked["member.statement"], checked["purchase.receipt"]
        self.heading("Proven to another process")
        self.say("It has verify.py and PyNaCl; `import counterfoil` fails in it.", dim=True)
        self.screen.print()
        time = _console.when(receipt["time_ms"])[:10]
        lines: list[tuple[object, object, object]] = [
            (
                "member.statement",
                Text("holds", style="green"),
                f"customer {proofs.customer} has {int(balance['amount']):,} of {int(balance['supply']):,} points",
            ),
            (
                "purchase.receipt",
                Text("holds", style="green"),
                f"a mint of {int(receipt['amount']):,} points on {time}, entry {receipt['index']:,}",
            ),
        ]
        for name, changed in (
            ("forged.statement", f"one bit of byte {proofs.statement_byte}: a point more, or less"),
            ("forged.receipt", f"one letter, at byte {proofs.receipt_byte}"),
        ):
            refusal = checked[name]
            lines.append((name, Text("refused", style="red"), f"{changed}\n{_why(refusal)}"))
        _console.rows(["file", "verdict", "what"], lines)

    def print_files(self) -> None:
        ledger = self.out / "programme.ledger"
        self.heading(f"All of it is in {self.out}. Go on with:")
        for command in (
            f"counterfoil asset POINT --lots -l {ledger}",
            f"counterfoil log --tail -l {ledger}",
            f"counterfoil fsck --full -l {ledger}",
            f"counterfoil verify {self.out / 'member.statement'} --vkey {self.out / 'programme.vkey'}",
            f"python {self.out / 'offline' / 'check.py'} {self.out / 'programme.vkey'} {self.out / '*.receipt'}",
        ):
            self.screen.print(Text(f"  {command}"), soft_wrap=True)

    def write_report(self, programme: Programme, totals: Figures, refusals: list[Refusal], proofs: _Proofs) -> None:
        names = ("lot", "issued", "redeemed", "expired", "clawed_back", "outstanding")
        timing = programme.timing
        report = {
            "purchases": programme.purchases,
            "skipped": programme.skipped,
            "redemptions": programme.redemptions,
            "transactions": programme.applied,
            "members": len(programme.members),
            "minted": str(totals.minted),
            "redeemed": str(totals.redeemed),
            "expired": str(totals.expired),
            "clawed_back": str(totals.clawed_back),
            "supply": str(totals.supply),
            "holders": totals.holders,
            "liability": [
                {name: value if name == "lot" else str(value) for name, value in zip(names, lot, strict=True)}
                for lot in totals.lots
            ],
            "swept": [{"date": _day(day), "points": str(points)} for day, points in programme.swept],
            "refusals": [asdict(refusal) for refusal in refusals],
            "seconds": {"applying": timing.applying, "signing": timing.signing, "overall": timing.overall},
            "transactions_per_second": {
                "applying": programme.applied / max(timing.applying, 1e-9),
                "overall": programme.applied / max(timing.overall, 1e-9),
            },
            "member": {
                "customer": proofs.customer,
                "account": proofs.account.hex(),
                "amount": str(proofs.amount),
                "lots": proofs.lots,
            },
            "asset": programme.asset.hex(),
            "brand": programme.brand.hex(),
            "till": programme.till.hex(),
            "other_process": proofs.checked,
        }
        (self.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _expect(proofs: _Proofs) -> None:
    """The other process must say what the ledger says, and refuse both forgeries, without the native module."""
    checked = proofs.checked["proofs"]
    for what, expected, actual in (
        (
            "member.statement",
            (True, str(proofs.amount)),
            (checked["member.statement"]["ok"], checked["member.statement"].get("amount")),
        ),
        ("purchase.receipt", True, checked["purchase.receipt"]["ok"]),
        ("forged.statement", False, checked["forged.statement"]["ok"]),
        ("forged.receipt", False, checked["forged.receipt"]["ok"]),
        ("modules of counterfoil in the other process", [], proofs.checked["counterfoil_modules"]),
        ("whether it could import counterfoil", False, proofs.checked["counterfoil_can_be_imported"]),
    ):
        if expected != actual:
            message = f"demo: {what}: expected {expected}, found {actual}"
            raise CommandError(message, Exit.REFUSED)


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _why(refusal: dict[str, Any]) -> str:
    message = refusal["message"]
    short = " ".join(
        word if len(word) < 30 else f"{word[:8]}…{',' * word.endswith(',')}" for word in str(message).split(" ")
    )
    return f"{refusal['reason']}: {short}"


def _day(day: int) -> str:
    return _console.day_text(day)
