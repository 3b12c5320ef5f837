"""The verifier in Python and the native one, held to the same answers."""

from __future__ import annotations

from typing import Any

from counterfoil import NativeVerifier, _core
from counterfoil.exceptions import ProofError
from counterfoil.verify import Checkpoint, Equivocation, MapResult, ReceiptClaim, Verifier, split_equivocation
from counterfoil.verify import verify_map_proof as verify_map_proof_in_python


class Both:
    """Asks both verifiers: what they claim must be equal, and what they refuse, refused for one reason.

    The native one is asked where it knows an earlier commit, and where it knows none; about balances, in a batch too.
    """

    def __init__(self, vkey: str, **options: Any) -> None:
        self.pure = Verifier(vkey, **options)
        self.native = NativeVerifier(vkey, **options)
        self.new = lambda: NativeVerifier(vkey, **options)

    def balance(self, data: object, **named: Any) -> Any:
        claim, error = answer(self.pure.balance, data, **named)
        expected = [named.pop("account")] if named.get("account") is not None else None
        named.pop("account", None)
        in_batch = answer(self.native.balances, [data, data], **named, accounts=expected and expected * 2)
        agree((claim and [claim, claim], error), in_batch, data)
        if expected is not None:
            named["account"] = expected[0]
        return self._ask("balance", data, **named)

    def record(self, data: object, **named: Any) -> Any:
        return self._ask("record", data, **named)

    def receipt(self, data: bytes) -> ReceiptClaim:
        return self.pure.receipt(data)

    def checkpoint(self, note: bytes | str) -> Checkpoint:
        return self.pure.checkpoint(note)

    def consistency(self, old_note: bytes, new_note: bytes, proof: list[bytes]) -> Checkpoint:
        return self.pure.consistency(old_note, new_note, proof)

    def equivocation(self, data: bytes) -> Equivocation:
        return equivocation(self.pure, data)

    def _ask(self, method: str, data: object, **named: Any) -> Any:
        found = answer(getattr(self.pure, method), data, **named)
        for native in (self.native, self.new()):
            agree(found, answer(getattr(native, method), data, **named), data)
        claim, error = found
        if error is not None:
            raise error
        return claim


def equivocation(verifier: Verifier, data: bytes) -> Equivocation:
    """Checks evidence as it stands in a file, which is how the clients in other languages take it."""
    return verifier.equivocation(*split_equivocation(data))


def answer(call: Any, *arguments: object, **named: object) -> tuple[Any, Exception | None]:
    """What a call returned, or what it raised."""
    try:
        return call(*arguments, **named), None
    except (ProofError, TypeError) as error:
        return None, error


def agree(pure: tuple[Any, Exception | None], native: tuple[Any, Exception | None], data: object) -> None:
    """Both answers are the same: the claim, or the kind of refusal."""
    (claim, error), (native_claim, native_error) = pure, native
    assert type(error) is type(native_error), f"{error!r} in Python, natively {native_error!r}, for {data!r}"
    assert claim == native_claim
    if isinstance(error, ProofError) and isinstance(native_error, ProofError):
        assert error.reason == native_error.reason, f"{error} in Python, natively {native_error}"
        text = str(native_error)
        assert "expected" in text
        assert "found" in text
        assert len(text) < 1_000


def verify_map_proof(root: bytes, key: bytes, proof: bytes) -> MapResult:
    """`counterfoil.verify.verify_map_proof`, and the native one, in agreement."""
    found = answer(verify_map_proof_in_python, root, key, proof)
    total_sum_value, native_error = answer(_core.verify_map_proof, root, key, proof)
    agree(found, (total_sum_value and MapResult(*total_sum_value), native_error), proof)
    claim, error = found
    if error is not None:
        raise error
    return claim
