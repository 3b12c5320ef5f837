"""Tiers: levels that members reach by status units which lapse, and which they can prove."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from counterfoil.desk import Done, asset_record, minor_units
from counterfoil.lapsing import DAY_MS, lapses, spendable
from counterfoil.ops import (
    Attest,
    Bytes,
    BytesUpTo,
    ClawBack,
    Mint,
    NoContent,
    Operation,
    Reason,
    Requirement,
    Revoke,
    Schema,
    asset_id,
    schema_id,
)
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.presets import points as points_preset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.brands.member import Account
    from counterfoil.brands.programme import Programme
    from counterfoil.desk import Amount
    from counterfoil.verify import AttestationRecord

_LEVELS_MAX = 16
_TABLE_BYTES_MAX = 256
_RETIRED = "-"
"""What stands in the table in the place of a level's least units where the level is no longer given."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the table.

    Attributes:
        name: Its name, 1 or more of `a-z0-9_-`.
        least: From how many status units on, in minor units.
    """

    name: str
    least: int


@dataclass(frozen=True, slots=True)
class Review:
    """What a review of a member found and changed.

    Attributes:
        done: The call; None where nothing had to change.
        member: The member's account, 32 bytes.
        before: The member's tier before; None: it had none.
        tier: The member's tier now; None: it has none.
        expires: Until when, ms; None: it lasts, or there is none.
        given: The levels that the member has now and had not before, lowest first.
        renewed: The levels that last longer, or less long, than before.
        revoked: The levels that were taken back.
    """

    done: Done | None
    member: bytes
    before: str | None
    tier: str | None
    expires: int | None
    given: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a member is.

    Attributes:
        tier: The member's tier; None: it has none.
        expires: Until when, ms; None: it lasts, or there is none.
        units: The member's status units that have not lapsed, minor units.
        next: The lowest level that they do not suffice for; None: they suffice for the highest.
        missing: How many it lacks for it.
    """

    tier: str | None
    expires: int | None
    units: int
    next: str | None
    missing: int


class Tiers:
    """The tiers of a programme.

    Status units are bound, are counted by the month in which they were earned, and lapse some days after it. Each level
    is a schema of its own, and who has a level has an attestation of it and of each level below: so what requires
    `silver` admits gold members too. An attestation expires on the day on which so many units will have lapsed that the
    rest is too little: nobody keeps a tier longer, whether or not somebody reviews. The table stands on the ledger.

    Attributes:
        programme: The programme.
        name: What the schemas' names begin with.
        asset: The status units, an asset id of 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.brands import Programme
    >>> roaster, ann = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/beans", operator=roaster) as ledger:
    ...         beans = Programme.launch(ledger, roaster, symbol="BEAN")
    ...         tiers = Tiers.launch(beans, [("silver", 100), ("gold", 1_000)])
    ...         _ = tiers.earn(ann.account, 250, points=500, key="A17")
    ...         print(tiers.review(ann.account).tier, tiers.progress(ann.account).missing)
    silver 750
    """

    def __init__(self, programme: Programme, *, name: str = "tier", symbol: str = "STATUS") -> None:
        """Take tiers up again.

        Raises:
            LookupError: The programme's brand has no such asset, or no such table.
        """
        self._begin(programme, name, symbol)
        asset_record(programme.desk.ledger, self.asset, "symbol")
        self._table()

    def _begin(self, programme: Programme, name: str, symbol: str) -> None:
        self.programme = programme
        self.name = name
        self.asset = asset_id(programme.desk.account, symbol)

    @classmethod
    def launch(
        cls,
        programme: Programme,
        table: Iterable[tuple[str, Amount]],
        *,
        name: str = "tier",
        symbol: str = "STATUS",
        lapse_days: int | None = 365,
        decimals: int = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Tiers:
        """Start tiers: `create` of the status units, `schema` for the table and for each level, `attest` of the table.

        Args:
            programme: The programme.
            table: Names of levels, and from how many status units on; ascending.
            name: What the schemas' names begin with: `tier` is the table, `tier.gold` a level.
            symbol: Of the status units, 1 to 12 of `A-Z0-9.`.
            lapse_days: How many days after the end of its month a unit lapses; None: it does not.
            decimals: Decimal places of a whole status unit.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            TypeError: An amount that is neither an int nor a Decimal.
            ValueError: No levels, over 16, or not ascending; a name that is none, or that stands twice.
            RejectedError: asset_exists, schema_exists, …
        """
        desk = programme.desk
        levels = _levels(table, name, decimals)
        preset = points_preset(inactive_days=None, lot_days=lapse_days)
        operations: list[Operation] = [
            preset.create(desk.account, symbol, decimals=decimals, supply_cap=SUPPLY_CAP_MAX),
            Schema(creator=desk.account, name=name, content=BytesUpTo(_TABLE_BYTES_MAX), issuers=[desk.account]),
            *(_level_schema(desk.account, name, level.name) for level in levels),
            _attest_table(desk.account, name, levels, ()),
        ]
        desk.do(operations, key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made._begin(programme, name, symbol)
        return made

    @property
    def levels(self) -> tuple[Level, ...]:
        """The table, lowest level first."""
        return self._table()[0]

    def requirement(self, level: str) -> Requirement:
        """That a member has this level or a higher one: for the schemas and campaigns that ask for it.

        Raises:
            LookupError: There is no such level.
        """
        if all(each.name != level for each in self.levels):
            names = ", ".join(each.name for each in self.levels)
            message = f"level: expected one of {names}; found {level[:40]!r}"
            raise LookupError(message)
        return Requirement(self._schema(level), self.programme.desk.account)

    # Status units

    def earn(
        self,
        member: Account,
        units: Amount,
        *,
        points: Amount | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Give status units: `mint`; and points of the programme beside them: another `mint`, both or none.

        The tier follows with the next `review`.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            units: How many status units.
            points: How many points; None: none.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: supply_cap_exceeded, account_frozen, …
            KeyReusedError: The key was used for something else.
        """
        programme = self.programme
        account = programme.account(member)
        operations: list[Operation] = [Mint(asset=self.asset, to=account, amount=self._minor(units))]
        if points is not None:
            operations.append(Mint(asset=programme.asset, to=account, amount=programme.units(points)))
        return programme.desk.do(operations, key=key, dry_run=dry_run, time=time)

    def take_back(
        self,
        member: Account,
        units: Amount,
        *,
        reason: int = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take status units back, of a returned order say: `claw_back`. The tier follows with the next `review`.

        Raises:
            RejectedError: insufficient_funds, …
        """
        programme = self.programme
        operation = ClawBack(
            asset=self.asset,
            sender=programme.account(member),
            to=programme.desk.account,
            amount=self._minor(units),
            reason=Reason(reason),
        )
        return programme.desk.do([operation], key=key, dry_run=dry_run, time=time)

    # Tiers

    def of(self, member: Account, *, time: int | None = None) -> str | None:
        """A member's tier: the highest level of which it has a live attestation. None where it has none, or no longer.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            time: At which time, ms; now if None.
        """
        return self._standing(self.programme.account(member), self.programme.desk.now(time))[0]

    def progress(self, member: Account, *, time: int | None = None) -> Progress:
        """A member's tier, and what it lacks for the next one.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            time: At which time, ms; now if None.
        """
        account, now = self.programme.account(member), self.programme.desk.now(time)
        units, _ = self._units(account, now)
        tier, expires = self._standing(account, now)
        above = next((level for level in self.levels if level.least > units), None)
        if above is None:
            return Progress(tier, expires, units, None, 0)
        return Progress(tier, expires, units, above.name, above.least - units)

    def review(
        self, member: Account, *, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Review:
        """Bring a member's attestations in line with its status units: `attest` and `revoke`, together or not at all.

        A level that the units suffice for is attested until the day on which they no longer will; one that is attested
        until another day is replaced (`revoke` and `attest`); one that they do not suffice for is revoked. A second
        review of the same units finds nothing to do.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            key: Makes it happen once: a later call with it changes nothing.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: attestation_exists, already_revoked (another review came between: review again), …
        """
        desk = self.programme.desk
        account, now = self.programme.account(member), desk.now(time)
        before, expires = self._standing(account, now)
        if desk.was_used(key):
            return Review(None, account, before, before, expires)
        levels, retired = self._table()
        units, leaving = self._units(account, now)
        operations: list[Operation] = []
        given: list[str] = []
        renewed: list[str] = []
        revoked: list[str] = []
        tier, until = None, None
        for level in (*levels, *(Level(name, SUPPLY_CAP_MAX + 1) for name in retired)):
            record = self._live(level.name, account, now)
            revoke = Revoke(schema=self._schema(level.name), issuer=desk.account, subject=account)
            if units < level.least:
                if record is not None:
                    operations.append(revoke)
                    revoked.append(level.name)
                continue
            tier, until = level.name, _lasts(units, leaving, level.least)
            if record is None:
                operations.append(self._attest(level.name, account, until))
                given.append(level.name)
            elif record.expires != until:
                operations += [revoke, self._attest(level.name, account, until)]
                renewed.append(level.name)
        done = desk.do(operations, key=key, dry_run=dry_run, time=time) if operations else None
        return Review(done, account, before, tier, until, tuple(given), tuple(renewed), tuple(revoked))

    def change(
        self,
        table: Iterable[tuple[str, Amount]],
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Put another table in force: `schema` for new levels, `revoke` and `attest` of the table.

        Each member's tier follows with its next `review`; until then it keeps what it was given, at most until that
        expires. A level that is no longer in the table is taken back by the review.

        Args:
            table: Names of levels, and from how many status units on; ascending.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: As for `launch`; or the table has too many levels, with those it had before, for 256 bytes.
            RejectedError: unauthorized, …
        """
        desk = self.programme.desk
        levels = _levels(table, self.name, asset_record(desk.ledger, self.asset).decimals)
        names = {level.name for level in levels}
        old, gone = self._table()
        retired = tuple(sorted({*(level.name for level in old), *gone} - names))
        operations: list[Operation] = [
            _level_schema(desk.account, self.name, level.name)
            for level in levels
            if desk.ledger.schema(self._schema(level.name)) is None
        ]
        operations += [
            Revoke(schema=schema_id(desk.account, self.name), issuer=desk.account, subject=desk.account),
            _attest_table(desk.account, self.name, levels, retired),
        ]
        return desk.do(operations, key=key, dry_run=dry_run, time=time)

    # Helpers

    def _minor(self, units: Amount) -> int:
        return minor_units(units, asset_record(self.programme.desk.ledger, self.asset).decimals)

    def _schema(self, level: str) -> bytes:
        return schema_id(self.programme.desk.account, f"{self.name}.{level}")

    def _attest(self, level: str, account: bytes, expires: int | None) -> Attest:
        issuer = self.programme.desk.account
        return Attest(schema=self._schema(level), issuer=issuer, subject=account, expires=expires)

    def _live(self, level: str, account: bytes, now: int) -> AttestationRecord | None:
        desk = self.programme.desk
        record = desk.ledger.attestation(self._schema(level), desk.account, account)
        return record if record is not None and record.is_live(now) else None

    def _standing(self, account: bytes, now: int) -> tuple[str | None, int | None]:
        """The member's tier, and until when it has it."""
        for level in reversed(self.levels):
            record = self._live(level.name, account, now)
            if record is not None:
                return level.name, record.expires
        return None, None

    def _units(self, account: bytes, now: int) -> tuple[int, list[tuple[int, int]]]:
        """The status units that have not lapsed, and when (ms) how many of them will, soonest first."""
        ledger = self.programme.desk.ledger
        asset, holding = asset_record(ledger, self.asset), ledger.holding(self.asset, account)
        leaving = [
            (each.day * DAY_MS, each.amount) for each in lapses(asset, holding, time=now) if each.day * DAY_MS > now
        ]
        return spendable(asset, holding, now), leaving

    def _table(self) -> tuple[tuple[Level, ...], tuple[str, ...]]:
        """The levels of the table, and the names of those that were in it once."""
        desk = self.programme.desk
        record = desk.ledger.attestation(schema_id(desk.account, self.name), desk.account, desk.account)
        if record is None or not isinstance(record.content, Bytes):
            message = f"name: expected the tiers of this brand, found none under {self.name[:40]!r}"
            raise LookupError(message)
        rows = [line.split(" ") for line in record.content.value.decode().split("\n")]
        levels = tuple(Level(name, int(least)) for name, least in rows if least != _RETIRED)
        return levels, tuple(name for name, least in rows if least == _RETIRED)


def _lasts(units: int, leaving: list[tuple[int, int]], least: int) -> int | None:
    """When the units, of which some lapse, will be fewer than a level asks for, ms; None: never."""
    for time, amount in leaving:
        units -= amount
        if units < least:
            return time
    return None


def _levels(table: Iterable[tuple[str, Amount]], name: str, decimals: int) -> tuple[Level, ...]:
    """A table that was given, or what is wrong with it."""
    levels = tuple(Level(level, minor_units(least, decimals)) for level, least in table)
    if not 1 <= len(levels) <= _LEVELS_MAX:
        message = f"table: expected 1 to {_LEVELS_MAX} levels, found {len(levels)}"
        raise ValueError(message)
    longest = 31 - len(name)
    for level in levels:
        if re.fullmatch(r"[a-z0-9_-]+", level.name) is None or len(level.name) > longest:
            message = f"table: expected names of 1 to {longest} of a-z0-9_-, found {level.name[:40]!r}"
            raise ValueError(message)
    if len({level.name for level in levels}) < len(levels):
        message = "table: expected distinct names, found one twice"
        raise ValueError(message)
    least = [0, *(level.least for level in levels)]
    if any(low >= high for low, high in pairwise(least)):
        message = f"table: expected units of 1 or more, ascending, found {least[1:]}"
        raise ValueError(message)
    return levels


def _level_schema(brand: bytes, name: str, level: str) -> Schema:
    return Schema(creator=brand, name=f"{name}.{level}", content=NoContent(), issuers=[brand])


def _attest_table(brand: bytes, name: str, levels: tuple[Level, ...], retired: tuple[str, ...]) -> Attest:
    rows = [f"{level.name} {level.least}" for level in levels] + [f"{gone} {_RETIRED}" for gone in retired]
    text = "\n".join(rows).encode()
    if len(text) > _TABLE_BYTES_MAX:
        message = f"table: expected at most {_TABLE_BYTES_MAX} bytes with the levels it had before, found {len(text)}"
        raise ValueError(message)
    return Attest(schema=schema_id(brand, name), issuer=brand, subject=brand, content=Bytes(text))
