"""Many operations that do not depend on each other, in as few transactions as fit; what is refused holds up no other.

A transaction is applied wholly or not at all. So a dry run finds what is refused, and the rest is applied without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from counterfoil.exceptions import RejectedError
from counterfoil.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterfoil.desk import Desk, Done
    from counterfoil.keys import Key, Signer
    from counterfoil.ops import Operation

__all__ = ["Batch", "Closed", "in_batches"]

_OVERHEAD_BYTES = 200
"""What a transaction has around its operations and authorizers."""

_AUTHORIZER_BYTES = 65

_REFUSED_MAX = 16
"""After so many refusals a batch is sent as it is and the next one is smaller, so that the work stays in proportion."""

_SIGNATURE_BYTES = 64
_ENTRY_BYTES_MAX = 65_535
_EFFECT_BYTES = 29
"""What an entry of the log has for an operation that takes units of one lot."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of operations that were handed in together.

    Attributes:
        done: The transaction; None where every one of them was refused.
        applied: The positions of those that are in it, among all that were handed in.
        refused: The others, and why.
    """

    done: Done | None
    applied: tuple[int, ...]
    refused: tuple[tuple[int, Status], ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """What became of some holds that were closed together.

    Attributes:
        done: The transaction; None where every one of them was refused.
        holds: Those that it settled or released, by id.
        refused: The others, by id, and why: the payee's account is frozen, say.
    """

    done: Done | None
    holds: tuple[bytes, ...]
    refused: tuple[tuple[bytes, Status], ...]


def in_batches(
    desk: Desk,
    operations: Iterable[Operation],
    *others: Key | Signer,
    dry_run: bool = False,
    time: int | None = None,
) -> Iterator[Batch]:
    """Apply each operation that is not refused, in order; in as few transactions as fit, one for each batch.

    Raises:
        RejectedError: No operation is to blame: a signer's key was replaced, say.
    """
    parameters = desk.ledger.parameters
    signers = len(desk.signers) + len(others)
    around = _OVERHEAD_BYTES + signers * _AUTHORIZER_BYTES
    room = parameters.transaction_bytes_max - around, _ENTRY_BYTES_MAX - around - signers * _SIGNATURE_BYTES
    numbered = enumerate(operations)
    waiting: list[tuple[int, Operation]] = []
    most = parameters.operations_max
    while True:
        waiting += islice(numbered, max(0, most - len(waiting)))
        if not waiting:
            return
        sent, rest = _split(waiting[:most], room)
        batch, left = _apply(desk, sent, others, dry_run=dry_run, time=time)
        waiting = left + rest + waiting[most:]
        most = max(_REFUSED_MAX, most // 8) if len(batch.refused) == _REFUSED_MAX else most * 8
        most = min(most, parameters.operations_max)
        yield batch


def _split(
    waiting: list[tuple[int, Operation]], room: tuple[int, int]
) -> tuple[list[tuple[int, Operation]], list[tuple[int, Operation]]]:
    """As many as fit into a transaction and its entry, but one at least; and the rest."""
    size = 0
    for count, (_, operation) in enumerate(waiting):
        size += len(bytes(operation))
        if count and (size > room[0] or size + _EFFECT_BYTES * (count + 1) > room[1]):
            return waiting[:count], waiting[count:]
    return waiting, []


def _apply(
    desk: Desk,
    sent: list[tuple[int, Operation]],
    others: Sequence[Key | Signer],
    *,
    dry_run: bool,
    time: int | None,
) -> tuple[Batch, list[tuple[int, Operation]]]:
    """Apply what is not refused, and give back what did not fit into the transaction's entry."""
    refused: list[tuple[int, Status]] = []
    left: list[tuple[int, Operation]] = []
    while sent:
        try:
            # What is refused leaves no trace: that is the dry run.
            done = desk.do([operation for _, operation in sent], *others, dry_run=dry_run, time=time)
        except RejectedError as error:  # noqa: PERF203 - each turn is a transaction
            if error.status == Status.too_large and len(sent) > 1:
                # Many lots make an entry longer than was reckoned.
                sent, left = sent[: len(sent) // 2], sent[len(sent) // 2 :] + left
                continue
            position = error.operation
            if position is None:
                position = _first_to_blame(desk, sent, others, error, time)
            refused.append((sent[position][0], error.status))
            sent = sent[:position] + sent[position + 1 :]
            if len(refused) == _REFUSED_MAX:
                sent, left = sent[:position], sent[position:] + left
        else:
            return Batch(done, tuple(number for number, _ in sent), tuple(refused)), left
    return Batch(None, (), tuple(refused)), left


def _first_to_blame(
    desk: Desk,
    sent: list[tuple[int, Operation]],
    others: Sequence[Key | Signer],
    error: RejectedError,
    time: int | None,
) -> int:
    """The first operation with which those before it are refused as a whole."""
    if error.status not in (Status.bad_signature, Status.too_large):
        raise error
    low, high = 0, len(sent) - 1
    while low < high:
        middle = (low + high) // 2
        try:
            desk.do([operation for _, operation in sent[: middle + 1]], *others, dry_run=True, time=time)
            low = middle + 1
        except RejectedError as found:
            # An earlier rule may be broken by an operation before, which says nothing about this one.
            if found.status == error.status:
                high = middle
            else:
                low = middle + 1
    return low
