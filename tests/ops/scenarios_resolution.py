"""Scenarios of family 7, governance: what becomes of proposals, and what is done by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.model import build
from tests.model.asset import asset_id
from tests.model.campaign import campaign_id
from tests.model.constitution import rule_hash
from tests.model.hold import hold_id
from tests.model.state import AMOUNT_MAX
from tests.ops.club import (
    ABSTAIN,
    ENDS,
    NO,
    SALT,
    SET_CONSTITUTION,
    TRANSFER,
    YES,
    Club,
    done,
    ended,
)
from tests.ops.play import DAY, HOUR, START, Play, Result, scenario
from tests.ops.scenarios_proposal import Backers, Members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.model.borsh import Value

NOTHING = bytes(32)
SUBJECT = b"subject".ljust(32, b"\0")
OTHER = b"o" * 16


def _deposited(p: Play, *money: Value, units: int = 100, **rule: Any) -> Club:
    """A club that asks for a deposit of its money, of which alice has 100, and has a guardian."""
    deposit = build.deposit(asset_id(p.id("brand"), "COIN"), units)
    return Club(p, money=money, deposit=deposit, guardian=p.id("guardian"), **rule)


def _veto(p: Play, proposal: bytes, by: str = "guardian") -> Result:
    return p.send(build.veto(proposal, build.reason(3, SUBJECT)), by=by)


def _cancel(p: Play, proposal: bytes, by: str = "alice") -> Result:
    return p.send(build.cancel(proposal), by=by)


def _ends(club: Club, proposal: bytes, expected: str, rankings: Sequence[Value] = ()) -> Result:
    """Insist on what becomes of a proposal a day after it was made."""
    club.at(ENDS)
    assert ended(club, proposal, rankings) == expected
    return "ok", None


# Vetoes.


@scenario("unknown_proposal", 0)
def a_veto_on_nothing(p: Play) -> Result:
    return _veto(p, NOTHING)


@scenario("no_guardian", 0)
def a_veto_where_nobody_has_one(p: Play) -> Result:
    club = Club(p)
    return _veto(p, club.passed())


@scenario("unauthorized", 0)
def a_veto_of_somebody_else(p: Play) -> Result:
    club = _deposited(p)
    return _veto(p, club.passed(), by="alice")


@scenario("proposal_closed", 0)
def a_veto_on_what_is_concluded(p: Play) -> Result:
    club = _deposited(p)
    return _veto(p, club.passed())


@scenario("proposal_closed", 0)
def a_veto_twice(p: Play) -> Result:
    club = _deposited(p)
    proposal = club.proposed()
    done(_veto(p, proposal))
    return _veto(p, proposal)


@scenario("veto_too_late", 0)
def a_veto_when_it_is_due(p: Play) -> Result:
    club = _deposited(p, timelock_ms=HOUR)
    proposal = club.proposed()
    club.at(ENDS + HOUR)
    return _veto(p, proposal)


@scenario("ok")
def a_veto_right_before_it_is_due(p: Play) -> Result:
    club = _deposited(p, timelock_ms=HOUR)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    club.at(ENDS + HOUR - 1)
    return _veto(p, proposal)


@scenario("ok")
def a_veto_before_voting_starts(p: Play) -> Result:
    club = _deposited(p, delay_ms=HOUR)
    return _veto(p, club.proposed())


@scenario("insufficient_funds", 0)
def a_veto_burns_the_deposit(p: Play) -> Result:
    """The issuer may mint as much again and no more."""
    club = _deposited(p, build.lots("day"))
    p.ok(build.change(club.money, 5_100), by="brand")
    proposal = club.proposed()
    assert p.send(build.mint(club.money, p.id("bob"), 1), by="brand") == ("supply_cap_exceeded", 0)
    club.pause(club.money)
    done(_veto(p, proposal))
    p.ok(build.pause(club.money, paused=False), build.mint(club.money, p.id("bob"), 100), by="brand")
    return club.has(club.money, "alice", 0)


@scenario("proposal_closed", 0)
def what_was_vetoed_is_not_concluded(p: Play) -> Result:
    club = _deposited(p)
    proposal = club.proposed()
    done(_veto(p, proposal))
    return club.conclude(proposal)


# Cancelling.


@scenario("unknown_proposal", 0)
def cancelling_nothing(p: Play) -> Result:
    return _cancel(p, NOTHING)


@scenario("unauthorized", 0)
def cancelling_what_another_proposed(p: Play) -> Result:
    club = Club(p)
    return _cancel(p, club.passed(), by="bob")


@scenario("proposal_closed", 0)
def cancelling_twice(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    done(_cancel(p, proposal))
    p.later(1)
    return _cancel(p, proposal)


@scenario("voting_started", 0)
def cancelling_when_voting_starts(p: Play) -> Result:
    club = Club(p, delay_ms=HOUR)
    proposal = club.proposed()
    p.later(HOUR)
    return _cancel(p, proposal)


@scenario("ok")
def cancelling_right_before_voting_starts(p: Play) -> Result:
    club = Club(p, delay_ms=HOUR)
    proposal = club.proposed()
    p.later(HOUR - 1)
    return _cancel(p, proposal)


@scenario("ok")
def cancelling_at_once(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    club.voted(proposal, "bob")
    return _cancel(p, proposal)


@scenario("voting_started", 0)
def cancelling_a_moment_later(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    p.later(1)
    return _cancel(p, proposal)


@scenario("insufficient_funds", 0)
def cancelling_returns_the_deposit(p: Play) -> Result:
    club = _deposited(p)
    done(_cancel(p, club.proposed()))
    return club.has(club.money, "alice", 100)


@scenario("insufficient_funds", 0)
def a_deposit_returned_to_a_frozen_account_of_a_paused_asset(p: Play) -> Result:
    club = _deposited(p, build.bound())
    p.ok(build.change(club.money, policy=[build.bound(), build.max_holding(100)]), by="brand")
    proposal = club.proposed()
    p.ok(build.mint(club.money, p.id("alice"), 70), by="brand")
    club.freeze(club.money, "alice")
    club.pause(club.money)
    done(_cancel(p, proposal))
    thaw = build.freeze(club.money, p.id("alice"), frozen=False)
    p.ok(build.pause(club.money, paused=False), thaw, by="brand")
    return club.has(club.money, "alice", 170)


@scenario("insufficient_funds", 0)
def a_deposit_returned_to_a_balance_of_64_lots(p: Play) -> Result:
    club = _deposited(p, build.lots("day"), build.strict_lots(), voting_ms=70 * DAY, snapshot_ms=3 * DAY)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    for _ in range(64):
        p.later(DAY)
        p.ok(build.mint(club.money, p.id("alice"), 1), by="brand")
    p.later(6 * DAY)
    assert ended(club, proposal) == "passed"
    return club.has(club.money, "alice", 164)


# Deposits.


@scenario("insufficient_funds", 0)
def a_deposit_is_returned_where_the_quorum_was_reached(p: Play) -> Result:
    club = _deposited(p, quorum_bps=6_000)
    proposal = club.proposed()
    club.voted(proposal, "alice", NO)
    _ends(club, proposal, "failed")
    return club.has(club.money, "alice", 100)


@scenario("insufficient_funds", 0)
def a_deposit_is_burnt_where_the_quorum_was_missed(p: Play) -> Result:
    club = _deposited(p, quorum_bps=6_001)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    club.pause(club.money)
    _ends(club, proposal, "failed")
    p.ok(build.pause(club.money, paused=False), by="brand")
    return club.has(club.money, "alice", 0)


@scenario("insufficient_funds", 0)
def a_deposit_is_burnt_where_nobody_voted(p: Play) -> Result:
    club = _deposited(p, quorum_bps=0)
    _ends(club, club.proposed(), "failed")
    return club.has(club.money, "alice", 0)


@scenario("insufficient_funds", 0)
def a_deposit_that_lapses(p: Play) -> Result:
    club = _deposited(p, build.sunset_notice(HOUR))
    p.ok(build.sunset(club.money, START + HOUR), by="brand")
    proposal = club.proposed()
    club.voted(proposal, "alice")
    _ends(club, proposal, "passed")
    return club.has(club.money, "alice", 0)


@scenario("insufficient_funds", 0)
def a_deposit_that_lapses_and_was_swept(p: Play) -> Result:
    club = _deposited(p, build.lots("day"), build.fixed_expiry(1), voting_ms=3 * DAY)
    proposal = club.proposed()
    p.later(2 * DAY)
    p.accounts["deposit"] = proposal
    p.ok(build.sweep(club.money, [proposal]), by="anybody")
    done(_veto(p, proposal))
    return club.has(club.money, "alice", 0)


@scenario("insufficient_funds", 0)
def a_deposit_does_not_fall_asleep(p: Play) -> Result:
    club = _deposited(p, build.inactivity_expiry(1), voting_ms=3 * DAY)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    p.later(3 * DAY)
    done(club.conclude(proposal))
    return club.has(club.money, "alice", 100)


@scenario("insufficient_funds", 0)
def a_deposit_is_part_of_the_next_electorate(p: Play) -> Result:
    """Nobody votes with it."""
    club = Club(p, deposit=build.deposit(asset_id(p.id("brand"), "BEAN"), 30), quorum_bps=7_000, snapshot_ms=7 * HOUR)
    club.proposed()
    p.later(7 * HOUR + 1)
    proposal = club.proposed(by="bob")
    for name in ("alice", "bob", "carol"):
        club.voted(proposal, name)
    p.later(DAY)
    assert ended(club, proposal) == "passed"
    return club.has(club.asset, "bob", 30)


# Concluding: fields and when.


def _rankings(p: Play, *rankings: Value) -> Result:
    return p.send(build.conclude(NOTHING, rankings), by="anybody")


@scenario("unknown_proposal", 0)
def rankings_in_order(p: Play) -> Result:
    lists: tuple[Sequence[int], ...] = ([0], [0, 1], [0, 1, 2], [0, 2], [1], [255, 0])
    return _rankings(p, *[build.ranking(options, 1) for options in lists])


@scenario("invalid_rankings", 0)
def a_ranking_of_nothing(p: Play) -> Result:
    return _rankings(p, build.ranking([], 1))


@scenario("invalid_rankings", 0)
def a_ranking_of_17(p: Play) -> Result:
    return _rankings(p, build.ranking(range(17), 1))


@scenario("unknown_proposal", 0)
def a_ranking_of_16(p: Play) -> Result:
    return _rankings(p, build.ranking(range(16), 1))


@scenario("invalid_rankings", 0)
def a_ranking_with_an_option_twice(p: Play) -> Result:
    return _rankings(p, build.ranking([0, 1, 0], 1))


@scenario("invalid_rankings", 0)
def a_ranking_without_weight(p: Play) -> Result:
    return _rankings(p, build.ranking([0], 1), build.ranking([1], 0))


@scenario("invalid_rankings", 0)
def a_ranking_twice(p: Play) -> Result:
    return _rankings(p, build.ranking([0], 1), build.ranking([0], 2))


@scenario("invalid_rankings", 0)
def a_longer_ranking_before_its_beginning(p: Play) -> Result:
    return _rankings(p, build.ranking([0, 1], 1), build.ranking([0], 1))


@scenario("invalid_rankings", 0)
def rankings_by_their_length(p: Play) -> Result:
    return _rankings(p, build.ranking([1], 1), build.ranking([0, 1], 1))


def _permutations(count: int) -> list[Value]:
    """Rankings of two of 45 options each, in order."""
    pairs = [[a, b] for a in range(45) for b in range(45) if a != b]
    return [build.ranking(pair, 1) for pair in pairs[:count]]


@scenario("invalid_rankings", 0)
def rankings_one_too_many(p: Play) -> Result:
    return _rankings(p, *_permutations(1_958))


@scenario("unknown_proposal", 0)
def as_many_rankings_as_there_may_be(p: Play) -> Result:
    return _rankings(p, *_permutations(1_957))


@scenario("proposal_closed", 0)
def concluding_what_was_cancelled(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    done(_cancel(p, proposal))
    return club.conclude(proposal, [build.ranking([0], 1)])


@scenario("proposal_closed", 0)
def concluding_twice(p: Play) -> Result:
    club = Club(p)
    return club.conclude(club.passed())


@scenario("not_due", 0)
def concluding_too_early(p: Play) -> Result:
    club = Club(p, reveal_ms=HOUR, timelock_ms=HOUR)
    proposal = club.proposed()
    club.at(ENDS + 2 * HOUR - 1)
    return club.conclude(proposal, [build.ranking([0], 1)])


@scenario("ok")
def concluding_when_it_is_due(p: Play) -> Result:
    club = Club(p, reveal_ms=HOUR, timelock_ms=HOUR)
    proposal = club.proposed()
    club.at(ENDS + 2 * HOUR)
    return club.conclude(proposal)


@scenario("ok")
def concluding_much_later(p: Play) -> Result:
    """It lapses by its own times, whenever it is concluded."""
    club = Club(p)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    p.later(900 * DAY)
    done(club.conclude(proposal))
    assert club.execute(proposal) == ("proposal_lapsed", 0)
    return "ok", None


# Quorum, threshold, support.


def _yes(p: Play, *ballots: tuple[str, Value], **rule: Any) -> str:
    """What becomes of a proposal that is voted on by alice with 60, bob with 30 and carol with 10 of 100."""
    club = Club(p, **rule)
    proposal = club.proposed()
    for name, ballot in ballots:
        club.voted(proposal, name, ballot)
    club.at(ENDS)
    return ended(club, proposal)


@scenario("ok")
def a_quorum_that_is_just_reached(p: Play) -> Result:
    assert _yes(p, ("alice", YES), quorum_bps=6_000) == "passed"
    return "ok", None


@scenario("ok")
def a_quorum_that_is_missed_by_a_unit(p: Play) -> Result:
    """Of 100 units 6,001 basis points are rounded up to 61."""
    assert _yes(p, ("alice", YES), quorum_bps=6_001) == "failed"
    return "ok", None


@scenario("ok")
def who_abstains_counts_for_the_quorum(p: Play) -> Result:
    assert _yes(p, ("carol", YES), ("alice", ABSTAIN), quorum_bps=7_000) == "passed"
    return "ok", None


@scenario("ok")
def a_threshold_that_is_just_met_is_not_passed(p: Play) -> Result:
    assert _yes(p, ("alice", YES), ("bob", NO), ("carol", NO), threshold_bps=6_000) == "failed"
    return "ok", None


@scenario("ok")
def a_threshold_that_is_passed_by_less_than_a_unit(p: Play) -> Result:
    """59.99 is rounded down to 59, and 60 is more."""
    assert _yes(p, ("alice", YES), ("bob", NO), ("carol", NO), threshold_bps=5_999) == "passed"
    return "ok", None


@scenario("ok")
def a_threshold_is_of_those_who_decided(p: Play) -> Result:
    assert _yes(p, ("bob", YES), ("carol", NO), ("alice", ABSTAIN), threshold_bps=7_499) == "passed"
    return "ok", None


@scenario("ok")
def a_support_that_is_just_reached(p: Play) -> Result:
    assert _yes(p, ("alice", YES), support_bps=6_000) == "passed"
    return "ok", None


@scenario("ok")
def a_support_that_is_missed(p: Play) -> Result:
    assert _yes(p, ("alice", YES), ("bob", NO), support_bps=6_001) == "failed"
    return "ok", None


@scenario("ok")
def nobody_votes(p: Play) -> Result:
    assert _yes(p, threshold_bps=0) == "failed"
    return "ok", None


@scenario("ok")
def everybody_abstains(p: Play) -> Result:
    assert _yes(p, ("alice", ABSTAIN), ("bob", ABSTAIN), ("carol", ABSTAIN), threshold_bps=0) == "failed"
    return "ok", None


@scenario("ok")
def a_single_unit_is_enough(p: Play) -> Result:
    club = Club(p, units={"alice": 1, "bob": 10**8}, threshold_bps=0)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    return _ends(club, proposal, "passed")


@scenario("ok")
def a_vote_in_parts(p: Play) -> Result:
    """Of 60 the parts are 20 each; with bob's 30 there are 50 against 20."""
    ballots = ("alice", build.in_shares(1, 1, 1)), ("bob", YES)
    assert _yes(p, *ballots, threshold_bps=7_142) == "passed"
    return "ok", None


@scenario("ok")
def a_vote_in_parts_that_is_just_not_enough(p: Play) -> Result:
    """50 of 70 are 7,142.8 basis points: rounded down, 50 are asked for."""
    ballots = ("alice", build.in_shares(1, 1, 1)), ("bob", YES)
    assert _yes(p, *ballots, threshold_bps=7_143) == "failed"
    return "ok", None


@scenario("ok")
def what_parts_leave_over_is_for_the_first(p: Play) -> Result:
    """Of 10 in three parts yes gets 4, and 4 of 7 are 5,714.3 basis points."""
    club = Club(p, units={"alice": 10}, threshold_bps=5_714)
    proposal = club.proposed()
    club.voted(proposal, "alice", build.in_shares(1, 1, 1))
    return _ends(club, proposal, "passed")


@scenario("ok")
def a_single_unit_in_parts(p: Play) -> Result:
    """It goes to no, the first with a part: there is nothing for yes."""
    club = Club(p, units={"alice": 1, "bob": 1}, threshold_bps=0, quorum_bps=10_000)
    proposal = club.proposed()
    club.voted(proposal, "alice", build.in_shares(0, 1, 2**64 - 2))
    club.voted(proposal, "bob", build.in_shares(1, 2, 2**64 - 4))
    return _ends(club, proposal, "passed")


@scenario("ok")
def the_largest_weight_in_parts(p: Play) -> Result:
    """The product of a weight and a share has up to 191 bits."""
    powers = build.powers(mint=p.id("brand"))
    p.ok(build.create(p.id("brand"), "HUGE", 0, AMOUNT_MAX, [], powers), by="brand")
    huge = asset_id(p.id("brand"), "HUGE")
    p.ok(build.mint(huge, p.id("alice"), AMOUNT_MAX), by="brand")
    club = Club(p, electorate=build.holders(huge), quorum_bps=10_000, threshold_bps=5_000, support_bps=5_000)
    proposal = club.proposed()
    club.voted(proposal, "alice", build.in_shares(2**63, 2**63 - 2, 1))
    return _ends(club, proposal, "passed")


# Other weights.


@scenario("ok")
def every_member_counts_for_one(p: Play) -> Result:
    club = Members(p, quorum_bps=6_667)
    proposal = club.proposed()
    club.voted(proposal, "alice", NO)
    for name in ("bob", "carol"):
        club.voted(proposal, name)
    p.later(DAY)
    assert ended(club, proposal) == "passed"
    return "ok", None


@scenario("ok")
def a_quorum_of_members_that_is_missed(p: Play) -> Result:
    club = Members(p, quorum_bps=6_667)
    proposal = club.proposed()
    for name in ("bob", "carol"):
        club.voted(proposal, name)
    p.later(DAY)
    assert ended(club, proposal) == "failed"
    return "ok", None


@scenario("ok")
def members_count_by_the_roots_of_what_they_have(p: Play) -> Result:
    """Of 60, 30 and 10 these are 7, 5 and 3: two together are more than the one."""
    club = Members(p, "member_holders", weight="root", quorum_bps=10_000, threshold_bps=5_333)
    proposal = club.proposed()
    club.voted(proposal, "alice", NO)
    for name in ("bob", "carol"):
        club.voted(proposal, name)
    p.later(DAY)
    assert ended(club, proposal) == "passed"
    return "ok", None


@scenario("ok")
def a_quorum_of_roots_counts_members(p: Play) -> Result:
    """Two of three, whatever they have."""
    club = Members(p, "member_holders", weight="root", quorum_bps=6_667)
    proposal = club.proposed()
    for name in ("alice", "bob"):
        club.voted(proposal, name)
    p.later(DAY)
    assert ended(club, proposal) == "failed"
    return "ok", None


@scenario("ok")
def members_count_by_what_they_have(p: Play) -> Result:
    """The whole is all of the asset, that of others too."""
    club = Members(p, "member_holders", ("bob", "carol"), quorum_bps=4_000)
    proposal = club.proposed()
    for name in ("bob", "carol"):
        club.voted(proposal, name)
    p.later(DAY)
    assert ended(club, proposal) == "passed"
    return "ok", None


@scenario("ok")
def what_the_club_has_is_not_counted(p: Play) -> Result:
    club = Club(p, units={"alice": 60, "bob": 40, "club": 900}, quorum_bps=6_000)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    return _ends(club, proposal, "passed")


@scenario("ok")
def what_backers_have_put_in_is_the_whole(p: Play) -> Result:
    club = Backers(p, quorum_bps=5_001)
    proposal = club.proposed()
    club.voted(proposal, "alice", YES, ["alice's"])
    p.later(DAY)
    assert ended(club, proposal) == "failed"
    return "ok", None


# Approvals and rankings.


@scenario("ok")
def the_option_that_most_approve(p: Play) -> Result:
    club = Club(p, form=build.approval(), quorum_bps=10_000, support_bps=9_000)
    pays = [[club.pays(units)] for units in (1, 2, 3)]
    proposal = club.proposed(options=pays)
    club.voted(proposal, "alice", build.approve(0, 2))
    club.voted(proposal, "bob", build.approve(1, 2))
    club.voted(proposal, "carol", build.approve())
    club.at(ENDS)
    done(club.conclude(proposal))
    assert club.execute(proposal, *pays[0]) == ("wrong_actions", 0)
    return club.execute(proposal, *pays[2])


@scenario("ok")
def of_equal_options_the_first(p: Play) -> Result:
    club = Club(p, form=build.approval())
    pays = [[club.pays(units)] for units in (1, 2, 3)]
    proposal = club.proposed(options=pays)
    club.voted(proposal, "alice", build.approve(1, 2))
    club.at(ENDS)
    done(club.conclude(proposal))
    return club.execute(proposal, *pays[1])


@scenario("ok")
def an_option_that_not_enough_approve(p: Play) -> Result:
    club = Club(p, form=build.approval(), threshold_bps=6_000)
    proposal = club.proposed(options=[[], [], []])
    club.voted(proposal, "alice", build.approve(1))
    club.voted(proposal, "bob", build.approve(2))
    club.voted(proposal, "carol", build.approve(0))
    return _ends(club, proposal, "failed")


@scenario("ok")
def nobody_approves_anything(p: Play) -> Result:
    club = Club(p, form=build.approval(), threshold_bps=0)
    proposal = club.proposed(options=[[], []])
    club.voted(proposal, "alice", build.approve())
    return _ends(club, proposal, "failed")


def _ranked(p: Play, *ballots: tuple[int, Sequence[int]], **rule: Any) -> tuple[Club, bytes, list[list[Value]]]:
    """A proposal of four options on which as many have voted, each with these units, and whose time is over."""
    units = {f"voter{place}": weight for place, (weight, _) in enumerate(ballots)}
    club = Club(p, units=units, form=build.ranked(4), **rule)
    pays = [[club.pays(units)] for units in (1, 2, 3, 4)]
    proposal = club.proposed(options=pays)
    for place, (_, options) in enumerate(ballots):
        club.voted(proposal, f"voter{place}", build.rank(*options))
    club.at(ENDS)
    return club, proposal, pays


def _sums(*ballots: tuple[int, Sequence[int]]) -> list[Value]:
    """The rankings of ballots."""
    sums: dict[tuple[int, ...], int] = {}
    for weight, options in ballots:
        if options:
            sums[tuple(options)] = sums.get(tuple(options), 0) + weight
    return [build.ranking(options, sums[options]) for options in sorted(sums)]


def _wins(p: Play, option: int, *ballots: tuple[int, Sequence[int]], **rule: Any) -> Result:
    """Insist that this option wins, by executing it."""
    club, proposal, pays = _ranked(p, *ballots, **rule)
    done(club.conclude(proposal, _sums(*ballots)))
    return club.execute(proposal, *pays[option])


@scenario("ok")
def an_option_that_most_rank_first(p: Play) -> Result:
    return _wins(p, 2, (60, [2]), (30, [0, 1]), (10, [1, 0]))


@scenario("ok")
def an_option_that_wins_by_second_choices(p: Play) -> Result:
    return _wins(p, 1, (40, [0]), (35, [1, 0]), (15, [2, 1]), (10, [3, 2, 1]))


@scenario("ok")
def of_equal_last_options_the_last_is_struck_out(p: Play) -> Result:
    """Options 1 and 2 have 10 each: 2 goes, and its voter decides for 0."""
    return _wins(p, 0, (10, [0]), (10, [1]), (10, [2, 0]))


@scenario("ok")
def two_options_that_are_equal_to_the_end(p: Play) -> Result:
    """The last goes, and the other wins with half of what was decided, which is enough below the half."""
    return _wins(p, 0, (10, [0]), (10, [1]), threshold_bps=4_999)


@scenario("ok")
def half_is_not_more_than_half(p: Play) -> Result:
    """Option 0 has 20 of 40 in the first round, and in the second what was behind option 3."""
    return _wins(p, 0, (20, [0]), (12, [1]), (8, [3, 0]))


@scenario("ok")
def rankings_that_run_out(p: Play) -> Result:
    """When 2 is struck out its voter counts for nobody, and 21 are more than half of 40; of all they are not enough."""
    ballots = (21, [0]), (20, [1]), (19, [2])
    club, proposal, _ = _ranked(p, *ballots)
    assert ended(club, proposal, _sums(*ballots)) == "failed"
    return "ok", None


@scenario("ok")
def rankings_that_run_out_and_a_low_threshold(p: Play) -> Result:
    return _wins(p, 0, (21, [0]), (20, [1]), (19, [2]), threshold_bps=3_499)


@scenario("ok")
def one_ranking_of_several(p: Play) -> Result:
    return _wins(p, 3, (5, [3, 1]), (7, [3, 1]), (6, [1]), (4, []))


@scenario("ok")
def who_ranks_nothing_counts_for_the_quorum(p: Play) -> Result:
    return _wins(p, 3, (5, [3]), (95, []), quorum_bps=10_000)


@scenario("ok")
def nobody_ranks_anything(p: Play) -> Result:
    club, proposal, _ = _ranked(p, (5, []), threshold_bps=0)
    assert ended(club, proposal) == "failed"
    return "ok", None


@scenario("wrong_rankings", 0)
def rankings_that_are_not_told(p: Play) -> Result:
    club, proposal, _ = _ranked(p, (5, [1]), (6, [2]))
    return club.conclude(proposal)


def _untold(p: Play, time: int) -> tuple[Club, bytes, Result]:
    """Conclude without rankings at a time."""
    club, proposal, _ = _ranked(p, (5, [1]), (6, [2]), timelock_ms=HOUR)
    club.at(time)
    return club, proposal, club.conclude(proposal)


@scenario("wrong_rankings", 0)
def rankings_that_are_not_told_right_before_it_lapses(p: Play) -> Result:
    return _untold(p, ENDS + HOUR + DAY - 1)[2]


@scenario("not_passed", 0)
def rankings_that_nobody_told_in_time(p: Play) -> Result:
    """It has failed, so that no deposit waits for ever for rankings that no transaction has room for."""
    club, proposal, concluded = _untold(p, ENDS + HOUR + DAY)
    done(concluded)
    return club.execute(proposal)


@scenario("proposal_lapsed", 0)
def rankings_that_are_told_after_all(p: Play) -> Result:
    club, proposal, _ = _ranked(p, (5, [1]), (6, [2]))
    club.at(ENDS + DAY)
    done(club.conclude(proposal, _sums((5, [1]), (6, [2]))))
    return club.execute(proposal)


@scenario("wrong_rankings", 0)
def a_ranking_that_is_missing(p: Play) -> Result:
    club, proposal, _ = _ranked(p, (5, [1]), (6, [2]))
    return club.conclude(proposal, _sums((5, [1])))


@scenario("wrong_rankings", 0)
def a_ranking_of_another_weight(p: Play) -> Result:
    club, proposal, _ = _ranked(p, (5, [1]), (6, [2]))
    return club.conclude(proposal, _sums((6, [1]), (5, [2])))


@scenario("wrong_rankings", 0)
def a_ranking_that_nobody_made(p: Play) -> Result:
    club, proposal, _ = _ranked(p, (5, [1]), (6, [2]))
    return club.conclude(proposal, _sums((5, [1]), (6, [2, 0])))


@scenario("wrong_rankings", 0)
def a_ranking_of_what_there_is_not(p: Play) -> Result:
    club, proposal, _ = _ranked(p, (5, [1]), (6, [2]))
    return club.conclude(proposal, _sums((5, [1]), (6, [2]), (1, [7])))


@scenario("wrong_rankings", 0)
def rankings_of_yes_and_no(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    club.at(ENDS)
    return club.conclude(proposal, [build.ranking([0], 60)])


@scenario("ok")
def a_ranking_that_somebody_took_back(p: Play) -> Result:
    ballots = (5, [1]), (6, [2])
    units = {f"voter{place}": weight for place, (weight, _) in enumerate(ballots)}
    club = Club(p, units=units, form=build.ranked(4))
    proposal = club.proposed(options=[[], [], []])
    club.voted(proposal, "voter0", build.rank(0, 1))
    club.voted(proposal, "voter1", build.rank(0, 1))
    club.voted(proposal, "voter0", build.rank(1))
    club.voted(proposal, "voter1", build.rank(2))
    return _ends(club, proposal, "passed", _sums(*ballots))


@scenario("ok")
def rankings_that_were_sealed(p: Play) -> Result:
    club = Club(p, form=build.ranked(4), reveal_ms=HOUR)
    proposal = club.proposed(options=[[], [], []])
    for name, ballot in (("alice", build.rank(2, 1)), ("bob", build.rank(0))):
        club.voted(proposal, name, club.seal(proposal, name, ballot))
    club.at(ENDS)
    done(club.reveal(proposal, "alice", build.rank(2, 1)))
    club.at(ENDS + HOUR)
    assert ended(club, proposal, _sums((60, [2, 1]))) == "passed"
    return "ok", None


# A late quorum.


def _late(p: Play, at: int, **rule: Any) -> tuple[Club, bytes]:
    """A quorum that alice and bob reach together, bob at this time, where an hour is added for a late one."""
    club = Club(p, extension_ms=HOUR, quorum_bps=9_000, **rule)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    club.at(at)
    club.voted(proposal, "bob")
    return club, proposal


@scenario("ok")
def a_late_quorum(p: Play) -> Result:
    club, proposal = _late(p, ENDS - 1)
    club.at(ENDS - 1 + HOUR - 1)
    return club.vote(proposal, "carol", NO)


@scenario("voting_closed", 0)
def a_late_quorum_adds_an_hour(p: Play) -> Result:
    club, proposal = _late(p, ENDS - 1)
    club.at(ENDS - 1 + HOUR)
    return club.vote(proposal, "carol", NO)


@scenario("voting_closed", 0)
def a_quorum_an_hour_before_the_end_is_not_late(p: Play) -> Result:
    club, proposal = _late(p, ENDS - HOUR)
    club.at(ENDS)
    return club.vote(proposal, "carol", NO)


@scenario("ok")
def a_quorum_less_than_an_hour_before_the_end_is_late(p: Play) -> Result:
    club, proposal = _late(p, ENDS - HOUR + 1)
    club.at(ENDS)
    return club.vote(proposal, "carol", NO)


@scenario("voting_closed", 0)
def a_late_vote_after_the_quorum(p: Play) -> Result:
    club, proposal = _late(p, START + 1)
    club.at(ENDS - 1)
    club.voted(proposal, "carol", NO)
    club.at(ENDS)
    return club.vote(proposal, "carol", YES)


@scenario("voting_closed", 0)
def a_late_vote_that_is_not_enough(p: Play) -> Result:
    club = Club(p, extension_ms=HOUR, quorum_bps=9_000)
    proposal = club.proposed()
    club.voted(proposal, "alice")
    club.at(ENDS - 1)
    club.voted(proposal, "carol", NO)
    club.at(ENDS)
    return club.vote(proposal, "bob")


@scenario("voting_closed", 0)
def a_quorum_is_late_only_once(p: Play) -> Result:
    club, proposal = _late(p, ENDS - 1)
    club.at(ENDS - 1 + HOUR - 1)
    club.voted(proposal, "carol")
    club.voted(proposal, "bob", NO)
    club.at(ENDS - 1 + HOUR)
    return club.vote(proposal, "carol", NO)


@scenario("voting_closed", 0)
def a_quorum_that_backers_lose_and_reach_again(p: Play) -> Result:
    """What a hold counts for can become less with a new vote, so that a quorum is late twice; it extends once."""
    club = Backers(p, extension_ms=HOUR, quorum_bps=8_000, release_if=build.by_payer())
    proposal = club.proposed()
    club.voted(proposal, "alice", YES, ["alice's"])
    p.later(DAY - 1)
    club.voted(proposal, "bob", YES, ["bob's"])
    p.ok(build.release(club.holds["alice"], 6), by="alice")
    club.voted(proposal, "alice", NO, ["alice's"])
    p.later(HOUR - 1)
    club.voted(proposal, "carol", YES, ["carol's"])
    p.later(1)
    return club.vote(proposal, "carol", NO, ["carol's"])


# Executing: fields, and when.


@scenario("too_many_actions", 0)
def executing_33_actions(p: Play) -> Result:
    return p.send(build.execute(NOTHING, [build.transfer(NOTHING, NOTHING, NOTHING, 0)] * 33), by="alice")


@scenario("same_account", 0)
def executing_an_action_with_a_wrong_field(p: Play) -> Result:
    right, wrong = build.once(NOTHING, NOTHING), build.transfer(NOTHING, NOTHING, NOTHING, 1)
    return p.send(build.execute(NOTHING, [right, wrong, build.transfer(NOTHING, NOTHING, NOTHING, 0)]), by="alice")


@scenario("unknown_proposal", 0)
def executing_nothing(p: Play) -> Result:
    return p.send(build.execute(NOTHING, [build.once(NOTHING, NOTHING)] * 32), by="alice")


@scenario("not_concluded", 0)
def executing_what_is_voted_on(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed(club.pays())
    club.voted(proposal, "alice")
    p.later(900 * DAY)
    return club.execute(proposal)


@scenario("not_passed", 0)
def executing_what_was_cancelled(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed(club.pays())
    done(_cancel(p, proposal))
    return club.execute(proposal, club.pays())


@scenario("not_passed", 0)
def executing_what_was_vetoed(p: Play) -> Result:
    club = _deposited(p)
    proposal = club.proposed(club.pays())
    done(_veto(p, proposal))
    return club.execute(proposal, club.pays())


@scenario("not_passed", 0)
def executing_what_failed(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed(club.pays())
    p.later(9 * DAY)
    done(club.conclude(proposal))
    return club.execute(proposal)


@scenario("already_executed", 0)
def executing_twice(p: Play) -> Result:
    club = Club(p)
    proposal = club.passed(club.pays())
    done(club.execute(proposal, club.pays()))
    p.later(9 * DAY)
    return club.execute(proposal)


@scenario("proposal_lapsed", 0)
def executing_when_it_has_lapsed(p: Play) -> Result:
    club = Club(p, timelock_ms=HOUR)
    proposal = club.proposed(club.pays())
    club.voted(proposal, "alice")
    club.at(ENDS + HOUR)
    done(club.conclude(proposal))
    club.at(ENDS + HOUR + DAY)
    return club.execute(proposal)


@scenario("proposal_lapsed", 0)
def a_proposal_that_lapsed_under_another_constitution(p: Play) -> Result:
    club = Club(p)
    proposal = club.passed(club.pays())
    dissolve = build.set_constitution(club.id, None)
    done(club.execute(club.passed(dissolve, salt=OTHER), dissolve))
    return club.execute(proposal, club.pays())


@scenario("ok")
def executing_right_before_it_lapses(p: Play) -> Result:
    club = Club(p)
    proposal = club.passed(club.pays())
    club.at(ENDS + DAY - 1)
    return club.execute(proposal, club.pays())


def _another(club: Club) -> Value:
    """A constitution that differs in what does not matter here."""
    return build.constitution([*club.rules, club.rule(quorum_bps=1)], club.articles)


@scenario("constitution_changed", 0)
def executing_under_another_constitution(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed(club.pays())
    club.voted(proposal, "alice")
    sets = build.set_constitution(club.id, _another(club))
    done(club.execute(club.passed(sets, salt=OTHER), sets, by="brand"))
    done(club.conclude(proposal))
    return club.execute(proposal)


@scenario("constitution_changed", 0)
def executing_where_there_is_no_constitution(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed(club.pays())
    club.voted(proposal, "alice")
    dissolve = build.set_constitution(club.id, None)
    done(club.execute(club.passed(dissolve, salt=OTHER), dissolve))
    done(club.conclude(proposal))
    return club.execute(proposal, club.pays())


@scenario("ok")
def executing_under_the_same_constitution_set_anew(p: Play) -> Result:
    club = Club(p)
    proposal = club.proposed(club.pays())
    club.voted(proposal, "alice")
    dissolve = build.set_constitution(club.id, None)
    done(club.execute(club.passed(dissolve, salt=OTHER), dissolve))
    done(club.constitute(club.constitution()))
    done(club.conclude(proposal))
    return club.execute(proposal, club.pays())


@scenario("wrong_actions", 0)
def executing_other_actions(p: Play) -> Result:
    club = Club(p)
    return club.execute(club.passed(club.pays(100)), club.pays(99))


@scenario("wrong_actions", 0)
def executing_too_few_actions(p: Play) -> Result:
    club = Club(p)
    return club.execute(club.passed(club.pays(), club.pays()), club.pays())


# Executing: what is done.


@scenario("insufficient_funds", 0)
def a_payment_out_of_the_treasury(p: Play) -> Result:
    club = Club(p)
    done(club.execute(club.passed(club.pays(30), club.pays(12)), club.pays(30), club.pays(12)))
    return club.has(club.money, "dave", 42)


@scenario("ok")
def nothing_is_done(p: Play) -> Result:
    club = Club(p)
    return club.execute(club.passed())


@scenario("insufficient_funds", 0)
def an_action_that_fails(p: Play) -> Result:
    club = Club(p)
    return club.execute(club.passed(club.pays(1), club.pays(5_000)), club.pays(1), club.pays(5_000))


@scenario("insufficient_funds", 0)
def an_action_that_fails_leaves_nothing(p: Play) -> Result:
    """It is done when there is enough."""
    club = Club(p)
    proposal = club.passed(club.pays(1), club.pays(5_000))
    assert club.execute(proposal, club.pays(1), club.pays(5_000)) == ("insufficient_funds", 0)
    assert club.has(club.money, "dave", 0) == ("insufficient_funds", 0)
    p.ok(build.mint(club.money, club.id, 1), by="brand")
    done(club.execute(proposal, club.pays(1), club.pays(5_000)))
    return club.has(club.money, "dave", 5_001)


@scenario("insufficient_funds", 1)
def an_execution_among_other_operations(p: Play) -> Result:
    club = Club(p)
    proposal = club.passed(club.pays(5_001))
    return p.send(build.once(p.id("alice"), NOTHING), build.execute(proposal, [club.pays(5_001)]), by="alice")


@scenario("unauthorized", 0)
def an_action_of_somebody_who_did_not_sign(p: Play) -> Result:
    club = Club(p)
    pays = build.transfer(club.money, p.id("alice"), p.id("bob"), 1)
    return club.execute(club.passed(pays), pays)


@scenario("ok")
def an_action_of_somebody_who_signed(p: Play) -> Result:
    club = Club(p)
    pays = build.transfer(club.money, p.id("alice"), p.id("bob"), 1)
    return club.execute(club.passed(pays, club.pays()), pays, club.pays(), by="alice")


@scenario("needs_proposal", 0)
def an_action_of_another_that_is_governed(p: Play) -> Result:
    """A proposal of one has no authority for another."""
    club = Club(p)
    other = p.open("other", "chair")
    p.ok(build.mint(club.money, other, 9), by="brand")
    articles = [build.article([TRANSFER, SET_CONSTITUTION], [0])]
    done(p.send(build.set_constitution(other, build.constitution(club.rules, articles)), by="other/chair brand"))
    pays = build.transfer(club.money, other, p.id("bob"), 1)
    return club.execute(club.passed(pays), pays, by="other/chair")


@scenario("needs_proposal", 1)
def a_proposal_has_authority_for_its_actions_only(p: Play) -> Result:
    club = Club(p)
    proposal = club.passed(club.pays())
    return p.send(build.execute(proposal, [club.pays()]), club.pays(), by="club/chair")


@scenario("ok")
def two_executions_in_a_transaction(p: Play) -> Result:
    club = Club(p)
    one, two = club.proposed(club.pays()), club.proposed(club.pays(), salt=OTHER)
    for proposal in (one, two):
        club.voted(proposal, "alice")
    club.at(ENDS)
    both = [
        operation for each in (one, two) for operation in (build.conclude(each), build.execute(each, [club.pays()]))
    ]
    return p.send(*both, by="anybody")


@scenario("insufficient_funds", 0)
def a_proposal_mints(p: Play) -> Result:
    club = Club(p)
    powers = build.powers(mint=club.id)
    p.ok(build.create(p.id("brand"), "NEW", 0, 100, [build.lots("day")], powers), by="brand")
    asset = asset_id(p.id("brand"), "NEW")
    mint = build.mint(asset, p.id("dave"), 7)
    assert p.send(mint, by="club/chair") == ("needs_proposal", 0)
    done(club.execute(club.passed(mint), mint))
    return club.has(asset, "dave", 7)


@scenario("ok")
def a_proposal_sets_keys(p: Play) -> Result:
    club = Club(p)
    keys = build.set_keys(club.id, 1, [build.grant(p.key("new"))])
    done(club.execute(club.passed(keys), keys))
    assert p.send(build.burn(club.money, club.id, 1), by="club/chair") == ("unknown_key", None)
    assert p.send(club.pays(), by="club/new") == ("needs_proposal", 0)
    return p.send(build.burn(club.money, club.id, 1), by="club/new")


@scenario("max_holding_exceeded", 0)
def a_proposal_changes_a_policy(p: Play) -> Result:
    club = Club(p)
    p.ok(build.create(p.id("brand"), "NEW", 0, 100, [], build.powers(mint=p.id("brand"), change=club.id)), by="brand")
    asset = asset_id(p.id("brand"), "NEW")
    change = build.change(asset, policy=[build.max_holding(5)])
    done(club.execute(club.passed(change), change))
    return p.send(build.mint(asset, p.id("dave"), 6), by="brand")


@scenario("campaign_exists", 0)
def a_proposal_opens_a_campaign(p: Play) -> Result:
    club = Club(p)
    terms = build.campaign_terms([build.role(10_000, signs=True)], START + 90 * DAY)
    opens = build.open_campaign(club.id, SALT, club.money, 50, terms)
    done(club.execute(club.passed(opens), opens))
    slip = build.slip(SALT, START + 90 * DAY, 10, [p.id("dave")])
    campaign = campaign_id(club.id, SALT)
    signed = build.sign_slip(p.world.ledger_id, campaign, slip, [(0, p.world.key("dave"))])
    p.ok(build.claim(campaign, [signed]), by="anybody")
    return club.execute(club.passed(opens, salt=OTHER), opens)


@scenario("too_large")
def a_proposal_governs_the_ledger(p: Play) -> Result:
    club = Club(p)
    p.govern(governor=club.id)
    sets = build.set_parameters(build.parameters(governor=club.id, transaction_bytes_max=1_024))
    assert p.send(sets, by="club/chair") == ("needs_proposal", 0)
    done(club.execute(club.passed(sets), sets))
    return p.send(*[build.once(p.id("alice"), NOTHING)] * 20, by="alice")


def _constitutes(p: Play, rule: int) -> Result:
    """A constitution by which only the second rule may set another."""
    club = Club(p)
    articles = [build.article([TRANSFER], [0]), build.article([SET_CONSTITUTION], [1])]
    rules = [club.rule(), club.rule(quorum_bps=9_000)]
    sets = build.set_constitution(club.id, build.constitution(rules, articles))
    done(club.execute(club.passed(sets), sets, by="brand"))
    dissolve = build.set_constitution(club.id, None)
    status = club.propose(dissolve, rule=rule, salt=OTHER)
    if rule == 0:
        return status
    proposal = club.proposed(dissolve, rule=1, salt=b"3" * 16)
    for name in ("alice", "bob"):
        club.voted(proposal, name)
    p.later(DAY)
    done(club.conclude(proposal))
    done(club.execute(proposal, dissolve))
    return p.send(club.pays(), by="club/chair")


@scenario("wrong_rule", 0)
def a_constitution_by_another_rule_than_its_own(p: Play) -> Result:
    return _constitutes(p, 0)


@scenario("ok")
def a_constitution_by_its_own_rule(p: Play) -> Result:
    return _constitutes(p, 1)


@scenario("unauthorized", 0)
def a_constitution_needs_the_issuer_again(p: Play) -> Result:
    club = Club(p)
    sets = build.set_constitution(club.id, _another(club))
    return club.execute(club.passed(sets), sets)


@scenario("ok")
def a_club_that_issues_what_it_votes_by(p: Play) -> Result:
    """Its own authority for the asset comes with the proposal."""
    club = Club(p)
    p.ok(build.create(club.id, "VOTE", 0, 10, [], build.powers()), by="club/chair")
    rules = [build.rule(build.holders(asset_id(club.id, "VOTE")))]
    sets = build.set_constitution(club.id, build.constitution(rules, club.articles))
    return club.execute(club.passed(sets), sets)


@scenario("ok")
def a_proposal_takes_a_snapshot(p: Play) -> Result:
    club = Club(p, governed=[SET_CONSTITUTION, 0x80])
    p.ok(build.create(club.id, "VOTE", 0, 10, [], build.powers()), by="club/chair")
    snapshot = build.snapshot(asset_id(club.id, "VOTE"), START + 9 * DAY)
    return club.execute(club.passed(snapshot), snapshot)


# Resolutions.


def _resolved(club: Club, option: int = 0, subject: bytes = SUBJECT) -> Value:
    return build.resolved(club.id, rule_hash(club.rules[0]), subject, option)


def _waiting(p: Play, club: Club, condition: Value, salt: bytes = SALT) -> bytes:
    """A hold of alice's that is settled to bob on a condition."""
    terms = build.terms(condition, [build.share(p.id("bob"), 10_000)], START + 90 * DAY)
    p.ok(build.hold(p.id("alice"), salt, club.money, 10, terms), by="alice")
    return hold_id(p.id("alice"), salt)


def _settle(p: Play, hold: bytes) -> Result:
    return p.send(build.settle(hold), by="anybody")


@scenario("condition_unmet", 0)
def a_hold_on_what_is_not_resolved(p: Play) -> Result:
    club = Club(p)
    return _settle(p, _waiting(p, club, _resolved(club)))


@scenario("ok")
def a_hold_on_what_is_resolved(p: Play) -> Result:
    club = Club(p)
    hold = _waiting(p, club, _resolved(club))
    club.passed(subject=SUBJECT)
    return _settle(p, hold)


@scenario("condition_unmet", 0)
def a_hold_on_what_failed(p: Play) -> Result:
    club = Club(p)
    hold = _waiting(p, club, _resolved(club))
    proposal = club.proposed(subject=SUBJECT)
    club.voted(proposal, "alice", NO)
    club.at(ENDS)
    done(club.conclude(proposal))
    return _settle(p, hold)


@scenario("condition_unmet", 0)
def a_hold_on_another_subject(p: Play) -> Result:
    club = Club(p)
    hold = _waiting(p, club, _resolved(club, subject=NOTHING))
    club.passed(subject=SUBJECT)
    club.passed(salt=OTHER)
    return _settle(p, hold)


@scenario("condition_unmet", 0)
def a_hold_on_another_rule(p: Play) -> Result:
    club = Club(p)
    condition = build.resolved(club.id, rule_hash(club.rule(quorum_bps=1)), SUBJECT, 0)
    hold = _waiting(p, club, condition)
    club.passed(subject=SUBJECT)
    return _settle(p, hold)


@scenario("ok")
def holds_on_each_of_the_options(p: Play) -> Result:
    club = Club(p, form=build.approval())
    holds = [_waiting(p, club, _resolved(club, option), bytes([option]) * 16) for option in (0, 1)]
    proposal = club.proposed(options=[[], []], subject=SUBJECT)
    club.voted(proposal, "alice", build.approve(1))
    club.at(ENDS)
    done(club.conclude(proposal))
    assert _settle(p, holds[0]) == ("condition_unmet", 0)
    return _settle(p, holds[1])


@scenario("ok")
def what_was_resolved_first_stays(p: Play) -> Result:
    club = Club(p, form=build.approval())
    holds = [_waiting(p, club, _resolved(club, option), bytes([option]) * 16) for option in (0, 1)]
    for salt, option in ((SALT, 0), (OTHER, 1)):
        proposal = club.proposed(options=[[], []], subject=SUBJECT, salt=salt)
        club.voted(proposal, "alice", build.approve(option))
        p.later(DAY)
        done(club.conclude(proposal))
    assert _settle(p, holds[1]) == ("condition_unmet", 0)
    return _settle(p, holds[0])


@scenario("ok")
def backers_resolve_on_their_own_group(p: Play) -> Result:
    """What they have put in is paid when they say that the work is done."""
    club = Backers(p)
    hold = _waiting(p, club, build.all_of(_resolved(club), build.not_(_resolved(club, 1))), b"5" * 16)
    proposal = club.proposed(subject=SUBJECT)
    club.voted(proposal, "alice", YES, ["alice's", "alice+'s"])
    p.later(DAY)
    done(club.conclude(proposal))
    return _settle(p, hold)


def _parts(p: Play, count: int) -> Result:
    """A hold with so many resolutions among its conditions, and one part for what they are among."""
    condition = build.any_of(*[build.resolved(NOTHING, NOTHING, NOTHING, 0)] * count)
    terms = build.terms(condition, [build.share(p.id("bob"), 10_000)], START + DAY)
    return p.send(build.hold(p.id("alice"), SALT, NOTHING, 10, terms), by="alice")


@scenario("unknown_asset", 0)
def a_condition_with_seven_resolutions(p: Play) -> Result:
    return _parts(p, 7)


@scenario("invalid_condition", 0)
def a_condition_with_eight_resolutions(p: Play) -> Result:
    return _parts(p, 8)


@scenario("ok")
def a_hold_that_a_resolution_releases(p: Play) -> Result:
    club = Club(p)
    terms = build.terms(
        build.not_(build.after(0)), [build.share(p.id("bob"), 10_000)], START + 9 * DAY, release_if=_resolved(club)
    )
    p.ok(build.hold(p.id("alice"), SALT, club.money, 10, terms), by="alice")
    hold = hold_id(p.id("alice"), SALT)
    assert p.send(build.release(hold), by="anybody") == ("hold_pending", 0)
    club.passed(subject=SUBJECT)
    return p.send(build.release(hold), by="anybody")
