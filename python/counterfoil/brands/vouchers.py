"""Vouchers and gift cards: units that wait for whoever has a code."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterfoil.brands.codes import make_code, read_code
from counterfoil.brands.member import account_of
from counterfoil.desk import Desk, Done, asset_record, minor_units
from counterfoil.exceptions import KeyReusedError
from counterfoil.keys import Key
from counterfoil.lapsing import spendable
from counterfoil.ops import Hold, Mint, Operation, Outcome, Release, Settle, SignedBy, Terms, hold_id

if TYPE_CHECKING:
    from counterfoil.brands.member import Account
    from counterfoil.desk import Amount
    from counterfoil.keys import Signer
    from counterfoil.ledger import Ledger
    from counterfoil.members import Members
    from counterfoil.verify import HoldRecord

_CHARACTERS = 20
_GROUP = 4
_PER_TRANSACTION = 200
"""So many holds, with what the log says of them, fit into one."""

_OVERHEAD_BYTES = 1_500
"""What a transaction has beside them: its head, a `once`, a `mint`, and up to 16 signatures' authorizers."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher or gift card.

    Attributes:
        code: What its bearer has to know, which is not shown where the voucher is printed or logged.
        hold: The id of the hold where its units wait, 32 bytes: its number, which is no secret.
        amount: Minor units.
        expires: From when on it is worth nothing, ms.
    """

    code: str = field(repr=False)
    hold: bytes
    amount: int
    expires: int


@dataclass(frozen=True, slots=True)
class Issue:
    """Vouchers that were issued together.

    Attributes:
        done: The calls, one for each transaction.
        vouchers: What was issued.
    """

    done: tuple[Done, ...]
    vouchers: tuple[Voucher, ...]


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What was redeemed of a voucher.

    Attributes:
        done: The call.
        hold: The voucher's hold, 32 bytes.
        to: Who got it, an account id of 32 bytes.
        amount: Minor units.
    """

    done: Done
    hold: bytes
    to: bytes
    amount: int


class Vouchers:
    """Vouchers of a brand over an asset: each is a hold that pays whoever signs with the key that its code makes.

    A code is 19 characters of 5 random bits and a check character. The ledger has the public half of its key only, so
    that nobody can tell a code from it; and a redemption is signed with that key for the payee, so that who sees it
    underway can neither have it paid to somebody else nor repeat it.

    A voucher is redeemed whole. That is this class's rule: the ledger would let whoever has the code take a part.

    Units: a hold takes the brand's oldest lots first. They keep their lots: with `FixedExpiry` they lapse in the hold
    as they would anywhere else, maybe before the voucher expires; by inactivity they do not lapse in it. Who redeems
    them gets them in these lots, and as activity of that day.

    Attributes:
        desk: Where the brand acts.
        asset: What they are worth, an asset id of 32 bytes.
        members: The store that knows customers; None: there is none.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.brands import Programme
    >>> roaster, ann = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/beans", operator=roaster) as ledger:
    ...         beans = Programme.launch(ledger, roaster, symbol="BEAN")
    ...         vouchers = Vouchers(ledger, roaster, asset=beans.asset)
    ...         [voucher] = vouchers.issue(500, expires=2**41).vouchers
    ...         _ = vouchers.redeem(voucher.code.lower(), to=ann.account)
    ...         print(vouchers.balance(voucher.code), beans.balance(ann.account), len(voucher.code))
    0 500 24
    """

    def __init__(self, ledger: Ledger, *brand: Key | Signer, asset: bytes, members: Members | None = None) -> None:
        """Take vouchers up, for the first time or again: nothing has to be launched.

        Args:
            ledger: The ledger.
            brand: The keys that sign for the brand.
            asset: What they are worth, an asset id of 32 bytes: points, or something like money.
            members: The store that knows customers by their ids.

        Raises:
            LookupError: There is no such asset.
        """
        self.desk = Desk(ledger, *brand)
        self.asset = asset
        self.members = members
        asset_record(ledger, asset)

    # The brand

    def issue(
        self,
        amount: Amount,
        *,
        expires: int,
        count: int = 1,
        voidable: bool = False,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Issue:
        """Issue vouchers of the same amount: a `hold` for each, up to 200 in a transaction, all or none of these.

        Where the brand has the power to mint the asset, a `mint` of what they are worth comes first; where it has not,
        they are paid out of its balance.

        Args:
            amount: What each is worth.
            expires: From when on it is worth nothing, ms.
            count: How many.
            voidable: Whether the brand may take back what is left of it before; its terms say so.
            key: Makes it happen once: a retry returns the same codes. It is needed for more than one transaction, so
                that codes which were issued are not lost if a later one fails.
            dry_run: Only try it, each transaction by itself; then the codes are not valid.
            time: When, ms; now if None.

        Raises:
            ValueError: Less than one; or more than fit into a transaction, without a key.
            RejectedError: insufficient_funds, supply_cap_exceeded, deadline_passed, …
            KeyReusedError: The key was used for something else.
        """
        if type(count) is not int or count < 1:
            message = f"count: expected 1 or more, found {count!r}"
            raise ValueError(message)
        record = asset_record(self.desk.ledger, self.asset)
        units = minor_units(amount, record.decimals)
        codes = [self._new_code(key, number) for number in range(count)]
        holds = [self._hold(code, units, expires, voidable=voidable) for code in codes]
        most = self._per_transaction(holds[0])
        if count > most and key is None:
            message = f"key: expected one for more than {most} vouchers, so that a retry has the same codes, found None"
            raise ValueError(message)
        done = []
        for start in range(0, count, most):
            page: list[Operation] = list(holds[start : start + most])
            if record.powers.mint == self.desk.account:
                page.insert(0, Mint(asset=self.asset, to=self.desk.account, amount=units * len(page)))
            once = f"{key} {start}" if key and start else key
            done.append(self.desk.do(page, key=once, dry_run=dry_run, time=time))
        # A retry finds what the first call issued, which may have said another time.
        held = [each for call in done for each in call.operations if isinstance(each, Hold)]
        if [each.salt for each in held] != [each.salt for each in holds]:
            message = f"key {key!r} was used while the brand signed with another key: its codes cannot be made again"
            raise KeyReusedError(message)
        issued = tuple(
            Voucher(code, hold_id(each.payer, each.salt), units, each.terms.deadline if each.terms else expires)
            for code, each in zip(codes, held, strict=True)
        )
        return Issue(tuple(done), issued)

    def void(
        self,
        voucher: str | bytes,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take back what is left of a voucher that was issued as voidable: `release`, which the brand signs.

        Args:
            voucher: Its code, or its hold's id of 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: The code can be none: a character was mistyped, say.
            LookupError: There is no such voucher of this brand and asset.
            RejectedError: hold_pending (it is not voidable), hold_closed (nothing is left), …
        """
        hold, _ = self._find(voucher)
        return self.desk.do([Release(hold=hold)], key=key, dry_run=dry_run, time=time)

    def expire(
        self,
        voucher: str | bytes,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Give the brand back what is left of a voucher that has expired: `release`. Anybody may.

        Args:
            voucher: Its code, or its hold's id of 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: The code can be none: a character was mistyped, say.
            LookupError: There is no such voucher of this brand and asset.
            RejectedError: hold_pending (it has not expired), hold_closed (nothing is left), …
        """
        hold, _ = self._find(voucher)
        # Signed by the brand it would void one that has not expired: so it is signed with a key that may do nothing.
        anybody = Desk(self.desk.ledger, Key.from_seed(self.desk.secret("expire", hold.hex())))
        return anybody.do([Release(hold=hold)], key=key, dry_run=dry_run, time=time)

    # Whoever has the code

    def balance(self, voucher: str | bytes, *, time: int | None = None) -> int:
        """What a voucher is still worth, minor units: 0 from when it has expired on.

        Args:
            voucher: Its code, or its hold's id of 32 bytes.
            time: At which time, ms; now if None.

        Raises:
            ValueError: The code can be none: a character was mistyped, say.
            LookupError: There is no such voucher of this brand and asset.
        """
        hold, record = self._find(voucher)
        now, ledger = self.desk.now(time), self.desk.ledger
        if record.terms is None or now >= record.terms.deadline:
            return 0
        holding = ledger.holding(self.asset, hold)
        return spendable(asset_record(ledger, self.asset), holding, now)

    def redeem(
        self, code: str, *, to: Account, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Redeemed:
        """Pay what a voucher is worth to somebody: `settle`, signed with the code's key alone.

        Args:
            code: The code, as it was typed.
            to: Who gets it: a member's account, 32 bytes, a customer's id, or a till's account.
            key: Makes it happen once; without, a second call finds nothing left.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: It can be no code: a character was mistyped, say.
            LookupError: There is no such voucher of this brand and asset.
            RejectedError: hold_closed (it was redeemed), hold_expired, account_frozen, …
            KeyReusedError: The key was used for another payee.
        """
        return self._settle(code, to, None, key=key, dry_run=dry_run, time=time)

    # Helpers

    def _settle(
        self, code: str, to: Account, amount: int | None, *, key: str | None, dry_run: bool, time: int | None
    ) -> Redeemed:
        hold, _ = self._find(code)
        payee = account_of(to, self.members)
        bearer = Desk(self.desk.ledger, _key_of(read_code(code, characters=_CHARACTERS)))
        settle = Settle(hold=hold, amount=amount, to=payee)
        done = bearer.do([settle], key=key, dry_run=dry_run, time=time)
        if dry_run:
            return Redeemed(done, hold, payee, self.balance(hold, time=time) if amount is None else amount)
        return Redeemed(done, hold, payee, sum(lot.amount for lot in done.effects[0].taken))

    def _hold(self, code: str, units: int, expires: int, *, voidable: bool) -> Hold:
        bearer = _key_of(code.replace("-", "")).account
        terms = Terms(
            settle_if=SignedBy(1, [bearer]),
            release_if=SignedBy(1, [self.desk.account]) if voidable else None,
            payees=[],
            deadline=expires,
            outcome=Outcome.RELEASE,
        )
        return Hold(payer=self.desk.account, salt=_salt(bearer), asset=self.asset, amount=units, terms=terms)

    def _per_transaction(self, hold: Hold) -> int:
        parameters = self.desk.ledger.parameters
        by_bytes = (parameters.transaction_bytes_max - _OVERHEAD_BYTES) // len(bytes(hold))
        return max(1, min(_PER_TRANSACTION, by_bytes, parameters.operations_max - 2))

    def _new_code(self, key: str | None, number: int) -> str:
        """A random code; with the key of a call one that nobody else can make, and a retry makes again."""
        seed = secrets.token_bytes(32) if key is None else self.desk.secret("voucher", f"{key} {number}")
        return make_code(seed, characters=_CHARACTERS, group=_GROUP)

    def _find(self, voucher: str | bytes) -> tuple[bytes, HoldRecord]:
        """The hold of a voucher, found by its code alone: the hold's id follows from it."""
        hold = voucher
        if isinstance(hold, str):
            bearer = _key_of(read_code(hold, characters=_CHARACTERS)).account
            hold = hold_id(self.desk.account, _salt(bearer))
        record = self.desk.ledger.hold(hold)
        if record is None or (record.payer, record.asset) != (self.desk.account, self.asset):
            message = "code: expected a voucher of this brand and asset, found none"
            raise LookupError(message)
        return hold, record


class GiftCards(Vouchers):
    """Gift cards: vouchers that are spent bit by bit, at tills, over an asset that is like money.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> roaster, till = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/beans", operator=roaster) as ledger:
    ...         euro = ledger.create_asset(roaster, "EUR", decimals=2)
    ...         cards = GiftCards(ledger, roaster, asset=euro)
    ...         [card] = cards.issue(5_000, expires=2**41).vouchers
    ...         _ = cards.redeem(card.code, to=till.account, amount=1_250, key="receipt 17")
    ...         print(cards.balance(card.code))
    3750
    """

    def redeem(
        self,
        code: str,
        *,
        to: Account,
        amount: Amount | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Redeemed:
        """Pay with a card, all that is left on it or a part: `settle`, signed with the code's key alone.

        A till that retries passes the receipt's number as `key`, or it takes the amount twice.

        Args:
            code: The code, as it was typed.
            to: Who gets it: a till's account, 32 bytes, a member's, or a customer's id.
            amount: How much; None: all.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: It can be no code: a character was mistyped, say.
            LookupError: There is no such card of this brand and asset.
            RejectedError: amount_exceeds_hold, hold_closed (nothing is left), hold_expired, account_frozen, …
            KeyReusedError: The key was used for another payee or amount.
        """
        decimals = asset_record(self.desk.ledger, self.asset).decimals
        units = None if amount is None else minor_units(amount, decimals)
        return self._settle(code, to, units, key=key, dry_run=dry_run, time=time)


def _key_of(code: str) -> Key:
    """The key of whoever has a code."""
    return Key.from_seed(hashlib.sha256(b"counterfoil/voucher/v1\n" + code.encode()).digest())


def _salt(bearer: bytes) -> bytes:
    """The salt of a voucher's hold, made of its public key: of the code it would be quicker to try codes with."""
    return hashlib.sha256(b"counterfoil/voucher-salt/v1\n" + bearer).digest()[:16]
