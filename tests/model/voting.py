"""Family 7, governance: delegations, votes, and what is counted of them."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.model.account import authority
from tests.model.borsh import ID, Value, fixed, option, vec
from tests.model.constitution import load_constitution
from tests.model.hold import HOLD_RECORD
from tests.model.proposal import (
    BALLOT,
    DELEGATE,
    DELEGATION_RECORD,
    HOPS_MAX,
    RANKING_RECORD,
    REVEAL,
    VOTE,
    VOTE_RECORD,
    ballot_seal,
    check_open,
    counted,
    delegation_id,
    is_member,
    later,
    load_proposal,
    quorum_reached,
    ranking_id,
    save_proposal,
    starts,
    weight_of,
)
from tests.model.state import Context, State, ascending, operation, refuse_if

MEMBERS_MAX = 500

# Delegations.


def delegate_of(state: State, account: bytes, delegator: bytes) -> bytes | None:
    """To whom somebody has delegated, in what an account votes on."""
    record = state.value(DELEGATION_RECORD, "delegations", delegation_id(account, delegator))
    return None if record is None else record.to


def delegates(state: State, account: bytes, first: bytes) -> list[bytes]:
    """Somebody, to whom they delegated, and so on: at most 8 delegations are followed."""
    path = [first]
    for _ in range(HOPS_MAX):
        to = delegate_of(state, account, path[-1])
        if to is None:
            break
        path.append(to)
    return path


def _check_delegate(op: Value) -> None:
    refuse_if(op.delegator == op.to, "delegate_to_self")


def _delegate(ctx: Context, op: Value) -> None:
    authority(ctx, op.delegator, DELEGATE)
    refuse_if(load_constitution(ctx.state, op.account) is None, "no_constitution")
    record = delegation_id(op.account, op.delegator)
    if op.to is None:
        refuse_if(ctx.state.get("delegations", record) is None, "no_delegation")
        ctx.state.remove("delegations", record)
        return
    path = delegates(ctx.state, op.account, op.to)
    refuse_if(op.delegator in path, "delegation_cycle")
    refuse_if(len(path) > HOPS_MAX, "delegation_too_deep")
    value = Value("DelegationRecord", account=op.account, delegator=op.delegator, to=op.to, since=ctx.time)
    ctx.state.put("delegations", record, DELEGATION_RECORD.write(value))


# Ballots.


def ballot_fits(record: Value, ballot: Value) -> bool:
    """Whether a ballot that is not sealed is one of the proposal's form."""
    form, most = record.terms.form, len(record.options)
    if form.kind == "yes_no":
        return ballot.kind == "shares" and len(ballot.shares) == 3 and 1 <= sum(ballot.shares) < 2**64
    if ballot.kind != {"approval": "approve", "ranked": "rank"}[form.kind]:
        return False
    options = ballot.options
    if any(each >= most for each in options):
        return False
    if form.kind == "approval":
        return ascending(options)
    return len(set(options)) == len(options) <= form.ranks_max


def split_by_shares(weight: int, shares: list[int]) -> list[int]:
    """What each choice gets; what that leaves over is for the first that gets anything."""
    parts = [weight * share // sum(shares) for share in shares]
    parts[next(place for place, share in enumerate(shares) if share)] += weight - sum(parts)
    return parts


def choices(counts: int, ballot: Value, weight: int) -> tuple[list[int], int]:
    """What a ballot that is not sealed adds to each count, and to what was decided."""
    if ballot.kind == "shares":
        parts = split_by_shares(weight, ballot.shares)
        return parts, parts[0] + parts[1]
    named = set(ballot.options if ballot.kind == "approve" else ballot.options[:1]) or {counts - 1}
    return [weight * (place in named) for place in range(counts)], weight if ballot.options else 0


def _add_ranking(ctx: Context, proposal: bytes, options: list[int], weight: int) -> None:
    record = ranking_id(proposal, options)
    found = ctx.state.get("rankings", record, proposal)
    total = weight + (0 if found is None else found[0])
    if total:
        value = RANKING_RECORD.write(Value("RankingRecord", options=options))
        ctx.state.put("rankings", record, value, total, proposal)
    else:
        ctx.state.remove("rankings", record, proposal)


def _tally(ctx: Context, proposal: bytes, record: Any, vote: Value, sign: int) -> None:
    """Add what a vote counts for, or take it off again."""
    ballot = vote.ballot
    if ballot.kind == "sealed":
        return
    parts, decided = choices(len(record.counts), ballot, vote.weight)
    record.counts = [total + sign * part for total, part in zip(record.counts, parts, strict=True)]
    record.decided += sign * decided
    record.voters += sign
    record.cast += sign * (1 if record.terms.weight == "root" else vote.weight)
    if ballot.kind == "rank" and ballot.options:
        _add_ranking(ctx, proposal, ballot.options, sign * vote.weight)


def _put_vote(ctx: Context, proposal: bytes, member: bytes, vote: Value) -> None:
    total = 0 if vote.ballot.kind == "sealed" else vote.weight
    ctx.state.put("votes", member, VOTE_RECORD.write(vote), total, proposal)


# Votes.


def _check_members(op: Value) -> None:
    refuse_if(len(op.members) > MEMBERS_MAX, "too_many_members")
    refuse_if(len(set(op.members)) < len(op.members), "invalid_members")


def _account_of(ctx: Context, record: Value, member: bytes) -> bytes:
    """Whose vote a member's is: of backers, that of the hold's payer."""
    electorate = record.terms.electorate
    if electorate.kind != "backers":
        return member
    hold = ctx.state.value(HOLD_RECORD, "holds", member)
    refuse_if(hold is None or hold.group != electorate.group, "no_weight")
    payer = hold.payer
    assert isinstance(payer, bytes)
    return payer


def _cast(ctx: Context, op: Value, record: Any, member: bytes) -> None:
    account = _account_of(ctx, record, member)
    refuse_if(account == record.account, "governed_account_abstains")
    path = delegates(ctx.state, record.account, account)
    refuse_if(op.voter not in path, "not_delegated")
    hops = path.index(op.voter)
    refuse_if(not is_member(ctx, record.terms.electorate, account, record.opened), "not_in_electorate")
    weight = weight_of(ctx, record.terms, record.snapshot, member)
    refuse_if(weight == 0, "no_weight")
    before = ctx.state.value(VOTE_RECORD, "votes", member, op.proposal)
    if before is not None:
        refuse_if(before.hops < hops, "overridden")
        refuse_if(before.voter == op.voter and before.ballot == op.ballot, "vote_unchanged")
        _tally(ctx, op.proposal, record, before, -1)
    vote = Value("VoteRecord", voter=op.voter, hops=hops, weight=weight, ballot=op.ballot)
    _tally(ctx, op.proposal, record, vote, 1)
    _put_vote(ctx, op.proposal, member, vote)


def _vote(ctx: Context, op: Value) -> None:
    record = load_proposal(ctx, op.proposal)
    authority(ctx, op.voter, VOTE)
    check_open(record)
    refuse_if(ctx.time < starts(record), "voting_not_started")
    refuse_if(ctx.time >= record.ends, "voting_closed")
    fits = op.ballot.kind == "sealed" if record.terms.reveal_ms else ballot_fits(record, op.ballot)
    refuse_if(not fits, "wrong_ballot")
    refuse_if(record.terms.electorate.kind == "backers" and not op.members, "no_weight")
    was_reached = quorum_reached(record)
    for member in op.members or [op.voter]:
        _cast(ctx, op, record, member)
    is_late = record.ends - ctx.time < record.terms.extension_ms
    is_first = record.ends == later(starts(record), record.terms.voting_ms)
    if is_late and is_first and quorum_reached(record) and not was_reached:
        record.ends = later(ctx.time, record.terms.extension_ms)
    save_proposal(ctx, op.proposal, record)


def _reveal(ctx: Context, op: Value) -> None:
    record = load_proposal(ctx, op.proposal)
    check_open(record)
    refuse_if(ctx.time < record.ends or record.terms.reveal_ms == 0, "reveal_not_open")
    refuse_if(ctx.time >= counted(record), "voting_closed")
    refuse_if(not ballot_fits(record, op.ballot), "wrong_ballot")
    for member in op.members or [op.voter]:
        vote = ctx.state.value(VOTE_RECORD, "votes", member, op.proposal)
        is_sealed = vote is not None and vote.ballot.kind == "sealed" and vote.voter == op.voter
        refuse_if(not is_sealed, "not_sealed")
        refuse_if(vote.ballot.hash != ballot_seal(op.proposal, op.voter, op.salt, op.ballot), "wrong_seal")
        vote.ballot = op.ballot
        _tally(ctx, op.proposal, record, vote, 1)
        _put_vote(ctx, op.proposal, member, vote)
    save_proposal(ctx, op.proposal, record)


# Winners.


def run_off(rankings: list[tuple[list[int], int]], options: int) -> tuple[int, int]:
    """The option that is left in the instant run-off, and its count in the last round."""
    standing = set(range(options))
    for _ in count():
        counts = dict.fromkeys(standing, 0)
        for ranking, weight in rankings:
            first = next((each for each in ranking if each in standing), None)
            if first is not None:
                counts[first] += weight
        for each in standing:
            if 2 * counts[each] > sum(counts.values()) or len(standing) == 1:
                return each, counts[each]
        standing.remove(min(standing, key=lambda each: (counts[each], -each)))
    raise AssertionError


def winner(record: Value, rankings: list[tuple[list[int], int]]) -> tuple[int, int]:
    """The option that comes first and its count, whether or not that is enough."""
    options = len(record.options)
    if record.terms.form.kind == "yes_no":
        return 0, record.counts[0]
    if record.terms.form.kind == "approval":
        first = max(range(options), key=lambda each: (record.counts[each], -each))
        return first, record.counts[first]
    return run_off(rankings, options) if record.decided else (0, 0)


operation(VOTE, "vote", _check_members, _vote, proposal=ID, voter=ID, members=vec(ID), ballot=BALLOT)
operation(
    REVEAL,
    "reveal",
    _check_members,
    _reveal,
    proposal=ID,
    voter=ID,
    members=vec(ID),
    ballot=BALLOT,
    salt=fixed(16),
)
operation(DELEGATE, "delegate", _check_delegate, _delegate, account=ID, delegator=ID, to=option(ID))
