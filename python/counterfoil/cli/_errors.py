"""Exit codes, and the one line that stands on stderr when something is wrong."""

from __future__ import annotations

import enum
import errno

from counterfoil.exceptions import (
    AuditError,
    DivergedError,
    HandedOverError,
    LedgerError,
    LedgerTimeError,
    LockedError,
    NewerFormatError,
    NotALedgerError,
    OperatorKeyError,
    ProofError,
    RejectedError,
    StoreError,
    UnconfirmedError,
    WitnessError,
)

_MESSAGE_CHARACTERS_MAX = 600
_FOUND_CHARACTERS_MAX = 60


class Exit(enum.IntEnum):
    """What the exit code of the process says. Documented in `docs/reference/cli.md`."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NOT_FOUND = 3
    STORAGE = 4
    LOCKED = 5
    BUG = 70
    INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot do what it was asked.

    Attributes:
        message: What, what was expected, what was found.
        code: The exit code.
    """

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        """Make the error."""
        super().__init__(message, code)
        self.message = message
        self.code = code


# The first line whose classes fit counts, so that narrower ones stand first.
_CODES: tuple[tuple[tuple[type[BaseException], ...], Exit], ...] = (
    ((AuditError, ProofError, RejectedError), Exit.REFUSED),
    ((LockedError,), Exit.LOCKED),
    ((NotALedgerError, NewerFormatError), Exit.NOT_FOUND),
    (
        (HandedOverError, UnconfirmedError, DivergedError, OperatorKeyError, LedgerTimeError, WitnessError),
        Exit.REFUSED,
    ),
    ((StoreError,), Exit.STORAGE),
    ((LedgerError,), Exit.USAGE),
    ((FileNotFoundError, NotADirectoryError, LookupError), Exit.NOT_FOUND),
    ((FileExistsError, IsADirectoryError), Exit.USAGE),
    ((OSError, MemoryError, ImportError), Exit.STORAGE),
    ((ValueError, OverflowError), Exit.USAGE),
    ((KeyboardInterrupt,), Exit.INTERRUPTED),
)


def explain(error: BaseException) -> tuple[str, Exit]:
    """The line for a person, and the exit code, of anything that went wrong."""
    if isinstance(error, CommandError):
        return error.message, error.code
    code = next((code for kinds, code in _CODES if isinstance(error, kinds)), Exit.BUG)
    return _message(error, code), code


def _message(error: BaseException, code: Exit) -> str:
    if isinstance(error, ProofError):
        return f"refused: {error} [{error.reason}]"
    if isinstance(error, AuditError):
        return f"refused: {error}"
    if isinstance(error, OSError) and error.strerror:
        if error.errno == errno.ENAMETOOLONG:
            return f"{found(str(error.filename))}: expected a path that the system takes, found one that is too long"
        where = "" if error.filename is None else f"{found(str(error.filename))}: "
        return f"{where}{error.strerror}"
    if isinstance(error, ImportError) and (error.name or "").startswith("counterfoil"):
        return f"the native module is missing ({error.name}): install counterfoil, or build it with `make test`"
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = str(error.args[0]) if isinstance(error, LookupError) and error.args else str(error)
    if code is Exit.BUG:
        text = f"{type(error).__name__}: {text}"
        return f"this is a bug in counterfoil: {text} (set COUNTERFOIL_TRACEBACK=1 to see where, and report it)"
    return text or type(error).__name__


def found(text: str) -> str:
    """What was found, quoted and cut, so that neither ten megabytes nor control characters reach the terminal."""
    shown = text if len(text) <= _FOUND_CHARACTERS_MAX else text[: _FOUND_CHARACTERS_MAX - 1] + "…"
    size = f" ({len(text):,} characters)" if shown != text else ""
    return f"{printable(shown)!r}{size}"


def printable(text: str) -> str:
    """The text on one line, with what a terminal cannot show, or should not obey, written as an escape."""
    shown = "".join([letter if letter.isprintable() else repr(letter)[1:-1] for letter in text])
    return shown.encode("utf-8", "backslashreplace").decode()


def one_line(message: str) -> str:
    """A message of any length and content, as one line."""
    cut = " ".join(message[: 4 * _MESSAGE_CHARACTERS_MAX].split())
    if len(cut) > _MESSAGE_CHARACTERS_MAX or len(message) > 4 * _MESSAGE_CHARACTERS_MAX:
        cut = cut[: _MESSAGE_CHARACTERS_MAX - 1] + "…"
    return printable(cut)
