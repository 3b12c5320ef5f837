"""What members deciding and being paid costs: row 14.

Votes, a signature each, beside their signatures alone; the opening of a snapshot; transfers while ten snapshots live
beside transfers without any; and parts of a distribution, collected for members by the thousand, beside payments to as
many payees.
"""

from __future__ import annotations

import hashlib
import statistics
from typing import TYPE_CHECKING

from counterfoil import Key, Signer, _core
from counterfoil._load import SIGN_DOMAIN, TRANSACTION_DOMAIN, Load, framed
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
from counterfoil.verify import tree_key
from counterfoil.wire import Authorizer, Transaction

from benches.fixture import ISSUER, TIME_MS, VALID_UNTIL_MS, Recipe, Run, running, seed_of
from benches.measure import Finding, Plan, Result, apply_batches, clock, interleaved, median_ratio, verify_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SNAPSHOTS = 10
_BATCHES = 3
_MEMORY_BYTES = 1_000_000_000
"""Room for what ten snapshots save of a million balances, beside the balances: as much with them as without."""
_DAY_MS = 86_400_000
_MONTH_MS = 30 * _DAY_MS
_YES = Shares([1, 0, 0])
_CHAIR = Signer(ISSUER.account, ISSUER)
"""The issuer once its account has a record: constitutions are for such accounts."""


def governance(plan: Plan, accounts: int) -> Result:
    """Votes, snapshots and distributions over an asset that everybody holds."""
    memory_bytes = plan.memory_bytes or _MEMORY_BYTES
    with (
        running(plan.folder, accounts, memory_bytes=memory_bytes) as run,
        running(plan.folder, accounts, memory_bytes=memory_bytes) as without,
    ):
        desk = _Desk(run, plan)
        findings = [desk.votes(), desk.opening(), desk.transfers(without)]
        checks = [run.check(), without.check()]
    # A ledger of its own, with the memory that one has unless told otherwise.
    options = {} if plan.memory_bytes is None else {"memory_bytes": plan.memory_bytes}
    with running(plan.folder, accounts, **options) as run:
        findings.append(_Desk(run, plan).collecting())
        return Result(findings, [*checks, run.check()])


class _Desk:
    """The governed account of a run, and what is signed for its members."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.run, self.plan = run, plan
        self.serial = 0
        keys = [KeyGrant(ISSUER.account)]
        self.apply([[SetKeys(account=ISSUER.account, threshold=1, keys=keys)]], ISSUER)

    def votes(self) -> Finding:
        """Votes a second, each of another member, beside the signatures of other votes."""
        rule = Rule(
            electorate=HoldersElectorate(self.run.asset), voting_ms=_DAY_MS, execution_ms=_DAY_MS, snapshot_ms=_DAY_MS
        )
        constitution = Constitution(rules=[rule], articles=[Article(operations=[SetConstitution], rules=[0])])
        self.apply([[SetConstitution(account=ISSUER.account, constitution=constitution)]])
        count, rounds = min(self.run.fixture.accounts, self.plan.transfers), self.plan.rounds
        starts = range(0, count, self.plan.batch)
        proposals = [self._propose(number) for number in range(rounds + 1)]
        made = [
            [self._votes(proposal, start, min(start + self.plan.batch, count)) for start in starts]
            for proposal in proposals
        ]

        def vote(number: int) -> float:
            applied = apply_batches(self.run.ledger, [load.framed for load in made[number]], self.plan.threads)
            assert applied.count == count
            return count / applied.seconds

        def verify(number: int) -> float:
            return count / verify_batches(self.run.ledger, made[(number + 1) % rounds], self.plan.threads)

        vote(rounds)
        rates, signatures = interleaved(rounds, vote, verify)
        ratio = median_ratio(rates, signatures)
        return Finding(
            row=14,
            what=f"votes of {count:,} members, a signature each",
            value=statistics.median(rates),
            unit="votes/s",
            ratio=ratio,
            beside=f"signatures alone: {statistics.median(signatures):,.0f}/s",
            target="≥ 0.60",
            met=ratio >= 0.60,
        )

    def _propose(self, number: int) -> bytes:
        """The id of a proposal that does nothing."""
        salt = number.to_bytes(16, "big")
        propose = Propose(
            account=ISSUER.account, proposer=ISSUER.account, salt=salt, rule=0, title=bytes(32), options=[[]]
        )
        self.apply([[propose]])
        return proposal_id(ISSUER.account, ISSUER.account, salt)

    def _votes(self, proposal: bytes, start: int, stop: int) -> Load:
        """Yes of the members with these numbers: one is encoded, and of the others what differs is put in its place."""
        nonce, voter = b"n" * 16, b"v" * 32
        vote = Vote(proposal=proposal, voter=voter, ballot=_YES)
        authorizers = [Authorizer(account=voter)]
        transaction = Transaction(
            self.run.ledger.id, [vote], valid_until=VALID_UNTIL_MS, nonce=nonce, authorizers=authorizers
        )
        head, rest = bytes(transaction).split(nonce)
        middle, second, tail = rest.split(voter)
        ids = self.run.fixture.account_ids
        bodies, messages = [], []
        for number in range(start, stop):
            self.serial += 1
            parts = (head, self.serial.to_bytes(16, "big"), middle, ids[number], second, ids[number], tail)
            bodies.append(b"".join(parts))
            digest = hashlib.sha256(TRANSACTION_DOMAIN + bodies[-1]).digest()
            messages.append(SIGN_DOMAIN + digest)
        seeds = b"".join(seed_of(number) for number in range(start, stop))
        signatures = _core.sign_messages(seeds, b"".join(messages))
        each = [signatures[place : place + 64] for place in range(0, len(signatures), 64)]
        frames = [body + (1).to_bytes(4, "little") + signature for body, signature in zip(bodies, each, strict=True)]
        keys = b"".join(ids[number] for number in range(start, stop))
        return Load(framed(frames), keys, signatures, b"".join(messages))

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
            what=f"transfers while {_SNAPSHOTS} snapshots live, 1 GB",
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
        number = asset_record(self.run.ledger, self.run.asset).snapshots_taken + 1
        supply = 3 * self.run.ledger.supply(self.run.asset)
        assets = [asset_id(ISSUER.account, symbol) for symbol in ("DIVIDEND", "PAYOUT")]
        begin: list[Operation] = [Snapshot(asset=self.run.asset, until=TIME_MS + _MONTH_MS)]
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
        # In the order of the tree, as `Distribution.collect_all` goes through the holders.
        given = self.run.fixture.account_ids
        ids = sorted((given[place] for place in range(accounts)), key=tree_key)
        pages = [ids[first : first + payees] for first in range(0, accounts, payees)]
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
            target="≥ 500,000/s",
            met=statistics.median(rates) >= 500_000,
        )

    def rate(self, transactions: Sequence[bytes]) -> float:
        """Transactions a second, from several threads, until all are durable."""
        threads = self.plan.threads
        # Several for each thread, so that some are verified while others are applied.
        batch = max(1, -(-len(transactions) // (_BATCHES * threads)))
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
