"""Campaigns: a budget of a programme, caps, and slips that are claimed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.ops import (
    Claim,
    CloseCampaign,
    FundCampaign,
    Mint,
    OpenCampaign,
    Operation,
    SignedSlip,
    Slip,
    campaign_id,
    pending_hold_id,
)

if TYPE_CHECKING:
    from counterfoil.brands.member import Account
    from counterfoil.brands.programme import Programme
    from counterfoil.desk import Amount, Done
    from counterfoil.ops import CampaignTerms

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


class Budget:
    """What a programme puts aside to be claimed: a campaign, its account, and what it has left.

    Attributes:
        programme: The programme.
        id: The campaign's id, and its account's, 32 bytes.
    """

    def __init__(self, programme: Programme, identifier: bytes) -> None:
        """Take a campaign up again."""
        self.programme = programme
        self.id = identifier

    def fund(self, amount: Amount, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """Add new points to the budget: `mint` to the brand, and `fund_campaign`.

        Raises:
            RejectedError: campaign_ended, supply_cap_exceeded, …
        """
        programme = self.programme
        brand, units = programme.desk.account, programme.units(amount)
        operations: list[Operation] = [
            Mint(asset=programme.asset, to=brand, amount=units),
            FundCampaign(campaign=self.id, asset=programme.asset, sender=brand, amount=units),
        ]
        return programme.desk.do(operations, key=key, dry_run=dry_run, time=time)

    def close(self, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """End the campaign after its notice, or take back what one that has ended has left: `close_campaign`.

        Raises:
            RejectedError: campaign_ending (it was said before), campaign_closed, …
        """
        return self.programme.desk.do([CloseCampaign(campaign=self.id)], key=key, dry_run=dry_run, time=time)

    @property
    def budget(self) -> int:
        """What it has left, minor units."""
        return self.programme.desk.ledger.balance(self.programme.asset, self.id)

    def _claim(self, slip: Slip, *, key: str | None, dry_run: bool, time: int | None) -> Done:
        """Have a slip paid: `claim`, which the brand signs, and with it the slip."""
        operation = Claim(campaign=self.id, slips=[SignedSlip(slip)])
        return self.programme.desk.do([operation], key=key, dry_run=dry_run, time=time)


class Campaign(Budget):
    """A campaign of a programme: a budget, caps, and slips that are claimed once.

    Attributes:
        programme: The programme.
        id: The campaign's id, and its account's, 32 bytes.
    """

    def earn(
        self,
        member: Account,
        amount: Amount,
        *,
        order: str,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Earning:
        """Pay a member out of the campaign, once for each order: `claim` of a slip that the brand signs.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            amount: How many points.
            order: What is paid once: an order's number. A secret hash of it goes on the ledger.
            key: Makes it happen once; without, a second call for the order is refused.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: slip_claimed (the order was paid), member_cap_spent, budget_spent, claim_too_large,
                campaign_ended, unknown_attestation (the member has not what the campaign requires), …
        """
        programme = self.programme
        account, units = programme.account(member), programme.units(amount)
        nonce = programme.order(order)[:16]
        slip = slip_of(nonce, units, [account], made=programme.desk.now(time))
        done = self._claim(slip, key=key, dry_run=dry_run, time=time)
        record = programme.desk.ledger.campaign(self.id)
        pending = 0 if record is None else record.terms.pending_ms
        if not pending:
            return Earning(done, account, units)
        hold = pending_hold_id(self.id, account, nonce, done.id)
        return Earning(done, account, units, hold, done.time + pending)


def open_budget(
    programme: Programme, units: int, terms: CampaignTerms, *, key: str | None, dry_run: bool, time: int | None
) -> bytes:
    """Open a campaign: `mint` of its budget to the brand, and `open_campaign`.

    Returns:
        The campaign's id, 32 bytes.
    """
    brand = programme.desk.account
    operations: list[Operation] = [
        Mint(asset=programme.asset, to=brand, amount=units),
        OpenCampaign(owner=brand, salt=programme.desk.salt(key), asset=programme.asset, amount=units, terms=terms),
    ]
    done = programme.desk.do(operations, key=key, dry_run=dry_run, time=time)
    opened = next(each for each in done.operations if isinstance(each, OpenCampaign))
    return campaign_id(opened.owner, opened.salt)


def slip_of(nonce: bytes, amount: int, parties: list[bytes], *, made: int, reference: bytes | None = None) -> Slip:
    """A slip that is claimed at once, made at a time (ms)."""
    return Slip(nonce=nonce, valid_until=made + _SLIP_VALID_MS, amount=amount, parties=parties, reference=reference)
