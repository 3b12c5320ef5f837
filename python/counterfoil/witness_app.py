"""A witness as a web application (ASGI), for uvicorn or another server: `counterfoil witness serve` runs it.

Needs Starlette: `pip install 'counterfoil[server]'`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from counterfoil.exceptions import StoreError
from counterfoil.witness import REQUEST_BYTES_MAX, Answer

try:
    import anyio
    from anyio.to_thread import run_sync
    from starlette.applications import Starlette
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response
    from starlette.routing import Route
except ImportError as error:
    _missing = "counterfoil.witness_app needs Starlette: pip install 'counterfoil[server]'"
    raise ImportError(_missing, name="starlette") from error

if TYPE_CHECKING:
    from counterfoil.witness import Witness

__all__ = ["witness_app"]

_LOG = logging.getLogger(__name__)
_BODY_S = 10.0
_TEXT = "text/plain; charset=utf-8"


def witness_app(witness: Witness, *, prefix: str = "") -> Starlette:
    """Make the application: `POST prefix/add-checkpoint`.

    Args:
        witness: Who answers.
        prefix: The path of the submission prefix, such as `/witness`.
    """

    async def add_checkpoint(request: Request) -> Response:
        body = await _body(request)
        if isinstance(body, Answer):
            return _response(body)
        try:
            # SQLite syncs the disk, and a replica may be waited for.
            return _response(await run_sync(witness.add_checkpoint, body))
        except StoreError:
            _LOG.exception("the witness cannot remember what it signs")
            return _response(Answer(503, _TEXT, b"the witness cannot remember what it signs\n"))

    return Starlette(routes=[Route(f"{prefix.rstrip('/')}/add-checkpoint", add_checkpoint, methods=["POST"])])


async def _body(request: Request) -> bytes | Answer:
    """What was sent, or the refusal of what is too long or takes too long."""
    body = bytearray()
    try:
        with anyio.fail_after(_BODY_S):
            async for part in request.stream():
                body += part
                if len(body) > REQUEST_BYTES_MAX:
                    return Answer(413, _TEXT, f"expected at most {REQUEST_BYTES_MAX:,} bytes\n".encode())
    except TimeoutError:
        return Answer(408, _TEXT, f"expected the whole request within {_BODY_S:g} s\n".encode())
    except ClientDisconnect:
        return Answer(400, _TEXT, b"expected the whole request\n")
    return bytes(body)


def _response(answer: Answer) -> Response:
    # As a header: as `media_type` it would get a charset, which the specification of sizes does not have.
    return Response(answer.body, answer.status, headers={"content-type": answer.content_type})
