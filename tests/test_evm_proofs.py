"""What clients/evm/proofs.vy proves and refuses, run by py-evm: the public vectors, and what Python's verifier says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from counterfoil.exceptions import ProofError
from counterfoil.verify import attestation_id, table_id, tree_key, verify_map_proof
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import builders
from tests.test_log_proofs import decoded, lines
from tests.test_sum_map import FILES, maps

for needed in ("vyper", "web3", "eth_tester", "eth"):
    pytest.importorskip(needed, reason=f"no {needed}: the group `test` of pyproject.toml has it")

from tests import chain  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

PROOF_BYTES_MAX = 8_192

Probe: TypeAlias = "Callable[..., tuple[Any, ...]]"


@pytest.fixture(scope="module")
def probe() -> Probe:
    """Calls a function of the module, by its name in the probe."""
    running = chain.Chain()
    contract = running.deploy(chain.build().compile_contract(Path(__file__).parent / "evm/Probe.vy"))
    return lambda name, *arguments: running.call(contract, name, *arguments)


def refused(call: Callable[..., object], *arguments: Any, **named: Any) -> str | None:
    """The reason of a refusal; None where there is none."""
    try:
        call(*arguments, **named)
    except (chain.RefusedError, ProofError) as error:
        return error.reason
    return None


def record(probe: Probe, root: bytes, key: bytes, proof: bytes) -> tuple[int, int, bytes | None]:
    """What a map proof shows: the map's sum, the record's, and its value."""
    [(present, leaf_sum, total, length, word)] = probe("record", root, key, proof)
    value = proof[19 : 19 + length] if present else None
    assert word == (value if length == 32 else bytes(32))
    assert present or not (leaf_sum or length)
    return total, leaf_sum, value


def in_python(root: bytes, key: bytes, proof: bytes) -> tuple[int, int, bytes | None]:
    found = verify_map_proof(root, key, proof)
    return found.total, found.sum, found.value


@pytest.mark.parametrize("name", FILES)
def test_map_vectors(probe: Probe, shared_vectors: Path, name: str) -> None:
    data = json.loads((shared_vectors / f"sum-map/{name}.json").read_text())
    for proof in data.get("proofs", []):
        value = bytes.fromhex(proof["value"]) if proof["present"] else None
        asked = bytes.fromhex(data["root"]), bytes.fromhex(proof["key"]), bytes.fromhex(proof["proof"])
        assert record(probe, *asked) == (int(data["sum"]), int(proof["sum"] or 0), value)
    assert data["must_fail"]
    for mutant in data["must_fail"]:
        asked = tuple(bytes.fromhex(mutant[part]) for part in ("root", "key", "proof"))
        reason = refused(in_python, *asked)
        found = refused(record, probe, *asked)
        # The contract reads the bitmap with what follows it, of which there is too little if it names nothing.
        assert found
        assert found == reason or (found, reason) == ("truncated", "shallow_leaf"), mutant["why"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(maps, st.binary(min_size=32, max_size=32), st.data())
def test_random_maps(probe: Probe, leaves: builders.Leaves, absent: bytes, data: st.DataObject) -> None:
    root, total = builders.map_root(leaves)
    key = data.draw(st.sampled_from([*leaves, absent]))
    proof = builders.map_proof(leaves, key)
    assert record(probe, root, key, proof) == (total, *leaves.get(key, (0, None)))
    place = data.draw(st.integers(0, len(proof) * 8 - 1))
    forged = bytearray(proof)
    forged[place // 8] ^= 1 << place % 8
    assert refused(record, probe, root, key, bytes(forged))
    for cut in (proof[:-1], proof + b"\0"):
        assert refused(record, probe, root, key, cut)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120))
def test_any_bytes(probe: Probe, proof: bytes) -> None:
    asked = b"r" * 32, b"k" * 32, proof
    assert refused(record, probe, *asked)


def test_each_refusal_has_the_reason_of_the_verifier_in_python(probe: Probe) -> None:
    key = bytes(32)
    leaves = {key: (5, b"value"), b"\x01" + bytes(31): (6, b""), b"\xff" * 32: (7, b"")}
    root, _ = builders.map_root(leaves)
    good = builders.map_proof(leaves, key)
    absence = builders.map_proof(leaves, bytes(31) + b"\x01")
    head, depth = good[:24], 8
    cases = [
        (key, b""),
        (key, b"\x03" + good[1:]),
        (key, head + b"\x01\x01" + good[26:]),  # 257 deep
        (key, b"\x01" + bytes(16) + b"\x10\x01" + bytes(4097) + bytes(2)),
        (key, head + bytes([0, depth - 1]) + good[26:]),  # a padding bit is set
        (key, good + b"\x00"),
        (key, good[:-1]),
        (key, head + bytes([0, depth]) + b"\x80" + good[27:75]),  # the deepest sibling is empty
        (key, good[:27] + bytes(48) + good[75:]),
        (key, good[:43] + b"\xff" * 32 + good[75:]),
        (key, good[:-1] + b"\x09"),
        (key, absence),
        (b"\x80" + bytes(31), absence),
    ]
    reasons = [refused(verify_map_proof, root, *case) for case in cases]
    assert all(reasons)
    assert [refused(record, probe, root, *case) for case in cases] == reasons


def test_proofs_that_are_cut_short_or_go_on(probe: Probe) -> None:
    leaves = {bytes(32): (5, b"value"), b"\x01" + bytes(31): (6, b""), b"\xff" * 32: (7, b"")}
    alone = {bytes(32): (5, b"")}
    for held, key in (
        (leaves, bytes(32)),
        (leaves, b"\x02" * 32),
        (alone, bytes(32)),
        (alone, b"\x02" * 32),
        ({}, b"k" * 32),
    ):
        root, _ = builders.map_root(held)
        proof = builders.map_proof(held, key)
        for changed in (*(proof[:size] for size in range(len(proof))), proof + b"\0", proof + bytes(48)):
            reason = refused(in_python, root, key, changed)
            assert reason in ("truncated", "trailing_bytes", "shallow_leaf")
            assert refused(record, probe, root, key, changed) == reason


def test_the_deepest_paths(probe: Probe) -> None:
    # Two keys that differ in their last bit alone; then as many more beside their path as a proof may list.
    pair = {bytes(32): (1, b""), bytes(31) + b"\x01": (2, b"")}
    root, _ = builders.map_root(pair)
    proof = builders.map_proof(pair, bytes(32))
    assert record(probe, root, bytes(32), proof) == in_python(root, bytes(32), proof) == (3, 1, b"")
    beside = {(1 << 255 - level).to_bytes(32, "big"): (level, b"") for level in range(0, 240)}
    for listed in (83, 240):
        leaves = pair | dict(list(beside.items())[:listed])
        root, _ = builders.map_root(leaves)
        proof = builders.map_proof(leaves, bytes(32))
        expected = in_python(root, bytes(32), proof)
        if len(proof) <= PROOF_BYTES_MAX:
            assert record(probe, root, bytes(32), proof) == expected
        else:  # longer than the contract reads
            assert refused(record, probe, root, bytes(32), proof) == "reverted"
    assert len(proof) > PROOF_BYTES_MAX


def test_the_largest_value(probe: Probe) -> None:
    leaves = {bytes([number]) * 32: (number, bytes([number]) * 4_096) for number in range(5)}
    root, total = builders.map_root(leaves)
    key = b"\x03" * 32
    assert record(probe, root, key, builders.map_proof(leaves, key)) == (total, *leaves[key])
    leaves = {key: (2**128 - 1, b""), bytes(32): (0, b"")}
    root, total = builders.map_root(leaves)
    assert record(probe, root, key, builders.map_proof(leaves, key)) == (2**128 - 1, 2**128 - 1, b"")


def fits(*hashes: bytes) -> bool:
    return all(len(each) == 32 for each in hashes)


def test_inclusion_vectors(probe: Probe, shared_vectors: Path) -> None:
    put = 0
    for each in lines(shared_vectors / "merkle-rfc6962/inclusion.jsonl"):
        leaf, root, *proof = (decoded(text) for text in (each["leafHash"], each["root"], *(each["proof"] or [])))
        if fits(leaf, root, *proof) and len(proof) <= 63:
            put += 1
            asked = leaf, each["leafIdx"], each["treeSize"], root, proof
            assert probe("is_included", *asked) == (not each["wantErr"],), each["path"]
    assert put == 72


def test_consistency_vectors(probe: Probe, shared_vectors: Path) -> None:
    put = 0
    for each in lines(shared_vectors / "merkle-rfc6962/consistency.jsonl"):
        old, new, *proof = (decoded(text) for text in (each["root1"], each["root2"], *(each["proof"] or [])))
        if fits(old, new, *proof) and len(proof) <= 64:
            put += 1
            asked = each["size1"], old, each["size2"], new, proof
            expected = "wrong_log_proof" if each["wantErr"] else None
            assert refused(probe, "check_consistency", *asked) == expected, each["path"]
    assert put == 71


def test_small_trees(probe: Probe) -> None:
    entries = [bytes([number]) for number in range(9)]
    for size in range(1, 10):
        root = builders.log_root(entries[:size])
        for place in range(size):
            leaf = builders.sha256(b"\0", entries[place])
            proof = builders.inclusion(entries[:size], place)
            assert probe("is_included", leaf, place, size, root, proof) == (True,)
            assert probe("is_included", leaf, place + 1, size, root, proof) == (False,)
            old_root = builders.log_root(entries[: place + 1])
            proof = builders.consistency(entries[:size], place + 1)
            probe("check_consistency", place + 1, old_root, size, root, proof)
            for mutant in (proof[:-1], [*proof, root]):
                if mutant != proof:
                    asked = place + 1, old_root, size, root, mutant
                    assert refused(probe, "check_consistency", *asked) == "wrong_log_proof"
    # A tree of the largest size has proofs of the greatest length.
    asked = bytes(32), 2**63 - 2, 2**63 - 1, bytes(32), [bytes(32)] * 63
    assert probe("is_included", *asked) == (False,)


def test_keys_of_attestations(probe: Probe) -> None:
    schema, account, nonce = b"s" * 32, b"a" * 32, b"n" * 32
    expected = tree_key(table_id("attestations", schema)), tree_key(attestation_id(schema, account, account, nonce))
    assert probe("attestation_keys", schema, account, nonce) == expected
