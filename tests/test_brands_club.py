"""Customers vote on what a brand's points do, and the ledger obeys them and not the brand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counterfoil import Key, Ledger
from counterfoil.brands import Programme, terms_club
from counterfoil.exceptions import KeyReusedError
from counterfoil.governance import Community
from counterfoil.members import Members
from counterfoil.ops import (
    Change,
    CloseCampaign,
    Fee,
    FundCampaign,
    InactivityExpiry,
    KeyGrant,
    Limit,
    Mandate,
    Mint,
    Open,
    Power,
    Renounce,
    Requirement,
    SetConstitution,
    SetKeys,
    Sunset,
    Transfer,
    named_account,
)
from counterfoil.presets import points
from counterfoil.reputation import Badges

from tests.calls import refused, standing

ROASTER, OTHER, CHARITY, AGENT = (Key.from_seed(bytes([number]) * 32) for number in range(51, 55))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""
NAMED = ROASTER.on(ROASTER.account)
"""As it signs once the account is governed."""
ENDS, DUE = START + 5 * DAY, START + 7 * DAY
WITH_FEE = (*points(inactive_days=730, bound=False).policy, Fee(200, CHARITY.account))


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=ROASTER, time=START) as made:
        yield made


@pytest.fixture
def members(tmp_path):
    with Members(tmp_path / "members.db", seed=bytes(range(32))) as made:
        made.add_all(["ann", "bob", "eve"])
        yield made


@pytest.fixture
def beans(ledger, members):
    """Ann has 600 points, Bob 300, Eve 100."""
    made = Programme.launch(ledger, ROASTER, symbol="BEAN", preset=points(bound=False), members=members, time=START)
    for customer, amount in (("ann", 600), ("bob", 300), ("eve", 100)):
        made.earn(customer, amount, time=START)
    return made


@pytest.fixture
def spring(beans):
    return beans.campaign(budget=1_000, claim_max=100, ends=START + 90 * DAY, time=START)


@pytest.fixture
def club(beans, spring):
    """Customers vote by their points; the brand may veto."""
    assert spring.budget == 1_000
    beans.govern(terms_club(points=beans.asset, guardian=ROASTER.account), time=START)
    return beans.community


def days(ledger, asset):
    [found] = [term.days for term in ledger.asset(asset).policy if isinstance(term, InactivityExpiry)]
    return found


def test_customers_decide_on_the_terms_and_the_ledger_obeys(ledger, beans, spring, club):
    asked = [
        Change(asset=beans.asset, policy=WITH_FEE),
        Mint(asset=beans.asset, to=ROASTER.account, amount=500),
        FundCampaign(campaign=spring.id, asset=beans.asset, sender=ROASTER.account, amount=500),
    ]
    better = club.propose("Two years, and 2 % for the wells", by=beans.signer("eve"), actions=asked, time=START)
    better.vote(beans.signer("ann"), "yes", time=START)
    better.vote(beans.signer("bob"), {"yes": 1, "no": 2}, time=START)
    assert better.record.counts == (700, 200, 0)
    refused("not_due", better.execute, time=DUE - 1)
    better.execute(time=DUE)
    assert (days(ledger, beans.asset), spring.budget) == (730, 1_500)
    ann, bob = beans.signer("ann"), beans.account("bob")
    ledger.execute([Transfer(asset=beans.asset, sender=ann.account, to=bob, amount=100)], ann, time=DUE)
    assert (ledger.balance(beans.asset, CHARITY.account), beans.balance("bob")) == (2, 398)

    # The daily business goes on with the brand's key.
    beans.earn("ann", 50, time=DUE)
    spring.earn("ann", 20, order="A17", time=DUE)
    beans.earn("bob", 5, pending="7d", time=DUE)
    beans.redeem("ann", 70, order="B9", time=DUE)
    beans.refund("ann", "B9", time=DUE)
    beans.take_back("ann", 50, time=DUE)
    assert beans.balance("ann") == 600 - 100 + 20


def test_the_brand_s_key_cannot_do_it_any_more(ledger, beans, spring, club):
    before = standing(ledger)
    policy = points(inactive_days=1, bound=False).policy
    for status, operation in (
        ("needs_proposal", Change(asset=beans.asset, policy=policy)),
        ("needs_proposal", Change(asset=beans.asset, supply_cap=10**6)),
        ("needs_proposal", CloseCampaign(campaign=spring.id)),
        ("needs_proposal", SetConstitution(account=ROASTER.account)),
        ("needs_proposal", SetConstitution(account=ROASTER.account, constitution=club.constitution)),
        ("needs_proposal", Renounce(asset=beans.asset, power=Power.MINT)),
        ("needs_proposal", Sunset(asset=beans.asset, at=START + 99 * DAY)),
    ):
        refused(status, ledger.execute, [operation], NAMED, time=START)
    refused("needs_proposal", beans.campaign, budget=1, claim_max=1, ends=START + DAY, time=START)
    refused("needs_proposal", spring.fund, 1, time=START)
    refused("needs_proposal", spring.close, time=START)
    refused("needs_proposal", beans.govern, terms_club(points=beans.asset), time=START)
    assert standing(ledger) == before
    # New keys have no more authority than the old ones, nor has an agent of theirs.
    limit = Limit(operations=["mint"], cap=10, window_ms=DAY, until=START + DAY)
    mandate = Mandate(account=ROASTER.account, agent=AGENT.account, asset=beans.asset, limit=limit)
    ledger.execute([mandate], NAMED, time=START)
    ledger.execute([SetKeys(account=ROASTER.account, keys=[KeyGrant(OTHER.public)])], NAMED, time=START)
    change = Change(asset=beans.asset, policy=policy)
    refused("needs_proposal", ledger.execute, [change], OTHER.on(ROASTER.account), time=START)
    refused("unauthorized", ledger.execute, [change], AGENT, time=START)


def test_the_guardian_may_veto(ledger, beans, club):
    fee = club.propose(
        "A fee", by=beans.signer("ann"), actions=[Change(asset=beans.asset, policy=WITH_FEE)], time=START
    )
    fee.vote(beans.signer("ann"), "yes", time=START)
    refused("unauthorized", fee.veto, OTHER, time=ENDS)
    fee.veto(NAMED, reason=3, time=DUE - 1)
    refused("not_passed", fee.execute, time=DUE)
    assert (days(ledger, beans.asset), fee.state_at(DUE)) == (365, "vetoed")


def test_a_vote_that_fails_changes_nothing(ledger, beans, club):
    asked = [Change(asset=beans.asset, policy=WITH_FEE)]
    without_quorum = club.propose("Nobody comes", by=beans.signer("eve"), actions=asked, time=START)
    refusal = club.propose("Ann is against it", by=beans.signer("eve"), actions=asked, time=START)
    refusal.vote(beans.signer("eve"), "yes", time=START)
    refusal.vote(beans.signer("ann"), "no", time=START)
    for failed in (without_quorum, refusal):
        failed.conclude(time=DUE)
        refused("not_passed", failed.execute, time=DUE)
    assert days(ledger, beans.asset) == 365


def test_customers_decide_about_nothing_else(beans, club):
    """What the constitution leaves to the brand's keys no proposal does, and foundations need the stricter rule."""
    eve = beans.signer("eve")
    gift = Transfer(asset=beans.asset, sender=ROASTER.account, to=eve.account, amount=1)
    refused("wrong_rule", club.propose, "A gift", by=eve, actions=[gift], time=START)
    refused("wrong_rule", club.propose, "A setting", by=eve, actions=club.set(surplus=1), time=START)
    dissolve = [SetConstitution(account=ROASTER.account)]
    refused("wrong_rule", club.propose, "The end of it", by=eve, actions=dissolve, time=START)
    stranger = {"by": OTHER, "actions": [], "time": START}
    refused("proposer_weight_too_low", club.propose, "From outside", **stranger)
    # The brand's own account has no vote on itself; what lies in the campaign counts, and nobody votes with it.
    beans.earn(ROASTER.account, 5_000, time=START)
    assert club.propose("Nothing", by=eve, time=START + DAY).record.electorate == 2_000


def test_customers_give_it_back(ledger, beans, club):
    asked = [SetConstitution(account=ROASTER.account)]
    end = club.propose("Let the brand decide", by=beans.signer("ann"), actions=asked, rule=1, time=START)
    end.vote(beans.signer("ann"), "yes", time=START)
    end.vote(beans.signer("bob"), "yes", time=START)
    end.execute(time=START + 21 * DAY)
    ledger.execute([Change(asset=beans.asset, policy=WITH_FEE)], NAMED, time=START + 21 * DAY)
    with pytest.raises(LookupError, match="account: expected one with a constitution"):
        _ = beans.community


def test_members_have_one_vote_each(ledger, members, beans):
    """Attested by somebody else than the brand, which then has no say in who votes."""
    badge = Badges.launch(ledger, OTHER, name="regular", time=START)
    for customer in ("ann", "bob", "eve"):
        badge.award(members.get(customer).account, time=START)
    club = terms_club(members=Requirement(badge.schema, OTHER.account))
    beans.govern(club, time=START + 1)
    change = [Change(asset=beans.asset, policy=WITH_FEE)]
    fee = beans.community.propose("A fee", by=beans.signer("eve"), actions=change, time=START + 1)
    fee.vote(beans.signer("ann"), "no", time=START + 1)
    fee.vote(beans.signer("bob"), "yes", time=START + 1)
    fee.vote(beans.signer("eve"), "yes", time=START + 1)
    fee.execute(time=DUE + 1)
    assert days(ledger, beans.asset) == 730
    refused("no_guardian", fee.veto, NAMED, time=DUE + 1)


def test_it_is_governed_once_with_a_key_and_tried_before(ledger, beans):
    constitution = terms_club(points=beans.asset)
    before = standing(ledger)
    assert beans.govern(constitution, key="club", dry_run=True, time=START).dry_run
    assert standing(ledger) == before
    done = beans.govern(constitution, key="club", time=START)
    again = Programme(ledger, ROASTER, asset=beans.asset).govern(constitution, key="club", time=START + 5)
    assert (again.repeated, again.id, len(done.operations)) == (True, done.id, 2)
    assert beans.govern(constitution, key="club", dry_run=True, time=START + 5).repeated
    with pytest.raises(KeyReusedError):
        beans.govern(terms_club(points=beans.asset, guardian=OTHER.account), key="club", time=START)
    assert isinstance(beans.community, Community)
    assert beans.community.constitution == constitution


def test_a_brand_with_several_keys_keeps_them(ledger):
    both = [KeyGrant(ROASTER.public), KeyGrant(OTHER.public)]
    ledger.execute([Open(opener=ROASTER.account, salt=bytes(16), threshold=2, keys=both)], ROASTER, time=START)
    house = named_account(ROASTER.account, bytes(16))
    signers = ROASTER.on(house), OTHER.on(house)
    beans = Programme.launch(ledger, *signers, symbol="BEAN", preset=points(), time=START)
    done = beans.govern(terms_club(points=beans.asset), time=START)
    assert [operation.wire_name for operation in done.operations] == ["set_constitution"]
    record = ledger.account(house)
    assert (record.threshold, len(record.keys)) == (2, 2)
    alone = Programme(ledger, ROASTER.on(house), asset=beans.asset)
    refused("threshold_not_met", alone.earn, OTHER.account, 1, time=START)


def test_wrong_constitutions(ledger, beans):
    for both in ({}, {"points": beans.asset, "members": Requirement(bytes(32), bytes(32))}):
        with pytest.raises(ValueError, match="expected points or members"):
            terms_club(**both)
    before = standing(ledger)
    refused("unknown_asset", beans.govern, terms_club(points=bytes(32)), time=START)
    refused("unknown_schema", beans.govern, terms_club(members=Requirement(bytes(32), bytes(32))), time=START)
    good = terms_club(points=beans.asset)
    refused("invalid_rule", beans.govern, replace(good, rules=[replace(good.rules[0], voting_ms=0)]), time=START)
    refused("invalid_article", beans.govern, replace(good, articles=good.articles[:1]), time=START)
    foreign = ledger.create_asset(OTHER, "TEA", time=START)
    refused("unauthorized", beans.govern, terms_club(points=foreign), time=START)
    assert ledger.account(ROASTER.account) is None
    assert standing(ledger)[0] == before[0] + 1
    beans.govern(terms_club(points=foreign), OTHER, time=START)
    assert beans.community.rules[0].electorate.asset == foreign
