"""The loyalty programme: who there is, what may be done, and the replay of purchases, redemptions and sweeps."""

from __future__ import annotations

import hashlib
import itertools
import time as clock
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from counterfoil.cli._errors import CommandError, Exit
from counterfoil.cli.demo._data import Purchase
from counterfoil.keys import Key, Signer
from counterfoil.ledger import Ledger, Outcomes
from counterfoil.ops import (
    Bound,
    Burn,
    Change,
    ClawBack,
    Create,
    InactivityExpiry,
    KeyGrant,
    Limit,
    Lots,
    Mandate,
    Mint,
    Open,
    Operation,
    Period,
    Powers,
    Reason,
    SetKeys,
    Sweep,
    Transfer,
    asset_id,
    named_account,
)
from counterfoil.wire import SignedTransaction, Transaction

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
INACTIVE_DAYS = 365
LATER_DAYS = 92
"""When the second sweep is, after the last purchase."""

SYMBOL = "POINT"
DAILY_CAP = 20_000
"""What the till may mint in a day: somewhat more than on the busiest one, 1997-03-18."""

REWARD = 100
"""Points are redeemed by the hundred."""

_SWEEP_ACCOUNTS = 1_000
_VALID_MS = 120_000
_RETURNED_POINTS_MIN = 50


def seeded(name: str) -> Key:
    """A key of the demo, the same in every run and secret to nobody. Real keys come from `Key.generate()`."""
    return Key.from_seed(hashlib.sha256(f"counterfoil demo: {name}".encode()).digest())


def redeems(customer: int) -> bool:
    """Whether a member redeems as soon as it can; one in three saves up."""
    return customer % 3 != 0


@dataclass
class Timing:
    """Where the seconds went."""

    signing: float = 0.0
    applying: float = 0.0
    overall: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """Something that must not work, and the status that it got."""

    attempt: str
    expected: str
    found: str


@dataclass
class Books:
    """The same programme kept a second time, in a few lines of Python that share nothing with the engine."""

    balance: Counter[bytes] = field(default_factory=Counter)
    active: dict[bytes, int] = field(default_factory=dict)
    issued: Counter[int] = field(default_factory=Counter)
    redeemed: int = 0
    expired: int = 0
    clawed_back: int = 0

    def lapse(self, account: bytes, day: int) -> None:
        """A balance without activity for a year is gone."""
        if account in self.active and day >= self.active[account] + INACTIVE_DAYS:
            self.expired += self.balance.pop(account, 0)

    def earn(self, account: bytes, day: int, points: int, month: int) -> None:
        """A member buys."""
        self.lapse(account, day)
        self.balance[account] += points
        self.active[account] = day
        self.issued[month] += points

    def redeem(self, account: bytes, day: int, points: int) -> None:
        """A member redeems."""
        self.balance[account] -= points
        self.active[account] = day
        self.redeemed += points

    def take_back(self, account: bytes, brand: bytes, day: int, points: int) -> None:
        """The brand takes points back; that is no activity of the member's."""
        self.balance[account] -= points
        self.balance[brand] += points
        self.active[brand] = day
        self.clawed_back += points


class Programme:
    """A shop's loyalty programme on a ledger of its own.

    Attributes:
        ledger: Where it is kept.
        brand: A named account: three owners, two of whom must sign.
        till: A named account: a manager, and cashiers whose keys may only mint.
        asset: The points.
        purchases: How many earned points; each is a transaction of its own.
        skipped: How many were of zero dollars, and earn nothing.
        redemptions: How many times members redeemed.
        applied: How many transactions the ledger applied.
        books: The same, kept a second time.
        timing: Where the seconds went.
        transaction_of: The id of each member's latest purchase.
    """

    def __init__(self, ledger: Ledger, first_day: int, last_day: int) -> None:
        """Begin; nothing is applied yet."""
        self.ledger = ledger
        self.first_day, self.last_day = first_day, last_day
        self.owners = [seeded(f"owner {number}") for number in range(3)]
        self.manager = seeded("manager")
        self.cashiers = [seeded(f"cashier {number}") for number in range(4)]
        self.auditor = seeded("auditor")
        salt = bytes(16)
        self.brand = named_account(self.owners[0].account, salt)
        self.till = named_account(self.manager.account, salt)
        self.asset = asset_id(self.brand, SYMBOL)
        self.members: dict[int, Key] = {}
        self.purchases = self.skipped = self.redemptions = self.applied = 0
        self.swept: list[tuple[int, int]] = []
        self.books = Books()
        self.timing = Timing()
        self.transaction_of: dict[bytes, bytes] = {}
        self._serial = itertools.count()
        self._ledger_id = ledger.id
        self._tills = [key.on(self.till) for key in self.cashiers]
        self._latest: list[Purchase] = []

    def member(self, customer: int) -> Key:
        """A member's key."""
        key = self.members.get(customer)
        if key is None:
            key = self.members[customer] = seeded(f"member {customer}")
        return key

    def open(self) -> None:
        """Open the accounts, create the asset, and give the till its mandate."""
        first, second, _ = self.owners
        salt, time = bytes(16), self.first_day * DAY_MS - 12 * HOUR_MS
        every = [KeyGrant(key.public) for key in self.owners]
        tills = [KeyGrant(self.manager.public), *[KeyGrant(key.public, scope=[Mint]) for key in self.cashiers]]
        create = Create(
            issuer=self.brand,
            symbol=SYMBOL,
            decimals=0,
            supply_cap=10_000_000,
            policy=[Bound(), Lots(Period.MONTH), InactivityExpiry(INACTIVE_DAYS)],
            powers=Powers(
                mint=self.brand, freeze=self.brand, pause=self.brand, claw_back=self.brand, change=self.brand
            ),
        )
        owners = [first.on(self.brand), second.on(self.brand)]
        self._do(
            time,
            (Open(opener=first.account, salt=salt, threshold=2, keys=every), [first]),
            (Open(opener=self.manager.account, salt=salt, keys=tills), [self.manager]),
            (create, owners),
        )
        # A mandate's windows are counted from when it is given: from midnight they are days.
        midnight = self.first_day * DAY_MS
        until = (self.last_day + 1) * DAY_MS
        limit = Limit(operations=[Mint], cap=DAILY_CAP, window_ms=DAY_MS, until=until)
        self._do(midnight, (Mandate(account=self.brand, agent=self.till, asset=self.asset, limit=limit), owners))

    def replay(self, purchases: Sequence[Purchase], tell: Callable[[int, int], None]) -> None:
        """Apply purchases at their own dates; on the evening of each day members redeem what they have."""
        in_order = sorted(purchases, key=lambda one: (one.day, one.row))
        done = 0
        for day, group in itertools.groupby(in_order, key=lambda one: one.day):
            bought = list(group)
            earning = [one for one in bought if one.points]
            self.skipped += len(bought) - len(earning)
            self._buy(day, earning)
            self._redeem(day, earning)
            done += len(bought)
            tell(done, day)
        self._latest = [one for one in reversed(in_order) if one.points >= _RETURNED_POINTS_MIN]

    def take_back(self) -> None:
        """An order comes back: two owners claw back what it earned, with a reason and the hash of the evidence."""
        for purchase in self._latest:
            member = self.member(purchase.customer)
            if self.books.balance[member.account] < purchase.points:
                continue
            operation = ClawBack(
                asset=self.asset,
                sender=member.account,
                to=self.brand,
                amount=purchase.points,
                reason=Reason(code=1, evidence=_reference(purchase)),
            )
            owners = [self.owners[0].on(self.brand), self.owners[2].on(self.brand)]
            self._do(self.last_day * DAY_MS + 20 * HOUR_MS, (operation, owners))
            self.books.take_back(member.account, self.brand, self.last_day, purchase.points)
            return

    def sweep(self, day: int) -> int:
        """Remove the balances that lapsed by this day, so that the supply counts them no longer."""
        due = [
            account
            for account, holding in self.ledger.holders(self.asset)
            if day >= holding.activity_day + INACTIVE_DAYS
        ]
        before = self._record_swept()
        chunks = [due[start : start + _SWEEP_ACCOUNTS] for start in range(0, len(due), _SWEEP_ACCOUNTS)]
        if chunks:
            time = day * DAY_MS + 22 * HOUR_MS
            self._do(time, *[(Sweep(asset=self.asset, accounts=chunk), [self.auditor]) for chunk in chunks])
        for account in list(self.books.balance):
            self.books.lapse(account, day)
        points = self._record_swept() - before
        self.swept.append((day, points))
        return points

    def refusals(self) -> list[Refusal]:
        """Try what must not work, by the same code but changing nothing."""
        time = self.last_day * DAY_MS + 21 * HOUR_MS
        first, cashier = self.owners[0], self.cashiers[0].on(self.till)
        member, other = sorted(self.members)[:2] if len(self.members) > 1 else (1, 2)
        thief = self.member(member)
        transfer = Transfer(asset=self.asset, sender=thief.account, to=self.member(other).account, amount=1)
        mint = Mint(asset=self.asset, to=thief.account, amount=DAILY_CAP + 1)
        grab = SetKeys(account=self.till, keys=[KeyGrant(self.cashiers[0].public)])
        forged = self._sign(mint, [cashier], time)
        forged = SignedTransaction(forged.transaction, [bytes(64)])
        attempts = [
            ("a cashier mints more than a day's cap", "mandate_spent", self._sign(mint, [cashier], time)),
            ("a cashier gives itself all keys of the till", "wrong_scope", self._sign(grab, [cashier], time)),
            (
                "one owner alone lowers the supply cap",
                "threshold_not_met",
                self._sign(Change(asset=self.asset, supply_cap=9_000_000), [first.on(self.brand)], time),
            ),
            ("a member sells points to another", "asset_bound", self._sign(transfer, [thief], time)),
            ("somebody mints with a made-up signature", "bad_signature", forged),
        ]
        outcomes = self.ledger.apply([signed for _, _, signed in attempts], time=time, dry_run=True)
        return [
            Refusal(attempt, expected, outcome.status.name)
            for (attempt, expected, _), outcome in zip(attempts, outcomes, strict=True)
        ]

    def _buy(self, day: int, earning: Sequence[Purchase]) -> None:
        time = day * DAY_MS + 12 * HOUR_MS
        signed = []
        began = clock.perf_counter()
        for purchase in earning:
            member = self.member(purchase.customer)
            mint = Mint(asset=self.asset, to=member.account, amount=purchase.points, reference=_reference(purchase))
            one = self._sign(mint, [self._tills[purchase.row % len(self._tills)]], time)
            signed.append(bytes(one))
            self.transaction_of[member.account] = one.id
            self.books.earn(member.account, day, purchase.points, _month(day))
        self.timing.signing += clock.perf_counter() - began
        self._apply(signed, time)
        self.purchases += len(signed)

    def _redeem(self, day: int, earning: Iterable[Purchase]) -> None:
        time = day * DAY_MS + 18 * HOUR_MS
        signed = []
        for customer in dict.fromkeys(purchase.customer for purchase in earning):
            member = self.member(customer)
            balance = self.ledger.balance(self.asset, member.account) if redeems(customer) else 0
            points = balance - balance % REWARD
            if points:
                began = clock.perf_counter()
                burn = Burn(asset=self.asset, sender=member.account, amount=points)
                signed.append(bytes(self._sign(burn, [member], time)))
                self.timing.signing += clock.perf_counter() - began
                self.books.redeem(member.account, day, points)
        if signed:
            self._apply(signed, time)
            self.redemptions += len(signed)

    def _sign(self, operation: Operation, signers: Sequence[Key | Signer], time: int) -> SignedTransaction:
        nonce = next(self._serial).to_bytes(16, "big")
        # Naming the authorizers at once saves making the transaction a second time.
        transaction = Transaction(
            self._ledger_id, [operation], valid_until=time + _VALID_MS, nonce=nonce, authorizers=signers
        )
        return transaction.sign(*signers)

    def _do(self, time: int, *wanted: tuple[Operation, Sequence[Key | Signer]]) -> None:
        began = clock.perf_counter()
        signed = [bytes(self._sign(operation, signers, time)) for operation, signers in wanted]
        self.timing.signing += clock.perf_counter() - began
        self._apply(signed, time)

    def _apply(self, signed: Sequence[bytes], time: int) -> Outcomes:
        began = clock.perf_counter()
        outcomes = self.ledger.apply(signed, time=time)
        self.timing.applying += clock.perf_counter() - began
        outcomes.raise_for_status()
        self.applied += len(outcomes)
        return outcomes

    def _record_swept(self) -> int:
        record = self.ledger.asset(self.asset)
        return 0 if record is None else record.swept


def _month(day: int) -> int:
    moment = date(1970, 1, 1) + timedelta(days=day)
    return (moment.year - 1970) * 12 + moment.month - 1


def _reference(purchase: Purchase) -> bytes:
    """What a mint refers to: the hash of the order, which the shop keeps and the ledger never sees."""
    order = f"CDNOW order {purchase.row}: customer {purchase.customer}, day {purchase.day}, {purchase.cents} cents"
    return hashlib.sha256(order.encode()).digest()


@dataclass(frozen=True)
class Figures:
    """What the programme comes to. Every line is taken from the ledger and compared with the second books."""

    minted: int
    redeemed: int
    expired: int
    clawed_back: int
    supply: int
    holders: int
    lots: tuple[tuple[int, int, int, int, int, int], ...]
    """Lot, issued, redeemed, expired, clawed back, outstanding."""


def figures(programme: Programme) -> Figures:
    """Read the figures from the ledger and compare them.

    Raises:
        CommandError: They do not add up.
    """
    ledger, asset, books = programme.ledger, programme.asset, programme.books
    record = ledger.asset(asset)
    if record is None:
        message = "demo: the asset is not there"
        raise CommandError(message, Exit.REFUSED)
    lots = tuple(
        (lot.lot, lot.issued, lot.burned + lot.redeemed, lot.expired, lot.clawed_back, lot.own_sum)
        for lot in ledger.lots(asset)
    )
    held = {account: holding.amount for account, holding in ledger.holders(asset)}
    redeemed = record.burned + record.redeemed
    made = Figures(record.minted, redeemed, record.swept, record.clawed_back, record.supply, len(held), lots)
    for what, expected, found in (
        ("supply: minted less redeemed and expired", made.minted - made.redeemed - made.expired, made.supply),
        ("supply: sum of all lots", sum(lot[5] for lot in lots), made.supply),
        ("supply: sum of all balances", sum(held.values()), made.supply),
        ("issued by month, from the purchases", dict(books.issued), {lot[0]: lot[1] for lot in lots}),
        ("issued by all lots", sum(lot[1] for lot in lots), made.minted),
        ("redeemed by all lots", sum(lot[2] for lot in lots), made.redeemed),
        ("expired by all lots", sum(lot[3] for lot in lots), made.expired),
        ("clawed back by all lots", sum(lot[4] for lot in lots), made.clawed_back),
        ("redeemed, by the second books", books.redeemed, made.redeemed),
        ("expired, by the second books", books.expired, made.expired),
        ("clawed back, by the second books", books.clawed_back, made.clawed_back),
        ("balances, by the second books", {one: points for one, points in books.balance.items() if points}, held),
    ):
        if expected != found:
            message = f"demo: {what}: expected {expected!r}, found {found!r}"
            raise CommandError(message, Exit.REFUSED)
    return made
