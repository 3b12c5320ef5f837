"""What every contender is to the comparison: it starts, applies transfers, shows what it holds, and closes."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from multiprocessing.pool import Pool
    from pathlib import Path

    from benches.compare.transfers import Layout


class Absent(Exception):  # noqa: N818 - no error: the contender is not on this machine
    """The contender cannot be measured here; the message is the reason."""


class Refusal(enum.Enum):
    """Why a transfer was not applied."""

    SIGNATURE = "its sender did not sign it"
    REPLAY = "it was applied before"
    FUNDS = "its sender has too little"
    ACCOUNT = "an account is not known"


@dataclass(frozen=True)
class Does:
    """What a contender does of what a ledger does, and in words what it does not.

    Attributes:
        signatures: It checks each transfer's signature.
        proofs: It proves a balance against a root.
        history: It proves that a transfer was applied, and that later states follow from earlier ones.
        durable: What it has acknowledged is on disk.
        replay: It applies a transfer once, however often it comes.
        in_process: It runs inside a Python process.
        lacks: Sentences about what it leaves out.
    """

    signatures: bool
    proofs: bool
    history: bool
    durable: bool
    replay: bool
    in_process: bool
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Opening:
    """What every contender begins with.

    Attributes:
        accounts: The accounts, which are public keys.
        amount: What each of them has.
        ledger: The folder of the Counterfoil ledger in which they have it.
        layout: How the transfers are encoded, which are signed for this ledger.
        batch: How many transfers are stored in one go.
        workers: Processes that verify signatures for those who have nothing of their own for that.
    """

    accounts: list[bytes]
    amount: int
    ledger: Path
    layout: Layout
    batch: int
    workers: Pool

    def batches(self, items: list[Any]) -> list[list[Any]]:
        """Cut what is to be applied into batches."""
        return [items[first : first + self.batch] for first in range(0, len(items), self.batch)]


@dataclass(frozen=True)
class Holds:
    """What a contender holds in the end.

    Attributes:
        balances: Of every account.
        root: The root of its authenticated state; None if it has none.
        rebuilt_root: The root that the same balances give when the state is built anew.
        proofs: How many proofs were made and verified.
    """

    balances: dict[bytes, int]
    root: bytes | None = None
    rebuilt_root: bytes | None = None
    proofs: int = 0


class Contender(ABC):
    """One of those that are compared."""

    key: ClassVar[str]
    name: ClassVar[str]
    does: ClassVar[Does]

    @abstractmethod
    def start(self, folder: Path, opening: Opening) -> None:
        """Fund the accounts, in a new folder.

        Raises:
            Absent: It is not on this machine.
        """

    @property
    @abstractmethod
    def version(self) -> str:
        """Of what it is made, and how it is set."""

    def prepare(self, transactions: list[bytes]) -> Any:  # noqa: ANN401 - what `apply` takes
        """What it would have been handed, made from the signed transactions. Not timed."""
        return transactions

    @abstractmethod
    def apply(self, prepared: Any) -> Any:  # noqa: ANN401
        """Apply transfers, and return when all are acknowledged. Timed."""

    def refused(self, answer: Any) -> dict[int, Refusal]:  # noqa: ANN401
        """Which positions were refused, from what `apply` returned. Not timed."""
        return dict(answer)

    def settle(self) -> None:  # noqa: B027 - most leave nothing for later
        """Finish what it does later, so that it does not disturb the others. Timed apart."""

    @abstractmethod
    def check(self) -> Holds:
        """Show what it holds. Nothing is applied after this.

        Raises:
            AssertionError: It contradicts itself.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of everything. May be called twice, and after a `start` that failed."""
