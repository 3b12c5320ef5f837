"""`proposal export`, and `tally`, which needs neither the native module nor a ledger."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from counterfoil.cli import _console, _inputs, _values
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, app, proposal_app
from counterfoil.cli._errors import CommandError, found, one_line
from counterfoil.cli._proposals import IdArgument, NamesOption
from counterfoil.cli._prove import ForceOption, need_checkpoint
from counterfoil.cli._verify import vkey_text
from counterfoil.exceptions import ProofError
from counterfoil.verify import Verifier

if TYPE_CHECKING:
    from counterfoil.governance import Recount


@proposal_app.command(short_help="Write all ballots and their proofs to a file.", epilog=EXIT_CODES)
def export(
    proposal: IdArgument,
    ledger: LedgerOption,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where it goes. Default: a name made of the id, here.",
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The text it was proposed with, to be in the file.", show_default=False),
    ] = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Write all ballots of a proposal to a file, with the proof that none is missing, as of the last checkpoint.

    Whoever has the file can recount, with `counterfoil tally --verify`. It names every voter, and where units weigh
    every holder and what it has.

    \b
      counterfoil proposal export ID --out roof.ballots
      counterfoil proposal export ID --out roof.ballots --title "Fix the roof"
    """
    from counterfoil.governance import write_ballots

    wanted = _inputs.hash_from(proposal, "proposal")
    path = out or Path(f"{wanted.hex()[:16]}.ballots")
    with _inputs.reading(ledger) as opened, _new_file(path, force=force) as file:
        need_checkpoint(opened.last_checkpoint)
        with _console.progress("Writing records") as tell:
            write_ballots(file, opened, wanted, title=title, progress=lambda done: tell(done, done))
        size = file.seek(0, os.SEEK_END)
    if json:
        _console.emit({"file": str(path), "bytes": size})
    else:
        _console.note(f"{path}: {size:,} bytes")


@contextlib.contextmanager
def _new_file(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A file that has its name once it is whole."""
    if path.exists() and not force:
        message = f"{found(str(path))} is there already; give another --out, or --force to replace it"
        raise CommandError(message)
    descriptor, name = tempfile.mkstemp(prefix=".counterfoil-", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
        # It is for everybody, and what `mkstemp` makes only its owner may read.
        unfinished.chmod(0o644)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@app.command(short_help="Recount a proposal from a file of its ballots, anywhere.", epilog=EXIT_CODES)
def tally(
    verify: Annotated[
        Path,
        typer.Option(
            "--verify", metavar="FILE", help="What `proposal export` wrote. `-` is stdin.", show_default=False
        ),
    ],
    vkey: Annotated[
        str,
        typer.Option(
            envvar="COUNTERFOIL_VKEY",
            metavar="KEY",
            help="The ledger's verifier key, from a source you trust: its text, or a file that holds it.",
            show_default=False,
        ),
    ],
    proposal: Annotated[
        str | None, typer.Option(metavar="ID", help="The proposal that it must be about.", show_default=False)
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The text that it must be about.", show_default=False)
    ] = None,
    member: Annotated[
        str | None,
        typer.Option(metavar="ACCOUNT", help="Say how this member's vote, or this hold's, counts.", show_default=False),
    ] = None,
    ledger_id: Annotated[
        str | None, typer.Option(metavar="HEX", help="The ledger that it must be of.", show_default=False)
    ] = None,
    name: NamesOption = None,
    json: JsonOption = False,
) -> None:
    """Recount a proposal, without trusting who handed out its ballots, or the ledger that counted them.

    It needs the file and the verifier key: no ledger, no network, no native module. The exit code is 1 where votes are
    missing, or do not come to what the ledger says; the reason stands in brackets.

    \b
      counterfoil tally --verify roof.ballots --vkey club.vkey
      counterfoil tally --verify roof.ballots --vkey club.vkey --member ACCOUNT
    """
    from counterfoil.governance import verify_ballots

    wanted = None if proposal is None else _inputs.hash_from(proposal, "proposal")
    whose = None if member is None else _inputs.account_from(member)
    verifier = Verifier(
        vkey_text(vkey), ledger=None if ledger_id is None else _inputs.hash_from(ledger_id, "--ledger-id")
    )
    data = _inputs.read_file(verify, "ballots")
    try:
        recount = verify_ballots(data, verifier, proposal=wanted, title=title)
    except ProofError as error:
        if json:
            _console.emit({"ok": False, "reason": error.reason, "message": one_line(str(error))})
        raise
    if json:
        _console.emit({"ok": True, **_recount_json(recount, whose)})
        return
    for line in recount.explain(name or ()).split("\n"):
        _console.note(line)
    if whose is not None:
        _console.note(_vote_text(recount, whose))


def _vote_text(recount: Recount, member: bytes) -> str:
    vote = recount.votes.get(member)
    if vote is None:
        return "this member: did not vote"
    by = "by itself" if not vote.hops else f"by {vote.voter.hex()}, {vote.hops} delegations away"
    ballot = _values.plain(vote)["ballot"]
    said = " ".join(str(one) for one in ballot.get("shares", ballot.get("options", ())))
    return f"this member: {ballot['kind']} {said}, weight {vote.weight:,}, {by}"


def _recount_json(recount: Recount, member: bytes | None) -> dict[str, Any]:
    verdict, tally = recount.verdict, recount.tally
    made = {
        "kind": "ballots",
        "proposal": recount.proposal.hex(),
        "title": recount.title,
        "state": _values.plain(recount.record.state),
        "form": tally.form,
        "counts": [str(count) for count in tally.counts],
        "cast": str(tally.cast),
        "decided": str(tally.decided),
        "voters": tally.voters,
        "sealed": recount.sealed,
        "delegated": recount.delegated,
        "quorum": str(verdict.quorum),
        "threshold": str(verdict.threshold),
        "support": str(verdict.support),
        "option": verdict.option,
        "passes": verdict.passed,
        "is_final": recount.is_final,
        "are_weights_proven": recount.are_weights_proven,
        "units": recount.units,
        "attested_anew": [each.hex() for each in recount.attested_anew],
        "paid_out": [each.hex() for each in recount.paid_out],
        "electorate": str(recount.record.electorate),
        "electorate_is": recount.electorate,
        "ledger": recount.ledger.hex(),
        "origin": recount.origin,
        "tree_size": recount.tree_size,
        "time_ms": recount.time,
        "state_root": recount.state_root.hex(),
    }
    return made if member is None else {**made, "vote": _values.plain(recount.votes.get(member))}
