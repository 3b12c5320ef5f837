"""A brand's loyalty programme over one asset. Every call is documented as the operations that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done, asset_record, minor_units, span_ms
from counterfoil.ops import (
    After,
    CampaignTerms,
    Cap,
    Claim,
    ClawBack,
    CloseCampaign,
    FixedExpiry,
    FundCampaign,
    Hold,
    InactivityExpiry,
    Lots,
    Mint,
    OpenCampaign,
    Operation,
    Outcome,
    Period,
    Reason,
    Redeem,
    Refund,
    Release,
    Role,
    Settle,
    Share,
    SignedBy,
    SignedSlip,
    Slip,
    Terms,
    asset_id,
    campaign_id,
    hold_id,
    pending_hold_id,
)
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.presets import Preset, points

if TYPE_CHECKING:
    from counterfoil.desk import Amount, Span
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.verify import AssetRecord, Holding

_DAY_MS = 86_400_000
_SLIP_VALID_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Earning:
    """What a member earned.

    Attributes:
        done: The call.
        member: The member's account, 32 bytes.
        amount: Minor units.
        hold: The id of the hold in which they are pending; None where they are the member's at once.
        pending_until: When they become the member's, ms; None where they are already.
    """

    done: Done
    member: bytes
    amount: int
    hold: bytes | None = None
    pending_until: int | None = None


@dataclass(frozen=True, slots=True)
class Redemption:
    """Points that a member gave for something, or got back.

    Attributes:
        done: The call.
        member: The member's account, 32 bytes.
        order: What stands for the order on the ledger, 32 bytes.
        amount: Minor units.
    """

    done: Done
    member: bytes
    order: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Expiring:
    """Units of a member that lapse unless something happens before.

    Attributes:
        day: The day on which they lapse, days since 1970-01-01 UTC.
        amount: Minor units.
        reason: `inactivity` (any activity keeps them) or `fixed`.
    """

    day: int
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Liability:
    """What the points of one month of issue became, in minor units.

    Attributes:
        lot: The month since January 1970, or the day.
        issued: Minted in it.
        redeemed: Of those, redeemed and not refunded.
        expired: Of those, lapsed.
        burned: Of those, destroyed.
        clawed_back: Of those, taken back; they are outstanding in another balance.
        outstanding: Still somebody's.
    """

    lot: int
    issued: int
    redeemed: int
    expired: int
    burned: int
    clawed_back: int
    outstanding: int


class Programme:
    """A loyalty programme.

    Attributes:
        desk: Where the brand acts.
        asset: The points, an asset id of 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> roaster, ann = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/beans", operator=roaster) as ledger:
    ...         beans = Programme.launch(ledger, roaster, symbol="BEAN")
    ...         _ = beans.earn(ann.account, 500, key="A17")
    ...         _ = beans.redeem(ann, 300, order="B9")
    ...         _ = beans.refund(ann.account, "B9", part=60)
    ...         print(beans.balance(ann.account), beans.liability()[0].redeemed)
    260 240
    """

    def __init__(self, ledger: Ledger, *brand: Key | Signer, asset: bytes) -> None:
        """Take a programme up again.

        Args:
            ledger: The ledger.
            brand: The keys that sign for the brand.
            asset: The points, an asset id of 32 bytes.

        Raises:
            LookupError: There is no such asset.
        """
        self.desk = Desk(ledger, *brand)
        self.asset = asset
        self._record()

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *brand: Key | Signer,
        symbol: str,
        preset: Preset | None = None,
        decimals: int = 0,
        supply_cap: int = SUPPLY_CAP_MAX,
        time: int | None = None,
    ) -> Programme:
        """Start a programme: `create` of an asset.

        Args:
            ledger: The ledger.
            brand: The keys that sign for the brand, which issues the points.
            symbol: 1 to 12 of `A-Z0-9.`.
            preset: What kind of asset; `points()` if None.
            decimals: Decimal places of a whole point.
            supply_cap: The most minor units that may exist.
            time: When, ms; now if None.

        Raises:
            RejectedError: asset_exists, creator_not_allowed, …
        """
        desk = Desk(ledger, *brand)
        create = (preset or points()).create(desk.account, symbol, decimals=decimals, supply_cap=supply_cap)
        desk.do([create], time=time)
        return cls(ledger, *brand, asset=asset_id(desk.account, symbol))

    # Members

    def earn(
        self,
        member: bytes,
        amount: Amount,
        *,
        pending: Span | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Earning:
        """Give new points: `mint`; pending ones: `mint` to the brand and `hold`, both or none.

        Pending points can be taken back with `cancel`, until they become the member's by themselves.

        Args:
            member: The member's account, 32 bytes.
            amount: How many.
            pending: How long they are pending; None: they are the member's at once.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: supply_cap_exceeded, account_frozen, …
            KeyReusedError: The key was used for something else.
        """
        units = self.units(amount)
        if pending is None:
            done = self.desk.do([Mint(asset=self.asset, to=member, amount=units)], key=key, dry_run=dry_run, time=time)
            return Earning(done, member, units)
        salt = self.desk.salt(key)
        deadline = self.desk.now(time) + span_ms(pending)
        terms = Terms(
            settle_if=After(deadline),
            release_if=SignedBy(1, [self.desk.account]),
            payees=[Share(member)],
            deadline=deadline,
            outcome=Outcome.SETTLE,
        )
        brand = self.desk.account
        operations: list[Operation] = [
            Mint(asset=self.asset, to=brand, amount=units),
            Hold(payer=brand, salt=salt, asset=self.asset, amount=units, terms=terms),
        ]
        done = self.desk.do(operations, key=key, dry_run=dry_run, time=time)
        held = next(each for each in done.operations if isinstance(each, Hold))
        until = None if held.terms is None else held.terms.deadline
        return Earning(done, member, units, hold_id(held.payer, held.salt), until)

    def settle(self, earning: Earning | bytes, *, time: int | None = None) -> Done:
        """Make pending points the member's, once their time has come: `settle`. Anybody may.

        Raises:
            RejectedError: condition_unmet (too early), hold_closed (done before), …
        """
        return self.desk.do([Settle(hold=_hold_of(earning))], time=time)

    def cancel(
        self,
        earning: Earning | bytes,
        *,
        part: Amount | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take pending points back, all or a part: `release`.

        Raises:
            RejectedError: hold_expired (they are the member's), hold_closed, amount_exceeds_hold, …
        """
        amount = None if part is None else self.units(part)
        return self.desk.do([Release(hold=_hold_of(earning), amount=amount)], key=key, dry_run=dry_run, time=time)

    def redeem(
        self,
        member: Key | Signer,
        amount: Amount,
        *,
        order: str,
        at: bytes | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Redemption:
        """Take points for an order: `redeem`. The same order of the same member is redeemed once.

        Args:
            member: Who signs for the member: the member, or the service with a managed key.
            amount: How many.
            order: The order's number; a secret hash of it goes on the ledger.
            at: Where, the account that may refund it; the brand if None.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: already_redeemed, insufficient_funds, …
        """
        units, secret = self.units(amount), self.order(order)
        place = self.desk.account if at is None else at
        operation = Redeem(asset=self.asset, sender=member.account, at=place, order=secret, amount=units)
        done = self.desk.do([operation], member, key=key, dry_run=dry_run, time=time)
        return Redemption(done, member.account, secret, units)

    def refund(
        self,
        member: bytes,
        order: str,
        *,
        part: Amount | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Redemption:
        """Give the points of an order back, all that is left of it or a part: `refund`, in the lots that it took.

        Raises:
            LookupError: The member has redeemed nothing for this order.
            RejectedError: refund_exceeds, …
        """
        secret = self.order(order)
        redemption = self.desk.ledger.redemption(self.asset, member, secret)
        if redemption is None:
            message = f"order {order!r}: expected a redemption of this member, found none"
            raise LookupError(message)
        units = redemption.amount - redemption.refunded if part is None else self.units(part)
        operation = Refund(asset=self.asset, sender=member, order=secret, amount=units)
        done = self.desk.do([operation], key=key, dry_run=dry_run, time=time)
        return Redemption(done, member, secret, units)

    def take_back(
        self,
        member: bytes,
        amount: Amount,
        *,
        reason: int = 0,
        order: str | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take earned points back, for a returned order say: `claw_back`.

        What is spent already is owed, down to the debt floor of the programme, and repaid from later earnings.

        Raises:
            RejectedError: insufficient_funds (there is no debt floor), debt_floor_reached, power_renounced, …
        """
        evidence = None if order is None else self.order(order)
        operation = ClawBack(
            asset=self.asset,
            sender=member,
            to=self.desk.account,
            amount=self.units(amount),
            reason=Reason(reason, evidence),
        )
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def balance(self, member: bytes, *, as_of: int | None = None) -> int:
        """A member's points, minor units. Lapsed ones that nobody has swept are among them.

        Args:
            member: The member's account, 32 bytes.
            as_of: As they were at this time, ms, for which the log is applied again: see `Ledger.as_of`. Now if None.
        """
        ledger = self.desk.ledger
        return (ledger if as_of is None else ledger.as_of(as_of)).balance(self.asset, member)

    def expiring(self, member: bytes, *, days: int, day: int | None = None) -> list[Expiring]:
        """What a member will lose within so many days if nothing happens, soonest first.

        Args:
            member: The member's account, 32 bytes.
            days: How far to look.
            day: From this day on, days since 1970-01-01 UTC; the day of the ledger's last entry if None.
        """
        today = self.desk.ledger.time // _DAY_MS if day is None else day
        holding = self.desk.ledger.holding(self.asset, member)
        found = [each for each in _lapses(self._record(), holding) if each.day <= today + days]
        return sorted(found, key=lambda each: each.day)

    # The whole programme

    def liability(self, as_of: int | None = None) -> list[Liability]:
        """What became of the points of each month of issue, for the books: earliest first.

        Args:
            as_of: As it was at this time, ms, for which the log is applied again: see `Ledger.as_of`. Now if None.
        """
        ledger = self.desk.ledger
        return [
            Liability(lot.lot, lot.issued, lot.redeemed, lot.expired, lot.burned, lot.clawed_back, lot.own_sum)
            for lot in (ledger if as_of is None else ledger.as_of(as_of)).lots(self.asset)
        ]

    def campaign(
        self,
        *,
        budget: Amount,
        claim_max: Amount,
        ends: int,
        member_cap: Amount | None = None,
        window: Span = "1d",
        pending: Span = 0,
        notice: Span = 0,
        key: str | None = None,
        time: int | None = None,
    ) -> Campaign:
        """Open a campaign that the brand funds: `mint` of the budget to the brand, and `open_campaign`.

        Args:
            budget: What it may give in all.
            claim_max: What it gives at most at a time.
            ends: From when on it gives nothing more, ms.
            member_cap: What one member may have in each window.
            window: The length of a window.
            pending: How long what was earned can still be cancelled.
            notice: How long before an early end the brand must say so.
            key: Makes it happen once.
            time: When, ms; now if None.

        Raises:
            RejectedError: supply_cap_exceeded, deadline_passed, …
        """
        brand, units = self.desk.account, self.units(budget)
        cap = None if member_cap is None else Cap(units=self.units(member_cap), window_ms=span_ms(window))
        terms = CampaignTerms(
            roles=[Role(bps=10_000), Role(brand, signs=True)],
            claim_max=self.units(claim_max),
            ends=ends,
            member_cap=cap,
            pending_ms=span_ms(pending),
            notice_ms=span_ms(notice),
        )
        operations: list[Operation] = [
            Mint(asset=self.asset, to=brand, amount=units),
            OpenCampaign(owner=brand, salt=self.desk.salt(key), asset=self.asset, amount=units, terms=terms),
        ]
        done = self.desk.do(operations, key=key, time=time)
        opened = next(each for each in done.operations if isinstance(each, OpenCampaign))
        return Campaign(self, campaign_id(opened.owner, opened.salt))

    # Helpers

    def units(self, amount: Amount) -> int:
        """An amount of this programme's points in minor units."""
        return minor_units(amount, self._record().decimals)

    def order(self, order: str) -> bytes:
        """What stands for an order on the ledger, 32 bytes: a hash that nobody can guess the number from."""
        return self.desk.secret("order", order)

    def _record(self) -> AssetRecord:
        return asset_record(self.desk.ledger, self.asset)


class Campaign:
    """A campaign of a programme: a budget, caps, and slips that are claimed once.

    Attributes:
        programme: The programme.
        id: The campaign's id, and its account's, 32 bytes.
    """

    def __init__(self, programme: Programme, identifier: bytes) -> None:
        """Take a campaign up again."""
        self.programme = programme
        self.id = identifier

    def earn(
        self,
        member: bytes,
        amount: Amount,
        *,
        order: str,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Earning:
        """Pay a member out of the campaign, once for each order: `claim` of a slip that the brand signs.

        Raises:
            RejectedError: slip_claimed (the order was paid), member_cap_spent, budget_spent, claim_too_large,
                campaign_ended, …
        """
        desk, units = self.programme.desk, self.programme.units(amount)
        nonce = self.programme.order(order)[:16]
        slip = Slip(nonce=nonce, valid_until=desk.now(time) + _SLIP_VALID_MS, amount=units, parties=[member])
        done = desk.do([Claim(campaign=self.id, slips=[SignedSlip(slip)])], dry_run=dry_run, time=time)
        record = desk.ledger.campaign(self.id)
        pending = 0 if record is None else record.terms.pending_ms
        if not pending:
            return Earning(done, member, units)
        hold = pending_hold_id(self.id, member, nonce, done.id)
        return Earning(done, member, units, hold, done.time + pending)

    def fund(self, amount: Amount, *, key: str | None = None, time: int | None = None) -> Done:
        """Add new points to the budget: `mint` to the brand, and `fund_campaign`."""
        programme = self.programme
        brand, units = programme.desk.account, programme.units(amount)
        operations: list[Operation] = [
            Mint(asset=programme.asset, to=brand, amount=units),
            FundCampaign(campaign=self.id, asset=programme.asset, sender=brand, amount=units),
        ]
        return programme.desk.do(operations, key=key, time=time)

    def close(self, *, time: int | None = None) -> Done:
        """End the campaign after its notice, or take back what one that has ended has left: `close_campaign`."""
        return self.programme.desk.do([CloseCampaign(campaign=self.id)], time=time)

    @property
    def budget(self) -> int:
        """What it has left, minor units."""
        return self.programme.balance(self.id)


def _hold_of(earning: Earning | bytes) -> bytes:
    if isinstance(earning, bytes):
        return earning
    if earning.hold is None:
        message = "earning: expected one that is pending, found one that was the member's at once"
        raise ValueError(message)
    return earning.hold


def _lapses(asset: AssetRecord, holding: Holding) -> list[Expiring]:
    """When each part of a balance lapses: `docs/reference/operations.md`, *Lots, lapsing and order*."""
    found = []
    period = next((term.period for term in asset.policy if isinstance(term, Lots)), None)
    for term in asset.policy:
        if isinstance(term, InactivityExpiry) and holding.amount:
            found.append(Expiring(holding.activity_day + term.days, holding.amount, "inactivity"))
        elif isinstance(term, FixedExpiry) and period is not None:
            found += [Expiring(_end_day(period, lot.lot) + term.days, lot.amount, "fixed") for lot in holding.lots]
    return found


def _end_day(period: Period, lot: int) -> int:
    """The first day after a lot's period."""
    if period is Period.DAY:
        return lot + 1
    year, month = divmod(lot + 1, 12)
    return (date(1970 + year, month + 1, 1) - date(1970, 1, 1)).days
