"""Witnesses: brands that sign what a ledger's operator shows, and never two histories.

A witness remembers the last checkpoint of each ledger that it has cosigned. It signs another one only with a proof that
the log only grew, so that whoever asks for the signatures of several witnesses is shown what all others are shown.

```python
with Witness("witness/", key, name="roaster.example/witness", ledgers=[vkey]) as witness:
    answer = witness.add_checkpoint(body)         # what a server is asked: see `counterfoil.witness_app`

cosign(ledger, {witness_vkey: "https://roaster.example/witness"})         # the operator asks
```

Formats: [C2SP tlog-witness](https://c2sp.org/tlog-witness), [tlog-cosignature](https://c2sp.org/tlog-cosignature).
"""

from __future__ import annotations

import base64
import hashlib
import logging
import sqlite3
import threading
import time as clock
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil import _http
from counterfoil._clock import clock_ms
from counterfoil._http import Answer
from counterfoil.exceptions import (
    ClosedError,
    CorruptionError,
    LedgerError,
    NewerFormatError,
    OperatorKeyError,
    ProofError,
    StoreError,
    WireError,
    WitnessError,
)
from counterfoil.tiles import claimed_checkpoint, sync_folder
from counterfoil.verify import (
    COSIGNATURE_NOTE,
    TOLERANCE_MS,
    Checkpoint,
    Cosignature,
    Equivocation,
    NoteKey,
    Verifier,
    _decimal,
    _hash,
    cosigned_message,
    open_note,
    split_equivocation,
    verify_consistency,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from counterfoil.keys import Key
    from counterfoil.ledger import Ledger
    from counterfoil.tiles import TileLog

__all__ = ["Answer", "Cosigned", "Evidence", "Memory", "Witness", "cosign", "follow"]

REQUEST_BYTES_MAX = 64 * 1_024
"""The most bytes of a request to a witness, and of its answer."""

SIZE_TYPE = "text/x.tlog.size"
"""The media type of an answer that says how many entries the witness has cosigned."""

_LOG = logging.getLogger(__name__)
_TEXT = "text/plain; charset=utf-8"
_PROOF_HASHES_MAX = 63
_FORMAT = 1
_POLL_S = 0.02
# Enough to recognise an older checkpoint of another history, and few enough that the file does not grow for ever.
_CHECKPOINTS_KEPT = 10_000
# Somebody else may ask it too, so that it has gone on meanwhile; but how often it is asked is not for it to say.
_ATTEMPTS = 3
_SCHEMA = """
CREATE TABLE witness (name TEXT NOT NULL, public_key BLOB NOT NULL);
CREATE TABLE checkpoints (
    origin TEXT NOT NULL, tree_size INTEGER NOT NULL, root_hash BLOB NOT NULL, note BLOB NOT NULL,
    PRIMARY KEY (origin, tree_size)
) WITHOUT ROWID;
CREATE TABLE equivocations (
    origin TEXT NOT NULL, found_ms INTEGER NOT NULL, evidence BLOB NOT NULL, cleared_ms INTEGER
);
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """That an operator has signed two histories, as a witness keeps it.

    Attributes:
        origin: The ledger's name.
        time: When it was found, ms.
        data: What `counterfoil verify` checks, with the operator's key.
        cleared: When a person let the witness go on all the same, ms; None where it does not.
    """

    origin: str
    time: int
    data: bytes
    cleared: int | None


class _RefusedError(Exception):
    """A request is refused, with this answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.answer = _refusal(status, message)


def _refusal(status: int, message: str, content_type: str = _TEXT) -> Answer:
    return Answer(status, content_type, f"{message}\n".encode())


class Witness:
    """One witness: a name, a key, and what it has cosigned. Safe to share between threads, and between processes.

    Its folder is its memory. A key that signs with an older copy of its folder, or with another folder, signs two
    histories without knowing: never restore one, and make a new key where one is lost.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        key: Key,
        *,
        name: str,
        ledgers: Iterable[str],
        replicas: Iterable[Ledger] = (),
        patience_ms: int = 2_000,
    ) -> None:
        """Open a witness, or make a new one.

        Args:
            directory: The witness's folder.
            key: What it signs with, and nothing else does.
            name: Its name: an address without the scheme, such as `roaster.example/witness`.
            ledgers: The verifier keys of the ledgers that it cosigns, from sources that are trusted. Two of one origin
                stand for an operator who has replaced his key.
            replicas: Copies of some of these ledgers, opened for reading, each of which has replayed the log: of
                these it signs only what its own copy has. The operators' keys are then those of the copy as well.
            patience_ms: How long it waits for a copy to get that far.

        Raises:
            WireError: No ledgers, or a replica of none of them.
            ProofError: wrong_key: a text is not a verifier key, or the name is none for a witness.
            ValueError: The folder is another witness's.
            NewerFormatError: A newer version made it.
            OSError: The folder cannot be written.
        """
        self.key = NoteKey.parse(NoteKey(name, key.public, COSIGNATURE_NOTE).text, COSIGNATURE_NOTE)
        self._signing = key
        self._keys: dict[str, list[NoteKey]] = {}
        for operator in dict.fromkeys(NoteKey.parse(vkey) for vkey in ledgers):
            self._keys.setdefault(operator.name, []).append(operator)
        self._replicas = {replica.origin: replica for replica in replicas}
        unknown = sorted(set(self._replicas) - set(self._keys))
        if not self._keys or unknown:
            message = f"ledgers: expected one or more, and those of all replicas; found no key of {unknown or 'any'}"
            raise WireError(message)
        self._patience_s = patience_ms / 1_000
        self.memory = Memory(directory, self.key)

    def __enter__(self) -> Witness:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the folder. Closing twice is closing once."""
        self.memory.close()

    @property
    def verifier_key(self) -> str:
        """The witness's C2SP verifier key (vkey): what `Verifier(witnesses=…)` takes."""
        return self.key.text

    @property
    def origins(self) -> tuple[str, ...]:
        """The names of the ledgers that it cosigns."""
        return tuple(self._keys)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer what a log asks: C2SP tlog-witness, add-checkpoint.

        Args:
            body: The request: an old size, a consistency proof, and a checkpoint.

        Returns:
            200 and the cosignature. 400: malformed; 403: not signed by the operator, or he has signed two histories;
            404: another ledger; 409: another old size (the answer says which), or another root of the same size; 422:
            the proof does not hold; 503: the replica has not got that far.

        Raises:
            StoreError: What was cosigned cannot be written, or read.
        """
        try:
            old, proof, note = _parse(body)
            checkpoint = claimed_checkpoint(note)
        except ProofError as error:
            return _refusal(400, str(error))
        try:
            operators = self._operators(checkpoint.origin)
            note = _signed_by(operators, checkpoint, note)
            if old > checkpoint.tree_size:
                message = f"old size: expected at most {checkpoint.tree_size}, found {old}"
                raise _RefusedError(400, message)
            self._check_replica(checkpoint, note, operators)
            refused = self.memory.step(checkpoint, note, old, proof, operators)
            if refused is not None:
                return refused
        except _RefusedError as error:
            return error.answer
        # What is signed is on the disk: a witness that dies here has promised nothing yet.
        return Answer(200, _TEXT, self._cosignature(checkpoint.text))

    def _operators(self, origin: str) -> list[NoteKey]:
        """Whose signatures count: several keys stand for an operator who has replaced his."""
        keys = self._keys.get(origin)
        if keys is None:
            message = f"origin: expected one of {', '.join(sorted(self._keys))}; found {origin}"
            raise _RefusedError(404, message)
        replica = self._replicas.get(origin)
        if replica is None:
            return keys
        # The log says who the operator is, and the copy has replayed it.
        with _readable(replica):
            return list(dict.fromkeys([*keys, NoteKey.parse(replica.verifier_key)]))

    def _check_replica(self, checkpoint: Checkpoint, note: bytes, operators: Sequence[NoteKey]) -> None:
        """Refuse what our own copy does not have, once it has replayed that far: each commit gave its state root."""
        replica = self._replicas.get(checkpoint.origin)
        if replica is None:
            return
        until = clock.monotonic() + self._patience_s
        with _readable(replica):
            while (replayed := replica._engine.last_commit()[0] + 1) < checkpoint.tree_size:
                if clock.monotonic() > until:
                    message = f"replica: expected {checkpoint.tree_size} entries that are replayed, found {replayed}"
                    raise _RefusedError(503, message)
                clock.sleep(_POLL_S)
            root = replica.log_root(checkpoint.tree_size)
            if root == checkpoint.root_hash:
                return
            equivocation = _against_replica(replica, checkpoint, note, root)
        if equivocation is not None:
            self.memory.keep(equivocation, operators)
        message = f"root at {checkpoint.tree_size} entries: the replica has {root.hex()}, the checkpoint another one"
        raise _RefusedError(409, message)

    def _cosignature(self, text: str) -> bytes:
        time = clock_ms() // 1_000
        signature = self._signing.sign(cosigned_message(text, time))
        signed = base64.b64encode(self.key.key_hash + time.to_bytes(8, "big") + signature).decode()
        return f"— {self.key.name} {signed}\n".encode()


def _signed_by(operators: Sequence[NoteKey], checkpoint: Checkpoint, note: bytes) -> bytes:
    """The note with the operator's signatures alone: what others write under it is not checked, and not kept."""
    try:
        open_note(note, operators)
    except ProofError as error:
        raise _RefusedError(403, str(error)) from None
    return f"{checkpoint.text}\n{signature_lines(note, operators)}".encode()


@contextmanager
def _readable(replica: Ledger) -> Iterator[None]:
    try:
        yield
    except LedgerError:
        # What is wrong with it, and where it lies, is for its owner to know.
        _LOG.exception("%s: the replica cannot be read", replica.origin)
        message = "replica: it cannot be read"
        raise _RefusedError(503, message) from None


# --------------------------------------------------------------------------------------------------------------------
# What was cosigned


class Memory:
    """What a witness has cosigned, and the evidence that it has found: one file, safe to share between processes."""

    def __init__(self, directory: str | os.PathLike[str], key: NoteKey | None = None) -> None:
        """Open the memory of a witness.

        Args:
            directory: The witness's folder.
            key: Whose memory it must be; a new one is made for it where there is none. None: whoever's it is, to look
                at it.

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is another witness's.
            NewerFormatError: A newer version made it.
            CorruptionError: The file is something else.
            StoreError: It cannot be read or written.
        """
        path = Path(directory) / "witness.db"
        if key is None and not path.exists():
            message = f"{path}: no witness has its memory there"
            raise FileNotFoundError(message)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = _open(path, key)

    def close(self) -> None:
        """Let go of the file. Closing twice is closing once."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    @property
    def key(self) -> NoteKey:
        """The key of the witness whose memory it is."""
        with self._connection() as database:
            [[name, public_key]] = database.execute("SELECT name, public_key FROM witness")
        return NoteKey(name, public_key, COSIGNATURE_NOTE)

    def checkpoints(self) -> list[Checkpoint]:
        """The last checkpoint of each ledger that was cosigned, by the names of the ledgers."""
        with self._connection() as database:
            rows = database.execute(
                "SELECT origin, max(tree_size), root_hash FROM checkpoints GROUP BY origin ORDER BY origin"
            )
            return [Checkpoint(*row) for row in rows]

    def latest(self, origin: str) -> tuple[bytes, Checkpoint] | None:
        """The last checkpoint of a ledger that was cosigned, and its note; None where there is none."""
        with self._connection() as database:
            return _latest(database, origin)

    def equivocations(self) -> list[Evidence]:
        """All evidence that was found, in that order."""
        with self._connection() as database:
            rows = database.execute("SELECT origin, found_ms, evidence, cleared_ms FROM equivocations ORDER BY rowid")
            return [Evidence(*row) for row in rows]

    def clear(self, origin: str) -> int:
        """Cosign a ledger again whose operator has signed two histories: for a person to decide. The evidence stays.

        Returns:
            How many pieces of evidence there were that had stopped it.
        """
        with self._changing() as database:
            return database.execute(
                "UPDATE equivocations SET cleared_ms = ? WHERE origin = ? AND cleared_ms IS NULL", (clock_ms(), origin)
            ).rowcount

    def keep(self, equivocation: Equivocation, operators: Sequence[NoteKey]) -> None:
        """Keep evidence, and cosign nothing more of that ledger.

        Nothing is kept where no key has signed both notes. An operator who has replaced his key has two, and that
        each of them has signed one history is proven to nobody: a verifier knows one key.

        Args:
            equivocation: Two notes that contradict each other.
            operators: The keys of the ledger's operator.
        """
        with self._changing() as database:
            _keep(database, equivocation, operators)

    def step(
        self, checkpoint: Checkpoint, note: bytes, old: int, proof: Sequence[bytes], operators: Sequence[NoteKey]
    ) -> Answer | None:
        """Make a checkpoint, whose signature was checked, the last one that is cosigned; or say why it is not.

        The look at what was cosigned and its change are one transaction: of two requests that come together the second
        one sees what became of the first. When this returns, it is on the disk.
        """
        with self._changing() as database:
            return _step(database, checkpoint, note, old, proof, operators)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._database is None:
                message = "the witness is closed"
                raise ClosedError(message)
            try:
                yield self._database
            except sqlite3.Error as error:
                message = f"the witness's memory: {error}"
                raise StoreError(message) from error

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which no other thread or process gets in between, and which is on the disk at its end."""
        with self._connection() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")


def _open(path: Path, key: NoteKey | None) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    except sqlite3.Error as error:
        message = f"{path}: {error}"
        raise StoreError(message) from None
    try:
        # With its log in a file beside it, what is committed is synced once and never taken back: SQLite's older way
        # deletes a file to commit, which a loss of power may undo.
        [[mode]] = database.execute("PRAGMA journal_mode = WAL")
        if mode != "wal":
            message = f"{path}: expected a file system on which SQLite keeps a write-ahead log, found its mode {mode!r}"
            raise StoreError(message)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN IMMEDIATE")
        [[version]] = database.execute("PRAGMA user_version")
        if version == 0 and key is not None:
            for statement in _SCHEMA.split(";")[:-1]:
                database.execute(statement)
            database.execute("INSERT INTO witness VALUES (?, ?)", (key.name, key.public_key))
            database.execute(f"PRAGMA user_version = {_FORMAT}")
        if version > _FORMAT:
            message = f"{path}: expected format {_FORMAT}, found {version}: a newer version made it"
            raise NewerFormatError(message)
        [[name, public_key]] = database.execute("SELECT name, public_key FROM witness")
        found = NoteKey(name, public_key, COSIGNATURE_NOTE).text
        if key is not None and found != key.text:
            message = f"{path}: expected the memory of {key.text}, found that of {found}"
            raise ValueError(message)
        database.execute("COMMIT")
        for folder in (path.parent, path.parent.parent):
            sync_folder(folder)
    except sqlite3.OperationalError as error:
        database.close()
        message = f"{path}: {error}"
        raise StoreError(message) from None
    except sqlite3.DatabaseError as error:
        database.close()
        message = f"{path}: expected the memory of a witness: {error}"
        raise CorruptionError(message) from None
    except BaseException:
        database.close()
        raise
    return database


def _latest(database: sqlite3.Connection, origin: str) -> tuple[bytes, Checkpoint] | None:
    query = "SELECT note, tree_size, root_hash FROM checkpoints WHERE origin = ? ORDER BY tree_size DESC LIMIT 1"
    for note, tree_size, root_hash in database.execute(query, (origin,)):
        return note, Checkpoint(origin, tree_size, root_hash)
    return None


def _is_stopped(database: sqlite3.Connection, origin: str) -> bool:
    query = "SELECT 1 FROM equivocations WHERE origin = ? AND cleared_ms IS NULL"
    return database.execute(query, (origin,)).fetchone() is not None


def _keep(database: sqlite3.Connection, equivocation: Equivocation, operators: Sequence[NoteKey]) -> None:
    if _is_stopped(database, equivocation.origin):
        return  # One is enough, however often it is sent.
    if not any(_convicts(equivocation, operator) for operator in operators):
        _LOG.warning("%s: two keys of its operator have signed two histories", equivocation.origin)
        return
    _LOG.critical("%s: the operator has signed two histories", equivocation.origin)
    database.execute(
        "INSERT INTO equivocations VALUES (?, ?, ?, NULL)", (equivocation.origin, clock_ms(), bytes(equivocation))
    )


def _convicts(equivocation: Equivocation, operator: NoteKey) -> bool:
    """Whether it shows whoever knows this key that its holder has signed two histories."""
    try:
        Verifier(operator.text).equivocation(*split_equivocation(bytes(equivocation)))
    except ProofError:
        return False
    return True


def _step(
    database: sqlite3.Connection,
    checkpoint: Checkpoint,
    note: bytes,
    old: int,
    proof: Sequence[bytes],
    operators: Sequence[NoteKey],
) -> Answer | None:
    """Make this checkpoint the last one that is cosigned, or say why not."""
    origin, size = checkpoint.origin, checkpoint.tree_size
    if _is_stopped(database, origin):
        return _refusal(403, f"{origin}: its operator has signed two histories")
    latest = _latest(database, origin)
    last = latest[1].tree_size if latest else 0
    known = "SELECT root_hash, note FROM checkpoints WHERE origin = ? AND tree_size = ?"
    contradicts = False
    for root, known_note in database.execute(known, (origin, size)).fetchall():
        contradicts = root != checkpoint.root_hash
        if contradicts:
            _keep(database, Equivocation(known_note, note, (), origin, size, (root, checkpoint.root_hash)), operators)
    if old != last:
        return _refusal(409, f"{last}", SIZE_TYPE)
    if contradicts:
        return _refusal(409, f"root at {size} entries: another one was cosigned")
    try:
        if latest is not None and last:
            verify_consistency(last, size, latest[1].root_hash, checkpoint.root_hash, proof)
        elif proof or (size == 0 and checkpoint.root_hash != hashlib.sha256().digest()):
            message = f"consistency proof from 0 to {size} entries: expected no hashes, and the root of the entries"
            raise ProofError(message, "wrong_log_proof")
    except ProofError as error:
        return _refusal(422, str(error))
    row = (origin, size, checkpoint.root_hash, note)
    database.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", row)
    database.execute(
        "DELETE FROM checkpoints WHERE origin = ?1 AND tree_size <= "
        "(SELECT tree_size FROM checkpoints WHERE origin = ?1 ORDER BY tree_size DESC LIMIT 1 OFFSET ?2)",
        (origin, _CHECKPOINTS_KEPT),
    )
    return None


def _against_replica(replica: Ledger, checkpoint: Checkpoint, note: bytes, root: bytes) -> Equivocation | None:
    """What the operator signed of our copy, beside what he signed of another one; None where that is too little."""
    own = replica.last_checkpoint
    size = 0 if own is None else claimed_checkpoint(own).tree_size
    if own is None or not 0 < checkpoint.tree_size <= size:
        return None
    grown = () if size == checkpoint.tree_size else (root, *replica.prove_consistency(checkpoint.tree_size, size))
    roots = (checkpoint.root_hash, root)
    return Equivocation(note, own.encode(), grown, checkpoint.origin, checkpoint.tree_size, roots)


# --------------------------------------------------------------------------------------------------------------------
# The protocol


def _parse(body: bytes) -> tuple[int, list[bytes], bytes]:
    """The old size, the consistency proof and the note of a request.

    Raises:
        ProofError: malformed_note.
    """
    reason = "malformed_note"
    head, separator, note = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    whole = len(body) <= REQUEST_BYTES_MAX and separator and first[:4] == b"old " and len(lines) <= _PROOF_HASHES_MAX
    if not whole:
        message = (
            f"request: expected 'old N', at most {_PROOF_HASHES_MAX} hashes, an empty line and a checkpoint, "
            f"{REQUEST_BYTES_MAX:,} bytes in all; found {first[:60]!r} and {len(lines)} lines of {len(body):,} bytes"
        )
        raise ProofError(message, reason)
    return _decimal(first[4:], reason, "old size"), [_hash(line, reason, "consistency proof") for line in lines], note


def _request(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    lines = [f"old {old}".encode(), *(base64.b64encode(step) for step in proof), b"", note]
    return b"\n".join(lines)


def signature_lines(note: bytes, keys: Iterable[NoteKey]) -> str:
    """The signature lines of a note that `open_note` has read by these keys: of each key the first, which counts.

    Args:
        note: The note.
        keys: Whose lines. Lines by others, which were not checked, are left out.
    """
    wanted = {(key.name, key.key_hash) for key in keys}
    lines: dict[tuple[str, bytes], str] = {}
    for line in note.decode().rpartition("\n\n")[2].removesuffix("\n").split("\n"):
        _, name, signature = line.split(" ")
        signer = name, base64.b64decode(signature)[:4]
        if signer in wanted:
            lines.setdefault(signer, f"{line}\n")
    return "".join(lines.values())


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What became of asking witnesses.

    Attributes:
        note: The checkpoint with all signatures that the ledger has of it.
        cosignatures: Those that were given now.
        failures: Why there is none of the others, by the witness's verifier key.
    """

    note: str
    cosignatures: tuple[Cosignature, ...]
    failures: Mapping[str, str]


def cosign(
    ledger: Ledger, witnesses: Mapping[str, str], *, note: str | None = None, timeout_s: float = 10.0
) -> Cosigned:
    """Have witnesses cosign a checkpoint of this ledger, all at once, and keep what they sign with it.

    Sign a checkpoint first (`Ledger.checkpoint`): a statement is refused where its commit's time is not about that of
    the cosignatures. In a ledger that is busy the next commit may come before the witnesses have answered; then prove
    first, ask for the note of the statement, and put what is returned into it: `Statement.with_note`.

    Args:
        ledger: The ledger, open for writing.
        witnesses: The address of each, by its verifier key: requests go to `address/add-checkpoint`.
        note: The checkpoint; the last one if None. Signatures that only this note has are not kept, as nobody has
            checked them: `Ledger.add_cosignatures` keeps those.
        timeout_s: How long to wait for each, seconds.

    Raises:
        OperatorKeyError: The last commit has no checkpoint, because the operator's key was not given.
        ProofError: wrong_key: a text is not a witness's verifier key.
        ValueError: An address is none; or the note is no checkpoint of this ledger.
        LookupError: The ledger has no checkpoint of that size.
        ReadOnlyError: The ledger is open for reading only.
    """
    note = ledger.last_checkpoint if note is None else note
    if note is None:
        message = "the last commit has no checkpoint, because the operator's key was not given"
        raise OperatorKeyError(message)
    asked = [(NoteKey.parse(vkey, COSIGNATURE_NOTE), _http.check_url(address)) for vkey, address in witnesses.items()]
    # Before anybody is asked: is it ours, and can what they sign be kept? The operator's own line adds nothing to it.
    text, _, block = note.rpartition("\n\n")
    own = "".join(f"{line}\n" for line in block.split("\n") if line.startswith(f"— {ledger.origin} "))
    note = ledger.add_cosignatures(f"{text}\n\n{own}")
    encoded = note.encode()
    with ThreadPoolExecutor(max_workers=max(len(asked), 1)) as pool:
        answers = list(pool.map(lambda one: _answer(ledger, encoded, one[0], one[1], timeout_s), asked))
    given = [answer for answer in answers if not isinstance(answer, str)]
    if given:
        lines = "".join(line for _, line in given)
        note = ledger.add_cosignatures(note[: note.rindex("\n\n") + 2] + lines)
    failures = {key.text: answer for (key, _), answer in zip(asked, answers, strict=True) if isinstance(answer, str)}
    return Cosigned(note, tuple(cosignature for cosignature, _ in given), failures)


def _answer(ledger: Ledger, note: bytes, key: NoteKey, address: str, timeout_s: float) -> tuple[Cosignature, str] | str:
    """What `_ask` returns, or why it does not."""
    try:
        return _ask(ledger, note, key, address, timeout_s)
    except (OSError, ProofError, WitnessError) as error:
        return str(error)


def _ask(ledger: Ledger, note: bytes, key: NoteKey, address: str, timeout_s: float) -> tuple[Cosignature, str]:
    """A witness's cosignature, and the line that it stands in.

    Raises:
        OSError: There is no answer.
        WitnessError: It refuses.
        ProofError: What it answers is no cosignature of this checkpoint.
    """
    size = claimed_checkpoint(note).tree_size
    url = f"{address}/add-checkpoint"
    old, tried = 0, set[int]()
    while True:
        tried.add(old)
        proof = ledger.prove_consistency(old, size) if old else []
        answer = _http.request(url, body=_request(old, proof, note), bytes_max=REQUEST_BYTES_MAX, timeout_s=timeout_s)
        if answer.status != 409 or answer.content_type != SIZE_TYPE:
            break
        old = _decimal(answer.body.removesuffix(b"\n"), "malformed_note", f"{url}: size")
        if old in tried or old > size or len(tried) == _ATTEMPTS:
            message = f"{url}: it has cosigned {old} entries, and the checkpoint has {size}"
            raise WitnessError(message)
    if answer.status != 200:
        reason = answer.body[:300].decode("utf-8", "replace").strip()
        message = f"{url}: expected status 200, found {answer.status}: {reason}"
        raise WitnessError(message)
    # Were there an empty line in the answer, a longer text would be signed than that of the checkpoint.
    cosigned = note[: note.rindex(b"\n\n") + 2] + answer.body
    opened = open_note(cosigned, [key])
    if opened.text != claimed_checkpoint(note).text:
        message = f"{url}: expected signatures of the checkpoint, found those of another text"
        raise WitnessError(message)
    [cosignature] = opened.cosignatures
    if abs(cosignature.time * 1_000 - clock_ms()) > TOLERANCE_MS:
        message = (
            f"{url}: expected a cosignature within {TOLERANCE_MS // 1_000} s of now, found time {cosignature.time}"
        )
        raise WitnessError(message)
    return cosignature, signature_lines(cosigned, [key])


def follow(witness: Witness, tiles: TileLog) -> bytes:
    """Cosign the checkpoint that is published as tiles: the witness makes the proof that the log grew by itself.

    Where the published tree does not continue what was cosigned, the two checkpoints and the tiles are evidence, which
    the witness keeps.

    Args:
        witness: The witness.
        tiles: Where the log is published.

    Returns:
        The published note, and the witness's cosignature under it.

    Raises:
        ProofError: The checkpoint or a tile is refused.
        WitnessError: The witness refuses, or has found evidence.
        OSError: Something is not there.
    """
    note, checkpoint = tiles.checkpoint()
    latest = witness.memory.latest(checkpoint.origin)
    proof: list[bytes] = []
    old = latest[1].tree_size if latest else 0
    if latest is not None and 0 < old <= checkpoint.tree_size:
        size, root_hash = checkpoint.tree_size, checkpoint.root_hash
        proof = tiles.prove_consistency(old, size, root_hash)
        root = tiles.root_at(old, size, root_hash)
        if root != latest[1].root_hash:
            shown = (root, *proof) if old < size else ()
            roots = (latest[1].root_hash, root)
            found = Equivocation(latest[0], note, shown, checkpoint.origin, old, roots)
            witness.memory.keep(found, [tiles._verifier.key])
            message = f"{checkpoint.origin}: its operator has signed two histories: two roots at {old} entries"
            raise WitnessError(message)
    elif old > checkpoint.tree_size:
        message = (
            f"{checkpoint.origin}: {old} entries were cosigned, and the published checkpoint has {checkpoint.tree_size}"
        )
        raise WitnessError(message)
    answer = witness.add_checkpoint(_request(old, proof, note))
    if answer.status != 200:
        message = f"{checkpoint.origin}: the witness answers {answer.status}: {answer.body.decode().strip()}"
        raise WitnessError(message)
    return note + answer.body
