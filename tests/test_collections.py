"""Collections: designs by name, trades with royalties, journeys, and what a member takes along."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger
from counterfoil.collections import Collection, Journey
from counterfoil.collections.collection import design_content
from counterfoil.exceptions import KeyReusedError, LedgerError, ProofError
from counterfoil.exit import exit_bundle, verify_exit_bundle
from counterfoil.ops import Item, KeyGrant, SetKeys
from counterfoil.verify import Verifier, item_id

from tests.calls import refused

CLUB, ANN, BOB, ARTIST = (Key.from_seed(bytes([number]) * 32) for number in (31, 32, 33, 34))
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/stamps", operator=CLUB, time=START) as made:
        yield made


@pytest.fixture
def usd(ledger):
    asset = ledger.create_asset(CLUB, "USD", decimals=2, time=START)
    ledger.mint(CLUB, asset, to=BOB.account, amount=50_000, time=START)
    return asset


@pytest.fixture
def stamps(ledger):
    made = Collection.launch(
        ledger, CLUB, symbol="STAMP", royalty_bps=750, royalty_to=ARTIST.account, supply_cap=1_000, time=START
    )
    for name in ("visit", "quiz", "refer"):
        made.design(name, editions=100, time=START)
    return made


@pytest.fixture
def journey(stamps):
    return stamps.journey(["visit", "quiz", "refer"], reward="gold", editions=2, time=START)


def _issue(stamps, member, *names):
    return [stamps.issue(name, member.account, time=START).item for name in names]


# Designs.


def test_names_are_found_by_their_hashes(ledger, stamps):
    assert [stamps.number(name) for name in ("visit", "quiz", "refer")] == [1, 2, 3]
    assert ledger.design(stamps.asset, 2).content == design_content("quiz")
    again = Collection(ledger, CLUB, asset=stamps.asset, names=["refer"])
    assert (again.name_of(3), again.name_of(Item(1, 1)), again.number("visit")) == ("refer", None, 1)
    assert again.name_of(Item(1, 1)) == "visit"
    assert stamps.design("late", editions=1, time=START) == 4
    assert again.number("late") == 4
    with pytest.raises(LookupError, match="expected one of this collection"):
        stamps.number("unheard")
    with pytest.raises(LookupError, match="found 'unheard'"):
        Collection(ledger, CLUB, asset=stamps.asset, names=["unheard"])
    with pytest.raises(ValueError, match="not empty"):
        stamps.design("", editions=1)


def test_a_name_is_taken_once(ledger, stamps):
    refused("design_exists", stamps.design, "visit", editions=5, time=START)
    assert stamps.design("map", editions=5, key="map", time=START) == 4
    fresh = Collection(ledger, CLUB, asset=stamps.asset)
    assert fresh.design("map", editions=5, key="map", time=START) == 4
    with pytest.raises(KeyReusedError):
        fresh.design("map", editions=6, key="map", time=START)
    refused("invalid_design", stamps.design, "none", editions=0, time=START)
    assert stamps.design("tried", editions=1, dry_run=True, time=START) == 5
    with pytest.raises(LookupError):
        stamps.number("tried")


def test_a_collection_is_an_asset_of_items(ledger, usd):
    with pytest.raises(ValueError, match="found USD, which has units"):
        Collection(ledger, CLUB, asset=usd)
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        Collection(ledger, CLUB, asset=bytes(32))


# Items.


def test_issue_and_owned(ledger, stamps):
    first, second = stamps.issue("visit", ANN.account, time=START), stamps.issue("visit", BOB.account, time=START)
    assert (first.item, second.item) == (Item(1, 1), Item(1, 2))
    _issue(stamps, ANN, "quiz")
    assert sorted(stamps.owned(ANN.account)) == [Item(1, 1), Item(2, 1)]
    assert list(stamps.owned(ARTIST.account)) == []
    assert ledger.supply(stamps.asset) == 3


def test_an_item_with_a_key_is_issued_once(ledger, stamps):
    first = stamps.issue("visit", ANN.account, key="A17", time=START)
    again = stamps.issue("visit", ANN.account, key="A17", time=START + 5)
    assert (again.item, again.done.repeated, ledger.supply(stamps.asset)) == (first.item, True, 1)
    with pytest.raises(KeyReusedError):
        stamps.issue("visit", BOB.account, key="A17", time=START)
    assert stamps.issue("visit", ANN.account, dry_run=True, time=START).item is None
    assert ledger.supply(stamps.asset) == 1


def test_editions_and_the_cap_are_limits(ledger, stamps):
    stamps.design("rare", editions=1, time=START)
    stamps.issue("rare", ANN.account, time=START)
    refused("editions_exhausted", stamps.issue, "rare", ANN.account, time=START)
    small = Collection.launch(ledger, CLUB, symbol="SMALL", supply_cap=1, time=START)
    small.design("one", editions=9, time=START)
    [item] = _issue(small, ANN, "one")
    refused("supply_cap_exceeded", small.issue, "one", ANN.account, time=START)
    small.burn(ANN, item, time=START)
    assert _issue(small, ANN, "one") == [Item(1, 2)]


def test_give_and_burn(ledger):
    free = Collection.launch(ledger, CLUB, symbol="FREE", time=START)
    free.design("leaf", editions=9, time=START)
    [item] = _issue(free, ANN, "leaf")
    assert free.give(ANN, item, BOB.account, dry_run=True, time=START).dry_run
    free.give(ANN, item, BOB.account, key="gift", time=START)
    assert free.give(ANN, item, BOB.account, key="gift", time=START).repeated
    assert ledger.item(free.asset, item).owner == BOB.account
    refused("not_owner", free.give, ANN, item, CLUB.account, time=START)
    refused("not_owner", free.burn, ANN, item, time=START)
    free.burn(BOB, item, time=START)
    refused("unknown_item", free.burn, BOB, item, time=START)
    assert ledger.item(free.asset, item) is None


def test_a_bound_item_goes_back_to_the_issuer_only(ledger, usd):
    bound = Collection.launch(ledger, CLUB, symbol="BADGE", bound=True, time=START)
    bound.design("founder", editions=9, time=START)
    [item] = _issue(bound, ANN, "founder")
    refused("asset_bound", bound.give, ANN, item, BOB.account, time=START)
    refused("asset_bound", bound.trade, ANN, BOB, item, price=1, currency=usd, time=START)
    bound.give(ANN, item, CLUB.account, time=START)
    assert list(bound.owned(CLUB.account)) == [item]


def test_a_trade_moves_the_item_the_price_and_the_royalty(ledger, stamps, usd):
    [item] = _issue(stamps, ANN, "visit")
    sale = {"price": Decimal("300.00"), "currency": usd}
    assert stamps.trade(ANN, BOB, item, **sale, dry_run=True, time=START).done.dry_run
    assert ledger.item(stamps.asset, item).owner == ANN.account
    trade = stamps.trade(ANN, BOB, item, **sale, key="sale", time=START)
    assert stamps.trade(ANN, BOB, item, **sale, key="sale", time=START).done.repeated
    assert (trade.price, trade.royalty, stamps.royalty(30_000)) == (30_000, 2_250, 2_250)
    assert [ledger.balance(usd, each.account) for each in (ANN, BOB, ARTIST)] == [27_750, 20_000, 2_250]
    assert ledger.item(stamps.asset, item).owner == BOB.account
    refused("not_owner", stamps.trade, ANN, BOB, item, **sale, time=START)
    refused("insufficient_funds", stamps.trade, BOB, ANN, item, price=27_751, currency=usd, time=START)
    refused("zero_amount", stamps.trade, BOB, ANN, item, price=0, currency=usd, time=START)
    refused("not_fungible", stamps.trade, BOB, ANN, item, price=1, currency=stamps.asset, time=START)
    with pytest.raises(TypeError, match="float"):
        stamps.trade(BOB, ANN, item, price=1.5, currency=usd, time=START)
    with pytest.raises(LookupError, match="currency: expected"):
        stamps.trade(BOB, ANN, item, price=1, currency=bytes(32), time=START)


def test_complaint_royalties_are_not_optional(stamps):
    """OpenSea: royalties on public tokens are whatever the marketplace likes."""
    [item] = _issue(stamps, ANN, "visit")
    refused("royalty_due", stamps.give, ANN, item, BOB.account, time=START)


# Journeys.


def test_a_journey_burns_the_oldest_of_each(ledger, stamps, journey):
    _issue(stamps, ANN, "visit", "visit", "quiz", "refer")
    done = journey.complete(ANN, time=START)
    assert (done.item, done.to, journey.stamps) == (Item(4, 1), ANN.account, (1, 2, 3))
    assert sorted(stamps.owned(ANN.account)) == [Item(1, 2), Item(4, 1)]
    assert ledger.supply(stamps.asset) == 2
    assert ledger.design(stamps.asset, 1).burned == 1


def test_a_journey_says_what_is_missing(ledger, stamps, journey):
    _issue(stamps, ANN, "quiz")
    assert journey.missing(ANN.account) == [1, 3]
    size = ledger.size
    with pytest.raises(LookupError, match="found that visit, refer is missing"):
        journey.complete(ANN, time=START)
    assert ledger.size == size


def test_a_journey_may_ask_for_one_design_twice(stamps):
    twice = stamps.journey(["visit", "visit"], reward="silver", editions=5, time=START)
    _issue(stamps, ANN, "visit")
    assert twice.missing(ANN.account) == [1]
    _issue(stamps, ANN, "visit")
    assert twice.complete(ANN, time=START).item == Item(4, 1)


def test_a_journey_with_a_key_is_completed_once(stamps, journey):
    """The set is gone after the first call, and a second set must not be taken for the retry."""
    _issue(stamps, ANN, "visit", "quiz", "refer")
    assert journey.complete(ANN, dry_run=True, time=START).item is None
    first = journey.complete(ANN, key="gold", time=START)
    again = journey.complete(ANN, key="gold", time=START + 5)
    assert (again.item, again.done.repeated) == (first.item, True)
    _issue(stamps, ANN, "visit", "quiz", "refer")
    assert journey.complete(ANN, key="gold", time=START).done.repeated
    assert len(list(stamps.owned(ANN.account))) == 4
    other = stamps.journey(["visit"], reward="bronze", editions=5, time=START)
    with pytest.raises(KeyReusedError):
        other.complete(ANN, key="gold", time=START)
    stamps.burn(ANN, Item(1, 2), key="burn", time=START)
    with pytest.raises(KeyReusedError, match="no journey"):
        journey.complete(ANN, key="burn", time=START)


def test_a_journey_has_so_many_rewards(stamps, journey):
    for _ in range(2):
        _issue(stamps, ANN, "visit", "quiz", "refer")
        journey.complete(ANN, time=START)
    _issue(stamps, ANN, "visit", "quiz", "refer")
    refused("editions_exhausted", journey.complete, ANN, time=START)


@pytest.mark.usefixtures("journey")
def test_a_journey_is_taken_up_again(ledger, stamps):
    again = Journey(Collection(ledger, CLUB, asset=stamps.asset), "gold")
    assert (again.stamps, again.reward) == ((1, 2, 3), "gold")
    with pytest.raises(ValueError, match="made of a set"):
        Journey(stamps, "visit")
    with pytest.raises(LookupError):
        Journey(stamps, "platinum")
    with pytest.raises(ValueError, match="at least one"):
        stamps.journey([], reward="empty", editions=1)
    with pytest.raises(LookupError, match="found 'unheard'"):
        stamps.journey(["unheard"], reward="odd", editions=1)
    refused("design_exists", stamps.journey, ["visit"], reward="gold", editions=1, time=START)


def test_an_item_is_proven(ledger, stamps):
    [item] = _issue(stamps, ANN, "visit")
    ledger.checkpoint(time=START)
    proof = bytes(ledger.prove("items", item_id(stamps.asset, item), key=stamps.asset))
    claim = Verifier(ledger.verifier_key).record(proof)
    assert (claim.value.owner, claim.total) == (ANN.account, 1)


# Exit bundles.


@pytest.fixture
def bundle(ledger, stamps, usd, journey):
    _issue(stamps, ANN, "visit", "quiz", "refer", "visit")
    journey.complete(ANN, time=START)
    _issue(stamps, BOB, "quiz")
    ledger.create_asset(CLUB, "NONE", time=START)
    ledger.mint(CLUB, usd, to=ANN.account, amount=1_234, time=START)
    return exit_bundle(ledger, ANN.account, time=START)


def test_an_exit_bundle_has_all_that_is_a_member_s(ledger, stamps, usd, bundle):
    claim = verify_exit_bundle(bundle, ledger.verifier_key, account=ANN.account, ledger=ledger.id)
    assert (claim.account, claim.record, claim.ledger, claim.time) == (ANN.account, None, ledger.id, START)
    assert {asset: held.amount for asset, held in claim.balances.items()} == {usd: 1_234}
    assert claim.items == {stamps.asset: (Item(1, 2), Item(4, 1))}
    assert {record.symbol for record in claim.assets.values()} == {"USD", "STAMP"}
    assert (claim.tree_size, claim.state_root) == (ledger.size, ledger.state_root)
    assert len(bundle) < 10_000


@pytest.mark.usefixtures("stamps", "usd")
def test_an_exit_bundle_of_nobody_is_of_nothing(ledger):
    claim = verify_exit_bundle(exit_bundle(ledger, ARTIST.account, time=START), ledger.verifier_key)
    assert (claim.assets, claim.balances, claim.items) == ({}, {}, {})


def test_an_exit_bundle_waits_for_a_quiet_moment(ledger, usd, monkeypatch):
    prove, calls = Ledger.prove, []

    def busy(self, *args, **kwargs):
        if len(calls) < 3:
            calls.append(ledger.mint(CLUB, usd, to=ANN.account, amount=1, time=START))
        return prove(self, *args, **kwargs)

    monkeypatch.setattr(Ledger, "prove", busy)
    claim = verify_exit_bundle(exit_bundle(ledger, ANN.account, time=START), ledger.verifier_key)
    assert claim.balances[usd].amount == 3

    def busier(self, *args, **kwargs):
        ledger.mint(CLUB, usd, to=ANN.account, amount=1, time=START)
        return prove(self, *args, **kwargs)

    monkeypatch.setattr(Ledger, "prove", busier)
    with pytest.raises(LedgerError, match="use a backup"):
        exit_bundle(ledger, ANN.account, time=START)


def _parts(bundle):
    place, found = 52, []
    while place < len(bundle):
        size = int.from_bytes(bundle[place : place + 4], "little")
        found.append(bundle[place : place + 4 + size])
        place += 4 + size
    return bundle[:52], [part for part in found if part[4:].startswith(b"counterfoil/")]


def test_an_exit_bundle_is_refused_where_anything_is_changed(ledger, bundle):
    key = ledger.verifier_key
    for place in range(0, len(bundle), 7):
        forged = bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :]
        with pytest.raises(ProofError):
            verify_exit_bundle(forged, key)
    for size in (0, 20, 51, 55, 56, 60, len(bundle) - 1):
        with pytest.raises(ProofError):
            verify_exit_bundle(bundle[:size], key)
    with pytest.raises(ProofError):
        verify_exit_bundle(bundle + b"\x00", key)
    for expected in ({"account": BOB.account}, {"ledger": bytes(32)}):
        with pytest.raises(ProofError):
            verify_exit_bundle(bundle, key, **expected)
    with pytest.raises(ProofError) as caught:
        verify_exit_bundle(bundle, Verifier(key).key.text.replace("club", "clab"))
    assert caught.value.reason == "wrong_key"


def test_an_exit_bundle_is_refused_where_its_parts_do_not_belong_together(ledger, stamps, usd, bundle):
    key = ledger.verifier_key
    head, parts = _parts(bundle)
    theirs = bytes(ledger.prove_balance(usd, BOB.account))
    ledger.mint(CLUB, usd, to=ANN.account, amount=1, time=START)
    _, later = _parts(exit_bundle(ledger, ANN.account, time=START))
    nothing = bytes(ledger.prove_balance(usd, ARTIST.account))
    foreign = bytes(ledger.prove("designs", bytes(32), key=stamps.asset))
    for reason, made in (
        ("wrong_question", [*parts, parts[-1]]),
        ("wrong_question", [*parts, len(theirs).to_bytes(4, "little") + theirs]),
        ("wrong_question", parts[1:]),
        ("wrong_root", [*parts[:-1], later[-1]]),
        ("wrong_record", [parts[0], *parts[3:]]),
        ("wrong_record", [*later, len(nothing).to_bytes(4, "little") + nothing]),
        ("wrong_question", [*later, len(foreign).to_bytes(4, "little") + foreign]),
    ):
        with pytest.raises(ProofError) as caught:
            verify_exit_bundle(head + b"".join(made), key)
        assert caught.value.reason == reason


def test_complaint_5_a_member_has_what_is_his_when_the_platform_closes(tmp_path, ledger, bundle):
    """Rally, RTFKT, Odyssey: the platform closes and what people had there is stranded."""
    (tmp_path / "ann.exit").write_bytes(bundle)
    (tmp_path / "vkey").write_text(ledger.verifier_key)
    ledger.close()
    program = (
        "import sys; sys.modules['counterfoil._core'] = None\n"
        "from pathlib import Path\n"
        "from counterfoil.exit import verify_exit_bundle\n"
        "claim = verify_exit_bundle(Path('ann.exit').read_bytes(), Path('vkey').read_text())\n"
        "print(sum(len(items) for items in claim.items.values()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


@pytest.mark.parametrize(
    "module",
    [
        "attention.report",
        "creators.gate",
        "exit",
        "governance.ballots",
        "governance.counting",
        "governance.matching",
        "governance.scores",
        "leaves",
        "reputation.disclosure",
        "reputation.scores",
    ],
)
def test_what_verifies_offline_needs_no_native_module(module):
    program = f"import sys; sys.modules['counterfoil._core'] = None; import counterfoil.{module}"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_complaint_6_a_managed_key_is_handed_over(ledger, stamps):
    """Uptrip: hardly anybody set up a wallet. The service keeps the key until the member wants it."""
    own = Key.from_seed(bytes([35]) * 32)
    [item] = _issue(stamps, ANN, "visit")
    ledger.execute([SetKeys(account=ANN.account, threshold=1, keys=[KeyGrant(own.public)])], ANN, time=START)
    refused("key_missing", stamps.burn, ANN, item, time=START)
    claim = verify_exit_bundle(exit_bundle(ledger, ANN.account, time=START), ledger.verifier_key)
    assert claim.record.keys[0].key == own.public
    stamps.burn(own.on(ANN.account), item, time=START)


def test_the_standard_library_s_collections_is_not_shadowed():
    program = "import collections, counterfoil.collections; print(collections.Counter('aa')['a'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
