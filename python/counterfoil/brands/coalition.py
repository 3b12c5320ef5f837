"""Several brands, one asset: who takes points at its till is owed money by their issuer, until a month is cleared."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done, asset_record, minor_units
from counterfoil.exceptions import KeyReusedError
from counterfoil.ops import Burn, Create, Lots, Mint, Operation, Period, Powers, Redeem, asset_id
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.verify import OperatorChange
from counterfoil.wire import decode_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.brands.member import Who
    from counterfoil.brands.programme import Programme
    from counterfoil.desk import Amount
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import AppliedTransaction, Ledger


@dataclass(frozen=True, slots=True)
class PartnerMonth:
    """What the issuer owes one partner for one month, in minor units.

    Attributes:
        partner: The partner's account, 32 bytes.
        arose: What it was promised in that month.
        cleared: What of that month it has said was paid.
        owed: What of that month it still holds. Without IOUs that were passed on it is `arose - cleared`.
    """

    partner: bytes
    arose: int
    cleared: int
    owed: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of a coalition, as it stands now, in minor units. The totals are those of the ledger's own books.

    Attributes:
        month: Such as `2027-01`.
        partners: One for each partner, ascending by account id.
        arose: What all were promised.
        cleared: What of it was cleared.
        owed: What of it is still owed.
    """

    month: str
    partners: tuple[PartnerMonth, ...]
    arose: int
    cleared: int
    owed: int


def month_number(month: str) -> int:
    """The number of a calendar month, counted from January 1970.

    Raises:
        ValueError: Not like `2027-01`.

    >>> month_number("1970-01"), month_number("2027-01")
    (0, 684)
    """
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", month)
    if found is None or int(found[1]) < 1970:
        message = f"month: expected a text such as '2027-01', found {month[:40]!r}"
        raise ValueError(message)
    return (int(found[1]) - 1970) * 12 + int(found[2]) - 1


class Coalition:
    """What the issuer of a programme owes its partners, as units of an asset that only the issuer makes.

    A partner's IOUs are counted by the month in which they arose. When the issuer has paid for a month, the partner
    destroys them.

    Attributes:
        programme: The issuer's programme.
        asset: The IOUs, an asset id of 32 bytes.
    """

    def __init__(self, programme: Programme, *, asset: bytes) -> None:
        """Take a coalition up again.

        Raises:
            LookupError: There is no such asset.
        """
        self._begin(programme, asset, asset_record(programme.desk.ledger, asset).decimals)

    def _begin(self, programme: Programme, asset: bytes, decimals: int) -> None:
        self.programme = programme
        self.asset = asset
        self.decimals = decimals

    @classmethod
    def launch(
        cls,
        programme: Programme,
        *,
        symbol: str = "IOU",
        decimals: int = 2,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Coalition:
        """Start a coalition: `create` of an asset with lots by month, which the issuer may mint.

        Args:
            programme: The issuer's programme.
            symbol: Of the IOUs, 1 to 12 of `A-Z0-9.`.
            decimals: Decimal places of a whole unit of what is owed.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            RejectedError: asset_exists, …
        """
        issuer = programme.desk.account
        create = Create(
            issuer=issuer,
            symbol=symbol,
            decimals=decimals,
            supply_cap=SUPPLY_CAP_MAX,
            policy=[Lots(Period.MONTH)],
            powers=Powers(mint=issuer),
        )
        programme.desk.do([create], key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made._begin(programme, asset_id(issuer, symbol), decimals)
        return made

    def redeem(
        self,
        member: Who,
        amount: Amount,
        *,
        order: str,
        at: bytes,
        owes: Amount,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take points at a partner's till: `redeem` at the partner and `mint` of IOUs to it, both or none.

        Args:
            member: Who signs for the member: a key, or a customer's id for whom the service signs with the managed key.
            amount: How many points.
            order: The order's number.
            at: The partner's account, 32 bytes.
            owes: How much the issuer owes the partner for it.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: already_redeemed, insufficient_funds, …
            SelfCustodyError: The customer has taken the account over, and has to sign.
        """
        programme = self.programme
        signer = programme.signer(member)
        operations: list[Operation] = [
            Redeem(
                asset=programme.asset,
                sender=signer.account,
                at=at,
                order=programme.order(order),
                amount=programme.units(amount),
            ),
            Mint(asset=self.asset, to=at, amount=minor_units(owes, self.decimals)),
        ]
        return programme.desk.do(operations, signer, key=key, dry_run=dry_run, time=time)

    def owed(self, *, until: str | None = None) -> dict[bytes, int]:
        """What each partner is owed, by account, in minor units.

        Args:
            until: Only what arose up to this month, such as `2027-01`, and that month; None: all.
        """
        last = None if until is None else month_number(until)
        owed = {}
        for account, holding in self.programme.desk.ledger.holders(self.asset):
            amount = sum(lot.amount for lot in holding.lots if last is None or lot.lot <= last)
            if amount:
                owed[account] = amount
        return owed

    def clear(
        self,
        partner: Key | Signer,
        *,
        until: str,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> int:
        """Say that a partner was paid up to a month, and that month: `burn` of its IOUs, which the partner signs.

        Args:
            partner: Who signs for the partner.
            until: The last month that was paid, such as `2027-01`.
            key: Makes it happen once: a retry returns what the first call cleared.
            dry_run: Only try it.
            time: When, ms; now if None.

        Returns:
            How much was cleared, in minor units; 0 where nothing was owed.

        Raises:
            RejectedError: insufficient_funds (another call cleared it meanwhile), …
            KeyReusedError: The key was used for something else.
        """
        desk = Desk(self.programme.desk.ledger, partner)
        before = self._cleared_before(desk, key)
        if before is not None:
            return before
        amount = self.owed(until=until).get(partner.account, 0)
        if amount:
            burn = Burn(asset=self.asset, sender=partner.account, amount=amount)
            desk.do([burn], key=key, dry_run=dry_run, time=time)
        return amount

    def statement(self, month: str) -> Statement:
        """What arose in a month, for every partner, and what of it was cleared until now.

        The issuer's transactions of the month and the partners' since then are read, in the ledger's index of accounts.
        Who was passed a partner's IOUs is listed while it holds some; what it cleared is in the total in any case.

        Args:
            month: Such as `2027-01`.

        Raises:
            ValueError: No month; or the ledger was opened with `index=False`.
        """
        number, ledger = month_number(month), self.programme.desk.ledger
        first = self._first_entry(_month_start(number))
        arose: Counter[bytes] = Counter()
        for applied in self._history(self.programme.desk.account, first):
            if applied.time >= _month_start(number + 1):
                break
            for operation in applied.signed.transaction.operations:
                if isinstance(operation, Mint) and operation.asset == self.asset:
                    arose[operation.to] += operation.amount
        owed = {
            account: lot.amount
            for account, holding in ledger.holders(self.asset)
            for lot in holding.lots
            if lot.lot == number
        }
        partners = tuple(
            PartnerMonth(partner, arose[partner], self._burned(partner, number, first), owed.get(partner, 0))
            for partner in sorted(arose.keys() | owed.keys())
        )
        lot = ledger.lot(self.asset, number)
        if lot is None:
            return Statement(month, partners, 0, 0, 0)
        return Statement(month, partners, lot.issued, lot.burned, lot.own_sum)

    # Helpers

    def _cleared_before(self, partner: Desk, key: str | None) -> int | None:
        """What the first call with this key cleared: at a retry nothing is owed any more."""
        first = partner.first(key)
        if first is None:
            return None
        for operation in first.operations:
            if isinstance(operation, Burn) and operation.asset == self.asset:
                return operation.amount
        message = f"key {key!r} was used for something that is no clearing of these IOUs"
        raise KeyReusedError(message)

    def _burned(self, partner: bytes, month: int, first: int) -> int:
        """What a partner destroyed of a month's IOUs."""
        return sum(
            lot.amount
            for applied in self._history(partner, first)
            for operation, effect in zip(applied.signed.transaction.operations, applied.effects, strict=True)
            if isinstance(operation, Burn) and (operation.asset, operation.sender) == (self.asset, partner)
            for lot in effect.taken
            if lot.lot == month
        )

    def _history(self, account: bytes, first: int) -> Iterator[AppliedTransaction]:
        return self.programme.desk.ledger.transactions(account, after=first - 1 if first else None)

    def _first_entry(self, time: int) -> int:
        """The index of the first entry of the log that is not before a time: entries are in the order of time."""
        ledger = self.programme.desk.ledger
        return bisect_left(range(ledger.size), time, key=lambda index: _time_of(ledger, index))


def _time_of(ledger: Ledger, index: int) -> int:
    """When an entry was made; of one that does not say so, a change of the operator's key, when the one before was."""
    entry = decode_entry(ledger.entry(index))
    return _time_of(ledger, index - 1) if isinstance(entry, OperatorChange) else entry.time


def _month_start(month: int) -> int:
    """The first millisecond of a month that is counted from January 1970."""
    year, place = divmod(month, 12)
    return int(datetime(1970 + year, place + 1, 1, tzinfo=timezone.utc).timestamp()) * 1_000
