"""Governance: recounts of proposals, scores of forecasts, quadratic matching; integers that anybody recomputes."""

from __future__ import annotations

from counterfoil.governance.counting import (
    Round,
    RunOff,
    Tally,
    Verdict,
    count_approval,
    count_ranked,
    count_yes_no,
    decide,
    quorum_units,
    root_weight,
    run_off,
    split,
    support_units,
    threshold_units,
)
from counterfoil.governance.matching import Contribution, Matching, inputs_hash, match
from counterfoil.governance.scores import Prediction, brier, in_parts, ln, log_score, peer_scores

__all__ = [
    "Contribution",
    "Matching",
    "Prediction",
    "Round",
    "RunOff",
    "Tally",
    "Verdict",
    "brier",
    "count_approval",
    "count_ranked",
    "count_yes_no",
    "decide",
    "in_parts",
    "inputs_hash",
    "ln",
    "log_score",
    "match",
    "peer_scores",
    "quorum_units",
    "root_weight",
    "run_off",
    "split",
    "support_units",
    "threshold_units",
]
