"""Later milestones of a raise, which its backers release by vote.

Their money waits for a resolution of an account that only decides: its constitution has a rule for each later
milestone, and forbids that it is ever changed. The hash of the rule, which says who votes, how long, and what a
majority is, stands in the terms of the milestone's holds. So no other rule, and nobody's key, releases them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from counterfoil.desk import signers_on, span_ms
from counterfoil.governance.proposal import Proposal, Standing, title_hash
from counterfoil.ops import (
    Article,
    BackersElectorate,
    Conclude,
    Constitution,
    Hold,
    Operation,
    Propose,
    Resolved,
    Rule,
    SetConstitution,
    Shares,
    Vote,
    hold_id,
    named_account,
    proposal_id,
    rule_hash,
)
from counterfoil.verify import ProposalOpen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.desk import Desk, Done, Span
    from counterfoil.funding.raising import Raise
    from counterfoil.keys import Key, Signer
    from counterfoil.verify import ProposalRecord

_BPS_ALL = 10_000
_SPAN_MAX_MS = 366 * 86_400_000
_MEMBERS_MAX = 500
"""Holds that one operation votes with."""

_CHOICES = {"release": (1, 0, 0), "refuse": (0, 1, 0), "abstain": (0, 0, 1)}


@dataclass(frozen=True, slots=True)
class BackersVote:
    """How the backers decide about a later milestone: each with what it pledged for it.

    Attributes:
        quorum_bps: How many of 10,000 parts of what is pledged for the milestone must vote.
        threshold_bps: More than how many of 10,000 parts of what was decided, abstentions apart, must be for it.
        voting: How long is voted; kept in ms.
        delay: From the proposal to the vote; kept in ms.
        extension: How long is voted from when the quorum is reached late; kept in ms.
        timelock: From the end of the vote to the release; kept in ms.

    Raises:
        ValueError: Parts or times out of range.

    >>> BackersVote(quorum_bps=3_000, voting="14d").voting
    1209600000
    """

    quorum_bps: int = 2_000
    threshold_bps: int = 5_000
    voting: Span = "7d"
    delay: Span = 0
    extension: Span = 0
    timelock: Span = 0

    def __post_init__(self) -> None:
        """Turn times into ms, then check."""
        for name in ("voting", "delay", "extension", "timelock"):
            object.__setattr__(self, name, span_ms(getattr(self, name)))
        bounds = {"quorum_bps": (0, _BPS_ALL), "threshold_bps": (0, _BPS_ALL - 1), "voting": (1, _SPAN_MAX_MS)}
        for name in (field.name for field in fields(self)):
            low, high = bounds.get(name, (0, _SPAN_MAX_MS))
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                message = f"{name}: expected {low} to {high}, found {value}"
                raise ValueError(message)

    @property
    def lasts_ms(self) -> int:
        """From a proposal to its conclusion, at the most."""
        return sum(span_ms(each) for each in (self.delay, self.voting, self.extension, self.timelock))

    def rule(self, group: bytes) -> Rule:
        """The rule for the holds of a group. What passes by it is a resolution, and nothing to execute."""
        return Rule(
            electorate=BackersElectorate(group),
            quorum_bps=self.quorum_bps,
            threshold_bps=self.threshold_bps,
            delay_ms=span_ms(self.delay),
            voting_ms=span_ms(self.voting),
            extension_ms=span_ms(self.extension),
            timelock_ms=span_ms(self.timelock),
            execution_ms=_SPAN_MAX_MS,
        )

    def constitution(self, groups: Sequence[bytes]) -> Constitution:
        """A rule for each of these groups, and nobody who may change that."""
        return Constitution([self.rule(group) for group in groups], [Article(operations=[SetConstitution])])

    def condition(self, account: bytes, groups: Sequence[bytes], number: int) -> Resolved:
        """What the holds of a milestone wait for: that this account has resolved by vote to release them."""
        return Resolved(account, rule_hash(self.rule(groups[number])), release_subject(groups[0], number))


def vote_of(constitution: Constitution) -> BackersVote | None:
    """The vote whose constitution this may be; whether it is that, who asks has to compare."""
    if not constitution.rules:
        return None
    rule = constitution.rules[0]
    return BackersVote(
        rule.quorum_bps, rule.threshold_bps, rule.voting_ms, rule.delay_ms, rule.extension_ms, rule.timelock_ms
    )


def release_subject(raise_id: bytes, number: int) -> bytes:
    """What the vote on a milestone of a raise is about, 32 bytes."""
    return hashlib.sha256(b"counterfoil/milestone-release/v1\n" + raise_id + bytes([number])).digest()


def open_account(desk: Desk, salt: bytes, constitution: Constitution, *, key: str | None, time: int | None) -> None:
    """Open the account that decides, `open`, and bind it, `set_constitution`; each once where there is a key."""
    desk.do([desk.opening(salt)], key=_part(key, "account"), time=time)
    account = named_account(desk.account, salt)
    binding = SetConstitution(account=account, constitution=constitution)
    desk.do([binding], *signers_on(account, desk.signers), key=_part(key, "constitution"), time=time)


def _part(key: str | None, part: str) -> str | None:
    return None if key is None else f"{key}\n{part}"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A later milestone of a raise, and an attempt to have it released.

    Who wants it released proposes that; backers vote with all that they pledged for the milestone; anybody concludes,
    and then closes the pledges. A vote that fails keeps nobody from proposing it again, until the raise's deadline:
    then all that was not released goes back.

    Attributes:
        raised: The raise.
        number: Which milestone: the first later one is 1.
        proposal: The attempt, a proposal's id of 32 bytes; None where nobody has proposed anything.
        done: The call that proposed it, where this one did.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.funding import Raise
    >>> film, eli = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/film", origin="film.example", operator=film, time=1_000) as ledger:
    ...         ils = ledger.create_asset(film, "ILS", time=1_000)
    ...         _ = ledger.mint(film, ils, to=eli.account, amount=500, time=1_000)
    ...         stages, vote = [4_000, 6_000], BackersVote(voting=3_000)
    ...         terms = {"milestones_bps": stages, "approval": vote, "within": 9_000}
    ...         fund = Raise.open(ledger, film, asset=ils, goal=500, closes=2_000, **terms, time=1_000)
    ...         pledge = fund.pledge(eli, 500, time=1_000)
    ...         milestone = fund.milestone(1, time=2_000).propose(by=film, time=2_000)
    ...         _ = milestone.vote(eli, "release", time=2_000)
    ...         _ = milestone.conclude(time=5_000)
    ...         _ = fund.close(pledge, time=5_000)
    ...         print(milestone.is_released, ledger.balance(ils, film.account))
    True 500
    """

    raised: Raise
    number: int
    proposal: bytes | None = None
    done: Done | None = None

    @property
    def group(self) -> bytes:
        """The group of its holds, 32 bytes."""
        return self.raised.groups[self.number]

    @property
    def subject(self) -> bytes:
        """What is voted on, 32 bytes."""
        return release_subject(self.raised.id, self.number)

    @property
    def title(self) -> bytes:
        """The hash of what is voted on in words, 32 bytes: of `Release milestone 1`, say."""
        return title_hash(f"Release milestone {self.number}")

    @property
    def is_released(self) -> bool:
        """Whether the backers have resolved to release it. It stays so."""
        return self.raised.is_released(self.number)

    def propose(
        self, *, by: Key | Signer | None = None, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Milestone:
        """Propose that it is released: `propose` to the account that decides. Anybody may, once the raise is over.

        Args:
            by: Who proposes; who sits at the raise's desk if None.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: group_open (the raise is not over), no_electorate (nothing is pledged for it), …
        """
        desk = self.raised.desk
        proposer = desk.signers[0] if by is None else by
        operation = Propose(
            account=self.raised.decides,
            proposer=proposer.account,
            salt=desk.salt(key),
            rule=self.number - 1,
            title=self.title,
            options=[[]],
            subject=self.subject,
        )
        done = desk.do([operation], *self.raised.beside([proposer]), key=key, dry_run=dry_run, time=time)
        made = next(each for each in done.operations if isinstance(each, Propose))
        return Milestone(self.raised, self.number, proposal_id(made.account, made.proposer, made.salt), done)

    def vote(
        self,
        backer: Key | Signer,
        choice: str,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Vote with all that a backer pledged for the milestone: `vote`. Until the end it may vote otherwise.

        Args:
            backer: Who signs for the backer.
            choice: `release`, `refuse` or `abstain`.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: Another choice.
            LookupError: Nobody has proposed anything.
            RejectedError: no_weight (no pledge, or it was taken back), voting_closed, vote_unchanged, …
        """
        if choice not in _CHOICES:
            message = f"choice: expected one of {', '.join(_CHOICES)}, found {choice!r}"
            raise ValueError(message)
        ballot, holds = Shares(_CHOICES[choice]), self.holds(backer.account)
        operations: list[Operation] = [
            Vote(
                proposal=self._proposed,
                voter=backer.account,
                ballot=ballot,
                members=holds[start : start + _MEMBERS_MAX],
            )
            for start in range(0, max(1, len(holds)), _MEMBERS_MAX)
        ]
        return self.raised.desk.do(operations, *self.raised.beside([backer]), key=key, dry_run=dry_run, time=time)

    def tally(self, *, time: int | None = None) -> Standing:
        """How the vote stands: yes is for the release. `explain()` says it in words.

        Args:
            time: At which time, ms, for what is over and what is to come; now if None.

        Raises:
            LookupError: Nobody has proposed anything.
        """
        self._record(self._proposed)
        return Proposal(self.raised.desk.ledger, identifier=self._proposed).tally(time=time)

    def conclude(self, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """Say what came of the vote, once it is due: `conclude`. Anybody may. `Raise.close_all` then pays.

        Raises:
            LookupError: Nobody has proposed anything.
            RejectedError: not_due, proposal_closed (somebody has said it), …
        """
        return self.raised.desk.do([Conclude(proposal=self._proposed)], key=key, dry_run=dry_run, time=time)

    def holds(self, backer: bytes) -> list[bytes]:
        """What a backer pledged for it and has not taken back, by hold: what it votes with. Its transactions are read.

        Args:
            backer: The backer's account, 32 bytes.
        """
        ledger, asset = self.raised.desk.ledger, self.raised.asset
        return [
            hold
            for applied in ledger.transactions(backer)
            for each in applied.signed.transaction.operations
            if isinstance(each, Hold) and each.group == self.group and each.payer == backer
            if ledger.balance(asset, hold := hold_id(each.payer, each.salt))
        ]

    def attempts(self) -> Iterator[bytes]:
        """The proposals to release it, by id, in the order of the log: those of the right rule, subject and title."""
        for applied in self.raised.desk.ledger.transactions(self.raised.decides):
            for each in applied.signed.transaction.operations:
                if isinstance(each, Propose) and self._asks(each):
                    yield proposal_id(each.account, each.proposer, each.salt)

    def attempt(self, at: int) -> bytes | None:
        """The proposal that matters at a time, ms, the same for all who ask; None where there is none.

        Of those that are still voted on it is the one on which most was cast, and of equals the last; else, of those
        that nobody has concluded, the one with the most for it; else the last. So it costs whoever proposes the same
        once more as much as others have cast to lead them astray. Who calls backers to a vote better names it.
        """
        found = list(self.attempts())
        records = [(each, record) for each in found if isinstance((record := self._record(each)).state, ProposalOpen)]
        voted = [(record.cast, number, each) for number, (each, record) in enumerate(records) if at < record.ends]
        if voted:
            return max(voted)[2]
        if records:
            return max(records, key=lambda pair: pair[1].counts[0])[0]
        return found[-1] if found else None

    def _asks(self, proposed: Propose) -> bool:
        asked = (proposed.account, proposed.rule, proposed.subject, proposed.title)
        return asked == (self.raised.decides, self.number - 1, self.subject, self.title)

    @property
    def _proposed(self) -> bytes:
        if self.proposal is None:
            message = f"milestone {self.number}: expected a proposal to release it, found none"
            raise LookupError(message)
        return self.proposal

    def _record(self, proposal: bytes) -> ProposalRecord:
        record = self.raised.desk.ledger.proposal(proposal)
        if record is None or (record.account, record.subject) != (self.raised.decides, self.subject):
            message = f"milestone {self.number}: expected a proposal to release it, found {proposal.hex()}"
            raise LookupError(message)
        return record
