"""Who is who: a service's customers and their accounts, in a database of its own. Nothing of it enters the ledger.

Needs SQLAlchemy: `pip install 'counterfoil[members]'`. What the row of a member has can be erased; what stands in the
ledger, an account and hashes, then belongs to nobody who could be found.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import sqlite3
import stat
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterfoil._clock import clock_ms
from counterfoil.exceptions import ClosedError, SelfCustodyError, StoreError, UnknownMemberError
from counterfoil.keys import Key
from counterfoil.reputation.disclosure import commit

try:
    import sqlalchemy as sql
except ImportError as error:
    _missing = "counterfoil.members needs SQLAlchemy: pip install 'counterfoil[members]'"
    raise ImportError(_missing, name="sqlalchemy") from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from counterfoil.ledger import Ledger

__all__ = ["Member", "Members", "SelfCustodyError", "UnknownMemberError"]

CUSTOMER_CHARACTERS_MAX = 200

_MEMBER_DOMAIN = b"counterfoil/member/v1\n"
_FILE = "members.db"
_PAGE = 500
"""How many customers one statement names: databases bound the number of parameters."""
_BUSY_S = 30

# PostgreSQL sorts by the language of the database unless told otherwise; SQLite sorts as Python does.
_CUSTOMER = sql.String(CUSTOMER_CHARACTERS_MAX).with_variant(
    sql.String(CUSTOMER_CHARACTERS_MAX, collation="C"), "postgresql"
)
_TABLE = sql.Table(
    "counterfoil_members",
    sql.MetaData(),
    sql.Column("customer", _CUSTOMER, primary_key=True),
    sql.Column("account", sql.LargeBinary(32), nullable=False, unique=True),
    sql.Column("salt", sql.LargeBinary(32), nullable=False),
    sql.Column("managed", sql.Boolean, nullable=False),
    sql.Column("since", sql.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A customer of the service, and the account that it has in the ledger.

    Attributes:
        customer: The service's id of the customer.
        account: The account's id, 32 bytes.
        salt: 32 random bytes, as secret as the row: without them nobody connects the account with the customer.
        managed: Whether the service signs for the account; the member has taken it over otherwise.
        since: When the member was added, ms.
    """

    customer: str
    account: bytes
    salt: bytes
    managed: bool
    since: int

    def __repr__(self) -> str:
        """The account alone: what is logged should neither name the customer nor show the salt."""
        return f"<Member {self.account.hex()}>"


class Members:
    """The members of a service, in SQLite or PostgreSQL. Safe to share between threads; a context manager.

    Example:
        >>> import tempfile
        >>> from counterfoil.members import Members
        >>> folder = tempfile.TemporaryDirectory()
        >>> with Members(f"{folder.name}/members.db", seed=bytes(range(32))) as members:
        ...     ann = members.add("customer-17")
        ...     members.add("customer-17") == ann, members.key("customer-17").account == ann.account
        (True, True)
        >>> folder.cleanup()
    """

    def __init__(self, url_or_path: str | os.PathLike[str], *, seed: bytes) -> None:
        """Open a store, or make one where there is none.

        Args:
            url_or_path: The path of a SQLite file, which only its owner may read; or the URL of a database that
                SQLAlchemy opens: `sqlite:///members.db`, `postgresql+psycopg://user@host/name`.
            seed: 32 secret bytes, of which and a member's salt the member's key is made. They are not stored.

        Raises:
            TypeError: The seed is not bytes.
            WireError: It has another length.
            ValueError: It is the seed of another store; or the URL is none, or that of another kind of database.
            PermissionError: Others than its owner may read the file.
            StoreError: The database cannot be opened.
        """
        # What is wrong with a seed is said where seeds are at home.
        self._seed = Key.from_seed(seed).seed
        self._closed = False
        url = _url(url_or_path)
        # SQLite has one connection, which threads take turns with. Other databases have one for each.
        self._turn: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        self._file: Path | None = None
        # What goes wrong must not print customers and salts into a log.
        options: dict[str, Any] = {"hide_parameters": True}
        if url.get_backend_name() == "sqlite":
            self._turn = threading.RLock()
            self._file = _private_file(url)
            options |= {
                "poolclass": sql.StaticPool,
                "connect_args": {"check_same_thread": False, "timeout": _BUSY_S},
            }
        self._engine = sql.create_engine(url, **options)
        if self._file is not None:
            sql.event.listen(self._engine, "connect", _prepare_sqlite)
        try:
            self._make_table()
            self._check_seed()
        except BaseException:
            self.close()
            raise

    @classmethod
    def beside(cls, ledger: Ledger, *, seed: bytes) -> Members:
        """Open `members.db` in the folder in which the ledger's folder lies.

        Args:
            ledger: The ledger.
            seed: 32 secret bytes, as for `Members`.
        """
        return cls(ledger.path.resolve().parent / _FILE, seed=seed)

    def __enter__(self) -> Members:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Where it is, without a password."""
        return f"<Members in {self._file or self._engine.url.render_as_string(hide_password=True)}>"

    def close(self) -> None:
        """Let go of the database. Closing twice is closing once."""
        with self._turn:
            self._closed = True
            self._engine.dispose()

    # Who is there

    def add(self, customer: str) -> Member:
        """The member that a customer is: a new one, or the one that the customer became before.

        Raises:
            TypeError: The customer's id is no text.
            ValueError: It has not 1 to 200 characters, or has control characters.
        """
        return self.add_all([customer])[0]

    def add_all(self, customers: Iterable[str]) -> list[Member]:
        """Add customers as `add` does one, several hundred with one statement.

        Returns:
            Their members, in the same order.

        Raises:
            ValueError: One of the ids is not what it should be; nobody was added.
        """
        wanted = [check_customer(customer) for customer in customers]
        known = self.get_all(wanted)
        # In one order, or two that add the same customers could wait for each other.
        new = [self._new(customer) for customer in sorted(set(wanted) - known.keys())]
        for start in range(0, len(new), _PAGE):
            for member in self._insert(new[start : start + _PAGE]):
                known[member.customer] = member
        return [known[customer] for customer in wanted]

    def get(self, customer: str) -> Member:
        """The member that a customer is.

        Raises:
            UnknownMemberError: There is none, or it was erased.
        """
        found = self.get_all([customer]).get(customer)
        if found is None:
            raise _unknown()
        return found

    def get_all(self, customers: Iterable[str]) -> dict[str, Member]:
        """The members that some customers are, by customer. Who is none is left out."""
        return {
            member.customer: member
            for member in self._find(_TABLE.c.customer, [check_customer(one) for one in customers])
        }

    def find(self, account: bytes) -> Member | None:
        """The member that has an account; None where nobody has it, or nobody any more."""
        return self.find_all([account]).get(account)

    def find_all(self, accounts: Iterable[bytes]) -> dict[bytes, Member]:
        """The members that have some accounts, by account. Accounts that nobody has are left out."""
        return {member.account: member for member in self._find(_TABLE.c.account, list(accounts))}

    def __contains__(self, customer: object) -> bool:
        """Whether the customer is a member."""
        return isinstance(customer, str) and customer in self.get_all([customer])

    def __len__(self) -> int:
        """How many members there are."""
        with self._connected() as connection:
            return int(connection.scalar(sql.select(sql.func.count()).select_from(_TABLE)) or 0)

    def __iter__(self) -> Iterator[Member]:
        """Every member, in the order of customers' ids. Read in pages: who comes meanwhile may be left out."""
        # No customer's id is empty.
        last = ""
        while True:
            query = sql.select(_TABLE).where(_TABLE.c.customer > last).order_by(_TABLE.c.customer).limit(_PAGE)
            page = self._read(query)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].customer

    # What a member has

    def key(self, customer: str) -> Key:
        """The key with which the service signs for a member.

        Raises:
            UnknownMemberError: The customer is no member.
            SelfCustodyError: The member has taken the account over.
        """
        member = self.get(customer)
        if not member.managed:
            message = "member: expected one whose key the service has, found one that has taken its account over"
            raise SelfCustodyError(message)
        return self._key_of(member)

    def take_over(self, customer: str) -> Member:
        """Note that a member now signs with keys of its own. Doing so twice is doing so once.

        The ledger is told by an operation, which comes first: `SetKeys` with the member's new key, signed with the key
        that `key` gives.

        Raises:
            UnknownMemberError: The customer is no member.
        """
        with self._connected() as connection:
            connection.execute(
                sql.update(_TABLE).where(_TABLE.c.customer == check_customer(customer)).values(managed=False)
            )
        return self.get(customer)

    def commit(self, customer: str, text: str) -> bytes:
        """A commitment to something about a member: a hash for an attestation or an order's reference.

        Who has the text and the salt can show that it is the one that was meant. Without the salt nobody can guess it,
        and `erase` removes the salt.

        Args:
            customer: Who.
            text: What, such as a name, or the number of an order.

        Returns:
            SHA-256 of `counterfoil/commitment/v1`, a line feed, the salt and the text in UTF-8.

        Raises:
            UnknownMemberError: The customer is no member.
        """
        return commit(text, self.get(customer).salt)[0].hash

    def erase(self, customer: str) -> None:
        """Remove a member, and with the salt whatever connects it with its account and commitments, for ever.

        The key of a managed account is gone as well: what the account still holds nobody can move any more. A SQLite
        file is written anew, so that nothing of the row stays in it; that takes some seconds for a million members.

        Raises:
            UnknownMemberError: The customer is no member, or was erased before.
            StoreError: The database failed. In the second step of SQLite's the row is gone by then, and whoever is
                erased next takes along what the file may still have.
        """
        with self._connected() as connection:
            removed = connection.execute(
                sql.delete(_TABLE).where(_TABLE.c.customer == check_customer(customer))
            ).rowcount
        if not removed:
            raise _unknown()
        if self._file is not None:
            self._rewrite()

    # How it is kept

    def _make_table(self) -> None:
        try:
            with _stored():
                _TABLE.create(self._engine, checkfirst=True)
        except (_TakenError, StoreError):
            # Another process may have made it since we looked. Anything else fails a second time.
            with _stored():
                _TABLE.create(self._engine, checkfirst=True)

    def _rewrite(self) -> None:
        # secure_delete overwrites the cell of a row. But where a page was split before, what moved to another page was
        # left behind as well, in room that counts as free: SQLite never looks at it again, and grep does.
        with self._turn, self._open(), _stored(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(sql.text("VACUUM"))

    def _new(self, customer: str) -> Member:
        salt = secrets.token_bytes(32)
        return Member(customer, self._derive(salt).account, salt, managed=True, since=clock_ms())

    def _derive(self, salt: bytes) -> Key:
        return Key.from_seed(hmac.digest(self._seed, _MEMBER_DOMAIN + salt, "sha256"))

    def _key_of(self, member: Member) -> Key:
        key = self._derive(member.salt)
        if key.account != member.account:
            message = "seed: expected that with which the store was made, found another"
            raise ValueError(message)
        return key

    def _check_seed(self) -> None:
        for member in self._read(sql.select(_TABLE).where(_TABLE.c.managed).limit(1)):
            self._key_of(member)

    def _insert(self, new: Sequence[Member]) -> list[Member]:
        rows = [
            {"customer": one.customer, "account": one.account, "salt": one.salt, "managed": True, "since": one.since}
            for one in new
        ]
        try:
            with self._connected() as connection:
                connection.execute(sql.insert(_TABLE), rows)
        except _TakenError:
            # Another thread or process added one of them after we had looked. Theirs counts.
            if len(new) > 1:
                return [member for one in new for member in self._insert([one])]
            return [self.get(new[0].customer)]
        return list(new)

    def _find(self, column: sql.ColumnElement[Any], values: list[Any]) -> Iterator[Member]:
        for start in range(0, len(values), _PAGE):
            yield from self._read(sql.select(_TABLE).where(column.in_(values[start : start + _PAGE])))

    def _read(self, query: sql.Select[Any]) -> list[Member]:
        with self._connected() as connection:
            return [
                Member(row.customer, bytes(row.account), bytes(row.salt), bool(row.managed), int(row.since))
                for row in connection.execute(query)
            ]

    @contextlib.contextmanager
    def _open(self) -> Iterator[None]:
        if self._closed:
            message = "members: the store was closed"
            raise ClosedError(message)
        yield

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sql.Connection]:
        """A connection in a transaction, which is committed at the end."""
        with self._turn, self._open(), _stored(), self._engine.begin() as connection:
            yield connection


class _TakenError(Exception):
    """A row with this customer is there."""


@contextlib.contextmanager
def _stored() -> Iterator[None]:
    """The database's errors, as ours, and without what was to be stored."""
    try:
        yield
    except sql.exc.IntegrityError:
        raise _TakenError from None
    except (sql.exc.DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, sql.exc.DBAPIError) else error
        message = f"members: the database failed: {type(cause).__name__}: {cause}"
        raise StoreError(message) from error


def _unknown() -> UnknownMemberError:
    return UnknownMemberError("member: expected a customer that the store knows, found another, or one that was erased")


def check_customer(customer: object) -> str:
    """A customer's id, or what is wrong with it.

    Raises:
        TypeError: It is no text.
        ValueError: It has not 1 to 200 characters, or has control characters.
    """
    expected = f"customer: expected a text of 1 to {CUSTOMER_CHARACTERS_MAX} characters"
    if not isinstance(customer, str):
        message = f"{expected}, found {type(customer).__name__}"
        raise TypeError(message)
    if not 1 <= len(customer) <= CUSTOMER_CHARACTERS_MAX:
        message = f"{expected}, found {len(customer):,}"
        raise ValueError(message)
    if customer.isprintable():
        return customer
    # Cc are the control characters; Cs, half a character of UTF-16, is nothing that UTF-8 can say.
    for place, letter in enumerate(customer):
        if unicodedata.category(letter) in ("Cc", "Cs"):
            message = f"{expected} and no control character, found U+{ord(letter):04X} at {place}"
            raise ValueError(message)
    return customer


def _url(url_or_path: str | os.PathLike[str]) -> sql.URL:
    """What was given, as a URL of a kind of database with which the store is tested."""
    if not isinstance(url_or_path, str) or "://" not in url_or_path:
        return sql.URL.create("sqlite", database=os.fspath(url_or_path))
    try:
        url = sql.make_url(url_or_path)
    except sql.exc.ArgumentError:
        message = "members: expected a path or a URL such as sqlite:///members.db, found neither"
        raise ValueError(message) from None
    # Others may take two customers for one, where case or accents do not count for them.
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        message = f"members: expected a database of SQLite or PostgreSQL, found {url.get_backend_name()!r}"
        raise ValueError(message)
    return url


def _private_file(url: sql.URL) -> Path:
    """The file of a SQLite database, which is there afterwards, and nobody else's to read."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        message = f"members: expected the path of a SQLite file, found {url.database!r}"
        raise ValueError(message)
    path = Path(url.database)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)
    if mode & 0o077:
        message = f"{path}: expected mode 600, so that only its owner can read it; found {mode:o}; chmod 600 it"
        raise PermissionError(message)
    return path


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - whatever driver there is
    cursor = connection.cursor()
    # With a log beside the file, or a journal that stays, what was erased would still stand in there. That the journal
    # is gone is synced by EXTRA alone.
    for pragma in ("secure_delete = ON", "journal_mode = DELETE", "synchronous = EXTRA"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
