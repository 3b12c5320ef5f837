"""A ledger in a folder: apply signed transactions, read what stands, prove it.

The engine is native; this file only builds, signs and decodes. Amounts are `int` minor units, times `int` milliseconds
since 1970-01-01 UTC, accounts, assets and transaction ids 32 `bytes`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import secrets
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, overload

from counterfoil import _core
from counterfoil._clock import clock_ms
from counterfoil.exceptions import LedgerError, LedgerTimeError, RejectedError
from counterfoil.exports import Exported, export_log
from counterfoil.history import Kind, Past, Posting, Records
from counterfoil.keys import Key
from counterfoil.ops import Create, Mint, Operation, Parameters, Powers, Transfer, asset_id
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.status import Status
from counterfoil.verify import _QUESTION, _STATEMENT, CODEC, Effect, Genesis
from counterfoil.wire import Applied, Entry, SignedTransaction, Transaction, decode_entry

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from typing_extensions import Self

    from counterfoil.keys import Signer
    from counterfoil.ops import Term

VALID_FOR_MS = 120_000
"""How long a transaction that this module builds stays valid: two minutes."""

_PAGE = 1_000
_U64_END = 2**64


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one transaction.

    Attributes:
        id: The transaction's id; 32 zero bytes where the bytes were no transaction.
        status: `Status.ok`, or the rule that it breaks.
        operation: The index of the operation that refused it; None where the transaction as a whole was refused.
        index: Its entry in the log; None where it was refused.
        duplicate: Whether it had been applied before, so that this time nothing changed.
    """

    id: bytes
    status: Status
    operation: int | None
    index: int | None
    duplicate: bool

    @property
    def ok(self) -> bool:
        """Whether it is in the log."""
        return self.index is not None

    def raise_for_status(self) -> Outcome:
        """Return itself.

        Raises:
            RejectedError: The transaction was refused.
        """
        if not self.ok:
            raise RejectedError(self.status, self.operation)
        return self


class Outcomes(Sequence[Outcome]):
    """One outcome for each transaction of a batch, in order. Objects are made only when asked for."""

    __slots__ = ("_native",)

    def __init__(self, native: _core.Outcomes) -> None:
        """Wrap what the native module returned."""
        self._native = native

    def __len__(self) -> int:
        """How many transactions the batch had."""
        return len(self._native)

    @overload
    def __getitem__(self, position: int) -> Outcome: ...
    @overload
    def __getitem__(self, position: slice) -> list[Outcome]: ...
    def __getitem__(self, position: int | slice) -> Outcome | list[Outcome]:
        """The outcome of the transaction at this position."""
        if isinstance(position, slice):
            return [self[place] for place in range(*position.indices(len(self)))]
        place = position + len(self) if position < 0 else position
        if not 0 <= place < len(self):
            message = f"outcome {position} of {len(self)}"
            raise IndexError(message)
        identifier, status, operation, index, duplicate = self._native.row(place)
        return Outcome(identifier, Status(status), operation, index, duplicate)

    @property
    def applied(self) -> int:
        """How many are in the log, applied now or before."""
        return self._native.applied()

    @property
    def counts(self) -> dict[Status, int]:
        """How many there are of each status."""
        return {Status(code): count for code, count in self._native.counts().items()}

    def raise_for_status(self) -> Outcomes:
        """Return itself.

        Raises:
            RejectedError: A transaction was refused; the first one is named.
        """
        first = self._native.first_refused()
        if first is not None:
            refused = self[first]
            raise RejectedError(refused.status, refused.operation, first)
        return self

    def __repr__(self) -> str:
        """How many of how many were applied."""
        return f"<Outcomes: {self.applied} of {len(self)} applied>"


class Pending:
    """A transaction that was handed in: wait with `result()`, or `await` it."""

    __slots__ = ("_submission",)

    def __init__(self, submission: _core.Submission) -> None:
        """Wrap what the engine gave back."""
        self._submission = submission

    def result(self, timeout: float | None = None) -> Outcome:
        """Wait until the transaction is durable or refused. It goes on whoever stops waiting for it.

        Args:
            timeout: Seconds to wait; for ever if None.

        Raises:
            TimeoutError: It is still under way.
            StoreError: It could not be stored.
        """
        outcomes = self._submission.wait(timeout)
        if outcomes is None:
            message = f"the transaction is still under way after {timeout} s"
            raise TimeoutError(message)
        return Outcomes(outcomes)[0]

    def done(self) -> bool:
        """Whether there is an outcome."""
        return self._submission.done()

    def __await__(self) -> Generator[Any, None, Outcome]:
        """Wait without blocking the event loop."""
        loop = asyncio.get_running_loop()
        answered = asyncio.Event()

        def wake() -> None:
            # A loop that was closed meanwhile has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(answered.set)

        self._submission.call_when_done(wake)
        yield from answered.wait().__await__()
        return self.result()


class Statement:
    """A record, or its absence, and the proof of it: `bytes(statement)` is what a verifier takes."""

    __slots__ = ("_bytes",)

    def __init__(self, data: bytes) -> None:
        """Wrap the bytes of a question and its statement."""
        self._bytes = data

    def __bytes__(self) -> bytes:
        """The question and its statement."""
        return self._bytes

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file."""
        Path(path).write_bytes(self._bytes)

    @property
    def note(self) -> str:
        """The checkpoint that it is under: a signed note."""
        return self._bytes[self._note_place() :].decode()

    def with_note(self, note: str) -> Self:
        """The same proof with the same checkpoint, as more have signed it: what `witness.cosign` returned for `note`.

        Raises:
            ValueError: It is another checkpoint.
        """
        place, own = self._note_place(), self.note
        if _note_text(note) != _note_text(own):
            message = f"note: expected the checkpoint {_note_text(own)!r}, found {_note_text(note)[:400]!r}"
            raise ValueError(message)
        return type(self)(self._joined(self._bytes[:place], note.encode()))

    def _note_place(self) -> int:
        # A question, the line that begins a statement, and four parts after their lengths; the note is the fifth.
        data, place = self._bytes, len(_QUESTION)
        for _ in range(2):
            place += 1 + data[place]
        place += 32 + len(_STATEMENT)
        for _ in range(4):
            place += 4 + int.from_bytes(data[place : place + 4], "big")
        return place + 4

    @staticmethod
    def _joined(before: bytes, note: bytes) -> bytes:
        return before[:-4] + len(note).to_bytes(4, "big") + note


class Receipt(Statement):
    """The proof that a transaction was applied: a C2SP tlog-proof text file."""

    __slots__ = ()

    def _note_place(self) -> int:
        return self._bytes.index(b"\n\n") + 2

    @staticmethod
    def _joined(before: bytes, note: bytes) -> bytes:
        return before + note

    def __str__(self) -> str:
        """The text."""
        return self._bytes.decode()


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the log, decoded.

    Attributes:
        index: Its place in the log: the cursor to resume after.
        entry: What it says.
    """

    index: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class AppliedTransaction:
    """A transaction of an account's history.

    Attributes:
        index: Its place in the log: the cursor to resume after.
        time: When it was applied, ms.
        id: The transaction's id.
        signed: The transaction and its signatures.
        effects: What each operation did that the transaction alone does not tell.
    """

    index: int
    time: int
    id: bytes
    signed: SignedTransaction
    effects: tuple[Effect, ...]


class Ledger(Records):
    """A ledger that is open. Safe to share between threads; a context manager that closes it.

    Example:
        >>> import tempfile
        >>> from counterfoil import Key, Ledger
        >>> folder = tempfile.TemporaryDirectory()
        >>> operator, roaster, ann = (Key.generate() for _ in range(3))
        >>> with Ledger.create(f"{folder.name}/club.ledger", origin="club.example/beans", operator=operator) as ledger:
        ...     bean = ledger.create_asset(roaster, "BEAN")
        ...     outcome = ledger.mint(roaster, bean, to=ann.account, amount=500)
        ...     ledger.balance(bean, ann.account)
        500
        >>> folder.cleanup()
    """

    def __init__(self, engine: _core.Engine, path: Path) -> None:
        """Not to be called: use `Ledger.create` or `Ledger.open`."""
        super().__init__(engine, CODEC.decode("Genesis", engine.genesis))
        self._engine = engine
        _OPEN.add(self)
        self._path = path

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        origin: str,
        operator: Key,
        time: int | None = None,
        parameters: Parameters | None = None,
        **options: Any,  # noqa: ANN401 - named and checked by the engine
    ) -> Ledger:
        """Create a ledger in a new or empty folder.

        Args:
            path: The folder.
            origin: The ledger's name in its checkpoints: DNS-like with a path, such as `club.example/beans`.
            operator: The key that signs checkpoints. It is not stored.
            time: Creation time, ms; now if None. A past time lets history be replayed at its own dates.
            parameters: The ledger's first parameters, which are part of its id.
            **options: As for `Ledger.open`.

        Raises:
            FileExistsError: The folder is not empty.
            ValueError: The origin or a parameter is out of its bounds.
            LedgerTimeError: The time is ahead of the clock.
        """
        folder = Path(path)
        genesis = Genesis(
            origin=origin,
            operator=_key("operator", operator).account,
            time=clock_ms() if time is None else cast("int", _time(time)),
            salt=secrets.token_bytes(16),
            parameters=parameters or Parameters(),
        )
        genesis.validate()
        _check_options(options)
        engine = _core.Engine.create(str(folder), CODEC.encode("Genesis", genesis), operator.seed, options)
        return cls(engine, folder)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        operator: Key | None = None,
        read_only: bool = False,
        progress: Callable[[int, int], object] | None = None,
        **options: Any,  # noqa: ANN401 - named and checked by the engine
    ) -> Ledger:
        """Open a ledger. What the log has beyond the stored state is applied again and checked against its commits.

        Args:
            path: The folder.
            operator: The key that signs checkpoints; without it transactions are applied, but nothing is signed.
            read_only: Follow what a writer in another process makes durable.
            progress: Called with (entries replayed, entries in all) while the log is replayed.
            **options: `commit_every_ms` (1,000; None: only on demand, or where memory asks for it), `memory_bytes`
                (600,000,000, for records, signers' keys and changes: less is slower and never fails), `flush_records`
                (500,000 changed before the state is written behind, if memory does not ask for it earlier), `index`
                (True: find transactions by account and id), `map_bytes` and `map_bytes_max` (sizes of each LMDB map).

        Raises:
            NotALedgerError: The folder holds no ledger.
            NewerFormatError: A newer version made it.
            StoreError: An older version wrote its state, and `read_only` is asked for. Opening it for writing makes
                the state again from the log.
            LockedError: Another process has it open for writing.
            CorruptionError: What is stored contradicts itself.
            OperatorKeyError: The key is not this ledger's operator.
        """
        folder = Path(path)
        seed = None if operator is None else _key("operator", operator).seed
        _check_options(options)
        engine = _core.Engine.open(str(folder), seed, read_only, options, progress)
        return cls(engine, folder)

    def __enter__(self) -> Ledger:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        try:
            self.close()
        except LedgerError:
            # What went wrong inside the block matters more than that closing a broken ledger fails as well.
            if kind is None:
                raise

    def __repr__(self) -> str:
        """Its origin and folder."""
        return f"<Ledger {self.origin} in {self._path}>"

    def close(self) -> None:
        """Commit, sign, write the state, and let go of the folder. Closing twice is closing once."""
        self._engine.close()
        _OPEN.discard(self)

    # What it is

    @property
    def id(self) -> bytes:
        """The ledger's id."""
        return self._engine.id

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._path

    @property
    def verifier_key(self) -> str:
        """The operator's C2SP verifier key (vkey): what `counterfoil.verify.Verifier` takes."""
        return self._engine.verifier_key()

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self._engine.size()

    @property
    def time(self) -> int:
        """The time of the last entry, ms."""
        return self._engine.time()

    @property
    def height(self) -> int:
        """The number of the last commit."""
        return self._engine.last_commit()[1]

    @property
    def state_root(self) -> bytes:
        """The state root of the last commit."""
        return self._engine.last_commit()[4]

    @property
    def last_checkpoint(self) -> str | None:
        """The signed note of the last commit; None if that was made without the operator's key."""
        return self._engine.note()

    @property
    def is_confirmed(self) -> bool:
        """Whether it may sign: it is no copy, or has compared itself (`confirm`)."""
        return self._engine.is_confirmed

    def log_root(self, tree_size: int | None = None) -> bytes:
        """The log's root hash at a size; now if None."""
        return self._engine.log_root(self.size if tree_size is None else _index("tree_size", tree_size))

    def stats(self) -> dict[str, int | str]:
        """Numbers about it: entries, height, records in memory, bytes on disk, backends of signatures and hashes."""
        return self._engine.stats()

    # Changing it

    def apply(
        self,
        batch: Iterable[bytes | SignedTransaction] | bytes,
        *,
        time: int | None = None,
        dry_run: bool = False,
    ) -> Outcomes:
        """Apply signed transactions in order, each wholly or not at all. They are durable when this returns.

        Args:
            batch: Signed transactions, or their bytes; or one `bytes` in which each follows its length (u32,
                little-endian).
            time: When they happen, ms: never before the last entry, at most 60 s ahead of the clock. Now if None.
            dry_run: Run the same code and change nothing.

        Returns:
            One outcome for each. A refusal is a value, not an exception: see `Outcomes.raise_for_status`.

        Raises:
            LedgerTimeError: The time is refused; nothing was applied.
            StoreError: The batch could not be stored; none of it was.
        """
        return Outcomes(self._engine.apply(_batch(batch), _time(time), dry_run))

    def submit(self, transaction: bytes | SignedTransaction, *, time: int | None = None) -> Pending:
        """Hand one transaction in without waiting. Those of many threads and tasks become durable together.

        Returns:
            What to wait for: `pending.result()` in a thread, `await pending` in asyncio.
        """
        return Pending(self._engine.submit([_signed_bytes(transaction)], _time(time)))

    def execute(
        self, operations: Sequence[Operation], *signers: Key | Signer, time: int | None = None, dry_run: bool = False
    ) -> Outcome:
        """Build a transaction of these operations, sign it with these keys, and apply it.

        Raises:
            RejectedError: It was refused.
        """
        at = max(clock_ms(), self.time) if time is None else time
        transaction = Transaction(self.id, operations, valid_until=at + self._valid_for())
        signed = transaction.sign(*signers)
        # Calls from many threads become durable together.
        outcome = (
            self.apply([signed], time=time, dry_run=True)[0] if dry_run else self.submit(signed, time=time).result()
        )
        return outcome.raise_for_status()

    def _valid_for(self) -> int:
        return min(VALID_FOR_MS, self.parameters.window_ms)

    def create_asset(
        self,
        issuer: Key | Signer,
        symbol: str,
        *,
        decimals: int = 0,
        supply_cap: int = SUPPLY_CAP_MAX,
        policy: Sequence[Term] = (),
        powers: Powers | None = None,
        time: int | None = None,
    ) -> bytes:
        """Create an asset and return its id.

        Args:
            issuer: Who creates it.
            symbol: 1 to 12 of `A-Z`, `0-9` and `.`; once for each issuer.
            decimals: Decimal places of a whole unit.
            supply_cap: The most minor units that may exist; it can only be lowered later.
            policy: Its rules, such as `Lots(Period.MONTH)` and `InactivityExpiry(365)`.
            powers: Who may mint, freeze, pause, claw back and change it. By default the issuer may mint and change,
                and nobody may do the rest, ever.
            time: When, ms; now if None.

        Raises:
            RejectedError: invalid_symbol, asset_exists, creator_not_allowed, invalid_policy, …
        """
        account = issuer.account
        if powers is None:
            powers = Powers(mint=account, change=account)
        create = Create(
            issuer=account, symbol=symbol, decimals=decimals, supply_cap=supply_cap, policy=policy, powers=powers
        )
        self.execute([create], issuer, time=time)
        return asset_id(account, symbol)

    def mint(self, minter: Key | Signer, asset: bytes, *, to: bytes, amount: int, time: int | None = None) -> Outcome:
        """Make new units.

        Raises:
            RejectedError: unauthorized, supply_cap_exceeded, asset_paused, account_frozen, …
        """
        return self.execute([Mint(asset=asset, to=to, amount=amount)], minter, time=time)

    def transfer(
        self, sender: Key | Signer, asset: bytes, *, to: bytes, amount: int, time: int | None = None
    ) -> Outcome:
        """Move units from the signer's account to another.

        Raises:
            RejectedError: insufficient_funds, asset_bound, asset_paused, account_frozen, …
        """
        return self.execute([Transfer(asset=asset, sender=sender.account, to=to, amount=amount)], sender, time=time)

    def checkpoint(self, *, time: int | None = None) -> str:
        """Commit what has changed and sign a checkpoint.

        Args:
            time: When, ms since 1970. Default: now; or, where the last transactions were applied with a time that was
                stated, that time.

        Returns:
            A C2SP signed note: origin, tree size, root hash and the operator's signature.

        Raises:
            OperatorKeyError: The ledger was opened without its operator's key.
            UnconfirmedError: It is a copy that has not compared itself.
        """
        return self._engine.checkpoint(_time(time))

    def rotate_operator(self, new: Key) -> None:
        """Hand the ledger to a new operator key: the old one signs that, and the new one signs what follows."""
        self._engine.rotate_operator(_key("new", new).seed)

    def hand_over(self, heir: bytes) -> str:
        """Hand the ledger over to another operator, who goes on with it elsewhere from an export.

        A last checkpoint covers all that was applied, an entry signed by the old key names the new one, and a commit
        ends the log. From then on the old key can sign nothing. The ledger is closed, opens read-only, and is exported
        from there: see `export`.

        Args:
            heir: The new operator's public key: `account` of its `Key`, 32 bytes.

        Returns:
            The last checkpoint: what the new operator confirms.

        Raises:
            OperatorKeyError: The ledger was opened without its operator's key.
            UnconfirmedError: It is a copy that has not compared itself.
            ValueError: The heir is no public key, or the operator's own.
        """
        _id("heir", heir)
        note = self._engine.hand_over(heir)
        _OPEN.discard(self)
        return note

    def export(self, path: str | os.PathLike[str], *, progress: Callable[[int, int], object] | None = None) -> Exported:
        """Write the log up to the last commit, and all checkpoints, into one new file, while the ledger goes on.

        `counterfoil.audit.import_ledger` makes a ledger of it, and `counterfoil.audit.audit` checks it.

        Args:
            path: The file.
            progress: Called with (entries written, entries in all); what it raises ends the export.

        Raises:
            FileExistsError: Something is there.
            OSError: The file cannot be written.
        """
        return export_log(self._engine, path, progress)

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Write a consistent copy into a new or empty folder, while the ledger goes on.

        The copy opens like any ledger, but signs only after it has compared itself: see `confirm`.

        Raises:
            FileExistsError: The folder is not empty.
        """
        self._engine.backup(str(Path(path)))

    def confirm(self, note: str) -> None:
        """Compare a restored copy with the last checkpoint that was published; from then on it may sign.

        Raises:
            DivergedError: The copy is behind the checkpoint, or has another history.
            ValueError: The note is not signed by an operator of this ledger.
        """
        self._engine.confirm(note)

    def add_cosignatures(self, note: str) -> str:
        """Keep the signatures of witnesses with the checkpoint that they are under.

        What is proven under it from now on carries them, and so does what followers prove. A later signature by the
        same witness takes the place of the earlier one. They are not checked here: `witness.cosign` does that.

        Args:
            note: A checkpoint of this ledger, the last one or an earlier one, with more signatures.

        Returns:
            The whole note.

        Raises:
            LookupError: There is no checkpoint at its size.
            ValueError: It is not the checkpoint that this ledger has at that size, or has too many signatures.
        """
        return self._engine.add_cosignatures(note)

    def flush(self) -> None:
        """Commit, and write the state behind now."""
        self._engine.flush()

    # Reading it

    def entry(self, index: int) -> bytes:
        """A log entry.

        Raises:
            LookupError: The log is shorter.
        """
        return self._engine.entry(_index("entry", index))

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """Log entries from an index on."""
        start = _index("start", start)
        while True:
            page = self._engine.entries(start, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            start += len(page)

    def events(self, *, after: int | None = None) -> Iterator[Event]:
        """Everything that happened, in the log's order, after a cursor.

        Keep the last event's `index` and pass it as `after` to go on where you stopped.
        """
        start = 0 if after is None else _index("after", after) + 1
        for index, entry in enumerate(self.entries(start), start):
            yield Event(index, decode_entry(entry))

    def transactions(self, account: bytes, *, after: int | None = None) -> Iterator[AppliedTransaction]:
        """Every transaction that an account signed or that names it, in order of time, after a cursor.

        The index is made of transactions alone. What follows from records is not in it: `Settle` and `Release` name
        the hold and not who is paid, `SellItem` names nobody who gets a royalty, and no payment names who gets its fee.
        `journal(account=…)` has every change of an account's balance.

        Raises:
            ValueError: The ledger was opened with `index=False`.
        """
        start = 0 if after is None else _index("after", after) + 1
        while True:
            page = self._engine.account_entries(account, start, _PAGE)
            for index in page:
                applied = decode_entry(self.entry(index))
                if isinstance(applied, Applied):
                    signed = applied.signed
                    yield AppliedTransaction(index, applied.time, signed.id, signed, tuple(applied.effects))
            if len(page) < _PAGE:
                return
            start = page[-1] + 1

    def journal(
        self,
        *,
        until: int | None = None,
        account: bytes | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Iterator[Posting]:
        """What every transaction did to balances, in the log's order: its postings add up to zero for each asset.

        The log is applied again from genesis, in memory: claims, settlements, fees and what lapses follow from records.
        That takes about 10 µs a transaction, and 130 bytes and its value for each record of the state. What is appended
        to the log meanwhile is left out. Debts are no units, and not posted. Signatures and state roots are
        not checked again: `fsck(path, full=True)` does that.

        Args:
            until: The last time to include, ms; to the end of the log if None.
            account: Only what this account got and gave, 32 bytes; then nothing adds up to zero.
            progress: Called with (entries applied, entries in all) after some thousand each; what it raises ends the
                journal.

        Raises:
            LedgerTimeError: The ledger begins later.
            CorruptionError: An entry is missing, does not apply, or does not add up to zero; its index is named.
        """
        if account is not None:
            _id("account", account)
        return self._postings(self._engine.replay(_time(until)), account, progress)

    def _postings(
        self, replay: _core.Replay, account: bytes | None, progress: Callable[[int, int], object] | None
    ) -> Iterator[Posting]:
        is_done = False
        while not is_done:
            posted = self._engine.postings(replay, account)
            done, total, _, is_done = replay.position()
            for index, time, transaction, postings in posted:
                for asset, whose, kind, is_negative, units in postings:
                    amount = -units if is_negative else units
                    yield Posting(index, time, transaction, asset, whose, cast("Kind", kind), amount)
            if progress is not None:
                progress(done, total)

    def as_of(self, time: int, *, progress: Callable[[int, int], object] | None = None) -> Past:
        """The ledger as it was after the last entry of this time or before: balances, holders, lots and all else.

        The log is applied again from genesis, in memory, as by `journal`. After the ledger's last entry that is the
        present.

        Args:
            time: When, ms.
            progress: Called with (entries applied, entries in all) after some thousand each; what it raises ends it.

        Raises:
            LedgerTimeError: The ledger begins later.
            CorruptionError: An entry is missing or does not apply; its index is named.
        """
        replay = self._engine.replay(_time(_number("time", time)))
        # Between pages Python gets to run, so that an interrupt from the keyboard is heard.
        self._engine.finish(replay, progress or (lambda _done, _total: None))
        return Past(replay, self._genesis)

    def index_of(self, transaction_id: bytes) -> int | None:
        """The log index of a transaction that was applied."""
        return self._engine.index_of(transaction_id)

    # Proving it

    def prove_balance(self, asset: bytes, account: bytes) -> Statement:
        """Prove what an account holds, or that it holds nothing, and the supply, as of the last checkpoint.

        Raises:
            OperatorKeyError: The last commit has no checkpoint, because the operator's key was not given.
        """
        return self.prove("holders", account, key=asset)

    def prove_balances(self, asset: bytes, accounts: Iterable[bytes]) -> list[Statement]:
        """Prove many balances of an asset as `prove_balance` does one, on all cores and all under one checkpoint.

        No commit is made meanwhile: in a ledger that is busy, prove some ten thousand at a time.

        Returns:
            A statement for each account, in order.

        Raises:
            OperatorKeyError: The last commit has no checkpoint, because the operator's key was not given.
        """
        return self.prove_records("holders", accounts, key=asset)

    def prove_records(self, table: str, record_ids: Iterable[bytes], *, key: bytes | None = None) -> list[Statement]:
        """Prove many records of one table, or their absence, as `prove_balances` does balances.

        Returns:
            A statement for each id, in order.

        Raises:
            OperatorKeyError: The last commit has no checkpoint, because the operator's key was not given.
        """
        return [Statement(data) for data in self._engine.prove_many(table, key, list(record_ids))]

    def prove(self, table: str, record_id: bytes, *, key: bytes | None = None) -> Statement:
        """Prove any record of any table, or its absence, as of the last checkpoint."""
        return Statement(self._engine.prove(table, key, record_id))

    def prove_transaction(self, transaction_id: bytes) -> Receipt:
        """Prove that a transaction was applied.

        Raises:
            LookupError: It was not, or the last checkpoint does not cover it yet.
        """
        index = self.index_of(transaction_id)
        if index is None:
            message = f"transaction {transaction_id.hex()} was not applied"
            raise LookupError(message)
        return self.prove_entry(index)

    def prove_entry(self, index: int) -> Receipt:
        """Prove that an entry is in the log.

        Raises:
            LookupError: The last checkpoint does not cover it.
        """
        return Receipt(self._engine.prove_entry(_index("entry", index)).encode())

    def prove_consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """The hashes that prove that the log of one size continues that of another."""
        return self._engine.prove_consistency(_index("old_size", old_size), _index("new_size", new_size))


def fsck(
    path: str | os.PathLike[str], *, full: bool = False, progress: Callable[[int, int], object] | None = None
) -> Mapping[str, int | bytes]:
    """Check a closed ledger's folder and change nothing in it.

    Args:
        path: The folder.
        full: Also apply the whole log again from genesis, signatures included, and compare the indexes with it.
        progress: Called with (entries done, entries in all).

    Returns:
        What holds: entries, height, tables, state_root, log_root.

    Raises:
        CorruptionError: The place, what was expected and what was found.
        LockedError: A writer has it open.
    """
    return _core.fsck(str(Path(path)), full, progress)


_OPEN: weakref.WeakSet[Ledger] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what is still open: once the interpreter ends, nobody answers the engine's threads any more."""
    for ledger in list(_OPEN):
        with contextlib.suppress(LedgerError, OSError):
            ledger.close()


def _note_text(note: str) -> str:
    """What is signed of a note."""
    return note.rpartition("\n\n")[0]


def _signed_bytes(transaction: object) -> bytes:
    if isinstance(transaction, bytes):
        return transaction
    if isinstance(transaction, (SignedTransaction, bytearray, memoryview)):
        return bytes(transaction)
    message = f"expected a signed transaction or its bytes, found {type(transaction).__name__}"
    raise TypeError(message)


def _batch(batch: object) -> bytes | list[bytes]:
    if isinstance(batch, (bytes, bytearray, memoryview)):
        return bytes(batch)
    if isinstance(batch, Iterable) and not isinstance(batch, str):
        return [_signed_bytes(one) for one in batch]
    message = f"apply: expected signed transactions or their framed bytes, found {type(batch).__name__}"
    raise TypeError(message)


def _key(name: str, key: object) -> Key:
    if isinstance(key, Key):
        return key
    message = f"{name}: expected a Key, found {type(key).__name__}"
    raise TypeError(message)


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{name}: expected an int, found {type(value).__name__}"
        raise TypeError(message)
    return value


def _time(time: int | None) -> int | None:
    if time is None:
        return None
    if not 0 <= _number("time", time) < _U64_END:
        message = f"time: expected milliseconds since 1970-01-01 UTC, 0 to 2^64 - 1, found {time}"
        raise LedgerTimeError(message)
    return time


def _index(name: str, index: int) -> int:
    if not 0 <= _number(name, index) < _U64_END:
        message = f"{name}: expected 0 to 2^64 - 1, found {index}"
        raise LookupError(message)
    return index


def _id(name: str, value: object) -> None:
    if not isinstance(value, bytes):
        message = f"{name}: expected bytes, found {type(value).__name__}"
        raise TypeError(message)
    if len(value) != 32:
        message = f"{name}: expected 32 bytes, found {len(value)}"
        raise ValueError(message)


def _check_options(options: Mapping[str, object]) -> None:
    for name, value in options.items():
        unset = value is None and name == "commit_every_ms"
        if not unset and name != "index" and not 0 <= _number(name, value) < _U64_END:
            message = f"{name}: expected 0 to 2^64 - 1, found {value}"
            raise ValueError(message)
