"""Replay a log from genesis with no trust in who kept it: audits, and imports of exported ledgers.

Every entry is decoded strictly, every signature is verified, every transaction is applied again and must have the
effects that the log says, and every commit must state the root that the state then has. Checkpoints must be signed by
the operator's key that was in force, and have the root that the entries give. See `docs/guides/audit.md`.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from counterfoil import _core
from counterfoil.exceptions import AuditError, CorruptionError, ProofError
from counterfoil.exports import ExportFile, committed_size
from counterfoil.lapsing import spendable
from counterfoil.ledger import Ledger
from counterfoil.verify import AssetRecord, FixedExpiry, InactivityExpiry, NoteKey, verify_consistency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from counterfoil.tiles import TileLog

__all__ = ["AssetTotals", "Audit", "History", "OperatorKey", "audit", "import_ledger"]

_PAGE_BYTES = 1 << 20
_NOTES = 1_000
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
            needed to read tiles, and must there be the one in force.
        progress: Called with (entries applied, entries in all); what it raises ends the audit.
        **options: As for `Ledger.open`.

    Raises:
        AuditError: The log contradicts its rules, its checkpoints or what `work` holds; or no checkpoint of it is
            signed by `vkey` or a key that followed it. What was good before the place that it names is kept in `work`.
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
        vkey: As for `audit`.
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
        feed = stack.enter_context(closing(_core.Feed.open(str(folder), log.first(), options)))
        known, total = feed.size(), log.size

        def tell(applied: int) -> None:
            if progress is not None:
                progress(min(applied, total), total)

        if known:
            log.check_history(feed, min(known, total))
        signatures = _feed(log, feed, known, tell)
        size, root_hash = feed.size(), feed.log_root(feed.size())
        if known > total:
            expected = f"at least the {known:,} entries that were audited before"
            _refuse("log", expected, f"{total:,}: it is truncated, or an older copy")
        log.check_end(size, root_hash)
        for notes in log.notes(size, _signed_size(feed)):
            feed.put_notes(notes)
        tell(size)
        operators = tuple([OperatorKey(index, public_key) for index, public_key in feed.operators()])
        signed_size = _signed_size(feed)
    with Ledger.open(folder, read_only=True, index=False) as ledger:
        if key is not None:
            _check_trust(key, ledger.origin, operators, signed_size)
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


def _known_history(size: int, root_hash: bytes) -> str:
    return f"the history that was audited before, which has root {root_hash.hex()} at {size:,} entries"


def _signed_size(feed: _core.Feed) -> int:
    last = feed.last_note()
    return 0 if last is None else last[0]


def _feed(log: _Source, feed: _core.Feed, known: int, tell: Callable[[int], object]) -> int:
    """Feed what is new, and return how many signatures were verified."""
    first, batches = log.batches(min(known, log.size))
    try:
        return feed.run(batches, first, tell)[1]
    except AuditError as error:
        if error.index is None or error.index >= known:
            raise
        expected = _known_history(known, feed.log_root(known))
        _refuse(error.place, expected, f"another one, of {log.size:,} entries", error.index)
    except ProofError:
        raise
    except ValueError as error:  # Frames that are cut short, in a block that is whole.
        _refuse("entries", "whole ones", str(error))


def _check_trust(key: NoteKey, origin: str, operators: tuple[OperatorKey, ...], signed_size: int) -> None:
    """Refuse a log of which no checkpoint is signed by this key, or by one that followed it."""
    if key.name != origin:
        _refuse("origin", f"{key.name}, as the verifier key says", origin)
    place = next((place for place, one in enumerate(operators) if one.public_key == key.public_key), None)
    if place is None:
        found = ", ".join(one.public_key.hex() for one in operators)
        _refuse("operator", f"key {key.public_key.hex()}", f"only {found}")
    signer = max((at for at, one in enumerate(operators) if one.index < signed_size), default=-1)
    if signer < place:
        _refuse("checkpoints", f"one signed by {key.text} or a key that followed it", "none")


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

    def batches(self, known: int) -> tuple[int, Iterator[bytes] | Iterator[list[bytes]]]:
        """Entries from `known` on, or from an earlier one, whose index comes first."""

    def check_history(self, feed: _core.Feed, size: int) -> None:
        """Refuse a log whose first `size` entries are not the folder's, where that shows before they are read."""

    def check_end(self, size: int, root_hash: bytes) -> None:
        """Refuse what was read where it is not what the source said it would be."""

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        """Checkpoints, once the entries are read: those after a size, or more."""

    def close(self) -> None:
        """Let go of it."""


def _source(source: str | os.PathLike[str] | Ledger, vkey: str | None) -> _Source:
    if isinstance(source, Ledger):
        return _Log(source._engine, lambda: None)
    text = os.fspath(source)
    is_url = "://" in text
    if is_url or (Path(text) / "checkpoint").is_file():
        from counterfoil.tiles import TileLog

        if vkey is None:
            message = f"{text}: expected the verifier key as well, without which tiles cannot be read"
            raise ValueError(message)
        return _Tiles(TileLog(text, vkey))
    if not Path(text).is_dir():
        return _File(text)
    with _damage_refused():
        log = _core.Log.open(text)
    return _Log(log, log.close)


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
        same, other = 0, size
        while other - same > 1:
            middle = (same + other) // 2
            if self._root(middle) == feed.log_root(middle):
                same = middle
            else:
                other = middle
        _refuse(f"log entry {same}", _known_history(size, ours), f"another one, with root {theirs.hex()} there", same)

    def check_end(self, size: int, root_hash: bytes) -> None:
        pass  # The root is what the entries give; what the folder says it is does not matter.

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        while page := self._log.notes(after, _NOTES):
            # What was signed since the log was looked at is for the next time; what has no entries is for now.
            due = [note for at, note in page if at <= size or at > self._log.size()]
            if due:
                yield due
            after = page[-1][0]


class _File:
    """An exported ledger."""

    def __init__(self, path: str | os.PathLike[str] | Ledger) -> None:
        if isinstance(path, Ledger):
            message = f"expected a file, found {path!r}"
            raise TypeError(message)
        self._file = ExportFile(path)
        self.size = self._file.size
        self.close = self._file.close

    def first(self) -> bytes:
        return self._file.first()

    def batches(self, known: int) -> tuple[int, Iterator[bytes]]:
        del known
        return 0, self._file.frames()

    def check_history(self, feed: _core.Feed, size: int) -> None:
        pass  # Entries are compared as they are read, from the first on.

    def check_end(self, size: int, root_hash: bytes) -> None:
        if (size, root_hash) != (self._file.size, self._file.root_hash):
            expected = (
                f"the {self._file.size:,} entries up to a commit, with root {self._file.root_hash.hex()}, that it says"
            )
            _refuse("export", expected, f"{size:,} with root {root_hash.hex()}")

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        del size, after
        return self._file.notes()


class _Tiles:
    """C2SP tiles, with entry bundles."""

    def __init__(self, log: TileLog) -> None:
        self._log = log
        self._note, checkpoint = log.checkpoint()
        self.size, self._root_hash = checkpoint.tree_size, checkpoint.root_hash

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
            _refuse("log", _known_history(size, ours), found)

    def check_end(self, size: int, root_hash: bytes) -> None:
        pass  # The checkpoint is compared with the entries when it is kept.

    def notes(self, size: int, after: int) -> Iterator[list[bytes]]:
        del size, after
        yield [self._note]

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
