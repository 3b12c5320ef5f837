"""Constitutions to begin with, and the rules that they are made of. Nothing here touches a ledger.

Every constitution here has two rules: rule 0 is for ordinary decisions, rule 1 for the constitution itself, and is
stricter. Its articles speak of these operations; what no article lists stays with the account's keys.

| name | operations |
|---|---|
| spending | transfer, pay, burn, redeem, hold, open_group, settle, release, give_item, sell_item, burn_item, complete_set, open_campaign, fund_campaign, close_campaign, distribute |
| issuing | create, change, mint, refund, claw_back, freeze, pause, design, issue_item, snapshot |
| saying | schema, attest, revoke |
| foundations | set_constitution, set_keys, set_guardians, mandate, renounce, sunset, set_parameters |

| preset | spending | issuing, saying | foundations | who votes |
|---|---|---|---|---|
| `fan_club` | rule 0 | rule 0 | rule 1 | holders by units; or, of them, members by the square root of their units |
| `brand_club` | rule 0 | keys, or rule 0 | rule 1 | holders of points by units, or members, one vote each |
| `cooperative` | rule 0 | rule 0 | rule 1 | members, one vote each |
| `council` | rule 0 | rule 0 | rule 1 | members: so many of them |

| preset | rule 0 | rule 1 |
|---|---|---|
| `fan_club`, `brand_club` | 5 % take part, a majority; 5 days, then 2 days | 20 %, two thirds; 14 days, then 7 days |
| `cooperative` | 20 % take part, a majority; 7 days, then 3 days | 40 %, two thirds; 14 days, then 7 days |
| `council` | k members are for it; 3 days | one more than k, where there is one; 7 days, then 2 days |

To change a number: `dataclasses.replace` of a rule, or a `Constitution` of one's own.
"""  # noqa: E501 - tables

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from counterfoil._checks import integer
from counterfoil.desk import Span, span_ms
from counterfoil.ops import (
    Approval,
    Article,
    BackersElectorate,
    Constitution,
    Deposit,
    Electorate,
    HoldersElectorate,
    MemberHoldersElectorate,
    MembersElectorate,
    Ranked,
    Rule,
    Weight,
)

if TYPE_CHECKING:
    from counterfoil.ops import Requirement

__all__ = [
    "FOUNDATIONS",
    "ISSUING",
    "SAYING",
    "SPENDING",
    "approval",
    "brand_club",
    "by_backers",
    "by_units",
    "cooperative",
    "council",
    "fan_club",
    "one_member_one_vote",
    "quadratic",
    "ranked",
    "sealed",
    "voting_rule",
]

SPENDING = (
    "transfer", "pay", "burn", "redeem", "hold", "open_group", "settle", "release", "give_item", "sell_item",
    "burn_item", "complete_set", "open_campaign", "fund_campaign", "close_campaign", "distribute",
)  # fmt: skip
"""The operations by which an account parts with what it has. With settle and release it agrees to what is in holds."""

ISSUING = (
    "create", "change", "mint", "refund", "claw_back", "freeze", "pause", "design", "issue_item", "snapshot",
)  # fmt: skip
"""The operations by which an account makes assets and has power over them."""

SAYING = ("schema", "attest", "revoke")
"""The operations by which an account says something, its own settings among it."""

FOUNDATIONS = (
    "set_constitution", "set_keys", "set_guardians", "mandate", "renounce", "sunset", "set_parameters",
)  # fmt: skip
"""The operations that change who decides, or cannot be undone."""

_RECOUNT_MS = span_ms("7d")
"""How long balances can still be read after a vote, so that anybody may count again."""

_SNAPSHOTS = 31
"""A snapshot of balances is used for so long that a rule never needs more than one more than so many."""

_BPS = 10_000
_MEMBERS_MAX = 10_000
"""So many members are told apart by parts of 10,000."""


def voting_rule(
    electorate: Electorate,
    weight: Weight,
    *,
    quorum_bps: int = 2_000,
    threshold_bps: int = 5_000,
    support_bps: int = 0,
    delay: Span = 0,
    voting: Span = "7d",
    extension: Span = "1d",
    timelock: Span = "2d",
    execution: Span = "30d",
    snapshot: Span | None = None,
    proposer_weight: int = 1,
    guardian: bytes | None = None,
    deposit: Deposit | None = None,
) -> Rule:
    """A rule to vote yes or no by, with lengths of time as texts. `approval`, `ranked` and `sealed` make others of it.

    Args:
        electorate: Who votes.
        weight: What a vote counts.
        quorum_bps: How much of the electorate must take part, of 10,000 parts.
        threshold_bps: More than how much of what was decided must be for it.
        support_bps: How much of the electorate must be for it.
        delay: From the proposal to the vote.
        voting: How long the vote is open.
        extension: How long it is still open when the quorum is reached late.
        timelock: From the vote's end to its conclusion, in which the guardian may veto.
        execution: How long what passed may be executed.
        snapshot: How old the balances may be by which is voted; as little as the ledger allows if None. Without an
            asset in the electorate there are none.
        proposer_weight: What the proposer's own vote must count.
        guardian: Who may veto, an account id of 32 bytes.
        deposit: What the proposer puts down.

    Raises:
        TypeError, ValueError: A length of time that is none.
        WireError: A number out of its range.
    """
    has_asset = isinstance(electorate, (HoldersElectorate, MemberHoldersElectorate))
    at_least = -(-(sum(map(span_ms, (delay, voting, extension))) + _RECOUNT_MS) // _SNAPSHOTS) if has_asset else 0
    return Rule(
        electorate=electorate,
        weight=weight,
        quorum_bps=quorum_bps,
        support_bps=support_bps,
        threshold_bps=threshold_bps,
        delay_ms=span_ms(delay),
        voting_ms=span_ms(voting),
        extension_ms=span_ms(extension),
        timelock_ms=span_ms(timelock),
        execution_ms=span_ms(execution),
        snapshot_ms=at_least if snapshot is None else span_ms(snapshot),
        proposer_weight=proposer_weight,
        guardian=guardian,
        deposit=deposit,
    )


def one_member_one_vote(members: Requirement, **terms: Any) -> Rule:  # noqa: ANN401 - named by voting_rule
    """Each member has one vote.

    Args:
        members: The attestation that members have. Its schema lists its issuer alone.
        **terms: As of `voting_rule`.

    >>> from counterfoil.ops import Requirement
    >>> rule = one_member_one_vote(Requirement(b"s" * 32, b"i" * 32), quorum_bps=1_000, timelock="3d")
    >>> rule.weight.name, rule.timelock_ms
    ('MEMBER', 259200000)
    """
    return voting_rule(MembersElectorate(members.schema, members.issuer), Weight.MEMBER, **terms)


def by_units(asset: bytes, **terms: Any) -> Rule:  # noqa: ANN401 - named by voting_rule
    """Holders vote with as many votes as they had units before the proposal.

    Args:
        asset: The asset's id, 32 bytes.
        **terms: As of `voting_rule`.
    """
    return voting_rule(HoldersElectorate(asset), Weight.UNITS, **terms)


def quadratic(asset: bytes, members: Requirement, **terms: Any) -> Rule:  # noqa: ANN401 - named by voting_rule
    """Holders who are members vote with the square root of their units. The quorum counts members.

    Without members one could split a balance between many accounts, and have more votes: there is no such rule.

    Args:
        asset: The asset's id, 32 bytes.
        members: The attestation that each person has once.
        **terms: As of `voting_rule`, but for `support_bps`.
    """
    electorate = MemberHoldersElectorate(asset, members.schema, members.issuer)
    return voting_rule(electorate, Weight.ROOT, **terms)


def by_backers(group: bytes, **terms: Any) -> Rule:  # noqa: ANN401 - named by voting_rule
    """Backers of a group of holds vote with what is left in their holds. Anybody may propose.

    Args:
        group: The group's id, 32 bytes. It need not be there yet.
        **terms: As of `voting_rule`.
    """
    return voting_rule(BackersElectorate(group), Weight.UNITS, **terms)


def approval(rule: Rule) -> Rule:
    """The same rule to choose between options: each member approves of as many as it likes."""
    return replace(rule, form=Approval())


def ranked(rule: Rule, ranks_max: int = 5) -> Rule:
    """The same rule to choose between options: each member ranks some, counted as an instant run-off.

    Args:
        rule: The rule.
        ranks_max: How many a ballot may rank. With 3 there may be 12 options, with 4 or 5 still 6 or 7.
    """
    return replace(rule, form=Ranked(ranks_max))


def sealed(rule: Rule, reveal: Span = "2d") -> Rule:
    """The same rule with ballots that nobody can read before the vote ends. Then it is not extended.

    Args:
        rule: The rule.
        reveal: How long ballots may be revealed after the vote.
    """
    made = replace(rule, extension_ms=0, reveal_ms=span_ms(reveal))
    if not made.snapshot_ms:
        return made
    lasts = made.delay_ms + made.voting_ms + made.reveal_ms + _RECOUNT_MS
    return replace(made, snapshot_ms=max(made.snapshot_ms, -(-lasts // _SNAPSHOTS)))


def fan_club(coin: bytes, *, members: Requirement | None = None, guardian: bytes | None = None) -> Constitution:
    """Fans decide what the club does with what it has.

    Args:
        coin: The fans' coin, an asset id of 32 bytes. Its issuer signs for the founding as well.
        members: The attestation that each fan has once: then fans vote by the square root of their coins, and what one
            buys for more accounts of the same person counts nothing. None: by their coins.
        guardian: Who may veto, an account id of 32 bytes: the artist, say.
    """
    return _constitution(*_crowd(coin, members, guardian))


def brand_club(
    *, points: bytes | None = None, members: Requirement | None = None, guardian: bytes | None = None
) -> Constitution:
    """Customers decide what is done with a budget, and the brand may say no.

    Args:
        points: By whose units customers vote, an asset id of 32 bytes. Its issuer signs for the founding as well.
        members: The attestation of those who have one vote each. One of the two is given.
        guardian: Who may veto, an account id of 32 bytes: the brand.

    Raises:
        ValueError: Both points and members, or neither.
    """
    if points is not None and members is None:
        rules = _crowd(points, None, guardian)
    elif members is not None and points is None:
        rules = _clubs(members, guardian)
    else:
        message = "brand_club: expected points or members, found " + ("neither" if points is None else "both")
        raise ValueError(message)
    return _constitution(*rules, keys=True)


def cooperative(members: Requirement, *, guardian: bytes | None = None) -> Constitution:
    """Members decide, one vote each.

    Args:
        members: The attestation that members have: its issuer says who is one, and nobody else.
        guardian: Who may veto, an account id of 32 bytes: the board.

    >>> from counterfoil.ops import Requirement
    >>> coop = cooperative(Requirement(b"s" * 32, b"i" * 32))
    >>> [rule.threshold_bps for rule in coop.rules], [(article.keys, article.rules) for article in coop.articles]
    ([5000, 6666], [(False, (0,)), (False, (1,))])
    """
    ordinary = one_member_one_vote(members, quorum_bps=2_000, voting="7d", timelock="3d", guardian=guardian)
    return _constitution(ordinary, _stricter(ordinary, 4_000))


def council(members: Requirement, k: int, n: int, *, guardian: bytes | None = None) -> Constitution:
    """So many of the members must be for it, however many are against it.

    With another number of members it stays the same part of them, rounded up.

    Args:
        members: The attestation that members have.
        k: How many must be for it; one more, where there is one, to change the constitution.
        n: How many there are, at most 10,000.
        guardian: Who may veto, an account id of 32 bytes.

    Raises:
        TypeError: No ints.
        ValueError: Out of these ranges.

    >>> from counterfoil.governance import support_units
    >>> from counterfoil.ops import Requirement
    >>> [support_units(7, rule.support_bps) for rule in council(Requirement(b"s" * 32, b"i" * 32), 4, 7).rules]
    [4, 5]
    """
    integer(n, "n", least=1, most=_MEMBERS_MAX)
    integer(k, "k", least=1, most=n)
    rules = [
        one_member_one_vote(
            members,
            quorum_bps=0,
            threshold_bps=0,
            support_bps=needed * _BPS // n,
            voting=voting,
            extension=0,
            timelock=timelock,
            guardian=guardian,
        )
        for needed, voting, timelock in ((k, "3d", 0), (min(k + 1, n), "7d", "2d"))
    ]
    return _constitution(rules[0], rules[1])


def _crowd(asset: bytes, members: Requirement | None, guardian: bytes | None) -> tuple[Rule, Rule]:
    terms: dict[str, Any] = {"quorum_bps": 500, "voting": "5d", "guardian": guardian}
    ordinary = by_units(asset, **terms) if members is None else quadratic(asset, members, **terms)
    return ordinary, _stricter(ordinary, 2_000)


def _clubs(members: Requirement, guardian: bytes | None) -> tuple[Rule, Rule]:
    ordinary = one_member_one_vote(members, quorum_bps=500, voting="5d", guardian=guardian)
    return ordinary, _stricter(ordinary, 2_000)


def _stricter(ordinary: Rule, quorum_bps: int) -> Rule:
    """The rule by which the constitution is changed: two thirds, and more time."""
    return replace(
        ordinary,
        quorum_bps=quorum_bps,
        # 2 of 3 are more than 66.66 % of them; they are not more than 66.67 %.
        threshold_bps=6_666,
        voting_ms=span_ms("14d"),
        timelock_ms=span_ms("7d"),
        snapshot_ms=ordinary.snapshot_ms and -(-(span_ms("15d") + _RECOUNT_MS) // _SNAPSHOTS),
    )


def _constitution(ordinary: Rule, strict: Rule, *, keys: bool = False) -> Constitution:
    daily = [*ISSUING, *SAYING]
    articles = [
        Article(operations=SPENDING if keys else [*SPENDING, *daily], rules=[0]),
        Article(operations=FOUNDATIONS, rules=[1]),
    ]
    if keys:
        articles.append(Article(operations=daily, keys=True, rules=[0]))
    return Constitution([ordinary, strict], articles)
