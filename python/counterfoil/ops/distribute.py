"""Snapshots of balances, and distributions to those who had them. Family 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation
from counterfoil.verify import (
    Basis,
    GroupBasis,
    LeavesBasis,
    MembersBasis,
    Part,
    SnapshotBasis,
    distribution_id,
    snapshot_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Basis",
    "CloseDistribution",
    "Collect",
    "Distribute",
    "GroupBasis",
    "LeavesBasis",
    "MembersBasis",
    "Part",
    "ReleaseSnapshot",
    "Snapshot",
    "SnapshotBasis",
    "distribution_id",
    "snapshot_id",
]


@operation("snapshot")
@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Operation):
    """Fix the balances of an asset as they stand. Its issuer may; it costs the same however many hold the asset.

    Attributes:
        asset: The asset's id, 32 bytes.
        until: It is live before this time, ms, at most 36,525 days ahead.

    Statuses: unknown_asset, not_fungible, asset_sunset, invalid_until, too_many_snapshots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Snapshot(asset=bytes(32), until=2_000_000_000_000).until
    2000000000000
    """

    asset: bytes
    until: int


@operation("release_snapshot")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSnapshot(Operation):
    """Take a snapshot that is over off its asset's list. Anybody may; opening another one does it as well.

    Attributes:
        asset: The asset's id, 32 bytes.
        number: The snapshot's number.

    Statuses: unknown_asset, unknown_snapshot, snapshot_needed.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> ReleaseSnapshot(asset=bytes(32), number=1).number
    1
    """

    asset: bytes
    number: int


@operation("distribute")
@dataclass(frozen=True, slots=True, kw_only=True)
class Distribute(Operation):
    """Give an amount to many, each of whom is paid its part by `Collect`. Its id is `distribution_id(fund, salt)`.

    Attributes:
        fund: Who pays and signs, an account id of 32 bytes.
        salt: 16 bytes.
        asset: What it pays, an asset id of 32 bytes.
        amount: Minor units, 1 to 10^38 - 1; None is all that the fund has.
        basis: Who has a part, and how much: `SnapshotBasis`, `MembersBasis`, `LeavesBasis` or `GroupBasis`.
        deadline: From when on it pays no more, ms.
        leftover: Who gets what is left then, an account id of 32 bytes.
        reference: A salted hash of what it is for, 32 bytes.

    Statuses: zero_amount, amount_too_large, invalid_basis, no_deadline, unknown_asset, not_fungible, asset_paused,
    asset_sunset, deadline_passed, deadline_too_far, unknown_snapshot, snapshot_too_short, unknown_schema,
    invalid_electorate, unknown_group, group_open, nothing_to_share, distribution_exists, account_frozen,
    programme_account, asset_bound, insufficient_funds, leaves_exceed_funds.

    Raises:
        TypeError: A field is of another type: amounts are integers, never floats.
        WireError: An integer is out of range, or bytes are of another length.

    >>> club, euro, share = b"c" * 32, b"e" * 32, b"s" * 32
    >>> holders, end = SnapshotBasis(share, 1), 2_000_000_000_000
    >>> dividend = Distribute(fund=club, salt=bytes(16), asset=euro, basis=holders, deadline=end, leftover=club)
    >>> dividend.amount is None, distribution_id(club, bytes(16)).hex()[:16]
    (True, 'daa9e529f7bb79f8')
    """

    fund: bytes
    salt: bytes
    asset: bytes
    amount: int | None = None
    basis: Basis
    deadline: int
    leftover: bytes
    reference: bytes | None = None


@operation("collect")
@dataclass(frozen=True, slots=True, kw_only=True)
class Collect(Operation):
    """Have parts of a distribution paid: all of them, or none. Anybody may.

    Attributes:
        distribution: The distribution's id, 32 bytes.
        parts: Whose, each once.

    Statuses: no_part, invalid_part, unknown_distribution, asset_paused, distribution_ended; for each part in order
    wrong_proof, not_entitled, already_collected, nothing_due, account_frozen, asset_bound, unknown_attestation,
    attestation_revoked, attestation_expired, programme_account, insufficient_funds, max_holding_exceeded,
    too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Collect(distribution=b"d" * 32, parts=[Part(b"a" * 32), Part(b"b" * 32)]).parts[0].proof
    b''
    """

    distribution: bytes
    parts: Sequence[Part]


@operation("close_distribution")
@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDistribution(Operation):
    """Give what a distribution has left at its deadline to the account that was named for it. Anybody may.

    Attributes:
        distribution: The distribution's id, 32 bytes.

    Statuses: unknown_distribution, distribution_closed, distribution_open, asset_paused.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> len(CloseDistribution(distribution=b"d" * 32).distribution)
    32
    """

    distribution: bytes
