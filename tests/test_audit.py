"""Audits: a log that holds is found to, whoever hands it over and however often the audit is interrupted.

A log that was tampered with is refused at the very place, though its Merkle tree and its checkpoints were made to fit.
"""

from __future__ import annotations

import dataclasses
import json
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time as clock
import tracemalloc
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, Transaction, _core, fsck
from counterfoil.audit import _Log, audit, import_ledger
from counterfoil.cli import app
from counterfoil.exceptions import AuditError, LockedError, ProofError
from counterfoil.ops import Hold, Mint, Transfer
from counterfoil.ops.hold import After, Share, Terms, hold_id
from counterfoil.tiles import export_tiles
from counterfoil.verify import FixedExpiry, LotAmount, Lots, Period, Verifier, split_equivocation
from counterfoil.wire import Applied, decode_entry, encode_entry
from nacl.signing import SigningKey
from typer.testing import CliRunner, Result

from tests.builders import log_root, vkey
from tests.exporting import END, ENTRIES, HEAD, HEADER, NOTES, Export, block, framed, sign_checkpoint
from tests.model.ledger import ModelLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
ORIGIN = "audit.example/club"
DAY = 86_400_000
BEGAN = 20_000 * DAY
OPERATOR, HEIR, ISSUER, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in range(1, 6))


@dataclass
class Story:
    """A ledger that was closed, and what it has."""

    path: Path
    entries: list[bytes]
    notes: list[bytes]
    vkey: str
    bean: bytes
    coin: bytes
    root: bytes

    def export(self, **changes: Any) -> Export:
        return dataclasses.replace(Export(list(self.entries), list(self.notes)), **changes)

    def places(self, tag: int) -> list[int]:
        return [index for index, entry in enumerate(self.entries) if entry[0] == tag]


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Story:
    """Two assets, one of which expires by lots; a hold; a new operator half-way."""
    path = tmp_path_factory.mktemp("audited") / "club.ledger"
    at = BEGAN
    with Ledger.create(path, origin=ORIGIN, operator=OPERATOR, time=at, commit_every_ms=None) as ledger:
        coin = ledger.create_asset(ISSUER, "COIN", decimals=2, time=at)
        policy = (Lots(Period.DAY), FixedExpiry(2))
        bean = ledger.create_asset(ISSUER, "BEAN", policy=policy, time=at)
        ledger.execute([Mint(asset=asset, to=ANN.account, amount=1_000) for asset in (bean, coin)], ISSUER, time=at)
        ledger.checkpoint(time=at)
        at += DAY
        ledger.mint(ISSUER, bean, to=ANN.account, amount=100, time=at)
        ledger.transfer(ANN, bean, to=BOB.account, amount=300, time=at)
        terms = Terms(settle_if=After(at + 9 * DAY), deadline=at + 20 * DAY, payees=[Share(BOB.account)])
        ledger.execute([Hold(payer=ANN.account, salt=bytes(16), asset=coin, amount=40, terms=terms)], ANN, time=at)
        ledger.rotate_operator(HEIR)
        for number in range(12):
            ledger.transfer(ANN, coin, to=BOB.account, amount=1 + number, time=at)
        ledger.checkpoint(time=at)
        at += 2 * DAY
        # What was minted on the first day has lapsed, and is swept from Ann's balance by this.
        ledger.transfer(ANN, bean, to=ISSUER.account, amount=50, time=at)
        ledger.transfer(BOB, coin, to=ANN.account, amount=5, time=at)
        ledger.checkpoint(time=at)
        vkey, root = ledger.verifier_key, ledger.state_root
        notes = [note for _, note in ledger._engine.notes(0, 100)]
        entries = list(ledger.entries())
    return Story(path, entries, notes, vkey, bean, coin, root)


def first_vkey(story: Story) -> str:
    """The verifier key of the operator at the beginning."""
    del story
    return vkey(ORIGIN, SigningKey(OPERATOR.seed))


# A log that holds.


def test_a_folder_is_replayed_beside_its_writer_and_added_up(story, tmp_path):
    told = []
    found = audit(story.path, tmp_path / "work", vkey=story.vkey, progress=lambda *done: told.append(done))
    history = found.history
    assert (history.size, history.root_hash) == (len(story.entries), log_root(story.entries))
    assert history.state_root == story.root
    assert (history.transactions, history.commits) == (len(story.places(1)), len(story.places(2)))
    assert history.signatures == history.transactions, "each has one"
    assert [(one.index, one.public_key) for one in history.operators] == [
        (0, OPERATOR.account),
        (story.places(3)[0], HEIR.account),
    ]
    assert (history.began, history.ended) == (BEGAN, BEGAN + 3 * DAY)
    assert (history.signed_size, history.is_trusted, history.known) == (history.size, True, 0)
    assert told[-1] == (history.size, history.size)
    bean, coin = found.assets
    assert (bean.record.symbol, coin.record.symbol) == ("BEAN", "COIN")
    # 1,000 of the first day have lapsed: Ann's 700 were swept, Bob's 300 stand in his balance.
    assert (bean.record.minted, bean.record.swept, bean.supply, bean.outstanding) == (1_100, 700, 400, 100)
    assert (coin.supply, coin.outstanding, coin.holders) == (1_000, 1_000, 3)
    assert (bean.in_programmes, coin.in_programmes) == ({}, {"holds": 40})
    with Ledger.open(tmp_path / "work", read_only=True) as again:
        assert again.balance(story.coin, hold_id(ANN.account, bytes(16))) == 40
        assert again.index_of(decode_entry(story.entries[2]).signed.id) == 2
    assert fsck(tmp_path / "work", full=True)["state_root"] == story.root
    # And while somebody writes to it.
    with Ledger.open(story.path, operator=HEIR) as ledger:
        writer = [
            sys.executable,
            "-c",
            "from counterfoil.cli import main; main()",
            "audit",
            str(story.path),
            "--vkey",
            story.vkey,
            "--json",
        ]
        beside = subprocess.run(writer, capture_output=True, text=True, check=False, cwd=ROOT)
        assert beside.returncode == 0, beside.stderr
        assert json.loads(beside.stdout)["state_root"] == ledger.state_root.hex()
        # In this process the handle itself is what can be read.
        assert audit(ledger, vkey=story.vkey).history.state_root == ledger.state_root


def test_what_is_signed_while_the_log_is_read_is_for_the_next_time(story, tmp_path):
    """Not even between a look at the log's size and one at its checkpoints."""
    with Ledger.open(grow(story, tmp_path / "club", 1, 1), operator=HEIR) as ledger:
        engine = ledger._engine

        class Busy:
            size, frames = engine.size, engine.frames

            def notes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
                if ledger.size == size:
                    ledger.transfer(BOB, story.coin, to=ANN.account, amount=1, time=BEGAN + 3 * DAY)
                    ledger.checkpoint(time=BEGAN + 3 * DAY)
                return engine.notes(after, limit)

        size = ledger.size
        log = _Log(Busy(), lambda: None)
        notes = [note for page in log.notes(size, 0) for note in page]
        assert [int(note.split(b"\n")[1]) for note in notes][-1] == size < ledger.size


def test_a_file_and_tiles_are_what_the_folder_is(story, tmp_path):
    whole = audit(story.path, vkey=story.vkey)
    file = story.export().save(tmp_path / "club.export")
    assert audit(file, vkey=story.vkey) == whole
    with Ledger.open(story.path, read_only=True) as ledger:
        export_tiles(ledger, tmp_path / "tiles", entries=True)
    assert audit(tmp_path / "tiles", vkey=story.vkey) == whole
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "tiles")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert audit(f"http://127.0.0.1:{server.server_port}/", vkey=story.vkey) == whole
        server.shutdown()
    with pytest.raises(ValueError, match="verifier key"):
        audit(tmp_path / "tiles")
    with pytest.raises(ProofError):
        audit(tmp_path / "tiles", vkey=first_vkey(story))


def test_what_is_new_is_added_from_whatever_source(story, tmp_path):
    """A month later: from a file, then from the folder, then from tiles; and nothing new at all."""
    last = story.places(2)[-2] + 1
    notes = [note for note in story.notes if int(note.split(b"\n")[1]) <= last]
    early = Export(story.entries[:last], notes).save(tmp_path / "early.export")
    first = audit(early, tmp_path / "a", vkey=story.vkey)
    assert (first.history.size, first.history.known) == (last, 0)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    file = story.export().save(tmp_path / "club.export")
    with Ledger.open(story.path, read_only=True) as ledger:
        export_tiles(ledger, tmp_path / "tiles", entries=True)
    for work, source in (("a", story.path), ("b", file), ("c", tmp_path / "tiles")):
        for known, signatures in ((last, 2), (len(story.entries), 0)):
            history = audit(source, tmp_path / work, vkey=story.vkey).history
            assert (history.known, history.size) == (known, len(story.entries))
            # Those of the last commit that the folder had are verified once more.
            assert signatures <= history.signatures <= signatures + 1
            assert history.state_root == story.root
        assert fsck(tmp_path / work, full=True)["state_root"] == story.root


def test_who_signed_is_asked_of_the_log_itself(story, tmp_path):
    """A verifier key of any time will do, if what it signed, or a key that followed it, is there."""
    assert audit(story.path, vkey=first_vkey(story)).history.is_trusted
    assert not audit(story.path).history.is_trusted
    stranger = Verifier(story.vkey).key
    with pytest.raises(AuditError, match=r"operator: only .*, expected key"):
        audit(story.path, vkey=dataclasses.replace(stranger, public_key=BOB.account).text)
    with pytest.raises(AuditError, match=r"origin: audit\.example/club, expected other\.example"):
        audit(story.path, vkey=dataclasses.replace(stranger, name="other.example").text)
    # The heir has signed nothing yet: his key alone vouches for nothing.
    unsigned = story.places(2)[2] + 1
    early = Export(story.entries[:unsigned], story.notes[:2]).save(tmp_path / "early.export")
    assert story.places(3)[0] < unsigned
    with pytest.raises(AuditError, match=r"operator: only .*, expected key"):
        audit(early, vkey=story.vkey)
    with pytest.raises(AuditError, match="checkpoints: none, expected one signed by"):
        import_ledger(early, tmp_path / "imported", vkey=story.vkey)
    assert list((tmp_path / "imported").iterdir()) == [], "nothing that opens for writing"
    with pytest.raises(AuditError, match="checkpoints: none, expected one signed by"):
        audit(Export(story.entries).save(tmp_path / "unsigned.export"), vkey=first_vkey(story))
    # What nobody has signed yet is replayed where nobody's key is asked for, and kept in an import.
    history = audit(early, tmp_path / "work", vkey=first_vkey(story)).history
    assert history.is_trusted
    assert history.signed_size == history.size < unsigned
    history = audit(early, tmp_path / "work").history
    assert history.signed_size < history.size == unsigned
    assert audit(early, tmp_path / "work", vkey=first_vkey(story)).history.size == unsigned
    assert import_ledger(early, tmp_path / "imported", vkey=first_vkey(story)).size == unsigned


def test_another_commit_and_another_split_of_the_same_entries_hold_as_well(story, tmp_path):
    """What the format allows and our writer never does: commits anywhere, through less than the one before them."""
    applied = [decode_entry(entry) for entry in story.entries if entry[0] == 1]
    for seed in range(12):
        source = random.Random(seed)  # noqa: S311 - repeatable
        model = ModelLedger(story.entries[0][1:])
        model.commit(BEGAN)
        for one in applied:
            assert model.apply(bytes(one.signed), one.time)[0] == "ok"
            for _ in range(source.choice([0, 0, 1, 1, 3])):
                model.commit(model.time, source.randint(model.commits[-1].through, model.size))
        model.commit(model.time, source.randint(model.commits[-1].through, model.size))
        work, size = tmp_path / str(seed), 0
        while size < model.size:
            # Anything may be where a run ends.
            options = {
                "memory_bytes": source.choice([0, 50_000, 10**8]),
                "flush_records": source.choice([1, 9, 500_000]),
            }
            feed = _core.Feed.open(str(work), model.entries[0], options)
            size = feed.size()
            end = min(model.size, size + source.choice([1, 5, 20, 200]))
            step = source.choice([1, 3, 100])
            pages = [model.entries[at : min(at + step, end)] for at in range(size, end, step)]
            if all(entry[0] != 2 for entry in model.entries[:end]):
                with pytest.raises(AuditError, match="the end, expected a commit"):
                    feed.run(iter(pages), size)
            else:
                feed.run(iter(pages), size)
            feed.close()
        with Ledger.open(work, read_only=True) as ledger:
            assert ledger.log_root() == model.log_root()
            assert ledger.state_root == model.commits[-1].state_root
            assert ledger.balance(story.coin, BOB.account) == model.balance(story.coin, BOB.account)
        assert fsck(work, full=True)["entries"] == model.size


# A log that does not.

BYTES_APART = 9
"""Of the bytes of an entry every so many are turned."""


def change(entries: list[bytes], index: int, **changes: Any) -> None:
    """Another entry of the same kind in its place."""
    entries[index] = encode_entry(dataclasses.replace(decode_entry(entries[index]), **changes))


def flip(entries: list[bytes], index: int, place: int) -> None:
    turned = bytearray(entries[index])
    turned[place] ^= 1
    entries[index] = bytes(turned)


def swept(story: Story) -> int:
    """The transfer that swept lapsed lots."""
    applied = {index: decode_entry(story.entries[index]) for index in story.places(1)}
    [found] = [index for index, one in applied.items() if any(effect.lapsed for effect in one.effects)]
    return found


def with_effects(story: Story, entries: list[bytes]) -> int:
    index = swept(story)
    [effect] = decode_entry(entries[index]).effects
    lapsed = (LotAmount(effect.lapsed[0].lot, effect.lapsed[0].amount - 1),)
    change(entries, index, effects=(dataclasses.replace(effect, lapsed=lapsed),))
    return index


def with_signature(story: Story, entries: list[bytes]) -> int:
    index = story.places(1)[7]
    applied = decode_entry(entries[index])
    signature = bytearray(applied.signed.signatures[0])
    signature[3] ^= 1
    change(entries, index, signed=dataclasses.replace(applied.signed, signatures=(bytes(signature),)))
    return index


def with_another_signer(story: Story, entries: list[bytes]) -> int:
    """Signed, but by another than the one whose units move."""
    index = len(entries)
    transaction = Transaction(
        decode_entry(entries[3]).signed.transaction.ledger,
        [Transfer(asset=story.coin, sender=ANN.account, to=BOB.account, amount=1)],
        valid_until=BEGAN + 3 * DAY + 1_000,
    )
    entries.append(encode_entry(Applied(BEGAN + 3 * DAY, transaction.sign(BOB, check=False), effects=())))
    return index


def with_time(story: Story, entries: list[bytes]) -> int:
    index = story.places(1)[-1]
    change(entries, index, time=decode_entry(entries[index]).time - 1)
    return index


def with_commit(**changes: Any) -> Callable[[Story, list[bytes]], int]:
    def tamper(story: Story, entries: list[bytes]) -> int:
        index = story.places(2)[3]
        commit = decode_entry(entries[index])
        change(entries, index, **{name: value(commit) for name, value in changes.items()})
        return index

    return tamper


def without(index_of: Callable[[Story], int]) -> Callable[[Story, list[bytes]], int]:
    def tamper(story: Story, entries: list[bytes]) -> int:
        index = index_of(story)
        del entries[index]
        return next(place for place in range(index, len(entries)) if entries[place][0] == 2)

    return tamper


def exchange(story: Story, entries: list[bytes]) -> int:
    """One transaction instead of another, in its place: the last one again, so that nothing else moves."""
    index = story.places(1)[8]
    entries[index] = entries[index - 1]
    return index


def swap(story: Story, entries: list[bytes]) -> int:
    """The mint before the asset that it is of."""
    first = story.places(1)[2]
    entries[first - 1], entries[first] = entries[first], entries[first - 1]
    return first - 1


def repeat(story: Story, entries: list[bytes]) -> int:
    index = story.places(1)[6]
    entries.insert(index + 1, entries[index])
    return index + 1


def with_operator(story: Story, entries: list[bytes]) -> int:
    """A new operator whom only he himself has named."""
    index = story.places(3)[0]
    message = ModelLedger(entries[0][1:]).id + (1).to_bytes(8, "big") + BOB.account
    change(entries, index, new_key=BOB.account, signature=BOB.sign(b"counterfoil/operator/v1\n" + message))
    return index


def replayed_operator(story: Story, entries: list[bytes]) -> int:
    """The old operator's own word, at another height."""
    index = story.places(3)[0]
    entries.insert(story.places(2)[2] + 1, entries[index])
    return story.places(2)[2] + 1


def turn(place: int) -> Callable[[Story, list[bytes]], int]:
    def tamper(story: Story, entries: list[bytes]) -> int:
        index = story.places(1)[4]
        flip(entries, index, place % len(entries[index]))
        return index

    return tamper


TAMPERED: dict[str, tuple[Callable[[Story, list[bytes]], int], str]] = {
    "effects": (with_effects, "others, expected the effects that applying it has"),
    "signature": (with_signature, "bad_signature, expected a transaction that applies"),
    "time": (with_time, r"expected a time from \d+ ms on"),
    "state root": (with_commit(state_root=lambda _: bytes(32)), r"expected state root 0{64} as committed"),
    "height": (with_commit(height=lambda commit: commit.height + 1), "expected commit 3 of this ledger"),
    "commit of another ledger": (with_commit(ledger=lambda _: bytes(32)), "expected commit 3 of this ledger"),
    "commit's version": (with_commit(version=lambda _: 2), "version 2, expected"),
    "rules": (with_commit(rules=lambda _: 2), "rules 2, made by a newer Counterfoil, expected rules 1 to 1"),
    "rules that fall": (with_commit(rules=lambda _: 0), "expected rules 1 to 1"),
    "through what is not there": (with_commit(through=lambda commit: commit.through + 9), "expected through between"),
    "through less": (with_commit(through=lambda _: 0), "expected through between"),
    "through one less": (with_commit(through=lambda commit: commit.through - 1), "as committed"),
    "commit's time": (with_commit(time=lambda commit: commit.time - 1), r"expected a time from \d+ ms on"),
    "a transaction left out": (without(lambda story: story.places(1)[8]), "expected through between"),
    "a commit left out": (without(lambda story: story.places(2)[1]), "expected through between"),
    "one transaction for another": (exchange, r"the one of entry \d+, expected a new transaction"),
    "order": (swap, "unknown_asset, expected a transaction that applies"),
    "a transaction twice": (repeat, r"the one of entry \d+, expected a new transaction"),
    "a new operator": (with_operator, "expected a signature by operator"),
    "an operator entry at another height": (replayed_operator, "expected a signature by operator"),
    "the first byte": (turn(0), "bytes that do not decode, expected an entry"),
    "the last byte": (turn(-1), "expected"),
    "the ledger that is signed for": (turn(20), "wrong_ledger, expected a transaction that applies"),
    "valid_until": (turn(50), "expected a transaction that applies"),
}


def refused(story: Story, folder: Path, export: Export) -> AuditError:
    """What an audit says of an export, and that what was good of it is left whole."""
    folder.mkdir(exist_ok=True)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    file = export.save(folder / "tampered.export")
    with pytest.raises(AuditError) as raised:
        audit(file, work, vkey=story.vkey)
    if (work / "format").exists():
        report = fsck(work, full=True)
        size = int(report["entries"])  # type: ignore[call-overload]
        assert list(export.entries[:size]) == story.entries[:size], "nothing that was tampered with is kept"
        assert report["log_root"] == log_root(story.entries[:size])
        # From there the true log goes on.
        assert audit(story.path, work, vkey=story.vkey).history.state_root == story.root
    return raised.value


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_tampered_with_is_named(story, tmp_path, name):
    tamper, message = TAMPERED[name]
    entries = list(story.entries)
    index = tamper(story, entries)
    assert entries != story.entries
    notes = [sign_checkpoint(ORIGIN, entries, size + 1, HEIR.seed) for size in [len(entries) - 1]]
    error = refused(story, tmp_path, Export(entries, notes))
    assert (error.index, error.place) == (index, f"log entry {index}"), str(error)
    assert re.search(message, str(error)), str(error)


def test_every_byte_of_an_entry_counts(story, tmp_path):
    """Of a transaction, a commit and an operator's entry: by a signature, a rule or the state root."""
    for number, index in enumerate((swept(story), story.places(2)[2], story.places(3)[0])):
        for place in range(number, len(story.entries[index]), BYTES_APART):
            entries = list(story.entries)
            flip(entries, index, place)
            feed = _core.Feed.open(str(tmp_path / f"{number}-{place}"), entries[0])
            with pytest.raises(AuditError) as raised:
                feed.run(iter([entries]))
            feed.close()
            assert raised.value.index is not None
            # A wrong time may only show in what comes after it, or in the root.
            assert raised.value.index >= index, f"byte {place} of entry {index}: {raised.value}"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (lambda entries: entries[1:], "log entry 0: something else, expected a genesis"),
        (lambda _: [], "block of kind 1"),
        (lambda entries: entries[:1], "log entry 1: the end, expected a commit"),
        (
            lambda entries: [entries[0], entries[0], *entries[1:]],
            "log entry 1: another entry, expected the first commit",
        ),
        (lambda entries: [*entries[:2], entries[0], *entries[2:]], "log entry 2: another genesis"),
        (lambda entries: [entries[0], *entries[2:]], "log entry 1: another entry, expected the first commit"),
        (lambda entries: [entries[0] + b"\0", *entries[1:]], "log entry 0: something else, expected a genesis"),
        (lambda entries: [b"", *entries[1:]], "log entry 0: something else, expected a genesis"),
    ],
)
def test_a_beginning_that_is_none(story, tmp_path, entries, message):
    error = refused(story, tmp_path, Export(entries(list(story.entries)), story.notes[-1:]))
    assert message in str(error)


# Checkpoints.


def test_a_checkpoint_of_another_root_is_evidence(story, tmp_path):
    """The operator signed what the entries do not give: both roots are told."""
    size = len(story.entries)
    forged = sign_checkpoint(ORIGIN, story.entries, size, HEIR.seed, root=bytes(range(32)))
    for notes in ([forged], [*story.notes[:-1], forged], [*story.notes, forged]):
        error = refused(story, tmp_path, story.export(notes=notes))
        assert error.place == f"checkpoint of {size} entries"
        assert bytes(range(32)).hex() in error.found
        assert HEIR.account.hex() in error.found
        assert log_root(story.entries).hex() in error.expected


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (lambda entries: sign_checkpoint(ORIGIN, entries, len(entries), BOB.seed), "the operator there"),
        (lambda entries: sign_checkpoint(ORIGIN, entries, len(entries), OPERATOR.seed), "the operator there"),
        (lambda entries: sign_checkpoint(ORIGIN, entries, 2, HEIR.seed), "the operator there"),
        (lambda entries: sign_checkpoint(ORIGIN, entries, len(entries) - 1, HEIR.seed), "a commit as the last of them"),
        (lambda entries: sign_checkpoint("x.example", entries, len(entries), HEIR.seed), "the operator there"),
        (lambda entries: sign_checkpoint(ORIGIN, [*entries, b"x"], len(entries) + 1, HEIR.seed), "which are all"),
        (lambda _: b"no note\n", "expected the note of one"),
    ],
    ids=["stranger", "former operator", "later operator", "after no commit", "origin", "longer", "no note"],
)
def test_a_checkpoint_that_is_none_of_this_log(story, tmp_path, note, message):
    error = refused(story, tmp_path, story.export(notes=[note(story.entries)]))
    assert message in str(error)


def test_a_file_that_lies_about_its_size_or_root(story, tmp_path):
    for lie in ({"size": len(story.entries) - 1}, {"size": len(story.entries) + 1}, {"root": bytes(32)}):
        assert "that it says" in str(refused(story, tmp_path, story.export(**lie)))
    cut = len(story.entries) - 1
    # A log that ends between two commits, and says so.
    assert "up to a commit" in str(refused(story, tmp_path, story.export(entries=story.entries[:cut])))


def test_a_folder_that_lost_entries_under_its_checkpoint(story, tmp_path):
    """A tampered folder: the notes of a longer log."""
    short = story.places(2)[-2] + 1
    work = tmp_path / "short"
    feed = _core.Feed.open(str(work), story.entries[0])
    feed.run(iter([story.entries[:short]]))
    feed.close()
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(work / "log"), max_dbs=8, subdir=True) as environment, environment.begin(write=True) as txn:
        notes = environment.open_db(b"notes", txn=txn, create=False)
        txn.put(len(story.entries).to_bytes(8, "big"), story.notes[-1], db=notes)
    with pytest.raises(AuditError, match=f"checkpoint of {len(story.entries)} entries: .*which are all"):
        audit(work, tmp_path / "work")


def test_a_folder_whose_log_was_changed_on_the_disk(story, tmp_path):
    """Each entry is held against its stored hash; where that was changed as well, the signature does not hold."""
    lmdb = pytest.importorskip("lmdb")
    shutil.copytree(story.path, tmp_path / "changed")
    with (
        lmdb.open(str(tmp_path / "changed" / "log"), max_dbs=8) as environment,
        environment.begin(write=True) as txn,
    ):
        entries = environment.open_db(b"entries", txn=txn, create=False)
        for key, value in list(txn.cursor(db=entries)):
            place = value.find(story.entries[7])
            if place >= 0:
                turned = bytearray(value)
                turned[place + len(story.entries[7]) - 20] ^= 1
                txn.put(key, bytes(turned), db=entries)
    with pytest.raises(AuditError, match=r"source: corrupt: log: entries 7: .*, expected a log that is stored"):
        audit(tmp_path / "changed")


# Two histories.


def grow(story: Story, path: Path, times: int, amount: int, *, key: Key | None = HEIR, sign: bool = True) -> Path:
    """A copy that goes on by itself: so many transfers, each with a checkpoint."""
    shutil.copytree(story.path, path)
    with Ledger.open(path, operator=key, commit_every_ms=None) as ledger:
        ledger.confirm(ledger.last_checkpoint or "")
        for _ in range(times):
            ledger.transfer(BOB, story.coin, to=ANN.account, amount=amount, time=BEGAN + 3 * DAY)
            if sign:
                ledger.checkpoint(time=BEGAN + 3 * DAY)
    return path


def saved(ledger: Path, file: Path, **changes: Any) -> Path:
    """The export of a ledger, changed."""
    with Ledger.open(ledger, read_only=True) as opened:
        notes = [note for _, note in opened._engine.notes(0, 100)]
        return dataclasses.replace(Export(list(opened.entries()), notes), **changes).save(file)


def published(ledger: Path, folder: Path) -> Path:
    with Ledger.open(ledger, read_only=True) as opened:
        export_tiles(opened, folder, entries=True)
    return folder


def test_a_fork_of_what_was_audited_before_is_told_with_both_roots(story, tmp_path):
    fork, other = grow(story, tmp_path / "fork", 1, 1), grow(story, tmp_path / "other", 3, 2)
    with Ledger.open(fork, read_only=True) as ledger:
        ours = ledger.size, ledger.log_root()
    with Ledger.open(other, read_only=True) as ledger:
        theirs = ledger.log_root(ours[0])
    sources = [other, saved(other, tmp_path / "other.export"), published(other, tmp_path / "tiles")]
    work = tmp_path / "work"
    audit(fork, work, vkey=story.vkey)
    for source in sources:
        with pytest.raises(AuditError, match="the history that was audited before") as raised:
            audit(source, work, vkey=story.vkey)
        text = str(raised.value)
        assert ours[1].hex() in text
        assert f"{ours[0]:,} entries" in text
        if source == other:
            assert theirs.hex() in text
        assert raised.value.index == len(story.entries), "the first entry that the two do not share"
    # A source that is shorter than what was audited is cut, or old.
    with pytest.raises(AuditError, match=r"log: 2\d: it is truncated, or an older copy, expected at least the \d+"):
        audit(story.path, work, vkey=story.vkey)
    with pytest.raises(AuditError, match="it is truncated, or an older copy"):
        audit(story.export().save(tmp_path / "old.export"), work, vkey=story.vkey)
    assert audit(fork, work, vkey=story.vkey).history.known == ours[0]


@pytest.mark.parametrize(("ours", "theirs"), [(3, 5), (3, 3), (3, 1), (1, 3)])
def test_a_fork_that_the_operator_has_signed_is_evidence_against_him(story, tmp_path, ours, theirs):
    """Of whatever source, longer, shorter or as long; and it needs nothing but the key."""
    work = tmp_path / "work"
    fork, other = grow(story, tmp_path / "fork", ours, 1), grow(story, tmp_path / "other", theirs, 2)
    audit(fork, work, vkey=first_vkey(story))
    last = saved(other, tmp_path / "last.export")
    with Ledger.open(other, read_only=True) as ledger:
        size, note = ledger.size, ledger.last_checkpoint
    assert note is not None
    sources = [other, saved(other, tmp_path / "other.export"), published(other, tmp_path / "tiles")]
    if theirs <= ours:
        sources.append(saved(other, last, notes=[note.encode()]))
    for source in sources:
        key = story.vkey if source == tmp_path / "tiles" else first_vkey(story)
        with pytest.raises(AuditError, match="; the operator has signed both, expected") as raised:
            audit(source, work, vkey=key)
        error = raised.value
        assert error.evidence_vkey == story.vkey, "the key in force there, whatever key the audit began with"
        found = Verifier(story.vkey).equivocation(*split_equivocation(error.evidence))
        assert len(story.entries) < found.tree_size <= size
        assert len(set(found.root_hashes)) == 2
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert again.evidence == error.evidence


def test_a_folder_of_which_only_later_checkpoints_are_there_proves_what_is_between(story, tmp_path):
    """Beyond what was audited: a folder has the proof, tiles have, and a file has none."""
    work = tmp_path / "work"
    audit(grow(story, tmp_path / "fork", 1, 1), work, vkey=story.vkey)
    other = grow(story, tmp_path / "other", 3, 2, sign=False)
    with Ledger.open(other, operator=HEIR) as ledger:
        ledger.checkpoint(time=BEGAN + 3 * DAY)
    sources = [other, published(other, tmp_path / "tiles"), saved(other, tmp_path / "other.export")]
    for source in sources[:2]:
        with pytest.raises(AuditError, match="the operator has signed both") as raised:
            audit(source, work, vkey=story.vkey)
        assert Verifier(story.vkey).equivocation(*split_equivocation(raised.value.evidence))
    with pytest.raises(
        AuditError, match=r"no evidence .*: its checkpoints there cover more than our \d+ ent"
    ) as raised:
        audit(sources[2], work, vkey=story.vkey)
    assert raised.value.evidence == b""


def test_a_fork_that_nobody_has_signed_is_no_evidence(story, tmp_path):
    work = tmp_path / "work"
    audit(grow(story, tmp_path / "fork", 3, 1), work, vkey=story.vkey)
    other = grow(story, tmp_path / "other", 2, 2)
    with Ledger.open(other, read_only=True) as ledger:
        entries = list(ledger.entries())
    forged = sign_checkpoint(ORIGIN, entries, len(entries), BOB.seed)
    for notes, why in (
        ([], "it has no checkpoint of what differs"),
        (story.notes, "it has no checkpoint of what differs"),
        ([forged], re.escape(f"none of its checkpoints there is signed by {story.vkey}")),
        ([b"no note", b"x" * 200], "it has no checkpoint of what differs"),
    ):
        source = saved(other, tmp_path / "other.export", notes=notes)
        with pytest.raises(AuditError, match=f"; no evidence for others: {why}") as raised:
            audit(source, work)
        assert (raised.value.evidence, raised.value.evidence_vkey) == (b"", "")


def test_a_checkpoint_that_contradicts_those_that_hold_is_evidence(story, tmp_path):
    size = len(story.entries)
    forged = sign_checkpoint(ORIGIN, story.entries, size, HEIR.seed, root=bytes(range(32)))
    earlier = sign_checkpoint(ORIGIN, story.entries, story.places(2)[-2] + 1, HEIR.seed, root=bytes(range(32)))
    for bad, notes in ((forged, [*story.notes, forged]), (earlier, [earlier, *story.notes])):
        error = refused(story, tmp_path, story.export(notes=notes))
        found = Verifier(error.evidence_vkey).equivocation(*split_equivocation(error.evidence))
        assert found.first_note == bad
        assert set(found.root_hashes) > {bytes(range(32))}
    assert refused(story, tmp_path, story.export(notes=[forged])).evidence == b"", "one alone contradicts none"


def test_what_anybody_made_up_is_not_taken_for_the_operator_s(story, tmp_path):
    """Entries after the last checkpoint: with the key they are not replayed, and without it they accuse nobody."""
    made_up = grow(story, tmp_path / "made-up", 2, 1, key=None, sign=False)
    later = grow(story, tmp_path / "later", 2, 2)
    size = len(story.entries)
    for name, source in (("a", made_up), ("b", saved(made_up, tmp_path / "made-up.export"))):
        history = audit(source, tmp_path / name, vkey=story.vkey).history
        assert history.signed_size == history.size == size
        assert audit(later, tmp_path / name, vkey=story.vkey).history.size > size
        assert audit(source, tmp_path / f"{name}-all").history.size > size
        hint = rf"what .*{name}-all has from entry {size} on is not signed by the operator: remove it, and audit again"
        for again in (later, saved(later, tmp_path / "later.export"), published(later, tmp_path / "tiles")):
            with pytest.raises(AuditError, match=hint) as raised:
                audit(again, tmp_path / f"{name}-all", vkey=story.vkey)
            assert raised.value.index == size
            assert "audited before" not in str(raised.value)


def test_a_ledger_of_the_same_name_by_somebody_else_leaves_nothing(story, tmp_path):
    with Ledger.create(tmp_path / "fake", origin=ORIGIN, operator=BOB, commit_every_ms=None) as ledger:
        for _ in range(4):
            ledger.create_asset(ISSUER, f"A{ledger.size}")
        ledger.checkpoint()
        entries, note = list(ledger.entries()), (ledger.last_checkpoint or "").encode()
    work = tmp_path / "work"
    for take in (audit, import_ledger):
        with pytest.raises(AuditError, match="operator: only"):
            take(Export(entries, [note]).save(tmp_path / "fake.export"), work, vkey=story.vkey)
        assert list(work.iterdir()) == []
    # One that broke off stays, and says what it is.
    entries[-2] += b"\0"
    with pytest.raises(AuditError, match="log entry"):
        audit(Export(entries, [note]).save(tmp_path / "broken.export"), work, vkey=story.vkey)
    hint = "; what .*work has from entry 0 on is not signed by the operator: remove it, and audit again"
    with pytest.raises(AuditError, match=hint):
        audit(story.path, work, vkey=story.vkey)
    # What the operator has signed is not to be removed for that.
    audit(story.path, tmp_path / "good", vkey=story.vkey)
    with pytest.raises(AuditError, match=r"log entry 0: that of ledger [0-9a-f]{64}, expected"):
        audit(tmp_path / "fake", tmp_path / "good")


def test_an_error_of_the_caller_s_is_the_caller_s(story, tmp_path):
    def fail(_done: int, _total: int) -> None:
        message = "of the caller's"
        raise ValueError(message)

    for source in (story.path, story.export().save(tmp_path / "club.export")):
        with pytest.raises(ValueError, match="of the caller's") as raised:
            audit(source, progress=fail)
        assert type(raised.value) is ValueError


def test_tiles_of_nothing(story, tmp_path):
    tiles = published(story.path, tmp_path / "tiles")
    (tiles / "checkpoint").write_bytes(sign_checkpoint(ORIGIN, [], 0, HEIR.seed))
    with pytest.raises(AuditError, match="tiles: one of none, expected a checkpoint of entries"):
        audit(tiles, vkey=story.vkey)


@pytest.mark.parametrize(("table", "key"), [(b"tiles", None), (b"notes", b"abc")])
def test_a_damaged_source_is_told_as_the_source(story, tmp_path, table, key):
    """Though what was audited before is compared with it, and the checkpoints are read at the end."""
    lmdb = pytest.importorskip("lmdb")
    audit(story.path, tmp_path / "work")
    shutil.copytree(story.path, tmp_path / "damaged")
    with lmdb.open(str(tmp_path / "damaged" / "log"), max_dbs=8) as environment, environment.begin(write=True) as txn:
        database = environment.open_db(table, txn=txn, create=False)
        for each, value in list(txn.cursor(db=database)):
            txn.put(key or each, bytes([value[0] ^ 1]) + value[1:], db=database)
    for work in (tmp_path / "work", tmp_path / "new"):
        with pytest.raises(AuditError, match=r"source: corrupt: log"):
            audit(tmp_path / "damaged", work)


def test_a_folder_of_another_ledger_or_of_another_kind_is_left_alone(story, tmp_path):
    with Ledger.create(tmp_path / "other", origin=ORIGIN, operator=OPERATOR) as ledger:
        ledger.backup(tmp_path / "backup")
    audit(tmp_path / "other", tmp_path / "work")
    with pytest.raises(AuditError, match=r"log entry 0: that of ledger .*, expected the genesis of ledger"):
        audit(story.path, tmp_path / "work")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter").write_text("dear")
    shutil.copytree(story.path, tmp_path / "copy")
    for taken in ("other", "backup", "papers", "copy"):
        with pytest.raises(FileExistsError):
            audit(story.path, tmp_path / taken)
    with pytest.raises(FileNotFoundError):
        audit(tmp_path / "nothing", tmp_path / "new")
    # A folder that was written to may have what no log of the ledger has: it is no replica any more.
    audit(story.path, tmp_path / "mine")
    with Ledger.open(tmp_path / "mine") as ledger, pytest.raises(LockedError):
        audit(story.path, tmp_path / "mine")
    assert not ledger_confirmed(tmp_path / "mine")
    with pytest.raises(FileExistsError):
        audit(story.path, tmp_path / "mine")


def ledger_confirmed(path: Path) -> bool:
    with Ledger.open(path) as ledger:
        return ledger.is_confirmed


# Interrupted.


def test_what_the_progress_raises_ends_it_and_the_next_run_goes_on(story, tmp_path):
    class Enough(Exception):  # noqa: N818 - an answer
        pass

    def stop(done: int, _total: int) -> None:
        if done >= 10:
            raise Enough

    work = tmp_path / "work"
    with pytest.raises(Enough):
        audit(story.export(page=1).save(tmp_path / "club.export"), work, progress=stop)
    feed = _core.Feed.open(str(tmp_path / "other"), story.entries[0])
    with pytest.raises(ZeroDivisionError):
        feed.run(failing(story))
    assert feed.size() == story.places(2)[1] + 1, "what was good before is kept, up to the commit"
    feed.close()
    assert audit(story.path, work).history.state_root == story.root


def failing(story: Story) -> Iterator[list[bytes]]:
    yield story.entries[:9]
    yield []
    raise ZeroDivisionError


def long_log(path: Path, count: int) -> bytes:
    """A ledger with many commits; its state root."""
    with Ledger.create(path, origin=ORIGIN, operator=OPERATOR, time=BEGAN, commit_every_ms=None) as ledger:
        coin = ledger.create_asset(ISSUER, "COIN", time=BEGAN)
        ledger.mint(ISSUER, coin, to=ANN.account, amount=10**9, time=BEGAN)
        for number in range(count // 500):
            transactions = [
                Transaction(
                    ledger.id,
                    [Transfer(asset=coin, sender=ANN.account, to=bytes([place % 256, number % 256]) * 16, amount=1)],
                    valid_until=BEGAN + 60_000,
                    nonce=number.to_bytes(8, "big") + place.to_bytes(8, "big"),
                ).sign(ANN)
                for place in range(500)
            ]
            ledger.apply(transactions, time=BEGAN).raise_for_status()
            ledger.checkpoint(time=BEGAN)
        return ledger.state_root


SLOWLY = """
import sys, time
from counterfoil.audit import audit, import_ledger
def tell(done, total):
    print(done, flush=True)
    time.sleep(0.2)
audit(sys.argv[1], sys.argv[2], progress=tell, flush_records=int(sys.argv[3]), map_bytes=1 << 16, memory_bytes=9_000)
print("done", flush=True)
"""


def test_killed_and_resumed(tmp_path):
    """Kill -9, again and again: each time the folder opens, checks, and the next run takes less than all."""
    root = long_log(tmp_path / "club.ledger", 40_000)
    with Ledger.open(tmp_path / "club.ledger", read_only=True) as ledger:
        size, roots = ledger.size, {at: ledger.log_root(at) for at in range(0, ledger.size + 1)}
        commits = {index + 1 for index, entry in enumerate(ledger.entries()) if entry[0] == 2}
    work = tmp_path / "work"
    source = random.Random(7)  # noqa: S311 - repeatable
    known = []
    for _ in range(5):
        options = [str(tmp_path / "club.ledger"), str(work), source.choice(["1", "700"])]
        running = subprocess.Popen(
            [sys.executable, "-c", SLOWLY, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert running.stdout is not None
        running.stdout.readline()
        clock.sleep(0.1 + source.random() * 0.4)
        running.kill()
        output = running.communicate()[0]
        assert running.returncode == -signal.SIGKILL, output
        if (work / "format").exists():
            report = fsck(work)
            known.append(int(report["entries"]))  # type: ignore[call-overload]
            assert report["log_root"] == roots[known[-1]]
            assert known[-1] in commits, "it always ends with a commit"
    history = audit(tmp_path / "club.ledger", work).history
    assert (history.state_root, history.size) == (root, size)
    assert fsck(work, full=True)["state_root"] == root
    assert history.known == known[-1] > 0
    assert len(set(known)) > 2, known
    assert known == sorted(known)


def test_ctrl_c_of_the_command(tmp_path):
    long_log(tmp_path / "club.ledger", 6_000)
    command = [sys.executable, "-c", SLOWLY, str(tmp_path / "club.ledger"), str(tmp_path / "work"), "100"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=60)
    assert "KeyboardInterrupt" in error
    assert audit(tmp_path / "club.ledger", tmp_path / "work").history.size > 6_000


# Hostile bytes.


def test_garbage_is_refused_before_it_takes_memory(story, tmp_path):
    source = random.Random(1)  # noqa: S311 - repeatable
    garbage = tmp_path / "garbage"
    garbage.write_bytes(source.randbytes(1 << 20) * 100)
    with pytest.raises(AuditError, match="byte 0: another beginning"):
        audit(garbage)
    head = bytes(story.export())[: len(HEADER) + 40 + 9]
    for length in (1 << 24, (1 << 24) + 1, 2**32 - 1):
        garbage.write_bytes(head + b"\1" + length.to_bytes(4, "little") + bytes(1 << 20) * 20)
        tracemalloc.start()
        with pytest.raises(AuditError, match="a block"):
            audit(garbage)
        assert tracemalloc.get_traced_memory()[1] < 1 << 26
        tracemalloc.stop()


def test_blocks_that_are_whole_and_frames_that_are_not(story, tmp_path):
    head = block(HEAD, (9).to_bytes(8, "little") + bytes(32))
    good = block(ENTRIES, framed(story.entries[:9]))
    cut = block(ENTRIES, framed(story.entries[9:12])[:-1])
    for blocks in ([head, good, cut], [head, cut], [good], [head, head, good], [head, block(NOTES, b"")]):
        garbage = tmp_path / "garbage"
        garbage.write_bytes(HEADER + b"".join(blocks) + block(END, b""))
        with pytest.raises(AuditError):
            audit(garbage)


# The command.


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_says_what_holds(story, tmp_path):
    done = run("audit", story.path, "--vkey", story.vkey, "--work", tmp_path / "work")
    assert done.exit_code == 0, done.stderr
    count = f"{len(story.places(1))} transactions"
    for text in ("the log holds", count, "all entries, by the key given", "BEAN", "700", "in holds"):
        assert text in done.stdout, text
    done = run("audit", story.path, "--work", tmp_path / "work")
    assert "only consistent with itself" in done.stdout
    assert f"{len(story.entries)} entries before" in done.stdout
    value = json.loads(run("audit", story.path, "--vkey", story.vkey, "--json").stdout)
    assert (value["ok"], value["trusted"], value["entries"]) == (True, True, len(story.entries))
    [bean, coin] = value["assets"]
    assert (bean["supply"], bean["outstanding"], coin["in_programmes"]) == ("400", "100", {"holds": "40"})


def test_the_command_writes_evidence_that_verify_takes(story, tmp_path):
    work, evidence = tmp_path / "work", tmp_path / "work.evidence"
    audit(grow(story, tmp_path / "fork", 1, 1), work, vkey=story.vkey)
    other = grow(story, tmp_path / "other", 2, 2)
    done = run("audit", other, "--vkey", story.vkey, "--work", work)
    assert done.exit_code == 1
    command = f"counterfoil verify {evidence} --vkey {story.vkey}"
    assert command in done.stderr.splitlines()
    convicted = run(*command.split()[1:])
    assert (convicted.exit_code, "the operator signed two histories" in convicted.stdout) == (0, True), convicted.stderr
    first = evidence.read_bytes()
    evidence.write_bytes(b"kept")
    done = run("audit", other, "--vkey", story.vkey, "--work", work, "--json")
    assert (evidence.read_bytes(), "was left as it is" in done.stderr) == (b"kept", True)
    assert json.loads(done.stdout)["evidence"] == str(evidence)
    # An import that would go on with another history tells as much.
    imported = tmp_path / "imported"
    assert run("import", saved(tmp_path / "fork", tmp_path / "fork.export"), imported).exit_code == 0
    assert run("import", saved(other, tmp_path / "other.export"), imported).exit_code == 1
    assert (tmp_path / "imported.evidence").read_bytes().startswith(first[:28])
    # Without a folder to keep it beside, that there is some is said.
    forged = sign_checkpoint(ORIGIN, story.entries, len(story.entries), HEIR.seed, root=bytes(range(32)))
    file = story.export(notes=[*story.notes, forged]).save(tmp_path / "forged.export")
    assert "give --work FOLDER" in run("audit", file).stderr


def test_the_command_says_what_does_not(story, tmp_path):
    entries = list(story.entries)
    index = with_effects(story, entries)
    file = Export(entries).save(tmp_path / "tampered.export")
    done = run("audit", file, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "ok": False,
        "place": f"log entry {index}",
        "index": index,
        "expected": "the effects that applying it has",
        "found": "others",
        "evidence": None,
    }
    assert done.stderr == (
        f"counterfoil: refused: log entry {index}: others, expected the effects that applying it has\n"
    )
    assert run("audit", tmp_path / "nothing").exit_code == 3
