"""How good forecasts were, in numbers that anybody computes again to the last digit.

A prediction gives each option a probability, in integers. When one of the options has happened, three scores say how
good it was:

- Brier (1950, "Verification of forecasts expressed in terms of probability"), from 0, the best, to 2: the sum over the
  options of (p - o)², with o = 1 for what happened and 0 for the others. It is rational, and exact.
- The logarithmic score of Good (1952, "Rational decisions"): ln p of what happened, 0 at best.
- The peer score of Metaculus (https://www.metaculus.com/help/scores-faq/): 100 times the difference between one's own
  logarithmic score and the mean of everybody else's. Those of one question add up to 0.

Who says 0 of what happens would have a logarithm without end. So in the logarithms a probability counts as 0.1% at the
least and 99.9% at the most, which is the range in which Metaculus takes forecasts.

A logarithm is no rational number. Here it is *the integer nearest to 10^12 times it*: that is a number whoever computes
it, by whatever method; no two programs can differ in a digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from counterfoil._checks import identifier, integer

if TYPE_CHECKING:
    from collections.abc import Mapping

LN_UNIT = 10**12
"""The parts in which logarithms are given."""
SCORE_UNIT = 10**6
"""The parts in which scores are posted."""

_BPS = 10_000
_FLOOR = Fraction(10, _BPS)
_PARTS_MAX = 2**64 - 1
_ARGUMENT_MAX = 2**256 - 1
_OPTIONS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Prediction:
    """How likely somebody holds each option to be.

    Attributes:
        parts: Of each option, 0 or more; the probability is its part of them all.

    Raises:
        TypeError: Parts that are no ints.
        ValueError: Fewer than two options or more than 1,000, a part below 0, or parts that come to 0 or to 2^64 or
            more.

    >>> prediction = Prediction.of_yes(8_000)
    >>> prediction.parts, prediction.probability(0)
    ((8000, 2000), Fraction(4, 5))
    """

    parts: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check the parts."""
        object.__setattr__(self, "parts", tuple(self.parts))
        integer(len(self.parts), "options", least=2, most=_OPTIONS_MAX)
        for part in self.parts:
            integer(part, "part", least=0, most=_PARTS_MAX)
        integer(sum(self.parts), "parts together", least=1, most=_PARTS_MAX)

    @classmethod
    def of_yes(cls, yes_bps: int) -> Prediction:
        """A prediction of yes (option 0) or no, in basis points: 10,000 are certain.

        Raises:
            TypeError: No int.
            ValueError: Not 0 to 10,000.
        """
        integer(yes_bps, "yes_bps", least=0, most=_BPS)
        return cls((yes_bps, _BPS - yes_bps))

    @classmethod
    def of_bps(cls, *options_bps: int) -> Prediction:
        """A prediction in basis points.

        Raises:
            TypeError: No ints.
            ValueError: They do not add up to 10,000.
        """
        made = cls(options_bps)
        integer(sum(made.parts), "basis points together", least=_BPS, most=_BPS)
        return made

    def probability(self, option: int) -> Fraction:
        """How likely an option is.

        Raises:
            TypeError: No int.
            ValueError: There is no such option.
        """
        place = integer(option, "option", least=0, most=len(self.parts) - 1)
        return Fraction(self.parts[place], sum(self.parts))


def brier(prediction: Prediction, happened: int) -> Fraction:
    """The Brier score, exactly: 0 at best, 2 at worst.

    Args:
        prediction: What was predicted.
        happened: The option that came about, from 0.

    Raises:
        TypeError: No int.
        ValueError: There is no such option.

    >>> brier(Prediction.of_yes(8_000), 0)
    Fraction(2, 25)
    """
    # Of integers alone: (part/whole - 1)² for what happened, (part/whole)² for the others.
    whole = sum(prediction.parts)
    hit = integer(happened, "option", least=0, most=len(prediction.parts) - 1)
    squares = sum((part - whole * (place == hit)) ** 2 for place, part in enumerate(prediction.parts))
    return Fraction(squares, whole * whole)


def log_score(prediction: Prediction, happened: int) -> int:
    """The logarithmic score in parts of 10^12, rounded to the nearest: 0 at best.

    The probability of what happened counts as 0.1% at the least and 99.9% at the most.

    Args:
        prediction: What was predicted.
        happened: The option that came about, from 0.

    Raises:
        TypeError: No int.
        ValueError: There is no such option.

    >>> log_score(Prediction.of_yes(8_000), 0), log_score(Prediction.of_yes(0), 0)
    (-223143551314, -6907755278982)
    """
    probability = min(max(prediction.probability(happened), _FLOOR), 1 - _FLOOR)
    return ln(probability.numerator, probability.denominator)


def peer_scores(predictions: Mapping[bytes, Prediction], happened: int) -> dict[bytes, int]:
    """The peer score of each forecaster, in parts of 10^6, rounded to the nearest, halves to the even one.

    With n forecasters and the logarithmic scores L that is `100 * (L - the mean of the n - 1 others' L)`; 0 for who is
    alone.

    Args:
        predictions: Of each account what it predicted; one or more.
        happened: The option that came about, from 0.

    Raises:
        TypeError: An account that is not bytes, or no int.
        ValueError: No predictions, an account that is not 32 bytes, no such option, or predictions of other options.

    >>> ann, bob = b"a" * 32, b"b" * 32
    >>> found = peer_scores({ann: Prediction.of_yes(8_000), bob: Prediction.of_yes(5_000)}, 0)
    >>> found[ann], found[bob]
    (47000363, -47000363)
    """
    options = {len(prediction.parts) for prediction in predictions.values()}
    if len(options) != 1:
        message = f"predictions: expected one or more of the same options, found {sorted(options)} options"
        raise ValueError(message)
    logs = {identifier(account, "account"): log_score(each, happened) for account, each in predictions.items()}
    if len(logs) == 1:
        return dict.fromkeys(logs, 0)
    count, whole = len(logs), sum(logs.values())
    # own - (whole - own) / (count - 1) is (count * own - whole) / (count - 1).
    return {
        account: in_parts(Fraction(100 * (count * own - whole), (count - 1) * LN_UNIT)) for account, own in logs.items()
    }


def in_parts(score: Fraction) -> int:
    """A score as it is posted: in parts of 10^6, rounded to the nearest, halves to the even one.

    >>> in_parts(brier(Prediction((1, 2)), 0))
    888889
    """
    return round(score * SCORE_UNIT)


def ln(numerator: int, denominator: int) -> int:
    """The integer nearest to 10^12 times the natural logarithm of a fraction.

    The fraction is halved k times, until it is m from 1 to 2; then ln = k ln 2 + ln m, both by the series
    ln m = 2 (z + z³/3 + z⁵/5 + …), z = (m - 1) / (m + 1), at most 1/3. It is summed in integers with a bound for what
    was rounded off on the way, with as many more bits as it takes until all that the bound allows rounds to one
    integer. There is one, for the logarithm of no fraction but 1 is rational.

    Args:
        numerator: 1 or more.
        denominator: 1 or more.

    Raises:
        TypeError: No ints.
        ValueError: Below 1, or 2^256 or more.

    >>> ln(2, 1), ln(1, 2), ln(1, 1)
    (693147180560, -693147180560, 0)
    """
    above = integer(numerator, "numerator", least=1, most=_ARGUMENT_MAX)
    below = integer(denominator, "denominator", least=1, most=_ARGUMENT_MAX)
    if above == below:
        return 0
    if above < below:
        return -ln(below, above)
    halvings = above.bit_length() - below.bit_length()
    if above < below << halvings:
        halvings -= 1
    bits = 128
    while True:
        value, terms = _ln_small(above, below << halvings, bits)
        if halvings:
            ln_2, more = _ln_small(2, 1, bits)
            value, terms = value + halvings * ln_2, terms + halvings * more
        # Each term is at most 4 units of the last bit too small: 2 for its power, 1 for its division, 1 for what is
        # left of the series. They are doubled.
        least = _nearest(value * LN_UNIT, bits)
        most = _nearest((value + 8 * terms) * LN_UNIT, bits)
        if least == most:
            return least
        bits *= 2


def _ln_small(above: int, below: int, bits: int) -> tuple[int, int]:
    """The logarithm of a fraction from 1 to 2 in parts of 2^bits, rounded down, and of how many terms it is the sum."""
    power = (above - below << bits) // (above + below)
    square = power * power >> bits
    whole, terms = 0, 1
    while power:
        whole += power // (2 * terms - 1)
        power = power * square >> bits
        terms += 1
    return 2 * whole, terms


def _nearest(value: int, bits: int) -> int:
    """The integer nearest to a number of parts of 2^bits."""
    return (2 * value + (1 << bits)) >> (bits + 1)
