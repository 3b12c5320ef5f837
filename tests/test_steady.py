"""What `make soak` judges a steady load by: a soak that cannot fail shows nothing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tests.steady import LAST, MERGED_BYTES, Lap, Sample, problems

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1_000_000
SAMPLES = [
    Sample(
        at=number / 60,
        life=1,
        writer_anonymous=90 * MB,
        writer_resident=200 * MB,
        reader_anonymous=50 * MB,
        tables=20 * MB,
        indexes=MB * number,
        state_file=30 * MB + MB * number,
        log_file=10 * MB * number,
        entries=1_000 + 30_000 * number,
    )
    for number in range(1, 61)
]
LAPS = [Lap(at=number / 600, transfers_per_s=1.0, ratio=0.5, remembered=1) for number in range(1, 601)]


def at_the_end(grow: Callable[[Sample], dict[str, int]]) -> list[Sample]:
    return [dataclasses.replace(one, **(grow(one) if one.at >= LAST[0] else {})) for one in SAMPLES]


def test_what_stays_as_it_is_passes() -> None:
    assert problems(SAMPLES, LAPS) == []


@pytest.mark.parametrize(
    ("grow", "what"),
    [
        (lambda one: {"writer_anonymous": one.writer_anonymous + 10 * MB}, "memory of the writer"),
        (lambda one: {"reader_anonymous": one.reader_anonymous + 6 * MB}, "memory of the follower"),
        (lambda one: {"tables": one.tables + 3 * MB}, "in use"),
        (lambda one: {"state_file": one.state_file + 4 * MB + 2 * MERGED_BYTES}, "file of the state"),
        (lambda one: {"log_file": int(one.log_file * (1 + one.at / 5))}, "growth of the log"),
        (lambda one: {"indexes": one.indexes * 2, "state_file": one.state_file + one.indexes}, "indexes, bytes"),
    ],
)
def test_what_grows_is_found(grow: Callable[[Sample], dict[str, int]], what: str) -> None:
    [found] = problems(at_the_end(grow), LAPS)
    assert what in found


def test_a_rate_that_falls_is_found() -> None:
    slower = [dataclasses.replace(lap, ratio=0.4) if lap.at >= LAST[0] else lap for lap in LAPS]
    [found] = problems(SAMPLES, slower)
    assert "time of applying" in found
    assert problems(SAMPLES, slower[::20]) == [], "too few laps say nothing"
