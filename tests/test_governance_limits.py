"""Communities at their limits: 10,000 proposals at once, and as many voters as one likes.

What is compared is work beside other work of the same process, never a time with a number of seconds.
COUNTERFOIL_PROPOSALS and COUNTERFOIL_VOTERS say how many; `make soak` has a million voters.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from itertools import islice

from counterfoil import Key, Ledger, _core
from counterfoil._load import SIGN_DOMAIN, TRANSACTION_DOMAIN, framed, fund
from counterfoil.governance import Community, count_yes_no, decide, fan_club
from counterfoil.ops import Conclude, Propose, Shares, Vote, proposal_id
from counterfoil.verify import ProposalFailed, ProposalOpen, ProposalPassed
from counterfoil.wire import Authorizer, Transaction
from nacl.signing import SigningKey

PROPOSALS = int(os.environ.get("COUNTERFOIL_PROPOSALS", "10000"))
VOTERS = int(os.environ.get("COUNTERFOIL_VOTERS", "20000"))

OPERATOR, ANN = (Key.from_seed(bytes([number]) * 32) for number in (1, 2))
DAY = 86_400_000
START = 1_700_000_000_000
DUE = START + 7 * DAY
AT_ONCE = 200
"""Operations of a transaction."""
BATCH = 10_000
"""Transactions of a batch."""
RATIO = 4
"""Twice as much work is no more than so many times as long. It would be ten thousand times, were each proposal or vote
looked at again for the next."""


def in_pages(values, size=AT_ONCE):
    source = iter(values)
    while page := list(islice(source, size)):
        yield page


def seconds(call):
    """Of this process, on all its cores: what else the machine does is not counted."""
    began = time.process_time()
    call()
    return time.process_time() - began


def test_ten_thousand_live_proposals(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example", operator=OPERATOR, time=START) as ledger:
        asset = ledger.create_asset(OPERATOR, "NOOR", time=START)
        ledger.mint(OPERATOR, asset, to=ANN.account, amount=100, time=START)
        club = Community.found(ledger, OPERATOR, constitution=fan_club(asset), time=START)
        salts = [number.to_bytes(16, "big") for number in range(PROPOSALS)]
        proposals = [proposal_id(club.account, ANN.account, salt) for salt in salts]

        def propose(some):
            for page in in_pages(some):
                shared = {"account": club.account, "proposer": ANN.account, "rule": 0, "title": bytes(32)}
                ledger.execute([Propose(salt=salt, options=[[]], **shared) for salt in page], ANN, time=START)

        half = PROPOSALS // 2
        first, second = (seconds(lambda: propose(part)) for part in (salts[:half], salts[half:]))  # noqa: B023 - at once
        assert second < RATIO * first
        # One snapshot serves them all, for they were opened on one day.
        assert ledger.asset(asset).snapshots_taken == 1
        assert {ledger.proposal(each).snapshot for each in proposals} == {1}
        assert sum(1 for _ in club.proposals("voting", time=START)) == PROPOSALS

        # The balance is saved once, however many proposals ask for it.
        ledger.transfer(ANN, asset, to=OPERATOR.account, amount=99, time=START)
        assert ledger.units_at(asset, ANN.account, 1) == 100
        voted = proposals[::5]
        for page in in_pages(voted):
            votes = [Vote(proposal=each, voter=ANN.account, ballot=Shares([1, 0, 0])) for each in page]
            ledger.execute(votes, ANN, time=START)

        def conclude(some):
            for page in in_pages(some):
                ledger.execute([Conclude(proposal=each) for each in page], OPERATOR, time=DUE)

        assert all(isinstance(ledger.proposal(each).state, ProposalOpen) for each in proposals[:10])
        first, second = (seconds(lambda: conclude(part)) for part in (proposals[:half], proposals[half:]))  # noqa: B023
        assert second < RATIO * first
        states = [type(ledger.proposal(each).state) for each in proposals]
        assert states.count(ProposalPassed) == len(voted)
        assert states.count(ProposalFailed) == PROPOSALS - len(voted)
        assert ledger.proposal(voted[-1]).counts == (100, 0, 0)


class Crowd:
    """Voters with a key each: more than could be signed for one by one.

    One vote is encoded with marks in the place of nonce and voter; all others differ from it in nothing else.
    """

    def __init__(self, voters: int) -> None:
        self.seeds = [hashlib.sha256(b"voter %d" % number).digest() for number in range(voters)]
        self.accounts = [bytes(SigningKey(seed).verify_key) for seed in self.seeds]

    def votes(self, ledger: Ledger, proposal: bytes, shares: list[int], voters: range) -> bytes:
        """A signed vote of each of these voters, framed."""
        nonce, voter = hashlib.sha256(b"nonce").digest()[:16], hashlib.sha256(b"voter").digest()
        vote = Vote(proposal=proposal, voter=voter, ballot=Shares(shares))
        marked = Transaction(
            ledger.id, [vote], valid_until=ledger.time + 60_000, nonce=nonce, authorizers=[Authorizer(account=voter)]
        )
        head, rest = bytes(marked).split(nonce)
        between, middle, tail = rest.split(voter)
        bodies = [
            b"".join((head, secrets.token_bytes(16), between, account, middle, account, tail))
            for account in (self.accounts[number] for number in voters)
        ]
        messages = b"".join(SIGN_DOMAIN + hashlib.sha256(TRANSACTION_DOMAIN + body).digest() for body in bodies)
        signatures = _core.sign_messages(b"".join(self.seeds[number] for number in voters), messages)
        one = b"\x01\x00\x00\x00"
        return framed(body + one + signatures[place * 64 :][:64] for place, body in enumerate(bodies))


def count_votes(path, voters: int) -> None:
    """All of them vote, in batches: the tally is right, and how many they were costs its conclusion nothing."""
    crowd = Crowd(voters)
    with Ledger.create(path, origin="club.example", operator=OPERATOR, time=START) as ledger:
        pages = (crowd.accounts[place : place + 1_000] for place in range(0, voters, 1_000))
        asset = fund(
            ledger, OPERATOR, pages, total=voters, amount=3, valid_until=START + 60_000, time=START,
            tell=lambda *_: None,
        )  # fmt: skip
        club = Community.found(ledger, OPERATOR, constitution=fan_club(asset), time=START)
        member = Key.from_seed(crowd.seeds[0])
        few, many = (club.propose(title, by=member, time=START) for title in ("few vote", "all vote"))
        ledger.apply(crowd.votes(ledger, few.id, [1, 0, 0], range(20)), time=START).raise_for_status()
        # Of ten voters seven are for it, two against it, and one abstains a third.
        kinds = {0: [1, 0, 0], 1: [0, 1, 0], 2: [1, 1, 1]}
        chosen = {0: 0, 1: 0, 2: 1, 3: 0, 4: 0, 5: 1, 6: 0, 7: 0, 8: 0, 9: 2}
        for start in range(0, voters, BATCH):
            for kind, shares in kinds.items():
                some = [number for number in range(start, min(voters, start + BATCH)) if chosen[number % 10] == kind]
                outcomes = ledger.apply(crowd.votes(ledger, many.id, shares, some), time=START)
                outcomes.raise_for_status()

        record = many.record
        assert (record.voters, record.cast, record.electorate) == (voters, 3 * voters, 3 * voters)
        of = {kind: sum(1 for number in range(voters) if chosen[number % 10] == kind) for kind in kinds}
        assert record.counts == (3 * of[0] + of[2], 3 * of[1] + of[2], of[2])
        recount = count_yes_no((3, vote.ballot.shares) for _, vote in ledger.votes(many.id))
        assert (recount.counts, recount.cast, recount.voters) == (record.counts, record.cast, record.voters)
        verdict = decide(recount, electorate=record.electorate, quorum_bps=500, threshold_bps=5_000)
        assert verdict.passed

        def conclude(proposal):
            def tries():
                for _ in range(100):
                    proposal.conclude(dry_run=True, time=DUE)

            return min(seconds(tries) for _ in range(5))

        conclude(few)
        assert conclude(many) < RATIO * conclude(few)
        many.execute(time=DUE)
        assert many.state_at(DUE) == "executed"


def test_as_many_voters_as_one_likes(tmp_path):
    count_votes(tmp_path / "club", VOTERS)
