"""Recounts: against pyrankvote and plain recounts of single voters, the rules for ties, and bad input of every kind."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pyrankvote
import pytest
from counterfoil.governance import (
    Round,
    RunOff,
    count_approval,
    count_ranked,
    count_yes_no,
    decide,
    quorum_units,
    root_weight,
    run_off,
    split,
    support_units,
    threshold_units,
)
from hypothesis import given, settings
from hypothesis import strategies as st

OPTIONS = [pyrankvote.Candidate(str(option)) for option in range(6)]


def election(chance: random.Random) -> tuple[int, list[tuple[int, ...]]]:
    """A number of options, and the rankings of some voters, who agree in part."""
    options = chance.randint(2, 6)
    favour = [chance.random() for _ in range(options)]
    ballots = []
    for _ in range(chance.randint(1, 25)):
        order = sorted(range(options), key=lambda option: favour[option] + chance.random())
        ballots.append(tuple(order[: chance.randint(0, options)]))
    return options, ballots


def test_run_offs_are_those_of_pyrankvote():
    chance = random.Random(1)  # noqa: S311 - a test's, the same each time
    compared = 0
    for _ in range(4_000):
        options, ballots = election(chance)
        tally = count_ranked([(1, ballot) for ballot in ballots], options)
        found = run_off(tally.rankings, options)
        # It breaks ties otherwise. Among options that nobody counts for now, none decides anything.
        ties = [each for each in found.rounds if each.tied and each.counts[each.struck]]
        if ties or found.winner is None:
            continue
        theirs = pyrankvote.instant_runoff_voting(
            OPTIONS[:options], [pyrankvote.Ballot([OPTIONS[option] for option in ballot]) for ballot in ballots]
        )
        first = {int(each.candidate.name): each.number_of_votes for each in theirs.rounds[0].candidate_results}
        assert [int(candidate.name) for candidate in theirs.get_winners()] == [found.winner], ballots
        assert [first[option] for option in range(options)] == list(found.rounds[0].counts)
        compared += 1
    assert compared >= 2_000


def recounted(options: int, ballots: list[tuple[int, ...]]) -> tuple[int | None, list[int]]:
    """Who wins and who was struck out, ballot for ballot."""
    piles = [list(ballot) for ballot in ballots if ballot]
    standing, struck = list(range(options)), []
    while piles:
        held = {option: [pile[0] for pile in piles if pile].count(option) for option in standing}
        leaders = [option for option in standing if held[option] * 2 > sum(held.values())]
        if leaders or len(standing) == 1:
            return (leaders or standing)[0], struck
        struck.append(min(reversed(standing), key=lambda option: held[option]))
        standing.remove(struck[-1])
        piles = [[option for option in pile if option in standing] for pile in piles]
    return None, struck


@settings(max_examples=120, deadline=None)
@given(st.integers(2, 5), st.data())
def test_run_offs_with_ties_ballot_for_ballot(options, data):
    ranking = st.permutations(range(options)).flatmap(
        lambda order: st.integers(0, options).map(lambda size: tuple(order[:size]))
    )
    ballots = data.draw(st.lists(ranking, max_size=9))
    tally = count_ranked([(1, ballot) for ballot in ballots], options)
    found = run_off(tally.rankings, options)
    winner, struck = recounted(options, ballots)
    assert (found.winner, [each.struck for each in found.rounds[:-1]]) == (winner, struck)
    for each in found.rounds:
        assert each.counted + each.exhausted == tally.decided == len([ballot for ballot in ballots if ballot])
    # A weight is as many voters: that of seven times the weight goes the same way.
    heavier = run_off({ranking: 7 * weight for ranking, weight in tally.rankings.items()}, options)
    assert (heavier.winner, heavier.count) == (winner, 7 * found.count)
    assert run_off(dict(reversed(tally.rankings.items())), options) == found


def test_ties_strike_out_who_is_named_last():
    found = run_off({(0,): 2, (1,): 2, (2, 1): 2, (3, 0): 2}, 4)
    assert found.rounds == (
        Round((2, 2, 2, 2), 8, 0, 3, (0, 1, 2)),
        Round((4, 2, 2, None), 8, 0, 2, (1,)),
        # Half is not more than half.
        Round((4, 4, None, None), 8, 0, 1, (0,)),
        Round((4, None, None, None), 4, 4, None, ()),
    )
    assert (found.winner, found.count, found.by_majority) == (0, 4, True)
    assert run_off({(1,): 2, (0,): 2}, 2).winner == 0
    # Options that nobody names stand with 0, and go first, the last of them before the others.
    assert [each.struck for each in run_off({(2,): 2, (4,): 2}, 5).rounds] == [3, 1, 0, 4, None]
    assert run_off({}, 3) == RunOff(None, 0, ())
    assert not run_off({}, 3).by_majority


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 2**100),
            st.lists(st.integers(0, 2**60), min_size=3, max_size=3).filter(any),
        ),
        max_size=8,
    )
)
def test_yes_no_is_fair_to_the_unit(ballots):
    tally = count_yes_no(ballots)
    assert sum(tally.counts) == tally.cast == sum(weight for weight, _ in ballots)
    assert (tally.decided, tally.voters) == (tally.counts[0] + tally.counts[1], len(ballots))
    exact = [sum(Fraction(weight * shares[choice], sum(shares)) for weight, shares in ballots) for choice in range(3)]
    for count, expected in zip(tally.counts, exact, strict=True):
        assert abs(count - expected) < 3 * max(len(ballots), 1)
    for weight, shares in ballots:
        parts = split(weight, shares)
        first = shares.index(max(shares))
        for choice in range(3):
            rounded = math.floor(Fraction(weight * shares[choice], sum(shares)))
            assert parts[choice] == rounded if choice != first else rounded <= parts[choice] <= rounded + 2
            assert shares[choice] or not parts[choice]
    assert count_yes_no(ballots, heads=True).cast == len(ballots)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 6), st.data())
def test_approval_against_a_plain_recount(options, data):
    named = st.sets(st.integers(0, options - 1)).map(sorted)
    ballots = data.draw(st.lists(st.tuples(st.integers(1, 2**60), named), max_size=10))
    tally = count_approval(ballots, options)
    expected = [sum(weight for weight, named in ballots if option in named) for option in range(options)]
    abstained = sum(weight for weight, named in ballots if not named)
    assert tally.counts == (*expected, abstained)
    assert (tally.cast, tally.decided) == (sum(weight for weight, _ in ballots), tally.cast - abstained)
    verdict = decide(tally, electorate=2**64, quorum_bps=0, threshold_bps=0)
    assert (verdict.option, verdict.count) == (expected.index(max(expected)), max(expected))
    assert verdict.passed == bool(max(expected))
    shuffled = data.draw(st.permutations(ballots))
    assert count_approval(shuffled, options) == tally
    assert count_approval(ballots, options, heads=True).cast == len(ballots)


def test_ranked_counts_first_preferences():
    tally = count_ranked([(5, (1, 0)), (2, (0,)), (3, (1, 0)), (4, ())], 2, ranks_max=2)
    assert (tally.counts, tally.cast, tally.decided, tally.voters) == ((2, 8, 4), 14, 10, 4)
    assert tally.rankings == {(1, 0): 8, (0,): 2}
    assert count_ranked([], 2).counts == (0, 0, 0)
    assert count_ranked([(9, (0,)), (9, ())], 2, heads=True).cast == 2


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**128 - 1), st.integers(0, 10_000))
def test_the_arithmetic_is_exact(units, bps):
    assert quorum_units(units, bps) == support_units(units, bps) == math.ceil(Fraction(units * bps, 10_000))
    assert threshold_units(units, min(bps, 9_999)) == math.floor(Fraction(units * min(bps, 9_999), 10_000))
    root = root_weight(units)
    assert root * root <= units < (root + 1) ** 2


def yes_no(yes: int, no: int, abstain: int = 0):
    return count_yes_no([(weight, shares) for weight, shares in
                         ((yes, (1, 0, 0)), (no, (0, 1, 0)), (abstain, (0, 0, 1))) if weight])  # fmt: skip


@pytest.mark.parametrize(
    ("tally", "terms", "passed"),
    [
        # The quorum: reached, with abstentions; one short; nobody at all.
        (yes_no(6, 3, 1), (100, 1_000, 5_000, 0), True),
        (yes_no(6, 3), (100, 1_000, 5_000, 0), False),
        (yes_no(6, 4), (101, 1_000, 5_000, 0), False),
        (yes_no(0, 0), (100, 0, 0, 0), False),
        # The threshold is exceeded, not reached; abstentions do not count in it.
        (yes_no(5, 5), (100, 0, 5_000, 0), False),
        (yes_no(6, 5), (100, 0, 5_000, 0), True),
        (yes_no(2, 1, 90), (100, 0, 6_000, 0), True),
        (yes_no(2, 1), (100, 0, 6_666, 0), True),
        (yes_no(2, 1), (100, 0, 6_667, 0), False),
        (yes_no(10_000, 1), (10_001, 0, 9_999, 0), True),
        (yes_no(9_999, 1), (10_000, 0, 9_999, 0), False),
        # The support is reached, and rounded up.
        (yes_no(25, 0), (100, 0, 0, 2_500), True),
        (yes_no(25, 0), (101, 0, 0, 2_500), False),
        # Somebody has to be for it.
        (yes_no(0, 0, 9), (100, 0, 0, 0), False),
        (count_ranked([(9, ())], 2), (100, 0, 0, 0), False),
        # Of a run-off the last round counts, against all that decided.
        (count_ranked([(4, (0,)), (3, (1, 2)), (2, (2, 1))], 3), (9, 0, 5_000, 5_000), True),
        (count_ranked([(4, (0,)), (3, (1,)), (2, (2,))], 3), (9, 0, 5_000, 0), False),
    ],
)
def test_what_passes(tally, terms, passed):
    electorate, quorum_bps, threshold_bps, support_bps = terms
    verdict = decide(
        tally, electorate=electorate, quorum_bps=quorum_bps, threshold_bps=threshold_bps, support_bps=support_bps
    )
    assert verdict.passed is passed
    assert not verdict.passed or verdict.count >= 1
    # Where nobody takes part there is no quorum, whatever it is.
    assert tally.cast or not verdict.has_quorum
    assert (verdict.run_off is not None) == (tally.form == "ranked")


HUGE = 2**128


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "weight: expected an int, found float", lambda: split(1.0, (1, 0, 0))),
        (TypeError, "weight: expected an int, found bool", lambda: split(True, (1, 0, 0))),  # noqa: FBT003
        (TypeError, "share: expected an int, found float", lambda: split(1, (0.5, 0.5, 0))),
        (TypeError, "share: expected an int, found bool", lambda: split(1, (True, False, False))),
        (ValueError, "share: expected 0 to", lambda: split(1, (2, -1, 0))),
        (ValueError, "shares together: expected 1 to", lambda: split(1, (0, 0, 0))),
        (ValueError, "shares together: expected 1 to", lambda: split(1, ())),
        (ValueError, "shares together", lambda: split(1, (2**63, 2**63, 0))),
        (ValueError, "weight: expected 1 to", lambda: split(0, (1, 0, 0))),
        (ValueError, "found -5", lambda: count_yes_no([(-5, (1, 0, 0))])),
        (ValueError, "weight: expected 1 to", lambda: count_yes_no([(HUGE, (1, 0, 0))])),
        (ValueError, "weights together", lambda: count_yes_no([(HUGE - 1, (1, 0, 0)), (1, (1, 0, 0))])),
        (ValueError, "weights together", lambda: count_yes_no([(HUGE - 1, (1, 0, 0))] * 2, heads=True)),
        (ValueError, "yes, no and abstain, found 2", lambda: count_yes_no([(1, (1, 0))])),
        (ValueError, "found 4", lambda: count_yes_no([(1, (1, 0, 0, 0))])),
        (ValueError, "option: expected 0 to 2, found 3", lambda: count_approval([(1, (3,))], 3)),
        (ValueError, "option: expected 0 to 2, found -1", lambda: count_approval([(1, (-1,))], 3)),
        (TypeError, "option: expected an int, found str", lambda: count_approval([(1, "01")], 3)),
        (TypeError, "option: expected an int, found bool", lambda: count_approval([(1, (False, True))], 3)),
        (ValueError, "expected them to ascend", lambda: count_approval([(1, (1, 0))], 3)),
        (ValueError, "expected them to ascend", lambda: count_approval([(1, (1, 1))], 3)),
        (ValueError, "options: expected 2 to 16, found 1", lambda: count_approval([], 1)),
        (ValueError, "options: expected 2 to 16, found 17", lambda: count_ranked([], 17)),
        (TypeError, "options: expected an int", lambda: count_ranked([], 2.0)),
        (ValueError, "weight: expected 1 to", lambda: count_approval([(0, ())], 2)),
        (ValueError, "each once in a ballot", lambda: count_ranked([(1, (0, 1, 0))], 2)),
        (ValueError, "at most 1 in a ballot, found 2", lambda: count_ranked([(1, (0, 1))], 2, ranks_max=1)),
        (ValueError, "ranks_max: expected 1 to 16, found 0", lambda: count_ranked([], 2, ranks_max=0)),
        (ValueError, "option: expected 0 to 1, found 2", lambda: count_ranked([(1, (2,))], 2)),
        (TypeError, "weight: expected an int", lambda: count_ranked([(1.5, (0,))], 2)),
        (ValueError, "an option or more, found none", lambda: run_off({(): 1}, 2)),
        (ValueError, "weight: expected 1 to", lambda: run_off({(0,): 0}, 2)),
        (TypeError, "weight: expected an int", lambda: run_off({(0,): "1"}, 2)),
        (ValueError, "each once in a ballot", lambda: run_off({(0, 0): 1}, 2)),
        (ValueError, "option: expected 0 to 1, found 16", lambda: run_off({(16,): 1}, 2)),
        (ValueError, "weights together", lambda: run_off({(0,): HUGE - 1, (1,): 1}, 2)),
        (ValueError, "options: expected 2 to 16", lambda: run_off({}, 0)),
        (ValueError, "electorate: expected 0 to", lambda: quorum_units(-1, 0)),
        (ValueError, "electorate: expected 0 to", lambda: support_units(HUGE, 0)),
        (ValueError, "quorum_bps: expected 0 to 10,000", lambda: quorum_units(1, 10_001)),
        (ValueError, "threshold_bps: expected 0 to 9,999", lambda: threshold_units(1, 10_000)),
        (TypeError, "support_bps: expected an int, found float", lambda: support_units(1, 0.5)),
        (TypeError, "units: expected an int, found float", lambda: root_weight(4.0)),
        (ValueError, "units: expected 0 to", lambda: root_weight(-4)),
        (ValueError, "found one of 10,001 bits", lambda: root_weight(2**10_000)),
        (TypeError, "electorate", lambda: decide(yes_no(1, 0), electorate=None, quorum_bps=0, threshold_bps=0)),
    ],
)  # fmt: skip
def test_bad_input(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_the_extremes():
    tally = count_yes_no([(HUGE - 1, (2**64 - 2, 0, 1))])
    assert sum(tally.counts) == HUGE - 1
    verdict = decide(tally, electorate=HUGE - 1, quorum_bps=10_000, threshold_bps=9_999, support_bps=9_999)
    assert verdict.passed
    names = tuple(range(16))
    assert run_off({names: HUGE - 2, names[::-1]: 1}, 16).winner == 0
