"""What actions of a proposal would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.history import Records
    from counterfoil.ops import Operation

__all__ = ["Change", "changes_of"]


@dataclass(frozen=True, slots=True)
class Change:
    """A thing that would change.

    Attributes:
        what: The thing.
        before: What it is; None: there is none.
        after: What it would be; None: there would be none.
        option: By which option of the proposal.
    """

    what: str
    before: str | None
    after: str | None
    option: int = 0

    def __str__(self) -> str:
        """A line."""
        return f"{self.what}: {self.before or 'nothing'} → {self.after or 'nothing'}"


def changes_of(ledger: Records, actions: Sequence[Operation], *, account: bytes, option: int = 0) -> list[Change]:
    """What actions would change, in order."""
    return [Change(action.wire_name, None, str(action), option) for action in actions]
