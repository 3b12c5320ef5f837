"""`fsck`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli import _console
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, app


@app.command(short_help="Check a ledger's files from end to end.", epilog=EXIT_CODES)
def fsck(
    ledger: LedgerOption,
    full: Annotated[
        bool, typer.Option("--full", help="Also apply the whole log again from genesis, signatures included.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check a ledger's files from end to end, and change nothing.

    The log's tree must have its signed root, and the stored state must have the state root of the last commit. With
    --full every commit on the way must come out again. The exit code is 4 where something contradicts itself, and the
    line says where, what was expected and what was found; 5 while a writer has it open.

    \b
      counterfoil fsck
      counterfoil fsck --full --json
    """
    from counterfoil.ledger import fsck as check

    with _console.progress("Applying the log again" if full else "Checking") as tell:
        held = check(ledger, full=full, progress=tell)
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in held.items()}
    if json:
        _console.emit({"ok": True, "full": full, **plain})
        return
    pairs = [
        (name.replace("_", " "), f"{value:,}" if isinstance(value, int) else value) for name, value in plain.items()
    ]
    _console.fields("whole and consistent" + (", replayed from genesis" if full else ""), pairs)
