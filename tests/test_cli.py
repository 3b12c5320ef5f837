"""The command line: what it prints, what it exits with, and that no input ends in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import counterfoil
import pytest
from counterfoil import Key, Ledger, Transaction, page
from counterfoil.cli import _errors, _inputs, _values, app
from counterfoil.cli._errors import Exit
from counterfoil.exit import exit_bundle, verify_exit_bundle
from counterfoil.ops import (
    Alias,
    Attest,
    Burn,
    BurnItem,
    CampaignTerms,
    Cap,
    Claim,
    ClawBack,
    CloseCampaign,
    CompleteSet,
    DebtFloor,
    Design,
    Edge,
    EdgeKind,
    FundCampaign,
    GiveItem,
    InactivityExpiry,
    Integer,
    IntegerRange,
    IssueItem,
    Item,
    Items,
    KeyGrant,
    Limit,
    Lots,
    Mandate,
    Mint,
    Once,
    Open,
    OpenCampaign,
    Operation,
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
    SignedSlip,
    Slip,
    Transfer,
    campaign_id,
    named_account,
    pending_hold_id,
    schema_id,
    sign_slip,
)
from counterfoil.verify import EQUIVOCATION, OPERATIONS, TABLES, encode_did_key, encode_named_account
from typer.testing import CliRunner, Result

ROASTER, ANN, BOB, TILL, OPERATOR, CAT, DAN, EVE, FAY = (Key.from_seed(bytes([number]) * 32) for number in range(1, 10))
NAMED = named_account(ROASTER.account, bytes(16))
DAY_MS = 86_400_000
HUGE = "x" * 10_000_000
EMOJI = "🫘🫘🫘"


class Shop(NamedTuple):
    """A ledger with something of everything, and what belongs to it."""

    folder: Path
    ledger: Path
    key: Path
    vkey: str
    bean: bytes
    mint_id: bytes


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A ledger that is only read."""
    folder = tmp_path_factory.mktemp("shop")
    key = folder / "operator.key"
    OPERATOR.save(key)
    with Ledger.create(folder / "club.ledger", origin="club.example/beans", operator=OPERATOR) as ledger:
        bean = ledger.create_asset(
            ROASTER,
            "BEAN",
            decimals=2,
            supply_cap=10**12,
            policy=[Lots(Period.MONTH), InactivityExpiry(365)],
            powers=Powers(mint=ROASTER.account, freeze=ROASTER.account),
        )
        ledger.create_asset(ROASTER, "GOLD")
        ledger.create_asset(BOB, "GOLD")
        mint_id = ledger.mint(ROASTER, bean, to=ANN.account, amount=123_456).id
        ledger.transfer(ANN, bean, to=BOB.account, amount=3_456)
        grants = [KeyGrant(ROASTER.public), KeyGrant(TILL.public, scope=[Mint, Burn])]
        ledger.execute([Open(opener=ROASTER.account, salt=bytes(16), keys=grants)], ROASTER)
        limit = Limit(operations=[Mint], cap=5_000, window_ms=DAY_MS, until=2**60)
        ledger.execute([Mandate(account=ROASTER.account, agent=NAMED, asset=bean, limit=limit)], ROASTER)
        ledger.execute([Once(account=ANN.account, key=bytes(32))], ANN)
        club, member = ROASTER.account, schema_id(ROASTER.account, "member")
        rating = schema_id(club, "rating")
        ledger.execute(
            [
                Schema(creator=club, name="member"),
                Schema(creator=club, name="rating", content=IntegerRange(-(2**63), 5), issuers=[club]),
                Schema(creator=club, name="referrer", content=EdgeKind()),
                Attest(schema=member, issuer=club, subject=CAT.account),
                Attest(schema=rating, issuer=club, subject=CAT.account, nonce=b"n" * 32, content=Integer(-(2**63))),
                Attest(schema=schema_id(club, "referrer"), issuer=club, subject=CAT.account, content=Edge(DAN.account)),
                Attest(schema=member, issuer=club, subject=DAN.account, expires=2**45),
                Revoke(schema=member, issuer=club, subject=DAN.account, reason=Reason(7)),
                Mandate(
                    account=club,
                    agent=CAT.account,
                    asset=member,
                    limit=Limit(operations=[Attest], cap=5, window_ms=DAY_MS, until=2**60),
                ),
            ],
            ROASTER,
        )
        guard = SetGuardians(account=TILL.account, threshold=1, guardians=[ANN.account, BOB.account], delay_ms=DAY_MS)
        ledger.execute([guard], TILL)
        ledger.execute([Recover(account=TILL.account, keys=[KeyGrant(ROASTER.public, ["set_keys"])])], BOB)
        eve, fay = EVE.account, FAY.account
        badge = ledger.create_asset(EVE, "BADGE", policy=[Items(), Royalty(250, eve)])
        coin = ledger.create_asset(EVE, "COIN", decimals=2)
        ledger.execute(
            [
                Mint(asset=coin, to=fay, amount=1_050),
                Design(asset=badge, design=1, editions=1_000),
                Design(asset=badge, design=2, editions=1, set=[1, 1]),
                *[IssueItem(asset=badge, design=1, to=eve)] * 5,
                GiveItem(asset=badge, item=Item(1, 5), sender=eve, to=fay),
                BurnItem(asset=badge, item=Item(1, 2), sender=eve),
                CompleteSet(asset=badge, design=2, sender=eve, items=[Item(1, 3), Item(1, 4)]),
                SellItem(asset=badge, item=Item(1, 1), seller=eve, buyer=fay, currency=coin, price=1_050),
            ],
            EVE,
            FAY,
        )
        ledger.checkpoint()
        vkey = ledger.verifier_key
    (folder / "club.vkey").write_text(f"{vkey}\n")
    return Shop(folder, folder / "club.ledger", key, vkey, bean, mint_id)


@pytest.fixture
def fresh(tmp_path: Path) -> Shop:
    """A ledger that may be changed."""
    key = tmp_path / "operator.key"
    OPERATOR.save(key)
    with Ledger.create(tmp_path / "club.ledger", origin="club.example/beans", operator=OPERATOR) as ledger:
        bean = ledger.create_asset(ROASTER, "BEAN")
        mint_id = ledger.mint(ROASTER, bean, to=ANN.account, amount=500).id
        ledger.checkpoint()
        return Shop(tmp_path, tmp_path / "club.ledger", key, ledger.verifier_key, bean, mint_id)


def run(*args: object, env: dict[str, str] | None = None) -> Result:
    arguments = [str(arg) for arg in args]
    return CliRunner().invoke(app, arguments, prog_name="counterfoil", env={"COLUMNS": "80", **(env or {})})


def ok(*args: object) -> str:
    result = run(*args)
    assert result.exit_code == 0, (result.stderr, result.exception)
    return result.stdout


def as_json(*args: object) -> dict:
    return json.loads(ok(*args, "--json"))


def fails(code: int, *args: object, says: str = "") -> str:
    """The one line on stderr of a command that fails."""
    result = run(*args)
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.count("\n") == 1, result.stderr
    assert len(result.stderr) < 1_000
    assert result.stderr.startswith("counterfoil")
    assert says in result.stderr
    assert "Traceback" not in result.output
    return result.stderr


def framed(*signed: object) -> bytes:
    parts = [bytes(one) for one in signed]
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def signed(ledger_id: bytes, signer: Key, *operations: Operation, **more: object) -> bytes:
    return bytes(Transaction(ledger_id, operations, **more).sign(signer))


def ledger_id(shop: Shop) -> bytes:
    return bytes.fromhex(as_json("stats", "-l", shop.ledger)["id"])


# Making


def test_keygen(tmp_path):
    made = as_json("keygen", tmp_path / "ann.key")
    assert Key.load(tmp_path / "ann.key").account.hex() == made["account"]
    assert made["text"].startswith("did:key:z6Mk")
    assert (tmp_path / "ann.key").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "ann.key").read_bytes()
    fails(2, "keygen", tmp_path / "ann.key", says="never overwritten")
    assert (tmp_path / "ann.key").read_bytes() == before
    assert "did:key" in ok("keygen", tmp_path / "bob.key")
    fails(3, "keygen", tmp_path / "no" / "folder" / "x.key")


def test_init(tmp_path):
    ok("keygen", tmp_path / "op.key")
    made = as_json(
        "init",
        tmp_path / "new.ledger",
        "--origin=club.example/beans",
        f"--key={tmp_path / 'op.key'}",
        f"--vkey={tmp_path / 'club.vkey'}",
        "--time=1996-12-01",
        "--window=60",
        f"--creator={ANN.did}",
        f"--creator={BOB.account.hex()}",
        f"--governor={encode_named_account(NAMED)}",
    )
    assert (tmp_path / "club.vkey").read_text() == made["verifier_key"] + "\n"
    with Ledger.open(tmp_path / "new.ledger", read_only=True) as ledger:
        assert ledger.id.hex() == made["id"]
        assert ledger.genesis.time == 849_398_400_000
        assert ledger.parameters.window_ms == 60_000
        assert set(ledger.parameters.asset_creators) == {ANN.account, BOB.account}
        assert ledger.parameters.governor == NAMED
    assert "verifier key" in ok("init", tmp_path / "b", "--origin=a.example/b", "-k", tmp_path / "op.key")


def test_init_refuses(tmp_path, shop):
    key, new = shop.key, tmp_path / "new.ledger"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    fails(2, "init", tmp_path / "full", "--origin=a.example/b", "-k", key, says="already exists")
    fails(2, "init", shop.ledger, "--origin=a.example/b", "-k", key)
    fails(2, "init", new, "--origin=a b+c", "-k", key, says="origin")
    fails(2, "init", new, f"--origin={EMOJI}", "-k", key, says="origin")
    fails(2, "init", new, f"--origin={HUGE}", "-k", key)
    fails(2, "init", new, "--origin=", "-k", key)
    fails(2, "init", new, "--origin=a.example/b", says="--key")
    fails(3, "init", new, "--origin=a.example/b", "-k", tmp_path / "none.key", says="counterfoil keygen none.key")
    fails(2, "init", new, "--origin=a.example/b", "-k", key, "--window=0", says="window_ms")
    fails(2, "init", new, "--origin=a.example/b", "-k", key, f"--window={10**30}")
    fails(2, "init", new, "--origin=a.example/b", "-k", key, "--creator=ann", says="did:key")
    fails(1, "init", new, "--origin=a.example/b", "-k", key, "--time=2199-01-01")
    fails(2, "init", new, "--origin=a.example/b", "-k", key, "--time=yesterday", says="--time")
    fails(2, "init", new, "--origin=a.example/b", "-k", key, "--vkey", key, says="already")
    assert not new.exists()
    (tmp_path / "open.key").write_bytes(key.read_bytes())
    (tmp_path / "open.key").chmod(0o644)
    fails(2, "init", new, "--origin=a.example/b", "-k", tmp_path / "open.key", says="chmod 600")
    (tmp_path / "bad.key").write_text("hello")
    (tmp_path / "bad.key").chmod(0o600)
    fails(2, "init", new, "--origin=a.example/b", "-k", tmp_path / "bad.key", says="key")
    fails(2, "init", new, "--origin=a.example/b", "-k", tmp_path, says="directory")


# Applying


def test_apply(fresh):
    identifier = ledger_id(fresh)
    gifts = [
        signed(identifier, ANN, Transfer(asset=fresh.bean, sender=ANN.account, to=BOB.account, amount=amount))
        for amount in (120, 1_000, 30)
    ]
    file = fresh.folder / "monday.transactions"
    file.write_bytes(framed(*gifts, b"\x01 no transaction"))

    tried = run("apply", file, "-l", fresh.ledger, "--dry-run", "--json")
    assert tried.exit_code == Exit.REFUSED
    assert json.loads(tried.stdout)["statuses"] == {"ok": 2, "insufficient_funds": 1, "malformed": 1}
    assert as_json("balance", BOB.did, "BEAN", "-l", fresh.ledger)["balances"][0]["amount"] == "0"

    done = run("apply", file, "-l", fresh.ledger, "-k", fresh.key)
    assert done.exit_code == Exit.REFUSED
    assert "2 of 4 transactions applied" in done.stdout
    assert "insufficient_funds" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert as_json("balance", BOB.did, "BEAN", "-l", fresh.ledger)["balances"][0]["amount"] == "150"

    again = run("apply", file, "-l", fresh.ledger, "--json")
    outcomes = json.loads(again.stdout)["outcomes"]
    assert [one["duplicate"] for one in outcomes] == [True, False, True, False]
    assert [one["status"] for one in outcomes] == ["ok", "insufficient_funds", "ok", "malformed"]

    file.write_bytes(framed(gifts[0]))
    assert "1 of 1" in ok("apply", file, "-l", fresh.ledger, "-k", fresh.key)
    assert "wrong_ledger" in run("apply", file, "-l", _other(fresh)).stdout


def _other(fresh: Shop) -> Path:
    other = fresh.folder / "other.ledger"
    Ledger.create(other, origin="other.example/x", operator=OPERATOR).close()
    return other


def test_apply_of_nothing_and_from_stdin(fresh):
    (fresh.folder / "empty").write_bytes(b"")
    assert "0 of 0" in ok("apply", fresh.folder / "empty", "-l", fresh.ledger)
    gift = signed(ledger_id(fresh), ANN, Transfer(asset=fresh.bean, sender=ANN.account, to=BOB.account, amount=1))
    piped = CliRunner().invoke(app, ["apply", "-", "-l", str(fresh.ledger), "--json"], input=framed(gift))
    assert (piped.exit_code, json.loads(piped.stdout)["applied"]) == (0, 1)


def test_apply_at_a_time(fresh):
    now = as_json("stats", "-l", fresh.ledger)["time_ms"]
    gift = signed(ledger_id(fresh), ANN, Transfer(asset=fresh.bean, sender=ANN.account, to=BOB.account, amount=1))
    file = fresh.folder / "one"
    file.write_bytes(framed(gift))
    fails(1, "apply", file, "-l", fresh.ledger, "--time=1997-01-01", says="time")
    fails(1, "apply", file, "-l", fresh.ledger, f"--time={now + 10 * DAY_MS}", says="time")
    fails(2, "apply", file, "-l", fresh.ledger, "--time=1969-12-31", says="1970")
    fails(2, "apply", file, "-l", fresh.ledger, f"--time={HUGE}", says="--time")
    fails(2, "apply", file, "-l", fresh.ledger, "--time=-5", says="--time")
    ok("apply", file, "-l", fresh.ledger, f"--time={now}")


@pytest.mark.parametrize(
    "cut", [b"\x01", b"\x05\x00\x00\x00", b"\xff\xff\xff\xff" + bytes(100), b"\x05\x00\x00\x00abcd"]
)
def test_apply_refuses_a_file_that_is_not_whole(fresh, cut):
    gift = signed(ledger_id(fresh), ANN, Transfer(asset=fresh.bean, sender=ANN.account, to=BOB.account, amount=1))
    before = as_json("stats", "-l", fresh.ledger)["entries"]
    file = fresh.folder / "cut"
    file.write_bytes(framed(gift) + cut)
    said = fails(2, "apply", file, "-l", fresh.ledger, says="nothing was applied")
    assert f"transaction 1, at byte {len(framed(gift)):,}" in said
    assert as_json("stats", "-l", fresh.ledger)["entries"] == before


def test_apply_refuses(fresh, tmp_path):
    file = tmp_path / "empty"
    file.write_bytes(b"")
    fails(3, "apply", tmp_path / "none", "-l", fresh.ledger, says="no file")
    fails(2, "apply", tmp_path, "-l", fresh.ledger, says="folder")
    fails(2, "apply", file, says="--ledger")
    fails(3, "apply", file, "-l", tmp_path / "none", says="not a Counterfoil ledger")
    fails(3, "apply", file, "-l", tmp_path, says="not a Counterfoil ledger")
    fails(3, "apply", file, "-l", file, says="not a Counterfoil ledger")
    ANN.save(tmp_path / "ann.key")
    fails(1, "apply", file, "-l", fresh.ledger, "-k", tmp_path / "ann.key", says="operator key")
    fails(2, "apply", file, "-l", fresh.ledger, "--show=-1")
    fails(2, "apply", file, "-l", fresh.ledger, f"--{EMOJI}")


# Reading


def test_balance(shop):
    found = as_json("balance", ANN.did, "BEAN", "-l", shop.ledger)
    assert found["account"] == ANN.account.hex()
    [held] = found["balances"]
    assert (held["amount"], held["decimals"], held["supply"]) == ("120000", 2, "123456")
    assert [lot["amount"] for lot in held["lots"]] == ["120000"]
    assert "1,200.00 BEAN" in ok("balance", ANN.did, "BEAN", "-l", shop.ledger)
    assert "1,200.00" in ok("balance", ANN.account.hex(), "-l", shop.ledger)
    assert "holds nothing" in ok("balance", encode_did_key(bytes(32)), "-l", shop.ledger)
    assert as_json("balance", ANN.account.hex().upper(), "-l", shop.ledger) == as_json(
        "balance", encode_named_account(ANN.account), "-l", shop.ledger
    )


@pytest.mark.parametrize(
    "text", ["ann", "", EMOJI, HUGE, "did:key:z6Mkxxx", "0" * 63, "0" * 65, "acct1" + "q" * 58, "٣" * 64]
)
def test_accounts_that_are_none(shop, text):
    fails(2, "balance", text, "-l", shop.ledger, says="account: expected did:key:z6Mk…, acct1… or 64 hex digits")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("TEA", 3),
        ("bean", 2),
        ("", 2),
        (EMOJI, 2),
        (HUGE, 2),
        ("0" * 64, 3),
        ("BEAN" * 4, 2),
        (f"{BOB.did}:BEAN", 3),
        ("bob:BEAN", 2),
    ],
)
def test_assets_that_are_none(shop, text, code):
    says = "account" if text.startswith("bob:") else "asset"
    fails(code, "balance", ANN.did, text, "-l", shop.ledger, says=says)


def test_a_symbol_of_two_issuers_must_say_which(shop):
    said = fails(2, "asset", "GOLD", "-l", shop.ledger, says="2 have the symbol GOLD")
    assert f"{BOB.did}:GOLD" in said
    assert as_json("asset", f"{BOB.did}:GOLD", "-l", shop.ledger)["issuer"] == BOB.account.hex()
    assert as_json("asset", f"{ROASTER.account.hex()}:GOLD", "-l", shop.ledger)["issuer"] == ROASTER.account.hex()


def test_asset(shop):
    record = as_json("asset", "BEAN", "-l", shop.ledger, "--lots", "--holders")
    assert (record["asset"], record["supply"], record["minted"]) == (shop.bean.hex(), "123456", "123456")
    assert record["supply_cap"] == str(10**12)
    assert record["policy"] == [{"term": "lots", "period": "month"}, {"term": "inactivity_expiry", "days": 365}]
    assert record["powers"]["mint"] == ROASTER.account.hex()
    assert record["powers"]["claw_back"] is None
    [lot] = record["lots"]
    assert (lot["issued"], lot["outstanding"]) == ("123456", "123456")
    assert sorted(int(one["amount"]) for one in record["holders"]) == [3_456, 120_000]
    text = ok("asset", "BEAN", "-l", shop.ledger, "--lots", "--holders", "--limit=1")
    assert "a balance lapses after 365 days" in text
    assert "and more" in text
    assert max(map(len, text.splitlines())) <= 80
    assert {one["symbol"] for one in as_json("asset", "-l", shop.ledger)["assets"]} == {"BEAN", "GOLD", "BADGE", "COIN"}
    assert "no lots" in ok("asset", f"{BOB.did}:GOLD", "-l", shop.ledger, "--lots")
    fails(2, "asset", "BEAN", "-l", shop.ledger, "--limit=0")


def test_account(shop):
    plain = as_json("account", ANN.did, "-l", shop.ledger)
    assert (plain["record"], plain["mandates"]) == (None, [])
    named = as_json("account", encode_named_account(NAMED), "-l", shop.ledger)
    assert named["record"]["threshold"] == 1
    assert {grant["key"]: grant["scope"] for grant in named["record"]["keys"]} == {
        ROASTER.public.hex(): None,
        TILL.public.hex(): ["mint", "burn"],
    }
    [mandate] = named["mandates"]
    assert (mandate["cap"], mandate["spent"], mandate["operations"]) == ("5000", "0", ["mint"])
    text = ok("account", NAMED.hex(), "-l", shop.ledger)
    assert "may sign: mint, burn" in text
    assert "mandate held" in text
    assert "50.00 in 1 day" in text
    assert "mandate given" in ok("account", ROASTER.did, "-l", shop.ledger)
    assert "none: a key account" in ok("account", ANN.did, "-l", shop.ledger)
    assert [one["account"] for one in as_json("account", "-l", shop.ledger)["accounts"]] == [NAMED.hex()]
    assert encode_named_account(NAMED) in ok("account", "-l", shop.ledger)


def test_guardians_and_a_recovery(shop):
    found = as_json("account", TILL.did, "-l", shop.ledger)
    assert found["record"] is None
    assert found["guardians"] == {
        "threshold": 1,
        "guardians": sorted([ANN.account.hex(), BOB.account.hex()]),
        "delay_ms": DAY_MS,
    }
    assert found["recovery"]["keys"] == [{"key": ROASTER.public.hex(), "scope": ["set_keys"]}]
    assert found["recovery"]["due"] == found["recovery"]["started"] + DAY_MS
    text = ok("account", TILL.did, "-l", shop.ledger)
    for words in ("1 of 2", "1 day", ANN.did, "1 of 1 keys", "may sign: set_keys"):
        assert words in text
    assert as_json("account", ANN.did, "-l", shop.ledger)["guardians"] is None
    log = " ".join(ok("log", "-l", shop.ledger).split())
    assert "set_guardians" in log
    assert "1 of 2 guardians" in log


def test_an_alias(fresh):
    with Ledger.open(fresh.ledger, operator=OPERATOR) as ledger:
        ledger.execute([Alias(account=ANN.account, into=BOB.account)], ANN, BOB)
    record = as_json("account", ANN.did, "-l", fresh.ledger)["record"]
    assert (record["kind"], record["into"], record["epoch"]) == ("alias", BOB.account.hex(), 1)
    text = ok("account", ANN.did, "-l", fresh.ledger)
    assert "alias of" in text
    assert BOB.did in text
    assert "alias of" in ok("account", "-l", fresh.ledger)
    [listed] = as_json("account", "-l", fresh.ledger)["accounts"]
    assert (listed["account"], listed["kind"]) == (ANN.account.hex(), "alias")
    assert "alias" in ok("log", "-l", fresh.ledger)


def test_log_pages(shop):
    size = as_json("stats", "-l", shop.ledger)["entries"]
    whole, after = [], None
    while True:
        cursor = () if after is None else ("--after", after)
        page = as_json("log", "-l", shop.ledger, "--limit=3", *cursor)
        if not page["entries"]:
            break
        whole += page["entries"]
        after = page["next_after"]
    assert [entry["index"] for entry in whole] == list(range(size))
    assert whole[0]["kind"] == "genesis"
    assert whole[-1]["kind"] == "commit"
    [mint] = [entry for entry in whole if entry.get("id") == shop.mint_id.hex()]
    assert mint["signed"]["transaction"]["operations"][0]["amount"] == "123456"
    assert [one["index"] for one in as_json("log", "-l", shop.ledger, "--tail", "--limit=2")["entries"]] == [
        size - 2,
        size - 1,
    ]
    assert len(as_json("log", "-l", shop.ledger, "--tail", "--limit=1000")["entries"]) == size
    text = ok("log", "-l", shop.ledger, "--limit=1000")
    assert "mint 1,234.56 BEAN" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "no entries after" in ok("log", "-l", shop.ledger, "--after=10000")


def test_log_of_an_account(shop):
    entries = as_json("log", "-l", shop.ledger, "--account", BOB.did)["entries"]
    kinds = [entry["signed"]["transaction"]["operations"][0]["operation"] for entry in entries]
    assert kinds == ["create", "transfer", "set_guardians", "recover"]
    [first] = as_json("log", "-l", shop.ledger, "--account", BOB.did, "--limit=1")["entries"]
    rest = as_json("log", "-l", shop.ledger, "--account", BOB.did, "--after", first["index"])["entries"]
    assert [first, *rest] == entries
    assert as_json("log", "-l", shop.ledger, "--account", BOB.did, "--tail", "--limit=1")["entries"] == entries[-1:]


def test_log_of_one_entry(shop):
    by_id = as_json("log", shop.mint_id.hex(), "-l", shop.ledger)
    assert as_json("log", str(by_id["index"]), "-l", shop.ledger) == by_id
    assert bytes.fromhex(by_id["bytes"])[0] == 1
    text = ok("log", shop.mint_id.hex(), "-l", shop.ledger)
    assert "signed by" in text
    assert ROASTER.did in text
    for index in range(as_json("stats", "-l", shop.ledger)["entries"]):
        assert "kind" in ok("log", index, "-l", shop.ledger)
    fails(3, "log", "99999", "-l", shop.ledger, says="entries")
    fails(3, "log", "0" * 64, "-l", shop.ledger, says="no transaction")
    for text in (EMOJI, HUGE, "", "٣", "9" * 30):
        fails(2, "log", text, "-l", shop.ledger, says="entry")
    fails(2, "log", "-l", shop.ledger, "--after=-1")
    fails(2, "log", "-l", shop.ledger, f"--after={HUGE}")
    ok("log", "-l", shop.ledger, f"--after={2**62}")


def test_stats(shop):
    found = as_json("stats", "-l", shop.ledger)
    assert found["verifier_key"] == shop.vkey
    assert found["checkpoint_tree_size"] == found["entries"]
    text = ok("stats", "-l", shop.ledger)
    assert "log on disk" in text
    assert run("stats", env={"COUNTERFOIL_LEDGER": str(shop.ledger)}).exit_code == 0


# Checkpoints and proofs


def test_checkpoint(fresh):
    last = ok("checkpoint", "--last", "-l", fresh.ledger)
    assert last.startswith("club.example/beans\n")
    new = as_json("checkpoint", "-l", fresh.ledger, "-k", fresh.key)
    assert new["tree_size"] >= int(last.split("\n")[1])
    assert ok("checkpoint", "--last", "-l", fresh.ledger) == new["note"]
    ok("checkpoint", "--last", "-l", fresh.ledger, "-o", fresh.folder / "c.note")
    assert (fresh.folder / "c.note").read_text() == new["note"]
    fails(2, "checkpoint", "--last", "-l", fresh.ledger, "-o", fresh.folder / "c.note", says="--force")
    ok("checkpoint", "--last", "-l", fresh.ledger, "-o", fresh.folder / "c.note", "--force")
    fails(2, "checkpoint", "-l", fresh.ledger, says="--key")
    fails(2, "checkpoint", "-l", fresh.ledger, "--last", "-k", fresh.key, says="both")
    BOB.save(fresh.folder / "bob.key")
    fails(1, "checkpoint", "-l", fresh.ledger, "-k", fresh.folder / "bob.key", says="operator key")
    verified = as_json("verify", fresh.folder / "c.note", "--vkey", fresh.vkey)
    assert verified["tree_size"] == new["tree_size"]


def test_a_balance_is_proven_and_verified(shop, tmp_path):
    file = tmp_path / "ann.statement"
    ok("prove", "balance", "BEAN", ANN.did, "-l", shop.ledger, "-o", file)
    for vkey in (shop.vkey, shop.folder / "club.vkey"):
        claim = as_json("verify", file, "--vkey", vkey)
        assert (claim["kind"], claim["amount"], claim["supply"]) == ("balance", "120000", "123456")
    asset = f"{ROASTER.did}:BEAN"
    ok("verify", file, "--vkey", shop.vkey, "--account", ANN.did, "--asset", asset, "--max-age", 3_600)
    fails(1, "verify", file, "--vkey", shop.vkey, "--account", BOB.did, says="[wrong_question]")
    fails(1, "verify", file, "--vkey", shop.vkey, "--ledger-id", "0" * 64, says="[wrong_ledger]")
    time.sleep(0.01)
    fails(1, "verify", file, "--vkey", shop.vkey, "--max-age=0.001", says="[stale]")
    fails(2, "verify", file, "--vkey", shop.vkey, "--max-age=nan")
    fails(2, "verify", file, "--vkey", shop.vkey, "--asset=BEAN", says="--asset")

    fails(2, "prove", "balance", "BEAN", ANN.did, "-l", shop.ledger, "-o", file, says="--force")
    ok("prove", "balance", "BEAN", ANN.did, "-l", shop.ledger, "-o", file, "--force", "--json")
    absent = tmp_path / "nobody.statement"
    ok("prove", "balance", "BEAN", "0" * 64, "-l", shop.ledger, "-o", absent)
    assert "holds nothing" in ok("verify", absent, "--vkey", shop.vkey)


def test_every_byte_counts(shop, tmp_path):
    file = tmp_path / "ann.statement"
    ok("prove", "balance", "BEAN", ANN.did, "-l", shop.ledger, "-o", file)
    whole = file.read_bytes()
    told = as_json("verify", file, "--vkey", shop.vkey)
    for place in range(0, len(whole), 23):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        changed = run("verify", file, "--vkey", shop.vkey, "--json")
        found = json.loads(changed.stdout) if changed.stdout else {}
        assert changed.exit_code in (1, 0)
        assert found != told
        if changed.exit_code == 1:
            assert found["ok"] is False
            assert f"[{found['reason']}]" in changed.stderr


def test_a_transaction_is_proven_and_verified(shop, tmp_path):
    file = tmp_path / "mint.receipt"
    ok("prove", "transaction", shop.mint_id.hex(), "-l", shop.ledger, "-o", file)
    claim = as_json("verify", file, "--vkey", shop.vkey)
    assert (claim["kind"], claim["id"]) == ("receipt", shop.mint_id.hex())
    assert claim["operations"][0] == {
        "operation": "mint",
        "asset": shop.bean.hex(),
        "to": ANN.account.hex(),
        "amount": "123456",
        "reference": None,
    }
    assert "this transaction was applied" in ok("verify", file, "--vkey", shop.vkey)
    fails(2, "verify", file, "--vkey", shop.vkey, "--account", ANN.did, says="receipt")
    ok("prove", "entry", claim["index"], "-l", shop.ledger, "-o", tmp_path / "entry.receipt")
    assert (tmp_path / "entry.receipt").read_bytes() == file.read_bytes()
    fails(3, "prove", "transaction", "0" * 64, "-l", shop.ledger, "-o", tmp_path / "x", says="not applied")
    fails(2, "prove", "transaction", "x", "-l", shop.ledger, says="64 hex digits")
    fails(3, "prove", "entry", "9999", "-l", shop.ledger, says="entries")
    assert not (tmp_path / "x").exists()


RECORDS = {
    "parameters": (),
    "accounts": (NAMED.hex(),),
    "mandates": (ROASTER.did, NAMED.hex(), "BEAN"),
    "once": (ANN.did, "00" * 32),
    "assets": ("BEAN",),
    "holders": ("BEAN", ANN.did),
    "freezes": ("BEAN", ANN.did),
    "designs": ("BADGE", "1"),
    "items": ("BADGE", "1", "1"),
    "schemas": (f"{ROASTER.did}:member",),
    "attestations": (f"{ROASTER.did}:member", ROASTER.did, CAT.did),
    "redemptions": ("BEAN", ANN.did, "00" * 32),
    "debts": ("BEAN", ANN.did),
    "guardians": (TILL.did,),
    "recoveries": (TILL.did,),
}
ABSENT = {"freezes", "redemptions", "debts"}


@pytest.mark.parametrize("table", [*RECORDS, "lots"])
def test_any_record_is_proven_and_verified(shop, tmp_path, table):
    file = tmp_path / "record.statement"
    month = time.strftime("%Y-%m", time.gmtime())
    parts = RECORDS.get(table, ("BEAN", month))
    ok("prove", "record", table, *parts, "-l", shop.ledger, "-o", file)
    claim = as_json("verify", file, "--vkey", shop.vkey)
    assert claim["kind"] == ("balance" if table == "holders" else "record")
    assert claim.get("present", True) is (table not in ABSENT)
    assert ok("verify", file, "--vkey", shop.vkey).startswith("proven")
    if parts:
        fails(2, "prove", "record", table, *parts[1:], "-l", shop.ledger, says=f"prove record {table}")
    optional = ["00" * 32] if table == "attestations" else []
    fails(2, "prove", "record", table, *parts, *optional, "more", "-l", shop.ledger, says=f"prove record {table}")


def test_attestations_are_shown_and_proven(shop, tmp_path):
    member, rating, file = schema_id(ROASTER.account, "member"), schema_id(ROASTER.account, "rating"), tmp_path / "s"
    ok("prove", "record", "attestations", rating.hex(), ROASTER.did, CAT.did, "6e" * 32, "-l", shop.ledger, "-o", file)
    claim = as_json("verify", file, "--vkey", shop.vkey)
    assert claim["present"]
    assert claim["value"]["content"] == {"kind": "integer", "value": str(-(2**63))}
    assert (claim["key"], claim["live"]) == (rating.hex(), True)
    shown = ok("verify", file, "--vkey", shop.vkey)
    assert f"schema     {rating.hex()}" in shown
    assert "live       yes" in shown
    ok("prove", "record", "attestations", member.hex(), ROASTER.did, DAN.did, "-l", shop.ledger, "-o", file, "--force")
    assert as_json("verify", file, "--vkey", shop.vkey)["live"] is False
    ok("prove", "record", "attestations", member.hex(), ROASTER.did, BOB.did, "-l", shop.ledger, "-o", file, "--force")
    absent = as_json("verify", file, "--vkey", shop.vkey)
    assert (absent["present"], absent["value"], "live" in absent) == (False, None, False)
    ok("prove", "record", "schemas", rating.hex(), "-l", shop.ledger, "-o", file, "--force")
    value = as_json("verify", file, "--vkey", shop.vkey)["value"]
    assert value["content"] == {"kind": "integer", "least": str(-(2**63)), "most": "5"}
    assert (value["issuers"], value["subjects"], value["live"]) == ([ROASTER.account.hex()], None, 1)
    parts = (ROASTER.did, CAT.did)
    for schema in (f"{ROASTER.did}:member", member.hex()):
        ok("prove", "record", "mandates", *parts, schema, "-l", shop.ledger, "-o", file, "--force")
        assert as_json("verify", file, "--vkey", shop.vkey)["value"]["operations"] == ["attest"]
    for schema in ("member", f"{ROASTER.did}:Member", ":member", "member:", EMOJI, HUGE, ""):
        fails(2, "prove", "record", "schemas", "-l", shop.ledger, "--", schema, says="schema: expected 64 hex digits")
    fails(2, "prove", "record", "attestations", member.hex(), *parts, "x", "-l", shop.ledger, says="nonce: expected 64")
    (entry,) = as_json("log", "-l", shop.ledger, "--account", DAN.did)["entries"]
    shown = " ".join(ok("log", entry["index"], "-l", shop.ledger).split())
    for line in ("schema rating by did:key", "attest rating: did:key", f": {-(2**63)}", "revoke member: did:key"):
        assert line in shown, line
    assert "attest member" in " ".join(ok("account", CAT.did, "-l", shop.ledger).split())


def test_campaigns_are_shown_and_proven(fresh, tmp_path):
    campaign, cap = campaign_id(ANN.account, bytes(16)), Cap(units=400, window_ms=DAY_MS)
    with Ledger.open(fresh.ledger, operator=OPERATOR) as ledger:
        roles = [Role(bps=10_000, signs=True)]
        terms = CampaignTerms(
            roles=roles, claim_max=50, ends=ledger.time + DAY_MS, member_cap=cap, pending_ms=5, notice_ms=5
        )
        slips = [
            Slip(nonce=bytes([n]) * 16, valid_until=2**63, amount=20, parties=[BOB.account], floor=20) for n in range(2)
        ]
        signatures = [sign_slip(slip, BOB, role=0, ledger=ledger.id, campaign=campaign) for slip in slips]
        signed = [SignedSlip(slip, [each]) for slip, each in zip(slips, signatures, strict=True)]
        ledger.execute(
            [
                OpenCampaign(owner=ANN.account, salt=bytes(16), asset=fresh.bean, amount=100, terms=terms),
                FundCampaign(campaign=campaign, asset=fresh.bean, sender=ANN.account, amount=7),
            ],
            ANN,
        )
        claimed = ledger.execute([Claim(campaign=campaign, slips=signed)], CAT)
        ledger.execute([CloseCampaign(campaign=campaign)], ANN)
        ledger.checkpoint()
    file = tmp_path / "s"
    ok("prove", "record", "campaigns", campaign.hex(), "-l", fresh.ledger, "-o", file)
    value = as_json("verify", file, "--vkey", fresh.vkey)["value"]
    assert value["terms"]["member_cap"] == {"units": "400", "claims": 2**32 - 1, "window_ms": DAY_MS}
    assert (value["terms"]["claim_max"], value["claims"], value["closed"]) == ("50", 2, False)
    assert "eligible anybody" in " ".join(ok("verify", file, "--vkey", fresh.vkey).split())
    ok("prove", "record", "claimants", campaign.hex(), BOB.did, "-l", fresh.ledger, "-o", file, "--force")
    assert as_json("verify", file, "--vkey", fresh.vkey)["value"]["counted"] == {
        "window": 0,
        "units": "40",
        "claims": 2,
    }
    hold = pending_hold_id(campaign, BOB.account, slips[1].nonce, claimed.id)
    ok("prove", "record", "holds", hold.hex(), "-l", fresh.ledger, "-o", file, "--force")
    assert as_json("verify", file, "--vkey", fresh.vkey)["value"]["amount"] == "20"
    ok("prove", "transaction", claimed.id.hex(), "-l", fresh.ledger, "-o", file, "--force")
    (operation,) = as_json("verify", file, "--vkey", fresh.vkey)["operations"]
    assert operation["slips"][1]["slip"]["amount"] == "20"
    assert operation["slips"][1]["slip"]["floor"] == "20"
    assert operation["slips"][1]["signatures"][0]["key"] == BOB.public.hex()
    lines = {
        "open_campaign 100 BEAN of did:key",
        "fund_campaign 7 BEAN: did:key",
        "claim 2 slips of acct1",
        "close_campaign acct1",
    }
    shown = " ".join(" ".join(ok("log", index, "-l", fresh.ledger).split()) for index in _applied(fresh))
    assert {line for line in lines if line not in shown} == set()


def _applied(shop: Shop) -> list[int]:
    """The transactions in the log."""
    return [entry["index"] for entry in as_json("log", "-l", shop.ledger)["entries"] if entry["kind"] == "applied"]


def test_redemptions_and_debts(tmp_path):
    order, file, place = bytes(range(32)), tmp_path / "record.statement", tmp_path / "club.ledger"
    with Ledger.create(place, origin="club.example/beans", operator=OPERATOR) as ledger:
        policy = [Lots(Period.MONTH), DebtFloor(5_000)]
        powers = Powers(mint=ROASTER.account, claw_back=ROASTER.account)
        bean = ledger.create_asset(ROASTER, "BEAN", decimals=2, policy=policy, powers=powers)
        ledger.mint(ROASTER, bean, to=ANN.account, amount=1_000)
        redeem = Redeem(asset=bean, sender=ANN.account, at=BOB.account, order=order, amount=700)
        redeemed = ledger.execute([redeem], ANN).id
        refund = Refund(asset=bean, sender=ANN.account, order=order, amount=200)
        refunded = ledger.execute([refund], BOB).id
        ledger.execute([ClawBack(asset=bean, sender=ANN.account, to=BOB.account, amount=1_500)], ROASTER)
        ledger.checkpoint()
        vkey = ledger.verifier_key

    record = as_json("asset", "BEAN", "-l", place, "--lots")
    assert (record["supply"], record["redeemed"], record["owed"], record["debtors"]) == ("500", "500", "1000", 1)
    assert record["policy"][1] == {"term": "debt_floor", "units": "5000"}
    assert (record["lots"][0]["redeemed"], record["lots"][0]["outstanding"]) == ("500", "500")
    text = ok("asset", "BEAN", "-l", place, "--lots")
    assert "10.00 BEAN by 1 accounts" in text
    assert "may owe the issuer up to 5000 minor units" in text
    assert "redeemed" in text

    assert "redeem 7.00 BEAN of" in ok("log", "-l", place)
    assert "refund 2.00 BEAN →" in ok("log", "-l", place)
    assert redeemed != refunded

    ok("prove", "record", "redemptions", "BEAN", ANN.did, order.hex(), "-l", place, "-o", file)
    value = as_json("verify", file, "--vkey", vkey)["value"]
    assert (value["amount"], value["refunded"], value["at"]) == ("700", "200", BOB.account.hex())
    assert [one["amount"] for one in value["lots"]] == ["500"]
    ok("prove", "record", "debts", "BEAN", ANN.did, "-l", place, "-o", file, "--force")
    assert as_json("verify", file, "--vkey", vkey)["sum"] == "1000"
    assert "1,000 of 1,000" in ok("verify", file, "--vkey", vkey)
    fails(2, "prove", "record", "redemptions", "BEAN", ANN.did, "0" * 63, "-l", place, says="order")


def test_items_are_shown_and_proven(shop, tmp_path):
    file = tmp_path / "item.statement"
    ok("prove", "record", "items", "BADGE", "2", "1", "-l", shop.ledger, "-o", file)
    value = as_json("verify", file, "--vkey", shop.vkey)["value"]
    assert (value["item"], value["owner"]) == ({"design": 2, "edition": 1}, EVE.account.hex())
    ok("prove", "record", "items", "BADGE", "1", "2", "-l", shop.ledger, "-o", file, "--force")
    assert as_json("verify", file, "--vkey", shop.vkey)["present"] is False
    ok("prove", "record", "designs", "BADGE", "1", "-l", shop.ledger, "-o", file, "--force")
    value = as_json("verify", file, "--vkey", shop.vkey)["value"]
    assert (value["editions"], value["issued"], value["burned"], value["set"]) == (1_000, "5", "3", [])
    for number in ("-1", "x", "1.0", str(2**32), EMOJI, HUGE, ""):
        for table, parts in (("design", ()), ("item", ("1",))):
            says = "edition: expected a number" if parts else "design: expected a number"
            fails(2, "prove", "record", f"{table}s", "-l", shop.ledger, "--", "BADGE", *parts, number, says=says)
    *_, entry = as_json("log", "-l", shop.ledger, "--account", FAY.did)["entries"]
    shown = " ".join(ok("log", entry["index"], "-l", shop.ledger).split())
    for line in (
        "design 1 of BADGE, 1,000 editions",
        "issue_item BADGE 1 → did:key",
        "give_item BADGE 1/5: did:key",
        "burn_item BADGE 1/2 of did:key",
        "complete_set BADGE 2 of 2 items of did:key",
        "sell_item BADGE 1/1: did:key",
        "for 10.50 COIN",
    ):
        assert line in shown, line
    policy = " ".join(ok("asset", "BADGE", "-l", shop.ledger).split())
    assert "a collection of items, each with one owner" in policy
    assert "of each price 250 of 10,000 parts go to" in policy


def test_every_table_and_operation_has_words(shop):
    assert set(_values.RECORD_PARTS) == set(TABLES)
    assert {_values.operation_name(tag) for tag in OPERATIONS} == {name for name, _ in OPERATIONS.values()}
    fails(2, "prove", "record", "wallets", "-l", shop.ledger, says="expected one of parameters")
    for lot in ("1997-13", "1969-12", EMOJI, HUGE, "", "-1", str(2**32)):
        fails(2, "prove", "record", "lots", "BEAN", "-l", shop.ledger, "--", lot)


def test_prove_has_a_name_of_its_own_and_writes_to_stdout(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ok("prove", "balance", "BEAN", ANN.did, "-l", shop.ledger)
    ok("prove", "transaction", shop.mint_id.hex(), "-l", shop.ledger)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{ANN.account.hex()[:16]}.statement", f"{shop.mint_id.hex()[:16]}.receipt"}
    printed = run("prove", "balance", "BEAN", ANN.did, "-l", shop.ledger, "-o", "-")
    assert printed.stdout_bytes == (tmp_path / f"{ANN.account.hex()[:16]}.statement").read_bytes()
    piped = CliRunner().invoke(app, ["verify", "-", "--vkey", shop.vkey], input=printed.stdout_bytes)
    assert piped.exit_code == 0


def test_all_that_a_member_has_is_proven(shop, tmp_path):
    file = tmp_path / "ann.exit"
    ok("prove", "exit", ANN.did, "-l", shop.ledger, "-o", file)
    claim = verify_exit_bundle(file.read_bytes(), shop.vkey, account=ANN.account)
    assert claim.balances[shop.bean].amount == 120_000
    assert shop.mint_id in [each.id for each in claim.receipts]
    told = as_json("verify", file, "--vkey", shop.vkey, "--account", ANN.did)
    assert (told["kind"], told["balances"][shop.bean.hex()]["amount"]) == ("exit", "120000")
    assert shop.mint_id.hex() in [each["id"] for each in told["receipts"]]
    assert "1,200.00 BEAN" in ok("verify", file, "--vkey", shop.vkey)
    fails(1, "verify", file, "--vkey", shop.vkey, "--account", BOB.did, says="[wrong_question]")
    fails(2, "verify", file, "--vkey", shop.vkey, "--max-age", 1, says="exit bundle")
    file.with_suffix(".broken").write_bytes(file.read_bytes()[:-1])
    fails(1, "verify", file.with_suffix(".broken"), "--vkey", shop.vkey, says="[truncated]")
    fails(2, "prove", "exit", ANN.did, "-l", shop.ledger, "-o", file, says="--force")
    fails(2, "prove", "exit", "ann", "-l", shop.ledger, says="account")


@pytest.mark.skipif(not Path(page.__file__).with_name("page.html").exists(), reason="no page: Node.js 20 builds it")
def test_a_page_s_proofs_are_checked_without_a_browser(shop, tmp_path):
    file = tmp_path / "ann.html"
    ok("prove", "exit", ANN.did, "-l", shop.ledger, "-o", file, "--html")
    bundle = tmp_path / "ann.exit"
    ok("prove", "exit", ANN.did, "-l", shop.ledger, "-o", bundle)
    told = as_json("verify", file, "--vkey", shop.vkey)
    of_bundle = as_json("verify", bundle, "--vkey", shop.vkey)
    assert [each["kind"] for each in told["proofs"][:2]] == ["record", "record"]
    receipts = [each for each in told["proofs"] if each["kind"] == "receipt"]
    assert [each["id"] for each in receipts] == [each["id"] for each in of_bundle["receipts"]]
    assert "this balance" in ok("verify", file, "--vkey", shop.vkey)
    fails(1, "verify", file, "--vkey", f"club.example/beans+{shop.vkey.split('+', 1)[1][:-4]}AAA=", says="[wrong_key]")
    fails(2, "verify", file, "--vkey", shop.vkey, "--account", ANN.did, says="this file is a page")
    whole = file.read_bytes()
    for changed, reason in (
        (whole.replace(b'"proofs": ["Y', b'"proofs": ["Z'), "malformed_question"),
        (whole.replace(b'"proofs": ["', b'"proofs": ["*'), "malformed_statement"),
        (whole.replace(b'"proofs"', b'"receipts"'), "malformed_statement"),
        (whole.replace(b'id="embedded"', b'id="embroidered"'), "malformed_statement"),
        (whole + bytes(20_000_000), "too_long"),
    ):
        file.write_bytes(changed)
        fails(1, "verify", file, "--vkey", shop.vkey, says=f"[{reason}]")


def test_what_came_after_the_checkpoint_is_missing_in_no_exit(tmp_path):
    folder = tmp_path / "l"
    with Ledger.create(folder, origin="a.example/b", operator=OPERATOR) as ledger:
        program = (
            "import sys\n"
            "from counterfoil.cli import app\n"
            f"app(['prove', 'exit', {ANN.did!r}, '-l', {str(folder)!r}, '-o', {str(tmp_path / 'x')!r}])"
        )
        ledger.create_asset(ROASTER, "BEAN")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, "since the last checkpoint" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "x").exists()


def test_without_a_checkpoint_nothing_is_proven(tmp_path):
    # A writer without the operator's key commits, but cannot sign.
    folder = tmp_path / "l"
    with Ledger.create(folder, origin="a.example/b", operator=OPERATOR):
        pass
    with Ledger.open(folder) as ledger:
        ledger.create_asset(ROASTER, "BEAN")
    fails(1, "prove", "balance", "BEAN", ANN.did, "-l", folder, "-o", tmp_path / "x", says="no checkpoint")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("content", [b"", b"hello", bytes(1_000), b"\xff" * 5_000_000, EMOJI.encode()])
def test_proofs_that_are_none(shop, tmp_path, content):
    file = tmp_path / "proof"
    file.write_bytes(content)
    fails(1, "verify", file, "--vkey", shop.vkey, says="refused")


def test_verify_refuses(shop, tmp_path):
    fails(3, "verify", tmp_path / "none", "--vkey", shop.vkey, says="no file")
    fails(2, "verify", tmp_path, "--vkey", shop.vkey, says="folder")
    (tmp_path / "proof").write_bytes(b"x")
    fails(2, "verify", tmp_path / "proof", says="--vkey")
    for vkey in ("nonsense", EMOJI, HUGE, "", tmp_path, tmp_path / "none.vkey"):
        fails(2, "verify", tmp_path / "proof", "--vkey", vkey, says="--vkey")
    fails(1, "verify", tmp_path / "proof", "--vkey", shop.vkey.replace("beans", "bears"), says="[wrong_key]")
    (tmp_path / "bad.vkey").write_bytes(b"\xff\xfe\x00" * 1_000)
    fails(1, "verify", tmp_path / "proof", "--vkey", tmp_path / "bad.vkey")
    ok("prove", "balance", "BEAN", ANN.did, "-l", shop.ledger, "-o", tmp_path / "s")
    other = Key.from_seed(b"x" * 32)
    Ledger.create(tmp_path / "other", origin="club.example/beans", operator=other).close()
    stranger = as_json("stats", "-l", tmp_path / "other")["verifier_key"]
    fails(1, "verify", tmp_path / "s", "--vkey", stranger, says="[wrong_key]")


def test_no_option_of_verify_is_left_unheard(tmp_path):
    """An option of which a kind of file tells nothing is a mistake; of a statement without its question all count."""
    with Ledger.create(tmp_path / "l", origin="club.example/beans", operator=OPERATOR, time=1_000) as ledger:
        bean = ledger.create_asset(ROASTER, "BEAN", time=1_000)
        mint = ledger.mint(ROASTER, bean, to=ANN.account, amount=5, time=1_000)
        note, vkey = ledger.checkpoint(time=1_000), ledger.verifier_key
        statement, receipt = bytes(ledger.prove_balance(bean, ANN.account)), bytes(ledger.prove_transaction(mint.id))
        (tmp_path / "ann.exit").write_bytes(exit_bundle(ledger, ANN.account))
    bare = statement[statement.index(b"counterfoil/statement/v1") :]
    files = {"whole": statement, "bare": bare, "note": note.encode(), "receipt": receipt}
    files["evidence"] = EQUIVOCATION + bytes(12)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    about = ("--account", ANN.did, "--asset", bean.hex())
    for name in ("whole", "bare"):
        assert "this balance" in ok("verify", tmp_path / name, "--vkey", vkey, *about)
        fails(1, "verify", tmp_path / name, "--vkey", vkey, *about, "--max-age", 60, says="[stale]")
    asked = {"--account": ANN.did, "--asset": bean.hex(), "--max-age": 60, "--ledger-id": bytes(32).hex()}
    kinds = {"note": "a checkpoint", "evidence": "evidence of two histories", "receipt": "a receipt"}
    for name, kind in {**kinds, "ann.exit": "an exit bundle"}.items():
        for option, value in asked.items():
            if (name, option) in {("receipt", "--ledger-id"), ("ann.exit", "--ledger-id"), ("ann.exit", "--account")}:
                continue
            command = ("verify", tmp_path / name, "--vkey", vkey, option, value)
            fails(2, *command, says=f"this file is {kind}, to which {option} cannot be applied")
    fails(1, "verify", tmp_path / "receipt", "--vkey", vkey, "--ledger-id", bytes(32).hex(), says="[wrong_ledger]")


def test_verify_needs_no_native_module(shop, tmp_path):
    """A process in which the native module cannot be imported."""
    ok("prove", "balance", "BEAN", ANN.did, "-l", shop.ledger, "-o", tmp_path / "s")
    program = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "counterfoil._core":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from counterfoil.cli import main
main()
"""

    def blocked(*args: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    done = blocked("verify", tmp_path / "s", "--vkey", shop.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert "proven" in done.stdout
    # So do keys and help; what needs it says so.
    assert blocked("keygen", tmp_path / "k").returncode == 0
    assert blocked("--help").returncode == 0
    missing = blocked("stats", "-l", shop.ledger)
    assert (missing.returncode, missing.stderr.count("\n")) == (4, 1)
    assert "native module" in missing.stderr


# What is wrong with the ledger


READING = [("stats",), ("asset",), ("account",), ("log",), ("checkpoint", "--last"), ("balance", "0" * 64), ("fsck",)]


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_folders_that_are_no_ledger(tmp_path, command):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("hello")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "format").write_text("hello")
    for name in ("none", "empty", "file", "odd", EMOJI, "x" * 300, "new\nline"):
        result = run(*command, "-l", tmp_path / name)
        assert result.exit_code in (Exit.NOT_FOUND, Exit.STORAGE), (name, result.output)
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_a_newer_format(fresh, command):
    file = fresh.ledger / "format"
    number = "".join(letter for letter in file.read_text() if letter.isdigit())
    file.write_text(file.read_text().replace(number, str(int(number) + 1)))
    fails(3, *command, "-l", fresh.ledger, says="newer")


def test_reading_goes_on_beside_a_writer_and_a_second_writer_is_refused(fresh):
    with Ledger.open(fresh.ledger, operator=OPERATOR) as ledger:
        ledger.mint(ROASTER, fresh.bean, to=BOB.account, amount=7)
        ledger.checkpoint()
        balance = _outside("balance", BOB.did, "BEAN", "-l", fresh.ledger, "--json")
        assert json.loads(balance.stdout)["balances"][0]["amount"] == "7"
        (fresh.folder / "empty").write_bytes(b"")
        for command in (
            ("apply", fresh.folder / "empty", "-l", fresh.ledger),
            ("checkpoint", "-l", fresh.ledger, "-k", fresh.key),
            ("fsck", "-l", fresh.ledger),
        ):
            locked = _outside(*command)
            assert locked.returncode == Exit.LOCKED, (command, locked.stderr)
            assert locked.stderr.count("\n") == 1
            assert "open elsewhere" in locked.stderr
    assert _outside("fsck", "-l", fresh.ledger).returncode == 0


def _outside(*args: object, **more: object) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    command = [str(Path(sys.executable).with_name("counterfoil")), *map(str, args)]
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment, **more)


@pytest.mark.parametrize("which", ["log", "state"])
def test_fsck_says_where(fresh, which):
    assert "whole and consistent" in ok("fsck", "-l", fresh.ledger)
    assert as_json("fsck", "--full", "-l", fresh.ledger)["ok"] is True
    file = fresh.ledger / which / "data.mdb"
    content = bytearray(file.read_bytes())
    # Somewhere in the middle of what both stores hold of the asset.
    places = [place for place in range(len(content) - 4) if content[place : place + 4] == b"BEAN"]
    assert places
    for place in places:
        content[place] ^= 0x20
    file.write_bytes(content)
    fails(4, "fsck", "--full", "-l", fresh.ledger, says="expected")


def test_a_truncated_store(fresh):
    file = fresh.ledger / "log" / "data.mdb"
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    said = _outside("fsck", "-l", fresh.ledger)
    assert said.returncode == Exit.STORAGE, (said.returncode, said.stderr)
    assert said.stderr.count("\n") == 1


def test_a_file_that_may_not_be_read(fresh, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "f").chmod(0)
    fails(4, "apply", tmp_path / "f", "-l", fresh.ledger)


# Members and balances


@pytest.fixture
def store(tmp_path) -> list[object]:
    """The options of a store of members, which is not made yet."""
    ok("keygen", tmp_path / "members.seed")
    ROASTER.save(tmp_path / "roaster.key")
    return ["--store", tmp_path / "members.db", "--seed-file", tmp_path / "members.seed"]


def test_members_and_balances_go_in_and_out(fresh, store, tmp_path):
    file = tmp_path / "old.csv"
    file.write_text("customer,amount,reference,name\nann,120,a,Ann\nbob,30,a,Bob\n")
    said = ok("members", "import", file, *store)
    assert "2 members imported, 0 were before, 0 rows refused" in said
    made = as_json("members", "import", file, *store)
    assert (made["rows"], made["done"], made["repeated"], made["refused"]) == (2, 0, 2, 0)
    assert made["ignored_columns"] == ["amount", "reference", "name"]

    minting = ["-l", fresh.ledger, "--asset", "BEAN", "--minter", tmp_path / "roaster.key", *store]
    assert "2 rows imported, 0 were before" in ok("balances", "import", file, *minting, "-k", fresh.key)
    assert as_json("balances", "import", file, *minting)["repeated"] == 2

    file.write_text("customer,amount,reference,name\nann,120,a,Ann\nann,1.5,b,Ann\nnobody,5,a,\n" + "x\n" * 20)
    report = tmp_path / "refused.csv"
    some = run("balances", "import", file, *minting, "--report", report)
    assert some.exit_code == Exit.REFUSED
    assert "0 rows imported, 1 were before, 22 rows refused" in some.stdout
    assert "at most 0 decimal places" in some.stdout
    assert "and 12 more; --report FILE has them all" in some.stdout
    assert "ignored columns: name" in some.stderr
    assert report.read_text().count("\n") == 23

    out = tmp_path / "out.csv"
    exported = as_json("balances", "export", "-l", fresh.ledger, "--asset", fresh.bean.hex(), "-o", out, *store)
    assert (exported["holders"], exported["asset"]) == (3, fresh.bean.hex())
    lines = [line.split(",") for line in out.read_text().splitlines()]
    assert lines[0] == ["account", "customer", "amount", "lots"]
    assert {line[1]: line[2] for line in lines[1:]} == {"": "500", "ann": "120", "bob": "30"}
    plain = ok("balances", "export", "-l", fresh.ledger, "--asset", "BEAN", "-o", tmp_path / "plain.csv")
    assert "holders" in plain
    assert "ann" not in (tmp_path / "plain.csv").read_text()


def test_the_journal_and_the_past_go_out(fresh, store, tmp_path):
    customers = tmp_path / "old.csv"
    customers.write_text("customer,amount\nann,120\n")
    ok("members", "import", customers, *store)
    before = as_json("stats", "-l", fresh.ledger)["time_ms"]
    minting = ["-l", fresh.ledger, "--asset", "BEAN", "--minter", tmp_path / "roaster.key", *store]
    ok("balances", "import", customers, *minting)

    out = tmp_path / "journal.csv"
    assert as_json("journal", "export", "-l", fresh.ledger, "-o", out, *store) == {"file": str(out), "postings": 4}
    lines = [line.split(",") for line in out.read_text().splitlines()]
    assert lines[0] == ["index", "time", "transaction", "asset", "symbol", "account", "customer", "amount"]
    assert {line[6]: line[7] for line in lines[1:]} == {"": "-120", "ann": "120"}
    assert sum(int(line[7]) for line in lines[1:]) == 0
    assert "postings" in ok("journal", "export", "-l", fresh.ledger, "-o", tmp_path / "plain.csv", "--until", before)
    assert len((tmp_path / "plain.csv").read_text().splitlines()) == 3
    of_ann = ["--account", ANN.did, "-o", tmp_path / "ann.csv"]
    assert as_json("journal", "export", "-l", fresh.ledger, *of_ann)["postings"] == 1

    exporting = ["balances", "export", "-l", fresh.ledger, "--asset", "BEAN"]
    assert as_json(*exporting, "-o", tmp_path / "now.csv")["holders"] == 2
    assert as_json(*exporting, "-o", tmp_path / "then.csv", "--as-of", before)["holders"] == 1

    fails(2, "journal", "export", "-l", fresh.ledger, "-o", out, says="already")
    missing = ["journal", "export", "-l", fresh.ledger, "-o", tmp_path / "none.csv"]
    fails(2, *missing, *store[:2], says="neither")
    fails(2, *missing, "--until", "tomorrow", says="--until: expected ms since 1970")
    fails(2, *exporting, "-o", tmp_path / "none.csv", "--as-of", "tomorrow", says="--as-of: expected ms since 1970")
    fails(1, *missing, "--until", "0", says="the ledger begins at")
    fails(1, *exporting, "-o", tmp_path / "none.csv", "--as-of", "1970-01-01", says="the ledger begins at")
    fails(2, *missing, "--account", "ann", says="account: expected")
    fails(3, "journal", "export", "-l", tmp_path / "no.ledger", "-o", tmp_path / "none.csv")
    fails(3, "journal", "export", "-l", fresh.ledger, "-o", tmp_path / "no" / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_members_and_balances_refuse(fresh, store, tmp_path):
    file = tmp_path / "old.csv"
    file.write_text("customer,amount\nann,120\n")
    asset = ["-l", fresh.ledger, "--asset", "BEAN"]
    minting = [*asset, "--minter", tmp_path / "roaster.key"]
    fails(3, "balances", "import", file, *minting, *store, says="--store: there is no file")
    ok("members", "import", file, *store)
    fails(2, "members", "import", file, says="--store")
    fails(2, "members", "import", file, *store[:2], says="--seed-file")
    fails(3, "members", "import", tmp_path / "none.csv", *store, says="No such file")
    fails(2, "members", "import", tmp_path, *store, says="directory")
    fails(3, "members", "import", file, *store[:2], "--seed-file", tmp_path / "none", says="keygen")
    fails(2, "members", "import", file, *store[:2], "--seed-file", tmp_path / "roaster.key", says="found another")
    fails(2, "members", "import", file, "--store", "mysql://h/x", *store[2:], says="mysql")
    fails(2, "members", "import", file, *store, "--report", file, says="another file")
    fails(4, "members", "import", file, "--store", fresh.key, *store[2:], says="not a database")
    file.write_text(f"{HUGE}\n")
    fails(2, "members", "import", file, *store, says="columns")
    file.write_text("customer\nann\n")
    fails(2, "balances", "import", file, *minting, *store, says="expected the columns customer, amount")
    file.write_text(f"customer,amount\nann,{HUGE}\n{EMOJI},\x1b[31m\n")
    red = run("balances", "import", file, *minting, *store)
    assert (red.exit_code, "\x1b" in red.output) == (Exit.REFUSED, False)
    file.write_text("customer,amount\nann,120\n")
    fails(1, "balances", "import", file, *asset, "--minter", fresh.key, *store, says="unauthorized")
    fails(1, "balances", "import", file, *minting, "--account", ANN.did, *store, says="key_unexpected")
    fails(3, "balances", "import", file, "-l", fresh.ledger, "--asset", "NONE", *minting[4:], *store, says="BEAN")
    fails(3, "balances", "export", *asset, "-o", tmp_path / "no" / "out.csv")
    fails(2, "balances", "export", *asset, "-o", file, says="already")
    fails(2, "balances", "export", *asset, "-o", tmp_path / "out.csv", *store[:2], says="neither")
    missing = ["--store", tmp_path / "none.db", *store[2:]]
    fails(3, "balances", "export", *asset, "-o", tmp_path / "out.csv", *missing, says="no file")
    assert not (tmp_path / "out.csv").exists()
    assert not (tmp_path / "none.db").exists()


# Bench, help, usage


def test_bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sizes = ("--accounts=60", "--signers=10", "--seconds=0.1", "--batch=50")
    found = as_json("bench", *sizes)
    assert found["transfers"] >= 50
    assert found["transfers_per_second"] == found["signatures_per_second"]
    alone = found["signatures_alone_per_second"]
    assert found["ratio"] == pytest.approx(found["transfers_per_second"] / alone, rel=0.01)
    assert len(found["state_root"]) == 64
    assert int(found["supply"]) % 60 == 0
    found = as_json("bench", "--payees=20", *sizes)
    assert found["batch"] == 40
    assert found["transfers_per_second"] == pytest.approx(20 * found["signatures_per_second"], rel=0.01)
    assert "20 to a signature" in ok("bench", "--payees=20", *sizes)
    assert list(tmp_path.iterdir()) == []
    fails(2, "bench", "--accounts=5", "--signers=6", says="signers")
    fails(2, "bench", "--accounts=5", "--signers=2", "--payees=5", says="payees")
    fails(2, "bench", "--seconds=0")
    fails(2, "bench", "--accounts=1")
    fails(3, "bench", "--folder", tmp_path / "none", "--accounts=10", "--signers=5")


COMMANDS = (
    *("init", "keygen", "apply", "balance", "account", "asset", "log", "checkpoint"),
    *("prove", "verify", "export", "import", "audit", "witness", "proposal", "tally", "members", "balances", "journal"),
    *("fsck", "stats", "bench", "demo"),
)


def test_help_teaches():
    text = ok("--help")
    listed = [line.split()[0] for line in text.rpartition("Commands:")[2].splitlines() if line.startswith("  ")]
    assert tuple(listed[: len(COMMANDS)]) == COMMANDS
    for command in COMMANDS:
        shown = ok(command, "--help")
        assert f"counterfoil {command}" in shown.replace("Usage: ", "", 1).partition("\n")[2], command
        assert "Exit codes: 0 done" in shown
        assert max(map(len, shown.splitlines())) <= 80
        assert ok(command, "-h") == shown
    for command in ("balance", "transaction", "entry", "record"):
        assert f"counterfoil prove {command}" in ok("prove", command, "--help").partition("\n")[2]
    witness = [f"witness {name}" for name in ("key", "serve", "follow", "ask", "add", "status", "evidence")]
    for both in (
        "export ledger",
        "members import",
        "balances import",
        "balances export",
        "journal export",
        "export tiles",
        *witness,
    ):
        assert f"counterfoil {both}" in ok(*both.split(), "--help").partition("\n")[2]


def test_the_reference_lists_every_command_and_exit_code():
    page = (Path(__file__).parent.parent / "docs" / "reference" / "cli.md").read_text()
    for command in COMMANDS:
        assert f"`{command}" in page
    for code in Exit:
        assert f"| {code.value} |" in page


def test_usage():
    assert run().exit_code == 2
    assert "Usage: counterfoil" in run().stdout
    assert run("prove").exit_code == 2
    assert f"counterfoil {counterfoil_version()}" in ok("--version")
    fails(2, "nonsense")
    fails(2, EMOJI)
    fails(2, HUGE)
    fails(2, "prove", "nonsense")
    fails(2, "stats", says="--ledger")
    fails(2, "stats", "-l", "x", "surplus")
    fails(2, "--nonsense")


def counterfoil_version() -> str:
    from importlib.metadata import version

    return version("counterfoil")


def test_real_processes(tmp_path):
    """Unusual bytes, a closed pipe, an ASCII terminal: what only a process of its own shows."""
    for code, args in (
        (3, ["stats", "-l", "💰.ledger"]),
        (3, ["stats", "-l", b"\xff\xfe".decode("utf-8", "surrogateescape")]),
        (2, ["balance", "\x1b[31mred", "-l", "x"]),
        (3, ["verify", b"\xff".decode("utf-8", "surrogateescape"), "--vkey", "a.b/c+1234+AAAA"]),
        (2, ["keygen"]),
    ):
        for variables in ({}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
            command = [sys.executable, "-c", "from counterfoil.cli import main; main()", *args]
            done = subprocess.run(
                command,
                capture_output=True,
                cwd=tmp_path,
                timeout=60,
                check=False,
                env={**os.environ, **variables},
            )
            assert done.returncode in (code, 1 if "verify" in args else code), (args, done.stderr)
            assert done.stderr.count(b"\n") == 1, done.stderr
            assert b"\x1b" not in done.stderr
            assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_ends_quietly(shop):
    program = f"counterfoil log --json --limit 1000 -l '{shop.ledger}' | head -c 1"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", "-c", program], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.stderr == ""


def test_a_bug_is_named_as_one(shop, monkeypatch):
    def broken(*_: object) -> None:
        message = "oh"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(_inputs, "account_from", broken)
    assert "this is a bug in counterfoil: ZeroDivisionError: oh" in fails(70, "balance", "x", "-l", shop.ledger)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_inputs, "account_from", interrupted)
    fails(130, "balance", "x", "-l", shop.ledger)


def test_every_exception_of_the_package_has_an_exit_code():
    for name in counterfoil.exceptions.__all__:
        kind = getattr(counterfoil.exceptions, name)
        is_refused = issubclass(kind, counterfoil.exceptions.RefusedError)
        given = ("what: expected, found", "wrong_root") if is_refused else ("what: expected, found",)
        error = kind(counterfoil.Status.expired) if name == "RejectedError" else kind(*given)
        message, code = _errors.explain(error)
        assert message
        assert code not in (Exit.OK, Exit.BUG), name
