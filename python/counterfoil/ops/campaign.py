"""Campaigns: funded accounts that pay out against slips. Family 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation
from counterfoil.verify import (
    CampaignTerms,
    Cap,
    Role,
    RoleSignature,
    SignedSlip,
    Slip,
    campaign_id,
    pending_hold_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.keys import Key

__all__ = [
    "CampaignTerms",
    "Cap",
    "Claim",
    "CloseCampaign",
    "FundCampaign",
    "OpenCampaign",
    "Role",
    "RoleSignature",
    "SignedSlip",
    "Slip",
    "campaign_id",
    "pending_hold_id",
    "sign_slip",
]


@operation("open_campaign")
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCampaign(Operation):
    """Open a campaign and fund it. Its id, and its account, is `campaign_id(owner, salt)`.

    Attributes:
        owner: Who pays and signs, an account id of 32 bytes.
        salt: 16 bytes.
        asset: What it pays, an asset id of 32 bytes.
        amount: What it begins with, minor units, 1 to 10^38 - 1.
        terms: What it pays for.

    Statuses: zero_amount, amount_too_large, invalid_roles, invalid_cap, invalid_period, no_deadline, unknown_asset,
    asset_paused, deadline_passed, deadline_too_far, campaign_exists, account_frozen, insufficient_funds.

    Raises:
        TypeError: A field is of another type: amounts are integers, never floats.
        WireError: An integer is out of range, or bytes are of another length.

    >>> brand, viewer, creator = b"b" * 32, Role(bps=7_000, signs=True), Role(bps=3_000, signs=True)
    >>> terms = CampaignTerms(roles=[viewer, creator], claim_max=5, ends=2_000_000_000_000)
    >>> OpenCampaign(owner=brand, salt=bytes(16), asset=bytes(32), amount=10_000, terms=terms).terms.pending_ms
    0
    """

    owner: bytes
    salt: bytes
    asset: bytes
    amount: int
    terms: CampaignTerms


@operation("fund_campaign")
@dataclass(frozen=True, slots=True, kw_only=True)
class FundCampaign(Operation):
    """Give a campaign more to pay with. Anybody may, with units of their own.

    Attributes:
        campaign: The campaign's id, 32 bytes.
        asset: What it pays, an asset id of 32 bytes.
        sender: Whose units, an account id of 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.

    Statuses: zero_amount, amount_too_large, unknown_asset, asset_paused, unknown_campaign, wrong_asset,
    campaign_ended, account_frozen, programme_account, insufficient_funds, too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> FundCampaign(campaign=b"c" * 32, asset=bytes(32), sender=b"b" * 32, amount=500).amount
    500
    """

    campaign: bytes
    asset: bytes
    sender: bytes
    amount: int


@operation("claim")
@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Operation):
    """Have slips paid: all of them, or none. Anybody may.

    Attributes:
        campaign: The campaign's id, 32 bytes.
        slips: Some 300 with one signature each fit into a transaction, 700 where who must sign signs that.

    Statuses: no_slip, zero_amount, amount_too_large, bad_signature, unknown_campaign, asset_paused, campaign_ended;
    for each slip in order wrong_parties, slip_expired, slip_claimed, wrong_signer, slip_unsigned, claim_too_large,
    unknown_attestation, attestation_revoked, attestation_expired, below_floor, member_cap_spent, total_cap_spent,
    account_frozen, asset_bound, programme_account, budget_spent, hold_exists, too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> slip = Slip(nonce=bytes(16), valid_until=2_000_000_000_000, amount=120, parties=[b"a" * 32])
    >>> Claim(campaign=b"c" * 32, slips=[SignedSlip(slip)]).slips[0].signatures
    ()
    """

    campaign: bytes
    slips: Sequence[SignedSlip]


@operation("close_campaign")
@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCampaign(Operation):
    """End a campaign, once the notice of its terms is over; or give its owner what one that has ended has left.

    The owner may end it before its time. Once it has ended anybody may close it, and again if something came back.

    Attributes:
        campaign: The campaign's id, 32 bytes.

    Statuses: unknown_campaign, campaign_ending, asset_paused, account_frozen, campaign_closed, too_many_lots.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> len(CloseCampaign(campaign=b"c" * 32).campaign)
    32
    """

    campaign: bytes


def sign_slip(slip: Slip, key: Key, *, role: int, ledger: bytes, campaign: bytes) -> RoleSignature:
    """Sign a slip.

    Args:
        slip: What somebody has earned.
        key: Of who signs.
        role: The position of the signer's role in the campaign's terms.
        ledger: The ledger's id, 32 bytes.
        campaign: The campaign's id, 32 bytes.

    >>> from counterfoil import Key
    >>> slip = Slip(nonce=bytes(16), valid_until=2_000_000_000_000, amount=120, parties=[b"a" * 32])
    >>> signature = sign_slip(slip, Key.generate(), role=0, ledger=bytes(32), campaign=bytes(32))
    >>> SignedSlip(slip, [signature]).signatures[0].role
    0
    """
    return RoleSignature(role, key.public, key.sign(slip.message(ledger, campaign)))
