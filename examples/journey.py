"""Story G, a journey: three stamps make a gold one, which is sold; the member leaves with proofs of the rest."""

from __future__ import annotations

import tempfile
from pathlib import Path

from counterfoil import Key, Ledger
from counterfoil.collections import Collection
from counterfoil.exit import exit_bundle, verify_exit_bundle

operator, club, ann, bob = (Key.generate() for _ in range(4))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(Path(folder, "club"), origin="club.example/stamps", operator=operator) as ledger,
):
    usd = ledger.create_asset(club, "USD", decimals=2)
    ledger.mint(club, usd, to=bob.account, amount=50_000)
    stamps = Collection.launch(ledger, club, symbol="STAMP", royalty_bps=750)
    for name in ("visit", "quiz", "refer"):
        stamps.design(name, editions=1_000)
    journey = stamps.journey(["visit", "quiz", "refer"], reward="gold", editions=100)
    for name in ("visit", "quiz"):
        stamps.issue(name, ann.account, key=f"ann-{name}")
    print("ann still needs", [stamps.name_of(number) for number in journey.missing(ann.account)])
    stamps.issue("refer", ann.account)
    stamps.issue("visit", ann.account)
    gold = journey.complete(ann, key="ann-gold").item
    print("ann has", sorted(f"{stamps.name_of(item)} {item.edition}" for item in stamps.owned(ann.account)))
    trade = stamps.trade(ann, bob, gold, price=30_000, currency=usd, key="sale")
    print("sold for", trade.price, "of which royalty", trade.royalty)
    bundle, vkey = exit_bundle(ledger, ann.account), ledger.verifier_key
claim = verify_exit_bundle(bundle, vkey, account=ann.account)
print("the ledger is gone; ann proves", claim.balances[usd].amount, "cents and", *claim.items.values())
