"""The indexes of transactions and accounts: what they find as they are written, merged, reopened and followed."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import zlib
from collections import defaultdict
from typing import TYPE_CHECKING

import lmdb
import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, Transaction
from counterfoil.exceptions import NewerFormatError, StoreError
from counterfoil.ledger import fsck
from counterfoil.ops import Pay, Payee, Transfer, named_account

if TYPE_CHECKING:
    from pathlib import Path

OPERATOR, ISSUER, ANN = (Key.from_seed(bytes([number]) * 32) for number in range(3))
PAYEES = [named_account(ANN.account, bytes([number]) * 16) for number in range(40)]


class Journal:
    """A ledger in which Ann pays, and what its history must be."""

    def __init__(self, path: Path) -> None:
        self.ledger = Ledger.create(path, origin="club.example/beans", operator=OPERATOR, commit_every_ms=None)
        self.bean = self.ledger.create_asset(ISSUER, "BEAN")
        self.of: dict[bytes, list[bytes]] = defaultdict(list)
        minted = self.ledger.mint(ISSUER, self.bean, to=ANN.account, amount=10**9)
        self.of[ANN.account].append(minted.id)

    def pay(self, payees: list[bytes]) -> None:
        """One transaction to some payees."""
        if len(payees) == 1:
            operation: Transfer | Pay = Transfer(asset=self.bean, sender=ANN.account, to=payees[0], amount=1)
        else:
            shares = [Payee(payee, 1) for payee in payees]
            operation = Pay(asset=self.bean, sender=ANN.account, payees=shares)
        signed = Transaction(self.ledger.id, [operation]).sign(ANN)
        self.ledger.apply([signed]).raise_for_status()
        for account in [ANN.account, *payees]:
            self.of[account].append(signed.id)

    def check(self, ledger: Ledger) -> None:
        """Everything is found, in order, and nothing else is."""
        for account, ids in self.of.items():
            assert [each.id for each in ledger.transactions(account)] == ids
        for identifier in self.of[ANN.account]:
            index = ledger.index_of(identifier)
            assert index is not None
            assert ledger.index_of(identifier[:31] + bytes([identifier[31] ^ 1])) is None
        assert list(ledger.transactions(bytes(32))) == []


FOLLOWER = """
import json, sys
from counterfoil import Ledger

with Ledger.open(sys.argv[1], read_only=True) as ledger:
    for line in sys.stdin:
        account = bytes.fromhex(line)
        found = [each.id.hex() for each in ledger.transactions(account)]
        assert all(ledger.index_of(bytes.fromhex(each)) is not None for each in found)
        print(json.dumps(found), flush=True)
"""


def count_runs(path: Path, index: bytes) -> int:
    """How many runs an index of a closed ledger has."""
    with (
        lmdb.open(str(path / "state"), max_dbs=8, readonly=True, lock=False) as state,
        state.begin() as transaction,
    ):
        return len({key[:8] for key, _ in transaction.cursor(state.open_db(index, transaction))})


def test_history_outlives_many_small_flushes(tmp_path: Path) -> None:
    """A run for each flush, merged again and again, while the ledger is read, followed, closed and opened."""
    source = random.Random(1)  # noqa: S311 - the same in every run
    path = tmp_path / "l"
    journal = Journal(path)
    flushes = 0
    for opening in range(3):
        command = [sys.executable, "-c", FOLLOWER, str(path)]
        with (
            journal.ledger,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as follower,
        ):
            assert follower.stdin is not None
            assert follower.stdout is not None
            for flush in range(50):
                for _ in range(source.choice([1, 1, 2, 20 if flush % 25 == 0 else 3])):
                    journal.pay(sorted(source.sample(PAYEES, source.choice([1, 1, 5]))))
                if flush % 15 == 7:
                    asked = source.choice([ANN.account, *PAYEES])
                    follower.stdin.write(asked.hex() + "\n")
                    follower.stdin.flush()
                    assert json.loads(follower.stdout.readline()) == [each.hex() for each in journal.of[asked]]
                if flush % 25 == 11:
                    # Some in runs, some that wait for a flush, some that no commit covers.
                    journal.ledger.checkpoint()
                    journal.pay(PAYEES[:1])
                    journal.check(journal.ledger)
                journal.ledger.flush()
                flushes += 1
            follower.stdin.close()
            assert follower.wait(timeout=60) == 0
            journal.check(journal.ledger)
        runs = count_runs(path, b"transaction_runs"), count_runs(path, b"account_runs")
        assert max(runs) < 16 + flushes / 16 + 1, f"{flushes} flushes left {runs} runs"
        fsck(path, full=True)
        with Ledger.open(path, read_only=True) as ledger:
            journal.check(ledger)
        if opening == 1:
            # Made again from the log, all of it waits in memory for one flush.
            shutil.rmtree(path / "state")
        journal.ledger = Ledger.open(path, operator=OPERATOR, commit_every_ms=None)
    journal.check(journal.ledger)
    journal.ledger.close()


def set_layout(path: Path, version: int) -> None:
    """Say of a state that it has the layout of another version, and leave it without the databases of this one."""
    with (
        lmdb.open(str(path / "state"), max_dbs=16) as state,
        state.begin(write=True) as transaction,
    ):
        meta = state.open_db(b"meta", transaction)
        layout = transaction.get(b"layout", db=meta)
        rest = version.to_bytes(4, "big") + layout[8:]
        transaction.put(b"layout", zlib.crc32(b"layout" + rest).to_bytes(4, "big") + rest, db=meta)
        for index in (b"transaction_runs", b"account_runs"):
            transaction.drop(state.open_db(index, transaction))
        for index in (b"ids", b"account_index"):
            transaction.put(b"key", b"value", db=state.open_db(index, transaction))


@pytest.mark.parametrize("version", [1, 2])
def test_a_state_of_an_older_layout_is_made_again(tmp_path: Path, version: int) -> None:
    path = tmp_path / "l"
    journal = Journal(path)
    with journal.ledger as ledger:
        for payee in PAYEES:
            journal.pay([payee])
            if payee == PAYEES[20]:
                ledger.flush()
        ledger.checkpoint()
        size, root = ledger.size, ledger.state_root
    set_layout(path, version)
    for refuse in (lambda: Ledger.open(path, read_only=True), lambda: fsck(path)):
        with pytest.raises(StoreError, match=rf"layout {version}.* reads layout 3: open the ledger for writing once"):
            refuse()
    heard: list[tuple[int, int]] = []
    with Ledger.open(path, operator=OPERATOR, progress=lambda *args: heard.append(args)) as ledger:
        assert heard[-1] == (size, size)
        assert ledger.state_root == root
        journal.check(ledger)
    # Closing it has written the state, so that neither a follower nor the next writer does it all again.
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.state_root == root
        journal.check(ledger)
    heard.clear()
    with Ledger.open(path, operator=OPERATOR, progress=lambda *args: heard.append(args)) as ledger:
        journal.check(ledger)
    assert all(entries >= size for entries, _ in heard)
    assert fsck(path, full=True)["state_root"] == root
    assert count_runs(path, b"transaction_runs") == 1


def test_a_state_of_a_newer_layout_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "l"
    Journal(path).ledger.close()
    set_layout(path, 4)
    before = (path / "state" / "data.mdb").read_bytes()
    for refuse in (lambda: Ledger.open(path, read_only=True), lambda: fsck(path), lambda: Ledger.open(path)):
        with pytest.raises(NewerFormatError, match="format 4"):
            refuse()
    assert (path / "state" / "data.mdb").read_bytes() == before
