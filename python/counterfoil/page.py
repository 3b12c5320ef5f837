"""One self-contained page with proofs inside, which whoever gets it opens in a browser: it checks them and shows how.

The page is `clients/web`, built by `make page` and installed with the package.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil._checks import json_of
from counterfoil.exceptions import ProofError
from counterfoil.verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.ledger import Statement

__all__ = ["PAGE_BYTES_MAX", "PAGE_PROOFS_MAX", "page_of", "proofs_of"]

PAGE_BYTES_MAX = 20_000_000
"""A longer page or exit bundle is refused."""
PAGE_PROOFS_MAX = 5_000
"""The page takes no more at once."""

_PAGE = Path(__file__).with_name("page.html")
_PLACE = '<script type="application/json" id="embedded"></script>'
_EMBEDDED = re.compile(rb'<script type="application/json" id="embedded">([^<]+)</script>')
_RECEIPT = b"c2sp.org/tlog-proof@"
_FILE = b"counterfoil/"
_QUESTION = b"counterfoil/question/"


def page_of(
    proofs: Sequence[Statement | bytes], vkey: str, *, witnesses: Sequence[str] = (), need: int | None = None
) -> str:
    """A page with these proofs inside, and the keys that it checks them with.

    The page says that it brought the key itself, and that whoever reads it should compare it with the one that the
    ledger publishes. Each proof is checked here first, so that no page is made that would only show a refusal.

    Args:
        proofs: Statements with their questions, receipts, checkpoints; 1 or more. The first is shown first.
        vkey: The ledger's verifier key.
        witnesses: The verifier keys of witnesses, for whose cosignatures the page asks.
        need: How many of them must have cosigned; all if None.

    Returns:
        The page, HTML; to be written as UTF-8.

    Raises:
        ProofError: One of the proofs does not hold, or a key is none.
        ValueError: No proofs, more than `PAGE_PROOFS_MAX`, a page of more than `PAGE_BYTES_MAX`, or more witnesses are
            needed than there are.
        FileNotFoundError: This installation has no page: it was built where Node.js was missing.
    """
    given = [bytes(proof) for proof in proofs]
    if not 1 <= len(given) <= PAGE_PROOFS_MAX:
        message = f"page: expected 1 to {PAGE_PROOFS_MAX:,} proofs, found {len(given):,}"
        raise ValueError(message)
    try:
        page = _PAGE.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = "this installation of counterfoil has no page: it was built without Node.js 20; `make page` builds it"
        raise FileNotFoundError(message) from None
    verifier = Verifier(vkey, witnesses=witnesses, need=need)
    # A checkpoint begins with the ledger's name, which may begin as files do.
    own_line = f"{verifier.key.name}\n".encode()
    for proof in given:
        if proof.startswith(_RECEIPT):
            verifier.receipt(proof)
        elif proof.startswith(_QUESTION) or (proof.startswith(_FILE) and not proof.startswith(own_line)):
            verifier.record(proof)
        else:
            verifier.checkpoint(proof)
    embedded = {
        "vkey": vkey.strip(),
        "witnesses": list(witnesses),
        "need": need,
        "proofs": [base64.b64encode(proof).decode() for proof in given],
    }
    # Without "<" nothing in it can end the element, or open a comment.
    text = json.dumps(embedded).replace("<", "\\u003c")
    made = page.replace(_PLACE, _PLACE.replace("></", f">{text}</"), 1)
    size = len(made.encode())
    if size > PAGE_BYTES_MAX:
        message = f"page: expected at most {PAGE_BYTES_MAX:,} bytes, found {size:,}: make several of fewer proofs each"
        raise ValueError(message)
    return made


def proofs_of(page: bytes) -> list[bytes]:
    """The proofs in a page that `page_of` made: statements with their questions, receipts, checkpoints.

    Whether they hold is for a verifier to say. The page's own key is not looked at: who made the page chose it.

    Args:
        page: The file.

    Raises:
        ProofError: too_long; malformed_statement: it is no such page, or has no proof.
    """
    if len(page) > PAGE_BYTES_MAX:
        message = f"page: expected at most {PAGE_BYTES_MAX:,} bytes, found {len(page):,}"
        raise ProofError(message, "too_long")
    found = _EMBEDDED.search(page)
    try:
        embedded = json_of(found[1] if found else b"")
        proofs = [base64.b64decode(proof, validate=True) for proof in embedded["proofs"]]
    except (ValueError, KeyError, TypeError, binascii.Error):
        proofs = []
    if not proofs:
        message = "page: expected proofs in base64 in the element `embedded`, found none"
        raise ProofError(message, "malformed_statement")
    return proofs
