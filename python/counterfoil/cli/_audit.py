"""`audit`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterfoil.cli import _console
from counterfoil.cli._app import EXIT_CODES, JsonOption, app
from counterfoil.cli._errors import one_line
from counterfoil.cli._verify import vkey_text
from counterfoil.exceptions import AuditError
from counterfoil.exports import new_file
from counterfoil.verify import encode_did_key

if TYPE_CHECKING:
    from counterfoil.audit import AssetTotals, Audit, History

OptionalVkeyOption = Annotated[
    str | None,
    typer.Option(
        envvar="COUNTERFOIL_VKEY",
        metavar="KEY",
        help="The operator's verifier key, now or earlier, from a source you trust: its text, or a file that holds it.",
        show_default=False,
    ),
]


@app.command(short_help="Replay a log with no trust, and add up what is owed.", epilog=EXIT_CODES)
def audit(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A ledger's folder, a file by `export ledger`, or a folder or URL of tiles with entries.",
            show_default=False,
        ),
    ],
    vkey: OptionalVkeyOption = None,
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keeps what was replayed, to go on from there. Default: a temporary folder, removed at the end.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Replay a log from genesis with no trust in who kept it, and print supply and liability of each asset.

    Every signature is verified, every transaction applied again, every state root and checkpoint compared. Of a
    ledger's folder only the log is read, beside its writer. The exit code is 1 where something does not hold; the line
    says where, what was found and what was expected.

    With --vkey the audit ends with the last checkpoint, as what follows is signed by nobody. Without it everything is
    replayed, and only known to be consistent with itself.

    With --work an audit that was interrupted goes on where it was, and the next one, next month, takes what is new.
    Where the operator has signed another history than the one in FOLDER, evidence of it is written to FOLDER.evidence.

    \b
      counterfoil audit club.ledger --vkey club.vkey
      counterfoil audit january.export --vkey club.vkey --work audit/club
      counterfoil audit https://log.club.example/ --vkey club.vkey --json
    """
    from counterfoil.audit import audit as replay

    key = None if vkey is None else vkey_text(vkey)
    try:
        with _console.progress("Replaying the log") as tell:
            found = replay(source, work, vkey=key, progress=tell)
    except AuditError as error:
        tell_refusal(error, work, json=json)
        raise
    if json:
        _console.emit(_audit_json(found))
    else:
        _print_audit(found)


def tell_refusal(error: AuditError, folder: Path | None, *, json: bool) -> None:
    """Keep the evidence that came of a refusal in a file beside the folder, and tell of both."""
    evidence = _keep_evidence(error, folder)
    if json:
        _console.emit(
            {
                "ok": False,
                "place": one_line(error.place),
                "index": error.index,
                "expected": one_line(error.expected),
                "found": one_line(error.found),
                "evidence": None if evidence is None else str(evidence),
            }
        )


def _keep_evidence(error: AuditError, folder: Path | None) -> Path | None:
    """The file, if there is evidence and a folder that it can lie beside."""
    if not error.evidence:
        return None
    if folder is None:
        _console.hint("there is evidence of two histories: give --work FOLDER to keep it in FOLDER.evidence")
        return None
    path = Path(f"{folder}.evidence")
    try:
        with new_file(path) as file:
            file.write(error.evidence)
    except FileExistsError:
        _console.hint(f"evidence of two histories: {path} is there already, and was left as it is")
    except OSError as problem:
        _console.hint(f"evidence of two histories could not be written: {path}: {problem.strerror}")
        return None
    else:
        _console.hint(f"evidence of two histories, for everybody to check: {path}")
    _console.hint(f"counterfoil verify {shlex.quote(str(path))} --vkey {error.evidence_vkey}")
    return path


def history_json(history: History) -> dict[str, Any]:
    """A log that holds together, for machines."""
    return {
        "ledger": history.ledger.hex(),
        "origin": history.origin,
        "entries": history.size,
        "root_hash": history.root_hash.hex(),
        "state_root": history.state_root.hex(),
        "transactions": history.transactions,
        "commits": history.commits,
        "entries_known": history.known,
        "signatures_verified": history.signatures,
        "operators": [{"index": one.index, "key": one.public_key.hex()} for one in history.operators],
        "began_time_ms": history.began,
        "ended_time_ms": history.ended,
        "signed_entries": history.signed_size,
        "trusted": history.is_trusted,
    }


def history_fields(history: History) -> list[tuple[str, object]]:
    """A log that holds together, for people."""
    earlier = f", those of {history.known:,} entries before" if history.known else ""
    pairs: list[tuple[str, object]] = [
        ("ledger", history.ledger.hex()),
        ("origin", history.origin),
        ("entries", f"{history.size:,}: {history.transactions:,} transactions, {history.commits:,} commits"),
        ("signatures", f"{history.signatures:,} verified{earlier}"),
        ("from", f"{_console.when(history.began)} UTC"),
        ("to", f"{_console.when(history.ended)} UTC"),
        ("log root", history.root_hash.hex()),
        ("state root", history.state_root.hex()),
    ]
    for one in history.operators:
        since = f", from entry {one.index:,}" if one.index else ""
        pairs.append(("operator", f"{encode_did_key(one.public_key)}{since}"))
    unsigned = history.size - history.signed_size
    signed = f"the first {history.signed_size:,} entries" if unsigned else "all entries"
    if history.is_trusted:
        pairs.append(("checkpoints", f"{signed}, by the key given or one that followed it"))
    else:
        signed = f"{signed}, by the log's own word" if history.signed_size else "none"
        pairs.append(("checkpoints", f"{signed}; no --vkey was given: the log is only consistent with itself"))
    return pairs


def _asset_json(totals: AssetTotals) -> dict[str, Any]:
    record = totals.record
    return {
        "asset": totals.asset.hex(),
        "symbol": record.symbol,
        "issuer": record.issuer.hex(),
        "decimals": record.decimals,
        "supply": str(totals.supply),
        "outstanding": str(totals.outstanding),
        "holders": totals.holders,
        "in_programmes": {name: str(units) for name, units in totals.in_programmes.items()},
        **{
            name: str(getattr(record, name))
            for name in ("minted", "burned", "redeemed", "swept", "clawed_back", "owed", "supply_cap")
        },
        "debtors": record.debtors,
    }


def _audit_json(found: Audit) -> dict[str, Any]:
    return {"ok": True, **history_json(found.history), "assets": [_asset_json(one) for one in found.assets]}


def _print_audit(found: Audit) -> None:
    _console.fields("the log holds", history_fields(found.history))
    if not found.assets:
        return
    rows = []
    for one in found.assets:
        numbers = (one.supply, one.outstanding, sum(one.in_programmes.values()), one.record.owed)
        units = [_console.units(number, one.record.decimals) for number in numbers]
        rows.append((one.record.symbol, *units, f"{one.holders:,}"))
    _console.note("")
    _console.rows(["asset", ">supply", ">outstanding", ">in programmes", ">owed", ">holders"], rows)
    for one in found.assets:
        _console.note("")
        _console.fields(one.record.symbol, _asset_fields(one))


def _asset_fields(totals: AssetTotals) -> list[tuple[str, object]]:
    record = totals.record
    numbers = {
        "minted": record.minted,
        "burned": record.burned,
        "redeemed": record.redeemed,
        "swept": record.swept,
        "lapsed, not swept": totals.supply - totals.outstanding,
        **{f"in {name}": units for name, units in totals.in_programmes.items()},
    }
    pairs: list[tuple[str, object]] = [("asset", totals.asset.hex()), ("issuer", encode_did_key(record.issuer))]
    pairs += [(name, _console.units(units, record.decimals)) for name, units in numbers.items() if units]
    if record.debtors:
        pairs.append(("owed", f"{_console.units(record.owed, record.decimals)} by {record.debtors:,}"))
    return pairs
