"""Scores of predictions: against scikit-learn, the formulas in floats and logarithms of fifty digits, and bad input."""

from __future__ import annotations

import itertools
import math
import random
from decimal import Context, Decimal
from fractions import Fraction

import numpy
import pytest
from counterfoil.governance import Prediction, brier, in_parts, ln, log_score, peer_scores
from counterfoil.leaves import scores_root
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gmean
from sklearn.metrics import brier_score_loss, log_loss

ANN, BOB, EVE = (letter * 32 for letter in (b"a", b"b", b"e"))
DIGITS = Context(prec=120)


def test_means_are_those_of_scikit_learn():
    chance = random.Random(4)  # noqa: S311 - a test's, the same each time
    for options in (2, 3, 7):
        cases = []
        for _ in range(200):
            # None beyond 0.1% or 99.9%: scikit-learn has another floor.
            prediction = Prediction(tuple(chance.randint(10, 1_000) for _ in range(options)))
            cases.append((prediction, chance.randrange(options)))
        chances = [[float(prediction.probability(option)) for option in range(options)] for prediction, _ in cases]
        happened, labels = [place for _, place in cases], list(range(options))
        briers = sum(brier(*case) for case in cases) / len(cases)
        logs = sum(log_score(*case) for case in cases) / len(cases)
        theirs = brier_score_loss(happened, chances, labels=labels, scale_by_half=False)
        assert float(briers) == pytest.approx(theirs, rel=1e-12)
        assert -logs / 10**12 == pytest.approx(log_loss(happened, chances, labels=labels), rel=1e-12)
        if options == 2:
            # Brier's own score counts yes and no: it is twice what is also called by that name.
            half = brier_score_loss([place == 0 for place in happened], [yes for yes, _ in chances])
            assert float(briers) == pytest.approx(2 * half, rel=1e-12)


def exact(numerator: int, denominator: int) -> int:
    """The logarithm by Python's decimals, which are rounded correctly in each step, to far more digits."""
    difference = DIGITS.subtract(DIGITS.ln(Decimal(numerator)), DIGITS.ln(Decimal(denominator)))
    return int(DIGITS.to_integral_value(DIGITS.multiply(difference, Decimal(10**12))))


arguments = st.one_of(st.integers(1, 20_000), st.integers(1, 2**256 - 1))


@settings(max_examples=100, deadline=None)
@given(arguments, arguments)
def test_logarithms_are_right_to_the_last_digit(numerator, denominator):
    assert ln(numerator, denominator) == exact(numerator, denominator) == -ln(denominator, numerator)


def test_logarithms_of_all_basis_points():
    for bps in range(1, 10_000, 7):
        found = ln(bps, 10_000)
        assert found == exact(bps, 10_000)
        assert abs(found / 10**12 - math.log(bps / 10_000)) < 1e-12
    # Next to 1, and as far from it as can be.
    assert (ln(2**256 - 1, 2**256 - 2), ln(2**256 - 1, 1)) == (0, exact(2**256 - 1, 1))
    assert ln(10**12 + 1, 10**12) == 1
    assert ln(2 * 10**12 + 1, 2 * 10**12) == exact(2 * 10**12 + 1, 2 * 10**12) == 0


def test_logarithms_that_are_nearly_halves():
    # e^(k + 1/2 parts) cut short: the integer changes within a few units of a numerator of seventy digits.
    scale = 10**70
    for parts in (3, 10**6, 693_147_180_559):
        half = DIGITS.exp(DIGITS.divide(Decimal(2 * parts + 1), Decimal(2 * 10**12)))
        edge = int(DIGITS.multiply(half, Decimal(scale)))
        assert [ln(edge, scale), ln(edge + 1, scale)] == [parts, parts + 1]


def test_peer_scores_are_those_of_the_formula():
    chance = random.Random(5)  # noqa: S311 - a test's, the same each time
    for people in (2, 3, 50):
        predictions = {
            chance.randbytes(32): Prediction(tuple(chance.randint(10, 1_000) for _ in range(3))) for _ in range(people)
        }
        found = peer_scores(predictions, 1)
        assert list(found) == list(predictions)
        own = {account: float(each.probability(1)) for account, each in predictions.items()}
        together = gmean(numpy.array(list(own.values())))
        for account, score in found.items():
            others = [probability for other, probability in own.items() if other != account]
            direct = 100 * (math.log(own[account]) - math.fsum(map(math.log, others)) / len(others))
            assert score / 10**6 == pytest.approx(direct, abs=1e-6)
            # As Metaculus computes it: against everybody, oneself included, and by n / (n - 1).
            theirs = 100 * people / (people - 1) * math.log(own[account] / together)
            assert score / 10**6 == pytest.approx(theirs, abs=1e-6)
        # They add up to 0, half a part of rounding for each apart.
        assert abs(sum(found.values())) <= people / 2
        shuffled = list(predictions.items())
        chance.shuffle(shuffled)
        assert peer_scores(dict(shuffled), 1) == found
        assert scores_root(peer_scores(dict(shuffled), 1)) == scores_root(found)


def test_who_is_alone_or_like_the_others_scores_0():
    assert peer_scores({ANN: Prediction.of_yes(1)}, 0) == {ANN: 0}
    assert peer_scores(dict.fromkeys((ANN, BOB, EVE), Prediction.of_yes(3_333)), 0) == {ANN: 0, BOB: 0, EVE: 0}
    found = peer_scores(
        {ANN: Prediction.of_yes(9_000), BOB: Prediction.of_yes(5_000), EVE: Prediction.of_yes(5_000)}, 0
    )
    assert found == {ANN: 58_778_666, BOB: -29_389_333, EVE: -29_389_333}


def test_who_said_0_of_what_happened():
    # As if it had been 0.1%; and who was certain, as if 99.9%.
    for prediction in (Prediction.of_yes(0), Prediction.of_yes(1), Prediction.of_yes(10)):
        assert log_score(prediction, 0) == ln(1, 1_000) == -6_907_755_278_982
    assert log_score(Prediction.of_yes(11), 0) == ln(11, 10_000)
    for prediction in (Prediction.of_yes(10_000), Prediction.of_yes(9_990), Prediction((1, 0, 0))):
        assert log_score(prediction, 0) == ln(999, 1_000)
    found = peer_scores({ANN: Prediction.of_yes(0), BOB: Prediction.of_yes(10_000)}, 0)
    assert found == {ANN: -690_675_478, BOB: 690_675_478}
    # Brier's score needs no floor.
    assert [brier(Prediction.of_yes(yes), 0) for yes in (0, 10_000)] == [2, 0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=6).filter(any), st.integers(2, 10**6), st.data())
def test_only_proportions_count(parts, factor, data):
    happened = data.draw(st.integers(0, len(parts) - 1))
    prediction, multiple = Prediction(tuple(parts)), Prediction(tuple(factor * part for part in parts))
    assert brier(prediction, happened) == brier(multiple, happened)
    assert log_score(prediction, happened) == log_score(multiple, happened)
    expected = sum((prediction.probability(option) - (option == happened)) ** 2 for option in range(len(parts)))
    assert brier(prediction, happened) == expected
    assert 0 <= expected <= 2
    assert ln(1, 1_000) <= log_score(prediction, happened) <= ln(999, 1_000)
    # What did not happen may be told apart in any way.
    others = parts[:happened] + parts[happened + 1 :]
    order = data.draw(st.permutations(others))
    assert brier(Prediction((*order[:happened], parts[happened], *order[happened:])), happened) == brier(
        prediction, happened
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(20, 9_980), st.integers(20, 9_980))
def test_nobody_does_better_than_by_saying_what_he_holds_to_be_true(truth, said):
    """Both scores are proper: on average the true probability scores best, by 0.1% to 99.9%."""
    honest, other = Prediction.of_yes(truth), Prediction.of_yes(said)
    chances = (truth, 10_000 - truth)
    mean_brier = [sum(chances[place] * brier(each, place) for place in (0, 1)) for each in (honest, other)]
    mean_log = [sum(chances[place] * log_score(each, place) for place in (0, 1)) for each in (honest, other)]
    assert mean_brier[0] < mean_brier[1] if truth != said else mean_brier[0] == mean_brier[1]
    assert mean_log[0] > mean_log[1] if truth != said else mean_log[0] == mean_log[1]


def test_scores_are_posted_in_parts():
    assert [in_parts(Fraction(*each)) for each in ((1, 2), (1, 3), (2, 3), (1, 2 * 10**6), (3, 2 * 10**6))] == [
        500_000, 333_333, 666_667, 0, 2,
    ]  # fmt: skip
    posted = {account: in_parts(brier(Prediction.of_yes(yes), 1)) for account, yes in ((ANN, 100), (BOB, 9_900))}
    assert posted == {ANN: 200, BOB: 1_960_200}
    assert len({scores_root(posted), scores_root({ANN: 1_960_200, BOB: 200}), scores_root({ANN: 200})}) == 3


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, "options: expected 2 to 1,000, found 1", lambda: Prediction((1,))),
        (ValueError, "options: expected 2 to 1,000, found 0", lambda: Prediction(())),
        (ValueError, "found 1,001", lambda: Prediction((1,) * 1_001)),
        (ValueError, "parts together: expected 1 to", lambda: Prediction((0, 0))),
        (ValueError, "part: expected 0 to", lambda: Prediction((2, -1))),
        (ValueError, "part: expected 0 to", lambda: Prediction((2**64, 0))),
        (ValueError, "parts together", lambda: Prediction((2**63, 2**63))),
        (ValueError, "found one of 50,001 bits", lambda: Prediction((1, 2**50_000))),
        (TypeError, "part: expected an int, found float", lambda: Prediction((0.5, 0.5))),
        (TypeError, "part: expected an int, found bool", lambda: Prediction((True, False))),
        (TypeError, "part: expected an int, found str", lambda: Prediction("12")),
        (TypeError, "part: expected an int, found Decimal", lambda: Prediction((Decimal(1), 2))),
        (ValueError, "yes_bps: expected 0 to 10,000, found 10,001", lambda: Prediction.of_yes(10_001)),
        (ValueError, "yes_bps: expected 0 to 10,000, found -1", lambda: Prediction.of_yes(-1)),
        (TypeError, "yes_bps: expected an int, found float", lambda: Prediction.of_yes(0.8)),
        (TypeError, "yes_bps: expected an int, found bool", lambda: Prediction.of_yes(True)),  # noqa: FBT003
        (ValueError, "basis points together: expected 10,000", lambda: Prediction.of_bps(5_000, 4_999)),
        (ValueError, "options: expected 2", lambda: Prediction.of_bps(10_000)),
        (ValueError, "option: expected 0 to 1, found 2", lambda: brier(Prediction.of_yes(1), 2)),
        (ValueError, "option: expected 0 to 1, found -1", lambda: brier(Prediction.of_yes(1), -1)),
        (TypeError, "option: expected an int, found bool", lambda: brier(Prediction.of_yes(1), True)),  # noqa: FBT003
        (ValueError, "option: expected 0 to 1, found 2", lambda: log_score(Prediction.of_yes(1), 2)),
        (ValueError, "option: expected 0 to 1, found -1", lambda: log_score(Prediction.of_yes(1), -1)),
        (TypeError, "option: expected an int, found float", lambda: log_score(Prediction.of_yes(1), 0.0)),
        (ValueError, "expected one or more of the same options, found ..", lambda: peer_scores({}, 0)),
        (ValueError, r"found \[2, 3\] options",
         lambda: peer_scores({ANN: Prediction.of_yes(1), BOB: Prediction((1, 2, 3))}, 0)),
        (ValueError, "option: expected 0 to 1, found 2", lambda: peer_scores({ANN: Prediction.of_yes(1)}, 2)),
        (ValueError, "account: expected 32 bytes, found 3", lambda: peer_scores({b"ann": Prediction.of_yes(1)}, 0)),
        (TypeError, "account: expected 32 bytes, found str", lambda: peer_scores({"ann": Prediction.of_yes(1)}, 0)),
        (ValueError, "numerator: expected 1 to", lambda: ln(0, 1)),
        (ValueError, "denominator: expected 1 to", lambda: ln(1, -1)),
        (ValueError, "numerator: expected 1 to", lambda: ln(2**256, 1)),
        (TypeError, "numerator: expected an int, found float", lambda: ln(1.5, 1)),
        (TypeError, "denominator: expected an int, found bool", lambda: ln(1, True)),  # noqa: FBT003
    ],
)  # fmt: skip
def test_bad_input(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_extremes():
    tiny = Prediction((1, 2**64 - 2))
    assert [log_score(tiny, place) for place in (0, 1)] == [ln(1, 1_000), ln(999, 1_000)]
    assert brier(tiny, 0) == 2 * Fraction(2**64 - 2, 2**64 - 1) ** 2
    assert in_parts(brier(tiny, 0)) == 2_000_000
    many = Prediction(tuple(itertools.repeat(1, 1_000)))
    assert log_score(many, 999) == ln(1, 1_000)
