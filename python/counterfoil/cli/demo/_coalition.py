"""A second brand: a bookshop at whose till members redeem. The shop owes it for that, and pays once a month."""

from __future__ import annotations

from counterfoil.cli.demo._rules import CLEARING_DAY, OWED_CENTS, REWARD, day_of_month, month
from counterfoil.cli.demo._shop import Shop
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS
from counterfoil.ops import Burn, Create, Lots, Mint, Period, Powers, asset_id

_SYMBOL = "IOU"
_SUPPLY_CAP = 1_000_000_000
_DAILY_CAP = 100_000
"""Cents that the till may owe in a day."""


class Coalition:
    """What the shop owes the bookshop: IOUs in cents, by the month in which they arose.

    Attributes:
        asset: The IOUs. Only the brand makes them.
    """

    def __init__(self, shop: Shop) -> None:
        """Begin; nothing is applied yet."""
        self.shop = shop
        self.asset = asset_id(shop.brand, _SYMBOL)

    def open(self) -> None:
        """Create the IOUs, and let the till make them out."""
        shop = self.shop
        create = Create(
            issuer=shop.brand,
            symbol=_SYMBOL,
            decimals=2,
            supply_cap=_SUPPLY_CAP,
            policy=[Lots(Period.MONTH)],
            powers=Powers(mint=shop.brand),
        )
        shop.work.do(shop.first_day * DAY_MS, [([create], shop.two_owners)])
        shop.let_till_mint(self.asset, _DAILY_CAP)

    def owe(self, day: int, points: int) -> Mint:
        """The IOU for points that the bookshop takes; it goes into the transaction that redeems them."""
        cents = points // REWARD * OWED_CENTS
        self.shop.books.owe(day, cents)
        return Mint(asset=self.asset, to=self.shop.bookshop.account, amount=cents)

    def clear(self, day: int) -> None:
        """On the 10th the shop has paid for the months before: the bookshop destroys their IOUs."""
        if day_of_month(day) != CLEARING_DAY:
            return
        shop, before = self.shop, month(day) - 1
        account = shop.bookshop.account
        cents = sum(lot.amount for lot in shop.ledger.holding(self.asset, account).lots if lot.lot <= before)
        if cents:
            # What is burned are the earliest months' IOUs: lots leave a balance in their order.
            burn = Burn(asset=self.asset, sender=account, amount=cents)
            shop.work.do(day * DAY_MS + 10 * HOUR_MS, [([burn], [shop.bookshop])])
        shop.books.clear(before)
