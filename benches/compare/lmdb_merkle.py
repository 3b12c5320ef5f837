"""LMDB, a Merkle tree by hashlib, and PyNaCl: what comes nearest in Python, written by hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nacl

from benches.compare.contender import Absent, Contender, Does, Holds, Refusal
from benches.compare.transfers import verified

try:
    import lmdb
except ImportError:
    lmdb = None

if TYPE_CHECKING:
    from pathlib import Path

    from benches.compare.contender import Opening
    from benches.compare.transfers import Transfer

EMPTY = bytes(32)
PROVEN_EVERY = 97
"""One in so many balances is proven at the end."""


def leaf_hash(account: bytes, balance: int) -> bytes:
    """The hash of an account and its balance."""
    return hashlib.sha256(b"\x00" + account + balance.to_bytes(8, "big")).digest()


def pair_hash(pair: bytes) -> bytes:
    """The hash of two nodes side by side."""
    return hashlib.sha256(b"\x01" + pair).digest()


def levels_of(leaves: list[bytes], depth: int) -> list[list[bytes]]:
    """Every level's pairs of a tree with 2**depth leaves, from the leaves upwards."""
    levels, nodes, empty = [], leaves, EMPTY
    for _ in range(depth):
        nodes = nodes + [empty] * (len(nodes) % 2)
        pairs = [nodes[place] + nodes[place + 1] for place in range(0, len(nodes), 2)]
        levels.append(pairs)
        nodes = [pair_hash(pair) for pair in pairs]
        empty = pair_hash(empty + empty)
    return levels


@dataclass(frozen=True)
class Proof:
    """That an account has a balance: where its leaf is, and what stands beside the way to the root."""

    account: bytes
    balance: int
    index: int
    siblings: list[bytes]

    def verify(self, root: bytes) -> None:
        """Compute the root.

        Raises:
            ValueError: It is another.
        """
        node, index = leaf_hash(self.account, self.balance), self.index
        for sibling in self.siblings:
            node = pair_hash(sibling + node if index & 1 else node + sibling)
            index >>= 1
        if index or node != root:
            message = "the proof gives another root"
            raise ValueError(message)


class LmdbMerkle(Contender):
    """Each transfer verified, checked and its nonce kept; a batch is one transaction and renews the root.

    Accounts have numbers, in the order in which they came, and the number is the place of the leaf. Of each pair of
    nodes the two hashes are stored together, so that going up a level is one read, one hash and one write.
    """

    key = "lmdb"
    name = "LMDB + Merkle + PyNaCl"
    does = Does(
        signatures=True,
        proofs=True,
        history=False,
        durable=True,
        replay=True,
        in_process=True,
        lacks=(
            "It proves a balance, but not that an account has none, nor the supply, nor what was applied.",
            "Nobody signs its root, and no log ties one root to the next: the past is not proven.",
            "The transfers themselves are not kept, only their nonces, and those for ever.",
        ),
    )

    def __init__(self) -> None:
        """Open nothing yet."""
        self._environment: lmdb.Environment | None = None

    @property
    def version(self) -> str:
        """Of what it is made, and how it is set."""
        engine = ".".join(map(str, lmdb.version()))
        return f"LMDB {engine} (py-lmdb {lmdb.__version__}), PyNaCl {nacl.__version__}; synced at each commit"

    def start(self, folder: Path, opening: Opening) -> None:
        """Fund the accounts and build the tree."""
        if lmdb is None:
            message = "the package lmdb is not installed"
            raise Absent(message)
        self._opening = opening
        self._environment = environment = lmdb.open(str(folder), map_size=2**36, max_dbs=4)
        # account -> number and balance; number -> account; level and number -> pair of nodes; sender and nonce -> none
        self._accounts, self._numbers, self._pairs, self._nonces = (
            environment.open_db(name) for name in (b"accounts", b"numbers", b"pairs", b"nonces")
        )
        numbers = range(len(opening.accounts))
        # Room for as many accounts again.
        self._depth = len(opening.accounts).bit_length() + 1
        leaves = [leaf_hash(account, opening.amount) for account in opening.accounts]
        with environment.begin(write=True) as transaction:
            accounts = sorted(zip(opening.accounts, numbers, strict=True))
            cursor = transaction.cursor(self._accounts)
            cursor.putmulti([(id_, _account(number, opening.amount)) for id_, number in accounts])
            cursor = transaction.cursor(self._numbers)
            cursor.putmulti([(_u64(number), opening.accounts[number]) for number in numbers])
            cursor = transaction.cursor(self._pairs)
            levels = levels_of(leaves, self._depth)
            for level, pairs in enumerate(levels):
                cursor.putmulti([(_place(level, number), pair) for number, pair in enumerate(pairs)])
        self._root = pair_hash(levels[-1][0])
        self._count = len(opening.accounts)
        # What stands for a pair of which neither node is there.
        self._absent = [pairs[0] for pairs in levels_of([EMPTY], self._depth)]

    def apply(self, prepared: list[bytes]) -> dict[int, Refusal]:
        """Verify in processes, apply one by one, renew the root and commit each batch."""
        refused, position = {}, 0
        for batch in verified(self._opening, prepared):
            with self._open.begin(write=True) as transaction:
                changed: dict[bytes, tuple[int, int]] = {}
                for transfer in batch:
                    refusal = self._apply(transaction, changed, transfer) if transfer else Refusal.SIGNATURE
                    if refusal:
                        refused[position] = refusal
                    position += 1
                self._store(transaction, changed)
        return refused

    def _apply(
        self, transaction: lmdb.Transaction, changed: dict[bytes, tuple[int, int]], transfer: Transfer
    ) -> Refusal | None:
        sender, to, amount, nonce, _, _ = transfer
        paying = changed.get(sender) or self._read(transaction, sender)
        if paying is None or paying[1] < amount:
            return Refusal.FUNDS
        if not transaction.put(sender + nonce, b"", db=self._nonces, overwrite=False):
            return Refusal.REPLAY
        changed[sender] = (paying[0], paying[1] - amount)
        paid = changed.get(to) or self._read(transaction, to)
        if paid is None:
            assert self._count < 2**self._depth, "the tree is full"
            transaction.put(_u64(self._count), to, db=self._numbers)
            paid = (self._count, 0)
            self._count += 1
        changed[to] = (paid[0], paid[1] + amount)
        return None

    def _read(self, transaction: lmdb.Transaction, account: bytes) -> tuple[int, int] | None:
        value = transaction.get(account, db=self._accounts)
        return None if value is None else (int.from_bytes(value[:8], "big"), int.from_bytes(value[8:], "big"))

    def _store(self, transaction: lmdb.Transaction, changed: dict[bytes, tuple[int, int]]) -> None:
        """Write the changed balances, and every pair from their leaves to the root."""
        records = [(id_, _account(number, balance)) for id_, (number, balance) in sorted(changed.items())]
        transaction.cursor(self._accounts).putmulti(records)
        nodes = sorted((number, leaf_hash(account, balance)) for account, (number, balance) in changed.items())
        for level in range(self._depth):
            pairs: dict[int, bytes] = {}
            for number, node in nodes:
                parent = number >> 1
                pair = pairs.get(parent) or transaction.get(_place(level, parent), db=self._pairs)
                pair = pair or self._absent[level]
                pairs[parent] = pair[:32] + node if number & 1 else node + pair[32:]
            stored = [(_place(level, parent), pair) for parent, pair in pairs.items()]
            transaction.cursor(self._pairs).putmulti(stored)
            nodes = [(parent, pair_hash(pair)) for parent, pair in pairs.items()]
        if nodes:
            [(_, self._root)] = nodes

    def prove(self, account: bytes) -> Proof:
        """Prove the balance of an account.

        Raises:
            LookupError: There is no such account; this tree cannot prove that.
        """
        with self._open.begin() as transaction:
            found = self._read(transaction, account)
            if found is None:
                message = "no such account"
                raise LookupError(message)
            number, balance = found
            siblings, place = [], number
            for level in range(self._depth):
                pair = transaction.get(_place(level, place >> 1), db=self._pairs)
                siblings.append(pair[:32] if place & 1 else pair[32:])
                place >>= 1
        return Proof(account, balance, number, siblings)

    @property
    def _open(self) -> lmdb.Environment:
        assert self._environment is not None
        return self._environment

    def check(self) -> Holds:
        """Read the balances, build the tree anew, and prove some."""
        with self._open.begin() as transaction:
            accounts = list(transaction.cursor(self._numbers).iternext(keys=False))
            records = [self._read(transaction, account) for account in accounts]
        balances = {account: record[1] for account, record in zip(accounts, records, strict=True) if record}
        leaves = [leaf_hash(account, balances[account]) for account in accounts]
        proofs = [self.prove(account) for account in accounts[::PROVEN_EVERY]]
        for proof in proofs:
            proof.verify(self._root)
        return Holds(balances, self._root, pair_hash(levels_of(leaves, self._depth)[-1][0]), len(proofs))

    def close(self) -> None:
        """Close the environment."""
        if self._environment is not None:
            self._environment.close()


def _u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _account(number: int, balance: int) -> bytes:
    return _u64(number) + _u64(balance)


def _place(level: int, number: int) -> bytes:
    return bytes([level]) + _u64(number)
