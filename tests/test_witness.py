"""Witnesses: the protocol by public vectors, two histories and what becomes of them, deaths, and k of n end to end."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from counterfoil import Key, Ledger, _body
from counterfoil._http import request
from counterfoil.exceptions import (
    ClosedError,
    CorruptionError,
    NewerFormatError,
    OperatorKeyError,
    ProofError,
    ReadOnlyError,
    StoreError,
    WireError,
    WitnessError,
)
from counterfoil.ledger import fsck
from counterfoil.ops import Once
from counterfoil.tiles import TileLog, claimed_checkpoint, export_tiles
from counterfoil.verify import (
    COSIGNATURE_NOTE,
    EQUIVOCATION,
    Checkpoint,
    NoteKey,
    Verifier,
    open_note,
    split_equivocation,
)
from counterfoil.witness import SIZE_TYPE, Answer, Memory, Witness, _request, cosign, follow
from counterfoil.witness_app import witness_app

from tests import builders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPERATOR, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (21, 22, 23))
KEYS = [Key.from_seed(bytes([number]) * 32) for number in (31, 32, 33)]
ORIGIN = "club.example/beans"
NAME = "roaster.example/witness"
OPTIONS: dict[str, Any] = {"commit_every_ms": None}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.create(tmp_path / "club.ledger", origin=ORIGIN, operator=OPERATOR, **OPTIONS) as made:
        yield made


@pytest.fixture
def witness(ledger: Ledger, tmp_path: Path) -> Iterator[Witness]:
    with Witness(tmp_path / "witness", KEYS[0], name=NAME, ledgers=[ledger.verifier_key]) as made:
        yield made


def grow(ledger: Ledger, count: int = 1) -> str:
    """Apply so many transactions, and sign a checkpoint."""
    for _ in range(count):
        ledger.execute([Once(account=ANN.account, key=os.urandom(32))], ANN)
    return ledger.checkpoint()


@contextlib.contextmanager
def fork(ledger: Ledger, folder: Path) -> Iterator[Ledger]:
    """A copy of the ledger with which the operator goes on as well: from here on there are two histories."""
    ledger.backup(folder)
    note = ledger.last_checkpoint
    assert note is not None
    with Ledger.open(folder, operator=OPERATOR, **OPTIONS) as copy:
        copy.confirm(note)
        yield copy


def size_of(note: str) -> int:
    return int(note.split("\n")[1])


def ask(witness: Witness, ledger: Ledger, note: str, old: int | None = None) -> Answer:
    """What the witness answers to a request as the specification wants it, from the size that it has."""
    if old is None:
        latest = witness.memory.latest(ORIGIN)
        old = latest[1].tree_size if latest else 0
    proof = ledger.prove_consistency(old, size_of(note)) if 0 < old <= size_of(note) else []
    return witness.add_checkpoint(_request(old, proof, note.encode()))


# The protocol


def test_the_public_exchanges(shared_vectors: Path, tmp_path: Path) -> None:
    """litewitness's own test, in order. It expects 403 where the specification says 404 since."""
    data = json.loads((shared_vectors / "tlog-witness/litewitness.json").read_text())
    origin = data["in_order"][0]["body"].split("\n")[2]
    log_key = NoteKey(origin, bytes.fromhex(data["log_key_hash"].split(" ")[0])).text
    with Witness(tmp_path, KEYS[0], name="example.com/witness", ledgers=[log_key]) as witness:
        for exchange in data["in_order"]:
            answer = witness.add_checkpoint(exchange["body"].encode())
            unknown = 'body contains "unknown log"' in exchange["asserts"]
            assert answer.status == (404 if unknown else exchange["status"])
            if answer.status == 200:
                note = exchange["body"].split("\n\n", 1)[1].encode() + answer.body
                claim = Verifier(log_key, witnesses=[witness.verifier_key]).checkpoint(note)
                assert claim.cosignatures[0].witness.name == "example.com/witness"
                assert abs(claim.cosignatures[0].time - time.time()) < 60
            elif answer.status == 409:
                [wanted] = exchange["asserts"]
                assert wanted == f"body == {json.dumps(answer.body.decode())}"
                assert answer.content_type == "text/x.tlog.size"


def test_one_step_after_the_other(ledger: Ledger, witness: Witness) -> None:
    first = grow(ledger)
    assert ask(witness, ledger, first).status == 200
    second = grow(ledger, 5)
    assert ask(witness, ledger, second, old=0) == (409, SIZE_TYPE, f"{size_of(first)}\n".encode())
    assert ask(witness, ledger, second).status == 200
    assert ask(witness, ledger, second).status == 200, "the same again, at another time"
    assert ask(witness, ledger, first, old=size_of(first)) == (409, SIZE_TYPE, f"{size_of(second)}\n".encode())
    assert witness.memory.checkpoints() == [Checkpoint(ORIGIN, size_of(second), ledger.log_root(size_of(second)))]
    latest = witness.memory.latest(ORIGIN)
    assert latest is not None
    assert latest[0] == second.encode()


def test_what_is_refused(ledger: Ledger, witness: Witness) -> None:
    first, second = grow(ledger), grow(ledger, 3)
    assert ask(witness, ledger, first).status == 200
    old, new = size_of(first), size_of(second)
    proof = ledger.prove_consistency(old, new)
    good = _request(old, proof, second.encode())
    other = builders.sign_note(second[: second.index("\n\n") + 1], ORIGIN, builders.SigningKey(bytes(32))).decode()
    elsewhere = second.replace(ORIGIN, "other.example/x")
    for status, body in (
        (400, b""),
        (400, b"\n\n"),
        (400, good[1:]),
        (400, good.replace(b"old ", b"old  ")),
        (400, good.replace(b"old ", b"old 0")),
        (400, good.replace(b"old ", b"old -")),
        (400, b"old 99999999999999999999999\n\n" + second.encode()),
        (400, _request(new + 1, [], second.encode())),
        (400, _request(old, [b"short"], second.encode())),
        (400, _request(old, [bytes(32)] * 64, second.encode())),
        (400, _request(old, proof, second.replace("\n\n", "\n").encode())),
        (400, _request(old, proof, second.replace("\n\n", "\nextension\n\n", 1).encode())),
        (403, _request(old, proof, second[:-1].encode())),
        (403, _request(old, proof, second.encode() + b"\xff\n")),
        (400, good + b"x" * 70_000),
        (403, _request(old, proof, second.replace("— club", "— klub").encode())),
        (403, _request(old, proof, other.encode())),
        (403, _request(old, proof, second.replace(f"\n{new}\n", f"\n{new + 1}\n").encode())),
        (404, _request(old, proof, elsewhere.encode())),
        (409, _request(0, [], second.encode())),
        (409, _request(old - 1, proof, second.encode())),
        (422, _request(old, [], second.encode())),
        (422, _request(old, proof[:-1], second.encode())),
        (422, _request(old, [*proof, bytes(32)], second.encode())),
        (422, _request(old, [bytes(32)] * 63, second.encode())),
        (422, _request(old, [bytes(32)], first.encode())),
    ):
        answer = witness.add_checkpoint(body)
        assert (answer.status, body) == (status, body), answer
        assert answer.body.endswith(b"\n")
        assert len(answer.body) < 2_000
    assert witness.memory.checkpoints()[0].tree_size == old
    assert witness.add_checkpoint(good).status == 200


def test_random_bytes_are_answered(witness: Witness, ledger: Ledger) -> None:
    note = grow(ledger)
    good = _request(0, [], note.encode())
    chance = random.Random(7)  # noqa: S311 - for mutants
    for _ in range(3_000):
        mutant = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(mutant))
            mutant[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        answer = witness.add_checkpoint(bytes(mutant))
        if answer.status == 200:
            # Only a change of what nobody signs: a name or a signature that is passed over, or none at all.
            assert witness.memory.checkpoints()[0].tree_size == size_of(note)
    assert witness.memory.equivocations() == []


def test_an_empty_log(tmp_path: Path) -> None:
    key = builders.SigningKey(bytes(32))
    with Witness(tmp_path, KEYS[0], name=NAME, ledgers=[builders.vkey("log", key)]) as witness:
        for root, status in ((bytes(32), 422), (builders.sha256(), 200)):
            text = f"log\n0\n{base64.b64encode(root).decode()}\n"
            note = builders.sign_note(text, "log", key)
            assert witness.add_checkpoint(_request(0, [], note)).status == status
            assert witness.add_checkpoint(_request(0, [bytes(32)], note)).status == 422


def test_a_new_operator(ledger: Ledger, witness: Witness, tmp_path: Path) -> None:
    old_vkey = ledger.verifier_key
    assert ask(witness, ledger, grow(ledger)).status == 200
    ledger.rotate_operator(BOB)
    note = grow(ledger)
    assert ask(witness, ledger, note).status == 403
    witness.close()
    ledgers = [old_vkey, ledger.verifier_key]
    with Witness(tmp_path / "witness", KEYS[0], name=NAME, ledgers=ledgers) as told:
        assert ask(told, ledger, note).status == 200
    with Witness(tmp_path / "other", KEYS[1], name=NAME, ledgers=[old_vkey], replicas=[ledger]) as reads_the_log:
        assert ask(reads_the_log, ledger, note).status == 200


def test_a_ledger_that_is_named_twice(ledger: Ledger, tmp_path: Path) -> None:
    vkeys = [ledger.verifier_key, ledger.verifier_key + "\n"]
    with Witness(tmp_path / "w", KEYS[0], name=NAME, ledgers=vkeys) as witness:
        assert ask(witness, ledger, grow(ledger)).status == 200


def test_of_a_note_the_operators_signature_is_kept(ledger: Ledger, witness: Witness) -> None:
    note = grow(ledger)
    junk = "".join(f"— x{number} {base64.b64encode(bytes(400)).decode()}\n" for number in range(99))
    assert ask(witness, ledger, note + junk).status == 200
    latest = witness.memory.latest(ORIGIN)
    assert latest is not None
    assert latest[0] == note.encode()


# Two histories


def test_two_checkpoints_of_one_size(ledger: Ledger, witness: Witness, tmp_path: Path) -> None:
    with fork(ledger, tmp_path / "fork") as other:
        mine, theirs = grow(ledger, 2), grow(other, 2)
        assert ask(witness, ledger, mine).status == 200
        size = size_of(mine)
        # Whatever old size is said: what was signed is evidence.
        refused = ask(witness, other, theirs, old=0)
        assert refused == (409, SIZE_TYPE, f"{size}\n".encode())
        [found] = witness.memory.equivocations()
        assert (found.origin, found.cleared) == (ORIGIN, None)
        assert abs(found.time - time.time_ns() // 1_000_000) < 60_000
        verifier = Verifier(ledger.verifier_key)
        proven = verifier.equivocation(*split_equivocation(found.data))
        assert (proven.origin, proven.tree_size) == (ORIGIN, size)
        assert proven.root_hashes == (ledger.log_root(size), other.log_root(size))
        assert (proven.first_note, proven.second_note) == (mine.encode(), theirs.encode())
        assert bytes(proven) == found.data
        # For good: neither history is cosigned any more, nor is the evidence kept twice.
        for each in (ledger, other):
            assert ask(witness, each, grow(each), old=size).status == 403
            assert ask(witness, each, theirs, old=size).status == 403
        assert len(witness.memory.equivocations()) == 1
        assert witness.memory.clear(ORIGIN) == 1
        assert witness.memory.clear(ORIGIN) == 0
        assert ask(witness, ledger, grow(ledger)).status == 200
        # An older one, of a size that was cosigned.
        assert ask(witness, other, theirs, old=0).status == 409
        assert [each.cleared is None for each in witness.memory.equivocations()] == [False, True]


def test_the_same_old_size_and_another_root(ledger: Ledger, witness: Witness, tmp_path: Path) -> None:
    with fork(ledger, tmp_path / "fork") as other:
        mine, theirs = grow(ledger), grow(other)
        assert ask(witness, ledger, mine).status == 200
        answer = witness.add_checkpoint(_request(size_of(mine), [], theirs.encode()))
        assert (answer.status, answer.content_type) == (409, "text/plain; charset=utf-8")
        assert len(witness.memory.equivocations()) == 1


def test_a_fork_of_another_size_is_refused_and_no_evidence(ledger: Ledger, witness: Witness, tmp_path: Path) -> None:
    with fork(ledger, tmp_path / "fork") as other:
        assert ask(witness, ledger, grow(ledger, 2)).status == 200
        assert ask(witness, other, grow(other, 5)).status == 422
    assert witness.memory.equivocations() == []


@pytest.mark.parametrize("sizes", [(2, 2), (1, 5), (2, 3)])
def test_a_replica_shows_the_contradiction(sizes: tuple[int, int], ledger: Ledger, tmp_path: Path) -> None:
    theirs_count, own_count = sizes
    grow(ledger)
    with fork(ledger, tmp_path / "fork") as other:
        grow(ledger, own_count)
        theirs = grow(other, theirs_count)
        vkeys = [ledger.verifier_key]
        with Witness(tmp_path / "w", KEYS[0], name=NAME, ledgers=vkeys, replicas=[ledger]) as witness:
            for _ in range(3):
                assert ask(witness, other, theirs, old=0).status == 409
            [found] = witness.memory.equivocations()
            proven = Verifier(ledger.verifier_key).equivocation(*split_equivocation(found.data))
            assert proven.tree_size == size_of(theirs)
            assert proven.root_hashes == (other.log_root(proven.tree_size), ledger.log_root(proven.tree_size))
            assert bool(proven.proof) == (theirs_count != own_count)


def test_a_replica_is_waited_for(ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger)
    ledger.backup(tmp_path / "copy")
    vkeys = [ledger.verifier_key]
    note = grow(ledger, 3)
    with Ledger.open(tmp_path / "copy", read_only=True) as stale:
        with Witness(tmp_path / "a", KEYS[0], name=NAME, ledgers=vkeys, replicas=[stale], patience_ms=50) as waits:
            answer = ask(waits, ledger, note)
            assert answer.status == 503
            assert f"expected {size_of(note)} entries that are replayed, found 4" in answer.body.decode()
            assert waits.memory.checkpoints() == []
        with Witness(tmp_path / "b", KEYS[1], name=NAME, ledgers=vkeys, replicas=[ledger]) as follows:
            assert ask(follows, ledger, note).status == 200
            assert ask(follows, ledger, grow(ledger, 2)).status == 200
        another = [builders.vkey("x", builders.SigningKey(bytes(32)))]
        with pytest.raises(WireError, match="no key of"):
            Witness(tmp_path / "c", KEYS[2], name=NAME, ledgers=another, replicas=[stale])


def test_a_replica_that_cannot_be_read(ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    note = grow(ledger)
    ledger.backup(tmp_path / "copy")
    replica = Ledger.open(tmp_path / "copy", read_only=True)
    with Witness(tmp_path / "w", KEYS[0], name=NAME, ledgers=[ledger.verifier_key], replicas=[replica]) as witness:
        replica.close()
        answer = ask(witness, ledger, note)
        assert (answer.status, answer.body) == (503, b"replica: it cannot be read\n")
        assert f"{ORIGIN}: the replica cannot be read" in caplog.text


def test_two_histories_by_two_keys_are_no_evidence(ledger: Ledger, tmp_path: Path) -> None:
    """Nobody who knows one of the keys could verify it, and whoever has an old key could stop a ledger with it."""
    old, new = builders.SigningKey(bytes(32)), builders.SigningKey(bytes([1]) * 32)
    vkeys = [builders.vkey("log", key) for key in (old, new)]
    texts = [f"log\n5\n{base64.b64encode(bytes([number]) * 32).decode()}\n" for number in range(2)]
    mine, theirs = builders.sign_note(texts[0], "log", new), builders.sign_note(texts[1], "log", old)
    with Witness(tmp_path / "w", KEYS[0], name=NAME, ledgers=vkeys) as witness:
        assert witness.add_checkpoint(_request(0, [], mine)).status == 200
        answer = witness.add_checkpoint(_request(5, [], theirs))
        assert (answer.status, answer.body) == (409, b"root at 5 entries: another one was cosigned\n")
        assert witness.memory.equivocations() == []
        assert witness.add_checkpoint(_request(5, [], mine)).status == 200
        # One key under both is.
        assert witness.add_checkpoint(_request(5, [], builders.sign_note(texts[1], "log", new))).status == 409
        [found] = witness.memory.equivocations()
        assert Verifier(vkeys[1]).equivocation(*split_equivocation(found.data)).tree_size == 5

    # What a copy of the ledger has, signed by the new operator, against what the old one's key signs.
    grow(ledger)
    with fork(ledger, tmp_path / "fork") as other:
        vkeys = [ledger.verifier_key]
        ledger.rotate_operator(BOB)
        grow(ledger)
        theirs = grow(other, 2).encode()
        assert claimed_checkpoint(theirs).tree_size <= ledger.size
        with Witness(tmp_path / "v", KEYS[0], name=NAME, ledgers=vkeys, replicas=[ledger]) as witness:
            assert witness.add_checkpoint(_request(0, [], theirs)).status == 409
            assert witness.memory.equivocations() == []
            assert ask(witness, ledger, grow(ledger)).status == 200


def test_a_witness_that_follows_tiles(ledger: Ledger, tmp_path: Path, witness: Witness) -> None:
    folder = tmp_path / "public"
    log = TileLog(folder, ledger.verifier_key)
    with pytest.raises(FileNotFoundError):
        follow(witness, log)
    for count in (1, 0, 300, 5):
        grow(ledger, count)
        export_tiles(ledger, folder)
        note = follow(witness, log)
        claim = Verifier(ledger.verifier_key, witnesses=[witness.verifier_key]).checkpoint(note)
        assert claim.tree_size == ledger.size
        ledger.add_cosignatures(note.decode())
    assert ledger.last_checkpoint == note.decode()
    with fork(ledger, tmp_path / "fork") as other:
        grow(ledger)
        export_tiles(ledger, folder)
        follow(witness, log)
        # Further than what was cosigned: the tiles show what the other history has there.
        grow(other, 40)
        export_tiles(other, tmp_path / "elsewhere")
        with pytest.raises(WitnessError, match="signed two histories: two roots at"):
            follow(witness, TileLog(tmp_path / "elsewhere", ledger.verifier_key))
        [found] = witness.memory.equivocations()
        proven = Verifier(ledger.verifier_key).equivocation(*split_equivocation(found.data))
        assert proven.tree_size == ledger.size
        assert proven.root_hashes == (ledger.log_root(), other.log_root(ledger.size))
        with pytest.raises(WitnessError, match="403"):
            follow(witness, log)


def test_what_is_published_may_be_behind(ledger: Ledger, tmp_path: Path, witness: Witness) -> None:
    grow(ledger)
    export_tiles(ledger, tmp_path / "public")
    assert ask(witness, ledger, grow(ledger)).status == 200
    with pytest.raises(WitnessError, match="6 entries were cosigned, and the published checkpoint has 4"):
        follow(witness, TileLog(tmp_path / "public", ledger.verifier_key))


def test_evidence_must_contradict(ledger: Ledger, tmp_path: Path) -> None:
    verifier = Verifier(ledger.verifier_key)
    early = grow(ledger)
    with fork(ledger, tmp_path / "fork") as other:
        mine, later, theirs = grow(ledger, 2), grow(ledger, 2), grow(other, 2)
        small, large = size_of(mine), size_of(later)
        proof = [ledger.log_root(small), *ledger.prove_consistency(small, large)]
        proven = verifier.equivocation(theirs, later, proof)
        assert proven.root_hashes == (other.log_root(small), ledger.log_root(small))
        views = bytearray(theirs.encode()), memoryview(later.encode())
        assert verifier.equivocation(*views, [bytearray(step) for step in proof]) == proven
        for reason, arguments in (
            ("no_contradiction", (mine, mine)),
            ("no_contradiction", (mine, later)),
            ("no_contradiction", (mine, later, proof)),
            ("no_contradiction", (early, theirs)),
            ("no_contradiction", (theirs, later, proof[:1])),
            ("no_contradiction", (theirs, later, [bytes(32)] * 129)),
            ("wrong_log_proof", (theirs, later, [other.log_root(small), *proof[1:]])),
            ("wrong_log_proof", (theirs, later, proof[:-1])),
            ("wrong_log_proof", (later, theirs, proof)),
            ("wrong_log_proof", (mine, theirs, proof)),
            ("wrong_log_proof", (theirs, later, [b"short", *proof[1:]])),
            ("malformed_note", (mine, b"x")),
            ("wrong_key", (mine, theirs.replace("— club", "— klub"))),
            ("bad_signature", (mine, later.replace(f"\n{large}\n", f"\n{small}\n"))),
        ):
            with pytest.raises(ProofError) as caught:
                verifier.equivocation(*arguments)
            assert caught.value.reason == reason, arguments
        data = bytes(proven)
        for mutant in [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(len(data))]:
            with pytest.raises(ProofError):
                verifier.equivocation(*split_equivocation(mutant))
        for reason, mutant in (
            ("truncated", data[:-1]),
            ("truncated", EQUIVOCATION),
            ("trailing_bytes", data + b"\x00"),
            ("malformed_note", b"x" + data),
            ("too_long", bytes(3_000_000)),
        ):
            with pytest.raises(ProofError) as caught:
                split_equivocation(mutant)
            assert caught.value.reason == reason
        # What witnesses have signed of it, or have not, does not count.
        strict = Verifier(ledger.verifier_key, witnesses=[builders.cosigner_key(NAME, builders.SigningKey(bytes(32)))])
        assert strict.equivocation(*split_equivocation(data)) == proven


# What is remembered


def test_of_two_histories_at_once_one_is_signed(ledger: Ledger, tmp_path: Path) -> None:
    """Many threads and two handles, as two processes would have them: at each size only one root is ever signed."""
    with fork(ledger, tmp_path / "fork") as other:
        notes = [(each, grow(each, 1)) for _ in range(6) for each in (ledger, other)]
        vkeys = [ledger.verifier_key]
        handles = [Witness(tmp_path / "w", KEYS[0], name=NAME, ledgers=vkeys) for _ in range(2)]
        signed: list[tuple[int, str]] = []

        def race(number: int) -> None:
            chance = random.Random(number)  # noqa: S311 - for an order
            for _ in range(40):
                mine, note = chance.choice(notes)
                if ask(handles[number % 2], mine, note).status == 200:
                    signed.append((size_of(note), note))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(race, range(8)))
        for handle in handles:
            handle.close()
        sizes = {size for size, _ in signed}
        assert len(set(signed)) == len(sizes) > 0


CHILD = """
import sys
from counterfoil import Key
from counterfoil.witness import Witness, _request
import base64, json
folder, vkey, seed, name = sys.argv[1:5]
with Witness(folder, Key.from_seed(bytes.fromhex(seed)), name=name, ledgers=[vkey]) as witness:
    print("ready", flush=True)
    for line in sys.stdin:
        old, proof, note = json.loads(line)
        answer = witness.add_checkpoint(_request(old, [bytes.fromhex(step) for step in proof], note.encode()))
        print(answer.status, note.split("\\n")[1], flush=True)
"""


def test_a_death_never_forgets_what_was_signed(ledger: Ledger, tmp_path: Path) -> None:
    """`kill -9` while requests come in: whatever the witness answered before, its memory has when it comes back."""
    chance = random.Random(3)  # noqa: S311 - for a moment
    vkey, last = ledger.verifier_key, 0
    notes: list[tuple[int, list[str], str]] = []
    previous = 0
    for _ in range(150):
        note = grow(ledger)
        proof = ledger.prove_consistency(previous, size_of(note)) if previous else []
        notes.append((previous, [step.hex() for step in proof], note))
        previous = size_of(note)
    for _ in range(8):
        command = [sys.executable, "-c", CHILD, str(tmp_path / "w"), vkey, KEYS[0].seed.hex(), NAME]
        popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # What is still on its way to the child when it dies cannot be flushed.
        with contextlib.suppress(BrokenPipeError), popen as child:
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            feed = "".join(json.dumps(each) + "\n" for each in notes if each[0] >= last)
            threading.Thread(target=_write, args=(child.stdin, feed), daemon=True).start()
            seen = [child.stdout.readline() for _ in range(chance.randint(1, 12))]
            time.sleep(chance.random() / 200)
            child.send_signal(signal.SIGKILL)
            seen += child.stdout.read().splitlines(keepends=True)
        whole = [line.split() for line in seen if line.endswith("\n")]
        assert {status for status, _ in whole} == {"200"}
        with contextlib.closing(Memory(tmp_path / "w")) as memory:
            [checkpoint] = memory.checkpoints()
        assert checkpoint.tree_size >= int(whole[-1][1])
        assert checkpoint.root_hash == ledger.log_root(checkpoint.tree_size)
        last = checkpoint.tree_size


def _write(pipe: Any, text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        pipe.write(text)
        pipe.flush()


def test_the_memory_is_synced_before_the_answer(
    ledger: Ledger, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite syncs at each commit when it is told `synchronous = FULL`; and what is signed is signed after that."""
    assert witness.memory._database is not None
    assert witness.memory._database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert witness.memory._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    note = grow(ledger)

    def sign(message: bytes) -> bytes:
        with contextlib.closing(Memory(Path(str(ledger.path)).parent / "witness")) as memory:
            assert [each.tree_size for each in memory.checkpoints()] == [size_of(note)]
        return Key.sign(KEYS[0], message)

    monkeypatch.setattr(witness, "_signing", type("Spy", (), {"sign": staticmethod(sign)}))
    assert ask(witness, ledger, note).status == 200


def test_a_failing_memory_signs_nothing(ledger: Ledger, witness: Witness) -> None:
    note = grow(ledger)
    assert witness.memory._database is not None
    witness.memory._database.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="the witness's memory: attempt to write"):
        ask(witness, ledger, note)
    witness.memory._database.execute("PRAGMA query_only = 0")
    assert ask(witness, ledger, note).status == 200
    witness.close()
    with pytest.raises(ClosedError):
        ask(witness, ledger, note)


def test_only_the_last_checkpoints_are_kept(ledger: Ledger, witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.witness._CHECKPOINTS_KEPT", 3)
    sizes = []
    for _ in range(6):
        note = grow(ledger)
        assert ask(witness, ledger, note).status == 200
        sizes.append(size_of(note))
    assert witness.memory._database is not None
    rows = witness.memory._database.execute("SELECT tree_size FROM checkpoints").fetchall()
    assert [size for (size,) in rows] == sizes[-3:]


def test_whose_memory_it_is(ledger: Ledger, witness: Witness, tmp_path: Path) -> None:
    vkeys = [ledger.verifier_key]
    for key, name in ((KEYS[1], NAME), (KEYS[0], "another.example/witness")):
        with pytest.raises(ValueError, match="expected the memory of"):
            Witness(tmp_path / "witness", key, name=name, ledgers=vkeys)
    with contextlib.closing(Memory(tmp_path / "witness")) as memory:
        assert memory.key.text == witness.verifier_key
    with pytest.raises(FileNotFoundError, match="no witness"):
        Memory(tmp_path / "nowhere")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/witness.db").write_bytes(b"x" * 10_000)
    with pytest.raises(CorruptionError, match="expected the memory of a witness"):
        Witness(tmp_path / "odd", KEYS[0], name=NAME, ledgers=vkeys)
    assert witness.memory._database is not None
    witness.memory._database.execute("PRAGMA user_version = 2")
    with pytest.raises(NewerFormatError):
        Witness(tmp_path / "witness", KEYS[0], name=NAME, ledgers=vkeys)
    (tmp_path / "folder/witness.db").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"witness\.db: unable to open database file"):
        Memory(tmp_path / "folder")
    for name in ("", "with space", "a+b"):
        with pytest.raises(ProofError):
            Witness(tmp_path / "new", KEYS[0], name=name, ledgers=vkeys)
    with pytest.raises(WireError, match="expected one or more"):
        Witness(tmp_path / "new", KEYS[0], name=NAME, ledgers=[])
    assert not (tmp_path / "new").exists()


# End to end


@contextlib.contextmanager
def serving(application: Any) -> Iterator[str]:
    """A real server, and its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


FOLLOWER = """
import sys
from counterfoil import Ledger
with Ledger.open(sys.argv[1], read_only=True) as ledger:
    for line in sys.stdin:
        what, *ids = line.split()
        if what == "note":
            answer = ledger.last_checkpoint.encode()
        elif what == "entry":
            answer = bytes(ledger.prove_entry(int(ids[0])))
        else:
            answer = bytes(ledger.prove_balance(*(bytes.fromhex(each) for each in ids)))
        print(answer.hex(), flush=True)
"""


@contextlib.contextmanager
def following(ledger: Ledger) -> Iterator[Callable[[str], bytes]]:
    """Another process that follows the ledger: a call that asks it."""
    command = [sys.executable, "-c", FOLLOWER, str(ledger.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def ask_it(what: str) -> bytes:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{what}\n")
            child.stdin.flush()
            return bytes.fromhex(child.stdout.readline())

        yield ask_it
        child.communicate()
        assert child.returncode == 0


@pytest.fixture
def three(ledger: Ledger, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Three witnesses that are served: the address of each by its verifier key."""
    with contextlib.ExitStack() as stack:
        served = {}
        for number, key in enumerate(KEYS):
            name, prefix = f"w{number}.example/witness", "/witness" if number else ""
            made = Witness(tmp_path / f"w{number}", key, name=name, ledgers=[ledger.verifier_key])
            stack.enter_context(made)
            address = stack.enter_context(serving(witness_app(made, prefix=prefix)))
            served[made.verifier_key] = address + prefix
        yield served


def test_two_of_three(ledger: Ledger, three: dict[str, str]) -> None:
    bean = ledger.create_asset(ANN, "BEAN")
    ledger.mint(ANN, bean, to=BOB.account, amount=7)
    ledger.checkpoint()
    vkeys = list(three)
    verifier = Verifier(ledger.verifier_key, ledger=ledger.id, witnesses=vkeys, need=2)
    alone = ledger.prove_balance(bean, BOB.account)
    with pytest.raises(ProofError) as caught:
        verifier.balance(bytes(alone))
    assert caught.value.reason == "too_few_witnesses"

    with following(ledger) as follower:
        assert follower(f"prove {bean.hex()} {BOB.account.hex()}") == bytes(alone)
        cosigned = cosign(ledger, {vkey: three[vkey] for vkey in vkeys[:1]})
        assert (len(cosigned.cosignatures), cosigned.failures) == (1, {})
        with pytest.raises(ProofError) as caught:
            verifier.balance(bytes(ledger.prove_balance(bean, BOB.account)))
        assert caught.value.reason == "too_few_witnesses"
        # One of the others is not there.
        down = {vkeys[0]: three[vkeys[0]], vkeys[1]: three[vkeys[1]], vkeys[2]: "http://127.0.0.1:1"}
        cosigned = cosign(ledger, down)
        assert list(cosigned.failures) == [vkeys[2]]
        assert "refused" in cosigned.failures[vkeys[2]]
        assert cosigned.note == ledger.last_checkpoint == follower("note").decode()
        theirs = follower(f"prove {bean.hex()} {BOB.account.hex()}")
        for statement in (bytes(ledger.prove_balance(bean, BOB.account)), theirs):
            claim = verifier.balance(statement, account=BOB.account)
            assert (claim.amount, claim.supply) == (7, 7)
            assert {each.witness.name for each in claim.cosignatures} == {"w0.example/witness", "w1.example/witness"}
            assert all(abs(each.time * 1_000 - claim.time) < 60_000 for each in claim.cosignatures)
        assert verifier.receipt(bytes(ledger.prove_entry(3))).cosignatures == claim.cosignatures
        assert verifier.receipt(follower("entry 3")).cosignatures == claim.cosignatures
    with pytest.raises(ProofError):
        Verifier(ledger.verifier_key, witnesses=vkeys).checkpoint(cosigned.note)
    # What was signed later is asked for from where each of them stands, and what was proven before goes with it.
    ledger.mint(ANN, bean, to=BOB.account, amount=1)
    before = ledger.prove_balance(bean, BOB.account)
    ledger.checkpoint()
    statement = ledger.prove_balance(bean, BOB.account)
    receipt = ledger.prove_entry(3)
    ledger.mint(ANN, bean, to=BOB.account, amount=1)
    ledger.checkpoint()
    late = cosign(ledger, three, note=statement.note)
    assert len(late.cosignatures) == 3
    all_of_them = Verifier(ledger.verifier_key, witnesses=vkeys)
    assert all_of_them.balance(bytes(statement.with_note(late.note))).amount == 8
    assert all_of_them.receipt(bytes(receipt.with_note(late.note))).index == 3
    assert statement.with_note(late.note).with_note(statement.note).note == statement.note
    for other in (before, ledger.prove_balance(bean, BOB.account)):
        with pytest.raises(ValueError, match="note: expected the checkpoint"):
            other.with_note(late.note)
    ledger.close()
    assert fsck(ledger.path, full=True)["entries"] == 9
    with Ledger.open(ledger.path, operator=OPERATOR, **OPTIONS) as again:
        # The note of an earlier checkpoint was kept as well: a signature that is added finds the others there.
        assert again.add_cosignatures(statement.note) == late.note


def test_cosignatures_are_kept(ledger: Ledger) -> None:
    early, note = grow(ledger), grow(ledger)
    keys = [builders.SigningKey(bytes([number]) * 32) for number in range(1, 120)]

    def signed(text: str, numbers: range, at: int = 1_700_000_000) -> str:
        lines = [builders.cosign(text.encode(), f"w{number}", keys[number], at) for number in numbers]
        return text[: text.index("\n\n") + 2] + b"".join(lines).decode()

    whole = ledger.add_cosignatures(signed(note, range(2)))
    assert whole == note + signed(note, range(2))[note.index("\n\n") + 2 :]
    assert ledger.last_checkpoint == whole
    # A later signature by one of them takes the place of the earlier one; the operator's own stays.
    newer = signed(note, range(1), at=1_800_000_000)
    forged = newer + note.split("\n\n")[1].replace("A", "B")
    whole = ledger.add_cosignatures(forged)
    witnesses = [builders.cosigner_key(f"w{number}", keys[number]) for number in range(2)]
    claim = Verifier(ledger.verifier_key, witnesses=witnesses).checkpoint(whole)
    assert [each.time for each in claim.cosignatures] == [1_800_000_000, 1_700_000_000]
    assert whole.count("\n") == note.count("\n") + 2
    assert ledger.add_cosignatures(whole) == whole
    # An earlier checkpoint gets its own; the last one stays the last one.
    assert ledger.add_cosignatures(signed(early, range(1))).startswith(early)
    assert ledger.last_checkpoint == whole
    with pytest.raises(ValueError, match="signatures of a note: expected at most 100, found 101"):
        ledger.add_cosignatures(signed(note, range(2, 101)))
    assert ledger.last_checkpoint == whole
    for wrong, error in (
        ("x", ValueError),
        (builders.sign_note(f"{ORIGIN}\n5\n{base64.b64encode(bytes(32)).decode()}\n", "w", keys[0]).decode(), None),
        (
            builders.sign_note(f"{ORIGIN}\n4\n{base64.b64encode(bytes(32)).decode()}\n", "w", keys[0]).decode(),
            ValueError,
        ),
        (builders.sign_note(f"{ORIGIN}\n9\n{base64.b64encode(bytes(32)).decode()}\n", "w", keys[0]).decode(), None),
    ):
        with pytest.raises(error or LookupError):
            ledger.add_cosignatures(wrong)
    long = signed(note, range(1)) + f"— big {base64.b64encode(bytes(130_000)).decode()}\n"
    with pytest.raises(ValueError, match="bytes of a note: expected at most 131072"):
        ledger.add_cosignatures(long)
    ledger.close()
    with Ledger.open(ledger.path, read_only=True) as reader, pytest.raises(ReadOnlyError):
        reader.add_cosignatures(whole)
    fsck(ledger.path, full=True)
    with Ledger.open(ledger.path, operator=OPERATOR, **OPTIONS) as again:
        assert again.last_checkpoint == whole


class Odd(BaseHTTPRequestHandler):
    """Servers that do not do what a witness should."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        self.server.asked.append(body)  # type: ignore[attr-defined]
        status, content_type, answer = self.server.answer(body)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def odd_server(answer: Callable[[bytes], tuple[int, str, bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.answer, server.asked = answer, []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_witnesses_that_do_not_do_as_they_should(ledger: Ledger) -> None:
    note = grow(ledger)
    key = builders.SigningKey(KEYS[0].seed)
    vkey = builders.cosigner_key(NAME, key)
    now = int(time.time())
    good = builders.cosign(note.encode(), NAME, key, now)
    other_text = builders.cosign(note.replace(ORIGIN, "x").encode(), NAME, key, int(time.time()))
    stranger = builders.cosign(note.encode(), NAME, builders.SigningKey(bytes(32)), int(time.time()))
    # With an empty line in them, so that what is signed is a longer text: whose line is it that would be kept?
    forged = good.replace(good[-10:-3], b"AAAAAAA")
    longer = [
        added + b"\n" + builders.cosign(note[: note.index("\n\n") + 2].encode() + added + b"\n", NAME, key, now)
        for added in (forged, b"x\n")
    ]
    early, late = (builders.cosign(note.encode(), NAME, key, now + seconds) for seconds in (-400, 400))
    for answer, match in (
        ((200, "text/plain", b""), "malformed|expected"),
        ((200, "text/plain", other_text), "signature by"),
        ((200, "text/plain", stranger), "none with that key"),
        ((200, "text/plain", good[:-1]), "another end"),
        ((200, "text/plain", b"x\n\n" + good), "expected"),
        *(((200, "text/plain", each), "found those of another text") for each in longer),
        *(((200, "text/plain", each), "within 300 s of now, found time") for each in (early, late)),
        ((200, "text/plain", bytes(100_000)), "at most 65,536 bytes"),
        ((200, "text/plain", b"\xff" * 100), "UTF-8"),
        ((500, "text/plain", b"\x1b[31moops"), "found 500"),
        ((409, SIZE_TYPE, b"0\n"), "it has cosigned 0 entries"),
        ((409, SIZE_TYPE, b"99\n"), "it has cosigned 99 entries, and the checkpoint has 4"),
        ((409, SIZE_TYPE, b"-1\n"), "decimal"),
        ((409, SIZE_TYPE, b"3"), "it has cosigned 3 entries"),
        ((409, "text/plain", b"no\n"), "found 409: no"),
        ((302, "text/plain", b""), "found 302"),
    ):
        with odd_server(lambda _body, answer=answer: answer) as (address, asked):
            cosigned = cosign(ledger, {vkey: address}, timeout_s=5)
            assert cosigned.cosignatures == ()
            assert cosigned.note == ledger.last_checkpoint == note
            [why] = cosigned.failures.values()
            assert any(part in why for part in match.split("|")), why
            assert len(asked) <= 2
    # How often it is asked is not for it to say.
    counted = iter(range(1, 5))
    with odd_server(lambda _body: (409, SIZE_TYPE, b"%d\n" % next(counted))) as (address, asked):
        [why] = cosign(ledger, {vkey: address}).failures.values()
        assert (len(asked), why) == (
            3,
            f"{address}/add-checkpoint: it has cosigned 3 entries, and the checkpoint has 4",
        )
    # The others' signatures that a note has are not checked, and not kept.
    assert cosign(ledger, {}, note=note + forged.decode()).note == ledger.last_checkpoint == note
    with odd_server(lambda _body: (200, "text/plain", stranger + good + good)) as (address, asked):
        assert cosign(ledger, {vkey: address}).note == note + good.decode()
        assert asked == [_request(0, [], note.encode())]
    for wrong in ({"x": "http://h"}, {ledger.verifier_key: "http://h"}):
        with pytest.raises(ProofError):
            cosign(ledger, wrong)
    with pytest.raises(ValueError, match="address"):
        cosign(ledger, {vkey: "file:///etc"})
    assert cosign(ledger, {}).cosignatures == ()
    ledger.close()
    with Ledger.open(ledger.path, **OPTIONS) as keyless:
        keyless.execute([Once(account=ANN.account, key=bytes(32))], ANN)
        keyless.flush()
        with pytest.raises(OperatorKeyError):
            cosign(keyless, {})


def test_the_server_bounds_what_it_is_sent(ledger: Ledger, witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_body, "BODY_S", 0.3)
    with serving(witness_app(witness)) as address:
        assert request(f"{address}/add-checkpoint", body=b"x" * 200_000, bytes_max=1_000).status == 413
        assert request(f"{address}/add-checkpoint", body=b"x", bytes_max=1_000).status == 400
        assert request(f"{address}/add-checkpoint", bytes_max=1_000).status == 405
        assert request(f"{address}/elsewhere", body=b"x", bytes_max=1_000).status == 404
        note = grow(ledger)
        answer = request(f"{address}/add-checkpoint", body=_request(2, [], note.encode()), bytes_max=1_000)
        assert answer == (409, SIZE_TYPE, b"0\n")
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nold 1")
            slow.settimeout(10)
            assert slow.recv(1_000).startswith(b"HTTP/1.1 408 ")
        assert witness.memory._database is not None
        witness.memory._database.execute("PRAGMA query_only = 1")
        answer = request(f"{address}/add-checkpoint", body=_request(0, [], note.encode()), bytes_max=1_000)
        assert (answer.status, answer.body) == (503, b"the witness cannot remember what it signs\n")


def test_many_requests_at_once(ledger: Ledger, witness: Witness) -> None:
    note = grow(ledger)
    with serving(witness_app(witness)) as address, ThreadPoolExecutor(16) as pool:
        body = _request(0, [], note.encode())
        url = f"{address}/add-checkpoint"
        answers = list(pool.map(lambda _: request(url, body=body, bytes_max=1_000), range(64)))
    # One was the first; the others are told where the witness stands.
    assert sorted(each.status for each in answers) == [200] + [409] * 63
    assert open_note(note.encode() + answers[[a.status for a in answers].index(200)].body, [witness.key])
    assert NoteKey.parse(witness.verifier_key, COSIGNATURE_NOTE) == witness.key
