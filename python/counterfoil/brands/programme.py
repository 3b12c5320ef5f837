"""A brand's loyalty programme over one asset. Every call is documented as the operations that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.brands.campaign import Campaign, Earning, open_budget
from counterfoil.brands.member import account_of, signer_of
from counterfoil.desk import Desk, Done, asset_record, minor_units, span_ms
from counterfoil.governance.community import Community
from counterfoil.keys import Key, key_of
from counterfoil.lapsing import DAY_MS, Expiring, lapses, spendable
from counterfoil.ops import (
    After,
    CampaignTerms,
    Cap,
    Claim,
    ClawBack,
    Hold,
    KeyGrant,
    Mint,
    Operation,
    Outcome,
    Reason,
    Redeem,
    Refund,
    Release,
    Role,
    SetConstitution,
    SetKeys,
    Settle,
    Share,
    SignedBy,
    Terms,
    asset_id,
    hold_id,
    pending_hold_id,
)
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.presets import Preset, points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.brands.member import Account, Who
    from counterfoil.desk import Amount, Span
    from counterfoil.keys import Signer
    from counterfoil.ledger import Ledger
    from counterfoil.members import Members
    from counterfoil.ops import Constitution, Requirement
    from counterfoil.verify import AssetRecord


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
class Pending:
    """Points that become a member's unless the brand takes them back before.

    Attributes:
        hold: The id of the hold in which they wait, 32 bytes: what `settle` and `cancel` take.
        amount: Minor units.
        until: When they become the member's, ms. From then on anybody may say so: `settle`.
    """

    hold: bytes
    amount: int
    until: int


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

    With a store of members a call takes a customer's id (`str`) where it takes a member's account or key.

    Attributes:
        desk: Where the brand acts.
        asset: The points, an asset id of 32 bytes.
        members: The store that knows customers; None: there is none.

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

    def __init__(self, ledger: Ledger, *brand: Key | Signer, asset: bytes, members: Members | None = None) -> None:
        """Take a programme up again.

        Args:
            ledger: The ledger.
            brand: The keys that sign for the brand.
            asset: The points, an asset id of 32 bytes.
            members: The store that knows customers by their ids.

        Raises:
            LookupError: There is no such asset.
        """
        self._begin(Desk(ledger, *brand), asset, members)
        self._record()

    def _begin(self, desk: Desk, asset: bytes, members: Members | None) -> None:
        self.desk = desk
        self.asset = asset
        self.members = members

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *brand: Key | Signer,
        symbol: str,
        preset: Preset | None = None,
        decimals: int = 0,
        supply_cap: int = SUPPLY_CAP_MAX,
        members: Members | None = None,
        key: str | None = None,
        dry_run: bool = False,
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
            members: The store that knows customers by their ids.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            RejectedError: asset_exists, creator_not_allowed, …
        """
        desk = Desk(ledger, *brand)
        create = (preset or points()).create(desk.account, symbol, decimals=decimals, supply_cap=supply_cap)
        desk.do([create], key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made._begin(desk, asset_id(desk.account, symbol), members)
        return made

    # Members

    def earn(
        self,
        member: Account,
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
            member: The member's account, 32 bytes, or the customer's id.
            amount: How many.
            pending: How long they are pending; None: they are the member's at once.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: supply_cap_exceeded, account_frozen, …
            KeyReusedError: The key was used for something else.
        """
        account, units = self.account(member), self.units(amount)
        if pending is None:
            mint = Mint(asset=self.asset, to=account, amount=units)
            return Earning(self.desk.do([mint], key=key, dry_run=dry_run, time=time), account, units)
        salt = self.desk.salt(key)
        deadline = self.desk.now(time) + span_ms(pending)
        terms = Terms(
            settle_if=After(deadline),
            release_if=SignedBy(1, [self.desk.account]),
            payees=[Share(account)],
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
        return Earning(done, account, units, hold_id(held.payer, held.salt), until)

    def pending(self, member: Account, *, time: int | None = None) -> list[Pending]:
        """What waits for a member, of `earn(pending=)` and of the brand's campaigns, soonest first.

        The member's transactions are read, not the whole log.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            time: At which time, ms, for what lapses; now if None.

        Raises:
            ValueError: The ledger was opened with `index=False`.
        """
        account, now = self.account(member), self.desk.now(time)
        holds: dict[bytes, None] = {}
        for applied in self.desk.ledger.transactions(account):
            for operation in applied.signed.transaction.operations:
                holds |= dict.fromkeys(self._holds_of(operation, applied.id))
        found = [self._pending_in(hold, account, now) for hold in holds]
        return sorted((each for each in found if each is not None), key=lambda each: each.until)

    def settle(
        self, earning: Earning | bytes, *, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Make pending points the member's, once their time has come: `settle`. Anybody may.

        Raises:
            RejectedError: condition_unmet (too early), hold_closed (done before), …
        """
        return self.desk.do([Settle(hold=_hold_of(earning))], key=key, dry_run=dry_run, time=time)

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
        member: Who,
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
            member: Who signs for the member: a key, or a customer's id for whom the service signs with the managed key.
            amount: How many.
            order: The order's number; a secret hash of it goes on the ledger.
            at: Where, the account that may refund it; the brand if None.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: already_redeemed, insufficient_funds, …
            SelfCustodyError: The customer has taken the account over, and has to sign.
        """
        signer, units, secret = self.signer(member), self.units(amount), self.order(order)
        place = self.desk.account if at is None else at
        operation = Redeem(asset=self.asset, sender=signer.account, at=place, order=secret, amount=units)
        done = self.desk.do([operation], signer, key=key, dry_run=dry_run, time=time)
        return Redemption(done, signer.account, secret, units)

    def refund(
        self,
        member: Account,
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
        account, secret = self.account(member), self.order(order)
        redemption = self.desk.ledger.redemption(self.asset, account, secret)
        if redemption is None:
            message = f"order {order!r}: expected a redemption of this member, found none"
            raise LookupError(message)
        units = redemption.amount - redemption.refunded if part is None else self.units(part)
        operation = Refund(asset=self.asset, sender=account, order=secret, amount=units)
        done = self.desk.do([operation], key=key, dry_run=dry_run, time=time)
        return Redemption(done, account, secret, units)

    def take_back(
        self,
        member: Account,
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
            sender=self.account(member),
            to=self.desk.account,
            amount=self.units(amount),
            reason=Reason(reason, evidence),
        )
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def balance(self, member: Account, *, as_of: int | None = None) -> int:
        """A member's points, minor units. Lapsed ones that nobody has swept are among them.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            as_of: As they were at this time, ms, for which the log is applied again: see `Ledger.as_of`. Now if None.
        """
        ledger = self.desk.ledger
        return (ledger if as_of is None else ledger.as_of(as_of)).balance(self.asset, self.account(member))

    def expiring(self, member: Account, *, days: int, day: int | None = None) -> list[Expiring]:
        """What a member will lose within so many days if nothing happens, soonest first.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            days: How far to look.
            day: From this day on, days since 1970-01-01 UTC; the day of the ledger's last entry if None.
        """
        ledger = self.desk.ledger
        today = ledger.time // DAY_MS if day is None else day
        holding = ledger.holding(self.asset, self.account(member))
        return [each for each in lapses(self._record(), holding, time=ledger.time) if each.day <= today + days]

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
        requires: Requirement | None = None,
        key: str | None = None,
        dry_run: bool = False,
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
            requires: An attestation that a member must have: `tiers.requirement("gold")`, say.
            key: Makes it happen once.
            dry_run: Only try it; then there is no such campaign.
            time: When, ms; now if None.

        Raises:
            RejectedError: supply_cap_exceeded, deadline_passed, …
        """
        cap = None if member_cap is None else Cap(units=self.units(member_cap), window_ms=span_ms(window))
        terms = CampaignTerms(
            roles=[Role(bps=10_000), Role(self.desk.account, signs=True)],
            claim_max=self.units(claim_max),
            ends=ends,
            eligible=requires,
            member_cap=cap,
            pending_ms=span_ms(pending),
            notice_ms=span_ms(notice),
        )
        identifier = open_budget(self, self.units(budget), terms, key=key, dry_run=dry_run, time=time)
        return Campaign(self, identifier)

    # What customers decide

    def govern(
        self,
        constitution: Constitution,
        *agree: Key | Signer,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Let customers decide by vote what the brand's key decided so far: `set_constitution`.

        Before it `set_keys` where the brand's account has no record, so that it keeps its key for all the rest. From
        then on the key signs as one of the account's, `key.on(account)`: this programme does so by itself, and whoever
        takes one up says so. The constitution says who may change it: mind that it is not the brand.

        Args:
            constitution: What holds from then on: `terms_club(points=programme.asset)`, say.
            agree: Who signs as well: issuers of other assets whose holders vote.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: invalid_rule, invalid_article, unknown_schema, invalid_electorate; where the account is
                governed, needs_proposal or constitution_forbids; …
        """
        desk, first = self._named_desk(), self.desk.first(key)
        operations: list[Operation] = [SetConstitution(account=desk.account, constitution=constitution)]
        # A retry wants what the first call did, which was before there was a record.
        signer = desk.signers[0]
        if isinstance(signer, Key) if first is None else len(first.operations) > 1:
            operations.insert(0, SetKeys(account=desk.account, keys=[KeyGrant(key_of(signer).public)]))
        done = desk.do(operations, *agree, key=key, dry_run=dry_run, time=time)
        self.desk = self._named_desk()
        return done

    def _named_desk(self) -> Desk:
        """The desk, whose key is named as one of the account's where it has a record."""
        desk, signer = self.desk, self.desk.signers[0]
        if isinstance(signer, Key) and desk.ledger.account(desk.account) is not None:
            return Desk(desk.ledger, signer.on(desk.account))
        return desk

    @property
    def community(self) -> Community:
        """Those who decide on this programme.

        Raises:
            LookupError: The brand decides alone.
        """
        return Community(self.desk.ledger, *self.desk.signers, account=self.desk.account)

    # Helpers

    def units(self, amount: Amount) -> int:
        """An amount of this programme's points in minor units."""
        return minor_units(amount, self._record().decimals)

    def account(self, member: Account) -> bytes:
        """The account of a member, 32 bytes, who may be named by a customer's id.

        Raises:
            TypeError: A customer's id, and there is no store of members.
            UnknownMemberError: The store does not know the customer.
        """
        return account_of(member, self.members)

    def signer(self, member: Who) -> Key | Signer:
        """What signs for a member, who may be named by a customer's id.

        Raises:
            TypeError: A customer's id, and there is no store of members; or an account, which signs nothing.
            UnknownMemberError: The store does not know the customer.
            SelfCustodyError: The customer has taken the account over, and signs alone.
        """
        return signer_of(member, self.members)

    def order(self, order: str) -> bytes:
        """What stands for an order on the ledger, 32 bytes: a hash that nobody can guess the number from."""
        return self.desk.secret("order", order)

    def _holds_of(self, operation: Operation, transaction: bytes) -> Iterator[bytes]:
        """The holds that an operation opened, of this brand or its campaigns."""
        if isinstance(operation, Hold) and operation.payer == self.desk.account:
            yield hold_id(operation.payer, operation.salt)
        elif isinstance(operation, Claim):
            campaign = self.desk.ledger.campaign(operation.campaign)
            if campaign is not None and campaign.owner == self.desk.account and campaign.terms.pending_ms:
                for signed in operation.slips:
                    claimant = campaign.terms.roles[0].account or signed.slip.parties[0]
                    yield pending_hold_id(operation.campaign, claimant, signed.slip.nonce, transaction)

    def _pending_in(self, hold: bytes, account: bytes, now: int) -> Pending | None:
        """The part of an account in what a hold has left; None where it has none, or gets none by itself."""
        ledger = self.desk.ledger
        record = ledger.hold(hold)
        terms = None if record is None else record.terms
        if record is None or terms is None or record.asset != self.asset or terms.outcome != Outcome.SETTLE:
            return None
        left = spendable(self._record(), ledger.holding(self.asset, hold), now)
        amount = left * sum(share.bps for share in terms.payees if share.to == account) // 10_000
        return Pending(hold, amount, terms.deadline) if amount else None

    def _record(self) -> AssetRecord:
        return asset_record(self.desk.ledger, self.asset)


def _hold_of(earning: Earning | bytes) -> bytes:
    if isinstance(earning, bytes):
        return earning
    if earning.hold is None:
        message = "earning: expected one that is pending, found one that was the member's at once"
        raise ValueError(message)
    return earning.hold
