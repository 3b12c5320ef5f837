"""`export ledger` and `import`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli import _audit, _console, _inputs
from counterfoil.cli._app import EXIT_CODES, JsonOption, KeyOption, LedgerOption, app, export_app
from counterfoil.cli._errors import CommandError, found
from counterfoil.cli._verify import vkey_text
from counterfoil.exceptions import AuditError, HandedOverError
from counterfoil.exports import check_new_file


@export_app.command("ledger", short_help="Write the whole ledger to one file.", epilog=EXIT_CODES)
def export_ledger(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where it goes. Nothing may be there yet.", show_default=False)
    ],
    ledger: LedgerOption,
    hand_over_to: Annotated[
        str | None,
        typer.Option(
            "--hand-over-to",
            metavar="KEY",
            help="First end the ledger here: the holder of this key (did:key:z6Mk…) goes on with it. Needs --key.",
            show_default=False,
        ),
    ] = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Write the whole ledger to one file: the log up to its last commit, and all checkpoints.

    The state is not in it: who imports the file computes it again, and so finds the same roots. Reading alone needs no
    key, and goes on beside the ledger's writer.

    With --hand-over-to the ledger ends here for good. A last checkpoint is signed, and an entry that names the new
    operator's key; after that the old key signs nothing, and the folder opens read-only. If the file cannot be written
    then, run the command again.

    \b
      counterfoil export ledger club.export
      counterfoil export ledger club.export -k operator.key --hand-over-to did:key:z6Mk…
    """
    from counterfoil.ledger import Ledger

    if hand_over_to is not None:
        if key is None:
            message = "export ledger: --hand-over-to needs --key FILE, the key of the operator who hands over"
            raise CommandError(message)
        if not hand_over_to.startswith("did:key:"):
            message = (
                f"--hand-over-to: expected did:key:z6Mk…, as `counterfoil keygen` prints, found {found(hand_over_to)}"
            )
            raise CommandError(message)
    if file.exists():
        message = f"{found(str(file))} is there already; give another file"
        raise CommandError(message)
    check_new_file(file)  # And a folder that takes no file, before the ledger ends here for one.
    if hand_over_to is not None:
        heir = _inputs.account_from(hand_over_to)
        try:
            with _inputs.writing(ledger, key) as opened:
                opened.hand_over(heir)
        except HandedOverError as error:
            # To the same heir, by a run whose file could not be written: that is done again.
            if heir.hex() not in str(error):
                raise
    with Ledger.open(ledger, read_only=True) as opened, _console.progress("Writing the log") as tell:
        exported = opened.export(file, progress=tell)
    value = {
        "file": str(file),
        "ledger": exported.ledger.hex(),
        "entries": exported.size,
        "root_hash": exported.root_hash.hex(),
        "checkpoints": exported.checkpoints,
        "signed_entries": exported.signed_size,
        "bytes": exported.bytes,
    }
    if json:
        _console.emit(value)
    else:
        texts = [(name.replace("_", " "), f"{one:,}" if isinstance(one, int) else one) for name, one in value.items()]
        _console.fields(None, texts)


@app.command("import", short_help="Make a ledger of a file by `export ledger`.", epilog=EXIT_CODES)
def import_ledger(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file.", show_default=False)],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.", show_default=False)],
    vkey: _audit.OptionalVkeyOption = None,
    json: JsonOption = False,
) -> None:
    """Make a ledger of a file that `export ledger` wrote, with the same log, ids and roots.

    Nothing in the file is trusted: it is replayed as `counterfoil audit` replays it. An import that was interrupted
    goes on when it is called again. The ledger opens like a restored backup, and signs only after it has been compared
    with the last checkpoint that was published: `counterfoil checkpoint -k operator.key --confirm published.note`.

    \b
      counterfoil import club.export club.ledger --vkey club.vkey
    """
    from counterfoil.audit import import_ledger as replay

    trusted = None if vkey is None else vkey_text(vkey)
    try:
        with _console.progress("Replaying the log") as tell:
            history = replay(file, folder, vkey=trusted, progress=tell)
    except AuditError as error:
        _audit.tell_refusal(error, folder, json=json)
        raise
    if json:
        _console.emit({"ok": True, "folder": str(folder), **_audit.history_json(history)})
    else:
        _console.fields(f"imported into {folder}", _audit.history_fields(history))
