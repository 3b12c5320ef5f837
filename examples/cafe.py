"""Story A, a cafe coalition: earn, return an order, redeem at another brand, clear the month."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from counterfoil import Key, Ledger
from counterfoil.brands import Coalition, Programme
from counterfoil.presets import points
from counterfoil.verify import Verifier

JANUARY = 1_736_899_200_000  # 2025-01-15, so that the story is always the same
DAY = 86_400_000

operator, roaster, bakery, ann = (Key.generate() for _ in range(4))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(Path(folder, "club"), origin="club.example/beans", operator=operator, time=JANUARY) as ledger,
):
    beans = Programme.launch(ledger, roaster, symbol="BEAN", preset=points(inactive_days=365), time=JANUARY)
    offer = beans.campaign(
        budget=10**6, claim_max=500, member_cap=500, ends=JANUARY + 90 * DAY, pending="7d", time=JANUARY
    )
    order = offer.earn(ann.account, 420, order="A17", time=JANUARY)
    beans.cancel(order, part=60, key="A17-returned", time=JANUARY + DAY)  # a part of the order comes back
    beans.settle(order, time=JANUARY + 7 * DAY)  # what is left is hers a week later; anybody may say so
    print("ann has", beans.balance(ann.account))
    coalition = Coalition.launch(beans, time=JANUARY + 8 * DAY)
    sold = {"order": "B9", "at": bakery.account, "owes": Decimal("2.40"), "key": "B9"}
    print("redeemed again:", [coalition.redeem(ann, 300, **sold, time=JANUARY + 8 * DAY).repeated for _ in range(2)])
    print("the bakery is owed", coalition.owed(until="2025-01")[bakery.account], "cents")
    print("cleared", coalition.clear(bakery, until="2025-01", key="2025-01", time=JANUARY + 20 * DAY))
    ledger.checkpoint(time=JANUARY + 20 * DAY)
    proof = bytes(ledger.prove_balance(beans.asset, ann.account))
    print("ann proves", Verifier(ledger.verifier_key).balance(proof).amount, "offline")
