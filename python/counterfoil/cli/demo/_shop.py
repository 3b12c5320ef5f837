"""The shop: who there is, whose keys sign what, its points, and the second books."""

from __future__ import annotations

import hashlib
import hmac

from counterfoil.cli.demo._books import INACTIVE_DAYS, Books
from counterfoil.cli.demo._data import Purchase
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS, Work
from counterfoil.keys import Key, Signer
from counterfoil.ledger import Ledger
from counterfoil.ops import (
    Bound,
    Create,
    DebtFloor,
    InactivityExpiry,
    KeyGrant,
    Limit,
    Lots,
    Mandate,
    Mint,
    Open,
    Period,
    Powers,
    asset_id,
    named_account,
)

SYMBOL = "POINT"
DAILY_CAP = 20_000
"""What the till may mint in a day: somewhat more than on the busiest one, 1997-03-18."""

DEBT_FLOOR = 500
"""How many points a member may owe, where an order comes back whose points are spent."""

_SALT = bytes(16)


def seeded(name: str) -> Key:
    """A key of the demo, the same in every run and secret to nobody. Real keys come from `Key.generate()`."""
    return Key.from_seed(hashlib.sha256(f"counterfoil demo: {name}".encode()).digest())


class Shop:
    """A shop that gives points.

    Attributes:
        ledger: Where they are kept.
        work: What it does there.
        books: The same, kept a second time.
        brand: A named account: three owners, two of whom must sign.
        till: A named account: a manager, and cashiers whose keys may only mint.
        points: The asset.
        bookshop: The key of the partner.
        members: The key of each customer who has earned points.
    """

    def __init__(self, ledger: Ledger, first_day: int, last_day: int) -> None:
        """Begin; nothing is applied yet."""
        self.ledger, self.work = ledger, Work(ledger)
        self.first_day, self.last_day = first_day, last_day
        self._owners = [seeded(f"owner {number}") for number in range(3)]
        self._manager = seeded("manager")
        self._cashiers = [seeded(f"cashier {number}") for number in range(4)]
        self.auditor, self.bookshop = seeded("auditor"), seeded("bookshop")
        self.brand = named_account(self._owners[0].account, _SALT)
        self.till = named_account(self._manager.account, _SALT)
        self.points = asset_id(self.brand, SYMBOL)
        self.owners = [key.on(self.brand) for key in self._owners]
        self.manager = self._manager.on(self.till)
        self.cashiers = [key.on(self.till) for key in self._cashiers]
        self.books = Books(self.brand)
        self.members: dict[int, Key] = {}
        self._order_key = hashlib.sha256(b"counterfoil demo: orders").digest()

    @property
    def two_owners(self) -> list[Signer]:
        """Those who sign for the brand."""
        return self.owners[:2]

    def member(self, customer: int) -> Key:
        """A member's key."""
        key = self.members.get(customer)
        if key is None:
            key = self.members[customer] = seeded(f"member {customer}")
        return key

    def order(self, purchase: Purchase, what: str = "order") -> bytes:
        """What stands for an order on the ledger: a hash with the shop's secret, so that nobody can guess the row."""
        row = f"{what} {purchase.row}: customer {purchase.customer}, day {purchase.day}, {purchase.cents} cents"
        return hmac.digest(self._order_key, row.encode(), "sha256")

    def open(self) -> None:
        """Open the accounts, create the points, and give the till its mandate."""
        time = self.first_day * DAY_MS - 12 * HOUR_MS
        first, manager = self._owners[0], self._manager
        every = [KeyGrant(key.public) for key in self._owners]
        tills = [KeyGrant(manager.public), *[KeyGrant(key.public, scope=[Mint]) for key in self._cashiers]]
        create = Create(
            issuer=self.brand,
            symbol=SYMBOL,
            decimals=0,
            supply_cap=10_000_000,
            policy=[Bound(), Lots(Period.MONTH), InactivityExpiry(INACTIVE_DAYS), DebtFloor(DEBT_FLOOR)],
            powers=Powers(
                mint=self.brand, freeze=self.brand, pause=self.brand, claw_back=self.brand, change=self.brand
            ),
        )
        self.work.do(
            time,
            [
                ([Open(opener=first.account, salt=_SALT, threshold=2, keys=every)], [first]),
                ([Open(opener=manager.account, salt=_SALT, keys=tills)], [manager]),
                ([create], self.two_owners),
            ],
        )
        self.let_till_mint(self.points, DAILY_CAP)

    def let_till_mint(self, asset: bytes, cap: int) -> None:
        """The brand lets the till mint so much of an asset in a day."""
        # A mandate's windows are counted from when it is given: from midnight they are days.
        midnight = self.first_day * DAY_MS
        limit = Limit(operations=[Mint], cap=cap, window_ms=DAY_MS, until=(self.last_day + 1) * DAY_MS)
        mandate = Mandate(account=self.brand, agent=self.till, asset=asset, limit=limit)
        self.work.do(midnight, [([mandate], self.two_owners)])
