"""Scenarios of family 8, distribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model import build, sum_map
from tests.model.asset import asset_id
from tests.model.attest import schema_id
from tests.model.campaign import campaign_id
from tests.model.distribute import distribution_id
from tests.model.hold import DEADLINE_MS_MAX, group_id, hold_id
from tests.model.snapshot import SNAPSHOTS_MAX
from tests.model.state import AMOUNT_MAX
from tests.ops.play import DAY, START, Play, Result, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.model.borsh import Value

DEADLINE = START + 300 * DAY
UNTIL = START + 400 * DAY
SALT = b"s" * 16
TRANSFER, SNAPSHOT, DISTRIBUTE = 0x30, 0x80, 0x82


def _done(result: Result) -> None:
    assert result == ("ok", None), result


def _share(p: Play, **balances: int) -> bytes:
    """What is divided by: of 7 shares alice has 3, bob and carol 2 each."""
    return p.asset(symbol="SHARE", **(balances or {"alice": 3, "bob": 2, "carol": 2}))


def _opened(p: Play, asset: bytes, until: int = UNTIL) -> None:
    p.ok(build.snapshot(asset, until), by="brand")


def _parts(p: Play, names: str) -> list[Value]:
    return [build.part(p.id(name)) for name in names.split()]


class Fund:
    """A distribution of the key `shop`, which has 5,000 beans and puts in 1,000; by the shares, unless told otherwise.

    It is opened by `open`, so that what stands in its way can be told before.
    """

    def __init__(self, p: Play, *policy: Value, owner: str = "shop", basis: Value | None = None, **more: int) -> None:
        self.p = p
        self.owner = owner
        self.asset = p.asset(*policy, **{owner: 5_000}, **more)
        if basis is None:
            self.share = _share(p)
            _opened(p, self.share)
            basis = build.snapshot_basis(self.share, 1)
        self.basis = basis
        self.id = distribution_id(p.id(owner), SALT)

    def made(self, amount: int | None = 1_000, **fields: object) -> Value:
        """What opens it."""
        p = self.p
        every = {
            "fund": p.id(self.owner),
            "salt": SALT,
            "asset": self.asset,
            "amount": amount,
            "basis": self.basis,
            "deadline": DEADLINE,
            "leftover": p.id("rest"),
            **fields,
        }
        return build.distribute(**every)  # type: ignore[arg-type]

    def open(self, amount: int | None = 1_000, by: str | None = None, **fields: object) -> Result:
        """Open it."""
        return self.p.send(self.made(amount, **fields), by=by or self.owner)

    def opened(self, amount: int | None = 1_000, **fields: object) -> Fund:
        """Open it, which must work."""
        _done(self.open(amount, **fields))
        return self

    def collect(self, parts: str | Sequence[Value] = "alice", by: str = "dave") -> Result:
        """Collect for these."""
        listed = _parts(self.p, parts) if isinstance(parts, str) else list(parts)
        return self.p.send(build.collect(self.id, listed), by=by)

    def close(self, by: str = "dave") -> Result:
        """Close it."""
        return self.p.send(build.close_distribution(self.id), by=by)

    def over(self) -> Fund:
        """Wait for its deadline."""
        self.p.later(DEADLINE - self.p.world.time)
        return self

    def burn(self, name: str, amount: int) -> Result:
        """Destroy units of somebody's, who must have as many."""
        return self.p.send(build.burn(self.asset, self.p.id(name), amount), by=name)

    def has(self, name: str, amount: int) -> Result:
        """Whether somebody has just so many units: `insufficient_funds` for one more than there are."""
        if amount:
            _done(self.burn(name, amount))
        return self.burn(name, 1)

    def have(self, **amounts: int) -> Result:
        """Whether everybody has just so many."""
        for name, amount in amounts.items():
            result = self.has(name, amount)
            assert result == ("insufficient_funds", 0), (name, result)
        return result

    def freeze(self, name: str) -> None:
        """Freeze an account."""
        self.p.ok(build.freeze(self.asset, self.p.id(name), frozen=True), by="brand")

    def pause(self) -> None:
        """Pause the beans."""
        self.p.ok(build.pause(self.asset, paused=True), by="brand")

    def becomes(self, *policy: Value) -> None:
        """Change the policy of the beans."""
        self.p.ok(build.change(self.asset, policy=list(policy)), by="brand")


# Snapshots.


@scenario("ok")
def a_snapshot_is_opened(p: Play) -> Result:
    return p.send(build.snapshot(_share(p), UNTIL), by="brand")


@scenario("ok")
def a_snapshot_of_what_nobody_has(p: Play) -> Result:
    return p.send(build.snapshot(p.asset(), UNTIL), by="brand")


@scenario("ok")
def a_snapshot_of_a_paused_asset(p: Play) -> Result:
    asset = _share(p)
    p.ok(build.pause(asset, paused=True), by="brand")
    return p.send(build.snapshot(asset, UNTIL), by="brand")


@scenario("unknown_asset", 0)
def a_snapshot_of_no_asset(p: Play) -> Result:
    return p.send(build.snapshot(bytes(32), 0), by="brand")


def _collection(p: Play) -> bytes:
    p.ok(build.create(p.id("brand"), "BADGE", 0, 9, [build.items()], build.powers()), by="brand")
    return asset_id(p.id("brand"), "BADGE")


@scenario("not_fungible", 0)
def a_snapshot_of_a_collection(p: Play) -> Result:
    return p.send(build.snapshot(_collection(p), 0), by="alice")


@scenario("unauthorized", 0)
def a_snapshot_by_a_holder(p: Play) -> Result:
    """Who it is is asked before when it ends."""
    return p.send(build.snapshot(_share(p), 0), by="alice")


@scenario("wrong_scope", 0)
def a_snapshot_with_a_key_for_something_else(p: Play) -> Result:
    p.open("firm", build.grant(p.key("main")), build.grant(p.key("other"), [TRANSFER]))
    p.ok(build.create(p.id("firm"), "SHARE", 0, 9, [], build.powers()), by="firm/main")
    return p.send(build.snapshot(asset_id(p.id("firm"), "SHARE"), UNTIL), by="firm/other")


@scenario("invalid_mandate", 0)
def a_mandate_for_snapshots(p: Play) -> Result:
    limit = build.limit([SNAPSHOT], 1, DAY, UNTIL)
    return p.send(build.mandate(p.id("brand"), p.id("alice"), _share(p), limit), by="brand")


@scenario("invalid_mandate", 0)
def a_mandate_for_distributions(p: Play) -> Result:
    limit = build.limit([DISTRIBUTE], 1, DAY, UNTIL)
    return p.send(build.mandate(p.id("brand"), p.id("alice"), _share(p), limit), by="brand")


def _ending(p: Play) -> tuple[bytes, int]:
    """An asset that ends, and when it does."""
    asset, at = p.asset(build.sunset_notice(DAY), symbol="SHARE", alice=5), p.world.time + DAY
    p.ok(build.sunset(asset, at), by="brand")
    return asset, at


@scenario("asset_sunset", 0)
def a_snapshot_of_an_asset_that_has_ended(p: Play) -> Result:
    asset, _ = _ending(p)
    p.later(DAY)
    return p.send(build.snapshot(asset, 0), by="brand")


@scenario("unauthorized", 0)
def a_snapshot_by_a_holder_of_an_asset_that_has_ended(p: Play) -> Result:
    asset, _ = _ending(p)
    p.later(DAY)
    return p.send(build.snapshot(asset, UNTIL), by="alice")


@scenario("ok")
def a_snapshot_just_before_an_asset_ends(p: Play) -> Result:
    asset, _ = _ending(p)
    p.later(DAY - 1)
    return p.send(build.snapshot(asset, UNTIL), by="brand")


@scenario("invalid_until", 0)
def a_snapshot_until_now(p: Play) -> Result:
    return p.send(build.snapshot(_share(p), START), by="brand")


@scenario("ok")
def a_snapshot_for_a_moment(p: Play) -> Result:
    return p.send(build.snapshot(_share(p), START + 1), by="brand")


@scenario("invalid_until", 0)
def a_snapshot_for_too_long(p: Play) -> Result:
    return p.send(build.snapshot(_share(p), START + DEADLINE_MS_MAX + 1), by="brand")


@scenario("ok")
def a_snapshot_for_as_long_as_may_be(p: Play) -> Result:
    return p.send(build.snapshot(_share(p), START + DEADLINE_MS_MAX), by="brand")


def _many(p: Play, asset: bytes, count: int = SNAPSHOTS_MAX) -> None:
    """So many snapshots, the first of which is the last to go but one."""
    ends = [UNTIL, *[START + DAY] * (count - 2), UNTIL]
    p.ok(*[build.snapshot(asset, until) for until in ends], by="brand")


@scenario("too_many_snapshots", 0)
def a_65th_snapshot(p: Play) -> Result:
    asset = _share(p)
    _many(p, asset)
    p.later(DAY - 1)
    return p.send(build.snapshot(asset, UNTIL), by="brand")


@scenario("invalid_until", 0)
def a_65th_snapshot_until_now(p: Play) -> Result:
    asset = _share(p)
    _many(p, asset)
    return p.send(build.snapshot(asset, START), by="brand")


@scenario("ok")
def a_65th_snapshot_when_others_are_over(p: Play) -> Result:
    asset = _share(p)
    _many(p, asset)
    p.later(DAY)
    return p.send(build.snapshot(asset, UNTIL), by="brand")


@scenario("unknown_snapshot", 0)
def a_snapshot_takes_those_off_that_are_over(p: Play) -> Result:
    """Another can be opened for each, and none of them is left to be released."""
    asset = _share(p)
    _many(p, asset)
    p.later(DAY)
    p.ok(*[build.snapshot(asset, UNTIL)] * (SNAPSHOTS_MAX - 2), by="brand")
    assert p.send(build.snapshot(asset, UNTIL), by="brand") == ("too_many_snapshots", 0)
    assert p.send(build.release_snapshot(asset, 1), by="dave") == ("snapshot_needed", 0)
    assert p.send(build.release_snapshot(asset, 64), by="dave") == ("snapshot_needed", 0)
    return p.send(build.release_snapshot(asset, 2), by="dave")


@scenario("unknown_asset", 0)
def releasing_a_snapshot_of_no_asset(p: Play) -> Result:
    return p.send(build.release_snapshot(bytes(32), 1), by="dave")


@scenario("unknown_snapshot", 0)
def releasing_a_snapshot_of_a_collection(p: Play) -> Result:
    return p.send(build.release_snapshot(_collection(p), 1), by="dave")


@scenario("unknown_snapshot", 0)
def releasing_a_snapshot_that_was_never_opened(p: Play) -> Result:
    asset = _share(p)
    _opened(p, asset)
    return p.send(build.release_snapshot(asset, 2), by="dave")


@scenario("unknown_snapshot", 0)
def releasing_snapshot_0(p: Play) -> Result:
    asset = _share(p)
    _opened(p, asset)
    return p.send(build.release_snapshot(asset, 0), by="dave")


@scenario("snapshot_needed", 0)
def releasing_a_snapshot_too_soon(p: Play) -> Result:
    """Not even the issuer may."""
    asset = _share(p)
    _opened(p, asset, START + DAY)
    p.later(DAY - 1)
    return p.send(build.release_snapshot(asset, 1), by="brand")


@scenario("ok")
def releasing_a_snapshot_when_it_is_over(p: Play) -> Result:
    asset = _share(p)
    _opened(p, asset, START + DAY)
    p.later(DAY)
    return p.send(build.release_snapshot(asset, 1), by="dave")


@scenario("ok")
def releasing_a_snapshot_of_a_paused_asset(p: Play) -> Result:
    asset = _share(p)
    _opened(p, asset, START + DAY)
    p.ok(build.pause(asset, paused=True), by="brand")
    p.later(DAY)
    return p.send(build.release_snapshot(asset, 1), by="dave")


@scenario("unknown_snapshot", 0)
def releasing_a_snapshot_twice(p: Play) -> Result:
    asset = _share(p)
    _opened(p, asset, START + DAY)
    p.later(DAY)
    p.ok(build.release_snapshot(asset, 1), by="dave")
    return p.send(build.release_snapshot(asset, 1), by="dave")


@scenario("ok")
def the_number_of_a_snapshot_is_never_used_again(p: Play) -> Result:
    asset = _share(p)
    _opened(p, asset, START + DAY)
    p.later(DAY)
    p.ok(build.release_snapshot(asset, 1), by="dave")
    _opened(p, asset, START + 2 * DAY)
    assert p.send(build.release_snapshot(asset, 1), by="dave") == ("unknown_snapshot", 0)
    p.later(DAY)
    return p.send(build.release_snapshot(asset, 2), by="dave")


@scenario("ok")
def a_snapshot_when_an_announced_policy_holds(p: Play) -> Result:
    """The asset's record is written, and what was announced is its policy now."""
    asset = p.asset(build.notice(DAY), symbol="SHARE", alice=3)
    p.ok(build.change(asset, policy=[build.notice(DAY), build.max_holding(5)]), by="brand")
    p.later(DAY)
    _opened(p, asset, START + 2 * DAY)
    p.later(DAY)
    assert p.send(build.mint(asset, p.id("alice"), 3), by="brand") == ("max_holding_exceeded", 0)
    return p.send(build.release_snapshot(asset, 1), by="dave")


# What snapshots say.


class Snapped:
    """Shares of which snapshots are taken, and a fund of beans that is divided by any of them."""

    def __init__(self, p: Play, *policy: Value, **balances: int) -> None:
        self.p = p
        self.share = p.asset(*policy, symbol="SHARE", **(balances or {"alice": 3, "bob": 2, "carol": 2}))
        self.asset = p.asset(shop=100_000)
        self.count = 0

    def opened(self, until: int = UNTIL) -> None:
        """Another snapshot."""
        _opened(self.p, self.share, until)

    def move(self, sender: str, to: str, amount: int) -> None:
        """Shares change hands."""
        self.p.ok(build.transfer(self.share, self.p.id(sender), self.p.id(to), amount), by=sender)

    def says(self, number: int, **units: int) -> None:
        """Whether a snapshot has these balances and no more: each unit is paid a bean."""
        p = self.p
        self.count += 1
        salt, whole = self.count.to_bytes(16, "big"), sum(units.values())
        basis = build.snapshot_basis(self.share, number)
        end = p.world.time + DAY
        made = build.distribute(p.id("shop"), salt, self.asset, whole, basis, end, p.id("shop"))
        p.ok(made, by="shop")
        distribution = distribution_id(p.id("shop"), salt)
        for name, amount in units.items():
            ends = "ok" if amount else "not_entitled"
            got = p.send(build.collect(distribution, [build.part(p.id(name))]), by="dave")
            assert got[0] == ends, (number, name, got)
            if amount:
                p.ok(build.burn(self.asset, p.id(name), amount), by=name)
            assert p.send(build.burn(self.asset, p.id(name), 1), by=name) == ("insufficient_funds", 0), (number, name)

    def unknown(self, number: int) -> Result:
        """Try to divide by a snapshot that is not there."""
        p = self.p
        basis, end = build.snapshot_basis(self.share, number), p.world.time + DAY
        return p.send(build.distribute(p.id("shop"), SALT, self.asset, 1, basis, end, p.id("shop")), by="shop")


@scenario("unknown_snapshot", 0)
def several_snapshots_at_once(p: Play) -> Result:
    s = Snapped(p)
    s.opened()
    s.move("alice", "bob", 1)
    s.opened()
    s.opened()
    s.move("bob", "erin", 3)
    s.move("carol", "alice", 1)
    s.opened()
    s.move("erin", "alice", 3)
    s.says(1, alice=3, bob=2, carol=2, erin=0)
    s.says(2, alice=2, bob=3, carol=2, erin=0)
    s.says(3, alice=2, bob=3, carol=2, erin=0)
    s.says(4, alice=3, bob=0, carol=1, erin=3)
    return s.unknown(5)


@scenario("unknown_snapshot", 0)
def units_that_come_and_go_do_not_change_a_snapshot(p: Play) -> Result:
    s = Snapped(p)
    s.opened()
    s.move("alice", "erin", 3)
    s.move("erin", "bob", 3)
    s.move("bob", "alice", 5)
    p.ok(build.mint(s.share, p.id("erin"), 9), by="brand")
    p.ok(build.burn(s.share, p.id("alice"), 4), by="alice")
    p.ok(build.claw_back(s.share, p.id("carol"), p.id("bob"), 2), by="brand")
    s.says(1, alice=3, bob=2, carol=2, erin=0)
    s.opened()
    s.says(2, alice=1, bob=2, carol=0, erin=9)
    return s.unknown(0)


@scenario("unknown_snapshot", 0)
def a_snapshot_that_is_over_in_the_middle(p: Play) -> Result:
    """What was saved for the one that is over is read for the one before it."""
    s = Snapped(p)
    s.opened()
    s.opened(START + DAY)
    s.move("alice", "bob", 1)
    s.opened()
    s.move("bob", "carol", 3)
    p.later(DAY)
    s.move("carol", "alice", 5)
    s.says(1, alice=3, bob=2, carol=2)
    s.says(3, alice=2, bob=3, carol=2)
    return s.unknown(2)


@scenario("unknown_snapshot", 0)
def a_snapshot_that_is_released_in_the_middle(p: Play) -> Result:
    s = Snapped(p)
    s.opened()
    s.opened(START + DAY)
    s.move("alice", "bob", 1)
    s.opened()
    s.move("bob", "carol", 1)
    p.later(DAY)
    p.ok(build.release_snapshot(s.share, 2), by="dave")
    s.move("bob", "carol", 1)
    s.move("alice", "carol", 2)
    s.says(1, alice=3, bob=2, carol=2)
    s.says(3, alice=2, bob=3, carol=2)
    return s.unknown(2)


@scenario("unknown_snapshot", 0)
def the_newest_snapshot_is_over(p: Play) -> Result:
    """What changes then is saved for the one before."""
    s = Snapped(p)
    s.opened()
    s.opened(START + DAY)
    s.move("alice", "bob", 1)
    p.later(DAY)
    s.move("carol", "erin", 2)
    s.move("alice", "bob", 2)
    s.says(1, alice=3, bob=2, carol=2, erin=0)
    return s.unknown(2)


@scenario("unknown_snapshot", 0)
def nothing_is_saved_while_no_snapshot_is_live(p: Play) -> Result:
    s = Snapped(p)
    s.opened(START + DAY)
    s.move("alice", "bob", 1)
    p.later(DAY)
    s.move("alice", "carol", 1)
    s.opened()
    s.move("alice", "carol", 1)
    s.says(2, alice=1, bob=3, carol=3)
    return s.unknown(1)


@scenario("not_entitled", 0)
def who_had_nothing_in_a_snapshot(p: Play) -> Result:
    fund = Fund(p)
    p.ok(build.transfer(fund.share, p.id("alice"), p.id("erin"), 3), by="alice")
    fund.opened()
    _done(fund.collect("alice"))
    return fund.collect("erin")


@scenario("unknown_snapshot", 0)
def a_snapshot_between_moves_of_one_transaction(p: Play) -> Result:
    s = Snapped(p)
    move = build.transfer(s.share, p.id("alice"), p.id("bob"), 1)
    again = build.snapshot(s.share, UNTIL)
    p.ok(move, again, move, again, move, by="alice brand")
    s.says(1, alice=2, bob=3, carol=2)
    s.says(2, alice=1, bob=4, carol=2)
    return s.unknown(3)


@scenario("unknown_snapshot", 0)
def a_refused_transaction_leaves_nothing_in_a_snapshot(p: Play) -> Result:
    s = Snapped(p)
    s.opened()
    move = build.transfer(s.share, p.id("alice"), p.id("bob"), 1)
    refused = build.burn(s.share, p.id("alice"), 9)
    assert p.send(move, build.snapshot(s.share, UNTIL), move, refused, by="alice brand") == ("insufficient_funds", 3)
    assert s.unknown(2) == ("unknown_snapshot", 0)
    s.opened()
    s.move("alice", "bob", 2)
    s.says(2, alice=3, bob=2, carol=2)
    s.says(1, alice=3, bob=2, carol=2)
    return s.unknown(3)


@scenario("unknown_snapshot", 0)
def units_that_have_lapsed_count_in_a_snapshot(p: Play) -> Result:
    """Until they are swept they are in the supply, and in the balance."""
    s = Snapped(p, build.lots("day"), build.fixed_expiry(1), alice=3, bob=2)
    p.later(2 * DAY)
    s.opened()
    p.ok(build.mint(s.share, p.id("alice"), 4), by="brand")
    s.opened()
    p.ok(build.sweep(s.share, [p.id("bob"), p.id("alice")]), by="dave")
    s.says(1, alice=3, bob=2)
    s.says(2, alice=4, bob=2)
    s.opened()
    s.says(3, alice=4, bob=0)
    return s.unknown(4)


@scenario("unknown_snapshot", 0)
def sweeping_what_has_not_lapsed_saves_nothing(p: Play) -> Result:
    s = Snapped(p, build.inactivity_expiry(9), alice=3, bob=2)
    s.opened()
    p.ok(build.sweep(s.share, [p.id("bob"), p.id("alice")]), by="dave")
    s.says(1, alice=3, bob=2)
    return s.unknown(2)


@scenario("unknown_snapshot", 0)
def a_balance_that_is_written_and_stays_what_it_is(p: Play) -> Result:
    """A claw back of nothing writes it all the same, and so does the settlement of nothing but what is left over."""
    s = Snapped(p, build.debt_floor(9), alice=3, bob=2)
    halves = [build.share(p.id("bob"), 5_000), build.share(p.id("carol"), 5_000)]
    terms = build.terms(build.by_payer(), halves, UNTIL)
    p.ok(build.hold(p.id("alice"), SALT, s.share, 2, terms), by="alice")
    s.opened()
    p.ok(build.settle(hold_id(p.id("alice"), SALT), 1), by="alice")
    s.move("alice", "bob", 1)
    p.ok(build.claw_back(s.share, p.id("alice"), p.id("bob"), 4), by="brand")
    s.opened()
    p.ok(build.claw_back(s.share, p.id("bob"), p.id("alice"), 9), by="brand")
    p.ok(build.claw_back(s.share, p.id("bob"), p.id("alice"), 1), by="brand")
    return s.unknown(3)


@scenario("unknown_snapshot", 0)
def all_64_snapshots_say_something_else(p: Play) -> Result:
    s = Snapped(p, alice=100, bob=1)
    for _ in range(SNAPSHOTS_MAX):
        s.opened()
        s.move("alice", "bob", 1)
    s.says(1, alice=100, bob=1)
    s.says(33, alice=68, bob=33)
    s.says(64, alice=37, bob=64)
    return s.unknown(65)


@scenario("unknown_snapshot", 0)
def what_a_hold_has_is_in_a_snapshot(p: Play) -> Result:
    """Nobody can collect it, so that it is left over."""
    s = Snapped(p)
    terms = build.terms(build.by_payer(), [], UNTIL)
    p.ok(build.hold(p.id("alice"), SALT, s.share, 1, terms), by="alice")
    hold = hold_id(p.id("alice"), SALT)
    s.opened()
    basis = build.snapshot_basis(s.share, 1)
    p.ok(build.distribute(p.id("shop"), SALT, s.asset, 7, basis, DEADLINE, p.id("shop")), by="shop")
    distribution = distribution_id(p.id("shop"), SALT)
    got = p.send(build.collect(distribution, [build.part(hold)]), by="dave")
    assert got == ("programme_account", 0)
    p.ok(build.collect(distribution, _parts(p, "alice bob carol")), by="dave")
    p.ok(build.burn(s.asset, p.id("alice"), 2), by="alice")
    return s.unknown(2)


# Opening a distribution: its fields.


@scenario("zero_amount", 0)
def a_distribution_of_nothing(p: Play) -> Result:
    fund = Fund(p)
    return fund.open(0, basis=build.leaves_basis(bytes(32), 0), deadline=0)


@scenario("amount_too_large", 0)
def a_distribution_of_too_much(p: Play) -> Result:
    return Fund(p).open(AMOUNT_MAX + 1, basis=build.leaves_basis(bytes(32), 0), deadline=0)


@scenario("insufficient_funds", 0)
def a_distribution_of_the_largest_amount(p: Play) -> Result:
    return Fund(p).open(AMOUNT_MAX)


def _strangers(count: int) -> list[bytes]:
    return [bytes([number + 1]) * 32 for number in range(count)]


@scenario("invalid_basis", 0)
def a_basis_that_excludes_17(p: Play) -> Result:
    fund = Fund(p)
    return fund.open(basis=build.snapshot_basis(fund.share, 1, _strangers(17)), deadline=0)


@scenario("ok")
def a_basis_that_excludes_16(p: Play) -> Result:
    fund = Fund(p)
    return fund.open(basis=build.snapshot_basis(fund.share, 1, _strangers(16)))


@scenario("invalid_basis", 0)
def a_basis_that_excludes_in_no_order(p: Play) -> Result:
    fund = Fund(p)
    return fund.open(basis=build.snapshot_basis(fund.share, 1, _strangers(2)[::-1]))


@scenario("invalid_basis", 0)
def a_basis_that_excludes_somebody_twice(p: Play) -> Result:
    fund = Fund(p)
    return fund.open(basis=build.snapshot_basis(fund.share, 1, _strangers(1) * 2))


@scenario("invalid_basis", 0)
def leaves_of_nothing(p: Play) -> Result:
    return Fund(p).open(basis=build.leaves_basis(b"r" * 32, 0))


@scenario("invalid_basis", 0)
def leaves_of_too_much(p: Play) -> Result:
    return Fund(p).open(basis=build.leaves_basis(b"r" * 32, AMOUNT_MAX + 1))


@scenario("leaves_exceed_funds", 0)
def leaves_of_the_largest_amount(p: Play) -> Result:
    return Fund(p).open(basis=build.leaves_basis(b"r" * 32, AMOUNT_MAX))


@scenario("invalid_basis", 0)
def leaves_of_no_root(p: Play) -> Result:
    return Fund(p).open(basis=build.leaves_basis(bytes(32), 1))


@scenario("no_deadline", 0)
def a_distribution_without_a_deadline(p: Play) -> Result:
    return Fund(p).open(deadline=0, asset=bytes(32))


# Opening a distribution: the asset and the authority.


@scenario("unknown_asset", 0)
def a_distribution_of_no_asset(p: Play) -> Result:
    return Fund(p).open(asset=bytes(32), by="dave")


@scenario("not_fungible", 0)
def a_distribution_of_items(p: Play) -> Result:
    return Fund(p).open(asset=_collection(p), by="dave")


@scenario("unauthorized", 0)
def a_distribution_of_what_is_somebody_elses(p: Play) -> Result:
    fund = Fund(p)
    fund.pause()
    return fund.open(by="dave")


@scenario("asset_paused", 0)
def a_distribution_of_a_paused_asset(p: Play) -> Result:
    fund = Fund(p, build.sunset_notice(1))
    p.ok(build.sunset(fund.asset, START + 1), by="brand")
    p.later(1)
    fund.pause()
    return fund.open()


@scenario("asset_sunset", 0)
def a_distribution_of_an_asset_that_has_ended(p: Play) -> Result:
    fund = Fund(p, build.sunset_notice(1))
    p.ok(build.sunset(fund.asset, START + 1), by="brand")
    p.later(1)
    return fund.open(deadline=START)


@scenario("deadline_passed", 0)
def a_distribution_until_now(p: Play) -> Result:
    return Fund(p).open(deadline=START, basis=build.snapshot_basis(bytes(32), 1))


@scenario("ok")
def a_distribution_for_a_moment(p: Play) -> Result:
    return Fund(p).open(deadline=START + 1)


@scenario("deadline_too_far", 0)
def a_distribution_for_too_long(p: Play) -> Result:
    return Fund(p).open(deadline=START + DEADLINE_MS_MAX + 1, basis=build.snapshot_basis(bytes(32), 1))


@scenario("ok")
def a_distribution_for_as_long_as_may_be(p: Play) -> Result:
    fund = Fund(p)
    _opened(p, fund.share, START + DEADLINE_MS_MAX)
    return fund.open(deadline=START + DEADLINE_MS_MAX, basis=build.snapshot_basis(fund.share, 2))


# Opening a distribution: the basis.


@scenario("unknown_snapshot", 0)
def a_basis_of_no_asset(p: Play) -> Result:
    return Fund(p).open(basis=build.snapshot_basis(bytes(32), 1))


@scenario("unknown_snapshot", 0)
def a_basis_of_a_collection(p: Play) -> Result:
    return Fund(p).open(basis=build.snapshot_basis(_collection(p), 1))


@scenario("unknown_snapshot", 0)
def a_basis_of_a_snapshot_of_another_asset(p: Play) -> Result:
    fund = Fund(p)
    return fund.open(basis=build.snapshot_basis(fund.asset, 1))


@scenario("unknown_snapshot", 0)
def a_basis_of_a_snapshot_that_is_over(p: Play) -> Result:
    """It is still listed, but nothing can be read from it any more."""
    fund = Fund(p)
    p.later(UNTIL - START)
    return fund.open(deadline=UNTIL + 1)


@scenario("snapshot_too_short", 0)
def a_snapshot_that_ends_before_the_distribution(p: Play) -> Result:
    fund = Fund(p)
    everybody = sorted(p.id(name) for name in ("alice", "bob", "carol"))
    return fund.open(deadline=UNTIL + 1, basis=build.snapshot_basis(fund.share, 1, everybody))


@scenario("ok")
def a_snapshot_that_ends_with_the_distribution(p: Play) -> Result:
    return Fund(p).open(deadline=UNTIL)


@scenario("nothing_to_share", 0)
def a_snapshot_of_which_everybody_is_excluded(p: Play) -> Result:
    fund = Fund(p)
    everybody = sorted(p.id(name) for name in ("alice", "bob", "carol"))
    return fund.open(basis=build.snapshot_basis(fund.share, 1, everybody))


@scenario("nothing_to_share", 0)
def a_snapshot_of_nothing(p: Play) -> Result:
    fund = Fund(p)
    p.ok(build.create(p.id("brand"), "NONE", 0, 9, [], build.powers()), by="brand")
    none = asset_id(p.id("brand"), "NONE")
    _opened(p, none)
    return fund.open(basis=build.snapshot_basis(none, 1))


def _schema(p: Play, issuers: str = "brand", **fields: object) -> bytes:
    ids = sorted(p.id(name) for name in issuers.split())
    made = build.schema(p.id("brand"), "member", build.kind("nothing"), ids, **fields)  # type: ignore[arg-type]
    p.ok(made, by="brand")
    return schema_id(p.id("brand"), "member")


def _attest(p: Play, schema: bytes, names: str, **fields: object) -> None:
    for name in names.split():
        made = build.attest(schema, p.id("brand"), p.id(name), build.content("nothing"), **fields)  # type: ignore[arg-type]
        p.ok(made, by="brand")


def _members(p: Play, names: str = "alice bob carol", *policy: Value, **more: int) -> tuple[Fund, bytes]:
    """A fund for the members, who have been so for a moment."""
    schema = _schema(p)
    _attest(p, schema, names)
    p.later(1)
    return Fund(p, *policy, basis=build.members_basis(schema, p.id("brand")), **more), schema


@scenario("unknown_schema", 0)
def a_basis_of_no_schema(p: Play) -> Result:
    return Fund(p).open(basis=build.members_basis(bytes(32), p.id("brand")))


@scenario("invalid_electorate", 0)
def a_basis_of_a_schema_with_many_issuers(p: Play) -> Result:
    return Fund(p).open(basis=build.members_basis(_schema(p, "brand alice"), p.id("brand")))


@scenario("invalid_electorate", 0)
def a_basis_of_a_schema_with_any_issuers(p: Play) -> Result:
    return Fund(p).open(basis=build.members_basis(_schema(p, ""), p.id("brand")))


@scenario("invalid_electorate", 0)
def a_basis_of_a_schema_with_another_issuer(p: Play) -> Result:
    return Fund(p).open(basis=build.members_basis(_schema(p), p.id("alice")))


@scenario("nothing_to_share", 0)
def a_basis_without_members(p: Play) -> Result:
    fund, schema = _members(p, "alice")
    p.ok(build.revoke(schema, p.id("brand"), p.id("alice")), by="brand")
    return fund.open()


class Backed:
    """A group of holds, of alice's 30, bob's 20 and carol's 20, and a fund for those who backed it."""

    def __init__(self, p: Play, *, release_if: Value | None = None, policy: Sequence[Value] = ()) -> None:
        self.p = p
        self.money = p.asset(symbol="MONEY", alice=100, bob=100, carol=100)
        self.closes = START + DAY
        self.group = group_id(p.id("shop"), SALT)
        terms = build.terms(build.after(0), [build.share(p.id("shop"), 10_000)], START + 9 * DAY, release_if=release_if)
        p.ok(build.open_group(p.id("shop"), SALT, self.money, self.closes, terms), by="shop")
        self.holds = {name: self.put_in(name, amount) for name, amount in (("alice", 30), ("bob", 20), ("carol", 20))}
        self.fund = Fund(p, *policy, basis=build.group_basis(self.group))

    def put_in(self, name: str, amount: int, salt: bytes = SALT, group: bytes | None = None) -> bytes:
        """Somebody's hold in the group."""
        made = build.hold(self.p.id(name), salt, self.money, amount, group=group or self.group)
        self.p.ok(made, by=name)
        return hold_id(self.p.id(name), salt)

    def closed(self) -> Backed:
        """Wait until nobody can join it any more."""
        self.p.later(self.closes - self.p.world.time)
        return self

    def parts(self, names: str) -> list[Value]:
        """The parts of holds."""
        return [build.part(self.holds[name]) for name in names.split()]


@scenario("unknown_group", 0)
def a_basis_of_no_group(p: Play) -> Result:
    return Fund(p).open(basis=build.group_basis(bytes(32)))


@scenario("group_open", 0)
def a_basis_of_a_group_that_can_still_be_joined(p: Play) -> Result:
    """That its payers can get out is only asked then."""
    backed = Backed(p, release_if=build.by_payer())
    p.later(DAY - 1)
    return backed.fund.open()


@scenario("ok")
def a_basis_of_a_group_that_has_just_closed(p: Play) -> Result:
    return Backed(p).closed().fund.open()


@scenario("invalid_basis", 0)
def a_basis_of_a_group_that_payers_can_leave(p: Play) -> Result:
    return Backed(p, release_if=build.by_payer()).closed().fund.open()


@scenario("ok")
def a_basis_of_a_group_that_is_left_after_a_time_by_attestation(p: Play) -> Result:
    gone = build.all_of(build.after(START), build.attested(bytes(32), p.id("brand")))
    return Backed(p, release_if=gone).closed().fund.open()


@scenario("invalid_basis", 0)
def a_basis_of_a_group_that_is_left_by_attestation_or_not(p: Play) -> Result:
    gone = build.any_of(build.after(START), build.attested(bytes(32), p.id("brand")))
    return Backed(p, release_if=gone).closed().fund.open()


@scenario("invalid_basis", 0)
def a_basis_of_a_group_that_payers_can_leave_after_a_time(p: Play) -> Result:
    gone = build.all_of(build.after(START), build.any_of(build.attested(bytes(32), p.id("brand")), build.by_payer()))
    return Backed(p, release_if=gone).closed().fund.open()


@scenario("ok")
def a_basis_of_a_group_that_is_left_by_attestation(p: Play) -> Result:
    return Backed(p, release_if=build.attested(bytes(32), p.id("brand"))).closed().fund.open()


@scenario("nothing_to_share", 0)
def a_basis_of_a_group_that_nobody_joined(p: Play) -> Result:
    fund = Fund(p)
    terms = build.terms(build.after(0), [build.share(p.id("shop"), 10_000)], DEADLINE)
    p.ok(build.open_group(p.id("shop"), SALT, fund.asset, START + 1, terms), by="shop")
    p.later(1)
    return fund.open(basis=build.group_basis(group_id(p.id("shop"), SALT)))


# Opening a distribution: the rest of the state.


@scenario("distribution_exists", 0)
def a_distribution_twice(p: Play) -> Result:
    """That it is there is asked before whether the fund may pay."""
    fund = Fund(p).opened()
    fund.freeze("shop")
    return fund.open(leftover=fund.id)


@scenario("nothing_to_share", 0)
def a_distribution_twice_by_another_basis(p: Play) -> Result:
    fund = Fund(p).opened()
    everybody = sorted(p.id(name) for name in ("alice", "bob", "carol"))
    return fund.open(basis=build.snapshot_basis(fund.share, 1, everybody))


@scenario("distribution_exists", 0)
def a_distribution_that_was_closed(p: Play) -> Result:
    fund = Fund(p).opened(deadline=START + DAY)
    p.later(DAY)
    _done(fund.close())
    return fund.open()


@scenario("distribution_exists", 0)
def a_distribution_whose_account_has_units(p: Play) -> Result:
    fund = Fund(p)
    p.ok(build.transfer(fund.asset, p.id("shop"), fund.id, 1), by="shop")
    return fund.open()


@scenario("ok")
def a_distribution_whose_account_has_units_of_another_asset(p: Play) -> Result:
    fund = Fund(p)
    p.ok(build.transfer(fund.share, p.id("alice"), fund.id, 1), by="alice")
    return fund.open()


@scenario("ok")
def another_salt_makes_another_distribution(p: Play) -> Result:
    return Fund(p).opened().open(salt=bytes(16))


@scenario("account_frozen", 0)
def a_frozen_fund(p: Play) -> Result:
    fund = Fund(p)
    fund.freeze("shop")
    return fund.open(leftover=p.programme("pot"))


@scenario("programme_account", 0)
def what_is_left_over_for_a_programme(p: Play) -> Result:
    fund = Fund(p)
    fund.becomes(build.bound())
    return fund.open(leftover=p.programme("pot"))


@scenario("programme_account", 0)
def what_is_left_over_for_the_distribution_itself(p: Play) -> Result:
    """Nobody could ever have it."""
    fund = Fund(p)
    fund.becomes(build.bound())
    return fund.open(5_001, leftover=fund.id)


@scenario("asset_bound", 0)
def what_is_left_over_of_a_bound_asset(p: Play) -> Result:
    fund = Fund(p)
    fund.becomes(build.bound())
    return fund.open(5_001)


@scenario("ok")
def what_is_left_over_of_a_bound_asset_goes_back(p: Play) -> Result:
    fund = Fund(p)
    fund.becomes(build.bound())
    return fund.open(leftover=p.id("shop"))


@scenario("ok")
def what_is_left_over_of_a_bound_asset_goes_to_the_issuer(p: Play) -> Result:
    fund = Fund(p)
    fund.becomes(build.bound())
    return fund.open(leftover=p.id("brand"))


@scenario("ok")
def what_is_left_over_for_a_frozen_account(p: Play) -> Result:
    fund = Fund(p)
    fund.freeze("rest")
    return fund.open()


@scenario("insufficient_funds", 0)
def a_distribution_of_more_than_there_is(p: Play) -> Result:
    """That is asked before what the leaves say."""
    return Fund(p).open(5_001, basis=build.leaves_basis(b"r" * 32, 5_002))


@scenario("ok")
def a_distribution_of_as_much_as_there_is(p: Play) -> Result:
    return Fund(p).open(5_000)


@scenario("insufficient_funds", 0)
def a_distribution_of_all_that_there_is(p: Play) -> Result:
    fund = Fund(p).opened(None)
    _done(fund.collect("alice bob carol"))
    # One of 5,000 is left over.
    return fund.have(shop=0, alice=2_142, bob=1_428, carol=1_428)


@scenario("insufficient_funds", 0)
def a_distribution_of_all_of_nothing(p: Play) -> Result:
    fund = Fund(p)
    _done(fund.burn("shop", 5_000))
    return fund.open(None)


@scenario("insufficient_funds", 0)
def a_distribution_of_what_has_lapsed(p: Play) -> Result:
    fund = Fund(p, build.lots("day"), build.fixed_expiry(1))
    p.later(2 * DAY)
    return fund.open(1)


@scenario("insufficient_funds", 0)
def a_distribution_of_all_that_has_lapsed(p: Play) -> Result:
    fund = Fund(p, build.lots("day"), build.fixed_expiry(1))
    p.later(2 * DAY)
    return fund.open(None)


@scenario("insufficient_funds", 0)
def a_distribution_of_all_that_has_not_lapsed(p: Play) -> Result:
    fund = Fund(p, build.lots("day"), build.fixed_expiry(1))
    p.later(2 * DAY)
    p.ok(build.mint(fund.asset, p.id("shop"), 700), by="brand")
    fund.opened(None)
    _done(fund.collect("alice bob carol"))
    return fund.have(alice=300, bob=200, carol=200)


@scenario("leaves_exceed_funds", 0)
def leaves_of_one_more_than_the_funds(p: Play) -> Result:
    return Fund(p).open(basis=build.leaves_basis(b"r" * 32, 1_001))


@scenario("ok")
def leaves_of_as_much_as_the_funds(p: Play) -> Result:
    return Fund(p).open(basis=build.leaves_basis(b"r" * 32, 1_000))


@scenario("ok")
def leaves_of_as_much_as_all_the_funds(p: Play) -> Result:
    return Fund(p).open(None, basis=build.leaves_basis(b"r" * 32, 5_000))


@scenario("leaves_exceed_funds", 0)
def leaves_of_one_more_than_all_the_funds(p: Play) -> Result:
    return Fund(p).open(None, basis=build.leaves_basis(b"r" * 32, 5_001))


@scenario("insufficient_funds", 0)
def a_distribution_costs_no_fee(p: Play) -> Result:
    fund = Fund(p, build.fee(5_000, build.signer("till").id))
    fund.opened(700)
    _done(fund.collect("alice bob carol"))
    return fund.have(till=0, alice=300, bob=200, carol=200, shop=4_300)


@scenario("programme_account", 0)
def a_distribution_is_a_programme_account(p: Play) -> Result:
    fund = Fund(p).opened()
    return p.send(build.transfer(fund.asset, p.id("shop"), fund.id, 1), by="shop")


def _tree(p: Play, **units: int) -> tuple[Value, dict[str, Value]]:
    """A basis of leaves, and the part of each that it is for."""
    records = {sum_map.tree_key(p.id(name)): (amount, b"") for name, amount in units.items()}
    root, total = sum_map.root(records)
    proofs = {name: sum_map.prove(records, sum_map.tree_key(p.id(name))) for name in units}
    return build.leaves_basis(root, total), {name: build.part(p.id(name), proofs[name]) for name in units}


def _leaves(p: Play, *policy: Value, **units: int) -> tuple[Fund, dict[str, Value]]:
    """A fund of leaves, and the part of each."""
    basis, parts = _tree(p, **units)
    return Fund(p, *policy, basis=basis).opened(), parts


# Collecting.


@scenario("no_part", 0)
def collecting_for_nobody(p: Play) -> Result:
    return Fund(p).collect("")


@scenario("invalid_part", 0)
def collecting_for_somebody_twice(p: Play) -> Result:
    return Fund(p).collect("alice bob alice")


@scenario("invalid_part", 0)
def collecting_for_somebody_twice_by_other_proofs(p: Play) -> Result:
    return Fund(p).opened().collect([build.part(p.id("alice")), build.part(p.id("alice"), b"x")])


@scenario("unknown_distribution", 0)
def collecting_from_nothing(p: Play) -> Result:
    return Fund(p).collect()


@scenario("asset_paused", 0)
def collecting_of_a_paused_asset(p: Play) -> Result:
    fund = Fund(p).opened().over()
    fund.pause()
    return fund.collect()


@scenario("distribution_ended", 0)
def collecting_too_late(p: Play) -> Result:
    fund = Fund(p).opened()
    p.later(DEADLINE - START)
    return fund.collect([build.part(p.id("alice"), b"x")])


@scenario("ok")
def collecting_at_the_last_moment(p: Play) -> Result:
    fund = Fund(p).opened()
    p.later(DEADLINE - START - 1)
    return fund.collect()


@scenario("ok")
def collecting_at_the_last_moment_of_the_snapshot(p: Play) -> Result:
    fund = Fund(p).opened(deadline=UNTIL)
    p.later(UNTIL - START - 1)
    return fund.collect()


@scenario("distribution_ended", 0)
def collecting_from_what_is_closed(p: Play) -> Result:
    fund = Fund(p).opened().over()
    _done(fund.close())
    return fund.collect()


@scenario("insufficient_funds", 0)
def everybody_collects(p: Play) -> Result:
    """In any order, and in parts that are rounded down; what they leave over is there at the end."""
    fund = Fund(p).opened()
    _done(fund.collect("carol"))
    _done(fund.collect("bob alice"))
    _done(fund.over().close())
    return fund.have(shop=4_000, alice=428, bob=285, carol=285, rest=2)


@scenario("insufficient_funds", 0)
def some_collect(p: Play) -> Result:
    fund = Fund(p).opened()
    _done(fund.collect("bob"))
    _done(fund.over().close())
    return fund.have(shop=4_000, alice=0, bob=285, carol=0, rest=715)


@scenario("insufficient_funds", 0)
def what_is_excluded_is_divided_among_the_others(p: Play) -> Result:
    fund = Fund(p)
    fund.opened(basis=build.snapshot_basis(fund.share, 1, [p.id("alice")]))
    _done(fund.collect("bob carol"))
    return fund.have(bob=500, carol=500)


@scenario("not_entitled", 0)
def who_is_excluded(p: Play) -> Result:
    fund = Fund(p)
    fund.opened(basis=build.snapshot_basis(fund.share, 1, [p.id("alice")]))
    return fund.collect()


@scenario("not_entitled", 0)
def who_has_no_share(p: Play) -> Result:
    return Fund(p).opened().collect("dave")


@scenario("not_entitled", 0)
def who_had_no_share_then(p: Play) -> Result:
    fund = Fund(p)
    p.ok(build.transfer(fund.share, p.id("alice"), p.id("dave"), 1), by="alice")
    return fund.opened().collect("dave")


@scenario("insufficient_funds", 0)
def who_had_shares_then_and_has_none_now(p: Play) -> Result:
    fund = Fund(p)
    p.ok(build.transfer(fund.share, p.id("alice"), p.id("dave"), 3), by="alice")
    fund.opened()
    p.ok(build.transfer(fund.share, p.id("bob"), p.id("dave"), 2), by="bob")
    _done(fund.collect("alice bob"))
    return fund.have(alice=428, bob=285, dave=0)


@scenario("wrong_proof", 0)
def a_proof_that_nobody_asked_for(p: Play) -> Result:
    """That comes before whether they are entitled."""
    return Fund(p).opened().collect([build.part(p.id("dave"), b"\0")])


@scenario("already_collected", 0)
def collecting_twice(p: Play) -> Result:
    fund = Fund(p).opened()
    _done(fund.collect("alice bob"))
    fund.freeze("bob")
    return fund.collect("bob")


@scenario("already_collected", 0)
def collecting_a_part_again_among_others(p: Play) -> Result:
    """The whole operation is refused, so that carol has nothing."""
    fund = Fund(p).opened()
    _done(fund.collect("alice"))
    assert fund.collect("carol alice") == ("already_collected", 0)
    _done(fund.collect("carol"))
    assert fund.has("carol", 285) == ("insufficient_funds", 0)
    return fund.collect("carol")


@scenario("nothing_due", 0)
def a_part_that_is_rounded_to_nothing(p: Play) -> Result:
    """7 shares and 3 beans: only alice gets one. That it is nothing comes before that bob is frozen."""
    fund = Fund(p).opened(3)
    _done(fund.collect("alice"))
    fund.freeze("bob")
    return fund.collect("bob")


@scenario("insufficient_funds", 0)
def the_last_unit_is_not_divided(p: Play) -> Result:
    fund = Fund(p).opened(6)
    _done(fund.collect("alice bob carol"))
    _done(fund.over().close())
    return fund.have(alice=2, bob=1, carol=1, rest=2)


@scenario("insufficient_funds", 0)
def the_largest_numbers_are_divided(p: Play) -> Result:
    """The product of amount and weight has more than 128 bits."""
    share = p.asset(symbol="SHARE", supply_cap=AMOUNT_MAX, alice=AMOUNT_MAX - 1, bob=1)
    _opened(p, share)
    asset = p.asset(symbol="COIN", supply_cap=AMOUNT_MAX, shop=AMOUNT_MAX)
    basis, rest = build.snapshot_basis(share, 1), p.id("rest")
    p.ok(build.distribute(p.id("shop"), SALT, asset, None, basis, DEADLINE, rest), by="shop")
    p.ok(build.collect(distribution_id(p.id("shop"), SALT), _parts(p, "alice bob")), by="dave")
    p.ok(build.burn(asset, p.id("bob"), 1), by="bob")
    p.ok(build.burn(asset, p.id("alice"), AMOUNT_MAX - 1), by="alice")
    return p.send(build.burn(asset, p.id("alice"), 1), by="alice")


@scenario("nothing_due", 0)
def the_least_share_of_the_largest_number(p: Play) -> Result:
    share = p.asset(symbol="SHARE", supply_cap=AMOUNT_MAX, alice=AMOUNT_MAX - 1, bob=1)
    _opened(p, share)
    fund = Fund(p, basis=build.snapshot_basis(share, 1)).opened()
    _done(fund.collect("alice"))
    assert fund.has("alice", 999) == ("insufficient_funds", 0)
    return fund.collect("bob")


@scenario("account_frozen", 0)
def collecting_for_a_frozen_account(p: Play) -> Result:
    fund = Fund(p).opened()
    fund.becomes(build.bound())
    fund.freeze("alice")
    return fund.collect()


@scenario("asset_bound", 0)
def collecting_of_a_bound_asset(p: Play) -> Result:
    fund = Fund(p).opened()
    fund.becomes(build.bound(), build.attested_holders(bytes(32), p.id("brand")))
    return fund.collect()


@scenario("ok")
def collecting_of_a_bound_asset_from_the_issuer(p: Play) -> Result:
    return Fund(p, build.bound(), owner="brand").opened().collect()


@scenario("insufficient_funds", 0)
def the_fund_collects_of_a_bound_asset(p: Play) -> Result:
    share = _share(p, shop=3, alice=4)
    _opened(p, share)
    fund = Fund(p, build.bound(), basis=build.snapshot_basis(share, 1)).opened(700, leftover=p.id("shop"))
    _done(fund.collect("shop"))
    assert fund.collect("alice") == ("asset_bound", 0)
    return fund.have(shop=4_600)


@scenario("unknown_attestation", 0)
def collecting_of_an_asset_for_those_attested(p: Play) -> Result:
    schema = _schema(p)
    _attest(p, schema, "shop bob")
    fund = Fund(p, build.attested_holders(schema, p.id("brand"))).opened()
    _done(fund.collect("bob"))
    return fund.collect("alice")


@scenario("attestation_revoked", 0)
def collecting_for_who_is_attested_no_more(p: Play) -> Result:
    schema = _schema(p)
    _attest(p, schema, "shop alice")
    fund = Fund(p, build.attested_holders(schema, p.id("brand"))).opened()
    p.ok(build.revoke(schema, p.id("brand"), p.id("alice")), by="brand")
    return fund.collect("alice")


@scenario("programme_account", 0)
def collecting_for_a_programme(p: Play) -> Result:
    share = _share(p)
    terms = build.terms(build.by_payer(), [], DEADLINE)
    p.ok(build.hold(p.id("alice"), SALT, share, 3, terms), by="alice")
    _opened(p, share)
    fund = Fund(p, basis=build.snapshot_basis(share, 1)).opened()
    return fund.collect([build.part(hold_id(p.id("alice"), SALT))])


@scenario("insufficient_funds", 0)
def collecting_what_has_lapsed(p: Play) -> Result:
    fund = Fund(p, build.lots("day"), build.fixed_expiry(1)).opened()
    p.later(2 * DAY)
    return fund.collect()


@scenario("insufficient_funds", 0)
def collecting_when_some_have_lapsed(p: Play) -> Result:
    """Whoever comes first has it: 300 of 1,000 are left, and alice's part is more."""
    fund = Fund(p, build.lots("day"), build.fixed_expiry(1))
    _done(fund.burn("shop", 4_300))
    p.later(DAY)
    p.ok(build.mint(fund.asset, p.id("shop"), 300), by="brand")
    fund.opened()
    p.later(DAY)
    assert fund.collect("alice") == ("insufficient_funds", 0)
    _done(fund.collect("bob"))
    assert fund.collect("carol") == ("insufficient_funds", 0)
    p.later(DEADLINE - p.world.time)
    _done(fund.close())
    return fund.have(rest=0)


@scenario("insufficient_funds", 0)
def units_in_a_distribution_do_not_fall_asleep(p: Play) -> Result:
    fund = Fund(p, build.inactivity_expiry(9)).opened()
    p.later(100 * DAY)
    _done(fund.collect())
    p.later(100 * DAY)
    _done(fund.collect("bob"))
    return fund.have(alice=0, bob=285)


@scenario("insufficient_funds", 0)
def an_asset_that_has_ended_cannot_be_collected(p: Play) -> Result:
    fund = Fund(p, build.sunset_notice(DAY)).opened()
    p.ok(build.sunset(fund.asset, START + DAY), by="brand")
    p.later(DAY - 1)
    _done(fund.collect("bob"))
    p.later(1)
    return fund.collect("alice")


@scenario("insufficient_funds", 0)
def what_is_collected_repays_debts(p: Play) -> Result:
    fund = Fund(p, build.debt_floor(1_000)).opened()
    p.ok(build.claw_back(fund.asset, p.id("alice"), p.id("brand"), 400), by="brand")
    p.ok(build.claw_back(fund.asset, p.id("bob"), p.id("brand"), 500), by="brand")
    _done(fund.collect("alice bob"))
    return fund.have(alice=28, bob=0, brand=685)


@scenario("insufficient_funds", 0)
def what_is_left_over_repays_no_debts(p: Play) -> Result:
    fund = Fund(p, build.debt_floor(1_000)).opened()
    p.ok(build.claw_back(fund.asset, p.id("rest"), p.id("brand"), 400), by="brand")
    _done(fund.over().close())
    return fund.have(rest=1_000, brand=0)


@scenario("max_holding_exceeded", 0)
def collecting_more_than_one_may_hold(p: Play) -> Result:
    fund = Fund(p).opened()
    fund.becomes(build.max_holding(427))
    return fund.collect()


@scenario("ok")
def collecting_as_much_as_one_may_hold(p: Play) -> Result:
    fund = Fund(p).opened()
    fund.becomes(build.max_holding(428))
    return fund.collect()


@scenario("insufficient_funds", 0)
def the_fund_may_hold_no_more_than_others(p: Play) -> Result:
    """What was its own comes back as a payment, but what is left over does not."""
    share = _share(p, shop=3, alice=4)
    _opened(p, share)
    fund = Fund(p, basis=build.snapshot_basis(share, 1)).opened(700, leftover=p.id("shop"))
    fund.becomes(build.max_holding(4_599))
    assert fund.collect("shop") == ("max_holding_exceeded", 0)
    _done(fund.collect("alice"))
    _done(fund.over().close())
    return fund.have(alice=400, shop=4_600)


def _with_lots(p: Play, count: int, *policy: Value) -> Fund:
    """A fund for alice, who has so many lots of her own."""
    fund = Fund(p, build.lots("day"), *policy).opened()
    for _ in range(count):
        p.later(DAY)
        p.ok(build.mint(fund.asset, p.id("alice"), 1), by="brand")
    return fund


@scenario("too_many_lots", 0)
def collecting_a_65th_lot(p: Play) -> Result:
    return _with_lots(p, 64, build.strict_lots()).collect()


@scenario("ok")
def collecting_a_64th_lot(p: Play) -> Result:
    return _with_lots(p, 63, build.strict_lots()).collect()


@scenario("insufficient_funds", 0)
def collecting_a_65th_lot_that_is_merged(p: Play) -> Result:
    fund = _with_lots(p, 64)
    _done(fund.collect())
    return fund.have(alice=492)


@scenario("insufficient_funds", 0)
def the_lowest_lots_are_collected_first(p: Play) -> Result:
    """Of 10 old and 4 new beans alice gets 6 old ones, bob 4 old ones; carol's 4 are new and outlive them."""
    fund = Fund(p, build.lots("day"), build.fixed_expiry(5))
    _done(fund.burn("shop", 4_990))
    p.later(2 * DAY)
    p.ok(build.mint(fund.asset, p.id("shop"), 4), by="brand")
    fund.opened(14)
    _done(fund.collect("alice bob carol"))
    p.later(4 * DAY)
    return fund.have(alice=0, bob=0, carol=4)


@scenario("insufficient_funds", 0)
def what_is_collected_is_active(p: Play) -> Result:
    fund = Fund(p, build.inactivity_expiry(9), alice=5).opened()
    p.later(8 * DAY)
    _done(fund.collect())
    p.later(8 * DAY)
    return fund.have(alice=433)


@scenario("insufficient_funds", 0)
def collecting_when_ones_own_have_fallen_asleep(p: Play) -> Result:
    fund = Fund(p, build.inactivity_expiry(9), alice=5).opened()
    p.later(9 * DAY)
    _done(fund.collect())
    return fund.have(alice=428)


@scenario("insufficient_funds", 0)
def a_fund_divides_what_it_is_divided_by(p: Play) -> Result:
    """A dividend in the shares themselves; the fund had shares too, before it gave these away."""
    share = _share(p, shop=6, alice=3, bob=3)
    _opened(p, share)
    basis, distribution = build.snapshot_basis(share, 1), distribution_id(p.id("shop"), SALT)
    p.ok(build.distribute(p.id("shop"), SALT, share, 4, basis, DEADLINE, p.id("shop")), by="shop")
    assert p.send(build.collect(distribution, [build.part(distribution)]), by="dave") == ("not_entitled", 0)
    p.ok(build.collect(distribution, _parts(p, "alice bob shop")), by="dave")
    p.ok(build.burn(share, p.id("shop"), 4), by="shop")
    p.ok(build.burn(share, p.id("alice"), 4), by="alice")
    p.ok(build.burn(share, p.id("bob"), 4), by="bob")
    return p.send(build.burn(share, p.id("shop"), 1), by="shop")


@scenario("insufficient_funds", 0)
def a_snapshot_and_its_distribution_in_one_transaction(p: Play) -> Result:
    share = _share(p)
    fund = Fund(p, basis=build.snapshot_basis(share, 1))
    move = build.transfer(share, p.id("alice"), p.id("bob"), 3)
    parts = build.collect(fund.id, _parts(p, "alice bob carol"))
    p.ok(build.snapshot(share, UNTIL), fund.made(700), move, parts, by="brand shop alice")
    return fund.have(alice=300, bob=200, carol=200)


@scenario("not_entitled", 3)
def a_refused_distribution_leaves_nothing(p: Play) -> Result:
    share = _share(p)
    fund = Fund(p, basis=build.snapshot_basis(share, 1))
    both = [build.snapshot(share, UNTIL), fund.made(700), build.collect(fund.id, _parts(p, "alice"))]
    wrong = build.collect(fund.id, _parts(p, "bob dave"))
    assert p.send(*both, wrong, by="brand shop") == ("not_entitled", 3)
    assert fund.collect() == ("unknown_distribution", 0)
    assert fund.have(shop=5_000, alice=0, bob=0) == ("insufficient_funds", 0)
    p.ok(build.mint(fund.asset, p.id("shop"), 700), by="brand")
    p.ok(*both, by="brand shop")
    assert fund.have(shop=0, alice=300) == ("insufficient_funds", 0)
    once = [build.once(p.id("dave"), bytes([number]) * 32) for number in range(3)]
    return p.send(*once, wrong, by="dave")


@scenario("insufficient_funds", 0)
def an_alias_collects(p: Play) -> Result:
    """It is paid itself: it was the holder, and what it gets is its own."""
    fund = Fund(p)
    p.ok(build.alias(p.id("alice"), p.id("erin")), by="alice erin")
    _done(fund.opened().collect())
    p.ok(build.burn(fund.asset, p.id("alice"), 428), by="erin")
    return p.send(build.burn(fund.asset, p.id("alice"), 1), by="erin")


# Collecting as a member.


@scenario("insufficient_funds", 0)
def members_collect(p: Play) -> Result:
    fund, _ = _members(p)
    fund.opened()
    _done(fund.collect("alice bob carol"))
    _done(fund.over().close())
    return fund.have(alice=333, bob=333, carol=333, rest=1)


@scenario("not_entitled", 0)
def who_is_no_member(p: Play) -> Result:
    return _members(p)[0].opened().collect("dave")


@scenario("wrong_proof", 0)
def a_member_with_a_proof(p: Play) -> Result:
    return _members(p)[0].opened().collect([build.part(p.id("dave"), b"\1")])


@scenario("not_entitled", 0)
def who_became_a_member_later(p: Play) -> Result:
    fund, schema = _members(p)
    fund.opened()
    _attest(p, schema, "dave")
    return fund.collect("dave")


@scenario("not_entitled", 0)
def who_became_a_member_at_that_very_moment(p: Play) -> Result:
    """They are counted, though, so that their part is left over."""
    fund, schema = _members(p)
    _attest(p, schema, "dave")
    fund.opened()
    _done(fund.collect("alice"))
    assert fund.has("alice", 250) == ("insufficient_funds", 0)
    return fund.collect("dave")


@scenario("ok")
def who_became_a_member_just_before(p: Play) -> Result:
    fund, schema = _members(p)
    _attest(p, schema, "dave")
    p.later(1)
    return fund.opened().collect("dave")


@scenario("ok")
def who_was_a_member_and_is_revoked_later(p: Play) -> Result:
    fund, schema = _members(p)
    fund.opened()
    p.later(1)
    p.ok(build.revoke(schema, p.id("brand"), p.id("alice")), by="brand")
    return fund.collect()


@scenario("not_entitled", 0)
def who_is_revoked_at_the_same_time(p: Play) -> Result:
    """Nobody can tell what came first, and those who are left must find what is theirs."""
    fund, schema = _members(p)
    fund.opened()
    p.ok(build.revoke(schema, p.id("brand"), p.id("alice")), by="brand")
    return fund.collect()


@scenario("not_entitled", 0)
def who_was_revoked_just_before(p: Play) -> Result:
    fund, schema = _members(p)
    p.ok(build.revoke(schema, p.id("brand"), p.id("alice")), by="brand")
    p.later(1)
    return fund.opened().collect()


@scenario("not_entitled", 0)
def who_was_revoked_and_attested_anew(p: Play) -> Result:
    fund, schema = _members(p)
    fund.opened()
    p.ok(build.revoke(schema, p.id("brand"), p.id("alice")), by="brand")
    _attest(p, schema, "alice")
    return fund.collect()


@scenario("not_entitled", 0)
def who_is_attested_with_another_nonce(p: Play) -> Result:
    fund, schema = _members(p)
    _attest(p, schema, "dave", nonce=b"n" * 32)
    p.later(1)
    return fund.opened().collect("dave")


def _expiring(p: Play) -> tuple[Fund, int]:
    """A fund for alice and bob, and when alice is a member no more."""
    fund, schema = _members(p, "bob")
    expires = p.world.time + DAY
    _attest(p, schema, "alice", expires=expires)
    return fund, expires


@scenario("ok")
def who_was_a_member_and_expires_later(p: Play) -> Result:
    fund, _ = _expiring(p)
    p.later(DAY - 1)
    fund.opened()
    p.later(DAY)
    return fund.collect()


@scenario("not_entitled", 0)
def who_expired_just_then(p: Play) -> Result:
    """They are counted until they are revoked, so that their part is left over."""
    fund, _ = _expiring(p)
    p.later(DAY)
    fund.opened()
    _done(fund.collect("bob"))
    assert fund.has("bob", 500) == ("insufficient_funds", 0)
    return fund.collect()


# Collecting by leaves.


@scenario("insufficient_funds", 0)
def leaves_are_collected(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3, carol=490)
    _done(fund.collect([parts["carol"], parts["bob"]]))
    _done(fund.collect([parts["alice"]]))
    _done(fund.over().close())
    return fund.have(alice=500, bob=3, carol=490, rest=7)


@scenario("ok")
def the_only_leaf_gets_all(p: Play) -> Result:
    fund, parts = _leaves(p, alice=1_000)
    _done(fund.collect(list(parts.values())))
    return fund.burn("alice", 1_000)


@scenario("already_collected", 0)
def a_leaf_is_collected_twice(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3)
    _done(fund.collect([parts["alice"]]))
    return fund.collect([parts["alice"]])


@scenario("wrong_proof", 0)
def a_leaf_is_collected_twice_with_a_wrong_proof(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3)
    _done(fund.collect([parts["alice"]]))
    return fund.collect("alice")


@scenario("nothing_due", 0)
def a_leaf_of_nothing(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=0)
    return fund.collect([parts["bob"]])


@scenario("wrong_proof", 0)
def a_leaf_without_a_proof(p: Play) -> Result:
    return _leaves(p, alice=500, bob=3)[0].collect("alice")


@scenario("wrong_proof", 0)
def a_leaf_of_somebody_else(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3)
    return fund.collect([build.part(p.id("bob"), parts["alice"].proof)])


@scenario("wrong_proof", 0)
def a_leaf_that_is_not_there(p: Play) -> Result:
    """The proof is right: there is nothing."""
    fund, _ = _leaves(p, alice=500, bob=3)
    records = {sum_map.tree_key(p.id(name)): (units, b"") for name, units in (("alice", 500), ("bob", 3))}
    return fund.collect([build.part(p.id("dave"), sum_map.prove(records, sum_map.tree_key(p.id("dave"))))])


@scenario("wrong_proof", 0)
def a_leaf_from_another_root(p: Play) -> Result:
    fund, _ = _leaves(p, alice=500, bob=3)
    _, others = _tree(p, alice=501, bob=2)
    return fund.collect([others["alice"]])


@scenario("wrong_proof", 0)
def a_leaf_with_a_byte_too_many(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3)
    return fund.collect([build.part(p.id("alice"), parts["alice"].proof + b"\0")])


@scenario("wrong_proof", 0)
def a_leaf_with_a_byte_too_few(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3)
    return fund.collect([build.part(p.id("alice"), parts["alice"].proof[:-1])])


@scenario("wrong_proof", 0)
def a_leaf_with_a_forged_amount(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3)
    proof = bytearray(parts["alice"].proof)
    proof[16] += 1
    return fund.collect([build.part(p.id("alice"), bytes(proof))])


@scenario("wrong_proof", 0)
def a_leaf_with_a_padding_bit(p: Play) -> Result:
    fund, parts = _leaves(p, alice=500, bob=3)
    proof = bytearray(parts["alice"].proof)
    assert 0 < int.from_bytes(proof[19:21], "big") < 8
    proof[21] |= 1
    return fund.collect([build.part(p.id("alice"), bytes(proof))])


@scenario("wrong_proof", 0)
def a_leaf_below_siblings_that_are_empty(p: Play) -> Result:
    """A lone leaf stands at the root, and is not pushed down."""
    fund, parts = _leaves(p, alice=500)
    proof = parts["alice"].proof
    assert proof[-2:] == b"\0\0"
    return fund.collect([build.part(p.id("alice"), proof[:-1] + b"\1\0")])


def _deep(p: Play, depth: int) -> Result:
    """Collect a leaf that stands so deep, beside another one and below nothing else."""
    key = sum_map.tree_key(p.id("alice"))
    beside = (b"b" * 32, 3)
    records = {key: (500, b"")}
    last = sum_map.root(records)
    for level in reversed(range(depth)):
        is_right = key[level // 8] >> 7 - level % 8 & 1
        other = beside if level == depth - 1 else sum_map.EMPTY
        last = sum_map.node(other, last) if is_right else sum_map.node(last, other)
    bitmap = bytearray((depth + 7) // 8)
    bitmap[-1] |= 0x80 >> (depth - 1) % 8
    head = sum_map.prove(records, key)[:19] + depth.to_bytes(2, "big")
    proof = head + bytes(bitmap) + beside[0] + beside[1].to_bytes(16, "big")
    return Fund(p, basis=build.leaves_basis(*last)).opened().collect([build.part(p.id("alice"), proof)])


@scenario("ok")
def a_leaf_as_deep_as_may_be(p: Play) -> Result:
    return _deep(p, 64)


@scenario("wrong_proof", 0)
def a_leaf_that_is_too_deep(p: Play) -> Result:
    """Its path is right, short, and a hash a level."""
    return _deep(p, 65)


@scenario("max_holding_exceeded", 0)
def a_part_that_finds_no_room_after_one_that_is_wrong(p: Play) -> Result:
    """All parts are looked at before anybody is paid."""
    fund, parts = _leaves(p, alice=500, bob=3)
    fund.becomes(build.max_holding(499))
    assert fund.collect([parts["alice"], build.part(p.id("bob"), b"x")]) == ("wrong_proof", 0)
    return fund.collect([parts["bob"], parts["alice"]])


@scenario("wrong_proof", 0)
def a_leaf_that_has_a_value(p: Play) -> Result:
    records = {sum_map.tree_key(p.id("alice")): (500, b"x"), sum_map.tree_key(p.id("bob")): (3, b"")}
    fund = Fund(p, basis=build.leaves_basis(*sum_map.root(records))).opened()
    parts = [build.part(p.id(name), sum_map.prove(records, sum_map.tree_key(p.id(name)))) for name in ("bob", "alice")]
    _done(fund.collect(parts[:1]))
    return fund.collect(parts[1:])


@scenario("wrong_proof", 0)
def leaves_with_a_total_that_is_too_high(p: Play) -> Result:
    basis, parts = _tree(p, alice=500, bob=3)
    basis.total += 1
    return Fund(p, basis=basis).opened().collect([parts["alice"]])


@scenario("wrong_proof", 0)
def leaves_with_a_total_that_is_too_low(p: Play) -> Result:
    basis, parts = _tree(p, alice=500, bob=3)
    basis.total -= 1
    return Fund(p, basis=basis).opened().collect([parts["alice"]])


@scenario("wrong_proof", 0)
def leaves_that_add_up_to_more_than_the_funds(p: Play) -> Result:
    """Whoever says that they add up to less has no proof of any."""
    basis, parts = _tree(p, alice=1_000, bob=1)
    basis.total = 1_000
    return Fund(p, basis=basis).opened().collect([parts["bob"]])


@scenario("wrong_proof", 0)
def a_wrong_leaf_after_a_right_one(p: Play) -> Result:
    """Nobody is paid."""
    fund, parts = _leaves(p, alice=500, bob=3)
    assert fund.collect([parts["alice"], build.part(p.id("bob"), b"x")]) == ("wrong_proof", 0)
    assert fund.has("alice", 0) == ("insufficient_funds", 0)
    _done(fund.collect([parts["alice"]]))
    return fund.collect([build.part(p.id("bob"), b"x")])


@scenario("insufficient_funds", 0)
def many_leaves_are_collected_at_once(p: Play) -> Result:
    names = [f"leaf{number}" for number in range(40)]
    fund, parts = _leaves(p, **{name: number + 1 for number, name in enumerate(names)})
    _done(fund.collect(list(parts.values())))
    _done(fund.over().close())
    return fund.have(leaf0=1, leaf17=18, leaf39=40, rest=180)


# Collecting by holds.


@scenario("insufficient_funds", 0)
def backers_collect(p: Play) -> Result:
    """Those who backed it get their parts, though their holds are settled."""
    backed = Backed(p)
    backed.holds["more"] = backed.put_in("alice", 70, bytes(16))
    fund = backed.closed().fund.opened()
    p.ok(build.settle(backed.holds["bob"]), by="dave")
    _done(fund.collect(backed.parts("alice more")))
    _done(fund.collect(backed.parts("bob carol"), by="bob"))
    _done(fund.over().close())
    # 214 and 500 for alice.
    return fund.have(alice=714, bob=142, carol=142, rest=2)


@scenario("insufficient_funds", 0)
def what_is_released_counts_all_the_same(p: Play) -> Result:
    """Of the group's 70 bob took 20 out before it closed: it counts what was put in."""
    schema = _schema(p)
    _attest(p, schema, "bob")
    backed = Backed(p, release_if=build.attested(schema, p.id("brand")))
    p.ok(build.release(backed.holds["bob"]), by="bob")
    fund = backed.closed().fund.opened(700)
    _done(fund.collect(backed.parts("alice bob")))
    return fund.have(alice=300, bob=200)


@scenario("not_entitled", 0)
def a_backer_and_not_the_hold(p: Play) -> Result:
    return Backed(p).closed().fund.opened().collect("alice")


@scenario("wrong_proof", 0)
def a_hold_with_a_proof(p: Play) -> Result:
    return Backed(p).closed().fund.opened().collect([build.part(bytes(32), b"\0")])


@scenario("not_entitled", 0)
def a_hold_of_no_group(p: Play) -> Result:
    backed = Backed(p)
    terms = build.terms(build.by_payer(), [], DEADLINE)
    p.ok(build.hold(p.id("alice"), bytes(16), backed.money, 1, terms), by="alice")
    return backed.closed().fund.opened().collect([build.part(hold_id(p.id("alice"), bytes(16)))])


@scenario("not_entitled", 0)
def a_hold_of_another_group(p: Play) -> Result:
    backed = Backed(p)
    terms = build.terms(build.after(0), [build.share(p.id("shop"), 10_000)], DEADLINE)
    p.ok(build.open_group(p.id("erin"), SALT, backed.money, DEADLINE, terms), by="erin")
    other = backed.put_in("alice", 1, bytes(16), group_id(p.id("erin"), SALT))
    return backed.closed().fund.opened().collect([build.part(other)])


@scenario("already_collected", 0)
def a_hold_is_collected_twice(p: Play) -> Result:
    backed = Backed(p).closed()
    _done(backed.fund.opened().collect(backed.parts("alice")))
    return backed.fund.collect(backed.parts("alice"))


@scenario("account_frozen", 0)
def a_backer_who_is_frozen(p: Play) -> Result:
    backed = Backed(p).closed()
    backed.fund.opened().freeze("alice")
    return backed.fund.collect(backed.parts("alice"))


# Closing.


@scenario("unknown_distribution", 0)
def closing_no_distribution(p: Play) -> Result:
    return Fund(p).close()


@scenario("unknown_distribution", 0)
def closing_a_campaign_as_a_distribution(p: Play) -> Result:
    fund = Fund(p)
    terms = build.campaign_terms([build.role(10_000, signs=True)], DEADLINE)
    p.ok(build.open_campaign(p.id("shop"), SALT, fund.asset, 5, terms), by="shop")
    return p.send(build.close_distribution(campaign_id(p.id("shop"), SALT)), by="shop")


@scenario("distribution_open", 0)
def closing_too_soon(p: Play) -> Result:
    """Not even when there is nothing left, nor by the fund; that it is paused comes later."""
    fund = Fund(p).opened(700)
    _done(fund.collect("alice bob carol"))
    fund.pause()
    p.later(DEADLINE - START - 1)
    return fund.close("shop")


@scenario("distribution_closed", 0)
def closing_twice(p: Play) -> Result:
    fund = Fund(p).opened().over()
    _done(fund.close())
    fund.pause()
    return fund.close()


@scenario("asset_paused", 0)
def closing_of_a_paused_asset(p: Play) -> Result:
    fund = Fund(p).opened().over()
    fund.pause()
    return fund.close()


@scenario("insufficient_funds", 0)
def closing_at_once_when_it_is_over(p: Play) -> Result:
    fund = Fund(p).opened().over()
    _done(fund.close())
    return fund.have(rest=1_000, shop=4_000)


@scenario("ok")
def closing_what_has_nothing_left(p: Play) -> Result:
    fund = Fund(p).opened(700)
    _done(fund.collect("alice bob carol"))
    return fund.over().close()


@scenario("insufficient_funds", 0)
def closing_what_has_lapsed(p: Play) -> Result:
    fund = Fund(p, build.lots("day"), build.fixed_expiry(1)).opened().over()
    _done(fund.close())
    return fund.have(rest=0)


@scenario("insufficient_funds", 0)
def closing_when_the_asset_has_ended(p: Play) -> Result:
    fund = Fund(p, build.sunset_notice(DAY)).opened()
    p.ok(build.sunset(fund.asset, START + DAY), by="brand")
    _done(fund.over().close())
    return fund.have(rest=0)


@scenario("insufficient_funds", 0)
def what_a_distribution_leaves_over_is_no_payment(p: Play) -> Result:
    """It is more than one may hold, and costs no fee."""
    fund = Fund(p).opened()
    fund.becomes(build.fee(5_000, p.id("till")), build.max_holding(999))
    _done(fund.over().close())
    return fund.have(rest=1_000, till=0)


@scenario("account_frozen", 0)
def what_is_left_over_reaches_a_frozen_account(p: Play) -> Result:
    fund = Fund(p).opened()
    fund.freeze("rest")
    _done(fund.over().close())
    assert fund.burn("rest", 1_000) == ("account_frozen", 0)
    p.ok(build.freeze(fund.asset, p.id("rest"), frozen=False), by="brand")
    _done(fund.burn("rest", 1_000))
    fund.freeze("rest")
    return fund.burn("rest", 1)


@scenario("insufficient_funds", 0)
def what_is_left_over_merges_strict_lots(p: Play) -> Result:
    fund = Fund(p, build.lots("day"), build.strict_lots())
    _done(fund.burn("shop", 4_000))
    fund.opened(None)
    for _ in range(64):
        p.later(DAY)
        p.ok(build.mint(fund.asset, p.id("rest"), 1), by="brand")
    p.later(DAY)
    assert p.send(build.mint(fund.asset, p.id("rest"), 1), by="brand") == ("too_many_lots", 0)
    _done(fund.over().close())
    return fund.have(rest=1_064)


@scenario("insufficient_funds", 0)
def what_is_left_over_for_what_has_become_a_distribution(p: Play) -> Result:
    """It was no programme yet when it was named. Nobody pays those: the fund has it back."""
    fund = Fund(p)
    second = distribution_id(p.id("shop"), bytes(16))
    fund.opened(leftover=second, deadline=START + DAY)
    p.ok(fund.made(700, salt=bytes(16)), by="shop")
    p.later(DAY)
    _done(fund.close())
    p.ok(build.collect(second, _parts(p, "alice")), by="dave")
    p.later(DEADLINE - p.world.time)
    p.ok(build.close_distribution(second), by="dave")
    return fund.have(alice=300, rest=400, shop=3_300 + 1_000)
