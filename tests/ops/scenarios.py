"""Every scenario of every family: name to story and ending."""

from tests.ops import (
    scenarios_account,
    scenarios_asset,
    scenarios_attest,
    scenarios_campaign,
    scenarios_common,
    scenarios_constitution,
    scenarios_distribute,
    scenarios_hold,
    scenarios_items,
    scenarios_ledger,
    scenarios_move,
    scenarios_policy,
    scenarios_proposal,
    scenarios_resolution,
)
from tests.ops.play import SCENARIOS, Play, Scenario, World

FAMILIES = (
    scenarios_common,
    scenarios_account,
    scenarios_asset,
    scenarios_items,
    scenarios_policy,
    scenarios_move,
    scenarios_hold,
    scenarios_campaign,
    scenarios_attest,
    scenarios_constitution,
    scenarios_proposal,
    scenarios_resolution,
    scenarios_distribute,
    scenarios_ledger,
)

__all__ = ["FAMILIES", "SCENARIOS", "Play", "Scenario", "World"]
