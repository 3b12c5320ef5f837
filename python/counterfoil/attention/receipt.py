"""Receipts: what viewer and creator sign, away from the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterfoil.exceptions import WireError
from counterfoil.keys import key_of
from counterfoil.ops import SignedSlip, sign_slip
from counterfoil.verify import CODEC

if TYPE_CHECKING:
    from counterfoil.keys import Key, Signer

_HEADER = b"counterfoil/ad-receipt/v1\n"
_BYTES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class AdReceipt:
    """That a viewer gave attention: a slip of a campaign, and the signatures on it. Hand it around as bytes.

    Attributes:
        ledger: The ledger's id, 32 bytes.
        campaign: The campaign's id, 32 bytes.
        signed: The slip, whose parties are the viewer and the creator, and the signatures.
    """

    ledger: bytes
    campaign: bytes
    signed: SignedSlip

    def sign(self, signer: Key | Signer) -> AdReceipt:
        """The receipt with one more signature, as the viewer, as the creator, or as both where they are one.

        Args:
            signer: A key whose account is the viewer or creator, or a key on such an account.

        Raises:
            ValueError: The signer is neither.
        """
        slip = self.signed.slip
        roles = [role for role, account in enumerate(slip.parties) if account == signer.account]
        if not roles:
            message = f"signer: expected the viewer or the creator, found {signer.account.hex()}"
            raise ValueError(message)
        key = key_of(signer)
        made = [sign_slip(slip, key, role=role, ledger=self.ledger, campaign=self.campaign) for role in roles]
        return replace(self, signed=SignedSlip(slip, [*self.signed.signatures, *made]))

    def __bytes__(self) -> bytes:
        """A line that says what it is, the ids of ledger and campaign, and Borsh(SignedSlip)."""
        return _HEADER + self.ledger + self.campaign + bytes(self.signed)

    @classmethod
    def from_bytes(cls, data: bytes) -> AdReceipt:
        """Read a receipt, strictly. Whether its signatures hold is for the ledger to say.

        Raises:
            WireError: Not exactly one receipt.
        """
        start = len(_HEADER)
        if len(data) > _BYTES_MAX or data[:start] != _HEADER or len(data) < start + 64:
            message = f"receipt: expected {_HEADER!r} and at most {_BYTES_MAX:,} bytes, found something else"
            raise WireError(message)
        signed: SignedSlip = CODEC.decode("SignedSlip", data[start + 64 :])
        return cls(data[start : start + 32], data[start + 32 : start + 64], signed)
