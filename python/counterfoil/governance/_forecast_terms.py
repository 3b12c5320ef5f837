"""The terms of a forecast: what its groups of holds say, and what may happen to its pot. Read without a ledger.

Each option has a group of holds, all with the same asset, closing and deadline. An option has won where its *verdict*
is there: an attestation of the oracle about its group, or a resolution of the pot. Then

- its own stakes go back, once no more are taken: `release_if` is its verdict, after `closes`;
- the stakes on the others go to the pot: `settle_if` asks for a verdict for one of the others, and for none for its
  own, so that nobody settles what the oracle attested as well;
- without any verdict all of it goes back at the deadline, which is what the outcome says.

The salt of the first group and that of the pot are the two halves of a hash of the question, the options and the terms:
ids that are on the ledger commit to the text.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil._bundle import join
from counterfoil.verify import (
    After,
    AllOf,
    AnyOf,
    Article,
    Attested,
    Constitution,
    Not,
    Outcome,
    Resolved,
    Share,
    Terms,
    distribution_id,
    group_id,
    named_account,
    rule_hash,
    schema_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.ops import OpenGroup
    from counterfoil.verify import Condition, GroupRecord, Rule

OPTIONS_MAX = 7
"""As many as the condition for settling has room for."""

PREDICTION = "prediction"
"""The name of the schema by which members predict; the organiser makes one for all of its forecasts."""
SCORES = "forecast-scores"
"""The name of the schema by which roots of scores are posted."""

PAID_FOR_MS = 90 * 86_400_000
"""How long after the deadline winnings are collected."""

_TAGS = (
    *range(0x10, 0x19),
    *range(0x20, 0x2C),
    *range(0x30, 0x38),
    *range(0x40, 0x44),
    *range(0x50, 0x54),
    *range(0x60, 0x63),
    *range(0x70, 0x79),
    *range(0x80, 0x85),
    0xA0,
)
"""Every operation. The list is one of the terms: pots whose constitution lists others are no pots of forecasts."""
_DISTRIBUTE = 0x82
_SET_KEYS = 0x11


@dataclass(frozen=True, slots=True)
class ForecastTerms:
    """What a forecast is on the ledger.

    Attributes:
        owner: The organiser, an account id of 32 bytes.
        asset: What is staked, an asset id of 32 bytes.
        closes: From when on nobody can stake, ms.
        deadline: From when on what was not settled goes back, ms.
        groups: The group of each option.
        pot: The account that the losing stakes go to.
        schema: By which schema the oracle attests; None where the pot resolves it.
        oracle: Who attests; None where the pot resolves it.
        rule: The hash of the rule by which the pot resolves it; None where an oracle attests.
    """

    owner: bytes
    asset: bytes
    closes: int
    deadline: int
    groups: tuple[bytes, ...]
    pot: bytes
    schema: bytes | None = None
    oracle: bytes | None = None
    rule: bytes | None = None

    @property
    def id(self) -> bytes:
        """The forecast's id: that of its first group."""
        return self.groups[0]

    @property
    def prediction_schema(self) -> bytes:
        """By which schema members predict."""
        return schema_id(self.owner, PREDICTION)

    @property
    def paid_until(self) -> int:
        """From when on winnings are not collected any more, ms; later where the pot is shared out late."""
        return self.deadline + PAID_FOR_MS

    @property
    def distribution(self) -> bytes:
        """The id of the distribution of the pot."""
        return distribution_id(self.pot, self.distribution_salt)

    @property
    def distribution_salt(self) -> bytes:
        """The salt of the distribution of the pot, so that there is one."""
        return _halved(b"distribution" + self.id)

    def verdict(self, option: int) -> Attested | Resolved:
        """What says that an option has won."""
        if self.schema is not None and self.oracle is not None:
            return Attested(self.schema, self.oracle, self.groups[option])
        return Resolved(self.pot, self.rule or b"", self.id, option)

    def of(self, option: int) -> Terms:
        """The terms of every stake on an option."""
        others = AnyOf([self.verdict(other) for other in range(len(self.groups)) if other != option])
        wanted: list[Condition] = [After(self.closes), others]
        if self.oracle is not None:
            # A resolution has one option; an oracle may attest two.
            wanted.append(Not(self.verdict(option)))
        return Terms(
            settle_if=AllOf(wanted),
            release_if=AllOf([After(self.closes), self.verdict(option)]),
            payees=[Share(self.pot)],
            deadline=self.deadline,
            outcome=Outcome.RELEASE,
        )

    @classmethod
    def read(cls, identifier: bytes, first: GroupRecord | OpenGroup) -> ForecastTerms:
        """The terms of a forecast by its first group.

        Raises:
            ValueError: The group has other terms than those of a forecast's first option.
        """
        terms = first.terms
        parts = terms.settle_if.of if isinstance(terms.settle_if, AllOf) else ()
        others = parts[1].of if len(parts) > 1 and isinstance(parts[1], AnyOf) else ()
        verdict = _last(terms.release_if)
        made = cls(
            owner=first.owner,
            asset=first.asset,
            closes=first.closes,
            deadline=terms.deadline,
            groups=group_ids(first.owner, first.salt, len(others) + 1),
            pot=terms.payees[0].to if terms.payees else b"",
            schema=verdict.schema if isinstance(verdict, Attested) else None,
            oracle=verdict.issuer if isinstance(verdict, Attested) else None,
            rule=verdict.rule if isinstance(verdict, Resolved) else None,
        )
        is_one = isinstance(verdict, (Attested, Resolved)) and len(made.pot) == 32 and others
        if not is_one or made.id != identifier or made.of(0) != terms:
            message = f"forecast: expected a group with the terms of one, found {identifier.hex()} with others"
            raise ValueError(message)
        return made


def _last(condition: Condition | None) -> Condition | None:
    """The last of some conditions that all must be met."""
    return condition.of[-1] if isinstance(condition, AllOf) else None


def forecast_salts(
    question: str, options: Sequence[str], *, asset: bytes, closes: int, deadline: int, judge: bytes | Rule
) -> tuple[bytes, bytes]:
    """The salts of the first group and of the pot, which commit to the text and the terms."""
    by = b"oracle" + judge if isinstance(judge, bytes) else b"rule" + rule_hash(judge)
    times = closes.to_bytes(8, "big") + deadline.to_bytes(8, "big")
    texts = (text.encode() for text in (question, *options))
    digest = hashlib.sha256(b"counterfoil/forecast/v1\n" + join(asset, times, by, *texts)).digest()
    return digest[:16], digest[16:]


def group_salts(salt: bytes, count: int) -> list[bytes]:
    """The salt of each option's group: the first is the given one, and the others follow from it."""
    return [salt, *(_halved(b"option" + salt + bytes([number])) for number in range(1, count))]


def group_ids(owner: bytes, salt: bytes, count: int) -> tuple[bytes, ...]:
    """The id of each option's group."""
    return tuple(group_id(owner, each) for each in group_salts(salt, count))


def pot_account(owner: bytes, salt: bytes) -> bytes:
    """The account of a pot."""
    return named_account(owner, salt)


def pot_constitution(judge: bytes | Rule) -> Constitution:
    """What may happen to a pot: distributions, by the oracle's keys or by proposals; nothing else, ever.

    An oracle may replace its keys, here as elsewhere.
    """
    if isinstance(judge, bytes):
        kept = {_DISTRIBUTE, _SET_KEYS}
        return Constitution([], [Article(operations=[tag for tag in _TAGS if tag not in kept])])
    forbidden = Article(operations=[tag for tag in _TAGS if tag != _DISTRIBUTE])
    return Constitution([judge], [forbidden, Article(operations=[_DISTRIBUTE], rules=[0])])


def _halved(data: bytes) -> bytes:
    return hashlib.sha256(b"counterfoil/forecast/v1\n" + data).digest()[:16]
