"""Story D, a film that is funded: pledges, a badge, a closing by anybody, a milestone by vote, a missed goal."""

from __future__ import annotations

import tempfile

from counterfoil import Key, Ledger
from counterfoil.funding import BackersVote, Raise, tip
from counterfoil.reputation import Badges

JANUARY = 1_736_899_200_000  # 2025-01-15, so that the story is always the same
OVER = JANUARY + 30 * 86_400_000
VOTED = OVER + 7 * 86_400_000

operator, film, eli, tal, noa, maya = (Key.generate() for _ in range(6))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(folder + "/film", origin="film.example", operator=operator, time=JANUARY) as ledger,
):
    ils = ledger.create_asset(operator, "ILS", decimals=2, time=JANUARY)
    for backer in (eli, tal, noa):
        ledger.mint(operator, ils, to=backer.account, amount=60_000, time=JANUARY)
    parts = {"milestones_bps": [4_000, 6_000], "approval": BackersVote(quorum_bps=5_000, voting="7d")}
    raised = Raise.open(ledger, film, asset=ils, goal=50_000, closes=OVER, **parts, time=JANUARY)
    sequel = Raise.open(ledger, film, asset=ils, goal=50_000, closes=OVER, time=JANUARY)
    for backer, amount in ((eli, 2_000), (tal, 40_000), (noa, 8_000)):
        raised.pledge(backer, amount, ref=maya.account, time=JANUARY)
    sequel.pledge(eli, 49_999, time=JANUARY)
    print("maya brought", raised.referrals()[maya.account].pledged)
    for over in (raised, sequel):
        anybody = Raise(ledger, tal, identifier=over.id)
        print("reached:", over.reached, "closed:", sum(len(each.holds) for each in anybody.close_all(time=OVER)))
    print("the film has", ledger.balance(ils, film.account), "and eli", ledger.balance(ils, eli.account))
    milestone = raised.milestone(1, time=OVER).propose(by=film, time=OVER)
    milestone.vote(eli, "release", time=OVER)
    milestone.vote(tal, "release", time=OVER)
    milestone.vote(noa, "refuse", time=OVER)
    print("for it, against it:", milestone.tally(time=OVER).record.counts[:2])
    milestone.conclude(time=VOTED)
    print("released:", sum(len(each.holds) for each in raised.close_all(time=VOTED)))
    badge = Badges.launch(ledger, film, name="three-backers", time=VOTED)
    raised.award(badge, *raised.ambassadors(at_least=3), at_least=3, key="badges", time=VOTED)
    tip(ledger, eli, maya.account, 5, asset=ils, key="thanks", time=VOTED)
    print("maya has the badge:", badge.holds(maya.account), "and", ledger.balance(ils, maya.account))
    print([(each.settled, each.held) for each in raised.budget().milestones])
