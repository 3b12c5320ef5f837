"""The files, read by another implementation of LMDB: `docs/internals/storage.md` says what is where."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import lmdb
from counterfoil import Key, Ledger
from counterfoil.ops import Transfer
from counterfoil.verify import leaf_hash, tree_key
from counterfoil.wire import Transaction

if TYPE_CHECKING:
    from pathlib import Path


def test_another_lmdb_reads_the_log_and_the_balances(tmp_path: Path) -> None:
    operator, issuer, ann, bob = (Key.from_seed(bytes([number]) * 32) for number in range(4))
    with Ledger.create(tmp_path / "l", origin="club.example/beans", operator=operator) as ledger:
        bean = ledger.create_asset(issuer, "BEAN")
        ledger.mint(issuer, bean, to=ann.account, amount=500)
        gift = Transfer(asset=bean, sender=ann.account, to=bob.account, amount=120)
        ledger.apply([Transaction(ledger.id, [gift]).sign(ann)]).raise_for_status()
        note = ledger.checkpoint()
        entries = list(ledger.entries())
        balances = {account: holding.amount for account, holding in ledger.holders(bean)}

    with lmdb.open(str(tmp_path / "l/log"), max_dbs=8, readonly=True, lock=False) as log, log.begin() as transaction:
        found: list[bytes] = []
        for first, chunk in transaction.cursor(log.open_db(b"entries", transaction)):
            assert int.from_bytes(first, "big") == len(found)
            count = int.from_bytes(chunk[:4], "big")
            ends = [0, *(int.from_bytes(chunk[place : place + 4], "big") for place in range(4, 4 + 4 * count, 4))]
            body = chunk[4 + 4 * count :]
            found += [body[start:end] for start, end in itertools.pairwise(ends)]
        assert found == entries
        tiles = log.open_db(b"tiles", transaction)
        assert transaction.get(bytes(9), db=tiles) == b"".join(map(leaf_hash, entries))
        notes = log.open_db(b"notes", transaction)
        assert transaction.get(len(entries).to_bytes(8, "big"), db=notes) == note.encode()

    with (
        lmdb.open(str(tmp_path / "l/state"), max_dbs=8, readonly=True, lock=False) as state,
        state.begin() as transaction,
    ):
        blocks = b"".join(value for _, value in transaction.cursor(state.open_db(b"blocks", transaction)))
        for account, amount in balances.items():
            assert account + tree_key(account) + amount.to_bytes(16, "big") in blocks
        ids = dict(transaction.cursor(state.open_db(b"ids", transaction)))
        assert sorted(int.from_bytes(index, "big") for index in ids.values()) == [2, 3, 4]
