//! ledger (family 10): the ledger's own parameters, changed by its governor.

use crate::apply::{Context, Halt};
use crate::id::Id;
use crate::ops::Operate;
use crate::state::{Records, Table};
use crate::status::{Status, statuses};
use crate::wire::{Effect, Parameters};
use borsh::{BorshDeserialize, BorshSerialize};

statuses! { 10;
    /// A parameter is out of its bounds.
    INVALID_PARAMETERS = 0x01 "invalid_parameters";
    /// The ledger has no governor: its parameters stay.
    NOT_GOVERNED = 0x02 "not_governed";
}

const SET_PARAMETERS: u8 = 0xa0;

/// Sets the ledger's parameters, from the next transaction on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetParameters {
    /// All of them.
    pub parameters: Parameters,
}

impl Operate for SetParameters {
    fn check(&self) -> Result<(), Status> {
        if self.parameters.problem().is_some() { Err(INVALID_PARAMETERS) } else { Ok(()) }
    }

    fn touches(&self, _touched: &mut Vec<(Table, Id)>) {}

    fn concerns(&self, _accounts: &mut Vec<Id>) {}

    fn apply<R: Records>(&self, context: &mut Context<'_, R>) -> Result<Effect, Halt<R::Error>> {
        let governor = context.parameters().governor.ok_or(NOT_GOVERNED)?;
        context.authority(&governor, SET_PARAMETERS)?;
        context.set_parameters(self.parameters.clone())?;
        Ok(Effect::Nothing)
    }
}
