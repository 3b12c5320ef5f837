"""`bench`: a quick and honest measurement of this machine. `make bench` is the thorough one."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import hashlib
import itertools
import os
import tempfile
import time as clock
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterfoil.cli import _console
from counterfoil.cli._app import EXIT_CODES, app
from counterfoil.cli._errors import CommandError, Exit

if TYPE_CHECKING:
    from counterfoil.keys import Key
    from counterfoil.ledger import Ledger

_PAYEES_EACH = 1_000
_FUNDS = 10**12
_U32 = 4


@app.command(short_help="Measure this machine.", epilog=EXIT_CODES)
def bench(
    accounts: Annotated[int, typer.Option(min=2, max=10_000_000, help="Accounts with a balance.")] = 10_000,
    signers: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many of them sign transfers.")] = 1_000,
    payees: Annotated[
        int | None,
        typer.Option(min=2, help="How many of them are paid. Default: all.", show_default=False),
    ] = None,
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

    Every transfer has its own signature, made beforehand and outside of the timed part. Each batch is timed twice: its
    signatures alone, checked in batches on all cores, and then applied: decoded, checked, executed, and synced to the
    disk. The ratio says how much of the machine's signature rate is left once the ledger does its work.

    \b
      counterfoil bench
      counterfoil bench --accounts 1000000 --seconds 10 --json
    """
    if signers > accounts:
        message = f"bench: expected at most as many signers as accounts, {accounts:,}; found {signers:,}"
        raise CommandError(message)
    paid = accounts if payees is None else payees
    if paid > accounts:
        message = f"bench: expected at most as many payees as accounts, {accounts:,}; found {paid:,}"
        raise CommandError(message)
    where = Path.cwd() if folder is None else folder
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-", dir=where) as temporary:
        result = _measure(Path(temporary), accounts, signers, paid, seconds, batch)
    if json:
        _console.emit(result)
        return
    _console.fields(
        f"{result['transfers']:,} transfers over {accounts:,} accounts, {signers:,} signers, batches of {batch:,}",
        [
            ("signed transfers / s", f"{result['transfers_per_second']:>12,.0f}"),
            ("signatures alone / s", f"{result['signatures_per_second']:>12,.0f}"),
            ("ratio", f"{result['ratio']:>12.2f}"),
            ("", ""),
            ("median batch", f"{result['batch_ms_median']:>12,.1f} ms, durable"),
            ("slowest batch", f"{result['batch_ms_max']:>12,.1f} ms"),
            ("accounts made in", f"{result['setup_seconds']:>12,.1f} s"),
            ("signed in", f"{result['signing_seconds']:>12,.1f} s, by one core, not counted"),
            ("cores", f"{result['cores']:>12}"),
            ("signature backend", f"{result['signature_backend']:>12}"),
        ],
    )


@dataclass
class _Batch:
    """Signed transfers as the ledger takes them, and their signatures as the verifier takes them."""

    framed: bytes
    keys: bytes
    signatures: bytes
    messages: bytes


def _account(number: int) -> bytes:
    return hashlib.sha256(b"counterfoil bench account %d" % number).digest()


def _measure(folder: Path, accounts: int, signers: int, payees: int, seconds: float, size: int) -> dict[str, Any]:
    from counterfoil import _core
    from counterfoil.keys import Key
    from counterfoil.ledger import Ledger

    operator, issuer = Key.generate(), Key.generate()
    keys = [Key.from_seed(_account(number)) for number in range(signers)]
    everybody = [key.account for key in keys] + [_account(number) for number in range(signers, accounts)]
    with Ledger.create(folder / "ledger", origin="bench.invalid/transfers", operator=operator) as ledger:
        began = clock.perf_counter()
        asset = _fund(ledger, issuer, everybody)
        setup_seconds = clock.perf_counter() - began
        # Payees are taken from the end, so that few of them sign as well, and a stride spreads them over the tree.
        batches = _batches(ledger.id, asset, keys, everybody[-payees:], size)
        _check_encoding(ledger.id, asset, keys[0], everybody[-1])
        applying, verifying, signing, count, lasted = 0.0, 0.0, 0.0, 0, []
        with _console.progress("Applying") as tell:
            # The first batch warms up: it counts for nothing.
            for round_number in itertools.count():
                began = clock.perf_counter()
                batch = next(batches)
                signed = clock.perf_counter()
                valid = ledger._engine.count_valid_signatures(batch.keys, batch.signatures, batch.messages)
                verified = clock.perf_counter()
                outcomes = ledger.apply(batch.framed)
                applied = clock.perf_counter()
                if not valid == outcomes.applied == size:
                    message = f"bench: expected {size:,} transfers to be applied, found {outcomes!r}"
                    raise CommandError(message, Exit.BUG)
                if round_number == 0:
                    continue
                signing, verifying = signing + signed - began, verifying + verified - signed
                applying, count = applying + applied - verified, count + size
                lasted.append(applied - verified)
                tell(min(int(applying * 1_000), int(seconds * 1_000)), int(seconds * 1_000))
                if applying >= seconds:
                    break
        ledger.checkpoint()
        backend = ledger.stats()["signature_backend"]
    lasted.sort()
    return {
        "accounts": accounts,
        "signers": signers,
        "payees": payees,
        "batch": size,
        "transfers": count,
        "seconds": round(applying, 3),
        "transfers_per_second": round(count / applying, 1),
        "signatures_per_second": round(count / verifying, 1),
        "ratio": round(verifying / applying, 4),
        "batch_ms_median": round(lasted[len(lasted) // 2] * 1_000, 3),
        "batch_ms_max": round(lasted[-1] * 1_000, 3),
        "setup_seconds": round(setup_seconds, 3),
        "signing_seconds": round(signing, 3),
        "cores": len(os.sched_getaffinity(0)),
        "signature_backend": backend,
    }


def _fund(ledger: Ledger, issuer: Key, everybody: list[bytes]) -> bytes:
    """Give every account its balance, a thousand by one transaction."""
    from counterfoil.ops import Pay, Payee
    from counterfoil.wire import Transaction

    asset = ledger.create_asset(issuer, "BENCH")
    ledger.mint(issuer, asset, to=issuer.account, amount=_FUNDS * len(everybody))
    with _console.progress("Making accounts") as tell:
        for start in range(0, len(everybody), _PAYEES_EACH):
            payees = [Payee(account, _FUNDS) for account in everybody[start : start + _PAYEES_EACH]]
            pay = Pay(asset=asset, sender=issuer.account, payees=payees)
            ledger.apply([Transaction(ledger.id, [pay]).sign(issuer)]).raise_for_status()
            tell(min(start + _PAYEES_EACH, len(everybody)), len(everybody))
    return asset


def _transfer(ledger: bytes, asset: bytes, sender: bytes, to: bytes, nonce: bytes, valid_until: int) -> bytes:
    """A transfer of 1 unit, encoded by hand: a bench that signs for seconds should not encode for minutes."""
    one = b"\x01\x00\x00\x00"
    head = (b"\x01", ledger, valid_until.to_bytes(8, "little"), nonce, one, sender, b"\x00", one)
    return b"".join((*head, b"\x30", asset, sender, to, (1).to_bytes(16, "little"), b"\x00"))


def _check_encoding(ledger: bytes, asset: bytes, key: Key, to: bytes) -> None:
    from counterfoil.ops import Transfer
    from counterfoil.wire import Transaction

    transfer = Transfer(asset=asset, sender=key.account, to=to, amount=1)
    made = Transaction(ledger, [transfer], valid_until=7, nonce=bytes(16), authorizers=[key])
    if bytes(made) != _transfer(ledger, asset, key.account, to, bytes(16), 7):
        message = "bench: its own encoding of a transfer is not that of the ledger"
        raise CommandError(message, Exit.BUG)


def _batches(ledger: bytes, asset: bytes, keys: list[Key], payees: list[bytes], size: int) -> Iterator[_Batch]:
    from counterfoil.verify import sign_message, transaction_id

    serial = 0
    while True:
        framed, signed_by, signatures, messages = [], [], [], []
        valid_until = clock.time_ns() // 1_000_000 + 3_000_000
        for _ in range(size):
            key = keys[serial % len(keys)]
            to = payees[serial * 7_919 % len(payees)]
            if to == key.account:
                to = payees[(serial * 7_919 + 1) % len(payees)]
            body = _transfer(ledger, asset, key.account, to, serial.to_bytes(16, "big"), valid_until)
            message = sign_message(transaction_id(body))
            signature = key.sign(message)
            whole = body + b"\x01\x00\x00\x00" + signature
            framed += [len(whole).to_bytes(_U32, "little"), whole]
            signed_by.append(key.account)
            signatures.append(signature)
            messages.append(message)
            serial += 1
        yield _Batch(b"".join(framed), b"".join(signed_by), b"".join(signatures), b"".join(messages))
