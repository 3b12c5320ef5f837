"""Complaints of people about other platforms, whose answer takes more than one package here.

Those that one package answers stand in its own file, under the same kind of name.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from counterfoil import Key, Ledger, RejectedError, Transaction
from counterfoil.brands import Programme
from counterfoil.desk import Desk
from counterfoil.exit import exit_bundle, verify_exit_bundle
from counterfoil.funding import BackersVote, Raise
from counterfoil.governance import Community, fan_club
from counterfoil.members import Members, SelfCustodyError
from counterfoil.ops import (
    Article,
    Change,
    Constitution,
    Fee,
    Hold,
    KeyGrant,
    Limit,
    Mandate,
    Mint,
    Open,
    Pay,
    Payee,
    Release,
    SetConstitution,
    SetKeys,
    Settle,
    Share,
    SignedBy,
    Sunset,
    SunsetNotice,
    Sweep,
    Terms,
    Transfer,
    Weight,
    hold_id,
    named_account,
)
from counterfoil.presets import points
from counterfoil.reputation import Badges
from counterfoil.verify import Verifier

from tests.calls import refused

BRAND, ANN, BOB, SHOP, THIEF, BOARD = (Key.from_seed(bytes([number]) * 32) for number in range(71, 77))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example", operator=BRAND, time=START) as made:
        yield made


@pytest.fixture
def cent(ledger):
    asset = ledger.create_asset(BRAND, "CENT", decimals=2, time=START)
    ledger.mint(BRAND, asset, to=ANN.account, amount=100_000, time=START)
    return asset


# 3: one gift card, two tills.


def test_complaint_3_a_balance_is_not_spent_twice_for_two_orders(ledger):
    """Azuriom, Medusa, Spree: both checkouts read the balance before either writes it."""
    beans = Programme.launch(ledger, BRAND, symbol="BEAN", time=START)
    beans.earn(ANN.account, 1_000, time=START)

    def till(order):
        try:
            beans.redeem(ANN, 300, order=str(order), time=START)
        except RejectedError as error:
            return error.status.name
        return "ok"

    with ThreadPoolExecutor(8) as tills:
        results = sorted(tills.map(till, range(8)))
    assert results == ["insufficient_funds"] * 5 + ["ok"] * 3
    assert beans.balance(ANN.account) == 100


def test_complaint_3_what_waits_at_a_checkout_is_not_there_for_another(ledger, cent):
    """The units are in a hold until the shop takes them, and back by themselves where it does not."""
    terms = Terms(settle_if=SignedBy(1, [SHOP.account]), payees=[Share(SHOP.account)], deadline=START + DAY)
    hold = Hold(payer=ANN.account, salt=bytes(16), asset=cent, amount=70_000, terms=terms)
    checkout = hold_id(ANN.account, bytes(16))
    ledger.execute([hold], ANN, time=START)
    other = replace(hold, salt=b"o" * 16, amount=30_001)
    refused("insufficient_funds", ledger.execute, [other], ANN, time=START)
    refused("hold_pending", ledger.execute, [Release(hold=checkout)], ANN, time=START)
    ledger.execute([Settle(hold=checkout, amount=20_000)], SHOP, time=START)
    refused("amount_exceeds_hold", ledger.execute, [Settle(hold=checkout, amount=50_001)], SHOP, time=START)
    ledger.execute([Release(hold=checkout)], BOB, time=START + DAY)
    refused("hold_closed", ledger.execute, [Settle(hold=checkout)], SHOP, time=START + DAY)
    assert [ledger.balance(cent, key.account) for key in (ANN, SHOP)] == [80_000, 20_000]


# 5: what people had was gone two weeks after a sentence on a web page.


@pytest.fixture
def ending(ledger):
    """Points that may end, 60 days after that was said at the earliest."""
    preset = points()
    return Programme.launch(
        ledger,
        BRAND,
        symbol="BEAN",
        preset=replace(preset, policy=(*preset.policy, SunsetNotice(60 * DAY))),
        time=START,
    )


def test_complaint_5_points_do_not_end_without_notice(ledger, ending):
    """Starbucks Odyssey: about two weeks, then the points were gone. Nike RTFKT: sued over an abrupt shutdown."""
    ending.earn(ANN.account, 500, time=START)
    ends = START + 60 * DAY

    def end(at, time=START):
        return ledger.execute([Sunset(asset=ending.asset, at=at)], BRAND, time=time)

    refused("sunset_too_soon", end, ends - 1)
    shorter = Change(asset=ending.asset, policy=points().policy)
    refused("policy_layout_fixed", ledger.execute, [shorter], BRAND, time=START)
    less = Change(asset=ending.asset, policy=(*points().policy, SunsetNotice(60 * DAY - 1)))
    refused("policy_layout_fixed", ledger.execute, [less], BRAND, time=START)

    # The member has it in writing, proven: from when on nothing is left. Until then everything works.
    end(ends)
    claim = verify_exit_bundle(exit_bundle(ledger, ANN.account, time=START), ledger.verifier_key)
    assert (claim.assets[ending.asset].sunset, claim.balances[ending.asset].amount) == (ends, 500)
    refused("sunset_too_soon", end, ends - 1, START + DAY)
    ending.redeem(ANN, 200, order="B9", time=ends - 1)
    ending.earn(ANN.account, 10, time=ends - 1)
    last = exit_bundle(ledger, ANN.account, time=ends - 1)

    refused("asset_sunset", ending.earn, ANN.account, 10, time=ends)
    refused("insufficient_funds", ending.redeem, ANN, 1, order="B10", time=ends)
    ledger.execute([Sweep(asset=ending.asset, accounts=[ANN.account])], BOB, time=ends)
    # What lapsed is accounted for, and what the member had on the last day stays provable without the ledger.
    assert (sum(month.expired for month in ending.liability()), ledger.supply(ending.asset)) == (310, 0)
    after = verify_exit_bundle(exit_bundle(ledger, ANN.account, time=ends), ledger.verifier_key)
    vkey = ledger.verifier_key
    ledger.close()
    assert (after.balances, verify_exit_bundle(last, vkey).balances[ending.asset].amount) == ({}, 310)


def test_complaint_5_points_without_the_term_do_not_end(ledger):
    beans = Programme.launch(ledger, BRAND, symbol="BEAN", time=START)
    refused("no_sunset", ledger.execute, [Sunset(asset=beans.asset, at=START + 400 * DAY)], BRAND, time=START)


# 6: hardly anybody sets up a wallet.


def test_complaint_6_from_a_managed_key_to_one_s_own(ledger, tmp_path):
    """Uptrip: under 0.3% of accounts touched their NFTs. Here nobody needs a wallet, and whoever wants one gets it."""
    beans = Programme.launch(ledger, BRAND, symbol="BEAN", time=START)
    with Members(tmp_path / "members.db", seed=bytes(range(32))) as members:
        account = members.add("ann@example.com").account
        beans.earn(account, 500, time=START)
        beans.redeem(members.key("ann@example.com"), 100, order="B9", time=START)

        phone = Key.derive(b"p" * 32, ledger.origin)
        kept = members.key("ann@example.com")
        ledger.execute([SetKeys(account=account, keys=[KeyGrant(phone.public)])], kept, time=START)
        members.take_over("ann@example.com")
        with pytest.raises(SelfCustodyError):
            members.key("ann@example.com")
        # A copy of the old key is worth nothing, for the account and for what is signed with it elsewhere.
        for signer, status in ((kept, "key_missing"), (kept.on(account), "unknown_key")):
            refused(status, beans.redeem, signer, 1, order="B10", time=START)
            back = [SetKeys(account=account, keys=[KeyGrant(kept.public)])]
            refused(status, ledger.execute, back, signer, time=START)
        assert (members.get("ann@example.com").account, beans.balance(account)) == (account, 400)
    # From here on the store is not needed: the same account, the same points, the member's key.
    beans.redeem(phone.on(account), 150, order="B11", time=START)
    beans.refund(account, "B9", time=START)
    assert beans.balance(account) == 350
    ledger.checkpoint(time=START)
    proven = Verifier(ledger.verifier_key).record(bytes(ledger.prove("accounts", account))).value
    assert [grant.key for grant in proven.keys] == [phone.public]


# 11: fees that appear a month later, and refunds out of money that is not there.


def test_complaint_11_a_fee_is_an_entry_of_its_own_at_once(ledger):
    """Open Collective: fees posted monthly, so that nobody knew what was left."""
    terms = [Fee(bps=500, to=SHOP.account)]
    asset = ledger.create_asset(BRAND, "ILS", decimals=2, policy=terms, time=START)
    ledger.mint(BRAND, asset, to=ANN.account, amount=10_000, time=START)
    ledger.transfer(ANN, asset, to=BOB.account, amount=1_000, time=START)
    ledger.checkpoint(time=START)
    verifier = Verifier(ledger.verifier_key)

    def proven(*keys):
        return [verifier.balance(bytes(ledger.prove_balance(asset, key.account))).amount for key in keys]

    assert proven(ANN, BOB, SHOP) == [9_000, 950, 50]
    # Each payee of many pays its own, rounded down, and nothing is lost.
    payees = [Payee(BOB.account, 19), Payee(THIEF.account, 41)]
    ledger.execute([Pay(asset=asset, sender=ANN.account, payees=payees)], ANN, time=START)
    ledger.checkpoint(time=START)
    assert proven(ANN, BOB, THIEF, SHOP) == [8_940, 969, 39, 52]
    assert sum(proven(ANN, BOB, THIEF, SHOP)) == ledger.supply(asset)
    # A host that posts its fee itself does so in the same transaction as the gift: both or neither.
    gift = [
        Transfer(asset=asset, sender=ANN.account, to=BRAND.account, amount=8_000),
        Transfer(asset=asset, sender=BRAND.account, to=BOARD.account, amount=8_001),
    ]
    refused("insufficient_funds", ledger.execute, gift, ANN, BRAND, time=START)


def test_complaint_11_a_refund_is_bounded_by_what_is_held(ledger, cent):
    """Open Collective: refunds below zero. Kickstarter: unprotected after funding."""
    closes, both = START + 30 * DAY, SignedBy(2, [BRAND.account, BOARD.account])
    terms = {"goal": 50_000, "closes": closes, "milestones_bps": [4_000, 6_000], "approval": both, "within": "90d"}
    film = Raise.open(ledger, BRAND, asset=cent, to=SHOP.account, **terms, time=START)
    pledge = film.pledge(ANN, 50_000, time=START)
    film.close(pledge, time=closes)
    ledger.transfer(SHOP, cent, to=THIEF.account, amount=20_000, time=closes)  # the first milestone is spent
    over = closes + 90 * DAY
    film.close(pledge, time=over)
    for again in (over, over + DAY):
        refused("hold_closed", film.close, pledge, time=again)
    assert [ledger.balance(cent, key.account) for key in (ANN, SHOP, THIEF)] == [80_000, 0, 20_000]
    # What the project wants to give back beyond that it has to have.
    refused("insufficient_funds", ledger.transfer, SHOP, cent, to=ANN.account, amount=1, time=over)


def test_complaint_11_backers_decide_whether_the_project_gets_more(ledger, cent):
    """Kickstarter: unprotected after funding. The project that did not deliver has no key that pays it the rest."""
    closes = START + 30 * DAY
    ledger.transfer(ANN, cent, to=BOB.account, amount=30_000, time=START)
    terms = {"goal": 50_000, "closes": closes, "milestones_bps": [4_000, 6_000], "within": "90d"}
    vote = BackersVote(quorum_bps=5_000, voting="7d")
    film = Raise.open(ledger, BRAND, asset=cent, to=SHOP.account, approval=vote, **terms, time=START)
    pledges = [film.pledge(backer, amount, time=START) for backer, amount in ((ANN, 20_000), (BOB, 30_000))]
    list(film.close_all(time=closes))

    # The project wants the rest, says so itself, and asks with every key that it has.
    asked = film.milestone(1, time=closes).propose(by=BRAND, time=closes)
    refused("no_weight", asked.vote, BRAND, "release", time=closes)
    asked.vote(ANN, "release", time=closes)
    asked.vote(BOB, "refuse", time=closes)
    asked.conclude(time=closes + 7 * DAY)
    for owner in (BRAND, BRAND.on(film.decides)):
        easier = SetConstitution(account=film.decides)
        status = "constitution_forbids" if owner is not BRAND else "unauthorized"
        refused(status, ledger.execute, [easier], owner, time=closes + 7 * DAY)
        for pledge in pledges:
            settle = [Settle(hold=pledge.holds[1])]
            refused("condition_unmet", ledger.execute, settle, owner, time=closes + 7 * DAY)
    assert [len(each.holds) for each in film.approve(1, BRAND, time=closes + 7 * DAY)] == [0]
    # Who was refused may ask again; who is refused to the end has to live with it, and the backers have it back.
    list(film.close_all(time=closes + 90 * DAY))
    assert [ledger.balance(cent, key.account) for key in (ANN, BOB, SHOP)] == [62_000, 18_000, 20_000]


# 12: an approval once given is an approval for ever.


def _mandate(asset, agent=SHOP, **limit):
    terms = {"operations": ["transfer"], "cap": 500, "window_ms": 30 * DAY, "until": START + 90 * DAY, **limit}
    return Mandate(account=ANN.account, agent=agent.account, asset=asset, limit=Limit(**terms))


def test_complaint_10_a_fan_vote_binds_and_is_not_bought(ledger):
    """Fan votes are trivial and buyable: here what fans decide is done, and coins that are bought for a vote count
    nothing in it, nor do coins that are lent round, nor the issuer's keys.
    """
    coin = ledger.create_asset(BRAND, "FAN", time=START)
    for fan, amount in ((ANN, 60), (BOB, 40)):
        ledger.mint(BRAND, coin, to=fan.account, amount=amount, time=START)
    club = Community.found(ledger, BRAND, constitution=fan_club(coin), settings={"anthem": 1}, time=START)
    song = club.propose("The anthem", by=ANN, actions=club.set(anthem=2), time=START)
    rich = Mint(asset=coin, to=THIEF.account, amount=1_000_000)
    ledger.execute([rich], BRAND, time=START)
    refused("no_weight", song.vote, THIEF, "no", time=START)
    song.vote(ANN, "yes", time=START)
    ledger.transfer(ANN, coin, to=THIEF.account, amount=60, time=START)
    refused("no_weight", song.vote, THIEF, "no", time=START)
    song.vote(BOB, "no", time=START)
    assert song.record.counts == (60, 40, 0)
    # It is not the club's to ignore: anybody has it done, and the keys cannot have it otherwise.
    due = song.record.due
    otherwise = club.set(anthem=3)
    refused("needs_proposal", ledger.execute, otherwise, BRAND.on(club.account), time=due)
    Community(ledger, SHOP, account=club.account).proposal(song.id).execute(time=due)
    assert club.setting("anthem") == 2


def test_complaint_10_quadratic_votes_need_persons(ledger):
    """Quadratic votes without Sybil defence: a rule by roots is for members that somebody vouches for, and no other can
    be made. Coins spread over many accounts of one person weigh no more.
    """
    coin = ledger.create_asset(BRAND, "FAN", time=START)
    persons = Badges.launch(ledger, BOARD, name="person", time=START)
    crowd = [Key.from_seed(bytes([200, number]) * 16) for number in range(10)]
    for person in (ANN, crowd[0]):
        persons.award(person.account, time=START)
    ledger.mint(BRAND, coin, to=ANN.account, amount=100, time=START)
    for account in crowd:
        ledger.mint(BRAND, coin, to=account.account, amount=10, time=START)
    anybody = replace(fan_club(coin).rules[0], weight=Weight.ROOT)
    sybil = Constitution([anybody], [Article(operations=["set_constitution"], rules=[0])])
    refused("invalid_rule", Community.found, ledger, BRAND, constitution=sybil, time=START)

    fans = fan_club(coin, members=persons.requirement)
    club = Community.found(ledger, BRAND, constitution=fans, time=START)
    vote = club.propose("x", by=ANN, time=START + 1)
    vote.vote(ANN, "yes", time=START + 1)
    vote.vote(crowd[0], "no", time=START + 1)
    for account in crowd[1:]:
        refused("not_in_electorate", vote.vote, account, "no", time=START + 1)
    # 100 coins of one person are 10 votes; 100 coins in ten accounts of another are 3, not 30.
    assert vote.record.counts == (10, 3, 0)


def test_complaint_12_a_standing_approval_cannot_be_drained(ledger, cent):
    """EIP-5748: whoever gets at an unlimited approval takes everything, years later."""
    other = ledger.create_asset(BRAND, "OTHER", time=START)
    ledger.mint(BRAND, other, to=ANN.account, amount=9, time=START)
    for unlimited in ({"cap": 0}, {"window_ms": 0}, {"until": 0}, {"until": START}, {"operations": []}):
        refused("invalid_mandate", ledger.execute, [_mandate(cent, **unlimited)], ANN, time=START)
    with pytest.raises(TypeError):
        Limit(operations=["transfer"], cap=500)
    ledger.execute([_mandate(cent)], ANN, time=START)

    # Somebody has the shop's key, and tries all he can.
    def drain(time):
        taken = 0
        while True:
            try:
                ledger.execute(
                    [Transfer(asset=cent, sender=ANN.account, to=THIEF.account, amount=125)], SHOP, time=time
                )
            except RejectedError as error:
                return taken, error.status.name
            taken += 125

    assert drain(START) == (500, "mandate_spent")
    for operation, status in (
        (Transfer(asset=other, sender=ANN.account, to=THIEF.account, amount=1), "unauthorized"),
        (Pay(asset=cent, sender=ANN.account, payees=[Payee(THIEF.account, 1)]), "mandate_operation"),
        (_mandate(cent, agent=THIEF), "unauthorized"),
        (_mandate(cent, cap=10**9), "unauthorized"),
        (SetKeys(account=ANN.account, keys=[KeyGrant(SHOP.public)]), "unauthorized"),
    ):
        refused(status, ledger.execute, [operation], SHOP, time=START)
    # What was not used is not carried on, and it ends by itself.
    assert drain(START + 30 * DAY - 1) == (0, "mandate_spent")
    assert drain(START + 80 * DAY) == (500, "mandate_spent")
    assert drain(START + 90 * DAY) == (0, "mandate_expired")
    assert ledger.balance(cent, ANN.account) == 99_000

    # Everything that is still allowed can be seen, and ended with one operation.
    ledger.execute([_mandate(cent, until=START + 900 * DAY)], ANN, time=START + 90 * DAY)
    assert [(each.agent, each.cap) for each in ledger.mandates() if each.account == ANN.account] == [
        (SHOP.account, 500)
    ]
    end = Mandate(account=ANN.account, agent=SHOP.account, asset=cent)
    ledger.execute([end], ANN, time=START + 90 * DAY)
    assert (list(ledger.mandates()), drain(START + 91 * DAY)) == ([], (0, "unauthorized"))


def test_complaint_12_an_old_key_is_no_owner(ledger, cent):
    """Coinbase's smart wallet: passkeys that were replaced stay owners."""
    paper, phone = Key.from_seed(b"q" * 32), Key.from_seed(b"r" * 32)
    keys = [KeyGrant(ANN.public), KeyGrant(paper.public)]
    ledger.execute([SetKeys(account=ANN.account, keys=keys)], ANN, time=START)
    lost = ANN.on(ANN.account)
    ledger.execute([_mandate(cent, agent=THIEF)], lost, time=START)
    spend = Transfer(asset=cent, sender=ANN.account, to=THIEF.account, amount=1)
    signed_before = Transaction(ledger.id, [spend], valid_until=START + 60_000).sign(lost)

    # Mandates outlive keys by themselves: the new keys, and the end of all that the old ones allowed, go together.
    after = [KeyGrant(phone.public), KeyGrant(paper.public)]
    allowed = [each for each in ledger.mandates() if each.account == ANN.account]
    ends = [Mandate(account=each.account, agent=each.agent, asset=each.asset) for each in allowed]
    ledger.execute([*ends, SetKeys(account=ANN.account, keys=after)], paper.on(ANN.account), time=START)
    assert (len(ends), list(ledger.mandates())) == (1, [])

    for signer, status in ((lost, "unknown_key"), (ANN, "key_missing")):
        for operation in (spend, _mandate(cent, agent=THIEF), SetKeys(account=ANN.account, keys=keys)):
            refused(status, ledger.execute, [operation], signer, time=START)
    [outcome] = ledger.apply([signed_before], time=START)
    assert outcome.status.name == "unknown_key"
    refused("unauthorized", ledger.execute, [spend], THIEF, time=START)
    # A call that happened once does not happen again under the new keys either.
    done = Desk(ledger, phone.on(ANN.account)).do([spend], key="rent", time=START)
    assert Desk(ledger, paper.on(ANN.account)).do([spend], key="rent", time=START).id == done.id


def test_complaint_12_an_agent_s_old_key_has_no_mandate(ledger, cent):
    """A mandate is for an account: when a till's key is replaced, the thief of the old one has nothing."""
    till = named_account(SHOP.account, bytes(16))
    opened = Open(opener=SHOP.account, salt=bytes(16), keys=[KeyGrant(SHOP.public)])
    ledger.execute([opened], SHOP, time=START)
    limit = Limit(operations=["mint"], cap=100, window_ms=DAY, until=START + 90 * DAY)
    ledger.execute([Mandate(account=BRAND.account, agent=till, asset=cent, limit=limit)], BRAND, time=START)
    mint = Mint(asset=cent, to=THIEF.account, amount=60)
    ledger.execute([mint], SHOP.on(till), time=START)
    ledger.execute([SetKeys(account=till, keys=[KeyGrant(BOARD.public)])], SHOP.on(till), time=START)
    refused("unknown_key", ledger.execute, [mint], SHOP.on(till), time=START)
    refused("unauthorized", ledger.execute, [mint], SHOP, time=START)
    # What the old key spent of the window is spent for the new one.
    refused("mandate_spent", ledger.execute, [mint], BOARD.on(till), time=START)
    ledger.execute([mint], BOARD.on(till), time=START + DAY)
