"""Small gifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done, asset_record, minor_units
from counterfoil.ops import Pay, Payee, Transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.desk import Amount
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger


def tip(
    ledger: Ledger,
    giver: Key | Signer,
    to: bytes,
    amount: Amount,
    *,
    asset: bytes,
    reference: bytes | None = None,
    key: str | None = None,
    dry_run: bool = False,
    time: int | None = None,
) -> Done:
    """Give somebody a little: `transfer` with a reference.

    Args:
        ledger: The ledger.
        giver: Who gives, and signs.
        to: Who gets it, an account id of 32 bytes.
        amount: How much.
        asset: Of what, an asset id of 32 bytes.
        reference: What for: 32 bytes of yours, such as the salted hash of a post's address.
        key: Makes it happen once.
        dry_run: Only try it.
        time: When, ms; now if None.

    Raises:
        LookupError: There is no such asset.
        RejectedError: insufficient_funds, same_account, asset_bound, …

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> fan, maker = Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/tips", origin="tips.example", operator=fan) as ledger:
    ...         cent = ledger.create_asset(fan, "CENT", decimals=2)
    ...         _ = ledger.mint(fan, cent, to=fan.account, amount=100)
    ...         _ = tip(ledger, fan, maker.account, 5, asset=cent, key="post 7")
    ...         print(ledger.balance(cent, maker.account))
    5
    """
    units = minor_units(amount, asset_record(ledger, asset).decimals)
    gift = Transfer(asset=asset, sender=giver.account, to=to, amount=units, reference=reference)
    return Desk(ledger, giver).do([gift], key=key, dry_run=dry_run, time=time)


def tips(
    ledger: Ledger,
    giver: Key | Signer,
    gifts: Mapping[bytes, Amount],
    *,
    asset: bytes,
    reference: bytes | None = None,
    key: str | None = None,
    dry_run: bool = False,
    time: int | None = None,
) -> Done:
    """Give many people a little with one signature, all or none: `pay` with a reference.

    Args:
        ledger: The ledger.
        giver: Who gives, and signs.
        gifts: Who gets how much, by account id of 32 bytes: some 1,200 of them fit.
        asset: Of what, an asset id of 32 bytes.
        reference: What for: 32 bytes of yours, such as the salted hash of a playlist.
        key: Makes it happen once.
        dry_run: Only try it.
        time: When, ms; now if None.

    Raises:
        LookupError: There is no such asset.
        RejectedError: no_payee, insufficient_funds, same_account, asset_bound, too_large (too many gifts), …

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> fan, band, club = Key.generate(), Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/tips", origin="tips.example", operator=fan) as ledger:
    ...         cent = ledger.create_asset(fan, "CENT", decimals=2)
    ...         _ = ledger.mint(fan, cent, to=fan.account, amount=100)
    ...         _ = tips(ledger, fan, {band.account: 5, club.account: 2}, asset=cent, key="November")
    ...         print(ledger.balance(cent, band.account), ledger.balance(cent, club.account))
    5 2
    """
    decimals = asset_record(ledger, asset).decimals
    payees = [Payee(account, minor_units(amount, decimals)) for account, amount in gifts.items()]
    payment = Pay(asset=asset, sender=giver.account, payees=payees, reference=reference)
    return Desk(ledger, giver).do([payment], key=key, dry_run=dry_run, time=time)
