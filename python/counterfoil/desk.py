"""What the packages for brands, creators and communities share: a desk where an account acts, amounts, and spans.

A call builds operations, signs them, applies them, and says what was done. With `key=` it is done once for ever,
however often it is called: a retry finds the first call in the log. With `dry_run=True` nothing changes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from counterfoil._clock import clock_ms
from counterfoil.exceptions import KeyReusedError, RejectedError
from counterfoil.keys import Key, Signer, key_of
from counterfoil.ops import KeyGrant, Once, Open, Operation, SetKeys
from counterfoil.status import Status
from counterfoil.wire import decode_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.ledger import Ledger
    from counterfoil.verify import AssetRecord, Effect
    from counterfoil.wire import Applied

__all__ = ["Amount", "Desk", "Done", "Span", "asset_record", "call_key", "minor_units", "span_ms"]

Amount = int | Decimal
"""An `int` is minor units, a `Decimal` is whole units."""

Span = int | str | timedelta
"""A length of time: milliseconds, a `timedelta`, or a text: `"30m"`, `"12h"`, `"90d"`, `"2w"`, `"1y"` (365 days)."""

_SPAN_MS = {
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "y": 365 * 86_400_000,
}
_DIGITS_MAX = 60
"""More digits than any amount has: before a power of ten of them is made."""

_VOLATILE = {
    "salt",
    "time",
    "starts",
    "cliff",
    "deadline",
    "ends",
    "closes",
    "until",
    "valid_until",
    "expires",
    "signatures",
}
"""Fields, of operations and of their parts, that depend on when a call is made, or on chance: a retry has others."""


def asset_record(ledger: Ledger, asset: bytes, what: str = "asset") -> AssetRecord:
    """The record of an asset, which must be there.

    Args:
        ledger: The ledger.
        asset: An asset id of 32 bytes.
        what: What the asset is to the caller, for the message.

    Raises:
        LookupError: There is no such asset.
    """
    record = ledger.asset(asset)
    if record is None:
        message = f"{what}: expected one of this ledger, found {asset.hex()}"
        raise LookupError(message)
    return record


def minor_units(amount: Amount, decimals: int) -> int:
    """An amount in minor units.

    Args:
        amount: An `int` of minor units, or a `Decimal` of whole units.
        decimals: The asset's decimal places.

    Raises:
        TypeError: Neither an int nor a Decimal: a float never says exactly how much.
        ValueError: A Decimal that is no number, or has more decimal places than the asset.

    >>> minor_units(Decimal("12.5"), 2), minor_units(1_250, 2)
    (1250, 1250)
    >>> minor_units(12.5, 2)
    Traceback (most recent call last):
        ...
    TypeError: amount: expected an int (minor units) or a Decimal (whole units), found float
    """
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)):
        message = f"amount: expected an int (minor units) or a Decimal (whole units), found {type(amount).__name__}"
        raise TypeError(message)
    if isinstance(amount, int):
        return amount
    # Decimal's own arithmetic rounds to the digits of its context: integers do not.
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int):
        message = f"amount: expected a number, found {amount}"
        raise ValueError(message)
    whole = int("".join(map(str, digits)))
    if whole == 0:
        return 0
    places = exponent + decimals
    if not -_DIGITS_MAX <= places <= _DIGITS_MAX:
        message = f"amount: expected at most {_DIGITS_MAX} digits, found {amount}"
        raise ValueError(message)
    power: int = 10 ** abs(places)
    scaled, rest = (whole * power, 0) if places >= 0 else divmod(whole, power)
    if rest:
        message = f"amount: expected at most {decimals} decimal places, found {amount}"
        raise ValueError(message)
    return -scaled if sign else scaled


def span_ms(span: Span) -> int:
    """A length of time in milliseconds.

    Raises:
        TypeError: Of another type.
        ValueError: A text that is none, or a length below 0.

    >>> span_ms("7d"), span_ms(timedelta(hours=1)), span_ms(500)
    (604800000, 3600000, 500)
    """
    if isinstance(span, timedelta):
        made = span // timedelta(milliseconds=1)
    elif isinstance(span, str):
        found = re.fullmatch(r"(\d{1,9})([smhdwy])", span)
        if found is None:
            message = f"span: expected a text such as '90d' or '12h', found {span[:40]!r}"
            raise ValueError(message)
        made = int(found[1]) * _SPAN_MS[found[2]]
    elif type(span) is int:
        made = span
    else:
        message = f"span: expected milliseconds, a timedelta or a text such as '90d', found {type(span).__name__}"
        raise TypeError(message)
    if made < 0:
        message = f"span: expected 0 or more, found {made} ms"
        raise ValueError(message)
    return made


def now_ms(ledger: Ledger, time: int | None = None) -> int:
    """A time that is given, ms; else the clock's, but never before the ledger's."""
    return max(clock_ms(), ledger.time) if time is None else time


def signers_on(account: bytes, keys: Iterable[Key | Signer]) -> list[Signer]:
    """These keys as those of an account that has them, each once."""
    return [each.on(account) for each in dict.fromkeys(map(key_of, keys))]


def stand_in() -> tuple[Key, SetKeys]:
    """Nobody's account, for a trial of what one will do that is not open yet: its key, and what gives it a record."""
    key = Key.generate()
    return key, SetKeys(account=key.account, keys=[KeyGrant(key.public)])


def call_key(key: str) -> bytes:
    """The 32 bytes that a call with this key uses once for ever: a hash of the text."""
    if not key:
        message = "key: expected a text that is not empty, found an empty one"
        raise ValueError(message)
    return hashlib.sha256(b"counterfoil/call/v1\n" + key.encode()).digest()


@dataclass(frozen=True, slots=True)
class Done:
    """What a call did.

    Attributes:
        id: The transaction's id, 32 bytes.
        index: Its entry in the log; None for a dry run.
        time: When it was applied, ms; for a dry run the ledger's time.
        operations: What was applied: of a repeated call what the first one applied.
        effects: What the operations did that they do not tell; none for a dry run.
        repeated: Whether an earlier call with the same key did it, so that this one changed nothing.
        dry_run: Whether it was only tried.
    """

    id: bytes
    index: int | None
    time: int
    operations: tuple[Operation, ...]
    effects: tuple[Effect, ...]
    repeated: bool = False
    dry_run: bool = False


class Desk:
    """Where an account acts.

    Attributes:
        ledger: The ledger.
        account: Whose authority the calls use, an account id of 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.ops import Transfer
    >>> brand, ann = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/beans", operator=brand) as ledger:
    ...         bean = ledger.create_asset(brand, "BEAN")
    ...         _ = ledger.mint(brand, bean, to=brand.account, amount=500)
    ...         desk = Desk(ledger, brand)
    ...         gift = Transfer(asset=bean, sender=brand.account, to=ann.account, amount=20)
    ...         first, again = desk.do([gift], key="welcome"), desk.do([gift], key="welcome")
    ...         print(first.repeated, again.repeated, first.id == again.id, ledger.balance(bean, ann.account))
    False True True 20
    """

    def __init__(self, ledger: Ledger, *signers: Key | Signer) -> None:
        """Sit down at the desk of an account.

        Args:
            ledger: The ledger.
            signers: The keys that sign for the account: one, or as many as its threshold asks for.

        Raises:
            TypeError: Nobody signs, or something that is no key.
            ValueError: The keys are of several accounts.
        """
        accounts = {_signer(signer).account for signer in signers}
        if len(accounts) != 1:
            message = f"signers: expected keys of one account, found those of {len(accounts)}"
            raise ValueError(message)
        self.ledger = ledger
        self.signers = signers
        self.account: bytes = accounts.pop()

    def now(self, time: int | None = None) -> int:
        """The time at which a call would be applied, ms: the one given, else the clock's, never before the ledger's."""
        return now_ms(self.ledger, time)

    def salt(self, key: str | None = None) -> bytes:
        """16 bytes for the id of something new: random, or made from the key of the call, the same in a retry."""
        return secrets.token_bytes(16) if key is None else self.secret("salt", key)[:16]

    def secret(self, purpose: str, text: str) -> bytes:
        """32 bytes that nobody can guess from the text: HMAC-SHA256 with the seed of the first signer's key.

        So an order's number or a customer's name can be referred to on the ledger without being there. They change with
        the key: a programme whose keys rotate keeps what it has to find again in its own store.
        """
        seed = key_of(self.signers[0]).seed
        return hmac.digest(seed, f"counterfoil/{purpose}/v1\n{text}".encode(), "sha256")

    def opening(self, salt: bytes) -> Open:
        """What opens an account that has this desk's keys, all of which must sign for it: see `signers_on`."""
        grants = [KeyGrant(each.key.public) for each in signers_on(self.account, self.signers)]
        return Open(opener=self.account, salt=salt, threshold=len(grants), keys=grants)

    def do(
        self,
        operations: Sequence[Operation],
        *others: Key | Signer,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Apply operations together, all or none.

        Args:
            operations: What to do.
            others: Who signs beside this desk's account: members, say, whose units are used.
            key: Makes it happen once for ever. Another call with the same key changes nothing and returns what the
                first one did.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: It was refused.
            KeyReusedError: The key was used for something else.
        """
        wanted = tuple(operations)
        made = wanted if key is None else (Once(account=self.account, key=call_key(key)), *wanted)
        try:
            outcome = self.ledger.execute(made, *self.signers, *others, time=time, dry_run=dry_run)
        except RejectedError as error:
            if key is None or error.status != Status.already_used or error.operation != 0:
                raise
            return self._repeat(key, wanted)
        if dry_run:
            return Done(outcome.id, None, self.ledger.time, wanted, (), dry_run=True)
        return self._done(outcome.index or 0, key)

    def was_used(self, key: str | None) -> bool:
        """Whether a call of this account was made with this key; never of None."""
        return key is not None and self.ledger.once(self.account, call_key(key)) is not None

    def first(self, key: str | None) -> Done | None:
        """What the first call of this account with this key did; None where there was none, and of None."""
        once = None if key is None else self.ledger.once(self.account, call_key(key))
        index = None if once is None else self.ledger.index_of(once.transaction)
        return None if index is None else self._done(index, key, repeated=True)

    def _repeat(self, key: str, wanted: tuple[Operation, ...]) -> Done:
        """What the first call with this key did, which must be what is wanted now."""
        done = self.first(key)
        if done is None:
            message = f"key {key!r} was used by a transaction that is not in the log"
            raise KeyReusedError(message)
        if _fixed_parts(done.operations) != _fixed_parts(wanted):
            message = f"key {key!r} was used for {_names(done.operations)} of other accounts or amounts"
            raise KeyReusedError(message)
        return done

    def _done(self, index: int, key: str | None, *, repeated: bool = False) -> Done:
        entry = cast("Applied", decode_entry(self.ledger.entry(index)))
        transaction = entry.signed.transaction
        skipped = 0 if key is None else 1
        return Done(
            entry.signed.id,
            index,
            entry.time,
            tuple(transaction.operations[skipped:]),
            tuple(entry.effects[skipped:]),
            repeated=repeated,
        )


def _signer(signer: object) -> Key | Signer:
    if not isinstance(signer, (Key, Signer)):
        message = f"signers: expected a Key, or a key on an account, found {type(signer).__name__}"
        raise TypeError(message)
    return signer


def _fixed_parts(value: object) -> object:
    """What two calls with one key must have in common: all but what depends on time or chance."""
    if is_dataclass(value):
        parts = {each.name: _fixed_parts(getattr(value, each.name)) for each in fields(value)}
        return type(value), {name: part for name, part in parts.items() if name not in _VOLATILE}
    if isinstance(value, (list, tuple)):
        return [_fixed_parts(each) for each in value]
    return value


def _names(operations: tuple[Operation, ...]) -> str:
    return ", ".join(operation.wire_name for operation in operations) or "nothing"
