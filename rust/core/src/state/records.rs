//! What the tables hold, in Borsh: `docs/reference/formats.md`, section *Tables*.

use crate::id::{Id, asset_id, record_id};
use crate::time;
use crate::wire::{LotAmount, Parameters};
use borsh::{BorshDeserialize, BorshSerialize};

/// What a record tells of the id under which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnId {
    /// Nothing: the proof's path alone binds it.
    Untold,
    /// It is made of these parts.
    Is(Id),
    /// No id can be made of what it says.
    Impossible,
}

/// A record that is kept in Borsh, and what a verifier checks of it beside its encoding.
pub trait TableRecord: BorshDeserialize + BorshSerialize {
    /// The version that is known, where its first byte says one.
    const VERSION: Option<u8> = None;

    /// What it tells of its own id: under another one it would be taken for another's.
    fn own_id(&self, table_key: Option<&Id>) -> OwnId {
        let _ = table_key;
        OwnId::Untold
    }

    /// Refuses a sum that contradicts it, with what was expected.
    fn check_sum(&self, sum: u128) -> Result<(), &'static str> {
        if sum == 0 { Ok(()) } else { Err("0") }
    }
}

impl TableRecord for Parameters {
    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::record_id())
    }
}

/// An account that is not merely its key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum AccountRecord {
    /// These keys sign for it.
    Keyed(KeyedAccount),
    /// It holds funds for a rule; nobody signs for it.
    Programme {
        /// The family whose operations pay into it and out of it.
        family: u8,
    },
    /// Whoever signs for another account signs for it.
    Alias {
        /// As [`KeyedAccount::epoch`]: it rises with this, too.
        epoch: u32,
        /// The other account, which may be an alias itself.
        into: Id,
    },
    /// These keys sign for it, as far as its constitution lets them.
    Governed(KeyedAccount),
}

impl TableRecord for AccountRecord {}

/// The keys of an account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeyedAccount {
    /// Rises each time the keys are set: the old ones are dead.
    pub epoch: u32,
    /// How many of the keys must sign.
    pub threshold: u8,
    /// 1 to 16, strictly ascending by key.
    pub keys: Vec<KeyGrant>,
}

/// A key and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeyGrant {
    /// The Ed25519 public key.
    pub key: Id,
    /// Tags of operations, strictly ascending; absent: all.
    pub scope: Option<Vec<u8>>,
}

impl KeyGrant {
    /// Whether the key may do this operation.
    pub fn covers(&self, tag: u8) -> bool {
        self.scope.as_ref().is_none_or(|tags| tags.contains(&tag))
    }
}

/// The accounts that may together set an account's keys, after a delay in which the account may object.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GuardiansRecord {
    /// How many of the guardians must sign.
    pub threshold: u8,
    /// 1 to 16 accounts, strictly ascending.
    pub guardians: Vec<Id>,
    /// How long a recovery waits, ms.
    pub delay_ms: u64,
}

impl TableRecord for GuardiansRecord {}

/// The keys that guardians want an account to have.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecoveryRecord {
    /// When the guardians asked for it, ms.
    pub started: u64,
    /// From when on it may be finished, ms.
    pub due: u64,
    /// How many of the keys must sign.
    pub threshold: u8,
    /// 1 to 16, strictly ascending by key.
    pub keys: Vec<KeyGrant>,
}

impl TableRecord for RecoveryRecord {}

/// What an agent may do for an account, within a cap that starts anew in each window.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MandateRecord {
    /// Whose units or power.
    pub account: Id,
    /// Who acts.
    pub agent: Id,
    /// In which asset, or by which schema.
    pub asset: Id,
    /// Tags of the operations allowed, strictly ascending.
    pub operations: Vec<u8>,
    /// Units, or attestations made and revoked, in a window.
    pub cap: u128,
    /// The window's length, ms.
    pub window_ms: u64,
    /// When the first window began, ms.
    pub since: u64,
    /// When it ends, ms.
    pub until: u64,
    /// The number of the window that `spent` counts.
    pub window: u64,
    /// What was used in that window.
    pub spent: u128,
}

impl MandateRecord {
    /// Its record id.
    pub fn id(account: &Id, agent: &Id, asset: &Id) -> Id {
        record_id("mandate", &[account.as_ref(), agent.as_ref(), asset.as_ref()])
    }
}

impl TableRecord for MandateRecord {
    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.account, &self.agent, &self.asset))
    }
}

/// A key that was used once for ever.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OnceRecord {
    /// By this account.
    pub account: Id,
    /// The key.
    pub key: [u8; 32],
    /// In this transaction.
    pub transaction: Id,
}

impl OnceRecord {
    /// Its record id.
    pub fn id(account: &Id, key: &[u8; 32]) -> Id {
        record_id("once", &[account.as_ref(), key])
    }
}

impl TableRecord for OnceRecord {
    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.account, &self.key))
    }
}

/// The version of asset records.
pub const ASSET_VERSION: u8 = 1;

/// An asset: what it is, who may do what to it, and its totals.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AssetRecord {
    /// 1.
    pub version: u8,
    /// Who created it.
    pub issuer: Id,
    /// `[A-Z0-9.]{1,12}`.
    pub symbol: String,
    /// Decimal places of a whole unit.
    pub decimals: u8,
    /// The most units that may exist; it only goes down.
    pub supply_cap: u128,
    /// The rules, strictly ascending by tag.
    pub policy: Vec<Term>,
    /// Who holds which power.
    pub powers: Powers,
    /// Whether transfer, pay, mint, burn, redeem and refund are refused.
    pub paused: bool,
    /// How many accounts are frozen.
    pub frozen_accounts: u64,
    /// How many accounts owe the issuer units.
    pub debtors: u64,
    /// Units that they owe in all.
    pub owed: u128,
    /// Units ever minted.
    pub minted: u128,
    /// Units ever burned.
    pub burned: u128,
    /// Units redeemed and not given back.
    pub redeemed: u128,
    /// Units that lapsed and were removed.
    pub swept: u128,
    /// Units ever clawed back (they stay in the supply).
    pub clawed_back: u128,
    /// The rules that were announced.
    pub pending: Option<PendingPolicy>,
    /// From when on nothing of it is left, ms.
    pub sunset: Option<u64>,
    /// How many snapshots were ever opened: the number of the last one.
    pub snapshots_taken: u32,
    /// Those of them that are listed, at most 64, ascending by number; some may be dead.
    pub snapshots: Vec<LiveSnapshot>,
}

/// A snapshot of an asset that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LiveSnapshot {
    /// Its number, from 1.
    pub number: u32,
    /// It is live before this time, ms.
    pub until: u64,
}

/// Rules of an asset that were announced and hold from a time on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PendingPolicy {
    /// All rules, strictly ascending by tag.
    pub policy: Vec<Term>,
    /// When they were announced, ms.
    pub since: u64,
    /// From when on they hold, ms.
    pub due: u64,
}

impl AssetRecord {
    /// Minted less burned, redeemed and swept; nothing if the totals contradict each other.
    pub fn supply(&self) -> Option<u128> {
        self.minted.checked_sub(self.burned)?.checked_sub(self.redeemed)?.checked_sub(self.swept)
    }

    /// As it is at a time, if what was announced holds by then: nobody has to do anything for that.
    pub fn caught_up(&self, time: u64) -> Option<Self> {
        let pending = self.pending.as_ref().filter(|pending| pending.due <= time)?;
        Some(Self { policy: pending.policy.clone(), pending: None, ..self.clone() })
    }

    /// How long a change of the rules for the worse is announced before it holds, ms.
    pub fn notice_ms(&self) -> Option<u64> {
        self.policy.iter().find_map(|term| if let Term::Notice { ms } = term { Some(*ms) } else { None })
    }

    /// How long before the asset's end the issuer must say so, ms.
    pub fn sunset_ms(&self) -> Option<u64> {
        self.policy.iter().find_map(|term| if let Term::Sunset { ms } = term { Some(*ms) } else { None })
    }

    /// Whether the asset has ended by a time.
    pub fn has_ended(&self, time: u64) -> bool {
        self.sunset.is_some_and(|sunset| time >= sunset)
    }

    /// The numbers of the snapshots that are live at a time, ascending.
    pub fn live_snapshots(&self, time: u64) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.snapshots.iter().filter(move |listed| time < listed.until).map(|listed| listed.number)
    }

    /// Whether it moves only from or to its issuer.
    pub fn is_bound(&self) -> bool {
        self.policy.contains(&Term::Bound)
    }

    /// Whether it is a collection of items.
    pub fn is_items(&self) -> bool {
        self.policy.contains(&Term::Items)
    }

    /// Of each sale of an item, how many of 10,000 parts go to which account.
    pub fn royalty(&self) -> Option<(u16, Id)> {
        self.policy.iter().find_map(|term| if let Term::Royalty { bps, to } = term { Some((*bps, *to)) } else { None })
    }

    /// Of each payment, how many of 10,000 parts go to which account.
    pub fn fee(&self) -> Option<(u16, Id)> {
        self.policy.iter().find_map(|term| if let Term::Fee { bps, to } = term { Some((*bps, *to)) } else { None })
    }

    /// The most that a payment may make of a balance.
    pub fn max_holding(&self) -> Option<u128> {
        self.policy.iter().find_map(|term| if let Term::MaxHolding { units } = term { Some(*units) } else { None })
    }

    /// By which schema and by whom a payee must be attested.
    pub fn attested(&self) -> Option<(Id, Id)> {
        let attested =
            |term: &Term| if let Term::Attested { schema, issuer } = term { Some((*schema, *issuer)) } else { None };
        self.policy.iter().find_map(attested)
    }

    /// Whether a 65th lot is refused.
    pub fn has_strict_lots(&self) -> bool {
        self.policy.contains(&Term::StrictLots)
    }

    /// The period by which units are counted.
    pub fn period(&self) -> Option<Period> {
        self.policy.iter().find_map(|term| if let Term::Lots { period } = term { Some(*period) } else { None })
    }

    /// Days after a lot's period when it lapses.
    pub fn fixed_expiry_days(&self) -> Option<u32> {
        self.policy.iter().find_map(|term| if let Term::FixedExpiry { days } = term { Some(*days) } else { None })
    }

    /// Whether a lot has lapsed by this day, whoever holds it.
    pub fn has_lapsed(&self, lot: u32, day: u32) -> bool {
        match (self.period(), self.fixed_expiry_days()) {
            (Some(period), Some(days)) => day >= period.end_day(lot).saturating_add(days),
            _ => false,
        }
    }

    /// How many units an account may owe the issuer; none where a claw back takes only what is there.
    pub fn debt_floor(&self) -> Option<u128> {
        self.policy.iter().find_map(|term| if let Term::DebtFloor { units } = term { Some(*units) } else { None })
    }

    /// Whether what lapsed while it was redeemed comes back as units of today.
    pub fn reinstates(&self) -> bool {
        !self.policy.contains(&Term::NoReinstatement)
    }

    /// Days without activity after which a balance lapses.
    pub fn inactivity_expiry_days(&self) -> Option<u32> {
        self.policy.iter().find_map(|term| if let Term::InactivityExpiry { days } = term { Some(*days) } else { None })
    }

    /// Whether balances can lapse at all.
    pub fn expires(&self) -> bool {
        self.fixed_expiry_days().is_some() || self.inactivity_expiry_days().is_some()
    }

    /// Who holds a power.
    pub fn holder_of(&self, power: Power) -> Option<Id> {
        match power {
            Power::Mint => self.powers.mint,
            Power::Freeze => self.powers.freeze,
            Power::Pause => self.powers.pause,
            Power::ClawBack => self.powers.claw_back,
            Power::Change => self.powers.change,
        }
    }

    /// What the encoding of balances depends on: these terms stay as created.
    pub fn layout(policy: &[Term]) -> (Option<Period>, [bool; 5]) {
        let mut layout = (None, [false; 5]);
        let (lots, [fixed_expiry, inactivity_expiry, items, notice, sunset]) = (&mut layout.0, &mut layout.1);
        for term in policy {
            match term {
                Term::Lots { period } => *lots = Some(*period),
                Term::FixedExpiry { .. } => *fixed_expiry = true,
                Term::InactivityExpiry { .. } => *inactivity_expiry = true,
                Term::Items => *items = true,
                Term::Notice { .. } => *notice = true,
                Term::Sunset { .. } => *sunset = true,
                Term::Bound
                | Term::StrictLots
                | Term::DebtFloor { .. }
                | Term::NoReinstatement
                | Term::Royalty { .. }
                | Term::Fee { .. }
                | Term::MaxHolding { .. }
                | Term::Attested { .. } => {}
            }
        }
        layout
    }
}

impl TableRecord for AssetRecord {
    const VERSION: Option<u8> = Some(ASSET_VERSION);

    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        // The length of the symbol is one byte of the id.
        match u8::try_from(self.symbol.len()) {
            Ok(_) => OwnId::Is(asset_id(&self.issuer, &self.symbol)),
            Err(_) => OwnId::Impossible,
        }
    }
}

/// A rule of an asset. Tags are appended, never renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Term {
    /// Units move only from or to the issuer.
    Bound,
    /// Units are counted by the period in which they were minted.
    Lots {
        /// How long a period is.
        period: Period,
    },
    /// A lot lapses some days after its period.
    FixedExpiry {
        /// Days after the period's last.
        days: u32,
    },
    /// A balance lapses after some days without activity.
    InactivityExpiry {
        /// Days since the last activity.
        days: u32,
    },
    /// A 65th lot is refused instead of merged.
    StrictLots,
    /// A claw back may take more than an account has.
    DebtFloor {
        /// The most that an account may owe the issuer.
        units: u128,
    },
    /// What lapsed while it was redeemed is not given back.
    NoReinstatement,
    /// It is a collection of items, each with an owner.
    Items,
    /// Of the price of each sale of an item, a part goes to an account.
    Royalty {
        /// How many of 10,000 parts.
        bps: u16,
        /// To which account.
        to: Id,
    },
    /// A change of these rules for the worse is announced so long before it holds.
    Notice {
        /// How long, ms.
        ms: u64,
    },
    /// Of each payment a part goes to an account.
    Fee {
        /// How many of 10,000 parts.
        bps: u16,
        /// To which account.
        to: Id,
    },
    /// No payment makes a balance larger than this.
    MaxHolding {
        /// The most that an account may have.
        units: u128,
    },
    /// Who is paid must have been attested something.
    Attested {
        /// By which schema.
        schema: Id,
        /// By whom.
        issuer: Id,
    },
    /// The issuer may let the asset end, so long before at the earliest.
    Sunset {
        /// How long, ms.
        ms: u64,
    },
}

impl Term {
    /// Whether this is no worse for those who hold the asset than another term of its kind.
    pub fn is_no_worse_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::FixedExpiry { days }, Self::FixedExpiry { days: before })
            | (Self::InactivityExpiry { days }, Self::InactivityExpiry { days: before }) => days >= before,
            (Self::DebtFloor { units }, Self::DebtFloor { units: before }) => units <= before,
            (Self::Notice { ms }, Self::Notice { ms: before }) | (Self::Sunset { ms }, Self::Sunset { ms: before }) => {
                ms >= before
            }
            (Self::Fee { bps, to }, Self::Fee { bps: before, to: to_before }) => bps <= before && to == to_before,
            (Self::MaxHolding { units }, Self::MaxHolding { units: before }) => units >= before,
            (new, old) => new == old,
        }
    }

    /// Its tag on the wire.
    pub fn tag(self) -> u8 {
        match self {
            Self::Bound => 0,
            Self::Lots { .. } => 1,
            Self::FixedExpiry { .. } => 2,
            Self::InactivityExpiry { .. } => 3,
            Self::StrictLots => 4,
            Self::DebtFloor { .. } => 5,
            Self::NoReinstatement => 6,
            Self::Items => 7,
            Self::Royalty { .. } => 8,
            Self::Notice { .. } => 9,
            Self::Fee { .. } => 10,
            Self::MaxHolding { .. } => 11,
            Self::Attested { .. } => 12,
            Self::Sunset { .. } => 13,
        }
    }
}

/// The issue period of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Period {
    /// The lot is the day.
    Day,
    /// The lot is the calendar month since January 1970.
    Month,
}

impl Period {
    /// The lot of units minted on a day.
    pub fn lot(self, day: u32) -> u32 {
        match self {
            Self::Day => day,
            Self::Month => time::month(day),
        }
    }

    /// The first day after a lot's period.
    pub fn end_day(self, lot: u32) -> u32 {
        let next = lot.saturating_add(1);
        match self {
            Self::Day => next,
            Self::Month => time::first_day_of_month(next),
        }
    }
}

/// The powers over an asset: each an account's, or renounced for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Powers {
    /// May mint.
    pub mint: Option<Id>,
    /// May freeze accounts.
    pub freeze: Option<Id>,
    /// May pause the asset.
    pub pause: Option<Id>,
    /// May take units back.
    pub claw_back: Option<Id>,
    /// May change the policy.
    pub change: Option<Id>,
}

/// The name of a power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Power {
    /// To mint.
    Mint,
    /// To freeze accounts.
    Freeze,
    /// To pause the asset.
    Pause,
    /// To take units back.
    ClawBack,
    /// To change the policy.
    Change,
}

/// The totals of one lot of one asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LotRecord {
    /// The issue period.
    pub lot: u32,
    /// Units minted in it.
    pub issued: u128,
    /// Units of it burned.
    pub burned: u128,
    /// Units of it redeemed and not given back.
    pub redeemed: u128,
    /// Units of it that lapsed and were removed.
    pub expired: u128,
    /// Units of it ever clawed back (still outstanding).
    pub clawed_back: u128,
    /// Units that came from an older lot when a balance had too many.
    pub merged_in: u128,
    /// Units that went into a younger lot.
    pub merged_out: u128,
}

impl LotRecord {
    /// Its record id.
    pub fn id(asset: &Id, lot: u32) -> Id {
        record_id("lot", &[asset.as_ref(), &lot.to_be_bytes()])
    }

    /// Units of it that somebody holds; nothing if the totals contradict each other.
    pub fn outstanding(&self) -> Option<u128> {
        self.issued
            .checked_add(self.merged_in)?
            .checked_sub(self.burned)?
            .checked_sub(self.redeemed)?
            .checked_sub(self.expired)?
            .checked_sub(self.merged_out)
    }
}

impl TableRecord for LotRecord {
    fn own_id(&self, table_key: Option<&Id>) -> OwnId {
        table_key.map_or(OwnId::Impossible, |asset| OwnId::Is(Self::id(asset, self.lot)))
    }

    fn check_sum(&self, sum: u128) -> Result<(), &'static str> {
        // Compared without subtracting: totals that contradict each other have no difference.
        let gone = wide_sum(&[sum, self.merged_out, self.burned, self.redeemed, self.expired]);
        if gone == wide_sum(&[self.issued, self.merged_in]) {
            Ok(())
        } else {
            Err("issued + merged_in - merged_out - burned - redeemed - expired")
        }
    }
}

/// A sum that cannot overflow: how often it passed 2^128, and the rest.
fn wide_sum(parts: &[u128]) -> (usize, u128) {
    parts.iter().fold((0, 0), |(carries, sum): (usize, u128), part| {
        let (sum, carry) = sum.overflowing_add(*part);
        (carries.saturating_add(usize::from(carry)), sum)
    })
}

/// A frozen account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FreezeRecord {
    /// Since when, ms.
    pub since: u64,
    /// Why.
    pub reason: Reason,
}

impl TableRecord for FreezeRecord {}

/// Units that were redeemed for something outside the ledger, and what was given back of them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedemptionRecord {
    /// Whose units.
    pub sender: Id,
    /// Where: the account that may give them back.
    pub at: Id,
    /// A salted hash of the order.
    pub order: [u8; 32],
    /// When, ms.
    pub time: u64,
    /// Units redeemed.
    pub amount: u128,
    /// Units given back of those.
    pub refunded: u128,
    /// What has not been given back, by lot, ascending; empty for an asset without lots.
    pub lots: Vec<LotAmount>,
}

impl RedemptionRecord {
    /// Its record id.
    pub fn id(asset: &Id, sender: &Id, order: &[u8; 32]) -> Id {
        record_id("redemption", &[asset.as_ref(), sender.as_ref(), order])
    }
}

impl TableRecord for RedemptionRecord {
    fn own_id(&self, table_key: Option<&Id>) -> OwnId {
        table_key.map_or(OwnId::Impossible, |asset| OwnId::Is(Self::id(asset, &self.sender, &self.order)))
    }
}

/// That an account owes the issuer units: how many is the record's sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DebtRecord {
    /// Since when it has owed some, ms.
    pub since: u64,
}

impl TableRecord for DebtRecord {
    fn check_sum(&self, sum: u128) -> Result<(), &'static str> {
        if sum == 0 { Err("1 or more") } else { Ok(()) }
    }
}

/// Why a power was used: a code of the programme's own list, and a hash of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reason {
    /// The code.
    pub code: u16,
    /// SHA-256 of a document, salted.
    pub evidence: Option<[u8; 32]>,
}
