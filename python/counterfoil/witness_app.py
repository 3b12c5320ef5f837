"""A witness as a web application (ASGI), for uvicorn or another server: `counterfoil witness serve` runs it.

Needs Starlette: `pip install 'counterfoil[server]'`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from counterfoil.exceptions import StoreError
from counterfoil.witness import REQUEST_BYTES_MAX, Answer

try:
    from anyio.to_thread import run_sync
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request  # noqa: TC002
    from starlette.responses import Response
    from starlette.routing import Route

    from counterfoil._body import read_body
except ImportError as error:
    _missing = "counterfoil.witness_app needs Starlette: pip install 'counterfoil[server]'"
    raise ImportError(_missing, name="starlette") from error

if TYPE_CHECKING:
    from counterfoil.witness import Witness

__all__ = ["witness_app"]

_LOG = logging.getLogger(__name__)
_TEXT = "text/plain; charset=utf-8"


def witness_app(witness: Witness, *, prefix: str = "") -> Starlette:
    """Make the application: `POST prefix/add-checkpoint`.

    Args:
        witness: Who answers.
        prefix: The path of the submission prefix, such as `/witness`.
    """

    async def add_checkpoint(request: Request) -> Response:
        try:
            body = await read_body(request, REQUEST_BYTES_MAX)
        except HTTPException as refused:
            return _response(Answer(refused.status_code, _TEXT, f"{refused.detail}\n".encode()))
        try:
            # SQLite syncs the disk, and a replica may be waited for.
            return _response(await run_sync(witness.add_checkpoint, body))
        except StoreError:
            _LOG.exception("the witness cannot remember what it signs")
            return _response(Answer(503, _TEXT, b"the witness cannot remember what it signs\n"))

    return Starlette(routes=[Route(f"{prefix.rstrip('/')}/add-checkpoint", add_checkpoint, methods=["POST"])])


def _response(answer: Answer) -> Response:
    # As a header: as `media_type` it would get a charset, which the specification of sizes does not have.
    return Response(answer.body, answer.status, headers={"content-type": answer.content_type})
