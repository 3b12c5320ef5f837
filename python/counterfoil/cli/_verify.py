"""`verify`. It needs `counterfoil.verify` only: no native module, no ledger."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from counterfoil.cli import _console, _inputs, _values
from counterfoil.cli._app import EXIT_CODES, JsonOption, app
from counterfoil.cli._errors import CommandError, found, one_line
from counterfoil.exit import EXIT, ExitClaim, check_exit_bundle
from counterfoil.page import PAGE_BYTES_MAX, proofs_of
from counterfoil.verify import (
    _QUESTION,
    COSIGNATURE_NOTE,
    EQUIVOCATION,
    RECEIPT,
    AttestationRecord,
    BalanceClaim,
    Checkpoint,
    Equivocation,
    NoteKey,
    ProofError,
    ReceiptClaim,
    RecordClaim,
    Verifier,
    asset_id,
    encode_did_key,
    split_equivocation,
)

_PAGE = b"<!doctype html"
_VKEY_BYTES_MAX = 2_000
_MS = 1_000


@app.command(short_help="Check a statement, a receipt or a checkpoint, anywhere.", epilog=EXIT_CODES)
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A statement, a receipt, a checkpoint, or evidence of two histories. `-` is stdin.",
            show_default=False,
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
    account: Annotated[
        str | None,
        typer.Option(metavar="ACCOUNT", help="The account that it must be about.", show_default=False),
    ] = None,
    asset: Annotated[
        str | None,
        typer.Option(metavar="ASSET", help="The asset it must be about: its id, or ISSUER:SYMBOL.", show_default=False),
    ] = None,
    ledger_id: Annotated[
        str | None, typer.Option(metavar="HEX", help="The ledger that it must be of.", show_default=False)
    ] = None,
    max_age: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="How old a statement may be.", show_default=False),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            "--witness",
            metavar="KEY",
            help="A witness whose signature counts: its verifier key, or a file that holds it. Again for each.",
            show_default=False,
        ),
    ] = None,
    need: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="K", help="How many of the witnesses must have signed. Default: all.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check a statement, a receipt, a checkpoint, an exit bundle or a page, without trusting who handed it out.

    It needs the verifier key and nothing else: no ledger, no network, no native module. The exit code is 1 where the
    file does not prove what it claims; the reason stands in brackets.

    \b
      counterfoil verify ann.statement --vkey club.vkey
      counterfoil verify ann.statement --vkey club.vkey --account did:key:z6Mk…
      counterfoil verify purchase.receipt --vkey club.example/beans+a48c0a16+AZ3…
      counterfoil verify ann.statement --vkey club.vkey \\
        --witness roaster.vkey --witness cinema.vkey --need 1
      counterfoil verify ann.html --vkey club.vkey
      counterfoil verify equivocation.evidence --vkey club.vkey
    """
    wanted = _Wanted(
        asset=None if asset is None else _asset_id(asset),
        account=None if account is None else _inputs.account_from(account),
        max_age=None if max_age is None else _milliseconds(max_age),
        ledger_id=None if ledger_id is None else _inputs.hash_from(ledger_id, "--ledger-id"),
    )
    verifier = Verifier(
        vkey_text(vkey),
        ledger=wanted.ledger_id,
        witnesses=[vkey_text(text, "--witness", COSIGNATURE_NOTE) for text in witness or []],
        need=need,
    )
    data = _inputs.read_file(file, "proof", PAGE_BYTES_MAX)
    is_page = data[:100].lstrip().lower().startswith(_PAGE)
    if is_page:
        wanted.allow("ledger_id", kind="a page")
    try:
        proofs = proofs_of(data) if is_page else [data]
        claims = [_check(verifier, proof, wanted) for proof in proofs]
    except ProofError as error:
        if json:
            _console.emit({"ok": False, "reason": error.reason, "message": one_line(str(error))})
        raise
    if json:
        told = [claim_json(claim) for claim in claims]
        _console.emit({"ok": True, **({"kind": "page", "proofs": told} if is_page else told[0])})
    else:
        for claim in claims:
            _print_claim(claim)


def _milliseconds(seconds: float) -> int:
    try:
        return min(round(seconds * _MS), 2**63)
    except (ValueError, OverflowError):
        message = f"--max-age: expected seconds, found {seconds}"
        raise CommandError(message) from None


def _asset_id(text: str) -> bytes:
    issuer, _, symbol = text.rpartition(":")
    if issuer and len(symbol) <= 12:
        return asset_id(_inputs.account_from(issuer), symbol)
    return _inputs.hash_from(text, "--asset, without a ledger to look a symbol up in")


def vkey_text(text: str, option: str = "--vkey", kind: int = 1) -> str:
    """A verifier key, from itself or from a file that holds it: an operator's, or a witness's (`COSIGNATURE_NOTE`)."""
    try:
        NoteKey.parse(text, kind)
    except ProofError as error:
        if "+" in text and "/" in text and not _is_file(text):
            raise
        if not _is_file(text):
            message = f"{option}: expected a verifier key or a file that holds one, found {found(text)}"
            raise CommandError(message) from error
        return _inputs.read_file(Path(text), option, _VKEY_BYTES_MAX).decode("utf-8", "replace").strip()
    return text


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


class _Wanted(NamedTuple):
    """What the file must be about, by the options that say so; none is left unheard."""

    asset: bytes | None
    account: bytes | None
    max_age: int | None
    ledger_id: bytes | None

    def allow(self, *names: str, kind: str) -> None:
        """Refuse the options of which a file of this kind tells nothing."""
        given = [name for name, value in self._asdict().items() if value is not None and name not in names]
        if given:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            message = f"verify: this file is {kind}, to which {options} cannot be applied"
            raise CommandError(message)


def _check(
    verifier: Verifier, data: bytes, wanted: _Wanted
) -> BalanceClaim | RecordClaim | ReceiptClaim | Checkpoint | Equivocation | ExitClaim:
    asset, account, max_age_ms, _ = wanted
    if data.startswith(EQUIVOCATION):
        wanted.allow(kind="evidence of two histories")
        return verifier.equivocation(*split_equivocation(data))
    if data.startswith(EXIT):
        wanted.allow("account", "ledger_id", kind="an exit bundle")
        return check_exit_bundle(data, verifier, account=account)
    if data.startswith(RECEIPT):
        wanted.allow("ledger_id", kind="a receipt")
        return verifier.receipt(data)
    if data.startswith(_QUESTION):
        table = data[len(_QUESTION) + 1 :].startswith(b"holders") and data[len(_QUESTION)] == len(b"holders")
        if table:
            return verifier.balance(data, asset=asset, account=account, max_age_ms=max_age_ms)
        return verifier.record(data, key=asset, record_id=account, max_age_ms=max_age_ms)
    if data.startswith(f"{verifier.key.name}\n".encode()):
        wanted.allow(kind="a checkpoint")
        return verifier.checkpoint(data)
    # A statement whose question was cut off; or neither, and the verifier says what a statement looks like.
    return verifier.balance(data, asset=asset, account=account, max_age_ms=max_age_ms)


def claim_json(claim: Any) -> dict[str, Any]:  # noqa: ANN401 - one of six
    """What was proven, as `--json` prints it."""
    if isinstance(claim, ExitClaim):
        return _exit_json(claim)
    if isinstance(claim, Equivocation):
        return {
            "kind": "equivocation",
            "origin": claim.origin,
            "tree_size": claim.tree_size,
            "root_hashes": [root.hex() for root in claim.root_hashes],
        }
    return {**_statement_json(claim), "cosignatures": _cosignatures_json(claim)}


def _exit_json(claim: ExitClaim) -> dict[str, Any]:
    plain = _values.plain
    return {
        "kind": "exit",
        "account": claim.account.hex(),
        "record": plain(claim.record),
        "assets": {asset.hex(): plain(record) for asset, record in claim.assets.items()},
        "balances": {asset.hex(): plain(holding) for asset, holding in claim.balances.items()},
        "items": {asset.hex(): plain(items) for asset, items in claim.items.items()},
        "holds": {hold.hex(): plain(record) for hold, record in claim.holds.items()},
        "hold_groups": {group.hex(): plain(record) for group, record in claim.groups.items()},
        "schemas": {schema.hex(): plain(record) for schema, record in claim.schemas.items()},
        "attestations": {schema.hex(): plain(said) for schema, said in claim.attestations.items()},
        "receipts": [_statement_json(receipt) for receipt in claim.receipts],
        "ledger": claim.ledger.hex(),
        "origin": claim.origin,
        "tree_size": claim.tree_size,
        "time_ms": claim.time,
        "state_root": claim.state_root.hex(),
        "cosignatures": _cosignatures_json(claim),
    }


def _cosignatures_json(claim: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - one of five
    return [{"witness": each.witness.name, "time_ms": each.time * _MS} for each in claim.cosignatures]


def _statement_json(claim: Any) -> dict[str, Any]:  # noqa: ANN401 - one of four
    if isinstance(claim, ReceiptClaim):
        return {
            "kind": "receipt",
            "id": claim.id.hex(),
            "index": claim.index,
            "time_ms": claim.time,
            "operations": _values.plain(claim.transaction.operations),
            "authorizers": _values.plain(claim.transaction.authorizers),
            "effects": _values.plain(claim.effects),
            "ledger": claim.ledger.hex(),
            "origin": claim.origin,
            "tree_size": claim.tree_size,
        }
    if isinstance(claim, Checkpoint):
        return {
            "kind": "checkpoint",
            "origin": claim.origin,
            "tree_size": claim.tree_size,
            "root_hash": claim.root_hash.hex(),
        }
    common = {
        "ledger": claim.ledger.hex(),
        "origin": claim.origin,
        "tree_size": claim.tree_size,
        "height": claim.height,
        "time_ms": claim.time,
        "state_root": claim.state_root.hex(),
    }
    if isinstance(claim, BalanceClaim):
        return {
            "kind": "balance",
            "account": claim.account.hex(),
            "asset": claim.asset.hex(),
            "amount": str(claim.amount),
            "supply": str(claim.supply),
            "lots": _values.plain(claim.lots),
            "activity_day": claim.activity_day,
            **common,
        }
    return {
        "kind": "record",
        "table": claim.table,
        "key": claim.key.hex(),
        "record_id": claim.record_id.hex(),
        "present": claim.present,
        "sum": str(claim.sum),
        "total": str(claim.total),
        "value": _values.plain(claim.value),
        **_live(claim),
        **common,
    }


def _live(claim: RecordClaim) -> dict[str, bool]:
    """Of an attestation, whether it held at the time of the proof."""
    if isinstance(claim.value, AttestationRecord):
        return {"live": claim.value.is_live(claim.time)}
    return {}


def cosigned_by(claim: Any) -> list[tuple[str, object]]:  # noqa: ANN401 - one of five
    """Who has cosigned the checkpoint of a claim, and when, as lines of a table."""
    return [
        ("cosigned by", f"{each.witness.name}, {_console.when(each.time * _MS)} UTC") for each in claim.cosignatures
    ]


def _print_exit(claim: ExitClaim) -> None:
    """All that a member has, in whole units."""

    def units(asset: bytes, amount: int) -> str:
        record = claim.assets[asset]
        return f"{_console.units(amount, record.decimals)} {record.symbol}"

    _console.note("proven: all of this is the account's. That it has nothing else is not proven")
    keys = "the one that it is" if claim.record is None else len(claim.record.keys)
    pairs: list[tuple[str, object]] = [("account", encode_did_key(claim.account)), ("keys", keys)]
    pairs += [("balance", units(asset, holding.amount)) for asset, holding in claim.balances.items()]
    pairs += [("items", f"{len(items)} of {claim.assets[asset].symbol}") for asset, items in claim.items.items()]
    for record in claim.holds.values():
        held = units(record.asset, record.amount - record.settled - record.released)
        pairs.append(("held", f"{held}, {'its own' if record.payer == claim.account else 'for it, or others'}"))
    pairs += [
        ("attested", f"{claim.schemas[schema].name} by {encode_did_key(each.issuer)}")
        for schema, said in claim.attestations.items()
        for each in said
    ]
    pairs += [
        ("transactions", f"{len(claim.receipts):,}, each with its receipt"),
        ("origin", claim.origin),
        ("as of", f"{_console.when(claim.time)} UTC, {claim.tree_size:,} entries"),
    ]
    _console.fields(None, pairs + cosigned_by(claim))


def _print_claim(claim: Any) -> None:  # noqa: ANN401 - one of six
    if isinstance(claim, ExitClaim):
        _print_exit(claim)
        return
    if isinstance(claim, Equivocation):
        _console.note("proven: the operator signed two histories")
        first, second = claim.root_hashes
        size = f"{claim.tree_size:,} entries"
        roots = [("one root at", f"{size}: {first.hex()}"), ("another root at", f"{size}: {second.hex()}")]
        _console.fields(None, [("origin", claim.origin), *roots])
        return
    if isinstance(claim, ReceiptClaim):
        _console.note("proven: this transaction was applied")
        pairs: list[tuple[str, object]] = [
            ("id", claim.id.hex()),
            ("index", f"{claim.index:,} of {claim.tree_size:,}"),
            ("time", f"{_console.when(claim.time)} UTC"),
        ]
        pairs += [("signed by", encode_did_key(one.public_key)) for one in claim.transaction.authorizers]
        pairs += [
            ("operation", _values.operation_text(one, encode_did_key, lambda asset: (asset.hex()[:8] + "…", 0)))
            for one in claim.transaction.operations
        ]
    elif isinstance(claim, Checkpoint):
        _console.note("proven: the operator signed this checkpoint")
        pairs = [("tree size", f"{claim.tree_size:,}"), ("root hash", claim.root_hash.hex())]
    elif isinstance(claim, BalanceClaim):
        _console.note("proven: " + ("this balance" if claim.amount else "this account holds nothing"))
        pairs = [
            ("amount", f"{claim.amount:,} minor units"),
            ("of a supply of", f"{claim.supply:,}"),
            ("account", encode_did_key(claim.account)),
            ("asset", claim.asset.hex()),
        ]
        if claim.lots:
            pairs.append(("lots", len(claim.lots)))
    else:
        _console.note(f"proven: this record of {claim.table} " + ("stands" if claim.present else "is not there"))
        pairs = [("record id", claim.record_id.hex())]
        if claim.key:
            pairs.append(("schema" if claim.table == "attestations" else "asset", claim.key.hex()))
        if claim.sum:
            # A lot's outstanding units, or a debt, which its record does not say.
            pairs.append(("units", f"{claim.sum:,} of {claim.total:,} in the table"))
        made = _values.plain(claim.value) or {}
        pairs += [(name.replace("_", " "), _values.field_text(name, value)) for name, value in made.items()]
        pairs += [(name, _values.text(value)) for name, value in _live(claim).items()]
    pairs.append(("origin", claim.origin))
    if isinstance(claim, (BalanceClaim, RecordClaim)):
        pairs.append(("as of", f"{_console.when(claim.time)} UTC, commit {claim.height:,}"))
    pairs += cosigned_by(claim)
    _console.fields(None, pairs)
