"""When units lapse: `docs/reference/operations.md`, *Lots, lapsing and order*."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from counterfoil.ops import FixedExpiry, InactivityExpiry, Lots, Period

if TYPE_CHECKING:
    from counterfoil.verify import AssetRecord, Holding

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Expiring:
    """Units of a member that lapse unless something happens before.

    Attributes:
        day: The day on which they lapse, days since 1970-01-01 UTC.
        amount: Minor units.
        reason: `inactivity` (any activity keeps them), `fixed`, or `sunset` (the asset ends on that day).
    """

    day: int
    amount: int
    reason: str


def lapses(asset: AssetRecord, holding: Holding, *, time: int) -> list[Expiring]:
    """When each part of a balance lapses, by the policy in force at a time (ms). Soonest first."""
    found = []
    policy = asset.policy_at(time)
    period = next((term.period for term in policy if isinstance(term, Lots)), None)
    for term in policy:
        if isinstance(term, InactivityExpiry) and holding.amount:
            found.append(Expiring(holding.activity_day + term.days, holding.amount, "inactivity"))
        elif isinstance(term, FixedExpiry) and period is not None:
            found += [Expiring(_end_day(period, lot.lot) + term.days, lot.amount, "fixed") for lot in holding.lots]
    if asset.sunset is not None and holding.amount:
        found.append(Expiring(asset.sunset // DAY_MS, holding.amount, "sunset"))
    return sorted(found, key=lambda each: each.day)


def live_units(asset: AssetRecord, holding: Holding, *, time: int, held: bool = False) -> int:
    """What of a balance has not lapsed at a time.

    Args:
        asset: The asset.
        holding: The balance.
        time: When, ms.
        held: Whether it is that of a hold, where inactivity does not count.
    """
    if asset.sunset is not None and time >= asset.sunset:
        return 0
    gone = [each for each in lapses(asset, holding, time=time) if each.day <= time // DAY_MS]
    if not held and any(each.reason == "inactivity" for each in gone):
        return 0
    return holding.amount - sum(each.amount for each in gone if each.reason == "fixed")


def lot_of(period: Period, time: int) -> int:
    """The lot of units that are minted at a time (ms)."""
    days = time // DAY_MS
    if period is Period.DAY:
        return days
    today = date.fromordinal(date(1970, 1, 1).toordinal() + days)
    return (today.year - 1970) * 12 + today.month - 1


def _end_day(period: Period, lot: int) -> int:
    """The first day after a lot's period."""
    if period is Period.DAY:
        return lot + 1
    year, month = divmod(lot + 1, 12)
    return (date(1970 + year, month + 1, 1) - date(1970, 1, 1)).days
