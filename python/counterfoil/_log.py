"""What the log says was done: operations one by one, what stands of what was attested, and who has paid whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.ops import Hold, Pay, Transfer, hold_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterfoil.ledger import Ledger


class Applied(NamedTuple):
    """An operation that was applied.

    Attributes:
        entry: The place of its entry in the log.
        time: When, ms.
        operation: The operation: one of a transaction's, or of the actions that one of them executed.
    """

    entry: int
    time: int
    operation: Any


def flat(operations: Iterable[Any]) -> Iterator[Any]:
    """Operations, with the actions that an `execute` among them did in its place."""
    for operation in operations:
        if operation.wire_name == "execute":
            yield from operation.actions
        else:
            yield operation


def ledger_operations(ledger: Ledger, account: bytes) -> Iterator[Applied]:
    """Every operation of the transactions that name an account, in order.

    Raises:
        ValueError: The ledger was opened with `index=False`.
    """
    for applied in ledger.transactions(account):
        for operation in flat(applied.signed.transaction.operations):
            yield Applied(applied.index, applied.time, operation)


def holds_of(ledger: Ledger, group: bytes) -> Iterator[tuple[bytes, Hold]]:
    """Every hold that was put into a group, with its id, in the order of the log."""
    for _, _, operation in ledger_operations(ledger, group):
        if isinstance(operation, Hold) and operation.group == group:
            yield hold_id(operation.payer, operation.salt), operation


def standing(
    applied: Iterable[Applied], schema: bytes, *, at: int, before: int | None = None
) -> dict[tuple[bytes, bytes, bytes], Any]:
    """What was attested by a schema and holds, by issuer, subject and nonce: the operations, in the order of the log.

    Args:
        applied: The operations of the log, in order.
        schema: By which schema, 32 bytes.
        at: What has expired by this time holds no more, ms.
        before: Only what was attested and revoked before this time, ms; all of it if None.
    """
    found: dict[tuple[bytes, bytes, bytes], Any] = {}
    for _, time, operation in applied:
        is_said = operation.wire_name in ("attest", "revoke") and operation.schema == schema
        if is_said and (before is None or time < before):
            place = (operation.issuer, operation.subject, operation.nonce)
            # What is attested anew stands where it was attested last.
            found.pop(place, None)
            if operation.wire_name == "attest":
                found[place] = operation
    return {place: said for place, said in found.items() if said.expires is None or at < said.expires}


def paid(
    ledger: Ledger, asset: bytes, to: bytes, *, since: int, until: int, reference: bytes | None = None
) -> dict[bytes, int]:
    """What each account has paid another by `transfer` and `pay` in a time, less what that one paid back in it.

    Args:
        ledger: The ledger.
        asset: In which asset, an id of 32 bytes.
        to: Who was paid, an account id of 32 bytes.
        since: From when on, ms.
        until: Before which time, ms: one that is over, so that it is the same whenever it is asked.
        reference: Only what was paid with this reference, 32 bytes. What was paid back counts with any.

    Returns:
        Only accounts that have paid more than they got back.

    Raises:
        ValueError: A time that is not over or ends before it begins; or the ledger was opened with `index=False`.
    """
    if not since < until <= ledger.time:
        message = f"time: expected one that begins and is over at {ledger.time} ms, found {since} to {until}"
        raise ValueError(message)
    found: dict[bytes, int] = {}
    for _, time, operation in ledger_operations(ledger, to):
        if time >= until:
            break
        if time < since or not isinstance(operation, (Transfer, Pay)) or operation.asset != asset:
            continue
        for payee, amount in _payees(operation):
            if operation.sender == to:
                found[payee] = found.get(payee, 0) - amount
            elif payee == to and reference in (None, operation.reference):
                found[operation.sender] = found.get(operation.sender, 0) + amount
    return {account: amount for account, amount in sorted(found.items()) if amount > 0}


def _payees(operation: Transfer | Pay) -> list[tuple[bytes, int]]:
    if isinstance(operation, Transfer):
        return [(operation.to, operation.amount)]
    return [(payee.to, payee.amount) for payee in operation.payees]
