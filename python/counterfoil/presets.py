"""Presets: the kinds of assets that programmes are made of, each as the operation that it makes.

`points()`: `create` with bound, lots by month, inactivity expiry (365 days), and a debt floor where one is given; the
issuer may mint, freeze, claw back and change. `coin()`: `create` without terms: it moves freely and lasts; the issuer
may mint up to the cap and change. `share()`: `create` without terms; the issuer may mint, freeze and change.
`ticket()`: `create` of items with a royalty; the issuer may mint and freeze. `badge()`: `create` with bound and a
largest holding of 1; the issuer may mint and claw back.

What a preset leaves out is renounced for good: `Powers` has nobody for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.ops import (
    Bound,
    Create,
    DebtFloor,
    FixedExpiry,
    InactivityExpiry,
    Items,
    Lots,
    MaxHolding,
    Period,
    Powers,
    Royalty,
    Term,
)

__all__ = ["Preset", "badge", "coin", "points", "share", "ticket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A kind of asset.

    Attributes:
        policy: The terms.
        powers: Those that the issuer holds, by name; the others nobody has, for good.
    """

    policy: tuple[Term, ...]
    powers: tuple[str, ...]

    def create(self, issuer: bytes, symbol: str, *, decimals: int, supply_cap: int) -> Create:
        """The operation that makes such an asset.

        >>> points(inactive_days=90).create(bytes(32), "BEAN", decimals=0, supply_cap=10**9).powers.pause is None
        True
        """
        powers = Powers(**dict.fromkeys(self.powers, issuer))
        return Create(
            issuer=issuer,
            symbol=symbol,
            decimals=decimals,
            supply_cap=supply_cap,
            policy=self.policy,
            powers=powers,
        )


def points(
    *, inactive_days: int | None = 365, lot_days: int | None = None, debt_floor: int | None = None, bound: bool = True
) -> Preset:
    """Loyalty points: they move only from and to the brand, are counted by month of issue, and lapse.

    Args:
        inactive_days: A balance lapses after so many days without activity; None: it does not.
        lot_days: A month's units lapse so many days after it; None: they do not.
        debt_floor: What a member may owe, in minor units, where earned points that are spent are clawed back.
        bound: Whether they move only from and to the brand. Unbound points may be given away.
    """
    terms: list[Term] = [Lots(Period.MONTH)]
    if bound:
        terms.append(Bound())
    if inactive_days is not None:
        terms.append(InactivityExpiry(inactive_days))
    if lot_days is not None:
        terms.append(FixedExpiry(lot_days))
    if debt_floor is not None:
        terms.append(DebtFloor(debt_floor))
    return Preset(policy=tuple(terms), powers=("mint", "freeze", "claw_back", "change"))


def coin() -> Preset:
    """A creator's coin: it moves freely, lasts, and nobody can freeze or take it back, ever."""
    return Preset(policy=(), powers=("mint", "change"))


def share() -> Preset:
    """A cooperative's share: it lasts, and an account may be frozen by the issuer."""
    return Preset(policy=(), powers=("mint", "freeze", "change"))


def ticket(*, royalty_to: bytes, royalty_bps: int = 500) -> Preset:
    """Tickets, a collection of items: members sell them, of each price a royalty is paid, and the door burns them.

    The royalty stays what it is: nobody may change the terms, ever. The issuer may freeze an account whose ticket was
    not paid, so that it is neither sold on nor burned at the door; it cannot take tickets away.

    Args:
        royalty_to: Who gets the royalty, an account id of 32 bytes.
        royalty_bps: How many of 10,000 parts of every price it is, 1 to 10,000. Members cannot give a ticket away for
            nothing, but back to the issuer.

    >>> kind = ticket(royalty_to=b"v" * 32).create(bytes(32), "GIG", decimals=0, supply_cap=500)
    >>> kind.policy[-1].bps, kind.powers.claw_back, kind.powers.change
    (500, None, None)
    """
    return Preset(policy=(Items(), Royalty(royalty_bps, royalty_to)), powers=("mint", "freeze"))


def badge() -> Preset:
    """Badges: each member has one unit or none, cannot pass it on, and the issuer may take it back.

    They are units and no items, for the issuer of items cannot take them back: a `claw_back` of a collection is refused
    with `not_fungible`. A programme gives them (`earn`) and takes them back (`take_back`).

    >>> badge().create(bytes(32), "CREW", decimals=0, supply_cap=10**6).policy
    (Bound(), MaxHolding(units=1))
    """
    return Preset(policy=(Bound(), MaxHolding(1)), powers=("mint", "claw_back"))
