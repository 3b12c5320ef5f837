"""A whole ledger in one file, and from such a file: the same roots, ids and proofs; and handing over by one."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, Transaction, fsck
from counterfoil.audit import audit, import_ledger
from counterfoil.cli import app
from counterfoil.exceptions import (
    AuditError,
    ClosedError,
    DivergedError,
    HandedOverError,
    OperatorKeyError,
    ReadOnlyError,
    UnconfirmedError,
)
from counterfoil.ops import Transfer
from counterfoil.verify import ProofError, Verifier
from counterfoil.wire import OperatorChange, decode_entry
from nacl.signing import SigningKey
from typer.testing import CliRunner, Result

from tests.builders import vkey
from tests.exporting import Export

ROOT = Path(__file__).resolve().parent.parent
ORIGIN = "export.example/club"
OPERATOR, HEIR, ISSUER, ANN, BOB, STRANGER = (Key.from_seed(bytes([number]) * 32) for number in range(1, 7))


def make(path: Path, transfers: int = 20) -> bytes:
    """A ledger with an asset that Ann and Bob hold; the asset's id."""
    with Ledger.create(path, origin=ORIGIN, operator=OPERATOR, commit_every_ms=None) as ledger:
        coin = ledger.create_asset(ISSUER, "COIN")
        ledger.mint(ISSUER, coin, to=ANN.account, amount=1_000)
        for number in range(transfers):
            ledger.transfer(ANN, coin, to=BOB.account, amount=1)
            if number % 7 == 0:
                ledger.checkpoint()
        ledger.checkpoint()
    return coin


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path, bytes]:
    """A ledger, its export, and its asset."""
    folder = tmp_path_factory.mktemp("exported")
    coin = make(folder / "club.ledger")
    with Ledger.open(folder / "club.ledger", read_only=True) as ledger:
        ledger.export(folder / "club.export")
    return folder / "club.ledger", folder / "club.export", coin


# There and back.


def test_the_file_is_what_the_format_says(made):
    path, file, _ = made
    with Ledger.open(path, read_only=True) as ledger:
        entries = list(ledger.entries())
        notes = [note for _, note in ledger._engine.notes(0, 100)]
    assert len(notes) > 3
    assert file.read_bytes() == bytes(Export(entries, notes, page=len(entries)))


def test_an_import_has_the_same_roots_ids_and_proofs(made, tmp_path):
    path, file, coin = made
    told: list[tuple[int, int]] = []
    with Ledger.open(path, read_only=True) as ledger:
        vkey = ledger.verifier_key
        exported = ledger.export(tmp_path / "again.export", progress=lambda *done: told.append(done))
        assert exported.bytes == (tmp_path / "again.export").stat().st_size
        assert (exported.ledger, exported.size, exported.root_hash) == (ledger.id, ledger.size, ledger.log_root())
        assert exported.signed_size == exported.size
        assert told[-1] == (ledger.size, ledger.size)
        history = import_ledger(file, tmp_path / "imported", vkey=vkey)
        assert (history.ledger, history.root_hash, history.state_root) == (
            ledger.id,
            ledger.log_root(),
            ledger.state_root,
        )
        with Ledger.open(tmp_path / "imported", read_only=True) as imported:
            assert list(imported.entries()) == list(ledger.entries())
            assert imported.last_checkpoint == ledger.last_checkpoint
            assert bytes(imported.prove_balance(coin, BOB.account)) == bytes(ledger.prove_balance(coin, BOB.account))
            receipt = imported.prove_transaction(decode_entry(ledger.entry(3)).signed.id)
            assert Verifier(vkey).receipt(bytes(receipt)).index == 3
            assert [one.index for one in imported.transactions(BOB.account)] == [
                one.index for one in ledger.transactions(BOB.account)
            ]
    assert fsck(tmp_path / "imported", full=True)["state_root"] == history.state_root


def test_an_import_signs_once_it_has_compared_itself(made, tmp_path):
    _, file, coin = made
    import_ledger(file, tmp_path / "imported")
    with Ledger.open(tmp_path / "imported", operator=OPERATOR) as ledger:
        published = ledger.last_checkpoint
        assert published is not None
        ledger.transfer(ANN, coin, to=BOB.account, amount=1)
        with pytest.raises(UnconfirmedError):
            ledger.checkpoint()
        ledger.confirm(published)
        assert Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint()).tree_size == ledger.size
    with Ledger.open(tmp_path / "imported", operator=OPERATOR) as ledger:
        assert ledger.is_confirmed


def test_importing_twice_changes_nothing_and_later_files_go_on(made, tmp_path):
    path, file, coin = made
    first = import_ledger(file, tmp_path / "imported")
    again = import_ledger(file, tmp_path / "imported")
    assert (again.known, again.signatures) == (first.size, 0)
    assert again.state_root == first.state_root
    shutil.copytree(path, tmp_path / "original")
    with Ledger.open(tmp_path / "original", operator=OPERATOR) as ledger:
        ledger.confirm(ledger.last_checkpoint or "")
        ledger.transfer(ANN, coin, to=BOB.account, amount=1)
        ledger.checkpoint()
        ledger.export(tmp_path / "later.export")
    later = import_ledger(tmp_path / "later.export", tmp_path / "imported")
    assert (later.known, later.size) == (first.size, first.size + 2)
    # Once it is written to, it is a ledger of its own.
    Ledger.open(tmp_path / "imported").close()
    with pytest.raises(FileExistsError):
        import_ledger(tmp_path / "later.export", tmp_path / "imported")


def test_where_something_is_nothing_is_written(made, tmp_path):
    path, file, _ = made
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter").write_text("dear")
    with pytest.raises(FileExistsError):
        import_ledger(file, tmp_path / "papers")
    assert [each.name for each in (tmp_path / "papers").iterdir()] == ["letter"]
    with pytest.raises(FileExistsError):
        import_ledger(file, path)
    with Ledger.open(path, read_only=True) as ledger:
        with pytest.raises(FileExistsError):
            ledger.export(file)

        def stop(_done: int, _total: int) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            ledger.export(tmp_path / "stopped.export", progress=stop)
    assert not (tmp_path / "stopped.export").exists(), "half a file is none"
    with pytest.raises(IsADirectoryError):
        import_ledger(path, tmp_path / "imported")


KILLED = """
import os, signal, sys
from counterfoil import Ledger
def die(done, total):
    os.kill(os.getpid(), signal.SIGKILL)
with Ledger.open(sys.argv[1], read_only=True) as ledger:
    ledger.export(sys.argv[2], progress=die)
"""


def test_a_killed_export_does_not_block_the_next(made, tmp_path):
    path, file, _ = made
    out = tmp_path / "out.export"
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", KILLED, path, out], check=False, cwd=ROOT)
        assert killed.returncode == -signal.SIGKILL
        assert not out.exists(), "a part of it would pass for all"
    with Ledger.open(path, read_only=True) as ledger:
        ledger.export(out)
        assert out.read_bytes() == file.read_bytes()

        def other(_done: int, _total: int) -> None:
            (tmp_path / "taken.export").write_text("meanwhile")

        with pytest.raises(FileExistsError):
            ledger.export(tmp_path / "taken.export", progress=other)
    assert (tmp_path / "taken.export").read_text() == "meanwhile"
    left = sorted(each.name for each in tmp_path.iterdir())
    assert [bool(re.fullmatch(r"out\.export\.[0-9a-f]{8}\.being-written", name)) for name in left] == [
        False,
        True,
        True,
        False,
    ]


def test_an_export_beside_a_writer_ends_with_a_commit(tmp_path):
    with Ledger.create(tmp_path / "l", origin=ORIGIN, operator=OPERATOR, commit_every_ms=None) as ledger:
        coin = ledger.create_asset(ISSUER, "COIN")
        ledger.checkpoint()
        ledger.mint(ISSUER, coin, to=ANN.account, amount=10)
        exported = ledger.export(tmp_path / "club.export")
        assert exported.size == ledger.size - 1
        history = import_ledger(tmp_path / "club.export", tmp_path / "imported", vkey=ledger.verifier_key)
        assert history.state_root == ledger.state_root


def test_a_ledger_that_nobody_signed_is_exported_too(tmp_path):
    make(tmp_path / "l")
    with Ledger.open(tmp_path / "l") as ledger:
        ledger.create_asset(BOB, "BOB")
    with Ledger.open(tmp_path / "l") as ledger:
        exported = ledger.export(tmp_path / "club.export")
        assert exported.signed_size < exported.size == ledger.size
    assert import_ledger(tmp_path / "club.export", tmp_path / "imported").signed_size == exported.signed_size


# Damage.


def test_a_file_of_a_later_version_says_so(made, tmp_path):
    _, file, _ = made
    whole = file.read_bytes()
    for version, said in (
        (b"v2\n", "newer Counterfoil"),
        (b"v10\n", "newer Counterfoil"),
        (b"v0\n", "another beginning"),
    ):
        later = tmp_path / "later.export"
        later.write_bytes(whole.replace(b"v1\n", version, 1))
        with pytest.raises(AuditError, match=said):
            import_ledger(later, tmp_path / "imported")


def test_a_file_that_is_cut_anywhere_is_no_export(made, tmp_path):
    """What was good before the cut may be kept, and an import of the whole file goes on from there."""
    _, file, _ = made
    whole = file.read_bytes()
    for end in [0, 1, 21, 22, 23, *range(24, len(whole), 397), len(whole) - 1]:
        cut = tmp_path / f"{end}.export"
        cut.write_bytes(whole[:end])
        with pytest.raises(AuditError) as raised:
            import_ledger(cut, tmp_path / "imported")
        assert re.search("truncated|another beginning|nothing", str(raised.value)), str(raised.value)
    assert import_ledger(file, tmp_path / "imported").size == fsck(tmp_path / "imported")["entries"]


def test_a_byte_that_was_turned_is_found(made, tmp_path):
    _, file, _ = made
    whole = file.read_bytes()
    source = random.Random(3)  # noqa: S311 - repeatable
    for place in [*range(22 + 5 + 40 + 9), *source.sample(range(len(whole)), 60)]:
        turned = bytearray(whole)
        turned[place] ^= 1 << source.randrange(8)
        (tmp_path / "turned.export").write_bytes(turned)
        with pytest.raises(AuditError, match=r"byte|ledger"):
            import_ledger(tmp_path / "turned.export", tmp_path / f"{place}")
    (tmp_path / "longer.export").write_bytes(whole + b"\0")
    with pytest.raises(AuditError, match="more, expected the end of the file"):
        import_ledger(tmp_path / "longer.export", tmp_path / "longer")


def test_an_import_that_was_stopped_goes_on(made, tmp_path):
    path, _, _ = made
    with Ledger.open(path, read_only=True) as ledger:
        entries, root = list(ledger.entries()), ledger.state_root
    file = Export(entries, page=3).save(tmp_path / "club.export")

    def stop(_done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 4:
            raise KeyboardInterrupt

    calls = 0
    with pytest.raises(KeyboardInterrupt):
        import_ledger(file, tmp_path / "imported", progress=stop)
    known = int(fsck(tmp_path / "imported")["entries"])  # type: ignore[call-overload]
    history = import_ledger(file, tmp_path / "imported")
    assert 0 < history.known == known < history.size == len(entries)
    assert history.state_root == root


# Handing over.


def test_a_ledger_is_handed_over(tmp_path):
    coin = make(tmp_path / "old")
    with Ledger.open(tmp_path / "old", operator=OPERATOR) as ledger:
        identifier, old_vkey = ledger.id, ledger.verifier_key
        transaction = Transaction(ledger.id, [Transfer(asset=coin, sender=ANN.account, to=BOB.account, amount=5)]).sign(
            ANN
        )
        ledger.apply([transaction]).raise_for_status()
        last = ledger.hand_over(HEIR.account)
        with pytest.raises(ClosedError):
            ledger.apply([transaction])
    assert Verifier(old_vkey).checkpoint(last)
    # The old side can read and export, and nothing else, whatever key it has.
    for key in (OPERATOR, HEIR, STRANGER, None):
        with pytest.raises(HandedOverError, match=f"handed over to operator {HEIR.account.hex()}"):
            Ledger.open(tmp_path / "old", operator=key)
    with Ledger.open(tmp_path / "old", read_only=True) as ledger:
        with pytest.raises(ReadOnlyError):
            ledger.apply([transaction])
        ledger.export(tmp_path / "club.export")
        root, state_root, size = ledger.log_root(), ledger.state_root, ledger.size
        # The last entries are the new operator, and a commit that nobody has signed.
        change = decode_entry(ledger.entry(size - 2))
        assert isinstance(change, OperatorChange)
        assert change.new_key == HEIR.account
        assert Verifier(old_vkey).checkpoint(last).tree_size == size - 2
    # The new side needs the old operator's verifier key alone to know that this is for it.
    history = import_ledger(tmp_path / "club.export", tmp_path / "new", vkey=old_vkey)
    assert (history.ledger, history.root_hash, history.state_root) == (identifier, root, state_root)
    assert [one.public_key for one in history.operators] == [OPERATOR.account, HEIR.account]
    assert history.signed_size == size - 2
    for wrong in (OPERATOR, STRANGER):
        with pytest.raises(OperatorKeyError, match=HEIR.account.hex()):
            Ledger.open(tmp_path / "new", operator=wrong)
    with Ledger.open(tmp_path / "new", operator=HEIR) as ledger:
        with pytest.raises(UnconfirmedError):
            ledger.checkpoint()
        ledger.confirm(last)
        [again] = ledger.apply([transaction])
        assert again.duplicate, "what the old side acknowledged is known"
        ledger.transfer(BOB, coin, to=ANN.account, amount=2)
        note = ledger.checkpoint()
        new_vkey, held = ledger.verifier_key, ledger.balance(coin, BOB.account)
        statement = bytes(ledger.prove_balance(coin, BOB.account))
        assert Verifier(new_vkey, ledger=identifier).balance(statement).amount == held
        with pytest.raises(ProofError):
            Verifier(old_vkey).balance(statement)
        # Who knows the old key alone can follow from it to the new one.
        receipt = ledger.prove_entry(size - 2)
        assert bytes(receipt)
        proof = ledger.prove_consistency(size - 2, ledger.size)
        assert proof
    assert Verifier(new_vkey).checkpoint(note).tree_size > size
    found = audit(tmp_path / "new", vkey=old_vkey).history
    assert found.is_trusted
    assert found.signed_size == found.size


def test_two_imports_of_one_handing_over_are_two_histories_which_shows(tmp_path):
    """The heir who signs in two folders is where one who restores a backup twice is: whoever compares sees it."""
    coin = make(tmp_path / "old")
    with Ledger.open(tmp_path / "old", operator=OPERATOR) as ledger:
        last = ledger.hand_over(HEIR.account)
    with Ledger.open(tmp_path / "old", read_only=True) as ledger:
        ledger.export(tmp_path / "club.export")
    published = []
    for name, amount in (("a", 1), ("b", 2)):
        import_ledger(tmp_path / "club.export", tmp_path / name)
        with Ledger.open(tmp_path / name, operator=HEIR) as ledger:
            ledger.confirm(last)
            ledger.transfer(BOB, coin, to=ANN.account, amount=amount)
            published.append(ledger.checkpoint())
    # A third one, told of what was published last, refuses: it is behind.
    import_ledger(tmp_path / "club.export", tmp_path / "c")
    with Ledger.open(tmp_path / "c", operator=HEIR) as ledger, pytest.raises(DivergedError):
        ledger.confirm(published[0])
    audit(tmp_path / "a", tmp_path / "work")
    with pytest.raises(AuditError, match="the history that was audited before"):
        audit(tmp_path / "b", tmp_path / "work")


def test_what_may_not_be_handed_over(tmp_path):
    coin = make(tmp_path / "old")
    with Ledger.open(tmp_path / "old") as ledger, pytest.raises(OperatorKeyError):
        ledger.hand_over(HEIR.account)
    with Ledger.open(tmp_path / "old", read_only=True) as ledger, pytest.raises(ReadOnlyError):
        ledger.hand_over(HEIR.account)
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    with Ledger.open(tmp_path / "copy", operator=OPERATOR) as ledger, pytest.raises(UnconfirmedError):
        ledger.hand_over(HEIR.account)
    with Ledger.open(tmp_path / "old", operator=OPERATOR) as ledger:
        size = ledger.size
        for wrong in (bytes(32), b"\xff" * 32, OPERATOR.account):
            with pytest.raises(ValueError, match="heir: expected an Ed25519 public key"):
                ledger.hand_over(wrong)
        with pytest.raises(ValueError, match="32 bytes"):
            ledger.hand_over(b"short")
        with pytest.raises(TypeError):
            ledger.hand_over(HEIR)  # type: ignore[arg-type]
        assert ledger.size == size
        assert ledger.transfer(ANN, coin, to=BOB.account, amount=1).ok, "it goes on"


def test_handing_over_and_back(tmp_path):
    """To one who was the operator before: the folder of then stays closed, and the log says who it is now."""
    coin = make(tmp_path / "a")
    with Ledger.open(tmp_path / "a", operator=OPERATOR) as ledger:
        last = ledger.hand_over(HEIR.account)
    with Ledger.open(tmp_path / "a", read_only=True) as ledger:
        ledger.export(tmp_path / "to-heir.export")
    import_ledger(tmp_path / "to-heir.export", tmp_path / "b")
    with Ledger.open(tmp_path / "b", operator=HEIR) as ledger:
        ledger.confirm(last)
        last = ledger.hand_over(OPERATOR.account)
    with Ledger.open(tmp_path / "b", read_only=True) as ledger:
        ledger.export(tmp_path / "back.export")
    for closed in ("a", "b"):
        with pytest.raises(HandedOverError):
            Ledger.open(tmp_path / closed, operator=OPERATOR)
    history = import_ledger(tmp_path / "back.export", tmp_path / "c")
    assert [one.public_key for one in history.operators] == [OPERATOR.account, HEIR.account, OPERATOR.account]
    with Ledger.open(tmp_path / "c", operator=OPERATOR) as ledger:
        ledger.confirm(last)
        ledger.transfer(ANN, coin, to=BOB.account, amount=1)
        assert Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())


def test_what_waits_while_the_ledger_is_handed_over_is_in_it_or_told(tmp_path):
    """Transactions from other threads are in the export, covered by the last checkpoint, or refused by an exception."""
    coin = make(tmp_path / "old", transfers=1)
    ledger = Ledger.open(tmp_path / "old", operator=OPERATOR, commit_every_ms=5)
    acknowledged, ended = [], []

    def write(number: int) -> None:
        try:
            while True:
                outcome = ledger.transfer(ANN, coin, to=bytes([number]) * 32, amount=1)
                acknowledged.append(outcome.index)
        except (HandedOverError, ClosedError) as error:
            ended.append(type(error))

    writers = [threading.Thread(target=write, args=(10 + number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 50:
        pass
    last = ledger.hand_over(HEIR.account)
    for writer in writers:
        writer.join(60)
    assert len(ended) == 4
    with Ledger.open(tmp_path / "old", read_only=True) as old:
        signed = Verifier(vkey_of(old)).checkpoint(last).tree_size
        assert old.size == signed + 2
        assert max(acknowledged) < signed, "what was acknowledged is under the last checkpoint"
        assert {index for index, entry in enumerate(old.entries()) if entry[0] == 1 and index > 4} >= set(acknowledged)


def vkey_of(ledger: Ledger) -> str:
    """The first operator's verifier key."""
    return vkey(ledger.origin, SigningKey(OPERATOR.seed))


def test_a_record_of_the_heir_without_the_entry_is_no_handing_over(tmp_path):
    """The process died between the two: the ledger goes on, and may be handed over to the same heir later."""
    coin = make(tmp_path / "old")
    (tmp_path / "old" / "handed-over").write_text(f"1 {HEIR.account.hex()}\n")
    with Ledger.open(tmp_path / "old", operator=OPERATOR) as ledger:
        assert not (tmp_path / "old" / "handed-over").exists()
        ledger.transfer(ANN, coin, to=BOB.account, amount=1)
        # And rotating to him in place is not handing over.
        ledger.rotate_operator(HEIR)
    with Ledger.open(tmp_path / "old", operator=HEIR) as ledger:
        ledger.hand_over(STRANGER.account)
    with pytest.raises(HandedOverError, match=STRANGER.account.hex()):
        Ledger.open(tmp_path / "old", operator=HEIR)


# The commands.


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def ran(*arguments: object) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_the_commands(tmp_path):
    coin = make(tmp_path / "old")
    OPERATOR.save(tmp_path / "old.key")
    HEIR.save(tmp_path / "heir.key")
    with Ledger.open(tmp_path / "old", read_only=True) as ledger:
        vkey = ledger.verifier_key
    exported = ran("export", "ledger", tmp_path / "a.export", "-l", tmp_path / "old")
    imported = ran("import", tmp_path / "a.export", tmp_path / "copy", "--vkey", vkey)
    assert imported["trusted"]
    assert imported["root_hash"] == exported["root_hash"]
    again = run("export", "ledger", tmp_path / "a.export", "-l", tmp_path / "old")
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    hand_over = ("export", "ledger", "-l", tmp_path / "old", "--hand-over-to")
    for heir, key, text in (
        (HEIR.did, (), "--hand-over-to needs --key"),
        (HEIR.account.hex(), ("-k", tmp_path / "old.key"), "expected did:key"),
        ("did:key:z6Mk", ("-k", tmp_path / "old.key"), "account: expected did:key"),
    ):
        refused = run(*hand_over, heir, tmp_path / "b.export", *key)
        assert (refused.exit_code, text in refused.stderr) == (2, True), refused.stderr
    refused = run(*hand_over, HEIR.did, tmp_path / "none" / "b.export", "-k", tmp_path / "old.key")
    assert refused.exit_code == 3
    with Ledger.open(tmp_path / "old", operator=OPERATOR) as ledger:
        ledger.mint(ISSUER, coin, to=ANN.account, amount=1)  # It is not handed over for a file that cannot be written.
        ledger.checkpoint()
    handed = ran(*hand_over, HEIR.did, tmp_path / "b.export", "-k", tmp_path / "old.key")
    assert handed["signed_entries"] == handed["entries"] - 2
    refused = run(*hand_over, STRANGER.did, tmp_path / "c.export", "-k", tmp_path / "old.key")
    assert (refused.exit_code, "handed over" in refused.stderr) == (1, True)
    refused = run("checkpoint", "-l", tmp_path / "old", "-k", tmp_path / "old.key")
    assert (refused.exit_code, "opens here read-only" in refused.stderr) == (1, True)
    ran("import", tmp_path / "b.export", tmp_path / "new", "--vkey", vkey)
    with Ledger.open(tmp_path / "old", read_only=True) as ledger:
        note = dict(ledger._engine.notes(0, 100))[handed["signed_entries"]]
    (tmp_path / "published.note").write_bytes(note)
    signed = ran(
        "checkpoint", "-l", tmp_path / "new", "-k", tmp_path / "heir.key", "--confirm", tmp_path / "published.note"
    )
    assert signed["tree_size"] > handed["entries"]
    with Ledger.open(tmp_path / "new", read_only=True) as ledger:
        assert ledger.balance(coin, ANN.account) == 981
    refused = run("import", tmp_path / "published.note", tmp_path / "nothing")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("counterfoil: refused: ")
