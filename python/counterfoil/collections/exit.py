"""What a member takes along: everything that the ledger says is his, provable without it.

A bundle is `counterfoil/exit/v1`, a newline, the account (32 bytes), and each statement after its length (u32, little
endian): first the account's record or its absence, then of every asset of which the member has something the asset's
record, then the balances, then the items. All of them are of one checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from counterfoil._bundle import Bundle, check_root, join
from counterfoil.exceptions import LedgerError, ProofError
from counterfoil.verify import Holding, Item, Items, Verifier, item_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterfoil.ledger import Ledger, Statement
    from counterfoil.verify import AccountRecord, AssetRecord, RecordClaim

_HEADER = b"counterfoil/exit/v1\n"
_ATTEMPTS = 10
_ORDER = ("accounts", "assets", "holders", "items")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitClaim:
    """What was proven to be a member's. That there is nothing else is not proven.

    Attributes:
        account: The member's account, 32 bytes.
        record: Whose keys sign for it; None for a plain key account.
        assets: The terms of each asset that follows, by asset id.
        balances: What the member holds, by asset id.
        items: The member's items, by the collection's asset id.
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
    ledger: bytes
    origin: str
    tree_size: int
    time: int
    state_root: bytes


def exit_bundle(ledger: Ledger, account: bytes, *, time: int | None = None) -> bytes:
    """Everything that an account holds, with its proofs, at a checkpoint that is made for it.

    All items of the ledger are looked through, and nothing may be applied meanwhile: for a ledger that is busy open a
    backup, and make the bundles there.

    Args:
        ledger: The ledger.
        account: The member's account, 32 bytes.
        time: The checkpoint's time, ms; now if None.

    Raises:
        OperatorKeyError: The ledger was opened without its operator's key.
        LedgerError: Something was applied meanwhile, again and again.
    """
    for _ in range(_ATTEMPTS):
        checkpoint = Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint(time=time))
        statements = [bytes(statement) for statement in _statements(ledger, account)]
        # The log is as it was: what was read is what the checkpoint tells, and every proof is of that checkpoint.
        if ledger.size == checkpoint.tree_size:
            return _HEADER + account + join(*statements)
    message = f"exit bundle: expected a moment without new entries, found none in {_ATTEMPTS} attempts: use a backup"
    raise LedgerError(message)


def _statements(ledger: Ledger, account: bytes) -> Iterator[Statement]:
    yield ledger.prove("accounts", account)
    balances: list[bytes] = []
    items: list[tuple[bytes, Item]] = []
    for asset, record in ledger.assets():
        if any(isinstance(term, Items) for term in record.policy):
            found = [(asset, item) for item, owned in ledger.items(asset) if owned.owner == account]
            items += found
            holds = bool(found)
        else:
            holds = ledger.balance(asset, account) > 0
            balances += [asset] if holds else []
        if holds:
            yield ledger.prove("assets", asset)
    for asset in balances:
        yield ledger.prove_balance(asset, account)
    for asset, item in items:
        yield ledger.prove("items", item_id(asset, item), key=asset)


def verify_exit_bundle(
    data: bytes, vkey: str, *, account: bytes | None = None, ledger: bytes | None = None
) -> ExitClaim:
    """Check a bundle, without the ledger.

    Args:
        data: The bundle.
        vkey: The ledger's verifier key, from a source that is trusted.
        account: Whose it must be, 32 bytes.
        ledger: The ledger that it must be of, 32 bytes.

    Raises:
        ProofError: It does not prove what it claims; `reason` says why.
    """
    bundle = Bundle(data, _HEADER, "exit bundle")
    member, statements = bundle.take(32, "account"), bundle.parts("statement", least=1)
    if account is not None and member != account:
        _refuse("wrong_question", "account", account.hex(), member.hex())
    verifier = Verifier(vkey, ledger=ledger)
    claims = [verifier.record(statement) for statement in statements]
    first = claims[0]
    if first.table != "accounts" or first.record_id != member:
        _refuse("wrong_question", "first statement", f"the account {member.hex()}", f"another one, of {first.table}")
    return _assemble(member, first, claims[1:])


def _assemble(member: bytes, first: RecordClaim, claims: Sequence[RecordClaim]) -> ExitClaim:
    assets: dict[bytes, AssetRecord] = {}
    balances: dict[bytes, Holding] = {}
    items: dict[bytes, list[Item]] = {}
    seen: set[tuple[str, bytes, bytes]] = {(first.table, first.key, first.record_id)}
    for claim in claims:
        what = f"statement of {claim.table}"
        question = (claim.table, claim.key, claim.record_id)
        check_root(f"exit bundle, {what}", first, claim)
        if claim.table not in _ORDER or question in seen:
            _refuse("wrong_question", what, "another record of the member", claim.record_id.hex())
        seen.add(question)
        if not claim.present:
            _refuse("wrong_record", what, "a record", "its absence")
        if claim.table == "assets":
            assets[claim.record_id] = claim.value
            continue
        owner = claim.value.owner if claim.table == "items" else claim.record_id
        if owner != member:
            _refuse("wrong_question", what, f"one of {member.hex()}", f"one of {owner.hex()}")
        if claim.key not in assets:
            _refuse("wrong_record", what, "the record of its asset before it", "none")
        if claim.table == "holders":
            balances[claim.key] = claim.value
        else:
            items.setdefault(claim.key, []).append(claim.value.item)
    return ExitClaim(
        account=member,
        record=first.value,
        assets=assets,
        balances=balances,
        items={asset: tuple(sorted(found)) for asset, found in items.items()},
        ledger=first.ledger,
        origin=first.origin,
        tree_size=first.tree_size,
        time=first.time,
        state_root=first.state_root,
    )


def _refuse(reason: str, what: str, expected: object, found: object) -> NoReturn:
    message = f"exit bundle, {what}: expected {expected}, found {found}"
    raise ProofError(message, reason)
