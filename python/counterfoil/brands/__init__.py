"""Loyalty programmes: earn, pending points, redeem, refund, campaigns, what expires, coalitions."""

from __future__ import annotations

from counterfoil.brands.campaign import Campaign, Earning
from counterfoil.brands.coalition import Coalition, PartnerMonth, Statement
from counterfoil.brands.lapsing import Expiring
from counterfoil.brands.programme import Liability, Programme, Redemption

__all__ = [
    "Campaign",
    "Coalition",
    "Earning",
    "Expiring",
    "Liability",
    "PartnerMonth",
    "Programme",
    "Redemption",
    "Statement",
]
