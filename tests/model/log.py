"""RFC 6962 section 2.1, as it is written there."""

from __future__ import annotations

from hashlib import sha256


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\0" + entry).digest()


def root(entries: list[bytes]) -> bytes:
    """The Merkle tree hash, MTH(D[n])."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    k = _split(len(entries))
    return sha256(b"\1" + root(entries[:k]) + root(entries[k:])).digest()


def inclusion(index: int, entries: list[bytes]) -> list[bytes]:
    """The audit path, PATH(m, D[n]): deepest first."""
    if len(entries) == 1:
        return []
    k = _split(len(entries))
    if index < k:
        return [*inclusion(index, entries[:k]), root(entries[k:])]
    return [*inclusion(index - k, entries[k:]), root(entries[:k])]


def consistency(size: int, entries: list[bytes]) -> list[bytes]:
    """The consistency proof, PROOF(m, D[n])."""

    def subproof(m: int, rest: list[bytes], *, whole: bool) -> list[bytes]:
        if m == len(rest):
            return [] if whole else [root(rest)]
        k = _split(len(rest))
        if m <= k:
            return [*subproof(m, rest[:k], whole=whole), root(rest[k:])]
        return [*subproof(m - k, rest[k:], whole=False), root(rest[:k])]

    return subproof(size, entries, whole=True)
