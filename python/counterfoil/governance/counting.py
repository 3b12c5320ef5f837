"""The tallies of proposals once more, in plain integers: what a recount is done with.

They are those of *Proposals* in the reference of the operations, the rules for ties included. A ballot counts with its
weight; what is left out of it abstains.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from counterfoil._checks import integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Form = Literal["yes_no", "approval", "ranked"]

_BPS = 10_000
_WEIGHT_MAX = 2**128 - 1
_SHARES_MAX = 2**64 - 1
_OPTIONS_MAX = 16


@dataclass(frozen=True, slots=True)
class Tally:
    """What the ballots of a proposal come to.

    Attributes:
        form: yes_no, approval or ranked.
        counts: The weight for each option, and last that of abstentions: yes, no and abstain; of ranked ballots the
            first preferences.
        cast: All weights; where `heads` was asked for, a 1 for each ballot: it is held against the quorum.
        decided: The weights without those of abstentions: it is held against the threshold.
        voters: How many ballots there are.
        rankings: Of ranked ballots the weight of each ranking.
    """

    form: Form
    counts: tuple[int, ...]
    cast: int
    decided: int
    voters: int
    rankings: Mapping[tuple[int, ...], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Round:
    """A round of an instant run-off.

    Attributes:
        counts: The weight for each option; None for those that were struck out before.
        counted: All of these together.
        exhausted: The weight of rankings none of whose options stands any more.
        struck: The option that this round struck out, for it has the least count; None in the last round.
        tied: The other options with that count, which stay, for they are named earlier.
    """

    counts: tuple[int | None, ...]
    counted: int
    exhausted: int
    struck: int | None
    tied: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunOff:
    """An instant run-off.

    Attributes:
        winner: The option; None where nobody ranked any.
        count: The winner's weight in the last round.
        rounds: From the first to the one that the winner won.
    """

    winner: int | None
    count: int
    rounds: tuple[Round, ...]

    @property
    def by_majority(self) -> bool:
        """Whether the winner had more than half of the last round; else nobody else was left."""
        return bool(self.rounds) and 2 * self.count > self.rounds[-1].counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a proposal has passed, and by which numbers.

    Attributes:
        option: The option with the most; None where a run-off has no winner.
        count: Its weight: of an instant run-off that in the last round.
        cast: What took part.
        quorum: How much has to take part, at the least.
        decided: What did not abstain.
        threshold: What `count` has to exceed.
        support: What `count` has to reach.
        run_off: The rounds, of ranked ballots.
    """

    option: int | None
    count: int
    cast: int
    quorum: int
    decided: int
    threshold: int
    support: int
    run_off: RunOff | None = None

    @property
    def has_quorum(self) -> bool:
        """Enough took part; one at least."""
        return self.cast >= max(self.quorum, 1)

    @property
    def exceeds_threshold(self) -> bool:
        """Enough of those who decided are for it."""
        return self.count > self.threshold

    @property
    def has_support(self) -> bool:
        """Enough of the whole electorate are for it."""
        return self.count >= self.support

    @property
    def passed(self) -> bool:
        """All of these. So somebody is for it: what has to be exceeded is 0 at the least."""
        return self.has_quorum and self.exceeds_threshold and self.has_support


def root_weight(units: int) -> int:
    """The weight of units under a rule of weight `root`: the integer square root, rounded down.

    >>> root_weight(99)
    9
    """
    return math.isqrt(integer(units, "units", least=0, most=_WEIGHT_MAX))


def split(weight: int, shares: Sequence[int]) -> tuple[int, ...]:
    """The parts of a weight that shares give to choices.

    Each gets `weight * share / all shares`, rounded down, and the greatest share, of equals the first, what that leaves
    over.

    Args:
        weight: 1 or more.
        shares: One for each choice, 1 to 2^64 - 1 together.

    Raises:
        TypeError: No ints.
        ValueError: Out of these ranges.

    >>> split(100, (1, 1, 1)), split(100, (0, 1, 2))
    ((34, 33, 33), (0, 33, 67))
    """
    _weight(weight)
    for share in shares:
        integer(share, "share", least=0, most=_SHARES_MAX)
    whole = integer(sum(shares), "shares together", least=1, most=_SHARES_MAX)
    parts = [weight * share // whole for share in shares]
    parts[shares.index(max(shares))] += weight - sum(parts)
    return tuple(parts)


def count_yes_no(ballots: Iterable[tuple[int, Sequence[int]]], *, heads: bool = False) -> Tally:
    """Count ballots for yes, no and abstain.

    Args:
        ballots: Of each its weight, and the shares of yes, no and abstain: (1, 0, 0) is a plain yes.
        heads: `cast` counts ballots instead of weights, as rules of weight `root` do.

    Raises:
        TypeError: A weight or share that is no int.
        ValueError: A weight below 1, shares that are not three or come to 0 or to 2^64 or more, or weights that come to
            2^128 or more.

    >>> count_yes_no([(100, (1, 0, 0)), (50, (1, 2, 0)), (7, (0, 0, 1))]).counts
    (116, 34, 7)
    """
    counts = [0, 0, 0]
    weights = []
    for weight, shares in ballots:
        if len(shares) != 3:
            message = f"shares: expected those of yes, no and abstain, found {len(shares)}"
            raise ValueError(message)
        weights.append(weight)
        for choice, part in enumerate(split(weight, shares)):
            counts[choice] += part
    return Tally("yes_no", tuple(counts), _cast(weights, heads=heads), counts[0] + counts[1], len(weights))


def count_approval(ballots: Iterable[tuple[int, Sequence[int]]], options: int, *, heads: bool = False) -> Tally:
    """Count ballots that name the options they approve of.

    Args:
        ballots: Of each its weight, and the options, strictly ascending, from 0; none: it abstains.
        options: How many there are, 2 to 16.
        heads: `cast` counts ballots instead of weights, as rules of weight `root` do.

    Raises:
        TypeError: A weight or option that is no int.
        ValueError: A weight below 1, an option that there is not, options that do not ascend, or weights that come to
            2^128 or more.

    >>> count_approval([(3, (0, 2)), (2, (2,)), (1, ())], 3).counts
    (3, 0, 5, 1)
    """
    counts, decided = _no_counts(options), 0
    weights = []
    for weight, named in ballots:
        weights.append(_weight(weight))
        _options(named, options)
        if any(first >= second for first, second in itertools.pairwise(named)):
            message = f"options: expected them to ascend, found {list(named)!r:.80}"
            raise ValueError(message)
        for option in named or (options,):
            counts[option] += weight
        decided += weight if named else 0
    return Tally("approval", tuple(counts), _cast(weights, heads=heads), decided, len(weights))


def count_ranked(
    ballots: Iterable[tuple[int, Sequence[int]]], options: int, *, ranks_max: int = _OPTIONS_MAX, heads: bool = False
) -> Tally:
    """Count ballots that rank options: the first preferences, and how much each ranking weighs.

    Args:
        ballots: Of each its weight, and the options from the most preferred on, from 0; none: it abstains.
        options: How many there are, 2 to 16.
        ranks_max: How many a ballot may rank.
        heads: `cast` counts ballots instead of weights, as rules of weight `root` do.

    Raises:
        TypeError: A weight or option that is no int.
        ValueError: A weight below 1, an option that there is not, or twice in a ballot, too many of them, or weights
            that come to 2^128 or more.

    >>> tally = count_ranked([(4, (0,)), (3, (1, 2)), (2, (2, 1)), (1, ())], 3)
    >>> tally.counts, tally.rankings
    ((4, 3, 2, 1), {(0,): 4, (1, 2): 3, (2, 1): 2})
    >>> run_off(tally.rankings, 3).winner
    1
    """
    counts = _no_counts(options)
    most = integer(ranks_max, "ranks_max", least=1, most=_OPTIONS_MAX)
    rankings: dict[tuple[int, ...], int] = {}
    weights = []
    for weight, named in ballots:
        weights.append(_weight(weight))
        ranking = _ranking(named, options)
        if len(ranking) > most:
            message = f"options: expected at most {most} in a ballot, found {len(ranking)}"
            raise ValueError(message)
        counts[ranking[0] if ranking else options] += weight
        if ranking:
            rankings[ranking] = rankings.get(ranking, 0) + weight
    decided = sum(counts[:options])
    return Tally("ranked", tuple(counts), _cast(weights, heads=heads), decided, len(weights), rankings)


def run_off(rankings: Mapping[tuple[int, ...], int], options: int) -> RunOff:
    """Find the winner by instant run-off.

    In each round a ranking counts for its first option that still stands; one with none left counts for nobody. An
    option with more than half of what is counted in the round wins, and so does the only one left. Else the option with
    the least count is struck out, of equals the one named last.

    Args:
        rankings: The weight of each ranking, 1 or more; options from 0, from the most preferred on.
        options: How many there are, 2 to 16.

    Raises:
        TypeError: A weight or option that is no int.
        ValueError: A ranking that is empty or names an option twice or one that there is not, a weight below 1, or
            weights that come to 2^128 or more.

    >>> found = run_off({(0,): 4, (1, 2): 3, (2, 1): 2}, 3)
    >>> found.winner, found.count
    (1, 5)
    >>> [(each.counts, each.struck) for each in found.rounds]
    [((4, 3, 2), 2), ((4, 5, None), None)]
    """
    _no_counts(options)
    for ranking, weight in rankings.items():
        _weight(weight)
        if not _ranking(ranking, options):
            message = "ranking: expected an option or more, found none"
            raise ValueError(message)
    whole = _cast(list(rankings.values()), heads=False)
    rounds: list[Round] = []
    if not whole:
        return RunOff(None, 0, ())
    standing = set(range(options))
    while True:
        counts = dict.fromkeys(sorted(standing), 0)
        for ranking, weight in rankings.items():
            for option in ranking:
                if option in standing:
                    counts[option] += weight
                    break
        counted = sum(counts.values())
        shown = tuple(counts.get(option) for option in range(options))
        # The first of the greatest: where it is not alone with its count, it has no more than half.
        best = max(counts, key=counts.__getitem__)
        if 2 * counts[best] > counted or len(standing) == 1:
            rounds.append(Round(shown, counted, whole - counted, None, ()))
            return RunOff(best, counts[best], tuple(rounds))
        least = min(counts.values())
        *tied, struck = (option for option, count in counts.items() if count == least)
        rounds.append(Round(shown, counted, whole - counted, struck, tuple(tied)))
        standing.remove(struck)


def quorum_units(electorate: int, quorum_bps: int) -> int:
    """How much has to take part: `electorate * quorum / 10,000`, rounded up.

    >>> quorum_units(1001, 1000)
    101
    """
    return -(-_of(electorate, "electorate") * _bps(quorum_bps, "quorum_bps") // _BPS)


def threshold_units(decided: int, threshold_bps: int) -> int:
    """What an option has to exceed: `decided * threshold / 10,000`, rounded down.

    >>> threshold_units(101, 5000)
    50
    """
    return _of(decided, "decided") * _bps(threshold_bps, "threshold_bps", most=_BPS - 1) // _BPS


def support_units(electorate: int, support_bps: int) -> int:
    """What an option has to reach of the whole electorate: `electorate * support / 10,000`, rounded up.

    >>> support_units(1001, 2500)
    251
    """
    return -(-_of(electorate, "electorate") * _bps(support_bps, "support_bps") // _BPS)


def decide(tally: Tally, *, electorate: int, quorum_bps: int, threshold_bps: int, support_bps: int = 0) -> Verdict:
    """Say which option has the most, and whether it has passed.

    That is yes; of approvals the option with the greatest count, the first of equals; of rankings the winner of an
    instant run-off.

    Args:
        tally: The count.
        electorate: The whole of those who may vote, counted as `tally.cast` is.
        quorum_bps: How much of it has to take part, 0 to 10,000.
        threshold_bps: How much of what decided an option has to exceed, 0 to 9,999.
        support_bps: How much of the electorate an option has to reach, 0 to 10,000.

    Raises:
        TypeError: No int.
        ValueError: Out of these ranges.

    >>> tally = count_yes_no([(60, (1, 0, 0)), (40, (0, 1, 0))])
    >>> verdict = decide(tally, electorate=1000, quorum_bps=1000, threshold_bps=5000)
    >>> verdict.passed, verdict.quorum, verdict.threshold
    (True, 100, 50)
    """
    option: int | None = 0
    count = tally.counts[0]
    found = None
    if tally.form == "ranked":
        found = run_off(tally.rankings, len(tally.counts) - 1)
        option, count = found.winner, found.count
    elif tally.form == "approval":
        count = max(tally.counts[:-1])
        option = tally.counts.index(count)
    return Verdict(
        option=option,
        count=count,
        cast=tally.cast,
        quorum=quorum_units(electorate, quorum_bps),
        decided=tally.decided,
        threshold=threshold_units(tally.decided, threshold_bps),
        support=support_units(electorate, support_bps),
        run_off=found,
    )


def _weight(weight: object) -> int:
    return integer(weight, "weight", least=1, most=_WEIGHT_MAX)


def _of(units: int, what: str) -> int:
    return integer(units, what, least=0, most=_WEIGHT_MAX)


def _bps(value: int, what: str, *, most: int = _BPS) -> int:
    return integer(value, what, least=0, most=most)


def _cast(weights: Sequence[int], *, heads: bool) -> int:
    whole = integer(sum(weights), "weights together", least=0, most=_WEIGHT_MAX)
    return len(weights) if heads else whole


def _no_counts(options: int) -> list[int]:
    """A count of 0 for each option and for abstentions."""
    return [0] * (integer(options, "options", least=2, most=_OPTIONS_MAX) + 1)


def _options(named: Sequence[int], options: int) -> None:
    for option in named:
        integer(option, "option", least=0, most=options - 1)


def _ranking(named: Sequence[int], options: int) -> tuple[int, ...]:
    _options(named, options)
    if len(set(named)) != len(named):
        message = f"options: expected each once in a ballot, found {list(named)!r:.80}"
        raise ValueError(message)
    return tuple(named)
