"""`export tiles`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli import _console, _inputs
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, export_app
from counterfoil.cli._prove import need_checkpoint


@export_app.callback()
def _root() -> None:
    """Write the ledger out for others to read.

    \b
      counterfoil export tiles public/          the log as static files
      counterfoil export ledger club.export     the whole ledger in one file
    """


@export_app.command(epilog=EXIT_CODES)
def tiles(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The folder: new, empty, or one that was exported to.", show_default=False),
    ],
    ledger: LedgerOption,
    entries: Annotated[
        bool, typer.Option("--entries", help="Also write the entries: every transaction, for everybody to read.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the log as static files that any web server or CDN can serve: C2SP tlog-tiles.

    It covers the last checkpoint. Run it again after later ones: it writes what is new, and the checkpoint last, so
    that the folder is whole whenever it is read. A folder that shows another history is refused, and left as it is.

    \b
      counterfoil export tiles public/
      counterfoil export tiles public/ --entries
    """
    from counterfoil.tiles import export_tiles

    with _inputs.reading(ledger) as opened:
        need_checkpoint(opened.last_checkpoint)
        with _console.progress("Writing tiles") as tell:
            exported = export_tiles(opened, directory, entries=entries, progress=tell)
    if json:
        _console.emit(
            {
                "directory": str(directory),
                "tree_size": exported.tree_size,
                "root_hash": exported.root_hash.hex(),
                "files": exported.files,
                "bytes": exported.bytes,
            }
        )
    else:
        _console.note(
            f"{directory}: {exported.tree_size:,} entries; {exported.files:,} new files, {exported.bytes:,} bytes"
        )
