"""What single calls of the Python interface cost: `make bench-python`. Not part of `make test`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import pytest
from counterfoil import Key, Ledger, SignedTransaction, Transaction
from counterfoil._load import unframed
from counterfoil.ops import Transfer
from counterfoil.verify import Verifier
from counterfoil.wire import decode_entry

from benches.fixture import ISSUER, TIME_MS, Recipe, Run, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

ACCOUNTS = 10_000
ROUNDS = 50


class Prepared(NamedTuple):
    """A ledger and what is applied to it."""

    run: Run
    loads: Iterator[bytes]
    singles: Iterator[bytes]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A ledger of 10,000 accounts, which is checked when all is done."""
    with running(tmp_path_factory.mktemp("bench"), ACCOUNTS) as run:
        saved = run.fixture.load(Recipe(count=1_000 * (ROUNDS + 1), signers=ACCOUNTS))
        single = run.fixture.load(Recipe(count=2_000, signers=ACCOUNTS, salt=1))
        yield Prepared(run, iter(saved.batches(1_000)), iter(unframed(single.framed())))
        run.check()


@pytest.fixture(scope="module")
def transfer(prepared: Prepared) -> Transfer:
    """One that is built, signed and decoded."""
    return Transfer(asset=prepared.run.asset, sender=ISSUER.account, to=prepared.run.fixture.account_ids[0], amount=1)


def test_build(benchmark: BenchmarkFixture, prepared: Prepared, transfer: Transfer) -> None:
    """The dataclasses, and the bytes of a transaction."""
    ledger = prepared.run.ledger.id
    made = benchmark(lambda: bytes(Transaction(ledger, [transfer], valid_until=TIME_MS, authorizers=[ISSUER])))
    assert Transaction(ledger, [transfer]).sign(ISSUER).transaction.operations == (transfer,)
    assert len(made) > 100


def test_build_and_sign(benchmark: BenchmarkFixture, prepared: Prepared, transfer: Transfer) -> None:
    """What a client does for each transaction."""
    ledger = prepared.run.ledger.id
    signed = benchmark(lambda: bytes(Transaction(ledger, [transfer], valid_until=TIME_MS).sign(ISSUER)))
    assert SignedTransaction.from_bytes(signed).transaction.operations == (transfer,)


def test_decode_a_transaction(benchmark: BenchmarkFixture, prepared: Prepared, transfer: Transfer) -> None:
    """Strict decoding in Python."""
    signed = Transaction(prepared.run.ledger.id, [transfer], valid_until=TIME_MS).sign(ISSUER)
    assert benchmark(SignedTransaction.from_bytes, bytes(signed)) == signed


def test_decode_an_entry(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    """An entry of the log, as `Ledger.events` decodes it."""
    entry = prepared.run.ledger.entry(3)
    assert benchmark(decode_entry, entry)


def test_apply_one(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    """One transaction in a call, durable when it returns."""
    ledger: Ledger = prepared.run.ledger
    outcomes = benchmark.pedantic(
        ledger.apply,
        setup=lambda: (([next(prepared.singles)],), {"time": TIME_MS}),
        rounds=1_000,
    )
    assert outcomes.applied == 1


def test_apply_a_thousand(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    """A thousand transactions in a call, in one buffer."""
    ledger: Ledger = prepared.run.ledger
    outcomes = benchmark.pedantic(
        ledger.apply, setup=lambda: ((next(prepared.loads),), {"time": TIME_MS}), rounds=ROUNDS
    )
    assert outcomes.applied == 1_000


def test_balance(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    """A balance that is asked for."""
    accounts = _accounts(prepared)
    assert benchmark(lambda: prepared.run.ledger.balance(prepared.run.asset, next(accounts))) > 0


def test_prove_balance(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    """A statement of a balance."""
    ledger, asset, accounts = prepared.run.ledger, prepared.run.asset, _accounts(prepared)
    ledger.checkpoint(time=TIME_MS)
    assert bytes(benchmark(lambda: ledger.prove_balance(asset, next(accounts))))


def test_verify_a_balance(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    """A statement, checked by the verifier in pure Python."""
    ledger, asset = prepared.run.ledger, prepared.run.asset
    account = prepared.run.fixture.account_ids[1]
    ledger.checkpoint(time=TIME_MS)
    statement, verifier = bytes(ledger.prove_balance(asset, account)), Verifier(ledger.verifier_key)
    claim = benchmark(verifier.balance, statement, asset=asset, account=account)
    assert claim.amount == ledger.balance(asset, account)


def test_generate_a_key(benchmark: BenchmarkFixture) -> None:
    """A new member."""
    assert benchmark(Key.generate).account


def _accounts(prepared: Prepared) -> Iterator[bytes]:
    ids = prepared.run.fixture.account_ids
    return itertools.cycle([ids[number] for number in range(1_000)])
