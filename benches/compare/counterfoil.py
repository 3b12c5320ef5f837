"""Counterfoil itself, with its defaults, as a service would call it."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import TYPE_CHECKING

from counterfoil.ledger import fsck
from counterfoil.status import Status
from counterfoil.verify import ProofError, Verifier

from benches.compare.contender import Contender, Does, Holds, Opening, Refusal
from benches.compare.transfers import Layout
from benches.fixture import FUNDS, OPERATOR, Fixture, reopened

if TYPE_CHECKING:
    from multiprocessing.pool import Pool
    from pathlib import Path

    from counterfoil.ledger import Ledger, Outcomes

CALLERS = 3
"""Threads that call `apply`: while one call is written, the signatures of the next are verified."""
PROVEN_EVERY = 97
REFUSALS = {
    Status.bad_signature: Refusal.SIGNATURE,
    Status.insufficient_funds: Refusal.FUNDS,
}


def opening(folder: Path, fixture: Fixture, batch: int, workers: Pool) -> Opening:
    """Copy the ledger in which the accounts are funded, and for which the transfers are signed."""
    shutil.copytree(fixture.folder / "ledger", folder)
    ids = fixture.account_ids
    accounts = [ids[number] for number in range(fixture.accounts)]
    layout = Layout(fixture.ledger, fixture.asset)
    return Opening(accounts=accounts, amount=FUNDS, ledger=folder, layout=layout, batch=batch, workers=workers)


class Counterfoil(Contender):
    """Batches from a few threads, and a signed checkpoint at the end of each round, which is timed with them."""

    key = "counterfoil"
    name = "Counterfoil"
    does = Does(
        signatures=True,
        proofs=True,
        history=True,
        durable=True,
        replay=True,
        in_process=True,
        lacks=("One writer on one machine.",),
    )

    def __init__(self) -> None:
        """Open nothing yet."""
        self.ledger: Ledger | None = None

    @property
    def version(self) -> str:
        """Of what it is made, and how it is set."""
        backend = self._open.stats()["signature_backend"]
        return f"Counterfoil {version('counterfoil')}, {backend} curve; defaults, {CALLERS} callers"

    def start(self, folder: Path, opening: Opening) -> None:  # noqa: ARG002 - its folder is the funded ledger's
        """Open the funded ledger."""
        self._opening = opening
        self._asset = opening.layout.asset
        self.ledger = reopened(opening.ledger)

    def apply(self, prepared: list[bytes]) -> list[Outcomes]:
        """Apply batches, then sign a checkpoint."""
        ledger, time = self._open, self._open.time
        with ThreadPoolExecutor(CALLERS) as callers:
            batches = self._opening.batches(prepared)
            answer = list(callers.map(lambda batch: ledger.apply(batch, time=time), batches))
        ledger.checkpoint(time=time)
        return answer

    def refused(self, answer: list[Outcomes]) -> dict[int, Refusal]:
        """Read the outcomes."""
        refused = {}
        for position, outcome in enumerate(outcome for outcomes in answer for outcome in outcomes):
            if outcome.duplicate:
                refused[position] = Refusal.REPLAY
            elif not outcome.ok:
                refused[position] = REFUSALS[outcome.status]
        return refused

    @property
    def _open(self) -> Ledger:
        assert self.ledger is not None
        return self.ledger

    def settle(self) -> None:
        """Write the state behind the log."""
        self._open.flush()

    def check(self) -> Holds:
        """Read the balances, prove some of them and one that is not there, and replay the whole log from genesis."""
        ledger, asset = self._open, self._asset
        balances = {account: holding.amount for account, holding in ledger.holders(asset)}
        verifier, proofs = Verifier(ledger.verifier_key), 0
        for account in [*self._opening.accounts[::PROVEN_EVERY], OPERATOR.account]:
            claim = verifier.balance(bytes(ledger.prove_balance(asset, account)), asset=asset, account=account)
            assert claim.amount == balances.get(account, 0)
            assert claim.supply == sum(balances.values())
            proofs += 1
        statement = bytearray(bytes(ledger.prove_balance(asset, OPERATOR.account)))
        statement[-1] ^= 1
        try:
            verifier.balance(bytes(statement))
        except ProofError:
            pass
        else:
            message = "a false statement was taken for proven"
            raise AssertionError(message)
        root = ledger.state_root
        ledger.close()
        rebuilt = fsck(self._opening.ledger, full=True)["state_root"]
        assert isinstance(rebuilt, bytes)
        return Holds(balances, root, rebuilt, proofs)

    def close(self) -> None:
        """Close the ledger."""
        if self.ledger is not None:
            self.ledger.close()
