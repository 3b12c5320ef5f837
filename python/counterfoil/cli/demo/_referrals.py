"""Who brought whom: an edge on the ledger, and once a bonus for both, out of a campaign that the brand funds."""

from __future__ import annotations

from collections import defaultdict

from counterfoil.cli.demo._data import Purchase
from counterfoil.cli.demo._rules import BONUS, brought_by, referrals
from counterfoil.cli.demo._shop import Shop
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS, VALID_MS, chunks
from counterfoil.ops import (
    Attest,
    Burn,
    CampaignTerms,
    Cap,
    Claim,
    CloseCampaign,
    Edge,
    EdgeKind,
    Mint,
    OpenCampaign,
    Operation,
    Requirement,
    Role,
    Schema,
    SignedSlip,
    Slip,
    campaign_id,
    schema_id,
    sign_slip,
)

_SALT = bytes(16)
_NAME = "referral"
_BRAND_ROLE = 2
_SLIPS = 100
_EDGES = 200


class Referrals:
    """Referrals.

    Attributes:
        first: Each customer's first purchase, in the order of dates.
        brought: Who brought whom: the new customer's number, and the other's.
        schema: The edges, from the new customer to the other. Only the brand attests them.
        campaign: The campaign that pays the bonus.
        budget: What it was funded with.
    """

    def __init__(self, shop: Shop, first: dict[int, Purchase]) -> None:
        """Begin; nothing is applied yet."""
        self.shop, self.first = shop, first
        self.brought = referrals(first)
        self.schema = schema_id(shop.brand, _NAME)
        self.campaign = campaign_id(shop.brand, _SALT)
        # More than the rule can ask for, by a bonus at least: something is always left at the end.
        self.budget = BONUS * (1 + sum(brought_by(customer) is not None for customer in first))
        self._by_day: defaultdict[int, list[Purchase]] = defaultdict(list)
        for customer in self.brought:
            self._by_day[first[customer].day].append(first[customer])

    def open(self) -> None:
        """Say what a referral is, and fund the campaign: half of each bonus is the new customer's, half the other's."""
        shop, time = self.shop, self.shop.first_day * DAY_MS
        schema = Schema(creator=shop.brand, name=_NAME, content=EdgeKind(), issuers=[shop.brand])
        ends = (shop.last_day + 1) * DAY_MS
        terms = CampaignTerms(
            roles=[Role(bps=5_000), Role(bps=5_000), Role(shop.brand, signs=True)],
            claim_max=BONUS,
            ends=ends,
            eligible=Requirement(self.schema, shop.brand),
            member_cap=Cap(units=BONUS, claims=1, window_ms=ends - time),
        )
        mint = Mint(asset=shop.points, to=shop.brand, amount=self.budget)
        opening = OpenCampaign(owner=shop.brand, salt=_SALT, asset=shop.points, amount=self.budget, terms=terms)
        shop.work.do(time, [([schema], shop.two_owners), ([mint, opening], shop.two_owners)])
        shop.books.mint(shop.brand, shop.first_day, self.budget)
        shop.books.fund(self.campaign, self.budget)

    def edge(self, customer: int, friend: int) -> Attest:
        """What the brand says of a customer: who brought it."""
        to = Edge(self.shop.member(friend).account)
        subject = self.shop.member(customer).account
        return Attest(schema=self.schema, issuer=self.shop.brand, subject=subject, content=to)

    def slip(self, purchase: Purchase, friend: int, time: int, *, nonce: bytes = bytes(16)) -> SignedSlip:
        """The slip for a first purchase, which two owners sign. One nonce for all: each customer has one bonus."""
        shop = self.shop
        slip = Slip(
            nonce=nonce,
            valid_until=time + VALID_MS,
            amount=BONUS,
            parties=[shop.member(purchase.customer).account, shop.member(friend).account],
            reference=shop.order(purchase),
        )
        signatures = [
            sign_slip(slip, owner.key, role=_BRAND_ROLE, ledger=shop.work.ledger_id, campaign=self.campaign)
            for owner in shop.two_owners
        ]
        return SignedSlip(slip, signatures)

    def pay(self, day: int) -> None:
        """After the first purchases of a day: `attest` who brought them, and `claim` the bonus, all slips together."""
        new = self._by_day.get(day, [])
        if not new:
            return
        shop, time = self.shop, day * DAY_MS + 14 * HOUR_MS
        edges: list[Operation] = [self.edge(one.customer, self.brought[one.customer]) for one in new]
        shop.work.do(time - HOUR_MS, [(part, shop.two_owners) for part in chunks(edges, _EDGES)])
        slips = [self.slip(one, self.brought[one.customer], time) for one in new]
        # The owners signed the slips, so that anybody may hand them in.
        claims = [
            ([Claim(campaign=self.campaign, slips=slips[start : start + _SLIPS])], [shop.cashiers[0]])
            for start in range(0, len(slips), _SLIPS)
        ]
        shop.work.do(time, claims)
        for one in new:
            accounts = (shop.member(one.customer).account, shop.member(self.brought[one.customer]).account)
            shop.books.bonus(self.campaign, day, dict.fromkeys(accounts, BONUS // 2))

    def close(self, day: int) -> None:
        """The campaign ends, and what is left of it is destroyed: `close_campaign` and `burn`."""
        shop = self.shop
        left = shop.ledger.balance(shop.points, self.campaign)
        close = CloseCampaign(campaign=self.campaign)
        burn = Burn(asset=shop.points, sender=shop.brand, amount=left)
        shop.work.do(day * DAY_MS + 22 * HOUR_MS, [([close, burn], shop.two_owners)])
        shop.books.close(self.campaign, day)
        shop.books.burn(shop.brand, day, left)
