"""Family 8, distribute: funds that are put aside at once and paid out in parts, one for each who is entitled."""

from __future__ import annotations

from typing import Any

from tests.model import sum_map
from tests.model.account import ACCOUNT_RECORD, account_record, authority, refuse_programme
from tests.model.asset import ASSET_RECORD, check_not_ended, is_collection, term
from tests.model.attest import electorate_schema, was_member
from tests.model.borsh import BOOL, BYTES, ID, U8, U32, U64, U128, Value, enum, fixed, option, struct, vec
from tests.model.hold import GROUP_RECORD, HOLD_RECORD, check_deadline
from tests.model.move import ALWAYS, Move, check_amount, split
from tests.model.snapshot import live_numbers, live_snapshot, units_at, units_in
from tests.model.state import (
    AMOUNT_MAX,
    Context,
    Effect,
    State,
    ascending,
    no_fields_to_check,
    operation,
    record_id,
    refuse_if,
)

BASIS = enum(
    {
        0: ("snapshot", struct("snapshot", asset=ID, number=U32, excluded=vec(ID))),
        1: ("members", struct("members", schema=ID, issuer=ID)),
        2: ("leaves", struct("leaves", root=fixed(32), total=U128)),
        3: ("group", struct("group", group=ID)),
    }
)
PART = struct("Part", of=ID, proof=BYTES)
DISTRIBUTION_RECORD = struct(
    "DistributionRecord",
    version=U8,
    fund=ID,
    salt=fixed(16),
    asset=ID,
    amount=U128,
    basis=BASIS,
    whole=U128,
    opened=U64,
    deadline=U64,
    leftover=ID,
    reference=option(fixed(32)),
    collected=U128,
    parts=U64,
    closed=BOOL,
)
COLLECTED_RECORD = struct("CollectedRecord", time=U64)

FAMILY = 8
DISTRIBUTE, COLLECT, CLOSE_DISTRIBUTION = 0x82, 0x83, 0x84
EXCLUDED_MAX = 16
PATH_MAX = 64


def distribution_id(fund: bytes, salt: bytes) -> bytes:
    """The id of the distribution that the fund opens with this salt; its account's too."""
    return record_id("distribution", fund, salt)


# Fields.


def _basis_possible(basis: Value) -> bool:
    if basis.kind == "snapshot":
        return len(basis.excluded) <= EXCLUDED_MAX and ascending(basis.excluded)
    if basis.kind == "leaves":
        return 1 <= basis.total <= AMOUNT_MAX and basis.root != bytes(32)
    return True


def _check_distribute(op: Value) -> None:
    if op.amount is not None:
        check_amount(op.amount)
    refuse_if(not _basis_possible(op.basis), "invalid_basis")
    refuse_if(op.deadline == 0, "no_deadline")


def _check_collect(op: Value) -> None:
    refuse_if(not op.parts, "no_part")
    refuse_if(len({part.of for part in op.parts}) < len(op.parts), "invalid_part")


# Opening.


def _whole(ctx: Context, basis: Value, deadline: int) -> int | None:
    """What all weights add up to; None where that is the amount."""
    if basis.kind == "snapshot":
        snapshot = live_snapshot(ctx, basis.asset, basis.number)
        refuse_if(deadline > snapshot.until, "snapshot_too_short")
        out = sum(units_at(ctx, basis.asset, basis.number, account) for account in basis.excluded)
        return int(snapshot.supply - out)
    if basis.kind == "members":
        return int(electorate_schema(ctx, basis.schema, basis.issuer).live)
    if basis.kind == "group":
        group = ctx.state.value(GROUP_RECORD, "hold_groups", basis.group)
        refuse_if(group is None, "unknown_group")
        refuse_if(ctx.time < group.closes, "group_open")
        # Payers could take out what they are to be paid for.
        way_out = group.terms.release_if
        needed = [] if way_out is None else way_out.of if way_out.kind == "all_of" else [way_out]
        found = any(each.kind in ("attested", "resolved") for each in needed)
        refuse_if(way_out is not None and not found, "invalid_basis")
        return int(group.put_in)
    return None


def _distribute(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, op.fund, DISTRIBUTE)
    move.check_not_paused()
    check_not_ended(ctx, move.record)
    check_deadline(ctx, op.deadline)
    whole = _whole(ctx, op.basis, op.deadline)
    refuse_if(whole == 0, "nothing_to_share")
    distribution = distribution_id(op.fund, op.salt)
    used = account_record(ctx.state, distribution) is not None
    used = used or ctx.state.get("holders", distribution, op.asset) is not None
    refuse_if(used, "distribution_exists")
    move.check_sender(op.fund)
    # What is about to become one is none to be given what it leaves over.
    refuse_if(op.leftover == distribution, "programme_account")
    refuse_programme(ctx, op.leftover)
    move.check_not_bound(op.fund, op.leftover)
    there = move.touch(op.fund).total
    amount = there if op.amount is None else op.amount
    refuse_if(not 1 <= amount <= there, "insufficient_funds")
    refuse_if(op.basis.kind == "leaves" and op.basis.total > amount, "leaves_exceed_funds")

    ctx.state.put("accounts", distribution, ACCOUNT_RECORD.write(Value("programme", family=FAMILY)))
    taken = move.take(op.fund, amount)
    move.effect.taken = dict(taken)
    move.credit(distribution, taken, move.touch(distribution))
    record = Value(
        "DistributionRecord",
        version=1,
        fund=op.fund,
        salt=op.salt,
        asset=op.asset,
        amount=amount,
        basis=op.basis,
        whole=amount if whole is None else whole,
        opened=ctx.time,
        deadline=op.deadline,
        leftover=op.leftover,
        reference=op.reference,
        collected=0,
        parts=0,
        closed=False,
    )
    _save(ctx, distribution, record)
    return move.done()


def _load(ctx: Context, distribution: bytes) -> Any:
    record = ctx.state.value(DISTRIBUTION_RECORD, "distributions", distribution)
    refuse_if(record is None, "unknown_distribution")
    return record


def _save(ctx: Context, distribution: bytes, record: Value) -> None:
    ctx.state.put("distributions", distribution, DISTRIBUTION_RECORD.write(record))


# Parts.


def _proven(basis: Value, part: Value) -> int:
    """What a leaf of the map says, or a refusal."""
    shown = sum_map.shown(part.proof, sum_map.tree_key(part.of))
    refuse_if(shown is None, "wrong_proof")
    assert shown is not None
    weight, value, root = shown
    refuse_if(root != (basis.root, basis.total) or value != b"", "wrong_proof")
    # The length of the path stands behind kind, sum and an empty value.
    refuse_if(int.from_bytes(part.proof[19:21], "big") > PATH_MAX, "wrong_proof")
    return weight


def _entitled(ctx: Context, record: Value, part: Value) -> tuple[int, bytes]:
    """The weight of a part and who gets it, or a refusal."""
    basis, of = record.basis, part.of
    if basis.kind == "leaves":
        return _proven(basis, part), of
    refuse_if(part.proof != b"", "wrong_proof")
    if basis.kind == "snapshot":
        weight = 0 if of in basis.excluded else units_at(ctx, basis.asset, basis.number, of)
        refuse_if(weight == 0, "not_entitled")
        return weight, of
    if basis.kind == "members":
        refuse_if(not was_member(ctx, basis.schema, basis.issuer, of, record.opened), "not_entitled")
        return 1, of
    hold = ctx.state.value(HOLD_RECORD, "holds", of)
    refuse_if(hold is None or hold.group != basis.group, "not_entitled")
    return hold.amount, hold.payer


def _collect(ctx: Context, op: Value) -> Effect:
    record = _load(ctx, op.distribution)
    move = Move(ctx, record.asset)
    move.check_not_paused()
    refuse_if(ctx.time >= record.deadline or record.closed, "distribution_ended")
    payouts: list[tuple[bytes, int]] = []
    for part in op.parts:
        weight, to = _entitled(ctx, record, part)
        refuse_if(ctx.state.get("collected", part.of, op.distribution) is not None, "already_collected")
        units = record.amount * weight // record.whole
        refuse_if(units == 0, "nothing_due")
        move.check_payee(record.fund, to)
        payouts.append((to, units))
        collected = COLLECTED_RECORD.write(Value("CollectedRecord", time=ctx.time))
        ctx.state.put("collected", part.of, collected, total=units, table_key=op.distribution)
        record.collected += units
        record.parts += 1
    taken = move.take(op.distribution, sum(units for _, units in payouts))
    move.effect.taken = dict(taken)
    for to, units in payouts:
        move.earn(to, split(taken, units), move.touch(to))
    _save(ctx, op.distribution, record)
    return move.done()


# Closing.


def _close(ctx: Context, op: Value) -> Effect:
    record = _load(ctx, op.distribution)
    refuse_if(record.closed, "distribution_closed")
    refuse_if(ctx.time < record.deadline, "distribution_open")
    move = Move(ctx, record.asset)
    move.check_not_paused()
    move.strict = False
    left = move.touch(op.distribution).total
    if left:
        taken = move.take(op.distribution, left)
        move.effect.taken = dict(taken)
        became = account_record(ctx.state, record.leftover)
        to = record.fund if became is not None and became.kind == "programme" else record.leftover
        move.credit(to, taken, move.touch(to))
    record.closed = True
    _save(ctx, op.distribution, record)
    return move.done()


operation(
    DISTRIBUTE,
    "distribute",
    _check_distribute,
    _distribute,
    fund=ID,
    salt=fixed(16),
    asset=ID,
    amount=option(U128),
    basis=BASIS,
    deadline=U64,
    leftover=ID,
    reference=option(fixed(32)),
)
operation(COLLECT, "collect", _check_collect, _collect, distribution=ID, parts=vec(PART))
operation(CLOSE_DISTRIBUTION, "close_distribution", no_fields_to_check, _close, distribution=ID)


def _weight(state: State, record: Value, of: bytes, time: int) -> int | None:
    """The weight of somebody who has collected, as far as the state still says it."""
    basis = record.basis
    if basis.kind == "members":
        return 1
    if basis.kind == "group":
        return int(HOLD_RECORD.decode(state.records("holds")[of][1]).amount)
    if basis.kind == "snapshot":
        asset = ASSET_RECORD.decode(state.records("assets")[basis.asset][1])
        if basis.number in live_numbers(asset, time):
            assert of not in basis.excluded
            return units_in(state, basis.asset, basis.number, of)
    return None


def _check_collected(state: State, distribution: bytes, record: Value, time: int) -> None:
    """Everybody has collected what was theirs, and the distribution knows how much it is."""
    collected = state.records("collected", distribution)
    assert len(collected) == record.parts
    assert state.table_root("collected", distribution)[1] == record.collected <= record.amount
    for of, (units, value) in collected.items():
        assert record.opened <= COLLECTED_RECORD.decode(value).time < record.deadline
        weight = _weight(state, record, of, time)
        assert units > 0
        assert weight is None or units == record.amount * weight // record.whole


def _check_record(state: State, distribution: bytes, record: Value, time: int) -> None:
    assert distribution == distribution_id(record.fund, record.salt)
    assert account_record(state, distribution) == Value("programme", family=FAMILY)
    assert record.version == 1
    assert record.opened <= time
    assert record.opened < record.deadline
    assert not record.closed or record.deadline <= time
    assert min(record.amount, record.whole) > 0
    assert record.basis.kind != "leaves" or record.basis.total <= record.amount == record.whole


def _check_balance(state: State, distribution: bytes, record: Value) -> None:
    """What is there is what was put in and has neither been collected nor lapsed."""
    asset = ASSET_RECORD.decode(state.records("assets")[record.asset][1])
    assert not is_collection(asset)
    found = state.get("holders", distribution, record.asset)
    if found is not None and term(asset.policy, "inactivity_expiry") is not None:
        assert found[1][:4] == ALWAYS.to_bytes(4, "big")
    balance, left = 0 if found is None else found[0], record.amount - record.collected
    assert balance <= left
    if record.closed:
        assert balance == 0
    elif term(asset.policy, "fixed_expiry") is None and asset.sunset is None:
        assert balance == left


def check_invariants(state: State, time: int) -> None:
    """What always holds of distributions."""
    distributions = {
        key: DISTRIBUTION_RECORD.decode(value) for key, (_, value) in state.records("distributions").items()
    }
    assert all(total == 0 for total, _ in state.records("distributions").values())
    for key, record in distributions.items():
        _check_record(state, key, record, time)
        _check_collected(state, key, record, time)
        _check_balance(state, key, record)
    assert {key for table, key in state.tables if table == "collected"} <= set(distributions)
    for account, (_, value) in state.records("accounts").items():
        record = ACCOUNT_RECORD.decode(value)
        assert record.kind != "programme" or record.family != FAMILY or account in distributions
