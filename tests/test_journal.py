"""The journal and the past: every posting adds up, and the sums are what the balances were at every step."""

from __future__ import annotations

import csv
import hashlib
import itertools
import signal
import stat
import subprocess
import sys
import tracemalloc
from collections import defaultdict
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import lmdb
import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, _core
from counterfoil._load import Movement, Template, fund
from counterfoil.brands import Programme
from counterfoil.csvfiles import export_balances, export_journal
from counterfoil.exceptions import ClosedError, CorruptionError, LedgerTimeError
from counterfoil.members import Members
from counterfoil.ops import (
    After,
    Burn,
    ClawBack,
    DebtFloor,
    Design,
    Fee,
    FixedExpiry,
    Hold,
    IssueItem,
    Item,
    Items,
    Lots,
    NoReinstatement,
    Outcome,
    Period,
    Powers,
    Reason,
    Redeem,
    Refund,
    Royalty,
    SellItem,
    Settle,
    Share,
    Sweep,
    Terms,
    Transfer,
    hold_id,
)
from counterfoil.verify import item_id
from counterfoil.wire import Applied, decode_entry

from tests.model import build
from tests.model.items import everything_held
from tests.model.ledger import ModelLedger
from tests.strategies import random_world, world_genesis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from counterfoil.history import Posting

    from tests.model.state import State

OPERATOR, BRAND, ANN, BOB, CAFE = (Key.from_seed(bytes([number]) * 32) for number in range(1, 6))
START = 1_451_606_400_000
"""2016-01-01."""
DAY, HOUR = 86_400_000, 3_600_000
NO = bytes(32)


def new(path: Path, **options: Any) -> Ledger:
    return Ledger.create(path, origin="club.example/beans", operator=OPERATOR, time=START, **options)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with new(tmp_path / "ledger", commit_every_ms=None) as made:
        yield made


def asset(ledger: Ledger, *policy: Any, symbol: str = "BEAN", decimals: int = 0) -> bytes:
    every = Powers(**dict.fromkeys(("mint", "freeze", "pause", "claw_back", "change"), BRAND.account))
    return ledger.create_asset(BRAND, symbol, policy=policy, powers=every, decimals=decimals, time=ledger.time)


def last(ledger: Ledger) -> dict[Any, int]:
    """The postings of the last transaction, by account or kind."""
    postings = [each for each in ledger.journal() if each.index == ledger.size - 1]
    assert_balanced(postings)
    return {each.account or each.kind: each.amount for each in postings}


def assert_balanced(postings: Iterable[Posting]) -> None:
    sums: dict[tuple[int, bytes], int] = defaultdict(int)
    for each in postings:
        assert each.amount != 0
        assert (each.account is not None) == (each.kind == "held")
        sums[each.index, each.asset] += each.amount
    assert not any(sums.values())


# Worlds


class Lived:
    """A world by seed, and what its state was after each transaction that was applied."""

    def __init__(self, path: Path, seed: int, steps: int, genesis: bytes) -> None:
        model = ModelLedger(genesis)
        engine = _core.Engine.create(str(path), genesis, build.signer("operator").seed, {"commit_every_ms": None})
        self.ledger = Ledger(engine, path)
        self.states: list[tuple[int, int, State]] = [(1, model.time, model.state)]
        """(entries of the log, time, state)."""
        for step, (time, signed) in enumerate(random_world(seed, steps, model)):
            if model.state is self.states[-1][2]:
                continue  # It was refused, here as there.
            self.ledger.apply([signed], time=time)
            if step % 50 == 0:
                self.ledger.checkpoint(time=model.time)
            self.states.append((self.ledger.size, time, model.state))

    def operations(self) -> set[str]:
        """The names of all that were applied."""
        applied = [entry for entry in map(decode_entry, self.ledger.entries()) if isinstance(entry, Applied)]
        return {type(each).__name__ for entry in applied for each in entry.signed.transaction.operations}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lived]]:
    folder = tmp_path_factory.mktemp("worlds")
    made = [Lived(folder / str(seed), seed, 800, world_genesis()) for seed in (7, 60)]
    yield made
    for each in made:
        each.ledger.close()


@pytest.fixture(params=range(2))
def lived(request: pytest.FixtureRequest, worlds: list[Lived]) -> Lived:
    return worlds[request.param]


def test_the_worlds_have_every_operation_that_changes_balances(worlds):
    """Else the sums below would say little."""
    found = set.union(*(each.operations() for each in worlds))
    missing = {
        *("Mint", "Transfer", "Pay", "Burn", "ClawBack", "Sweep", "Redeem", "Refund", "Hold", "Settle", "Release"),
        *("OpenCampaign", "FundCampaign", "Claim", "CloseCampaign", "Sunset", "Change"),
        *("Distribute", "Collect", "CloseDistribution", "Propose", "Conclude", "Execute"),
        *("IssueItem", "GiveItem", "SellItem", "BurnItem", "CompleteSet"),
    } - found
    assert not missing
    kinds = {posting.kind for each in worlds for posting in each.ledger.journal()}
    assert kinds == {"held", "minted", "burned", "redeemed", "expired"}


def test_postings_add_up_to_zero_and_to_every_balance(lived):
    postings = list(lived.ledger.journal())
    assert_balanced(postings)
    sums: dict[tuple[bytes, bytes], int] = defaultdict(int)
    place = 0
    for size, _, state in lived.states:
        while place < len(postings) and postings[place].index < size:
            posting = postings[place]
            if posting.account is not None:
                sums[posting.asset, posting.account] += posting.amount
            place += 1
        assert {key: amount for key, amount in sums.items() if amount} == everything_held(state)
    assert place == len(postings)
    for asset, record in lived.ledger.assets():
        totals: dict[str, int] = defaultdict(int)
        for each in postings:
            totals[each.kind] += each.amount if each.asset == asset else 0
        found = (-totals["minted"], totals["burned"], totals["redeemed"], totals["expired"], totals["held"])
        assert found == (record.minted, record.burned, record.redeemed, record.swept, record.supply)


def test_postings_say_of_which_transaction_they_are(lived):
    for each in itertools.islice(lived.ledger.journal(), 50):
        entry = decode_entry(lived.ledger.entry(each.index))
        assert isinstance(entry, Applied)
        assert (entry.time, entry.signed.id) == (each.time, each.transaction)


def test_the_past_is_what_was_at_every_time(lived):
    for (size, time, state), following in itertools.zip_longest(lived.states, lived.states[1:]):
        if following is not None and following[1] == time:
            continue
        past = lived.ledger.as_of(time)
        for (name, key), records in state.tables.items():
            page = past._source.page(name, key or None, None, 10_000)[1]
            assert {record: (total, value) for record, total, value in page} == records, (time, name)
        assert past.time == time
        assert size - 1 <= past.index < (lived.ledger.size if following is None else following[0])


def test_an_accounts_journal_is_its_part_of_the_whole(lived):
    whole = list(lived.ledger.journal())
    for account in {each.account for each in whole if each.account is not None}:
        assert list(lived.ledger.journal(account=account)) == [each for each in whole if each.account == account]
    assert list(lived.ledger.journal(account=NO)) == []


def test_after_the_end_the_past_is_the_present(lived):
    ledger, past = lived.ledger, lived.ledger.as_of(2**64 - 1)
    assert (past.index, past.time) == (ledger.size - 1, ledger.time)
    assert (past.origin, past.genesis, past.parameters) == (ledger.origin, ledger.genesis, ledger.parameters)
    assert dict(past.assets()) == dict(ledger.assets())
    assert list(past.accounts()) == sorted(ledger.accounts())
    for asset in dict(ledger.assets()):
        assert past.supply(asset) == ledger.supply(asset)
        assert list(past.holders(asset)) == sorted(ledger.holders(asset))
        for account, holding in ledger.holders(asset):
            assert (past.balance(asset, account), past.holding(asset, account)) == (holding.amount, holding)
            assert past.debt(asset, account) == ledger.debt(asset, account)
        assert past.lots(asset) == ledger.lots(asset)
        items = sorted(ledger.items(asset), key=lambda each: item_id(asset, each[0]))
        assert list(past.items(asset)) == items
        assert all(past.item(asset, item) == record for item, record in items)


# What one transaction does


def test_lots_that_lapse_and_are_refunded(ledger):
    bean = asset(ledger, Lots(Period.DAY), FixedExpiry(2))
    ledger.mint(BRAND, bean, to=ANN.account, amount=100, time=START)
    assert last(ledger) == {"minted": -100, ANN.account: 100}
    redeem = Redeem(asset=bean, sender=ANN.account, at=CAFE.account, order=NO, amount=30)
    ledger.execute([redeem], ANN, time=START)
    assert last(ledger) == {ANN.account: -30, "redeemed": 30}
    ledger.mint(BRAND, bean, to=ANN.account, amount=7, time=START + 3 * DAY)
    assert last(ledger) == {ANN.account: -63, "minted": -7, "expired": 70}
    ledger.execute([Refund(asset=bean, sender=ANN.account, order=NO, amount=10)], CAFE, time=START + 3 * DAY)
    assert last(ledger) == {ANN.account: 10, "redeemed": -10}
    ledger.execute([Sweep(asset=bean, accounts=[ANN.account])], BOB, time=START + 9 * DAY)
    assert last(ledger) == {ANN.account: -17, "expired": 17}
    assert ledger.supply(bean) == 0


def test_a_refund_of_what_lapsed_for_good_is_nobodys(ledger):
    bean = asset(ledger, Lots(Period.DAY), FixedExpiry(2), NoReinstatement())
    ledger.mint(BRAND, bean, to=ANN.account, amount=30, time=START)
    redeem = Redeem(asset=bean, sender=ANN.account, at=CAFE.account, order=NO, amount=30)
    ledger.execute([redeem], ANN, time=START)
    ledger.execute([Refund(asset=bean, sender=ANN.account, order=NO, amount=30)], CAFE, time=START + 5 * DAY)
    assert last(ledger) == {"redeemed": -30, "expired": 30}


def test_a_claw_back_that_leaves_a_debt(ledger):
    bean = asset(ledger, DebtFloor(1_000))
    ledger.mint(BRAND, bean, to=ANN.account, amount=50, time=START)
    claw_back = ClawBack(asset=bean, sender=ANN.account, to=BRAND.account, amount=80, reason=Reason(1))
    ledger.execute([claw_back], BRAND, time=START + 1)
    assert last(ledger) == {ANN.account: -50, BRAND.account: 50}
    ledger.mint(BRAND, bean, to=ANN.account, amount=100, time=START + 2)
    assert last(ledger) == {"minted": -100, ANN.account: 70, BRAND.account: 30}
    assert [ledger.as_of(START + each).debt(bean, ANN.account) for each in range(3)] == [0, 30, 0]


def test_a_fee_goes_to_who_gets_it_whom_no_operation_names(ledger):
    bean = asset(ledger, Fee(100, CAFE.account))
    ledger.mint(BRAND, bean, to=ANN.account, amount=1_000, time=START)
    ledger.transfer(ANN, bean, to=BOB.account, amount=500, time=START)
    assert last(ledger) == {ANN.account: -500, BOB.account: 495, CAFE.account: 5}
    assert list(ledger.transactions(CAFE.account)) == []
    [fee] = ledger.journal(account=CAFE.account)
    assert (fee.amount, fee.index, fee.kind) == (5, ledger.size - 1, "held")


def test_a_hold_is_an_account_of_its_own_and_settling_names_nobody(ledger):
    bean = asset(ledger)
    ledger.mint(BRAND, bean, to=ANN.account, amount=100, time=START)
    terms = Terms(settle_if=After(START), deadline=START + DAY, payees=[Share(BOB.account)], outcome=Outcome.RELEASE)
    ledger.execute([Hold(payer=ANN.account, salt=bytes(16), asset=bean, amount=60, terms=terms)], ANN, time=START)
    hold = hold_id(ANN.account, bytes(16))
    assert last(ledger) == {ANN.account: -60, hold: 60}
    ledger.execute([Settle(hold=hold, amount=60)], CAFE, time=START)
    assert last(ledger) == {hold: -60, BOB.account: 60}
    settled = ledger.size - 1
    assert settled not in [each.index for each in ledger.transactions(BOB.account)]
    assert [each.index for each in ledger.journal(account=BOB.account)] == [settled]


def test_an_item_is_sold_and_its_royalty_paid(ledger):
    coin, badge = asset(ledger, symbol="COIN"), asset(ledger, Items(), Royalty(1_000, CAFE.account), symbol="BADGE")
    ledger.mint(BRAND, coin, to=BOB.account, amount=200, time=START)
    design = Design(asset=badge, design=1, editions=5)
    ledger.execute([design, IssueItem(asset=badge, design=1, to=ANN.account)], BRAND, time=START)
    assert last(ledger) == {"minted": -1, ANN.account: 1}
    parties = {"seller": ANN.account, "buyer": BOB.account}
    sale = SellItem(asset=badge, item=Item(1, 1), currency=coin, price=150, **parties)
    ledger.execute([sale], ANN, BOB, time=START)
    sold = [each for each in ledger.journal() if each.index == ledger.size - 1]
    assert_balanced(sold)
    assert {(each.asset, each.account): each.amount for each in sold} == {
        (badge, ANN.account): -1,
        (badge, BOB.account): 1,
        (coin, BOB.account): -150,
        (coin, ANN.account): 135,
        (coin, CAFE.account): 15,
    }


def test_what_comes_and_goes_within_a_transaction_is_not_posted(ledger):
    bean = asset(ledger)
    ledger.mint(BRAND, bean, to=ANN.account, amount=9, time=START)
    there = Transfer(asset=bean, sender=ANN.account, to=BOB.account, amount=9)
    back = Transfer(asset=bean, sender=BOB.account, to=ANN.account, amount=9)
    ledger.execute([there, back], ANN, BOB, time=START)
    assert last(ledger) == {}
    ledger.execute([there, Burn(asset=bean, sender=BOB.account, amount=4)], ANN, BOB, time=START)
    assert last(ledger) == {ANN.account: -9, BOB.account: 5, "burned": 4}


def test_more_than_128_bits_move_within_a_transaction(ledger):
    bean, most = asset(ledger), 10**38 - 1
    there = Transfer(asset=bean, sender=ANN.account, to=BOB.account, amount=most)
    ledger.mint(BRAND, bean, to=ANN.account, amount=most, time=START)
    ledger.execute([there], ANN, time=START)
    assert last(ledger) == {ANN.account: -most, BOB.account: most}
    burn = Burn(asset=bean, sender=BOB.account, amount=most)
    for _ in range(2):
        ledger.execute([burn], BOB, time=START)
        ledger.mint(BRAND, bean, to=BOB.account, amount=most, time=START)
    assert sum(each.amount for each in ledger.journal() if each.kind == "minted") == -3 * most


def test_lots_that_merge(ledger):
    bean = asset(ledger, Lots(Period.DAY))
    for day in range(70):
        ledger.mint(BRAND, bean, to=ANN.account, amount=1, time=START + day * DAY)
    assert last(ledger) == {"minted": -1, ANN.account: 1}
    assert sum(lot.merged_out for lot in ledger.lots(bean)) > 0
    for day in (0, 63, 64, 69):
        past = ledger.as_of(START + day * DAY)
        assert past.balance(bean, ANN.account) == day + 1
        assert len(past.holding(bean, ANN.account).lots) == min(day + 1, 64)
        assert sum(lot.own_sum for lot in past.lots(bean)) == day + 1


def test_a_programmes_books_as_they_were(ledger):
    beans = Programme.launch(ledger, BRAND, symbol="BEAN", time=START)
    beans.earn(ANN.account, 500, time=START)
    beans.redeem(ANN, 300, order="B9", time=START + DAY)
    beans.refund(ANN.account, "B9", part=60, time=START + 2 * DAY)
    assert [beans.balance(ANN.account, as_of=START + day * DAY) for day in range(3)] == [500, 200, 260]
    assert [beans.liability(START + day * DAY)[0].redeemed for day in range(3)] == [0, 300, 240]
    assert beans.liability(as_of=START + 9 * DAY) == beans.liability()
    assert beans.liability(as_of=START - 0)[0].outstanding == 500


# Times, types, ends


@pytest.fixture
def club(ledger: Ledger) -> tuple[Ledger, bytes]:
    """Ann gets 500 at the start, 120 of which she gives to Bob a day later."""
    bean = asset(ledger, decimals=2)
    ledger.mint(BRAND, bean, to=ANN.account, amount=500, time=START)
    ledger.transfer(ANN, bean, to=BOB.account, amount=120, time=START + DAY)
    return ledger, bean


def test_until_includes_its_time(club):
    ledger, bean = club
    assert [each.amount for each in ledger.journal(until=START + DAY - 1)] == [500, -500]
    assert list(ledger.journal(until=START + DAY)) == list(ledger.journal())
    assert len(list(ledger.journal())) == 4
    assert ledger.as_of(START + DAY - 1).balance(bean, BOB.account) == 0
    past = ledger.as_of(START + DAY)
    assert (past.balance(bean, BOB.account), past.time) == (120, START + DAY)
    assert repr(past) == f"<Past of club.example/beans after entry {ledger.size - 1}, at {START + DAY} ms>"


def test_before_genesis_there_was_nothing(club):
    ledger, _ = club
    for ask in (ledger.as_of, lambda time: ledger.journal(until=time)):
        for time in (0, START - 1):
            with pytest.raises(LedgerTimeError, match=f"the ledger begins at {START} ms"):
                ask(time)
        for time in (-1, 2**64):
            with pytest.raises(LedgerTimeError, match="expected milliseconds"):
                ask(time)
        for wrong in (1.0, True, "1", b""):
            with pytest.raises(TypeError, match="time: expected an int"):
                ask(wrong)
    with pytest.raises(TypeError, match="time: expected an int"):
        ledger.as_of(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="account: expected bytes, found str"):
        ledger.journal(account="ann")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="account: expected 32 bytes, found 3"):
        ledger.journal(account=b"ann")
    assert ledger.as_of(START).time == START


def test_past_questions_are_checked(club):
    past = club[0].as_of(START)
    with pytest.raises(LookupError, match="no asset"):
        past.supply(NO)
    with pytest.raises(ValueError, match="32 bytes"):
        past.balance(b"", NO)
    assert (past.balance(NO, NO), past.asset(NO), list(past.holders(NO)), past.lots(NO)) == (0, None, [], [])


def test_the_past_stays_what_it_was(club):
    ledger, bean = club
    past, postings = ledger.as_of(START), ledger.journal()
    first = next(postings)
    ledger.transfer(ANN, bean, to=BOB.account, amount=1, time=START + 2 * DAY)
    assert len([first, *postings]) == 4, "what came later is not of this journal"
    rest = ledger.journal()
    ledger.close()
    with pytest.raises(ClosedError):
        list(rest)
    with pytest.raises(ClosedError):
        ledger.as_of(START)
    assert (past.balance(bean, ANN.account), past.balance(bean, BOB.account)) == (500, 0)


def test_progress_is_told_and_may_stop(club):
    ledger, _ = club
    told: list[tuple[int, int]] = []
    list(ledger.journal(progress=lambda done, total: told.append((done, total))))
    ledger.as_of(START + DAY, progress=lambda done, total: told.append((done, total)))
    assert told == [(ledger.size, ledger.size)] * 2

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    for ask in (lambda: list(ledger.journal(progress=stop)), lambda: ledger.as_of(START, progress=stop)):
        with pytest.raises(KeyboardInterrupt):
            ask()
    assert ledger.balance(club[1], BOB.account) == 120, "the ledger goes on"


def test_a_replay_is_of_its_ledger(club, tmp_path):
    with new(tmp_path / "other") as other, pytest.raises(ValueError, match="another ledger"):
        other._engine.postings(club[0]._engine.replay())


FOLLOWER = """
import sys
from counterfoil import Ledger

bean, bob = map(bytes.fromhex, sys.argv[2:4])
with Ledger.open(sys.argv[1], read_only=True) as follower:
    for line in sys.stdin:
        amounts = [posting.amount for posting in follower.journal()]
        print(amounts, follower.as_of(int(line)).balance(bean, bob), flush=True)
"""


def test_a_follower_has_a_journal_too(club):
    ledger, bean = club
    command = [sys.executable, "-c", FOLLOWER, str(ledger.path), bean.hex(), BOB.account.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdin is not None
        assert follower.stdout is not None

        def ask(time: int) -> str:
            follower.stdin.write(f"{time}\n")
            follower.stdin.flush()
            return follower.stdout.readline().strip()

        amounts = [500, -500, 120, -120]
        amounts[2:] = [each.amount for each in ledger.journal()][2:]
        assert ask(START) == f"{amounts} 0"
        ledger.transfer(ANN, bean, to=BOB.account, amount=1, time=START + 2 * DAY)
        amounts += [each.amount for each in ledger.journal()][4:]
        assert ask(START + DAY) == f"{amounts} 120"
        assert ask(START + 2 * DAY) == f"{amounts} 121"
        follower.stdin.close()
    assert follower.returncode == 0


def test_an_index_is_not_needed(tmp_path):
    with new(tmp_path / "ledger", index=False) as ledger:
        bean = asset(ledger)
        ledger.mint(BRAND, bean, to=ANN.account, amount=5, time=START)
        assert [each.amount for each in ledger.journal()] == [5, -5]


# Logs that are not what they were


def change(path: Path, name: bytes, to: Any) -> None:
    """Change a database of a closed ledger's log: what `to` returns takes the place of each value, None of none."""
    with lmdb.open(str(path / "log"), max_dbs=8) as log, log.begin(write=True) as writing:
        database = log.open_db(name, writing)
        for key, value in list(writing.cursor(database)):
            new_value = to(key, bytes(value))
            if new_value is None:
                writing.delete(key, db=database)
            else:
                writing.put(key, new_value, db=database)


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def forge(ledger: Ledger, index: int, forged: bytes) -> Ledger:
    """Put other bytes of the same length, and their hash, in the place of an entry; what was signed of it is gone."""
    entry = ledger.entry(index)
    assert len(entry) == len(forged)
    ledger.close()
    change(ledger.path, b"entries", lambda _, chunk: chunk.replace(entry, forged))
    change(ledger.path, b"tiles", lambda _, hashes: hashes.replace(leaf(entry), leaf(forged)))
    change(ledger.path, b"notes", lambda size, note: note if int.from_bytes(size, "big") <= index else None)
    return Ledger.open(ledger.path, operator=OPERATOR)


def test_a_log_that_lost_something(club):
    ledger, bean = club
    ledger.close()
    change(ledger.path, b"entries", lambda key, chunk: None if int.from_bytes(key, "big") == 3 else chunk)
    with Ledger.open(ledger.path, operator=OPERATOR) as damaged:
        assert damaged.balance(bean, BOB.account) == 120, "which needs no log"
        for ask in (lambda: list(damaged.journal()), lambda: damaged.as_of(START + DAY)):
            with pytest.raises(CorruptionError, match="entries"):
                ask()


def test_an_entry_that_does_not_apply_is_named(club):
    ledger, _ = club
    index = ledger.size - 1
    entry = ledger.entry(index)
    amount, more = (each.to_bytes(16, "little") for each in (120, 501))
    with forge(ledger, index, entry.replace(amount, more)) as damaged:
        with pytest.raises(CorruptionError, match=rf"log entry {index}\b.*insufficient_funds"):
            list(damaged.journal())
        assert damaged.as_of(START).time == START, "what is before it is as it was"


def test_an_entry_whose_effects_are_others_is_named(ledger):
    bean = asset(ledger, Lots(Period.DAY), FixedExpiry(2))
    ledger.mint(BRAND, bean, to=ANN.account, amount=50, time=START)
    ledger.mint(BRAND, bean, to=ANN.account, amount=7, time=START + 3 * DAY)
    index = ledger.size - 1
    lapsed, other = (each.to_bytes(16, "little") for each in (50, 49))
    entry = ledger.entry(index)
    forged = forge(ledger, index, entry.replace(lapsed, other))
    with forged as damaged, pytest.raises(CorruptionError, match=rf"log entry {index}\b.*effects"):
        damaged.as_of(START + 9 * DAY)


def test_an_entry_of_an_earlier_time_is_named(club):
    ledger, _ = club
    index = ledger.size - 1
    entry = ledger.entry(index)
    earlier = entry.replace((START + DAY).to_bytes(8, "little"), (START - 1).to_bytes(8, "little"), 1)
    with forge(ledger, index, earlier) as damaged, pytest.raises(CorruptionError, match=rf"log entry {index}\b.*time"):
        list(damaged.journal())


# CSV


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_journal_as_a_file(club, tmp_path):
    ledger, bean = club
    path = tmp_path / "journal.csv"
    with Members(tmp_path / "members.db", seed=bytes(32)) as members:
        member = members.add("ann@example.com")
        ledger.mint(BRAND, bean, to=member.account, amount=5, time=START + DAY + 1)
        assert export_journal(ledger, path, members=members) == 6
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = table(path)
    assert list(rows[0]) == ["index", "time", "transaction", "asset", "symbol", "account", "customer", "amount"]
    postings = list(ledger.journal())
    for row, posting in zip(rows, postings, strict=True):
        assert (int(row["index"]), row["transaction"]) == (posting.index, posting.transaction.hex())
        assert (row["asset"], row["symbol"]) == (bean.hex(), "BEAN")
        assert row["account"] == (posting.account.hex() if posting.account is not None else posting.kind)
        assert Decimal(row["amount"]) * 100 == posting.amount
    assert [row["amount"] for row in rows] == [
        "5.00",
        "-5.00",
        *(each["amount"] for each in rows[2:4]),
        "0.05",
        "-0.05",
    ]
    assert rows[0]["time"] == "2016-01-01T00:00:00.000Z"
    assert rows[-1]["time"] == "2016-01-02T00:00:00.001Z"
    assert [row["customer"] for row in rows] == ["", "", "", "", "ann@example.com", ""]
    assert sum(Decimal(row["amount"]) for row in rows) == 0


def test_a_worlds_file_adds_up_to_zero(lived, tmp_path):
    export_journal(lived.ledger, tmp_path / "journal.csv")
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    # Amounts have up to 38 digits, more than a Decimal's context has by default.
    with localcontext() as context:
        context.prec = 60
        for row in table(tmp_path / "journal.csv"):
            sums[(row["asset"],)] += Decimal(row["amount"])
            sums[row["asset"], row["index"]] += Decimal(row["amount"])
    assert sums
    assert not any(sums.values())


def test_a_file_until_a_time_and_of_an_account(club, tmp_path):
    ledger, _ = club
    assert export_journal(ledger, tmp_path / "a.csv", until=START) == 2
    assert export_journal(ledger, tmp_path / "b.csv", account=BOB.account) == 1
    assert [row["amount"] for row in table(tmp_path / "b.csv")] == ["1.20"]
    with pytest.raises(LedgerTimeError):
        export_journal(ledger, tmp_path / "c.csv", until=START - 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "ledger"]


def test_balances_as_they_were_as_a_file(club, tmp_path):
    ledger, bean = club
    assert export_balances(ledger.as_of(START), bean, tmp_path / "then.csv") == 1
    assert export_balances(ledger, bean, tmp_path / "now.csv") == 2
    assert [row["amount"] for row in table(tmp_path / "then.csv")] == ["500"]


def test_what_is_there_stays(club, tmp_path):
    ledger, bean = club
    there, dangling = tmp_path / "there.csv", tmp_path / "dangling.csv"
    there.write_text("mine")
    dangling.symlink_to(tmp_path / "nowhere")
    for path in (there, dangling, tmp_path):
        with pytest.raises(FileExistsError):
            export_journal(ledger, path)
        with pytest.raises(FileExistsError):
            export_balances(ledger, bean, path)
    with pytest.raises(FileNotFoundError):
        export_journal(ledger, tmp_path / "no" / "out.csv")
    assert there.read_text() == "mine"

    def take(_done: int, _total: int) -> None:
        (tmp_path / "late.csv").write_text("mine")

    with pytest.raises(FileExistsError):
        export_journal(ledger, tmp_path / "late.csv", progress=take)
    assert (tmp_path / "late.csv").read_text() == "mine"
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ""}
    assert not list(tmp_path.glob(".*"))


def test_half_a_journal_is_none(club, tmp_path):
    def stop(_done: int, _total: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        export_journal(club[0], tmp_path / "journal.csv", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


def test_a_process_that_dies_in_the_middle_leaves_no_journal(club, tmp_path):
    ledger, _ = club
    program = """
import os, signal, sys
from counterfoil import Ledger
from counterfoil.csvfiles import export_journal

with Ledger.open(sys.argv[1], read_only=True) as ledger:
    export_journal(ledger, sys.argv[2], progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
"""
    out = tmp_path / "journal.csv"
    died = subprocess.run([sys.executable, "-c", program, str(ledger.path), str(out)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    assert not out.exists()
    assert export_journal(ledger, out) == 4


# Long logs


def test_a_long_journal_is_not_held_in_memory(tmp_path):
    count = 100_000
    with new(tmp_path / "ledger", commit_every_ms=None) as ledger:
        people = [bytes([number]) * 32 for number in range(1, 100)]
        bench = fund(
            ledger,
            BRAND,
            [[ANN.account]],
            total=1,
            amount=count,
            valid_until=START + HOUR,
            time=START,
            tell=lambda *_: None,
        )
        template = Template(ledger=ledger.id, asset=bench, payees=1, valid_until=START + HOUR)
        movements = (
            Movement(ANN.seed, ANN.account, [people[number % 99]], number.to_bytes(16, "big"))
            for number in range(count)
        )
        ledger.apply(template.sign(movements).framed, time=START).raise_for_status()
        told: list[int] = []
        tracemalloc.start()
        try:
            sums: dict[bytes | None, int] = defaultdict(int)
            for posting in ledger.journal(progress=lambda done, _: told.append(done)):
                sums[posting.account] += posting.amount
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert sums.pop(None) == -count
        assert {account: amount for account, amount in sums.items() if amount} == {
            person: ledger.balance(bench, person) for person in people
        }
        assert told == sorted(told)
        assert len(told) > 10
        assert told[-1] == ledger.size
        assert peak < 15_000_000
        assert ledger.as_of(START).supply(bench) == count
