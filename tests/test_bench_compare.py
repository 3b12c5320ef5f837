"""What `make bench-compare` measures is right: every contender applies the transfers, and refuses what it says."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from counterfoil import Authorizer, Key, Ledger, Transaction
from counterfoil._load import fund
from counterfoil.ops import Transfer

from benches.compare import postgresql
from benches.compare.__main__ import CONTENDERS, main, start, verdict
from benches.compare.contender import Absent, Contender, Opening, Refusal
from benches.compare.counterfoil import Counterfoil
from benches.compare.crates import PROGRAM, Crate
from benches.compare.lmdb_merkle import LmdbMerkle
from benches.compare.postgresql import Bulk, OneByOne
from benches.compare.sqlite import Sqlite
from benches.compare.transfers import SIGNATURES, Layout, signature_workers
from benches.fixture import FUNDS, ISSUER, OPERATOR, TIME_MS, VALID_UNTIL_MS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.pool import Pool

KEYS = [Key.from_seed(bytes([number]) * 32) for number in range(1, 12)]
ANN, BOB, CAT = KEYS[:3]


@dataclasses.dataclass(frozen=True)
class Club:
    """A funded ledger, and a pen to sign transfers in it."""

    opening: Opening
    time: int

    def transfer(self, sender: Key, to: bytes, amount: int, *, signer: Key | None = None) -> bytes:
        operation = Transfer(asset=self.opening.layout.asset, sender=sender.account, to=to, amount=amount)
        transaction = Transaction(
            self.opening.layout.ledger,
            [operation],
            valid_until=self.time + 60_000,
            authorizers=[Authorizer(account=sender.account)],
        )
        return bytes(transaction) + SIGNATURES + (signer or sender).sign(transaction.message)

    @property
    def balances(self) -> dict[bytes, int]:
        return dict.fromkeys(self.opening.accounts, self.opening.amount)


@pytest.fixture(scope="module")
def workers() -> Iterator[Pool]:
    with signature_workers() as pool:
        yield pool


@pytest.fixture
def club(tmp_path: Path, workers: Pool) -> Club:
    accounts = [key.account for key in KEYS]
    path = tmp_path / "ledger"
    with Ledger.create(path, origin="bench.example/coin", operator=OPERATOR, time=TIME_MS) as ledger:
        asset = fund(
            ledger,
            ISSUER,
            [accounts],
            total=len(accounts),
            amount=FUNDS,
            valid_until=VALID_UNTIL_MS,
            time=TIME_MS,
            tell=lambda _done, _all: None,
        )
        layout = Layout(ledger.id, asset)
    opening = Opening(accounts=accounts, amount=FUNDS, ledger=path, layout=layout, batch=10, workers=workers)
    return Club(opening, TIME_MS)


@pytest.fixture
def contender(request: pytest.FixtureRequest, club: Club):
    if issubclass(request.param, Crate) and not PROGRAM.exists():
        pytest.skip("its program is not built; `make compare-tools` builds it")
    one = request.param()
    # Not in the folder of pytest, to which PostgreSQL's user could not find the way.
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(one):
        Path(folder).chmod(0o711)
        # A bad transfer refuses the batch that it is in.
        opening = dataclasses.replace(club.opening, batch=1) if isinstance(one, Bulk) else club.opening
        try:
            one.start(Path(folder), opening)
        except Absent as reason:
            pytest.skip(f"{one.name}: {reason}")
        yield one


def kinds(*chosen: type[Contender]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("contender", chosen, ids=[kind.key for kind in chosen], indirect=True)


in_process = kinds(Counterfoil, Sqlite, LmdbMerkle)


def applied(contender: Contender, transactions: list[bytes]) -> dict[int, Refusal]:
    return contender.refused(contender.apply(contender.prepare(transactions)))


@in_process
def test_every_transfer_is_applied_once(contender: Contender, club: Club) -> None:
    balances = club.balances
    transactions = []
    for number in range(35):
        sender, to = KEYS[number % len(KEYS)], KEYS[(number * 3 + 1) % len(KEYS)]
        if sender is to:
            continue
        transactions.append(club.transfer(sender, to.account, number + 1))
        balances[sender.account] -= number + 1
        balances[to.account] += number + 1
    assert applied(contender, transactions) == {}
    contender.settle()
    assert contender.version
    holds = verdict(contender, balances)
    assert sum(holds.balances.values()) == len(KEYS) * club.opening.amount


@kinds(*CONTENDERS)
def test_what_it_says_it_refuses_is_refused(contender: Contender, club: Club) -> None:
    good = club.transfer(ANN, BOB.account, 7)
    assert applied(contender, [good]) == {}
    forged = club.transfer(ANN, CAT.account, 100, signer=CAT)
    overdraft = club.transfer(BOB, CAT.account, club.opening.amount * 2)
    last = club.transfer(CAT, BOB.account, 1)
    refused = {1: Refusal.FUNDS}
    balances = club.balances
    for sender, to, amount in ((ANN, BOB, 7), (CAT, BOB, 1)):
        balances[sender.account] -= amount
        balances[to.account] += amount
    if contender.does.signatures:
        refused[0] = Refusal.SIGNATURE
    else:
        balances[ANN.account] -= 100
        balances[CAT.account] += 100
    if contender.does.replay:
        refused[2] = Refusal.REPLAY
    else:
        balances[ANN.account] -= 7
        balances[BOB.account] += 7
    assert applied(contender, [overdraft]) == {0: Refusal.FUNDS}
    assert applied(contender, [forged, overdraft, good, last]) == refused
    verdict(contender, balances)


@in_process
def test_a_refused_transfer_leaves_its_nonce_free(contender: Contender, club: Club) -> None:
    overdraft = club.transfer(BOB, CAT.account, club.opening.amount + 5)
    assert applied(contender, [overdraft]) == {0: Refusal.FUNDS}
    assert applied(contender, [club.transfer(CAT, BOB.account, 6)]) == {}
    assert applied(contender, [overdraft]) == {}
    balances = club.balances
    balances[BOB.account] = 1
    balances[CAT.account] += club.opening.amount - 1
    verdict(contender, balances)


@in_process
def test_a_wrong_balance_does_not_pass(contender: Contender, club: Club) -> None:
    balances = club.balances
    balances[ANN.account] += 1
    balances[BOB.account] -= 1
    with pytest.raises(AssertionError, match="balances differ"):
        verdict(contender, balances)


def test_a_transfer_of_another_kind_is_not_read(club: Club) -> None:
    layout = club.opening.layout
    signed = club.transfer(ANN, BOB.account, 5)
    transfer = layout.decode(signed)
    assert (transfer.sender, transfer.to, transfer.amount) == (ANN.account, BOB.account, 5)
    assert transfer.signature == signed[-64:]
    for other in (signed[:-1], signed + b"\0", b"\2" + signed[1:], club.transfer(ANN, BOB.account, 2**63)):
        with pytest.raises(ValueError, match=r"not a transfer|unpack"):
            layout.decode(other)
    for elsewhere in (Layout(bytes(32), layout.asset), Layout(layout.ledger, bytes(32))):
        with pytest.raises(ValueError, match="not a transfer"):
            elsewhere.decode(signed)


def test_the_merkle_tree_grows_and_proves_what_is_there(club: Club, tmp_path: Path) -> None:
    tree = LmdbMerkle()
    with contextlib.closing(tree):
        tree.start(tmp_path, club.opening)
        new = Key.generate()
        with pytest.raises(LookupError):
            tree.prove(new.account)
        assert applied(tree, [club.transfer(ANN, new.account, 9)]) == {}
        holds = tree.check()
        assert holds.balances[new.account] == 9
        assert holds.root == holds.rebuilt_root
        assert holds.root is not None
        proof = tree.prove(new.account)
        proof.verify(holds.root)
        changes = ({"balance": 10}, {"account": ANN.account}, {"index": proof.index ^ 2}, {"index": 2**40})
        for change in (*changes, {"siblings": [ANN.account, *proof.siblings[1:]]}, {"siblings": proof.siblings[:-1]}):
            with pytest.raises(ValueError, match="another root"):
                dataclasses.replace(proof, **change).verify(holds.root)


def test_postgresql_is_skipped_with_a_reason_where_it_is_not(
    club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "INSTALLED", ())
    monkeypatch.setenv("PATH", "")
    with contextlib.ExitStack() as closing:
        there, skipped = start([Sqlite, OneByOne], tmp_path, club.opening, closing)
        assert [type(measured.contender) for measured in there] == [Sqlite]
        assert list(skipped) == [OneByOne]
        assert "initdb" in skipped[OneByOne]


def test_postgresql_is_skipped_without_its_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, club: Club) -> None:
    monkeypatch.setattr(postgresql, "psycopg", None)
    monkeypatch.setattr(postgresql, "find_server", lambda: tmp_path)
    with pytest.raises(Absent, match="psycopg is not installed"):
        OneByOne().start(tmp_path, club.opening)


def test_the_command_measures_checks_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sizes = ["--accounts", "40", "--transfers", "60", "--rounds", "2", "--batch", "25", "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["compare", "sqlite", "lmdb", *sizes, "--json", "out.json"])
    main()
    results = json.loads(Path("out.json").read_text())
    assert [line["key"] for line in results["contenders"]] == ["counterfoil", "sqlite", "lmdb"]
    for line in results["contenders"]:
        assert line["supply"] == 40 * 1_000_000
        assert 0 < line["transfers_per_s_min"] <= line["transfers_per_s"] <= line["transfers_per_s_max"]
    assert results["contenders"][0]["ratio"] == 1
    printed = capsys.readouterr().out
    assert "prove the past" in printed
    assert not list(tmp_path.glob("counterfoil-compare-*"))
