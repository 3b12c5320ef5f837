"""An embeddable, provable ledger: signed batches in, provable state out.

What needs the native module is loaded when it is first asked for, so that a client may `import counterfoil.verify` with
nothing but PyNaCl installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.exceptions import LedgerError, ProofError, RejectedError, SignatureError, StoreError, WireError
from counterfoil.keys import Key, Signer
from counterfoil.status import Status
from counterfoil.wire import Authorizer, Genesis, Parameters, SignedTransaction, Transaction

if TYPE_CHECKING:
    from counterfoil.ledger import (
        AppliedTransaction,
        Event,
        Ledger,
        Outcome,
        Outcomes,
        Pending,
        Receipt,
        Statement,
        fsck,
    )
    from counterfoil.native import NativeVerifier

__all__ = [
    "AppliedTransaction",
    "Authorizer",
    "Event",
    "Genesis",
    "Key",
    "Ledger",
    "LedgerError",
    "NativeVerifier",
    "Outcome",
    "Outcomes",
    "Parameters",
    "Pending",
    "ProofError",
    "Receipt",
    "RejectedError",
    "SignatureError",
    "SignedTransaction",
    "Signer",
    "Statement",
    "Status",
    "StoreError",
    "Transaction",
    "WireError",
    "fsck",
]

_NATIVE = frozenset(
    {"AppliedTransaction", "Event", "Ledger", "Outcome", "Outcomes", "Pending", "Receipt", "Statement", "fsck"}
)


def __getattr__(name: str) -> object:
    """Load what needs the native module."""
    if name == "NativeVerifier":
        from counterfoil import native

        return native.NativeVerifier
    if name in _NATIVE:
        from counterfoil import ledger

        return getattr(ledger, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
