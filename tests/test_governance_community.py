"""Communities: founding, presets, settings, proposals and delegation, and what is refused."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace

import pytest
from counterfoil import Key, Ledger
from counterfoil.desk import Desk
from counterfoil.exceptions import KeyReusedError, WireError
from counterfoil.governance import (
    Community,
    Proposal,
    approval,
    brand_club,
    by_backers,
    by_units,
    cooperative,
    council,
    fan_club,
    one_member_one_vote,
    quadratic,
    ranked,
    sealed,
    support_units,
    title_hash,
    voting_rule,
)
from counterfoil.ops import (
    Article,
    Attest,
    Constitution,
    Delegate,
    Deposit,
    MembersElectorate,
    Mint,
    Open,
    Requirement,
    Schema,
    SetConstitution,
    SetKeys,
    Transfer,
    Weight,
    schema_id,
)
from counterfoil.reputation import Badges
from counterfoil.verify import KeyGrant

from tests.calls import refused, standing

BOARD, ANN, BOB, CAT, DAN, EVE = (Key.from_seed(bytes([number]) * 32) for number in range(91, 97))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""
OPENED = START + 1
"""A member who is attested in the very millisecond of a proposal is none yet."""


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "coop", origin="coop.example", operator=BOARD, time=START) as made:
        yield made


@pytest.fixture
def members(ledger):
    badges = Badges.launch(ledger, BOARD, name="member", time=START)
    for member in (ANN, BOB, CAT, DAN):
        badges.award(member.account, time=START)
    return badges.requirement


@pytest.fixture
def coop(ledger, members):
    constitution = cooperative(members, guardian=BOARD.account)
    settings = {"surplus_bps": 2_000}
    return Community.found(ledger, BOARD, constitution=constitution, settings=settings, time=START)


@pytest.fixture
def ils(ledger, coop):
    made = ledger.create_asset(BOARD, "ILS", decimals=2, time=START)
    ledger.mint(BOARD, made, to=coop.account, amount=100_000, time=START)
    return made


def pay(coop, ils, to, amount=5_000):
    return Transfer(asset=ils, sender=coop.account, to=to.account, amount=amount)


def test_members_raise_the_surplus_share_and_the_ledger_obeys(coop):
    assert coop.setting("surplus_bps") == 2_000
    assert coop.setting("nothing") is None
    raised = coop.propose("Raise the share", by=ANN, actions=coop.set(surplus_bps=3_000), time=OPENED)
    assert raised.title("Raise the share")
    assert not raised.title("Lower the share")
    raised.vote(ANN, "yes", time=OPENED)
    raised.vote(BOB, "no", time=OPENED)
    raised.vote(CAT, "yes", time=OPENED)
    refused("not_due", raised.execute, time=OPENED + 10 * DAY - 1)
    done = raised.execute(time=OPENED + 10 * DAY)
    assert [operation.wire_name for operation in done.operations] == ["conclude", "execute"]
    assert coop.setting("surplus_bps") == 3_000
    assert raised.state_at(OPENED + 10 * DAY) == "executed"
    refused("already_executed", raised.execute, time=OPENED + 10 * DAY)


def test_what_the_keys_can_no_longer_do(ledger, coop, ils):
    own = BOARD.on(coop.account)
    setting = schema_id(coop.account, "setting.surplus_bps")
    for operation in (
        pay(coop, ils, BOARD),
        SetKeys(account=coop.account, keys=[KeyGrant(EVE.public)]),
        SetConstitution(account=coop.account),
        Attest(schema=setting, issuer=coop.account, subject=ANN.account),
        Schema(creator=coop.account, name="x"),
    ):
        refused("needs_proposal", ledger.execute, [operation], own, time=START)
        # Where an agent could have a mandate, the ledger says that it would be of no use.
        status = "needs_proposal" if isinstance(operation, (Transfer, Attest)) else "unauthorized"
        refused(status, ledger.execute, [operation], EVE, time=START)


def test_founding_happens_once(ledger, members):
    constitution, log = cooperative(members), standing(ledger)
    said = {"constitution": constitution, "settings": {"a": 1}, "key": "found", "time": START}
    tried = Community.found(ledger, ANN, dry_run=True, **said)
    assert standing(ledger) == log
    assert ledger.constitution(tried.account) is None
    first, again = (Community.found(ledger, ANN, **said) for _ in range(2))
    assert first.account == again.account == tried.account
    assert ledger.size == log[0] + 2
    assert first.constitution == constitution
    assert first.rules == tuple(constitution.rules)
    assert Community.found(ledger, ANN, dry_run=True, **said).account == first.account
    other = Community.found(ledger, ANN, constitution=constitution, time=START)
    assert other.account != first.account
    with pytest.raises(KeyReusedError):
        Community.found(ledger, ANN, **{**said, "settings": {"a": 2}})


def test_a_founding_that_broke_off_goes_on(ledger, members):
    constitution = cooperative(members)
    probe = Community.found(ledger, ANN, constitution=constitution, key="found", dry_run=True, time=START)
    # The first of its two transactions, as the same call makes it.
    desk = Desk(ledger, ANN)
    opening = Open(opener=ANN.account, salt=desk.salt("found"), keys=[KeyGrant(ANN.public)])
    desk.do([opening], key="found", time=START)
    assert ledger.constitution(probe.account) is None
    made = Community.found(ledger, ANN, constitution=constitution, key="found", time=START)
    assert made.account == probe.account
    assert made.constitution == constitution


def test_several_founders_sign_together_for_what_is_left_to_keys(ledger, members):
    keys = [KeyGrant(ANN.public), KeyGrant(BOB.public)]
    ledger.execute([SetKeys(account=ANN.account, threshold=2, keys=keys)], ANN, time=START)
    founders = ANN.on(ANN.account), BOB.on(ANN.account)
    made = Community.found(ledger, *founders, constitution=cooperative(members), time=START)
    record = ledger.account(made.account)
    assert (record.threshold, len(record.keys), record.is_governed) == (2, 2, True)


def test_a_founding_that_is_refused_leaves_nothing(ledger, members):
    coin = ledger.create_asset(EVE, "NOOR", time=START)
    found = Community.found
    unknown = cooperative(Requirement(bytes(32), BOARD.account))
    refused("unknown_schema", found, ledger, ANN, constitution=unknown, time=START)
    refused("unauthorized", found, ledger, ANN, constitution=fan_club(coin), time=START)
    refused("unknown_asset", found, ledger, ANN, constitution=fan_club(b"x" * 32), time=START)
    lax = Constitution(cooperative(members).rules, [Article(operations=["set_constitution"], keys=True)])
    refused("invalid_article", found, ledger, ANN, constitution=lax, time=START)
    rule = replace(cooperative(members).rules[0], voting_ms=0)
    instant = Constitution([rule], cooperative(members).articles[:1])
    refused("invalid_rule", found, ledger, ANN, constitution=instant, time=START)
    open_schema = Schema(creator=EVE.account, name="anybody")
    ledger.execute([open_schema], EVE, time=START)
    anybody = cooperative(Requirement(schema_id(EVE.account, "anybody"), EVE.account))
    refused("invalid_electorate", found, ledger, ANN, constitution=anybody, time=START)
    log = standing(ledger)
    with pytest.raises(WireError, match="name"):
        found(ledger, ANN, constitution=cooperative(members), settings={"A B": 1}, time=START)
    for value, error in ((-1, ValueError), (2**53 + 1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="surplus"):
            found(ledger, ANN, constitution=cooperative(members), settings={"surplus": value}, time=START)
    assert standing(ledger) == log
    made = found(ledger, ANN, constitution=fan_club(coin), agree=[EVE], time=START)
    assert made.rules[0].electorate.asset == coin


def test_who_is_no_community(ledger, coop):
    with pytest.raises(LookupError, match="with a constitution"):
        Community(ledger, account=ANN.account)
    with pytest.raises(ValueError, match="32 bytes"):
        Community(ledger, account=b"x")
    with pytest.raises(TypeError, match="32 bytes"):
        Community(ledger, account="x")
    assert Community(ledger, account=coop.account).constitution == coop.constitution


def test_every_preset_founds_votes_and_executes(ledger, members):
    """Each by its own rules, from the first call to what it did."""
    coin = ledger.create_asset(BOARD, "NOOR", time=START)
    for holder, amount in ((ANN, 100), (BOB, 400), (EVE, 900)):
        ledger.mint(BOARD, coin, to=holder.account, amount=amount, time=START)
    presets = {
        "fans": fan_club(coin),
        "fans who are members": fan_club(coin, members=members, guardian=BOARD.account),
        "a brand's points": brand_club(points=coin, guardian=BOARD.account),
        "a brand's members": brand_club(members=members),
        "cooperative": cooperative(members),
        "council": council(members, 2, 4),
    }
    clubs = {name: Community.found(ledger, BOARD, constitution=made, time=START) for name, made in presets.items()}
    proposals = {
        name: club.propose(name, by=ANN, actions=club.set(open=1), time=OPENED) for name, club in clubs.items()
    }
    for proposal in proposals.values():
        for voter in (ANN, BOB):
            proposal.vote(voter, "yes", time=OPENED)
    when = OPENED + 40 * DAY
    for name, proposal in proposals.items():
        at = proposal.record.due
        when = max(ledger.time, at)
        proposal.execute(time=when)
        assert clubs[name].setting("open") == 1, name
    for name, club in clubs.items():
        strict = club.propose("the constitution", by=ANN, actions=[_amend(club)], rule=1, time=when)
        assert strict.record.terms.voting_ms > club.rules[0].voting_ms, name
        refused("wrong_rule", club.propose, "the same", by=ANN, actions=[_amend(club)], rule=0, time=when)
        keys_may = club.constitution.article(0x61).keys
        assert keys_may == name.startswith("a brand")


def _amend(club):
    first, second = club.rules
    rules = [replace(first, quorum_bps=1), second]
    return SetConstitution(account=club.account, constitution=Constitution(rules, club.constitution.articles))


def test_a_council_needs_so_many(ledger, members):
    club = Community.found(ledger, BOARD, constitution=council(members, 3, 4), time=START)
    few = club.propose("two of four", by=ANN, time=OPENED)
    enough = club.propose("three of four", by=ANN, time=OPENED)
    for voter in (ANN, BOB):
        few.vote(voter, "yes", time=OPENED)
    for voter in (ANN, BOB, CAT):
        enough.vote(voter, "yes", time=OPENED)
    enough.vote(DAN, "no", time=OPENED)
    for proposal in (few, enough):
        proposal.conclude(time=OPENED + 3 * DAY)
    assert [few.state_at(ledger.time), enough.state_at(ledger.time)] == ["failed", "passed"]


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 9, 11, 97, 9_999, 10_000])
def test_a_council_needs_exactly_k(members, n):
    for k in {1, 2, n // 2 or 1, n - 1 or 1, n} & set(range(1, n + 1)):
        first, second = council(members, k, n).rules
        assert support_units(n, first.support_bps) == k
        assert support_units(n, second.support_bps) == min(k + 1, n)


def test_presets_and_rules_check_what_they_get(members):
    for k, n in ((0, 3), (4, 3), (1, 10_001), (1, 0)):
        with pytest.raises(ValueError, match="expected"):
            council(members, k, n)
    with pytest.raises(TypeError):
        council(members, 1.5, 3)
    with pytest.raises(ValueError, match="both"):
        brand_club(points=bytes(32), members=members)
    with pytest.raises(ValueError, match="neither"):
        brand_club()
    with pytest.raises(WireError):
        one_member_one_vote(members, quorum_bps=2**16)
    with pytest.raises(TypeError):
        one_member_one_vote(members, quorum=5)
    with pytest.raises(ValueError, match="span"):
        one_member_one_vote(members, voting="a while")
    with pytest.raises(TypeError, match="span"):
        one_member_one_vote(members, voting=1.5)


def test_rules_fit_what_the_ledger_takes(ledger, members):
    """Every helper's rule is one that can be founded on, whatever its lengths of time."""
    coin = ledger.create_asset(BOARD, "NOOR", time=START)
    rules = [
        by_units(coin, voting="90d", delay="30d"),
        by_units(coin, proposer_weight=5, deposit=Deposit(coin, 3)),
        quadratic(coin, members, voting="1m", extension=0),
        sealed(by_units(coin, voting="1m", extension=0), "90d"),
        sealed(one_member_one_vote(members)),
        approval(quadratic(coin, members)),
        ranked(by_backers(b"g" * 32)),
        voting_rule(MembersElectorate(members.schema, members.issuer), Weight.MEMBER, snapshot=0),
    ]
    made = Constitution(rules, [Article(operations=["set_constitution"], rules=[0])])
    club = Community.found(ledger, BOARD, constitution=made, time=START)
    assert club.rules == tuple(rules)
    assert [rule.extension_ms > 0 for rule in rules[3:5]] == [False, False]


def test_settings_that_are_new_changed_or_taken_back(ledger, coop):
    wanted = coop.set(fee_bps=10, surplus_bps=2_500)
    assert [operation.wire_name for operation in wanted] == ["schema", "attest", "revoke", "attest"]
    _decide(coop, "fees", wanted, OPENED)
    assert (coop.setting("fee_bps"), coop.setting("surplus_bps")) == (10, 2_500)
    gone = coop.set(fee_bps=11)[:1]
    _decide(coop, "no fees", gone, ledger.time)
    assert coop.setting("fee_bps") is None
    back = coop.set(fee_bps=12)
    assert [operation.wire_name for operation in back] == ["attest"]
    for value, error in ((-1, ValueError), (2**53 + 1, ValueError), (0.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="fee_bps"):
            coop.set(fee_bps=value)
    # The same name by another account is no setting of this one.
    ledger.execute([Schema(creator=EVE.account, name="setting.surplus_bps")], EVE, time=ledger.time)
    assert coop.setting("surplus_bps") == 2_500


def test_a_new_setting_that_two_proposals_make(coop):
    first, second = (coop.propose(text, by=ANN, actions=coop.set(fee_bps=10), time=OPENED) for text in "ab")
    for proposal in (first, second):
        proposal.vote(ANN, "yes", time=OPENED)
    first.execute(time=OPENED + 10 * DAY)
    refused("schema_exists", second.execute, time=OPENED + 10 * DAY)


def _decide(coop, title, actions, time, rule=0):
    proposal = coop.propose(title, by=ANN, actions=actions, rule=rule, time=time)
    for voter in (ANN, BOB, CAT):
        proposal.vote(voter, "yes", time=time + 1)
    proposal.execute(time=proposal.record.due)
    return proposal


def test_a_proposal_is_made_once(ledger, coop, ils):
    log = standing(ledger)
    said = {"by": ANN, "actions": [pay(coop, ils, EVE)], "key": "rent", "time": OPENED}
    tried = coop.propose("rent", dry_run=True, **said)
    assert standing(ledger) == log
    with pytest.raises(LookupError, match="none with the id"):
        _ = tried.record
    first, again = coop.propose("rent", **said), coop.propose("rent", **said)
    assert first.id == again.id == tried.id
    assert ledger.size == log[0] + 1
    with pytest.raises(KeyReusedError):
        coop.propose("another rent", **said)
    # The same key of somebody else is another call.
    assert coop.propose("rent", **{**said, "by": BOB}).id != first.id


def test_a_proposal_that_is_none(ledger, coop, ils):
    refused("proposer_weight_too_low", coop.propose, "a stranger", by=EVE, time=OPENED)
    refused("unknown_rule", coop.propose, "no rule", by=ANN, rule=2, time=OPENED)
    refused("wrong_rule", coop.propose, "a rule too low", by=ANN, actions=[SetConstitution(account=coop.account)])
    mine = [pay(coop, ils, EVE)]
    refused("wrong_rule", coop.propose, "a rule too high", by=ANN, actions=mine, rule=1, time=OPENED)
    refused("invalid_options", coop.propose, "a choice", by=ANN, options={"a": [], "b": []}, time=OPENED)
    refused("zero_amount", coop.propose, "nothing", by=ANN, actions=[pay(coop, ils, EVE, 0)], time=OPENED)
    refused("too_many_actions", coop.propose, "much", by=ANN, actions=mine * 33, time=OPENED)
    # Of an operation that no article lists there is nothing to decide: it is the keys'.
    unlisted = SetConstitution(account=coop.account)
    refused("wrong_rule", coop.propose, "no article", by=ANN, actions=[unlisted], time=OPENED)
    log = standing(ledger)
    with pytest.raises(ValueError, match="actions or options"):
        coop.propose("both", by=ANN, actions=mine, options={"a": []}, time=OPENED)
    with pytest.raises(ValueError, match="empty"):
        coop.propose("", by=ANN, time=OPENED)
    with pytest.raises(ValueError, match="surrogate"):
        coop.propose("\ud800", by=ANN, time=OPENED)
    with pytest.raises(TypeError, match="signers"):
        coop.propose("who", by=ANN.account, time=OPENED)
    with pytest.raises(WireError):
        coop.propose("subject", by=ANN, subject=b"x", time=OPENED)
    assert standing(ledger) == log


def test_beyond_the_constitution_there_is_nothing_to_execute(ledger, members):
    """What no article gives to a rule cannot be proposed; what nobody may do at all neither."""
    rule = one_member_one_vote(members)
    shut = [Article(operations=["set_constitution"]), Article(operations=["transfer"], rules=[0])]
    club = Community.found(ledger, BOARD, constitution=Constitution([rule], shut), time=START)
    coin = ledger.create_asset(BOARD, "NOOR", time=START)
    dissolve = SetConstitution(account=club.account)
    refused("constitution_forbids", club.propose, "dissolve", by=ANN, actions=[dissolve], time=OPENED)
    refused("constitution_forbids", ledger.execute, [dissolve], BOARD.on(club.account), time=OPENED)
    mint = Mint(asset=coin, to=ANN.account, amount=1)
    refused("wrong_rule", club.propose, "mint", by=ANN, actions=[mint], time=OPENED)
    # A proposal that passed has the authority of its account, and of nobody else.
    ledger.mint(BOARD, coin, to=BOB.account, amount=5, time=OPENED)
    theft = Transfer(asset=coin, sender=BOB.account, to=ANN.account, amount=5)
    others = club.propose("theft", by=ANN, actions=[theft], time=OPENED)
    for voter in (ANN, CAT, DAN):
        others.vote(voter, "yes", time=OPENED)
    due = others.record.due
    refused("unauthorized", others.execute, time=due)
    assert others.state_at(due) == "due"
    others.execute(BOB, time=due)
    assert ledger.balance(coin, ANN.account) == 5


def test_proposals_are_found_by_their_state(ledger, coop):
    first = coop.propose("one", by=ANN, time=OPENED)
    second = coop.propose("two", by=BOB, time=OPENED + DAY)
    assert [each.id for each in coop.proposals()] == [first.id, second.id]
    first.vote(ANN, "yes", time=OPENED + DAY)
    at = OPENED + 10 * DAY
    first.conclude(time=at)
    assert [each.id for each in coop.proposals("passed", time=at)] == [first.id]
    assert [each.id for each in coop.proposals("timelock", time=at)] == [second.id]
    assert list(coop.proposals("vetoed", time=at)) == []
    assert coop.proposal(first.id).record == first.record
    with pytest.raises(LookupError, match="none with the id"):
        coop.proposal(bytes(32))
    other = Community.found(ledger, ANN, constitution=coop.constitution, time=at)
    with pytest.raises(LookupError, match="of this community"):
        other.proposal(first.id)
    with pytest.raises(ValueError, match="names"):
        coop.proposal(first.id, names=["a", "b"])
    with pytest.raises(ValueError, match="32 bytes"):
        Proposal(ledger, identifier=b"x")


def test_titles_are_hashes_with_a_name():
    assert title_hash("Raise") == hashlib.sha256(b"counterfoil/title/v1\nRaise").digest()
    assert title_hash("Raise") != title_hash("raise")


def test_delegation_is_given_taken_back_and_goes_in_no_circle(ledger, coop):
    log = standing(ledger)
    coop.delegate(ANN, BOB.account, dry_run=True, time=OPENED)
    assert standing(ledger) == log
    done = coop.delegate(ANN, BOB.account, key="to bob", time=OPENED)
    assert coop.delegate(ANN, BOB.account, key="to bob", time=OPENED).id == done.id
    assert coop.delegate_of(ANN.account) == BOB.account
    assert coop.delegate_of(BOB.account) is None
    coop.delegate(BOB, CAT.account, time=OPENED)
    refused("delegation_cycle", coop.delegate, CAT, ANN.account, time=OPENED)
    refused("delegate_to_self", coop.delegate, CAT, CAT.account, time=OPENED)
    refused("no_delegation", coop.delegate, CAT, None, time=OPENED)
    coop.delegate(ANN, None, time=OPENED)
    assert coop.delegate_of(ANN.account) is None
    with pytest.raises(KeyReusedError):
        coop.delegate(ANN, CAT.account, key="to bob", time=OPENED)


def test_a_chain_of_delegations_is_at_most_eight_long(ledger, coop):
    chain = [Key.from_seed(bytes([number]) * 32) for number in range(150, 160)]
    for delegator, to in itertools.pairwise(chain[:9]):
        coop.delegate(delegator, to.account, time=OPENED)
    refused("delegation_too_deep", coop.delegate, ANN, chain[0].account, time=OPENED)
    coop.delegate(ANN, chain[1].account, time=OPENED)
    proposal = coop.propose("x", by=BOB, time=OPENED)
    proposal.vote(chain[8], "yes", for_members=[ANN.account], time=OPENED)
    assert ledger.vote(proposal.id, ANN.account).hops == 8


def test_a_community_takes_over_who_is_a_member(ledger, coop):
    """First it attests its members, then it changes its rules: from then on the board attests in vain."""
    own = schema_id(coop.account, "member")
    ours = (ANN, BOB, CAT)
    attested = [Attest(schema=own, issuer=coop.account, subject=member.account) for member in ours]
    schema = Schema(creator=coop.account, name="member", issuers=[coop.account])
    _decide(coop, "our members", [schema, *attested], OPENED)
    rules = cooperative(Requirement(own, coop.account))
    amend = SetConstitution(account=coop.account, constitution=rules)
    _decide(coop, "our rules", [amend], ledger.time + 1, rule=1)
    time = ledger.time + 1
    refused("proposer_weight_too_low", coop.propose, "x", by=DAN, time=time)
    proposal = coop.propose("dan, too", by=ANN, actions=[replace(attested[0], subject=DAN.account)], time=time)
    proposal.vote(BOB, "yes", time=time)
    proposal.execute(time=proposal.record.due)
    coop.propose("x", by=DAN, time=ledger.time + 1)


def test_a_proposal_is_never_about_proposals(coop):
    with pytest.raises(WireError):
        coop.propose("x", by=ANN, actions=[Delegate(account=coop.account, delegator=coop.account)], time=OPENED)
