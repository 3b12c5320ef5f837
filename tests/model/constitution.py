"""Constitutions: by which rules an account is governed, and what its articles say of an operation.

What is here needs no other family, so that authority can rest on it; the operations are in `governance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.model.borsh import BOOL, ID, U8, U16, U64, U128, Value, choice, enum, fixed, option, struct, vec
from tests.model.state import AMOUNT_MAX, DAY_MS, OPERATIONS, ascending, record_id, refuse_if

if TYPE_CHECKING:
    from tests.model.state import State

ELECTORATE = enum(
    {
        0: ("holders", struct("holders", asset=ID)),
        1: ("members", struct("members", schema=ID, issuer=ID)),
        2: ("member_holders", struct("member_holders", asset=ID, schema=ID, issuer=ID)),
        3: ("backers", struct("backers", group=ID)),
    }
)
FORM = enum(
    {
        0: ("yes_no", struct("yes_no")),
        1: ("approval", struct("approval")),
        2: ("ranked", struct("ranked", ranks_max=U8)),
    }
)
DEPOSIT = struct("Deposit", asset=ID, amount=U128)
RULE = struct(
    "Rule",
    electorate=ELECTORATE,
    weight=choice("units", "member", "root"),
    form=FORM,
    quorum_bps=U16,
    support_bps=U16,
    threshold_bps=U16,
    delay_ms=U64,
    voting_ms=U64,
    extension_ms=U64,
    reveal_ms=U64,
    timelock_ms=U64,
    execution_ms=U64,
    snapshot_ms=U64,
    proposer_weight=U128,
    guardian=option(ID),
    deposit=option(DEPOSIT),
)
ARTICLE = struct("Article", operations=vec(U8), keys=BOOL, rules=vec(U8))
CONSTITUTION = struct("Constitution", rules=vec(RULE), articles=vec(ARTICLE))
CONSTITUTION_RECORD = struct("ConstitutionRecord", version=U8, since=U64, constitution=CONSTITUTION)
RESOLUTION_RECORD = struct(
    "ResolutionRecord", account=ID, rule=fixed(32), subject=fixed(32), option=U8, proposal=ID, time=U64
)

SET_CONSTITUTION = 0x70
RULES_MAX = 8
ARTICLES_MAX = 16
RANKS_MAX = 16
BPS = 10_000
PERIOD_MS_MAX = 366 * DAY_MS
RECOUNT_MS = 7 * DAY_MS
SNAPSHOTS_OF_A_RULE = 32
WEIGHTS = {
    "holders": {"units"},
    "members": {"member"},
    "member_holders": {"units", "member", "root"},
    "backers": {"units"},
}
"""By what each electorate may count."""


def constitution_hash(constitution: Value) -> bytes:
    """What a proposal remembers of the constitution that it was made under."""
    return sha256(CONSTITUTION.write(constitution)).digest()


def rule_hash(rule: Value) -> bytes:
    """By what a resolution names a rule."""
    return sha256(RULE.write(rule)).digest()


def load_constitution(state: State, account: bytes) -> Any:
    """The constitution of an account, or None."""
    record = state.value(CONSTITUTION_RECORD, "constitutions", account)
    return None if record is None else record.constitution


def resolution_id(account: bytes, rule: bytes, subject: bytes) -> bytes:
    """The record id of what an account resolved on a subject by a rule."""
    return record_id("resolution", account, rule, subject)


def load_resolution(state: State, account: bytes, rule: bytes, subject: bytes) -> Any:
    """What was resolved, or None."""
    return state.value(RESOLUTION_RECORD, "resolutions", resolution_id(account, rule, subject))


# Articles.


def article_of(constitution: Value, tag: int) -> Any:
    """The article that lists an operation, or None."""
    return next((article for article in constitution.articles if tag in article.operations), None)


def keys_verdict(constitution: Value | None, tag: int) -> str | None:
    """The status by which a constitution keeps an account's keys from an operation, or None where it does not."""
    article = None if constitution is None else article_of(constitution, tag)
    if article is None or article.keys:
        return None
    return "needs_proposal" if article.rules else "constitution_forbids"


def check_keys(constitution: Value | None, tag: int) -> None:
    """Refuse what the constitution keeps from the account's keys."""
    verdict = keys_verdict(constitution, tag)
    refuse_if(verdict is not None, verdict or "")


def check_by_rule(constitution: Value, rule: int, tag: int) -> None:
    """Refuse what a proposal under this rule may not do."""
    article = article_of(constitution, tag)
    refuse_if(article is None, "wrong_rule")
    assert article is not None
    refuse_if(not article.keys and not article.rules, "constitution_forbids")
    refuse_if(rule not in article.rules, "wrong_rule")


@dataclass(frozen=True)
class Executing:
    """The proposal that is being executed: whose, under which constitution, by which of its rules."""

    account: bytes
    constitution: Any
    rule: int


# Fields.


def asset_of(electorate: Value) -> bytes | None:
    """The asset of which a snapshot says who votes."""
    return electorate.asset if electorate.kind in ("holders", "member_holders") else None


def requires_member(electorate: Value) -> bool:
    """Whether who votes is attested."""
    return electorate.kind in ("members", "member_holders")


def snapshot_length(rule: Value) -> int:
    """For how long a snapshot is needed that is opened with a proposal."""
    return int(rule.delay_ms + rule.voting_ms + rule.extension_ms + rule.reveal_ms + RECOUNT_MS)


def rule_valid(rule: Value) -> bool:
    """The bounds of operations.md on a rule by itself."""
    periods = [getattr(rule, f"{name}_ms") for name in ("delay", "voting", "extension", "reveal", "timelock")]
    periods += [rule.execution_ms, rule.snapshot_ms]
    valid = rule.weight in WEIGHTS[rule.electorate.kind]
    valid = valid and rule.quorum_bps <= BPS and rule.support_bps <= BPS and rule.threshold_bps < BPS
    valid = valid and max(periods) <= PERIOD_MS_MAX and 0 not in (rule.voting_ms, rule.execution_ms)
    valid = valid and not (rule.reveal_ms and rule.extension_ms)
    valid = valid and (rule.form.kind != "ranked" or 1 <= rule.form.ranks_max <= RANKS_MAX)
    valid = valid and not (rule.weight == "root" and rule.support_bps)
    valid = valid and (rule.deposit is None or 1 <= rule.deposit.amount <= AMOUNT_MAX)
    if asset_of(rule.electorate) is None:
        return bool(valid and rule.snapshot_ms == 0)
    return bool(valid and (SNAPSHOTS_OF_A_RULE - 1) * rule.snapshot_ms >= snapshot_length(rule))


def articles_valid(constitution: Value) -> bool:
    """The bounds of operations.md on the articles."""
    articles = constitution.articles
    listed = [tag for article in articles for tag in article.operations]
    valid = len(articles) <= ARTICLES_MAX and len(set(listed)) == len(listed)
    for article in articles:
        valid = valid and bool(article.operations) and ascending(article.operations) and ascending(article.rules)
        valid = valid and all(index < len(constitution.rules) for index in article.rules)
    return valid and set(listed) <= set(OPERATIONS) and keys_verdict(constitution, SET_CONSTITUTION) is not None


def check_constitution(constitution: Value) -> None:
    """The rules on a constitution by itself."""
    valid = len(constitution.rules) <= RULES_MAX and all(map(rule_valid, constitution.rules))
    refuse_if(not valid, "invalid_rule")
    refuse_if(not articles_valid(constitution), "invalid_article")
