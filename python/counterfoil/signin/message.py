"""The text that a member signs to sign in: EIP-4361's form, as CAIP-122 has it for other accounts than Ethereum's.

What is signed is the text itself, so that a wallet can show what it signs. Its first line has spaces, which that of
nothing else has that a key of a ledger signs: no sign-in is a transaction, slip or checkpoint.

>>> from counterfoil import Key
>>> ann = Key.from_seed(bytes(32))
>>> message = Message(
...     domain="club.example", address=ann.did, statement="Sign in to the club.", uri="https://club.example/sign-in",
...     chain_id=chain_id(bytes(32)), nonce="32891756aa", issued_at=date_time(1_700_000_000_000),
... )
>>> print(message.text)
club.example wants you to sign in with your Ed25519 account:
did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp
<BLANKLINE>
Sign in to the club.
<BLANKLINE>
URI: https://club.example/sign-in
Version: 1
Chain ID: cfoil:00000000000000000000000000000000
Nonce: 32891756aa
Issued At: 2023-11-14T22:13:20.000Z
>>> Message.parse(message.text) == message
True
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, ClassVar, NoReturn

from counterfoil._checks import identifier
from counterfoil.exceptions import SignInError, WireError
from counterfoil.keys import Key, Signer, key_of
from counterfoil.verify import decode_account

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TEXT_CHARACTERS_MAX", "Message", "chain_id", "date_time", "sign_in"]

TEXT_CHARACTERS_MAX = 8_192
"""A longer text is refused without a look inside."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)

# RFC 3986, appendix A, without the addresses of future versions (`[v1.…]`).
_PLAIN = r"A-Za-z0-9\-._~!$&'()*+,;="
_PCHAR = rf"(?:[{_PLAIN}:@]|%[0-9A-Fa-f]{{2}})"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]*"
_AUTHORITY = (
    rf"(?:(?P<user>(?:[{_PLAIN}:]|%[0-9A-Fa-f]{{2}})*)@)?"
    rf"(?:\[(?P<ip>[0-9A-Fa-f:.]+)\]|(?P<name>(?:[{_PLAIN}]|%[0-9A-Fa-f]{{2}})*))"
    r"(?::(?P<port>[0-9]*))?"
)
_SEGMENTS = rf"(?:/{_PCHAR}*)*"
_URI = re.compile(
    rf"{_SCHEME}:(?://{_AUTHORITY}{_SEGMENTS}|/(?:{_PCHAR}+{_SEGMENTS})?|{_PCHAR}+{_SEGMENTS}|)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
)
_DOMAIN = re.compile(_AUTHORITY)
_STATEMENT = rf"[{_PLAIN}:/?#\[\]@ ]*"
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_FIELDS: tuple[tuple[str, str, bool], ...] = (
    ("URI: ", "uri", True),
    ("Version: ", "version", True),
    ("Chain ID: ", "chain_id", True),
    ("Nonce: ", "nonce", True),
    ("Issued At: ", "issued_at", True),
    ("Expiration Time: ", "expiration_time", False),
    ("Not Before: ", "not_before", False),
    ("Request ID: ", "request_id", False),
)
"""The lines after the statement, in order: how they begin, their field, and whether they must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a sign-in says. One that was made has a text, and that text reads back to it.

    Attributes:
        domain: Who asks: an authority of RFC 3986, such as `club.example` or `localhost:8000`.
        address: The account's text: `did:key:z6Mk…` or `acct1…`.
        uri: What it is about, a URI of RFC 3986.
        chain_id: The ledger; see `chain_id`.
        nonce: 8 or more letters and digits.
        issued_at: When it was made, RFC 3339.
        expiration_time: From when on it is not valid, RFC 3339.
        not_before: From when on it is valid, RFC 3339.
        statement: A sentence for the member: letters, digits, spaces, and the marks that a URI may have.
        request_id: The service's own name for the request: letters, digits, and the marks that a path may have.
        resources: URIs.
        scheme: That of the domain; https is meant where there is none.
        version: Of the form: 1.

    Raises:
        SignInError: malformed_message: a field is not of its form; too_long.
        TypeError: A field is not a text.
    """

    domain: str
    address: str
    uri: str
    chain_id: str
    nonce: str
    issued_at: str
    expiration_time: str | None = None
    not_before: str | None = None
    statement: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] = ()
    scheme: str | None = None
    version: str = "1"

    account_kind: ClassVar[str] = "Ed25519"
    """What accounts are called in the first line."""

    def __post_init__(self) -> None:
        """Check each field."""
        if isinstance(self.resources, str):
            message = "sign-in, resources: expected a list of URIs, found str"
            raise TypeError(message)
        object.__setattr__(self, "resources", tuple(self.resources))
        for field in fields(self):
            value = getattr(self, field.name)
            for text in value if field.name == "resources" else (value,):
                if not isinstance(text, str) and not (text is None and field.default is None):
                    message = f"sign-in, {field.name}: expected a text, found {type(text).__name__}"
                    raise TypeError(message)
        _bounded(self.text)
        _expect("scheme", self.scheme, _SCHEME, "one of RFC 3986")
        _authority("domain", self.domain, _DOMAIN.fullmatch(self.domain), "the name of a host")
        self.check_address(self.address)
        _expect("statement", self.statement, _STATEMENT, "letters, digits, spaces and the marks of RFC 3986")
        _uri("uri", self.uri)
        _expect("version", self.version, "1", "1")
        self.check_chain(self.chain_id)
        _expect("nonce", self.nonce, "[A-Za-z0-9]{8,}", "8 or more letters and digits")
        for name in ("issued_at", "expiration_time", "not_before"):
            if getattr(self, name) is not None:
                self._instant(name)
        _expect("request_id", self.request_id, rf"{_PCHAR}*", "the characters of a path of RFC 3986")
        for resource in self.resources:
            _uri("resources", resource)

    @classmethod
    def check_address(cls, address: str) -> None:
        """Refuse what is no account's text.

        Raises:
            SignInError: malformed_message.
        """
        try:
            decode_account(address)
        except WireError:
            _refuse("address", "did:key:z6Mk… or acct1…", address)

    @classmethod
    def check_chain(cls, chain: str) -> None:
        """Refuse what names no ledger.

        Raises:
            SignInError: malformed_message.
        """
        _expect("chain_id", chain, "cfoil:[0-9a-f]{32}", "cfoil: and 32 lower-case hexadecimal digits")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a text, strictly: there is one text of each message.

        Raises:
            TypeError: Not a text.
            SignInError: too_long; malformed_message: it is not of the form.
        """
        if not isinstance(text, str):
            message = f"sign-in: expected a text, found {type(text).__name__}"
            raise TypeError(message)
        lines = _bounded(text).split("\n")
        ending = f" wants you to sign in with your {cls.account_kind} account:"
        if not lines[0].endswith(ending) or len(lines) < 5:
            _refuse("line 1", f"'…{ending}', and more lines", lines[0])
        found: dict[str, str] = {}
        scheme, divider, domain = lines[0][: -len(ending)].rpartition("://")
        found["domain"], found["address"] = domain, lines[1]
        if divider:
            found["scheme"] = scheme
        if lines[2]:
            _refuse("line 3", "an empty line", lines[2])
        # An empty line, or the statement and an empty line.
        place = 4
        if lines[4] == "":
            found["statement"], place = lines[3], 5
        elif lines[3]:
            _refuse("line 5", "an empty line after the statement", lines[4])
        for start, name, is_required in _FIELDS:
            line = lines[place] if place < len(lines) else ""
            if line.startswith(start):
                found[name] = line[len(start) :]
                place += 1
            elif is_required:
                _refuse(f"line {place + 1}", f"'{start}…'", line)
        resources: list[str] = []
        if lines[place : place + 1] == ["Resources:"]:
            place += 1
            while place < len(lines) and lines[place].startswith("- "):
                resources.append(lines[place][2:])
                place += 1
        if place < len(lines):
            _refuse(f"line {place + 1}", "the next field in order, each once, or the end", lines[place])
        made = cls(**found, resources=tuple(resources))
        if made.text != text:
            _refuse("text", "the message's one text", "another one")
        return made

    @property
    def text(self) -> str:
        """What is signed."""
        scheme = "" if self.scheme is None else f"{self.scheme}://"
        lines = [f"{scheme}{self.domain} wants you to sign in with your {self.account_kind} account:", self.address, ""]
        if self.statement is not None:
            lines.append(self.statement)
        lines.append("")
        for start, name, _ in _FIELDS:
            value = getattr(self, name)
            if value is not None:
                lines.append(start + value)
        if self.resources:
            lines += ["Resources:", *(f"- {resource}" for resource in self.resources)]
        return "\n".join(lines)

    @property
    def account(self) -> bytes:
        """The account's id, 32 bytes."""
        return decode_account(self.address)

    @property
    def issued_ms(self) -> int:
        """When it was made, ms."""
        return self._instant("issued_at")

    @property
    def expires_ms(self) -> int | None:
        """From when on it is not valid, ms; None if it says no time."""
        return None if self.expiration_time is None else self._instant("expiration_time")

    def check(
        self,
        *,
        domain: str | None = None,
        uri: str | None = None,
        chain_id: str | None = None,
        nonce: str | None = None,
        now_ms: int | None = None,
    ) -> None:
        """Compare it with what is expected: each that is given must be exactly that.

        Args:
            domain: The domain.
            uri: The URI.
            chain_id: The ledger.
            nonce: The nonce.
            now_ms: The time now, ms, at which it must be valid.

        Raises:
            SignInError: wrong_domain, wrong_uri, wrong_ledger, wrong_nonce, expired, not_yet_valid.
        """
        for reason, what, expected, found in (
            ("wrong_domain", "domain", domain, self.domain),
            ("wrong_uri", "URI", uri, self.uri),
            ("wrong_ledger", "chain id", chain_id, self.chain_id),
            ("wrong_nonce", "nonce", nonce, self.nonce),
        ):
            if expected is not None and found != expected:
                _refuse(what, repr(expected), found, reason)
        if now_ms is None:
            return
        if self.expires_ms is not None and now_ms >= self.expires_ms:
            _refuse("expiration time", f"one after {date_time(now_ms)}", self.expiration_time, "expired")
        if self.not_before is not None and now_ms < self._instant("not_before"):
            _refuse("not before", f"{date_time(now_ms)} or earlier", self.not_before, "not_yet_valid")

    def _instant(self, name: str) -> int:
        return _instant(name, getattr(self, name))


def chain_id(ledger: bytes) -> str:
    """The name of a ledger in the form of CAIP-2: `cfoil:` and the first 32 hexadecimal digits of its id.

    CAIP-2 has room for 32 characters: 128 bits of a hash, and nobody makes a ledger with those of somebody else's.

    Args:
        ledger: The ledger's id, 32 bytes.

    Raises:
        TypeError: Not bytes.
        ValueError: Of another length.
    """
    return f"cfoil:{identifier(ledger, 'ledger').hex()[:32]}"


def date_time(time_ms: int) -> str:
    """A time as sign-ins write it: RFC 3339, UTC, to the millisecond.

    Args:
        time_ms: Milliseconds since 1970-01-01 UTC.

    >>> date_time(0)
    '1970-01-01T00:00:00.000Z'
    """
    return (_EPOCH + time_ms * _MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sign_in(
    signer: Key | Signer, text: str, *, expected_domain: str, expected_ledger: bytes | None = None
) -> dict[bytes, bytes]:
    """Sign a text that a service sent, once it is clear that it is a sign-in to that service and to nothing else.

    Args:
        signer: A `Key` signs in to its key account, `key.on(account)` to an account that has keys of its own.
        text: What the service sent.
        expected_domain: The host that the member is connected to, as the browser or the app itself knows it, never as
            the text says: `club.example`, with the port where it is not the usual one.
        expected_ledger: The ledger's id, 32 bytes, where the app knows it.

    Returns:
        The signature, 64 bytes, by the public key: what `SignIn.verify` takes. Those of several keys are joined by `|`.

    Raises:
        TypeError: An argument of another type.
        ValueError: The expected domain is none.
        SignInError: wrong_domain: another service wants to use the member's signature; wrong_account: the text is about
            another account than the signer's; wrong_ledger; malformed_message; too_long.
    """
    if not isinstance(signer, (Key, Signer)):
        message = f"signer: expected Key or Signer, found {type(signer).__name__}"
        raise TypeError(message)
    check_domain(expected_domain)
    asked = Message.parse(text)
    asked.check(domain=expected_domain, chain_id=None if expected_ledger is None else chain_id(expected_ledger))
    if asked.scheme not in (None, "https"):
        _refuse("scheme", "https", asked.scheme, "wrong_domain")
    if asked.account != signer.account:
        _refuse("account", f"the signer's, {signer.account.hex()}", asked.address, "wrong_account")
    key = key_of(signer)
    return {key.public: key.sign(asked.text.encode())}


def check_domain(domain: str) -> str:
    """A domain that texts can be compared with: a host in lower case, perhaps with a port, and nobody before an `@`.

    Raises:
        TypeError: Not a text.
        ValueError: None of that.
    """
    if not isinstance(domain, str):
        message = f"domain: expected a text, found {type(domain).__name__}"
        raise TypeError(message)
    match = _DOMAIN.fullmatch(domain)
    _authority("domain", domain, match, "the name of a host")
    if domain != domain.lower() or (match is not None and match["user"] is not None):
        message = f"domain: expected a host in lower case, such as club.example or localhost:8000, found {domain!a}"
        raise ValueError(message)
    return domain


def _bounded(text: str) -> str:
    if len(text) > TEXT_CHARACTERS_MAX:
        _refuse("length", f"at most {TEXT_CHARACTERS_MAX:,} characters", f"{len(text):,}", "too_long")
    return text


def _expect(what: str, value: str | None, form: str, expected: str) -> None:
    if value is not None and not re.fullmatch(form, value):
        _refuse(what, expected, value)


def _uri(what: str, value: str) -> None:
    _authority(what, value, _URI.fullmatch(value), "a URI of RFC 3986", may_be_empty=True)


def _authority(
    what: str, value: str, match: re.Match[str] | None, expected: str, *, may_be_empty: bool = False
) -> None:
    """Refuse what did not match, and a match whose host is no address, or is empty where it must not be."""
    if match is None:
        _refuse(what, expected, value)
    if match["ip"] is not None:
        try:
            ipaddress.IPv6Address(match["ip"])
        except ValueError:
            _refuse(what, "an IPv6 address in brackets", value)
    elif not match["name"] and not may_be_empty:
        _refuse(what, expected, value)


def _instant(what: str, text: str) -> int:
    """The time that a date-time of RFC 3339 says, ms; what is less than a millisecond is left out."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        _refuse(what, "a time of RFC 3339 such as 2026-01-31T12:00:00Z", text)
    fraction, sign, hours, minutes = match.group(7, 8, 9, 10)
    offset_minutes = 0
    if sign is not None:
        offset_minutes = int(f"{sign}1") * (int(hours) * 60 + int(minutes))
        if int(hours) > 23 or int(minutes) > 59:
            _refuse(what, "an offset from UTC of less than 24 hours", text)
    try:
        moment = datetime(*map(int, match.group(1, 2, 3, 4, 5, 6)), tzinfo=timezone.utc)  # type: ignore[misc,arg-type]
    except ValueError:
        _refuse(what, "a day and a time that there are", text)
    whole_ms = (moment - _EPOCH) // _MILLISECOND - offset_minutes * 60_000
    return whole_ms + int(((fraction or "") + "000")[:3])


def _refuse(what: str, expected: str, found: str | None, reason: str = "malformed_message") -> NoReturn:
    shown = ascii(found) if found is None or len(found) <= 80 else f"{found[:60]!a} and more"
    message = f"sign-in, {what}: expected {expected}, found {shown}"
    raise SignInError(message, reason)
