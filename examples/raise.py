"""Story D, a film that is funded: pledges, an ambassador, a closing by anybody, a milestone, a goal that is missed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from counterfoil import Key, Ledger
from counterfoil.funding import Raise, tip
from counterfoil.ops import SignedBy

JANUARY = 1_736_899_200_000  # 2025-01-15, so that the story is always the same
OVER = JANUARY + 30 * 86_400_000

operator, film, board, eli, tal, maya = (Key.generate() for _ in range(6))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(Path(folder, "film"), origin="film.example", operator=operator, time=JANUARY) as ledger,
):
    ils = ledger.create_asset(operator, "ILS", decimals=2, time=JANUARY)
    for backer in (eli, tal):
        ledger.mint(operator, ils, to=backer.account, amount=60_000, time=JANUARY)
    both = SignedBy(2, [film.account, board.account])
    parts = {"milestones_bps": [4_000, 6_000], "approval": both}
    raised = Raise.open(ledger, film, asset=ils, goal=50_000, closes=OVER, **parts, time=JANUARY)
    sequel = Raise.open(ledger, film, asset=ils, goal=50_000, closes=OVER, time=JANUARY)
    raised.pledge(eli, 2_000, ref=maya.account, key="eli", time=JANUARY)
    raised.pledge(tal, 48_000, key="tal", time=JANUARY)
    sequel.pledge(eli, 49_999, time=JANUARY)
    print("maya brought", raised.referrals()[maya.account].pledged)
    for over in (raised, sequel):
        anybody = Raise(ledger, tal, identifier=over.id)
        print("reached:", over.reached, "closed:", sum(len(each.holds) for each in anybody.close_all(time=OVER)))
    print("the film has", ledger.balance(ils, film.account), "and eli", ledger.balance(ils, eli.account))
    print("approved:", [len(each.holds) for each in raised.approve(1, film, board, time=OVER)])
    tip(ledger, eli, maya.account, 5, asset=ils, key="thanks", time=OVER)
    print([(each.settled, each.held) for each in raised.budget().milestones], ledger.balance(ils, maya.account))
