"""Governance: constitutions of accounts, and proposals that their members vote on. Family 7."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterfoil.ops._operation import Operation, operation
from counterfoil.ops.asset import Reason
from counterfoil.verify import (
    Approval,
    Approve,
    Article,
    BackersElectorate,
    Ballot,
    Constitution,
    Deposit,
    Electorate,
    Form,
    HoldersElectorate,
    MemberHoldersElectorate,
    MembersElectorate,
    Rank,
    Ranked,
    Ranking,
    Rule,
    Sealed,
    Shares,
    Weight,
    YesNo,
    actions_hash,
    ballot_seal,
    constitution_hash,
    proposal_id,
    rule_hash,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Approval",
    "Approve",
    "Article",
    "BackersElectorate",
    "Ballot",
    "Cancel",
    "Conclude",
    "Constitution",
    "Delegate",
    "Deposit",
    "Electorate",
    "Execute",
    "Form",
    "HoldersElectorate",
    "MemberHoldersElectorate",
    "MembersElectorate",
    "Propose",
    "Rank",
    "Ranked",
    "Ranking",
    "Reveal",
    "Rule",
    "Sealed",
    "SetConstitution",
    "Shares",
    "Veto",
    "Vote",
    "Weight",
    "YesNo",
    "actions_hash",
    "ballot_seal",
    "constitution_hash",
    "proposal_id",
    "rule_hash",
]


@operation("set_constitution")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetConstitution(Operation):
    """Say by whom an account may do what: by its keys, by proposals that passed, or by nobody. It is governed then.

    Attributes:
        account: The account's id, 32 bytes. It must have keys of its own.
        constitution: What holds from the next transaction on; None dissolves it.

    Statuses: invalid_rule, invalid_article, account_without_record, no_constitution; for each rule in order
    unknown_asset, not_fungible, unknown_schema, invalid_electorate.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, bytes are of another length, or an operation is unknown by its name.

    >>> club, share, day = b"c" * 32, b"s" * 32, 86_400_000
    >>> holders = HoldersElectorate(share)
    >>> majority = Rule(electorate=holders, quorum_bps=1_000, voting_ms=5 * day, execution_ms=30 * day, snapshot_ms=day)
    >>> spending = Article(operations=["transfer", "set_constitution"], rules=[0])
    >>> operation = SetConstitution(account=club, constitution=Constitution([majority], [spending]))
    >>> operation.constitution.article(0x30).keys, operation.constitution.article(0x32)
    (False, None)
    """

    account: bytes
    constitution: Constitution | None = None


@operation("propose")
@dataclass(frozen=True, slots=True, kw_only=True)
class Propose(Operation):
    """Propose what a governed account shall do. Its id is `proposal_id(account, proposer, salt)`.

    Attributes:
        account: The governed account, 32 bytes.
        proposer: Who signs for it, an account id of 32 bytes.
        salt: 16 bytes.
        rule: By which rule of the constitution: its position.
        title: A hash of what members read, 32 bytes.
        subject: What the account then has decided about, 32 bytes, for conditions to ask; None is nothing.
        options: What is voted on, 1 to 16, each a list of at most 32 operations; one option is for yes or no. Whoever
            executes it must have them: the ledger keeps their hash.

    Statuses: invalid_options, too_many_actions; what the actions' own fields break; no_constitution, unknown_rule,
    wrong_rule, constitution_forbids, proposal_exists, asset_sunset, too_many_snapshots, unknown_group, group_open,
    no_electorate, proposer_weight_too_low, asset_paused, account_frozen, programme_account, insufficient_funds.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, bytes are of another length, or an action is about proposals.

    >>> club, ann = b"c" * 32, b"a" * 32
    >>> Propose(account=club, proposer=ann, salt=bytes(16), rule=0, title=bytes(32), options=[[]]).subject is None
    True
    >>> proposal_id(club, ann, bytes(16)).hex()[:16]
    '5f6738e342718aef'
    """

    account: bytes
    proposer: bytes
    salt: bytes
    rule: int
    title: bytes
    subject: bytes | None = None
    options: Sequence[Sequence[Operation]]


@operation("vote")
@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(Operation):
    """Vote on a proposal, once more if it is open. Nobody's own vote is overridden by who votes for it.

    Attributes:
        proposal: The proposal's id, 32 bytes.
        voter: Who signs, an account id of 32 bytes.
        members: Whose votes: the voter itself, and accounts whose delegations lead to it, at most 500. Of backers,
            ids of holds. None is the voter alone.
        ballot: `Shares`, `Approve` or `Rank`, as the rule's form says; where ballots are revealed later, `Sealed`.

    Statuses: too_many_members, invalid_members, unknown_proposal, proposal_closed, voting_not_started, voting_closed,
    wrong_ballot; for each member in order no_weight, governed_account_abstains, not_delegated, not_in_electorate,
    overridden, vote_unchanged.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> yes = Vote(proposal=b"p" * 32, voter=b"a" * 32, ballot=Shares([1, 0, 0]))
    >>> yes.members
    ()
    """

    proposal: bytes
    voter: bytes
    members: Sequence[bytes] = ()
    ballot: Ballot


@operation("reveal")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal(Operation):
    """Show what a sealed ballot says, once the vote has ended. Anybody may who knows it.

    Attributes:
        proposal: The proposal's id, 32 bytes.
        voter: Who voted, an account id of 32 bytes.
        members: For whom, as in `Vote`.
        ballot: What was sealed.
        salt: The 16 bytes that it was sealed with.

    Statuses: too_many_members, invalid_members, unknown_proposal, proposal_closed, reveal_not_open, voting_closed,
    wrong_ballot; for each member in order not_sealed, wrong_seal.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> proposal, ann, salt, ballot = b"p" * 32, b"a" * 32, b"s" * 16, Rank([2, 0])
    >>> sealed = Vote(proposal=proposal, voter=ann, ballot=Sealed(ballot_seal(proposal, ann, salt, ballot)))
    >>> Reveal(proposal=proposal, voter=ann, ballot=ballot, salt=salt).ballot.options
    (2, 0)
    """

    proposal: bytes
    voter: bytes
    members: Sequence[bytes] = ()
    ballot: Ballot
    salt: bytes


@operation("delegate")
@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate(Operation):
    """Let another account vote on the proposals of a governed account, wherever one does not vote oneself.

    Attributes:
        account: The governed account, 32 bytes.
        delegator: Whose votes, an account id of 32 bytes.
        to: Who may cast them, and whom that one delegates to, at most 8 in all; None revokes it.

    Statuses: delegate_to_self, no_constitution, no_delegation, delegation_cycle, delegation_too_deep.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> Delegate(account=b"c" * 32, delegator=b"a" * 32).to is None
    True
    """

    account: bytes
    delegator: bytes
    to: bytes | None = None


@operation("veto")
@dataclass(frozen=True, slots=True, kw_only=True)
class Veto(Operation):
    """Stop a proposal before it is due. The guardian that its rule names may; the deposit is burned.

    Attributes:
        proposal: The proposal's id, 32 bytes.
        reason: Why.

    Statuses: unknown_proposal, no_guardian, proposal_closed, veto_too_late.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Veto(proposal=b"p" * 32, reason=Reason(7)).reason.code
    7
    """

    proposal: bytes
    reason: Reason = field(default_factory=Reason)


@operation("cancel")
@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Operation):
    """Take a proposal back before the vote on it starts. Its proposer may, who gets the deposit back.

    Attributes:
        proposal: The proposal's id, 32 bytes.

    Statuses: unknown_proposal, proposal_closed, voting_started.

    Raises:
        TypeError: A field is of another type.
        WireError: Bytes are of another length.

    >>> len(Cancel(proposal=b"p" * 32).proposal)
    32
    """

    proposal: bytes


@operation("conclude")
@dataclass(frozen=True, slots=True, kw_only=True)
class Conclude(Operation):
    """Say what came of a vote, once it is due. Anybody may. The deposit goes back if the quorum was reached.

    Attributes:
        proposal: The proposal's id, 32 bytes.
        rankings: Of a ranked vote every ranking and its weight, kept ascending by their options:
            `list(ledger.rankings(proposal))`. Of other votes none.

    Statuses: invalid_rankings, unknown_proposal, proposal_closed, not_due, wrong_rankings.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, or bytes are of another length.

    >>> Conclude(proposal=b"p" * 32, rankings=[Ranking([1], 5), Ranking([0, 1], 7)]).rankings[0].weight
    7
    """

    proposal: bytes
    rankings: Sequence[Ranking] = ()

    def __post_init__(self) -> None:
        """Check the fields and put the rankings in order."""
        Operation.__post_init__(self)
        object.__setattr__(self, "rankings", tuple(sorted(self.rankings, key=lambda ranking: tuple(ranking.options))))


@operation("execute")
@dataclass(frozen=True, slots=True, kw_only=True)
class Execute(Operation):
    """Do what a proposal that passed says, in the account's name. Anybody may.

    Attributes:
        proposal: The proposal's id, 32 bytes.
        actions: The operations of the option that passed, as they were proposed.

    Statuses: too_many_actions; what the actions' own fields break; unknown_proposal, not_concluded, not_passed,
    already_executed, proposal_lapsed, constitution_changed, wrong_actions; then that of the first action that is
    refused, wrong_rule and constitution_forbids among them.

    Raises:
        TypeError: A field is of another type.
        WireError: An integer is out of range, bytes are of another length, or an action is about proposals.

    >>> from counterfoil.ops import Transfer
    >>> rent = Transfer(asset=b"e" * 32, sender=b"c" * 32, to=b"l" * 32, amount=700)
    >>> actions_hash([rent]) == actions_hash(Execute(proposal=b"p" * 32, actions=[rent]).actions)
    True
    """

    proposal: bytes
    actions: Sequence[Operation]
