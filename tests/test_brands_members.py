"""Customers named by their ids in calls of a programme; and what every call of it takes: `key=` and `dry_run=`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from counterfoil import Key, Ledger
from counterfoil.brands import Coalition, PartnerMonth, Programme, Referrals, Tiers
from counterfoil.desk import Desk
from counterfoil.exceptions import KeyReusedError, SelfCustodyError, UnknownMemberError
from counterfoil.members import Members
from counterfoil.ops import KeyGrant, SetKeys, Transfer

from tests.calls import refused, standing

ROASTER, BAKERY, BAR, ANN = (Key.from_seed(bytes([number]) * 32) for number in (21, 22, 25, 23))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""

SEED = bytes(range(32))


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=ROASTER, time=START) as made:
        yield made


@pytest.fixture
def members(tmp_path):
    with Members(tmp_path / "members.db", seed=SEED) as made:
        made.add_all(["ann", "bob"])
        yield made


@pytest.fixture
def beans(ledger, members):
    return Programme.launch(ledger, ROASTER, symbol="BEAN", members=members, time=START)


def test_every_call_takes_a_customer_s_id(members, beans):
    ann = members.get("ann").account
    assert beans.earn("ann", 500, time=START).member == ann
    pending = beans.earn("ann", 20, pending="7d", time=START)
    assert pending.member == ann
    assert beans.redeem("ann", 300, order="B9", time=START).member == ann
    assert beans.refund("ann", "B9", part=60, time=START).member == ann
    beans.take_back("ann", 10, time=START)
    assert beans.balance(ann) == 250
    [lapse] = beans.expiring("ann", days=365, day=START // DAY)
    assert lapse.amount == 250
    offer = beans.campaign(budget=100, claim_max=100, ends=START + DAY, time=START)
    assert offer.earn("ann", 30, order="A17", time=START).member == ann
    coalition = Coalition.launch(beans, time=START)
    coalition.redeem("ann", 280, order="B10", at=BAKERY.account, owes=240, time=START)
    assert beans.balance(ann) == 0


def test_a_programme_that_is_taken_up_again_knows_customers(ledger, members, beans):
    again = Programme(ledger, ROASTER, asset=beans.asset, members=members)
    assert again.earn("bob", 5, time=START).member == members.get("bob").account


def test_accounts_and_keys_stay_what_they_were(beans):
    beans.earn(ANN.account, 5, time=START)
    assert beans.redeem(ANN, 5, order="B9", time=START).member == ANN.account


def test_who_is_not_known_is_said_without_the_name(ledger, beans):
    root = standing(ledger)
    for call in (
        lambda who: beans.earn(who, 5, time=START),
        lambda who: beans.redeem(who, 5, order="B9", time=START),
        lambda who: beans.refund(who, "B9", time=START),
        lambda who: beans.take_back(who, 5, time=START),
        lambda who: beans.expiring(who, days=5),
    ):
        with pytest.raises(UnknownMemberError) as caught:
            call("somebody")
        assert "somebody" not in str(caught.value)
        for wrong in (7, None, 1.5, bytearray(32)):
            with pytest.raises(TypeError, match="member: expected"):
                call(wrong)
    assert standing(ledger) == root


def test_a_customer_s_id_needs_a_store(ledger, beans):
    alone = Programme(ledger, ROASTER, asset=beans.asset)
    for call in (
        lambda: alone.earn("ann", 5, time=START),
        lambda: alone.redeem("ann", 5, order="B9", time=START),
    ):
        with pytest.raises(TypeError, match="found str and no store"):
            call()
    with pytest.raises(TypeError, match="member: expected a Key"):
        beans.redeem(ANN.account, 5, order="B9", time=START)


def test_a_member_that_took_its_account_over_signs_itself(ledger, members, beans):
    beans.earn("ann", 5, time=START)
    phone, account = Key.from_seed(bytes([9]) * 32), members.get("ann").account
    ledger.execute([SetKeys(account=account, keys=[KeyGrant(phone.public)])], members.key("ann"), time=START)
    members.take_over("ann")
    with pytest.raises(SelfCustodyError, match="has taken its account over"):
        beans.redeem("ann", 5, order="B9", time=START)
    beans.earn("ann", 2, time=START)
    beans.redeem(phone.on(account), 7, order="B9", time=START)
    assert beans.balance(account) == 0


def test_brands_are_imported_without_sqlalchemy():
    code = "import sys; sys.modules['sqlalchemy'] = None; import counterfoil.brands"
    subprocess.run([sys.executable, "-c", code], check=True)


# Once, and only tried.


def test_every_call_happens_once_with_a_key(ledger, beans):
    offers = [
        beans.campaign(budget=100, claim_max=50, ends=START + 9 * DAY, pending="1d", key="c", time=START)
        for _ in range(2)
    ]
    assert offers[0].id == offers[1].id
    offer = offers[0]
    for _ in range(2):
        offer.fund(5, key="f", time=START)
    assert (offer.budget, ledger.supply(beans.asset)) == (105, 105)
    first, again = (offer.earn("ann", 50, order="A17", key="A17", time=START) for _ in range(2))
    assert (first.hold, again.done.repeated) == (again.hold, True)
    for other in ({"member": "bob"}, {"order": "A18"}, {"amount": 49}):
        with pytest.raises(KeyReusedError, match="was used for claim of other"):
            offer.earn(**({"member": "ann", "amount": 50, "order": "A17"} | other), key="A17", time=START)
    later = START + DAY
    done = [beans.settle(first, key="s", time=later).repeated for _ in range(2)]
    assert done == [False, True]
    done = [offer.close(key="e", time=START + 9 * DAY).repeated for _ in range(2)]
    assert (done, offer.budget) == ([False, True], 0)


def test_what_is_launched_happens_once_and_may_be_only_tried(ledger, beans):
    table = [("silver", 5)]
    root = standing(ledger)
    tried = (
        Programme.launch(ledger, ROASTER, symbol="CUP", dry_run=True, time=START).asset,
        Coalition.launch(beans, dry_run=True, time=START).asset,
        Tiers.launch(beans, table, dry_run=True, time=START).asset,
        Referrals.launch(beans, dry_run=True, time=START).schema,
    )
    assert standing(ledger) == root
    for _ in range(2):
        made = (
            Programme.launch(ledger, ROASTER, symbol="CUP", key="p", time=START).asset,
            Coalition.launch(beans, key="c", time=START).asset,
            Tiers.launch(beans, table, key="t", time=START).asset,
            Referrals.launch(beans, key="r", time=START).schema,
        )
        assert made == tried
    for call in (
        lambda: Programme.launch(ledger, ROASTER, symbol="MUG", key="p", time=START),
        lambda: Coalition.launch(beans, symbol="OWE", key="c", time=START),
        lambda: Tiers.launch(beans, [("silver", 6)], key="t", time=START),
        lambda: Referrals.launch(beans, name="friends", key="r", time=START),
    ):
        with pytest.raises(KeyReusedError):
            call()


def test_a_dry_run_of_every_call_changes_nothing(ledger, beans):
    offer = beans.campaign(budget=100, claim_max=50, ends=START + 9 * DAY, pending="1d", time=START)
    earning = offer.earn("ann", 50, order="A17", time=START)
    coalition = Coalition.launch(beans, time=START)
    beans.earn("ann", 5, time=START)
    coalition.redeem("ann", 5, order="B9", at=BAKERY.account, owes=7, time=START)
    root = standing(ledger)
    tried = beans.campaign(budget=9, claim_max=5, ends=START + DAY, dry_run=True, time=START)
    assert ledger.campaign(tried.id) is None
    assert offer.fund(5, dry_run=True, time=START).dry_run
    assert offer.close(dry_run=True, time=START).dry_run
    assert offer.earn("bob", 5, order="A18", dry_run=True, time=START).done.dry_run
    assert coalition.clear(BAKERY, until="2023-11", dry_run=True, time=START) == 7
    refused("condition_unmet", beans.settle, earning, dry_run=True, time=START)
    assert beans.settle(earning, dry_run=True, time=START + DAY).dry_run
    assert standing(ledger) == root


def test_a_clearing_that_is_repeated_tells_what_the_first_cleared(ledger, beans):
    coalition = Coalition.launch(beans, time=START)
    beans.earn("ann", 5, time=START)
    coalition.redeem("ann", 5, order="B9", at=BAKERY.account, owes=7, time=START)
    assert [coalition.clear(BAKERY, until="2023-11", key="n", time=START) for _ in range(2)] == [7, 7]
    assert coalition.clear(BAKERY, until="2023-11", time=START) == 0
    beans.earn("ann", 5, time=START)
    coalition.redeem("ann", 5, order="B10", at=BAKERY.account, owes=7, time=START)
    passed = Transfer(asset=coalition.asset, sender=BAKERY.account, to=BAR.account, amount=1)
    Desk(ledger, BAKERY).do([passed], key="m", time=START)
    with pytest.raises(KeyReusedError, match="no clearing of these IOUs"):
        coalition.clear(BAKERY, until="2023-11", key="m", time=START)


def test_a_statement_tells_what_a_month_became_for_every_partner(beans):
    """November: the bakery was cleared, the bar is owed; December stays out of it."""
    coalition = Coalition.launch(beans, time=START)
    beans.earn("ann", 1_000, time=START)
    for order, at, owes, time in (
        ("B1", BAKERY, 240, START),
        ("B2", BAKERY, 60, START + DAY),
        ("B3", BAR, 80, START + DAY),
        ("B4", BAKERY, 10, START + 20 * DAY),
        ("B5", BAR, 30, START + 20 * DAY),
    ):
        coalition.redeem("ann", 10, order=order, at=at.account, owes=owes, time=time)
    assert coalition.statement("2023-11").cleared == 0
    assert coalition.clear(BAKERY, until="2023-11", time=START + 20 * DAY) == 300
    # An entry that says no time stands in the log as well.
    coalition.programme.desk.ledger.rotate_operator(BAR)
    november, december = coalition.statement("2023-11"), coalition.statement("2023-12")
    bakery, bar = PartnerMonth(BAKERY.account, 300, 300, 0), PartnerMonth(BAR.account, 80, 0, 80)
    assert november.partners == tuple(sorted((bakery, bar), key=lambda each: each.partner))
    assert (november.arose, november.cleared, november.owed) == (380, 300, 80)
    assert (december.arose, december.cleared, december.owed) == (40, 0, 40)
    # A partner clears two months with one burn: each month gets its own part of it.
    coalition.clear(BAR, until="2023-12", time=START + 21 * DAY)
    cleared = {
        month: {each.partner: each.cleared for each in coalition.statement(month).partners}
        for month in ("2023-11", "2023-12")
    }
    assert cleared == {
        "2023-11": {BAKERY.account: 300, BAR.account: 80},
        "2023-12": {BAKERY.account: 0, BAR.account: 30},
    }
    for month in ("2023-10", "2024-01"):
        empty = coalition.statement(month)
        assert (empty.partners, empty.arose) == ((), 0)
    with pytest.raises(ValueError, match="month: expected"):
        coalition.statement("2023-13")


def test_a_statement_counts_ious_that_were_passed_on(ledger, beans):
    coalition = Coalition.launch(beans, time=START)
    beans.earn("ann", 10, time=START)
    coalition.redeem("ann", 10, order="B1", at=BAKERY.account, owes=240, time=START)
    passed = Transfer(asset=coalition.asset, sender=BAKERY.account, to=BAR.account, amount=100)
    ledger.execute([passed], BAKERY, time=START)
    statement = coalition.statement("2023-11")
    assert {each.partner: each.owed for each in statement.partners} == {BAKERY.account: 140, BAR.account: 100}
    assert {each.partner: each.arose for each in statement.partners} == {BAKERY.account: 240, BAR.account: 0}
    assert statement.owed == 240
