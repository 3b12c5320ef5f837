"""`members import`, `balances import` and `balances export`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterfoil.cli import _console, _inputs
from counterfoil.cli._app import EXIT_CODES, JsonOption, KeyOption, LedgerOption, balances_app, members_app
from counterfoil.cli._errors import CommandError, Exit, found

if TYPE_CHECKING:
    from counterfoil.csvfiles import ImportReport
    from counterfoil.history import Records
    from counterfoil.members import Members

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file, UTF-8.", show_default=False)]
StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="COUNTERFOIL_STORE",
        metavar="PATH",
        help="The store of members: a SQLite file, or the URL of a database.",
        show_default=False,
    ),
]
SeedOption = Annotated[
    Path,
    typer.Option(
        "--seed-file",
        envvar="COUNTERFOIL_SEED_FILE",
        metavar="FILE",
        help="The file with the store's seed, made by `counterfoil keygen`.",
        show_default=False,
    ),
]
OptionalStoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="COUNTERFOIL_STORE",
        metavar="PATH",
        help="The store of members, to name the customers.",
        show_default=False,
    ),
]
OptionalSeedOption = Annotated[
    Path | None,
    typer.Option(
        "--seed-file",
        envvar="COUNTERFOIL_SEED_FILE",
        metavar="FILE",
        help="The file with the store's seed.",
        show_default=False,
    ),
]
OutOption = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A new file.", show_default=False)]
AssetOption = Annotated[
    str, typer.Option("--asset", metavar="ASSET", help="64 hex digits, SYMBOL or ISSUER:SYMBOL.", show_default=False)
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write all refused rows as CSV: line,reason,text. A file that is there is replaced.",
        show_default=False,
    ),
]
ShowOption = Annotated[int, typer.Option(min=0, metavar="N", help="How many refused rows to list.")]


@members_app.callback()
def _members() -> None:
    """Customers and their accounts, in a store outside the ledger. Needs `pip install 'counterfoil[members]'`.

    The store's seed is what `counterfoil keygen` writes. Whoever has both signs for the members.

    \b
      counterfoil members import customers.csv --store members.db \\
        --seed-file members.seed
    """


@balances_app.callback()
def _balances() -> None:
    """Balances out of a CSV file, or into one. Needs `pip install 'counterfoil[members]'`.

    \b
      counterfoil balances import old.csv --asset BEAN --minter roaster.key \\
        --store members.db --seed-file members.seed
      counterfoil balances export --asset BEAN --out beans.csv
    """


@members_app.command("import", short_help="Add customers to a store of members.", epilog=EXIT_CODES)
def import_members(
    file: FileArgument,
    store: StoreOption,
    seed_file: SeedOption,
    report: ReportOption = None,
    show: ShowOption = 10,
    json: JsonOption = False,
) -> None:
    """Add the customers of a CSV file to a store of members, which is made where there is none.

    The file has the column `customer`; others are ignored. Who is a member already stays what he is: to repeat a file
    is safe. The exit code is 1 where one row or more were refused; the others are imported all the same.

    \b
      counterfoil keygen members.seed
      counterfoil members import customers.csv --store members.db \\
        --seed-file members.seed
    """
    from counterfoil import csvfiles

    with _opened(store, seed_file) as members, _rows(file) as tell:
        done = csvfiles.import_members(members, file, report=report, progress=tell)
    _finish(done, "members", show, json=json)


@balances_app.command("import", short_help="Mint to members what a CSV file says.", epilog=EXIT_CODES)
def import_balances(
    file: FileArgument,
    ledger: LedgerOption,
    asset: AssetOption,
    store: StoreOption,
    seed_file: SeedOption,
    minter: Annotated[
        Path, typer.Option("--minter", metavar="FILE", help="The key file of who may mint.", show_default=False)
    ],
    account: Annotated[
        str | None,
        typer.Option(
            metavar="ACCOUNT",
            help="The account for which the minter's key signs. Default: the key's own.",
            show_default=False,
        ),
    ] = None,
    key: KeyOption = None,
    report: ReportOption = None,
    show: ShowOption = 10,
    json: JsonOption = False,
) -> None:
    """Mint to each member of a CSV file what the file says, once for each row.

    The columns are `customer`, `amount` and, if there is one, `reference`; others are ignored. An amount without a
    point is in minor units, one with a point in whole units: with two decimals 250 and 2.50 are the same.

    To repeat a file is safe: a row that was imported before is not again. It is the one with the same customer and
    reference; without a reference the one with the same customer and amount on the same line. The exit code is 1 where
    one row or more were refused; the others are imported all the same. With the operator's key it also signs a
    checkpoint.

    \b
      counterfoil balances import old.csv --asset BEAN --minter roaster.key \\
        --store members.db --seed-file members.seed --report refused.csv
    """
    from counterfoil import csvfiles

    own = _inputs.key_from(minter)
    signer = own if account is None else own.on(_inputs.account_from(account))
    with _opened(store, seed_file, must_exist=True) as members, _inputs.writing(ledger, key) as opened:
        identifier, _ = _inputs.asset_from(opened, asset)
        with _rows(file) as tell:
            done = csvfiles.import_balances(
                opened, members, file, asset=identifier, minter=signer, report=report, progress=tell
            )
        if key is not None:
            opened.checkpoint()
    _finish(done, "rows", show, json=json)


@balances_app.command("export", short_help="Write what every holder of an asset has.", epilog=EXIT_CODES)
def export_balances(
    ledger: LedgerOption,
    asset: AssetOption,
    out: OutOption,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="WHEN",
            help="As it was after the last entry of this time or before: ms, or a UTC date. Default: as it stands.",
            show_default=False,
        ),
    ] = None,
    store: OptionalStoreOption = None,
    seed_file: OptionalSeedOption = None,
    json: JsonOption = False,
) -> None:
    """Write what every holder of an asset has to a CSV file: account,customer,amount,lots.

    Amounts are in minor units, so that `balances import` reads the file. While somebody writes to the ledger, rows are
    as of slightly different moments, but not with --as-of, which applies the log again: of a date its beginning counts.

    \b
      counterfoil balances export --asset BEAN --out beans.csv \\
        --store members.db --seed-file members.seed
      counterfoil balances export --asset BEAN --out january.csv \\
        --as-of 1997-01-31T23:59:59.999
    """
    from counterfoil import csvfiles

    time = _inputs.time_from(as_of, "--as-of")
    with contextlib.ExitStack() as stack:
        members = stack.enter_context(store_if_any("balances export", store, seed_file))
        opened = stack.enter_context(_inputs.reading(ledger))
        identifier, record = _inputs.asset_from(opened, asset)
        shown: Records = opened
        if time is not None:
            with _console.progress("Replaying the log") as tell:
                shown = opened.as_of(time, progress=tell)
        with new_file(out):
            count = csvfiles.export_balances(shown, identifier, out, members=members)
    if json:
        _console.emit({"file": str(out), "asset": identifier.hex(), "holders": count})
    else:
        _console.fields(None, [("file", out), ("asset", record.symbol), ("holders", f"{count:,}")])


@contextlib.contextmanager
def store_if_any(command: str, store: str | None, seed_file: Path | None) -> Iterator[Members | None]:
    """A store of members, where both of its options are given."""
    if (store is None) != (seed_file is None):
        message = f"{command}: expected --store and --seed-file, or neither; found one of them"
        raise CommandError(message)
    if store is None or seed_file is None:
        yield None
        return
    with _opened(store, seed_file, must_exist=True) as members:
        yield members


@contextlib.contextmanager
def new_file(out: Path) -> Iterator[None]:
    """What is written under a name that may not be taken."""
    try:
        yield
    except FileExistsError:
        message = f"{found(str(out))} is there already; give another --out"
        raise CommandError(message) from None


@contextlib.contextmanager
def _opened(store: str, seed_file: Path, *, must_exist: bool = False) -> Iterator[Members]:
    """A store of members, with the seed out of a key file."""
    from counterfoil.members import Members

    if must_exist and "://" not in store and not Path(store).exists():
        message = f"--store: there is no file {found(store)}"
        raise CommandError(message, Exit.NOT_FOUND)
    with Members(store, seed=_inputs.key_from(seed_file).seed) as members:
        yield members


@contextlib.contextmanager
def _rows(file: Path) -> Iterator[Callable[[int], None]]:
    """A progress bar over the lines of a file: what is not a file has no length, and no bar."""
    total = 0
    if file.is_file():
        with file.open("rb") as content:
            total = sum(block.count(b"\n") for block in iter(lambda: content.read(2**20), b""))
    with _console.progress("Importing") as tell:
        yield lambda rows: tell(rows, max(rows, total)) if total else None


def _finish(done: ImportReport, what: str, show: int, *, json: bool) -> None:
    if json:
        _console.emit(
            {
                "rows": done.rows,
                "done": done.done,
                "repeated": done.repeated,
                "refused": done.refused_count,
                "ignored_columns": list(done.ignored),
                "refused_rows": [
                    {"line": row.line, "reason": row.reason, "text": row.text} for row in done.refused[:show]
                ],
            }
        )
    else:
        _print(done, what, show)
    if done.refused_count:
        raise typer.Exit(int(Exit.REFUSED))


def _print(done: ImportReport, what: str, show: int) -> None:
    _console.note(f"{done.done:,} {what} imported, {done.repeated:,} were before, {done.refused_count:,} rows refused")
    if done.ignored:
        _console.hint(f"ignored columns: {', '.join(done.ignored)}")
    listed = done.refused[:show]
    if listed:
        _console.note("")
        _console.rows([">line", "why", "row"], [(f"{row.line:,}", row.reason, row.text) for row in listed])
    if done.refused_count > len(listed):
        _console.note(f"and {done.refused_count - len(listed):,} more; --report FILE has them all")
