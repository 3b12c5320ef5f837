"""Paid attention: receipts, claims in batches, and a report that needs no trust."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counterfoil import Key, Ledger, RejectedError
from counterfoil.attention import Ad, AdReceipt, Report
from counterfoil.exceptions import ProofError, WireError
from counterfoil.ops import SignedSlip
from counterfoil.verify import Verifier

BRAND, SITE, VIEWER, CREATOR, OTHER = (Key.from_seed(bytes([number]) * 32) for number in range(41, 46))
DAY = 86_400_000
START = 1_700_000_000_000


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "ads", origin="ads.example", operator=SITE, time=START) as made:
        yield made


@pytest.fixture
def usdc(ledger):
    asset = ledger.create_asset(BRAND, "USDC", decimals=2, time=START)
    ledger.mint(BRAND, asset, to=BRAND.account, amount=10**6, time=START)
    return asset


def _open(ledger, usdc, **changes):
    terms = {"budget": 10_000, "claim_max": 100, "per_viewer": 500, "ends": START + 90 * DAY, **changes}
    return Ad.open(ledger, BRAND, asset=usdc, platform=SITE.account, time=START, **terms)


@pytest.fixture
def ad(ledger, usdc):
    return _open(ledger, usdc, key="ad")


def _seen(ad, viewer=VIEWER, amount=100, **options):
    made = ad.receipt(viewer.account, CREATOR.account, amount, time=START, **options)
    return made.sign(viewer).sign(CREATOR)


def _names(claimed):
    return [each.status.name for each in claimed]


def test_a_receipt_is_split(ledger, usdc, ad):
    handed = bytes(_seen(ad, floor=70, view="slot 1"))
    anybody = Ad(ledger, OTHER, identifier=ad.id)
    assert _names(anybody.claim_batch([handed], dry_run=True, time=START)) == ["ok"]
    assert ad.budget == 10_000
    [paid] = anybody.claim_batch([handed], time=START)
    assert (paid.ok, paid.done.dry_run) == (True, False)
    shares = [ledger.balance(usdc, each.account) for each in (VIEWER, CREATOR, SITE)]
    assert (shares, ad.budget, ad.record.claims) == ([70, 20, 10], 9_900, 1)
    assert _names(anybody.claim_batch([handed], time=START)) == ["slip_claimed"]
    assert _names(ad.claim_batch([_seen(ad, view="slot 1")], time=START)) == ["slip_claimed"]


def test_complaint_8_every_refusal_says_why(ledger, usdc, ad):
    """Brave: flagged with no explanation."""
    bare = ad.receipt(VIEWER.account, CREATOR.account, 100, time=START)
    forged = _seen(ad)
    forged = replace(forged, signed=SignedSlip(replace(forged.signed.slip, amount=99), forged.signed.signatures))
    elsewhere = _seen(_open(ledger, usdc, key="another"))
    good = [_seen(ad) for _ in range(5)]
    batch = [good[0], bare, good[0], forged, elsewhere, b"no receipt", _seen(ad, floor=71), _seen(ad, amount=101)]
    claimed = ad.claim_batch([*batch, *good[1:], _seen(ad), _seen(ad, OTHER)], time=START)
    assert _names(claimed) == [
        "ok", "slip_unsigned", "slip_claimed", "bad_signature", "bad_signature", "malformed", "below_floor",
        "claim_too_large", "ok", "ok", "ok", "ok", "member_cap_spent", "ok",
    ]  # fmt: skip
    assert len({each.done.id for each in claimed if each.ok}) == 1
    assert ledger.balance(usdc, VIEWER.account) == 350


def test_many_receipts_in_few_transactions(ledger, usdc, ad):
    big = _open(ledger, usdc, per_viewer=10**5, budget=10**5, key="big")
    receipts = [_seen(big, amount=10) for _ in range(400)]
    claimed = big.claim_batch(receipts, time=START)
    assert (set(_names(claimed)), len({each.done.id for each in claimed})) == ({"ok"}, 3)
    assert big.budget == 10**5 - 4_000
    assert set(_names(big.claim_batch(receipts[:60], time=START))) == {"slip_claimed"}
    assert ad.claim_batch([]) == []


def test_the_end_and_the_budget(ledger, usdc):
    small = _open(ledger, usdc, budget=150, key="small")
    late, long = _seen(small, valid_for="1d"), _seen(small, valid_for="1y")
    assert _names(small.claim_batch([_seen(small), _seen(small)], time=START)) == ["ok", "budget_spent"]
    assert _names(small.claim_batch([late], time=START + DAY)) == ["slip_expired"]
    assert _names(small.claim_batch([long], time=START + 90 * DAY)) == ["campaign_ended"]
    small.close(time=START + 90 * DAY)
    assert small.budget == 0


def test_an_early_end_has_its_notice(ledger, usdc):
    short = _open(ledger, usdc, notice="2d", key="short")
    short.close(time=START)
    assert _names(short.claim_batch([_seen(short)], time=START + 2 * DAY - 1)) == ["ok"]
    assert _names(short.claim_batch([_seen(short)], time=START + 2 * DAY)) == ["campaign_ended"]
    short.close(time=START + 2 * DAY)
    assert short.budget == 0


def test_a_receipt_is_handed_around(ad):
    made = ad.receipt(VIEWER.account, CREATOR.account, 100, time=START)
    assert AdReceipt.from_bytes(bytes(made.sign(VIEWER))).sign(CREATOR) == made.sign(VIEWER).sign(CREATOR)
    with pytest.raises(ValueError, match="signer: expected"):
        made.sign(OTHER)
    for wrong in (b"", bytes(made)[:-1], bytes(made) + b"\0", b"x" + bytes(made), bytes(20_000)):
        with pytest.raises(WireError):
            AdReceipt.from_bytes(wrong)


def test_a_report_is_verified_offline(ledger, ad):
    before = ad.report(time=START)
    ad.claim_batch([_seen(ad)], time=START)
    report = ad.report(time=START)
    verifier = Verifier(ledger.verifier_key)
    claim = report.verify(verifier, ad.id)
    assert (claim.claims, claim.left, claim.record.owner) == (1, 9_900, BRAND.account)
    with pytest.raises(ProofError):
        Report(report.campaign, before.balance).verify(verifier, ad.id)
    with pytest.raises(ProofError):
        report.verify(verifier, bytes(32))
    missing = Report(bytes(ledger.prove("campaigns", bytes(32))), report.balance)
    with pytest.raises(ProofError, match="found none"):
        missing.verify(verifier, bytes(32))


def test_wrong_and_refused_campaigns(ledger, usdc):
    with pytest.raises(RejectedError) as caught:
        _open(ledger, usdc, viewer_bps=7_001)
    assert caught.value.status.name == "invalid_roles"
    with pytest.raises(RejectedError) as caught:
        _open(ledger, usdc, budget=10**7)
    assert caught.value.status.name == "insufficient_funds"
    with pytest.raises(TypeError, match="amount"):
        _open(ledger, usdc, budget=1.5)
    for identifier, asset in ((bytes(32), usdc), (None, bytes(32))):
        with pytest.raises(LookupError, match="expected"):
            Ad(ledger, OTHER, identifier=identifier) if identifier else _open(ledger, asset)
    assert _open(ledger, usdc, key="k").id == _open(ledger, usdc, key="k").id
