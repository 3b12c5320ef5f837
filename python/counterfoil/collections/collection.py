"""A collection of items: unique things, each an edition of a design that has a name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done, asset_record, minor_units
from counterfoil.exceptions import KeyReusedError
from counterfoil.ops import (
    Bound,
    BurnItem,
    CompleteSet,
    Design,
    GiveItem,
    IssueItem,
    Item,
    Items,
    Royalty,
    SellItem,
    Term,
    asset_id,
)
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.presets import Preset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterfoil.desk import Amount
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.verify import AssetRecord


@dataclass(frozen=True, slots=True)
class Issued:
    """An item that was made.

    Attributes:
        done: The call.
        to: Who got it, 32 bytes.
        item: Which item; None for a dry run, for only the ledger numbers editions.
    """

    done: Done
    to: bytes
    item: Item | None


@dataclass(frozen=True, slots=True)
class Trade:
    """An item that was sold.

    Attributes:
        done: The call.
        item: Which item.
        price: What the buyer paid in all, minor units of the currency.
        royalty: How much of it is the collection's royalty.
    """

    done: Done
    item: Item
    price: int
    royalty: int


class Collection:
    """A collection.

    A design's name is on the ledger as a hash, in the design's content: whoever knows the name finds its number.

    Attributes:
        desk: Where the issuer acts.
        asset: The collection, an asset id of 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> club, ann = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/stamps", operator=club) as ledger:
    ...         stamps = Collection.launch(ledger, club, symbol="STAMP")
    ...         numbers = [stamps.design(name, editions=1_000) for name in ("visit", "quiz")]
    ...         journey = stamps.journey(["visit", "quiz"], reward="gold", editions=100)
    ...         for name in ("visit", "quiz"):
    ...             _ = stamps.issue(name, ann.account)
    ...         gold = journey.complete(ann).item
    ...         print(gold, list(stamps.owned(ann.account)) == [gold])
    Item(design=3, edition=1) True
    """

    def __init__(self, ledger: Ledger, *issuer: Key | Signer, asset: bytes, names: Iterable[str] = ()) -> None:
        """Take a collection up again.

        Args:
            ledger: The ledger.
            issuer: The keys that sign for the issuer.
            asset: The collection, an asset id of 32 bytes.
            names: Names of designs, so that `name_of` knows them. Names that are used later are learnt.

        Raises:
            LookupError: There is no such asset, or no design of such a name.
            ValueError: The asset is no collection.
        """
        self._begin(Desk(ledger, *issuer), asset)
        if not any(isinstance(term, Items) for term in self._record().policy):
            message = f"asset: expected a collection, found {self._record().symbol}, which has units"
            raise ValueError(message)
        for name in names:
            self.number(name)

    def _begin(self, desk: Desk, asset: bytes) -> None:
        self.desk = desk
        self.asset = asset
        # Designs never change, so that what was read of them once stays true.
        self._numbers: dict[bytes, int] = {}
        self._names: dict[int, str] = {}
        self._read = 0

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *issuer: Key | Signer,
        symbol: str,
        preset: Preset | None = None,
        bound: bool = False,
        royalty_bps: int = 0,
        royalty_to: bytes | None = None,
        supply_cap: int = SUPPLY_CAP_MAX,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Collection:
        """Start a collection: `create` of an asset of items.

        Without a preset the issuer holds the power to mint alone.

        Args:
            ledger: The ledger.
            issuer: The keys that sign for the issuer.
            symbol: 1 to 12 of `A-Z0-9.`.
            preset: What kind of collection: `ticket(…)`, say. It says all that `bound` and the royalty say otherwise.
            bound: Whether items move only from and to the issuer.
            royalty_bps: How many of 10,000 parts of every price are the royalty. With one, members can only sell.
            royalty_to: Who gets it, 32 bytes; the issuer if None.
            supply_cap: The most items that may exist at a time.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            RejectedError: asset_exists, creator_not_allowed, invalid_policy, …
            ValueError: The preset is none of a collection, or is not the only thing that says what it is.
        """
        desk = Desk(ledger, *issuer)
        policy: list[Term] = [Bound()] if bound else []
        policy.append(Items())
        if royalty_bps:
            policy.append(Royalty(royalty_bps, desk.account if royalty_to is None else royalty_to))
        made_here = Preset(policy=tuple(policy), powers=("mint",))
        if preset is not None and (bound or royalty_bps or not any(isinstance(term, Items) for term in preset.policy)):
            message = "preset: expected one of items, without bound= and royalty_bps=, found another, or these too"
            raise ValueError(message)
        create = (preset or made_here).create(
            desk.account,
            symbol,
            decimals=0,
            supply_cap=supply_cap,
        )
        desk.do([create], key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made._begin(desk, asset_id(desk.account, symbol))
        return made

    # Designs

    def design(
        self,
        name: str,
        *,
        editions: int,
        made_of: Iterable[str] = (),
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> int:
        """Add a design under a name that the collection does not have: `design`, with the next number.

        Args:
            name: Its name; only a hash of it goes on the ledger.
            editions: How many there may ever be.
            made_of: Names of the designs that a member burns to get one.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Returns:
            The design's number.

        Raises:
            LookupError: A design of the set is not there.
            RejectedError: design_exists (the name is taken), invalid_design, …
        """
        content = design_content(name)
        self._read_on()
        number = self._numbers.get(content, self._read + 1)
        burned = [self.number(each) for each in made_of]
        operation = Design(asset=self.asset, design=number, editions=editions, set=burned, content=content)
        self.desk.do([operation], key=key, dry_run=dry_run, time=time)
        if not dry_run:
            self._names[number] = name
        return number

    def number(self, name: str) -> int:
        """The number of the design with this name.

        Raises:
            LookupError: There is none.
        """
        content = design_content(name)
        if content not in self._numbers:
            self._read_on()
        found = self._numbers.get(content)
        if found is None:
            message = f"design: expected one of this collection, found {name[:40]!r}"
            raise LookupError(message)
        self._names[found] = name
        return found

    def name_of(self, design: Item | int) -> str | None:
        """The name of a design, or of an item's design; None where this object has not heard it yet."""
        return self._names.get(design.design if isinstance(design, Item) else design)

    # Items

    def issue(
        self, name: str, to: bytes, *, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Issued:
        """Make the next edition of a design for somebody: `issue_item`.

        Args:
            name: The design's name.
            to: Who gets it, an account id of 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such design.
            RejectedError: editions_exhausted, supply_cap_exceeded, …
        """
        operation = IssueItem(asset=self.asset, design=self.number(name), to=to)
        done = self.desk.do([operation], key=key, dry_run=dry_run, time=time)
        return Issued(done, to, _edition(done, operation.design))

    def give(
        self,
        owner: Key | Signer,
        item: Item,
        to: bytes,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Give an item away: `give_item`, which its owner signs.

        Raises:
            RejectedError: not_owner, asset_bound, royalty_due (a collection with a royalty is only sold), …
        """
        operation = GiveItem(asset=self.asset, item=item, sender=owner.account, to=to)
        return Desk(self.desk.ledger, owner).do([operation], key=key, dry_run=dry_run, time=time)

    def trade(
        self,
        seller: Key | Signer,
        buyer: Key | Signer,
        item: Item,
        *,
        price: Amount,
        currency: bytes,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Trade:
        """Sell an item: `sell_item`, which both sides sign. The item, the price and the royalty move, or nothing does.

        Args:
            seller: Who signs for the owner.
            buyer: Who signs for the buyer.
            item: Which item.
            price: What the buyer pays in all, the royalty included.
            currency: In which asset, an asset id of 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such currency.
            RejectedError: not_owner, insufficient_funds, asset_bound, …
        """
        units = minor_units(price, asset_record(self.desk.ledger, currency, "currency").decimals)
        operation = SellItem(
            asset=self.asset, item=item, seller=seller.account, buyer=buyer.account, currency=currency, price=units
        )
        done = Desk(self.desk.ledger, seller).do([operation], buyer, key=key, dry_run=dry_run, time=time)
        return Trade(done, item, units, self.royalty(units))

    def burn(
        self, owner: Key | Signer, item: Item, *, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Destroy an item: `burn_item`, which its owner signs.

        Raises:
            RejectedError: unknown_item, not_owner, …
        """
        operation = BurnItem(asset=self.asset, item=item, sender=owner.account)
        return Desk(self.desk.ledger, owner).do([operation], key=key, dry_run=dry_run, time=time)

    def royalty(self, price: int) -> int:
        """How much of a price, in minor units, is the royalty of the collection as it stands now."""
        return sum(price * term.bps // 10_000 for term in self._record().policy if isinstance(term, Royalty))

    def owned(self, account: bytes) -> Iterator[Item]:
        """The items of an account, in the order of the tree. All items of the collection are looked through."""
        return (item for item, record in self.desk.ledger.items(self.asset) if record.owner == account)

    # Journeys

    def journey(
        self,
        stamps: Iterable[str],
        *,
        reward: str,
        editions: int,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Journey:
        """Open a journey: `design` of a reward that is made of a set of stamps.

        Args:
            stamps: Names of designs. A name that stands twice asks for two items.
            reward: The name of the new design.
            editions: How many members can complete it.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            ValueError: A journey without stamps.
            LookupError: There is no design of such a name.
            RejectedError: design_exists, invalid_design (over 32 stamps, no editions), …
        """
        wanted = list(stamps)
        if not wanted:
            message = "stamps: expected at least one, found none"
            raise ValueError(message)
        number = self.design(reward, editions=editions, made_of=wanted, key=key, dry_run=dry_run, time=time)
        made = object.__new__(Journey)
        made._begin(self, reward, number, tuple(sorted(self.number(name) for name in wanted)))
        return made

    # Helpers

    def _read_on(self) -> None:
        """Read the designs that were added since."""
        while (record := self.desk.ledger.design(self.asset, self._read + 1)) is not None:
            self._read += 1
            if record.content is not None:
                self._numbers.setdefault(record.content, record.design)

    def _record(self) -> AssetRecord:
        return asset_record(self.desk.ledger, self.asset)


class Journey:
    """A set of stamps that a member burns for a reward.

    Attributes:
        collection: The collection.
        reward: The reward's name.
        stamps: The numbers of the designs that are burned, ascending; one that stands twice is burned twice.
    """

    def __init__(self, collection: Collection, reward: str) -> None:
        """Take a journey up again.

        Raises:
            LookupError: There is no design of this name.
            ValueError: It is not made of a set.
        """
        number = collection.number(reward)
        record = collection.desk.ledger.design(collection.asset, number)
        if record is None or not record.set:
            message = f"reward: expected a design that is made of a set, found {reward[:40]!r}, which is not"
            raise ValueError(message)
        self._begin(collection, reward, number, record.set)

    def _begin(self, collection: Collection, reward: str, number: int, stamps: tuple[int, ...]) -> None:
        self.collection = collection
        self.reward = reward
        self.stamps = stamps
        self._number = number

    def missing(self, member: bytes) -> list[int]:
        """The numbers of the designs that a member still lacks, ascending; nothing where the set is complete."""
        return self._pick(member)[1]

    def complete(
        self,
        member: Key | Signer,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Issued:
        """Burn a member's set for the reward: `complete_set`. Of several items of a design the oldest edition is taken.

        Args:
            member: Who signs for the member.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: The member lacks something of the set.
            KeyReusedError: The key was used for something else.
            RejectedError: editions_exhausted, account_frozen, not_owner (it moved meanwhile), …
        """
        desk = Desk(self.collection.desk.ledger, member)
        items = self._burned_before(desk, key)
        missing: list[int] = []
        if items is None:
            items, missing = self._pick(member.account)
        if missing:
            lacking = ", ".join(self.collection.name_of(number) or f"design {number}" for number in missing)
            message = f"journey to {self.reward!r}: expected a whole set, found that {lacking} is missing"
            raise LookupError(message)
        operation = CompleteSet(
            asset=self.collection.asset, design=self._number, sender=member.account, items=tuple(items)
        )
        done = desk.do([operation], key=key, dry_run=dry_run, time=time)
        return Issued(done, member.account, _edition(done, self._number))

    def _pick(self, member: bytes) -> tuple[list[Item], list[int]]:
        """The items of a member that make the set, and the designs of which there are too few."""
        held = sorted(self.collection.owned(member), reverse=True)
        piles: dict[int, list[Item]] = {}
        for item in held:
            piles.setdefault(item.design, []).append(item)
        items: list[Item] = []
        missing: list[int] = []
        for design in self.stamps:
            if piles.get(design):
                items.append(piles[design].pop())
            else:
                missing.append(design)
        return items, missing

    def _burned_before(self, member: Desk, key: str | None) -> list[Item] | None:
        """The set that the first call with this key burned: a retry cannot pick it again, for it is gone."""
        first = member.first(key)
        if first is None:
            return None
        for operation in first.operations:
            if isinstance(operation, CompleteSet):
                return list(operation.items)
        message = f"key {key!r} was used for something that is no journey"
        raise KeyReusedError(message)


def design_content(name: str) -> bytes:
    """What stands for a design's name on the ledger, 32 bytes.

    Raises:
        ValueError: An empty name.

    >>> design_content("gold").hex()[:16]
    'bbdd8839d2230f4e'
    """
    if not name:
        message = "name: expected a text that is not empty, found an empty one"
        raise ValueError(message)
    return hashlib.sha256(b"counterfoil/design-name/v1\n" + name.encode()).digest()


def _edition(done: Done, design: int) -> Item | None:
    """Which edition an operation made, as its effect tells."""
    return Item(design, done.effects[0].taken[0].lot) if done.effects else None
