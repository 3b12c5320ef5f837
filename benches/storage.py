"""What a ledger occupies in memory and on disk, and how soon it serves again: rows 6, 7 and 8."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from benches.fixture import TIME_MS, Recipe, Run, Saved, prepare, reopened, running
from benches.measure import Finding, MemoryPeak, Plan, Result, clock, resident

if TYPE_CHECKING:
    from counterfoil import Ledger

RESIDENT_BYTES = 300_000_000
RESIDENT_BYTES_PER_ACCOUNT = 100
STATE_BYTES_PER_ACCOUNT = 250
INDEXES = "transaction_runs", "account_runs"
"""The databases of the state's file that grow with the log, not with the state."""
_SEEN_SECONDS = 120
_MEMORY_BYTES = 450_000_000
"""The engine's bound: what else it needs of memory takes the rest of what it may."""


def footprint(plan: Plan, accounts: int) -> Result:
    """Memory from opening to the last of many transfers, and then the files: rows 6 and 7.

    The transfers are signed in another process, and come from files, a call's worth to each thread: apart from those,
    what is resident is the interpreter and the ledger. Over the most accounts it goes on until the ledger remembers as
    many transactions as two minutes have at the rate at which they were applied.
    """
    prepare(plan.folder, accounts)
    before = resident()
    options = {"memory_bytes": plan.memory_bytes or _MEMORY_BYTES}
    with MemoryPeak() as peak, running(plan.folder, accounts, **options) as run:
        log_before = _file_bytes(run.path / "log")
        seconds, signed_bytes, count = 0.0, 0, 0
        while count < plan.rounds * plan.transfers or (
            accounts == plan.largest and count < min(plan.remembered, count / seconds * _SEEN_SECONDS)
        ):
            number = count // plan.transfers
            load = run.fixture.load(Recipe(count=plan.transfers, signers=accounts, salt=1 + number))
            seconds += _apply_from_disk(plan, run.ledger, load)
            count += load.count
            signed_bytes += load.count * (load.frame_bytes - 4)
            if number >= plan.rounds:
                load.remove()
        peaked = (peak.resident, peak.anonymous, peak.file)
        seen = int(run.ledger.stats()["seen_transactions"])
        checks = [run.check()]
        log_bytes = _file_bytes(run.path / "log") - log_before
        state_bytes, index_bytes = _state_bytes(run.path)
    findings = []
    if accounts == plan.largest:
        findings = [
            _memory_finding(accounts, options, peaked, before.resident, seen, count / seconds),
            *_disk_findings(accounts, state_bytes, index_bytes, log_bytes, signed_bytes),
        ]
    points = {
        "memory": [(accounts, peaked[0])],
        "memory, anonymous": [(accounts, peaked[1])],
        "memory, files": [(accounts, peaked[2])],
        "state": [(accounts, state_bytes)],
        "indexes": [(accounts, index_bytes)],
    }
    return Result(findings, checks, points)


def reopen(plan: Plan, accounts: int) -> Result:
    """Open it after a kill in the middle of a flush, and after it was closed: row 8."""
    killed, replayed, clean = [], 0, []
    checks = []
    for _ in range(plan.rounds):
        with running(plan.folder, accounts) as run:
            run.ledger.close()
            load = run.fixture.load(Recipe(count=plan.transfers, signers=accounts, salt=1))
            _kill_while_flushing(plan, run, load)
            found = _open_in_a_process(run)
            killed.append(found["seconds"])
            replayed = max(replayed, found["replayed"])
            clean.append(_open_in_a_process(run)["seconds"])
            run.ledger = reopened(run.path)
            checks.append(run.check())
    findings = [
        Finding(
            row=8,
            what=f"open after kill -9 while the state is written, {accounts:,} accounts, the worst of {plan.rounds}",
            value=max(killed),
            unit="s",
            beside=f"some {replayed:,} entries replayed",
            target="≤ 5 s",
            met=max(killed) <= 5.0,
        ),
        Finding(
            row=8,
            what=f"open after it was closed, the worst of {plan.rounds}",
            value=max(clean),
            unit="s",
            target="≤ 1 s",
            met=max(clean) <= 1.0,
        ),
    ]
    return Result(findings, checks)


def _apply_from_disk(plan: Plan, ledger: Ledger, load: Saved) -> float:
    def apply(start: int) -> int:
        stop = min(start + plan.batch, load.count)
        return ledger.apply(load.framed(start, stop), time=TIME_MS).applied

    began = clock()
    with ThreadPoolExecutor(plan.threads) as pool:
        applied = sum(pool.map(apply, range(0, load.count, plan.batch)))
    lasted = clock() - began
    assert applied == load.count
    return lasted


def _memory_finding(
    accounts: int, options: dict[str, int], peaked: tuple[int, int, int], before: int, seen: int, rate: float
) -> Finding:
    most = RESIDENT_BYTES + RESIDENT_BYTES_PER_ACCOUNT * accounts
    resident_bytes, anonymous, file = peaked
    recent = rate * _SEEN_SECONDS
    beside = (
        f"peaks: anonymous {anonymous / 1e6:,.0f} MB, mapped files {file / 1e6:,.0f} MB; {before / 1e6:,.0f} MB "
        f"before opening; {seen:,} transactions remembered, {seen / recent:.0%} of two minutes at this rate"
    )
    return Finding(
        row=6,
        what=f"resident at most, {accounts:,} accounts, memory_bytes={options['memory_bytes']:,}",
        value=resident_bytes / 1e6,
        unit="MB",
        ratio=resident_bytes / most,
        beside=beside,
        target=f"≤ 300 MB + 100 bytes an account: {most / 1e6:,.0f} MB",
        met=resident_bytes <= most,
    )


def _disk_findings(
    accounts: int, state_bytes: int, index_bytes: int, log_bytes: int, signed_bytes: int
) -> list[Finding]:
    each, share = state_bytes / accounts, log_bytes / signed_bytes
    return [
        Finding(
            row=7,
            what=f"state file without indexes, {accounts:,} accounts",
            value=each,
            unit="bytes an account",
            beside=f"indexes: {index_bytes / 1e6:,.0f} MB",
            target=f"≤ {STATE_BYTES_PER_ACCOUNT}",
            met=each <= STATE_BYTES_PER_ACCOUNT,
        ),
        Finding(
            row=7,
            what="growth of the log and its tiles",
            value=log_bytes / 1e6,
            unit="MB",
            ratio=share,
            beside=f"transactions: {signed_bytes / 1e6:,.0f} MB",
            target="≤ 1.30 times the transactions",
            met=share <= 1.30,
        ),
    ]


def _file_bytes(folder: Path) -> int:
    return (folder / "data.mdb").stat().st_size


def state_pages(path: Path) -> dict[str, int]:
    """Bytes of the pages that each database of the state's file has. Nobody may write to it meanwhile."""
    with lmdb.open(str(path / "state"), readonly=True, lock=False, max_dbs=64) as environment:
        page = environment.stat()["psize"]
        with environment.begin() as reading:
            names = [bytes(name) for name, _ in reading.cursor()]
        found = {}
        for name in names:
            database = environment.open_db(name, create=False)
            with environment.begin() as reading:
                stat = reading.stat(database)
            found[name.decode()] = page * (stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"])
    return found


def _state_bytes(path: Path) -> tuple[int, int]:
    """Bytes of the state's file but for the pages of its indexes, and those; free pages are the state's."""
    pages = state_pages(path)
    indexes = sum(pages[name] for name in INDEXES)
    return _file_bytes(path / "state") - indexes, indexes


def _kill_while_flushing(plan: Plan, run: Run, load: Saved) -> None:
    """Let a process apply transfers, and kill it as soon as it writes the state.

    Then the log has the most that the state lacks: what led to the flush, and what came since. Where the transfers do
    not suffice for a flush, it is killed after the last of them.
    """
    state = run.path / "state" / "data.mdb"
    command = [sys.executable, "-m", "benches.storage", "apply", str(run.path), str(load.folder), str(plan.batch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - ourselves
        assert process.stdout is not None
        process.stdout.readline()
        written = state.stat().st_mtime_ns
        os.set_blocking(process.stdout.fileno(), False)
        while state.stat().st_mtime_ns == written and not process.stdout.read(1):
            assert process.poll() is None, "the process that applies ended before it was killed"
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)


def _apply_until_killed(path: Path, folder: Path, batch: int) -> None:
    """Say when the ledger is open, apply everything, say so, and wait for the end."""
    ledger = reopened(path)
    frame_bytes = 4 + int.from_bytes((folder / "framed").read_bytes()[:4], "little")
    load = Saved(folder, (folder / "framed").stat().st_size // frame_bytes, frame_bytes)
    print("open", flush=True)
    for start in range(0, load.count, batch):
        ledger.apply(load.framed(start, min(start + batch, load.count)), time=TIME_MS).raise_for_status()
    print("applied", flush=True)
    signal.pause()


def _open_in_a_process(run: Run) -> dict[str, float]:
    command = [sys.executable, "-m", "benches.storage", "open", str(run.path), run.asset.hex()]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
    return json.loads(done.stdout)


def _open_and_serve(path: Path, asset: bytes) -> None:
    """Open the ledger, read a balance, and make a change durable; say how long it took until then."""
    from counterfoil import Key, Ledger

    from benches.fixture import OPERATOR, seed_of

    payer, payee = (Key.from_seed(seed_of(number)) for number in (0, 1))
    places: list[int] = []
    began = clock()
    ledger = Ledger.open(path, operator=OPERATOR, progress=lambda place, _: places.append(place))
    ledger.balance(asset, payee.account)
    ledger.transfer(payer, asset, to=payee.account, amount=1, time=TIME_MS)
    lasted = clock() - began
    ledger.close()
    print(json.dumps({"seconds": lasted, "replayed": places[-1] - places[0] if places else 0}))


if __name__ == "__main__":
    if sys.argv[1] == "apply":
        _apply_until_killed(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        _open_and_serve(Path(sys.argv[2]), bytes.fromhex(sys.argv[3]))
