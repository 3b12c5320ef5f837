"""Holds: units that wait for a condition, and groups of them. Family 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation
from counterfoil.verify import (
    After,
    AllOf,
    AnyOf,
    Attested,
    ByPayer,
    Condition,
    GroupTotal,
    Not,
    Outcome,
    Preimage,
    Resolved,
    Schedule,
    Share,
    SignedBy,
    Terms,
    group_id,
    hold_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "After",
    "AllOf",
    "AnyOf",
    "Attested",
    "ByPayer",
    "Condition",
    "GroupTotal",
    "Hold",
    "Not",
    "OpenGroup",
    "Outcome",
    "Preimage",
    "Release",
    "Resolved",
    "Schedule",
    "Settle",
    "Share",
    "SignedBy",
    "Terms",
    "group_id",
    "hold_id",
]


@operation("open_group")
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGroup(Operation):
    """Open a group of holds that all have the same terms: a crowdfunding, say. Its id is `group_id(owner, salt)`.

    Attributes:
        owner: Who signs for it, an account id of 32 bytes.
        salt: 16 bytes.
        asset: What its holds have, an asset id of 32 bytes.
        closes: From when on it takes no more holds, ms; the deadline at the latest.
        terms: The terms of every hold in it.

    Statuses: no_deadline, invalid_condition, invalid_schedule, invalid_split, invalid_bearer, invalid_closing,
    unknown_asset, deadline_passed, deadline_too_far, group_closed, group_exists, programme_account.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> film, group = b"f" * 32, group_id(b"f" * 32, bytes(16))
    >>> goal = AllOf([After(2_000), GroupTotal(group, 50_000)])
    >>> terms = Terms(settle_if=goal, payees=[Share(film)], deadline=9_000)
    >>> OpenGroup(owner=film, salt=bytes(16), asset=bytes(32), closes=2_000, terms=terms).terms.outcome.name
    'RELEASE'
    """

    owner: bytes
    salt: bytes
    asset: bytes
    closes: int
    terms: Terms


@operation("hold")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Operation):
    """Put units aside until a condition sends them to the payees, or back. Its id is `hold_id(payer, salt)`.

    Attributes:
        payer: Whose units, an account id of 32 bytes.
        salt: 16 bytes.
        asset: The asset's id, 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.
        terms: Its own terms; None where `group` has them.
        group: The group that it belongs to; None where it has terms of its own.

    Statuses: zero_amount, amount_too_large, terms_or_group, no_deadline, invalid_condition, invalid_schedule,
    invalid_split, invalid_bearer, unknown_asset, asset_paused, unknown_group, wrong_asset, group_closed,
    deadline_passed, deadline_too_far, hold_exists, account_frozen, programme_account, asset_bound, insufficient_funds.

    Raises:
        TypeError: A field is of another type: amounts are integers, never floats.
        WireError: An integer is out of range, bytes are of another length, or conditions are nested over 4 deep.

    >>> shop = SignedBy(1, [b"s" * 32])
    >>> checkout = Terms(settle_if=shop, payees=[Share(b"s" * 32)], release_if=shop, deadline=1_800_000)
    >>> Hold(payer=b"a" * 32, salt=bytes(16), asset=bytes(32), amount=300, terms=checkout).terms.schedule is None
    True
    """

    payer: bytes
    salt: bytes
    asset: bytes
    amount: int
    terms: Terms | None = None
    group: bytes | None = None


@operation("settle")
@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Operation):
    """Pay held units to the payees. Anybody may, once the condition holds, or where the deadline says so.

    A payee who cannot be paid refuses it. From 30 days after the deadline nobody does: who is frozen is paid all the
    same, and what others cannot be paid goes to the payer.

    Attributes:
        hold: The hold's id, 32 bytes.
        amount: Minor units; None is as many as may be settled now.
        to: Who is paid, where the terms name nobody: an account id of 32 bytes.
        preimages: What the condition asks to be shown, 32 bytes each, at most 8.

    Statuses: zero_amount, amount_too_large, too_many_preimages, unknown_hold, asset_paused, hold_closed,
    condition_unmet, hold_expired, amount_exceeds_hold, not_vested, wrong_payee, account_frozen, asset_bound,
    unknown_attestation, attestation_revoked, attestation_expired, programme_account, max_holding_exceeded,
    too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Settle(hold=bytes(32), amount=20, to=b"b" * 32).preimages
    ()
    """

    hold: bytes
    amount: int | None = None
    to: bytes | None = None
    preimages: Sequence[bytes] = ()


@operation("release")
@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Operation):
    """Give held units back to the payer. Anybody may, once the terms allow it, or where the deadline says so.

    A frozen payer refuses it until 30 days after the deadline, and is then paid all the same.

    Attributes:
        hold: The hold's id, 32 bytes.
        amount: Minor units; None is as many as may be released now.
        preimages: What the condition asks to be shown, 32 bytes each, at most 8.

    Statuses: zero_amount, amount_too_large, too_many_preimages, unknown_hold, asset_paused, hold_closed,
    hold_pending, hold_expired, amount_exceeds_hold, account_frozen, too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Release(hold=bytes(32)).amount is None
    True
    """

    hold: bytes
    amount: int | None = None
    preimages: Sequence[bytes] = ()
