"""Check what a Counterfoil ledger hands out, without trusting the service that runs it.

This one file is the whole verifier. It needs Python's standard library and PyNaCl, neither the native module nor the
rest of Counterfoil, so it may be copied into a client under any name. Formats: `docs/reference/formats.md`.

```python
verifier = Verifier(vkey_text)
claim = verifier.balance(statement_bytes)  # or it raises ProofError
print(claim.amount, "of", claim.supply)
```

Times are milliseconds since 1970-01-01 UTC, amounts are integers of minor units, ids and hashes are 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import time as clock
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, NoReturn, TypeAlias, TypeVar, Union

from nacl import bindings
from nacl.exceptions import BadSignatureError

# --------------------------------------------------------------------------------------------------------------------
# Errors


class LedgerError(Exception):
    """Base of every exception that Counterfoil raises of its own."""


class WireError(LedgerError, ValueError):
    """Bytes or values that cannot be decoded or encoded. The message says what, what was expected, what was found."""


class SignatureError(LedgerError, ValueError):
    """A signature that does not hold, a signer that is missing, or a key that is none."""


REASONS: tuple[str, ...] = (
    "too_long",  # more bytes than any proof has
    "malformed_question",  # the question before the statement
    "malformed_statement",  # the parts of the statement
    "malformed_receipt",  # the lines of the receipt
    "malformed_note",  # the lines of a signed note
    "malformed_checkpoint",  # the three lines of the note's text
    "malformed_entry",  # an entry of the log
    "malformed_record",  # the value of a record
    "malformed_transaction",  # what no ledger would have applied
    "malformed_proof",  # a map proof that is not encoded the one way
    "truncated",  # fewer bytes than the lengths announce
    "trailing_bytes",  # more bytes than the lengths announce
    "wrong_question",  # about another table, asset, account or record than expected
    "unknown_table",  # a table that this version does not know
    "wrong_key",  # not signed by the expected key
    "ambiguous_key",  # two expected keys have one name and hash
    "bad_signature",  # a signature of the note that does not hold
    "bad_transaction_signature",  # a signature of the transaction that does not hold
    "wrong_origin",  # a checkpoint of another log
    "wrong_ledger",  # a commit or transaction of another ledger
    "wrong_entry",  # an entry of another kind, or in an impossible place
    "not_last_entry",  # the commit is not what the checkpoint ends with
    "unknown_version",  # a commit of a version that this one does not know
    "wrong_log_proof",  # the inclusion or consistency proof gives another root
    "empty_sibling",  # a listed sibling that is empty
    "shallow_leaf",  # the deepest sibling is empty: such a tree is never built
    "wrong_leaf",  # the other leaf that is shown cannot stand for absence
    "sum_overflow",  # sums of 2**128 or more
    "wrong_root",  # the map proof gives another root
    "wrong_sum",  # a sum that contradicts its record
    "wrong_record",  # a record under an id that is not its own
    "wrong_directory",  # a table that the directory cannot have
    "stale",  # older than asked
    "from_the_future",  # newer than the verifier's clock allows
)
"""Every value of `ProofError.reason`. Codes are added, never renamed."""


class ProofError(LedgerError, ValueError):
    """What was handed out does not prove what it claims.

    Attributes:
        reason: A short stable code, one of `REASONS`.
    """

    def __init__(self, message: str, reason: str = "malformed_statement") -> None:
        """Make the error.

        Args:
            message: What, what was expected, what was found.
            reason: One of `REASONS`.
        """
        super().__init__(message, reason)
        self.reason = reason

    def __str__(self) -> str:
        """The message alone."""
        return str(self.args[0])


def _refuse(reason: str, what: str, expected: object, found: object) -> NoReturn:
    message = f"{what}: expected {expected}, found {found}"
    raise ProofError(message, reason)


def _bad_wire(what: str, expected: object, found: object) -> NoReturn:
    message = f"{what}: expected {expected}, found {found}"
    raise WireError(message)


# --------------------------------------------------------------------------------------------------------------------
# The registries: operations, layouts, tables. Adding an operation adds one line to OPERATIONS.

OPERATIONS: dict[int, tuple[str, str]] = {
    0x10: ("open", "opener:id salt:bytes16 threshold:u8 keys:[KeyGrant]"),
    0x11: ("set_keys", "account:id threshold:u8 keys:[KeyGrant]"),
    0x12: ("mandate", "account:id agent:id asset:id limit:Limit?"),
    0x13: ("once", "account:id key:bytes32"),
    0x20: ("create", "issuer:id symbol:str decimals:u8 supply_cap:u128 policy:[Term] powers:Powers"),
    0x21: ("change", "asset:id supply_cap:u128? policy:[Term]?"),
    0x22: ("renounce", "asset:id power:Power"),
    0x23: ("freeze", "asset:id account:id frozen:bool reason:Reason"),
    0x24: ("pause", "asset:id paused:bool reason:Reason"),
    0x30: ("transfer", "asset:id sender:id to:id amount:u128 reference:bytes32?"),
    0x31: ("pay", "asset:id sender:id payees:[Payee] reference:bytes32?"),
    0x32: ("mint", "asset:id to:id amount:u128 reference:bytes32?"),
    0x33: ("burn", "asset:id sender:id amount:u128 reference:bytes32?"),
    0x34: ("claw_back", "asset:id sender:id to:id amount:u128 reason:Reason"),
    0x35: ("sweep", "asset:id accounts:[id]"),
    0xA0: ("set_parameters", "parameters:Parameters"),
}
"""Every operation: its tag, its name, and the layout of its fields."""

LAYOUTS: dict[str, str] = {
    "Reason": "code:u16 evidence:bytes32?",
    "KeyGrant": "key:id scope:[u8]?",
    "Limit": "operations:[u8] cap:u128 window_ms:u64 until:u64",
    "Payee": "to:id amount:u128",
    "Powers": "mint:id? freeze:id? pause:id? claw_back:id? change:id?",
    "Power": "0 mint | 1 freeze | 2 pause | 3 claw_back | 4 change",
    "Period": "0 day | 1 month",
    "Term": "0 bound | 1 lots period:Period | 2 fixed_expiry days:u32 | 3 inactivity_expiry days:u32 | 4 strict_lots",
    # `00 anyone | 01 listed { accounts }` has the bytes of an optional list: None is anyone.
    "Parameters": "window_ms:u64 asset_creators:[id]? transaction_bytes_max:u32 operations_max:u16 governor:id?",
    "Genesis": "origin:str operator:id time:u64 salt:bytes16 parameters:Parameters",
    "Authorizer": "account:id key:id?",
    "Transaction": "version:u8 ledger:id valid_until:u64 nonce:bytes16 authorizers:[Authorizer] operations:[Operation]",
    "SignedTransaction": "transaction:Transaction signatures:[bytes64]",
    "LotAmount": "lot:u32 amount:u128",
    "Effect": "0 nothing | 1 moved taken:[LotAmount] lapsed:[LotAmount]",
    "Applied": "time:u64 signed:SignedTransaction effects:[Effect]",
    "Commit": "version:u8 ledger:id rules:u32 height:u64 time:u64 through:u64 state_root:id",
    "OperatorChange": "new_key:id signature:bytes64",
    "AccountRecord": "0 keyed epoch:u32 threshold:u8 keys:[KeyGrant] | 1 programme family:u8",
    "MandateRecord": (
        "account:id agent:id asset:id operations:[u8] cap:u128 window_ms:u64 since:u64 until:u64 window:u64 spent:u128"
    ),
    "OnceRecord": "account:id key:bytes32 transaction:id",
    "AssetRecord": (
        "version:u8 issuer:id symbol:str decimals:u8 supply_cap:u128 policy:[Term] powers:Powers paused:bool "
        "frozen_accounts:u64 minted:u128 burned:u128 swept:u128 clawed_back:u128"
    ),
    "LotRecord": "lot:u32 issued:u128 burned:u128 expired:u128 clawed_back:u128 merged_in:u128 merged_out:u128",
    "FreezeRecord": "since:u64 reason:Reason",
}
"""The Borsh layout of everything else.

A structure is `name:type` for each field; an enum is `tag name fields… | …`. Types are `u8` to `u128`, `bool`, `str`,
`id` and `bytesN` (bytes of fixed length), `[T]` (a list), `T?` (present or absent), or the name of another layout.
"""

TABLES: dict[str, tuple[bool, str]] = {
    "parameters": (False, "Parameters"),
    "accounts": (False, "AccountRecord"),
    "mandates": (False, "MandateRecord"),
    "once": (False, "OnceRecord"),
    "assets": (False, "AssetRecord"),
    "holders": (True, "Holding"),
    "lots": (True, "LotRecord"),
    "freezes": (True, "FreezeRecord"),
}
"""Every table: whether its table key is an asset id (else it is empty), and what its values are."""

ENTRIES: dict[int, str] = {0: "Genesis", 1: "Applied", 2: "Commit", 3: "OperatorChange"}
"""The entries of the log: tag and layout."""

ENTRY_BYTES_MAX = 65_535
TRANSACTION_BYTES_MAX = 60_000
SIGNED_TRANSACTION_BYTES_MAX = 61_028
AUTHORIZERS_MAX = 16
LOTS_MAX = 64
VALUE_BYTES_MAX = 4_096
NOTE_BYTES_MAX = 1_000_000
NOTE_SIGNATURES_MAX = 100
DATA_BYTES_MAX = 2 * NOTE_BYTES_MAX
TOLERANCE_MS = 300_000
EMPTY_HASH = bytes(32)

_MINUTE_MS = 60_000


# --------------------------------------------------------------------------------------------------------------------
# The Borsh codec: types made from layout strings

Decoded: TypeAlias = Any
"""A decoded value. Its Python type follows from a layout string, which no annotation can say."""

Made = TypeVar("Made")


def _describe(value: object) -> str:
    """A short text for messages: never long, never failing, whatever the value."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() <= 192 else f"an integer of {value.bit_length()} bits"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return ascii(value) if len(value) <= 60 else f"{ascii(value[:40])} and {len(value) - 40:,} more characters"
    return type(value).__name__


class _Reader:
    """Bytes and a place in them."""

    __slots__ = ("data", "place")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def take(self, count: int) -> bytes:
        end = self.place + count
        if end > len(self.data):
            _bad_wire(f"at byte {self.place}", f"{count} more bytes", len(self.data) - self.place)
        part = self.data[self.place : end]
        self.place = end
        return part

    def integer(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")


class _Type:
    """How one type is read, written, and checked when a person makes a value."""

    def read(self, reader: _Reader) -> Decoded:
        """The value at the reader's place."""
        raise NotImplementedError

    def write(self, out: bytearray, value: Decoded) -> None:
        """Append a checked value."""
        raise NotImplementedError

    def check(self, value: Decoded, where: str) -> Decoded:
        """The value in its one Python form, or TypeError or WireError."""
        raise NotImplementedError


class _Integer(_Type):
    def __init__(self, size: int) -> None:
        self.size = size
        self.limit = 1 << (8 * size)

    def read(self, reader: _Reader) -> int:
        return int.from_bytes(reader.take(self.size), "little")

    def write(self, out: bytearray, value: Decoded) -> None:
        out += value.to_bytes(self.size, "little")

    def check(self, value: Decoded, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            message = f"{where}: expected an int, found {type(value).__name__}"
            raise TypeError(message)
        if not 0 <= value < self.limit:
            _bad_wire(where, f"an integer from 0 to 2**{8 * self.size} - 1", _describe(value))
        return int(value)


class _Boolean(_Type):
    def read(self, reader: _Reader) -> bool:
        place, byte = reader.place, reader.integer(1)
        if byte > 1:
            _bad_wire(f"at byte {place}", "a boolean, 00 or 01", f"{byte:02x}")
        return byte == 1

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(1 if value else 0)

    def check(self, value: Decoded, where: str) -> bool:
        if not isinstance(value, bool):
            message = f"{where}: expected a bool, found {type(value).__name__}"
            raise TypeError(message)
        return value


class _Bytes(_Type):
    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, reader: _Reader) -> bytes:
        return reader.take(self.size)

    def write(self, out: bytearray, value: Decoded) -> None:
        out += value

    def check(self, value: Decoded, where: str) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            hint = "; decode_account() reads account texts" if isinstance(value, str) else ""
            hint = "; did you mean its .account?" if hasattr(value, "account") else hint
            message = f"{where}: expected {self.size} bytes, found {type(value).__name__}{hint}"
            raise TypeError(message)
        if len(value) != self.size:
            _bad_wire(where, f"{self.size} bytes", len(value))
        return bytes(value)


class _Text(_Type):
    def read(self, reader: _Reader) -> str:
        length = reader.integer(4)
        place, part = reader.place, reader.take(length)
        try:
            return part.decode("utf-8")
        except UnicodeDecodeError as error:
            _bad_wire(f"at byte {place + error.start}", "UTF-8", f"{part[error.start]:02x}")

    def write(self, out: bytearray, value: Decoded) -> None:
        part = value.encode("utf-8")
        out += len(part).to_bytes(4, "little")
        out += part

    def check(self, value: Decoded, where: str) -> str:
        if not isinstance(value, str):
            message = f"{where}: expected a str, found {type(value).__name__}"
            raise TypeError(message)
        try:
            size = len(value.encode("utf-8"))
        except UnicodeEncodeError as error:
            _bad_wire(where, "Unicode text", f"the lone surrogate {ascii(value[error.start])} at {error.start}")
        if size > TRANSACTION_BYTES_MAX:
            _bad_wire(where, f"text of at most {TRANSACTION_BYTES_MAX:,} bytes", f"{size:,}")
        return str(value)


class _List(_Type):
    def __init__(self, element: _Type) -> None:
        self.element = element

    def read(self, reader: _Reader) -> tuple[Decoded, ...]:
        place, count = reader.place, reader.integer(4)
        # Every element takes a byte or more, so that a false count is refused before anything is allocated for it.
        if count > len(reader.data) - reader.place:
            _bad_wire(f"at byte {place}", f"at most {len(reader.data) - reader.place} elements", count)
        return tuple([self.element.read(reader) for _ in range(count)])

    def write(self, out: bytearray, value: Decoded) -> None:
        out += len(value).to_bytes(4, "little")
        for element in value:
            self.element.write(out, element)

    def check(self, value: Decoded, where: str) -> tuple[Decoded, ...]:
        # Bytes and text are sequences too, but never of what is meant here.
        if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(value, Collection):
            message = f"{where}: expected a list, found {type(value).__name__}"
            raise TypeError(message)
        if len(value) > TRANSACTION_BYTES_MAX:
            _bad_wire(where, f"a list of at most {TRANSACTION_BYTES_MAX:,}", f"{len(value):,}")
        return tuple([self.element.check(element, f"{where}[{index}]") for index, element in enumerate(value)])


class _Option(_Type):
    def __init__(self, element: _Type) -> None:
        self.element = element

    def read(self, reader: _Reader) -> Decoded:
        place, tag = reader.place, reader.integer(1)
        if tag > 1:
            _bad_wire(f"at byte {place}", "00 (absent) or 01 (present)", f"{tag:02x}")
        return self.element.read(reader) if tag else None

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(0 if value is None else 1)
        if value is not None:
            self.element.write(out, value)

    def check(self, value: Decoded, where: str) -> Decoded:
        return None if value is None else self.element.check(value, where)


class _Struct(_Type):
    """Named fields; values are instances of `made`, or dictionaries where nothing is made of them."""

    def __init__(self, name: str, fields: list[tuple[str, _Type]], made: type | None) -> None:
        self.name = name
        self.fields = fields
        self.made = made
        self.make: Callable[[dict[str, Decoded]], Decoded] = dict
        if made is not None:
            self.make = getattr(made, "_from_wire", None) or (lambda values: _build(made, values))

    def read(self, reader: _Reader) -> Decoded:
        return self.make({name: kind.read(reader) for name, kind in self.fields})

    def write(self, out: bytearray, value: Decoded) -> None:
        for name, kind in self.fields:
            kind.write(out, getattr(value, name))

    def check(self, value: Decoded, where: str) -> Decoded:
        if self.made is None or not isinstance(value, self.made):
            message = f"{where}: expected {self.name}, found {type(value).__name__}"
            raise TypeError(message)
        return value

    def check_fields(self, value: Decoded) -> None:
        """Bring the fields of a value that a person made into their one form."""
        for name, kind in self.fields:
            object.__setattr__(value, name, kind.check(getattr(value, name), f"{type(value).__name__}.{name}"))


def _build(made: type[Made], values: Mapping[str, Decoded]) -> Made:
    """An instance of exactly what was read: making it in the ordinary way would put lists in order, for one thing."""
    instance = object.__new__(made)
    for name, value in values.items():
        object.__setattr__(instance, name, value)
    return instance


class _Enum(_Type):
    """One of several structures, told apart by a tag. Values say theirs: `wire_tag`."""

    def __init__(self, name: str, variants: dict[int, _Struct]) -> None:
        self.name = name
        self.variants = variants

    def read(self, reader: _Reader) -> Decoded:
        place, tag = reader.place, reader.integer(1)
        variant = self.variants.get(tag)
        if variant is None:
            _bad_wire(f"at byte {place}", f"a known tag of {self.name}", f"{tag:02x}")
        return variant.read(reader)

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(value.wire_tag)
        self.variants[value.wire_tag].write(out, value)

    def check(self, value: Decoded, where: str) -> Decoded:
        if not any(isinstance(value, made) for made in self._made()):
            expected = ", ".join(made.__name__ for made in self._made())
            message = f"{where}: expected one of {expected}; found {type(value).__name__}"
            raise TypeError(message)
        return value

    def _made(self) -> list[type]:
        return [variant.made for variant in self.variants.values() if variant.made is not None]


class _Choice(_Type):
    """One of several names: an IntEnum."""

    def __init__(self, name: str, made: type[enum.IntEnum]) -> None:
        self.name = name
        self.made = made

    def read(self, reader: _Reader) -> enum.IntEnum:
        place, tag = reader.place, reader.integer(1)
        try:
            return self.made(tag)
        except ValueError:
            _bad_wire(f"at byte {place}", f"a known tag of {self.name}", f"{tag:02x}")

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(int(value))

    def check(self, value: Decoded, where: str) -> enum.IntEnum:
        if isinstance(value, str) and value.upper() in self.made.__members__:
            return self.made[value.upper()]
        if not isinstance(value, self.made):
            message = f"{where}: expected one of {', '.join(self.made.__members__)}; found {_describe(value)}"
            raise TypeError(message)
        return value


class Codec:
    """Reads and writes values by the names of their layouts.

    Args:
        classes: What is made of a structure or of an enum's variant, by the name of its layout, or by the name of the
            enum, a dot and the name of the variant.
    """

    def __init__(self, classes: Mapping[str, type]) -> None:
        """Make a codec for these classes."""
        self.classes = dict(classes)
        self._types: dict[str, _Type] = {}

    def decode(self, name: str, data: bytes) -> Decoded:
        """The one value that exactly these bytes encode.

        Raises:
            WireError: The bytes end early or late, or are not the value's one encoding.
        """
        reader = _Reader(data)
        try:
            value = self.type_of(name).read(reader)
        except WireError as error:
            message = f"{name}, {error}"
            raise WireError(message) from None
        if reader.place != len(data):
            _bad_wire(name, f"{reader.place} bytes", f"{len(data)}")
        if self.encode(name, value) != data:
            _bad_wire(name, "the value's one encoding", "another one")
        return value

    def encode(self, name: str, value: Decoded) -> bytes:
        """The bytes of a value that this codec or the value's own class made."""
        out = bytearray()
        self.type_of(name).write(out, value)
        return bytes(out)

    def fields(self, name: str, layout: str, made: type | None) -> _Struct:
        """The structure with these fields."""
        parts = [part.partition(":") for part in layout.split()]
        return _Struct(name, [(field, self.type_of(kind)) for field, _, kind in parts], made)

    def type_of(self, text: str) -> _Type:
        """The type that this text spells."""
        found = self._types.get(text)
        if found is None:
            found = self._types[text] = self._compile(text)
        return found

    def _compile(self, text: str) -> _Type:
        if text.endswith("?"):
            return _Option(self.type_of(text[:-1]))
        if text.startswith("["):
            return _List(self.type_of(text[1:-1]))
        if text == "Operation":
            return _Enum(
                text,
                {
                    tag: self.fields(name, layout, self.classes.get(f"Operation.{name}")) if self.classes.get(f"Operation.{name}")
                    else self._generic(tag, name, layout)
                    for tag, (name, layout) in OPERATIONS.items()
                },
            )
        if text in LAYOUTS:
            return self._compile_layout(text, LAYOUTS[text])
        if text in ("bool", "str"):
            return _Boolean() if text == "bool" else _Text()
        if text == "id" or text.startswith("bytes"):
            return _Bytes(32 if text == "id" else int(text[5:]))
        return _Integer(int(text[1:]) // 8)
