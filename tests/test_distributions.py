"""Snapshots and distributions: every basis, everybody who cannot be paid, proofs without the ledger, sums that hold."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time as clock
from dataclasses import replace
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger, NativeVerifier
from counterfoil.distributions import Distribution, SnapshotProof, snapshots, take_snapshot
from counterfoil.exceptions import KeyReusedError, ProofError
from counterfoil.funding import Raise
from counterfoil.leaves import build
from counterfoil.ops import (
    After,
    Attest,
    AttestedHolders,
    Bound,
    Distribute,
    FixedExpiry,
    Freeze,
    Hold,
    LeavesBasis,
    Lots,
    MaxHolding,
    Mint,
    OpenGroup,
    Part,
    Pause,
    Pay,
    Payee,
    Period,
    Powers,
    Requirement,
    Revoke,
    Schema,
    Share,
    SnapshotBasis,
    Terms,
    group_id,
    hold_id,
    schema_id,
)
from counterfoil.status import Status
from counterfoil.verify import Verifier
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls import refused, standing

COOP, ANN, BOB, EVE, DAN = (Key.from_seed(bytes([number]) * 32) for number in range(71, 76))
DAY = 86_400_000
START = 1_700_006_400_000
"""2023-11-15, midnight UTC: behind every clock, so that the tests say the time."""
END = START + 90 * DAY
HELD = {ANN: 500, BOB: 300, EVE: 200}


@pytest.fixture
def ledger(tmp_path):
    folder = tmp_path / "coop"
    with Ledger.create(folder, origin="coop.example", operator=COOP, time=START, commit_every_ms=None) as made:
        yield made


@pytest.fixture
def share(ledger):
    powers = Powers(mint=COOP.account, freeze=COOP.account)
    asset = ledger.create_asset(COOP, "SHARE", powers=powers, time=START)
    for holder, units in HELD.items():
        ledger.mint(COOP, asset, to=holder.account, amount=units, time=START)
    return asset


@pytest.fixture
def ils(ledger):
    return _money(ledger, "ILS")


def _money(ledger, symbol, *policy):
    powers = Powers(mint=COOP.account, freeze=COOP.account, pause=COOP.account)
    asset = ledger.create_asset(COOP, symbol, decimals=2, policy=policy, powers=powers, time=START)
    ledger.mint(COOP, asset, to=COOP.account, amount=100_000, time=START)
    return asset


@pytest.fixture
def snapshot(ledger, share):
    return take_snapshot(ledger, COOP, asset=share, time=START)


def _open(ledger, asset, by, amount=1_000, **given):
    terms = {"deadline": END, "time": START + 2, **given}
    return Distribution.open(ledger, COOP, asset=asset, amount=amount, by=by, **terms)


def _members(ledger, *members, name="member", issuers=(COOP,)):
    """A schema whose members these are since START."""
    schema = schema_id(COOP.account, name)
    founded = Schema(creator=COOP.account, name=name, issuers=[issuer.account for issuer in issuers])
    attested = [Attest(schema=schema, issuer=COOP.account, subject=member.account) for member in members]
    ledger.execute([founded, *attested], COOP, time=START)
    return Requirement(schema, COOP.account)


# Snapshots.


def test_a_snapshot_says_what_was_there(ledger, share, snapshot):
    assert (snapshot.number, snapshot.opened, snapshot.until, snapshot.supply) == (1, START, END, 1_000)
    ledger.transfer(ANN, share, to=DAN.account, amount=500, time=START + 1)
    ledger.mint(COOP, share, to=BOB.account, amount=7, time=START + 1)
    assert [snapshot.units(each.account) for each in (ANN, BOB, EVE, DAN)] == [500, 300, 200, 0]
    assert dict(snapshot.holders()) == {holder.account: units for holder, units in HELD.items()}
    later = take_snapshot(ledger, COOP, asset=share, keep="1d", time=START + 1)
    assert dict(later.holders()) == {BOB.account: 307, EVE.account: 200, DAN.account: 500}
    assert snapshots(ledger, share) == [snapshot, later]
    ledger.mint(COOP, share, to=BOB.account, amount=1, time=START + DAY + 1)
    assert snapshots(ledger, share) == [snapshot]
    with pytest.raises(LookupError, match="no live snapshot 2"):
        later.units(BOB.account)
    with pytest.raises(LookupError, match="no live snapshot 2"):
        list(later.holders())


def test_holders_are_told_once_whatever_changes_meanwhile(ledger):
    asset = ledger.create_asset(COOP, "MANY", time=START)
    accounts = [Key.from_seed(number.to_bytes(32, "big")) for number in range(1_200)]
    payees = [Payee(each.account, 1) for each in accounts]
    ledger.mint(COOP, asset, to=COOP.account, amount=1_200, time=START)
    for start in (0, 600):
        pay = Pay(asset=asset, sender=COOP.account, payees=payees[start : start + 600])
        ledger.execute([pay], COOP, time=START)
    taken = take_snapshot(ledger, COOP, asset=asset, time=START)
    told = []
    for account, units in taken.holders():
        told.append((account, units))
        if len(told) == 1:
            # Many pass everything on while the holders are read, to accounts that had nothing.
            for each in accounts[::12]:
                ledger.transfer(each, asset, to=Key.generate().account, amount=1, time=START + 1)
    assert len(told) == 1_200
    assert dict(told) == {each.account: 1 for each in accounts}


@pytest.mark.parametrize("read", ["balance", "_decoded"])
def test_a_payment_between_two_reads_is_not_told(ledger, share, snapshot, monkeypatch, read):
    original = getattr(ledger, read)

    def then_pay(*question):
        found = original(*question)
        if question[0] in (share, "saved"):
            ledger.transfer(ANN, share, to=BOB.account, amount=1, time=START + 1)
        return found

    monkeypatch.setattr(ledger, read, then_pay)
    assert snapshot.units(ANN.account) == 500
    monkeypatch.undo()
    assert ledger.balance(share, ANN.account) < 500


def test_a_snapshot_is_taken_once_with_a_key(ledger, share):
    tried = take_snapshot(ledger, COOP, asset=share, key="November", dry_run=True, time=START)
    assert (tried.number, tried.supply, ledger.asset(share).snapshots_taken) == (1, 1_000, 0)
    first = take_snapshot(ledger, COOP, asset=share, key="November", time=START)
    # Of the same millisecond, with another balance: a retry still finds its own.
    ledger.transfer(ANN, share, to=BOB.account, amount=1, time=START)
    second = take_snapshot(ledger, COOP, asset=share, time=START)
    ledger.transfer(ANN, share, to=BOB.account, amount=1, time=START + 1)
    third = take_snapshot(ledger, COOP, asset=share, time=START + 1)
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert [each.units(ANN.account) for each in (first, second, third)] == [500, 499, 498]
    assert take_snapshot(ledger, COOP, asset=share, key="November", time=START + 5) == first
    assert ledger.asset(share).snapshots_taken == 3
    ledger.mint(COOP, share, to=BOB.account, amount=1, time=END + 1)
    for each in (first, second, third):
        each.release(ANN, time=END + 2)
    with pytest.raises(LookupError, match="found that it has ended"):
        take_snapshot(ledger, COOP, asset=share, key="November", time=END + 3)


def test_bad_snapshots_are_refused(ledger, share):
    refused("unauthorized", take_snapshot, ledger, ANN, asset=share, time=START)
    refused("invalid_until", take_snapshot, ledger, COOP, asset=share, keep=0, time=START)
    refused("invalid_until", take_snapshot, ledger, COOP, asset=share, keep="101y", time=START)
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        take_snapshot(ledger, COOP, asset=bytes(32), time=START)
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        snapshots(ledger, bytes(32))
    for wrong in (1.5, None, "soon"):
        with pytest.raises((TypeError, ValueError), match="span: expected"):
            take_snapshot(ledger, COOP, asset=share, keep=wrong, time=START)
    for _ in range(64):
        take_snapshot(ledger, COOP, asset=share, keep="1d", time=START)
    refused("too_many_snapshots", take_snapshot, ledger, COOP, asset=share, time=START)


def test_a_snapshot_is_released_when_it_is_over(snapshot):
    refused("snapshot_needed", snapshot.release, ANN, time=END - 1)
    assert snapshot.release(ANN, dry_run=True, time=END).dry_run
    snapshot.release(ANN, key="away", time=END)
    assert snapshot.release(ANN, key="away", time=END).repeated
    refused("unknown_snapshot", snapshot.release, ANN, time=END)


# Snapshots, proven.


def _unproven(reason, proof, *args):
    with pytest.raises(ProofError) as caught:
        proof.verify(*args)
    assert caught.value.reason == reason


def test_a_balance_in_a_snapshot_is_proven_without_the_ledger(ledger, share, snapshot):
    ledger.transfer(ANN, share, to=DAN.account, amount=500, time=START + 1)
    ledger.checkpoint(time=START + 2)
    verifiers = Verifier(ledger.verifier_key, ledger=ledger.id), NativeVerifier(ledger.verifier_key, ledger=ledger.id)
    for each, units in ((ANN, 500), (BOB, 300), (DAN, 0), (COOP, 0)):
        proof = snapshot.prove(each.account)
        claim, native = (proof.verify(verifier, share, each.account, 1) for verifier in verifiers)
        assert claim == native
        assert (claim.units, claim.supply, claim.opened, claim.until) == (units, 1_000, START, END)
        assert (claim.time, claim.state_root) == (START + 2, ledger.state_root)


def test_forged_proofs_of_a_snapshot_are_refused(ledger, share, ils, snapshot):
    ledger.checkpoint(time=START + 1)
    verifier = Verifier(ledger.verifier_key)
    before = snapshot.prove(ANN.account)
    bobs = snapshot.prove(BOB.account)
    ledger.transfer(ANN, share, to=DAN.account, amount=500, time=START + 2)
    ledger.checkpoint(time=START + 2)
    after = snapshot.prove(ANN.account)
    _unproven("wrong_question", after, verifier, share, BOB.account, 1)
    _unproven("wrong_question", after, verifier, ils, ANN.account, 1)
    _unproven("wrong_question", after, verifier, share, ANN.account, 2)
    # That nothing was saved, at the older root, beside what the account has now, and the other way round.
    _unproven("wrong_root", replace(after, saved=before.saved), verifier, share, ANN.account, 1)
    _unproven("wrong_root", replace(before, balance=after.balance), verifier, share, ANN.account, 1)
    _unproven("wrong_root", replace(after, snapshot=before.snapshot), verifier, share, ANN.account, 1)
    _unproven("wrong_question", replace(after, saved=bobs.saved), verifier, share, ANN.account, 1)
    _unproven("wrong_question", replace(after, balance=after.saved), verifier, share, ANN.account, 1)
    _unproven("truncated", replace(after, saved=after.saved[:40]), verifier, share, ANN.account, 1)
    with pytest.raises(ProofError):
        SnapshotProof(b"", b"", b"").verify(verifier, share, ANN.account, 1)
    with pytest.raises(ProofError) as caught:
        after.verify(verifier, share, ANN.account, 1, now_ms=START + DAY)
    assert caught.value.reason == "stale"


def test_a_snapshot_that_has_ended_proves_nothing(ledger, share, snapshot):
    # It is listed still, and what was saved for it is dropped with the next payment.
    ledger.transfer(ANN, share, to=BOB.account, amount=500, time=START + 1)
    ledger.transfer(BOB, share, to=ANN.account, amount=1, time=END)
    ledger.checkpoint(time=END)
    verifier = Verifier(ledger.verifier_key)
    _unproven("wrong_question", snapshot.prove(ANN.account), verifier, share, ANN.account, 1)
    snapshot.release(ANN, time=END)
    ledger.checkpoint(time=END)
    _unproven("wrong_question", snapshot.prove(ANN.account), verifier, share, ANN.account, 1)


def test_proofs_are_checked_without_the_native_module():
    program = (
        "import sys; sys.modules['counterfoil._core'] = None; "
        "from counterfoil.distributions import Distribution, SnapshotProof; import counterfoil.creators; "
        "assert 'counterfoil.ledger' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


# Each basis.


def test_holders_are_paid_by_what_they_had(ledger, share, ils, snapshot):
    ledger.transfer(ANN, share, to=DAN.account, amount=500, time=START + 1)
    paid = _open(ledger, ils, snapshot, Decimal("10.01"), reference=b"r" * 32)
    assert (paid.record.amount, paid.record.whole, paid.record.reference) == (1_001, 1_000, b"r" * 32)
    assert [paid.part(each.account) for each in (ANN, BOB, EVE, DAN)] == [500, 300, 200, 0]
    assert dict(paid.parts()) == {ANN.account: 500, BOB.account: 300, EVE.account: 200}
    paid.collect(ANN.account, BOB.account, time=START + 2)
    assert (ledger.balance(ils, ANN.account), ledger.balance(ils, BOB.account)) == (500, 300)
    refused("already_collected", paid.collect, EVE.account, ANN.account, time=START + 3)
    refused("not_entitled", paid.collect, DAN.account, time=START + 3)
    refused("wrong_proof", paid.collect, Part(EVE.account, b"proof"), time=START + 3)
    assert paid.part(ANN.account) == 500
    refused("distribution_open", paid.close, time=END - 1)
    refused("distribution_ended", paid.collect, EVE.account, time=END)
    paid.close(time=END)
    refused("distribution_closed", paid.close, time=END)
    assert ledger.balance(ils, COOP.account) == 100_000 - 800
    with pytest.raises(LookupError, match="no live snapshot"):
        paid.part(EVE.account)


def test_excluded_accounts_have_no_part(ledger, ils, snapshot):
    paid = _open(ledger, ils, snapshot, 1_000, excluded=[EVE.account, DAN.account], leftover=DAN.account)
    assert (paid.record.whole, dict(paid.parts())) == (800, {ANN.account: 625, BOB.account: 375})
    refused("not_entitled", paid.collect, EVE.account, time=START + 2)
    assert paid.part(EVE.account) == 0
    everybody = [ANN.account, BOB.account, EVE.account]
    refused("nothing_to_share", _open, ledger, ils, snapshot, excluded=everybody)
    refused("invalid_basis", _open, ledger, ils, snapshot, excluded=[bytes([each]) * 32 for each in range(17)])
    refused("invalid_basis", _open, ledger, ils, snapshot, excluded=[ANN.account, ANN.account])
    with pytest.raises(ValueError, match="excluded: expected accounts only beside a Snapshot"):
        _open(ledger, ils, build({ANN.account: 1}), excluded=[BOB.account])
    paid.close(time=END)
    assert ledger.balance(ils, DAN.account) == 1_000


def test_members_are_paid_the_same_each(ledger, ils):
    members, nobody = _members(ledger, ANN, BOB, EVE), _members(ledger, name="nobody")
    open_to_all = _members(ledger, ANN, name="anybody", issuers=(COOP, DAN))
    paid = _open(ledger, ils, members, 1_000)
    late = Attest(schema=members.schema, issuer=COOP.account, subject=DAN.account)
    gone = Revoke(schema=members.schema, issuer=COOP.account, subject=EVE.account)
    ledger.execute([late, gone], COOP, time=START + 3)
    # Who left since was a member, and who came since was not.
    assert dict(paid.parts()) == {each.account: 333 for each in (ANN, BOB, EVE)}
    assert [paid.part(each.account) for each in (EVE, DAN)] == [333, 0]
    refused("not_entitled", paid.collect, DAN.account, time=START + 4)
    [collected] = paid.collect_all(time=START + 4)
    assert (len(collected.paid), collected.refused, ledger.balance(ils, EVE.account)) == (3, (), 333)
    refused("invalid_electorate", _open, ledger, ils, open_to_all, time=START + 4)
    refused("unknown_schema", _open, ledger, ils, Requirement(bytes(32), COOP.account), time=START + 4)
    refused("nothing_to_share", _open, ledger, ils, nobody, time=START + 4)


def test_members_who_expired_or_come_in_the_same_moment_have_no_part(ledger, ils):
    members = _members(ledger, ANN)
    short = Attest(schema=members.schema, issuer=COOP.account, subject=BOB.account, expires=START + 2)
    fresh = Attest(schema=members.schema, issuer=COOP.account, subject=EVE.account)
    ledger.execute([short], COOP, time=START + 1)
    ledger.execute([fresh], COOP, time=START + 2)
    paid = _open(ledger, ils, members, 900)
    assert (dict(paid.parts()), paid.record.whole) == ({ANN.account: 300}, 3)
    for each in (BOB, EVE):
        refused("not_entitled", paid.collect, each.account, time=START + 3)


def test_a_list_is_paid_with_proofs(ledger, ils):
    leaves = build({ANN.account: 700, BOB.account: 299})
    paid = _open(ledger, ils, leaves, 1_000)
    assert (paid.part(ANN.account), paid.part(EVE.account)) == (700, 0)
    anybody = Distribution(ledger, EVE, identifier=paid.id)
    for call in (lambda: anybody.part(ANN.account), lambda: list(anybody.parts()), lambda: anybody.collect(ANN.account),
                 lambda: list(anybody.collect_all())):  # fmt: skip
        with pytest.raises(ValueError, match="leaves: expected the list"):
            call()
    # Who has no more than its own proof is paid all the same.
    anybody.collect(Part(ANN.account, leaves.proof(ANN.account)), time=START + 3)
    assert ledger.balance(ils, ANN.account) == 700
    with pytest.raises(LookupError, match="account: expected one of 2 in the list"):
        paid.collect(EVE.account, time=START + 3)
    for forged in (b"", leaves.proof(ANN.account), leaves.proof(BOB.account)[:-1], leaves.proof(BOB.account) + b"x",
                   build({BOB.account: 999}).proof(BOB.account)):  # fmt: skip
        refused("wrong_proof", anybody.collect, Part(BOB.account, forged), time=START + 3)
    refused("wrong_proof", anybody.collect, Part(EVE.account, leaves.proof(BOB.account)), time=START + 3)
    with pytest.raises(ValueError, match="leaves: expected"):
        Distribution(ledger, EVE, identifier=paid.id, leaves=build({ANN.account: 999}))
    again = Distribution(ledger, EVE, identifier=paid.id, leaves=leaves)
    assert [each.paid for each in again.collect_all(time=START + 3)] == [(BOB.account,)]
    assert ledger.balance(ils, BOB.account) == 299


def test_a_list_over_its_funds_or_of_another_total_pays_nobody(ledger, ils):
    leaves = build({ANN.account: 700, BOB.account: 301})
    refused("leaves_exceed_funds", _open, ledger, ils, leaves, 1_000)
    understated = _open(ledger, ils, LeavesBasis(leaves.root, 1_000), 1_000)
    for each in (ANN, BOB):
        proof = leaves.proof(each.account)
        refused("wrong_proof", understated.collect, Part(each.account, proof), time=START + 3)
    with pytest.raises(ValueError, match="leaves: expected"):
        Distribution(ledger, COOP, identifier=understated.id, leaves=leaves)
    refused("invalid_basis", _open, ledger, ils, LeavesBasis(bytes(32), 1))
    refused("invalid_basis", _open, ledger, ils, LeavesBasis(leaves.root, 0))


def test_backers_are_paid_by_what_they_put_in(ledger, ils):
    for backer in (ANN, BOB):
        ledger.mint(COOP, ils, to=backer.account, amount=1_000, time=START)
    terms = Terms(settle_if=After(START + DAY), payees=[Share(DAN.account)], deadline=END)
    opened = OpenGroup(owner=COOP.account, salt=bytes(16), asset=ils, closes=START + DAY, terms=terms)
    group = group_id(COOP.account, bytes(16))
    ledger.execute([opened], COOP, time=START)
    holds = []
    for number, (backer, amount) in enumerate(((ANN, 100), (BOB, 200), (ANN, 33))):
        hold = Hold(payer=backer.account, salt=bytes([number]) * 16, asset=ils, amount=amount, group=group)
        ledger.execute([hold], backer, time=START)
        holds.append(hold_id(backer.account, hold.salt))
    other = Hold(payer=BOB.account, salt=b"o" * 16, asset=ils, amount=50, terms=terms)
    ledger.execute([other], BOB, time=START)
    refused("group_open", _open, ledger, ils, group, 1_000)
    paid = _open(ledger, ils, group, 1_000, time=START + DAY)
    assert (paid.record.whole, dict(paid.parts())) == (333, dict(zip(holds, (300, 600, 99), strict=True)))
    assert [paid.part(of) for of in (*holds, hold_id(BOB.account, other.salt), ANN.account)] == [300, 600, 99, 0, 0]
    refused("not_entitled", paid.collect, hold_id(BOB.account, other.salt), time=START + DAY)
    refused("not_entitled", paid.collect, ANN.account, time=START + DAY)
    before = ledger.balance(ils, ANN.account), ledger.balance(ils, BOB.account)
    [collected] = paid.collect_all(time=START + DAY)
    assert (collected.paid, collected.refused) == (tuple(holds), ())
    after = ledger.balance(ils, ANN.account), ledger.balance(ils, BOB.account)
    assert (after[0] - before[0], after[1] - before[1]) == (399, 600)


def test_backers_who_could_take_their_pledges_back_are_no_basis(ledger, ils):
    film = Raise.open(ledger, COOP, asset=ils, goal=1_000, closes=START + DAY, to=DAN.account, time=START)
    film.pledge(COOP, 600, time=START)
    refused("invalid_basis", _open, ledger, ils, film.id, time=START + DAY)


def test_what_nobody_has_is_refused(ledger, share, ils, snapshot):
    refused("insufficient_funds", _open, ledger, ils, snapshot, 100_001)
    refused("zero_amount", _open, ledger, ils, snapshot, 0)
    refused("amount_too_large", _open, ledger, ils, snapshot, 10**38)
    refused("snapshot_too_short", _open, ledger, ils, snapshot, deadline=END + 1)
    refused("no_deadline", _open, ledger, ils, snapshot, deadline=0)
    refused("deadline_passed", _open, ledger, ils, snapshot, deadline=START + 2)
    refused("deadline_too_far", _open, ledger, ils, build({ANN.account: 1}), deadline=START + 40_000 * DAY)
    refused("unknown_group", _open, ledger, ils, b"g" * 32)
    refused("unknown_snapshot", _open, ledger, ils, SnapshotBasis(share, 2))
    refused("unknown_snapshot", _open, ledger, ils, SnapshotBasis(bytes(32), 1))
    empty = {"asset": ils, "by": snapshot, "deadline": END, "time": START + 2}
    refused("insufficient_funds", Distribution.open, ledger, ANN, **empty)
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        _open(ledger, bytes(32), snapshot)
    for wrong in (1.5, "10", True):
        with pytest.raises(TypeError, match="amount: expected"):
            _open(ledger, ils, snapshot, wrong)
    with pytest.raises(ValueError, match="amount: expected at most 2 decimal places"):
        _open(ledger, ils, snapshot, Decimal("0.001"))
    for wrong in (None, 5, "everybody", {ANN.account: 5}):
        with pytest.raises(TypeError, match="by: expected"):
            _open(ledger, ils, wrong)
    with pytest.raises(LookupError, match="distribution: expected one of this ledger"):
        Distribution(ledger, COOP, identifier=bytes(32))
    # Nothing of it is there.
    assert ledger.balance(ils, COOP.account) == 100_000
    snapshot.release(ANN, time=END)
    refused("unknown_snapshot", _open, ledger, ils, snapshot, deadline=END + DAY, time=END)


# Everybody at once.


def test_who_cannot_be_paid_holds_up_nobody_else(ledger, snapshot):
    club = _members(ledger, ANN, name="club")
    for symbol, policy, statuses in (
        ("FROZEN", (), {BOB: "account_frozen"}),
        ("BOUND", (Bound(),), {ANN: "asset_bound", BOB: "asset_bound", EVE: "asset_bound"}),
        ("ATTESTED", (AttestedHolders(club.schema, club.issuer),), dict.fromkeys((BOB, EVE), "unknown_attestation")),
        ("MAX", (MaxHolding(400),), {ANN: "max_holding_exceeded"}),
    ):
        asset = _money(ledger, symbol, *policy)
        fund = COOP
        if symbol == "FROZEN":
            ledger.execute([Freeze(asset=asset, account=BOB.account, frozen=True)], COOP, time=START)
        if symbol == "BOUND":
            # What is bound goes back to its issuer alone.
            ledger.mint(COOP, asset, to=DAN.account, amount=1_000, time=START)
            fund = DAN
        opened = Distribution.open(
            ledger, fund, asset=asset, amount=1_000, by=snapshot, deadline=END, leftover=COOP.account, time=START
        )
        [collected] = opened.collect_all(dry_run=True, time=START)
        assert collected.done is None or collected.done.dry_run
        [collected] = opened.collect_all(time=START)
        assert dict(collected.refused) == {each.account: Status[status] for each, status in statuses.items()}
        assert set(collected.paid) == {each.account for each in HELD if each not in statuses}
        paid = sum(units for each, units in HELD.items() if each not in statuses)
        report = opened.report(time=START)
        assert (report.collected, report.left, report.parts) == (paid, 1_000 - paid, 3 - len(statuses))
        for each, status in statuses.items():
            refused(status, opened.collect, each.account, time=START)


def test_units_in_holds_and_campaigns_are_nobodys(ledger, share, ils):
    terms = Terms(settle_if=After(END), payees=[Share(BOB.account)], deadline=END)
    hold = Hold(payer=ANN.account, salt=bytes(16), asset=share, amount=400, terms=terms)
    ledger.execute([hold], ANN, time=START)
    snapshot = take_snapshot(ledger, COOP, asset=share, time=START)
    paid = _open(ledger, ils, snapshot)
    [collected] = paid.collect_all(time=START + 3)
    assert collected.refused == ((hold_id(ANN.account, bytes(16)), Status.programme_account),)
    assert ledger.balance(ils, ANN.account) == 100


def test_everybody_is_paid_once_however_often_it_is_tried(ledger, ils, snapshot):
    paid = _open(ledger, ils, snapshot, 1_000)
    seen = []
    before = standing(ledger)
    [tried] = paid.collect_all(dry_run=True, time=START + 3, progress=lambda *each: seen.append(each))
    assert (set(tried.paid), seen, standing(ledger)) == ({each.account for each in HELD}, [(0, 1_000)], before)
    unasked = paid.collect_all(time=START + 3)
    assert standing(ledger) == before
    paid.collect(BOB.account, time=START + 3)
    [collected] = unasked
    assert set(collected.paid) == {ANN.account, EVE.account}
    assert list(paid.collect_all(time=START + 3)) == []


def test_nobody_is_paid_by_what_has_ended_or_is_paused(ledger, ils, snapshot):
    leaves = build({each.account: 1 for each in (ANN, BOB, EVE)})
    paid = _open(ledger, ils, leaves, 10)
    ledger.execute([Pause(asset=ils, paused=True)], COOP, time=START + 3)
    refused("asset_paused", lambda: list(paid.collect_all(time=START + 3)))
    refused("asset_paused", paid.collect, ANN.account, time=START + 3)
    refused("asset_paused", _open, ledger, ils, snapshot, time=START + 3)
    refused("asset_paused", paid.close, time=END)
    ledger.execute([Pause(asset=ils, paused=False)], COOP, time=START + 3)
    refused("distribution_ended", lambda: list(paid.collect_all(time=END)))
    paid.close(time=END)
    refused("distribution_ended", lambda: list(paid.collect_all(time=END)))


def test_ten_thousand_holders_are_paid_quickly(ledger, ils):
    asset = ledger.create_asset(COOP, "MANY", time=START)
    accounts = [number.to_bytes(32, "big") for number in range(1, 10_001)]
    for start in range(0, 10_000, 500):
        mints = [Mint(asset=asset, to=account, amount=1 + start % 3) for account in accounts[start : start + 500]]
        ledger.execute(mints, COOP, time=START)
    frozen = accounts[::500]
    ledger.execute([Freeze(asset=ils, account=account, frozen=True) for account in frozen], COOP, time=START)
    taken = take_snapshot(ledger, COOP, asset=asset, time=START)
    paid = _open(ledger, ils, taken, 90_000)
    began = clock.perf_counter()
    collected = list(paid.collect_all(time=START + 3))
    seconds = clock.perf_counter() - began
    assert sum(len(each.paid) for each in collected) == 10_000 - len(frozen)
    assert sorted(account for each in collected for account, _ in each.refused) == sorted(frozen)
    assert seconds < 30
    report = paid.report(time=START + 3)
    assert report.collected == sum(ledger.balance(ils, account) for account in accounts)


# Calls that happen once.


def test_every_call_happens_once_with_a_key(ledger, ils, snapshot):
    before = standing(ledger)
    tried = _open(ledger, ils, snapshot, dry_run=True, key="November")
    assert standing(ledger) == before
    with pytest.raises(LookupError, match="distribution: expected one of this ledger"):
        tried.record  # noqa: B018 - a property that raises
    with pytest.raises(LookupError, match="distribution: expected one of this ledger"):
        tried.collect(ANN.account, time=START + 2)
    paid = _open(ledger, ils, snapshot, key="November")
    again = _open(ledger, ils, snapshot, key="November", time=START + 9, deadline=END - 1)
    assert (again.id, again.record.deadline, paid.id) == (tried.id, END, tried.id)
    with pytest.raises(KeyReusedError):
        _open(ledger, ils, snapshot, 1_001, key="November")
    refused("distribution_exists", _once_more, ledger, paid)
    for call, name in ((lambda **given: paid.collect(ANN.account, time=START + 3, **given), "collect"),
                       (lambda **given: paid.close(time=END, **given), "close")):  # fmt: skip
        before = standing(ledger)
        assert call(dry_run=True, key=name).dry_run
        assert standing(ledger) == before
        assert not call(key=name).repeated
        assert call(key=name).repeated
    with pytest.raises(KeyReusedError):
        paid.collect(BOB.account, key="collect", time=END)


def _once_more(ledger, paid):
    record = paid.record
    again = Distribute(fund=record.fund, salt=record.salt, asset=record.asset, basis=record.basis, amount=1,
                       deadline=END, leftover=record.leftover)  # fmt: skip
    ledger.execute([again], COOP, time=START + 3)


def test_parts_that_are_listed_twice_or_nothing_are_refused(ledger, ils, snapshot):
    paid = _open(ledger, ils, snapshot, 3)
    refused("no_part", paid.collect, time=START + 3)
    refused("invalid_part", paid.collect, ANN.account, ANN.account, time=START + 3)
    assert dict(paid.parts()) == {ANN.account: 1}
    refused("nothing_due", paid.collect, BOB.account, time=START + 3)
    for wrong in (5, "ann", None):
        with pytest.raises(TypeError):
            paid.collect(wrong, time=START + 3)


# Sums.


def test_what_lapses_meanwhile_is_nobodys(ledger, snapshot):
    points = _money(ledger, "POINT", Lots(Period.DAY), FixedExpiry(30))
    ledger.mint(COOP, points, to=COOP.account, amount=50, time=START + 20 * DAY)
    paid = _open(ledger, points, snapshot, None, time=START + 20 * DAY)
    paid.collect(ANN.account, time=START + 20 * DAY)
    assert paid.report(time=START + 20 * DAY).left == 100_050 - 50_025
    late = START + 31 * DAY
    waiting = paid.report(time=late)
    assert (waiting.left, waiting.lapsed) == (50, 100_050 - 50_025 - 50)
    [collected] = paid.collect_all(time=late)
    assert dict(collected.refused) == dict.fromkeys((BOB.account, EVE.account), Status.insufficient_funds)
    paid.close(time=END)
    assert _check_report(ledger, paid, END).lapsed == 100_050 - 50_025


def _check_report(ledger, paid, time):
    """What a report says is what the journal has, entry by entry."""
    report = paid.report(time=time)
    assert report.amount == report.collected + report.left + report.left_over + report.lapsed
    postings = list(ledger.journal(account=paid.id))
    assert sum(each.amount for each in postings) == ledger.balance(paid.record.asset, paid.id)
    assert postings[0].amount == report.amount
    if report.closed:
        assert report.left == ledger.balance(paid.record.asset, paid.id) == 0
        expired = sum(each.amount for each in ledger.journal() if each.kind == "expired")
        assert report.lapsed == expired
    return report


HOLDERS = [Key.from_seed(bytes([number]) * 32) for number in range(1, 9)]
UNITS = st.integers(1, 10**20) | st.sampled_from([1, 2, 3, 10**30])


@settings(max_examples=12, deadline=None)
@given(st.lists(UNITS, min_size=1, max_size=8), UNITS, st.lists(st.integers(0, 7), max_size=4), st.booleans())
def test_nothing_is_lost_and_nothing_is_made(held, amount, moves, leave_out):
    with tempfile.TemporaryDirectory() as folder, Ledger.create(
        folder + "/sums", origin="sums.example", operator=COOP, time=START, commit_every_ms=None
    ) as ledger:  # fmt: skip
        share, euro = (ledger.create_asset(COOP, symbol, time=START) for symbol in ("SHARE", "EURO"))
        for holder, units in zip(HOLDERS, held, strict=False):
            ledger.mint(COOP, share, to=holder.account, amount=units, time=START)
        ledger.mint(COOP, euro, to=COOP.account, amount=amount, time=START)
        taken = take_snapshot(ledger, COOP, asset=share, time=START)
        for place in moves:
            payer, payee = HOLDERS[place], HOLDERS[(place + 1) % 8]
            units = ledger.balance(share, payer.account)
            if units:
                ledger.transfer(payer, share, to=payee.account, amount=(units + 1) // 2, time=START + 1)
        left_out = [HOLDERS[0].account] if leave_out and len(held) > 1 else []
        paid = _open(ledger, euro, taken, None, excluded=left_out)
        whole = sum(held) - (held[0] if left_out else 0)
        parts = {holder.account: amount * units // whole for holder, units in zip(HOLDERS, held, strict=False)
                 if holder.account not in left_out}  # fmt: skip
        assert dict(paid.parts()) == {account: part for account, part in parts.items() if part}
        assert all(not each.refused for each in paid.collect_all(time=START + 3))
        assert all(ledger.balance(euro, account) == part for account, part in parts.items())
        report = _check_report(ledger, paid, START + 3)
        assert (report.collected, report.left_over, report.lapsed) == (sum(parts.values()), 0, 0)
        assert report.left < len(parts)
        paid.close(time=END)
        assert _check_report(ledger, paid, END).left_over == report.left
        assert ledger.balance(euro, COOP.account) == amount - sum(parts.values())


@settings(max_examples=12, deadline=None)
@given(st.lists(UNITS, min_size=1, max_size=8), UNITS, st.integers(0, 8))
def test_members_lists_and_backers_get_what_there_is(weights, amount, refusing):
    with tempfile.TemporaryDirectory() as folder, Ledger.create(
        folder + "/sums", origin="sums.example", operator=COOP, time=START, commit_every_ms=None
    ) as ledger:  # fmt: skip
        euro = ledger.create_asset(COOP, "EURO", powers=Powers(mint=COOP.account, freeze=COOP.account), time=START)
        terms = Terms(settle_if=After(START + 1), payees=[Share(DAN.account)], deadline=END)
        opening = OpenGroup(owner=COOP.account, salt=bytes(16), asset=euro, closes=START + 1, terms=terms)
        ledger.execute([opening], COOP, time=START)
        group = group_id(COOP.account, bytes(16))
        holders = HOLDERS[: len(weights)]
        for holder, units in zip(holders, weights, strict=True):
            ledger.mint(COOP, euro, to=holder.account, amount=units, time=START)
            hold = Hold(payer=holder.account, salt=bytes(16), asset=euro, amount=units, group=group)
            ledger.execute([hold], holder, time=START)
        members = _members(ledger, *holders)
        leaves = build({holder.account: units for holder, units in zip(holders, weights, strict=True)})
        ledger.execute([Freeze(asset=euro, account=each.account, frozen=True) for each in holders[:refusing]] or
                       [Mint(asset=euro, to=COOP.account, amount=1)], COOP, time=START + 2)  # fmt: skip
        for by, given_to in ((members, amount), (leaves, leaves.total + amount), (group, amount)):
            ledger.mint(COOP, euro, to=COOP.account, amount=given_to, time=START + 2)
            paid = _open(ledger, euro, by, given_to)
            parts = dict(paid.parts())
            assert sum(parts.values()) <= given_to
            collected = list(paid.collect_all(time=START + 2))
            got = [of for each in collected for of in each.paid]
            lost = [of for each in collected for of, status in each.refused if status is Status.account_frozen]
            assert sorted(got + lost) == sorted(parts)
            report = _check_report(ledger, paid, START + 2)
            assert (report.collected, report.parts) == (sum(parts[of] for of in got), len(got))
            assert (report.left, report.lapsed) == (given_to - report.collected, 0)


def test_a_list_of_thousands_is_paid(ledger, ils):
    leaves = build({number.to_bytes(32, "big"): number for number in range(1, 2_001)})
    ledger.mint(COOP, ils, to=COOP.account, amount=leaves.total, time=START)
    paid = _open(ledger, ils, leaves, leaves.total)
    collected = list(paid.collect_all(time=START + 3))
    assert sum(len(each.paid) for each in collected) == 2_000
    assert (paid.report(time=START + 3).left, paid.record.parts) == (0, 2_000)
