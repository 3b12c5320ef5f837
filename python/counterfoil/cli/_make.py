"""`init` and `keygen`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli import _console, _inputs
from counterfoil.cli._app import EXIT_CODES, JsonOption, TimeOption, app
from counterfoil.cli._errors import CommandError, found


@app.command(short_help="Make a key.", epilog=EXIT_CODES)
def keygen(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the key goes. Nothing may be there yet.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Make a key, and write it to a file that only you can read.

    The file holds the secret. What is printed is the public half: the text of the key account that it is.

    \b
      counterfoil keygen operator.key
      counterfoil keygen ann.key --json
    """
    from counterfoil.keys import Key

    key = Key.generate()
    try:
        key.save(file)
    except FileExistsError:
        message = f"{found(str(file))} is there already; a key is never overwritten, for it cannot be made again"
        raise CommandError(message) from None
    if json:
        _console.emit({"file": str(file), "account": key.account.hex(), "text": key.did})
    else:
        _console.fields(None, [("file", file), ("account", key.did)])


@app.command(short_help="Make a ledger.", epilog=EXIT_CODES)
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.", show_default=False)],
    origin: Annotated[
        str,
        typer.Option(help="The name in every checkpoint: DNS-like, with a path.", show_default=False, metavar="NAME"),
    ],
    key: Annotated[
        Path,
        typer.Option(
            "--key",
            "-k",
            envvar="COUNTERFOIL_KEY",
            metavar="FILE",
            help="The operator's key file, made by `counterfoil keygen`. It is not copied into the ledger.",
            show_default=False,
        ),
    ],
    vkey: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the verifier key to a file.", show_default=False)
    ] = None,
    time: TimeOption = None,
    window: Annotated[
        int, typer.Option(metavar="SECONDS", help="How far ahead a transaction's valid_until may lie.")
    ] = 3_600,
    creator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ACCOUNT", help="Who may create assets; may be given again. Default: anybody.", show_default=False
        ),
    ] = None,
    governor: Annotated[
        str | None,
        typer.Option(
            metavar="ACCOUNT", help="Who may change these rules later. Default: nobody, ever.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a ledger.

    Its id depends on everything given here and on a random salt. Hand the verifier key to those who check proofs.

    \b
      counterfoil init club.ledger --origin club.example/beans -k operator.key
      counterfoil init old --origin shop.example/points --time 1996-12-01
    """
    from counterfoil.ledger import Ledger
    from counterfoil.verify import Parameters

    parameters = Parameters(
        window_ms=window * 1_000,
        asset_creators=None if not creator else [_inputs.account_from(one) for one in creator],
        governor=None if governor is None else _inputs.account_from(governor),
    )
    operator = _inputs.key_from(key)
    if vkey is not None and vkey.exists():
        message = f"{found(str(vkey))} is there already; give another --vkey"
        raise CommandError(message)
    with Ledger.create(
        folder, origin=origin, operator=operator, time=_inputs.time_from(time), parameters=parameters
    ) as ledger:
        identifier, text = ledger.id.hex(), ledger.verifier_key
    if vkey is not None:
        _inputs.write_file(vkey, f"{text}\n".encode(), force=False)
    if json:
        _console.emit(
            {"folder": str(folder), "id": identifier, "origin": origin, "operator": operator.did, "verifier_key": text}
        )
    else:
        _console.fields(
            None,
            [
                ("folder", folder),
                ("id", identifier),
                ("origin", origin),
                ("operator", operator.did),
                ("verifier key", text),
            ],
        )
