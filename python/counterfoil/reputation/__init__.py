"""Reputation: ratings, badges, disclosures of one attestation, and scores that anybody computes again."""

from __future__ import annotations

from counterfoil.reputation.attested import Badges, Ratings
from counterfoil.reputation.disclosure import Disclosed, commit, disclose, verify_disclosure
from counterfoil.reputation.scores import Scores, export_bundle, post_scores, posted_root, recompute

__all__ = [
    "Badges",
    "Disclosed",
    "Ratings",
    "Scores",
    "commit",
    "disclose",
    "export_bundle",
    "post_scores",
    "posted_root",
    "recompute",
    "verify_disclosure",
]
