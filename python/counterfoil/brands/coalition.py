"""Several brands, one asset: who takes points at its till is owed money by their issuer, until a month is cleared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done, asset_record, minor_units
from counterfoil.ops import Burn, Create, Lots, Mint, Operation, Period, Powers, Redeem, asset_id
from counterfoil.ops.asset import SUPPLY_CAP_MAX

if TYPE_CHECKING:
    from counterfoil.brands.programme import Programme
    from counterfoil.desk import Amount
    from counterfoil.keys import Key, Signer


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
        self.decimals = asset_record(programme.desk.ledger, asset).decimals
        self.programme = programme
        self.asset = asset

    @classmethod
    def launch(
        cls, programme: Programme, *, symbol: str = "IOU", decimals: int = 2, time: int | None = None
    ) -> Coalition:
        """Start a coalition: `create` of an asset with lots by month, which the issuer may mint.

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
        programme.desk.do([create], time=time)
        return cls(programme, asset=asset_id(issuer, symbol))

    def redeem(
        self,
        member: Key | Signer,
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
            member: Who signs for the member.
            amount: How many points.
            order: The order's number.
            at: The partner's account, 32 bytes.
            owes: How much the issuer owes the partner for it.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: already_redeemed, insufficient_funds, …
        """
        programme = self.programme
        operations: list[Operation] = [
            Redeem(
                asset=programme.asset,
                sender=member.account,
                at=at,
                order=programme.order(order),
                amount=programme.units(amount),
            ),
            Mint(asset=self.asset, to=at, amount=minor_units(owes, self.decimals)),
        ]
        return programme.desk.do(operations, member, key=key, dry_run=dry_run, time=time)

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

    def clear(self, partner: Key | Signer, *, until: str, key: str | None = None, time: int | None = None) -> int:
        """Say that a partner was paid up to a month, and that month: `burn` of its IOUs, which the partner signs.

        Returns:
            How much was cleared, in minor units; 0 where nothing was owed.
        """
        amount = self.owed(until=until).get(partner.account, 0)
        if amount:
            desk = Desk(self.programme.desk.ledger, partner)
            desk.do([Burn(asset=self.asset, sender=partner.account, amount=amount)], key=key, time=time)
        return amount
