"""Signed transfers a second, beside the raw signature rate of the same run: `python -m benches --help`."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from counterfoil import Key, Ledger, _core
from counterfoil.verify import Verifier

from benches.fixture import GENESIS_MS, clock, funded_ledger, public_keys, signed_transfers

FOLDER = Path(".bench")


def main() -> None:
    """Measure, check that what was measured is right, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--signers", type=int, default=None, help="distinct signers (default: as many as accounts)")
    parser.add_argument("--transfers", type=int, default=100_000, help="per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=30_000, help="transfers per call of apply")
    parser.add_argument("--threads", type=int, default=3, help="threads that call apply")
    parser.add_argument("--index", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    operator, issuer = Key.from_seed(b"o" * 32), Key.from_seed(b"i" * 32)

    say(arguments, f"Accounts: {arguments.accounts:,} …")
    accounts = public_keys(arguments.accounts, FOLDER)
    built = FOLDER / f"ledger-{arguments.accounts}"
    if not (built / "format").exists():
        shutil.rmtree(built, ignore_errors=True)
        started = clock()
        ledger, _ = funded_ledger(built, accounts, operator, issuer)
        say(arguments, f"Funded in {clock() - started:.1f} s")
        ledger.close()
    work = FOLDER / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(built, work)
    started = clock()
    ledger = Ledger.open(work, operator=operator, index=arguments.index)
    opened = clock() - started
    if not ledger.is_confirmed:
        # The bench works on a copy of the funded ledger, and a copy signs only after it has compared itself.
        ledger.confirm(ledger.last_checkpoint or "")
    [(asset, _)] = list(ledger.assets())
    signers = arguments.signers or arguments.accounts

    raw_rates, rates, ratios, checkpoints = [], [], [], []
    for number in range(arguments.rounds):
        say(arguments, f"Round {number + 1} of {arguments.rounds}: signing {arguments.transfers:,} transfers …")
        signed = signed_transfers(ledger.id, asset, accounts, arguments.transfers, signers, number)
        started = clock()
        valid = ledger._engine.count_valid_signatures(signed.keys, signed.signatures, signed.messages)
        raw = arguments.transfers / (clock() - started)
        assert valid == arguments.transfers
        starts = range(0, arguments.transfers, arguments.batch)
        batches = [signed.transactions[first : first + arguments.batch] for first in starts]
        started = clock()
        # While one call is being written, the signatures of the next are verified.
        with ThreadPoolExecutor(arguments.threads) as threads:
            for outcomes in threads.map(lambda batch: ledger.apply(batch, time=GENESIS_MS), batches):
                assert outcomes.applied == len(outcomes)
        rate = arguments.transfers / (clock() - started)
        started = clock()
        ledger.checkpoint(time=GENESIS_MS)
        checkpoints.append(clock() - started)
        raw_rates.append(raw)
        rates.append(rate)
        ratios.append(rate / raw)

    statement = ledger.prove_balance(asset, accounts[0])
    claim = Verifier(ledger.verifier_key).balance(bytes(statement), asset=asset, account=accounts[0])
    assert claim.supply == 1_000_000 * len(accounts)
    assert claim.amount == ledger.balance(asset, accounts[0])
    stats = ledger.stats()
    started = clock()
    ledger.close()
    closed = clock() - started
    results = {
        "machine": f"{platform.machine()}, {stats['signature_backend']} curve, Python {platform.python_version()}",
        "accounts": arguments.accounts,
        "signers": signers,
        "transfers_per_s": round(statistics.median(rates)),
        "raw_signatures_per_s": round(statistics.median(raw_rates)),
        "ratio": round(statistics.median(ratios), 3),
        "checkpoint_s": round(statistics.median(checkpoints), 3),
        "open_s": round(opened, 3),
        "close_s": round(closed, 3),
        "log_bytes": stats["log_bytes"],
        "state_bytes": stats["state_bytes"],
    }
    if arguments.json:
        print(json.dumps(results))
        return
    for name, value in results.items():
        print(f"{name:>22}  {value:,}" if isinstance(value, int) else f"{name:>22}  {value}")


def say(arguments: argparse.Namespace, line: str) -> None:
    """Say what is going on, where a person reads it."""
    if not arguments.json:
        print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
