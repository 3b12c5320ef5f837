"""A service whose members sign in with the keys that hold their points, and a lounge for those who have enough.

The phone asks for a challenge, signs it for this host and for no other, and keeps the cookie.

Run it: python examples/sign_in.py
"""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from counterfoil import Key, Ledger
from counterfoil.exceptions import SignInError
from counterfoil.signin import SignIn, sign_in
from counterfoil.signin.web import Access, session_middleware
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request


def application(ledger: Ledger, issuer: bytes, folder: str, host: str) -> Starlette:
    """The service."""
    service = SignIn(
        domain=host,
        uri=f"http://{host}/auth",
        ledger=ledger,
        challenges=Path(folder, "challenges"),
        statement="Welcome.",
    )
    access = Access(service, issuer=issuer)
    in_lounge = access.gated("BEAN >= 10")

    async def lounge(request: Request) -> PlainTextResponse:
        await in_lounge(request)
        return PlainTextResponse("have a seat")

    # Over https, which a service is reached by unless it is on localhost, the cookie is for https alone.
    middleware = [session_middleware(secrets.token_hex(32), secure=False)]
    return Starlette(routes=[Mount("/auth", app=access.router), Route("/lounge", lounge)], middleware=middleware)


@contextmanager
def running(app: Starlette, listening: socket.socket) -> Iterator[None]:
    """The service at work, in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


class Phone:
    """A member's app."""

    def __init__(self, key: Key, host: str) -> None:
        """Connect a key to a host."""
        self.key, self.host, self.cookie = key, host, ""

    def ask(self, method: str, path: str, fields: object = None) -> str:
        """The body of an answer."""
        connection = http.client.HTTPConnection(self.host, timeout=10)
        headers = {"content-type": "application/json", "cookie": self.cookie}
        connection.request(method, path, body=json.dumps(fields), headers=headers)
        answer = connection.getresponse()
        self.cookie = (answer.getheader("set-cookie") or self.cookie).partition(";")[0]
        body = answer.read().decode()
        connection.close()
        return body

    def sign_in(self) -> str:
        """Sign in. The app knows which host it talks to, and never believes the text."""
        text = json.loads(self.ask("POST", "/auth/challenge", {"account": self.key.did}))["text"]
        [signature] = sign_in(self.key, text, expected_domain=self.host).values()
        signatures = {self.key.did: base64.b64encode(signature).decode()}
        return self.ask("POST", "/auth/verify", {"text": text, "signatures": signatures})


def main() -> None:
    """Ann gets in, Bob does not; and a page that asks for a signature for another host gets none."""
    operator, roaster, ann, bob = (Key.generate() for _ in range(4))
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.create(Path(folder, "club.ledger"), origin="club.example/beans", operator=operator) as ledger,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        bean = ledger.create_asset(roaster, "BEAN")
        ledger.mint(roaster, bean, to=ann.account, amount=50)
        host = f"localhost:{listening.getsockname()[1]}"
        with running(application(ledger, roaster.account, folder, host), listening):
            phones = {"ann": Phone(ann, host), "bob": Phone(bob, host)}
            print("nobody:", phones["ann"].ask("GET", "/lounge"))
            for name, phone in phones.items():
                print(f"{name} is signed in:", json.loads(phone.sign_in())["account"] == phone.key.did)
                print(f"{name}:", phone.ask("GET", "/lounge"))

            text = json.loads(phones["ann"].ask("POST", "/auth/challenge", {"account": ann.did}))["text"]
            try:
                sign_in(ann, text, expected_domain="free-beans.example")
            except SignInError as error:
                print("on another page:", error.reason)


if __name__ == "__main__":
    main()
