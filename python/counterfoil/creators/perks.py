"""Perks: what members may have once, or once in a while, if a gate lets them in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done, span_ms
from counterfoil.ops import Attest, Schema, schema_id

if TYPE_CHECKING:
    from counterfoil.creators.gate import Decision, Gate
    from counterfoil.desk import Span
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Perk:
    """Something that members may have, each of them once, or once in a while.

    Attributes:
        name: What it is called. Whoever guesses the name can check on the ledger who has had it.
        gate: Who may have it.
        every: How long it takes after a grant until the member may have it again; None: once for ever.
    """

    name: str
    gate: Gate
    every: Span | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A perk that was granted.

    Attributes:
        done: The call.
        decision: What the gate said; None for a repeated call, where it is not asked again.
        until: From when on the member may have it again, ms; None: never.
    """

    done: Done
    decision: Decision | None
    until: int | None


class Perks:
    """A creator's perks, and who has had them: each grant is an attestation, of which there can be one at a time.

    Attributes:
        desk: Where the creator acts.
        schema: By which schema, 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.creators import Coin, Gate
    >>> noor, fan = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/noor", origin="noor.example", operator=noor) as ledger:
    ...         coin = Coin.launch(ledger, noor, symbol="NOOR", cap=1_000, founder=100)
    ...         _ = coin.give(fan.account, 10)
    ...         perks = Perks.launch(ledger, noor)
    ...         call = Perk("a call", Gate("NOOR >= 10", issuer=noor.account), every="30d")
    ...         print(perks.has_had(fan.account, call))
    ...         _ = perks.grant(fan.account, call)
    ...         print(perks.has_had(fan.account, call))
    False
    True
    """

    def __init__(self, ledger: Ledger, *creator: Key | Signer, name: str = "perks") -> None:
        """Take perks up again.

        Raises:
            LookupError: There is no such schema.
        """
        self.desk = Desk(ledger, *creator)
        self.schema = schema_id(self.desk.account, name)
        if ledger.schema(self.schema) is None:
            message = f"name: expected a schema of this account, found no {name!r}"
            raise LookupError(message)

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *creator: Key | Signer,
        name: str = "perks",
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Perks:
        """Start with perks: `schema`, by which the creator alone attests who has had what.

        Args:
            ledger: The ledger.
            creator: The keys that sign for the creator.
            name: 1 to 32 of `a-z0-9._-`.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: schema_exists, …
        """
        desk = Desk(ledger, *creator)
        operation = Schema(creator=desk.account, name=name, issuers=[desk.account])
        desk.do([operation], key=key, dry_run=dry_run, time=time)
        # What is only tried is not there to be looked up.
        made = object.__new__(cls)
        made.desk, made.schema = desk, schema_id(desk.account, name)
        return made

    def grant(
        self,
        member: bytes,
        perk: Perk,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Grant:
        """Grant a perk to a member whom its gate lets in: `attest`, which expires when the member may have it again.

        Whether it was granted before the ledger decides, so that two services cannot both grant it. The gate is asked
        right before: coins that move in between are not seen.

        Args:
            member: The member's account, 32 bytes.
            perk: Which perk.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: The gate does not let the member in; the message says why.
            RejectedError: attestation_exists (the member has had it), …
            KeyReusedError: The key was used for something else.
        """
        at = self.desk.now(time)
        until = None if perk.every is None else at + span_ms(perk.every)
        decision = None
        # Of a call that was made before the gate is not asked again: the member may have sold since.
        if not self.desk.was_used(key):
            decision = perk.gate.check(self.desk.ledger, member, time=at)
            if not decision:
                message = f"perk {perk.name!r}: expected a member whom its gate lets in, found {decision.why}"
                raise LookupError(message)
        operation = Attest(
            schema=self.schema, issuer=self.desk.account, subject=member, nonce=_nonce(perk), expires=until
        )
        done = self.desk.do([operation], key=key, dry_run=dry_run, time=time)
        made = next(each for each in done.operations if isinstance(each, Attest))
        return Grant(done, decision, made.expires)

    def has_had(self, member: bytes, perk: Perk, *, time: int | None = None) -> bool:
        """Whether a member has had a perk and may not have it again yet: now, unless another time is given, ms."""
        record = self.desk.ledger.attestation(self.schema, self.desk.account, member, _nonce(perk))
        return record is not None and record.is_live(self.desk.now(time))


def _nonce(perk: Perk) -> bytes:
    """What tells the grants of perks apart, 32 bytes."""
    return hashlib.sha256(b"counterfoil/perk/v1\n" + perk.name.encode()).digest()
