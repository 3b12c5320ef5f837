"""Family 5, campaign: funded accounts that pay out against slips that others have signed."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from tests.model.account import ACCOUNT_RECORD, ONCE_RECORD, account_record, aliases, authority, has_authority
from tests.model.asset import ASSET_RECORD, check_not_ended, term
from tests.model.attest import REQUIREMENT, require_live
from tests.model.borsh import BOOL, ID, U8, U16, U32, U64, U128, Value, fixed, option, struct, vec
from tests.model.constitution import keys_verdict, load_constitution
from tests.model.hold import BPS, DEADLINE_MS_MAX, HOLD_RECORD, check_deadline, hold_id
from tests.model.hold import FAMILY as HOLD_FAMILY
from tests.model.move import ALWAYS, Move, check_amount, split
from tests.model.state import (
    Context,
    Effect,
    State,
    no_fields_to_check,
    operation,
    record_id,
    refuse_if,
    statuses,
)

ROLE = struct("Role", account=option(ID), bps=U16, signs=BOOL)
CAP = struct("Cap", units=U128, claims=U32, window_ms=U64)
CAMPAIGN_TERMS = struct(
    "CampaignTerms",
    roles=vec(ROLE),
    claim_max=U128,
    eligible=option(REQUIREMENT),
    member_cap=option(CAP),
    total_cap=option(CAP),
    pending_ms=U64,
    notice_ms=U64,
    ends=U64,
)
SLIP = struct(
    "Slip",
    nonce=fixed(16),
    valid_until=U64,
    amount=U128,
    floor=option(U128),
    parties=vec(ID),
    reference=option(fixed(32)),
)
ROLE_SIGNATURE = struct("RoleSignature", role=U8, key=ID, signature=fixed(64))
SIGNED_SLIP = struct("SignedSlip", slip=SLIP, signatures=vec(ROLE_SIGNATURE))
COUNTED = struct("Counted", window=U64, units=U128, claims=U32)
CAMPAIGN_RECORD = struct(
    "CampaignRecord",
    version=U8,
    owner=ID,
    salt=fixed(16),
    asset=ID,
    terms=CAMPAIGN_TERMS,
    since=U64,
    ends=U64,
    closed=BOOL,
    claims=U64,
    counted=COUNTED,
)
CLAIMANT_RECORD = struct("ClaimantRecord", counted=COUNTED)

FAMILY = 5
OPEN_CAMPAIGN, FUND_CAMPAIGN, CLAIM, CLOSE_CAMPAIGN = 0x50, 0x51, 0x52, 0x53
ROLES_MAX = 8

statuses(
    5,
    "invalid_roles invalid_cap invalid_period no_slip campaign_exists unknown_campaign campaign_closed campaign_ended "
    "campaign_ending wrong_parties slip_expired slip_claimed wrong_signer slip_unsigned claim_too_large below_floor "
    "member_cap_spent total_cap_spent budget_spent",
)


def campaign_id(owner: bytes, salt: bytes) -> bytes:
    """The id of the campaign that the owner opens with this salt; its account's too."""
    return record_id("campaign", owner, salt)


def slip_message(ledger: bytes, campaign: bytes, slip: Value) -> bytes:
    """What is signed of a slip."""
    return b"counterfoil/slip/v1\n" + ledger + sha256(campaign + SLIP.write(slip)).digest()


def claim_key(member: bytes, nonce: bytes) -> bytes:
    """The key of the record of kind `once` that a slip leaves."""
    return sha256(member + nonce).digest()


def pending_hold(campaign: bytes, member: bytes, nonce: bytes, transaction: bytes) -> tuple[bytes, bytes]:
    """The id and the salt of the hold into which a slip is paid."""
    salt = sha256(claim_key(member, nonce) + transaction).digest()[:16]
    return hold_id(campaign, salt), salt


# Fields.


def _check_terms(terms: Value) -> None:
    check_amount(terms.claim_max)
    roles = terms.roles
    named = [role.account for role in roles if role.account is not None]
    valid = 1 <= len(roles) <= ROLES_MAX and any(role.signs for role in roles)
    valid = valid and len(set(named)) == len(named) and sum(role.bps for role in roles) == BPS
    refuse_if(not valid, "invalid_roles")
    caps = [cap for cap in (terms.member_cap, terms.total_cap) if cap is not None]
    refuse_if(any(0 in (cap.units, cap.claims, cap.window_ms) for cap in caps), "invalid_cap")
    refuse_if(max(terms.pending_ms, terms.notice_ms) > DEADLINE_MS_MAX, "invalid_period")
    refuse_if(terms.ends == 0, "no_deadline")


def _check_open(op: Value) -> None:
    check_amount(op.amount)
    _check_terms(op.terms)


def _check_fund(op: Value) -> None:
    check_amount(op.amount)


def _check_claim(op: Value) -> None:
    refuse_if(not op.slips, "no_slip")
    for signed in op.slips:
        check_amount(signed.slip.amount)


def _signatures(op: Value, ledger: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Key, message and signature of each that a claim carries."""
    return [
        (each.key, slip_message(ledger, op.campaign, signed.slip), each.signature)
        for signed in op.slips
        for each in signed.signatures
    ]


# Opening and funding.


def _pay_in(move: Move, payer: bytes, campaign: bytes, amount: int) -> Effect:
    move.credit(campaign, move.take(payer, amount), move.touch(campaign))
    return move.done()


def _open(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, op.owner, OPEN_CAMPAIGN)
    move.check_not_paused()
    check_not_ended(ctx, move.record)
    check_deadline(ctx, op.terms.ends)
    campaign = campaign_id(op.owner, op.salt)
    used = account_record(ctx.state, campaign) is not None or ctx.state.get("holders", campaign, op.asset) is not None
    refuse_if(used, "campaign_exists")
    move.check_sender(op.owner)
    ctx.state.put("accounts", campaign, ACCOUNT_RECORD.write(Value("programme", family=FAMILY)))
    record = Value(
        "CampaignRecord",
        version=1,
        owner=op.owner,
        salt=op.salt,
        asset=op.asset,
        terms=op.terms,
        since=ctx.time,
        ends=op.terms.ends,
        closed=False,
        claims=0,
        counted=_nothing_counted(),
    )
    _save(ctx, campaign, record)
    return _pay_in(move, op.owner, campaign, op.amount)


def _fund(ctx: Context, op: Value) -> Effect:
    move = Move(ctx, op.asset)
    authority(ctx, op.sender, FUND_CAMPAIGN, op.asset, op.amount)
    move.check_not_paused()
    check_not_ended(ctx, move.record)
    record = _load(ctx, op.campaign)
    refuse_if(record.asset != op.asset, "wrong_asset")
    refuse_if(ctx.time >= record.ends, "campaign_ended")
    move.check_sender(op.sender)
    move.check_not_bound(op.sender, record.owner)
    return _pay_in(move, op.sender, op.campaign, op.amount)


def _load(ctx: Context, campaign: bytes) -> Any:
    record = ctx.state.value(CAMPAIGN_RECORD, "campaigns", campaign)
    refuse_if(record is None, "unknown_campaign")
    return record


def _save(ctx: Context, campaign: bytes, record: Value) -> None:
    ctx.state.put("campaigns", campaign, CAMPAIGN_RECORD.write(record))


# Claims.


def _nothing_counted() -> Value:
    return Value("Counted", window=0, units=0, claims=0)


def _count(cap: Value, counted: Value, since: int, time: int, amount: int) -> Value | None:
    """What is counted with one slip more, or None where that is over the cap."""
    window = (time - since) // cap.window_ms
    before = counted if counted.window == window else _nothing_counted()
    after = Value("Counted", window=window, units=before.units + amount, claims=before.claims + 1)
    return None if after.units > cap.units or after.claims > cap.claims else after


def shares(roles: list[Value], amount: int) -> list[int]:
    """What each role gets. What the parts leave over goes to the first role that gets anything at all."""
    parts = [amount * role.bps // BPS for role in roles]
    parts[next(place for place, role in enumerate(roles) if role.bps)] += amount - sum(parts)
    return parts


class Campaign:
    """A campaign on the way to pay slips: its record, and what they have taken so far."""

    def __init__(self, ctx: Context, campaign: bytes) -> None:
        self.ctx = ctx
        self.id = campaign
        self.record = _load(ctx, campaign)
        self.terms = self.record.terms
        self.move = Move(ctx, self.record.asset)
        self.move.check_not_paused()
        refuse_if(ctx.time >= self.record.ends, "campaign_ended")
        self.taken: dict[int, int] = {}

    def claim(self, signed: Value) -> None:
        """Pay one slip, or refuse it."""
        slip, roles = signed.slip, self.terms.roles
        refuse_if(len(slip.parties) != sum(role.account is None for role in roles), "wrong_parties")
        parties = iter(slip.parties)
        accounts = [next(parties) if role.account is None else role.account for role in roles]
        member = accounts[0]
        key = claim_key(member, slip.nonce)
        once = record_id("once", self.id, key)
        refuse_if(slip.valid_until <= self.ctx.time, "slip_expired")
        refuse_if(self.ctx.state.get("once", once) is not None, "slip_claimed")

        self.check_signed(signed.signatures, accounts)

        refuse_if(slip.amount > self.terms.claim_max, "claim_too_large")
        if self.terms.eligible is not None:
            require_live(self.ctx, self.terms.eligible.schema, self.terms.eligible.issuer, member)
        parts = shares(roles, slip.amount)
        refuse_if(slip.floor is not None and parts[0] < slip.floor, "below_floor")
        of_member, of_all = self.count(member, slip.amount)

        for to, part in zip(accounts, parts, strict=True):
            if part:
                self.move.check_payee(self.record.owner, to)
        refuse_if(self.move.touch(self.id).total < slip.amount, "budget_spent")

        if self.terms.pending_ms:
            self.put_aside(accounts, slip, member)
        else:
            in_hand = self.take(slip.amount)
            for to, part in zip(accounts, parts, strict=True):
                if part:
                    self.move.earn(to, split(in_hand, part), self.move.touch(to))
        used = Value("OnceRecord", account=self.id, key=key, transaction=self.ctx.transaction)
        self.ctx.state.put("once", once, ONCE_RECORD.write(used))
        if of_member is not None:
            value = CLAIMANT_RECORD.write(Value("ClaimantRecord", counted=of_member))
            self.ctx.state.put("claimants", member, value, table_key=self.id)
        if of_all is not None:
            self.record.counted = of_all
        self.record.claims += 1

    def check_signed(self, signatures: list[Value], accounts: list[bytes]) -> None:
        """Who had to sign did, and nobody else."""
        roles = self.terms.roles
        signed: dict[int, set[bytes]] = {place: set() for place, role in enumerate(roles) if role.signs}
        for each in signatures:
            allowed = each.role in signed and each.key in self.keys(accounts[each.role])[0]
            refuse_if(not allowed or each.key in signed[each.role], "wrong_signer")
            signed[each.role].add(each.key)
        for place, keys in signed.items():
            _, threshold = self.keys(accounts[place])
            enough = len(keys) >= threshold or has_authority(self.ctx, accounts[place], CLAIM)
            refuse_if(not enough, "slip_unsigned")

    def keys(self, account: bytes) -> tuple[set[bytes], int]:
        """The keys that may sign slips for an account as it is now, and how many of them have to."""
        signer = aliases(self.ctx.state, account)[-1]
        record = account_record(self.ctx.state, signer)
        if record is None:
            return {signer}, 1
        is_barred = keys_verdict(load_constitution(self.ctx.state, signer), CLAIM) is not None
        if record.kind not in ("keyed", "governed") or is_barred:
            return set(), 1
        fitting = [grant.key for grant in record.keys if grant.scope is None or CLAIM in grant.scope]
        return set(fitting), record.threshold

    def count(self, member: bytes, amount: int) -> tuple[Value | None, Value | None]:
        """What the caps have counted with this slip, where there are any."""
        since, time = self.record.since, self.ctx.time
        of_member, of_all = None, None
        if self.terms.member_cap is not None:
            found = self.ctx.state.value(CLAIMANT_RECORD, "claimants", member, self.id)
            before = _nothing_counted() if found is None else found.counted
            of_member = _count(self.terms.member_cap, before, since, time, amount)
            refuse_if(of_member is None, "member_cap_spent")
        if self.terms.total_cap is not None:
            of_all = _count(self.terms.total_cap, self.record.counted, since, time, amount)
            refuse_if(of_all is None, "total_cap_spent")
        return of_member, of_all

    def take(self, amount: int) -> dict[int, int]:
        """Take units from the campaign."""
        in_hand = self.move.take(self.id, amount)
        if term(self.move.record.policy, "lots") is not None:
            for lot, part in in_hand.items():
                self.taken[lot] = self.taken.get(lot, 0) + part
        return in_hand

    def put_aside(self, accounts: list[bytes], slip: Value, member: bytes) -> None:
        """Put what a slip earns into a hold that the owner may release until its deadline."""
        state, owner = self.ctx.state, self.record.owner
        hold, salt = pending_hold(self.id, member, slip.nonce, self.ctx.transaction)
        used = account_record(state, hold) is not None or state.get("holders", hold, self.record.asset) is not None
        refuse_if(used, "hold_exists")
        state.put("accounts", hold, ACCOUNT_RECORD.write(Value("programme", family=HOLD_FAMILY)))
        self.move.credit(hold, self.take(slip.amount), self.move.touch(hold))
        record = Value(
            "HoldRecord",
            version=1,
            payer=self.id,
            salt=salt,
            asset=self.record.asset,
            amount=slip.amount,
            settled=0,
            released=0,
            terms=_pending_terms(self.terms, owner, accounts, self.ctx.time),
            group=None,
        )
        state.put("holds", hold, HOLD_RECORD.write(record))


def _pending_terms(terms: Value, owner: bytes, accounts: list[bytes], time: int) -> Value:
    deadline = time + terms.pending_ms
    paid = [(to, role.bps) for to, role in zip(accounts, terms.roles, strict=True) if role.bps]
    return Value(
        "Terms",
        settle_if=Value("after", time=deadline),
        release_if=Value("signed_by", threshold=1, accounts=[owner]),
        payees=[Value("Share", to=to, bps=bps) for to, bps in paid],
        schedule=None,
        deadline=deadline,
        outcome="settle",
    )


def _claim(ctx: Context, op: Value) -> Effect:
    campaign = Campaign(ctx, op.campaign)
    for signed in op.slips:
        campaign.claim(signed)
    _save(ctx, op.campaign, campaign.record)
    campaign.move.effect.taken = campaign.taken
    return campaign.move.done()


# Closing.


def _close(ctx: Context, op: Value) -> Effect | None:
    record = _load(ctx, op.campaign)
    if ctx.time < record.ends:
        authority(ctx, record.owner, CLOSE_CAMPAIGN)
        ends = ctx.time + record.terms.notice_ms
        refuse_if(record.ends <= ends, "campaign_ending")
        record.ends = ends
        if ends > ctx.time:
            _save(ctx, op.campaign, record)
            return None
    move = Move(ctx, record.asset)
    move.check_not_paused()
    move.check_not_frozen(record.owner)
    left = move.touch(op.campaign).total
    refuse_if(record.closed and left == 0, "campaign_closed")
    record.closed = True
    _save(ctx, op.campaign, record)
    if left:
        taken = move.take(op.campaign, left)
        move.effect.taken = dict(taken)
        move.credit(record.owner, taken, move.touch(record.owner))
    return move.done()


operation(
    OPEN_CAMPAIGN,
    "open_campaign",
    _check_open,
    _open,
    owner=ID,
    salt=fixed(16),
    asset=ID,
    amount=U128,
    terms=CAMPAIGN_TERMS,
)
operation(
    FUND_CAMPAIGN, "fund_campaign", _check_fund, _fund, mandates=True, campaign=ID, asset=ID, sender=ID, amount=U128
)
operation(CLAIM, "claim", _check_claim, _claim, signatures=_signatures, campaign=ID, slips=vec(SIGNED_SLIP))
operation(CLOSE_CAMPAIGN, "close_campaign", no_fields_to_check, _close, campaign=ID)


def _check_counted(cap: Value | None, counted: Value, since: int, time: int) -> None:
    """A cap is never passed, and nothing is counted without one."""
    if cap is None:
        assert counted == _nothing_counted()
    else:
        assert counted.window <= (time - since) // cap.window_ms
        assert counted.units <= cap.units
        assert counted.claims <= cap.claims


def _check_campaign(state: State, campaign: bytes, record: Value, time: int) -> None:
    terms = record.terms
    assert campaign == campaign_id(record.owner, record.salt)
    assert account_record(state, campaign) == Value("programme", family=FAMILY)
    assert record.version == 1
    assert record.since <= min(time, record.ends)
    assert record.ends <= terms.ends
    assert not record.closed or record.ends <= time
    _check_counted(terms.total_cap, record.counted, record.since, time)
    claimants = state.records("claimants", campaign)
    assert len(claimants) <= record.claims
    assert bool(claimants) == (terms.member_cap is not None and record.claims > 0)
    for total, value in claimants.values():
        assert total == 0
        _check_counted(terms.member_cap, CLAIMANT_RECORD.decode(value).counted, record.since, time)
    policy = ASSET_RECORD.decode(state.records("assets")[record.asset][1]).policy
    balance = state.get("holders", campaign, record.asset)
    if balance is not None and term(policy, "inactivity_expiry") is not None:
        assert balance[1][:4] == ALWAYS.to_bytes(4, "big")


def check_invariants(state: State, time: int) -> None:
    """What always holds of this family's tables."""
    campaigns = {key: CAMPAIGN_RECORD.decode(value) for key, (_, value) in state.records("campaigns").items()}
    assert all(total == 0 for total, _ in state.records("campaigns").values())
    assert {key for table, key in state.tables if table == "claimants"} <= set(campaigns)
    for key, record in campaigns.items():
        _check_campaign(state, key, record, time)

    claims = dict.fromkeys(campaigns, 0)
    for _, value in state.records("once").values():
        account = ONCE_RECORD.decode(value).account
        if account in claims:
            claims[account] += 1
    assert claims == {key: record.claims for key, record in campaigns.items()}, "one record of kind once a slip"

    pending = dict.fromkeys(campaigns, 0)
    for _, value in state.records("holds").values():
        hold = HOLD_RECORD.decode(value)
        if hold.payer in campaigns:
            campaign = campaigns[hold.payer]
            pending[hold.payer] += 1
            assert hold.asset == campaign.asset
            assert hold.amount <= campaign.terms.claim_max
            assert hold.terms.outcome == "settle"
            assert hold.terms.deadline - campaign.terms.pending_ms in range(campaign.since, campaign.ends + 1)
            assert [each.bps for each in hold.terms.payees] == [r.bps for r in campaign.terms.roles if r.bps]
    for key, count in pending.items():
        assert count == (campaigns[key].claims if campaigns[key].terms.pending_ms else 0)

    for account, (_, value) in state.records("accounts").items():
        record = ACCOUNT_RECORD.decode(value)
        assert record.kind != "programme" or record.family != FAMILY or account in campaigns
