"""A whole ledger in one file, and a ledger from such a file: `docs/reference/formats.md`, *Export*.

The file has the log and the checkpoints, not the state: that follows from the log, and whoever imports it computes it
again, which is the proof that the file is right.
"""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from counterfoil.exceptions import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil import _core

__all__ = ["ExportFile", "Exported", "committed_size", "export_log"]

HEADER = b"counterfoil/export/v1\n"

BLOCK_BYTES_MAX = 1 << 24
"""The longest body of a block that is read: what is longer is refused before it is."""

_PAGE_BYTES = 1 << 20
_NOTES = 1_000
_HEAD, _ENTRIES, _CHECKPOINTS, _END = range(4)
_COMMIT = 2
"""The tag of a commit's entry."""
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
    target = Path(path)
    with target.open("xb") as file:
        try:
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
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        written = file.tell()
    return Exported(source.id, size, root_hash, checkpoints, signed_size, written)


def committed_size(log: _core.Engine | _core.Log) -> int:
    """How many entries there are up to the last commit; 0 where there is none.

    The log itself is asked: who follows a ledger waits with the last commit until it is signed.
    """
    size = log.size()
    while size and log.frames(size - 1, 1, size)[0][4] != _COMMIT:
        size -= 1
    return size


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
        self._next: tuple[int, bytes] | None = None

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def first(self) -> bytes:
        """The first entry, which stays to be read by `frames`."""
        frames = self._peek(_ENTRIES)
        length = int.from_bytes(frames[:4], "little")
        return frames[4 : 4 + length]

    def frames(self) -> Iterator[bytes]:
        """Entries, each after its length (u32, little-endian), in pages."""
        return self._bodies(_ENTRIES)

    def notes(self) -> Iterator[list[bytes]]:
        """Checkpoints, some at a time, once the entries are read; then the end of the file is checked."""
        for body in self._bodies(_CHECKPOINTS):
            notes, place = [], 0
            while place < len(body):
                begin = place + 4
                place = begin + int.from_bytes(body[place:begin], "little")
                notes.append(body[begin:place])
            if place != len(body):
                self._refuse(self._file.tell(), "whole checkpoints", "one that is cut short")
            yield notes
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
