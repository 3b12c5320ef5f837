//! campaign (family 5): open campaign, fund campaign, claim, close campaign.
//!
//! A campaign is an account that pays out against slips: papers on which its terms' roles have signed that somebody has
//! earned something. Each slip is paid once, within caps, until the campaign ends.

use crate::amount::{BPS_ALL, share_bps};
use crate::apply::{Context, Halt, Movement, Taking};
use crate::id::{Id, record_id, sha256};
use crate::ops::attest::{Requirement, require_live};
use crate::ops::condition::Condition;
use crate::ops::hold::{
    FAR_MS, HOLD_EXISTS, HoldRecord, NO_DEADLINE, Outcome, Share, Terms, WRONG_ASSET, check_deadline,
};
use crate::ops::r#move::{INSUFFICIENT_FUNDS, check_amount, refuse_ended, refuse_paused};
use crate::ops::{Operate, SlipSignature};
use crate::state::{
    AccountRecord, AssetRecord, OnceRecord, OwnId, Records, Table, TableName, TableRecord, add_up_lots,
};
use crate::status::{Status, statuses};
use crate::time;
use crate::wire::{Effect, LotAmount, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

statuses! { 5;
    /// No roles, over 8, none that signs, one account twice, or shares that do not add up to 10,000.
    INVALID_ROLES = 0x01 "invalid_roles";
    /// A cap of nothing.
    INVALID_CAP = 0x02 "invalid_cap";
    /// Units would be pending, or notice last, for more than 36,525 days.
    INVALID_PERIOD = 0x03 "invalid_period";
    /// The list of slips is empty.
    NO_SLIP = 0x04 "no_slip";
    /// The owner opened a campaign with this salt.
    CAMPAIGN_EXISTS = 0x05 "campaign_exists";
    /// There is no such campaign.
    UNKNOWN_CAMPAIGN = 0x06 "unknown_campaign";
    /// It has ended and given back what it had.
    CAMPAIGN_CLOSED = 0x07 "campaign_closed";
    /// It pays no more.
    CAMPAIGN_ENDED = 0x08 "campaign_ended";
    /// Its end is settled already.
    CAMPAIGN_ENDING = 0x09 "campaign_ending" transient;
    /// The slip does not name one party for each role that the terms leave open.
    WRONG_PARTIES = 0x0a "wrong_parties";
    /// The slip's time is over.
    SLIP_EXPIRED = 0x0b "slip_expired";
    /// The slip was paid before.
    SLIP_CLAIMED = 0x0c "slip_claimed";
    /// A signature on the slip is not of a key that signs for that role.
    WRONG_SIGNER = 0x0d "wrong_signer";
    /// A role that must sign has not, or with too few keys.
    SLIP_UNSIGNED = 0x0e "slip_unsigned";
    /// More than the campaign pays for one slip.
    CLAIM_TOO_LARGE = 0x0f "claim_too_large";
    /// Less than the member wants.
    BELOW_FLOOR = 0x10 "below_floor";
    /// More than the member may have in this window.
    MEMBER_CAP_SPENT = 0x11 "member_cap_spent" transient;
    /// More than all members may have in this window.
    TOTAL_CAP_SPENT = 0x12 "total_cap_spent" transient;
    /// More than the campaign has.
    BUDGET_SPENT = 0x13 "budget_spent" transient;
}

const FAMILY: u8 = 5;
const OPEN_CAMPAIGN: u8 = 0x50;
const FUND_CAMPAIGN: u8 = 0x51;
const CLAIM: u8 = 0x52;
const CLOSE_CAMPAIGN: u8 = 0x53;

const VERSION: u8 = 1;
const ROLES_MAX: usize = 8;

const CAMPAIGNS: Table = Table::single(TableName::Campaigns);

/// What a campaign pays for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CampaignTerms {
    /// Who takes part in a slip; the first is the member.
    pub roles: Vec<Role>,
    /// The most that is paid for one slip.
    pub claim_max: u128,
    /// What the member must have been attested.
    pub eligible: Option<Requirement>,
    /// What one member may have.
    pub member_cap: Option<Cap>,
    /// What all may have.
    pub total_cap: Option<Cap>,
    /// How long what is paid is held, so that the owner may release it, ms.
    pub pending_ms: u64,
    /// How long before its end the owner must say so, if it ends before its time, ms.
    pub notice_ms: u64,
    /// From when on it pays no more, ms.
    pub ends: u64,
}

/// One who takes part in a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Role {
    /// Always the same account, or the one that the slip names.
    pub account: Option<Id>,
    /// How many of 10,000 parts it gets.
    pub bps: u16,
    /// Whether it must sign.
    pub signs: bool,
}

/// How much, in each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cap {
    /// Minor units.
    pub units: u128,
    /// Slips.
    pub claims: u32,
    /// The window's length, ms.
    pub window_ms: u64,
}

impl Cap {
    /// The number of the window of a time; the first begins with the campaign.
    fn window(&self, since: u64, time: u64) -> u64 {
        time::window(since, self.window_ms, time)
    }

    /// Counts a claim; nothing if that is too much.
    fn count(&self, counted: &Counted, window: u64, amount: u128) -> Option<Counted> {
        let (units, claims) = if counted.window == window { (counted.units, counted.claims) } else { (0, 0) };
        let units = units.checked_add(amount).filter(|units| *units <= self.units)?;
        let claims = claims.checked_add(1).filter(|claims| *claims <= self.claims)?;
        Some(Counted { window, units, claims })
    }
}

/// What was claimed in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Counted {
    /// Its number.
    pub window: u64,
    /// Units.
    pub units: u128,
    /// Slips.
    pub claims: u32,
}

impl CampaignTerms {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.claim_max)?;
        let fixed: Vec<_> = self.roles.iter().filter_map(|role| role.account).collect();
        let shares = self.roles.iter().try_fold(0u16, |total, role| total.checked_add(role.bps));
        let are_possible = (1..=ROLES_MAX).contains(&self.roles.len())
            && self.roles.iter().any(|role| role.signs)
            && fixed.iter().collect::<BTreeSet<_>>().len() == fixed.len()
            && shares == Some(BPS_ALL);
        if !are_possible {
            return Err(INVALID_ROLES);
        }
        let mut caps = self.member_cap.iter().chain(&self.total_cap);
        if caps.any(|cap| cap.units == 0 || cap.claims == 0 || cap.window_ms == 0) {
            return Err(INVALID_CAP);
        }
        if self.pending_ms > FAR_MS || self.notice_ms > FAR_MS {
            return Err(INVALID_PERIOD);
        }
        if self.ends == 0 { Err(NO_DEADLINE) } else { Ok(()) }
    }

    /// Who has each role in a slip; nothing if the slip does not name just those that the terms leave open.
    fn accounts(&self, parties: &[Id]) -> Option<Vec<Id>> {
        let mut named = parties.iter();
        let accounts = self.roles.iter().map(|role| role.account.or_else(|| named.next().copied())).collect();
        if named.next().is_some() { None } else { accounts }
    }

    /// What each role gets of an amount; what the parts leave over is the first one's that gets any.
    fn payouts(&self, amount: u128) -> Vec<u128> {
        let part = |role: &Role| share_bps(amount, role.bps);
        let mut parts: Vec<_> = self.roles.iter().map(part).collect();
        let left_over = parts.iter().fold(amount, |left, part| left.saturating_sub(*part));
        let first = self.roles.iter().position(|role| role.bps > 0);
        if let Some(part) = first.and_then(|first| parts.get_mut(first)) {
            *part = part.saturating_add(left_over);
        }
        parts
    }
}

/// Opens a campaign and funds it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpenCampaign {
    /// Who pays; part of the campaign's id.
    pub owner: Id,
    /// The other part.
    pub salt: [u8; 16],
    /// What it pays.
    pub asset: Id,
    /// How much it begins with.
    pub amount: u128,
    /// What it pays for.
    pub terms: CampaignTerms,
}

/// Gives a campaign more to pay with.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FundCampaign {
    /// Which campaign.
    pub campaign: Id,
    /// What it pays.
    pub asset: Id,
    /// Whose units.
    pub sender: Id,
    /// How many.
    pub amount: u128,
}

/// Has slips paid, all or none.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Claim {
    /// Which campaign.
    pub campaign: Id,
    /// What was earned.
    pub slips: Vec<SignedSlip>,
}

/// A slip and the signatures on it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedSlip {
    /// What was signed, but for the campaign's id.
    pub slip: Slip,
    /// By those who must, unless they sign the transaction.
    pub signatures: Vec<RoleSignature>,
}

/// That somebody has earned something of a campaign. What is signed is the campaign's id and this.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Slip {
    /// Told apart by it, and by the member: there is one claim for the two.
    pub nonce: [u8; 16],
    /// It may be paid before this time, ms.
    pub valid_until: u64,
    /// How much it is worth, in all.
    pub amount: u128,
    /// What the member wants at least.
    pub floor: Option<u128>,
    /// Who has the roles that the terms leave open, in order.
    pub parties: Vec<Id>,
    /// A salted hash of what it is for.
    pub reference: Option<[u8; 32]>,
}

/// A signature on a slip.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RoleSignature {
    /// The position of the role.
    pub role: u8,
    /// By which key.
    pub key: Id,
    /// Ed25519 over [`Slip::message`].
    pub signature: [u8; 64],
}

impl Slip {
    /// What is signed.
    pub fn message(&self, ledger: &Id, campaign: &Id) -> Vec<u8> {
        let hash = sha256(&[campaign.as_ref(), &encode(self)]);
        [b"counterfoil/slip/v1\n".as_slice(), ledger.as_ref(), hash.as_ref()].concat()
    }
}

/// What is used once for ever when a slip is paid.
pub fn claim_key(member: &Id, nonce: &[u8; 16]) -> [u8; 32] {
    sha256(&[member.as_ref(), nonce]).0
}

/// The salt of the hold into which a claim is paid while it is pending. It depends on the transaction: nobody else can
/// know it beforehand and pay the hold's account.
pub fn pending_salt(key: &[u8; 32], transaction: &Id) -> [u8; 16] {
    let hash = sha256(&[key, transaction.as_ref()]);
    *hash.0.first_chunk().expect("a hash has 32 bytes")
}

/// Ends a campaign, or gives back what one that has ended has left.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseCampaign {
    /// Which campaign.
    pub campaign: Id,
}

/// A campaign. What it has left is its account's balance.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CampaignRecord {
    /// 1.
    pub version: u8,
    /// Who pays.
    pub owner: Id,
    /// The other part of its id.
    pub salt: [u8; 16],
    /// What it pays.
    pub asset: Id,
    /// What it pays for.
    pub terms: CampaignTerms,
    /// When it was opened, ms.
    pub since: u64,
    /// From when on it pays no more, ms.
    pub ends: u64,
    /// Whether it has given back what it had left.
    pub closed: bool,
    /// Slips ever paid.
    pub claims: u64,
    /// What was claimed in the window of the cap for all.
    pub counted: Counted,
}

impl CampaignRecord {
    /// Its record id, which is its account's too.
    pub fn id(owner: &Id, salt: &[u8; 16]) -> Id {
        record_id("campaign", &[owner.as_ref(), salt])
    }

    fn load<R: Records>(context: &mut Context<'_, R>, id: &Id) -> Result<Self, Halt<R::Error>> {
        context.read(CAMPAIGNS, id)?.ok_or(Halt::Refused(UNKNOWN_CAMPAIGN))
    }
}

impl TableRecord for CampaignRecord {
    const VERSION: Option<u8> = Some(VERSION);

    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.owner, &self.salt))
    }
}

/// What a member claimed of a campaign that has a cap for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ClaimantRecord {
    /// In the window of the last claim.
    pub counted: Counted,
}

impl TableRecord for ClaimantRecord {}

impl Operate for OpenCampaign {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)?;
        self.terms.check()
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        let id = CampaignRecord::id(&self.owner, &self.salt);
        touched.extend([(CAMPAIGNS, id), (Table::ACCOUNTS, id), (Table::holders(self.asset), self.owner)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.owner, CampaignRecord::id(&self.owner, &self.salt)]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority(&self.owner, OPEN_CAMPAIGN)?;
        refuse_paused(&asset)?;
        refuse_ended(&asset, context.time())?;
        check_deadline(self.terms.ends, context.time())?;
        let id = CampaignRecord::id(&self.owner, &self.salt);
        if !context.is_unused(&id, &self.asset)? {
            return Err(CAMPAIGN_EXISTS.into());
        }
        let funding = Funding { campaign: &id, owner: &self.owner, sender: &self.owner, amount: self.amount };
        let effect = funding.pay(context, self.asset, asset)?;
        let campaign = CampaignRecord {
            version: VERSION,
            owner: self.owner,
            salt: self.salt,
            asset: self.asset,
            terms: self.terms.clone(),
            since: context.time(),
            ends: self.terms.ends,
            closed: false,
            claims: 0,
            counted: Counted::default(),
        };
        context.write(Table::ACCOUNTS, id, &AccountRecord::Programme { family: FAMILY })?;
        context.write(CAMPAIGNS, id, &campaign)?;
        Ok(effect)
    }
}

/// Units on their way into a campaign.
struct Funding<'a> {
    campaign: &'a Id,
    owner: &'a Id,
    sender: &'a Id,
    amount: u128,
}

impl Funding<'_> {
    fn pay<R: Records>(
        &self,
        context: &mut Context<'_, R>,
        asset_id: Id,
        asset: Arc<AssetRecord>,
    ) -> Result<Effect, Halt<R::Error>> {
        let mut movement = Movement::new(context, asset_id, asset);
        movement.refuse_sender(self.sender)?;
        // The owner gets what a campaign has left: a bound asset must not take this way from one to another.
        movement.refuse_bound(self.sender, self.owner)?;
        let taken = movement.take(self.sender, self.amount, Taking::Given)?;
        movement.fund(self.campaign, self.amount, &taken)?;
        movement.finish(taken)
    }
}

impl Operate for FundCampaign {
    fn check(&self) -> Result<(), Status> {
        check_amount(self.amount)
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((CAMPAIGNS, self.campaign));
        touched.extend([(Table::holders(self.asset), self.sender), (Table::holders(self.asset), self.campaign)]);
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.sender, self.campaign]);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let asset = context.fungible(&self.asset)?;
        context.authority_or_mandate(&self.sender, FUND_CAMPAIGN, &self.asset, self.amount)?;
        refuse_paused(&asset)?;
        refuse_ended(&asset, context.time())?;
        let campaign = CampaignRecord::load(context, &self.campaign)?;
        if campaign.asset != self.asset {
            return Err(WRONG_ASSET.into());
        }
        if context.time() >= campaign.ends {
            return Err(CAMPAIGN_ENDED.into());
        }
        let Self { campaign: id, sender, amount, .. } = self;
        Funding { campaign: id, owner: &campaign.owner, sender, amount: *amount }.pay(context, self.asset, asset)
    }
}

impl Operate for Claim {
    fn check(&self) -> Result<(), Status> {
        if self.slips.is_empty() {
            return Err(NO_SLIP);
        }
        self.slips.iter().try_for_each(|signed| check_amount(signed.slip.amount))
    }

    fn signatures(&self, ledger: &Id) -> Vec<SlipSignature> {
        let mut all = Vec::new();
        for SignedSlip { slip, signatures } in &self.slips {
            // Where the roles sign the transaction instead, there is nothing to hash.
            if let Some(message) = (!signatures.is_empty()).then(|| slip.message(ledger, &self.campaign)) {
                let with_message = |signed: &RoleSignature| SlipSignature {
                    key: signed.key,
                    signature: signed.signature,
                    message: message.clone(),
                };
                all.extend(signatures.iter().map(with_message));
            }
        }
        all
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((CAMPAIGNS, self.campaign));
        let members = self.slips.iter().filter_map(|signed| signed.slip.parties.first());
        touched.extend(members.map(|member| (Table::ACCOUNTS, *member)));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.campaign);
        accounts.extend(self.slips.iter().flat_map(|signed| &signed.slip.parties));
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut campaign = CampaignRecord::load(context, &self.campaign)?;
        let asset = context.fungible(&campaign.asset)?;
        refuse_paused(&asset)?;
        if context.time() >= campaign.ends {
            return Err(CAMPAIGN_ENDED.into());
        }
        let mut movement = Movement::new(context, campaign.asset, asset);
        let mut taken = Vec::new();
        for signed in &self.slips {
            let claim = Case { id: &self.campaign, signed };
            taken.extend(claim.pay(&mut campaign, &mut movement)?);
        }
        let effect = movement.finish(add_up_lots(&taken))?;
        context.write(CAMPAIGNS, self.campaign, &campaign)?;
        Ok(effect)
    }
}

/// One slip that is to be paid.
struct Case<'c> {
    id: &'c Id,
    signed: &'c SignedSlip,
}

impl Case<'_> {
    /// Checks the slip and pays it; returns the lots that were taken.
    fn pay<R: Records>(
        &self,
        campaign: &mut CampaignRecord,
        movement: &mut Movement<'_, '_, R>,
    ) -> Result<Vec<LotAmount>, Halt<R::Error>> {
        let slip = &self.signed.slip;
        let accounts = campaign.terms.accounts(&slip.parties).ok_or(WRONG_PARTIES)?;
        let Some(member) = accounts.first() else { return Err(WRONG_PARTIES.into()) };
        let key = claim_key(member, &slip.nonce);
        self.refuse_used(movement.context(), &key)?;
        self.refuse_unsigned(&campaign.terms, &accounts, movement.context())?;
        if slip.amount > campaign.terms.claim_max {
            return Err(CLAIM_TOO_LARGE.into());
        }
        if let Some(Requirement { schema, issuer }) = &campaign.terms.eligible {
            require_live(movement.context(), schema, issuer, member)?;
        }
        let payouts = campaign.terms.payouts(slip.amount);
        if slip.floor.is_some_and(|floor| payouts.first().is_none_or(|payout| *payout < floor)) {
            return Err(BELOW_FLOOR.into());
        }
        self.count(campaign, member, movement.context())?;
        let payouts: Vec<(Id, u128)> = accounts.iter().copied().zip(payouts).filter(|(_, part)| *part > 0).collect();
        for (to, _) in &payouts {
            movement.refuse_payee(&campaign.owner, to)?;
        }
        let taken = match movement.take(self.id, slip.amount, Taking::Given) {
            Err(Halt::Refused(INSUFFICIENT_FUNDS)) => return Err(BUDGET_SPENT.into()),
            taken => taken?,
        };
        if campaign.terms.pending_ms == 0 {
            movement.hand_out(self.id, &taken, &payouts)?;
        } else {
            self.hold(campaign, &accounts, &key, &taken, movement)?;
        }
        let context = movement.context();
        let once = OnceRecord { account: *self.id, key, transaction: context.transaction() };
        context.write(Table::ONCE, OnceRecord::id(self.id, &key), &once)?;
        campaign.claims =
            campaign.claims.checked_add(1).ok_or_else(|| Halt::corrupt::<R>("a campaign's claims are exhausted"))?;
        Ok(taken)
    }

    fn refuse_used<R: Records>(&self, context: &mut Context<'_, R>, key: &[u8; 32]) -> Result<(), Halt<R::Error>> {
        if self.signed.slip.valid_until <= context.time() {
            return Err(SLIP_EXPIRED.into());
        }
        if context.record(&Table::ONCE, &OnceRecord::id(self.id, key))?.is_some() {
            return Err(SLIP_CLAIMED.into());
        }
        Ok(())
    }

    /// Refuses a slip with a signature that counts for nothing, or on which a role that must sign did not. Who signs
    /// the transaction need not sign the slip.
    fn refuse_unsigned<R: Records>(
        &self,
        terms: &CampaignTerms,
        accounts: &[Id],
        context: &mut Context<'_, R>,
    ) -> Result<(), Halt<R::Error>> {
        let mut keys: BTreeMap<usize, BTreeSet<Id>> = BTreeMap::new();
        for RoleSignature { role, key, .. } in &self.signed.signatures {
            let role = usize::from(*role);
            let (Some(account), Some(true)) = (accounts.get(role), terms.roles.get(role).map(|role| role.signs)) else {
                return Err(WRONG_SIGNER.into());
            };
            let (_, covering) = context.covering_keys(account, CLAIM)?;
            if !covering.contains(key) || !keys.entry(role).or_default().insert(*key) {
                return Err(WRONG_SIGNER.into());
            }
        }
        for (role, account) in accounts.iter().enumerate() {
            if !terms.roles.get(role).is_some_and(|role| role.signs) {
                continue;
            }
            let signed = keys.get(&role).map_or(0, BTreeSet::len);
            let is_signed = signed > 0 && signed >= context.covering_keys(account, CLAIM)?.0;
            if !is_signed && !context.has_authority(account, CLAIM)? {
                return Err(SLIP_UNSIGNED.into());
            }
        }
        Ok(())
    }

    /// Counts the claim against the caps.
    fn count<R: Records>(
        &self,
        campaign: &mut CampaignRecord,
        member: &Id,
        context: &mut Context<'_, R>,
    ) -> Result<(), Halt<R::Error>> {
        let (now, amount) = (context.time(), self.signed.slip.amount);
        if let Some(cap) = &campaign.terms.member_cap {
            let table = Table::keyed(TableName::Claimants, *self.id);
            let before = context.read::<ClaimantRecord>(table, member)?.map_or_else(Counted::default, |it| it.counted);
            let counted = cap.count(&before, cap.window(campaign.since, now), amount).ok_or(MEMBER_CAP_SPENT)?;
            context.write(table, *member, &ClaimantRecord { counted })?;
        }
        if let Some(cap) = &campaign.terms.total_cap {
            let window = cap.window(campaign.since, now);
            campaign.counted = cap.count(&campaign.counted, window, amount).ok_or(TOTAL_CAP_SPENT)?;
        }
        Ok(())
    }

    /// Holds what is paid, so that the owner may release it until its deadline settles it.
    fn hold<R: Records>(
        &self,
        campaign: &CampaignRecord,
        accounts: &[Id],
        key: &[u8; 32],
        taken: &[LotAmount],
        movement: &mut Movement<'_, '_, R>,
    ) -> Result<(), Halt<R::Error>> {
        let deadline = movement.context().time().saturating_add(campaign.terms.pending_ms);
        let roles = accounts.iter().zip(&campaign.terms.roles).filter(|(_, role)| role.bps > 0);
        let terms = Terms {
            settle_if: Condition::After(deadline),
            release_if: Some(Condition::SignedBy { threshold: 1, accounts: vec![campaign.owner] }),
            payees: roles.map(|(to, role)| Share { to: *to, bps: role.bps }).collect(),
            schedule: None,
            deadline,
            outcome: Outcome::Settle,
        };
        let context = movement.context();
        let salt = pending_salt(key, &context.transaction());
        if !context.is_unused(&HoldRecord::id(self.id, &salt), &campaign.asset)? {
            return Err(HOLD_EXISTS.into());
        }
        let hold = HoldRecord::new(*self.id, salt, campaign.asset, self.signed.slip.amount, terms);
        hold.open(taken, movement)
    }
}

impl Operate for CloseCampaign {
    fn check(&self) -> Result<(), Status> {
        Ok(())
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((CAMPAIGNS, self.campaign));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.push(self.campaign);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let mut campaign = CampaignRecord::load(context, &self.campaign)?;
        let time = context.time();
        if time < campaign.ends {
            context.authority(&campaign.owner, CLOSE_CAMPAIGN)?;
            let ends = time.saturating_add(campaign.terms.notice_ms);
            if ends >= campaign.ends {
                return Err(CAMPAIGN_ENDING.into());
            }
            campaign.ends = ends;
            if time < ends {
                context.write(CAMPAIGNS, self.campaign, &campaign)?;
                return Ok(Effect::Nothing);
            }
        }
        let asset = context.fungible(&campaign.asset)?;
        refuse_paused(&asset)?;
        let mut movement = Movement::new(context, campaign.asset, asset);
        movement.refuse_frozen(&campaign.owner)?;
        let taken = movement.take_all(&self.campaign)?;
        let total = taken.iter().fold(0u128, |total, part| total.saturating_add(part.amount));
        if total == 0 && campaign.closed {
            return Err(CAMPAIGN_CLOSED.into());
        }
        if total > 0 {
            movement.waive_payment_terms();
            movement.hand_out(&campaign.owner, &taken, &[(campaign.owner, total)])?;
        }
        campaign.closed = true;
        let effect = movement.finish(taken)?;
        context.write(CAMPAIGNS, self.campaign, &campaign)?;
        Ok(effect)
    }
}
