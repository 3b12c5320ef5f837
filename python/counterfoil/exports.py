"""A whole ledger in one file, and a ledger from such a file: `docs/reference/formats.md`, *Export*.

The file has the log and the checkpoints, not the state: that follows from the log, and whoever imports it computes it
again, which is the proof that the file is right.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from counterfoil.exceptions import AuditError, ProofError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil import _core

__all__ = ["ExportFile", "Exported", "check_new_file", "committed_size", "export_log", "is_commit", "new_file"]

HEADER = b"counterfoil/export/v1\n"

BLOCK_BYTES_MAX = 1 << 24
"""The longest body of a block that is read: what is longer is refused before it is."""

_PAGE_BYTES = 1 << 20
_NOTES = 1_000
_NOTE_BYTES_MIN = 100
"""A root hash and a signature alone have more."""
_HEAD, _ENTRIES, _CHECKPOINTS, _END = range(4)
_COMMIT_TAG = b"\x02"
"""How a commit's entry begins."""
_HEAD_BYTES = 8 + 32


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        ledger: The ledger's id, 32 bytes.
        size: How many entries.
        root_hash: Their root hash, 32 bytes.
        checkpoints: How many checkpoints.
        signed_size: How many entries the last checkpoint covers; 0 where none was signed.
        bytes: How long the file is.
    """

    ledger: bytes
    size: int
    root_hash: bytes
    checkpoints: int
    signed_size: int
    bytes: int


def export_log(
    source: _core.Engine,
    path: str | os.PathLike[str],
    progress: Callable[[int, int], object] | None = None,
) -> Exported:
    """Write the log up to the last commit, and its checkpoints, into a new file. See `Ledger.export`."""
    size = committed_size(source)
    root_hash = source.log_root(size)
    with new_file(path) as file:
        file.write(HEADER)
        _write(file, _HEAD, size.to_bytes(8, "little") + root_hash)
        index = 0
        while index < size:
            frames, index = source.frames(index, _PAGE_BYTES, size)
            _write(file, _ENTRIES, frames)
            if progress is not None:
                progress(index, size)
        checkpoints = signed_size = 0
        # Later ones may have been signed meanwhile.
        while notes := [(at, note) for at, note in source.notes(signed_size, _NOTES) if at <= size]:
            _write(file, _CHECKPOINTS, b"".join(len(note).to_bytes(4, "little") + note for _, note in notes))
            checkpoints += len(notes)
            signed_size = notes[-1][0]
        _write(file, _END, b"")
        written = file.tell()
    return Exported(source.id, size, root_hash, checkpoints, signed_size, written)


@contextmanager
def new_file(path: str | os.PathLike[str], mode: int = 0o666) -> Iterator[BinaryIO]:
    """A new file, which has its name only when all of it is on the disk. Killed earlier, it blocks no second attempt.

    Args:
        path: The file.
        mode: Who may read and write it, as far as the process's mask lets them.

    Raises:
        FileExistsError: Something is there, or came to be there meanwhile.
        OSError: The file cannot be written.
    """
    from counterfoil.tiles import sync_folder  # Who only has a ledger needs no HTTP.

    target = Path(path)
    check_new_file(target)
    # Another one each time: two that write the same file do not disturb each other.
    unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}.being-written")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            target.hardlink_to(unfinished)
        except FileExistsError:
            raise
        except OSError:  # A file system without links.
            check_new_file(target)
            unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(target.parent)


def check_new_file(target: Path) -> None:
    """Refuse a path at which something is, or into whose folder nothing can be written.

    Raises:
        FileExistsError: Something is there.
        OSError: The folder is not there, or may not be written to.
    """
    folder = target.parent
    if os.path.lexists(target):
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target))
    if not folder.is_dir():
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(folder))


def committed_size(log: _core.Engine | _core.Log) -> int:
    """How many entries there are up to the last commit; 0 where there is none.

    The log itself is asked: who follows a ledger waits with the last commit until it is signed.
    """
    size = log.size()
    while size and not is_commit(log, size - 1):
        size -= 1
    return size


def is_commit(log: _core.Engine | _core.Log, index: int) -> bool:
    """Whether an entry is a commit."""
    return log.frames(index, 1, index + 1)[0][4:5] == _COMMIT_TAG


def _framed(body: bytes) -> Iterator[tuple[int, int]]:
    """Where each of what a block has begins and ends, as far as it is whole."""
    place = 0
    while place + 4 <= len(body):
        begin = place + 4
        place = begin + int.from_bytes(body[place:begin], "little")
        if place > len(body):
            return
        yield begin, place


def _write(file: BinaryIO, kind: int, body: bytes) -> None:
    head = bytes([kind]) + len(body).to_bytes(4, "little")
    file.write(head)
    file.write(body)
    file.write(zlib.crc32(body, zlib.crc32(head)).to_bytes(4, "little"))


class ExportFile:
    """An export that is read once, from the front, a block at a time.

    Attributes:
        size: How many entries it says it has.
        root_hash: The root hash that it says they have.
        count: How many were read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open it.

        Raises:
            AuditError: It is no export, or is damaged at the beginning.
            OSError: It cannot be read.
        """
        self._path = os.fspath(path)
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by `close`
        try:
            found = self._file.read(len(HEADER))
            if found != HEADER:
                is_newer = re.fullmatch(rb"counterfoil/export/v([2-9]\n|[1-9][0-9])", found) is not None
                beginning = "one by a newer Counterfoil" if is_newer else "another beginning"
                self._refuse(0, repr(HEADER.decode()), beginning if found else "nothing")
            kind, body = self._read()
            if kind != _HEAD or len(body) != _HEAD_BYTES:
                self._refuse(len(HEADER), f"a head of {_HEAD_BYTES} bytes", f"block {kind} of {len(body)} bytes")
        except BaseException:
            self.close()
            raise
        self.size, self.root_hash = int.from_bytes(body[:8], "little"), body[8:]
        self.count = 0
        self._next: tuple[int, bytes] | None = None

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def first(self) -> bytes:
        """The first entry, which stays to be read by `frames`."""
        frames = self._peek(_ENTRIES)
        length = int.from_bytes(frames[:4], "little")
        return frames[4 : 4 + length]

    def signed_size(self) -> int:
        """How many entries its checkpoints say that they cover, at most; to be asked before anything is read.

        Nothing else is looked at. What is wrong with the file shows when it is read.
        """
        from counterfoil.tiles import claimed_checkpoint  # As above.

        place, found = self._file.tell(), 0
        while len(head := self._file.read(5)) == 5 and head[0] != _END:
            length = int.from_bytes(head[1:], "little")
            if head[0] != _CHECKPOINTS or length > BLOCK_BYTES_MAX:
                self._file.seek(length, os.SEEK_CUR)
            else:
                body = self._file.read(length)
                for begin, end in _framed(body):
                    if end - begin >= _NOTE_BYTES_MIN:
                        with suppress(ProofError):
                            found = max(found, claimed_checkpoint(body[begin:end]).tree_size)
            self._file.seek(4, os.SEEK_CUR)
        self._file.seek(place)
        return found

    def frames(self, least: int | None = None) -> Iterator[bytes]:
        """Entries, each after its length (u32, little-endian), in pages.

        Args:
            least: From the first commit on with which there are so many, the others are counted and not yielded; all
                are yielded if None.
        """
        is_wanted = True
        for body in self._bodies(_ENTRIES):
            place = taken = 0
            for begin, end in _framed(body):
                place = end
                self.count += 1
                if is_wanted:
                    taken = end
                    is_wanted = least is None or self.count < least or body[begin : begin + 1] != _COMMIT_TAG
            if place != len(body):
                index = self.count
                message = f"log entry {index}"
                raise AuditError(message, "a whole entry", "one that is cut short", index)
            if taken:
                yield body[:taken]

    def notes(self) -> Iterator[list[bytes]]:
        """Checkpoints, some at a time; entries before them are passed over, and the end of the file is checked."""
        for _ in self._bodies(_ENTRIES):
            pass
        for body in self._bodies(_CHECKPOINTS):
            place, page = 0, []
            for begin, place in _framed(body):
                page.append(body[begin:place])
                if len(page) == _NOTES:
                    yield page
                    page = []
            if place != len(body):
                self._refuse(self._file.tell(), "whole checkpoints", "one that is cut short")
            if page:
                yield page
        if self._peek(_END) or self._file.read(1):
            self._refuse(self._file.tell(), "the end of the file", "more")

    def _bodies(self, kind: int) -> Iterator[bytes]:
        while True:
            self._next = self._next or self._read()
            if self._next[0] != kind:
                return
            body, self._next = self._next[1], None
            yield body

    def _peek(self, kind: int) -> bytes:
        self._next = self._next or self._read()
        if self._next[0] != kind:
            self._refuse(self._file.tell(), f"a block of kind {kind}", f"one of kind {self._next[0]}")
        return self._next[1]

    def _read(self) -> tuple[int, bytes]:
        at = self._file.tell()
        head = self._file.read(5)
        length = int.from_bytes(head[1:], "little")
        if len(head) == 5 and length > BLOCK_BYTES_MAX:
            self._refuse(at, f"a block of at most {BLOCK_BYTES_MAX:,} bytes", f"one of {length:,}")
        body = self._file.read(length)
        checksum = self._file.read(4)
        if len(checksum) < 4:
            self._refuse(at, "a whole block", "the end of the file: it is truncated")
        expected = zlib.crc32(body, zlib.crc32(head))
        if int.from_bytes(checksum, "little") != expected:
            self._refuse(at, f"a block with checksum {expected:08x}", f"{int.from_bytes(checksum, 'little'):08x}")
        return head[0], body

    def _refuse(self, at: int, expected: str, found: str) -> NoReturn:
        place = f"{self._path}, byte {at:,}"
        raise AuditError(place, expected, found)
