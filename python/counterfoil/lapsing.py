"""When units lapse: `docs/reference/operations.md`, *Lots, lapsing and order*."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.verify import FixedExpiry, InactivityExpiry, Lots, Period

if TYPE_CHECKING:
    from counterfoil.verify import AssetRecord, Holding

__all__ = ["DAY_MS", "Expiring", "lapses", "lot_of", "spendable"]

DAY_MS = 86_400_000

_MONTH_STARTS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


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
            found += [
                Expiring(_first_day_after(period, lot.lot) + term.days, lot.amount, "fixed") for lot in holding.lots
            ]
    if asset.sunset is not None and holding.amount:
        found.append(Expiring(asset.sunset // DAY_MS, holding.amount, "sunset"))
    return sorted(found, key=lambda each: each.day)


def spendable(asset: AssetRecord, holding: Holding, time: int) -> int:
    """The units of a balance that have not lapsed: those that a transfer at this time would find.

    A ledger removes lapsed units only when something touches the balance, so that its record may still have them.

    Args:
        asset: The asset's record.
        holding: The balance's record.
        time: At which time, ms.

    >>> from counterfoil.ops import Powers
    >>> from counterfoil.verify import AssetRecord, Holding, InactivityExpiry
    >>> totals = dict.fromkeys("frozen_accounts debtors owed minted burned redeemed swept clawed_back".split(), 0)
    >>> bean = AssetRecord(
    ...     version=1, issuer=bytes(32), symbol="BEAN", decimals=0, supply_cap=9, paused=False, **totals,
    ...     policy=(InactivityExpiry(365),), powers=Powers(),
    ... )
    >>> [spendable(bean, Holding(9, activity_day=100), day * 86_400_000) for day in (464, 465)]
    [9, 0]
    """
    if asset.sunset is not None and asset.sunset <= time:
        return 0
    today = time // DAY_MS
    # What waits in a hold was last active on day 2^32 - 1, which does not come.
    gone = [each for each in lapses(asset, holding, time=time) if each.day <= today]
    if any(each.reason == "inactivity" for each in gone):
        return 0
    return holding.amount - sum(each.amount for each in gone if each.reason == "fixed")


def lot_of(period: Period, time: int) -> int:
    """The lot of units that are minted at a time (ms)."""
    if period is Period.DAY:
        return time // DAY_MS
    today = clock.gmtime(time // 1_000)
    return (today.tm_year - 1970) * 12 + today.tm_mon - 1


def _first_day_after(period: Period, lot: int) -> int:
    """The first day after a lot's period, for lots of any number: days since 1970-01-01."""
    if period is Period.DAY:
        return lot + 1
    years, month = divmod(lot + 1, 12)
    year = 1970 + years
    leaps = (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400 - 477
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 365 * years + leaps + _MONTH_STARTS[month] + (1 if is_leap and month >= 2 else 0)
