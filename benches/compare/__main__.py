"""Measure Counterfoil and what one would pick instead with the same signed transfers: see README.md beside this."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from benches.compare.contender import Absent, Contender, Holds, Opening
from benches.compare.counterfoil import Counterfoil, opening
from benches.compare.crates import Jmt, Nomt
from benches.compare.lmdb_merkle import LmdbMerkle
from benches.compare.postgresql import Bulk, OneByOne
from benches.compare.sqlite import Sqlite
from benches.compare.transfers import signature_workers
from benches.fixture import Recipe, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTENDERS: tuple[type[Contender], ...] = (Counterfoil, Sqlite, LmdbMerkle, OneByOne, Bulk, Nomt, Jmt)
DUTIES = {
    "signatures": "check signatures",
    "proofs": "prove balances",
    "history": "prove the past",
    "durable": "survive a crash",
    "replay": "refuse replays",
    "in_process": "run inside Python",
}
CACHE = Path(".bench")
LOAD_MAX = 0.5


class Measured:
    """A contender that is there, and what was measured of it."""

    def __init__(self, contender: Contender) -> None:
        """Nothing is, yet."""
        self.contender = contender
        self.version = contender.version
        self.rates: list[float] = []
        self.settle_s: list[float] = []

    def round(self, transactions: list[bytes]) -> None:
        """Apply the transfers of a round.

        Raises:
            AssertionError: It refused one.
        """
        prepared = self.contender.prepare(transactions)
        os.sync()
        started = time.perf_counter()
        answer = self.contender.apply(prepared)
        self.rates.append(len(transactions) / (time.perf_counter() - started))
        refused = self.contender.refused(answer)
        assert not refused, f"{self.contender.name} refused transfers that are right: {list(refused.items())[:3]}"
        started = time.perf_counter()
        self.contender.settle()
        self.settle_s.append(time.perf_counter() - started)


def verdict(contender: Contender, balances: dict[bytes, int]) -> Holds:
    """What a contender holds, if it is what it should be.

    Args:
        contender: It is closed for transfers by this.
        balances: What every account must have by plain arithmetic.

    Raises:
        AssertionError: Something is wrong.
    """
    holds = contender.check()
    assert sum(holds.balances.values()) == sum(balances.values()), f"{contender.name}: the supply has changed"
    assert holds.balances == balances, f"{contender.name}: balances differ from what was transferred"
    assert holds.root == holds.rebuilt_root, f"{contender.name}: the state built anew has another root"
    assert contender.does.proofs == (holds.root is not None) == (holds.proofs > 0)
    return holds


def start(
    kinds: Sequence[type[Contender]], folder: Path, begun: Opening, closing: contextlib.ExitStack
) -> tuple[list[Measured], dict[type[Contender], str]]:
    """Start those that are there; of the others, the reasons."""
    there, skipped = [], {}
    for kind in kinds:
        say(f"Starting {kind.name} …")
        contender = kind()
        closing.callback(contender.close)
        own = folder / f"{kind.key}-files"
        own.mkdir()
        try:
            contender.start(own, begun)
        except Absent as reason:
            skipped[kind] = str(reason)
            say(f"  skipped: {reason}")
        else:
            there.append(Measured(contender))
    return there, skipped


def compare(arguments: argparse.Namespace, folder: Path, closing: contextlib.ExitStack) -> dict[str, Any]:
    """Measure, check, and return everything that is to be known."""
    load = os.getloadavg()[0]
    if load > LOAD_MAX:
        say(f"Other work is running (load {load:.1f}): the figures will be lower than they could be, and scatter.")
    CACHE.mkdir(exist_ok=True)
    say(f"{arguments.accounts:,} accounts …")
    fixture = prepare(CACHE.resolve(), arguments.accounts)
    workers = closing.enter_context(signature_workers())
    begun = opening(folder / "counterfoil", fixture, arguments.batch, workers)
    kinds = [kind for kind in CONTENDERS if kind is Counterfoil or kind.key in arguments.contenders]
    there, skipped = start(kinds, folder, begun, closing)
    balances = dict.fromkeys(begun.accounts, begun.amount)
    for number in range(arguments.rounds):
        say(f"Round {number + 1} of {arguments.rounds}: signing {arguments.transfers:,} transfers …")
        recipe = Recipe(count=arguments.transfers, signers=arguments.accounts, salt=number)
        transactions = fixture.load(recipe).transactions()
        for transfer in map(begun.layout.decode, transactions):
            balances[transfer.sender] -= transfer.amount
            balances[transfer.to] += transfer.amount
        # Nobody always runs first, or always after the same one.
        turn = number % len(there)
        for measured in there[turn:] + there[:turn]:
            measured.round(transactions)
            say(f"  {measured.contender.name}: {measured.rates[-1]:,.0f}/s")
    say("Checking supply, balances, roots and proofs …")
    results = [result(measured, verdict(measured.contender, balances), there[0]) for measured in there]
    return {
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
            "sync_ms": round(sync_ms(folder), 3),
            "load": round(load, 1),
        },
        "accounts": arguments.accounts,
        "transfers": arguments.transfers,
        "rounds": arguments.rounds,
        "batch": arguments.batch,
        "contenders": results,
        "skipped": [{"key": kind.key, "name": kind.name, "reason": reason} for kind, reason in skipped.items()],
    }


def result(measured: Measured, holds: Holds, reference: Measured) -> dict[str, Any]:
    """One contender's line."""
    does = measured.contender.does
    ratios = [rate / other for rate, other in zip(measured.rates, reference.rates, strict=True)]
    return {
        "key": measured.contender.key,
        "name": measured.contender.name,
        "version": measured.version,
        "transfers_per_s": round(statistics.median(measured.rates)),
        "transfers_per_s_min": round(min(measured.rates)),
        "transfers_per_s_max": round(max(measured.rates)),
        "ratio": round(statistics.median(ratios), 3),
        "settle_s": round(statistics.median(measured.settle_s), 3),
        "does": {name: getattr(does, name) for name in DUTIES},
        "lacks": list(does.lacks),
        "supply": sum(holds.balances.values()),
        "root": holds.root.hex() if holds.root else None,
        "proofs": holds.proofs,
    }


def sync_ms(folder: Path, times: int = 50) -> float:
    """How long the disk takes to sync 4 KiB: what each durable transaction waits for."""
    path, taken = folder / "sync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(bytes(4096))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1_000


def show(results: dict[str, Any]) -> None:
    """Print the table, and what each does not do."""
    console = Console(highlight=False)
    machine = results["machine"]
    console.print(
        f"\n{results['transfers']:,} transfers a round between {results['accounts']:,} accounts, {results['rounds']} "
        f"round(s), {results['batch']:,} to a batch; {machine['cores']} cores, {machine['processor']}, "
        f"{machine['system']}, Python {machine['python']}, a sync in {machine['sync_ms']} ms, "
        f"load {machine['load']} at the start"
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for head in ("transfers/s", "min", "max", "ratio"):
        table.add_column(head, justify="right")
    table.add_column("does not", overflow="fold")
    for line in results["contenders"]:
        rates = [f"{line[name]:,}" for name in ("transfers_per_s", "transfers_per_s_min", "transfers_per_s_max")]
        lacks = ", ".join(words for name, words in DUTIES.items() if not line["does"][name])
        table.add_row(line["name"], *rates, f"{line['ratio']:.2f}", lacks or "-")
    console.print(table)
    console.print("transfers/s and ratio are medians; the ratio is to Counterfoil in the same round.\n")
    for line in results["contenders"]:
        console.print(f"[bold]{line['name']}[/]: {line['version']}")
        checked = "supply and every balance right"
        checked += f", root equal to the rebuilt one, {line['proofs']} proofs verified" if line["root"] else ""
        for sentence in (
            f"Checked: {checked}.",
            f"Left for after a round, untimed: {line['settle_s']} s.",
            *line["lacks"],
        ):
            console.print(Padding(f"- {sentence}", (0, 0, 0, 2)))
    for line in results["skipped"]:
        console.print(f"[bold]{line['name']}[/]: skipped, {escape(line['reason'])}")


def say(line: str) -> None:
    """Say what is going on."""
    print(line, file=sys.stderr)


def main() -> None:
    """Read the command line, compare, print."""
    keys = [kind.key for kind in CONTENDERS]
    parser = argparse.ArgumentParser(prog="python -m benches.compare", description=__doc__)
    parser.add_argument("contenders", nargs="*", metavar="contender", help=f"of {', '.join(keys)} (default: all)")
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--transfers", type=int, default=100_000, help="per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=10_000, help="transfers stored in one go")
    parser.add_argument("--quick", action="store_true", help="20,000 accounts and transfers, three rounds")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the files go; removed at the end")  # noqa: S108
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to a file as well")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.contenders) - set(keys))
    if unknown:
        parser.error(f"no such contender: {', '.join(unknown)}; there are {', '.join(keys)}")
    arguments.contenders = arguments.contenders or keys
    if arguments.quick:
        arguments.accounts = arguments.transfers = 20_000
        arguments.rounds = 3
    # /tmp is in memory on some systems, where a sync costs nothing.
    with tempfile.TemporaryDirectory(prefix="counterfoil-compare-", dir=arguments.folder) as name:
        folder = Path(name)
        # PostgreSQL's user has to find the way to its folder.
        folder.chmod(0o711)
        with contextlib.ExitStack() as closing:
            results = compare(arguments, folder, closing)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    show(results)


if __name__ == "__main__":
    main()
