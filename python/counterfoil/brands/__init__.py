"""Loyalty programmes: earn, pending points, redeem, refund, campaigns, what expires, what is owed."""

from __future__ import annotations

from counterfoil.brands.programme import Campaign, Earning, Expiring, Liability, Programme, Redemption

__all__ = ["Campaign", "Earning", "Expiring", "Liability", "Programme", "Redemption"]
