"""A ledger read, as it stands or as it was: records, and the journal of what changed balances.

`Ledger` and `Past` answer the same questions with the same methods, which are those of `Records`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from counterfoil.verify import (
    CODEC,
    AccountRecord,
    AssetRecord,
    AttestationRecord,
    CampaignRecord,
    ClaimantRecord,
    ConstitutionRecord,
    DelegationRecord,
    DesignRecord,
    DistributionRecord,
    FreezeRecord,
    Genesis,
    GroupRecord,
    GuardiansRecord,
    Holding,
    HoldRecord,
    Item,
    ItemRecord,
    LotRecord,
    MandateRecord,
    OnceRecord,
    ProposalRecord,
    Ranking,
    RankingRecord,
    RecoveryRecord,
    RedemptionRecord,
    ResolutionRecord,
    SavedRecord,
    SchemaRecord,
    SnapshotRecord,
    VoteRecord,
    attestation_id,
    delegation_id,
    design_id,
    item_id,
    lot_id,
    mandate_id,
    once_id,
    redemption_id,
    resolution_id,
    snapshot_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil import _core
    from counterfoil.ops import Parameters

_PAGE = 1_000

Kind = Literal["held", "minted", "burned", "redeemed", "expired"]
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry of the journal: what one transaction did to one balance, or its counterpart.

    The amounts of a transaction add up to zero for each asset. What an account gets is positive. What was minted is
    negative, for it comes from there; what was burned, was redeemed or has expired is positive, for it went there. A
    refund makes `redeemed` negative.

    Attributes:
        index: The transaction's place in the log.
        time: When it was applied, ms.
        transaction: Its id, 32 bytes.
        asset: The asset's id, 32 bytes.
        account: Whose balance, 32 bytes: a member's, or that of a hold, a campaign, a distribution or a proposal's
            deposit, which has its id. None where the kind is not "held".
        kind: "held" for a balance; else where units came from or went: "minted", "burned", "redeemed", "expired".
        amount: Minor units, or items of a collection; never 0.
    """

    index: int
    time: int
    transaction: bytes
    asset: bytes
    account: bytes | None
    kind: Kind
    amount: int


class Records(ABC):
    """What is read of a ledger, whether as it stands or as it was."""

    def __init__(self, source: _core.Engine | _core.Replay, genesis: Genesis) -> None:
        """Not to be called: use `Ledger.open` or `Ledger.as_of`."""
        self._source = source
        self._genesis = genesis

    @property
    @abstractmethod
    def time(self) -> int:
        """The time of the last entry that is read of, ms."""

    @property
    def origin(self) -> str:
        """Its name in checkpoints."""
        return self._genesis.origin

    @property
    def genesis(self) -> Genesis:
        """How it began."""
        return self._genesis

    def balance(self, asset: bytes, account: bytes) -> int:
        """All units that an account has, lapsed ones included until they are swept."""
        found = self._source.record("holders", asset, account)
        return 0 if found is None else found[0]

    def holding(self, asset: bytes, account: bytes) -> Holding:
        """A balance with its lots and last day of activity."""
        found = self._source.record("holders", asset, account)
        return Holding(0) if found is None else Holding.decode(*found)

    def supply(self, asset: bytes) -> int:
        """The units of an asset that exist; of a collection, how many items.

        Raises:
            LookupError: There is no such asset.
        """
        record = self.asset(asset)
        if record is None:
            message = f"no asset {asset.hex()} in {self.origin}"
            raise LookupError(message)
        return record.supply

    def account(self, account: bytes) -> AccountRecord | None:
        """The record of an account; None for a plain key account."""
        return self._decoded("accounts", None, account, AccountRecord)

    def guardians(self, account: bytes) -> GuardiansRecord | None:
        """Who may together set the keys of an account that lost its own, and after which delay."""
        return self._decoded("guardians", None, account, GuardiansRecord)

    def recovery(self, account: bytes) -> RecoveryRecord | None:
        """The recovery of an account that is running: the keys that its guardians want it to have, and from when on."""
        return self._decoded("recoveries", None, account, RecoveryRecord)

    def asset(self, asset: bytes) -> AssetRecord | None:
        """The record of an asset."""
        return self._decoded("assets", None, asset, AssetRecord)

    def mandate(self, account: bytes, agent: bytes, asset: bytes) -> MandateRecord | None:
        """What an agent may do for an account in an asset, or by a schema."""
        return self._decoded("mandates", None, mandate_id(account, agent, asset), MandateRecord)

    def once(self, account: bytes, key: bytes) -> OnceRecord | None:
        """Whether an account has used a key, and in which transaction."""
        return self._decoded("once", None, once_id(account, key), OnceRecord)

    def freeze(self, asset: bytes, account: bytes) -> FreezeRecord | None:
        """Whether an account is frozen in an asset, since when and why."""
        return self._decoded("freezes", asset, account, FreezeRecord)

    def redemption(self, asset: bytes, sender: bytes, order: bytes) -> RedemptionRecord | None:
        """What an account redeemed for an order, and what was refunded of it."""
        return self._decoded("redemptions", asset, redemption_id(asset, sender, order), RedemptionRecord)

    def debt(self, asset: bytes, account: bytes) -> int:
        """Units that an account owes the asset's issuer."""
        found = self._source.record("debts", asset, account)
        return 0 if found is None else found[0]

    def lot(self, asset: bytes, lot: int) -> LotRecord | None:
        """The totals of one lot."""
        return self._decoded("lots", asset, lot_id(asset, lot), LotRecord)

    def design(self, asset: bytes, design: int) -> DesignRecord | None:
        """A design of a collection, and how many of its editions were made."""
        return self._decoded("designs", asset, design_id(asset, design), DesignRecord)

    def item(self, asset: bytes, item: Item) -> ItemRecord | None:
        """Whose an item of a collection is; None where it was never made or was burned."""
        return self._decoded("items", asset, item_id(asset, item), ItemRecord)

    def schema(self, schema: bytes) -> SchemaRecord | None:
        """The record of a schema."""
        return self._decoded("schemas", None, schema, SchemaRecord)

    def attestation(
        self, schema: bytes, issuer: bytes, subject: bytes, nonce: bytes = bytes(32)
    ) -> AttestationRecord | None:
        """What an issuer attested a subject by a schema, whether it still holds or not: ask its `is_live(time)`."""
        return self._decoded("attestations", schema, attestation_id(schema, issuer, subject, nonce), AttestationRecord)

    def attestation_of(self, schema: bytes, record_id: bytes) -> AttestationRecord | None:
        """What was attested by a schema under a record id: `attestation_id` of issuer, subject and nonce."""
        return self._decoded("attestations", schema, record_id, AttestationRecord)

    def hold(self, hold: bytes) -> HoldRecord | None:
        """The record of a hold, open or closed. What it has left is the balance of its account, which has its id."""
        return self._decoded("holds", None, hold, HoldRecord)

    def hold_group(self, group: bytes) -> GroupRecord | None:
        """The record of a group of holds."""
        return self._decoded("hold_groups", None, group, GroupRecord)

    def campaign(self, campaign: bytes) -> CampaignRecord | None:
        """The record of a campaign. What it has left is the balance of its account, which has its id."""
        return self._decoded("campaigns", None, campaign, CampaignRecord)

    def claimant(self, campaign: bytes, member: bytes) -> ClaimantRecord | None:
        """What a member has claimed in the window of its last claim, of a campaign that has a cap for each member."""
        return self._decoded("claimants", campaign, member, ClaimantRecord)

    def constitution(self, account: bytes) -> ConstitutionRecord | None:
        """Who may do what in the name of an account; None where it is not governed."""
        return self._decoded("constitutions", None, account, ConstitutionRecord)

    def proposal(self, proposal: bytes) -> ProposalRecord | None:
        """The record of a proposal, and how the vote on it stands."""
        return self._decoded("proposals", None, proposal, ProposalRecord)

    def vote(self, proposal: bytes, member: bytes) -> VoteRecord | None:
        """A member's vote on a proposal, whoever cast it; of backers, the vote of a hold."""
        return self._decoded("votes", proposal, member, VoteRecord)

    def delegation(self, account: bytes, delegator: bytes) -> DelegationRecord | None:
        """Who votes for a delegator on the proposals of a governed account."""
        return self._decoded("delegations", None, delegation_id(account, delegator), DelegationRecord)

    def resolution(self, account: bytes, rule_hash: bytes, subject: bytes) -> ResolutionRecord | None:
        """What a governed account decided about a subject, by the rule with this hash."""
        return self._decoded("resolutions", None, resolution_id(account, rule_hash, subject), ResolutionRecord)

    def snapshot(self, asset: bytes, number: int) -> SnapshotRecord | None:
        """The record of a snapshot; None where there is none with this number, or no longer.

        One that has ended is there until another is opened, or it is released: ask whether the time is before its
        `until`.
        """
        return self._decoded("snapshots", None, snapshot_id(asset, number), SnapshotRecord)

    def units_at(self, asset: bytes, account: bytes, number: int) -> int:
        """What an account had in a snapshot, units included that had lapsed and were not swept.

        Raises:
            LookupError: There is no such snapshot, or it has ended: then its balances are kept no more.
        """
        snapshot = self.snapshot(asset, number)
        if snapshot is None or snapshot.until <= self.time:
            message = f"no live snapshot {number} of asset {asset.hex()} in {self.origin}"
            raise LookupError(message)
        # The balance first: where nothing was saved after it was read, nothing had changed before.
        balance = self.balance(asset, account)
        saved = self._decoded("saved", asset, account, SavedRecord)
        units = None if saved is None else saved.units_at(number)
        return balance if units is None else units

    def holders_at(self, asset: bytes, number: int) -> Iterator[tuple[bytes, int]]:
        """Every account that had units in a snapshot, each once, and how many; in no order.

        Whatever changes meanwhile: it is what they had. It keeps the accounts that it has told in memory.

        Raises:
            LookupError: There is no such snapshot, or it has ended.
        """
        told: set[bytes] = set()
        # Who lets go of the last unit while the holders are read was saved by that, and is found in the second turn.
        for table in ("holders", "saved"):
            for account, _, _ in self._records(table, asset):
                if account not in told:
                    told.add(account)
                    units = self.units_at(asset, account, number)
                    if units:
                        yield account, units

    def distribution(self, distribution: bytes) -> DistributionRecord | None:
        """The record of a distribution. What it has left is the balance of its account, which has its id."""
        return self._decoded("distributions", None, distribution, DistributionRecord)

    def collected(self, distribution: bytes, of: bytes) -> int:
        """What was paid of a distribution for an account, or of one to a group of holds for a hold; 0 for nothing."""
        found = self._source.record("collected", distribution, of)
        return 0 if found is None else found[0]

    @property
    def parameters(self) -> Parameters:
        """The parameters in force."""
        for _, _, value in self._records("parameters", None):
            found: Parameters = CODEC.decode("Parameters", value)
            return found
        return self._genesis.parameters

    def holders(self, asset: bytes) -> Iterator[tuple[bytes, Holding]]:
        """Every account that holds an asset, and what it holds, in the order of the tree.

        Read in pages of 1,000: what changes meanwhile may show in a later page and not in an earlier one. For the
        holders of one moment open a backup, or iterate while nothing is applied.
        """
        for account, amount, value in self._records("holders", asset):
            yield account, Holding.decode(amount, value)

    def items(self, asset: bytes) -> Iterator[tuple[Item, ItemRecord]]:
        """Every item of a collection and whose it is, in the order of the tree; read in pages, as `holders` is."""
        for _, _, value in self._records("items", asset):
            record: ItemRecord = CODEC.decode("ItemRecord", value)
            yield record.item, record

    def attestations(self, schema: bytes) -> Iterator[AttestationRecord]:
        """Everything that was attested by a schema, in the order of the tree, whether it still holds or not."""
        for _, _, value in self._records("attestations", schema):
            yield CODEC.decode("AttestationRecord", value)

    def mandates(self) -> Iterator[MandateRecord]:
        """Every mandate, in the order of the tree."""
        for _, _, value in self._records("mandates", None):
            yield CODEC.decode("MandateRecord", value)

    def votes(self, proposal: bytes) -> Iterator[tuple[bytes, VoteRecord]]:
        """Every vote on a proposal: whose, and what it says; in the order of the tree, in pages as `holders`."""
        for member, _, value in self._records("votes", proposal):
            yield member, CODEC.decode("VoteRecord", value)

    def rankings(self, proposal: bytes) -> Iterator[Ranking]:
        """Every ranking that was voted on a proposal, and its weight, in the order of the tree: see `Conclude`."""
        for _, weight, value in self._records("rankings", proposal):
            record: RankingRecord = CODEC.decode("RankingRecord", value)
            yield Ranking(record.options, weight)

    def lots(self, asset: bytes) -> list[LotRecord]:
        """The totals of every lot of an asset, oldest first."""
        lots = [CODEC.decode("LotRecord", value) for _, _, value in self._records("lots", asset)]
        return sorted(lots, key=lambda lot: int(lot.lot))

    def accounts(self) -> Iterator[tuple[bytes, AccountRecord]]:
        """Every account that has a record, in the order of the tree. Plain key accounts have none."""
        for account, _, value in self._records("accounts", None):
            yield account, CODEC.decode("AccountRecord", value)

    def assets(self) -> Iterator[tuple[bytes, AssetRecord]]:
        """Every asset, in the order of the tree."""
        for asset, _, value in self._records("assets", None):
            yield asset, CODEC.decode("AssetRecord", value)

    def _decoded(self, table: str, key: bytes | None, record_id: bytes, kind: type[Record]) -> Record | None:
        found = self._source.record(table, key, record_id)
        return None if found is None else cast("Record", CODEC.decode(kind.__name__, found[1]))

    def _records(self, table: str, key: bytes | None) -> Iterator[tuple[bytes, int, bytes]]:
        cursor: bytes | None = None
        while True:
            cursor, records = self._source.page(table, key, cursor, _PAGE)
            yield from records
            if cursor is None:
                return


class Past(Records):
    """A ledger as it was at a time: what `Ledger.as_of` returns. It is in memory, and stays when the ledger is closed.

    Its methods are those with which a `Ledger` is read, and their results are of the same types. Records come in the
    order of their ids, not in the order of the tree.

    Attributes:
        index: The place in the log of the last entry that it includes.

    Example:
        >>> import tempfile
        >>> from counterfoil import Key, Ledger
        >>> folder = tempfile.TemporaryDirectory()
        >>> operator, roaster, ann = (Key.generate() for _ in range(3))
        >>> ledger = Ledger.create(f"{folder.name}/club", origin="club.example/beans", operator=operator, time=1_000)
        >>> bean = ledger.create_asset(roaster, "BEAN", time=1_000)
        >>> outcome = ledger.mint(roaster, bean, to=ann.account, amount=500, time=2_000)
        >>> outcome = ledger.transfer(ann, bean, to=roaster.account, amount=120, time=3_000)
        >>> past = ledger.as_of(2_999)
        >>> past.balance(bean, ann.account), ledger.balance(bean, ann.account)
        (500, 380)
        >>> ledger.close()
        >>> folder.cleanup()
    """

    def __init__(self, replay: _core.Replay, genesis: Genesis) -> None:
        """Not to be called: use `Ledger.as_of`."""
        super().__init__(replay, genesis)
        through, _, self._time, _ = replay.position()
        self.index = through - 1

    @property
    def time(self) -> int:
        """The time of the last entry that it includes, ms."""
        return self._time

    def __repr__(self) -> str:
        """Which ledger, and as of when."""
        return f"<Past of {self.origin} after entry {self.index:,}, at {self.time} ms>"
