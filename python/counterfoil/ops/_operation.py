"""What all operations share: their codec comes from their line in `verify.OPERATIONS`."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, ClassVar, TypeVar

from counterfoil.verify import CODEC as VERIFIER_CODEC
from counterfoil.verify import OPERATIONS, Codec, Encodable

if TYPE_CHECKING:
    from collections.abc import Callable

CODEC = Codec(VERIFIER_CODEC.classes)
"""Reads and writes with the classes of `counterfoil.ops` and `counterfoil.wire`."""


class Operation(Encodable):
    """Base of all operations: an element of a transaction.

    Making one checks the types and ranges of its fields; whether the ledger takes it is the ledger's to say.
    `bytes()` gives its Borsh encoding, tag first.

    Attributes:
        wire_tag: The operation's tag.
        wire_name: The operation's name.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.
    """

    __slots__ = ()
    wire_tag: ClassVar[int]
    wire_name: ClassVar[str]


Made = TypeVar("Made", bound=type[Operation])
Part = TypeVar("Part", bound=type)


def operation(name: str) -> Callable[[Made], Made]:
    """Register a dataclass as the operation with this name in `verify.OPERATIONS`."""
    tag, layout = next((tag, layout) for tag, (line, layout) in OPERATIONS.items() if line == name)

    def register(made: Made) -> Made:
        expected = {text.partition(":")[0] for text in layout.split()}
        found = {field.name for field in fields(made)}  # type: ignore[arg-type]  # a dataclass by its decorator
        if found != expected:
            message = f"{made.__name__}: expected the fields {sorted(expected)}, found {sorted(found)}"
            raise TypeError(message)
        made.wire_tag = tag
        made.wire_name = name
        return part(f"Operation.{name}")(made)

    return register


def part(name: str) -> Callable[[Part], Part]:
    """Register a dataclass as what is made of the layout with this name."""

    def register(made: Part) -> Part:
        CODEC.add(name, made)
        return made

    return register
