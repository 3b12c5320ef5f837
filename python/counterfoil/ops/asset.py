"""Assets: what they are, and the powers over them. Family 2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation
from counterfoil.verify import (
    AttestedHolders,
    Bound,
    DebtFloor,
    Fee,
    FixedExpiry,
    InactivityExpiry,
    Lots,
    MaxHolding,
    NoReinstatement,
    Notice,
    Period,
    Power,
    Powers,
    Reason,
    StrictLots,
    SunsetNotice,
    Term,
    asset_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AttestedHolders",
    "Bound",
    "Change",
    "Create",
    "DebtFloor",
    "Fee",
    "FixedExpiry",
    "Freeze",
    "InactivityExpiry",
    "Lots",
    "MaxHolding",
    "NoReinstatement",
    "Notice",
    "Pause",
    "Period",
    "Power",
    "Powers",
    "Reason",
    "Renounce",
    "StrictLots",
    "Sunset",
    "SunsetNotice",
    "Term",
    "asset_id",
]

SUPPLY_CAP_MAX = 10**38 - 1
"""The largest supply of an asset (SQL `NUMERIC(38)`)."""


def _sort_policy(made: Create | Change) -> None:
    if made.policy is not None:
        object.__setattr__(made, "policy", tuple(sorted(made.policy, key=lambda term: term.wire_tag)))


@operation("create")
@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Operation):
    """Create an asset; its id is `asset_id(issuer, symbol)`. Nothing of it exists until it is minted.

    Attributes:
        issuer: An account id, 32 bytes.
        symbol: 1 to 12 of `A-Z0-9.`.
        decimals: Decimal places of a whole unit, at most 38.
        supply_cap: The most minor units that may exist at a time, at most 10^38 - 1.
        policy: Terms, kept in order; none is a plain asset that lasts.
        powers: Who holds which power. A power that nobody holds is renounced for good.

    Statuses: invalid_symbol, too_many_decimals, invalid_supply_cap, invalid_policy, creator_not_allowed, asset_exists.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, bytes are of another length, or the symbol is no Unicode text.

    >>> policy = [FixedExpiry(365), Lots(Period.MONTH)]
    >>> Create(issuer=bytes(32), symbol="BEAN", decimals=0, supply_cap=10**9, policy=policy).policy
    (Lots(period=<Period.MONTH: 1>), FixedExpiry(days=365))
    """

    issuer: bytes
    symbol: str
    decimals: int
    supply_cap: int
    policy: Sequence[Term] = ()
    powers: Powers = field(default_factory=Powers)

    def __post_init__(self) -> None:
        """Check the fields and put the terms in order."""
        Operation.__post_init__(self)
        _sort_policy(self)


@operation("change")
@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Operation):
    """Lower an asset's supply cap, or change its policy: all but lots and the kinds of expiry.

    Where the policy has a `Notice`, a change of it for the worse of those who hold the asset is only announced, and
    holds after that time. Changing to the policy in force withdraws it.

    Attributes:
        asset: The asset's id, 32 bytes.
        supply_cap: The new one; None leaves it.
        policy: All terms, kept in order; None leaves them.

    Statuses: nothing_to_change, invalid_supply_cap, invalid_policy, unknown_asset, power_renounced, supply_cap_raised,
    supply_cap_below_supply, policy_layout_fixed, change_pending.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Change(asset=bytes(32), supply_cap=5_000).policy is None
    True
    """

    asset: bytes
    supply_cap: int | None = None
    policy: Sequence[Term] | None = None

    def __post_init__(self) -> None:
        """Check the fields and put the terms in order."""
        Operation.__post_init__(self)
        _sort_policy(self)


@operation("renounce")
@dataclass(frozen=True, slots=True, kw_only=True)
class Renounce(Operation):
    """Give up a power over an asset, for good.

    Attributes:
        asset: The asset's id, 32 bytes.
        power: Which one.

    Statuses: unknown_asset, power_renounced.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Renounce(asset=bytes(32), power=Power.MINT).power.name
    'MINT'
    """

    asset: bytes
    power: Power


@operation("freeze")
@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze(Operation):
    """Freeze an account for one asset, or lift that: a frozen account neither sends nor receives it.

    Attributes:
        asset: The asset's id, 32 bytes.
        account: The account's id, 32 bytes.
        frozen: Whether it is to be frozen.
        reason: Why.

    Statuses: unknown_asset, power_renounced, programme_account, unchanged.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Freeze(asset=bytes(32), account=b"a" * 32, frozen=True, reason=Reason(7)).reason.code
    7
    """

    asset: bytes
    account: bytes
    frozen: bool
    reason: Reason = field(default_factory=Reason)


@operation("pause")
@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Operation):
    """Pause an asset, or lift that: while paused it is not transferred, paid, minted, burned, redeemed or refunded.

    Attributes:
        asset: The asset's id, 32 bytes.
        paused: Whether it is to be paused.
        reason: Why.

    Statuses: unknown_asset, power_renounced, unchanged.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Pause(asset=bytes(32), paused=True).paused
    True
    """

    asset: bytes
    paused: bool
    reason: Reason = field(default_factory=Reason)


@operation("sunset")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sunset(Operation):
    """Say when an asset ends, for one whose policy has a `SunsetNotice`: from then on all of its units have lapsed.

    What was said may be postponed or withdrawn until then.

    Attributes:
        asset: The asset's id, 32 bytes.
        at: From when on nothing of it is left, ms; 0 withdraws it.

    Statuses: unknown_asset, power_renounced, no_sunset, asset_sunset, sunset_too_soon, unchanged.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Sunset(asset=bytes(32), at=1_900_000_000_000).at
    1900000000000
    """

    asset: bytes
    at: int
