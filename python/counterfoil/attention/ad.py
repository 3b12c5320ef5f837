"""An advertiser's budget, and receipts that are claimed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil._batches import in_batches
from counterfoil.attention.receipt import AdReceipt
from counterfoil.attention.report import Report
from counterfoil.desk import Desk, Done, asset_record, minor_units, span_ms
from counterfoil.exceptions import WireError
from counterfoil.ops import (
    CampaignTerms,
    Cap,
    Claim,
    CloseCampaign,
    OpenCampaign,
    Role,
    SignedSlip,
    Slip,
    campaign_id,
)
from counterfoil.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.desk import Amount, Span
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.verify import CampaignRecord


@dataclass(frozen=True, slots=True)
class Claimed:
    """What became of one receipt.

    Attributes:
        status: `ok`, or why it was refused.
        done: The transaction that paid it; None where it was refused.
    """

    status: Status
    done: Done | None

    @property
    def ok(self) -> bool:
        """Whether it was paid."""
        return self.done is not None


class Ad:
    """A campaign that pays viewers, creators and a platform for attention.

    Attributes:
        desk: Where somebody acts: the brand, or anybody who hands in receipts.
        id: The campaign's id, and its account's, 32 bytes.
        asset: What it pays, an asset id of 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> brand, site, viewer, creator = (Key.generate() for _ in range(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/ads", origin="ads.example", operator=site, time=1_000) as ledger:
    ...         usdc = ledger.create_asset(brand, "USDC", decimals=6, time=1_000)
    ...         _ = ledger.mint(brand, usdc, to=brand.account, amount=1_000, time=1_000)
    ...         ad = Ad.open(ledger, brand, asset=usdc, budget=1_000, platform=site.account, claim_max=100,
    ...                      per_viewer=200, ends=9_000, time=1_000)
    ...         seen = ad.receipt(viewer.account, creator.account, 100, floor=70, time=1_000)
    ...         [paid] = ad.claim_batch([seen.sign(viewer).sign(creator)], time=2_000)
    ...         print(paid.status.name, ledger.balance(usdc, viewer.account))
    ok 70
    """

    def __init__(self, ledger: Ledger, *signers: Key | Signer, identifier: bytes) -> None:
        """Take a campaign up again.

        Raises:
            LookupError: There is no such campaign.
        """
        self.desk = Desk(ledger, *signers)
        self.id = identifier
        self.asset = self.record.asset

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        *brand: Key | Signer,
        asset: bytes,
        budget: Amount,
        platform: bytes,
        claim_max: Amount,
        per_viewer: Amount,
        ends: int,
        window: Span = "1d",
        viewer_bps: int = 7_000,
        creator_bps: int = 2_000,
        platform_bps: int = 1_000,
        notice: Span = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Ad:
        """Open a campaign out of the brand's own units: `open_campaign`.

        Args:
            ledger: The ledger.
            brand: The keys that sign for the brand.
            asset: What it pays, an asset id of 32 bytes.
            budget: What it begins with.
            platform: The platform's account, 32 bytes.
            claim_max: The most for one receipt, all shares together.
            per_viewer: The most for the receipts of one viewer in each window, all shares together.
            ends: From when on it pays nothing more, ms.
            window: The length of a window.
            viewer_bps: How many of 10,000 parts are the viewer's.
            creator_bps: How many are the creator's.
            platform_bps: How many are the platform's.
            notice: How long before an early end the brand must say so.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such asset.
            RejectedError: insufficient_funds, invalid_roles (the parts are not 10,000 in all), deadline_passed, …
        """
        desk, decimals = Desk(ledger, *brand), asset_record(ledger, asset).decimals
        terms = CampaignTerms(
            roles=[Role(bps=viewer_bps, signs=True), Role(bps=creator_bps, signs=True), Role(platform, platform_bps)],
            claim_max=minor_units(claim_max, decimals),
            member_cap=Cap(units=minor_units(per_viewer, decimals), window_ms=span_ms(window)),
            ends=ends,
            notice_ms=span_ms(notice),
        )
        units = minor_units(budget, decimals)
        opening = OpenCampaign(owner=desk.account, salt=desk.salt(key), asset=asset, amount=units, terms=terms)
        done = desk.do([opening], key=key, dry_run=dry_run, time=time)
        opened = next(each for each in done.operations if isinstance(each, OpenCampaign))
        made = object.__new__(cls)
        made.desk, made.id, made.asset = desk, campaign_id(opened.owner, opened.salt), opened.asset
        return made

    def receipt(
        self,
        viewer: bytes,
        creator: bytes,
        amount: Amount,
        *,
        floor: Amount | None = None,
        view: str | None = None,
        valid_for: Span = "7d",
        time: int | None = None,
    ) -> AdReceipt:
        """A receipt for viewer and creator to sign; nothing happens on the ledger.

        Args:
            viewer: The viewer's account, 32 bytes.
            creator: The creator's account, 32 bytes.
            amount: What is paid for it, all shares together.
            floor: What the viewer wants at least; the ledger refuses to pay less.
            view: What makes it the same receipt when it is made again: paid once for each viewer. Random if None.
            valid_for: How long it can be claimed.
            time: When, ms; now if None.
        """
        ledger = self.desk.ledger
        decimals = asset_record(ledger, self.asset).decimals
        slip = Slip(
            nonce=self.desk.salt(view),
            valid_until=self.desk.now(time) + span_ms(valid_for),
            amount=minor_units(amount, decimals),
            parties=[viewer, creator],
            floor=None if floor is None else minor_units(floor, decimals),
        )
        return AdReceipt(ledger.id, self.id, SignedSlip(slip))

    def claim_batch(
        self, receipts: Sequence[AdReceipt | bytes], *, dry_run: bool = False, time: int | None = None
    ) -> list[Claimed]:
        """Have receipts paid, in as few transactions as fit: `claim` of each. Anybody may.

        A bad receipt holds up no other. Handing the same ones in again is safe: they are `slip_claimed`.

        Returns:
            What became of each, in order: `slip_claimed`, `slip_unsigned`, `bad_signature` (also that of
            another campaign's receipt), `below_floor`, `member_cap_spent`, `budget_spent`, `malformed` (no receipt), …
        """
        results: dict[int, Claimed] = {}
        claims: list[Claim] = []
        places: list[int] = []
        for place, receipt in enumerate(receipts):
            signed = _signed(receipt)
            if signed is None:
                results[place] = Claimed(Status.malformed, None)
            else:
                places.append(place)
                claims.append(Claim(campaign=self.id, slips=[signed]))
        for batch in in_batches(self.desk, claims, dry_run=dry_run, time=time):
            results |= {places[position]: Claimed(Status.ok, batch.done) for position in batch.applied}
            results |= {places[position]: Claimed(status, None) for position, status in batch.refused}
        return [results[place] for place in range(len(receipts))]

    def close(self, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """End it after its notice, or take back what one that has ended has left: `close_campaign`.

        Raises:
            RejectedError: campaign_ending (its notice is running), campaign_closed, unauthorized, …
        """
        return self.desk.do([CloseCampaign(campaign=self.id)], key=key, dry_run=dry_run, time=time)

    def report(self, *, time: int | None = None) -> Report:
        """What it has paid and has left, with the proof, after a new checkpoint.

        Raises:
            OperatorKeyError: The ledger was opened without its operator's key.
        """
        ledger = self.desk.ledger
        ledger.checkpoint(time=time)
        return Report(bytes(ledger.prove("campaigns", self.id)), bytes(ledger.prove_balance(self.asset, self.id)))

    @property
    def budget(self) -> int:
        """What it has left, minor units."""
        return self.desk.ledger.balance(self.asset, self.id)

    @property
    def record(self) -> CampaignRecord:
        """Its record on the ledger."""
        record = self.desk.ledger.campaign(self.id)
        if record is None:
            message = f"ad: expected a campaign of this ledger, found {self.id.hex()}"
            raise LookupError(message)
        return record


def _signed(receipt: AdReceipt | bytes) -> SignedSlip | None:
    """The slip of a receipt; None where the bytes are no receipt."""
    if isinstance(receipt, AdReceipt):
        return receipt.signed
    try:
        return AdReceipt.from_bytes(receipt).signed
    except WireError:
        return None
