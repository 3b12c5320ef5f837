"""`journal export`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from counterfoil.cli import _console, _inputs
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, journal_app
from counterfoil.cli._members import OptionalSeedOption, OptionalStoreOption, OutOption, new_file, store_if_any


@journal_app.callback()
def _journal() -> None:
    """What every transaction did to balances, for the books. Needs `pip install 'counterfoil[members]'`.

    \b
      counterfoil journal export --out journal.csv
    """


@journal_app.command("export", short_help="Write what every transaction did to balances.", epilog=EXIT_CODES)
def export_journal(
    ledger: LedgerOption,
    out: OutOption,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="WHEN",
            help="The last time to include: ms, or a UTC date, of which its beginning counts. Default: to the end.",
            show_default=False,
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ACCOUNT", help="Only what this account got and gave.", show_default=False),
    ] = None,
    store: OptionalStoreOption = None,
    seed_file: OptionalSeedOption = None,
    json: JsonOption = False,
) -> None:
    """Write what every transaction did to balances to a CSV file.

    The columns are index,time,transaction,asset,symbol,account,customer,amount. Where units came from or went to no
    account, `account` is minted, burned, redeemed or expired. Amounts are in whole units, with a point and the asset's
    decimals; they add up to zero for each asset, in each transaction and in the file. The log is applied again from
    genesis, in memory.

    \b
      counterfoil journal export --out january.csv --until 1997-01-31T23:59:59.999
      counterfoil journal export --out journal.csv \\
        --store members.db --seed-file members.seed
    """
    from counterfoil import csvfiles

    time = _inputs.time_from(until, "--until")
    only = None if account is None else _inputs.account_from(account)
    with contextlib.ExitStack() as stack:
        members = stack.enter_context(store_if_any("journal export", store, seed_file))
        opened = stack.enter_context(_inputs.reading(ledger))
        with _console.progress("Replaying the log") as tell, new_file(out):
            count = csvfiles.export_journal(opened, out, until=time, account=only, members=members, progress=tell)
    if json:
        _console.emit({"file": str(out), "postings": count})
    else:
        _console.fields(None, [("file", out), ("postings", f"{count:,}")])
