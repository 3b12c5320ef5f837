"""The log as static files: what is written, read back by us and by a client that is not ours, and what is refused."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from counterfoil import Key, Ledger, _http, tiles
from counterfoil._load import Movement, Template
from counterfoil.exceptions import DivergedError, LockedError, OperatorKeyError, ProofError, WireError
from counterfoil.ops import Once
from counterfoil.tiles import TileLog, _locked, _Tree, export_tiles, tile_path
from counterfoil.verify import verify_consistency, verify_inclusion
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATOR, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (11, 12, 13))
ORIGIN = "club.example/beans"
GO_READER = ROOT / "clients/go/tilestest"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    options: dict[str, Any] = {"commit_every_ms": None}
    with Ledger.create(tmp_path / "club.ledger", origin=ORIGIN, operator=OPERATOR, **options) as made:
        yield made


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The client of Tessera, as a call from a folder and a verifier key to what it has read and checked."""
    if shutil.which("go") is None:
        pytest.skip("Go is not here: no outside client reads the tiles")
    program = tmp_path_factory.mktemp("tilestest") / "tilestest"
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=GO_READER, check=True)  # noqa: S607

    def read(folder: Path, vkey: str) -> dict[str, Any]:
        done = subprocess.run([str(program), str(folder), vkey], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return read


def grow(ledger: Ledger, entries: int) -> None:
    """Apply transactions until the log, with the commit that ends it, has so many entries; and sign a checkpoint."""
    while (missing := entries - 1 - ledger.size) > 0:
        if missing < 300:
            for _ in range(missing):
                ledger.execute([Once(account=ANN.account, key=os.urandom(32))], ANN)
            break
        asset = ledger.create_asset(ANN, f"A{ledger.size}")
        ledger.mint(ANN, asset, to=ANN.account, amount=10**9)
        template = Template(ledger=ledger.id, asset=asset, payees=1, valid_until=time.time_ns() // 1_000_000 + 600_000)
        moves = (Movement(ANN.seed, ANN.account, [BOB.account], os.urandom(16)) for _ in range(missing - 2))
        ledger.apply(template.sign(moves).framed).raise_for_status()
    ledger.checkpoint()
    assert ledger.size == entries


def read_all(log: TileLog, start: int = 0) -> list[bytes]:
    _, checkpoint = log.checkpoint()
    return [entry for bundle in log.entries(start, checkpoint.tree_size, checkpoint.root_hash) for entry in bundle]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_outside_client_reads_every_export(ledger: Ledger, tmp_path: Path, outside: Any) -> None:
    folder = tmp_path / "public"
    for size in (2, 3, 255, 256, 257, 512, 513, 600):
        if size > ledger.size:
            grow(ledger, size)
        exported = export_tiles(ledger, folder, entries=True)
        assert (exported.tree_size, exported.root_hash) == (ledger.size, ledger.log_root())
        read = outside(folder, ledger.verifier_key)
        root = base64.b64encode(ledger.log_root()).decode()
        assert read == {"origin": ORIGIN, "size": size, "root": root, "hashes": size, "entries": size}
    assert set(files(folder)) == {
        *("checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/1", "tile/0/002.p/88"),
        *("tile/entries/000", "tile/entries/001", "tile/entries/002.p/1", "tile/entries/002.p/88"),
        *("tile/1/000.p/1", "tile/1/000.p/2"),
    }


def test_seventy_thousand_entries(ledger: Ledger, tmp_path: Path, outside: Any) -> None:
    """The example of the specification: three levels, of which the highest has one hash."""
    grow(ledger, 70_000)
    folder = tmp_path / "public"
    told: list[tuple[int, int]] = []
    exported = export_tiles(ledger, folder, progress=lambda done, total: told.append((done, total)))
    assert exported.files == 273 + 1 + 1 + 1 + 1 + 1  # full, partial; full, partial; partial; the checkpoint
    assert told == [(number, 277) for number in range(1, 278)]
    for path in ("tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"):
        assert (folder / path).is_file()
    read = outside(folder, ledger.verifier_key)
    assert (read["size"], read["hashes"], read["entries"]) == (70_000, 70_000, 0)
    export_tiles(ledger, folder, entries=True)
    assert outside(folder, ledger.verifier_key)["entries"] == 70_000
    log = TileLog(folder, ledger.verifier_key, ledger=ledger.id)
    assert read_all(log) == list(ledger.entries())
    assert read_all(log, 69_000) == list(ledger.entries(69_000))
    root = ledger.log_root()
    for old in (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 69_999, 70_000):
        proof = log.prove_consistency(old, 70_000, root)
        assert proof == ledger.prove_consistency(old, 70_000)
        verify_consistency(old, 70_000, ledger.log_root(old), root, proof)
    for index in (0, 1, 255, 256, 65_535, 65_536, 69_999):
        proof = log.prove_inclusion(index, 70_000, root)
        verify_inclusion(builders.sha256(b"\x00", ledger.entry(index)), index, 70_000, proof, root)


def test_a_second_export_writes_what_is_new(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    grow(ledger, 300)
    export_tiles(ledger, folder, entries=True)
    times = {path: (folder / path).stat().st_mtime_ns for path in files(folder)}
    again = export_tiles(ledger, folder, entries=True)
    assert (again.files, again.bytes) == (0, 0)
    grow(ledger, 520)
    more = export_tiles(ledger, folder, entries=True)
    now = files(folder)
    written = {path for path in now if (folder / path).stat().st_mtime_ns != times.get(path)}
    assert written == {
        *("checkpoint", "tile/0/001", "tile/0/002.p/8", "tile/1/000.p/2"),
        *("tile/entries/001", "tile/entries/002.p/8"),
    }
    assert more.files == len(written)
    assert more.bytes == sum(len(now[path]) for path in written)
    assert "tile/0/001.p/44" not in now  # The full one is there.
    # What somebody has removed comes back.
    (folder / "tile/0/000").unlink()
    assert export_tiles(ledger, folder, entries=True).files == 1
    assert read_all(TileLog(folder, ledger.verifier_key)) == list(ledger.entries())


def test_cosignatures_are_published_with_the_checkpoint(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    note = ledger.checkpoint()
    export_tiles(ledger, folder)
    line = builders.cosign(note.encode(), "witness.example/w1", builders.SigningKey(bytes(32)), 1_700_000_000)
    cosigned = note.encode() + line
    ledger._engine.add_cosignatures(cosigned.decode())
    assert export_tiles(ledger, folder).files == 1
    assert (folder / "checkpoint").read_bytes() == cosigned


def test_what_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    grow(ledger, 5)
    export_tiles(ledger, folder, entries=True)
    before = files(folder)
    with pytest.raises(FileExistsError, match="expected entries=True"):
        export_tiles(ledger, folder)
    with _locked(folder), pytest.raises(LockedError, match="another export"):
        export_tiles(ledger, folder, entries=True)
    for origin, error, match in (
        ("other.example/x", FileExistsError, f"expected the tiles of other.example/x, found those of {ORIGIN}"),
        (ORIGIN, DivergedError, "keep both"),
    ):
        path = tmp_path / origin.replace("/", "-")
        with Ledger.create(path, origin=origin, operator=OPERATOR, commit_every_ms=None) as other:
            with pytest.raises(DivergedError if origin == ORIGIN else error, match=r"its checkpoint|found those"):
                export_tiles(other, folder, entries=True)
            grow(other, 6)
            with pytest.raises(error, match=match):
                export_tiles(other, folder, entries=True)
    assert files(folder) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match=r"found letter\.txt"):
        export_tiles(ledger, tmp_path / "mine")
    (folder / "checkpoint").write_text("not a note")
    with pytest.raises(FileExistsError, match="checkpoint: note: expected an empty line"):
        export_tiles(ledger, folder, entries=True)
    with pytest.raises(FileExistsError):
        export_tiles(ledger, folder / "checkpoint")


def test_what_is_somebody_else_s_stays(ledger: Ledger, tmp_path: Path) -> None:
    """A file outside that a link leads to; and a folder of that name with other things in it."""
    grow(ledger, 5)
    letter, folder, maps = tmp_path / "letter.txt", tmp_path / "public", tmp_path / "maps"
    letter.write_text("dear")
    folder.mkdir()
    (folder / ".being-written").symlink_to(letter)
    export_tiles(ledger, folder)
    assert letter.read_text() == "dear"
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert set(files(folder)) == {"checkpoint", "tile/0/000.p/5"}
    (maps / "tile/0/000.p").mkdir(parents=True)
    (maps / "tile/0/000.p/5").write_text("a map")
    with pytest.raises(FileExistsError, match=r"expected an empty folder, .*, found tile"):
        export_tiles(ledger, maps)
    assert files(maps) == {"tile/0/000.p/5": b"a map"}


def test_another_export_that_comes_first_is_no_other_history(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It publishes a later checkpoint while this one waits for its turn."""
    grow(ledger, 5)
    others = [tiles._locked]

    def locked(folder: Path) -> Any:
        if others:
            monkeypatch.setattr(tiles, "_locked", others.pop())
            grow(ledger, 9)
            export_tiles(ledger, folder)
        return tiles._locked(folder)

    monkeypatch.setattr(tiles, "_locked", locked)
    assert export_tiles(ledger, tmp_path / "public").tree_size == 9


def test_no_checkpoint_no_tiles(tmp_path: Path) -> None:
    options: dict[str, Any] = {"commit_every_ms": None}
    Ledger.create(tmp_path / "club", origin=ORIGIN, operator=OPERATOR, **options).close()
    with Ledger.open(tmp_path / "club", **options) as keyless:
        keyless.execute([Once(account=ANN.account, key=bytes(32))], ANN)
        keyless.flush()
        with pytest.raises(OperatorKeyError, match="no checkpoint"):
            export_tiles(keyless, tmp_path / "public")
    assert not (tmp_path / "public").exists()


KILLED = 86
CHILD = f"""
import os, sys
from counterfoil import Ledger
from counterfoil.tiles import export_tiles
ledger, folder, left = sys.argv[1], sys.argv[2], int(sys.argv[3])

def hook(event, arguments):
    global left
    write = event == "open" and isinstance(arguments[1], str) and set("wx") & set(arguments[1])
    if write or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir"):
        if not left:
            os._exit({KILLED})
        left -= 1

with Ledger.open(ledger, read_only=True) as opened:
    sys.addaudithook(hook)
    export_tiles(opened, folder, entries=True)
    print(left, flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize(("first", "second"), [(0, 257), (250, 515)])
def test_a_death_at_any_file_operation(first: int, second: int, ledger: Ledger, tmp_path: Path, outside: Any) -> None:
    """Before each thing that is done to a file the process ends: the folder has a checkpoint and all of its tiles."""
    base, folder = tmp_path / "base", tmp_path / "public"
    base.mkdir()
    if first:
        grow(ledger, first)
        export_tiles(ledger, base, entries=True)
    grow(ledger, second)
    seen = []
    for operations in range(1_000):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        command = [sys.executable, "-c", CHILD, str(ledger.path), str(folder), str(operations)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode in (0, KILLED), done.stderr
        if (folder / "checkpoint").exists():
            read = outside(folder, ledger.verifier_key)
            assert read["size"] == read["entries"]
            assert read["size"] in (first, second)
            seen.append(read["size"])
        else:
            assert not first
        if done.returncode == 0:
            assert done.stdout == "0\n"
            break
        export_tiles(ledger, folder, entries=True)
        assert outside(folder, ledger.verifier_key)["entries"] == second
        assert not list(folder.glob(".*"))
    assert operations > 10
    assert seen == sorted(seen)
    assert seen[-1] == second


def test_everything_is_on_the_disk_before_the_checkpoint(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a loss of power leaves follows from the order of what is synced: contents, names, then the checkpoint."""
    grow(ledger, 260)
    folder, done = tmp_path / "public", []
    sync, replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        done.append(("sync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        done.append(("rename", str(target)))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", renamed)
    export_tiles(ledger, folder, entries=True)
    last = done.index(("rename", str(folder / "checkpoint")))
    assert done[last:] == [("rename", str(folder / "checkpoint")), ("sync", str(folder))]
    renames = [place for place, (what, _) in enumerate(done) if what == "rename"]
    assert len(renames) == 6
    for place in renames:
        assert done[place - 1] == ("sync", str(folder / ".being-written"))
    named = {Path(target).parent for what, target in done[:last] if what == "rename"}
    folders = {each for path in named for each in (path, *path.parents) if folder in (each, *each.parents)}
    assert {str(each) for each in folders} <= {path for what, path in done[renames[-2] : last] if what == "sync"}


# Reading


def test_paths(shared_vectors: Path) -> None:
    data = json.loads((shared_vectors / "tlog-tiles/paths.json").read_text())
    for case in data["tile_path"]:
        assert tile_path(case["level"], case["index"], case.get("p") or 256) == case["wantPath"]
    for case in data["entries_path"]:
        assert tile_path("entries", case["N"], case.get("p") or 256) == case["wantPath"]
    for case in data["entries_path_for_log_index"]:
        tile = case["seq"] // 256
        assert tile_path("entries", tile, min(256, case["logSize"] - tile * 256)) == case["wantPath"]


def test_a_log_of_others(shared_vectors: Path, tmp_path: Path) -> None:
    """Tessera's own log: every size of it, each entry and each proof."""
    known = json.loads((shared_vectors / "tlog-tiles/log_key.json").read_text())
    leaves = [leaf.encode() for leaf in known["leaves"]]
    shutil.copytree(shared_vectors / "tlog-tiles/log", tmp_path / "log")
    log = TileLog(tmp_path / "log", known["vkey"])
    for size in range(16):
        shutil.copy(tmp_path / f"log/checkpoint.{size}", tmp_path / "log/checkpoint")
        note, checkpoint = log.checkpoint()
        assert note == (tmp_path / "log/checkpoint").read_bytes()
        assert (checkpoint.origin, checkpoint.tree_size) == (known["origin"], size)
        assert read_all(log) == leaves[:size]
        for old in range(1, size + 1):
            proof = log.prove_consistency(old, size, checkpoint.root_hash)
            assert proof == builders.consistency(leaves[:size], old)
            assert log.prove_inclusion(old - 1, size, checkpoint.root_hash) == builders.inclusion(
                leaves[:size], old - 1
            )


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.integers(1, 600), st.integers(65_300, 66_100)), st.data())
def test_proofs_of_random_trees(size: int, data: st.DataObject) -> None:
    levels = [[hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(size)]]
    while len(levels[-1]) >= 256:
        below = levels[-1]
        levels.append([subtree(below[at : at + 256]) for at in range(0, len(below) // 256 * 256, 256)])
    root = subtree(levels[0])
    tree = _Tree(size, root, lambda level, tile, width: b"".join(levels[level][tile * 256 :][:width]))
    old = data.draw(st.integers(1, size))
    verify_consistency(old, size, subtree(levels[0][:old]), root, tree.consistency(old))
    verify_inclusion(levels[0][old - 1], old - 1, size, tree.inclusion(old - 1), root)
    assert tree.consistency(0) == []


def subtree(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, on hashes of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return builders.sha256(b"\x01", subtree(hashes[:middle]), subtree(hashes[middle:]))


def test_no_changed_byte_is_read(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    grow(ledger, 258)
    export_tiles(ledger, folder, entries=True)
    log = TileLog(folder, ledger.verifier_key, ledger=ledger.id)
    entries = read_all(log)
    for path, content in files(folder).items():
        places = {0, 1, 2, 3, len(content) // 2, len(content) - 1} | set(range(0, len(content), 997))
        mutants = [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in places]
        mutants += [b"", content[:-1], content + b"\x00", content[32:], content * 2, b"\xff" * 20_000_000]
        for mutant in mutants:
            (folder / path).write_bytes(mutant)
            with pytest.raises(ProofError):
                read_all(TileLog(folder, ledger.verifier_key))
        (folder / path).unlink()
        missing = "export tiles --entries" if "entries" in path else "No such file"
        with pytest.raises(FileNotFoundError, match=missing):
            read_all(TileLog(folder, ledger.verifier_key))
        (folder / path).write_bytes(content)
    assert read_all(log) == entries


def test_the_full_tile_serves_where_the_narrower_one_has_gone(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    grow(ledger, 200)
    export_tiles(ledger, folder, entries=True)
    log = TileLog(folder, ledger.verifier_key)
    _, early = log.checkpoint()
    grow(ledger, 257)
    export_tiles(ledger, folder, entries=True)
    assert not (folder / "tile/0/000.p").exists()
    [bundle] = log.entries(0, early.tree_size, early.root_hash)
    assert bundle == list(ledger.entries())[:200]


def test_arguments_of_the_reader(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    grow(ledger, 5)
    export_tiles(ledger, folder, entries=True)
    vkey, root = ledger.verifier_key, ledger.log_root()
    log = TileLog(folder, vkey)
    assert list(log.entries(5, 5, root)) == []
    for call in (
        partial(log.entries, 6, 5, root),
        partial(log.entries, -1, 5, root),
        partial(log.prove_inclusion, 5, 5, root),
        partial(log.prove_consistency, 6, 5, root),
        partial(log.root_at, 0, 5, root),
        partial(log.root_at, 6, 5, root),
    ):
        with pytest.raises(LookupError, match=r"expected|has 5"):
            call()
    with pytest.raises(ProofError) as caught:
        next(log.entries(0, 5, bytes(32)))
    assert caught.value.reason == "wrong_log_proof"
    with pytest.raises(ProofError) as caught:
        next(TileLog(folder, vkey, ledger=bytes(32)).entries(0, 5, root))
    assert caught.value.reason == "wrong_ledger"
    with pytest.raises(ProofError) as caught:
        TileLog(folder, f"{ORIGIN}+00000000+AAAA")
    assert caught.value.reason == "wrong_key"
    with pytest.raises(WireError):
        TileLog(folder, vkey, ledger=b"short")
    for address in (
        "file:///etc",
        "ftp://host/x",
        "https://",
        "https://u:p@host/x",
        "http://host/x?y",
        "http://h/#",
        "http://ho st/",
    ):
        with pytest.raises(ValueError, match="address: expected https://host/path"):
            TileLog(address, vkey)


CROWD = threading.Barrier(2)


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; what begins with `/odd/` is answered as its name says."""

    def do_GET(self) -> None:
        kind, _, path = self.path.removeprefix("/odd/").partition("/")
        if not self.path.startswith("/odd/"):
            super().do_GET()
            return
        file = Path(self.directory) / path
        headers = {}
        status, body = 200, b""
        if kind in ("gzip", "cut", "bomb"):
            if not file.is_file():
                self.send_error(404)
                return
            body = gzip.compress(bytes(50_000_000) if kind == "bomb" else file.read_bytes())
            body = body[: -4 if kind == "cut" else None]
            headers["Content-Encoding"] = "gzip"
        elif kind == "crowd":
            if "entries" in path:
                CROWD.wait(10)
            body = file.read_bytes()
        elif kind == "away":
            status, headers["Location"] = 302, f"/{path}"
        elif kind == "file":
            status, headers["Location"] = 302, f"file://{file}"
        elif kind == "endless":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(bytes(1_000_000))
            return
        else:
            status = 500
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a web server for `public`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "public")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_over_http(ledger: Ledger, tmp_path: Path, served: str) -> None:
    grow(ledger, 300)
    export_tiles(ledger, tmp_path / "public", entries=True)
    entries = list(ledger.entries())
    for way in ("", "/", "/odd/gzip", "/odd/away"):
        log = TileLog(served + way, ledger.verifier_key, ledger=ledger.id)
        assert read_all(log) == entries
        assert log.prove_consistency(100, 300, ledger.log_root()) == ledger.prove_consistency(100, 300)
    for way, match in (
        ("/odd/error", "expected status 200, found 500"),
        ("/odd/file", "expected status 200, found 302"),
        ("/odd/cut", "cut short"),
    ):
        with pytest.raises(OSError, match=match):
            TileLog(served + way, ledger.verifier_key).checkpoint()
    for way in ("/odd/bomb", "/odd/endless"):
        with pytest.raises(ProofError) as caught:
            TileLog(served + way, ledger.verifier_key).checkpoint()
        assert caught.value.reason == "too_long"
    with pytest.raises(FileNotFoundError):
        TileLog(f"{served}/elsewhere", ledger.verifier_key).checkpoint()


def test_bundles_are_read_ahead_of_their_turn(ledger: Ledger, tmp_path: Path, served: str) -> None:
    """This server gives a bundle only while it is asked for another one."""
    grow(ledger, 800)
    export_tiles(ledger, tmp_path / "public", entries=True)
    log = TileLog(f"{served}/odd/crowd", ledger.verifier_key)
    _, checkpoint = log.checkpoint()
    assert read_all(log) == list(ledger.entries())
    some = log.entries(0, checkpoint.tree_size, checkpoint.root_hash)
    assert next(some) == list(ledger.entries())[:256]
    some.close()
    CROWD.reset()


def test_a_server_that_is_not_there_or_does_not_end(served: str, tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    with pytest.raises(OSError, match="refused"):
        _http.request("http://127.0.0.1:1/x", bytes_max=10)
    with pytest.raises(OSError, match="not complete after 0"):
        _http.request(f"{served}/odd/endless", bytes_max=10**12, timeout_s=0.2)
