"""What people type: accounts, assets, times, key files, ledgers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterfoil.cli import _console
from counterfoil.cli._errors import CommandError, Exit, found
from counterfoil.exceptions import WireError
from counterfoil.verify import (
    AssetRecord,
    asset_id,
    decode_account,
    encode_did_key,
    encode_named_account,
    schema_id,
)

if TYPE_CHECKING:
    from counterfoil.keys import Key
    from counterfoil.ledger import Ledger

_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")
_SYMBOL = re.compile(r"[A-Z0-9.]{1,12}\Z")
_NAME = re.compile(r"[a-z0-9._-]{1,32}\Z")
_TIME_MS_MAX = 253_402_300_799_999
_CANDIDATES_MAX = 5


def account_from(text: str) -> bytes:
    """An account's id, from `did:key:…`, `acct1…` or 64 hex digits."""
    if _HEX.match(text):
        return bytes.fromhex(text)
    try:
        return decode_account(text)
    except WireError:
        message = f"account: expected did:key:z6Mk…, acct1… or 64 hex digits, found {found(text)}"
        raise CommandError(message) from None


def hash_from(text: str, what: str) -> bytes:
    """32 bytes, from 64 hex digits."""
    if not _HEX.match(text):
        message = f"{what}: expected 64 hex digits, found {found(text)}"
        raise CommandError(message)
    return bytes.fromhex(text)


def number_from(text: str, what: str) -> int:
    """A number of 32 bits, from decimal digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 2**32):
        message = f"{what}: expected a number from 0 to 2^32 - 1, found {found(text)}"
        raise CommandError(message)
    return int(text)


def asset_from(ledger: Ledger, text: str) -> tuple[bytes, AssetRecord]:
    """An asset of a ledger, from its id, `issuer:SYMBOL`, or a symbol that only one of its assets has."""
    if _HEX.match(text):
        return _asset_with(ledger, bytes.fromhex(text), text)
    issuer, _, symbol = text.rpartition(":")
    if not _SYMBOL.match(symbol):
        message = f"asset: expected 64 hex digits, SYMBOL or ISSUER:SYMBOL, found {found(text)}"
        raise CommandError(message)
    if issuer:
        return _asset_with(ledger, asset_id(account_from(issuer), symbol), text)
    candidates = [(identifier, record) for identifier, record in ledger.assets() if record.symbol == symbol]
    if not candidates:
        symbols = sorted({record.symbol for _, record in ledger.assets()})
        known = f"one of {', '.join(symbols[:_CANDIDATES_MAX])}" if symbols else "an asset, and there are none"
        more = ", …" if len(symbols) > _CANDIDATES_MAX else ""
        message = f"asset of {ledger.origin}: expected {known}{more}; found {found(text)}"
        raise CommandError(message, Exit.NOT_FOUND)
    if len(candidates) > 1:
        choices = [f"{account_text(ledger, record.issuer)}:{symbol}" for _, record in candidates[:_CANDIDATES_MAX]]
        message = f"asset: {len(candidates)} have the symbol {symbol}; say which: {' or '.join(choices)}"
        raise CommandError(message)
    return candidates[0]


def _asset_with(ledger: Ledger, identifier: bytes, text: str) -> tuple[bytes, AssetRecord]:
    record = ledger.asset(identifier)
    if record is None:
        message = f"{ledger.origin} has no asset {found(text)}"
        raise CommandError(message, Exit.NOT_FOUND)
    return identifier, record


def schema_from(text: str) -> bytes:
    """A schema's id, from itself or from `creator:name`; whether there is one is not asked."""
    creator, _, name = text.rpartition(":")
    if creator and _NAME.match(name):
        return schema_id(account_from(creator), name)
    if not _HEX.match(text):
        message = f"schema: expected 64 hex digits or CREATOR:NAME, found {found(text)}"
        raise CommandError(message)
    return bytes.fromhex(text)


def schema_if_any(ledger: Ledger, text: str) -> bytes | None:
    """A schema's id, as `schema_from` reads it, where the ledger has that schema."""
    try:
        schema = schema_from(text)
    except CommandError:
        return None
    return schema if ledger.schema(schema) is not None else None


def account_text(ledger: Ledger | None, account: bytes) -> str:
    """An account's text: `acct1…` where it has a record, else `did:key:…`. Both texts are accepted for both."""
    if ledger is not None and ledger.account(account) is not None:
        return encode_named_account(account)
    return encode_did_key(account)


def time_from(text: str | None, option: str = "--time") -> int | None:
    """A time in ms, from ms or from a UTC date."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        message = f"{option}: expected ms since 1970 or a date such as 1997-01-31T12:00, found {found(text)}"
        raise CommandError(message) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    time_ms = round(moment.timestamp() * 1_000)
    if not 0 <= time_ms <= _TIME_MS_MAX:
        message = f"{option}: expected 1970 or later, found {found(text)}"
        raise CommandError(message)
    return time_ms


def key_from(path: Path) -> Key:
    """The key in a file."""
    from counterfoil.keys import Key

    try:
        return Key.load(path)
    except FileNotFoundError:
        message = f"{found(str(path))}: there is no such key file; make one with `counterfoil keygen {path.name}`"
        raise CommandError(message, Exit.NOT_FOUND) from None
    except PermissionError as error:
        raise CommandError(str(error), Exit.USAGE if error.errno is None else Exit.STORAGE) from None


def read_file(path: Path, what: str, bytes_max: int | None = None) -> bytes:
    """A file's bytes; `-` is stdin."""
    if str(path) == "-":
        return sys.stdin.buffer.read() if bytes_max is None else sys.stdin.buffer.read(bytes_max + 1)
    try:
        with path.open("rb") as file:
            return file.read() if bytes_max is None else file.read(bytes_max + 1)
    except FileNotFoundError:
        message = f"{what}: there is no file {found(str(path))}"
        raise CommandError(message, Exit.NOT_FOUND) from None
    except IsADirectoryError:
        message = f"{what}: expected a file, found the folder {found(str(path))}"
        raise CommandError(message) from None


def write_file(path: Path, content: bytes, *, force: bool) -> None:
    """Write a new file; `-` is stdout. What is there stays, unless `force`."""
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        message = f"{found(str(path))} is there already; give another --out, or --force to replace it"
        raise CommandError(message) from None


@contextmanager
def reading(path: Path) -> Iterator[Ledger]:
    """A ledger, opened beside whoever writes to it."""
    from counterfoil.ledger import Ledger

    with Ledger.open(path, read_only=True) as ledger:
        yield ledger


@contextmanager
def writing(path: Path, key: Path | None, **options: Any) -> Iterator[Ledger]:  # noqa: ANN401 - named by the engine
    """A ledger, opened as its one writer."""
    from counterfoil.ledger import Ledger

    operator = None if key is None else key_from(key)
    with _console.progress("Replaying the log") as tell:
        ledger = Ledger.open(path, operator=operator, progress=tell, **options)
    with ledger:
        yield ledger
