"""Sign in with a key: a service issues a text, the member's key signs it, once, for this service alone.

`counterfoil.signin.web` has the routes and dependencies for Starlette and FastAPI; it needs the extra
`counterfoil[server]`.
"""

from __future__ import annotations

from counterfoil.signin.challenges import ChallengeFile, Challenges
from counterfoil.signin.message import Message, chain_id, date_time, sign_in
from counterfoil.signin.service import Challenge, Identity, SignIn

__all__ = [
    "REASONS",
    "Challenge",
    "ChallengeFile",
    "Challenges",
    "Identity",
    "Message",
    "SignIn",
    "chain_id",
    "date_time",
    "sign_in",
]

REASONS: tuple[str, ...] = (
    "malformed_request",  # what came over HTTP is not of the form
    "malformed_message",  # the text is not of the form, or a field of it
    "too_long",  # more characters than any sign-in has
    "wrong_domain",  # it is for another service
    "wrong_uri",  # about something else
    "wrong_ledger",  # of another ledger
    "wrong_nonce",  # with another nonce than expected
    "wrong_account",  # about another account than the signer's, or than the challenge's
    "expired",  # its time is over
    "not_yet_valid",  # its time has not begun
    "from_the_future",  # issued later than the service's clock allows
    "unknown_challenge",  # not issued here, used before, or changed
    "proof_missing",  # a service without a ledger was given no proof of the account's keys
    "unknown_key",  # signed by a key that the account does not have, or that may not set its keys
    "threshold_not_met",  # too few of the account's keys signed
    "bad_signature",  # a signature that does not hold
    "programme_account",  # nobody signs for it
    "account_aliased",  # the account that it is an alias of signs in
    "keys_changed",  # since the account signed in
)
"""Every value of `SignInError.reason`. Codes are added, never renamed."""
