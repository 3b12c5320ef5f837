"""Purchases earn points at the shop's till; members redeem them there, or at the bookshop's."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.cli.demo._coalition import Coalition
from counterfoil.cli.demo._data import Purchase
from counterfoil.cli.demo._rules import REWARD, at_bookshop, redeems
from counterfoil.cli.demo._shop import Shop
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS, Wanted
from counterfoil.keys import Key, Signer
from counterfoil.ops import Mint, Operation, Redeem


class Till:
    """The tills.

    Attributes:
        purchases: How many earned points; each is a transaction of its own.
        skipped: How many were of less than a dollar, and earn nothing.
        redeemed_at_shop: How many times.
        redeemed_at_bookshop: How many times.
        paid: How an order of the shop was paid with points, by its row.
        transaction_of: The id of each member's latest purchase.
    """

    def __init__(self, shop: Shop, coalition: Coalition) -> None:
        """Begin; nothing is bought yet."""
        self.shop, self.coalition = shop, coalition
        self.purchases = self.skipped = self.redeemed_at_shop = self.redeemed_at_bookshop = 0
        self.paid: dict[int, Redeem] = {}
        self.transaction_of: dict[bytes, bytes] = {}

    def buy(self, day: int, bought: Sequence[Purchase]) -> None:
        """Each purchase of a dollar or more is a `mint`, which a cashier signs."""
        shop = self.shop
        wanted: list[Wanted] = []
        accounts = []
        for purchase in bought:
            if not purchase.points:
                self.skipped += 1
                continue
            account = shop.member(purchase.customer).account
            mint = Mint(asset=shop.points, to=account, amount=purchase.points, reference=shop.order(purchase))
            wanted.append(([mint], [shop.cashiers[purchase.row % len(shop.cashiers)]]))
            accounts.append(account)
            shop.books.mint(account, day, purchase.points)
        identifiers = shop.work.do(day * DAY_MS + 12 * HOUR_MS, wanted)
        self.transaction_of.update(zip(accounts, identifiers, strict=True))
        self.purchases += len(wanted)

    def redeem(self, day: int, bought: Sequence[Purchase]) -> None:
        """In the evening those who bought `redeem` what they have, by the hundred, for the last order of the day."""
        latest = {purchase.customer: purchase for purchase in bought if purchase.points and redeems(purchase.customer)}
        wanted: list[Wanted] = []
        for customer, purchase in latest.items():
            balance = self.shop.ledger.balance(self.shop.points, self.shop.member(customer).account)
            points = balance - balance % REWARD
            if points:
                wanted.append(self._redemption(purchase, points))
        self.shop.work.do(day * DAY_MS + 18 * HOUR_MS, wanted)

    def _redemption(self, purchase: Purchase, points: int) -> Wanted:
        shop, member = self.shop, self.shop.member(purchase.customer)
        elsewhere = at_bookshop(purchase.customer)
        order = shop.order(purchase, "book bought after order" if elsewhere else "order")
        place = shop.bookshop.account if elsewhere else shop.till
        redeem = Redeem(asset=shop.points, sender=member.account, at=place, order=order, amount=points)
        operations: list[Operation] = [redeem]
        signers: list[Key | Signer] = [member]
        shop.books.redeem(member.account, purchase.day, points, order)
        if elsewhere:
            # Both or none: the bookshop hands out no book without the IOU, nor has an IOU without taking points.
            operations.append(self.coalition.owe(purchase.day, points))
            signers.append(shop.cashiers[0])
            self.redeemed_at_bookshop += 1
        else:
            self.redeemed_at_shop += 1
            self.paid[purchase.row] = redeem
        return operations, signers
