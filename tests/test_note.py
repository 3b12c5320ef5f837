"""Signed notes, checkpoints, verifier keys and tlog-proofs, by the public vectors; and account texts."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from counterfoil.exceptions import ProofError, WireError
from counterfoil.verify import (
    REASONS,
    Checkpoint,
    NoteKey,
    decode_account,
    encode_did_key,
    encode_named_account,
    open_note,
    parse_log_proof,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from tests import builders

if TYPE_CHECKING:
    from pathlib import Path

KEY = SigningKey(hashlib.sha256(b"note").digest())
NAME = "club.example/beans"
VKEY = builders.vkey(NAME, KEY)


def reason(call, *arguments) -> str:
    with pytest.raises(ProofError) as caught:
        call(*arguments)
    assert caught.value.reason in REASONS
    return caught.value.reason


def parsed(vkeys: list[str]) -> list[NoteKey]:
    """The Ed25519 keys among verifier keys."""
    return [NoteKey.parse(vkey) for vkey in vkeys]


def test_signed_note_vectors(shared_vectors: Path) -> None:
    data = json.loads((shared_vectors / "signed-note/sumdb_note.json").read_text())
    for vkey in data["bad_vkeys"]:
        assert reason(NoteKey.parse, vkey) == "wrong_key"
    for case in data["open"]:
        note = bytes.fromhex(case["note_hex"]) if "note_hex" in case else case["note"].encode()
        keys = [vkey for vkey in case["vkeys"] if base64.b64decode(vkey.split("+", 2)[2])[0] == 1]
        if case["ok"] and keys:
            opened = open_note(note, parsed(keys))
            assert opened.text.encode() == note[: len(opened.text.encode())]
            expected = [name for name in case["verified"] if name in {key.name for key in parsed(keys)}]
            assert [key.name for key in opened.signers] == expected
        else:
            reason(open_note, note, parsed(keys))
    example = json.loads((shared_vectors / "signed-note/c2sp_spec_example.json").read_text())
    assert open_note(example["note"].encode(), parsed([example["vkey"]])).text == "This is an example message.\n"


def test_every_substring_of_a_verifier_key_is_refused() -> None:
    """The Go library's test: no proper substring, and no key with one byte increased."""
    assert NoteKey.parse(VKEY).text == VKEY
    for start in range(len(VKEY)):
        for end in range(start, len(VKEY) + 1):
            if end - start < len(VKEY):
                assert reason(NoteKey.parse, VKEY[start:end]) == "wrong_key"
    for place in range(len(VKEY)):
        assert reason(NoteKey.parse, VKEY[:place] + chr(ord(VKEY[place]) + 1) + VKEY[place + 1 :]) == "wrong_key"


@pytest.mark.parametrize("text", ["", "a+b", "+" * 9, "é\ud800+00000000+AQ==", "name+00000000+é", "x" * 10_000_000])
def test_no_verifier_key(text: str) -> None:
    assert reason(NoteKey.parse, text) == "wrong_key"


def test_verifier_keys_of_other_kinds_are_refused(shared_vectors: Path) -> None:
    data = json.loads((shared_vectors / "tlog-checkpoint/formats.json").read_text())
    for case in data["cosignature_vkeys"]:
        if not case["ok"] or not case["name"].startswith("works: convert"):
            assert reason(NoteKey.parse, case["vkey"]) == "wrong_key"


def test_checkpoint_vectors(shared_vectors: Path) -> None:
    data = json.loads((shared_vectors / "tlog-checkpoint/formats.json").read_text())
    # Ours is stricter than that library, as the specification asks: 32 bytes of hash, and no lines after it.
    for case in data["parse"]:
        assert reason(Checkpoint.parse, case["checkpoint"]) == "malformed_checkpoint"
    data = json.loads((shared_vectors / "tlog-checkpoint/sigsum.json").read_text())
    key = SigningKey(bytes.fromhex(data["private_seed_hex"]))
    name = data["checkpoint"].split("\n")[0]
    opened = open_note(data["checkpoint"].encode(), [NoteKey(name, bytes(key.verify_key))])
    checkpoint = Checkpoint.parse(opened.text)
    assert (checkpoint.origin, checkpoint.tree_size, checkpoint.text) == (name, 10, opened.text)
    assert builders.sign_note(opened.text, name, key).decode() == data["checkpoint"]


HASH = base64.b64encode(b"h" * 32).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}\n5\n{HASH}",
        f"{NAME}\n5\n{HASH}\nextension\n",
        f"{NAME}\n5\n{HASH}\n\n",
        f"\n5\n{HASH}\n",
        f"{NAME}\n05\n{HASH}\n",
        f"{NAME}\n+5\n{HASH}\n",
        f"{NAME}\n\u0665\n{HASH}\n",
        f"{NAME}\n{2**63}\n{HASH}\n",
        f"{NAME}\n5\n{HASH[:-1]}\n",
        f"{NAME}\n5\n{HASH[:-2]}{chr(ord(HASH[-2]) + 1)}=\n",
        f"{NAME}\n5\n {HASH}\n",
        f"{NAME}\n5\n{base64.b64encode(bytes(31)).decode()}\n",
    ],
)
def test_malformed_checkpoints(text: str) -> None:
    assert reason(Checkpoint.parse, text) == "malformed_checkpoint"


def test_every_byte_of_a_note_counts() -> None:
    note = builders.sign_note(f"{NAME}\n5\n{HASH}\n", NAME, KEY)
    keys = [NoteKey.parse(VKEY)]
    assert open_note(note, keys).signers == (keys[0],)
    for place in range(len(note)):
        for change in (1, 0x20, 0x80):
            reason(open_note, note[:place] + bytes([note[place] ^ change]) + note[place + 1 :], keys)
        reason(open_note, note[:place], keys)
        reason(open_note, note[:place] + note[place + 1 :], keys)


def test_a_note_by_others_too() -> None:
    other = SigningKey(bytes(32))
    text = f"{NAME}\n5\n{HASH}\n"
    both = builders.sign_note(text, NAME, KEY) + builders.sign_note(text, "witness", other)[len(text) + 1 :]
    assert [key.name for key in open_note(both, [NoteKey.parse(VKEY)]).signers] == [NAME]
    assert reason(open_note, both, []) == "wrong_key"
    twice = [NoteKey.parse(VKEY)] * 2
    assert reason(open_note, both, twice) == "ambiguous_key"
    many = builders.sign_note(text, NAME, KEY) + builders.sign_note(text, "w", other)[len(text) + 1 :] * 100
    assert reason(open_note, many, twice[:1]) == "malformed_note"
    assert reason(open_note, b"x" * 1_000_001, twice) == "too_long"


def test_tlog_proof_vectors(shared_vectors: Path) -> None:
    data = json.loads((shared_vectors / "tlog-proof/formats.json").read_text())
    for case in data["marshal"]:
        proof = parse_log_proof(case["want"].encode())
        assert proof.index == case["index"]
        assert list(proof.hashes) == [hashlib.sha256(text.encode()).digest() for text in case["hash_preimages"]]
        assert proof.extra == (case["extra"].encode() if case["extra"] is not None else None)
        assert proof.note.decode() == case["checkpoint"]
    for text in data["must_fail"]:
        assert reason(parse_log_proof, text.encode()) == "malformed_receipt"


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore"))))
def test_any_bytes(data: bytes) -> None:
    reason(open_note, data, [NoteKey.parse(VKEY)])
    reason(parse_log_proof, data)
    reason(parse_log_proof, b"c2sp.org/tlog-proof@v1\nextra " + data)


def test_did_key_vectors(shared_vectors: Path) -> None:
    data = json.loads((shared_vectors / "did-key/ed25519-x25519.json").read_text())
    for did, case in data.items():
        public = bytes(SigningKey(bytes.fromhex(case["seed"])).verify_key)
        assert encode_did_key(public) == did
        assert decode_account(did) == public
    for name in ("secp256k1", "x25519"):
        for did in json.loads((shared_vectors / f"did-key/{name}.json").read_text()):
            with pytest.raises(WireError):
                decode_account(did)


@given(st.binary(min_size=32, max_size=32), st.data())
def test_account_texts(account: bytes, data: st.DataObject) -> None:
    for text in (encode_did_key(account), encode_named_account(account)):
        assert decode_account(text) == account
        place = data.draw(st.integers(0, len(text) - 1))
        letter = data.draw(st.characters(codec="utf-8"))
        mutant = text[:place] + letter + text[place + 1 :]
        if mutant == text:
            continue
        try:
            # A did:key has no checksum: another letter may spell another key, but never the same.
            assert decode_account(mutant) != account
            assert text.startswith("did:key:z")
        except WireError:
            pass
        for other in (text[:-1], text + "q", text.upper(), " " + text, text + "\n"):
            with pytest.raises(WireError):
                decode_account(other)


@pytest.mark.parametrize("text", ["", "did:key:z", "acct1", "z" * 10_000_000, "did:key:z" + "1" * 60, "😀", "\ud800"])
def test_no_account_texts(text: str) -> None:
    with pytest.raises(WireError, match="account: expected did:key"):
        decode_account(text)


def test_account_texts_of_other_types() -> None:
    with pytest.raises(TypeError):
        decode_account(b"acct1")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        encode_did_key("text")  # type: ignore[arg-type]
    with pytest.raises(WireError, match="32 bytes, found 31"):
        encode_named_account(bytes(31))
