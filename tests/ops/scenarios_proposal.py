"""Scenarios of family 7, governance: proposing, delegating and voting."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.model import build
from tests.model.asset import asset_id
from tests.model.hold import group_id, hold_id
from tests.model.proposal import proposal_id
from tests.ops.club import (
    ABSTAIN,
    CHANGE,
    ENDS,
    MINT,
    NO,
    SALT,
    SET_CONSTITUTION,
    TRANSFER,
    YES,
    Club,
    attest,
    done,
    ended,
    schema,
)
from tests.ops.play import DAY, HOUR, START, Play, Result, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.model.borsh import Value

NOTHING = bytes(32)
OTHER = b"o" * 16


class Members(Club):
    """A club in which alice, bob and carol are members, an hour after they became it."""

    def __init__(self, p: Play, kind: str = "members", names: Sequence[str] = ("alice", "bob", "carol"), **rule: Any):
        self.members = schema(p)
        attest(p, self.members, *names)
        p.later(HOUR)
        registrar = p.id("registrar")
        electorate = build.members(self.members, registrar)
        if kind == "member_holders":
            # The asset that a club makes has its id by its name alone.
            electorate = build.member_holders(asset_id(p.id("brand"), "BEAN"), self.members, registrar)
        super().__init__(p, electorate=electorate, **rule)

    def revoke(self, name: str) -> None:
        """Let somebody be a member no more."""
        self.p.ok(build.revoke(self.members, self.p.id("registrar"), self.p.id(name)), by="registrar")


class Backers(Club):
    """A club of those who put units of its money into a group: alice 60 and 10, bob 30; it closed just now."""

    def __init__(self, p: Play, *, release_if: Value | None = None, is_closed: bool = True, **rule: Any):
        self.group = group_id(p.id("owner"), SALT)
        super().__init__(p, electorate=build.backers(self.group), **rule)
        closes = p.world.time + HOUR
        terms = build.terms(
            build.after(0), [build.share(p.id("shop"), 10_000)], closes + 90 * DAY, release_if=release_if
        )
        p.ok(build.open_group(p.id("owner"), SALT, self.asset, closes, terms), by="owner")
        self.holds = {
            name: self._held(name, units, salt)
            for name, units, salt in (
                ("alice", 50, SALT),
                ("bob", 30, SALT),
                ("carol", 10, SALT),
                ("alice+", 10, OTHER),
            )
        }
        if is_closed:
            p.later(HOUR)

    def _held(self, name: str, units: int, salt: bytes) -> bytes:
        payer = name.rstrip("+")
        hold = build.hold(self.p.id(payer), salt, self.asset, units, group=self.group)
        self.p.ok(hold, by=payer)
        self.p.accounts[f"{name}'s"] = hold_id(self.p.id(payer), salt)
        return self.p.accounts[f"{name}'s"]


# Proposing: bytes and fields.


def _nested(p: Play, action: Value) -> Result:
    return Club(p).propose(action)


@scenario("malformed")
def a_proposal_to_propose(p: Play) -> Result:
    club = Club(p)
    return club.propose(club.proposal())


@scenario("malformed")
def a_proposal_to_vote(p: Play) -> Result:
    return _nested(p, build.vote(NOTHING, NOTHING, YES))


@scenario("malformed")
def a_proposal_to_reveal(p: Play) -> Result:
    return _nested(p, build.reveal(NOTHING, NOTHING, YES, SALT))


@scenario("malformed")
def a_proposal_to_delegate(p: Play) -> Result:
    return _nested(p, build.delegate(NOTHING, NOTHING, None))


@scenario("malformed")
def a_proposal_to_veto(p: Play) -> Result:
    return _nested(p, build.veto(NOTHING))


@scenario("malformed")
def a_proposal_to_cancel(p: Play) -> Result:
    return _nested(p, build.cancel(NOTHING))


@scenario("malformed")
def a_proposal_to_conclude(p: Play) -> Result:
    return _nested(p, build.conclude(NOTHING))


@scenario("malformed")
def a_proposal_to_execute(p: Play) -> Result:
    return _nested(p, build.execute(NOTHING, []))


@scenario("malformed")
def an_execution_of_an_execution(p: Play) -> Result:
    return p.send(build.execute(NOTHING, [build.execute(NOTHING, [])]), by="alice")


@scenario("ok")
def a_proposal_to_set_a_constitution(p: Play) -> Result:
    return _nested(p, build.set_constitution(p.id("club"), None))


@scenario("invalid_options", 0)
def no_option(p: Play) -> Result:
    return p.send(build.propose(NOTHING, p.id("alice"), SALT, 0, []), by="bob")


@scenario("invalid_options", 0)
def seventeen_options(p: Play) -> Result:
    once = [build.once(p.id("club"), NOTHING)] * 33
    return p.send(build.propose(NOTHING, p.id("alice"), SALT, 0, [once] + [[]] * 16), by="bob")


@scenario("too_many_actions", 0)
def thirty_three_actions(p: Play) -> Result:
    wrong, once = build.transfer(NOTHING, NOTHING, NOTHING, 0), build.once(p.id("club"), NOTHING)
    return p.send(build.propose(NOTHING, p.id("alice"), SALT, 0, [[wrong], [once] * 33]), by="bob")


@scenario("zero_amount", 0)
def an_action_with_a_wrong_field(p: Play) -> Result:
    right, wrong = (build.transfer(NOTHING, NOTHING, b"x" * 32, units) for units in (1, 0))
    other = build.once(p.id("club"), NOTHING)
    also = build.alias(NOTHING, NOTHING)
    return p.send(build.propose(NOTHING, p.id("alice"), SALT, 0, [[other], [right, wrong, also]]), by="bob")


@scenario("ok")
def thirty_two_actions(p: Play) -> Result:
    club = Club(p)
    return club.propose(*[club.pays(1)] * 32)


@scenario("ok")
def a_proposal_to_do_nothing(p: Play) -> Result:
    return Club(p).propose()


# Proposing: the constitution.


@scenario("no_constitution", 0)
def a_proposal_to_nobody(p: Play) -> Result:
    return p.send(build.propose(p.id("club"), p.id("alice"), SALT, 0, [[]]), by="bob")


@scenario("no_constitution", 0)
def a_proposal_to_an_account_that_is_not_governed(p: Play) -> Result:
    p.open("club", "chair")
    return p.send(build.propose(p.id("club"), p.id("alice"), SALT, 0, [[]]), by="alice")


@scenario("unauthorized", 0)
def a_proposal_in_the_name_of_another(p: Play) -> Result:
    return Club(p).propose(rule=9, signed="bob")


@scenario("needs_proposal", 0)
def a_proposer_who_needs_a_proposal(p: Play) -> Result:
    club = Club(p, governed=[SET_CONSTITUTION, 0x71])
    return club.propose(by="club", signed="club/chair")


@scenario("ok")
def the_club_proposes(p: Play) -> Result:
    return Club(p).propose(by="club", signed="club/chair")


@scenario("unknown_rule", 0)
def a_rule_that_there_is_not(p: Play) -> Result:
    return Club(p).propose(rule=1, options=[[], []])


@scenario("invalid_options", 0)
def yes_and_no_to_two_options(p: Play) -> Result:
    return Club(p).propose(options=[[build.once(NOTHING, NOTHING)], []])


@scenario("invalid_options", 0)
def one_option_to_approve(p: Play) -> Result:
    return Club(p, form=build.approval()).propose()


@scenario("ok")
def sixteen_options_to_approve(p: Play) -> Result:
    return Club(p, form=build.approval()).propose(options=[[]] * 16)


@scenario("invalid_options", 0)
def one_option_to_rank(p: Play) -> Result:
    return Club(p, form=build.ranked(3)).propose()


@scenario("ok")
def six_options_to_rank_in_every_way(p: Play) -> Result:
    return Club(p, form=build.ranked(16)).propose(options=[[]] * 6)


@scenario("invalid_options", 0)
def seven_options_to_rank_in_every_way(p: Play) -> Result:
    return Club(p, form=build.ranked(7)).propose(options=[[]] * 7)


@scenario("ok")
def sixteen_options_to_rank_two_of(p: Play) -> Result:
    return Club(p, form=build.ranked(2)).propose(options=[[]] * 16)


@scenario("invalid_options", 0)
def sixteen_options_to_rank_three_of(p: Play) -> Result:
    return Club(p, form=build.ranked(3)).propose(options=[[]] * 16)


@scenario("ok")
def thirteen_options_to_rank_three_of(p: Play) -> Result:
    return Club(p, form=build.ranked(3)).propose(options=[[]] * 13)


@scenario("wrong_rule", 0)
def an_action_that_no_article_lists(p: Play) -> Result:
    return Club(p).propose(build.once(p.id("club"), NOTHING))


@scenario("wrong_rule", 0)
def an_action_that_is_left_to_the_keys(p: Play) -> Result:
    club = Club(p, articles=[build.article([SET_CONSTITUTION], [0]), build.article([TRANSFER], keys=True)])
    return club.propose(club.pays())


def _two_rules(p: Play) -> Club:
    """By one of which the club pays and mints, by the other it says how."""
    club = Club(p)
    rules = [club.rule(), club.rule(quorum_bps=10_000)]
    articles = [
        build.article([TRANSFER, MINT], [0]),
        build.article([SET_CONSTITUTION], [1]),
        build.article([CHANGE]),
    ]
    sets = build.set_constitution(club.id, build.constitution(rules, articles))
    done(club.execute(club.passed(sets), sets, by="brand"))
    return club


@scenario("wrong_rule", 0)
def an_action_by_the_rule_of_others(p: Play) -> Result:
    club = _two_rules(p)
    done(club.propose(club.pays(), salt=OTHER))
    return club.propose(club.pays(), rule=1)


@scenario("constitution_forbids", 0)
def an_action_that_nobody_may(p: Play) -> Result:
    club = _two_rules(p)
    return club.propose(build.change(club.money, 1), build.once(club.id, NOTHING))


@scenario("wrong_rule", 0)
def actions_are_looked_at_in_order(p: Play) -> Result:
    club = _two_rules(p)
    return club.propose(club.pays(), build.once(club.id, NOTHING), build.change(club.money, 1))


@scenario("wrong_rule", 0)
def an_action_of_the_second_option(p: Play) -> Result:
    club = Club(p, form=build.approval())
    return club.propose(options=[[], [build.once(club.id, NOTHING)]])


# Proposing: once.


@scenario("proposal_exists", 0)
def a_proposal_again(p: Play) -> Result:
    club = Club(p)
    club.proposed()
    return club.propose(club.pays())


@scenario("wrong_rule", 0)
def articles_come_before_a_proposal_that_is_there(p: Play) -> Result:
    club = Club(p)
    club.proposed()
    return club.propose(build.once(club.id, NOTHING))


@scenario("proposal_exists", 0)
def a_proposal_that_was_cancelled(p: Play) -> Result:
    club = Club(p)
    p.ok(build.cancel(club.proposed()), by="alice")
    return club.propose()


@scenario("ok")
def proposals_of_one_salt_by_two(p: Play) -> Result:
    club = Club(p)
    club.proposed()
    club.proposed(salt=OTHER)
    return club.propose(by="bob")


@scenario("proposal_exists", 0)
def a_deposit_where_there_are_units(p: Play) -> Result:
    club = Club(p)
    sets = build.constitution([club.rule(deposit=build.deposit(club.money, 5))], club.articles)
    operation = build.set_constitution(club.id, sets)
    done(club.execute(club.passed(operation), operation, by="brand"))
    p.ok(build.mint(club.money, proposal_id(club.id, p.id("alice"), OTHER), 1), by="brand")
    return club.propose(salt=OTHER)


@scenario("ok")
def units_where_no_deposit_is_due(p: Play) -> Result:
    club = Club(p)
    p.ok(build.mint(club.money, proposal_id(club.id, p.id("alice"), SALT), 1), by="brand")
    return club.propose()


# Proposing: snapshots.


@scenario("asset_sunset", 0)
def voting_by_an_asset_that_has_ended(p: Play) -> Result:
    club = Club(p, build.sunset_notice(DAY))
    p.ok(build.sunset(club.asset, START + DAY), by="brand")
    p.later(DAY)
    return club.propose()


@scenario("ok")
def voting_by_an_asset_that_is_about_to_end(p: Play) -> Result:
    """What there was counts, though it has lapsed by now."""
    club = Club(p, build.sunset_notice(DAY))
    p.ok(build.sunset(club.asset, START + DAY), by="brand")
    p.later(DAY - 1)
    proposal = club.proposed()
    p.later(1)
    return club.vote(proposal, "alice")


def _full(p: Play, count: int) -> Club:
    """A club of whose asset so many snapshots are live."""
    club = Club(p)
    p.ok(*[build.snapshot(club.asset, START + 90 * DAY)] * count, by="brand")
    return club


@scenario("too_many_snapshots", 0)
def a_proposal_that_needs_a_65th_snapshot(p: Play) -> Result:
    club = _full(p, 64)
    p.later(DAY + 1)
    return club.propose()


@scenario("ok")
def a_proposal_that_takes_the_64th_snapshot(p: Play) -> Result:
    club = _full(p, 64)
    p.later(DAY)
    return club.propose()


@scenario("ok")
def a_proposal_that_opens_the_64th_snapshot(p: Play) -> Result:
    club = _full(p, 63)
    p.later(DAY + 1)
    return club.propose()


def _second(p: Play, after: int) -> tuple[Club, bytes]:
    """A proposal that follows another by so much, after alice's units went to dave."""
    club = Club(p)
    club.proposed()
    p.ok(build.transfer(club.asset, p.id("alice"), p.id("dave"), 60), by="alice")
    p.later(after)
    return club, club.proposed(salt=OTHER)


@scenario("no_weight", 0)
def a_snapshot_serves_for_a_day(p: Play) -> Result:
    club, proposal = _second(p, DAY)
    club.voted(proposal, "alice")
    return club.vote(proposal, "dave")


@scenario("no_weight", 0)
def a_snapshot_serves_for_no_more_than_a_day(p: Play) -> Result:
    club, proposal = _second(p, DAY + 1)
    club.voted(proposal, "dave")
    return club.vote(proposal, "alice")


def _released(p: Play, time: int) -> Result:
    club, _ = _second(p, DAY)
    club.at(time)
    return p.send(build.release_snapshot(club.asset, 1), by="anybody")


@scenario("snapshot_needed", 0)
def a_snapshot_of_two_proposals_is_needed(p: Play) -> Result:
    return _released(p, START + 9 * DAY - 1)


@scenario("ok")
def a_snapshot_of_two_proposals_is_needed_no_more(p: Play) -> Result:
    return _released(p, START + 9 * DAY)


@scenario("snapshot_needed", 0)
def a_snapshot_is_kept_for_as_long_as_it_may_take(p: Play) -> Result:
    periods = {"delay_ms": DAY, "extension_ms": 2 * DAY, "timelock_ms": 9 * DAY}
    club = Club(p, **periods)
    club.proposed()
    club.at(START + 11 * DAY - 1)
    return p.send(build.release_snapshot(club.asset, 1), by="anybody")


@scenario("ok")
def a_snapshot_of_sealed_votes(p: Play) -> Result:
    club = Club(p, delay_ms=DAY, reveal_ms=3 * DAY)
    club.proposed()
    club.at(START + 12 * DAY - 1)
    assert p.send(build.release_snapshot(club.asset, 1), by="anybody") == ("snapshot_needed", 0)
    club.at(START + 12 * DAY)
    return p.send(build.release_snapshot(club.asset, 1), by="anybody")


@scenario("snapshot_needed", 0)
def a_proposal_does_not_shorten_a_snapshot(p: Play) -> Result:
    club = _full(p, 1)
    club.proposed()
    club.at(START + 90 * DAY - 1)
    return p.send(build.release_snapshot(club.asset, 1), by="anybody")


# Proposing: the electorate.


@scenario("unknown_group", 0)
def voting_by_no_group(p: Play) -> Result:
    return Club(p, electorate=build.backers(NOTHING)).propose()


@scenario("group_open", 0)
def voting_by_a_group_that_is_open(p: Play) -> Result:
    club = Backers(p, is_closed=False)
    p.later(HOUR - 1)
    return club.propose()


@scenario("ok")
def voting_by_a_group_that_has_just_closed(p: Play) -> Result:
    return Backers(p).propose()


@scenario("no_electorate", 0)
def voting_by_a_group_of_nobody(p: Play) -> Result:
    club = Backers(p, release_if=build.after(0))
    p.ok(*[build.release(hold) for hold in club.holds.values()], by="anybody")
    return club.propose()


@scenario("no_electorate", 0)
def voting_by_an_asset_that_nobody_has(p: Play) -> Result:
    return Club(p, units={}).propose()


@scenario("no_electorate", 0)
def voting_by_an_asset_that_only_the_club_has(p: Play) -> Result:
    return Club(p, units={"club": 10}).propose()


@scenario("no_electorate", 0)
def voting_by_members_of_whom_there_are_none(p: Play) -> Result:
    club = Members(p)
    for name in ("alice", "bob", "carol"):
        club.revoke(name)
    return club.propose()


@scenario("no_electorate", 0)
def an_electorate_comes_before_the_weight_of_the_proposer(p: Play) -> Result:
    return Club(p, units={}, proposer_weight=1).propose()


@scenario("proposer_weight_too_low", 0)
def a_proposer_with_a_unit_too_few(p: Play) -> Result:
    return Club(p, proposer_weight=61).propose()


@scenario("ok")
def a_proposer_with_just_enough(p: Play) -> Result:
    return Club(p, proposer_weight=60).propose()


@scenario("proposer_weight_too_low", 0)
def a_proposer_who_bought_after_the_snapshot(p: Play) -> Result:
    club = Club(p, proposer_weight=60)
    club.proposed()
    p.ok(build.transfer(club.asset, p.id("alice"), p.id("dave"), 60), by="alice")
    return club.propose(by="dave")


@scenario("ok")
def a_proposer_who_sold_after_the_snapshot(p: Play) -> Result:
    club = Club(p, proposer_weight=60)
    club.proposed()
    p.ok(build.transfer(club.asset, p.id("alice"), p.id("dave"), 60), by="alice")
    return club.propose(salt=OTHER)


@scenario("proposer_weight_too_low", 0)
def a_proposer_who_is_no_member(p: Play) -> Result:
    return Members(p, proposer_weight=1).propose(by="dave")


@scenario("ok")
def a_proposer_who_is_a_member(p: Play) -> Result:
    return Members(p, proposer_weight=1).propose()


@scenario("proposer_weight_too_low", 0)
def a_member_counts_for_one(p: Play) -> Result:
    return Members(p, proposer_weight=2).propose()


@scenario("proposer_weight_too_low", 0)
def a_proposer_who_has_just_become_a_member(p: Play) -> Result:
    club = Members(p, proposer_weight=1)
    attest(p, club.members, "dave")
    return club.propose(by="dave")


@scenario("proposer_weight_too_low", 0)
def a_proposer_who_holds_and_is_no_member(p: Play) -> Result:
    return Members(p, "member_holders", ("bob", "carol"), proposer_weight=1).propose()


@scenario("proposer_weight_too_low", 0)
def a_proposer_whose_root_is_too_small(p: Play) -> Result:
    return Members(p, "member_holders", weight="root", proposer_weight=8).propose()


@scenario("ok")
def a_proposer_whose_root_is_enough(p: Play) -> Result:
    return Members(p, "member_holders", weight="root", proposer_weight=7).propose()


@scenario("ok")
def of_backers_anybody_proposes(p: Play) -> Result:
    return Backers(p, proposer_weight=2**128 - 1).propose(by="dave")


# Proposing: the deposit.


def _deposit(p: Play, units: int = 100, money: Sequence[Value] = (), **rule: Any) -> Club:
    """A club that asks for a deposit of its money, of which alice has 100."""
    deposit = build.deposit(asset_id(p.id("brand"), "COIN"), units)
    return Club(p, money=money, deposit=deposit, **rule)


@scenario("insufficient_funds", 0)
def a_deposit_is_paid(p: Play) -> Result:
    club = _deposit(p)
    club.proposed()
    return club.has(club.money, "alice", 0)


@scenario("insufficient_funds", 0)
def a_deposit_that_is_a_unit_too_much(p: Play) -> Result:
    return _deposit(p, 101).propose()


@scenario("asset_paused", 0)
def a_deposit_that_is_paused(p: Play) -> Result:
    club = _deposit(p, 101)
    club.freeze(club.money, "alice")
    club.pause(club.money)
    return club.propose()


@scenario("proposer_weight_too_low", 0)
def the_weight_of_the_proposer_comes_before_the_deposit(p: Play) -> Result:
    club = _deposit(p, proposer_weight=61)
    club.pause(club.money)
    return club.propose()


@scenario("asset_sunset", 0)
def a_deposit_that_has_ended(p: Play) -> Result:
    club = _deposit(p, money=[build.sunset_notice(DAY)])
    p.ok(build.sunset(club.money, START + DAY), by="brand")
    club.freeze(club.money, "alice")
    p.later(DAY)
    return club.propose()


@scenario("account_frozen", 0)
def a_deposit_of_a_frozen_account(p: Play) -> Result:
    club = _deposit(p, 101)
    club.freeze(club.money, "alice")
    return club.propose()


@scenario("insufficient_funds", 0)
def a_deposit_that_has_lapsed(p: Play) -> Result:
    club = _deposit(p, money=[build.inactivity_expiry(2)])
    p.later(2 * DAY)
    return club.propose()


@scenario("ok")
def a_deposit_counts_for_who_pays_it(p: Play) -> Result:
    deposit = build.deposit(asset_id(p.id("brand"), "BEAN"), 60)
    club = Club(p, deposit=deposit, proposer_weight=60)
    proposal = club.proposed()
    return club.vote(proposal, "alice")


# Delegating.


@scenario("delegate_to_self", 0)
def delegating_to_oneself(p: Play) -> Result:
    return p.send(build.delegate(NOTHING, p.id("alice"), p.id("alice")), by="bob")


@scenario("unauthorized", 0)
def delegating_in_the_name_of_another(p: Play) -> Result:
    return p.send(build.delegate(NOTHING, p.id("alice"), p.id("bob")), by="bob")


@scenario("no_constitution", 0)
def delegating_where_nothing_is_voted_on(p: Play) -> Result:
    return p.send(build.delegate(p.id("club"), p.id("alice"), p.id("bob")), by="alice")


@scenario("no_constitution", 0)
def a_constitution_comes_before_a_delegation(p: Play) -> Result:
    return p.send(build.delegate(p.id("club"), p.id("alice"), None), by="alice")


@scenario("no_delegation", 0)
def revoking_what_was_not_delegated(p: Play) -> Result:
    return Club(p).delegate("alice", None)


@scenario("no_delegation", 0)
def revoking_a_delegation_twice(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    done(club.delegate("alice", None))
    return club.delegate("alice", None)


@scenario("delegation_cycle", 0)
def delegating_back(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    return club.delegate("bob", "alice")


@scenario("delegation_cycle", 0)
def delegating_in_a_circle_of_nine(p: Play) -> Result:
    club = Club(p)
    names = [f"d{place}" for place in range(9)]
    for delegator, to in pairwise(names):
        done(club.delegate(delegator, to))
    return club.delegate("d8", "d0")


@scenario("delegation_too_deep", 0)
def a_chain_of_nine_delegations(p: Play) -> Result:
    club = Club(p)
    club.delegated(*[f"d{place}" for place in range(9)])
    return club.delegate("alice", "d0")


@scenario("ok")
def a_chain_of_eight_delegations(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", *[f"d{place}" for place in range(8)])
    return club.vote(club.proposed(), "d7", YES, ["alice"])


@scenario("not_delegated", 0)
def a_chain_that_grew_behind(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob", *[f"d{place}" for place in range(7)])
    done(club.delegate("d6", "d7"))
    proposal = club.proposed()
    club.voted(proposal, "d7", YES, ["bob"])
    return club.vote(proposal, "d7", YES, ["alice"])


@scenario("ok")
def delegating_to_another(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    club.delegated("alice", "carol")
    club.delegated("bob", "alice")
    return club.vote(club.proposed(), "carol", YES, ["bob", "alice", "carol"])


@scenario("not_delegated", 0)
def who_was_delegated_to_before(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    club.delegated("alice", "carol")
    return club.vote(club.proposed(), "bob", YES, ["alice"])


@scenario("not_delegated", 0)
def a_delegation_to_another_club(p: Play) -> Result:
    club = Club(p)
    other = p.open("other", "chair")
    done(p.send(build.set_constitution(other, build.constitution([], [build.article([0x70])])), by="other/chair"))
    p.ok(build.delegate(other, p.id("alice"), p.id("bob")), by="alice")
    return club.vote(club.proposed(), "bob", YES, ["alice"])


@scenario("ok")
def delegations_outlive_a_constitution(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    dissolve = build.set_constitution(club.id, None)
    done(club.execute(club.passed(dissolve), dissolve))
    assert club.delegate("alice", None) == ("no_constitution", 0)
    done(club.constitute(club.constitution()))
    return club.vote(club.proposed(salt=b"3" * 16), "bob", YES, ["alice"])


# Voting: fields, and when.


def _many(count: int) -> list[bytes]:
    return [bytes([place // 256, place % 256]) * 16 for place in range(count)]


@scenario("too_many_members", 0)
def a_vote_for_501_members(p: Play) -> Result:
    return p.send(build.vote(NOTHING, p.id("alice"), YES, [NOTHING, *_many(500)]), by="bob")


@scenario("unknown_proposal", 0)
def a_vote_for_500_members(p: Play) -> Result:
    return p.send(build.vote(NOTHING, p.id("alice"), YES, _many(500)), by="bob")


@scenario("invalid_members", 0)
def a_member_twice(p: Play) -> Result:
    return p.send(build.vote(NOTHING, p.id("alice"), YES, [p.id("alice"), p.id("bob"), p.id("alice")]), by="bob")


@scenario("too_many_members", 0)
def revealing_for_501_members(p: Play) -> Result:
    return p.send(build.reveal(NOTHING, p.id("alice"), YES, SALT, _many(501)), by="bob")


@scenario("invalid_members", 0)
def revealing_for_a_member_twice(p: Play) -> Result:
    return p.send(build.reveal(NOTHING, p.id("alice"), YES, SALT, [NOTHING, NOTHING]), by="bob")


@scenario("unknown_proposal", 0)
def a_vote_on_nothing(p: Play) -> Result:
    return p.send(build.vote(NOTHING, p.id("alice"), YES), by="bob")


@scenario("unauthorized", 0)
def a_vote_in_the_name_of_another(p: Play) -> Result:
    club = Club(p, delay_ms=1)
    return club.vote(club.proposed(), "alice", by="bob")


@scenario("proposal_closed", 0)
def a_vote_on_what_was_cancelled(p: Play) -> Result:
    club = Club(p, delay_ms=1)
    proposal = club.proposed()
    p.ok(build.cancel(proposal), by="alice")
    return club.vote(proposal, "alice", ABSTAIN)


@scenario("proposal_closed", 0)
def a_vote_on_what_is_concluded(p: Play) -> Result:
    club = Club(p)
    return club.vote(club.passed(), "bob")


@scenario("voting_not_started", 0)
def a_vote_before_it_starts(p: Play) -> Result:
    club = Club(p, delay_ms=HOUR)
    proposal = club.proposed()
    p.later(HOUR - 1)
    return club.vote(proposal, "alice", build.approve())


@scenario("ok")
def a_vote_when_it_starts(p: Play) -> Result:
    club = Club(p, delay_ms=HOUR)
    proposal = club.proposed()
    p.later(HOUR)
    return club.vote(proposal, "alice")


@scenario("ok")
def a_vote_right_before_it_ends(p: Play) -> Result:
    club = Club(p, delay_ms=HOUR)
    proposal = club.proposed()
    p.later(HOUR + DAY - 1)
    return club.vote(proposal, "alice")


@scenario("voting_closed", 0)
def a_vote_when_it_has_ended(p: Play) -> Result:
    club = Club(p, delay_ms=HOUR)
    proposal = club.proposed()
    p.later(HOUR + DAY)
    return club.vote(proposal, "alice", build.approve())


# Voting: ballots.


def _ballot(p: Play, form: Value, ballot: Value, options: int = 3, **rule: Any) -> Result:
    """One ballot of somebody who has no weight, so that one that fits is refused for that."""
    club = Club(p, form=form, **rule)
    proposal = club.proposed(options=[[]] * (1 if form.kind == "yes_no" else options))
    return club.vote(proposal, "dave", ballot)


@scenario("wrong_ballot", 0)
def a_sealed_ballot_where_all_are_open(p: Play) -> Result:
    return _ballot(p, build.yes_no(), build.sealed(NOTHING))


@scenario("wrong_ballot", 0)
def an_open_ballot_where_all_are_sealed(p: Play) -> Result:
    return _ballot(p, build.yes_no(), YES, reveal_ms=1)


@scenario("wrong_ballot", 0)
def a_share_too_few(p: Play) -> Result:
    return _ballot(p, build.yes_no(), build.in_shares(1, 1))


@scenario("wrong_ballot", 0)
def a_share_too_many(p: Play) -> Result:
    return _ballot(p, build.yes_no(), build.in_shares(1, 1, 1, 1))


@scenario("wrong_ballot", 0)
def shares_of_nothing(p: Play) -> Result:
    return _ballot(p, build.yes_no(), build.in_shares(0, 0, 0))


@scenario("wrong_ballot", 0)
def shares_that_add_up_to_2_to_the_64(p: Play) -> Result:
    return _ballot(p, build.yes_no(), build.in_shares(2**64 - 1, 0, 1))


@scenario("no_weight", 0)
def the_largest_shares(p: Play) -> Result:
    return _ballot(p, build.yes_no(), build.in_shares(2**64 - 3, 1, 1))


@scenario("wrong_ballot", 0)
def approving_where_yes_or_no_is_asked(p: Play) -> Result:
    return _ballot(p, build.yes_no(), build.approve(0))


@scenario("wrong_ballot", 0)
def shares_where_options_are_approved(p: Play) -> Result:
    return _ballot(p, build.approval(), YES)


@scenario("wrong_ballot", 0)
def ranking_where_options_are_approved(p: Play) -> Result:
    return _ballot(p, build.approval(), build.rank(0))


@scenario("wrong_ballot", 0)
def approving_in_the_wrong_order(p: Play) -> Result:
    return _ballot(p, build.approval(), build.approve(1, 0))


@scenario("wrong_ballot", 0)
def approving_an_option_twice(p: Play) -> Result:
    return _ballot(p, build.approval(), build.approve(1, 1))


@scenario("wrong_ballot", 0)
def approving_an_option_that_there_is_not(p: Play) -> Result:
    return _ballot(p, build.approval(), build.approve(0, 3))


@scenario("no_weight", 0)
def approving_everything(p: Play) -> Result:
    return _ballot(p, build.approval(), build.approve(0, 1, 2))


@scenario("no_weight", 0)
def approving_nothing(p: Play) -> Result:
    return _ballot(p, build.approval(), build.approve())


@scenario("wrong_ballot", 0)
def approving_where_options_are_ranked(p: Play) -> Result:
    return _ballot(p, build.ranked(3), build.approve(0))


@scenario("wrong_ballot", 0)
def ranking_an_option_twice(p: Play) -> Result:
    return _ballot(p, build.ranked(3), build.rank(1, 0, 1))


@scenario("wrong_ballot", 0)
def ranking_an_option_that_there_is_not(p: Play) -> Result:
    return _ballot(p, build.ranked(3), build.rank(3))


@scenario("wrong_ballot", 0)
def ranking_more_than_may_be(p: Play) -> Result:
    return _ballot(p, build.ranked(2), build.rank(2, 0, 1))


@scenario("no_weight", 0)
def ranking_as_many_as_may_be(p: Play) -> Result:
    return _ballot(p, build.ranked(2), build.rank(2, 0))


@scenario("no_weight", 0)
def ranking_nothing(p: Play) -> Result:
    return _ballot(p, build.ranked(2), build.rank())


# Voting: who.


@scenario("governed_account_abstains", 0)
def the_club_votes(p: Play) -> Result:
    club = Club(p, units={"club": 10, "alice": 10})
    return club.vote(club.proposed(), "club", by="club/chair")


@scenario("governed_account_abstains", 0)
def somebody_votes_for_the_club(p: Play) -> Result:
    club = Club(p, units={"club": 10, "alice": 10})
    return club.vote(club.proposed(), "alice", YES, ["alice", "club"])


@scenario("not_delegated", 0)
def a_vote_for_one_who_did_not_delegate(p: Play) -> Result:
    club = Club(p)
    return club.vote(club.proposed(), "alice", YES, ["alice", "bob"])


@scenario("not_delegated", 0)
def a_delegation_goes_one_way(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    return club.vote(club.proposed(), "alice", YES, ["bob"])


@scenario("not_delegated", 0)
def a_delegation_comes_before_membership(p: Play) -> Result:
    club = Members(p)
    return club.vote(club.proposed(), "alice", YES, ["dave"])


@scenario("ok")
def one_who_is_no_member_votes_for_members(p: Play) -> Result:
    club = Members(p)
    club.delegated("alice", "dave")
    club.delegated("bob", "dave")
    return club.vote(club.proposed(), "dave", YES, ["bob", "alice"])


@scenario("not_in_electorate", 0)
def one_who_is_no_member_votes(p: Play) -> Result:
    club = Members(p)
    return club.vote(club.proposed(), "dave")


@scenario("not_in_electorate", 0)
def a_member_who_has_just_become_one(p: Play) -> Result:
    club = Members(p)
    attest(p, club.members, "dave")
    return club.vote(club.proposed(), "dave")


@scenario("ok")
def a_member_who_became_one_right_before(p: Play) -> Result:
    club = Members(p)
    attest(p, club.members, "dave")
    p.later(1)
    return club.vote(club.proposed(), "dave")


@scenario("not_in_electorate", 0)
def a_member_who_was_revoked_before(p: Play) -> Result:
    club = Members(p)
    club.revoke("bob")
    p.later(1)
    return club.vote(club.proposed(), "bob")


@scenario("not_in_electorate", 0)
def a_member_who_was_revoked_at_the_same_time(p: Play) -> Result:
    club = Members(p)
    club.revoke("bob")
    return club.vote(club.proposed(), "bob")


@scenario("ok")
def a_member_who_is_revoked_later(p: Play) -> Result:
    club = Members(p)
    proposal = club.proposed()
    p.later(1)
    club.revoke("bob")
    return club.vote(proposal, "bob")


@scenario("not_in_electorate", 0)
def a_member_who_is_attested_anew(p: Play) -> Result:
    """What was said before is not known any more."""
    club = Members(p)
    proposal = club.proposed()
    p.later(1)
    club.revoke("bob")
    attest(p, club.members, "bob")
    return club.vote(proposal, "bob")


def _expiring(p: Play, left: int) -> Result:
    """A member whose membership ends so long after a proposal."""
    club = Members(p)
    attest(p, club.members, "dave", expires=p.world.time + HOUR)
    p.later(HOUR - left)
    proposal = club.proposed()
    p.later(2)
    return club.vote(proposal, "dave")


@scenario("not_in_electorate", 0)
def a_member_whose_time_was_over(p: Play) -> Result:
    return _expiring(p, 0)


@scenario("ok")
def a_member_whose_time_was_about_to_be_over(p: Play) -> Result:
    return _expiring(p, 1)


@scenario("not_in_electorate", 0)
def a_holder_who_is_no_member(p: Play) -> Result:
    club = Members(p, "member_holders", ("bob", "carol"))
    return club.vote(club.proposed(), "alice")


@scenario("no_weight", 0)
def a_member_who_holds_nothing(p: Play) -> Result:
    club = Members(p, "member_holders", ("alice", "dave"), weight="root")
    return club.vote(club.proposed(), "dave")


@scenario("ok")
def a_member_of_holders_counts_for_one_without_units(p: Play) -> Result:
    club = Members(p, "member_holders", ("alice", "dave"), weight="member")
    return club.vote(club.proposed(), "dave")


@scenario("no_weight", 0)
def one_who_holds_nothing(p: Play) -> Result:
    club = Club(p)
    return club.vote(club.proposed(), "dave")


@scenario("no_weight", 0)
def units_that_were_bought_later(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    p.ok(build.transfer(club.asset, p.id("alice"), p.id("dave"), 60), by="alice")
    return club.vote(proposal, "dave")


@scenario("no_weight", 0)
def units_that_are_lent_round(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    p.ok(build.transfer(club.asset, p.id("alice"), p.id("dave"), 60), by="alice")
    return club.vote(proposal, "dave")


@scenario("ok")
def units_that_were_sold_later(p: Play) -> Result:
    club = Club(p, quorum_bps=6_000)
    proposal = club.proposed()
    p.ok(build.transfer(club.asset, p.id("alice"), p.id("bob"), 60), by="alice")
    club.voted(proposal, "alice")
    club.at(ENDS)
    assert ended(club, proposal) == "passed"
    return "ok", None


@scenario("vote_unchanged", 0)
def a_vote_again(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    return club.vote(proposal, "alice")


@scenario("vote_unchanged", 0)
def a_vote_again_by_the_same_delegate(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    proposal = club.proposed()
    club.voted(proposal, "bob", YES, ["alice"])
    return club.vote(proposal, "bob", YES, ["bob", "alice"])


@scenario("ok")
def a_vote_that_changes(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    for ballot in (YES, build.in_shares(2, 0, 0), NO, ABSTAIN, NO):
        club.voted(proposal, "alice", ballot)
    club.voted(proposal, "bob")
    club.at(ENDS)
    assert ended(club, proposal) == "failed"
    return "ok", None


@scenario("overridden", 0)
def a_delegate_after_the_member(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    proposal = club.proposed()
    club.voted(proposal, "alice", NO)
    return club.vote(proposal, "bob", YES, ["alice"])


@scenario("overridden", 0)
def a_delegate_after_a_nearer_one(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob", "carol")
    proposal = club.proposed()
    club.voted(proposal, "bob", NO, ["bob", "alice"])
    return club.vote(proposal, "carol", NO, ["alice"])


@scenario("ok")
def a_nearer_one_after_each(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob", "carol")
    proposal = club.proposed()
    club.voted(proposal, "carol", YES, ["carol", "bob", "alice"])
    club.voted(proposal, "bob", YES, ["alice", "bob"])
    club.voted(proposal, "alice", NO)
    club.at(ENDS)
    assert ended(club, proposal) == "failed"
    return "ok", None


@scenario("ok")
def a_new_delegate_after_the_one_before(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    proposal = club.proposed()
    club.voted(proposal, "bob", YES, ["alice"])
    club.delegated("alice", "carol")
    return club.vote(proposal, "carol", YES, ["alice"])


@scenario("overridden", 0)
def a_new_delegate_who_is_further_away(p: Play) -> Result:
    club = Club(p)
    club.delegated("alice", "bob")
    proposal = club.proposed()
    club.voted(proposal, "bob", YES, ["alice"])
    club.delegated("alice", "dave", "carol")
    return club.vote(proposal, "carol", YES, ["alice"])


@scenario("ok")
def what_a_delegate_said_stays_said(p: Play) -> Result:
    club = Club(p, quorum_bps=10_000)
    club.delegated("bob", "alice")
    proposal = club.proposed()
    club.voted(proposal, "alice", YES, ["alice", "bob"])
    done(club.delegate("bob", None))
    club.voted(proposal, "carol")
    club.at(ENDS)
    assert ended(club, proposal) == "passed"
    return "ok", None


@scenario("not_delegated", 0)
def a_delegation_that_was_revoked(p: Play) -> Result:
    club = Club(p)
    club.delegated("bob", "alice")
    proposal = club.proposed()
    done(club.delegate("bob", None))
    return club.vote(proposal, "alice", YES, ["bob"])


@scenario("overridden", 0)
def a_vote_for_several_is_one_vote(p: Play) -> Result:
    """What is refused for one counts for none."""
    club = Club(p)
    club.delegated("alice", "carol")
    club.delegated("bob", "carol")
    proposal = club.proposed()
    club.voted(proposal, "bob", NO)
    refused = club.vote(proposal, "carol", YES, ["alice", "bob"])
    club.at(ENDS)
    assert ended(club, proposal) == "failed"
    return refused


# Backers.


@scenario("no_weight", 0)
def a_backer_who_names_no_hold(p: Play) -> Result:
    club = Backers(p)
    return club.vote(club.proposed(), "alice")


@scenario("ok")
def a_backer_votes_for_both_holds(p: Play) -> Result:
    club = Backers(p, quorum_bps=6_000)
    proposal = club.proposed()
    club.voted(proposal, "alice", YES, ["alice's", "alice+'s"])
    p.later(DAY)
    assert ended(club, proposal) == "passed"
    return "ok", None


@scenario("no_weight", 0)
def a_hold_that_is_none(p: Play) -> Result:
    club = Backers(p)
    return club.vote(club.proposed(), "alice", YES, ["alice's", "alice"])


@scenario("no_weight", 0)
def a_vote_with_a_hold_of_no_group(p: Play) -> Result:
    club = Backers(p)
    terms = build.terms(build.after(0), [build.share(p.id("shop"), 10_000)], p.world.time + DAY)
    p.ok(build.hold(p.id("alice"), b"3" * 16, club.money, 5, terms), by="alice")
    p.accounts["third"] = hold_id(p.id("alice"), b"3" * 16)
    return club.vote(club.proposed(), "alice", YES, ["third"])


@scenario("not_delegated", 0)
def a_hold_of_another(p: Play) -> Result:
    club = Backers(p)
    return club.vote(club.proposed(), "alice", YES, ["bob's"])


@scenario("ok")
def backers_delegate(p: Play) -> Result:
    club = Backers(p)
    club.delegated("bob", "carol", "alice")
    return club.vote(club.proposed(), "alice", YES, ["bob's", "alice's", "carol's"])


@scenario("no_weight", 0)
def a_hold_of_which_nothing_is_left(p: Play) -> Result:
    club = Backers(p)
    proposal = club.proposed()
    p.ok(build.settle(club.holds["alice"]), by="anybody")
    return club.vote(proposal, "alice", YES, ["alice's"])


@scenario("ok")
def a_hold_counts_for_what_is_left(p: Play) -> Result:
    """The vote that stands is taken off as it was counted."""
    club = Backers(p, release_if=build.by_payer(), threshold_bps=5_000)
    proposal = club.proposed()
    club.voted(proposal, "alice", YES, ["alice's"])
    p.ok(build.settle(club.holds["alice"], 15), build.release(club.holds["alice"], 6), by="alice")
    club.voted(proposal, "bob", NO, ["bob's"])
    club.voted(proposal, "alice", build.in_shares(2, 0, 0), ["alice's"])
    p.later(DAY)
    assert ended(club, proposal) == "failed"
    return "ok", None


@scenario("governed_account_abstains", 0)
def the_club_is_a_backer(p: Play) -> Result:
    club = Backers(p, is_closed=False, units={"alice": 60, "bob": 30, "carol": 10, "club": 5}, governed=[0x70])
    p.ok(build.hold(club.id, SALT, club.asset, 5, group=club.group), by="club/chair")
    p.accounts["club's"] = hold_id(club.id, SALT)
    p.later(HOUR)
    return club.vote(club.proposed(), "club", YES, ["club's"], by="club/chair")


# Sealed votes.


def _sealed(p: Play, ballot: Value = YES, voter: str = "alice", members: Sequence[str] = ()) -> tuple[Club, bytes]:
    """A vote that is sealed until a day later, and then can be revealed for an hour."""
    club = Club(p, reveal_ms=HOUR)
    club.delegated("bob", "alice")
    proposal = club.proposed()
    club.voted(proposal, voter, club.seal(proposal, voter, ballot), members)
    return club, proposal


@scenario("ok")
def a_vote_that_is_revealed(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS)
    done(club.reveal(proposal, "alice"))
    club.at(ENDS + HOUR)
    assert ended(club, proposal) == "passed"
    return "ok", None


@scenario("ok")
def a_vote_that_is_not_revealed(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS + HOUR)
    assert ended(club, proposal) == "failed"
    return "ok", None


@scenario("ok")
def a_delegate_reveals_for_all(p: Play) -> Result:
    club, proposal = _sealed(p, members=["bob", "alice"])
    club.at(ENDS + HOUR - 1)
    return club.reveal(proposal, "alice", members=["alice", "bob"])


@scenario("not_sealed", 0)
def a_delegate_reveals_for_one_who_voted_after_all(p: Play) -> Result:
    club, proposal = _sealed(p, members=["bob", "alice"])
    club.voted(proposal, "bob", club.seal(proposal, "bob", NO))
    club.at(ENDS)
    done(club.reveal(proposal, "bob", NO))
    return club.reveal(proposal, "alice", members=["alice", "bob"])


@scenario("unknown_proposal", 0)
def revealing_a_vote_on_nothing(p: Play) -> Result:
    return p.send(build.reveal(NOTHING, p.id("alice"), YES, SALT), by="bob")


@scenario("proposal_closed", 0)
def revealing_a_vote_on_what_was_cancelled(p: Play) -> Result:
    club = Club(p, reveal_ms=HOUR)
    proposal = club.proposed()
    p.ok(build.cancel(proposal), by="alice")
    return club.reveal(proposal, "alice")


@scenario("proposal_closed", 0)
def revealing_a_vote_on_what_is_concluded(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS + HOUR)
    done(club.conclude(proposal))
    return club.reveal(proposal, "alice")


@scenario("reveal_not_open", 0)
def revealing_too_early(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS - 1)
    return club.reveal(proposal, "alice", build.approve())


@scenario("reveal_not_open", 0)
def revealing_where_nothing_is_sealed(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    club.at(ENDS)
    return club.reveal(proposal, "alice")


@scenario("voting_closed", 0)
def revealing_too_late(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS + HOUR)
    return club.reveal(proposal, "alice", build.approve())


@scenario("voting_closed", 0)
def a_sealed_vote_when_others_reveal(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS)
    return club.vote(proposal, "bob", club.seal(proposal, "bob", YES))


@scenario("wrong_ballot", 0)
def revealing_what_does_not_fit(p: Play) -> Result:
    club, proposal = _sealed(p, build.approve(0))
    club.at(ENDS)
    return club.reveal(proposal, "alice", build.approve(0))


@scenario("wrong_ballot", 0)
def revealing_a_sealed_ballot(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS)
    return club.reveal(proposal, "dave", build.sealed(NOTHING))


@scenario("not_sealed", 0)
def revealing_what_nobody_said(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS)
    return club.reveal(proposal, "carol")


@scenario("not_sealed", 0)
def revealing_what_another_said(p: Play) -> Result:
    club, proposal = _sealed(p, members=["bob"])
    club.at(ENDS)
    return club.reveal(proposal, "bob")


@scenario("not_sealed", 0)
def revealing_twice(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS)
    done(club.reveal(proposal, "alice"))
    return club.reveal(proposal, "alice", NO)


@scenario("wrong_seal", 0)
def revealing_something_else(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS)
    return club.reveal(proposal, "alice", NO)


@scenario("wrong_seal", 0)
def revealing_with_another_salt(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.at(ENDS)
    return club.reveal(proposal, "alice", salt=OTHER)


@scenario("wrong_seal", 0)
def a_seal_that_was_copied(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.voted(proposal, "carol", club.seal(proposal, "alice", YES))
    club.at(ENDS)
    return club.reveal(proposal, "carol")


@scenario("vote_unchanged", 0)
def a_seal_again(p: Play) -> Result:
    club, proposal = _sealed(p)
    return club.vote(proposal, "alice", club.seal(proposal, "alice", YES))


@scenario("ok")
def a_seal_that_changes(p: Play) -> Result:
    club, proposal = _sealed(p)
    club.voted(proposal, "alice", club.seal(proposal, "alice", NO))
    club.at(ENDS)
    assert club.reveal(proposal, "alice") == ("wrong_seal", 0)
    return club.reveal(proposal, "alice", NO)


@scenario("ok")
def backers_seal_their_votes(p: Play) -> Result:
    club = Backers(p, reveal_ms=HOUR)
    proposal = club.proposed()
    club.voted(proposal, "alice", club.seal(proposal, "alice", YES), ["alice's"])
    p.later(DAY)
    assert club.reveal(proposal, "alice") == ("not_sealed", 0)
    return club.reveal(proposal, "alice", members=["alice's"])
