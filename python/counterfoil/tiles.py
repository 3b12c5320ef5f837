"""The log as static files, C2SP tlog-tiles: written for any web server or CDN, and read back with every hash checked.

```python
export_tiles(ledger, "public/")                   # again after each checkpoint: it writes what is new

tiles = TileLog("https://club.example/beans", vkey)
note, checkpoint = tiles.checkpoint()
for bundle in tiles.entries(0, checkpoint.tree_size, checkpoint.root_hash):
    ...
```

Reading needs neither the native module nor a ledger. Format: [C2SP tlog-tiles](https://c2sp.org/tlog-tiles).
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from counterfoil import _http
from counterfoil.exceptions import DivergedError, LockedError, OperatorKeyError, ProofError
from counterfoil.verify import NOTE_BYTES_MAX, Checkpoint, Verifier, record_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.ledger import Ledger

_Read = TypeVar("_Read")

__all__ = ["Exported", "TileLog", "export_tiles", "tile_path"]

TILE_HASHES = 256
"""How many hashes a full tile has, and how many entries a full bundle."""

_TILE_LEVELS = 8
_HASH_BYTES = 32
_LENGTH_BYTES = 2
_BUNDLE_BYTES_MAX = TILE_HASHES * (_LENGTH_BYTES + 0xFFFF)
# 64 full tiles of 8 KiB: of the levels above the lowest a walk through a billion entries needs two at a time.
_TILES_KEPT = 64
_READ_AHEAD = 8
_GENESIS = b"\x00"
_TEMPORARY = ".being-written"
_UNFINISHED = ".unfinished"
"""There from before a first export writes anything until it has written the checkpoint."""


def tile_path(level: int | str, tile: int, width: int = TILE_HASHES) -> str:
    """Where a tile lies, below the folder or the address of a log.

    Args:
        level: The level, 0 for the hashes of entries; `entries` for a bundle of entries.
        tile: Its index in the level.
        width: How many hashes or entries it has: 1 to 256.

    >>> tile_path(0, 1234067, 5), tile_path("entries", 0)
    ('tile/0/x001/x234/067.p/5', 'tile/entries/000')
    """
    digits = str(tile)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < TILE_HASHES else "")


# --------------------------------------------------------------------------------------------------------------------
# The tree


def _levels(tree_size: int) -> int:
    """How many levels of tiles a tree has."""
    return -(-tree_size.bit_length() // _TILE_LEVELS)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _complete(hashes: bytes) -> bytes:
    """The hash of the complete subtree over these: 1, 2, 4 … of them."""
    sha256 = hashlib.sha256
    while len(hashes) > _HASH_BYTES:
        pairs = range(0, len(hashes), 2 * _HASH_BYTES)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 2 * _HASH_BYTES]).digest() for at in pairs])
    return hashes


def _refuse(what: str, expected: object, found: object, reason: str = "wrong_log_proof") -> NoReturn:
    message = f"{what}: expected {expected}, found {found}"
    raise ProofError(message, reason)


def _ahead(read: Callable[[int], _Read], numbers: Iterable[int]) -> Iterator[_Read]:
    """What is read for each number, in order, some at a time: most of the time goes by in waiting for a server."""
    waiting: deque[Future[_Read]] = deque()
    pool = ThreadPoolExecutor(_READ_AHEAD)
    try:
        for number in numbers:
            waiting.append(pool.submit(read, number))
            if len(waiting) == _READ_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Tree:
    """The tiles of one tree, each compared with the root before anything is taken from it.

    The tiles that are not full, of which each level has at most one, have the root by themselves. A full tile has the
    hash that stands for it in the level above.
    """

    def __init__(self, tree_size: int, root_hash: bytes, read: Callable[[int, int, int], bytes]) -> None:
        """Read the tiles that are not full, and compare them with the root.

        Args:
            tree_size: How many entries the tree has.
            root_hash: The root that it must have.
            read: Gives the hashes of a tile, from its level, index and width.
        """
        self.tree_size, self.root_hash = tree_size, root_hash
        self._read = read
        self._partial: dict[int, bytes] = {}
        self._full: dict[tuple[int, int], bytes] = {}
        root = b""
        for level in range(_levels(tree_size)):
            hashes = tree_size >> (level * _TILE_LEVELS)
            tile, width = divmod(hashes, TILE_HASHES)
            if not width:
                continue
            data = self._partial[level] = self._hashes(level, tile, width)
            end = width
            for height in range(_TILE_LEVELS):
                if width >> height & 1:
                    begin = end - (1 << height)
                    subtree = _complete(data[begin * _HASH_BYTES : end * _HASH_BYTES])
                    root = _node(subtree, root) if root else subtree
                    end = begin
        root = root or hashlib.sha256().digest()
        if root != root_hash:
            _refuse(f"tiles at {tree_size} entries, root", root_hash.hex(), root.hex())

    def tile(self, level: int, tile: int, data: bytes | None = None) -> bytes:
        """All hashes that the tree has of a tile, whose bytes are given if they were read already."""
        width = (self.tree_size >> (level * _TILE_LEVELS)) - tile * TILE_HASHES
        if width < TILE_HASHES:
            return self._partial[level]
        known = self._full.get((level, tile))
        if known is None:
            known = self._hashes(level, tile, TILE_HASHES, data)
            expected, found = self.node((level + 1) * _TILE_LEVELS, tile), _complete(known)
            if found != expected:
                _refuse(tile_path(level, tile), expected.hex(), found.hex())
            while len(self._full) >= _TILES_KEPT:
                del self._full[next(iter(self._full))]
            self._full[level, tile] = known
        return known

    def _hashes(self, level: int, tile: int, width: int, data: bytes | None = None) -> bytes:
        data = self._read(level, tile, width) if data is None else data
        if len(data) != width * _HASH_BYTES:
            reason = "truncated" if len(data) < width * _HASH_BYTES else "trailing_bytes"
            _refuse(tile_path(level, tile, width), f"{width * _HASH_BYTES} bytes", len(data), reason)
        return data

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree of 2**level entries."""
        tile_level, height = divmod(level, _TILE_LEVELS)
        tile, position = divmod(index << height, TILE_HASHES)
        data = self.tile(tile_level, tile)
        return _complete(data[position * _HASH_BYTES : (position + (1 << height)) * _HASH_BYTES])

    def root_of(self, begin: int, end: int) -> bytes:
        """The hash over these entries: a subtree that a proof names, complete or the last of its level."""
        subtrees = []
        while begin < end:
            level = (end - begin).bit_length() - 1
            subtrees.append(self.node(level, begin >> level))
            begin += 1 << level
        root = subtrees.pop()
        while subtrees:
            root = _node(subtrees.pop(), root)
        return root

    def inclusion(self, index: int) -> list[bytes]:
        """RFC 6962, 2.1.1, deepest hash first."""
        proof = []
        begin, end = 0, self.tree_size
        while end - begin > 1:
            middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
            if index < middle:
                proof.append(self.root_of(middle, end))
                end = middle
            else:
                proof.append(self.root_of(begin, middle))
                begin = middle
        return proof[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """RFC 6962, 2.1.2."""
        proof = []
        begin, end = 0, self.tree_size
        while 0 < old < end:
            middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
            if old <= middle:
                proof.append(self.root_of(middle, end))
                end = middle
            else:
                proof.append(self.root_of(begin, middle))
                begin = middle
        if begin:
            proof.append(self.root_of(begin, end))
        return proof[::-1]


def claimed_checkpoint(note: bytes | str) -> Checkpoint:
    """What a note says, whoever signed it.

    Raises:
        ProofError: malformed_note, malformed_checkpoint.
    """
    text = note if isinstance(note, str) else note.decode("utf-8", "replace")
    signed, separator, _ = text.rpartition("\n\n")
    if not separator:
        _refuse("note", "an empty line before its signatures", "none", "malformed_note")
    return Checkpoint.parse(signed + "\n")


# --------------------------------------------------------------------------------------------------------------------
# Reading


class TileLog:
    """A log that somebody publishes as tiles. Nothing that is read counts before it is compared with a checkpoint.

    Where an address or a folder lacks what it should have, every method raises `FileNotFoundError`; what cannot be
    reached, `OSError`; what is not what the operator signed, `ProofError`.
    """

    def __init__(self, source: str | os.PathLike[str], vkey: str, *, ledger: bytes | None = None) -> None:
        """Name the log; nothing is read yet.

        Args:
            source: A folder, or an address such as `https://club.example/beans`, under which `checkpoint` and `tile`
                lie. Over http: everything is checked as well, but others may see and delay it.
            vkey: The ledger's verifier key, from a source that is trusted.
            ledger: The ledger's id, 32 bytes: then its genesis, entry 0, must have it.

        Raises:
            ValueError: An address of another kind.
            WireError: The ledger's id has another length.
            ProofError: wrong_key: not a verifier key.
        """
        self._verifier = Verifier(vkey, ledger=ledger)
        text = os.fspath(source)
        self._base = _http.check_url(text) if "://" in text else None
        self._folder = Path(text)
        self._tree: _Tree | None = None

    def checkpoint(self) -> tuple[bytes, Checkpoint]:
        """The checkpoint that is published now.

        Returns:
            The signed note, and what the operator signed in it.

        Raises:
            ProofError: As `Verifier.checkpoint`.
        """
        note = self._file("checkpoint", NOTE_BYTES_MAX)
        return note, self._verifier.checkpoint(note)

    def entries(self, start: int, tree_size: int, root_hash: bytes) -> Iterator[list[bytes]]:
        """Read the entries from `start` up to `tree_size`, in bundles of at most 256. From a server eight at a time.

        Args:
            start: The index of the first.
            tree_size: How many entries the tree has.
            root_hash: The root that it must have: of a checkpoint.

        Yields:
            Entries in the log's order, each of which is under that root.

        Raises:
            LookupError: The log has fewer entries.
            ProofError: wrong_log_proof (an entry or a hash that is not under the root), truncated, trailing_bytes,
                too_long, wrong_ledger.
        """
        if not 0 <= start <= tree_size:
            message = f"entry {start}: expected an index of at most {tree_size}"
            raise LookupError(message)
        tree = self._tree_at(tree_size, root_hash)
        return self._entries(start, tree) if start < tree_size else iter(())

    def _entries(self, start: int, tree: _Tree) -> Iterator[list[bytes]]:
        sha256 = hashlib.sha256  # Looked up once: this is most of what reading costs.
        numbers = range(start // TILE_HASHES, -(-tree.tree_size // TILE_HASHES))
        read = functools.partial(self._read, tree.tree_size)
        parts = map(read, numbers) if self._base is None else _ahead(read, numbers)
        for number, (data, bundle) in zip(numbers, parts, strict=True):
            first, width = number * TILE_HASHES, len(bundle)
            hashes = tree.tile(0, number, data)
            found = [sha256(b"\x00" + entry).digest() for entry in bundle]
            if b"".join(found) != hashes:
                place = next(at for at in range(width) if found[at] != hashes[at * _HASH_BYTES :][:_HASH_BYTES])
                expected = hashes[place * _HASH_BYTES :][:_HASH_BYTES]
                _refuse(f"entry {first + place}, hash", expected.hex(), found[place].hex())
            if first == 0:
                self._check_genesis(bundle[0])
            yield bundle[max(start - first, 0) :]

    def _read(self, tree_size: int, tile: int) -> tuple[bytes, list[bytes]]:
        """A full tile of hashes of entries, and the bundle of them; nothing is compared yet."""
        width = min(TILE_HASHES, tree_size - tile * TILE_HASHES)
        # The tree has the one that is not full.
        return self._hashes(0, tile, width) if width == TILE_HASHES else b"", self._bundle(tile, width)

    def _check_genesis(self, entry: bytes) -> None:
        expected = self._verifier.ledger
        if expected is not None:
            found = record_id("ledger", entry[1:])
            if entry[:1] != _GENESIS or found != expected:
                _refuse("entry 0, ledger", expected.hex(), found.hex(), "wrong_ledger")

    def prove_consistency(self, old: int, new: int, root_hash: bytes) -> list[bytes]:
        """The hashes that prove that the tree of `new` entries continues that of `old`: RFC 6962, 2.1.2.

        Args:
            old: Entries of the earlier tree; of none, the proof has no hashes.
            new: Entries of the later one.
            root_hash: The root of the later one.

        Raises:
            LookupError: The earlier tree is the larger one.
            ProofError: As `entries`.
        """
        if not 0 <= old <= new:
            message = f"consistency of {old} and {new} entries: expected at most {new} before, found {old}"
            raise LookupError(message)
        return self._tree_at(new, root_hash).consistency(old)

    def root_at(self, old: int, new: int, root_hash: bytes) -> bytes:
        """The root that the first `old` entries of a tree have.

        Args:
            old: How many entries, 1 or more.
            new: Entries of the tree.
            root_hash: The root of the tree.

        Raises:
            LookupError: The tree has fewer entries.
            ProofError: As `entries`.
        """
        if not 1 <= old <= new:
            message = f"root at {old} entries: expected 1 to {new}"
            raise LookupError(message)
        return self._tree_at(new, root_hash).root_of(0, old)

    def prove_inclusion(self, index: int, tree_size: int, root_hash: bytes) -> list[bytes]:
        """The hashes that prove that an entry is in the tree, deepest first: RFC 6962, 2.1.1.

        Raises:
            LookupError: The tree has fewer entries.
            ProofError: As `entries`.
        """
        if not 0 <= index < tree_size:
            message = f"entry {index}: the tree has {tree_size} entries"
            raise LookupError(message)
        return self._tree_at(tree_size, root_hash).inclusion(index)

    def _tree_at(self, tree_size: int, root_hash: bytes) -> _Tree:
        if self._tree is None or (self._tree.tree_size, self._tree.root_hash) != (tree_size, root_hash):
            self._tree = _Tree(tree_size, root_hash, self._hashes)
        return self._tree

    def _hashes(self, level: int, tile: int, width: int) -> bytes:
        data, found = self._tile(level, tile, width, TILE_HASHES * _HASH_BYTES)
        return data if found == width else data[: width * _HASH_BYTES]

    def _bundle(self, tile: int, width: int) -> list[bytes]:
        try:
            data, found = self._tile("entries", tile, width, _BUNDLE_BYTES_MAX)
        except FileNotFoundError:
            where, path = self._base or self._folder, tile_path("entries", tile)
            message = f"{where}: expected {path}, which `counterfoil export tiles --entries` writes; there is none"
            raise FileNotFoundError(message) from None
        entries, place = [], 0
        for number in range(width):
            begin = place + _LENGTH_BYTES
            place = begin + int.from_bytes(data[place:begin], "big")
            if place < begin or place > len(data):
                what = f"{tile_path('entries', tile, found)}, entry {number} of the bundle"
                _refuse(what, f"{place} bytes", len(data), "truncated")
            entries.append(data[begin:place])
        if found == width and place != len(data):
            _refuse(tile_path("entries", tile, found), f"{place} bytes", len(data), "trailing_bytes")
        return entries

    def _tile(self, level: int | str, tile: int, width: int, bytes_max: int) -> tuple[bytes, int]:
        """A tile or bundle, and its width: the full one where the narrower one is no more there."""
        try:
            return self._file(tile_path(level, tile, width), bytes_max), width
        except FileNotFoundError:
            if width == TILE_HASHES:
                raise
        return self._file(tile_path(level, tile), bytes_max), TILE_HASHES

    def _file(self, path: str, bytes_max: int) -> bytes:
        if self._base is None:
            with (self._folder / path).open("rb") as file:
                data = file.read(bytes_max + 1)
            if len(data) > bytes_max:
                _refuse(path, f"at most {bytes_max:,} bytes", "more", "too_long")
            return data
        url = f"{self._base}/{path}"
        answer = _http.request(url, bytes_max=bytes_max)
        if answer.status in (404, 410):
            message = f"{url}: there is no such file"
            raise FileNotFoundError(message)
        if answer.status != 200:
            message = f"{url}: expected status 200, found {answer.status}"
            raise OSError(message)
        return answer.body


# --------------------------------------------------------------------------------------------------------------------
# Writing


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export has done.

    Attributes:
        tree_size: How many entries the published checkpoint covers.
        root_hash: Their root hash, 32 bytes.
        files: How many files were written.
        bytes: How many bytes they have.
    """

    tree_size: int
    root_hash: bytes
    files: int
    bytes: int


def export_tiles(
    ledger: Ledger,
    directory: str | os.PathLike[str],
    *,
    entries: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Exported:
    """Write the log, up to the last checkpoint, into a folder that any web server can serve.

    A folder that was exported to before gets what is new. Whenever it ends, killed or not, the folder has a checkpoint
    and all that belongs to it: the checkpoint is written last, after everything else is on the disk. Tiles that are
    not full go when the full one is there.

    Args:
        ledger: The ledger; it may be open for reading alone, beside its writer.
        directory: The folder: a new one, an empty one, or one that was exported to.
        entries: Also write the entries themselves, for everybody who reads the folder. Without them the folder proves
            what members were handed, and shows nothing of it.
        progress: Called with (files looked at, files in all).

    Raises:
        OperatorKeyError: The last commit has no checkpoint, because the operator's key was not given.
        FileExistsError: The folder holds something else, another ledger's tiles, or entries while `entries` is false.
        DivergedError: The folder's checkpoint is not of this ledger's history: it is ahead, or has another root.
        LockedError: Another export into the folder is under way.
        OSError: A file cannot be written.
    """
    _last_note(ledger)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        # Not before: who had the lock may have published a later one.
        note = _last_note(ledger)
        checkpoint = claimed_checkpoint(note)
        published = _published(folder, ledger, checkpoint)
        if not entries and (folder / "tile/entries").exists():
            message = f"{folder} has entries: expected entries=True, to go on with them; or remove tile/entries"
            raise FileExistsError(message)
        tree = _Tree(checkpoint.tree_size, checkpoint.root_hash, ledger._engine.tile)
        writer = _Writer(folder)
        wanted = list(_wanted(checkpoint.tree_size, entries=entries))
        for done, (level, tile, width) in enumerate(wanted):
            path = tile_path(level, tile, width)
            span = TILE_HASHES ** (level + 1) if isinstance(level, int) else TILE_HASHES
            is_covered = published == checkpoint.tree_size or (width == TILE_HASHES and (tile + 1) * span <= published)
            if not (is_covered and (folder / path).exists()):
                if isinstance(level, int):
                    data = tree.tile(level, tile)
                else:
                    bundle = ledger._engine.entries(tile * TILE_HASHES, width)
                    data = b"".join([len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in bundle])
                writer.write(path, data)
            if progress is not None:
                progress(done + 1, len(wanted))
        writer.write_last("checkpoint", note.encode())
        (folder / _UNFINISHED).unlink(missing_ok=True)
        for level, tile, width in _wanted(published, entries=entries):
            if width < TILE_HASHES and (folder / tile_path(level, tile)).exists():
                shutil.rmtree(folder / f"{tile_path(level, tile)}.p", ignore_errors=True)
    return Exported(checkpoint.tree_size, checkpoint.root_hash, writer.files, writer.bytes)


def _last_note(ledger: Ledger) -> str:
    note = ledger.last_checkpoint
    if note is None:
        message = "the last commit has no checkpoint, because the operator's key was not given"
        raise OperatorKeyError(message)
    return note


def _wanted(tree_size: int, *, entries: bool) -> Iterator[tuple[int | str, int, int]]:
    """Level, index and width of every tile of a tree, and of every bundle."""
    levels: list[tuple[int | str, int]] = [("entries", tree_size)] if entries else []
    levels += [(level, tree_size >> (level * _TILE_LEVELS)) for level in range(_levels(tree_size))]
    for level, hashes in levels:
        full, width = divmod(hashes, TILE_HASHES)
        for tile in range(full):
            yield level, tile, TILE_HASHES
        if width:
            yield level, full, width


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    import fcntl  # Not on every system that reads tiles.

    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{folder}: another export into it is under way"
            raise LockedError(message) from None
        yield
    finally:
        os.close(opened)


def _published(folder: Path, ledger: Ledger, checkpoint: Checkpoint) -> int:
    """How many entries the folder's checkpoint covers, which must be the first ones of this ledger."""
    try:
        with (folder / "checkpoint").open("rb") as file:
            note = file.read(NOTE_BYTES_MAX)
    except FileNotFoundError:
        names = {each.name for each in folder.iterdir()}
        # What an interrupted first export has left is written again.
        is_ours = _UNFINISHED in names
        others = sorted(names - ({"tile", _TEMPORARY, _UNFINISHED} if is_ours else {_TEMPORARY}))
        if others:
            message = f"{folder}: expected an empty folder, or one with the tiles of {ledger.origin}, found {others[0]}"
            raise FileExistsError(message) from None
        if not is_ours:
            (folder / _UNFINISHED).open("xb").close()
            sync_folder(folder)
        return 0
    try:
        found = claimed_checkpoint(note)
    except ProofError as error:
        message = f"{folder}/checkpoint: {error}"
        raise FileExistsError(message) from None
    if found.origin != checkpoint.origin:
        message = f"{folder}: expected the tiles of {checkpoint.origin}, found those of {found.origin}"
        raise FileExistsError(message)
    if found.tree_size > checkpoint.tree_size:
        message = f"{folder}: its checkpoint covers {found.tree_size} entries, this ledger's {checkpoint.tree_size}"
        raise DivergedError(message)
    root = ledger.log_root(found.tree_size)
    if root != found.root_hash:
        message = (
            f"{folder}: its checkpoint of {found.tree_size} entries has the root {found.root_hash.hex()}, "
            f"this ledger's log {root.hex()}; keep both"
        )
        raise DivergedError(message)
    return found.tree_size


class _Writer:
    """Writes files of which none is ever seen half written, and counts them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # One at a time: what a run that was killed has left is removed.
        self._temporary = folder / _TEMPORARY
        self._unsynced: set[Path] = set()
        self.files = self.bytes = 0

    def write(self, path: str, data: bytes) -> None:
        target = self._folder / path
        self._make(target.parent)
        self._temporary.unlink(missing_ok=True)
        with self._temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._temporary.replace(target)
        self._unsynced.add(target.parent)
        self.files += 1
        self.bytes += len(data)

    def write_last(self, path: str, data: bytes) -> None:
        """Write what makes the rest count: after that is on the disk. Nothing, where it is there already."""
        self._sync()
        target = self._folder / path
        if not target.exists() or target.read_bytes() != data:
            self.write(path, data)
            self._sync()

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir()
            self._unsynced.add(folder.parent)

    def _sync(self) -> None:
        """Have the names of all files on the disk, as their contents are."""
        for folder in sorted(self._unsynced):
            sync_folder(folder)
        self._unsynced.clear()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
