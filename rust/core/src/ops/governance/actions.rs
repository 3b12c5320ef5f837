//! What a proposal does when it is executed.

use super::{ACTIONS_MAX, EXECUTE, PROPOSE, TOO_MANY_ACTIONS};
use crate::id::sha256;
use crate::ops::Operation;
use crate::status::Status;
use crate::wire::encode;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// Operations that are done together, in order. Those of proposals themselves, `71` to `78`, are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct Actions(pub Vec<Operation>);

impl Actions {
    /// Their hash, which a proposal keeps.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[b"counterfoil/actions/v1\n", &encode(self)]).0
    }

    pub(super) fn refuse_too_many(&self) -> Result<(), Status> {
        if self.0.len() > ACTIONS_MAX { Err(TOO_MANY_ACTIONS) } else { Ok(()) }
    }

    /// Checks their own fields.
    pub(super) fn check(&self) -> Result<(), Status> {
        self.0.iter().try_for_each(Operation::check)
    }
}

impl BorshDeserialize for Actions {
    fn deserialize_reader<T: io::Read>(reader: &mut T) -> io::Result<Self> {
        let count = u32::deserialize_reader(reader)?;
        (0..count).map(|_| read_action(reader)).collect::<io::Result<_>>().map(Self)
    }
}

/// One action. What is refused is refused before its fields are read: actions within actions would nest without end.
fn read_action<T: io::Read>(reader: &mut T) -> io::Result<Operation> {
    match u8::deserialize_reader(reader)? {
        tag @ PROPOSE..=EXECUTE => {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("operation tag {tag} within a proposal")))
        }
        tag => Operation::read(tag, reader),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use crate::ops::account::Once;
    use crate::ops::governance::{Execute, Propose, SetConstitution, Veto};
    use crate::state::Reason;
    use crate::wire::decode;

    fn once(key: u8) -> Operation {
        Operation::Once(Once { account: Id([1; 32]), key: [key; 32] })
    }

    fn execute(actions: Vec<Operation>) -> Operation {
        Operation::Execute(Execute { proposal: Id([2; 32]), actions: Actions(actions) })
    }

    #[test]
    fn actions_are_read_back() {
        let set = Operation::SetConstitution(SetConstitution { account: Id([1; 32]), constitution: None });
        for actions in [vec![], vec![once(1)], vec![once(1), set, once(2)]] {
            let actions = Actions(actions);
            assert_eq!(encode(&actions), encode(&actions.0));
            assert_eq!(decode::<Actions>(&encode(&actions)), Some(actions));
        }
    }

    #[test]
    fn no_operation_of_proposals_is_an_action() {
        let reason = Reason { code: 1, evidence: None };
        let veto = Operation::Veto(Veto { proposal: Id([2; 32]), reason });
        let propose = Operation::Propose(Propose {
            account: Id([1; 32]),
            proposer: Id([3; 32]),
            salt: [4; 16],
            rule: 0,
            title: [5; 32],
            subject: None,
            options: vec![Actions::default()],
        });
        for refused in [veto, propose, execute(vec![])] {
            assert!(decode::<Operation>(&encode(&refused)).is_some());
            assert_eq!(decode::<Actions>(&encode(&vec![once(1), refused.clone()])), None);
            assert_eq!(decode::<Operation>(&encode(&execute(vec![refused]))), None);
        }
        for tag in PROPOSE..=EXECUTE {
            assert_eq!(decode::<Actions>(&[&[1, 0, 0, 0, tag][..], &[0; 200]].concat()), None);
        }
    }

    #[test]
    fn what_nests_deep_is_refused_and_overflows_nothing() {
        let level = [&[EXECUTE][..], &[2; 32], &1u32.to_le_bytes()].concat();
        assert_eq!(decode::<Operation>(&level.repeat(100_000)), None);
        let level = [&[PROPOSE][..], &[0; 32 + 32 + 16 + 1 + 32 + 1], &[1, 0, 0, 0, 1, 0, 0, 0]].concat();
        assert_eq!(decode::<Operation>(&level.repeat(100_000)), None);
    }
}
