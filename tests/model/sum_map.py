"""The sum map of formats.md by its definition: from the records to the root, every time from scratch."""

from __future__ import annotations

from hashlib import sha256

Records = dict[bytes, tuple[int, bytes]]
"""From a tree key to (sum, value)."""

EMPTY = (bytes(32), 0)
SUM_END = 1 << 128
VALUE_BYTES_MAX = 4096


def tree_key(record_id: bytes) -> bytes:
    """The key that a record stands under."""
    return sha256(b"counterfoil/key/v1\n" + record_id).digest()


def _bit(key: bytes, depth: int) -> int:
    return key[depth // 8] >> (7 - depth % 8) & 1


def _leaf(key: bytes, total: int, value_hash: bytes) -> tuple[bytes, int]:
    return sha256(b"\x10" + key + total.to_bytes(16, "big") + value_hash).digest(), total


def node(left: tuple[bytes, int], right: tuple[bytes, int]) -> tuple[bytes, int]:
    total = left[1] + right[1]
    if total >= SUM_END:
        raise OverflowError  # The map refuses such a sum.
    return sha256(b"\x11" + b"".join(h + s.to_bytes(16, "big") for h, s in (left, right))).digest(), total


def _subtree(records: Records, keys: list[bytes], depth: int) -> tuple[bytes, int]:
    if not keys:
        return EMPTY
    if len(keys) == 1:
        total, value = records[keys[0]]
        assert len(value) <= VALUE_BYTES_MAX
        return _leaf(keys[0], total, sha256(value).digest())
    sides: tuple[list[bytes], list[bytes]] = ([], [])
    for key in keys:
        sides[_bit(key, depth)].append(key)
    return node(_subtree(records, sides[0], depth + 1), _subtree(records, sides[1], depth + 1))


def root(records: Records) -> tuple[bytes, int]:
    """The root hash and the sum of everything."""
    return _subtree(records, list(records), 0)


def prove(records: Records, key: bytes) -> bytes:
    """A map proof that the key is there with its value, or that it is not there."""
    keys, siblings = list(records), []
    while len(keys) > 1:
        depth = len(siblings)
        siblings.append(_subtree(records, [k for k in keys if _bit(k, depth) != _bit(key, depth)], depth + 1))
        keys = [k for k in keys if _bit(k, depth) == _bit(key, depth)]
    if not keys:
        head = b"\0"
    elif keys == [key]:
        total, value = records[key]
        head = b"\1" + total.to_bytes(16, "big") + len(value).to_bytes(2, "big") + value
    else:
        total, value = records[keys[0]]
        head = b"\2" + keys[0] + total.to_bytes(16, "big") + sha256(value).digest()
    bitmap = bytearray((len(siblings) + 7) // 8)
    for depth, sibling in enumerate(siblings):
        if sibling != EMPTY:
            bitmap[depth // 8] |= 0x80 >> depth % 8
    listed = b"".join(h + s.to_bytes(16, "big") for h, s in siblings if (h, s) != EMPTY)
    return head + len(siblings).to_bytes(2, "big") + bytes(bitmap) + listed


def shown(proof: bytes, key: bytes) -> tuple[int, bytes, tuple[bytes, int]] | None:
    """The sum and the value that a map proof shows to be there, and the root it leads to; None where it shows none."""
    if proof[:1] != b"\1":
        return None
    total, size, rest = int.from_bytes(proof[1:17], "big"), int.from_bytes(proof[17:19], "big"), proof[19:]
    value, count, rest = rest[:size], int.from_bytes(rest[size : size + 2], "big"), rest[size + 2 :]
    bitmap, listed = rest[: (count + 7) // 8], rest[(count + 7) // 8 :]
    depths = [depth for depth in range(8 * len(bitmap)) if _bit(bitmap, depth)]
    possible = size <= VALUE_BYTES_MAX and count <= 256 and depths[-1:] == ([count - 1] if count else [])
    # What is too short anywhere is too short here: nothing but siblings has a length that nothing else says.
    if not possible or len(proof) != 21 + size + len(bitmap) + 48 * len(depths) or len(bitmap) != (count + 7) // 8:
        return None
    pairs = [(each[:32], int.from_bytes(each[32:], "big")) for each in _pieces(listed, 48)]
    if any(sibling[0] == bytes(32) for sibling in pairs):
        return None
    siblings = dict(zip(depths, pairs, strict=True))
    here = _leaf(key, total, sha256(value).digest())
    for depth in reversed(range(count)):
        beside = siblings.get(depth, EMPTY)
        try:
            here = node(beside, here) if _bit(key, depth) else node(here, beside)
        except OverflowError:
            return None
    return total, value, here


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
