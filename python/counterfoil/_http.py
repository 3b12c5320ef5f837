"""Requests to servers that are not trusted: bounded in bytes, in time, and in where they lead."""

from __future__ import annotations

import http.client
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


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows what was asked with GET to where it is as safe as before. Anything else ends as the 3xx that it is."""

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
        if req.data is not None or urlsplit(newurl).scheme not in allowed:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


# Made by hand, so that nothing but HTTP is spoken: urllib's own opener reads file: and ftp: as well.
_OPENER = urllib.request.OpenerDirector()
for _handler in (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    _Redirects,
    urllib.request.HTTPErrorProcessor,
):
    _OPENER.add_handler(_handler())


def check_url(url: str) -> str:
    """A base address, without the slash at its end.

    Raises:
        ValueError: It is none of http or https, or has more than a host and a path.
    """
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and not set(" ?#") & set(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or not plain:
        message = f"address: expected https://host/path, without user, ? and #; found {url[:200]!r}"
        raise ValueError(message)
    return url.rstrip("/")


def request(url: str, *, bytes_max: int, body: bytes | None = None, timeout_s: float = TIMEOUT_S) -> Answer:
    """Ask a server.

    Args:
        url: What for, as `check_url` accepts it.
        bytes_max: The most bytes that the answer may have, uncompressed.
        body: What to POST; GET if None.
        timeout_s: How long each wait, and the reading of the answer, may take.

    Raises:
        ProofError: too_long.
        OSError: There is no answer: the message says where and why.
    """
    headers = {"User-Agent": "counterfoil", "Accept-Encoding": "gzip, identity"}
    if body is not None:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    asked = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - see _OPENER
    try:
        try:
            response = _OPENER.open(asked, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            is_gzip = response.headers.get("Content-Encoding", "identity").lower() == "gzip"
            content = _read(response, url, bytes_max + (_GZIP_OVERHEAD_BYTES if is_gzip else 0), timeout_s)
            if is_gzip:
                content = _uncompressed(content, bytes_max)
                _bound(url, len(content), bytes_max)
            return Answer(response.status or 0, response.headers.get_content_type(), content)
    except urllib.error.URLError as error:
        message = f"{url}: {error.reason}"
    except (OSError, http.client.HTTPException, zlib.error, UnicodeError) as error:
        message = f"{url}: {str(error) or type(error).__name__}"
    raise OSError(message)


def _read(response: Any, url: str, bytes_max: int, timeout_s: float) -> bytes:  # noqa: ANN401 - HTTPResponse, HTTPError
    until = clock.monotonic() + timeout_s
    parts: list[bytes] = []
    count = 0
    while part := response.read(_CHUNK_BYTES):
        parts.append(part)
        count += len(part)
        _bound(url, count, bytes_max)
        if clock.monotonic() > until:
            message = f"the answer was not complete after {timeout_s:g} s"
            raise TimeoutError(message)
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
