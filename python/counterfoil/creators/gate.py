"""Gates: who gets in by what he holds or is, decided from the ledger, or offline from a bundle of proofs.

A gate is a text:

```text
gate  = all *( "or" all )
all   = one *( "and" one )
one   = "not" one | "(" gate ")" | SYMBOL sign amount | name sign integer | "badge:" name
sign  = ">=" | ">" | "<=" | "<" | "=="
```

`NOOR >= 2.5` compares a balance with an amount of whole units, `tier >= 2` the integer of an attestation, and
`badge:founder` asks for a live attestation of any content.

A bundle is `counterfoil/gate/v1`, a newline, and each statement after its length (u32, little endian): for every
comparison and badge, in order and none twice, those of the asset and the balance, or of the schema and the attestation.
All of them are of one checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil._bundle import Bundle, check_root, join
from counterfoil._checks import identifier
from counterfoil._clock import clock_ms
from counterfoil.creators._conditions import Parser
from counterfoil.desk import now_ms
from counterfoil.exceptions import LedgerError, ProofError
from counterfoil.verify import DATA_BYTES_MAX, Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.creators._conditions import Facts, Question
    from counterfoil.ledger import Ledger
    from counterfoil.verify import RecordClaim, Verifier

__all__ = ["Decision", "Gate"]

_HEADER = b"counterfoil/gate/v1\n"
_WHAT = "gate bundle"
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a gate lets an account in. It is true where it does.

    Attributes:
        allowed: Whether it does.
        reasons: What decided it, in words: "NOOR: expected at least 10, found 4".
        account: The account, 32 bytes.
        time: As of which time, ms.
    """

    allowed: bool
    reasons: tuple[str, ...]
    account: bytes
    time: int

    def __bool__(self) -> bool:
        """Whether it lets the account in."""
        return self.allowed

    @property
    def why(self) -> str:
        """The reasons in one line."""
        return "; ".join(self.reasons)


class Gate:
    """A condition on what an account holds and what was attested of it.

    Units that have lapsed do not count, whether they were swept or not: see
    `counterfoil.lapsing.spendable`. Nobody is kept out because an
    account is frozen or an asset paused, for that takes nothing away. An account without an attestation meets no
    comparison of its integer.

    Attributes:
        text: The condition.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.creators import Coin
    >>> from counterfoil.verify import Verifier
    >>> noor, fan = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/noor", origin="noor.example", operator=noor) as ledger:
    ...         coin = Coin.launch(ledger, noor, symbol="NOOR", cap=1_000, founder=100)
    ...         _ = coin.give(fan.account, 4)
    ...         club, crowd = Gate("NOOR >= 10", issuer=noor.account), Gate("not NOOR > 4", issuer=noor.account)
    ...         print(club.check(ledger, fan.account).why)
    ...         _ = ledger.checkpoint()
    ...         bundle, verifier = crowd.prove(ledger, fan.account), Verifier(ledger.verifier_key)
    NOOR: expected at least 10, found 4
    >>> crowd.verify(bundle, verifier, account=fan.account).allowed
    True
    """

    def __init__(
        self, text: str, *, issuer: bytes | None = None, names: Mapping[str, bytes | Requirement] | None = None
    ) -> None:
        """Make a gate. A symbol alone says nothing, for everybody may issue an asset of that symbol.

        Args:
            text: The condition: at most 1,000 characters, 16 comparisons and badges, 16 deep.
            issuer: Whose assets and schemas the text names, and who must have attested: an account id of 32 bytes.
            names: What else words of the text stand for: assets by their id of 32 bytes, or attestations as a
                `Requirement`. They come before the issuer's.

        Raises:
            TypeError: An argument of another type.
            ValueError: The text is not of the language; the message says at which character. Or a word is not known.
        """
        known = dict(names or {})
        for name, what in known.items():
            if not isinstance(what, Requirement):
                identifier(what, f"names, {name}")
        if issuer is not None:
            identifier(issuer, "issuer")
        parser = Parser(text, issuer, known)
        self.text = text
        self._condition, self._atoms = parser.whole(), tuple(parser.atoms)

    def __repr__(self) -> str:
        """The condition."""
        return f"Gate({self.text!r})"

    def check(self, ledger: Ledger, account: bytes, *, time: int | None = None) -> Decision:
        """Decide from a ledger, as it stands.

        Args:
            ledger: The ledger.
            account: Who wants in, an account id of 32 bytes.
            time: As of which time, ms, for what lapses and expires; now if None.

        Raises:
            LookupError: An asset or schema is not there, or of another kind.
            LedgerError: There was something new meanwhile, again and again.
        """
        identifier(account, "account")
        at = now_ms(ledger, time)
        for _ in range(_ATTEMPTS):
            size = ledger.size
            facts = self._read(ledger, account)
            # What is applied is seen once the log has grown. Records of two moments could show what was never so: who
            # exchanges A for B has never had both.
            if ledger.size == size:
                return self._decide(facts, account, at)
        message = f"gate: expected records of one moment, found none in {_ATTEMPTS} attempts: use a backup"
        raise LedgerError(message)

    def prove(self, ledger: Ledger, account: bytes) -> bytes:
        """What `verify` takes: the proofs that the decision needs, as of the last checkpoint, whatever it will be.

        It shows what the account holds and was attested of all that the gate names, and nothing else.

        Args:
            ledger: The ledger.
            account: Who wants in, an account id of 32 bytes.

        Raises:
            LookupError: An asset or schema is not there, or of another kind.
            OperatorKeyError: The last commit has no checkpoint.
            LedgerError: There was a new checkpoint meanwhile, again and again.
        """
        identifier(account, "account")
        self._read(ledger, account)
        for _ in range(_ATTEMPTS):
            statements = [
                bytes(ledger.prove(table, record_id, key=key or None))
                for table, key, record_id in self._questions(account)
            ]
            # A statement ends with its checkpoint.
            checkpoint = (ledger.last_checkpoint or "").encode()
            if all(statement.endswith(checkpoint) for statement in statements):
                return _HEADER + join(*statements)
        message = f"gate: expected proofs of one checkpoint, found none in {_ATTEMPTS} attempts: use a backup"
        raise LedgerError(message)

    def verify(
        self, data: bytes, verifier: Verifier, *, account: bytes, time: int | None = None, max_age_ms: int | None = None
    ) -> Decision:
        """Decide from a bundle, without the ledger.

        That whoever hands the bundle over is this account is for the app to ask.

        Args:
            data: The bundle.
            verifier: Made with the ledger's verifier key, from a source that is trusted.
            account: Who must be let in, an account id of 32 bytes.
            time: The time now, ms, for what lapses and expires and for the age of the bundle; the clock's if None.
            max_age_ms: How old the checkpoint may be; if None the verifier's tolerance, five minutes.

        Raises:
            ProofError: It does not prove it; `reason` says why: wrong_question (another account's), wrong_root
                (several checkpoints), truncated (a statement is missing), stale, wrong_record (an asset or schema is
                not there, or of another kind), …
        """
        identifier(account, "account")
        now = clock_ms() if time is None else time
        bundle = Bundle(data, _HEADER, _WHAT, bytes_max=DATA_BYTES_MAX)
        statements = {question: bundle.part(f"statement of {question[0]}") for question in self._questions(account)}
        bundle.end()
        claims: dict[Question, RecordClaim] = {}
        for question, statement in statements.items():
            table, key, record_id = question
            claims[question] = verifier.record(
                statement, table=table, key=key, record_id=record_id, now_ms=now, max_age_ms=max_age_ms
            )
        first = next(iter(claims.values()))
        for claim in claims.values():
            check_root(_WHAT, first, claim)
        facts = {question: claim.value for question, claim in claims.items()}
        for atom in self._atoms:
            flaw = atom.flaw(facts, account)
            if flaw is not None:
                message = f"{_WHAT}, {flaw}"
                raise ProofError(message, "wrong_record")
        # A clock that is a little behind the ledger's does not bring back what has lapsed there.
        return self._decide(facts, account, max(now, first.time))

    def _questions(self, account: bytes) -> list[Question]:
        """Which records the decision needs, each once."""
        return list(dict.fromkeys(question for atom in self._atoms for question in atom.questions(account)))

    def _read(self, ledger: Ledger, account: bytes) -> Facts:
        facts: dict[Question, object] = {}
        for atom in self._atoms:
            facts.update(zip(atom.questions(account), atom.read(ledger, account), strict=True))
            flaw = atom.flaw(facts, account)
            if flaw is not None:
                raise LookupError(flaw)
        return facts

    def _decide(self, facts: Facts, account: bytes, time: int) -> Decision:
        allowed, reasons = self._condition.judge(facts, account, time)
        return Decision(allowed, reasons, account, time)
