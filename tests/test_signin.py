"""Sign-in by key: the text, who may sign it, and that it is good once."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from counterfoil import Key, Ledger
from counterfoil.exceptions import ProofError, SignInError, StoreError
from counterfoil.ops import (
    Alias,
    CampaignTerms,
    Freeze,
    KeyGrant,
    Open,
    OpenCampaign,
    Powers,
    Role,
    SetKeys,
    campaign_id,
    named_account,
)
from counterfoil.signin import (
    REASONS,
    ChallengeFile,
    Message,
    SignIn,
    chain_id,
    date_time,
    sign_in,
)
from counterfoil.signin.message import TEXT_CHARACTERS_MAX
from counterfoil.verify import (
    Checkpoint,
    OperatorChange,
    Slip,
    Verifier,
    cosigned_message,
    encode_did_key,
    encode_named_account,
    sign_message,
)
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OPERATOR, ROASTER, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (61, 62, 63, 64))
DOMAIN, URI = "club.example", "https://club.example/sign-in"
NOW = 1_750_000_000_000
BASE: dict[str, Any] = {
    "domain": DOMAIN,
    "address": ANN.did,
    "statement": "Sign in to the club.",
    "uri": URI,
    "chain_id": chain_id(bytes(range(32))),
    "nonce": "0123456789abcdef",
    "issued_at": "2025-06-15T15:06:40.000Z",
    "expiration_time": "2025-06-15T15:11:40.000Z",
    "not_before": "2025-06-15T15:06:40Z",
    "request_id": "r-1",
    "resources": ("https://club.example/tos", "urn:isbn:0"),
}


def refused(reason: str, call, *args, **kwargs) -> str:
    with pytest.raises(SignInError) as caught:
        call(*args, **kwargs)
    assert caught.value.reason == reason
    assert reason in REASONS
    assert len(str(caught.value)) < 400
    return str(caught.value)


# The vectors of EIP-4361. The form is ours but for the account, its chain and its signature. So of 80 cases 75 apply:
# all 19 texts that are parsed, 28 of 29 that are not, 16 of 18 objects, 4 of 4 messages that are valid and 8 of 10
# that are not, their signatures apart. Of the others four are about Ethereum alone (CHECKSUM in two files, ECDSA), and
# one is an object without a version, of which there is but one here.


class EthereumMessage(Message):
    """A message of an Ethereum account, whose checksum (EIP-55, of keccak) and signature (ECDSA) are not looked at."""

    __slots__ = ()
    account_kind: ClassVar[str] = "Ethereum"

    @classmethod
    def check_address(cls, address: str) -> None:
        if not re.fullmatch("0x[0-9A-Fa-f]{40}", address):
            message = f"address: expected 0x and 40 digits, found {address}"
            raise SignInError(message, "malformed_message")

    @classmethod
    def check_chain(cls, chain: str) -> None:
        if not re.fullmatch("[0-9]+", chain):
            message = f"chain id: expected digits, found {chain}"
            raise SignInError(message, "malformed_message")


CHECKSUM = {"address not EIP-55"}
"""The case of an address whose letters, upper or lower, are no checksum. Ours have checksums of another kind."""

ECDSA = {"malformed signature", "wrong signature"}
"""The cases whose message is well, and whose signature, over secp256k1, is not."""

NAMES = {
    "chainId": "chain_id",
    "issuedAt": "issued_at",
    "expirationTime": "expiration_time",
    "notBefore": "not_before",
    "requestId": "request_id",
}


def siwe(folder: Path, name: str, count: int, not_ours: Iterable[str] = ()) -> dict[str, Any]:
    """The cases of a file, of which there are so many, without those that are about Ethereum alone."""
    cases: dict[str, Any] = json.loads((folder / "siwe" / f"{name}.json").read_text())
    assert len(cases) == count
    for title in not_ours:
        del cases[title]
    return cases


def as_fields(case: dict[str, Any]) -> dict[str, Any]:
    fields = {NAMES.get(name, name): value for name, value in case.items()}
    if "chain_id" in fields:
        fields["chain_id"] = str(fields["chain_id"])
    return fields


def test_siwe_parsing_positive(shared_vectors: Path) -> None:
    for title, case in siwe(shared_vectors, "parsing_positive", 19).items():
        parsed = EthereumMessage.parse(case["message"])
        assert parsed.text == case["message"], title
        for name, value in as_fields(case["fields"]).items():
            found = getattr(parsed, name)
            assert (list(found) if name == "resources" else found) == value, (title, name)


def test_siwe_parsing_negative(shared_vectors: Path) -> None:
    for title, text in siwe(shared_vectors, "parsing_negative", 29, CHECKSUM).items():
        with pytest.raises(SignInError) as caught:
            EthereumMessage.parse(text)
        assert caught.value.reason == "malformed_message", title


def test_siwe_parsing_negative_is_refused_for_an_account_of_ours_too(shared_vectors: Path) -> None:
    """So that nothing is refused for its address or chain alone."""
    for title, text in siwe(shared_vectors, "parsing_negative", 29, CHECKSUM).items():
        ours = re.sub("0x[0-9a-fA-F]{40}", ANN.did, text).replace("your Ethereum", "your Ed25519")
        ours = ours.replace("Chain ID: 1\n", f"Chain ID: {BASE['chain_id']}\n")
        with pytest.raises(SignInError) as caught:
            Message.parse(ours)
        assert caught.value.reason == "malformed_message", title


def test_siwe_parsing_negative_objects(shared_vectors: Path) -> None:
    missing = 0
    for title, case in siwe(shared_vectors, "parsing_negative_objects", 18, CHECKSUM).items():
        # A field that must be there and is not, is Python's to refuse.
        kind = TypeError if title.startswith("missing ") and title != "missing version" else SignInError
        missing += kind is TypeError
        if title == "missing version":
            # A text without it is refused, as above.
            assert EthereumMessage(**as_fields(case)).version == "1"
            continue
        with pytest.raises(kind):
            EthereumMessage(**as_fields(case))
    assert missing == 6


def siwe_check(case: dict[str, Any]) -> None:
    fields = as_fields(case)
    expected = {
        "domain": fields.pop("domainBinding", None),
        "nonce": fields.pop("matchNonce", None),
        "now_ms": instant(fields.pop("time")) if "time" in fields else time.time_ns() // 1_000_000,
    }
    fields.pop("signature")
    EthereumMessage.parse(EthereumMessage(**fields).text).check(**expected)


def instant(text: str) -> int:
    return Message(**{**BASE, "issued_at": text}).issued_ms


def test_siwe_verification(shared_vectors: Path) -> None:
    for case in siwe(shared_vectors, "verification_positive", 4).values():
        siwe_check(case)
    reasons = {}
    for title, case in siwe(shared_vectors, "verification_negative", 10, ECDSA).items():
        with pytest.raises(SignInError) as caught:
            siwe_check(case)
        reasons[title] = caught.value.reason
    assert reasons == {
        "expired message": "expired",
        "domain binding": "wrong_domain",
        "custom time": "expired",
        "custom nonce": "wrong_nonce",
        "not yet valid": "not_yet_valid",
        "invalid issuedAt": "malformed_message",
        "invalid notBefore": "malformed_message",
        "invalid expirationTime": "malformed_message",
    }


# The text.


def test_a_message_has_one_text() -> None:
    made = Message(**BASE)
    assert made.text == (
        "club.example wants you to sign in with your Ed25519 account:\n"
        f"{ANN.did}\n\nSign in to the club.\n\nURI: https://club.example/sign-in\nVersion: 1\n"
        "Chain ID: cfoil:000102030405060708090a0b0c0d0e0f\nNonce: 0123456789abcdef\n"
        "Issued At: 2025-06-15T15:06:40.000Z\nExpiration Time: 2025-06-15T15:11:40.000Z\n"
        "Not Before: 2025-06-15T15:06:40Z\nRequest ID: r-1\nResources:\n- https://club.example/tos\n- urn:isbn:0"
    )
    assert Message.parse(made.text) == made
    assert (made.account, made.issued_ms, made.expires_ms) == (ANN.account, NOW, NOW + 300_000)
    bare = {
        name: value
        for name, value in BASE.items()
        if name in ("domain", "address", "uri", "chain_id", "nonce", "issued_at")
    }
    for more in (
        {},
        {"statement": ""},
        {"request_id": ""},
        {"scheme": "https"},
        {"statement": "a"},
        {"resources": ["a:"]},
    ):
        made = Message(**bare, **more)
        assert Message.parse(made.text) == made
        assert Message.parse(made.text).expires_ms is None


def reads_back(text: str) -> bool:
    """Whether a text is a message. Where it is one, it is that message's text; where not, it is refused by name."""
    try:
        return bool(Message.parse(text).text == text)
    except SignInError as error:
        return error.reason != "malformed_message"


def test_every_byte_of_a_text_counts() -> None:
    """One that was changed is refused, or is another message: nothing is passed over."""
    text = Message(**BASE).text
    made = Message.parse(text)
    read = 0
    for place in range(len(text)):
        for changed in (
            text[:place] + text[place + 1 :],
            text[:place] + "\n" + text[place:],
            text[:place],
            text + text[place:],
        ):
            if reads_back(changed) and changed != text:
                read += 1
                assert Message.parse(changed) != made
    assert read > 50  # a shorter statement, say


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("statement", "one\nURI: https://evil.example"),
        ("statement", "one\r"),
        ("statement", "one\u2028two"),
        ("statement", "\u00e9t\u00e9"),
        ("statement", 'say "yes"'),
        ("statement", "nul\0"),
        ("statement", "100%"),
        ("domain", ""),
        ("domain", "club.example\n"),
        ("domain", "club.example/path"),
        ("domain", "club example"),
        ("domain", "\u0441lub.example"),  # a Cyrillic letter
        ("domain", "club\u3002example"),  # an ideographic full stop
        ("domain", "club.example\u200b"),
        ("domain", "club.ex%4"),
        ("domain", "[::1"),
        ("domain", "[::1%25eth0]"),
        ("domain", "[1::2::3]"),
        ("domain", "[v1.a]"),
        ("domain", "user@"),
        ("domain", ":80"),
        ("domain", "club.example:http"),
        ("scheme", "ht tp"),
        ("scheme", ""),
        ("address", ""),
        ("address", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
        ("address", ANN.did.replace("z6Mk", "z6MK")),
        ("address", ANN.did + "\n"),
        ("address", "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"),
        ("uri", "club.example"),
        ("uri", ""),
        ("uri", "https://club.example/\n"),
        ("uri", "https://club.example/a b"),
        ("uri", "https://[::1"),
        ("uri", "https://[1::2::3]/"),
        ("uri", "https://club.example/#a#b"),
        ("version", "2"),
        ("version", "1\n"),
        ("chain_id", "1"),
        ("chain_id", "counterfoil:" + 32 * "0"),
        ("chain_id", "cfoil:" + 31 * "0"),
        ("chain_id", "cfoil:" + 32 * "A"),
        ("nonce", "1234567"),
        ("nonce", "1234-5678"),
        ("nonce", "\u0661234567\u0668"),
        ("issued_at", "2025-06-15"),
        ("issued_at", "2025-06-15 15:06:40Z"),
        ("issued_at", "2025-06-15t15:06:40z"),
        ("issued_at", "2025-06-15T15:06:40"),
        ("issued_at", "2025-06-15T15:06:60Z"),
        ("issued_at", "2025-02-29T15:06:40Z"),
        ("issued_at", "0000-01-01T00:00:00Z"),
        ("issued_at", "2025-06-15T15:06:40.Z"),
        ("issued_at", "2025-06-15T15:06:40+24:00"),
        ("issued_at", "2025-06-15T15:06:40+23:60"),
        ("issued_at", "\u0662025-06-15T15:06:40Z"),
        ("expiration_time", ""),
        ("not_before", "soon"),
        ("request_id", "a b"),
        ("request_id", "a/b"),
        ("request_id", "a\nResources:"),
        ("resources", ("https://a.example\n- https://b.example",)),
        ("resources", ("https://a.example\r",)),
        ("resources", ("no-scheme",)),
        ("resources", ("",)),
    ],
)
def test_a_field_that_is_not_of_its_form_is_refused(field: str, value: Any) -> None:
    refused("malformed_message", Message, **{**BASE, field: value})


def test_lines_that_are_missing_twice_or_out_of_order_are_refused() -> None:
    lines = Message(**BASE).text.split("\n")
    required = [place for place, line in enumerate(lines) if not re.match("(Exp|Not|Req|Statement|Sign in to)", line)]
    for place in required[:-2]:
        refused("malformed_message", Message.parse, "\n".join(lines[:place] + lines[place + 1 :]))
    for place in range(len(lines) - 2):
        refused("malformed_message", Message.parse, "\n".join([*lines[:place], lines[place], *lines[place:]]))
        if lines[place] != lines[place + 1] and lines[place + 1] != "":
            swapped = [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]
            refused("malformed_message", Message.parse, "\n".join(swapped))
    text = "\n".join(lines)
    for changed in (
        *("", "\n", "\n" * 20, text + "\n", text + "\nURI: https://evil.example", " " + text, "\ufeff" + text),
        text.replace("\n", "\r\n"),
        text.replace("Nonce: ", "nonce: "),
        text.replace("Nonce: ", "Nonce:"),
        text.replace("Nonce: ", "Nonce:  "),
        text.replace("Resources:\n", "Resources: \n"),
        text[: text.index("\n- ")],
        text.replace("Ed25519", "Solana"),
    ):
        refused("malformed_message", Message.parse, changed)


def test_long_texts_are_refused_at_once() -> None:
    began = time.monotonic()
    refused("too_long", Message.parse, "x" * 100_000_000)
    refused("too_long", Message, **{**BASE, "statement": "a" * TEXT_CHARACTERS_MAX})
    # As many as there is room for, of what makes regular expressions go back.
    room = TEXT_CHARACTERS_MAX - len(Message(**BASE).text)
    for bad in ("%", "@" * 2, ":a", "["):
        refused("malformed_message", Message, **{**BASE, "domain": "a" * (room - 2) + bad})
        refused("malformed_message", Message, **{**BASE, "uri": "https://" + "a:" * (room // 2 - 4) + "@" * 2})
    assert time.monotonic() - began < 5
    with pytest.raises(TypeError):
        Message.parse(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Message(**{**BASE, "nonce": None})
    with pytest.raises(TypeError):
        Message(**{**BASE, "resources": "https://a.example"})
    with pytest.raises(TypeError):
        Message(**{**BASE, "resources": [5]})


def test_times_are_read_to_the_millisecond() -> None:
    assert instant("1970-01-01T00:00:00Z") == 0
    assert instant("1969-12-31T23:59:59.999Z") == -1
    assert instant("2025-06-15T15:06:40.1239Z") == NOW + 123
    assert instant("2025-06-15T15:06:40.1Z") == NOW + 100
    assert instant("2025-06-15T17:06:40+02:00") == NOW
    assert instant("2025-06-15T09:36:40-05:30") == NOW
    assert instant("9999-12-31T23:59:59.999-23:59") > instant("9999-12-31T23:59:59.999Z")
    assert instant("0001-01-01T00:00:00+23:59") < instant("0001-01-01T00:00:00Z")
    for moment in (0, 1, NOW, NOW + 7):
        assert instant(date_time(moment)) == moment


# What a key signs for one purpose is nothing for another.

IDS = st.binary(min_size=32, max_size=32)
HOSTS = st.sampled_from(["counterfoil.example", "club.example", "cosignature", "counterfoil", "[::1]:80", "a@b:1"])


@given(first=IDS, second=IDS, number=st.integers(0, 2**63), host=HOSTS)
def test_no_sign_in_is_anything_else_that_a_key_signs(first: bytes, second: bytes, number: int, host: str) -> None:
    slip = Slip(nonce=first[:16], valid_until=number, amount=number, parties=[second])
    others = [
        sign_message(first),
        slip.message(first, second),
        OperatorChange.message(first, number, second),
        Checkpoint(host, number, first).text.encode(),
        cosigned_message(Checkpoint(host, number, first).text, number),
    ]
    text = Message(**{**BASE, "domain": host, "address": encode_did_key(first), "chain_id": chain_id(second)}).text
    # By the first line: that of a sign-in has spaces, those of others have not, whatever is in them.
    assert re.fullmatch("[^ \n]+ wants you to sign in with your Ed25519 account:", text.partition("\n")[0])
    for other in others:
        assert b" " not in other.partition(b"\n")[0]
        refused("malformed_message", Message.parse, other.decode("latin-1"))
    with pytest.raises(ProofError):
        Checkpoint.parse(text)


# The member's side.


def test_a_key_signs_for_the_expected_domain_alone() -> None:
    ledger = bytes(range(32))
    text = Message(**BASE).text
    [(public, signature)] = sign_in(ANN, text, expected_domain=DOMAIN, expected_ledger=ledger).items()
    assert public == ANN.public
    assert signature == ANN.sign(text.encode())
    refused("wrong_ledger", sign_in, ANN, text, expected_domain=DOMAIN, expected_ledger=bytes(32))
    refused("wrong_account", sign_in, BOB, text, expected_domain=DOMAIN)
    refused("wrong_account", sign_in, ANN.on(BOB.account), text, expected_domain=DOMAIN)
    for domain in ("clubs.example", "evil.example", "xn--lub-5cd.example", "club.example:8000", "localhost"):
        assert domain in refused("wrong_domain", sign_in, ANN, text, expected_domain=domain)
    for asked in ("club.example@evil.example", "Club.Example", "club.example.", "club.example:443", "www.club.example"):
        phishing = Message(**{**BASE, "domain": asked}).text
        refused("wrong_domain", sign_in, ANN, phishing, expected_domain=DOMAIN)
    refused("wrong_domain", sign_in, ANN, Message(**BASE, scheme="http").text, expected_domain=DOMAIN)
    assert sign_in(ANN, Message(**BASE, scheme="https").text, expected_domain=DOMAIN)
    for expected in (
        "",
        "Club.example",
        "ann@club.example",
        "https://club.example",
        "club example",
        "\u0441lub.example",
    ):
        with pytest.raises(ValueError, match="domain"):
            sign_in(ANN, text, expected_domain=expected)
    refused("malformed_message", sign_in, ANN, "sign this", expected_domain=DOMAIN)
    refused("malformed_message", sign_in, ANN, sign_message(bytes(32)).decode(), expected_domain=DOMAIN)
    with pytest.raises(TypeError):
        sign_in(ANN, text, expected_domain=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sign_in(b"key", text, expected_domain=DOMAIN)  # type: ignore[arg-type]


# The service's side.


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example", operator=OPERATOR) as made:
        yield made


@pytest.fixture
def service(ledger, tmp_path):
    return SignIn(domain=DOMAIN, uri=URI, ledger=ledger, challenges=tmp_path / "challenges")


def signed(text: str, *signers) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for signer in signers:
        found |= sign_in(signer, text, expected_domain=DOMAIN)
    return found


def test_a_member_signs_in_once(service) -> None:
    challenge = service.challenge(
        ANN.did, statement="Sign in.", resources=["https://club.example/tos"], request_id="7", now_ms=NOW
    )
    message = Message.parse(challenge.text)
    assert (message.domain, message.uri, message.statement, message.request_id) == (DOMAIN, URI, "Sign in.", "7")
    assert (message.issued_ms, message.expires_ms) == (NOW, NOW + 300_000)
    assert len(message.nonce) == 32
    assert service.challenge(ANN.did, now_ms=NOW).message.nonce != message.nonce
    signatures = signed(challenge.text, ANN)
    identity = service.verify(challenge.text, signatures, now_ms=NOW + 1)
    assert (identity.account, identity.address, identity.epoch, identity.time) == (ANN.account, ANN.did, None, NOW + 1)
    refused("unknown_challenge", service.verify, challenge.text, signatures, now_ms=NOW + 1)


def test_an_open_challenge_is_for_whoever_signs_it(service) -> None:
    challenge = service.challenge()
    with pytest.raises(ValueError, match="text_for"):
        _ = challenge.text
    ann, bob = challenge.text_for(ANN.did), challenge.text_for(BOB.did)
    assert service.verify(bob, signed(bob, BOB)).account == BOB.account
    refused("unknown_challenge", service.verify, ann, signed(ann, ANN))
    bound = service.challenge(ANN.did)
    assert bound.text_for(ANN.did) == bound.text
    refused("wrong_account", bound.text_for, BOB.did)
    # One that is for Ann is not Bob's to sign, nor the open form of it anybody's.
    stolen = bound.text.replace(ANN.did, BOB.did)
    refused("unknown_challenge", service.verify, stolen, signed(stolen, BOB))
    assert service.verify(bound.text, signed(bound.text, ANN)).account == ANN.account
    nobody = service.challenge().message.text
    refused("bad_signature", service.verify, nobody, {bytes(32): bytes(64)})


def test_what_is_wrong_with_a_sign_in_is_said(service, ledger, tmp_path) -> None:
    text = service.challenge(ANN.did, now_ms=NOW).text

    def wrong(reason: str, changed: str = text, now_ms: int = NOW, **signatures) -> None:
        given = signatures.get("by") or {ANN.public: ANN.sign(changed.encode())}
        refused(reason, service.verify, changed, given, now_ms=now_ms)

    wrong("wrong_domain", text.replace("club.example wants", "evil.example wants"))
    wrong("wrong_domain", text.replace("club.example wants", "club.example@evil.example wants"))
    wrong("wrong_uri", text.replace("/sign-in", "/admin"))
    wrong("wrong_ledger", text.replace(chain_id(ledger.id), chain_id(bytes(32))))
    wrong("expired", now_ms=NOW + 300_000)
    wrong("unknown_challenge", text.replace("Issued At: 2025", "Issued At: 2024"))
    wrong("unknown_challenge", re.sub("Nonce: .*", "Nonce: 00000000", text))
    wrong("unknown_challenge", re.sub("\nExpiration Time: .*", "", text))
    wrong("unknown_challenge", text + "\nResources:\n- https://club.example/admin")
    wrong("unknown_challenge", text.replace("\n\n\n", "\n\nI give everything away.\n\n"))
    wrong("unknown_challenge", "https://" + text)
    wrong("not_yet_valid", text + "\nNot Before: 2025-06-15T15:06:41Z")
    wrong("from_the_future", now_ms=NOW - 60_001)
    wrong("bad_signature", by={ANN.public: bytes(64)})
    wrong("bad_signature", by={ANN.public: BOB.sign(text.encode())})
    wrong("bad_signature", by={ANN.public: ANN.sign(text.encode())[:63]})
    wrong("bad_signature", by={ANN.public: ANN.sign(text.encode() + b"\n")})
    wrong("unknown_key", by={BOB.public: BOB.sign(text.encode())})
    wrong("unknown_key", by={b"": b""})
    wrong("unknown_key", by={ANN.public: ANN.sign(text.encode()), BOB.public: BOB.sign(text.encode())})
    refused("threshold_not_met", service.verify, text, {}, now_ms=NOW)
    refused("too_long", service.verify, "x" * 100_000_000, {})
    for signatures in ({ANN.did: b""}, {ANN.public: "00"}):
        with pytest.raises(TypeError):
            service.verify(text, signatures, now_ms=NOW)
    # Nothing of that has used it up, and another service of the same ledger does not take it.
    other = SignIn(domain=DOMAIN, uri=URI, ledger=ledger, challenges=tmp_path / "other")
    refused("unknown_challenge", other.verify, text, signed(text, ANN), now_ms=NOW)
    assert service.verify(text, signed(text, ANN), now_ms=NOW - 60_000).account == ANN.account


def test_what_is_injected_into_a_challenge_is_refused(service, tmp_path) -> None:
    for wrong in (
        {"statement": "x\n\nURI: https://evil.example"},
        {"statement": "x\r\ny"},
        {"resources": ["https://a.example\nRequest ID: 7"]},
        {"request_id": "7\nResources:"},
        {"address": f"{ANN.did}\n\n"},
        {"address": "ann"},
    ):
        refused("malformed_message", service.challenge, **wrong)
    refused("too_long", service.challenge, resources=["https://a.example/" + "a" * 9_000])
    with contextlib.closing(sqlite3.connect(tmp_path / "challenges")) as database:
        assert database.execute("SELECT count(*) FROM challenges").fetchone() == (0,)


def test_a_service_says_what_is_wrong_with_its_settings(ledger, tmp_path) -> None:
    good = {"domain": DOMAIN, "uri": URI, "ledger": ledger, "challenges": tmp_path / "challenges"}
    for wrong in (
        {"domain": "Club.example"},
        {"domain": "ann@club.example"},
        {"domain": "https://club.example"},
        {"domain": "\u0441lub.example"},
        {"uri": "club.example"},
        {"statement": "two\nlines"},
        {"lifetime_ms": 0},
        {"skew_ms": -1},
        {"max_age_ms": -1},
        {"ledger": Verifier(ledger.verifier_key)},
    ):
        with pytest.raises(ValueError, match="expected"):
            SignIn(**{**good, **wrong})
    for wrong in ({"lifetime_ms": 1.5}, {"domain": 5}, {"uri": None}):
        with pytest.raises(TypeError):
            SignIn(**{**good, **wrong})


# Which keys.


def test_a_named_account_signs_in_with_as_many_keys_as_its_threshold_says(service, ledger) -> None:
    first, second, third, till = (Key.generate() for _ in range(4))
    brand = named_account(first.account, bytes(16))
    officers = [KeyGrant(first.public), KeyGrant(second.public), KeyGrant(third.public, ["set_keys", "mint"])]
    grants = [*officers, KeyGrant(till.public, ["mint"])]
    ledger.execute([Open(opener=first.account, salt=bytes(16), threshold=2, keys=grants)], first)
    text = service.challenge(encode_named_account(brand)).text
    refused("threshold_not_met", service.verify, text, signed(text, first.on(brand)))
    refused("unknown_key", service.verify, text, signed(text, first.on(brand), till.on(brand)))
    refused("unknown_key", service.verify, text, {brand: first.sign(text.encode())})
    one_forged = signed(text, first.on(brand)) | {second.public: first.sign(text.encode())}
    refused("bad_signature", service.verify, text, one_forged)
    identity = service.verify(text, signed(text, first.on(brand), third.on(brand)))
    assert (identity.account, identity.address, identity.epoch) == (brand, encode_named_account(brand), 0)
    service.recheck(identity)

    # The keys are set anew: the old ones sign nobody in, and those who are in are out.
    text = service.challenge(encode_named_account(brand)).text
    late = signed(text, first.on(brand), second.on(brand))
    setting = SetKeys(account=brand, keys=[KeyGrant(third.public)])
    ledger.execute([setting], first.on(brand), second.on(brand))
    refused("unknown_key", service.verify, text, late)
    refused("keys_changed", service.recheck, identity)
    assert service.verify(text, signed(text, third.on(brand))).epoch == 1


def test_a_key_account_that_set_keys_does_not_sign_in_with_its_id(service, ledger) -> None:
    phone, paper = Key.generate(), Key.generate()
    text = service.challenge(ANN.did).text
    before = service.verify(text, signed(text, ANN))
    ledger.execute([SetKeys(account=ANN.account, keys=[KeyGrant(phone.public), KeyGrant(paper.public)])], ANN)
    refused("keys_changed", service.recheck, before)
    text = service.challenge(ANN.did).text
    refused("unknown_key", service.verify, text, signed(text, ANN))
    assert service.verify(text, signed(text, paper.on(ANN.account))).account == ANN.account


def test_an_alias_and_a_programme_account_do_not_sign_in(service, ledger) -> None:
    text = service.challenge(ANN.did).text
    identity = service.verify(text, signed(text, ANN))
    ledger.execute([Alias(account=ANN.account, into=BOB.account)], ANN, BOB)
    text = service.challenge(ANN.did).text
    refused("account_aliased", service.verify, text, signed(text, ANN))
    refused("account_aliased", service.verify, text, signed(text, BOB.on(ANN.account)))
    refused("account_aliased", service.recheck, identity)
    bean = ledger.create_asset(ROASTER, "BEAN")
    ledger.mint(ROASTER, bean, to=ROASTER.account, amount=10)
    terms = CampaignTerms(roles=[Role(bps=10_000, signs=True)], claim_max=5, ends=ledger.time + 86_400_000)
    opened = OpenCampaign(owner=ROASTER.account, salt=bytes(16), asset=bean, amount=10, terms=terms)
    ledger.execute([opened], ROASTER)
    campaign = campaign_id(ROASTER.account, bytes(16))
    assert ledger.account(campaign).is_programme
    text = service.challenge(encode_named_account(campaign)).text
    refused("programme_account", service.verify, text, signed(text, ANN.on(campaign)))


def test_a_frozen_account_signs_in(service, ledger) -> None:
    powers = Powers(mint=ROASTER.account, freeze=ROASTER.account)
    bean = ledger.create_asset(ROASTER, "BEAN", powers=powers)
    ledger.execute([Freeze(asset=bean, account=ANN.account, frozen=True)], ROASTER)
    assert ledger.freeze(bean, ANN.account) is not None
    text = service.challenge(ANN.did).text
    assert service.verify(text, signed(text, ANN)).account == ANN.account


def test_a_service_without_a_ledger_asks_for_a_proof_of_the_keys(ledger, tmp_path) -> None:
    verifier = Verifier(ledger.verifier_key, ledger=ledger.id)
    service = SignIn(domain=DOMAIN, uri=URI, ledger=verifier, challenges=tmp_path / "challenges", max_age_ms=60_000)
    ledger.checkpoint()
    proof = bytes(ledger.prove("accounts", ANN.account))
    text = service.challenge(ANN.did).text
    signatures = signed(text, ANN)
    refused("proof_missing", service.verify, text, signatures)
    for reason, wrong in (
        ("wrong_question", bytes(ledger.prove("accounts", BOB.account))),
        ("malformed_question", b"proof"),
        ("truncated", proof[:-1]),
    ):
        with pytest.raises(ProofError) as caught:
            service.verify(text, signatures, proof=wrong)
        assert caught.value.reason == reason
    later = Message.parse(text).issued_ms + 62_000
    with pytest.raises(ProofError) as caught:
        service.verify(text, signatures, proof=proof, now_ms=later)
    assert caught.value.reason == "stale"
    identity = service.verify(text, signatures, proof=proof)
    assert identity.account == ANN.account
    phone = Key.generate()
    ledger.execute([SetKeys(account=ANN.account, keys=[KeyGrant(phone.public)])], ANN)
    ledger.checkpoint()
    text = service.challenge(ANN.did).text
    proof = bytes(ledger.prove("accounts", ANN.account))
    refused("unknown_key", service.verify, text, signed(text, ANN), proof=proof)
    assert service.verify(text, signed(text, phone.on(ANN.account)), proof=proof).epoch == 1
    service.recheck(identity)  # It cannot know better.
    with Ledger.create(tmp_path / "other", origin="club.example", operator=OPERATOR) as other:
        other.checkpoint()
        foreign = bytes(other.prove("accounts", ANN.account))
    text = service.challenge(ANN.did).text
    with pytest.raises(ProofError) as caught:
        service.verify(text, signed(text, ANN), proof=foreign)
    assert caught.value.reason == "wrong_ledger"


# Once.


def test_threads_that_use_one_challenge_at_once(service) -> None:
    for _ in range(20):
        text = service.challenge(ANN.did).text
        signatures = signed(text, ANN)
        together = threading.Barrier(8)
        found: list[str] = []

        def use(text=text, signatures=signatures, together=together, found=found) -> None:
            together.wait()
            try:
                service.verify(text, signatures)
                found.append("in")
            except SignInError as error:
                found.append(error.reason)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == ["in", *["unknown_challenge"] * 7]


USER = """\
import json, sys
from counterfoil import Ledger
from counterfoil.exceptions import SignInError
from counterfoil.signin import SignIn
folder, domain, uri, public = sys.argv[1:]
with Ledger.open(folder + "/club", read_only=True) as ledger:
    service = SignIn(domain=domain, uri=uri, ledger=ledger, challenges=folder + "/challenges")
    print("ready", flush=True)
    texts = json.loads(sys.stdin.readline())
    for number, (text, signature) in enumerate(texts):
        try:
            service.verify(text, {bytes.fromhex(public): bytes.fromhex(signature)})
            print(number, flush=True)
        except SignInError as error:
            assert error.reason == "unknown_challenge"
"""


def test_processes_that_use_the_same_challenges_at_once(service, tmp_path) -> None:
    texts = [service.challenge(ANN.did).text for _ in range(60)]
    work = json.dumps([(text, ANN.sign(text.encode()).hex()) for text in texts]) + "\n"
    command = [sys.executable, "-c", USER, str(tmp_path), DOMAIN, URI, ANN.public.hex()]
    users = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        for _ in range(3)
    ]
    for user in users:
        assert user.stdout.readline() == "ready\n"
    for user in users:
        user.stdin.write(work)
        user.stdin.flush()
    used = [int(line) for user in users for line in user.communicate(timeout=120)[0].split()]
    assert [user.returncode for user in users] == [0, 0, 0]
    assert sorted(used) == list(range(60))


def test_what_was_used_stays_used_when_the_process_is_killed(service, tmp_path) -> None:
    texts = [service.challenge(ANN.did).text for _ in range(200)]
    work = json.dumps([(text, ANN.sign(text.encode()).hex()) for text in texts]) + "\n"
    command = [sys.executable, "-c", USER, str(tmp_path), DOMAIN, URI, ANN.public.hex()]
    user = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert user.stdout.readline() == "ready\n"
    user.stdin.write(work)
    user.stdin.flush()
    for _ in range(40):
        user.stdout.readline()
    user.send_signal(signal.SIGKILL)
    # What it said and was not yet read.
    rest = user.communicate(timeout=60)[0].splitlines()
    said = 40 + len(rest)
    assert said < 200
    for text in texts[:said]:
        refused("unknown_challenge", service.verify, text, signed(text, ANN))
    # The one that it may have been at is used or not, and those after it are not.
    for text in texts[said + 1 :][:20]:
        service.verify(text, signed(text, ANN))


def test_a_used_challenge_stays_used_after_a_power_cut(tmp_path) -> None:
    """A commit deletes the journal, and is on the disk once the folder is synced: with `synchronous = EXTRA`."""
    with ChallengeFile(tmp_path / "challenges")._open() as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("PRAGMA synchronous").fetchone() == (3,)


def test_challenges_that_expire_are_forgotten(tmp_path) -> None:
    path = tmp_path / "challenges"
    challenges = ChallengeFile(path)
    assert path.stat().st_mode & 0o777 == 0o600
    for number in range(5):
        challenges.add(bytes([number]) * 32, 1_000 + number, now_ms=0)
    assert not challenges.take(bytes([1]) * 32, now_ms=1_001)
    assert challenges.take(bytes([2]) * 32, now_ms=1_001)
    challenges.add(bytes([9]) * 32, 9_000, now_ms=1_003)
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert [row[0][0] for row in database.execute("SELECT digest FROM challenges ORDER BY 1")] == [4, 9]
    with pytest.raises(StoreError, match="UNIQUE"):
        ChallengeFile(path).add(bytes([9]) * 32, 9_000, now_ms=0)
    with pytest.raises(StoreError, match="CHECK"):
        challenges.add(b"short", 9_000, now_ms=0)
    with pytest.raises(OSError, match="No such file"):
        ChallengeFile(tmp_path / "nowhere" / "challenges")
    (tmp_path / "text").write_text("no database, and long enough to be told from one " * 50)
    with pytest.raises(StoreError, match="not a database"):
        ChallengeFile(tmp_path / "text")
    path.unlink()
    with pytest.raises(StoreError, match="no such table"):
        challenges.take(bytes(32), now_ms=0)


def test_it_works_without_the_native_module(tmp_path) -> None:
    program = (
        "import sys; sys.modules['counterfoil._core'] = None\n"
        "from counterfoil.signin import sign_in, Message, SignIn\nfrom counterfoil.did import did_document\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
