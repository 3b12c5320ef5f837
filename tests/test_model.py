"""The reference model: every scenario, every status, and the parts that can be checked against vectors or by hand."""

from __future__ import annotations

import datetime
import json
import os
import re
from collections import Counter
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from tests import strategies
from tests.model import build, distribute, ed25519, governance, log, move, snapshot, sum_map
from tests.model.asset import ASSET_RECORD, asset_id
from tests.model.attest import schema_id
from tests.model.borsh import U32, U128, Reader
from tests.model.constitution import RULE, constitution_hash, rule_hash
from tests.model.ledger import COMMIT, STATUSES, ModelLedger
from tests.model.proposal import PROPOSAL_RECORD
from tests.model.state import OPERATION, OPERATIONS, SIGNED_TRANSACTION, TRANSACTION, record_id
from tests.model.voting import run_off
from tests.ops.club import Club
from tests.ops.play import DAY, START
from tests.ops.scenarios import SCENARIOS, Play, World

ROOT = Path(__file__).resolve().parent.parent
SOAK = int(os.environ.get("COUNTERFOIL_SOAK", "1"))


class ModelWorld(World):
    """A world that is the model."""

    def __init__(self) -> None:
        self.time = START
        self.ledger = ModelLedger(build.genesis(START))
        self.ledger_id = self.ledger.id

    def apply(self, *signed: bytes) -> list[tuple[str, int | None]]:
        results = []
        for each in signed:
            before = self.ledger.state, list(self.ledger.entries), self.ledger.state_root()
            status, operation, index = self.ledger.apply(each, self.time)
            results.append((status, operation))
            assert (index is None) == (status != "ok")
            if status != "ok":
                assert before == (self.ledger.state, self.ledger.entries, self.ledger.state_root())
        return results


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name):
    scenario = SCENARIOS[name]
    world = ModelWorld()
    assert scenario.play(Play(world)) == (scenario.status, scenario.index)
    world.ledger.check_invariants()
    again = ModelLedger(build.genesis(START))
    for entry in world.ledger.entries[1:]:
        again.follow(entry)
    assert again.state_root() == world.ledger.state_root()


def test_every_status_is_reached():
    assert {scenario.status for scenario in SCENARIOS.values()} == set(STATUSES)


def test_every_operation_is_applied():
    applied = set()
    for scenario in SCENARIOS.values():
        world = ModelWorld()
        scenario.play(Play(world))
        for entry in world.ledger.entries[1:]:
            applied |= {operation.kind for operation in TRANSACTION.read(Reader(entry[9:])).operations}
    assert applied == {operation.name for operation in OPERATIONS.values()}


def test_the_statuses_are_numbered_as_documented():
    """The tables of operations.md."""
    text = (ROOT / "docs" / "reference" / "operations.md").read_text()
    documented = {name: int(code, 16) for code, name in re.findall(r"`(0x[0-9a-f]{4})` \| `(\w+)`", text)}
    documented |= {name: int(code, 16) for code, name in re.findall(r"`(0x[0-9a-f]{4}) (\w+)`", text)}
    assert documented == STATUSES
    tags = {name: int(tag, 16) for tag, name in re.findall(r"`(0x[0-9a-f]{2})` \| `(\w+)`", text)}
    assert tags == {operation.name: tag for tag, operation in OPERATIONS.items()}


# The parts.


@pytest.mark.parametrize("name", ["empty", "one", "two", "three_close", "seventeen", "hundred_close", "thousand"])
def test_sum_map_vectors(name, shared_vectors):
    vector = json.loads((shared_vectors / "sum-map" / f"{name}.json").read_text())
    records = {
        bytes.fromhex(each["key"]): (int(each["sum"]), bytes.fromhex(each["value"])) for each in vector["entries"]
    }
    root, total = sum_map.root(records)
    assert (root.hex(), str(total)) == (vector["root"], vector["sum"])
    for each in vector["proofs"]:
        key, proof = (bytes.fromhex(each[part]) for part in ("key", "proof"))
        assert sum_map.prove(records, key) == proof
        there = int(each["sum"] or 0), bytes.fromhex(each["value"] or ""), (root, total)
        assert sum_map.shown(proof, key) == (there if each["present"] else None)


@pytest.mark.parametrize("name", ["two", "three_close", "seventeen", "hundred_close", "values", "forged"])
def test_a_wrong_map_proof_shows_nothing(name, shared_vectors):
    mutants = json.loads((shared_vectors / "sum-map" / f"{name}.json").read_text())["must_fail"]
    for each in mutants:
        root, key, proof = (bytes.fromhex(each[part]) for part in ("root", "key", "proof"))
        shown = sum_map.shown(proof, key)
        assert shown is None or shown[2][0] != root, each["why"]


def test_a_sum_of_2_to_the_128_is_refused():
    records = {bytes(32): (2**128 - 1, b""), b"\xff" * 32: (1, b"")}
    with pytest.raises(OverflowError):
        sum_map.root(records)


def test_the_log_tree_of_rfc_6962():
    """The leaves and root of the reference implementation's tests."""
    leaves = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
    leaves.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
    assert log.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert log.root([]).hex() == sha256(b"").hexdigest()
    for index in range(8):
        node = log.leaf_hash(leaves[index])
        for level, sibling in enumerate(log.inclusion(index, leaves)):
            node = sha256(b"\1" + (sibling + node if index >> level & 1 else node + sibling)).digest()
        assert node == log.root(leaves)
    assert log.consistency(4, leaves) == [log.root(leaves[4:])]


def test_signatures_of_the_taming_paper(shared_vectors):
    """The cases of "Taming the many EdDSAs" and our rule's verdict on them."""
    lines = (shared_vectors / "ed25519-rule" / "verdicts.tsv").read_text().splitlines()
    verdicts = {int(line.split()[1]): line.split()[2] == "1" for line in lines if line.startswith("speccheck")}
    cases = json.loads((shared_vectors / "ed25519-speccheck" / "cases.json").read_text())
    for number, case in enumerate(cases):
        key, message, signature = (bytes.fromhex(case[part]) for part in ("pub_key", "message", "signature"))
        assert ed25519.holds(key, message, signature) == verdicts[number]
        assert ed25519.verify(key, message, signature) == verdicts[number]


def test_the_equation_agrees_with_pynacl():
    alice = build.signer("alice")
    signature = alice.sign(b"message")
    assert ed25519.holds(alice.id, b"message", signature)
    assert not ed25519.holds(alice.id, b"massage", signature)


def test_the_calendar():
    epoch = datetime.date(1970, 1, 1)
    for day in range(0, 200_000, 5):
        date = epoch + datetime.timedelta(days=day)
        month = (date.year - 1970) * 12 + date.month - 1
        assert move.month_of_day(day) == month
        assert move.first_day_of_month(month) == (date.replace(day=1) - epoch).days


# Bytes, by hand.


def test_a_transfer_in_bytes():
    operation = build.transfer(b"a" * 32, b"s" * 32, b"t" * 32, 0x0102, b"r" * 32)
    unsigned = build.transaction(b"l" * 32, 0x0304, b"n" * 16, [(b"x" * 32, None), (b"y" * 32, b"k" * 32)], [operation])
    assert TRANSACTION.write(unsigned) == (
        b"\x01" + b"l" * 32 + b"\x04\x03" + bytes(6) + b"n" * 16
        + b"\2\0\0\0" + b"x" * 32 + b"\0" + b"y" * 32 + b"\1" + b"k" * 32
        + b"\1\0\0\0" + b"\x30" + b"a" * 32 + b"s" * 32 + b"t" * 32 + b"\2\1" + bytes(14) + b"\1" + b"r" * 32
    )  # fmt: skip


def _play():
    world = ModelWorld()
    return world.ledger, Play(world)


def _lot(ledger, asset, lot):
    return ledger.state.value(move.LOT_RECORD, "lots", record_id("lot", asset, lot.to_bytes(4, "big")), asset)


def _effects(entry):
    """The bytes after the signed transaction."""
    reader = Reader(entry[9:])
    SIGNED_TRANSACTION.read(reader)
    return entry[9 + reader.at :]


def test_a_balance_in_bytes():
    ledger, p = _play()
    asset = p.asset(build.lots("day"), build.inactivity_expiry(30), alice=5)
    p.later(DAY)
    p.ok(build.mint(asset, p.id("alice"), 7), by="brand")
    today = START // DAY
    lots = [(today, 5), (today + 1, 7)]
    value = (today + 1).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") + a.to_bytes(16, "big") for n, a in lots)
    assert ledger.state.get("holders", p.id("alice"), asset) == (12, value)


def test_a_plain_balance_has_no_value():
    ledger, p = _play()
    asset = p.asset(alice=5)
    assert ledger.state.get("holders", p.id("alice"), asset) == (5, b"")
    p.ok(build.burn(asset, p.id("alice"), 5), by="alice")
    assert ledger.state.records("holders", asset) == {}


def test_a_hold_in_bytes():
    ledger, p = _play()
    asset = p.asset(build.lots("day"), build.inactivity_expiry(30), alice=9)
    payees, salt = [build.share(p.id("bob"), 5_000), build.share(p.id("carol"), 5_000)], b"s" * 16
    terms = build.terms(build.by_payer(), payees, START + DAY)
    p.ok(build.hold(p.id("alice"), salt, asset, 5, terms), by="alice")
    hold = sha256(b"counterfoil/hold/v1\n" + p.id("alice") + salt).digest()
    assert ledger.state.get("accounts", hold) == (0, b"\1\4")
    lot = (START // DAY).to_bytes(4, "big")
    assert ledger.state.get("holders", hold, asset) == (5, b"\xff" * 4 + lot + (5).to_bytes(16, "big"))
    p.ok(build.settle(hold, 3), by="alice")
    shares = b"".join(share.to + b"\x88\x13" for share in payees)
    in_bytes = b"\x09" + b"\0" + U32.write(2) + shares + b"\0" + (START + DAY).to_bytes(8, "little") + b"\0"
    record = b"\1" + p.id("alice") + salt + asset + U128.write(5) + U128.write(3) + U128.write(0)
    assert ledger.state.get("holds", hold) == (0, record + b"\1" + in_bytes + b"\0")
    assert [ledger.balance(asset, each) for each in (hold, p.id("bob"), p.id("carol"))] == [3, 1, 1]


def test_the_effect_of_a_settlement_says_how_much():
    ledger, p = _play()
    terms = build.terms(build.by_payer(), [build.share(p.id("bob"), 10_000)], START + DAY)
    asset, salt = p.asset(alice=9), bytes(16)
    hold = sha256(b"counterfoil/hold/v1\n" + p.id("alice") + salt).digest()
    p.ok(build.hold(p.id("alice"), salt, asset, 9, terms), build.settle(hold), by="alice")
    moved = b"\1" + U32.write(1) + U32.write(0) + U128.write(9) + U32.write(0)
    assert _effects(ledger.entries[-1]) == U32.write(2) + b"\0" + moved


def test_effects_in_bytes():
    ledger, p = _play()
    today = START // DAY
    asset = p.asset(build.lots("day"), build.fixed_expiry(2), alice=5, bob=3)
    p.later(2 * DAY)
    p.ok(build.mint(asset, p.id("alice"), 7), by="brand")
    assert _effects(ledger.entries[-1]) == b"\1\0\0\0" + b"\0"
    p.later(DAY)
    transfer = build.transfer(asset, p.id("alice"), p.id("bob"), 6)
    p.ok(transfer, build.once(p.id("alice"), bytes(32)), by="alice")
    lot = U32.write(today + 2) + U128.write(6)
    lapsed = U32.write(today) + U128.write(8)
    moved = b"\1" + U32.write(1) + lot + U32.write(1) + lapsed
    assert _effects(ledger.entries[-1]) == U32.write(2) + moved + b"\0"


def test_what_lapses_without_lots_stands_under_lot_0():
    ledger, p = _play()
    asset = p.asset(build.inactivity_expiry(1), alice=5, bob=6)
    p.later(DAY)
    p.ok(build.sweep(asset, [p.id("alice"), p.id("bob"), p.id("alice")]), by="carol")
    moved = b"\1" + U32.write(0) + U32.write(1) + U32.write(0) + U128.write(11)
    assert _effects(ledger.entries[-1]) == U32.write(1) + moved
    record = ledger.state.value(ASSET_RECORD, "assets", asset)
    assert (record.minted, record.swept) == (11, 11)


def test_the_two_lowest_lots_are_merged():
    ledger, p = _play()
    today = START // DAY
    asset = p.asset(build.lots("day"))
    for _ in range(65):
        p.ok(build.mint(asset, p.id("alice"), 3), by="brand")
        p.later(DAY)
    record = ledger.state.value(ASSET_RECORD, "assets", asset)
    holding = move.load_holding(ledger.state, asset, record, p.id("alice"))
    assert list(holding.lots) == list(range(today + 1, today + 65))
    assert holding.lots[today + 1] == 6
    assert vars(_lot(ledger, asset, today)) | {"kind": ""} == {
        "kind": "", "lot": today, "issued": 3, "burned": 0, "redeemed": 0, "expired": 0, "clawed_back": 0,
        "merged_in": 0, "merged_out": 3,
    }  # fmt: skip
    assert _lot(ledger, asset, today + 1).merged_in == 3


def test_a_claw_back_is_counted():
    ledger, p = _play()
    asset = p.asset(build.lots("day"), alice=5)
    p.ok(build.claw_back(asset, p.id("alice"), p.id("bob"), 2), by="brand")
    assert ledger.state.value(ASSET_RECORD, "assets", asset).clawed_back == 2
    lot = _lot(ledger, asset, START // DAY)
    assert (lot.clawed_back, move.outstanding(lot)) == (2, 5)


def _asset(ledger, asset):
    return ledger.state.value(ASSET_RECORD, "assets", asset)


def _redemption(ledger, p, asset, order):
    key = move.redemption_id(asset, p.id("alice"), order)
    record = ledger.state.value(move.REDEMPTION_RECORD, "redemptions", key, asset)
    return record.refunded, [(part.lot, part.amount) for part in record.lots]


def test_what_was_redeemed_is_counted_until_it_is_refunded():
    ledger, p = _play()
    today, order = START // DAY, b"o" * 32
    asset = p.asset(build.lots("day"), build.fixed_expiry(3), alice=6)
    p.later(2 * DAY)
    p.ok(build.mint(asset, p.id("alice"), 5), by="brand")
    p.ok(build.redeem(asset, p.id("alice"), p.id("till"), order, 10), by="alice")
    taken = U32.write(2) + b"".join(U32.write(lot) + U128.write(units) for lot, units in ((today, 6), (today + 2, 4)))
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + taken + U32.write(0)
    assert _redemption(ledger, p, asset, order) == (0, [(today, 6), (today + 2, 4)])
    assert (_asset(ledger, asset).redeemed, ledger.balance(asset, p.id("alice"))) == (10, 1)
    p.ok(build.refund(asset, p.id("alice"), order, 5), by="till")
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\0"
    assert _redemption(ledger, p, asset, order) == (5, [(today, 5)])
    assert (_asset(ledger, asset).redeemed, ledger.balance(asset, p.id("alice"))) == (5, 6)
    assert (_lot(ledger, asset, today).redeemed, _lot(ledger, asset, today + 2).redeemed) == (5, 0)
    p.later(2 * DAY)
    p.ok(build.refund(asset, p.id("alice"), order, 2), by="till")
    lot, reborn = _lot(ledger, asset, today), _lot(ledger, asset, today + 4)
    assert (lot.redeemed, lot.expired, lot.merged_out, reborn.issued, reborn.merged_in) == (3, 1, 2, 0, 2)
    assert ledger.balance(asset, p.id("alice")) == 7
    policy = [build.lots("day"), build.fixed_expiry(3), build.no_reinstatement()]
    p.ok(build.change(asset, policy=policy), by="brand")
    p.ok(build.refund(asset, p.id("alice"), order, 3), by="till")
    lapsed = U32.write(1) + U32.write(today) + U128.write(3)
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + U32.write(0) + lapsed
    record = _asset(ledger, asset)
    assert (record.minted, record.redeemed, record.swept, ledger.balance(asset, p.id("alice"))) == (11, 0, 4, 7)
    assert _redemption(ledger, p, asset, order) == (10, [])
    ledger.check_invariants()


def test_what_is_owed_is_counted_until_it_is_repaid():
    ledger, p = _play()
    asset = p.asset(build.debt_floor(10), alice=4)
    alice, brand = p.id("alice"), p.id("brand")
    p.ok(build.claw_back(asset, alice, p.id("bob"), 9), by="brand")
    taken = U32.write(1) + U32.write(0) + U128.write(4)
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + taken + U32.write(0)
    record = _asset(ledger, asset)
    assert (record.debtors, record.owed, record.clawed_back, move.debt(ledger.state, asset, alice)) == (1, 5, 4, 5)
    p.later(1)
    p.ok(build.claw_back(asset, alice, p.id("bob"), 5), by="brand")
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\0"
    assert ledger.state.value(move.DEBT_RECORD, "debts", alice, asset).since == START
    assert (_asset(ledger, asset).debtors, _asset(ledger, asset).owed) == (1, 10)
    p.ok(build.mint(asset, alice, 9), by="brand")
    assert (ledger.balance(asset, alice), ledger.balance(asset, brand)) == (0, 9)
    p.ok(build.transfer(asset, brand, alice, 3), by="brand")
    assert (ledger.balance(asset, alice), ledger.balance(asset, brand)) == (2, 7)
    assert (_asset(ledger, asset).debtors, _asset(ledger, asset).owed) == (0, 0)
    assert not ledger.state.records("debts", asset)
    p.ok(build.claw_back(asset, alice, p.id("bob"), 2), by="brand")
    taken = U32.write(1) + U32.write(0) + U128.write(2)
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + taken + U32.write(0)


def test_items_in_bytes():
    """Of design 258 alice has the first and third edition; the second, which bob bought, is burned."""
    ledger, p = _play()
    alice, bob, brand = (p.id(name) for name in ("alice", "bob", "brand"))
    beans = p.asset(build.lots("day"), bob=30)
    powers = build.powers(mint=brand)
    p.ok(build.create(brand, "BADGE", 0, 9, [build.items(), build.royalty(1_000, brand)], powers), by="brand")
    asset = asset_id(brand, "BADGE")
    assert ledger.state.get("assets", asset)[1].count(b"\2\0\0\0\x07\x08\xe8\x03" + brand) == 1
    p.ok(build.design(asset, 5, 1), build.design(asset, 258, 7, [5], b"c" * 32), by="brand")
    p.ok(*[build.issue_item(asset, 258, alice)] * 3, by="brand")
    taken = [b"\1" + U32.write(1) + U32.write(edition) + U128.write(1) + U32.write(0) for edition in (1, 2, 3)]
    assert _effects(ledger.entries[-1]) == U32.write(3) + b"".join(taken)
    sold = build.item(258, 2)
    p.later(5)
    p.ok(build.sell_item(asset, sold, alice, bob, beans, 19), by="alice bob")
    lot = U32.write(START // DAY) + U128.write(19)
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + U32.write(1) + lot + U32.write(0)
    assert [ledger.balance(beans, who) for who in (alice, bob, brand)] == [18, 11, 1]
    places = {each: record_id("item", asset, b"\0\0\1\2", bytes([0, 0, 0, each])) for each in (1, 2, 3)}
    value = U32.write(258) + U32.write(2) + bob + (START + 5).to_bytes(8, "little")
    assert ledger.state.get("items", places[2], asset) == (1, value)
    p.ok(build.burn_item(asset, sold, bob), by="bob")
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\0"
    assert set(ledger.state.records("items", asset)) == {places[1], places[3]}
    assert ledger.state.table_root("items", asset)[1] == 2
    value = (
        U32.write(258) + U32.write(7) + U32.write(1) + U32.write(5) + b"\1" + b"c" * 32 + U32.write(3) + U32.write(1)
    )
    assert ledger.state.get("designs", record_id("design", asset, b"\0\0\1\2"), asset) == (0, value)
    p.ok(build.issue_item(asset, 5, bob), by="brand")
    p.ok(build.complete_set(asset, 258, bob, [build.item(5, 1)]), by="bob")
    fourth = b"\1" + U32.write(1) + U32.write(4) + U128.write(1) + U32.write(0)
    assert _effects(ledger.entries[-1]) == U32.write(1) + fourth
    record = _asset(ledger, asset)
    assert (record.minted, record.burned, len(ledger.state.records("items", asset))) == (5, 2, 3)
    ledger.check_invariants()


def test_a_snapshot_in_bytes():
    ledger, p = _play()
    asset = p.asset(alice=5, bob=3)
    alice, bob = p.id("alice"), p.id("bob")
    until = START + 9 * DAY
    p.ok(build.snapshot(asset, until), by="brand")
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\0"
    listed = U32.write(1) + U32.write(1) + until.to_bytes(8, "little")
    assert ledger.state.get("assets", asset)[1].endswith(b"\0\0" + U32.write(1) + listed)
    key = sha256(b"counterfoil/snapshot/v1\n" + asset + b"\0\0\0\1").digest()
    times = b"".join(each.to_bytes(8, "little") for each in (START, until))
    assert ledger.state.get("snapshots", key) == (0, asset + U32.write(1) + times + U128.write(8))
    assert not ledger.state.records("saved", asset)
    p.ok(build.transfer(asset, alice, bob, 5), build.transfer(asset, bob, p.id("carol"), 1), by="alice bob")
    saved = ledger.state.records("saved", asset)
    units = {alice: 5, bob: 3, p.id("carol"): 0}
    assert saved == {who: (0, U32.write(1) + U32.write(1) + U128.write(each)) for who, each in units.items()}
    p.ok(*[build.snapshot(asset, until)] * 2, build.transfer(asset, bob, alice, 1), by="brand bob")
    entries = [(1, 5), (3, 0)]
    value = U32.write(2) + b"".join(U32.write(number) + U128.write(each) for number, each in entries)
    assert ledger.state.get("saved", alice, asset) == (0, value)
    assert ledger.state.get("saved", p.id("carol"), asset) == saved[p.id("carol")]
    p.later(9 * DAY)
    p.ok(build.transfer(asset, bob, alice, 1), by="bob")
    assert ledger.state.get("saved", alice, asset) == (0, value)
    p.ok(build.snapshot(asset, until + DAY), build.transfer(asset, bob, alice, 1), by="brand bob")
    assert ledger.state.get("saved", alice, asset) == (0, U32.write(1) + U32.write(4) + U128.write(2))
    assert set(ledger.state.records("snapshots")) == {snapshot.snapshot_id(asset, 4)}
    p.later(DAY)
    p.ok(build.release_snapshot(asset, 4), by="carol")
    assert ledger.state.get("assets", asset)[1].endswith(b"\0\0" + U32.write(4) + U32.write(0))
    assert not ledger.state.records("snapshots")
    ledger.check_invariants()


def test_a_distribution_in_bytes():
    ledger, p = _play()
    today, until = START // DAY, START + 9 * DAY
    share = p.asset(symbol="SHARE", alice=2, bob=1)
    asset = p.asset(build.lots("day"), build.inactivity_expiry(30), shop=9)
    p.later(DAY)
    p.ok(build.mint(asset, p.id("shop"), 9), build.snapshot(share, until), by="brand")
    shop, alice, bob, carol, salt = (*map(p.id, ("shop", "alice", "bob", "carol")), b"s" * 16)
    basis = build.snapshot_basis(share, 1, [carol])
    p.ok(build.distribute(shop, salt, asset, 16, basis, until, carol, b"r" * 32), by="shop")
    distribution = sha256(b"counterfoil/distribution/v1\n" + shop + salt).digest()
    lots = [U32.write(today) + U128.write(9), U32.write(today + 1) + U128.write(7)]
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + U32.write(2) + b"".join(lots) + U32.write(0)
    assert ledger.state.get("accounts", distribution) == (0, b"\1\x08")
    head = b"\1" + shop + salt + asset + U128.write(16) + b"\0" + share + U32.write(1) + U32.write(1) + carol
    times = b"".join(each.to_bytes(8, "little") for each in (START + DAY, until))
    head += U128.write(3) + times + carol + b"\1" + b"r" * 32
    assert ledger.state.get("distributions", distribution) == (0, head + U128.write(0) + bytes(8) + b"\0")
    p.later(1)
    p.ok(build.collect(distribution, [build.part(bob), build.part(alice)]), by="dave")
    lots = [U32.write(today) + U128.write(9), U32.write(today + 1) + U128.write(6)]
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + U32.write(2) + b"".join(lots) + U32.write(0)
    time = (START + DAY + 1).to_bytes(8, "little")
    assert ledger.state.records("collected", distribution) == {bob: (5, time), alice: (10, time)}
    counters = U128.write(15) + (2).to_bytes(8, "little")
    assert ledger.state.get("distributions", distribution) == (0, head + counters + b"\0")
    p.later(8 * DAY)
    p.ok(build.close_distribution(distribution), by="dave")
    lots = U32.write(1) + U32.write(today + 1) + U128.write(1)
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\1" + lots + U32.write(0)
    assert ledger.state.get("distributions", distribution) == (0, head + counters + b"\1")
    assert [ledger.balance(asset, who) for who in (distribution, alice, bob, carol)] == [0, 10, 5, 1]
    ledger.check_invariants()


def test_what_is_distributed_without_lots_stands_under_lot_0():
    ledger, p = _play()
    schema, nothing = schema_id(p.id("brand"), "member"), build.kind("nothing")
    p.ok(build.schema(p.id("brand"), "member", nothing, [p.id("brand")]), by="brand")
    p.ok(*[build.attest(schema, p.id("brand"), p.id(each), nothing) for each in ("alice", "bob")], by="brand")
    p.later(1)
    asset = p.asset(shop=9)
    distribution, basis = (
        distribute.distribution_id(p.id("shop"), bytes(16)),
        build.members_basis(schema, p.id("brand")),
    )
    until = START + DAY

    def taken(units: int) -> bytes:
        return U32.write(1) + b"\1" + U32.write(1) + U32.write(0) + U128.write(units) + U32.write(0)

    p.ok(build.distribute(p.id("shop"), bytes(16), asset, None, basis, until, p.id("shop")), by="shop")
    assert _effects(ledger.entries[-1]) == taken(9)
    p.ok(build.collect(distribution, [build.part(p.id("alice")), build.part(p.id("bob"))]), by="dave")
    assert _effects(ledger.entries[-1]) == taken(8)
    p.later(DAY)
    p.ok(build.close_distribution(distribution), by="dave")
    assert _effects(ledger.entries[-1]) == taken(1)


def test_a_constitution_in_bytes():
    ledger, p = _play()
    club, asset, guardian = p.open("club", "chair"), p.asset(), p.id("guardian")
    rule = build.rule(
        build.holders(asset),
        form=build.ranked(3),
        quorum_bps=0x0102,
        proposer_weight=7,
        guardian=guardian,
        deposit=build.deposit(asset, 9),
    )
    articles = [build.article([0x30, 0x70], [0]), build.article([0x33], keys=True)]
    p.later(5)
    p.ok(build.set_constitution(club, build.constitution([rule], articles)), by="club/chair brand")
    day = DAY.to_bytes(8, "little")
    periods = bytes(8) + day + bytes(8) * 3 + day + day
    in_bytes = b"\0" + asset + b"\0" + b"\2\3" + b"\2\1\0\0\x88\x13" + periods + U128.write(7) + b"\1" + guardian
    in_bytes += b"\1" + asset + U128.write(9)
    constitution = U32.write(1) + in_bytes + U32.write(2)
    constitution += (
        U32.write(2) + b"\x30\x70" + b"\0" + U32.write(1) + b"\0" + U32.write(1) + b"\x33" + b"\1" + U32.write(0)
    )
    since = (START + 5).to_bytes(8, "little")
    assert ledger.state.get("constitutions", club) == (0, b"\1" + since + constitution)
    keyed = bytes(4) + b"\1" + U32.write(1) + p.key("chair") + b"\0"
    assert ledger.state.get("accounts", club) == (0, b"\3" + keyed)
    assert rule_hash(rule) == sha256(in_bytes).digest()
    assert constitution_hash(build.constitution([rule], articles)) == sha256(constitution).digest()


def test_proposals_and_votes_in_bytes():
    ledger, p = _play()
    club = Club(p, form=build.ranked(2), deposit=build.deposit(asset_id(p.id("brand"), "COIN"), 9))
    actions = [[club.pays(5), club.pays(6)], []]
    proposal = club.proposed(options=actions, title=b"t" * 32, subject=b"u" * 32)
    salt, alice = b"s" * 16, p.id("alice")
    assert proposal == sha256(b"counterfoil/proposal/v1\n" + club.id + alice + salt).digest()
    moved = b"\1" + U32.write(1) + U32.write(0) + U128.write(9) + U32.write(0)
    assert _effects(ledger.entries[-1]) == U32.write(1) + moved
    assert ledger.state.get("accounts", proposal) == (0, b"\1\7")
    assert ledger.balance(club.money, proposal) == 9

    def in_bytes(counts: list[int], cast: int, decided: int, voters: int, state: bytes) -> bytes:
        pays = [OPERATION.write(each) for each in actions[0]]
        prefix = b"counterfoil/actions/v1\n"
        hashes = [sha256(prefix + U32.write(2) + b"".join(pays)).digest(), sha256(prefix + U32.write(0)).digest()]
        opened, ends = (time.to_bytes(8, "little") for time in (START, START + DAY))
        return (
            b"\1" + club.id + alice + salt + constitution_hash(club.constitution()) + b"\0" + RULE.write(club.rules[0])
            + b"t" * 32 + b"\1" + b"u" * 32 + U32.write(2) + b"".join(hashes) + b"\1" + U32.write(1) + U128.write(100)
            + opened + ends + U32.write(3) + b"".join(map(U128.write, counts)) + U128.write(cast) + U128.write(decided)
            + voters.to_bytes(8, "little") + state
        )  # fmt: skip

    assert ledger.state.get("proposals", proposal) == (0, in_bytes([0, 0, 0], 0, 0, 0, b"\0"))
    club.delegated("bob", "alice")
    delegation = sha256(b"counterfoil/delegation/v1\n" + club.id + p.id("bob")).digest()
    at = START.to_bytes(8, "little")
    assert ledger.state.get("delegations", delegation) == (0, club.id + p.id("bob") + alice + at)
    club.voted(proposal, "alice", build.rank(1, 0), ["bob", "alice"])
    vote = alice + b"\1" + U128.write(30) + b"\2" + U32.write(2) + b"\1\0"
    assert ledger.state.get("votes", p.id("bob"), proposal) == (30, vote)
    ranking = sha256(b"counterfoil/ranking/v1\n" + proposal + b"\1\0" + b"\xff" * 14).digest()
    assert ledger.state.records("rankings", proposal) == {ranking: (90, U32.write(2) + b"\1\0")}
    club.voted(proposal, "carol", build.rank())
    assert ledger.state.get("proposals", proposal) == (0, in_bytes([0, 90, 10], 100, 90, 3, b"\0"))
    p.later(DAY)
    assert club.conclude(proposal, [build.ranking([1, 0], 90)]) == ("ok", None)
    assert _effects(ledger.entries[-1]) == U32.write(1) + moved
    time = (START + DAY).to_bytes(8, "little")
    assert ledger.state.get("proposals", proposal) == (0, in_bytes([0, 90, 10], 100, 90, 3, b"\4\1" + time))
    assert ledger.balance(club.money, proposal) == 0
    rule = rule_hash(club.rules[0])
    resolution = sha256(b"counterfoil/resolution/v1\n" + club.id + rule + b"u" * 32).digest()
    resolved = club.id + rule + b"u" * 32 + b"\1" + proposal + time
    assert ledger.state.get("resolutions", resolution) == (0, resolved)
    assert club.execute(proposal) == ("ok", None)
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\2" + U32.write(0)
    assert ledger.state.get("proposals", proposal) == (0, in_bytes([0, 90, 10], 100, 90, 3, b"\5\1" + time))


def test_the_effects_of_actions():
    ledger, p = _play()
    club = Club(p, money=[build.lots("day")], governed=[0x13, 0x30, 0x70])
    actions = [club.pays(5), build.once(club.id, bytes(32)), club.pays(7)]
    proposal = club.passed(*actions)
    assert club.execute(proposal, *actions) == ("ok", None)
    taken = [b"\1" + U32.write(1) + U32.write(START // DAY) + U128.write(units) + U32.write(0) for units in (5, 7)]
    assert _effects(ledger.entries[-1]) == U32.write(1) + b"\2" + U32.write(3) + taken[0] + b"\0" + taken[1]


def test_a_seal_in_bytes():
    ledger, p = _play()
    club = Club(p, reveal_ms=DAY)
    proposal = club.proposed()
    shares = b"\0" + U32.write(3) + b"".join(share.to_bytes(8, "little") for share in (2, 1, 0))
    seal = sha256(b"counterfoil/ballot/v1\n" + proposal + p.id("bob") + b"s" * 16 + shares).digest()
    club.voted(proposal, "bob", build.sealed(seal))
    sealed = p.id("bob") + b"\0" + U128.write(30) + b"\3" + seal
    assert ledger.state.get("votes", p.id("bob"), proposal) == (0, sealed)
    p.later(DAY)
    assert club.reveal(proposal, "bob", build.in_shares(2, 1, 0)) == ("ok", None)
    assert ledger.state.get("votes", p.id("bob"), proposal) == (30, p.id("bob") + b"\0" + U128.write(30) + shares)
    record = ledger.state.value(PROPOSAL_RECORD, "proposals", proposal)
    assert (record.counts, record.cast, record.decided, record.voters) == ([20, 10, 0], 30, 30, 1)


@pytest.mark.parametrize("seed", range(40))
def test_the_run_off_in_other_words(seed):
    """Ballot by ballot, with the options that are out taken off each."""
    random = Random(seed)  # noqa: S311
    options = random.randrange(2, 6)
    every = [random.sample(range(options), random.randrange(1, options + 1)) for _ in range(random.randrange(1, 12))]
    rankings = [(options, random.randrange(1, 4)) for options in every]
    ballots = [list(options) for options, weight in rankings for _ in range(weight)]
    left = list(range(options))
    while True:
        firsts = Counter(ballot[0] for ballot in ballots if ballot)
        ahead = max(left, key=lambda option: firsts[option])
        if len(left) == 1 or 2 * firsts[ahead] > firsts.total():
            break
        out = min(reversed(left), key=lambda option: firsts[option])
        left.remove(out)
        ballots = [[option for option in ballot if option != out] for ballot in ballots]
    assert run_off(rankings, options) == (ahead, firsts[ahead])


def test_the_id_of_an_asset():
    expected = sha256(b"counterfoil/asset/v1\n" + b"i" * 32 + b"\4" + b"BEAN").digest()
    assert asset_id(b"i" * 32, "BEAN") == expected


# The log.


def test_commits_and_operators():
    ledger, p = _play()
    p.ok(build.once(p.id("alice"), bytes(32)), by="alice")
    root = ledger.state_root()
    p.ok(build.once(p.id("bob"), bytes(32)), by="bob")
    first = COMMIT.decode(ledger.commit(START + 1, through=2)[1:])
    assert (first.height, first.through, first.state_root, first.ledger) == (0, 2, root, ledger.id)
    new = build.signer("new operator")
    ledger.rotate(new.id, build.signer("operator").sign(ledger.rotation_message(new.id)))
    assert ledger.entries[-1][:33] == b"\3" + new.id
    second = COMMIT.decode(ledger.commit(START + 1)[1:])
    assert (second.height, second.through, second.state_root) == (1, 5, ledger.state_root())
    again = ModelLedger(build.genesis(START))
    for entry in ledger.entries[1:]:
        again.follow(entry)
    assert again.log_root() == ledger.log_root()


def test_time_does_not_go_back():
    ledger, p = _play()
    p.later(1)
    p.ok(build.once(p.id("alice"), bytes(32)), by="alice")
    with pytest.raises(ValueError, match="time goes back"):
        ledger.apply(b"", START)


# Worlds.


@settings(
    max_examples=15 * SOAK, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(strategies.worlds())
def test_invariants_hold_in_any_world(world):
    ledger = ModelLedger(strategies.world_genesis())
    for time, signed in world:
        before = ledger.state
        status, _, _ = ledger.apply(signed, time)
        assert status == "ok" or ledger.state is before
        ledger.check_invariants()


def test_snapshots_say_what_balances_were(monkeypatch):
    """Beside a copy of every balance, made when a snapshot was opened."""
    copies, opened = {}, snapshot.open_snapshot

    def copying(ctx, asset, until):
        record = opened(ctx, asset, until)
        balances = ctx.state.records("holders", asset)
        copies[asset, record.number] = {account: units for account, (units, _) in balances.items()}
        return record

    for module in (snapshot, governance):
        monkeypatch.setattr(module, "open_snapshot", copying)
    read = 0
    for seed in range(8 * SOAK):
        copies.clear()
        model = ModelLedger(strategies.world_genesis())
        for _ in strategies.random_world(seed, 400, model):
            for asset, (_, value) in model.state.records("assets").items():
                changed = model.state.records("saved", asset)
                for number in snapshot.live_numbers(ASSET_RECORD.decode(value), model.time):
                    was = copies[asset, number]
                    for account in changed.keys() | was.keys():
                        assert snapshot.units_in(model.state, asset, number, account) == was.get(account, 0)
                    read += bool(changed)
    assert read > 100


def test_a_world_depends_on_its_seed_alone():
    first, second = (list(strategies.random_world(7, 60)) for _ in range(2))
    assert first == second
    assert first != list(strategies.random_world(8, 60))


def test_worlds_reach_most_statuses():
    """A stream that is refused at the door all the time would test little."""
    model = ModelLedger(strategies.world_genesis())
    follower = ModelLedger(strategies.world_genesis())
    seen = Counter(follower.apply(signed, time)[0] for time, signed in strategies.random_world(1, 1_500, model))
    assert len(seen) > 40
    assert seen["ok"] > 150
    assert follower.state_root() == model.state_root()


def test_the_package_decodes_what_the_model_encodes():
    """Two codecs, written apart."""
    wire = pytest.importorskip("counterfoil.wire")
    model = ModelLedger(strategies.world_genesis())
    size = model.size
    for _, signed in strategies.random_world(5, 300, model):
        if model.size > size:
            size = model.size
            assert bytes(wire.SignedTransaction.from_bytes(signed)) == signed
    model.commit(model.time)
    for entry in model.entries:
        assert wire.encode_entry(wire.decode_entry(entry)) == entry
