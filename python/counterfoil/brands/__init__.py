"""Loyalty programmes: points, campaigns, tiers, referrals, vouchers and gift cards, coalitions; votes of customers."""

from __future__ import annotations

from counterfoil.brands.campaign import Campaign, Earning
from counterfoil.brands.club import terms_club
from counterfoil.brands.coalition import Coalition, PartnerMonth, Statement
from counterfoil.brands.conversion import Conversion, Converted, Quote, Rate
from counterfoil.brands.programme import Liability, Pending, Programme, Redemption
from counterfoil.brands.referrals import Rank, Referral, Referrals, Reward, Rewards
from counterfoil.brands.tiers import Level, Progress, Review, Tiers
from counterfoil.brands.vouchers import GiftCards, Issue, Redeemed, Voucher, Vouchers
from counterfoil.lapsing import Expiring

__all__ = [
    "Campaign",
    "Coalition",
    "Conversion",
    "Converted",
    "Earning",
    "Expiring",
    "GiftCards",
    "Issue",
    "Level",
    "Liability",
    "PartnerMonth",
    "Pending",
    "Programme",
    "Progress",
    "Quote",
    "Rank",
    "Rate",
    "Redeemed",
    "Redemption",
    "Referral",
    "Referrals",
    "Review",
    "Reward",
    "Rewards",
    "Statement",
    "Tiers",
    "Voucher",
    "Vouchers",
    "terms_club",
]
