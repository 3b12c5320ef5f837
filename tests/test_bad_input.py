"""What a ledger does with everything it should not have been given: it says so by name, and nothing changes."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import multiprocessing
import os
import pickle
import random
import re
import resource
import shutil
import subprocess
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import nacl.bindings
import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, Transaction
from counterfoil.exceptions import (
    ClosedError,
    CorruptionError,
    DivergedError,
    ForkedError,
    LedgerError,
    LedgerTimeError,
    LockedError,
    MapFullError,
    NewerFormatError,
    NotALedgerError,
    OperatorKeyError,
    PoisonedError,
    StoreError,
    UnconfirmedError,
    WireError,
)
from counterfoil.ledger import fsck
from counterfoil.ops import Mint, Parameters, SetParameters, Transfer
from counterfoil.verify import Verifier, sign_message, transaction_id
from counterfoil.wire import SignedTransaction

from tests.test_ledger import (
    ANN,
    BEAN,
    BOB,
    FUNDS,
    OPERATOR,
    ORIGIN,
    ROASTER,
    create,
    files,
    frame,
    gift,
    key,
    run_script,
    standing,
    watchdog,
)

FLIPS = 90
"""How many bits of each database are flipped."""


@contextlib.contextmanager
def unchanged(ledger: Ledger):
    """State root, log and files stay as they are, and the ledger works afterwards."""
    before = standing(ledger)
    yield
    assert standing(ledger) == before


def refused(ledger: Ledger, signed: Any, status: str) -> None:
    """A transaction is refused with this status, alone and between good ones, and nothing changes."""
    with unchanged(ledger):
        [outcome] = ledger.apply([signed])
        assert (outcome.status.name, outcome.index, outcome.ok) == (status, None, False)
        assert ledger.submit(signed).result(30).status.name == status
        assert ledger.apply([signed], dry_run=True)[0].status.name == status


@pytest.fixture
def ledger(tmp_path):
    with create(tmp_path / "club.ledger") as made:
        yield made


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A closed ledger with a few hundred entries, several commits and a flushed state: to be copied, then damaged."""
    path = tmp_path_factory.mktemp("finished") / "l"
    with create(path) as ledger:
        for round_ in range(4):
            people = [key(f"member {number}") for number in range(20)]
            ledger.apply([gift(ledger, 1 + round_, person.account) for person in people]).raise_for_status()
            ledger.apply([gift(ledger, 1, BOB.account, person) for person in people]).raise_for_status()
            ledger.checkpoint()
            if round_ == 2:
                ledger.flush()
    return path


def copy(path: Path, to: Path) -> Path:
    """A copy as a backup tool makes it."""
    return Path(shutil.copytree(path, to))


# Bytes.


def test_truncated_at_every_length(ledger):
    whole = bytes(gift(ledger))
    with unchanged(ledger):
        outcomes = ledger.apply([whole[:length] for length in range(len(whole))])
        assert {outcome.status.name for outcome in outcomes} == {"malformed"}
        assert not any(outcome.ok for outcome in outcomes)
    assert ledger.apply([whole])[0].ok


def test_trailing_bytes(ledger):
    whole = bytes(gift(ledger))
    for trailing in (b"\0", b"\1", whole, bytes(1_000)):
        refused(ledger, whole + trailing, "malformed")


def test_every_flipped_bit(ledger):
    """A signed transaction has no bit that means nothing."""
    whole = bytes(gift(ledger))
    flipped = [
        bytes([*whole[:place], whole[place] ^ 1 << bit, *whole[place + 1 :]])
        for place in range(len(whole))
        for bit in range(8)
    ]
    with unchanged(ledger):
        outcomes = ledger.apply(flipped)
        assert outcomes.applied == 0
        names = {status.name for status in outcomes.counts}
        assert names <= {
            "malformed", "unknown_version", "wrong_ledger", "bad_signature", "signature_count", "too_large",
            "no_authorizer", "no_operation", "key_unexpected", "unknown_asset", "zero_amount", "amount_too_large",
            "same_account", "expired", "too_far_ahead",
        }  # fmt: skip


def test_non_canonical_bytes(ledger):
    """Option tags, booleans and UTF-8 that a lenient decoder would let pass."""
    whole = bytes(gift(ledger))
    option = whole.index(ANN.account) + 32
    assert whole[option] == 0
    for tag in (2, 255):
        refused(ledger, whole[:option] + bytes([tag]) + whole[option + 1 :], "malformed")
    reference = len(whole) - 64 - 4 - 1
    assert whole[reference] == 0
    refused(ledger, whole[:reference] + b"\2" + whole[reference + 1 :], "malformed")
    tag = whole.index(b"\x01\0\0\0\x30", option) + 4
    for unknown in (0x00, 0x2F, 0x3F, 0xFF):
        refused(ledger, whole[:tag] + bytes([unknown]) + whole[tag + 1 :], "malformed")


def test_text_that_is_no_utf8(ledger):
    from counterfoil.ops import Create, Pause, Powers, Reason

    create_ = Create(issuer=ANN.account, symbol="ABCD", decimals=0, supply_cap=5, policy=(), powers=Powers())
    whole = bytes(Transaction(ledger.id, [create_]).sign(ANN))
    for wrong in (b"\xff\xfe\xfd\xfc", b"\xc0\x80AA", b"\xed\xa0\x80A", b"ABC\x80"):
        refused(ledger, whole.replace(b"ABCD", wrong), "malformed")
    pause = Pause(asset=BEAN, paused=True, reason=Reason(0))
    whole = bytes(Transaction(ledger.id, [pause]).sign(ANN))
    place = whole.index(BEAN) + 32
    assert whole[place] == 1
    for boolean in (2, 255):
        refused(ledger, whole[:place] + bytes([boolean]) + whole[place + 1 :], "malformed")


def test_random_bytes(ledger):
    seed = 20_261_123
    source = random.Random(seed)  # noqa: S311 - what the seed says
    junk = [source.randbytes(source.choice([0, 1, 10, 100, 300, 61_028, 61_029])) for _ in range(300)]
    junk += [b"\x01" + each for each in junk]
    with unchanged(ledger):
        names = {outcome.status.name for outcome in ledger.apply(junk)}
    assert names <= {"malformed", "unknown_version", "too_large"}, seed


def test_oversize(ledger):
    refused(ledger, bytes([1]) * 61_029, "too_large")
    refused(ledger, bytes([1]) * 10_000_000, "too_large")
    padding = [Transfer(asset=BEAN, sender=ANN.account, to=BOB.account, amount=1)] * 590
    refused(ledger, Transaction(ledger.id, padding).sign(ANN), "too_large")
    lengths = bytearray(bytes(gift(ledger)))
    place = lengths.index(b"\x01\0\0\0\x30")
    lengths[place : place + 4] = b"\xff\xff\xff\xff"
    refused(ledger, bytes(lengths), "malformed")


@pytest.mark.parametrize("cut", [b"\x01", b"\x05\0\0\0abcd", b"\xff\xff\xff\xff", b"\0\0\0\0\x01\0\0"])
def test_a_framed_batch_that_is_cut_short(ledger, cut):
    with unchanged(ledger), pytest.raises(ValueError, match=r"cut short at byte .* expected .* found"):
        ledger.apply(frame([bytes(gift(ledger))]) + cut)


# Who signed.


def test_a_transaction_of_another_ledger(ledger, tmp_path):
    with create(tmp_path / "other") as other:
        refused(ledger, gift(other), "wrong_ledger")


def test_signatures_forged_swapped_missing_and_surplus(ledger):
    operations = [Transfer(asset=BEAN, sender=ANN.account, to=BOB.account, amount=1)]
    signed = Transaction(ledger.id, operations).sign(ANN, BOB)
    one, two = signed.signatures
    for signatures, status in [
        ((one, bytes(64)), "bad_signature"),
        ((one, b"\xff" * 64), "bad_signature"),
        ((two, one), "bad_signature"),
        ((one, one), "bad_signature"),
        ((one, key("forger").sign(signed.transaction.message)), "bad_signature"),
        ((one, BOB.sign(b"another message")), "bad_signature"),
        ((one,), "signature_count"),
        ((), "signature_count"),
        ((one, two, two), "signature_count"),
    ]:
        refused(ledger, SignedTransaction(signed.transaction, signatures), status)
    other = gift(ledger)
    refused(ledger, SignedTransaction(signed.transaction, (other.signatures[0], two)), "bad_signature")
    assert ledger.apply([signed])[0].ok


def test_nobody_with_authority(ledger):
    operations = [Transfer(asset=BEAN, sender=ANN.account, to=BOB.account, amount=1)]
    refused(ledger, Transaction(ledger.id, operations).sign(BOB), "unauthorized")
    refused(ledger, Transaction(ledger.id, [Mint(asset=BEAN, to=ANN.account, amount=1)]).sign(ANN), "unauthorized")
    refused(ledger, Transaction(ledger.id, operations).sign(ANN.on(BOB.account)), "key_unexpected")


# When, and again.


def test_expired_and_too_far_ahead(ledger):
    now = ledger.time
    for valid_until, status in [
        (0, "expired"),
        (now, "expired"),
        (now + 3_600_000 + 60_000, "too_far_ahead"),
        (2**64 - 1, "too_far_ahead"),
    ]:
        refused(ledger, gift(ledger, valid_until=valid_until), status)


def test_a_nonce_with_another_body(ledger):
    first = gift(ledger, 1, nonce=b"n" * 16)
    assert ledger.apply([first])[0].ok
    refused(ledger, gift(ledger, 2, nonce=b"n" * 16), "nonce_reused")
    ledger.flush()
    refused(ledger, gift(ledger, 3, nonce=b"n" * 16), "nonce_reused")
    with unchanged(ledger):
        assert ledger.apply([first])[0].duplicate
        assert ledger.submit(first).result(30).duplicate
    in_one_batch = [gift(ledger, 1, nonce=b"m" * 16), gift(ledger, 2, nonce=b"m" * 16)]
    assert [outcome.status.name for outcome in ledger.apply(in_one_batch)] == ["ok", "nonce_reused"]


@pytest.mark.parametrize("reopen", [False, True])
def test_a_nonce_used_again_after_the_window_shrank(tmp_path, reopen):
    """What was accepted under a wide window is remembered for as long as it could be sent again."""
    wide = Parameters(window_ms=3_600_000, governor=ROASTER.account)
    path = tmp_path / "l"
    start = 1_600_000_000_000
    ledger = create(path, parameters=wide, time=start)
    first = gift(ledger, 1, nonce=b"n" * 16, valid_until=start + 3_000_000)
    assert ledger.apply([first], time=start)[0].ok
    ledger.execute([SetParameters(parameters=replace(wide, window_ms=1_000))], ROASTER, time=start)
    for later in (2_000, 500_000, 2_999_000):
        if reopen:
            ledger.flush()
            ledger.close()
            ledger = Ledger.open(path, operator=OPERATOR, commit_every_ms=None)
        other = gift(ledger, 2, nonce=b"n" * 16, valid_until=start + later + 900)
        with unchanged(ledger):
            assert ledger.apply([other], time=start + later)[0].status.name == "nonce_reused"
        [again] = ledger.apply([first], time=start + later)
        assert (again.ok, again.duplicate) == (True, True) or again.status.name == "too_far_ahead"
        assert ledger.balance(BEAN, BOB.account) == 1
        ledger.transfer(ANN, BEAN, to=key("carol").account, amount=1, time=start + later)
    [late] = ledger.apply([first], time=start + 3_000_000)
    assert (late.status.name, ledger.index_of(first.id)) == ("expired", 4), "refused, and the index knows its entry"
    assert ledger.balance(BEAN, BOB.account) == 1
    ledger.close()
    fsck(path, full=True)


# Amounts and the like.


@pytest.mark.parametrize("amount", [1.0, 1.5, float("nan"), True, "1", None, b"\x01", [1]])
def test_amounts_of_wrong_types(ledger, amount):
    with unchanged(ledger), pytest.raises(TypeError, match="amount: expected an int, found"):
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=amount)


@pytest.mark.parametrize("amount", [-1, 2**128, -(2**200)])
def test_amounts_that_no_wire_carries(ledger, amount):
    with (
        unchanged(ledger),
        pytest.raises(WireError, match=r"amount: expected an integer from 0 to 2\*\*128 - 1, found"),
    ):
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=amount)


@pytest.mark.parametrize(
    ("amount", "status"), [(0, "zero_amount"), (10**38, "amount_too_large"), (2**128 - 1, "amount_too_large")]
)
def test_amounts_that_no_ledger_takes(ledger, amount, status):
    refused(ledger, gift(ledger, amount), status)


def test_more_than_there_is(ledger):
    refused(ledger, gift(ledger, FUNDS + 1), "insufficient_funds")
    mint = Mint(asset=BEAN, to=ANN.account, amount=10**9)
    refused(ledger, Transaction(ledger.id, [mint]).sign(ROASTER), "supply_cap_exceeded")
    unknown = Transfer(asset=bytes(32), sender=ANN.account, to=BOB.account, amount=1)
    refused(ledger, Transaction(ledger.id, [unknown]).sign(ANN), "unknown_asset")
    both = [Transfer(asset=BEAN, sender=ANN.account, to=BOB.account, amount=FUNDS // 2 + 1)] * 2
    refused(ledger, Transaction(ledger.id, both).sign(ANN), "insufficient_funds")


@pytest.mark.parametrize("symbol", ["", "bean", "BEAN ", "É", "😀", "B\0", "A" * 13, "١٢٣"])
def test_symbols(ledger, symbol):
    with unchanged(ledger), pytest.raises(LedgerError, match="invalid_symbol"):
        ledger.create_asset(ROASTER, symbol)


@pytest.mark.parametrize("text", ["A" * 10_000_000, "😀" * 2_500_000, "\udcff"])
def test_texts_that_no_wire_carries(ledger, text):
    with unchanged(ledger), pytest.raises(WireError, match="symbol: expected") as raised:
        ledger.create_asset(ROASTER, text)
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize(
    "origin", ["", "a b", "a+b", "é.example/x", "😀", "a" * 256, "x" * 10_000_000, "\udcff", "a\nb"]
)
def test_origins(tmp_path, origin):
    with pytest.raises(ValueError, match="origin: expected") as raised:
        Ledger.create(tmp_path / "l", origin=origin, operator=OPERATOR)
    assert len(str(raised.value)) < 1_000
    assert not (tmp_path / "l").exists()


# Calls.


def wrong_calls(ledger: Ledger) -> list[tuple[str, Any, type[Exception], str]]:
    """Calls with arguments that make no sense: what each raises, and what its message has."""
    return [
        ("apply str", lambda: ledger.apply("text"), TypeError, "expected .*found str"),  # type: ignore[arg-type]
        ("apply int", lambda: ledger.apply(5), TypeError, "expected .*found int"),  # type: ignore[arg-type]
        ("apply None", lambda: ledger.apply(None), TypeError, "expected .*found NoneType"),  # type: ignore[arg-type]
        ("an int in a batch", lambda: ledger.apply([10**10]), TypeError, "expected .*found int"),  # type: ignore[list-item]
        ("a str in a batch", lambda: ledger.apply(["x"]), TypeError, "expected .*found str"),  # type: ignore[list-item]
        ("None in a batch", lambda: ledger.apply([gift(ledger), None]), TypeError, "found NoneType"),  # type: ignore[list-item]
        ("submit int", lambda: ledger.submit(10**10), TypeError, "expected .*found int"),  # type: ignore[arg-type]
        ("unsigned", lambda: ledger.apply([gift(ledger).transaction]), TypeError, "expected .*found Transaction"),  # type: ignore[list-item]
        ("time float", lambda: ledger.apply([], time=1.5), TypeError, "time: expected an int, found float"),  # type: ignore[arg-type]
        ("time bool", lambda: ledger.apply([], time=True), TypeError, "time: expected an int, found bool"),
        ("time str", lambda: ledger.checkpoint(time="now"), TypeError, "time: expected an int, found str"),  # type: ignore[arg-type]
        ("time -1", lambda: ledger.apply([], time=-1), LedgerTimeError, "time: expected .*found -1"),
        ("time 2**64", lambda: ledger.submit(gift(ledger), time=2**64), LedgerTimeError, "time: expected"),
        ("time past", lambda: ledger.apply([], time=5), LedgerTimeError, "time 5 ms is refused"),
        ("entry -1", lambda: ledger.entry(-1), LookupError, "found -1"),
        ("entry 2**64", lambda: ledger.entry(2**64), LookupError, "expected"),
        ("entry far", lambda: ledger.entry(10**9), LookupError, "entry 1000000000: the log has 4"),
        ("events", lambda: list(ledger.events(after=-5)), LookupError, "found -5"),
        ("entries", lambda: list(ledger.entries("0")), TypeError, "found str"),  # type: ignore[arg-type]
        ("transactions", lambda: list(ledger.transactions(ANN.account, after=-1)), LookupError, "found -1"),
        ("prove_entry", lambda: ledger.prove_entry(-1), LookupError, "found -1"),
        ("log_root", lambda: ledger.log_root(5), LookupError, "5: the log has 4"),
        ("log_root float", lambda: ledger.log_root(1.0), TypeError, "found float"),  # type: ignore[arg-type]
        ("consistency", lambda: ledger.prove_consistency(3, 2), ValueError, "expected .*found 2"),
        ("asset short", lambda: ledger.balance(b"x", ANN.account), ValueError, "32 bytes, found 1"),
        ("account long", lambda: ledger.balance(BEAN, bytes(33)), ValueError, "32 bytes, found 33"),
        ("asset str", lambda: ledger.balance("BEAN", ANN.account), TypeError, "str"),  # type: ignore[arg-type]
        ("account str", lambda: ledger.holding(BEAN, "ann"), TypeError, "str"),  # type: ignore[arg-type]
        ("holders str", lambda: list(ledger.holders("BEAN")), TypeError, "str"),  # type: ignore[arg-type]
        ("id short", lambda: ledger.index_of(b""), ValueError, "32 bytes, found 0"),
        ("receipt short", lambda: ledger.prove_transaction(b"1"), ValueError, "32 bytes, found 1"),
        ("table", lambda: ledger.prove("nothing", bytes(32)), ValueError, "nothing"),
        ("table emoji", lambda: ledger.prove("😀" * 100_000, bytes(32)), ValueError, "table"),
        ("table without key", lambda: ledger.prove("holders", bytes(32)), ValueError, "key"),
        ("table with key", lambda: ledger.prove("accounts", bytes(32), key=BEAN), ValueError, "key"),
        ("to str", lambda: ledger.transfer(ANN, BEAN, to="bob", amount=1), TypeError, "to: expected 32 bytes"),  # type: ignore[arg-type]
        ("to short", lambda: ledger.transfer(ANN, BEAN, to=b"bob", amount=1), WireError, "to: expected 32 bytes"),
        ("confirm int", lambda: ledger.confirm(5), TypeError, "int"),  # type: ignore[arg-type]
        ("confirm text", lambda: ledger.confirm("hello"), ValueError, "not a checkpoint"),
        ("confirm much", lambda: ledger.confirm("😀" * 2_500_000), ValueError, "not a checkpoint"),
        ("confirm surrogate", lambda: ledger.confirm("\udcff"), (ValueError, TypeError), ""),  # type: ignore[list-item]
        ("rotate None", lambda: ledger.rotate_operator(None), TypeError, "expected a Key, found NoneType"),  # type: ignore[arg-type]
        ("rotate bytes", lambda: ledger.rotate_operator(bytes(32)), TypeError, "expected a Key, found bytes"),  # type: ignore[arg-type]
    ]  # fmt: skip


def misbehaviour(call: Any, kind: type[Exception], message: str) -> str:
    """What is wrong with how a call is refused; nothing if it is refused well."""
    try:
        call()
    except kind as error:
        said = str(error)
        return "" if re.search(message, said) and len(said) < 1_000 else said[:500]
    except Exception as error:  # noqa: BLE001 - the wrong one
        return repr(error)[:500]
    return "accepted"


def test_wrong_calls(ledger):
    problems = {}
    for name, call, kind, message in wrong_calls(ledger):
        with unchanged(ledger):
            problem = misbehaviour(call, kind, message)
        if problem:
            problems[name] = problem
    assert not problems
    assert ledger.apply([gift(ledger)])[0].ok


@pytest.mark.parametrize("path", [None, 123, b"bytes", 1.5, ["l"]])
def test_paths_of_wrong_types(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    for call in (
        lambda: Ledger.create(path, origin=ORIGIN, operator=OPERATOR),
        lambda: Ledger.open(path),
        lambda: fsck(path),
    ):
        with pytest.raises(TypeError):
            call()
    assert list(tmp_path.iterdir()) == []


def test_paths_that_cannot_be(tmp_path):
    for path in (tmp_path / "nul\0nul", tmp_path / ("x" * 300)):
        with pytest.raises((OSError, ValueError)):
            Ledger.create(path, origin=ORIGIN, operator=OPERATOR)
        with pytest.raises((OSError, StoreError, ValueError)):
            Ledger.open(path)
    (tmp_path / "file").write_text("a file")
    for path in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(OSError, match="file"):
            Ledger.create(path, origin=ORIGIN, operator=OPERATOR)
        with pytest.raises((NotALedgerError, OSError)):
            Ledger.open(path)


def test_paths_that_are_strange(tmp_path):
    for name in ("with space", "😀", "\udcff non-utf8", "quote'\"", "new\nline", "-rf"):
        path = tmp_path / name
        with create(path) as ledger:
            ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        with Ledger.open(path, read_only=True) as ledger:
            assert ledger.balance(BEAN, BOB.account) == 1
        fsck(path)


@pytest.mark.parametrize("operator", [None, bytes(32), "key", 5])
def test_operators_of_wrong_types(tmp_path, operator):
    with pytest.raises(TypeError, match="operator: expected a Key, found"):
        Ledger.create(tmp_path / "l", origin=ORIGIN, operator=operator)
    assert not (tmp_path / "l").exists()
    create(tmp_path / "l").close()
    if operator is not None:
        with pytest.raises(TypeError, match="operator: expected a Key, found"):
            Ledger.open(tmp_path / "l", operator=operator)


def test_a_folder_that_is_taken(tmp_path):
    create(tmp_path / "l").close()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    before = files(tmp_path)
    for taken in ("l", "other"):
        with pytest.raises(FileExistsError, match="already exists"):
            Ledger.create(tmp_path / taken, origin=ORIGIN, operator=OPERATOR)
    assert files(tmp_path) == before
    assert [file.name for file in (tmp_path / "other").iterdir()] == ["notes.txt"]


def test_exceptions_travel_between_processes(ledger):
    with pytest.raises(LedgerTimeError) as raised:
        ledger.apply([], time=5)
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - made here
    assert (type(again), str(again)) == (LedgerTimeError, str(raised.value))


# A batch of 100,000 with one bad.


def many(ledger: Ledger, count: int) -> list[bytes]:
    """Gifts of one bean by Ann, encoded by hand because there are so many."""
    template = bytes(gift(ledger, nonce=bytes(16), valid_until=time.time_ns() // 1_000_000 + 3_000_000))
    body, place = template[: -64 - 4], 1 + 32 + 8
    head, tail, counted = body[:place], body[place + 16 :], template[-68:-64]
    _, secret = nacl.bindings.crypto_sign_seed_keypair(ANN.seed)
    made = []
    for number in range(count):
        transaction = head + number.to_bytes(16, "big") + tail
        message = sign_message(transaction_id(transaction))
        made.append(transaction + counted + nacl.bindings.crypto_sign(message, secret)[:64])
    return made


def test_a_hundred_thousand_with_one_bad(ledger):
    """Wherever it stands, the bad one is refused, and it alone."""
    count = 100_000
    made = many(ledger, count)
    assert SignedTransaction.from_bytes(made[7]).verify()
    forged = made[0][:-1] + bytes([made[0][-1] ^ 1])
    for place in (0, count - 1):
        good = made[place]
        made[place] = good[:-1] + bytes([good[-1] ^ 1])
        with unchanged(ledger):
            outcomes = ledger.apply(frame(made), dry_run=True)
            assert outcomes.applied == count - 1
            assert (outcomes[place].status.name, outcomes[place].ok) == ("bad_signature", False)
        made[place] = good
    middle = count // 2 + 13
    made[middle] = made[middle][:-1] + bytes([made[middle][-1] ^ 1])
    outcomes = ledger.apply(frame(made))
    assert {status.name: number for status, number in outcomes.counts.items()} == {"ok": count - 1, "bad_signature": 1}
    assert outcomes[middle].status.name == "bad_signature"
    assert [outcomes[at].index for at in (0, middle - 1, middle + 1, count - 1)] == [
        4,
        4 + middle - 1,
        4 + middle,
        4 + count - 2,
    ]
    assert ledger.balance(BEAN, BOB.account) == count - 1
    refused(ledger, forged, "bad_signature")
    Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())


# Handles.


def test_a_closed_handle(tmp_path):
    ledger = create(tmp_path / "l")
    note = ledger.checkpoint()
    signed = gift(ledger)
    ledger.close()
    before = files(tmp_path / "l")
    calls = [
        lambda: ledger.apply([signed]),
        lambda: ledger.apply([signed], dry_run=True),
        lambda: ledger.submit(signed),
        lambda: ledger.transfer(ANN, BEAN, to=BOB.account, amount=1),
        ledger.checkpoint,
        ledger.flush,
        ledger.stats,
        ledger.log_root,
        lambda: ledger.size,
        lambda: ledger.height,
        lambda: ledger.time,
        lambda: ledger.state_root,
        lambda: ledger.verifier_key,
        lambda: ledger.last_checkpoint,
        lambda: ledger.is_confirmed,
        lambda: ledger.parameters,
        lambda: ledger.confirm(note),
        lambda: ledger.rotate_operator(ANN),
        lambda: ledger.balance(BEAN, ANN.account),
        lambda: list(ledger.holders(BEAN)),
        lambda: list(ledger.accounts()),
        lambda: list(ledger.events()),
        lambda: list(ledger.transactions(ANN.account)),
        lambda: ledger.index_of(signed.id),
        lambda: ledger.entry(0),
        lambda: ledger.prove_balance(BEAN, ANN.account),
        lambda: ledger.prove_entry(0),
        lambda: ledger.prove_consistency(1, 2),
        lambda: ledger.backup(tmp_path / "copy"),
    ]
    for call in calls:
        with pytest.raises(ClosedError, match="the ledger is closed"):
            call()
    assert files(tmp_path / "l") == before
    assert (ledger.origin, ledger.id == ledger.genesis.ledger_id) == (ORIGIN, True)


def test_closing_while_others_read(tmp_path):
    """Whoever reads while another thread closes gets an answer, or that it is closed."""
    for _ in range(10):
        shutil.rmtree(tmp_path / "l", ignore_errors=True)
        ledger = create(tmp_path / "l")
        problems: list[BaseException] = []

        def read(ledger: Ledger = ledger, problems: list[BaseException] = problems) -> None:
            try:
                while True:
                    list(ledger.holders(BEAN))
                    list(ledger.events())
                    ledger.prove_balance(BEAN, ANN.account)
            except BaseException as error:  # noqa: BLE001 - looked at below
                problems.append(error)

        threads = [threading.Thread(target=read) for _ in range(4)]
        with watchdog(60):
            for thread in threads:
                thread.start()
            time.sleep(0.01)
            ledger.close()
            with Ledger.open(tmp_path / "l"):
                pass
            for thread in threads:
                thread.join()
        assert {type(problem) for problem in problems} == {ClosedError}


def second_writer(path: str) -> str:
    """In another process: what opening for writing says."""
    try:
        Ledger.open(path, operator=OPERATOR).close()
    except LockedError as error:
        return str(error)
    return "opened"


def test_a_second_writer_in_another_process(ledger):
    with unchanged(ledger), multiprocessing.get_context("spawn").Pool(1) as pool:
        assert "one writer" in pool.apply(second_writer, (str(ledger.path),))
    ledger.close()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(second_writer, (str(ledger.path),)) == "opened"


def race_to_create(path: str, begin: float) -> str:
    """In another process, at the same moment as others: create, or say why not."""
    time.sleep(max(0.0, begin - time.time()))
    try:
        ledger = Ledger.create(path, origin=ORIGIN, operator=OPERATOR)
    except (FileExistsError, LockedError) as error:
        return type(error).__name__
    identifier = ledger.id.hex()
    time.sleep(0.2)
    ledger.close()
    return identifier


def test_many_create_the_same_ledger_at_once(tmp_path):
    """One of them does, and it is that one's ledger."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        for number in range(5):
            path = tmp_path / f"l{number}"
            begin = time.time() + 0.3
            said = pool.starmap(race_to_create, [(str(path), begin)] * 4, chunksize=1)
            created = [each for each in said if not each.endswith("Error")]
            assert len(created) == 1, said
            with Ledger.open(path, operator=OPERATOR) as ledger:
                assert ledger.id.hex() == created[0]
            assert fsck(path, full=True)["entries"] == 2


@pytest.mark.parametrize("junk", [None, b"", b"x" * 10, bytes(8_192), b"\xa5" * 8_192])
def test_what_is_in_the_files_of_locks_does_not_matter(tmp_path, finished, junk):
    """LMDB's lock files hold nothing that outlives the processes: gone or damaged, they are made anew."""
    path = copy(finished, tmp_path / "l")
    for part in ("log", "state"):
        lock = path / part / "lock.mdb"
        if junk is None:
            lock.unlink(missing_ok=True)
        else:
            lock.write_bytes(junk)
    well = expected(finished)
    assert fsck(path, full=True)["entries"] == well["size"]
    with Ledger.open(path, operator=OPERATOR, commit_every_ms=None) as ledger:
        assert look(ledger) == well
        assert ledger.apply([gift(ledger)])[0].ok


def use_after_fork(ledger: Ledger, signed: bytes) -> list[str]:
    """In a forked child: what each call raises."""
    calls = [
        lambda: ledger.balance(BEAN, ANN.account),
        lambda: ledger.apply([signed]),
        lambda: ledger.submit(signed),
        lambda: ledger.size,
        lambda: list(ledger.holders(BEAN)),
        ledger.checkpoint,
        ledger.close,
    ]
    return [answer_to(call) for call in calls]


def answer_to(call: Any) -> str:
    """The name of what a call raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - reported to the parent
        return type(error).__name__
    return "worked"


def in_fork(work: Any) -> tuple[Any, int]:
    """Run something in a forked child: what it returned, and its wait status."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    return json.loads(said or "null"), os.waitpid(child, 0)[1]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_forked_child(tmp_path, read_only):
    with create(tmp_path / "l") as ledger:
        signed = bytes(gift(ledger))
    with Ledger.open(tmp_path / "l", operator=None if read_only else OPERATOR, read_only=read_only) as ledger:
        said, status = in_fork(lambda: use_after_fork(ledger, signed))
        assert (set(said), status) == ({"ForkedError"}, 0)
        with pytest.raises(ForkedError, match="opened in process 1 and used in process 2"):
            raise ForkedError("opened in process 1 and used in process 2")  # noqa: EM101
        assert ledger.balance(BEAN, ANN.account) == FUNDS
        if not read_only:
            assert ledger.apply([signed])[0].ok
            ledger.checkpoint()
    fsck(tmp_path / "l", full=True)


def test_a_forked_child_that_drops_the_handle_and_lives_on(tmp_path):
    """The child's copy of the handle goes away without doing anything, and does not keep the parent's lock."""
    handles = [create(tmp_path / "l")]
    ready, done = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        handles.clear()
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(7)
    os.read(ready[0], 1)
    handles[0].transfer(ANN, BEAN, to=BOB.account, amount=1)
    handles[0].checkpoint()
    handles[0].close()
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    os.write(done[1], b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert fsck(tmp_path / "l", full=True)["entries"] == 8
    for end in (*ready, *done):
        os.close(end)


def spawned(path: str) -> int:
    """In a spawned process: open it there."""
    with Ledger.open(path, operator=OPERATOR) as ledger:
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        return ledger.balance(BEAN, BOB.account)


def test_spawned_processes_work(tmp_path):
    create(tmp_path / "l").close()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert [pool.apply(spawned, (str(tmp_path / "l"),)) for _ in range(3)] == [1, 2, 3]


# No room.


@pytest.mark.parametrize("flush_records", [100, 10**9])
def test_the_map_is_full(tmp_path, flush_records):
    """The batch fails whole, earlier work stays, the handle refuses work, and the next open works with more room."""
    path = tmp_path / "l"
    options: dict[str, Any] = {"map_bytes_max": 1 << 20, "flush_records": flush_records, "commit_every_ms": 5}
    ledger = create(path, **options)
    acknowledged: list[tuple[bytes, int]] = []
    pending = gift(ledger, 5)

    def fill() -> None:
        while len(acknowledged) < 200_000:
            payees = [os.urandom(32) for _ in range(100)]
            outcomes = ledger.apply([gift(ledger, 1, to) for to in payees])
            acknowledged.extend((to, one.index) for to, one in zip(payees, outcomes, strict=True))

    with watchdog(60), pytest.raises(StoreError) as raised:
        fill()
    assert isinstance(raised.value, (MapFullError, PoisonedError))
    assert str(1 << 20) in str(raised.value)
    assert "map_bytes_max" in str(raised.value)
    for call in (
        lambda: ledger.apply([pending]),
        lambda: ledger.submit(pending),
        ledger.checkpoint,
        ledger.flush,
        lambda: ledger.balance(BEAN, BOB.account),
        lambda: list(ledger.holders(BEAN)),
    ):
        with pytest.raises(PoisonedError, match=r"until it is reopened, because an earlier call failed: .*full"):
            call()
    with contextlib.suppress(StoreError):
        ledger.close()
    ledger.close()
    fsck(path)
    with Ledger.open(path, operator=OPERATOR) as ledger:
        assert ledger.size >= len(acknowledged)
        for account, index in acknowledged[::97]:
            assert ledger.balance(BEAN, account) == 1
            assert account in ledger.entry(index)
        transfers = sum(entry[0] == 1 for entry in ledger.entries()) - 2
        assert transfers in (len(acknowledged), len(acknowledged) + 100), "the last batch is there wholly or not at all"
        assert ledger.apply([pending])[0].ok
        Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
    fsck(path, full=True)


def create_on_a_small_disk(path: str, limit: int, said: str) -> None:
    """In a process whose files may not grow beyond a limit: create, and say how that failed."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        Ledger.create(path, origin=ORIGIN, operator=OPERATOR).close()
        result = "created"
    except (LedgerError, OSError) as error:
        result = type(error).__name__
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        Ledger.open(path)
    except (LedgerError, OSError) as error:
        result += f" {type(error).__name__}"
    Path(said).write_text(result)


@pytest.mark.parametrize("limit", [0, 4_096, 8_192, 20_000, 40_000])
def test_creating_on_a_full_disk_can_be_tried_again(tmp_path, limit):
    """It fails by name, leaves nothing that opens, and nothing that stands in the way."""
    path, said = tmp_path / "l", tmp_path / "said"
    process = multiprocessing.get_context("spawn").Process(
        target=create_on_a_small_disk, args=(str(path), limit, str(said))
    )
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert said.read_text() in ("OSError NotALedgerError", "StoreError NotALedgerError", "MapFullError NotALedgerError")
    Ledger.create(path, origin=ORIGIN, operator=OPERATOR).close()
    fsck(path, full=True)


def test_the_map_grows(tmp_path):
    with create(tmp_path / "l", map_bytes=1 << 16, flush_records=50, commit_every_ms=5) as ledger, watchdog(60):
        for _ in range(20):
            ledger.apply([gift(ledger, 1, os.urandom(32)) for _ in range(200)]).raise_for_status()
            assert sum(holding.amount for _, holding in ledger.holders(BEAN)) == FUNDS
        ledger.flush()
        assert ledger.stats()["log_bytes"] > 1 << 20
    fsck(tmp_path / "l", full=True)


def fill_a_small_disk(path: str, limit: int, acknowledged: str) -> None:
    """In a process whose files may not grow beyond a limit: apply until that fails, and say how."""
    ledger = Ledger.open(path, operator=OPERATOR, commit_every_ms=5, flush_records=200)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    said = Path(acknowledged)
    total = 0
    first = second = ""
    try:
        for _ in range(2_000):
            total += ledger.apply([gift(ledger, 1, os.urandom(32)) for _ in range(100)]).applied
            said.with_suffix(".count").write_text(str(total))
    except (LedgerError, OSError) as error:
        first = f"{type(error).__name__}: {error}"
    try:
        ledger.apply([gift(ledger)])
    except (LedgerError, OSError) as error:
        second = type(error).__name__
    with contextlib.suppress(LedgerError, OSError):
        ledger.close()
    said.write_text(json.dumps([total, first, second]))


def test_the_disk_is_full(tmp_path):
    path, said = tmp_path / "l", tmp_path / "said"
    create(path).close()
    process = multiprocessing.get_context("spawn").Process(
        target=fill_a_small_disk, args=(str(path), 1 << 20, str(said))
    )
    process.start()
    process.join(120)
    assert process.exitcode == 0
    total, first, second = json.loads(said.read_text())
    assert first.split(":")[0] in ("OSError", "StoreError", "MapFullError", "PoisonedError"), first
    assert "large" in first or "space" in first or "full" in first, first
    assert second == "PoisonedError"
    with Ledger.open(path, operator=OPERATOR) as ledger:
        transfers = sum(entry[0] == 1 for entry in ledger.entries()) - 2
        assert transfers in (total, total + 100)
        assert ledger.apply([gift(ledger, 1)])[0].ok
        Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
    fsck(path, full=True)


# Folders.


def test_folders_that_are_no_ledgers(tmp_path, finished):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "data.mdb").write_bytes(bytes(10_000))
    (tmp_path / "file").write_text("hello")
    copy(finished, tmp_path / "no format")
    (tmp_path / "no format" / "format").unlink()
    for name in ("nothing", "empty", "other", "file", "no format"):
        for call in (Ledger.open, lambda path: Ledger.open(path, read_only=True), fsck):
            with pytest.raises(NotALedgerError, match="is not a Counterfoil ledger: "):
                call(tmp_path / name)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["data.mdb"]
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"counterfoil ledger\nformat 2\n", NewerFormatError),
        (b"counterfoil ledger\nformat 4294967295\n", NewerFormatError),
        (b"counterfoil ledger\nformat 0\n", NotALedgerError),
        (b"counterfoil ledger\nformat one\n", NotALedgerError),
        (b"counterfoil ledger\n", NotALedgerError),
        (b"another thing\nformat 1\n", NotALedgerError),
        (b"", NotALedgerError),
        (b"\xff\xfe\0" * 1_000, NotALedgerError),
        (b"counterfoil ledger\nformat " + b"9" * 100_000, NotALedgerError),
    ],
)
def test_formats(tmp_path, finished, text, kind):
    path = copy(finished, tmp_path / "l")
    (path / "format").write_bytes(text)
    before = files(path)
    for call in (Ledger.open, lambda path: Ledger.open(path, read_only=True), fsck):
        with pytest.raises(kind):
            call(path)
    assert files(path) == before
    assert (path / "format").read_bytes() == text
    if kind is NewerFormatError:
        with pytest.raises(kind, match=r"has format \d+, made by a newer Counterfoil; this one reads format 1"):
            Ledger.open(path)


@pytest.mark.parametrize("part", ["log", "state"])
@pytest.mark.parametrize("what", ["missing file", "empty file", "missing folder", "a folder", "junk"])
def test_parts_that_are_missing_or_wrong(tmp_path, finished, part, what):
    path = copy(finished, tmp_path / "l")
    data = path / part / "data.mdb"
    root = expected(finished)["state_root"]
    if what == "missing file":
        data.unlink()
    elif what == "empty file":
        data.write_bytes(b"")
    elif what == "missing folder":
        shutil.rmtree(path / part)
    elif what == "a folder":
        data.unlink()
        data.mkdir()
    else:
        data.write_bytes(random.Random(5).randbytes(50_000))  # noqa: S311 - any junk
    for call in (fsck, lambda path: Ledger.open(path, read_only=True)):
        with pytest.raises((StoreError, OSError)):
            call(path)
    if part == "state" and what.startswith("missing"):
        with Ledger.open(path, operator=OPERATOR) as ledger:
            assert ledger.state_root.hex() == root
        assert fsck(path, full=True)["state_root"].hex() == root  # type: ignore[union-attr]
    else:
        with pytest.raises((StoreError, OSError)):
            Ledger.open(path)


# Damage.


def expected(path: Path) -> dict[str, Any]:
    """What a ledger that is well says, in a form that travels."""
    with Ledger.open(path, read_only=True) as ledger:
        return look(ledger)


def look(ledger: Ledger) -> dict[str, Any]:
    """Everything that reading a ledger shows."""
    sha = hashlib.sha256()
    for entry in ledger.entries():
        sha.update(entry)
    return {
        "state_root": ledger.state_root.hex(),
        "log_root": ledger.log_root().hex(),
        "size": ledger.size,
        "entries": sha.hexdigest(),
        "note": ledger.last_checkpoint,
        "holders": sorted((account.hex(), holding.amount) for account, holding in ledger.holders(BEAN)),
        "supply": ledger.supply(BEAN),
        "history": [each.index for each in ledger.transactions(BOB.account)],
        "statement": hashlib.sha256(bytes(ledger.prove_balance(BEAN, BOB.account))).hexdigest(),
        "receipt": hashlib.sha256(bytes(ledger.prove_entry(7))).hexdigest(),
        "consistency": [step.hex() for step in ledger.prove_consistency(5, ledger.size)],
    }


def look_at_damaged(folder: str, damages: list[list[Any]], well: dict[str, Any], said: str) -> None:
    """Damage a copy in one way after the other; write down what opening and fsck say of each."""
    scratch = Path(folder)
    with Path(said).open("a", buffering=1) as out:
        for place, (original, file, kind, number) in enumerate(damages):
            path = scratch / str(place)
            shutil.copytree(original, path)
            data = path / file
            whole = bytearray(data.read_bytes())
            if kind == "flip":
                whole[number // 8] ^= 1 << number % 8
            elif kind == "zero page":
                whole[number * 4_096 : (number + 1) * 4_096] = bytes(4_096)
            elif kind == "swap pages":
                one, two = slice(number * 4_096, (number + 1) * 4_096), slice(3 * 4_096, 4 * 4_096)
                whole[one], whole[two] = whole[two], whole[one]
            else:
                del whole[number:]
            data.write_bytes(whole)
            out.write(f"{place} begins {file} {kind} {number}\n")
            results = [
                say_how(name, call, well)
                for name, call in (
                    ("fsck", lambda path=path: fsck(path)),
                    ("full", lambda path=path: fsck(path, full=True)),
                    ("read", lambda path=path: open_and_look(path, read_only=True)),
                    ("write", lambda path=path: open_and_look(path, operator=OPERATOR, commit_every_ms=None)),
                )
            ]
            out.write(f"{place} {' '.join(results)}\n")
            shutil.rmtree(path)
        out.write("end\n")


def say_how(name: str, call: Any, well: dict[str, Any]) -> str:
    """Whether something reads as before, or how it refuses."""
    try:
        found = call()
    except (StoreError, OSError) as error:
        clear = not isinstance(error, CorruptionError) or ("expected" in str(error) and "corrupt: " in str(error))
        return f"{name}={type(error).__name__}" if clear else f"{name}=UNCLEAR:{error}"
    except Exception as error:  # noqa: BLE001 - this is what must not be
        return f"{name}=UNTYPED:{type(error).__name__}:{error}"
    if "size" not in found or found == well:
        return f"{name}=well"
    return f"{name}=DIFFERS:{','.join(part for part in well if found[part] != well[part])}"


def open_and_look(path: Path, **options: Any) -> dict[str, Any]:
    """Open, read everything, close."""
    with Ledger.open(path, **options) as ledger:
        return look(ledger)


def judge(tmp_path: Path, original: Path, damages: list[tuple[Path, str, str, int]], workers: int = 2) -> list[str]:
    """Look at damaged copies in processes of their own; none may end by a signal, or say anything but a typed error."""
    well = expected(original)
    spawn = multiprocessing.get_context("spawn")
    running = []
    for worker in range(workers):
        folder, said = tmp_path / f"worker {worker}", tmp_path / f"said {worker}"
        folder.mkdir()
        mine = [[str(path), file, kind, number] for path, file, kind, number in damages[worker::workers]]
        process = spawn.Process(target=look_at_damaged, args=(str(folder), mine, well, str(said)))
        process.start()
        running.append((process, said))
    lines = []
    for process, said in running:
        process.join(200)
        lines += (told := said.read_text().splitlines())
        if process.is_alive():
            process.kill()
            pytest.fail(f"stuck at: {told[-1]}")
        assert process.exitcode == 0, f"ended by signal {process.exitcode} at: {told[-1]}"
        assert told[-1] == "end"
    bad = [
        f"{before}: {line}"
        for before, line in itertools.pairwise(lines)
        if "DIFFERS" in line
        or "UNTYPED" in line
        or "UNCLEAR" in line
        # What the full check finds well, everything else must find well.
        or ("full=well" in line and (("read=" in line and "read=well" not in line) or "write=well" not in line))
    ]
    assert not bad, "\n".join(bad[:10])
    return [line for line in lines if "fsck=" in line]


@pytest.mark.parametrize("file", ["log/data.mdb", "state/data.mdb"])
def test_flipped_bits(tmp_path, finished, file):
    """Any bit of either database: a typed error, or everything reads as before."""
    size = (finished / file).stat().st_size * 8
    seed = 3
    source = random.Random(seed)  # noqa: S311 - what the seed says
    bits = {source.randrange(size) for _ in range(FLIPS)}
    # The two meta pages and the page headers, on which LMDB relies.
    bits |= {source.randrange(2 * 4_096 * 8) for _ in range(30)}
    bits |= {source.randrange(size // 32_768) * 32_768 + source.randrange(16 * 8) for _ in range(40)}
    lines = judge(tmp_path, finished, [(finished, file, "flip", bit) for bit in sorted(bits)])
    assert any("fsck=CorruptionError" in line for line in lines)


@pytest.mark.parametrize("file", ["log/data.mdb", "state/data.mdb"])
def test_truncated_files_and_lost_pages(tmp_path, finished, file):
    size = (finished / file).stat().st_size
    cuts = [0, 1, 100, 4_095, 4_096, 5_000, 8_191, 8_192, size // 2, size // 2 // 4_096 * 4_096, size - 4_096, size - 1]
    damages = [(finished, file, "cut", cut) for cut in cuts]
    damages += [(finished, file, "zero page", page) for page in range(size // 4_096)]
    damages += [(finished, file, "swap pages", page) for page in range(4, size // 4_096, 3)]
    judge(tmp_path, finished, damages)


# Parts that do not belong together.


def test_the_state_is_rebuilt_from_the_log(tmp_path, finished):
    well = expected(finished)
    path = copy(finished, tmp_path / "l")
    shutil.rmtree(path / "state")
    done: list[tuple[int, int]] = []
    with Ledger.open(path, operator=OPERATOR, progress=lambda *args: done.append(args)) as ledger:
        assert look(ledger) == well
    assert done[-1] == (well["size"], well["size"])
    assert done == sorted(done)
    assert fsck(path, full=True)["state_root"].hex() == well["state_root"]  # type: ignore[union-attr]


def test_an_exception_in_the_progress_callback(tmp_path, finished):
    path = copy(finished, tmp_path / "l")
    shutil.rmtree(path / "state")

    class MineError(Exception):
        pass

    def stop(_done: int, _all: int) -> None:
        raise MineError

    with pytest.raises(MineError):
        Ledger.open(path, operator=OPERATOR, progress=stop)
    with Ledger.open(path, operator=OPERATOR) as ledger:
        assert look(ledger) == expected_of(finished)
    for full in (False, True):
        with pytest.raises(MineError):
            fsck(path, full=full, progress=stop)
        fsck(path, full=full)


def expected_of(path: Path) -> dict[str, Any]:
    """The same as `expected`, for a path that is not open."""
    return expected(path)


def test_the_state_of_another_ledger(tmp_path, finished):
    path = copy(finished, tmp_path / "l")
    with create(tmp_path / "other") as other:
        for _ in range(5):
            other.transfer(ANN, BEAN, to=BOB.account, amount=1)
    shutil.rmtree(path / "state")
    shutil.copytree(tmp_path / "other" / "state", path / "state")
    for call in (fsck, Ledger.open, lambda path: Ledger.open(path, read_only=True)):
        with pytest.raises(CorruptionError, match=r"corrupt: .*expected"):
            call(path)


def test_the_state_of_an_empty_other_ledger(tmp_path, finished):
    """The hardest to tell: it stands at entry 1, and all of the log would be applied on top of it."""
    path = copy(finished, tmp_path / "l")
    Ledger.create(tmp_path / "other", origin=ORIGIN, operator=OPERATOR, parameters=Parameters(window_ms=1_000)).close()
    shutil.rmtree(path / "state")
    shutil.copytree(tmp_path / "other" / "state", path / "state")
    for call in (fsck, Ledger.open, lambda path: Ledger.open(path, read_only=True)):
        with pytest.raises(CorruptionError, match=r"corrupt: .*expected"):
            call(path)


def test_a_log_that_is_older_than_the_state(tmp_path):
    with create(tmp_path / "l") as ledger:
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    copy(tmp_path / "l", tmp_path / "old")
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    shutil.rmtree(tmp_path / "l" / "log")
    shutil.copytree(tmp_path / "old" / "log", tmp_path / "l" / "log")
    for call in (fsck, Ledger.open, lambda path: Ledger.open(path, read_only=True)):
        with pytest.raises(CorruptionError, match="expected a state of at most the log's 6 entries"):
            call(tmp_path / "l")


def test_a_log_that_went_another_way(tmp_path):
    """As long as the state says, but of other entries: the state root of the next commit gives it away."""
    with create(tmp_path / "l") as ledger:
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    copy(tmp_path / "l", tmp_path / "other")
    for name, amount in (("l", 5), ("other", 6)):
        with Ledger.open(tmp_path / name, operator=OPERATOR) as ledger:
            ledger.transfer(ANN, BEAN, to=BOB.account, amount=amount)
            ledger.flush()
            for _ in range(3):
                ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    shutil.rmtree(tmp_path / "l" / "log")
    shutil.copytree(tmp_path / "other" / "log", tmp_path / "l" / "log")
    with pytest.raises(CorruptionError):
        fsck(tmp_path / "l")
    with pytest.raises(CorruptionError):
        fsck(tmp_path / "l", full=True)


# Copies.


def test_a_restored_copy_does_not_sign_until_it_compared_itself(tmp_path):
    with create(tmp_path / "l") as ledger:
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        old = ledger.checkpoint()
    copy(tmp_path / "l", tmp_path / "copy")
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        last = ledger.last_checkpoint or ""
        assert ledger.is_confirmed
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        newer = ledger.checkpoint()
    with create(tmp_path / "foreign") as ledger:
        foreign = ledger.checkpoint()
    with Ledger.create(tmp_path / "alien", origin=ORIGIN, operator=ANN) as ledger:
        alien = ledger.checkpoint()
    with Ledger.open(tmp_path / "copy", operator=OPERATOR, commit_every_ms=None) as ledger:
        assert not ledger.is_confirmed
        with unchanged(ledger):
            for call in (ledger.checkpoint, lambda: ledger.rotate_operator(ANN)):
                with pytest.raises(UnconfirmedError, match="confirm"):
                    call()
            with pytest.raises(DivergedError, match="covers 8 entries, this copy has 6"):
                ledger.confirm(newer)
            with pytest.raises(DivergedError, match=r"the published root is .*, this copy's is "):
                ledger.confirm(foreign)
            for note in (alien, old[:-10], old.replace("\n6\n", "\n5\n"), "", "text"):
                with pytest.raises(ValueError, match="note"):
                    ledger.confirm(note)
            with pytest.raises(UnconfirmedError):
                ledger.checkpoint()
            assert not ledger.is_confirmed
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        ledger.flush()
    with Ledger.open(tmp_path / "copy", operator=OPERATOR, commit_every_ms=None) as ledger:
        assert not ledger.is_confirmed, "closing and opening confirms nothing"
        with pytest.raises(DivergedError, match=r"the published root is .*, this copy's is "):
            ledger.confirm(newer)
        ledger.confirm(last)
        assert ledger.is_confirmed
        Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
    with Ledger.open(tmp_path / "copy", operator=OPERATOR) as ledger:
        assert ledger.is_confirmed
        ledger.checkpoint()


@pytest.mark.parametrize("times", [1, 2])
def test_a_backup_that_is_written_back_in_place(tmp_path, times):
    """The files keep their inodes and times of birth, and yet it is another history."""
    with create(tmp_path / "l") as ledger:
        ledger.checkpoint()
    copy(tmp_path / "l", tmp_path / "backup")
    for _ in range(times):
        with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
            ledger.transfer(ANN, BEAN, to=BOB.account, amount=7)
            note = ledger.checkpoint()
    subprocess.run(["cp", "-r", f"{tmp_path}/backup/.", f"{tmp_path}/l/"], check=True)  # noqa: S607
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        assert not ledger.is_confirmed
        with pytest.raises(UnconfirmedError):
            ledger.checkpoint()
        with pytest.raises(DivergedError):
            ledger.confirm(note)


def test_a_hot_backup_written_back_in_place(tmp_path):
    """Taken while the ledger was open, which went on within the same handle."""
    ledger = create(tmp_path / "l")
    ledger.backup(tmp_path / "backup")
    copy(tmp_path / "l", tmp_path / "files")
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=7)
    note = ledger.checkpoint()
    ledger.close()
    for source in ("backup", "files"):
        subprocess.run(["cp", "-r", f"{tmp_path}/{source}/.", f"{tmp_path}/l/"], check=True)  # noqa: S607
        with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
            assert not ledger.is_confirmed
            with pytest.raises(DivergedError):
                ledger.confirm(note)


def test_a_moved_folder_is_the_original(tmp_path):
    create(tmp_path / "l").close()
    (tmp_path / "l").rename(tmp_path / "moved")
    with Ledger.open(tmp_path / "moved", operator=OPERATOR) as ledger:
        assert ledger.is_confirmed
        ledger.checkpoint()


def test_a_lost_identity_is_a_copy(tmp_path):
    with create(tmp_path / "l") as ledger:
        note = ledger.checkpoint()
    (tmp_path / "l" / "identity").unlink()
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        assert not ledger.is_confirmed
        ledger.confirm(note)
        ledger.checkpoint()


def test_backups_while_the_ledger_goes_on(tmp_path):
    """Each is a ledger of its own that is whole, and does not sign."""
    with create(tmp_path / "l", commit_every_ms=2, flush_records=20) as ledger, watchdog(120):
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                ledger.apply([gift(ledger, 1, os.urandom(32)) for _ in range(20)]).raise_for_status()

        thread = threading.Thread(target=work)
        thread.start()
        sizes = []
        for number in range(6):
            sizes.append(ledger.size)
            ledger.backup(tmp_path / f"backup {number}")
        stop.set()
        thread.join()
        root = ledger.log_root
        with pytest.raises(FileExistsError):
            ledger.backup(tmp_path / "backup 0")
        for number, size in enumerate(sizes):
            report = fsck(tmp_path / f"backup {number}", full=True)
            assert int(report["entries"]) >= size  # type: ignore[arg-type]
            assert root(int(report["entries"])) == report["log_root"]  # type: ignore[arg-type]
            with Ledger.open(tmp_path / f"backup {number}", operator=OPERATOR) as again:
                assert not again.is_confirmed
                assert sum(holding.amount for _, holding in again.holders(BEAN)) == FUNDS


def test_opening_with_a_wrong_key_changes_nothing(tmp_path, finished):
    path = copy(finished, tmp_path / "l")
    before = files(path)
    with pytest.raises(OperatorKeyError):
        Ledger.open(path, operator=Key.generate())
    assert files(path) == before


# fsck.


def test_fsck(tmp_path, finished):
    path = copy(finished, tmp_path / "l")
    well, before = expected(finished), files(path)
    for full in (False, True):
        done: list[tuple[int, int]] = []
        report = fsck(path, full=full, progress=lambda *args, done=done: done.append(args))
        assert report["entries"] == well["size"]
        assert report["state_root"].hex() == well["state_root"]  # type: ignore[union-attr]
        assert report["log_root"].hex() == well["log_root"]  # type: ignore[union-attr]
        assert done
        assert done[-1][0] == done[-1][1] == well["size"]
        assert files(path) == before


def test_two_full_checks_at_once(tmp_path, finished):
    paths = [copy(finished, tmp_path / f"l{number}") for number in range(4)]
    problems: list[BaseException] = []

    def check(path: Path) -> None:
        try:
            for _ in range(3):
                fsck(path, full=True)
        except BaseException as error:  # noqa: BLE001 - shown below
            problems.append(error)

    threads = [threading.Thread(target=check, args=(path,)) for path in paths]
    with watchdog(120):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not problems, problems


def test_a_progress_callback_that_asks_to_stop_stops(tmp_path):
    """Ctrl-C in a long check must not have to wait for its end."""
    done = run_script(
        """
        import sys, time
        from tests.test_ledger import *
        with create(Path(sys.argv[1])) as ledger:
            ledger.apply([gift(ledger) for _ in range(20_000)])
        calls = []
        def stop(done, all_):
            calls.append(done)
            if done < all_:
                raise KeyboardInterrupt
        start = time.perf_counter()
        fsck(sys.argv[1], full=True)
        whole = time.perf_counter() - start
        start = time.perf_counter()
        try:
            fsck(sys.argv[1], full=True, progress=stop)
        except KeyboardInterrupt:
            print(len(calls), time.perf_counter() - start < 0.6 * whole)
        """,
        tmp_path / "l",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 True\n", "")
