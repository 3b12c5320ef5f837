"""Where a service remembers the challenges that it has issued, until they are used or expire."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from counterfoil.exceptions import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ChallengeFile", "Challenges"]

_BUSY_S = 10
_TABLE = """\
CREATE TABLE IF NOT EXISTS challenges (
    digest BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    expires_ms INTEGER NOT NULL
) WITHOUT ROWID"""
_INDEX = "CREATE INDEX IF NOT EXISTS challenges_by_expiry ON challenges (expires_ms)"


class Challenges(Protocol):
    """What `SignIn` asks of a store. Of all who take a digest, in any thread, process or machine, one gets it."""

    def add(self, digest: bytes, expires_ms: int, *, now_ms: int) -> None:
        """Remember a challenge. It is durable when this returns.

        Args:
            digest: SHA-256 of it, 32 bytes: no two challenges have the same.
            expires_ms: Until when, ms.
            now_ms: The time now, ms.
        """

    def take(self, digest: bytes, *, now_ms: int) -> bool:
        """Forget a challenge. That it is forgotten is durable when this returns.

        Args:
            digest: SHA-256 of it, 32 bytes.
            now_ms: The time now, ms.

        Returns:
            Whether it was there, and has not expired.
        """


class ChallengeFile:
    """Challenges in a SQLite file, which threads and processes on one machine may share.

    Each call opens the file anew, so that a process may be forked at any time. It syncs the disk five times, in some
    1 to 3 ms. What has expired is deleted with the next challenge that is added.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     challenges = ChallengeFile(folder + "/challenges")
    ...     challenges.add(bytes(32), 1_000, now_ms=0)
    ...     challenges.take(bytes(32), now_ms=999), challenges.take(bytes(32), now_ms=999)
    (True, False)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a file, or make one that only its owner may read.

        Args:
            path: Where. Of a sign-in on two machines neither would know what the other has issued: there give `SignIn`
                a store of their common database instead.

        Raises:
            OSError: The file cannot be made.
            StoreError: It is no SQLite file, or holds something else.
        """
        self._path = Path(path).absolute()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._open() as database:
            database.execute(_TABLE)
            database.execute(_INDEX)
            database.execute("SELECT digest, expires_ms FROM challenges LIMIT 0")

    def add(self, digest: bytes, expires_ms: int, *, now_ms: int) -> None:
        """Remember a challenge: see `Challenges.add`.

        Raises:
            StoreError: The file cannot be written, or has this digest already.
        """
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("DELETE FROM challenges WHERE expires_ms <= ?", (now_ms,))
            database.execute("INSERT INTO challenges VALUES (?, ?)", (digest, expires_ms))
            database.execute("COMMIT")

    def take(self, digest: bytes, *, now_ms: int) -> bool:
        """Forget a challenge: see `Challenges.take`.

        Raises:
            StoreError: The file cannot be written.
        """
        with self._open() as database:
            # One statement: who finds it has deleted it.
            done = database.execute("DELETE FROM challenges WHERE digest = ? AND expires_ms > ?", (digest, now_ms))
            return done.rowcount == 1

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)) as database:
                # A deletion that a power cut undid would let a signature be used twice. What commits it is that the
                # journal is deleted, and EXTRA syncs that as well.
                database.execute("PRAGMA synchronous = EXTRA")
                yield database
        except sqlite3.Error as error:
            message = f"{self._path}: the database of challenges failed: {error}"
            raise StoreError(message) from error
