"""Scenarios of family 6, attest."""

from __future__ import annotations

from typing import Any

from tests.model import build
from tests.model.attest import schema_id
from tests.model.build import content, kind
from tests.ops.play import DAY, HOUR, Play, Result, scenario

ATTEST, REVOKE, TRANSFER = 0x61, 0x62, 0x30
LEAST, MOST = -(2**63), 2**63 - 1
NOTHING = content("nothing")


def _send_schema(p: Play, *, name: str = "member", says: Any = None, by: str = "club", **fields: Any) -> Result:
    return p.send(build.schema(p.id("club"), name, says or kind("nothing"), **fields), by=by)


def _schema(p: Play, name: str = "member", says: Any = None, **fields: Any) -> bytes:
    """A schema of the key `club`."""
    assert _send_schema(p, name=name, says=says, **fields) == ("ok", None)
    return schema_id(p.id("club"), name)


def _attest(
    p: Play, schema: bytes, subject: str = "alice", says: Any = NOTHING, issuer: str = "club", **fields: Any
) -> Result:
    by = fields.pop("by", issuer)
    return p.send(build.attest(schema, p.id(issuer), p.id(subject), says, **fields), by=by)


def _revoke(p: Play, schema: bytes, subject: str = "alice", issuer: str = "club", **fields: Any) -> Result:
    by = fields.pop("by", issuer)
    return p.send(build.revoke(schema, p.id(issuer), p.id(subject), **fields), by=by)


def _refer(p: Play, schema: bytes, subject: str, to: str, **fields: Any) -> Result:
    return _attest(p, schema, subject, content("edge", to=p.id(to)), **fields)


def _done(result: Result) -> None:
    assert result == ("ok", None), result


# Schemas.


@scenario("ok")
def the_smallest_schema(p: Play) -> Result:
    return _send_schema(p, name="a", says=kind("bytes", most=1))


@scenario("ok")
def the_largest_schema(p: Play) -> Result:
    return _send_schema(
        p,
        name="abcdefghijklmnopqrstuvwxyz012._-",
        says=kind("integer", least=LEAST, most=MOST),
        issuers=sorted(p.id(f"issuer{n}") for n in range(16)),
        subjects=build.requirement(b"\xff" * 32, b"\xff" * 32),
    )


@scenario("ok")
def schemas_of_one_name_by_two(p: Play) -> Result:
    _schema(p)
    return p.send(build.schema(p.id("alice"), "member", kind("edge")), by="alice")


@scenario("invalid_name", 0)
def a_schema_without_a_name(p: Play) -> Result:
    return _send_schema(p, name="", says=kind("bytes", most=0))


@scenario("invalid_name", 0)
def a_name_of_33_letters(p: Play) -> Result:
    return _send_schema(p, name="a" * 33)


@scenario("invalid_name", 0)
def a_name_in_capitals(p: Play) -> Result:
    return _send_schema(p, name="Member")


@scenario("invalid_name", 0)
def a_name_with_a_newline(p: Play) -> Result:
    return _send_schema(p, name="member\n")


@scenario("invalid_name", 0)
def a_name_that_is_not_ascii(p: Play) -> Result:
    return _send_schema(p, name="café")


@scenario("invalid_content_kind", 0)
def a_range_without_integers(p: Play) -> Result:
    return _send_schema(p, says=kind("integer", least=1, most=0), issuers=[bytes(32)] * 2)


@scenario("ok")
def a_range_of_one_integer(p: Play) -> Result:
    schema = _schema(p, says=kind("integer", least=-7, most=-7))
    return _attest(p, schema, says=content("integer", value=-7))


@scenario("invalid_content_kind", 0)
def bytes_of_which_there_are_none(p: Play) -> Result:
    return _send_schema(p, says=kind("bytes", most=0))


@scenario("invalid_content_kind", 0)
def bytes_of_which_there_are_257(p: Play) -> Result:
    return _send_schema(p, says=kind("bytes", most=257))


@scenario("invalid_issuers", 0)
def seventeen_issuers(p: Play) -> Result:
    return _send_schema(p, issuers=sorted(p.id(f"issuer{n}") for n in range(17)), by="alice")


@scenario("invalid_issuers", 0)
def issuers_that_descend(p: Play) -> Result:
    return _send_schema(p, issuers=[b"\x02" * 32, b"\x01" * 32])


@scenario("invalid_issuers", 0)
def an_issuer_twice(p: Play) -> Result:
    return _send_schema(p, issuers=[b"\x01" * 32] * 2)


@scenario("unauthorized", 0)
def a_schema_in_the_name_of_another(p: Play) -> Result:
    _schema(p)
    return _send_schema(p, by="alice")


@scenario("schema_exists", 0)
def a_schema_again(p: Play) -> Result:
    _schema(p)
    return _send_schema(p, says=kind("edge"))


@scenario("schema_exists", 1)
def a_schema_twice_in_a_transaction(p: Play) -> Result:
    return p.send(*[build.schema(p.id("club"), "member", kind("nothing"))] * 2, by="club")


# What is attested.


@scenario("ok")
def a_member(p: Play) -> Result:
    return _attest(p, _schema(p))


@scenario("ok")
def a_member_in_one_transaction_with_the_schema(p: Play) -> Result:
    club = p.id("club")
    schema = build.schema(club, "member", kind("nothing"))
    return p.send(schema, build.attest(schema_id(club, "member"), club, p.id("alice"), NOTHING), by="club")


@scenario("ok")
def an_issuer_attests_itself(p: Play) -> Result:
    return _attest(p, _schema(p), subject="club")


@scenario("ok")
def a_badge_for_each_nonce_and_each_issuer(p: Play) -> Result:
    schema = _schema(p)
    for nonce in (bytes(32), b"\x01" * 32):
        for issuer in ("club", "alice", "bob"):
            _done(_attest(p, schema, issuer=issuer, nonce=nonce))
    return _revoke(p, schema, nonce=b"\x01" * 32)


@scenario("ok")
def a_member_by_a_named_account(p: Play) -> Result:
    p.open("desk", build.grant(p.key("phone"), [ATTEST]), "office")
    _done(p.send(build.attest(_schema(p), p.id("desk"), p.id("alice"), NOTHING), by="desk/phone"))
    return p.send(build.revoke(schema_id(p.id("club"), "member"), p.id("desk"), p.id("alice")), by="desk/office")


@scenario("wrong_scope", 0)
def revoking_without_the_scope(p: Play) -> Result:
    p.open("desk", build.grant(p.key("phone"), [ATTEST]), "office")
    schema = _schema(p)
    _done(p.send(build.attest(schema, p.id("desk"), p.id("alice"), NOTHING), by="desk/phone"))
    return p.send(build.revoke(schema, p.id("desk"), p.id("alice")), by="desk/phone")


@scenario("self_reference", 0)
def a_reference_to_oneself(p: Play) -> Result:
    return _refer(p, bytes(32), "alice", "alice", by="bob")


@scenario("self_reference", 0)
def a_reference_to_oneself_is_wrong_by_any_schema(p: Play) -> Result:
    return _refer(p, _schema(p), "alice", "alice")


@scenario("unknown_schema", 0)
def attested_by_no_schema(p: Play) -> Result:
    return _attest(p, bytes(32), by="alice")


@scenario("unauthorized", 0)
def attested_in_the_name_of_another(p: Play) -> Result:
    return _attest(p, _schema(p, issuers=[p.id("bob")]), by="bob")


@scenario("ok")
def the_last_of_the_issuers(p: Play) -> Result:
    issuers = sorted(p.id(name) for name in ("bob", "carol", "dave"))
    schema = _schema(p, issuers=issuers)
    (last,) = (name for name in ("bob", "carol", "dave") if p.id(name) == issuers[-1])
    return _attest(p, schema, issuer=last)


@scenario("issuer_not_allowed", 0)
def an_issuer_that_is_not_listed(p: Play) -> Result:
    return _attest(p, _schema(p, issuers=[p.id("bob")]), says=content("edge", to=bytes(32)))


@scenario("wrong_content", 0)
def content_where_there_is_none(p: Play) -> Result:
    return _attest(p, _schema(p), says=content("integer", value=0), expires=p.world.time)


@scenario("wrong_content", 0)
def no_content_where_there_is_some(p: Play) -> Result:
    return _attest(p, _schema(p, says=kind("commitment")))


@scenario("wrong_content", 0)
def a_commitment_where_an_edge_is_due(p: Play) -> Result:
    return _attest(p, _schema(p, says=kind("edge")), says=content("commitment", hash=bytes(32)))


@scenario("wrong_content", 0)
def an_edge_where_a_commitment_is_due(p: Play) -> Result:
    return _attest(p, _schema(p, says=kind("commitment")), says=content("edge", to=bytes(32)))


@scenario("ok")
def a_commitment(p: Play) -> Result:
    return _attest(p, _schema(p, says=kind("commitment")), says=content("commitment", hash=b"h" * 32))


def _stars(p: Play, stars: int) -> Result:
    schema = _schema(p, says=kind("integer", least=-1, most=5))
    return _attest(p, schema, says=content("integer", value=stars))


@scenario("ok")
def the_most_stars(p: Play) -> Result:
    return _stars(p, 5)


@scenario("ok")
def the_fewest_stars(p: Play) -> Result:
    return _stars(p, -1)


@scenario("wrong_content", 0)
def a_star_too_many(p: Play) -> Result:
    return _stars(p, 6)


@scenario("wrong_content", 0)
def a_star_too_few(p: Play) -> Result:
    return _stars(p, -2)


@scenario("ok")
def the_ends_of_all_integers(p: Play) -> Result:
    schema = _schema(p, says=kind("integer", least=LEAST, most=MOST))
    _done(_attest(p, schema, says=content("integer", value=LEAST)))
    return _attest(p, schema, subject="bob", says=content("integer", value=MOST))


@scenario("ok")
def all_256_bytes(p: Play) -> Result:
    schema = _schema(p, says=kind("bytes", most=256))
    return _attest(p, schema, says=content("bytes", value=bytes(range(256))))


@scenario("wrong_content", 0)
def content_of_a_byte_too_many(p: Play) -> Result:
    return _attest(p, _schema(p, says=kind("bytes", most=3)), says=content("bytes", value=b"gold"))


@scenario("wrong_content", 0)
def content_of_no_bytes(p: Play) -> Result:
    return _attest(p, _schema(p, says=kind("bytes", most=3)), says=content("bytes", value=b""))


@scenario("expiry_passed", 0)
def a_membership_that_ends_now(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema))
    return _attest(p, schema, expires=p.world.time)


@scenario("expiry_passed", 0)
def a_membership_that_ended_at_the_beginning(p: Play) -> Result:
    return _attest(p, _schema(p, subjects=build.requirement(bytes(32), bytes(32))), expires=0)


@scenario("attestation_exists", 0)
def a_member_again(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema))
    return _attest(p, schema, expires=p.world.time + HOUR)


@scenario("attestation_exists", 1)
def a_member_twice_in_a_transaction(p: Play) -> Result:
    return p.send(*[build.attest(_schema(p), p.id("club"), p.id("alice"), NOTHING)] * 2, by="club")


@scenario("attestation_exists", 0)
def a_member_again_a_millisecond_too_early(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema, expires=p.world.time + HOUR))
    p.later(HOUR - 1)
    return _attest(p, schema)


@scenario("ok")
def a_member_again_when_it_has_expired(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema, expires=p.world.time + HOUR))
    p.later(HOUR)
    return _attest(p, schema, expires=p.world.time + 1)


@scenario("ok")
def a_member_again_after_it_was_revoked(p: Play) -> Result:
    schema = _schema(p)
    for _ in range(3):
        _done(_attest(p, schema))
        _done(_revoke(p, schema))
    return _attest(p, schema)


@scenario("ok")
def revoked_and_attested_anew_in_a_transaction(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema))
    club, alice = p.id("club"), p.id("alice")
    return p.send(build.revoke(schema, club, alice), build.attest(schema, club, alice, NOTHING), by="club")


# What subjects need.


def _badge(p: Play) -> tuple[bytes, bytes]:
    """A schema of members, and one of badges that only members get."""
    member = _schema(p)
    return member, _schema(p, "badge", subjects=build.requirement(member, p.id("club")))


@scenario("ok")
def a_badge_for_a_member(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member))
    return _attest(p, badge, issuer="bob", nonce=b"\x01" * 32)


@scenario("unknown_attestation", 0)
def a_badge_for_a_stranger(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member, subject="bob"))
    return _attest(p, badge)


@scenario("unknown_attestation", 0)
def a_badge_for_a_member_by_another_nonce(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member, nonce=b"\x01" * 32))
    return _attest(p, badge)


@scenario("unknown_attestation", 0)
def a_badge_for_who_is_a_member_of_another_issuer(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member, issuer="alice"))
    return _attest(p, badge)


@scenario("unknown_attestation", 0)
def a_badge_for_members_by_no_schema(p: Play) -> Result:
    return _attest(p, _schema(p, subjects=build.requirement(bytes(32), p.id("club"))))


@scenario("attestation_revoked", 0)
def a_badge_for_who_was_a_member(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member))
    _done(_revoke(p, member))
    return _attest(p, badge)


@scenario("attestation_revoked", 0)
def a_badge_for_who_was_a_member_until_two_things_happened(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member, expires=p.world.time + 1))
    p.later(1)
    _done(_revoke(p, member))
    return _attest(p, badge)


@scenario("attestation_expired", 0)
def a_badge_when_the_membership_ends(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member, expires=p.world.time + HOUR))
    _done(_attest(p, badge))
    p.later(HOUR)
    return _attest(p, badge)


@scenario("ok")
def a_badge_a_millisecond_before_the_membership_ends(p: Play) -> Result:
    member, badge = _badge(p)
    _done(_attest(p, member, expires=p.world.time + HOUR))
    p.later(HOUR - 1)
    return _attest(p, badge, expires=p.world.time + DAY)


# Edges.


def _chain(p: Play, length: int, schema: bytes) -> None:
    """So many edges: 0 → 1 → 2 …"""
    club = p.id("club")
    edges = [content("edge", to=p.id(str(n + 1))) for n in range(length)]
    attested = [build.attest(schema, club, p.id(str(n)), edge) for n, edge in enumerate(edges)]
    p.ok(*reversed(attested[:60]), by="club")
    p.ok(*attested[60:] or [build.once(club, bytes(32))], by="club")


@scenario("ok")
def two_referred_by_one(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "carol"))
    return _refer(p, schema, "bob", "carol")


@scenario("reference_cycle", 0)
def two_refer_to_each_other(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "bob"))
    return _refer(p, schema, "bob", "alice")


@scenario("reference_cycle", 2)
def three_refer_to_each_other_in_a_transaction(p: Play) -> Result:
    schema, names = _schema(p, says=kind("edge")), ("alice", "bob", "carol")
    ids = [p.id(name) for name in names]
    edges = [(ids[n], content("edge", to=ids[(n + 1) % 3])) for n in range(3)]
    return p.send(*[build.attest(schema, p.id("club"), subject, edge) for subject, edge in edges], by="club")


@scenario("attestation_exists", 0)
def a_circle_of_what_is_there(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "bob"))
    _done(_refer(p, schema, "bob", "carol"))
    return _refer(p, schema, "bob", "alice")


@scenario("ok")
def a_circle_by_two_issuers_is_none(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "bob"))
    return _refer(p, schema, "bob", "alice", issuer="dave")


@scenario("ok")
def a_circle_by_two_nonces_is_none(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "bob"))
    return _refer(p, schema, "bob", "alice", nonce=b"\x01" * 32)


@scenario("ok")
def a_circle_with_an_edge_that_was_revoked_is_none(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "bob"))
    _done(_revoke(p, schema, "alice"))
    return _refer(p, schema, "bob", "alice")


@scenario("ok")
def a_circle_with_an_edge_that_expired_is_none(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "bob", expires=p.world.time + HOUR))
    p.later(HOUR)
    return _refer(p, schema, "bob", "alice")


@scenario("reference_cycle", 0)
def a_circle_with_an_edge_that_expires_in_a_millisecond(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _done(_refer(p, schema, "alice", "bob", expires=p.world.time + HOUR))
    p.later(HOUR - 1)
    return _refer(p, schema, "bob", "alice")


@scenario("ok")
def sixty_four_edges_ahead(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _chain(p, 64, schema)
    return _refer(p, schema, "alice", "0")


@scenario("reference_too_deep", 0)
def sixty_five_edges_ahead(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _chain(p, 65, schema)
    return _refer(p, schema, "alice", "0")


@scenario("reference_cycle", 0)
def a_circle_that_the_sixty_fourth_step_closes(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _chain(p, 64, schema)
    return _refer(p, schema, "64", "0")


@scenario("reference_too_deep", 0)
def a_circle_that_the_sixty_fifth_step_would_close(p: Play) -> Result:
    schema = _schema(p, says=kind("edge"))
    _chain(p, 65, schema)
    return _refer(p, schema, "65", "0")


# Revoking.


@scenario("unknown_schema", 0)
def revoked_by_no_schema(p: Play) -> Result:
    return _revoke(p, bytes(32), by="alice")


@scenario("unauthorized", 0)
def revoked_by_the_subject(p: Play) -> Result:
    schema = _schema(p, revocable=False)
    _done(_attest(p, schema))
    return _revoke(p, schema, by="alice")


@scenario("irrevocable", 0)
def what_cannot_be_revoked(p: Play) -> Result:
    schema = _schema(p, revocable=False)
    _done(_attest(p, schema))
    return _revoke(p, schema)


@scenario("irrevocable", 0)
def what_cannot_be_revoked_and_was_never_said(p: Play) -> Result:
    return _revoke(p, _schema(p, revocable=False))


@scenario("unknown_attestation", 0)
def revoked_by_who_never_said_it(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema))
    return _revoke(p, schema, issuer="bob")


@scenario("unknown_attestation", 0)
def revoked_by_another_nonce(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema))
    return _revoke(p, schema, nonce=b"\x01" * 32)


@scenario("already_revoked", 0)
def revoked_again(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema))
    _done(_revoke(p, schema, why=build.reason(7, b"e" * 32)))
    p.later(HOUR)
    return _revoke(p, schema)


@scenario("ok")
def revoked_though_it_has_expired(p: Play) -> Result:
    schema = _schema(p)
    _done(_attest(p, schema, expires=p.world.time + 1))
    p.later(DAY)
    return _revoke(p, schema, why=build.reason(2**16 - 1))


# Delegation.


def _delegate(p: Play, schema: bytes, cap: int = 2, operations: tuple[int, ...] = (ATTEST, REVOKE)) -> Result:
    limit = build.limit(list(operations), cap, HOUR, p.world.time + DAY)
    return p.send(build.mandate(p.id("club"), p.id("desk"), schema, limit), by="club")


@scenario("ok")
def a_mandate_to_attest_and_to_revoke(p: Play) -> Result:
    schema = _schema(p, issuers=[p.id("club")])
    _done(_delegate(p, schema))
    _done(_attest(p, schema, by="desk"))
    return _revoke(p, schema, by="desk")


@scenario("mandate_spent", 0)
def a_mandate_to_attest_and_to_revoke_twice(p: Play) -> Result:
    schema = _schema(p)
    _done(_delegate(p, schema))
    _done(_attest(p, schema, by="desk"))
    _done(_revoke(p, schema, by="desk"))
    p.later(HOUR - 1)
    return _attest(p, schema, by="desk", says=content("edge", to=bytes(32)))


@scenario("ok")
def a_mandate_to_attest_in_the_next_window(p: Play) -> Result:
    schema = _schema(p)
    _done(_delegate(p, schema, cap=1))
    _done(_attest(p, schema, by="desk"))
    p.later(HOUR)
    return _attest(p, schema, subject="bob", by="desk")


@scenario("ok")
def what_was_refused_spends_no_mandate(p: Play) -> Result:
    schema = _schema(p)
    _done(_delegate(p, schema, cap=1))
    assert _attest(p, schema, by="desk", expires=0) == ("expiry_passed", 0)
    return _attest(p, schema, by="desk")


@scenario("mandate_operation", 0)
def a_mandate_to_attest_does_not_revoke(p: Play) -> Result:
    schema = _schema(p)
    _done(_delegate(p, schema, operations=(ATTEST,)))
    _done(_attest(p, schema, by="desk"))
    return _revoke(p, schema, by="desk")


@scenario("unauthorized", 0)
def a_mandate_for_another_schema(p: Play) -> Result:
    _done(_delegate(p, _schema(p)))
    return _attest(p, _schema(p, "badge"), by="desk")


@scenario("mandate_expired", 0)
def a_mandate_to_attest_that_is_over(p: Play) -> Result:
    schema = _schema(p)
    _done(_delegate(p, schema))
    p.later(DAY)
    return _attest(p, schema, by="desk")


@scenario("invalid_mandate", 0)
def a_mandate_for_a_schema_and_an_asset(p: Play) -> Result:
    return _delegate(p, _schema(p), operations=(TRANSFER, ATTEST))


@scenario("invalid_mandate", 0)
def a_mandate_to_make_schemas(p: Play) -> Result:
    return _delegate(p, _schema(p), operations=(0x60, ATTEST))


@scenario("unknown_schema", 0)
def a_mandate_to_attest_by_an_asset(p: Play) -> Result:
    return _delegate(p, p.asset())


@scenario("unknown_asset", 0)
def a_mandate_to_transfer_by_a_schema(p: Play) -> Result:
    return _delegate(p, _schema(p), operations=(TRANSFER,))


@scenario("invalid_mandate", 0)
def a_mandate_to_attest_by_no_schema_that_ends_now(p: Play) -> Result:
    limit = build.limit([ATTEST], 1, HOUR, p.world.time)
    return p.send(build.mandate(p.id("club"), p.id("desk"), bytes(32), limit), by="club")


@scenario("ok")
def a_mandate_to_attest_revoked(p: Play) -> Result:
    schema = _schema(p)
    _done(_delegate(p, schema))
    return p.send(build.mandate(p.id("club"), p.id("desk"), schema, None), by="club")
