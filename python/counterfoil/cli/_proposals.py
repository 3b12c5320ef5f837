"""`proposal list`, `show`, `vote`, `tally` and `execute`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterfoil.cli import _console, _inputs, _values
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, TimeOption, proposal_app
from counterfoil.cli._errors import CommandError, found

if TYPE_CHECKING:
    from counterfoil.desk import Done
    from counterfoil.governance import Proposal, Standing
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The proposal's id, 64 hex digits.", show_default=False)]
SignerOption = Annotated[
    Path,
    typer.Option("--key", "-k", metavar="FILE", help="The key file of who signs.", show_default=False),
]
AccountOption = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT", help="The account for which the key signs. Default: the key's own.", show_default=False
    ),
]
NamesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--name", metavar="NAME", help="The options' names, in order: the ledger has none.", show_default=False
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--time",
        metavar="WHEN",
        help="At which time: ms since 1970, or a UTC date. Default: now.",
        show_default=False,
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Run the same code and change nothing.")]

_CHOICES = ("yes", "no", "abstain")
_DIGITS_MAX = 20


@proposal_app.callback()
def _proposal() -> None:
    """What a community decides: its proposals, votes on them, and what comes of them.

    \b
      counterfoil proposal list acct1…
      counterfoil proposal show ID
      counterfoil proposal vote ID yes -k member.key
      counterfoil proposal tally ID
      counterfoil proposal execute ID -k anybody.key
    """


@proposal_app.command("list", short_help="The proposals of a community.", epilog=EXIT_CODES)
def list_proposals(
    account: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT",
            help="The community's account: did:key:z6Mk…, acct1… or 64 hex digits.",
            show_default=False,
        ),
    ],
    ledger: LedgerOption,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="Only those in this state: voting, passed, …", show_default=False),
    ] = None,
    time: AsOfOption = None,
    json: JsonOption = False,
) -> None:
    """Every proposal of a community, oldest first, and its state.

    \b
      counterfoil proposal list acct1…
      counterfoil proposal list acct1… --state voting --json
    """
    from counterfoil.governance import STATES, Community

    when = _inputs.time_from(time)
    if state is not None and state not in STATES:
        message = f"--state: expected one of {', '.join(STATES)}, found {found(state)}"
        raise CommandError(message)
    with _inputs.reading(ledger) as opened:
        community = Community(opened, account=_inputs.account_from(account))
        rows = [(each.id, each.record, each.state_at(when)) for each in community.proposals(state, time=when)]
        proposers = [_inputs.account_text(opened, record.proposer) for _, record, _ in rows]
    if json:
        _console.emit(
            [{"id": identity.hex(), "state": known, **_record_json(record)} for identity, record, known in rows]
        )
        return
    if not rows:
        _console.note("no proposals")
        return
    _console.rows(
        ["id", "state", ">rule", "proposed", "by"],
        [
            (identity.hex(), known, record.rule, f"{_console.when(record.opened)} UTC", _console.short(proposer))
            for (identity, record, known), proposer in zip(rows, proposers, strict=True)
        ],
    )


@proposal_app.command(short_help="What a proposal would change.", epilog=EXIT_CODES)
def show(
    proposal: IdArgument,
    ledger: LedgerOption,
    title: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Say whether this is the text it was proposed with.", show_default=False),
    ] = None,
    name: NamesOption = None,
    time: AsOfOption = None,
    json: JsonOption = False,
) -> None:
    """What a proposal would change if it were executed now: before → after.

    It is told from the ledger as it stands, and what it is once the vote is over may differ.

    \b
      counterfoil proposal show ID
      counterfoil proposal show ID --title "Raise the surplus share" --json
    """
    when = _inputs.time_from(time)
    with _inputs.reading(ledger) as opened:
        taken = _taken(opened, proposal, name)
        record, state, changes = taken.record, taken.state_at(when), taken.changes()
        account, proposer = (_inputs.account_text(opened, each) for each in (record.account, record.proposer))
        is_title = None if title is None else taken.title(title)
    if json:
        said = [
            {"option": each.option, "what": each.what, "before": each.before, "after": each.after} for each in changes
        ]
        made = {"id": taken.id.hex(), "state": state, **_record_json(record), "changes": said}
        _console.emit(made if is_title is None else {**made, "is_title": is_title})
        return
    pairs: list[tuple[str, object]] = [
        ("id", taken.id.hex()),
        ("of", account),
        ("by", proposer),
        ("rule", record.rule),
        ("state", state),
    ]
    if is_title is not None:
        pairs.append(("this text", "is the one" if is_title else "is another"))
    _console.fields(None, pairs)
    several = len(record.options) > 1
    for option in range(len(record.options)):
        _console.note("")
        if several:
            _console.note(f"{name[option]}:" if name else f"option {option}:")
        lines = [(each.what, f"{_or_none(each.before)} → {_or_none(each.after)}") for each in changes]
        lines = [line for line, each in zip(lines, changes, strict=True) if each.option == option]
        if lines:
            _console.rows(["what", "before → after"], lines)
        else:
            _console.note("changes nothing by itself")


@proposal_app.command(short_help="Vote on a proposal.", epilog=EXIT_CODES)
def vote(
    proposal: IdArgument,
    choice: Annotated[
        list[str],
        typer.Argument(
            metavar="CHOICE...",
            help="yes, no or abstain, or shares of them: yes=60 no=40. Of several options: numbers from 0, or names.",
            show_default=False,
        ),
    ],
    ledger: LedgerOption,
    key: SignerOption,
    members: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="ACCOUNT",
            help="Whose vote it is, who delegated it; of backers the id of a hold. Again for each.",
            show_default=False,
        ),
    ] = None,
    account: AccountOption = None,
    name: NamesOption = None,
    seal: Annotated[bool, typer.Option("--seal", help="Nobody can read it before it is revealed.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show what was sealed, once the vote is over.")] = False,
    dry_run: DryRunOption = False,
    time: TimeOption = None,
    json: JsonOption = False,
) -> None:
    """Vote on a proposal, or vote anew. Options that are ranked stand from the best on.

    \b
      counterfoil proposal vote ID yes -k member.key
      counterfoil proposal vote ID no -k delegate.key --for did:key:z6Mk…
      counterfoil proposal vote ID 2 0 -k member.key
      counterfoil proposal vote ID fig date --name fig --name date -k member.key
    """
    if seal and reveal:
        message = "vote: expected --seal or --reveal, found both"
        raise CommandError(message)
    when, signer = _inputs.time_from(time), _signer(key, account)
    whose = [_inputs.account_from(member) for member in members or []]
    with _inputs.writing(ledger, None) as opened:
        taken = _taken(opened, proposal, name)
        call = taken.seal if seal else taken.reveal if reveal else taken.vote
        chosen = _choice(choice, len(taken.record.options))
        done = call(signer, chosen, for_members=whose, dry_run=dry_run, time=when)
    _print_done(done, "revealed" if reveal else "voted", json=json)


@proposal_app.command(short_help="How the vote stands, in words.", epilog=EXIT_CODES)
def tally(
    proposal: IdArgument,
    ledger: LedgerOption,
    name: NamesOption = None,
    time: AsOfOption = None,
    json: JsonOption = False,
) -> None:
    """How the vote stands: who may vote, what is missing, what was voted, and what happens when.

    \b
      counterfoil proposal tally ID
      counterfoil proposal tally ID --json
    """
    when = _inputs.time_from(time)
    with _inputs.reading(ledger) as opened:
        standing = _taken(opened, proposal, name).tally(time=when)
    if json:
        _console.emit(_standing_json(standing))
    else:
        for line in standing.explain().split("\n"):
            _console.note(line)


@proposal_app.command(short_help="Say what came of a vote, and do what passed.", epilog=EXIT_CODES)
def execute(
    proposal: IdArgument,
    ledger: LedgerOption,
    key: SignerOption,
    account: AccountOption = None,
    conclude: Annotated[
        bool, typer.Option("--conclude", help="Only say what came of it: of one that failed, there is no more to do.")
    ] = False,
    dry_run: DryRunOption = False,
    time: TimeOption = None,
    json: JsonOption = False,
) -> None:
    """Do what passed, all or nothing; and before it say what came of the vote, where nobody did. Anybody may.

    \b
      counterfoil proposal execute ID -k anybody.key
      counterfoil proposal execute ID -k anybody.key --dry-run
    """
    when, signer = _inputs.time_from(time), _signer(key, account)
    with _inputs.writing(ledger, None) as opened:
        taken = _taken(opened, proposal, None, signer)
        done = (taken.conclude if conclude else taken.execute)(dry_run=dry_run, time=when)
        said = "concluded" if conclude else "executed"
        state = None if dry_run else taken.state_at(done.time)
    _print_done(done, said if state in (None, said) else f"{said}: {state}", json=json)


def _taken(ledger: Ledger, text: str, names: Sequence[str] | None, *signers: Key | Signer) -> Proposal:
    from counterfoil.governance import Proposal

    identity = _inputs.hash_from(text, "proposal")
    return Proposal(ledger, *signers, identifier=identity, names=names or ())


def _signer(path: Path, account: str | None) -> Key | Signer:
    own = _inputs.key_from(path)
    return own if account is None else own.on(_inputs.account_from(account))


def _choice(words: Sequence[str], options: int) -> Any:  # noqa: ANN401 - any of what a proposal takes
    """What was chosen, from words: yes; yes=60 no=40; or numbers and names of options."""
    if len(words) == 1 and words[0] in _CHOICES:
        return words[0]
    if options > 1:
        return [int(word) if _is_number(word) else word for word in words]
    shares: dict[str, int] = {}
    for word in words:
        name, _, share = word.partition("=")
        if name not in _CHOICES or name in shares or not _is_number(share):
            message = (
                f"choice: expected yes, no or abstain, or shares of them such as yes=60 no=40, found {found(word)}"
            )
            raise CommandError(message)
        shares[name] = int(share)
    return shares


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX


def _record_json(record: object) -> dict[str, Any]:
    made: dict[str, Any] = _values.plain(record)
    # The state that the time makes of it stands beside the record's own.
    return {"record_state" if name == "state" else name: value for name, value in made.items()}


def _standing_json(standing: Standing) -> dict[str, Any]:
    verdict = standing.verdict
    rounds = () if verdict.run_off is None else verdict.run_off.rounds
    return {
        "id": standing.record.own_id(b"").hex(),
        "state": standing.state,
        "time_ms": standing.time,
        "form": standing.tally.form,
        "electorate": str(standing.record.electorate),
        "voters": standing.tally.voters,
        "counts": {name: str(count) for name, count in zip(standing.names, standing.tally.counts, strict=True)},
        "cast": str(verdict.cast),
        "quorum": str(verdict.quorum),
        "has_quorum": verdict.has_quorum,
        "decided": str(verdict.decided),
        "option": verdict.option,
        "count": str(verdict.count),
        "threshold": str(verdict.threshold),
        "exceeds_threshold": verdict.exceeds_threshold,
        "support": str(verdict.support),
        "has_support": verdict.has_support,
        "passes": verdict.passed,
        "rounds": [
            {
                "counts": [None if count is None else str(count) for count in each.counts],
                "exhausted": str(each.exhausted),
                "struck": each.struck,
            }
            for each in rounds
        ],
        "starts_time_ms": standing.record.starts,
        "ends_time_ms": standing.record.ends,
        "due_time_ms": standing.record.due,
        "lapses_time_ms": standing.record.lapses,
    }


def _print_done(done: Done, said: str, *, json: bool) -> None:
    if json:
        _console.emit(
            {"dry_run": done.dry_run, "id": done.id.hex(), "index": done.index, "time_ms": done.time, "done": said}
        )
    else:
        _console.note(f"would be {said}" if done.dry_run else f"{said}: transaction {done.id.hex()}")


def _or_none(text: str | None) -> str:
    return "none" if text is None else text
