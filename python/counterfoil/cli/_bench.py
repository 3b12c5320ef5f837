"""`bench`: a quick and honest measurement of this machine. `make bench` is the thorough one."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import hashlib
import os
import random
import secrets
import tempfile
import time as clock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterfoil._clock import clock_ms
from counterfoil.cli import _console
from counterfoil.cli._app import EXIT_CODES, app
from counterfoil.cli._errors import CommandError, Exit

if TYPE_CHECKING:
    from counterfoil._load import Load, Movement
    from counterfoil.ledger import Ledger

_PAYEES_MAX = 1_000
_FUNDS = 10**12
# Long enough for the slowest disk, and within the window of a new ledger.
_VALID_FOR_MS = 3_000_000


@app.command(short_help="Measure this machine.", epilog=EXIT_CODES)
def bench(
    accounts: Annotated[int, typer.Option(min=2, max=10_000_000, help="Accounts with a balance.")] = 10_000,
    signers: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many of them sign.")] = 1_000,
    payees: Annotated[int, typer.Option(min=1, max=_PAYEES_MAX, help="How many accounts one signature pays.")] = 1,
    seconds: Annotated[float, typer.Option(min=0.1, max=3_600, help="How long to apply, signing left out.")] = 3.0,
    batch: Annotated[int, typer.Option(min=1, max=100_000, help="Transfers in a batch, durable together.")] = 10_000,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the ledger is made for the while. Default: here.", show_default=False
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure this machine: signed transfers per second, beside what their signatures alone cost.

    A transfer is a payment to one account. With --payees each signature covers that many of them, as when a service
    pays out. Signatures are made beforehand and outside of the timed part. Each batch is timed twice: its signatures
    alone, checked in batches on all cores, and then applied: decoded, checked, executed, and synced to the disk. The
    ratio says how much of the machine's signature rate is left once the ledger does its work.

    At the end the supply, a proof of a balance and the state root from all records are checked.

    \b
      counterfoil bench
      counterfoil bench --accounts 1000000 --signers 100000 --seconds 10
      counterfoil bench --payees 1000 --json
    """
    if signers > accounts:
        message = f"bench: expected at most as many signers as accounts, {accounts:,}; found {signers:,}"
        raise CommandError(message)
    if payees >= accounts:
        message = f"bench: expected fewer payees than accounts, {accounts:,}; found {payees:,}"
        raise CommandError(message)
    where = Path.cwd() if folder is None else folder
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-", dir=where) as temporary:
        result = _measure(Path(temporary) / "ledger", _Accounts(accounts, signers), payees, seconds, batch)
    if json:
        _console.emit(result)
        return
    each = "" if payees == 1 else f", {payees:,} to a signature"
    _console.fields(
        f"{result['transfers']:,} transfers over {accounts:,} accounts, {signers:,} signers{each}, "
        f"batches of {result['batch']:,}",
        [
            ("transfers / s", f"{result['transfers_per_second']:>12,.0f}"),
            ("signatures / s", f"{result['signatures_per_second']:>12,.0f}"),
            ("signatures alone / s", f"{result['signatures_alone_per_second']:>12,.0f}"),
            ("ratio of the two", f"{result['ratio']:>12.2f}"),
            ("", ""),
            ("median batch", f"{result['batch_ms_median']:>12,.1f} ms, durable"),
            ("slowest batch", f"{result['batch_ms_max']:>12,.1f} ms"),
            ("accounts made in", f"{result['setup_seconds']:>12,.1f} s"),
            ("signed in", f"{result['signing_seconds']:>12,.1f} s, not counted"),
            ("cores", f"{result['cores']:>12}"),
            ("signature backend", f"{result['signature_backend']:>12}"),
            ("", ""),
            ("supply, proof, root", f"{'as they must':>12}"),
        ],
    )


class _Accounts:
    """Ids and seeds of accounts by number. Ids of those that never sign are made when they are asked for."""

    def __init__(self, count: int, signers: int) -> None:
        """Make the keys of those that sign."""
        from counterfoil.keys import Key

        self.count, self.signers = count, signers
        ids = bytearray()
        with _console.progress("Making keys") as tell:
            for number in range(signers):
                ids += Key.from_seed(self.seed(number)).account
                if number % 1_000 == 0:
                    tell(number, signers)
        self._ids = bytes(ids)

    def seed(self, number: int) -> bytes:
        """What an account signs with."""
        return hashlib.sha256(b"counterfoil bench account %d" % number).digest()

    def id(self, number: int) -> bytes:
        """The key of an account that signs; any 32 bytes for another."""
        return self._ids[number * 32 : number * 32 + 32] if number < self.signers else self.seed(number)

    def pages(self) -> Iterator[list[bytes]]:
        """All ids, a thousand at a time."""
        for first in range(0, self.count, _PAYEES_MAX):
            yield [self.id(number) for number in range(first, min(first + _PAYEES_MAX, self.count))]


def _measure(path: Path, accounts: _Accounts, payees: int, seconds: float, batch: int) -> dict[str, Any]:
    from counterfoil._load import count_valid_signatures, fund
    from counterfoil.keys import Key
    from counterfoil.ledger import Ledger

    operator, issuer = Key.generate(), Key.generate()
    count = max(1, batch // payees)
    with Ledger.create(path, origin="bench.invalid/transfers", operator=operator) as ledger:
        began = clock.perf_counter()
        with _console.progress("Making accounts") as tell:
            asset = fund(
                ledger,
                issuer,
                accounts.pages(),
                total=accounts.count,
                amount=_FUNDS,
                valid_until=_valid_until(),
                tell=tell,
            )
        setup_seconds = clock.perf_counter() - began
        next_load = _loads(ledger, asset, accounts, payees, count)
        applying, verifying, signing, applied, warm, lasted = 0.0, 0.0, 0.0, 0, 0.0, []
        # Until every account that signs has signed once, or the time is up, it warms up: that counts for nothing.
        to_warm = accounts.signers
        with _console.progress("Applying") as tell:
            while applying < seconds:
                began = clock.perf_counter()
                load = next_load()
                signed = clock.perf_counter()
                valid = count_valid_signatures(ledger, load)
                verified = clock.perf_counter()
                outcomes = ledger.apply(load.framed)
                ended = clock.perf_counter()
                if not valid == outcomes.applied == count:
                    message = f"bench: expected {count:,} transactions to be applied, found {outcomes!r}"
                    raise CommandError(message, Exit.BUG)
                if to_warm > 0 and warm < seconds:
                    to_warm, warm = to_warm - count, warm + ended - verified
                    continue
                signing, verifying = signing + signed - began, verifying + verified - signed
                applying, applied = applying + ended - verified, applied + count
                lasted.append(ended - verified)
                tell(min(int(applying * 1_000), int(seconds * 1_000)), int(seconds * 1_000))
        checked = _check(ledger, asset, accounts)
        backend = ledger.stats()["signature_backend"]
    _check_root(path, checked["state_root"])
    lasted.sort()
    return {
        "accounts": accounts.count,
        "signers": accounts.signers,
        "payees": payees,
        "batch": count * payees,
        "transfers": applied * payees,
        "seconds": round(applying, 3),
        "transfers_per_second": round(applied * payees / applying, 1),
        "signatures_per_second": round(applied / applying, 1),
        "signatures_alone_per_second": round(applied / verifying, 1),
        "ratio": round(verifying / applying, 4),
        "batch_ms_median": round(lasted[len(lasted) // 2] * 1_000, 3),
        "batch_ms_max": round(lasted[-1] * 1_000, 3),
        "setup_seconds": round(setup_seconds, 3),
        "signing_seconds": round(signing, 3),
        "cores": len(os.sched_getaffinity(0)),
        "signature_backend": backend,
        **checked,
    }


def _valid_until() -> int:
    return clock_ms() + _VALID_FOR_MS


def _loads(ledger: Ledger, asset: bytes, accounts: _Accounts, payees: int, count: int) -> Callable[[], Load]:
    """What makes and signs the next batch. Accounts sign in turn, and pay others at random."""
    from counterfoil._load import Movement, Template

    rng = random.Random(0)  # noqa: S311 - which accounts are paid is no secret
    serial = 0

    def movement() -> Movement:
        nonlocal serial
        number = serial % accounts.signers
        serial += 1
        drawn = (rng.randrange(accounts.count - 1) for _ in range(payees))
        # Nobody pays himself: from his own number on, the others move up by one.
        others = [accounts.id(other + (other >= number)) for other in drawn]
        return Movement(accounts.seed(number), accounts.id(number), others, secrets.token_bytes(16))

    def load() -> Load:
        template = Template(ledger=ledger.id, asset=asset, payees=payees, valid_until=_valid_until())
        return template.sign(movement() for _ in range(count))

    return load


def _check(ledger: Ledger, asset: bytes, accounts: _Accounts) -> dict[str, Any]:
    """The supply and the state root, once the supply and a proven balance are what they must be."""
    from counterfoil.verify import Verifier

    ledger.checkpoint()
    payer = accounts.id(0)
    statement = bytes(ledger.prove_balance(asset, payer))
    claim = Verifier(ledger.verifier_key).balance(statement, asset=asset, account=payer)
    expected = (ledger.balance(asset, payer), _FUNDS * accounts.count, _FUNDS * accounts.count)
    found = (claim.amount, claim.supply, ledger.supply(asset))
    if found != expected:
        message = f"bench: expected a balance, a supply and again the supply of {expected}, found {found}"
        raise CommandError(message, Exit.BUG)
    return {"supply": str(claim.supply), "state_root": ledger.state_root.hex()}


def _check_root(path: Path, expected: str) -> None:
    """Compare the state root with that of all records, as the disk has them."""
    from counterfoil.ledger import fsck

    with _console.progress("Checking") as tell:
        root = fsck(path, progress=tell)["state_root"]
    if root != bytes.fromhex(expected):
        message = f"bench: expected the state root {expected}, found that of another state: {root!r}"
        raise CommandError(message, Exit.BUG)
