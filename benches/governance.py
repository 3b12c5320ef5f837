"""What members deciding and being paid costs: row 14.

Votes, a signature each, beside their signatures alone; the opening of a snapshot; transfers while ten snapshots live
beside transfers without any; and parts of a distribution, collected for members by the thousand, beside payments to as
many payees.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from counterfoil import Key, Signer
from counterfoil._load import framed
from counterfoil.desk import asset_record
from counterfoil.ops import (
    Article,
    Collect,
    Constitution,
    Create,
    Distribute,
    HoldersElectorate,
    KeyGrant,
    Mint,
    Operation,
    Part,
    Pay,
    Payee,
    Powers,
    Propose,
    Rule,
    SetConstitution,
    SetKeys,
    Shares,
    Snapshot,
    SnapshotBasis,
    Vote,
    asset_id,
    distribution_id,
    proposal_id,
)
from counterfoil.wire import Transaction

from benches.fixture import ISSUER, TIME_MS, VALID_UNTIL_MS, Recipe, Run, running, seed_of
from benches.measure import Finding, Plan, Result, apply_batches, clock, interleaved, median_ratio, verify_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SNAPSHOTS = 10
_DAY_MS = 86_400_000
_MONTH_MS = 30 * _DAY_MS
_YES = Shares([1, 0, 0])
_CHAIR = Signer(ISSUER.account, ISSUER)
"""The issuer once its account has a record: constitutions are for such accounts."""


def governance(plan: Plan, accounts: int) -> Result:
    """Votes, snapshots and distributions over an asset that everybody holds."""
    with running(plan.folder, accounts) as run, running(plan.folder, accounts) as without:
        desk = _Desk(run, plan)
        findings = [desk.votes(), desk.opening(), desk.transfers(without), desk.collecting()]
        return Result(findings, [run.check(), without.check()])


class _Desk:
    """The governed account of a run, and what is signed for its members."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.run, self.plan = run, plan
        self.serial = 0
        self.count = min(run.fixture.accounts, max(1_000, plan.transfers // 10))
        keys = [KeyGrant(ISSUER.account)]
        self.apply([[SetKeys(account=ISSUER.account, threshold=1, keys=keys)]], ISSUER)

    def votes(self) -> Finding:
        """Votes a second, each of another member, beside their signatures."""
        rule = Rule(
            electorate=HoldersElectorate(self.run.asset), voting_ms=_DAY_MS, execution_ms=_DAY_MS, snapshot_ms=_DAY_MS
        )
        constitution = Constitution(rules=[rule], articles=[Article(operations=[SetConstitution], rules=[0])])
        self.apply([[SetConstitution(account=ISSUER.account, constitution=constitution)]])
        members = [Key.from_seed(seed_of(number)) for number in range(self.count)]
        rounds = []
        for number in range(self.plan.rounds + 1):
            salt = number.to_bytes(16, "big")
            propose = Propose(
                account=ISSUER.account, proposer=ISSUER.account, salt=salt, rule=0, title=bytes(32), options=[[]]
            )
            self.apply([[propose]])
            proposal = proposal_id(ISSUER.account, ISSUER.account, salt)
            votes = [(Vote(proposal=proposal, voter=member.account, ballot=_YES), member) for member in members]
            rounds.append([self.sign([vote], member) for vote, member in votes])
        load = self.run.fixture.load(Recipe(count=self.count, signers=self.count, salt=140)).part(0, self.count)

        def vote(number: int) -> float:
            return self.rate(rounds[number])

        def verify(_number: int) -> float:
            return self.count / verify_batches(self.run.ledger, [load], self.plan.threads)

        self.rate(rounds[-1])
        rates, signatures = interleaved(self.plan.rounds, vote, verify)
        ratio = median_ratio(rates, signatures)
        return Finding(
            row=14,
            what=f"votes of {self.count:,} members, a signature each",
            value=statistics.median(rates),
            unit="votes/s",
            ratio=ratio,
            beside=f"signatures alone: {statistics.median(signatures):,.0f}/s",
            target="≥ 0.60",
            met=ratio >= 0.60,
        )

    def opening(self) -> Finding:
        """How long one snapshot takes until it is durable."""
        seconds = []
        for number in range(_SNAPSHOTS):
            signed = self.sign([Snapshot(asset=self.run.asset, until=TIME_MS + _MONTH_MS + number)], _CHAIR)
            began = clock()
            self.run.ledger.apply([signed], time=TIME_MS).raise_for_status()
            seconds.append(clock() - began)
        milliseconds = statistics.median(seconds) * 1_000
        return Finding(
            row=14,
            what=f"a snapshot of {self.run.fixture.accounts:,} holders, until it is durable",
            value=milliseconds,
            unit="ms",
            target="< 1 ms",
            met=milliseconds < 1,
        )

    def transfers(self, without: Run) -> Finding:
        """Transfers while the snapshots live, which save each balance the first time, beside some without."""
        load = [
            self.run.fixture.load(Recipe(count=self.plan.transfers, signers=self.run.fixture.accounts, salt=salt))
            for salt in range(self.plan.rounds + 1)
        ]

        def rate_of(run: Run) -> Callable[[int], float]:
            def rate(number: int) -> float:
                applied = apply_batches(run.ledger, load[number].batches(self.plan.batch), self.plan.threads)
                assert applied.count == self.plan.transfers
                return applied.count / applied.seconds

            return rate

        with_snapshots, plain = rate_of(self.run), rate_of(without)
        for rate in (with_snapshots, plain):
            rate(self.plan.rounds)
        rates, others = interleaved(self.plan.rounds, with_snapshots, plain)
        ratio = median_ratio(rates, others)
        return Finding(
            row=14,
            what=f"transfers while {_SNAPSHOTS} snapshots live",
            value=statistics.median(rates),
            unit="transfers/s",
            ratio=ratio,
            beside=f"without: {statistics.median(others):,.0f}/s",
            target="≥ 0.70",
            met=ratio >= 0.70,
        )

    def collecting(self) -> Finding:
        """Parts of a distribution to all holders, many in a transaction, beside payments to as many who had nothing."""
        accounts, payees, rounds = self.run.fixture.accounts, self.plan.payees, self.plan.rounds
        number = asset_record(self.run.ledger, self.run.asset).snapshots_taken
        supply = 3 * self.run.ledger.supply(self.run.asset)
        assets = [asset_id(ISSUER.account, symbol) for symbol in ("DIVIDEND", "PAYOUT")]
        begin: list[Operation] = []
        for symbol, asset in zip(("DIVIDEND", "PAYOUT"), assets, strict=True):
            powers = Powers(mint=ISSUER.account)
            begin += [
                Create(issuer=ISSUER.account, symbol=symbol, decimals=0, supply_cap=supply, powers=powers),
                Mint(asset=asset, to=ISSUER.account, amount=supply),
            ]
        distribute = Distribute(
            fund=ISSUER.account,
            salt=bytes(16),
            asset=assets[0],
            basis=SnapshotBasis(asset=self.run.asset, number=number),
            deadline=TIME_MS + _MONTH_MS,
            leftover=ISSUER.account,
        )
        self.apply([[*begin, distribute]])
        distribution = distribution_id(ISSUER.account, bytes(16))
        ids = self.run.fixture.account_ids
        pages = [
            [ids[place] for place in range(first, min(first + payees, accounts))]
            for first in range(0, accounts, payees)
        ]
        collects = [
            self.sign([Collect(distribution=distribution, parts=[Part(of=account) for account in page])], _CHAIR)
            for page in pages
        ]
        pays = [
            self.sign([Pay(asset=assets[1], sender=ISSUER.account, payees=[Payee(each, 3) for each in page])], _CHAIR)
            for page in pages
        ]
        share = max(1, len(pages) // rounds)

        def rate_of(signed: Sequence[bytes]) -> Callable[[int], float]:
            return lambda number: payees * self.rate(signed[number * share : (number + 1) * share])

        rates, others = interleaved(rounds, rate_of(collects), rate_of(pays))
        ratio = median_ratio(rates, others)
        return Finding(
            row=14,
            what=f"parts of a distribution to {accounts:,} holders, {payees:,} in a transaction",
            value=statistics.median(rates),
            unit="parts/s",
            ratio=ratio,
            beside=f"one signature for {payees:,} payees who had nothing: {statistics.median(others):,.0f}/s",
        )

    def rate(self, transactions: Sequence[bytes]) -> float:
        """Transactions a second, from several threads, until all are durable."""
        threads = self.plan.threads
        batch = max(1, -(-len(transactions) // threads))
        batches = [framed(transactions[start : start + batch]) for start in range(0, len(transactions), batch)]
        applied = apply_batches(self.run.ledger, batches, threads)
        assert applied.count == len(transactions), f"{len(transactions):,} sent, {applied.count:,} applied"
        return applied.count / applied.seconds

    def apply(self, transactions: Sequence[Sequence[Operation]], signer: Key | Signer = _CHAIR) -> None:
        """Apply what has to be there before anything is measured."""
        signed = [self.sign(operations, signer) for operations in transactions]
        self.run.ledger.apply(signed, time=TIME_MS).raise_for_status()

    def sign(self, operations: Sequence[Operation], signer: Key | Signer) -> bytes:
        """A transaction with a nonce of its own."""
        self.serial += 1
        nonce = self.serial.to_bytes(16, "big")
        return bytes(Transaction(self.run.ledger.id, operations, valid_until=VALID_UNTIL_MS, nonce=nonce).sign(signer))
