"""What is asked of numbers and ids before anything is computed from them."""

from __future__ import annotations


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
