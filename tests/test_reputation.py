"""Ratings and badges, disclosures of one attestation, and scores that anybody computes again."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy
import pytest
from counterfoil import Key, Ledger
from counterfoil._log_bundle import check_log
from counterfoil.exceptions import KeyReusedError, ProofError
from counterfoil.leaves import tree_root
from counterfoil.ops import Attest, Commitment, CommitmentKind, Schema
from counterfoil.reputation import (
    Badges,
    Ratings,
    commit,
    disclose,
    export_bundle,
    post_scores,
    posted_root,
    recompute,
    scores,
    verify_disclosure,
)
from counterfoil.verify import schema_id, verify_inclusion
from scipy import linalg

from tests.calls import refused
from tests.exporting import sign_checkpoint
from tests.model import log

MARKET, ANN, BOB, EVE = (Key.from_seed(bytes([number]) * 32) for number in (41, 42, 43, 44))
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""

PASSED = Fraction(85, 100)
"""How much of its trust an account passes on."""


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "fair", origin="fair.example/stars", operator=MARKET, time=START) as made:
        yield made


@pytest.fixture
def ratings(ledger):
    return Ratings.launch(ledger, MARKET, name="rating", least=-10, most=50, time=START)


@pytest.fixture
def by(ledger):
    ledger.execute(
        [Schema(creator=MARKET.account, name="scores", content=CommitmentKind(), issuers=[MARKET.account])],
        MARKET,
        time=START,
    )
    return schema_id(MARKET.account, "scores")


@pytest.fixture
def rated(ratings):
    for rater, subject, value in ((MARKET, ANN, 30), (MARKET, BOB, 10), (ANN, BOB, 5), (BOB, EVE, -10), (EVE, EVE, 50)):
        ratings.rate(rater, subject.account, value, time=START)
    return ratings


def _unproven(reason, call, *args, **kwargs):
    with pytest.raises(ProofError) as caught:
        call(*args, **kwargs)
    assert caught.value.reason == reason


def test_ratings_are_one_for_each_order(ledger, ratings):
    ratings.rate(ANN, BOB.account, 45, order="A17", key="A17", time=START)
    assert ratings.rate(ANN, BOB.account, 45, order="A17", key="A17", time=START).repeated
    with pytest.raises(KeyReusedError):
        ratings.rate(ANN, BOB.account, 46, order="A17", key="A17", time=START)
    refused("attestation_exists", ratings.rate, ANN, BOB.account, 4, order="A17", time=START)
    refused("wrong_content", ratings.rate, ANN, BOB.account, 51, order="A18", time=START)
    assert ratings.rate(ANN, BOB.account, 4, order="A18", dry_run=True, time=START).dry_run
    again = Ratings(ledger, MARKET, name="rating")
    assert (again.value(ANN, BOB.account, order="A17"), again.value(ANN, BOB.account, order="A18")) == (45, None)
    ratings.withdraw(ANN, BOB.account, order="A17", time=START)
    assert ratings.value(ANN, BOB.account, order="A17") is None
    refused("already_revoked", ratings.withdraw, ANN, BOB.account, order="A17", time=START)
    with pytest.raises(LookupError, match="found no 'stars'"):
        Ratings(ledger, MARKET, name="stars")


def test_badges_and_who_needs_one(ledger):
    tiers = Badges.launch(ledger, MARKET, name="tier", tiers=3, time=START)
    members = Ratings.launch(ledger, MARKET, name="members", least=1, most=5, members=tiers.requirement, time=START)
    refused("unknown_attestation", members.rate, ANN, BOB.account, 5, time=START)
    tiers.award(BOB.account, tier=2, expires=START + 10, key="bob", time=START)
    assert tiers.award(BOB.account, tier=2, expires=START + 10, key="bob", time=START).repeated
    assert (tiers.holds(BOB.account), tiers.holds(BOB.account, time=START + 10)) == (True, False)
    members.rate(ANN, BOB.account, 5, time=START)
    refused("wrong_content", tiers.award, ANN.account, tier=4, time=START)
    refused("wrong_content", tiers.award, ANN.account, time=START)
    tiers.revoke(BOB.account, time=START)
    assert not Badges(ledger, MARKET, name="tier").holds(BOB.account)
    refused("already_revoked", tiers.revoke, BOB.account, time=START)
    plain = Badges.launch(ledger, MARKET, name="founder", time=START)
    plain.award(ANN.account, time=START)
    assert plain.holds(ANN.account)


def test_a_disclosure_is_checked_offline(ledger, ratings):
    ratings.rate(MARKET, ANN.account, 45, time=START)
    ledger.checkpoint(time=START)
    key, asked = ledger.verifier_key, {"schema": ratings.schema, "issuer": MARKET.account}
    shown = disclose(ledger, ratings.schema, MARKET.account, ANN.account)
    found = verify_disclosure(shown, key, **asked, subject=ANN.account, least=45, most=45, ledger=ledger.id)
    assert (found.attestation.content.value, found.time, found.text) == (45, START, None)
    _unproven("wrong_record", verify_disclosure, shown, key, **asked, least=46)
    _unproven("wrong_record", verify_disclosure, shown, key, **asked, most=44)
    _unproven("wrong_question", verify_disclosure, shown, key, **asked, subject=BOB.account)
    _unproven("wrong_question", verify_disclosure, shown, key, schema=ratings.schema, issuer=ANN.account)
    _unproven("wrong_question", verify_disclosure, shown, key, schema=bytes(32), issuer=MARKET.account)
    _unproven("stale", verify_disclosure, shown, key, **asked, now_ms=START + 999_999, max_age_ms=5)
    _unproven("wrong_record", verify_disclosure, shown + b"x" * 40, key, **asked)
    for place in range(0, len(shown), 5):
        with pytest.raises(ProofError):
            verify_disclosure(shown[:place] + bytes([shown[place] ^ 1]) + shown[place + 1 :], key, **asked)
        with pytest.raises(ProofError):
            verify_disclosure(shown[:place], key, **asked)
    absent = disclose(ledger, ratings.schema, MARKET.account, BOB.account)
    _unproven("wrong_record", verify_disclosure, absent, key, **asked)


def test_a_disclosure_holds_at_its_time_only(ledger):
    badges = Badges.launch(ledger, MARKET, name="member", time=START)
    badges.award(ANN.account, expires=START + 10, time=START)
    badges.award(BOB.account, time=START)
    badges.revoke(BOB.account, time=START)
    asked = {"schema": badges.schema, "issuer": MARKET.account}
    ledger.checkpoint(time=START + 9)
    shown = disclose(ledger, badges.schema, MARKET.account, ANN.account)
    assert verify_disclosure(shown, ledger.verifier_key, **asked).time == START + 9
    _unproven("wrong_record", verify_disclosure, shown, ledger.verifier_key, **asked, least=1)
    badges.award(EVE.account, time=START + 10)
    ledger.checkpoint(time=START + 10)
    for member in (ANN, BOB):
        shown = disclose(ledger, badges.schema, MARKET.account, member.account)
        _unproven("wrong_record", verify_disclosure, shown, ledger.verifier_key, **asked)


def test_a_commitment_is_opened_with_its_salt(ledger, by):
    content, salt = commit("born in 1990")
    ledger.execute([Attest(schema=by, issuer=MARKET.account, subject=ANN.account, content=content)], MARKET, time=START)
    ledger.checkpoint(time=START)
    asked, place = {"schema": by, "issuer": MARKET.account}, (by, MARKET.account, ANN.account)
    opened = disclose(ledger, *place, text="born in 1990", salt=salt)
    assert verify_disclosure(opened, ledger.verifier_key, **asked).text == "born in 1990"
    assert verify_disclosure(disclose(ledger, *place), ledger.verifier_key, **asked).text is None
    for text, other in (("born in 1991", salt), ("born in 1990", bytes(32))):
        _unproven(
            "wrong_record",
            verify_disclosure,
            disclose(ledger, *place, text=text, salt=other),
            ledger.verifier_key,
            **asked,
        )
    with pytest.raises(ValueError, match="both or neither"):
        disclose(ledger, *place, text="born in 1990")
    with pytest.raises(ValueError, match="32 bytes"):
        commit("a", b"short")


def test_scores_are_computed_again_from_the_bundle_alone(ledger, rated, by):
    asked = {"schema": rated.schema, "seeds": [MARKET.account]}
    bundle = export_bundle(ledger, time=START)
    key, first = ledger.verifier_key, recompute(bundle, ledger.verifier_key, **asked, ledger=ledger.id)
    post_scores(ledger, MARKET, scores=first, by=by, key="posted", time=START)
    assert post_scores(ledger, MARKET, scores=first, by=by, key="posted", time=START).repeated
    refused("attestation_exists", post_scores, ledger, MARKET, scores=first, by=by, time=START)
    posted = posted_root(ledger, MARKET.account, scores=first, by=by)
    ledger.close()
    again = recompute(bundle, key, **asked)
    assert (again, again.root) == (first, posted)
    # By hand: m = 0.15 + 0.85 b, a = 0.85 * 3/4 m, b = 0.85 (m/4 + a), for Bob's only rating is negative.
    m = Fraction(15, 100) / (1 - PASSED * (PASSED / 4 + PASSED * PASSED * 3 / 4))
    exact = {MARKET: m, ANN: PASSED * m * 3 / 4, BOB: PASSED * (m / 4 + PASSED * m * 3 / 4)}
    assert sum(exact.values()) == 1
    assert {key.account for key in exact} == set(again.values)
    assert all(abs(again.values[key.account] - value * 10**18) < 20 for key, value in exact.items())


def test_scores_are_the_same_to_the_last_unit_everywhere(ledger, rated):
    """The numbers and the root that every machine must get, whatever its floating point does."""
    bundle = export_bundle(ledger, time=START)
    found = recompute(bundle, ledger.verifier_key, schema=rated.schema, seeds=[MARKET.account])
    values = [found.values[key.account] for key in (MARKET, ANN, BOB)]
    assert values == [418_082_048_602_038_152, 266_527_305_983_799_320, 315_390_645_414_162_528]
    assert found.root.hex() == "fb52b54761bfc533c66ab6b6f086415f9f996b868361e276965e6d621cffc91f"


def test_the_rules_by_hand():
    """What is rounded down goes to the seeds, the first of them first."""
    a, b, c = (bytes([number]) * 32 for number in range(3))
    scores_of = scores._eigentrust
    assert scores_of({}, (a, b, c)) == {
        a: 333_333_333_333_333_334,
        b: 333_333_333_333_333_333,
        c: 333_333_333_333_333_333,
    }
    assert scores_of({(b, c): 7}, (a,)) == {a: 10**18, b: 0, c: 0}
    assert scores_of({(a, b): 1}, (a,)) == {a: 540_540_540_540_540_541, b: 459_459_459_459_459_459}


def test_ratings_of_a_pair_are_added_before_they_are_cut(ledger, ratings):
    """s_ij = sat(i, j) - unsat(i, j), and only then max(s_ij, 0): the paper."""
    for order, value in (("1", 9), ("2", -10), ("3", 4)):
        ratings.rate(MARKET, ANN.account, value, order=order, time=START)
    ratings.rate(MARKET, BOB.account, 6, time=START)
    for order, value in (("1", 5), ("2", -6)):
        ratings.rate(BOB, EVE.account, value, order=order, time=START)
    found = recompute(
        export_bundle(ledger, time=START), ledger.verifier_key, schema=ratings.schema, seeds=[MARKET.account]
    )
    assert EVE.account not in found.values
    # Ann has 3 of 9, Bob 6 of 9: he has exactly twice as much, but for a unit that was rounded down.
    assert found.values[BOB.account] - 2 * found.values[ANN.account] in (0, 1)


@pytest.mark.parametrize("seed", range(4))
def test_scores_agree_with_scipy(seed):
    """An independent way: the fixed point is the solution of a linear system, here in floating point."""
    chance = random.Random(seed)  # noqa: S311 - a test's, the same each time
    accounts = [chance.randbytes(32) for _ in range(300)]
    ratings = {}
    for _ in range(3_000):
        pair = chance.choice(accounts[:250]), chance.choice(accounts)
        if pair[0] != pair[1]:
            ratings[pair] = chance.randint(-10, 50)
    seeds = tuple(sorted(accounts[: seed + 1]))
    found = scores._eigentrust(ratings, seeds)
    shuffled = chance.sample(list(ratings.items()), len(ratings))
    assert found == scores._eigentrust(dict(shuffled), seeds)
    assert sum(found.values()) == 10**18

    place = {account: number for number, account in enumerate(found)}
    weights, size = numpy.zeros((len(place), len(place))), len(place)
    for (issuer, subject), value in ratings.items():
        if value > 0:
            weights[place[subject], place[issuer]] = value
    given = weights.sum(axis=0)
    start = numpy.zeros(size)
    start[[place[account] for account in seeds]] = 1 / len(seeds)
    columns = numpy.where(given > 0, weights / numpy.where(given > 0, given, 1), start[:, None])
    solved = linalg.solve(numpy.eye(size) - 0.85 * columns, 0.15 * start)
    assert max(abs(solved - numpy.array(list(found.values())) / 1e18)) < 1e-13


def test_a_changed_rating_is_detected(ledger, rated, by):
    asked = {"schema": rated.schema, "seeds": [MARKET.account]}
    key, bundle = ledger.verifier_key, export_bundle(ledger, time=START)
    first = recompute(bundle, key, **asked)
    rating = b"\x01" + (30).to_bytes(8, "little")
    assert bundle.count(ANN.account + bytes(32) + b"\x00" + rating) == 1
    forged = bundle.replace(bytes(32) + b"\x00" + rating, bytes(32) + b"\x00\x01" + (31).to_bytes(8, "little"))
    _unproven("wrong_log_proof", recompute, forged, key, **asked)
    for size in (0, 30, len(bundle) - 1):
        with pytest.raises(ProofError):
            recompute(bundle[:size], key, **asked)
    _unproven("wrong_ledger", recompute, bundle, key, **asked, ledger=bytes(32))
    _unproven("wrong_log_proof", recompute, bundle + (1).to_bytes(4, "little") + b"x", key, **asked)
    rated.withdraw(MARKET, ANN.account, time=START)
    later = recompute(export_bundle(ledger, time=START), key, **asked)
    assert (ANN.account in later.values, later.root == first.root) == (True, False)
    assert posted_root(ledger, MARKET.account, scores=later, by=by) is None
    for seeds in ([], [b"short"], MARKET.account):
        with pytest.raises(ValueError, match="seeds: expected"):
            recompute(bundle, key, schema=rated.schema, seeds=seeds)


def test_a_wrong_posting_does_not_match(ledger, rated, by):
    asked = {"schema": rated.schema, "seeds": [MARKET.account]}
    right = recompute(export_bundle(ledger, time=START), ledger.verifier_key, **asked)
    nonce = scores._posting(right)
    wrong = Attest(schema=by, issuer=MARKET.account, subject=MARKET.account, nonce=nonce, content=Commitment(bytes(32)))
    ledger.execute([wrong], MARKET, time=START)
    assert posted_root(ledger, MARKET.account, scores=right, by=by) == bytes(32) != right.root


def test_a_log_that_does_not_decode_is_no_proof(ledger):
    """Though the operator has signed it."""
    genesis = ledger.entry(0)
    for entries in ([b"\0x", b"\1", b"\2y"], [genesis, b"\1", b"\2y"]):
        note = sign_checkpoint(ledger.origin, entries, 3, MARKET.seed)
        _unproven("malformed_entry", check_log, note, entries, ledger.verifier_key, ledger=None, what="log")


def test_one_score_is_proven_against_the_root(ledger, rated):
    found = recompute(
        export_bundle(ledger, time=START), ledger.verifier_key, schema=rated.schema, seeds=[MARKET.account]
    )
    leaves = [account + value.to_bytes(8, "big") for account, value in sorted(found.values.items())]
    assert (len(leaves), log.root(leaves)) == (3, found.root)
    for index, leaf in enumerate(leaves):
        verify_inclusion(log.leaf_hash(leaf), index, 3, log.inclusion(index, leaves), found.root)


def test_the_root_of_any_number_of_scores():
    for size in range(1, 20):
        leaves = [bytes([number]) for number in range(size)]
        assert tree_root([log.leaf_hash(leaf) for leaf in leaves]) == log.root(leaves)
