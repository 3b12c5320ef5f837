"""Each preset as the operation that it makes, and what holds of an asset that was made by it."""

from __future__ import annotations

import pytest
from counterfoil import Key, Ledger
from counterfoil.brands import Programme
from counterfoil.collections import Collection
from counterfoil.ops import (
    Bound,
    Change,
    ClawBack,
    DebtFloor,
    FixedExpiry,
    Freeze,
    InactivityExpiry,
    Items,
    Lots,
    MaxHolding,
    Mint,
    Period,
    Powers,
    Royalty,
    Transfer,
)
from counterfoil.presets import badge, coin, points, share, ticket

from tests.calls import refused, standing

VENUE, ANN, BOB, BAND = (Key.from_seed(bytes([number]) * 32) for number in (21, 23, 24, 28))
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""

ISSUER = VENUE.account


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/gigs", operator=VENUE, time=START) as made:
        yield made


@pytest.mark.parametrize(
    ("preset", "policy", "powers"),
    [
        (
            points(),
            (Lots(Period.MONTH), InactivityExpiry(365), Bound()),
            Powers(mint=ISSUER, freeze=ISSUER, claw_back=ISSUER, change=ISSUER),
        ),
        (
            points(inactive_days=None, lot_days=30, debt_floor=5, bound=False),
            (Lots(Period.MONTH), FixedExpiry(30), DebtFloor(5)),
            Powers(mint=ISSUER, freeze=ISSUER, claw_back=ISSUER, change=ISSUER),
        ),
        (coin(), (), Powers(mint=ISSUER, change=ISSUER)),
        (share(), (), Powers(mint=ISSUER, freeze=ISSUER, change=ISSUER)),
        (
            ticket(royalty_to=BAND.account, royalty_bps=750),
            (Items(), Royalty(750, BAND.account)),
            Powers(mint=ISSUER, freeze=ISSUER),
        ),
        (badge(), (Bound(), MaxHolding(1)), Powers(mint=ISSUER, claw_back=ISSUER)),
    ],
)
def test_a_preset_is_the_operation_that_it_makes(ledger, preset, policy, powers):
    create = preset.create(ISSUER, "KIND", decimals=0, supply_cap=500)
    assert (create.issuer, create.symbol, create.decimals, create.supply_cap) == (ISSUER, "KIND", 0, 500)
    assert sorted(create.policy, key=lambda term: term.wire_tag) == list(create.policy)
    assert set(create.policy) == set(policy)
    assert create.powers == powers
    ledger.execute([create], VENUE, time=START)


def test_tickets_are_sold_with_a_royalty_frozen_and_burned_at_the_door(ledger):
    euro = ledger.create_asset(VENUE, "EUR", decimals=2, time=START)
    ledger.mint(VENUE, euro, to=BOB.account, amount=10_000, time=START)
    gig = Collection.launch(ledger, VENUE, symbol="GIG", preset=ticket(royalty_to=BAND.account), time=START)
    gig.design("stalls", editions=2, time=START)
    seat = gig.issue("stalls", ANN.account, time=START).item
    refused("royalty_due", gig.give, ANN, seat, BOB.account, time=START)
    trade = gig.trade(ANN, BOB, seat, price=4_000, currency=euro, time=START)
    assert (trade.royalty, ledger.balance(euro, BAND.account)) == (200, 200)
    ledger.execute([Freeze(asset=gig.asset, account=BOB.account, frozen=True)], VENUE, time=START)
    root = standing(ledger)
    refused("account_frozen", gig.burn, BOB, seat, time=START)
    refused("not_owner", gig.burn, VENUE, seat, time=START)
    refused("power_renounced", ledger.execute, [Change(asset=gig.asset, policy=[Items()])], VENUE, time=START)
    taking = ClawBack(asset=gig.asset, sender=BOB.account, to=ISSUER, amount=1)
    refused("not_fungible", ledger.execute, [taking], VENUE, time=START)
    assert standing(ledger) == root
    ledger.execute([Freeze(asset=gig.asset, account=BOB.account, frozen=False)], VENUE, time=START)
    gig.burn(BOB, seat, time=START)
    refused("unknown_item", gig.burn, BOB, seat, time=START)
    assert list(gig.owned(BOB.account)) == []


def test_a_badge_is_one_is_not_passed_on_and_is_taken_back(ledger):
    crew = Programme.launch(ledger, VENUE, symbol="CREW", preset=badge(), time=START)
    crew.earn(ANN.account, 1, time=START)
    root = standing(ledger)
    refused("max_holding_exceeded", crew.earn, ANN.account, 1, time=START)
    gift = Transfer(asset=crew.asset, sender=ANN.account, to=BOB.account, amount=1)
    refused("asset_bound", ledger.execute, [gift], ANN, time=START)
    refused("unauthorized", ledger.execute, [Mint(asset=crew.asset, to=BOB.account, amount=1)], BOB, time=START)
    refused("power_renounced", ledger.execute, [Change(asset=crew.asset, policy=[])], VENUE, time=START)
    assert standing(ledger) == root
    crew.take_back(ANN.account, 1, reason=7, time=START)
    assert crew.balance(ANN.account) == 0


def test_a_collection_has_a_preset_of_items_and_nothing_beside_it(ledger):
    size = ledger.size
    items = ticket(royalty_to=BAND.account)
    for wrong in ({"preset": badge()}, {"preset": points()}, {"preset": items, "bound": True}):
        with pytest.raises(ValueError, match="preset: expected one of items"):
            Collection.launch(ledger, VENUE, symbol="GIG", time=START, **wrong)
    with pytest.raises(ValueError, match="preset: expected one of items"):
        Collection.launch(ledger, VENUE, symbol="GIG", preset=items, royalty_bps=5, time=START)
    assert ledger.size == size
    for bps in (0, 10_001):
        wrong = ticket(royalty_to=BAND.account, royalty_bps=bps)
        refused("invalid_policy", Collection.launch, ledger, VENUE, symbol="GIG", preset=wrong, time=START)
    assert ledger.size == size
