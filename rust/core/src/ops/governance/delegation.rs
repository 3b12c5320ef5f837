//! Delegations: who votes for whom on the proposals of a governed account.

use super::{DELEGATE, DELEGATE_TO_SELF, DELEGATION_CYCLE, DELEGATION_TOO_DEEP, NO_CONSTITUTION, NO_DELEGATION};
use crate::apply::{Context, Halt};
use crate::id::{Id, record_id};
use crate::ops::Operate;
use crate::state::{OwnId, Records, Table, TableName, TableRecord};
use crate::status::Status;
use crate::wire::Effect;
use borsh::{BorshDeserialize, BorshSerialize};

/// The most delegations that are followed, one after the other.
const DELEGATIONS_MAX: u8 = 8;

const DELEGATIONS: Table = Table::single(TableName::Delegations);

/// That somebody votes for another account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DelegationRecord {
    /// On the proposals of this governed account.
    pub account: Id,
    /// Whose vote.
    pub delegator: Id,
    /// Who votes, unless he has delegated too.
    pub to: Id,
    /// Since when, ms.
    pub since: u64,
}

impl DelegationRecord {
    /// Its record id.
    pub fn id(account: &Id, delegator: &Id) -> Id {
        record_id("delegation", &[account.as_ref(), delegator.as_ref()])
    }
}

impl TableRecord for DelegationRecord {
    fn own_id(&self, _table_key: Option<&Id>) -> OwnId {
        OwnId::Is(Self::id(&self.account, &self.delegator))
    }
}

/// Who votes for an account on the proposals of a governed one.
fn delegate_of<R: Records>(
    context: &mut Context<'_, R>,
    account: &Id,
    delegator: &Id,
) -> Result<Option<Id>, Halt<R::Error>> {
    let record = context.read::<DelegationRecord>(DELEGATIONS, &DelegationRecord::id(account, delegator))?;
    Ok(record.map(|record| record.to))
}

/// How many delegations lead from a member to the voter at least; nothing where none do, or too many.
pub(super) fn hops<R: Records>(
    context: &mut Context<'_, R>,
    account: &Id,
    member: &Id,
    voter: &Id,
) -> Result<Option<u8>, Halt<R::Error>> {
    let mut current = *member;
    for hops in 0..=DELEGATIONS_MAX {
        if current == *voter {
            return Ok(Some(hops));
        }
        if hops == DELEGATIONS_MAX {
            break;
        }
        match delegate_of(context, account, &current)? {
            Some(next) => current = next,
            None => break,
        }
    }
    Ok(None)
}

/// Lets another account vote for the delegator or (without one) nobody else any more.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Delegate {
    /// On the proposals of this governed account.
    pub account: Id,
    /// Whose vote.
    pub delegator: Id,
    /// Who votes.
    pub to: Option<Id>,
}

impl Operate for Delegate {
    fn check(&self) -> Result<(), Status> {
        if self.to == Some(self.delegator) { Err(DELEGATE_TO_SELF) } else { Ok(()) }
    }

    fn touches(&self, touched: &mut Vec<(Table, Id)>) {
        touched.push((DELEGATIONS, DelegationRecord::id(&self.account, &self.delegator)));
        touched.extend(self.to.map(|to| (DELEGATIONS, DelegationRecord::id(&self.account, &to))));
    }

    fn concerns(&self, accounts: &mut Vec<Id>) {
        accounts.extend([self.account, self.delegator]);
        accounts.extend(self.to);
    }

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        context.authority(&self.delegator, DELEGATE)?;
        if context.record(&Table::CONSTITUTIONS, &self.account)?.is_none() {
            return Err(NO_CONSTITUTION.into());
        }
        let id = DelegationRecord::id(&self.account, &self.delegator);
        let Some(to) = self.to else {
            context.remove(DELEGATIONS, id)?.ok_or(NO_DELEGATION)?;
            return Ok(Effect::Nothing);
        };
        self.refuse_entangled(context, to)?;
        let since = context.time();
        let record = DelegationRecord { account: self.account, delegator: self.delegator, to, since };
        context.write(DELEGATIONS, id, &record)?;
        Ok(Effect::Nothing)
    }
}

impl Delegate {
    /// Refuses a delegation that would lead back to the delegator, or from which too many others lead on.
    fn refuse_entangled<R: Records>(&self, context: &mut Context<'_, R>, to: Id) -> Result<(), Halt<R::Error>> {
        let mut current = to;
        for _ in 0..DELEGATIONS_MAX {
            match delegate_of(context, &self.account, &current)? {
                None => return Ok(()),
                Some(next) if next == self.delegator => return Err(DELEGATION_CYCLE.into()),
                Some(next) => current = next,
            }
        }
        Err(DELEGATION_TOO_DEEP.into())
    }
}
