"""Borsh, as small as it can be said: a codec is a pair of functions, and a schema is codecs put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class MalformedError(Exception):
    """The bytes are not the one encoding of a value."""


class Value:
    """A decoded struct or enum variant: its name, and its fields as attributes."""

    def __init__(self, kind: str, **fields: Any) -> None:
        self.kind = kind
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:  # For type checkers: fields are dynamic.
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items() if name != "kind")
        return f"{self.kind}({fields})"


class Reader:
    """Bytes and how far they have been read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise MalformedError
        self.at += count
        return piece


class Codec(NamedTuple):
    """How a type is written and read."""

    write: Callable[[Any], bytes]
    read: Callable[[Reader], Any]

    def decode(self, data: bytes) -> Any:
        """Read one value that takes up all of the bytes."""
        reader = Reader(data)
        value = self.read(reader)
        if reader.at != len(data):
            raise MalformedError
        assert self.write(value) == data
        return value


def _integer(size: int, *, signed: bool = False) -> Codec:
    return Codec(
        lambda value: value.to_bytes(size, "little", signed=signed),
        lambda r: int.from_bytes(r.take(size), "little", signed=signed),
    )


def fixed(size: int) -> Codec:
    """An array of bytes."""

    def write(value: bytes) -> bytes:
        assert len(value) == size
        return bytes(value)

    return Codec(write, lambda r: r.take(size))


U8, U16, U32, U64, U128 = (_integer(size) for size in (1, 2, 4, 8, 16))
I64 = _integer(8, signed=True)
ID = fixed(32)


def _read_bool(r: Reader) -> bool:
    byte = r.take(1)[0]
    if byte > 1:
        raise MalformedError
    return byte == 1


BOOL = Codec(lambda value: bytes([value]), _read_bool)


def _read_string(r: Reader) -> str:
    try:
        return r.take(U32.read(r)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError from error


STRING = Codec(lambda value: U32.write(len(value.encode())) + value.encode(), _read_string)


BYTES = Codec(lambda value: U32.write(len(value)) + bytes(value), lambda r: r.take(U32.read(r)))


def vec(item: Codec) -> Codec:
    """A list: how many, then each."""

    def read(r: Reader) -> list[Any]:
        return [item.read(r) for _ in range(U32.read(r))]

    return Codec(lambda values: U32.write(len(values)) + b"".join(item.write(v) for v in values), read)


def option(item: Codec) -> Codec:
    """None, or a value."""
    return Codec(
        lambda value: b"\0" if value is None else b"\1" + item.write(value),
        lambda r: item.read(r) if _read_bool(r) else None,
    )


def struct(kind: str, **fields: Codec) -> Codec:
    """Named fields, one after the other."""
    return Codec(
        lambda value: b"".join(codec.write(getattr(value, name)) for name, codec in fields.items()),
        lambda r: Value(kind, **{name: codec.read(r) for name, codec in fields.items()}),
    )


def enum(variants: dict[int, tuple[str, Codec]]) -> Codec:
    """A tag, then what the variant of that tag has. The dictionary may grow after this call."""

    def write(value: Value) -> bytes:
        for tag, (kind, codec) in variants.items():
            if kind == value.kind:
                return bytes([tag]) + codec.write(value)
        raise KeyError(value.kind)

    def read(r: Reader) -> Any:
        tag = r.take(1)[0]
        if tag not in variants:
            raise MalformedError
        return variants[tag][1].read(r)

    return Codec(write, read)


def choice(*names: str) -> Codec:
    """An enum without fields, as the name of its variant."""

    def read(r: Reader) -> str:
        tag = r.take(1)[0]
        if tag >= len(names):
            raise MalformedError
        return names[tag]

    return Codec(lambda name: bytes([names.index(name)]), read)
