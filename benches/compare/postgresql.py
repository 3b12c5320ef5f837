"""PostgreSQL without signatures, as most keep balances: one transfer per transaction, and in bulk.

A private server is started in the folder, on a Unix socket and nothing else, with the binaries that the system has.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches.compare.contender import Absent, Contender, Does, Holds, Refusal

try:
    import psycopg
except ImportError:
    psycopg = None

if TYPE_CHECKING:
    from benches.compare.contender import Opening
    from benches.compare.transfers import Transfer

INSTALLED = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"
"""Where distributions put the server; only clients are on the PATH."""
PROGRAMS = "initdb", "pg_ctl", "postgres"
CLIENTS = 16
ROLE = "bench"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": str(CLIENTS + 8),
    # Durability is the server's own default, spelled out.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
}
SCHEMA = """
-- Room on each page, so that a changed balance need not move to another page and be indexed anew.
CREATE TABLE accounts (id bytea PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0)) WITH (fillfactor = 60);
CREATE TABLE transfers (
    sender bytea NOT NULL, nonce bytea NOT NULL, recipient bytea NOT NULL, amount bigint NOT NULL,
    PRIMARY KEY (sender, nonce)
);
"""
FUNCTION = """
CREATE FUNCTION transfer(payer bytea, once bytea, payee bytea, units bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO transfers VALUES (payer, once, payee, units);
    -- Both rows in one order, or two clients would wait for each other.
    PERFORM FROM accounts WHERE id IN (payer, payee) ORDER BY id FOR UPDATE;
    UPDATE accounts SET balance = balance - units WHERE id = payer;
    IF NOT FOUND THEN RAISE no_data_found; END IF;
    UPDATE accounts SET balance = balance + units WHERE id = payee;
    IF NOT FOUND THEN RAISE no_data_found; END IF;
END $$;
"""
CALL = "SELECT transfer(%b, %b, %b, %b)"
NET = """
WITH changes AS (
    SELECT id, sum(units) AS units FROM (
        SELECT sender AS id, -amount AS units FROM incoming UNION ALL SELECT recipient, amount FROM incoming
    ) AS moves GROUP BY id
)
UPDATE accounts SET balance = balance + changes.units FROM changes WHERE accounts.id = changes.id
"""
LACKS = (
    "No signatures: the service is believed about who ordered what. The transfers are handed to it decoded, untimed.",
    "No root and no proofs: whoever has the database can change a balance or the past, and nobody can tell.",
    "A server to run beside the service.",
)


def find_server() -> Path:
    """The folder with the newest server's programs.

    Raises:
        Absent: There is none.
    """
    root = Path("/")
    found = [path for pattern in INSTALLED for path in root.glob(pattern.lstrip("/"))]
    found.sort(key=lambda path: [int(part) for part in path.parent.name.replace("-", ".").split(".") if part.isdigit()])
    on_path = shutil.which("initdb")
    if on_path:
        found.insert(0, Path(on_path).resolve().parent)
    for folder in reversed(found):
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    message = f"no PostgreSQL server: {', '.join(PROGRAMS)} are neither on the PATH nor in {' or '.join(INSTALLED)}"
    raise Absent(message)


def server_user() -> pwd.struct_passwd | None:
    """As whom the server runs: not as root, which it refuses. None: as whoever we are.

    Raises:
        Absent: We are root, and there is nobody else.
    """
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users.get("nobody")
    if user is None:
        message = "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
        raise Absent(message)
    return user


def refusal_of(error: psycopg.Error) -> Refusal:
    """What a constraint that was broken means."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return Refusal.REPLAY
    if isinstance(error, psycopg.errors.CheckViolation):
        return Refusal.FUNDS
    if isinstance(error, psycopg.errors.NoDataFound):
        return Refusal.ACCOUNT
    raise error


class Server:
    """A cluster of its own."""

    def __init__(self, folder: Path) -> None:
        """Make it and start it.

        Raises:
            Absent: There is no server, no driver, or it does not start.
        """
        self._programs = find_server()
        if psycopg is None:
            message = "the package psycopg is not installed; `make compare-tools` installs it"
            raise Absent(message)
        self._folder, self._data = folder, folder / "data"
        self._user = server_user()
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        # Only the making of the cluster goes without syncs; the server that runs on it has them.
        self._run("initdb", "--username", ROLE, "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
        lines = [f"{name} = '{value}'\n" for name, value in (SETTINGS | {"unix_socket_directories": folder}).items()]
        with (self._data / "postgresql.auto.conf").open("a") as settings:
            settings.writelines(lines)
        self._run("pg_ctl", "--wait", "--log", str(folder / "log"), "start")

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of the programs as the server's user.

        Raises:
            Absent: It failed.
        """
        who: dict[str, Any] = {}
        if self._user:
            who = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        command = [str(self._programs / program), "--pgdata", str(self._data), *arguments]
        # pg_ctl leaves the server behind: were its output a pipe, reading it would never end.
        with (self._folder / f"{program}.out").open("w+") as output:
            done = subprocess.run(  # noqa: S603 - the system's own server
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, **who
            )
            if done.returncode:
                output.seek(0)
                message = f"{program} failed: {output.read().strip()}"
                raise Absent(message)

    def connect(self) -> psycopg.Connection[Any]:
        """A new connection, which commits each statement."""
        return psycopg.connect(host=str(self._folder), user=ROLE, dbname="postgres", autocommit=True)

    def stop(self) -> None:
        """Stop it, and wait."""
        self._run("pg_ctl", "--wait", "--mode", "fast", "stop")


class Postgresql(Contender):
    """What both have in common."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._server: Server | None = None
        self._connections: list[psycopg.Connection[Any]] = []
        self._count = 1

    @property
    def version(self) -> str:
        """Of what it is made, and how it is set."""
        server = self._first.info.parameter_status("server_version")
        return f"PostgreSQL {server}, psycopg {psycopg.__version__}; synchronous_commit=on, {self._count} client(s)"

    def start(self, folder: Path, opening: Opening) -> None:
        """Start a server and fund the accounts."""
        self._opening = opening
        self._server = server = Server(folder)
        self._connections = [server.connect() for _ in range(self._count)]
        self._first.execute(SCHEMA)
        with self._first.cursor() as cursor:
            with cursor.copy("COPY accounts FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["bytea", "int8"])
                for account in opening.accounts:
                    copy.write_row((account, opening.amount))
            cursor.execute("VACUUM ANALYZE accounts")

    @property
    def _first(self) -> psycopg.Connection[Any]:
        return self._connections[0]

    def prepare(self, transactions: list[bytes]) -> list[Transfer]:
        """What a service that does not check signatures would have been handed."""
        return [self._opening.layout.decode(signed) for signed in transactions]

    def settle(self) -> None:
        """What autovacuum and the checkpointer would do at a time of their own."""
        self._first.execute("VACUUM ANALYZE accounts")
        self._first.execute("VACUUM ANALYZE transfers")
        self._first.execute("CHECKPOINT")

    def check(self) -> Holds:
        """Read the balances."""
        rows = self._first.execute("SELECT id, balance FROM accounts").fetchall()
        return Holds({bytes(account): balance for account, balance in rows})

    def close(self) -> None:
        """Stop the server."""
        for connection in self._connections:
            connection.close()
        if self._server is not None:
            self._server.stop()
        self._connections, self._server = [], None


class OneByOne(Postgresql):
    """Each transfer is one call of a function and one transaction; many clients."""

    key = "postgresql"
    name = "PostgreSQL, one by one"
    does = Does(
        signatures=False,
        proofs=False,
        history=False,
        durable=True,
        replay=True,
        in_process=False,
        lacks=(*LACKS, "Its clients run side by side, so that transfers have no order of their own."),
    )

    def __init__(self) -> None:
        """Start nothing yet."""
        super().__init__()
        self._count = CLIENTS

    def start(self, folder: Path, opening: Opening) -> None:
        """Start a server, fund the accounts, define the function."""
        super().start(folder, opening)
        self._first.execute(FUNCTION)

    def apply(self, prepared: list[Transfer]) -> dict[int, Refusal]:
        """Let every client take its share."""
        refused: dict[int, Refusal] = {}

        def client(number: int) -> None:
            with self._connections[number].cursor() as cursor:
                for position in range(number, len(prepared), CLIENTS):
                    sender, to, amount, nonce, _, _ = prepared[position]
                    try:
                        cursor.execute(CALL, (sender, nonce, to, amount))
                    except psycopg.Error as error:
                        refused[position] = refusal_of(error)

        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(client, range(CLIENTS)))
        return refused


class Bulk(Postgresql):
    """A batch is copied in, kept, netted by account, and added to the balances: one transaction."""

    key = "postgresql-bulk"
    name = "PostgreSQL, bulk"
    does = Does(
        signatures=False,
        proofs=False,
        history=False,
        durable=True,
        replay=True,
        in_process=False,
        lacks=(
            *LACKS,
            "It nets a batch: an account may be overdrawn in between, as long as it is not in the end.",
            "One bad transfer refuses the whole batch.",
        ),
    )

    def start(self, folder: Path, opening: Opening) -> None:
        """Start a server, fund the accounts, make the table for what comes in."""
        super().start(folder, opening)
        self._first.execute("CREATE TEMPORARY TABLE incoming (LIKE transfers) ON COMMIT DELETE ROWS")

    def apply(self, prepared: list[Transfer]) -> dict[int, Refusal]:
        """Apply batch after batch."""
        refused: dict[int, Refusal] = {}
        for number, batch in enumerate(self._opening.batches(prepared)):
            refusal = self._apply(batch)
            if refusal:
                first = number * self._opening.batch
                refused |= dict.fromkeys(range(first, first + len(batch)), refusal)
        return refused

    def _apply(self, batch: list[Transfer]) -> Refusal | None:
        try:
            self._apply_all(batch)
        except psycopg.Error as error:
            return refusal_of(error)
        return None

    def _apply_all(self, batch: list[Transfer]) -> None:
        accounts = {transfer.sender for transfer in batch} | {transfer.to for transfer in batch}
        with self._first.transaction(), self._first.cursor() as cursor:
            with cursor.copy("COPY incoming FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["bytea", "bytea", "bytea", "int8"])
                for sender, to, amount, nonce, _, _ in batch:
                    copy.write_row((sender, nonce, to, amount))
            cursor.execute("INSERT INTO transfers SELECT * FROM incoming")
            cursor.execute(NET)
            if cursor.rowcount != len(accounts):
                raise psycopg.errors.NoDataFound
