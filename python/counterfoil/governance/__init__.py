"""Governance: recounts of proposals, in integers that anybody recomputes."""

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

__all__ = [
    "Round",
    "RunOff",
    "Tally",
    "Verdict",
    "count_approval",
    "count_ranked",
    "count_yes_no",
    "decide",
    "quorum_units",
    "root_weight",
    "run_off",
    "split",
    "support_units",
    "threshold_units",
]
