"""A proposal: what it would change, the votes on it, what they come to, and that it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from counterfoil._checks import identifier as checked_id
from counterfoil._checks import integer
from counterfoil._text import percent, share, span, units, when
from counterfoil.desk import Desk, Done, now_ms
from counterfoil.governance.changes import Change, changes_of
from counterfoil.governance.counting import Tally, decide
from counterfoil.ops import (
    Approval,
    Approve,
    BackersElectorate,
    Ballot,
    Cancel,
    Conclude,
    Execute,
    HoldersElectorate,
    MemberHoldersElectorate,
    Operation,
    Propose,
    Rank,
    Ranked,
    Reason,
    Reveal,
    Sealed,
    Shares,
    Veto,
    Vote,
    Weight,
    actions_hash,
    ballot_seal,
    proposal_id,
)
from counterfoil.verify import (
    ProposalCancelled,
    ProposalExecuted,
    ProposalFailed,
    ProposalPassed,
    ProposalRecord,
    ProposalVetoed,
)

if TYPE_CHECKING:
    from counterfoil.governance.counting import Form, Verdict
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger

__all__ = ["STATES", "Choice", "Proposal", "Standing", "State", "title_hash"]

State = Literal[
    "open", "voting", "counting", "timelock", "due", "failed", "passed", "executed", "lapsed", "vetoed", "cancelled"
]
"""What a proposal is, at a time: see `Proposal.state`."""

STATES: tuple[State, ...] = get_args(State)
"""Every state."""

Choice: TypeAlias = "Ballot | str | int | Mapping[str, int] | Sequence[str | int]"
"""What a member votes: "yes", "no" or "abstain", or shares of them, `{"yes": 60, "no": 40}`; of several options the
names or positions of those approved of, or ranked from the best on, none to abstain; or a ballot as it stands on the
ledger."""

_CHOICES = ("yes", "no", "abstain")
_SHARES_MAX = 2**64 - 1
_TITLE = b"counterfoil/title/v1\n"


def title_hash(text: str) -> bytes:
    """What stands on the ledger for a proposal's title and text, 32 bytes.

    Raises:
        ValueError: The text is empty, or no Unicode text.

    >>> title_hash("Raise surplus share").hex()[:16]
    '036816ec98c308f5'
    """
    if not text:
        message = "title: expected a text, found an empty one"
        raise ValueError(message)
    return hashlib.sha256(_TITLE + text.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a proposal stands, in numbers, and in words: `explain`.

    Attributes:
        record: The proposal's record.
        tally: What the ballots come to.
        verdict: Whether that passes: so far, or for good.
        state: The proposal's state: see `Proposal.state`.
        time: At which time, ms.
        names: What each count of the tally is of: options, and abstentions last.
        symbol: What weights are units of; empty where they are members or roots.
        decimals: Its decimal places.
    """

    record: ProposalRecord
    tally: Tally
    verdict: Verdict
    state: State
    time: int
    names: tuple[str, ...]
    symbol: str = ""
    decimals: int = 0

    def explain(self) -> str:
        """What a member wants to know: who may vote, what is missing, what was voted, and what happens when."""
        lines = [*self._voters(), *self._counts(), *self._rounds(), *self._needs(), *self._times()]
        return "\n".join([*lines, self._conclusion()])

    def _voters(self) -> list[str]:
        record, verdict = self.record, self.verdict
        terms = record.terms
        heads = terms.weight != Weight.UNITS
        whole = self._members(record.electorate) if heads else self._weight(record.electorate)
        counted = {
            Weight.UNITS: "a vote for each unit",
            Weight.MEMBER: "a vote each",
            Weight.ROOT: "each the square root of its units",
        }[terms.weight]
        cast = self._members(verdict.cast) if heads else self._weight(verdict.cast)
        needed = max(verdict.quorum, 1)
        missing = needed - verdict.cast
        if missing <= 0:
            reached = "reached"
        else:
            reached = "missing: " + (self._members(missing) if heads else self._weight(missing))
        quorum = self._members(needed) if heads else self._weight(needed)
        return [
            f"may vote: {whole}, {counted}",
            f"took part: {cast} ({share(verdict.cast, record.electorate)}), {record.voters:,} ballots",
            f"quorum: {quorum} ({percent(terms.quorum_bps)}), {reached}",
        ]

    def _counts(self) -> list[str]:
        decided = self.tally.decided
        title = "first preferences" if self.tally.form == "ranked" else "votes"
        lines = [f"{title}:"]
        for name, count in zip(self.names[:-1], self.tally.counts, strict=False):
            lines.append(f"  {name}: {self._weight(count)} ({share(count, decided)} of what was decided)")
        return [*lines, f"  {self.names[-1]}: {self._weight(self.tally.counts[-1])}"]

    def _rounds(self) -> list[str]:
        run_off = self.verdict.run_off
        if run_off is None:
            return []
        lines = []
        for number, each in enumerate(run_off.rounds, 1):
            counts = [
                f"{name} {self._weight(count)}"
                for name, count in zip(self.names, each.counts, strict=False)
                if count is not None
            ]
            exhausted = f", {self._weight(each.exhausted)} ranked none of these" if each.exhausted else ""
            if each.struck is not None:
                tied = f", as last of those with {self._weight(each.counts[each.struck] or 0)}" if each.tied else ""
                end = f"{self.names[each.struck]} is struck out{tied}"
            else:
                why = "more than half" if run_off.by_majority else "the only one left"
                end = f"{self.names[run_off.winner or 0]} wins, {why}"
            lines.append(f"round {number}: {', '.join(counts)}{exhausted}; {end}")
        return lines

    def _needs(self) -> list[str]:
        verdict, terms = self.verdict, self.record.terms
        best = "nobody" if verdict.option is None else self.names[verdict.option]
        lines = [
            f"ahead: {best} with {self._weight(verdict.count)}",
            f"threshold: more than {self._weight(verdict.threshold)} ({percent(terms.threshold_bps)} of "
            f"{self._weight(verdict.decided)}), {_met(verdict.exceeds_threshold)}",
        ]
        if terms.support_bps:
            of = self._members(self.record.electorate) if terms.weight else self._weight(self.record.electorate)
            lines.append(
                f"support: at least {self._weight(verdict.support)} ({percent(terms.support_bps)} of {of}), "
                f"{_met(verdict.has_support)}"
            )
        return lines

    def _times(self) -> list[str]:
        record, now = self.record, self.time
        terms = record.terms
        steps = [("voting until", record.ends)]
        if terms.reveal_ms:
            steps.append(("ballots revealed until", record.counted))
        if terms.timelock_ms:
            guarded = "timelock until" if terms.guardian is None else "timelock, and veto, until"
            steps.append((guarded, record.due))
        steps.append(("executable until", record.lapses))
        lines = [f"voting {'since' if record.starts <= now else 'from'} {when(record.starts)} UTC"]
        lines += [f"{name} {when(time)} UTC" + (" (over)" if time <= now else "") for name, time in steps]
        if terms.extension_ms and self.state in ("open", "voting") and not self.verdict.has_quorum:
            lines.append(f"a quorum that is reached late leaves {span(terms.extension_ms)} to vote")
        return lines

    def _conclusion(self) -> str:
        verdict = self.verdict
        chosen = "" if self.tally.form == "yes_no" or verdict.option is None else f" with {self.names[verdict.option]}"
        if self.record.terms.reveal_ms and self.state in ("open", "voting"):
            return f"state: {self.state}; ballots are sealed, and counted when they are revealed"
        if self.state in ("open", "voting", "counting", "timelock", "due"):
            result = f"passes{chosen}" if verdict.passed else "fails: " + ", ".join(self._flaws())
            return f"state: {self.state}; as it stands it {result}"
        state = self.record.state
        if isinstance(state, (ProposalPassed, ProposalExecuted)) and self.tally.form != "yes_no":
            return f"state: {self.state}, with {self.names[state.option]}"
        if isinstance(state, ProposalVetoed):
            return f"state: vetoed, reason {state.reason.code}"
        return f"state: {self.state}" + (": " + ", ".join(self._flaws()) if isinstance(state, ProposalFailed) else "")

    def _flaws(self) -> list[str]:
        verdict = self.verdict
        asked = (
            ("no quorum", verdict.has_quorum),
            ("threshold not exceeded", verdict.exceeds_threshold),
            ("too little support", verdict.has_support),
        )
        # What lapsed can fail for its rankings alone, which nobody told in time.
        return [flaw for flaw, holds in asked if not holds] or ["not concluded before it lapsed"]

    def _weight(self, weight: int) -> str:
        return units(weight, self.decimals) + (f" {self.symbol}" if self.symbol else "")

    @staticmethod
    def _members(count: int) -> str:
        return f"{count:,} member" + ("" if count == 1 else "s")


class Proposal:
    """A proposal of a community.

    Attributes:
        ledger: The ledger.
        id: The proposal's id, 32 bytes.
        signers: Who acts where anybody may: who concludes, executes and reveals.
        names: Names of its options, where there are several: else their positions.
    """

    def __init__(self, ledger: Ledger, *signers: Key | Signer, identifier: bytes, names: Sequence[str] = ()) -> None:
        """Take a proposal up.

        Args:
            ledger: The ledger.
            signers: The keys of whoever acts, for anybody may conclude and execute. None: it is only read.
            identifier: The proposal's id, 32 bytes.
            names: Names of its options, in order: the ledger does not have them.

        Raises:
            LookupError: There is no such proposal.
            ValueError: More or fewer names than options, or one twice.
        """
        self._begin(ledger, signers, identifier, tuple(names))
        options = len(self.record.options)
        if names and (len(names) != options or len(set(names)) != options or options == 1):
            message = f"names: expected {options if options > 1 else 0} that differ, found {len(names)}"
            raise ValueError(message)

    def _begin(
        self, ledger: Ledger, signers: tuple[Key | Signer, ...], identifier: bytes, names: tuple[str, ...]
    ) -> None:
        self.ledger = ledger
        self.signers = signers
        self.id = checked_id(identifier, "identifier")
        self.names = names

    @classmethod
    def _of(
        cls, ledger: Ledger, signers: tuple[Key | Signer, ...], identifier: bytes, names: tuple[str, ...] = ()
    ) -> Proposal:
        """A proposal that may not be on the ledger: of a dry run."""
        made = object.__new__(cls)
        made._begin(ledger, signers, identifier, names)
        return made

    def __repr__(self) -> str:
        """Its id."""
        return f"<Proposal {self.id.hex()}>"

    # What it is

    @property
    def record(self) -> ProposalRecord:
        """Its record, as it stands.

        Raises:
            LookupError: There is no such proposal.
        """
        found = self.ledger.proposal(self.id)
        if found is None:
            message = f"proposal: expected one of this ledger, found none with the id {self.id.hex()}"
            raise LookupError(message)
        return found

    def title(self, text: str) -> bool:
        """Whether this is the text that it was proposed with."""
        return title_hash(text) == self.record.title

    @property
    def state(self) -> State:
        """Its state now.

        `open` (the vote is still to come), `voting`, `counting` (sealed ballots are revealed), `timelock`, `due` (it
        may be concluded); then `passed`, and `executed` or `lapsed`; or `failed`, `vetoed`, `cancelled`. One that is
        due and was concluded by nobody until it could be executed no more is `lapsed`, too.
        """
        return self.state_at()

    def state_at(self, time: int | None = None) -> State:
        """Its state at a time, ms, of what is on the ledger; now if None."""
        return state_of(self.record, now_ms(self.ledger, time))

    @property
    def options(self) -> tuple[tuple[Operation, ...], ...]:
        """The actions of each option, from the log.

        Raises:
            LookupError: There is no such proposal.
            ValueError: The ledger was opened with `index=False`.
        """
        record = self.record
        # Before it there can only be what was sent to its id by somebody who knew what it would be.
        for applied in self.ledger.transactions(self.id):
            for each in applied.signed.transaction.operations:
                if isinstance(each, Propose) and proposal_id(each.account, each.proposer, each.salt) == self.id:
                    found = tuple(tuple(actions) for actions in each.options)
                    if tuple(map(actions_hash, found)) == record.options:
                        return found
        message = f"proposal: expected its actions in the log, found none of {self.id.hex()}"
        raise LookupError(message)

    def changes(self) -> list[Change]:
        """What it would change if it were executed now, before and after: see `counterfoil.governance.changes`."""
        account = self.record.account
        return [
            change
            for option, actions in enumerate(self.options)
            for change in changes_of(self.ledger, actions, account=account, option=option)
        ]

    def tally(self, *, time: int | None = None) -> Standing:
        """How the vote stands: `explain()` says it in words.

        Args:
            time: At which time, ms, for what is over and what is to come; now if None.
        """
        record, now = self.record, now_ms(self.ledger, time)
        tally = self._counted(record)
        symbol, decimals = self._unit(record)
        return Standing(
            record=record,
            tally=tally,
            verdict=verdict_of(record, tally),
            state=state_of(record, now),
            time=now,
            names=choice_names(record, self.names),
            symbol=symbol,
            decimals=decimals,
        )

    # Voting

    def vote(
        self,
        member: Key | Signer,
        choice: Choice,
        *,
        for_members: Sequence[bytes] = (),
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Vote, or vote anew: `vote`, which the voter signs.

        Args:
            member: Who votes.
            choice: What: see `Choice`.
            for_members: Whose votes these are, at most 500: of accounts whose delegations lead to the voter, and of the
                voter itself if it is among them. None: the voter's own. Of backers the ids of their holds.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            TypeError, ValueError: A choice that is none, of an option that there is not, or not of the proposal's form.
            RejectedError: voting_not_started, voting_closed, not_in_electorate, no_weight, not_delegated, overridden
                (the member has voted itself), vote_unchanged, wrong_ballot (the rule seals ballots: see `seal`), …
        """
        ballot = self._ballot(choice)
        return self._cast(member, ballot, for_members, key=key, dry_run=dry_run, time=time)

    def seal(
        self,
        member: Key | Signer,
        choice: Choice,
        *,
        for_members: Sequence[bytes] = (),
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Vote with a ballot that nobody can read before it is revealed: `vote`.

        Its salt is made of the voter's key and of the ballot, so that nothing has to be kept but the key, and to know
        what one voted. One that is not revealed in time does not count.

        Args:
            member: Who votes.
            choice: What: see `Choice`.
            for_members: As of `vote`.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            TypeError, ValueError: As of `vote`.
            RejectedError: As of `vote`; wrong_ballot (the rule does not seal ballots), …
        """
        ballot = self._ballot(choice)
        desk = Desk(self.ledger, member)
        seal = Sealed(ballot_seal(self.id, desk.account, self._salt(desk, ballot), ballot))
        return self._cast(member, seal, for_members, key=key, dry_run=dry_run, time=time)

    def reveal(
        self,
        member: Key | Signer,
        choice: Choice,
        *,
        for_members: Sequence[bytes] = (),
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Show what a sealed ballot says, once the vote is over: `reveal`.

        Args:
            member: Who sealed it.
            choice: What was sealed.
            for_members: For whom, as it was sealed.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            TypeError, ValueError: As of `vote`.
            RejectedError: reveal_not_open, voting_closed, not_sealed, wrong_seal (it says something else), …
        """
        ballot = self._ballot(choice)
        desk = Desk(self.ledger, member)
        salt = self._salt(desk, ballot)
        operation = Reveal(proposal=self.id, voter=desk.account, members=for_members, ballot=ballot, salt=salt)
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    # What comes of it

    def conclude(self, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """Say what came of the vote, once it is due: `conclude`. Anybody may.

        Raises:
            TypeError: There is nobody who signs.
            RejectedError: not_due, proposal_closed (it was said before), …
        """
        return self._desk().do([self._conclusion()], key=key, dry_run=dry_run, time=time)

    def execute(
        self, *others: Key | Signer, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Do what passed: `execute`, and before it `conclude` where nobody did, all or nothing. Anybody may.

        Args:
            others: Who signs as well: who buys what the community sells, say.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            TypeError: There is nobody who signs.
            LookupError: The log has no such proposal.
            RejectedError: not_due, not_passed, already_executed, proposal_lapsed, constitution_changed, too_large (with
                very many rankings: conclude before); or whatever refuses one of the actions. Then nothing has happened,
                and it may be tried again until it lapses.
        """
        desk = self._desk()
        first = desk.first(key)
        concluding = self.record.state.wire_tag == 0
        if first is not None:
            # The proposal has another state since, and a retry wants what the first call wanted.
            concluding = isinstance(first.operations[0], Conclude)
        operations: list[Operation] = [self._conclusion()] if concluding else []
        operations.append(Execute(proposal=self.id, actions=self.options[self._chosen()]))
        return desk.do(operations, *others, key=key, dry_run=dry_run, time=time)

    def veto(
        self,
        *guardian: Key | Signer,
        reason: int = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Stop it before it is due: `veto`, which the rule's guardian signs. A deposit is lost.

        Args:
            guardian: The keys that sign for the guardian.
            reason: A code for why.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: no_guardian, unauthorized (somebody else), veto_too_late, proposal_closed.
        """
        operation = Veto(proposal=self.id, reason=Reason(reason))
        return Desk(self.ledger, *guardian).do([operation], key=key, dry_run=dry_run, time=time)

    def cancel(
        self, *proposer: Key | Signer, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Take it back before the vote starts: `cancel`, which the proposer signs. A deposit comes back.

        Raises:
            RejectedError: voting_started, unauthorized (somebody else), proposal_closed.
        """
        return Desk(self.ledger, *proposer).do([Cancel(proposal=self.id)], key=key, dry_run=dry_run, time=time)

    # Helpers

    def _desk(self) -> Desk:
        if not self.signers:
            message = "signers: expected the key of whoever does it, found none: take the proposal up with one"
            raise TypeError(message)
        return Desk(self.ledger, *self.signers)

    def _cast(
        self,
        member: Key | Signer,
        ballot: Ballot,
        for_members: Sequence[bytes],
        *,
        key: str | None,
        dry_run: bool,
        time: int | None,
    ) -> Done:
        desk = Desk(self.ledger, member)
        operation = Vote(proposal=self.id, voter=desk.account, members=for_members, ballot=ballot)
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    def _salt(self, desk: Desk, ballot: Ballot) -> bytes:
        # Another for each ballot: one that is revealed must not show what its voter had thought before.
        text = f"{self.id.hex()} {bytes(ballot).hex()}"
        return desk.secret("ballot", text)[:16]

    def _conclusion(self) -> Conclude:
        record = self.record
        is_ranked = isinstance(record.terms.form, Ranked)
        return Conclude(proposal=self.id, rankings=list(self.ledger.rankings(self.id)) if is_ranked else [])

    def _chosen(self) -> int:
        """The option that passed, or that would if it were concluded; the first where none does."""
        state = self.record.state
        if isinstance(state, (ProposalPassed, ProposalExecuted)):
            return state.option
        return self.tally().verdict.option or 0

    def _counted(self, record: ProposalRecord) -> Tally:
        rankings: dict[tuple[int, ...], int] = {}
        if isinstance(record.terms.form, Ranked):
            rankings = {tuple(each.options): each.weight for each in self.ledger.rankings(self.id)}
        form = _form(record)
        return Tally(form, tuple(record.counts), record.cast, record.decided, record.voters, rankings)

    def _unit(self, record: ProposalRecord) -> tuple[str, int]:
        """The symbol and decimals of what weights are units of."""
        electorate = record.terms.electorate
        asset = None
        if record.terms.weight == Weight.UNITS:
            if isinstance(electorate, (HoldersElectorate, MemberHoldersElectorate)):
                asset = electorate.asset
            elif isinstance(electorate, BackersElectorate):
                group = self.ledger.hold_group(electorate.group)
                asset = None if group is None else group.asset
        found = None if asset is None else self.ledger.asset(asset)
        return ("", 0) if found is None else (found.symbol, found.decimals)

    def _ballot(self, choice: Choice) -> Ballot:
        if isinstance(choice, (Shares, Approve, Rank, Sealed)):
            return choice
        record = self.record
        if _form(record) == "yes_no":
            shares = _shares(choice)
            if record.terms.weight == Weight.MEMBER and sum(map(bool, shares.shares)) > 1:
                # What is left over when it is divided goes to the greatest share: all of a weight of 1 does.
                message = "choice: expected one of yes, no and abstain, for a member's one vote is not divided"
                raise ValueError(message)
            return shares
        options = [self._position(each, record) for each in _listed(choice)]
        return Approve(options) if _form(record) == "approval" else Rank(options)

    def _position(self, option: str | int, record: ProposalRecord) -> int:
        """The position of an option that may be named."""
        count = len(record.options)
        if isinstance(option, str):
            if option in self.names:
                return self.names.index(option)
            known = ", ".join(self.names) or f"positions from 0 to {count - 1}, for the options have no names here"
            message = f"choice: expected {known}, found {option[:40]!r}"
            raise ValueError(message)
        return integer(option, "choice", least=0, most=count - 1)


def verdict_of(record: ProposalRecord, tally: Tally) -> Verdict:
    """Whether what was counted passes by a proposal's rule.

    Raises:
        ValueError: The rule is none.
    """
    terms = record.terms
    return decide(
        tally,
        electorate=record.electorate,
        quorum_bps=terms.quorum_bps,
        threshold_bps=terms.threshold_bps,
        support_bps=terms.support_bps,
    )


def choice_names(record: ProposalRecord, names: Sequence[str]) -> tuple[str, ...]:
    """What each count of a proposal is of, abstentions last; options that nobody named have their numbers."""
    if _form(record) == "yes_no":
        return _CHOICES
    return (*(names or (f"option {number}" for number in range(len(record.options)))), "abstain")


def state_of(record: ProposalRecord, now: int) -> State:
    """What a proposal is at a time, ms: see `Proposal.state`."""
    ended: dict[type, State] = {
        ProposalCancelled: "cancelled",
        ProposalVetoed: "vetoed",
        ProposalFailed: "failed",
        ProposalExecuted: "executed",
    }
    if type(record.state) in ended:
        return ended[type(record.state)]
    if now >= record.lapses:
        return "lapsed"
    if isinstance(record.state, ProposalPassed):
        return "passed"
    steps: tuple[tuple[int, State], ...] = (
        (record.due, "due"),
        (record.counted, "timelock"),
        (record.ends, "counting"),
        (record.starts, "voting"),
    )
    return next((name for begins, name in steps if now >= begins), "open")


def _form(record: ProposalRecord) -> Form:
    forms: dict[type, Form] = {Approval: "approval", Ranked: "ranked"}
    return forms.get(type(record.terms.form), "yes_no")


def _shares(choice: object) -> Shares:
    """A ballot of yes, no and abstention."""
    if isinstance(choice, str):
        choice = {choice: 1}
    if not isinstance(choice, Mapping):
        message = f"choice: expected yes, no, abstain or shares of them, found {type(choice).__name__}"
        raise TypeError(message)
    if not choice or set(choice) - set(_CHOICES):
        found = ", ".join(str(each)[:40] for each in choice) or "nothing"
        message = f"choice: expected yes, no or abstain, found {found}"
        raise ValueError(message)
    shares = [integer(choice.get(each, 0), f"choice, {each}", least=0, most=_SHARES_MAX) for each in _CHOICES]
    integer(sum(shares), "choice, all shares", least=1, most=_SHARES_MAX)
    return Shares(shares)


def _listed(choice: object) -> list[str | int]:
    """The options that a choice names; an abstention names none."""
    if choice == "abstain":
        return []
    if isinstance(choice, (str, int)) and not isinstance(choice, bool):
        return [choice]
    if isinstance(choice, Sequence) and not isinstance(choice, (bytes, bytearray)):
        return list(choice)
    message = f"choice: expected names or positions of options, found {type(choice).__name__}"
    raise TypeError(message)


def _met(holds: bool) -> str:  # noqa: FBT001 - a word for it
    return "met" if holds else "not met"
