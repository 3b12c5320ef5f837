"""Points of one programme for those of another, at terms that are told before."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from counterfoil.desk import Done, asset_record, span_ms
from counterfoil.lapsing import DAY_MS, Expiring, lapses, lot_of
from counterfoil.ops import Lots, Mint, Operation, Redeem
from counterfoil.verify import Holding, LotAmount

if TYPE_CHECKING:
    from counterfoil.brands.coalition import Coalition
    from counterfoil.brands.member import Account, Who
    from counterfoil.brands.programme import Programme
    from counterfoil.desk import Amount, Span


@dataclass(frozen=True, slots=True)
class Rate:
    """How much of one for how much of another, in minor units.

    Attributes:
        give: So much of the programme that is left, 1 or more.
        get: So much of the other, 1 or more.
        owes: So much the first brand owes the second for it, in minor units of the coalition's IOUs. It is rounded up,
            so that nobody's points are taken for nothing.

    >>> Rate(give=100, get=80, owes=40)
    Rate(give=100, get=80, owes=40)
    """

    give: int
    get: int
    owes: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value, least in (("give", self.give, 1), ("get", self.get, 1), ("owes", self.owes, 0)):
            if type(value) is not int:
                message = f"rate: expected an int (minor units) as {name}, found {type(value).__name__}"
                raise TypeError(message)
            if value < least:
                message = f"rate: expected {least} or more as {name}, found {value}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a conversion would do: exactly this, or nothing. Amounts are minor units.

    Attributes:
        id: Its number, a random text. It is converted once.
        member: Whose points, an account id of 32 bytes.
        give: What the member gives, at most what it asked for: no more than what it gets is worth.
        get: What it gets.
        repays: How much of that pays a debt of the member at once, so that it does not have it.
        owes: What the first brand owes the second for it.
        rate: At which rate.
        lapses: When what it gets lapses if nothing happens; empty: never.
        back: At which rate it can be turned back; None: it cannot.
        made: When it was made, ms.
        valid_until: From when on it does not hold, ms.
        tag: What tells that this conversion made it, 32 bytes.
    """

    id: str
    member: bytes
    give: int
    get: int
    repays: int
    owes: int
    rate: Rate
    lapses: tuple[Expiring, ...]
    back: Rate | None
    made: int
    valid_until: int
    tag: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Converted:
    """What was converted.

    Attributes:
        done: The call.
        quote: At which terms.
    """

    done: Done
    quote: Quote


class Conversion:
    """The way from the programme of a coalition to another programme.

    Attributes:
        coalition: Whose programme is left, and in whose IOUs its brand owes the other.
        to: The programme that is entered.
        rate: At which rate.
        back: The way back; None: there is none.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.brands import Coalition, Programme
    >>> roaster, cinema, ann = Key.generate(), Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/beans", operator=roaster) as ledger:
    ...         beans = Programme.launch(ledger, roaster, symbol="BEAN")
    ...         stars = Programme.launch(ledger, cinema, symbol="STAR")
    ...         _ = beans.earn(ann.account, 250)
    ...         way = Conversion(Coalition.launch(beans), stars, rate=Rate(give=100, get=80, owes=40))
    ...         quote = way.quote(ann.account, 201)
    ...         print(quote.give, quote.get, quote.owes, quote.back, quote.lapses[0].reason)
    ...         _ = way.convert(ann, quote)
    ...         print(beans.balance(ann.account), stars.balance(ann.account))
    200 160 80 None inactivity
    50 160
    """

    def __init__(
        self,
        coalition: Coalition,
        to: Programme,
        *,
        rate: Rate,
        back: Conversion | None = None,
        holds: Span = "15m",
    ) -> None:
        """Open a way. Nothing is written on the ledger.

        Args:
            coalition: Whose programme is left.
            to: The programme that is entered, of the same ledger; its brand's keys sign as well.
            rate: At which rate.
            back: The way back, from that programme to this one; None: there is none, and every quote says so.
            holds: How long a quote holds.

        Raises:
            ValueError: Both programmes are one; the way back does not lead back; or there and back gains points.
        """
        self.coalition = coalition
        self.to = to
        self.rate = rate
        self.back = back
        self._holds_ms = span_ms(holds)
        source = coalition.programme
        if source.asset == to.asset:
            message = "to: expected another programme, found the same"
            raise ValueError(message)
        if back is not None and (back.coalition.programme.asset, back.to.asset) != (to.asset, source.asset):
            message = "back: expected the way from the other programme to this one, found another"
            raise ValueError(message)
        if back is not None and rate.get * back.rate.get > rate.give * back.rate.give:
            message = f"back: expected that there and back gains nothing, found {rate} and {back.rate}"
            raise ValueError(message)

    def quote(self, member: Account, amount: Amount, *, time: int | None = None) -> Quote:
        """Tell the terms before anything happens. Nothing is written on the ledger.

        Args:
            member: Whose points: an account, 32 bytes, or the customer's id.
            amount: How many at most. What would be too little to get one more unit for is not taken.
            time: When, ms; now if None.

        Raises:
            ValueError: It is too little to get anything for.
        """
        source = self.coalition.programme
        asked, now = source.units(amount), source.desk.now(time)
        get = asked * self.rate.get // self.rate.give
        if get < 1:
            least = -(-self.rate.give // self.rate.get)
            message = f"amount: expected at least {least}, for which there is 1 unit, found {asked}"
            raise ValueError(message)
        # Rounded up: so much is needed for it.
        give = -(-get * self.rate.give // self.rate.get)
        account = source.account(member)
        return self._signed(
            Quote(
                id=secrets.token_hex(16),
                member=account,
                give=give,
                get=get,
                repays=self._repays(account, get),
                owes=-(-give * self.rate.owes // self.rate.give),
                rate=self.rate,
                lapses=self._lapses(get, now),
                back=None if self.back is None else self.back.rate,
                made=now,
                valid_until=now + self._holds_ms,
            )
        )

    def convert(
        self, member: Who, quote: Quote, *, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Converted:
        """Do what a quote says: `redeem` of the one, `mint` of the other, `mint` of IOUs, all or none.

        The member and both brands sign.

        Args:
            member: Who signs for the member: a key, or a customer's id.
            quote: What `quote` told.
            key: Makes it happen once; without, a second call with the quote is refused.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: The quote is not of this conversion, of another member, or was changed; it no longer holds; or
                what it says is no longer so, the day on which the points lapse, say. Ask for another one.
            RejectedError: already_redeemed (it was converted), insufficient_funds, supply_cap_exceeded, …
            SelfCustodyError: The customer has taken the account over, and has to sign.
        """
        source, target = self.coalition.programme, self.to
        signer = source.signer(member)
        self._check(quote, signer.account)
        # What happened before happened at its time: only what is new has to hold now.
        if not source.desk.was_used(key):
            self._check_holds(quote, source.desk.now(time))
        operations: list[Operation] = [
            Redeem(
                asset=source.asset,
                sender=quote.member,
                at=source.desk.account,
                order=source.order(f"quote {quote.id}"),
                amount=quote.give,
            ),
            Mint(asset=target.asset, to=quote.member, amount=quote.get),
        ]
        if quote.owes:
            operations.append(Mint(asset=self.coalition.asset, to=target.desk.account, amount=quote.owes))
        others = [each for each in target.desk.signers if each not in source.desk.signers]
        done = source.desk.do(operations, signer, *others, key=key, dry_run=dry_run, time=time)
        return Converted(done, quote)

    # Helpers

    def _check(self, quote: Quote, account: bytes) -> None:
        if not hmac.compare_digest(self._signed(quote).tag, quote.tag):
            message = "quote: expected one that this conversion made, found another, or one that was changed"
            raise ValueError(message)
        if quote.member != account:
            message = "quote: expected one of the member that signs, found another member's"
            raise ValueError(message)

    def _check_holds(self, quote: Quote, now: int) -> None:
        if not quote.made <= now < quote.valid_until:
            message = f"quote: expected one that holds at {now} ms, found one that holds until {quote.valid_until} ms"
            raise ValueError(message)
        facts = {
            "repays": self._repays(quote.member, quote.get),
            "lapses": self._lapses(quote.get, now),
            "back": None if self.back is None else self.back.rate,
        }
        for name, found in facts.items():
            if getattr(quote, name) != found:
                message = f"quote: expected {name} to be {getattr(quote, name)} still, found {found}; ask for another"
                raise ValueError(message)

    def _signed(self, quote: Quote) -> Quote:
        """The quote with a tag that only who has the first brand's key can make, for this way and no other."""
        way = (self.coalition.programme.asset.hex(), self.coalition.asset.hex(), self.to.asset.hex())
        text = f"{way} {replace(quote, tag=b'')!r}"
        return replace(quote, tag=self.coalition.programme.desk.secret("quote", text))

    def _repays(self, account: bytes, get: int) -> int:
        return min(get, self.to.desk.ledger.debt(self.to.asset, account))

    def _lapses(self, get: int, now: int) -> tuple[Expiring, ...]:
        """When units that are minted now lapse."""
        record = asset_record(self.to.desk.ledger, self.to.asset)
        period = next((term.period for term in record.policy_at(now) if isinstance(term, Lots)), None)
        lots = () if period is None else (LotAmount(lot_of(period, now), get),)
        return tuple(lapses(record, Holding(get, now // DAY_MS, lots), time=now))
