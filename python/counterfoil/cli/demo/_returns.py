"""Orders that come back: points given for them are restored, points earned by them are taken back, or owed."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.cli.demo._data import Purchase
from counterfoil.cli.demo._rules import ends_month, returns
from counterfoil.cli.demo._shop import DEBT_FLOOR, Shop
from counterfoil.cli.demo._till import Till
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS, Wanted
from counterfoil.ops import Burn, ClawBack, Operation, Reason, Refund

RETURNED = 1
"""The reason's code."""


class Returns:
    """Returned orders.

    Attributes:
        orders: Those that came back, by row.
        refunds: How many of them had been paid with points.
        written_off: Points that were neither there nor, beyond the debt floor, may be owed.
    """

    def __init__(self, shop: Shop, till: Till, in_order: Sequence[Purchase]) -> None:
        """Begin; nothing is applied yet."""
        self.shop, self.till = shop, till
        self.orders: dict[int, Purchase] = {}
        self.refunds = self.written_off = 0
        self._by_day = returns(in_order, shop.last_day)

    def take(self, day: int) -> None:
        """The orders that come back on a day: `refund` and `claw_back`, both or none of an order."""
        waiting = self._by_day.get(day, [])
        while waiting:
            # What is taken depends on what is there, so that one member's orders are entered one after the other.
            now: dict[int, Purchase] = {}
            for purchase in waiting:
                now.setdefault(purchase.customer, purchase)
            waiting = [purchase for purchase in waiting if now[purchase.customer] is not purchase]
            wanted = [self._return(day, purchase) for purchase in now.values()]
            self.shop.work.do(day * DAY_MS + 9 * HOUR_MS, [one for one in wanted if one[0]])

    def _return(self, day: int, purchase: Purchase) -> Wanted:
        """For a refund the manager of the till signs, for a claw back two owners do. It may come to nothing."""
        shop, member = self.shop, self.shop.member(purchase.customer).account
        redeem = self.till.paid.get(purchase.row)
        paid = 0 if redeem is None else redeem.amount
        balance, owing = shop.ledger.balance(shop.points, member), shop.ledger.debt(shop.points, member)
        points = min(purchase.points, balance + paid + DEBT_FLOOR - owing)
        operations: list[Operation] = []
        if redeem is not None:
            operations.append(Refund(asset=shop.points, sender=member, order=redeem.order, amount=paid))
            shop.books.refund(member, day, redeem.order)
            self.refunds += 1
        if points:
            operations.append(self.claw_back(purchase, points))
            shop.books.claw_back(member, day, points)
        self.orders[purchase.row] = purchase
        self.written_off += purchase.points - points
        return operations, [*shop.two_owners, shop.manager]

    def claw_back(self, purchase: Purchase, points: int) -> ClawBack:
        """Points of an order, back to the brand, with a reason and the hash of the order as evidence."""
        return ClawBack(
            asset=self.shop.points,
            sender=self.shop.member(purchase.customer).account,
            to=self.shop.brand,
            amount=points,
            reason=Reason(code=RETURNED, evidence=self.shop.order(purchase)),
        )

    def burn(self, day: int) -> None:
        """At the end of a month the brand destroys what came back to it: `burn`."""
        shop = self.shop
        if not ends_month(day) and day != shop.last_day:
            return
        points = shop.ledger.balance(shop.points, shop.brand)
        if points:
            burn = Burn(asset=shop.points, sender=shop.brand, amount=points)
            shop.work.do(day * DAY_MS + 20 * HOUR_MS, [([burn], shop.two_owners)])
            shop.books.burn(shop.brand, day, points)
