"""Accounts: who signs for them, and what others may do for them. Family 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterfoil.ops._operation import Operation, operation, part
from counterfoil.verify import Encodable, KeyGrant, named_account, operation_tags

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["KeyGrant", "Limit", "Mandate", "Once", "Open", "SetKeys", "named_account"]


def _sort_keys(made: Open | SetKeys) -> None:
    object.__setattr__(made, "keys", tuple(sorted(made.keys, key=lambda grant: grant.key)))


@operation("open")
@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Operation):
    """Open a named account, once for ever: its id is `named_account(opener, salt)`, whatever its keys become.

    Attributes:
        opener: Who signs for the opening, an account id of 32 bytes.
        salt: 16 bytes.
        threshold: How many of the keys must sign.
        keys: 1 to 16 keys, kept ascending.

    Statuses: no_keys, too_many_keys, keys_not_ascending (a key twice), invalid_key, invalid_scope, invalid_threshold,
    keys_locked_out, account_exists.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> officers = [KeyGrant(bytes([n]) * 32) for n in (9, 4, 7)]
    >>> Open(opener=bytes(32), salt=bytes(16), threshold=2, keys=officers).keys[0].key[:1].hex()
    '04'
    """

    opener: bytes
    salt: bytes
    threshold: int = 1
    keys: Sequence[KeyGrant]

    def __post_init__(self) -> None:
        """Check the fields and put the keys in order."""
        Operation.__post_init__(self)
        _sort_keys(self)


@operation("set_keys")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetKeys(Operation):
    """Replace the keys of an account. The old ones sign nothing any more.

    A key account gets a record by this: from then on its id is no key, unless it is in the list.

    Attributes:
        account: The account's id, 32 bytes.
        threshold: How many of the keys must sign.
        keys: 1 to 16 keys, kept ascending: all of them, not only the new ones.

    Statuses: no_keys, too_many_keys, keys_not_ascending (a key twice), invalid_key, invalid_scope, invalid_threshold,
    keys_locked_out.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> till, safe = KeyGrant(b"t" * 32, ["mint"]), KeyGrant(b"s" * 32)
    >>> [grant.covers(Once.wire_tag) for grant in SetKeys(account=bytes(32), keys=[till, safe]).keys]
    [True, False]
    """

    account: bytes
    threshold: int = 1
    keys: Sequence[KeyGrant]

    def __post_init__(self) -> None:
        """Check the fields and put the keys in order."""
        Operation.__post_init__(self)
        _sort_keys(self)


@part("Limit")
@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Encodable):
    """What an agent may do.

    Attributes:
        operations: Those that it may do, as classes, names or tags; kept as tags, ascending. Only transfer, pay, mint
            and burn allow mandates, with an asset, and attest and revoke, with a schema: never both kinds in one.
        cap: The most units in each window; or how many attestations may be made or revoked.
        window_ms: The length of a window; the first begins when the mandate is given.
        until: When the mandate ends, ms.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or an operation is unknown.

    >>> [hex(tag) for tag in Limit(operations=["mint"], cap=500, window_ms=86_400_000, until=2**63).operations]
    ['0x32']
    """

    operations: Collection[Any]
    cap: int
    window_ms: int
    until: int

    def __post_init__(self) -> None:
        """Turn the operations into ascending tags, then check."""
        object.__setattr__(self, "operations", operation_tags(self.operations, "Limit.operations"))
        Encodable.__post_init__(self)


@operation("mandate")
@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate(Operation):
    """Let another account act for this one with one asset or schema, up to a cap in each window; or revoke that.

    Attributes:
        account: Whose units or power it is, or who attests: an account id of 32 bytes.
        agent: Who may act, an account id of 32 bytes.
        asset: The asset's id, 32 bytes; the schema's, where the operations are attest or revoke.
        limit: How much; it replaces an earlier one. None revokes.

    Statuses: mandate_to_self, invalid_mandate, no_such_mandate, unknown_asset, unknown_schema.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Mandate(account=b"a" * 32, agent=b"b" * 32, asset=b"c" * 32).limit is None
    True
    """

    account: bytes
    agent: bytes
    asset: bytes
    limit: Limit | None = None


@operation("once")
@dataclass(frozen=True, slots=True, kw_only=True)
class Once(Operation):
    """Use a key once, for ever: a transaction that carries it cannot be applied twice, however it is signed again.

    Attributes:
        account: Whose key it is, an account id of 32 bytes.
        key: 32 bytes: the hash of an order number, say.

    Statuses: already_used.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> import hashlib
    >>> len(Once(account=bytes(32), key=hashlib.sha256(b"order 1234").digest()).key)
    32
    """

    account: bytes
    key: bytes
