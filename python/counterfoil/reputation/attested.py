"""Ratings and badges, as attestations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done
from counterfoil.ops import Attest, Integer, IntegerRange, NoContent, Nothing, Reason, Requirement, Revoke, Schema
from counterfoil.verify import schema_id

if TYPE_CHECKING:
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger


class Ratings:
    """What accounts say of each other, as integers of a range.

    Attributes:
        desk: Where the market acts.
        schema: By which schema, 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> market, ann, bob = Key.generate(), Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/fair", origin="fair.example/stars", operator=market) as ledger:
    ...         ratings = Ratings.launch(ledger, market, name="stars", least=1, most=5)
    ...         _ = ratings.rate(ann, bob.account, 5, order="A17")
    ...         print(ratings.value(ann, bob.account, order="A17"))
    5
    """

    def __init__(self, ledger: Ledger, *market: Key | Signer, name: str) -> None:
        """Take ratings up again.

        Raises:
            LookupError: There is no such schema.
        """
        self.desk = Desk(ledger, *market)
        self.schema = schema_id(self.desk.account, name)
        _check_schema(ledger, self.schema, name)

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *market: Key | Signer,
        name: str,
        least: int,
        most: int,
        members: Requirement | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Ratings:
        """Let accounts rate each other: `schema` of an integer, which anybody may attest and revoke.

        Args:
            ledger: The ledger.
            market: The keys that sign for the market.
            name: 1 to 32 of `a-z0-9._-`.
            least: The lowest rating.
            most: The highest.
            members: Which attestation those who are rated must have; None requires nothing.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            RejectedError: schema_exists, invalid_content_kind, …
        """
        desk = Desk(ledger, *market)
        content = IntegerRange(least, most)
        operation = Schema(creator=desk.account, name=name, content=content, subjects=members)
        desk.do([operation], key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made.desk, made.schema = desk, schema_id(desk.account, name)
        return made

    def rate(
        self,
        rater: Key | Signer,
        subject: bytes,
        value: int,
        *,
        order: str | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Rate an account: `attest`, which the rater signs. One rating for each order, or one in all without.

        Raises:
            RejectedError: attestation_exists (withdraw it before), wrong_content (out of the range), …
        """
        operation = Attest(
            schema=self.schema,
            issuer=rater.account,
            subject=subject,
            nonce=self._nonce(rater, order),
            content=Integer(value),
        )
        return Desk(self.desk.ledger, rater).do([operation], key=key, dry_run=dry_run, time=time)

    def withdraw(
        self,
        rater: Key | Signer,
        subject: bytes,
        *,
        order: str | None = None,
        reason: int = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take a rating back: `revoke`, which the rater signs.

        Raises:
            RejectedError: unknown_attestation, already_revoked, …
        """
        operation = Revoke(
            schema=self.schema,
            issuer=rater.account,
            subject=subject,
            nonce=self._nonce(rater, order),
            reason=Reason(reason),
        )
        return Desk(self.desk.ledger, rater).do([operation], key=key, dry_run=dry_run, time=time)

    def value(self, rater: Key | Signer, subject: bytes, *, order: str | None = None) -> int | None:
        """What a rating says; None where there is none that holds."""
        ledger = self.desk.ledger
        record = ledger.attestation(self.schema, rater.account, subject, self._nonce(rater, order))
        if record is None or not record.is_live(ledger.time) or not isinstance(record.content, Integer):
            return None
        return record.content.value

    def _nonce(self, rater: Key | Signer, order: str | None) -> bytes:
        return bytes(32) if order is None else Desk(self.desk.ledger, rater).secret("rating", order)


class Badges:
    """What an issuer says of members: that they are, or which tier they have.

    Attributes:
        desk: Where the issuer acts.
        schema: By which schema, 32 bytes.
    """

    def __init__(self, ledger: Ledger, *issuer: Key | Signer, name: str) -> None:
        """Take badges up again.

        Raises:
            LookupError: There is no such schema.
        """
        self.desk = Desk(ledger, *issuer)
        self.schema = schema_id(self.desk.account, name)
        _check_schema(ledger, self.schema, name)

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *issuer: Key | Signer,
        name: str,
        tiers: int | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Badges:
        """Start a badge or membership: `schema`, by which the issuer alone attests.

        Args:
            ledger: The ledger.
            issuer: The keys that sign for the issuer.
            name: 1 to 32 of `a-z0-9._-`.
            tiers: How many tiers there are, from 1; None: members have it or not.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            RejectedError: schema_exists, invalid_content_kind (tiers below 1), …
        """
        desk = Desk(ledger, *issuer)
        content = NoContent() if tiers is None else IntegerRange(1, tiers)
        operation = Schema(creator=desk.account, name=name, content=content, issuers=[desk.account])
        desk.do([operation], key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made.desk, made.schema = desk, schema_id(desk.account, name)
        return made

    @property
    def requirement(self) -> Requirement:
        """That a member has this: for the schemas and campaigns that ask for it."""
        return Requirement(self.schema, self.desk.account)

    def award(
        self,
        member: bytes,
        *,
        tier: int | None = None,
        expires: int | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Give it to a member: `attest`. One that expired or was revoked is replaced.

        Raises:
            RejectedError: attestation_exists, wrong_content (another tier, or one of a badge without), …
        """
        content = Nothing() if tier is None else Integer(tier)
        operation = Attest(
            schema=self.schema, issuer=self.desk.account, subject=member, expires=expires, content=content
        )
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def revoke(
        self, member: bytes, *, reason: int = 0, key: str | None = None, dry_run: bool = False, time: int | None = None
    ) -> Done:
        """Take it back: `revoke`.

        Raises:
            RejectedError: unknown_attestation, already_revoked.
        """
        operation = Revoke(schema=self.schema, issuer=self.desk.account, subject=member, reason=Reason(reason))
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def holds(self, member: bytes, *, time: int | None = None) -> bool:
        """Whether a member has it, at the ledger's time unless another one is given."""
        record = self.desk.ledger.attestation(self.schema, self.desk.account, member)
        return record is not None and record.is_live(self.desk.ledger.time if time is None else time)


def _check_schema(ledger: Ledger, schema: bytes, name: str) -> None:
    if ledger.schema(schema) is None:
        message = f"name: expected a schema of this account, found no {name!r}"
        raise LookupError(message)
