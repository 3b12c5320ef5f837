"""Family 6, attest: what issuers say of subjects, and the schemas by which they say it."""

from __future__ import annotations

import re
from typing import Any

from tests.model.account import authority
from tests.model.borsh import BOOL, BYTES, I64, ID, STRING, U8, U16, U64, Value, enum, fixed, option, struct, vec
from tests.model.state import (
    REASON,
    Context,
    State,
    ascending,
    no_fields_to_check,
    operation,
    record_id,
    refuse_if,
    statuses,
)

CONTENT_KIND = enum(
    {
        0: ("nothing", struct("nothing")),
        1: ("integer", struct("integer", least=I64, most=I64)),
        2: ("bytes", struct("bytes", most=U16)),
        3: ("commitment", struct("commitment")),
        4: ("edge", struct("edge")),
    }
)
CONTENT = enum(
    {
        0: ("nothing", struct("nothing")),
        1: ("integer", struct("integer", value=I64)),
        2: ("bytes", struct("bytes", value=BYTES)),
        3: ("commitment", struct("commitment", hash=fixed(32))),
        4: ("edge", struct("edge", to=ID)),
    }
)
REQUIREMENT = struct("Requirement", schema=ID, issuer=ID)
TERMS = {
    "creator": ID,
    "name": STRING,
    "content": CONTENT_KIND,
    "issuers": vec(ID),
    "subjects": option(REQUIREMENT),
    "revocable": BOOL,
}
SCHEMA_RECORD = struct("SchemaRecord", version=U8, **TERMS, live=U64)
REVOCATION = struct("Revocation", time=U64, reason=REASON)
ATTESTATION_RECORD = struct(
    "AttestationRecord",
    issuer=ID,
    subject=ID,
    nonce=fixed(32),
    issued=U64,
    expires=option(U64),
    content=CONTENT,
    revoked=option(REVOCATION),
)

ISSUERS_MAX = 16
BYTES_MAX = 256
STEPS_MAX = 64
SINGLE = bytes(32)

statuses(
    6,
    "invalid_name invalid_content_kind invalid_issuers self_reference unknown_schema schema_exists issuer_not_allowed "
    "wrong_content expiry_passed attestation_exists reference_cycle reference_too_deep irrevocable unknown_attestation "
    "already_revoked attestation_expired attestation_revoked",
)


def schema_id(creator: bytes, name: str) -> bytes:
    """The id of the creator's schema of this name."""
    return record_id("schema", creator, bytes([len(name)]), name.encode())


def attestation_id(schema: bytes, issuer: bytes, subject: bytes, nonce: bytes) -> bytes:
    """The record id of an attestation."""
    return record_id("attestation", schema, issuer, subject, nonce)


def load_attestation(state: State, schema: bytes, issuer: bytes, subject: bytes, nonce: bytes) -> Any:
    """The record of an attestation, live or dead, or None."""
    return state.value(ATTESTATION_RECORD, "attestations", attestation_id(schema, issuer, subject, nonce), schema)


def expired(attestation: Value, time: int) -> bool:
    """Whether its time is over."""
    return attestation.expires is not None and time >= attestation.expires


def live(attestation: Any, time: int) -> bool:
    """Whether there is one, and it is neither revoked nor expired."""
    return attestation is not None and attestation.revoked is None and not expired(attestation, time)


def require_live(ctx: Context, schema: bytes, issuer: bytes, subject: bytes) -> Value:
    """The live attestation of a subject with the nonce of zeros, or a refusal."""
    attestation = load_attestation(ctx.state, schema, issuer, subject, SINGLE)
    refuse_if(attestation is None, "unknown_attestation")
    refuse_if(attestation.revoked is not None, "attestation_revoked")
    refuse_if(expired(attestation, ctx.time), "attestation_expired")
    assert isinstance(attestation, Value)
    return attestation


def was_member(ctx: Context, schema: bytes, issuer: bytes, subject: bytes, time: int) -> bool:
    """Whether the subject was attested at a time, by what is known now."""
    attestation = load_attestation(ctx.state, schema, issuer, subject, SINGLE)
    if attestation is None or attestation.issued >= time or expired(attestation, time):
        return False
    return attestation.revoked is None or bool(attestation.revoked.time > time)


def electorate_schema(ctx: Context, schema: bytes, issuer: bytes) -> Any:
    """The record of a schema that counts the members of one issuer, or a refusal."""
    record = _load_schema(ctx, schema)
    refuse_if(record.issuers != [issuer], "invalid_electorate")
    return record


def _load_schema(ctx: Context, schema: bytes) -> Any:
    record = ctx.state.value(SCHEMA_RECORD, "schemas", schema)
    refuse_if(record is None, "unknown_schema")
    return record


def _save_schema(ctx: Context, schema: bytes, record: Value) -> None:
    ctx.state.put("schemas", schema, SCHEMA_RECORD.write(record))


def _kind_possible(kind: Value) -> bool:
    if kind.kind == "integer":
        return bool(kind.least <= kind.most)
    return kind.kind != "bytes" or 1 <= kind.most <= BYTES_MAX


def _fits(content: Value, kind: Value) -> bool:
    if content.kind != kind.kind:
        return False
    if kind.kind == "integer":
        return bool(kind.least <= content.value <= kind.most)
    return kind.kind != "bytes" or 1 <= len(content.value) <= kind.most


def _check_schema(op: Value) -> None:
    refuse_if(re.fullmatch(r"[a-z0-9._-]{1,32}", op.name) is None, "invalid_name")
    refuse_if(not _kind_possible(op.content), "invalid_content_kind")
    refuse_if(len(op.issuers) > ISSUERS_MAX or not ascending(op.issuers), "invalid_issuers")


def _schema(ctx: Context, op: Value) -> None:
    authority(ctx, op.creator, 0x60)
    schema = schema_id(op.creator, op.name)
    refuse_if(ctx.state.get("schemas", schema) is not None, "schema_exists")
    terms = {name: getattr(op, name) for name in TERMS}
    _save_schema(ctx, schema, Value("SchemaRecord", version=1, **terms, live=0))


def _check_attest(op: Value) -> None:
    refuse_if(op.content.kind == "edge" and op.content.to == op.subject, "self_reference")


def _refuse_cycle(ctx: Context, op: Value) -> None:
    """Walk along live edges of the same schema, issuer and nonce: 64 steps, and not to the subject."""
    account, steps = op.content.to, 0
    while True:
        attestation = load_attestation(ctx.state, op.schema, op.issuer, account, op.nonce)
        if not live(attestation, ctx.time):
            return
        steps += 1
        refuse_if(steps > STEPS_MAX, "reference_too_deep")
        account = attestation.content.to
        refuse_if(account == op.subject, "reference_cycle")


def _attest(ctx: Context, op: Value) -> None:
    schema = _load_schema(ctx, op.schema)
    authority(ctx, op.issuer, 0x61, op.schema, 1)
    refuse_if(bool(schema.issuers) and op.issuer not in schema.issuers, "issuer_not_allowed")
    refuse_if(not _fits(op.content, schema.content), "wrong_content")
    refuse_if(op.expires is not None and op.expires <= ctx.time, "expiry_passed")
    if schema.subjects is not None:
        require_live(ctx, schema.subjects.schema, schema.subjects.issuer, op.subject)
    before = load_attestation(ctx.state, op.schema, op.issuer, op.subject, op.nonce)
    refuse_if(live(before, ctx.time), "attestation_exists")
    if op.content.kind == "edge":
        _refuse_cycle(ctx, op)
    attestation = Value(
        "AttestationRecord",
        issuer=op.issuer,
        subject=op.subject,
        nonce=op.nonce,
        issued=ctx.time,
        expires=op.expires,
        content=op.content,
        revoked=None,
    )
    _put_attestation(ctx, op.schema, attestation)
    if before is not None and before.revoked is None:
        schema.live -= 1
    schema.live += 1
    _save_schema(ctx, op.schema, schema)


def _put_attestation(ctx: Context, schema: bytes, attestation: Value) -> None:
    record = attestation_id(schema, attestation.issuer, attestation.subject, attestation.nonce)
    ctx.state.put("attestations", record, ATTESTATION_RECORD.write(attestation), table_key=schema)


def _revoke(ctx: Context, op: Value) -> None:
    schema = _load_schema(ctx, op.schema)
    authority(ctx, op.issuer, 0x62, op.schema, 1)
    refuse_if(not schema.revocable, "irrevocable")
    attestation = load_attestation(ctx.state, op.schema, op.issuer, op.subject, op.nonce)
    refuse_if(attestation is None, "unknown_attestation")
    refuse_if(attestation.revoked is not None, "already_revoked")
    attestation.revoked = Value("Revocation", time=ctx.time, reason=op.reason)
    _put_attestation(ctx, op.schema, attestation)
    schema.live -= 1
    _save_schema(ctx, op.schema, schema)


operation(0x60, "schema", _check_schema, _schema, **TERMS)
operation(
    0x61,
    "attest",
    _check_attest,
    _attest,
    mandates=True,
    schema=ID,
    issuer=ID,
    subject=ID,
    nonce=fixed(32),
    expires=option(U64),
    content=CONTENT,
)
operation(
    0x62,
    "revoke",
    no_fields_to_check,
    _revoke,
    mandates=True,
    schema=ID,
    issuer=ID,
    subject=ID,
    nonce=fixed(32),
    reason=REASON,
)


def check_invariants(state: State, time: int) -> None:
    """What always holds of this family's tables."""
    for schema, (total, value) in state.records("schemas").items():
        record = SCHEMA_RECORD.decode(value)
        assert total == 0
        assert record.version == 1
        assert schema == schema_id(record.creator, record.name)
        _check_attestations(state, schema, record, time)
    keys = {key for table, key in state.tables if table == "attestations"}
    assert keys <= set(state.records("schemas"))


def _check_attestations(state: State, schema: bytes, record: Value, time: int) -> None:
    """What holds of the attestations of one schema."""
    count = 0
    edges = {}
    for record_key, (total, value) in state.records("attestations", schema).items():
        attestation = ATTESTATION_RECORD.decode(value)
        assert total == 0
        own = attestation.issuer, attestation.subject, attestation.nonce
        assert record_key == attestation_id(schema, *own)
        assert not record.issuers or attestation.issuer in record.issuers
        assert _fits(attestation.content, record.content)
        assert attestation.issued <= time
        assert attestation.expires is None or attestation.issued < attestation.expires
        count += attestation.revoked is None
        if attestation.revoked is not None:
            assert record.revocable
            assert attestation.issued <= attestation.revoked.time <= time
        if record.content.kind == "edge" and live(attestation, time):
            edges[own] = attestation.issuer, attestation.content.to, attestation.nonce
    assert record.live == count
    for start in edges:
        seen, place = {start}, edges[start]
        while place in edges:
            assert place not in seen, "live edges lead in a circle"
            seen.add(place)
            place = edges[place]
