"""Items: unique things of a collection, and the designs that they are editions of. Part of family 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation
from counterfoil.verify import Item, Items, Royalty, design_id, item_id

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BurnItem",
    "CompleteSet",
    "Design",
    "GiveItem",
    "IssueItem",
    "Item",
    "Items",
    "Royalty",
    "SellItem",
    "design_id",
    "item_id",
]


@operation("design")
@dataclass(frozen=True, slots=True, kw_only=True)
class Design(Operation):
    """Add a design to a collection. It never changes. Signed by the holder of the power to mint.

    Attributes:
        asset: The collection's id, 32 bytes.
        design: The design's number.
        editions: How many editions there may ever be.
        set: What a member burns to get one: numbers of designs, kept ascending; none where only the issuer makes it.
        content: A hash of what it looks like, 32 bytes.

    Statuses: invalid_design, unknown_asset, not_items, power_renounced, design_exists, unknown_design.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Design(asset=bytes(32), design=4, editions=100, set=[3, 1, 2]).set
    (1, 2, 3)
    """

    asset: bytes
    design: int
    editions: int
    set: Sequence[int] = ()
    content: bytes | None = None

    def __post_init__(self) -> None:
        """Check the fields and put the set in order."""
        Operation.__post_init__(self)
        object.__setattr__(self, "set", tuple(sorted(self.set)))


@operation("issue_item")
@dataclass(frozen=True, slots=True, kw_only=True)
class IssueItem(Operation):
    """Make the next edition of a design. Signed by the holder of the power to mint, or by mandate.

    Attributes:
        asset: The collection's id, 32 bytes.
        design: The design's number.
        to: Who gets it, an account id of 32 bytes.

    Statuses: unknown_asset, not_items, power_renounced, asset_paused, unknown_design, account_frozen,
    programme_account, supply_cap_exceeded, editions_exhausted.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> IssueItem(asset=bytes(32), design=1, to=b"a" * 32).design
    1
    """

    asset: bytes
    design: int
    to: bytes


@operation("give_item")
@dataclass(frozen=True, slots=True, kw_only=True)
class GiveItem(Operation):
    """Give an item away.

    Attributes:
        asset: The collection's id, 32 bytes.
        item: Which item.
        sender: Whose it is, an account id of 32 bytes.
        to: Who gets it, an account id of 32 bytes.

    Statuses: same_account, unknown_asset, not_items, asset_paused, unknown_item, not_owner, account_frozen,
    asset_bound, programme_account, royalty_due.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> GiveItem(asset=bytes(32), item=Item(1, 7), sender=b"a" * 32, to=b"b" * 32).item.edition
    7
    """

    asset: bytes
    item: Item
    sender: bytes
    to: bytes


@operation("sell_item")
@dataclass(frozen=True, slots=True, kw_only=True)
class SellItem(Operation):
    """Sell an item: it changes hands, the price is paid, and of it the collection's royalty. Both sides sign.

    Attributes:
        asset: The collection's id, 32 bytes.
        item: Which item.
        seller: Whose it is, an account id of 32 bytes.
        buyer: Who pays and gets it, an account id of 32 bytes.
        currency: In which asset the price is, an asset id of 32 bytes.
        price: What the buyer pays in all, minor units of the currency.

    Statuses: zero_amount, amount_too_large, same_account, unknown_asset, not_items, asset_paused, unknown_item,
    not_owner, account_frozen, asset_bound, programme_account, not_fungible, insufficient_funds, too_many_lots.

    Raises:
        TypeError: A field is of another type: prices are integers, never floats.
        WireError: An integer is out of range, or bytes are of another length.

    >>> ann, bob = b"a" * 32, b"b" * 32
    >>> SellItem(asset=bytes(32), item=Item(1, 7), seller=ann, buyer=bob, currency=b"c" * 32, price=300).price
    300
    """

    asset: bytes
    item: Item
    seller: bytes
    buyer: bytes
    currency: bytes
    price: int


@operation("burn_item")
@dataclass(frozen=True, slots=True, kw_only=True)
class BurnItem(Operation):
    """Destroy an item.

    Attributes:
        asset: The collection's id, 32 bytes.
        item: Which item.
        sender: Whose it is, an account id of 32 bytes.

    Statuses: unknown_asset, not_items, asset_paused, unknown_item, not_owner, account_frozen.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> BurnItem(asset=bytes(32), item=Item(1, 7), sender=b"a" * 32).item
    Item(design=1, edition=7)
    """

    asset: bytes
    item: Item
    sender: bytes


@operation("complete_set")
@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteSet(Operation):
    """Burn a set of items for the next edition of the design that is made of it.

    Attributes:
        asset: The collection's id, 32 bytes.
        design: What the member gets, the number of a design.
        sender: Whose set it is, an account id of 32 bytes.
        items: The set, kept ascending.

    Statuses: wrong_set, unknown_asset, not_items, asset_paused, unknown_design, unknown_item, not_owner,
    account_frozen, editions_exhausted.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> CompleteSet(asset=bytes(32), design=4, sender=b"a" * 32, items=[Item(2, 9), Item(1, 7)]).items[0].design
    1
    """

    asset: bytes
    design: int
    sender: bytes
    items: Sequence[Item]

    def __post_init__(self) -> None:
        """Check the fields and put the items in order."""
        Operation.__post_init__(self)
        object.__setattr__(self, "items", tuple(sorted(self.items)))
