"""Statements a second, made and verified: `python -m benches.proofs --help`.

Every statement is about another account, and all are under one checkpoint, as when a service hands one to each of its
members after a commit.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
from typing import TYPE_CHECKING

from counterfoil import Key, Ledger, NativeVerifier
from counterfoil.verify import Verifier

from benches.__main__ import FOLDER
from benches.fixture import clock, funded_ledger, public_keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def main() -> None:
    """Measure, check that what was measured is right, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benches.proofs", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--statements", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=10_000, help="statements per call")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    operator, issuer = Key.from_seed(b"o" * 32), Key.from_seed(b"i" * 32)
    accounts = public_keys(arguments.accounts, FOLDER)
    built = FOLDER / f"ledger-{arguments.accounts}"
    if not (built / "format").exists():
        shutil.rmtree(built, ignore_errors=True)
        funded_ledger(built, accounts, operator, issuer)[0].close()
    # Nothing is applied: the funded ledger stays as it is for the other bench.
    with Ledger.open(built, operator=operator) as ledger:
        results = measure(ledger, accounts, arguments)
    if arguments.json:
        print(json.dumps(results))
        return
    for name, value in results.items():
        print(f"{name:>32}  {value:,}")


def measure(ledger: Ledger, accounts: list[bytes], arguments: argparse.Namespace) -> dict[str, float]:
    """Statements about accounts that are drawn at random: the medians of the rounds."""
    [(asset, _)] = list(ledger.assets())
    verifier = NativeVerifier(ledger.verifier_key, ledger=ledger.id)
    pure = Verifier(ledger.verifier_key, ledger=ledger.id)
    rng = random.Random(5)  # noqa: S311 - a repeatable bench
    made, verified, alone, alone_verified, in_python = [], [], [], [], []
    for _ in range(arguments.rounds):
        chosen = rng.sample(accounts, arguments.statements)
        batches = [chosen[first : first + arguments.batch] for first in range(0, len(chosen), arguments.batch)]
        seconds, proven = timed(lambda: [ledger.prove_balances(asset, batch) for batch in batches])
        made.append(len(chosen) / seconds)
        seconds, claims = timed(lambda: [verifier.balances(statements, asset=asset) for statements in proven])
        verified.append(len(chosen) / seconds)
        assert [claim.account for batch in claims for claim in batch] == chosen
        assert {claim.supply for batch in claims for claim in batch} == {1_000_000 * len(accounts)}

        few = chosen[:2_000]
        seconds, statements = timed(lambda: [bytes(ledger.prove_balance(asset, account)) for account in few])
        alone.append(len(few) / seconds)
        seconds, found = timed(lambda: [verifier.balance(data, asset=asset) for data in statements])
        alone_verified.append(len(few) / seconds)
        seconds, expected = timed(lambda: [pure.balance(data, asset=asset) for data in statements])
        in_python.append(1_000 * seconds / len(few))
        assert found == expected == [claim for batch in claims for claim in batch][: len(few)]
    return {
        "accounts": len(accounts),
        "statement_bytes": len(statements[0]),
        "made_per_s": round(statistics.median(made)),
        "made_one_by_one_per_s": round(statistics.median(alone)),
        "verified_per_s": round(statistics.median(verified)),
        "verified_one_by_one_per_s": round(statistics.median(alone_verified)),
        "in_pure_python_ms": round(statistics.median(in_python), 3),
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it took, s, and what it gave."""
    started = clock()
    result = work()
    return clock() - started, result


if __name__ == "__main__":
    main()
