"""What members predicted, how good that was, and the same once more from the log alone.

A prediction is an attestation of the forecast by the member, u16 big endian for each option, in basis points. What
counts is the one that stood when the forecast closed. Scores are posted as one hash, which anybody computes again.

A bundle is `counterfoil/forecast/v1`, a newline, and then, each after its length (u32, little endian), the statement of
the pot's resolution (empty where an oracle attests), the checkpoint, and every entry of its log from the genesis on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, get_args

from counterfoil._bundle import Bundle, join
from counterfoil._log import standing
from counterfoil._log_bundle import check_log, log_operations, log_parts, log_time
from counterfoil.exceptions import LedgerError, ProofError
from counterfoil.governance._forecast_terms import ForecastTerms
from counterfoil.governance.scores import LN_UNIT, Prediction, brier, in_parts, log_score, peer_scores
from counterfoil.leaves import scores_root
from counterfoil.verify import CODEC, Bytes, Verifier, group_id, resolution_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterfoil._log import Applied
    from counterfoil.ledger import Ledger

ScoringRule = Literal["brier", "log", "peer"]
"""How predictions are scored: see `counterfoil.governance.scores`."""

_HEADER = b"counterfoil/forecast/v1\n"
_WHAT = "forecast bundle"
_BPS = 10_000
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class ForecastScores:
    """How good the predictions of a forecast were.

    Attributes:
        values: The score of each member, in parts of 10^6: of "brier" less is better, of "log" and "peer" more is.
        root: The root hash of these: `counterfoil.leaves.scores_root(values)`.
        rule: By which rule.
        winner: The option that came about, from 0.
        forecast: The forecast's id, 32 bytes.
    """

    values: Mapping[bytes, int]
    root: bytes
    rule: ScoringRule
    winner: int
    forecast: bytes

    @property
    def posting(self) -> bytes:
        """The nonce under which the root is posted."""
        return hashlib.sha256(b"counterfoil/forecast-scores/v1\n" + self.rule.encode()).digest()


def standing_predictions(applied: Iterable[Applied], terms: ForecastTerms) -> dict[bytes, Prediction]:
    """The prediction of each member that stood when a forecast closed, ascending by account.

    One that is not one for its options (their number, or 10,000 basis points together) counts as none, and so does one
    that had expired.

    Args:
        applied: The operations of the log, in order; those that do not concern the forecast are passed over.
        terms: The forecast's.
    """
    found = standing(applied, terms.prediction_schema, at=terms.closes, before=terms.closes)
    said = {
        member: _decoded(each.content.value, len(terms.groups))
        for (member, subject, nonce), each in found.items()
        if (subject, nonce) == (terms.id, bytes(32)) and isinstance(each.content, Bytes)
    }
    return {member: prediction for member, prediction in sorted(said.items()) if prediction is not None}


def score_predictions(
    predictions: Mapping[bytes, Prediction], *, winner: int, rule: ScoringRule, forecast: bytes
) -> ForecastScores:
    """The scores of predictions.

    Args:
        predictions: The prediction of each member.
        winner: The option that came about, from 0.
        rule: "brier", "log" or "peer".
        forecast: The forecast's id, 32 bytes.

    Raises:
        ValueError: Another rule, or no predictions.
    """
    if rule not in get_args(ScoringRule):
        message = f"rule: expected one of {', '.join(get_args(ScoringRule))}, found {rule!r:.40}"
        raise ValueError(message)
    if not predictions:
        message = "predictions: expected one or more that stood when the forecast closed, found none"
        raise ValueError(message)
    if rule == "peer":
        values = peer_scores(predictions, winner)
    elif rule == "brier":
        values = {member: in_parts(brier(each, winner)) for member, each in predictions.items()}
    else:
        logs = {member: Fraction(log_score(each, winner), LN_UNIT) for member, each in predictions.items()}
        values = {member: in_parts(each) for member, each in logs.items()}
    return ForecastScores(values, scores_root(values), rule, winner, forecast)


def encode_prediction(parts: Sequence[int]) -> bytes:
    """The bytes of a prediction, in basis points.

    Args:
        parts: Of each option, adding up to 100 (percent) or to 10,000 (basis points).

    Raises:
        TypeError: Parts that are no ints.
        ValueError: A part below 0, or another sum.

    >>> encode_prediction([70, 30]).hex(), encode_prediction([7_000, 3_000]).hex()
    ('1b580bb8', '1b580bb8')
    """
    made = Prediction(tuple(parts))
    whole = sum(made.parts)
    if whole not in (100, _BPS):
        message = f"prediction: expected parts that add up to 100 or 10,000, found {whole:,}"
        raise ValueError(message)
    return b"".join((part * _BPS // whole).to_bytes(2, "big") for part in made.parts)


def forecast_bundle(ledger: Ledger, identifier: bytes, *, time: int | None = None) -> bytes:
    """The whole log with a checkpoint that is made for it, and how a vote resolved it: what `recompute_scores` takes.

    Args:
        ledger: The ledger.
        identifier: The forecast's id, 32 bytes.
        time: The checkpoint's time, ms; now if None.

    Raises:
        LookupError: There is no such forecast.
        ValueError: It is no forecast.
        LedgerError: Something was applied meanwhile, again and again.
    """
    group = ledger.hold_group(identifier)
    if group is None:
        message = f"forecast: expected one of this ledger, found {identifier.hex()}"
        raise LookupError(message)
    terms = ForecastTerms.read(identifier, group)
    for _ in range(_ATTEMPTS):
        note, *entries = log_parts(ledger, time=time)
        statement = b""
        if terms.rule is not None:
            place = resolution_id(terms.pot, terms.rule, terms.id)
            statement = bytes(ledger.prove("resolutions", place))
            claim = Verifier(ledger.verifier_key).record(statement, table="resolutions", record_id=place)
            if claim.tree_size != len(entries):
                continue
        return _HEADER + join(statement, note, *entries)
    message = f"{_WHAT}: expected a moment without new entries, found none in {_ATTEMPTS} attempts: use a backup"
    raise LedgerError(message)


def recompute_scores(
    bundle: bytes, vkey: str, *, identifier: bytes, rule: ScoringRule, ledger: bytes | None = None
) -> ForecastScores:
    """Check that a bundle is the log that its checkpoint signs, and compute the scores of a forecast from it.

    That each transaction was signed by its accounts is what the ledger checked; it is not checked again.

    Args:
        bundle: `forecast_bundle(ledger, identifier)`.
        vkey: The ledger's verifier key, from a source that is trusted.
        identifier: The forecast's id, 32 bytes.
        rule: "brier", "log" or "peer".
        ledger: The ledger that it must be of, 32 bytes.

    Raises:
        ProofError: The bundle is not that log, or the statement is not of its checkpoint.
        ValueError: The log has no such forecast, one without an outcome, or without predictions; or another rule.
    """
    statement, note, *entries = Bundle(bundle, _HEADER, _WHAT).parts("part", least=4)
    check_log(note, entries, vkey, ledger=ledger, what=_WHAT)
    applied = list(log_operations(entries, what=_WHAT))
    terms = _terms(applied, identifier)
    if terms.rule is None:
        winner = _attested_winner(applied, terms, log_time(entries))
    else:
        winner = _resolved_winner(statement, vkey, terms, entries, ledger)
    return score_predictions(standing_predictions(applied, terms), winner=winner, rule=rule, forecast=identifier)


def _decoded(value: bytes, options: int) -> Prediction | None:
    parts = tuple(int.from_bytes(value[place : place + 2], "big") for place in range(0, len(value), 2))
    return Prediction(parts) if len(value) == 2 * options and sum(parts) == _BPS else None


def _terms(applied: Iterable[Applied], identifier: bytes) -> ForecastTerms:
    for each in applied:
        if each.operation.wire_name == "open_group":
            salt: bytes = each.operation.salt
            if group_id(each.operation.owner, salt) == identifier:
                return ForecastTerms.read(identifier, each.operation)
    message = f"identifier: expected a forecast of this log, found {identifier.hex()}"
    raise ValueError(message)


def _attested_winner(applied: Iterable[Applied], terms: ForecastTerms, time: int) -> int:
    """The option whose group the oracle has attested, and no other."""
    won = [
        subject
        for issuer, subject, nonce in standing(applied, terms.schema or b"", at=time)
        if (issuer, nonce) == (terms.oracle, bytes(32)) and subject in terms.groups
    ]
    if len(won) != 1:
        message = f"forecast: expected one with one outcome, found {len(won)}"
        raise ValueError(message)
    return terms.groups.index(won[0])


def _resolved_winner(
    statement: bytes, vkey: str, terms: ForecastTerms, entries: Sequence[bytes], ledger: bytes | None
) -> int:
    """The option that the pot resolved, by a statement of the log's own checkpoint."""
    place = resolution_id(terms.pot, terms.rule or b"", terms.id)
    claim = Verifier(vkey, ledger=ledger).record(statement, table="resolutions", record_id=place)
    root = CODEC.decode("Commit", entries[-1][1:]).state_root
    if claim.state_root != root:
        message = f"{_WHAT}: expected a statement of the state {root.hex()}, found one of {claim.state_root.hex()}"
        raise ProofError(message, "wrong_root")
    if not claim.present:
        message = "forecast: expected one with one outcome, found 0"
        raise ValueError(message)
    option: int = claim.value.option
    if option >= len(terms.groups):
        message = f"forecast: expected an outcome below {len(terms.groups)}, found {option}"
        raise ValueError(message)
    return option
