"""A proposal's ballots, read and proven at a checkpoint and written to one file: see `ballots`.

The ledger goes on meanwhile: whatever changes what is written has it written again.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, Final

from counterfoil._bundle import join
from counterfoil._checks import identifier
from counterfoil.exceptions import LedgerError, OperatorKeyError, ProofError, ReadOnlyError, UnconfirmedError
from counterfoil.governance.ballots import HEADER, ROW, is_live, weighed_asset
from counterfoil.governance.proposal import title_hash
from counterfoil.verify import (
    BackersElectorate,
    MemberHoldersElectorate,
    MembersElectorate,
    Ranked,
    Verifier,
    _split_question,
    _split_statement,
    map_root,
    snapshot_id,
    tree_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.history import Past
    from counterfoil.ledger import Ledger
    from counterfoil.verify import ProposalRecord, RecordClaim

_LENGTH_END: Final = 2**32
_TITLE_BYTES_MAX: Final = 100_000
_LIVE_ATTEMPTS: Final = 2
_PAST_ATTEMPTS: Final = 3
_TELL_EVERY: Final = 10_000
_PROOFS_AT_ONCE: Final = 10_000


class _MovedError(Exception):
    """The state moved on while it was read."""


def export_ballots(
    ledger: Ledger,
    proposal: bytes,
    *,
    title: str | None = None,
    time: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> bytes:
    """A proposal's ballots with their proofs: a bundle for `verify_ballots`. See `write_ballots`.

    It names every voter, and where units weigh every holder of the asset with its balance: whoever gets the bundle
    learns what the ledger's operator knows of them, which is account ids and amounts.

    Args:
        ledger: The ledger.
        proposal: The proposal's id, 32 bytes.
        title: What members read, to be in the bundle.
        time: The checkpoint's time, ms; now if None.
        progress: Called with how many records are written, every 10,000.

    Raises:
        LookupError: There is no such proposal.
        ValueError: The title is not the proposal's.
        OperatorKeyError: The last commit has no checkpoint, and the ledger was opened without its operator's key.
        LedgerError: The state moved on, again and again.
    """
    file = io.BytesIO()
    write_ballots(file, ledger, proposal, title=title, time=time, progress=progress)
    return file.getvalue()


def write_ballots(
    file: BinaryIO,
    ledger: Ledger,
    proposal: bytes,
    *,
    title: str | None = None,
    time: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Write a proposal's ballots with their proofs to a file: a million votes pass through, and stay nowhere.

    A checkpoint is made for it, if the ledger may sign; else it is of the last one. What is applied meanwhile is left
    out: if that changes what is read, it is read again, and at last from the log, as `Ledger.as_of` does.

    Args:
        file: Where to, open for writing and reading, and able to seek; from where it stands on.
        ledger: The ledger.
        proposal: As of `export_ballots`.
        title: As of `export_ballots`.
        time: As of `export_ballots`.
        progress: As of `export_ballots`.

    Raises:
        LookupError: There is no such proposal.
        ValueError: The title is not the proposal's.
        OperatorKeyError: As of `export_ballots`.
        LedgerError: As of `export_ballots`.
    """
    record = ledger.proposal(identifier(proposal, "proposal"))
    if record is None:
        message = f"proposal: expected one of {ledger.origin}, found {proposal.hex()}"
        raise LookupError(message)
    text = b"" if title is None else _title_bytes(title)
    if title is not None and title_hash(title) != record.title:
        message = f"title: expected the one that the proposal has the hash of, found {title!r:.80}"
        raise ValueError(message)
    start = file.tell()
    for attempt in range(_LIVE_ATTEMPTS + _PAST_ATTEMPTS):
        _make_checkpoint(ledger, time)
        file.seek(start)
        file.truncate()
        try:
            export = _Export(file, ledger, proposal, is_past=attempt >= _LIVE_ATTEMPTS, progress=progress)
            export.write(text)
        except _MovedError:
            continue
        return
    message = (
        f"ballots: expected a moment without changes of what they are about, found none in "
        f"{_LIVE_ATTEMPTS + _PAST_ATTEMPTS} attempts: use a backup"
    )
    raise LedgerError(message)


def _title_bytes(title: str) -> bytes:
    encoded = title.encode()
    if not 1 <= len(encoded) <= _TITLE_BYTES_MAX:
        message = f"title: expected 1 to {_TITLE_BYTES_MAX:,} bytes, found {len(encoded):,}"
        raise ValueError(message)
    return encoded


def _make_checkpoint(ledger: Ledger, time: int | None) -> None:
    try:
        ledger.checkpoint(time=time)
    except (OperatorKeyError, ReadOnlyError, UnconfirmedError):
        # A reader, or a copy: the last checkpoint is what it can prove.
        if ledger.last_checkpoint is None:
            raise


class _Export:
    """A bundle in the making: what it says is read and proven at the last checkpoint."""

    def __init__(
        self,
        file: BinaryIO,
        ledger: Ledger,
        proposal: bytes,
        *,
        is_past: bool,
        progress: Callable[[int], object] | None,
    ) -> None:
        self._file = file
        self._ledger = ledger
        self._verifier = Verifier(ledger.verifier_key, ledger=ledger.id)
        self._proposal = proposal
        self._is_past = is_past
        self._past: Past | None = None
        self._plan: list[tuple[bytes, RecordClaim, bool]] = []
        self._hold_proofs: dict[bytes, bytes] = {}
        self._voters: list[bytes] = []
        self._progress = progress
        self._written = 0

    def write(self, title: bytes) -> None:
        """Prove everything first, for the ledger goes on; then write it, with the lists."""
        self._prove()
        if self._is_past:
            self._past = self._ledger.as_of(self._plan[0][1].time)
        self._file.write(HEADER + join(title))
        for statement, claim, has_list in self._plan:
            self._file.write(join(statement))
            if has_list:
                with _Length(self._file):
                    self._write_list(claim)

    def _prove(self) -> None:
        record: ProposalRecord | None = self._statement("proposals", self._proposal).value
        if record is None:
            message = f"proposal: expected one under the last checkpoint, found {self._proposal.hex()}, which is newer"
            raise LookupError(message)
        # Where a table as a whole is meant, any record of it will do, or its absence.
        own = record.account
        electorate = record.terms.electorate
        self._statement("votes", own, self._proposal, has_list=True)
        if isinstance(record.terms.form, Ranked):
            self._statement("rankings", own, self._proposal)
        if isinstance(electorate, BackersElectorate):
            self._statement("hold_groups", electorate.group)
            self._statement("holds", own, has_list=True)
            self._prove_holds()
        if isinstance(electorate, (MembersElectorate, MemberHoldersElectorate)):
            self._statement("schemas", electorate.schema)
            self._statement("attestations", own, electorate.schema, has_list=True)
        asset = weighed_asset(record)
        if asset is not None and is_live(self._statement("snapshots", snapshot_id(asset, record.snapshot or 0))):
            self._statement("saved", own, asset, has_list=True)
            self._statement("holders", own, asset, has_list=True)

    def _statement(self, table: str, record_id: bytes, key: bytes = b"", *, has_list: bool = False) -> RecordClaim:
        data = bytes(self._ledger.prove(table, record_id, key=key or None))
        claim = self._verifier.record(data, table=table, key=key, record_id=record_id)
        if self._plan and claim.tree_size != self._plan[0][1].tree_size:
            raise _MovedError
        self._plan.append((data, claim, has_list))
        return claim

    def _prove_holds(self) -> None:
        """Of each hold that voted the way to the root of the holds."""
        common = _proof_and_rest(self._plan[-1][0])[1]
        members = [member for member, _, _ in self._ledger._records("votes", self._proposal)]
        for start in range(0, len(members), _PROOFS_AT_ONCE):
            some = members[start : start + _PROOFS_AT_ONCE]
            for member, statement in zip(some, self._ledger.prove_records("holds", some), strict=True):
                self._hold_proofs[member], rest = _proof_and_rest(bytes(statement))
                if rest != common:
                    raise _MovedError

    def _write_list(self, claim: RecordClaim) -> None:
        if claim.table == "holds":
            # Of those whose votes were written, in the same order; there may be newer votes.
            for member in self._voters:
                if member not in self._hold_proofs:
                    raise _MovedError
                self._file.write(join(self._hold_proofs[member]))
            return
        try:
            root, _ = map_root(self._written_rows(claim))
        except ProofError:
            # What was read in pages is of several moments.
            raise _MovedError from None
        if root != claim.table_root:
            raise _MovedError

    def _written_rows(self, claim: RecordClaim) -> Iterator[tuple[bytes, int, bytes]]:
        """The records of a table, written while they pass."""
        if self._past is None:
            rows: Iterable[tuple[bytes, int, bytes]] = self._ledger._records(claim.table, claim.key)
        else:
            rows = sorted(self._past._records(claim.table, claim.key), key=lambda row: tree_key(row[0]))
        for record_id, total, value in rows:
            self._file.write(ROW.pack(record_id, total.to_bytes(16, "big"), len(value)) + value)
            if claim.table == "votes" and self._hold_proofs:
                self._voters.append(record_id)
            self._written += 1
            if self._progress is not None and self._written % _TELL_EVERY == 0:
                self._progress(self._written)
            yield record_id, total, value


def _proof_and_rest(statement: bytes) -> tuple[bytes, object]:
    proof, *rest = _split_statement(_split_question(statement)[3])
    return proof, rest


class _Length:
    """Puts before what is written inside how long it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = 0

    def __enter__(self) -> None:
        self._start = self._file.tell()
        self._file.write(bytes(4))

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is not None:
            return
        end = self._file.tell()
        size = end - self._start - 4
        if size >= _LENGTH_END:
            message = f"ballots: expected lists of less than 4 GiB, found one of {size:,} bytes"
            raise LedgerError(message)
        self._file.seek(self._start)
        self._file.write(size.to_bytes(4, "little"))
        self._file.seek(end)
