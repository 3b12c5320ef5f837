"""What a gate asks: a small language, its parser, and what each part of it needs to know and decides."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from counterfoil.lapsing import spendable
from counterfoil.verify import (
    Holding,
    Integer,
    IntegerRange,
    Items,
    Requirement,
    asset_id,
    attestation_id,
    schema_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterfoil.ledger import Ledger
    from counterfoil.verify import AssetRecord, AttestationRecord, SchemaRecord

TEXT_MAX = 1_000
DEPTH_MAX = 16
ATOMS_MAX = 16


Question: TypeAlias = tuple[str, bytes, bytes]
"""A record that has to be known: its table, table key and record id."""

Facts: TypeAlias = "Mapping[Question, Any]"
"""The records that were asked for; None for one that is not there."""

Verdict: TypeAlias = tuple[bool, tuple[str, ...]]
"""Whether it holds, and what says so."""


_COMPARISONS: dict[str, tuple[str, Callable[[int, int], bool]]] = {
    ">=": ("at least", operator.ge),
    ">": ("more than", operator.gt),
    "<=": ("at most", operator.le),
    "<": ("less than", operator.lt),
    "==": ("exactly", operator.eq),
}


@dataclass(frozen=True, slots=True)
class Balance:
    """`NOOR >= 10`: a balance is compared with an amount of whole units.

    Attributes:
        name: How the gate calls the asset.
        asset: The asset's id, 32 bytes.
        sign: How to compare.
        number: With what: decimal digits, with at most one point among them.
        negated: Whether it must not hold.
    """

    name: str
    asset: bytes
    sign: str
    number: str
    negated: bool

    def questions(self, account: bytes) -> tuple[Question, Question]:
        """What has to be known: the asset, and what the account holds of it."""
        return ("assets", b"", self.asset), ("holders", self.asset, account)

    def read(self, ledger: Ledger, account: bytes) -> tuple[AssetRecord | None, Holding]:
        """That, from a ledger."""
        return ledger.asset(self.asset), ledger.holding(self.asset, account)

    def flaw(self, facts: Facts, account: bytes) -> str | None:
        """Why it can be asked of nobody: the asset is not there, say."""
        record: AssetRecord | None = facts[self.questions(account)[0]]
        if record is None:
            return f"{self.name}: expected an asset of the ledger, found none with the id {self.asset.hex()}"
        if any(isinstance(term, Items) for term in record.policy):
            return f"{self.name}: expected an asset of units, found one of items"
        return None

    def judge(self, facts: Facts, account: bytes, time: int) -> Verdict:
        """Whether it holds."""
        asset, holding = (facts[question] for question in self.questions(account))
        units = spendable(asset, holding or Holding(0), time)
        # Both sides in the finer of the two units, so that nothing is rounded.
        whole, _, places = self.number.partition(".")
        words, compare = _COMPARISONS[self.sign]
        holds = compare(units * 10 ** len(places), int(whole + places) * 10**asset.decimals) != self.negated
        expected = f"{'not ' if self.negated else ''}{words} {self.number}"
        return holds, (f"{self.name}: expected {expected}, found {_whole_units(units, asset.decimals)}",)


@dataclass(frozen=True, slots=True)
class Badge:
    """`badge:founder`: a live attestation is there. `tier >= 2`: and its integer is compared.

    Attributes:
        name: How the gate calls the schema.
        requirement: Which schema, and who must have attested.
        sign: How to compare; empty where that it is there is enough.
        value: With what.
        negated: Whether it must not hold.
    """

    name: str
    requirement: Requirement
    sign: str
    value: int
    negated: bool

    def questions(self, account: bytes) -> tuple[Question, Question]:
        """What has to be known: the schema, and what was attested of the account."""
        schema, issuer = self.requirement.schema, self.requirement.issuer
        attestation = attestation_id(schema, issuer, account, bytes(32))
        return ("schemas", b"", schema), ("attestations", schema, attestation)

    def read(self, ledger: Ledger, account: bytes) -> tuple[SchemaRecord | None, AttestationRecord | None]:
        """That, from a ledger."""
        schema, issuer = self.requirement.schema, self.requirement.issuer
        return ledger.schema(schema), ledger.attestation(schema, issuer, account)

    def flaw(self, facts: Facts, account: bytes) -> str | None:
        """Why it can be asked of nobody: the schema is not there, say."""
        record: SchemaRecord | None = facts[self.questions(account)[0]]
        if record is None:
            return (
                f"{self.name}: expected a schema of the ledger, found none with the id {self.requirement.schema.hex()}"
            )
        if self.sign and not isinstance(record.content, IntegerRange):
            return f"{self.name}: expected a schema of integers, found one of {type(record.content).__name__}"
        return None

    def judge(self, facts: Facts, account: bytes, time: int) -> Verdict:
        """Whether it holds."""
        record: AttestationRecord | None = facts[self.questions(account)[1]]
        value = None
        if record is None:
            found = "none"
        elif not record.is_live(time):
            found = "one that has expired" if record.revoked is None else "one that was revoked"
        else:
            value = record.content.value if isinstance(record.content, Integer) else 0
            found = str(value) if self.sign else "one"
        holds = value is not None and (not self.sign or _COMPARISONS[self.sign][1](value, self.value))
        return holds != self.negated, (f"{self._expected()}, found {found}",)

    def _expected(self) -> str:
        if self.sign:
            words = f"{_COMPARISONS[self.sign][0]} {self.value}"
            return f"{self.name}: expected {'not ' if self.negated else ''}{words}"
        return f"badge:{self.name}: expected {'none' if self.negated else 'one'} that holds"


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which every one must hold, or any.

    Attributes:
        every: Which of the two.
        parts: The conditions.
    """

    every: bool
    parts: tuple[Node, ...]

    def judge(self, facts: Facts, account: bytes, time: int) -> Verdict:
        """Whether it holds: of several, those parts say why that decide it."""
        verdicts = [part.judge(facts, account, time) for part in self.parts]
        holds = (all if self.every else any)(part for part, _ in verdicts)
        return holds, tuple(reason for part, reasons in verdicts if part == holds for reason in reasons)


Atom: TypeAlias = "Balance | Badge"
Node: TypeAlias = "Balance | Badge | Group"

_SPACES = " \t\r\n"
_TOKEN = re.compile(r"[A-Za-z0-9._:-]+|>=|<=|==|[<>()]")
_SYMBOL = re.compile(r"(?=[0-9.]*[A-Z])[A-Z0-9.]{1,12}")
_NAME = re.compile(r"(?=[0-9._-]*[a-z])[a-z0-9._-]{1,32}")
_AMOUNT = re.compile(r"[0-9]{1,39}(?:\.[0-9]{1,38})?")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_WORDS = frozenset({"and", "or", "not"})


class Parser:
    """Reads a gate's text by recursive descent. `not` is pushed down to what it is about, so that groups have none.

    Attributes:
        atoms: The comparisons and badges, in order.
    """

    def __init__(self, text: str, issuer: bytes | None, names: Mapping[str, bytes | Requirement]) -> None:
        """Take the text apart.

        Raises:
            TypeError: Not a text.
            ValueError: Too long, empty, or with a character that has no meaning.
        """
        if not isinstance(text, str):
            message = f"gate: expected a text, found {type(text).__name__}"
            raise TypeError(message)
        if len(text) > TEXT_MAX:
            message = f"gate: expected at most {TEXT_MAX:,} characters, found {len(text):,}"
            raise ValueError(message)
        self.atoms: list[Atom] = []
        self._issuer, self._names = issuer, names
        self._tokens = _tokens(text)
        self._next = 0

    def whole(self) -> Node:
        """The whole text.

        Raises:
            ValueError: It is not of the language. The message says at which character, counted from 1.
        """
        made = self._any(0, negated=False)
        if self._peek():
            self._refuse("'and', 'or' or the end")
        return made

    def _any(self, depth: int, *, negated: bool) -> Node:
        parts = [self._all(depth, negated=negated)]
        while self._take("or"):
            parts.append(self._all(depth, negated=negated))
        # Not any of them: every one not.
        return parts[0] if len(parts) == 1 else Group(negated, tuple(parts))

    def _all(self, depth: int, *, negated: bool) -> Node:
        parts = [self._one(depth, negated=negated)]
        while self._take("and"):
            parts.append(self._one(depth, negated=negated))
        return parts[0] if len(parts) == 1 else Group(not negated, tuple(parts))

    def _one(self, depth: int, *, negated: bool) -> Node:
        if depth > DEPTH_MAX:
            self._refuse(f"'not' and parentheses at most {DEPTH_MAX} deep")
        if self._take("not"):
            return self._one(depth + 1, negated=not negated)
        if not self._take("("):
            return self._atom(negated=negated)
        made = self._any(depth + 1, negated=negated)
        if not self._take(")"):
            self._refuse("')'")
        return made

    def _atom(self, *, negated: bool) -> Atom:
        if len(self.atoms) == ATOMS_MAX:
            self._refuse(f"at most {ATOMS_MAX} comparisons and badges")
        word = self._peek()
        made: Atom
        if word.startswith("badge:"):
            made = Badge(word[6:], self._schema(word[6:]), "", 0, negated)
            self._next += 1
        else:
            what = self._named(word)
            self._next += 1
            sign = self._peek()
            if sign not in _COMPARISONS:
                self._refuse(f"a comparison of {word}, one of {' '.join(_COMPARISONS)}")
            self._next += 1
            if isinstance(what, Requirement):
                made = Badge(word, what, sign, int(self._number(_INTEGER, "an integer")), negated)
            else:
                made = Balance(word, what, sign, self._number(_AMOUNT, "an amount such as 10 or 2.5"), negated)
        self.atoms.append(made)
        return made

    def _number(self, form: re.Pattern[str], what: str) -> str:
        number = self._peek()
        if not form.fullmatch(number):
            self._refuse(what)
        self._next += 1
        return number

    def _named(self, word: str) -> bytes | Requirement:
        """The asset or schema that a word stands for."""
        if word in self._names and word not in _WORDS:
            return self._names[word]
        if _SYMBOL.fullmatch(word):
            return asset_id(self._known_issuer(), word)
        if not _NAME.fullmatch(word) or word in _WORDS:
            self._refuse("a symbol, the name of a schema, 'badge:', 'not' or '('")
        return Requirement(schema_id(self._known_issuer(), word), self._known_issuer())

    def _schema(self, name: str) -> Requirement:
        found = self._names.get(name)
        if isinstance(found, Requirement):
            return found
        if found is not None or not _NAME.fullmatch(name):
            self._refuse("the name of a schema after 'badge:'")
        return Requirement(schema_id(self._known_issuer(), name), self._known_issuer())

    def _known_issuer(self) -> bytes:
        if self._issuer is None:
            self._refuse("one of the names that were given, or an issuer")
        return self._issuer

    def _peek(self) -> str:
        return self._tokens[self._next][1]

    def _take(self, word: str) -> bool:
        found = self._peek() == word
        self._next += found
        return found

    def _refuse(self, expected: str) -> NoReturn:
        place, word = self._tokens[self._next]
        _refuse(place, expected, repr(word[:40]) if word else "the end")


def _tokens(text: str) -> list[tuple[int, str]]:
    """The words and signs of a text, each with its place, and an empty one at the end."""
    found: list[tuple[int, str]] = []
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is not None:
            found.append((place, token[0]))
            place = token.end()
        elif text[place] in _SPACES:
            place += 1
        else:
            _refuse(place, "a word, a comparison or a parenthesis", repr(text[place]))
    return [*found, (len(text), "")]


def _refuse(place: int, expected: str, found: str) -> NoReturn:
    message = f"gate, character {place + 1}: expected {expected}, found {found}"
    raise ValueError(message)


def _whole_units(units: int, decimals: int) -> str:
    """An amount of minor units as one of whole units: 1250 of 2 decimals is 12.5."""
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}".rstrip("0").rstrip(".") if rest else str(whole)
