"""Scenarios of family 7, governance: constitutions, and what they leave to an account's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.model import build
from tests.model.asset import asset_id
from tests.model.campaign import campaign_id
from tests.model.constitution import PERIOD_MS_MAX, RECOUNT_MS
from tests.model.hold import hold_id
from tests.model.state import AMOUNT_MAX, OPERATIONS
from tests.ops.club import (
    SALT,
    SET_CONSTITUTION,
    SET_KEYS,
    TRANSFER,
    Club,
    done,
    schema,
)
from tests.ops.play import DAY, HOUR, START, Play, Result, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.model.borsh import Value

NOTHING = bytes(32)
RECOVER, ALIAS, SETTLE, CLAIM = 0x15, 0x18, 0x42, 0x52
HOLDERS = build.holders(NOTHING)
MEMBERS = build.members(NOTHING, NOTHING)
MEMBER_HOLDERS = build.member_holders(NOTHING, NOTHING, NOTHING)
BACKERS = build.backers(NOTHING)


def _by_rule(*operations: int, rules: Sequence[int] = (0,)) -> Value:
    """An article by which only a proposal may do this."""
    return build.article(sorted({SET_CONSTITUTION, *operations}), rules)


def _forbidden(*operations: int) -> Value:
    return _by_rule(*operations, rules=[])


def _send(p: Play, rules: Sequence[Value] = (), articles: Sequence[Value] | None = None, by: str = "anybody") -> Result:
    """Give the account `club` a constitution, which by default only forbids others."""
    made = build.constitution(rules, [_forbidden()] if articles is None else articles)
    return p.send(build.set_constitution(p.id("club"), made), by=by)


def _rule(p: Play, electorate: Value = HOLDERS, **fields: Any) -> Result:
    """One rule, of whose fields alone it is to depend: nobody with the authority signs."""
    return _send(p, [build.rule(electorate, **fields)])


# Rules by themselves. Nobody has the authority, so that a valid one is refused for that.


@scenario("invalid_rule", 0)
def units_of_members(p: Play) -> Result:
    return _rule(p, MEMBERS, weight="units")


@scenario("invalid_rule", 0)
def roots_of_members(p: Play) -> Result:
    return _rule(p, MEMBERS, weight="root")


@scenario("invalid_rule", 0)
def holders_one_by_one(p: Play) -> Result:
    return _rule(p, HOLDERS, weight="member")


@scenario("invalid_rule", 0)
def roots_of_holders(p: Play) -> Result:
    return _rule(p, HOLDERS, weight="root")


@scenario("invalid_rule", 0)
def backers_one_by_one(p: Play) -> Result:
    return _rule(p, BACKERS, weight="member")


@scenario("invalid_rule", 0)
def roots_of_backers(p: Play) -> Result:
    return _rule(p, BACKERS, weight="root")


@scenario("unauthorized", 0)
def every_weight_of_an_electorate(p: Play) -> Result:
    weights = ["units", "member", "root"]
    rules = [build.rule(MEMBER_HOLDERS, weight=weight) for weight in weights]
    return _send(p, [*rules, build.rule(HOLDERS), build.rule(MEMBERS), build.rule(BACKERS)])


@scenario("invalid_rule", 0)
def a_quorum_of_more_than_all(p: Play) -> Result:
    return _rule(p, quorum_bps=10_001)


@scenario("invalid_rule", 0)
def a_support_of_more_than_all(p: Play) -> Result:
    return _rule(p, support_bps=10_001)


@scenario("invalid_rule", 0)
def a_threshold_that_nothing_passes(p: Play) -> Result:
    return _rule(p, threshold_bps=10_000)


@scenario("unauthorized", 0)
def the_most_that_can_be_asked_for(p: Play) -> Result:
    return _rule(p, quorum_bps=10_000, support_bps=10_000, threshold_bps=9_999)


@scenario("invalid_rule", 0)
def voting_that_takes_no_time(p: Play) -> Result:
    return _rule(p, voting_ms=0)


@scenario("invalid_rule", 0)
def no_time_to_execute(p: Play) -> Result:
    return _rule(p, execution_ms=0)


@scenario("invalid_rule", 0)
def a_delay_of_more_than_a_year(p: Play) -> Result:
    return _rule(p, MEMBERS, delay_ms=PERIOD_MS_MAX + 1)


@scenario("invalid_rule", 0)
def voting_for_more_than_a_year(p: Play) -> Result:
    return _rule(p, MEMBERS, voting_ms=PERIOD_MS_MAX + 1)


@scenario("invalid_rule", 0)
def an_extension_of_more_than_a_year(p: Play) -> Result:
    return _rule(p, MEMBERS, extension_ms=PERIOD_MS_MAX + 1)


@scenario("invalid_rule", 0)
def revealing_for_more_than_a_year(p: Play) -> Result:
    return _rule(p, MEMBERS, reveal_ms=PERIOD_MS_MAX + 1)


@scenario("invalid_rule", 0)
def a_timelock_of_more_than_a_year(p: Play) -> Result:
    return _rule(p, MEMBERS, timelock_ms=PERIOD_MS_MAX + 1)


@scenario("invalid_rule", 0)
def execution_for_more_than_a_year(p: Play) -> Result:
    return _rule(p, MEMBERS, execution_ms=PERIOD_MS_MAX + 1)


@scenario("invalid_rule", 0)
def a_snapshot_that_serves_for_more_than_a_year(p: Play) -> Result:
    return _rule(p, HOLDERS, snapshot_ms=PERIOD_MS_MAX + 1)


@scenario("unauthorized", 0)
def a_year_for_everything(p: Play) -> Result:
    names = ("delay_ms", "voting_ms", "extension_ms", "timelock_ms", "execution_ms")
    year = dict.fromkeys(names, PERIOD_MS_MAX)
    sealed = {**year, "extension_ms": 0, "reveal_ms": PERIOD_MS_MAX}
    rules = [build.rule(HOLDERS, **{**each, "snapshot_ms": PERIOD_MS_MAX}) for each in (year, sealed)]
    return _send(p, rules)


@scenario("invalid_rule", 0)
def sealed_votes_and_a_late_quorum(p: Play) -> Result:
    return _rule(p, reveal_ms=1, extension_ms=1)


@scenario("invalid_rule", 0)
def rankings_of_nothing(p: Play) -> Result:
    return _rule(p, form=build.ranked(0))


@scenario("invalid_rule", 0)
def rankings_of_17(p: Play) -> Result:
    return _rule(p, form=build.ranked(17))


@scenario("unauthorized", 0)
def the_shortest_and_the_longest_rankings(p: Play) -> Result:
    return _send(p, [build.rule(HOLDERS, form=build.ranked(ranks)) for ranks in (1, 16)])


@scenario("invalid_rule", 0)
def roots_with_a_support(p: Play) -> Result:
    return _rule(p, MEMBER_HOLDERS, weight="root", support_bps=1)


@scenario("invalid_rule", 0)
def a_deposit_of_nothing(p: Play) -> Result:
    return _rule(p, deposit=build.deposit(NOTHING, 0))


@scenario("invalid_rule", 0)
def a_deposit_of_10_to_the_38(p: Play) -> Result:
    return _rule(p, deposit=build.deposit(NOTHING, AMOUNT_MAX + 1))


@scenario("unauthorized", 0)
def the_smallest_and_the_largest_deposit(p: Play) -> Result:
    return _send(p, [build.rule(HOLDERS, deposit=build.deposit(NOTHING, units)) for units in (1, AMOUNT_MAX)])


def _periods(snapshot_ms: int) -> dict[str, int]:
    """With those of counting again 31 hours in all."""
    rest = 31 * 10 * HOUR - RECOUNT_MS - 6 * HOUR
    return {"delay_ms": 2 * HOUR, "voting_ms": rest, "extension_ms": 4 * HOUR, "snapshot_ms": snapshot_ms}


@scenario("invalid_rule", 0)
def more_than_32_snapshots_of_a_rule(p: Play) -> Result:
    return _rule(p, MEMBER_HOLDERS, **_periods(10 * HOUR - 1))


@scenario("unauthorized", 0)
def just_32_snapshots_of_a_rule(p: Play) -> Result:
    return _rule(p, MEMBER_HOLDERS, **_periods(10 * HOUR))


@scenario("invalid_rule", 0)
def a_snapshot_of_members(p: Play) -> Result:
    return _rule(p, MEMBERS, snapshot_ms=1)


@scenario("invalid_rule", 0)
def a_snapshot_of_backers(p: Play) -> Result:
    return _rule(p, BACKERS, snapshot_ms=1)


@scenario("invalid_rule", 0)
def nine_rules(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)] * 9)


@scenario("unauthorized", 0)
def eight_rules_that_are_alike(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)] * 8)


@scenario("invalid_rule", 0)
def a_wrong_rule_and_a_wrong_article(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS), build.rule(MEMBERS, voting_ms=0)], [])


# Articles by themselves.


@scenario("invalid_article", 0)
def no_article(p: Play) -> Result:
    return _send(p, [], [])


@scenario("invalid_article", 0)
def seventeen_articles(p: Play) -> Result:
    tags = sorted({0x10, 0x12, 0x13, 0x20, 0x22, 0x23, 0x24, 0x30, 0x31, 0x33, 0x34, 0x35, 0x36, 0x37, 0x40, 0x41})
    return _send(p, [], [_forbidden(), *[build.article([tag]) for tag in tags]])


@scenario("unauthorized", 0)
def sixteen_articles(p: Play) -> Result:
    tags = sorted({0x10, 0x12, 0x13, 0x20, 0x22, 0x23, 0x24, 0x30, 0x31, 0x33, 0x34, 0x35, 0x36, 0x37, 0x40})
    return _send(p, [], [_forbidden(), *[build.article([tag]) for tag in tags]])


@scenario("invalid_article", 0)
def an_article_on_nothing(p: Play) -> Result:
    return _send(p, [], [_forbidden(), build.article([])])


@scenario("invalid_article", 0)
def operations_that_descend(p: Play) -> Result:
    return _send(p, [], [build.article([SET_CONSTITUTION, TRANSFER])])


@scenario("invalid_article", 0)
def an_operation_twice_in_an_article(p: Play) -> Result:
    return _send(p, [], [build.article([TRANSFER, TRANSFER, SET_CONSTITUTION])])


@scenario("invalid_article", 0)
def an_operation_in_two_articles(p: Play) -> Result:
    return _send(p, [], [_forbidden(TRANSFER), build.article([TRANSFER], keys=True)])


@scenario("invalid_article", 0)
def an_article_on_an_unknown_operation(p: Play) -> Result:
    return _send(p, [], [_forbidden(0x19)])


@scenario("unauthorized", 0)
def an_article_on_proposals_themselves(p: Play) -> Result:
    return _send(p, [], [_forbidden(*range(0x71, 0x79))])


@scenario("invalid_article", 0)
def rules_that_descend(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)] * 2, [_by_rule(rules=[1, 0])])


@scenario("invalid_article", 0)
def a_rule_twice_in_an_article(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)] * 2, [_by_rule(rules=[1, 1])])


@scenario("invalid_article", 0)
def an_article_by_a_rule_that_there_is_not(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)], [_by_rule(rules=[0, 1])])


@scenario("invalid_article", 0)
def a_constitution_that_does_not_say_how_it_is_changed(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)], [build.article([TRANSFER], [0])])


@scenario("invalid_article", 0)
def a_constitution_that_keys_may_change(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)], [build.article([SET_CONSTITUTION], [0], keys=True)])


@scenario("unauthorized", 0)
def rules_that_no_article_names(p: Play) -> Result:
    return _send(p, [build.rule(MEMBERS)], [_forbidden()])


# Who may set one, and what it names.


@scenario("unauthorized", 0)
def a_constitution_in_the_name_of_another(p: Play) -> Result:
    p.open("club", "chair")
    return _send(p, by="alice")


@scenario("account_without_record", 0)
def a_constitution_of_a_key_account(p: Play) -> Result:
    return _send(p, by="club")


@scenario("account_without_record", 0)
def dissolving_what_has_no_record(p: Play) -> Result:
    return p.send(build.set_constitution(p.id("club"), None), by="club")


@scenario("account_without_record", 0)
def a_record_comes_before_what_a_rule_names(p: Play) -> Result:
    return _send(p, [build.rule(HOLDERS)], [_by_rule()], by="club")


@scenario("account_without_record", 0)
def a_constitution_of_an_alias(p: Play) -> Result:
    p.open("one", "chair")
    p.ok(build.alias(p.id("club"), p.id("one")), by="club one/chair")
    return _send(p, by="one/chair")


@scenario("account_without_record", 1)
def a_constitution_of_what_has_just_become_an_alias(p: Play) -> Result:
    p.open("club", "chair")
    p.open("one", "chair")
    constitution = build.constitution([], [_forbidden()])
    alias = build.alias(p.id("club"), p.id("one"))
    return p.send(alias, build.set_constitution(p.id("club"), constitution), by="club/chair one/chair")


@scenario("ok")
def keys_and_a_constitution_in_one_transaction(p: Play) -> Result:
    keys = build.set_keys(p.id("club"), 1, [build.grant(p.key("chair"))])
    constitution = build.constitution([], [_forbidden(TRANSFER)])
    return p.send(keys, build.set_constitution(p.id("club"), constitution), by="club")


@scenario("no_constitution", 0)
def dissolving_what_there_is_not(p: Play) -> Result:
    p.open("club", "chair")
    return p.send(build.set_constitution(p.id("club"), None), by="club/chair")


@scenario("unknown_asset", 0)
def voting_by_no_asset(p: Play) -> Result:
    p.open("club", "chair")
    return _send(p, [build.rule(HOLDERS)], [_by_rule()], by="club/chair")


def _collection(p: Play) -> bytes:
    brand = p.id("brand")
    p.ok(build.create(brand, "BADGE", 0, 10, [build.items()], build.powers(mint=brand)), by="brand")
    return asset_id(brand, "BADGE")


@scenario("not_fungible", 0)
def voting_by_items(p: Play) -> Result:
    p.open("club", "chair")
    return _send(p, [build.rule(build.holders(_collection(p)))], [_by_rule()], by="club/chair")


@scenario("unauthorized", 0)
def voting_by_the_asset_of_another(p: Play) -> Result:
    p.open("club", "chair")
    return _send(p, [build.rule(build.holders(p.asset()))], [_by_rule()], by="club/chair")


@scenario("wrong_scope", 0)
def voting_by_the_asset_of_one_whose_key_may_not_say_so(p: Play) -> Result:
    p.open("club", "chair")
    p.open("mint", "minter", build.grant(p.key("clerk"), [TRANSFER]))
    p.ok(build.create(p.id("mint"), "BEAN", 0, 10, [], build.powers()), by="mint/minter")
    electorate = build.holders(asset_id(p.id("mint"), "BEAN"))
    return _send(p, [build.rule(electorate)], [_by_rule()], by="club/chair mint/clerk")


@scenario("ok")
def voting_by_the_asset_of_another_who_agrees(p: Play) -> Result:
    p.open("club", "chair")
    return _send(p, [build.rule(build.holders(p.asset()))], [_by_rule()], by="club/chair brand")


@scenario("ok")
def voting_by_an_asset_of_its_own(p: Play) -> Result:
    club = p.open("club", "chair")
    p.ok(build.create(club, "VOTE", 0, 10, [], build.powers()), by="club/chair")
    return _send(p, [build.rule(build.holders(asset_id(club, "VOTE")))], [_by_rule()], by="club/chair")


@scenario("unknown_schema", 0)
def members_by_no_schema(p: Play) -> Result:
    p.open("club", "chair")
    return _send(p, [build.rule(MEMBERS)], [_by_rule()], by="club/chair")


@scenario("unknown_schema", 0)
def an_asset_comes_before_the_schema(p: Play) -> Result:
    p.open("club", "chair")
    electorate = build.member_holders(p.asset(), NOTHING, NOTHING)
    deposit = build.deposit(NOTHING, 1)
    return _send(p, [build.rule(electorate, deposit=deposit)], [_by_rule()], by="club/chair brand")


@scenario("unauthorized", 0)
def the_issuer_of_the_asset_comes_before_the_schema(p: Play) -> Result:
    p.open("club", "chair")
    electorate = build.member_holders(p.asset(), NOTHING, NOTHING)
    return _send(p, [build.rule(electorate)], [_by_rule()], by="club/chair")


def _members(p: Play, issuers: Sequence[str] | None, issuer: str = "registrar") -> Result:
    p.open("club", "chair")
    electorate = build.members(schema(p, issuers=issuers), p.id(issuer))
    return _send(p, [build.rule(electorate)], [_by_rule()], by="club/chair")


@scenario("invalid_electorate", 0)
def members_whom_anybody_names(p: Play) -> Result:
    return _members(p, [])


@scenario("invalid_electorate", 0)
def members_whom_two_name(p: Play) -> Result:
    return _members(p, ["registrar", "alice"])


@scenario("invalid_electorate", 0)
def members_whom_another_names(p: Play) -> Result:
    return _members(p, ["registrar"], "alice")


@scenario("ok")
def members_whom_one_names(p: Play) -> Result:
    return _members(p, ["registrar"])


@scenario("unknown_asset", 0)
def a_deposit_of_no_asset(p: Play) -> Result:
    p.open("club", "chair")
    rule = build.rule(BACKERS, deposit=build.deposit(NOTHING, 1))
    return _send(p, [rule, build.rule(MEMBERS)], [_by_rule()], by="club/chair")


@scenario("not_fungible", 0)
def a_deposit_of_items(p: Play) -> Result:
    p.open("club", "chair")
    rule = build.rule(BACKERS, deposit=build.deposit(_collection(p), 1))
    return _send(p, [rule, build.rule(MEMBERS)], [_by_rule()], by="club/chair")


@scenario("unknown_schema", 0)
def rules_are_looked_at_in_order(p: Play) -> Result:
    p.open("club", "chair")
    return _send(p, [build.rule(MEMBERS), build.rule(HOLDERS)], [_by_rule()], by="club/chair")


@scenario("ok")
def the_backers_of_a_group_that_is_yet_to_come(p: Play) -> Result:
    p.open("club", "chair")
    rule = build.rule(BACKERS, deposit=build.deposit(p.asset(), 1))
    return _send(p, [rule], [_by_rule()], by="club/chair")


@scenario("ok")
def the_largest_constitution(p: Play) -> Result:
    """Its record has to fit."""
    p.open("club", "chair")
    asset, members = p.asset(), schema(p)
    rule = build.rule(
        build.member_holders(asset, members, p.id("registrar")),
        form=build.ranked(16),
        guardian=p.id("alice"),
        deposit=build.deposit(asset, AMOUNT_MAX),
        proposer_weight=2**128 - 1,
    )
    tags = sorted(OPERATIONS)
    groups = [tags[place::16] for place in range(16)]
    articles = [build.article(group, range(8)) for group in groups]
    return _send(p, [rule] * 8, articles, by="club/chair brand")


# What is left to the keys.


@scenario("needs_proposal", 0)
def keys_change_the_constitution(p: Play) -> Result:
    club = Club(p)
    return club.constitute(club.constitution())


@scenario("needs_proposal", 0)
def keys_dissolve_the_constitution(p: Play) -> Result:
    return Club(p).constitute(None)


@scenario("constitution_forbids", 0)
def a_constitution_that_never_changes(p: Play) -> Result:
    return Club(p, rules=[], articles=[_forbidden()]).constitute(None)


@scenario("needs_proposal", 0)
def keys_do_what_needs_a_proposal(p: Play) -> Result:
    return p.send(Club(p).pays(), by="club/chair")


@scenario("constitution_forbids", 0)
def keys_do_what_nobody_may(p: Play) -> Result:
    club = Club(p, articles=[_by_rule(), build.article([TRANSFER])])
    return p.send(club.pays(), by="club/chair")


@scenario("ok")
def keys_do_what_is_theirs_alone(p: Play) -> Result:
    club = Club(p)
    return p.send(build.burn(club.money, club.id, 1), by="club/chair")


@scenario("ok")
def keys_do_what_a_proposal_may_do_too(p: Play) -> Result:
    club = Club(p, articles=[_by_rule(), build.article([TRANSFER], [0], keys=True)])
    return p.send(club.pays(), by="club/chair")


@scenario("ok")
def keys_do_what_an_article_leaves_to_them(p: Play) -> Result:
    club = Club(p, articles=[_by_rule(), build.article([TRANSFER], keys=True)])
    return p.send(club.pays(), by="club/chair")


@scenario("needs_proposal", 0)
def a_constitution_comes_before_the_scope_of_a_key(p: Play) -> Result:
    club = Club(p, governed=[TRANSFER, SET_CONSTITUTION])
    keys = [build.grant(p.key("chair")), build.grant(p.key("clerk"), [0x13])]
    p.ok(build.set_keys(club.id, 1, sorted(keys, key=lambda each: each.key)), by="club/chair")
    assert p.send(build.burn(club.money, club.id, 1), by="club/clerk") == ("wrong_scope", 0)
    return p.send(club.pays(), by="club/clerk")


@scenario("threshold_not_met", 0)
def a_governed_account_with_two_keys(p: Play) -> Result:
    club = Club(p, governed=[TRANSFER, SET_CONSTITUTION])
    keys = sorted((build.grant(p.key(each)) for each in ("chair", "clerk")), key=lambda each: each.key)
    p.ok(build.set_keys(club.id, 2, keys), by="club/chair")
    return p.send(build.burn(club.money, club.id, 1), by="club/clerk")


@scenario("unauthorized", 0)
def what_needs_a_proposal_in_the_name_of_another(p: Play) -> Result:
    club = Club(p)
    return p.send(build.set_keys(club.id, 1, [build.grant(p.key("alice"))]), by="alice")


@scenario("needs_proposal", 0)
def keys_that_are_set_leave_the_account_governed(p: Play) -> Result:
    club = Club(p, governed=[TRANSFER, SET_CONSTITUTION])
    p.ok(build.set_keys(club.id, 1, [build.grant(p.key("alice"))]), by="club/chair")
    return p.send(club.pays(), by="club/alice")


@scenario("ok")
def a_constitution_counts_from_the_next_transaction_on(p: Play) -> Result:
    club = p.open("club", "chair")
    asset = p.asset(club=10)
    constitution = build.constitution([], [_forbidden(TRANSFER)])
    pays = build.transfer(asset, club, p.id("alice"), 1)
    return p.send(build.set_constitution(club, constitution), pays, by="club/chair")


@scenario("needs_proposal", 1)
def a_constitution_counts_to_the_end_of_the_transaction(p: Play) -> Result:
    club = Club(p)
    dissolve = build.set_constitution(club.id, None)
    proposal = club.passed(dissolve)
    return p.send(build.execute(proposal, [dissolve]), club.pays(), by="club/chair")


@scenario("ok")
def an_account_that_is_governed_no_more(p: Play) -> Result:
    club = Club(p)
    dissolve = build.set_constitution(club.id, None)
    done(club.execute(club.passed(dissolve), dissolve))
    assert club.constitute(None) == ("no_constitution", 0)
    return p.send(club.pays(), by="club/chair")


# Aliases.


def _alias(p: Play, club: Club, name: str = "old") -> None:
    """Let somebody be an alias of the club."""
    p.ok(build.alias(p.id(name), club.id), by=f"{name} club/chair")


@scenario("ok")
def an_alias_of_a_governed_account(p: Play) -> Result:
    club = Club(p)
    _alias(p, club)
    return p.send(build.once(p.id("old"), NOTHING), by="club/chair")


@scenario("needs_proposal", 0)
def keys_pay_for_an_alias(p: Play) -> Result:
    club = Club(p)
    p.ok(build.mint(club.money, p.id("old"), 9), by="brand")
    _alias(p, club)
    return p.send(build.transfer(club.money, p.id("old"), p.id("dave"), 9), by="club/chair")


@scenario("ok")
def a_proposal_pays_for_an_alias(p: Play) -> Result:
    club = Club(p)
    p.ok(build.mint(club.money, p.id("old"), 9), by="brand")
    _alias(p, club)
    pays = build.transfer(club.money, p.id("old"), p.id("dave"), 9)
    return club.execute(club.passed(pays), pays)


@scenario("account_governed", 0)
def a_governed_account_as_an_alias(p: Play) -> Result:
    club = Club(p)
    return p.send(build.alias(club.id, p.id("alice")), by="club/chair alice")


@scenario("unauthorized", 0)
def a_governed_account_as_an_alias_of_one_who_did_not_sign(p: Play) -> Result:
    club = Club(p)
    return p.send(build.alias(club.id, p.id("alice")), by="club/chair")


@scenario("needs_proposal", 0)
def a_governed_account_whose_constitution_speaks_of_aliases(p: Play) -> Result:
    club = Club(p, governed=[ALIAS, SET_CONSTITUTION])
    return p.send(build.alias(club.id, p.id("alice")), by="club/chair alice")


@scenario("needs_proposal", 0)
def a_governed_account_takes_an_alias_by_a_proposal_only(p: Play) -> Result:
    club = Club(p, governed=[ALIAS, SET_CONSTITUTION])
    return p.send(build.alias(p.id("old"), club.id), by="old club/chair")


@scenario("ok")
def a_governed_account_takes_an_alias_by_a_proposal(p: Play) -> Result:
    club = Club(p, governed=[ALIAS, SET_CONSTITUTION])
    alias = build.alias(p.id("old"), club.id)
    return club.execute(club.passed(alias), alias, by="old")


@scenario("account_governed", 0)
def a_governed_account_as_an_alias_by_a_proposal(p: Play) -> Result:
    club = Club(p, governed=[ALIAS, SET_CONSTITUTION])
    alias = build.alias(club.id, p.id("alice"))
    return club.execute(club.passed(alias), alias, by="alice")


@scenario("account_governed", 0)
def a_governed_account_in_a_circle(p: Play) -> Result:
    club = Club(p)
    _alias(p, club)
    return p.send(build.alias(club.id, p.id("old")), by="club/chair")


@scenario("ok")
def what_is_governed_no_more_becomes_an_alias_at_once(p: Play) -> Result:
    """The constitution counts that stood when the execution began."""
    club = Club(p, governed=[ALIAS, SET_CONSTITUTION])
    actions = [build.set_constitution(club.id, None), build.alias(club.id, p.id("alice"))]
    return club.execute(club.passed(*actions), *actions, by="alice")


# Mandates.


def _mandated(p: Play, **fields: Any) -> Club:
    """A club of whose money alice may pay 50."""
    club = Club(p, **fields)
    limit = build.limit([TRANSFER], 50, DAY, START + 300 * DAY)
    p.ok(build.mandate(club.id, p.id("alice"), club.money, limit), by="club/chair")
    return club


@scenario("ok")
def a_mandate_of_a_governed_account(p: Play) -> Result:
    return p.send(_mandated(p, governed=[SET_CONSTITUTION]).pays(50), by="alice")


@scenario("needs_proposal", 0)
def a_mandate_for_what_needs_a_proposal(p: Play) -> Result:
    return p.send(_mandated(p).pays(50), by="alice")


@scenario("constitution_forbids", 0)
def a_mandate_for_what_nobody_may(p: Play) -> Result:
    return p.send(_mandated(p, articles=[_by_rule(), build.article([TRANSFER])]).pays(50), by="alice")


@scenario("needs_proposal", 0)
def no_mandate_for_what_needs_a_proposal(p: Play) -> Result:
    return p.send(Club(p).pays(50), by="bob")


@scenario("mandate_spent", 0)
def a_mandate_where_keys_may(p: Play) -> Result:
    club = _mandated(p, articles=[_by_rule(), build.article([TRANSFER], [0], keys=True)])
    return p.send(club.pays(51), by="alice")


@scenario("needs_proposal", 1)
def a_mandate_rests_from_the_operation_on_that_takes_it_from_the_keys(p: Play) -> Result:
    club = _mandated(p, governed=[SET_CONSTITUTION])
    sets = build.set_constitution(club.id, build.constitution(club.rules, [_by_rule(TRANSFER)]))
    proposal = club.passed(sets)
    done(p.send(club.pays(1), by="alice"))
    return p.send(build.execute(proposal, [sets]), club.pays(1), by="alice brand")


@scenario("ok")
def a_mandate_of_what_is_governed_no_more(p: Play) -> Result:
    club = _mandated(p)
    dissolve = build.set_constitution(club.id, None)
    return p.send(build.execute(club.passed(dissolve), [dissolve]), club.pays(1), by="alice")


@scenario("unauthorized", 0)
def no_mandate_where_none_is_possible(p: Play) -> Result:
    """That of the club is not looked at: nobody could have one for this."""
    return p.send(build.set_constitution(Club(p).id, None), by="alice")


@scenario("needs_proposal", 0)
def an_agent_that_needs_a_proposal_itself(p: Play) -> Result:
    club = Club(p)
    limit = build.limit([TRANSFER], 50, DAY, START + DAY)
    p.ok(build.mandate(p.id("alice"), club.id, club.money, limit), by="alice")
    return p.send(build.transfer(club.money, p.id("alice"), p.id("bob"), 1), by="club/chair")


@scenario("ok")
def an_agent_that_is_governed(p: Play) -> Result:
    club = Club(p, governed=[SET_CONSTITUTION])
    limit = build.limit([TRANSFER], 50, DAY, START + DAY)
    p.ok(build.mandate(p.id("alice"), club.id, club.money, limit), by="alice")
    return p.send(build.transfer(club.money, p.id("alice"), p.id("bob"), 1), by="club/chair")


@scenario("unauthorized", 0)
def a_proposal_is_no_agent(p: Play) -> Result:
    """Of a mandate the agent has to sign."""
    club = Club(p)
    limit = build.limit([TRANSFER], 50, DAY, START + 9 * DAY)
    p.ok(build.mandate(p.id("alice"), club.id, club.money, limit), by="alice")
    pays = build.transfer(club.money, p.id("alice"), p.id("bob"), 1)
    return club.execute(club.passed(pays), pays)


# Slips.


def _campaign(p: Play, club: Club) -> Value:
    """A slip of 10 that the club's key has signed for a campaign of bob's, which pays what the club says."""
    terms = build.campaign_terms([build.role(10_000), build.role(0, club.id, signs=True)], START + 90 * DAY)
    p.ok(build.mint(club.money, p.id("bob"), 50), by="brand")
    p.ok(build.open_campaign(p.id("bob"), SALT, club.money, 50, terms), by="bob")
    slip = build.slip(SALT, START + 90 * DAY, 10, [p.id("alice")])
    campaign = campaign_id(p.id("bob"), SALT)
    return build.claim(campaign, [build.sign_slip(p.world.ledger_id, campaign, slip, [(1, p.world.key("chair"))])])


@scenario("ok")
def a_slip_signed_by_a_key_of_a_governed_account(p: Play) -> Result:
    return p.send(_campaign(p, Club(p)), by="anybody")


@scenario("ok")
def a_slip_signed_where_keys_may(p: Play) -> Result:
    club = Club(p, articles=[_by_rule(), build.article([CLAIM], [0], keys=True)])
    return p.send(_campaign(p, club), by="anybody")


@scenario("wrong_signer", 0)
def a_slip_signed_by_a_key_where_it_needs_a_proposal(p: Play) -> Result:
    return p.send(_campaign(p, Club(p, governed=[CLAIM, SET_CONSTITUTION])), by="anybody")


@scenario("wrong_signer", 0)
def a_slip_signed_by_a_key_where_nobody_may(p: Play) -> Result:
    club = Club(p, articles=[_by_rule(), build.article([CLAIM])])
    return p.send(_campaign(p, club), by="anybody")


def _unsigned(claim: Value) -> Value:
    claim.slips[0].signatures = []
    return claim


@scenario("slip_unsigned", 0)
def a_slip_that_needs_a_proposal(p: Play) -> Result:
    claim = _unsigned(_campaign(p, Club(p, governed=[CLAIM, SET_CONSTITUTION])))
    return p.send(claim, by="club/chair")


@scenario("ok")
def a_proposal_signs_a_slip(p: Play) -> Result:
    club = Club(p, governed=[CLAIM, SET_CONSTITUTION])
    claim = _unsigned(_campaign(p, club))
    return club.execute(club.passed(claim), claim)


@scenario("bad_signature")
def a_forged_slip_in_a_proposal(p: Play) -> Result:
    """Nobody looks at it when it is proposed."""
    club = Club(p, governed=[CLAIM, SET_CONSTITUTION])
    claim = _campaign(p, club)
    claim.slips[0].signatures[0].signature = bytes(64)
    return club.execute(club.passed(claim), claim)


# Conditions.


def _held(p: Play, club: Club) -> Value:
    """The settlement of a hold that the club's authority settles."""
    terms = build.terms(build.signed_by(1, [club.id]), [build.share(p.id("bob"), 10_000)], START + 90 * DAY)
    p.ok(build.hold(p.id("alice"), SALT, club.money, 10, terms), by="alice")
    return build.settle(hold_id(p.id("alice"), SALT))


@scenario("ok")
def a_hold_that_keys_of_a_governed_account_settle(p: Play) -> Result:
    return p.send(_held(p, Club(p)), by="club/chair")


@scenario("condition_unmet", 0)
def a_hold_that_needs_a_proposal(p: Play) -> Result:
    return p.send(_held(p, Club(p, governed=[SETTLE, SET_CONSTITUTION])), by="club/chair")


@scenario("ok")
def a_hold_that_a_proposal_settles(p: Play) -> Result:
    club = Club(p, governed=[SETTLE, SET_CONSTITUTION])
    settle = _held(p, club)
    return club.execute(club.passed(settle), settle)


# Guardians.


def _guarded(p: Play, **fields: Any) -> Club:
    """A club with two guardians, one of whom is enough."""
    club = Club(p, **fields)
    p.ok(build.set_guardians(club.id, 1, sorted([p.id("alice"), p.id("bob")]), HOUR), by="club/chair")
    return club


def _recover(p: Play, club: Club, by: str = "alice") -> Result:
    return p.send(build.recover(club.id, 1, [build.grant(p.key("found"))]), by=by)


@scenario("ok")
def guardians_recover_a_governed_account(p: Play) -> Result:
    club = _guarded(p, governed=[TRANSFER, SET_CONSTITUTION])
    done(_recover(p, club))
    p.later(HOUR)
    done(p.send(build.finish_recovery(club.id), by="anybody"))
    assert p.send(club.pays(), by="club/found") == ("needs_proposal", 0)
    return p.send(build.burn(club.money, club.id, 1), by="club/found")


@scenario("needs_proposal", 0)
def guardians_do_not_replace_a_proposal(p: Play) -> Result:
    return _recover(p, _guarded(p))


@scenario("needs_proposal", 0)
def a_constitution_comes_before_how_many_guardians_signed(p: Play) -> Result:
    return _recover(p, _guarded(p), by="carol")


@scenario("constitution_forbids", 0)
def keys_that_nobody_may_set(p: Play) -> Result:
    return _recover(p, _guarded(p, articles=[_by_rule(), build.article([SET_KEYS])]))


@scenario("no_guardians", 0)
def no_guardians_come_before_the_constitution(p: Play) -> Result:
    return _recover(p, Club(p))


@scenario("ok")
def guardians_where_keys_may_be_set_by_keys_too(p: Play) -> Result:
    return _recover(p, _guarded(p, articles=[_by_rule(), build.article([SET_KEYS], [0], keys=True)]))


def _recovering(p: Play) -> Club:
    """A club that comes under a constitution while it is being recovered."""
    club = _guarded(p, governed=[SET_CONSTITUTION])
    sets = build.set_constitution(club.id, build.constitution(club.rules, [_by_rule(SET_KEYS)]))
    proposal = club.passed(sets)
    done(_recover(p, club))
    done(club.execute(proposal, sets, by="anybody brand"))
    return club


@scenario("needs_proposal", 0)
def a_recovery_when_it_needs_a_proposal(p: Play) -> Result:
    """Before it is due as well."""
    return p.send(build.finish_recovery(_recovering(p).id), by="anybody")


@scenario("needs_proposal", 0)
def a_recovery_that_is_due_when_it_needs_a_proposal(p: Play) -> Result:
    club = _recovering(p)
    p.later(HOUR)
    return p.send(build.finish_recovery(club.id), by="anybody")


@scenario("no_recovery", 0)
def no_recovery_comes_before_the_constitution(p: Play) -> Result:
    return p.send(build.finish_recovery(Club(p).id), by="anybody")


@scenario("ok")
def a_recovery_that_a_proposal_ends(p: Play) -> Result:
    club = _guarded(p, governed=[SET_KEYS, SET_CONSTITUTION])
    keys = build.set_keys(club.id, 1, [build.grant(p.key("found"))])
    done(club.execute(club.passed(keys), keys))
    return p.send(build.burn(club.money, club.id, 1), by="club/found")


@scenario("ok")
def a_guardian_that_is_governed(p: Play) -> Result:
    """What it may do as a guardian its own constitution says."""
    club = Club(p, governed=[RECOVER, SET_CONSTITUTION])
    p.ok(build.set_guardians(p.id("alice"), 1, [club.id], HOUR), by="alice")
    recover = build.recover(p.id("alice"), 1, [build.grant(p.key("found"))])
    assert p.send(recover, by="club/chair") == ("too_few_guardians", 0)
    return club.execute(club.passed(recover), recover)
