"""A cooperative's surplus: what each member bought of it in a time, and the part of the surplus that follows from that.

Both are computed from the log, in integers, so that every member gets the same to the last unit.
"""

from __future__ import annotations

import calendar
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil._checks import identifier, integer
from counterfoil._log import paid
from counterfoil.distributions import check_list, was_member
from counterfoil.governance.matching import AMOUNT_MAX, largest_remainder
from counterfoil.leaves import Leaves, build

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.ledger import Ledger
    from counterfoil.ops import Requirement
    from counterfoil.verify import DistributionRecord

_BPS_ALL = 10_000
_HEADER = b"counterfoil/surplus/v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """What of a surplus each member gets.

    Attributes:
        amount: The surplus, in minor units.
        bps: How many of 10,000 parts of it are shared out.
        shared: How much that is, in minor units: the amount times `bps` by 10,000, rounded down.
        parts: What each member gets, in minor units, ascending by account; `shared` in all.
        inputs: The hash of the amount, `bps` and the weights, 32 bytes: what a distribution cites.
    """

    amount: int
    bps: int
    shared: int
    parts: Mapping[bytes, int]
    inputs: bytes

    def leaves(self) -> Leaves:
        """The list that a distribution pays by: those who get 1 or more."""
        return build({account: part for account, part in self.parts.items() if part})

    def check(self, record: DistributionRecord) -> None:
        """Check that a distribution pays exactly this.

        Args:
            record: The distribution's record, read or proven.

        Raises:
            ProofError: It does not; `reason` says why, as of `check_list`.
        """
        check_list(record, self.leaves(), self.inputs)


def patronage(
    ledger: Ledger,
    asset: bytes,
    to: bytes,
    *,
    year: int | None = None,
    since: int | None = None,
    until: int | None = None,
    members: Requirement | None = None,
) -> dict[bytes, int]:
    """What each account has paid a cooperative in a time, less what it got back: by `transfer` and `pay`, in the log.

    What is paid out of holds and by claims is not counted, nor what was paid in other assets. What the cooperative
    pays the same account in the same time, for whatever reason, is taken off: it sells and refunds by an account that
    pays nothing else.

    Args:
        ledger: The ledger.
        asset: In which asset, an id of 32 bytes.
        to: The cooperative's account, or that of its till, 32 bytes.
        year: In which year, UTC.
        since: Instead of a year, from when on, ms,
        until: and before which time, ms: one that is over at the ledger's time.
        members: Only who was attested so at the end of that time.

    Returns:
        Minor units by account, ascending: the weights for `surplus`.

    Raises:
        ValueError: Not exactly a year, or a beginning and an end; a time that is not over; or the ledger was opened
            with `index=False`.
    """
    if (year is None) == (since is None or until is None) or (since is None) != (until is None):
        message = f"time: expected a year, or since and until, found {year}, {since} and {until}"
        raise ValueError(message)
    start, end = (_year(year), _year(year + 1)) if year is not None else (since or 0, until or 0)
    found = paid(ledger, asset, to, since=start, until=end)
    if members is None:
        return found
    return {account: amount for account, amount in found.items() if was_member(ledger, members, account, end)}


def surplus(amount: int, bps: int, weights: Mapping[bytes, int]) -> Surplus:
    """Share a part of a surplus out by weight.

    Each part is rounded down, and the units that this leaves over go one each to those where most was rounded off, of
    equals to the first by account.

    Args:
        amount: The surplus, in minor units.
        bps: How many of 10,000 parts of it are shared out.
        weights: What each member counts, 1 or more: its patronage, say.

    Raises:
        TypeError: A number that is no int, or an account that is not bytes.
        ValueError: No weights, a number out of range, an account that is not 32 bytes, or nothing to share.

    >>> ann, bob, eve = b"a" * 32, b"b" * 32, b"e" * 32
    >>> found = surplus(1_000, 3_000, {ann: 50, bob: 25, eve: 25})
    >>> found.shared, list(found.parts.values())
    (300, [150, 75, 75])
    >>> list(surplus(1_001, 1_000, {ann: 1, bob: 1, eve: 1}).parts.values())
    [34, 33, 33]
    >>> found.leaves().total
    300
    """
    integer(amount, "amount", least=1, most=AMOUNT_MAX)
    integer(bps, "bps", least=1, most=_BPS_ALL)
    taken = {
        identifier(account, "account"): integer(weight, "weight", least=1, most=AMOUNT_MAX)
        for account, weight in weights.items()
    }
    if not taken:
        message = "weights: expected one or more, found none"
        raise ValueError(message)
    taken = dict(sorted(taken.items()))
    shared = integer(amount * bps // _BPS_ALL, "what is shared", least=1, most=AMOUNT_MAX)
    hashed = hashlib.sha256(_HEADER + amount.to_bytes(16, "big") + bps.to_bytes(2, "big"))
    for account, weight in taken.items():
        hashed.update(account + weight.to_bytes(16, "big"))
    parts = largest_remainder(taken, shared, sum(taken.values()))
    return Surplus(amount=amount, bps=bps, shared=shared, parts=parts, inputs=hashed.digest())


def _year(year: int) -> int:
    """When a year begins, ms."""
    integer(year, "year", least=1970, most=9_999)
    return calendar.timegm((year, 1, 1, 0, 0, 0)) * 1_000
