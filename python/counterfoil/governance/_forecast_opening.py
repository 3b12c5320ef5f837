"""What a forecast takes to be opened: who may say what came about, what may be staked, and what binds the pot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from counterfoil._checks import identifier
from counterfoil.governance._forecast_terms import OPTIONS_MAX, PREDICTION, SCORES, ForecastTerms, pot_constitution
from counterfoil.lapsing import DAY_MS
from counterfoil.ops import (
    Attest,
    AttestedHolders,
    Bound,
    BytesUpTo,
    CommitmentKind,
    Fee,
    FixedExpiry,
    InactivityExpiry,
    Items,
    KeyGrant,
    MaxHolding,
    Operation,
    Ranked,
    Rule,
    Schema,
    SetConstitution,
    SetKeys,
    StrictLots,
    YesNo,
    schema_id,
)
from counterfoil.verify import rule_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.ledger import Ledger
    from counterfoil.verify import AssetRecord, SchemaRecord

_RANKINGS_MAX = 1_957
_TERMS_REFUSED = (Bound, Fee, MaxHolding, AttestedHolders, FixedExpiry, StrictLots, Items)
"""Terms by which a stake could not be paid to the pot, or the pot out to winners, to the last unit."""


def check_texts(question: str, options: Sequence[str]) -> None:
    """That there is a question, and options that differ."""
    if not question or not all(isinstance(text, str) for text in (question, *options)):
        message = "question: expected a text, and texts for options"
        raise ValueError(message)
    if isinstance(options, str) or not 2 <= len(options) <= OPTIONS_MAX or len(set(options)) != len(options):
        message = f"options: expected 2 to {OPTIONS_MAX} that differ, found {list(options)!r:.80}"
        raise ValueError(message)
    if not all(options):
        message = "options: expected names, found an empty one"
        raise ValueError(message)


def check_judge(judge: object, options: int, within: int) -> None:
    """That who is to say what came about can."""
    if isinstance(judge, bytes):
        identifier(judge, "oracle")
        return
    if not isinstance(judge, Rule):
        message = f"oracle: expected an account id of 32 bytes or a Rule, found {type(judge).__name__}"
        raise TypeError(message)
    if isinstance(judge.form, YesNo):
        message = "oracle: expected a rule of approval or ranked, to choose between options, found one of yes and no"
        raise ValueError(message)
    ranks = min(judge.form.ranks_max, options) if isinstance(judge.form, Ranked) else 0
    if sum(math.perm(options, count) for count in range(ranks + 1)) > _RANKINGS_MAX:
        message = f"oracle: expected a rule with fewer ranks for {options} options, found {ranks}"
        raise ValueError(message)
    lasts = judge.delay_ms + judge.voting_ms + judge.extension_ms + judge.reveal_ms + judge.timelock_ms
    if lasts >= within:
        message = f"resolves_within: expected more than the {lasts:,} ms that a vote takes, found {within:,}"
        raise ValueError(message)


def check_asset(asset: AssetRecord, closes: int, until: int) -> None:
    """That stakes can be paid to the pot, and the pot out, to the last unit."""
    terms = [*asset.policy, *(() if asset.pending is None else asset.pending.policy)]
    found = [type(term).__name__ for term in terms if isinstance(term, _TERMS_REFUSED)]
    idle = [term.days for term in terms if isinstance(term, InactivityExpiry)]
    found += [f"InactivityExpiry({days})" for days in idle if days * DAY_MS <= until - closes]
    if asset.sunset is not None and asset.sunset <= until:
        found.append(f"a sunset at {asset.sunset}")
    if found:
        message = f"asset: expected units that move freely and last until {until}, found {', '.join(found)}"
        raise ValueError(message)


def verdicts(owner: bytes, judge: bytes | Rule) -> tuple[bytes | None, bytes | None, bytes | None]:
    """The schema and the oracle that attests by it, or the hash of the rule."""
    if isinstance(judge, bytes):
        return schema_id(owner, verdict_schema(owner, judge).name), judge, None
    return None, None, rule_hash(judge)


def verdict_schema(owner: bytes, oracle: bytes) -> Schema:
    """By what an oracle says which option has come about: once it did, that stands."""
    name = f"forecast.{oracle.hex()[:16]}"
    return Schema(creator=owner, name=name, content=CommitmentKind(), issuers=[oracle], revocable=False)


def said(schema: Schema | SchemaRecord) -> tuple[object, ...]:
    """What a schema lets attest, and by whom, whether it is to be made or there."""
    return bytes(schema.content), tuple(schema.issuers), schema.subjects, schema.revocable


def missing_schemas(ledger: Ledger, terms: ForecastTerms) -> list[Schema]:
    """The schemas that an organiser's first forecast makes, and the first one of an oracle.

    Raises:
        ValueError: There is another one with the name of one of them.
    """
    wanted = [
        Schema(creator=terms.owner, name=PREDICTION, content=BytesUpTo(2 * OPTIONS_MAX)),
        Schema(creator=terms.owner, name=SCORES, content=CommitmentKind()),
    ]
    if terms.oracle is not None:
        wanted.append(verdict_schema(terms.owner, terms.oracle))
    missing = []
    for schema in wanted:
        found = ledger.schema(schema_id(schema.creator, schema.name))
        if found is None:
            missing.append(schema)
        elif said(found) != said(schema):
            message = f"schema {schema.name!r}: expected that of forecasts, found another one with this name"
            raise ValueError(message)
    return missing


def bound(ledger: Ledger, pot: bytes, judge: bytes | Rule) -> list[Operation]:
    """What binds the pot for good, and hands its keys to the oracle."""
    binding: list[Operation] = [SetConstitution(account=pot, constitution=pot_constitution(judge))]
    if isinstance(judge, bytes):
        threshold, keys = keys_of(ledger, judge)
        binding.append(SetKeys(account=pot, threshold=threshold, keys=keys))
    return binding


def keys_of(ledger: Ledger, account: bytes) -> tuple[int, list[KeyGrant]]:
    """The keys with which an oracle attests, and how many of them it takes.

    Raises:
        ValueError: It is an alias or governed, or no account that signs: with keys of the pot it could not do what it
            can itself, or could do more.
    """
    record = ledger.account(account)
    if record is None:
        return 1, [KeyGrant(account)]
    keys = [KeyGrant(grant.key) for grant in record.keys if grant.covers(Attest.wire_tag)]
    if record.is_governed or len(keys) < max(record.threshold, 1):
        message = f"oracle: expected an account that is not governed, with keys that may attest, found {account.hex()}"
        raise ValueError(message)
    return record.threshold, keys
