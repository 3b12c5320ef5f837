"""Members and balances out of CSV files; balances and the journal into one.

An import reads its file row by row and keeps none of it, so that a file may be of any length. A row that is not what it
should be is refused and reported, and the others go on. Running an import again does nothing twice.

A file is UTF-8, with or without a byte order mark, and begins with the names of its columns. Lines end with LF or CRLF;
blank ones are skipped. A field that has a comma, a quote or a line end stands in quotes, a quote in it twice.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import itertools
import os
import re
import sqlite3
import stat
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from counterfoil.desk import now_ms
from counterfoil.exceptions import CorruptionError, RejectedError
from counterfoil.exports import new_file
from counterfoil.ledger import VALID_FOR_MS
from counterfoil.members import check_customer
from counterfoil.ops import Mint, Once
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.status import Status
from counterfoil.wire import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    from counterfoil.history import Records
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.members import Member, Members

__all__ = ["ImportReport", "RefusedRow", "export_balances", "export_journal", "import_balances", "import_members"]

ROW_BYTES_MAX = 1_000_000
REFUSED_MAX = 1_000
"""How many refused rows a report holds; its file has all of them."""
BATCH = 500

_TEXT_CHARACTERS_MAX = 200
_ROW_DOMAIN = b"counterfoil/import/v1\n"
_BOM = b"\xef\xbb\xbf"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_AMOUNT = re.compile(r"([0-9]{1,39})(?:\.([0-9]{1,38}))?\Z")
_OPERATIONS_PER_ROW = 2
_DUPLICATE = "duplicate: the same was in an earlier row of this file"
# These are about the row's account or amount. Any other status would refuse every row: then the import stops.
_ABOUT_A_ROW = frozenset(
    {Status.account_frozen, Status.programme_account, Status.supply_cap_exceeded, Status.too_many_lots}
)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not imported.

    Attributes:
        line: The line of the file on which it begins; the first is 1.
        reason: What, what was expected, what was found.
        text: How it begins.
    """

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of a file.

    Attributes:
        rows: How many there are, the names of the columns and blank lines apart: the sum of the next three.
        done: How many were imported.
        repeated: How many had been imported before, so that nothing was done.
        refused_count: How many were refused.
        refused: The first 1,000 of those.
        ignored: The names of columns that nobody read.
    """

    rows: int
    done: int
    repeated: int
    refused_count: int
    refused: tuple[RefusedRow, ...]
    ignored: tuple[str, ...]


def import_members(
    members: Members,
    file: str | os.PathLike[str],
    *,
    report: str | os.PathLike[str] | None = None,
    progress: Callable[[int], object] | None = None,
) -> ImportReport:
    """Add the customers of a file to a store. Who is a member already is counted as `repeated`.

    Args:
        members: The store.
        file: A CSV file with the column `customer`. Other columns are ignored.
        report: Where the refused rows are written as CSV: `line,reason,text`. A file that is there is replaced.
        progress: Called with the number of rows that are done, every 500.

    Raises:
        ValueError: The file does not begin with the names of the columns.
        OSError: A file cannot be read or written.
    """
    with _Import(file, report, progress, needed=("customer",)) as work:
        for batch in work.batches(BATCH):
            wanted = [row for row in batch if work.checks(row, lambda row: check_customer(row.values[0]))]
            fresh = [row for row in wanted if work.is_first(row, row.values[0].encode())]
            known = members.get_all(row.values[0] for row in fresh)
            members.add_all(row.values[0] for row in fresh if row.values[0] not in known)
            work.repeated += len(known)
            work.done += len(fresh) - len(known)
        return work.result()


def import_balances(
    ledger: Ledger,
    members: Members,
    file: str | os.PathLike[str],
    *,
    asset: bytes,
    minter: Key | Signer,
    report: str | os.PathLike[str] | None = None,
    progress: Callable[[int], object] | None = None,
    batch: int = BATCH,
) -> ImportReport:
    """Mint to each member of a file what the file says, once for each row however often the import is run.

    An amount without a point is in minor units; one with a point is in whole units, and has at most as many places as
    the asset has decimals. With two decimals `250` and `2.50` are the same, and `250.00` is a hundred times as much.

    A row is one with the same customer and the same `reference` for this asset and minter, in whichever file. Without a
    reference it is one with the same customer and amount on the same line, so that then the file must not be edited
    between two runs. What tells them apart enters the ledger, as the key of an `Once`, hashed with the member's salt.

    Args:
        ledger: Open for writing.
        members: Who the customers are. A row of somebody else is refused: import the members first.
        file: A CSV file with the columns `customer` and `amount`, and `reference` if there is one. Others are ignored.
        asset: The asset's id.
        minter: Who may mint it.
        report: Where the refused rows are written as CSV: `line,reason,text`. A file that is there is replaced.
        progress: Called with the number of rows that are done, after each batch.
        batch: How many rows become durable together. As many of them share a transaction as the ledger allows.

    Raises:
        ValueError: The file does not begin with the names of the columns; or the ledger takes only one operation in a
            transaction, where a row needs two.
        LookupError: There is no such asset.
        RejectedError: The ledger refused what is no row's fault: the minter may not mint, the asset is paused. What
            was done is done; run the import again.
        OSError: A file cannot be read or written.
    """
    record = ledger.asset(asset)
    if record is None:
        message = f"no asset {asset.hex()} in {ledger.origin}"
        raise LookupError(message)
    if batch < 1:
        message = f"batch: expected 1 row or more, found {batch}"
        raise ValueError(message)
    mint = _Minting(ledger, asset, minter)
    with _Import(file, report, progress, needed=("customer", "amount"), wanted=("reference",)) as work:
        for rows in work.batches(batch):
            grants = list(_grants(work, rows, members, asset, record.decimals))
            new = [grant for grant in grants if ledger.once(minter.account, grant.key) is None]
            work.repeated += len(grants) - len(new)
            for grant, status in mint.mint(new):
                if status is Status.ok:
                    work.done += 1
                elif status is Status.already_used:
                    work.repeated += 1
                else:
                    work.refuse(grant.row, f"{status.name}: {status.explain}")
        return work.result()


def export_balances(
    ledger: Records, asset: bytes, file: str | os.PathLike[str], *, members: Members | None = None
) -> int:
    """Write what every holder of an asset has to a new file, which only its owner may read.

    The columns are `account` (its id, in hex), `customer` (empty where it is nobody's whom the store knows), `amount`
    (in minor units) and `lots` (such as `336:500 337:20`: lot and amount, oldest first). The rows are in the order of
    the tree, or, of the past, in the order of the accounts' ids. `import_balances` reads such a file. It has its name
    once it is whole.

    Holders are read in pages, as `Ledger.holders` does: for those of one moment export `Ledger.as_of` that moment.

    Args:
        ledger: The ledger, or what it was: `Ledger.as_of`.
        asset: The asset's id.
        file: Where; nothing may be there yet.
        members: Who the accounts' customers are.

    Returns:
        How many holders there are.

    Raises:
        LookupError: There is no such asset.
        FileExistsError: Something is there.
    """
    ledger.supply(asset)
    count = 0
    with _new_file(file) as writer:
        writer.writerow(["account", "customer", "amount", "lots"])
        for page in _batches(ledger.holders(asset), BATCH):
            customers = _customers(members, (account for account, _ in page))
            for account, holding in page:
                lots = " ".join(f"{lot.lot}:{lot.amount}" for lot in holding.lots)
                writer.writerow([account.hex(), customers.get(account, ""), holding.amount, lots])
            count += len(page)
    return count


def export_journal(
    ledger: Ledger,
    file: str | os.PathLike[str],
    *,
    until: int | None = None,
    account: bytes | None = None,
    members: Members | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> int:
    """Write what every transaction did to balances to a new file, which only its owner may read.

    Each row is a `Posting` of `Ledger.journal`, which says what is posted and with which sign. The columns are `index`
    (in the log), `time` (UTC, such as `2016-01-31T12:00:00.000Z`), `transaction` and `asset` (their ids, in hex),
    `symbol`, `account` (its id, in hex, or `minted`, `burned`, `redeemed` or `expired`), `customer` (empty where it is
    nobody's whom the store knows) and `amount`. An amount is in whole units with all the decimals of its asset, such as
    `-2.50`, so that columns of several assets can be read; the amounts of an asset add up to zero, in each transaction
    and in the file. The file has its name once it is whole.

    Args:
        ledger: The ledger.
        file: Where; nothing may be there yet.
        until: The last time to include, ms; to the end of the log if None.
        account: Only what this account got and gave, 32 bytes; then nothing adds up to zero.
        members: Who the accounts' customers are.
        progress: Called with (entries applied, entries in all); what it raises ends the export.

    Returns:
        How many rows there are.

    Raises:
        FileExistsError: Something is there.
        LedgerTimeError: The ledger begins later.
        CorruptionError: An entry is missing, does not apply, or does not add up to zero; its index is named.
    """
    postings = ledger.journal(until=until, account=account, progress=progress)
    assets: dict[bytes, tuple[str, int]] = {}
    count = 0
    with _new_file(file) as writer:
        writer.writerow(["index", "time", "transaction", "asset", "symbol", "account", "customer", "amount"])
        for page in _batches(postings, BATCH):
            customers = _customers(members, (each.account for each in page if each.account is not None))
            for each in page:
                if each.asset not in assets:
                    assets[each.asset] = _symbol_and_decimals(ledger, each.asset)
                symbol, decimals = assets[each.asset]
                whose, customer = each.kind, ""
                if each.account is not None:
                    whose, customer = each.account.hex(), customers.get(each.account, "")
                where = [each.index, _utc(each.time), each.transaction.hex(), each.asset.hex(), symbol]
                writer.writerow([*where, whose, customer, _whole_units(each.amount, decimals)])
            count += len(page)
    return count


# Writing


@contextlib.contextmanager
def _new_file(file: str | os.PathLike[str]) -> Iterator[Any]:
    """What writes rows to a new file, which has another name until it is whole: half of it would pass for all."""
    with new_file(file, 0o600) as output:
        text = io.TextIOWrapper(output, encoding="utf-8", newline="")
        try:
            yield csv.writer(text)
        finally:
            # Closed, it would close the file, which is not its own.
            text.detach()


def _customers(members: Members | None, accounts: Iterable[bytes]) -> dict[bytes, str]:
    """Whose these accounts are, as far as the store knows."""
    if members is None:
        return {}
    return {account: member.customer for account, member in members.find_all(accounts).items()}


def _symbol_and_decimals(ledger: Records, asset: bytes) -> tuple[str, int]:
    """What no operation changes of an asset, and none removes."""
    record = ledger.asset(asset)
    if record is None:
        message = f"asset {asset.hex()}: expected its record, found none, though the log has postings of it"
        raise CorruptionError(message)
    return record.symbol, record.decimals


def _whole_units(amount: int, decimals: int) -> str:
    whole, rest = divmod(abs(amount), 10**decimals)
    return "-" * (amount < 0) + str(whole) + (f".{rest:0{decimals}d}" if decimals else "")


def _utc(time_ms: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1_000:03d}Z"


# Minting


class _Grant(NamedTuple):
    """What a row gives to whom, and the key that is used up by it."""

    row: _Row
    account: bytes
    amount: int
    key: bytes


def _grants(work: _Import, rows: Sequence[_Row], members: Members, asset: bytes, decimals: int) -> Iterator[_Grant]:
    """What the rows give, without those that are refused for what stands in them."""
    rows = [row for row in rows if work.checks(row, lambda row: check_customer(row.values[0]))]
    known = members.get_all(row.values[0] for row in rows)
    for row in rows:
        customer, amount_text, reference = row.values
        try:
            amount = _amount(amount_text, decimals)
        except ValueError as error:
            work.refuse(row, str(error))
            continue
        member = known.get(customer)
        if member is None:
            work.refuse(row, "customer: expected a member, found another; import the members first")
            continue
        key = _row_key(asset, member, reference, row.line, amount)
        if work.is_first(row, key):
            yield _Grant(row, member.account, amount, key)


def _amount(text: str, decimals: int) -> int:
    """Minor units, from minor or whole units."""
    found = _AMOUNT.match(text)
    if found is None:
        message = f"amount: expected digits, with or without a point between them, found {_shown(text)}"
        raise ValueError(message)
    whole, places = found[1], found[2] or ""
    if len(places) > decimals:
        message = f"amount: expected at most {decimals} decimal places, found {len(places)}"
        raise ValueError(message)
    amount = int(whole + places.ljust(decimals, "0")) if places else int(whole)
    if not 1 <= amount <= SUPPLY_CAP_MAX:
        message = f"amount: expected 1 to 10^38 - 1 minor units, found {amount}"
        raise ValueError(message)
    return amount


def _row_key(asset: bytes, member: Member, reference: str, line: int, amount: int) -> bytes:
    """What makes a row this row. The salt stands for the customer, whose id could be guessed from a hash without it."""
    if reference:
        what = b"reference\n" + reference.encode()
    else:
        what = b"line\n" + line.to_bytes(8, "little") + amount.to_bytes(16, "little")
    return hashlib.sha256(_ROW_DOMAIN + asset + member.salt + what).digest()


class _Minting:
    """Mints grants, as many in a transaction as it takes."""

    def __init__(self, ledger: Ledger, asset: bytes, minter: Key | Signer) -> None:
        self._ledger, self._asset, self._minter = ledger, asset, minter
        parameters = ledger.parameters
        self._valid_for = min(VALID_FOR_MS, parameters.window_ms)
        one, two = (len(bytes(self._signed([_SAMPLE] * count).transaction)) for count in (1, 2))
        by_bytes = 1 + (parameters.transaction_bytes_max - one) // (two - one)
        self._rows = min(by_bytes, parameters.operations_max // _OPERATIONS_PER_ROW)
        if self._rows < 1:
            message = (
                f"parameters: expected room for {_OPERATIONS_PER_ROW} operations and {one:,} bytes in a transaction, "
                f"found {parameters.operations_max:,} and {parameters.transaction_bytes_max:,}"
            )
            raise ValueError(message)

    def mint(self, grants: Sequence[_Grant]) -> Iterator[tuple[_Grant, Status]]:
        """Mint them, and say of each what became of it."""
        for chunk, status in self._apply(_batches(grants, self._rows)):
            if status is Status.ok or len(chunk) == 1:
                yield from ((grant, status) for grant in chunk)
            elif status is Status.too_large:
                # With their effects they are more than an entry of the log holds.
                self._rows = len(chunk) // 2
                yield from self.mint(chunk)
            else:
                # One row refuses the whole transaction, so that each of its rows gets one of its own.
                for single, own in self._apply([grant] for grant in chunk):
                    yield single[0], own

    def _apply(self, chunks: Iterable[Sequence[_Grant]]) -> Iterator[tuple[Sequence[_Grant], Status]]:
        chunks = list(chunks)
        outcomes = self._ledger.apply([self._signed(chunk) for chunk in chunks])
        for chunk, outcome in zip(chunks, outcomes, strict=True):
            status = outcome.status
            divisible = status is Status.too_large and len(chunk) > 1
            if not (outcome.ok or divisible or status in _ABOUT_A_ROW or status is Status.already_used):
                raise RejectedError(status, outcome.operation)
            yield chunk, status

    def _signed(self, grants: Sequence[_Grant]) -> Any:  # noqa: ANN401
        operations: list[Once | Mint] = []
        for grant in grants:
            operations.append(Once(account=self._minter.account, key=grant.key))
            operations.append(Mint(asset=self._asset, to=grant.account, amount=grant.amount))
        valid_until = now_ms(self._ledger) + self._valid_for
        return Transaction(self._ledger.id, operations, valid_until=valid_until).sign(self._minter)


# Reading


class _Row(NamedTuple):
    """A row of a file: the values of the columns that are read, and how it begins."""

    line: int
    values: tuple[str, ...]
    text: str


_SAMPLE = _Grant(_Row(0, (), ""), bytes(32), 1, bytes(32))


class _RefusalError(Exception):
    """What is wrong with the row that is being read."""


class _Lines:
    """The lines of a file with their numbers, of which some may be put back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._number = file, 0
        self._back: deque[tuple[int, bytes]] = deque()

    def take(self) -> tuple[int, bytes] | None:
        """The next line, with its end; None at the end. What is longer than a row may be is cut, one byte too late."""
        if self._back:
            return self._back.popleft()
        line = self._file.readline(ROW_BYTES_MAX + 1)
        if not line:
            return None
        rest = line
        while len(rest) > ROW_BYTES_MAX and not rest.endswith(b"\n"):
            rest = self._file.readline(ROW_BYTES_MAX + 1)
        self._number += 1
        if self._number == 1:
            line = line.removeprefix(_BOM)
        return self._number, line

    def put_back(self, lines: Sequence[tuple[int, bytes]]) -> None:
        """Have them taken again."""
        self._back.extendleft(reversed(lines))


def _fields(lines: _Lines, line: bytes) -> list[str]:
    """The fields of the row that begins with a line.

    Raises:
        _RefusalError: It is no row. Only its first line was taken then: a quote that never ends takes no others along.
    """
    if len(line) > ROW_BYTES_MAX:
        message = f"row: expected at most {ROW_BYTES_MAX:,} bytes, found more"
        raise _RefusalError(message)
    fields = _split(_decoded(line))
    if fields is not None:
        return fields
    # Every quote either begins or ends what is quoted: a row ends with the line that makes their number even.
    taken, size, is_open = [], len(line), True
    try:
        while is_open:
            more = lines.take()
            if more is None:
                message = "row: expected the quote that ends a field, found the end of the file"
                raise _RefusalError(message)
            taken.append(more)
            size += len(more[1])
            if size > ROW_BYTES_MAX:
                message = f"row: expected the quote that ends a field within {ROW_BYTES_MAX:,} bytes, found none"
                raise _RefusalError(message)
            is_open ^= more[1].count(b'"') % 2 == 1
        return _split(_decoded(b"".join([line, *[one for _, one in taken]]))) or []
    except _RefusalError:
        lines.put_back(taken)
        raise


def _decoded(line: bytes) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        message = f"row: expected UTF-8, found {line[error.start]:#04x} at byte {error.start}"
        raise _RefusalError(message) from None
    return text.removesuffix("\n").removesuffix("\r")


def _split(text: str) -> list[str] | None:
    """The fields of a text; None where a quoted one goes on."""
    if '"' not in text:
        return text.split(",")
    fields, place = [], 0
    while True:
        if text.startswith('"', place):
            end = text.find('"', place + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                return None
            fields.append(text[place + 1 : end].replace('""', '"'))
            place = end + 1
            if place < len(text) and text[place] != ",":
                message = f"row: expected a comma after the quote that ends a field, found {_shown(text[place])}"
                raise _RefusalError(message)
        else:
            comma = text.find(",", place)
            end = len(text) if comma < 0 else comma
            if '"' in text[place:end]:
                message = "row: expected quotes around the whole field and each quote in it twice, found one inside"
                raise _RefusalError(message)
            fields.append(text[place:end])
            place = end
        if place >= len(text):
            return fields
        place += 1


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _batches(things: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(things)
    return iter(lambda: list(itertools.islice(iterator, size)), [])


def _private(path: str, flags: int) -> int:
    """Open a file that has customers in it: nobody else may read it."""
    descriptor = os.open(path, flags, 0o600)
    # A file that was there may be anybody's to read; a device such as /dev/null has to stay so.
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, 0o600)
    return descriptor


class _Seen:
    """Which hashes were there before. On disk where they are many, in a file without a name."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "CREATE TABLE seen (hash BLOB PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)

    def add(self, what: bytes) -> bool:
        """Note it; whether it is new."""
        digest = hashlib.sha256(what).digest()
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount == 1

    def close(self) -> None:
        self._database.close()


class _Import:
    """A file that is being imported: its rows, and what becomes of them."""

    def __init__(
        self,
        file: str | os.PathLike[str],
        report: str | os.PathLike[str] | None,
        progress: Callable[[int], object] | None,
        *,
        needed: tuple[str, ...],
        wanted: tuple[str, ...] = (),
    ) -> None:
        self._progress = progress or (lambda _rows: None)
        self._name = os.fspath(file)
        self.rows = self.done = self.repeated = self._refused_count = 0
        self._refused: list[RefusedRow] = []
        self._waiting: list[RefusedRow] = []
        with contextlib.ExitStack() as stack:
            self._lines = _Lines(stack.enter_context(Path(file).open("rb")))
            self._read_header(needed, wanted)
            self._writer = None
            if report is not None:
                self._writer = csv.writer(stack.enter_context(self._open_report(Path(report))))
                self._writer.writerow(["line", "reason", "text"])
            self._seen = stack.enter_context(contextlib.closing(_Seen()))
            self._open = stack.pop_all()

    def __enter__(self) -> _Import:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def _open_report(self, path: Path) -> Any:  # noqa: ANN401
        if path.exists() and path.samefile(self._name):
            message = f"report: expected another file than the one that is imported, found {path}"
            raise ValueError(message)
        return open(path, "w", encoding="utf-8", newline="", opener=_private)

    def _read_header(self, needed: tuple[str, ...], wanted: tuple[str, ...]) -> None:
        """Which columns there are, and where those are that are read."""
        names: list[str] = []
        while not any(names):
            taken = self._lines.take()
            if taken is None:
                break
            try:
                names = [name.strip() for name in _fields(self._lines, taken[1])]
            except _RefusalError as error:
                message = f"{self._name}: expected the names of the columns, found on line {taken[0]}: {error}"
                raise ValueError(message) from None
        read = needed + wanted
        wrong = [name for name in read if names.count(name) > 1] + [name for name in needed if name not in names]
        if wrong:
            found = _shown(", ".join(names)) if any(names) else "none"
            message = f"{self._name}: expected the columns {', '.join(needed)}, each once, found {found}"
            raise ValueError(message)
        self._columns = len(names)
        self._places = [names.index(name) if name in names else None for name in read]
        self._ignored = tuple([name for name in names if name not in read])

    def batches(self, size: int) -> Iterator[list[_Row]]:
        """The rows that are whole, so many at a time."""
        for numbered in _batches(self._all_rows(), size):
            yield [row for row in numbered if row is not None]
            self._report_refused()
            self._progress(self.rows)

    def _all_rows(self) -> Iterator[_Row | None]:
        """Every row; None in the place of one that was refused."""
        while (taken := self._lines.take()) is not None:
            line, content = taken
            if content in (b"\n", b"\r\n", b"\r"):
                continue
            self.rows += 1
            text = content[: 4 * _TEXT_CHARACTERS_MAX].decode("utf-8", "backslashreplace").rstrip("\r\n")
            text = text[:_TEXT_CHARACTERS_MAX]
            try:
                fields = _fields(self._lines, content)
                if len(fields) != self._columns:
                    message = f"row: expected {self._columns} fields, found {len(fields):,}"
                    raise _RefusalError(message)
            except _RefusalError as error:
                self.refuse(_Row(line, (), text), str(error))
                yield None
                continue
            yield _Row(line, tuple(["" if place is None else fields[place] for place in self._places]), text)

    def checks(self, row: _Row, check: Callable[[_Row], object]) -> bool:
        """Whether the row passes; it is refused otherwise."""
        try:
            check(row)
        except ValueError as error:
            self.refuse(row, str(error))
            return False
        return True

    def is_first(self, row: _Row, what: bytes) -> bool:
        """Whether no row had this before; it is refused otherwise."""
        if self._seen.add(what):
            return True
        self.refuse(row, _DUPLICATE)
        return False

    def refuse(self, row: _Row, reason: str) -> None:
        """Have it reported that a row is not imported."""
        self._waiting.append(RefusedRow(row.line, reason, row.text))

    def _report_refused(self) -> None:
        """Report what was refused of a batch, in the order of the file: some checks are made of a whole batch."""
        self._waiting.sort(key=lambda row: row.line)
        self._refused_count += len(self._waiting)
        self._refused += self._waiting[: REFUSED_MAX - len(self._refused)]
        if self._writer is not None:
            self._writer.writerows([row.line, row.reason, row.text] for row in self._waiting)
        self._waiting.clear()

    def result(self) -> ImportReport:
        """What became of all rows."""
        return ImportReport(
            self.rows, self.done, self.repeated, self._refused_count, tuple(self._refused), self._ignored
        )
