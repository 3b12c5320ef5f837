"""What the families share: the tables, what an operation is, and what it is given when it is applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.model import borsh, sum_map
from tests.model.borsh import ID, STRING, U8, U16, U32, U64, U128, Codec, Value, enum, option, struct, vec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AMOUNT_MAX = 10**38 - 1
DAY_MS = 86_400_000

PARAMETERS = struct(
    "Parameters",
    window_ms=U64,
    asset_creators=enum({0: ("anyone", struct("anyone")), 1: ("listed", struct("listed", accounts=vec(ID)))}),
    transaction_bytes_max=U32,
    operations_max=U16,
    governor=option(ID),
)
GENESIS = struct("Genesis", origin=STRING, operator=ID, time=U64, salt=borsh.fixed(16), parameters=PARAMETERS)
REASON = struct("Reason", code=U16, evidence=option(ID))
AUTHORIZER = struct("Authorizer", account=ID, key=option(ID))


def record_id(kind: str, *parts: bytes) -> bytes:
    """The id of a record that is made from its parts."""
    return sha256(b"counterfoil/" + kind.encode() + b"/v1\n" + b"".join(parts)).digest()


def ascending(items: Sequence[Any]) -> bool:
    """Whether every item is more than the one before it."""
    return all(a < b for a, b in pairwise(items))


class State:
    """Every table: (name, table key) to record id to (sum, value). Values are kept encoded, so a copy is cheap."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, bytes], dict[bytes, tuple[int, bytes]]] = {}

    def copy(self) -> State:
        """The same contents, to be changed apart."""
        other = State()
        other.tables = {name: dict(records) for name, records in self.tables.items()}
        return other

    def records(self, table: str, table_key: bytes = b"") -> dict[bytes, tuple[int, bytes]]:
        """The records of a table, by record id."""
        return self.tables.get((table, table_key), {})

    def get(self, table: str, record: bytes, table_key: bytes = b"") -> tuple[int, bytes] | None:
        """The sum and the value of a record."""
        return self.records(table, table_key).get(record)

    def value(self, codec: Codec, table: str, record: bytes, table_key: bytes = b"") -> Any:
        """The decoded value of a record, or None."""
        found = self.get(table, record, table_key)
        return None if found is None else codec.decode(found[1])

    def put(self, table: str, record: bytes, value: bytes, total: int = 0, table_key: bytes = b"") -> None:
        """Write a record."""
        assert 0 <= total < sum_map.SUM_END
        assert len(value) <= sum_map.VALUE_BYTES_MAX
        self.tables.setdefault((table, table_key), {})[record] = (total, value)

    def remove(self, table: str, record: bytes, table_key: bytes = b"") -> None:
        """Take a record away. A table without records is not there."""
        records = self.tables[table, table_key]
        del records[record]
        if not records:
            del self.tables[table, table_key]

    def table_root(self, table: str, table_key: bytes = b"") -> tuple[bytes, int]:
        """The root hash and the sum of a table."""
        return sum_map.root({sum_map.tree_key(r): leaf for r, leaf in self.records(table, table_key).items()})

    @staticmethod
    def table_record(name: str, key: bytes) -> bytes:
        """The record id of a table in the directory."""
        return sha256(b"counterfoil/table/v1\n" + bytes([len(name)]) + name.encode() + key).digest()

    def directory(self) -> sum_map.Records:
        """The top table, by tree key."""
        directory = {}
        for name, key in self.tables:
            directory[sum_map.tree_key(self.table_record(name, key))] = (0, self.table_root(name, key)[0])
        return directory

    def root(self) -> bytes:
        """The state root."""
        return sum_map.root(self.directory())[0]


class RefusalError(Exception):
    """A rule was broken: the status says which."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        assert status in STATUSES
        self.status = status


def refuse_if(broken: bool, status: str) -> None:  # noqa: FBT001
    """One line of the ladder of rules."""
    if broken:
        raise RefusalError(status)


@dataclass
class Effect:
    """What an operation took and what lapsed on the way, per lot; or what the actions of a proposal did."""

    taken: dict[int, int] = field(default_factory=dict)
    lapsed: dict[int, int] = field(default_factory=dict)
    executed: list[Effect | None] | None = None

    def encode(self) -> bytes:
        """Borsh(Effect)."""
        if self.executed is not None:
            effects = [each or Effect() for each in self.executed]
            return b"\2" + U32.write(len(effects)) + b"".join(each.encode() for each in effects)
        if not self.taken and not self.lapsed:
            return b"\0"
        lists = b""
        for lots in (self.taken, self.lapsed):
            assert all(lots.values())
            lists += U32.write(len(lots)) + b"".join(U32.write(n) + U128.write(lots[n]) for n in sorted(lots))
        return b"\1" + lists


@dataclass
class Context:
    """What an operation is applied to."""

    state: State
    time: int
    transaction: bytes
    authorizers: list[tuple[bytes, bytes | None]]
    account_records: dict[bytes, Any]
    """The authorizers' account records as they were before the first operation."""
    before: State
    """The state as it was before the first operation."""
    parameters: Any
    """The parameters as they were before the first operation: new ones hold from the next transaction on."""
    executing: Any = None
    """The proposal whose actions are being applied."""

    @property
    def day(self) -> int:
        """Today."""
        return self.time // DAY_MS


@dataclass(frozen=True)
class Operation:
    """One operation of the fixed set."""

    tag: int
    name: str
    codec: Codec
    check: Callable[[Value], None]
    apply: Callable[[Context, Value], Effect | None]
    mandates: bool
    signatures: Callable[[Value, bytes], list[tuple[bytes, bytes, bytes]]]
    """Key, message and signature of each that it carries for this ledger."""


OPERATIONS: dict[int, Operation] = {}
"""Filled by the families when they are imported."""

_VARIANTS: dict[int, tuple[str, Codec]] = {}
OPERATION = enum(_VARIANTS)
TRANSACTION = struct(
    "Transaction",
    version=U8,
    ledger=ID,
    valid_until=U64,
    nonce=borsh.fixed(16),
    authorizers=vec(AUTHORIZER),
    operations=vec(OPERATION),
)
SIGNED_TRANSACTION = struct("SignedTransaction", transaction=TRANSACTION, signatures=vec(borsh.fixed(64)))


def no_signatures(_op: Value, _ledger: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """For an operation that carries none of its own."""
    return []


def operation(
    tag: int,
    name: str,
    check: Callable[[Value], None],
    apply: Callable[[Context, Value], Effect | None],
    /,
    *,
    mandates: bool = False,
    signatures: Callable[[Value, bytes], list[tuple[bytes, bytes, bytes]]] = no_signatures,
    **fields: Codec,
) -> None:
    """Add an operation to the set."""
    assert tag not in OPERATIONS
    codec = struct(name, **fields)
    OPERATIONS[tag] = Operation(tag, name, codec, check, apply, mandates, signatures)
    _VARIANTS[tag] = (name, codec)


def tag_of(op: Value) -> int:
    """The tag of a decoded operation."""
    return next(tag for tag, known in OPERATIONS.items() if known.name == op.kind)


def no_fields_to_check(_op: Value) -> None:
    """For an operation of which any fields will do."""


COMMON = """
ok malformed unknown_version too_large wrong_ledger no_authorizer too_many_authorizers duplicate_authorizer
signature_count no_operation too_many_operations bad_signature expired too_far_ahead nonce_reused key_missing
key_unexpected unknown_key unauthorized wrong_scope threshold_not_met mandate_operation mandate_expired mandate_spent
programme_account account_aliased needs_proposal constitution_forbids wrong_rule
"""
STATUSES: dict[str, int] = {name: code for code, name in enumerate(COMMON.split())}
"""From the name of a status to its code; every family adds its own."""


def statuses(family: int, names: str, first: int = 1) -> None:
    """Number the statuses of a family, from the first on."""
    STATUSES.update({name: family << 8 | code for code, name in enumerate(names.split(), first)})
