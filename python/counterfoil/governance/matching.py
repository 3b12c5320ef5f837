"""Quadratic matching: a pool that follows how many gave to a project rather than how much, in integers.

Buterin, Hitzig and Weyl, "A Flexible Design for Funding Public Goods", Management Science 65 (11), 2019
(https://arxiv.org/abs/1809.06421): where c_i is what contributor i gave to project p,

    match_p = k ((the sum over i of √c_i)² - the sum over i of c_i) = k (the sum over all pairs i ≠ j of √c_i √c_j)

with one k for all projects, 1 or as much less as it takes for the pool to be enough: their capital-constrained variant.
It is never more than 1: else two contributors who are one person would take the whole pool of a round that nobody else
came to. What is then left of the pool stays where it is.

Bounded by pairs, Buterin, "Pairwise coordination subsidies: a new quadratic funding design", 2019
(https://ethresear.ch/t/5553), each pair counts the less the more it gave to the same projects:

    match_p = k (the sum over all pairs i ≠ j of k_ij √c_ip √c_jp), k_ij = M / (M + the sum over q of √c_iq √c_jq)

So two accounts together never bring the projects 2 M or more, whatever they give.

Everybody has to get the same to the last unit, so all of it is computed in integers:

1. What a contributor gave to a project is added up first. √c is ⌊√(c 2^128)⌋, in parts of 2^64.
2. A project's weight, in parts of 2^128, is the sum over its pairs i < j of 2 √c_i √c_j; with a bound of M each of
   these is multiplied by M 2^128, divided by M 2^128 + the sum over q of √c_iq √c_jq, and rounded down.
3. What is shared is the pool, or all weights together, rounded to the nearest unit (halves up), where they come to
   less. Each project gets that times its weight, divided by all weights and rounded down; the units that are left over
   go one each to those where most was rounded off, of equals to the first by id.
4. With a cap, projects that would get more than it get the cap, and the others share the rest of the pool by 3, until
   none is above it.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from counterfoil._checks import identifier, integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AMOUNT_MAX = 10**38 - 1
"""The largest amount: as many units as an asset can have."""

_ROOT_BITS = 64
_WEIGHT_BITS = 2 * _ROOT_BITS
_HEADER = b"counterfoil/matching/v1\n"


class Contribution(NamedTuple):
    """What somebody gave to a project.

    Attributes:
        project: The project's account, 32 bytes.
        contributor: Whose it was: an account, or an id of a person of whom it is known that there is one; 32 bytes.
        amount: How much, in minor units, 1 or more.
    """

    project: bytes
    contributor: bytes
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What a pool gives to projects.

    Attributes:
        matches: What each project gets, in minor units; all projects are in it, ascending.
        weights: By which weight, in parts of 2^128 of a unit: what it would get of a pool without end.
        pool: How much there was, in minor units.
        left: How much of it nobody gets.
        bound: M, in minor units; None where pairs are not bounded.
        cap: What a project gets at the most, in minor units; None without.
        inputs: The hash of the contributions and of these terms, 32 bytes: see `inputs_hash`.
    """

    matches: Mapping[bytes, int]
    weights: Mapping[bytes, int]
    pool: int
    left: int
    bound: int | None
    cap: int | None
    inputs: bytes

    def leaves(self) -> tuple[tuple[bytes, int], ...]:
        """What each project gets that gets something, ascending: for `counterfoil.leaves.build`."""
        return tuple((project, amount) for project, amount in self.matches.items() if amount)


def match(
    contributions: Iterable[Contribution | tuple[bytes, bytes, int]],
    *,
    pool: int,
    bound: int | None = None,
    cap: int | None = None,
) -> Matching:
    """Compute what a pool gives to projects.

    A project's pairs of contributors are gone through where there is a bound: ten thousand who gave to one project are
    fifty million of them, which takes some twenty seconds.

    Args:
        contributions: Project, contributor and amount of each, in any order; several of one contributor to one project
            count as one.
        pool: How much there is, in minor units, 1 or more.
        bound: M, in minor units, 1 or more: a pair of contributors brings less than 2 M together, but for the
            rounding to units. None: unbounded.
        cap: What a project gets at the most, in minor units, 1 or more. None: no limit.

    Raises:
        TypeError: An id that is not bytes, or an amount that is no int.
        ValueError: No contributions, an id that is not 32 bytes, or an amount that is not 1 to 10^38 - 1, also of one
            contributor to one project together.

    >>> many, few = b"m" * 32, b"f" * 32
    >>> given = [(many, bytes([person]) * 32, 100) for person in range(9)] + [(few, b"x" * 32, 900)]
    >>> found = match(given + [(few, b"y" * 32, 100)], pool=3_900)
    >>> found.matches[many], found.matches[few], found.left
    (3600, 300, 0)
    >>> from counterfoil.leaves import build
    >>> build(found.leaves()).total
    3900
    """
    added = _added_up(contributions)
    inputs = _hash(added, pool, bound, cap)
    projects: dict[bytes, dict[bytes, int]] = {}
    for (project, contributor), amount in added.items():
        projects.setdefault(project, {})[contributor] = math.isqrt(amount << _WEIGHT_BITS)
    weights = _plain(projects) if bound is None else _bounded(projects, bound << _WEIGHT_BITS)
    matches = _shared(weights, pool, cap)
    return Matching(
        matches=matches,
        weights=weights,
        pool=pool,
        left=pool - sum(matches.values()),
        bound=bound,
        cap=cap,
        inputs=inputs,
    )


def inputs_hash(
    contributions: Iterable[Contribution | tuple[bytes, bytes, int]],
    *,
    pool: int,
    bound: int | None = None,
    cap: int | None = None,
) -> bytes:
    """The hash of what a matching is computed from, 32 bytes: what a distribution may cite.

    SHA-256 of `counterfoil/matching/v1`, a newline, the pool, the bound and the cap (u128 each, big endian; 0 for
    none), and then, ascending by project and contributor, `project ‖ contributor ‖ amount` (u128, big endian) of what
    each contributor gave to each project in all.

    Args:
        contributions: As of `match`.
        pool: As of `match`.
        bound: As of `match`.
        cap: As of `match`.

    Raises:
        TypeError: As of `match`.
        ValueError: As of `match`.

    >>> inputs_hash([(b"p" * 32, b"c" * 32, 5)], pool=10).hex()[:16]
    'b9520f43dfa060d2'
    """
    return _hash(_added_up(contributions), pool, bound, cap)


def _added_up(contributions: Iterable[tuple[bytes, bytes, int]]) -> dict[tuple[bytes, bytes], int]:
    """What each contributor gave to each project, ascending by project and contributor."""
    added: dict[tuple[bytes, bytes], int] = {}
    for project, contributor, amount in contributions:
        place = (identifier(project, "project"), identifier(contributor, "contributor"))
        found = integer(amount, "amount", least=1, most=AMOUNT_MAX)
        added[place] = integer(added.get(place, 0) + found, "amounts together", least=1, most=AMOUNT_MAX)
    if not added:
        message = "contributions: expected one or more, found none"
        raise ValueError(message)
    return dict(sorted(added.items()))


def _hash(added: Mapping[tuple[bytes, bytes], int], pool: int, bound: int | None, cap: int | None) -> bytes:
    terms = [integer(pool, "pool", least=1, most=AMOUNT_MAX)]
    for what, value in (("bound", bound), ("cap", cap)):
        terms.append(0 if value is None else integer(value, what, least=1, most=AMOUNT_MAX))
    hashed = hashlib.sha256(_HEADER + b"".join(term.to_bytes(16, "big") for term in terms))
    for (project, contributor), amount in added.items():
        hashed.update(project + contributor + amount.to_bytes(16, "big"))
    return hashed.digest()


def _plain(projects: Mapping[bytes, Mapping[bytes, int]]) -> dict[bytes, int]:
    """The weights of projects, given the roots of what each contributor gave."""
    # The squares of the roots, not the amounts, are taken off: a lone contributor's weight is 0 to the last part.
    return {
        project: sum(roots.values()) ** 2 - sum(root * root for root in roots.values())
        for project, roots in projects.items()
    }


def _bounded(projects: Mapping[bytes, Mapping[bytes, int]], bound: int) -> dict[bytes, int]:
    """The same, with each pair of contributors bounded by M in parts of 2^128."""
    weights = dict.fromkeys(projects, 0)
    of_contributor: dict[bytes, list[bytes]] = {}
    for project, roots in projects.items():
        for contributor in roots:
            of_contributor.setdefault(contributor, []).append(project)
    # One contributor after the other, with those who come later only: so no more than his pairs are kept at a time.
    others = {project: dict(roots) for project, roots in projects.items()}
    for contributor, backed in of_contributor.items():
        together: dict[bytes, int] = {}
        for project in backed:
            own = others[project].pop(contributor)
            for other, root in others[project].items():
                together[other] = together.get(other, 0) + own * root
        for project in backed:
            own = projects[project][contributor]
            weights[project] += sum(
                2 * own * root * bound // (bound + together[other]) for other, root in others[project].items()
            )
    return weights


def _shared(weights: Mapping[bytes, int], pool: int, cap: int | None) -> dict[bytes, int]:
    """What each project gets of the pool, none more than the cap."""
    capped: set[bytes] = set()
    while True:
        shares = {project: weight for project, weight in weights.items() if project not in capped}
        whole = sum(shares.values())
        shared = min(pool - len(capped) * (cap or 0), (whole + (1 << _WEIGHT_BITS - 1)) >> _WEIGHT_BITS)
        above = {project for project, weight in shares.items() if cap is not None and weight * shared > cap * whole}
        if not above:
            break
        capped |= above
    parts = largest_remainder(shares, shared, whole)
    return {project: parts.get(project, cap or 0) for project in weights}


def largest_remainder(weights: Mapping[bytes, int], shared: int, whole: int) -> dict[bytes, int]:
    """Parts of what is shared, by weight: each rounded down, and then the units that this leaves over.

    They go one each to those where most was rounded off, of equals to the first by id. Where no weight is above 0,
    nobody gets anything.
    """
    if not whole:
        return dict.fromkeys(weights, 0)
    parts, remainders = {}, {}
    for project, weight in weights.items():
        parts[project], remainders[project] = divmod(shared * weight, whole)
    over = shared - sum(parts.values())
    for project in sorted(remainders, key=lambda project: (-remainders[project], project))[:over]:
        parts[project] += 1
    return parts
