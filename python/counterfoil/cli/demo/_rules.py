"""What is made up: each by a stated rule from the data, the same in every run, and nothing by chance.

The file says who bought when, and for how much. It says nothing of points, friends, tiers, returns or bookshops.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from counterfoil.cli.demo._data import Purchase

_EPOCH = date(1970, 1, 1)

REWARD = 100
"""Points are redeemed by the hundred."""

OWED_CENTS = 80
"""What the shop owes the bookshop for each hundred points redeemed there."""

BONUS = 100
"""Points for a referral, half of them for each of the two."""

RETURN_EVERY = 20
RETURN_CENTS_MIN = 2_000
RETURN_DAYS = 20

TIERS = ("silver", "gold")
TIER_CENTS = (20_000, 50_000)
TIER_DAYS = 365

CLEARING_DAY = 10
"""On which day of a month the months before it are paid for."""


def redeems(customer: int) -> bool:
    """Whether a member redeems as soon as it can; one in three saves up."""
    return customer % 3 != 0


def at_bookshop(customer: int) -> bool:
    """Whether a member redeems at the bookshop's till."""
    return customer % 5 == 0


def brought_by(customer: int) -> int | None:
    """Who is said to have brought a customer: every fourth one was, by that of half its number."""
    return customer // 2 if customer and customer % 4 == 0 else None


def first_purchases(in_order: Sequence[Purchase]) -> dict[int, Purchase]:
    """Each customer's first purchase that earned a point."""
    first: dict[int, Purchase] = {}
    for purchase in in_order:
        if purchase.points:
            first.setdefault(purchase.customer, purchase)
    return first


def referrals(first: dict[int, Purchase]) -> dict[int, int]:
    """Who brought whom: the new customer, and one who had bought on an earlier day."""
    brought: dict[int, int] = {}
    for customer, purchase in first.items():
        friend = brought_by(customer)
        if friend in first and first[friend].day < purchase.day:
            brought[customer] = friend
    return brought


def returns(in_order: Sequence[Purchase], last_day: int) -> dict[int, list[Purchase]]:
    """Which orders come back, by the day on which they do: every 20th of those over $20, in the order of dates."""
    dear = [purchase for purchase in in_order if purchase.cents > RETURN_CENTS_MIN]
    by_day: dict[int, list[Purchase]] = {}
    for purchase in dear[RETURN_EVERY - 1 :: RETURN_EVERY]:
        if purchase.day + RETURN_DAYS <= last_day:
            by_day.setdefault(purchase.day + RETURN_DAYS, []).append(purchase)
    return by_day


def tier(cents: int) -> int:
    """The tier that so much in a year makes: 0 is none, 1 silver, 2 gold."""
    return sum(cents >= least for least in TIER_CENTS)


def month(day: int) -> int:
    """The calendar month of a day, counted from January 1970."""
    moment = _EPOCH + timedelta(days=day)
    return (moment.year - 1970) * 12 + moment.month - 1


def day_of_month(day: int) -> int:
    """1 to 31."""
    return (_EPOCH + timedelta(days=day)).day


def ends_month(day: int) -> bool:
    """Whether a day is the last one of its month."""
    return month(day + 1) != month(day)


def ends_quarter(day: int) -> bool:
    """Whether a day is the last one of its quarter."""
    return month(day + 1) // 3 != month(day) // 3


def next_quarter_end(day: int) -> int:
    """The next day after this one that ends a quarter."""
    number = (month(day + 1) // 3 + 1) * 3
    return (date(1970 + number // 12, number % 12 + 1, 1) - _EPOCH).days - 1


def stated() -> list[tuple[str, str]]:
    """The rules in words, for those who read the figures."""
    silver, gold = (cents // 100 for cents in TIER_CENTS)
    return [
        (
            "redeeming",
            f"each full {REWARD} points on the evening of a purchase; customers of numbers "
            "divisible by 3 save theirs up",
        ),
        (
            "bookshop",
            "customers of numbers divisible by 5 redeem there; the shop owes it "
            f"{OWED_CENTS} cents for {REWARD} points",
        ),
        (
            "referrals",
            "every 4th customer was brought by that of half its number, if that one had "
            f"bought before; {BONUS // 2} points for each of the two",
        ),
        (
            "returns",
            f"every {RETURN_EVERY}th order of over ${RETURN_CENTS_MIN // 100} comes back after {RETURN_DAYS} days",
        ),
        ("tiers", f"silver for ${silver} in {TIER_DAYS} days, gold for ${gold}, less what came back"),
    ]
