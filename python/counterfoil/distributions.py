"""Snapshots of balances, and distributions: an amount that is shared out among many, each of whom anybody has paid.

A distribution is given its funds when it is opened, and nobody can take them back before its deadline. Every part is an
exact integer that anybody computes: the amount times a weight by all weights, rounded down. What rounding leaves over,
and what nobody collected, goes where the distribution said when it was opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from counterfoil._batches import in_batches
from counterfoil._bundle import check_root
from counterfoil._log import flat, holds_of
from counterfoil.desk import Desk, Done, asset_record, minor_units, span_ms
from counterfoil.exceptions import LedgerError, ProofError, RejectedError
from counterfoil.lapsing import spendable
from counterfoil.leaves import Leaves
from counterfoil.ops import (
    CloseDistribution,
    Collect,
    Distribute,
    GroupBasis,
    LeavesBasis,
    MembersBasis,
    Part,
    ReleaseSnapshot,
    Requirement,
    SnapshotBasis,
    distribution_id,
    snapshot_id,
)
from counterfoil.ops import Snapshot as TakeSnapshot
from counterfoil.status import Status
from counterfoil.verify import Executed
from counterfoil.wire import Applied, decode_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.desk import Amount, Span
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.ops import Basis
    from counterfoil.verify import DistributionRecord, SnapshotRecord, Verifier

__all__ = [
    "Collected",
    "Distribution",
    "DistributionReport",
    "Snapshot",
    "SnapshotClaim",
    "SnapshotProof",
    "check_list",
    "snapshots",
    "take_snapshot",
]

_ATTEMPTS = 5

_STOPPED = frozenset({Status.distribution_ended, Status.asset_paused})
"""Statuses that say that nobody is paid, whoever is next."""


@dataclass(frozen=True, slots=True)
class SnapshotClaim:
    """A balance in a snapshot that was proven.

    Attributes:
        units: What the account had; 0 where it had none.
        supply: All units of the asset when it was opened.
        opened: When it was opened, ms.
        until: It is live before this time, ms.
        time: The time of the commit that proves it, ms.
        state_root: The state's root hash there, 32 bytes.
    """

    units: int
    supply: int
    opened: int
    until: int
    time: int
    state_root: bytes


@dataclass(frozen=True, slots=True)
class SnapshotProof:
    """Three statements at one root, which prove what an account had in a snapshot, without the ledger.

    Attributes:
        snapshot: The statement of the snapshot's record: that it is live there. Else what was saved may be gone.
        saved: The statement of what was saved of the account, or that nothing was.
        balance: The statement of the balance as it is, which is what it was where nothing was saved.
    """

    snapshot: bytes
    saved: bytes
    balance: bytes

    def verify(
        self,
        verifier: Verifier,
        asset: bytes,
        account: bytes,
        number: int,
        *,
        now_ms: int | None = None,
        max_age_ms: int | None = None,
    ) -> SnapshotClaim:
        """Check it, without the ledger.

        Args:
            verifier: Made with the ledger's verifier key, from a source that is trusted.
            asset: The asset that it must be about, 32 bytes.
            account: The account that it must be about, 32 bytes.
            number: The snapshot that it must be about.
            now_ms: As in `Verifier.balance`.
            max_age_ms: As in `Verifier.balance`.

        Raises:
            ProofError: It does not prove it; `reason` says why: wrong_question (another's, or the snapshot was not
                live), wrong_root (several checkpoints), …
        """
        first = verifier.record(
            self.snapshot,
            table="snapshots",
            record_id=snapshot_id(asset, number),
            now_ms=now_ms,
            max_age_ms=max_age_ms,
        )
        saved = verifier.record(self.saved, table="saved", key=asset, record_id=account)
        balance = verifier.record(self.balance, table="holders", key=asset, record_id=account)
        for claim in (saved, balance):
            check_root("snapshot proof", first, claim)
        # Of a snapshot that is over balances are saved no more, and those that were are dropped.
        if not first.present or first.value.until <= first.time:
            message = f"snapshot proof: expected snapshot {number} to be live at {first.time} ms, found that it is not"
            raise ProofError(message, "wrong_question")
        units = saved.value.units_at(number) if saved.present else None
        record: SnapshotRecord = first.value
        return SnapshotClaim(
            units=balance.sum if units is None else units,
            supply=record.supply,
            opened=record.opened,
            until=record.until,
            time=first.time,
            state_root=first.state_root,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The balances of an asset as they stood at a time.

    Attributes:
        asset: The asset, an id of 32 bytes.
        number: Which of its snapshots, from 1 on.
        opened: When it was taken, ms.
        until: It is live before this time, ms: then its balances can be read no more.
        supply: All units of the asset then.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.verify import Verifier
    >>> club, ann = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example", operator=club) as ledger:
    ...         share = ledger.create_asset(club, "SHARE")
    ...         _ = ledger.mint(club, share, to=ann.account, amount=30)
    ...         snapshot = take_snapshot(ledger, club, asset=share, keep="90d")
    ...         _ = ledger.transfer(ann, share, to=club.account, amount=25)
    ...         _ = ledger.checkpoint()
    ...         proof, verifier = snapshot.prove(ann.account), Verifier(ledger.verifier_key)
    ...         print(snapshot.units(ann.account), ledger.balance(share, ann.account))
    30 5
    >>> proof.verify(verifier, share, ann.account, 1).units
    30
    """

    asset: bytes
    number: int
    opened: int
    until: int
    supply: int
    _ledger: Ledger = field(repr=False, compare=False)

    def units(self, account: bytes) -> int:
        """What an account had, lapsed units that were not swept included.

        Raises:
            LookupError: It has ended.
        """
        return self._ledger.units_at(self.asset, account, self.number)

    def holders(self) -> Iterator[tuple[bytes, int]]:
        """Every account that had some, and how many, each once.

        Raises:
            LookupError: It has ended.
        """
        return self._ledger.holders_at(self.asset, self.number)

    def prove(self, account: bytes) -> SnapshotProof:
        """Prove what an account had, as of the last checkpoint, which must be of after the snapshot was taken.

        Raises:
            OperatorKeyError: The last commit has no checkpoint.
            LedgerError: There was a new checkpoint meanwhile, again and again.
        """
        ledger = self._ledger
        for _ in range(_ATTEMPTS):
            statements = [
                bytes(ledger.prove("snapshots", snapshot_id(self.asset, self.number))),
                bytes(ledger.prove("saved", account, key=self.asset)),
                bytes(ledger.prove_balance(self.asset, account)),
            ]
            # A statement ends with its checkpoint.
            checkpoint = (ledger.last_checkpoint or "").encode()
            if all(statement.endswith(checkpoint) for statement in statements):
                return SnapshotProof(*statements)
        message = f"snapshot: expected proofs of one checkpoint, found none in {_ATTEMPTS} attempts: use a backup"
        raise LedgerError(message)

    def release(
        self,
        *signers: Key | Signer,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take it off the asset's list once it has ended: `release_snapshot`. Anybody may, and taking another does.

        Args:
            signers: The keys of whoever asks for it.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: unknown_snapshot (it was released), snapshot_needed (it is live), …
        """
        operation = ReleaseSnapshot(asset=self.asset, number=self.number)
        return Desk(self._ledger, *signers).do([operation], key=key, dry_run=dry_run, time=time)


def take_snapshot(
    ledger: Ledger,
    *issuer: Key | Signer,
    asset: bytes,
    keep: Span = "90d",
    key: str | None = None,
    dry_run: bool = False,
    time: int | None = None,
) -> Snapshot:
    """Fix the balances of an asset as they stand: `snapshot`. It costs the same however many hold it.

    Args:
        ledger: The ledger.
        issuer: The keys that sign for the asset's issuer.
        asset: The asset, an id of 32 bytes.
        keep: How long its balances can be read: a distribution by it must end before.
        key: Makes it happen once.
        dry_run: Only try it, and return the snapshot as it would be: it is not there to be read.
        time: When, ms; now if None.

    Raises:
        LookupError: There is no such asset; or the snapshot of an earlier call with this key has ended.
        RejectedError: not_fungible, unauthorized, asset_sunset, invalid_until, too_many_snapshots, …
    """
    record = asset_record(ledger, asset)
    desk = Desk(ledger, *issuer)
    at = desk.now(time)
    until = at + span_ms(keep)
    done = desk.do([TakeSnapshot(asset=asset, until=until)], key=key, dry_run=dry_run, time=time)
    if done.dry_run:
        return Snapshot(asset, record.snapshots_taken + 1, at, until, record.supply, ledger)
    return _snapshot(ledger, _taken(ledger, asset, done))


def snapshots(ledger: Ledger, asset: bytes) -> list[Snapshot]:
    """The snapshots of an asset that are live at the ledger's time, in order, those of proposals among them.

    Raises:
        LookupError: There is no such asset.
    """
    listed = asset_record(ledger, asset).snapshots_at(ledger.time)
    records = [ledger.snapshot(asset, each.number) for each in listed]
    return [_snapshot(ledger, record) for record in records if record is not None]


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of some parts that were collected together.

    Attributes:
        done: The transaction; None where every one of them was refused.
        paid: Whose were paid: accounts, or of a group its holds.
        refused: The others, and why: an account is frozen, say.
    """

    done: Done | None
    paid: tuple[bytes, ...]
    refused: tuple[tuple[bytes, Status], ...]


@dataclass(frozen=True, slots=True)
class DistributionReport:
    """A distribution in numbers: its amount is `collected + left + left_over + lapsed`.

    Attributes:
        amount: What it was given, minor units.
        collected: What it has paid, minor units.
        parts: How many parts that were.
        left: What it has, minor units.
        left_over: What it gave away when it was closed, minor units.
        lapsed: What lapsed before anybody collected it, minor units.
        closed: Whether it was closed.
    """

    amount: int
    collected: int
    parts: int
    left: int
    left_over: int
    lapsed: int
    closed: bool


class Distribution:
    """An amount that is shared out.

    Attributes:
        desk: Where somebody acts: anybody may collect for anybody, and close it.
        id: Its id, 32 bytes, which is that of its account too.
        leaves: The list that it pays by, where it is known; None for every other basis.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> club, ann, bob = Key.generate(), Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example", operator=club, time=1_000) as ledger:
    ...         share, euro = (ledger.create_asset(club, symbol, time=1_000) for symbol in ("SHARE", "EURO"))
    ...         for holder, units in ((ann, 2), (bob, 1)):
    ...             _ = ledger.mint(club, share, to=holder.account, amount=units, time=1_000)
    ...         _ = ledger.mint(club, euro, to=club.account, amount=100, time=1_000)
    ...         snapshot = take_snapshot(ledger, club, asset=share, keep=1_000, time=1_000)
    ...         terms = {"asset": euro, "amount": 100, "by": snapshot, "deadline": 2_000}
    ...         dividend = Distribution.open(ledger, club, **terms, time=1_000)
    ...         _ = dividend.collect(ann.account, time=1_001)
    ...         print(dividend.part(ann.account), dividend.part(bob.account), ledger.balance(euro, ann.account))
    ...         _ = list(dividend.collect_all(time=1_001))
    ...         _ = dividend.close(time=2_000)
    ...         report = dividend.report(time=2_000)
    ...         print(report.collected, report.parts, report.left_over)
    66 33 66
    99 2 1
    """

    def __init__(self, ledger: Ledger, *signers: Key | Signer, identifier: bytes, leaves: Leaves | None = None) -> None:
        """Take a distribution up again.

        Args:
            ledger: The ledger.
            signers: The keys of whoever acts: anybody.
            identifier: Its id, 32 bytes.
            leaves: The list that it pays by, of which only the root is on the ledger.

        Raises:
            LookupError: There is no such distribution.
            ValueError: The list is not the one that it pays by.
        """
        self.desk = Desk(ledger, *signers)
        self.id = identifier
        self.leaves = leaves
        basis = self.record.basis
        if leaves is not None and basis != LeavesBasis(leaves.root, leaves.total):
            message = f"leaves: expected {basis}, found a list of {leaves.total:,} with the root {leaves.root.hex()}"
            raise ValueError(message)

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        *fund: Key | Signer,
        asset: bytes,
        by: Snapshot | Requirement | Leaves | bytes | Basis,
        deadline: int,
        amount: Amount | None = None,
        excluded: Iterable[bytes] = (),
        leftover: bytes | None = None,
        reference: bytes | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Distribution:
        """Share an amount out: `distribute`. It leaves the fund at once.

        Args:
            ledger: The ledger.
            fund: The keys that sign for whoever pays.
            asset: What it pays, an asset id of 32 bytes.
            by: Who has a part: a `Snapshot`, by what everybody had in it; a `Requirement`, the members, each the same;
                a list that `counterfoil.leaves.build` made, each what it says; the id of a group of holds, by what each
                hold put in; or one of the bases of `counterfoil.ops`.
            deadline: From when on it pays no more, ms; of a snapshot not after its end.
            amount: How much; None: all that the fund has.
            excluded: Of a snapshot, the accounts that have no part, at most 16. The others' parts are the larger.
            leftover: Who gets what is left then, an account id of 32 bytes; the fund if None.
            reference: What it is for: 32 bytes of yours, such as a salted hash, or that of what the list was made from.
            key: Makes it happen once.
            dry_run: Only try it: the distribution that is returned is not there, and its calls raise `LookupError`.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such asset.
            ValueError: Accounts are excluded from what is no snapshot.
            RejectedError: insufficient_funds, leaves_exceed_funds, unknown_snapshot (it has ended), snapshot_too_short
                (it ends before the deadline), invalid_electorate (others may attest, too), group_open (it still takes
                holds), nothing_to_share, deadline_passed, …
        """
        desk = Desk(ledger, *fund)
        record = asset_record(ledger, asset)
        operation = Distribute(
            fund=desk.account,
            salt=desk.salt(key),
            asset=asset,
            basis=_basis(by, tuple(excluded)),
            deadline=deadline,
            leftover=desk.account if leftover is None else leftover,
            amount=None if amount is None else minor_units(amount, record.decimals),
            reference=reference,
        )
        done = desk.do([operation], key=key, dry_run=dry_run, time=time)
        return cls._opened(desk, done, by if isinstance(by, Leaves) else None)

    @classmethod
    def _opened(cls, desk: Desk, done: Done, leaves: Leaves | None = None) -> Distribution:
        """The distribution that a call opened, or would have."""
        # What is only tried is not there to be looked up.
        made = object.__new__(cls)
        opened = next(each for each in done.operations if isinstance(each, Distribute))
        made.desk, made.id, made.leaves = desk, distribution_id(opened.fund, opened.salt), leaves
        return made

    @property
    def record(self) -> DistributionRecord:
        """Its record on the ledger.

        Raises:
            LookupError: There is no such distribution.
        """
        record = self.desk.ledger.distribution(self.id)
        if record is None:
            message = f"distribution: expected one of this ledger, found {self.id.hex()}"
            raise LookupError(message)
        return record

    # Parts

    def part(self, of: bytes) -> int:
        """What the part of an account is, whether it was paid or not, in minor units; 0 where it has none.

        Args:
            of: An account id of 32 bytes; of a group, the id of a hold.

        Raises:
            LookupError: The snapshot has ended: then its balances are kept no more.
            ValueError: It pays by a list that is not here.
        """
        record = self.record
        if isinstance(record.basis, LeavesBasis):
            return self._list().amounts.get(of, 0)
        return record.amount * self._weight(record, of) // record.whole

    def parts(self) -> Iterator[tuple[bytes, int]]:
        """Everybody's part that is 1 or more, whether it was paid or not: as of `part`, each once.

        Raises:
            LookupError: The snapshot has ended.
            ValueError: It pays by a list that is not here; or to a group, and the ledger was opened with `index=False`.
        """
        record = self.record
        if isinstance(record.basis, LeavesBasis):
            yield from self._list().amounts.items()
            return
        for of, weight in self._weights(record):
            part = record.amount * weight // record.whole
            if part:
                yield of, part

    def collect(
        self, *of: bytes | Part, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Have parts paid, all or none: `collect`. Anybody may, for anybody.

        Args:
            of: Whose: account ids of 32 bytes; of a group, ids of holds. `Part`s where the list is not here: with the
                account's own proof.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: An account is not on the list.
            ValueError: It pays by a list that is not here.
            RejectedError: distribution_ended, not_entitled, already_collected, nothing_due (less than a unit),
                wrong_proof, account_frozen, asset_bound, unknown_attestation, max_holding_exceeded, …
        """
        basis = self.record.basis
        parts = [each if isinstance(each, Part) else self._part(each, basis) for each in of]
        return self.desk.do([Collect(distribution=self.id, parts=parts)], key=key, dry_run=dry_run, time=time)

    def collect_all(
        self,
        *,
        dry_run: bool = False,
        time: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Iterator[Collected]:
        """Have everybody paid who was not, in as few transactions as fit: `collect`. Anybody may, and may go on later.

        Nothing happens before the iterator is asked. Who is refused is reported and holds up nobody else.

        Args:
            dry_run: Only try it.
            time: When, ms; now if None.
            progress: Called with (what it has paid, its amount) after each transaction; what it raises ends it.

        Raises:
            LookupError: The snapshot has ended.
            ValueError: As of `parts`.
            RejectedError: distribution_ended, asset_paused: nobody is paid.
        """
        ledger, due = self.desk.ledger, list[bytes]()

        def operations() -> Iterator[Collect]:
            basis = self.record.basis
            for of, _ in self.parts():
                if not ledger.collected(self.id, of):
                    due.append(of)
                    yield Collect(distribution=self.id, parts=[self._part(of, basis)])

        for batch in in_batches(self.desk, operations(), dry_run=dry_run, time=time):
            stopped = next((status for _, status in batch.refused if status in _STOPPED), None)
            if stopped is not None and batch.done is None:
                raise RejectedError(stopped)
            refused = tuple((due[position], status) for position, status in batch.refused)
            if progress is not None:
                progress(self.record.collected, self.record.amount)
            yield Collected(batch.done, tuple(due[position] for position in batch.applied), refused)

    def close(self, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """Give what is left from the deadline on to whom it was said: `close_distribution`. Anybody may.

        Raises:
            RejectedError: distribution_open (it is too early), distribution_closed, asset_paused, …
        """
        return self.desk.do([CloseDistribution(distribution=self.id)], key=key, dry_run=dry_run, time=time)

    def report(self, *, time: int | None = None) -> DistributionReport:
        """How it stands.

        Args:
            time: Which units have lapsed by then, ms; now if None.

        Raises:
            ValueError: It is closed, and the ledger was opened with `index=False`.
        """
        ledger, record = self.desk.ledger, self.record
        asset = asset_record(ledger, record.asset)
        left = spendable(asset, ledger.holding(record.asset, self.id), self.desk.now(time))
        left_over = self._left_over() if record.closed else 0
        return DistributionReport(
            amount=record.amount,
            collected=record.collected,
            parts=record.parts,
            left=left,
            left_over=left_over,
            lapsed=record.amount - record.collected - left - left_over,
            closed=record.closed,
        )

    # Helpers

    def _list(self) -> Leaves:
        if self.leaves is None:
            message = "leaves: expected the list that the distribution pays by, found none"
            raise ValueError(message)
        return self.leaves

    def _part(self, of: bytes, basis: Basis) -> Part:
        return Part(of, self._list().proof(of)) if isinstance(basis, LeavesBasis) else Part(of)

    def _weight(self, record: DistributionRecord, of: bytes) -> int:
        """What an account, or a hold, counts."""
        ledger, basis = self.desk.ledger, record.basis
        if isinstance(basis, SnapshotBasis):
            return 0 if of in basis.excluded else ledger.units_at(basis.asset, of, basis.number)
        if isinstance(basis, MembersBasis):
            return int(was_member(ledger, basis, of, record.opened))
        hold = ledger.hold(of)
        is_of_group = hold is not None and isinstance(basis, GroupBasis) and hold.group == basis.group
        return hold.amount if hold is not None and is_of_group else 0

    def _weights(self, record: DistributionRecord) -> Iterator[tuple[bytes, int]]:
        """What everybody counts, each once."""
        ledger, basis = self.desk.ledger, record.basis
        if isinstance(basis, SnapshotBasis):
            excluded = set(basis.excluded)
            found = ledger.holders_at(basis.asset, basis.number)
            yield from ((account, units) for account, units in found if account not in excluded)
        elif isinstance(basis, MembersBasis):
            for each in ledger.attestations(basis.schema):
                if (each.issuer, each.nonce) == (basis.issuer, bytes(32)) and each.was_member(record.opened):
                    yield each.subject, 1
        elif isinstance(basis, GroupBasis):
            yield from ((hold, operation.amount) for hold, operation in holds_of(ledger, basis.group))

    def _left_over(self) -> int:
        """What it gave away when it was closed."""
        for applied in self.desk.ledger.transactions(self.id):
            # An `execute` has the effects of its actions.
            effects = (
                each
                for effect in applied.effects
                for each in (effect.effects if isinstance(effect, Executed) else (effect,))
            )
            for operation, effect in zip(flat(applied.signed.transaction.operations), effects, strict=True):
                if operation == CloseDistribution(distribution=self.id):
                    return sum(lot.amount for lot in effect.taken)
        return 0


def check_list(record: DistributionRecord, leaves: Leaves, reference: bytes) -> None:
    """Check that a distribution pays by a list that was computed again, and cites what the list was computed from.

    Args:
        record: The distribution's record, read or proven.
        leaves: The list as it should be.
        reference: The hash of what it was computed from, 32 bytes.

    Raises:
        ProofError: wrong_question (it pays by something else, or cites other inputs), wrong_sum (it has less than the
            list, or the list another total), wrong_root (the list gives other parts).
    """
    basis = record.basis
    if not isinstance(basis, LeavesBasis):
        _wrong("wrong_question", "basis", "a list", type(basis).__name__)
    elif record.reference != reference:
        found = "none" if record.reference is None else record.reference.hex()
        _wrong("wrong_question", "reference", f"the inputs {reference.hex()}", found)
    elif basis.total != leaves.total or record.amount < leaves.total:
        _wrong("wrong_sum", "total", f"{leaves.total:,} units", f"{basis.total:,} of {record.amount:,}")
    elif basis.root != leaves.root:
        _wrong("wrong_root", "root", leaves.root.hex(), basis.root.hex())


def _wrong(reason: str, part: str, expected: str, found: str) -> NoReturn:
    message = f"distribution, {part}: expected {expected}, found {found}"
    raise ProofError(message, reason)


def _basis(by: object, excluded: tuple[bytes, ...]) -> Basis:
    if isinstance(by, Snapshot):
        return SnapshotBasis(by.asset, by.number, excluded)
    if excluded:
        message = f"excluded: expected accounts only beside a Snapshot, found them beside {type(by).__name__}"
        raise ValueError(message)
    if isinstance(by, Requirement):
        return MembersBasis(by.schema, by.issuer)
    if isinstance(by, Leaves):
        return LeavesBasis(by.root, by.total)
    if isinstance(by, bytes):
        return GroupBasis(by)
    if isinstance(by, (SnapshotBasis, MembersBasis, LeavesBasis, GroupBasis)):
        return by
    message = f"by: expected a Snapshot, a Requirement, Leaves or the id of a group, found {type(by).__name__}"
    raise TypeError(message)


def was_member(ledger: Ledger, by: MembersBasis | Requirement, account: bytes, time: int) -> bool:
    """Whether an account was a member at a time that is over, ms: by this schema, attested by this issuer."""
    found = ledger.attestation(by.schema, by.issuer, account)
    return found is not None and found.was_member(time)


def _snapshot(ledger: Ledger, record: SnapshotRecord) -> Snapshot:
    return Snapshot(record.asset, record.number, record.opened, record.until, record.supply, ledger)


def _taken(ledger: Ledger, asset: bytes, done: Done) -> SnapshotRecord:
    """The record of the snapshot that a call took.

    Its number is not in the log. Of the snapshots of its millisecond those are the last that the log has last: a
    proposal takes one only where there is none so young.
    """
    later = 0
    for entry in ledger.entries((done.index or 0) + 1):
        applied = decode_entry(entry)
        if isinstance(applied, Applied):
            if applied.time > done.time:
                break
            found = flat(applied.signed.transaction.operations)
            later += sum(isinstance(each, TakeSnapshot) and each.asset == asset for each in found)
    records = [ledger.snapshot(asset, each.number) for each in asset_record(ledger, asset).snapshots]
    of_then = [record for record in records if record is not None and record.opened == done.time]
    if len(of_then) <= later:
        message = f"snapshot: expected one of asset {asset.hex()} taken at {done.time} ms, found that it has ended"
        raise LookupError(message)
    return of_then[-1 - later]
