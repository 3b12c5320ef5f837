"""A programme's terms in the hands of its customers: what they decide by vote, and what stays the brand's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.governance.presets import brand_club
from counterfoil.ops import Article, Constitution

if TYPE_CHECKING:
    from counterfoil.ops import Requirement

_TERMS = ("change", "open_campaign", "fund_campaign", "close_campaign")
"""What the points are, and what is given away by campaigns."""

_FOUNDATIONS = ("set_constitution", "renounce", "sunset")
"""What cannot be undone, and who decides."""


def terms_club(
    *, points: bytes | None = None, members: Requirement | None = None, guardian: bytes | None = None
) -> Constitution:
    """A constitution for a brand's own account: customers decide on the terms of its programme, and nobody else.

    By rule 0 (5 % take part, a majority; 5 days, then 2 days) they change the points' terms and supply cap, and open,
    fund and close campaigns. By rule 1 (20 %, two thirds; 14 days, then 7 days) they change this constitution, give up
    a power, or end the points. What a campaign gives may be minted by both. All else stays with the brand's keys: to
    earn, refund and take back, to attest, to freeze, to rotate keys.

    Whoever mints the points that votes are counted in, or says who is a member, has a say in every vote: the log shows
    it. So let the members be attested by somebody else where that matters.

    Args:
        points: By whose units customers vote, an asset id of 32 bytes: the programme's own, say.
        members: The attestation of those who have one vote each. One of the two is given.
        guardian: Who may veto, an account id of 32 bytes; it may be the brand's own.

    Raises:
        ValueError: Both points and members, or neither.

    >>> made = terms_club(points=b"p" * 32)
    >>> [(len(each.operations), each.keys, each.rules) for each in made.articles]
    [(4, False, (0,)), (3, False, (1,)), (1, True, (0,))]
    """
    rules = brand_club(points=points, members=members, guardian=guardian).rules
    articles = [
        Article(operations=_TERMS, rules=[0]),
        Article(operations=_FOUNDATIONS, rules=[1]),
        Article(operations=["mint"], keys=True, rules=[0]),
    ]
    return Constitution(rules, articles)
