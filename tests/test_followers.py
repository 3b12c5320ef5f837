"""Processes that read a ledger while another writes it, flushes it, grows it, closes it, dies and comes back.

Whatever a follower is told must have been so at some moment between asking and being told.
"""

from __future__ import annotations

import json
import random
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Ledger, Transaction
from counterfoil.exceptions import ReadOnlyError
from counterfoil.ledger import fsck
from counterfoil.ops import Pay, Transfer
from counterfoil.verify import ProofError, Verifier
from counterfoil.wire import Applied, decode_entry

from tests.test_crash import COIN, EACH, OPERATOR, PEOPLE, Audit, create, kill, start, write_batch, write_for_ever

if TYPE_CHECKING:
    import subprocess

SUPPLY = EACH * len(PEOPLE)
SLOW_S = 30
"""No call of a follower may take this long, however busy the writer is."""


class Bystander:
    """A follower that replays the log by hand, and compares everything that it is told."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.source = random.Random(seed)  # noqa: S311 - what the seed says
        self.balances: dict[bytes, list[tuple[int, int]]] = {person.account: [(0, 0)] for person in PEOPLE}
        """By account: (log size from which on it holds, balance)."""
        self.ids: list[tuple[int, bytes]] = []
        self.replayed = self.size = self.height = self.tree_size = 0
        self.calls = 0
        self.slowest = ("", 0.0)

    def look(self, ledger: Ledger) -> None:
        """One round of questions, in any order."""
        questions = [
            self.ask_sizes,
            self.ask_balance,
            self.ask_holders,
            self.ask_statement,
            self.ask_receipt,
            self.ask_history,
            self.ask_index,
            self.ask_to_write,
        ]
        self.source.shuffle(questions)
        for question in questions:
            begin = time.monotonic()
            question(ledger)
            took = time.monotonic() - begin
            self.calls += 1
            if took > self.slowest[1]:
                self.slowest = (question.__name__, took)
            assert took < SLOW_S, self.slowest

    def replay(self, ledger: Ledger, to: int) -> None:
        """The log up to a size, applied by hand."""
        for index, entry in enumerate(ledger.entries(self.replayed), self.replayed):
            applied = decode_entry(entry)
            self.replayed = index + 1
            if isinstance(applied, Applied):
                self.ids.append((index, applied.signed.id))
                for operation in applied.signed.transaction.operations:
                    self.move(index, operation)
            if self.replayed >= to:
                break

    def move(self, index: int, operation: Any) -> None:
        payees = []
        if isinstance(operation, Transfer):
            payees = [(operation.to, operation.amount)]
        elif isinstance(operation, Pay):
            payees = [(payee.to, payee.amount) for payee in operation.payees]
        elif hasattr(operation, "to"):
            payees = [(operation.to, operation.amount)]
        if isinstance(operation, (Transfer, Pay)):
            self.change(index, operation.sender, -sum(amount for _, amount in payees))
        for to, amount in payees:
            self.change(index, to, amount)

    def change(self, index: int, account: bytes, by: int) -> None:
        history = self.balances.setdefault(account, [(0, 0)])
        before = history[-1][1]
        if history[-1][0] == index + 1:
            history.pop()
        history.append((index + 1, before + by))

    def between(self, account: bytes, low: int, high: int) -> set[int]:
        """The balances that an account had at sizes from `low` to `high`."""
        history = self.balances.get(account, [(0, 0)])
        at_low = [amount for size, amount in history if size <= low][-1]
        return {at_low} | {amount for size, amount in history if low < size <= high}

    def ask_sizes(self, ledger: Ledger) -> None:
        size, height, note = ledger.size, ledger.height, ledger.last_checkpoint
        assert size >= self.size
        assert height >= self.height
        self.size, self.height = size, height
        if note is not None:
            checkpoint = Verifier(ledger.verifier_key).checkpoint(note)
            assert checkpoint.tree_size >= self.tree_size
            assert checkpoint.root_hash == ledger.log_root(checkpoint.tree_size)
            self.tree_size = checkpoint.tree_size
        assert ledger.stats()["entries"] >= size
        assert ledger.time > 0

    def ask_balance(self, ledger: Ledger) -> None:
        account = self.source.choice(PEOPLE).account
        low = ledger.size
        found = ledger.balance(COIN, account)
        high = ledger.size
        self.replay(ledger, high)
        assert found in self.between(account, low, high), (found, low, high, self.between(account, low, high))

    def ask_holders(self, ledger: Ledger) -> None:
        low = ledger.size
        found = {account: holding.amount for account, holding in ledger.holders(COIN)}
        high = ledger.size
        assert sum(found.values()) == SUPPLY == ledger.supply(COIN)
        self.replay(ledger, high)
        for account, amount in found.items():
            assert amount in self.between(account, low, high)
        for account in self.balances.keys() - found.keys():
            assert 0 in self.between(account, low, high)

    def ask_statement(self, ledger: Ledger) -> None:
        account = self.source.choice(PEOPLE).account
        verifier = Verifier(ledger.verifier_key)
        claim = verifier.balance(bytes(ledger.prove_balance(COIN, account)))
        assert claim.supply == SUPPLY
        assert claim.tree_size >= self.tree_size
        self.tree_size = claim.tree_size
        self.replay(ledger, claim.tree_size)
        assert claim.amount in self.between(account, 0, claim.tree_size)
        statement = bytearray(bytes(ledger.prove_balance(COIN, bytes(32))))
        verifier.balance(bytes(statement))
        statement[self.source.randrange(len(statement))] ^= 1
        with pytest.raises(ProofError):
            verifier.balance(bytes(statement), asset=COIN, account=bytes(32))

    def ask_receipt(self, ledger: Ledger) -> None:
        covered = [each for each in self.ids if each[0] < self.tree_size]
        if covered:
            index, identifier = self.source.choice(covered)
            claim = Verifier(ledger.verifier_key).receipt(bytes(ledger.prove_transaction(identifier)))
            assert (claim.id, claim.index) == (identifier, index)

    def ask_history(self, ledger: Ledger) -> None:
        account = self.source.choice(PEOPLE).account
        after = max(0, ledger.size - 60)
        low = ledger.size
        found = [each.index for each in ledger.transactions(account, after=after)]
        high = ledger.size
        assert found == sorted(set(found))
        expected = []
        for index, entry in enumerate(ledger.entries(after + 1), after + 1):
            if index < high and entry[0] == 1 and account in entry:
                expected.append(index)
        assert [index for index in found if index < low] == [index for index in expected if index < low]
        assert set(found) <= {*expected, *range(high, high + 100_000)}

    def ask_index(self, ledger: Ledger) -> None:
        if self.ids:
            index, identifier = self.source.choice([*self.ids[-20:], self.source.choice(self.ids)])
            assert ledger.index_of(identifier) == index

    def ask_to_write(self, ledger: Ledger) -> None:
        signed = Transaction(ledger.id, [Transfer(asset=COIN, sender=PEOPLE[0].account, to=bytes(32), amount=1)]).sign(
            PEOPLE[0]
        )
        for call in (lambda: ledger.apply([signed]), lambda: ledger.submit(signed), ledger.checkpoint, ledger.flush):
            with pytest.raises(ReadOnlyError):
                call()


def follow(path: str, said: str, stop: str, seed: str, stays: str) -> None:
    """In a process of its own: ask until told to stop, with one handle or many; write down how it went."""
    bystander = Bystander(Path(path), int(seed))
    result: dict[str, Any] = {}
    try:
        while not Path(stop).exists():
            with Ledger.open(path, read_only=True, memory_bytes=bystander.source.choice([0, 3_000, 10**9])) as ledger:
                rounds = 10**9 if stays == "stays" else bystander.source.randrange(1, 20)
                for _ in range(rounds):
                    bystander.look(ledger)
                    if Path(stop).exists():
                        break
    except BaseException:  # noqa: BLE001 - reported
        result["problem"] = traceback.format_exc()
    result |= {"calls": bystander.calls, "slowest": bystander.slowest, "size": bystander.size}
    Path(said).write_text(json.dumps(result))


class Followers:
    """Some followers, to be asked at the end how it went."""

    def __init__(self, path: Path, folder: Path, seed: int, kinds: list[str]) -> None:
        self.stop = folder / "stop"
        self.seed = seed
        self.running: list[tuple[subprocess.Popen[str], Path]] = []
        for number, kind in enumerate(kinds):
            said = folder / f"said {number}"
            self.running.append((start(follow, path, said, self.stop, seed + number, kind, module=__name__), said))

    def check(self, calls_min: int) -> None:
        self.stop.touch()
        for process, said in self.running:
            _, error = process.communicate(timeout=120)
            assert process.returncode == 0, error
            result = json.loads(said.read_text())
            assert "problem" not in result, f"seed {self.seed}\n{result['problem']}"
            assert result["calls"] >= calls_min, result

    def kill_all(self) -> None:
        for process, _ in self.running:
            process.kill()
            process.communicate()


@pytest.fixture
def followed(tmp_path):
    create(tmp_path / "l")
    made: list[Followers] = []

    def begin(seed: int, kinds: list[str]) -> Followers:
        made.append(Followers(tmp_path / "l", tmp_path, seed, kinds))
        return made[-1]

    yield tmp_path / "l", begin
    for followers in made:
        followers.kill_all()


def test_a_writer_that_is_killed_and_comes_back(followed, tmp_path):
    path, begin = followed
    seed = 77
    acknowledged = tmp_path / "acknowledged"
    followers = begin(seed, ["stays", "comes and goes"])
    for round_ in range(4):
        before = acknowledged.stat().st_size if acknowledged.exists() else 0
        writer = start(write_for_ever, path, acknowledged, seed + round_)
        while not acknowledged.exists() or acknowledged.stat().st_size == before:
            assert writer.poll() is None, writer.communicate()[1]
            time.sleep(0.01)
        time.sleep(1.2)
        kill(writer)
        time.sleep(0.3)
    followers.check(60)
    Audit(path).after(acknowledged)


def test_a_writer_that_flushes_all_the_time(followed):
    """Tiny flushes, tiny maps that grow, commits without pause: a follower still gets its answers."""
    path, begin = followed
    followers = begin(5, ["stays", "comes and goes"])
    source = random.Random(5)  # noqa: S311 - what the seed says
    deadline = time.monotonic() + 5
    batch = 0
    while time.monotonic() < deadline:
        options: dict[str, Any] = {"commit_every_ms": 0, "flush_records": 1, "map_bytes": 1 << 16}
        with Ledger.open(path, operator=OPERATOR, **options) as ledger:
            for _ in range(source.randrange(20, 60)):
                batch += 1
                made = write_batch(ledger.id, source, 9, batch, source.randrange(1, 20))
                ledger.apply(made).raise_for_status()
    followers.check(40)


def test_a_follower_sees_what_is_durable_at_once(tmp_path):
    """What apply has returned is there for a follower that asks afterwards, whether committed or not."""
    create(tmp_path / "l")
    reader = start(answer, tmp_path / "l", tmp_path / "questions", tmp_path / "answers", module=__name__)
    (tmp_path / "questions").touch()
    source = random.Random(1)  # noqa: S311 - what the seed says
    with Ledger.open(tmp_path / "l", operator=OPERATOR, commit_every_ms=None, flush_records=20) as ledger:
        for number in range(40):
            ledger.apply(write_batch(ledger.id, source, 4, number, 3)).raise_for_status()
            if number % 7 == 3:
                ledger.checkpoint()
            if number % 11 == 5:
                ledger.flush()
            expected = [ledger.size, *(ledger.balance(COIN, person.account) for person in PEOPLE)]
            (tmp_path / "new").write_text(str(number))
            (tmp_path / "new").rename(tmp_path / "questions")
            answer_file = tmp_path / "answers" / str(number)
            deadline = time.monotonic() + 60
            while not answer_file.exists():
                assert reader.poll() is None, reader.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.001)
            assert json.loads(answer_file.read_text()) == expected, number
        (tmp_path / "questions").write_text("end")
    _, error = reader.communicate(timeout=60)
    assert reader.returncode == 0, error


def test_a_follower_takes_backups(followed, tmp_path):
    """Copies taken beside a busy writer of another process are whole."""
    path, _ = followed
    acknowledged = tmp_path / "acknowledged"
    writer = start(write_for_ever, path, acknowledged, 11)
    while not acknowledged.exists() or acknowledged.stat().st_size < 2_000:
        assert writer.poll() is None, writer.communicate()[1]
        time.sleep(0.01)
    with Ledger.open(path, read_only=True) as ledger:
        for number in range(4):
            size = ledger.size
            ledger.backup(tmp_path / f"backup {number}")
            report = fsck(tmp_path / f"backup {number}", full=True)
            assert int(report["entries"]) >= size  # type: ignore[call-overload]
            assert ledger.log_root(int(report["entries"])) == report["log_root"]  # type: ignore[call-overload]
    kill(writer)
    Audit(path).after(acknowledged)


def answer(path: str, questions: str, answers: str) -> None:
    """In a process of its own: answer each question with the size and everybody's balance."""
    Path(answers).mkdir()
    last = ""
    with Ledger.open(path, read_only=True) as ledger:
        while True:
            asked = Path(questions).read_text() if Path(questions).exists() else ""
            if asked == "end":
                return
            if asked in ("", last):
                time.sleep(0.001)
                continue
            last = asked
            found = [ledger.balance(COIN, person.account) for person in PEOPLE]
            new = Path(answers) / f"{asked}.new"
            new.write_text(json.dumps([ledger.size, *found]))
            new.rename(Path(answers) / asked)


def grow(path: Path, readers: int, folder: Path) -> int:
    """Write much after some readers were killed in the middle of reading; how large the state's file is then."""
    create(path)
    running = [
        start(follow, path, folder / f"{n}", folder / "stop", n, "stays", module=__name__) for n in range(readers)
    ]
    with Ledger.open(path, operator=OPERATOR, commit_every_ms=5, flush_records=10) as ledger:
        source = random.Random(3)  # noqa: S311 - what the seed says
        deadline = time.monotonic() + (1.0 if readers else 0)
        for number in range(300):
            if running and time.monotonic() > deadline:
                for reader in running:
                    reader.kill()
                    reader.communicate()
                running = []
            ledger.apply(write_batch(ledger.id, source, 6, number, 5)).raise_for_status()
            if number % 10 == 0:
                ledger.flush()
            if running:
                time.sleep(0.01)
    for reader in running:
        reader.kill()
        reader.communicate()
    return (path / "state" / "data.mdb").stat().st_size


def test_killed_followers_leave_nothing_behind(tmp_path):
    """Readers that die keep no page and no place: the files do not grow more than without them."""
    alone = grow(tmp_path / "alone", 0, tmp_path)
    followed = grow(tmp_path / "followed", 2, tmp_path)
    assert followed <= alone * 1.5
    Audit(tmp_path / "followed").after(tmp_path / "none", full=True)
