"""Recounts of bundles of ballots: of every form, weight and electorate, of ledgers that go on, and of forgers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from counterfoil import Key, Ledger, NativeVerifier, Signer, Transaction
from counterfoil._bundle import join
from counterfoil.cli import app
from counterfoil.exceptions import LedgerError, OperatorKeyError, ProofError
from counterfoil.governance import _ballot_export as exporting
from counterfoil.governance import ballots as module
from counterfoil.governance import export_ballots, title_hash, verify_ballots, write_ballots
from counterfoil.ops import (
    After,
    AllOf,
    Approval,
    Approve,
    Article,
    Attest,
    BackersElectorate,
    ByPayer,
    Cancel,
    Conclude,
    Constitution,
    Delegate,
    Execute,
    GroupTotal,
    Hold,
    HoldersElectorate,
    KeyGrant,
    MemberHoldersElectorate,
    MembersElectorate,
    Mint,
    OpenGroup,
    Propose,
    Rank,
    Ranked,
    Reason,
    Release,
    ReleaseSnapshot,
    Reveal,
    Revoke,
    Rule,
    Schema,
    Sealed,
    SetConstitution,
    SetKeys,
    Share,
    Shares,
    Terms,
    Transfer,
    Veto,
    Vote,
    Weight,
    YesNo,
    ballot_seal,
    group_id,
    hold_id,
    proposal_id,
    schema_id,
)
from counterfoil.verify import (
    CODEC,
    ProposalExecuted,
    ProposalFailed,
    ProposalPassed,
    Revocation,
    Verifier,
    map_root,
    tree_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""

OPERATOR, FOUNDER, ANN, BOB, CAT, DAN, EVE = (Key.from_seed(bytes([number]) * 32) for number in range(41, 48))
CLUB = Signer(FOUNDER.account, FOUNDER)
MEMBERS = (ANN, BOB, CAT, DAN)
TITLE = "Where do we go this summer?"
YES, NO, ABSTAIN = Shares((1, 0, 0)), Shares((0, 1, 0)), Shares((0, 0, 1))


class Club:
    """A ledger with a governed account, an asset whose units weigh, and members."""

    def __init__(self, path, **options):
        self.ledger = Ledger.create(path, origin="club.example/votes", operator=OPERATOR, time=START, **options)
        self.now = START
        self.share = self.ledger.create_asset(FOUNDER, "SHARE", time=START)
        self.badge = schema_id(CLUB.account, "member")
        self.group = group_id(CLUB.account, bytes(16))
        self.do(FOUNDER, SetKeys(account=CLUB.account, threshold=1, keys=[KeyGrant(FOUNDER.public)]))
        self.do(CLUB, Schema(creator=CLUB.account, name="member", issuers=[CLUB.account]))
        self.do(
            CLUB, *(self.mint(who, units) for who, units in zip((*MEMBERS, CLUB), (100, 60, 30, 9, 50), strict=True))
        )
        self.do(CLUB, *(self.attest(who) for who in MEMBERS))
        self.count = 0

    def do(self, by, *operations, at=None):
        """Apply operations, now or later."""
        self.now = self.now + 1 if at is None else at
        return self.ledger.execute(operations, by, time=self.now)

    def mint(self, who, units):
        return Mint(asset=self.share, to=who.account, amount=units)

    def attest(self, who, **more):
        return Attest(schema=self.badge, issuer=CLUB.account, subject=who.account, **more)

    def revoke(self, who):
        return Revoke(schema=self.badge, issuer=CLUB.account, subject=who.account, reason=Reason(1))

    def send(self, sender, to, units):
        return self.do(sender, Transfer(asset=self.share, sender=sender.account, to=to.account, amount=units))

    def electorate(self, kind):
        schema = {"schema": self.badge, "issuer": CLUB.account}
        return {
            "holders": HoldersElectorate(self.share),
            "members": MembersElectorate(**schema),
            "member_holders": MemberHoldersElectorate(asset=self.share, **schema),
            "backers": BackersElectorate(self.group),
        }[kind]

    def propose(self, kind="holders", options=1, **terms):
        """Open a proposal by a rule of these terms; voting is open at once, for five days."""
        electorate = self.electorate(kind)
        # Balances of a day ago and later will do, where there are any.
        snapshot_ms = DAY if kind in ("holders", "member_holders") else 0
        terms = {"voting_ms": 5 * DAY, "execution_ms": 9 * DAY, "snapshot_ms": snapshot_ms, **terms}
        rule = Rule(electorate=electorate, **terms)
        article = Article(operations=[SetConstitution], rules=[0])
        if self.ledger.constitution(CLUB.account) is None:
            operation = SetConstitution(account=CLUB.account, constitution=Constitution([rule], [article]))
            self.do(CLUB, operation)
        self.count += 1
        salt = bytes([self.count]) * 16
        operation = Propose(
            account=CLUB.account,
            proposer=EVE.account,
            salt=salt,
            rule=0,
            title=title_hash(TITLE),
            options=[[]] * options,
        )
        self.do(EVE, operation)
        return proposal_id(CLUB.account, EVE.account, salt)

    def vote(self, proposal, who, ballot, members=()):
        return self.do(who, Vote(proposal=proposal, voter=who.account, members=members, ballot=ballot))

    def raise_funds(self, *amounts):
        """Open a group, let members back it, and close it."""
        goal = AllOf([After(self.now + DAY), GroupTotal(self.group, 1)])
        terms = Terms(settle_if=goal, payees=[Share(CLUB.account)], deadline=self.now + 90 * DAY, release_if=ByPayer())
        opened = OpenGroup(owner=CLUB.account, salt=bytes(16), asset=self.share, closes=self.now + DAY, terms=terms)
        self.do(CLUB, opened)
        for number, (who, amount) in enumerate(zip(MEMBERS, amounts, strict=False)):
            salt = bytes([number]) * 16
            self.do(who, Hold(payer=who.account, salt=salt, asset=self.share, amount=amount, group=self.group))
        self.now += DAY
        return [hold_id(who.account, bytes([number]) * 16) for number, who in enumerate(MEMBERS)]

    def export(self, proposal, **more):
        self.now += 1
        return export_ballots(self.ledger, proposal, time=self.now, **more)

    def verifier(self):
        return Verifier(self.ledger.verifier_key, ledger=self.ledger.id)

    def recount(self, proposal):
        """Export and verify: by both verifiers alike, and as the ledger's record says."""
        data = self.export(proposal)
        found = verify_ballots(data, self.verifier(), proposal=proposal)
        native = verify_ballots(data, NativeVerifier(self.ledger.verifier_key), proposal=proposal)
        assert replace(found, votes={}) == replace(native, votes={})
        assert dict(found.votes) == dict(self.ledger.votes(proposal)) == dict(native.votes)
        assert found.record == self.ledger.proposal(proposal)
        assert (found.tally.counts, found.tally.cast) == (found.record.counts, found.record.cast)
        assert found.explain()
        return found


@pytest.fixture
def club(tmp_path):
    made = Club(tmp_path / "club")
    yield made
    made.ledger.close()


# What is recounted.


def test_holders_by_units(club):
    proposal = club.propose(quorum_bps=5_000)
    # Balances change after the snapshot, and votes weigh what they were.
    club.send(ANN, EVE, 100)
    club.send(BOB, CAT, 10)
    club.vote(proposal, ANN, YES)
    club.vote(proposal, BOB, Shares((1, 2, 0)))
    club.vote(proposal, CAT, ABSTAIN)
    found = club.recount(proposal)
    assert found.tally.counts == (120, 40, 30)
    assert (found.units, found.electorate, found.electorate_least) == ("proven", "proven", 199)
    assert found.are_weights_proven
    assert not found.is_final
    assert found.verdict.passed
    assert found.votes[BOB.account].weight == 60
    assert DAN.account not in found.votes
    assert found.title is None
    assert "weights: proven\nelectorate: proven" in found.explain()
    assert "as it stands it passes" in found.explain()
    assert "all 3 votes are here" in found.explain()


@pytest.mark.parametrize(
    ("kind", "weight", "weights", "cast", "electorate"),
    [
        ("members", Weight.MEMBER, (1, 1, 1), 3, 4),
        ("member_holders", Weight.MEMBER, (1, 1, 1), 3, 4),
        ("member_holders", Weight.UNITS, (100, 60, 9), 169, 199),
        ("member_holders", Weight.ROOT, (10, 7, 3), 3, 4),
    ],
)
@pytest.mark.parametrize("form", ["yes_no", "approval", "ranked"])
def test_each_form_and_weight(club, kind, weight, weights, cast, electorate, form):
    forms = {
        "yes_no": (YesNo(), 1, (YES, NO, YES)),
        "approval": (Approval(), 3, (Approve((0, 2)), Approve((2,)), Approve(()))),
        "ranked": (Ranked(3), 3, (Rank((0, 1)), Rank((2, 1)), Rank((1, 2)))),
    }
    made, options, ballots = forms[form]
    proposal = club.propose(kind, options, weight=weight, form=made)
    for who, ballot in zip((ANN, BOB, DAN), ballots, strict=True):
        club.vote(proposal, who, ballot)
    found = club.recount(proposal)
    first, second, third = weights
    expected = {
        "yes_no": (first + third, second, 0),
        "approval": (first, 0, first + second, third),
        "ranked": (first, third, second, 0),
    }
    assert found.tally.counts == expected[form]
    assert (found.tally.cast, found.record.electorate) == (cast, electorate)
    assert (found.electorate, found.are_weights_proven) == ("proven", True)
    if form == "ranked":
        assert found.tally.rankings == {(0, 1): first, (2, 1): second, (1, 2): third}
        assert "round 1" in found.explain()


def test_backers(club):
    holds = club.raise_funds(40, 30, 20, 9)
    proposal = club.propose("backers")
    for who, hold, ballot in zip(MEMBERS[:3], holds, (YES, NO, YES), strict=False):
        club.vote(proposal, who, ballot, [hold])
    found = club.recount(proposal)
    assert (found.tally.counts, found.units, found.electorate) == ((60, 30, 0), "none", "proven")
    assert found.are_weights_proven
    # What a hold pays out afterwards, its record does not say when.
    club.do(ANN, Release(hold=holds[0], amount=15))
    later = club.recount(proposal)
    assert (later.tally, later.paid_out) == (found.tally, (holds[0],))
    assert (later.electorate, later.electorate_least, later.electorate_most) == ("bounded", 84, 99)
    assert not later.are_weights_proven
    assert "1 holds were paid out in part since" in later.explain()
    # Voting again makes it what is left.
    club.vote(proposal, ANN, NO, [holds[0]])
    assert club.recount(proposal).tally.counts == (20, 55, 0)


def test_no_votes(club):
    for kind, weight in (("holders", Weight.UNITS), ("members", Weight.MEMBER)):
        club.ledger.close()
        club = Club(club.ledger.path.parent / kind)
        found = club.recount(club.propose(kind, weight=weight))
        assert (found.tally.voters, len(found.votes), found.verdict.passed) == (0, 0, False)
    club.ledger.close()


def test_no_backer_votes(club):
    club.raise_funds(40)
    assert club.recount(club.propose("backers")).tally.counts == (0, 0, 0)


def test_delegates(club):
    proposal = club.propose()
    club.do(BOB, Delegate(account=CLUB.account, delegator=BOB.account, to=ANN.account))
    club.do(CAT, Delegate(account=CLUB.account, delegator=CAT.account, to=BOB.account))
    club.vote(proposal, ANN, YES, [ANN.account, BOB.account, CAT.account])
    club.vote(proposal, BOB, NO)
    found = club.recount(proposal)
    assert (found.tally.counts, found.delegated) == ((130, 60, 0), 1)
    assert found.votes[CAT.account].hops == 2
    assert "3 counted, 0 sealed, 1 by delegates" in found.explain()


def test_sealed_ballots(club):
    proposal = club.propose(reveal_ms=DAY)
    salt = b"salt" * 4
    for who in (ANN, BOB):
        club.vote(proposal, who, Sealed(ballot_seal(proposal, who.account, salt, YES)))
    found = club.recount(proposal)
    assert (found.sealed, found.sealed_weight, found.tally.voters) == (2, 160, 0)
    club.now += 5 * DAY
    club.do(EVE, Reveal(proposal=proposal, voter=ANN.account, members=[], ballot=YES, salt=salt))
    found = club.recount(proposal)
    assert (found.sealed, found.tally.counts, found.are_weights_proven) == (1, (100, 0, 0), True)


def test_how_it_ended(club):
    passed, failed, cancelled = club.propose(delay_ms=10, guardian=DAN.account), club.propose(), club.propose()
    club.do(EVE, Cancel(proposal=cancelled))
    club.now += 10
    vetoed = club.propose()
    club.now += 10
    club.vote(passed, ANN, YES)
    club.vote(failed, ANN, NO)
    club.vote(vetoed, ANN, YES)
    club.do(DAN, Veto(proposal=vetoed, reason=Reason(1)))
    club.now += 5 * DAY
    for proposal in (passed, failed):
        club.do(EVE, Conclude(proposal=proposal))
    expected = {
        cancelled: "cancelled",
        failed: "failed: threshold not exceeded",
        passed: "passed",
        vetoed: "vetoed, reason 1",
    }
    for proposal, result in expected.items():
        found = club.recount(proposal)
        assert found.is_final
        assert f"state: {result}\n" in found.explain()
    club.do(EVE, Execute(proposal=passed, actions=[]))
    assert "state: executed\n" in club.recount(passed).explain()


def test_a_ranking_is_concluded_as_it_is_recounted(club):
    proposal = club.propose("members", 3, weight=Weight.MEMBER, form=Ranked(3))
    for who, ballot in ((ANN, (0,)), (BOB, (1, 2)), (CAT, (2, 1)), (DAN, (1,))):
        club.vote(proposal, who, Rank(ballot))
    club.now += 5 * DAY
    rankings = sorted(club.ledger.rankings(proposal), key=lambda ranking: bytes(ranking.options))
    club.do(EVE, Conclude(proposal=proposal, rankings=rankings))
    found = club.recount(proposal)
    assert (found.verdict.option, found.record.state.option) == (1, 1)
    assert "state: passed, with option 1" in found.explain()
    assert "state: passed, with rome" in found.explain(["oslo", "rome", "bern"])
    for names in (["oslo"], ["a"] * 4):
        with pytest.raises(ValueError, match="names: expected 3"):
            found.explain(names)


# What cannot be proven any more.


def test_a_snapshot_that_has_ended(club):
    proposal = club.propose()
    club.vote(proposal, ANN, YES)
    club.now += 40 * DAY
    found = club.recount(proposal)
    assert (found.units, found.electorate, found.are_weights_proven) == ("ended", "ended", False)
    assert found.tally.counts == (100, 0, 0)
    assert "not checked against balances" in found.explain()
    club.do(EVE, ReleaseSnapshot(asset=club.share, number=1))
    assert club.recount(proposal).units == "ended"


def test_members_who_came_and_went(club):
    proposal = club.propose("members", weight=Weight.MEMBER)
    for who in (ANN, BOB, CAT):
        club.vote(proposal, who, YES)
    club.do(CLUB, club.revoke(ANN))
    found = club.recount(proposal)
    assert (found.attested_anew, found.electorate) == ((), "proven")
    club.do(CLUB, club.attest(ANN), club.attest(EVE))
    found = club.recount(proposal)
    assert found.attested_anew == (ANN.account,)
    assert (found.electorate, found.electorate_least, found.electorate_most) == ("bounded", 3, 5)
    assert not found.are_weights_proven
    assert "1 voters were attested anew since" in found.explain()


def test_other_proposals_and_snapshots_beside_it(club):
    first = club.propose()
    club.send(ANN, EVE, 40)
    second = club.propose()
    club.now += 2 * DAY
    third = club.propose()
    club.send(ANN, EVE, 40)
    for proposal, weight in ((first, 100), (second, 100), (third, 60)):
        club.vote(proposal, ANN, YES)
        found = club.recount(proposal)
        assert found.tally.counts == (weight, 0, 0)
        assert found.units == "proven"


# Titles, and where a bundle goes.


def test_the_title(club):
    proposal = club.propose()
    data = club.export(proposal, title=TITLE)
    for title in (None, TITLE):
        found = verify_ballots(data, club.verifier(), title=title)
        assert found.title == TITLE
        assert TITLE in found.explain()
    assert verify_ballots(club.export(proposal), club.verifier(), title=TITLE).title == TITLE
    for bundle in (data, club.export(proposal)):
        refused("wrong_question", bundle, club, title="Another")
    with pytest.raises(ValueError, match="title: expected the one"):
        club.export(proposal, title="Another")
    for wrong in ("", "a" * 100_001):
        with pytest.raises(ValueError, match="title: expected 1 to"):
            club.export(proposal, title=wrong)


def test_into_a_file(club, tmp_path):
    proposal = club.propose()
    club.vote(proposal, ANN, YES)
    told = []
    with (tmp_path / "ballots").open("w+b") as file:
        file.write(b"before")
        write_ballots(file, club.ledger, proposal, time=club.now, progress=told.append)
    assert told == []
    written = (tmp_path / "ballots").read_bytes()
    assert written.startswith(b"before" + module.HEADER)
    assert verify_ballots(memoryview(written)[6:], club.verifier()).tally.counts == (100, 0, 0)


def test_what_there_is_not(club):
    club.propose()
    with pytest.raises(LookupError, match="proposal: expected one of club"):
        club.export(bytes(32))
    with pytest.raises(TypeError):
        club.export("p" * 32)
    with pytest.raises(ValueError, match="32 bytes"):
        club.export(b"p")
    with pytest.raises(TypeError, match="expected bytes"):
        verify_ballots("text", club.verifier())


# Ledgers that go on.


def test_a_reader_exports_the_last_checkpoint(club):
    proposal = club.propose()
    club.vote(proposal, ANN, YES)
    club.ledger.checkpoint(time=club.now)
    verifier = club.verifier()
    club.ledger.close()
    with Ledger.open(club.ledger.path, read_only=True) as reader:
        assert verify_ballots(export_ballots(reader, proposal), verifier).tally.counts == (100, 0, 0)


def test_without_a_key_or_a_checkpoint(tmp_path):
    club = Club(tmp_path / "club", commit_every_ms=None)
    club.ledger.close()
    with Ledger.open(tmp_path / "club", commit_every_ms=None) as keyless:
        club.ledger = keyless
        proposal = club.propose()
        with pytest.raises((LookupError, OperatorKeyError)):
            export_ballots(keyless, proposal)


class Meddler:
    """Changes the state while it is read: after each of some statements, before what follows is read."""

    def __init__(self, club, after, change):
        self.club, self.after, self.change, self.seen = club, list(after), change, []

    def __enter__(self):
        self.original = exporting._Export._statement

        def statement(export, table, *rest, **more):
            claim = self.original(export, table, *rest, **more)
            self.seen.append((table, export._is_past))
            if table in self.after:
                self.change()
            return claim

        exporting._Export._statement = statement
        return self

    def __exit__(self, *_error):
        exporting._Export._statement = self.original


@pytest.mark.parametrize("table", ["votes", "saved", "holders"])
def test_a_ledger_that_is_written_to_meanwhile(club, table):
    proposal = club.propose()
    club.send(ANN, EVE, 1)
    club.vote(proposal, ANN, YES)
    before = club.ledger.proposal(proposal)
    turns = iter([YES, NO] * 10)

    def change():
        club.send(BOB, EVE, 1)
        club.vote(proposal, BOB, next(turns))

    with Meddler(club, [table], change) as meddler:
        data = export_ballots(club.ledger, proposal)
    assert (table, True) in meddler.seen, "it is never still, and so it is read from the log"
    found = verify_ballots(data, club.verifier())
    assert found.record != before
    assert found.are_weights_proven


def test_backers_who_vote_meanwhile(club):
    holds = club.raise_funds(40, 30, 20, 9)
    proposal = club.propose("backers")
    club.vote(proposal, ANN, YES, [holds[0]])
    turns = iter([YES, NO] * 10)
    with Meddler(club, ["hold_groups"], lambda: club.vote(proposal, BOB, next(turns), [holds[1]])) as meddler:
        data = export_ballots(club.ledger, proposal)
    assert ("votes", True) in meddler.seen
    found = verify_ballots(data, club.verifier())
    # The last of these votes came after the checkpoint.
    assert set(found.votes) == {holds[0], holds[1]}
    assert found.record != club.ledger.proposal(proposal)


def test_a_ledger_that_is_never_still(club):
    proposal = club.propose()

    def change():
        club.send(BOB, EVE, 1)
        club.ledger.checkpoint(time=club.now)

    with Meddler(club, ["votes"], change), pytest.raises(LedgerError, match="expected a moment without changes"):
        export_ballots(club.ledger, proposal)


def test_a_writer_in_another_thread(tmp_path):
    club = Club(tmp_path / "club", commit_every_ms=5)
    proposal = club.propose()
    done = threading.Event()
    club.now = club.ledger.time

    def write():
        while not done.is_set():
            for who in (ANN, BOB):
                club.ledger.execute(
                    [
                        Transfer(asset=club.share, sender=who.account, to=EVE.account, amount=1),
                        Transfer(asset=club.share, sender=EVE.account, to=who.account, amount=1),
                    ],
                    who,
                    EVE,
                    time=club.now,
                )
                club.now += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            found = verify_ballots(export_ballots(club.ledger, proposal, time=None), club.verifier())
            assert found.units == "proven"
    finally:
        done.set()
        writer.join()
        club.ledger.close()


# Forgers.


def refused(reason, data, club, **expected):
    with pytest.raises(ProofError) as caught:
        verify_ballots(data, club.verifier(), **expected)
    text = str(caught.value)
    assert caught.value.reason in ({reason} if isinstance(reason, str) else reason), text
    assert "expected" in text
    assert "found" in text
    assert len(text) < 1_000


def split(data):
    """The parts of a bundle."""
    parts, place = [], len(module.HEADER)
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "little")
        parts.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return parts


def whole(parts):
    return module.HEADER + join(*parts)


def rows_of(part):
    view = memoryview(part)
    return [module._row(view, place) for place in module._places(view)]


def flipped(raw):
    """Another value: with its last bit changed, or where it is empty with a byte."""
    return raw[:-1] + bytes([raw[-1] ^ 1]) if raw else b"\x00"


def listed(rows):
    ordered = sorted(rows, key=lambda row: tree_key(row[0]))
    return b"".join(module.ROW.pack(each, total.to_bytes(16, "big"), len(raw)) + raw for each, total, raw in ordered)


@pytest.fixture
def voted(club):
    """A club whose holders who are members voted, and balances that changed since."""
    club.proposal = club.propose("member_holders")
    club.send(ANN, EVE, 100)
    club.send(BOB, CAT, 1)
    for who, ballot in ((ANN, YES), (BOB, NO), (CAT, YES)):
        club.vote(club.proposal, who, ballot)
    club.data = club.export(club.proposal, title=TITLE)
    return club


PARTS = (
    "title",
    "proposal",
    "votes",
    "votes list",
    "schema",
    "attestations",
    "attestations list",
    "snapshot",
    "saved",
    "saved list",
    "holders",
    "holders list",
)
LISTS = [place for place, name in enumerate(PARTS) if name.endswith("list")]


def test_every_list_is_whole(voted):
    parts = split(voted.data)
    assert whole(parts) == voted.data
    assert len(parts) == len(PARTS)
    stranger = bytes(range(32))
    for place in LISTS:
        rows = rows_of(parts[place])
        forged = [rows[:at] + rows[at + 1 :] for at in range(len(rows))]
        forged += [[], [*rows, (stranger, *rows[0][1:])]]
        for at, (each, total, raw) in enumerate(rows):
            for row in ((stranger, total, raw), (each, total + 1, raw), (each, total, flipped(raw))):
                forged.append([*rows[:at], row, *rows[at + 1 :]])
        for change in forged:
            refused("wrong_root", whole([*parts[:place], listed(change), *parts[place + 1 :]]), voted)
        # Twice, or in another order: the list is written in one way.
        raw = parts[place]
        for change in (raw + raw, listed(rows[:1]) + raw):
            refused("wrong_leaf", whole([*parts[:place], change, *parts[place + 1 :]]), voted)
        if len(rows) > 1:
            backwards = b"".join(reversed([listed([row]) for row in sorted(rows, key=lambda row: tree_key(row[0]))]))
            refused("wrong_leaf", whole([*parts[:place], backwards, *parts[place + 1 :]]), voted)


def test_parts_that_are_missing_or_swapped(voted):
    parts = split(voted.data)
    reasons = {
        "wrong_question",
        "malformed_question",
        "truncated",
        "wrong_root",
        "malformed_statement",
        "trailing_bytes",
        "unknown_table",
        "malformed_proof",
        "wrong_leaf",
    }
    for at in range(len(parts)):
        for change in (
            parts[:at] + parts[at + 1 :],
            [*parts[: at + 1], *parts[at:]],
            [*parts[:at], b"", *parts[at + 1 :]],
        ):
            if at == 0 and change[0] == b"":
                continue  # A bundle may have no title.
            refused(reasons, whole(change), voted)
        for other in range(at + 1, len(parts)):
            swapped = list(parts)
            swapped[at], swapped[other] = swapped[other], swapped[at]
            refused(reasons, whole(swapped), voted)


def test_truncated_lengthened_and_huge(voted):
    data = voted.data
    steps = {*range(0, len(data), 97), *range(40), *range(len(data) - 60, len(data))}
    for end in steps:
        refused({"truncated", "malformed_statement", "wrong_root"}, data[:end], voted)
    refused("trailing_bytes", data + b"\x00", voted)
    refused("trailing_bytes", data + data, voted)
    place = len(module.HEADER)
    for part in split(data):
        for size in (2**32 - 1, 2**31, len(part) + 1, max(len(part) - 1, 0)):
            if size == len(part):
                continue
            forged = data[:place] + size.to_bytes(4, "little") + data[place + 4 :]
            with pytest.raises(ProofError):
                verify_ballots(forged, voted.verifier())
        place += 4 + len(part)


def test_other_checkpoints_ledgers_and_keys(voted, tmp_path):
    parts = split(voted.data)
    voted.send(EVE, ANN, 1)
    later = split(voted.export(voted.proposal, title=TITLE))
    changed = [place for place in range(1, len(parts)) if parts[place] != later[place]]
    assert len(changed) == len(parts) - 1 - 3, "votes, members and what was saved are as they were"
    for place in changed:
        refused("wrong_root", whole([*parts[:place], later[place], *parts[place + 1 :]]), voted)
    other = Club(tmp_path / "other")
    proposal = other.propose("member_holders")
    with pytest.raises(ProofError) as caught:
        verify_ballots(other.export(proposal), voted.verifier())
    assert caught.value.reason == "wrong_ledger"
    other.ledger.close()
    Ledger.create(tmp_path / "third", origin="club.example/votes", operator=EVE, time=START).close()
    with Ledger.open(tmp_path / "third") as third, pytest.raises(ProofError) as caught:
        verify_ballots(voted.data, Verifier(third.verifier_key))
    assert caught.value.reason == "wrong_key"
    refused("wrong_question", voted.data, voted, proposal=bytes(32))
    refused("wrong_question", voted.data, voted, title="Another")


def test_a_proposal_that_is_not_there(voted):
    parts = split(voted.data)
    absent = bytes(voted.ledger.prove("proposals", bytes(32)))
    refused("wrong_question", whole([parts[0], absent, *parts[2:]]), voted)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_random_splices(data):
    bundle = bundle_of_some_votes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(bundle[0])), min_size=2, max_size=2)))
    forged = bundle[0][: cuts[0]] + data.draw(st.binary(max_size=60)) + bundle[0][cuts[1] :]
    if forged != bundle[0]:
        with pytest.raises(ProofError):
            verify_ballots(forged, bundle[1])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", module.HEADER, module.HEADER + bytes(4)]))
def test_any_bytes(data, start):
    with pytest.raises(ProofError):
        verify_ballots(start + data, bundle_of_some_votes()[1])


_BUNDLES = []


def bundle_of_some_votes():
    """One bundle for all examples, and its verifier."""
    if not _BUNDLES:
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            club = Club(Path(folder) / "club")
            proposal = club.propose()
            club.vote(proposal, ANN, YES)
            _BUNDLES.append((club.export(proposal), club.verifier()))
            club.ledger.close()
    return _BUNDLES[0]


# A ledger that lies, and signs what it says: each lie is caught by what it contradicts.


class Liar:
    """Stands for a verifier: every statement holds, and says what the forger wants. Roots are those of the lists."""

    def __init__(self, club, **changes):
        self.verifier, self.changes, self.roots = club.verifier(), changes, {}

    def record(self, data, **expected):
        claim = self.verifier.record(data, **expected)
        change = self.changes.get(claim.table)
        value = claim.value if change is None or callable(change) else replace(claim.value, **change)
        return replace(claim, value=value, table_root=self.roots.get(claim.table, claim.table_root))


def lie(club, reason, *, says=None, data=None, **changes):
    """What is signed is changed: fields of single records, or (by functions) the rows of lists."""
    liar, parts = Liar(club, **changes), split(club.data if data is None else data)
    for place in range(1, len(parts)):
        if parts[place].startswith(b"counterfoil/question/v1\n"):
            table = parts[place][25 : 25 + parts[place][24]].decode()
            change = changes.get(table)
            if callable(change):
                rows = change(rows_of(parts[place + 1]))
                parts[place + 1] = listed(rows)
                liar.roots[table] = map_root(sorted(rows, key=lambda row: tree_key(row[0])))[0]
    with pytest.raises(ProofError) as caught:
        verify_ballots(whole(parts), liar)
    assert caught.value.reason == reason, str(caught.value)
    assert says is None or says in str(caught.value), str(caught.value)


def on(who, kind, **fields):
    """Changes a row of a list: that of a member."""

    def change(rows):
        made = []
        for each, total, raw in rows:
            if each == who:
                value = replace(CODEC.decode(kind, raw), **fields)
                made.append((each, getattr(value, "own_sum", 0), CODEC.encode(kind, value)))
            else:
                made.append((each, total, raw))
        return made

    return change


def without(who):
    return lambda rows: [row for row in rows if row[0] != who]


def test_tallies_that_are_not_those_of_the_votes(voted):
    record = voted.ledger.proposal(voted.proposal)
    for changed in (
        {"counts": (record.counts[0] + 1, *record.counts[1:])},
        {"counts": (*record.counts, 0)},
        {"cast": record.cast + 1},
        {"decided": record.decided - 1},
        {"voters": record.voters + 1},
    ):
        lie(voted, "wrong_sum", says=next(iter(changed)), proposals=changed)
    ann = ANN.account
    lie(voted, "wrong_sum", votes=without(ann), says="counts")
    lie(voted, "wrong_sum", votes=on(ann, "VoteRecord", ballot=NO), says="counts")
    lie(voted, "wrong_sum", votes=on(ann, "VoteRecord", weight=99), says="counts")
    lie(voted, "wrong_record", votes=on(ann, "VoteRecord", hops=1), says="delegations")
    lie(voted, "wrong_record", votes=on(ann, "VoteRecord", voter=EVE.account), says="delegations")
    lie(voted, "wrong_record", votes=on(ann, "VoteRecord", voter=EVE.account, hops=9), says="at most 8")
    lie(voted, "wrong_record", votes=on(ann, "VoteRecord", weight=0), says="weight")
    lie(voted, "wrong_record", votes=on(ann, "VoteRecord", ballot=Sealed(bytes(32))), says="Shares")
    lie(voted, "wrong_record", votes=on(ann, "VoteRecord", ballot=Approve((0,))), says="Shares")
    for shares in ((1, 0), (0, 0, 0), (2**64 - 1, 1, 0)):
        lie(voted, "wrong_record", votes=on(ann, "VoteRecord", ballot=Shares(shares)), says="form")


def test_weights_that_are_not_those_of_the_electorate(voted):
    record = voted.ledger.proposal(voted.proposal)
    # What was saved or is held says another weight, and another whole.
    lie(voted, "wrong_sum", saved=without(ANN.account), says="weight")
    lie(voted, "wrong_sum", saved=without(EVE.account), says="supply")
    lie(voted, "wrong_sum", holders=without(DAN.account), says="supply")
    lie(voted, "wrong_sum", proposals={"electorate": record.electorate + 1}, says="electorate")
    lie(voted, "wrong_sum", snapshots={"supply": 1}, says="supply")
    lie(voted, "wrong_record", snapshots={"opened": record.opened + 1}, says="new enough")
    # Members.
    lie(voted, "wrong_record", attestations=lambda rows: rows[:0], says="no attestation")
    lie(voted, "wrong_record", schemas={"issuers": ()}, says="alone attests")

    def ended(**fields):
        def change(rows):
            made = []
            for each, total, raw in rows:
                value = CODEC.decode("AttestationRecord", raw)
                value = replace(value, **fields) if value.subject == BOB.account else value
                made.append((each, total, CODEC.encode("AttestationRecord", value)))
            return made

        return change

    gone = Revocation(record.opened, Reason(1))
    lie(voted, "wrong_record", attestations=ended(revoked=gone), says="that of a member at")
    lie(voted, "wrong_record", attestations=ended(expires=record.opened), says="that of a member at")
    lie(voted, "wrong_record", attestations=ended(nonce=bytes(31) + b"\x01"))


def test_states_that_the_votes_contradict(club):
    passing, failing = club.propose("members", weight=Weight.MEMBER), club.propose("members", weight=Weight.MEMBER)
    club.vote(passing, ANN, YES)
    club.vote(failing, ANN, NO)
    due = club.ledger.proposal(failing).due
    data = {proposal: club.export(proposal) for proposal in (passing, failing)}
    for proposal, state in (
        (passing, ProposalFailed(due)),
        (passing, ProposalPassed(1, due)),
        (passing, ProposalPassed(0, 1)),
        (passing, ProposalExecuted(1, due)),
        (failing, ProposalPassed(0, due)),
        (failing, ProposalExecuted(0, due)),
        (failing, ProposalFailed(1)),
    ):
        lie(club, "wrong_record", data=data[proposal], proposals={"state": state}, says="state")


def test_rankings_that_nobody_handed_in_before_it_lapsed(club):
    """A ranked proposal may fail then whatever was voted: no transaction may have room for its rankings."""
    proposal = club.propose("members", 2, weight=Weight.MEMBER, form=Ranked(2))
    club.vote(proposal, ANN, Rank((1,)))
    data, lapses = club.export(proposal), club.ledger.proposal(proposal).lapses
    late = verify_ballots(data, Liar(club, proposals={"state": ProposalFailed(lapses)}))
    assert (late.verdict.passed, late.is_final) == (True, True)
    assert late.explain()
    lie(club, "wrong_record", data=data, proposals={"state": ProposalFailed(lapses - 1)}, says="state")


def test_votes_of_members_that_weigh_more(club):
    proposal = club.propose("members", weight=Weight.MEMBER)
    club.vote(proposal, ANN, YES)
    data = club.export(proposal)
    twice = {"counts": (2, 0, 0), "cast": 2, "decided": 2}
    lie(club, "wrong_sum", data=data, proposals=twice, votes=on(ANN.account, "VoteRecord", weight=2), says="weight of")
    lie(club, "wrong_sum", data=data, proposals={"electorate": 5}, says="4 to 4")
    more = replace(club.ledger.vote(proposal, ANN.account), voter=CLUB.account)
    own = (CLUB.account, 1, CODEC.encode("VoteRecord", more))
    lie(club, "wrong_record", data=data, votes=lambda rows: [*rows, own], says="governed account")


def test_rankings_that_are_not_those_of_the_votes(club):
    proposal = club.propose("members", 3, weight=Weight.MEMBER, form=Ranked(2))
    club.vote(proposal, ANN, Rank((0, 1)))
    data = club.export(proposal)
    liar = Liar(club)
    liar.roots["rankings"] = bytes(32)
    with pytest.raises(ProofError, match="rankings") as caught:
        verify_ballots(data, liar)
    assert caught.value.reason == "wrong_root"
    for ranking in ((0, 0), (3,), (0, 1, 2)):
        lie(club, "wrong_record", data=data, votes=on(ANN.account, "VoteRecord", ballot=Rank(ranking)), says="form")


def test_holds_that_are_not_those_of_the_backers(club):
    holds = club.raise_funds(40, 30)
    proposal = club.propose("backers")
    club.vote(proposal, ANN, YES, [holds[0]])
    data = club.export(proposal)
    parts = split(data)
    assert len(parts) == 7
    refused("truncated", whole([*parts[:6], b""]), club)
    refused("trailing_bytes", whole([*parts[:6], parts[6] + join(b"more")]), club)
    refused("truncated", whole([*parts[:6], parts[6][:-1]]), club)
    changed = bytearray(parts[6])
    changed[40] ^= 1
    refused({"wrong_root", "wrong_sum"}, whole([*parts[:6], bytes(changed)]), club)
    lie(club, "wrong_sum", data=data, hold_groups={"total": 71, "put_in": 71}, says="electorate")
    more = {"counts": (41, 0, 0), "cast": 41, "decided": 41}
    lie(club, "wrong_sum", data=data, proposals=more, votes=on(holds[0], "VoteRecord", weight=41), says="40 to 40")
    lie(club, "wrong_record", data=data, votes=on(holds[0], "VoteRecord", voter=BOB.account), says="delegations")


# What it costs.


def test_it_needs_no_native_module(voted, tmp_path):
    (tmp_path / "ballots").write_bytes(voted.data)
    program = "import sys; sys.modules['counterfoil._core'] = None; from counterfoil.cli import main; main()"
    command = [sys.executable, "-c", program, "tally", "--verify", "ballots", "--vkey", voted.ledger.verifier_key]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "all 3 votes are here" in done.stdout


VOTES = int(os.environ.get("COUNTERFOIL_BALLOTS", "1000"))


def test_many_votes(tmp_path):
    """COUNTERFOIL_BALLOTS=100000 measures what the documentation says."""
    club = Club(tmp_path / "club", commit_every_ms=None)
    voters = [Key.from_seed(number.to_bytes(32, "big")) for number in range(1, VOTES + 1)]
    for start in range(0, VOTES, 500):
        club.do(CLUB, *(club.mint(who, 7) for who in voters[start : start + 500]))
    proposal = club.propose()
    until = club.now + 60_000
    for start in range(0, VOTES, 5_000):
        batch = [
            Transaction(
                club.ledger.id, [Vote(proposal=proposal, voter=who.account, members=[], ballot=YES)], valid_until=until
            ).sign(who)
            for who in voters[start : start + 5_000]
        ]
        club.ledger.apply(batch, time=club.now).raise_for_status()
    started = time.perf_counter()
    data = club.export(proposal)
    exported = time.perf_counter()
    found = verify_ballots(data, club.verifier())
    verified = time.perf_counter()
    print(
        f"{VOTES:,} votes: {len(data) / VOTES:.0f} bytes each with the balances, export {exported - started:.2f} s, "
        f"verify {verified - exported:.2f} s"
    )
    assert (found.tally.counts, found.are_weights_proven) == ((7 * VOTES, 0, 0), True)
    assert found.votes[voters[-1].account].weight == 7
    club.ledger.close()


# On the command line.


def run(code, *arguments, says=""):
    done = CliRunner().invoke(app, [str(each) for each in arguments], prog_name="counterfoil", env={"COLUMNS": "200"})
    assert done.exit_code == code, (done.stderr, done.exception)
    assert says in (done.stderr if code else done.stdout)
    assert bool(code) == bool(done.stderr)
    return done.stdout


def test_the_command_line(voted, tmp_path):
    vkey, folder, file = voted.ledger.verifier_key, voted.ledger.path, tmp_path / "summer.ballots"
    voted.ledger.close()
    export = ("proposal", "export", voted.proposal.hex(), "-l", folder, "--out", file)
    made = json.loads(run(0, *export, "--title", TITLE, "--json"))
    assert made == {"file": str(file), "bytes": file.stat().st_size}
    run(2, *export, says="is there already")
    run(2, *export, "--force", "--title", "Another", says="title: expected the one")
    run(3, "proposal", "export", "0" * 64, "-l", folder, "--out", tmp_path / "none", says="proposal: expected one of")
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["summer.ballots"]

    tally = ("tally", "--verify", file, "--vkey", vkey)
    said = run(0, *tally, "--member", ANN.did, "--proposal", voted.proposal.hex(), "--title", TITLE, says="proven")
    assert f"title: {TITLE}" in said
    assert "this member: shares 1 0 0, weight 100, by itself" in said
    run(0, *tally, "--member", EVE.did, says="this member: did not vote")
    made = json.loads(run(0, *tally, "--json", "--member", BOB.did))
    assert (made["ok"], made["counts"], made["vote"]["weight"]) == (True, ["130", "60", "0"], "60")
    for wrong in (("--proposal", "0" * 64), ("--title", "Another"), ("--ledger-id", "0" * 64)):
        run(1, *tally, *wrong, says="refused")
    file.write_bytes(file.read_bytes()[:-1])
    assert json.loads(run(1, *tally, "--json", says="[truncated]"))["reason"] == "truncated"
    run(3, "tally", "--verify", tmp_path / "none", "--vkey", vkey, says="no file")
