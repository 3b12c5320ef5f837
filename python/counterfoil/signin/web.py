"""Sign-in over HTTP, for Starlette and FastAPI: routes that sign members in and out, and guards for other routes.

It needs the extra `counterfoil[server]`. The session is a signed cookie, by Starlette's `SessionMiddleware`.
"""

from __future__ import annotations

import base64
import binascii
import functools
import logging
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from counterfoil._checks import integer, json_of
from counterfoil._clock import clock_ms
from counterfoil.creators import Gate
from counterfoil.exceptions import ProofError, SignInError, StoreError, WireError
from counterfoil.signin.service import Identity, SignIn
from counterfoil.verify import AUTHORIZERS_MAX, DATA_BYTES_MAX, Verifier, decode_account

try:
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotations of guards
    from starlette.responses import JSONResponse
    from starlette.routing import Route, Router

    from counterfoil._body import read_body
except ImportError as error:
    _missing = "counterfoil.signin.web needs Starlette and itsdangerous: pip install 'counterfoil[server]'"
    raise ImportError(_missing, name=error.name) from error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response

    from counterfoil.verify import Requirement

__all__ = ["GATE_HEADER", "Access", "session_middleware"]

_LOG = logging.getLogger(__name__)

GATE_HEADER = "counterfoil-gate"
"""The header with a gate's bundle, in base64."""

SESSION_MS = 43_200_000
BODY_BYTES_MAX = 262_144
_SECRET_CHARACTERS_MIN = 32
_BODY_REASONS = {400: "malformed_request", 408: "too_slow", 413: "too_long"}
_NO_STORE = {"cache-control": "no-store"}


def session_middleware(secret: str, *, secure: bool = True, max_age_ms: int = SESSION_MS) -> Middleware:
    """The middleware that keeps the session in a signed cookie: HttpOnly, SameSite=Lax, Secure, for this host alone.

    Who has the secret can be anybody. What is in the cookie is signed, not encrypted, and a copy of it stays good until
    it is too old, whoever signs out.

    Args:
        secret: At least 32 characters: `secrets.token_hex(32)`, kept like a key.
        secure: Whether browsers send it over https alone. False is for localhost.
        max_age_ms: How long a cookie is good, ms.

    Raises:
        TypeError: An argument of another type.
        ValueError: The secret is too short, or the age is out of its bounds.

    >>> from starlette.applications import Starlette
    >>> app = Starlette(middleware=[session_middleware("0" * 64)])
    """
    if not isinstance(secret, str):
        message = f"secret: expected a text, found {type(secret).__name__}"
        raise TypeError(message)
    if len(secret) < _SECRET_CHARACTERS_MIN:
        message = f"secret: expected at least {_SECRET_CHARACTERS_MIN} characters, found {len(secret)}"
        raise ValueError(message)
    max_age_s = integer(max_age_ms, "max_age_ms", least=1_000, most=365 * 86_400_000) // 1_000
    # The prefix has browsers refuse the cookie from another host, or from a page without https.
    name = "__Host-session" if secure else "session"
    return Middleware(
        SessionMiddleware,
        secret_key=secret,
        session_cookie=name,
        max_age=max_age_s,
        same_site="lax",
        https_only=secure,
    )


class Access:
    """Who may use which route.

    `router` is mounted where the sign-in is to be, and has `POST challenge`, `POST verify` and `POST sign-out`, with
    bodies of JSON. `signed_in` and `gated(…)` are dependencies for FastAPI; in Starlette they are called with the
    request. The app needs `session_middleware`, or a `SessionMiddleware` of its own.
    """

    def __init__(
        self,
        sign_in: SignIn,
        *,
        issuer: bytes | None = None,
        names: Mapping[str, bytes | Requirement] | None = None,
        session_ms: int = SESSION_MS,
    ) -> None:
        """Make one.

        Args:
            sign_in: Whose challenges are signed, and which ledger or verifier decides gates.
            issuer: For gates that are given as texts: see `Gate`.
            names: For gates that are given as texts: see `Gate`.
            session_ms: How long after signing in a member has to do it again, ms.

        Raises:
            TypeError: An argument of another type.
            ValueError: A number is out of its bounds.
        """
        self.router = Router(
            [
                Route("/challenge", self._challenge, methods=["POST"]),
                Route("/verify", self._verify, methods=["POST"]),
                Route("/sign-out", self._sign_out, methods=["POST"]),
            ]
        )
        self._sign_in = sign_in
        self._issuer, self._names = issuer, names
        self._session_ms = integer(session_ms, "session_ms", least=1_000, most=365 * 86_400_000)
        # An account of another ledger may have the same id.
        self._session_key = f"counterfoil {sign_in.chain_id}"
        self._origin = f"{urlsplit(sign_in.uri).scheme}://{sign_in.domain}"

    def signed_in(self, request: Request) -> Identity:
        """Who is signed in, with keys that the account still has.

        Raises:
            HTTPException: 401: nobody, or too long ago, or the account's keys have changed since.
        """
        identity = _identity(request.session.get(self._session_key))
        if identity is None:
            self._unauthorized("expected a session that is signed in, found none")
        age_ms = clock_ms() - identity.time
        if age_ms >= self._session_ms:
            self._unauthorized(f"expected a session of less than {self._session_ms} ms, found one of {age_ms}")
        try:
            self._sign_in.recheck(identity)
        except SignInError as error:
            self._unauthorized(str(error))
        return identity

    def gated(self, gate: str | Gate, *, max_age_ms: int | None = None) -> Callable[[Request], Awaitable[Identity]]:
        """A guard that lets those in who are signed in and whom a gate lets in.

        A service with a ledger decides from its present state. Where there is a verifier instead, the request brings
        the gate's bundle: in base64 in the header `counterfoil-gate`, or, as servers refuse long headers, as the body,
        with the type `application/octet-stream`.

        Args:
            gate: The gate, or its text.
            max_age_ms: How old a bundle may be; if None the verifier's tolerance, five minutes.

        Returns:
            What is given the request, and returns who is signed in. It raises `HTTPException`: 401 as `signed_in` does;
            403 where the gate or the bundle does not let the account in, with the reason; 413, 408 or 400 where the
            bundle is too long, too slow or cut off.

        Raises:
            TypeError: The gate is neither.
            ValueError: The text is no gate.
        """
        made = gate if isinstance(gate, Gate) else Gate(gate, issuer=self._issuer, names=self._names)
        ledger = self._sign_in.ledger

        async def guard(request: Request) -> Identity:
            identity = await run_in_threadpool(self.signed_in, request)
            if isinstance(ledger, Verifier):
                bundle = await _bundle(request)
                decide = functools.partial(made.verify, bundle, ledger, account=identity.account, max_age_ms=max_age_ms)
            else:
                decide = functools.partial(made.check, ledger, identity.account)
            try:
                decision = await run_in_threadpool(decide)
            except ProofError as error:
                raise HTTPException(403, str(error)) from None
            if not decision:
                raise HTTPException(403, decision.why)
            return identity

        return guard

    async def _challenge(self, request: Request) -> Response:
        return await self._answer(request, self._issue)

    async def _verify(self, request: Request) -> Response:
        return await self._answer(request, self._accept)

    async def _sign_out(self, request: Request) -> Response:
        return await self._answer(request, _leave)

    async def _answer(
        self, request: Request, act: Callable[[Request, Mapping[str, Any]], dict[str, object]]
    ) -> Response:
        """What a route answers: that of the act, or in one form what is wrong."""
        # Browsers say where a request comes from, and ask before they send JSON for a page of another site: nobody is
        # signed in or out by a page that he happens to look at.
        origin = request.headers.get("origin")
        if origin not in (None, self._origin):
            return _problem(403, "wrong_origin", f"origin: expected {self._origin}, found {origin!a}")
        kind = _content_type(request)
        if kind != "application/json":
            return _problem(415, "wrong_type", f"content-type: expected application/json, found {kind!a}")
        try:
            body = await read_body(request, BODY_BYTES_MAX)
            answer = await run_in_threadpool(act, request, _fields(body))
        except HTTPException as error:
            return _problem(error.status_code, _BODY_REASONS[error.status_code], error.detail)
        except StoreError:
            # What is wrong with the file of challenges, or the ledger, is for the service to know.
            _LOG.exception("the sign-in cannot reach what it stores")
            return _problem(503, "unavailable", "sign-in: it cannot be done now; try again")
        except (SignInError, ProofError) as error:
            is_malformed = error.reason in ("malformed_request", "malformed_message", "too_long")
            return _problem(400 if is_malformed else 401, error.reason, str(error))
        return JSONResponse(answer, headers=_NO_STORE)

    def _issue(self, _request: Request, fields: Mapping[str, Any]) -> dict[str, object]:
        made = self._sign_in.challenge(_text(fields, "account"))
        return {"text": made.text, "expires": made.message.expires_ms}

    def _accept(self, request: Request, fields: Mapping[str, Any]) -> dict[str, object]:
        proof = _base64(_text(fields, "proof"), "proof") if "proof" in fields else None
        identity = self._sign_in.verify(_text(fields, "text"), _signatures(fields), proof=proof)
        # Nothing of an earlier session goes on into this one.
        request.session.clear()
        request.session[self._session_key] = [identity.address, identity.epoch, identity.time]
        return {"account": identity.address}

    def _unauthorized(self, detail: str) -> NoReturn:
        headers = {"www-authenticate": f'Counterfoil domain="{self._sign_in.domain}"'}
        raise HTTPException(401, detail, headers=headers) from None


def _leave(request: Request, _fields: Mapping[str, Any]) -> dict[str, object]:
    request.session.clear()
    return {}


def _identity(kept: object) -> Identity | None:
    """Who the session says is signed in; None where it says nobody, or says it as an older version did."""
    match kept:
        case [str(address), int() | None as epoch, int(time)]:
            try:
                return Identity(decode_account(address), address, epoch, time)
            except WireError:
                return None
    return None


def _problem(status: int, reason: str, message: str) -> JSONResponse:
    return JSONResponse({"error": reason, "message": message}, status_code=status, headers=_NO_STORE)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _bundle(request: Request) -> bytes:
    """The gate's bundle that a request brings."""
    header = request.headers.get(GATE_HEADER)
    if header is not None:
        try:
            return _base64(header, GATE_HEADER)
        except SignInError as error:
            raise HTTPException(403, str(error)) from None
    if _content_type(request) != "application/octet-stream":
        raise HTTPException(403, f"gate: expected a bundle in the header {GATE_HEADER} or as the body, found none")
    return await read_body(request, DATA_BYTES_MAX, "gate, bundle")


def _fields(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json_of(body or b"{}")
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        _malformed("body", "an object in JSON", "something else")
    return fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str):
        _malformed(name, "a text", type(text).__name__)
    return text


def _signatures(fields: Mapping[str, Any]) -> dict[bytes, bytes]:
    given = fields.get("signatures")
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        _malformed("signatures", "an object of signatures in base64 by keys as did:key:z6Mk…", "something else")
    if len(given) > AUTHORIZERS_MAX:
        _malformed("signatures", f"at most {AUTHORIZERS_MAX}", str(len(given)))
    try:
        return {decode_account(key): _base64(signature, "signatures") for key, signature in given.items()}
    except WireError as error:
        _malformed("signatures", "keys as did:key:z6Mk…", str(error))


def _base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        _malformed(what, "base64", "something else")


def _malformed(what: str, expected: str, found: str) -> NoReturn:
    message = f"{what}: expected {expected}, found {found}"
    raise SignInError(message, "malformed_request")
