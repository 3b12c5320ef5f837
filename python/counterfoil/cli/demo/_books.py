"""The same programme kept a second time, in plain Python that shares nothing with the engine.

It follows what `docs/reference/operations.md` says of lots, lapsing, redemptions, refunds and debts. At the end every
balance, month, debt and IOU of the ledger is compared with what stands here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from counterfoil.cli.demo._rules import month

INACTIVE_DAYS = 365
_LOTS_MAX = 64

Units = dict[int, int]
"""Points by the month in which they were issued."""


@dataclass
class Books:
    """Points of everybody, by month of issue; what became of them; debts; and what the bookshop is owed.

    Attributes:
        brand: The account of the shop, to which debts are repaid.
        funds: Accounts of campaigns, whose points never lapse.
        held: Points by account and month.
        active: The last day of activity, by account.
        owing: Debts, by account.
        debts_made: How many times a debt was made or grew.
        debt_made: Points of debt ever made.
        debt_repaid: Points of debt ever repaid.
        redemptions: The points that an account gave for an order and did not get back.
        refunded: Points given back.
        ious: Cents owed to the bookshop ever, by month.
        cleared: Of those, cents paid.
    """

    brand: bytes
    funds: set[bytes] = field(default_factory=set)
    held: defaultdict[bytes, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    active: dict[bytes, int] = field(default_factory=dict)
    issued: Counter[int] = field(default_factory=Counter)
    redeemed: Counter[int] = field(default_factory=Counter)
    expired: Counter[int] = field(default_factory=Counter)
    burned: Counter[int] = field(default_factory=Counter)
    clawed_back: Counter[int] = field(default_factory=Counter)
    owing: Counter[bytes] = field(default_factory=Counter)
    debts_made: int = 0
    debt_made: int = 0
    debt_repaid: int = 0
    redemptions: dict[tuple[bytes, bytes], Units] = field(default_factory=dict)
    refunded: int = 0
    ious: Counter[int] = field(default_factory=Counter)
    cleared: Counter[int] = field(default_factory=Counter)

    def outstanding(self) -> Counter[int]:
        """All points that are somebody's, by month."""
        total: Counter[int] = Counter()
        for lots in self.held.values():
            total.update(lots)
        return total

    def balance(self, account: bytes) -> int:
        """All points of an account."""
        return self.held[account].total()

    def lapse(self, account: bytes, day: int) -> None:
        """A balance without activity for a year is gone."""
        if account in self.funds or day < self.active.get(account, day) + INACTIVE_DAYS:
            return
        self.expired.update(self.held.pop(account, {}))

    def mint(self, account: bytes, day: int, points: int) -> None:
        """New points: of a purchase, or for the brand's campaign."""
        self.issued[month(day)] += points
        self._earn(account, day, {month(day): points})

    def fund(self, campaign: bytes, points: int) -> None:
        """The brand puts points into a campaign."""
        self.funds.add(campaign)
        self.held[campaign].update(self._take(self.brand, points))

    def bonus(self, campaign: bytes, day: int, parts: dict[bytes, int]) -> None:
        """The campaign pays each its part."""
        for account, points in parts.items():
            self._earn(account, day, self._take(campaign, points))

    def close(self, campaign: bytes, day: int) -> None:
        """The brand gets what the campaign has left."""
        self._credit(self.brand, day, self.held.pop(campaign, {}))

    def redeem(self, account: bytes, day: int, points: int, order: bytes) -> None:
        """A member gives points for an order."""
        self.lapse(account, day)
        units = self._take(account, points)
        self.active[account] = day
        self.redeemed.update(units)
        self.redemptions[account, order] = units

    def refund(self, account: bytes, day: int, order: bytes) -> None:
        """The order came back: so do its points, as they were."""
        units = self.redemptions.pop((account, order))
        self.redeemed.subtract(units)
        self.refunded += sum(units.values())
        self._credit(account, day, units)

    def claw_back(self, account: bytes, day: int, points: int) -> None:
        """The brand takes earned points back; that is no activity of the member's. What is not there is owed."""
        self.lapse(account, day)
        units = self._take(account, min(points, self.balance(account)))
        if units:
            self.clawed_back.update(units)
            self._credit(self.brand, day, units)
        missing = points - sum(units.values())
        if missing:
            self.owing[account] += missing
            self.debts_made += 1
            self.debt_made += missing

    def burn(self, account: bytes, day: int, points: int) -> None:
        """Points are destroyed."""
        self.lapse(account, day)
        self.burned.update(self._take(account, points))
        self.active[account] = day

    def owe(self, day: int, cents: int) -> None:
        """The shop owes the bookshop."""
        self.ious[month(day)] += cents

    def clear(self, until: int) -> None:
        """The shop paid for all months up to one."""
        for lot in self.ious:
            if lot <= until:
                self.cleared[lot] = self.ious[lot]

    def _earn(self, account: bytes, day: int, units: Units) -> None:
        """A credit out of which a debt is repaid first."""
        self._credit(account, day, units)
        due = min(self.owing[account], sum(units.values()))
        if due:
            repaid = _lowest(units, due)
            self.held[account].subtract(repaid)
            self._credit(self.brand, day, repaid)
            self.owing[account] -= due
            self.debt_repaid += due

    def _credit(self, account: bytes, day: int, units: Units) -> None:
        self.lapse(account, day)
        self.active[account] = day
        lots = self.held[account]
        lots.update(units)
        while sum(map(bool, lots.values())) > _LOTS_MAX:
            lowest, second = sorted(lot for lot in lots if lots[lot])[:2]
            lots[second] += lots.pop(lowest)

    def _take(self, account: bytes, points: int) -> Units:
        units = _lowest(self.held[account], points)
        self.held[account].subtract(units)
        return units


def _lowest(units: Units, points: int) -> Units:
    """So many points of the earliest months."""
    taken: Units = {}
    for lot in sorted(units):
        part = min(units[lot], points)
        if part:
            taken[lot] = part
            points -= part
    if points:
        message = f"the second books: expected {points} points more, found none"
        raise AssertionError(message)
    return taken
