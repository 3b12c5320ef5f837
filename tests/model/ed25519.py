"""Which signatures are valid: the rule of formats.md in integers.

PyNaCl answers first, because what it accepts the rule accepts; where it says no, the equation itself is asked.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha512

import nacl.bindings
import nacl.exceptions

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
"""Extended coordinates: x = X/Z, y = Y/Z, xy = T/Z."""

NEUTRAL: Point = (0, 1, 1, 0)


def _add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    x, y, z, t = f - e, d - c, d + c, f + e
    return x * y % P, z * t % P, y * z % P, x * t % P


def _times(scalar: int, point: Point) -> Point:
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _is_neutral(point: Point) -> bool:
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


@lru_cache(maxsize=4096)
def point(encoded: bytes) -> Point | None:
    """The point of a canonical encoding that does not have small order, or None."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_1 % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    found = (x, y, 1, x * y % P)
    return None if _is_neutral(_times(8, found)) else found


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """The rule itself."""
    a, r = point(key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    assert BASE is not None
    k = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % L
    right = _add(r, _times(k, a))
    minus_right = (-right[0] % P, right[1], right[2], -right[3] % P)
    return _is_neutral(_times(8, _add(_times(s, BASE), minus_right)))


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is valid."""
    try:
        nacl.bindings.crypto_sign_open(signature + message, key)
    except nacl.exceptions.BadSignatureError:
        return holds(key, message, signature)
    return True
