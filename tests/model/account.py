"""Family 1, account, and what rests on its records: who has the authority to do what."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from tests.model import ed25519
from tests.model.borsh import ID, U8, U32, U64, U128, Value, enum, fixed, option, struct, vec
from tests.model.constitution import check_by_rule, check_keys, load_constitution
from tests.model.state import (
    DAY_MS,
    OPERATIONS,
    Context,
    RefusalError,
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
        2: ("alias", struct("alias", epoch=U32, into=ID)),
        3: ("governed", struct("governed", epoch=U32, threshold=U8, keys=vec(KEY_GRANT))),
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
GUARDIANS_RECORD = struct("GuardiansRecord", threshold=U8, guardians=vec(ID), delay_ms=U64)
RECOVERY_RECORD = struct("RecoveryRecord", started=U64, due=U64, threshold=U8, keys=vec(KEY_GRANT))

LIST_MAX = 64
KEYS_MAX = 16
SET_KEYS = 0x11
RECOVER = 0x15
ALIASES_MAX = 8
GUARDIANS_MAX = 16
DELAY_MIN_MS = 3_600_000
DELAY_MAX_MS = 365 * DAY_MS
TIME_MAX = 2**64 - 1

statuses(
    1,
    "no_keys too_many_keys keys_not_ascending invalid_key invalid_scope invalid_threshold keys_locked_out "
    "mandate_to_self invalid_mandate account_exists no_such_mandate already_used invalid_guardians invalid_delay "
    "alias_of_itself no_guardians too_few_guardians recovery_running no_recovery recovery_pending alias_cycle "
    "alias_too_deep account_governed",
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


def is_governed(state: State, account: bytes) -> bool:
    """Whether it has a constitution."""
    record = account_record(state, account)
    return record is not None and record.kind == "governed"


def alias_of(state: State, account: bytes) -> bytes | None:
    """The account that this one is an alias of."""
    record = account_record(state, account)
    return record.into if record is not None and record.kind == "alias" else None


def aliases(state: State, account: bytes) -> list[bytes]:
    """The account, the one that it is an alias of, and so on: at most 8 aliases are followed."""
    path = [account]
    for _ in range(ALIASES_MAX):
        into = alias_of(state, path[-1])
        if into is None:
            break
        path.append(into)
    return path


def refuse_programme(ctx: Context, account: bytes) -> None:
    """Only its own operations pay into a programme account or out of it."""
    refuse_if(is_programme(ctx.state, account), "programme_account")


def _covers(grant: Value, tag: int) -> bool:
    return grant.scope is None or tag in grant.scope


def _own_authority(ctx: Context, account: bytes, tag: int) -> None:
    """What the keys of an authorizer may do, by the records as they were before the first operation."""
    record = ctx.account_records[account]
    if record is None:
        return
    if record.kind == "governed":
        check_keys(load_constitution(ctx.before, account), tag)
    signed = {key for authorizer, key in ctx.authorizers if authorizer == account}
    fitting = [grant for grant in record.keys if grant.key in signed and _covers(grant, tag)]
    refuse_if(not fitting, "wrong_scope")
    refuse_if(len(fitting) < record.threshold, "threshold_not_met")


def authority(ctx: Context, account: bytes, tag: int, asset: bytes | None = None, amount: int = 0) -> None:
    """Refuse unless the account's authority is there. With an asset, a mandate for that asset will do, and is spent.

    What is called the asset is a schema where the operation attests.
    """
    for met in aliases(ctx.before, account):
        if ctx.executing is not None and met == ctx.executing.account:
            check_by_rule(ctx.executing.constitution, ctx.executing.rule, tag)
            return
        if met in ctx.account_records:
            _own_authority(ctx, met, tag)
            return
    refuse_if(asset is None, "unauthorized")
    assert asset is not None
    check_keys(load_constitution(ctx.state, account), tag)
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
    kind = "governed" if is_governed(ctx.state, account) else "keyed"
    record = Value(kind, epoch=epoch, threshold=op.threshold, keys=op.keys)
    ctx.state.put("accounts", account, ACCOUNT_RECORD.write(record))


def _next_epoch(ctx: Context, account: bytes) -> int:
    record = account_record(ctx.state, account)
    return 1 if record is None else record.epoch + 1


def _end_recovery(ctx: Context, account: bytes) -> None:
    if ctx.state.get("recoveries", account) is not None:
        ctx.state.remove("recoveries", account)


def _open(ctx: Context, op: Value) -> None:
    authority(ctx, op.opener, 0x10)
    account = named_account(op.opener, op.salt)
    refuse_if(account_record(ctx.state, account) is not None, "account_exists")
    _put_keys(ctx, account, 0, op)


def _set_keys(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, SET_KEYS)
    _put_keys(ctx, op.account, _next_epoch(ctx, op.account), op)
    _end_recovery(ctx, op.account)


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


def _check_set_guardians(op: Value) -> None:
    guardians = op.guardians
    refuse_if(len(guardians) > GUARDIANS_MAX or not ascending(guardians), "invalid_guardians")
    refuse_if(op.account in guardians, "invalid_guardians")
    possible = 1 <= op.threshold <= len(guardians) if guardians else op.threshold == op.delay_ms == 0
    refuse_if(not possible, "invalid_guardians")
    refuse_if(bool(guardians) and not DELAY_MIN_MS <= op.delay_ms <= DELAY_MAX_MS, "invalid_delay")


def _set_guardians(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, 0x14)
    if not op.guardians:
        refuse_if(ctx.state.get("guardians", op.account) is None, "no_guardians")
    refuse_if(ctx.state.get("recoveries", op.account) is not None, "recovery_running")
    if not op.guardians:
        ctx.state.remove("guardians", op.account)
        return
    record = Value("GuardiansRecord", threshold=op.threshold, guardians=op.guardians, delay_ms=op.delay_ms)
    ctx.state.put("guardians", op.account, GUARDIANS_RECORD.write(record))


def has_authority(ctx: Context, account: bytes, tag: int) -> bool:
    """Whether the account itself has signed, with enough keys for this operation."""
    try:
        authority(ctx, account, tag)
    except RefusalError:
        return False
    return True


def _recover(ctx: Context, op: Value) -> None:
    record = ctx.state.value(GUARDIANS_RECORD, "guardians", op.account)
    refuse_if(record is None, "no_guardians")
    check_keys(load_constitution(ctx.state, op.account), SET_KEYS)
    signed = [guardian for guardian in record.guardians if has_authority(ctx, guardian, RECOVER)]
    refuse_if(len(signed) < record.threshold, "too_few_guardians")
    refuse_if(ctx.state.get("recoveries", op.account) is not None, "recovery_running")
    due = min(ctx.time + record.delay_ms, TIME_MAX)
    recovery = Value("RecoveryRecord", started=ctx.time, due=due, threshold=op.threshold, keys=op.keys)
    ctx.state.put("recoveries", op.account, RECOVERY_RECORD.write(recovery))


def _cancel_recovery(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, 0x16)
    refuse_if(ctx.state.get("recoveries", op.account) is None, "no_recovery")
    _end_recovery(ctx, op.account)


def _finish_recovery(ctx: Context, op: Value) -> None:
    recovery = ctx.state.value(RECOVERY_RECORD, "recoveries", op.account)
    refuse_if(recovery is None, "no_recovery")
    check_keys(load_constitution(ctx.state, op.account), SET_KEYS)
    refuse_if(ctx.time < recovery.due, "recovery_pending")
    _put_keys(ctx, op.account, _next_epoch(ctx, op.account), recovery)
    _end_recovery(ctx, op.account)


def _check_alias(op: Value) -> None:
    refuse_if(op.account == op.into, "alias_of_itself")


def _alias(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, 0x18)
    authority(ctx, op.into, 0x18)
    refuse_if(is_governed(ctx.state, op.account), "account_governed")
    path = aliases(ctx.state, op.into)
    refuse_if(op.account in path, "alias_cycle")
    refuse_if(len(path) > ALIASES_MAX, "alias_too_deep")
    record = Value("alias", epoch=_next_epoch(ctx, op.account), into=op.into)
    ctx.state.put("accounts", op.account, ACCOUNT_RECORD.write(record))
    _end_recovery(ctx, op.account)


operation(0x10, "open", _check_keys, _open, opener=ID, salt=fixed(16), threshold=U8, keys=vec(KEY_GRANT))
operation(0x11, "set_keys", _check_keys, _set_keys, account=ID, threshold=U8, keys=vec(KEY_GRANT))
operation(0x12, "mandate", _check_mandate, _mandate, account=ID, agent=ID, asset=ID, limit=option(LIMIT))
operation(0x13, "once", no_fields_to_check, _once, account=ID, key=fixed(32))
operation(
    0x14,
    "set_guardians",
    _check_set_guardians,
    _set_guardians,
    account=ID,
    threshold=U8,
    guardians=vec(ID),
    delay_ms=U64,
)
operation(0x15, "recover", _check_keys, _recover, account=ID, threshold=U8, keys=vec(KEY_GRANT))
operation(0x16, "cancel_recovery", no_fields_to_check, _cancel_recovery, account=ID)
operation(0x17, "finish_recovery", no_fields_to_check, _finish_recovery, account=ID)
operation(0x18, "alias", _check_alias, _alias, account=ID, into=ID)


def _check_no_circle(state: State, account: bytes) -> None:
    seen, current = {account}, alias_of(state, account)
    while current is not None:
        assert current not in seen
        seen.add(current)
        current = alias_of(state, current)


def check_invariants(state: State, time: int) -> None:
    """What always holds of this family's tables."""
    for account, (total, value) in state.records("accounts").items():
        record = ACCOUNT_RECORD.decode(value)
        assert total == 0
        if record.kind in ("keyed", "governed"):
            assert 1 <= record.threshold <= len(record.keys) <= KEYS_MAX, account.hex()
        if record.kind == "alias":
            assert record.epoch >= 1
            _check_no_circle(state, account)
    for account, (total, value) in state.records("guardians").items():
        guarded = GUARDIANS_RECORD.decode(value)
        assert total == 0
        assert 1 <= guarded.threshold <= len(guarded.guardians) <= GUARDIANS_MAX
        assert ascending(guarded.guardians)
        assert account not in guarded.guardians
        assert DELAY_MIN_MS <= guarded.delay_ms <= DELAY_MAX_MS
    for account, (total, value) in state.records("recoveries").items():
        recovery = RECOVERY_RECORD.decode(value)
        guarded = state.value(GUARDIANS_RECORD, "guardians", account)
        assert total == 0
        assert 1 <= recovery.threshold <= len(recovery.keys) <= KEYS_MAX
        assert recovery.started <= time
        assert recovery.due == recovery.started + guarded.delay_ms
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
