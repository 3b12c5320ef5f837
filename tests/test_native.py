"""Statements by the thousand: made in a batch, verified natively in a batch, and as the verifier in Python does it."""

from __future__ import annotations

import base64
import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from counterfoil import Key, Ledger, NativeVerifier
from counterfoil.exceptions import OperatorKeyError, ProofError
from counterfoil.verify import LotAmount, Verifier, lot_id
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from tests.builders import (
    ANN,
    BEAN,
    BEAN_ISSUER,
    BOB,
    CUP,
    NOBODY,
    TIME,
    World,
    holding,
    join_statement,
    question,
    record_id,
    sha256,
    sign_note,
    u,
)
from tests.test_bad_input import in_fork
from tests.verifiers import Both

if TYPE_CHECKING:
    from pathlib import Path

WORLD = World.example()
BOTH = Both(WORLD.vkey, ledger=WORLD.ledger)
NATIVE = BOTH.native
BALANCE = WORLD.question("holders", BEAN, BOB)
MEMBERS = [sha256(b"member", bytes([number])) for number in range(40)]


# Many at once.


def statements(accounts: list[bytes]) -> list[bytes]:
    return [WORLD.question("holders", BEAN, account) for account in accounts]


MEMBER_STATEMENTS = statements(MEMBERS)


def test_a_batch_is_what_its_statements_are_one_by_one() -> None:
    asked = MEMBER_STATEMENTS * 20  # more than one task takes
    claims = NATIVE.balances(asked, asset=BEAN, accounts=MEMBERS * 20)
    assert claims == [BOTH.balance(data, asset=BEAN) for data in MEMBER_STATEMENTS] * 20
    assert [claim.amount for claim in claims[:40]] == list(range(1, 41))
    assert NATIVE.balances(iter(asked), accounts=iter(MEMBERS * 20)) == claims
    assert NATIVE.balances([]) == NATIVE.balances([], asset=BEAN, accounts=[]) == []
    bare = [WORLD.statement("holders", BEAN, account) for account in MEMBERS]
    assert NATIVE.balances(bare, asset=BEAN, accounts=MEMBERS) == claims[:40]
    [cup] = NATIVE.balances([bytearray(WORLD.question("holders", CUP, BOB))])
    assert (cup.lots, cup.activity_day) == ((LotAmount(672, 5), LotAmount(673, 7)), 20_000)


def test_a_batch_under_several_checkpoints() -> None:
    worlds = [WORLD, replace(WORLD, after_commit=[]), replace(WORLD, commit_parts={"time": TIME + 9_000})]
    worlds += [replace(WORLD, entries=[*WORLD.entries, WORLD.entries[1]])]
    asked = [world.question("holders", BEAN, account) for account in MEMBERS for world in worlds]
    claims = NATIVE.balances(asked)
    assert claims == [BOTH.pure.balance(data) for data in asked]
    assert {(claim.time, claim.tree_size) for claim in claims} == {
        (TIME + 5_000, 4),
        (TIME + 9_000, 4),
        (TIME + 5_000, 5),
    }


def test_the_first_that_is_refused_is_named() -> None:
    asked = MEMBER_STATEMENTS * 20
    asked[700] = asked[700][:-1]
    asked[301] = asked[301] + b"\x00"
    with pytest.raises(ProofError, match=r"^statement 301: .*expected.*found") as caught:
        NATIVE.balances(asked)
    assert caught.value.reason == "trailing_bytes"
    with pytest.raises(ProofError, match=r"^statement 0: ") as caught:
        NATIVE.balances([b""])
    assert caught.value.reason == "malformed_question"
    with pytest.raises(ProofError, match=r"^statement 2: .*record id") as caught:
        NATIVE.balances(MEMBER_STATEMENTS[:3], accounts=[*MEMBERS[:2], BOB])
    assert caught.value.reason == "wrong_question"
    with pytest.raises(ProofError) as caught:
        NATIVE.balances(MEMBER_STATEMENTS, asset=CUP)
    assert caught.value.reason == "wrong_question"


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="one for each of 3 statements, found 2"):
        NATIVE.balances(MEMBER_STATEMENTS[:3], accounts=MEMBERS[:2])
    with pytest.raises(TypeError, match="statement 1: expected bytes, found str"):
        NATIVE.balances([BALANCE, "text"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"accounts\[0\]: expected 32 bytes"):
        NATIVE.balances([BALANCE], accounts=["text"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="32 bytes"):
        NATIVE.balances([BALANCE], asset=b"short")
    with pytest.raises(TypeError):
        NATIVE.balances(BALANCE)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        NativeVerifier(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(ProofError) as caught:
        NativeVerifier("no key")
    assert caught.value.reason == "wrong_key"
    # A key by which nothing can be signed: the verifier in Python refuses every signature by it.
    name, key = "club.example", bytes(32)
    key_hash = sha256(name.encode(), b"\n\x01", key)[:4].hex()
    with pytest.raises(ProofError) as caught:
        NativeVerifier(f"{name}+{key_hash}+{base64.b64encode(bytes([1]) + key).decode()}")
    assert caught.value.reason == "wrong_key"


def test_a_batch_must_be_as_fresh_as_one() -> None:
    at = TIME + 5_000
    assert len(NATIVE.balances(MEMBER_STATEMENTS, now_ms=at + 300_000)) == 40
    for now, reason in ((at + 300_001, "stale"), (at - 300_001, "from_the_future")):
        with pytest.raises(ProofError) as caught:
            NATIVE.balances(MEMBER_STATEMENTS, now_ms=now)
        assert caught.value.reason == reason
    later = replace(WORLD, commit_parts={"time": TIME + 400_000}).question("holders", BEAN, BOB)
    with pytest.raises(ProofError) as caught:
        NATIVE.balances([BALANCE, later], now_ms=at, max_age_ms=0)
    assert caught.value.reason == "from_the_future"


def test_what_is_known_of_a_checkpoint_is_compared_and_not_assumed() -> None:
    """A part that binds a commit, changed or taken from another good statement, is refused by one that knows both."""
    other = replace(WORLD, commit_parts={"time": TIME + 9_000})
    ours, theirs = WORLD.parts("holders", BEAN, BOB), other.parts("holders", BEAN, BOB)
    head = question("holders", BEAN, BOB)
    for place in (2, 4):
        for first in (ours, theirs):
            native = NativeVerifier(WORLD.vkey)
            assert native.balance(head + join_statement(first)).amount == 120
            mixed = [*ours]
            mixed[place] = theirs[place]
            with pytest.raises(ProofError) as caught:
                native.balance(head + join_statement(mixed))
            assert caught.value.reason == "not_last_entry"
    for place, reasons in ((2, {"not_last_entry"}), (3, {"not_last_entry"}), (4, {"bad_signature"})):
        for mixed in (ours, theirs):
            changed = [*mixed]
            changed[place] = bytes([*changed[place][:1], changed[place][1] ^ 1, *changed[place][2:]])
            with pytest.raises(ProofError) as caught:
                BOTH.native.balances([head + join_statement(mixed), head + join_statement(changed)])
            assert caught.value.reason in reasons


def test_threads_share_a_verifier() -> None:
    worlds = [replace(WORLD, commit_parts={"time": TIME + number}) for number in range(4)]
    asked = [[world.question("holders", BEAN, account) for account in MEMBERS[:10]] for world in worlds]
    expected = [[BOTH.pure.balance(data) for data in part] for part in asked]
    found: list[Any] = [None] * len(asked)

    def work(number: int) -> None:
        found[number] = [
            [NATIVE.balance(data) for data in asked[number]] if turn % 2 else NATIVE.balances(asked[number])
            for turn in range(30)
        ]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[part] * 30 for part in expected]


def test_a_forked_child_verifies() -> None:
    """The threads of the parent are not there; a verifier, unlike a ledger, holds nothing that a child may not use."""
    asked = MEMBER_STATEMENTS * 20
    amounts = [claim.amount for claim in NATIVE.balances(asked)]
    found, status = in_fork(lambda: [claim.amount for claim in NATIVE.balances(asked)])
    assert (found, status) == (amounts, 0)


# Where two verifiers could differ.


def note_with(name: str) -> bytes:
    """The note with a line by another key of this name before the operator's."""
    note = WORLD.note().decode()
    text, line = note[: note.rindex("\n\n") + 2], note[note.rindex("\n\n") + 2 :]
    return f"{text}— {name} {base64.b64encode(bytes(68)).decode()}\n{line}".encode("utf-8", "surrogatepass")


def with_note(note: bytes) -> bytes:
    parts = WORLD.parts("holders", BEAN, BOB)
    parts[4] = note
    return question("holders", BEAN, BOB) + join_statement(parts)


@pytest.mark.parametrize(
    "name", ["witness", "é", "\u200b", "\x7f", "\ue000", "\U0010ffff", "\u0378", "\u180e", "a\xad"]
)
def test_names_of_other_keys(name: str) -> None:
    assert BOTH.balance(with_note(note_with(name))).amount == 120


SPACES = "\x20\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


@pytest.mark.parametrize("name", ["", "a+b", "a b", "\x1f", "\t", *SPACES])
def test_no_names_of_keys(name: str) -> None:
    with pytest.raises(ProofError) as caught:
        BOTH.balance(with_note(note_with(name)))
    assert caught.value.reason == "malformed_note"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=4))
def test_any_name(name: str) -> None:
    # Which letters are spaces must not depend on the version of Python.
    if name and not any(letter in SPACES or letter == "+" or letter < " " for letter in name):
        assert BOTH.balance(with_note(note_with(name))).amount == 120
    else:
        with pytest.raises(ProofError):
            BOTH.balance(with_note(note_with(name)))


def test_long_notes() -> None:
    def padded(size: int) -> bytes:
        return note_with("n" * (size - len(note_with(""))))

    for size in (131_073, 1_000_000):
        assert len(padded(size)) == size
        assert BOTH.balance(with_note(padded(size))).amount == 120
    with pytest.raises(ProofError) as caught:
        BOTH.balance(with_note(padded(1_000_001)))
    assert caught.value.reason == "too_long"


@pytest.mark.parametrize("origin", ["é", "a\x7f", "x" * 256])
def test_origins_that_no_ledger_has(origin: str) -> None:
    world = replace(World.example(), origin=origin)
    verifier = Both(world.vkey)
    parts = world.parts("holders", BEAN, BOB)
    with pytest.raises(ProofError) as caught:
        verifier.balance(question("holders", BEAN, BOB) + join_statement(parts))
    assert caught.value.reason == "malformed_checkpoint"


@pytest.mark.parametrize("size", [2**63 - 1, 2**63, 2**64 - 1, 2**64])
def test_sizes_of_trees(size: int) -> None:
    with pytest.raises(ProofError) as caught:
        BOTH.balance(with_note(WORLD.note(tree_size=str(size))))
    assert caught.value.reason == ("malformed_checkpoint" if size >= 2**63 else "not_last_entry")


def test_a_note_signed_with_another_spelling() -> None:
    text = WORLD.note().decode().split("\n\n")[0] + "\n"
    for changed in (text.replace("\n", "\n\n", 1), text + "\n", text[:-1] + " \n"):
        with pytest.raises(ProofError) as caught:
            BOTH.balance(with_note(sign_note(changed, WORLD.origin, WORLD.operator)))
        assert caught.value.reason == "malformed_checkpoint"


def alone(table: str, key: bytes, identifier: bytes, leaf: tuple[int, bytes]) -> bytes:
    world = World.example()
    world.tables[table, key] = {identifier: leaf}
    return world.question(table, key, identifier)


@pytest.mark.parametrize(
    ("totals", "sum_", "reason"),
    [
        # issued, burned, redeemed, expired, clawed back, merged in, merged out
        ([2**127, 0, 0, 0, 0, 2**127, 1], 2**128 - 1, None),
        ([2**128 - 1, 0, 0, 0, 0, 2**128 - 1, 2**128 - 1], 2**128 - 1, None),
        ([5, 5, 0, 0, 5, 0, 0], 0, None),
        ([5, 1, 2, 1, 5, 0, 0], 1, None),
        ([5, 1, 2, 1, 5, 0, 0], 3, "wrong_sum"),
        ([5, 6, 0, 0, 0, 0, 0], 2**128 - 1, "wrong_sum"),
        ([2**127, 0, 0, 0, 0, 2**127, 0], 0, "wrong_sum"),
    ],
)
def test_lots_at_the_limits(totals: list[int], sum_: int, reason: str | None) -> None:
    identifier = lot_id(CUP, 9)
    data = alone("lots", CUP, identifier, (sum_, u(4, 9) + b"".join(u(16, total) for total in totals)))
    if reason is None:
        claim = BOTH.record(data)
        assert (claim.sum, claim.value.issued) == (sum_, totals[0])
    else:
        with pytest.raises(ProofError) as caught:
            BOTH.record(data)
        assert caught.value.reason == reason


@pytest.mark.parametrize("length", [12, 13, 255, 256, 300])
def test_symbols_of_any_length(length: int) -> None:
    asset = b"\x01" + BEAN_ISSUER + u(4, length) + b"A" * length + b"\x00" + u(16, 10**9) + u(4, 0) + bytes(5)
    asset += b"\x00" + u(8, 0) + u(8, 0) + u(16, 0) + u(16, 1_320) + bytes(64) + b"\x00\x00" + bytes(8)
    identifier = record_id("asset", BEAN_ISSUER, bytes([min(length, 255)]), b"A" * length)
    data = alone("assets", b"", identifier, (0, asset))
    if length < 256:
        assert BOTH.record(data).value.symbol == "A" * length
    else:
        with pytest.raises(ProofError) as caught:
            BOTH.record(data)
        assert caught.value.reason == "wrong_record"


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.builds(
            holding,
            st.integers(0, 2**32 - 1),
            st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=4),
        ),
    ),
    st.one_of(st.integers(0, 8), st.just(2**128 - 1)),
)
def test_any_balance(value: bytes, amount: int) -> None:
    with contextlib.suppress(ProofError):
        assert BOTH.balance(alone("holders", BEAN, BOB, (amount, value))).amount == amount > 0


RECORDS = [(*asked, *next(iter(records.items()))) for asked, records in WORLD.tables.items()]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(RECORDS), st.data())
def test_any_change_of_a_record(entry: tuple[str, bytes, bytes, tuple[int, bytes]], data: st.DataObject) -> None:
    """What an operator could sign instead of a record: both read it alike."""
    table, key, identifier, (sum_, value) = entry
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, min(len(value), start + 4)))
    changed = value[:start] + data.draw(st.binary(max_size=4)) + value[end:]
    with contextlib.suppress(ProofError):
        assert BOTH.record(alone(table, key, identifier, (sum_, changed))).raw == changed


# What the ledger makes.


@pytest.fixture
def club(tmp_path: Path) -> Any:
    operator, issuer = Key.generate(), Key.generate()
    with Ledger.create(
        tmp_path / "club.ledger", origin="club.example/beans", operator=operator, commit_every_ms=None
    ) as ledger:
        bean = ledger.create_asset(issuer, "BEAN")
        for number, member in enumerate(MEMBERS):
            ledger.mint(issuer, bean, to=member, amount=number + 1)
        yield ledger, issuer, bean


def test_many_balances_are_proven_as_each_is(club: Any) -> None:
    ledger, _, bean = club
    ledger.checkpoint()
    asked = [*MEMBERS, NOBODY, ANN] * 20
    proven = ledger.prove_balances(bean, iter(asked))
    assert [bytes(one) for one in proven] == [bytes(ledger.prove_balance(bean, account)) for account in asked]
    claims = NativeVerifier(ledger.verifier_key, ledger=ledger.id).balances(proven, asset=bean, accounts=asked)
    assert [claim.amount for claim in claims] == [*range(1, 41), 0, 0] * 20
    assert {claim.supply for claim in claims} == {820}
    pure = Verifier(ledger.verifier_key, ledger=ledger.id)
    assert [pure.balance(bytes(one)) for one in proven[:42]] == claims[:42]
    assert ledger.prove_balances(bean, []) == []
    [none] = ledger.prove_balances(b"?" * 32, [ANN])
    assert pure.balance(bytes(none)).supply == 0


def test_many_balances_need_a_checkpoint_and_accounts(club: Any, tmp_path: Path) -> None:
    ledger, _, bean = club
    for accounts, error in (([ANN, b"short"], ValueError), ([ANN, "text"], TypeError), (5, TypeError)):
        with pytest.raises(error):
            ledger.prove_balances(bean, accounts)
    with pytest.raises(ValueError, match="1 must have 32 bytes, found 5"):
        ledger.prove_balances(bean, [ANN, b"short"])
    with pytest.raises(ValueError, match="table key must have 32 bytes"):
        ledger.prove_balances(b"short", [ANN])
    ledger.close()
    with Ledger.open(tmp_path / "club.ledger", commit_every_ms=None) as unsigned:
        asset = unsigned.create_asset(Key.generate(), "CUP")
        unsigned.flush()
        with pytest.raises(OperatorKeyError):
            unsigned.prove_balances(asset, [ANN])


def test_a_batch_of_proofs_is_of_one_moment(club: Any) -> None:
    """While another thread mints and commits, the balances of a batch add up to the supply that each of them proves."""
    ledger, issuer, bean = club
    ledger.checkpoint()
    verifier = NativeVerifier(ledger.verifier_key, ledger=ledger.id)
    stop = threading.Event()

    def mint() -> None:
        turn = 0
        while not stop.is_set():
            ledger.mint(issuer, bean, to=MEMBERS[turn % 40], amount=1)
            ledger.checkpoint()
            if turn % 7 == 0:
                ledger.flush()
            turn += 1

    thread = threading.Thread(target=mint)
    thread.start()
    try:
        sizes = set()
        for _ in range(60):
            claims = verifier.balances(ledger.prove_balances(bean, MEMBERS * 8), asset=bean, accounts=MEMBERS * 8)
            assert len({claim.tree_size for claim in claims}) == 1
            assert {claim.supply for claim in claims} == {sum(claim.amount for claim in claims[:40])}
            sizes.add(claims[0].tree_size)
    finally:
        stop.set()
        thread.join()
    assert len(sizes) > 1
    ledger.checkpoint()


def test_a_follower_proves_many(club: Any, tmp_path: Path) -> None:
    ledger, _, bean = club
    ledger.checkpoint()
    expected = ledger.prove_balances(bean, MEMBERS)
    ledger.close()
    with Ledger.open(tmp_path / "club.ledger", read_only=True) as follower:
        proven = follower.prove_balances(bean, MEMBERS)
    assert [bytes(one) for one in proven] == [bytes(one) for one in expected]


def test_another_operator(club: Any) -> None:
    ledger, _, bean = club
    old = NativeVerifier(ledger.verifier_key)
    ledger.checkpoint()
    assert len(old.balances(ledger.prove_balances(bean, MEMBERS))) == 40
    ledger.rotate_operator(Key.generate())
    proven = ledger.prove_balances(bean, MEMBERS)
    assert len(NativeVerifier(ledger.verifier_key).balances(proven)) == 40
    with pytest.raises(ProofError) as caught:
        old.balances(proven)
    assert caught.value.reason == "wrong_key"


def test_keys_of_others() -> None:
    other = replace(World.example(), operator=SigningKey(sha256(b"other")))
    with pytest.raises(ProofError) as caught:
        Both(other.vkey).balance(BALANCE)
    assert caught.value.reason == "wrong_key"
