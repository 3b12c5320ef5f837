"""How the tests of the packages ask that a call was refused, or changed nothing."""

from __future__ import annotations

import pytest
from counterfoil import Ledger, RejectedError
from counterfoil.ledger import _OPEN


def standing(ledger: Ledger) -> tuple[int, bytes]:
    """What changes with whatever is applied, be it committed yet or not: the log."""
    return ledger.size, ledger.log_root()


def refused(status: str, call, *args, **kwargs) -> None:
    """The call is refused with this status, and nothing was applied to any ledger that is open."""
    before = {ledger: standing(ledger) for ledger in list(_OPEN)}
    with pytest.raises(RejectedError) as caught:
        call(*args, **kwargs)
    assert caught.value.status.name == status
    assert {ledger: standing(ledger) for ledger in before} == before
