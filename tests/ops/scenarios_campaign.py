"""Scenarios of family 5, campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model import build
from tests.model.attest import schema_id
from tests.model.build import cap, role
from tests.model.campaign import CLAIM, FUND_CAMPAIGN, OPEN_CAMPAIGN, campaign_id, pending_hold
from tests.model.hold import DEADLINE_MS_MAX, hold_id
from tests.model.ledger import transaction_id
from tests.model.state import AMOUNT_MAX
from tests.ops.play import DAY, HOUR, START, Play, Result, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.model.borsh import Value

ENDS = START + 300 * DAY
SALT = b"s" * 16
TRANSFER = 0x30
OTHER_KEY = [TRANSFER]
"""The scope of a key that may not sign slips."""


def _done(result: Result) -> None:
    assert result == ("ok", None), result


def _both() -> list[Value]:
    """The roles of a viewer and a creator: whom the slip names, and both sign."""
    return [role(7_000, signs=True), role(3_000, signs=True)]


def _one() -> list[Value]:
    """The only role, which gets all."""
    return [role(10_000, signs=True)]


class Fair:
    """A campaign of the key `shop`, which has 1,000 beans in it and 4,000 left."""

    def __init__(
        self,
        p: Play,
        *policy: Value,
        roles: Sequence[Value] | None = None,
        owner: str = "shop",
        amount: int = 1_000,
        **terms: object,
    ) -> None:
        self.p = p
        self.owner = owner
        self.asset = p.asset(*policy, **{owner: 5_000})
        self.id = campaign_id(p.id(owner), SALT)
        self.roles = _both() if roles is None else list(roles)
        self.nonce = 0
        fields = {"ends": ENDS, **terms}
        made = build.campaign_terms(self.roles, **fields)  # type: ignore[arg-type]
        p.ok(build.open_campaign(p.id(owner), SALT, self.asset, amount, made), by=owner)

    def slip(
        self,
        amount: int = 100,
        parties: str = "alice bob",
        signers: str | None = None,
        *,
        floor: int | None = None,
        nonce: int | None = None,
        valid_until: int = ENDS,
    ) -> Value:
        """A slip signed by these, each `role:key`; unless told otherwise each party signs for the role in its place."""
        self.nonce += 1
        names = parties.split()
        if signers is None:
            signers = " ".join(f"{place}:{name}" for place, name in enumerate(names) if self.roles[place].signs)
        parts = [each.split(":") for each in signers.split()]
        made = build.slip(
            (self.nonce if nonce is None else nonce).to_bytes(16, "big"),
            valid_until,
            amount,
            [self.p.id(name) for name in names],
            floor,
        )
        keys = [(int(place), self.p.world.key(name)) for place, name in parts]
        return build.sign_slip(self.p.world.ledger_id, self.id, made, keys)

    def claim(self, *slips: Value, by: str = "carol", **fields: object) -> Result:
        """Claim slips, or one of 100."""
        return self.p.send(build.claim(self.id, slips or [self.slip()]), by=by, **fields)

    def paid(self, amount: int = 100, parties: str = "alice bob", **fields: object) -> None:
        """Claim one slip, which must be paid."""
        _done(self.claim(self.slip(amount, parties, **fields)))  # type: ignore[arg-type]

    def fund(self, amount: int, by: str | None = None) -> Result:
        """Give it more."""
        by = by or self.owner
        return self.p.send(build.fund_campaign(self.id, self.asset, self.p.id(by), amount), by=by)

    def close(self, by: str | None = None) -> Result:
        """Close it."""
        return self.p.send(build.close_campaign(self.id), by=by or self.owner)

    def burn(self, name: str, amount: int) -> Result:
        """Destroy units of somebody's, who must have as many."""
        return self.p.send(build.burn(self.asset, self.p.id(name), amount), by=name)

    def has(self, name: str, amount: int) -> Result:
        """Whether somebody has just so many units: `insufficient_funds` for one more than there are."""
        if amount:
            _done(self.burn(name, amount))
        return self.burn(name, 1)

    def freeze(self, name: str) -> None:
        """Freeze an account."""
        self.p.ok(build.freeze(self.asset, self.p.id(name), frozen=True), by="brand")

    def pause(self) -> None:
        """Pause the asset."""
        self.p.ok(build.pause(self.asset, paused=True), by="brand")

    def at(self, time: int) -> None:
        """Let it become this time."""
        self.p.later(time - self.p.world.time)

    def pending(self, **fields: object) -> bytes:
        """Claim one slip of 100, and the id of the hold into which it is paid."""
        signed = self.slip(**fields)  # type: ignore[arg-type]
        unsigned = self.p.unsigned([build.claim(self.id, [signed])], ["carol"])
        hold = self.hold_of(signed, unsigned)
        _done(self.p.apply(build.sign(unsigned, [self.p.world.key("carol")])))
        return hold

    def hold_of(self, signed: Value, unsigned: Value) -> bytes:
        """The hold into which a slip is paid by a transaction, whose id is known before it is applied."""
        member = self.roles[0].account or signed.slip.parties[0]
        return pending_hold(self.id, member, signed.slip.nonce, transaction_id(unsigned))[0]


# Opening.


def _open(
    p: Play, roles: Sequence[Value] | None = None, *, amount: int = 1_000, by: str = "shop", **fields: object
) -> Result:
    terms = {"ends": ENDS, **fields}
    asset = terms.pop("asset", bytes(32))
    made = build.campaign_terms(_both() if roles is None else roles, **terms)  # type: ignore[arg-type]
    return p.send(build.open_campaign(p.id("shop"), SALT, asset, amount, made), by=by)  # type: ignore[arg-type]


def _asset(p: Play) -> bytes:
    return p.asset(shop=5_000)


@scenario("ok")
def a_campaign(p: Play) -> Result:
    return _open(p, asset=_asset(p))


@scenario("ok")
def the_largest_campaign(p: Play) -> Result:
    asset = p.asset(supply_cap=AMOUNT_MAX, shop=AMOUNT_MAX)
    roles = [role(0, p.id(f"partner{n}"), signs=True) for n in range(7)]
    most = cap(2**128 - 1, 2**32 - 1, 2**64 - 1)
    return _open(
        p,
        [*roles, role(10_000)],
        amount=AMOUNT_MAX,
        asset=asset,
        claim_max=AMOUNT_MAX,
        eligible=build.requirement(b"\xff" * 32, b"\xff" * 32),
        member_cap=most,
        total_cap=most,
        pending_ms=DEADLINE_MS_MAX,
        notice_ms=DEADLINE_MS_MAX,
        ends=START + DEADLINE_MS_MAX,
    )


@scenario("zero_amount", 0)
def a_campaign_of_nothing(p: Play) -> Result:
    return _open(p, amount=0, claim_max=AMOUNT_MAX + 1)


@scenario("amount_too_large", 0)
def a_campaign_of_too_much(p: Play) -> Result:
    return _open(p, amount=AMOUNT_MAX + 1, claim_max=0)


@scenario("zero_amount", 0)
def a_campaign_that_pays_nothing(p: Play) -> Result:
    return _open(p, [], claim_max=0)


@scenario("amount_too_large", 0)
def a_campaign_that_pays_too_much(p: Play) -> Result:
    return _open(p, [], claim_max=AMOUNT_MAX + 1)


@scenario("invalid_roles", 0)
def a_campaign_without_roles(p: Play) -> Result:
    return _open(p, [], member_cap=cap(0, 0, 0))


@scenario("invalid_roles", 0)
def a_campaign_of_nine_roles(p: Play) -> Result:
    return _open(p, [*[role(1_000, signs=True)] * 8, role(2_000)])


@scenario("invalid_roles", 0)
def a_campaign_that_nobody_signs(p: Play) -> Result:
    return _open(p, [role(7_000), role(3_000)])


@scenario("invalid_roles", 0)
def a_campaign_that_names_an_account_twice(p: Play) -> Result:
    return _open(p, [role(7_000, p.id("alice"), signs=True), role(0), role(3_000, p.id("alice"))])


@scenario("invalid_roles", 0)
def shares_of_a_campaign_that_leave_a_part(p: Play) -> Result:
    return _open(p, [role(7_000, signs=True), role(2_999)])


@scenario("invalid_roles", 0)
def shares_of_a_campaign_of_a_part_too_many(p: Play) -> Result:
    return _open(p, [role(7_000, signs=True), role(3_001)])


@scenario("invalid_roles", 0)
def shares_of_a_campaign_that_overflow(p: Play) -> Result:
    """65,536 + 10,000, which are 10,000 in 16 bits."""
    return _open(p, [role(65_535, signs=True), role(10_001)])


@scenario("invalid_cap", 0)
def a_member_cap_of_no_units(p: Play) -> Result:
    return _open(p, member_cap=cap(0, 1, 1), pending_ms=DEADLINE_MS_MAX + 1)


@scenario("invalid_cap", 0)
def a_member_cap_of_no_claims(p: Play) -> Result:
    return _open(p, member_cap=cap(1, 0, 1))


@scenario("invalid_cap", 0)
def a_member_cap_without_a_window(p: Play) -> Result:
    return _open(p, member_cap=cap(1, 1, 0))


@scenario("invalid_cap", 0)
def a_total_cap_of_no_units(p: Play) -> Result:
    return _open(p, total_cap=cap(0, 1, 1))


@scenario("invalid_cap", 0)
def a_total_cap_of_no_claims(p: Play) -> Result:
    return _open(p, member_cap=cap(1, 1, 1), total_cap=cap(1, 0, 1))


@scenario("invalid_cap", 0)
def a_total_cap_without_a_window(p: Play) -> Result:
    return _open(p, total_cap=cap(1, 1, 0))


@scenario("invalid_period", 0)
def pending_for_more_than_36_525_days(p: Play) -> Result:
    return _open(p, pending_ms=DEADLINE_MS_MAX + 1, ends=0)


@scenario("invalid_period", 0)
def notice_of_more_than_36_525_days(p: Play) -> Result:
    return _open(p, notice_ms=DEADLINE_MS_MAX + 1, ends=0)


@scenario("no_deadline", 0)
def a_campaign_without_an_end(p: Play) -> Result:
    return _open(p, ends=0)


@scenario("unknown_asset", 0)
def a_campaign_of_no_asset(p: Play) -> Result:
    return _open(p, by="carol", ends=START)


@scenario("unauthorized", 0)
def a_campaign_of_another(p: Play) -> Result:
    asset = _asset(p)
    p.ok(build.pause(asset, paused=True), by="brand")
    return _open(p, asset=asset, by="carol")


@scenario("wrong_scope", 0)
def a_campaign_without_the_scope(p: Play) -> Result:
    p.open("shop", build.grant(p.key("till"), [FUND_CAMPAIGN, CLAIM]), "office")
    return _open(p, asset=_asset(p), by="shop/till")


@scenario("ok")
def a_campaign_by_a_named_account(p: Play) -> Result:
    p.open("shop", build.grant(p.key("till"), [OPEN_CAMPAIGN]), "office")
    return _open(p, asset=_asset(p), by="shop/till")


@scenario("invalid_mandate", 0)
def a_mandate_to_open_campaigns(p: Play) -> Result:
    limit = build.limit([OPEN_CAMPAIGN], 100, DAY, ENDS)
    return p.send(build.mandate(p.id("shop"), p.id("agent"), _asset(p), limit), by="shop")


@scenario("asset_paused", 0)
def a_campaign_of_a_paused_asset(p: Play) -> Result:
    asset = _asset(p)
    p.ok(build.pause(asset, paused=True), by="brand")
    return _open(p, asset=asset, ends=START)


@scenario("deadline_passed", 0)
def a_campaign_that_ends_as_it_begins(p: Play) -> Result:
    return _open(p, asset=_asset(p), ends=START)


@scenario("ok")
def a_campaign_of_a_millisecond(p: Play) -> Result:
    return _open(p, asset=_asset(p), ends=START + 1)


@scenario("deadline_too_far", 0)
def a_campaign_that_ends_too_late(p: Play) -> Result:
    fair = Fair(p)
    return _open(p, asset=fair.asset, ends=START + DEADLINE_MS_MAX + 1)


@scenario("campaign_exists", 0)
def a_campaign_again(p: Play) -> Result:
    fair = Fair(p)
    fair.freeze("shop")
    return _open(p, asset=fair.asset)


@scenario("campaign_exists", 0)
def a_campaign_again_after_it_was_closed(p: Play) -> Result:
    fair = Fair(p)
    _done(fair.close())
    return _open(p, asset=fair.asset)


@scenario("campaign_exists", 0)
def a_campaign_whose_account_was_paid(p: Play) -> Result:
    asset = _asset(p)
    p.ok(build.transfer(asset, p.id("shop"), campaign_id(p.id("shop"), SALT), 1), by="shop")
    return _open(p, asset=asset)


@scenario("ok")
def a_campaign_whose_account_was_paid_in_another_asset(p: Play) -> Result:
    other = p.asset(symbol="STAR", shop=1)
    p.ok(build.transfer(other, p.id("shop"), campaign_id(p.id("shop"), SALT), 1), by="shop")
    return _open(p, asset=_asset(p))


@scenario("account_frozen", 0)
def a_campaign_of_a_frozen_owner(p: Play) -> Result:
    asset = _asset(p)
    p.ok(build.freeze(asset, p.id("shop"), frozen=True), by="brand")
    return _open(p, asset=asset, amount=5_001)


@scenario("insufficient_funds", 0)
def a_campaign_of_one_more_than_there_is(p: Play) -> Result:
    return _open(p, asset=_asset(p), amount=5_001)


@scenario("ok")
def a_campaign_of_all_there_is(p: Play) -> Result:
    return _open(p, asset=_asset(p), amount=5_000)


@scenario("insufficient_funds", 0)
def a_campaign_of_lapsed_units(p: Play) -> Result:
    asset = p.asset(build.inactivity_expiry(2), shop=5_000)
    p.later(2 * DAY)
    return _open(p, asset=asset, amount=1)


@scenario("programme_account", 0)
def paying_a_campaign_by_transfer(p: Play) -> Result:
    fair = Fair(p)
    return p.send(build.transfer(fair.asset, p.id("shop"), fair.id, 1), by="shop")


# Funding.


@scenario("ok")
def a_campaign_is_given_more(p: Play) -> Result:
    fair = Fair(p)
    _done(fair.fund(4_000))
    fair.paid(5_000)
    return fair.close()


@scenario("ok")
def a_campaign_is_given_more_by_somebody(p: Play) -> Result:
    fair = Fair(p)
    p.ok(build.mint(fair.asset, p.id("dave"), 50), by="brand")
    _done(fair.fund(50, by="dave"))
    return fair.claim(fair.slip(1_050))


@scenario("zero_amount", 0)
def a_campaign_is_given_nothing(p: Play) -> Result:
    return p.send(build.fund_campaign(bytes(32), bytes(32), p.id("shop"), 0), by="carol")


@scenario("amount_too_large", 0)
def a_campaign_is_given_too_much(p: Play) -> Result:
    return p.send(build.fund_campaign(bytes(32), bytes(32), p.id("shop"), AMOUNT_MAX + 1), by="carol")


@scenario("unknown_asset", 0)
def a_campaign_is_given_no_asset(p: Play) -> Result:
    fair = Fair(p)
    return p.send(build.fund_campaign(fair.id, bytes(32), p.id("shop"), 1), by="carol")


@scenario("unauthorized", 0)
def a_campaign_is_given_what_another_has(p: Play) -> Result:
    asset = _asset(p)
    p.ok(build.pause(asset, paused=True), by="brand")
    return p.send(build.fund_campaign(bytes(32), asset, p.id("shop"), 1), by="carol")


def _agent(p: Play, fair: Fair, amount: int, tags: Sequence[int] = (FUND_CAMPAIGN,)) -> Result:
    limit = build.limit(list(tags), 100, DAY, ENDS)
    p.ok(build.mandate(p.id("shop"), p.id("agent"), fair.asset, limit), by="shop")
    return p.send(build.fund_campaign(fair.id, fair.asset, p.id("shop"), amount), by="agent")


@scenario("ok")
def a_campaign_is_given_more_by_an_agent(p: Play) -> Result:
    return _agent(p, Fair(p), 100)


@scenario("mandate_spent", 0)
def a_campaign_is_given_more_than_the_agent_may(p: Play) -> Result:
    fair = Fair(p)
    fair.pause()
    return _agent(p, fair, 101)


@scenario("mandate_operation", 0)
def a_campaign_is_given_more_by_an_agent_for_transfers(p: Play) -> Result:
    return _agent(p, Fair(p), 1, [TRANSFER])


@scenario("asset_paused", 0)
def a_campaign_is_given_a_paused_asset(p: Play) -> Result:
    asset = _asset(p)
    p.ok(build.pause(asset, paused=True), by="brand")
    return p.send(build.fund_campaign(bytes(32), asset, p.id("shop"), 1), by="shop")


@scenario("unknown_campaign", 0)
def no_campaign_is_given_more(p: Play) -> Result:
    return p.send(build.fund_campaign(bytes(32), _asset(p), p.id("shop"), 9_999), by="shop")


@scenario("wrong_asset", 0)
def a_campaign_is_given_another_asset(p: Play) -> Result:
    fair = Fair(p)
    other = p.asset(symbol="STAR", shop=1)
    fair.at(ENDS)
    return p.send(build.fund_campaign(fair.id, other, p.id("shop"), 1), by="shop")


@scenario("ok")
def a_campaign_is_given_more_at_the_last_moment(p: Play) -> Result:
    fair = Fair(p)
    fair.at(ENDS - 1)
    return fair.fund(1)


@scenario("campaign_ended", 0)
def a_campaign_is_given_more_at_its_end(p: Play) -> Result:
    fair = Fair(p)
    fair.freeze("shop")
    fair.at(ENDS)
    return fair.fund(1)


@scenario("campaign_ended", 0)
def a_closed_campaign_is_given_more(p: Play) -> Result:
    fair = Fair(p)
    _done(fair.close())
    return fair.fund(1)


@scenario("account_frozen", 0)
def a_campaign_is_given_what_is_frozen(p: Play) -> Result:
    fair = Fair(p)
    fair.freeze("shop")
    return fair.fund(4_001)


@scenario("insufficient_funds", 0)
def a_campaign_is_given_one_more_than_there_is(p: Play) -> Result:
    return Fair(p).fund(4_001)


@scenario("ok")
def a_campaign_of_a_bound_asset_is_given_more_by_its_owner(p: Play) -> Result:
    return Fair(p, build.bound()).fund(4_000)


@scenario("asset_bound", 0)
def a_bound_asset_does_not_pass_through_a_campaign(p: Play) -> Result:
    """Else its owner would close it and have what somebody else gave."""
    fair = Fair(p, build.bound())
    p.ok(build.mint(fair.asset, p.id("dave"), 50), by="brand")
    return fair.fund(51, by="dave")


@scenario("account_frozen", 0)
def a_frozen_sender_of_a_bound_asset(p: Play) -> Result:
    fair = Fair(p, build.bound())
    fair.freeze("dave")
    return fair.fund(1, by="dave")


@scenario("ok")
def a_bound_asset_is_given_to_a_campaign_by_its_issuer(p: Play) -> Result:
    fair = Fair(p, build.bound())
    p.ok(build.mint(fair.asset, p.id("brand"), 50), by="brand")
    return fair.fund(50, by="brand")


@scenario("ok")
def a_bound_asset_is_given_to_a_campaign_of_its_issuer(p: Play) -> Result:
    fair = Fair(p, build.bound(), owner="brand")
    fair.paid(100)
    _done(fair.fund(70, by="alice"))
    return fair.close()


@scenario("too_many_lots", 0)
def a_campaign_is_given_a_65th_lot(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.strict_lots())
    _done(fair.fund(4_000))
    for _ in range(63):
        p.later(DAY)
        p.ok(build.mint(fair.asset, p.id("shop"), 1), by="brand")
        _done(fair.fund(1))
    p.later(DAY)
    p.ok(build.mint(fair.asset, p.id("shop"), 1), by="brand")
    return fair.fund(1)


@scenario("ok")
def a_campaign_merges_its_lots(p: Play) -> Result:
    fair = Fair(p, build.lots("day"))
    for _ in range(65):
        p.later(DAY)
        p.ok(build.mint(fair.asset, p.id("shop"), 1), by="brand")
        _done(fair.fund(4_000 if p.world.time == START + DAY else 1))
    return fair.claim(fair.slip(1_010))


# Claims.


@scenario("ok")
def a_claim(p: Play) -> Result:
    return Fair(p).claim()


@scenario("ok")
def a_claim_by_the_member(p: Play) -> Result:
    return Fair(p).claim(by="alice")


@scenario("no_slip", 0)
def a_claim_without_a_slip(p: Play) -> Result:
    return p.send(build.claim(bytes(32), []), by="carol")


@scenario("zero_amount", 0)
def a_slip_of_nothing(p: Play) -> Result:
    fair = Fair(p)
    return p.send(build.claim(bytes(32), [fair.slip(), fair.slip(0)]), by="carol")


@scenario("amount_too_large", 0)
def a_slip_of_too_much(p: Play) -> Result:
    fair = Fair(p)
    return p.send(build.claim(bytes(32), [fair.slip(), fair.slip(AMOUNT_MAX + 1), fair.slip(0)]), by="carol")


@scenario("zero_amount", 0)
def a_forged_slip_of_nothing(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip(0)
    slip.signatures[0].signature = bytes(64)
    return fair.claim(slip)


@scenario("bad_signature")
def a_forged_slip(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    slip.signatures[1].signature = p.world.key("eve").sign(b"a slip")
    return fair.claim(fair.slip(), slip, valid_until=START)


@scenario("bad_signature")
def a_slip_of_a_larger_amount_than_was_signed(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip(100)
    slip.slip.amount = 101
    return fair.claim(slip)


@scenario("bad_signature")
def a_slip_of_another_campaign(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    return p.send(build.claim(bytes(32), [slip]), by="carol")


@scenario("bad_signature")
def a_slip_of_another_ledger(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip().slip
    keys = [(place, p.world.key(name)) for place, name in enumerate(["alice", "bob"])]
    return fair.claim(build.sign_slip(bytes(32), fair.id, slip, keys))


@scenario("bad_signature")
def a_forged_signature_of_a_role_that_there_is_not(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    slip.signatures.append(build.role_signature(255, p.id("alice"), bytes(64)))
    return fair.claim(slip)


@scenario("bad_signature")
def a_key_of_a_slip_that_is_no_point(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    slip.signatures[0].key = b"\xff" * 32
    return fair.claim(slip)


@scenario("unknown_campaign", 0)
def a_claim_of_no_campaign(p: Play) -> Result:
    return p.send(build.claim(bytes(32), [build.signed_slip(build.slip(bytes(16), 0, 1))]), by="carol")


@scenario("asset_paused", 0)
def a_claim_of_a_paused_asset(p: Play) -> Result:
    fair = Fair(p)
    fair.pause()
    fair.at(ENDS)
    return fair.claim(fair.slip())


@scenario("ok")
def a_claim_at_the_last_moment(p: Play) -> Result:
    fair = Fair(p)
    fair.at(ENDS - 1)
    return fair.claim(fair.slip(valid_until=ENDS))


@scenario("campaign_ended", 0)
def a_claim_at_the_end(p: Play) -> Result:
    fair = Fair(p)
    fair.at(ENDS)
    return fair.claim(fair.slip(parties="alice"))


@scenario("campaign_ended", 0)
def a_claim_after_the_close(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    _done(fair.close())
    return fair.claim(slip)


@scenario("ok")
def a_claim_within_the_notice(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    _done(fair.close())
    p.later(DAY - 1)
    return fair.claim(fair.slip())


@scenario("campaign_ended", 0)
def a_claim_when_the_notice_is_over(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    _done(fair.close())
    p.later(DAY)
    return fair.claim(fair.slip())


@scenario("wrong_parties", 0)
def a_party_too_few(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice", valid_until=START))


@scenario("wrong_parties", 0)
def a_party_too_many(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice bob dave", signers="0:alice 1:bob"))


@scenario("wrong_parties", 0)
def a_party_for_a_role_that_is_taken(p: Play) -> Result:
    fair = Fair(p, roles=[role(7_000, signs=True), role(3_000, p.id("bob"))])
    return fair.claim(fair.slip())


@scenario("ok")
def roles_that_the_terms_name(p: Play) -> Result:
    roles = [role(5_000, p.id("dave")), role(3_000, signs=True), role(1_000, p.id("erin"), signs=True), role(1_000)]
    fair = Fair(p, roles=roles)
    return fair.claim(fair.slip(parties="alice bob", signers="1:alice 2:erin"))


@scenario("ok")
def a_member_that_the_terms_name(p: Play) -> Result:
    fair = Fair(p, roles=[role(10_000, p.id("dave")), role(0, signs=True)])
    _done(fair.claim(fair.slip(parties="alice", signers="1:alice", nonce=1)))
    return fair.claim(fair.slip(parties="alice", signers="1:alice", nonce=2))


@scenario("slip_claimed", 0)
def a_nonce_is_that_of_the_member_and_of_nobody_else(p: Play) -> Result:
    fair = Fair(p, roles=[role(10_000, p.id("dave")), role(0, signs=True)])
    _done(fair.claim(fair.slip(parties="alice", signers="1:alice", nonce=1)))
    return fair.claim(fair.slip(parties="bob", signers="1:bob", nonce=1))


@scenario("ok")
def a_nonce_of_two_members(p: Play) -> Result:
    fair = Fair(p)
    _done(fair.claim(fair.slip(nonce=7)))
    return fair.claim(fair.slip(parties="bob alice", nonce=7))


@scenario("slip_expired", 0)
def a_slip_whose_time_is_over(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip(valid_until=START + HOUR)
    _done(fair.claim(slip))
    p.later(HOUR)
    return fair.claim(slip)


@scenario("ok")
def a_slip_whose_time_is_nearly_over(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip(valid_until=START + HOUR)
    p.later(HOUR - 1)
    return fair.claim(slip)


@scenario("slip_claimed", 0)
def a_claim_again(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    _done(fair.claim(slip))
    return fair.claim(slip)


@scenario("slip_claimed", 0)
def a_slip_twice_in_a_claim(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    return fair.claim(slip, slip)


@scenario("slip_claimed", 1)
def a_slip_twice_in_a_transaction(p: Play) -> Result:
    fair = Fair(p)
    claim = build.claim(fair.id, [fair.slip()])
    return p.send(claim, claim, by="carol")


@scenario("slip_claimed", 0)
def another_slip_of_the_same_nonce(p: Play) -> Result:
    fair = Fair(p)
    _done(fair.claim(fair.slip(nonce=7)))
    return fair.claim(fair.slip(5_000, "alice dave", "", nonce=7))


@scenario("slip_claimed", 0)
def a_claim_again_after_it_was_released(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending(nonce=7)
    _done(p.send(build.release(hold), by="shop"))
    return fair.claim(fair.slip(nonce=7))


# Who signs.


@scenario("wrong_signer", 0)
def a_slip_signed_for_a_role_that_there_is_not(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(5_000, signers="2:carol"))


@scenario("wrong_signer", 0)
def a_slip_signed_for_a_role_that_does_not_sign(p: Play) -> Result:
    fair = Fair(p, roles=[role(7_000, signs=True), role(3_000)])
    return fair.claim(fair.slip(signers="0:alice 1:bob"))


@scenario("wrong_signer", 0)
def a_slip_signed_by_the_key_of_another_role(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(signers="0:alice 1:alice"))


@scenario("wrong_signer", 0)
def a_slip_signed_by_a_stranger(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(signers="0:alice 1:bob 0:eve"))


@scenario("wrong_signer", 0)
def a_slip_signed_twice_by_one_key(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(signers="0:alice 0:alice"))


@scenario("wrong_signer", 0)
def a_slip_signed_by_a_key_without_the_scope(p: Play) -> Result:
    p.open("desk", build.grant(p.key("phone"), OTHER_KEY), "office")
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice desk", signers="0:alice 1:phone 1:office"))


@scenario("wrong_signer", 0)
def a_slip_signed_by_an_account_that_has_keys_by_now(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    p.ok(build.set_keys(p.id("alice"), 1, [build.grant(p.key("phone"))]), by="alice")
    return fair.claim(slip)


@scenario("ok")
def a_slip_signed_by_a_key_that_the_transaction_sets(p: Play) -> Result:
    """The record is read when the operation is applied."""
    fair = Fair(p)
    keys = build.set_keys(p.id("alice"), 1, [build.grant(p.key("phone"))])
    slip = fair.slip(signers="0:phone 1:bob")
    return p.send(keys, build.claim(fair.id, [slip]), by="alice")


@scenario("wrong_signer", 0)
def a_slip_signed_by_a_programme_account(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip(signers="0:alice 1:bob")
    slip.slip.parties[1] = fair.id
    keys = [(0, p.world.key("alice")), (1, p.world.key("bob"))]
    return fair.claim(build.sign_slip(p.world.ledger_id, fair.id, slip.slip, keys))


@scenario("slip_unsigned", 0)
def a_slip_of_a_programme_account(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip(signers="0:alice").slip
    slip.parties[1] = fair.id
    return fair.claim(build.sign_slip(p.world.ledger_id, fair.id, slip, [(0, p.world.key("alice"))]))


@scenario("slip_unsigned", 0)
def a_slip_that_one_has_not_signed(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(5_000, signers="0:alice"))


@scenario("slip_unsigned", 0)
def a_slip_that_nobody_has_signed(p: Play) -> Result:
    fair = Fair(p, claim_max=99)
    return fair.claim(fair.slip(signers=""))


@scenario("ok")
def a_slip_whose_roles_sign_the_transaction(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(signers=""), fair.slip(signers=""), by="alice bob")


@scenario("ok")
def a_slip_of_which_one_signs_the_transaction(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(signers="0:alice"), by="bob")


@scenario("ok")
def a_slip_signed_by_one_who_signs_the_transaction_too(p: Play) -> Result:
    return Fair(p).claim(by="alice bob")


@scenario("wrong_signer", 0)
def a_wrong_signer_where_the_role_signs_the_transaction(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(signers="0:eve"), by="alice bob")


@scenario("ok")
def a_slip_signed_by_enough_keys(p: Play) -> Result:
    p.open("desk", "phone", "office", build.grant(p.key("till"), [CLAIM]), threshold=2)
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice desk", signers="1:till 0:alice 1:phone"))


@scenario("ok")
def a_slip_signed_by_more_keys_than_enough(p: Play) -> Result:
    p.open("desk", "phone", "office", "till", threshold=2)
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice desk", signers="0:alice 1:till 1:phone 1:office"))


@scenario("slip_unsigned", 0)
def a_slip_signed_by_too_few_keys(p: Play) -> Result:
    p.open("desk", "phone", "office", threshold=2)
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice desk", signers="0:alice 1:phone"))


@scenario("slip_unsigned", 0)
def a_key_on_the_slip_and_another_on_the_transaction(p: Play) -> Result:
    """Either there are enough on the slip or on the transaction."""
    p.open("desk", "phone", "office", threshold=2)
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice desk", signers="0:alice 1:phone"), by="desk/office")


@scenario("ok")
def enough_keys_on_the_transaction(p: Play) -> Result:
    p.open("desk", "phone", "office", threshold=2)
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice desk", signers="0:alice 1:phone"), by="desk/office desk/phone")


@scenario("slip_unsigned", 0)
def a_key_on_the_transaction_without_the_scope(p: Play) -> Result:
    p.open("desk", build.grant(p.key("phone"), OTHER_KEY), "office")
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice desk", signers="0:alice"), by="desk/phone")


@scenario("slip_unsigned", 0)
def a_mandate_does_not_sign_slips(p: Play) -> Result:
    fair = Fair(p)
    limit = build.limit([TRANSFER, FUND_CAMPAIGN], 10**6, DAY, ENDS)
    p.ok(build.mandate(p.id("bob"), p.id("agent"), fair.asset, limit), by="bob")
    return fair.claim(fair.slip(signers="0:alice"), by="agent")


@scenario("ok")
def one_account_in_two_roles(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice alice"))


@scenario("slip_unsigned", 0)
def one_account_in_two_roles_that_signed_for_one(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice alice", signers="0:alice"))


@scenario("ok")
def one_account_in_two_roles_that_signs_the_transaction(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice alice", signers=""), by="alice")


@scenario("insufficient_funds", 0)
def one_account_in_two_roles_gets_both_parts(p: Play) -> Result:
    fair = Fair(p)
    fair.paid(parties="alice alice")
    return fair.has("alice", 100)


@scenario("ok")
def the_owner_is_a_party(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(parties="shop bob"))


@scenario("ok")
def a_slip_signed_for_an_alias(p: Play) -> Result:
    """By the key of the account that it is one of."""
    fair = Fair(p)
    p.ok(build.alias(p.id("bob"), p.id("dave")), by="bob dave")
    return fair.claim(fair.slip(signers="0:alice 1:dave"))


@scenario("wrong_signer", 0)
def a_slip_signed_by_an_alias_itself(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    p.ok(build.alias(p.id("bob"), p.id("dave")), by="bob dave")
    return fair.claim(slip)


@scenario("ok")
def a_slip_of_an_alias_whose_account_signs_the_transaction(p: Play) -> Result:
    fair = Fair(p)
    p.ok(build.alias(p.id("bob"), p.id("dave")), by="bob dave")
    return fair.claim(fair.slip(signers="0:alice"), by="dave")


@scenario("ok")
def a_slip_signed_for_an_alias_of_a_named_account(p: Play) -> Result:
    p.open("desk", "phone", build.grant(p.key("till"), [CLAIM]), "office", threshold=2)
    fair = Fair(p)
    p.ok(build.alias(p.id("bob"), p.id("desk")), by="bob desk/phone desk/office")
    return fair.claim(fair.slip(signers="0:alice 1:till 1:phone"))


# What is paid.


@scenario("claim_too_large", 0)
def a_claim_of_one_too_much(p: Play) -> Result:
    fair = Fair(p, claim_max=100, eligible=build.requirement(bytes(32), bytes(32)))
    return fair.claim(fair.slip(101))


@scenario("ok")
def a_claim_of_the_most(p: Play) -> Result:
    return Fair(p, claim_max=100).claim()


@scenario("insufficient_funds", 0)
def the_member_gets_its_part(p: Play) -> Result:
    fair = Fair(p)
    fair.paid()
    return fair.has("alice", 70)


@scenario("insufficient_funds", 0)
def the_creator_gets_its_part(p: Play) -> Result:
    fair = Fair(p)
    fair.paid()
    return fair.has("bob", 30)


THIRDS = [role(3_333, signs=True), role(3_333), role(3_334)]


@scenario("insufficient_funds", 0)
def what_the_parts_leave_over_is_the_first_roles(p: Play) -> Result:
    """33, 33 and 33 of 100."""
    fair = Fair(p, roles=THIRDS)
    fair.paid(parties="alice bob dave")
    return fair.has("alice", 34)


@scenario("insufficient_funds", 0)
def what_the_parts_leave_over_is_not_the_last_roles(p: Play) -> Result:
    fair = Fair(p, roles=THIRDS)
    fair.paid(parties="alice bob dave")
    return fair.has("dave", 33)


@scenario("insufficient_funds", 0)
def what_the_parts_leave_over_passes_those_who_get_nothing(p: Play) -> Result:
    fair = Fair(p, roles=[role(0, signs=True), *THIRDS[1:], role(3_333)])
    fair.paid(parties="alice bob dave erin")
    return fair.has("bob", 34)


@scenario("insufficient_funds", 0)
def a_claim_of_one_unit(p: Play) -> Result:
    fair = Fair(p)
    fair.paid(1)
    return fair.has("alice", 1)


@scenario("ok")
def who_gets_nothing_may_be_frozen(p: Play) -> Result:
    fair = Fair(p)
    fair.freeze("bob")
    return fair.claim(fair.slip(3))


@scenario("below_floor", 0)
def less_than_the_floor(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(99, 1, 1))
    return fair.claim(fair.slip(floor=71))


@scenario("ok")
def just_the_floor(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(floor=70))


@scenario("ok")
def just_the_floor_with_what_is_left_over(p: Play) -> Result:
    fair = Fair(p, roles=THIRDS)
    return fair.claim(fair.slip(parties="alice bob dave", floor=34))


@scenario("below_floor", 0)
def a_floor_for_one_who_gets_nothing(p: Play) -> Result:
    fair = Fair(p, roles=[role(0, signs=True), role(10_000)])
    return fair.claim(fair.slip(floor=1))


@scenario("ok")
def no_floor_for_one_who_gets_nothing(p: Play) -> Result:
    fair = Fair(p, roles=[role(0, signs=True), role(10_000)])
    return fair.claim(fair.slip(floor=0))


@scenario("below_floor", 0)
def the_floor_is_of_the_role_and_not_of_the_account(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(parties="alice alice", floor=71))


def _debtor(p: Play, **terms: object) -> Fair:
    """A campaign of an asset of which Alice owes 40."""
    fair = Fair(p, build.debt_floor(100), **terms)  # type: ignore[arg-type]
    p.ok(build.claw_back(fair.asset, p.id("alice"), p.id("brand"), 40), by="brand")
    return fair


@scenario("insufficient_funds", 0)
def a_claim_repays_a_debt(p: Play) -> Result:
    fair = _debtor(p)
    fair.paid()
    return fair.has("alice", 30)


@scenario("insufficient_funds", 0)
def what_a_claim_repays_is_the_issuers(p: Play) -> Result:
    fair = _debtor(p)
    fair.paid()
    return fair.has("brand", 40)


@scenario("insufficient_funds", 0)
def a_pending_claim_repays_a_debt_when_it_is_settled(p: Play) -> Result:
    fair = _debtor(p, pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY)
    _done(p.send(build.settle(hold), by="carol"))
    return fair.has("alice", 30)


@scenario("insufficient_funds", 0)
def a_close_repays_no_debt(p: Play) -> Result:
    fair = Fair(p, build.debt_floor(100))
    p.ok(build.claw_back(fair.asset, p.id("shop"), p.id("brand"), 4_040), by="brand")
    _done(fair.close())
    return fair.has("shop", 1_000)


def _club(p: Play, **fields: object) -> Fair:
    p.ok(build.schema(p.id("club"), "member", build.kind("nothing")), by="club")
    needed = build.requirement(schema_id(p.id("club"), "member"), p.id("club"))
    return Fair(p, eligible=needed, **fields)  # type: ignore[arg-type]


def _attest(p: Play, subject: str, **fields: object) -> None:
    schema = schema_id(p.id("club"), "member")
    attest = build.attest(schema, p.id("club"), p.id(subject), build.content("nothing"), **fields)  # type: ignore[arg-type]
    p.ok(attest, by="club")


@scenario("ok")
def a_claim_of_who_is_eligible(p: Play) -> Result:
    fair = _club(p)
    _attest(p, "alice", expires=START + HOUR)
    p.later(HOUR - 1)
    return fair.claim()


@scenario("unknown_attestation", 0)
def a_claim_of_who_is_not_eligible(p: Play) -> Result:
    fair = _club(p)
    _attest(p, "bob")
    _attest(p, "alice", nonce=b"\x01" * 32)
    return fair.claim(fair.slip(floor=71))


@scenario("attestation_expired", 0)
def a_claim_of_who_was_eligible(p: Play) -> Result:
    fair = _club(p)
    _attest(p, "alice", expires=START + HOUR)
    p.later(HOUR)
    return fair.claim()


@scenario("attestation_revoked", 0)
def a_claim_of_who_is_eligible_no_more(p: Play) -> Result:
    fair = _club(p)
    _attest(p, "alice", expires=START + HOUR)
    p.ok(build.revoke(schema_id(p.id("club"), "member"), p.id("club"), p.id("alice")), by="club")
    p.later(HOUR)
    return fair.claim()


@scenario("unknown_attestation", 0)
def a_claim_by_a_schema_that_there_is_not(p: Play) -> Result:
    return Fair(p, eligible=build.requirement(bytes(32), p.id("club"))).claim()


# Caps.


@scenario("ok")
def just_the_member_cap(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(200, 2, DAY))
    fair.paid()
    return fair.claim()


@scenario("member_cap_spent", 0)
def one_unit_over_the_member_cap(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(200, 9, DAY), total_cap=cap(200, 9, DAY))
    fair.paid()
    return fair.claim(fair.slip(101))


@scenario("member_cap_spent", 0)
def one_claim_over_the_member_cap(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(2**128 - 1, 2, 2**64 - 1))
    fair.paid(1)
    fair.paid(1)
    return fair.claim(fair.slip(1))


@scenario("ok")
def the_member_cap_is_of_each_member(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(100, 1, DAY))
    fair.paid()
    return fair.claim(fair.slip(parties="bob alice"))


@scenario("ok")
def a_member_cap_counts_whole_amounts(p: Play) -> Result:
    """Not what the member gets of them, nor what it gets in other roles."""
    fair = Fair(p, member_cap=cap(100, 1, DAY))
    fair.paid(parties="bob alice")
    return fair.claim(fair.slip(parties="alice bob"))


@scenario("member_cap_spent", 0)
def the_last_moment_of_a_window(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(100, 1, DAY))
    fair.paid()
    p.later(DAY - 1)
    return fair.claim()


@scenario("ok")
def the_first_moment_of_the_next_window(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(100, 1, DAY), total_cap=cap(100, 1, DAY))
    fair.paid()
    p.later(DAY)
    return fair.claim()


@scenario("member_cap_spent", 0)
def windows_follow_each_other_from_the_opening(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(100, 1, DAY))
    p.later(DAY - 1)
    fair.paid()
    p.later(1)
    fair.paid()
    p.later(DAY - 1)
    return fair.claim()


@scenario("ok")
def a_window_without_claims_in_between(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(100, 1, DAY), total_cap=cap(100, 1, HOUR))
    fair.paid()
    p.later(5 * DAY)
    return fair.claim()


@scenario("ok")
def just_the_total_cap(p: Play) -> Result:
    fair = Fair(p, total_cap=cap(200, 2, DAY))
    fair.paid()
    return fair.claim(fair.slip(parties="bob alice"))


@scenario("total_cap_spent", 0)
def one_unit_over_the_total_cap(p: Play) -> Result:
    fair = Fair(p, total_cap=cap(200, 9, DAY))
    fair.paid()
    fair.freeze("bob")
    return fair.claim(fair.slip(101, parties="bob alice"))


@scenario("total_cap_spent", 0)
def one_claim_over_the_total_cap(p: Play) -> Result:
    fair = Fair(p, total_cap=cap(10**6, 1, DAY))
    fair.paid()
    return fair.claim(fair.slip(parties="bob alice"))


@scenario("total_cap_spent", 0)
def the_last_moment_of_the_window_of_all(p: Play) -> Result:
    fair = Fair(p, total_cap=cap(100, 1, HOUR), member_cap=cap(100, 1, 1))
    fair.paid()
    p.later(HOUR - 1)
    return fair.claim()


@scenario("member_cap_spent", 0)
def the_slips_of_a_claim_count_together(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(200, 9, DAY))
    return fair.claim(fair.slip(), fair.slip(), fair.slip(1))


@scenario("total_cap_spent", 0)
def the_slips_of_a_claim_count_together_for_all(p: Play) -> Result:
    fair = Fair(p, total_cap=cap(200, 9, DAY))
    return fair.claim(fair.slip(), fair.slip(parties="bob alice"), fair.slip(1))


@scenario("ok")
def what_was_refused_is_not_counted(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(200, 2, DAY), total_cap=cap(200, 2, DAY))
    assert fair.claim(fair.slip(), fair.slip(101)) == ("member_cap_spent", 0)
    return fair.claim(fair.slip(nonce=1), fair.slip(nonce=2))


@scenario("member_cap_spent", 0)
def what_was_released_stays_counted(p: Play) -> Result:
    fair = Fair(p, member_cap=cap(100, 9, DAY), pending_ms=HOUR)
    _done(p.send(build.release(fair.pending()), by="shop"))
    return fair.claim(fair.slip(1))


# Payees and the budget.


@scenario("account_frozen", 0)
def a_claim_of_a_frozen_member(p: Play) -> Result:
    fair = Fair(p)
    fair.freeze("alice")
    return fair.claim(fair.slip(1_001))


@scenario("account_frozen", 0)
def a_claim_of_a_frozen_creator(p: Play) -> Result:
    fair = Fair(p, build.bound(), owner="brand")
    fair.freeze("bob")
    return fair.claim()


@scenario("ok")
def a_claim_of_a_frozen_owner(p: Play) -> Result:
    fair = Fair(p)
    fair.freeze("shop")
    return fair.claim()


@scenario("ok")
def a_claim_of_a_bound_asset(p: Play) -> Result:
    return Fair(p, build.bound(), owner="brand").claim()


@scenario("asset_bound", 0)
def a_claim_of_a_bound_asset_from_another_than_its_issuer(p: Play) -> Result:
    fair = Fair(p, build.bound())
    return fair.claim(fair.slip(1_001))


@scenario("ok")
def a_claim_of_a_bound_asset_for_its_issuer(p: Play) -> Result:
    fair = Fair(p, build.bound())
    return fair.claim(fair.slip(parties="brand brand"))


@scenario("ok")
def a_claim_of_a_bound_asset_for_its_owner(p: Play) -> Result:
    fair = Fair(p, build.bound())
    return fair.claim(fair.slip(parties="shop brand"))


@scenario("asset_bound", 0)
def a_claim_of_a_bound_asset_for_its_issuer_and_another(p: Play) -> Result:
    fair = Fair(p, build.bound())
    return fair.claim(fair.slip(parties="brand bob"))


@scenario("ok")
def a_claim_of_a_bound_asset_of_which_another_gets_nothing(p: Play) -> Result:
    fair = Fair(p, build.bound())
    return fair.claim(fair.slip(3, parties="brand bob"))


@scenario("programme_account", 0)
def a_claim_for_the_campaign_itself(p: Play) -> Result:
    fair = Fair(p, roles=[role(7_000, signs=True), role(3_000)])
    slip = fair.slip(2_000, signers="").slip
    slip.parties[1] = fair.id
    return fair.claim(build.signed_slip(slip), by="alice")


@scenario("budget_spent", 0)
def one_over_the_budget(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(1_001))


@scenario("ok")
def just_the_budget(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(1_000))


@scenario("budget_spent", 0)
def the_last_slip_refuses_all(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(*[fair.slip() for _ in range(10)], fair.slip(1))


@scenario("ok")
def the_slips_of_a_claim_just_spend_the_budget(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(*[fair.slip() for _ in range(10)])


@scenario("ok")
def a_slip_refused_with_others_is_paid_later(p: Play) -> Result:
    fair = Fair(p)
    slip = fair.slip()
    assert fair.claim(slip, fair.slip(1_000)) == ("budget_spent", 0)
    return fair.claim(slip)


@scenario("wrong_parties", 0)
def the_second_slip_is_wrong(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(), fair.slip(parties="alice"))


@scenario("budget_spent", 0)
def the_first_slip_that_is_wrong_says_why(p: Play) -> Result:
    fair = Fair(p)
    return fair.claim(fair.slip(1_001), fair.slip(parties="alice"))


@scenario("ok")
def a_paid_member_gives_the_campaign_its_units(p: Play) -> Result:
    """In one transaction: the second claim sees what came in between."""
    fair = Fair(p)
    claims = [build.claim(fair.id, [fair.slip(amount, "alice alice", "")]) for amount in (1_000, 500)]
    give = build.fund_campaign(fair.id, fair.asset, p.id("alice"), 500)
    return p.send(claims[0], give, claims[1], by="alice")


# Lots and lapsing.


@scenario("ok")
def a_claim_out_of_several_lots(p: Play) -> Result:
    fair = Fair(p, build.lots("day"))
    p.later(DAY)
    p.ok(build.mint(fair.asset, p.id("shop"), 500), by="brand")
    _done(fair.fund(4_500))
    return fair.claim(fair.slip(4_999), fair.slip(200), fair.slip(301))


@scenario("budget_spent", 0)
def a_budget_that_has_lapsed(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.fixed_expiry(2))
    p.later(3 * DAY)
    return fair.claim(fair.slip(1))


@scenario("ok")
def a_budget_that_is_about_to_lapse(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.fixed_expiry(2))
    p.later(3 * DAY - DAY // 2 - 1)
    return fair.claim(fair.slip(1_000))


@scenario("ok")
def a_budget_that_has_lapsed_in_part(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.fixed_expiry(2))
    p.later(DAY)
    p.ok(build.mint(fair.asset, p.id("shop"), 60), by="brand")
    p.ok(build.transfer(fair.asset, p.id("shop"), p.id("dave"), 4_000), by="shop")
    _done(fair.fund(60))
    p.later(2 * DAY)
    return fair.claim(fair.slip(60))


@scenario("ok")
def a_campaign_does_not_fall_asleep(p: Play) -> Result:
    fair = Fair(p, build.inactivity_expiry(2))
    p.later(50 * DAY)
    _done(p.send(build.sweep(fair.asset, [fair.id]), by="carol"))
    return fair.claim(fair.slip(1_000))


@scenario("ok")
def a_claim_wakes_who_is_paid(p: Play) -> Result:
    fair = Fair(p, build.inactivity_expiry(2), roles=_one())
    p.ok(build.mint(fair.asset, p.id("alice"), 5), by="brand")
    p.later(2 * DAY)
    fair.paid(5, "alice")
    p.later(2 * DAY - DAY // 2 - 1)
    return fair.burn("alice", 5)


@scenario("insufficient_funds", 0)
def what_had_lapsed_is_not_revived_by_a_claim(p: Play) -> Result:
    fair = Fair(p, build.inactivity_expiry(2), roles=_one())
    p.ok(build.mint(fair.asset, p.id("alice"), 5), by="brand")
    p.later(2 * DAY)
    fair.paid(5, "alice")
    return fair.burn("alice", 6)


@scenario("ok")
def a_campaign_of_months(p: Play) -> Result:
    fair = Fair(p, build.lots("month"), build.fixed_expiry(40), build.inactivity_expiry(30), pending_ms=DAY)
    p.later(39 * DAY)
    hold = fair.pending()
    p.later(DAY)
    return p.send(build.settle(hold), by="carol")


@scenario("too_many_lots", 0)
def a_member_is_paid_a_65th_lot(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.strict_lots(), roles=_one())
    for _ in range(64):
        p.later(DAY)
        p.ok(build.mint(fair.asset, p.id("alice"), 1), by="brand")
    return fair.claim(fair.slip(1, "alice"))


# Pending.


@scenario("condition_unmet", 0)
def a_pending_claim_is_not_settled_before_its_deadline(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY - 1)
    return p.send(build.settle(hold), by="shop")


@scenario("ok")
def a_pending_claim_is_settled_by_anybody(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY)
    _done(p.send(build.settle(hold), by="dave"))
    _done(fair.burn("alice", 70))
    return fair.burn("bob", 30)


@scenario("ok")
def a_pending_claim_is_settled_after_the_campaign_was_closed(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    _done(fair.close())
    p.later(DAY)
    _done(p.send(build.settle(hold), by="dave"))
    return fair.burn("alice", 70)


@scenario("hold_closed", 0)
def a_pending_claim_is_settled_once(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY)
    _done(p.send(build.settle(hold), by="dave"))
    return p.send(build.settle(hold), by="dave")


@scenario("hold_pending", 0)
def a_pending_claim_is_not_released_by_the_member(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    return p.send(build.release(fair.pending()), by="alice")


@scenario("hold_expired", 0)
def a_pending_claim_is_not_released_at_its_deadline(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY)
    return p.send(build.release(hold), by="shop")


@scenario("ok")
def a_pending_claim_is_released_at_the_last_moment(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY - 1)
    _done(p.send(build.release(hold), by="shop"))
    return fair.claim(fair.slip(1_000))


@scenario("ok")
def a_pending_claim_is_released_in_part(p: Play) -> Result:
    fair = Fair(p, roles=THIRDS, pending_ms=DAY)
    hold = fair.pending(parties="alice bob dave")
    _done(p.send(build.release(hold, 1), by="shop"))
    p.later(DAY)
    _done(p.send(build.settle(hold, 50), by="carol"))
    _done(p.send(build.settle(hold), by="carol"))
    _done(fair.burn("alice", 33))
    _done(fair.burn("bob", 32))
    _done(fair.burn("dave", 33))
    return fair.claim(fair.slip(901, "alice bob dave"))


@scenario("insufficient_funds", 0)
def pending_and_paid_are_rounded_alike(p: Play) -> Result:
    fair = Fair(p, roles=THIRDS, pending_ms=DAY)
    hold = fair.pending(parties="alice bob dave")
    p.later(DAY)
    _done(p.send(build.settle(hold), by="carol"))
    return fair.has("alice", 34)


@scenario("budget_spent", 0)
def what_is_pending_is_spent(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    fair.pending()
    return fair.claim(fair.slip(901))


@scenario("ok")
def several_pending_claims_of_one_transaction(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), pending_ms=DAY)
    p.later(DAY)
    p.ok(build.mint(fair.asset, p.id("shop"), 5), by="brand")
    _done(fair.fund(4_005))
    return fair.claim(fair.slip(4_999), fair.slip(6, "bob alice"))


@scenario("ok")
def a_pending_claim_of_one_account_in_two_roles(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending(parties="alice alice")
    p.later(DAY)
    _done(p.send(build.settle(hold), by="carol"))
    return fair.burn("alice", 100)


@scenario("ok")
def a_pending_claim_of_which_a_role_gets_nothing(p: Play) -> Result:
    fair = Fair(p, roles=[role(0, signs=True), role(10_000)], pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY)
    _done(p.send(build.settle(hold), by="carol"))
    return fair.burn("bob", 100)


def _refused_until_overdue(p: Play, hold: bytes, status: str) -> None:
    """A pending claim of a day, which the status refuses until its grace is over, and which is settled then."""
    for wait in (DAY, 30 * DAY - 1):
        p.later(wait)
        assert p.send(build.settle(hold), by="carol") == (status, 0)
    p.later(1)
    _done(p.send(build.settle(hold), by="carol"))


@scenario("ok")
def a_pending_claim_of_a_frozen_member_is_settled_after_the_grace(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    fair.freeze("alice")
    _refused_until_overdue(p, hold, "account_frozen")
    p.ok(build.freeze(fair.asset, p.id("alice"), frozen=False), by="brand")
    _done(fair.burn("bob", 30))
    return fair.burn("alice", 70)


@scenario("budget_spent", 0)
def a_pending_claim_of_a_programme_account_is_the_campaign_s_after_the_grace(p: Play) -> Result:
    """Where it does not fall asleep either."""
    fair = Fair(p, build.inactivity_expiry(50), roles=[role(7_000, signs=True), role(3_000)], pending_ms=DAY)
    p.accounts["trap"] = hold_id(p.id("dave"), SALT)
    hold = fair.pending(parties="alice trap")
    p.ok(build.mint(fair.asset, p.id("dave"), 1), by="brand")
    terms = build.terms(build.by_payer(), [], START + 100 * DAY)
    p.ok(build.hold(p.id("dave"), SALT, fair.asset, 1, terms), by="dave")
    _refused_until_overdue(p, hold, "programme_account")
    _done(fair.burn("alice", 70))
    p.later(60 * DAY)
    _done(p.send(build.sweep(fair.asset, [fair.id]), by="carol"))
    _done(fair.claim(fair.slip(930)))
    p.later(DAY)
    return fair.claim(fair.slip(1))


def _full(p: Play, fair: Fair, most: int) -> None:
    """Alice has 1 and owes 20, and may have so many from now on."""
    p.ok(build.claw_back(fair.asset, p.id("alice"), p.id("shop"), 20), by="brand")
    p.ok(build.transfer(fair.asset, p.id("shop"), p.id("alice"), 1), by="shop")
    p.ok(build.change(fair.asset, policy=[build.debt_floor(20), build.max_holding(most)]), by="brand")


@scenario("max_holding_exceeded", 0)
def a_pending_claim_that_repays_a_debt_leaves_room(p: Play) -> Result:
    fair = Fair(p, build.debt_floor(20), pending_ms=DAY)
    hold = fair.pending()
    _full(p, fair, 51)
    p.later(31 * DAY)
    _done(p.send(build.settle(hold), by="carol"))
    # All of the debt was repaid, and nothing more has room.
    return p.send(build.mint(fair.asset, p.id("alice"), 1), by="brand")


@scenario("insufficient_funds", 0)
def a_pending_claim_is_the_member_s_as_far_as_there_is_room_after_the_grace(p: Play) -> Result:
    fair = Fair(p, build.debt_floor(20), pending_ms=DAY)
    hold = fair.pending()
    _full(p, fair, 50)
    _refused_until_overdue(p, hold, "max_holding_exceeded")
    # Alice may have 49 more, and repays 20. The shop had 4,000, and gave her one.
    _done(fair.burn("alice", 50))
    _done(fair.burn("bob", 30))
    _done(fair.close())
    return fair.has("shop", 3_999 + 901)


@scenario("insufficient_funds", 0)
def a_pending_claim_of_one_in_two_roles_fills_its_room_once_after_the_grace(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending(parties="alice alice")
    p.ok(build.change(fair.asset, policy=[build.max_holding(80)]), by="brand")
    _refused_until_overdue(p, hold, "max_holding_exceeded")
    return fair.has("alice", 80)


@scenario("ok")
def a_pending_claim_of_what_was_bound_since_is_settled(p: Play) -> Result:
    """The owner was asked when the slip was claimed; nor need anybody be attested who was not then."""
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    terms = [build.bound(), build.attested_holders(bytes(32), p.id("notary"))]
    p.ok(build.change(fair.asset, policy=terms), by="brand")
    p.later(31 * DAY)
    _done(p.send(build.settle(hold), by="carol"))
    return fair.burn("alice", 70)


@scenario("account_frozen", 0)
def a_pending_claim_of_a_frozen_member(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    fair.freeze("alice")
    return fair.claim()


@scenario("account_frozen", 0)
def a_pending_claim_of_a_member_that_was_frozen_since(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    fair.freeze("alice")
    p.later(DAY)
    return p.send(build.settle(hold), by="carol")


@scenario("ok")
def a_pending_claim_of_a_frozen_owner_is_released(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    fair.freeze("shop")
    return p.send(build.release(hold), by="shop")


@scenario("ok")
def a_pending_claim_of_a_bound_asset(p: Play) -> Result:
    fair = Fair(p, build.bound(), owner="brand", pending_ms=DAY)
    hold = fair.pending()
    p.later(DAY)
    _done(p.send(build.settle(hold), by="carol"))
    return fair.burn("alice", 70)


@scenario("account_frozen", 0)
def a_pending_claim_of_a_bound_asset_of_a_frozen_member(p: Play) -> Result:
    fair = Fair(p, build.bound(), owner="brand", pending_ms=DAY)
    hold = fair.pending()
    fair.freeze("bob")
    p.later(DAY)
    return p.send(build.settle(hold), by="carol")


@scenario("ok")
def a_pending_claim_of_a_bound_asset_is_released(p: Play) -> Result:
    fair = Fair(p, build.bound(), owner="brand", pending_ms=DAY)
    _done(p.send(build.release(fair.pending()), by="brand"))
    return fair.close()


@scenario("asset_bound", 0)
def a_pending_claim_of_a_bound_asset_from_another_than_its_issuer(p: Play) -> Result:
    return Fair(p, build.bound(), pending_ms=DAY).claim()


def _paid_beforehand(p: Play, amount: int) -> Result:
    fair = Fair(p, pending_ms=DAY)
    signed = fair.slip(amount)
    unsigned = p.unsigned([build.claim(fair.id, [signed])], ["carol"])
    p.ok(build.transfer(fair.asset, p.id("shop"), fair.hold_of(signed, unsigned), 1), by="shop")
    result = p.apply(build.sign(unsigned, [p.world.key("carol")]))
    if result == ("hold_exists", 0):
        _done(fair.claim(signed))
    return result


@scenario("hold_exists", 0)
def the_account_of_a_pending_claim_was_paid(p: Play) -> Result:
    """But by another transaction the slip is paid."""
    return _paid_beforehand(p, 100)


@scenario("budget_spent", 0)
def the_account_of_a_pending_claim_was_paid_and_there_is_no_budget(p: Play) -> Result:
    return _paid_beforehand(p, 1_001)


@scenario("asset_paused", 0)
def a_pending_claim_of_a_paused_asset_is_not_settled(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    fair.pause()
    p.later(DAY)
    return p.send(build.settle(hold), by="carol")


@scenario("hold_closed", 0)
def a_pending_claim_that_lapsed(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.fixed_expiry(2), pending_ms=3 * DAY)
    hold = fair.pending()
    p.later(3 * DAY)
    return p.send(build.settle(hold), by="carol")


# Closing.


@scenario("unknown_campaign", 0)
def no_campaign_is_closed(p: Play) -> Result:
    return p.send(build.close_campaign(bytes(32)), by="shop")


@scenario("unauthorized", 0)
def a_campaign_is_not_closed_by_somebody_before_its_end(p: Play) -> Result:
    fair = Fair(p)
    fair.pause()
    fair.at(ENDS - 1)
    return fair.close(by="carol")


@scenario("wrong_scope", 0)
def a_campaign_is_not_closed_without_the_scope(p: Play) -> Result:
    p.open("shop", build.grant(p.key("till"), [OPEN_CAMPAIGN]), "office")
    asset = _asset(p)
    _done(_open(p, asset=asset, by="shop/till"))
    return p.send(build.close_campaign(campaign_id(p.id("shop"), SALT)), by="shop/till")


@scenario("insufficient_funds", 0)
def a_campaign_without_notice_is_closed_at_once(p: Play) -> Result:
    fair = Fair(p)
    fair.paid()
    _done(fair.close())
    return fair.has("shop", 4_900)


@scenario("ok")
def a_campaign_is_closed_by_anybody_at_its_end(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    fair.at(ENDS)
    _done(fair.close(by="carol"))
    return fair.burn("shop", 5_000)


@scenario("ok")
def notice_is_given(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    fair.pause()
    fair.freeze("shop")
    return fair.close()


@scenario("insufficient_funds", 0)
def notice_gives_nothing_back(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    _done(fair.close())
    return fair.has("shop", 4_000)


@scenario("campaign_ending", 0)
def notice_is_given_twice(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    _done(fair.close())
    return fair.close()


@scenario("campaign_ending", 0)
def notice_is_given_when_the_end_is_near(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    fair.at(ENDS - DAY)
    return fair.close()


@scenario("ok")
def notice_is_given_just_before_the_end_is_near(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    fair.at(ENDS - DAY - 1)
    _done(fair.close())
    fair.at(ENDS - 1)
    return fair.close(by="carol")


@scenario("unauthorized", 0)
def notice_is_not_over_yet(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    _done(fair.close())
    p.later(DAY - 1)
    return fair.close(by="carol")


@scenario("ok")
def notice_is_over(p: Play) -> Result:
    fair = Fair(p, notice_ms=DAY)
    _done(fair.close())
    p.later(DAY)
    return fair.close(by="carol")


@scenario("asset_paused", 0)
def a_campaign_of_a_paused_asset_is_not_closed(p: Play) -> Result:
    fair = Fair(p)
    fair.pause()
    fair.freeze("shop")
    return fair.close()


@scenario("ok")
def a_close_that_was_refused_ends_nothing(p: Play) -> Result:
    fair = Fair(p)
    fair.freeze("shop")
    assert fair.close() == ("account_frozen", 0)
    return fair.claim()


@scenario("account_frozen", 0)
def a_campaign_of_a_frozen_owner_is_not_closed(p: Play) -> Result:
    fair = Fair(p)
    fair.at(ENDS)
    _done(fair.close(by="carol"))
    fair.freeze("shop")
    return fair.close(by="carol")


@scenario("campaign_closed", 0)
def a_campaign_is_closed_twice(p: Play) -> Result:
    fair = Fair(p)
    _done(fair.close())
    return fair.close(by="carol")


@scenario("ok")
def a_campaign_that_has_nothing_is_closed(p: Play) -> Result:
    fair = Fair(p)
    fair.paid(1_000)
    return fair.close()


@scenario("campaign_closed", 0)
def a_campaign_that_has_nothing_is_closed_twice(p: Play) -> Result:
    fair = Fair(p)
    fair.paid(1_000)
    _done(fair.close())
    return fair.close()


@scenario("ok")
def a_campaign_is_closed_after_something_came_back(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    _done(fair.close())
    _done(p.send(build.release(hold, 60), by="shop"))
    _done(fair.close(by="carol"))
    return fair.burn("shop", 4_960)


@scenario("campaign_closed", 0)
def a_campaign_is_closed_twice_after_something_came_back(p: Play) -> Result:
    fair = Fair(p, pending_ms=DAY)
    hold = fair.pending()
    _done(fair.close())
    _done(p.send(build.release(hold), by="shop"))
    _done(fair.close())
    return fair.close()


@scenario("ok")
def a_campaign_of_a_bound_asset_is_closed(p: Play) -> Result:
    return Fair(p, build.bound()).close()


@scenario("ok")
def a_campaign_of_lots_is_closed(p: Play) -> Result:
    fair = Fair(p, build.lots("day"))
    p.later(DAY)
    p.ok(build.mint(fair.asset, p.id("shop"), 7), by="brand")
    _done(fair.fund(4_007))
    fair.paid(600)
    return fair.close()


@scenario("ok")
def a_campaign_that_has_lapsed_in_part_is_closed(p: Play) -> Result:
    """What has lapsed is counted once."""
    fair = Fair(p, build.lots("day"), build.fixed_expiry(2))
    p.later(DAY)
    p.ok(build.mint(fair.asset, p.id("shop"), 60), by="brand")
    p.ok(build.transfer(fair.asset, p.id("shop"), p.id("dave"), 4_000), by="shop")
    _done(fair.fund(60))
    p.later(2 * DAY)
    _done(fair.close())
    return fair.burn("shop", 60)


@scenario("campaign_closed", 0)
def a_campaign_that_has_lapsed_is_closed_twice(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.fixed_expiry(2))
    p.later(3 * DAY)
    _done(fair.close())
    return fair.close()


@scenario("campaign_closed", 0)
def what_came_back_to_a_closed_campaign_and_lapsed(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.fixed_expiry(2), pending_ms=2 * DAY)
    hold = fair.pending()
    _done(fair.close())
    _done(p.send(build.release(hold), by="shop"))
    p.later(3 * DAY)
    return fair.close()


@scenario("ok")
def a_campaign_of_an_owner_whose_balance_lapsed_is_closed(p: Play) -> Result:
    fair = Fair(p, build.inactivity_expiry(2))
    p.later(9 * DAY)
    _done(fair.close())
    return fair.burn("shop", 1_000)


@scenario("too_many_lots", 0)
def a_campaign_gives_its_owner_a_65th_lot(p: Play) -> Result:
    fair = Fair(p, build.lots("day"), build.strict_lots())
    p.ok(build.burn(fair.asset, p.id("shop"), 4_000), by="shop")
    for _ in range(64):
        p.later(DAY)
        p.ok(build.mint(fair.asset, p.id("shop"), 1), by="brand")
    return fair.close()


# Keys that are not for campaigns.


@scenario("programme_account")
def signing_for_a_campaign(p: Play) -> Result:
    fair = Fair(p)
    unsigned = p.unsigned([build.once(p.id("carol"), bytes(32))], ["carol"])
    unsigned.authorizers.append(build.Value("Authorizer", account=fair.id, key=p.key("shop")))
    return p.apply(build.sign(unsigned, [p.world.key("carol"), p.world.key("shop")]))


@scenario("programme_account", 0)
def freezing_a_campaign(p: Play) -> Result:
    fair = Fair(p)
    return p.send(build.freeze(fair.asset, fair.id, frozen=True), by="brand")


@scenario("programme_account", 0)
def clawing_back_from_a_campaign(p: Play) -> Result:
    fair = Fair(p)
    return p.send(build.claw_back(fair.asset, fair.id, p.id("brand"), 1), by="brand")


# Terms of payment, and the end of an asset.


def _attested_members(p: Play) -> Fair:
    """A campaign of an asset that only members may be paid."""
    p.ok(build.schema(p.id("club"), "member", build.kind("nothing")), by="club")
    _attest(p, "shop")
    return Fair(p, build.attested_holders(schema_id(p.id("club"), "member"), p.id("club")), roles=_one())


@scenario("unknown_attestation", 0)
def a_claim_by_nobody_who_may_be_paid(p: Play) -> Result:
    fair = _attested_members(p)
    return fair.claim(_alone(fair))


@scenario("insufficient_funds", 0)
def a_claim_by_who_may_be_paid(p: Play) -> Result:
    fair = _attested_members(p)
    _attest(p, "alice")
    _done(fair.claim(_alone(fair)))
    return fair.has("alice", 100)


def _alone(fair: Fair, amount: int = 100) -> Value:
    return fair.slip(amount, "alice")


@scenario("max_holding_exceeded", 0)
def a_claim_of_one_more_than_anybody_may_have(p: Play) -> Result:
    fair = Fair(p, build.max_holding(5_000), roles=_one())
    p.ok(build.mint(fair.asset, p.id("alice"), 4_001), by="brand")
    _done(fair.claim(_alone(fair, 999)))
    return fair.claim(_alone(fair, 1))


@scenario("insufficient_funds", 0)
def a_claim_costs_no_fee(p: Play) -> Result:
    fair = Fair(p, build.fee(1_000, p.id("till")), roles=_one())
    _done(fair.claim(_alone(fair)))
    return fair.has("alice", 100)


def _ended(p: Play, **terms: object) -> Fair:
    """A campaign of an asset that ends a day later, when that day has come."""
    fair = Fair(p, build.sunset_notice(DAY), roles=_one(), **terms)  # type: ignore[arg-type]
    p.ok(build.sunset(fair.asset, START + 2 * DAY), by="brand")
    fair.at(START + 2 * DAY - 1)
    _done(fair.claim(_alone(fair)))
    fair.at(START + 2 * DAY)
    return fair


@scenario("budget_spent", 0)
def a_claim_after_the_asset_s_end(p: Play) -> Result:
    fair = _ended(p)
    return fair.claim(_alone(fair))


@scenario("asset_sunset", 0)
def a_campaign_is_given_more_after_the_asset_s_end(p: Play) -> Result:
    return _ended(p).fund(1)


@scenario("asset_sunset", 0)
def a_campaign_is_opened_after_the_asset_s_end(p: Play) -> Result:
    fair = _ended(p)
    made = build.campaign_terms(_one(), ends=ENDS)
    return p.send(build.open_campaign(p.id("shop"), b"o" * 16, fair.asset, 1, made), by="shop")
