"""The loyalty programme from its first day to its last: what happens on a day, and at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from counterfoil.cli.demo._books import INACTIVE_DAYS
from counterfoil.cli.demo._coalition import Coalition
from counterfoil.cli.demo._data import Purchase
from counterfoil.cli.demo._referrals import Referrals
from counterfoil.cli.demo._returns import Returns
from counterfoil.cli.demo._rules import first_purchases
from counterfoil.cli.demo._shop import Shop
from counterfoil.cli.demo._tiers import Tiers
from counterfoil.cli.demo._till import Till
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS
from counterfoil.desk import asset_record
from counterfoil.ledger import Ledger
from counterfoil.ops import Sweep

LATER_DAYS = 92
"""When the second sweep is, after the last purchase."""

_SWEEP_ACCOUNTS = 1_000


class Programme:
    """A shop's loyalty programme on a ledger of its own.

    Attributes:
        shop: The shop, its keys and its books.
        coalition: What it owes the bookshop.
        till: Where points are earned and redeemed.
        referrals: Who brought whom.
        returns: Orders that came back.
        tiers: Silver and gold.
        swept: Each sweep's day, and how many points had lapsed.
    """

    def __init__(self, ledger: Ledger, purchases: Sequence[Purchase]) -> None:
        """Begin; nothing is applied yet."""
        self._in_order = sorted(purchases, key=lambda one: (one.day, one.row))
        self.shop = Shop(ledger, self._in_order[0].day, self._in_order[-1].day)
        self.coalition = Coalition(self.shop)
        self.till = Till(self.shop, self.coalition)
        self.referrals = Referrals(self.shop, first_purchases(self._in_order))
        self.returns = Returns(self.shop, self.till, self._in_order)
        self.tiers = Tiers(self.shop)
        self.swept: list[tuple[int, int]] = []

    def open(self) -> None:
        """What there must be before the first purchase."""
        self.shop.open()
        self.coalition.open()
        self.referrals.open()
        self.tiers.open()

    def replay(self, tell: Callable[[int, int], None]) -> None:
        """Every day in turn, with or without purchases.

        Args:
            tell: Called after each day with how many purchases there were so far, and the day.
        """
        by_day: defaultdict[int, list[Purchase]] = defaultdict(list)
        for purchase in self._in_order:
            by_day[purchase.day].append(purchase)
        so_far: list[Purchase] = []
        for day in range(self.shop.first_day, self.shop.last_day + 1):
            bought = by_day.get(day, [])
            so_far += bought
            self.returns.take(day)
            self.coalition.clear(day)
            self.till.buy(day, bought)
            self.referrals.pay(day)
            self.till.redeem(day, bought)
            self.returns.burn(day)
            self.tiers.review(day, so_far, self.returns.orders)
            tell(len(so_far), day)

    def sweep(self, day: int) -> None:
        """Remove the balances that lapsed by this day, so that the supply counts them no longer."""
        shop = self.shop
        due = [
            account
            for account, holding in shop.ledger.holders(shop.points)
            if day >= holding.activity_day + INACTIVE_DAYS
        ]
        before = self._record_swept()
        parts = [due[start : start + _SWEEP_ACCOUNTS] for start in range(0, len(due), _SWEEP_ACCOUNTS)]
        time = day * DAY_MS + 23 * HOUR_MS
        shop.work.do(time, [([Sweep(asset=shop.points, accounts=part)], [shop.auditor]) for part in parts])
        for account in list(shop.books.held):
            shop.books.lapse(account, day)
        self.swept.append((day, self._record_swept() - before))

    def _record_swept(self) -> int:
        return asset_record(self.shop.ledger, self.shop.points).swept
