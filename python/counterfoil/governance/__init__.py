"""Governance: communities that decide by vote; recounts, scores of forecasts, quadratic matching in integers."""

from __future__ import annotations

from counterfoil.governance.changes import Change, changes_of
from counterfoil.governance.community import Community
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
from counterfoil.governance.forecast import Forecast, ForecastReport, Payout, Pool, Stake
from counterfoil.governance.matching import Contribution, Matching, inputs_hash, match
from counterfoil.governance.predictions import ForecastScores, forecast_bundle, recompute_scores
from counterfoil.governance.presets import (
    approval,
    brand_club,
    by_backers,
    by_units,
    cooperative,
    council,
    fan_club,
    one_member_one_vote,
    quadratic,
    ranked,
    sealed,
    voting_rule,
)
from counterfoil.governance.proposal import Proposal, Standing, title_hash
from counterfoil.governance.scores import Prediction, brier, in_parts, ln, log_score, peer_scores

__all__ = [
    "Change",
    "Community",
    "Contribution",
    "Forecast",
    "ForecastReport",
    "ForecastScores",
    "Matching",
    "Payout",
    "Pool",
    "Prediction",
    "Proposal",
    "Round",
    "RunOff",
    "Stake",
    "Standing",
    "Tally",
    "Verdict",
    "approval",
    "brand_club",
    "brier",
    "by_backers",
    "by_units",
    "changes_of",
    "cooperative",
    "council",
    "count_approval",
    "count_ranked",
    "count_yes_no",
    "decide",
    "fan_club",
    "forecast_bundle",
    "in_parts",
    "inputs_hash",
    "ln",
    "log_score",
    "match",
    "one_member_one_vote",
    "peer_scores",
    "quadratic",
    "quorum_units",
    "ranked",
    "recompute_scores",
    "root_weight",
    "run_off",
    "sealed",
    "split",
    "support_units",
    "threshold_units",
    "title_hash",
    "voting_rule",
]
