"""Story F, a forecast: predictions and stakes, an oracle that resolves it, a payout, scores that anybody recomputes."""

from __future__ import annotations

import hashlib
import tempfile

from counterfoil import Key, Ledger
from counterfoil.governance import Forecast, forecast_bundle, recompute_scores

JANUARY = 1_736_899_200_000  # 2025-01-15, so that the story is always the same
MARCH = JANUARY + 45 * 86_400_000

shop, auditor, ann, bob, eve = (Key.generate() for _ in range(5))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(folder + "/shop", origin="shop.example", operator=shop, time=JANUARY) as ledger,
):
    pts = ledger.create_asset(shop, "PTS", time=JANUARY)
    for member in (ann, bob, eve):
        ledger.mint(shop, pts, to=member.account, amount=100, time=JANUARY)
    asked = {"question": "Which flavour sells most by 1 March, by the till's report?", "options": ["fig", "date"]}
    terms = {"asset": pts, "closes": MARCH, "resolves_within": "30d", "oracle": auditor.account}
    forecast = Forecast.open(ledger, shop, **asked, **terms, key="flavours", time=JANUARY)
    forecast.predict(ann, {"fig": 70, "date": 30}, time=JANUARY)
    forecast.predict(bob, {"fig": 20, "date": 80}, time=JANUARY)
    for member, amount, option in ((ann, 30, "fig"), (eve, 15, "fig"), (bob, 50, "date")):
        forecast.stake(member, amount, option, key=f"{option} {amount}", time=JANUARY)
    anybody = Forecast(ledger, eve, identifier=forecast.id, **asked)
    report = hashlib.sha256(b"fig 4,120, date 3,880").digest()
    forecast.resolve("fig", auditor, evidence=report, time=MARCH)
    print("closed by anybody:", sum(len(each.holds) for each in anybody.payout(time=MARCH).closed))
    print("winnings paid:", sum(len(each.paid) for each in anybody.payout(auditor, time=MARCH).collected))
    print("ann, eve and bob have", [ledger.balance(pts, member.account) for member in (ann, eve, bob)])
    anybody.payout(time=forecast.terms.paid_until)
    done = forecast.report()
    print(f"{done.staked} staked = {done.returned} back + {done.paid} won + {done.left_over} left over")
    forecast.attest_scores("log", key="scores", time=forecast.terms.paid_until)
    bundle = forecast_bundle(ledger, forecast.id, time=forecast.terms.paid_until)
    scores = recompute_scores(bundle, ledger.verifier_key, identifier=forecast.id, rule="log")
    print("recomputed:", scores.root == forecast.posted_root(scores, shop.account))
    print("log scores:", {name: scores.values[key.account] for name, key in (("ann", ann), ("bob", bob))})
