"""Bodies of requests to our own servers, bounded in bytes and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

BODY_S = 10.0
"""How long the whole of a body may take, seconds."""


async def read_body(request: Request, bytes_max: int, what: str = "body") -> bytes:
    """What a client sends; of what is too long the rest is not read.

    Raises:
        HTTPException: 413: too long; 408: too slow; 400: the client has gone before its end.
    """
    body = bytearray()
    try:
        with anyio.fail_after(BODY_S):
            async for part in request.stream():
                body += part
                if len(body) > bytes_max:
                    raise HTTPException(413, f"{what}: expected at most {bytes_max:,} bytes, found more")
    except TimeoutError:
        raise HTTPException(408, f"{what}: expected the whole of it within {BODY_S:g} s, found a part") from None
    except ClientDisconnect:
        raise HTTPException(400, f"{what}: expected the whole of it, found a part") from None
    return bytes(body)
