"""What a member takes along beside balances and items: holds, what was attested of him, receipts; and the page of it.

That a bundle is refused where anything in it is changed is asked in `test_collections.py`.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from counterfoil import Key, Ledger, ops, page
from counterfoil.exceptions import OperatorKeyError, ProofError, ReadOnlyError
from counterfoil.exit import _MADE, exit_bundle, exit_page, verify_exit_bundle
from counterfoil.ops import (
    Attest,
    Distribute,
    Hold,
    KeyGrant,
    Open,
    OpenGroup,
    Revoke,
    Schema,
    Settle,
    Share,
    SignedBy,
    Terms,
    group_id,
    hold_id,
    schema_id,
)
from counterfoil.verify import LeavesBasis, Verifier, attestation_id, distribution_id, named_account

CLUB, ANN, BOB, FILM = (Key.from_seed(bytes([number]) * 32) for number in (41, 42, 43, 44))
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""
LATER = START + 86_400_000
SALT = b"s" * 16
GIFT, PLEDGE, SPENT = hold_id(BOB.account, SALT), hold_id(ANN.account, SALT), hold_id(BOB.account, b"t" * 16)
FOUNDER, MEMBER = schema_id(CLUB.account, "founder"), schema_id(CLUB.account, "member")
NEEDS_PAGE = pytest.mark.skipif(
    not Path(page.__file__).with_name("page.html").exists(), reason="no page: Node.js of version 20 builds it"
)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=CLUB, time=START) as made:
        yield made


@pytest.fixture
def bean(ledger):
    """Ann has 100, 30 of them pledged in a group, and 20 of Bob's wait for her. She is a founder, and was a member."""
    bean = ledger.create_asset(CLUB, "BEAN", time=START)
    for key in (ANN, BOB):
        ledger.mint(CLUB, bean, to=key.account, amount=100, time=START)
    gift = Terms(settle_if=SignedBy(1, [BOB.account]), payees=[Share(ANN.account)], deadline=LATER)
    raising = Terms(settle_if=SignedBy(1, [CLUB.account]), payees=[Share(FILM.account)], deadline=LATER)
    raise_id = group_id(FILM.account, SALT)
    ledger.execute(
        [OpenGroup(owner=FILM.account, salt=SALT, asset=bean, closes=LATER, terms=raising)], FILM, time=START
    )
    ledger.execute([Hold(payer=ANN.account, salt=SALT, asset=bean, amount=30, group=raise_id)], ANN, time=START)
    for salt, amount in ((SALT, 20), (b"t" * 16, 5)):
        ledger.execute([Hold(payer=BOB.account, salt=salt, asset=bean, amount=amount, terms=gift)], BOB, time=START)
    ledger.execute([Settle(hold=SPENT)], BOB, time=START)
    for name, schema in (("founder", FOUNDER), ("member", MEMBER)):
        ledger.execute([Schema(creator=CLUB.account, name=name)], CLUB, time=START)
        ledger.execute([Attest(schema=schema, issuer=CLUB.account, subject=ANN.account)], CLUB, time=START)
    ledger.execute([Revoke(schema=MEMBER, issuer=CLUB.account, subject=ANN.account)], CLUB, time=START)
    ledger.execute([Attest(schema=FOUNDER, issuer=CLUB.account, subject=BOB.account)], CLUB, time=START)
    return bean


@pytest.fixture
def bundle(ledger, bean):  # noqa: ARG001 - what it has is told by the bean
    return exit_bundle(ledger, ANN.account, time=START)


def parts_of(bundle):
    place, found = 52, []
    while place < len(bundle):
        size = int.from_bytes(bundle[place : place + 4], "little")
        found.append(bundle[place + 4 : place + 4 + size])
        place += 4 + size
    return found


def joined(bundle, parts):
    return bundle[:52] + b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def test_holds_and_what_was_attested(ledger, bean, bundle):
    claim = verify_exit_bundle(bundle, ledger.verifier_key, account=ANN.account, ledger=ledger.id)
    assert {asset: held.amount for asset, held in claim.balances.items()} == {bean: 75}
    assert {hold: record.amount for hold, record in claim.holds.items()} == {GIFT: 20, PLEDGE: 30}
    assert claim.groups[claim.holds[PLEDGE].group].owner == FILM.account
    assert {schema: record.name for schema, record in claim.schemas.items()} == {FOUNDER: "founder"}
    assert [each.subject for each in claim.attestations[FOUNDER]] == [ANN.account]


def test_receipts_of_all_that_was_done_with_the_account(ledger, bundle):
    claim = verify_exit_bundle(bundle, ledger.verifier_key)
    assert [each.id for each in claim.receipts] == [each.id for each in ledger.transactions(ANN.account)]
    names = [operation.wire_name for each in claim.receipts for operation in each.transaction.operations]
    assert names == ["mint", "hold", "hold", "hold", "attest", "attest", "revoke"]


def test_a_checkpoint_that_tells_all_is_not_made_again(ledger, bean, tmp_path):
    note = ledger.checkpoint(time=START)
    size = ledger.size
    bundle = exit_bundle(ledger, ANN.account)
    assert (ledger.size, ledger.last_checkpoint) == (size, note)
    assert all(note.encode() in part for part in parts_of(bundle))
    ledger.close()
    with Ledger.open(tmp_path / "club", read_only=True) as reader:
        assert exit_bundle(reader, ANN.account) == bundle
    with Ledger.open(tmp_path / "club") as keyless:
        keyless.mint(CLUB, bean, to=BOB.account, amount=1, time=START)
        with pytest.raises(OperatorKeyError):
            exit_bundle(keyless, ANN.account)
    with Ledger.open(tmp_path / "club", read_only=True) as reader, pytest.raises(ReadOnlyError):
        exit_bundle(reader, ANN.account)


def test_witnesses_are_asked_for(ledger, bundle):
    witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    with pytest.raises(ProofError) as caught:
        verify_exit_bundle(bundle, ledger.verifier_key, witnesses=[witness])
    assert caught.value.reason == "too_few_witnesses"
    assert verify_exit_bundle(bundle, ledger.verifier_key, witnesses=[witness], need=0).cosignatures == ()


def test_parts_that_do_not_belong_together_are_refused(ledger, bean, bundle):
    vkey = ledger.verifier_key
    parts = parts_of(bundle)
    receipts = [part for part in parts if part.startswith(b"c2sp")]
    statements = parts[: -len(receipts)]
    tables = [Verifier(vkey).record(part).table for part in statements]
    assert tables == ["accounts", "assets", "holders", "hold_groups", "holds", "holds", "schemas", "attestations"]
    of = dict(zip(tables, statements, strict=True))
    theirs = [
        bytes(ledger.prove("holds", hold_id(BOB.account, b"t" * 16))),
        bytes(ledger.prove("attestations", _attested(BOB), key=FOUNDER)),
        bytes(ledger.prove("attestations", _attested(ANN, MEMBER), key=MEMBER)),
        bytes(ledger.prove("schemas", MEMBER)),
    ]
    indexes = {applied.index for applied in ledger.transactions(ANN.account)}
    strange = [applied.index for applied in ledger.transactions(BOB.account) if applied.index not in indexes]
    stranger = [bytes(ledger.prove_entry(index)) for index in strange[:1]]
    without = lambda table: [part for name, part in zip(tables, statements, strict=True) if name != table]  # noqa: E731
    ledger.mint(CLUB, bean, to=ANN.account, amount=1, time=START)
    later = parts_of(exit_bundle(ledger, ANN.account, time=START))
    for reason, made in (
        ("wrong_record", without("assets")),
        ("wrong_record", without("hold_groups")),
        ("wrong_record", without("schemas")),
        ("wrong_question", [*statements, theirs[1]]),
        ("wrong_question", [*statements, theirs[3], theirs[2]]),
        ("wrong_question", [*statements, of["schemas"]]),
        ("malformed_receipt", [*statements, receipts[0], theirs[0]]),
        ("wrong_question", receipts),
        ("wrong_entry", [*statements, receipts[0], receipts[0]]),
        ("wrong_entry", [*statements, receipts[1], receipts[0]]),
        ("wrong_root", [*statements, later[-1]]),
        ("wrong_log_proof", [*statements, receipts[0].replace(b"index ", b"index 1")]),
        ("wrong_entry", [*statements, *stranger]),
    ):
        with pytest.raises(ProofError) as caught:
            verify_exit_bundle(joined(bundle, made), vkey)
        assert caught.value.reason == reason, (reason, caught.value)
    # Bob's part in it is closed, but it is his and Ann's all the same.
    verify_exit_bundle(joined(bundle, [*statements, theirs[0]]), vkey)


def test_who_is_named_by_what_opens_or_funds_his_account_only(ledger, bean):
    """A named account, and that of a distribution: their ids follow from who makes them and a salt."""
    basis = LeavesBasis(root=b"r" * 32, total=2)
    fund = {"fund": ANN.account, "asset": bean, "amount": 2, "deadline": LATER, "leftover": ANN.account}
    made = {
        named_account(ANN.account, SALT): Open(opener=ANN.account, salt=SALT, keys=[KeyGrant(ANN.public)]),
        distribution_id(ANN.account, SALT): Distribute(salt=SALT, basis=basis, **fund),
    }
    for account, operation in made.items():
        ledger.execute([operation], ANN, time=START)
        claim = verify_exit_bundle(exit_bundle(ledger, account, time=START), ledger.verifier_key)
        assert [each.transaction.operations[0].wire_name for each in claim.receipts] == [operation.wire_name]
        assert account not in claim.receipts[0].signed


def _attested(key, schema=FOUNDER):
    return attestation_id(schema, CLUB.account, key.account)


def test_a_hold_of_others_is_refused(ledger, bean, bundle):
    others = Terms(settle_if=SignedBy(1, [FILM.account]), payees=[Share(FILM.account)], deadline=LATER)
    ledger.execute([Hold(payer=BOB.account, salt=b"u" * 16, asset=bean, amount=1, terms=others)], BOB, time=START)
    bundle = exit_bundle(ledger, ANN.account, time=START)
    theirs = bytes(ledger.prove("holds", hold_id(BOB.account, b"u" * 16)))
    statements = [part for part in parts_of(bundle) if not part.startswith(b"c2sp")]
    with pytest.raises(ProofError) as caught:
        verify_exit_bundle(joined(bundle, [*statements, theirs]), ledger.verifier_key)
    assert caught.value.reason == "wrong_question"


@NEEDS_PAGE
def test_the_page_has_the_same_parts(ledger, bundle):
    made = exit_page(ledger, ANN.account)
    embedded = json.loads(re.search(r'id="embedded">(.+?)</script>', made)[1])
    assert [base64.b64decode(proof) for proof in embedded["proofs"]] == parts_of(bundle)
    assert embedded["vkey"] == ledger.verifier_key


def test_every_operation_that_makes_an_account_is_known():
    """A new operation with a salt makes one: without its id a bundle of that account would refuse its own receipt."""
    made = [
        each for each in vars(ops).values() if hasattr(each, "wire_name") and "salt" in getattr(each, "__slots__", ())
    ]
    assert {each.wire_name for each in made} - {"reveal"} == set(_MADE)
