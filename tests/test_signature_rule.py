"""Which signatures are valid: the verdicts on 1,401 public vectors, by the rule alone and as the verifier asks."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from counterfoil import verify
from counterfoil.exceptions import SignatureError
from counterfoil.verify import is_public_key, verify_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

if TYPE_CHECKING:
    from pathlib import Path

Case = tuple[str, bytes, bytes, bytes]


def accepts(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        verify_signature(public_key, message, signature)
    except SignatureError:
        return False
    return True


@pytest.fixture(scope="module")
def cases(shared_vectors: Path) -> dict[tuple[str, int], tuple[bytes, bytes, bytes]]:
    found = {}
    for index, case in enumerate(json.loads((shared_vectors / "ed25519-speccheck/cases.json").read_text())):
        found["speccheck", index] = tuple(bytes.fromhex(case[name]) for name in ("pub_key", "message", "signature"))
    for index, case in enumerate(json.loads((shared_vectors / "zip215/small_order.json").read_text())):
        found["zip215", index] = bytes.fromhex(case["vk"]), case["msg_ascii"].encode(), bytes.fromhex(case["sig"])
    for case in json.loads((shared_vectors / "cctv-ed25519/ed25519vectors.json").read_text()):
        found["cctv", case["number"]] = bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"])
    for group in json.loads((shared_vectors / "wycheproof/ed25519_test.json").read_text())["testGroups"]:
        for case in group["tests"]:
            key = bytes.fromhex(group["publicKey"]["pk"])
            found["wycheproof", case["tcId"]] = key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
    lines = gzip.decompress((shared_vectors / "rfc8032/sign.input.gz").read_bytes()).decode().splitlines()
    for index, line in enumerate(lines):
        _, key, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        found["sign_input", index] = key, message, signed[:64]
    return found


@pytest.fixture(scope="module")
def verdicts(shared_vectors: Path) -> list[tuple[str, int, bool]]:
    lines = (shared_vectors / "ed25519-rule/verdicts.tsv").read_text().splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [(row[0], int(row[1]), row[2] == "1") for row in rows]


def test_all_verdicts_as_the_verifier_asks(cases, verdicts) -> None:
    assert len(verdicts) == 1_401
    wrong = [(name, index) for name, index, expected in verdicts if accepts(*cases[name, index]) != expected]
    assert wrong == []


def test_all_verdicts_by_the_rule_alone(cases, verdicts) -> None:
    """The equation in pure Python agrees on its own, so that what PyNaCl accepts is not the only reason."""
    wrong = []
    for name, index, expected in verdicts:
        key, message, signature = cases[name, index]
        alone = len(signature) == 64 and verify._signature_fault(key, message, signature) is None
        if alone != expected:
            wrong.append((name, index))
    assert wrong == []


@pytest.mark.parametrize(("key_size", "size"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)])
def test_lengths_are_refused(key_size: int, size: int) -> None:
    with pytest.raises(SignatureError, match=f"found {key_size} and {size}"):
        verify_signature(bytes(key_size), b"", bytes(size))


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511))
def test_a_flipped_bit_is_refused(seed: bytes, message: bytes, place: int) -> None:
    key = SigningKey(seed)
    signature = key.sign(message).signature
    verify_signature(bytes(key.verify_key), message, signature)
    forged = bytearray(signature)
    forged[place // 8] ^= 1 << place % 8
    assert not accepts(bytes(key.verify_key), message, bytes(forged))
    assert not accepts(bytes(key.verify_key), message + b"!", signature)


def test_public_keys() -> None:
    prime = 2**255 - 19
    assert is_public_key(bytes(SigningKey(bytes(32)).verify_key))
    assert not is_public_key((1).to_bytes(32, "little"))  # the identity
    assert not is_public_key((prime - 1).to_bytes(32, "little"))  # of order 2
    assert not is_public_key((1 | 1 << 255).to_bytes(32, "little"))  # x = 0 with a sign
    assert not is_public_key((prime + 3).to_bytes(32, "little"))  # y not below p
    assert not is_public_key((2).to_bytes(32, "little"))  # no point
