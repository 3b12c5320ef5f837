"""Milestones of a raise that wait for the backers' vote, and what nobody can do about it but the backers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counterfoil import Key, Ledger
from counterfoil.exceptions import KeyReusedError
from counterfoil.funding import BackersVote, Raise
from counterfoil.ops import (
    Article,
    BackersElectorate,
    Conclude,
    Constitution,
    Delegate,
    Hold,
    KeyGrant,
    Open,
    OpenGroup,
    Propose,
    Resolved,
    Rule,
    SetConstitution,
    SetKeys,
    Settle,
    Shares,
    SignedBy,
    Transfer,
    Vote,
    group_id,
    named_account,
    proposal_id,
    rule_hash,
)
from counterfoil.verify import ProposalFailed, ProposalPassed, Verifier, resolution_id

from tests.calls import refused, standing

FILM, ELI, TAL, MAYA, BOARD, CREW = (Key.from_seed(bytes([number]) * 32) for number in range(31, 37))
DAY = 86_400_000
START = 1_700_000_000_000
OVER = START + 30 * DAY
ENDS = OVER + 7 * DAY
LATE = OVER + 90 * DAY
VOTE = BackersVote(quorum_bps=5_000, voting="7d")


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "film", origin="film.example", operator=FILM, time=START) as made:
        yield made


@pytest.fixture
def ils(ledger):
    asset = ledger.create_asset(FILM, "ILS", decimals=2, time=START)
    for backer in (ELI, TAL, MAYA):
        ledger.mint(FILM, asset, to=backer.account, amount=100_000, time=START)
    return asset


def opened(ledger, ils, **changes):
    terms = {
        "asset": ils, "goal": 50_000, "closes": OVER, "milestones_bps": [4_000, 6_000], "approval": VOTE,
        "within": "90d", "withdrawable": True, "to": CREW.account, "time": START,
    }  # fmt: skip
    return Raise.open(ledger, FILM, **terms | changes)


@pytest.fixture
def raised(ledger, ils):
    return opened(ledger, ils)


@pytest.fixture
def funded(ledger, raised):
    """Eli has pledged 12,000 of 30,000 for the second milestone, in two pledges, Tal 15,000 and Maya 3,000."""
    for backer, amount in ((ELI, 10_000), (TAL, 25_000), (ELI, 10_000), (MAYA, 5_000)):
        raised.pledge(backer, amount, time=START)
    list(raised.close_all(time=OVER))
    assert ledger.balance(raised.asset, CREW.account) == 20_000
    return raised


def paid(ledger, raised):
    return ledger.balance(raised.asset, CREW.account)


def test_the_backers_release_a_milestone(ledger, funded):
    vote = funded.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    vote.vote(ELI, "release", time=OVER)
    vote.vote(TAL, "refuse", time=OVER)
    tally = vote.tally(time=OVER)
    assert (tally.record.counts, tally.record.electorate, tally.state) == ((12_000, 15_000, 0), 30_000, "voting")
    assert (tally.verdict.quorum, tally.verdict.has_quorum, tally.verdict.passed) == (15_000, True, False)
    # Until the end a backer may vote otherwise; whoever takes the milestone up finds the same vote.
    anybody = Raise(ledger, BOARD, identifier=funded.id).milestone(1, time=OVER)
    assert anybody.proposal == vote.proposal
    anybody.vote(MAYA, "release", time=OVER + 1)
    refused("voting_closed", vote.vote, TAL, "release", time=ENDS)
    vote.vote(TAL, "abstain", time=ENDS - 1)
    refused("vote_unchanged", vote.vote, TAL, "abstain", time=ENDS - 1)
    refused("not_due", vote.conclude, time=ENDS - 1)
    assert list(funded.close_all(time=ENDS - 1)) == []
    anybody.conclude(time=ENDS)
    assert (vote.is_released, vote.tally(time=ENDS).state, vote.tally().verdict.passed) == (True, "passed", True)
    [closed] = anybody.raised.close_all(time=ENDS)
    assert (len(closed.holds), closed.refused, paid(ledger, funded)) == (4, (), 50_000)
    assert [(each.settled, each.held) for each in funded.budget().milestones] == [(20_000, 0), (30_000, 0)]


def test_one_pledge_is_closed_by_itself(ledger, raised):
    pledge = raised.pledge(ELI, 50_000, time=START)
    raised.close(pledge, time=OVER)
    refused("condition_unmet", raised.close, pledge, time=OVER)
    vote = raised.milestone(1, time=OVER).propose(time=OVER)
    vote.vote(ELI, "release", time=OVER)
    vote.conclude(time=ENDS)
    raised.close(pledge, time=LATE - 1)
    assert paid(ledger, raised) == 50_000
    refused("hold_closed", raised.close, pledge, time=LATE)


def test_a_goal_that_was_reached_late_pays_both_milestones_at_once(ledger, raised):
    """Nobody had closed anything when the backers had decided."""
    raised.pledge(ELI, 50_000, time=START)
    vote = raised.milestone(1, time=OVER).propose(time=OVER)
    vote.vote(ELI, "release", time=OVER)
    vote.conclude(time=ENDS)
    [closed] = raised.close_all(time=ENDS)
    assert (len(closed.holds), paid(ledger, raised)) == (2, 50_000)


def test_a_vote_before_the_raise_is_over_is_refused(raised):
    raised.pledge(ELI, 50_000, time=START)
    refused("group_open", raised.milestone(1, time=START).propose, by=ELI, time=OVER - 1)
    with pytest.raises(LookupError, match="milestone 1: expected a proposal"):
        raised.milestone(1, time=START).vote(ELI, "release", time=START)


def test_who_took_a_pledge_back_has_no_vote(ledger, raised):
    eli = raised.pledge(ELI, 10_000, time=START)
    again = raised.pledge(ELI, 5_000, time=START)
    raised.pledge(TAL, 40_000, time=START)
    maya = raised.pledge(MAYA, 10_000, time=START)
    raised.withdraw(ELI, again, time=START)
    raised.withdraw(MAYA, maya, time=START)
    vote = raised.milestone(1, time=OVER).propose(by=MAYA, time=OVER)
    # What is left of two pledges counts, without those that were taken back.
    vote.vote(ELI, "release", time=OVER)
    assert (vote.tally().record.counts, vote.tally().record.electorate) == ((6_000, 0, 0), 30_000)
    refused("no_weight", vote.vote, MAYA, "release", time=OVER)
    refused("no_weight", vote.vote, BOARD, "release", time=OVER)
    # The ledger says so as well of whoever names such a hold.
    for hold in (again.holds[1], maya.holds[1], eli.holds[0], bytes(32)):
        named = Vote(proposal=vote.proposal, voter=ELI.account, ballot=Shares([1, 0, 0]), members=[hold])
        refused("no_weight" if hold != maya.holds[1] else "not_delegated", ledger.execute, [named], ELI, time=OVER)
    stolen = Vote(proposal=vote.proposal, voter=MAYA.account, ballot=Shares([1, 0, 0]), members=[eli.holds[1]])
    refused("not_delegated", ledger.execute, [stolen], MAYA, time=OVER)


@pytest.mark.parametrize("voters", [(ELI,), (ELI, MAYA)])
def test_a_quorum_that_is_missed_by_one_unit(ledger, ils, raised, voters):
    """Half of 30,001 must vote: Eli's 15,000 are one too few, and Maya has one."""
    raised.pledge(ELI, 25_000, time=START)
    raised.pledge(TAL, 25_000, time=START)
    one = Hold(payer=MAYA.account, salt=bytes(16), asset=ils, amount=1, group=raised.groups[1])
    ledger.execute([one], MAYA, time=START)
    vote = raised.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    for voter in voters:
        vote.vote(voter, "release", time=OVER)
    assert (vote.tally().record.electorate, vote.tally().verdict.quorum) == (30_001, 15_001)
    vote.conclude(time=ENDS)
    passes = len(voters) == 2
    assert isinstance(ledger.proposal(vote.proposal).state, ProposalPassed if passes else ProposalFailed)
    assert vote.is_released == vote.tally().verdict.passed == passes
    list(raised.close_all(time=ENDS))
    assert paid(ledger, raised) == (50_001 if passes else 20_000)


@pytest.mark.parametrize(("refusing", "passes"), [(15_000, False), (14_999, True)])
def test_a_majority_is_more_than_half(ledger, raised, refusing, passes):
    raised.pledge(ELI, 25_000, time=START)
    raised.pledge(TAL, 25_000, time=START)
    vote = raised.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    vote.vote(ELI, "release", time=OVER)
    ballot = Shares([0, refusing, 15_000 - refusing])
    part = Vote(proposal=vote.proposal, voter=TAL.account, ballot=ballot, members=vote.holds(TAL.account))
    ledger.execute([part], TAL, time=OVER)
    vote.conclude(time=ENDS)
    assert vote.is_released == passes
    list(raised.close_all(time=ENDS))
    assert paid(ledger, raised) == (50_000 if passes else 20_000)


def test_a_vote_that_failed_does_not_block_the_next(ledger, funded):
    first = funded.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    first.vote(TAL, "refuse", time=OVER)
    first.conclude(time=ENDS)
    assert isinstance(ledger.proposal(first.proposal).state, ProposalFailed)
    second = funded.milestone(1, time=ENDS).propose(by=FILM, time=ENDS)
    assert funded.milestone(1, time=ENDS).proposal == second.proposal != first.proposal
    second.vote(TAL, "release", time=ENDS)
    second.conclude(time=ENDS + 7 * DAY)
    list(funded.close_all(time=ENDS + 7 * DAY))
    assert paid(ledger, funded) == 50_000
    assert list(second.attempts()) == [first.proposal, second.proposal]


def test_at_the_deadline_all_goes_back(ledger, ils, funded):
    """A vote that passes afterwards pays nobody."""
    vote = funded.milestone(1, time=OVER).propose(by=ELI, time=LATE - 7 * DAY)
    vote.vote(TAL, "release", time=LATE - 7 * DAY)
    refused("not_due", vote.conclude, time=LATE - 1)
    vote.conclude(time=LATE)
    assert vote.is_released
    hold = vote.holds(TAL.account)[0]
    refused("hold_expired", ledger.execute, [Settle(hold=hold)], FILM, time=LATE)
    [closed] = funded.close_all(time=LATE)
    assert (len(closed.holds), paid(ledger, funded)) == (4, 20_000)
    assert [ledger.balance(ils, backer.account) for backer in (ELI, TAL, MAYA)] == [92_000, 90_000, 98_000]


def test_nobody_proposes_the_release_with_another_rule_or_subject(ledger, ils):
    """Three milestones, and a proposer that wants the third one's money by the vote on the second."""
    raised = opened(ledger, ils, milestones_bps=[2_000, 4_000, 4_000])
    raised.pledge(ELI, 50_000, time=START)
    list(raised.close_all(time=OVER))
    second, third = raised.milestone(1, time=OVER), raised.milestone(2, time=OVER)
    assert second.subject != third.subject
    made = []
    for rule, subject in ((0, third.subject), (1, second.subject)):
        salt = bytes([rule]) * 16
        hostile = Propose(
            account=raised.decides, proposer=FILM.account, salt=salt, rule=rule, title=third.title, subject=subject,
            options=[[]],
        )  # fmt: skip
        ledger.execute([hostile], FILM, time=OVER)
        proposal = proposal_id(raised.decides, FILM.account, salt)
        [hold] = (third if rule else second).holds(ELI.account)
        ballot = Vote(proposal=proposal, voter=ELI.account, ballot=Shares([1, 0, 0]), members=[hold])
        ledger.execute([ballot], ELI, time=OVER)
        made.append(proposal)
    for proposal in made:
        ledger.execute([Conclude(proposal=proposal)], FILM, time=ENDS)
        assert isinstance(ledger.proposal(proposal).state, ProposalPassed)
    # They are none of the attempts, cannot be taken up as such, and release nothing.
    for number, proposal in ((1, made[0]), (2, made[1])):
        with pytest.raises(LookupError, match=f"milestone {number}: expected a proposal"):
            raised.milestone(number, proposal=proposal).tally()
    assert (second.is_released, third.is_released) == (False, False)
    assert (list(second.attempts()), list(third.attempts())) == ([], [])
    assert list(raised.close_all(time=ENDS)) == []
    for milestone in (second, third):
        [hold] = milestone.holds(ELI.account)
        refused("condition_unmet", ledger.execute, [Settle(hold=hold)], FILM, time=ENDS)
    assert paid(ledger, raised) == 10_000


def test_a_milestone_is_released_alone(ledger, ils):
    raised = opened(ledger, ils, milestones_bps=[2_000, 4_000, 4_000])
    raised.pledge(ELI, 50_000, time=START)
    list(raised.close_all(time=OVER))
    vote = raised.milestone(2, time=OVER).propose(by=ELI, time=OVER)
    vote.vote(ELI, "release", time=OVER)
    vote.conclude(time=ENDS)
    list(raised.close_all(time=ENDS))
    assert [each.settled for each in raised.budget().milestones] == [10_000, 0, 20_000]


def test_the_account_that_decides_does_nothing_else(ledger, raised):
    """No action fits into a proposal: its constitution has no article that allows one."""
    raised.pledge(ELI, 50_000, time=START)
    ledger.mint(FILM, raised.asset, to=raised.decides, amount=10, time=START)

    def propose(*actions):
        operation = Propose(
            account=raised.decides, proposer=ELI.account, salt=bytes(16), rule=0, title=bytes(32), options=[actions]
        )
        return ledger.execute([operation], ELI, time=OVER)

    refused("wrong_rule", propose, Transfer(asset=raised.asset, sender=raised.decides, to=ELI.account, amount=1))
    refused("constitution_forbids", propose, SetConstitution(account=raised.decides))


def test_nobody_s_key_changes_how_the_backers_decide(ledger, raised):
    raised.pledge(ELI, 50_000, time=START)
    owner = FILM.on(raised.decides)
    easier = replace(VOTE, quorum_bps=0).constitution(raised.groups[1:])
    for constitution in (None, easier, ledger.constitution(raised.decides).constitution):
        change = SetConstitution(account=raised.decides, constitution=constitution)
        refused("constitution_forbids", ledger.execute, [change], owner, time=OVER)
    # Other keys have no more authority.
    keys = SetKeys(account=raised.decides, keys=[KeyGrant(BOARD.public)])
    ledger.execute([keys], owner, time=OVER)
    dissolve = SetConstitution(account=raised.decides)
    refused("constitution_forbids", ledger.execute, [dissolve], BOARD.on(raised.decides), time=OVER)
    assert Raise(ledger, ELI, identifier=raised.id).approval == VOTE


def test_an_attempt_more_does_not_split_the_vote(funded):
    """All who ask vote where most was cast, and conclude the one with the most for it."""
    first = funded.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    first.vote(TAL, "release", time=OVER)
    noise = [funded.milestone(1, time=OVER).propose(by=BOARD, time=OVER).proposal for _ in range(3)]
    assert funded.milestone(1, time=OVER).proposal == first.proposal
    funded.milestone(1, proposal=noise[0]).vote(MAYA, "refuse", time=OVER)
    assert funded.milestone(1, time=OVER).proposal == first.proposal
    found = funded.milestone(1, time=ENDS)
    assert found.proposal == first.proposal
    found.conclude(time=ENDS)
    assert funded.milestone(1, time=ENDS).proposal in noise
    assert funded.milestone(1, time=ENDS).is_released


def test_nobody_leads_backers_to_votes_that_are_about_to_end(funded):
    """Somebody proposes the same every day. Who votes first has the longest time, and all others follow."""
    made = [funded.milestone(1, time=OVER).propose(by=BOARD, time=OVER + day * DAY).proposal for day in range(6)]
    at = OVER + 6 * DAY
    funded.milestone(1, time=at).vote(ELI, "release", time=at)
    made.append(funded.milestone(1, time=at).propose(by=BOARD, time=at).proposal)
    assert funded.milestone(1, time=at + 4 * DAY).proposal == made[5]
    funded.milestone(1, time=at + 4 * DAY).vote(TAL, "release", time=at + 4 * DAY)
    funded.milestone(1, proposal=made[5]).conclude(time=OVER + 12 * DAY)
    assert funded.is_released(1)


def test_a_vote_is_proposed_and_cast_once_with_a_key(ledger, funded):
    before = standing(ledger)
    milestone = funded.milestone(1, time=OVER)
    tried = milestone.propose(by=ELI, key="propose", dry_run=True, time=OVER)
    assert (tried.done.dry_run, standing(ledger)) == (True, before)
    first = milestone.propose(by=ELI, key="propose", time=OVER)
    again = milestone.propose(by=ELI, key="propose", time=OVER + 5)
    assert (first.proposal, again.done.repeated) == (again.proposal, True)
    assert tried.proposal == first.proposal
    before = standing(ledger)
    assert first.vote(TAL, "release", key="tal", dry_run=True, time=OVER).dry_run
    assert standing(ledger) == before
    done = first.vote(TAL, "release", key="tal", time=OVER)
    again = first.vote(TAL, "release", key="tal", time=OVER + 5)
    assert (again.repeated, again.id) == (True, done.id)
    with pytest.raises(KeyReusedError):
        first.vote(TAL, "refuse", key="tal", time=OVER + 5)
    assert first.conclude(key="end", dry_run=True, time=ENDS).dry_run
    assert not first.is_released
    first.conclude(key="end", time=ENDS)
    assert first.conclude(key="end", time=ENDS).repeated
    refused("proposal_closed", first.conclude, time=ENDS)


def test_it_is_opened_once_and_taken_up_again(ledger, ils):
    before = standing(ledger)
    tried = opened(ledger, ils, key="film", dry_run=True)
    assert (standing(ledger), ledger.account(tried.decides)) == (before, None)
    first, again = opened(ledger, ils, key="film"), opened(ledger, ils, key="film", time=START + 5)
    assert tried.id == first.id == again.id
    assert tried.decides == first.decides == again.decides == Raise(ledger, ELI, identifier=first.id).decides
    assert Raise(ledger, ELI, identifier=first.id).approval == VOTE
    assert opened(ledger, ils).id != first.id
    before = standing(ledger)
    refused("group_closed", opened, ledger, ils, closes=START)
    assert standing(ledger) == before
    with pytest.raises(KeyReusedError):
        opened(ledger, ils, key="film", approval=BackersVote(quorum_bps=4_999))


def test_an_opening_that_was_broken_off_goes_on(ledger, ils, monkeypatch):
    """After each of its three transactions: with the key it goes on where it stopped."""
    whole = opened(ledger, ils, key="once")
    execute = Ledger.execute
    for stop in (1, 2, 3):
        applied = []

        def failing(self, operations, *signers, applied=applied, stop=stop, dry_run=False, **rest):
            if not dry_run and len(applied) == stop - 1:
                raise InterruptedError
            if not dry_run:
                applied.append(operations)
            return execute(self, operations, *signers, dry_run=dry_run, **rest)

        monkeypatch.setattr(Ledger, "execute", failing)
        with pytest.raises(InterruptedError):
            opened(ledger, ils, key=f"film {stop}")
        monkeypatch.setattr(Ledger, "execute", execute)
        made = opened(ledger, ils, key=f"film {stop}")
        assert Raise(ledger, ELI, identifier=made.id).decides == made.decides != whole.decides


def test_an_account_with_several_keys_opens_it(ledger, ils):
    salt = b"c" * 16
    both = [KeyGrant(FILM.public), KeyGrant(BOARD.public)]
    ledger.execute([Open(opener=FILM.account, salt=salt, threshold=2, keys=both)], FILM, time=START)
    studio = named_account(FILM.account, salt)
    made = Raise.open(
        ledger, FILM.on(studio), BOARD.on(studio), asset=ils, goal=100, closes=OVER, milestones_bps=[5_000, 5_000],
        approval=VOTE, time=START,
    )  # fmt: skip
    assert (made.owner, ledger.account(made.decides).threshold) == (studio, 2)
    assert Raise(ledger, ELI, identifier=made.id).approval == VOTE


def hostile(ledger, ils, constitution, condition_of, salt):
    """A raise as `open` makes it, but for how the backers decide."""
    account = named_account(FILM.account, salt)
    groups = [group_id(FILM.account, salt[:15] + bytes([number])) for number in range(2)]
    ledger.execute([Open(opener=FILM.account, salt=salt, keys=[KeyGrant(FILM.public)])], FILM, time=START)
    if constitution is not None:
        binding = SetConstitution(account=account, constitution=constitution(groups))
        ledger.execute([binding], FILM.on(account), time=START)
    model = object.__new__(Raise)
    model.groups, model.goals, model.to, model.closes = tuple(groups), (50, 50), FILM.account, OVER
    model.deadline, model.withdrawable, model.decides = OVER + 90 * DAY, False, account

    class Shaped(BackersVote):
        def condition(self, account, groups, number):
            return condition_of(account, groups, number)

    model.approval = Shaped(5_000)
    operations = [
        OpenGroup(
            owner=FILM.account, salt=salt[:15] + bytes([number]), asset=ils, closes=OVER, terms=model._terms(number)
        )
        for number in range(2)
    ]
    ledger.execute(operations, FILM, time=START)
    return groups[0]


FORBIDDEN = Article(operations=[SetConstitution])
BY_VOTE = Article(operations=[SetConstitution], rules=[0])


def HONEST(groups):  # noqa: N802 - one of the values below
    return VOTE.constitution(groups[1:])


RULE = VOTE.rule


@pytest.mark.parametrize(
    ("constitution", "condition"),
    [
        (None, VOTE.condition),
        (lambda groups: Constitution([RULE(groups[1])], [BY_VOTE]), VOTE.condition),
        (lambda groups: Constitution([RULE(groups[0])], [FORBIDDEN]), VOTE.condition),
        (lambda groups: Constitution([RULE(groups[1]), RULE(groups[0])], [FORBIDDEN]), VOTE.condition),
        (lambda _: Constitution([], [FORBIDDEN]), VOTE.condition),
        (lambda groups: Constitution([replace(RULE(groups[1]), guardian=FILM.account)], [FORBIDDEN]), VOTE.condition),
        (lambda groups: Constitution([replace(RULE(groups[1]), quorum_bps=0)], [FORBIDDEN]), VOTE.condition),
        (
            lambda groups: Constitution([RULE(groups[1])], [Article(operations=[SetConstitution, Transfer])]),
            VOTE.condition,
        ),
        (HONEST, lambda account, groups, number: replace(VOTE.condition(account, groups, number), option=1)),
        (HONEST, lambda account, groups, number: replace(VOTE.condition(account, groups, number), subject=bytes(32))),
        (HONEST, lambda account, groups, number: replace(VOTE.condition(account, groups, number), rule=bytes(32))),
        (HONEST, lambda account, groups, number: replace(VOTE.condition(account, groups, number), account=bytes(32))),
        (HONEST, lambda account, groups, _: VOTE.condition(account, groups, 0)),
    ],
)  # fmt: skip
def test_a_raise_with_other_terms_is_none(ledger, ils, constitution, condition):
    identifier = hostile(ledger, ils, constitution, condition, b"h" * 16)
    with pytest.raises(ValueError, match="terms of a raise"):
        Raise(ledger, ELI, identifier=identifier)


def test_the_same_raise_with_its_own_terms_is_one(ledger, ils):
    """What the test above changes is all that is wrong."""
    identifier = hostile(ledger, ils, HONEST, VOTE.condition, b"h" * 16)
    assert Raise(ledger, ELI, identifier=identifier).approval == VOTE


def test_a_backer_proves_how_is_decided_offline(ledger, funded):
    vote = funded.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    vote.vote(TAL, "release", time=OVER)
    vote.conclude(time=ENDS)
    ledger.checkpoint(time=ENDS)
    verifier = Verifier(ledger.verifier_key)
    group = verifier.record(bytes(ledger.prove("hold_groups", funded.groups[1]))).value
    [resolved] = [part for part in group.terms.settle_if.of if isinstance(part, Resolved)]
    constitution = verifier.record(bytes(ledger.prove("constitutions", resolved.account))).value.constitution
    assert rule_hash(constitution.rules[0]) == resolved.rule
    assert constitution.rules[0].electorate == BackersElectorate(funded.groups[1])
    assert constitution.articles == (Article(operations=[SetConstitution]),)
    found = resolution_id(resolved.account, resolved.rule, resolved.subject)
    assert verifier.record(bytes(ledger.prove("resolutions", found))).value.proposal == vote.proposal


def test_a_backer_s_delegate_votes_for_its_holds_on_the_ledger(ledger, funded):
    """The package has no call for it, the ledger does: Eli's two pledges, by Maya."""
    vote = funded.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    delegate = Delegate(account=funded.decides, delegator=ELI.account, to=MAYA.account)
    ledger.execute([delegate], ELI, time=OVER)
    holds = vote.holds(ELI.account)
    ballot = Vote(proposal=vote.proposal, voter=MAYA.account, ballot=Shares([1, 0, 0]), members=holds)
    ledger.execute([ballot], MAYA, time=OVER)
    assert vote.tally().record.counts == (12_000, 0, 0)
    vote.vote(ELI, "refuse", time=OVER)
    assert vote.tally().record.counts == (0, 12_000, 0)


def test_more_pledges_than_one_operation_votes_with(ledger, ils, raised):
    holds = [
        Hold(payer=ELI.account, salt=number.to_bytes(16, "big"), asset=ils, amount=50, group=raised.groups[1])
        for number in range(601)
    ]
    for start in range(0, len(holds), 301):
        ledger.execute(holds[start : start + 301], ELI, time=START)
    vote = raised.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    vote.vote(ELI, "release", time=OVER)
    assert vote.tally().record.counts[0] == 601 * 50


def test_where_others_sign_nobody_votes(ledger, ils):
    signed = opened(ledger, ils, approval=SignedBy(1, [BOARD.account]))
    with pytest.raises(ValueError, match="one that others sign for"):
        signed.milestone(1)
    assert (signed.is_released(1), signed.decides) == (False, bytes(32))


def test_wrong_votes(raised):
    raised.pledge(ELI, 50_000, time=START)
    vote = raised.milestone(1, time=OVER).propose(by=ELI, time=OVER)
    for choice in ("yes", "", None):
        with pytest.raises(ValueError, match="choice: expected one of release, refuse, abstain"):
            vote.vote(ELI, choice, time=OVER)
    for number in (0, 2, -1):
        with pytest.raises(ValueError, match="milestone: expected one from 1 to 1"):
            raised.milestone(number)
    with pytest.raises(LookupError, match="milestone 1: expected a proposal"):
        raised.milestone(1, proposal=bytes(32)).tally()


@pytest.mark.parametrize(
    "wrong",
    [
        {"quorum_bps": 10_001},
        {"quorum_bps": -1},
        {"quorum_bps": 0.5},
        {"quorum_bps": True},
        {"threshold_bps": 10_000},
        {"voting": 0},
        {"voting": "367d"},
        {"delay": "367d"},
        {"timelock": "1x"},
    ],
)
def test_a_vote_out_of_range(wrong):
    with pytest.raises(ValueError, match="expected"):
        BackersVote(**wrong)


def test_a_vote_that_cannot_end_in_time_is_refused(ledger, ils):
    vote = BackersVote(voting="80d", delay="4d", extension="3d", timelock="3d")
    with pytest.raises(ValueError, match="approval: expected a vote that ends before"):
        opened(ledger, ils, approval=vote)
    with pytest.raises(ValueError, match="approval: expected one exactly where"):
        opened(ledger, ils, milestones_bps=[10_000])
    made = opened(ledger, ils, approval=replace(vote, delay="3d"))
    assert Raise(ledger, ELI, identifier=made.id).approval.lasts_ms == 89 * DAY
    rule = made.approval.rule(made.groups[1])
    assert rule == Rule(
        electorate=BackersElectorate(made.groups[1]), quorum_bps=2_000, voting_ms=80 * DAY, delay_ms=3 * DAY,
        extension_ms=3 * DAY, timelock_ms=3 * DAY, execution_ms=366 * DAY,
    )  # fmt: skip
