//! asset (family 2), items: design, issue, give, sell, burn, complete set.
//!
//! An asset with the term `items` is a collection: each of its items is an edition of a design, has one owner, and is
//! an entry of a table whose sum is how many there are.

use crate::amount::share_bps;
use crate::apply::{Context, Halt, Movement, Taking};
use crate::id::{Id, record_id};
use crate::ops::Operate;
use crate::ops::asset::{
    DESIGN_EXISTS, EDITIONS_EXHAUSTED, INVALID_DESIGN, NOT_ITEMS, NOT_OWNER, POWER_RENOUNCED, ROYALTY_DUE,
    UNKNOWN_DESIGN, UNKNOWN_ITEM, WRONG_SET,
};
use crate::ops::attest::refuse_unattested;
use crate::ops::r#move::{
    SAME_ACCOUNT, SUPPLY_CAP_EXCEEDED, check_amount, refuse_bound, refuse_ended, refuse_frozen, refuse_paused,
};
use crate::state::{AssetRecord, OwnId, Power, Records, Table, TableName, TableRecord};
use crate::status::Status;
use crate::wire::{Effect, LotAmount};
use borsh::{BorshDeserialize, BorshSerialize};
use std::sync::Arc;

const DESIGN: u8 = 0x25;
const ISSUE_ITEM: u8 = 0x26;
const GIVE_ITEM: u8 = 0x27;
const SELL_ITEM: u8 = 0x28;
const BURN_ITEM: u8 = 0x29;
const COMPLETE_SET: u8 = 0x2a;
const SET_MAX: usize = 32;

/// Adds a design to a collection.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Design {
    /// Which collection.
    pub asset: Id,
    /// The design's number.
    pub design: u32,
    /// How many editions there may ever be.
    pub editions: u32,
    /// What a member burns to get one: designs, ascending, the same one as often as it takes.
    pub set: Vec<u32>,
    /// A hash of what it looks like.
    pub content: Option<[u8; 32]>,
}

/// Makes the next edition of a design.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IssueItem {
    /// Which collection.
    pub asset: Id,
    /// Which design.
    pub design: u32,
    /// Who gets it.
    pub to: Id,
}

/// Gives an item away.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GiveItem {
    /// Which collection.
    pub asset: Id,
    /// Which item.
    pub item: Item,
    /// Whose it is.
    pub sender: Id,
    /// Who gets it.
    pub to: Id,
}

/// Sells an item, and pays its royalty.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SellItem {
    /// Which collection.
    pub asset: Id,
    /// Which item.
    pub item: Item,
    /// Whose it is.
    pub seller: Id,
    /// Who pays and gets it.
    pub buyer: Id,
    /// In which asset the price is.
    pub currency: Id,
    /// How much the buyer pays in all.
    pub price: u128,
}

/// Destroys an item of the signer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BurnItem {
    /// Which collection.
    pub asset: Id,
    /// Which item.
    pub item: Item,
    /// Whose it is.
    pub sender: Id,
}

/// Burns a set of items for the next edition of the design that is made of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CompleteSet {
    /// Which collection.
    pub asset: Id,
    /// What the member gets.
    pub design: u32,
    /// Whose set it is.
    pub sender: Id,
    /// The set, strictly ascending.
    pub items: Vec<Item>,
}

/// Which item of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Item {
    /// The design's number.
    pub design: u32,
    /// The number of the edition, from 1 on.
    pub edition: u32,
}

/// A design of a collection.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DesignRecord {
    /// Its number.
    pub design: u32,
    /// How many editions there may ever be.
    pub editions: u32,
    /// What a member burns to get one: designs, ascending.
    pub set: Vec<u32>,
    /// A hash of what it looks like.
    pub content: Option<[u8; 32]>,
    /// How many editions were ever made: the number of the last.
    pub issued: u32,
    /// How many of them were destroyed.
    pub burned: u32,
}

impl DesignRecord {
    /// Its record id.
    pub fn id(asset: &Id, design: u32) -> Id {
        record_id("design", &[asset.as_ref(), &design.to_be_bytes()])
    }

    fn load<R: Records>(context: &mut Context<'_, R>, asset: &Id, design: u32) -> Result<Self, Halt<R::Error>> {
        context.read(designs(*asset), &Self::id(asset, design))?.ok_or(Halt::Refused(UNKNOWN_DESIGN))
    }
}

impl TableRecord for DesignRecord {
    fn own_id(&self, table_key: Option<&Id>) -> OwnId {
        table_key.map_or(OwnId::Impossible, |asset| OwnId::Is(Self::id(asset, self.design)))
    }
}

/// An item of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ItemRecord {
    /// Which it is.
    pub item: Item,
    /// Whose it is.
    pub owner: Id,
    /// Since when it is, ms.
    pub since: u64,
}

impl ItemRecord {
    /// Its record id.
    pub fn id(asset: &Id, item: Item) -> Id {
        record_id("item", &[asset.as_ref(), &item.design.to_be_bytes(), &item.edition.to_be_bytes()])
    }
}

impl TableRecord for ItemRecord {
    fn own_id(&self, table_key: Option<&Id>) -> OwnId {
        table_key.map_or(OwnId::Impossible, |asset| OwnId::Is(Self::id(asset, self.item)))
    }

    fn check_sum(&self, sum: u128) -> Result<(), &'static str> {
        if sum == 1 { Ok(()) } else { Err("1") }
    }
}

const fn designs(asset: Id) -> Table {
    Table::keyed(TableName::Designs, asset)
}

const fn items(asset: Id) -> Table {
    Table::keyed(TableName::Items, asset)
}

/// A collection of which items are issued, burned or get another owner.
struct Collection<'c, 'a, R: Records> {
    context: &'c mut Context<'a, R>,
    id: Id,
    asset: Arc<AssetRecord>,
}

impl<'c, 'a, R: Records> Collection<'c, 'a, R> {
    fn load(context: &'c mut Context<'a, R>, id: &Id) -> Result<Self, Halt<R::Error>> {
        let asset = context.asset(id)?;
        if asset.is_items() { Ok(Self { context, id: *id, asset }) } else { Err(NOT_ITEMS.into()) }
    }

    fn minter(&self) -> Result<Id, Status> {
        self.asset.holder_of(Power::Mint).ok_or(POWER_RENOUNCED)
    }

    /// The item, which must be this account's.
    fn owned(&mut self, item: Item, owner: &Id) -> Result<ItemRecord, Halt<R::Error>> {
        let found: Option<ItemRecord> = self.context.read(items(self.id), &ItemRecord::id(&self.id, item))?;
        let record = found.ok_or(Halt::Refused(UNKNOWN_ITEM))?;
        if record.owner == *owner { Ok(record) } else { Err(NOT_OWNER.into()) }
    }

    fn refuse_frozen(&mut self, account: &Id) -> Result<(), Halt<R::Error>> {
        refuse_frozen(self.context, &self.id, &self.asset, account)
    }

    /// Refuses accounts between which no item of the collection may change hands.
    fn refuse_parties(&mut self, sender: &Id, to: &Id) -> Result<(), Halt<R::Error>> {
        self.refuse_frozen(sender)?;
        self.refuse_frozen(to)?;
        refuse_bound(self.context, &self.asset, sender, to)?;
        refuse_unattested(self.context, &self.asset, to)?;
        self.context.refuse_programme_account(to)
    }

    fn put(&mut self, item: Item, owner: Id) -> Result<(), Halt<R::Error>> {
        let record = ItemRecord { item, owner, since: self.context.time() };
        self.context.write_weighed(items(self.id), ItemRecord::id(&self.id, item), 1, &record)
    }

    /// Makes the next edition.
    fn issue(&mut self, mut design: DesignRecord, to: Id) -> Result<Effect, Halt<R::Error>> {
        let mut asset = (*self.asset).clone();
        let supply = asset.supply().ok_or_else(|| contradiction::<R>("an asset's totals contradict each other"))?;
        if supply >= asset.supply_cap {
            return Err(SUPPLY_CAP_EXCEEDED.into());
        }
        design.issued =
            design.issued.checked_add(1).filter(|issued| *issued <= design.editions).ok_or(EDITIONS_EXHAUSTED)?;
        asset.minted = asset.minted.checked_add(1).ok_or_else(|| contradiction::<R>("an asset's items overflow"))?;
        self.put(Item { design: design.design, edition: design.issued }, to)?;
        self.context.write(designs(self.id), DesignRecord::id(&self.id, design.design), &design)?;
        self.context.write_asset(&self.id, asset)?;
        // The operation does not say which edition it is.
        let edition = LotAmount { lot: design.issued, amount: 1 };
        Ok(Effect::Moved { taken: vec![edition], lapsed: Vec::new() })
    }

    fn burn(&mut self, item: Item) -> Result<(), Halt<R::Error>> {
        let mut asset = (*self.asset).clone();
        let mut design = DesignRecord::load(self.context, &self.id, item.design)?;
        let burned = (asset.burned.checked_add(1), design.burned.checked_add(1));
        let (Some(of_asset), Some(of_design)) = burned else {
            return Err(contradiction::<R>("more items were burned than issued"));
        };
        (asset.burned, design.burned) = (of_asset, of_design);
        self.context.set_record(items(self.id), ItemRecord::id(&self.id, item), None)?;
        self.context.write(designs(self.id), DesignRecord::id(&self.id, item.design), &design)?;
        self.context.write_asset(&self.id, asset.clone())?;
        self.asset = Arc::new(asset);
        Ok(())
    }
}

fn contradiction<R: Records>(what: &str) -> Halt<R::Error> {
    Halt::corrupt::<R>(what)
}

fn touch_item(touched: &mut Vec<(Table, Id)>, asset: Id, item: Item) {
    touched.extend([(Table::ASSETS, asset), (items(asset), ItemRecord::id(&asset, item))]);
}

impl Operate for Design {
    fn check(&self) -> Result<(), Status> {
        let is_possible =
            self.editions > 0 && self.set.len() <= SET_MAX && self.set.is_sorted() && !self.set.contains(&self.design);
        if is_possible { Ok(()) } else { Err(INVALID_DESIGN) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((designs(self.asset), DesignRecord::id(&self.asset, self.design)));
    }

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let collection = Collection::load(context, &self.asset)?;
        collection.context.authority(&collection.minter()?, DESIGN)?;
        refuse_ended(&collection.asset, collection.context.time())?;
        let id = DesignRecord::id(&self.asset, self.design);
        if context.record(&designs(self.asset), &id)?.is_some() {
            return Err(DESIGN_EXISTS.into());
        }
        for part in &self.set {
            DesignRecord::load(context, &self.asset, *part)?;
        }
        let design = DesignRecord {
            design: self.design,
            editions: self.editions,
            set: self.set.clone(),
            content: self.content,
            issued: 0,
            burned: 0,
        };
        context.write(designs(self.asset), id, &design)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for IssueItem {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((designs(self.asset), DesignRecord::id(&self.asset, self.design)));
        touched.push((Table::ACCOUNTS, self.to));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.to);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut collection = Collection::load(context, &self.asset)?;
        let minter = collection.minter()?;
        collection.context.authority_or_mandate(&minter, ISSUE_ITEM, &self.asset, 1)?;
        refuse_paused(&collection.asset)?;
        refuse_ended(&collection.asset, collection.context.time())?;
        let design = DesignRecord::load(collection.context, &self.asset, self.design)?;
        collection.refuse_frozen(&self.to)?;
        refuse_unattested(collection.context, &collection.asset, &self.to)?;
        collection.context.refuse_programme_account(&self.to)?;
        collection.issue(design, self.to)
    }
}

impl Operate for GiveItem {
    fn check(&self) -> Result<(), Status> {
        if self.sender == self.to { Err(SAME_ACCOUNT) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_item(touched, self.asset, self.item);
        touched.push((Table::ACCOUNTS, self.to));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.sender, self.to]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut collection = Collection::load(context, &self.asset)?;
        collection.context.authority_or_mandate(&self.sender, GIVE_ITEM, &self.asset, 1)?;
        refuse_paused(&collection.asset)?;
        refuse_ended(&collection.asset, collection.context.time())?;
        collection.owned(self.item, &self.sender)?;
        collection.refuse_parties(&self.sender, &self.to)?;
        // What is given might have been sold elsewhere: where a royalty is due, only its sale moves an item.
        let of_issuer = [self.sender, self.to].contains(&collection.asset.issuer);
        if collection.asset.royalty().is_some() && !of_issuer {
            return Err(ROYALTY_DUE.into());
        }
        collection.put(self.item, self.to)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for SellItem {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.price)?;
        if self.seller == self.buyer { Err(SAME_ACCOUNT) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_item(touched, self.asset, self.item);
        touched.extend([(Table::holders(self.currency), self.buyer), (Table::holders(self.currency), self.seller)]);
        touched.extend([(Table::ACCOUNTS, self.buyer), (Table::ACCOUNTS, self.seller)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.seller, self.buyer]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut collection = Collection::load(context, &self.asset)?;
        collection.context.authority(&self.seller, SELL_ITEM)?;
        collection.context.authority(&self.buyer, SELL_ITEM)?;
        refuse_paused(&collection.asset)?;
        refuse_ended(&collection.asset, collection.context.time())?;
        collection.owned(self.item, &self.seller)?;
        collection.refuse_parties(&self.seller, &self.buyer)?;
        let royalty = collection.asset.royalty();
        collection.put(self.item, self.buyer)?;
        self.pay(context, royalty)
    }
}

impl SellItem {
    fn pay<R: Records>(
        &self,
        context: &mut Context<'_, R>,
        royalty: Option<(u16, Id)>,
    ) -> Result<Effect, Halt<R::Error>> {
        let currency = context.fungible(&self.currency)?;
        refuse_paused(&currency)?;
        let mut payouts = vec![(self.seller, self.price)];
        if let Some((bps, to)) = royalty {
            let due = share_bps(self.price, bps);
            payouts = vec![(self.seller, self.price.saturating_sub(due)), (to, due)];
        }
        payouts.retain(|(_, amount)| *amount > 0);
        let mut movement = Movement::new(context, self.currency, currency);
        movement.refuse_sender(&self.buyer)?;
        for (to, _) in &payouts {
            movement.refuse_payee(&self.buyer, to)?;
        }
        // Of a sale the royalty goes off, not the currency's fee.
        movement.waive_fee();
        let taken = movement.take(&self.buyer, self.price, Taking::Given)?;
        movement.hand_out(&self.buyer, &taken, &payouts)?;
        movement.finish(taken)
    }
}

impl Operate for BurnItem {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touch_item(touched, self.asset, self.item);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.sender);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut collection = Collection::load(context, &self.asset)?;
        collection.context.authority_or_mandate(&self.sender, BURN_ITEM, &self.asset, 1)?;
        refuse_paused(&collection.asset)?;
        collection.owned(self.item, &self.sender)?;
        collection.refuse_frozen(&self.sender)?;
        collection.burn(self.item)?;
        Ok(Effect::Nothing)
    }
}

impl Operate for CompleteSet {
    fn check(&self) -> Result<(), Status> {
        if self.items.is_sorted_by(|left, right| left < right) { Ok(()) } else { Err(WRONG_SET) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((designs(self.asset), DesignRecord::id(&self.asset, self.design)));
        for item in &self.items {
            touch_item(touched, self.asset, *item);
        }
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.sender);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut collection = Collection::load(context, &self.asset)?;
        collection.context.authority(&self.sender, COMPLETE_SET)?;
        refuse_paused(&collection.asset)?;
        refuse_ended(&collection.asset, collection.context.time())?;
        let design = DesignRecord::load(collection.context, &self.asset, self.design)?;
        // Ascending items have ascending designs, as the set has.
        let is_set = !design.set.is_empty() && self.items.iter().map(|item| &item.design).eq(&design.set);
        if !is_set {
            return Err(WRONG_SET.into());
        }
        for item in &self.items {
            collection.owned(*item, &self.sender)?;
        }
        collection.refuse_frozen(&self.sender)?;
        for item in &self.items {
            collection.burn(*item)?;
        }
        collection.issue(design, self.sender)
    }
}
