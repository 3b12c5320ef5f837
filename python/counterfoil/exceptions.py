"""Every exception that Counterfoil raises of its own.

A transaction that is refused is no exception but a value with a status: `RejectedError` is raised only where one asks
for it. Plain input and output errors are Python's own `OSError` kinds. All of these can be pickled.
"""

from __future__ import annotations

from counterfoil.status import Status
from counterfoil.verify import LedgerError, ProofError, RefusedError, SignatureError, WireError

__all__ = [
    "AuditError",
    "ClosedError",
    "ContractError",
    "CorruptionError",
    "DivergedError",
    "ForkedError",
    "HandedOverError",
    "KeyReusedError",
    "LedgerError",
    "LedgerTimeError",
    "LockedError",
    "MapFullError",
    "NewerFormatError",
    "NotALedgerError",
    "OperatorKeyError",
    "PoisonedError",
    "ProofError",
    "ReadOnlyError",
    "RefusedError",
    "RejectedError",
    "SelfCustodyError",
    "SignInError",
    "SignatureError",
    "StoreError",
    "UnconfirmedError",
    "UnknownMemberError",
    "WireError",
    "WitnessError",
]


class RejectedError(LedgerError):
    """A transaction was refused, and the caller wanted an exception rather than a status.

    Attributes:
        status: Why.
        operation: The index of the operation that refused, from 0; None where the transaction as a whole was.
        index: The index of the transaction in its batch, from 0; None where there was no batch.
    """

    def __init__(self, status: Status, operation: int | None = None, index: int | None = None) -> None:
        """Make the error.

        Args:
            status: Why.
            operation: Which operation refused.
            index: Which transaction of the batch.
        """
        super().__init__(status, operation, index)
        self.status = Status(status)
        self.operation = operation
        self.index = index

    def __str__(self) -> str:
        """What was refused, by which operation, and why."""
        which = "transaction" if self.index is None else f"transaction {self.index}"
        by = "" if self.operation is None else f" by operation {self.operation}"
        return f"{which} was refused{by}: {self.status.name}: {self.status.explain}"


class AuditError(LedgerError):
    """A log contradicts its rules, itself, or what is known of it; nothing of what follows was taken.

    Attributes:
        place: Where: a log entry, a checkpoint, or what else it is about.
        expected: What should be there.
        found: What is there.
        index: The log entry's index; None where it is about something else.
        evidence: That the operator has signed two histories, for `counterfoil verify` and
            `counterfoil.verify.Verifier.equivocation`; empty where there is none.
        evidence_vkey: The verifier key with which the evidence is checked; empty where there is none.
    """

    def __init__(self, place: str, expected: str = "", found: str = "", index: int | None = None) -> None:
        """Make the error.

        Args:
            place: Where.
            expected: What should be there.
            found: What is there.
            index: Which log entry.
        """
        super().__init__(place, expected, found, index)
        self.place = place
        self.expected = expected
        self.found = found
        self.index = index
        self.evidence = b""
        self.evidence_vkey = ""

    def __str__(self) -> str:
        """The place, what was found and what was expected."""
        return f"{self.place}: {self.found}, expected {self.expected}" if self.found else self.place


class StoreError(LedgerError):
    """The storage cannot go on. Nothing of the failed call was kept; the handle may have to be reopened."""


class MapFullError(StoreError):
    """There is no room: the disk, or the largest size that was allowed. The batch failed as a whole."""


class LockedError(StoreError):
    """Another process, or another handle, writes to this ledger."""


class ClosedError(StoreError):
    """The handle was closed."""


class ForkedError(StoreError):
    """The process was forked after the ledger was opened; open it in the child, or start children with `spawn`."""


class ReadOnlyError(StoreError):
    """A call that writes, on a handle that was opened read-only."""


class HandedOverError(StoreError):
    """A write to a ledger that was handed over to another operator, and goes on elsewhere. It opens read-only."""


class NotALedgerError(StoreError):
    """The folder holds no ledger."""


class NewerFormatError(StoreError):
    """The folder was written by a newer Counterfoil."""


class PoisonedError(StoreError):
    """An earlier call failed in a way that leaves open what reached the disk. Open the ledger again."""


class UnconfirmedError(StoreError):
    """A restored or copied ledger that has not compared itself with what was published, and does not sign before."""


class DivergedError(StoreError):
    """This copy contradicts a published checkpoint, and must never sign."""


class CorruptionError(StoreError):
    """What is stored contradicts itself. The handle is poisoned; see `fsck`."""


class LedgerTimeError(LedgerError, ValueError):
    """A time that may not be applied: before the ledger's last, or ahead of the clock. Or a time before it began."""


class OperatorKeyError(LedgerError):
    """The operator's key is missing, or is not this ledger's."""


class WitnessError(LedgerError):
    """A witness does not cosign a checkpoint. The message says why."""


class KeyReusedError(LedgerError, ValueError):
    """The `key` of a call was used before, for something else."""


class UnknownMemberError(LedgerError, KeyError):
    """A customer whom a store of members does not know, or no longer. The message does not name the customer."""

    __str__ = Exception.__str__  # KeyError would put the message in quotes.


class SelfCustodyError(LedgerError):
    """A member's key is asked for, and the member has taken the account over: it signs with keys of its own."""


class SignInError(RefusedError):
    """A sign-in that is refused: `reason` is one of `counterfoil.signin.REASONS`."""


class ContractError(RefusedError):
    """A contract on an EVM chain refuses a call, before it is sent.

    Its `reason` is one of `counterfoil.evm.CONTRACT_REASONS`; where a proof is refused, one of
    `counterfoil.verify.REASONS`; `reverted` where the contract does not say, or where a transaction failed that would
    not have when it was sent: another came before it.
    """
