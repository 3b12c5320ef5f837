"""SQLite and PyNaCl: what is in every Python, and a package that most services have already."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import nacl

from benches.compare.contender import Contender, Does, Holds, Refusal
from benches.compare.transfers import verified

if TYPE_CHECKING:
    from pathlib import Path

    from benches.compare.contender import Opening
    from benches.compare.transfers import Transfer

SCHEMA = """
CREATE TABLE accounts (id BLOB PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0)) WITHOUT ROWID;
CREATE TABLE transfers (
    sender BLOB NOT NULL, nonce BLOB NOT NULL, recipient BLOB NOT NULL, amount INTEGER NOT NULL,
    signature BLOB NOT NULL, PRIMARY KEY (sender, nonce)
) WITHOUT ROWID;
"""
INSERT = "INSERT OR IGNORE INTO transfers VALUES (?, ?, ?, ?, ?)"
DELETE = "DELETE FROM transfers WHERE sender = ? AND nonce = ?"
DEBIT = "UPDATE accounts SET balance = balance - ?1 WHERE id = ?2 AND balance >= ?1"
CREDIT = "INSERT INTO accounts VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET balance = balance + excluded.balance"


class Sqlite(Contender):
    """Each transfer verified, checked and kept; a batch is one transaction."""

    key = "sqlite"
    name = "SQLite + PyNaCl"
    does = Does(
        signatures=True,
        proofs=False,
        history=False,
        durable=True,
        replay=True,
        in_process=True,
        lacks=(
            "No root and no proofs: whoever has the file can change a balance or the past, and nobody can tell.",
            "Nonces are kept for ever, for lack of an expiry.",
        ),
    )

    def __init__(self) -> None:
        """Open nothing yet."""
        self._database: sqlite3.Connection | None = None

    @property
    def version(self) -> str:
        """Of what it is made, and how it is set."""
        return f"SQLite {sqlite3.sqlite_version}, PyNaCl {nacl.__version__}; WAL, synchronous=FULL"

    def start(self, folder: Path, opening: Opening) -> None:
        """Fund the accounts."""
        self._opening = opening
        # Transactions begin and end where the code says so.
        self._database = database = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(SCHEMA)
        database.execute("BEGIN")
        database.executemany("INSERT INTO accounts VALUES (?, ?)", [(id_, opening.amount) for id_ in opening.accounts])
        database.execute("COMMIT")

    def apply(self, prepared: list[bytes]) -> dict[int, Refusal]:
        """Verify in processes, apply one by one, commit each batch."""
        refused, position = {}, 0
        database = self._open
        for batch in verified(self._opening, prepared):
            database.execute("BEGIN IMMEDIATE")
            for transfer in batch:
                refusal = self._apply(transfer) if transfer else Refusal.SIGNATURE
                if refusal:
                    refused[position] = refusal
                position += 1
            database.execute("COMMIT")
        return refused

    def _apply(self, transfer: Transfer) -> Refusal | None:
        execute = self._open.execute
        sender, to, amount, nonce, signature, _ = transfer
        if not execute(INSERT, (sender, nonce, to, amount, signature)).rowcount:
            return Refusal.REPLAY
        if not execute(DEBIT, (amount, sender)).rowcount:
            # A refused transfer leaves nothing behind; a savepoint for each would cost all the others more.
            execute(DELETE, (sender, nonce))
            return Refusal.FUNDS
        execute(CREDIT, (to, amount))
        return None

    @property
    def _open(self) -> sqlite3.Connection:
        assert self._database is not None
        return self._database

    def settle(self) -> None:
        """Move what is in the write-ahead log into the database."""
        self._open.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self) -> Holds:
        """Read the balances."""
        assert self._open.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return Holds(dict(self._open.execute("SELECT id, balance FROM accounts")))

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            self._database.close()
