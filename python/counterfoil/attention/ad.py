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
    Attest,
    CampaignTerms,
    Cap,
    Claim,
    CloseCampaign,
    Integer,
    IntegerRange,
    OpenCampaign,
    Release,
    Role,
    Schema,
    Settle,
    SignedSlip,
    Slip,
    campaign_id,
    schema_id,
)
from counterfoil.status import Status
from counterfoil.verify import pending_hold_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.desk import Amount, Span
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.verify import CampaignRecord

_DISPUTE = "ad-dispute"
"""The name of the schema by which a brand says why it disputes what a receipt was paid."""

_REASON_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Claimed:
    """What became of one receipt.

    Attributes:
        status: `ok`, or why it was refused.
        done: The transaction that paid it; None where it was refused.
        hold: The hold where it waits, 32 bytes; None where it was refused, only tried, or paid at once.
    """

    status: Status
    done: Done | None
    hold: bytes | None = None

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
        pending: Span = 0,
        notice: Span = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Ad:
        """Open a campaign out of the brand's own units: `open_campaign`; with `pending` also `schema`, the first time.

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
            pending: How long what a receipt pays waits in a hold, and can be disputed.
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
            pending_ms=span_ms(pending),
            notice_ms=span_ms(notice),
        )
        units = minor_units(budget, decimals)
        opening = OpenCampaign(owner=desk.account, salt=desk.salt(key), asset=asset, amount=units, terms=terms)
        done = desk.do([opening], key=key, dry_run=dry_run, time=time)
        # After what may be refused, so that then nothing is left of it.
        if terms.pending_ms and not dry_run and ledger.schema(schema_id(desk.account, _DISPUTE)) is None:
            reasons = IntegerRange(0, _REASON_MAX)
            desk.do([Schema(creator=desk.account, name=_DISPUTE, content=reasons, issuers=[desk.account])], time=time)
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
        terms = self.record.terms
        for place, receipt in enumerate(receipts):
            signed = _signed(receipt)
            if signed is None:
                results[place] = Claimed(Status.malformed, None)
            else:
                places.append(place)
                claims.append(Claim(campaign=self.id, slips=[signed]))
        for batch in in_batches(self.desk, claims, dry_run=dry_run, time=time):
            for position in batch.applied:
                hold = self._hold_of(terms, claims[position].slips[0].slip, batch.done)
                results[places[position]] = Claimed(Status.ok, batch.done, hold)
            results |= {places[position]: Claimed(status, None) for position, status in batch.refused}
        return [results[place] for place in range(len(receipts))]

    def dispute(
        self, hold: bytes, reason: int, *, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Say why a receipt should not be paid: `attest` of the reason, by the brand, of its hold.

        The units stay in the hold until it is due. So long viewer and creator may object; without `take_back` they are
        paid then, disputed or not.

        Args:
            hold: `Claimed.hold`, 32 bytes.
            reason: The brand's own number, 0 to 65,535.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: No hold of this campaign.
            RejectedError: attestation_exists (disputed before), unauthorized (not the brand), wrong_content, …
        """
        self._check_hold(hold)
        owner = self.record.owner
        said = Attest(schema=self.disputes, issuer=owner, subject=hold, content=Integer(reason))
        return self.desk.do([said], key=key, dry_run=dry_run, time=time)

    def disputed(self, hold: bytes) -> int | None:
        """The reason for which a hold is disputed; None where it is not."""
        ledger = self.desk.ledger
        record = ledger.attestation(self.disputes, self.record.owner, hold)
        if record is None or not record.is_live(ledger.time) or not isinstance(record.content, Integer):
            return None
        return record.content.value

    def take_back(self, hold: bytes, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """Take what a disputed receipt would be paid back into the budget, before it is due: `release`.

        Args:
            hold: `Claimed.hold`, 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: No hold of this campaign, or no reason was given: `dispute` comes first.
            RejectedError: hold_pending (not the brand), hold_expired (it is due), hold_closed, …
        """
        self._check_hold(hold)
        if self.disputed(hold) is None:
            message = f"hold: expected a disputed one, whose viewer was told why, found {hold.hex()}"
            raise LookupError(message)
        return self.desk.do([Release(hold=hold)], key=key, dry_run=dry_run, time=time)

    def settle(self, hold: bytes, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """Pay what has waited, once it is due: `settle`. Anybody may.

        Raises:
            LookupError: No hold of this campaign.
            RejectedError: condition_unmet (not due yet), hold_closed, …
        """
        self._check_hold(hold)
        return self.desk.do([Settle(hold=hold)], key=key, dry_run=dry_run, time=time)

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
    def disputes(self) -> bytes:
        """The schema by which the brand disputes, 32 bytes."""
        return schema_id(self.record.owner, _DISPUTE)

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

    def _hold_of(self, terms: CampaignTerms, slip: Slip, done: Done | None) -> bytes | None:
        """Where a receipt's units wait, if they do."""
        if done is None or done.dry_run or not terms.pending_ms:
            return None
        viewer = terms.roles[0].account or slip.parties[0]
        return pending_hold_id(self.id, viewer, slip.nonce, done.id)

    def _check_hold(self, hold: bytes) -> None:
        record = self.desk.ledger.hold(hold)
        if record is None or record.payer != self.id:
            message = f"hold: expected one of this campaign, found {hold.hex()}"
            raise LookupError(message)


def _signed(receipt: AdReceipt | bytes) -> SignedSlip | None:
    """The slip of a receipt; None where the bytes are no receipt."""
    if isinstance(receipt, AdReceipt):
        return receipt.signed
    try:
        return AdReceipt.from_bytes(receipt).signed
    except WireError:
        return None
