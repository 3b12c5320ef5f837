"""Loyalty programmes: earn, pending points, redeem, refund, campaigns, what expires, coalitions."""

from __future__ import annotations

from counterfoil.brands.coalition import Coalition
from counterfoil.brands.programme import Campaign, Earning, Expiring, Liability, Programme, Redemption

__all__ = ["Campaign", "Coalition", "Earning", "Expiring", "Liability", "Programme", "Redemption"]
