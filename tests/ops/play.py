"""Scenarios: short stories that end in a status, to be told to the model and to the engine alike.

A scenario is a function of a `Play`, which wraps the `World` under test. It returns what its last `send` returned, and
that must be the status and the operation index that the scenario names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.model import build
from tests.model.account import named_account
from tests.model.asset import asset_id
from tests.model.hold import hold_id
from tests.model.state import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.model.borsh import Value

Result = tuple[str, "int | None"]
"""The name of the status, and the index of the operation that refused."""

START = 1_577_836_800_000 - 12 * 3_600_000
"""Noon of 2019-12-31, UTC. Every scenario begins then."""

HOUR = 3_600_000
DAY = DAY_MS


class World(ABC):
    """A ledger that a scenario is played to.

    It is made with `build.parameters()`, so that the key `governor` governs it, at the time `START`.
    """

    ledger_id: bytes
    time: int

    def key(self, name: str) -> build.Signer:
        """The key of a name."""
        return build.signer(name)

    def set_time(self, time: int) -> None:
        """What is applied from now on is applied at this time."""
        self.time = time

    @abstractmethod
    def apply(self, *signed: bytes) -> list[Result]:
        """Apply transactions, in one batch if the world has batches."""


class Play:
    """A world, and short words for what scenarios do in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.count = 0
        self.accounts: dict[str, bytes] = {}

    def id(self, name: str) -> bytes:
        """The account of a name: one that was opened, else the key account."""
        return self.accounts.get(name) or self.world.key(name).id

    def key(self, name: str) -> bytes:
        """The public key of a name."""
        return self.world.key(name).id

    def later(self, milliseconds: int) -> None:
        """Let time pass."""
        self.world.set_time(self.world.time + milliseconds)

    def unsigned(
        self,
        operations: Sequence[Value],
        by: Sequence[str],
        *,
        version: int = 1,
        ledger: bytes | None = None,
        valid_until: int | None = None,
        nonce: bytes | None = None,
    ) -> Value:
        """A transaction authorized by `account` (a key account) or `account/key`."""
        self.count += 1
        pairs = [name.split("/") for name in by]
        return build.transaction(
            self.world.ledger_id if ledger is None else ledger,
            self.world.time + HOUR if valid_until is None else valid_until,
            self.count.to_bytes(16, "big") if nonce is None else nonce,
            [(self.id(names[0]), self.key(names[1]) if len(names) > 1 else None) for names in pairs],
            operations,
            version,
        )

    def signed(self, *operations: Value, by: str, signers: str | None = None, **fields: Any) -> bytes:
        """A signed transaction. `by` and `signers` are names with spaces between them."""
        unsigned = self.unsigned(operations, by.split(), **fields)
        names = [name.split("/")[-1] for name in (by if signers is None else signers).split()]
        return build.sign(unsigned, [self.world.key(name) for name in names])

    def apply(self, signed: bytes) -> Result:
        """Apply one signed transaction."""
        (result,) = self.world.apply(signed)
        return result

    def send(self, *operations: Value, by: str, **fields: Any) -> Result:
        """Sign and apply."""
        return self.apply(self.signed(*operations, by=by, **fields))

    def ok(self, *operations: Value, by: str, **fields: Any) -> None:
        """Sign and apply what must succeed."""
        result = self.send(*operations, by=by, **fields)
        assert result == ("ok", None), result

    def open(self, name: str, *keys: str | Value, threshold: int = 1, opener: str = "opener") -> bytes:
        """Open a named account with these keys, given by name or as grants."""
        grants = sorted(
            (build.grant(self.key(key)) if isinstance(key, str) else key for key in keys), key=lambda each: each.key
        )
        salt = name.encode().ljust(16, b"\0")[:16]
        self.ok(build.open_account(self.id(opener), salt, threshold, grants), by=opener)
        self.accounts[name] = named_account(self.id(opener), salt)
        return self.accounts[name]

    def asset(
        self,
        *policy: Value,
        symbol: str = "BEAN",
        supply_cap: int = 10**9,
        powers: Value | None = None,
        **balances: int,
    ) -> bytes:
        """Create an asset of the key `brand`, who has every power, and mint these balances."""
        brand = self.id("brand")
        every = build.powers(mint=brand, freeze=brand, pause=brand, claw_back=brand, change=brand)
        self.ok(build.create(brand, symbol, 2, supply_cap, policy, every if powers is None else powers), by="brand")
        asset = asset_id(brand, symbol)
        for name, amount in balances.items():
            self.ok(build.mint(asset, self.id(name), amount), by="brand")
        return asset

    def govern(self, **changes: Any) -> None:
        """Change parameters."""
        self.ok(build.set_parameters(build.parameters(**changes)), by="governor")

    def programme(self, name: str) -> bytes:
        """A programme account: that of a hold of another asset than `asset` makes by default."""
        payer, salt = self.id("holder"), name.encode().ljust(16, b"\0")[:16]
        terms = build.terms(build.by_payer(), [], self.world.time + DAY)
        self.ok(build.hold(payer, salt, self.asset(symbol="HELD", holder=1), 1, terms), by="holder")
        self.accounts[name] = hold_id(payer, salt)
        return self.accounts[name]


@dataclass(frozen=True)
class Scenario:
    """A story and how it ends."""

    name: str
    status: str
    index: int | None
    play: Callable[[Play], Result]


SCENARIOS: dict[str, Scenario] = {}


def scenario(status: str, index: int | None = None) -> Callable[[Callable[[Play], Result]], Callable[[Play], Result]]:
    """Add a function to the table: it ends in this status, refused by the operation of this index."""

    def add(play: Callable[[Play], Result]) -> Callable[[Play], Result]:
        assert play.__name__ not in SCENARIOS
        SCENARIOS[play.__name__] = Scenario(play.__name__, status, index, play)
        return play

    return add
