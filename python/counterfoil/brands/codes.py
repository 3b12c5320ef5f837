"""Codes that people read and type: Crockford's base32 with his check character, in groups.

The last character is the number that the others are, modulo 37: any one that is mistyped and any two neighbours that
are swapped are noticed. Of the 37 check characters five are signs, which are hard to dictate: codes that would end in
one are not made.
"""

from __future__ import annotations

import hashlib
from itertools import count

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)} | {"O": 0, "I": 1, "L": 1}
_CHECK = 37
_DASHES = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013\u2014\u2212"))
"""What phones make of a dash; `str.translate` drops them."""

_TEXT_MAX = 100
"""So many characters are looked at: a code has far fewer, with whatever dashes and blanks."""


def make_code(seed: bytes, *, characters: int, group: int) -> str:
    """A code of a secret, always the same for the same one.

    Args:
        seed: 32 secret bytes; the code has 5 bits of them for each character but the last.
        characters: How many, the check character among them; at most 52.
        group: How many stand together.

    >>> make_code(bytes(32), characters=10, group=5)
    'GE9G6-54S2A'
    """
    body = characters - 1
    for attempt in count():
        digest = hashlib.sha256(b"counterfoil/code/v1\n" + seed + attempt.to_bytes(4, "big")).digest()
        value = int.from_bytes(digest, "big") >> 256 - 5 * body
        if value % _CHECK < len(_DIGITS):
            break
    digits = [_DIGITS[value >> 5 * place & 31] for place in reversed(range(body))]
    text = "".join(digits) + _DIGITS[value % _CHECK]
    return "-".join(text[start : start + group] for start in range(0, characters, group))


def read_code(text: str, *, characters: int) -> str:
    """What a code that somebody typed says: its characters in capitals, without dashes.

    Small letters, blanks, any dashes or none, O for 0, I and L for 1 are understood. No message shows the code.

    Args:
        text: What was typed.
        characters: How many characters a code has, the check character among them.

    Raises:
        TypeError: No text.
        ValueError: It cannot be a code: another length, a character that none has, or one that was mistyped.

    >>> read_code("ge9g6 54s2a", characters=10)
    'GE9G654S2A'
    >>> read_code("GE9G6-54S2B", characters=10)
    Traceback (most recent call last):
        ...
    ValueError: code: expected the check character of the others at the end, found another: a character was mistyped
    """
    if not isinstance(text, str):
        message = f"code: expected a text, found {type(text).__name__}"
        raise TypeError(message)
    typed = "".join(text[: _TEXT_MAX + 1].split()).translate(_DASHES)
    if len(text) > _TEXT_MAX or len(typed) != characters:
        message = f"code: expected {characters} characters, found {'more' if len(text) > _TEXT_MAX else len(typed)}"
        raise ValueError(message)
    for place, letter in enumerate(typed):
        # Some letters of other alphabets become one of ours as capitals; no code was printed with them.
        if not letter.isascii() or letter.upper() not in _VALUES:
            message = f"code: expected digits and letters without U, found another character at {place + 1}"
            raise ValueError(message)
    values = [_VALUES[letter] for letter in typed.upper()]
    number = 0
    for value in values[:-1]:
        number = number << 5 | value
    if number % _CHECK != values[-1]:
        message = "code: expected the check character of the others at the end, found another: a character was mistyped"
        raise ValueError(message)
    return "".join(_DIGITS[value] for value in values)
