"""EigenTrust scores over ratings, posted as one hash, and computed again by anybody from the log alone.

Kamvar, Schlosser and Garcia-Molina, "The EigenTrust Algorithm for Reputation Management in P2P Networks", 2003:

    s_ij = the sum of what i says of j
    c_ij = max(s_ij, 0) / the sum over j of max(s_ij, 0); p_j where i says nothing good of anybody
    t⁰   = p: the seeds in equal parts
    tⁿ⁺¹ = (1 - a) Cᵀ tⁿ + a p

with a = 0.15, which the paper leaves open. Everybody has to get the same scores to the last unit, so they are computed
in integers, parts of 10^18 of all trust, in 256 rounds:

1. An account i that rates somebody well passes on f_i = ⌊85 t_i / 100⌋: to each such j ⌊f_i s_ij / the sum of its s_ij
   above 0⌋.
2. All else goes to the seeds in equal parts, and of what cannot be divided a unit to each of the first, ascending by
   id: 15% of the trust, that of accounts which rate nobody well, and what was rounded down.

So no round loses any, the order of the sums does not matter, and 0.85^256 is less than a part of 10^18.

A bundle is `counterfoil/ratings/v1`, a newline, the checkpoint and then every entry of its log from the genesis on,
each after its length (u32, little endian).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil._bundle import Bundle, join
from counterfoil._log import standing
from counterfoil._log_bundle import check_log, log_operations, log_parts, log_time
from counterfoil.desk import Desk, Done
from counterfoil.leaves import scores_root
from counterfoil.ops import Attest, Commitment
from counterfoil.verify import Integer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger

_HEADER = b"counterfoil/ratings/v1\n"
_WHAT = "ratings bundle"
_UNIT = 10**18
_ROUNDS = 256
_PASSED_ON_PERCENT = 85


@dataclass(frozen=True, slots=True)
class Scores:
    """What the ratings of a log say of the accounts.

    Attributes:
        values: The score of each account, in parts of 10^18 of all trust: 10^18 together.
        root: The root hash of the RFC 6962 tree over `account ‖ score` (u64, big endian), ascending by account.
        schema: The ratings' schema, 32 bytes.
        seeds: The accounts that are trusted to begin with, ascending.
        tree_size: Of which log.
        time: At which time, ms: that of the log's last commit.
    """

    values: Mapping[bytes, int]
    root: bytes
    schema: bytes
    seeds: tuple[bytes, ...]
    tree_size: int
    time: int


def export_bundle(ledger: Ledger, *, time: int | None = None) -> bytes:
    """The whole log with a checkpoint that is made for it: what `recompute` takes.

    Args:
        ledger: The ledger.
        time: The checkpoint's time, ms; now if None.
    """
    return _HEADER + join(*log_parts(ledger, time=time))


def recompute(
    bundle: bytes, vkey: str, *, schema: bytes, seeds: Collection[bytes], ledger: bytes | None = None
) -> Scores:
    """Check that a bundle is the log that its checkpoint signs, and compute the scores from it.

    Ratings that were revoked or have expired by the time of the last commit do not count. Where those of one account by
    another come to less than 0, they count as none. That each transaction was signed by its accounts is what the ledger
    checked; it is not checked again.

    Args:
        bundle: `export_bundle(ledger)`.
        vkey: The ledger's verifier key, from a source that is trusted.
        schema: The ratings' schema, 32 bytes.
        seeds: The accounts that are trusted to begin with, one or more.
        ledger: The ledger that it must be of, 32 bytes.

    Raises:
        ProofError: The bundle is not that log.
        ValueError: No seeds, or one that is not 32 bytes.
    """
    trusted = _sorted_seeds(seeds)
    entries = _open(bundle, vkey, ledger)
    time = log_time(entries)
    values = _eigentrust(_ratings(entries, schema, time), trusted)
    return Scores(values, scores_root(values), schema, trusted, len(entries), time)


def post_scores(
    ledger: Ledger,
    *market: Key | Signer,
    scores: Scores,
    by: bytes,
    key: str | None = None,
    dry_run: bool = False,
    time: int | None = None,
) -> Done:
    """Say which scores a market stands by: `attest` of their root as a commitment, of the market by itself.

    Args:
        ledger: The ledger.
        market: The keys that sign for the market.
        scores: The scores.
        by: A schema of commitments, 32 bytes.
        key: Makes it happen once.
        dry_run: Only try it.
        time: When, ms; now if None.

    Raises:
        RejectedError: attestation_exists (posted before), wrong_content (no schema of commitments), …
    """
    desk = Desk(ledger, *market)
    operation = Attest(
        schema=by, issuer=desk.account, subject=desk.account, nonce=_posting(scores), content=Commitment(scores.root)
    )
    return desk.do([operation], key=key, dry_run=dry_run, time=time)


def posted_root(ledger: Ledger, market: bytes, *, scores: Scores, by: bytes) -> bytes | None:
    """The root that a market posted for the same log, schema and seeds; None where it posted none that holds."""
    record = ledger.attestation(by, market, market, _posting(scores))
    if record is None or not record.is_live(ledger.time) or not isinstance(record.content, Commitment):
        return None
    return record.content.hash


def _posting(scores: Scores) -> bytes:
    """What tells postings apart: of which log, ratings and seeds they are."""
    parts = [scores.schema, scores.tree_size.to_bytes(8, "big"), *scores.seeds]
    return hashlib.sha256(b"counterfoil/scores/v1\n" + b"".join(parts)).digest()


def _sorted_seeds(seeds: Collection[object]) -> tuple[bytes, ...]:
    found = {seed for seed in seeds if isinstance(seed, bytes) and len(seed) == 32}
    if not found or len(found) != len(set(seeds)):
        message = f"seeds: expected one account id of 32 bytes or more, found {list(seeds)!r:.80}"
        raise ValueError(message)
    return tuple(sorted(found))


def _open(bundle: bytes, vkey: str, ledger: bytes | None) -> list[bytes]:
    """The entries of a bundle, which are the log of its checkpoint."""
    # A checkpoint, a genesis and a commit at least.
    note, *entries = Bundle(bundle, _HEADER, _WHAT).parts("part", least=3)
    check_log(note, entries, vkey, ledger=ledger, what=_WHAT)
    return entries


def _ratings(entries: Iterable[bytes], schema: bytes, time: int) -> dict[tuple[bytes, bytes], int]:
    """The sum of the ratings that hold, by who rates whom."""
    sums: dict[tuple[bytes, bytes], int] = {}
    for (issuer, subject, _), said in standing(log_operations(entries, what=_WHAT), schema, at=time).items():
        # Nobody's word counts for himself.
        if issuer != subject and isinstance(said.content, Integer):
            sums[issuer, subject] = sums.get((issuer, subject), 0) + said.content.value
    return sums


def _eigentrust(ratings: Mapping[tuple[bytes, bytes], int], seeds: Sequence[bytes]) -> dict[bytes, int]:
    """The scores by the rules above, given who says how much of whom and the seeds, ascending."""
    good = {pair: value for pair, value in ratings.items() if value > 0}
    accounts = sorted({account for pair in good for account in pair} | set(seeds))
    number = {account: place for place, account in enumerate(accounts)}
    given: dict[int, list[tuple[int, int]]] = {}
    for (issuer, subject), value in good.items():
        given.setdefault(number[issuer], []).append((number[subject], value))
    raters = [(rater, said, sum(value for _, value in said)) for rater, said in given.items()]
    trusted = [number[seed] for seed in seeds]
    trust = _shared(_UNIT, [0] * len(accounts), trusted)
    for _ in range(_ROUNDS):
        passed = [0] * len(accounts)
        for rater, said, total in raters:
            flow = trust[rater] * _PASSED_ON_PERCENT // 100
            if flow:
                for rated, value in said:
                    passed[rated] += flow * value // total
        trust = _shared(_UNIT - sum(passed), passed, trusted)
    return dict(zip(accounts, trust, strict=True))


def _shared(amount: int, trust: list[int], seeds: Sequence[int]) -> list[int]:
    """The trust with an amount more for the seeds, in equal parts; the first ones get what cannot be divided."""
    part, rest = divmod(amount, len(seeds))
    for position, seed in enumerate(seeds):
        trust[seed] += part + (position < rest)
    return trust
