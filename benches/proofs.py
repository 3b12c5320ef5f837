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
    seconds: dict[str, list[float]] = {
        name: [] for name in ("made", "made alone", "verified", "verified alone", "pure")
    }

    def timed(name: str, work: Callable[[Any], Any], parts: list[Any]) -> list[Any]:
        """What the work gives for each part; how long each thing took is noted."""
        started = clock()
        results = [work(part) for part in parts]
        count = sum(len(part) if isinstance(part, list) else 1 for part in parts)
        seconds[name].append((clock() - started) / count)
        return results

    for _ in range(arguments.rounds):
        chosen = rng.sample(accounts, arguments.statements)
        batches = [chosen[first : first + arguments.batch] for first in range(0, len(chosen), arguments.batch)]
        proven = timed("made", lambda batch: ledger.prove_balances(asset, batch), batches)
        found = timed("verified", lambda statements: verifier.balances(statements, asset=asset), proven)
        claims = [claim for batch in found for claim in batch]
        assert [claim.account for claim in claims] == chosen
        assert {claim.supply for claim in claims} == {1_000_000 * len(accounts)}
        few = chosen[:2_000]
        statements = timed("made alone", lambda account: bytes(ledger.prove_balance(asset, account)), few)
        alone = timed("verified alone", lambda data: verifier.balance(data, asset=asset), statements)
        expected = timed("pure", lambda data: pure.balance(data, asset=asset), statements)
        assert alone == expected == claims[: len(few)]
    median = {name: statistics.median(rounds) for name, rounds in seconds.items()}
    return {
        "accounts": len(accounts),
        "statement_bytes": len(statements[0]),
        "made_per_s": round(1 / median["made"]),
        "made_one_by_one_per_s": round(1 / median["made alone"]),
        "verified_per_s": round(1 / median["verified"]),
        "verified_one_by_one_per_s": round(1 / median["verified alone"]),
        "in_pure_python_ms": round(1_000 * median["pure"], 3),
    }


if __name__ == "__main__":
    main()
