"""The sum map of who gets what, against maps from scratch, and the roots of scores."""

from __future__ import annotations

import random
import time

import pytest
from counterfoil import leaves
from counterfoil.exceptions import ProofError
from counterfoil.leaves import build, scores_root
from counterfoil.verify import MapResult, tree_key
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from tests.model import log
from tests.verifiers import verify_map_proof

ANN, BOB = b"a" * 32, b"b" * 32

# Few bytes at the front, so that paths are shared for long where the ids are the paths.
accounts = st.tuples(st.sampled_from([b"\x00", b"\x01", b"\x80", b"\xff"]), st.binary(min_size=31, max_size=31))
lists = st.dictionaries(accounts.map(b"".join), st.integers(1, 2**120), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(lists)
def test_a_list_is_the_sum_map_of_its_accounts(amounts):
    made = build(amounts)
    expected = {builders.tree_key(account): (amount, b"") for account, amount in amounts.items()}
    assert (made.root, made.total) == builders.map_root(expected)
    assert build(reversed(amounts.items())) == made
    for account, amount in amounts.items():
        proof = made.proof(account)
        assert proof == builders.map_proof(expected, builders.tree_key(account))
        assert verify_map_proof(made.root, tree_key(account), proof) == MapResult(made.total, amount, b"")


@settings(max_examples=40, deadline=None)
@given(lists)
def test_long_paths(amounts):
    # Nobody finds ids whose tree keys agree in more than some 60 bits: here the ids are the paths.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaves, "tree_key", lambda account: account)
        twin = bytearray(next(iter(amounts)))
        twin[31] ^= 1
        amounts = {**amounts, bytes(twin): 7}
        made = build(amounts)
        expected = {account: (amount, b"") for account, amount in amounts.items()}
        assert (made.root, made.total) == builders.map_root(expected)
        for account in amounts:
            assert made.proof(account) == builders.map_proof(expected, account)
        assert len(made.proof(bytes(twin))) > 1 + 16 + 2 + 2 + 32


def test_a_proof_is_of_its_account_and_list_alone():
    made, other = build({ANN: 5, BOB: 6}), build({ANN: 6, BOB: 5})
    assert (made.root, made.total) != (other.root, other.total)
    for root, account, proof in (
        (made.root, BOB, made.proof(ANN)),
        (made.root, ANN, other.proof(ANN)),
        (other.root, ANN, made.proof(ANN)),
    ):
        with pytest.raises(ProofError):
            verify_map_proof(root, tree_key(account), proof)
    with pytest.raises(LookupError, match="expected one of 2 in the list, found b'ccc"):
        made.proof(b"c" * 32)
    with pytest.raises(LookupError):
        made.proof("ann")


@pytest.mark.parametrize(
    ("amounts", "error", "message"),
    [
        ({}, ValueError, "total: expected 1 to"),
        ({ANN: 0}, ValueError, "amount: expected 1 to"),
        ({ANN: -1}, ValueError, "found -1"),
        ({ANN: 1.0}, TypeError, "amount: expected an int, found float"),
        ({ANN: True}, TypeError, "found bool"),
        ({ANN: None}, TypeError, "found NoneType"),
        ({ANN: 2**128}, ValueError, "amount: expected 1 to"),
        ({ANN: 10**9000}, ValueError, "found one of 29,898 bits"),
        ({ANN: 2**127, BOB: 2**127}, ValueError, "total: expected 1 to"),
        ({b"ann": 1}, ValueError, "account: expected 32 bytes, found 3"),
        ({"a" * 32: 1}, TypeError, "account: expected 32 bytes, found str"),
        ([(ANN, 1), (BOB, 2), (ANN, 1)], ValueError, "found 6161.* twice"),
    ],
)
def test_bad_lists(amounts, error, message):
    with pytest.raises(error, match=message):
        build(amounts)


def test_the_extremes():
    made = build({ANN: 2**128 - 2, BOB: 1})
    assert verify_map_proof(made.root, tree_key(BOB), made.proof(BOB)) == MapResult(2**128 - 1, 1, b"")
    alone = build([(ANN, 2**128 - 1)])
    assert verify_map_proof(alone.root, tree_key(ANN), alone.proof(ANN)) == MapResult(2**128 - 1, 2**128 - 1, b"")


def test_a_long_list_is_quick():
    source = random.Random(1)  # noqa: S311
    amounts = {source.randbytes(32): source.randrange(1, 10**9) for _ in range(20_000)}
    start = time.process_time()
    made = build(amounts)
    assert time.process_time() - start < 5
    for account in source.sample(sorted(amounts), 50):
        found = verify_map_proof(made.root, tree_key(account), made.proof(account))
        assert found == MapResult(sum(amounts.values()), amounts[account], b"")


def test_scores_have_one_root():
    scores = {BOB: -1, ANN: 10**18, b"c" * 32: 0}
    rows = [ANN + (10**18).to_bytes(8, "big"), BOB + b"\xff" * 8, b"c" * 32 + bytes(8)]
    assert scores_root(scores) == log.root(rows)
    assert scores_root(dict(sorted(scores.items()))) == scores_root(scores)
    assert scores_root({**scores, ANN: 10**18 - 1}) != scores_root(scores)
    for wrong, error in (
        ({}, ValueError),
        ({ANN: 2**63}, ValueError),
        ({ANN: -(2**63) - 1}, ValueError),
        ({ANN: 0.5}, TypeError),
        ({ANN: True}, TypeError),
        ({b"a": 1}, ValueError),
        ({1: 1}, TypeError),
    ):
        with pytest.raises(error):
            scores_root(wrong)
