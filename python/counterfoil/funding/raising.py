"""A raise: backers pledge, and anybody closes each pledge by itself once it is over: to the project, or back.

A raise is a group of holds for each milestone, all with the same goal. Nobody holds the money meanwhile, the project
least of all, and no total is computed at the end: each pledge is settled or released in an operation of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, NoReturn

from counterfoil._batches import Closed, in_batches
from counterfoil._log import holds_of
from counterfoil.desk import Desk, Done, asset_record, minor_units, span_ms
from counterfoil.funding.milestones import BackersVote, Milestone, open_account, vote_of
from counterfoil.ops import (
    After,
    AllOf,
    AnyOf,
    Attest,
    ByPayer,
    Condition,
    Edge,
    EdgeKind,
    GroupTotal,
    Hold,
    Not,
    Nothing,
    OpenGroup,
    Operation,
    Release,
    Resolved,
    Schema,
    Settle,
    Share,
    SignedBy,
    Terms,
    group_id,
    hold_id,
    named_account,
    schema_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterfoil.desk import Amount, Span
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.reputation import Badges
    from counterfoil.verify import GroupRecord, HoldRecord

_BPS_ALL = 10_000
_MILESTONES_MAX = 6
"""As many as the condition for giving back has room for."""

_REFERRAL = "raise-referral"
"""The name of the schema by which the owner of raises attests who brought whom."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """What a backer has pledged.

    Attributes:
        done: The call.
        id: The id of its first hold, 32 bytes: what `close` and `withdraw` take.
        backer: The backer's account, 32 bytes.
        amount: Minor units, for all milestones together.
        holds: The id of its hold for each milestone.
    """

    done: Done
    id: bytes
    backer: bytes
    amount: int
    holds: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class MilestoneBudget:
    """A milestone in numbers, in minor units.

    Attributes:
        goal: Its part of the goal.
        pledged: Put in for it, less what was given back before the deadline.
        settled: The project's.
        released: Given back.
        held: Neither yet.
    """

    goal: int
    pledged: int
    settled: int
    released: int
    held: int


@dataclass(frozen=True, slots=True)
class Budget:
    """A raise in numbers, in minor units.

    Attributes:
        goal: What it needs.
        pledged: Put in, less what was given back before the deadline.
        backers: How many accounts have a pledge that was not given back.
        reached: Whether the goal is reached. Once the raise is over, it stays so or does not.
        milestones: Its milestones, in order.
    """

    goal: int
    pledged: int
    backers: int
    reached: bool
    milestones: tuple[MilestoneBudget, ...]


@dataclass(frozen=True, slots=True)
class Referred:
    """What an ambassador has brought.

    Attributes:
        backers: How many backers named the ambassador and have a pledge that was not given back.
        pledged: What they pledged and was not given back, minor units.
    """

    backers: int
    pledged: int


class Raise:
    """A raise with a goal and a deadline.

    Attributes:
        desk: Where somebody acts: the owner where pledges name ambassadors; anybody may close.
        id: The id of its first group of holds, 32 bytes.
        groups: The id of the group for each milestone.
        goals: What each milestone needs, minor units.
        asset: What is pledged, an asset id of 32 bytes.
        owner: Who opened it, an account id of 32 bytes.
        to: Who gets the money, an account id of 32 bytes.
        closes: From when on nobody can pledge, and pledges can be closed, ms.
        deadline: From when on all that was not settled can only go back, ms.
        approval: Who has to sign for the later milestones, or how the backers vote on them; None where there are none.
        decides: The account for which the backers vote, 32 bytes; zeros where they do not.
        withdrawable: Whether a backer may take a pledge back before `closes`.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> film, eli = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/film", origin="film.example", operator=film, time=1_000) as ledger:
    ...         ils = ledger.create_asset(film, "ILS", decimals=2, time=1_000)
    ...         _ = ledger.mint(film, ils, to=eli.account, amount=500, time=1_000)
    ...         fund = Raise.open(ledger, film, asset=ils, goal=500, closes=2_000, time=1_000)
    ...         pledge = fund.pledge(eli, 500, time=1_999)
    ...         print(fund.budget().reached, ledger.balance(ils, film.account))
    ...         _ = fund.close(pledge, time=2_000)
    ...         print(ledger.balance(ils, film.account))
    True 0
    500
    """

    def __init__(self, ledger: Ledger, *signers: Key | Signer, identifier: bytes) -> None:
        """Take a raise up again, and check that its terms on the ledger are those that `open` makes.

        Args:
            ledger: The ledger.
            signers: The keys of whoever acts: the owner, or anybody who closes.
            identifier: The id of its first group of holds, 32 bytes.

        Raises:
            LookupError: There is no such group.
            ValueError: The group has other terms than those of a raise.
        """
        self.desk = Desk(ledger, *signers)
        self.id = identifier
        first = self._group(identifier)
        parts = first.terms.settle_if.of if isinstance(first.terms.settle_if, AllOf) else ()
        totals = [part for part in parts if isinstance(part, GroupTotal)]
        self.groups = tuple(part.group for part in totals)
        self.goals = tuple(part.at_least for part in totals)
        self.asset, self.owner, self.closes, self.deadline = (
            first.asset,
            first.owner,
            first.closes,
            first.terms.deadline,
        )
        records = [self._group(group) for group in self.groups]
        self.to = first.terms.payees[0].to if first.terms.payees else self.owner
        self.approval, self.decides = (
            self._approval(records[-1].terms.settle_if) if len(records) > 1 else (None, bytes(32))
        )
        self.withdrawable = _may_withdraw(first.terms.release_if)
        for number, record in enumerate(records):
            expected = (self.asset, self.owner, self.closes, self._terms(number))
            if (record.asset, record.owner, record.closes, record.terms) != expected:
                _refuse(identifier)
        if self.groups[:1] != (identifier,) or not all(self.goals) or len(set(self.groups)) != len(self.groups):
            _refuse(identifier)

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        *owner: Key | Signer,
        asset: bytes,
        goal: Amount,
        closes: int,
        to: bytes | None = None,
        milestones_bps: Sequence[int] = (_BPS_ALL,),
        approval: SignedBy | BackersVote | None = None,
        within: Span = "365d",
        withdrawable: bool = False,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Raise:
        """Start a raise: `open_group` for each milestone, and `schema` for referrals with the owner's first raise.

        Where the backers vote, `open` and `set_constitution` come before, of the account for which they do: a raise is
        never there without the vote that it promises.

        Args:
            ledger: The ledger.
            owner: The keys that sign for the owner.
            asset: What is pledged, an asset id of 32 bytes.
            goal: What it needs.
            closes: From when on nobody can pledge, and pledges can be closed, ms.
            to: Who gets the money; the owner if None.
            milestones_bps: How many of 10,000 parts each milestone gets; the first is paid at the closing.
            approval: Who has to sign for the later milestones: `SignedBy(2, [owner, board])`, say, where the board is
                a named account with a threshold of its own. Or `BackersVote(…)`: the backers decide.
            within: How long after `closes` what was not settled goes back.
            withdrawable: Whether a backer may take a pledge back before `closes`.
            key: Makes it happen once.
            dry_run: Only try it, and return the raise as it would be.
            time: When, ms; now if None.

        Raises:
            ValueError: Milestones that are not 10,000 in all, over 6, or do not divide the goal; later ones without an
                approval, or an approval without later ones; a vote that cannot come to its end `within`.
            LookupError: There is no such asset.
            RejectedError: group_closed, deadline_too_far, invalid_condition, …
        """
        desk = Desk(ledger, *owner)
        units = minor_units(goal, asset_record(ledger, asset).decimals)
        goals = _goals(units, milestones_bps)
        if (approval is None) != (len(goals) == 1):
            message = "approval: expected one exactly where there are later milestones"
            raise ValueError(message)
        if isinstance(approval, BackersVote):
            _check_lasts(approval, span_ms(within))
        made = object.__new__(cls)
        made.desk, made.asset, made.owner = desk, asset, desk.account
        salts = _salts(desk.salt(key), len(goals))
        made.groups, made.goals = tuple(group_id(desk.account, salt) for salt in salts), goals
        made.id = made.groups[0]
        made.to, made.approval = desk.account if to is None else to, approval
        made.closes, made.deadline, made.withdrawable = closes, closes + span_ms(within), withdrawable
        account_salt = _account_salt(salts[0])
        made.decides = named_account(desk.account, account_salt) if isinstance(approval, BackersVote) else bytes(32)
        operations = [
            OpenGroup(owner=desk.account, salt=salt, asset=asset, closes=closes, terms=made._terms(number))
            for number, salt in enumerate(salts)
        ]
        if isinstance(approval, BackersVote) and not dry_run and not desk.was_used(key):
            # What is refused is refused before anything is opened.
            desk.do(operations, dry_run=True, time=time)
            open_account(desk, account_salt, approval.constitution(made.groups[1:]), key=key, time=time)
        done = desk.do(operations, key=key, dry_run=dry_run, time=time)
        # After what may be refused, so that then nothing is left of it.
        if ledger.schema(schema_id(desk.account, _REFERRAL)) is None:
            referral = Schema(creator=desk.account, name=_REFERRAL, content=EdgeKind(), issuers=[desk.account])
            desk.do([referral], dry_run=dry_run, time=time)
        if done.dry_run:
            return made
        opened = next(each for each in done.operations if isinstance(each, OpenGroup))
        return cls(ledger, *owner, identifier=group_id(opened.owner, opened.salt))

    # Backers

    @property
    def step(self) -> int:
        """A pledge is a multiple of this many minor units, so that each milestone gets its exact part; 1 without."""
        return sum(self.goals) // gcd(*self.goals)

    def pledge(
        self,
        backer: Key | Signer,
        amount: Amount,
        *,
        ref: bytes | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Pledge:
        """Pledge: `hold` in the group of each milestone, and `attest` of who brought the backer, all or none.

        Args:
            backer: Who signs for the backer.
            amount: How much, for all milestones together: a multiple of `step`.
            ref: The account of the ambassador who brought the backer, 32 bytes; once for each backer.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: Not a multiple of `step`.
            RejectedError: group_closed (it is over), insufficient_funds; with `ref` unauthorized (the owner has not
                signed), self_reference, reference_cycle, attestation_exists (another pledge named an ambassador), …
        """
        units = self.units(amount)
        if units % self.step:
            message = f"amount: expected a multiple of {self.step} minor units, found {units}"
            raise ValueError(message)
        salts = _salts(self.desk.salt(key), len(self.groups))
        operations: list[Operation] = [
            Hold(payer=backer.account, salt=salt, asset=self.asset, amount=units * goal // sum(self.goals), group=group)
            for salt, goal, group in zip(salts, self.goals, self.groups, strict=True)
        ]
        if ref is not None:
            edge = Attest(
                schema=self._referral, issuer=self.owner, subject=backer.account, nonce=self.id, content=Edge(ref)
            )
            operations.append(edge)
        done = self.desk.do(operations, *self.beside([backer]), key=key, dry_run=dry_run, time=time)
        holds = tuple(hold_id(each.payer, each.salt) for each in done.operations if isinstance(each, Hold))
        return Pledge(done, holds[0], backer.account, units, holds)

    def withdraw(
        self,
        backer: Key | Signer,
        pledge: Pledge | bytes,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take a pledge back before `closes`, where the raise allows it: `release` of each of its holds.

        Raises:
            LookupError: No pledge of this raise.
            RejectedError: hold_pending (not this raise, not this backer, or too late), hold_closed, …
        """
        operations = [Release(hold=hold) for _, hold in self._holds(pledge)]
        return self.desk.do(operations, *self.beside([backer]), key=key, dry_run=dry_run, time=time)

    # Closing

    def close(self, pledge: Pledge | bytes, *, dry_run: bool = False, time: int | None = None) -> Done:
        """Close a pledge as far as it is due: `settle` or `release` of each of its holds. Anybody may.

        With the goal reached its first milestone goes to the project, and each later one that the backers have released
        by vote; without, all of it goes back; from the deadline on all that is left goes back.

        Raises:
            LookupError: No pledge of this raise.
            RejectedError: condition_unmet (it is too early, or later milestones wait for their approval),
                hold_closed, …
        """
        holds, at = self._holds(pledge), self.desk.now(time)
        settles = self._settles()
        due = [self._due(number, hold, at, settles) for number, hold in holds]
        operations = [each for each in due if each is not None]
        if not operations:
            # Nothing is due, and the ledger says why.
            waiting = [hold for _, hold in holds if self._left(hold)]
            operations = [Settle(hold=waiting[0] if waiting else holds[0][1])]
        return self.desk.do(operations, dry_run=dry_run, time=time)

    def close_all(self, *, dry_run: bool = False, time: int | None = None) -> Iterator[Closed]:
        """Close every pledge as far as it is due, in as few transactions as fit. Anybody may, and may go on later.

        Nothing happens before the iterator is asked. What is refused is reported and holds up no other.
        """
        at, settles = self.desk.now(time), self._settles()
        due = (
            (hold, operation)
            for number, group in enumerate(self.groups)
            for hold in self._holds_of(group)
            if (operation := self._due(number, hold, at, settles)) is not None
        )
        return self._in_batches(due, (), dry_run=dry_run, time=time)

    def approve(
        self, milestone: int, *approvers: Key | Signer, dry_run: bool = False, time: int | None = None
    ) -> Iterator[Closed]:
        """Pay a later milestone: `settle` of every pledge's part, in as few transactions as fit, which all must sign.

        Nothing happens before the iterator is asked.

        Args:
            milestone: Which one; the first later one is 1.
            approvers: Who signs, as many as `approval` asks for; the desk's account signs anyway.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: There is no such later milestone.
        """
        self._check_later(milestone)
        left = (hold for hold in self._holds_of(self.groups[milestone]) if self._left(hold))
        settles = ((hold, Settle(hold=hold)) for hold in left)
        return self._in_batches(settles, self.beside(approvers), dry_run=dry_run, time=time)

    def milestone(self, number: int, *, proposal: bytes | None = None, time: int | None = None) -> Milestone:
        """A later milestone whose release the backers vote on.

        Args:
            number: Which one; the first later one is 1.
            proposal: Which attempt to release it, a proposal's id of 32 bytes. If None, of those that are still voted
                on the one on which most was cast; else see `Milestone.attempt`.
            time: As of when, ms; now if None.

        Raises:
            ValueError: There is no such later milestone, or the backers do not vote on it.
        """
        self._check_later(number)
        if not isinstance(self.approval, BackersVote):
            message = f"milestone {number}: expected one that the backers vote on, found one that others sign for"
            raise ValueError(message)
        made = Milestone(self, number, proposal)
        return Milestone(self, number, made.attempt(self.desk.now(time))) if proposal is None else made

    def is_released(self, number: int) -> bool:
        """Whether the backers have resolved by vote to release a later milestone. It stays so."""
        if not number or not isinstance(self.approval, BackersVote):
            return False
        resolved = self.approval.condition(self.decides, self.groups, number)
        found = self.desk.ledger.resolution(resolved.account, resolved.rule, resolved.subject)
        return found is not None and found.option == resolved.option

    def _check_later(self, milestone: int) -> None:
        if not 1 <= milestone < len(self.groups):
            message = f"milestone: expected one from 1 to {len(self.groups) - 1}, found {milestone}"
            raise ValueError(message)

    # Numbers

    @property
    def reached(self) -> bool:
        """Whether every milestone has its part of the goal."""
        totals = (self._group(group).total for group in self.groups)
        return all(total >= goal for total, goal in zip(totals, self.goals, strict=True))

    def budget(self) -> Budget:
        """How it stands now. It reads every pledge."""
        milestones, backers = [], set()
        for group, goal in zip(self.groups, self.goals, strict=True):
            records = [(hold, self._hold(hold)) for hold in self._holds_of(group)]
            backers |= {record.payer for _, record in records if record.released < record.amount}
            settled = sum(record.settled for _, record in records)
            released = sum(record.released for _, record in records)
            held = sum(self._left(hold) for hold, _ in records)
            milestones.append(MilestoneBudget(goal, self._group(group).total, settled, released, held))
        pledged = sum(each.pledged for each in milestones)
        return Budget(sum(self.goals), pledged, len(backers), self.reached, tuple(milestones))

    # Ambassadors

    def referrals(self, *, time: int | None = None) -> dict[bytes, Referred]:
        """What each ambassador has brought, by account. It reads every pledge.

        What was given back does not count, and from `closes` on neither does what is due back.

        Args:
            time: As of when, ms; the ledger's time if None.
        """
        ledger = self.desk.ledger
        missed = self._is_missed(ledger.time if time is None else time)
        pledged: dict[bytes, int] = {}
        for group in self.groups:
            for record in map(self._hold, self._holds_of(group)):
                kept = record.settled if missed else record.amount - record.released
                pledged[record.payer] = pledged.get(record.payer, 0) + kept
        found: dict[bytes, Referred] = {}
        for backer, amount in pledged.items():
            edge = ledger.attestation(self._referral, self.owner, backer, self.id) if amount else None
            if edge is not None and edge.is_live(ledger.time) and isinstance(edge.content, Edge):
                before = found.get(edge.content.to, Referred(0, 0))
                found[edge.content.to] = Referred(before.backers + 1, before.pledged + amount)
        return found

    def ambassadors(self, *, at_least: int, time: int | None = None) -> dict[bytes, Referred]:
        """Those of `referrals` who have brought so many backers or more, ascending by account.

        Args:
            at_least: How many backers.
            time: As of when, ms; the ledger's time if None.
        """
        found = sorted(self.referrals(time=time).items())
        return {account: brought for account, brought in found if brought.backers >= at_least}

    def award(
        self,
        badge: Badges,
        *ambassadors: bytes,
        at_least: int,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Give ambassadors a badge for the backers they have brought: `attest` of each by the badge's issuer.

        All or none, and once for each of them. From `closes` on, when no backer can take a pledge back any more.

        Args:
            badge: The badge, one without tiers, at its issuer's desk.
            ambassadors: Their accounts, 32 bytes each: some of `ambassadors(at_least=…)`.
            at_least: How many backers each of them must have brought.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: It is too early, or one of them has not brought so many.
            RejectedError: attestation_exists (one has it already), wrong_content (a badge with tiers), …
        """
        if not badge.desk.was_used(key):
            # What the first call with this key did is not judged again.
            self._check_earned(ambassadors, at_least, self.desk.now(time))
        operations = [
            Attest(schema=badge.schema, issuer=badge.desk.account, subject=account, content=Nothing())
            for account in ambassadors
        ]
        return badge.desk.do(operations, key=key, dry_run=dry_run, time=time)

    def _check_earned(self, ambassadors: Sequence[bytes], at_least: int, at: int) -> None:
        if at < self.closes:
            message = f"time: expected one from {self.closes} on, when the raise is over, found {at}"
            raise ValueError(message)
        earned = self.ambassadors(at_least=at_least, time=at)
        for account in ambassadors:
            if account not in earned:
                message = f"ambassadors: expected those who brought {at_least} backers or more, found {account.hex()}"
                raise ValueError(message)

    # Helpers

    def units(self, amount: Amount) -> int:
        """An amount of what is pledged in minor units."""
        return minor_units(amount, asset_record(self.desk.ledger, self.asset).decimals)

    def _approval(self, condition: Condition) -> tuple[SignedBy | BackersVote | None, bytes]:
        """Who has to sign, or how the backers vote; and for which account."""
        for part in condition.of if isinstance(condition, AllOf) else ():
            if isinstance(part, SignedBy):
                return part, bytes(32)
            if isinstance(part, Resolved):
                record = self.desk.ledger.constitution(part.account)
                vote = None if record is None else vote_of(record.constitution)
                # Every rule must be that of the vote, and the constitution one that nobody changes.
                if record is None or vote is None or vote.constitution(self.groups[1:]) != record.constitution:
                    _refuse(self.id)
                return vote, part.account
        return None, bytes(32)

    @property
    def _referral(self) -> bytes:
        return schema_id(self.owner, _REFERRAL)

    def _terms(self, number: int) -> Terms:
        """The terms of a milestone: all say the same of the goal, so that all are reached or none."""
        over = After(self.closes)
        totals = [GroupTotal(group, goal) for group, goal in zip(self.groups, self.goals, strict=True)]
        wanted: list[Condition] = [over, *totals]
        if number and isinstance(self.approval, BackersVote):
            wanted.append(self.approval.condition(self.decides, self.groups, number))
        elif number and isinstance(self.approval, SignedBy):
            wanted.append(self.approval)
        missed: list[Condition] = [AllOf([over, Not(total)]) for total in totals]
        if self.withdrawable:
            missed.append(AllOf([Not(over), ByPayer()]))
        return Terms(settle_if=AllOf(wanted), release_if=AnyOf(missed), payees=[Share(self.to)], deadline=self.deadline)

    def _settles(self) -> set[int]:
        """The milestones that anybody may pay once the goal is reached: the first, and those that backers released."""
        return {number for number in range(len(self.groups)) if number == 0 or self.is_released(number)}

    def _due(self, number: int, hold: bytes, at: int, settles: set[int]) -> Operation | None:
        """What anybody may do with a hold now."""
        if at < self.closes or not self._left(hold):
            return None
        if self._is_missed(at):
            return Release(hold=hold)
        return Settle(hold=hold) if number in settles else None

    def _is_missed(self, at: int) -> bool:
        """Whether what is still held can only go back."""
        return at >= self.deadline or (at >= self.closes and not self.reached)

    def _in_batches(
        self,
        closing: Iterable[tuple[bytes, Operation]],
        others: Sequence[Key | Signer],
        *,
        dry_run: bool,
        time: int | None,
    ) -> Iterator[Closed]:
        holds: list[bytes] = []

        def operations() -> Iterator[Operation]:
            for hold, operation in closing:
                holds.append(hold)
                yield operation

        for batch in in_batches(self.desk, operations(), *others, dry_run=dry_run, time=time):
            refused = tuple((holds[position], status) for position, status in batch.refused)
            yield Closed(batch.done, tuple(holds[position] for position in batch.applied), refused)

    def beside(self, signers: Iterable[Key | Signer]) -> list[Key | Signer]:
        """Who signs beside the desk's account, which signs once."""
        return [signer for signer in signers if signer not in self.desk.signers]

    def _holds(self, pledge: Pledge | bytes) -> list[tuple[int, bytes]]:
        """The holds of a pledge, each with the number of its milestone."""
        identifier = pledge.id if isinstance(pledge, Pledge) else pledge
        record = self.desk.ledger.hold(identifier)
        if record is None or record.group != self.id:
            message = f"pledge: expected one of this raise, found {identifier.hex()}"
            raise LookupError(message)
        found = []
        for number, salt in enumerate(_salts(record.salt, len(self.groups))):
            hold = hold_id(record.payer, salt)
            # Who put a hold into the group without this package may have left out the others.
            part = self.desk.ledger.hold(hold)
            if part is not None and part.group == self.groups[number]:
                found.append((number, hold))
        return found

    def _holds_of(self, group: bytes) -> Iterator[bytes]:
        """Every hold of a group, in the order of the log."""
        return (hold for hold, _ in holds_of(self.desk.ledger, group))

    def _left(self, hold: bytes) -> int:
        return self.desk.ledger.balance(self.asset, hold)

    def _hold(self, hold: bytes) -> HoldRecord:
        record = self.desk.ledger.hold(hold)
        if record is None:
            message = f"hold: expected one of this ledger, found {hold.hex()}"
            raise LookupError(message)
        return record

    def _group(self, group: bytes) -> GroupRecord:
        record = self.desk.ledger.hold_group(group)
        if record is None:
            message = f"raise: expected one of this ledger, found {group.hex()}"
            raise LookupError(message)
        return record


def _goals(goal: int, milestones_bps: Sequence[int]) -> tuple[int, ...]:
    """Each milestone's exact part of the goal."""
    bps = tuple(milestones_bps)
    if sum(bps) != _BPS_ALL or min(bps) < 1 or len(bps) > _MILESTONES_MAX:
        message = f"milestones_bps: expected 1 to {_MILESTONES_MAX} parts, 10,000 in all, found {list(bps)}"
        raise ValueError(message)
    step = _BPS_ALL // gcd(*bps)
    if goal < 1 or goal % step:
        message = f"goal: expected a multiple of {step} minor units, so that it can be divided, found {goal}"
        raise ValueError(message)
    return tuple(goal * part // _BPS_ALL for part in bps)


def _salts(salt: bytes, count: int) -> list[bytes]:
    """The salt of each milestone: the first is the given one, and the others follow from it."""
    others = [
        hashlib.sha256(b"counterfoil/milestone/v1\n" + salt + bytes([number])).digest()[:16]
        for number in range(1, count)
    ]
    return [salt, *others]


def _account_salt(salt: bytes) -> bytes:
    """The salt of the account that decides: it follows from that of the first milestone."""
    return hashlib.sha256(b"counterfoil/backers-vote/v1\n" + salt).digest()[:16]


def _check_lasts(approval: BackersVote, within_ms: int) -> None:
    if approval.lasts_ms >= within_ms:
        message = f"approval: expected a vote that ends before {within_ms} ms are over, found {approval.lasts_ms} ms"
        raise ValueError(message)


def _may_withdraw(condition: Condition | None) -> bool:
    parts = condition.of if isinstance(condition, AnyOf) else ()
    return any(isinstance(part, AllOf) and ByPayer() in part.of for part in parts)


def _refuse(identifier: bytes) -> NoReturn:
    message = f"raise: expected a group with the terms of a raise, found {identifier.hex()} with others"
    raise ValueError(message)
