"""Paid attention: receipts, claims in batches, and a report that needs no trust."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counterfoil import Key, Ledger, RejectedError
from counterfoil.attention import Ad, AdReceipt, Report
from counterfoil.exceptions import ProofError, WireError
from counterfoil.ops import SignedSlip
from counterfoil.verify import Verifier, attestation_id

from tests.calls import refused, standing

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


def test_complaint_8_a_disputed_claim_is_held_and_says_why(ledger, usdc):
    """Brave: flagged with no explanation, and no way to object before the money is gone."""
    ad = _open(ledger, usdc, pending="7d", key="held")
    due = START + 7 * DAY
    fraud, good = ad.claim_batch([_seen(ad, view="1"), _seen(ad, OTHER, view="2")], time=START)
    assert (ledger.balance(usdc, VIEWER.account), ledger.balance(usdc, fraud.hold), ad.budget) == (0, 100, 9_800)
    refused("condition_unmet", ad.settle, good.hold, time=due - 1)

    # Nothing is taken back without a reason, and by nobody but the brand.
    with pytest.raises(LookupError, match="disputed one"):
        ad.take_back(fraud.hold, time=START)
    viewer = Ad(ledger, VIEWER, identifier=ad.id)
    before = standing(ledger)
    refused("unauthorized", viewer.dispute, fraud.hold, 7, time=START)
    refused("wrong_content", ad.dispute, fraud.hold, 65_536, time=START)
    assert ad.dispute(fraud.hold, 7, key="d1", dry_run=True, time=START).dry_run
    assert (standing(ledger), ad.disputed(fraud.hold)) == (before, None)
    ad.dispute(fraud.hold, 7, key="d1", time=START + DAY)
    assert ad.dispute(fraud.hold, 7, key="d1", time=START + DAY).repeated
    refused("attestation_exists", ad.dispute, fraud.hold, 8, time=START + DAY)

    # The viewer sees the reason, and proves it: what is held, for whom, until when, and why.
    assert viewer.disputed(fraud.hold) == 7
    ledger.checkpoint(time=START + DAY)
    verifier, about = Verifier(ledger.verifier_key), attestation_id(ad.disputes, BRAND.account, fraud.hold)
    said = verifier.record(bytes(ledger.prove("attestations", about, key=ad.disputes))).value
    assert (said.content.value, said.issuer, said.subject) == (7, BRAND.account, fraud.hold)
    held = verifier.record(bytes(ledger.prove("holds", fraud.hold))).value
    assert (held.terms.payees[0].to, held.amount, held.terms.deadline) == (VIEWER.account, 100, due)

    # What was claimed once is not claimed again meanwhile, and what is taken back is there for others.
    assert _names(ad.claim_batch([_seen(ad, view="1")], time=START + DAY)) == ["slip_claimed"]
    refused("hold_pending", viewer.take_back, fraud.hold, time=due - 1)
    assert ad.take_back(fraud.hold, key="t1", dry_run=True, time=due - 1).dry_run
    assert [ad.take_back(fraud.hold, key="t1", time=due - 1).repeated for _ in range(2)] == [False, True]
    assert (ad.budget, ledger.balance(usdc, fraud.hold), viewer.disputed(fraud.hold)) == (9_900, 0, 7)
    refused("hold_closed", viewer.settle, fraud.hold, time=due)
    assert [viewer.settle(good.hold, key="s", time=due).repeated for _ in range(2)] == [False, True]
    assert [ledger.balance(usdc, each.account) for each in (OTHER, CREATOR, SITE)] == [70, 20, 10]


def test_complaint_8_a_dispute_has_a_deadline(ledger, usdc):
    """The brand that does not decide in time has decided: the viewer is paid."""
    ad = _open(ledger, usdc, pending="7d", key="held")
    [claimed] = ad.claim_batch([_seen(ad)], time=START)
    ad.dispute(claimed.hold, 7, time=START)
    due = START + 7 * DAY
    refused("hold_expired", ad.take_back, claimed.hold, time=due)
    Ad(ledger, VIEWER, identifier=ad.id).settle(claimed.hold, time=due)
    assert ledger.balance(usdc, VIEWER.account) == 70


def test_a_hold_of_another_campaign_is_none_of_its_business(ledger, usdc, ad):
    held = _open(ledger, usdc, pending="7d", key="held")
    [claimed] = held.claim_batch([_seen(held)], time=START)
    [tried] = held.claim_batch([_seen(held)], dry_run=True, time=START)
    [paid] = ad.claim_batch([_seen(ad)], time=START)
    assert (tried.hold, paid.hold) == (None, None)
    for call in (lambda hold: ad.dispute(hold, 1), ad.take_back, ad.settle):
        for wrong in (claimed.hold, bytes(32)):
            with pytest.raises(LookupError, match="hold: expected one of this campaign"):
                call(wrong)
        with pytest.raises(ValueError, match="32 bytes"):
            call(b"short")


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
    small.close(key="end", dry_run=True, time=START + 90 * DAY)
    assert small.budget == 50
    assert [small.close(key="end", time=START + 90 * DAY).repeated for _ in range(2)] == [False, True]
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
    before = standing(ledger)
    with pytest.raises(RejectedError) as caught:
        _open(ledger, usdc, viewer_bps=7_001)
    assert caught.value.status.name == "invalid_roles"
    with pytest.raises(RejectedError) as caught:
        _open(ledger, usdc, budget=10**7, pending="7d")
    assert caught.value.status.name == "insufficient_funds"
    assert standing(ledger) == before
    with pytest.raises(TypeError, match="amount"):
        _open(ledger, usdc, budget=1.5)
    for identifier, asset in ((bytes(32), usdc), (None, bytes(32))):
        with pytest.raises(LookupError, match="expected"):
            Ad(ledger, OTHER, identifier=identifier) if identifier else _open(ledger, asset)
    assert _open(ledger, usdc, key="k").id == _open(ledger, usdc, key="k").id
