"""Exports from scratch, as `docs/reference/formats.md` describes them: so that what reads them is not tested by what
writes them, and so that logs can be made that no ledger would write.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nacl.signing import SigningKey

from tests.builders import log_root, sign_note, u

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HEADER = b"counterfoil/export/v1\n"
HEAD, ENTRIES, NOTES, END = range(4)


def block(kind: int, body: bytes) -> bytes:
    head = bytes([kind]) + u(4, len(body))
    return head + body + u(4, zlib.crc32(head + body))


def framed(items: Iterable[bytes]) -> bytes:
    return b"".join(u(4, len(item)) + item for item in items)


def sign_checkpoint(origin: str, entries: list[bytes], size: int, seed: bytes, root: bytes | None = None) -> bytes:
    """The note of a checkpoint of the first entries, or of a root of one's choice."""
    found = log_root(entries[:size]) if root is None else root
    text = f"{origin}\n{size}\n{b64encode(found).decode()}\n"
    return sign_note(text, origin, SigningKey(seed))


@dataclass
class Export:
    """An export to be written.

    Attributes:
        entries: The log.
        notes: Checkpoints.
        size: How many entries it says it has; as many as there are if None.
        root: The root hash that it says they have; theirs if None.
        page: Entries in a block.
    """

    entries: list[bytes]
    notes: list[bytes] = field(default_factory=list)
    size: int | None = None
    root: bytes | None = None
    page: int = 5

    def __bytes__(self) -> bytes:
        size = len(self.entries) if self.size is None else self.size
        root = log_root(self.entries) if self.root is None else self.root
        blocks = [block(HEAD, u(8, size) + root)]
        pages = range(0, len(self.entries), self.page)
        blocks += [block(ENTRIES, framed(self.entries[first : first + self.page])) for first in pages]
        blocks += [block(NOTES, framed(self.notes))] if self.notes else []
        return HEADER + b"".join(blocks) + block(END, b"")

    def save(self, path: Path) -> Path:
        path.write_bytes(bytes(self))
        return path
