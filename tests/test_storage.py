"""The files, read by another implementation of LMDB: `docs/internals/storage.md` says what is where."""

from __future__ import annotations

import itertools
import zlib
from typing import TYPE_CHECKING

import lmdb
from counterfoil import Key, Ledger
from counterfoil.ops import Transfer
from counterfoil.verify import leaf_hash, tree_key
from counterfoil.wire import Applied, Transaction, decode_entry

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
        decoded = ((index, decode_entry(entry)) for index, entry in enumerate(entries))
        applied = {index: entry.signed for index, entry in decoded if isinstance(entry, Applied)}
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
        # A transaction is found under the first 40 bits of its id, from the run's first log index on.
        [(key, chunk)] = transaction.cursor(state.open_db(b"transaction_runs", transaction))
        packed = [chunk[place : place + 8] for place in range(4, len(chunk), 8)]
        assert (int.from_bytes(key[:8], "big"), key[8:]) == (2, packed[0])
        ids = {leading: int.from_bytes(offset, "big") for leading, offset in ((each[:5], each[5:]) for each in packed)}
        assert ids == {each.id[:5]: index - 2 for index, each in applied.items()}
        assert sorted(applied) == [2, 3, 4]
        # The hashes of accounts have a key: minting and the gift name two each.
        [(key, chunk)] = transaction.cursor(state.open_db(b"account_runs", transaction))
        offsets = sorted(int.from_bytes(chunk[place + 5 : place + 8], "big") for place in range(4, len(chunk), 8))
        assert (int.from_bytes(key[:8], "big"), offsets) == (2, [0, 1, 1, 2, 2])
        for value_key, value in transaction.cursor(state.open_db(b"meta", transaction)):
            if not value_key.startswith(b"value/"):
                assert int.from_bytes(value[:4], "big") == zlib.crc32(value_key + value[4:])
