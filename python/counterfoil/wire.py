"""Transactions: made, signed, encoded, decoded. And the entries of the log, for those who read it.

>>> from counterfoil.keys import Key
>>> from counterfoil.ops import Transfer
>>> ann, bob = Key.from_seed(bytes(32)), Key.from_seed(b"b" * 32)
>>> gift = Transfer(asset=bytes(32), sender=ann.account, to=bob.account, amount=120)
>>> signed = Transaction(b"l" * 32, [gift]).sign(ann)
>>> SignedTransaction.from_bytes(bytes(signed)) == signed
True
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

# The operations register themselves with the codec when they are imported.
from counterfoil._clock import clock_ms
from counterfoil.exceptions import SignatureError, WireError
from counterfoil.keys import Key, Signer
from counterfoil.ops._operation import CODEC
from counterfoil.verify import (
    ENTRY_BYTES_MAX,
    SIGNED_TRANSACTION_BYTES_MAX,
    TRANSACTION_BYTES_MAX,
    Authorizer,
    Commit,
    Effect,
    Executed,
    Genesis,
    LotAmount,
    OperatorChange,
    Parameters,
    decode_applied,
    sign_message,
    transaction_id,
    verify_signature,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.ops import Operation

__all__ = [
    "Applied",
    "Authorizer",
    "Commit",
    "Effect",
    "Entry",
    "Executed",
    "Genesis",
    "LotAmount",
    "OperatorChange",
    "Parameters",
    "SignedTransaction",
    "Transaction",
    "decode_entry",
    "decode_operation",
    "encode_entry",
]

VALIDITY_MS = 120_000
"""How long a transaction is valid unless it says otherwise, ms."""


@dataclass(frozen=True, slots=True, init=False)
class Transaction:
    """An atomic list of operations: all are applied, or none is.

    Attributes:
        ledger: The ledger that it is for, 32 bytes.
        operations: What it does, in order.
        valid_until: It may be applied before this time, ms.
        nonce: 16 bytes; the ledger takes each only once from the first authorizer.
        authorizers: Who signs; None until `sign` says so.
        version: 1.
    """

    ledger: bytes
    operations: tuple[Operation, ...]
    valid_until: int
    nonce: bytes
    authorizers: tuple[Authorizer, ...] | None
    version: int

    def __init__(
        self,
        ledger: bytes,
        operations: Sequence[Operation],
        *,
        valid_until: int | None = None,
        nonce: bytes | None = None,
        authorizers: Sequence[Authorizer | Key | Signer] | None = None,
    ) -> None:
        """Make a transaction.

        Args:
            ledger: The ledger's id, 32 bytes: a transaction for one ledger is nothing to another.
            operations: What it does, in order.
            valid_until: It may be applied before this time, ms; in two minutes unless given.
            nonce: 16 bytes; random unless given. To be sure that one of two versions is applied at most, give both the
                same.
            authorizers: Who signs, in order; needed only where the id or bytes are wanted before anybody signs.

        Raises:
            TypeError: An argument of another type.
            WireError: An integer out of range, or bytes of another length.
        """
        if valid_until is None:
            valid_until = clock_ms() + VALIDITY_MS
        listed = None if authorizers is None else tuple([_authorizer(one) for one in authorizers])
        given = {
            "version": 1,
            "ledger": ledger,
            "valid_until": valid_until,
            "nonce": os.urandom(16) if nonce is None else nonce,
            "authorizers": listed or (),
            "operations": operations,
        }
        for name, kind in CODEC.structure("Transaction").fields:
            object.__setattr__(self, name, kind.check(given[name], f"Transaction.{name}"))
        if listed is None:
            object.__setattr__(self, "authorizers", None)

    @property
    def id(self) -> bytes:
        """The transaction's id, 32 bytes.

        Raises:
            SignatureError: The authorizers, which are part of it, are not known yet.
        """
        return transaction_id(bytes(self))

    @property
    def message(self) -> bytes:
        """What every authorizer signs.

        Raises:
            SignatureError: The authorizers are not known yet.
        """
        return sign_message(self.id)

    def __bytes__(self) -> bytes:
        """The Borsh encoding, without signatures.

        Raises:
            SignatureError: The authorizers are not known yet.
        """
        if self.authorizers is None:
            message = "transaction: expected authorizers, found none; they are set by sign(), or by authorizers=[…]"
            raise SignatureError(message)
        return CODEC.encode("Transaction", self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Transaction:
        """Read a transaction without signatures, strictly.

        Raises:
            TypeError: Not bytes.
            WireError: Not exactly one transaction.
        """
        return cast("Transaction", CODEC.decode("Transaction", _bounded(data, TRANSACTION_BYTES_MAX, "transaction")))

    def sign(self, *signers: Key | Signer) -> SignedTransaction:
        """Sign the transaction.

        Where no authorizers are given yet, the signers become them, in this order. The first one's nonces are used.

        Args:
            *signers: A `Key` signs for its key account; `key.on(account)` for an account that has keys of its own.

        Raises:
            TypeError: A signer of another type.
            SignatureError: No signers, or not exactly one for each authorizer.
        """
        by_authorizer = {_authorizer(signer): signer for signer in signers}
        if not signers:
            message = "sign: expected a signer or more, found none"
            raise SignatureError(message)
        if len(by_authorizer) != len(signers):
            message = "sign: expected distinct signers, found one twice"
            raise SignatureError(message)
        signed = self
        if self.authorizers is None:
            signed = Transaction(
                self.ledger,
                self.operations,
                valid_until=self.valid_until,
                nonce=self.nonce,
                authorizers=tuple(by_authorizer),
            )
        authorizers = signed.authorizers or ()
        if set(authorizers) != set(by_authorizer):
            missing = [one.account.hex() for one in authorizers if one not in by_authorizer]
            message = f"sign: expected a signer for each of {len(authorizers)} authorizers, found {len(signers)}"
            message += f"; missing: {', '.join(missing)}" if missing else "; some are not listed as authorizers"
            raise SignatureError(message)
        encoded = bytes(signed)
        to_sign = sign_message(transaction_id(encoded))
        keys = [signer.key if isinstance(signer, Signer) else signer for signer in map(by_authorizer.get, authorizers)]
        return SignedTransaction(signed, tuple([key.sign(to_sign) for key in keys if key is not None]))

    @classmethod
    def _from_wire(cls, values: Mapping[str, object]) -> Transaction:
        made = object.__new__(cls)
        for name, value in values.items():
            object.__setattr__(made, name, value)
        return made


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction and one signature for each authorizer, in order: what a ledger applies.

    Making one checks types only; see `verify`.

    Attributes:
        transaction: What was signed.
        signatures: 64 bytes each.
    """

    transaction: Transaction
    signatures: Sequence[bytes]
    _encoded: bytes = field(default=b"", repr=False, compare=False, init=False)

    def __post_init__(self) -> None:
        """Check the types."""
        for name, kind in CODEC.structure("SignedTransaction").fields:
            object.__setattr__(self, name, kind.check(getattr(self, name), f"SignedTransaction.{name}"))

    @property
    def id(self) -> bytes:
        """The transaction's id, 32 bytes."""
        return self.transaction.id

    def __bytes__(self) -> bytes:
        """The Borsh encoding: what `ledger.apply` takes."""
        if not self._encoded:
            object.__setattr__(self, "_encoded", CODEC.encode("SignedTransaction", self))
        return self._encoded

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedTransaction:
        """Read a signed transaction, strictly. The signatures are not checked: see `verify`.

        Args:
            data: At most 61,028 bytes.

        Raises:
            TypeError: Not bytes.
            WireError: Not exactly one signed transaction.
        """
        data = _bounded(data, SIGNED_TRANSACTION_BYTES_MAX, "signed transaction")
        return cast("SignedTransaction", CODEC.decode("SignedTransaction", data))

    def verify(self) -> SignedTransaction:
        """Check the signatures, as every ledger does.

        Whether the keys are the accounts' own is for the ledger to say, for it depends on its state.

        Returns:
            This signed transaction.

        Raises:
            SignatureError: Not one signature for each authorizer, or one that does not hold.
        """
        authorizers = self.transaction.authorizers or ()
        if not authorizers or len(authorizers) != len(self.signatures):
            message = (
                f"signatures: expected one for each of {len(authorizers)} authorizers, found {len(self.signatures)}"
            )
            raise SignatureError(message)
        message_bytes = self.transaction.message
        for authorizer, signature in zip(authorizers, self.signatures, strict=True):
            verify_signature(authorizer.public_key, message_bytes, signature)
        return self

    @classmethod
    def _from_wire(cls, values: Mapping[str, object]) -> SignedTransaction:
        made = object.__new__(cls)
        for name, value in {**values, "_encoded": b""}.items():
            object.__setattr__(made, name, value)
        return made


@dataclass(frozen=True, slots=True)
class Applied:
    """The entry of a transaction that was applied.

    Attributes:
        time: When, ms.
        signed: What.
        effects: What it did that the transaction does not tell, one for each operation.
    """

    time: int
    signed: SignedTransaction
    effects: tuple[Effect, ...]

    def __bytes__(self) -> bytes:
        """The Borsh encoding, without the entry's tag."""
        return CODEC.encode("Applied", self)


CODEC.add("Transaction", Transaction)
CODEC.add("SignedTransaction", SignedTransaction)
CODEC.add("Applied", Applied)

Entry: TypeAlias = Genesis | Applied | Commit | OperatorChange
"""An entry of the log."""

_ENTRIES: dict[int, type] = {0: Genesis, 1: Applied, 2: Commit, 3: OperatorChange}


def decode_entry(data: bytes) -> Entry:
    """Read an entry of the log, strictly.

    Args:
        data: Its tag and its Borsh encoding, at most 65,535 bytes.

    Raises:
        TypeError: Not bytes.
        WireError: Not exactly one entry.

    >>> commit = Commit(1, bytes(32), 1, 0, 1_700_000_000_000, 1, bytes(32))
    >>> decode_entry(encode_entry(commit)) == commit
    True
    """
    data = _bounded(data, ENTRY_BYTES_MAX, "entry")
    if data[:1] == b"\x01":
        return cast("Applied", decode_applied(data, CODEC))
    if not data or data[0] not in _ENTRIES:
        message = f"entry: expected a tag from 00 to {max(_ENTRIES):02x}, found {data[:1].hex() or 'no bytes'}"
        raise WireError(message)
    return cast("Entry", CODEC.decode(_ENTRIES[data[0]].__name__, data[1:]))


def encode_entry(entry: Entry) -> bytes:
    """The bytes of an entry: its tag and its Borsh encoding.

    Raises:
        TypeError: Not an entry.
        WireError: It would be over 65,535 bytes.
    """
    for tag, made in _ENTRIES.items():
        if isinstance(entry, made):
            return _bounded(bytes([tag]) + bytes(entry), ENTRY_BYTES_MAX, "entry")
    message = f"entry: expected Genesis, Applied, Commit or OperatorChange, found {type(entry).__name__}"
    raise TypeError(message)


def decode_operation(data: bytes) -> Operation:
    """Read one operation, strictly: its tag and its fields.

    Raises:
        TypeError: Not bytes.
        WireError: Not exactly one operation.
    """
    return cast("Operation", CODEC.decode("Operation", _bounded(data, TRANSACTION_BYTES_MAX, "operation")))


def _authorizer(signer: object) -> Authorizer:
    if isinstance(signer, Key):
        return Authorizer(signer.account)
    if isinstance(signer, Signer):
        return signer.authorizer
    if isinstance(signer, Authorizer):
        return signer
    message = f"signer: expected a Key, or key.on(account), found {type(signer).__name__}"
    raise TypeError(message)


def _bounded(data: object, most: int, what: str) -> bytes:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        message = f"{what}: expected bytes, found {type(data).__name__}"
        raise TypeError(message)
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    if size > most:
        message = f"{what}: expected at most {most:,} bytes, found {size:,}"
        raise WireError(message)
    return bytes(data)
