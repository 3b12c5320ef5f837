"""DID documents of key accounts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from counterfoil import Key
from counterfoil.did import did_document
from counterfoil.exceptions import WireError
from counterfoil.verify import decode_account, encode_named_account, is_public_key
from nacl.signing import SigningKey

if TYPE_CHECKING:
    from pathlib import Path

KEY = Key.from_seed(bytes(range(32)))


def test_ed25519_vectors(shared_vectors: Path) -> None:
    cases = json.loads((shared_vectors / "did-key/ed25519-x25519.json").read_text())
    formats = []
    for did, case in cases.items():
        key = Key.from_seed(bytes.fromhex(case["seed"]))
        assert key.did == did
        formats.append(case["didDocument"]["verificationMethod"][0]["type"])
        assert did_document(did, key_format=formats[-1]) == case["didDocument"]
        assert did_document(key.account, key_format=formats[-1]) == case["didDocument"]
    assert formats == [*["Ed25519VerificationKey2018"] * 4, "JsonWebKey2020"]


@pytest.mark.parametrize(("name", "count"), [("secp256k1", 6), ("x25519", 4)])
def test_other_kinds_of_keys_are_refused(shared_vectors: Path, name: str, count: int) -> None:
    cases = json.loads((shared_vectors / f"did-key/{name}.json").read_text())
    dids = [did for did in cases.get("didDocument", cases) if did.startswith("did:key:")]
    assert len(dids) == count
    for did in dids:
        for call in (did_document, decode_account):
            with pytest.raises(WireError, match=f"account: expected did:key:z6Mk.*found .{did[:20]}"):
                call(did)


def test_the_formats_say_the_same_keys() -> None:
    agreement = bytes(SigningKey(KEY.seed).verify_key.to_curve25519_public_key())
    multikey = did_document(KEY.did)
    assert multikey == did_document(KEY.did, key_format="Multikey")
    signing, encrypting = multikey["verificationMethod"]
    assert signing == {
        "id": f"{KEY.did}#{KEY.did.removeprefix('did:key:')}",
        "type": "Multikey",
        "controller": KEY.did,
        "publicKeyMultibase": KEY.did.removeprefix("did:key:"),
    }
    assert encrypting["publicKeyMultibase"].startswith("z6LS")
    assert multikey["@context"] == ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
    newer = did_document(KEY.did, key_format="Ed25519VerificationKey2020")
    assert [method["type"] for method in newer["verificationMethod"]] == [
        "Ed25519VerificationKey2020",
        "X25519KeyAgreementKey2020",
    ]
    for format_ in ("Multikey", "JsonWebKey2020", "Ed25519VerificationKey2020", "Ed25519VerificationKey2018"):
        document = did_document(KEY.did, key_format=format_)
        ids = [method["id"] for method in document["verificationMethod"]]
        assert ids == [signing["id"], encrypting["id"]]
        assert document["authentication"] == document["assertionMethod"] == ids[:1]
        assert document["keyAgreement"] == ids[1:]
    for method, public in zip(newer["verificationMethod"], (KEY.public, agreement), strict=True):
        letters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
        number = 0
        for letter in method["publicKeyMultibase"][1:]:
            number = number * 58 + letters.index(letter)
        assert number.to_bytes(34, "big")[2:] == public


def test_a_key_with_leading_zeros_keeps_them() -> None:
    number = next(count for count in range(10_000) if Key.from_seed(count.to_bytes(32, "big")).public[0] == 0)
    key = Key.from_seed(number.to_bytes(32, "big"))
    document = did_document(key.account, key_format="Ed25519VerificationKey2018")
    found = document["verificationMethod"][0]["publicKeyBase58"]
    zeros = len(key.public) - len(key.public.lstrip(b"\0"))
    assert len(found) - len(found.lstrip("1")) == zeros > 0


MIXED_ORDER = bytes.fromhex("5252cc0a7f208133b620acbd4537eba2a4123bf0a8c2e4f980c3b31bb69765ea")


def test_what_is_no_usable_key_is_refused() -> None:
    # The signature rule takes a point of the whole curve; there is no X25519 key to be had of it.
    assert is_public_key(MIXED_ORDER)
    for key in (bytes(32), b"\x01" + bytes(31), b"\x02" + bytes(31), b"\xff" * 32, MIXED_ORDER):
        with pytest.raises(WireError, match="account: expected an Ed25519 public key"):
            did_document(key)
    for wrong in (encode_named_account(KEY.account), "did:key:z", "", KEY.did + "#", b"short"):
        with pytest.raises(WireError, match="account: expected"):
            did_document(wrong)
    with pytest.raises(TypeError):
        did_document(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="key_format: expected one of Multikey"):
        did_document(KEY.did, key_format="PGP")  # type: ignore[arg-type]
