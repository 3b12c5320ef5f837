"""Family 7, governance: constitutions, and proposals from their opening to their execution."""

from __future__ import annotations

from math import factorial
from typing import Any

from tests.model.account import ACCOUNT_RECORD, account_record, authority
from tests.model.asset import ASSET_RECORD, check_not_ended, load_asset, load_fungible, term
from tests.model.attest import SCHEMA_RECORD, electorate_schema
from tests.model.borsh import ID, U8, Value, fixed, option, vec
from tests.model.constitution import (
    BPS,
    CONSTITUTION,
    CONSTITUTION_RECORD,
    RESOLUTION_RECORD,
    SET_CONSTITUTION,
    Executing,
    articles_valid,
    asset_of,
    check_by_rule,
    check_constitution,
    constitution_hash,
    load_constitution,
    requires_member,
    resolution_id,
    rule_hash,
    rule_valid,
    snapshot_length,
)
from tests.model.hold import GROUP_RECORD, HOLD_RECORD
from tests.model.move import Move
from tests.model.proposal import (
    ACTIONS,
    ACTIONS_MAX,
    CANCEL,
    CONCLUDE,
    DELEGATION_RECORD,
    EXECUTE,
    FAMILY,
    HOPS_MAX,
    PROPOSAL_RECORD,
    PROPOSE,
    RANKING,
    RANKING_RECORD,
    VETO,
    VOTE_RECORD,
    actions_hash,
    check_open,
    delegation_id,
    due,
    is_member,
    lapses,
    later,
    load_proposal,
    proposal_id,
    quorum_reached,
    ranking_id,
    rounded_up,
    save_proposal,
    starts,
    weight_of,
)
from tests.model.snapshot import extend_snapshot, load_snapshot, newest_live, open_snapshot, units_at
from tests.model.state import (
    OPERATIONS,
    REASON,
    Context,
    Effect,
    State,
    ascending,
    no_fields_to_check,
    operation,
    refuse_if,
    tag_of,
)
from tests.model.voting import ballot_fits, choices, delegate_of, winner

OPTIONS_MAX = 16
RANKINGS_MAX = 1_957

# Constitutions.


def _check_set_constitution(op: Value) -> None:
    if op.constitution is not None:
        check_constitution(op.constitution)


def _check_rule_state(ctx: Context, account: bytes, rule: Value) -> None:
    """The rules on what a rule of a constitution names."""
    electorate, asset = rule.electorate, asset_of(rule.electorate)
    if asset is not None:
        issuer = load_fungible(ctx, asset).issuer
        if issuer != account:
            authority(ctx, issuer, SET_CONSTITUTION)
    if requires_member(electorate):
        electorate_schema(ctx, electorate.schema, electorate.issuer)
    if rule.deposit is not None:
        load_fungible(ctx, rule.deposit.asset)


def _set_constitution(ctx: Context, op: Value) -> None:
    authority(ctx, op.account, SET_CONSTITUTION)
    record = account_record(ctx.state, op.account)
    # One that is an alias by now has no keys of its own either.
    refuse_if(record is None or record.kind not in ("keyed", "governed"), "account_without_record")
    if op.constitution is None:
        refuse_if(record.kind != "governed", "no_constitution")
        ctx.state.remove("constitutions", op.account)
    else:
        for rule in op.constitution.rules:
            _check_rule_state(ctx, op.account, rule)
        value = Value("ConstitutionRecord", version=1, since=ctx.time, constitution=op.constitution)
        ctx.state.put("constitutions", op.account, CONSTITUTION_RECORD.write(value))
    kind = "keyed" if op.constitution is None else "governed"
    record = Value(kind, epoch=record.epoch, threshold=record.threshold, keys=record.keys)
    ctx.state.put("accounts", op.account, ACCOUNT_RECORD.write(record))


# Proposing.


def _check_actions(actions: list[Value]) -> None:
    for action in actions:
        OPERATIONS[tag_of(action)].check(action)


def _check_propose(op: Value) -> None:
    refuse_if(not 1 <= len(op.options) <= OPTIONS_MAX, "invalid_options")
    refuse_if(any(len(actions) > ACTIONS_MAX for actions in op.options), "too_many_actions")
    for actions in op.options:
        _check_actions(actions)


def rankings_possible(options: int, ranks_max: int) -> int:
    """How many rankings there are of so many options, the empty one included."""
    return sum(factorial(options) // factorial(options - ranks) for ranks in range(min(ranks_max, options) + 1))


def _options_fit(form: Value, options: int) -> bool:
    if form.kind == "yes_no":
        return options == 1
    if form.kind == "ranked" and rankings_possible(options, form.ranks_max) > RANKINGS_MAX:
        return False
    return 2 <= options <= OPTIONS_MAX


def _take_snapshot(ctx: Context, terms: Value) -> int | None:
    """The number of the snapshot by which it is voted, where there is one: one that is there, or a new one."""
    asset = asset_of(terms.electorate)
    if asset is None:
        return None
    check_not_ended(ctx, load_asset(ctx, asset))
    until = later(ctx.time, snapshot_length(terms))
    snapshot = newest_live(ctx, asset)
    if snapshot is None or ctx.time - snapshot.opened > terms.snapshot_ms:
        return int(open_snapshot(ctx, asset, until).number)
    extend_snapshot(ctx, asset, snapshot.number, until)
    return int(snapshot.number)


def _electorate(ctx: Context, account: bytes, terms: Value, snapshot: int | None) -> int:
    """The whole by which the quorum and the support are measured."""
    electorate = terms.electorate
    if electorate.kind == "backers":
        group = ctx.state.value(GROUP_RECORD, "hold_groups", electorate.group)
        refuse_if(group is None, "unknown_group")
        refuse_if(ctx.time < group.closes, "group_open")
        return int(group.total)
    if terms.weight != "units":
        return int(ctx.state.value(SCHEMA_RECORD, "schemas", electorate.schema).live)
    assert snapshot is not None
    supply = load_snapshot(ctx.state, electorate.asset, snapshot).supply
    return int(supply - units_at(ctx, electorate.asset, snapshot, account))


def _check_proposer(ctx: Context, proposer: bytes, terms: Value, snapshot: int | None) -> None:
    if terms.proposer_weight == 0 or terms.electorate.kind == "backers":
        return
    is_there = is_member(ctx, terms.electorate, proposer, ctx.time)
    weight = weight_of(ctx, terms, snapshot, proposer) if is_there else 0
    refuse_if(weight < terms.proposer_weight, "proposer_weight_too_low")


def _pay_deposit(ctx: Context, proposal: bytes, proposer: bytes, deposit: Value) -> Effect:
    move = Move(ctx, deposit.asset)
    move.check_not_paused()
    check_not_ended(ctx, move.record)
    move.check_sender(proposer)
    ctx.state.put("accounts", proposal, ACCOUNT_RECORD.write(Value("programme", family=FAMILY)))
    taken = move.take(proposer, deposit.amount)
    move.credit(proposal, taken, move.touch(proposal))
    move.effect.taken = dict(taken)
    return move.done()


def _propose(ctx: Context, op: Value) -> Effect | None:
    constitution = load_constitution(ctx.state, op.account)
    refuse_if(constitution is None, "no_constitution")
    authority(ctx, op.proposer, PROPOSE)
    refuse_if(op.rule >= len(constitution.rules), "unknown_rule")
    terms = constitution.rules[op.rule]
    refuse_if(not _options_fit(terms.form, len(op.options)), "invalid_options")
    for actions in op.options:
        for action in actions:
            check_by_rule(constitution, op.rule, tag_of(action))
    proposal = proposal_id(op.account, op.proposer, op.salt)
    used = ctx.state.get("proposals", proposal) is not None
    if terms.deposit is not None:
        used = used or account_record(ctx.state, proposal) is not None
        used = used or ctx.state.get("holders", proposal, terms.deposit.asset) is not None
    refuse_if(used, "proposal_exists")

    snapshot = _take_snapshot(ctx, terms)
    electorate = _electorate(ctx, op.account, terms, snapshot)
    refuse_if(electorate == 0, "no_electorate")
    _check_proposer(ctx, op.proposer, terms, snapshot)
    effect = None if terms.deposit is None else _pay_deposit(ctx, proposal, op.proposer, terms.deposit)
    choices_of_form = 3 if terms.form.kind == "yes_no" else len(op.options) + 1
    record = Value(
        "ProposalRecord",
        version=1,
        account=op.account,
        proposer=op.proposer,
        salt=op.salt,
        constitution=constitution_hash(constitution),
        rule=op.rule,
        terms=terms,
        title=op.title,
        subject=op.subject,
        options=[actions_hash(actions) for actions in op.options],
        snapshot=snapshot,
        electorate=electorate,
        opened=ctx.time,
        ends=0,
        counts=[0] * choices_of_form,
        cast=0,
        decided=0,
        voters=0,
        state=Value("open"),
    )
    record.ends = later(starts(record), terms.voting_ms)
    save_proposal(ctx, proposal, record)
    return effect


# Ending.


def _end(ctx: Context, proposal: bytes, record: Any, state: Value, *, burn: bool) -> Effect | None:
    """Write what became of a proposal, and give back the deposit or burn it."""
    record.state = state
    save_proposal(ctx, proposal, record)
    deposit = record.terms.deposit
    if deposit is None:
        return None
    move = Move(ctx, deposit.asset)
    left = move.touch(proposal).total
    if left:
        taken = move.take(proposal, left)
        move.effect.taken = dict(taken)
        if burn:
            for lot, amount in taken.items():
                move.count(lot, "burned", amount)
            move.record.burned += left
        else:
            move.strict = False
            move.credit(record.proposer, taken, move.touch(record.proposer))
    return move.done()


def _veto(ctx: Context, op: Value) -> Effect | None:
    record = load_proposal(ctx, op.proposal)
    refuse_if(record.terms.guardian is None, "no_guardian")
    authority(ctx, record.terms.guardian, VETO)
    check_open(record)
    refuse_if(ctx.time >= due(record), "veto_too_late")
    return _end(ctx, op.proposal, record, Value("vetoed", time=ctx.time, reason=op.reason), burn=True)


def _cancel(ctx: Context, op: Value) -> Effect | None:
    record = load_proposal(ctx, op.proposal)
    authority(ctx, record.proposer, CANCEL)
    check_open(record)
    refuse_if(ctx.time >= starts(record) and ctx.time > record.opened, "voting_started")
    return _end(ctx, op.proposal, record, Value("cancelled", time=ctx.time), burn=False)


def _check_conclude(op: Value) -> None:
    rankings = [ranking.options for ranking in op.rankings]
    valid = len(rankings) <= RANKINGS_MAX and ascending(rankings) and all(each.weight for each in op.rankings)
    valid = valid and all(1 <= len(each) <= OPTIONS_MAX and len(set(each)) == len(each) for each in rankings)
    refuse_if(not valid, "invalid_rankings")


def _check_rankings(ctx: Context, proposal: bytes, record: Value, rankings: list[tuple[list[int], int]]) -> None:
    if record.terms.form.kind != "ranked":
        refuse_if(bool(rankings), "wrong_rankings")
        return
    if not rankings and ctx.time >= lapses(record):
        return
    for options, weight in rankings:
        found = ctx.state.get("rankings", ranking_id(proposal, options), proposal)
        refuse_if(found is None or found[0] != weight, "wrong_rankings")
    refuse_if(sum(weight for _, weight in rankings) != record.decided, "wrong_rankings")


def _has_passed(record: Value, count: int) -> bool:
    terms = record.terms
    enough = quorum_reached(record) and count > record.decided * terms.threshold_bps // BPS
    return enough and count >= max(1, rounded_up(record.electorate, terms.support_bps))


def _resolve(ctx: Context, proposal: bytes, record: Value, chosen: int) -> None:
    """Write what was resolved on the proposal's subject, unless something was before."""
    if record.subject is None:
        return
    rule = rule_hash(record.terms)
    key = resolution_id(record.account, rule, record.subject)
    if ctx.state.get("resolutions", key) is None:
        value = Value(
            "ResolutionRecord",
            account=record.account,
            rule=rule,
            subject=record.subject,
            option=chosen,
            proposal=proposal,
            time=ctx.time,
        )
        ctx.state.put("resolutions", key, RESOLUTION_RECORD.write(value))


def _conclude(ctx: Context, op: Value) -> Effect | None:
    record = load_proposal(ctx, op.proposal)
    check_open(record)
    refuse_if(ctx.time < due(record), "not_due")
    rankings = [(ranking.options, ranking.weight) for ranking in op.rankings]
    _check_rankings(ctx, op.proposal, record, rankings)
    first, count = winner(record, rankings)
    state = Value("failed", time=ctx.time)
    if _has_passed(record, count):
        state = Value("passed", option=first, time=ctx.time)
        _resolve(ctx, op.proposal, record, first)
    return _end(ctx, op.proposal, record, state, burn=not quorum_reached(record))


# Executing.


def _check_execute(op: Value) -> None:
    refuse_if(len(op.actions) > ACTIONS_MAX, "too_many_actions")
    _check_actions(op.actions)


def _signatures(op: Value, ledger: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Those of the slips that the actions carry."""
    return [each for action in op.actions for each in OPERATIONS[tag_of(action)].signatures(action, ledger)]


def _execute(ctx: Context, op: Value) -> Effect:
    record = load_proposal(ctx, op.proposal)
    kind = record.state.kind
    refuse_if(kind == "open", "not_concluded")
    refuse_if(kind in ("cancelled", "vetoed", "failed"), "not_passed")
    refuse_if(kind == "executed", "already_executed")
    refuse_if(ctx.time >= lapses(record), "proposal_lapsed")
    constitution = load_constitution(ctx.state, record.account)
    is_same = constitution is not None and constitution_hash(constitution) == record.constitution
    refuse_if(not is_same, "constitution_changed")
    refuse_if(actions_hash(op.actions) != record.options[record.state.option], "wrong_actions")
    record.state = Value("executed", option=record.state.option, time=ctx.time)
    save_proposal(ctx, op.proposal, record)
    ctx.executing = Executing(record.account, constitution, record.rule)
    effects = [OPERATIONS[tag_of(action)].apply(ctx, action) for action in op.actions]
    ctx.executing = None
    return Effect(executed=effects)


operation(
    SET_CONSTITUTION,
    "set_constitution",
    _check_set_constitution,
    _set_constitution,
    account=ID,
    constitution=option(CONSTITUTION),
)
operation(
    PROPOSE,
    "propose",
    _check_propose,
    _propose,
    account=ID,
    proposer=ID,
    salt=fixed(16),
    rule=U8,
    title=fixed(32),
    subject=option(fixed(32)),
    options=vec(ACTIONS),
)
operation(VETO, "veto", no_fields_to_check, _veto, proposal=ID, reason=REASON)
operation(CANCEL, "cancel", no_fields_to_check, _cancel, proposal=ID)
operation(CONCLUDE, "conclude", _check_conclude, _conclude, proposal=ID, rankings=vec(RANKING))
operation(EXECUTE, "execute", _check_execute, _execute, signatures=_signatures, proposal=ID, actions=ACTIONS)


# Invariants.


def _check_constitutions(state: State, time: int) -> None:
    governed = set()
    for account, (_, value) in state.records("accounts").items():
        if ACCOUNT_RECORD.decode(value).kind == "governed":
            governed.add(account)
    assert governed == set(state.records("constitutions"))
    for total, value in state.records("constitutions").values():
        record = CONSTITUTION_RECORD.decode(value)
        assert (total, record.version) == (0, 1)
        assert record.since <= time
        assert all(map(rule_valid, record.constitution.rules))
        assert articles_valid(record.constitution)


def _check_delegations(state: State, time: int) -> None:
    for key, (total, value) in state.records("delegations").items():
        record = DELEGATION_RECORD.decode(value)
        assert total == 0
        assert key == delegation_id(record.account, record.delegator)
        assert record.since <= time
        seen, current = {record.delegator}, record.to
        while current is not None:
            assert current not in seen, "delegations lead in a circle"
            seen.add(current)
            current = delegate_of(state, record.account, current)


def _check_votes(state: State, proposal: bytes, record: Value) -> None:
    """What a proposal counts is what its votes say."""
    counts, cast, decided, voters = [0] * len(record.counts), 0, 0, 0
    rankings: dict[bytes, tuple[int, bytes]] = {}
    for member, (total, value) in state.records("votes", proposal).items():
        vote = VOTE_RECORD.decode(value)
        assert vote.hops <= HOPS_MAX
        assert vote.weight > 0
        assert (vote.hops == 0) == (vote.voter == _account_of(state, record, member))
        if vote.ballot.kind == "sealed":
            assert total == 0
            assert record.terms.reveal_ms
            continue
        assert total == vote.weight
        assert ballot_fits(record, vote.ballot)
        parts, of_decided = choices(len(counts), vote.ballot, vote.weight)
        assert sum(parts) >= vote.weight
        counts = [count + part for count, part in zip(counts, parts, strict=True)]
        cast += 1 if record.terms.weight == "root" else vote.weight
        decided += of_decided
        voters += 1
        if vote.ballot.kind == "rank" and vote.ballot.options:
            key = ranking_id(proposal, vote.ballot.options)
            before, _ = rankings.get(key, (0, b""))
            value = RANKING_RECORD.write(Value("RankingRecord", options=vote.ballot.options))
            rankings[key] = before + vote.weight, value
    assert (counts, cast, decided, voters) == (record.counts, record.cast, record.decided, record.voters)
    assert rankings == state.records("rankings", proposal)
    if record.terms.form.kind == "ranked":
        assert sum(total for total, _ in rankings.values()) == decided == sum(counts[:-1])
    if record.terms.weight == "units":
        assert cast <= record.electorate


def _account_of(state: State, record: Value, member: bytes) -> bytes:
    if record.terms.electorate.kind != "backers":
        return member
    payer = state.value(HOLD_RECORD, "holds", member).payer
    assert isinstance(payer, bytes)
    return payer


def _check_deposit(state: State, proposal: bytes, record: Value) -> None:
    deposit = record.terms.deposit
    if deposit is None:
        assert account_record(state, proposal) is None
        return
    assert account_record(state, proposal) == Value("programme", family=FAMILY)
    policy = ASSET_RECORD.decode(state.records("assets")[deposit.asset][1])
    found = state.get("holders", proposal, deposit.asset)
    balance = 0 if found is None else found[0]
    if record.state.kind != "open":
        assert balance == 0
    elif term(policy.policy, "fixed_expiry") is None and policy.sunset is None:
        assert balance == deposit.amount
    else:
        assert balance <= deposit.amount
    if found is not None and term(policy.policy, "inactivity_expiry") is not None:
        assert found[1][:4] == b"\xff" * 4


def _check_proposal(state: State, proposal: bytes, record: Value, time: int) -> None:
    terms = record.terms
    assert record.version == 1
    assert proposal == proposal_id(record.account, record.proposer, record.salt)
    assert record.opened <= time
    assert record.electorate > 0
    assert record.ends - starts(record) >= terms.voting_ms
    if terms.electorate.kind != "backers":
        # Elsewhere a quorum that is reached stays so.
        assert record.ends - starts(record) <= terms.voting_ms + terms.extension_ms
    assert (record.snapshot is None) == (asset_of(terms.electorate) is None)
    if record.snapshot is not None:
        snapshot = load_snapshot(state, terms.electorate.asset, record.snapshot)
        until = later(record.opened, snapshot_length(terms))
        assert time >= until or snapshot.until >= until
        assert snapshot is None or record.opened - snapshot.opened <= terms.snapshot_ms
    if record.state.kind != "open":
        assert record.opened <= record.state.time <= time
    if record.state.kind in ("failed", "passed", "executed"):
        assert due(record) <= record.state.time
    if record.state.kind in ("passed", "executed"):
        assert record.state.option < len(record.options)
    if record.state.kind == "executed":
        assert record.state.time < lapses(record)
    _check_votes(state, proposal, record)
    _check_deposit(state, proposal, record)


def check_invariants(state: State, time: int) -> None:
    """What always holds of this family's tables."""
    _check_constitutions(state, time)
    _check_delegations(state, time)
    proposals = {key: PROPOSAL_RECORD.decode(value) for key, (_, value) in state.records("proposals").items()}
    assert all(total == 0 for total, _ in state.records("proposals").values())
    assert {key for table, key in state.tables if table in ("votes", "rankings")} <= set(proposals)
    for key, record in proposals.items():
        _check_proposal(state, key, record, time)
    for key, (total, value) in state.records("resolutions").items():
        resolution = RESOLUTION_RECORD.decode(value)
        proposal = proposals[resolution.proposal]
        assert total == 0
        assert key == resolution_id(resolution.account, resolution.rule, resolution.subject)
        assert resolution.rule == rule_hash(proposal.terms)
        assert (resolution.account, resolution.subject) == (proposal.account, proposal.subject)
        assert proposal.state.option == resolution.option
        assert proposal.state.kind in ("passed", "executed")
    for account, (_, value) in state.records("accounts").items():
        programme = ACCOUNT_RECORD.decode(value)
        assert programme.kind != "programme" or programme.family != FAMILY or account in proposals
