"""Signing and applying, in bulk: a day's transactions of a kind are signed together and become durable together."""

from __future__ import annotations

import itertools
import time as clock
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counterfoil.keys import Key, Signer
from counterfoil.ledger import Ledger, Outcomes
from counterfoil.ops import Operation
from counterfoil.wire import SignedTransaction, Transaction

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
VALID_MS = 120_000

Wanted = tuple[Sequence[Operation], Sequence[Key | Signer]]
"""The operations of a transaction, and who signs it."""


@dataclass
class Timing:
    """Where the seconds went."""

    signing: float = 0.0
    applying: float = 0.0
    overall: float = 0.0


class Work:
    """What is done on the ledger.

    Attributes:
        ledger: Where.
        applied: How many transactions.
        timing: Where the seconds went.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Begin with nothing done."""
        self.ledger = ledger
        self.ledger_id = ledger.id
        self.applied = 0
        self.timing = Timing()
        self._serial = itertools.count()

    def sign(self, operations: Sequence[Operation], signers: Sequence[Key | Signer], time: int) -> SignedTransaction:
        """Make a transaction and have it signed."""
        nonce = next(self._serial).to_bytes(16, "big")
        # Naming the authorizers at once saves making the transaction a second time.
        transaction = Transaction(
            self.ledger_id, operations, valid_until=time + VALID_MS, nonce=nonce, authorizers=signers
        )
        return transaction.sign(*signers)

    def do(self, time: int, wanted: Iterable[Wanted]) -> list[bytes]:
        """Sign transactions and apply them in order; all must succeed.

        Returns:
            Their ids.

        Raises:
            RejectedError: One was refused.
        """
        began = clock.perf_counter()
        signed = [self.sign(operations, signers, time) for operations, signers in wanted]
        encoded = [bytes(one) for one in signed]
        identifiers = [one.id for one in signed]
        self.timing.signing += clock.perf_counter() - began
        if encoded:
            self._apply(encoded, time)
        return identifiers

    def _apply(self, encoded: Sequence[bytes], time: int) -> Outcomes:
        began = clock.perf_counter()
        outcomes = self.ledger.apply(encoded, time=time)
        self.timing.applying += clock.perf_counter() - began
        outcomes.raise_for_status()
        self.applied += len(outcomes)
        return outcomes


def chunks(operations: Sequence[Operation], size: int) -> list[Sequence[Operation]]:
    """Operations in parts that fit into a transaction."""
    return [operations[start : start + size] for start in range(0, len(operations), size)]
