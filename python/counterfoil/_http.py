"""Requests to servers that are not trusted: bounded in bytes, in time, and in where they lead."""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time as clock
import urllib.error
import urllib.request
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from counterfoil.exceptions import ProofError

if TYPE_CHECKING:
    from http.client import HTTPMessage

TIMEOUT_S = 30.0
_CHUNK_BYTES = 64 * 1_024
# What gzip adds to bytes that it cannot make fewer, and more.
_GZIP_OVERHEAD_BYTES = 16 * 1_024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Answer(NamedTuple):
    """What a server answered.

    Attributes:
        status: The HTTP status.
        content_type: The media type, without parameters, in lower case.
        body: What it sent, uncompressed.
    """

    status: int
    content_type: str
    body: bytes


class _Deadline:
    """When a request has to be over."""

    def __init__(self, timeout_s: float) -> None:
        self._until = clock.monotonic() + timeout_s

    def left_s(self) -> float:
        """How long it still may take.

        Raises:
            TimeoutError: No longer.
        """
        left_s = self._until - clock.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class _Stream(io.RawIOBase):
    """What a socket receives until the deadline, in however small pieces it comes."""

    def __init__(self, connected: socket.socket, file: io.RawIOBase, deadline: _Deadline) -> None:
        self._socket, self._file, self._deadline = connected, file, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any buffer
        self._socket.settimeout(self._deadline.left_s())
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, deadline: _Deadline, **options: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Stream(sock, self.fp.detach(), deadline))


class _Connection(http.client.HTTPConnection):
    """A connection on which nothing is waited for after the deadline."""

    deadline: _Deadline

    def connect(self) -> None:
        super().connect()
        # Over https they shake hands now.
        self.sock.settimeout(self.deadline.left_s())

    def send(self, data: Any) -> None:  # noqa: ANN401 - whatever http.client sends
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self.deadline.left_s())
        super().send(data)


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """The same over TLS."""


@functools.cache
def _tls() -> ssl.SSLContext:
    # Once: to read the system's certificates takes longer than most requests.
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Connections(urllib.request.HTTPHandler):
    """Opens connections for one request, and for where it is redirected to, which share its deadline."""

    https_request = urllib.request.HTTPHandler.http_request

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(functools.partial(self._connection, _Connection), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(functools.partial(self._connection, _SecureConnection), req, context=_tls())

    def _connection(self, kind: type[_Connection], host: str, **options: Any) -> _Connection:  # noqa: ANN401
        made = kind(host, **options)
        made.deadline = self._deadline
        made.response_class = functools.partial(_Response, deadline=self._deadline)  # type: ignore[assignment]
        made._create_connection = self._connect  # type: ignore[attr-defined]
        return made

    def _connect(self, address: tuple[str, int], _timeout: float, source: tuple[str, int] | None) -> socket.socket:
        """Connect to the first of a host's addresses that answers: all of them together have until the deadline."""
        message = f"{address[0]}: the name has no address"
        failure = OSError(message)
        for *_, found in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            try:
                return socket.create_connection((str(found[0]), address[1]), self._deadline.left_s(), source)
            except OSError as error:  # noqa: PERF203 - the next one is tried
                failure = error
        raise failure


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows what was asked with GET, ten times, to where it is as safe as before. Else it ends as the 3xx it is."""

    # Urllib has an error of its own for what comes back to one address.
    max_repeats = urllib.request.HTTPRedirectHandler.max_redirections

    def __init__(self) -> None:
        self._followed = 0

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: Any,  # noqa: ANN401
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        allowed = ("https",) if req.type == "https" else ("https", "http")
        is_followed = req.data is None and urlsplit(newurl).scheme in allowed
        if not is_followed or self._followed == self.max_redirections:
            return None
        self._followed += 1
        # Else all that is written under it would be read, however long it is.
        fp.close()
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(deadline: _Deadline) -> urllib.request.OpenerDirector:
    # Made by hand, so that nothing but HTTP is spoken: urllib's own opener reads file: and ftp: as well.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Connections(deadline),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def check_url(url: str) -> str:
    """A base address, without the slash at its end.

    Raises:
        ValueError: It is none of http or https, or has more than a host and a path.
    """
    plain = url.isascii() and url.isprintable() and not set(" ?#") & set(url)
    try:
        parts = urlsplit(url)
        # Asking for the port reads it.
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not plain:
        message = f"address: expected https://host/path, without user, ? and #; found {url[:200]!r}"
        raise ValueError(message)
    return url.rstrip("/")


def request(url: str, *, bytes_max: int, body: bytes | None = None, timeout_s: float = TIMEOUT_S) -> Answer:
    """Ask a server.

    Args:
        url: What for, as `check_url` accepts it.
        bytes_max: The most bytes that the answer may have, uncompressed.
        body: What to POST; GET if None.
        timeout_s: How long all of it may take, redirects included; but for the look-up of names, which the system
            bounds.

    Raises:
        ProofError: too_long.
        OSError: There is no answer: the message says where and why.
    """
    headers = {"User-Agent": "counterfoil", "Accept-Encoding": "gzip, identity"}
    if body is not None:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    asked = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - see _opener
    try:
        try:
            response = _opener(_Deadline(timeout_s)).open(asked, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            is_gzip = response.headers.get("Content-Encoding", "identity").lower() == "gzip"
            content = _read(response, url, bytes_max + (_GZIP_OVERHEAD_BYTES if is_gzip else 0))
            if is_gzip:
                content = _uncompressed(content, bytes_max)
                _bound(url, len(content), bytes_max)
            return Answer(response.status or 0, response.headers.get_content_type(), content)
    except ProofError:
        raise
    # A ValueError is what the standard library has for lengths, addresses and names that are none.
    except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
        message = f"{url}: {_why(error, timeout_s)}"
    raise OSError(message)


def _why(error: Exception, timeout_s: float) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"the answer was not complete after {timeout_s:g} s"
    return str(reason) or type(reason).__name__


def _read(response: Any, url: str, bytes_max: int) -> bytes:  # noqa: ANN401 - HTTPResponse, HTTPError
    parts: list[bytes] = []
    count = 0
    # At most what one call of the system gives: a chunk says its own length, and `read` would believe it.
    while part := response.read1(_CHUNK_BYTES):
        parts.append(part)
        count += len(part)
        _bound(url, count, bytes_max)
    return b"".join(parts)


def _uncompressed(content: bytes, bytes_max: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    data = inflater.decompress(content, bytes_max + 1)
    if len(data) <= bytes_max and not inflater.eof:
        message = "the compressed answer is cut short"
        raise http.client.HTTPException(message)
    return data


def _bound(url: str, count: int, bytes_max: int) -> None:
    if count > bytes_max:
        message = f"{url}: expected at most {bytes_max:,} bytes, found more"
        raise ProofError(message, "too_long")
