"""Raises with a goal and a deadline: pledges, milestones, referrals, a live budget; and tips of one line."""

from __future__ import annotations

from counterfoil.funding.milestones import BackersVote, Milestone
from counterfoil.funding.raising import Budget, Closed, MilestoneBudget, Pledge, Raise, Referred
from counterfoil.funding.tip import tip, tips

__all__ = [
    "BackersVote",
    "Budget",
    "Closed",
    "Milestone",
    "MilestoneBudget",
    "Pledge",
    "Raise",
    "Referred",
    "tip",
    "tips",
]
