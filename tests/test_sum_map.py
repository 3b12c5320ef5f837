"""Map proofs: the public vectors with their mutants and forged trees, and random maps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from counterfoil.exceptions import ProofError
from counterfoil.verify import REASONS, MapResult, tree_key
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from tests.verifiers import verify_map_proof

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["empty", "one", "two", "three_close", "seventeen", "hundred_close", "thousand", "values", "forged"]

# What `why` says in the vectors, and the reasons that are right for it.
WHY = {
    "depth": {"shallow_leaf", "truncated", "malformed_proof"},
    "short": {"truncated"},
    "trailing bytes": {"trailing_bytes"},
    "kind": {"malformed_proof"},
    "root": {"wrong_root"},
    "other leaf": {"wrong_leaf"},
    "sum overflow": {"sum_overflow"},
    "listed empty sibling": {"empty_sibling"},
    "a lone leaf is never pushed down": {"shallow_leaf"},
    "an empty pair is empty": {"shallow_leaf"},
}


@pytest.mark.parametrize("name", FILES)
def test_vectors(shared_vectors: Path, name: str) -> None:
    data = json.loads((shared_vectors / f"sum-map/{name}.json").read_text())
    if "entries" in data:
        leaves = {
            bytes.fromhex(entry["key"]): (int(entry["sum"]), bytes.fromhex(entry["value"])) for entry in data["entries"]
        }
        root = bytes.fromhex(data["root"])
        assert builders.map_root(leaves) == (root, int(data["sum"]))
    for proof in data.get("proofs", []):
        found = verify_map_proof(root, bytes.fromhex(proof["key"]), bytes.fromhex(proof["proof"]))
        value = bytes.fromhex(proof["value"]) if proof["present"] else None
        assert found == MapResult(int(data["sum"]), int(proof["sum"] or 0), value)
        if name not in ("thousand", "hundred_close"):
            assert builders.map_proof(leaves, bytes.fromhex(proof["key"])) == bytes.fromhex(proof["proof"])
    for mutant in data["must_fail"]:
        with pytest.raises(ProofError) as caught:
            verify_map_proof(*(bytes.fromhex(mutant[part]) for part in ("root", "key", "proof")))
        assert caught.value.reason in REASONS
        assert caught.value.reason in WHY.get(mutant["why"], REASONS), mutant["why"]


maps = st.dictionaries(
    # Few bytes at the front, so that paths are shared for long; many bits in common at times.
    st.tuples(st.sampled_from([b"\x00", b"\x01", b"\x80", b"\xff"]), st.binary(min_size=31, max_size=31)).map(b"".join),
    st.tuples(st.one_of(st.integers(0, 9), st.integers(0, 2**100)), st.binary(max_size=20)),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(maps, st.binary(min_size=32, max_size=32), st.data())
def test_proofs_of_random_maps(leaves: builders.Leaves, absent: bytes, data: st.DataObject) -> None:
    root, total = builders.map_root(leaves)
    for key in {*leaves, absent}:
        proof = builders.map_proof(leaves, key)
        leaf = leaves.get(key, (0, None))
        assert verify_map_proof(root, key, proof) == MapResult(total, *leaf)
        # A proof is the one proof of its answer: whatever bit is flipped, it is none.
        place = data.draw(st.integers(0, len(proof) * 8 - 1))
        forged = bytearray(proof)
        forged[place // 8] ^= 1 << place % 8
        with pytest.raises(ProofError):
            verify_map_proof(root, key, bytes(forged))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(proof: bytes) -> None:
    with pytest.raises(ProofError) as caught:
        verify_map_proof(b"r" * 32, b"k" * 32, proof)
    assert caught.value.reason in REASONS


def test_each_refusal() -> None:
    key = bytes(32)
    leaves = {key: (5, b"value"), b"\x01" + bytes(31): (6, b""), b"\xff" * 32: (7, b"")}
    root, _ = builders.map_root(leaves)
    good = builders.map_proof(leaves, key)
    head, depth = good[:24], 8  # kind, sum, length, value; then the depth, of 8
    assert good[24:26] == b"\x00\x08"
    assert good[26:27] == b"\x81"

    def refused(proof: bytes, asked: bytes = key) -> str:
        with pytest.raises(ProofError) as caught:
            verify_map_proof(root, asked, proof)
        return caught.value.reason

    assert refused(b"") == "truncated"
    assert refused(b"\x03" + good[1:]) == "malformed_proof"
    assert refused(head + b"\x01\x01" + good[26:]) == "malformed_proof"  # 257 deep
    assert refused(b"\x01" + bytes(16) + b"\x10\x01" + bytes(4097) + bytes(2)) == "malformed_proof"
    assert refused(head + bytes([0, depth - 1]) + good[26:]) == "malformed_proof"  # a padding bit is set
    assert refused(good + b"\x00") == "trailing_bytes"
    assert refused(good[:-1]) == "truncated"
    assert refused(head + bytes([0, depth]) + b"\x80" + good[27:75]) == "shallow_leaf"
    assert refused(good[:27] + bytes(48) + good[75:]) == "empty_sibling"
    assert refused(good[:43] + b"\xff" * 32 + good[75:], key) == "sum_overflow"
    assert refused(good[:-1] + b"\x09") == "wrong_root"
    absence = builders.map_proof(leaves, bytes(31) + b"\x01")
    assert absence[0] == 2
    assert refused(absence, key) == "wrong_leaf"  # the leaf shown is the one asked for
    assert refused(absence, b"\x80" + bytes(31)) == "wrong_leaf"  # the leaf shown is off the path
    assert tree_key(b"x" * 32) == builders.tree_key(b"x" * 32)
