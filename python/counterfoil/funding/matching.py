"""A matching round: a pool that is paid to projects by how many gave to them, which anybody computes again.

What was given is read from the log: pledges of raises that are over, or gifts in a time that is over. So it is the same
whenever it is read, and by whom. The distribution cites the hash of it, and pays by the list that follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil._log import ledger_operations, paid
from counterfoil.desk import asset_record, minor_units
from counterfoil.distributions import Distribution, check_list, was_member
from counterfoil.governance.matching import Contribution, Matching, match
from counterfoil.leaves import build
from counterfoil.ops import Release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.desk import Amount
    from counterfoil.funding.raising import Raise
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.ops import Requirement
    from counterfoil.verify import DistributionRecord


def pledged(*raises: Raise, persons: Requirement | None = None) -> list[Contribution]:
    """What backers gave to the projects of raises that are over and have reached their goals.

    It is what they pledged and had not taken back when the raise closed, whatever became of later milestones. What a
    project pledged to itself, by the account that gets the money or the one that opened the raise, does not count.

    Args:
        raises: The raises.
        persons: Only who was attested so when the raise closed: as a person, once each. Without it one who pledges by
            many accounts counts as many.

    Returns:
        A contribution for each pledge: the project is who gets the money, the contributor the backer's account.

    Raises:
        ValueError: A raise is not over, raises of several assets, or a ledger was opened with `index=False`.
    """
    found = []
    if len({each.asset for each in raises}) > 1:
        message = "raises: expected those of one asset, found several"
        raise ValueError(message)
    for each in raises:
        ledger = each.desk.ledger
        if ledger.time < each.closes:
            message = f"raise: expected one that is over at {ledger.time} ms, found one that closes at {each.closes}"
            raise ValueError(message)
        if not each.reached:
            continue
        for group in each.groups:
            for hold in each._holds_of(group):
                record = each._hold(hold)
                kept = (
                    record.amount - _taken_back(ledger, hold, each.closes, record.amount)
                    if record.released
                    else record.amount
                )
                own = record.payer in (each.to, each.owner)
                is_person = persons is None or was_member(ledger, persons, record.payer, each.closes)
                if kept and not own and is_person:
                    found.append(Contribution(each.to, record.payer, kept))
    return found


def given(
    ledger: Ledger,
    asset: bytes,
    projects: Iterable[bytes],
    *,
    since: int,
    until: int,
    reference: bytes | None = None,
    persons: Requirement | None = None,
) -> list[Contribution]:
    """What was given to projects by `transfer` and `pay` in a time, less what each paid back: `tip` and `tips`, say.

    Args:
        ledger: The ledger.
        asset: In which asset, an id of 32 bytes.
        projects: The accounts of the projects, 32 bytes each.
        since: From when on, ms.
        until: Before which time, ms: one that is over at the ledger's time.
        reference: Only what was given with this reference, 32 bytes: the round's, say.
        persons: Only who was attested so at the end of that time: as a person, once each. Without it one who gives by
            many accounts counts as many.

    Raises:
        ValueError: A time that is not over or ends before it begins; or the ledger was opened with `index=False`.
    """
    return [
        Contribution(project, account, amount)
        for project in sorted(set(projects))
        for account, amount in paid(ledger, asset, project, since=since, until=until, reference=reference).items()
        if persons is None or was_member(ledger, persons, account, until)
    ]


@dataclass(frozen=True, slots=True)
class MatchingRound:
    """A pool that was shared out among projects.

    Attributes:
        matching: What each project gets, and why.
        distribution: What pays it: its amount is the pool.
    """

    matching: Matching
    distribution: Distribution

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        *fund: Key | Signer,
        asset: bytes,
        pool: Amount,
        contributions: Iterable[Contribution],
        deadline: int,
        bound: Amount | None = None,
        cap: Amount | None = None,
        leftover: bytes | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> MatchingRound:
        """Compute what projects get of a pool, and share it out: `distribute`. `collect_all` pays the projects.

        Args:
            ledger: The ledger.
            fund: The keys that sign for whoever pays.
            asset: In which asset, an id of 32 bytes.
            pool: How much there is. What nobody gets of it comes back when the distribution is closed.
            contributions: What was given to the projects: `pledged(…)` or `given(…)`.
            deadline: From when on it pays no more, ms.
            bound: M: a pair of contributors brings less than 2 M together. None: pairs are not bounded.
            cap: What a project gets at the most. None: no limit.
            leftover: Who gets what is left, an account id of 32 bytes; the fund if None.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such asset.
            ValueError: Contributions that `counterfoil.governance.match` refuses, or no project gets anything.
            RejectedError: insufficient_funds, deadline_passed, …
            KeyReusedError: The key was used for something else: for other contributions, say.
        """
        decimals = asset_record(ledger, asset).decimals
        bounds = {
            name: None if each is None else minor_units(each, decimals)
            for name, each in (("bound", bound), ("cap", cap))
        }
        matching = match(contributions, pool=minor_units(pool, decimals), **bounds)
        distribution = Distribution.open(
            ledger,
            *fund,
            asset=asset,
            by=build(_leaves(matching)),
            deadline=deadline,
            amount=matching.pool,
            leftover=leftover,
            reference=matching.inputs,
            key=key,
            dry_run=dry_run,
            time=time,
        )
        return cls(matching, distribution)


def recompute(
    contributions: Iterable[Contribution],
    distribution: Distribution | DistributionRecord,
    *,
    bound: int | None = None,
    cap: int | None = None,
) -> Matching:
    """Compute a matching again, and check that a distribution pays exactly that.

    Args:
        contributions: What was given, read by whoever checks.
        distribution: The distribution, or its record, read or proven: its amount is the pool.
        bound: M, as it was announced, in minor units.
        cap: What a project gets at the most, as it was announced, in minor units.

    Raises:
        ProofError: It pays something else: `reason` is wrong_question where it cites other contributions, or other
            terms, wrong_sum or wrong_root where they give another list.
        ValueError: Contributions that `counterfoil.governance.match` refuses, or no project gets anything.
    """
    record = distribution.record if isinstance(distribution, Distribution) else distribution
    matching = match(contributions, pool=record.amount, bound=bound, cap=cap)
    check_list(record, build(_leaves(matching)), matching.inputs)
    return matching


def _leaves(matching: Matching) -> tuple[tuple[bytes, int], ...]:
    leaves = matching.leaves()
    if not leaves:
        message = "contributions: expected a project with two contributors or more, found none"
        raise ValueError(message)
    return leaves


def _taken_back(ledger: Ledger, hold: bytes, closes: int, amount: int) -> int:
    """What of a pledge its backer took back before the raise closed."""
    taken = 0
    for _, time, operation in ledger_operations(ledger, hold):
        if time < closes and isinstance(operation, Release) and operation.hold == hold:
            taken = amount if operation.amount is None else taken + operation.amount
    return taken
