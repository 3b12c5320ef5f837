"""What is handed out about two members, what was forged of it, and what another process says to both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterfoil.cli._errors import CommandError, Exit
from counterfoil.cli.demo import _offline
from counterfoil.cli.demo._programme import Programme
from counterfoil.verify import attestation_id

_CHECKED = (
    "member.statement",
    "tier.statement",
    "purchase.receipt",
    "forged.statement",
    "forged.tier.statement",
    "forged.receipt",
)


@dataclass(frozen=True)
class Tier:
    """A member's tier on the last day of the purchases.

    Attributes:
        customer: The customer's number.
        account: The account, 32 bytes.
        level: 0 is none, 1 silver, 2 gold.
        expires: Until when, ms; None where there is none.
        forged_byte: Which byte was changed in the forgery; None where there is nothing to forge.
    """

    customer: int
    account: bytes
    level: int
    expires: int | None
    forged_byte: int | None


@dataclass(frozen=True)
class Proofs:
    """The proofs, and what they prove by the ledger.

    Attributes:
        account: The member whose balance is proven, 32 bytes.
        customer: The customer's number.
        amount: Its points.
        lots: From how many months they are.
        statement_byte: Which byte was changed in the forged statement.
        receipt_byte: Which byte was changed in the forged receipt.
        tier: The member whose tier is proven.
        checked: What the other process said.
    """

    account: bytes
    customer: int
    amount: int
    lots: int
    statement_byte: int
    receipt_byte: int
    tier: Tier
    checked: dict[str, Any]


def prove_tier(programme: Programme, out: Path) -> Tier:
    """The tier of the member who spent most, as of a checkpoint on the last day of the purchases.

    Where nobody has a tier, that the first customer has none is proven as well.
    """
    shop, tiers = programme.shop, programme.tiers
    shop.ledger.checkpoint()
    customer = max(tiers.levels, key=lambda one: (tiers.spent[one], -one), default=next(iter(shop.members)))
    account, level = shop.member(customer).account, tiers.levels.get(customer, 0)
    identifier = attestation_id(tiers.schema, shop.brand, account)
    statement = bytes(shop.ledger.prove("attestations", identifier, key=tiers.schema))
    (out / "tier.statement").write_bytes(statement)
    if not level:
        return Tier(customer, account, 0, None, None)
    forged, place = _offline.swap_tier(statement, shop.brand, account)
    (out / "forged.tier.statement").write_bytes(forged)
    record = shop.ledger.attestation(tiers.schema, shop.brand, account)
    return Tier(customer, account, level, None if record is None else record.expires, place)


def prove(programme: Programme, tier: Tier, note: str, out: Path) -> Proofs:
    """A balance and a purchase, as of this checkpoint; then have everything checked by the other process.

    Raises:
        CommandError: It says something else than the ledger, or takes a forgery.
    """
    shop = programme.shop
    ledger, asset = shop.ledger, shop.points
    by_account = {key.account: customer for customer, key in shop.members.items()}
    holders = [
        (len(holding.lots), holding.amount, -by_account[account], account)
        for account, holding in ledger.holders(asset)
        if account in by_account
    ]
    # The member with the longest story; where everything lapsed, one who holds nothing, which is proven as well.
    account = max(holders)[3] if holders else next(iter(programme.till.transaction_of))
    statement = bytes(ledger.prove_balance(asset, account))
    receipt = bytes(ledger.prove_transaction(programme.till.transaction_of[account]))
    forged, statement_byte = _offline.flip_amount(statement, asset, account)
    forged_receipt, receipt_byte = _offline.flip_entry(receipt)
    for name, content in (
        ("checkpoint.note", note.encode()),
        ("programme.vkey", f"{ledger.verifier_key}\n".encode()),
        ("member.statement", statement),
        ("purchase.receipt", receipt),
        ("forged.statement", forged),
        ("forged.receipt", forged_receipt),
    ):
        (out / name).write_bytes(content)
    _offline.install(out / "offline")
    paths = [out / name for name in _CHECKED if (out / name).exists()]
    checked = _offline.check(out / "offline", out / "programme.vkey", paths)
    holding = ledger.holding(asset, account)
    made = Proofs(
        account, by_account[account], holding.amount, len(holding.lots), statement_byte, receipt_byte, tier, checked
    )
    _expect(programme, made)
    return made


def _expect(programme: Programme, proofs: Proofs) -> None:
    """The other process must say what the ledger says, and refuse all forgeries, without the native module."""
    checked, tier = proofs.checked["proofs"], proofs.tier
    said = checked["tier.statement"]
    expectations: list[tuple[str, object, object]] = [
        (
            "member.statement",
            (True, str(proofs.amount)),
            (checked["member.statement"]["ok"], checked["member.statement"].get("amount")),
        ),
        ("purchase.receipt", True, checked["purchase.receipt"]["ok"]),
        (
            "tier.statement",
            (True, programme.tiers.schema.hex(), tier.level, tier.expires),
            (said["ok"], said.get("schema"), said.get("level"), said.get("expires_ms")),
        ),
        ("modules of counterfoil in the other process", [], proofs.checked["counterfoil_modules"]),
        ("whether it could import counterfoil", False, proofs.checked["counterfoil_can_be_imported"]),
    ]
    if tier.level:
        subject = (programme.shop.brand.hex(), tier.account.hex())
        expectations.append(("whose tier, and by whom", subject, (said["issuer"], said["subject"])))
    expectations += [(name, False, checked[name]["ok"]) for name in checked if name.startswith("forged.")]
    for what, expected, actual in expectations:
        if expected != actual:
            message = f"demo: {what}: expected {expected}, found {actual}"
            raise CommandError(message, Exit.REFUSED)
