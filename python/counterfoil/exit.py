"""What a member takes along: everything that the ledger says is his, provable without it.

A bundle is `counterfoil/exit/v1`, a newline, the account (32 bytes), and each part after its length (u32, little
endian). Parts are statements: first the account's record or its absence, then of every asset of which the member has
something the asset's record, then the balances, the items, the holds in which he has a part (a group's record before
its hold), and what was attested of him (a schema's record before its attestations). After them come the receipts of the
transactions that name the account, in the order of the log. All of them are of one checkpoint.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from counterfoil._bundle import Bundle, check_root, join
from counterfoil._log import flat
from counterfoil.exceptions import LedgerError, ProofError
from counterfoil.page import PAGE_BYTES_MAX, page_of
from counterfoil.verify import (
    RECEIPT,
    Holding,
    Item,
    Items,
    Verifier,
    attestation_id,
    campaign_id,
    distribution_id,
    group_id,
    hold_id,
    item_id,
    named_account,
    parse_log_proof,
    pending_hold_id,
    proposal_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from counterfoil.ledger import AppliedTransaction, Ledger, Statement
    from counterfoil.verify import (
        AccountRecord,
        AssetRecord,
        AttestationRecord,
        Cosignature,
        GroupRecord,
        HoldRecord,
        Operation,
        ReceiptClaim,
        RecordClaim,
        SchemaRecord,
    )

__all__ = ["EXIT", "ExitClaim", "check_exit_bundle", "exit_bundle", "exit_page", "verify_exit_bundle"]

EXIT = b"counterfoil/exit/v1\n"
"""How a bundle begins."""
_ATTEMPTS = 10
_MADE: Mapping[str, Callable[[Any], bytes]] = {
    "open": lambda one: named_account(one.opener, one.salt),
    "open_group": lambda one: group_id(one.owner, one.salt),
    "hold": lambda one: hold_id(one.payer, one.salt),
    "open_campaign": lambda one: campaign_id(one.owner, one.salt),
    "propose": lambda one: proposal_id(one.account, one.proposer, one.salt),
    "distribute": lambda one: distribution_id(one.fund, one.salt),
}
"""The accounts that operations make: their ids follow from what they say."""
_TABLES = ("accounts", "assets", "holders", "items", "hold_groups", "holds", "schemas", "attestations")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitClaim:
    """What was proven to be a member's. That there is nothing else is not proven.

    Attributes:
        account: The member's account, 32 bytes.
        record: Whose keys sign for it; None for a plain key account.
        assets: The terms of each asset that follows, by asset id.
        balances: What the member holds, by asset id.
        items: The member's items, by the collection's asset id.
        groups: The groups of holds that follow, by id.
        holds: Where the member is payer or payee, by id: what each has left is `amount - settled - released`.
        schemas: By which it was attested, by id.
        attestations: What was said of the member and holds, by the schema's id.
        receipts: The transactions that name the account, in the order of the log.
        cosignatures: Those of the witnesses that were asked for.
        ledger: The ledger's id, 32 bytes.
        origin: The ledger's name.
        tree_size: The size of the log.
        time: The time of the commit, ms.
        state_root: The state's root hash, 32 bytes.
    """

    account: bytes
    record: AccountRecord | None
    assets: Mapping[bytes, AssetRecord]
    balances: Mapping[bytes, Holding]
    items: Mapping[bytes, Sequence[Item]]
    groups: Mapping[bytes, GroupRecord]
    holds: Mapping[bytes, HoldRecord]
    schemas: Mapping[bytes, SchemaRecord]
    attestations: Mapping[bytes, Sequence[AttestationRecord]]
    receipts: Sequence[ReceiptClaim]
    cosignatures: Sequence[Cosignature]
    ledger: bytes
    origin: str
    tree_size: int
    time: int
    state_root: bytes


def exit_bundle(ledger: Ledger, account: bytes, *, time: int | None = None) -> bytes:
    """Everything that an account has, and what was done with it, with proofs, at the last checkpoint.

    Where the log has gone on since, a checkpoint is made. All items of the ledger are looked through, and nothing may
    be applied meanwhile: for a ledger that is busy open a backup, and make the bundles there.

    Args:
        ledger: The ledger.
        account: The member's account, 32 bytes.
        time: The time of a checkpoint that is made, ms; now if None.

    Raises:
        OperatorKeyError: A checkpoint is to be made, and the ledger was opened without its operator's key.
        ReadOnlyError: A checkpoint is to be made, and the ledger was opened read-only.
        ValueError: The ledger was opened with `index=False`.
        LedgerError: Something was applied meanwhile, again and again.
    """
    return EXIT + account + join(*_parts(ledger, account, time))


def exit_page(
    ledger: Ledger,
    account: bytes,
    *,
    time: int | None = None,
    witnesses: Sequence[str] = (),
    need: int | None = None,
) -> str:
    """The same as one page for a browser, which checks all of it: a file that needs nothing and nobody else.

    Args:
        ledger: The ledger.
        account: The member's account, 32 bytes.
        time: As in `exit_bundle`.
        witnesses: As in `counterfoil.page.page_of`.
        need: As in `counterfoil.page.page_of`.

    Raises:
        ProofError: Too few of the witnesses have cosigned the checkpoint.
        FileNotFoundError: This installation has no page: it was built where Node.js was missing.
    """
    return page_of(_parts(ledger, account, time), ledger.verifier_key, witnesses=witnesses, need=need)


def _parts(ledger: Ledger, account: bytes, time: int | None) -> list[bytes]:
    verifier = Verifier(ledger.verifier_key)
    for _ in range(_ATTEMPTS):
        note = ledger.last_checkpoint
        size = 0 if note is None else verifier.checkpoint(note).tree_size
        # What witnesses have cosigned is better than a new one, if it tells all.
        if size != ledger.size:
            note = ledger.checkpoint(time=time)
            size = verifier.checkpoint(note).tree_size
        history = list(ledger.transactions(account))
        parts = [bytes(statement) for statement in _statements(ledger, account, history)]
        parts += [bytes(ledger.prove_entry(applied.index)) for applied in history if applied.index < size]
        # The log is as it was: what was read is what the checkpoint tells, and every proof is of that checkpoint.
        if ledger.last_checkpoint == note and ledger.size == size:
            return parts
    message = f"exit bundle: expected a moment without new entries, found none in {_ATTEMPTS} attempts: use a backup"
    raise LedgerError(message)


def _statements(ledger: Ledger, account: bytes, history: Sequence[AppliedTransaction]) -> Iterator[Statement]:
    yield ledger.prove("accounts", account)
    balances: list[bytes] = []
    items: list[tuple[bytes, Item]] = []
    holds, attestations = _named_in(history, ledger, account)
    held = {record.asset for record in holds.values()}
    for asset, record in ledger.assets():
        if any(isinstance(term, Items) for term in record.policy):
            found = [(asset, item) for item, owned in ledger.items(asset) if owned.owner == account]
            items += found
            has_some = bool(found)
        else:
            has_some = ledger.balance(asset, account) > 0
            balances += [asset] if has_some else []
        if has_some or asset in held:
            yield ledger.prove("assets", asset)
    for asset in balances:
        yield ledger.prove_balance(asset, account)
    for asset, item in items:
        yield ledger.prove("items", item_id(asset, item), key=asset)
    for group in dict.fromkeys(record.group for record in holds.values() if record.group is not None):
        yield ledger.prove("hold_groups", group)
    for hold in holds:
        yield ledger.prove("holds", hold)
    for schema in dict.fromkeys(schema for schema, _ in attestations):
        yield ledger.prove("schemas", schema)
    for schema, attestation in attestations:
        yield ledger.prove("attestations", attestation, key=schema)


def _named_in(
    history: Sequence[AppliedTransaction], ledger: Ledger, account: bytes
) -> tuple[dict[bytes, HoldRecord], list[tuple[bytes, bytes]]]:
    """The holds that name an account, and the ids of what was attested of it and stands, each after its schema's."""
    holds: dict[bytes, HoldRecord] = {}
    attestations: dict[tuple[bytes, bytes], None] = {}
    for applied in history:
        for operation in flat(applied.signed.transaction.operations):
            for hold in _holds_by(ledger, operation, applied.id):
                record = ledger.hold(hold)
                if record is not None and record.amount > record.settled + record.released:
                    holds[hold] = record
            if operation.wire_name == "attest" and operation.subject == account:
                said = (operation.schema, operation.issuer, account, operation.nonce)
                found = ledger.attestation(*said)
                if found is not None and found.is_live(ledger.time):
                    attestations[operation.schema, attestation_id(*said)] = None
    return holds, list(attestations)


def _holds_by(ledger: Ledger, operation: Operation, transaction: bytes) -> Iterator[bytes]:
    """The ids of holds that an operation may have put units into."""
    if operation.wire_name == "hold":
        yield hold_id(operation.payer, operation.salt)
    elif operation.wire_name == "claim":
        campaign = ledger.campaign(operation.campaign)
        if campaign is not None and campaign.terms.pending_ms:
            for signed in operation.slips:
                claimant = campaign.terms.roles[0].account or signed.slip.parties[0]
                yield pending_hold_id(operation.campaign, claimant, signed.slip.nonce, transaction)


def verify_exit_bundle(
    data: bytes,
    vkey: str,
    *,
    account: bytes | None = None,
    ledger: bytes | None = None,
    witnesses: Sequence[str] = (),
    need: int | None = None,
) -> ExitClaim:
    """Check a bundle, without the ledger.

    Args:
        data: The bundle.
        vkey: The ledger's verifier key, from a source that is trusted.
        account: Whose it must be, 32 bytes.
        ledger: The ledger that it must be of, 32 bytes.
        witnesses: As in `counterfoil.verify.Verifier`.
        need: As in `counterfoil.verify.Verifier`.

    Raises:
        ProofError: It does not prove what it claims; `reason` says why.
    """
    return check_exit_bundle(data, Verifier(vkey, ledger=ledger, witnesses=witnesses, need=need), account=account)


def check_exit_bundle(data: bytes, verifier: Verifier, *, account: bytes | None = None) -> ExitClaim:
    """Check a bundle with a verifier that is there: see `verify_exit_bundle`."""
    bundle = Bundle(data, EXIT, "exit bundle", bytes_max=PAGE_BYTES_MAX)
    member, parts = bundle.take(32, "account"), bundle.parts("statement", least=1)
    if account is not None and member != account:
        _refuse("wrong_question", "account", account.hex(), member.hex())
    statements = [part for part in parts if not part.startswith(RECEIPT)]
    claims = [verifier.record(statement) for statement in statements]
    if not claims or claims[0].table != "accounts" or claims[0].record_id != member:
        _refuse("wrong_question", "first statement", f"the account {member.hex()}", "another one")
    receipts = [_receipt(verifier, receipt, statements[0]) for receipt in parts[len(statements) :]]
    for receipt in receipts:
        if not _names(receipt, member):
            _refuse(
                "wrong_entry", f"receipt of entry {receipt.index}", f"one that names {member.hex()}", "a stranger's"
            )
    if any(later.index <= earlier.index for earlier, later in itertools.pairwise(receipts)):
        _refuse("wrong_entry", "receipts", "the order of the log", "another one")
    return _assemble(member, claims[0], claims[1:], receipts)


def _receipt(verifier: Verifier, receipt: bytes, statement: bytes) -> ReceiptClaim:
    """What a receipt proves, under the very checkpoint with which the statement ends."""
    if not receipt.startswith(RECEIPT):
        _refuse("malformed_receipt", "parts", "statements first, and then receipts", "a statement after a receipt")
    if not statement.endswith(parse_log_proof(receipt).note):
        _refuse("wrong_root", "receipt", "the checkpoint of the statements", "another one")
    return verifier.receipt(receipt)


def _names(receipt: ReceiptClaim, member: bytes) -> bool:
    """Whether a transaction names an account: in so many words, or as what it opens or funds."""
    if member in receipt.signed:
        return True
    operations = flat(receipt.transaction.operations)
    return any(one.wire_name in _MADE and _MADE[one.wire_name](one) == member for one in operations)


def _assemble(
    member: bytes, first: RecordClaim, claims: Sequence[RecordClaim], receipts: Sequence[ReceiptClaim]
) -> ExitClaim:
    by_table: dict[str, dict[bytes, RecordClaim]] = {table: {} for table in _TABLES}
    by_table["accounts"][member] = first
    items: dict[bytes, list[Item]] = {}
    attestations: dict[bytes, list[AttestationRecord]] = {}
    seen: set[tuple[str, bytes, bytes]] = {(first.table, first.key, first.record_id)}
    for claim in claims:
        what = f"statement of {claim.table}"
        question = (claim.table, claim.key, claim.record_id)
        check_root(f"exit bundle, {what}", first, claim)
        if claim.table not in _TABLES or question in seen:
            _refuse("wrong_question", what, "another record of the member", claim.record_id.hex())
        seen.add(question)
        if not claim.present:
            _refuse("wrong_record", what, "a record", "its absence")
        for table, identifier in _leaning_on(claim):
            if identifier not in by_table[table]:
                _refuse("wrong_record", what, f"its record of {table} before it", "none")
        if not _is_of(member, claim, by_table["hold_groups"]):
            _refuse("wrong_question", what, f"one of {member.hex()}", "another's")
        by_table[claim.table][claim.key if claim.table == "holders" else claim.record_id] = claim
        if claim.table == "items":
            items.setdefault(claim.key, []).append(claim.value.item)
        elif claim.table == "attestations":
            attestations.setdefault(claim.key, []).append(claim.value)
    values = {table: {each: claim.value for each, claim in found.items()} for table, found in by_table.items()}
    return ExitClaim(
        account=member,
        record=first.value,
        assets=values["assets"],
        balances=values["holders"],
        items={asset: tuple(sorted(found)) for asset, found in items.items()},
        groups=values["hold_groups"],
        holds=values["holds"],
        schemas=values["schemas"],
        attestations={schema: tuple(found) for schema, found in attestations.items()},
        receipts=tuple(receipts),
        cosignatures=first.cosignatures,
        ledger=first.ledger,
        origin=first.origin,
        tree_size=first.tree_size,
        time=first.time,
        state_root=first.state_root,
    )


def _leaning_on(claim: RecordClaim) -> Iterator[tuple[str, bytes]]:
    """The records without which nobody can tell what this one is worth."""
    if claim.table in ("holders", "items"):
        yield "assets", claim.key
    elif claim.table == "holds":
        yield "assets", claim.value.asset
        if claim.value.group is not None:
            yield "hold_groups", claim.value.group
    elif claim.table == "attestations":
        yield "schemas", claim.key


def _is_of(member: bytes, claim: RecordClaim, groups: Mapping[bytes, RecordClaim]) -> bool:
    """Whether a record is about the member, or one that such records lean on."""
    value = claim.value
    if claim.table == "holders":
        return claim.record_id == member
    if claim.table == "items":
        return bool(value.owner == member)
    if claim.table == "attestations":
        return bool(value.subject == member and value.is_live(claim.time))
    if claim.table == "holds":
        terms = value.terms if value.group is None else groups[value.group].value.terms
        return member == value.payer or any(share.to == member for share in terms.payees)
    return claim.table != "accounts"


def _refuse(reason: str, what: str, expected: object, found: object) -> NoReturn:
    message = f"exit bundle, {what}: expected {expected}, found {found}"
    raise ProofError(message, reason)
