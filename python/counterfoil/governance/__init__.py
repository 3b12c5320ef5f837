"""Governance: communities that decide by vote; recounts, scores of forecasts, quadratic matching in integers."""

from __future__ import annotations

from counterfoil.governance._ballot_export import export_ballots, write_ballots
from counterfoil.governance.ballots import Recount, Votes, verify_ballots
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
from counterfoil.governance.dividends import Surplus, patronage, surplus
from counterfoil.governance.forecast import Forecast, ForecastReport, Payout, Pool, Stake
from counterfoil.governance.ideas import Idea, Ideas, Shortlist, Submitted, idea_hash, ideas_bundle, recompute_shortlist
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
from counterfoil.governance.proposal import STATES, Proposal, Standing, title_hash
from counterfoil.governance.scores import Prediction, brier, in_parts, ln, log_score, peer_scores

__all__ = [
    "STATES",
    "Change",
    "Community",
    "Contribution",
    "Forecast",
    "ForecastReport",
    "ForecastScores",
    "Idea",
    "Ideas",
    "Matching",
    "Payout",
    "Pool",
    "Prediction",
    "Proposal",
    "Recount",
    "Round",
    "RunOff",
    "Shortlist",
    "Stake",
    "Standing",
    "Submitted",
    "Surplus",
    "Tally",
    "Verdict",
    "Votes",
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
    "export_ballots",
    "fan_club",
    "forecast_bundle",
    "idea_hash",
    "ideas_bundle",
    "in_parts",
    "inputs_hash",
    "ln",
    "log_score",
    "match",
    "one_member_one_vote",
    "patronage",
    "peer_scores",
    "quadratic",
    "quorum_units",
    "ranked",
    "recompute_scores",
    "recompute_shortlist",
    "root_weight",
    "run_off",
    "sealed",
    "split",
    "support_units",
    "surplus",
    "threshold_units",
    "title_hash",
    "verify_ballots",
    "voting_rule",
    "write_ballots",
]
