"""Governance: recounts of proposals, scores of forecasts, quadratic matching; integers that anybody recomputes."""

from __future__ import annotations

from counterfoil.governance.ballots import Recount, Votes, export_ballots, verify_ballots, write_ballots
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
from counterfoil.governance.scores import Forecast, brier, in_parts, ln, log_score, peer_scores

__all__ = [
    "Contribution",
    "Forecast",
    "Matching",
    "Recount",
    "Round",
    "RunOff",
    "Tally",
    "Verdict",
    "Votes",
    "brier",
    "count_approval",
    "count_ranked",
    "count_yes_no",
    "decide",
    "export_ballots",
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
    "verify_ballots",
    "write_ballots",
]
