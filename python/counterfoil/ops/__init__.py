"""The operations that a transaction is made of, and their parts. Semantics: `docs/reference/operations.md`.

>>> from counterfoil.ops import Transfer
>>> Transfer(asset=bytes(32), sender=b"a" * 32, to=b"b" * 32, amount=5).amount
5
"""

from __future__ import annotations

from counterfoil.ops._operation import Operation
from counterfoil.ops.account import KeyGrant, Limit, Mandate, Once, Open, SetKeys, named_account
from counterfoil.ops.asset import (
    Bound,
    Change,
    Create,
    DebtFloor,
    FixedExpiry,
    Freeze,
    InactivityExpiry,
    Lots,
    NoReinstatement,
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
from counterfoil.ops.move import Burn, ClawBack, Mint, Pay, Payee, Redeem, Refund, Sweep, Transfer

__all__ = [
    "Bound",
    "Burn",
    "Change",
    "ClawBack",
    "Create",
    "DebtFloor",
    "FixedExpiry",
    "Freeze",
    "InactivityExpiry",
    "KeyGrant",
    "Limit",
    "Lots",
    "Mandate",
    "Mint",
    "NoReinstatement",
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
    "Redeem",
    "Refund",
    "Renounce",
    "SetKeys",
    "SetParameters",
    "StrictLots",
    "Sweep",
    "Term",
    "Transfer",
    "asset_id",
    "named_account",
]
