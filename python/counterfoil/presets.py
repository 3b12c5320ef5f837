"""Presets: the kinds of assets that programmes are made of, each as the operation that it makes.

`points()`: `create` with bound, lots by month, inactivity expiry (365 days), and a debt floor where one is given; the
issuer may mint, freeze, claw back and change. `coin()`: `create` without terms: it moves freely and lasts; the issuer
may mint up to the cap and change. `share()`: `create` without terms; the issuer may mint, freeze and change.

What a preset leaves out is renounced for good: `Powers` has nobody for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.ops import Bound, Create, DebtFloor, FixedExpiry, InactivityExpiry, Lots, Period, Powers, Term

__all__ = ["Preset", "coin", "points", "share"]


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
