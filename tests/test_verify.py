"""The verifier on statements and receipts made apart from it: what holds is told, and every mutant is refused."""

from __future__ import annotations

import ast
import base64
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from counterfoil import verify
from counterfoil.exceptions import ProofError
from counterfoil.verify import (
    EQUIVOCATION,
    LAYOUTS,
    REASONS,
    TABLES,
    AccountRecord,
    AssetRecord,
    AttestationRecord,
    DebtRecord,
    DesignRecord,
    Effect,
    FreezeRecord,
    GuardiansRecord,
    Integer,
    IntegerRange,
    Item,
    ItemRecord,
    KeyGrant,
    LotAmount,
    LotRecord,
    MandateRecord,
    OnceRecord,
    Parameters,
    Reason,
    RecoveryRecord,
    RedemptionRecord,
    Requirement,
    Revocation,
    SchemaRecord,
    attestation_id,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from tests.builders import (
    ANN,
    ANN_KEY,
    BADGE,
    BEAN,
    BEAN_ISSUER,
    BOB,
    BOB_KEY,
    CLUB,
    CUP,
    EMPTY,
    NOBODY,
    RATING,
    TIME,
    World,
    applied,
    big,
    claim,
    consistency,
    constitution,
    cosign,
    cosigner_key,
    distribution_record,
    executed,
    group_record,
    hold_record,
    hold_terms,
    holding,
    join_statement,
    log_root,
    map_proof,
    map_root,
    moved,
    proposal_record,
    question,
    record_id,
    rule,
    sha256,
    sign_note,
    transaction,
    transfer,
    tree_key,
    u,
)
from tests.verifiers import Both

FILE = Path(verify.__file__)
WORLD = World.example()
VERIFIER = Both(WORLD.vkey, ledger=WORLD.ledger)
BEANS = "holders", BEAN, BOB
BALANCE = WORLD.question(*BEANS)
RECEIPT = WORLD.receipt()
RATED_ID = attestation_id(RATING, BEAN_ISSUER, ANN)
VOTE = WORLD.tables["votes", record_id("proposal", BEAN_ISSUER, ANN, b"p" * 16)][ANN][1]
SCHEMA, RATED = WORLD.tables["schemas", b""][RATING][1], WORLD.tables["attestations", RATING][RATED_ID][1]


def reason(call, *arguments: object, **named: object) -> str:
    """The code of the refusal; every message says what was expected and found."""
    with pytest.raises(ProofError) as caught:
        call(*arguments, **named)
    assert caught.value.reason in REASONS
    assert "expected" in str(caught.value)
    assert "found" in str(caught.value)
    assert len(str(caught.value)) < 1_000
    return caught.value.reason


# What is told.


def test_a_balance() -> None:
    claim = VERIFIER.balance(BALANCE)
    assert (claim.amount, claim.supply, claim.asset, claim.account) == (120, 1_320, BEAN, BOB)
    assert (claim.lots, claim.activity_day) == ((), 0)
    assert (claim.ledger, claim.origin, claim.tree_size) == (WORLD.ledger, "club.example/beans", 4)
    assert (claim.height, claim.time) == (2, TIME + 5_000)
    assert VERIFIER.balance(BALANCE, asset=BEAN, account=BOB) == claim
    assert VERIFIER.balance(WORLD.statement(*BEANS), asset=BEAN, account=BOB) == claim
    assert VERIFIER.balance(bytearray(BALANCE)) == VERIFIER.balance(memoryview(BALANCE)) == claim
    assert Both(WORLD.vkey + "\n").balance(BALANCE) == claim


def test_a_balance_with_lots() -> None:
    claim = VERIFIER.balance(WORLD.question("holders", CUP, BOB))
    assert (claim.amount, claim.supply, claim.activity_day) == (12, 12, 20_000)
    assert claim.lots == (LotAmount(672, 5), LotAmount(673, 7))


@pytest.mark.parametrize(("asset", "supply"), [(BEAN, 1_320), (CUP, 12), (b"?" * 32, 0)])
def test_absence_is_proven(asset: bytes, supply: int) -> None:
    claim = VERIFIER.balance(WORLD.question("holders", asset, NOBODY))
    assert (claim.amount, claim.supply, claim.account) == (0, supply, NOBODY)


def test_a_state_with_one_table_and_none() -> None:
    world = World.example()
    world.tables = {("holders", BEAN): {BOB: (7, b"")}}
    verifier = Both(world.vkey)
    assert verifier.balance(world.question(*BEANS)).amount == 7
    assert verifier.balance(world.question("holders", BEAN, ANN)).supply == 7
    world.tables = {}
    assert verifier.balance(world.question(*BEANS)).supply == 0


REDEMPTION = record_id("redemption", CUP, BOB, b"o" * 32)
DESIGN_ID = record_id("design", BADGE, big(4, 1))
ITEM_ID = record_id("item", BADGE, big(4, 258), big(4, 1))
DESIGN, ITEM = WORLD.tables["designs", BADGE][DESIGN_ID][1], WORLD.tables["items", BADGE][ITEM_ID][1]

HOLD, GROUP = record_id("hold", ANN, b"s" * 16), record_id("group", BOB, b"s" * 16)
HOLD_TERMS = verify.Terms(settle_if=verify.ByPayer(), payees=[verify.Share(BOB)], deadline=TIME + 10**9)
RULE = verify.Rule(
    electorate=verify.HoldersElectorate(BEAN),
    quorum_bps=1_000,
    delay_ms=86_400_000,
    voting_ms=172_800_000,
    execution_ms=259_200_000,
    snapshot_ms=3_600_000,
    proposer_weight=9,
    guardian=BOB,
    deposit=verify.Deposit(CUP, 3),
)
CONSTITUTION = verify.Constitution(
    [RULE], [verify.Article(operations=[0x30], rules=[0]), verify.Article(operations=["set_constitution"])]
)
PROPOSAL = record_id("proposal", BEAN_ISSUER, ANN, b"p" * 16)
RANKING = record_id("ranking", PROPOSAL, b"\x02\x00" + b"\xff" * 14)
DELEGATION = record_id("delegation", CLUB, ANN)
RESOLUTION = record_id("resolution", CLUB, sha256(rule()), sha256(b"subject"))
SNAPSHOT = record_id("snapshot", BEAN, big(4, 2))
DISTRIBUTION = record_id("distribution", BEAN_ISSUER, b"d" * 16)
RECORDS = [
    ("accounts", b"", ANN, AccountRecord(epoch=1, threshold=1, keys=(KeyGrant(BOB, [0x30, 0x31]),))),
    ("accounts", b"", NOBODY, AccountRecord(family=4)),
    ("accounts", b"", BEAN_ISSUER, AccountRecord(epoch=3, into=BOB)),
    ("guardians", b"", ANN, GuardiansRecord(2, (BOB, NOBODY), 86_400_000)),
    ("guardians", b"", BOB, None),
    ("recoveries", b"", ANN, RecoveryRecord(TIME, TIME + 86_400_000, 1, (KeyGrant(BOB),))),
    ("recoveries", b"", BOB, None),
    ("accounts", b"", BOB, None),
    ("freezes", BEAN, ANN, FreezeRecord(TIME, Reason(7))),
    ("freezes", CUP, ANN, None),
    (
        "redemptions",
        CUP,
        REDEMPTION,
        RedemptionRecord(BOB, ANN, b"o" * 32, TIME, 9, 2, (LotAmount(672, 7),)),
    ),
    ("redemptions", BEAN, record_id("redemption", BEAN, BOB, b"o" * 32), None),
    ("debts", BEAN, ANN, DebtRecord(TIME)),
    ("debts", BEAN, BOB, None),
    ("designs", BADGE, DESIGN_ID, DesignRecord(1, 9, (), None, 4, 2)),
    ("designs", BADGE, record_id("design", BADGE, big(4, 258)), DesignRecord(258, 3, (1, 1), RATING, 1, 0)),
    ("designs", BADGE, record_id("design", BADGE, big(4, 2)), None),
    ("designs", BEAN, DESIGN_ID, None),
    ("items", BADGE, ITEM_ID, ItemRecord(Item(258, 1), ANN, TIME)),
    ("items", BADGE, record_id("item", BADGE, big(4, 1), big(4, 4)), ItemRecord(Item(1, 4), BOB, TIME)),
    ("items", BADGE, record_id("item", BADGE, big(4, 1), big(4, 1)), None),
    ("items", BEAN, ITEM_ID, None),
    ("once", b"", record_id("once", ANN, b"k" * 32), OnceRecord(ANN, b"k" * 32, b"t" * 32)),
    ("parameters", b"", record_id("parameters"), Parameters()),
    ("lots", CUP, record_id("lot", CUP, big(4, 673)), LotRecord(673, 7, 0, 0, 0, 0, 0, 0)),
    (
        "mandates",
        b"",
        record_id("mandate", BEAN_ISSUER, BOB, BEAN),
        MandateRecord(BEAN_ISSUER, BOB, BEAN, (0x32,), 500, 86_400_000, TIME, TIME + 10**9, 0, 20),
    ),
    (
        "schemas",
        b"",
        RATING,
        SchemaRecord(
            version=1,
            creator=BEAN_ISSUER,
            name="rating",
            content=IntegerRange(-1, 5),
            issuers=(BEAN_ISSUER,),
            subjects=Requirement(CUP, BOB),
            revocable=True,
            live=1,
        ),
    ),
    (
        "attestations",
        RATING,
        attestation_id(RATING, BEAN_ISSUER, ANN),
        AttestationRecord(BEAN_ISSUER, ANN, bytes(32), TIME, TIME + 9_000, Integer(-1), None),
    ),
    (
        "attestations",
        RATING,
        attestation_id(RATING, BEAN_ISSUER, BOB),
        AttestationRecord(BEAN_ISSUER, BOB, bytes(32), TIME, None, Integer(5), Revocation(TIME + 1, Reason(7))),
    ),
    ("attestations", RATING, attestation_id(RATING, BEAN_ISSUER, ANN, b"n" * 32), None),
    ("attestations", BEAN, attestation_id(RATING, BEAN_ISSUER, ANN), None),
    ("holds", b"", HOLD, verify.HoldRecord(1, ANN, b"s" * 16, BEAN, 9, 4, 0, HOLD_TERMS, None)),
    ("holds", b"", GROUP, None),
    ("hold_groups", b"", GROUP, verify.GroupRecord(1, BOB, b"s" * 16, BEAN, TIME, HOLD_TERMS, 2, 13, 21)),
    ("accounts", b"", CLUB, AccountRecord(epoch=1, threshold=1, keys=(KeyGrant(BOB),), is_governed=True)),
    ("constitutions", b"", CLUB, verify.ConstitutionRecord(1, TIME, CONSTITUTION)),
    ("constitutions", b"", ANN, None),
    (
        "proposals",
        b"",
        PROPOSAL,
        verify.ProposalRecord(
            version=1,
            account=BEAN_ISSUER,
            proposer=ANN,
            salt=b"p" * 16,
            constitution=verify.constitution_hash(CONSTITUTION),
            rule=0,
            terms=RULE,
            title=sha256(b"title"),
            subject=sha256(b"subject"),
            options=(sha256(b"actions"),),
            snapshot=2,
            electorate=1_320,
            opened=TIME,
            ends=TIME + 259_200_000,
            counts=(380, 0, 5),
            cast=385,
            decided=380,
            voters=2,
            state=verify.ProposalVetoed(TIME, Reason(7)),
        ),
    ),
    ("votes", PROPOSAL, ANN, verify.VoteRecord(BOB, 1, 380, verify.Shares([1, 0, 0]))),
    ("votes", PROPOSAL, BOB, verify.VoteRecord(BOB, 0, 120, verify.Sealed(sha256(b"ballot")))),
    ("votes", PROPOSAL, NOBODY, None),
    ("rankings", PROPOSAL, RANKING, verify.RankingRecord((2, 0))),
    ("rankings", PROPOSAL, verify.ranking_id(PROPOSAL, (0, 2)), None),
    ("delegations", b"", DELEGATION, verify.DelegationRecord(CLUB, ANN, BOB, TIME)),
    (
        "resolutions",
        b"",
        RESOLUTION,
        verify.ResolutionRecord(CLUB, verify.rule_hash(RULE), sha256(b"subject"), 1, PROPOSAL, TIME),
    ),
    ("snapshots", b"", SNAPSHOT, verify.SnapshotRecord(BEAN, 2, TIME, TIME + 2 * 10**9, 1_320)),
    ("snapshots", b"", verify.snapshot_id(BEAN, 1), None),
    ("saved", BEAN, ANN, verify.SavedRecord((verify.SavedBalance(1, 0), verify.SavedBalance(2, 400)))),
    ("saved", BEAN, BOB, None),
    (
        "distributions",
        b"",
        DISTRIBUTION,
        verify.DistributionRecord(
            version=1,
            fund=BEAN_ISSUER,
            salt=b"d" * 16,
            asset=CUP,
            amount=90,
            basis=verify.SnapshotBasis(BEAN, 2, [BEAN_ISSUER]),
            whole=1_320,
            opened=TIME,
            deadline=TIME + 10**9,
            leftover=BEAN_ISSUER,
            reference=sha256(b"june"),
            collected=25,
            parts=1,
            closed=False,
        ),
    ),
    ("collected", DISTRIBUTION, ANN, verify.CollectedRecord(TIME)),
    ("collected", DISTRIBUTION, BOB, None),
]


@pytest.mark.parametrize(("table", "key", "identifier", "value"), RECORDS)
def test_records(table: str, key: bytes, identifier: bytes, value: object) -> None:
    data = WORLD.question(table, key, identifier)
    claim = VERIFIER.record(data)
    assert (claim.table, claim.key, claim.record_id, claim.value) == (table, key, identifier, value)
    assert claim.present == (value is not None) == (claim.raw is not None)
    assert VERIFIER.record(data, table=table, key=key, record_id=identifier) == claim
    assert VERIFIER.record(WORLD.statement(table, key, identifier), table=table, key=key, record_id=identifier) == claim
    if not key:
        assert VERIFIER.record(WORLD.statement(table, key, identifier), table=table, record_id=identifier) == claim


@pytest.mark.parametrize(("table", "key", "identifier"), [row[:3] for row in RECORDS])
def test_all_records_make_the_root_of_their_table(table: str, key: bytes, identifier: bytes) -> None:
    found = VERIFIER.record(WORLD.question(table, key, identifier))
    records = WORLD.tables.get((table, key), {})
    in_order = sorted(((each, *leaf) for each, leaf in records.items()), key=lambda row: tree_key(row[0]))
    assert (found.table_root, found.total) == verify.map_root(in_order)
    for at in range(len(in_order)):
        assert verify.map_root(in_order[:at] + in_order[at + 1 :])[0] != found.table_root


def test_a_table_that_is_absent_has_no_root() -> None:
    found = VERIFIER.record(WORLD.question("holders", b"?" * 32, BOB))
    assert (found.table_root, found.total) == (EMPTY, 0) == verify.map_root([])


# Few bytes at the front, so that paths are shared for long.
keys = st.tuples(st.sampled_from([b"\x00", b"\x01", b"\x80", b"\xff"]), st.binary(min_size=31, max_size=31))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(keys.map(b"".join), st.integers(0, 2**120), max_size=12))
def test_leaves_are_folded_to_their_root(sums: dict[bytes, int]) -> None:
    if sums:
        twin = next(iter(sums))
        sums[twin[:31] + bytes([twin[31] ^ 1])] = 7
    nodes = [(key, (verify.map_leaf(key, total, sha256(b"value")), total)) for key, total in sorted(sums.items())]
    root = verify.fold_map(nodes, verify.map_node, (EMPTY, 0))
    assert root == map_root({key: (total, b"value") for key, total in sums.items()})


def test_lists_that_are_no_map() -> None:
    low, high = sorted((ANN, BOB), key=tree_key)
    for order, reason in (
        ([(high, 1, b""), (low, 1, b"")], "wrong_leaf"),
        ([(low, 1, b""), (low, 1, b"")], "wrong_leaf"),
        ([(low, 2**127, b""), (high, 2**127, b"")], "sum_overflow"),
    ):
        with pytest.raises(ProofError) as caught:
            verify.map_root(order)
        assert caught.value.reason == reason


def test_an_asset() -> None:
    claim = VERIFIER.record(WORLD.question("assets", b"", BEAN), table="assets")
    assert isinstance(claim.value, AssetRecord)
    assert (claim.value.symbol, claim.value.supply_cap, claim.value.supply) == ("BEAN", 10**9, 1_320)
    assert [(one.number, one.until) for one in claim.value.snapshots] == [(1, TIME + 1), (2, TIME + 2 * 10**9)]
    assert (claim.value.snapshots_taken, claim.value.snapshots_at(claim.time)) == (2, claim.value.snapshots[1:])
    assert VERIFIER.record(BALANCE).value == verify.Holding(120)


def test_times_of_a_proposal() -> None:
    record = VERIFIER.pure.record(WORLD.question("proposals", b"", PROPOSAL)).value
    assert (record.starts, record.counted, record.due) == (TIME + 86_400_000, record.ends, record.ends)
    assert record.lapses == record.due + 259_200_000
    late = replace(record, ends=2**64 - 1, terms=replace(RULE, reveal_ms=5, timelock_ms=6))
    assert (late.counted, late.due, late.lapses) == (2**64 - 1,) * 3


def test_what_was_saved_of_a_balance() -> None:
    saved = VERIFIER.pure.record(WORLD.question("saved", BEAN, ANN)).value
    assert [saved.units_at(number) for number in (1, 2, 3)] == [0, 400, None]


def test_a_receipt() -> None:
    claim = VERIFIER.receipt(RECEIPT)
    assert (claim.index, claim.time, claim.tree_size, claim.origin) == (1, TIME, 4, WORLD.origin)
    body = claim.signed[: -(4 + 2 * 64)]
    assert claim.id == record_id("transaction", body)
    assert claim.entry == WORLD.entries[1]
    assert claim.signed in claim.entry
    assert claim.effects == (Effect((LotAmount(672, 100), LotAmount(673, 20)), (LotAmount(5, 1),)), Effect())
    first, second = claim.transaction.operations
    assert (first.wire_name, first.asset, first.sender, first.to, first.amount) == ("transfer", BEAN, ANN, BOB, 120)
    assert (second.amount, second.reference) == (3, None)
    assert repr(second).startswith("transfer(asset=")
    assert first != second
    with pytest.raises(AttributeError):
        _ = first.colour
    assert [one.account for one in claim.transaction.authorizers] == [ANN, BOB]
    assert Both(WORLD.vkey).receipt(RECEIPT) == claim


def test_a_checkpoint_and_consistency() -> None:
    old = World.example()
    new = replace(old, entries=[*old.log(), old.applied_entry()])
    checkpoint = VERIFIER.checkpoint(old.note())
    assert (checkpoint.origin, checkpoint.tree_size) == (WORLD.origin, 4)
    assert VERIFIER.checkpoint(old.note().decode()) == checkpoint
    proof = consistency(new.log(), 4)
    assert VERIFIER.consistency(old.note(), new.note(), proof).tree_size == 6
    assert VERIFIER.consistency(old.note(), old.note(), []) == checkpoint
    assert reason(VERIFIER.consistency, new.note(), old.note(), proof) == "wrong_log_proof"
    assert reason(VERIFIER.consistency, old.note(), new.note(), proof[:-1]) == "wrong_log_proof"
    assert reason(VERIFIER.consistency, old.note(), new.note(), [b"short"]) == "wrong_log_proof"
    assert reason(VERIFIER.consistency, old.note(), new.note(), [EMPTY] * 200) == "wrong_log_proof"
    fork = replace(old, entries=[*old.entries, old.applied_entry()])
    assert reason(VERIFIER.consistency, old.note(), fork.note(), consistency(fork.log(), 4)) == "wrong_log_proof"


# Every byte counts.


@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF])
def test_every_byte_of_a_statement_counts(change: int) -> None:
    for asked in (BEANS, ("holders", CUP, BOB), ("holders", BEAN, NOBODY), ("holders", b"?" * 32, NOBODY)):
        data = WORLD.question(*asked)
        for place in range(len(data)):
            forged = data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]
            reason(VERIFIER.balance, forged, asset=asked[1], account=asked[2])


@pytest.mark.parametrize("change", [0x01, 0x80, 0xFF])
def test_every_byte_of_a_receipt_counts(change: int) -> None:
    for place in range(len(RECEIPT)):
        reason(VERIFIER.receipt, RECEIPT[:place] + bytes([RECEIPT[place] ^ change]) + RECEIPT[place + 1 :])


def test_truncated_and_lengthened() -> None:
    for place in range(len(BALANCE)):
        reason(VERIFIER.balance, BALANCE[:place])
    for place in range(len(RECEIPT)):
        reason(VERIFIER.receipt, RECEIPT[:place])
    for more in (b"\x00", b"\n", b"x"):
        reason(VERIFIER.balance, BALANCE + more)
        reason(VERIFIER.receipt, RECEIPT + more)
        reason(VERIFIER.balance, more + BALANCE)


def test_every_record_proof_byte_counts() -> None:
    for table, key, identifier, _ in RECORDS:
        data = WORLD.question(table, key, identifier)
        for place in range(len(data)):
            forged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            reason(VERIFIER.record, forged, table=table, key=key, record_id=identifier)


def test_another_question_is_never_the_same_claim() -> None:
    """Without an expected account a changed question is a question about another; it gives no claim about this one."""
    head = len(BALANCE) - len(WORLD.statement(*BEANS))
    claim = VERIFIER.balance(BALANCE)
    for place in range(head):
        try:
            other = VERIFIER.balance(BALANCE[:place] + bytes([BALANCE[place] ^ 1]) + BALANCE[place + 1 :])
        except ProofError:
            continue
        assert other != claim
        assert other.amount == 0


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", verify._QUESTION, verify._STATEMENT, question(*BEANS), BALANCE[:200]]),
)
def test_any_bytes(data: bytes, start: bytes) -> None:
    for call in (VERIFIER.balance, VERIFIER.record, VERIFIER.receipt, VERIFIER.checkpoint):
        reason(call, start + data)
    reason(VERIFIER.balance, start + data, asset=BEAN, account=BOB)
    reason(VERIFIER.receipt, b"c2sp.org/tlog-proof@v1\n" + data)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_random_splices(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from([BALANCE, RECEIPT, WORLD.question("holders", CUP, BOB)]))
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    middle = data.draw(st.binary(max_size=40))
    forged = source[:start] + middle + source[end:]
    if forged != source:
        call = VERIFIER.receipt if source is RECEIPT else VERIFIER.balance
        expected = {} if source is RECEIPT else {"asset": CUP if source != BALANCE else BEAN, "account": BOB}
        reason(call, forged, **expected)


def test_large_inputs_are_refused_quickly() -> None:
    large = bytes(100_000_000)
    started = time.perf_counter()
    for call in (VERIFIER.balance, VERIFIER.record, VERIFIER.receipt, VERIFIER.checkpoint):
        assert reason(call, large) == "too_long"
    assert reason(VERIFIER.checkpoint, "x" * 100_000_000) == "too_long"
    assert time.perf_counter() - started < 1
    started = time.perf_counter()
    for filler in (b"\n", b"\n\n", b"A", b"\x00", "—".encode(), b"\xff", b"1"):
        for start in (b"", verify._STATEMENT, question(*BEANS), b"c2sp.org/tlog-proof@v1\nindex 0\n", RECEIPT[:60]):
            body = start + filler * (1_900_000 // len(filler))
            for call in (VERIFIER.balance, VERIFIER.receipt, VERIFIER.checkpoint):
                reason(call, body)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("data", [None, "text", 5, [1], object()])
def test_other_types(data: object) -> None:
    for call in (VERIFIER.balance, VERIFIER.record, VERIFIER.receipt):
        with pytest.raises(TypeError, match="expected bytes"):
            call(data)
    with pytest.raises(TypeError):
        Both(data if not isinstance(data, str) else b"text")  # type: ignore[arg-type]


# What a lying operator could sign: each with good hashes and signatures, and refused.


def lying(**changes: object) -> World:
    return replace(World.example(), **changes)


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (lying(commit_parts={"version": 2}), "unknown_version"),
        (lying(commit_parts={"version": 0}), "unknown_version"),
        (lying(commit_parts={"version": 2, "state_root": EMPTY + b"more"}), "unknown_version"),
        (lying(commit_parts={"ledger": b"x" * 32}), "wrong_ledger"),
        (lying(commit_parts={"state_root": b"x" * 32}), "wrong_root"),
        (lying(commit_parts={"state_root": EMPTY}), "wrong_root"),
        (lying(commit_parts={"height": 3}), "wrong_entry"),
        (lying(commit_parts={"through": 4}), "wrong_entry"),
        (lying(commit_parts={"state_root": EMPTY + b"\x00"}), "malformed_entry"),
        (lying(commit_parts={"state_root": EMPTY[1:]}), "malformed_entry"),
        (lying(after_commit=[WORLD.entries[1]]), "not_last_entry"),
        (lying(after_commit=[b"\x02" + WORLD.commit(3)]), "not_last_entry"),
        (lying(directory_sum=1), "wrong_directory"),
        (lying(operator=SigningKey(bytes(32))), "wrong_key"),
        (lying(origin="other.example"), "wrong_key"),
    ],
)
def test_commits_and_states_that_are_signed_but_wrong(world: World, expected: str) -> None:
    assert reason(VERIFIER.balance, world.question(*BEANS)) == expected


def test_another_ledger_of_the_same_key() -> None:
    world = lying(commit_parts={"ledger": b"x" * 32})
    assert Both(world.vkey).balance(world.question(*BEANS)).ledger == b"x" * 32


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ({"tree_size": "3"}, "not_last_entry"),
        ({"tree_size": "5"}, "not_last_entry"),
        ({"tree_size": "0"}, "not_last_entry"),
        ({"tree_size": "04"}, "malformed_checkpoint"),
        ({"tree_size": str(2**63)}, "malformed_checkpoint"),
        ({"root_hash": base64.b64encode(EMPTY).decode()}, "not_last_entry"),
        ({"root_hash": base64.b64encode(EMPTY[1:]).decode()}, "malformed_checkpoint"),
        ({"rest": "extension\n"}, "malformed_checkpoint"),
        ({"origin": "other.example"}, "wrong_origin"),
        ({"origin": ""}, "malformed_checkpoint"),
    ],
)
def test_checkpoints_that_are_signed_but_wrong(lines: dict[str, str], expected: str) -> None:
    parts = WORLD.parts(*BEANS)
    parts[4] = WORLD.note(**lines)
    assert reason(VERIFIER.balance, question(*BEANS) + join_statement(parts)) == expected


def parts_changed(place: int, part: bytes) -> bytes:
    parts = WORLD.parts(*BEANS)
    parts[place] = part
    return question(*BEANS) + join_statement(parts)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (parts_changed(0, b""), "truncated"),  # the table is there, so its proof must be
        (parts_changed(0, WORLD.parts("holders", BEAN, ANN)[0]), "wrong_root"),
        (parts_changed(0, WORLD.parts("holders", CUP, BOB)[0]), "wrong_root"),
        (parts_changed(1, b""), "truncated"),
        (parts_changed(1, WORLD.parts("holders", CUP, BOB)[1]), "wrong_root"),
        (parts_changed(2, b""), "wrong_entry"),
        (parts_changed(2, WORLD.entries[1]), "wrong_entry"),
        (parts_changed(2, WORLD.entries[2]), "not_last_entry"),
        (parts_changed(3, b""), "not_last_entry"),
        (parts_changed(3, bytes(31)), "malformed_statement"),
        (parts_changed(3, bytes(65 * 32)), "malformed_statement"),
        (parts_changed(3, WORLD.parts(*BEANS)[3] + bytes(32)), "not_last_entry"),
        (parts_changed(4, b""), "malformed_note"),
        (parts_changed(4, sign_note("a\n1\nb\n", "other", BOB_KEY)), "wrong_key"),
        (BALANCE + b"\x00", "trailing_bytes"),
        (BALANCE[:-1], "truncated"),
        (WORLD.statement(*BEANS), "malformed_question"),
        (b"", "malformed_question"),
        (BALANCE.replace(b"holders", b"Golders"), "unknown_table"),
        (BALANCE.replace(b"holders", b"freezes"), "wrong_question"),
        (question("holders", b"", BOB) + WORLD.statement(*BEANS), "malformed_question"),
        (question("holders", BEAN + BEAN, BOB) + WORLD.statement(*BEANS), "malformed_question"),
        (question("holders", BEAN, BOB) + BALANCE, "malformed_statement"),
        (b"counterfoil/question/v2\n in a form that nobody knows yet", "unknown_version"),
        (question("holders", BEAN, BOB) + b"counterfoil/statement/v999\n", "unknown_version"),
        (b"counterfoil/certificate/v10\n", "unknown_version"),
        (b"counterfoil/question/v0\n", "malformed_question"),
        (b"counterfoil/question/v02\n", "malformed_question"),
        (b"counterfoil/question/v1000\n", "malformed_question"),
        (b"counterfoil/question/v2", "malformed_question"),
        (b"counterfoil/Question/v2\n", "malformed_question"),
        (b"counterfoil/a-question-of-another/v2\n", "malformed_question"),
    ],
)
def test_parts_that_do_not_belong(data: bytes, expected: str) -> None:
    assert reason(VERIFIER.balance, data) == expected


def test_an_absent_table_has_no_record_proof() -> None:
    asked = "holders", b"?" * 32, NOBODY
    parts = WORLD.parts(*asked)
    assert parts[0] == b""
    for proof in (map_proof({}, tree_key(NOBODY)), b"\x00"):
        parts[0] = proof
        assert reason(VERIFIER.balance, question(*asked) + join_statement(parts)) == "trailing_bytes"


def test_a_statement_about_another_than_expected() -> None:
    assert reason(VERIFIER.balance, BALANCE, account=ANN) == "wrong_question"
    assert reason(VERIFIER.balance, BALANCE, asset=CUP) == "wrong_question"
    assert reason(VERIFIER.balance, WORLD.question("freezes", BEAN, ANN)) == "wrong_question"
    assert reason(VERIFIER.record, BALANCE, table="accounts") == "wrong_question"
    assert reason(VERIFIER.record, BALANCE, key=CUP) == "wrong_question"
    assert reason(VERIFIER.record, BALANCE, record_id=ANN) == "wrong_question"
    assert reason(VERIFIER.record, BALANCE, table="nonsense") == "unknown_table"
    assert reason(VERIFIER.balance, WORLD.statement(*BEANS), asset=BEAN, account=ANN) == "wrong_root"


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ((0, b""), "malformed_record"),
        ((12, b"\x00"), "malformed_record"),
        ((12, bytes(3)), "malformed_record"),
        ((12, holding(0, [(1, 5), (2, 6)])), "malformed_record"),
        ((12, holding(0, [(2, 5), (1, 7)])), "malformed_record"),
        ((12, holding(0, [(1, 5), (1, 7)])), "malformed_record"),
        ((12, holding(0, [(1, 0), (2, 12)])), "malformed_record"),
        ((12, holding(0, [(1, 12)]) + b"\x00"), "malformed_record"),
        ((65, holding(0, [(lot, 1) for lot in range(65)])), "malformed_record"),
    ],
)
def test_balances_that_contradict_themselves(leaf: tuple[int, bytes], expected: str) -> None:
    world = World.example()
    world.tables["holders", BEAN] = {BOB: leaf}
    assert reason(VERIFIER.balance, world.question(*BEANS)) == expected


@pytest.mark.parametrize(
    ("table", "key", "identifier", "leaf", "expected"),
    [
        ("accounts", b"", ANN, (1, b"\x01\x04"), "wrong_sum"),
        ("accounts", b"", ANN, (0, b"\x02\x04"), "malformed_record"),
        ("accounts", b"", ANN, (0, b""), "malformed_record"),
        ("accounts", b"", ANN, (0, b"\x01\x04\x00"), "malformed_record"),
        ("assets", b"", CUP, WORLD.tables["assets", b""][BEAN], "wrong_record"),
        ("assets", b"", BEAN, (0, b"\x02" + WORLD.tables["assets", b""][BEAN][1][1:]), "unknown_version"),
        ("assets", b"", BEAN, (0, b"\x02 in a form that nobody knows yet"), "unknown_version"),
        ("assets", b"", BEAN, (0, b"\x00"), "unknown_version"),
        ("once", b"", ANN, (0, ANN + b"k" * 32 + b"t" * 32), "wrong_record"),
        ("parameters", b"", ANN, WORLD.tables["parameters", b""][record_id("parameters")], "wrong_record"),
        ("schemas", b"", CUP, (0, SCHEMA), "wrong_record"),
        ("schemas", b"", RATING, (1, SCHEMA), "wrong_sum"),
        ("schemas", b"", RATING, (0, b"\x02" + SCHEMA[1:]), "unknown_version"),
        ("schemas", b"", RATING, (0, SCHEMA + b"\x00"), "malformed_record"),
        ("schemas", b"", RATING, (0, SCHEMA.replace(b"rating", b"rate\xff\xff")), "malformed_record"),
        ("schemas", b"", RATING, (0, SCHEMA.replace(b"rating\x01", b"rating\x05")), "malformed_record"),
        ("schemas", b"", RATING, (0, SCHEMA.replace(u(4, 6) + b"rating", u(4, 300) + b"rating" * 50)), "wrong_record"),
        ("attestations", BEAN, RATED_ID, (0, RATED), "wrong_record"),
        ("attestations", RATING, ANN, (0, RATED), "wrong_record"),
        ("attestations", RATING, RATED_ID, (0, RATED.replace(ANN, BOB)), "wrong_record"),
        ("attestations", RATING, RATED_ID, (1, RATED), "wrong_sum"),
        ("attestations", RATING, RATED_ID, (0, RATED[:-1] + b"\x02"), "malformed_record"),
        ("attestations", RATING, RATED_ID, (0, RATED[:-10] + b"\x02" + u(4, 5) + b"gold\x00"), "malformed_record"),
        ("attestations", RATING, RATED_ID, (0, RATED[:-10] + b"\x02" + b"\xff" * 4 + b"gold\x00"), "malformed_record"),
        ("redemptions", CUP, ANN, WORLD.tables["redemptions", CUP][REDEMPTION], "wrong_record"),
        ("redemptions", BEAN, REDEMPTION, WORLD.tables["redemptions", CUP][REDEMPTION], "wrong_record"),
        ("redemptions", CUP, REDEMPTION, (9, WORLD.tables["redemptions", CUP][REDEMPTION][1]), "wrong_sum"),
        ("debts", BEAN, ANN, (0, u(8, TIME)), "wrong_sum"),
        ("designs", BEAN, DESIGN_ID, (0, DESIGN), "wrong_record"),
        ("designs", BADGE, ITEM_ID, (0, DESIGN), "wrong_record"),
        ("designs", BADGE, DESIGN_ID, (0, u(4, 2) + DESIGN[4:]), "wrong_record"),
        ("designs", BADGE, DESIGN_ID, (1, DESIGN), "wrong_sum"),
        ("designs", BADGE, DESIGN_ID, (0, DESIGN + b"\x00"), "malformed_record"),
        ("designs", BADGE, DESIGN_ID, (0, DESIGN[:8] + b"\xff" * 4 + DESIGN[12:]), "malformed_record"),
        ("designs", BADGE, DESIGN_ID, (0, DESIGN[:12] + b"\x02" + DESIGN[13:]), "malformed_record"),
        ("items", BEAN, ITEM_ID, (1, ITEM), "wrong_record"),
        ("items", BADGE, DESIGN_ID, (1, ITEM), "wrong_record"),
        ("items", BADGE, ITEM_ID, (1, u(4, 1) + ITEM[4:]), "wrong_record"),
        ("items", BADGE, ITEM_ID, (1, ITEM[:4] + u(4, 2) + ITEM[8:]), "wrong_record"),
        ("items", BADGE, ITEM_ID, (0, ITEM), "wrong_sum"),
        ("items", BADGE, ITEM_ID, (2, ITEM), "wrong_sum"),
        ("items", BADGE, ITEM_ID, (1, ITEM[:-1]), "malformed_record"),
        ("lots", CUP, record_id("lot", CUP, big(4, 1)), (5, u(4, 2) + u(16, 5) + bytes(96)), "wrong_record"),
        ("lots", CUP, record_id("lot", CUP, big(4, 1)), (6, u(4, 1) + u(16, 5) + bytes(96)), "wrong_sum"),
        ("lots", BEAN, record_id("lot", CUP, big(4, 1)), (5, u(4, 1) + u(16, 5) + bytes(96)), "wrong_record"),
        ("holds", b"", HOLD, (1, hold_record(hold_terms())), "wrong_sum"),
        ("holds", b"", HOLD, (0, hold_record(hold_terms(), 2)), "unknown_version"),
        ("holds", b"", HOLD, (0, hold_record(hold_terms(b"\x02" * 4 + b"\x09"))), "malformed_record"),
        ("holds", b"", HOLD, (0, hold_record(hold_terms(b"\x06"))), "malformed_record"),
        ("holds", b"", GROUP, (0, hold_record(hold_terms())), "wrong_record"),
        ("hold_groups", b"", GROUP, (1, group_record(hold_terms())), "wrong_sum"),
        ("hold_groups", b"", GROUP, (0, group_record(hold_terms(), 0)), "unknown_version"),
        ("hold_groups", b"", HOLD, (0, group_record(hold_terms())), "wrong_record"),
        ("hold_groups", b"", GROUP, (0, group_record(hold_terms())[:-16]), "malformed_record"),
        ("holds", b"", HOLD, (0, hold_record(hold_terms(b"\x08"))), "malformed_record"),
        ("accounts", b"", CLUB, (0, b"\x04"), "malformed_record"),
        ("constitutions", b"", CLUB, (1, b"\x01" + u(8, TIME) + constitution()), "wrong_sum"),
        ("constitutions", b"", CLUB, (0, b"\x02" + u(8, TIME) + constitution()), "unknown_version"),
        ("constitutions", b"", CLUB, (0, b"\x01" + u(8, TIME) + constitution()[:-1]), "malformed_record"),
        ("proposals", b"", ANN, (0, proposal_record()), "wrong_record"),
        ("proposals", b"", PROPOSAL, (1, proposal_record()), "wrong_sum"),
        ("proposals", b"", PROPOSAL, (0, proposal_record(0)), "unknown_version"),
        ("proposals", b"", PROPOSAL, (0, proposal_record(1, b"\x06")), "malformed_record"),
        ("votes", PROPOSAL, ANN, (379, VOTE), "wrong_sum"),
        ("votes", PROPOSAL, ANN, (0, VOTE), "wrong_sum"),
        ("votes", PROPOSAL, ANN, (380, VOTE[:-1]), "malformed_record"),
        ("votes", PROPOSAL, ANN, (380, VOTE.replace(u(16, 380) + b"\x00", u(16, 380) + b"\x04")), "malformed_record"),
        ("votes", PROPOSAL, BOB, (120, WORLD.tables["votes", PROPOSAL][BOB][1]), "wrong_sum"),
        ("rankings", PROPOSAL, RANKING, (0, u(4, 2) + b"\x02\x00"), "wrong_sum"),
        ("rankings", PROPOSAL, RANKING, (7, u(4, 2) + b"\x00\x02"), "wrong_record"),
        ("rankings", BEAN, RANKING, (7, u(4, 2) + b"\x02\x00"), "wrong_record"),
        ("rankings", PROPOSAL, RANKING, (7, u(4, 17) + bytes(17)), "wrong_record"),
        ("delegations", b"", RANKING, WORLD.tables["delegations", b""][DELEGATION], "wrong_record"),
        ("delegations", b"", DELEGATION, (5, WORLD.tables["delegations", b""][DELEGATION][1]), "wrong_sum"),
        ("resolutions", b"", DELEGATION, WORLD.tables["resolutions", b""][RESOLUTION], "wrong_record"),
        ("resolutions", b"", RESOLUTION, (1, WORLD.tables["resolutions", b""][RESOLUTION][1]), "wrong_sum"),
        ("snapshots", b"", DELEGATION, WORLD.tables["snapshots", b""][SNAPSHOT], "wrong_record"),
        ("snapshots", b"", SNAPSHOT, (1_320, WORLD.tables["snapshots", b""][SNAPSHOT][1]), "wrong_sum"),
        ("saved", BEAN, ANN, (400, WORLD.tables["saved", BEAN][ANN][1]), "wrong_sum"),
        ("saved", BEAN, ANN, (0, u(4, 2) + u(4, 1) + u(16, 0)), "malformed_record"),
        ("distributions", b"", SNAPSHOT, (0, distribution_record()), "wrong_record"),
        ("distributions", b"", DISTRIBUTION, (90, distribution_record()), "wrong_sum"),
        ("distributions", b"", DISTRIBUTION, (0, distribution_record(2)), "unknown_version"),
        ("distributions", b"", DISTRIBUTION, (0, distribution_record(1, b"\x04" + BEAN)), "malformed_record"),
        ("collected", DISTRIBUTION, ANN, (0, u(8, TIME)), "wrong_sum"),
        ("collected", DISTRIBUTION, ANN, (25, u(8, TIME) + b"\x00"), "malformed_record"),
    ],
)
def test_records_that_contradict_themselves(
    table: str, key: bytes, identifier: bytes, leaf: tuple[int, bytes], expected: str
) -> None:
    world = World.example()
    world.tables[table, key] = {identifier: leaf}
    assert reason(VERIFIER.record, world.question(table, key, identifier)) == expected


def test_a_table_that_is_empty_has_no_entry() -> None:
    world = World.example()
    world.tables["holders", b"?" * 32] = {}
    parts = world.parts("holders", b"?" * 32, BOB)
    parts[0] = b"\x00\x00\x00"
    assert reason(VERIFIER.balance, question("holders", b"?" * 32, BOB) + join_statement(parts)) == "wrong_directory"


def test_a_proven_attestation_is_asked_whether_it_holds() -> None:
    claim = VERIFIER.record(WORLD.question("attestations", RATING, RATED_ID), table="attestations", key=RATING)
    assert claim.value.is_live(claim.time)
    assert claim.value.is_live(TIME + 8_999)
    assert not claim.value.is_live(TIME + 9_000)
    revoked = VERIFIER.record(WORLD.question("attestations", RATING, attestation_id(RATING, BEAN_ISSUER, BOB)))
    assert not revoked.value.is_live(0)


# Freshness.


def test_freshness() -> None:
    at = TIME + 5_000
    for now, expected in (
        (at, None),
        (at + 300_000, None),
        (at - 300_000, None),
        (at + 300_001, "stale"),
        (at - 300_001, "from_the_future"),
        (0, "from_the_future"),
        (2**64, "stale"),
    ):
        if expected is None:
            assert VERIFIER.balance(BALANCE, now_ms=now).time == at
        else:
            assert reason(VERIFIER.balance, BALANCE, now_ms=now) == expected
            assert reason(VERIFIER.record, BALANCE, now_ms=now) == expected
    # A statement is too old whatever else is wrong with what it says of a record.
    forged = parts_changed(0, WORLD.parts(*BEANS)[0][:-1])
    assert reason(VERIFIER.balance, forged, now_ms=at + 300_001) == "stale"
    assert VERIFIER.balance(BALANCE, now_ms=at + 10**6, max_age_ms=10**6).time == at
    assert reason(VERIFIER.balance, BALANCE, now_ms=at + 10**6, max_age_ms=10**6 - 1) == "stale"
    strict = Both(WORLD.vkey, tolerance_ms=0)
    assert strict.balance(BALANCE, now_ms=at).time == at
    assert reason(strict.balance, BALANCE, now_ms=at + 1) == "stale"
    assert reason(strict.balance, BALANCE, now_ms=at - 1) == "from_the_future"


def test_freshness_by_the_clock() -> None:
    now = time.time_ns() // 1_000_000
    fresh = lying(commit_parts={"time": now})
    assert VERIFIER.balance(fresh.question(*BEANS), max_age_ms=60_000).time == now
    old = lying(commit_parts={"time": now - 120_000})
    assert reason(VERIFIER.balance, old.question(*BEANS), max_age_ms=60_000) == "stale"
    ahead = lying(commit_parts={"time": now + 400_000})
    assert reason(VERIFIER.balance, ahead.question(*BEANS), max_age_ms=60_000) == "from_the_future"


# Witnesses.

SHOP, PRESS = SigningKey(b"S" * 32), SigningKey(b"P" * 32)
WITNESSES = [cosigner_key("shop.example/witness", SHOP), cosigner_key("press.example/witness", PRESS)]
AT = (TIME + 5_000) // 1_000


def witnessed(*times: int, note: bytes | None = None) -> bytes:
    """The statement, cosigned by the shop at the first time, and by the press at the second."""
    keys = zip(("shop.example/witness", "press.example/witness"), (SHOP, PRESS), times, strict=False)
    parts = WORLD.parts(*BEANS)
    parts[4] = (note or parts[4]) + b"".join(cosign(parts[4], name, key, at) for name, key, at in keys)
    return question(*BEANS) + join_statement(parts)


def test_witnesses() -> None:
    both = Both(WORLD.vkey, witnesses=WITNESSES)
    claim = both.balance(witnessed(AT, AT + 9))
    assert claim.amount == 120
    assert [(each.witness.text, each.time) for each in claim.cosignatures] == list(
        zip(WITNESSES, (AT, AT + 9), strict=True)
    )
    assert both.record(witnessed(AT, AT + 9)).cosignatures == claim.cosignatures
    one = Both(WORLD.vkey, witnesses=WITNESSES, need=1)
    assert len(one.balance(witnessed(AT)).cosignatures) == 1
    assert Both(WORLD.vkey, witnesses=WITNESSES, need=0).balance(BALANCE).cosignatures == ()
    assert Both(WORLD.vkey, witnesses=[]).balance(witnessed(AT, AT)).cosignatures == ()
    assert VERIFIER.balance(witnessed(AT, AT)) == VERIFIER.balance(BALANCE)
    note = WORLD.note()
    cosigned = note + cosign(note, "shop.example/witness", SHOP, AT)
    assert len(one.checkpoint(cosigned).cosignatures) == 1
    assert len(one.receipt(WORLD.receipt(note=cosigned)).cosignatures) == 1
    assert one.consistency(cosigned, cosigned, []).tree_size == 4


def test_too_few_witnesses() -> None:
    both, one = Both(WORLD.vkey, witnesses=WITNESSES), Both(WORLD.vkey, witnesses=WITNESSES, need=1)
    assert reason(both.balance, BALANCE) == "too_few_witnesses"
    assert reason(both.balance, witnessed(AT)) == "too_few_witnesses"
    assert reason(one.balance, BALANCE) == "too_few_witnesses"
    assert reason(one.receipt, RECEIPT) == "too_few_witnesses"
    assert reason(one.checkpoint, WORLD.note()) == "too_few_witnesses"
    note = WORLD.note()
    # Twice the same one is one, and a stranger is none; a witness of the name with another key, too.
    twice = note + cosign(note, "shop.example/witness", SHOP, AT) * 2
    assert reason(both.checkpoint, twice) == "too_few_witnesses"
    assert reason(one.checkpoint, note + cosign(note, "other.example", SHOP, AT)) == "too_few_witnesses"
    assert reason(one.checkpoint, note + cosign(note, "shop.example/witness", PRESS, AT)) == "too_few_witnesses"


def test_cosignatures_that_do_not_hold() -> None:
    one = Both(WORLD.vkey, witnesses=WITNESSES, need=1)
    note, other = WORLD.note(), lying(after_commit=[WORLD.entries[1]]).note()
    assert reason(one.checkpoint, note + cosign(other, "shop.example/witness", SHOP, AT)) == "bad_signature"
    line = cosign(note, "shop.example/witness", SHOP, AT)
    moved_on = cosign(note, "shop.example/witness", SHOP, AT, stated=AT + 1)
    assert reason(one.checkpoint, note + moved_on) == "bad_signature"
    assert reason(one.checkpoint, note + line[:-9] + b"\n") == "bad_signature"
    assert reason(one.checkpoint, note + line[:-2] + b"\n") == "malformed_note"
    # The operator has not signed it.
    alone = note[: note.index(b"\n\n") + 2] + line
    assert reason(one.checkpoint, alone) == "wrong_key"


@pytest.mark.parametrize("late", [300, -300])
def test_witnesses_tell_the_time(late: int) -> None:
    one = Both(WORLD.vkey, witnesses=WITNESSES, need=1)
    assert one.balance(witnessed(AT + late)).amount == 120
    assert reason(one.balance, witnessed(AT + late + late // 300)) == "wrong_time"
    assert one.balance(witnessed(AT + late * 9, AT)).amount == 120
    assert reason(Both(WORLD.vkey, witnesses=WITNESSES).balance, witnessed(AT + late * 9, AT)) == "wrong_time"


def test_a_verifier_of_no_witnesses() -> None:
    with pytest.raises(ValueError, match="need: expected at most 2 witnesses, found 3"):
        Both(WORLD.vkey, witnesses=WITNESSES, need=3)
    with pytest.raises(TypeError, match="witnesses: expected a list of verifier keys, found str"):
        Both(WORLD.vkey, witnesses=WITNESSES[0])
    assert reason(Both, WORLD.vkey, witnesses=[WORLD.vkey]) == "wrong_key"
    assert reason(Both, WORLD.vkey, witnesses=WITNESSES[:1] * 2) == "ambiguous_key"
    assert reason(Both, WITNESSES[0]) == "wrong_key"


# Receipts that are signed but wrong.


def receipt_of(entry: bytes, index: int = 1) -> bytes:
    return WORLD.with_entry(entry).receipt(index)


def entry_of(
    *, ledger: bytes | None = None, time_ms: int = TIME, effects: list[bytes] | None = None, **parts: object
) -> bytes:
    signed = transaction(ledger or WORLD.ledger, [transfer(5)], [ANN_KEY], **parts)
    return applied(signed, [b"\x00"] if effects is None else effects, time_ms)


ANN_LISTED = ANN + b"\x00"
OTHERS = ANN_KEY.sign(b"something else").signature
LATER_TRANSACTION = b"\x01" + u(8, TIME) + b"\x02 in a form that nobody knows yet"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (entry_of(ledger=b"x" * 32), "wrong_ledger"),
        (entry_of(version=2), "unknown_version"),
        (entry_of(version=0), "unknown_version"),
        (LATER_TRANSACTION, "unknown_version"),
        (applied(transaction(WORLD.ledger, [b"\xef" + bytes(40)], [ANN_KEY]), [b"\x00"]), "unknown_version"),
        (entry_of(time_ms=TIME + 60_000), "malformed_transaction"),
        (entry_of(authorizers=[], signatures=[]), "malformed_transaction"),
        (entry_of(authorizers=[ANN_LISTED] * 2, signatures=[OTHERS] * 2), "malformed_transaction"),
        (entry_of(authorizers=[bytes([n]) * 32 + b"\x00" for n in range(17)]), "malformed_transaction"),
        (entry_of(signatures=[]), "malformed_transaction"),
        (entry_of(signatures=[OTHERS, OTHERS]), "malformed_transaction"),
        (entry_of(signatures=[OTHERS]), "bad_transaction_signature"),
        (entry_of(signatures=[bytes(64)]), "bad_transaction_signature"),
        (entry_of(authorizers=[BOB + b"\x00"]), "bad_transaction_signature"),
        (entry_of(authorizers=[ANN + b"\x01" + BOB]), "bad_transaction_signature"),
        (applied(transaction(WORLD.ledger, [], [ANN_KEY]), []), "malformed_transaction"),
        (entry_of(effects=[]), "malformed_entry"),
        (entry_of(effects=[moved([], [])]), "malformed_entry"),
        (entry_of(effects=[moved([(2, 1), (1, 1)], [])]), "malformed_entry"),
        (entry_of() + b"\x00", "malformed_entry"),
        (entry_of()[:-1], "malformed_entry"),
        (applied(transaction(WORLD.ledger, [transfer(5)] * 600, [ANN_KEY]), [b"\x00"] * 600), "malformed_entry"),
        (WORLD.entries[0], "wrong_entry"),
        (WORLD.entries[2], "wrong_entry"),
        (b"\x04" + bytes(50), "wrong_entry"),
    ],
)
def test_entries_that_are_in_the_log_but_wrong(entry: bytes, expected: str) -> None:
    assert reason(VERIFIER.receipt, receipt_of(entry)) == expected


def test_the_largest_transaction() -> None:
    def collecting(size: int) -> bytes:
        """A transaction of so many bytes, nearly all of them one field."""
        collect = b"\x83" + bytes(32) + u(4, 1) + bytes(32)
        rest = len(transaction(WORLD.ledger, [collect + u(4, 0)], [ANN_KEY])) - (4 + 64)
        padded = collect + u(4, size - rest) + bytes(size - rest)
        return receipt_of(applied(transaction(WORLD.ledger, [padded], [ANN_KEY]), [b"\x00"]))

    assert VERIFIER.receipt(collecting(60_000)).index == 1
    assert reason(VERIFIER.receipt, collecting(60_001)) == "malformed_transaction"
    # One field alone is longer than that.
    assert reason(VERIFIER.receipt, collecting(60_500)) == "malformed_transaction"


def executing(actions: list[bytes], effects: list[bytes]) -> bytes:
    """A receipt of an executed proposal with these actions."""
    execute = b"\x78" + PROPOSAL + u(4, len(actions)) + b"".join(actions)
    return receipt_of(applied(transaction(WORLD.ledger, [execute], [BOB_KEY]), effects))


def test_a_receipt_of_actions() -> None:
    made = [transfer(5), claim(WORLD.ledger, [ANN_KEY, BOB_KEY])]
    receipt = VERIFIER.receipt(executing(made, [executed([b"\x00", moved([(3, 5)], [])])]))
    assert receipt.effects == (verify.Executed([Effect(), Effect((LotAmount(3, 5),))]),)
    assert [each.wire_name for each in receipt.transaction.operations[0].actions] == ["transfer", "claim"]
    assert VERIFIER.receipt(executing([], [executed([])])).effects == (verify.Executed([]),)


@pytest.mark.parametrize(
    ("actions", "effects", "expected"),
    [
        ([transfer(5)], [b"\x00"], "malformed_entry"),
        ([transfer(5)], [moved([(3, 5)], [])], "malformed_entry"),
        ([transfer(5)], [executed([])], "malformed_entry"),
        ([transfer(5)], [executed([b"\x00"] * 2)], "malformed_entry"),
        ([transfer(5)], [executed([moved([(3, 0)], [])])], "malformed_entry"),
        ([transfer(5)], [executed([executed([])])], "malformed_entry"),
        ([b"\x76" + PROPOSAL], [executed([b"\x00"])], "malformed_entry"),
        ([claim(b"x" * 32, [ANN_KEY])], [executed([b"\x00"])], "bad_transaction_signature"),
    ],
)
def test_receipts_of_actions_that_are_wrong(actions: list[bytes], effects: list[bytes], expected: str) -> None:
    assert reason(VERIFIER.receipt, executing(actions, effects)) == expected


def test_what_only_an_execution_does() -> None:
    entry = applied(transaction(WORLD.ledger, [transfer(5)], [ANN_KEY]), [executed([b"\x00"])])
    assert reason(VERIFIER.receipt, receipt_of(entry)) == "malformed_entry"


def claiming(claim: bytes) -> bytes:
    """A receipt of a transaction that Bob signed: a transfer and a claim."""
    return receipt_of(applied(transaction(WORLD.ledger, [transfer(5, BOB), claim], [BOB_KEY]), [b"\x00"] * 2))


def test_a_receipt_of_slips() -> None:
    made = claim(WORLD.ledger, [ANN_KEY, BOB_KEY])
    receipt = VERIFIER.receipt(claiming(made))
    slips = receipt.transaction.operations[1].slips
    assert [(each.slip.amount, each.slip.parties) for each in slips] == [(120, (ANN,))] * 2
    assert [[one.key for one in each.signatures] for each in slips] == [[ANN, BOB]] * 2


def test_a_receipt_of_slips_that_their_roles_signed_elsewhere() -> None:
    assert VERIFIER.receipt(claiming(claim(WORLD.ledger, []))).transaction.operations[1].slips[0].signatures == ()


@pytest.mark.parametrize(
    "forged",
    [
        claim(b"x" * 32, [ANN_KEY]),
        claim(WORLD.ledger, [ANN_KEY]).replace(sha256(b"fair"), sha256(b"another")),
        claim(WORLD.ledger, [ANN_KEY]).replace(u(16, 120), u(16, 121)),
        claim(WORLD.ledger, [ANN_KEY]).replace(sha256(b"game"), bytes(32)),
        claim(WORLD.ledger, [ANN_KEY]).replace(ANN + bytes([1]), BOB + bytes([1])),
        claim(WORLD.ledger, [ANN_KEY, BOB_KEY]).replace(b"\x01" + BOB, b"\x01" + NOBODY),
        claim(WORLD.ledger, [BOB_KEY])[:-64] + OTHERS,
        claim(WORLD.ledger, [BOB_KEY])[:-64] + bytes(64),
    ],
    ids=["ledger", "campaign", "amount", "reference", "party", "key", "signature", "zeros"],
)
def test_a_receipt_of_forged_slips(forged: bytes) -> None:
    assert reason(VERIFIER.receipt, claiming(forged)) == "bad_transaction_signature"


def test_a_key_of_an_account_with_a_record() -> None:
    body = transaction(WORLD.ledger, [transfer(5)], [ANN_KEY], authorizers=[NOBODY + b"\x01" + ANN])
    claim = VERIFIER.receipt(receipt_of(applied(body, [b"\x00"])))
    assert claim.transaction.authorizers == (verify.Authorizer(NOBODY, ANN),)


def test_applied_entries_stand_between_genesis_and_the_last_commit() -> None:
    world = lying(entries=[WORLD.entries[1], *WORLD.entries[1:]])
    assert reason(VERIFIER.receipt, world.receipt(0)) == "wrong_entry"
    world = lying(after_commit=[WORLD.entries[1]])
    assert reason(VERIFIER.receipt, world.receipt(4)) == "wrong_entry"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (RECEIPT.replace(b"index 1", b"index 2"), "wrong_log_proof"),
        (RECEIPT.replace(b"index 1", b"index 01"), "malformed_receipt"),
        (RECEIPT.replace(b"index 1", b"index 99"), "wrong_log_proof"),
        (RECEIPT.replace(b"index 1", b"index -1"), "malformed_receipt"),
        (RECEIPT.replace(b"index 1", b"index 99999999999999999999999"), "malformed_receipt"),
        (RECEIPT.replace(b"@v1", b"@v2"), "malformed_receipt"),
        (RECEIPT.replace(b"extra ", b"other "), "malformed_receipt"),
        (b"\n".join(line for line in RECEIPT.split(b"\n") if not line.startswith(b"extra")), "malformed_receipt"),
        (RECEIPT.replace(b"\n\n", b"\n", 1), "malformed_receipt"),
        (RECEIPT.replace(b"\n", b"\r\n"), "malformed_receipt"),
        (RECEIPT.replace(b"\n\n", b"\n" + base64.b64encode(EMPTY) + b"\n\n", 1), "wrong_log_proof"),
        (RECEIPT.replace(b"\n\n", (b"\n" + base64.b64encode(EMPTY)) * 64 + b"\n\n", 1), "malformed_receipt"),
        (WORLD.receipt(entry=WORLD.entries[2]), "wrong_log_proof"),
        (WORLD.receipt(note=sign_note("a\n1\nb\n", "other", BOB_KEY)), "wrong_key"),
        (WORLD.receipt(note=WORLD.note(origin="other.example")), "wrong_origin"),
        (BALANCE, "malformed_receipt"),
    ],
)
def test_receipts_that_are_not_as_they_should_be(data: bytes, expected: str) -> None:
    assert reason(VERIFIER.receipt, data) == expected


# Two histories.


def evidence(*notes_and_hashes: bytes) -> bytes:
    first, second, *proof = notes_and_hashes
    return EQUIVOCATION + b"".join(big(4, len(part)) + part for part in (first, second, b"".join(proof)))


FORK = replace(WORLD, entries=[WORLD.entries[0], entry_of(), *WORLD.entries[2:]])
GROWN = replace(WORLD, entries=[*WORLD.log(), WORLD.applied_entry()])
IMPLIED = [log_root(WORLD.log()), *consistency(GROWN.log(), 4)]
EVIDENCE = evidence(FORK.note(), GROWN.note(), *IMPLIED)


def test_evidence() -> None:
    roots = log_root(FORK.log()), log_root(WORLD.log())
    claim = VERIFIER.equivocation(evidence(FORK.note(), WORLD.note()))
    assert (claim.origin, claim.tree_size, claim.root_hashes) == (WORLD.origin, 4, roots)
    grown = VERIFIER.equivocation(EVIDENCE)
    assert (grown.origin, grown.tree_size, grown.root_hashes) == (WORLD.origin, 4, roots)
    # Who has cosigned them does not matter, nor who has not.
    strict = Both(WORLD.vkey, witnesses=WITNESSES)
    assert strict.equivocation(EVIDENCE) == grown
    forged = FORK.note() + cosign(WORLD.note(), "shop.example/witness", SHOP, AT)
    assert strict.equivocation(evidence(forged, WORLD.note())).root_hashes == roots


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (evidence(WORLD.note(), WORLD.note()), "no_contradiction"),
        (evidence(WORLD.note(), GROWN.note(), *IMPLIED), "no_contradiction"),
        (evidence(FORK.note(), GROWN.note()), "no_contradiction"),
        (evidence(FORK.note(), GROWN.note(), IMPLIED[0]), "no_contradiction"),
        (evidence(FORK.note(), GROWN.note(), *[EMPTY] * 129), "no_contradiction"),
        (evidence(FORK.note(), GROWN.note(), *[EMPTY] * 128), "wrong_log_proof"),
        (evidence(FORK.note(), GROWN.note(), log_root(FORK.log()), *IMPLIED[1:]), "wrong_log_proof"),
        (evidence(FORK.note(), GROWN.note(), *IMPLIED[:-1], IMPLIED[-1][:31]), "wrong_log_proof"),
        (evidence(GROWN.note(), FORK.note(), *IMPLIED), "wrong_log_proof"),
        (evidence(FORK.note(), WORLD.note(), *IMPLIED), "wrong_log_proof"),
        (evidence(FORK.note(), WORLD.note(tree_size="0")), "no_contradiction"),
        (evidence(WORLD.note(tree_size="0"), GROWN.note(), *IMPLIED), "wrong_log_proof"),
    ],
)
def test_evidence_that_shows_no_contradiction(data: bytes, expected: str) -> None:
    assert reason(VERIFIER.equivocation, data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (EVIDENCE[:-1], "truncated"),
        (EQUIVOCATION, "truncated"),
        (EQUIVOCATION + big(4, 2**32 - 1), "truncated"),
        (EVIDENCE + b"\x00", "trailing_bytes"),
        (b"x" + EVIDENCE, "malformed_note"),
        (EVIDENCE.replace(b"/v1\n", b"/v2\n", 1), "unknown_version"),
        (evidence(FORK.note(), b""), "malformed_note"),
        (evidence(FORK.note(), WORLD.note(origin="other.example")), "wrong_origin"),
        (evidence(FORK.note(), WORLD.note(rest="more\n")), "malformed_checkpoint"),
        (evidence(sign_note("a\n4\nb\n", "other", BOB_KEY), WORLD.note()), "wrong_key"),
        (evidence(FORK.note(), WORLD.note().replace(b"\n4\n", b"\n5\n")), "bad_signature"),
    ],
)
def test_evidence_that_is_not_as_it_should_be(data: bytes, expected: str) -> None:
    assert reason(VERIFIER.equivocation, data) == expected


# The file itself.


def test_the_file_stands_alone(tmp_path: Path) -> None:
    """Copied into a client under another name, with nothing of Counterfoil in sight, it verifies."""
    (tmp_path / "vendored.py").write_bytes(FILE.read_bytes())
    (tmp_path / "bob.statement").write_bytes(BALANCE)
    script = (
        "import sys; sys.path.insert(0, '.'); import vendored; from pathlib import Path;"
        f"claim = vendored.Verifier({WORLD.vkey!r}).balance(Path('bob.statement').read_bytes());"
        "assert not any(name.startswith('counterfoil') for name in sys.modules); print(claim.amount, claim.supply)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "120 1320\n"


def test_it_imports_only_the_standard_library_and_nacl() -> None:
    imported = set()
    for node in ast.walk(ast.parse(FILE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or ".").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"nacl"}


def test_every_reason_is_used_and_no_other() -> None:
    """Reasons are literals: arguments of calls, or the value of a variable."""
    used = set()
    for node in ast.walk(ast.parse(FILE.read_text(encoding="utf-8"))):
        values = node.args if isinstance(node, ast.Call) else [node.value] if isinstance(node, ast.Assign) else []
        used |= {value.value for value in values if isinstance(value, ast.Constant)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_refuse":
            assert isinstance(node.args[0], ast.Name) or node.args[0].value in REASONS
    assert set(REASONS) <= used
    assert len(set(REASONS)) == len(REASONS)


def test_every_layout_is_used() -> None:
    assert {layout for _, layout in TABLES.values()} - {"Holding"} <= set(LAYOUTS)


def test_speed() -> None:
    """A statement takes well under 2 ms; the bound here is loose, for machines that are busy."""
    for _ in range(10):
        VERIFIER.pure.balance(BALANCE)
    best = min(timed() for _ in range(50))
    assert best < 0.004, f"{best * 1_000:.2f} ms"


def timed() -> float:
    started = time.perf_counter()
    VERIFIER.pure.balance(BALANCE)
    return time.perf_counter() - started


def test_a_verifier_of_another_key() -> None:
    other = World.example()
    other.operator = SigningKey(sha256(b"other"))
    assert reason(Both(other.vkey).balance, BALANCE) == "wrong_key"
    assert reason(Both, "no key") == "wrong_key"


def test_the_verifier_alone_reads_every_operation() -> None:
    # Other modules add their own classes to a codec of their own: the verifier's has none of them.
    cases = [
        case["bytes"]
        for family in ("account", "asset", "move", "hold", "campaign", "attest", "governance", "distribute", "ledger")
        for case in json.loads((Path(__file__).parent / "vectors" / f"{family}.json").read_text())["accept"]
    ]
    for case in cases:
        operation = verify.CODEC.decode("Operation", bytes.fromhex(case))
        assert type(operation) is verify.Operation
        assert verify.CODEC.encode("Operation", operation).hex() == case
