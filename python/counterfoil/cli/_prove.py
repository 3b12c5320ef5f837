"""`prove balance`, `prove transaction`, `prove entry`, `prove record` and `prove exit`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterfoil.cli import _console, _inputs, _values
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, prove_app
from counterfoil.cli._errors import CommandError, Exit, found
from counterfoil.page import page_of
from counterfoil.verify import TABLES

if TYPE_CHECKING:
    from counterfoil.ledger import Ledger, Statement

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Where it goes; `-` is stdout. Default: a name made of the id, here.",
        show_default=False,
    ),
]
HtmlOption = Annotated[
    bool,
    typer.Option("--html", help="Write one page for a browser, with the proof and the verifier key inside."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file.")]


@prove_app.callback()
def _root() -> None:
    """Write a proof to a file: a statement about a record, or a receipt for a transaction.

    It proves what stood, or did not stand, at the last checkpoint. `counterfoil verify` checks it, anywhere.

    \b
      counterfoil prove balance BEAN did:key:z6Mk… --out ann.statement
      counterfoil prove transaction 4be1…90 --out purchase.receipt
      counterfoil prove record assets BEAN
      counterfoil prove balance BEAN did:key:z6Mk… --html   a page that checks it
      counterfoil prove exit did:key:z6Mk… --html           all that one has
    """


@prove_app.command(epilog=EXIT_CODES)
def balance(
    asset: Annotated[
        str, typer.Argument(metavar="ASSET", help="64 hex digits, SYMBOL or ISSUER:SYMBOL.", show_default=False)
    ],
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", help="did:key:z6Mk…, acct1… or 64 hex digits.", show_default=False)
    ],
    ledger: LedgerOption,
    out: OutOption = None,
    html: HtmlOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Prove what an account holds, or that it holds nothing, and the supply.

    \b
      counterfoil prove balance BEAN did:key:z6Mk… --out ann.statement
      counterfoil prove balance BEAN did:key:z6Mk… --html --out ann.html
    """
    identifier = _inputs.account_from(account)
    with _inputs.reading(ledger) as opened:
        key, _ = _inputs.asset_from(opened, asset)
        need_checkpoint(opened.last_checkpoint)
        statement = opened.prove_balance(key, identifier)
        data = _data(opened, statement, html=html, asset=key)
    _write(data, out, _name(identifier.hex()[:16], "statement", html=html), force=force, json=json)


@prove_app.command(epilog=EXIT_CODES)
def transaction(
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="The transaction's id, 64 hex digits.", show_default=False)
    ],
    ledger: LedgerOption,
    out: OutOption = None,
    html: HtmlOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Prove that a transaction was applied: a receipt.

    \b
      counterfoil prove transaction 4be1…90 --out purchase.receipt
    """
    wanted = _inputs.hash_from(identifier, "transaction id")
    with _inputs.reading(ledger) as opened:
        need_checkpoint(opened.last_checkpoint)
        receipt = opened.prove_transaction(wanted)
        data = _data(opened, receipt, html=html)
    _write(data, out, _name(wanted.hex()[:16], "receipt", html=html), force=force, json=json)


@prove_app.command(epilog=EXIT_CODES)
def entry(
    index: Annotated[
        int, typer.Argument(metavar="INDEX", min=0, help="The entry's index in the log.", show_default=False)
    ],
    ledger: LedgerOption,
    out: OutOption = None,
    html: HtmlOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Prove that an entry is in the log: a receipt, where the entry is a transaction.

    \b
      counterfoil prove entry 42
    """
    with _inputs.reading(ledger) as opened:
        need_checkpoint(opened.last_checkpoint)
        if index >= opened.size:
            message = (
                f"the log of {opened.origin} has {opened.size:,} entries; expected an index below that, found {index}"
            )
            raise CommandError(message, Exit.NOT_FOUND)
        receipt = opened.prove_entry(index)
        data = _data(opened, receipt, html=html)
    _write(data, out, _name(f"entry-{index}", "receipt", html=html), force=force, json=json)


@prove_app.command(epilog=EXIT_CODES)
def record(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=f"One of: {', '.join(TABLES)}.", show_default=False)],
    ledger: LedgerOption,
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PART]...", help="What names the record; see above.", show_default=False),
    ] = None,
    out: OutOption = None,
    html: HtmlOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Prove any record of any table, or that it is not there.

    \b
      counterfoil prove record accounts ACCOUNT          its keys
      counterfoil prove record assets ASSET              its terms and powers
      counterfoil prove record mandates ACCOUNT AGENT ASSET|SCHEMA
      counterfoil prove record holders ASSET ACCOUNT
      counterfoil prove record lots ASSET LOT            LOT: 1997-01, or its number
      counterfoil prove record freezes ASSET ACCOUNT
      counterfoil prove record redemptions ASSET ACCOUNT ORDER   ORDER: 64 hex digits
      counterfoil prove record debts ASSET ACCOUNT
      counterfoil prove record once ACCOUNT KEY          KEY: 64 hex digits
      counterfoil prove record holds ID                  ID: 64 hex digits
      counterfoil prove record hold_groups ID
      counterfoil prove record designs ASSET DESIGN      DESIGN, EDITION: numbers
      counterfoil prove record items ASSET DESIGN EDITION
      counterfoil prove record campaigns ID
      counterfoil prove record claimants ID ACCOUNT      ID: the campaign's
      counterfoil prove record schemas SCHEMA            SCHEMA: 64 hex digits, or CREATOR:NAME
      counterfoil prove record attestations SCHEMA ISSUER SUBJECT [NONCE]
      counterfoil prove record guardians ACCOUNT         who may recover it
      counterfoil prove record recoveries ACCOUNT        the recovery that is running
      counterfoil prove record constitutions ACCOUNT     who may do what in its name
      counterfoil prove record proposals ID
      counterfoil prove record votes ID MEMBER           ID: the proposal's; MEMBER: an account, or a hold's ID
      counterfoil prove record rankings ID OPTIONS       OPTIONS: best first, such as 2,0,1
      counterfoil prove record delegations ACCOUNT DELEGATOR
      counterfoil prove record resolutions ACCOUNT RULE HASH  RULE: its hash; HASH: the subject
      counterfoil prove record snapshots ASSET NUMBER
      counterfoil prove record saved ASSET ACCOUNT       what it had in snapshots, where that has changed
      counterfoil prove record distributions ID
      counterfoil prove record collected ID MEMBER       ID: the distribution's
      counterfoil prove record parameters
    """
    if table not in TABLES:
        message = f"table: expected one of {', '.join(TABLES)}, found {found(table)}"
        raise CommandError(message)
    expected, _ = _values.RECORD_PARTS[table]
    given = parts or []
    least = sum(not kind.startswith("[") for kind in expected)
    if not least <= len(given) <= len(expected):
        wanted = " ".join(expected) or "nothing more"
        message = f"prove record {table}: expected {wanted}, found {len(given)} of {len(expected)}"
        raise CommandError(message)
    with _inputs.reading(ledger) as opened:
        named = [_part_from(opened, kind, text) for kind, text in zip(expected, given, strict=False)]
        need_checkpoint(opened.last_checkpoint)
        key, identifier = _values.record_id_of(table, named)
        statement = opened.prove(table, identifier, key=key or None)
        data = _data(opened, statement, html=html, asset=key or None)
    _write(data, out, _name(f"{table}-{identifier.hex()[:16]}", "statement", html=html), force=force, json=json)


@prove_app.command("exit", epilog=EXIT_CODES)
def exit_(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", help="did:key:z6Mk…, acct1… or 64 hex digits.", show_default=False)
    ],
    ledger: LedgerOption,
    out: OutOption = None,
    html: HtmlOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Prove all that an account has, and what was done with it: what a member needs if the platform closes.

    Its keys, balances and items with their terms, the holds in which it has a part, what was attested of it, and a
    receipt of every transaction that names it, all under the last checkpoint, with the cosignatures of witnesses. With
    --html it is one page that needs nothing else to be checked.

    \b
      counterfoil prove exit did:key:z6Mk… --html --out ann.html
    """
    from counterfoil.exceptions import ReadOnlyError
    from counterfoil.exit import exit_bundle, exit_page

    identifier = _inputs.account_from(account)
    with _inputs.reading(ledger) as opened:
        need_checkpoint(opened.last_checkpoint)
        try:
            data = exit_page(opened, identifier).encode() if html else exit_bundle(opened, identifier)
        except ReadOnlyError:
            message = "the log has gone on since the last checkpoint; sign one with `counterfoil checkpoint --key FILE`"
            raise CommandError(message, Exit.REFUSED) from None
    _write(data, out, _name(identifier.hex()[:16], "exit", html=html), force=force, json=json)


def _name(stem: str, suffix: str, *, html: bool) -> str:
    return f"{stem}.{'html' if html else suffix}"


def _data(ledger: Ledger, proof: Statement, *, html: bool, asset: bytes | None = None) -> bytes:
    """What is written: the proof, or a page with it inside."""
    if not html:
        return bytes(proof)
    proofs = [proof]
    # By the asset's record the page shows whole units and the symbol. Neither ever changes, so that it does not matter
    # whether a writer made another checkpoint meanwhile.
    if asset is not None and ledger.asset(asset) is not None:
        proofs.append(ledger.prove("assets", asset))
    return page_of(proofs, ledger.verifier_key).encode()


def _part_from(ledger: Ledger, kind: str, text: str) -> bytes:
    if kind == "ASSET|SCHEMA":
        schema = _inputs.schema_if_any(ledger, text)
        return _inputs.asset_from(ledger, text)[0] if schema is None else schema
    if kind == "ASSET":
        return _inputs.asset_from(ledger, text)[0]
    if kind == "SCHEMA":
        return _inputs.schema_from(text)
    if kind in ("KEY", "ID", "ORDER", "[NONCE]", "RULE", "HASH"):
        return _inputs.hash_from(text, kind.strip("[]").lower())
    if kind == "OPTIONS":
        return _options_from(text)
    if kind in ("DESIGN", "EDITION", "NUMBER"):
        return _inputs.number_from(text, kind.lower()).to_bytes(4, "big")
    if kind == "LOT":
        return _lot_from(text).to_bytes(4, "big")
    return _inputs.account_from(text)


def _options_from(text: str) -> bytes:
    parts = text.split(",")
    whole = all(part.isascii() and part.isdigit() and len(part) <= 2 and int(part) < 16 for part in parts)
    if not whole or len(parts) > 16:
        message = f"options: expected up to 16 numbers of options, best first, such as 2,0,1; found {found(text)}"
        raise CommandError(message)
    return bytes([int(part) for part in parts]).ljust(16, b"\xff")


def _lot_from(text: str) -> int:
    parts = text.split("-")
    whole = all(part.isascii() and part.isdigit() and len(part) <= 10 for part in parts)
    if whole and len(parts) == 1 and int(text) < 2**32:
        return int(text)
    if whole and len(parts) == 2 and len(parts[0]) == 4 and int(parts[0]) >= 1970 and 1 <= int(parts[1]) <= 12:
        return (int(parts[0]) - 1970) * 12 + int(parts[1]) - 1
    message = f"lot: expected a month such as 1997-01, or a lot's number, found {found(text)}"
    raise CommandError(message)


def need_checkpoint(note: str | None) -> None:
    """Refuse what is proven under a checkpoint where there is none."""
    if note is None:
        message = "the last commit has no checkpoint; sign one with `counterfoil checkpoint --key FILE`"
        raise CommandError(message, Exit.REFUSED)


def _write(data: bytes, out: Path | None, name: str, *, force: bool, json: bool) -> None:
    path = Path(name) if out is None else out
    _inputs.write_file(path, data, force=force)
    if str(path) == "-":
        return
    if json:
        _console.emit({"file": str(path), "bytes": len(data)})
    else:
        _console.note(f"{path}: {len(data):,} bytes")
