"""Scenarios of the statuses that every transaction may meet, in the order of the checks."""

from __future__ import annotations

from tests.model import build
from tests.model.state import TRANSACTION
from tests.ops.play import DAY, HOUR, Play, Result, scenario

TRANSFER, PAY, MINT, BURN = 0x30, 0x31, 0x32, 0x33


def anything(p: Play, account: str = "alice", key: int = 0) -> build.Value:
    """An operation that succeeds with the authority of the account."""
    return build.once(p.id(account), bytes([key]) * 32)


@scenario("ok")
def a_transaction_is_applied(p: Play) -> Result:
    return p.send(anything(p), by="alice")


@scenario("ok")
def operations_apply_in_order(p: Play) -> Result:
    asset = p.asset(alice=10)
    move = build.transfer(asset, p.id("alice"), p.id("bob"), 10)
    back = build.transfer(asset, p.id("bob"), p.id("alice"), 10)
    return p.send(move, back, move, by="alice bob")


# 1. As bytes.


@scenario("malformed")
def no_bytes(p: Play) -> Result:
    return p.apply(b"")


@scenario("malformed")
def a_byte_too_many(p: Play) -> Result:
    return p.apply(p.signed(anything(p), by="alice") + b"\0")


@scenario("malformed")
def a_byte_too_few(p: Play) -> Result:
    return p.apply(p.signed(anything(p), by="alice")[:-1])


@scenario("malformed")
def one_byte(p: Play) -> Result:
    return p.apply(b"\1")


def patched(p: Play, operation: build.Value, old: bytes, new: bytes) -> Result:
    """A transaction whose operation has other bytes, and the signature to match them."""
    unsigned = p.unsigned([operation], ["alice"])
    written = TRANSACTION.write(unsigned)
    assert written.count(old) == 1
    signed = build.sign(unsigned, [p.world.key("alice")])
    assert signed.startswith(written)
    return p.apply(written.replace(old, new) + signed[len(written) :])


@scenario("malformed")
def an_unknown_operation(p: Play) -> Result:
    marker = b"\x13" + p.id("alice") + b"\xab" * 32
    return patched(p, build.once(p.id("alice"), b"\xab" * 32), marker, b"\xff" + marker[1:])


@scenario("malformed")
def a_bool_that_is_two(p: Play) -> Result:
    marker = b"\xcd" * 32 + b"\1"
    return patched(p, build.freeze(bytes(32), b"\xcd" * 32, frozen=True), marker, b"\xcd" * 32 + b"\2")


@scenario("malformed")
def an_option_that_is_two(p: Play) -> Result:
    operation = build.burn(bytes(32), p.id("bob"), 0xABCDEF)
    marker = (0xABCDEF).to_bytes(16, "little")
    return patched(p, operation, marker + b"\0", marker + b"\2")


@scenario("malformed")
def a_symbol_that_is_not_utf8(p: Play) -> Result:
    return patched(p, build.create(p.id("alice"), "SYMB", 2, 1, [], build.powers()), b"SYMB", b"SY\xffB")


@scenario("malformed")
def an_unknown_period(p: Play) -> Result:
    operation = build.create(p.id("alice"), "SYMB", 77, 1, [build.lots("month")], build.powers())
    head = b"SYMB" + bytes([77]) + (1).to_bytes(16, "little") + b"\1\0\0\0\1"
    return patched(p, operation, head + b"\1", head + b"\2")


@scenario("malformed")
def a_list_longer_than_the_bytes(p: Play) -> Result:
    operation = build.sweep(b"\xcd" * 32, [p.id("bob")])
    return patched(p, operation, b"\xcd" * 32 + b"\1\0\0\0", b"\xcd" * 32 + b"\xff\xff\xff\xff")


@scenario("unknown_version")
def version_2(p: Play) -> Result:
    return p.send(anything(p), by="alice", version=2)


@scenario("unknown_version")
def version_0_is_seen_before_nonsense(p: Play) -> Result:
    return p.apply(b"\0nonsense")


@scenario("too_large")
def far_too_many_bytes(p: Play) -> Result:
    return p.apply(bytes(61_029))


@scenario("unknown_version")
def as_many_bytes_as_are_looked_at(p: Play) -> Result:
    return p.apply(bytes(61_028))


@scenario("too_large")
def over_the_bytes_of_the_parameters(p: Play) -> Result:
    p.govern(transaction_bytes_max=1_024)
    return p.send(*[anything(p, key=key) for key in range(20)], by="alice", ledger=bytes(32))


@scenario("ok")
def exactly_the_bytes_of_the_parameters(p: Play) -> Result:
    p.govern(transaction_bytes_max=1_024)
    grants = sorted((build.grant(p.key(name), [0x11]) for name in ("till", "office")), key=lambda each: each.key)
    operations = [build.open_account(p.id("alice"), bytes(16), 1, grants), *(anything(p, key=n) for n in range(12))]
    spare = 1_024 - len(TRANSACTION.write(p.unsigned(operations, ["alice"])))
    for each in grants:
        more = [0x10, 0x12, 0x13, *range(0x20, 0x25), *range(0x30, 0x38), 0xA0][:spare]
        each.scope = sorted([0x11, *more])
        spare -= len(more)
    assert spare == 0
    return p.send(*operations, by="alice")


@scenario("wrong_ledger")
def signed_for_another_ledger(p: Play) -> Result:
    return p.send(anything(p), by="", ledger=bytes(32))


@scenario("no_authorizer")
def nobody_signs(p: Play) -> Result:
    return p.send(by="")


@scenario("too_many_authorizers")
def seventeen_authorizers(p: Play) -> Result:
    return p.send(anything(p), by=" ".join(["alice"] * 17))


@scenario("ok")
def sixteen_authorizers(p: Play) -> Result:
    return p.send(anything(p), by="alice " + " ".join(f"friend{n}" for n in range(15)))


@scenario("duplicate_authorizer")
def twice_the_same_authorizer(p: Play) -> Result:
    return p.send(anything(p), by="alice bob alice", signers="alice")


@scenario("signature_count")
def a_signature_is_missing(p: Play) -> Result:
    return p.send(by="alice bob", signers="alice")


@scenario("signature_count")
def a_signature_too_many(p: Play) -> Result:
    return p.send(anything(p), by="alice", signers="alice bob")


@scenario("no_operation")
def nothing_to_do(p: Play) -> Result:
    return p.send(by="alice", signers="bob")


@scenario("too_many_operations")
def more_operations_than_the_parameters_allow(p: Play) -> Result:
    p.govern(operations_max=2)
    return p.send(*[build.burn(bytes(32), p.id("alice"), 0)] * 3, by="alice")


@scenario("ok")
def as_many_operations_as_the_parameters_allow(p: Play) -> Result:
    p.govern(operations_max=2)
    return p.send(anything(p, key=1), anything(p, key=2), by="alice")


# 2 to 4. Fields, signatures, time.


@scenario("zero_amount", 1)
def fields_are_checked_before_signatures(p: Play) -> Result:
    return p.send(anything(p), build.burn(bytes(32), p.id("alice"), 0), by="alice", signers="bob")


@scenario("bad_signature")
def signed_with_another_key(p: Play) -> Result:
    return p.send(anything(p), by="alice bob", signers="alice mallory", valid_until=0)


@scenario("bad_signature")
def an_account_that_is_no_key(p: Play) -> Result:
    p.accounts["nobody"] = b"\xff" * 32
    return p.send(anything(p), by="nobody", signers="alice")


@scenario("bad_signature")
def a_signature_over_other_bytes(p: Play) -> Result:
    signed = bytearray(p.signed(anything(p), by="alice"))
    signed[-1] ^= 1
    return p.apply(bytes(signed))


@scenario("expired")
def valid_until_now(p: Play) -> Result:
    return p.send(anything(p), by="alice", valid_until=p.world.time)


@scenario("expired")
def an_applied_transaction_comes_back_late(p: Play) -> Result:
    signed = p.signed(anything(p), by="alice")
    assert p.apply(signed) == ("ok", None)
    p.later(HOUR)
    return p.apply(signed)


@scenario("ok")
def valid_until_the_next_millisecond(p: Play) -> Result:
    return p.send(anything(p), by="alice", valid_until=p.world.time + 1)


@scenario("too_far_ahead")
def valid_for_more_than_the_window(p: Play) -> Result:
    return p.send(anything(p), by="alice", valid_until=p.world.time + HOUR + 1)


@scenario("too_far_ahead")
def valid_for_ever(p: Play) -> Result:
    return p.send(anything(p), by="alice", valid_until=2**64 - 1)


# 5. Replay.


@scenario("ok")
def the_same_transaction_again(p: Play) -> Result:
    signed = p.signed(anything(p), by="alice")
    assert p.apply(signed) == ("ok", None)
    p.later(HOUR - 1)
    return p.apply(signed)


@scenario("ok")
def the_same_transaction_twice_in_a_batch(p: Play) -> Result:
    signed = p.signed(anything(p), by="alice")
    first, second = p.world.apply(signed, signed)
    assert first == second
    return second


@scenario("too_far_ahead")
def the_window_shrinks_before_a_transaction_comes_back(p: Play) -> Result:
    signed = p.signed(anything(p), by="alice")
    assert p.apply(signed) == ("ok", None)
    p.govern(window_ms=1_000)
    return p.apply(signed)


@scenario("nonce_reused")
def another_transaction_with_the_same_nonce(p: Play) -> Result:
    p.ok(anything(p, key=1), by="alice", nonce=b"n" * 16)
    return p.send(anything(p, key=2), by="alice bob", nonce=b"n" * 16)


@scenario("ok")
def a_nonce_is_free_when_its_transaction_has_expired(p: Play) -> Result:
    p.ok(anything(p, key=1), by="alice", nonce=b"n" * 16, valid_until=p.world.time + 500)
    p.later(500)
    return p.send(anything(p, key=2), by="alice", nonce=b"n" * 16)


@scenario("ok")
def a_refused_transaction_leaves_its_nonce_free(p: Play) -> Result:
    refused = p.send(build.sweep(bytes(32), [p.id("alice")]), by="alice", nonce=b"n" * 16)
    assert refused == ("unknown_asset", 0)
    return p.send(anything(p), by="alice", nonce=b"n" * 16)


@scenario("ok")
def a_nonce_belongs_to_the_first_authorizer(p: Play) -> Result:
    p.ok(anything(p, key=1), by="alice bob", nonce=b"n" * 16)
    return p.send(anything(p, key=2), by="bob alice", nonce=b"n" * 16)


@scenario("ok")
def a_nonce_belongs_to_the_key_of_the_first_authorizer(p: Play) -> Result:
    p.open("shop", "till", "office")
    p.ok(anything(p, "shop", 1), by="shop/till", nonce=b"n" * 16)
    return p.send(anything(p, "shop", 2), by="shop/office", nonce=b"n" * 16)


@scenario("nonce_reused")
def a_nonce_is_looked_at_before_the_authorizers(p: Play) -> Result:
    p.ok(build.set_keys(p.id("alice"), 1, [build.grant(p.key("new"))]), by="alice", nonce=b"n" * 16)
    return p.send(anything(p), by="alice", nonce=b"n" * 16)


@scenario("ok")
def the_transaction_that_set_the_keys_comes_back(p: Play) -> Result:
    signed = p.signed(build.set_keys(p.id("alice"), 1, [build.grant(p.key("new"))]), by="alice")
    assert p.apply(signed) == ("ok", None)
    return p.apply(signed)


# 6. Authorizers.


@scenario("key_missing")
def an_account_with_keys_signs_by_its_id(p: Play) -> Result:
    p.ok(build.set_keys(p.id("alice"), 1, [build.grant(p.key("phone"))]), by="alice")
    return p.send(anything(p), by="alice")


@scenario("key_unexpected")
def a_key_account_names_a_key(p: Play) -> Result:
    return p.send(anything(p), by="alice/alice")


@scenario("key_unexpected")
def the_first_authorizer_that_is_wrong_decides(p: Play) -> Result:
    p.open("shop", "till")
    return p.send(anything(p), by="alice/alice shop/stranger")


@scenario("unknown_key")
def the_other_first_authorizer_that_is_wrong_decides(p: Play) -> Result:
    p.open("shop", "till")
    return p.send(anything(p), by="shop/stranger alice/alice")


@scenario("unknown_key")
def a_key_that_the_account_does_not_have(p: Play) -> Result:
    p.open("shop", "till")
    return p.send(anything(p, "shop"), by="shop/till shop/stranger")


@scenario("unknown_key")
def a_key_that_was_replaced(p: Play) -> Result:
    p.open("shop", "till")
    p.ok(build.set_keys(p.id("shop"), 1, [build.grant(p.key("office"))]), by="shop/till")
    return p.send(anything(p, "shop"), by="shop/till")


@scenario("bad_signature")
def a_programme_account_has_no_key_of_its_own(p: Play) -> Result:
    p.programme("pool")
    return p.send(anything(p, "pool"), by="pool")


@scenario("programme_account")
def a_programme_account_signs_with_a_key(p: Play) -> Result:
    p.programme("pool")
    return p.send(anything(p, "pool"), by="pool/alice")


# 7. Authority.


@scenario("unauthorized", 1)
def somebody_else_signs(p: Play) -> Result:
    return p.send(anything(p, "alice"), anything(p, "bob"), by="alice")


@scenario("ok")
def an_authorizer_too_many(p: Play) -> Result:
    return p.send(anything(p), by="mallory alice bob")


@scenario("wrong_scope", 0)
def a_key_without_the_scope(p: Play) -> Result:
    p.open("shop", build.grant(p.key("till"), [TRANSFER]), "office")
    return p.send(anything(p, "shop"), by="shop/till")


@scenario("ok")
def a_key_with_the_scope(p: Play) -> Result:
    p.open("shop", build.grant(p.key("till"), [0x13]), "office")
    return p.send(anything(p, "shop"), by="shop/till")


@scenario("threshold_not_met", 0)
def one_key_of_two(p: Play) -> Result:
    p.open("shop", "till", "office", "safe", threshold=2)
    return p.send(anything(p, "shop"), by="shop/till")


@scenario("threshold_not_met", 0)
def two_keys_of_which_one_has_the_scope(p: Play) -> Result:
    p.open("shop", build.grant(p.key("till"), [TRANSFER]), "office", "safe", threshold=2)
    return p.send(anything(p, "shop"), by="shop/till shop/safe")


@scenario("ok")
def two_keys_of_two(p: Play) -> Result:
    p.open("shop", "till", "office", "safe", threshold=2)
    return p.send(anything(p, "shop"), by="shop/till shop/safe alice")


@scenario("ok")
def keys_set_in_a_transaction_count_from_the_next(p: Play) -> Result:
    p.open("shop", "till")
    new_keys = build.set_keys(p.id("shop"), 1, [build.grant(p.key("office"))])
    return p.send(new_keys, anything(p, "shop"), by="shop/till")


# Mandates.


def _mandated(p: Play, **changes: int) -> bytes:
    """Alice has 1,000 beans, and her agent may transfer and burn 100 of them an hour for a day."""
    asset = p.asset(alice=1_000)
    fields = {"cap": 100, "window_ms": HOUR, "until": p.world.time + DAY, **changes}
    p.ok(build.mandate(p.id("alice"), p.id("agent"), asset, build.limit([TRANSFER, BURN], **fields)), by="alice")
    return asset


def _spend(p: Play, asset: bytes, amount: int) -> build.Value:
    return build.transfer(asset, p.id("alice"), p.id("bob"), amount)


@scenario("ok")
def an_agent_spends_its_cap(p: Play) -> Result:
    asset = _mandated(p)
    return p.send(_spend(p, asset, 60), build.burn(asset, p.id("alice"), 40), by="agent")


@scenario("unauthorized", 0)
def a_stranger_has_no_mandate(p: Play) -> Result:
    return p.send(_spend(p, _mandated(p), 1), by="bob")


@scenario("unauthorized", 0)
def a_mandate_is_for_one_asset(p: Play) -> Result:
    _mandated(p)
    return p.send(_spend(p, p.asset(symbol="OTHER", alice=1), 1), by="agent")


@scenario("unauthorized", 1)
def what_allows_no_mandate(p: Play) -> Result:
    asset = _mandated(p)
    return p.send(_spend(p, asset, 1), anything(p), by="agent")


@scenario("mandate_operation", 0)
def an_operation_that_the_mandate_does_not_cover(p: Play) -> Result:
    asset = _mandated(p, cap=1, until=p.world.time + 1)
    p.later(1)
    return p.send(build.pay(asset, p.id("alice"), [build.payee(p.id("bob"), 2)]), by="agent")


@scenario("mandate_expired", 0)
def a_mandate_after_its_time(p: Play) -> Result:
    asset = _mandated(p, until=p.world.time + 500)
    p.later(500)
    return p.send(_spend(p, asset, 101), by="agent")


@scenario("mandate_spent", 0)
def more_than_the_cap(p: Play) -> Result:
    return p.send(_spend(p, _mandated(p), 101), by="agent")


@scenario("mandate_spent", 2)
def more_than_what_is_left_of_the_cap(p: Play) -> Result:
    asset = _mandated(p)
    return p.send(*[_spend(p, asset, 40)] * 3, by="agent")


@scenario("mandate_spent", 0)
def the_last_millisecond_of_a_window(p: Play) -> Result:
    asset = _mandated(p)
    p.ok(_spend(p, asset, 100), by="agent")
    p.later(HOUR - 1)
    return p.send(_spend(p, asset, 1), by="agent")


@scenario("ok")
def a_new_window_starts_unspent(p: Play) -> Result:
    asset = _mandated(p)
    p.ok(_spend(p, asset, 100), by="agent")
    p.later(HOUR)
    return p.send(_spend(p, asset, 100), by="agent")


@scenario("ok")
def a_refused_operation_spends_nothing(p: Play) -> Result:
    asset = _mandated(p)
    assert p.send(_spend(p, asset, 60), _spend(p, asset, 60), by="agent") == ("mandate_spent", 1)
    return p.send(_spend(p, asset, 100), by="agent")


@scenario("ok")
def what_the_account_signs_itself_spends_no_mandate(p: Play) -> Result:
    asset = _mandated(p)
    p.ok(_spend(p, asset, 500), by="alice agent")
    return p.send(_spend(p, asset, 100), by="agent")


@scenario("mandate_spent", 0)
def the_total_of_a_payment_is_spent(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    p.ok(
        build.mandate(p.id("alice"), p.id("agent"), asset, build.limit([PAY], 100, HOUR, p.world.time + DAY)),
        by="alice",
    )
    payees = [build.payee(p.id("bob"), 51), build.payee(p.id("carol"), 50)]
    return p.send(build.pay(asset, p.id("alice"), payees), by="agent")


@scenario("mandate_spent", 3)
def a_sum_over_128_bits_is_over_any_cap(p: Play) -> Result:
    most = 10**38 - 1
    asset = p.asset(supply_cap=most, alice=most)
    limit = build.limit([TRANSFER], 2**128 - 1, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("agent"), asset, limit), by="alice")
    back = build.transfer(asset, p.id("bob"), p.id("alice"), most)
    for _ in range(2):
        p.ok(_spend(p, asset, most), back, by="agent bob")
    return p.send(
        _spend(p, asset, most), back, build.once(p.id("bob"), bytes(32)), _spend(p, asset, most), by="agent bob"
    )


@scenario("ok")
def an_agent_mints(p: Play) -> Result:
    asset = p.asset()
    p.ok(
        build.mandate(p.id("brand"), p.id("agent"), asset, build.limit([MINT], 100, HOUR, p.world.time + DAY)),
        by="brand",
    )
    return p.send(build.mint(asset, p.id("bob"), 100), by="agent")


@scenario("mandate_spent", 0)
def the_first_authorizer_with_a_mandate_is_the_agent(p: Play) -> Result:
    asset = _mandated(p)
    wide = build.limit([TRANSFER], 1_000, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("other"), asset, wide), by="alice")
    return p.send(_spend(p, asset, 101), by="bob agent other")


@scenario("ok")
def the_order_of_authorizers_chooses_the_agent(p: Play) -> Result:
    asset = _mandated(p)
    wide = build.limit([TRANSFER], 1_000, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("other"), asset, wide), by="alice")
    return p.send(_spend(p, asset, 101), by="bob other agent")


@scenario("threshold_not_met", 0)
def the_agent_needs_its_own_threshold(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    p.open("shop", "till", "office", threshold=2)
    limit = build.limit([BURN], 100, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("shop"), asset, limit), by="alice")
    return p.send(_spend(p, asset, 1), by="shop/till")


@scenario("wrong_scope", 0)
def the_agent_needs_its_own_scope(p: Play) -> Result:
    asset = p.asset(alice=1_000)
    p.open("shop", "office", build.grant(p.key("till"), [BURN]))
    limit = build.limit([BURN], 100, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("alice"), p.id("shop"), asset, limit), by="alice")
    return p.send(_spend(p, asset, 1), by="shop/till")


@scenario("wrong_scope", 0)
def ones_own_wrong_scope_is_not_mended_by_a_mandate(p: Play) -> Result:
    p.open("shop", "office", build.grant(p.key("till"), [BURN]))
    asset = p.asset(shop=100)
    limit = build.limit([TRANSFER], 100, HOUR, p.world.time + DAY)
    p.ok(build.mandate(p.id("shop"), p.id("agent"), asset, limit), by="shop/office")
    return p.send(build.transfer(asset, p.id("shop"), p.id("bob"), 1), by="agent shop/till")


# 8. The entry.


@scenario("too_large")
def an_entry_that_would_be_too_long(p: Play) -> Result:
    asset = p.asset(build.lots("day"))
    alice, bob = p.id("alice"), p.id("bob")
    for _ in range(64):
        p.ok(build.mint(asset, alice, 1), by="brand")
        p.later(DAY)
    there, back = build.transfer(asset, alice, bob, 64), build.transfer(asset, bob, alice, 64)
    p.ok(*[there, back] * 22, by="alice bob")
    return p.send(*[there, back] * 26, by="alice bob")
