"""What the families cost beside a transfer, a transaction each: row 12.

Their transactions are made while the fixture is warm and are not timed. Each round has its own; what one round's holds
and campaigns are, its settlements and claims find.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from counterfoil import Key
from counterfoil._load import framed
from counterfoil.ops import (
    After,
    Attest,
    CampaignTerms,
    Claim,
    Create,
    Design,
    GiveItem,
    Hold,
    Integer,
    IntegerRange,
    IssueItem,
    Item,
    Items,
    Mint,
    OpenCampaign,
    Operation,
    Pay,
    Payee,
    Powers,
    Redeem,
    Refund,
    Role,
    Schema,
    Settle,
    Share,
    SignedSlip,
    Slip,
    Terms,
    Transfer,
    asset_id,
    campaign_id,
    hold_id,
    schema_id,
    sign_slip,
)
from counterfoil.wire import Transaction

from benches.fixture import ISSUER, TIME_MS, VALID_UNTIL_MS, Recipe, Run, running, seed_of
from benches.measure import Finding, Plan, Result, apply_batches, interleaved, median_ratio, verify_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SLOWEST = 1 / 3
"""No family's transaction may take three times as long as a transfer without a reason written down."""
_KINDS = ("hold", "settle", "claim", "attest", "redeem", "refund", "give_item")
_SLIPS = 300
_SUPPLY = 10**18
_EDITIONS = 2**32 - 1
_DAY_MS = 86_400_000


def families(plan: Plan, accounts: int) -> Result:
    """A transaction of each family beside a transfer, and slips by the hundred beside their signatures."""
    with running(plan.folder, accounts) as run:
        made = _Made(run, rounds=plan.rounds, count=max(2 * _SLIPS, plan.transfers // 50))
        names = ("transfer", *_KINDS)
        rates = dict(zip(names, interleaved(plan.rounds, *[made.rate(plan, name) for name in names]), strict=True))
        slips, signatures = interleaved(plan.rounds, made.slips(plan), made.signatures(plan))
        ratio = median_ratio(slips, signatures)
        findings = [_finding(name, rates[name], rates["transfer"]) for name in _KINDS]
        findings.append(
            Finding(
                row=12,
                what=f"claims, {_SLIPS} in a transaction, a signature each",
                value=statistics.median(slips),
                unit="claims/s",
                ratio=ratio,
                beside=f"signatures alone: {statistics.median(signatures):,.0f}/s",
            )
        )
        return Result(findings, [run.check()])


class _Made:
    """Transactions of every kind, signed before anything is measured."""

    def __init__(self, run: Run, *, rounds: int, count: int) -> None:
        self.run, self.count = run, count
        self.members = [Key.from_seed(seed_of(number)) for number in range(min(count, run.fixture.accounts))]
        self.asset = asset_id(ISSUER.account, "FAMILY")
        self.schema = schema_id(ISSUER.account, "bench")
        self.collection = asset_id(ISSUER.account, "ITEM")
        self.serial = self.editions = 0
        self.before: list[bytes] = []
        """What must be there before the rounds: holds to settle, redemptions to refund, items to give."""
        salt = b"families".ljust(16, b"\0")
        self.campaign = campaign_id(ISSUER.account, salt)
        terms = CampaignTerms(
            roles=[Role(bps=10_000), Role(ISSUER.account, signs=True)], claim_max=1, ends=TIME_MS + _DAY_MS
        )
        powers = Powers(mint=ISSUER.account)
        begin: list[Operation] = [
            Create(issuer=ISSUER.account, symbol="FAMILY", decimals=0, supply_cap=_SUPPLY, powers=powers),
            Create(
                issuer=ISSUER.account, symbol="ITEM", decimals=0, supply_cap=_SUPPLY, policy=[Items()], powers=powers
            ),
            Design(asset=self.collection, design=1, editions=_EDITIONS),
            Schema(creator=ISSUER.account, name="bench", content=IntegerRange(-10, 10)),
            Mint(asset=self.asset, to=ISSUER.account, amount=_SUPPLY // 2),
            OpenCampaign(owner=ISSUER.account, salt=salt, asset=self.asset, amount=_SUPPLY // 4, terms=terms),
        ]
        self._apply([self._sign(begin, ISSUER)])
        funds = [Payee(member.account, 1_000) for member in self.members]
        self._apply(
            [
                self._sign([Pay(asset=self.asset, sender=ISSUER.account, payees=funds[start : start + 1_000])], ISSUER)
                for start in range(0, len(funds), 1_000)
            ]
        )
        self.transactions = {
            name: [[getattr(self, f"_{name}")(number, place) for place in range(count)] for number in range(rounds)]
            for name in ("transfer", *_KINDS)
        }
        self._apply(self.before)
        batches = max(1, count // _SLIPS)
        self.batched = [[self._batch(number, place) for place in range(batches)] for number in range(rounds)]

    def rate(self, plan: Plan, name: str) -> Callable[[int], float]:
        """Transactions a second, by round."""

        def rate(number: int) -> float:
            return self._apply(self.transactions[name][number], plan)

        return rate

    def slips(self, plan: Plan) -> Callable[[int], float]:
        """Claims a second, many in a transaction."""

        def rate(number: int) -> float:
            return _SLIPS * self._apply(self.batched[number], plan)

        return rate

    def signatures(self, plan: Plan) -> Callable[[int], float]:
        """Signatures a second, verified and no more."""
        load = self.run.fixture.load(Recipe(count=self.count, signers=len(self.members), salt=90)).part(0, self.count)

        def rate(_number: int) -> float:
            return self.count / verify_batches(self.run.ledger, [load], plan.threads)

        return rate

    def _apply(self, transactions: Sequence[bytes], plan: Plan | None = None) -> float:
        threads = 1 if plan is None else plan.threads
        batch = max(1, -(-len(transactions) // threads))
        batches = [framed(transactions[start : start + batch]) for start in range(0, len(transactions), batch)]
        applied = apply_batches(self.run.ledger, batches, threads)
        assert applied.count == len(transactions), f"{len(transactions):,} sent, {applied.count:,} applied"
        return applied.count / applied.seconds

    def _sign(self, operations: Sequence[Operation], *signers: Key) -> bytes:
        self.serial += 1
        nonce = self.serial.to_bytes(16, "big")
        return bytes(
            Transaction(self.run.ledger.id, operations, valid_until=VALID_UNTIL_MS, nonce=nonce).sign(*signers)
        )

    def _member(self, place: int) -> Key:
        return self.members[place % len(self.members)]

    def _number(self, number: int, place: int) -> bytes:
        return (number * self.count + place).to_bytes(16, "big")

    def _transfer(self, _number: int, place: int) -> bytes:
        sender, to = self._member(place), self._member(place + 1)
        return self._sign([Transfer(asset=self.asset, sender=sender.account, to=to.account, amount=1)], sender)

    def _hold(self, number: int, place: int) -> bytes:
        return self._held(self._number(number, place), place)

    def _held(self, salt: bytes, place: int) -> bytes:
        payer, payee = self._member(place), self._member(place + 1)
        terms = Terms(settle_if=After(0), payees=[Share(payee.account)], deadline=TIME_MS + _DAY_MS)
        return self._sign([Hold(payer=payer.account, salt=salt, asset=self.asset, amount=1, terms=terms)], payer)

    def _settle(self, number: int, place: int) -> bytes:
        payer, salt = self._member(place), b"s" + self._number(number, place)[1:]
        self.before.append(self._held(salt, place))
        return self._sign([Settle(hold=hold_id(payer.account, salt))], payer)

    def _slip(self, member: Key, nonce: bytes) -> SignedSlip:
        slip = Slip(nonce=nonce, valid_until=VALID_UNTIL_MS, amount=1, parties=[member.account])
        ledger = self.run.ledger.id
        return SignedSlip(slip, [sign_slip(slip, ISSUER, role=1, ledger=ledger, campaign=self.campaign)])

    def _claim(self, number: int, place: int) -> bytes:
        member = self._member(place)
        slip = self._slip(member, self._number(number, place))
        return self._sign([Claim(campaign=self.campaign, slips=[slip])], member)

    def _batch(self, number: int, place: int) -> bytes:
        nonces = [b"b" + self._number(number, place * _SLIPS + slip)[1:] for slip in range(_SLIPS)]
        slips = [self._slip(self._member(position), nonce) for position, nonce in enumerate(nonces)]
        return self._sign([Claim(campaign=self.campaign, slips=slips)], self._member(place))

    def _attest(self, number: int, place: int) -> bytes:
        issuer, subject = self._member(place), self._member(place + 1)
        nonce = self._number(number, place).ljust(32, b"\0")
        attest = Attest(
            schema=self.schema, issuer=issuer.account, subject=subject.account, nonce=nonce, content=Integer(5)
        )
        return self._sign([attest], issuer)

    def _redeem(self, number: int, place: int) -> bytes:
        return self._redemption(self._number(number, place).ljust(32, b"\0"), place)

    def _redemption(self, order: bytes, place: int) -> bytes:
        member = self._member(place)
        redeem = Redeem(asset=self.asset, sender=member.account, at=ISSUER.account, order=order, amount=1)
        return self._sign([redeem], member)

    def _refund(self, number: int, place: int) -> bytes:
        order = (b"r" + self._number(number, place)).ljust(32, b"\0")
        self.before.append(self._redemption(order, place))
        refund = Refund(asset=self.asset, sender=self._member(place).account, order=order, amount=1)
        return self._sign([refund], ISSUER)

    def _give_item(self, _number: int, place: int) -> bytes:
        sender, to = self._member(place), self._member(place + 1)
        self.before.append(self._sign([IssueItem(asset=self.collection, design=1, to=sender.account)], ISSUER))
        self.editions += 1
        item = Item(design=1, edition=self.editions)
        return self._sign([GiveItem(asset=self.collection, item=item, sender=sender.account, to=to.account)], sender)


def _finding(kind: str, rates: Sequence[float], transfers: Sequence[float]) -> Finding:
    ratio = median_ratio(rates, transfers)
    return Finding(
        row=12,
        what=f"{kind}, a transaction each",
        value=statistics.median(rates),
        unit="transactions/s",
        ratio=ratio,
        beside=f"transfers made the same way: {statistics.median(transfers):,.0f}/s",
        target=f"≥ {_SLOWEST:.2f}",
        met=ratio >= _SLOWEST,
    )
