"""What the contracts of clients/evm cost in gas: `python -m benches.evm`, and `--write` puts the table into the guide.

Gas does not depend on the machine. It is that of py-evm by the rules of Prague, with the least that a transaction pays
for its calldata (EIP-7623). Balances and claims are proven by real ledgers with so many accounts; the logs are made of
random hashes, since a ledger with a million entries would prove the same. Fixtures are kept, as by the other benches.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterfoil import Key, evm
from counterfoil.verify import Checkpoint, Verifier, schema_id
from eth_account import Account
from web3 import EthereumTesterProvider, Web3

from benches.fixture import ISSUER, prepare, running, seed_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil import Ledger

GUIDE = Path(__file__).resolve().parents[1] / "docs/guides/evm.md"
BEGIN, END = "<!-- gas: python -m benches.evm --write -->\n", "<!-- /gas -->\n"
LOGS = (1_000, 100_000, 1_000_000)
ACCOUNTS = (1_000, 100_000, 1_000_000)
SAMPLE = 15
SIGNERS = [Account.from_key(bytes([number]) * 32) for number in range(1, 8)]
AGE_S = 10**9
"""Fixtures state a time of their own, years ago."""


@dataclass(frozen=True)
class Row:
    """What one call costs.

    Attributes:
        what: The call.
        size: Of its calldata, bytes; of a contract, its code's.
        gas: Of the whole transaction.
    """

    what: str
    size: int
    gas: int


def main(given: Sequence[str] | None = None) -> int:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(prog="python -m benches.evm", description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=ACCOUNTS, help="of the ledgers (default: to 1M)")
    parser.add_argument("--entries", type=int, nargs="+", default=LOGS, help="of the logs (default: to 1M)")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where fixtures are kept (default: .bench)")
    parser.add_argument("--write", action="store_true", help=f"put the table into {GUIDE.name}")
    arguments = parser.parse_args(given)
    rows = []
    for row in measure(arguments.folder.resolve(), arguments.accounts, arguments.entries):
        print(f"{row.what}: {row.size:,} bytes, {row.gas:,} gas", file=sys.stderr, flush=True)
        rows.append(row)
    text = table(rows)
    if arguments.write:
        page = GUIDE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        GUIDE.write_text(before + BEGIN + text + END + rest.partition(END)[2], encoding="utf-8")
    else:
        print(text, end="")
    return 0


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| | bytes | gas |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.size:,} | {row.gas:,} |" for row in rows)]) + "\n"


def measure(folder: Path, accounts: Sequence[int], entries: Sequence[int]) -> Iterator[Row]:
    """All rows."""
    w3 = Web3(EthereumTesterProvider())
    yield from deployments(w3)
    for threshold in (1, 2, 5):
        yield anchoring(w3, f"anchor the first checkpoint, {threshold} signed", 0, 1_000, threshold)
    for size in entries:
        yield anchoring(w3, f"anchor, 2 signed, {size:,} entries and a tenth more", size, size + size // 10, 2)
    for count in accounts:
        yield from proving(w3, folder, count)


def deployments(w3: Web3) -> Iterator[Row]:
    """What creating the contracts costs."""
    sender = w3.eth.accounts[0]
    anchor = evm.Anchor.deploy(w3, ledger=bytes(32), signers=addresses(3), threshold=2, sender=sender)
    yield deployed(w3, "create Anchor, of 3 signers", anchor)
    yield deployed(w3, "create Balances", evm.Balances.deploy(w3, anchor=anchor.address, sender=sender))


def deployed(w3: Web3, what: str, contract: Any) -> Row:  # noqa: ANN401 - any of the three
    """What the contract cost that was created last."""
    [sent] = w3.eth.get_block("latest")["transactions"]
    return Row(what, len(w3.eth.get_code(contract.address)), w3.eth.get_transaction_receipt(sent)["gasUsed"])


def addresses(count: int) -> list[str]:
    """Of so many signers."""
    return [signer.address for signer in SIGNERS[:count]]


def anchoring(w3: Web3, what: str, old_size: int, new_size: int, threshold: int) -> Row:
    """What it costs to anchor a checkpoint of a log after another one, whose first size 0 is none."""
    sender = w3.eth.accounts[0]
    log = Log(new_size)
    anchor = evm.Anchor.deploy(w3, ledger=bytes(32), signers=addresses(7), threshold=threshold, sender=sender)

    def bring(size: int, proof: Sequence[bytes]) -> Row:
        checkpoint = Checkpoint("bench.example/log", size, log.root(0, size))
        signatures = [anchor.sign(checkpoint, signer, ledger=bytes(32)) for signer in SIGNERS[:threshold]]
        receipt = anchor.anchor(checkpoint, signatures, proof, sender=sender)
        return Row(what, *medians(w3, [receipt["transactionHash"]]))

    if old_size:
        bring(old_size, [])
    return bring(new_size, log.consistency(old_size) if old_size else [])


class Log:
    """The tree of a log of random entries: RFC 6962."""

    def __init__(self, size: int) -> None:
        """Hash all whole subtrees, level by level."""
        self.size = size
        self.levels = [[hashlib.sha256(b"%d" % number).digest() for number in range(size)]]
        while len(below := self.levels[-1]) > 1:
            self.levels.append([_node(*below[place : place + 2]) for place in range(0, len(below) - 1, 2)])

    def root(self, begin: int, end: int) -> bytes:
        """The root of the subtree of these entries."""
        level = (end - begin - 1).bit_length()
        if end - begin == 1 << level:
            return self.levels[level][begin >> level]
        split = begin + (1 << level - 1)
        return _node(self.root(begin, split), self.root(split, end))

    def consistency(self, old_size: int) -> list[bytes]:
        """The proof that the whole log begins with its first entries, fewer than all."""
        proof: list[bytes] = []
        begin, end, whole = 0, self.size, True
        while old_size != end:
            split = begin + (1 << (end - begin - 1).bit_length() - 1)
            if old_size <= split:
                proof.append(self.root(split, end))
                end = split
            else:
                proof.append(self.root(begin, split))
                begin, whole = split, False
        if not whole:
            proof.append(self.root(begin, end))
        return proof[::-1]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def proving(w3: Web3, folder: Path, count: int) -> Iterator[Row]:
    """What balances and claims cost of a ledger with so many accounts."""
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder, count)
    with running(folder, count) as run:
        ledger, sender = run.ledger, w3.eth.accounts[0]
        ledger.execute([evm.address_schema(ISSUER.account)], ISSUER)
        anchor = evm.Anchor.deploy(w3, ledger=ledger.id, signers=addresses(1), threshold=1, sender=sender)
        anchor_latest(anchor, ledger, sender)
        step = max(1, count // SAMPLE)
        keys = [Key.from_seed(seed_of(number)) for number in range(0, count, step)][:SAMPLE]
        held = {key.account: ledger.prove_balance(run.asset, key.account) for key in keys}
        balances = evm.Balances.deploy(w3, anchor=anchor.address, sender=sender)
        asked = [balances.arguments(evm.split_statement(statement)) for statement in held.values()]
        # Sent as a transaction, which tells exactly; estimates are rounded up.
        calls = [balances.contract.functions.balance_of(*each).transact({"from": sender}) for each in asked]
        yield Row(f"a balance of {count:,} accounts", *medians(w3, calls))
        claim = evm.Claim.deploy(
            w3,
            anchor=anchor.address,
            schema=(schema := schema_id(ISSUER.account, "evm-address")),
            statement=next(iter(held.values())),
            closes=w3.eth.get_block("latest")["timestamp"] + AGE_S,
            max_age_s=AGE_S,
            amount_wei=10**18,
            sender=sender,
        )
        if count == min(ACCOUNTS):
            yield deployed(w3, "create Claim", claim)
        for key in keys:
            ledger.execute([claim.attest(key.account, Account.create().address)], key)
        anchor_latest(anchor, ledger, sender)
        calls = []
        for key in keys:
            said = ledger.prove("attestations", claim.attestation_id(key.account), key=schema)
            calls.append(claim.claim(key.account, held[key.account], said, sender=sender)["transactionHash"])
        yield Row(f"a claim of {count:,} accounts", *medians(w3, calls))


def medians(w3: Web3, calls: Sequence[bytes]) -> tuple[int, int]:
    """The bytes of calldata and the gas of these transactions."""
    sizes = [len(w3.eth.get_transaction(call)["input"]) for call in calls]
    gas = [w3.eth.get_transaction_receipt(call)["gasUsed"] for call in calls]
    return int(statistics.median(sizes)), int(statistics.median(gas))


def anchor_latest(anchor: evm.Anchor, ledger: Ledger, sender: str) -> None:
    """Anchor a new checkpoint."""
    checkpoint = Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
    signature = anchor.sign(checkpoint, SIGNERS[0], ledger=ledger.id)
    anchor.anchor(checkpoint, [signature], anchor.proof_from(ledger, checkpoint), sender=sender)


if __name__ == "__main__":
    sys.exit(main())
