"""The operations of a transaction that was applied, those of a proposal that it executed among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.ops import Execute
from counterfoil.verify import Executed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterfoil.ops import Operation
    from counterfoil.verify import Effect


def steps(operations: Iterable[Operation], effects: Iterable[Effect]) -> Iterator[tuple[Operation, Effect]]:
    """Each operation with what it did; in place of an `execute`, its actions."""
    for operation, effect in zip(operations, effects, strict=True):
        if isinstance(operation, Execute) and isinstance(effect, Executed):
            yield from zip(operation.actions, effect.effects, strict=True)
        else:
            yield operation, effect
