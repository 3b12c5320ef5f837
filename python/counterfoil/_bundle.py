"""Files of several proofs: a line that says what it is, then parts, each after its length (u32, little endian)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from counterfoil.exceptions import ProofError
from counterfoil.verify import check_file_version

if TYPE_CHECKING:
    from counterfoil.verify import RecordClaim

_LENGTH_BYTES = 4


def join(*parts: bytes) -> bytes:
    """Parts, each after its length."""
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "little") + part for part in parts)


class Bundle:
    """A bundle that is read from the front: whatever its bytes are, reading it ends with a `ProofError` or well."""

    def __init__(self, data: object, header: bytes, what: str, *, bytes_max: int | None = None) -> None:
        """Begin to read.

        Args:
            data: The bundle.
            header: The line that it must begin with.
            what: What it is, for the messages.
            bytes_max: More bytes are refused without a look inside; None where a bundle may have any number.

        Raises:
            TypeError: Not bytes.
            ProofError: too_long, malformed_statement (another beginning).
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            message = f"{what}: expected bytes, found {type(data).__name__}"
            raise TypeError(message)
        self._what = what
        size = data.nbytes if isinstance(data, memoryview) else len(data)
        if bytes_max is not None and size > bytes_max:
            self._refuse("too_long", "length", f"at most {bytes_max:,} bytes", f"{size:,}")
        self._data = bytes(data)
        if not self._data.startswith(header):
            check_file_version(self._data, what)
            self._refuse("malformed_statement", "beginning", repr(header.decode()), "other bytes")
        self._place = len(header)

    def take(self, size: int, part: str) -> bytes:
        """So many bytes.

        Raises:
            ProofError: truncated.
        """
        return self._view(size, part).tobytes()

    def part(self, part: str) -> bytes:
        """The next part.

        Raises:
            ProofError: truncated.
        """
        return self.take(self._length(part), part)

    def view(self, part: str) -> memoryview:
        """The next part, not copied: it may be most of the bundle.

        Raises:
            ProofError: truncated.
        """
        return self._view(self._length(part), part)

    def parts(self, part: str, *, least: int) -> list[bytes]:
        """All parts that are left, to the end.

        Raises:
            ProofError: truncated, also where there are fewer than `least`.
        """
        found: list[bytes] = []
        while self._place < len(self._data):
            found.append(self.part(f"{part} {len(found)}"))
        if len(found) < least:
            self._refuse("truncated", "length", f"{least} or more of {part}", len(found))
        return found

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(len(self._data) - self._place, "rest")

    def end(self) -> None:
        """Nothing may be left.

        Raises:
            ProofError: trailing_bytes.
        """
        if self._place != len(self._data):
            self._refuse("trailing_bytes", "length", f"{self._place} bytes", len(self._data))

    def _length(self, part: str) -> int:
        return int.from_bytes(self.take(_LENGTH_BYTES, f"length of {part}"), "little")

    def _view(self, size: int, part: str) -> memoryview:
        taken = memoryview(self._data)[self._place : self._place + size]
        if len(taken) < size:
            self._refuse("truncated", part, f"{size} bytes at byte {self._place}", len(taken))
        self._place += size
        return taken

    def _refuse(self, reason: str, part: str, expected: object, found: object) -> NoReturn:
        message = f"{self._what}, {part}: expected {expected}, found {found}"
        raise ProofError(message, reason)


def check_root(what: str, first: RecordClaim, claim: RecordClaim) -> None:
    """All claims of a bundle are of the checkpoint of its first.

    Raises:
        ProofError: wrong_root.
    """
    if (claim.ledger, claim.tree_size, claim.state_root) != (first.ledger, first.tree_size, first.state_root):
        message = f"{what}: expected the checkpoint of {first.tree_size} entries, found one of {claim.tree_size}"
        raise ProofError(message, "wrong_root")
