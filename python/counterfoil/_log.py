"""What the log says was done: operations one by one, and who has paid whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.ops import Execute, Pay, Transfer
from counterfoil.verify import Executed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterfoil.ledger import Ledger
    from counterfoil.ops import Operation
    from counterfoil.verify import Effect


def steps(operations: Iterable[Operation], effects: Iterable[Effect]) -> Iterator[tuple[Operation, Effect]]:
    """Each operation with what it did; in place of an `execute`, its actions."""
    for operation, effect in zip(operations, effects, strict=True):
        if isinstance(operation, Execute) and isinstance(effect, Executed):
            yield from zip(operation.actions, effect.effects, strict=True)
        else:
            yield operation, effect


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
    for applied in ledger.transactions(to):
        if applied.time >= until:
            break
        if applied.time < since:
            continue
        for operation, _ in steps(applied.signed.transaction.operations, applied.effects):
            if not isinstance(operation, (Transfer, Pay)) or operation.asset != asset:
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
