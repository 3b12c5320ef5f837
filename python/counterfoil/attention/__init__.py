"""Paid attention: an advertiser's budget, receipts that viewer and creator sign, claims in batches, a proven report."""

from __future__ import annotations

from counterfoil.attention.ad import Ad, Claimed
from counterfoil.attention.receipt import AdReceipt
from counterfoil.attention.report import Report, ReportClaim

__all__ = ["Ad", "AdReceipt", "Claimed", "Report", "ReportClaim"]
