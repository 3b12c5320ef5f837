"""Keys are replaced, the account stays: a member's lost phone, and the operator's own key.

Run it: python examples/rotate.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from counterfoil import Key, Ledger, RejectedError
from counterfoil.ops import KeyGrant, SetKeys
from counterfoil.verify import ProofError, Verifier


def main() -> None:
    """Rotate a member's keys, then the operator's."""
    operator, roaster, phone, paper, new_phone, bob = (Key.generate() for _ in range(6))
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.create(Path(folder, "club.ledger"), origin="club.example/beans", operator=operator) as ledger,
    ):
        bean = ledger.create_asset(roaster, "BEAN")
        ann = phone.account
        ledger.mint(roaster, bean, to=ann, amount=500)

        # In good time: besides the phone's key, one on paper. From now on the account names the key that signs.
        keys = [KeyGrant(phone.public), KeyGrant(paper.public)]
        ledger.execute([SetKeys(account=ann, keys=keys)], phone)
        ledger.transfer(phone.on(ann), bean, to=bob.account, amount=100)

        # The phone is lost. The paper key sets a new list, without it.
        keys = [KeyGrant(new_phone.public), KeyGrant(paper.public)]
        ledger.execute([SetKeys(account=ann, keys=keys)], paper.on(ann))
        try:
            ledger.transfer(phone.on(ann), bean, to=bob.account, amount=400)
        except RejectedError as error:
            print("the lost phone:", error.status.name)
        ledger.transfer(new_phone.on(ann), bean, to=bob.account, amount=50)
        print("ann, under the same id, has", ledger.balance(bean, ann))

        # The operator's key signs checkpoints only. The old one signs for the new one, in the log.
        old_vkey = ledger.verifier_key
        new_operator = Key.generate()
        ledger.rotate_operator(new_operator)
        note = ledger.checkpoint()
        try:
            Verifier(old_vkey).checkpoint(note)
        except ProofError as error:
            print("the old verifier key:", error.reason)
        print("the new verifier key: tree of", Verifier(ledger.verifier_key).checkpoint(note).tree_size, "entries")


if __name__ == "__main__":
    main()
