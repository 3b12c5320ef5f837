"""What is asked of numbers, ids and texts before anything is computed from them."""

from __future__ import annotations

import json
from typing import Any

_OPENED_MAX = 1_000


def integer(value: object, what: str, *, least: int, most: int) -> int:
    """An integer of a range.

    Raises:
        TypeError: Not an int: a float never says exactly how much, and a bool is no number.
        ValueError: Out of the range.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{what}: expected an int, found {type(value).__name__}"
        raise TypeError(message)
    if not least <= value <= most:
        # A number of thousands of digits is neither printed nor turned into text.
        found = f"{value:,}" if value.bit_length() <= 256 else f"one of {value.bit_length():,} bits"
        message = f"{what}: expected {least:,} to {most:,}, found {found}"
        raise ValueError(message)
    return value


def identifier(value: object, what: str) -> bytes:
    """An id of 32 bytes.

    Raises:
        TypeError: Not bytes.
        ValueError: Of another length.
    """
    if not isinstance(value, bytes):
        message = f"{what}: expected 32 bytes, found {type(value).__name__}"
        raise TypeError(message)
    if len(value) != 32:
        message = f"{what}: expected 32 bytes, found {len(value)}"
        raise ValueError(message)
    return value


def json_of(data: bytes) -> Any:  # noqa: ANN401 - whatever it says
    """What JSON of outside says.

    Python's own parser goes as deep as `sys.setrecursionlimit` lets it, which other libraries raise, and further than
    the stack: so nesting is bounded before. With the limit as it is, older Pythons stop before that, the earlier the
    deeper they are called.

    Raises:
        ValueError: It is not JSON, or has over 1,000 brackets, or is nested deeper than can be read here.
    """
    opened = data.count(b"[") + data.count(b"{")
    if opened > _OPENED_MAX:
        message = f"JSON: expected at most {_OPENED_MAX:,} arrays and objects, found {opened:,}"
        raise ValueError(message)
    try:
        return json.loads(data)
    except RecursionError:
        message = "JSON: expected arrays and objects less deep in each other"
        raise ValueError(message) from None
