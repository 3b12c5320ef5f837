"""The transfers, as the peers read them: the very bytes and signatures that Counterfoil gets.

Only one kind of transaction is measured, a transfer of one sender who signs it himself, so that every field has its
fixed place. No parser that a peer could have would be cheaper than this.
"""

from __future__ import annotations

import functools
import multiprocessing
import struct
from typing import TYPE_CHECKING, NamedTuple

from counterfoil import Authorizer, Transaction
from counterfoil.ops import Transfer as Operation
from counterfoil.verify import sign_message, transaction_id
from nacl import bindings
from nacl.exceptions import BadSignatureError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.pool import Pool

    from benches.compare.contender import Opening

SIGNATURES = (1).to_bytes(4, "little")
AMOUNT_MAX = 2**63 - 1
"""What fits into a column of the databases."""


class Transfer(NamedTuple):
    """One transfer, and what its sender has signed."""

    sender: bytes
    to: bytes
    amount: int
    nonce: bytes
    signature: bytes
    message: bytes


class Layout:
    """Where the fields are in the encoding of a transfer of one asset in one ledger."""

    def __init__(self, ledger: bytes, asset: bytes) -> None:
        """Find the places in a transfer whose fields are known.

        A peer keeps every nonce for ever, so `valid_until`, after which Counterfoil may forget them, does not matter
        to it and may be anything.
        """
        self.ledger, self.asset = ledger, asset
        marks = [bytes([0xA0 + number]) * size for number, size in enumerate((8, 16, 32, 32, 16))]
        until, nonce, sender, to, amount = marks
        operation = Operation(asset=asset, sender=sender, to=to, amount=int.from_bytes(amount, "little"))
        valid_until = int.from_bytes(until, "little")
        signer = Authorizer(account=sender)
        template = bytes(Transaction(ledger, [operation], valid_until=valid_until, nonce=nonce, authorizers=[signer]))
        form, fixed, place = "<", [], 0
        for mark in (until, nonce, sender, sender, to, amount):
            found = template.index(mark, place)
            form += f"{found - place}s{len(mark)}s"
            fixed.append(template[place:found])
            place = found + len(mark)
        fixed.append(template[place:] + SIGNATURES)
        self._parts = struct.Struct(f"{form}{len(fixed[-1])}s64s")
        self._fixed = tuple(fixed)
        self._size = len(template)

    def decode(self, signed: bytes) -> Transfer:
        """Read a signed transfer.

        Raises:
            ValueError: It is something else.
        """
        try:
            parts = self._parts.unpack(signed)
        except struct.error as error:
            raise ValueError(str(error)) from None
        authorizer, sender, amount = parts[5], parts[7], int.from_bytes(parts[11], "little")
        if parts[0:13:2] != self._fixed or authorizer != sender or amount > AMOUNT_MAX:
            reason = "not a transfer of this asset in this ledger, signed by its sender alone"
            raise ValueError(reason)
        message = sign_message(transaction_id(signed[: self._size]))
        return Transfer(sender, parts[9], amount, parts[3], parts[13], message)


def authentic(transfer: Transfer) -> bool:
    """Whether its sender has signed it, by PyNaCl."""
    try:
        bindings.crypto_sign_open(transfer.signature + transfer.message, transfer.sender)
    except BadSignatureError:
        return False
    return True


@functools.cache
def _layout(ledger: bytes, asset: bytes) -> Layout:
    return Layout(ledger, asset)


def _check(job: tuple[bytes, bytes, list[bytes]]) -> list[bool]:
    ledger, asset, batch = job
    return [authentic(transfer) for transfer in map(_layout(ledger, asset).decode, batch)]


def _ready() -> None:
    """Nothing: to be found, a worker has to import this module, and better when it starts than when it is timed."""


def signature_workers() -> Pool:
    """A process for each core that verifies signatures.

    Threads would hardly help: PyNaCl lets others run, but after each signature it waits for its turn again.
    """
    return multiprocessing.get_context("spawn").Pool(initializer=_ready)


def verified(opening: Opening, transactions: list[bytes]) -> Iterator[list[Transfer | None]]:
    """Read and verify batches, ahead of the one that is being applied. None where the signature does not hold."""
    layout, batches = opening.layout, opening.batches(transactions)
    jobs = [(layout.ledger, layout.asset, batch) for batch in batches]
    for batch, valid in zip(batches, opening.workers.imap(_check, jobs), strict=True):
        yield [layout.decode(signed) if good else None for signed, good in zip(batch, valid, strict=True)]
