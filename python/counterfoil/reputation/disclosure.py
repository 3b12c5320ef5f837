"""One attestation, shown to somebody else with its proof, and nothing of the others."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from counterfoil._bundle import Bundle, join
from counterfoil.exceptions import ProofError
from counterfoil.verify import Commitment, Integer, Verifier, attestation_id

if TYPE_CHECKING:
    from counterfoil.ledger import Ledger
    from counterfoil.verify import AttestationRecord

_HEADER = b"counterfoil/disclosure/v1\n"
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Disclosed:
    """An attestation that was proven to hold at the proof's time.

    Attributes:
        schema: By which schema, 32 bytes.
        attestation: What was said, by whom and of whom.
        text: What stands behind a commitment; None where none was disclosed.
        ledger: The ledger's id, 32 bytes.
        time: The time of the proof, ms.
    """

    schema: bytes
    attestation: AttestationRecord
    text: str | None
    ledger: bytes
    time: int


def commit(text: str, salt: bytes | None = None) -> tuple[Commitment, bytes]:
    """What is attested in place of a text, and the salt without which nobody can guess it. Erase it, and both are gone.

    Raises:
        ValueError: A salt of another length than 32 bytes.

    >>> commit("born in 1990", bytes(32))[0] == commit("born in 1990", bytes(32))[0]
    True
    """
    made = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    if len(made) != _SALT_BYTES:
        message = f"salt: expected {_SALT_BYTES} bytes, found {len(made)}"
        raise ValueError(message)
    return Commitment(hashlib.sha256(b"counterfoil/commitment/v1\n" + made + text.encode()).digest()), made


def disclose(
    ledger: Ledger,
    schema: bytes,
    issuer: bytes,
    subject: bytes,
    *,
    nonce: bytes = bytes(32),
    text: str | None = None,
    salt: bytes | None = None,
) -> bytes:
    """An attestation with its proof, as of the last checkpoint; of a commitment, with what stands behind it.

    Raises:
        ValueError: Only one of text and salt is given.
        OperatorKeyError: The last commit has no checkpoint.
    """
    if (text is None) != (salt is None):
        message = "text and salt: expected both or neither, found one"
        raise ValueError(message)
    statement = bytes(ledger.prove("attestations", attestation_id(schema, issuer, subject, nonce), key=schema))
    opening = b"" if text is None or salt is None else salt + text.encode()
    return _HEADER + join(statement) + opening


def verify_disclosure(
    data: bytes,
    vkey: str,
    *,
    schema: bytes,
    issuer: bytes,
    subject: bytes | None = None,
    least: int | None = None,
    most: int | None = None,
    ledger: bytes | None = None,
    now_ms: int | None = None,
    max_age_ms: int | None = None,
) -> Disclosed:
    """Check a disclosure, without the ledger.

    Whether it was revoked after the proof's time it cannot tell: ask for a fresh one with `max_age_ms`. That whoever
    hands it over is its subject is not proven either.

    Args:
        data: The disclosure.
        vkey: The ledger's verifier key, from a source that is trusted.
        schema: By which schema it must be, 32 bytes.
        issuer: Who must have said it, 32 bytes.
        subject: Of whom it must be, 32 bytes.
        least: The least that its integer must be.
        most: The most that its integer may be.
        ledger: The ledger that it must be of, 32 bytes.
        now_ms: As for `Verifier.record`.
        max_age_ms: As for `Verifier.record`.

    Raises:
        ProofError: It does not prove that; `reason` says why.
    """
    bundle = Bundle(data, _HEADER, "disclosure")
    statement, opening = bundle.part("statement"), bundle.rest()
    claim = Verifier(vkey, ledger=ledger).record(
        statement, table="attestations", key=schema, now_ms=now_ms, max_age_ms=max_age_ms
    )
    record = claim.value
    if record is None:
        _refuse("wrong_record", "attestation", "one that is there", "its absence")
    if record.issuer != issuer:
        _refuse("wrong_question", "issuer", issuer.hex(), record.issuer.hex())
    if subject is not None and record.subject != subject:
        _refuse("wrong_question", "subject", subject.hex(), record.subject.hex())
    if not record.is_live(claim.time):
        _refuse("wrong_record", "attestation", f"one that holds at {claim.time} ms", "one that is revoked or expired")
    if least is not None or most is not None:
        _check_range(record.content, least, most)
    text = _open(record.content, opening) if opening else None
    return Disclosed(schema, record, text, claim.ledger, claim.time)


def _check_range(content: object, least: int | None, most: int | None) -> None:
    if not isinstance(content, Integer):
        _refuse("wrong_record", "content", "an integer", type(content).__name__)
    if (least is not None and content.value < least) or (most is not None and content.value > most):
        _refuse("wrong_record", "value", f"{least} to {most}, None for any", content.value)


def _open(content: object, opening: bytes) -> str:
    salt, said = opening[:_SALT_BYTES], opening[_SALT_BYTES:]
    try:
        text = said.decode()
    except UnicodeDecodeError:
        _refuse("malformed_statement", "text", "UTF-8", "other bytes")
    if len(salt) != _SALT_BYTES or content != commit(text, salt)[0]:
        _refuse("wrong_record", "commitment", "that of this text and salt", "another one")
    return text


def _refuse(reason: str, what: str, expected: object, found: object) -> NoReturn:
    message = f"disclosure, {what}: expected {expected}, found {found}"
    raise ProofError(message, reason)
