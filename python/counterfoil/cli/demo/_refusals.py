"""What must not work: each is tried by the same code that applies, but changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.cli._errors import CommandError, Exit
from counterfoil.cli.demo._shop import DAILY_CAP, DEBT_FLOOR
from counterfoil.cli.demo._work import DAY_MS, HOUR_MS
from counterfoil.keys import Key, Signer
from counterfoil.ops import (
    Change,
    Claim,
    ClawBack,
    KeyGrant,
    Mint,
    Operation,
    Reason,
    Refund,
    SetKeys,
    Transfer,
)
from counterfoil.wire import SignedTransaction

if TYPE_CHECKING:
    from counterfoil.cli.demo._programme import Programme


@dataclass(frozen=True)
class Refusal:
    """Something that must not work, and the status that it got."""

    attempt: str
    expected: str
    found: str


@dataclass(frozen=True)
class _Attempt:
    what: str
    expected: str
    operation: Operation
    signers: Sequence[Key | Signer]


def refusals(programme: Programme) -> list[Refusal]:
    """Try what must be refused, on the evening of the last day, and compare the statuses.

    What needs a referral or a redemption is tried where there is one.

    Raises:
        CommandError: Something was not refused, or for another reason.
    """
    shop = programme.shop
    time = shop.last_day * DAY_MS + 21 * HOUR_MS
    attempts = [*_of_keys(programme), *_of_points(programme), *_of_referrals(programme, time), *_of_orders(programme)]
    signed = [shop.work.sign([each.operation], each.signers, time) for each in attempts]
    mint = Mint(asset=shop.points, to=shop.auditor.account, amount=1)
    forged = SignedTransaction(shop.work.sign([mint], [shop.cashiers[0]], time).transaction, [bytes(64)])
    named = [(each.what, each.expected) for each in attempts]
    named.append(("somebody mints with a made-up signature", "bad_signature"))
    outcomes = shop.ledger.apply([*signed, forged], time=time, dry_run=True)
    found = [
        Refusal(what, expected, outcome.status.name) for (what, expected), outcome in zip(named, outcomes, strict=True)
    ]
    for refusal in found:
        if refusal.found != refusal.expected:
            message = f"demo: {refusal.attempt}: expected {refusal.expected}, found {refusal.found}"
            raise CommandError(message, Exit.REFUSED)
    return found


def _of_keys(programme: Programme) -> list[_Attempt]:
    shop = programme.shop
    cashier, account = shop.cashiers[0], next(iter(shop.members.values())).account
    return [
        _Attempt(
            "a cashier mints more than a day's cap",
            "mandate_spent",
            Mint(asset=shop.points, to=account, amount=DAILY_CAP + 1),
            [cashier],
        ),
        _Attempt(
            "a cashier gives itself all keys of the till",
            "wrong_scope",
            SetKeys(account=shop.till, keys=[KeyGrant(cashier.key.public)]),
            [cashier],
        ),
        _Attempt(
            "one owner alone lowers the supply cap",
            "threshold_not_met",
            Change(asset=shop.points, supply_cap=9_000_000),
            [shop.owners[0]],
        ),
        _Attempt(
            "the bookshop makes out an IOU to itself",
            "unauthorized",
            Mint(asset=programme.coalition.asset, to=shop.bookshop.account, amount=1),
            [shop.bookshop],
        ),
    ]


def _of_points(programme: Programme) -> list[_Attempt]:
    shop, member = programme.shop, next(iter(programme.shop.members.values()))
    balance, owing = shop.ledger.balance(shop.points, member.account), shop.ledger.debt(shop.points, member.account)
    return [
        _Attempt(
            "a member sells points to somebody",
            "asset_bound",
            Transfer(asset=shop.points, sender=member.account, to=shop.auditor.account, amount=1),
            [member],
        ),
        _Attempt(
            "the brand takes more than may be owed",
            "debt_floor_reached",
            ClawBack(
                asset=shop.points,
                sender=member.account,
                to=shop.brand,
                amount=balance + DEBT_FLOOR - owing + 1,
                reason=Reason(1),
            ),
            shop.two_owners,
        ),
    ]


def _of_referrals(programme: Programme, time: int) -> list[_Attempt]:
    shop, referrals = programme.shop, programme.referrals
    # Nobody can have brought the customer of the first purchase of all.
    first = next(iter(referrals.first.values()))
    attempts = [
        _Attempt(
            "a customer is said to have brought itself",
            "self_reference",
            referrals.edge(first.customer, first.customer),
            shop.two_owners,
        ),
        _Attempt(
            "a bonus for a customer whom nobody brought",
            "unknown_attestation",
            Claim(campaign=referrals.campaign, slips=[referrals.slip(first, first.customer, time)]),
            [shop.auditor],
        ),
    ]
    for customer, friend in referrals.brought.items():
        if friend in referrals.brought:
            continue
        purchase = referrals.first[customer]
        again = referrals.slip(purchase, friend, time)
        renumbered = referrals.slip(purchase, friend, time, nonce=(1).to_bytes(16, "big"))
        attempts += [
            _Attempt(
                "a customer is said to have brought its friend",
                "reference_cycle",
                referrals.edge(friend, customer),
                shop.two_owners,
            ),
            _Attempt(
                "the bonus for a referral a second time",
                "slip_claimed",
                Claim(campaign=referrals.campaign, slips=[again]),
                [shop.auditor],
            ),
            _Attempt(
                "the same with a new slip",
                "member_cap_spent",
                Claim(campaign=referrals.campaign, slips=[renumbered]),
                [shop.auditor],
            ),
        ]
        break
    return attempts


def _of_orders(programme: Programme) -> list[_Attempt]:
    shop, paid = programme.shop, programme.till.paid
    if not paid:
        return []
    redeem = next(iter(paid.values()))
    member = next(key for key in shop.members.values() if key.account == redeem.sender)
    asset, sender, order = redeem.asset, redeem.sender, redeem.order
    return [
        _Attempt("points are taken for the same order again", "already_redeemed", redeem, [member]),
        _Attempt(
            "a cashier refunds an order",
            "wrong_scope",
            Refund(asset=asset, sender=sender, order=order, amount=1),
            [shop.cashiers[0]],
        ),
        _Attempt(
            "more is refunded than was redeemed",
            "refund_exceeds",
            Refund(asset=asset, sender=sender, order=order, amount=redeem.amount + 1),
            [shop.manager],
        ),
    ]
