"""Settings: integers that a community attests of itself."""

from __future__ import annotations

from counterfoil._checks import integer
from counterfoil.ops import Attest, Integer, IntegerRange, Schema, schema_id

SETTING_MAX = 2**53
"""The greatest value of a setting: every reader of JSON still has it exactly."""

PREFIX = "setting."
"""What the names of settings' schemas begin with."""


def setting_schema(account: bytes, name: str) -> Schema:
    """The operation that makes a setting."""
    return Schema(creator=account, name=PREFIX + name, content=IntegerRange(0, SETTING_MAX), issuers=[account])


def setting_id(account: bytes, name: str) -> bytes:
    """The id of a setting's schema.

    Raises:
        WireError: The name is no Unicode text.
    """
    return schema_id(account, PREFIX + name)


def setting_value(account: bytes, name: str, value: int) -> Attest:
    """The operation that gives a setting a value.

    Raises:
        TypeError: No int.
        ValueError: Not 0 to 2^53.
    """
    content = Integer(integer(value, name, least=0, most=SETTING_MAX))
    return Attest(schema=setting_id(account, name), issuer=account, subject=account, content=content)
