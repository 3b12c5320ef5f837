"""Family 3, move: units that are minted, moved, burned, redeemed and swept away, lot by lot."""

from __future__ import annotations

from typing import Any

from tests.model.account import alias_of, authority, is_programme, refuse_programme
from tests.model.asset import (
    ASSET_RECORD,
    check_not_ended,
    has_ended,
    is_collection,
    is_frozen,
    load_fungible,
    power_holder,
    save_asset,
    supply,
    term,
)
from tests.model.attest import require_live
from tests.model.borsh import ID, U32, U64, U128, Value, option, struct, vec
from tests.model.snapshot import save_units
from tests.model.state import (
    AMOUNT_MAX,
    DAY_MS,
    REASON,
    Context,
    Effect,
    State,
    ascending,
    operation,
    record_id,
    refuse_if,
    statuses,
)

LOT_RECORD = struct(
    "LotRecord",
    lot=U32,
    issued=U128,
    burned=U128,
    redeemed=U128,
    expired=U128,
    clawed_back=U128,
    merged_in=U128,
    merged_out=U128,
)
LOT_AMOUNT = struct("LotAmount", lot=U32, amount=U128)
REDEMPTION_RECORD = struct(
    "RedemptionRecord",
    sender=ID,
    at=ID,
    order=ID,
    time=U64,
    amount=U128,
    refunded=U128,
    lots=vec(LOT_AMOUNT),
)
DEBT_RECORD = struct("DebtRecord", since=U64)
PAYEE = struct("Payee", to=ID, amount=U128)

LOTS_MAX = 64
ALWAYS = 2**32 - 1
"""The last-activity day of what a programme account was given: nobody is there who could be active."""
COUNTER_MAX = 2**128 - 1
"""What `minted`, `clawed_back` and `owed` can count. Every other counter counts a part of what was minted."""
EMPTY_LOT = dict.fromkeys(("issued", "burned", "redeemed", "expired", "clawed_back", "merged_in", "merged_out"), 0)

statuses(
    3,
    "no_payee no_account zero_amount amount_too_large same_account asset_paused account_frozen asset_bound "
    "insufficient_funds supply_cap_exceeded too_many_lots not_expiring already_redeemed unknown_redemption "
    "refund_exceeds debt_floor_reached",
)


# The calendar: days since 1970-01-01, proleptic Gregorian, and months since January 1970.


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def first_day_of_month(month: int) -> int:
    """The first day of a month."""
    year, month_of_year = 1970 + month // 12, month % 12
    years = year - 1
    leap_days = years // 4 - years // 100 + years // 400 - (1969 // 4 - 1969 // 100 + 1969 // 400)
    lengths = [31, 29 if _is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return 365 * (year - 1970) + leap_days + sum(lengths[:month_of_year])


def month_of_day(day: int) -> int:
    """The month that a day is in."""
    month = day // 31
    while first_day_of_month(month + 1) <= day:
        month += 1
    return month


def lot_of_day(policy: list[Value], day: int) -> int:
    """The lot into which units are minted on a day; 0 where the asset has no lots."""
    lots = term(policy, "lots")
    if lots is None:
        return 0
    return day if lots.period == "day" else month_of_day(day)


def first_day_after(policy: list[Value], lot: int) -> int:
    """The first day after the period of a lot."""
    return lot + 1 if term(policy, "lots").period == "day" else first_day_of_month(lot + 1)


def has_lapsed(policy: list[Value], lot: int, day: int) -> bool:
    """Whether units of this lot are dead, whoever has them."""
    fixed = term(policy, "fixed_expiry")
    return fixed is not None and day >= first_day_after(policy, lot) + fixed.days


# Balances. Inside, an asset without lots keeps all of its units under lot 0.


class Holding:
    """A balance: units by lot, and the day it was last active."""

    def __init__(self, lots: dict[int, int], day: int) -> None:
        self.lots = lots
        self.day = day

    @property
    def total(self) -> int:
        """All units."""
        return sum(self.lots.values())


def load_holding(state: State, asset: bytes, record: Value, account: bytes) -> Holding:
    """The balance as it is stored, lapsed units and all."""
    found = state.get("holders", account, asset)
    if found is None:
        return Holding({}, 0)
    total, value = found
    day = int.from_bytes(value[:4], "big")
    if term(record.policy, "lots") is None:
        return Holding({0: total}, day)
    parts = [value[at : at + 20] for at in range(4, len(value), 20)]
    return Holding({int.from_bytes(p[:4], "big"): int.from_bytes(p[4:], "big") for p in parts}, day)


def encode_holding(record: Value, holding: Holding) -> bytes:
    """The value of a holders record."""
    has_lots, has_day = term(record.policy, "lots") is not None, term(record.policy, "inactivity_expiry") is not None
    if not has_lots and not has_day:
        return b""
    value = (holding.day if has_day else 0).to_bytes(4, "big")
    if has_lots:
        value += b"".join(
            lot.to_bytes(4, "big") + holding.lots[lot].to_bytes(16, "big") for lot in sorted(holding.lots)
        )
    return value


def _save_holding(ctx: Context, asset: bytes, record: Value, account: bytes, holding: Holding) -> None:
    is_there = ctx.state.get("holders", account, asset) is not None
    if not holding.total and not is_there:
        return
    save_units(ctx, asset, record, account)
    if holding.total:
        value = encode_holding(record, holding)
        ctx.state.put("holders", account, value, total=holding.total, table_key=asset)
    else:
        ctx.state.remove("holders", account, asset)


def outstanding(lot: Value) -> int:
    """The units of a lot that are there: a claw back moves units, so it does not count here."""
    return int(lot.issued + lot.merged_in - lot.burned - lot.redeemed - lot.expired - lot.merged_out)


def _count_in_lot(ctx: Context, asset: bytes, record: Value, lot: int, what: str, amount: int) -> None:
    """Add to one of the counters of a lot. An asset without lots has no lot records."""
    if term(record.policy, "lots") is None:
        return
    key = record_id("lot", asset, lot.to_bytes(4, "big"))
    counters = ctx.state.value(LOT_RECORD, "lots", key, asset) or Value("LotRecord", lot=lot, **EMPTY_LOT)
    setattr(counters, what, getattr(counters, what) + amount)
    ctx.state.put("lots", key, LOT_RECORD.write(counters), total=outstanding(counters), table_key=asset)


class Move:
    """One operation on an asset: its record, and what it has taken and what has lapsed so far."""

    def __init__(self, ctx: Context, asset: bytes) -> None:
        self.ctx = ctx
        self.asset = asset
        self.record: Any = load_fungible(ctx, asset)
        self.before = ASSET_RECORD.write(self.record)
        self.effect = Effect()
        self.strict = term(self.record.policy, "strict_lots") is not None
        """Whether a 65th lot is refused."""
        self.max_holding: Any = term(self.record.policy, "max_holding")
        """How much a payment may make of a balance."""

    def done(self) -> Effect:
        """Write the asset's record, if the operation changed it: that an announced policy holds by now is no change."""
        if ASSET_RECORD.write(self.record) != self.before:
            save_asset(self.ctx, self.asset, self.record)
        return self.effect

    def check_not_paused(self) -> None:
        """Rule."""
        refuse_if(self.record.paused, "asset_paused")

    def check_not_frozen(self, account: bytes) -> None:
        """Rule."""
        refuse_if(is_frozen(self.ctx.state, self.asset, account), "account_frozen")

    def check_sender(self, sender: bytes) -> None:
        """The rules on who pays."""
        self.check_not_frozen(sender)
        refuse_programme(self.ctx, sender)

    def check_payee(self, sender: bytes, to: bytes, *, attested: bool = True) -> None:
        """The rules on who is paid."""
        self.check_not_frozen(to)
        self.check_not_bound(sender, to)
        if attested:
            self.check_attested(to)
        refuse_programme(self.ctx, to)

    def check_not_bound(self, sender: bytes, to: bytes) -> None:
        """Rule."""
        if sender != to:
            check_not_bound(self.ctx.state, self.record, sender, to)

    def check_attested(self, to: bytes) -> None:
        """The rule that a payee is somebody of whom something is attested."""
        needed = term(self.record.policy, "attested")
        if needed is not None and to != self.record.issuer and not is_programme(self.ctx.state, to):
            require_live(self.ctx, needed.schema, needed.issuer, to)

    def count(self, lot: int, what: str, amount: int) -> None:
        """Add to one of the counters of a lot."""
        _count_in_lot(self.ctx, self.asset, self.record, lot, what, amount)

    def save(self, account: bytes, holding: Holding) -> None:
        """Write a balance."""
        _save_holding(self.ctx, self.asset, self.record, account, holding)

    def activity_day(self, account: bytes) -> int:
        """The last-activity day of an account that is credited or debited now."""
        return ALWAYS if is_programme(self.ctx.state, account) else self.ctx.day

    def touch(self, account: bytes) -> Holding:
        """Remove the lapsed units of a balance and return what is left."""
        holding = load_holding(self.ctx.state, self.asset, self.record, account)
        dead = self._dead(holding)
        for lot in dead:
            self.lapse(lot, holding.lots.pop(lot))
        if dead:
            self.save(account, holding)
        return holding

    def _dead(self, holding: Holding) -> list[int]:
        """The lots of a balance that have lapsed."""
        policy, today = self.record.policy, self.ctx.day
        inactivity = term(policy, "inactivity_expiry")
        asleep = inactivity is not None and holding.day != ALWAYS and today >= holding.day + inactivity.days
        ended = has_ended(self.record, self.ctx.time)
        return [lot for lot in sorted(holding.lots) if asleep or ended or has_lapsed(policy, lot, today)]

    def alive(self, account: bytes) -> Holding:
        """What touching a balance would leave of it."""
        holding = load_holding(self.ctx.state, self.asset, self.record, account)
        for lot in self._dead(holding):
            del holding.lots[lot]
        return holding

    def lapse(self, lot: int, amount: int) -> None:
        """Count units as lapsed and removed."""
        self.effect.lapsed[lot] = self.effect.lapsed.get(lot, 0) + amount
        self.record.swept += amount
        self.count(lot, "expired", amount)

    def take(self, sender: bytes, amount: int) -> dict[int, int]:
        """Take units from a sender, lowest lots first."""
        holding = self.touch(sender)
        refuse_if(holding.total < amount, "insufficient_funds")
        return self.take_out(sender, holding, amount)

    def take_out(self, sender: bytes, holding: Holding, amount: int, *, active: bool = True) -> dict[int, int]:
        """Take units out of a balance that has just been touched and has them."""
        taken: dict[int, int] = {}
        for lot in sorted(holding.lots):
            part = min(amount, holding.lots[lot])
            if part:
                taken[lot] = part
                amount -= part
                holding.lots[lot] -= part
            if not holding.lots[lot]:
                del holding.lots[lot]
        if active:
            holding.day = self.activity_day(sender)
        self.save(sender, holding)
        if term(self.record.policy, "lots") is not None:
            self.effect.taken = dict(taken)
        return taken

    def credit(self, to: bytes, lots: dict[int, int], holding: Holding) -> None:
        """Credit a balance that has just been touched, one lot after the other, lowest first."""
        for lot in sorted(lots):
            holding.lots[lot] = holding.lots.get(lot, 0) + lots[lot]
            if len(holding.lots) > LOTS_MAX:
                refuse_if(self.strict, "too_many_lots")
                lower, upper = sorted(holding.lots)[:2]
                amount = holding.lots.pop(lower)
                holding.lots[upper] += amount
                self.count(lower, "merged_out", amount)
                self.count(upper, "merged_in", amount)
        holding.day = self.activity_day(to)
        self.save(to, holding)

    def receive(self, to: bytes, lots: dict[int, int], holding: Holding) -> None:
        """Credit a payment to a balance that has just been touched; the policy may say how large it may become."""
        refuse_if(self.exceeds(to, holding.total, sum(lots.values())), "max_holding_exceeded")
        self.credit(to, lots, holding)

    def exceeds(self, to: bytes, held: int, credited: int) -> bool:
        """Whether a payment is more than the policy lets this balance become."""
        fee = term(self.record.policy, "fee")
        takes_any = to == self.record.issuer or (fee is not None and to == fee.to) or is_programme(self.ctx.state, to)
        if self.max_holding is None or not credited or takes_any:
            return False
        return bool(held + credited > self.max_holding.units)

    def fee_of(self, sender: bytes, to: bytes, amount: int) -> int:
        """What the policy takes off a payment between members."""
        fee = term(self.record.policy, "fee")
        if fee is None or {sender, to} & {self.record.issuer, fee.to} or is_programme(self.ctx.state, sender):
            return 0
        return int(amount * fee.bps // 10_000)

    def kept_of(self, sender: bytes, to: bytes, amount: int) -> int:
        """What of a payment would be the payee's: neither the fee, nor what repays a debt."""
        if sender == self.record.issuer or is_programme(self.ctx.state, sender):
            return max(0, amount - debt(self.ctx.state, self.asset, to))
        return amount - self.fee_of(sender, to, amount)

    def pay(self, sender: bytes, to: bytes, lots: dict[int, int]) -> None:
        """Hand units of a sender to a payee, less the fee, or as earnings where the issuer pays."""
        if sender == self.record.issuer or is_programme(self.ctx.state, sender):
            self.earn(to, lots, self.touch(to))
            return
        rest, amount = dict(lots), sum(lots.values())
        due = self.fee_of(sender, to, amount)
        self.receive(to, split(rest, amount - due), self.touch(to))
        if due:
            account = term(self.record.policy, "fee").to
            self.credit(account, {lot: part for lot, part in rest.items() if part}, self.touch(account))

    def earn(self, to: bytes, lots: dict[int, int], holding: Holding) -> None:
        """Credit earnings to a balance that has just been touched: what it owes goes on to the issuer."""
        owed = debt(self.ctx.state, self.asset, to)
        repaid = min(owed, sum(lots.values()))
        if not repaid:
            self.receive(to, lots, holding)
            return
        rest = dict(lots)
        passed_on = split(rest, repaid)
        self.receive(to, {lot: amount for lot, amount in rest.items() if amount}, holding)
        self.owe(to, owed - repaid)
        self.credit(self.record.issuer, passed_on, self.touch(self.record.issuer))

    def owe(self, account: bytes, units: int) -> None:
        """Write how much an account owes the issuer."""
        before = self.ctx.state.get("debts", account, self.asset)
        self.record.owed += units - (0 if before is None else before[0])
        self.record.debtors += (units > 0) - (before is not None)
        if units:
            value = DEBT_RECORD.write(Value("DebtRecord", since=self.ctx.time)) if before is None else before[1]
            self.ctx.state.put("debts", account, value, total=units, table_key=self.asset)
        else:
            self.ctx.state.remove("debts", account, self.asset)


def check_not_bound(state: State, record: Value, sender: bytes, to: bytes) -> None:
    """The rule that what is bound moves from or to the issuer only, or from an alias to its account."""
    if term(record.policy, "bound") is not None and record.issuer not in (sender, to):
        refuse_if(alias_of(state, sender) != to, "asset_bound")


def debt(state: State, asset: bytes, account: bytes) -> int:
    """The units that an account owes the issuer."""
    found = state.get("debts", account, asset)
    return 0 if found is None else found[0]


def redemption_id(asset: bytes, sender: bytes, order: bytes) -> bytes:
    """The record id of a redemption."""
    return record_id("redemption", asset, sender, order)


def split(lots: dict[int, int], amount: int) -> dict[int, int]:
    """Take an amount out of the lots in hand, lowest first."""
    piece: dict[int, int] = {}
    for lot in sorted(lots):
        part = min(amount, lots[lot])
        if part:
            piece[lot] = part
            lots[lot] -= part
            amount -= part
    assert amount == 0
    return piece


def check_amount(amount: int) -> None:
    """The rules on an amount by itself."""
    refuse_if(amount == 0, "zero_amount")
    refuse_if(amount > AMOUNT_MAX, "amount_too_large")


def _check_transfer(op: Value) -> None:
    check_amount(op.amount)
    refuse_if(op.sender == op.to, "same_account")


def _transfer(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, op.sender, 0x30, op.asset, op.amount)
    move.check_not_paused()
    move.check_sender(op.sender)
    move.check_payee(op.sender, op.to)
    taken = move.take(op.sender, op.amount)
    move.pay(op.sender, op.to, taken)
    return move.done()


def _check_pay(op: Value) -> None:
    refuse_if(not op.payees, "no_payee")
    for payee in op.payees:
        check_amount(payee.amount)
    refuse_if(sum(payee.amount for payee in op.payees) > AMOUNT_MAX, "amount_too_large")
    refuse_if(any(payee.to == op.sender for payee in op.payees), "same_account")


def _pay(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    total = sum(payee.amount for payee in op.payees)
    authority(ctx, op.sender, 0x31, op.asset, total)
    move.check_not_paused()
    move.check_sender(op.sender)
    for payee in op.payees:
        move.check_payee(op.sender, payee.to)
    in_hand = move.take(op.sender, total)
    for payee in op.payees:
        move.pay(op.sender, payee.to, split(in_hand, payee.amount))
    return move.done()


def _check_one_amount(op: Value) -> None:
    check_amount(op.amount)


def _mint(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, power_holder(move.record, "mint"), 0x32, op.asset, op.amount)
    move.check_not_paused()
    check_not_ended(ctx, move.record)
    move.check_not_frozen(op.to)
    move.check_attested(op.to)
    refuse_programme(ctx, op.to)
    holding = move.touch(op.to)
    refuse_if(supply(move.record) + op.amount > move.record.supply_cap, "supply_cap_exceeded")
    refuse_if(move.record.minted + op.amount > COUNTER_MAX, "amount_too_large")
    lot = lot_of_day(move.record.policy, ctx.day)
    move.count(lot, "issued", op.amount)
    move.record.minted += op.amount
    move.earn(op.to, {lot: op.amount}, holding)
    return move.done()


def _burn(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, op.sender, 0x33, op.asset, op.amount)
    move.check_not_paused()
    move.check_sender(op.sender)
    for lot, amount in move.take(op.sender, op.amount).items():
        move.count(lot, "burned", amount)
    move.record.burned += op.amount
    return move.done()


def _claw_back(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, power_holder(move.record, "claw_back"), 0x34)
    move.check_not_frozen(op.to)
    refuse_programme(ctx, op.sender)
    refuse_programme(ctx, op.to)
    holding = move.touch(op.sender)
    there = min(op.amount, holding.total)
    missing = op.amount - there
    floor = term(move.record.policy, "debt_floor")
    owed = debt(ctx.state, op.asset, op.sender) + missing
    if missing:
        refuse_if(floor is None or op.sender == move.record.issuer, "insufficient_funds")
        refuse_if(owed > floor.units, "debt_floor_reached")
        refuse_if(move.record.owed + missing > COUNTER_MAX, "amount_too_large")
    refuse_if(move.record.clawed_back + there > COUNTER_MAX, "amount_too_large")
    taken = move.take_out(op.sender, holding, there, active=False)
    for lot, amount in taken.items():
        move.count(lot, "clawed_back", amount)
    move.record.clawed_back += there
    if missing:
        move.owe(op.sender, owed)
    if there:
        move.credit(op.to, taken, move.touch(op.to))
    if floor is not None:
        move.effect.taken = taken
    return move.done()


def _check_sweep(op: Value) -> None:
    refuse_if(not op.accounts, "no_account")


def _sweep(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    policy = move.record.policy
    expires = term(policy, "fixed_expiry") is not None or term(policy, "inactivity_expiry") is not None
    refuse_if(not expires and not has_ended(move.record, ctx.time), "not_expiring")
    for account in op.accounts:
        move.touch(account)
    return move.done()


def _redeem(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, op.sender, 0x36, op.asset, op.amount)
    move.check_not_paused()
    key = redemption_id(op.asset, op.sender, op.order)
    refuse_if(ctx.state.get("redemptions", key, op.asset) is not None, "already_redeemed")
    move.check_sender(op.sender)
    refuse_programme(ctx, op.at)
    taken = move.take(op.sender, op.amount)
    for lot, amount in taken.items():
        move.count(lot, "redeemed", amount)
    move.record.redeemed += op.amount
    redemption = Value(
        "RedemptionRecord",
        sender=op.sender,
        at=op.at,
        order=op.order,
        time=ctx.time,
        amount=op.amount,
        refunded=0,
        lots=[Value("LotAmount", lot=lot, amount=amount) for lot, amount in sorted(move.effect.taken.items())],
    )
    ctx.state.put("redemptions", key, REDEMPTION_RECORD.write(redemption), table_key=op.asset)
    return move.done()


def _refund(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    key = redemption_id(op.asset, op.sender, op.order)
    redemption = ctx.state.value(REDEMPTION_RECORD, "redemptions", key, op.asset)
    refuse_if(redemption is None, "unknown_redemption")
    authority(ctx, redemption.at, 0x37)
    move.check_not_paused()
    move.check_not_frozen(op.sender)
    refuse_if(redemption.refunded + op.amount > redemption.amount, "refund_exceeds")
    holding = move.touch(op.sender)
    refuse_if(supply(move.record) + op.amount > move.record.supply_cap, "supply_cap_exceeded")
    policy = move.record.policy
    left = {part.lot: part.amount for part in redemption.lots} or {0: op.amount}
    returned: dict[int, int] = {}
    amount = op.amount
    for lot in sorted(left, reverse=True):
        part = min(amount, left[lot])
        if part:
            returned[lot] = part
            left[lot] -= part
            amount -= part
    assert amount == 0
    move.record.redeemed -= op.amount
    credited: dict[int, int] = {}
    today = lot_of_day(policy, ctx.day)
    for lot, part in returned.items():
        move.count(lot, "redeemed", -part)
        into = lot
        if has_lapsed(policy, lot, ctx.day):
            if term(policy, "no_reinstatement") is not None:
                move.lapse(lot, part)
                continue
            move.count(lot, "merged_out", part)
            move.count(today, "merged_in", part)
            into = today
        credited[into] = credited.get(into, 0) + part
    move.receive(op.sender, credited, holding)
    redemption.refunded += op.amount
    redemption.lots = [Value("LotAmount", lot=lot, amount=left[lot]) for lot in sorted(left) if left[lot]]
    ctx.state.put("redemptions", key, REDEMPTION_RECORD.write(redemption), table_key=op.asset)
    return move.done()


_REFERENCE = option(ID)
operation(
    0x30,
    "transfer",
    _check_transfer,
    _transfer,
    mandates=True,
    asset=ID,
    sender=ID,
    to=ID,
    amount=U128,
    reference=_REFERENCE,
)
operation(0x31, "pay", _check_pay, _pay, mandates=True, asset=ID, sender=ID, payees=vec(PAYEE), reference=_REFERENCE)
operation(0x32, "mint", _check_one_amount, _mint, mandates=True, asset=ID, to=ID, amount=U128, reference=_REFERENCE)
operation(0x33, "burn", _check_one_amount, _burn, mandates=True, asset=ID, sender=ID, amount=U128, reference=_REFERENCE)
operation(0x34, "claw_back", _check_transfer, _claw_back, asset=ID, sender=ID, to=ID, amount=U128, reason=REASON)
operation(0x35, "sweep", _check_sweep, _sweep, asset=ID, accounts=vec(ID))
operation(
    0x36,
    "redeem",
    _check_one_amount,
    _redeem,
    mandates=True,
    asset=ID,
    sender=ID,
    at=ID,
    order=ID,
    amount=U128,
)
operation(0x37, "refund", _check_one_amount, _refund, asset=ID, sender=ID, order=ID, amount=U128)


def check_invariants(state: State, time: int) -> None:
    """What always holds of this family's tables: design.md, invariants 1 and 2."""
    for asset, (_, value) in state.records("assets").items():
        record = ASSET_RECORD.decode(value)
        if is_collection(record):
            continue
        has_lots = term(record.policy, "lots") is not None
        has_day = term(record.policy, "inactivity_expiry") is not None
        held: dict[int, int] = {}
        for account, (total, stored) in state.records("holders", asset).items():
            holding = load_holding(state, asset, record, account)
            assert stored == encode_holding(record, holding)
            assert ascending(list(holding.lots))
            assert total == holding.total > 0
            assert len(holding.lots) <= LOTS_MAX
            assert all(amount > 0 for amount in holding.lots.values())
            assert holding.day <= time // DAY_MS or (holding.day == ALWAYS and is_programme(state, account))
            assert has_day or holding.day == 0
            for lot, amount in holding.lots.items():
                held[lot] = held.get(lot, 0) + amount
        assert sum(held.values()) == supply(record) >= 0
        assert supply(record) == record.minted - record.burned - record.redeemed - record.swept
        assert state.table_root("holders", asset)[1] == supply(record)
        lots = {}
        for key, (total, stored) in state.records("lots", asset).items():
            lot = LOT_RECORD.decode(stored)
            assert key == record_id("lot", asset, lot.lot.to_bytes(4, "big"))
            assert total == outstanding(lot) == held.get(lot.lot, 0)
            lots[lot.lot] = lot
        assert has_lots or not lots
        if has_lots:
            assert held.keys() <= lots.keys()
            assert state.table_root("lots", asset)[1] == supply(record)
            assert sum(lot.issued for lot in lots.values()) == record.minted
            assert sum(lot.burned for lot in lots.values()) == record.burned
            assert sum(lot.redeemed for lot in lots.values()) == record.redeemed
            assert sum(lot.expired for lot in lots.values()) == record.swept
            assert sum(lot.clawed_back for lot in lots.values()) == record.clawed_back
            assert sum(lot.merged_in for lot in lots.values()) == sum(lot.merged_out for lot in lots.values())
        _check_redemptions(state, asset, record, lots)
        _check_debts(state, asset, record, time)


def _check_redemptions(state: State, asset: bytes, record: Value, lots: dict[int, Value]) -> None:
    """What was redeemed and not given back is what the redemptions say, in all and by lot."""
    redeemed: dict[int, int] = {}
    total = 0
    for key, (weight, stored) in state.records("redemptions", asset).items():
        redemption = REDEMPTION_RECORD.decode(stored)
        assert weight == 0
        assert key == redemption_id(asset, redemption.sender, redemption.order)
        assert 0 <= redemption.refunded <= redemption.amount > 0
        left = redemption.amount - redemption.refunded
        total += left
        assert ascending([part.lot for part in redemption.lots])
        assert all(part.amount > 0 for part in redemption.lots)
        if term(record.policy, "lots") is None:
            assert not redemption.lots
        else:
            assert sum(part.amount for part in redemption.lots) == left
        for part in redemption.lots:
            redeemed[part.lot] = redeemed.get(part.lot, 0) + part.amount
    assert total == record.redeemed
    assert all(lot.redeemed == redeemed.pop(lot.lot, 0) for lot in lots.values())
    assert not redeemed


def _check_debts(state: State, asset: bytes, record: Value, time: int) -> None:
    """The asset counts its debtors and what they owe, and the issuer owes itself nothing."""
    debts = state.records("debts", asset)
    assert record.debtors == len(debts)
    assert record.owed == sum(units for units, _ in debts.values()) <= COUNTER_MAX
    assert record.issuer not in debts
    for units, stored in debts.values():
        assert units > 0
        assert DEBT_RECORD.decode(stored).since <= time
