"""Story B, a creator's launch: coins, a vesting, revenue that is shared out, and a gate that is proven elsewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

from counterfoil import Key, Ledger, RejectedError
from counterfoil.creators import Coin, Gate
from counterfoil.reputation import Badges
from counterfoil.verify import Verifier

START, DAY = 1_736_899_200_000, 86_400_000  # 2025-01-15, so that the story is always the same
noor, editor, fan, sniper = (Key.generate() for _ in range(4))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(Path(folder, "noor"), origin="noor.example", operator=noor, time=START) as ledger,
):
    usd = ledger.create_asset(noor, "USD", decimals=2, time=START)
    for buyer in (fan, sniper):
        ledger.mint(noor, usd, to=buyer.account, amount=100_000, time=START)
    coin = Coin.launch(ledger, noor, symbol="NOOR", cap=10**6, max_holding=20_000, founder=100_000, time=START)
    coin.sell(fan, 40, price=2_000, currency=usd, time=START)
    try:
        coin.sell(sniper, 50_000, price=100_000, currency=usd, time=START)
    except RejectedError as error:
        print("the sniper:", error.status.name)
    vesting = coin.vest(editor.account, 7_300, cliff="90d", ends="2y", time=START)
    coin.claim(vesting, time=START + 90 * DAY)
    print(
        "the editor has", coin.balance(editor.account), "and later", coin.vested(vesting, time=START + 365 * DAY).free
    )
    Badges.launch(ledger, noor, name="founder", time=START + 90 * DAY)
    gate = Gate("NOOR >= 10 or badge:founder", issuer=noor.account)
    print("the sniper:", gate.check(ledger, sniper.account, time=START + 90 * DAY).why)
    ledger.mint(noor, usd, to=noor.account, amount=90_000, time=START + 90 * DAY)
    revenue = coin.share_revenue(usd, 90_000, key="2025-04", time=START + 90 * DAY)
    for batch in revenue.collect_all(time=START + 90 * DAY):
        print("revenue for", len(batch.paid), "holders, the fan's", revenue.part(fan.account))
    ledger.checkpoint(time=START + 90 * DAY)
    bundle, verifier = gate.prove(ledger, fan.account), Verifier(ledger.verifier_key)
print("at the door:", gate.verify(bundle, verifier, account=fan.account, time=START + 90 * DAY).why)
