"""Accounts: who signs for them, and what others may do for them. Family 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterfoil.ops._operation import Operation, operation, part
from counterfoil.verify import Encodable, KeyGrant, named_account, operation_tags

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = [
    "Alias",
    "CancelRecovery",
    "FinishRecovery",
    "KeyGrant",
    "Limit",
    "Mandate",
    "Once",
    "Open",
    "Recover",
    "SetGuardians",
    "SetKeys",
    "named_account",
]


def _sort_keys(made: Open | SetKeys | Recover) -> None:
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

    A key account gets a record by this: from then on its id is no key, unless it is in the list. An alias ends by it,
    and so does a recovery that is running.

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


@operation("set_guardians")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetGuardians(Operation):
    """Name the accounts that may together set this account's keys when they are lost; or dismiss them.

    What they ask for waits for a delay, in which whoever signs for the account may cancel it.

    Attributes:
        account: The account's id, 32 bytes.
        threshold: How many of the guardians must sign a recovery; 0 to dismiss them.
        guardians: 1 to 16 account ids, kept ascending: all of them, not only the new ones. None dismisses them.
        delay_ms: How long a recovery waits, an hour to 365 days; 0 to dismiss them.

    Statuses: invalid_guardians, invalid_delay, no_guardians (to dismiss), recovery_running.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> friends = [bytes([n]) * 32 for n in (9, 4, 7)]
    >>> guarded = SetGuardians(account=bytes(32), threshold=2, guardians=friends, delay_ms=7 * 86_400_000)
    >>> guarded.guardians[0][:1].hex(), len(SetGuardians(account=bytes(32)).guardians)
    ('04', 0)
    """

    account: bytes
    threshold: int = 0
    guardians: Sequence[bytes] = ()
    delay_ms: int = 0

    def __post_init__(self) -> None:
        """Check the fields and put the guardians in order."""
        Operation.__post_init__(self)
        object.__setattr__(self, "guardians", tuple(sorted(self.guardians)))


@operation("recover")
@dataclass(frozen=True, slots=True, kw_only=True)
class Recover(Operation):
    """Ask, as its guardians, that an account gets these keys. `FinishRecovery` sets them once the delay is over.

    Attributes:
        account: The account's id, 32 bytes. It need not sign.
        threshold: How many of the keys must sign from then on.
        keys: 1 to 16 keys, kept ascending: all of them, not only the new ones.

    Statuses: no_keys, too_many_keys, keys_not_ascending (a key twice), invalid_key, invalid_scope, invalid_threshold,
    keys_locked_out, no_guardians, too_few_guardians, recovery_running.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Recover(account=bytes(32), keys=[KeyGrant(b"n" * 32)]).threshold
    1
    """

    account: bytes
    threshold: int = 1
    keys: Sequence[KeyGrant]

    def __post_init__(self) -> None:
        """Check the fields and put the keys in order."""
        Operation.__post_init__(self)
        _sort_keys(self)


@operation("cancel_recovery")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRecovery(Operation):
    """End a recovery that is running: the account still has its keys.

    Attributes:
        account: The account's id, 32 bytes.

    Statuses: no_recovery.

    Raises:
        TypeError: The account is not bytes.
        WireError: It has another length.

    >>> CancelRecovery(account=bytes(32)).wire_name
    'cancel_recovery'
    """

    account: bytes


@operation("finish_recovery")
@dataclass(frozen=True, slots=True, kw_only=True)
class FinishRecovery(Operation):
    """Set the keys of a recovery whose delay is over. Anybody may send it.

    The guardians stay. Like `SetKeys`, it ends an alias.

    Attributes:
        account: The account's id, 32 bytes.

    Statuses: no_recovery, recovery_pending.

    Raises:
        TypeError: The account is not bytes.
        WireError: It has another length.

    >>> FinishRecovery(account=bytes(32)).wire_name
    'finish_recovery'
    """

    account: bytes


@operation("alias")
@dataclass(frozen=True, slots=True, kw_only=True)
class Alias(Operation):
    """Make an account an alias of another: whoever signs for that one signs for this one, from the next transaction on.

    Two memberships of one person become one by this. Both accounts sign it. `SetKeys` ends it.

    Attributes:
        account: The account whose own keys end, 32 bytes.
        into: The account whose keys it gets, 32 bytes.

    Statuses: alias_of_itself, alias_cycle, alias_too_deep.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Alias(account=b"a" * 32, into=b"b" * 32).into[:1]
    b'b'
    """

    account: bytes
    into: bytes
