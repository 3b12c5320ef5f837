"""Family 7, governance: what proposals and votes are made of, their times and weights."""

from __future__ import annotations

from hashlib import sha256
from math import isqrt
from typing import TYPE_CHECKING, Any

from tests.model.attest import was_member
from tests.model.borsh import ID, U8, U32, U64, U128, Codec, MalformedError, Value, enum, fixed, option, struct, vec
from tests.model.constitution import BPS, RULE, asset_of, requires_member
from tests.model.hold import HOLD_RECORD
from tests.model.snapshot import units_at
from tests.model.state import OPERATION, REASON, Context, record_id, refuse_if, statuses

if TYPE_CHECKING:
    from tests.model.borsh import Reader

FAMILY = 7
PROPOSE, VOTE, REVEAL, DELEGATE, VETO, CANCEL, CONCLUDE, EXECUTE = range(0x71, 0x79)
TIME_MAX = 2**64 - 1
ACTIONS_MAX = 32
HOPS_MAX = 8


def _read_action(r: Reader) -> Any:
    """An operation, but for what governs by itself."""
    if r.at < len(r.data) and PROPOSE <= r.data[r.at] <= EXECUTE:
        raise MalformedError
    return OPERATION.read(r)


ACTIONS = vec(Codec(lambda value: OPERATION.write(value), _read_action))
BALLOT = enum(
    {
        0: ("shares", struct("shares", shares=vec(U64))),
        1: ("approve", struct("approve", options=vec(U8))),
        2: ("rank", struct("rank", options=vec(U8))),
        3: ("sealed", struct("sealed", hash=fixed(32))),
    }
)
RANKING = struct("Ranking", options=vec(U8), weight=U128)
STATE = enum(
    {
        0: ("open", struct("open")),
        1: ("cancelled", struct("cancelled", time=U64)),
        2: ("vetoed", struct("vetoed", time=U64, reason=REASON)),
        3: ("failed", struct("failed", time=U64)),
        4: ("passed", struct("passed", option=U8, time=U64)),
        5: ("executed", struct("executed", option=U8, time=U64)),
    }
)
PROPOSAL_RECORD = struct(
    "ProposalRecord",
    version=U8,
    account=ID,
    proposer=ID,
    salt=fixed(16),
    constitution=fixed(32),
    rule=U8,
    terms=RULE,
    title=fixed(32),
    subject=option(fixed(32)),
    options=vec(fixed(32)),
    snapshot=option(U32),
    electorate=U128,
    opened=U64,
    ends=U64,
    counts=vec(U128),
    cast=U128,
    decided=U128,
    voters=U64,
    state=STATE,
)
VOTE_RECORD = struct("VoteRecord", voter=ID, hops=U8, weight=U128, ballot=BALLOT)
RANKING_RECORD = struct("RankingRecord", options=vec(U8))
DELEGATION_RECORD = struct("DelegationRecord", account=ID, delegator=ID, to=ID, since=U64)

statuses(
    7,
    "invalid_rule invalid_article invalid_options too_many_actions too_many_members invalid_members delegate_to_self "
    "invalid_rankings account_without_record no_constitution unknown_rule proposal_exists no_electorate "
    "proposer_weight_too_low unknown_proposal proposal_closed voting_not_started voting_closed wrong_ballot "
    "governed_account_abstains not_delegated not_in_electorate no_weight overridden vote_unchanged reveal_not_open "
    "not_sealed wrong_seal no_delegation delegation_cycle delegation_too_deep no_guardian veto_too_late voting_started "
    "not_due wrong_rankings not_concluded not_passed already_executed proposal_lapsed constitution_changed "
    "wrong_actions",
)


def proposal_id(account: bytes, proposer: bytes, salt: bytes) -> bytes:
    """The id of a proposal; that of the account with its deposit, too."""
    return record_id("proposal", account, proposer, salt)


def ranking_id(proposal: bytes, options: list[int]) -> bytes:
    """The record id of a ranking."""
    return record_id("ranking", proposal, bytes(options).ljust(16, b"\xff"))


def delegation_id(account: bytes, delegator: bytes) -> bytes:
    """The record id of to whom somebody has delegated."""
    return record_id("delegation", account, delegator)


def actions_hash(actions: list[Value]) -> bytes:
    """What a proposal has of an option."""
    return sha256(b"counterfoil/actions/v1\n" + ACTIONS.write(actions)).digest()


def ballot_seal(proposal: bytes, voter: bytes, salt: bytes, ballot: Value) -> bytes:
    """What a sealed vote shows."""
    return sha256(b"counterfoil/ballot/v1\n" + proposal + voter + salt + BALLOT.write(ballot)).digest()


def load_proposal(ctx: Context, proposal: bytes) -> Any:
    """The record of a proposal, or a refusal."""
    record = ctx.state.value(PROPOSAL_RECORD, "proposals", proposal)
    refuse_if(record is None, "unknown_proposal")
    return record


def save_proposal(ctx: Context, proposal: bytes, record: Value) -> None:
    """Write the record of a proposal."""
    ctx.state.put("proposals", proposal, PROPOSAL_RECORD.write(record))


def check_open(record: Value) -> None:
    """Rule."""
    refuse_if(record.state.kind != "open", "proposal_closed")


# Times.


def later(time: int, period: int) -> int:
    """A time after another; there is none after the last."""
    return min(time + period, TIME_MAX)


def starts(record: Value) -> int:
    """From when on votes are cast."""
    return later(record.opened, record.terms.delay_ms)


def counted(record: Value) -> int:
    """Until when votes are revealed."""
    return later(record.ends, record.terms.reveal_ms)


def due(record: Value) -> int:
    """From when on it is concluded."""
    return later(counted(record), record.terms.timelock_ms)


def lapses(record: Value) -> int:
    """Until when it is executed."""
    return later(due(record), record.terms.execution_ms)


# Weights.


def rounded_up(amount: int, bps: int) -> int:
    """A part of an amount, rounded up."""
    return -(-amount * bps // BPS)


def is_member(ctx: Context, electorate: Value, account: bytes, time: int) -> bool:
    """Whether the account was among those who are attested, where that is asked."""
    if not requires_member(electorate):
        return True
    return bool(was_member(ctx, electorate.schema, electorate.issuer, account, time))


def weight_of(ctx: Context, terms: Value, snapshot: int | None, member: bytes) -> int:
    """By how much a member counts; of backers, a hold."""
    asset, units = asset_of(terms.electorate), 1
    if asset is not None:
        assert snapshot is not None
        units = units_at(ctx, asset, snapshot, member)
    elif terms.electorate.kind == "backers":
        hold = ctx.state.value(HOLD_RECORD, "holds", member)
        units = hold.amount - hold.settled - hold.released
    if terms.weight == "root":
        return isqrt(units)
    return units if terms.weight == "units" else 1


def quorum_reached(record: Value) -> bool:
    """Whether enough have voted."""
    return record.cast >= 1 and bool(record.cast >= rounded_up(record.electorate, record.terms.quorum_bps))
