"""Attestations: what an issuer says of a subject, and by which schema. Family 6."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation
from counterfoil.verify import (
    Bytes,
    BytesUpTo,
    Commitment,
    CommitmentKind,
    Content,
    ContentKind,
    Edge,
    EdgeKind,
    Integer,
    IntegerRange,
    NoContent,
    Nothing,
    Reason,
    Requirement,
    attestation_id,
    schema_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Attest",
    "Bytes",
    "BytesUpTo",
    "Commitment",
    "CommitmentKind",
    "Content",
    "ContentKind",
    "Edge",
    "EdgeKind",
    "Integer",
    "IntegerRange",
    "NoContent",
    "Nothing",
    "Reason",
    "Requirement",
    "Revoke",
    "Schema",
    "attestation_id",
    "schema_id",
]


@operation("schema")
@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(Operation):
    """Say what may be attested, by whom and of whom; its id is `schema_id(creator, name)`. A schema never changes.

    Attributes:
        creator: An account id, 32 bytes.
        name: 1 to 32 of `a-z0-9._-`; once for each creator.
        content: What an attestation says: nothing, an integer of a range, some bytes, a hash, or another account.
        issuers: Who may attest: at most 16 account ids, kept ascending. None means anybody.
        subjects: An attestation that a subject must have first: only members may get badges, say.
        revocable: Whether attestations can be revoked.

    Statuses: invalid_name, invalid_content_kind, invalid_issuers, schema_exists.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, bytes are of another length, or the name is no Unicode text.

    >>> stars = Schema(creator=b"c" * 32, name="rating", content=IntegerRange(1, 5), issuers=[b"c" * 32, b"a" * 32])
    >>> stars.issuers[0][:1], schema_id(stars.creator, stars.name).hex()[:16]
    (b'a', '6df82f56e7e7315d')
    """

    creator: bytes
    name: str
    content: ContentKind = field(default_factory=NoContent)
    issuers: Sequence[bytes] = ()
    subjects: Requirement | None = None
    revocable: bool = True

    def __post_init__(self) -> None:
        """Check the fields and put the issuers in order."""
        Operation.__post_init__(self)
        object.__setattr__(self, "issuers", tuple(sorted(self.issuers)))


@operation("attest")
@dataclass(frozen=True, slots=True, kw_only=True)
class Attest(Operation):
    """Say something of a subject. One that expired or was revoked is replaced.

    Attributes:
        schema: The schema's id, 32 bytes.
        issuer: Who says it, an account id of 32 bytes.
        subject: Of whom, an account id of 32 bytes.
        nonce: 32 bytes that tell attestations of one subject apart; zeros for what there can be one of.
        expires: From when on it holds no longer, ms; None lasts until it is revoked.
        content: What is said, as the schema has it.

    Statuses: self_reference, unknown_schema, issuer_not_allowed, wrong_content, expiry_passed, unknown_attestation,
    attestation_revoked, attestation_expired (the one that the schema requires of subjects), attestation_exists,
    reference_cycle, reference_too_deep.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> rating = schema_id(b"c" * 32, "rating")
    >>> Attest(schema=rating, issuer=b"a" * 32, subject=b"b" * 32, content=Integer(5)).content.value
    5
    """

    schema: bytes
    issuer: bytes
    subject: bytes
    nonce: bytes = bytes(32)
    expires: int | None = None
    content: Content = field(default_factory=Nothing)


@operation("revoke")
@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke(Operation):
    """Take back what was said of a subject. The record stays, with when and why.

    Attributes:
        schema: The schema's id, 32 bytes.
        issuer: Who said it, an account id of 32 bytes.
        subject: Of whom, an account id of 32 bytes.
        nonce: The attestation's nonce, 32 bytes.
        reason: Why.

    Statuses: unknown_schema, irrevocable, unknown_attestation, already_revoked.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Revoke(schema=b"s" * 32, issuer=b"a" * 32, subject=b"b" * 32, reason=Reason(3)).nonce == bytes(32)
    True
    """

    schema: bytes
    issuer: bytes
    subject: bytes
    nonce: bytes = bytes(32)
    reason: Reason = field(default_factory=Reason)
