"""Loyalty programmes: earn, pending points, redeem, refund, campaigns, what expires, coalitions, tiers, referrals."""

from __future__ import annotations

from counterfoil.brands.campaign import Campaign, Earning
from counterfoil.brands.coalition import Coalition, PartnerMonth, Statement
from counterfoil.brands.lapsing import Expiring
from counterfoil.brands.programme import Liability, Programme, Redemption
from counterfoil.brands.referrals import Rank, Referral, Referrals, Reward, Rewards
from counterfoil.brands.tiers import Level, Progress, Review, Tiers

__all__ = [
    "Campaign",
    "Coalition",
    "Earning",
    "Expiring",
    "Level",
    "Liability",
    "PartnerMonth",
    "Programme",
    "Progress",
    "Rank",
    "Redemption",
    "Referral",
    "Referrals",
    "Review",
    "Reward",
    "Rewards",
    "Statement",
    "Tiers",
]
