"""Loyalty programmes: earn, pending points, redeem, refund, campaigns, what expires, coalitions, tiers."""

from __future__ import annotations

from counterfoil.brands.campaign import Campaign, Earning
from counterfoil.brands.coalition import Coalition, PartnerMonth, Statement
from counterfoil.brands.lapsing import Expiring
from counterfoil.brands.programme import Liability, Programme, Redemption
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
    "Redemption",
    "Review",
    "Statement",
    "Tiers",
]
