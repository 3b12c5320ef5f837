"""Family 2, asset: collections, whose items are editions of designs and have one owner each."""

from __future__ import annotations

from typing import Any

from tests.model.account import authority, is_programme, refuse_programme
from tests.model.asset import (
    ASSET_RECORD,
    BPS,
    check_not_ended,
    is_collection,
    is_frozen,
    load_asset,
    power_holder,
    save_asset,
    supply,
    term,
)
from tests.model.attest import require_live
from tests.model.borsh import ID, U32, U64, U128, Value, fixed, option, struct, vec
from tests.model.hold import HOLD_RECORD
from tests.model.move import Move, check_amount, check_not_bound, split
from tests.model.state import (
    Context,
    Effect,
    State,
    ascending,
    no_fields_to_check,
    operation,
    record_id,
    refuse_if,
)

ITEM = struct("Item", design=U32, edition=U32)
DESIGN_RECORD = struct(
    "DesignRecord", design=U32, editions=U32, set=vec(U32), content=option(fixed(32)), issued=U32, burned=U32
)
ITEM_RECORD = struct("ItemRecord", item=ITEM, owner=ID, since=U64)

SET_MAX = 32


def design_id(asset: bytes, design: int) -> bytes:
    """The record id of a design."""
    return record_id("design", asset, design.to_bytes(4, "big"))


def item_id(asset: bytes, item: Value) -> bytes:
    """The record id of an item."""
    return record_id("item", asset, item.design.to_bytes(4, "big"), item.edition.to_bytes(4, "big"))


def everything_held(state: State) -> dict[tuple[bytes, bytes], int]:
    """What everybody has of everything, by asset and account: units, or how many items of a collection."""
    held: dict[tuple[bytes, bytes], int] = {}
    for asset in state.records("assets"):
        for account, (amount, _) in state.records("holders", asset).items():
            held[asset, account] = amount
        for _, value in state.records("items", asset).values():
            owner = ITEM_RECORD.decode(value).owner
            held[asset, owner] = held.get((asset, owner), 0) + 1
    return held


def load_design(state: State, asset: bytes, design: int) -> Any:
    """The record of a design, or None."""
    return state.value(DESIGN_RECORD, "designs", design_id(asset, design), asset)


def load_item(state: State, asset: bytes, item: Value) -> Any:
    """The record of an item, or None: it was never made, or it was burned."""
    return state.value(ITEM_RECORD, "items", item_id(asset, item), asset)


class Collection:
    """One operation on a collection: its record and the rules on it."""

    def __init__(self, ctx: Context, asset: bytes) -> None:
        self.ctx = ctx
        self.asset = asset
        self.record: Any = load_asset(ctx, asset)
        refuse_if(not is_collection(self.record), "not_items")

    def check_not_paused(self) -> None:
        """Rule."""
        refuse_if(self.record.paused, "asset_paused")

    def check_not_ended(self) -> None:
        """Rule."""
        check_not_ended(self.ctx, self.record)

    def check_attested(self, to: bytes) -> None:
        """The rule that who gets an item is somebody of whom something is attested."""
        needed = term(self.record.policy, "attested")
        if needed is not None and to != self.record.issuer and not is_programme(self.ctx.state, to):
            require_live(self.ctx, needed.schema, needed.issuer, to)

    def check_not_frozen(self, account: bytes) -> None:
        """Rule."""
        refuse_if(is_frozen(self.ctx.state, self.asset, account), "account_frozen")

    def check_owner(self, item: Value, account: bytes) -> None:
        """The item is there, and it is the account's."""
        record = load_item(self.ctx.state, self.asset, item)
        refuse_if(record is None, "unknown_item")
        refuse_if(record.owner != account, "not_owner")

    def check_move(self, item: Value, sender: bytes, to: bytes) -> None:
        """The rules on an item that goes from one account to another."""
        self.check_not_paused()
        self.check_not_ended()
        self.check_owner(item, sender)
        self.check_not_frozen(sender)
        self.check_not_frozen(to)
        check_not_bound(self.ctx.state, self.record, sender, to)
        self.check_attested(to)
        refuse_programme(self.ctx, to)

    def has_issuer(self, sender: bytes, to: bytes) -> bool:
        """Whether one of the two is the issuer."""
        return self.record.issuer in (sender, to)

    def design(self, design: int) -> Any:
        """The record of a design, or a refusal."""
        record = load_design(self.ctx.state, self.asset, design)
        refuse_if(record is None, "unknown_design")
        return record

    def put_design(self, record: Value) -> None:
        """Write the record of a design."""
        key = design_id(self.asset, record.design)
        self.ctx.state.put("designs", key, DESIGN_RECORD.write(record), table_key=self.asset)

    def put_item(self, item: Value, owner: bytes) -> None:
        """Write that the item is somebody's from now on."""
        record = Value("ItemRecord", item=item, owner=owner, since=self.ctx.time)
        self.ctx.state.put("items", item_id(self.asset, item), ITEM_RECORD.write(record), 1, self.asset)

    def issue(self, design: int, to: bytes) -> Effect:
        """Make the next edition of a design."""
        record = self.design(design)
        refuse_if(supply(self.record) + 1 > self.record.supply_cap, "supply_cap_exceeded")
        refuse_if(record.issued >= record.editions, "editions_exhausted")
        record.issued += 1
        self.put_design(record)
        self.put_item(Value("Item", design=design, edition=record.issued), to)
        self.record.minted += 1
        save_asset(self.ctx, self.asset, self.record)
        return Effect(taken={record.issued: 1})

    def burn(self, item: Value) -> None:
        """Take an item away."""
        self.ctx.state.remove("items", item_id(self.asset, item), self.asset)
        record = self.design(item.design)
        record.burned += 1
        self.put_design(record)
        self.record.burned += 1
        save_asset(self.ctx, self.asset, self.record)


def _set_possible(members: list[int], design: int) -> bool:
    return len(members) <= SET_MAX and members == sorted(members) and design not in members


def _check_design(op: Value) -> None:
    refuse_if(op.editions == 0 or not _set_possible(op.set, op.design), "invalid_design")


def _design(ctx: Context, op: Value) -> None:
    collection = Collection(ctx, op.asset)
    authority(ctx, power_holder(collection.record, "mint"), 0x25)
    collection.check_not_ended()
    refuse_if(load_design(ctx.state, op.asset, op.design) is not None, "design_exists")
    for member in op.set:
        collection.design(member)
    record = Value(
        "DesignRecord", design=op.design, editions=op.editions, set=op.set, content=op.content, issued=0, burned=0
    )
    collection.put_design(record)


def _issue_item(ctx: Context, op: Value) -> Effect:
    collection = Collection(ctx, op.asset)
    authority(ctx, power_holder(collection.record, "mint"), 0x26, op.asset, 1)
    collection.check_not_paused()
    collection.check_not_ended()
    collection.design(op.design)
    collection.check_not_frozen(op.to)
    collection.check_attested(op.to)
    refuse_programme(ctx, op.to)
    return collection.issue(op.design, op.to)


def _check_give_item(op: Value) -> None:
    refuse_if(op.sender == op.to, "same_account")


def _give_item(ctx: Context, op: Value) -> None:
    collection = Collection(ctx, op.asset)
    authority(ctx, op.sender, 0x27, op.asset, 1)
    collection.check_move(op.item, op.sender, op.to)
    has_royalty = term(collection.record.policy, "royalty") is not None
    refuse_if(has_royalty and not collection.has_issuer(op.sender, op.to), "royalty_due")
    collection.put_item(op.item, op.to)


def _check_sell_item(op: Value) -> None:
    check_amount(op.price)
    refuse_if(op.seller == op.buyer, "same_account")


def _parts(collection: Collection, op: Value) -> list[tuple[bytes, int]]:
    """Who gets how much of the price: the seller first."""
    royalty = term(collection.record.policy, "royalty")
    due = 0 if royalty is None else op.price * royalty.bps // BPS
    parts = [(op.seller, op.price - due)]
    if royalty is not None:
        parts.append((royalty.to, due))
    return [(to, part) for to, part in parts if part]


def _sell_item(ctx: Context, op: Value) -> Effect:
    collection = Collection(ctx, op.asset)
    authority(ctx, op.seller, 0x28)
    authority(ctx, op.buyer, 0x28)
    collection.check_move(op.item, op.seller, op.buyer)

    payment = Move(ctx, op.currency)
    payment.check_not_paused()
    payment.check_sender(op.buyer)
    parts = _parts(collection, op)
    for to, _ in parts:
        payment.check_payee(op.buyer, to)
    in_hand = payment.take(op.buyer, op.price)
    for to, part in parts:
        if to == op.buyer:
            credit = payment.credit
        else:
            credit = payment.earn if op.buyer == payment.record.issuer else payment.receive
        credit(to, split(in_hand, part), payment.touch(to))
    collection.put_item(op.item, op.buyer)
    return payment.done()


def _burn_item(ctx: Context, op: Value) -> None:
    collection = Collection(ctx, op.asset)
    authority(ctx, op.sender, 0x29, op.asset, 1)
    collection.check_not_paused()
    collection.check_owner(op.item, op.sender)
    collection.check_not_frozen(op.sender)
    collection.burn(op.item)


def _check_complete_set(op: Value) -> None:
    refuse_if(not ascending([(item.design, item.edition) for item in op.items]), "wrong_set")


def _complete_set(ctx: Context, op: Value) -> Effect:
    collection = Collection(ctx, op.asset)
    authority(ctx, op.sender, 0x2A)
    collection.check_not_paused()
    collection.check_not_ended()
    members = collection.design(op.design).set
    refuse_if(not members or [item.design for item in op.items] != members, "wrong_set")
    for item in op.items:
        collection.check_owner(item, op.sender)
    collection.check_not_frozen(op.sender)
    for item in op.items:
        collection.burn(item)
    return collection.issue(op.design, op.sender)


operation(
    0x25,
    "design",
    _check_design,
    _design,
    asset=ID,
    design=U32,
    editions=U32,
    set=vec(U32),
    content=option(fixed(32)),
)
operation(0x26, "issue_item", no_fields_to_check, _issue_item, mandates=True, asset=ID, design=U32, to=ID)
operation(0x27, "give_item", _check_give_item, _give_item, mandates=True, asset=ID, item=ITEM, sender=ID, to=ID)
operation(
    0x28,
    "sell_item",
    _check_sell_item,
    _sell_item,
    asset=ID,
    item=ITEM,
    seller=ID,
    buyer=ID,
    currency=ID,
    price=U128,
)
operation(0x29, "burn_item", no_fields_to_check, _burn_item, mandates=True, asset=ID, item=ITEM, sender=ID)
operation(
    0x2A,
    "complete_set",
    _check_complete_set,
    _complete_set,
    asset=ID,
    design=U32,
    sender=ID,
    items=vec(ITEM),
)


def check_invariants(state: State, time: int) -> None:
    """What always holds of this part's tables."""
    collections = set()
    for asset, (_, value) in state.records("assets").items():
        record = ASSET_RECORD.decode(value)
        if is_collection(record):
            collections.add(asset)
            _check_counts(state, asset, record)
            _check_items(state, asset, record, time)
    for table, asset in state.tables:
        if table in ("designs", "items"):
            assert asset in collections
        if table in ("holders", "lots", "debts", "redemptions"):
            assert asset not in collections
    for _, value in state.records("holds").values():
        assert HOLD_RECORD.decode(value).asset not in collections


def _check_counts(state: State, asset: bytes, record: Value) -> None:
    """A collection counts items, and has nothing that units have."""
    assert record.decimals == 0
    assert record.redeemed == record.swept == record.clawed_back == record.owed == record.debtors == 0
    assert len(state.records("items", asset)) == record.minted - record.burned == supply(record)
    assert state.table_root("items", asset)[1] == supply(record)


def _check_items(state: State, asset: bytes, record: Value, time: int) -> None:
    """Every item is an edition of a design of its collection, and every design knows how many there are."""
    editions: dict[int, set[int]] = {}
    for key, (total, stored) in state.records("items", asset).items():
        item = ITEM_RECORD.decode(stored)
        assert total == 1
        assert key == item_id(asset, item.item)
        assert item.since <= time
        of_design = editions.setdefault(item.item.design, set())
        assert item.item.edition not in of_design
        of_design.add(item.item.edition)
    issued = burned = 0
    for key, (total, stored) in state.records("designs", asset).items():
        design = DESIGN_RECORD.decode(stored)
        assert total == 0
        assert key == design_id(asset, design.design)
        assert design.burned <= design.issued <= design.editions >= 1
        assert _set_possible(design.set, design.design)
        assert all(load_design(state, asset, member) is not None for member in design.set)
        there = editions.pop(design.design, set())
        assert there <= set(range(1, design.issued + 1))
        assert len(there) == design.issued - design.burned
        issued += design.issued
        burned += design.burned
    assert not editions
    assert (issued, burned) == (record.minted, record.burned)
