"""The whole Python API of a ledger, on real files."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import hashlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, Transaction
from counterfoil.exceptions import (
    ClosedError,
    LedgerTimeError,
    LockedError,
    OperatorKeyError,
    ReadOnlyError,
    RejectedError,
)
from counterfoil.ledger import Pending, fsck
from counterfoil.ops import (
    Alias,
    Attest,
    Burn,
    BurnItem,
    ByPayer,
    CampaignTerms,
    CancelRecovery,
    Cap,
    Claim,
    ClawBack,
    CloseCampaign,
    CompleteSet,
    DebtFloor,
    Design,
    FinishRecovery,
    GiveItem,
    Hold,
    InactivityExpiry,
    Integer,
    IntegerRange,
    IssueItem,
    Item,
    Items,
    KeyGrant,
    Lots,
    Mint,
    Nothing,
    Once,
    Open,
    OpenCampaign,
    OpenGroup,
    Parameters,
    Pay,
    Payee,
    Period,
    Powers,
    Reason,
    Recover,
    Redeem,
    Refund,
    Revoke,
    Role,
    Royalty,
    Schema,
    SellItem,
    SetGuardians,
    SetParameters,
    Settle,
    Share,
    SignedSlip,
    Slip,
    Terms,
    Transfer,
    asset_id,
    attestation_id,
    campaign_id,
    design_id,
    group_id,
    hold_id,
    item_id,
    named_account,
    pending_hold_id,
    schema_id,
    sign_slip,
)
from counterfoil.status import Status
from counterfoil.verify import (
    Commit,
    Counted,
    DesignRecord,
    Genesis,
    GuardiansRecord,
    ItemRecord,
    LotAmount,
    OperatorChange,
    ProofError,
    RecoveryRecord,
    Verifier,
)
from counterfoil.wire import Applied, SignedTransaction, decode_entry

from tests.verifiers import Both

ORIGIN = "club.example/beans"
FUNDS = 1_000_000


def key(name: str) -> Key:
    """A key that is the same in every run."""
    return Key.from_seed(hashlib.sha256(b"counterfoil test " + name.encode()).digest())


OPERATOR, ROASTER, ANN, BOB = (key(name) for name in ("operator", "roaster", "ann", "bob"))
BEAN = asset_id(ROASTER.account, "BEAN")


def create(path: Path, **options: Any) -> Ledger:
    """A ledger in which Ann has a million beans. It commits only on demand, unless told otherwise."""
    options.setdefault("commit_every_ms", None)
    ledger = Ledger.create(path, origin=ORIGIN, operator=OPERATOR, **options)
    at = options.get("time")
    ledger.create_asset(ROASTER, "BEAN", supply_cap=10**9, time=at)
    ledger.mint(ROASTER, BEAN, to=ANN.account, amount=FUNDS, time=at)
    return ledger


def gift(
    ledger: Ledger, amount: int = 1, to: bytes = BOB.account, sender: Key = ANN, **fields: Any
) -> SignedTransaction:
    """A transfer, signed."""
    operation = Transfer(asset=BEAN, sender=sender.account, to=to, amount=amount)
    return Transaction(ledger.id, [operation], **fields).sign(sender)


def frame(transactions: list[bytes]) -> bytes:
    """Transactions as one bytes object."""
    return b"".join(len(each).to_bytes(4, "little") + each for each in transactions)


def files(path: Path) -> dict[str, str]:
    """What the two databases are, to be compared."""
    found = sorted(path.rglob("data.mdb"))
    return {str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


def standing(ledger: Ledger) -> tuple[Any, ...]:
    """Everything that a refused call must leave as it was."""
    return ledger.size, ledger.height, ledger.time, ledger.state_root, ledger.log_root(), files(ledger.path)


@contextlib.contextmanager
def watchdog(seconds: float):
    """A deadlock ends the run with every thread's stack, instead of waiting for ever."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def run_script(source: str, *arguments: object, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own; it must end in time and by no signal."""
    given = [sys.executable, "-W", "error", "-c", textwrap.dedent(source), *map(str, arguments)]
    root = Path(__file__).resolve().parent.parent
    return subprocess.run(given, capture_output=True, text=True, timeout=seconds, cwd=root, check=False)


@pytest.fixture
def ledger(tmp_path):
    with create(tmp_path / "club.ledger") as made:
        yield made


# Opening and closing.


def test_the_example_of_the_issue(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    operator, roaster, ann, bob = (Key.generate() for _ in range(4))
    with Ledger.create("club.ledger", origin="club.example/beans", operator=operator) as ledger:
        bean = ledger.create_asset(roaster, "BEAN", decimals=0, supply_cap=10**9)
        ledger.mint(roaster, bean, to=ann.account, amount=500)
        signed = Transaction(ledger.id, [Transfer(asset=bean, sender=ann.account, to=bob.account, amount=120)]).sign(
            ann
        )
        [outcome] = ledger.apply([signed])
        assert outcome.ok
        assert outcome.index is not None
        assert ledger.apply([bytes(signed)])[0].index == outcome.index
        [refused] = ledger.apply(
            [Transaction(ledger.id, [Transfer(asset=bean, sender=bob.account, to=ann.account, amount=121)]).sign(bob)]
        )
        assert not refused.ok
        assert refused.status.name == "insufficient_funds"
        ledger.checkpoint()
        statement = ledger.prove_balance(bean, bob.account)
        nobody = ledger.prove_balance(bean, operator.account)
        receipt = ledger.prove_transaction(signed.id)
        vkey = ledger.verifier_key

    verifier = Verifier(vkey)
    claim = verifier.balance(bytes(statement))
    assert (claim.amount, claim.supply) == (120, 500)
    assert verifier.balance(bytes(nobody)).amount == 0
    assert verifier.receipt(bytes(receipt)).id == signed.id
    with pytest.raises(ProofError):
        verifier.balance(bytes(statement)[:-1])
    with Ledger.open("club.ledger", read_only=True) as again:
        assert again.balance(bean, bob.account) == 120
        assert again.state_root is not None


def test_a_new_ledger(tmp_path):
    ledger = Ledger.create(tmp_path / "new", origin=ORIGIN, operator=OPERATOR)
    assert (ledger.size, ledger.height, ledger.origin, ledger.path) == (2, 0, ORIGIN, tmp_path / "new")
    assert ledger.id == ledger.genesis.ledger_id
    assert ledger.genesis.parameters == ledger.parameters == Parameters()
    assert ledger.is_confirmed
    assert ledger.last_checkpoint is not None
    assert Verifier(ledger.verifier_key).checkpoint(ledger.last_checkpoint).tree_size == 2
    assert ORIGIN in repr(ledger)
    ledger.close()
    ledger.close()


def test_two_ledgers_made_alike_are_two(tmp_path):
    with create(tmp_path / "a", time=1_000) as one, create(tmp_path / "b", time=1_000) as two:
        assert one.id != two.id


def test_closing_commits_signs_and_flushes(tmp_path):
    ledger = create(tmp_path / "l")
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=5)
    size = ledger.size
    ledger.close()
    before = files(tmp_path / "l")
    replayed = []
    with Ledger.open(
        tmp_path / "l", operator=OPERATOR, progress=lambda done, all_: replayed.append((done, all_))
    ) as again:
        assert again.size == size + 1
        assert isinstance(decode_entry(again.entry(size)), Commit)
        assert Verifier(again.verifier_key).checkpoint(again.last_checkpoint or "").tree_size == size + 1
        assert again.balance(BEAN, BOB.account) == 5
    assert replayed[-1:] in ([], [(size + 1, size + 1)])
    assert files(tmp_path / "l") == before, "opening and closing changes nothing"


def test_a_with_block_closes(tmp_path):
    with create(tmp_path / "l") as ledger:
        pass
    with pytest.raises(ClosedError, match="closed"):
        ledger.balance(BEAN, ANN.account)
    with pytest.raises(RuntimeError, match="mine"), Ledger.open(tmp_path / "l") as ledger:
        raise RuntimeError("mine")  # noqa: EM101
    with Ledger.open(tmp_path / "l"):
        pass


def test_a_relative_path_is_of_the_moment_of_opening(tmp_path, monkeypatch):
    """A service that changes its folder afterwards, as daemons do, keeps its ledger."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with create(Path("l")) as ledger:
        monkeypatch.chdir(tmp_path / "elsewhere")
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
        ledger.flush()
        assert ledger.stats()["log_bytes"] > 0
        ledger.backup(tmp_path / "backup")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    monkeypatch.chdir(tmp_path)
    with Ledger.open("l", read_only=True) as ledger:
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert ledger.balance(BEAN, BOB.account) == 1
        assert ledger.stats()["log_bytes"] > 0


@pytest.mark.parametrize("commit_every_ms", [1, None])
@pytest.mark.parametrize("memory_bytes", [0, 20_000])
def test_memory_that_holds_next_to_nothing(tmp_path, memory_bytes, commit_every_ms):
    options: dict[str, Any] = {"memory_bytes": memory_bytes, "commit_every_ms": commit_every_ms}
    people = [key(f"member {number}") for number in range(40)]
    with create(tmp_path / "l", **options) as ledger:
        for round_ in range(5):
            for person in people:
                ledger.transfer(ANN, BEAN, to=person.account, amount=1 + round_)
            ledger.flush()
        assert {ledger.balance(BEAN, person.account) for person in people} == {15}
        root = ledger.checkpoint() and ledger.state_root
    assert fsck(tmp_path / "l", full=True)["state_root"] == root
    with Ledger.open(tmp_path / "l", **options) as ledger:
        assert sum(holding.amount for _, holding in ledger.holders(BEAN)) == FUNDS


def test_what_changes_is_written_before_it_fills_the_memory(tmp_path):
    """Nobody asks for a commit here, and nothing but memory for a flush."""
    people = [key(f"member {number}") for number in range(300)]
    gifts = [[Transfer(asset=BEAN, sender=ANN.account, to=person.account, amount=1)] for person in people]

    def apply_all(name: str, memory_bytes: int) -> tuple[Ledger, int, Callable[[], bool]]:
        ledger = create(tmp_path / name, memory_bytes=memory_bytes, commit_every_ms=None)
        file = tmp_path / name / "state" / "data.mdb"
        height, written = ledger.stats()["height"], file.stat().st_mtime_ns
        batch = [Transaction(ledger.id, gift).sign(ANN) for gift in gifts]
        for start in range(0, len(batch), 20):
            ledger.apply(batch[start : start + 20]).raise_for_status()
        return ledger, int(ledger.stats()["height"]) - int(height), lambda: file.stat().st_mtime_ns > written

    ledger, commits, is_written = apply_all("much", 1 << 29)
    with ledger:
        assert commits == 0
        assert not is_written()
    ledger, commits, is_written = apply_all("little", 60_000)
    with ledger, watchdog(60):
        assert commits > 1
        while not is_written():
            time.sleep(0.01)
        assert {ledger.balance(BEAN, person.account) for person in people} == {1}


def test_a_replay_needs_no_second_core(tmp_path):
    """Roots of many changes are found by a pool of threads, here of one, while the entries after them are applied."""
    with create(tmp_path / "l") as ledger:
        for round_ in range(6):
            payees = [Payee(to=key(f"member {round_} {number}").account, amount=1) for number in range(600)]
            pay = Transaction(ledger.id, [Pay(asset=BEAN, sender=ANN.account, payees=payees)]).sign(ANN)
            ledger.apply([pay]).raise_for_status()
            ledger.checkpoint()
        height, root = ledger.height, ledger.state_root
    shutil.rmtree(tmp_path / "l" / "state")
    done = run_script(
        """
        import os, sys
        os.environ["RAYON_NUM_THREADS"] = "1"
        from counterfoil import Ledger
        with Ledger.open(sys.argv[1]) as ledger:
            print(ledger.height, ledger.state_root.hex())
        """,
        tmp_path / "l",
    )
    assert done.stdout.split() == [str(height), root.hex()], done.stderr


def test_options_are_named_and_checked(tmp_path):
    for wrong in ({"flush": 1}, {"flush_records": "many"}, {"memory_bytes": 1.5}):
        with pytest.raises(TypeError):
            Ledger.create(tmp_path / "l", origin=ORIGIN, operator=OPERATOR, **wrong)
    assert not (tmp_path / "l").exists()


def test_without_an_index(tmp_path):
    with create(tmp_path / "l", index=False) as ledger:
        signed = gift(ledger)
        assert ledger.apply([signed, signed])[1].duplicate
        for call in (lambda: list(ledger.transactions(ANN.account)), lambda: ledger.index_of(signed.id)):
            with pytest.raises(ValueError, match="index"):
                call()


@pytest.mark.parametrize("flushes", [False, True])
def test_an_index_with_a_hole_is_not_used(tmp_path, flushes):
    """What was written without an index is found by a later handle that has one, or the later handle says it cannot."""
    create(tmp_path / "l").close()
    with Ledger.open(tmp_path / "l", operator=OPERATOR, index=False) as ledger:
        outcome = ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        if flushes:
            ledger.flush()
    try:
        ledger = Ledger.open(tmp_path / "l", operator=OPERATOR)
    except ValueError as error:
        assert "index" in str(error)  # noqa: PT017 - refusing is as good as knowing
        return
    with ledger:
        assert ledger.index_of(outcome.id) == outcome.index
        assert [each.id for each in ledger.transactions(BOB.account)] == [outcome.id]
        Verifier(ledger.verifier_key).receipt(bytes(ledger.prove_transaction(outcome.id)))


@pytest.mark.parametrize(
    "options",
    [
        {"commit_every_ms": 2**64 - 1},
        {"commit_every_ms": 0},
        {"flush_records": 0},
        {"flush_records": 2**64 - 1},
        {"memory_bytes": 0},
        {"memory_bytes": 2**64 - 1},
        {"map_bytes": 0},
        {"map_bytes": 2**64 - 1},
    ],
    ids=str,
)
def test_options_at_their_ends(tmp_path, options):
    with create(tmp_path / "l", **options) as ledger, watchdog(60):
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
        ledger.flush()
    with Ledger.open(tmp_path / "l", **options) as ledger:
        assert ledger.balance(BEAN, BOB.account) == 1


# Applying.


def test_apply_takes_objects_bytes_and_framed_bytes(ledger):
    made = [gift(ledger, amount) for amount in range(1, 7)]
    outcomes = [
        *ledger.apply(made[:1]),
        *ledger.apply([bytes(made[1])]),
        *ledger.apply(frame([bytes(made[2]), bytes(made[3])])),
        *ledger.apply(each for each in made[4:]),
    ]
    assert [outcome.index for outcome in outcomes] == list(range(4, 10))
    assert [outcome.id for outcome in outcomes] == [each.id for each in made]
    assert ledger.balance(BEAN, BOB.account) == 21
    assert len(ledger.apply([])) == len(ledger.apply(b"")) == 0


def test_apply_takes_bytearrays_and_memoryviews(ledger):
    signed = bytes(gift(ledger))
    framed = frame([bytes(gift(ledger))])
    assert ledger.apply([bytearray(signed)])[0].ok
    assert ledger.apply([memoryview(signed)])[0].duplicate
    assert [outcome.ok for outcome in ledger.apply(bytearray(framed))] == [True]


def test_outcomes_are_a_sequence(ledger):
    good, poor = gift(ledger, 5), gift(ledger, FUNDS)
    again = gift(ledger, 6)
    outcomes = ledger.apply([good, poor, good, b"", again])
    assert len(outcomes) == 5
    assert [outcome.status.name for outcome in outcomes] == ["ok", "insufficient_funds", "ok", "malformed", "ok"]
    assert outcomes[0] == outcomes[-5]
    assert outcomes[2].duplicate
    assert outcomes[2].index == outcomes[0].index
    assert [outcome.index for outcome in outcomes[0:5:2]] == [4, 4, 5]
    assert outcomes[::-1][0] == outcomes[4]
    assert (outcomes.applied, outcomes.counts) == (3, {Status.ok: 3, Status.insufficient_funds: 1, Status.malformed: 1})
    assert outcomes[1].operation == 0
    assert outcomes[3].id == bytes(32)
    assert "3 of 5" in repr(outcomes)
    for wrong in (5, -6, 2**70):
        with pytest.raises(IndexError):
            outcomes[wrong]
    with pytest.raises(RejectedError, match="transaction 1 was refused by operation 0: insufficient_funds") as refused:
        outcomes.raise_for_status()
    assert (refused.value.status, refused.value.operation, refused.value.index) == (Status.insufficient_funds, 0, 1)
    assert outcomes[0].raise_for_status() is not None
    with pytest.raises(RejectedError, match="malformed"):
        outcomes[3].raise_for_status()
    assert ledger.apply([good]).raise_for_status()[0].duplicate


def test_a_dry_run_changes_nothing_and_says_what_applying_says(ledger):
    made = [
        gift(ledger, 5),
        gift(ledger, FUNDS),
        gift(ledger, FUNDS - 5),
        gift(ledger, 1),
        Transaction(ledger.id, [Transfer(asset=BEAN, sender=BOB.account, to=ANN.account, amount=FUNDS)]).sign(BOB),
        b"\x01",
    ]
    made.append(made[0])
    before = standing(ledger)
    dry = list(ledger.apply(made, dry_run=True))
    assert dry == list(ledger.apply(made, dry_run=True))
    assert standing(ledger) == before
    assert list(ledger.apply(made)) == dry
    assert [outcome.status.name for outcome in dry[1:4]] == ["insufficient_funds", "ok", "insufficient_funds"]
    assert dry[-1].duplicate


def test_a_dry_run_sees_parameters_change_within_the_batch(tmp_path):
    parameters = Parameters(governor=ROASTER.account)
    with create(tmp_path / "l", parameters=parameters) as ledger:
        tight = Parameters(governor=ROASTER.account, window_ms=1_000)
        change = Transaction(ledger.id, [SetParameters(parameters=tight)]).sign(ROASTER)
        made = [gift(ledger), change, gift(ledger)]
        dry = list(ledger.apply(made, dry_run=True))
        assert [outcome.status.name for outcome in dry] == ["ok", "ok", "too_far_ahead"]
        assert ledger.parameters == parameters
        assert list(ledger.apply(made)) == dry
        assert ledger.parameters == tight
    with Ledger.open(tmp_path / "l") as ledger:
        assert ledger.parameters == tight


def test_execute_signs_for_all(ledger):
    shop = named_account(ROASTER.account, bytes(16))
    grants = sorted([KeyGrant(ANN.account), KeyGrant(BOB.account)], key=lambda grant: grant.key)
    ledger.execute([Open(opener=ROASTER.account, salt=bytes(16), threshold=2, keys=grants)], ROASTER)
    ledger.mint(ROASTER, BEAN, to=shop, amount=10)
    pay = Pay(asset=BEAN, sender=shop, payees=[Payee(ANN.account, 3), Payee(BOB.account, 4)])
    with pytest.raises(RejectedError, match="threshold_not_met"):
        ledger.execute([pay], ANN.on(shop))
    assert ledger.execute([pay], ANN.on(shop), BOB.on(shop)).ok
    assert ledger.balance(BEAN, shop) == 3
    record = ledger.account(shop)
    assert record is not None
    assert record.threshold == 2
    assert ledger.account(ANN.account) is None


# Submitting.


def test_submit_from_threads_and_apply_mixed_give_one_order(tmp_path):
    """Eight threads submit and apply; every outcome's index holds that very transaction."""
    found: list[Any] = []
    with create(tmp_path / "l") as ledger, watchdog(120):

        def work(thread: int) -> None:
            mine = [gift(ledger, 1 + number % 3) for number in range(40)]
            if thread % 2:
                pending = [ledger.submit(each) for each in mine]
                found.extend((each.id, one.result(60)) for each, one in zip(mine, pending, strict=True))
            else:
                for start in range(0, 40, 8):
                    part = mine[start : start + 8]
                    found.extend((each.id, one) for each, one in zip(part, ledger.apply(part), strict=True))

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 320
        assert sorted(outcome.index for _, outcome in found) == list(range(4, 324))
        for identifier, outcome in found:
            applied = decode_entry(ledger.entry(outcome.index))
            assert isinstance(applied, Applied)
            assert applied.signed.id == identifier == outcome.id
        spent = sum(1 + number % 3 for number in range(40)) * 8
        assert ledger.balance(BEAN, BOB.account) == spent
        root = ledger.checkpoint() and ledger.state_root
    assert fsck(tmp_path / "l", full=True)["state_root"] == root


def test_submits_keep_their_order(ledger):
    pending = [ledger.submit(gift(ledger)) for _ in range(100)]
    outcomes = [each.result(60) for each in pending]
    assert [outcome.index for outcome in outcomes] == list(range(4, 104)), "in the order in which they came"


def test_submit_is_awaitable(ledger):
    made = [gift(ledger, amount) for amount in range(1, 101)]
    poor = gift(ledger, FUNDS)

    async def one(signed: Any) -> Any:
        return await ledger.submit(signed)

    async def main() -> list[Any]:
        outcomes = await asyncio.gather(*(one(each) for each in made))
        pending = ledger.submit(poor)
        outcomes.append(await pending)
        assert pending.done()
        assert await pending == pending.result()
        return outcomes

    with watchdog(60):
        outcomes = asyncio.run(main())
    assert [outcome.id for outcome in outcomes] == [each.id for each in [*made, poor]]
    assert outcomes[-1].status is Status.insufficient_funds
    assert ledger.balance(BEAN, BOB.account) == 5_050


def test_a_cancelled_waiter_cancels_nothing(ledger):
    """A request that goes away does not take its transaction with it, nor what others wait for."""

    async def main() -> None:
        pending = ledger.submit(gift(ledger, 7))

        async def wait() -> Any:
            return await pending

        waiter, patient = asyncio.create_task(wait()), asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert (await patient).ok
        assert pending.result(10).ok

    with watchdog(60):
        asyncio.run(main())
    assert ledger.balance(BEAN, BOB.account) == 7


def test_a_loop_that_ends_leaves_its_transactions_going(ledger, capfd):
    """The answer finds nobody, and says nothing."""
    loop = asyncio.new_event_loop()
    pending = [ledger.submit(gift(ledger)) for _ in range(50)]
    for one in pending:
        waiting = one.__await__()
        loop.call_soon(next, waiting)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert all(one.result(30).ok for one in pending)
    assert capfd.readouterr().err == ""


def long_work(ledger: Ledger) -> Pending:
    """A submission of many signatures, each of which is verified: some half a second."""
    return Pending(ledger._engine.submit([bytes(gift(ledger))] * 200_000))


def test_waiting_too_briefly_is_a_timeout(ledger):
    pending = long_work(ledger)
    for seconds in (0, -1, 0.001):
        with pytest.raises(TimeoutError, match=re.escape(f"still under way after {seconds} s")):
            pending.result(seconds)
    assert not pending.done()
    with pytest.raises(ValueError, match="timeout: expected seconds, or None for ever, found NaN"):
        pending.result(float("nan"))
    assert pending.result(30).ok
    assert pending.result(0).ok


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers on this system")
def test_waiting_can_be_interrupted(ledger):
    """Ctrl-C ends the waiting, not the transaction."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        pending = long_work(ledger)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            pending.result()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert pending.result(30).ok


def test_dropping_a_ledger_with_work_under_way_does_not_hang(tmp_path):
    done = run_script(
        """
        import sys
        from tests.test_ledger import *
        ledger = create(Path(sys.argv[1]))
        made = [gift(ledger) for _ in range(300)]
        pending = [ledger.submit(each) for each in made]
        del ledger
        answers = [each.result(30) for each in pending]
        print(sum(each.ok for each in answers))
        """,
        tmp_path / "l",
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "300\n")


@pytest.mark.parametrize("leaving", ["", "sys.exit(0)", "raise KeyboardInterrupt"])
def test_leaving_the_interpreter_with_work_under_way_does_not_hang(tmp_path, leaving):
    done = run_script(
        f"""
        import sys
        from tests.test_ledger import *
        ledger = create(Path(sys.argv[1]), commit_every_ms=1)
        made = [gift(ledger) for _ in range(300)]
        pending = [ledger.submit(each) for each in made]
        {leaving}
        """,
        tmp_path / "l",
    )
    assert done.returncode in (0, 1, -2, 130), done.stderr
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        sent = ledger.balance(BEAN, BOB.account)
        assert sent + 4 == sum(entry[0] == 1 for entry in ledger.entries()) + 2
    fsck(tmp_path / "l")


def test_submitting_to_a_ledger_that_closes(tmp_path):
    """Whoever hands in while another thread closes gets an answer: an outcome, or that it is closed."""
    for round_ in range(5):
        ledger = create(tmp_path / f"l{round_}")
        made = [gift(ledger) for _ in range(200)]
        answers: list[Any] = []

        def hand_in(ledger: Ledger = ledger, made: list[Any] = made, answers: list[Any] = answers) -> None:
            with contextlib.suppress(ClosedError):
                for each in made:
                    answers.append(ledger.submit(each))  # noqa: PERF401 - those before the closing count

        thread = threading.Thread(target=hand_in)
        with watchdog(60):
            thread.start()
            time.sleep(0.002 * round_)
            ledger.close()
            thread.join()
        applied = 0
        for pending in answers:
            with contextlib.suppress(ClosedError):
                applied += pending.result(10).ok
        with Ledger.open(tmp_path / f"l{round_}") as again:
            assert again.balance(BEAN, BOB.account) == applied


# Reading.


def test_holders_include_what_no_commit_covers(ledger):
    people = [key(f"member {number}") for number in range(30)]

    def holders() -> dict[bytes, int]:
        found = list(ledger.holders(BEAN))
        assert len(found) == len(dict(found))
        return {account: holding.amount for account, holding in found}

    for person in people[:20]:
        ledger.transfer(ANN, BEAN, to=person.account, amount=3)
    ledger.checkpoint()
    for person in people[10:]:
        ledger.transfer(ANN, BEAN, to=person.account, amount=4)
    for person in people[:5]:
        ledger.transfer(person, BEAN, to=ANN.account, amount=3)
    for person in people[25:]:
        ledger.execute([Burn(asset=BEAN, sender=person.account, amount=4)], person)
    expected = {person.account: 3 for person in people[5:10]}
    expected |= {person.account: 7 for person in people[10:20]} | {person.account: 4 for person in people[20:25]}
    expected[ANN.account] = FUNDS - 20 * 3 - 20 * 4 + 15
    for _ in range(3):
        assert holders() == expected
        assert sum(expected.values()) == ledger.supply(BEAN) == FUNDS - 20
        ledger.flush()
    for person in expected:
        assert ledger.holding(BEAN, person).amount == ledger.balance(BEAN, person) == expected[person]
    assert ledger.holding(BEAN, people[0].account).amount == 0
    assert list(ledger.holders(bytes(32))) == []


def test_many_holders_in_pages(tmp_path):
    """More than two pages, with changes on top of each page, none of them lost or shown twice."""
    accounts = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(2_600)]
    with create(tmp_path / "l") as ledger:
        for start in range(0, 2_600, 200):
            payees = [Payee(account, 2) for account in accounts[start : start + 200]]
            ledger.execute([Pay(asset=BEAN, sender=ANN.account, payees=payees)], ANN)
        for flushed in (False, True):
            if flushed:
                ledger.flush()
            found = [account for account, _ in ledger.holders(BEAN)]
            assert len(found) == len(set(found)) == 2_601
            assert set(found) == {*accounts, ANN.account}
        payees = [Payee(hashlib.sha256(account).digest(), 1) for account in accounts[:900]]
        ledger.execute([Pay(asset=BEAN, sender=ANN.account, payees=payees)], ANN)
        found = [account for account, _ in ledger.holders(BEAN)]
        assert len(found) == len(set(found)) == 3_501
        keys = [hashlib.sha256(b"counterfoil/key/v1\n" + account).digest() for account in found]
        assert keys == sorted(keys), "in the order of the tree"


def test_removed_holders_leave_pages_full(tmp_path):
    """A run of records that were removed since the last commit, longer than a page."""
    people = [key(f"member {number}") for number in range(1_300)]
    with create(tmp_path / "l") as ledger:
        for start in range(0, 1_300, 100):
            payees = [Payee(person.account, 1) for person in people[start : start + 100]]
            ledger.execute([Pay(asset=BEAN, sender=ANN.account, payees=payees)], ANN)
        ledger.flush()
        order = {account: place for place, (account, _) in enumerate(ledger.holders(BEAN))}
        leaving = [person for person in people if 50 <= order[person.account] < 1_150]
        back = [gift(ledger, 1, ANN.account, person) for person in leaving]
        ledger.apply(back).raise_for_status()
        found = {account for account, _ in ledger.holders(BEAN)}
        assert found == set(order) - {person.account for person in leaving}


def test_accounts_and_assets(ledger):
    opened = set()
    for number in range(5):
        salt = bytes([number]) * 16
        keys = [KeyGrant(ANN.account)]
        ledger.execute([Open(opener=ROASTER.account, salt=salt, threshold=1, keys=keys)], ROASTER)
        opened.add(named_account(ROASTER.account, salt))
    star = ledger.create_asset(BOB, "STAR", decimals=2)
    for _ in range(2):
        assert {account for account, _ in ledger.accounts()} == opened
        assert {asset: record.symbol for asset, record in ledger.assets()} == {BEAN: "BEAN", star: "STAR"}
        ledger.flush()
    record = ledger.asset(star)
    assert record is not None
    assert (record.decimals, record.supply, ledger.supply(star)) == (2, 0, 0)
    assert ledger.asset(bytes(32)) is None
    with pytest.raises(LookupError, match="no asset"):
        ledger.supply(bytes(32))


def test_records_of_other_tables(ledger):
    ledger.execute([Once(account=ANN.account, key=b"k" * 32)], ANN)
    used = ledger.once(ANN.account, b"k" * 32)
    assert used is not None
    assert ledger.once(ANN.account, b"o" * 32) is None
    assert ledger.mandate(ANN.account, BOB.account, BEAN) is None
    assert ledger.freeze(BEAN, ANN.account) is None


def test_attestations(ledger):
    club = ROASTER.account
    rating = schema_id(club, "rating")
    assert ledger.schema(rating) is None
    assert ledger.attestation(rating, club, ANN.account) is None
    ledger.execute([Schema(creator=club, name="rating", content=IntegerRange(-5, 5))], ROASTER)
    ends = ledger.time + 1_000_000_000
    ledger.execute(
        [Attest(schema=rating, issuer=club, subject=ANN.account, content=Integer(-5), expires=ends)], ROASTER
    )
    ledger.execute(
        [Attest(schema=rating, issuer=club, subject=ANN.account, nonce=b"n" * 32, content=Integer(2))], ROASTER
    )
    for _ in range(2):
        schema = ledger.schema(rating)
        assert (schema.creator, schema.name, schema.content, schema.live) == (club, "rating", IntegerRange(-5, 5), 2)
        first = ledger.attestation(rating, club, ANN.account)
        assert (first.content, first.expires, first.revoked) == (Integer(-5), ends, None)
        assert first.is_live(ends - 1)
        assert not first.is_live(ends)
        second = ledger.attestation(rating, club, ANN.account, b"n" * 32)
        assert (second.content, second.is_live(2**64)) == (Integer(2), True)
        ledger.flush()
    assert ledger.attestation(rating, ANN.account, ANN.account) is None
    ledger.execute([Revoke(schema=rating, issuer=club, subject=ANN.account, reason=Reason(7))], ROASTER)
    revoked = ledger.attestation(rating, club, ANN.account)
    assert (revoked.revoked.reason.code, revoked.is_live(first.issued)) == (7, False)
    assert ledger.schema(rating).live == 1
    with pytest.raises(RejectedError, match="already_revoked"):
        ledger.execute([Revoke(schema=rating, issuer=club, subject=ANN.account)], ROASTER)


def test_an_attestation_is_proven(ledger):
    club = ROASTER.account
    member = schema_id(club, "member")
    ledger.execute(
        [Schema(creator=club, name="member"), Attest(schema=member, issuer=club, subject=ANN.account)], ROASTER
    )
    ledger.checkpoint()
    verifier = Both(ledger.verifier_key)
    proof = bytes(ledger.prove("attestations", attestation_id(member, club, ANN.account), key=member))
    claim = verifier.record(proof, table="attestations", key=member)
    assert claim.present
    assert claim.value.is_live(claim.time)
    assert (claim.value.issuer, claim.value.subject, claim.value.content) == (club, ANN.account, Nothing())
    claim = verifier.record(bytes(ledger.prove("schemas", member)))
    assert (claim.value.name, claim.value.live, claim.key) == ("member", 1, b"")
    absent = verifier.record(bytes(ledger.prove("attestations", attestation_id(member, club, BOB.account), key=member)))
    assert not absent.present


def test_holds(ledger):
    deadline = ledger.time + 3_600_000
    group = group_id(BOB.account, bytes(16))
    hold = hold_id(ANN.account, b"s" * 16)
    assert (ledger.hold(hold), ledger.hold_group(group)) == (None, None)
    terms = Terms(settle_if=ByPayer(), payees=[Share(BOB.account, 10_000)], deadline=deadline)
    ledger.execute(
        [OpenGroup(owner=BOB.account, salt=bytes(16), asset=BEAN, closes=deadline, terms=terms)], BOB
    ).raise_for_status()
    ledger.execute([Hold(payer=ANN.account, salt=b"s" * 16, asset=BEAN, amount=300, group=group)], ANN)
    ledger.execute([Settle(hold=hold, amount=120)], ANN)
    for _ in range(2):
        record = ledger.hold(hold)
        assert (record.payer, record.amount, record.settled, record.terms, record.group) == (
            ANN.account,
            300,
            120,
            None,
            group,
        )
        opened = ledger.hold_group(group)
        assert (opened.owner, opened.terms, opened.holds, opened.total) == (BOB.account, terms, 1, 300)
        assert ledger.balance(BEAN, hold) == 180
        ledger.flush()


def campaign_of(ledger: Ledger, **terms: Any) -> bytes:
    """A campaign of Ann's: of what she pays, Bob gets 7 of 10 parts and the roaster 3, and Bob signs."""
    roles = [Role(bps=7_000, signs=True), Role(ROASTER.account, 3_000)]
    given = CampaignTerms(roles=roles, claim_max=500, ends=ledger.time + 3_600_000, **terms)
    ledger.execute([OpenCampaign(owner=ANN.account, salt=bytes(16), asset=BEAN, amount=1_000, terms=given)], ANN)
    return campaign_id(ANN.account, bytes(16))


def slip_of(ledger: Ledger, campaign: bytes, nonce: bytes, amount: int) -> SignedSlip:
    """A slip that Bob signed."""
    slip = Slip(nonce=nonce, valid_until=2**63, amount=amount, parties=[BOB.account])
    return SignedSlip(slip, [sign_slip(slip, BOB, role=0, ledger=ledger.id, campaign=campaign)])


def test_campaigns(ledger):
    assert ledger.campaign(campaign_id(ANN.account, bytes(16))) is None
    campaign = campaign_of(ledger, member_cap=Cap(units=400, claims=5, window_ms=3_600_000))
    assert ledger.claimant(campaign, BOB.account) is None
    slips = [slip_of(ledger, campaign, bytes([number]) * 16, 101) for number in range(3)]
    ledger.execute([Claim(campaign=campaign, slips=slips)], ROASTER)
    for _ in range(2):
        record = ledger.campaign(campaign)
        assert (record.owner, record.asset, record.claims, record.closed) == (ANN.account, BEAN, 3, False)
        assert ledger.claimant(campaign, BOB.account).counted == Counted(0, 303, 3)
        assert ledger.claimant(campaign, ANN.account) is None
        assert ledger.balance(BEAN, campaign) == 1_000 - 303
        assert (ledger.balance(BEAN, BOB.account), ledger.balance(BEAN, ROASTER.account)) == (3 * 71, 3 * 30)
        ledger.flush()
    with pytest.raises(RejectedError, match="slip_claimed"):
        ledger.execute([Claim(campaign=campaign, slips=slips[:1])], BOB)
    with pytest.raises(RejectedError, match="member_cap_spent"):
        ledger.execute([Claim(campaign=campaign, slips=[slip_of(ledger, campaign, b"n" * 16, 98)])], BOB)
    ledger.execute([CloseCampaign(campaign=campaign)], ANN)
    assert ledger.campaign(campaign).closed


def test_a_campaign_and_its_slips_are_proven(ledger):
    campaign = campaign_of(ledger, total_cap=Cap(units=400, window_ms=3_600_000), pending_ms=60_000)
    slip = slip_of(ledger, campaign, b"n" * 16, 100)
    outcome = ledger.execute([Claim(campaign=campaign, slips=[slip])], ROASTER)
    ledger.checkpoint()
    verifier = Both(ledger.verifier_key)
    claim = verifier.record(bytes(ledger.prove("campaigns", campaign)), table="campaigns")
    assert (claim.value.claims, claim.value.counted) == (1, Counted(0, 100, 1))
    claim = verifier.record(
        bytes(ledger.prove("claimants", BOB.account, key=campaign)), table="claimants", key=campaign
    )
    assert not claim.present
    hold = pending_hold_id(campaign, BOB.account, b"n" * 16, outcome.id)
    claim = verifier.record(bytes(ledger.prove("holds", hold)), table="holds")
    assert (claim.value.payer, claim.value.amount) == (campaign, 100)
    assert claim.value.terms.payees == (Share(BOB.account, 7_000), Share(ROASTER.account, 3_000))
    receipt = verifier.receipt(bytes(ledger.prove_transaction(outcome.id)))
    assert receipt.transaction.operations[0].slips == (slip,)


def test_a_redemption_and_a_debt_are_read(ledger):
    order, bob = b"o" * 32, BOB.account
    powers = Powers(mint=ROASTER.account, claw_back=ROASTER.account)
    cup = ledger.create_asset(ROASTER, "CUP", policy=[DebtFloor(50)], powers=powers)
    ledger.mint(ROASTER, cup, to=ANN.account, amount=10)
    assert ledger.redemption(cup, ANN.account, order) is None
    redeem = Redeem(asset=cup, sender=ANN.account, at=bob, order=order, amount=8)
    ledger.execute([redeem], ANN)
    with pytest.raises(RejectedError, match="already_redeemed"):
        ledger.execute([redeem], ANN)
    ledger.execute([Refund(asset=cup, sender=ANN.account, order=order, amount=3)], BOB)
    redemption = ledger.redemption(cup, ANN.account, order)
    assert redemption is not None
    assert (redemption.at, redemption.amount, redemption.refunded, redemption.lots) == (bob, 8, 3, ())
    assert (ledger.supply(cup), ledger.debt(cup, ANN.account)) == (5, 0)
    ledger.execute([ClawBack(asset=cup, sender=ANN.account, to=bob, amount=45)], ROASTER)
    assert (ledger.balance(cup, bob), ledger.debt(cup, ANN.account)) == (5, 40)
    ledger.mint(ROASTER, cup, to=ANN.account, amount=30)
    assert (ledger.balance(cup, ROASTER.account), ledger.debt(cup, ANN.account)) == (30, 10)
    ledger.checkpoint()
    claim = Verifier(ledger.verifier_key).record(bytes(ledger.prove("debts", ANN.account, key=cup)))
    assert (claim.sum, claim.total) == (10, 10)


def test_items(ledger):
    """Design 1 has four editions, of which one is burned, one sold, and two make design 2."""
    brand, ann, bob = ROASTER.account, ANN.account, BOB.account
    badge = ledger.create_asset(ROASTER, "BADGE", policy=[Royalty(333, brand), Items()])
    money = ledger.create_asset(ROASTER, "COIN")
    ledger.mint(ROASTER, money, to=bob, amount=301)
    assert (ledger.design(badge, 1), ledger.item(badge, Item(1, 1)), list(ledger.items(badge))) == (None, None, [])
    designs = [Design(asset=badge, design=1, editions=4, content=b"c" * 32)]
    designs.append(Design(asset=badge, design=2, editions=1, set=[1, 1]))
    ledger.execute([*designs, *[IssueItem(asset=badge, design=1, to=ann)] * 4], ROASTER)
    start = ledger.item(badge, Item(1, 3)).since
    sale = SellItem(asset=badge, item=Item(1, 3), seller=ann, buyer=bob, currency=money, price=300)
    ledger.execute([BurnItem(asset=badge, item=Item(1, 1), sender=ann), sale], ANN, BOB, time=start + 5)
    made = ledger.execute([CompleteSet(asset=badge, design=2, sender=ann, items=[Item(1, 4), Item(1, 2)])], ANN)
    (effect,) = decode_entry(ledger.entry(made.index)).effects
    assert effect.taken == (LotAmount(1, 1),)
    for _ in range(2):
        assert ledger.design(badge, 1) == DesignRecord(1, 4, (), b"c" * 32, 4, 3)
        assert ledger.design(badge, 2) == DesignRecord(2, 1, (1, 1), None, 1, 0)
        assert ledger.item(badge, Item(1, 3)) == ItemRecord(Item(1, 3), bob, start + 5)
        assert ledger.item(badge, Item(1, 4)) is None
        assert {item: record.owner for item, record in ledger.items(badge)} == {Item(1, 3): bob, Item(2, 1): ann}
        assert (ledger.supply(badge), ledger.asset(badge).minted, ledger.asset(badge).burned) == (2, 5, 3)
        assert [ledger.balance(money, who) for who in (ann, bob, brand)] == [291, 1, 9]
        ledger.flush()
    assert (ledger.balance(badge, bob), list(ledger.holders(badge))) == (0, [])
    with pytest.raises(RejectedError, match="not_fungible"):
        ledger.mint(ROASTER, badge, to=ann, amount=1)
    with pytest.raises(RejectedError, match="royalty_due"):
        ledger.execute([GiveItem(asset=badge, item=Item(1, 3), sender=bob, to=ann)], BOB)


def test_an_item_is_proven(ledger):
    badge = ledger.create_asset(ROASTER, "BADGE", policy=[Items()])
    made = [Design(asset=badge, design=1, editions=4), *[IssueItem(asset=badge, design=1, to=ANN.account)] * 2]
    ledger.execute(made, ROASTER)
    ledger.checkpoint()
    verifier = Both(ledger.verifier_key)
    proof = bytes(ledger.prove("items", item_id(badge, Item(1, 2)), key=badge))
    claim = verifier.record(proof, table="items", key=badge)
    assert (claim.present, claim.value.owner, claim.value.item) == (True, ANN.account, Item(1, 2))
    assert not verifier.record(bytes(ledger.prove("items", item_id(badge, Item(1, 3)), key=badge))).present
    claim = verifier.record(bytes(ledger.prove("designs", design_id(badge, 1), key=badge)))
    assert (claim.value.issued, claim.value.editions) == (2, 4)


def test_lots_and_historical_times(tmp_path):
    """Months of 2015 and 2016 are replayed at their own dates; then expiry takes them."""
    day = 86_400_000
    start = 1_451_563_200_000
    with Ledger.create(tmp_path / "l", origin=ORIGIN, operator=OPERATOR, time=start, commit_every_ms=None) as ledger:
        policy = [Lots(Period.MONTH), InactivityExpiry(365)]
        bean = ledger.create_asset(ROASTER, "BEAN", policy=policy, time=start)
        for month in range(3):
            ledger.mint(ROASTER, bean, to=ANN.account, amount=10 + month, time=start + month * 31 * day)
        lots = ledger.lots(bean)
        assert [lot.issued for lot in lots] == [10, 11, 12]
        assert lots == sorted(lots, key=lambda lot: lot.lot)
        assert ledger.lot(bean, lots[0].lot) == lots[0]
        assert sum(lot.amount for lot in ledger.holding(bean, ANN.account).lots) == 33
        note = ledger.checkpoint()
        assert ledger.time == start + 62 * day, "commits keep to the time that was stated"
        with pytest.raises(LedgerTimeError, match="never goes back"):
            ledger.mint(ROASTER, bean, to=ANN.account, amount=1, time=start + 62 * day - 1)
        assert ledger.checkpoint(time=start + 500 * day) != note
        assert ledger.time == start + 500 * day
        assert ledger.balance(bean, ANN.account) == 33, "lapsed units stay until somebody touches the account"
        with pytest.raises(RejectedError, match="insufficient_funds"):
            ledger.transfer(ANN, bean, to=BOB.account, amount=1, time=start + 500 * day)
        ledger.mint(ROASTER, bean, to=ANN.account, amount=5)
        assert ledger.balance(bean, ANN.account) == 5
        assert ledger.supply(bean) == 5


def test_transactions_of_an_account_resume_after_a_cursor(ledger):
    carol = key("carol")
    sent = []
    for number in range(25):
        sent.append(gift(ledger, 1 + number, carol.account if number % 2 else BOB.account).id)
        [outcome] = ledger.apply([gift(ledger, 1 + number, carol.account if number % 2 else BOB.account)])
        sent[-1] = outcome.id
        if number % 10 == 9:
            ledger.flush()
    for account, expected in ((carol.account, sent[1::2]), (BOB.account, sent[::2])):
        found = list(ledger.transactions(account))
        assert [each.id for each in found] == expected
        assert [each.index for each in found] == sorted(each.index for each in found)
        assert [each.time for each in found] == sorted(each.time for each in found)
        for cut in range(len(found)):
            assert list(ledger.transactions(account, after=found[cut].index)) == found[cut + 1 :]
    assert [each.id for each in ledger.transactions(ANN.account)][1:] == sent
    first = next(ledger.transactions(ANN.account))
    assert first.signed.transaction.operations[0] == Mint(asset=BEAN, to=ANN.account, amount=FUNDS)
    assert list(ledger.transactions(key("nobody").account)) == []
    for identifier in sent:
        index = ledger.index_of(identifier)
        assert index is not None
        applied = decode_entry(ledger.entry(index))
        assert isinstance(applied, Applied)
        assert applied.signed.id == identifier
    assert ledger.index_of(bytes(32)) is None


def test_transactions_survive_reopening(tmp_path):
    with create(tmp_path / "l") as ledger:
        ids = [ledger.transfer(ANN, BEAN, to=BOB.account, amount=1).id for _ in range(5)]
        ledger.flush()
        ids += [ledger.transfer(ANN, BEAN, to=BOB.account, amount=1).id for _ in range(5)]
    with Ledger.open(tmp_path / "l") as ledger:
        assert [each.id for each in ledger.transactions(BOB.account)] == ids
        assert ledger.index_of(ids[7]) is not None


def test_more_than_a_page_of_transactions(ledger):
    ledger.apply([gift(ledger) for _ in range(1_005)]).raise_for_status()
    assert len(list(ledger.transactions(BOB.account))) == 1_005
    assert len(list(ledger.entries())) == ledger.size
    assert len(list(ledger.events())) == ledger.size


def test_events_resume_after_a_cursor(ledger):
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    ledger.checkpoint()
    ledger.rotate_operator(key("operator 2"))
    events = list(ledger.events())
    kinds = [type(event.entry) for event in events]
    assert kinds == [Genesis, Commit, Applied, Applied, Applied, Commit, OperatorChange, Commit]
    assert [event.index for event in events] == list(range(8))
    for cut in range(8):
        assert list(ledger.events(after=cut)) == events[cut + 1 :]
    assert list(ledger.events(after=10**9)) == []
    last = ledger.size - 1
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    assert [event.index for event in ledger.events(after=last)] == [last + 1]
    with pytest.raises(LookupError):
        ledger.entry(ledger.size)


def test_a_ledger_changed_while_it_is_iterated(ledger):
    """What is read page by page goes on, whatever happens between the pages."""
    for number in range(12):
        payees = [Payee(hashlib.sha256(bytes([number, n])).digest(), 1) for n in range(200)]
        ledger.execute([Pay(asset=BEAN, sender=ANN.account, payees=payees)], ANN)
    ledger.checkpoint()
    seen = set()
    for count, (account, _) in enumerate(ledger.holders(BEAN)):
        assert account not in seen
        seen.add(account)
        if count % 700 == 0:
            ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
            ledger.flush()
    assert len(seen) >= 2_401


# Time.


def test_times_ahead_of_the_clock_are_refused(ledger):
    now = time.time_ns() // 1_000_000
    before = standing(ledger)
    with pytest.raises(LedgerTimeError, match="60 s ahead"):
        ledger.apply([gift(ledger)], time=now + 61_000)
    with pytest.raises(LedgerTimeError, match="60 s ahead"):
        ledger.submit(gift(ledger), time=now + 61_000).result(10)
    with pytest.raises(LedgerTimeError, match="60 s ahead"):
        ledger.apply([gift(ledger)], time=now + 61_000, dry_run=True)
    with pytest.raises(LedgerTimeError, match="60 s ahead"):
        ledger.checkpoint(time=now + 61_000)
    assert standing(ledger) == before
    valid = now + 120_000
    assert ledger.apply([gift(ledger, valid_until=valid)], time=now + 58_000)[0].ok
    assert ledger.time == now + 58_000
    assert ledger.apply([gift(ledger, valid_until=valid)])[0].ok, "the clock being behind, the last time goes on"
    with pytest.raises(LedgerTimeError, match="never goes back"):
        ledger.apply([gift(ledger)], time=now)


def test_a_genesis_ahead_of_the_clock_is_refused(tmp_path):
    with pytest.raises(LedgerTimeError, match="60 s ahead"):
        Ledger.create(tmp_path / "l", origin=ORIGIN, operator=OPERATOR, time=time.time_ns() // 1_000_000 + 65_000)
    assert not (tmp_path / "l").exists()


def test_commits_by_time(tmp_path):
    with create(tmp_path / "l", commit_every_ms=20) as ledger:
        height = ledger.height
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        deadline = time.monotonic() + 20
        while True:
            note = ledger.last_checkpoint
            assert note is not None
            if ledger.height > height and Verifier(ledger.verifier_key).checkpoint(note).tree_size == ledger.size:
                break
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert Verifier(ledger.verifier_key).balance(bytes(ledger.prove_balance(BEAN, BOB.account))).amount == 1
        quiet = ledger.size
        time.sleep(0.3)
        assert ledger.size == quiet, "where nothing changes nothing is committed"


def test_no_commit_by_time_unless_wanted(ledger):
    size, height = ledger.size, ledger.height
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
    time.sleep(1.3)
    assert (ledger.size, ledger.height) == (size + 1, height)


def test_a_heartbeat(ledger):
    """A checkpoint of a ledger that did not change says that it is alive, at a later time."""
    first = ledger.checkpoint()
    root, size = ledger.state_root, ledger.size
    time.sleep(0.01)
    second = ledger.checkpoint()
    assert first != second
    assert (ledger.state_root, ledger.size) == (root, size + 1)
    verifier = Verifier(ledger.verifier_key)
    proof = ledger.prove_consistency(size, size + 1)
    assert verifier.consistency(first, second, proof).tree_size == size + 1


def test_a_checkpoint_is_of_now_unless_the_last_transactions_state_their_time(tmp_path):
    """A service that restarts and only signs is no older for it; a ledger that replays the past stays in it."""
    start = 1_451_563_200_000
    with Ledger.create(tmp_path / "l", origin=ORIGIN, operator=OPERATOR, time=start, commit_every_ms=None) as ledger:
        bean = ledger.create_asset(ROASTER, "BEAN", time=start)
        ledger.mint(ROASTER, bean, to=ANN.account, amount=5, time=start + 1)
    with Ledger.open(tmp_path / "l", operator=OPERATOR, commit_every_ms=5) as ledger:
        assert ledger.time == start + 1, "commits that nobody asked for keep to the log's time"
        ledger.mint(ROASTER, bean, to=ANN.account, amount=5, time=start + 2)
        ledger.checkpoint()
        assert ledger.time == start + 2
    with Ledger.open(tmp_path / "l", operator=OPERATOR, commit_every_ms=None) as ledger:
        before = time.time_ns() // 1_000_000
        ledger.checkpoint()
        assert before <= ledger.time <= time.time_ns() // 1_000_000
        statement = ledger.prove_balance(bean, ANN.account)
        assert Verifier(ledger.verifier_key).balance(bytes(statement), max_age_ms=60_000).amount == 10


# Proofs.


def test_guardians_recovery_and_alias_are_read(ledger):
    assert (ledger.guardians(ANN.account), ledger.recovery(ANN.account)) == (None, None)
    friends = sorted([BOB.account, ROASTER.account])
    day = 86_400_000
    ledger.execute([SetGuardians(account=ANN.account, threshold=1, guardians=friends, delay_ms=day)], ANN)
    started = time.time_ns() // 1_000_000
    ledger.execute([Recover(account=ANN.account, keys=[KeyGrant(BOB.public)])], BOB, time=started)
    assert ledger.guardians(ANN.account) == GuardiansRecord(1, tuple(friends), day)
    assert ledger.recovery(ANN.account) == RecoveryRecord(started, started + day, 1, (KeyGrant(BOB.public),))
    with pytest.raises(RejectedError) as refused:
        ledger.execute([FinishRecovery(account=ANN.account)], BOB)
    assert refused.value.status is Status.recovery_pending
    ledger.execute([CancelRecovery(account=ANN.account)], ANN)
    assert ledger.recovery(ANN.account) is None
    ledger.execute([Alias(account=ANN.account, into=BOB.account)], ANN, BOB)
    record = ledger.account(ANN.account)
    assert (record.is_alias, record.into, record.epoch, record.is_programme) == (True, BOB.account, 1, False)
    ledger.checkpoint()
    verifier = Verifier(ledger.verifier_key)
    for table, value in (("accounts", record), ("guardians", ledger.guardians(ANN.account)), ("recoveries", None)):
        assert verifier.record(bytes(ledger.prove(table, ANN.account))).value == value


def test_proofs_of_presence_absence_and_of_tables_that_are_not_there(ledger):
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=120)
    ledger.checkpoint()
    verifier = Verifier(ledger.verifier_key)
    for account, amount in ((ANN, FUNDS - 120), (BOB, 120), (ROASTER, 0)):
        claim = verifier.balance(bytes(ledger.prove_balance(BEAN, account.account)))
        assert (claim.amount, claim.supply) == (amount, FUNDS)
    nothing = asset_id(BOB.account, "NONE")
    claim = verifier.balance(bytes(ledger.prove_balance(nothing, ANN.account)))
    assert (claim.amount, claim.supply) == (0, 0)
    assert verifier.record(bytes(ledger.prove("assets", BEAN))).value == ledger.asset(BEAN)
    assert verifier.record(bytes(ledger.prove("assets", nothing))).value is None
    assert verifier.record(bytes(ledger.prove("accounts", ANN.account))).value is None
    assert verifier.record(bytes(ledger.prove("once", bytes(32)))).value is None
    assert verifier.record(bytes(ledger.prove("freezes", ANN.account, key=BEAN))).value is None


def test_a_statement_is_about_the_last_checkpoint(ledger, tmp_path):
    ledger.checkpoint()
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=5)
    verifier = Verifier(ledger.verifier_key)
    assert verifier.balance(bytes(ledger.prove_balance(BEAN, BOB.account))).amount == 0
    ledger.checkpoint()
    statement = ledger.prove_balance(BEAN, BOB.account)
    statement.save(tmp_path / "bob.statement")
    assert verifier.balance((tmp_path / "bob.statement").read_bytes()).amount == 5


@pytest.mark.parametrize("count", [1, 2, 7, 64, 300])
def test_every_holder_can_prove_it(tmp_path, count):
    """Trees of many shapes, flushed and not."""
    accounts = [hashlib.sha256(bytes([number % 256, number // 256])).digest() for number in range(count)]
    with create(tmp_path / "l") as ledger:
        payees = [Payee(account, 1 + number) for number, account in enumerate(accounts)]
        ledger.execute([Pay(asset=BEAN, sender=ANN.account, payees=payees)], ANN)
        ledger.checkpoint()
        for flushed in (False, True):
            if flushed:
                ledger.flush()
                ledger.checkpoint()
            verifier = Verifier(ledger.verifier_key)
            for number, account in list(enumerate(accounts))[:: max(1, count // 20)]:
                claim = verifier.balance(bytes(ledger.prove_balance(BEAN, account)))
                assert (claim.amount, claim.supply) == (1 + number, FUNDS)
                absent = hashlib.sha256(account).digest()
                assert verifier.balance(bytes(ledger.prove_balance(BEAN, absent))).amount == 0


def test_receipts(ledger):
    outcome = ledger.transfer(ANN, BEAN, to=BOB.account, amount=5)
    assert outcome.index is not None
    with pytest.raises(LookupError, match="checkpoint"):
        ledger.prove_transaction(outcome.id)
    with pytest.raises(LookupError, match="was not applied"):
        ledger.prove_transaction(bytes(32))
    ledger.checkpoint()
    verifier = Verifier(ledger.verifier_key)
    receipt = ledger.prove_transaction(outcome.id)
    assert str(receipt).startswith("c2sp.org/tlog-proof@v1\n")
    claim = verifier.receipt(bytes(receipt))
    assert (claim.id, claim.index) == (outcome.id, outcome.index)
    for index in range(ledger.size):
        ledger.prove_entry(index)
    with pytest.raises(LookupError):
        ledger.prove_entry(ledger.size)


def test_checkpoints_are_consistent_with_each_other(ledger):
    notes = [ledger.last_checkpoint or ""]
    sizes = [2]
    for number in range(1, 12):
        ledger.apply([gift(ledger) for _ in range(number)]).raise_for_status()
        notes.append(ledger.checkpoint())
        sizes.append(ledger.size)
    verifier = Verifier(ledger.verifier_key)
    for old in range(len(notes)):
        for new in range(old, len(notes)):
            proof = ledger.prove_consistency(sizes[old], sizes[new])
            assert verifier.consistency(notes[old], notes[new], proof).tree_size == sizes[new]
            assert verifier.checkpoint(notes[new]).root_hash == ledger.log_root(sizes[new])
            if proof:
                with pytest.raises(ProofError):
                    verifier.consistency(notes[old], notes[new], proof[:-1])
    with pytest.raises((ValueError, LookupError)):
        ledger.prove_consistency(5, 4)
    with pytest.raises(LookupError):
        ledger.prove_consistency(5, ledger.size + 1)


# The operator.


def test_rotating_the_operator(tmp_path):
    heir = key("heir")
    with create(tmp_path / "l") as ledger:
        old_note, old_verifier = ledger.checkpoint(), Verifier(ledger.verifier_key)
        ledger.rotate_operator(heir)
        new_note, new_verifier = ledger.last_checkpoint or "", Verifier(ledger.verifier_key)
        assert old_verifier.checkpoint(old_note).tree_size < new_verifier.checkpoint(new_note).tree_size
        for verifier, note in ((old_verifier, new_note), (new_verifier, old_note)):
            with pytest.raises(ProofError):
                verifier.checkpoint(note)
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        new_verifier.checkpoint(ledger.checkpoint())
        assert new_verifier.balance(bytes(ledger.prove_balance(BEAN, BOB.account))).amount == 1
        vkey = ledger.verifier_key
    with pytest.raises(OperatorKeyError, match="the operator key given is"):
        Ledger.open(tmp_path / "l", operator=OPERATOR)
    with Ledger.open(tmp_path / "l", operator=heir) as ledger:
        assert ledger.verifier_key == vkey
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        new_verifier.checkpoint(ledger.checkpoint())
        ledger.rotate_operator(OPERATOR)
        old_verifier.checkpoint(ledger.last_checkpoint or "")
    report = fsck(tmp_path / "l", full=True)
    (tmp_path / "l" / "state" / "data.mdb").unlink()
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        assert ledger.state_root == report["state_root"]
        assert ledger.log_root() == report["log_root"]


def test_rotating_while_transactions_come_in(tmp_path):
    with create(tmp_path / "l", commit_every_ms=1) as ledger, watchdog(60):
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(8):
            ledger.rotate_operator(key(f"operator {number}"))
        stop.set()
        for thread in threads:
            thread.join()
        Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
    fsck(tmp_path / "l", full=True)
    with Ledger.open(tmp_path / "l", operator=key("operator 7")) as ledger:
        Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())


def test_without_the_operator_key(tmp_path):
    create(tmp_path / "l").close()
    with Ledger.open(tmp_path / "l") as ledger:
        ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)
        for call in (ledger.checkpoint, lambda: ledger.rotate_operator(key("heir"))):
            with pytest.raises(OperatorKeyError, match="no operator key"):
                call()
        ledger.flush()
        with pytest.raises(OperatorKeyError):
            ledger.prove_balance(BEAN, BOB.account)
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        assert ledger.last_checkpoint is not None, "opening with the key signs what had no note"
        claim = Verifier(ledger.verifier_key).balance(bytes(ledger.prove_balance(BEAN, BOB.account)))
        assert claim.amount == 1


def test_with_another_operator_key(tmp_path):
    create(tmp_path / "l").close()
    before = files(tmp_path / "l")
    with pytest.raises(OperatorKeyError, match=r"the operator key given is .*, the ledger's is "):
        Ledger.open(tmp_path / "l", operator=ANN)
    assert files(tmp_path / "l") == before
    with Ledger.open(tmp_path / "l", operator=OPERATOR):
        pass


def test_the_governor_sets_parameters(tmp_path):
    parameters = Parameters(governor=ROASTER.account, operations_max=2, window_ms=300_000)
    with create(tmp_path / "l", parameters=parameters) as ledger:
        assert ledger.parameters == ledger.genesis.parameters == parameters
        wider = Parameters(governor=BOB.account, operations_max=3)
        with pytest.raises(RejectedError, match="unauthorized"):
            ledger.execute([SetParameters(parameters=wider)], ANN)
        ledger.execute([SetParameters(parameters=wider)], ROASTER)
        assert ledger.parameters == wider
        assert ledger.genesis.parameters == parameters
        with pytest.raises(RejectedError, match="unauthorized"):
            ledger.execute([SetParameters(parameters=parameters)], ROASTER)
        many = [Transfer(asset=BEAN, sender=ANN.account, to=BOB.account, amount=1)] * 4
        with pytest.raises(RejectedError, match="too_many_operations"):
            ledger.execute(many, ANN)
        ledger.execute(many[:3], ANN)
        ledger.checkpoint()
    with Ledger.open(tmp_path / "l") as ledger:
        assert ledger.parameters == wider
    with create(tmp_path / "fixed") as ledger, pytest.raises(RejectedError, match="not_governed"):
        ledger.execute([SetParameters(parameters=parameters)], ROASTER)


def test_only_listed_accounts_create_assets(tmp_path):
    parameters = Parameters(asset_creators=[ROASTER.account])
    with create(tmp_path / "l", parameters=parameters) as ledger, pytest.raises(RejectedError, match="creator_not"):
        ledger.create_asset(ANN, "ANN")


# Read-only.


def test_a_reader_refuses_to_write(tmp_path):
    with create(tmp_path / "l") as ledger:
        signed = gift(ledger)
        note = ledger.checkpoint()
    before = files(tmp_path / "l")
    with Ledger.open(tmp_path / "l", read_only=True) as reader:
        calls = [
            lambda: reader.apply([signed]),
            lambda: reader.apply([signed], dry_run=True),
            lambda: reader.submit(signed),
            lambda: reader.transfer(ANN, BEAN, to=BOB.account, amount=1),
            reader.checkpoint,
            reader.flush,
            lambda: reader.rotate_operator(ANN),
            lambda: reader.confirm(note),
        ]
        for call in calls:
            with pytest.raises(ReadOnlyError, match="read-only"):
                call()
        assert reader.balance(BEAN, ANN.account) == FUNDS
        assert reader.last_checkpoint == note
        assert [each.id for each in reader.transactions(ANN.account)]
        Verifier(reader.verifier_key).balance(bytes(reader.prove_balance(BEAN, ANN.account)))
        assert reader.stats()["entries"] == reader.size
    assert files(tmp_path / "l") == before


def test_one_handle_in_a_process(ledger):
    for read_only in (False, True):
        with pytest.raises(LockedError, match="open elsewhere"):
            Ledger.open(ledger.path, read_only=read_only)
    with pytest.raises(LockedError):
        fsck(ledger.path)
    ledger.transfer(ANN, BEAN, to=BOB.account, amount=1)


def test_stats(ledger):
    stats = ledger.stats()
    assert stats["entries"] == ledger.size == 4
    assert stats["height"] == 0
    assert stats["log_bytes"] == (ledger.path / "log" / "data.mdb").stat().st_size
    assert stats["seen_transactions"] == 2
    assert stats["signature_backend"] in {"avx512", "avx2", "serial"}
    assert stats["hash_backend"] in {"avx512", "single"}
    ledger.checkpoint()
    assert ledger.stats()["uncommitted_records"] == 0


# Threads.


def test_everything_at_once(tmp_path):
    """One handle in many threads, and all of its calls, for a few seconds: nothing is inconsistent, nothing sticks."""
    people = [key(f"member {number}") for number in range(10)]
    problems: list[BaseException] = []
    counts: dict[str, int] = {}
    stop = threading.Event()
    options: dict[str, Any] = {"commit_every_ms": 3, "flush_records": 40, "map_bytes": 1 << 18}
    with watchdog(120), create(tmp_path / "l", **options) as ledger:
        for person in people:
            ledger.transfer(ANN, BEAN, to=person.account, amount=1_000)
        ledger.checkpoint()
        verifier = Verifier(ledger.verifier_key)

        def transfer(number: int) -> None:
            sender, to = people[number % 10], people[(number * 7 + 1) % 10]
            if sender is not to:
                ledger.apply([gift(ledger, 1 + number % 3, to.account, sender) for _ in range(3)])

        def submit(number: int) -> None:
            pending = [ledger.submit(gift(ledger, 1, people[(number + n) % 10].account)) for n in range(10)]
            for each in pending:
                each.result(60).raise_for_status()

        def read(number: int) -> None:
            found = dict(ledger.holders(BEAN))
            assert sum(holding.amount for holding in found.values()) == FUNDS == ledger.supply(BEAN)
            assert ledger.holding(BEAN, people[number % 10].account).amount >= 0

        def prove(number: int) -> None:
            claim = verifier.balance(bytes(ledger.prove_balance(BEAN, people[number % 10].account)))
            assert claim.supply == FUNDS

        def receipt(number: int) -> None:
            note = ledger.last_checkpoint
            assert note is not None
            index = number % (verifier.checkpoint(note).tree_size)
            if ledger.entry(index)[0] == 1:
                verifier.receipt(bytes(ledger.prove_entry(index)))

        def history(number: int) -> None:
            found = [each.index for each in ledger.transactions(people[number % 10].account)]
            assert found == sorted(set(found))
            assert len(list(ledger.events(after=max(0, ledger.size - 50)))) >= 13

        def commit(number: int) -> None:
            verifier.checkpoint(ledger.checkpoint())
            if number % 5 == 0:
                ledger.flush()

        def dry(_number: int) -> None:
            assert ledger.apply([gift(ledger, 1)], dry_run=True)[0].ok
            ledger.stats()

        def loop(work: Any) -> None:
            number = 0
            try:
                while not stop.is_set():
                    work(number)
                    number += 1
            except BaseException as error:  # noqa: BLE001 - shown below
                problems.append(error)
                stop.set()
            counts[work.__name__] = number

        works = [transfer, transfer, submit, read, prove, receipt, history, commit, dry]
        threads = [threading.Thread(target=loop, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        stop.wait(4)
        stop.set()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        assert all(counts.values()), counts
        root = ledger.checkpoint() and ledger.state_root
    assert fsck(tmp_path / "l", full=True)["state_root"] == root


def test_a_big_apply_lets_other_threads_run(ledger):
    """The interpreter's lock is let go: another thread counts on while a batch is applied."""
    made = frame([bytes(gift(ledger)) for _ in range(6_000)])
    ticks = []
    running = threading.Event()
    done = threading.Event()

    def tick() -> None:
        running.set()
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    running.wait()
    start = time.perf_counter()
    outcomes = ledger.apply(made)
    end = time.perf_counter()
    done.set()
    thread.join()
    assert outcomes.applied == 6_000
    during = [moment for moment in ticks if start < moment < end]
    assert len(during) > (end - start) / 0.0005 / 20, (len(during), end - start)
