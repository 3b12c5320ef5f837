"""Signed transfers by the hundred thousand, for `counterfoil bench` and for the project's own benches.

Making each through the dataclasses and PyNaCl would take longer than every measurement. So one transaction is encoded
with marks where transfers differ, and cut at the marks; what is between them is the same in every other one. The
signatures are made by the native module, on all cores.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil import _core
from counterfoil.ops import Pay, Payee, Transfer
from counterfoil.wire import Authorizer, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from counterfoil.keys import Key
    from counterfoil.ledger import Ledger

TRANSACTION_DOMAIN = b"counterfoil/transaction/v1\n"
SIGN_DOMAIN = b"counterfoil/sign/v1\n"
MESSAGE_BYTES = len(SIGN_DOMAIN) + 32

_ONE_SIGNATURE = b"\x01\x00\x00\x00"
_LENGTH_BYTES = 4
_PAYS_A_BATCH = 32


@dataclass(frozen=True, slots=True)
class Movement:
    """Who pays whom: several payees with one signature, where there are several.

    Attributes:
        seed: What signs, 32 bytes.
        sender: The account of that seed.
        payees: As many as the template has.
        nonce: 16 bytes, used once.
    """

    seed: bytes
    sender: bytes
    payees: Sequence[bytes]
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Load:
    """Signed transactions of one length, as a ledger takes them and as a verifier of signatures does.

    Attributes:
        framed: Each after its length, u32 little-endian: what `Ledger.apply` takes.
        keys: The signers' public keys, 32 bytes each.
        signatures: 64 bytes each.
        messages: What was signed, 52 bytes each.
    """

    framed: bytes
    keys: bytes
    signatures: bytes
    messages: bytes

    def __len__(self) -> int:
        """How many transactions."""
        return len(self.keys) // 32


class Template:
    """What all transfers of one kind have in common: ledger, asset, number of payees, amount to each, `valid_until`.

    >>> from counterfoil import Key
    >>> ann = Key.from_seed(b"a" * 32)
    >>> template = Template(ledger=b"l" * 32, asset=b"u" * 32, payees=1, valid_until=7)
    >>> load = template.sign([Movement(ann.seed, ann.account, [b"b" * 32], bytes(16))])
    >>> transfer = Transfer(asset=b"u" * 32, sender=ann.account, to=b"b" * 32, amount=1)
    >>> made = Transaction(b"l" * 32, [transfer], valid_until=7, nonce=bytes(16)).sign(ann)
    >>> load.framed[4:] == bytes(made)
    True
    """

    __slots__ = ("_after_nonce", "_after_payees", "_after_sender", "_before_nonce", "_between_payees", "_to_payees")

    def __init__(self, *, ledger: bytes, asset: bytes, payees: int, valid_until: int, amount: int = 1) -> None:
        """Encode one, and cut it into what stays the same."""
        # Three marks that no ledger's id, asset's id or amount contains but by a chance of 2^-128.
        nonce, sender, payee = (hashlib.sha256(name).digest() for name in (b"nonce", b"sender", b"payee"))
        nonce = nonce[:16]
        operation: Transfer | Pay
        if payees == 1:
            operation = Transfer(asset=asset, sender=sender, to=payee, amount=amount)
        else:
            operation = Pay(asset=asset, sender=sender, payees=[Payee(payee, amount)] * payees)
        encoded = bytes(
            Transaction(
                ledger, [operation], valid_until=valid_until, nonce=nonce, authorizers=[Authorizer(account=sender)]
            )
        )
        self._before_nonce, encoded = encoded.split(nonce)
        self._after_nonce, self._after_sender, encoded = encoded.split(sender)
        self._to_payees, *between, self._after_payees = encoded.split(payee)
        self._between_payees = between[0] if between else b""

    def sign(self, movements: Iterable[Movement]) -> Load:
        """Make a transaction of each movement, and sign it."""
        bodies, seeds, senders, messages = [], [], [], []
        head, after_nonce, after_sender = self._before_nonce, self._after_nonce, self._after_sender
        to_payees, between, tail = self._to_payees, self._between_payees, self._after_payees
        sha256 = hashlib.sha256
        for movement in movements:
            sender, payees = movement.sender, between.join(movement.payees)
            parts = (head, movement.nonce, after_nonce, sender, after_sender, sender, to_payees, payees, tail)
            body = b"".join(parts)
            bodies.append(body)
            seeds.append(movement.seed)
            senders.append(sender)
            messages.append(SIGN_DOMAIN + sha256(TRANSACTION_DOMAIN + body).digest())
        joined = b"".join(messages)
        signatures = _core.sign_messages(b"".join(seeds), joined)
        frames: list[bytes] = []
        for place, body in enumerate(bodies):
            length = len(body) + len(_ONE_SIGNATURE) + 64
            frames += (length.to_bytes(_LENGTH_BYTES, "little"), body, _ONE_SIGNATURE)
            frames.append(signatures[place * 64 : place * 64 + 64])
        return Load(b"".join(frames), b"".join(senders), signatures, joined)


def count_valid_signatures(ledger: Ledger, load: Load) -> int:
    """How many signatures of a load hold: what applying it is measured against.

    It is the ledger's own verification, in batches on all cores, with the keys that it remembers, and nothing else.
    """
    return ledger._engine.count_valid_signatures(load.keys, load.signatures, load.messages)


def fund(
    ledger: Ledger,
    issuer: Key,
    accounts: Iterable[Sequence[bytes]],
    *,
    total: int,
    amount: int,
    valid_until: int,
    time: int | None = None,
    tell: Callable[[int, int], object],
) -> bytes:
    """Create an asset and pay the same amount to every account.

    Args:
        ledger: Where.
        issuer: Who creates the asset, and pays.
        accounts: Lists of at most 1,000 accounts, which one signature pays together.
        total: How many accounts there are in all.
        amount: What each of them gets.
        valid_until: Of the transactions, ms.
        time: When they happen, ms; now if None.
        tell: Called with (accounts that have their funds, accounts in all).

    Returns:
        The asset.
    """
    asset = ledger.create_asset(issuer, "BENCH", time=time)
    ledger.mint(issuer, asset, to=issuer.account, amount=amount * total, time=time)
    done = 0
    everybody = iter(accounts)
    while pages := list(itertools.islice(everybody, _PAYS_A_BATCH)):
        loads = []
        for size, alike in itertools.groupby(pages, len):
            template = Template(ledger=ledger.id, asset=asset, payees=size, valid_until=valid_until, amount=amount)
            pays = [Movement(issuer.seed, issuer.account, page, secrets.token_bytes(16)) for page in alike]
            loads.append(template.sign(pays).framed)
        ledger.apply(b"".join(loads), time=time).raise_for_status()
        done += sum(map(len, pages))
        tell(done, total)
    return asset


def unframed(framed: bytes) -> list[bytes]:
    """The transactions of framed bytes, as separate objects."""
    found, place = [], 0
    while place < len(framed):
        start = place + _LENGTH_BYTES
        place = start + int.from_bytes(framed[place:start], "little")
        found.append(framed[start:place])
    return found


def framed(transactions: Iterable[bytes]) -> bytes:
    """One `bytes` of transactions, each after its length."""
    parts = [part for one in transactions for part in (len(one).to_bytes(_LENGTH_BYTES, "little"), one)]
    return b"".join(parts)
