"""The wire: each value has one encoding, each encoding one value, and everything else is refused by a typed error."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import time

import pytest
from counterfoil import ops, wire
from counterfoil.exceptions import SignatureError, WireError
from counterfoil.keys import Key
from counterfoil.ops import _operation
from counterfoil.verify import LAYOUTS, NO_ACTIONS, OPERATIONS, operation_tags
from counterfoil.wire import Authorizer, Genesis, Parameters, SignedTransaction, Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from tests.builders import u
from tests.vectors import generate

A, B, C, D = (bytes([letter]) * 32 for letter in b"abcd")
LEDGER = b"l" * 32
ANN, BOB = Key.from_seed(A), Key.from_seed(B)

# Strategies by layout: edge-biased integers, short lists.


def integers(bits: int) -> st.SearchStrategy[int]:
    edges = [0, 1, 127, 128, 255, 256, 2 ** (bits - 1), 2**bits - 1]
    return st.sampled_from([edge for edge in edges if edge < 2**bits]) | st.integers(0, 2**bits - 1)


def signed_integers(bits: int) -> st.SearchStrategy[int]:
    return integers(bits).map(lambda value: value - 2 ** (bits - 1))


def values(kind: str) -> st.SearchStrategy:
    """Values of a type of the layouts, as a person may give them."""
    if kind.endswith("?"):
        return st.none() | values(kind[:-1])
    if kind.startswith("["):
        return st.lists(values(kind[1:-1]), max_size=4)
    if kind in ("bool", "str"):
        return st.booleans() if kind == "bool" else st.text(max_size=20)
    if kind == "bytes":
        return st.binary(max_size=300)
    if kind == "id" or kind.startswith("bytes"):
        size = 32 if kind == "id" else int(kind[5:])
        return st.binary(min_size=size, max_size=size)
    if kind[0] == "u":
        return integers(int(kind[1:]))
    if kind == "i64":
        return signed_integers(64)
    if kind in ("Power", "Period", "Outcome", "Weight"):
        return st.sampled_from(_operation.CODEC.classes[kind])
    if kind in ("Term", "Content", "ContentKind", "Electorate", "Form", "Ballot", "Basis"):
        return st.one_of(*variants(kind))
    if kind == "Action":
        return st.one_of(*[operations_of(name) for tag, (name, _) in OPERATIONS.items() if tag not in NO_ACTIONS])
    if kind == "Condition":
        return conditions(4)
    return structures(_operation.CODEC.classes[kind], LAYOUTS[kind])


def variants(kind: str) -> list[st.SearchStrategy]:
    """One for each variant of an enum, but for those that contain the enum itself."""
    lines = [line.split()[1:] for line in LAYOUTS[kind].split(" | ")]
    return [
        structures(_operation.CODEC.classes[f"{kind}.{name}"], " ".join(rest))
        for name, *rest in lines
        if kind not in "".join(rest)
    ]


def conditions(levels: int) -> st.SearchStrategy:
    """Conditions that are so many levels deep at most."""
    if levels == 1:
        return st.one_of(*variants("Condition"))
    inner = conditions(levels - 1)
    several = st.lists(inner, max_size=3)
    return st.one_of(*variants("Condition"), several.map(ops.AllOf), several.map(ops.AnyOf), inner.map(ops.Not))


def structures(made: type, layout: str) -> st.SearchStrategy:
    parts = [part.partition(":") for part in layout.split()]
    fields = {name: st.deferred(lambda kind=kind: values(kind)) for name, _, kind in parts}
    return st.fixed_dictionaries(fields).map(lambda given: made(**given))


def operations_of(name: str) -> st.SearchStrategy:
    layout = next(layout for line, layout in OPERATIONS.values() if line == name)
    return structures(_operation.CODEC.classes[f"Operation.{name}"], layout)


NAMES = [name for name, _ in OPERATIONS.values()]
any_operation = st.one_of(*map(operations_of, NAMES))
signed_transactions = st.builds(
    lambda operations, valid_until, nonce, signers: Transaction(
        LEDGER, operations, valid_until=valid_until, nonce=nonce
    ).sign(*signers),
    st.lists(any_operation, max_size=3),
    integers(64),
    st.binary(min_size=16, max_size=16),
    st.sampled_from([(ANN,), (ANN, BOB), (BOB.on(A),), (ANN, BOB.on(C), ANN.on(C))]),
)


# Spelled out by hand, so that the layouts themselves are checked.

GRANTS = [ops.KeyGrant(B), ops.KeyGrant(A, ["transfer", ops.Mint])]
GRANT_BYTES = u(4, 2) + A + b"\x01" + u(4, 2) + b"\x30\x32" + B + b"\x00"
TERMS = ops.Terms(
    settle_if=ops.AllOf([ops.AnyOf([ops.After(5)]), ops.Not(ops.Preimage(C)), ops.SignedBy(2, [A, B])]),
    release_if=ops.AnyOf(
        [ops.GroupTotal(D, 6), ops.ByPayer(), ops.Attested(B, C), ops.Attested(C, D, A), ops.Resolved(A, B, C, 7)]
    ),
    payees=[ops.Share(B, 9_999), ops.Share(A, 1)],
    schedule=ops.Schedule(starts=1, cliff=2, ends=3),
    deadline=7,
    outcome=ops.Outcome.SETTLE,
)
TERMS_BYTES = b"\x00" + u(4, 3) + b"\x01" + u(4, 1) + b"\x03" + u(8, 5) + b"\x02" + b"\x04" + C
TERMS_BYTES += b"\x05\x02" + u(4, 2) + A + B
TERMS_BYTES += b"\x01" + b"\x01" + u(4, 5) + b"\x07" + D + u(16, 6) + b"\x09"
TERMS_BYTES += b"\x06" + B + C + b"\x00" + b"\x06" + C + D + b"\x01" + A + b"\x08" + A + B + C + b"\x07"
TERMS_BYTES += u(4, 2) + B + u(2, 9_999) + A + u(2, 1)
TERMS_BYTES += b"\x01" + u(8, 1) + u(8, 2) + u(8, 3) + u(8, 7) + b"\x01"
RULES = [
    ops.Rule(electorate=ops.HoldersElectorate(A), voting_ms=1, execution_ms=2),
    ops.Rule(
        electorate=ops.MemberHoldersElectorate(A, B, C),
        weight=ops.Weight.ROOT,
        form=ops.Ranked(5),
        quorum_bps=6,
        support_bps=7,
        threshold_bps=8,
        delay_ms=9,
        voting_ms=10,
        extension_ms=11,
        reveal_ms=12,
        timelock_ms=13,
        execution_ms=14,
        snapshot_ms=15,
        proposer_weight=16,
        guardian=D,
        deposit=ops.Deposit(A, 17),
    ),
    ops.Rule(
        electorate=ops.MembersElectorate(B, C),
        weight=ops.Weight.MEMBER,
        form=ops.Approval(),
        voting_ms=3,
        execution_ms=4,
    ),
    ops.Rule(electorate=ops.BackersElectorate(D), voting_ms=5, execution_ms=6),
]
# Electorate, weight and form; quorum, support and threshold; the seven times; proposer's weight, guardian and deposit.
RULES_BYTES = u(4, 4) + b"\x00" + A + b"\x00\x00" + u(2, 0) + u(2, 0) + u(2, 5_000)
RULES_BYTES += u(8, 0) + u(8, 1) + bytes(24) + u(8, 2) + u(8, 0) + u(16, 0) + b"\x00\x00"
RULES_BYTES += b"\x02" + A + B + C + b"\x02\x02\x05" + u(2, 6) + u(2, 7) + u(2, 8)
RULES_BYTES += u(8, 9) + u(8, 10) + u(8, 11) + u(8, 12) + u(8, 13) + u(8, 14) + u(8, 15)
RULES_BYTES += u(16, 16) + b"\x01" + D + b"\x01" + A + u(16, 17)
RULES_BYTES += b"\x01" + B + C + b"\x01\x01" + u(2, 0) + u(2, 0) + u(2, 5_000)
RULES_BYTES += u(8, 0) + u(8, 3) + bytes(24) + u(8, 4) + u(8, 0) + u(16, 0) + b"\x00\x00"
RULES_BYTES += b"\x03" + D + b"\x00\x00" + u(2, 0) + u(2, 0) + u(2, 5_000)
RULES_BYTES += u(8, 0) + u(8, 5) + bytes(24) + u(8, 6) + u(8, 0) + u(16, 0) + b"\x00\x00"
ARTICLES = [
    ops.Article(operations=["transfer", ops.Mint, 0x10], keys=True, rules=[2, 0]),
    ops.Article(operations=["set_constitution"]),
]
ARTICLES_BYTES = u(4, 2) + u(4, 3) + b"\x10\x30\x32" + b"\x01" + u(4, 2) + b"\x00\x02"
ARTICLES_BYTES += u(4, 1) + b"\x70" + b"\x00" + u(4, 0)
BALLOTS = [
    (ops.Shares([1, 0, 258]), b"\x00" + u(4, 3) + u(8, 1) + u(8, 0) + u(8, 258)),
    (ops.Approve([5, 2]), b"\x01" + u(4, 2) + b"\x02\x05"),
    (ops.Rank([5, 2]), b"\x02" + u(4, 2) + b"\x05\x02"),
    (ops.Sealed(D), b"\x03" + D),
]
BASES = [
    (ops.SnapshotBasis(A, 258, [C, B]), b"\x00" + A + u(4, 258) + u(4, 2) + B + C),
    (ops.MembersBasis(A, B), b"\x01" + A + B),
    (ops.LeavesBasis(A, 258), b"\x02" + A + u(16, 258)),
    (ops.GroupBasis(A), b"\x03" + A),
]
SPELLED = [
    (
        ops.Open(opener=A, salt=b"s" * 16, threshold=2, keys=GRANTS),
        b"\x10" + A + b"s" * 16 + b"\x02" + GRANT_BYTES,
    ),
    (ops.SetKeys(account=A, threshold=1, keys=GRANTS), b"\x11" + A + b"\x01" + GRANT_BYTES),
    (ops.Mandate(account=A, agent=B, asset=C), b"\x12" + A + B + C + b"\x00"),
    (
        ops.Mandate(
            account=A, agent=B, asset=C, limit=ops.Limit(operations=["mint", 0x30], cap=5, window_ms=6, until=7)
        ),
        b"\x12" + A + B + C + b"\x01" + u(4, 2) + b"\x30\x32" + u(16, 5) + u(8, 6) + u(8, 7),
    ),
    (ops.Once(account=A, key=B), b"\x13" + A + B),
    (
        ops.SetGuardians(account=A, threshold=2, guardians=[C, B], delay_ms=258),
        b"\x14" + A + b"\x02" + u(4, 2) + B + C + u(8, 258),
    ),
    (ops.SetGuardians(account=A), b"\x14" + A + b"\x00" + u(4, 0) + u(8, 0)),
    (ops.Recover(account=A, threshold=2, keys=GRANTS), b"\x15" + A + b"\x02" + GRANT_BYTES),
    (ops.CancelRecovery(account=A), b"\x16" + A),
    (ops.FinishRecovery(account=A), b"\x17" + A),
    (ops.Alias(account=A, into=B), b"\x18" + A + B),
    (
        ops.Create(
            issuer=A,
            symbol="BEAN",
            decimals=2,
            supply_cap=10**9,
            policy=[
                ops.StrictLots(),
                ops.FixedExpiry(365),
                ops.Lots(ops.Period.MONTH),
                ops.InactivityExpiry(30),
                ops.Bound(),
            ],
            powers=ops.Powers(mint=A, pause=B, change=C),
        ),
        b"\x20"
        + A
        + u(4, 4)
        + b"BEAN\x02"
        + u(16, 10**9)
        + u(4, 5)
        + b"\x00"
        + b"\x01\x01"
        + b"\x02"
        + u(4, 365)
        + b"\x03"
        + u(4, 30)
        + b"\x04"
        + b"\x01"
        + A
        + b"\x00"
        + b"\x01"
        + B
        + b"\x00"
        + b"\x01"
        + C,
    ),
    (ops.Change(asset=A), b"\x21" + A + b"\x00\x00"),
    (
        ops.Change(asset=A, supply_cap=5, policy=[ops.Lots(ops.Period.DAY)]),
        b"\x21" + A + b"\x01" + u(16, 5) + b"\x01" + u(4, 1) + b"\x01\x00",
    ),
    (ops.Renounce(asset=A, power=ops.Power.CLAW_BACK), b"\x22" + A + b"\x03"),
    (
        ops.Freeze(asset=A, account=B, frozen=True, reason=ops.Reason(258, C)),
        b"\x23" + A + B + b"\x01" + b"\x02\x01" + b"\x01" + C,
    ),
    (ops.Pause(asset=A, paused=False), b"\x24" + A + b"\x00" + b"\x00\x00\x00"),
    (ops.Transfer(asset=A, sender=B, to=C, amount=258), b"\x30" + A + B + C + u(16, 258) + b"\x00"),
    (
        ops.Pay(asset=A, sender=B, payees=[ops.Payee(C, 1), ops.Payee(D, 2)], reference=D),
        b"\x31" + A + B + u(4, 2) + C + u(16, 1) + D + u(16, 2) + b"\x01" + D,
    ),
    (ops.Mint(asset=A, to=B, amount=2**128 - 1), b"\x32" + A + B + b"\xff" * 16 + b"\x00"),
    (ops.Burn(asset=A, sender=B, amount=1, reference=C), b"\x33" + A + B + u(16, 1) + b"\x01" + C),
    (ops.ClawBack(asset=A, sender=B, to=C, amount=1), b"\x34" + A + B + C + u(16, 1) + b"\x00\x00\x00"),
    (ops.Sweep(asset=A, accounts=[C, B]), b"\x35" + A + u(4, 2) + C + B),
    (ops.Schema(creator=A, name="member"), b"\x60" + A + u(4, 6) + b"member" + b"\x00" + u(4, 0) + b"\x00" + b"\x01"),
    (
        ops.Schema(
            creator=A,
            name="a",
            content=ops.IntegerRange(-1, 258),
            issuers=[C, B],
            subjects=ops.Requirement(C, D),
            revocable=False,
        ),
        b"\x60" + A + u(4, 1) + b"a" + b"\x01" + b"\xff" * 8 + u(8, 258) + u(4, 2) + B + C + b"\x01" + C + D + b"\x00",
    ),
    (
        ops.Schema(creator=A, name="a", content=ops.BytesUpTo(258)),
        b"\x60" + A + u(4, 1) + b"a" + b"\x02" + u(2, 258) + u(4, 0) + b"\x00" + b"\x01",
    ),
    (
        ops.Schema(creator=A, name="a", content=ops.CommitmentKind()),
        b"\x60" + A + u(4, 1) + b"a" + b"\x03" + u(4, 0) + b"\x00" + b"\x01",
    ),
    (
        ops.Schema(creator=A, name="a", content=ops.EdgeKind()),
        b"\x60" + A + u(4, 1) + b"a" + b"\x04" + u(4, 0) + b"\x00" + b"\x01",
    ),
    (ops.Attest(schema=A, issuer=B, subject=C), b"\x61" + A + B + C + bytes(32) + b"\x00" + b"\x00"),
    (
        ops.Attest(schema=A, issuer=B, subject=C, nonce=D, expires=258, content=ops.Integer(-2)),
        b"\x61" + A + B + C + D + b"\x01" + u(8, 258) + b"\x01" + b"\xfe" + b"\xff" * 7,
    ),
    (
        ops.Attest(schema=A, issuer=B, subject=C, content=ops.Bytes(b"gold")),
        b"\x61" + A + B + C + bytes(32) + b"\x00" + b"\x02" + u(4, 4) + b"gold",
    ),
    (
        ops.Attest(schema=A, issuer=B, subject=C, content=ops.Commitment(D)),
        b"\x61" + A + B + C + bytes(32) + b"\x00" + b"\x03" + D,
    ),
    (
        ops.Attest(schema=A, issuer=B, subject=C, content=ops.Edge(D)),
        b"\x61" + A + B + C + bytes(32) + b"\x00" + b"\x04" + D,
    ),
    (
        ops.Revoke(schema=A, issuer=B, subject=C, nonce=D, reason=ops.Reason(258, A)),
        b"\x62" + A + B + C + D + b"\x02\x01" + b"\x01" + A,
    ),
    (ops.Redeem(asset=A, sender=B, at=C, order=D, amount=258), b"\x36" + A + B + C + D + u(16, 258)),
    (ops.Refund(asset=A, sender=B, order=C, amount=2**128 - 1), b"\x37" + A + B + C + b"\xff" * 16),
    (
        ops.Change(asset=A, policy=[ops.NoReinstatement(), ops.DebtFloor(258)]),
        b"\x21" + A + b"\x00" + b"\x01" + u(4, 2) + b"\x05" + u(16, 258) + b"\x06",
    ),
    (
        ops.Change(asset=A, policy=[ops.MaxHolding(258), ops.AttestedHolders(schema=B, issuer=C), ops.Fee(258, D)]),
        b"\x21" + A + b"\x00" + b"\x01" + u(4, 3) + b"\x0a" + u(2, 258) + D + b"\x0b" + u(16, 258) + b"\x0c" + B + C,
    ),
    (
        ops.Change(asset=A, policy=[ops.Notice(258)]),
        b"\x21" + A + b"\x00" + b"\x01" + u(4, 1) + b"\x09" + u(8, 258),
    ),
    (
        ops.Change(asset=A, policy=[ops.SunsetNotice(258)]),
        b"\x21" + A + b"\x00" + b"\x01" + u(4, 1) + b"\x0d" + u(8, 258),
    ),
    (ops.Sunset(asset=A, at=258), b"\x2b" + A + u(8, 258)),
    (
        ops.OpenGroup(owner=A, salt=b"s" * 16, asset=B, closes=5, terms=TERMS),
        b"\x40" + A + b"s" * 16 + B + u(8, 5) + TERMS_BYTES,
    ),
    (
        ops.Hold(payer=A, salt=b"s" * 16, asset=B, amount=258, terms=TERMS),
        b"\x41" + A + b"s" * 16 + B + u(16, 258) + b"\x01" + TERMS_BYTES + b"\x00",
    ),
    (
        ops.Hold(payer=A, salt=b"s" * 16, asset=B, amount=1, group=C),
        b"\x41" + A + b"s" * 16 + B + u(16, 1) + b"\x00" + b"\x01" + C,
    ),
    (ops.Settle(hold=A), b"\x42" + A + b"\x00\x00" + u(4, 0)),
    (
        ops.Settle(hold=A, amount=258, to=B, preimages=[C, D]),
        b"\x42" + A + b"\x01" + u(16, 258) + b"\x01" + B + u(4, 2) + C + D,
    ),
    (ops.Release(hold=A, preimages=[C]), b"\x43" + A + b"\x00" + u(4, 1) + C),
    (
        ops.OpenCampaign(
            owner=A,
            salt=b"s" * 16,
            asset=B,
            amount=258,
            terms=ops.CampaignTerms(
                roles=[ops.Role(bps=258, signs=True), ops.Role(C)],
                claim_max=3,
                eligible=ops.Requirement(C, D),
                member_cap=ops.Cap(units=4, claims=5, window_ms=6),
                pending_ms=7,
                notice_ms=8,
                ends=9,
            ),
        ),
        b"\x50"
        + A
        + b"s" * 16
        + B
        + u(16, 258)
        + u(4, 2)
        + b"\x00\x02\x01\x01"
        + b"\x01"
        + C
        + b"\x00\x00\x00"
        + u(16, 3)
        + b"\x01"
        + C
        + D
        + b"\x01"
        + u(16, 4)
        + u(4, 5)
        + u(8, 6)
        + b"\x00"
        + u(8, 7)
        + u(8, 8)
        + u(8, 9),
    ),
    (
        ops.FundCampaign(campaign=A, asset=B, sender=C, amount=258),
        b"\x51" + A + B + C + u(16, 258),
    ),
    (
        ops.Claim(
            campaign=A,
            slips=[
                ops.SignedSlip(
                    ops.Slip(nonce=b"n" * 16, valid_until=5, amount=6, floor=7, parties=[B, C], reference=D),
                    [ops.RoleSignature(1, D, b"s" * 64)],
                ),
                ops.SignedSlip(ops.Slip(nonce=b"m" * 16, valid_until=5, amount=6)),
            ],
        ),
        b"\x52"
        + A
        + u(4, 2)
        + b"n" * 16
        + u(8, 5)
        + u(16, 6)
        + b"\x01"
        + u(16, 7)
        + u(4, 2)
        + B
        + C
        + b"\x01"
        + D
        + u(4, 1)
        + b"\x01"
        + D
        + b"s" * 64
        + b"m" * 16
        + u(8, 5)
        + u(16, 6)
        + b"\x00"
        + u(4, 0)
        + b"\x00"
        + u(4, 0),
    ),
    (ops.CloseCampaign(campaign=A), b"\x53" + A),
    (
        ops.Create(
            issuer=A, symbol="BADGE", decimals=0, supply_cap=7, policy=[ops.Royalty(258, C), ops.Items(), ops.Bound()]
        ),
        b"\x20" + A + u(4, 5) + b"BADGE\x00" + u(16, 7) + u(4, 3) + b"\x00" + b"\x07" + b"\x08\x02\x01" + C + bytes(5),
    ),
    (ops.Design(asset=A, design=1, editions=258), b"\x25" + A + u(4, 1) + b"\x02\x01\0\0" + u(4, 0) + b"\x00"),
    (
        ops.Design(asset=A, design=7, editions=1, set=[4, 3, 3], content=B),
        b"\x25" + A + u(4, 7) + u(4, 1) + u(4, 3) + u(4, 3) + u(4, 3) + u(4, 4) + b"\x01" + B,
    ),
    (ops.IssueItem(asset=A, design=258, to=B), b"\x26" + A + b"\x02\x01\x00\x00" + B),
    (ops.GiveItem(asset=A, item=ops.Item(1, 258), sender=B, to=C), b"\x27" + A + u(4, 1) + u(4, 258) + B + C),
    (
        ops.SellItem(asset=A, item=ops.Item(2, 3), seller=B, buyer=C, currency=D, price=258),
        b"\x28" + A + u(4, 2) + u(4, 3) + B + C + D + u(16, 258),
    ),
    (ops.BurnItem(asset=A, item=ops.Item(2, 3), sender=B), b"\x29" + A + u(4, 2) + u(4, 3) + B),
    (
        ops.CompleteSet(asset=A, design=9, sender=B, items=[ops.Item(2, 1), ops.Item(1, 4), ops.Item(1, 3)]),
        b"\x2a" + A + u(4, 9) + B + u(4, 3) + u(4, 1) + u(4, 3) + u(4, 1) + u(4, 4) + u(4, 2) + u(4, 1),
    ),
    (
        ops.SetParameters(parameters=Parameters(window_ms=5, asset_creators=[B, A], operations_max=3, governor=C)),
        b"\xa0" + u(8, 5) + b"\x01" + u(4, 2) + A + B + u(4, 60_000) + u(2, 3) + b"\x01" + C,
    ),
    (ops.SetConstitution(account=A), b"\x70" + A + b"\x00"),
    (
        ops.SetConstitution(account=A, constitution=ops.Constitution(RULES, ARTICLES)),
        b"\x70" + A + b"\x01" + RULES_BYTES + ARTICLES_BYTES,
    ),
    (
        ops.Propose(account=A, proposer=B, salt=b"s" * 16, rule=7, title=C, options=[]),
        b"\x71" + A + B + b"s" * 16 + b"\x07" + C + b"\x00" + u(4, 0),
    ),
    (
        ops.Propose(
            account=A,
            proposer=B,
            salt=b"s" * 16,
            rule=7,
            title=C,
            subject=D,
            options=[[], [ops.CloseCampaign(campaign=A), ops.SetConstitution(account=B)]],
        ),
        b"\x71"
        + A
        + B
        + b"s" * 16
        + b"\x07"
        + C
        + b"\x01"
        + D
        + u(4, 2)
        + u(4, 0)
        + u(4, 2)
        + b"\x53"
        + A
        + b"\x70"
        + B
        + b"\x00",
    ),
    *((ops.Vote(proposal=A, voter=B, ballot=ballot), b"\x72" + A + B + u(4, 0) + said) for ballot, said in BALLOTS),
    (
        ops.Vote(proposal=A, voter=B, members=[D, C], ballot=BALLOTS[0][0]),
        b"\x72" + A + B + u(4, 2) + D + C + BALLOTS[0][1],
    ),
    (
        ops.Reveal(proposal=A, voter=B, members=[C], ballot=BALLOTS[1][0], salt=b"s" * 16),
        b"\x73" + A + B + u(4, 1) + C + BALLOTS[1][1] + b"s" * 16,
    ),
    (ops.Delegate(account=A, delegator=B, to=C), b"\x74" + A + B + b"\x01" + C),
    (ops.Delegate(account=A, delegator=B), b"\x74" + A + B + b"\x00"),
    (ops.Veto(proposal=A, reason=ops.Reason(258, B)), b"\x75" + A + b"\x02\x01" + b"\x01" + B),
    (ops.Cancel(proposal=A), b"\x76" + A),
    (
        ops.Conclude(proposal=A, rankings=[ops.Ranking([1], 258), ops.Ranking([0, 2], 5), ops.Ranking([0], 6)]),
        b"\x77"
        + A
        + u(4, 3)
        + u(4, 1)
        + b"\x00"
        + u(16, 6)
        + u(4, 2)
        + b"\x00\x02"
        + u(16, 5)
        + u(4, 1)
        + b"\x01"
        + u(16, 258),
    ),
    (
        ops.Execute(proposal=A, actions=[ops.CloseCampaign(campaign=B), ops.CloseDistribution(distribution=C)]),
        b"\x78" + A + u(4, 2) + b"\x53" + B + b"\x84" + C,
    ),
    (ops.Snapshot(asset=A, until=258), b"\x80" + A + u(8, 258)),
    (ops.ReleaseSnapshot(asset=A, number=258), b"\x81" + A + u(4, 258)),
    *(
        (
            ops.Distribute(fund=A, salt=b"s" * 16, asset=B, basis=basis, deadline=5, leftover=C),
            b"\x82" + A + b"s" * 16 + B + b"\x00" + said + u(8, 5) + C + b"\x00",
        )
        for basis, said in BASES
    ),
    (
        ops.Distribute(
            fund=A, salt=b"s" * 16, asset=B, amount=258, basis=BASES[3][0], deadline=5, leftover=C, reference=D
        ),
        b"\x82" + A + b"s" * 16 + B + b"\x01" + u(16, 258) + BASES[3][1] + u(8, 5) + C + b"\x01" + D,
    ),
    (
        ops.Collect(distribution=A, parts=[ops.Part(C, b"proof"), ops.Part(B)]),
        b"\x83" + A + u(4, 2) + C + u(4, 5) + b"proof" + B + u(4, 0),
    ),
    (ops.CloseDistribution(distribution=A), b"\x84" + A),
]


@pytest.mark.parametrize(("operation", "encoded"), SPELLED, ids=lambda part: getattr(part, "wire_name", "bytes"))
def test_operations_are_encoded_as_the_reference_says(operation: ops.Operation, encoded: bytes) -> None:
    assert bytes(operation).hex() == encoded.hex()
    assert wire.decode_operation(encoded) == operation


def test_every_operation_is_spelled_and_has_a_class() -> None:
    assert {operation.wire_name for operation, _ in SPELLED} == set(NAMES)
    for tag, (name, layout) in OPERATIONS.items():
        made = _operation.CODEC.classes[f"Operation.{name}"]
        assert getattr(ops, made.__name__) is made
        assert (made.wire_tag, made.wire_name) == (tag, name)
        assert {field.name for field in dataclasses.fields(made)} == {part.split(":")[0] for part in layout.split()}
        assert dataclasses.fields(made)[0].kw_only
        assert made.__doc__
        assert ">>>" in made.__doc__


@settings(max_examples=300, deadline=None)
@given(any_operation, st.data())
def test_one_encoding_per_operation(operation: ops.Operation, data: st.DataObject) -> None:
    encoded = bytes(operation)
    again = wire.decode_operation(encoded)
    assert again == operation
    assert type(again) is type(operation)
    assert hash(again) == hash(operation)
    assert bytes(again) == encoded
    assert pickle.loads(pickle.dumps(operation)) == copy.deepcopy(operation) == operation  # noqa: S301
    assert dataclasses.replace(operation) == operation
    cut = data.draw(st.integers(0, len(encoded) - 1))
    for other in (encoded[:cut], encoded + b"\x00"):
        with pytest.raises(WireError):
            wire.decode_operation(other)
    changed = bytearray(encoded)
    changed[cut] ^= data.draw(st.integers(1, 255))
    try:
        different = wire.decode_operation(bytes(changed))
    except WireError:
        return
    assert different != operation
    assert bytes(different) == bytes(changed)


@settings(max_examples=100, deadline=None)
@given(signed_transactions, st.data())
def test_one_encoding_per_signed_transaction(signed: SignedTransaction, data: st.DataObject) -> None:
    encoded = bytes(signed)
    again = SignedTransaction.from_bytes(encoded)
    assert again == signed
    assert bytes(again) == encoded
    assert again.verify() is again
    assert again.id == signed.id == builders.transaction_id(bytes(signed.transaction))
    assert encoded.startswith(bytes(signed.transaction))
    assert Transaction.from_bytes(bytes(signed.transaction)) == signed.transaction
    assert pickle.loads(pickle.dumps(signed)) == signed  # noqa: S301
    cut = data.draw(st.integers(0, len(encoded) - 1))
    for other in (encoded[:cut], encoded + b"\x00"):
        with pytest.raises(WireError):
            SignedTransaction.from_bytes(other)
    changed = bytearray(encoded)
    changed[cut] ^= data.draw(st.integers(1, 255))
    try:
        different = SignedTransaction.from_bytes(bytes(changed))
    except WireError:
        return
    assert different != signed
    with pytest.raises(SignatureError):
        different.verify()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    for read in (SignedTransaction.from_bytes, Transaction.from_bytes, wire.decode_operation, wire.decode_entry):
        with pytest.raises(WireError):
            read(data)


def test_transactions_as_the_builders_make_them() -> None:
    made = builders.transaction(LEDGER, [builders.transfer(5)], [builders.ANN_KEY, builders.BOB_KEY])
    signed = SignedTransaction.from_bytes(made)
    assert bytes(signed) == made
    signed.verify()
    transaction = signed.transaction
    assert (transaction.version, transaction.ledger, transaction.nonce) == (1, LEDGER, b"n" * 16)
    [operation] = transaction.operations
    assert operation == ops.Transfer(asset=builders.BEAN, sender=builders.ANN, to=builders.BOB, amount=5)


GIFT = ops.Transfer(asset=A, sender=ANN.account, to=B, amount=5)


def test_defaults() -> None:
    before = time.time_ns() // 1_000_000
    transaction = Transaction(LEDGER, [GIFT])
    assert before + 120_000 <= transaction.valid_until <= before + 130_000
    assert len(transaction.nonce) == 16
    assert transaction.nonce != Transaction(LEDGER, [GIFT]).nonce
    assert transaction.authorizers is None
    with pytest.raises(SignatureError, match="expected authorizers, found none"):
        _ = transaction.id


def test_signers_become_authorizers() -> None:
    signed = Transaction(LEDGER, [GIFT]).sign(ANN, BOB.on(C))
    assert signed.transaction.authorizers == (Authorizer(ANN.account), Authorizer(C, BOB.public))
    assert signed.signatures == (ANN.sign(signed.transaction.message), BOB.sign(signed.transaction.message))


def test_authorizers_known_before() -> None:
    transaction = Transaction(LEDGER, [GIFT], authorizers=[BOB.on(C), ANN])
    signed = transaction.sign(ANN, BOB.on(C))  # in any order
    assert signed.transaction == transaction
    assert signed.id == transaction.id
    # Each signs elsewhere, and somebody puts the signatures together.
    apart = SignedTransaction(transaction, [key.sign(transaction.message) for key in (BOB, ANN)])
    assert apart == signed.verify()


def test_signers_that_do_not_fit() -> None:
    transaction = Transaction(LEDGER, [GIFT], authorizers=[ANN, BOB.on(C)])
    for signers, found in (
        ((), "expected a signer or more"),
        ((ANN, ANN), "one twice"),
        ((ANN,), "missing: " + C.hex()),
        ((ANN, BOB.on(C), BOB), "not listed"),
        ((ANN, BOB), "missing: " + C.hex()),
    ):
        with pytest.raises(SignatureError, match=found):
            transaction.sign(*signers)
    with pytest.raises(TypeError, match="expected a Key"):
        Transaction(LEDGER, [GIFT]).sign(ANN.seed)  # type: ignore[arg-type]


def test_signatures_that_do_not_hold() -> None:
    signed = Transaction(LEDGER, [GIFT]).sign(ANN, BOB)
    first, second = signed.signatures
    for signatures in ([second, first], [first], [first, second, second], [first, bytes(64)], []):
        with pytest.raises(SignatureError):
            SignedTransaction(signed.transaction, signatures).verify()
    with pytest.raises(WireError, match=r"signatures\[0\]: expected 64 bytes, found 63"):
        SignedTransaction(signed.transaction, [first[:-1]])


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, 2**64, -(10**10_000)], ids=["2**63", "-2**63-1", "2**64", "huge"]
)
def test_signed_integers_out_of_range(value: int) -> None:
    expected = r"Integer\.value: expected an integer from -2\*\*63 to 2\*\*63 - 1, found"
    with pytest.raises(WireError, match=expected):
        ops.Integer(value)


@pytest.mark.parametrize("value", [True, 1.0, "5", None, b"5"])
def test_signed_integers_of_other_types(value: object) -> None:
    with pytest.raises(TypeError, match=r"Integer\.value: expected an int, found"):
        ops.Integer(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-(2**63), -1, 0, 2**63 - 1])
def test_signed_integers_are_in_twos_complement(value: int) -> None:
    attested = ops.Attest(schema=A, issuer=B, subject=C, content=ops.Integer(value))
    assert bytes(attested)[-8:] == u(8, value % 2**64)
    assert wire.decode_operation(bytes(attested)) == attested


@pytest.mark.parametrize("value", ["gold", 5, None, [1, 2], {1: 2}])
def test_bytes_of_any_length_of_other_types(value: object) -> None:
    with pytest.raises(TypeError, match=r"Bytes\.value: expected bytes, found"):
        ops.Bytes(value)  # type: ignore[arg-type]


def test_bytes_of_any_length() -> None:
    for value in (b"", b"gold", bytearray(b"gold"), memoryview(b"gold"), bytes(60_000)):
        made = ops.Bytes(value)
        assert type(made.value) is bytes
        assert bytes(made) == b"\x02" + u(4, len(value)) + bytes(value)
    with pytest.raises(WireError, match="expected at most 60,000 bytes, found 60,001"):
        ops.Bytes(bytes(60_001))


@pytest.mark.parametrize("length", [0, 3, 5, 2**31, 2**32 - 1])
def test_bytes_of_another_length_than_they_say(length: int) -> None:
    attested = bytes(ops.Attest(schema=A, issuer=B, subject=C, content=ops.Bytes(b"gold")))
    with pytest.raises(WireError):
        wire.decode_operation(attested.replace(u(4, 4) + b"gold", u(4, length) + b"gold"))


@pytest.mark.parametrize("name", ["", "a" * 33, "Member", "a member", "\u00e9", "a\n"])
def test_names_that_no_schema_has(name: str) -> None:
    with pytest.raises(WireError, match="name: expected 1 to 32 of a-z"):
        ops.schema_id(A, name)


@pytest.mark.parametrize("amount", [True, 1.0, 1.5, "5", None, b"5", 5j, [5]])
def test_amounts_of_other_types(amount: object) -> None:
    with pytest.raises(TypeError, match=r"Transfer\.amount: expected an int, found"):
        ops.Transfer(asset=A, sender=B, to=C, amount=amount)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", [-1, 2**128, -(10**9), 10**10_000], ids=["-1", "2**128", "-10**9", "10**10000"])
def test_amounts_out_of_range(amount: int) -> None:
    with pytest.raises(WireError, match=r"Transfer\.amount: expected an integer from 0 to 2\*\*128 - 1, found"):
        ops.Transfer(asset=A, sender=B, to=C, amount=amount)


@pytest.mark.parametrize(
    ("account", "kind", "found"),
    [
        (b"", WireError, "expected 32 bytes, found 0"),
        (bytes(31), WireError, "expected 32 bytes, found 31"),
        (bytes(10_000_000), WireError, "expected 32 bytes, found 10000000"),
        ("did:key:z6Mk", TypeError, "found str; decode_account"),
        (ANN, TypeError, r"found Key; did you mean its \.account"),
        (None, TypeError, "found NoneType"),
        (5, TypeError, "found int"),
    ],
)
def test_accounts_that_are_none(account: object, kind: type[Exception], found: str) -> None:
    with pytest.raises(kind, match=rf"Transfer\.to: .*{found}"):
        ops.Transfer(asset=A, sender=B, to=account, amount=1)  # type: ignore[arg-type]


def test_texts() -> None:
    def symbol(text: object) -> ops.Create:
        return ops.Create(issuer=A, symbol=text, decimals=0, supply_cap=1)  # type: ignore[arg-type]

    with pytest.raises(WireError, match=r"Create\.symbol: expected Unicode text, found the lone surrogate '\\ud800'"):
        symbol("AB\ud800")
    with pytest.raises(WireError, match="at most 60,000 bytes, found 10,000,000"):
        symbol("A" * 10_000_000)
    for other in (b"BEAN", None, 5):
        with pytest.raises(TypeError, match="expected a str"):
            symbol(other)
    # What the wire can carry but no ledger takes is the ledger's to refuse, by a status.
    assert wire.decode_operation(bytes(symbol("😀"))).symbol == "😀"
    encoded = bytes(symbol("BEAN"))
    with pytest.raises(WireError, match="expected UTF-8, found ff"):
        wire.decode_operation(encoded.replace(b"BEAN", b"BE\xffN"))
    with pytest.raises(WireError, match="symbol: expected 1 to 12"):
        ops.asset_id(A, "😀")


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Pay(asset=A, sender=B, payees=ops.Payee(C, 1)),
        lambda: ops.Pay(asset=A, sender=B, payees=[(C, 1)]),
        lambda: ops.Pay(asset=A, sender=B, payees=5),
        lambda: ops.Sweep(asset=A, accounts=b"a" * 64),
        lambda: ops.Sweep(asset=A, accounts="accounts"),
        lambda: ops.Sweep(asset=A, accounts={A: B}),
        lambda: ops.Freeze(asset=A, account=B, frozen=1),
        lambda: ops.Freeze(asset=A, account=B, frozen=True, reason=5),
        lambda: ops.Renounce(asset=A, power=0),
        lambda: ops.Renounce(asset=A, power="nonsense"),
        lambda: ops.Create(issuer=A, symbol="A", decimals=0, supply_cap=1, policy=[ops.Lots]),
        lambda: ops.Create(issuer=A, symbol="A", decimals=0, supply_cap=1, policy=["bound"]),
        lambda: ops.Lots(1),
        lambda: ops.Royalty(1.5, A),
        lambda: ops.Royalty(1, "artist"),
        lambda: ops.Design(asset=A, design=1, editions=1, set=1),
        lambda: ops.BurnItem(asset=A, item=(1, 2), sender=B),
        lambda: ops.CompleteSet(asset=A, design=1, sender=B, items=[(1, 2)]),
        lambda: ops.CompleteSet(asset=A, design=1, sender=B, items=ops.Item(1, 2)),
        lambda: ops.KeyGrant(A, "mint"),
        lambda: ops.KeyGrant(A, [1.5]),
        lambda: ops.KeyGrant(A, [True]),
        lambda: ops.KeyGrant(A, 5),
        lambda: ops.SetParameters(parameters=None),
        lambda: ops.Propose(account=A, proposer=B, salt=bytes(16), rule=0, title=C, options=[GIFT]),
        lambda: ops.Execute(proposal=A, actions=[bytes(GIFT)]),
        lambda: ops.Execute(proposal=A, actions=GIFT),
        lambda: ops.Vote(proposal=A, voter=B, ballot=[1, 0, 0]),
        lambda: ops.Vote(proposal=A, voter=B, ballot=ops.Shares([1.5, 0, 0])),
        lambda: ops.Distribute(fund=A, salt=bytes(16), asset=B, basis=A, deadline=5, leftover=C),
        lambda: ops.Collect(distribution=A, parts=[B]),
        lambda: ops.Article(operations="transfer"),
        lambda: ops.Rule(electorate=A, voting_ms=1, execution_ms=1),
        lambda: ops.SetConstitution(account=A, constitution=ops.Constitution([], ops.Article(operations=[]))),
        lambda: Transaction(LEDGER, GIFT),
        lambda: Transaction(LEDGER, [bytes(GIFT)]),
        lambda: Transaction(LEDGER, [GIFT], valid_until=1.5),
        lambda: Transaction(LEDGER, [GIFT], authorizers=[A]),
        lambda: SignedTransaction(GIFT, []),
        lambda: SignedTransaction.from_bytes("00"),
        lambda: SignedTransaction.from_bytes(None),
        lambda: wire.encode_entry(GIFT),
    ],
)
def test_other_types(make) -> None:
    with pytest.raises(TypeError, match="expected"):
        make()


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: ops.KeyGrant(A, ["mnt"]), "KeyGrant.scope: expected one of open, .*, found 'mnt'"),
        (lambda: ops.KeyGrant(A, [256]), r"KeyGrant\.scope\[0\]: expected an integer from 0 to 2\*\*8 - 1, found 256"),
        (lambda: ops.Sweep(asset=A, accounts=[A, b"b"]), r"Sweep\.accounts\[1\]: expected 32 bytes, found 1"),
        (lambda: ops.Sweep(asset=A, accounts=[A] * 100_000), "expected a list of at most 60,000, found 100,000"),
        (lambda: ops.Royalty(2**16, A), r"Royalty\.bps: expected an integer from 0 to 2\*\*16 - 1, found 65536"),
        (lambda: ops.Item(1, 2**32), r"Item\.edition: expected an integer from 0 to 2\*\*32 - 1, found 4294967296"),
        (
            lambda: ops.Design(asset=A, design=1, editions=1, set=[-1]),
            r"Design\.set\[0\]: expected an integer from 0 to 2\*\*32 - 1, found -1",
        ),
        (lambda: Transaction(LEDGER, [GIFT], nonce=b"n"), "nonce: expected 16 bytes, found 1"),
        (lambda: Transaction(LEDGER, [GIFT], valid_until=-1), "valid_until: expected an integer"),
        (lambda: SignedTransaction.from_bytes(bytes(61_029)), "at most 61,028 bytes, found 61,029"),
        (lambda: wire.decode_entry(bytes(100_000_000)), "at most 65,535 bytes"),
        (lambda: wire.decode_entry(b""), "expected a tag from 00 to 03, found no bytes"),
        (lambda: wire.decode_entry(b"\x04"), "expected a tag from 00 to 03, found 04"),
        (lambda: wire.decode_operation(b"\x3f" + A), "at byte 0: expected a known tag of Operation, found 3f"),
        (lambda: wire.decode_operation(b"\x22" + A + b"\x05"), "known tag of Power, found 05"),
        (lambda: wire.decode_operation(b"\x24" + A + b"\x02\x00\x00\x00"), "a boolean, 00 or 01, found 02"),
        (lambda: wire.decode_operation(b"\x21" + A + b"\x02\x00"), r"00 \(absent\) or 01 \(present\), found 02"),
        (lambda: wire.decode_operation(b"\x35" + A + b"\xff" * 4), "at most 0 elements, found 4294967295"),
        (lambda: ops.Article(operations=["elect"]), r"Article\.operations: expected one of open, .*, found 'elect'"),
        (lambda: ops.Shares([2**64]), r"Shares\.shares\[0\]: expected an integer from 0 to 2\*\*64 - 1"),
        (lambda: ops.ballot_seal(A, B, b"s", ops.Rank([])), "salt: expected 16 bytes, found 1"),
        (lambda: wire.decode_operation(bytes(GIFT)[:-1]), "expected 1 more bytes, found 0"),
        (lambda: wire.decode_operation(bytes(GIFT) + b"\x00"), "expected 114 bytes, found 115"),
    ],
)
def test_other_values(make, found: str) -> None:
    with pytest.raises(WireError, match=found):
        make()


def test_lists_are_put_in_order_when_made_but_read_as_they_are() -> None:
    made = ops.SetKeys(account=A, keys=[ops.KeyGrant(C), ops.KeyGrant(B, [ops.Mint, "transfer", 0x10])])
    assert [grant.key for grant in made.keys] == [B, C]
    assert made.keys[0].scope == (0x10, 0x30, 0x32) == operation_tags({"open", "transfer", "mint"})
    swapped = b"\x11" + A + b"\x01" + u(4, 2) + C + b"\x00" + B + b"\x00"
    assert [grant.key for grant in wire.decode_operation(swapped).keys] == [C, B]
    assert bytes(wire.decode_operation(swapped)) == swapped


def test_names_of_powers_and_periods() -> None:
    assert ops.Renounce(asset=A, power="claw_back").power is ops.Power.CLAW_BACK  # type: ignore[arg-type]
    assert ops.Lots("month").period is ops.Period.MONTH  # type: ignore[arg-type]


def test_parameters_and_genesis() -> None:
    genesis = Genesis(origin="club.example/beans", operator=A, time=5, salt=b"s" * 16, parameters=Parameters())
    spelled = u(4, 18) + b"club.example/beans" + A + u(8, 5) + b"s" * 16
    spelled += u(8, 3_600_000) + b"\x00" + u(4, 60_000) + u(2, 1_000) + b"\x00"
    assert bytes(genesis) == spelled
    assert genesis.ledger_id == builders.record_id("ledger", spelled)
    assert wire.decode_entry(b"\x00" + spelled) == genesis
    genesis.validate()
    for origin in ("", "a b", "a+b", "é", "a\n", "x" * 256):
        with pytest.raises(WireError, match=r"Genesis\.origin: expected 1 to 255"):
            dataclasses.replace(genesis, origin=origin).validate()
    for parameters, found in (
        (Parameters(window_ms=999), r"window_ms: expected 1,000 to 86,400,000, found 999"),
        (Parameters(window_ms=86_400_001), "window_ms"),
        (Parameters(transaction_bytes_max=60_001), "transaction_bytes_max"),
        (Parameters(operations_max=0), "operations_max"),
        (Parameters(operations_max=1_001), "operations_max"),
        (Parameters(asset_creators=[]), "1 to 64 accounts, found 0"),
        (Parameters(asset_creators=[bytes([n]) * 32 for n in range(65)]), "1 to 64 accounts, found 65"),
        (Parameters(asset_creators=[A, A]), "strictly ascending"),
    ):
        with pytest.raises(WireError, match=found):
            dataclasses.replace(genesis, parameters=parameters).validate()


def test_entries() -> None:
    signed = Transaction(LEDGER, [GIFT, GIFT]).sign(ANN)
    lot = wire.LotAmount
    effects = (wire.Effect(taken=(lot(3, 5), lot(4, 6)), lapsed=(lot(0, 9),)), wire.Effect())
    applied = wire.Applied(7, signed, effects)
    entry = builders.applied(bytes(signed), [builders.moved([(3, 5), (4, 6)], [(0, 9)]), b"\x00"], time=7)
    assert wire.encode_entry(applied) == entry
    assert wire.decode_entry(entry) == applied
    commit = wire.Commit(version=1, ledger=A, rules=1, height=2, time=3, through=4, state_root=B)
    encoded = b"\x02\x01" + A + u(4, 1) + u(8, 2) + u(8, 3) + u(8, 4) + B
    assert wire.encode_entry(commit) == encoded
    assert wire.decode_entry(encoded) == commit
    change = wire.OperatorChange(new_key=A, signature=b"s" * 64)
    assert wire.decode_entry(wire.encode_entry(change)) == change
    assert wire.encode_entry(change) == b"\x03" + A + b"s" * 64
    message = b"counterfoil/operator/v1\n" + A + bytes(7) + b"\x09" + B
    assert wire.OperatorChange.message(A, 9, B) == message


@pytest.mark.parametrize(
    ("effects", "found"),
    [
        ([b"\x00"], "expected one for each of 2 operations, found 1"),
        ([b"\x00"] * 3, "expected one for each of 2 operations, found 3"),
        ([b"\x00", builders.moved([], [])], "expected the value's one encoding"),
        ([b"\x00", builders.moved([(4, 1), (3, 1)], [])], "taken: expected lots strictly ascending"),
        ([b"\x00", builders.moved([], [(4, 1), (4, 1)])], "lapsed: expected lots strictly ascending"),
        ([b"\x00", builders.moved([(4, 0)], [])], "a lot of 0 units"),
        ([b"\x00", b"\x03"], "known tag of Effect, found 03"),
        ([b"\x00", builders.executed([])], "expected one that transfer has, found executed"),
    ],
)
def test_effects_that_no_ledger_writes(effects: list[bytes], found: str) -> None:
    signed = Transaction(LEDGER, [GIFT, GIFT]).sign(ANN)
    with pytest.raises(WireError, match=found):
        wire.decode_entry(builders.applied(bytes(signed), effects))


EXECUTE = ops.Execute(proposal=A, actions=[GIFT, GIFT])


def test_effects_of_actions() -> None:
    signed = Transaction(LEDGER, [EXECUTE, GIFT, ops.Execute(proposal=B, actions=[])]).sign(ANN)
    first = wire.Effect(taken=(wire.LotAmount(3, 5),))
    applied = wire.Applied(7, signed, (wire.Executed([first, wire.Effect()]), first, wire.Executed([])))
    taken = builders.moved([(3, 5)], [])
    effects = [builders.executed([taken, b"\x00"]), taken, builders.executed([])]
    entry = builders.applied(bytes(signed), effects, time=7)
    assert wire.encode_entry(applied) == entry
    assert wire.decode_entry(entry) == applied
    assert (applied.effects[0].taken, applied.effects[0].lapsed) == ((), ())
    with pytest.raises(WireError, match="expected effects of actions, found one of an execute"):
        wire.Executed([first, wire.Executed([])])


@pytest.mark.parametrize(
    ("effect", "found"),
    [
        (b"\x00", "expected executed, of an execute"),
        (builders.moved([(3, 5)], []), "expected executed, of an execute"),
        (builders.executed([b"\x00"]), "expected one for each of 2 actions, found 1"),
        (builders.executed([b"\x00"] * 3), "expected one for each of 2 actions, found 3"),
        (builders.executed([b"\x00", builders.moved([], [])]), "expected the value's one encoding"),
        (builders.executed([b"\x00", builders.moved([(4, 1), (3, 1)], [])]), "taken: expected lots strictly ascending"),
        (builders.executed([b"\x00", builders.moved([], [(3, 0)])]), "a lot of 0 units"),
        (builders.executed([b"\x00", builders.executed([])]), "known tag of ActionEffect, found 02"),
    ],
)
def test_effects_of_actions_that_no_ledger_writes(effect: bytes, found: str) -> None:
    signed = Transaction(LEDGER, [EXECUTE]).sign(ANN)
    with pytest.raises(WireError, match=found):
        wire.decode_entry(builders.applied(bytes(signed), [effect]))


@pytest.mark.parametrize("operation", [operation for operation, _ in SPELLED], ids=lambda one: one.wire_name)
def test_no_proposal_is_about_proposals(operation: ops.Operation) -> None:
    proposed = b"\x71" + A + B + bytes(16) + b"\x00" + C + b"\x00" + u(4, 1) + u(4, 1) + bytes(operation)
    executed = b"\x78" + A + u(4, 1) + bytes(operation)
    if not 0x71 <= operation.wire_tag <= 0x78:
        assert wire.decode_operation(proposed).options == ((operation,),)
        assert wire.decode_operation(executed).actions == (operation,)
        assert ops.Execute(proposal=A, actions=[operation]) == wire.decode_operation(executed)
        return
    found = f"expected an operation that a proposal may be about, found {operation.wire_name}"
    for refuse in (
        lambda: wire.decode_operation(proposed),
        lambda: wire.decode_operation(executed),
        lambda: ops.Execute(proposal=A, actions=[operation]),
        lambda: ops.actions_hash([operation]),
    ):
        with pytest.raises(WireError, match=found):
            refuse()


def test_conditions_are_as_deep_in_an_action_as_elsewhere() -> None:
    hold = bytes(
        ops.Hold(payer=A, salt=bytes(16), asset=B, amount=1, terms=ops.Terms(settle_if=ops.ByPayer(), deadline=0))
    )
    for levels, fits in ((3, True), (4, False), (10_000, False)):
        deep = hold.replace(b"\x09\x00", b"\x02" * levels + b"\x09\x00")
        # The second one is counted from the beginning again.
        for encoded in (deep, b"\x78" + A + u(4, 2) + deep * 2):
            if fits:
                assert bytes(wire.decode_operation(encoded)) == encoded
            else:
                with pytest.raises(WireError, match="Condition nested at most 4 deep"):
                    wire.decode_operation(encoded)


def test_hashes_of_governance_as_the_reference_says() -> None:
    constitution = ops.Constitution(RULES, ARTICLES)
    assert ops.constitution_hash(constitution) == builders.sha256(RULES_BYTES + ARTICLES_BYTES)
    assert ops.rule_hash(RULES[3]) == builders.sha256(RULES_BYTES[-(33 + 2 + 6 + 56 + 16 + 2) :])
    assert ops.actions_hash([GIFT, GIFT]) == builders.sha256(b"counterfoil/actions/v1\n", u(4, 2), bytes(GIFT) * 2)
    for ballot, said in BALLOTS:
        sealed = builders.sha256(b"counterfoil/ballot/v1\n", A, B, b"s" * 16, said)
        assert ops.ballot_seal(A, B, b"s" * 16, ballot) == sealed
    assert ops.proposal_id(A, B, b"s" * 16) == builders.record_id("proposal", A, B, b"s" * 16)
    assert ops.distribution_id(A, b"s" * 16) == builders.record_id("distribution", A, b"s" * 16)
    assert ops.snapshot_id(A, 258) == builders.record_id("snapshot", A, b"\x00\x00\x01\x02")


def test_articles_are_found_by_their_operations() -> None:
    constitution = ops.Constitution(RULES, ARTICLES)
    assert constitution.article(0x32) is constitution.articles[0]
    assert constitution.article(0x70) is constitution.articles[1]
    assert constitution.article(0x33) is None


def test_frozen() -> None:
    signed = Transaction(LEDGER, [GIFT]).sign(ANN)
    for value, name in (
        (GIFT, "amount"),
        (signed, "signatures"),
        (signed.transaction, "nonce"),
        (Parameters(), "governor"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 5)
        assert not hasattr(value, "__dict__")


def test_the_vectors_are_what_the_script_makes() -> None:
    assert set(generate.render()) == {path.name for path in generate.FOLDER.glob("*.json")}
    for name, text in generate.render().items():
        assert (generate.FOLDER / name).read_text(encoding="ascii") == text, f"run {generate.__file__}"


@pytest.mark.parametrize(
    "name", [path.stem for path in sorted(generate.FOLDER.glob("*.json")) if path.stem not in ("ids", "records")]
)
def test_the_vectors_hold(name: str) -> None:
    read = {"transactions": SignedTransaction.from_bytes, "entries": wire.decode_entry}.get(name, wire.decode_operation)
    data = json.loads((generate.FOLDER / f"{name}.json").read_text(encoding="ascii"))
    for line in data["accept"]:
        assert generate.plain(read(bytes.fromhex(line["bytes"]))) == line["value"]
    for line in data["refuse"]:
        with pytest.raises(WireError):
            read(bytes.fromhex(line["bytes"]))


def test_every_operation_has_a_vector() -> None:
    assert {operation.wire_name for operation in generate.OPERATIONS} == set(NAMES)
