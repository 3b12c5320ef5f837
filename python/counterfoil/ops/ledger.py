"""The ledger's own rules. Family 10."""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.ops._operation import Operation, operation
from counterfoil.verify import Parameters

__all__ = ["Parameters", "SetParameters"]


@operation("set_parameters")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetParameters(Operation):
    """Replace the ledger's parameters, from the next transaction on. Signed by the governor.

    Attributes:
        parameters: All of them.

    Statuses: invalid_parameters, not_governed.

    Raises:
        TypeError: A field is of another type.

    >>> SetParameters(parameters=Parameters(window_ms=600_000)).parameters.operations_max
    1000
    """

    parameters: Parameters
