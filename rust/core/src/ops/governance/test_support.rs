//! A rule and a proposal that tests change as they need.

use super::{Electorate, Form, ProposalRecord, Rule, State, Weight};
use crate::id::Id;

pub(super) const HOUR_MS: u64 = 3_600_000;

/// A rule that weighs units of an asset.
pub(super) fn rule(form: Form) -> Rule {
    Rule {
        electorate: Electorate::Holders { asset: Id([1; 32]) },
        weight: Weight::Units,
        form,
        quorum_bps: 2_500,
        support_bps: 0,
        threshold_bps: 5_000,
        delay_ms: 0,
        voting_ms: HOUR_MS,
        extension_ms: 0,
        reveal_ms: 0,
        timelock_ms: HOUR_MS,
        execution_ms: HOUR_MS,
        snapshot_ms: 24 * HOUR_MS,
        proposer_weight: 0,
        guardian: None,
        deposit: None,
    }
}

/// A proposal on which nobody voted.
pub(super) fn proposal(form: Form, options: usize) -> ProposalRecord {
    let choices = if form == Form::YesNo { 3 } else { options.saturating_add(1) };
    ProposalRecord {
        version: 1,
        account: Id([2; 32]),
        proposer: Id([3; 32]),
        salt: [4; 16],
        constitution: [5; 32],
        rule: 0,
        terms: rule(form),
        title: [6; 32],
        subject: None,
        options: vec![[7; 32]; options],
        snapshot: Some(1),
        electorate: 10,
        opened: 0,
        ends: HOUR_MS,
        counts: vec![0; choices],
        cast: 0,
        decided: 0,
        voters: 0,
        state: State::Open,
    }
}
