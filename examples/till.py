"""A till that may mint points, within limits, while the brand's own keys stay in the safe.

The brand is an account of three owners, two of whom must sign. The till is an account of its own, whose cashier's key
may only mint; its mandate says of which asset, how much a day, and until when. The ledger counts.

Run it: python examples/till.py
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from counterfoil import Key, Ledger, RejectedError, Signer
from counterfoil.ops import Create, KeyGrant, Limit, Mandate, Mint, Open, Operation, Powers, asset_id, named_account

DAY_MS = 86_400_000


def attempt(ledger: Ledger, what: str, operation: Operation, *signers: Key | Signer) -> None:
    """Try something, and say what the ledger says."""
    try:
        ledger.execute([operation], *signers)
    except RejectedError as error:
        print(f"{what}: {error.status.name}")
    else:
        print(f"{what}: ok")


def main() -> None:
    """Open both accounts, give the mandate, and mint until it is spent."""
    operator, ann, manager, cashier = (Key.generate() for _ in range(4))
    owners = [Key.generate() for _ in range(3)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.create(Path(folder, "shop.ledger"), origin="shop.example/points", operator=operator) as ledger,
    ):
        salt = os.urandom(16)
        brand, till = named_account(owners[0].account, salt), named_account(manager.account, salt)
        both = [owners[0].on(brand), owners[1].on(brand)]
        grants = [KeyGrant(key.public) for key in owners]
        ledger.execute([Open(opener=owners[0].account, salt=salt, threshold=2, keys=grants)], owners[0])
        # The manager's key may do everything, so that the till's keys can be set again; the cashier's may mint.
        grants = [KeyGrant(manager.public), KeyGrant(cashier.public, scope=[Mint])]
        ledger.execute([Open(opener=manager.account, salt=salt, keys=grants)], manager)

        point = asset_id(brand, "POINT")
        powers = Powers(mint=brand, change=brand)
        ledger.execute([Create(issuer=brand, symbol="POINT", decimals=0, supply_cap=10**9, powers=powers)], *both)

        until = time.time_ns() // 1_000_000 + 30 * DAY_MS
        limit = Limit(operations=[Mint], cap=1_000, window_ms=DAY_MS, until=until)
        ledger.execute([Mandate(account=brand, agent=till, asset=point, limit=limit)], *both)

        def mint(amount: int) -> Mint:
            return Mint(asset=point, to=ann.account, amount=amount)

        attempt(ledger, "one owner alone mints", mint(1), owners[0].on(brand))
        attempt(ledger, "the cashier mints 800", mint(800), cashier.on(till))
        attempt(ledger, "the cashier mints 300 more", mint(300), cashier.on(till))
        attempt(ledger, "the cashier mints 200 more", mint(200), cashier.on(till))
        revoke = Mandate(account=brand, agent=till, asset=point, limit=None)
        attempt(ledger, "two owners revoke the mandate", revoke, *both)
        attempt(ledger, "the cashier mints 1", mint(1), cashier.on(till))
        print("ann has", ledger.balance(point, ann.account))


if __name__ == "__main__":
    main()
