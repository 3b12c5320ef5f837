"""Family 1, account, and what rests on its records: who has the authority to do what."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from tests.model import ed25519
from tests.model.borsh import ID, U8, U32, U64, U128, Value, enum, fixed, option, struct, vec
from tests.model.state import (
    OPERATIONS,
    Context,
    State,
    ascending,
    no_fields_to_check,
    operation,
    record_id,
    refuse_if,
    statuses,
)

KEY_GRANT = struct("KeyGrant", key=ID, scope=option(vec(U8)))
ACCOUNT_RECORD = enum(
    {
        0: ("keyed", struct("keyed", epoch=U32, threshold=U8, keys=vec(KEY_GRANT))),
        1: ("programme", struct("programme", family=U8)),
    }
)
LIMIT = struct("Limit", operations=vec(U8), cap=U128, window_ms=U64, until=U64)
MANDATE_RECORD = struct(
    "MandateRecord",
    account=ID,
    agent=ID,
    asset=ID,
    operations=vec(U8),
    cap=U128,
    window_ms=U64,
    since=U64,
    until=U64,
    window=U64,
    spent=U128,
)
ONCE_RECORD = struct("OnceRecord", account=ID, key=fixed(32), transaction=ID)

LIST_MAX = 64
KEYS_MAX = 16
SET_KEYS = 0x11

statuses(
    1,
    "no_keys too_many_keys keys_not_ascending invalid_key invalid_scope invalid_threshold keys_locked_out "
    "mandate_to_self invalid_mandate account_exists no_such_mandate already_used",
)


def named_account(opener: bytes, salt: bytes) -> bytes:
    """The id of the account that the opener opens with this salt."""
    return sha256(b"counterfoil/account/v1\n" + opener + salt).digest()


def is_attesting(tag: int) -> bool:
    """Whether a mandate for this operation is for a schema and not for an asset: one of family 6."""
    return tag >> 4 == 6


def account_record(state: State, account: bytes) -> Any:
    """The record of an account; a key account has none."""
    return state.value(ACCOUNT_RECORD, "accounts", account)


def is_programme(state: State, account: bytes) -> bool:
    """Whether it is a programme account."""
    record = account_record(state, account)
    return record is not None and record.kind == "programme"


def refuse_programme(ctx: Context, account: bytes) -> None:
    """Only its own operations pay into a programme account or out of it."""
    refuse_if(is_programme(ctx.state, account), "programme_account")


def _covers(grant: Value, tag: int) -> bool:
    return grant.scope is None or tag in grant.scope


def _own_authority(ctx: Context, account: bytes, tag: int) -> None:
    record = ctx.account_records[account]
    if record is None:
        return
    signed = {key for authorizer, key in ctx.authorizers if authorizer == account}
    fitting = [grant for grant in record.keys if grant.key in signed and _covers(grant, tag)]
    refuse_if(not fitting, "wrong_scope")
    refuse_if(len(fitting) < record.threshold, "threshold_not_met")


def authority(ctx: Context, account: bytes, tag: int, asset: bytes | None = None, amount: int = 0) -> None:
    """Refuse unless the account's authority is there. With an asset, a mandate for that asset will do, and is spent.

    What is called the asset is a schema where the operation attests.
    """
    if account in ctx.account_records:
        _own_authority(ctx, account, tag)
        return
    refuse_if(asset is None, "unauthorized")
    assert asset is not None
    agents = [agent for agent, _ in ctx.authorizers]
    records = [record_id("mandate", account, agent, asset) for agent in agents]
    given = [place for place, record in enumerate(records) if ctx.state.get("mandates", record) is not None]
    refuse_if(not given, "unauthorized")
    agent, record = agents[given[0]], records[given[0]]
    mandate = ctx.state.value(MANDATE_RECORD, "mandates", record)
    _own_authority(ctx, agent, tag)
    refuse_if(tag not in mandate.operations, "mandate_operation")
    refuse_if(ctx.time >= mandate.until, "mandate_expired")
    window = (ctx.time - mandate.since) // mandate.window_ms
    spent = mandate.spent if window == mandate.window else 0
    refuse_if(spent + amount > mandate.cap, "mandate_spent")
    mandate.window, mandate.spent = window, spent + amount
    ctx.state.put("mandates", record, MANDATE_RECORD.write(mandate))


def _check_keys(op: Value) -> None:
    keys, scopes = [grant.key for grant in op.keys], [grant.scope for grant in op.keys if grant.scope is not None]
    refuse_if(not keys, "no_keys")
    refuse_if(len(keys) > KEYS_MAX, "too_many_keys")
    refuse_if(not ascending(keys), "keys_not_ascending")
    refuse_if(any(ed25519.point(key) is None for key in keys), "invalid_key")
    for scope in scopes:
        valid = 1 <= len(scope) <= LIST_MAX and ascending(scope) and all(tag in OPERATIONS for tag in scope)
        refuse_if(not valid, "invalid_scope")
    refuse_if(not 1 <= op.threshold <= len(keys), "invalid_threshold")
    refuse_if(sum(_covers(grant, SET_KEYS) for grant in op.keys) < op.threshold, "keys_locked_out")


def _put_keys(ctx: Context, account: bytes, epoch: int, op: Value) -> None:
    record = Value("keyed", epoch=epoch, threshold=op.threshold, keys=op.keys)
    ctx.state.put("accounts", account, ACCOUNT_RECORD.write(record))


def _open(ctx: Context, op: Value) -> None:
    authority(ctx, op.opener, 0x10)
    account = named_account(op.opener, op.salt)
    refuse_if(account_record(ctx.state, account) is not None, "account_exists")
    _put_keys(ctx, account, 0, op)


def _set_keys(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, SET_KEYS)
    record = account_record(ctx.state, op.account)
    _put_keys(ctx, op.account, 1 if record is None else record.epoch + 1, op)


def _check_mandate(op: Value) -> None:
    refuse_if(op.agent == op.account, "mandate_to_self")
    if op.limit is not None:
        tags = op.limit.operations
        allowed = all(tag in OPERATIONS and OPERATIONS[tag].mandates for tag in tags)
        allowed = allowed and len({is_attesting(tag) for tag in tags}) <= 1
        valid = 1 <= len(tags) <= LIST_MAX and ascending(tags) and allowed
        refuse_if(not valid or 0 in (op.limit.cap, op.limit.window_ms, op.limit.until), "invalid_mandate")


def _mandate(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, 0x12)
    record = record_id("mandate", op.account, op.agent, op.asset)
    if op.limit is None:
        refuse_if(ctx.state.get("mandates", record) is None, "no_such_mandate")
        ctx.state.remove("mandates", record)
        return
    refuse_if(op.limit.until <= ctx.time, "invalid_mandate")
    if is_attesting(op.limit.operations[0]):
        refuse_if(ctx.state.get("schemas", op.asset) is None, "unknown_schema")
    else:
        refuse_if(ctx.state.get("assets", op.asset) is None, "unknown_asset")
    mandate = Value(
        "MandateRecord",
        account=op.account,
        agent=op.agent,
        asset=op.asset,
        operations=op.limit.operations,
        cap=op.limit.cap,
        window_ms=op.limit.window_ms,
        since=ctx.time,
        until=op.limit.until,
        window=0,
        spent=0,
    )
    ctx.state.put("mandates", record, MANDATE_RECORD.write(mandate))


def _once(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, 0x13)
    record = record_id("once", op.account, op.key)
    refuse_if(ctx.state.get("once", record) is not None, "already_used")
    used = Value("OnceRecord", account=op.account, key=op.key, transaction=ctx.transaction)
    ctx.state.put("once", record, ONCE_RECORD.write(used))


operation(0x10, "open", _check_keys, _open, opener=ID, salt=fixed(16), threshold=U8, keys=vec(KEY_GRANT))
operation(0x11, "set_keys", _check_keys, _set_keys, account=ID, threshold=U8, keys=vec(KEY_GRANT))
operation(0x12, "mandate", _check_mandate, _mandate, account=ID, agent=ID, asset=ID, limit=option(LIMIT))
operation(0x13, "once", no_fields_to_check, _once, account=ID, key=fixed(32))


def check_invariants(state: State, _time: int) -> None:
    """What always holds of this family's tables."""
    for account, (total, value) in state.records("accounts").items():
        record = ACCOUNT_RECORD.decode(value)
        assert total == 0
        if record.kind == "keyed":
            assert 1 <= record.threshold <= len(record.keys) <= KEYS_MAX, account.hex()
    for record_key, (total, value) in state.records("mandates").items():
        mandate = MANDATE_RECORD.decode(value)
        assert total == 0
        assert mandate.spent <= mandate.cap
        assert record_key == record_id("mandate", mandate.account, mandate.agent, mandate.asset)
        (table,) = {"schemas" if is_attesting(tag) else "assets" for tag in mandate.operations}
        assert state.get(table, mandate.asset) is not None
    for record_key, (total, value) in state.records("once").items():
        used = ONCE_RECORD.decode(value)
        assert total == 0
        assert record_key == record_id("once", used.account, used.key)
