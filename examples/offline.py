"""Prove a balance and a purchase, and check both as a client does, which has the verifier key and nothing else.

Run it: python examples/offline.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from counterfoil import Key, Ledger, Transaction
from counterfoil.ops import Transfer
from counterfoil.verify import ProofError, Verifier


def serve(folder: Path) -> tuple[bytes, bytes, bytes]:
    """The service: it leaves three files, and tells Bob which asset and account are his."""
    operator, roaster, ann, bob = (Key.generate() for _ in range(4))
    with Ledger.create(folder / "club.ledger", origin="club.example/beans", operator=operator) as ledger:
        bean = ledger.create_asset(roaster, "BEAN")
        ledger.mint(roaster, bean, to=ann.account, amount=500)
        gift = Transfer(asset=bean, sender=ann.account, to=bob.account, amount=120)
        signed = Transaction(ledger.id, [gift]).sign(ann)
        ledger.apply([signed]).raise_for_status()
        ledger.checkpoint()
        ledger.prove_balance(bean, bob.account).save(folder / "bob.statement")
        ledger.prove_transaction(signed.id).save(folder / "gift.receipt")
        (folder / "club.vkey").write_text(ledger.verifier_key)
    return bean, bob.account, operator.account


def check(folder: Path, bean: bytes, bob: bytes, nobody: bytes) -> None:
    """The client. For this, `counterfoil/verify.py` may be copied into an app of its own."""
    verifier = Verifier((folder / "club.vkey").read_text())
    statement = (folder / "bob.statement").read_bytes()

    claim = verifier.balance(statement, asset=bean, account=bob, max_age_ms=600_000)
    print(f"proven: {claim.amount} of {claim.supply}")

    receipt = verifier.receipt((folder / "gift.receipt").read_bytes())
    print(f"proven: a {receipt.transaction.operations[0].wire_name} of {receipt.transaction.operations[0].amount}")

    for what, forged, account in (
        ("cut short", statement[:-1], bob),
        ("one bit flipped", statement[:150] + bytes([statement[150] ^ 1]) + statement[151:], bob),
        ("about somebody else", statement, nobody),
    ):
        print(f"{what}: {verdict(verifier, forged, bean, account)}")


def verdict(verifier: Verifier, statement: bytes, asset: bytes, account: bytes) -> str:
    """What the verifier says. It returns what was proven or raises: there is no boolean to forget."""
    try:
        return f"proven: {verifier.balance(statement, asset=asset, account=account).amount}"
    except ProofError as error:
        return f"refused: {error.reason}"


def main() -> None:
    """Be the service, then the client."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        check(folder, *serve(folder))


if __name__ == "__main__":
    main()
