"""`counterfoil export tiles`, `witness` and `verify --witness`: what they print and exit with, against real servers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from counterfoil import Key, Ledger, _http
from counterfoil.ops import Once
from counterfoil.verify import encode_did_key

from tests import builders
from tests.test_cli import HUGE, as_json, fails, ok

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATOR, ANN, FIRST, SECOND = (Key.from_seed(bytes([number]) * 32) for number in range(141, 145))
COMMAND = (sys.executable, "-c", "from counterfoil.cli import main; main()", "witness")
ORIGIN = "club.example/beans"


@pytest.fixture
def club(tmp_path: Path) -> SimpleNamespace:
    """A ledger, the keys of its operator and of two witnesses, and what is known of them."""
    made = SimpleNamespace(folder=tmp_path, ledger=tmp_path / "club.ledger", vkey=tmp_path / "club.vkey")
    for name, key in (("operator", OPERATOR), ("first", FIRST), ("second", SECOND)):
        key.save(tmp_path / f"{name}.key")
        setattr(made, name, tmp_path / f"{name}.key")
    with Ledger.create(made.ledger, origin=ORIGIN, operator=OPERATOR) as ledger:
        made.bean = ledger.create_asset(ANN, "BEAN").hex()
        ledger.checkpoint()
        made.vkey.write_text(ledger.verifier_key)
    for name in ("first", "second"):
        text = ok("witness", "key", "-k", tmp_path / f"{name}.key", "--name", f"{name}.example/witness")
        (tmp_path / f"{name}.vkey").write_text(text)
    return made


def witness(club: SimpleNamespace, name: str) -> list[object]:
    key, folder = club.folder / f"{name}.key", club.folder / name
    return ["-k", key, "--name", f"{name}.example/witness", "--dir", folder, "--vkey", club.vkey]


@contextlib.contextmanager
def serving(club: SimpleNamespace, name: str, *more: object) -> Iterator[str]:
    """`counterfoil witness serve` in a process of its own: its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [*witness(club, name), "--listen", f"127.0.0.1:{port}", "--prefix", "/w", *more]
    command = [*COMMAND, "serve", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert "listens on" in child.stderr.readline()
        for _ in range(1_000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}/w"
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(20)


def grow(path: Path, count: int = 1) -> None:
    with Ledger.open(path, operator=OPERATOR) as ledger:
        for _ in range(count):
            ledger.execute([Once(account=ANN.account, key=os.urandom(32))], ANN)
        ledger.checkpoint()


def test_export_tiles(club: SimpleNamespace) -> None:
    folder = club.folder / "public"
    told = as_json("export", "tiles", folder, "-l", club.ledger)
    assert told["tree_size"] == 4
    assert told["files"] == 2
    assert "4 entries; 0 new files, 0 bytes" in " ".join(ok("export", "tiles", folder, "-l", club.ledger).split())
    grow(club.ledger)
    assert "3 new files" in " ".join(ok("export", "tiles", folder, "--entries", "-l", club.ledger).split())
    fails(2, "export", "tiles", folder, "-l", club.ledger, says="expected entries=True")
    fails(2, "export", "tiles", club.vkey, "-l", club.ledger, says="File exists")
    fails(3, "export", "tiles", folder, "-l", club.folder / "none", says="is not a Counterfoil ledger")
    other = club.folder / "other.ledger"
    with Ledger.create(other, origin=ORIGIN, operator=OPERATOR):
        pass
    fails(1, "export", "tiles", folder, "--entries", "-l", other, says="its checkpoint")


def test_ask_and_verify(club: SimpleNamespace) -> None:
    keys = {name: (club.folder / f"{name}.vkey").read_text().strip() for name in ("first", "second")}
    statement = club.folder / "ann.statement"
    named = [["--witness", club.folder / f"{name}.vkey"] for name in keys]
    prove = ["prove", "balance", "BEAN", encode_did_key(ANN.account), "-l", club.ledger, "--out", statement, "--force"]
    check = ["verify", statement, "--vkey", club.vkey, *named[0], "--witness", keys["second"]]
    with serving(club, "first") as first, serving(club, "second", "--replica", club.ledger) as second:
        ask = ["witness", "ask", "-l", club.ledger, "-k", club.operator, "--witness", f"{keys['first']}={first}"]
        told = ok(*ask)
        assert re.search(r"cosigned by +first.example/witness, 20\d\d-", told)
        ok(*prove)
        fails(1, *check, says="too_few_witnesses")
        assert "cosigned by" in ok(*check, "--need", 1)
        assert "cosigned by" not in ok("verify", statement, "--vkey", club.vkey)
        # The second one has a copy that follows the ledger, which this process writes to.
        ask += ["--witness", f"{club.folder / 'second.vkey'}={second}"]
        grow(club.ledger)
        told = as_json(*ask)
        assert [each["witness"] for each in told["cosignatures"]] == ["first.example/witness", "second.example/witness"]
        assert told["failures"] == []
        ok(*prove)
        claim = as_json(*check)
        assert claim["ok"]
        assert [each["witness"] for each in claim["cosignatures"]] == [
            "first.example/witness",
            "second.example/witness",
        ]
        assert abs(claim["cosignatures"][0]["time_ms"] - claim["time_ms"]) < 60_000
    # Both are gone.
    fails(1, *ask, says="cosignatures: expected 2 of 2 witnesses, found 0")
    told = as_json(*ask, "--need", 0)
    assert [each["witness"] for each in told["failures"]] == ["first.example/witness", "second.example/witness"]
    status = as_json("witness", "status", "--dir", club.folder / "first")
    assert status["verifier_key"] == keys["first"]
    assert [each["origin"] for each in status["ledgers"]] == [ORIGIN]
    assert status["equivocations"] == []
    fails(2, *ask, "--need", 3, says="at most 2")
    fails(2, *ask[:-1], "first.vkey", says="expected KEY=URL")
    fails(2, *ask[:-1], f"{keys['first']}=https://", says="address: expected")
    fails(2, "verify", statement, "--vkey", club.vkey, "--need", 1, says="at most 0 witnesses")
    fails(2, "verify", statement, "--vkey", club.vkey, "--witness", HUGE, says="--witness: expected a verifier key")
    fails(1, "verify", statement, "--vkey", club.vkey, "--witness", club.vkey, says="wrong_key")


def test_follow_add_and_evidence(club: SimpleNamespace) -> None:
    public, cosigned = club.folder / "public", club.folder / "cosigned.note"
    ok("export", "tiles", public, "-l", club.ledger)
    follow = ["witness", "follow", *witness(club, "first")]
    printed = ok(*follow, public)
    assert "— first.example/witness " in printed
    ok(*follow, public, "--out", cosigned)
    assert cosigned.read_text().count("— first.example/witness ") == 1
    known = ["--witness", club.folder / "first.vkey"]
    assert "first.example/witness" in ok("witness", "add", cosigned, "-l", club.ledger, *known)
    assert "cosigned by" in ok("verify", cosigned, "--vkey", club.vkey, *known)
    assert "— first.example/witness" in ok("checkpoint", "--last", "-l", club.ledger)
    unknown = ["--witness", club.folder / "second.vkey"]
    fails(1, "witness", "add", cosigned, "-l", club.ledger, *unknown, says="too_few_witnesses")
    # A line under another witness's name is not checked here, and does not take the place of a good one.
    kept = ok("checkpoint", "--last", "-l", club.ledger)
    name, key = "second.example/witness", builders.SigningKey(SECOND.seed)
    forged = builders.cosign(b"x\n\n", name, key, int(time.time())).decode()
    good = builders.cosign(kept.encode(), name, key, int(time.time())).decode()
    cosigned.write_text(kept + good)
    ok("witness", "add", cosigned, "-l", club.ledger, *unknown)
    cosigned.write_text(kept + forged)
    ok("witness", "add", cosigned, "-l", club.ledger, *known)
    assert ok("checkpoint", "--last", "-l", club.ledger) == kept + good
    fails(3, "witness", "evidence", ORIGIN, "--dir", club.folder / "first", says="found none")
    fails(3, "witness", "status", "--dir", club.folder / "nowhere", says="no witness")

    # The operator goes on with a copy as well.
    fork = club.folder / "fork"
    with Ledger.open(club.ledger, operator=OPERATOR) as ledger:
        ledger.backup(fork)
        note = ledger.last_checkpoint
    with Ledger.open(fork, operator=OPERATOR) as copy:
        assert note is not None
        copy.confirm(note)
    grow(club.ledger)
    grow(fork, 30)
    ok("export", "tiles", public, "-l", club.ledger)
    ok(*follow, public, "--out", cosigned)
    elsewhere = club.folder / "elsewhere"
    ok("export", "tiles", elsewhere, "-l", fork)
    fails(1, *follow, elsewhere, says="signed two histories")
    fails(1, *follow, public, says="403")
    told = ok("witness", "status", "--dir", club.folder / "first")
    assert f"{ORIGIN}: its operator has signed two histories" in told
    assert "cosigned no more" in told
    file = club.folder / "two.evidence"
    assert "bytes\n" in ok("witness", "evidence", ORIGIN, "--dir", club.folder / "first", "--out", file)
    told = ok("verify", file, "--vkey", club.vkey)
    assert "proven: the operator signed two histories" in told
    assert "another root at" in told
    claim = as_json("verify", file, "--vkey", club.vkey, *known)
    assert (claim["kind"], claim["tree_size"], len(set(claim["root_hashes"]))) == ("equivocation", 6, 2)
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    fails(1, "verify", file, "--vkey", club.vkey, says="truncated")
    fails(2, "witness", "evidence", ORIGIN, "--dir", club.folder / "first", "--out", file, says="is there already")
    told = ok("witness", "evidence", ORIGIN, "--dir", club.folder / "first", "--out", file, "--force", "--clear")
    assert "it is cosigned again" in told
    assert file.read_bytes() == content
    ok(*follow, public)
    assert as_json("witness", "status", "--dir", club.folder / "first")["equivocations"][0]["cleared_time_ms"]


def test_silent_connections_keep_nobody_out(club: SimpleNamespace) -> None:
    with serving(club, "first") as address, contextlib.ExitStack() as stack:
        host, port = address.removeprefix("http://").removesuffix("/w").split(":")
        for _ in range(150):
            stack.enter_context(socket.create_connection((host, int(port))))
        assert _http.request(f"{address}/add-checkpoint", body=b"x", bytes_max=1_000).status == 400


def test_follow_again_and_again(club: SimpleNamespace) -> None:
    public, out = club.folder / "public", club.folder / "cosigned.note"
    arguments = [*witness(club, "first"), public, "--every", 1, "--out", out]
    # A shell's jobs in the background are told to ignore interrupts, and so is what they start.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + COMMAND[2]
    command = [*COMMAND[:2], program, *COMMAND[3:], "follow", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert "No such file" in child.stderr.readline(), "it is not there yet"
        sizes = []
        for _ in range(2):
            grow(club.ledger)
            ok("export", "tiles", public, "-l", club.ledger)
            size = as_json("stats", "-l", club.ledger)["entries"]
            for _ in range(1_000):
                if out.exists() and f"\n{size}\n" in out.read_text():
                    sizes.append(size)
                    break
                time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        try:
            assert child.wait(20) == 130
        finally:
            child.kill()
    assert len(sizes) == 2


def test_what_is_typed(club: SimpleNamespace) -> None:
    serve = ["witness", "serve", *witness(club, "first")]
    for listen in ("8080", "host:", "host:99999", "host:x", HUGE):
        fails(2, *serve, "--listen", listen, says="--listen: expected HOST:PORT")
    fails(2, *serve, "--prefix", "x", says="--prefix: expected a path")
    fails(3, *serve, "--replica", club.folder / "none", says="is not a Counterfoil ledger")
    fails(1, "witness", "key", "-k", club.first, "--name", "with space", says="wrong_key")
    fails(2, "witness", "follow", *witness(club, "first"), "ftp://host/x", says="address: expected https://host/path")
    fails(3, "witness", "follow", *witness(club, "first"), club.folder / "none", says="No such file")
    fails(
        2, "witness", "follow", *witness(club, "first")[:-1], HUGE, club.folder, says="--vkey: expected a verifier key"
    )
    assert json.loads(ok("witness", "status", "--dir", club.folder / "first", "--json"))["ledgers"] == []
    fails(2, "witness", "serve", *witness(club, "first")[:4], "--dir", club.folder / "first", says="--vkey")
