"""`counterfoil demo` over some 2,000 rows: the figures add up, another process verifies, and what was changed fails.

The rules by which referrals, returns, tiers and redemptions at the bookshop are made up stand here once more, and are
applied to the rows and to the log, without a look at the demo's own code.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from counterfoil.cli import app
from counterfoil.cli._errors import CommandError
from counterfoil.cli.demo import _data, _offline
from counterfoil.cli.demo._figures import figures
from counterfoil.cli.demo._programme import Programme
from counterfoil.keys import Key
from counterfoil.ledger import Ledger
from counterfoil.ops import Attest, Burn, Claim, ClawBack, Mint, Operation, Redeem, Refund
from counterfoil.verify import Effect, Verifier
from counterfoil.wire import Applied
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 2_000
DAY_MS = 86_400_000

Op = TypeVar("Op", bound=Operation)


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args], prog_name="counterfoil")


@pytest.fixture(scope="module")
def rows() -> list[_data.Purchase]:
    try:
        path = _data.find()
    except Exception as error:  # noqa: BLE001 - says how to install it
        pytest.skip(str(error))
    return _data.read(path, ROWS)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, rows: list[_data.Purchase]) -> tuple[Path, Result]:
    """The demo, run once from an empty folder in a process of its own."""
    assert len(rows) == ROWS
    folder = tmp_path_factory.mktemp("empty")
    ran = subprocess.run(
        [str(Path(sys.executable).with_name("counterfoil")), "demo", "--limit", str(ROWS)],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder / "counterfoil-demo", ran


@pytest.fixture(scope="module")
def report(done) -> dict:
    return json.loads((done[0] / "report.json").read_text())


@pytest.fixture(scope="module")
def in_order(rows) -> list[_data.Purchase]:
    return sorted((one for one in rows if one.cents >= 100), key=lambda one: (one.day, one.row))


@pytest.fixture(scope="module")
def log(done) -> list[Applied]:
    """Every transaction that was applied, from the log."""
    with Ledger.open(done[0] / "programme.ledger", read_only=True) as ledger:
        return [event.entry for event in ledger.events() if isinstance(event.entry, Applied)]


@pytest.fixture(scope="module")
def customer_of(rows) -> dict[bytes, int]:
    """Whose account is whose. The demo's keys are made of the customers' numbers."""
    seeds = {one.customer: hashlib.sha256(f"counterfoil demo: member {one.customer}".encode()) for one in rows}
    return {Key.from_seed(seed.digest()).account: customer for customer, seed in seeds.items()}


def operations(log: list[Applied], kind: type[Op]) -> list[tuple[Applied, Op, Effect]]:
    """The operations of a kind, with the transaction and the effect of each."""
    return [
        (entry, operation, effect)
        for entry in log
        for operation, effect in zip(entry.signed.transaction.operations, entry.effects, strict=True)
        if isinstance(operation, kind)
    ]


def came_back(rows: list[_data.Purchase]) -> list[_data.Purchase]:
    return [one for one in sorted(rows, key=lambda one: (one.day, one.row)) if one.cents > 2_000][19::20]


def day_of(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def month_of(day: int) -> int:
    moment = date(1970, 1, 1) + timedelta(days=day)
    return (moment.year - 1970) * 12 + moment.month - 1


def test_the_figures_are_those_of_the_purchases(report, rows, in_order):
    assert report["purchases"] == len(in_order)
    assert report["skipped"] == len(rows) - len(in_order) > 0
    assert report["members"] == len({one.customer for one in in_order})
    by_month: Counter[int] = Counter()
    for one in in_order:
        by_month[month_of(one.day)] += one.cents // 100
    # Beside the purchases only the campaign's budget is issued, before the first of them.
    by_month[min(by_month)] += int(report["referrals"]["budget"])
    assert {lot["month"]: int(lot["issued"]) for lot in report["liability"]} == by_month
    assert int(report["minted"]) == sum(by_month.values())


def test_the_liability_adds_up_to_the_supply(report):
    lots = report["liability"]
    for lot in lots:
        gone = sum(int(lot[name]) for name in ("redeemed", "expired", "burned"))
        assert int(lot["outstanding"]) == int(lot["issued"]) - gone
        assert int(lot["outstanding"]) >= 0
    total = {name: sum(int(lot[name]) for lot in lots) for name in lots[0] if name != "month"}
    assert total["outstanding"] == int(report["supply"])
    for name in ("redeemed", "expired", "burned", "clawed_back"):
        assert total[name] == int(report[name]) > 0
    assert sum(int(sweep["points"]) for sweep in report["swept"]) <= total["expired"]
    assert [sweep["date"] for sweep in report["swept"]] == ["1998-06-30", "1998-09-30"]


def test_the_ledger_holds_what_the_report_says(done, report, log):
    folder, _ = done
    asset = bytes.fromhex(report["asset"])
    with Ledger.open(folder / "programme.ledger", read_only=True) as ledger:
        assert ledger.supply(asset) == int(report["supply"])
        held = dict(ledger.holders(asset))
        assert len(held) == report["holders"]
        assert sum(holding.amount for holding in held.values()) == int(report["supply"])
        assert report["transactions"] == len(log)
        # What came back to the shop, and what its campaign had left, was burned.
        assert ledger.balance(asset, bytes.fromhex(report["brand"])) == 0
        assert ledger.balance(asset, bytes.fromhex(report["referrals"]["campaign"])) == 0


def test_what_came_back_to_the_shop_is_what_it_burned(report):
    left = int(report["referrals"]["budget"]) - int(report["referrals"]["paid"])
    assert int(report["burned"]) == left + int(report["clawed_back"]) + int(report["debts"]["repaid"])


def test_orders_stand_on_the_ledger_as_keyed_hashes(report, log, rows):
    orders = {mint.reference for _, mint, _ in operations(log, Mint) if mint.reference}
    at_shop = {redeem.order for _, redeem, _ in operations(log, Redeem) if redeem.at.hex() == report["till"]}
    assert len(orders) == report["purchases"]
    assert at_shop <= orders
    texts = [f"order {one.row}: customer {one.customer}, day {one.day}, {one.cents} cents" for one in rows]
    assert not orders & {hashlib.sha256(text.encode()).digest() for text in texts}


def test_who_brought_whom(done, report, log, in_order, customer_of):
    first: dict[int, int] = {}
    for one in in_order:
        first.setdefault(one.customer, one.day)
    expected = {
        customer: customer // 2
        for customer, day in first.items()
        if customer % 4 == 0 and first.get(customer // 2, day) < day
    }
    edges = [
        (entry, attest)
        for entry, attest, _ in operations(log, Attest)
        if attest.schema.hex() == report["referrals"]["schema"]
    ]
    assert {customer_of[one.subject]: customer_of[one.content.to] for _, one in edges} == expected
    assert {customer_of[one.subject]: entry.time // DAY_MS for entry, one in edges} == {
        one: first[one] for one in expected
    }
    assert all(one.issuer.hex() == report["brand"] for _, one in edges)
    assert report["referrals"]["referrals"] == report["referrals"]["bonuses"] == len(expected) > 50

    slips = [signed for _, claim, _ in operations(log, Claim) for signed in claim.slips]
    assert sorted((customer_of[one.slip.parties[0]], customer_of[one.slip.parties[1]]) for one in slips) == sorted(
        expected.items()
    )
    assert {one.slip.amount for one in slips} == {100}
    assert all(len(one.signatures) == 2 for one in slips)
    assert int(report["referrals"]["paid"]) == 100 * len(expected)
    assert int(report["referrals"]["budget"]) == 100 * (1 + sum(one % 4 == 0 for one in first))
    with Ledger.open(done[0] / "programme.ledger", read_only=True) as ledger:
        schema = ledger.schema(bytes.fromhex(report["referrals"]["schema"]))
        campaign = ledger.campaign(bytes.fromhex(report["referrals"]["campaign"]))
    assert (schema.live, campaign.claims, campaign.closed) == (len(expected), len(expected), True)


def test_which_orders_came_back(report, log, in_order, customer_of):
    last = max(one.day for one in in_order)
    expected = [one for one in came_back(in_order) if one.day + 20 <= last]
    assert report["returns"]["orders"] == len(expected) > 20

    clawed = [(entry, claw) for entry, claw, _ in operations(log, ClawBack)]
    assert sorted((entry.time // DAY_MS, customer_of[claw.sender], claw.amount) for entry, claw in clawed) == sorted(
        (one.day + 20, one.customer, one.cents // 100) for one in expected
    )
    assert {claw.reason.code for _, claw in clawed} == {1}
    mints = {mint.reference: mint for _, mint, _ in operations(log, Mint) if mint.reference}
    assert all(
        (mints[claw.reason.evidence].to, mints[claw.reason.evidence].amount) == (claw.sender, claw.amount)
        for _, claw in clawed
    )


def test_what_was_paid_with_points_is_refunded_where_the_order_came_back(report, log):
    paid = {redeem.order: redeem for _, redeem, _ in operations(log, Redeem) if redeem.at.hex() == report["till"]}
    returned = {claw.reason.evidence for _, claw, _ in operations(log, ClawBack)}
    refunds = [refund for _, refund, _ in operations(log, Refund)]
    assert {refund.order for refund in refunds} == paid.keys() & returned
    assert all((paid[one.order].sender, paid[one.order].amount) == (one.sender, one.amount) for one in refunds)
    assert report["returns"]["refunds"] == len(refunds) > 0
    assert int(report["returns"]["refunded"]) == sum(one.amount for one in refunds)
    redeemed = sum(redeem.amount for _, redeem, _ in operations(log, Redeem))
    assert int(report["redeemed"]) == redeemed - int(report["returns"]["refunded"])


def test_debts_are_made_and_repaid(done, report, log, customer_of):
    missing = [claw.amount - sum(lot.amount for lot in effect.taken) for _, claw, effect in operations(log, ClawBack)]
    debts = report["debts"]
    assert debts["made"] == sum(map(bool, missing)) > 0
    assert int(debts["points"]) == sum(missing)
    assert int(report["clawed_back"]) == sum(claw.amount for _, claw, _ in operations(log, ClawBack)) - sum(missing)
    with Ledger.open(done[0] / "programme.ledger", read_only=True) as ledger:
        owing = [ledger.debt(bytes.fromhex(report["asset"]), account) for account in customer_of]
    assert debts["debtors"] == sum(map(bool, owing)) > 0
    assert int(debts["owing"]) == sum(owing)
    assert int(debts["repaid"]) == sum(missing) - sum(owing) > 0


def test_tiers_follow_from_what_was_spent_in_a_year(report, log, rows, customer_of):
    returned = {one.row for one in came_back(rows)}
    before: dict[int, int] = {}
    reviews = report["tiers"]["reviews"]
    assert [one["day"] for one in reviews] == [
        "1997-03-31", "1997-06-30", "1997-09-30", "1997-12-31", "1998-03-31", "1998-06-30"
    ]  # fmt: skip
    attested = [
        (entry.time // DAY_MS, one)
        for entry, one, _ in operations(log, Attest)
        if one.schema.hex() == report["tiers"]["schema"]
    ]
    for review, following in zip(reviews, [*reviews[1:], {"day": "1998-09-30"}], strict=True):
        day = day_of(review["day"])
        spent: Counter[int] = Counter()
        for one in rows:
            # What has come back by then counts no longer.
            if day - 365 < one.day <= day and not (one.row in returned and one.day + 20 <= day):
                spent[one.customer] += one.cents
        levels = {one: 1 + (cents >= 50_000) for one, cents in spent.items() if cents >= 20_000}
        today = [one for at, one in attested if at == day]
        assert {customer_of[one.subject]: one.content.value for one in today} == levels
        assert {one.expires // DAY_MS for one in today} == {day_of(following["day"])}
        count = Counter(levels.values())
        assert (review["silver"], review["gold"]) == (count[1], count[2])
        assert review["promoted"] == sum(level > before.get(one, 0) for one, level in levels.items())
        assert review["demoted"] == sum(level > levels.get(one, 0) for one, level in before.items())
        before = levels
    assert report["tiers"]["promotions"] == sum(one["promoted"] for one in reviews) > 0
    assert sum(one["demoted"] for one in reviews) > 0


def test_each_redemption_at_the_bookshop_comes_with_an_iou(report, log, customer_of):
    coalition = report["coalition"]
    at_bookshop = [(entry, one) for entry, one, _ in operations(log, Redeem) if one.at.hex() == coalition["bookshop"]]
    for entry, redeem in at_bookshop:
        assert customer_of[redeem.sender] % 5 == 0
        [_, iou] = entry.signed.transaction.operations
        assert (iou.asset.hex(), iou.to.hex()) == (coalition["asset"], coalition["bookshop"])
        assert iou.amount * 100 == redeem.amount * 80
    ious = [one for _, one, _ in operations(log, Mint) if one.asset.hex() == coalition["asset"]]
    assert len(ious) == len(at_bookshop) == report["redemptions"]["bookshop"] > 0
    assert all(
        customer_of[one.sender] % 5 and customer_of[one.sender] % 3
        for _, one, _ in operations(log, Redeem)
        if one.at.hex() == report["till"]
    )


def test_each_month_is_cleared_on_the_tenth_of_the_next(done, report, log):
    coalition = report["coalition"]
    owed: Counter[int] = Counter()
    for entry, one, _ in operations(log, Mint):
        if one.asset.hex() == coalition["asset"]:
            owed[month_of(entry.time // DAY_MS)] += one.amount
    assert {one["month"]: int(one["owed"]) for one in coalition["months"]} == owed
    cleared = {
        month_of(entry.time // DAY_MS) - 1: one.amount
        for entry, one, _ in operations(log, Burn)
        if one.asset.hex() == coalition["asset"]
    }
    last = max(owed)
    assert cleared == {month: cents for month, cents in owed.items() if month != last}
    for one in coalition["months"]:
        assert int(one["owed"]) == int(one["cleared"]) + int(one["outstanding"])
        assert int(one["outstanding"]) == (int(one["owed"]) if one["month"] == last else 0)
    assert int(coalition["owed"]) == int(coalition["cleared"]) + int(coalition["open"]) == sum(owed.values())
    assert int(coalition["open"]) == owed[last] > 0
    with Ledger.open(done[0] / "programme.ledger", read_only=True) as ledger:
        assert ledger.supply(bytes.fromhex(coalition["asset"])) == owed[last]


def test_what_must_be_refused_is(report):
    assert all(one["found"] == one["expected"] for one in report["refusals"])
    assert [one["found"] for one in report["refusals"]] == [
        "mandate_spent",
        "wrong_scope",
        "threshold_not_met",
        "unauthorized",
        "asset_bound",
        "debt_floor_reached",
        "self_reference",
        "unknown_attestation",
        "reference_cycle",
        "slip_claimed",
        "member_cap_spent",
        "already_redeemed",
        "wrong_scope",
        "refund_exceeds",
        "bad_signature",
    ]


def test_another_process_verifies_without_the_native_module(done, report):
    folder, _ = done
    other = report["other_process"]
    assert other["counterfoil_can_be_imported"] is False
    assert other["counterfoil_modules"] == []
    assert Path(other["verifier"]) == (folder / "offline" / "verify.py").resolve()
    proofs = other["proofs"]
    assert proofs["member.statement"]["ok"]
    assert proofs["member.statement"]["amount"] == report["member"]["amount"]
    assert proofs["member.statement"]["supply"] == report["supply"]
    assert proofs["purchase.receipt"]["ok"]
    assert proofs["purchase.receipt"]["operation"] == "mint"


def test_another_process_verifies_a_tier(report):
    said, member = report["other_process"]["proofs"]["tier.statement"], report["tiers"]["member"]
    assert said["ok"]
    assert (said["schema"], said["issuer"]) == (report["tiers"]["schema"], report["brand"])
    assert (said["subject"], said["level"]) == (member["account"], member["level"])
    assert said["level"] in (1, 2)
    assert said["time_ms"] < said["expires_ms"] == day_of("1998-09-30") * DAY_MS + 21 * 3_600_000


def test_what_was_changed_is_refused_with_a_reason(report):
    proofs = report["other_process"]["proofs"]
    assert (proofs["forged.statement"]["ok"], proofs["forged.statement"]["reason"]) == (False, "wrong_root")
    tier = proofs["forged.tier.statement"]
    assert (tier["ok"], tier["reason"]) == (False, "wrong_root")
    assert (proofs["forged.receipt"]["ok"], proofs["forged.receipt"]["reason"]) == (False, "wrong_log_proof")


def test_a_forgery_that_the_demo_did_not_make_is_refused_by_that_process(done, tmp_path):
    folder, _ = done
    statement = (folder / "member.statement").read_bytes()
    (tmp_path / "cut.statement").write_bytes(statement[:-1])
    (tmp_path / "whole.statement").write_bytes(statement)
    checked = _offline.check(
        folder / "offline", folder / "programme.vkey", [tmp_path / "cut.statement", tmp_path / "whole.statement"]
    )
    assert checked["proofs"]["cut.statement"]["reason"] == "truncated"
    assert checked["proofs"]["whole.statement"]["ok"]


def test_the_flipped_bit_is_the_amount(done, report):
    statement = (done[0] / "member.statement").read_bytes()
    asset, account = bytes.fromhex(report["asset"]), bytes.fromhex(report["member"]["account"])
    forged, place = _offline.flip_amount(statement, asset, account)
    assert statement[place - 15 : place + 1] == int(report["member"]["amount"]).to_bytes(16, "big")
    assert [at for at, (old, new) in enumerate(zip(statement, forged, strict=True)) if old != new] == [place]


def test_the_changed_byte_is_the_tier(done, report):
    statement = (done[0] / "tier.statement").read_bytes()
    forged = (done[0] / "forged.tier.statement").read_bytes()
    [place] = [at for at, (old, new) in enumerate(zip(statement, forged, strict=True)) if old != new]
    level = report["tiers"]["member"]["level"]
    # What an attestation says is a little-endian i64 after its kind.
    assert statement[place - 1 : place + 8] == b"\x01" + level.to_bytes(8, "little")
    assert forged[place] == 3 - level


def test_the_commands_that_it_suggests_work(done):
    folder, ran = done
    suggested = [line.split() for line in ran.stdout.splitlines() if line.startswith("  counterfoil ")]
    assert len(suggested) == 5
    for command in suggested:
        arguments = [part.replace("counterfoil-demo/", f"{folder}/") for part in command[1:]]
        outcome = run(*arguments)
        assert outcome.exit_code == 0, (command, outcome.output)
    again = subprocess.run(
        [sys.executable, "offline/check.py", "programme.vkey", "purchase.receipt"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(again.stdout)["proofs"]["purchase.receipt"]["ok"]


def test_its_files_verify_here_too(done, report):
    folder, _ = done
    verifier = Verifier((folder / "programme.vkey").read_text().strip())
    claim = verifier.balance((folder / "member.statement").read_bytes())
    assert (claim.account.hex(), str(claim.amount)) == (report["member"]["account"], report["member"]["amount"])
    assert len(claim.lots) == report["member"]["lots"]
    tier = verifier.record((folder / "tier.statement").read_bytes(), table="attestations")
    assert (tier.key.hex(), tier.value.content.value) == (report["tiers"]["schema"], report["tiers"]["member"]["level"])
    assert tier.value.is_live(tier.time)
    assert verifier.checkpoint((folder / "checkpoint.note").read_text()).tree_size == claim.tree_size
    assert (folder / "operator.key").stat().st_mode & 0o777 == 0o600


def test_it_reads_well_at_80_columns(done):
    _, ran = done
    assert max(len(line) for line in ran.stdout.splitlines() if not line.startswith("  ")) <= 80
    for title in ("is real. Made up", "Liability by month of issue", "What happened", "Tiers", "Owed to the bookshop"):
        assert title in ran.stdout
    assert "wrong_root" in ran.stdout


def test_it_overwrites_nothing_unasked(done, tmp_path):
    folder, _ = done
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "mine.txt").write_text("keep me")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    refused = run("demo", "--limit", 20, "--out", copy)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before

    replaced = run("demo", "--limit", 50, "--out", copy, "--force")
    assert replaced.exit_code == 0, replaced.output
    assert (copy / "mine.txt").read_text() == "keep me"
    assert json.loads((copy / "report.json").read_text())["purchases"] <= 50


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_folder_that_no_demo_made_stays(tmp_path, force):
    (tmp_path / "programme.ledger").mkdir()
    (tmp_path / "programme.ledger" / "precious").write_text("all my money")
    refused = run("demo", "--limit", 20, "--out", tmp_path, *force)
    assert refused.exit_code == 2
    assert (tmp_path / "programme.ledger" / "precious").read_text() == "all my money"
    assert [path.name for path in tmp_path.iterdir()] == ["programme.ledger"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "none"),
        (b" customer_id  date number_of_cds  dollar_value\r\n", "none"),
        (b"00001 19970101 1 11.77\n00002 19970199 1 1.00\n", "line 2"),
        (b"00001 19970101 1 -1.00\n", "line 1"),
        (b"00001 19970101 1 1.5\n", "line 1"),
        (b"x" * 1_000_000, "line 1"),
        ("00001 19970101 1 1.\u0661\u0661\n".encode(), "not text"),
        (b"\xff\xfe\x00", "not text"),
    ],
)
def test_data_that_is_none(tmp_path, content, found):
    path = tmp_path / "purchases.txt"
    path.write_bytes(content)
    refused = run("demo", "--data", path, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert found in refused.stderr
    assert len(refused.stderr) < 1_000
    assert not (tmp_path / "out").exists()


def test_data_that_is_not_there(tmp_path, monkeypatch):
    missing = run("demo", "--data", tmp_path / "none.txt", "--out", tmp_path / "out")
    assert missing.exit_code == 3
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # noqa: ARG005
    absent = run("demo", "--out", tmp_path / "out")
    assert absent.exit_code == 3
    assert "pip install --no-deps lifetimes" in absent.stderr


@pytest.fixture
def programme(tmp_path, rows) -> Iterator[Programme]:
    """A programme of a few customers, replayed here."""
    few = [one for one in rows if one.customer in (4, 8, 10, 16, 499)]
    start = (min(one.day for one in few) - 31) * DAY_MS
    with Ledger.create(
        tmp_path / "ledger", origin="shop.example/points", operator=Key.from_seed(bytes(32)), time=start
    ) as ledger:
        programme = Programme(ledger, few)
        programme.open()
        programme.replay(lambda done, day: None)  # noqa: ARG005
        programme.referrals.close(programme.shop.last_day)
        yield programme


def exchange(values: dict, one: object, other: object) -> None:
    values[one], values[other] = values[other], values[one]


def test_books_that_say_something_else_are_noticed(programme):
    figures(programme)
    shop, books = programme.shop, programme.shop.books
    # Each is compared before the one above it, so that it is the new difference that is found.
    for name, falsify in (
        ("cleared by month", lambda: books.cleared.update([341])),
        ("owed by month", lambda: books.ious.update([324])),
        ("tiers", lambda: programme.tiers.levels.update({4: 2})),
        ("referrals", lambda: programme.referrals.brought.update({499: 4})),
        ("debts", lambda: books.owing.update([shop.member(499).account])),
        # One account has what is another's: only the balances tell.
        ("balances by month", lambda: exchange(books.held, shop.member(4).account, shop.member(499).account)),
        ("outstanding by month", lambda: books.held[shop.member(499).account].update([324])),
        ("clawed_back by month", lambda: books.clawed_back.update([324])),
        ("burned by month", lambda: books.burned.update([324])),
        ("expired by month", lambda: books.expired.update([324])),
        ("redeemed by month", lambda: books.redeemed.update([324])),
        ("issued by month", lambda: books.issued.update([324])),
    ):
        falsify()
        with pytest.raises(CommandError) as refused:
            figures(programme)
        assert refused.value.args[0].startswith(f"demo: {name}, of ")


def test_one_purchase_is_enough(tmp_path):
    data = tmp_path / "purchases.txt"
    data.write_text("00001 19970101  1   11.77\n00002 19970101  1  0.00\n")
    alone = run("demo", "--data", data, "--out", tmp_path / "out")
    assert alone.exit_code == 0, alone.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    # 11 points of the purchase, and the campaign's 100, which were burned.
    assert (report["minted"], report["burned"], report["supply"]) == ("111", "100", "11")
    assert (report["purchases"], report["skipped"], report["members"]) == (1, 1, 1)
    assert (report["referrals"]["referrals"], report["tiers"]["reviews"], report["coalition"]["months"]) == (0, [], [])
    said = report["other_process"]["proofs"]["tier.statement"]
    assert (said["ok"], said["level"], said["subject"]) == (True, 0, None)
    assert "forged.tier.statement" not in report["other_process"]["proofs"]


def test_nobody_owes_more_than_the_debt_floor(tmp_path):
    data = tmp_path / "purchases.txt"
    # The 20th and the 40th order of over $20 come back on one day, when their 1,200 points are spent at the bookshop.
    others = "".join(f"{customer:05} 19970102 1 21.00\n" for customer in range(101, 120))
    dear = "00005 19970102 1 600.50\n"
    data.write_text(others + dear + others + dear + "00005 19970122 1 50.00\n00005 19970302 1 10.00\n")
    done = run("demo", "--data", data, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["returns"] == {"orders": 2, "refunds": 0, "refunded": "0", "written_off": "700"}
    # Returns are entered in the morning of the 22nd, before the purchase that begins to repay.
    assert report["debts"] == {"made": 1, "points": "500", "repaid": "60", "debtors": 1, "owing": "440"}
    assert report["coalition"]["owed"] == report["coalition"]["cleared"] == "960"


def test_more_months_than_a_balance_has_lots(tmp_path):
    data = tmp_path / "purchases.txt"
    data.write_text("".join(f"00003 {1990 + one // 12}{one % 12 + 1:02}15 1 2.50\n" for one in range(70)))
    done = run("demo", "--data", data, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["supply"], report["member"]["lots"]) == ("140", 64)


def test_purchases_that_earn_nothing_are_no_programme(tmp_path):
    data = tmp_path / "purchases.txt"
    data.write_text("00001 19970101  1   0.77\n")
    nothing = run("demo", "--data", data, "--out", tmp_path / "out")
    assert nothing.exit_code == 2
    assert "dollar" in nothing.stderr
