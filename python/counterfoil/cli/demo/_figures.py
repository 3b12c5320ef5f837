"""What the programme comes to: every figure is read from the ledger and compared with the second books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterfoil.cli._errors import CommandError, Exit
from counterfoil.cli.demo._work import DAY_MS
from counterfoil.desk import asset_record
from counterfoil.ops import Edge, Integer

if TYPE_CHECKING:
    from counterfoil.cli.demo._programme import Programme


@dataclass(frozen=True)
class Month:
    """What became of the points of a month of issue.

    Attributes:
        month: Counted from January 1970; 0 of all months together.
        issued: Points.
        redeemed: Of those, redeemed and not refunded.
        expired: Of those, lapsed and removed.
        burned: Of those, destroyed by the shop.
        clawed_back: Of those, taken back; the shop burned them afterwards.
        outstanding: Of those, somebody's.
    """

    month: int
    issued: int
    redeemed: int
    expired: int
    burned: int
    clawed_back: int
    outstanding: int


@dataclass(frozen=True)
class Owed:
    """What the shop owes the bookshop for a month, in cents."""

    month: int
    owed: int
    cleared: int
    outstanding: int


@dataclass(frozen=True)
class Figures:
    """What the programme comes to.

    Attributes:
        months: By month of issue.
        total: All months together, from the asset's own totals.
        holders: How many accounts hold points.
        debtors: How many members owe points.
        owing: How many they owe.
        bonuses: How many slips the campaign paid.
        owed: What the shop owes the bookshop, by month.
    """

    months: tuple[Month, ...]
    total: Month
    holders: int
    debtors: int
    owing: int
    bonuses: int
    owed: tuple[Owed, ...]


def figures(programme: Programme) -> Figures:
    """Read the figures from the ledger and compare them.

    Raises:
        CommandError: They do not add up.
    """
    made = _read(programme)
    _check_points(programme, made)
    _check_debts(programme, made)
    _check_referrals(programme, made)
    _check_tiers(programme)
    _check_coalition(programme, made)
    return made


def _read(programme: Programme) -> Figures:
    shop = programme.shop
    ledger, asset = shop.ledger, shop.points
    record, campaign = asset_record(ledger, asset), ledger.campaign(programme.referrals.campaign)
    return Figures(
        months=tuple(
            Month(lot.lot, lot.issued, lot.redeemed, lot.expired, lot.burned, lot.clawed_back, lot.own_sum)
            for lot in ledger.lots(asset)
        ),
        total=Month(0, record.minted, record.redeemed, record.swept, record.burned, record.clawed_back, record.supply),
        holders=sum(1 for _ in ledger.holders(asset)),
        debtors=record.debtors,
        owing=record.owed,
        bonuses=0 if campaign is None else campaign.claims,
        owed=tuple(
            Owed(lot.lot, lot.issued, lot.burned, lot.own_sum) for lot in ledger.lots(programme.coalition.asset)
        ),
    )


def _check_points(programme: Programme, made: Figures) -> None:
    shop, books, total = programme.shop, programme.shop.books, made.total
    for name, kept in (
        ("issued", books.issued),
        ("redeemed", books.redeemed),
        ("expired", books.expired),
        ("burned", books.burned),
        ("clawed_back", books.clawed_back),
        ("outstanding", books.outstanding()),
    ):
        by_month = {one.month: getattr(one, name) for one in made.months}
        _equal(f"{name} by month", _without_zeros(kept), _without_zeros(by_month))
        _equal(f"{name}, by all months", getattr(total, name), sum(by_month.values()))
    _equal(
        "supply: issued less redeemed, expired and burned",
        total.issued - total.redeemed - total.expired - total.burned,
        total.outstanding,
    )
    kept_by_account = {account: _without_zeros(lots) for account, lots in books.held.items()}
    held = {
        account: {lot.lot: lot.amount for lot in holding.lots} for account, holding in shop.ledger.holders(shop.points)
    }
    _equal("balances by month", _without_zeros(kept_by_account), held)
    _equal("supply: the sum of all balances", sum(sum(lots.values()) for lots in held.values()), total.outstanding)


def _check_debts(programme: Programme, made: Figures) -> None:
    shop, books = programme.shop, programme.shop.books
    owing = {key.account: shop.ledger.debt(shop.points, key.account) for key in shop.members.values()}
    owing = _without_zeros(owing)
    _equal("debts", _without_zeros(books.owing), owing)
    _equal("debtors", len(owing), made.debtors)
    _equal("debts: the sum of all", sum(owing.values()), made.owing)
    _equal("debts: made less repaid", books.debt_made - books.debt_repaid, made.owing)


def _check_referrals(programme: Programme, made: Figures) -> None:
    shop, referrals = programme.shop, programme.referrals
    edges = {}
    for customer, member in shop.members.items():
        found = shop.ledger.attestation(referrals.schema, shop.brand, member.account)
        if found is not None and isinstance(found.content, Edge):
            edges[customer] = found.content.to
    _equal("referrals", {one: shop.member(friend).account for one, friend in referrals.brought.items()}, edges)
    _equal("bonuses: one for each referral", len(edges), made.bonuses)


def _check_tiers(programme: Programme) -> None:
    shop, tiers = programme.shop, programme.tiers
    levels, now = {}, (shop.last_day + 1) * DAY_MS
    for customer, member in shop.members.items():
        found = shop.ledger.attestation(tiers.schema, shop.brand, member.account)
        if found is not None and found.is_live(now) and isinstance(found.content, Integer):
            levels[customer] = found.content.value
    _equal("tiers", tiers.levels, levels)


def _check_coalition(programme: Programme, made: Figures) -> None:
    shop, asset, books = programme.shop, programme.coalition.asset, programme.shop.books
    record, held = asset_record(shop.ledger, asset), shop.ledger.balance(asset, shop.bookshop.account)
    _equal("owed by month", dict(books.ious), {one.month: one.owed for one in made.owed})
    _equal("cleared by month", dict(books.cleared), {one.month: one.cleared for one in made.owed if one.cleared})
    _equal("owed: what is outstanding", sum(one.outstanding for one in made.owed), held)
    _equal("owed: the supply of IOUs", record.supply, held)


def _without_zeros(values: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in values.items() if value}


def _equal(what: str, expected: object, found: object) -> None:
    if expected == found:
        return
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        # One difference says more than two books.
        name = next(one for one in [*expected, *found] if expected.get(one) != found.get(one))
        what = f"{what}, of {name.hex() if isinstance(name, bytes) else name}"
        expected, found = expected.get(name), found.get(name)
    message = f"demo: {what}: expected {expected!r}, found {found!r}"
    raise CommandError(message, Exit.REFUSED)
