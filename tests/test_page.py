"""The page with proofs inside. What it shows is tested in a browser, in clients/web/test; here, what is put into it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import counterfoil.page
import pytest
from counterfoil import Key, Ledger
from counterfoil.cli import app
from counterfoil.page import page_of
from counterfoil.verify import EQUIVOCATION, ProofError, WireError, encode_did_key
from typer.testing import CliRunner

OPERATOR, ROASTER, ANN = (Key.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
MARKUP = "club.example/</script><script>alert(1)</script><!--"
PAGE = Path(counterfoil.page.__file__).with_name("page.html")
needs_page = pytest.mark.skipif(not PAGE.is_file(), reason="no page: it is built where Node.js 20 is (make page)")


@pytest.fixture(scope="module", params=["club.example/beans", MARKUP], ids=["plain", "markup"])
def shop(request, tmp_path_factory):
    """A ledger, also one whose name is markup: an origin may have any printable letters."""
    folder = tmp_path_factory.mktemp("page")
    with Ledger.create(folder / "club.ledger", origin=request.param, operator=OPERATOR) as ledger:
        bean = ledger.create_asset(ROASTER, "BEAN", decimals=2)
        mint = ledger.mint(ROASTER, bean, to=ANN.account, amount=500)
        note = ledger.checkpoint()
        proofs = {
            "balance": ledger.prove_balance(bean, ANN.account),
            "asset": ledger.prove("assets", bean),
            "receipt": ledger.prove_transaction(mint.id),
            "checkpoint": note.encode(),
        }
        return folder, ledger.verifier_key, proofs, mint.id


def embedded(page: str) -> dict[str, object]:
    found = re.findall(r'<script type="application/json" id="embedded">(.+?)</script>', page)
    assert len(found) == 1
    return json.loads(found[0])


@needs_page
def test_a_page_holds_the_proofs_and_the_keys_and_nothing_of_them_is_markup(shop):
    _, vkey, proofs, _ = shop
    plain = PAGE.read_text(encoding="utf-8")
    page = page_of(list(proofs.values()), f"{vkey}\n")
    assert embedded(page) == {
        "vkey": vkey,
        "witnesses": [],
        "need": None,
        "proofs": [base64.b64encode(bytes(proof)).decode() for proof in proofs.values()],
    }
    for mark in ("<", "</script", "<!--"):
        assert page.count(mark) == plain.count(mark)


def test_no_page_is_made_of_what_does_not_hold(shop, monkeypatch, tmp_path):
    # Whether the real one is built does not matter here.
    monkeypatch.setattr(counterfoil.page, "_PAGE", tmp_path / "page.html")
    (tmp_path / "page.html").write_text(counterfoil.page._PLACE)
    _, vkey, proofs, _ = shop
    for name, proof in proofs.items():
        changed = bytearray(bytes(proof))
        changed[len(changed) // 2] ^= 1
        with pytest.raises(ProofError):
            page_of([proofs["balance"], bytes(changed)], vkey)
        assert embedded(page_of([proof], vkey))["vkey"] == vkey, name
    with pytest.raises(ProofError, match="expected"):
        page_of([b"Dear Ann"], vkey)
    with pytest.raises(ProofError) as refused:
        page_of([proofs["balance"]], "no key")
    assert refused.value.reason == "wrong_key"
    with pytest.raises(WireError):
        page_of([proofs["balance"]], vkey, need=1)
    with pytest.raises(ValueError, match="expected 1 to 5,000 proofs, found 0"):
        page_of([], vkey)
    with pytest.raises(ValueError, match="expected 1 to 5,000 proofs, found 5,001"):
        page_of([proofs["checkpoint"]] * 5_001, vkey)
    with monkeypatch.context() as smaller:
        smaller.setattr(counterfoil.page, "PAGE_BYTES_MAX", 1_000)
        with pytest.raises(
            ValueError, match=r"expected at most 1,000 bytes, found [\d,]+: make several of fewer proofs"
        ):
            page_of([proofs["balance"]] * 2, vkey)
    with pytest.raises(ProofError) as evidence:
        page_of([EQUIVOCATION + bytes(12)], vkey)
    assert evidence.value.reason == "malformed_question"
    witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    with pytest.raises(ProofError) as alone:
        page_of([proofs["balance"]], vkey, witnesses=[witness])
    assert alone.value.reason == "too_few_witnesses"
    assert embedded(page_of([proofs["balance"]], vkey, witnesses=[witness], need=0))["witnesses"] == [witness]


def test_a_ledger_may_be_named_as_files_begin(tmp_path, monkeypatch):
    monkeypatch.setattr(counterfoil.page, "_PAGE", tmp_path / "page.html")
    (tmp_path / "page.html").write_text(counterfoil.page._PLACE)
    with Ledger.create(tmp_path / "club.ledger", origin="counterfoil/demo", operator=OPERATOR) as ledger:
        bean = ledger.create_asset(ROASTER, "BEAN")
        proofs = [ledger.checkpoint().encode(), bytes(ledger.prove("assets", bean))]
        made = page_of(proofs, ledger.verifier_key)
    assert embedded(made)["proofs"] == [base64.b64encode(proof).decode() for proof in proofs]


def prove(folder: Path, *args: str):
    return CliRunner().invoke(app, ["prove", *args, "-l", str(folder / "club.ledger"), "--html"])


@needs_page
def test_the_command_line_writes_pages(shop, tmp_path, monkeypatch):
    folder, vkey, proofs, mint_id = shop
    monkeypatch.chdir(tmp_path)
    encoded = {name: base64.b64encode(bytes(proof)).decode() for name, proof in proofs.items()}
    for args, name, expected in (
        # By the asset's record the page shows whole units, so that it comes along.
        (("balance", "BEAN", ANN.did), f"{ANN.account.hex()[:16]}.html", ["balance", "asset"]),
        (("record", "holders", "BEAN", ANN.did), f"holders-{ANN.account.hex()[:16]}.html", ["balance", "asset"]),
        (("transaction", mint_id.hex()), f"{mint_id.hex()[:16]}.html", ["receipt"]),
    ):
        done = prove(folder, *args)
        assert done.exit_code == 0, done.stderr
        assert done.stdout == f"{name}: {Path(name).stat().st_size:,} bytes\n"
        assert embedded(Path(name).read_text(encoding="utf-8")) == {
            "vkey": vkey,
            "witnesses": [],
            "need": None,
            "proofs": [encoded[each] for each in expected],
        }
        assert "--force" in prove(folder, *args).stderr
    entry = prove(folder, "entry", "1", "-o", "commit.html")
    assert (entry.exit_code, Path("commit.html").exists()) == (1, False)
    assert "[wrong_entry]" in entry.stderr
    absent = prove(folder, "record", "freezes", "BEAN", encode_did_key(bytes(32)), "-o", "-")
    assert len(embedded(absent.stdout)["proofs"]) == 2


def test_where_the_page_was_not_built_the_command_says_so(shop, tmp_path, monkeypatch):
    folder, vkey, proofs, _ = shop
    monkeypatch.setattr(counterfoil.page, "_PAGE", tmp_path / "page.html")
    with pytest.raises(FileNotFoundError, match=r"built without Node\.js 20; `make page` builds it"):
        page_of([proofs["balance"]], vkey)
    done = prove(folder, "balance", "BEAN", ANN.did, "-o", str(tmp_path / "ann.html"))
    assert (done.exit_code, (tmp_path / "ann.html").exists()) == (3, False)
    assert re.fullmatch("counterfoil: .* has no page: it was built without Node.*`make page` builds it\n", done.stderr)
