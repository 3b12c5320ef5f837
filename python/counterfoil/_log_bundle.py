"""Whole logs in bundles: a checkpoint and the entries that it signs, from the genesis on; read without a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from counterfoil._log import Applied, flat
from counterfoil.exceptions import ProofError, WireError
from counterfoil.leaves import tree_root
from counterfoil.verify import CODEC, ENTRIES, Verifier, decode_applied, leaf_hash, verify_consistency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterfoil.ledger import Ledger


def log_parts(ledger: Ledger, *, time: int | None = None) -> list[bytes]:
    """A checkpoint that is made now, and every entry of its log.

    Args:
        ledger: The ledger.
        time: The checkpoint's time, ms; now if None.
    """
    note = ledger.checkpoint(time=time)
    size = Verifier(ledger.verifier_key).checkpoint(note).tree_size
    parts = [note.encode()]
    for entry in ledger.entries():
        if len(parts) > size:
            break
        parts.append(entry)
    return parts


def check_log(note: bytes, entries: Sequence[bytes], vkey: str, *, ledger: bytes | None, what: str) -> None:
    """Check that entries, three or more, are the log of a checkpoint: a genesis first, and a commit last.

    Args:
        note: The checkpoint.
        entries: The entries, one or more.
        vkey: The ledger's verifier key, from a source that is trusted.
        ledger: The ledger that it must be of, 32 bytes; None is any.
        what: What the bundle is, for messages.

    Raises:
        ProofError: They are not.
    """
    checkpoint = Verifier(vkey).checkpoint(note)
    if len(entries) != checkpoint.tree_size:
        _refuse(what, "wrong_log_proof", "entries", checkpoint.tree_size, len(entries))
    root = tree_root([leaf_hash(entry) for entry in entries])
    verify_consistency(len(entries), len(entries), checkpoint.root_hash, root, [])
    if entries[-1][:1] != b"\x02" or entries[0][:1] != b"\x00":
        _refuse(what, "wrong_entry", "entries", f"{ENTRIES[0]} first and {ENTRIES[2]} last", "others")
    found = _decoded(entries, 0, what).ledger_id
    _decoded(entries, -1, what)
    if ledger is not None and found != ledger:
        _refuse(what, "wrong_ledger", "genesis", ledger.hex(), found.hex())


def _decoded(entries: Sequence[bytes], index: int, what: str) -> Any:  # noqa: ANN401 - a genesis or a commit
    entry = entries[index]
    name = ENTRIES[entry[0]]
    try:
        return CODEC.decode(name, entry[1:])
    except WireError as error:
        _refuse(what, "malformed_entry", f"entry {index % len(entries)}", f"a {name}", error)


def log_time(entries: Sequence[bytes]) -> int:
    """The time of the commit with which a log ends that was checked, ms."""
    time: int = CODEC.decode("Commit", entries[-1][1:]).time
    return time


def log_operations(entries: Iterable[bytes], *, what: str) -> Iterator[Applied]:
    """Every operation that a log applied, in order.

    Raises:
        ProofError: malformed_entry.
    """
    for index, entry in enumerate(entries):
        if entry[:1] != b"\x01":
            continue
        try:
            applied = decode_applied(entry)
        except WireError as error:
            _refuse(what, "malformed_entry", f"entry {index}", "an applied transaction", error)
        for operation in flat(applied.signed.transaction.operations):
            yield Applied(index, applied.time, operation)


def _refuse(what: str, reason: str, part: str, expected: object, found: object) -> NoReturn:
    message = f"{what}, {part}: expected {expected}, found {found}"
    raise ProofError(message, reason)
