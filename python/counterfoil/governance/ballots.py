"""Anyone can recount: a proposal's ballots in one file, with the proof that none is missing, and the recount of it.

A bundle has, all of one checkpoint, the proposal's record, every vote on it, and what the votes' weights follow from:
the balances of its snapshot, the members, or the holds of its backers. Of each table that matters all records are
there, and the root hash that they make is the one that the checkpoint leads to: a vote that is left out, added or
changed makes another root. Recounting needs the file and the ledger's verifier key, no ledger and no native module. The
file is described in the formats, *Ballots*.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from counterfoil._bundle import Bundle, check_root
from counterfoil._text import when
from counterfoil.exceptions import ProofError
from counterfoil.governance.counting import (
    Tally,
    Verdict,
    count_approval,
    count_ranked,
    count_yes_no,
    root_weight,
)
from counterfoil.governance.proposal import Standing, choice_names, state_of, title_hash, verdict_of
from counterfoil.verify import (
    CODEC,
    VALUE_BYTES_MAX,
    Approval,
    Approve,
    AttestationRecord,
    BackersElectorate,
    HoldRecord,
    MemberHoldersElectorate,
    MembersElectorate,
    ProposalExecuted,
    ProposalFailed,
    ProposalOpen,
    ProposalPassed,
    ProposalRecord,
    Rank,
    Ranked,
    RankingRecord,
    SavedRecord,
    Sealed,
    Shares,
    Verifier,
    VoteRecord,
    Weight,
    YesNo,
    decode_record,
    map_root,
    ranking_id,
    snapshot_id,
    tree_key,
    verify_map_proof,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.verify import Ballot, RecordClaim, SnapshotRecord

HEADER: Final = b"counterfoil/ballots/v1\n"
"""What a bundle begins with."""

ROW: Final = struct.Struct(">32s16sH")
_HOPS_MAX: Final = 8
_NO_NONCE: Final = bytes(32)


class Votes(Mapping[bytes, VoteRecord]):
    """The votes of a bundle that was verified, by member; of backers by hold. Each is decoded when it is asked for."""

    def __init__(self, proposal: bytes, rows: memoryview) -> None:
        """Not to be called: `Recount.votes` is one."""
        self._proposal = proposal
        self._rows = rows
        self._places = array("Q", _places(rows))

    def __getitem__(self, member: bytes) -> VoteRecord:
        """The vote of a member, whoever cast it."""
        at = bisect_left(self._places, tree_key(member), key=lambda place: tree_key(_row(self._rows, place)[0]))
        if at < len(self._places):
            found, total, raw = _row(self._rows, self._places[at])
            if found == member:
                vote: VoteRecord = decode_record("votes", self._proposal, member, total, raw)
                return vote
        raise KeyError(member)

    def __iter__(self) -> Iterator[bytes]:
        """The members, in the order of the tree."""
        return (_row(self._rows, place)[0] for place in self._places)

    def __len__(self) -> int:
        """How many there are, sealed ones among them."""
        return len(self._places)

    def __repr__(self) -> str:
        """How many there are."""
        return f"<Votes: {len(self):,}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """A proposal's votes, recounted from all of them, and how far their weights were checked.

    That every vote counts, with the weight that its record has, and that the proposal's record says what they come to,
    is proven always. Where an agent votes for a member, that the member had delegated its vote then is in the log, and
    not in a bundle.

    Attributes:
        proposal: Its id, 32 bytes.
        record: Its record: the rule, the counts, the state.
        title: What members read, where the bundle or the caller has it; then it is what the record has the hash of.
        tally: The recount. It is what the record says.
        verdict: What the recount comes to. It is what the record says, where that is concluded.
        votes: Every vote, by member.
        sealed: How many votes are sealed and not revealed, which count nothing.
        sealed_weight: What these would count.
        delegated: How many votes were cast by somebody else than the member.
        units: Whether weights are what the snapshot has: "proven"; "ended", where the snapshot had ended before the
            checkpoint, so that nothing proves them any more; "none", where units do not weigh.
        attested_anew: Voters whose membership at the opening the records tell no more: they were attested anew since.
        paid_out: Holds that were settled or released in part since they were put in. They had the weight or more, and
            not more than was put in; how much they had when they voted the records tell no more.
        electorate: Whether the electorate's total is what the records say: "proven"; "bounded", where they tell only
            the least and the most that it can have been; "ended", as of `units`.
        electorate_least: The least.
        electorate_most: The most.
        ledger: The ledger's id, 32 bytes.
        origin: The ledger's name.
        tree_size: The size of the log.
        time: The time of the checkpoint, ms.
        state_root: The state's root hash, 32 bytes.
    """

    proposal: bytes
    record: ProposalRecord
    title: str | None
    tally: Tally
    verdict: Verdict
    votes: Mapping[bytes, VoteRecord] = field(repr=False)
    sealed: int
    sealed_weight: int
    delegated: int
    units: Literal["proven", "ended", "none"]
    attested_anew: tuple[bytes, ...]
    paid_out: tuple[bytes, ...]
    electorate: Literal["proven", "bounded", "ended"]
    electorate_least: int
    electorate_most: int
    ledger: bytes
    origin: str
    tree_size: int
    time: int
    state_root: bytes

    @property
    def are_weights_proven(self) -> bool:
        """Whether each voter was entitled, and to the weight that its vote has."""
        return self.units != "ended" and not self.attested_anew and not self.paid_out

    @property
    def is_final(self) -> bool:
        """Whether no vote can change any more: the proposal is concluded, or was ended otherwise."""
        return not isinstance(self.record.state, ProposalOpen)

    def explain(self, names: Sequence[str] = ()) -> str:
        """The recount in words, and how far it was checked. Weights are in minor units.

        Args:
            names: The options' names, in order: the ledger has none.

        Raises:
            ValueError: More or fewer names than options.
        """
        record = self.record
        is_plain = isinstance(record.terms.form, YesNo)
        if names and (is_plain or len(names) != len(record.options)):
            message = f"names: expected {0 if is_plain else len(record.options)}, found {len(names)}"
            raise ValueError(message)
        standing = Standing(
            record=record,
            tally=self.tally,
            verdict=self.verdict,
            state=state_of(record, self.time),
            time=self.time,
            names=choice_names(record, names),
        )
        return "\n".join([*self._heading(), standing.explain(), *self._checks()])

    def _heading(self) -> Iterator[str]:
        yield f"proposal: {self.proposal.hex()}"
        if self.title is not None:
            yield f"title: {self.title}"
        yield f"as of: {when(self.time)} UTC, {self.tree_size:,} entries of {self.origin}"

    def _checks(self) -> Iterator[str]:
        counted = f"{self.tally.voters:,} counted, {self.sealed:,} sealed, {self.delegated:,} by delegates"
        yield f"recount: all {len(self.votes):,} votes are here, {counted}; they come to what the ledger says"
        yield f"weights: {self._weights()}"
        if self.electorate == "ended":
            yield "electorate: not checked, for its snapshot has ended"
        elif self.electorate == "bounded":
            bounds = f"{self.electorate_least:,} to {self.electorate_most:,}"
            yield f"electorate: within {bounds}, which is all that the records still tell"
        else:
            yield "electorate: proven"

    def _weights(self) -> str:
        if self.units == "ended":
            return "as recorded; they were not checked against balances, for the snapshot has ended"
        doubts = []
        if self.attested_anew:
            doubts.append(f"{len(self.attested_anew):,} voters were attested anew since")
        if self.paid_out:
            doubts.append(f"{len(self.paid_out):,} holds were paid out in part since")
        return "proven" if not doubts else f"proven, but {' and '.join(doubts)}: what they had then is in the log alone"


def verify_ballots(
    data: bytes, verifier: Verifier, *, proposal: bytes | None = None, title: str | None = None
) -> Recount:
    """Recount a bundle, without the ledger and without the native module.

    Args:
        data: The bundle: `export_ballots`.
        verifier: A `counterfoil.verify.Verifier`, made with the ledger's verifier key from a source that is trusted.
        proposal: The proposal that it must be about, 32 bytes.
        title: What members read, as it must be.

    Returns:
        What was recounted; how far the weights could be checked is in it.

    Raises:
        TypeError: Not bytes.
        ProofError: It does not prove what it claims; `reason` says why.
    """
    bundle = Bundle(data, HEADER, "ballots")
    text = _title_of(bundle.part("title"))
    reading = _Reading(bundle, verifier)
    claim = reading.statement("proposals", proposal)
    record: ProposalRecord = claim.value
    if record is None:
        _refuse("wrong_question", "proposal", "one that is there", f"the absence of {claim.record_id.hex()}")
    for shown in (text, title):
        if shown is not None and title_hash(shown) != record.title:
            _refuse("wrong_question", "title", f"the one with the hash {record.title.hex()}", f"{shown!r:.80}")
    rows = reading.table("votes", record.account, claim.record_id)
    counted = _Counted(claim.record_id, record, rows)
    counted.compare()
    if isinstance(record.terms.form, Ranked):
        _check_rankings(reading.statement("rankings", record.account, claim.record_id), counted.tally)
    electorate = _check_electorate(reading, record, counted)
    bundle.end()
    try:
        verdict = verdict_of(record, counted.tally)
    except ValueError as error:
        _refuse("wrong_record", "proposal, terms", "a rule", error)
    _check_state(record, verdict)
    return Recount(
        proposal=claim.record_id,
        record=record,
        title=title if text is None else text,
        tally=counted.tally,
        verdict=verdict,
        votes=Votes(claim.record_id, rows),
        sealed=counted.sealed,
        sealed_weight=counted.sealed_weight,
        delegated=counted.delegated,
        units=electorate.units,
        attested_anew=tuple(electorate.attested_anew),
        paid_out=tuple(electorate.paid_out),
        electorate=electorate.total,
        electorate_least=electorate.least,
        electorate_most=electorate.most,
        ledger=claim.ledger,
        origin=claim.origin,
        tree_size=claim.tree_size,
        time=claim.time,
        state_root=claim.state_root,
    )


def _title_of(part: bytes) -> str | None:
    try:
        return part.decode() if part else None
    except UnicodeDecodeError:
        _refuse("malformed_statement", "title", "UTF-8", "other bytes")


class _Reading:
    """A bundle that is read: statements of one checkpoint, and the lists of tables to which they lead."""

    def __init__(self, bundle: Bundle, verifier: Verifier) -> None:
        self.bundle = bundle
        self._verifier = verifier
        self._first: RecordClaim | None = None

    def statement(self, table: str, record_id: bytes | None, key: bytes = b"") -> RecordClaim:
        """The next part, which must be a statement about this record."""
        data = self.bundle.part(f"statement of {table}")
        claim = self._verifier.record(data, table=table, key=key, record_id=record_id)
        if self._first is None:
            self._first = claim
        check_root(f"ballots, statement of {table}", self._first, claim)
        return claim

    def table(self, table: str, own: bytes, key: bytes) -> memoryview:
        """The next two parts, which must be the root of a table and the list of all of its records."""
        claim = self.statement(table, own, key)
        rows = self.bundle.view(f"list of {table}")
        root, _ = map_root(_row(rows, place) for place in _places(rows))
        if root != claim.table_root:
            expected = f"all records, whose root is {claim.table_root.hex()}"
            _refuse("wrong_root", f"list of {table}", expected, root.hex())
        return rows


def _places(rows: memoryview) -> Iterator[int]:
    """Where the rows of a list begin."""
    place, end = 0, len(rows)
    while place < end:
        yield place
        if place + ROW.size > end:
            _refuse("truncated", "list", f"{ROW.size} bytes of a row", end - place)
        length = ROW.unpack_from(rows, place)[2]
        if length > VALUE_BYTES_MAX:
            _refuse("malformed_proof", "list, value", f"at most {VALUE_BYTES_MAX:,} bytes", f"{length:,}")
        place += ROW.size + length
        if place > end:
            _refuse("truncated", "list", f"{place - end} more bytes of a value", 0)


def _row(rows: memoryview, place: int) -> tuple[bytes, int, bytes]:
    """A row of a list: the record's id, sum and value."""
    if place + ROW.size > len(rows):
        _refuse("truncated", "list", f"{ROW.size} bytes of a row", len(rows) - place)
    record_id, total, length = ROW.unpack_from(rows, place)
    start = place + ROW.size
    return record_id, int.from_bytes(total, "big"), rows[start : start + length].tobytes()


class _Counted:
    """The votes of a list, counted once more."""

    def __init__(self, proposal: bytes, record: ProposalRecord, rows: memoryview) -> None:
        self.proposal = proposal
        self.record = record
        self.rows = rows
        self.is_by_hold = isinstance(record.terms.electorate, BackersElectorate)
        self.weights: dict[bytes, int] = {}
        self.sealed = self.sealed_weight = self.delegated = 0
        terms = record.terms
        heads = terms.weight is Weight.ROOT
        try:
            if isinstance(terms.form, YesNo):
                self.tally = count_yes_no(self._ballots(Shares), heads=heads)
            elif isinstance(terms.form, Approval):
                self.tally = count_approval(self._ballots(Approve), len(record.options), heads=heads)
            else:
                self.tally = count_ranked(
                    self._ballots(Rank), len(record.options), ranks_max=terms.form.ranks_max, heads=heads
                )
        except ProofError:
            raise
        except ValueError as error:
            _refuse("wrong_record", "vote", "a ballot of the rule's form", error)

    def votes(self) -> Iterator[tuple[bytes, VoteRecord]]:
        """Each vote, and whose it is."""
        for place in _places(self.rows):
            member, total, raw = _row(self.rows, place)
            yield member, decode_record("votes", self.proposal, member, total, raw)

    def _ballots(self, kind: type[Ballot]) -> Iterator[tuple[int, Sequence[int]]]:
        for member, vote in self.votes():
            if vote.weight < 1 or vote.hops > _HOPS_MAX:
                _refuse("wrong_record", f"vote of {member.hex()}", "weight, and at most 8 delegations", vote)
            if not self.is_by_hold:
                self.check_voter(member, member, vote)
            self.weights[member] = vote.weight
            self.delegated += vote.hops > 0
            ballot = vote.ballot
            if isinstance(ballot, Sealed) and self.record.terms.reveal_ms:
                self.sealed += 1
                self.sealed_weight += vote.weight
            elif isinstance(ballot, kind):
                yield vote.weight, _choice(ballot)
            else:
                _refuse("wrong_record", f"vote of {member.hex()}", f"a ballot of {kind.__name__}", ballot)

    def check_voter(self, member: bytes, account: bytes, vote: VoteRecord) -> None:
        """Whoever votes for another was delegated to; the governed account never votes."""
        if account == self.record.account:
            _refuse("wrong_record", f"vote of {member.hex()}", "another than the governed account", "that")
        if (vote.voter == account) != (vote.hops == 0):
            expected = "its own vote without delegations, or another's by some"
            _refuse("wrong_record", f"vote of {member.hex()}", expected, f"{vote.hops} by {vote.voter.hex()}")

    def compare(self) -> None:
        """The proposal's record says what the votes come to."""
        for name in ("counts", "cast", "decided", "voters"):
            said, found = getattr(self.record, name), getattr(self.tally, name)
            if said != found:
                _refuse("wrong_sum", f"{name} of the proposal", f"what the votes come to, {found}", said)


def _choice(ballot: Ballot) -> Sequence[int]:
    """The numbers that a ballot consists of."""
    if isinstance(ballot, Shares):
        return ballot.shares
    return () if isinstance(ballot, Sealed) else ballot.options


def _check_rankings(claim: RecordClaim, tally: Tally) -> None:
    """The ledger's table of rankings, which a conclusion is made from, is that of these votes."""
    rows = [
        (ranking_id(claim.key, options), weight, CODEC.encode("RankingRecord", RankingRecord(options)))
        for options, weight in tally.rankings.items()
    ]
    root, _ = map_root(sorted(rows, key=lambda row: tree_key(row[0])))
    if root != claim.table_root:
        _refuse("wrong_root", "rankings", f"those of the votes, whose root is {root.hex()}", claim.table_root.hex())


def _check_state(record: ProposalRecord, verdict: Verdict) -> None:
    """Where the proposal is concluded, it was concluded as the votes say."""
    state = record.state
    if isinstance(state, (ProposalPassed, ProposalExecuted)):
        if not verdict.passed or state.option != verdict.option or state.time < record.due:
            found = f"option {verdict.option}" if verdict.passed else "nothing"
            _refuse("wrong_record", "proposal, state", f"what the votes come to when due: {found}", state)
    elif isinstance(state, ProposalFailed):
        # Rankings that no transaction has room for are left out of the conclusion, once it comes too late to matter.
        is_late = isinstance(record.terms.form, Ranked) and state.time >= record.lapses
        if state.time < record.due or (verdict.passed and not is_late):
            _refuse("wrong_record", "proposal, state", "what the votes come to when due", state)


# The electorate


@dataclass(slots=True)
class _Electorate:
    """How far weights and their total were checked."""

    least: int
    most: int
    units: Literal["proven", "ended", "none"] = "none"
    attested_anew: list[bytes] = field(default_factory=list)
    paid_out: list[bytes] = field(default_factory=list)
    total: Literal["proven", "bounded", "ended"] = "proven"

    def bound(self, least: int, most: int) -> None:
        """The total is within what the records tell."""
        if not least <= self.least <= most:
            _refuse("wrong_sum", "electorate", f"{least:,} to {most:,}", f"{self.least:,}")
        self.total = "proven" if least == most else "bounded"
        self.least, self.most = least, most


def weighed_asset(record: ProposalRecord) -> bytes | None:
    """The asset whose units weigh."""
    electorate = record.terms.electorate
    if record.terms.weight is Weight.MEMBER or isinstance(electorate, (MembersElectorate, BackersElectorate)):
        return None
    return electorate.asset


def is_live(claim: RecordClaim) -> bool:
    """Whether a snapshot could be read at the checkpoint."""
    return claim.value is not None and claim.time < claim.value.until


def _check_electorate(reading: _Reading, record: ProposalRecord, counted: _Counted) -> _Electorate:
    found = _Electorate(record.electorate, record.electorate)
    electorate = record.terms.electorate
    if isinstance(electorate, BackersElectorate):
        _check_backers(reading, electorate, record, counted, found)
    if isinstance(electorate, (MembersElectorate, MemberHoldersElectorate)):
        _check_members(reading, electorate, record, counted.weights, found)
    asset = weighed_asset(record)
    if asset is not None:
        _check_units(reading, asset, record, counted.weights, found)
    if record.terms.weight is Weight.MEMBER:
        for member, weight in counted.weights.items():
            if weight != 1:
                _refuse("wrong_sum", f"weight of {member.hex()}", 1, weight)
    return found


def _check_backers(
    reading: _Reading, electorate: BackersElectorate, record: ProposalRecord, counted: _Counted, found: _Electorate
) -> None:
    group = reading.statement("hold_groups", electorate.group).value
    if group is None:
        _refuse("wrong_record", "group", "one that is there", "its absence")
    # Holds that were released since, before their deadline, are taken off the total.
    found.bound(group.total, group.put_in)
    root = reading.statement("holds", record.account).table_root
    proofs = Bundle(reading.bundle.view("proofs of holds"), b"", "ballots, holds")
    for member, vote in counted.votes():
        what = f"hold {member.hex()}"
        proven = verify_map_proof(root, tree_key(member), proofs.part(what))
        if proven.value is None:
            _refuse("wrong_record", what, "one that is there", "its absence")
        hold: HoldRecord = decode_record("holds", b"", member, proven.sum, proven.value)
        if hold.group != electorate.group:
            _refuse("wrong_record", what, f"one of the group {electorate.group.hex()}", "another's")
        counted.check_voter(member, hold.payer, vote)
        left = hold.amount - hold.settled - hold.released
        if not left <= vote.weight <= hold.amount:
            _refuse("wrong_sum", f"weight of {what}", f"{left:,} to {hold.amount:,}", f"{vote.weight:,}")
        if left != hold.amount:
            found.paid_out.append(member)
    proofs.end()


def _check_members(
    reading: _Reading,
    electorate: MembersElectorate | MemberHoldersElectorate,
    record: ProposalRecord,
    weights: Mapping[bytes, int],
    found: _Electorate,
) -> None:
    schema = reading.statement("schemas", electorate.schema).value
    if schema is None or tuple(schema.issuers) != (electorate.issuer,):
        _refuse("wrong_record", "schema", f"one by which {electorate.issuer.hex()} alone attests", schema)
    rows = reading.table("attestations", record.account, electorate.schema)
    voters = set(weights)
    least = most = 0
    for place in _places(rows):
        record_id, total, raw = _row(rows, place)
        attested: AttestationRecord = decode_record("attestations", electorate.schema, record_id, total, raw)
        # Whether it counted when the proposal was opened: in that very millisecond, and before it was attested anew,
        # nobody can tell.
        revoked = None if attested.revoked is None else attested.revoked.time
        if attested.issued < record.opened:
            least += revoked is None or revoked > record.opened
            most += revoked is None or revoked >= record.opened
        else:
            most += 1
        if attested.nonce == _NO_NONCE and attested.subject in voters:
            voters.remove(attested.subject)
            _check_member(attested, record.opened, found)
    if voters:
        _refuse("wrong_record", f"vote of {min(voters).hex()}", "that of a member", "no attestation")
    if record.terms.weight is not Weight.UNITS:
        found.bound(least, most)


def _check_member(attested: AttestationRecord, opened: int, found: _Electorate) -> None:
    if attested.issued >= opened:
        found.attested_anew.append(attested.subject)
        return
    if not attested.was_member(opened):
        what = f"vote of {attested.subject.hex()}"
        _refuse("wrong_record", what, f"that of a member at {opened} ms", "one whose membership had ended")


def _check_units(
    reading: _Reading, asset: bytes, record: ProposalRecord, weights: Mapping[bytes, int], found: _Electorate
) -> None:
    is_whole = record.terms.weight is Weight.UNITS
    claim = reading.statement("snapshots", snapshot_id(asset, record.snapshot or 0))
    if not is_live(claim):
        found.units = "ended"
        found.total = "ended" if is_whole else found.total
        return
    snapshot: SnapshotRecord = claim.value
    if snapshot.opened > record.opened or record.opened - snapshot.opened > record.terms.snapshot_ms:
        _refuse("wrong_record", "snapshot", f"one new enough at {record.opened} ms", f"one of {snapshot.opened} ms")
    found.units = "proven"
    left = dict(weights)
    whole = own = 0
    for account, units in _units_at(reading, asset, record):
        whole += units
        if account == record.account:
            own = units
        weight = left.pop(account, None)
        if weight is not None and weight != (units if is_whole else root_weight(units)):
            expected = f"what {units:,} units have in the snapshot"
            _refuse("wrong_sum", f"weight of {account.hex()}", expected, f"{weight:,}")
    if left:
        _refuse("wrong_sum", f"weight of {min(left).hex()}", "0, for the snapshot has no units of it", left[min(left)])
    if whole != snapshot.supply:
        _refuse("wrong_sum", "snapshot, units of all accounts", f"the supply, {snapshot.supply:,}", f"{whole:,}")
    if is_whole:
        found.bound(whole - own, whole - own)


def _units_at(reading: _Reading, asset: bytes, record: ProposalRecord) -> Iterator[tuple[bytes, int]]:
    """What every account had in the proposal's snapshot: what was saved when that changed, or what it has now."""
    number = record.snapshot or 0
    saved: dict[bytes, int] = {}
    rows = reading.table("saved", record.account, asset)
    for place in _places(rows):
        account, total, raw = _row(rows, place)
        balances: SavedRecord = decode_record("saved", asset, account, total, raw)
        units = balances.units_at(number)
        if units is not None:
            saved[account] = units
    holders = reading.table("holders", record.account, asset)
    for place in _places(holders):
        account, total, _ = _row(holders, place)
        yield account, saved.pop(account, total)
    yield from saved.items()


def _refuse(reason: str, what: str, expected: object, found: object) -> NoReturn:
    message = f"ballots, {what}: expected {expected}, found {found!s:.200}"
    raise ProofError(message, reason)
