"""Sign-in over HTTP: a real server, on Starlette and on FastAPI, and clients that may be anybody."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import pytest
import uvicorn
from counterfoil import Key, Ledger, _body
from counterfoil.creators import Gate
from counterfoil.ops import KeyGrant, SetKeys
from counterfoil.reputation import Badges
from counterfoil.signin import SignIn, sign_in
from counterfoil.signin.web import GATE_HEADER, Access, session_middleware
from counterfoil.verify import DATA_BYTES_MAX, Verifier
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterfoil.signin import Identity

OPERATOR, ROASTER, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (71, 72, 73, 74))
SECRET = "0123456789abcdef" * 4
GATE = "BEAN >= 10 or badge:founder"


def on_starlette(access: Access) -> Any:
    club_only = access.gated(GATE)

    async def me(request: Request) -> JSONResponse:
        return JSONResponse({"account": access.signed_in(request).address})

    async def club(request: Request) -> JSONResponse:
        return JSONResponse({"account": (await club_only(request)).address})

    async def visit(request: Request) -> JSONResponse:
        request.session["basket"] = "3 beans"
        return JSONResponse({"session": sorted(request.session)})

    routes = [
        Mount("/auth", app=access.router),
        Route("/me", me),
        Route("/club", club, methods=["GET", "POST"]),
        Route("/visit", visit),
    ]
    return Starlette(routes=routes, middleware=[session_middleware(SECRET, secure=False)])


def on_fastapi(access: Access) -> Any:
    app = FastAPI(middleware=[session_middleware(SECRET, secure=False)])
    app.mount("/auth", access.router)
    club_only = access.gated(GATE)

    def me(identity=Depends(access.signed_in)):  # noqa: B008 - as FastAPI has it
        return {"account": identity.address}

    async def club(identity=Depends(club_only)):  # noqa: B008
        return {"account": identity.address}

    def visit(request: Request):
        request.session["basket"] = "3 beans"
        return {"session": sorted(request.session)}

    app.get("/me")(me)
    app.api_route("/club", methods=["GET", "POST"])(club)
    app.get("/visit")(visit)
    return app


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """Somebody who keeps cookies as a browser does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        given = dict(headers or {})
        if self.cookie:
            given["cookie"] = self.cookie
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("content-type", "application/json")
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            content = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
        if "set-cookie" in found:
            self.cookie = found["set-cookie"].partition(";")[0]
        try:
            return Answer(answer.status, found, json.loads(content))
        except ValueError:
            return Answer(answer.status, found, content.decode())

    def sign_in(self, key: Key, **more: Any) -> Answer:
        text = self.ask("POST", "/auth/challenge", {"account": key.did}).body["text"]
        return self.ask("POST", "/auth/verify", {**signed(key, text, self.port), **more})


def signed(key: Key, text: str, port: int) -> dict[str, Any]:
    [(public, signature)] = sign_in(key, text, expected_domain=f"localhost:{port}").items()
    assert public == key.public
    return {"text": text, "signatures": {key.did: base64.b64encode(signature).decode()}}


@contextlib.contextmanager
def serving(app: Any, bound: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


class Served(NamedTuple):
    port: int
    ledger: Ledger
    access: Access
    bean: bytes

    def client(self) -> Client:
        return Client(self.port)


@pytest.fixture
def ledger(tmp_path) -> Iterator[Ledger]:
    with Ledger.create(tmp_path / "club", origin="club.example", operator=OPERATOR) as made:
        yield made


@pytest.fixture(params=["ledger-starlette", "ledger-fastapi", "verifier-starlette", "verifier-fastapi"])
def served(request, ledger, tmp_path) -> Iterator[Served]:
    source, framework = request.param.split("-")
    bean = ledger.create_asset(ROASTER, "BEAN")
    ledger.mint(ROASTER, bean, to=ANN.account, amount=50)
    Badges.launch(ledger, ROASTER, name="founder")
    ledger.checkpoint()
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        service = SignIn(
            domain=f"localhost:{port}",
            uri=f"http://localhost:{port}/auth",
            ledger=ledger if source == "ledger" else Verifier(ledger.verifier_key, ledger=ledger.id),
            challenges=tmp_path / "challenges",
            statement="Sign in to the club.",
        )
        access = Access(service, issuer=ROASTER.account)
        app = {"starlette": on_starlette, "fastapi": on_fastapi}[framework](access)
        with serving(app, bound):
            yield Served(port, ledger, access, bean)


def proof_of(served: Served, key: Key) -> dict[str, str]:
    """What a service without a ledger needs besides."""
    served.ledger.checkpoint()
    return {"proof": base64.b64encode(bytes(served.ledger.prove("accounts", key.account))).decode()}


def has_ledger(served: Served) -> bool:
    return not isinstance(served.access._sign_in.ledger, Verifier)


def test_a_member_signs_in_and_out(served: Served) -> None:
    ann = served.client()
    nobody = ann.ask("GET", "/me")
    assert (nobody.status, nobody.headers["www-authenticate"]) == (401, f'Counterfoil domain="localhost:{served.port}"')
    challenge = ann.ask("POST", "/auth/challenge", {"account": ANN.did})
    assert (challenge.status, challenge.headers["cache-control"]) == (200, "no-store")
    assert "\nSign in to the club.\n" in challenge.body["text"]
    assert challenge.body["expires"] > time.time() * 1_000
    answer = signed(ANN, challenge.body["text"], served.port)
    verified = ann.ask("POST", "/auth/verify", {**answer, **proof_of(served, ANN)})
    assert (verified.status, verified.body) == (200, {"account": ANN.did})
    cookie = verified.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert ann.ask("GET", "/me").body == {"account": ANN.did}

    # Again, and by somebody who has overheard it.
    for client in (ann, served.client()):
        again = client.ask("POST", "/auth/verify", {**answer, **proof_of(served, ANN)})
        assert (again.status, again.body["error"]) == (401, "unknown_challenge")
    out = ann.ask("POST", "/auth/sign-out", {})
    assert (out.status, out.body) == (200, {})
    assert ann.ask("GET", "/me").status == 401


def test_nothing_of_an_earlier_session_goes_on(served: Served) -> None:
    ann = served.client()
    ann.ask("GET", "/visit")
    planted = ann.cookie
    assert ann.ask("GET", "/visit").body == {"session": ["basket"]}
    ann.sign_in(ANN, **proof_of(served, ANN))
    assert ann.cookie != planted
    assert ann.ask("GET", "/visit").body == {"session": ["basket", served.access._session_key]}
    thief = served.client()
    thief.cookie = planted
    assert thief.ask("GET", "/me").status == 401
    ann.sign_in(BOB, **proof_of(served, BOB))
    assert ann.ask("GET", "/me").body == {"account": BOB.did}


def test_a_forged_session_is_none(served: Served) -> None:
    ann = served.client()
    ann.sign_in(ANN, **proof_of(served, ANN))
    name, _, value = ann.cookie.partition("=")
    payload, _, rest = value.partition(".")
    session = json.loads(base64.b64decode(payload))
    session[served.access._session_key][0] = BOB.did
    forged = base64.b64encode(json.dumps(session).encode()).decode()
    for cookie in (f"{name}={forged}.{rest}", f"{name}={payload}", f"{name}=", f"{name}={value[:-2]}"):
        thief = served.client()
        thief.cookie = cookie
        assert thief.ask("GET", "/me").status == 401


def test_a_gate_decides_who_uses_a_route(served: Served) -> None:
    gate = Gate(GATE, issuer=ROASTER.account)
    octets = {"content-type": "application/octet-stream"}

    def enter(client: Client, key: Key) -> Answer:
        if has_ledger(served):
            return client.ask("GET", "/club")
        served.ledger.checkpoint()
        bundle = gate.prove(served.ledger, key.account)
        in_body = client.ask("POST", "/club", bundle, octets)
        in_header = client.ask("GET", "/club", None, {GATE_HEADER: base64.b64encode(bundle).decode()})
        assert in_body[::2] == in_header[::2]
        return in_body

    assert served.client().ask("GET", "/club").status == 401
    ann, bob = served.client(), served.client()
    ann.sign_in(ANN, **proof_of(served, ANN))
    bob.sign_in(BOB, **proof_of(served, BOB))
    assert enter(ann, ANN)[::2] == (200, {"account": ANN.did})
    kept_out = enter(bob, BOB)
    assert kept_out.status == 403
    assert "BEAN: expected at least 10, found 0; badge:founder: expected one that holds, found none" in str(
        kept_out.body
    )
    Badges(served.ledger, ROASTER, name="founder").award(BOB.account)
    assert enter(bob, BOB).status == 200
    if has_ledger(served):
        # The present state, with no checkpoint in between.
        served.ledger.transfer(ANN, served.bean, to=ROASTER.account, amount=41)
        assert enter(ann, ANN).status == 403
        return
    bundle = gate.prove(served.ledger, ANN.account)
    for status, body, headers in (
        (403, None, {}),
        (403, b"", {}),
        (403, b"", octets),
        (403, bundle[:-1], octets),
        (403, None, {GATE_HEADER: "not base64!"}),
        (403, None, {GATE_HEADER: base64.b64encode(gate.prove(served.ledger, BOB.account)).decode()}),
        (413, b"x" * (DATA_BYTES_MAX + 1), octets),
    ):
        assert ann.ask("POST", "/club", body, headers).status == status
    assert bob.ask("POST", "/club", bundle, octets).status == 403  # Ann's
    assert ann.ask("POST", "/club", bundle, octets).status == 200


def test_a_session_ends_with_the_keys(served: Served) -> None:
    ann = served.client()
    ann.sign_in(ANN, **proof_of(served, ANN))
    served.ledger.execute([SetKeys(account=ANN.account, keys=[KeyGrant(BOB.public)])], ANN)
    # A service without a ledger does not learn of it before the session is over.
    assert ann.ask("GET", "/me").status == (401 if has_ledger(served) else 200)


def test_nesting_is_bounded_whatever_python_allows() -> None:
    """A virtual machine for contracts raises the limit of recursion to 100,000, and a parser then leaves its stack."""
    program = (
        "import sys, threading\n"
        "from counterfoil._checks import json_of\n"
        "from counterfoil.exceptions import ProofError\n"
        "from counterfoil.page import proofs_of\n"
        "sys.setrecursionlimit(100_000)\n"
        "deep = b'[' * 90_000 + b']' * 90_000\n"
        "def refused(call, data):\n"
        "    try:\n"
        "        call(data)\n"
        "    except (ValueError, ProofError) as error:\n"
        "        print(type(error).__name__)\n"
        "page = b'<script type=\"application/json\" id=\"embedded\">' + deep + b'</script>'\n"
        "for call, data in ((json_of, deep), (proofs_of, page)):\n"
        "    thread = threading.Thread(target=refused, args=(call, data))\n"
        "    thread.start()\n"
        "    thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ValueError", "ProofError"]


@pytest.mark.parametrize("limit", [150, 1_000])
def test_nesting_that_this_python_cannot_read_is_refused(limit: int) -> None:
    """Up to 3.11 the parser counts as recursion what it does, on top of the calls that led there."""
    program = (
        "import sys\n"
        "from counterfoil._checks import json_of\n"
        "deep = b'[' * 998 + b']' * 998\n"
        f"sys.setrecursionlimit({limit})\n"
        "try:\n"
        "    print(type(json_of(deep)).__name__)\n"
        "except ValueError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout in ("list\n", "JSON: expected arrays and objects less deep in each other\n")


@pytest.fixture
def app(ledger: Ledger, tmp_path: Path) -> Any:
    service = SignIn(domain="localhost", uri="http://localhost", ledger=ledger, challenges=tmp_path / "challenges")
    return on_starlette(Access(service, issuer=ROASTER.account))


def asked(app: Any, path: str, *events: dict[str, Any], kind: str = "application/json") -> tuple[int, Any]:
    """What the app answers to a request whose body comes as these events, and then stops coming."""
    sent: list[dict[str, Any]] = []
    coming = iter(events)

    async def receive() -> dict[str, Any]:
        event = next(coming, None)
        if event is None:
            await anyio.sleep(60)
        return event or {}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"content-type", kind.encode())]}
    anyio.run(app, {**scope, "root_path": "", "query_string": b""}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])["error"]


PART = {"type": "http.request", "body": b'{"te', "more_body": True}


def test_a_body_that_does_not_come(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_body, "BODY_S", 0.2)
    assert asked(app, "/auth/verify", PART) == (408, "too_slow")
    assert asked(app, "/auth/verify", PART, {"type": "http.disconnect"}) == (400, "malformed_request")


def test_a_store_that_cannot_be_reached(
    app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("counterfoil.signin.challenges._BUSY_S", 0.1)
    request = {"type": "http.request", "body": json.dumps({"account": ANN.did}).encode()}
    with contextlib.closing(sqlite3.connect(tmp_path / "challenges", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert asked(app, "/auth/challenge", request) == (503, "unavailable")
        assert "database is locked" in caplog.text


def test_what_is_no_request_is_refused(served: Served) -> None:
    ann = served.client()
    text = ann.ask("POST", "/auth/challenge", {"account": ANN.did}).body["text"]
    good = {**signed(ANN, text, served.port), **proof_of(served, ANN)}
    cases: list[tuple[int, str, str, Any]] = [
        (400, "malformed_request", "challenge", {}),
        (400, "malformed_request", "challenge", {"account": 5}),
        (400, "malformed_request", "challenge", []),
        (400, "malformed_request", "challenge", b"{"),
        (400, "malformed_request", "challenge", b"[" * 100_000),
        (400, "malformed_request", "challenge", b"\xff"),
        (400, "malformed_message", "challenge", {"account": "ann"}),
        (400, "malformed_message", "challenge", {"account": f"{ANN.did}\n\nURI: https://evil.example"}),
        (413, "too_long", "challenge", b" " * 300_000),
        (400, "malformed_request", "verify", {}),
        (400, "malformed_request", "verify", {**good, "text": None}),
        (400, "malformed_request", "verify", {**good, "signatures": None}),
        (400, "malformed_request", "verify", {**good, "signatures": {ANN.did: 5}}),
        (400, "malformed_request", "verify", {**good, "signatures": {ANN.did: "\u00e9"}}),
        (400, "malformed_request", "verify", {**good, "signatures": {"ann": "AAAA"}}),
        (400, "malformed_request", "verify", {**good, "signatures": {str(number): "" for number in range(17)}}),
        (400, "malformed_request", "verify", {**good, "proof": 5}),
        (400, "malformed_request", "verify", {**good, "proof": "!"}),
        (400, "malformed_message", "verify", {**good, "text": text + "\n"}),
        (401, "bad_signature", "verify", {**good, "signatures": {ANN.did: "AAAA"}}),
        (401, "unknown_key", "verify", {**good, "signatures": {BOB.did: "AAAA"}}),
        (401, "wrong_domain", "verify", {**good, "text": text.replace("localhost", "evil.example", 1)}),
    ]
    json_type = {"content-type": "application/json"}
    for status, reason, path, body in cases:
        answer = ann.ask("POST", f"/auth/{path}", body, json_type)
        assert (answer.status, answer.body.get("error")) == (status, reason), (path, body)
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = ann.ask("POST", "/auth/verify", json.dumps(good).encode(), {"content-type": kind})
        assert (answer.status, answer.body["error"]) == (415, "wrong_type")
    for origin in ("https://evil.example", "null", f"https://localhost:{served.port}", "http://localhost"):
        for path in ("challenge", "verify", "sign-out"):
            answer = ann.ask("POST", f"/auth/{path}", good, {"origin": origin})
            assert (answer.status, answer.body["error"]) == (403, "wrong_origin")
    assert ann.ask("GET", "/auth/verify").status == 405
    # None of them has used the challenge up.
    answer = ann.ask("POST", "/auth/verify", good, {"origin": f"http://localhost:{served.port}"})
    assert answer.status == 200
    if not has_ledger(served):
        stale = ann.sign_in(ANN)
        assert (stale.status, stale.body["error"]) == (401, "proof_missing")


def test_two_ledgers_share_a_session_but_not_an_identity(ledger, tmp_path) -> None:
    with Ledger.create(tmp_path / "other", origin="other.example", operator=OPERATOR) as other:
        accesses = [
            Access(SignIn(domain="localhost", uri="http://localhost", ledger=each, challenges=tmp_path / "challenges"))
            for each in (ledger, other)
        ]
    assert accesses[0]._session_key != accesses[1]._session_key


def test_a_session_is_over_after_its_time(ledger, tmp_path) -> None:
    service = SignIn(domain="localhost", uri="http://localhost", ledger=ledger, challenges=tmp_path / "challenges")
    access = Access(service, session_ms=1_000)

    def of(kept: Any) -> Identity:
        return access.signed_in(Request({"type": "http", "session": {access._session_key: kept}, "headers": []}))

    now = time.time_ns() // 1_000_000
    assert of([ANN.did, None, now]).account == ANN.account
    for kept in (None, [], [ANN.did, None, now - 1_000], [ANN.did, 0, now], ["ann", None, now], [ANN.did, None, None]):
        with pytest.raises(Exception, match="401"):
            of(kept)


def test_settings_that_are_wrong_are_refused(ledger, tmp_path) -> None:
    service = SignIn(domain="localhost", uri="http://localhost", ledger=ledger, challenges=tmp_path / "challenges")
    for wrong in ({"secret": "short"}, {"secret": SECRET, "max_age_ms": 0}):
        with pytest.raises(ValueError, match="expected"):
            session_middleware(**wrong)
    with pytest.raises(TypeError):
        session_middleware(SECRET.encode())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="session_ms: expected"):
        Access(service, session_ms=0)
    access = Access(service)
    with pytest.raises(ValueError, match="gate, character 1: expected one of the names that were given, or an issuer"):
        access.gated("BEAN >= 10")
    with pytest.raises(TypeError):
        access.gated(5)  # type: ignore[arg-type]


def test_the_cookie_is_for_https_and_this_host_alone() -> None:
    async def visit(request: Request) -> JSONResponse:
        request.session["seen"] = True
        return JSONResponse({})

    app = Starlette(routes=[Route("/", visit)], middleware=[session_middleware(SECRET)])
    with socket.create_server(("127.0.0.1", 0)) as bound, serving(app, bound):
        cookie = Client(bound.getsockname()[1]).ask("GET", "/").headers["set-cookie"]
    parts = [part.strip().lower() for part in cookie.split(";")]
    assert parts[0].startswith("__host-session=")
    assert {"path=/", "secure", "httponly", "samesite=lax", "max-age=43200"} == set(parts[1:])


def test_without_starlette_the_import_says_what_to_install() -> None:
    program = "import sys; sys.modules['starlette'] = None; import counterfoil.signin.web"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        "ImportError: counterfoil.signin.web needs Starlette and itsdangerous: pip install 'counterfoil[server]'"
        in done.stderr
    )
