"""The log: inclusion and consistency proofs, by the public vectors and on random trees."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from counterfoil.exceptions import ProofError
from counterfoil.verify import leaf_hash, verify_consistency, verify_inclusion
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders

if TYPE_CHECKING:
    from pathlib import Path


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_inclusion_vectors(shared_vectors: Path) -> None:
    probes = lines(shared_vectors / "merkle-rfc6962/inclusion.jsonl")
    assert len(probes) == 98
    for probe in probes:
        proof = [decoded(step) for step in probe["proof"] or []]
        arguments = decoded(probe["leafHash"]), probe["leafIdx"], probe["treeSize"], proof, decoded(probe["root"])
        if probe["wantErr"]:
            with pytest.raises(ProofError) as caught:
                verify_inclusion(*arguments)
            assert caught.value.reason == "wrong_log_proof", probe["path"]
        else:
            verify_inclusion(*arguments)


def test_consistency_vectors(shared_vectors: Path) -> None:
    probes = lines(shared_vectors / "merkle-rfc6962/consistency.jsonl")
    assert len(probes) == 98
    for probe in probes:
        proof = [decoded(step) for step in probe["proof"] or []]
        arguments = probe["size1"], probe["size2"], decoded(probe["root1"]), decoded(probe["root2"]), proof
        # One probe wants success with "roots" of 12 bytes; here hashes have 32.
        if probe["wantErr"] or len(arguments[2]) != 32:
            with pytest.raises(ProofError) as caught:
                verify_consistency(*arguments)
            assert caught.value.reason == "wrong_log_proof", probe["path"]
        else:
            verify_consistency(*arguments)


def test_reference_tree(shared_vectors: Path) -> None:
    data = json.loads((shared_vectors / "rfc6962/reference.json").read_text())
    leaves = [bytes.fromhex(leaf) for leaf in data["leaf_inputs"]]
    assert [leaf_hash(leaf).hex() for leaf in leaves] == data["node_hashes_by_level"][0]
    assert leaf_hash(b"").hex() == data["hasher"]["RFC6962 Empty Leaf"]
    assert leaf_hash(b"L123456").hex() == data["hasher"]["RFC6962 Leaf"]
    assert builders.log_root(leaves).hex() == data["node_hashes_by_level"][-1][0]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.data())
def test_random_trees(size: int, data: st.DataObject) -> None:
    entries = [bytes([number]) for number in range(size)]
    root = builders.log_root(entries)
    index = data.draw(st.integers(0, size - 1))
    proof = builders.inclusion(entries, index)
    verify_inclusion(leaf_hash(entries[index]), index, size, proof, root)
    for other in set(range(size)) - {index}:
        with pytest.raises(ProofError):
            verify_inclusion(leaf_hash(entries[index]), other, size, proof, root)
    with pytest.raises(ProofError):
        verify_inclusion(leaf_hash(entries[index]), index, size, [*proof, root], root)
    old = data.draw(st.integers(1, size))
    proof = builders.consistency(entries, old)
    old_root = builders.log_root(entries[:old])
    verify_consistency(old, size, old_root, root, proof)
    for mutant in (proof[:-1], [*proof, root], [bytes(32), *proof[1:]]):
        if mutant != proof:
            with pytest.raises(ProofError):
                verify_consistency(old, size, old_root, root, mutant)
    if old < size:
        with pytest.raises(ProofError):
            verify_consistency(old, size, root, root, proof)
        with pytest.raises(ProofError):
            verify_consistency(size, old, root, old_root, proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0), (2**70, 3)])
def test_indexes_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        verify_inclusion(bytes(32), index, size, [], bytes(32))
