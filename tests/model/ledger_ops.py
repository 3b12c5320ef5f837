"""Family 10, ledger: the parameters and who may set them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.account import authority
from tests.model.state import (
    PARAMETERS,
    Context,
    State,
    ascending,
    operation,
    record_id,
    refuse_if,
    statuses,
)

if TYPE_CHECKING:
    from tests.model.borsh import Value

CREATORS_MAX = 64

statuses(10, "invalid_parameters not_governed")


def parameters_valid(parameters: Value) -> bool:
    """The bounds of formats.md, Genesis."""
    creators = parameters.asset_creators
    return (
        1_000 <= parameters.window_ms <= 86_400_000
        and 1_024 <= parameters.transaction_bytes_max <= 60_000
        and 1 <= parameters.operations_max <= 1_000
        and (
            creators.kind == "anyone" or (1 <= len(creators.accounts) <= CREATORS_MAX and ascending(creators.accounts))
        )
    )


def _check(op: Value) -> None:
    refuse_if(not parameters_valid(op.parameters), "invalid_parameters")


def _set_parameters(ctx: Context, op: Value) -> None:
    governor = ctx.parameters.governor
    refuse_if(governor is None, "not_governed")
    authority(ctx, governor, 0xA0)
    ctx.state.put("parameters", record_id("parameters"), PARAMETERS.write(op.parameters))


operation(0xA0, "set_parameters", _check, _set_parameters, parameters=PARAMETERS)


def check_invariants(state: State, _time: int) -> None:
    """What always holds of this family's table."""
    ((total, value),) = state.records("parameters").values()
    assert total == 0
    assert parameters_valid(PARAMETERS.decode(value))
