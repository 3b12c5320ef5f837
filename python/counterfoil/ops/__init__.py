"""The operations that a transaction is made of, and their parts. Semantics: `docs/reference/operations.md`.

>>> from counterfoil.ops import Transfer
>>> Transfer(asset=bytes(32), sender=b"a" * 32, to=b"b" * 32, amount=5).amount
5
"""

from __future__ import annotations

from counterfoil.ops._operation import Operation
from counterfoil.ops.account import (
    Alias,
    CancelRecovery,
    FinishRecovery,
    KeyGrant,
    Limit,
    Mandate,
    Once,
    Open,
    Recover,
    SetGuardians,
    SetKeys,
    named_account,
)
from counterfoil.ops.asset import (
    Bound,
    Change,
    Create,
    FixedExpiry,
    Freeze,
    InactivityExpiry,
    Lots,
    Pause,
    Period,
    Power,
    Powers,
    Reason,
    Renounce,
    StrictLots,
    Term,
    asset_id,
)
from counterfoil.ops.ledger import Parameters, SetParameters
from counterfoil.ops.move import Burn, ClawBack, Mint, Pay, Payee, Sweep, Transfer

__all__ = [
    "Alias",
    "Bound",
    "Burn",
    "CancelRecovery",
    "Change",
    "ClawBack",
    "Create",
    "FinishRecovery",
    "FixedExpiry",
    "Freeze",
    "InactivityExpiry",
    "KeyGrant",
    "Limit",
    "Lots",
    "Mandate",
    "Mint",
    "Once",
    "Open",
    "Operation",
    "Parameters",
    "Pause",
    "Pay",
    "Payee",
    "Period",
    "Power",
    "Powers",
    "Reason",
    "Recover",
    "Renounce",
    "SetGuardians",
    "SetKeys",
    "SetParameters",
    "StrictLots",
    "Sweep",
    "Term",
    "Transfer",
    "asset_id",
    "named_account",
]
