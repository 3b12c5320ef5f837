"""A forecast: members stake units on what will happen, and say how likely they hold it to be.

Stakes are parimutuel: those on what came about go back and share all the others in proportion, those others lose. Each
option is a group of holds, so that nobody has the stakes meanwhile, and each is closed by itself, by anybody. What came
about is attested by an oracle, or decided by a vote. If nobody says it in time, everybody gets the own stake back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from counterfoil._batches import Closed, in_batches
from counterfoil._checks import identifier as checked_id
from counterfoil._checks import integer
from counterfoil._log import holds_of, ledger_operations
from counterfoil.desk import Desk, Done, asset_record, minor_units, signers_on, span_ms, stand_in
from counterfoil.distributions import Distribution
from counterfoil.exceptions import KeyReusedError
from counterfoil.governance._forecast_opening import (
    bound,
    check_asset,
    check_judge,
    check_texts,
    keys_of,
    missing_schemas,
    said,
    verdict_schema,
    verdicts,
)
from counterfoil.governance._forecast_terms import (
    PAID_FOR_MS,
    SCORES,
    ForecastTerms,
    forecast_salts,
    group_ids,
    group_salts,
    pot_account,
    pot_constitution,
)
from counterfoil.governance.community import Community
from counterfoil.governance.predictions import (
    ForecastScores,
    encode_prediction,
    score_predictions,
    standing_predictions,
)
from counterfoil.governance.proposal import Proposal, title_hash
from counterfoil.leaves import Leaves
from counterfoil.leaves import build as build_leaves
from counterfoil.ops import (
    Attest,
    Bytes,
    Commitment,
    Distribute,
    GroupBasis,
    Hold,
    LeavesBasis,
    OpenGroup,
    Operation,
    Propose,
    Release,
    Revoke,
    Rule,
    Settle,
    hold_id,
    proposal_id,
    schema_id,
)
from counterfoil.verify import ProposalPassed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.desk import Amount, Span
    from counterfoil.distributions import Collected
    from counterfoil.governance.predictions import ScoringRule
    from counterfoil.governance.scores import Prediction
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.verify import GroupRecord, HoldRecord

State = Literal["open", "closed", "resolved", "disputed", "void"]
"""What a forecast is at a time: see `Forecast.state`."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What somebody staked.

    Attributes:
        done: The call.
        id: The id of its hold, 32 bytes.
        staker: Whose units, an account id of 32 bytes.
        option: On which option, from 0.
        amount: Minor units.
    """

    done: Done
    id: bytes
    staker: bytes
    option: int
    amount: int


@dataclass(frozen=True, slots=True)
class Pool:
    """The stakes on an option, in minor units: `staked` is `returned + lost + held`.

    Attributes:
        stakes: How many there are.
        staked: All that was put in.
        returned: Gone back to those who staked it.
        lost: Gone to the pot.
        held: Neither yet.
    """

    stakes: int
    staked: int
    returned: int
    lost: int
    held: int


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """A forecast in numbers, in minor units: `staked` is `returned + held + waiting + paid + left_over`.

    Attributes:
        pools: The stakes on each option.
        staked: All stakes.
        returned: What went back.
        held: What is neither back nor lost yet.
        waiting: What was lost and is still to be paid out.
        paid: What was paid out of that.
        left_over: What rounding left, and nobody collected: it went to the organiser.
    """

    pools: tuple[Pool, ...]
    staked: int
    returned: int
    held: int
    waiting: int
    paid: int
    left_over: int


@dataclass(frozen=True, slots=True)
class Payout:
    """What a payout has done.

    Attributes:
        closed: The stakes that it closed, in batches, and what was refused.
        distributed: The call that shared the pot out; None where it was not time, or was done before.
        collected: The winnings that were paid, in batches, and what was refused.
        left_over: The call that gave the rest to the organiser; None before the distribution's deadline.
    """

    closed: tuple[Closed, ...]
    distributed: Done | None = None
    collected: tuple[Collected, ...] = ()
    left_over: Done | None = None


class Forecast:
    """A question with options, stakes on them, and predictions.

    Attributes:
        desk: Where somebody acts: anybody, but where the oracle is asked for.
        terms: What it is on the ledger: asset, closing, deadline, groups, pot, oracle or rule.
        options: The names of the options, in order; None where they are not known, and are numbers.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> shop, oracle, ann, bob = (Key.generate() for _ in range(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/shop", origin="shop.example", operator=shop, time=1_000) as ledger:
    ...         points = ledger.create_asset(shop, "PTS", time=1_000)
    ...         for member in (ann, bob):
    ...             _ = ledger.mint(shop, points, to=member.account, amount=50, time=1_000)
    ...         asked = Forecast.open(
    ...             ledger, shop, question="Which flavour sells more?", options=["fig", "date"], asset=points,
    ...             closes=2_000, resolves_within=1_000, oracle=oracle.account, time=1_000,
    ...         )
    ...         _ = asked.stake(ann, 50, "fig", time=1_500), asked.stake(bob, 20, "date", time=1_500)
    ...         _ = asked.resolve("fig", oracle, evidence=bytes(32), time=2_100)
    ...         paid = asked.payout(oracle, time=2_200)
    ...         print(asked.state(time=2_200), ledger.balance(points, ann.account), ledger.balance(points, bob.account))
    resolved 70 30
    """

    def __init__(
        self,
        ledger: Ledger,
        *signers: Key | Signer,
        identifier: bytes,
        question: str | None = None,
        options: Sequence[str] | None = None,
    ) -> None:
        """Take a forecast up again, and check that its terms on the ledger are those that `open` makes.

        Args:
            ledger: The ledger.
            signers: The keys of whoever acts: the oracle, or anybody.
            identifier: Its id, 32 bytes.
            question: The question, to be checked: the ledger has only a hash of it. Together with `options`.
            options: The names of the options, in order.

        Raises:
            LookupError: There is no such group of holds.
            ValueError: The group has other terms than those of a forecast, or the question or options are others.
        """
        self.desk = Desk(ledger, *signers)
        self.terms = ForecastTerms.read(checked_id(identifier, "identifier"), self._group(identifier))
        self.options: tuple[str, ...] | None = None
        self._check_groups()
        judge = self._checked_judge()
        if (question is None) != (options is None):
            message = "question: expected it together with the options"
            raise ValueError(message)
        if question is not None and options is not None:
            times = {"closes": self.terms.closes, "deadline": self.terms.deadline}
            salts = forecast_salts(question, options, asset=self.terms.asset, judge=judge, **times)
            owner = self.terms.owner
            found = group_ids(owner, salts[0], len(options)), pot_account(owner, salts[1])
            if found != (self.terms.groups, self.terms.pot):
                message = "question: expected that of this forecast and its options, found others"
                raise ValueError(message)
            self.options = tuple(options)

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        *organiser: Key | Signer,
        question: str,
        options: Sequence[str],
        asset: bytes,
        closes: int,
        resolves_within: Span,
        oracle: bytes | Rule,
        agree: Sequence[Key | Signer] = (),
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Forecast:
        """Ask a question: `open` of the pot; then `set_constitution` and `set_keys` of it, `open_group` of each option.

        With the organiser's first forecast also `schema` for predictions and for scores, and with the first one of an
        oracle for what it attests. These are two transactions, for an account signs nothing before it is open. All of
        it is tried before, so that what is refused leaves nothing behind. The ledger has a hash of the text.

        Args:
            ledger: The ledger.
            organiser: The keys that sign for the organiser, who gets what rounding leaves over.
            question: What is asked: all that decides which option has come about.
            options: The names of the options, 2 to 7 that differ: exactly one of them will come about.
            asset: What is staked, an asset id of 32 bytes.
            closes: From when on nobody can stake or predict, ms.
            resolves_within: How long after `closes` all stakes go back if nobody has said what came about. Lost stakes
                must have been settled by then, too (`payout`).
            oracle: Who says what came about: an account id of 32 bytes, whose keys share the pot out; or a rule by
                which it is voted, of `approval` or `ranked`.
            agree: Who signs as well: the issuer of an asset by which the rule has members vote, unless that is the
                organiser.
            key: Makes it happen once.
            dry_run: Only try it, and return the forecast as it would be.
            time: When, ms; now if None.

        Raises:
            TypeError: An oracle that is neither account nor rule.
            ValueError: Options, an asset, an oracle or a rule of which no forecast can be made: a message says why.
            LookupError: There is no such asset.
            RejectedError: group_exists (the same question with the same terms is open), group_closed, deadline_too_far,
                invalid_rule, unknown_schema, invalid_electorate, unauthorized (an asset's issuer did not agree), …
            KeyReusedError: The key was used for something else.
        """
        desk = Desk(ledger, *organiser)
        deadline = closes + span_ms(resolves_within)
        check_texts(question, options)
        check_judge(oracle, len(options), deadline - closes)
        check_asset(asset_record(ledger, asset), closes, deadline + PAID_FOR_MS)
        salts = forecast_salts(question, options, asset=asset, closes=closes, deadline=deadline, judge=oracle)
        schema, attester, rule = verdicts(desk.account, oracle)
        terms = ForecastTerms(
            owner=desk.account,
            asset=asset,
            closes=closes,
            deadline=deadline,
            groups=group_ids(desk.account, salts[0], len(options)),
            pot=pot_account(desk.account, salts[1]),
            schema=schema,
            oracle=attester,
            rule=rule,
        )
        made = object.__new__(cls)
        made.desk, made.terms, made.options = desk, terms, tuple(options)
        groups: list[Operation] = [
            OpenGroup(owner=desk.account, salt=salt, asset=asset, closes=closes, terms=terms.of(option))
            for option, salt in enumerate(group_salts(salts[0], len(options)))
        ]
        first = desk.first(key)
        if first is not None:
            if [each for each in first.operations if isinstance(each, OpenGroup)] != groups:
                message = f"key {key!r} was used for something else"
                raise KeyReusedError(message)
            return made
        rest = [*missing_schemas(ledger, terms), *groups]
        opening = [desk.opening(salts[1])] if ledger.account(terms.pot) is None else []
        # An account of nobody's stands in for the pot that is not open yet.
        nobody, naming = stand_in()
        trial = [*opening, naming, *bound(ledger, nobody.account, oracle), *rest]
        desk.do(trial, nobody, *agree, dry_run=True, time=time)
        if dry_run:
            return made
        if opening:
            desk.do(opening, time=time)
        signers = signers_on(terms.pot, organiser)
        desk.do([*bound(ledger, terms.pot, oracle), *rest], *signers, *agree, key=key, time=time)
        return made

    @property
    def id(self) -> bytes:
        """Its id, 32 bytes."""
        return self.terms.id

    # Stakes

    def stake(
        self,
        staker: Key | Signer,
        amount: Amount,
        option: str | int,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Stake:
        """Stake on an option: `hold`. A stake stands until the forecast is resolved, or until the deadline.

        Args:
            staker: Who signs for whose units it is.
            amount: How much.
            option: Its name or position.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: No such option; what came about is said already; or the pot has not the oracle's keys, so that
                somebody else could share it out.
            RejectedError: group_closed (it is over), insufficient_funds, …
        """
        place = self.position(option)
        desk = Desk(self.desk.ledger, staker)
        if not desk.was_used(key):
            self._check_stakes(time)
        units = minor_units(amount, asset_record(self.desk.ledger, self.terms.asset).decimals)
        operation = Hold(
            payer=desk.account,
            salt=desk.salt(key),
            asset=self.terms.asset,
            amount=units,
            group=self.terms.groups[place],
        )
        done = desk.do([operation], key=key, dry_run=dry_run, time=time)
        made = next(each for each in done.operations if isinstance(each, Hold))
        return Stake(done, hold_id(made.payer, made.salt), desk.account, place, units)

    # What came about

    def resolve(
        self,
        option: str | int,
        *oracle: Key | Signer,
        evidence: bytes,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Say what came about, for good: `attest`, which the oracle signs.

        Args:
            option: Its name or position.
            oracle: The keys that sign for the oracle; the desk's if none.
            evidence: A hash of what shows it, 32 bytes: of a report, say.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: No such option; it is not over yet; another option was attested before; or a vote resolves it.
            RejectedError: issuer_not_allowed (it is not the oracle), attestation_exists, …
        """
        desk = Desk(self.desk.ledger, *oracle) if oracle else self.desk
        place, at = self.position(option), desk.now(time)
        if self.terms.schema is None:
            message = "resolve: expected a forecast that an oracle resolves, found one that a vote does: see propose"
            raise ValueError(message)
        if at < self.terms.closes:
            message = f"time: expected one from {self.terms.closes} on, when the forecast is over, found {at}"
            raise ValueError(message)
        others = [won for won in self.winners(time=at) if won != place]
        if others:
            message = f"option: expected {others[0]}, which was attested before, found {place}"
            raise ValueError(message)
        operation = Attest(
            schema=self.terms.schema,
            issuer=desk.account,
            subject=self.terms.groups[place],
            content=Commitment(checked_id(evidence, "evidence")),
        )
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    def propose(
        self,
        question: str,
        *,
        by: Key | Signer,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Proposal:
        """Put to the vote what came about: `propose`. Of each option the action is to share the others' stakes out.

        The amounts are those of the stakes, so that nothing is shared out before all that was lost is settled. Before
        you vote on a proposal that somebody else made, ask `is_fair`.

        Args:
            question: The question.
            by: Who proposes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: It is not over yet, or an oracle resolves it.
            RejectedError: proposer_weight_too_low, no_electorate, …
        """
        at = self.desk.now(time)
        if self.terms.rule is None:
            message = "propose: expected a forecast that a vote resolves, found one that an oracle does: see resolve"
            raise ValueError(message)
        if at < self.terms.closes:
            message = f"time: expected one from {self.terms.closes} on, when the forecast is over, found {at}"
            raise ValueError(message)
        desk = Desk(self.desk.ledger, by)
        operation = Propose(
            account=self.terms.pot,
            proposer=desk.account,
            salt=desk.salt(key),
            rule=0,
            title=title_hash(question),
            options=self._actions(at),
            subject=self.id,
        )
        done = desk.do([operation], key=key, dry_run=dry_run, time=time)
        made = next(each for each in done.operations if isinstance(each, Propose))
        proposal = proposal_id(made.account, made.proposer, made.salt)
        return Proposal._of(self.desk.ledger, self.desk.signers, proposal, self.options or ())

    def is_fair(self, proposal: Proposal) -> bool:
        """Whether a proposal is what `propose` makes: about this forecast, after its closing, and sharing it out."""
        record = proposal.record
        return (
            (record.account, record.subject, record.rule) == (self.terms.pot, self.id, 0)
            and record.opened >= self.terms.closes
            and [list(actions) for actions in proposal.options] == self._actions(record.opened)
        )

    def winners(self, *, time: int | None = None) -> tuple[int, ...]:
        """The options that were said to have come about: one, unless nobody said it yet, or an oracle attested several.

        Args:
            time: As of when, ms; the ledger's time if None.
        """
        ledger, terms = self.desk.ledger, self.terms
        if terms.schema is None or terms.oracle is None:
            found = ledger.resolution(terms.pot, terms.rule or b"", self.id)
            return (found.option,) if found is not None and found.option < len(terms.groups) else ()
        at = ledger.time if time is None else time
        said = (ledger.attestation(terms.schema, terms.oracle, group) for group in terms.groups)
        return tuple(option for option, record in enumerate(said) if record is not None and record.is_live(at))

    def state(self, *, time: int | None = None) -> State:
        """What it is: open, closed (nobody has said what came about), resolved, disputed (several did), or void.

        Void is what nobody resolved by the deadline.

        Args:
            time: As of when, ms; now if None.
        """
        at = self.desk.now(time)
        winners = self.winners(time=at)
        if winners:
            return "resolved" if len(winners) == 1 else "disputed"
        if at < self.terms.closes:
            return "open"
        return "closed" if at < self.terms.deadline else "void"

    # Paying out

    def close_all(self, *, dry_run: bool = False, time: int | None = None) -> Iterator[Closed]:
        """Close every stake that is due, in as few transactions as fit: `release` or `settle`. Anybody may.

        Stakes on what came about go back, the others to the pot. Where nobody staked on what came about, the others
        wait for the deadline and go back then; and so they do in a dispute, where those on each of the options that
        were attested go back at once. From the deadline on all that is left goes back.

        Nothing happens before the iterator is asked. What is refused is reported and holds up no other.
        """
        holds: list[bytes] = []
        at = self.desk.now(time)

        def operations() -> Iterator[Operation]:
            for hold, operation in self._due(at):
                holds.append(hold)
                yield operation

        for batch in in_batches(self.desk, operations(), dry_run=dry_run, time=time):
            refused = tuple((holds[position], status) for position, status in batch.refused)
            yield Closed(batch.done, tuple(holds[position] for position in batch.applied), refused)

    def distribute(
        self, *oracle: Key | Signer, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Share the pot out among those who staked on what came about: `distribute` by the oracle, or `execute`.

        Where nobody staked on it, or several options were attested, what somebody settled all the same is given back
        to those who lost it.

        Args:
            oracle: The keys that sign for the oracle; the desk's if none. A vote needs none.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: Nobody has said yet what came about, or nothing was lost.
            RejectedError: insufficient_funds (not all that was lost is settled), distribution_exists (it was done),
                constitution_forbids or unauthorized (it is not the oracle), not_concluded, already_executed, …
        """
        if self.terms.rule is not None:
            proposal = self._passed(self.desk.now(time)) or self._resolving()
            return proposal.execute(key=key, dry_run=dry_run, time=time)
        operation = self._sharing(self.desk.now(time))
        signers = signers_on(self.terms.pot, oracle or self.desk.signers)
        return self.desk.do([operation], *signers, key=key, dry_run=dry_run, time=time)

    @property
    def distribution(self) -> Distribution:
        """How the pot is shared out.

        Raises:
            LookupError: It is not shared out yet.
        """
        record = self.desk.ledger.distribution(self.terms.distribution)
        leaves: Leaves | None = None
        if record is not None and isinstance(record.basis, LeavesBasis):
            leaves = build_leaves(self._lost())
        return Distribution(self.desk.ledger, *self.desk.signers, identifier=self.terms.distribution, leaves=leaves)

    def payout(self, *oracle: Key | Signer, dry_run: bool = False, time: int | None = None) -> Payout:
        """Do all that is due: conclude the vote, close stakes, share the pot out, pay winnings, give the rest back.

        Anybody may, as often as one likes; only to share out what an oracle resolved its keys are asked for. Without
        them the rest is done.

        Args:
            oracle: The keys that sign for the oracle; the desk's, where it is that.
            dry_run: Only try what is due first: the closing of stakes.
            time: When, ms; now if None.

        Raises:
            RejectedError: What is refused and is nobody's own: the asset is paused, the oracle's keys are others, …
        """
        if self.terms.rule is not None and not dry_run:
            for proposal in self._proposals("due", self.desk.now(time)):
                proposal.conclude(time=time)
        closed = tuple(self.close_all(dry_run=dry_run, time=time))
        if dry_run:
            return Payout(closed)
        distributed = None
        if self._can_share(oracle, self.desk.now(time)):
            distributed = self.distribute(*oracle, time=time)
        record = self.desk.ledger.distribution(self.terms.distribution)
        if record is None or record.closed:
            return Payout(closed, distributed)
        distribution = self.distribution
        if self.desk.now(time) < record.deadline:
            return Payout(closed, distributed, tuple(distribution.collect_all(time=time)))
        return Payout(closed, distributed, left_over=distribution.close(time=time))

    def report(self) -> ForecastReport:
        """How it stands now. It reads every stake."""
        pools = tuple(self._pool(group) for group in self.terms.groups)
        lost = sum(pool.lost for pool in pools)
        record = self.desk.ledger.distribution(self.terms.distribution)
        paid = 0 if record is None else record.collected
        left_over = record.amount - paid if record is not None and record.closed else 0
        return ForecastReport(
            pools,
            staked=sum(pool.staked for pool in pools),
            returned=sum(pool.returned for pool in pools),
            held=sum(pool.held for pool in pools),
            waiting=lost - paid - left_over,
            paid=paid,
            left_over=left_over,
        )

    # Predictions

    def predict(
        self,
        member: Key | Signer,
        parts: Mapping[str, int] | Sequence[int],
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Say how likely each option is: `attest`, and before it `revoke` of what the member said before.

        What counts is what stands when the forecast closes. Everybody can read it.

        Args:
            member: Who signs for the member.
            parts: Of each option, by name or in order, adding up to 100 or to 10,000; options left out have 0.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            TypeError: Parts that are no ints.
            ValueError: No such option, parts that do not add up, or it is over.
            RejectedError: unauthorized, …
        """
        desk, terms = Desk(self.desk.ledger, member), self.terms
        content = Bytes(encode_prediction(self._parts(parts)))
        schema = terms.prediction_schema
        first, at = desk.first(key), desk.now(time)
        if first is None and at >= terms.closes:
            message = f"time: expected one before {terms.closes}, when the forecast closes, found {at}"
            raise ValueError(message)
        said = desk.ledger.attestation(schema, desk.account, self.id)
        replaces = said is not None and said.is_live(at)
        if first is not None:
            # A retry wants what the first call wanted, whatever stands since.
            replaces = any(isinstance(each, Revoke) for each in first.operations)
        operations: list[Operation] = []
        if replaces:
            operations.append(Revoke(schema=schema, issuer=desk.account, subject=self.id))
        operations.append(Attest(schema=schema, issuer=desk.account, subject=self.id, content=content))
        return desk.do(operations, key=key, dry_run=dry_run, time=time)

    def predictions(self) -> dict[bytes, Prediction]:
        """The prediction of each member that stood when it closed, or stands now; ascending by account."""
        return standing_predictions(ledger_operations(self.desk.ledger, self.id), self.terms)

    def scores(self, rule: ScoringRule) -> ForecastScores:
        """How good the predictions were.

        Args:
            rule: "brier", "log" or "peer": see `counterfoil.governance.scores`.

        Raises:
            ValueError: Nobody has said what came about, or several did; no predictions; or another rule.
        """
        winners = self.winners()
        if len(winners) != 1:
            message = f"forecast: expected one with one outcome, found {len(winners)}"
            raise ValueError(message)
        return score_predictions(self.predictions(), winner=winners[0], rule=rule, forecast=self.id)

    def attest_scores(
        self, rule: ScoringRule, *, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Post the root of the scores: `attest` by the desk's account. Anybody computes it again: `recompute_scores`.

        Args:
            rule: "brier", "log" or "peer".
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: As of `scores`.
            RejectedError: attestation_exists (posted before), …
        """
        scores = self.scores(rule)
        operation = Attest(
            schema=schema_id(self.terms.owner, SCORES),
            issuer=self.desk.account,
            subject=self.id,
            nonce=scores.posting,
            content=Commitment(scores.root),
        )
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def posted_root(self, scores: ForecastScores, by: bytes) -> bytes | None:
        """The root that an account posted for this rule; None where it posted none that holds."""
        ledger = self.desk.ledger
        record = ledger.attestation(schema_id(self.terms.owner, SCORES), by, self.id, scores.posting)
        if record is None or not record.is_live(ledger.time) or not isinstance(record.content, Commitment):
            return None
        return record.content.hash

    # Helpers

    def position(self, option: str | int) -> int:
        """The position of an option that is given by name or position.

        Raises:
            TypeError: Neither a text nor an int.
            ValueError: There is no such option, or the names are not known.
        """
        if isinstance(option, str):
            if self.options is None or option not in self.options:
                known = "positions" if self.options is None else ", ".join(self.options)
                message = f"option: expected one of {known}, found {option!r:.40}"
                raise ValueError(message)
            return self.options.index(option)
        return integer(option, "option", least=0, most=len(self.terms.groups) - 1)

    def _parts(self, parts: Mapping[str, int] | Sequence[int]) -> list[int]:
        """The part of each option, in order."""
        count = len(self.terms.groups)
        if isinstance(parts, Mapping):
            by_option = {self.position(option): part for option, part in parts.items()}
            if len(by_option) != len(parts):
                message = f"parts: expected each option once, found {list(parts)}"
                raise ValueError(message)
            return [by_option.get(option, 0) for option in range(count)]
        if len(parts) != count:
            message = f"parts: expected {count}, found {len(parts)}"
            raise ValueError(message)
        return list(parts)

    def _check_groups(self) -> None:
        expected = (self.terms.owner, self.terms.asset, self.terms.closes)
        for option, group in enumerate(self.terms.groups):
            found = self._group(group)
            if (found.owner, found.asset, found.closes) != expected or found.terms != self.terms.of(option):
                message = f"forecast: expected groups with the terms of one, found {group.hex()} with others"
                raise ValueError(message)

    def _checked_judge(self) -> bytes | Rule:
        """Who says what came about, where the pot's constitution and the schema are as `open` makes them."""
        ledger, terms = self.desk.ledger, self.terms
        found = ledger.constitution(terms.pot)
        rules = () if found is None else found.constitution.rules
        judge = terms.oracle if terms.oracle is not None else (rules[0] if rules else b"")
        is_bound = found is not None and bytes(found.constitution) == bytes(pot_constitution(judge))
        if not is_bound or (terms.schema, terms.oracle, terms.rule) != verdicts(terms.owner, judge):
            message = f"forecast: expected a pot that can only be shared out, found {terms.pot.hex()}"
            raise ValueError(message)
        if isinstance(judge, bytes):
            schema, wanted = ledger.schema(terms.schema or b""), verdict_schema(terms.owner, judge)
            if schema is None or said(schema) != said(wanted):
                message = "forecast: expected a schema by which the oracle alone attests, for good, found another"
                raise ValueError(message)
        return judge

    def _check_stakes(self, time: int | None) -> None:
        ledger, terms = self.desk.ledger, self.terms
        winners = self.winners(time=self.desk.now(time))
        if winners:
            message = f"stake: expected a forecast without an outcome, found one that {winners[0]} has won"
            raise ValueError(message)
        pot = ledger.account(terms.pot)
        if terms.oracle is not None and pot is not None:
            threshold, keys = keys_of(ledger, terms.oracle)
            if (pot.threshold, set(pot.keys)) != (threshold, set(keys)):
                message = f"stake: expected a pot with the keys of its oracle, found {terms.pot.hex()} with others"
                raise ValueError(message)

    def _due(self, at: int) -> Iterator[tuple[bytes, Operation]]:
        """Every stake that can be closed now, and how."""
        winners, is_over = self.winners(time=at), at >= self.terms.deadline
        is_won = len(winners) == 1 and at >= self.terms.closes and self._group(self.terms.groups[winners[0]]).put_in
        for option, group in enumerate(self.terms.groups):
            goes_back = is_over or option in winners
            if goes_back or is_won:
                for hold, _ in self._holds(group):
                    if self.desk.ledger.balance(self.terms.asset, hold):
                        yield hold, Release(hold=hold) if goes_back else Settle(hold=hold)

    def _proposals(self, state: str, at: int) -> Iterator[Proposal]:
        """The proposals about this forecast in a state."""
        community = Community(self.desk.ledger, *self.desk.signers, account=self.terms.pot)
        return (each for each in community.proposals(state, time=at) if each.record.subject == self.id)

    def _can_share(self, oracle: Sequence[Key | Signer], at: int) -> bool:
        """Whether all that was lost is in the pot, it is to be shared out, and those who may do it are here."""
        ledger, terms, won = self.desk.ledger, self.terms, self.winners(time=at)
        if not won or ledger.distribution(terms.distribution) is not None:
            return False
        losing = [self._pool(group) for option, group in enumerate(terms.groups) if option not in won]
        if not any(pool.lost for pool in losing) or any(pool.held for pool in losing):
            return False
        if terms.rule is None:
            return bool(oracle) or self.desk.account == terms.oracle
        return self._passed(at) is not None

    def _passed(self, at: int) -> Proposal | None:
        """A proposal that passed, is fair, and shares out what is in the pot for the option that has won."""
        won = self.winners(time=at)
        # What was settled too late, or never, is not in the pot: then it takes another proposal.
        there = sum(self._pool(group).lost for group in self.terms.groups)
        for proposal in self._proposals("passed", at):
            state = proposal.record.state
            if isinstance(state, ProposalPassed) and state.option in won and self.is_fair(proposal):
                actions = proposal.options[state.option]
                if any(isinstance(each, Distribute) and (each.amount or 0) <= there for each in actions):
                    return proposal
        return None

    def _resolving(self) -> Proposal:
        """The proposal that resolved it."""
        found = self.desk.ledger.resolution(self.terms.pot, self.terms.rule or b"", self.id)
        if found is None:
            message = "forecast: expected one with one outcome, found 0"
            raise ValueError(message)
        return Proposal(self.desk.ledger, *self.desk.signers, identifier=found.proposal)

    def _actions(self, at: int) -> list[list[Operation]]:
        """What the pot does for each option: nothing where nobody staked on it, or on another."""
        staked = [self._settled_or_staked(group, at) for group in self.terms.groups]
        actions: list[list[Operation]] = []
        for option, group in enumerate(self.terms.groups):
            lost = sum(staked) - staked[option]
            has_stakes = self._group(group).put_in > 0 and lost > 0
            actions.append([self._share(lost, GroupBasis(group), at)] if has_stakes else [])
        return actions

    def _settled_or_staked(self, group: bytes, at: int) -> int:
        """What a group loses where it has not won: all of it, unless it is too late to settle more."""
        return self._group(group).put_in if at < self.terms.deadline else self._pool(group).lost

    def _sharing(self, at: int) -> Distribute:
        """How an oracle shares the pot out."""
        winners = self.winners(time=at)
        if not winners:
            message = "forecast: expected one with an outcome, found none"
            raise ValueError(message)
        won = self.terms.groups[winners[0]]
        if len(winners) == 1 and self._group(won).put_in:
            amount = sum(self._settled_or_staked(group, at) for group in self.terms.groups if group != won)
            basis: GroupBasis | LeavesBasis = GroupBasis(won)
        else:
            lost = self._lost()
            amount = sum(lost.values())
            leaves = build_leaves(lost) if lost else None
            basis = LeavesBasis(leaves.root, leaves.total) if leaves is not None else GroupBasis(won)
        if not amount:
            message = "forecast: expected stakes that were lost, found none"
            raise ValueError(message)
        return self._share(amount, basis, at)

    def _share(self, amount: int, basis: GroupBasis | LeavesBasis, at: int) -> Distribute:
        return Distribute(
            fund=self.terms.pot,
            salt=self.terms.distribution_salt,
            asset=self.terms.asset,
            amount=amount,
            basis=basis,
            deadline=max(self.terms.deadline, at) + PAID_FOR_MS,
            leftover=self.terms.owner,
            reference=self.id,
        )

    def _lost(self) -> dict[bytes, int]:
        """What each account has lost to the pot."""
        lost: dict[bytes, int] = {}
        for group in self.terms.groups:
            for _, record in self._holds(group):
                if record.settled:
                    lost[record.payer] = lost.get(record.payer, 0) + record.settled
        return lost

    def _pool(self, group: bytes) -> Pool:
        stakes = staked = returned = lost = held = 0
        for hold, record in self._holds(group):
            stakes += 1
            staked += record.amount
            returned += record.released
            lost += record.settled
            held += self.desk.ledger.balance(self.terms.asset, hold)
        return Pool(stakes, staked, returned, lost, held)

    def _holds(self, group: bytes) -> Iterator[tuple[bytes, HoldRecord]]:
        """Every stake of a group, in the order of the log."""
        for hold, _ in holds_of(self.desk.ledger, group):
            record = self.desk.ledger.hold(hold)
            if record is not None:
                yield hold, record

    def _group(self, group: bytes) -> GroupRecord:
        record = self.desk.ledger.hold_group(group)
        if record is None:
            message = f"forecast: expected one of this ledger, found {group.hex()}"
            raise LookupError(message)
        return record
