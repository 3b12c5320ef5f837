"""An embeddable, provable ledger: signed batches in, provable state out."""

from __future__ import annotations

from counterfoil.exceptions import LedgerError, ProofError, RejectedError, SignatureError, StoreError, WireError
from counterfoil.keys import Key, Signer
from counterfoil.ledger import Event, Ledger, Outcome, Outcomes, Pending, Receipt, Statement, fsck
from counterfoil.status import Status
from counterfoil.wire import Authorizer, Genesis, Parameters, SignedTransaction, Transaction

__all__ = [
    "Authorizer",
    "Event",
    "Genesis",
    "Key",
    "Ledger",
    "LedgerError",
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
