"""A service that shares one ledger among threads and asyncio tasks.

Each request hands in one signed transaction, as bytes. `submit` gathers those that come at the same time into one group
commit, so that a sync of the disk serves many of them; each caller learns its own outcome once it is durable.

Run it: python examples/service.py
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from counterfoil import Key, Ledger, Transaction
from counterfoil.ops import Transfer

REQUESTS = 200


def from_the_app(ledger_id: bytes, asset: bytes, ann: Key, to: bytes) -> bytes:
    """What a member's phone sends. The service never sees the key."""
    return bytes(Transaction(ledger_id, [Transfer(asset=asset, sender=ann.account, to=to, amount=1)]).sign(ann))


async def handle(ledger: Ledger, received: bytes) -> str:
    """A request in an asyncio service: the event loop is free while the disk is busy."""
    outcome = await ledger.submit(received)
    return outcome.status.name


def handle_in_thread(ledger: Ledger, received: bytes) -> str:
    """A request in a threaded service."""
    return ledger.submit(received).result(timeout=30).status.name


async def serve(ledger: Ledger, requests: list[bytes]) -> Counter[str]:
    """All requests at once, as they come on a busy evening."""
    return Counter(await asyncio.gather(*[handle(ledger, received) for received in requests]))


def main() -> None:
    """Serve the same load twice: from tasks, then from threads."""
    operator, roaster, ann, bob = (Key.generate() for _ in range(4))
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.create(Path(folder, "club.ledger"), origin="club.example/beans", operator=operator) as ledger,
    ):
        bean = ledger.create_asset(roaster, "BEAN")
        ledger.mint(roaster, bean, to=ann.account, amount=2 * REQUESTS - 5)

        requests = [from_the_app(ledger.id, bean, ann, bob.account) for _ in range(REQUESTS)]
        print("asyncio:", dict(asyncio.run(serve(ledger, requests))))

        requests = [from_the_app(ledger.id, bean, ann, bob.account) for _ in range(REQUESTS)]
        with ThreadPoolExecutor(16) as threads:
            statuses = Counter(threads.map(lambda received: handle_in_thread(ledger, received), requests))
        # Ann's units are gone five requests before the end: those are refused, and nobody else is.
        print("threads:", dict(sorted(statuses.items(), reverse=True)))
        print("bob has", ledger.balance(bean, bob.account))


if __name__ == "__main__":
    main()
