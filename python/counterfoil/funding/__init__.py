"""Raises with a goal and a deadline, tips of one line, and rounds that match what was given to projects."""

from __future__ import annotations

from counterfoil._batches import Closed
from counterfoil.funding.matching import MatchingRound, given, pledged, recompute
from counterfoil.funding.milestones import BackersVote, Milestone
from counterfoil.funding.raising import Budget, MilestoneBudget, Pledge, Raise, Referred
from counterfoil.funding.tip import tip, tips

__all__ = [
    "BackersVote",
    "Budget",
    "Closed",
    "MatchingRound",
    "Milestone",
    "MilestoneBudget",
    "Pledge",
    "Raise",
    "Referred",
    "given",
    "pledged",
    "recompute",
    "tip",
    "tips",
]
