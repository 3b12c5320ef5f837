"""Who is meant: an account, a key, or a customer's id that a store of members knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.keys import Key, Signer

if TYPE_CHECKING:
    from counterfoil.members import Members

Account = bytes | str
"""Whose account: an account id of 32 bytes, or a customer's id in the store of members."""

Who = Key | Signer | str
"""Who signs: a key, a key on an account, or a customer's id, for whom the service signs with the managed key."""


def account_of(member: Account, members: Members | None) -> bytes:
    """The account that is meant.

    Args:
        member: An account id of 32 bytes, or a customer's id.
        members: The store that knows customers.

    Raises:
        TypeError: Neither; or a customer's id where there is no store.
        UnknownMemberError: The store does not know the customer.

    >>> account_of(bytes(32), None) == bytes(32)
    True
    >>> account_of("customer-17", None)
    Traceback (most recent call last):
        ...
    TypeError: member: expected an account id (bytes), or a store (members=) for customers' ids, found str and no store
    """
    if isinstance(member, str):
        return _store(members, "an account id (bytes)").get(member).account
    if not isinstance(member, bytes):
        message = f"member: expected an account id (bytes) or a customer's id (str), found {type(member).__name__}"
        raise TypeError(message)
    return member


def signer_of(member: Who, members: Members | None) -> Key | Signer:
    """What signs for the member.

    Args:
        member: A key, a key on an account, or a customer's id.
        members: The store that knows customers.

    Raises:
        TypeError: None of these, an account id say, which signs nothing; or a customer's id where there is no store.
        UnknownMemberError: The store does not know the customer.
        SelfCustodyError: The customer has taken the account over, and signs alone.
    """
    if isinstance(member, str):
        return _store(members, "a Key").key(member)
    if not isinstance(member, (Key, Signer)):
        message = f"member: expected a Key, a key on an account or a customer's id, found {type(member).__name__}"
        raise TypeError(message)
    return member


def _store(members: Members | None, otherwise: str) -> Members:
    if members is None:
        # Who the customer is does not belong into a message.
        message = f"member: expected {otherwise}, or a store (members=) for customers' ids, found str and no store"
        raise TypeError(message)
    return members
