"""Write clients/sign-in.json: `python -m tests.sign_in_cases`. Run it when `counterfoil.signin.message` changes.

What `sign_in` in Python says of texts, for clients in other languages to say the same.

- `seed` (hexadecimal), `domain`, `ledger` (hexadecimal), `text` and `signature` (hexadecimal): one that is signed
- `changes`: what of the text is replaced, by what, and whether that is signed
- `texts`: whole texts, and whether they are signed
- `domains`: expected domains, and whether the text is signed for them
- `without`, `broken`: for each place of the text 1 or 0, whether it is signed without the character there, or with a
  line break before it
"""

from __future__ import annotations

import json
from pathlib import Path

from counterfoil import Key
from counterfoil.signin import Message, chain_id, sign_in

PATH = Path(__file__).parents[1] / "clients/sign-in.json"
KEY, LEDGER, DOMAIN = Key.from_seed(bytes(range(32))), bytes(range(32)), "club.example"
MESSAGE = Message(
    domain=DOMAIN,
    address=KEY.did,
    statement="I accept the terms: https://club.example/tos",
    uri="https://ann@club.example:8000/sign-in?a=1#top",
    chain_id=chain_id(LEDGER),
    nonce="0123456789abcdef",
    issued_at="2025-06-15T15:06:40.000Z",
    expiration_time="2025-06-15T17:11:40+02:00",
    not_before="2024-02-29T23:59:59Z",
    request_id="r-1%20",
    resources=("https://[::1]/", "urn:isbn:0"),
)
CHANGES = {
    "statement": (MESSAGE.statement, ["", "a", "two\nlines", "\u00e9t\u00e9", "100%", 'a"b', "a\r", "\n", "nul\u0000"]),
    "uri": (
        f"URI: {MESSAGE.uri}",
        [
            *(
                f"URI: {uri}"
                for uri in ("a:", "a:b", "a:/", "a:/b//c", "a:?", "http://[::1.2.3.4]:1/", "a://", "a://@:")
            ),
            *(
                f"URI: {uri}"
                for uri in ("", "a", "1:", "a:b c", "a:%4", "a:#b#c", "a://[::1", "a://[1::2::3]", "a://[v1.a]")
            ),
            *(
                f"URI: {uri}"
                for uri in ("http://[::01.2.3.4]", "http://[12345::]", "http://[::1%25a]", "a:\u00e9", "a:[")
            ),
            *("uri: a:", "URI:a:", "", "URI: a:\nURI: a:"),
        ],
    ),
    "version": ("Version: 1", ["Version: 2", "Version: 01", "Version: ", "Version: 1\nVersion: 1"]),
    "chain": ("cfoil:", ["cfoil:0", "Cfoil:", "cfoil:\n", ""]),
    "nonce": (
        "Nonce: 0123456789abcdef",
        ["Nonce: 12345678", "Nonce: 1234567", "Nonce: 1234-5678", "Nonce: \u0661234567\u0668"],
    ),
    "time": (
        "2025-06-15T15:06:40.000Z",
        [
            *("2025-06-15T15:06:40Z", "2025-12-31T23:59:59.123456789+23:59", "0001-01-01T00:00:00-00:00"),
            *("2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "0000-01-01T00:00:00Z"),
            *("2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-01-00T00:00:00Z", "2025-01-32T00:00:00Z"),
            *("2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:60Z", "2025-01-01T00:00:00+24:00"),
            *("2025-01-01t00:00:00Z", "2025-01-01T00:00:00z", "2025-01-01 00:00:00Z", "2025-01-01T00:00:00"),
            *("2025-01-01T00:00:00.Z", "2025-01-01T00:00:00+01", "today", ""),
        ],
    ),
    "request": ("Request ID: r-1%20", ["Request ID: ", "Request ID: a b", "Request ID: a/b", "", "Request ID: %2"]),
    "resources": (
        "\n- https://[::1]/\n- urn:isbn:0",
        ["", "\n", "\n- ", "\n-a:", "\n- a:", "\n- a:\n", "\n- a:\nURI: a:", "\n- a b", "\n- a:\r", "\n- a:\n- b"],
    ),
    "domain": (
        "club.example wants",
        [
            *(
                "https://club.example wants",
                "http://club.example wants",
                "1://club.example wants",
                "://club.example wants",
            ),
            *("evil.example wants", "Club.example wants", "club.example@evil.example wants", "club.example. wants"),
            *(
                " wants",
                "\u0441lub.example wants",
                "club.example/ wants",
                "club.example  wants",
                "a@club.example wants",
            ),
        ],
    ),
    "account": (
        KEY.did,
        ["", KEY.did + " ", Key.from_seed(bytes(32)).did, "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"],
    ),
    "form": ("Ed25519", ["Ethereum", "ed25519", ""]),
}
DOMAINS = (
    "club.example",
    "evil.example",
    "Club.example",
    "",
    "a@club.example",
    "https://club.example",
    "club.example:443",
)


def is_signed(text: str, domain: str = DOMAIN) -> bool:
    try:
        sign_in(KEY, text, expected_domain=domain, expected_ledger=LEDGER)
    except ValueError:
        return False
    return True


def render() -> str:
    """The file's contents."""
    text = MESSAGE.text
    changes = [(found, changed) for found, several in CHANGES.values() for changed in several]
    texts = ["", text + "\n", " " + text, "\ufeff" + text, text.replace("\n", "\r\n"), text + text, "x" * 8_193]
    [signature] = sign_in(KEY, text, expected_domain=DOMAIN, expected_ledger=LEDGER).values()
    made = {
        "seed": KEY.seed.hex(),
        "domain": DOMAIN,
        "ledger": LEDGER.hex(),
        "text": text,
        "signature": signature.hex(),
        "changes": [[*change, is_signed(text.replace(*change, 1))] for change in changes],
        "texts": [[each, is_signed(each)] for each in texts],
        "domains": [[domain, is_signed(text, domain)] for domain in DOMAINS],
        "without": "".join(str(int(is_signed(text[:place] + text[place + 1 :]))) for place in range(len(text))),
        "broken": "".join(str(int(is_signed(text[:place] + "\n" + text[place:]))) for place in range(len(text))),
    }
    return json.dumps(made, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(render(), encoding="ascii")
