"""Story C, a cooperative: members raise the share of the surplus that goes back to them, and the ledger obeys."""

from __future__ import annotations

import tempfile

from counterfoil import Key, Ledger, RejectedError
from counterfoil.distributions import Distribution
from counterfoil.governance import Community, cooperative, patronage, surplus
from counterfoil.ops import Distribute, LeavesBasis, distribution_id
from counterfoil.reputation import Badges

DAY = 86_400_000
MAY, JANUARY = 1_746_057_600_000, 1_767_225_600_000  # 2025, 2026, so that the story is always the same

operator, board, till, dana, eli, noa = (Key.generate() for _ in range(6))
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(folder + "/coop", origin="coop.example", operator=operator, time=MAY) as ledger,
):
    ils = ledger.create_asset(operator, "ILS", decimals=2, time=MAY)
    members = Badges.launch(ledger, board, name="member", time=MAY)
    for member in (dana, eli, noa):
        members.award(member.account, time=MAY)
        ledger.mint(operator, ils, to=member.account, amount=100_000, time=MAY)
    rules = cooperative(members.requirement, guardian=board.account)
    coop = Community.found(ledger, board, constitution=rules, settings={"surplus_bps": 2_000}, time=MAY)

    for member, spent in ((dana, 40_000), (eli, 20_000)):
        ledger.transfer(member, ils, to=till.account, amount=spent, time=MAY)
    ledger.mint(operator, ils, to=coop.account, amount=80_000, time=JANUARY)

    raised = coop.propose("Raise the surplus share", by=dana, actions=coop.set(surplus_bps=3_000), time=JANUARY)
    print(*raised.changes())
    coop.delegate(noa, eli.account, time=JANUARY)
    raised.vote(dana, "yes", time=JANUARY)
    raised.vote(eli, "yes", for_members=[eli.account, noa.account], time=JANUARY)
    raised.vote(noa, "no", time=JANUARY)  # who votes is not voted for
    print(raised.tally(time=JANUARY).explain())

    try:
        ledger.execute(coop.set(surplus_bps=0), board.on(coop.account), time=JANUARY)
    except RejectedError as error:
        print("the board's keys alone:", error.status.name)
    due = raised.record.due
    Community(ledger, noa, account=coop.account).proposal(raised.id).execute(time=due)
    print("the share is", coop.setting("surplus_bps"), "of 10,000")

    found = surplus(80_000, coop.setting("surplus_bps"), patronage(ledger, ils, till.account, year=2025))
    leaves, salt = found.leaves(), bytes(16)
    share_out = Distribute(
        fund=coop.account,
        salt=salt,
        asset=ils,
        amount=found.shared,
        basis=LeavesBasis(leaves.root, leaves.total),
        deadline=due + 90 * DAY,
        leftover=coop.account,
        reference=found.inputs,
    )
    shared = coop.propose("Share out 2025", by=noa, actions=[share_out], time=due)
    shared.vote(noa, "yes", time=due)
    shared.execute(time=shared.record.due)
    paid = Distribution(ledger, noa, identifier=distribution_id(coop.account, salt), leaves=leaves)
    found.check(paid.record)
    print("paid:", sum(len(batch.paid) for batch in paid.collect_all(time=shared.record.due)))
    print("dana has", ledger.balance(ils, dana.account), "and eli", ledger.balance(ils, eli.account))
