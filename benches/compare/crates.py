"""The crates `nomt` and `jmt`: an authenticated state alone, in Rust. The program in `state/` is built on demand."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benches.compare.contender import Absent, Contender, Does, Holds, Refusal

if TYPE_CHECKING:
    from benches.compare.contender import Opening

SOURCE = Path(__file__).parent / "state"
ROOT = SOURCE.parents[2]
# Under the folder that git ignores and `make clean` removes.
TARGET = ROOT / "target" / "compare"
PROGRAM = TARGET / "release" / "compare-state"
LACKS = (
    "The state alone: no signatures, no protection against replay, no record of the transfers. They are handed to it "
    "decoded, untimed.",
    "No Python: it is measured in a Rust program of its own.",
)


def build() -> None:
    """Build the program, if it is not.

    Raises:
        Absent: It cannot be built.
    """
    cargo = shutil.which("cargo")
    if cargo is None:
        message = "cargo was not found"
        raise Absent(message)
    manifest = SOURCE / "Cargo.toml"
    if not PROGRAM.exists():
        print("Building nomt and jmt, a minute or two …", file=sys.stderr)
    command: list[str | Path] = [cargo, "build", "--quiet", "--release", "--locked"]
    command += ["--manifest-path", manifest, "--target-dir", TARGET]
    built = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own program
    if built.returncode:
        message = f"cargo could not build it: {built.stderr.strip()[-1_000:]}"
        raise Absent(message)


def versions() -> dict[str, str]:
    """The version of each crate that the program is built from."""
    packages = (SOURCE / "Cargo.lock").read_text().split("[[package]]")[1:]
    lines = [package.split('"') for package in packages]
    return {parts[1]: parts[3] for parts in lines}


class Crate(Contender):
    """One of the two, in a process of its own that is told what to do over a pipe."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None

    def start(self, folder: Path, opening: Opening) -> None:
        """Build and start the program, and fund the accounts."""
        build()
        self._folder, self._opening = folder, opening
        # A pipe that nobody reads while waiting for an answer could fill up.
        self._errors = (folder / "errors").open("w+")
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [PROGRAM, self.key, folder / "state"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        (folder / "accounts").write_bytes(b"".join(opening.accounts))
        try:
            self._ask(f"fund {folder / 'accounts'} {opening.amount}")
        except ChildProcessError as error:
            raise Absent(str(error)) from None

    def _ask(self, line: str) -> dict[str, Any]:
        """Give a command and wait for the answer.

        Raises:
            ChildProcessError: The program ended instead.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._errors is not None
        try:
            print(line, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            answer = ""
        else:
            answer = self._process.stdout.readline()
        if not answer:
            self._errors.seek(0)
            raise ChildProcessError(self._errors.read().strip()[-1_000:])
        read: dict[str, Any] = json.loads(answer)
        return read

    def prepare(self, transactions: list[bytes]) -> str:
        """Hand the transfers over."""
        path = self._folder / "transfers"
        transfers = map(self._opening.layout.decode, transactions)
        path.write_bytes(b"".join([one.sender + one.to + one.amount.to_bytes(8, "little") for one in transfers]))
        assert self._ask(f"load {path}") == {"transfers": len(transactions)}
        return f"apply {self._opening.batch}"

    def apply(self, prepared: str) -> dict[str, Any]:
        """Say so, and wait."""
        return self._ask(prepared)

    def refused(self, answer: dict[str, Any]) -> dict[int, Refusal]:
        """There is one reason only."""
        return dict.fromkeys(answer["refused"], Refusal.FUNDS)

    def check(self) -> Holds:
        """Read the balances; the program proves some, and builds the state anew."""
        path = self._folder / "balances"
        answer = self._ask(f"check {path}")
        data = path.read_bytes()
        starts = range(0, len(data), 40)
        balances = {data[at : at + 32]: int.from_bytes(data[at + 32 : at + 40], "little") for at in starts}
        assert sum(balances.values()) == answer["supply"]
        return Holds(balances, bytes(answer["root"]), bytes(answer["rebuilt_root"]), answer["proven"])

    def close(self) -> None:
        """End the program."""
        if self._process is not None:
            self._process.communicate()
        if self._errors is not None:
            self._errors.close()


class Nomt(Crate):
    """A Merkle trie with a store of its own."""

    key = "nomt"
    name = "nomt (state alone)"
    does = Does(signatures=False, proofs=True, history=False, durable=True, replay=False, in_process=False, lacks=LACKS)

    @property
    def version(self) -> str:
        """Of what it is made, and how it is set."""
        return f"nomt {versions()['nomt']}, Blake3; synced at each commit, no witness of what was read"


class Jmt(Crate):
    """A Merkle tree without a store: one in memory is put under it, which keeps the newest version."""

    key = "jmt"
    name = "jmt (state alone)"
    does = Does(
        signatures=False,
        proofs=True,
        history=False,
        durable=False,
        replay=False,
        in_process=False,
        lacks=(*LACKS, "In memory: the crate has no store, and what is lost with the process is all."),
    )

    @property
    def version(self) -> str:
        """Of what it is made, and how it is set."""
        return f"jmt {versions()['jmt']}, SHA-256; in memory, the newest version alone"
