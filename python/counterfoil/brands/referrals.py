"""Referrals: who brought whom, codes that members hand out, and a reward for both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from counterfoil.brands.campaign import Budget, open_budget, slip_of
from counterfoil.brands.codes import make_code, read_code
from counterfoil.ops import (
    Attest,
    CampaignTerms,
    Claim,
    Edge,
    EdgeKind,
    Reason,
    Requirement,
    Revoke,
    Role,
    Schema,
    schema_id,
)

if TYPE_CHECKING:
    from counterfoil.brands.member import Account
    from counterfoil.brands.programme import Programme
    from counterfoil.desk import Amount, Done
    from counterfoil.verify import AttestationRecord

_CODE_CHARACTERS = 10
_CODE_GROUP = 5


@dataclass(frozen=True, slots=True)
class Referral:
    """That a member was brought by another.

    Attributes:
        done: The call.
        member: Who was brought, an account id of 32 bytes.
        referrer: By whom, an account id of 32 bytes.
    """

    done: Done
    member: bytes
    referrer: bytes


@dataclass(frozen=True, slots=True)
class Reward:
    """What was paid for a referral, minor units.

    Attributes:
        done: The call.
        member: Who was brought, an account id of 32 bytes.
        referrer: By whom, an account id of 32 bytes.
        to_member: What the one got.
        to_referrer: What the other got.
    """

    done: Done
    member: bytes
    referrer: bytes
    to_member: int
    to_referrer: int


@dataclass(frozen=True, slots=True)
class Rank:
    """A place on the leaderboard.

    Attributes:
        referrer: An account id of 32 bytes.
        referrals: For how many members it was rewarded.
        units: What it got for them, minor units.
    """

    referrer: bytes
    referrals: int
    units: int


class Referrals:
    """Who brought whom to a programme.

    A referral is an attestation of the brand that points from the member to its referrer. There is one for each member
    and it is never revoked; the ledger refuses one that leads in a circle. A code is an attestation too: its subject is
    a secret hash of the code, so that nobody can tell codes from the ledger, and it points to the member whose it is.

    Codes and hashes are made with the brand's key: where that is replaced, members get new codes.

    Attributes:
        programme: The programme.
        name: What the schemas are called: `referral` and `referral.code`.
        schema: That of referrals, 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.brands import Programme
    >>> roaster, ann, bob = Key.generate(), Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/club", origin="club.example/beans", operator=roaster) as ledger:
    ...         beans = Programme.launch(ledger, roaster, symbol="BEAN")
    ...         referrals = Referrals.launch(beans)
    ...         rewards = referrals.rewards(budget=1_000, reward=30, to_referrer_bps=7_000, ends=2**41)
    ...         code = referrals.code(ann.account)
    ...         _ = referrals.join(bob.account, code)
    ...         paid = rewards.pay(bob.account, order="A17")
    ...         print(len(code), paid.to_member, paid.to_referrer)
    11 9 21
    """

    def __init__(self, programme: Programme, *, name: str = "referral") -> None:
        """Take referrals up again.

        Raises:
            LookupError: The programme's brand has no such schema.
        """
        self._begin(programme, name)
        if programme.desk.ledger.schema(self.schema) is None:
            message = f"name: expected the referrals of this brand, found none under {name[:40]!r}"
            raise LookupError(message)

    def _begin(self, programme: Programme, name: str) -> None:
        self.programme = programme
        self.name = name
        self.schema = schema_id(programme.desk.account, name)
        self._codes = schema_id(programme.desk.account, f"{name}.code")

    @classmethod
    def launch(
        cls,
        programme: Programme,
        *,
        name: str = "referral",
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Referrals:
        """Start referrals: `schema` of the referrals, and of the codes.

        Args:
            programme: The programme.
            name: What the schemas are called: `referral` and `referral.code`.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            RejectedError: schema_exists, invalid_name, …
        """
        brand = programme.desk.account
        operations = [
            Schema(creator=brand, name=name, content=EdgeKind(), issuers=[brand], revocable=False),
            Schema(creator=brand, name=f"{name}.code", content=EdgeKind(), issuers=[brand]),
        ]
        programme.desk.do(operations, key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made._begin(programme, name)
        return made

    @property
    def requirement(self) -> Requirement:
        """That a member was brought by somebody: for the schemas and campaigns that ask for it."""
        return Requirement(self.schema, self.programme.desk.account)

    # Codes

    def code(self, member: Account, *, key: str | None = None, dry_run: bool = False, time: int | None = None) -> str:
        """A member's code, the same at every call: `attest` of it where it is new. After `revoke` another one.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            key: Makes it happen once.
            dry_run: Only try it; then the code is not valid yet.
            time: When, ms; now if None.

        Returns:
            Ten characters in two groups, such as `GE9G6-54S2A`.

        Raises:
            RejectedError: attestation_exists (another call made it meanwhile), …
        """
        account = self.programme.account(member)
        code, record, _ = self._latest(account)
        if record is None:
            desk = self.programme.desk
            subject = self._subject(code)
            operation = Attest(schema=self._codes, issuer=desk.account, subject=subject, content=Edge(account))
            desk.do([operation], key=key, dry_run=dry_run, time=time)
        return code

    def revoke(
        self,
        member: Account,
        *,
        reason: int = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take a member's code back: `revoke`. Who was brought with it stays so.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
            reason: Why, a number of the brand's.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: The member has no code.
            RejectedError: already_revoked (another call did it meanwhile), …
        """
        desk = self.programme.desk
        code, record, revoked = self._latest(self.programme.account(member))
        if record is None and desk.was_used(key):
            # A retry means the code that is gone by now.
            code = revoked or code
        elif record is None:
            message = "member: expected one that has a code, found one without"
            raise LookupError(message)
        operation = Revoke(schema=self._codes, issuer=desk.account, subject=self._subject(code), reason=Reason(reason))
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    def whose(self, code: str) -> bytes:
        """The account of the member whose code it is, 32 bytes. One look into the ledger.

        Args:
            code: As it was typed: small letters, O for 0, missing dashes are all understood.

        Raises:
            ValueError: It can be no code: a character was mistyped, say.
            LookupError: It is none of this brand's, or was revoked.
        """
        record = self._code_record(read_code(code, characters=_CODE_CHARACTERS))
        if record is None or record.revoked is not None or not isinstance(record.content, Edge):
            # Whether it ever was one is nobody's business.
            message = "code: expected one that is valid here, found one that is unknown or was revoked"
            raise LookupError(message)
        return record.content.to

    # Referrals

    def join(
        self,
        member: Account,
        code: str,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Referral:
        """Say who brought a member, once for ever: `attest` of an edge from the member to whose the code is.

        Args:
            member: Who was brought: an account, 32 bytes, or the customer's id.
            code: The code that it was given, as it was typed.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: It can be no code.
            LookupError: The code is none of this brand's, or was revoked.
            RejectedError: self_reference (the member's own code), attestation_exists (it has a referrer),
                reference_cycle (the member brought the referrer, or who brought the referrer, …), reference_too_deep
                (over 64 members stand in a row above the referrer).
        """
        account, referrer = self.programme.account(member), self.whose(code)
        desk = self.programme.desk
        operation = Attest(schema=self.schema, issuer=desk.account, subject=account, content=Edge(referrer))
        return Referral(desk.do([operation], key=key, dry_run=dry_run, time=time), account, referrer)

    def referrer(self, member: Account) -> bytes | None:
        """The account of who brought a member, 32 bytes; None where nobody did.

        Args:
            member: The member's account, 32 bytes, or the customer's id.
        """
        desk = self.programme.desk
        record = desk.ledger.attestation(self.schema, desk.account, self.programme.account(member))
        return record.content.to if record is not None and isinstance(record.content, Edge) else None

    def rewards(
        self,
        *,
        budget: Amount,
        reward: Amount,
        ends: int,
        to_referrer_bps: int = 5_000,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Rewards:
        """Set a budget aside for rewards: `mint` to the brand, and `open_campaign` for members who were brought.

        Args:
            budget: What may be paid in all.
            reward: What is paid for one member, to it and its referrer together.
            ends: From when on nothing more is paid, ms.
            to_referrer_bps: How many of 10,000 parts of it the referrer gets.
            key: Makes it happen once.
            dry_run: Only try it; then there are no such rewards.
            time: When, ms; now if None.

        Raises:
            RejectedError: supply_cap_exceeded, deadline_passed, …
            ValueError: Not 0 to 10,000 parts.
        """
        if not 0 <= to_referrer_bps <= 10_000:
            message = f"to_referrer_bps: expected 0 to 10,000, found {to_referrer_bps:,}"
            raise ValueError(message)
        programme = self.programme
        terms = CampaignTerms(
            roles=[
                Role(bps=10_000 - to_referrer_bps),
                Role(bps=to_referrer_bps),
                Role(programme.desk.account, signs=True),
            ],
            claim_max=programme.units(reward),
            ends=ends,
            eligible=self.requirement,
        )
        identifier = open_budget(programme, programme.units(budget), terms, key=key, dry_run=dry_run, time=time)
        return Rewards(self, identifier)

    # Helpers

    def _subject(self, code: str) -> bytes:
        """What stands for a code on the ledger: a hash with the brand's secret, so that short codes cannot be tried."""
        return self.programme.desk.secret(f"{self.name}-code", code.replace("-", ""))

    def _code_record(self, code: str) -> AttestationRecord | None:
        desk = self.programme.desk
        return desk.ledger.attestation(self._codes, desk.account, self._subject(code))

    def _latest(self, account: bytes) -> tuple[str, AttestationRecord | None, str | None]:
        """The member's code that is valid, with its record, or the next one that is free; and the last that is not."""
        revoked = None
        for number in count():
            seed = self.programme.desk.secret(f"{self.name}-code-of", f"{account.hex()} {number}")
            code = make_code(seed, characters=_CODE_CHARACTERS, group=_CODE_GROUP)
            record = self._code_record(code)
            # Of 45 random bits two members may have the same: the second gets its next one.
            if record is None or (record.revoked is None and record.content == Edge(account)):
                break
            if record.content == Edge(account):
                revoked = code
        return code, record, revoked


class Rewards(Budget):
    """A budget of which referrals are rewarded: a campaign that pays a member and its referrer, once for each member.

    Attributes:
        programme: The programme.
        id: The campaign's id, and its account's, 32 bytes.
        referrals: Who brought whom.
    """

    def __init__(self, referrals: Referrals, identifier: bytes) -> None:
        """Take rewards up again.

        Args:
            referrals: Who brought whom.
            identifier: The campaign's id, 32 bytes.
        """
        super().__init__(referrals.programme, identifier)
        self.referrals = referrals

    def pay(
        self,
        member: Account,
        *,
        order: str,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Reward:
        """Reward the referral of a member that has bought something: `claim`, once for each member.

        The ledger pays only where the brand has attested the referral, whoever asks.

        Args:
            member: Who was brought: an account, 32 bytes, or the customer's id.
            order: The number of its first order; a secret hash of it goes on the ledger.
            key: Makes it happen once; without, a second call for the member is refused.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: Nobody brought the member; or there are no such rewards.
            RejectedError: slip_claimed (it was rewarded), budget_spent, campaign_ended, …
        """
        programme = self.programme
        account = programme.account(member)
        referrer, record = self.referrals.referrer(account), programme.desk.ledger.campaign(self.id)
        if referrer is None or record is None:
            what = "member: expected one that somebody brought" if referrer is None else "rewards: expected a campaign"
            message = f"{what}, found none"
            raise LookupError(message)
        amount = record.terms.claim_max
        # One nonce for all: a campaign pays each member and nonce once.
        slip = slip_of(
            bytes(16),
            amount,
            [account, referrer],
            made=programme.desk.now(time),
            reference=programme.order(order),
        )
        done = self._claim(slip, key=key, dry_run=dry_run, time=time)
        share = amount * record.terms.roles[1].bps // 10_000
        return Reward(done, account, referrer, amount - share, share)

    def leaderboard(self) -> tuple[Rank, ...]:
        """Whoever was rewarded, most units first. The campaign's transactions are read, not the whole log.

        Raises:
            LookupError: There are no such rewards.
            ValueError: The ledger was opened with `index=False`.
        """
        ledger = self.programme.desk.ledger
        record = ledger.campaign(self.id)
        if record is None:
            message = "rewards: expected a campaign, found none"
            raise LookupError(message)
        bps = record.terms.roles[1].bps
        found: dict[bytes, Rank] = {}
        for applied in ledger.transactions(self.id):
            for operation in applied.signed.transaction.operations:
                if not isinstance(operation, Claim) or operation.campaign != self.id:
                    continue
                for signed in operation.slips:
                    referrer = signed.slip.parties[1]
                    rank = found.get(referrer, Rank(referrer, 0, 0))
                    units = rank.units + signed.slip.amount * bps // 10_000
                    found[referrer] = Rank(referrer, rank.referrals + 1, units)
        return tuple(sorted(found.values(), key=lambda rank: (-rank.units, -rank.referrals, rank.referrer)))
