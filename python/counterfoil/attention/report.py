"""Reports that need no trust: what a campaign has paid and has left, proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.exceptions import ProofError

if TYPE_CHECKING:
    from counterfoil.verify import CampaignRecord, Verifier


@dataclass(frozen=True, slots=True)
class ReportClaim:
    """What a report has proven.

    Attributes:
        claims: How many receipts were paid.
        left: What the budget has left, minor units.
        record: The campaign's record: its owner, split, caps and end.
        time: At which time, ms.
        state_root: At which root of the state, 32 bytes.
    """

    claims: int
    left: int
    record: CampaignRecord
    time: int
    state_root: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """Two statements about a campaign at one root.

    Attributes:
        campaign: The statement of its record.
        balance: The statement of what it has left.
    """

    campaign: bytes
    balance: bytes

    def verify(self, verifier: Verifier, campaign: bytes) -> ReportClaim:
        """Check it, without the ledger.

        Args:
            verifier: Made with the ledger's verifier key, from a source that is trusted.
            campaign: The campaign that it must be about, 32 bytes.

        Raises:
            ProofError: It does not prove it.
        """
        record = verifier.record(self.campaign, table="campaigns", record_id=campaign)
        if not record.present:
            message = f"report: expected a campaign, found none with the id {campaign.hex()}"
            raise ProofError(message, "wrong_question")
        balance = verifier.balance(self.balance, asset=record.value.asset, account=campaign)
        if balance.state_root != record.state_root:
            message = "report: expected two statements at one root, found two roots"
            raise ProofError(message, "wrong_root")
        return ReportClaim(record.value.claims, balance.amount, record.value, record.time, record.state_root)
