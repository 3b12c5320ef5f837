"""Replay a log from genesis with no trust in who kept it: audits, and imports of exported ledgers.

Every entry is decoded strictly, every signature is verified, every transaction is applied again and must have the
effects that the log says, and every commit must state the root that the state then has. Checkpoints must be signed by
the operator's key that was in force, and have the root that the entries give. See `docs/guides/audit.md`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from counterfoil import _core
from counterfoil.exceptions import AuditError, CorruptionError, ProofError, WireError
from counterfoil.exports import ExportFile, committed_size, is_commit
from counterfoil.lapsing import spendable
from counterfoil.ledger import Ledger
from counterfoil.tiles import TileLog, claimed_checkpoint
from counterfoil.verify import (
    CODEC,
    AssetRecord,
    Checkpoint,
    Equivocation,
    FixedExpiry,
    InactivityExpiry,
    NoteKey,
    Verifier,
    verify_consistency,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["AssetTotals", "Audit", "History", "OperatorKey", "audit", "import_ledger"]

_PAGE_BYTES = 1 << 20
_NOTES = 1_000
_NOTES_TRIED = 100_000
"""So many checkpoints of a forked log are looked at for evidence, at most."""
_ALL = 1 << 64
"""More entries than any log has."""
_FAMILIES = {4: "holds", 5: "campaigns", 7: "deposits", 8: "distributions"}
"""What programme accounts are for, by the family of operations that they are of."""


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """A key of the ledger's operator.

    Attributes:
        index: The entry that brought it; 0 for the first.
        public_key: Ed25519, 32 bytes.
    """

    index: int
    public_key: bytes


@dataclass(frozen=True, slots=True)
class AssetTotals:
    """What an asset comes to, at the time of the last entry. Minor units, or items of a collection.

    Attributes:
        asset: Its id, 32 bytes.
        record: Its record: symbol, issuer, what was minted, burned, redeemed, swept and clawed back, debts.
        supply: What all holders have, which is what the record's totals come to.
        holders: How many accounts hold some; of a collection, how many items there are.
        outstanding: What has not lapsed of the supply: what the issuer is liable for.
        in_programmes: What of the supply waits in `holds`, `campaigns`, `distributions` and `deposits` of proposals;
            only what is not zero.
    """

    asset: bytes
    record: AssetRecord
    supply: int
    holders: int
    outstanding: int
    in_programmes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class History:
    """A log that holds together, from genesis to its last commit.

    Attributes:
        ledger: The ledger's id, 32 bytes.
        origin: Its name in checkpoints.
        size: Entries.
        root_hash: The root hash of the log, 32 bytes.
        state_root: The state root of the last commit, 32 bytes.
        transactions: Transactions.
        commits: Commits, of which every state root was found.
        known: Entries that the folder had already, verified by an earlier run.
        signatures: Signatures verified in this run.
        operators: The operator's keys, first to last.
        began: The time of genesis, ms.
        ended: The time of the last entry, ms.
        signed_size: How many entries the last checkpoint covers; 0 where there is none.
        is_trusted: Whether that checkpoint is signed by the verifier key that was given, or by a key that followed it.
            Without it the log is only known to be consistent with itself.
    """

    ledger: bytes
    origin: str
    size: int
    root_hash: bytes
    state_root: bytes
    transactions: int
    commits: int
    known: int
    signatures: int
    operators: tuple[OperatorKey, ...]
    began: int
    ended: int
    signed_size: int
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found to hold.

    Attributes:
        history: The log.
        assets: What each asset comes to, by symbol.
    """

    history: History
    assets: tuple[AssetTotals, ...]


def audit(
    source: str | os.PathLike[str] | Ledger,
    work: str | os.PathLike[str] | None = None,
    *,
    vkey: str | None = None,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,  # noqa: ANN401 - named and checked by the engine
) -> Audit:
    """Replay a log from genesis, and add up what is owed.

    Args:
        source: A ledger's folder, of which only the log is read, beside its writer; a file that `Ledger.export` wrote;
            a folder or URL of C2SP tiles with entries; or a ledger that is open in this process.
        work: A folder that keeps what was replayed. A run that was interrupted goes on from there, and so does the next
            audit of the same ledger. It is a ledger that can be opened read-only. Without it a temporary folder is
            used, and removed.
        vkey: The verifier key of the operator, from a source that you trust: the one in force or an earlier one. It is
            needed to read tiles, and must there be the one in force. With it the audit ends with the last checkpoint:
            what follows nobody has signed.
        progress: Called with (entries applied, entries in all); what it raises ends the audit.
        **options: As for `Ledger.open`.

    Raises:
        AuditError: The log contradicts its rules, its checkpoints or what `work` holds; or no checkpoint of it is
            signed by `vkey` or a key that followed it. What was good before the place that it names is kept in `work`,
            but for the latter in a first audit. Where the operator has signed another history than the one that is
            kept, `evidence` shows it.
        FileExistsError: `work` holds something else, or a ledger that was opened for writing.
        ProofError: Tiles are not those of a checkpoint, or `vkey` is no verifier key.
        LockedError: `work` is in use.
        OSError: The source cannot be read.

    Example:
        >>> import tempfile
        >>> from counterfoil import Key, Ledger
        >>> from counterfoil.audit import audit
        >>> folder = tempfile.TemporaryDirectory()
        >>> operator, roaster, ann = (Key.generate() for _ in range(3))
        >>> with Ledger.create(f"{folder.name}/club.ledger", origin="club.example/beans", operator=operator) as ledger:
        ...     bean = ledger.create_asset(roaster, "BEAN")
        ...     outcome = ledger.mint(roaster, bean, to=ann.account, amount=500)
        ...     vkey = ledger.verifier_key
        >>> found = audit(f"{folder.name}/club.ledger", vkey=vkey)
        >>> found.history.is_trusted, found.history.transactions, found.assets[0].outstanding
        (True, 2, 500)
        >>> folder.cleanup()
    """
    with ExitStack() as stack:
        if work is None:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counterfoil-audit-"))) / "ledger"
        history = _replay(source, Path(work), vkey, progress, options)
        with Ledger.open(work, read_only=True, index=False) as ledger:
            return Audit(history, _totals(ledger))


def import_ledger(
    file: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    vkey: str | None = None,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,  # noqa: ANN401 - named and checked by the engine
) -> History:
    """Make a ledger from a file that `Ledger.export` wrote: with the same log, the same ids and the same roots.

    The state is computed again from the log, as by `audit`. The ledger opens like a restored backup: it does not sign
    before it has been compared with the last checkpoint that was published (`Ledger.confirm`).

    Args:
        file: The file.
        folder: A new or empty folder; or one in which an earlier import of the same ledger ended early or with fewer
            entries, and which was not opened for writing since: then it goes on.
        vkey: As for `audit`; but what follows the last checkpoint is taken, too.
        progress: Called with (entries applied, entries in all); what it raises ends the import.
        **options: As for `Ledger.open`.

    Raises:
        AuditError: The file is no whole export, or its log does not hold; as `audit`.
        FileExistsError: The folder holds something else.
        OSError: The file cannot be read.
    """
    return _replay(Path(file), Path(folder), vkey, progress, options, is_export=True)


def _replay(
    source: str | os.PathLike[str] | Ledger,
    folder: Path,
    vkey: str | None,
    progress: Callable[[int, int], object] | None,
    options: Mapping[str, object],
    *,
    is_export: bool = False,
) -> History:
    """Feed a folder from a source, and say what it holds then."""
    key = None if vkey is None else NoteKey.parse(vkey)
    with ExitStack() as stack:
        log = stack.enter_context(closing(_File(source) if is_export else _source(source, vkey)))
        first = log.first()
        if key is not None:
            _check_origin(key, first)
        feed = stack.enter_context(closing(_open(folder, first, key, options)))
        known = feed.size()
        if key is not None and not is_export:
            log.end_with_checkpoint(known, _signed_size(feed))
        total = log.size

        def tell(applied: int) -> None:
            if progress is not None:
                progress(min(applied, total), total)

        try:
            if known:
                log.check_history(feed, min(known, total))
            signatures = _feed(log, feed, known, tell)
        except _ForkError as fork:
            raise _explained(fork, log, feed, folder, key) from None
        size, root_hash = feed.size(), feed.log_root(feed.size())
        if known > total:
            expected = f"at least the {known:,} entries that were audited before"
            _refuse("log", expected, f"{total:,}: it is truncated, or an older copy")
        log.check_end(size, root_hash)
        for notes in log.notes(size, _signed_size(feed)):
            _put_notes(log, feed, notes)
        tell(size)
        operators = _operators(feed)
        signed_size = _signed_size(feed)
        if key is not None:
            try:
                _check_trust(key, operators, signed_size)
            except AuditError:
                if not known:
                    # Nobody shall take for a ledger of the operator's what he has not signed.
                    feed.close()
                    _empty(folder)
                raise
    with Ledger.open(folder, read_only=True, index=False) as ledger:
        commits = ledger.height + 1
        return History(
            ledger=ledger.id,
            origin=ledger.origin,
            size=size,
            root_hash=root_hash,
            state_root=ledger.state_root,
            transactions=size - commits - len(operators),  # The genesis brought the first key.
            commits=commits,
            known=known,
            signatures=signatures,
            operators=operators,
            began=ledger.genesis.time,
            ended=ledger.time,
            signed_size=signed_size,
            is_trusted=key is not None,
        )


def _refuse(place: str, expected: str, found: str, index: int | None = None) -> NoReturn:
    raise AuditError(place, expected, found, index)


def _check_origin(key: NoteKey, first: bytes) -> None:
    """Refuse a log of another name before anything of it is stored."""
    genesis = _genesis(first)
    if genesis is not None and key.name != genesis.origin:
        _refuse("origin", f"{key.name}, as the verifier key says", genesis.origin)


def _genesis(first: bytes) -> Any:  # noqa: ANN401 - one, or None
    """What the first entry says, where it is one: whoever opens the folder says what else it is."""
    try:
        return CODEC.decode("Genesis", first[1:]) if first[:1] == b"\0" else None
    except WireError:
        return None


def _open(folder: Path, first: bytes, key: NoteKey | None, options: Mapping[str, object]) -> _core.Feed:
    try:
        return _core.Feed.open(str(folder), first, options)
    except AuditError as error:
        if _genesis(first) is None or not (folder / "format").exists():
            raise
        # The folder is of another ledger, and maybe of one that nobody else has ever heard of.
        with Ledger.open(folder, read_only=True, index=False) as held:
            own = next(held.entries())
        with closing(_core.Feed.open(str(folder), own, options)) as feed:
            signed = _vouched(feed, key)
        if signed:
            raise
        _refuse(error.place, error.expected, f"{error.found}{_not_signed(folder, 0)}", error.index)


def _not_signed(folder: Path, signed: int) -> str:
    return f"; what {folder} has from entry {signed:,} on is not signed by the operator: remove it, and audit again"


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _known_history(size: int, root_hash: bytes) -> str:
    return f"the history that was audited before, which has root {root_hash.hex()} at {size:,} entries"


def _signed_size(feed: _core.Feed) -> int:
    last = feed.last_note()
    return 0 if last is None else last[0]


def _operators(feed: _core.Feed) -> tuple[OperatorKey, ...]:
    return tuple([OperatorKey(index, public_key) for index, public_key in feed.operators()])


def _vouched(feed: _core.Feed, key: NoteKey | None) -> int:
    """How many entries of a folder a checkpoint covers: by this key or one that followed it, if there is one."""
    signed = _signed_size(feed)
    if key is not None:
        try:
            _check_trust(key, _operators(feed), signed)
        except AuditError:
            return 0
    return signed


def _feed(log: _Source, feed: _core.Feed, known: int, tell: Callable[[int], object]) -> int:
    """Feed what is new, and return how many signatures were verified."""
    first, batches = log.batches(min(known, log.size))
    try:
        return feed.run(batches, first, tell)[1]
    except AuditError as error:
        if error.index is None or error.index >= known:
            raise
        expected = _known_history(known, feed.log_root(known))
        raise _ForkError(error.place, expected, f"another one, of {log.size:,} entries", error.index) from None


def _check_trust(key: NoteKey, operators: tuple[OperatorKey, ...], signed_size: int) -> None:
    """Refuse a log of which no checkpoint is signed by this key, or by one that followed it."""
    place = next((place for place, one in enumerate(operators) if one.public_key == key.public_key), None)
    if place is None and signed_size:
        found = ", ".join(one.public_key.hex() for one in operators)
        _refuse("operator", f"key {key.public_key.hex()}", f"only {found}")
    signer = max((at for at, one in enumerate(operators) if one.index < signed_size), default=-1)
    if place is None or signer < place:
        _refuse("checkpoints", f"one signed by {key.text} or a key that followed it", "none")


# --------------------------------------------------------------------------------------------------------------------
# Two histories


class _ForkError(AuditError):
    """The source has another history than the folder, from the entry `index` on."""


def _explained(fork: AuditError, log: _Source, feed: _core.Feed, folder: Path, key: NoteKey | None) -> AuditError:
    """Whose word stands against whose: with evidence, if the operator has signed both."""
    index = fork.index or 0
    signed = _vouched(feed, key)
    if index >= signed:
        expected = f"the one that {folder} has there"
        return AuditError(fork.place, expected, f"another one{_not_signed(folder, signed)}", index)
    found, why = _equivocation(log, feed, index, chain.from_iterable(log.notes(_ALL, index)))
    told = "; the operator has signed both" if found else f"; no evidence for others: {why}"
    return _with_evidence(AuditError(fork.place, fork.expected, f"{fork.found}{told}", index), found)


def _with_evidence(error: AuditError, found: tuple[Equivocation, NoteKey] | None) -> AuditError:
    if found is not None:
        error.evidence, error.evidence_vkey = bytes(found[0]), found[1].text
    return error


def _put_notes(log: _Source, feed: _core.Feed, notes: list[bytes]) -> None:
    try:
        feed.put_notes(notes)
    except AuditError as error:
        # One that does not hold may contradict those that do.
        for note in notes:
            with suppress(AuditError):
                feed.put_notes([note])
        raise _with_evidence(error, _equivocation(log, feed, 0, iter(notes))[0]) from None


def _equivocation(
    log: _Source, feed: _core.Feed, index: int, notes: Iterator[bytes]
) -> tuple[tuple[Equivocation, NoteKey] | None, str]:
    """A checkpoint of theirs that contradicts one of ours, as `Verifier.equivocation` takes it, and the signer's key.

    Args:
        log: The source.
        feed: The folder, whose checkpoints were verified.
        index: The first entry of which the two are known to differ.
        notes: Checkpoints of the source, which nobody has verified.

    Returns:
        The evidence; or None, and why there is none.
    """
    last = feed.last_note()
    if last is None:
        return None, "no checkpoint of what was audited is signed"
    origin, operators = claimed_checkpoint(last[1]).origin, feed.operators()
    why = "it has no checkpoint of what differs"
    try:
        for note in islice(notes, _NOTES_TRIED):
            with suppress(ProofError):
                theirs = claimed_checkpoint(note)
                size = theirs.tree_size
                if size <= index or (size <= last[0] and feed.log_root(size) == theirs.root_hash):
                    continue
                # The one of ours next to it: a later one may be by a later key.
                at, own = next(iter(feed.notes(size - 1, 1)), last)
                key = NoteKey(origin, max(one for one in operators if one[0] < min(at, size))[1])
                why = f"none of its checkpoints there is signed by {key.text}"
                if size > at:
                    proof = log.continuation(at, theirs)
                    if proof is None:
                        why = f"its checkpoints there cover more than our {at:,} entries, and a file proves nothing"
                        continue
                    return (Verifier(key.text).equivocation(own, note, proof), key), ""
                proof = () if size == at else (feed.log_root(size), *feed.prove_consistency(size, at))
                return (Verifier(key.text).equivocation(note, own, proof), key), ""
    except (AuditError, OSError):
        why = "its checkpoints cannot be read"
    return None, why


# --------------------------------------------------------------------------------------------------------------------
# Where logs are read from


class _Source(Protocol):
    """A log that is read from somewhere, up to its last commit.

    Attributes:
        size: How many entries that is.
    """

    size: int

    def first(self) -> bytes:
        """The first entry."""

    def end_with_checkpoint(self, known: int, after: int) -> None:
        """Read no further than the last checkpoint says, which is not verified yet, or than what is known.

        What follows no operator has signed, so that anybody may have made it up. Checkpoints up to the size `after` are
        known. Where the last one is not right after a commit, the next commit is the end.
        """

    def batches(self, known: int) -> tuple[int, Iterator[bytes] | Iterator[list[bytes]]]:
        """Entries from `known` on, or from an earlier one, whose index comes first."""

    def check_history(self, feed: _core.Feed, size: int) -> None:
        """Refuse a log whose first `size` entries are not the folder's, where that shows before they are read."""

    def check_end(self, size: int, root_hash: bytes) -> None:
        """Refuse what was read where it is not what the source said it would be."""

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        """Checkpoints, unverified: those after a size, or more; and up to `size`, where the source is still written."""

    def continuation(self, old: int, checkpoint: Checkpoint) -> tuple[bytes, ...] | None:
        """The root that the log has at a size, and the proof that the checkpoint's tree continues it.

        None where the log cannot tell.
        """

    def close(self) -> None:
        """Let go of it."""


def _source(source: str | os.PathLike[str] | Ledger, vkey: str | None) -> _Source:
    if isinstance(source, Ledger):
        return _Log(source._engine, lambda: None)
    text = os.fspath(source)
    is_url = "://" in text
    if is_url or (Path(text) / "checkpoint").is_file():
        if vkey is None:
            message = f"{text}: expected the verifier key as well, without which tiles cannot be read"
            raise ValueError(message)
        return _Tiles(TileLog(text, vkey))
    if not Path(text).is_dir():
        return _File(text)
    with _damage_refused():
        log = _core.Log.open(text)
    return _Log(log, log.close)


def _refuse_fork(feed: _core.Feed, size: int, root_of: Callable[[int], bytes], found: str) -> NoReturn:
    """Name the first entry that two logs do not share, which have two roots at a size."""
    same, other = 0, size
    while other - same > 1:
        middle = (same + other) // 2
        if root_of(middle) == feed.log_root(middle):
            same = middle
        else:
            other = middle
    place = f"log entry {same}"
    raise _ForkError(place, _known_history(size, feed.log_root(size)), found, same)


@contextmanager
def _damage_refused() -> Iterator[None]:
    """What contradicts itself where the log comes from is the log's fault, not that of the folder that is fed."""
    try:
        yield
    except CorruptionError as error:
        _refuse("source", "a log that is stored as it was written", str(error))


class _Log:
    """The log of a ledger's folder, or of an open ledger."""

    def __init__(self, log: _core.Log | _core.Engine, close: Callable[[], None]) -> None:
        self._log, self.close = log, close
        with _damage_refused():
            self.size = committed_size(log)
        if self.size == 0:
            _refuse("log", "a commit", "none")

    def end_with_checkpoint(self, known: int, after: int) -> None:
        end = max([2, known, after, *(at for at, _ in self._notes(after) if at <= self.size)])
        with _damage_refused():
            while end < self.size and not is_commit(self._log, end - 1):
                end += 1
        self.size = min(end, self.size)

    def first(self) -> bytes:
        with _damage_refused():
            return self._log.frames(0, 1, 1)[0][4:]

    def batches(self, known: int) -> tuple[int, Iterator[bytes]]:
        return known, self._frames(known)

    def _frames(self, index: int) -> Iterator[bytes]:
        while index < self.size:
            with _damage_refused():
                frames, index = self._log.frames(index, _PAGE_BYTES, self.size)
            yield frames

    def _root(self, size: int) -> bytes:
        with _damage_refused():
            return self._log.log_root(size)

    def check_history(self, feed: _core.Feed, size: int) -> None:
        ours, theirs = feed.log_root(size), self._root(size)
        if ours == theirs:
            return
        _refuse_fork(feed, size, self._root, f"another one, with root {theirs.hex()} there")

    def check_end(self, size: int, root_hash: bytes) -> None:
        pass  # The root is what the entries give; what the folder says it is does not matter.

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        # What was signed since the log was looked at is for the next time; what has no entries is for now.
        due = (note for at, note in self._notes(after) if at <= size or at > self._stored())
        while page := list(islice(due, _NOTES)):
            yield page

    def _stored(self) -> int:
        with _damage_refused():
            return self._log.size()

    def _notes(self, after: int) -> Iterator[tuple[int, bytes]]:
        while True:
            with _damage_refused():
                page = self._log.notes(after, _NOTES)
            if not page:
                return
            yield from page
            after = page[-1][0]

    def continuation(self, old: int, checkpoint: Checkpoint) -> tuple[bytes, ...] | None:
        if checkpoint.tree_size > self.size:
            return None
        with _damage_refused():
            return (self._log.log_root(old), *self._log.prove_consistency(old, checkpoint.tree_size))


class _File:
    """An exported ledger."""

    def __init__(self, path: str | os.PathLike[str] | Ledger) -> None:
        if isinstance(path, Ledger):
            message = f"expected a file, found {path!r}"
            raise TypeError(message)
        self._file = ExportFile(path)
        self.size = self._file.size
        self.close = self._file.close
        self._least: int | None = None

    def end_with_checkpoint(self, known: int, after: int) -> None:
        signed = self._file.signed_size()
        self._least = self.size = min(max(signed, after, known), self.size)

    def first(self) -> bytes:
        return self._file.first()

    def batches(self, known: int) -> tuple[int, Iterator[bytes]]:
        del known
        return 0, self._file.frames(self._least)

    def check_history(self, feed: _core.Feed, size: int) -> None:
        pass  # Entries are compared as they are read, from the first on.

    def check_end(self, size: int, root_hash: bytes) -> None:
        file = self._file
        is_other = size == file.size and root_hash != file.root_hash
        if file.count != file.size or size < self.size or is_other:
            expected = f"the {file.size:,} entries up to a commit, with root {file.root_hash.hex()}, that it says"
            _refuse("export", expected, f"{size:,} with root {root_hash.hex()}, of {file.count:,}")

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        del size, after
        return self._file.notes()

    def continuation(self, old: int, checkpoint: Checkpoint) -> tuple[bytes, ...] | None:
        del old, checkpoint
        return None


class _Tiles:
    """C2SP tiles, with entry bundles."""

    def __init__(self, log: TileLog) -> None:
        self._log = log
        self._note, checkpoint = log.checkpoint()
        self.size, self._root_hash = checkpoint.tree_size, checkpoint.root_hash
        if not self.size:
            _refuse("tiles", "a checkpoint of entries", "one of none")

    def end_with_checkpoint(self, known: int, after: int) -> None:
        pass  # That is what tiles do.

    def first(self) -> bytes:
        return next(self._log.entries(0, self.size, self._root_hash))[0]

    def batches(self, known: int) -> tuple[int, Iterator[list[bytes]]]:
        return known, self._log.entries(known, self.size, self._root_hash)

    def check_history(self, feed: _core.Feed, size: int) -> None:
        ours = feed.log_root(size)
        proof = self._log.prove_consistency(size, self.size, self._root_hash)
        try:
            verify_consistency(size, self.size, ours, self._root_hash, proof)
        except ProofError:
            found = f"another one: {self.size:,} entries with root {self._root_hash.hex()}, which do not continue it"
            _refuse_fork(feed, size, lambda old: self._log.root_at(old, self.size, self._root_hash), found)

    def check_end(self, size: int, root_hash: bytes) -> None:
        pass  # The checkpoint is compared with the entries when it is kept.

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        del size, after
        yield [self._note]

    def continuation(self, old: int, checkpoint: Checkpoint) -> tuple[bytes, ...] | None:
        size, root = checkpoint.tree_size, checkpoint.root_hash
        return (self._log.root_at(old, size, root), *self._log.prove_consistency(old, size, root))

    def close(self) -> None:
        pass


# --------------------------------------------------------------------------------------------------------------------
# What a state comes to


def _totals(ledger: Ledger) -> tuple[AssetTotals, ...]:
    programmes = _programmes(ledger)
    totals = [_total(ledger, asset, record, programmes.get(asset, {})) for asset, record in ledger.assets()]
    return tuple(sorted(totals, key=lambda one: (one.record.symbol, one.asset)))


def _programmes(ledger: Ledger) -> dict[bytes, dict[str, int]]:
    """By asset, what waits in programme accounts, by what they are for."""
    found: dict[bytes, dict[str, int]] = {}
    for account, record in ledger.accounts():
        name = _FAMILIES.get(record.family) if record.family is not None else None
        asset = None if name is None else _asset_of(ledger, name, account)
        units = 0 if asset is None else ledger.balance(asset, account)
        if name is not None and asset is not None and units:
            of_asset = found.setdefault(asset, {})
            of_asset[name] = of_asset.get(name, 0) + units
    return found


def _asset_of(ledger: Ledger, name: str, account: bytes) -> bytes | None:
    if name == "deposits":
        proposal = ledger.proposal(account)
        deposit = None if proposal is None else proposal.terms.deposit
        return None if deposit is None else deposit.asset
    record = {"holds": ledger.hold, "campaigns": ledger.campaign, "distributions": ledger.distribution}[name](account)
    return None if record is None else record.asset


def _total(ledger: Ledger, asset: bytes, record: AssetRecord, in_programmes: Mapping[str, int]) -> AssetTotals:
    holders, units = ledger._engine.total("holders", asset)
    items, _ = ledger._engine.total("items", asset)
    supply = units + items
    if supply != record.supply:
        _refuse(f"asset {asset.hex()}", f"a supply of {record.supply:,}, as its totals say", f"{supply:,}")
    time = ledger.time
    lapses = record.sunset is not None or any(
        isinstance(term, (FixedExpiry, InactivityExpiry)) for term in record.policy_at(time)
    )
    outstanding = sum(spendable(record, held, time) for _, held in ledger.holders(asset)) if lapses else supply
    return AssetTotals(asset, record, supply, holders or items, outstanding, in_programmes)
