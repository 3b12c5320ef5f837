"""An embeddable, provable ledger: signed batches in, provable state out."""

from __future__ import annotations

from counterfoil.exceptions import LedgerError, ProofError, RejectedError, SignatureError, StoreError, WireError
from counterfoil.keys import Key, Signer
from counterfoil.status import Status
from counterfoil.wire import Authorizer, Genesis, Parameters, SignedTransaction, Transaction

__all__ = [
    "Authorizer",
    "Genesis",
    "Key",
    "LedgerError",
    "Parameters",
    "ProofError",
    "RejectedError",
    "SignatureError",
    "SignedTransaction",
    "Signer",
    "Status",
    "StoreError",
    "Transaction",
    "WireError",
]
