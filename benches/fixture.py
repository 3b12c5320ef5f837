"""What the benches work on, made once and kept: accounts, funded ledgers, signed transfers.

Under `.bench/N/`, N being the number of accounts:

    accounts        their ids, 32 bytes each, and those of some more that have nothing
    ledger/         a ledger in which each of the N has `FUNDS` units of one asset
    fixture.json    the ledger's id and the asset
    loads/NAME/     signed transfers, in the four columns of `counterfoil._load.Load`

Making them is what clients do, so none of it is timed, and it happens in a process of its own: its memory is nobody's
measurement. Times are stated, and stand still at `TIME_MS`: what was signed for a copy of a ledger can be applied to
the next copy as well, and every transaction of a run is remembered against replays until the run ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import multiprocessing
import os
import random
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterfoil import Key, Ledger
from counterfoil._load import MESSAGE_BYTES, Load, Movement, Template, fund
from counterfoil.cli import _console
from counterfoil.verify import Verifier
from nacl import bindings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNDS = 1_000_000
TIME_MS = 1_700_000_000_000
VALID_UNTIL_MS = TIME_MS + 120_000
"""Two minutes on, as clients do; the nonces are spread over two of the buckets in which the engine keeps them."""
OPERATOR = Key.from_seed(b"o" * 32)
ISSUER = Key.from_seed(b"i" * 32)

_PART = 50_000
_PAYEES = 1_000
_UNFUNDED_MAX = 100_000


def seed_of(number: int) -> bytes:
    """The seed of the account with this number."""
    return hashlib.sha256(b"counterfoil bench %d" % number).digest()


class Accounts:
    """The ids of accounts by number, read from a file that is mapped, not loaded."""

    def __init__(self, path: Path) -> None:
        """Map the file."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        """How many there are, those without funds included."""
        return len(self._map) // 32

    def __getitem__(self, number: int) -> bytes:
        """The id of the account with this number."""
        return self._map[number * 32 : number * 32 + 32]


@dataclass(frozen=True)
class Recipe:
    """What a load is made of.

    Attributes:
        count: How many transactions.
        signers: How many accounts sign. If they suffice, none signs twice.
        payees: How many one signature pays.
        zipf: Whether senders and payees are drawn by Zipf's law (the account of rank k as often as 1/k) instead of
            evenly.
        unfunded: Whether the signers are accounts that have nothing.
        salt: Loads that differ in nothing but this have other transactions.
    """

    count: int
    signers: int
    payees: int = 1
    zipf: bool = False
    unfunded: bool = False
    salt: int = 0

    @property
    def name(self) -> str:
        """The name of its folder."""
        law = "zipf" if self.zipf else "unfunded" if self.unfunded else "even"
        return f"{law}-{self.signers}-signers-{self.payees}-payees-{self.count}-{self.salt}"


@dataclass(frozen=True)
class Saved:
    """A load on disk, of which parts can be read."""

    folder: Path
    count: int
    frame_bytes: int

    def part(self, start: int, stop: int) -> Load:
        """The transactions from one place to another."""
        widths = {"framed": self.frame_bytes, "keys": 32, "signatures": 64, "messages": MESSAGE_BYTES}
        return Load(**{name: self._read(name, width, start, stop) for name, width in widths.items()})

    def framed(self, start: int = 0, stop: int | None = None) -> bytes:
        """Their framed bytes alone."""
        return self._read("framed", self.frame_bytes, start, self.count if stop is None else stop)

    def batches(self, size: int, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Framed batches of a size, all in memory."""
        stop = self.count if stop is None else stop
        return [self.framed(first, min(first + size, stop)) for first in range(start, stop, size)]

    def transactions(self) -> list[bytes]:
        """Each of them by itself, all in memory."""
        framed = self.framed()
        return [
            framed[end - self.frame_bytes + 4 : end]
            for end in range(self.frame_bytes, len(framed) + 1, self.frame_bytes)
        ]

    def remove(self) -> None:
        """Remove it from the disk."""
        shutil.rmtree(self.folder)

    def _read(self, name: str, width: int, start: int, stop: int) -> bytes:
        with (self.folder / name).open("rb") as file:
            file.seek(start * width)
            return file.read((stop - start) * width)


@dataclass(frozen=True)
class Fixture:
    """A funded ledger that is copied for each run, and what is signed for it."""

    folder: Path
    accounts: int
    ledger: bytes
    asset: bytes

    @property
    def account_ids(self) -> Accounts:
        """The ids of its accounts."""
        return Accounts(self.folder / "accounts")

    def load(self, recipe: Recipe) -> Saved:
        """Transfers that are signed for this ledger: those of an earlier run, if there are any."""
        folder = self.folder / "loads" / recipe.name
        if not (folder / "framed").exists():
            _apart(_sign, self, recipe)
            # Else the system writes it while something is measured.
            os.sync()
        return Saved(folder, recipe.count, (folder / "framed").stat().st_size // recipe.count)


def prepare(folder: Path, accounts: int) -> Fixture:
    """The fixture of so many accounts, which is made unless it is there."""
    home = folder / str(accounts)
    if not (home / "fixture.json").exists():
        home.mkdir(parents=True, exist_ok=True)
        _apart(_build, home, accounts)
    made = json.loads((home / "fixture.json").read_text())
    return Fixture(home, accounts, bytes.fromhex(made["ledger"]), bytes.fromhex(made["asset"]))


@dataclass
class Run:
    """A copy of a funded ledger, open, in a folder of its own."""

    ledger: Ledger
    fixture: Fixture
    path: Path

    @property
    def asset(self) -> bytes:
        """The asset that everybody holds."""
        return self.fixture.asset

    def check(self) -> dict[str, Any]:
        """Close it, and say what holds of it: a fast wrong answer is no result.

        Raises:
            AssertionError: The supply, the state root or a proof is not what it must be.
        """
        ledger, fixture = self.ledger, self.fixture
        ledger.checkpoint(time=max(TIME_MS, ledger.time))
        account = fixture.account_ids[0]
        statement = bytes(ledger.prove_balance(fixture.asset, account))
        claim = Verifier(ledger.verifier_key).balance(statement, asset=fixture.asset, account=account)
        supply = FUNDS * fixture.accounts
        assert (claim.amount, claim.supply) == (ledger.balance(fixture.asset, account), supply)
        assert ledger.supply(fixture.asset) == supply
        root = ledger.state_root
        ledger.close()
        _apart(_check_rebuilt, self.path, root)
        return {"supply": supply, "state_root": root.hex(), "proven_balance": claim.amount}


@contextlib.contextmanager
def running(folder: Path, accounts: int, **options: Any) -> Iterator[Run]:  # noqa: ANN401 - the engine's options
    """Open a copy of the funded ledger with so many accounts."""
    fixture = prepare(folder, accounts)
    with tempfile.TemporaryDirectory(dir=folder, prefix="run-") as scratch:
        path = Path(scratch) / "ledger"
        shutil.copytree(fixture.folder / "ledger", path)
        os.sync()
        run = Run(reopened(path, **options), fixture, path)
        try:
            yield run
        finally:
            run.ledger.close()


def reopened(path: Path, **options: Any) -> Ledger:  # noqa: ANN401 - the engine's options
    """Open a copy for writing. A copy signs only after it has compared itself."""
    ledger = Ledger.open(path, operator=OPERATOR, **options)
    if not ledger.is_confirmed:
        ledger.confirm(ledger.last_checkpoint or "")
    return ledger


def _apart(work: Callable[..., None], *arguments: object) -> None:
    """Do some work in another process, so that it leaves nothing in the memory of this one."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode != 0:
        message = f"{work.__name__} failed in a process of its own: exit code {process.exitcode}"
        raise RuntimeError(message)


def _check_rebuilt(path: Path, root: bytes) -> None:
    from counterfoil.ledger import fsck

    found = fsck(path)["state_root"]
    assert found == root, f"the root from the records is {found!r}, the ledger says {root!r}"


def _public_keys(numbers: range) -> bytes:
    return b"".join(bindings.crypto_sign_seed_keypair(seed_of(number))[0] for number in numbers)


def _build(home: Path, accounts: int) -> None:
    total = accounts + min(accounts, _UNFUNDED_MAX)
    parts = [range(first, min(first + _PART // 10, total)) for first in range(0, total, _PART // 10)]
    with (
        multiprocessing.get_context("spawn").Pool() as pool,
        (home / "accounts").open("wb") as file,
        _console.progress(f"{accounts:,} accounts: keys") as tell,
    ):
        for part in pool.imap(_public_keys, parts):
            file.write(part)
            tell(file.tell() // 32, total)
    ids = Accounts(home / "accounts")
    pages = ([ids[number] for number in range(first, min(first + _PAYEES, accounts))] for first in _steps(accounts))
    shutil.rmtree(home / "ledger", ignore_errors=True)
    shutil.rmtree(home / "loads", ignore_errors=True)
    ledger = Ledger.create(
        home / "ledger", origin="bench.example/coin", operator=OPERATOR, time=TIME_MS, commit_every_ms=None
    )
    with ledger, _console.progress(f"{accounts:,} accounts: funds") as tell:
        asset = fund(
            ledger,
            ISSUER,
            pages,
            total=accounts,
            amount=FUNDS,
            valid_until=VALID_UNTIL_MS,
            time=TIME_MS,
            tell=tell,
        )
        ledger.checkpoint(time=TIME_MS)
        made = {"ledger": ledger.id.hex(), "asset": asset.hex()}
    (home / "fixture.json").write_text(json.dumps(made))


def _steps(accounts: int) -> range:
    return range(0, accounts, _PAYEES)


def _sign(fixture: Fixture, recipe: Recipe) -> None:
    folder = fixture.folder / "loads" / recipe.name
    partial = folder.with_name(f"{recipe.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    movements = _movements(fixture, recipe)
    with (
        contextlib.ExitStack() as files,
        _console.progress(f"{fixture.accounts:,} accounts: signing {recipe.name}") as tell,
    ):
        columns = {name: files.enter_context((partial / name).open("wb")) for name in Load.__dataclass_fields__}
        part = max(1, _PART // recipe.payees)
        for first in range(0, recipe.count, part):
            count = min(part, recipe.count - first)
            # Some a minute earlier than others: see VALID_UNTIL_MS.
            valid_until = VALID_UNTIL_MS - 60_000 * (first // part % 2)
            template = Template(
                ledger=fixture.ledger, asset=fixture.asset, payees=recipe.payees, valid_until=valid_until
            )
            load = template.sign(movements(first, count))
            for name, file in columns.items():
                file.write(getattr(load, name))
            tell(first + count, recipe.count)
    partial.rename(folder)


def _movements(fixture: Fixture, recipe: Recipe) -> Callable[[int, int], list[Movement]]:
    """What draws the next movements of a recipe."""
    rng = random.Random(json.dumps(asdict(recipe)))  # noqa: S311 - a repeatable bench
    ids, accounts = fixture.account_ids, fixture.accounts
    first_signer = accounts if recipe.unfunded else 0
    once = rng.sample(range(recipe.signers), recipe.count) if recipe.signers >= recipe.count else None

    def zipf(bound: int) -> int:
        # The logarithm of the rank is even: rank k has the share log((k + 1) / k), which goes as 1/k.
        return min(int((bound + 1) ** rng.random()) - 1, bound - 1)

    def even(bound: int) -> int:
        return int(rng.random() * bound)

    draw = zipf if recipe.zipf else even

    def next_ones(first: int, count: int) -> list[Movement]:
        movements = []
        for place in range(first, first + count):
            number = draw(recipe.signers) if recipe.zipf or once is None else once[place]
            number += first_signer
            payees = []
            for _ in range(recipe.payees):
                payee = draw(accounts)
                # Nobody pays himself.
                payees.append(ids[payee if payee != number else (payee + 1) % accounts])
            movements.append(Movement(seed_of(number), ids[number], payees, rng.randbytes(16)))
        return movements

    return next_ones
