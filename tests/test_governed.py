"""An account that is governed, and what is shared out, read in Python and on the command line, and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

pytest.importorskip("counterfoil._core")
pytest.importorskip("typer")

from counterfoil import Key, Ledger
from counterfoil.exceptions import RejectedError
from counterfoil.ops import (
    Article,
    Collect,
    Conclude,
    Constitution,
    Delegate,
    Deposit,
    Distribute,
    Execute,
    Hold,
    HoldersElectorate,
    KeyGrant,
    Open,
    Part,
    Propose,
    Rank,
    Ranked,
    Ranking,
    ReleaseSnapshot,
    Resolved,
    Rule,
    SetConstitution,
    Settle,
    Share,
    Shares,
    Snapshot,
    SnapshotBasis,
    Terms,
    Transfer,
    Vote,
    constitution_hash,
    distribution_id,
    hold_id,
    named_account,
    proposal_id,
    rule_hash,
    snapshot_id,
)
from counterfoil.status import Status
from counterfoil.verify import (
    TABLES,
    DelegationRecord,
    Executed,
    LiveSnapshot,
    LotAmount,
    ProposalExecuted,
    ProposalPassed,
    ResolutionRecord,
    Verifier,
    VoteRecord,
    delegation_id,
    ranking_id,
    resolution_id,
)

from tests.test_cli import as_json, fails, ok

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATOR, ANN, BOB, CAM = (Key.from_seed(bytes([number]) * 32) for number in range(51, 55))
A, B, C = ANN.account, BOB.account, CAM.account
TIME, DAY = 1_770_000_000_000, 86_400_000
CLUB = named_account(A, bytes(16))
SUBJECT, TITLE = b"s" * 32, b"t" * 32
SPENDING, CHOICE = proposal_id(CLUB, A, bytes(16)), proposal_id(CLUB, A, b"c" * 16)
DIVIDEND, REWARD = distribution_id(A, bytes(16)), hold_id(A, bytes(16))


class World(NamedTuple):
    """A club of Ann, Bob and Cam, who vote on what it spends, and get a dividend."""

    path: Path
    vkey: str
    size: int
    share: bytes
    euro: bytes
    rules: tuple[Rule, Rule]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("governed") / "club.ledger"
    with Ledger.create(folder, origin="club.example/votes", operator=OPERATOR, time=TIME) as ledger:
        return tell(ledger)


@pytest.fixture
def ledger(world: World) -> Iterator[Ledger]:
    with Ledger.open(world.path) as opened:
        yield opened


def tell(ledger: Ledger) -> World:
    """The whole story: a vote and a choice, an execution, and a dividend."""
    keys = ANN.on(CLUB)
    ledger.execute([Open(opener=A, salt=bytes(16), keys=[KeyGrant(ANN.public)])], ANN, time=TIME)
    share = ledger.create_asset(keys, "SHARE", time=TIME)
    euro = ledger.create_asset(ANN, "EUR", decimals=2, time=TIME)
    for account, amount in ((A, 300), (B, 100), (C, 60)):
        ledger.mint(keys, share, to=account, amount=amount, time=TIME)
    for account, amount in ((CLUB, 1_000), (A, 1_000)):
        ledger.mint(ANN, euro, to=account, amount=amount, time=TIME)
    holders = HoldersElectorate(share)
    shared = {"electorate": holders, "voting_ms": DAY, "execution_ms": 30 * DAY, "snapshot_ms": DAY}
    rules = Rule(quorum_bps=1_000, deposit=Deposit(euro, 5), **shared), Rule(form=Ranked(2), **shared)
    articles = [Article(operations=[Transfer], rules=[0]), Article(operations=[SetConstitution], rules=[0])]
    constitution = Constitution(rules, articles)
    ledger.execute([SetConstitution(account=CLUB, constitution=constitution)], keys, time=TIME)
    spending = [Transfer(asset=euro, sender=CLUB, to=B, amount=100)]
    ledger.execute(
        [
            Propose(account=CLUB, proposer=A, salt=bytes(16), rule=0, title=TITLE, subject=SUBJECT, options=[spending]),
            Propose(account=CLUB, proposer=A, salt=b"c" * 16, rule=1, title=TITLE, options=[[], [], []]),
            Delegate(account=CLUB, delegator=A, to=B),
        ],
        ANN,
        time=TIME + 1,
    )
    ledger.transfer(ANN, share, to=C, amount=50, time=TIME + 2)
    ledger.execute(
        [
            Vote(proposal=SPENDING, voter=B, members=[B, A], ballot=Shares([1, 0, 0])),
            Vote(proposal=CHOICE, voter=B, ballot=Rank([2, 0])),
        ],
        BOB,
        time=TIME + 3,
    )
    ledger.execute(
        [
            Vote(proposal=SPENDING, voter=C, ballot=Shares([0, 1, 1])),
            Vote(proposal=CHOICE, voter=C, ballot=Rank([1])),
        ],
        CAM,
        time=TIME + 4,
    )
    due = TIME + 1 + DAY
    rankings = list(ledger.rankings(CHOICE))
    ledger.execute([Conclude(proposal=SPENDING), Conclude(proposal=CHOICE, rankings=rankings)], CAM, time=due)
    assert ledger.proposal(SPENDING).state == ProposalPassed(0, due)  # type: ignore[union-attr]
    reward = Terms(settle_if=Resolved(CLUB, rule_hash(rules[0]), SUBJECT), payees=[Share(C)], deadline=due + DAY)
    ledger.execute([Hold(payer=A, salt=bytes(16), asset=euro, amount=7, terms=reward)], ANN, time=due)
    ledger.execute([Execute(proposal=SPENDING, actions=spending), Settle(hold=REWARD)], CAM, time=due + 1)
    ledger.execute([Snapshot(asset=share, until=due + 10 * DAY)], keys, time=due + 2)
    basis = SnapshotBasis(share, 2, [CLUB])
    dividend = Distribute(
        fund=A, salt=bytes(16), asset=euro, amount=46, basis=basis, deadline=due + 5 * DAY, leftover=A
    )
    ledger.execute([dividend], ANN, time=due + 3)
    ledger.transfer(ANN, share, to=B, amount=250, time=due + 4)
    ledger.execute([Collect(distribution=DIVIDEND, parts=[Part(C), Part(A)])], BOB, time=due + 5)
    ledger.checkpoint(time=due + 6)
    return World(ledger.path, ledger.verifier_key, ledger.size, share, euro, rules)


def test_what_was_decided_is_read(world: World, ledger: Ledger) -> None:
    due = TIME + 1 + DAY
    account, constitution = ledger.account(CLUB), ledger.constitution(CLUB)
    assert account is not None
    assert constitution is not None
    assert (account.is_governed, account.threshold, len(account.keys)) == (True, 1, 1)
    assert (constitution.since, constitution.constitution.rules) == (TIME, world.rules)
    proposal = ledger.proposal(SPENDING)
    assert proposal is not None
    assert proposal.state == ProposalExecuted(0, due + 1)
    assert proposal.constitution == constitution_hash(constitution.constitution)
    assert (proposal.terms, proposal.snapshot, proposal.electorate) == (world.rules[0], 1, 460)
    assert (proposal.counts, proposal.cast, proposal.decided, proposal.voters) == ((400, 30, 30), 460, 430, 3)
    assert (proposal.starts, proposal.ends, proposal.due, proposal.lapses) == (TIME + 1, due, due, due + 30 * DAY)
    votes = dict(ledger.votes(SPENDING))
    assert votes[A] == ledger.vote(SPENDING, A) == VoteRecord(B, 1, 300, Shares([1, 0, 0]))
    assert votes[B] == VoteRecord(B, 0, 100, Shares([1, 0, 0]))
    assert votes[C] == VoteRecord(C, 0, 60, Shares([0, 1, 1]))
    assert len(votes) == 3
    assert ledger.vote(SPENDING, CLUB) is None
    rankings = sorted(ledger.rankings(CHOICE), key=lambda ranking: ranking.options)
    assert rankings == [Ranking((1,), 60), Ranking((2, 0), 100)]
    assert list(ledger.rankings(SPENDING)) == []
    choice = ledger.proposal(CHOICE)
    assert choice is not None
    assert (choice.state, choice.counts, choice.snapshot) == (ProposalPassed(2, due), (0, 60, 100, 0), 1)
    assert ledger.delegation(CLUB, A) == DelegationRecord(CLUB, A, B, TIME + 1)
    assert ledger.delegation(CLUB, B) is None
    resolution = ResolutionRecord(CLUB, rule_hash(world.rules[0]), SUBJECT, 0, SPENDING, due)
    assert ledger.resolution(CLUB, rule_hash(world.rules[0]), SUBJECT) == resolution
    assert ledger.resolution(CLUB, rule_hash(world.rules[1]), SUBJECT) is None
    assert (ledger.balance(world.euro, CLUB), ledger.balance(world.euro, SPENDING)) == (900, 0)


def test_keys_do_not_do_what_needs_a_proposal(world: World, ledger: Ledger) -> None:
    spend = Transfer(asset=world.euro, sender=CLUB, to=A, amount=1)
    with pytest.raises(RejectedError) as caught:
        ledger.execute([spend], ANN.on(CLUB), time=ledger.time, dry_run=True)
    assert caught.value.status is Status.needs_proposal


def test_snapshots_are_read(world: World, ledger: Ledger) -> None:
    due, share = TIME + 1 + DAY, world.share
    record = ledger.asset(share)
    assert record is not None
    assert (record.snapshots_taken, record.snapshots[-1]) == (2, LiveSnapshot(2, due + 10 * DAY))
    first, second = ledger.snapshot(share, 1), ledger.snapshot(share, 2)
    assert first is not None
    assert second is not None
    # That of a proposal is kept for a week after the vote, to count it again.
    assert (first.opened, first.until, first.supply) == (TIME + 1, due + 7 * DAY, 460)
    assert (second.opened, second.supply) == (due + 2, 460)
    for account, before, between, now in ((A, 300, 250, 0), (B, 100, 100, 350), (C, 60, 110, 110), (CLUB, 0, 0, 0)):
        units = [ledger.units_at(share, account, number) for number in (1, 2)]
        assert [*units, ledger.balance(share, account)] == [before, between, now]
    for asset, number in ((share, 3), (share, 0), (world.euro, 1)):
        with pytest.raises(LookupError, match=f"no live snapshot {number}"):
            ledger.units_at(asset, A, number)
    past = ledger.as_of(due + 2)
    assert (past.units_at(share, A, 1), past.units_at(share, A, 2)) == (300, 250)
    assert ledger.as_of(TIME).snapshot(share, 1) is None


def test_a_distribution_is_read(world: World, ledger: Ledger) -> None:
    record = ledger.distribution(DIVIDEND)
    assert record is not None
    assert (record.amount, record.whole, record.basis) == (46, 460, SnapshotBasis(world.share, 2, [CLUB]))
    assert (record.collected, record.parts, record.closed) == (36, 2, False)
    assert [ledger.collected(DIVIDEND, account) for account in (A, B, C)] == [25, 0, 11]
    assert ledger.balance(world.euro, DIVIDEND) == 10
    assert ledger.distribution(SPENDING) is None


def test_receipts_tell_what_actions_did(world: World, ledger: Ledger) -> None:
    verifier = Verifier(world.vkey)
    claims = {}
    for applied in ledger.transactions(C):
        claim = verifier.receipt(bytes(ledger.prove_transaction(applied.id)))
        assert claim.effects == applied.effects
        claims |= {operation.wire_name: claim for operation in claim.transaction.operations}
    execute = claims["execute"]
    assert isinstance(execute.effects[0], Executed)
    assert len(execute.effects[0].effects) == 1
    assert execute.effects[1].taken == (LotAmount(0, 7),)
    assert execute.transaction.operations[0].actions[0].amount == 100


def records(world: World) -> dict[str, tuple[bytes, bytes, list[Any]]]:
    """The table key and the id of a record of each table, and what names it on the command line."""
    rule, share = rule_hash(world.rules[0]), world.share
    return {
        "constitutions": (b"", CLUB, [CLUB]),
        "proposals": (b"", SPENDING, [SPENDING]),
        "votes": (SPENDING, A, [SPENDING, A]),
        "rankings": (CHOICE, ranking_id(CHOICE, [2, 0]), [CHOICE, "2,0"]),
        "delegations": (b"", delegation_id(CLUB, A), [CLUB, A]),
        "resolutions": (b"", resolution_id(CLUB, rule, SUBJECT), [CLUB, rule, SUBJECT]),
        "snapshots": (b"", snapshot_id(share, 2), [share, 2]),
        "saved": (share, A, [share, A]),
        "distributions": (b"", DIVIDEND, [DIVIDEND]),
        "collected": (DIVIDEND, A, [DIVIDEND, A]),
    }


def test_records_are_proven_in_python_and_on_the_command_line(world: World, tmp_path: Path) -> None:
    verifier = Verifier(world.vkey)
    named = records(world)
    assert set(named) == set(list(TABLES)[-10:])
    with Ledger.open(world.path) as ledger:
        proven = {
            table: bytes(ledger.prove(table, record, key=key or None)) for table, (key, record, _) in named.items()
        }
        absent = {table: bytes(ledger.prove(table, b"?" * 32, key=key or None)) for table, (key, _, _) in named.items()}
    for table, (key, identifier, parts) in named.items():
        claim = verifier.record(proven[table], table=table, key=key, record_id=identifier)
        assert claim.present, table
        assert not verifier.record(absent[table], table=table).present
        texts = [part.hex() if isinstance(part, bytes) else part for part in parts]
        file = tmp_path / table
        ok("prove", "record", table, *texts, "-l", world.path, "-o", file)
        assert verifier.record(file.read_bytes(), table=table).raw == claim.raw
        shown = as_json("verify", file, "--vkey", world.vkey)
        assert shown["present"], table
    value = as_json("verify", tmp_path / "proposals", "--vkey", world.vkey)["value"]
    assert (value["state"]["kind"], value["counts"]) == ("executed", ["400", "30", "30"])
    assert (value["terms"]["electorate"]["kind"], value["terms"]["form"]["kind"]) == ("holders", "yes_no")
    value = as_json("verify", tmp_path / "votes", "--vkey", world.vkey)["value"]
    assert value["ballot"] == {"kind": "shares", "shares": ["1", "0", "0"]}
    value = as_json("verify", tmp_path / "constitutions", "--vkey", world.vkey)["value"]
    assert [article["operations"] for article in value["constitution"]["articles"]] == [
        ["transfer"],
        ["set_constitution"],
    ]
    for options in ("", "a", "1,", "16", "-1", "0 1", ",".join(["1"] * 17)):
        fails(2, "prove", "record", "rankings", "-l", world.path, "--", CHOICE.hex(), options, says="options: expected")


def test_the_command_line_shows_it(world: World) -> None:
    path = world.path
    shown = " ".join(ok("account", CLUB.hex(), "-l", path).split())
    for line in ("governed: its constitution says", "constitution", "rules 2", "transfer by rule 0"):
        assert line in shown, line
    made = as_json("account", CLUB.hex(), "-l", path)
    assert (made["record"]["kind"], made["constitution"]["since"]) == ("governed", TIME)
    listed = as_json("account", "-l", path)["accounts"]
    assert {one["account"]: one["kind"] for one in listed}[CLUB.hex()] == "governed"
    shown = " ".join(ok("asset", world.share.hex(), "-l", path).split())
    assert "snapshot 1, until" in shown
    assert "snapshot 2, until" in shown
    made = as_json("asset", world.share.hex(), "-l", path)
    assert [one["number"] for one in made["snapshots"]] == [1, 2]
    shown = " ".join(" ".join(ok("log", entry, "-l", path).split()) for entry in range(1, world.size))
    for line in (
        "set_constitution acct1",
        ", 2 rules, 2 articles",
        "propose to acct1",
        ", 1 option",
        ", 3 options",
        "delegate of did:key",
        "shares 1 0 0 for 2 members",
        "rank 2 0",
        f"conclude {SPENDING.hex()[:16]}…",
        f"execute {SPENDING.hex()[:16]}…: transfer",
        "snapshot SHARE until 2026",
        "distribute 0.46 EUR of did:key",
        "collect 2 parts of",
    ):
        assert line in shown, line


def test_what_is_over_is_read_no_more(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "l", origin="club.example/over", operator=OPERATOR, time=TIME) as ledger:
        bean = ledger.create_asset(ANN, "BEAN", time=TIME)
        ledger.mint(ANN, bean, to=B, amount=5, time=TIME)
        ledger.execute([Snapshot(asset=bean, until=TIME + 10)], ANN, time=TIME)
        ledger.mint(ANN, bean, to=B, amount=5, time=TIME + 9)
        assert ledger.units_at(bean, B, 1) == 5
        ledger.mint(ANN, bean, to=B, amount=5, time=TIME + 10)
        with pytest.raises(LookupError, match="no live snapshot 1"):
            ledger.units_at(bean, B, 1)
        assert ledger.snapshot(bean, 1) is not None
        record = ledger.asset(bean)
        assert record is not None
        assert (len(record.snapshots), record.snapshots_at(TIME + 9), record.snapshots_at(TIME + 10)) == (
            1,
            record.snapshots,
            (),
        )
    assert "snapshot" not in ok("asset", bean.hex(), "-l", tmp_path / "l")
    with Ledger.open(tmp_path / "l", operator=OPERATOR) as ledger:
        ledger.execute([ReleaseSnapshot(asset=bean, number=1)], BOB, time=TIME + 10)
        assert ledger.snapshot(bean, 1) is None
