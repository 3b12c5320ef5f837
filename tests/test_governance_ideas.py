"""Ideas: submitted and endorsed by members, a shortlist that anybody computes again, and the vote on it."""

from __future__ import annotations

import pytest
from counterfoil import Key, Ledger
from counterfoil.exceptions import KeyReusedError, ProofError
from counterfoil.governance import (
    Community,
    Ideas,
    approval,
    idea_hash,
    ideas_bundle,
    one_member_one_vote,
    ranked,
    recompute_shortlist,
)
from counterfoil.governance.ideas import _schemas
from counterfoil.leaves import tree_root
from counterfoil.ops import Article, Attest, Commitment, Constitution, NoContent, Requirement, Revoke, Schema, schema_id
from counterfoil.reputation import Badges
from counterfoil.verify import leaf_hash

from tests.calls import refused, standing

BOARD, ANN, BOB, EVE, DAN, MALLORY = (Key.from_seed(bytes([number]) * 32) for number in range(71, 77))
MEMBERS = (ANN, BOB, EVE, DAN)
DAY = 86_400_000
START = 1_700_000_000_000
LATER = START + DAY


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "coop", origin="coop.example", operator=BOARD, time=START) as made:
        yield made


@pytest.fixture
def badge(ledger):
    made = Badges.launch(ledger, BOARD, name="member", time=START)
    for member in MEMBERS:
        made.award(member.account, time=START)
    return made


@pytest.fixture
def ideas(ledger, badge):
    return Ideas.launch(ledger, BOARD, name="2027", members=badge.requirement, time=START)


def _listed(ideas, most=9, **at):
    return [(idea.id, idea.endorsements) for idea in ideas.shortlist(most, **at).ideas]


def _again(ledger, ideas, most, at):
    bundle = ideas_bundle(ledger, time=ledger.time)
    asked = {"organiser": BOARD.account, "name": "2027", "members": ideas.members, "most": most, "at": at}
    return recompute_shortlist(bundle, ledger.verifier_key, **asked, ledger=ledger.id)


def test_the_most_endorsed_come_first_and_of_equals_the_earlier(ledger, ideas):
    bike, oven, tea = (
        ideas.submit(author, text, time=START) for author, text in ((ANN, "Bike"), (BOB, "Oven"), (ANN, "Tea"))
    )
    assert _listed(ideas) == [(bike.id, 0), (oven.id, 0), (tea.id, 0)]
    ideas.endorse(EVE, tea.id, time=LATER)
    ideas.endorse(BOB, tea.id, time=LATER)
    ideas.endorse(BOB, oven.id, time=LATER)
    ideas.endorse(ANN, bike.id, time=LATER)
    assert _listed(ideas) == [(tea.id, 2), (bike.id, 1), (oven.id, 1)]
    assert _listed(ideas, 2) == [(tea.id, 2), (bike.id, 1)]
    assert _listed(ideas, at=LATER) == [(bike.id, 0), (oven.id, 0), (tea.id, 0)]
    refused("attestation_exists", ideas.endorse, EVE, tea.id, time=LATER)
    ideas.withdraw(EVE, tea.id, time=LATER + 1)
    ideas.withdraw(BOB, tea.id, time=LATER + 1)
    assert _listed(ideas) == [(bike.id, 1), (oven.id, 1), (tea.id, 0)]
    ideas.endorse(EVE, tea.id, time=LATER + 2)
    ideas.endorse(DAN, oven.id, time=LATER + 2)
    refused("unknown_attestation", ideas.withdraw, DAN, bike.id, time=LATER + 2)
    refused("already_revoked", ideas.withdraw, BOB, tea.id, time=LATER + 2)
    assert _listed(ideas) == [(oven.id, 2), (bike.id, 1), (tea.id, 1)]
    for most, at in ((1, LATER), (3, LATER + 1), (3, LATER + 2), (2, LATER + 3), (1_000, 2**64 - 1)):
        shortlist = ideas.shortlist(most, at=at)
        assert _again(ledger, ideas, most, at) == shortlist
    rows = [leaf_hash(identifier + count.to_bytes(8, "big")) for identifier, count in _listed(ideas)]
    assert ideas.shortlist(3).root == tree_root(rows)


def test_an_idea_is_taken_back_by_its_author(ideas):
    bike, oven = (ideas.submit(ANN, text, time=START) for text in ("Bike", "Oven"))
    ideas.endorse(BOB, bike.id, time=START)
    refused("attestation_exists", ideas.submit, ANN, "Bike", time=START)
    assert ideas.submit(BOB, "Bike", time=START).id != bike.id
    refused("unknown_attestation", ideas.take_back, BOB, oven.id, time=LATER)
    ideas.take_back(ANN, bike.id, time=LATER)
    refused("already_revoked", ideas.take_back, ANN, bike.id, time=LATER)
    with pytest.raises(LookupError, match="idea: expected one of this box"):
        ideas.endorse(EVE, bike.id, time=LATER)
    with pytest.raises(LookupError, match="idea: expected one of this box"):
        ideas.take_back(ANN, bytes(32), time=LATER)
    assert bike.id not in dict(_listed(ideas))
    assert (bike.id, 1) in _listed(ideas, at=LATER)
    # Submitted anew it is the last one, and keeps who endorses it.
    assert ideas.submit(ANN, "Bike", time=LATER).id == bike.id
    assert _listed(ideas)[0] == (bike.id, 1)
    ideas.withdraw(BOB, bike.id, time=LATER)
    assert _listed(ideas)[-1] == (bike.id, 0)


def test_the_ledger_has_a_hash_of_the_text(ledger, ideas):
    plain = ideas.submit(ANN, "A cargo bike.", time=START)
    salted = ideas.submit(ANN, "A cargo bike.", salted=True, time=START)
    assert (plain.hash, plain.salt) == (idea_hash("A cargo bike."), b"")
    assert (salted.hash, len(salted.salt)) == (idea_hash("A cargo bike.", salted.salt), 16)
    assert ideas.submit(BOB, "A cargo bike.", salted=True, time=START).salt != salted.salt
    assert all(b"cargo" not in entry for entry in ledger.entries())
    assert [idea.hash for idea in ideas.shortlist(2).ideas] == [plain.hash, salted.hash]
    # Where the salt ends is not a question of taste.
    assert idea_hash("b", b"a") != idea_hash("ab")
    for text in ("", None, b"text"):
        before = standing(ledger)
        with pytest.raises((ValueError, TypeError)):
            ideas.submit(ANN, text, time=START)
        assert standing(ledger) == before


def _bare(ideas, schema, issuer, **changes):
    return Attest(**{"schema": schema, "issuer": issuer.account, "subject": ideas.id, **changes})


def test_only_members_count(ledger, ideas, badge):
    before = standing(ledger)
    with pytest.raises(ValueError, match="member: expected one"):
        ideas.submit(MALLORY, "Mine", time=START)
    assert standing(ledger) == before
    bike = ideas.submit(ANN, "Bike", time=LATER)
    with pytest.raises(ValueError, match="member: expected one"):
        ideas.endorse(MALLORY, bike.id, time=LATER)
    # Put there without these calls.
    mine = idea_hash("Mine")
    operations = [
        _bare(ideas, ideas.id, MALLORY, nonce=mine, content=Commitment(mine)),
        _bare(ideas, ideas.endorsements, MALLORY, nonce=bike.id),
    ]
    ledger.execute(operations, MALLORY, time=LATER)
    assert _listed(ideas) == [(bike.id, 0)]
    # Once they are members it counts, for as long as they are.
    badge.award(MALLORY.account, time=LATER + 1)
    assert sorted(count for _, count in _listed(ideas)) == [0, 1]
    badge.revoke(MALLORY.account, time=LATER + 2)
    badge.revoke(ANN.account, time=LATER + 2)
    assert sorted(count for _, count in _listed(ideas, at=LATER + 2)) == [0, 1]
    with pytest.raises(ValueError, match="found none"):
        ideas.shortlist(1)
    badge.award(ANN.account, time=LATER + 3)
    badge.award(MALLORY.account, expires=LATER + 9, time=LATER + 3)
    # What was before they were members anew is still known.
    for at, expected in ((LATER + 1, [0]), (LATER + 2, [0, 1]), (LATER + 8, [0, 1]), (LATER + 9, [0])):
        shortlist = ideas.shortlist(9, at=at)
        assert sorted(idea.endorsements for idea in shortlist.ideas) == expected
        assert _again(ledger, ideas, 9, at) == shortlist
    with pytest.raises(ValueError, match="found none"):
        ideas.shortlist(9, at=LATER + 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"content": Commitment(b"o" * 32)},
        {"subject": BOARD.account},
        {"expires": LATER},
    ],
)
def test_what_is_no_idea_counts_as_none(ledger, ideas, changes):
    bike, mine = ideas.submit(ANN, "Bike", time=START), idea_hash("Mine")
    said = {"nonce": mine, "content": Commitment(mine), **changes}
    ledger.execute([_bare(ideas, ideas.id, BOB, **said)], BOB, time=START)
    assert _listed(ideas, at=LATER) == [(bike.id, 0)]


def test_endorsements_that_are_none(ledger, ideas):
    bike = ideas.submit(ANN, "Bike", time=START)
    for changes in (
        {"nonce": bytes(32)},
        {"nonce": bike.id, "expires": LATER},
        {"nonce": bike.id, "subject": ANN.account},
    ):
        ledger.execute([_bare(ideas, ideas.endorsements, BOB, **changes)], BOB, time=START)
    assert _listed(ideas, at=LATER) == [(bike.id, 0)]
    shortlist = ideas.shortlist(1, at=LATER)
    assert _again(ledger, ideas, 1, LATER) == shortlist


@pytest.mark.parametrize(("form", "choice"), [(approval, ["Oven"]), (ranked, ["Oven", "Bike"])])
def test_a_shortlist_is_put_to_the_vote(ledger, ideas, badge, form, choice):
    rule = form(one_member_one_vote(badge.requirement, quorum_bps=1_000, voting="3d", timelock="1d"))
    actions = ["attest", "set_constitution"]
    coop = Community.found(
        ledger, BOARD, constitution=Constitution([rule], [Article(operations=actions, rules=[0])]), time=START
    )
    schema = Schema(creator=BOARD.account, name="decided", content=NoContent())
    ledger.execute([schema], BOARD, time=START)
    bike, oven, tea = (ideas.submit(ANN, text, time=START) for text in ("Bike", "Oven", "Tea"))
    for member in MEMBERS:
        ideas.endorse(member, oven.id, time=START)
    ideas.endorse(ANN, bike.id, time=START)
    shortlist = ideas.shortlist(2)
    done = Attest(schema=_id(schema), issuer=coop.account, subject=oven.id)
    asked = {"by": ANN, "names": {bike.id: "Bike", oven.id: "Oven"}, "actions": {oven.id: [done]}}
    before = standing(ledger)
    shortlist.propose(coop, "What next?", **asked, dry_run=True, time=LATER)
    with pytest.raises(ValueError, match="expected ones of the shortlist"):
        shortlist.propose(coop, "What next?", by=ANN, actions={tea.id: [done]}, time=LATER)
    with pytest.raises(ValueError, match="expected ones of the shortlist"):
        shortlist.propose(coop, "What next?", by=ANN, names={tea.id: "Tea"}, time=LATER)
    with pytest.raises(ValueError, match="names: expected ones that differ"):
        shortlist.propose(coop, "What next?", by=ANN, names={bike.id: "x", oven.id: "x"}, time=LATER)
    refused("invalid_options", ideas.shortlist(1).propose, coop, "What next?", by=ANN, time=LATER)
    assert standing(ledger) == before
    proposal = shortlist.propose(coop, "What next?", **asked, key="vote", time=LATER)
    assert shortlist.propose(coop, "What next?", **asked, key="vote", time=LATER).id == proposal.id
    assert (proposal.record.subject, proposal.names) == (shortlist.root, ("Oven", "Bike"))
    proposal.vote(ANN, choice, time=LATER)
    proposal.execute(time=LATER + 5 * DAY)
    assert ledger.attestation(_id(schema), coop.account, oven.id) is not None
    assert shortlist.propose(coop, "Again?", by=ANN, dry_run=True, time=LATER + 5 * DAY).names == tuple(
        each.id.hex()[:16] for each in shortlist.ideas
    )


def _id(schema):
    return schema_id(schema.creator, schema.name)


def test_a_box_is_launched_once_and_taken_up_again(ledger, badge, ideas):
    taken = Ideas(ledger, ANN, organiser=BOARD.account, name="2027", members=badge.requirement)
    assert (taken.id, taken.endorsements) == (ideas.id, ideas.endorsements)
    refused("schema_exists", Ideas.launch, ledger, BOARD, name="2027", members=badge.requirement, time=START)
    others = Requirement(badge.schema, ANN.account)
    for asked in ({"name": "2028"}, {"members": others}, {"organiser": ANN.account}):
        with pytest.raises(LookupError, match="expected a box of ideas"):
            Ideas(ledger, ANN, **{"organiser": BOARD.account, "name": "2027", "members": badge.requirement, **asked})
    with pytest.raises(ValueError, match="organiser"):
        Ideas(ledger, ANN, organiser=b"", name="2027", members=badge.requirement)
    before = standing(ledger)
    tried = Ideas.launch(ledger, BOARD, name="2028", members=badge.requirement, dry_run=True, time=START)
    with pytest.raises(ValueError, match="name"):
        Ideas.launch(ledger, BOARD, name="", members=badge.requirement, time=START)
    assert standing(ledger) == before
    made = Ideas.launch(ledger, BOARD, name="2028", members=badge.requirement, key="box", time=START)
    again = Ideas.launch(ledger, BOARD, name="2028", members=badge.requirement, key="box", time=START)
    assert tried.id == made.id == again.id != ideas.id
    with pytest.raises(KeyReusedError):
        Ideas.launch(ledger, BOARD, name="2029", members=badge.requirement, key="box", time=START)


def test_a_schema_of_another_kind_is_no_box(ledger, badge):
    boxed, endorsed = _schemas(BOARD.account, "rigged", badge.requirement)
    rigged = Schema(creator=BOARD.account, name=endorsed.name, content=NoContent(), issuers=[BOARD.account])
    ledger.execute([boxed, rigged], BOARD, time=START)
    with pytest.raises(ValueError, match="expected the schemas of a box"):
        Ideas(ledger, ANN, organiser=BOARD.account, name="rigged", members=badge.requirement)


def test_every_call_happens_once_with_a_key_and_not_at_all_when_tried(ledger, ideas, badge):
    before = standing(ledger)
    ideas.submit(ANN, "Bike", dry_run=True, time=START)
    assert standing(ledger) == before
    first = ideas.submit(ANN, "Bike", key="s", time=START)
    again = ideas.submit(ANN, "Bike", key="s", time=START)
    assert (again.id, again.done.repeated) == (first.id, True)
    with pytest.raises(KeyReusedError):
        ideas.submit(ANN, "Oven", key="s", time=START)
    calls = {
        "endorse": lambda **how: ideas.endorse(BOB, first.id, **how, time=START),
        "withdraw": lambda **how: ideas.withdraw(BOB, first.id, **how, time=START),
        "take_back": lambda **how: ideas.take_back(ANN, first.id, **how, time=START),
    }
    for key, call in calls.items():
        before = standing(ledger)
        assert call(dry_run=True).dry_run
        assert standing(ledger) == before
        assert not call(key=key).repeated
        assert call(key=key).repeated
    # Neither idea nor member is there any more: a retry is still a retry.
    badge.revoke(BOB.account, time=START)
    assert calls["endorse"](key="endorse").repeated


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ideas: ideas.shortlist(0), ValueError),
        (lambda ideas: ideas.shortlist(1_001), ValueError),
        (lambda ideas: ideas.shortlist(1.0), TypeError),
        (lambda ideas: ideas.shortlist(True), TypeError),  # noqa: FBT003 - that is what is wrong
        (lambda ideas: ideas.shortlist(1, at=-1), ValueError),
        (lambda ideas: ideas.shortlist(1, at=1.0), TypeError),
        (lambda ideas: ideas.shortlist(1, at=START), ValueError),
        (lambda ideas: ideas.endorse(ANN, bytes(31), time=START), ValueError),
        (lambda ideas: ideas.endorse(ANN, "bike", time=START), TypeError),
        (lambda ideas: ideas.endorse(ANN, bytes(32), time=START), LookupError),
        (lambda ideas: ideas.take_back(ANN, "bike", time=START), TypeError),
    ],
)
def test_bad_input(ledger, ideas, call, error):
    ideas.submit(ANN, "Bike", time=START)
    before = standing(ledger)
    with pytest.raises(error):
        call(ideas)
    assert standing(ledger) == before


def test_bundles_that_prove_nothing(ledger, ideas, tmp_path):
    ideas.submit(ANN, "Bike", time=START)
    good = ideas_bundle(ledger, time=START)
    asked = {"organiser": BOARD.account, "name": "2027", "members": ideas.members, "most": 1, "at": LATER}
    key = ledger.verifier_key
    assert recompute_shortlist(good, key, **asked) == ideas.shortlist(1, at=LATER)
    flipped = bytearray(good)
    flipped[-40] ^= 1
    cases = [(good[:-1], "truncated"), (b"", "malformed_statement"), (bytes(flipped), "wrong_log_proof")]
    for bundle, reason in cases:
        with pytest.raises(ProofError) as caught:
            recompute_shortlist(bundle, key, **asked)
        assert caught.value.reason == reason
    with Ledger.create(tmp_path / "other", origin="coop.example", operator=ANN, time=START) as other:
        with pytest.raises(ProofError):
            recompute_shortlist(good, other.verifier_key, **asked)
        with pytest.raises(ProofError):
            recompute_shortlist(ideas_bundle(other, time=START), key, **asked)
    with pytest.raises(ProofError) as caught:
        recompute_shortlist(good, key, **asked, ledger=bytes(32))
    assert caught.value.reason == "wrong_ledger"
    with pytest.raises(ValueError, match="found none"):
        recompute_shortlist(good, key, **{**asked, "name": "2028"})
    with pytest.raises(ValueError, match="most"):
        recompute_shortlist(good, key, **{**asked, "most": 0})


def test_a_revocation_by_somebody_else_takes_nothing_back(ledger, ideas):
    bike = ideas.submit(ANN, "Bike", time=START)
    refused("unauthorized", ledger.execute, [
        Revoke(schema=ideas.id, issuer=ANN.account, subject=ideas.id, nonce=bike.hash)
    ], MALLORY, time=START)  # fmt: skip
    assert _listed(ideas) == [(bike.id, 0)]
