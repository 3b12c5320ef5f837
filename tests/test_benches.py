"""The benches measure what they say, on real ledgers of toy size. How fast that is is nobody's test."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from counterfoil import Key, SignedTransaction, _core
from counterfoil._load import framed, unframed
from counterfoil.exceptions import SignatureError
from counterfoil.verify import verify_signature

from benches import __main__ as command
from benches.attack import _forge
from benches.fixture import Recipe, prepare
from benches.measure import Finding, interleaved, median_ratio, percentile
from benches.report import write_report
from benches.svg import Line, chart
from benches.throughput import pay

ROOT = Path(__file__).resolve().parent.parent
SIZES = ("--accounts=1500", "--transfers=1200", "--rounds=1", "--batch=300", "--payees=20", "--seconds=0.05")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the fixtures of this file are kept."""
    return tmp_path_factory.mktemp("bench")


def bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benches", *SIZES, f"--folder={folder}", "--remembered=2400", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


def test_every_row_of_the_table(folder):
    page = folder / "docs" / "benchmarks.md"
    done = bench(folder, "--json", f"--report={page}")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    findings = [Finding(**one) for result in said["results"] for one in result["findings"]]
    assert {one.row for one in findings} == set(range(1, 16))
    for one in findings:
        assert one.value is None or one.value > 0, one
        assert (one.met is None) or one.target, one
    for result in said["results"]:
        for check in result["checks"]:
            assert check["supply"] == 1_500 * 1_000_000
            assert len(check["state_root"]) == 64

    text = page.read_text()
    table = [line for line in text.splitlines() if line.startswith("| ")]
    for one in findings:
        assert any(line.startswith(f"| {one.row} | {one.what} |") for line in table), one
    charts = {picture.name for picture in (folder / "docs" / "benchmarks").iterdir()}
    assert charts == {"accounts.svg", "batch.svg", "latency.svg", "disk.svg", "memory.svg"}
    for name in charts:
        assert f"](benchmarks/{name})" in text
        ElementTree.parse(folder / "docs" / "benchmarks" / name)  # noqa: S314 - our own
    # Copies of ledgers are gone; fixtures are kept.
    assert sorted(path.name for path in folder.iterdir()) == ["1500", "docs"]


def test_pay_compares_two_ledgers(folder):
    arguments = command._parser().parse_args([*SIZES, f"--folder={folder}", "--payees=7"])
    plan = dataclasses.replace(command._plan(arguments), accounts=300)
    result = pay(plan, 300)
    assert [one.row for one in result.findings] == [3, 4]
    rates = [one.value for one in result.findings]
    assert result.findings[1].ratio == pytest.approx(rates[1] / rates[0])
    assert [check["supply"] for check in result.checks] == [300 * 1_000_000, 1_500 * 1_000_000]


def test_a_row_that_fails_is_said_to_have_failed(tmp_path):
    recipe = Recipe(count=600, signers=100)
    load = prepare(tmp_path, 100).load(recipe)
    (load.folder / "signatures").write_bytes(bytes(64 * 600))
    arguments = ["few_signers", "--accounts=100", "--transfers=1200", "--rounds=1", "--folder", str(tmp_path)]
    broken = load.folder.with_name(Recipe(count=600, signers=100, salt=50).name)
    load.folder.rename(broken)
    page = tmp_path / "page.md"
    assert command.main([*arguments, "--report", str(page)]) == 1
    assert "Failed, and not in the table: few_signers with 100 accounts." in page.read_text()


def test_an_unknown_row_is_refused(folder):
    done = bench(folder, "nonsense")
    assert done.returncode == 2
    assert "uniform" in done.stderr


def test_loads_are_what_they_say(folder):
    fixture = prepare(folder, 1_500)
    ids = fixture.account_ids
    funded = {ids[number] for number in range(1_500)}
    poor = {ids[number] for number in range(1_500, len(ids))}
    assert len(poor) == 1_500

    def senders(load):
        return [load.keys[place : place + 32] for place in range(0, len(load.keys), 32)]

    once = fixture.load(Recipe(count=1_000, signers=1_500, salt=7)).part(0, 1_000)
    assert len(set(senders(once))) == 1_000
    few = fixture.load(Recipe(count=500, signers=10, payees=3, salt=7))
    assert set(senders(few.part(0, 500))) == {ids[number] for number in range(10)}
    assert set(senders(fixture.load(Recipe(count=100, signers=1_500, unfunded=True)).part(0, 100))) <= poor
    by_rank = fixture.load(Recipe(count=2_000, signers=1_500, zipf=True, salt=7)).part(0, 2_000)
    counts = [senders(by_rank).count(ids[number]) for number in (0, 9)]
    assert counts[0] > 3 * counts[1] > 0

    for signed in unframed(few.framed()):
        decoded = SignedTransaction.from_bytes(signed)
        decoded.verify()
        [operation] = decoded.transaction.operations
        assert {payee.to for payee in operation.payees} <= funded
        assert operation.sender not in {payee.to for payee in operation.payees}
    part = few.part(100, 200)
    assert framed(unframed(part.framed)) == part.framed == b"".join(few.batches(30, 100, 200))
    # Nothing is signed twice.
    assert fixture.load(Recipe(count=500, signers=10, payees=3, salt=7)).framed() == few.framed()


def test_forged_ones_are_well_formed_and_do_not_verify(folder):
    load = prepare(folder, 1_500).load(Recipe(count=1_100, signers=10, salt=8))
    forged = unframed(_forge(load.framed(), load.frame_bytes))
    changed = [
        place for place, (one, other) in enumerate(zip(forged, unframed(load.framed()), strict=True)) if one != other
    ]
    assert changed == [0, 1_024]
    for place in changed:
        decoded = SignedTransaction.from_bytes(forged[place])
        with pytest.raises(SignatureError):
            decoded.verify()


def test_signing_many_is_signing_each():
    keys = [Key.from_seed(bytes([number]) * 32) for number in range(50)]
    messages = [bytes([number]) * 52 for number in range(50)]
    signatures = _core.sign_messages(b"".join(key.seed for key in keys), b"".join(messages))
    assert signatures == b"".join(key.sign(message) for key, message in zip(keys, messages, strict=True))
    verify_signature(keys[7].public, messages[7], signatures[7 * 64 : 8 * 64])
    assert _core.sign_messages(b"", b"") == b""
    assert _core.sign_messages(keys[0].seed, b"") == keys[0].sign(b"")
    for seeds, joined in ((b"s" * 33, b"m"), (b"s" * 64, b"mmm"), (b"", b"m")):
        with pytest.raises(ValueError, match="as many seeds"):
            _core.sign_messages(seeds, joined)


def test_medians_and_percentiles():
    order = []

    def measure(name, value):
        return lambda number: order.append((name, number)) or value

    found = interleaved(2, measure("a", 1.0), measure("b", 2.0))
    assert found == [[1.0, 1.0], [2.0, 2.0]]
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1)]
    assert median_ratio([1.0, 4.0, 9.0], [2.0, 4.0, 3.0]) == 1.0
    thousand = list(range(1, 1_001))
    assert [percentile(thousand, share) for share in (0.5, 0.99, 0.999, 1.0)] == [500, 990, 999, 1_000]
    assert percentile([5.0], 0.999) == 5.0


def test_charts_hold_any_points():
    for points in ([(10, 1)], [(1, 0.001), (10_000_000, 1e9)], [(5, 5), (7, 5)]):
        for y_log in (True, False):
            picture = chart(
                "<rates> & more", "x", "y", [Line("a", points), Line("b", points, dashed=True)], y_log=y_log
            )
            root = ElementTree.fromstring(picture)  # noqa: S314 - our own
            numbers = [float(circle.get("cy")) for circle in root.iter("{http://www.w3.org/2000/svg}circle")]
            assert len(numbers) == len(points)
            assert all(0 < number < 400 for number in numbers)
    assert "prefers-color-scheme: dark" in picture


def test_a_report_without_findings(tmp_path):
    arguments = command._parser().parse_args(["--quick"])
    write_report(tmp_path / "page.md", command._plan(arguments), {"Cores": "2"}, [], ["uniform"], seconds=1.0)
    assert "Failed, and not in the table: uniform." in (tmp_path / "page.md").read_text()
