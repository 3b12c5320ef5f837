"""Trees over lists that are made off the ledger, whose roots are posted on it.

`build` makes the sum map of what accounts are to get, byte for byte that of *The sum map* in the formats: with accounts
as record ids, amounts as sums, and empty values. Its root commits to the total as well, so that a distribution whose
leaves add up to more than it says has no valid proof of any.

`scores_root` is the root of a list of scores, an RFC 6962 tree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from counterfoil._checks import identifier, integer
from counterfoil.verify import EMPTY_HASH, fold_map, leaf_hash, map_leaf, map_node, tree_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SUM_MAX = 2**128 - 1
_SCORE_MAX = 2**63 - 1
_EMPTY_VALUE = hashlib.sha256(b"").digest()


class _Node(NamedTuple):
    """A subtree: its hash and sum, and its halves where it has more than one key."""

    hash: bytes
    sum: int
    halves: tuple[_Node, _Node] | None = None

    def encode(self) -> bytes:
        return self.hash + self.sum.to_bytes(16, "big")


_EMPTY = _Node(EMPTY_HASH, 0)


@dataclass(frozen=True, slots=True)
class Leaves:
    """A sum map of what accounts are to get.

    Attributes:
        root: The map's root hash, 32 bytes.
        total: All amounts together.
        amounts: What each account gets.

    >>> from counterfoil.verify import tree_key, verify_map_proof
    >>> ann, bob = b"a" * 32, b"b" * 32
    >>> leaves = build({ann: 700, bob: 300})
    >>> found = verify_map_proof(leaves.root, tree_key(ann), leaves.proof(ann))
    >>> found.sum, found.total
    (700, 1000)
    """

    root: bytes
    total: int
    amounts: Mapping[bytes, int]
    _top: _Node = field(repr=False, compare=False)

    def proof(self, account: bytes) -> bytes:
        """The map proof that an account is there with its amount.

        Raises:
            LookupError: It is not there.
        """
        if account not in self.amounts:
            message = f"account: expected one of {len(self.amounts):,} in the list, found {account!r:.80}"
            raise LookupError(message)
        path = int.from_bytes(tree_key(account), "big")
        siblings: list[_Node] = []
        node = self._top
        while node.halves is not None:
            side = path >> (255 - len(siblings)) & 1
            siblings.append(node.halves[1 - side])
            node = node.halves[side]
        depth = len(siblings)
        bitmap = 0
        for sibling in siblings:
            bitmap = bitmap << 1 | (sibling.hash != EMPTY_HASH)
        bitmap <<= -depth % 8
        head = b"\x01" + node.sum.to_bytes(16, "big") + bytes(2) + depth.to_bytes(2, "big")
        listed = b"".join(sibling.encode() for sibling in siblings if sibling.hash != EMPTY_HASH)
        return head + bitmap.to_bytes((depth + 7) // 8, "big") + listed


def build(amounts: Mapping[bytes, int] | Iterable[tuple[bytes, int]]) -> Leaves:
    """Make the sum map of what accounts are to get.

    Args:
        amounts: What each account gets, in minor units; one account or more, and 1 or more each, for nobody can
            collect nothing.

    Raises:
        TypeError: An account that is not bytes, or an amount that is no int.
        ValueError: No accounts, one that is not 32 bytes or there twice, an amount below 1, or a total of 2^128 or
            more.
    """
    taken: dict[bytes, int] = {}
    for account, amount in amounts.items() if isinstance(amounts, Mapping) else amounts:
        if identifier(account, "account") in taken:
            message = f"accounts: expected each once, found {account.hex()} twice"
            raise ValueError(message)
        taken[account] = integer(amount, "amount", least=1, most=_SUM_MAX)
    total = integer(sum(taken.values()), "total", least=1, most=_SUM_MAX)
    placed = sorted((tree_key(account), amount) for account, amount in taken.items())
    nodes = ((key, _Node(map_leaf(key, amount, _EMPTY_VALUE), amount)) for key, amount in placed)
    top = fold_map(nodes, _join, _EMPTY)
    return Leaves(top.hash, total, taken, top)


def _join(low: _Node, high: _Node) -> _Node:
    return _Node(*map_node((low.hash, low.sum), (high.hash, high.sum)), (low, high))


def scores_root(scores: Mapping[bytes, int]) -> bytes:
    """The root hash of the RFC 6962 tree over `account ‖ score` (i64, big endian), ascending by account.

    Args:
        scores: The score of each account, one or more.

    Raises:
        TypeError: An account that is not bytes, or a score that is no int.
        ValueError: No scores, an account that is not 32 bytes, or a score beyond 64 bits.

    >>> scores_root({b"a" * 32: -5, b"b" * 32: 5}).hex()[:16]
    'd95ab65137d6553e'
    """
    if not scores:
        message = "scores: expected one or more, found none"
        raise ValueError(message)
    rows = [
        identifier(account, "account")
        + integer(score, "score", least=-_SCORE_MAX - 1, most=_SCORE_MAX).to_bytes(8, "big", signed=True)
        for account, score in scores.items()
    ]
    return tree_root([leaf_hash(row) for row in sorted(rows)])


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """The root of leaf hashes, one or more, as RFC 6962, 2.1 has it.

    A level at a time: a node without a sibling goes up as it is.
    """
    level = list(hashes)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        alone = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs] + alone
    return level[0]
