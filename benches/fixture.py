"""Signed transfers for the benches: built once, kept under `.bench/`, read back by every later run.

Signing is what a client does, so none of it is timed. Transactions are made from one encoded template with the sender,
the payee and the nonce put in: building each through the dataclasses would take longer than all measurements.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil import Authorizer, Key, Ledger, Transaction
from counterfoil.ops import Pay, Payee, Transfer
from nacl import bindings

if TYPE_CHECKING:
    from pathlib import Path

PAYEES = 1_000
GENESIS_MS = 1_700_000_000_000
WINDOW_MS = 3_600_000


def seed_of(number: int) -> bytes:
    """The seed of the bench's account with this number."""
    return hashlib.sha256(b"bench %d" % number).digest()


def _public_keys(numbers: range) -> bytes:
    return b"".join(bindings.crypto_sign_seed_keypair(seed_of(number))[0] for number in numbers)


def public_keys(count: int, folder: Path) -> list[bytes]:
    """The account ids 0 to `count` - 1."""
    path = folder / f"accounts-{count}"
    if not path.exists():
        parts = [range(first, min(first + 10_000, count)) for first in range(0, count, 10_000)]
        with multiprocessing.get_context("spawn").Pool() as pool:
            path.write_bytes(b"".join(pool.map(_public_keys, parts)))
    data = path.read_bytes()
    return [data[place : place + 32] for place in range(0, len(data), 32)]


def funded_ledger(path: Path, accounts: list[bytes], operator: Key, issuer: Key) -> tuple[Ledger, bytes]:
    """A new ledger in which every account has a million units of one asset, and the asset."""
    ledger = Ledger.create(path, origin="bench.example/coin", operator=operator, time=GENESIS_MS, commit_every_ms=None)
    asset = ledger.create_asset(issuer, "COIN", time=GENESIS_MS)
    ledger.mint(issuer, asset, to=issuer.account, amount=1_000_000 * len(accounts), time=GENESIS_MS)
    batch = []
    for first in range(0, len(accounts), PAYEES):
        payees = [Payee(to=account, amount=1_000_000) for account in accounts[first : first + PAYEES]]
        pay = Pay(asset=asset, sender=issuer.account, payees=payees)
        batch.append(Transaction(ledger.id, [pay], valid_until=GENESIS_MS + WINDOW_MS).sign(issuer))
    ledger.apply(batch, time=GENESIS_MS).raise_for_status()
    ledger.checkpoint(time=GENESIS_MS)
    return ledger, asset


@dataclass(frozen=True)
class Signed:
    """Transfers, and their signatures side by side for the raw measurement."""

    transactions: list[bytes]
    keys: bytes
    signatures: bytes
    messages: bytes


_template: tuple[bytes, tuple[int, ...]] = (b"", ())


def _share_template(template: bytes, places: tuple[int, ...]) -> None:
    global _template
    _template = (template, places)


def _sign(job: list[tuple[int, bytes, bytes, bytes]]) -> list[tuple[bytes, bytes, bytes]]:
    template, (nonce_at, account_at, sender_at, to_at) = _template
    signed = []
    for number, account, to, nonce in job:
        body = bytearray(template)
        body[nonce_at : nonce_at + 16] = nonce
        body[account_at : account_at + 32] = account
        body[sender_at : sender_at + 32] = account
        body[to_at : to_at + 32] = to
        identifier = hashlib.sha256(b"counterfoil/transaction/v1\n" + body).digest()
        message = b"counterfoil/sign/v1\n" + identifier
        secret = bindings.crypto_sign_seed_keypair(seed_of(number))[1]
        signature = bindings.crypto_sign(message, secret)[:64]
        signed.append((bytes(body) + (1).to_bytes(4, "little") + signature, signature, message))
    return signed


def signed_transfers(ledger: bytes, asset: bytes, accounts: list[bytes], count: int, signers: int, salt: int) -> Signed:
    """Transfers of one unit between random accounts, the first `signers` of which sign in turn."""
    marks = [bytes([value]) * width for value, width in ((0xA1, 16), (0xA2, 32), (0xA3, 32))]
    mark_nonce, mark_sender, mark_to = marks
    operation = Transfer(asset=asset, sender=mark_sender, to=mark_to, amount=1)
    template = bytes(
        Transaction(
            ledger,
            [operation],
            valid_until=GENESIS_MS + WINDOW_MS,
            nonce=mark_nonce,
            authorizers=[Authorizer(account=mark_sender)],
        )
    )
    account_at = template.index(mark_sender)
    places = (
        template.index(mark_nonce),
        account_at,
        template.index(mark_sender, account_at + 32),
        template.index(mark_to),
    )
    rng = random.Random(salt)  # noqa: S311 - a repeatable bench
    jobs = []
    senders = []
    order = rng.sample(range(signers), min(signers, count)) if signers >= count else []
    for first in range(0, count, 5_000):
        job = []
        for place in range(first, min(first + 5_000, count)):
            number = order[place] if order else rng.randrange(signers)
            to = rng.randrange(len(accounts) - 1)
            to += to >= number
            senders.append(accounts[number])
            job.append((number, accounts[number], accounts[to], rng.randbytes(16)))
        jobs.append(job)
    with multiprocessing.get_context("spawn").Pool(initializer=_share_template, initargs=(template, places)) as pool:
        signed = [one for part in pool.imap(_sign, jobs) for one in part]
    return Signed(
        transactions=[one[0] for one in signed],
        keys=b"".join(senders),
        signatures=b"".join(one[1] for one in signed),
        messages=b"".join(one[2] for one in signed),
    )


def clock() -> float:
    """Seconds, for measuring."""
    return time.perf_counter()
