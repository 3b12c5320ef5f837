"""A brand's programme, and the complaints of members and brands elsewhere that it answers."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from counterfoil import Key, Ledger, RejectedError
from counterfoil.brands import Coalition, Programme
from counterfoil.exceptions import KeyReusedError
from counterfoil.ops import After, Hold, Outcome, Share, Terms, Transfer
from counterfoil.presets import coin, points, share
from counterfoil.verify import Verifier, hold_id, redemption_id

from tests.calls import refused

ROASTER, BAKERY, ANN, BOB = (Key.from_seed(bytes([number]) * 32) for number in (21, 22, 23, 24))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=ROASTER, time=START) as made:
        yield made


@pytest.fixture
def beans(ledger):
    return Programme.launch(ledger, ROASTER, symbol="BEAN", time=START)


def test_five_lines(beans):
    beans.earn(ANN.account, 500, key="A17", time=START)
    beans.redeem(ANN, 300, order="B9", time=START)
    beans.refund(ANN.account, "B9", part=60, time=START)
    assert beans.balance(ANN.account) == 260
    [november] = beans.liability()
    assert (november.issued, november.redeemed, november.outstanding) == (500, 240, 260)


def test_a_programme_is_taken_up_again(ledger, beans):
    again = Programme(ledger, ROASTER, asset=beans.asset)
    again.earn(ANN.account, 5, time=START)
    assert beans.balance(ANN.account) == 5
    with pytest.raises(LookupError, match="asset: expected one of this ledger"):
        Programme(ledger, ROASTER, asset=bytes(32))
    refused("asset_exists", Programme.launch, ledger, ROASTER, symbol="BEAN", time=START)


def test_amounts_are_exact(ledger):
    beans = Programme.launch(ledger, ROASTER, symbol="CENT", decimals=2, time=START)
    beans.earn(ANN.account, Decimal("1.25"), time=START)
    assert beans.balance(ANN.account) == 125
    for wrong, error in ((1.25, TypeError), (Decimal("1.255"), ValueError), ("1", TypeError)):
        with pytest.raises(error, match="amount"):
            beans.earn(ANN.account, wrong, time=START)


def test_an_earning_with_a_key_happens_once(beans):
    first = beans.earn(ANN.account, 120, pending="7d", key="A17-earn", time=START)
    again = beans.earn(ANN.account, 120, pending="7d", key="A17-earn", time=START + 5)
    assert (again.hold, again.pending_until, again.done.repeated) == (first.hold, START + 7 * DAY, True)
    with pytest.raises(KeyReusedError):
        beans.earn(ANN.account, 121, pending="7d", key="A17-earn", time=START)
    with pytest.raises(KeyReusedError):
        beans.earn(BOB.account, 120, pending="7d", key="A17-earn", time=START)
    assert (beans.desk.ledger.supply(beans.asset), beans.balance(first.hold)) == (120, 120)


def test_a_dry_run_changes_nothing(ledger, beans):
    size = ledger.size
    assert beans.earn(ANN.account, 5, dry_run=True, time=START).done.dry_run
    refused("insufficient_funds", beans.redeem, ANN, 5, order="B9", dry_run=True, time=START)
    assert ledger.size == size


# Pending points.


def test_pending_points_become_the_member_s_by_themselves(beans):
    earning = beans.earn(ANN.account, 120, pending="7d", time=START)
    assert beans.balance(ANN.account) == 0
    refused("condition_unmet", beans.settle, earning, time=START + 7 * DAY - 1)
    beans.settle(earning, time=START + 7 * DAY)
    assert beans.balance(ANN.account) == 120
    refused("hold_closed", beans.settle, earning.hold, time=START + 7 * DAY)


def test_pending_points_of_a_returned_order_are_taken_back(beans):
    earning = beans.earn(ANN.account, 120, pending="7d", time=START)
    beans.cancel(earning, part=60, time=START + DAY)
    refused("amount_exceeds_hold", beans.cancel, earning, part=61, time=START + DAY)
    refused("hold_expired", beans.cancel, earning, time=START + 7 * DAY)
    beans.settle(earning, time=START + 7 * DAY)
    assert (beans.balance(ANN.account), beans.balance(ROASTER.account)) == (60, 60)
    at_once = beans.earn(BOB.account, 5, time=START + 7 * DAY)
    with pytest.raises(ValueError, match="expected one that is pending"):
        beans.cancel(at_once)


def test_what_is_pending_is_listed(beans):
    offer = beans.campaign(budget=100, claim_max=100, ends=START + 9 * DAY, pending="3d", time=START)
    late = beans.earn(ANN.account, 120, pending="7d", time=START)
    beans.earn(BOB.account, 5, pending="7d", time=START)
    beans.earn(ANN.account, 50, time=START)
    soon = offer.earn(ANN.account, 30, order="A17", time=START)
    beans.cancel(late, part=60, time=START + DAY)
    waiting = beans.pending(ANN.account)
    assert [(each.hold, each.amount, each.until) for each in waiting] == [
        (soon.hold, 30, START + 3 * DAY),
        (late.hold, 60, START + 7 * DAY),
    ]
    beans.settle(soon, time=START + 3 * DAY)
    beans.cancel(late, time=START + 3 * DAY)
    assert beans.pending(ANN.account) == []
    assert (beans.balance(ANN.account), [each.amount for each in beans.pending(BOB.account)]) == (80, [5])


def test_what_waits_for_somebody_else_or_of_somebody_else_is_not_pending(ledger, beans):
    beans.earn(ANN.account, 10, time=START)
    # Another asset of the brand; and a hold that goes back unless somebody acts.
    other = Programme.launch(ledger, ROASTER, symbol="STAR", time=START)
    other.earn(ANN.account, 7, pending="7d", time=START)
    beans.earn(ROASTER.account, 9, time=START)
    back = Terms(settle_if=After(START), payees=[Share(ANN.account)], deadline=START + DAY)
    beans.desk.do([Hold(payer=ROASTER.account, salt=bytes(16), asset=beans.asset, amount=9, terms=back)], time=START)
    # The member's own hold, whoever it is for.
    mine = Terms(settle_if=After(START), payees=[Share(ROASTER.account)], deadline=START + DAY, outcome=Outcome.SETTLE)
    ledger.execute([Hold(payer=ANN.account, salt=bytes(16), asset=beans.asset, amount=4, terms=mine)], ANN, time=START)
    assert (beans.pending(ANN.account), [each.amount for each in other.pending(ANN.account)]) == ([], [7])


def test_a_member_proves_what_is_pending(ledger, beans):
    earning = beans.earn(ANN.account, 120, pending="7d", key="A17", time=START)
    ledger.checkpoint(time=START)
    claim = Verifier(ledger.verifier_key).record(bytes(ledger.prove("holds", earning.hold)))
    assert (claim.value.amount, claim.value.terms.payees[0].to) == (120, ANN.account)
    assert claim.record_id == hold_id(ROASTER.account, claim.value.salt)


# Campaigns.


def test_a_campaign_pays_each_order_once(beans):
    ends = START + 30 * DAY
    offer = beans.campaign(budget=1_000, claim_max=200, ends=ends, member_cap=300, window="1d", key="c", time=START)
    offer.earn(ANN.account, 200, order="A17", time=START)
    refused("slip_claimed", offer.earn, ANN.account, 200, order="A17", time=START)
    refused("claim_too_large", offer.earn, ANN.account, 201, order="A18", time=START)
    refused("member_cap_spent", offer.earn, ANN.account, 101, order="A18", time=START + DAY - 1)
    offer.earn(ANN.account, 101, order="A18", time=START + DAY)
    offer.earn(BOB.account, 200, order="A17", time=START + DAY)
    assert (offer.budget, beans.balance(ANN.account), beans.balance(BOB.account)) == (499, 301, 200)
    offer.fund(1, time=START + DAY)
    assert offer.budget == 500
    refused("campaign_ended", offer.earn, BOB.account, 1, order="A19", time=ends)
    offer.close(time=ends)
    assert (offer.budget, beans.balance(ROASTER.account)) == (0, 500)
    refused("campaign_closed", offer.close, time=ends)


def test_a_campaign_with_pending_points(beans):
    offer = beans.campaign(budget=100, claim_max=100, ends=START + 9 * DAY, pending="7d", time=START)
    earning = offer.earn(ANN.account, 100, order="A17", time=START)
    assert (earning.pending_until, beans.balance(ANN.account)) == (START + 7 * DAY, 0)
    beans.cancel(earning, part=40, time=START + DAY)
    beans.settle(earning, time=START + 7 * DAY)
    assert (beans.balance(ANN.account), offer.budget) == (60, 40)
    refused("budget_spent", offer.earn, ANN.account, 41, order="A18", time=START + 7 * DAY)


def test_a_campaign_ends_early_after_its_notice_only(beans):
    offer = beans.campaign(budget=100, claim_max=100, ends=START + 90 * DAY, notice="30d", time=START)
    offer.close(time=START)
    assert offer.budget == 100
    offer.earn(ANN.account, 60, order="A17", time=START + 30 * DAY - 1)
    refused("campaign_ended", offer.earn, ANN.account, 40, order="A18", time=START + 30 * DAY)
    offer.close(time=START + 30 * DAY)
    assert beans.balance(ROASTER.account) == 40


# Coalitions.


def test_a_coalition_clears_by_the_month(beans):
    """2023-11: the bakery takes points, is owed cents, and is paid for November in December."""
    coalition = Coalition.launch(beans, time=START)
    beans.earn(ANN.account, 1_000, time=START)
    coalition.redeem(ANN, 300, order="B9", at=BAKERY.account, owes=Decimal("2.40"), key="B9", time=START)
    coalition.redeem(ANN, 300, order="B9", at=BAKERY.account, owes=Decimal("2.40"), key="B9", time=START)
    refused("already_redeemed", coalition.redeem, ANN, 300, order="B9", at=BAKERY.account, owes=240, time=START)
    december = START + 20 * DAY
    coalition.redeem(ANN, 100, order="B10", at=BAKERY.account, owes=80, time=december)
    assert coalition.owed() == {BAKERY.account: 320}
    assert coalition.owed(until="2023-11") == {BAKERY.account: 240}
    assert coalition.owed(until="2023-10") == {}
    assert coalition.clear(BAKERY, until="2023-11", key="2023-11", time=december) == 240
    assert coalition.clear(BAKERY, until="2023-11", time=december) == 0
    assert Coalition(beans, asset=coalition.asset).owed() == {BAKERY.account: 80}
    beans_left = beans.balance(ANN.account)
    refused("insufficient_funds", coalition.redeem, ANN, 601, order="B11", at=BAKERY.account, owes=1, time=december)
    assert (beans.balance(ANN.account), coalition.owed()) == (beans_left, {BAKERY.account: 80})
    for month in ("2023-13", "1969-12", "2023", ""):
        with pytest.raises(ValueError, match="month: expected"):
            coalition.owed(until=month)
    with pytest.raises(LookupError, match="asset: expected"):
        Coalition(beans, asset=bytes(32))


# Complaints of others (their platforms, not ours).


def test_complaint_1_a_refunded_order_returns_the_reward_in_its_lots(ledger, beans):
    """Square: refunded orders do not return the reward, and negative results are reset to zero."""
    beans.earn(ANN.account, 100, time=START)
    beans.earn(ANN.account, 50, time=START + 40 * DAY)
    lots = ledger.holding(beans.asset, ANN.account).lots
    beans.redeem(ANN, 120, order="B9", time=START + 40 * DAY)
    beans.refund(ANN.account, "B9", time=START + 41 * DAY)
    assert ledger.holding(beans.asset, ANN.account).lots == lots
    owing = Programme.launch(ledger, ROASTER, symbol="OWED", preset=points(debt_floor=80), time=START + 41 * DAY)
    owing.earn(ANN.account, 100, time=START + 41 * DAY)
    owing.redeem(ANN, 70, order="B10", time=START + 41 * DAY)
    owing.take_back(ANN.account, 100, order="A17", time=START + 41 * DAY)
    assert (owing.balance(ANN.account), ledger.debt(owing.asset, ANN.account)) == (0, 70)
    refused("debt_floor_reached", owing.take_back, ANN.account, 11, time=START + 41 * DAY)
    owing.earn(ANN.account, 75, time=START + 41 * DAY)
    assert (owing.balance(ANN.account), ledger.debt(owing.asset, ANN.account)) == (5, 0)


def test_complaint_2_what_expires_is_what_was_not_spent(ledger):
    """FloCafe: expired credits drop out of the sum while the spends stay, and the balance collapses."""
    beans = Programme.launch(ledger, ROASTER, symbol="LOTS", preset=points(inactive_days=None, lot_days=30), time=START)
    beans.earn(ANN.account, 100, time=START)
    beans.earn(ANN.account, 10, time=START + 20 * DAY)
    beans.redeem(ANN, 80, order="B9", time=START + 20 * DAY)
    [first, second] = beans.expiring(ANN.account, days=90)
    assert (first.amount, second.amount, first.reason) == (20, 10, "fixed")
    later = (first.day + 1) * DAY
    beans.earn(ANN.account, 1, time=later)
    assert beans.balance(ANN.account) == 11
    assert sum(month.outstanding for month in beans.liability()) == ledger.supply(beans.asset) == 11


def test_complaint_3_two_tills_do_not_redeem_one_order_twice(beans):
    """Azuriom, Medusa, Spree: a gift card is spent twice at the same time."""
    beans.earn(ANN.account, 1_000, time=START)
    results = []

    def till() -> None:
        try:
            beans.redeem(ANN, 300, order="B9", time=START)
            results.append("ok")
        except RejectedError as error:
            results.append(error.status.name)

    threads = [threading.Thread(target=till) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["already_redeemed"] * 7 + ["ok"]
    assert beans.balance(ANN.account) == 700


def test_complaint_4_a_refund_is_bounded_by_its_original(beans):
    """Blnk: a repeated refund succeeded. Formance: a webhook pays twice."""
    beans.earn(ANN.account, 100, time=START)
    beans.redeem(ANN, 60, order="B9", time=START)
    beans.refund(ANN.account, "B9", part=20, key="webhook 1", time=START)
    beans.refund(ANN.account, "B9", part=20, key="webhook 1", time=START)
    beans.refund(ANN.account, "B9", time=START)
    assert beans.balance(ANN.account) == 100
    refused("refund_exceeds", beans.refund, ANN.account, "B9", part=1, time=START)
    with pytest.raises(LookupError, match="found none"):
        beans.refund(ANN.account, "B10", time=START)
    with pytest.raises(LookupError, match="found none"):
        beans.refund(BOB.account, "B9", time=START)


# Privacy, presets, proofs.


def test_an_order_s_number_is_not_on_the_ledger(ledger, beans, tmp_path):
    beans.earn(ANN.account, 100, key="A17-earn", time=START)
    beans.redeem(ANN, 60, order="order-4711", key="redeem-4711", time=START)
    ledger.checkpoint(time=START)
    ledger.flush()
    for path in (tmp_path / "club").rglob("*"):
        if path.is_file():
            assert b"4711" not in path.read_bytes()


def test_a_redemption_is_proven(ledger, beans):
    beans.earn(ANN.account, 100, time=START)
    redemption = beans.redeem(ANN, 60, order="B9", at=BAKERY.account, time=START)
    ledger.checkpoint(time=START)
    record_id = redemption_id(beans.asset, ANN.account, redemption.order)
    claim = Verifier(ledger.verifier_key).record(bytes(ledger.prove("redemptions", record_id, key=beans.asset)))
    assert (claim.value.amount, claim.value.at) == (60, BAKERY.account)
    refused("unauthorized", beans.refund, ANN.account, "B9", time=START)


def test_points_are_bound_and_coins_are_not(ledger, beans):
    beans.earn(ANN.account, 5, time=START)
    noor = Programme.launch(ledger, ROASTER, symbol="NOOR", preset=coin(), supply_cap=10, time=START)
    noor.earn(ANN.account, 5, time=START)
    gift = {"sender": ANN.account, "to": BOB.account, "amount": 5}
    refused("asset_bound", ledger.execute, [Transfer(asset=beans.asset, **gift)], ANN, time=START)
    ledger.execute([Transfer(asset=noor.asset, **gift)], ANN, time=START)
    refused("power_renounced", noor.take_back, BOB.account, 5, time=START)
    refused("supply_cap_exceeded", noor.earn, ANN.account, 6, time=START)
    made = share().create(bytes(32), "COOP", decimals=0, supply_cap=7)
    assert (made.powers.freeze, made.powers.claw_back, made.policy) == (bytes(32), None, ())


def test_what_expires_by_inactivity(beans):
    beans.earn(ANN.account, 5, time=START)
    day = START // DAY
    [lapse] = beans.expiring(ANN.account, days=365, day=day)
    assert (lapse.day, lapse.amount, lapse.reason) == (day + 365, 5, "inactivity")
    assert beans.expiring(ANN.account, days=364, day=day) == []
    assert beans.expiring(BOB.account, days=9_999, day=day) == []
