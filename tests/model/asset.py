"""Family 2, asset: what is issued, under which policy, and who holds which power over it."""

from __future__ import annotations

import re
from typing import Any

from tests.model.account import authority, refuse_programme
from tests.model.borsh import BOOL, ID, STRING, U8, U16, U32, U64, U128, Value, choice, enum, option, struct, vec
from tests.model.state import (
    AMOUNT_MAX,
    DAY_MS,
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

PERIOD = choice("day", "month")
TERM = enum(
    {
        0: ("bound", struct("bound")),
        1: ("lots", struct("lots", period=PERIOD)),
        2: ("fixed_expiry", struct("fixed_expiry", days=U32)),
        3: ("inactivity_expiry", struct("inactivity_expiry", days=U32)),
        4: ("strict_lots", struct("strict_lots")),
        5: ("debt_floor", struct("debt_floor", units=U128)),
        6: ("no_reinstatement", struct("no_reinstatement")),
        7: ("items", struct("items")),
        8: ("royalty", struct("royalty", bps=U16, to=ID)),
        9: ("notice", struct("notice", ms=U64)),
        10: ("fee", struct("fee", bps=U16, to=ID)),
        11: ("max_holding", struct("max_holding", units=U128)),
        12: ("attested", struct("attested", schema=ID, issuer=ID)),
        13: ("sunset", struct("sunset", ms=U64)),
    }
)
TERM_ORDER = [
    "bound",
    "lots",
    "fixed_expiry",
    "inactivity_expiry",
    "strict_lots",
    "debt_floor",
    "no_reinstatement",
    "items",
    "royalty",
    "notice",
    "fee",
    "max_holding",
    "attested",
    "sunset",
]
POWER_NAMES = ["mint", "freeze", "pause", "claw_back", "change"]
POWERS = struct("Powers", **{name: option(ID) for name in POWER_NAMES})
PENDING_POLICY = struct("PendingPolicy", policy=vec(TERM), since=U64, due=U64)
LIVE_SNAPSHOT = struct("LiveSnapshot", number=U32, until=U64)
ASSET_RECORD = struct(
    "AssetRecord",
    version=U8,
    issuer=ID,
    symbol=STRING,
    decimals=U8,
    supply_cap=U128,
    policy=vec(TERM),
    powers=POWERS,
    paused=BOOL,
    frozen_accounts=U64,
    debtors=U64,
    owed=U128,
    minted=U128,
    burned=U128,
    redeemed=U128,
    swept=U128,
    clawed_back=U128,
    pending=option(PENDING_POLICY),
    sunset=option(U64),
    snapshots_taken=U32,
    snapshots=vec(LIVE_SNAPSHOT),
)
FREEZE_RECORD = struct("FreezeRecord", since=U64, reason=REASON)

DAYS_MAX = 36_500
PERIOD_MS_MAX = 36_525 * DAY_MS
DECIMALS_MAX = 38
BPS = 10_000

statuses(
    2,
    "invalid_symbol too_many_decimals invalid_supply_cap invalid_policy nothing_to_change unknown_asset "
    "power_renounced creator_not_allowed asset_exists supply_cap_raised supply_cap_below_supply policy_layout_fixed "
    "unchanged not_fungible not_items invalid_design design_exists unknown_design editions_exhausted unknown_item "
    "not_owner royalty_due wrong_set",
)
statuses(2, "change_pending no_sunset sunset_too_soon asset_sunset max_holding_exceeded", first=0x18)


def asset_id(issuer: bytes, symbol: str) -> bytes:
    """The id of the issuer's asset of this symbol."""
    return record_id("asset", issuer, bytes([len(symbol)]), symbol.encode())


def term(policy: list[Value], kind: str) -> Any:
    """The term of this kind in a policy, or None."""
    return next((t for t in policy if t.kind == kind), None)


def supply(record: Value) -> int:
    """The units there are."""
    return int(record.minted - record.burned - record.redeemed - record.swept)


def load_asset(ctx: Context, asset: bytes) -> Any:
    """The record of an asset with the policy that is in force now, or a refusal."""
    record = ctx.state.value(ASSET_RECORD, "assets", asset)
    refuse_if(record is None, "unknown_asset")
    return caught_up(record, ctx.time)


def caught_up(record: Any, time: int) -> Any:
    """The record as it is at a time: what was announced holds by itself."""
    if record.pending is not None and record.pending.due <= time:
        record.policy, record.pending = record.pending.policy, None
    return record


def is_collection(record: Value) -> bool:
    """Whether the asset has items, and no units that could be moved."""
    return term(record.policy, "items") is not None


def load_fungible(ctx: Context, asset: bytes) -> Any:
    """The record of an asset that has units, or a refusal."""
    record = load_asset(ctx, asset)
    refuse_if(is_collection(record), "not_fungible")
    return record


def save_asset(ctx: Context, asset: bytes, record: Value) -> None:
    """Write the record of an asset."""
    ctx.state.put("assets", asset, ASSET_RECORD.write(record))


def power_holder(record: Value, power: str) -> bytes:
    """Who holds a power, or a refusal."""
    holder = getattr(record.powers, power)
    refuse_if(holder is None, "power_renounced")
    assert isinstance(holder, bytes)
    return holder


def is_frozen(state: State, asset: bytes, account: bytes) -> bool:
    """Whether the account is frozen for this asset."""
    return state.get("freezes", account, asset) is not None


def has_ended(record: Value, time: int) -> bool:
    """Whether the asset's sunset has come."""
    return record.sunset is not None and bool(time >= record.sunset)


def check_not_ended(ctx: Context, record: Value) -> None:
    """The rule for what begins something in an asset."""
    refuse_if(has_ended(record, ctx.time), "asset_sunset")


def _check_supply_cap(cap: int) -> None:
    refuse_if(not 1 <= cap <= AMOUNT_MAX, "invalid_supply_cap")


def _check_policy(policy: list[Value]) -> None:
    kinds = [t.kind for t in policy]
    valid = ascending([TERM_ORDER.index(kind) for kind in kinds])
    valid = valid and ("lots" in kinds or not {"fixed_expiry", "strict_lots"} & set(kinds))
    valid = valid and ("fixed_expiry" in kinds or "no_reinstatement" not in kinds)
    valid = valid and all(1 <= t.units <= AMOUNT_MAX for t in policy if t.kind in ("debt_floor", "max_holding"))
    valid = valid and all(1 <= t.ms <= PERIOD_MS_MAX for t in policy if t.kind in ("notice", "sunset"))
    valid = valid and all(1 <= t.bps <= 10_000 for t in policy if t.kind == "fee")
    valid = valid and all(1 <= t.days <= DAYS_MAX for t in policy if hasattr(t, "days"))
    valid = valid and (
        "items" not in kinds or set(kinds) <= {"bound", "items", "royalty", "notice", "attested", "sunset"}
    )
    valid = valid and ("items" in kinds or "royalty" not in kinds)
    valid = valid and all(1 <= t.bps <= BPS for t in policy if t.kind == "royalty")
    refuse_if(not valid, "invalid_policy")


def _check_create(op: Value) -> None:
    refuse_if(re.fullmatch(r"[A-Z0-9.]{1,12}", op.symbol) is None, "invalid_symbol")
    refuse_if(op.decimals > DECIMALS_MAX, "too_many_decimals")
    _check_supply_cap(op.supply_cap)
    _check_policy(op.policy)
    refuse_if(term(op.policy, "items") is not None and op.decimals > 0, "invalid_policy")


def _create(ctx: Context, op: Value) -> None:
    authority(ctx, op.issuer, 0x20)
    creators = ctx.parameters.asset_creators
    refuse_if(creators.kind == "listed" and op.issuer not in creators.accounts, "creator_not_allowed")
    asset = asset_id(op.issuer, op.symbol)
    refuse_if(ctx.state.get("assets", asset) is not None, "asset_exists")
    record = Value(
        "AssetRecord",
        version=1,
        issuer=op.issuer,
        symbol=op.symbol,
        decimals=op.decimals,
        supply_cap=op.supply_cap,
        policy=op.policy,
        powers=op.powers,
        paused=False,
        frozen_accounts=0,
        debtors=0,
        owed=0,
        minted=0,
        burned=0,
        redeemed=0,
        swept=0,
        clawed_back=0,
        pending=None,
        sunset=None,
        snapshots_taken=0,
        snapshots=[],
    )
    save_asset(ctx, asset, record)


def _check_change(op: Value) -> None:
    refuse_if(op.supply_cap is None and op.policy is None, "nothing_to_change")
    if op.supply_cap is not None:
        _check_supply_cap(op.supply_cap)
    if op.policy is not None:
        _check_policy(op.policy)


def _layout(policy: list[Value]) -> tuple[str | None, list[bool]]:
    lots = term(policy, "lots")
    kinds = ("fixed_expiry", "inactivity_expiry", "items", "notice", "sunset")
    fixed = [term(policy, kind) is not None for kind in kinds]
    return None if lots is None else lots.period, fixed


def _shortened(before: list[Value], after: list[Value]) -> bool:
    """Whether a period that protects holders would get shorter."""
    pairs = [(term(before, kind), term(after, kind)) for kind in ("notice", "sunset")]
    return any(old is not None and new is not None and new.ms < old.ms for old, new in pairs)


def _worse(old: Any, new: Any) -> bool:
    """Whether the change of one term is adverse to holders. Either may be None."""
    if new is None or new == old:
        return False
    if old is None:
        return True
    match new.kind:
        case "fixed_expiry" | "inactivity_expiry":
            return bool(new.days < old.days)
        case "debt_floor":
            return bool(new.units > old.units)
        case "max_holding":
            return bool(new.units < old.units)
        case "fee":
            return bool(new.to != old.to or new.bps > old.bps)
        case "notice" | "sunset":
            return bool(new.ms < old.ms)
    return True


def adverse(before: list[Value], after: list[Value]) -> bool:
    """Whether a change of policy is adverse to holders: any of its terms' changes is."""
    return any(_worse(term(before, kind), term(after, kind)) for kind in TERM_ORDER)


def _change(ctx: Context, op: Value) -> None:
    record = load_asset(ctx, op.asset)
    authority(ctx, power_holder(record, "change"), 0x21)
    if op.supply_cap is not None:
        refuse_if(op.supply_cap > record.supply_cap, "supply_cap_raised")
        refuse_if(op.supply_cap < supply(record), "supply_cap_below_supply")
        record.supply_cap = op.supply_cap
    if op.policy is not None:
        moved = _layout(op.policy) != _layout(record.policy) or _shortened(record.policy, op.policy)
        refuse_if(moved, "policy_layout_fixed")
        notice = term(record.policy, "notice")
        if notice is not None and adverse(record.policy, op.policy):
            refuse_if(record.pending is not None, "change_pending")
            record.pending = Value("PendingPolicy", policy=op.policy, since=ctx.time, due=ctx.time + notice.ms)
        else:
            record.policy, record.pending = op.policy, None
    save_asset(ctx, op.asset, record)


def _renounce(ctx: Context, op: Value) -> None:
    record = load_asset(ctx, op.asset)
    authority(ctx, power_holder(record, op.power), 0x22)
    setattr(record.powers, op.power, None)
    save_asset(ctx, op.asset, record)


def _freeze(ctx: Context, op: Value) -> None:
    record = load_asset(ctx, op.asset)
    authority(ctx, power_holder(record, "freeze"), 0x23)
    refuse_programme(ctx, op.account)
    refuse_if(is_frozen(ctx.state, op.asset, op.account) == op.frozen, "unchanged")
    if op.frozen:
        frozen = Value("FreezeRecord", since=ctx.time, reason=op.reason)
        ctx.state.put("freezes", op.account, FREEZE_RECORD.write(frozen), table_key=op.asset)
        record.frozen_accounts += 1
    else:
        ctx.state.remove("freezes", op.account, op.asset)
        record.frozen_accounts -= 1
    save_asset(ctx, op.asset, record)


def _pause(ctx: Context, op: Value) -> None:
    record = load_asset(ctx, op.asset)
    authority(ctx, power_holder(record, "pause"), 0x24)
    refuse_if(record.paused == op.paused, "unchanged")
    record.paused = op.paused
    save_asset(ctx, op.asset, record)


def _sunset(ctx: Context, op: Value) -> None:
    record = load_asset(ctx, op.asset)
    authority(ctx, power_holder(record, "change"), 0x2B)
    period = term(record.policy, "sunset")
    refuse_if(period is None, "no_sunset")
    check_not_ended(ctx, record)
    if op.at:
        refuse_if(op.at < ctx.time + period.ms, "sunset_too_soon")
        refuse_if(record.sunset is not None and op.at < record.sunset, "sunset_too_soon")
    refuse_if((op.at or None) == record.sunset, "unchanged")
    record.sunset = op.at or None
    save_asset(ctx, op.asset, record)


operation(
    0x20,
    "create",
    _check_create,
    _create,
    issuer=ID,
    symbol=STRING,
    decimals=U8,
    supply_cap=U128,
    policy=vec(TERM),
    powers=POWERS,
)
operation(0x21, "change", _check_change, _change, asset=ID, supply_cap=option(U128), policy=option(vec(TERM)))
operation(0x22, "renounce", no_fields_to_check, _renounce, asset=ID, power=choice(*POWER_NAMES))
operation(0x23, "freeze", no_fields_to_check, _freeze, asset=ID, account=ID, frozen=BOOL, reason=REASON)
operation(0x2B, "sunset", no_fields_to_check, _sunset, asset=ID, at=U64)
operation(0x24, "pause", no_fields_to_check, _pause, asset=ID, paused=BOOL, reason=REASON)


def check_invariants(state: State, _time: int) -> None:
    """What always holds of this family's tables."""
    for asset, (total, value) in state.records("assets").items():
        record = ASSET_RECORD.decode(value)
        assert total == 0
        assert asset == asset_id(record.issuer, record.symbol)
        assert 0 <= supply(record) <= record.supply_cap <= AMOUNT_MAX
        assert record.version == 1
        if record.pending is not None:
            assert record.pending.since < record.pending.due
            assert _layout(record.pending.policy) == _layout(record.policy)
            assert adverse(record.policy, record.pending.policy)
        assert record.sunset is None or term(record.policy, "sunset") is not None
        assert record.frozen_accounts == len(state.records("freezes", asset))
    keyed = ("freezes", "holders", "lots", "redemptions", "debts", "designs", "items", "saved")
    for table, key in state.tables:
        assert table not in keyed or state.get("assets", key) is not None
