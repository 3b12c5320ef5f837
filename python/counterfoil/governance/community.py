"""A community: an account whose constitution says what its members decide, and the ledger obeys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil._checks import identifier
from counterfoil.desk import Desk, Done, signers_on, stand_in
from counterfoil.governance._settings import setting_id, setting_schema, setting_value
from counterfoil.governance.proposal import Proposal, title_hash
from counterfoil.ops import (
    Constitution,
    Delegate,
    Integer,
    Open,
    Operation,
    Propose,
    Revoke,
    Rule,
    SetConstitution,
    named_account,
    proposal_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.verify import AttestationRecord

__all__ = ["Community"]


class Community:
    """A governed account, its constitution and its proposals.

    Attributes:
        ledger: The ledger.
        account: The community's account, 32 bytes.
        signers: Who acts where anybody may: who concludes and executes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.governance import cooperative
    >>> from counterfoil.reputation import Badges
    >>> board, dana, day = Key.generate(), Key.generate(), 86_400_000
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/coop", origin="coop.example", operator=board, time=0) as ledger:
    ...         members = Badges.launch(ledger, board, name="member", time=0)
    ...         _ = members.award(dana.account, time=0)
    ...         rules = cooperative(members.requirement)
    ...         coop = Community.found(ledger, board, constitution=rules, settings={"surplus_bps": 2_000}, time=0)
    ...         raised = coop.propose("Raise the share", by=dana, actions=coop.set(surplus_bps=3_000), time=1)
    ...         _ = raised.vote(dana, "yes", time=1)
    ...         _ = raised.execute(time=11 * day)
    ...         print(coop.setting("surplus_bps"))
    3000
    """

    def __init__(self, ledger: Ledger, *signers: Key | Signer, account: bytes) -> None:
        """Take a community up.

        Args:
            ledger: The ledger.
            signers: The keys of whoever acts, for anybody may conclude and execute. None: it is only read.
            account: The community's account, 32 bytes.

        Raises:
            LookupError: The account is not governed.
        """
        self._begin(ledger, signers, account)
        self._constitution()

    def _begin(self, ledger: Ledger, signers: tuple[Key | Signer, ...], account: bytes) -> None:
        self.ledger = ledger
        self.signers = signers
        self.account = identifier(account, "account")

    @classmethod
    def found(
        cls,
        ledger: Ledger,
        *founder: Key | Signer,
        constitution: Constitution,
        settings: Mapping[str, int] | None = None,
        agree: Sequence[Key | Signer] = (),
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Community:
        """Found a community: `open` of its account; then `schema` and `attest` of settings, and `set_constitution`.

        These are two transactions, for an account signs nothing before it is open. All of it is tried before, so that
        what is refused leaves nothing behind. The account's keys are the founder's, and all of them must sign: for
        what the constitution leaves to them.

        Args:
            ledger: The ledger.
            founder: The keys that sign for the founder.
            constitution: What holds from then on: `cooperative(…)`, say.
            settings: Settings and their first values: see `set`.
            agree: Who signs as well: the issuer of an asset whose holders vote, unless that is the founder.
            key: Makes each of the two happen once.
            dry_run: Only try it, and return the community as it would be.
            time: When, ms; now if None.

        Raises:
            TypeError, ValueError: A setting's value that is no int, or out of range; a name that is none.
            RejectedError: invalid_rule, invalid_article, unknown_asset, unauthorized (an asset's issuer did not agree),
                unknown_schema, invalid_electorate, …
            KeyReusedError: The key was used for something else.
        """
        desk = Desk(ledger, *founder)
        opening = desk.opening(desk.salt(key))
        values = dict(settings or {})
        tried = None if desk.was_used(key) else _try(desk, opening, values, constitution, agree, time)
        done = tried if tried and dry_run else desk.do([opening], key=key, dry_run=dry_run, time=time)
        opened = next(each for each in done.operations if isinstance(each, Open))
        account = named_account(opened.opener, opened.salt)
        if not dry_run:
            again = None if key is None else f"{key} constitution"
            desk.do(
                _founding(account, values, constitution), *signers_on(account, founder), *agree, key=again, time=time
            )
        made = object.__new__(cls)
        made._begin(ledger, founder, account)
        return made

    # What it is

    @property
    def constitution(self) -> Constitution:
        """Who may do what in the community's name, as it stands."""
        return self._constitution()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of its constitution."""
        return tuple(self._constitution().rules)

    def setting(self, name: str) -> int | None:
        """A setting that the community decided on; None where it never did, or took it back."""
        record = self._setting(name)
        if record is None or not record.is_live(self.ledger.time) or not isinstance(record.content, Integer):
            return None
        return record.content.value

    def set(self, **settings: int) -> list[Operation]:
        """The actions that give settings new values: `schema` of a new one, `revoke` of the old value, `attest`.

        They fit the ledger as it stands: two proposals that both make one and the same new setting cannot both be
        executed. So name the settings at the founding. Whoever reads a setting asks for the account's attestation.

        Args:
            **settings: Names, at most 24 of `a-z0-9_`, and values, 0 to 2^53.

        Raises:
            TypeError: A value that is no int.
            ValueError: Out of this range, or a name that is none.
        """
        made: list[Operation] = []
        for name, value in settings.items():
            schema = setting_id(self.account, name)
            if self.ledger.schema(schema) is None:
                made.append(setting_schema(self.account, name))
            record = self._setting(name)
            if record is not None and record.revoked is None:
                made.append(Revoke(schema=schema, issuer=self.account, subject=self.account))
            made.append(setting_value(self.account, name, value))
        return made

    # Proposals

    def propose(
        self,
        title: str,
        *,
        by: Key | Signer,
        actions: Sequence[Operation] = (),
        options: Mapping[str, Sequence[Operation]] | None = None,
        rule: int = 0,
        subject: bytes | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Proposal:
        """Propose: `propose`, which the proposer signs. The ledger has the title's hash only.

        Args:
            title: What members read, the reasons included. Whoever has it can check it: `Proposal.title`.
            by: Who proposes.
            actions: What the community does if it passes, by yes or no; nothing is a decision without actions.
            options: Instead, by a rule of `approval` or `ranked`: names of options and what each of them does.
            rule: By which rule of the constitution.
            subject: What it decides about, 32 bytes, for conditions that ask for it: see `counterfoil.ops.Resolved`.
            key: Makes it happen once.
            dry_run: Only try it, and return the proposal as it would be.
            time: When, ms; now if None.

        Raises:
            ValueError: Both actions and options, or a title without letters.
            RejectedError: unknown_rule, wrong_rule (the constitution has another rule for an action, or leaves it to
                the keys), constitution_forbids, invalid_options, proposer_weight_too_low, no_electorate, …
            KeyReusedError: The key was used for something else.
        """
        if options is not None and actions:
            message = "propose: expected actions or options, found both"
            raise ValueError(message)
        desk = Desk(self.ledger, by)
        choices = [actions] if options is None else list(options.values())
        operation = Propose(
            account=self.account,
            proposer=desk.account,
            salt=desk.salt(key),
            rule=rule,
            title=title_hash(title),
            options=choices,
            subject=subject,
        )
        done = desk.do([operation], key=key, dry_run=dry_run, time=time)
        made = next(each for each in done.operations if isinstance(each, Propose))
        identity = proposal_id(made.account, made.proposer, made.salt)
        return Proposal._of(self.ledger, self.signers or (by,), identity, () if options is None else tuple(options))

    def proposal(self, identifier: bytes, *, names: Sequence[str] = ()) -> Proposal:
        """Take a proposal of this community up.

        Args:
            identifier: The proposal's id, 32 bytes.
            names: Names of its options, in order: the ledger does not have them.

        Raises:
            LookupError: There is none of this community with this id.
            ValueError: More or fewer names than options.
        """
        found = Proposal(self.ledger, *self.signers, identifier=identifier, names=names)
        if found.record.account != self.account:
            message = f"proposal: expected one of this community, found one of {found.record.account.hex()}"
            raise LookupError(message)
        return found

    def proposals(self, state: str | None = None, *, time: int | None = None) -> Iterator[Proposal]:
        """Every proposal of the community, oldest first; its transactions are read, not the whole log.

        Args:
            state: Only those in this state: see `Proposal.state`.
            time: At which time they are, ms; now if None.

        Raises:
            ValueError: The ledger was opened with `index=False`.
        """
        for applied in self.ledger.transactions(self.account):
            for each in applied.signed.transaction.operations:
                if isinstance(each, Propose) and each.account == self.account:
                    identity = proposal_id(each.account, each.proposer, each.salt)
                    found = Proposal._of(self.ledger, self.signers, identity)
                    if state is None or found.state_at(time) == state:
                        yield found

    # Delegation

    def delegate(
        self,
        member: Key | Signer,
        to: bytes | None,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Let another account vote where the member does not, on all proposals of this community: `delegate`.

        Args:
            member: Who signs for the member.
            to: Who may cast the member's votes, an account id of 32 bytes; None takes it back.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: delegate_to_self, delegation_cycle, delegation_too_deep, no_delegation (there is none to take
                back), …
        """
        desk = Desk(self.ledger, member)
        operation = Delegate(account=self.account, delegator=desk.account, to=to)
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    def delegate_of(self, account: bytes) -> bytes | None:
        """Who casts the votes of an account where it does not vote itself; None where nobody does."""
        record = self.ledger.delegation(self.account, identifier(account, "account"))
        return None if record is None else record.to

    def _setting(self, name: str) -> AttestationRecord | None:
        return self.ledger.attestation(setting_id(self.account, name), self.account, self.account)

    def _constitution(self) -> Constitution:
        record = self.ledger.constitution(self.account)
        if record is None:
            message = f"account: expected one with a constitution, found {self.account.hex()} without"
            raise LookupError(message)
        return record.constitution


def _try(
    desk: Desk,
    opening: Open,
    settings: Mapping[str, int],
    constitution: Constitution,
    agree: Sequence[Key | Signer],
    time: int | None,
) -> Done:
    """Try both transactions of a founding in one: an account of nobody's stands in for the one that is not open yet."""
    key, naming = stand_in()
    trial = [opening, naming, *_founding(key.account, settings, constitution)]
    return desk.do(trial, key, *agree, dry_run=True, time=time)


def _founding(account: bytes, settings: Mapping[str, int], constitution: Constitution) -> list[Operation]:
    """What the account does first, while its keys may still do everything."""
    said: list[Operation] = [
        operation
        for name, value in settings.items()
        for operation in (setting_schema(account, name), setting_value(account, name, value))
    ]
    return [*said, SetConstitution(account=account, constitution=constitution)]
