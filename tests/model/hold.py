"""Family 4, hold: units that are put aside until a condition is met or a deadline has come."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.model.account import ACCOUNT_RECORD, account_record, authority, has_authority, is_programme, refuse_programme
from tests.model.asset import ASSET_RECORD, BPS, check_not_ended, is_collection, load_fungible, term
from tests.model.attest import require_live
from tests.model.borsh import (
    ID,
    U8,
    U16,
    U64,
    U128,
    Codec,
    MalformedError,
    Value,
    choice,
    enum,
    fixed,
    option,
    struct,
    vec,
)
from tests.model.constitution import load_resolution
from tests.model.move import COUNTER_MAX, LOTS_MAX, Move, check_amount, split
from tests.model.state import (
    DAY_MS,
    Context,
    Effect,
    RefusalError,
    State,
    ascending,
    operation,
    record_id,
    refuse_if,
    statuses,
    tag_of,
)

if TYPE_CHECKING:
    from tests.model.borsh import Reader

NESTING_MAX = 4


def _condition(levels: int) -> Codec:
    """A condition that nests at most so many levels deep."""

    def too_deep(_r: Reader) -> Any:
        raise MalformedError

    if levels == 0:
        # What is too deep can be written, so that it can be sent, but not read.
        return Codec(lambda value: _condition(1).write(value), too_deep)
    inner = _condition(levels - 1)
    return enum(
        {
            0: ("all_of", struct("all_of", of=vec(inner))),
            1: ("any_of", struct("any_of", of=vec(inner))),
            2: ("not", struct("not", of=inner)),
            3: ("after", struct("after", time=U64)),
            4: ("preimage", struct("preimage", hash=fixed(32))),
            5: ("signed_by", struct("signed_by", threshold=U8, accounts=vec(ID))),
            6: ("attested", struct("attested", schema=ID, issuer=ID, subject=option(ID))),
            7: ("group_total", struct("group_total", group=ID, at_least=U128)),
            8: ("resolved", struct("resolved", account=ID, rule=fixed(32), subject=fixed(32), option=U8)),
            9: ("by_payer", struct("by_payer")),
        }
    )


CONDITION = _condition(NESTING_MAX)
SHARE = struct("Share", to=ID, bps=U16)
SCHEDULE = struct("Schedule", starts=U64, cliff=U64, ends=U64)
TERMS = struct(
    "Terms",
    settle_if=CONDITION,
    release_if=option(CONDITION),
    payees=vec(SHARE),
    schedule=option(SCHEDULE),
    deadline=U64,
    outcome=choice("release", "settle"),
)
HOLD_RECORD = struct(
    "HoldRecord",
    version=U8,
    payer=ID,
    salt=fixed(16),
    asset=ID,
    amount=U128,
    settled=U128,
    released=U128,
    terms=option(TERMS),
    group=option(ID),
)
GROUP_RECORD = struct(
    "GroupRecord",
    version=U8,
    owner=ID,
    salt=fixed(16),
    asset=ID,
    closes=U64,
    terms=TERMS,
    holds=U64,
    total=U128,
    put_in=U128,
)

FAMILY = 4
PARTS_MAX = 32
SIGNERS_MAX = 16
PAYEES_MAX = 16
PREIMAGES_MAX = 8
DEADLINE_MS_MAX = 36_525 * DAY_MS
GRACE_MS = 30 * DAY_MS
TIME_MAX = 2**64 - 1

statuses(
    4,
    "terms_or_group no_deadline invalid_condition invalid_schedule invalid_split invalid_bearer invalid_closing "
    "too_many_preimages unknown_group wrong_asset group_closed deadline_passed deadline_too_far group_exists "
    "hold_exists unknown_hold hold_closed hold_expired condition_unmet hold_pending amount_exceeds_hold not_vested "
    "wrong_payee",
)


def hold_id(payer: bytes, salt: bytes) -> bytes:
    """The id of the hold that the payer opens with this salt; its account's too."""
    return record_id("hold", payer, salt)


def group_id(owner: bytes, salt: bytes) -> bytes:
    """The id of the group that the owner opens with this salt."""
    return record_id("group", owner, salt)


# Fields.


def _parts(condition: Value) -> list[Value]:
    """The conditions right inside of one."""
    if condition.kind == "not":
        return [condition.of]
    return list(condition.of) if condition.kind in ("all_of", "any_of") else []


def _every(condition: Value) -> list[Value]:
    """A condition and all that it contains."""
    return [condition] + [each for part in _parts(condition) for each in _every(part)]


def _one_valid(condition: Value) -> bool:
    if condition.kind in ("all_of", "any_of"):
        return bool(condition.of)
    if condition.kind == "signed_by":
        accounts = condition.accounts
        return 1 <= condition.threshold <= len(accounts) <= SIGNERS_MAX and ascending(accounts)
    return True


def _check_condition(condition: Value) -> None:
    every = _every(condition)
    named = sum(len(each.accounts) for each in every if each.kind == "signed_by")
    named += 3 * sum(each.kind in ("attested", "resolved") for each in every)
    refuse_if(len(every) + named > PARTS_MAX or not all(map(_one_valid, every)), "invalid_condition")


def _names_somebody(condition: Value) -> bool:
    direct = condition.of if condition.kind == "all_of" else [condition]
    return any(each.kind in ("signed_by", "by_payer") for each in direct)


def _check_terms(terms: Value) -> None:
    refuse_if(terms.deadline == 0, "no_deadline")
    _check_condition(terms.settle_if)
    if terms.release_if is not None:
        _check_condition(terms.release_if)
    if terms.schedule is not None:
        starts, cliff, ends = terms.schedule.starts, terms.schedule.cliff, terms.schedule.ends
        refuse_if(not (starts <= cliff <= ends and starts < ends <= terms.deadline), "invalid_schedule")
    if terms.payees:
        accounts, shares = [share.to for share in terms.payees], [share.bps for share in terms.payees]
        many = len(accounts) > PAYEES_MAX or len(set(accounts)) < len(accounts)
        refuse_if(many or 0 in shares or sum(shares) != BPS, "invalid_split")
    else:
        refuse_if(terms.outcome != "release" or not _names_somebody(terms.settle_if), "invalid_bearer")


def _check_open_group(op: Value) -> None:
    _check_terms(op.terms)
    refuse_if(op.closes > op.terms.deadline, "invalid_closing")


def _check_hold(op: Value) -> None:
    check_amount(op.amount)
    refuse_if((op.terms is None) == (op.group is None), "terms_or_group")
    if op.terms is not None:
        _check_terms(op.terms)


def _check_part(op: Value) -> None:
    if op.amount is not None:
        check_amount(op.amount)
    refuse_if(len(op.preimages) > PREIMAGES_MAX, "too_many_preimages")


# Conditions.


def _met(ctx: Context, condition: Value, op: Value, payer: bytes) -> bool:
    """Whether a condition is met for this settlement or release."""
    kind, tag = condition.kind, tag_of(op)
    if kind == "all_of":
        return all(_met(ctx, each, op, payer) for each in condition.of)
    if kind == "any_of":
        return any(_met(ctx, each, op, payer) for each in condition.of)
    if kind == "not":
        return not _met(ctx, condition.of, op, payer)
    if kind == "after":
        return bool(ctx.time >= condition.time)
    if kind == "preimage":
        return condition.hash in [sha256(each).digest() for each in op.preimages]
    if kind == "signed_by":
        return sum(has_authority(ctx, each, tag) for each in condition.accounts) >= int(condition.threshold)
    if kind == "attested":
        try:
            require_live(ctx, condition.schema, condition.issuer, condition.subject or payer)
        except RefusalError:
            return False
        return True
    if kind == "group_total":
        group = ctx.state.value(GROUP_RECORD, "hold_groups", condition.group)
        return (0 if group is None else group.total) >= condition.at_least
    if kind == "resolved":
        resolution = load_resolution(ctx.state, condition.account, condition.rule, condition.subject)
        return resolution is not None and bool(resolution.option == condition.option)
    assert kind == "by_payer"
    return has_authority(ctx, payer, tag)


# Groups and holds.


def check_deadline(ctx: Context, deadline: int) -> None:
    """The rules on a deadline when what it ends begins."""
    refuse_if(deadline <= ctx.time, "deadline_passed")
    refuse_if(deadline > ctx.time + DEADLINE_MS_MAX, "deadline_too_far")


def _open_group(ctx: Context, op: Value) -> None:
    asset = load_fungible(ctx, op.asset)
    authority(ctx, op.owner, 0x40)
    check_not_ended(ctx, asset)
    check_deadline(ctx, op.terms.deadline)
    refuse_if(op.closes <= ctx.time, "group_closed")
    group = group_id(op.owner, op.salt)
    refuse_if(ctx.state.get("hold_groups", group) is not None, "group_exists")
    for share in op.terms.payees:
        refuse_programme(ctx, share.to)
    record = Value(
        "GroupRecord",
        version=1,
        owner=op.owner,
        salt=op.salt,
        asset=op.asset,
        closes=op.closes,
        terms=op.terms,
        holds=0,
        total=0,
        put_in=0,
    )
    ctx.state.put("hold_groups", group, GROUP_RECORD.write(record))


def _check_payee(move: Move, payer: bytes, to: bytes, *, attested: bool = False) -> None:
    """As the payee of a transfer from the payer; but who gets back their own is never bound, nor by a campaign."""
    if to == payer or is_programme(move.ctx.state, payer):
        move.check_sender(to)
    else:
        move.check_payee(payer, to, attested=attested)


def _join_group(ctx: Context, op: Value) -> Any:
    """The group's record with this hold in it."""
    group = ctx.state.value(GROUP_RECORD, "hold_groups", op.group)
    refuse_if(group is None, "unknown_group")
    refuse_if(group.asset != op.asset, "wrong_asset")
    refuse_if(ctx.time >= group.closes, "group_closed")
    refuse_if(group.put_in + op.amount > COUNTER_MAX, "amount_too_large")
    group.holds += 1
    group.total += op.amount
    group.put_in += op.amount
    return group


def _hold(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, op.payer, 0x41, op.asset, op.amount)
    move.check_not_paused()
    check_not_ended(ctx, move.record)
    group = None if op.group is None else _join_group(ctx, op)
    terms = op.terms if group is None else group.terms
    check_deadline(ctx, terms.deadline)
    hold = hold_id(op.payer, op.salt)
    used = account_record(ctx.state, hold) is not None or ctx.state.get("holders", hold, op.asset) is not None
    refuse_if(used, "hold_exists")
    move.check_sender(op.payer)
    for share in terms.payees:
        _check_payee(move, op.payer, share.to)

    ctx.state.put("accounts", hold, ACCOUNT_RECORD.write(Value("programme", family=FAMILY)))
    taken = move.take(op.payer, op.amount)
    move.credit(hold, taken, move.touch(hold))
    record = Value(
        "HoldRecord",
        version=1,
        payer=op.payer,
        salt=op.salt,
        asset=op.asset,
        amount=op.amount,
        settled=0,
        released=0,
        terms=op.terms,
        group=op.group,
    )
    ctx.state.put("holds", hold, HOLD_RECORD.write(record))
    if group is not None:
        ctx.state.put("hold_groups", op.group, GROUP_RECORD.write(group))
    return move.done()


# Settling and releasing.


def shares_of(terms: Value, settled: int) -> list[int]:
    """What each payee has been paid when so much has been settled in all, but for what the parts leave over."""
    return [settled * share.bps // BPS for share in terms.payees]


def left_over(terms: Value, settled: int) -> int:
    """What the parts leave over. The one that a bearer hold is settled to gets all of it."""
    return settled - sum(shares_of(terms, settled)) if terms.payees else 0


def vested(terms: Value, amount: int, time: int) -> int:
    """How much of a hold's amount has vested."""
    schedule = terms.schedule
    if schedule is None or time >= schedule.ends:
        return amount
    if time < schedule.cliff:
        return 0
    return int(amount * (time - schedule.starts) // (schedule.ends - schedule.starts))


class Open:
    """A hold of which something is left, on the way to be settled or released."""

    def __init__(self, ctx: Context, op: Value) -> None:
        self.ctx = ctx
        self.op = op
        self.record: Any = ctx.state.value(HOLD_RECORD, "holds", op.hold)
        refuse_if(self.record is None, "unknown_hold")
        self.move = Move(ctx, self.record.asset)
        self.move.check_not_paused()
        self.group: Any = None
        if self.record.group is not None:
            self.group = ctx.state.value(GROUP_RECORD, "hold_groups", self.record.group)
        self.terms: Any = self.record.terms if self.group is None else self.group.terms
        balance = self.move.touch(op.hold).total - left_over(self.terms, self.record.settled)
        # Its account may have got more than was put in, by a fee.
        self.left = max(0, min(balance, self.record.amount - self.record.settled - self.record.released))
        refuse_if(self.left == 0, "hold_closed")
        self.is_early = ctx.time < self.terms.deadline
        """Whether conditions and the schedule still count."""
        self.is_overdue = ctx.time >= min(self.terms.deadline + GRACE_MS, TIME_MAX)
        """Whether no account refuses any more."""
        self.move.strict = self.move.strict and not self.is_overdue
        self.is_pay = self.record.payer == self.move.record.issuer or is_programme(ctx.state, self.record.payer)
        """Whether what is paid out was earned."""

    def meets(self, condition: Value) -> bool:
        """Whether the condition is met."""
        return _met(self.ctx, condition, self.op, self.record.payer)

    def owed(self) -> int:
        """What has vested and is not settled."""
        has_vested = vested(self.terms, self.record.amount, self.ctx.time) if self.is_early else self.record.amount
        return int(max(0, has_vested - self.record.settled))

    def who_gets(self, to: bytes) -> bytes:
        """Who gets a payee's part of a settlement: after the grace the payer, where the payee cannot be paid."""
        payer, move = self.record.payer, self.move
        if not self.is_overdue:
            _check_payee(move, payer, to, attested=True)
            return to
        if to == payer:
            return to
        try:
            if not is_programme(self.ctx.state, payer):
                move.check_not_bound(payer, to)
                move.check_attested(to)
            refuse_programme(self.ctx, to)
        except RefusalError:
            return payer
        return to

    def room_for(self, to: bytes, amount: int) -> int:
        """How much of its part a payee gets after the grace: the most of which it may keep what it would keep."""
        payer, move = self.record.payer, self.move
        held = move.alive(to).total
        # The more it gets the more it keeps, or as much.
        least, most = 0, amount
        while least < most:
            middle = (least + most + 1) // 2
            if move.exceeds(to, held, move.kept_of(payer, to, middle)):
                most = middle - 1
            else:
                least = middle
        return least

    def takes_rest(self, to: bytes) -> bool:
        """Whether the first payee may get what the parts left over, with a release."""
        try:
            _check_payee(self.move, self.record.payer, to)
        except RefusalError:
            return to == self.record.payer
        return True

    def _has_lots_free(self, to: bytes, lots: dict[int, int]) -> bool:
        """Whether a payee would not have a 65th lot by what it keeps of these."""
        total = sum(lots.values())
        kept = self.move.kept_of(self.record.payer, to, total) if self.is_pay else total
        rest = dict(lots)
        split(rest, total - kept)
        return len(self.move.alive(to).lots.keys() | {lot for lot, amount in rest.items() if amount}) <= LOTS_MAX

    def pay(self, parts: list[tuple[bytes, int]], *, payment: bool = False) -> Effect:
        """Hand units out, lowest lots first, and write the records."""
        parts = [(to, amount) for to, amount in parts if amount]
        if parts:
            in_hand = self.move.take(self.op.hold, sum(amount for _, amount in parts))
            self.move.effect.taken = dict(in_hand)
            payer = self.record.payer
            for to, amount in parts:
                if payment and self.is_overdue and to != payer:
                    room = self.room_for(to, amount)
                    if room:
                        self.move.pay(payer, to, split(in_hand, room))
                    to, amount = payer, amount - room
                    if not amount:
                        continue
                lots = split(in_hand, amount)
                is_back = to == payer or not (payment or not self.move.strict or self._has_lots_free(to, lots))
                if is_back:
                    self.move.credit(payer, lots, self.move.touch(payer))
                elif payment:
                    self.move.pay(payer, to, lots)
                else:
                    credit = self.move.earn if self.is_pay else self.move.credit
                    credit(to, lots, self.move.touch(to))
        else:
            # The balance is written all the same.
            self.move.take(self.op.hold, 0)
        self.ctx.state.put("holds", self.op.hold, HOLD_RECORD.write(self.record))
        if self.group is not None:
            self.ctx.state.put("hold_groups", self.record.group, GROUP_RECORD.write(self.group))
        return self.move.done()


def _settle(ctx: Context, op: Value) -> Effect:
    hold = Open(ctx, op)
    record, terms = hold.record, hold.terms
    if hold.is_early:
        refuse_if(not hold.meets(terms.settle_if), "condition_unmet")
    else:
        refuse_if(terms.outcome == "release", "hold_expired")
    amount = min(hold.left, hold.owed()) if op.amount is None else op.amount
    refuse_if(amount > hold.left, "amount_exceeds_hold")
    refuse_if(amount > hold.owed() or amount == 0, "not_vested")
    refuse_if((op.to is not None) == bool(terms.payees), "wrong_payee")

    if terms.payees:
        before, after = shares_of(terms, record.settled), shares_of(terms, record.settled + amount)
        parts = [(share.to, b - a) for share, a, b in zip(terms.payees, before, after, strict=True)]
        if amount == hold.left:
            first, part = parts[0]
            parts[0] = first, part + left_over(terms, record.settled + amount)
    else:
        parts = [(op.to, amount)]
    parts = [(hold.who_gets(to), part) for to, part in parts if part]
    record.settled += amount
    return hold.pay(parts, payment=True)


def _release(ctx: Context, op: Value) -> Effect:
    hold = Open(ctx, op)
    record, terms = hold.record, hold.terms
    may = hold.left
    if hold.is_early:
        refuse_if(terms.release_if is None or not hold.meets(terms.release_if), "hold_pending")
        if terms.schedule is not None:
            may = max(0, hold.left - hold.owed())
    else:
        refuse_if(terms.outcome == "settle", "hold_expired")
    amount = may if op.amount is None else op.amount
    refuse_if(amount > may or amount == 0, "amount_exceeds_hold")
    if not hold.is_overdue:
        hold.move.check_not_frozen(record.payer)
    hold.move.max_holding = None

    parts = [(record.payer, amount)]
    over = left_over(terms, record.settled)
    if amount == hold.left and over:
        first = terms.payees[0].to
        parts.append((first if hold.takes_rest(first) else record.payer, over))
    record.released += amount
    if hold.group is not None and hold.is_early:
        hold.group.total -= amount
    return hold.pay(parts)


operation(
    0x40,
    "open_group",
    _check_open_group,
    _open_group,
    owner=ID,
    salt=fixed(16),
    asset=ID,
    closes=U64,
    terms=TERMS,
)
operation(
    0x41,
    "hold",
    _check_hold,
    _hold,
    mandates=True,
    payer=ID,
    salt=fixed(16),
    asset=ID,
    amount=U128,
    terms=option(TERMS),
    group=option(ID),
)
operation(
    0x42,
    "settle",
    _check_part,
    _settle,
    hold=ID,
    amount=option(U128),
    to=option(ID),
    preimages=vec(fixed(32)),
)
operation(0x43, "release", _check_part, _release, hold=ID, amount=option(U128), preimages=vec(fixed(32)))


def _check_hold_record(state: State, hold: bytes, record: Value, terms: Value) -> None:
    assert hold == hold_id(record.payer, record.salt)
    account = account_record(state, hold)
    assert account.kind == "programme"
    assert account.family == FAMILY
    assert 0 <= record.settled + record.released <= record.amount
    asset = ASSET_RECORD.decode(state.records("assets")[record.asset][1])
    assert not is_collection(asset)
    found = state.get("holders", hold, record.asset)
    balance, day = (0, None) if found is None else (found[0], found[1][:4])
    if found is not None and term(asset.policy, "inactivity_expiry") is not None:
        assert day == b"\xff" * 4
    # What is left and what the parts left over; the latter is paid out with the last of the former.
    left = record.amount - record.settled - record.released
    most = left + left_over(terms, record.settled) if left else 0
    fee = term(asset.policy, "fee")
    if fee is not None and fee.to == hold:
        return
    if term(asset.policy, "fixed_expiry") is None and asset.sunset is None:
        assert balance == most
    else:
        assert balance <= record.amount - record.settled - record.released + left_over(terms, record.settled)


def check_invariants(state: State, time: int) -> None:
    """What always holds of this family's tables."""
    groups = {key: GROUP_RECORD.decode(value) for key, (_, value) in state.records("hold_groups").items()}
    holds = {key: HOLD_RECORD.decode(value) for key, (_, value) in state.records("holds").items()}
    assert all(total == 0 for table in ("holds", "hold_groups") for total, _ in state.records(table).values())
    for key, record in holds.items():
        assert (record.terms is None) != (record.group is None)
        terms = record.terms or groups[record.group].terms
        _check_hold_record(state, key, record, terms)
    for key, group in groups.items():
        assert key == group_id(group.owner, group.salt)
        members = [record for record in holds.values() if record.group == key]
        assert all(record.asset == group.asset for record in members)
        assert group.holds == len(members)
        put_in, released = sum(each.amount for each in members), sum(each.released for each in members)
        assert put_in - released <= group.total <= put_in == group.put_in <= COUNTER_MAX
        assert group.total == put_in - released or time >= group.terms.deadline
    for account, (_, value) in state.records("accounts").items():
        record = ACCOUNT_RECORD.decode(value)
        assert record.kind != "programme" or record.family != FAMILY or account in holds
