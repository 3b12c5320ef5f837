"""Family 8, distribute: snapshots, which fix the balances of an asset, and what is saved of balances for them."""

from __future__ import annotations

from typing import Any

from tests.model.account import authority
from tests.model.asset import (
    ASSET_RECORD,
    PERIOD_MS_MAX,
    check_not_ended,
    is_collection,
    load_asset,
    load_fungible,
    save_asset,
    supply,
)
from tests.model.borsh import ID, U32, U64, U128, Value, struct, vec
from tests.model.state import (
    Context,
    State,
    ascending,
    no_fields_to_check,
    operation,
    record_id,
    refuse_if,
    statuses,
)

SNAPSHOT_RECORD = struct("SnapshotRecord", asset=ID, number=U32, opened=U64, until=U64, supply=U128)
SAVED_BALANCE = struct("SavedBalance", number=U32, units=U128)
SAVED_RECORD = struct("SavedRecord", balances=vec(SAVED_BALANCE))

SNAPSHOT, RELEASE_SNAPSHOT = 0x80, 0x81
SNAPSHOTS_MAX = 64

statuses(
    8,
    "invalid_basis no_part invalid_part invalid_until too_many_snapshots unknown_snapshot snapshot_needed "
    "snapshot_too_short invalid_electorate group_open nothing_to_share distribution_exists leaves_exceed_funds "
    "unknown_distribution distribution_ended wrong_proof not_entitled already_collected nothing_due "
    "distribution_closed distribution_open",
)


def snapshot_id(asset: bytes, number: int) -> bytes:
    """The record id of a snapshot."""
    return record_id("snapshot", asset, number.to_bytes(4, "big"))


def live_numbers(record: Value, time: int) -> list[int]:
    """The numbers of an asset's live snapshots, ascending."""
    return [each.number for each in record.snapshots if time < each.until]


def units_now(state: State, asset: bytes, account: bytes) -> int:
    """The units that a balance has, lapsed ones included."""
    found = state.get("holders", account, asset)
    return 0 if found is None else found[0]


def saved_balances(state: State, asset: bytes, account: bytes) -> list[Value]:
    """What was saved of a balance."""
    record = state.value(SAVED_RECORD, "saved", account, asset)
    return [] if record is None else record.balances


def _first_from(balances: list[Value], number: int) -> Value | None:
    """The entry that says what a balance was in a snapshot."""
    return next((each for each in balances if each.number >= number), None)


def save_units(ctx: Context, asset: bytes, record: Value, account: bytes) -> None:
    """Save a balance as it stands into the newest live snapshot, unless that knows it already.

    To be called before the balance is written.
    """
    live = live_numbers(record, ctx.time)
    balances = saved_balances(ctx.state, asset, account)
    if not live or _first_from(balances, live[-1]) is not None:
        return
    entry = Value("SavedBalance", number=live[-1], units=units_now(ctx.state, asset, account))
    balances = [*balances, entry]
    needed = [_first_from(balances, number) for number in live]
    balances = [each for each in balances if each in needed]
    saved = Value("SavedRecord", balances=balances)
    ctx.state.put("saved", account, SAVED_RECORD.write(saved), table_key=asset)


# What other families need.


def load_snapshot(state: State, asset: bytes, number: int) -> Any:
    """The record of a snapshot, live or not, or None."""
    return state.value(SNAPSHOT_RECORD, "snapshots", snapshot_id(asset, number))


def _put(ctx: Context, record: Value) -> None:
    ctx.state.put("snapshots", snapshot_id(record.asset, record.number), SNAPSHOT_RECORD.write(record))


def _drop(ctx: Context, asset: bytes, record: Value, dropped: list[int]) -> None:
    """Take snapshots off the list of an asset that is about to be written."""
    for number in dropped:
        ctx.state.remove("snapshots", snapshot_id(asset, number))
    record.snapshots = [each for each in record.snapshots if each.number not in dropped]


def open_snapshot(ctx: Context, asset: bytes, until: int) -> Any:
    """Open a snapshot of an asset. Its record is returned; the asset's has to be loaded anew."""
    record = load_fungible(ctx, asset)
    _drop(ctx, asset, record, [each.number for each in record.snapshots if each.until <= ctx.time])
    refuse_if(len(record.snapshots) >= SNAPSHOTS_MAX, "too_many_snapshots")
    record.snapshots_taken += 1
    number = record.snapshots_taken
    record.snapshots.append(Value("LiveSnapshot", number=number, until=until))
    save_asset(ctx, asset, record)
    snapshot = Value("SnapshotRecord", asset=asset, number=number, opened=ctx.time, until=until, supply=supply(record))
    _put(ctx, snapshot)
    return snapshot


def newest_live(ctx: Context, asset: bytes) -> Any:
    """The record of the newest live snapshot of an asset, or None."""
    live = live_numbers(load_asset(ctx, asset), ctx.time)
    return load_snapshot(ctx.state, asset, live[-1]) if live else None


def live_snapshot(ctx: Context, asset: bytes, number: int) -> Any:
    """The record of a live snapshot, or a refusal."""
    record = ctx.state.value(ASSET_RECORD, "assets", asset)
    refuse_if(record is None or number not in live_numbers(record, ctx.time), "unknown_snapshot")
    return load_snapshot(ctx.state, asset, number)


def extend_snapshot(ctx: Context, asset: bytes, number: int, until: int) -> None:
    """See to it that a live snapshot stays so until then at least."""
    snapshot = live_snapshot(ctx, asset, number)
    if snapshot.until >= until:
        return
    record = load_asset(ctx, asset)
    for each in record.snapshots:
        if each.number == number:
            each.until = until
    save_asset(ctx, asset, record)
    snapshot.until = until
    _put(ctx, snapshot)


def units_in(state: State, asset: bytes, number: int, account: bytes) -> int:
    """The units that an account had when a snapshot that is live was opened."""
    entry = _first_from(saved_balances(state, asset, account), number)
    return units_now(state, asset, account) if entry is None else int(entry.units)


def units_at(ctx: Context, asset: bytes, number: int, account: bytes) -> int:
    """The units that an account had when a live snapshot was opened, or a refusal if it is not live."""
    live_snapshot(ctx, asset, number)
    return units_in(ctx.state, asset, number, account)


# Operations.


def _snapshot(ctx: Context, op: Value) -> None:
    record = load_fungible(ctx, op.asset)
    authority(ctx, record.issuer, SNAPSHOT)
    check_not_ended(ctx, record)
    refuse_if(not ctx.time < op.until <= ctx.time + PERIOD_MS_MAX, "invalid_until")
    open_snapshot(ctx, op.asset, op.until)


def _release_snapshot(ctx: Context, op: Value) -> None:
    record = load_asset(ctx, op.asset)
    ends = {each.number: each.until for each in record.snapshots}
    refuse_if(op.number not in ends, "unknown_snapshot")
    refuse_if(ctx.time < ends[op.number], "snapshot_needed")
    _drop(ctx, op.asset, record, [op.number])
    save_asset(ctx, op.asset, record)


operation(SNAPSHOT, "snapshot", no_fields_to_check, _snapshot, asset=ID, until=U64)
operation(RELEASE_SNAPSHOT, "release_snapshot", no_fields_to_check, _release_snapshot, asset=ID, number=U32)


def check_invariants(state: State, time: int) -> None:
    """What always holds of snapshots and of what is saved for them."""
    listed = {}
    for asset, (_, value) in state.records("assets").items():
        record = ASSET_RECORD.decode(value)
        numbers = [each.number for each in record.snapshots]
        assert ascending(numbers)
        assert len(numbers) <= SNAPSHOTS_MAX
        assert all(1 <= number <= record.snapshots_taken for number in numbers)
        assert not is_collection(record) or record.snapshots_taken == 0
        listed |= {snapshot_id(asset, each.number): (asset, each) for each in record.snapshots}
        _check_saved(state, asset, record)
        _check_sums(state, asset, record, time)
    records = state.records("snapshots")
    assert records.keys() == listed.keys()
    for key, (total, value) in records.items():
        asset, each = listed[key]
        snapshot = SNAPSHOT_RECORD.decode(value)
        assert total == 0
        assert (snapshot.asset, snapshot.number, snapshot.until) == (asset, each.number, each.until)
        assert snapshot.opened <= time
        assert snapshot.opened < snapshot.until
    assert {key for table, key in state.tables if table == "saved"} <= set(state.records("assets"))


def _check_saved(state: State, asset: bytes, record: Value) -> None:
    for total, value in state.records("saved", asset).values():
        numbers = [each.number for each in SAVED_RECORD.decode(value).balances]
        assert total == 0
        assert numbers
        assert len(numbers) <= SNAPSHOTS_MAX
        assert ascending(numbers)
        assert 1 <= numbers[0] <= numbers[-1] <= record.snapshots_taken


def _check_sums(state: State, asset: bytes, record: Value, time: int) -> None:
    """The balances that can be read from a live snapshot add up to its supply."""
    accounts = state.records("holders", asset).keys() | state.records("saved", asset).keys()
    for number in live_numbers(record, time):
        units = sum(units_in(state, asset, number, account) for account in accounts)
        assert units == load_snapshot(state, asset, number).supply
