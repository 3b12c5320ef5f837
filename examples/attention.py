"""Story E, paid attention: receipts that viewer and creator sign, one batch of claims, a report verified offline."""

from __future__ import annotations

import tempfile
from pathlib import Path

from counterfoil import Key, Ledger
from counterfoil.attention import Ad
from counterfoil.verify import Verifier

JANUARY = 1_736_899_200_000  # 2025-01-15, so that the story is always the same

brand, site, viewer, creator = (Key.generate() for _ in range(4))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(Path(folder, "ads"), origin="ads.example", operator=site, time=JANUARY) as ledger,
):
    usdc = ledger.create_asset(brand, "USDC", decimals=2, time=JANUARY)
    ledger.mint(brand, usdc, to=brand.account, amount=10_000, time=JANUARY)
    terms = {"claim_max": 100, "per_viewer": 500, "window": "1d", "ends": JANUARY + 90 * 86_400_000}
    ad = Ad.open(ledger, brand, asset=usdc, budget=10_000, platform=site.account, **terms, time=JANUARY)
    parties = {"viewer": viewer.account, "creator": creator.account, "amount": 100, "time": JANUARY}
    seen = bytes(ad.receipt(**parties, floor=70).sign(viewer).sign(creator))  # handed around as bytes
    unsigned = ad.receipt(**parties).sign(viewer)
    dear = ad.receipt(**parties, floor=90).sign(viewer).sign(creator)
    again = ad.receipt(**parties).sign(creator).sign(viewer)
    anybody = Ad(ledger, site, identifier=ad.id)
    print([each.status.name for each in anybody.claim_batch([seen, unsigned, seen, dear, again], time=JANUARY)])
    has = {name: ledger.balance(usdc, key.account) for name, key in zip("vcs", (viewer, creator, site), strict=True)}
    print(f"viewer {has['v']}, creator {has['c']}, site {has['s']}")
    proven = ad.report(time=JANUARY).verify(Verifier(ledger.verifier_key), ad.id)
    print(f"proven offline: {proven.claims} paid, {proven.left} left")
