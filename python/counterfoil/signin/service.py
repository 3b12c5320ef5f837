"""A service's side: it issues challenges, and takes each of them once, signed by the account that it is about."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterfoil._checks import integer
from counterfoil._clock import clock_ms
from counterfoil.exceptions import SignatureError, SignInError
from counterfoil.ops import SetKeys
from counterfoil.signin.challenges import ChallengeFile
from counterfoil.signin.message import Message, chain_id, check_domain, date_time
from counterfoil.verify import TOLERANCE_MS, Verifier, encode_named_account, verify_signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NoReturn

    from counterfoil.ledger import Ledger
    from counterfoil.signin.challenges import Challenges
    from counterfoil.verify import AccountRecord

__all__ = ["Challenge", "Identity", "SignIn"]

LIFETIME_MS = 300_000
SKEW_MS = 60_000
_DAY_MS = 86_400_000
_NONCE_BYTES = 16
_NOBODY = encode_named_account(bytes(32))
"""Stands for the account of a challenge that is for whoever signs it. Its id is no public key."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge that was issued.

    Attributes:
        message: What is to be signed; without an account of its own if it `is_open`.
        is_open: Whether any account may sign it.
    """

    message: Message
    is_open: bool

    @property
    def text(self) -> str:
        """What is to be signed.

        Raises:
            ValueError: It is open: see `text_for`.
        """
        if self.is_open:
            message = "challenge: expected one for an account, found one that is open: text_for(…) says for whom"
            raise ValueError(message)
        return self.message.text

    def text_for(self, address: str) -> str:
        """What an account signs of an open challenge.

        Args:
            address: The account's text.

        Raises:
            SignInError: malformed_message: no account's text; wrong_account: the challenge is for another account.
        """
        if not self.is_open and address != self.message.address:
            _refuse("wrong_account", "account", self.message.address, address)
        return replace(self.message, address=address).text


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has signed in.

    Attributes:
        account: The account's id, 32 bytes.
        address: Its text, as it stood in the message.
        epoch: That of the account's keys; None for an account without a record, whose id is its key.
        time: When it signed in, ms.
    """

    account: bytes
    address: str
    epoch: int | None
    time: int


class SignIn:
    """Issues challenges for one service, and verifies what comes back. Threads may share one.

    An account signs in with the keys that may set its keys: as many of them as its threshold says. A key with a scope
    that leaves that out, such as a till's, signs nobody in. An alias does not sign in but the account that it is one
    of; nobody signs in for a programme account. Frozen accounts sign in.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.signin import SignIn, sign_in
    >>> operator, ann = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example", operator=operator) as ledger:
    ...         service = SignIn(
    ...             domain="club.example", uri="https://club.example/sign-in", ledger=ledger,
    ...             challenges=folder + "/challenges",
    ...         )
    ...         text = service.challenge(ann.did).text
    ...         signatures = sign_in(ann, text, expected_domain="club.example")
    ...         service.verify(text, signatures).account == ann.account
    True
    """

    def __init__(
        self,
        *,
        domain: str,
        uri: str,
        ledger: Ledger | Verifier,
        challenges: Challenges | str | os.PathLike[str],
        statement: str | None = None,
        lifetime_ms: int = LIFETIME_MS,
        skew_ms: int = SKEW_MS,
        max_age_ms: int = TOLERANCE_MS,
    ) -> None:
        """Make one.

        Args:
            domain: Where members see the service: `club.example`, or `localhost:8000`. In lower case, and with the port
                where it is not the usual one.
            uri: What they sign in to, a URI.
            ledger: The ledger whose accounts sign in, which may be open read-only; it says which keys an account has
                now. Or, for a service without one, a `Verifier` that was made with `ledger=`: then each sign-in brings
                a proof of that.
            challenges: Where challenges are remembered: the path of a file, or a store of one's own.
            statement: What challenges say to the member, unless they are told otherwise: ASCII letters and digits,
                spaces, and the marks that a URI may have.
            lifetime_ms: How long a challenge can be used.
            skew_ms: How far the clocks of two machines of the service may differ.
            max_age_ms: How old a proof may be, where there is a verifier.

        Raises:
            TypeError: An argument of another type.
            ValueError: The domain, URI or statement is none, a number is out of its bounds, or the verifier names no
                ledger.
            OSError: The file cannot be made.
            StoreError: It is no file of challenges.
        """
        self.domain, self.uri = check_domain(domain), uri
        self.ledger = ledger
        named = ledger.ledger if isinstance(ledger, Verifier) else ledger.id
        if named is None:
            message = "sign-in: expected a verifier that was made with ledger=, found one of any ledger"
            raise ValueError(message)
        self.chain_id = chain_id(named)
        self._challenges: Challenges
        self._challenges = ChallengeFile(challenges) if isinstance(challenges, (str, os.PathLike)) else challenges
        self._lifetime_ms = integer(lifetime_ms, "lifetime_ms", least=1_000, most=_DAY_MS)
        self._skew_ms = integer(skew_ms, "skew_ms", least=0, most=_DAY_MS)
        self._max_age_ms = integer(max_age_ms, "max_age_ms", least=0, most=365 * _DAY_MS)
        self._statement = statement
        # Refuses a URI or a statement that is none.
        self._message(None, now_ms=0)

    def challenge(
        self,
        address: str | None = None,
        *,
        statement: str | None = None,
        resources: Iterable[str] = (),
        request_id: str | None = None,
        now_ms: int | None = None,
    ) -> Challenge:
        """Issue a challenge.

        Args:
            address: The text of the account that may use it; any account if None.
            statement: A sentence for the member; if None, that of the service.
            resources: URIs.
            request_id: The service's own name for the request.
            now_ms: The time now, ms; the clock's if None.

        Raises:
            SignInError: malformed_message: an argument is not of its form; too_long.
            StoreError: It cannot be remembered.
        """
        now = clock_ms() if now_ms is None else now_ms
        made = self._message(address, now_ms=now, statement=statement, resources=resources, request_id=request_id)
        self._challenges.add(_digest(made), now + self._lifetime_ms, now_ms=now)
        return Challenge(made, is_open=address is None)

    def verify(
        self, text: str, signatures: Mapping[bytes, bytes], *, proof: bytes | None = None, now_ms: int | None = None
    ) -> Identity:
        """Verify a signed challenge, and use it up. One that is refused can still be used.

        Args:
            text: What was signed.
            signatures: The signatures, 64 bytes each, by the public keys, 32 bytes.
            proof: What the ledger proves of the account, `bytes(ledger.prove("accounts", account))`, where this service
                has a verifier; else None.
            now_ms: The time now, ms; the clock's if None.

        Raises:
            TypeError: An argument of another type.
            SignInError: It is refused; `reason` says why: unknown_challenge (not issued here, used before, or changed),
                expired, not_yet_valid, from_the_future, wrong_domain, wrong_uri, wrong_ledger, malformed_message,
                too_long, bad_signature, unknown_key, threshold_not_met, programme_account, account_aliased.
            ProofError: The proof does not prove it, is about another account, or is stale.
            StoreError: The challenge cannot be used up.
        """
        now = clock_ms() if now_ms is None else now_ms
        message = Message.parse(text)
        message.check(domain=self.domain, uri=self.uri, chain_id=self.chain_id, now_ms=now)
        if message.issued_ms > now + self._skew_ms:
            _refuse("from_the_future", "issued at", f"{date_time(now + self._skew_ms)} or earlier", message.issued_at)
        epoch, threshold, keys = self._keys(message.account, proof, now)
        _check_signatures(message.text.encode(), signatures, keys, threshold)
        # Last, so that a forged signature uses nothing up. Of two that come at once, one finds the challenge.
        issued = (message, replace(message, address=_NOBODY))
        if not any(self._challenges.take(_digest(each), now_ms=now) for each in issued):
            _refuse("unknown_challenge", "challenge", "one that was issued here and not used yet", "none")
        return Identity(message.account, message.address, epoch, now)

    def recheck(self, identity: Identity) -> None:
        """Whether the account still has the keys that it signed in with. A verifier cannot say, and does not.

        Raises:
            SignInError: keys_changed, programme_account, account_aliased.
        """
        if isinstance(self.ledger, Verifier):
            return
        epoch, _, _ = _standing(identity.account, self.ledger.account(identity.account))
        if epoch != identity.epoch:
            _refuse("keys_changed", "epoch of the account's keys", str(identity.epoch), str(epoch))

    def _message(
        self,
        address: str | None,
        *,
        now_ms: int,
        statement: str | None = None,
        resources: Iterable[str] = (),
        request_id: str | None = None,
    ) -> Message:
        return Message(
            domain=self.domain,
            address=_NOBODY if address is None else address,
            statement=self._statement if statement is None else statement,
            uri=self.uri,
            chain_id=self.chain_id,
            nonce=secrets.token_hex(_NONCE_BYTES),
            issued_at=date_time(now_ms),
            expiration_time=date_time(now_ms + self._lifetime_ms),
            request_id=request_id,
            resources=resources if isinstance(resources, str) else tuple(resources),  # type: ignore[arg-type]
        )

    def _keys(self, account: bytes, proof: bytes | None, now_ms: int) -> tuple[int | None, int, frozenset[bytes]]:
        if not isinstance(self.ledger, Verifier):
            return _standing(account, self.ledger.account(account))
        if proof is None:
            _refuse("proof_missing", "proof", "what the ledger proves of the account's keys", "none")
        claim = self.ledger.record(
            proof, table="accounts", record_id=account, now_ms=now_ms, max_age_ms=self._max_age_ms
        )
        return _standing(account, claim.value)


def _standing(account: bytes, record: AccountRecord | None) -> tuple[int | None, int, frozenset[bytes]]:
    """The epoch of an account's keys, how many of them must sign, and which of them may."""
    if record is None:
        return None, 1, frozenset((account,))
    if record.is_programme:
        _refuse("programme_account", "account", "one with keys", "a programme account, for which nobody signs")
    if record.into is not None:
        _refuse("account_aliased", "account", "one with keys of its own", f"an alias of {record.into.hex()}")
    # Who may set the keys may do everything, and a ledger lets no account be without enough of these.
    return record.epoch, record.threshold, frozenset(each.key for each in record.keys if each.covers(SetKeys.wire_tag))


def _check_signatures(
    message: bytes, signatures: Mapping[bytes, bytes], keys: frozenset[bytes], threshold: int
) -> None:
    if not all(isinstance(part, bytes) for pair in signatures.items() for part in pair):
        text = "signatures: expected bytes by bytes, found another type"
        raise TypeError(text)
    # A forged signature costs more to refuse than a good one to accept, so that what can be counted is counted first.
    unknown = next((key for key in signatures if key not in keys), None)
    if unknown is not None:
        _refuse("unknown_key", "key", "one of the account's that may set its keys", unknown.hex()[:64])
    if len(signatures) < threshold:
        _refuse("threshold_not_met", "signatures", f"{threshold} or more", str(len(signatures)))
    try:
        for key, signature in signatures.items():
            verify_signature(key, message, signature)
    except SignatureError as error:
        text = f"sign-in, {error}"
        raise SignInError(text, "bad_signature") from None


def _digest(message: Message) -> bytes:
    return hashlib.sha256(message.text.encode()).digest()


def _refuse(reason: str, what: str, expected: str, found: str) -> NoReturn:
    message = f"sign-in, {what}: expected {expected}, found {found}"
    raise SignInError(message, reason)
