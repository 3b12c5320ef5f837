"""DID documents of key accounts: what others need to know of a `did:key` to check its signatures or encrypt to it.

They follow the did:key method (https://w3c-ccg.github.io/did-key-spec/). A document is made from the account's text
alone. So it never changes: where the account has set keys of its own, the ledger says which ones sign, and the document
still names the key that its id is.

>>> document = did_document("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
>>> document["keyAgreement"]
['did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp#z6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW']
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nacl import bindings
from nacl.exceptions import CryptoError

from counterfoil.exceptions import WireError
from counterfoil.verify import decode_account, encode_base58, encode_did_key, is_public_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KeyFormat", "did_document"]

KeyFormat: TypeAlias = Literal["Multikey", "JsonWebKey2020", "Ed25519VerificationKey2020", "Ed25519VerificationKey2018"]
"""How a document writes keys."""

_ED25519, _X25519 = b"\xed\x01", b"\xec\x01"
_CURVES = {_ED25519: "Ed25519", _X25519: "X25519"}
_SUITES = "https://w3id.org/security"


def _multibase(codec: bytes, key: bytes) -> dict[str, object]:
    return {"publicKeyMultibase": "z" + encode_base58(codec + key)}


def _base58_key(_codec: bytes, key: bytes) -> dict[str, object]:
    return {"publicKeyBase58": encode_base58(key)}


def _jwk(codec: bytes, key: bytes) -> dict[str, object]:
    x = base64.urlsafe_b64encode(key).rstrip(b"=").decode()
    return {"publicKeyJwk": {"kty": "OKP", "crv": _CURVES[codec], "x": x}}


_FORMATS: dict[str, tuple[list[str], str, str, Callable[[bytes, bytes], dict[str, object]]]] = {
    "Multikey": (["multikey/v1"], "Multikey", "Multikey", _multibase),
    "JsonWebKey2020": (["suites/jws-2020/v1"], "JsonWebKey2020", "JsonWebKey2020", _jwk),
    "Ed25519VerificationKey2020": (
        ["suites/ed25519-2020/v1", "suites/x25519-2020/v1"],
        "Ed25519VerificationKey2020",
        "X25519KeyAgreementKey2020",
        _multibase,
    ),
    "Ed25519VerificationKey2018": (
        ["suites/ed25519-2018/v1", "suites/x25519-2019/v1"],
        "Ed25519VerificationKey2018",
        "X25519KeyAgreementKey2019",
        _base58_key,
    ),
}
"""Each format's contexts, its types for signing and for encrypting, and how it writes a key."""


def did_document(account: str | bytes, *, key_format: KeyFormat = "Multikey") -> dict[str, Any]:
    """The DID document of a key account, with the X25519 key that follows from its Ed25519 key.

    Args:
        account: The account's text, `did:key:z6Mk…`, or its id, 32 bytes.
        key_format: How keys are written. `Ed25519VerificationKey2018` is for readers of the oldest documents.

    Returns:
        The document, to be written as JSON.

    Raises:
        TypeError: The account is neither.
        WireError: It is a named account, a did:key of another kind of key, or no usable key: not a point of the curve,
            one of small order, or one outside the main group.
        ValueError: An unknown format.
    """
    if key_format not in _FORMATS:
        message = f"key_format: expected one of {', '.join(_FORMATS)}, found {key_format!a}"
        raise ValueError(message)
    key = decode_account(account) if isinstance(account, str) else account
    did = encode_did_key(key)
    if isinstance(account, str) and account != did:
        message = f"account: expected did:key:z6Mk…, found {account}"
        raise WireError(message)
    contexts, signs, encrypts, write = _FORMATS[key_format]
    methods = [
        {"id": f"{did}#z{encode_base58(codec + public)}", "type": kind, "controller": did, **write(codec, public)}
        for codec, kind, public in ((_ED25519, signs, key), (_X25519, encrypts, _x25519(key)))
    ]
    signing, encrypting = (method["id"] for method in methods)
    return {
        "@context": ["https://www.w3.org/ns/did/v1", *(f"{_SUITES}/{context}" for context in contexts)],
        "id": did,
        "verificationMethod": methods,
        "authentication": [signing],
        "assertionMethod": [signing],
        "capabilityInvocation": [signing],
        "capabilityDelegation": [signing],
        "keyAgreement": [encrypting],
    }


def _x25519(key: bytes) -> bytes:
    """The X25519 key of an Ed25519 key, if that is one that a secret key can have."""
    # libsodium takes some encodings that are not canonical, and the signature rule takes points outside the main group.
    if is_public_key(key):
        try:
            return bindings.crypto_sign_ed25519_pk_to_curve25519(key)
        except CryptoError:
            pass
    message = f"account: expected an Ed25519 public key, a point of the curve's main group, found {key.hex()}"
    raise WireError(message)
