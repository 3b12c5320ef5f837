"""Quadratic matching: against the formulas in floats, what it promises, Sybils, and bad input of every kind."""

from __future__ import annotations

import hashlib
import itertools
import random
from fractions import Fraction

import numpy
import pytest
from counterfoil.governance import Contribution, inputs_hash, match
from counterfoil.leaves import build
from counterfoil.verify import tree_key, verify_map_proof
from hypothesis import given, settings
from hypothesis import strategies as st

ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))
MOST = 10**38 - 1


def person(number: int) -> bytes:
    return hashlib.sha256(b"person %d" % number).digest()


def in_floats(given, *, pool, bound=None):
    """The formulas over a matrix of contributors and projects."""
    projects, people = sorted({row[0] for row in given}), sorted({row[1] for row in given})
    amounts = numpy.zeros((len(people), len(projects)))
    for project, contributor, amount in given:
        amounts[people.index(contributor), projects.index(project)] += amount
    roots = numpy.sqrt(amounts)
    if bound is None:
        weights = roots.sum(axis=0) ** 2 - amounts.sum(axis=0)
    else:
        coefficients = bound / (bound + roots @ roots.T)
        numpy.fill_diagonal(coefficients, 0)
        weights = numpy.einsum("ip,ij,jp->p", roots, coefficients, roots)
    whole = weights.sum()
    factor = min(1, pool / whole) if whole > 0 else 1
    return dict(zip(projects, weights, strict=True)), dict(zip(projects, weights * factor, strict=True))


def contributions(chance: random.Random, rows: int = 60):
    """What some of twenty people gave to some of six projects."""
    return [
        Contribution(bytes([chance.randrange(6)]) * 32, person(chance.randrange(20)), chance.randint(1, 10**6))
        for _ in range(rows)
    ]


@pytest.mark.parametrize("bound", [None, 1, 5_000, 10**9])
def test_matches_are_those_of_the_formulas(bound):
    chance = random.Random(2)  # noqa: S311 - a test's, the same each time
    scarce = 0
    for _ in range(60):
        rows = contributions(chance, rows=chance.randint(1, 60))
        pool = 10 ** chance.randint(0, 9)
        found = match(rows, pool=pool, bound=bound)
        weights, matches = in_floats(rows, pool=pool, bound=bound)
        assert list(found.matches) == list(found.weights) == list(weights)
        for project, weight in weights.items():
            # Floats have 53 bits, and take one large number from another; the integers are right to 2^-60 or so.
            assert abs(found.weights[project] / 2**128 - weight) <= 1e-9 * max(weights.values()) + 1e-3
            # Half a unit by which all that is shared may be rounded up, and one by which a project's part is rounded.
            assert abs(found.matches[project] - matches[project]) <= 1.5 + 1e-9 * pool + 1e-3
        scarce += sum(found.weights.values()) >= pool << 128
    # Of both kinds: with enough in the pool, and with too little.
    assert 5 < scarce < 55


rows = st.lists(
    st.builds(
        Contribution,
        st.sampled_from([ONE, TWO, THREE]),
        st.integers(0, 5).map(person),
        st.one_of(st.integers(1, 20), st.integers(1, 10**30)),
    ),
    min_size=1,
    max_size=14,
)
amounts = st.one_of(st.integers(1, 100), st.integers(1, 10**31))


@settings(max_examples=120, deadline=None)
@given(rows, amounts, st.one_of(st.none(), amounts), st.one_of(st.none(), amounts), st.data())
def test_what_is_promised(rows, pool, bound, cap, data):
    found = match(rows, pool=pool, bound=bound, cap=cap)
    given_out = sum(found.matches.values())
    # The pool is never exceeded, and nothing is lost.
    assert given_out + found.left == pool
    assert found.left >= 0
    assert all(0 <= amount <= (cap or pool) for amount in found.matches.values())
    # Nobody gets more than the formula says, but for the half unit by which all that is shared may be rounded up, and
    # the one that goes where most was rounded off.
    wanted = sum(found.weights.values())
    for project, weight in found.weights.items():
        assert 2 * found.matches[project] << 128 < 2 * weight + (3 << 128)
        assert weight or not found.matches[project]
        # Who gave alone is matched with nothing.
        assert weight > 0 or len({row.contributor for row in rows if row.project == project}) == 1
    if cap is None:
        # Where there is not enough, all of it is given out; else what the formula says in all, to the nearest unit.
        shared = min(pool, round(Fraction(wanted, 2**128)))
        assert abs(given_out - shared) <= (2 * wanted % 2**129 == 2**128)
        for project, weight in found.weights.items():
            # In proportion, less than a unit apart.
            assert abs(found.matches[project] * wanted - given_out * weight) < wanted or not wanted
    # A heavier project gets no less.
    ordered = sorted(found.weights, key=found.weights.__getitem__)
    for lighter, heavier in itertools.pairwise(ordered):
        if found.weights[lighter] < found.weights[heavier]:
            assert found.matches[lighter] <= found.matches[heavier]
    # The order of what was given does not matter, nor that somebody gave in several goes.
    shuffled = data.draw(st.permutations(rows))
    assert match(shuffled, pool=pool, bound=bound, cap=cap) == found
    first = rows[0]
    if first.amount > 1:
        halves = [first._replace(amount=first.amount // 2), first._replace(amount=first.amount - first.amount // 2)]
        assert match([*rows[1:], *halves], pool=pool, bound=bound, cap=cap) == found
    assert found.inputs == inputs_hash(iter(shuffled), pool=pool, bound=bound, cap=cap)
    if found.leaves():
        leaves = build(found.leaves())
        assert leaves.total == given_out
        for project, amount in found.leaves():
            proven = verify_map_proof(leaves.root, tree_key(project), leaves.proof(project))
            assert (proven.sum, proven.total, proven.value) == (amount, given_out, b"")


def test_nine_who_give_a_little_count_more_than_one_who_gives_the_same():
    rows = [(ONE, person(number), 100) for number in range(9)] + [(TWO, person(9), 900)]
    found = match(rows, pool=10_000)
    # (9 √100)² - 900; a pool of 10,000 has room for it, and the rest stays.
    assert (found.matches, found.left) == ({ONE: 7_200, TWO: 0}, 2_800)
    assert found.leaves() == ((ONE, 7_200),)
    assert match(rows, pool=1_000).matches == {ONE: 1_000, TWO: 0}


def test_two_who_are_one_gain_without_a_bound_and_little_with_one():
    honest = [(ONE, person(number), 1_000) for number in range(5)]
    for amount in (10**3, 10**6, 10**9, 10**12):
        alone = [*honest, (TWO, person(100), amount)]
        split = [*honest, (TWO, person(100), amount // 2), (TWO, person(101), amount // 2)]
        assert match(alone, pool=10**15).matches[TWO] == 0
        assert match(alone, pool=10**15, bound=500).matches[TWO] == 0
        # Without a bound as much again as was given: there is no end to it.
        assert match(split, pool=10**15).matches[TWO] == amount
        # With one less than 2 M, whatever they give, and to however many projects.
        bounded = match(split, pool=10**15, bound=500)
        assert bounded.weights[TWO] < 2 * 500 << 128
        assert bounded.matches[TWO] <= 2 * 500
        spread = [(bytes([7, number]) + bytes(30), who, amount) for number in range(40) for who in (ONE, TWO)]
        bounded = match(spread, pool=10**15, bound=500)
        assert sum(bounded.weights.values()) < 2 * 500 << 128
        assert sum(bounded.matches.values()) <= 2 * 500
    # Nor do they get the pool of a round that hardly anybody else came to.
    assert match([(TWO, person(1), 2), (TWO, person(2), 2)], pool=10**15).matches == {TWO: 4}
    # Sybils by the thousand still pay for it: n of them have n (n - 1) / 2 pairs of less than 2 M each.
    crowd = [(TWO, person(number), 10**9) for number in range(30)]
    assert match(crowd, pool=10**15, bound=500).matches[TWO] <= 30 * 29 * 500


def test_a_wide_bound_is_none():
    rows = contributions(random.Random(3))  # noqa: S311 - a test's, the same each time
    free, wide = match(rows, pool=10**12), match(rows, pool=10**12, bound=10**30)
    assert all(abs(free.matches[project] - wide.matches[project]) <= 1 for project in free.matches)
    previous = 0
    for bound in (1, 10, 10**3, 10**5, 10**7):
        weight = sum(match(rows, pool=10**12, bound=bound).weights.values())
        assert previous < weight <= sum(free.weights.values())
        previous = weight


def test_what_is_left_over_goes_where_most_was_rounded_off():
    # Three equal weights of a pool of 11 get 3 2/3 each: the two units over go to the first two by id.
    rows = [(project, person(number), 100) for project in (THREE, ONE, TWO) for number in range(2)]
    assert match(rows, pool=11).matches == {ONE: 4, TWO: 4, THREE: 3}
    # 200, 200 and 800 of 10: 1 2/3, 1 2/3, 6 2/3.
    rows += [(TWO, person(number), 300) for number in range(2)]
    assert match(rows, pool=10).matches == {ONE: 2, TWO: 7, THREE: 1}


def test_a_cap_gives_the_rest_to_the_others():
    rows = [(ONE, person(number), 400) for number in range(10)]
    rows += [(TWO, person(number), 100) for number in range(5)]
    rows += [(THREE, person(number), 100) for number in range(4)]
    # Weights of 36,000, 2,000 and 1,200.
    free = match(rows, pool=3_920)
    assert free.matches == {ONE: 3_600, TWO: 200, THREE: 120}
    capped = match(rows, pool=3_920, cap=2_320)
    assert (capped.matches, capped.left) == ({ONE: 2_320, TWO: 1_000, THREE: 600}, 0)
    # The others reach the cap one after the other, or what the formula says.
    assert match(rows, pool=3_920, cap=900).matches == {ONE: 900, TWO: 900, THREE: 900}
    assert match(rows, pool=39_200, cap=1_500).matches == {ONE: 1_500, TWO: 1_500, THREE: 1_200}
    assert match(rows, pool=39_200, cap=1_500).left == 39_200 - 4_200
    assert match(rows, pool=2, cap=1).matches == {ONE: 1, TWO: 1, THREE: 0}
    assert len({match(rows, pool=3_920, **terms).inputs for terms in ({}, {"cap": 900}, {"bound": 900})}) == 3


def test_the_hash_is_of_these_bytes():
    rows = [(TWO, ONE, 5), (ONE, TWO, 1), (ONE, ONE, 2), (ONE, TWO, 3)]
    data = b"counterfoil/matching/v1\n" + b"".join(number.to_bytes(16, "big") for number in (10, 0, 7))
    for project, contributor, amount in ((ONE, ONE, 2), (ONE, TWO, 4), (TWO, ONE, 5)):
        data += project + contributor + amount.to_bytes(16, "big")
    assert inputs_hash(rows, pool=10, cap=7) == hashlib.sha256(data).digest()
    assert match(rows, pool=10, cap=7).inputs == hashlib.sha256(data).digest()


def test_the_extremes():
    rows = [(ONE, person(1), MOST), (ONE, person(2), MOST), (TWO, person(1), 1), (TWO, person(2), 1)]
    for terms in ({}, {"bound": MOST}, {"bound": 1}, {"cap": MOST}, {"cap": 1, "bound": MOST}):
        found = match(rows, pool=MOST, **terms)
        assert sum(found.matches.values()) + found.left == MOST
    assert match(rows, pool=1).matches == {ONE: 1, TWO: 0}


@pytest.mark.parametrize(
    ("rows", "terms", "error", "message"),
    [
        ([], {}, ValueError, "contributions: expected one or more, found none"),
        ([(ONE, TWO, 0)], {}, ValueError, "amount: expected 1 to"),
        ([(ONE, TWO, -1)], {}, ValueError, "found -1"),
        ([(ONE, TWO, 1.5)], {}, TypeError, "amount: expected an int, found float"),
        ([(ONE, TWO, float("nan"))], {}, TypeError, "found float"),
        ([(ONE, TWO, True)], {}, TypeError, "found bool"),
        ([(ONE, TWO, "5")], {}, TypeError, "found str"),
        ([(ONE, TWO, MOST + 1)], {}, ValueError, "amount: expected 1 to"),
        ([(ONE, TWO, MOST), (ONE, TWO, 1)], {}, ValueError, "amounts together"),
        ([(ONE, TWO, 1 << 99_999)], {}, ValueError, "found one of 100,000 bits"),
        ([(ONE[:31], TWO, 1)], {}, ValueError, "project: expected 32 bytes, found 31"),
        ([(ONE, TWO + b"2", 1)], {}, ValueError, "contributor: expected 32 bytes, found 33"),
        ([("1" * 32, TWO, 1)], {}, TypeError, "project: expected 32 bytes, found str"),
        ([(ONE, None, 1)], {}, TypeError, "contributor: expected 32 bytes, found NoneType"),
        ([(ONE, TWO)], {}, ValueError, "not enough values"),
        ([(ONE, TWO, 1)], {"pool": 0}, ValueError, "pool: expected 1 to"),
        ([(ONE, TWO, 1)], {"pool": -1}, ValueError, "pool: expected 1 to"),
        ([(ONE, TWO, 1)], {"pool": 1e6}, TypeError, "pool: expected an int, found float"),
        ([(ONE, TWO, 1)], {"pool": True}, TypeError, "pool: expected an int, found bool"),
        ([(ONE, TWO, 1)], {"pool": MOST + 1}, ValueError, "pool: expected 1 to"),
        ([(ONE, TWO, 1)], {"bound": 0}, ValueError, "bound: expected 1 to"),
        ([(ONE, TWO, 1)], {"bound": 0.5}, TypeError, "bound: expected an int, found float"),
        ([(ONE, TWO, 1)], {"cap": 0}, ValueError, "cap: expected 1 to"),
        ([(ONE, TWO, 1)], {"cap": False}, TypeError, "cap: expected an int, found bool"),
    ],
)
def test_bad_input(rows, terms, error, message):
    for call in (match, inputs_hash):
        with pytest.raises(error, match=message):
            call(rows, **{"pool": 10, **terms})
