"""Silver and gold: what the brand attests of its members at the end of each quarter, until the end of the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass

from counterfoil.cli.demo._data import Purchase
from counterfoil.cli.demo._rules import TIER_DAYS, TIERS, ends_quarter, next_quarter_end, tier
from counterfoil.cli.demo._shop import Shop
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS, chunks
from counterfoil.ops import Attest, Integer, IntegerRange, Operation, Schema, schema_id

_NAME = "tier"
_ATTESTATIONS = 200


@dataclass(frozen=True)
class Review:
    """What a review came to.

    Attributes:
        day: When.
        silver: How many members are silver from then on.
        gold: How many are gold.
        promoted: How many have a higher tier than before.
        demoted: How many have a lower one, or none any more.
    """

    day: int
    silver: int
    gold: int
    promoted: int
    demoted: int


class Tiers:
    """The tiers.

    Attributes:
        schema: Attestations of a level, 1 silver and 2 gold. Only the brand makes them.
        reviews: What each review came to.
        levels: The level of each customer who has one, since the latest review.
        spent: What was spent in the year before it, in cents.
    """

    def __init__(self, shop: Shop) -> None:
        """Begin; nothing is applied yet."""
        self.shop = shop
        self.schema = schema_id(shop.brand, _NAME)
        self.reviews: list[Review] = []
        self.levels: dict[int, int] = {}
        self.spent: Counter[int] = Counter()

    def open(self) -> None:
        """Say what a tier is."""
        shop = self.shop
        schema = Schema(creator=shop.brand, name=_NAME, content=IntegerRange(1, len(TIERS)), issuers=[shop.brand])
        shop.work.do(shop.first_day * DAY_MS, [([schema], shop.two_owners)])

    def review(self, day: int, bought: Iterable[Purchase], returned: Container[int]) -> None:
        """At a quarter's end: `attest` the tier of everybody who has one, hundreds in a transaction.

        Those of the review before expire at this very moment, so that they can be replaced.

        Args:
            day: Today.
            bought: All purchases up to today.
            returned: The rows of orders that came back.
        """
        if not ends_quarter(day):
            return
        shop, before = self.shop, self.levels
        self.spent = Counter()
        for purchase in bought:
            if purchase.day > day - TIER_DAYS and purchase.row not in returned:
                self.spent[purchase.customer] += purchase.cents
        self.levels = {customer: tier(cents) for customer, cents in self.spent.items() if tier(cents)}
        expires = _review_time(next_quarter_end(day))
        attestations: list[Operation] = [
            Attest(
                schema=self.schema,
                issuer=shop.brand,
                subject=shop.member(customer).account,
                expires=expires,
                content=Integer(level),
            )
            for customer, level in self.levels.items()
        ]
        shop.work.do(_review_time(day), [(part, shop.two_owners) for part in chunks(attestations, _ATTESTATIONS)])
        count = Counter(self.levels.values())
        moved = [self.levels.get(one, 0) - before.get(one, 0) for one in self.levels | before]
        self.reviews.append(
            Review(day, count[1], count[2], sum(step > 0 for step in moved), sum(step < 0 for step in moved))
        )


def _review_time(day: int) -> int:
    return day * DAY_MS + 21 * HOUR_MS
