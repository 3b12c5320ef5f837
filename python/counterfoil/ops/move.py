"""Movements of units. Family 3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation, part
from counterfoil.verify import Encodable, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Burn", "ClawBack", "Mint", "Pay", "Payee", "Redeem", "Refund", "Sweep", "Transfer"]


@operation("transfer")
@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Operation):
    """Move units from one account to another; those that lapse soonest go first.

    Attributes:
        asset: The asset's id, 32 bytes.
        sender: Whose units, an account id of 32 bytes.
        to: Who gets them, an account id of 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.
        reference: 32 bytes of the caller's: the hash of an order, say.

    Statuses: zero_amount, amount_too_large, same_account, unknown_asset, asset_paused, account_frozen,
    programme_account, asset_bound, insufficient_funds, too_many_lots.

    Raises:
        TypeError: A field is of another type: amounts are integers, never floats.
        WireError: An integer is out of range, or bytes are of another length.

    >>> gift = Transfer(asset=bytes(32), sender=b"a" * 32, to=b"b" * 32, amount=120)
    >>> bytes(gift).hex()[:4], len(bytes(gift))
    ('3000', 114)
    """

    asset: bytes
    sender: bytes
    to: bytes
    amount: int
    reference: bytes | None = None


@part("Payee")
@dataclass(frozen=True, slots=True)
class Payee(Encodable):
    """Who gets how much.

    Attributes:
        to: An account id, 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Payee(b"a" * 32, 5).amount
    5
    """

    to: bytes
    amount: int


@operation("pay")
@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Operation):
    """Move units from one account to many, with one signature.

    Attributes:
        asset: The asset's id, 32 bytes.
        sender: Whose units, an account id of 32 bytes.
        payees: Who gets how much, in order.
        reference: 32 bytes of the caller's.

    Statuses: no_payee, and those of `Transfer`.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> crew = Pay(asset=bytes(32), sender=b"a" * 32, payees=[Payee(b"b" * 32, 60), Payee(b"c" * 32, 40)])
    >>> sum(payee.amount for payee in crew.payees)
    100
    """

    asset: bytes
    sender: bytes
    payees: Sequence[Payee]
    reference: bytes | None = None


@operation("mint")
@dataclass(frozen=True, slots=True, kw_only=True)
class Mint(Operation):
    """Make new units, in the lot of today where the asset has lots. Signed by the holder of the power, or by mandate.

    Attributes:
        asset: The asset's id, 32 bytes.
        to: Who gets them, an account id of 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.
        reference: 32 bytes of the caller's.

    Statuses: zero_amount, amount_too_large, unknown_asset, power_renounced, asset_paused, account_frozen,
    programme_account, supply_cap_exceeded, too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Mint(asset=bytes(32), to=b"a" * 32, amount=500).amount
    500
    """

    asset: bytes
    to: bytes
    amount: int
    reference: bytes | None = None


@operation("burn")
@dataclass(frozen=True, slots=True, kw_only=True)
class Burn(Operation):
    """Destroy units; those that lapse soonest go first.

    Attributes:
        asset: The asset's id, 32 bytes.
        sender: Whose units, an account id of 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.
        reference: 32 bytes of the caller's.

    Statuses: zero_amount, amount_too_large, unknown_asset, asset_paused, account_frozen, programme_account,
    insufficient_funds.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Burn(asset=bytes(32), sender=b"a" * 32, amount=500).amount
    500
    """

    asset: bytes
    sender: bytes
    amount: int
    reference: bytes | None = None


@operation("claw_back")
@dataclass(frozen=True, slots=True, kw_only=True)
class ClawBack(Operation):
    """Take units back, from a frozen account as well. Signed by the holder of the power.

    Where the policy has a `DebtFloor`, more can be taken than is there: what is missing the account owes the issuer, to
    whom its later earnings go first.

    Attributes:
        asset: The asset's id, 32 bytes.
        sender: Whose units, an account id of 32 bytes.
        to: Who gets them, an account id of 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.
        reason: Why.

    Statuses: zero_amount, amount_too_large, same_account, unknown_asset, power_renounced, account_frozen (the payee),
    programme_account, insufficient_funds, debt_floor_reached, too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> ClawBack(asset=bytes(32), sender=b"a" * 32, to=b"b" * 32, amount=5, reason=Reason(3)).reason
    Reason(code=3, evidence=None)
    """

    asset: bytes
    sender: bytes
    to: bytes
    amount: int
    reason: Reason = field(default_factory=Reason)


@operation("sweep")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Operation):
    """Remove the lapsed units of accounts, so that the supply counts them no longer. Anybody may.

    Attributes:
        asset: The asset's id, 32 bytes.
        accounts: Account ids, 32 bytes each.

    Statuses: no_account, unknown_asset, not_expiring, programme_account.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> len(Sweep(asset=bytes(32), accounts=[b"a" * 32, b"b" * 32]).accounts)
    2
    """

    asset: bytes
    accounts: Sequence[bytes]


@operation("redeem")
@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem(Operation):
    """Take units out of the supply for something outside the ledger; those that lapse soonest go first.

    An order is redeemed once: who sends it twice is told `already_redeemed`. Signed by the sender, or by mandate.

    Attributes:
        asset: The asset's id, 32 bytes.
        sender: Whose units, an account id of 32 bytes.
        at: Where they are redeemed, the account that may refund them: a brand or a till.
        order: A salted hash of the order, 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.

    Statuses: zero_amount, amount_too_large, unknown_asset, asset_paused, already_redeemed, account_frozen,
    programme_account, insufficient_funds.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Redeem(asset=bytes(32), sender=b"a" * 32, at=b"t" * 32, order=bytes(32), amount=500).amount
    500
    """

    asset: bytes
    sender: bytes
    at: bytes
    order: bytes
    amount: int


@operation("refund")
@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Operation):
    """Give redeemed units back to who redeemed them, all or some; those that lapse last come first.

    It may be done several times, until all has been given back. Signed by the account where they were redeemed.

    Attributes:
        asset: The asset's id, 32 bytes.
        sender: Who redeemed them, an account id of 32 bytes.
        order: The order of the redemption, 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.

    Statuses: zero_amount, amount_too_large, unknown_asset, unknown_redemption, asset_paused, account_frozen,
    refund_exceeds, supply_cap_exceeded, too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Refund(asset=bytes(32), sender=b"a" * 32, order=bytes(32), amount=200).amount
    200
    """

    asset: bytes
    sender: bytes
    order: bytes
    amount: int
