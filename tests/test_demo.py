"""`counterfoil demo` over some 2,000 rows: the figures add up, another process verifies, and what was changed fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from counterfoil.cli import app
from counterfoil.cli.demo import _data, _offline
from counterfoil.ledger import Ledger
from counterfoil.verify import Verifier
from typer.testing import CliRunner, Result

ROWS = 2_000


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


def test_the_figures_are_those_of_the_purchases(report, rows):
    earning = [one for one in rows if one.cents >= 100]
    assert report["purchases"] == len(earning)
    assert report["skipped"] == len(rows) - len(earning) > 0
    assert report["members"] == len({one.customer for one in earning})
    by_month: Counter[int] = Counter()
    for one in earning:
        by_month[int(_month(one.day))] += one.cents // 100
    assert {lot["lot"]: int(lot["issued"]) for lot in report["liability"]} == by_month
    assert int(report["minted"]) == sum(by_month.values())


def _month(day: int) -> int:
    from datetime import datetime, timezone

    moment = datetime.fromtimestamp(day * 86_400, tz=timezone.utc)
    return (moment.year - 1970) * 12 + moment.month - 1


def test_the_liability_adds_up_to_the_supply(report):
    lots = report["liability"]
    for lot in lots:
        assert int(lot["outstanding"]) == int(lot["issued"]) - int(lot["redeemed"]) - int(lot["expired"])
        assert int(lot["outstanding"]) >= 0
    total = {name: sum(int(lot[name]) for lot in lots) for name in lots[0] if name != "lot"}
    assert total["outstanding"] == int(report["supply"])
    assert total["redeemed"] == int(report["redeemed"]) > 0
    assert total["expired"] == int(report["expired"]) > 0
    assert total["clawed_back"] == int(report["clawed_back"]) > 0
    assert sum(int(sweep["points"]) for sweep in report["swept"]) <= total["expired"]
    assert [sweep["date"] for sweep in report["swept"]] == ["1998-06-30", "1998-09-30"]


def test_the_ledger_holds_what_the_report_says(done, report):
    folder, _ = done
    asset = bytes.fromhex(report["asset"])
    with Ledger.open(folder / "programme.ledger", read_only=True) as ledger:
        assert ledger.supply(asset) == int(report["supply"])
        held = dict(ledger.holders(asset))
        assert len(held) == report["holders"]
        assert sum(holding.amount for holding in held.values()) == int(report["supply"])
        assert report["transactions"] == sum(type(event.entry).__name__ == "Applied" for event in ledger.events())


def test_what_must_be_refused_is(report):
    assert len(report["refusals"]) == 5
    assert all(one["found"] == one["expected"] for one in report["refusals"])


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


def test_what_was_changed_is_refused_with_a_reason(report):
    proofs = report["other_process"]["proofs"]
    assert (proofs["forged.statement"]["ok"], proofs["forged.statement"]["reason"]) == (False, "wrong_root")
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


def test_the_commands_that_it_suggests_work(done):
    folder, ran = done
    suggested = [line.split() for line in ran.stdout.splitlines() if line.startswith("  counterfoil ")]
    assert len(suggested) == 4
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
    assert verifier.checkpoint((folder / "checkpoint.note").read_text()).tree_size == claim.tree_size
    assert (folder / "operator.key").stat().st_mode & 0o777 == 0o600


def test_it_reads_well_at_80_columns(done):
    _, ran = done
    assert max(len(line) for line in ran.stdout.splitlines() if not line.startswith("  ")) <= 80
    assert "Liability by month of issue" in ran.stdout
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


def test_one_purchase_is_enough(tmp_path):
    data = tmp_path / "purchases.txt"
    data.write_text("00001 19970101  1   11.77\n00002 19970101  1  0.00\n")
    alone = run("demo", "--data", data, "--out", tmp_path / "out")
    assert alone.exit_code == 0, alone.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["minted"], report["purchases"], report["skipped"]) == ("11", 1, 1)


def test_purchases_that_earn_nothing_are_no_programme(tmp_path):
    data = tmp_path / "purchases.txt"
    data.write_text("00001 19970101  1   0.77\n")
    nothing = run("demo", "--data", data, "--out", tmp_path / "out")
    assert nothing.exit_code == 2
    assert "dollar" in nothing.stderr
