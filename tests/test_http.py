"""Requests to servers that trickle, lie about lengths, or send elsewhere: over http, and over https."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from counterfoil import _http
from counterfoil.exceptions import ProofError

Serve = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@contextlib.contextmanager
def server(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """What is called with each connection, after its request; and the address."""
    connected: list[threading.Thread] = []

    def answer(connection: socket.socket) -> None:
        # The other side has gone away when it has had enough, in the midst of a handshake as well.
        with connection, contextlib.suppress(OSError):
            if context is None:
                connection.recv(65_536)
                serve(connection)
                return
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65_536)
                serve(secure)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connected.append(threading.Thread(target=answer, args=(listener.accept()[0],)))
                    connected[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for each in connected:
        each.join()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ssl.SSLContext]:
    """That of a server with a certificate for 127.0.0.1, which requests accept meanwhile."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not there")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=club"
    named = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *made.split(), *named], check=True, capture_output=True)  # noqa: S607
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate))
        _http._tls.cache_clear()
        yield served
    _http._tls.cache_clear()


def again(piece: bytes, *, after: bytes = b"", pause_s: float = 0.05) -> Serve:
    """Send something, and then a piece again and again, for longer than anybody should wait."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(after)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            connection.sendall(piece)
            time.sleep(pause_s)

    return serve


def once(content: bytes) -> Serve:
    return lambda connection: connection.sendall(content)


def redirect(place: str) -> Serve:
    return once(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))


TRICKLES = {
    "status": again(b"H"),
    "headers": again(b"x", after=HEAD + b"X: "),
    "continue": again(b"HTTP/1.1 100 Continue\r\n\r\n", pause_s=0.001),
    "body": again(b"x", after=HEAD + b"Content-Length: 60000\r\n\r\n"),
    "chunks": again(b"1\r\nx\r\n", after=CHUNKED),
    "trailers": again(b"T: x\r\n", after=CHUNKED + b"1\r\nx\r\n0\r\n", pause_s=0.001),
    "silence": lambda connection: connection.recv(1),
}


def refused(address: str, *, timeout_s: float = 0.3) -> str:
    """Why there is no answer, which is known soon after the time is over."""
    began = time.monotonic()
    with pytest.raises(OSError, match=address) as caught:
        _http.request(f"{address}/x", bytes_max=100_000, timeout_s=timeout_s)
    assert time.monotonic() - began < timeout_s + 2
    return str(caught.value)


@pytest.mark.parametrize("kind", TRICKLES)
def test_a_server_that_trickles(kind: str) -> None:
    with server(TRICKLES[kind]) as address:
        assert refused(address).endswith("not complete after 0.3 s")


@pytest.mark.parametrize("kind", ["headers", "continue", "body", "silence"])
def test_a_server_that_trickles_over_tls(kind: str, context: ssl.SSLContext) -> None:
    with server(TRICKLES[kind], context) as address:
        assert refused(address).endswith("not complete after 0.3 s")


def test_a_handshake_that_does_not_end(context: ssl.SSLContext) -> None:
    """The first bytes of a handshake, and then one after the other of a record that is never whole."""
    with server(again(b"\x00", after=b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0")) as address:
        assert refused(address.replace("http:", "https:")).endswith("not complete after 0.3 s")
    with server(once(HEAD + b"Content-Length: 2\r\n\r\nok"), context) as address:
        assert _http.request(address, bytes_max=10).body == b"ok"


def test_a_certificate_that_nobody_trusts(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(once(HEAD + b"Content-Length: 2\r\n\r\nok"), context) as address:
        assert "not valid for 'localhost'" in refused(address.replace("127.0.0.1", "localhost"), timeout_s=5)
        monkeypatch.delenv("SSL_CERT_FILE")
        _http._tls.cache_clear()
        assert "CERTIFICATE_VERIFY_FAILED" in refused(address, timeout_s=5)
    _http._tls.cache_clear()


def test_redirects_share_the_time() -> None:
    def slowly(connection: socket.socket) -> None:
        time.sleep(0.12)
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: /{time.monotonic()}\r\n\r\n".encode())

    with server(slowly) as address:
        began = time.monotonic()
        assert refused(address).endswith("not complete after 0.3 s")
        assert time.monotonic() - began < 0.6


def test_what_is_written_under_a_redirect_is_not_read() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n")
        sent.append(0)
        with contextlib.suppress(OSError):
            while sent[-1] < 100_000_000:
                sent[-1] += connection.send(bytes(100_000))

    sent: list[int] = []
    with server(serve) as address, pytest.raises(ProofError, match="at most 10 bytes"):
        _http.request(address, bytes_max=10, timeout_s=20)
    assert len(sent) == 11, "it was followed ten times, and then read"
    assert max(sent) < 50_000_000


def test_a_redirect_without_an_end() -> None:
    with server(redirect("/there")) as address:
        assert _http.request(address, bytes_max=10).status == 302


def test_names_with_many_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        # With connections that nobody accepts the next ones wait.
        held = [socket.socket() for _ in range(4)]
        for each in held:
            each.settimeout(0)
            each.connect_ex(place)
        found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", place)
        asked = socket.getaddrinfo

        def many(host: str, *arguments: Any, **options: Any) -> list[Any]:
            return [found] * 20 if host == "many" else asked(host, *arguments, **options)

        monkeypatch.setattr(socket, "getaddrinfo", many)
        assert refused(f"http://many:{place[1]}").endswith("not complete after 0.3 s")
        for each in held:
            each.close()


@pytest.mark.parametrize(
    ("serve", "match"),
    [
        (redirect("http://[x"), "Invalid IPv6 URL"),
        (redirect("http://a:b/"), "port"),
        (redirect("http://\xe9\xff..a/"), "codec"),
        (once(CHUNKED + b"-5\r\nxxxxxxxx\r\n0\r\n\r\n"), "Incomplete|length"),
        (once(CHUNKED + b"-1\r\nxxxxxxxx\r\n0\r\n\r\n"), "Incomplete|length"),
        (once(CHUNKED + b"zz\r\nx\r\n0\r\n\r\n"), "Incomplete"),
        (once(b"HTTP/1.1 99999 OK\r\n\r\n"), "99999"),
        (once(b"\x00"), "\x00"),
        (once(b""), "closed connection"),
    ],
)
def test_answers_that_are_none(serve: Serve, match: str) -> None:
    with server(serve) as address:
        why = refused(address, timeout_s=5)
        assert any(each in why for each in match.split("|")), why


def test_a_chunk_of_a_negative_length_is_bounded() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(CHUNKED + b"-1\r\n")
        while len(sent) < 1_000:
            connection.sendall(bytes(100_000))
            sent.append(100_000)

    sent: list[int] = []
    with server(serve) as address, pytest.raises(ProofError, match="expected at most 1,000 bytes") as caught:
        _http.request(address, bytes_max=1_000)
    assert caught.value.reason == "too_long"
    assert sum(sent) < 50_000_000


@pytest.mark.parametrize("url", ["http://[x/", "http://[::1/", "http://h:99999/", "http://h:x/", "http://h:-1/"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="address: expected https://host/path"):
        _http.check_url(url)
