"""The files, read by another implementation of LMDB: `docs/internals/storage.md` says what is where."""

from __future__ import annotations

import itertools
import random
import signal
import time as clock
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import lmdb
import pytest
from counterfoil import Key, Ledger, NativeVerifier
from counterfoil._load import Movement, Template, fund
from counterfoil.ops import Transfer
from counterfoil.verify import leaf_hash
from counterfoil.wire import Applied, Transaction, decode_entry

from tests.test_crash import start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

OPERATOR, ISSUER = Key.from_seed(b"o" * 32), Key.from_seed(b"i" * 32)
PEOPLE = [Key.from_seed(number.to_bytes(32, "big")) for number in range(1, 1_001)]
BEGAN_MS, MINUTE_MS = 1_700_000_000_000, 60_000
EACH = 1_000
FLUSH_BYTES_MAX = 60 * 4_096
"""What a round of `Steady` writes anew, and more than half of it is."""


def test_another_lmdb_reads_the_log_and_the_balances(tmp_path: Path) -> None:
    operator, issuer, ann, bob = (Key.from_seed(bytes([number]) * 32) for number in range(4))
    with Ledger.create(tmp_path / "l", origin="club.example/beans", operator=operator) as ledger:
        bean = ledger.create_asset(issuer, "BEAN")
        ledger.mint(issuer, bean, to=ann.account, amount=500)
        gift = Transfer(asset=bean, sender=ann.account, to=bob.account, amount=120)
        ledger.apply([Transaction(ledger.id, [gift]).sign(ann)]).raise_for_status()
        note = ledger.checkpoint()
        entries = list(ledger.entries())
        decoded = ((index, decode_entry(entry)) for index, entry in enumerate(entries))
        applied = {index: entry.signed for index, entry in decoded if isinstance(entry, Applied)}
        balances = {account: holding.amount for account, holding in ledger.holders(bean)}

    with lmdb.open(str(tmp_path / "l/log"), max_dbs=8, readonly=True, lock=False) as log, log.begin() as transaction:
        found: list[bytes] = []
        for first, chunk in transaction.cursor(log.open_db(b"entries", transaction)):
            assert int.from_bytes(first, "big") == len(found)
            count = int.from_bytes(chunk[:4], "big")
            ends = [0, *(int.from_bytes(chunk[place : place + 4], "big") for place in range(4, 4 + 4 * count, 4))]
            body = chunk[4 + 4 * count :]
            found += [body[start:end] for start, end in itertools.pairwise(ends)]
        assert found == entries
        tiles = log.open_db(b"tiles", transaction)
        assert transaction.get(bytes(9), db=tiles) == b"".join(map(leaf_hash, entries))
        notes = log.open_db(b"notes", transaction)
        assert transaction.get(len(entries).to_bytes(8, "big"), db=notes) == note.encode()

    with (
        lmdb.open(str(tmp_path / "l/state"), max_dbs=8, readonly=True, lock=False) as state,
        state.begin() as transaction,
    ):
        blocks = b"".join(value for _, value in transaction.cursor(state.open_db(b"blocks", transaction)))
        for account, amount in balances.items():
            count = (amount.bit_length() + 7) // 8
            assert account + bytes([count]) + amount.to_bytes(count, "big") in blocks
        # A transaction is found under the first 40 bits of its id, from the run's first log index on.
        [(key, chunk)] = transaction.cursor(state.open_db(b"transaction_runs", transaction))
        packed = [chunk[place : place + 8] for place in range(4, len(chunk), 8)]
        assert (int.from_bytes(key[:8], "big"), key[8:]) == (2, packed[0])
        ids = {leading: int.from_bytes(offset, "big") for leading, offset in ((each[:5], each[5:]) for each in packed)}
        assert ids == {each.id[:5]: index - 2 for index, each in applied.items()}
        assert sorted(applied) == [2, 3, 4]
        # The hashes of accounts have a key: minting and the gift name two each.
        [(key, chunk)] = transaction.cursor(state.open_db(b"account_runs", transaction))
        offsets = sorted(int.from_bytes(chunk[place + 5 : place + 8], "big") for place in range(4, len(chunk), 8))
        assert (int.from_bytes(key[:8], "big"), offsets) == (2, [0, 1, 1, 2, 2])
        for value_key, value in transaction.cursor(state.open_db(b"meta", transaction)):
            if not value_key.startswith(b"value/"):
                assert int.from_bytes(value[:4], "big") == zlib.crc32(value_key + value[4:])


class Steady:
    """A ledger in which a fixed set of accounts pay each other: every round is a minute, and ends with a flush."""

    def __init__(self, path: Path) -> None:
        self.source = random.Random(1)  # noqa: S311 - the same each time
        self.state = path / "state" / "data.mdb"
        self.time = BEGAN_MS
        accounts = [person.account for person in PEOPLE]
        # Without the indexes, which grow with the log.
        self.ledger = Ledger.create(
            path, origin="club.example/beans", operator=OPERATOR, time=BEGAN_MS, commit_every_ms=None, index=False
        )
        self.bean = fund(
            self.ledger,
            ISSUER,
            [accounts],
            total=len(accounts),
            amount=EACH,
            valid_until=BEGAN_MS + MINUTE_MS,
            time=BEGAN_MS,
            tell=lambda _done, _all: None,
        )
        self.ledger.flush()

    def write(self, rounds: int) -> list[int]:
        """The size of the state's file after each round."""
        sizes = []
        for _ in range(rounds):
            self.time += MINUTE_MS
            template = Template(ledger=self.ledger.id, asset=self.bean, payees=1, valid_until=self.time + 2 * MINUTE_MS)
            pairs = zip(self.source.sample(PEOPLE, 100), self.source.choices(PEOPLE, k=100), strict=True)
            movements = [
                Movement(sender.seed, sender.account, [to.account], self.source.randbytes(16))
                for sender, to in pairs
                if sender is not to
            ]
            self.ledger.apply(template.sign(movements).framed, time=self.time).raise_for_status()
            self.ledger.flush()
            sizes.append(self.state.stat().st_size)
        return sizes


def follow(path: str, rounds_path: str) -> None:
    """In a process of its own: read and prove without a rest, and count the rounds in a file, until it is gone."""
    rounds = Path(rounds_path)
    with Ledger.open(path, read_only=True, index=False) as ledger:
        verifier = NativeVerifier(ledger.verifier_key)
        [(bean, _)] = ledger.assets()
        for number in itertools.count(1):
            accounts = [account for account, _ in ledger.holders(bean)][:100]
            claims = verifier.balances(ledger.prove_balances(bean, accounts), asset=bean, accounts=accounts)
            assert sum(claim.amount for claim in claims) <= EACH * len(PEOPLE)
            # It must not be made anew: then nobody would tell this process to end.
            try:
                with rounds.open("r+") as file:
                    file.write(str(number))
            except FileNotFoundError:
                return


class Followed(NamedTuple):
    steady: Steady
    follower: subprocess.Popen[str]
    rounds: Path


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    steady, rounds = Steady(tmp_path / "l"), tmp_path / "rounds"
    rounds.write_text("0")
    follower = start(follow, tmp_path / "l", rounds, module=__name__)
    try:
        wait_for_another_round(rounds, follower)
        yield Followed(steady, follower, rounds)
    finally:
        follower.kill()
        follower.communicate(timeout=60)
        steady.ledger.close()


def wait_for_another_round(rounds: Path, follower: subprocess.Popen[str]) -> None:
    before, deadline = rounds.read_text(), clock.monotonic() + 60
    while rounds.read_text() in ("", before):
        assert follower.poll() is None, follower.communicate(timeout=60)[1]
        assert clock.monotonic() < deadline
        clock.sleep(0.001)


def test_the_state_stops_growing_while_it_is_followed(followed: Followed) -> None:
    """Old pages are used again: a follower that reads without a rest holds each of them for a moment only."""
    steady, follower, rounds = followed
    sizes = []
    for _ in range(90):
        sizes += steady.write(1)
        # On a busy machine a read may last as long as many flushes.
        wait_for_another_round(rounds, follower)
    rounds.unlink()
    _, error = follower.communicate(timeout=60)
    assert follower.returncode == 0, error
    # The pages of two flushes may still have been read, by a slow read, for the first time after a third.
    assert sizes[-1] <= sizes[29] + 2 * FLUSH_BYTES_MAX, sizes


def test_a_reader_that_hangs_keeps_pages_until_it_is_killed(followed: Followed) -> None:
    """What `docs/guides/operate.md` says of a process that hangs in the middle of reading."""
    steady, follower, _ = followed
    steady.write(20)
    for _ in range(100):
        follower.send_signal(signal.SIGSTOP)
        first, *_, last = sizes = steady.write(10)
        if last - first > 6 * FLUSH_BYTES_MAX / 2:
            break
        # It was between two reads.
        follower.send_signal(signal.SIGCONT)
        clock.sleep(steady.source.random() * 0.01)
    else:
        pytest.fail(f"it never hung in the middle of reading: {sizes}")
    follower.kill()
    follower.communicate(timeout=60)
    _, first, *_, last = sizes = steady.write(20)
    assert last == first, sizes
