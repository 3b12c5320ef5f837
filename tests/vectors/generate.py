"""Write the vectors beside this file: `python tests/vectors/generate.py`. Run it when an operation is added.

They are made by the Python code, never by the Rust that they test. Bytes are hexadecimal, integers are decimal
strings, what is absent is null. In each file, `accept` has values and their one encoding; `refuse` has bytes that no
value has.

- `account`, `asset`, `move`, `hold`, `campaign`, `attest`, `governance`, `distribute`, `ledger`: operations, tag first
- `transactions`: Borsh(Transaction), its id, what is signed, Borsh(SignedTransaction)
- `entries`: entries of the log; genesis with the ledger's id
- `records`: values of the tables
- `ids`: record ids, hashes and account texts
"""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from counterfoil import verify, wire
from counterfoil.keys import Key
from counterfoil.ops import (
    After,
    Alias,
    AllOf,
    AnyOf,
    Approval,
    Approve,
    Article,
    Attest,
    Attested,
    AttestedHolders,
    BackersElectorate,
    Bound,
    Burn,
    BurnItem,
    ByPayer,
    Bytes,
    BytesUpTo,
    CampaignTerms,
    Cancel,
    CancelRecovery,
    Cap,
    Change,
    Claim,
    ClawBack,
    CloseCampaign,
    CloseDistribution,
    Collect,
    Commitment,
    CommitmentKind,
    CompleteSet,
    Conclude,
    Constitution,
    Create,
    DebtFloor,
    Delegate,
    Deposit,
    Design,
    Distribute,
    Edge,
    EdgeKind,
    Execute,
    Fee,
    FinishRecovery,
    FixedExpiry,
    Freeze,
    FundCampaign,
    GiveItem,
    GroupBasis,
    GroupTotal,
    Hold,
    HoldersElectorate,
    InactivityExpiry,
    Integer,
    IntegerRange,
    IssueItem,
    Item,
    Items,
    KeyGrant,
    LeavesBasis,
    Limit,
    Lots,
    Mandate,
    MaxHolding,
    MemberHoldersElectorate,
    MembersBasis,
    MembersElectorate,
    Mint,
    NoContent,
    NoReinstatement,
    Not,
    Nothing,
    Notice,
    Once,
    Open,
    OpenCampaign,
    OpenGroup,
    Operation,
    Outcome,
    Parameters,
    Part,
    Pause,
    Pay,
    Payee,
    Period,
    Power,
    Powers,
    Preimage,
    Propose,
    Rank,
    Ranked,
    Ranking,
    Reason,
    Recover,
    Redeem,
    Refund,
    Release,
    ReleaseSnapshot,
    Renounce,
    Requirement,
    Resolved,
    Reveal,
    Revoke,
    Role,
    RoleSignature,
    Royalty,
    Rule,
    Schedule,
    Schema,
    Sealed,
    SellItem,
    SetConstitution,
    SetGuardians,
    SetKeys,
    SetParameters,
    Settle,
    Share,
    Shares,
    SignedBy,
    SignedSlip,
    Slip,
    Snapshot,
    SnapshotBasis,
    StrictLots,
    Sunset,
    SunsetNotice,
    Sweep,
    Terms,
    Transfer,
    Veto,
    Vote,
    Weight,
    actions_hash,
    asset_id,
    attestation_id,
    ballot_seal,
    campaign_id,
    constitution_hash,
    distribution_id,
    group_id,
    hold_id,
    named_account,
    pending_hold_id,
    proposal_id,
    rule_hash,
    schema_id,
    sign_slip,
    snapshot_id,
)

FOLDER = Path(__file__).parent
ANN, BOB, CAM = (Key.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
A, B, C, HASH = ANN.account, BOB.account, CAM.account, bytes(range(32))
LEDGER, BEAN, MEMBER = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
LARGEST = 2**128 - 1
LEAST, MOST = -(2**63), 2**63 - 1
GRANTS = [KeyGrant(A), KeyGrant(B, ["mint", "burn"]), KeyGrant(C, [Transfer])]
GOAL = AllOf([After(2**63), GroupTotal(BEAN, LARGEST), Attested(MEMBER, A), Attested(MEMBER, A, B)])
TERMS = Terms(
    settle_if=AnyOf([GOAL, Not(SignedBy(2, [A, B])), AllOf([])]),
    release_if=Not(GOAL),
    payees=[Share(A, 9_999), Share(B, 1)],
    schedule=Schedule(starts=1, cliff=2, ends=2**64 - 1),
    deadline=2**64 - 1,
    outcome=Outcome.SETTLE,
)
ROLES = [Role(bps=7_000, signs=True), Role(C, 65_535), Role(bps=0, signs=True)]
SMALL = CampaignTerms(roles=ROLES[:1], claim_max=5, ends=2**63)
LARGE = CampaignTerms(
    roles=ROLES,
    claim_max=LARGEST,
    ends=2**64 - 1,
    eligible=Requirement(MEMBER, A),
    member_cap=Cap(units=LARGEST, claims=2**32 - 1, window_ms=2**64 - 1),
    total_cap=Cap(units=0, claims=0, window_ms=0),
    pending_ms=2**64 - 1,
    notice_ms=7,
)
SLIPS = [
    Slip(nonce=bytes(16), valid_until=0, amount=0),
    Slip(nonce=HASH[:16], valid_until=2**64 - 1, amount=LARGEST, parties=[A, A], floor=LARGEST, reference=HASH),
]
SIGNED = [RoleSignature(255, B, bytes(64)), sign_slip(SLIPS[1], ANN, role=0, ledger=LEDGER, campaign=HASH)]
NONE = verify.Counted(0, 0, 0)
BEARER = Terms(settle_if=AllOf([Preimage(HASH), ByPayer()]), deadline=0)
DECIDED = Terms(
    settle_if=AnyOf([Resolved(A, HASH, BEAN, 255), Resolved(B, bytes(32), HASH)]),
    release_if=Resolved(A, HASH, HASH, 1),
    deadline=5,
)
PLAIN = Rule(electorate=HoldersElectorate(BEAN), voting_ms=1, execution_ms=2)
RULES = [
    PLAIN,
    Rule(
        electorate=MemberHoldersElectorate(BEAN, MEMBER, A),
        weight=Weight.ROOT,
        form=Ranked(255),
        quorum_bps=65_535,
        support_bps=65_534,
        threshold_bps=65_533,
        delay_ms=2**64 - 1,
        voting_ms=2**64 - 2,
        extension_ms=2**64 - 3,
        reveal_ms=2**64 - 4,
        timelock_ms=2**64 - 5,
        execution_ms=2**64 - 6,
        snapshot_ms=2**64 - 7,
        proposer_weight=LARGEST,
        guardian=C,
        deposit=Deposit(HASH, LARGEST),
    ),
    Rule(electorate=MembersElectorate(MEMBER, B), weight=Weight.MEMBER, form=Approval(), voting_ms=0, execution_ms=0),
    Rule(electorate=BackersElectorate(HASH), form=Ranked(0), threshold_bps=0, voting_ms=5, execution_ms=6),
]
ARTICLES = [
    Article(operations=["transfer", "mint", 255], keys=True, rules=[0, 255]),
    Article(operations=["set_constitution"]),
]
CONSTITUTION = Constitution(RULES, ARTICLES)
BALLOTS = [
    Shares([1, 0, 0]),
    Shares([2**64 - 1, 0, 2**64 - 1]),
    Shares([]),
    Approve([0, 1, 255]),
    Approve([]),
    Rank([255, 0, 0]),
    Rank([]),
    Sealed(HASH),
]
BASES = [
    SnapshotBasis(BEAN, 2**32 - 1, [A, HASH]),
    SnapshotBasis(BEAN, 0),
    MembersBasis(MEMBER, A),
    LeavesBasis(HASH, LARGEST),
    LeavesBasis(bytes(32), 0),
    GroupBasis(HASH),
]

ACTIONS: list[Operation] = [
    Transfer(asset=BEAN, sender=A, to=B, amount=120),
    SetConstitution(account=A),
    Hold(payer=A, salt=bytes(16), asset=BEAN, amount=1, terms=TERMS),
    Claim(campaign=HASH, slips=[SignedSlip(SLIPS[1], SIGNED)]),
]

OPERATIONS: list[Operation] = [
    Open(opener=A, salt=bytes(16), threshold=1, keys=GRANTS[:1]),
    Open(opener=B, salt=bytes(range(16)), threshold=255, keys=GRANTS),
    Open(opener=B, salt=bytes(16), threshold=0, keys=[]),
    SetKeys(account=A, threshold=2, keys=GRANTS),
    SetKeys(account=A, threshold=1, keys=[KeyGrant(A, []), KeyGrant(A, [255])]),
    Mandate(account=A, agent=B, asset=BEAN),
    Mandate(account=A, agent=B, asset=BEAN, limit=Limit(operations=[Mint], cap=500, window_ms=86_400_000, until=2**63)),
    Mandate(account=A, agent=A, asset=BEAN, limit=Limit(operations=[], cap=0, window_ms=0, until=0)),
    Once(account=A, key=HASH),
    SetGuardians(account=A, threshold=2, guardians=[B, C], delay_ms=3_600_000),
    SetGuardians(account=A, threshold=255, guardians=[A, A, HASH], delay_ms=2**64 - 1),
    SetGuardians(account=A),
    Recover(account=A, threshold=2, keys=GRANTS),
    Recover(account=B, threshold=0, keys=[]),
    CancelRecovery(account=A),
    FinishRecovery(account=B),
    Alias(account=A, into=B),
    Alias(account=A, into=A),
    Create(issuer=A, symbol="BEAN", decimals=0, supply_cap=10**9),
    Create(
        issuer=B,
        symbol="A.0",
        decimals=38,
        supply_cap=10**38 - 1,
        policy=[Lots(Period.MONTH), FixedExpiry(365), StrictLots()],
        powers=Powers(mint=A, freeze=B, pause=C, claw_back=A, change=B),
    ),
    Create(
        issuer=B,
        symbol="",
        decimals=255,
        supply_cap=LARGEST,
        policy=[Bound(), Lots(Period.DAY), InactivityExpiry(2**32 - 1)],
        powers=Powers(claw_back=C),
    ),
    Create(
        issuer=B,
        symbol="BEAN",
        decimals=2,
        supply_cap=5,
        policy=[Lots(Period.MONTH), FixedExpiry(1), DebtFloor(LARGEST), NoReinstatement()],
    ),
    Create(issuer=B, symbol="BADGE", decimals=0, supply_cap=1, policy=[Bound(), Items(), Royalty(2**16 - 1, C)]),
    Create(issuer=B, symbol="😀é", decimals=0, supply_cap=0, policy=[Bound(), Bound()]),
    Change(asset=BEAN),
    Change(asset=BEAN, supply_cap=5),
    Change(asset=BEAN, supply_cap=0, policy=[]),
    Change(asset=BEAN, policy=[Lots(Period.MONTH), FixedExpiry(90)]),
    Change(asset=BEAN, policy=[DebtFloor(0), NoReinstatement()]),
    Change(asset=BEAN, policy=[Items(), Royalty(0, A)]),
    Change(asset=BEAN, policy=[Fee(65_535, B), MaxHolding(LARGEST), AttestedHolders(schema=HASH, issuer=C)]),
    Change(asset=BEAN, policy=[Fee(0, C), MaxHolding(0)]),
    Change(asset=BEAN, policy=[Notice(2**64 - 1)]),
    Change(asset=BEAN, policy=[SunsetNotice(2**64 - 1)]),
    Sunset(asset=BEAN, at=0),
    Sunset(asset=BEAN, at=2**64 - 1),
    *(Renounce(asset=BEAN, power=power) for power in Power),
    Freeze(asset=BEAN, account=A, frozen=True, reason=Reason(7, HASH)),
    Freeze(asset=BEAN, account=A, frozen=False),
    Pause(asset=BEAN, paused=True, reason=Reason(65_535)),
    Pause(asset=BEAN, paused=False),
    Design(asset=BEAN, design=1, editions=2**32 - 1),
    Design(asset=BEAN, design=2**32 - 1, editions=0, set=[0, 1, 1, 2**32 - 2], content=HASH),
    IssueItem(asset=BEAN, design=2**31, to=A),
    GiveItem(asset=BEAN, item=Item(1, 2**32 - 1), sender=A, to=B),
    SellItem(asset=BEAN, item=Item(0, 0), seller=A, buyer=B, currency=MEMBER, price=LARGEST),
    BurnItem(asset=BEAN, item=Item(2**32 - 1, 1), sender=A),
    CompleteSet(asset=BEAN, design=7, sender=A, items=[Item(1, 2), Item(1, 3), Item(2, 1)]),
    CompleteSet(asset=BEAN, design=0, sender=A, items=[]),
    Transfer(asset=BEAN, sender=A, to=B, amount=120),
    Transfer(asset=BEAN, sender=A, to=A, amount=0, reference=HASH),
    Pay(asset=BEAN, sender=A, payees=[Payee(B, 1), Payee(C, LARGEST)], reference=HASH),
    Pay(asset=BEAN, sender=A, payees=[]),
    Mint(asset=BEAN, to=A, amount=500),
    Mint(asset=BEAN, to=A, amount=LARGEST, reference=HASH),
    Burn(asset=BEAN, sender=A, amount=1),
    Burn(asset=BEAN, sender=A, amount=2**64, reference=HASH),
    ClawBack(asset=BEAN, sender=A, to=B, amount=5, reason=Reason(3, HASH)),
    Sweep(asset=BEAN, accounts=[B, A]),
    Sweep(asset=BEAN, accounts=[]),
    OpenGroup(owner=A, salt=HASH[:16], asset=BEAN, closes=5, terms=TERMS),
    Hold(payer=A, salt=HASH[:16], asset=BEAN, amount=1, terms=BEARER),
    Hold(payer=B, salt=bytes(16), asset=BEAN, amount=LARGEST, group=HASH),
    Hold(payer=B, salt=bytes(16), asset=BEAN, amount=0, terms=TERMS, group=HASH),
    Hold(payer=B, salt=bytes(16), asset=BEAN, amount=0),
    Settle(hold=HASH),
    Settle(hold=HASH, amount=0, to=A, preimages=[HASH, bytes(32)]),
    Release(hold=HASH),
    Release(hold=HASH, amount=LARGEST, preimages=[HASH]),
    OpenCampaign(owner=A, salt=HASH[:16], asset=BEAN, amount=10_000, terms=SMALL),
    OpenCampaign(owner=B, salt=bytes(16), asset=BEAN, amount=LARGEST, terms=LARGE),
    OpenCampaign(owner=B, salt=bytes(16), asset=BEAN, amount=0, terms=CampaignTerms(roles=[], claim_max=0, ends=0)),
    FundCampaign(campaign=HASH, asset=BEAN, sender=A, amount=LARGEST),
    Claim(campaign=HASH, slips=[]),
    Claim(campaign=HASH, slips=[SignedSlip(SLIPS[0])]),
    Claim(campaign=HASH, slips=[SignedSlip(each, SIGNED) for each in SLIPS]),
    CloseCampaign(campaign=HASH),
    Schema(creator=A, name="member"),
    Schema(creator=A, name="", content=BytesUpTo(2**16 - 1), revocable=False),
    Schema(
        creator=B,
        name="abcdefghijklmnopqrstuvwxyz012._-",
        content=IntegerRange(LEAST, MOST),
        issuers=[A, B, C],
        subjects=Requirement(MEMBER, A),
    ),
    Schema(creator=C, name="é", content=IntegerRange(1, -1), issuers=[A, A]),
    Schema(creator=C, name="evidence", content=CommitmentKind()),
    Schema(creator=C, name="referrer", content=EdgeKind()),
    Attest(schema=MEMBER, issuer=A, subject=B),
    Attest(schema=MEMBER, issuer=A, subject=A, nonce=HASH, expires=2**64 - 1, content=Integer(LEAST)),
    Attest(schema=MEMBER, issuer=A, subject=B, expires=0, content=Integer(MOST)),
    Attest(schema=MEMBER, issuer=A, subject=B, content=Bytes(b"")),
    Attest(schema=MEMBER, issuer=A, subject=B, content=Bytes(bytes(range(256)) + b"more")),
    Attest(schema=MEMBER, issuer=A, subject=B, content=Commitment(HASH)),
    Attest(schema=MEMBER, issuer=A, subject=B, content=Edge(B)),
    Revoke(schema=MEMBER, issuer=A, subject=B),
    Revoke(schema=MEMBER, issuer=A, subject=B, nonce=HASH, reason=Reason(65_535, HASH)),
    Redeem(asset=BEAN, sender=A, at=B, order=HASH, amount=120),
    Redeem(asset=BEAN, sender=A, at=A, order=bytes(32), amount=LARGEST),
    Refund(asset=BEAN, sender=A, order=HASH, amount=20),
    Refund(asset=BEAN, sender=A, order=bytes(32), amount=0),
    Hold(payer=A, salt=HASH[:16], asset=BEAN, amount=1, terms=DECIDED),
    SetConstitution(account=A, constitution=CONSTITUTION),
    SetConstitution(account=A, constitution=Constitution([], [])),
    SetConstitution(account=A),
    Propose(account=A, proposer=B, salt=bytes(16), rule=0, title=bytes(32), options=[]),
    Propose(
        account=A, proposer=B, salt=HASH[:16], rule=255, title=HASH, subject=BEAN, options=[[], ACTIONS, ACTIONS[:1]]
    ),
    *(Vote(proposal=HASH, voter=A, ballot=ballot) for ballot in BALLOTS),
    Vote(proposal=HASH, voter=A, members=[B, A, A], ballot=BALLOTS[0]),
    *(Reveal(proposal=HASH, voter=A, ballot=ballot, salt=HASH[:16]) for ballot in BALLOTS),
    Reveal(proposal=HASH, voter=A, members=[A, C], ballot=BALLOTS[0], salt=bytes(16)),
    Delegate(account=A, delegator=B, to=C),
    Delegate(account=A, delegator=A),
    Veto(proposal=HASH),
    Veto(proposal=HASH, reason=Reason(65_535, HASH)),
    Cancel(proposal=HASH),
    Conclude(proposal=HASH),
    Conclude(proposal=HASH, rankings=[Ranking([], 0), Ranking([0, 255, 0], LARGEST), Ranking([1], 5)]),
    Execute(proposal=HASH, actions=[]),
    Execute(proposal=HASH, actions=ACTIONS),
    Snapshot(asset=BEAN, until=0),
    Snapshot(asset=BEAN, until=2**64 - 1),
    ReleaseSnapshot(asset=BEAN, number=0),
    ReleaseSnapshot(asset=BEAN, number=2**32 - 1),
    *(Distribute(fund=A, salt=HASH[:16], asset=BEAN, basis=basis, deadline=5, leftover=B) for basis in BASES),
    Distribute(
        fund=A,
        salt=bytes(16),
        asset=BEAN,
        amount=LARGEST,
        basis=BASES[1],
        deadline=2**64 - 1,
        leftover=A,
        reference=HASH,
    ),
    Distribute(fund=A, salt=bytes(16), asset=BEAN, amount=0, basis=BASES[1], deadline=0, leftover=A),
    Collect(distribution=HASH, parts=[]),
    Collect(distribution=HASH, parts=[Part(A), Part(A, b"proof"), Part(HASH, bytes(range(256)))]),
    CloseDistribution(distribution=HASH),
    SetParameters(parameters=Parameters()),
    SetParameters(parameters=Parameters(window_ms=0, asset_creators=[A, B], operations_max=0, governor=C)),
]

TRANSACTIONS = [
    (wire.Transaction(LEDGER, OPERATIONS[:1], valid_until=5, nonce=bytes(16)), [ANN]),
    (wire.Transaction(LEDGER, OPERATIONS, valid_until=2**64 - 1, nonce=bytes(range(16))), [ANN, BOB.on(C), CAM]),
    (wire.Transaction(LEDGER, [], valid_until=0, nonce=bytes(16)), [CAM.on(A)]),
]


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, enum.Enum):
        return value.name.lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return str(value)
    if dataclasses.is_dataclass(value):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        fields.pop("_encoded", None)
        return {"is": getattr(value, "wire_name", type(value).__name__), **fields}
    return (
        [plain(element) for element in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
    )


def refused(encodings: Iterable[bytes]) -> list[dict[str, str]]:
    """Bytes that no value has: cut off, too long, and with a false tag."""
    found: dict[str, str] = {}
    for encoded in encodings:
        found[(encoded + b"\x00").hex()] = "trailing byte"
        found[encoded[:-1].hex()] = "truncated"
    return [{"bytes": data, "why": why} for data, why in found.items()]


def family(number: int) -> dict[str, Any]:
    """The operations of one family."""
    chosen = [operation for operation in OPERATIONS if operation.wire_tag >> 4 == number]
    encodings = [bytes(operation) for operation in chosen]
    wrong = refused(encodings)
    wrong.append({"bytes": f"{number << 4 | 15:02x}{encodings[0].hex()[2:]}", "why": "unknown tag"})
    wrong.append({"bytes": "", "why": "truncated"})
    return {
        "accept": [
            {"value": plain(operation), "bytes": encoded.hex()}
            for operation, encoded in zip(chosen, encodings, strict=True)
        ],
        "refuse": wrong,
    }


def false_tags() -> list[dict[str, str]]:
    """Options, booleans, texts and enums that are not encoded the one way."""
    freeze = bytes(Freeze(asset=BEAN, account=A, frozen=True))
    create = bytes(Create(issuer=A, symbol="BEAN", decimals=0, supply_cap=1, policy=[Lots(Period.DAY)]))
    sweep = bytes(Sweep(asset=BEAN, accounts=[A]))
    changed = {
        "boolean of 2": freeze.replace(A + b"\x01", A + b"\x02"),
        "option of 2": freeze[:-1] + b"\x02",
        "text that is not UTF-8": create.replace(b"BEAN", b"BE\xffN"),
        "text with a surrogate": create.replace(b"\x04\x00\x00\x00BEAN", b"\x03\x00\x00\x00\xed\xa0\x80"),
        "text in overlong form": create.replace(b"BEAN", b"BE\xc0\xae"),
        "unknown period": create.replace(b"\x01\x00\x00\x00\x01\x00", b"\x01\x00\x00\x00\x01\x02"),
        "unknown term": create.replace(b"\x01\x00\x00\x00\x01\x00", b"\x01\x00\x00\x00\xff\x00"),
        "unknown power": bytes(Renounce(asset=BEAN, power=Power.CHANGE))[:-1] + b"\x05",
        "list longer than its bytes": sweep.replace(b"\x01\x00\x00\x00" + A, b"\x02\x00\x00\x00" + A),
        "list of 2^32 - 1": sweep.replace(b"\x01\x00\x00\x00" + A, b"\xff\xff\xff\xff" + A),
    }
    return [{"bytes": encoded.hex(), "why": why} for why, encoded in changed.items()]


def false_conditions() -> list[dict[str, str]]:
    """Conditions that there are not, and one that is nested too deep."""
    condition = b"\x09\x00"
    hold = bytes(Hold(payer=A, salt=bytes(16), asset=BEAN, amount=1, terms=Terms(settle_if=ByPayer(), deadline=0)))
    changed = {
        "kind 6 without what it says": hold.replace(condition, b"\x06\x00"),
        "kind 8 without what it says": hold.replace(condition, b"\x08\x00"),
        "kind 10": hold.replace(condition, b"\x0a\x00"),
        "5 deep": hold.replace(condition, b"\x02" * 4 + condition),
        "5 deep by a list": hold.replace(condition, b"\x02" * 3 + b"\x00\x01\x00\x00\x00" + condition),
        "unknown outcome": hold[:-2] + b"\x02\x00",
    }
    assert hold.count(condition) == 1
    return [{"bytes": encoded.hex(), "why": why} for why, encoded in changed.items()]


def false_content() -> list[dict[str, str]]:
    """Contents, their kinds and what subjects need, that are not encoded the one way."""
    schema = bytes(Schema(creator=A, name="a", content=EdgeKind(), revocable=True))
    attest = bytes(Attest(schema=MEMBER, issuer=A, subject=B, content=Bytes(b"gold")))
    changed = {
        "unknown kind of content": schema.replace(b"a\x04", b"a\x05"),
        "requirement of 2": schema[:-2] + b"\x02\x01",
        "revocable of 2": schema[:-1] + b"\x02",
        "unknown content": attest.replace(b"\x02\x04\x00\x00\x00gold", b"\x05\x04\x00\x00\x00gold"),
        "bytes longer than they are": attest.replace(b"\x04\x00\x00\x00gold", b"\x05\x00\x00\x00gold"),
        "bytes of 2^32 - 1": attest.replace(b"\x04\x00\x00\x00gold", b"\xff\xff\xff\xffgold"),
        "bytes shorter than they are": attest.replace(b"\x04\x00\x00\x00gold", b"\x03\x00\x00\x00gold"),
    }
    return [{"bytes": encoded.hex(), "why": why} for why, encoded in changed.items()]


def false_slips() -> list[dict[str, str]]:
    """Roles, caps and slips that are not encoded the one way."""
    opened = bytes(OpenCampaign(owner=A, salt=bytes(16), asset=BEAN, amount=1, terms=SMALL))
    role = b"\x00" + (7_000).to_bytes(2, "little") + b"\x01"
    claim = bytes(Claim(campaign=HASH, slips=[SignedSlip(SLIPS[0], SIGNED[:1])]))
    changed = {
        "signs of 2": opened.replace(role, role[:3] + b"\x02"),
        "account of 2": opened.replace(role, b"\x02" + role[1:]),
        "role that ends early": opened.replace(role, role[:3]),
        "signature of 63 bytes": claim[:-1],
        "signature of 65 bytes": claim + b"\x00",
        "signatures that there are not": claim[:-101] + b"\x02\x00\x00\x00" + claim[-97:],
        "reference of 2": claim[:-102] + b"\x02" + claim[-101:],
    }
    assert (opened.count(role), claim[-102:-96]) == (1, b"\x00\x01\x00\x00\x00\xff")
    return [{"bytes": encoded.hex(), "why": why} for why, encoded in changed.items()]


def false_proposals() -> list[dict[str, str]]:
    """Rules, ballots and proposals that are not encoded the one way, and proposals about proposals."""
    plain_rule = bytes(SetConstitution(account=A, constitution=Constitution([PLAIN], [])))
    kinds = BEAN + b"\x00\x00"
    keys = bytes(SetConstitution(account=A, constitution=Constitution([], [Article(operations=[], keys=True)])))
    vote = bytes(Vote(proposal=HASH, voter=A, ballot=Approve([])))
    proposed = bytes(Propose(account=A, proposer=B, salt=bytes(16), rule=0, title=HASH, options=[[ACTIONS[0]]]))
    executed = bytes(Execute(proposal=HASH, actions=ACTIONS[:1]))
    action = bytes(ACTIONS[0])
    about = [operation for operation in OPERATIONS if operation.wire_tag in verify.NO_ACTIONS]
    nested = {operation.wire_name: bytes(operation) for operation in about}
    changed = {
        "constitution of 2": bytes(SetConstitution(account=A))[:-1] + b"\x02",
        "unknown electorate": plain_rule.replace(b"\x00" + kinds, b"\x04" + kinds),
        "unknown weight": plain_rule.replace(kinds, BEAN + b"\x03\x00"),
        "unknown form": plain_rule.replace(kinds, BEAN + b"\x00\x03"),
        "guardian of 2": plain_rule[:-6] + b"\x02" + plain_rule[-5:],
        "deposit of 2": plain_rule[:-5] + b"\x02" + plain_rule[-4:],
        "keys of 2": keys[:-5] + b"\x02" + keys[-4:],
        "unknown ballot": vote[:-5] + b"\x04" + vote[-4:],
        "options of 2^32 - 1": vote[:-4] + b"\xff" * 4,
        "subject of 2": proposed.replace(HASH + b"\x00", HASH + b"\x02"),
        "delegation of 2": bytes(Delegate(account=A, delegator=B))[:-1] + b"\x02",
        "condition 5 deep in an action": executed.replace(action, deep_hold()),
        **{f"{name} as a proposed action": proposed.replace(action, each) for name, each in nested.items()},
        **{f"{name} as an executed action": executed.replace(action, each) for name, each in nested.items()},
    }
    assert len(nested) == 8
    assert (plain_rule.count(kinds), proposed.count(HASH + b"\x00"), keys[-5:]) == (1, 1, b"\x01" + bytes(4))
    return [{"bytes": encoded.hex(), "why": why} for why, encoded in changed.items()]


def deep_hold() -> bytes:
    """A hold with a condition that is nested too deep."""
    hold = bytes(Hold(payer=A, salt=bytes(16), asset=BEAN, amount=1, terms=Terms(settle_if=ByPayer(), deadline=0)))
    return hold.replace(b"\x09\x00", b"\x02" * 4 + b"\x09\x00")


def false_bases() -> list[dict[str, str]]:
    """Bases and parts that are not encoded the one way."""
    distribute = bytes(Distribute(fund=A, salt=bytes(16), asset=BEAN, basis=BASES[5], deadline=0, leftover=A))
    collect = bytes(Collect(distribution=HASH, parts=[Part(A, b"proof")]))
    changed = {
        "amount of 2": distribute.replace(BEAN + b"\x00\x03", BEAN + b"\x02\x03"),
        "unknown basis": distribute.replace(BEAN + b"\x00\x03", BEAN + b"\x00\x04"),
        "reference of 2": distribute[:-1] + b"\x02",
        "proof longer than it is": collect.replace(b"\x05\x00\x00\x00proof", b"\x06\x00\x00\x00proof"),
        "proof of 2^32 - 1": collect.replace(b"\x05\x00\x00\x00proof", b"\xff\xff\xff\xffproof"),
    }
    return [{"bytes": encoded.hex(), "why": why} for why, encoded in changed.items()]


def transactions() -> dict[str, Any]:
    """Transactions, signed."""
    accept = []
    for transaction, signers in TRANSACTIONS:
        signed = transaction.sign(*signers)
        accept.append(
            {
                "value": plain(signed),
                "transaction": bytes(signed.transaction).hex(),
                "id": signed.id.hex(),
                "message": signed.transaction.message.hex(),
                "bytes": bytes(signed).hex(),
            }
        )
    encodings = [bytes.fromhex(line["bytes"]) for line in accept]
    return {"accept": accept, "refuse": [*refused(encodings), {"bytes": "", "why": "truncated"}]}


def entries() -> dict[str, Any]:
    """Entries of the log."""
    signed = TRANSACTIONS[0][0].sign(ANN)
    lots = [verify.LotAmount(0, 1), verify.LotAmount(2**32 - 1, LARGEST)]
    effects = [verify.Effect(), verify.Effect(taken=tuple(lots)), verify.Effect(lapsed=tuple(lots[:1]))]
    executing = [Execute(proposal=HASH, actions=ACTIONS[:count]) for count in (3, 0)]
    executed = (verify.Executed(effects), verify.Executed([]))
    execution = wire.Transaction(LEDGER, executing, valid_until=2**64 - 1, nonce=bytes(16)).sign(ANN)
    genesis = wire.Genesis(origin="club.example/beans", operator=A, time=5, salt=bytes(16), parameters=Parameters())
    change = wire.OperatorChange(B, ANN.sign(wire.OperatorChange.message(LEDGER, 7, B)))
    made: list[wire.Entry] = [
        genesis,
        *(wire.Applied(2**63, signed, (effect,)) for effect in effects),
        wire.Applied(7, execution, executed),
        wire.Commit(version=1, ledger=LEDGER, rules=1, height=2, time=3, through=4, state_root=HASH),
        change,
    ]
    accept = [{"value": plain(entry), "bytes": wire.encode_entry(entry).hex()} for entry in made]
    accept[0]["ledger"] = genesis.ledger_id.hex()
    accept[-1]["message"] = wire.OperatorChange.message(LEDGER, 7, B).hex()
    wrong = refused(wire.encode_entry(entry) for entry in made)
    applied = wire.encode_entry(wire.Applied(7, execution, executed))
    nested = applied[:-5] + b"\x02" + (1).to_bytes(4, "little") + b"\x02" + bytes(4)
    wrong.append({"bytes": nested.hex(), "why": "executed within executed"})
    return {"accept": accept, "refuse": [*wrong, {"bytes": "04", "why": "unknown tag"}]}


def records() -> dict[str, Any]:
    """Values of the tables."""
    keyed = verify.AccountRecord(epoch=3, threshold=2, keys=tuple(GRANTS))
    made: list[tuple[str, Any]] = [
        ("accounts", keyed),
        ("accounts", verify.AccountRecord(family=4)),
        ("accounts", verify.AccountRecord(epoch=2**32 - 1, into=B)),
        ("accounts", verify.AccountRecord(epoch=2**32 - 1, threshold=255, keys=tuple(GRANTS), is_governed=True)),
        ("guardians", verify.GuardiansRecord(2, (B, C, HASH), 31_536_000_000)),
        ("recoveries", verify.RecoveryRecord(5, 2**64 - 1, 2, tuple(GRANTS))),
        ("mandates", verify.MandateRecord(A, B, BEAN, (0x30, 0x32), 500, 86_400_000, 5, 2**63, 7, 20)),
        ("once", verify.OnceRecord(A, HASH, BEAN)),
        (
            "assets",
            verify.AssetRecord(
                version=1,
                issuer=A,
                symbol="BEAN",
                decimals=2,
                supply_cap=10**9,
                policy=(Lots(Period.MONTH), FixedExpiry(365)),
                powers=Powers(mint=A),
                paused=True,
                frozen_accounts=3,
                debtors=6,
                owed=7,
                minted=19,
                burned=1,
                redeemed=8,
                swept=2,
                clawed_back=4,
            ),
        ),
        (
            "assets",
            verify.AssetRecord(
                version=1,
                issuer=B,
                symbol="STAR",
                decimals=0,
                supply_cap=LARGEST,
                policy=(Notice(1_000),),
                powers=Powers(change=B),
                paused=False,
                frozen_accounts=0,
                debtors=0,
                owed=0,
                minted=0,
                burned=0,
                redeemed=0,
                swept=0,
                clawed_back=0,
                pending=verify.PendingPolicy((Notice(2_000), Fee(250, C)), 5, 1_005),
                sunset=2**64 - 1,
                snapshots_taken=2**32 - 1,
                snapshots=(verify.LiveSnapshot(0, 2**64 - 1), verify.LiveSnapshot(2**32 - 1, 0)),
            ),
        ),
        ("lots", verify.LotRecord(673, 100, 1, 2, 3, 4, 5, 6)),
        ("freezes", verify.FreezeRecord(5, Reason(7, HASH))),
        ("redemptions", verify.RedemptionRecord(A, B, HASH, 5, LARGEST, 7, ())),
        (
            "redemptions",
            verify.RedemptionRecord(A, B, HASH, 5, 9, 2, (verify.LotAmount(673, 3), verify.LotAmount(674, 4))),
        ),
        ("debts", verify.DebtRecord(2**64 - 1)),
        ("designs", verify.DesignRecord(1, 2**32 - 1, (), None, 0, 0)),
        ("designs", verify.DesignRecord(2**32 - 1, 7, (0, 1, 1), HASH, 7, 6)),
        ("items", verify.ItemRecord(Item(1, 2**32 - 1), A, 2**64 - 1)),
        ("parameters", Parameters(governor=A)),
        ("holds", verify.HoldRecord(1, A, HASH[:16], BEAN, 9, 2, 3, TERMS, None)),
        ("holds", verify.HoldRecord(1, A, HASH[:16], BEAN, LARGEST, LARGEST, 0, None, HASH)),
        ("campaigns", verify.CampaignRecord(1, A, HASH[:16], BEAN, SMALL, 5, 6, closed=False, claims=0, counted=NONE)),
        (
            "campaigns",
            verify.CampaignRecord(
                version=1,
                owner=B,
                salt=bytes(16),
                asset=BEAN,
                terms=LARGE,
                since=2**63,
                ends=2**64 - 1,
                closed=True,
                claims=2**64 - 1,
                counted=verify.Counted(2**64 - 1, LARGEST, 2**32 - 1),
            ),
        ),
        ("claimants", verify.ClaimantRecord(verify.Counted(7, 8, 9))),
        ("hold_groups", verify.GroupRecord(1, A, HASH[:16], BEAN, 5, BEARER, 2**64 - 1, LARGEST, 7)),
        ("hold_groups", verify.GroupRecord(1, A, HASH[:16], BEAN, 5, DECIDED, 0, 0, LARGEST)),
        (
            "schemas",
            verify.SchemaRecord(
                version=1,
                creator=A,
                name="member",
                content=NoContent(),
                issuers=(),
                subjects=None,
                revocable=True,
                live=0,
            ),
        ),
        (
            "schemas",
            verify.SchemaRecord(
                version=1,
                creator=A,
                name="rating",
                content=IntegerRange(LEAST, MOST),
                issuers=(A, B),
                subjects=Requirement(MEMBER, B),
                revocable=False,
                live=2**64 - 1,
            ),
        ),
        ("attestations", verify.AttestationRecord(A, B, bytes(32), 5, None, Nothing(), None)),
        (
            "attestations",
            verify.AttestationRecord(A, B, HASH, 5, 2**64 - 1, Bytes(b"gold"), verify.Revocation(7, Reason(3, HASH))),
        ),
        ("constitutions", verify.ConstitutionRecord(1, 2**64 - 1, CONSTITUTION)),
        *(("proposals", record) for record in proposals()),
        *(("votes", verify.VoteRecord(A, number, LARGEST - number, ballot)) for number, ballot in enumerate(BALLOTS)),
        ("votes", verify.VoteRecord(B, 255, 0, BALLOTS[0])),
        ("rankings", verify.RankingRecord((2, 0, 1))),
        ("rankings", verify.RankingRecord(tuple(range(16)))),
        ("delegations", verify.DelegationRecord(A, B, C, 2**64 - 1)),
        ("resolutions", verify.ResolutionRecord(A, HASH, BEAN, 255, LEDGER, 2**64 - 1)),
        ("snapshots", verify.SnapshotRecord(BEAN, 2**32 - 1, 5, 2**64 - 1, LARGEST)),
        ("saved", verify.SavedRecord((verify.SavedBalance(1, 0), verify.SavedBalance(2**32 - 1, LARGEST)))),
        *(("distributions", record) for record in distributions()),
        ("collected", verify.CollectedRecord(2**64 - 1)),
    ]
    accept = []
    for table, value in made:
        encoded = verify.CODEC.encode(verify.TABLES[table][1], value)
        accept.append({"table": table, "value": plain(value), "bytes": encoded.hex()})
    wrong = refused(bytes.fromhex(line["bytes"]) for line in accept[:1])
    wrong.append({"bytes": "04", "why": "unknown tag"})
    return {"accept": accept, "refuse": [{"table": "accounts", **line} for line in wrong]}


def proposals() -> Iterable[verify.ProposalRecord]:
    """A proposal in each state, with the extremes of its fields."""
    states: list[verify.ProposalState] = [
        verify.ProposalOpen(),
        verify.ProposalCancelled(2**64 - 1),
        verify.ProposalVetoed(5, Reason(65_535, HASH)),
        verify.ProposalFailed(0),
        verify.ProposalPassed(255, 2**64 - 1),
        verify.ProposalExecuted(1, 7),
    ]
    for number, state in enumerate(states):
        is_large = number % 2 == 1
        yield verify.ProposalRecord(
            version=1,
            account=A,
            proposer=B,
            salt=HASH[:16],
            constitution=constitution_hash(CONSTITUTION),
            rule=255 if is_large else 0,
            terms=RULES[1] if is_large else PLAIN,
            title=HASH,
            subject=BEAN if is_large else None,
            options=(HASH,) * 16 if is_large else (actions_hash(ACTIONS),),
            snapshot=2**32 - 1 if is_large else None,
            electorate=LARGEST if is_large else 0,
            opened=number,
            ends=2**64 - 1 - number,
            counts=(LARGEST,) * 17 if is_large else (0, 0, 0),
            cast=LARGEST - 1 if is_large else 0,
            decided=LARGEST - 2 if is_large else 0,
            voters=2**64 - 1 if is_large else 0,
            state=state,
        )


def distributions() -> Iterable[verify.DistributionRecord]:
    """A distribution on each basis, with the extremes of its fields."""
    for number, basis in enumerate(BASES):
        is_large = number % 2 == 0
        yield verify.DistributionRecord(
            version=1,
            fund=A,
            salt=HASH[:16],
            asset=BEAN,
            amount=LARGEST if is_large else 0,
            basis=basis,
            whole=LARGEST - 1 if is_large else 0,
            opened=number,
            deadline=2**64 - 1 if is_large else 0,
            leftover=B,
            reference=HASH if is_large else None,
            collected=LARGEST - 2 if is_large else 0,
            parts=2**64 - 2 if is_large else 0,
            closed=is_large,
        )


def ids() -> dict[str, Any]:
    """Record ids, hashes and account texts."""
    return {
        "asset": [
            {"issuer": A.hex(), "symbol": symbol, "id": asset_id(A, symbol).hex()}
            for symbol in ("A", "BEAN", "0.123456789Z")
        ],
        "named_account": [{"opener": A.hex(), "salt": HASH[:16].hex(), "id": named_account(A, HASH[:16]).hex()}],
        "mandate": [
            {"account": A.hex(), "agent": B.hex(), "asset": BEAN.hex(), "id": verify.mandate_id(A, B, BEAN).hex()}
        ],
        "once": [{"account": A.hex(), "key": HASH.hex(), "id": verify.once_id(A, HASH).hex()}],
        "redemption": [
            {
                "asset": BEAN.hex(),
                "sender": A.hex(),
                "order": HASH.hex(),
                "id": verify.redemption_id(BEAN, A, HASH).hex(),
            }
        ],
        "design": [
            {"asset": BEAN.hex(), "design": str(number), "id": verify.design_id(BEAN, number).hex()}
            for number in (0, 258, 2**32 - 1)
        ],
        "item": [
            {
                "asset": BEAN.hex(),
                "design": str(item.design),
                "edition": str(item.edition),
                "id": verify.item_id(BEAN, item).hex(),
            }
            for item in (Item(0, 1), Item(258, 2**32 - 1))
        ],
        "hold": [{"payer": A.hex(), "salt": HASH[:16].hex(), "id": hold_id(A, HASH[:16]).hex()}],
        "group": [{"owner": A.hex(), "salt": HASH[:16].hex(), "id": group_id(A, HASH[:16]).hex()}],
        "lot": [
            {"asset": BEAN.hex(), "lot": str(lot), "id": verify.lot_id(BEAN, lot).hex()} for lot in (0, 673, 2**32 - 1)
        ],
        "schema": [
            {"creator": A.hex(), "name": name, "id": schema_id(A, name).hex()}
            for name in ("a", "member", "abcdefghijklmnopqrstuvwxyz012._-")
        ],
        "attestation": [
            {
                "schema": MEMBER.hex(),
                "issuer": A.hex(),
                "subject": B.hex(),
                "nonce": nonce.hex(),
                "id": attestation_id(MEMBER, A, B, nonce).hex(),
            }
            for nonce in (bytes(32), HASH)
        ],
        "campaign": [
            {"owner": A.hex(), "salt": salt.hex(), "id": campaign_id(A, salt).hex()} for salt in (bytes(16), HASH[:16])
        ],
        "pending_hold": [
            {
                "campaign": HASH.hex(),
                "member": B.hex(),
                "nonce": nonce.hex(),
                "transaction": LEDGER.hex(),
                "id": pending_hold_id(HASH, B, nonce, LEDGER).hex(),
            }
            for nonce in (bytes(16), HASH[:16])
        ],
        "snapshot": [
            {"asset": BEAN.hex(), "number": str(number), "id": snapshot_id(BEAN, number).hex()}
            for number in (1, 258, 2**32 - 1)
        ],
        "distribution": [{"fund": A.hex(), "salt": HASH[:16].hex(), "id": distribution_id(A, HASH[:16]).hex()}],
        "proposal": [
            {"account": A.hex(), "proposer": B.hex(), "salt": HASH[:16].hex(), "id": proposal_id(A, B, HASH[:16]).hex()}
        ],
        "ranking": [
            {
                "proposal": HASH.hex(),
                "options": bytes(options).hex(),
                "id": verify.ranking_id(HASH, options).hex(),
            }
            for options in ([0], [2, 0, 1], list(range(16)))
        ],
        "delegation": [{"account": A.hex(), "delegator": B.hex(), "id": verify.delegation_id(A, B).hex()}],
        "resolution": [
            {
                "account": A.hex(),
                "rule": HASH.hex(),
                "subject": BEAN.hex(),
                "id": verify.resolution_id(A, HASH, BEAN).hex(),
            }
        ],
        "rule_hash": [{"rule": bytes(rule).hex(), "hash": rule_hash(rule).hex()} for rule in RULES],
        "constitution_hash": [
            {"constitution": bytes(CONSTITUTION).hex(), "hash": constitution_hash(CONSTITUTION).hex()}
        ],
        "actions_hash": [
            {"actions": [bytes(action).hex() for action in actions], "hash": actions_hash(actions).hex()}
            for actions in ([], ACTIONS[:1], ACTIONS)
        ],
        "ballot_seal": [
            {
                "proposal": HASH.hex(),
                "voter": A.hex(),
                "salt": BEAN[:16].hex(),
                "ballot": bytes(ballot).hex(),
                "hash": ballot_seal(HASH, A, BEAN[:16], ballot).hex(),
            }
            for ballot in BALLOTS
        ],
        "slip": [
            {
                "slip": bytes(slip).hex(),
                "message": slip.message(LEDGER, HASH).hex(),
                "ledger": LEDGER.hex(),
                "campaign": HASH.hex(),
            }
            for slip in SLIPS
        ],
        "table": [
            {"table": table, "key": key.hex(), "id": verify.table_id(table, key).hex(), "tree_key": tree.hex()}
            for table, (keyed, _) in verify.TABLES.items()
            for key in [BEAN if keyed else b""]
            for tree in [verify.tree_key(verify.table_id(table, key))]
        ],
        "text": [
            {"id": account.hex(), "key_account": verify.encode_did_key(account), "named_account": named}
            for account in (A, HASH, bytes(32), b"\xff" * 32)
            for named in [verify.encode_named_account(account)]
        ],
    }


def render() -> dict[str, str]:
    """The files and their contents."""
    families = {
        "account": 1,
        "asset": 2,
        "move": 3,
        "hold": 4,
        "campaign": 5,
        "attest": 6,
        "governance": 7,
        "distribute": 8,
        "ledger": 10,
    }
    files = {name: family(number) for name, number in families.items()}
    files["asset"]["refuse"] += false_tags()
    files["hold"]["refuse"] += false_conditions()
    files["campaign"]["refuse"] += false_slips()
    files["attest"]["refuse"] += false_content()
    files["governance"]["refuse"] += false_proposals()
    files["distribute"]["refuse"] += false_bases()
    files |= {"transactions": transactions(), "entries": entries(), "records": records(), "ids": ids()}
    return {f"{name}.json": json.dumps(data, indent=1, ensure_ascii=True) + "\n" for name, data in files.items()}


def main() -> None:
    """Write them."""
    for name, text in render().items():
        (FOLDER / name).write_text(text, encoding="ascii")
        sys.stdout.write(f"{name}: {len(text):,} bytes\n")


if __name__ == "__main__":
    main()
