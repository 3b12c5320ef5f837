"""`apply` and `checkpoint`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterfoil.cli import _console, _inputs
from counterfoil.cli._app import EXIT_CODES, JsonOption, KeyOption, LedgerOption, TimeOption, app
from counterfoil.cli._errors import CommandError, Exit, found

if TYPE_CHECKING:
    from counterfoil.ledger import Outcome, Outcomes

_LENGTH_BYTES = 4


@app.command(short_help="Apply the signed transactions in a file.", epilog=EXIT_CODES)
def apply(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Signed transactions, each after its length (u32, little-endian). `-` is stdin.",
            show_default=False,
        ),
    ],
    ledger: LedgerOption,
    key: KeyOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Run the same code and change nothing.")] = False,
    time: TimeOption = None,
    show: Annotated[int, typer.Option(min=0, metavar="N", help="How many refused transactions to list.")] = 10,
    json: JsonOption = False,
) -> None:
    """Apply the signed transactions of a file: in order, each wholly or not at all.

    They are durable when it ends. One that was applied before is not applied again: to repeat a file is safe. The exit
    code is 1 where one or more were refused; the others are applied all the same. With the operator's key it also signs
    a checkpoint.

    \b
      counterfoil apply monday.transactions -k operator.key
      counterfoil apply monday.transactions --dry-run --json
      some-signer | counterfoil apply -
    """
    when = _inputs.time_from(time)
    data = _inputs.read_file(file, "transactions")
    _check_frames(data, "stdin" if str(file) == "-" else str(file))
    with _inputs.writing(ledger, key) as opened:
        outcomes = opened.apply(data, time=when, dry_run=dry_run)
        if key is not None and not dry_run:
            opened.checkpoint()
    if json:
        _console.emit(_outcomes_json(outcomes, dry_run=dry_run))
    else:
        _print_outcomes(outcomes, show, dry_run=dry_run)
    if outcomes.applied < len(outcomes):
        raise typer.Exit(int(Exit.REFUSED))


def _check_frames(data: bytes, name: str) -> None:
    """Refuse a file that is not whole, before any of it is applied."""
    place = 0
    for number in itertools.count():
        if place == len(data):
            return
        size = int.from_bytes(data[place : place + _LENGTH_BYTES], "little")
        left = len(data) - place - _LENGTH_BYTES
        if left < size:
            there = f"{left:,}" if left >= 0 else "not even a length"
            message = (
                f"{found(name)}: transaction {number}, at byte {place:,}: expected {size:,} bytes after its length "
                f"(u32, little-endian), found {there}; nothing was applied"
            )
            raise CommandError(message)
        place += _LENGTH_BYTES + size


def _row(position: int, outcome: Outcome) -> dict[str, Any]:
    return {
        "position": position,
        "id": outcome.id.hex(),
        "status": outcome.status.name,
        "operation": outcome.operation,
        "index": outcome.index,
        "duplicate": outcome.duplicate,
    }


def _outcomes_json(outcomes: Outcomes, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "transactions": len(outcomes),
        "applied": outcomes.applied,
        "refused": len(outcomes) - outcomes.applied,
        "statuses": {status.name: count for status, count in outcomes.counts.items()},
        "outcomes": [_row(position, outcome) for position, outcome in enumerate(outcomes)],
    }


def _print_outcomes(outcomes: Outcomes, show: int, *, dry_run: bool) -> None:
    would = "would be applied" if dry_run else "applied"
    _console.note(f"{outcomes.applied:,} of {len(outcomes):,} transactions {would}")
    refused = {status: count for status, count in outcomes.counts.items() if status}
    if not refused:
        return
    _console.note("")
    _console.rows(
        [">refused", "status", "why"],
        [
            (f"{count:,}", status.name, status.explain + (" May succeed later." if status.is_transient else ""))
            for status, count in sorted(refused.items(), key=lambda pair: -pair[1])
        ],
    )
    listed: Sequence[tuple[int, Outcome]] = list(
        itertools.islice(((place, one) for place, one in enumerate(outcomes) if not one.ok), show)
    )
    if listed:
        _console.note("")
        _console.rows(
            [">position", "id", "operation", "status"],
            [
                (place, one.id.hex()[:16] + "…", "" if one.operation is None else one.operation, one.status.name)
                for place, one in listed
            ],
        )
    if sum(refused.values()) > len(listed):
        _console.note(f"and {sum(refused.values()) - len(listed):,} more; --show N lists them, --json all")


@app.command(short_help="Sign a checkpoint and print it.", epilog=EXIT_CODES)
def checkpoint(
    ledger: LedgerOption,
    key: KeyOption = None,
    last: Annotated[bool, typer.Option("--last", help="Sign nothing; print the last one that was signed.")] = False,
    confirm: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A restored copy: first compare it with this checkpoint, the last that was published.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it to a file.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    time: TimeOption = None,
    json: JsonOption = False,
) -> None:
    """Commit what has changed, sign a checkpoint, and print it.

    It is a C2SP signed note: origin, tree size, root hash, signature. Publish it where members find it.

    \b
      counterfoil checkpoint -k operator.key
      counterfoil checkpoint --last --json
      counterfoil checkpoint -k operator.key --confirm published.note
    """
    if last == (key is not None) and confirm is None:
        message = "checkpoint: expected either --key FILE, to sign one, or --last; found " + (
            "both" if last else "none"
        )
        raise CommandError(message)
    when = _inputs.time_from(time)
    note: str | None
    if last:
        with _inputs.reading(ledger) as opened:
            note, vkey = opened.last_checkpoint, opened.verifier_key
        if note is None:
            message = "the last commit has no checkpoint; sign one with --key FILE"
            raise CommandError(message, Exit.NOT_FOUND)
    else:
        published = None if confirm is None else _inputs.read_file(confirm, "--confirm").decode("utf-8", "replace")
        with _inputs.writing(ledger, key) as opened:
            if published is not None:
                opened.confirm(published)
            note, vkey = opened.checkpoint(time=when), opened.verifier_key
    _print_checkpoint(note, vkey, out, force=force, json=json)


def _print_checkpoint(note: str, vkey: str, out: Path | None, *, force: bool, json: bool) -> None:
    from counterfoil.verify import Verifier

    signed = Verifier(vkey).checkpoint(note)
    if out is not None:
        _inputs.write_file(out, note.encode(), force=force)
    if json:
        _console.emit(
            {
                "origin": signed.origin,
                "tree_size": signed.tree_size,
                "root_hash": signed.root_hash.hex(),
                "verifier_key": vkey,
                "note": note,
            }
        )
    elif out is None:
        print(note, end="")
    elif str(out) != "-":
        _console.fields(
            None,
            [
                ("file", out),
                ("origin", signed.origin),
                ("tree size", f"{signed.tree_size:,}"),
                ("root hash", signed.root_hash.hex()),
            ],
        )
