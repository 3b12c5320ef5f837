"""Referrals: one referrer for ever and never in a circle, codes that tell nothing, a reward once for each member."""

from __future__ import annotations

import secrets
import time as clock

import pytest
from counterfoil import Key, Ledger
from counterfoil.brands import Programme, Rank, Referrals, Rewards
from counterfoil.brands.codes import make_code, read_code
from counterfoil.exceptions import KeyReusedError
from counterfoil.members import Members
from counterfoil.ops import Attest, Claim, Edge, Revoke, SignedSlip, Slip
from counterfoil.verify import Verifier, attestation_id

from tests.calls import refused, standing

ROASTER, BAKERY, ANN, BOB, CAT = (Key.from_seed(bytes([number]) * 32) for number in (21, 22, 23, 24, 26))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "club", origin="club.example/beans", operator=ROASTER, time=START) as made:
        yield made


@pytest.fixture
def beans(ledger):
    return Programme.launch(ledger, ROASTER, symbol="BEAN", time=START)


@pytest.fixture
def referrals(beans):
    return Referrals.launch(beans, time=START)


@pytest.fixture
def rewards(referrals):
    return referrals.rewards(budget=100, reward=31, to_referrer_bps=7_000, ends=START + 30 * DAY, time=START)


def _join(referrals, member, referrer):
    return referrals.join(member.account, referrals.code(referrer.account, time=START), time=START)


# Codes.


def test_a_code_is_read_as_people_type_it():
    code = make_code(bytes(32), characters=20, group=4)
    assert [len(group) for group in code.split("-")] == [4] * 5
    plain = code.replace("-", "")
    for typed in (code, plain, code.lower(), code.replace("-", " "), f"  {code}\n", code.replace("-", "\u2013")):
        assert read_code(typed, characters=20) == plain
    codes = [make_code(secrets.token_bytes(32), characters=20, group=4) for _ in range(200)]
    assert len(set(codes)) == 200
    for code in codes:
        for right, others in (("0", "Oo"), ("1", "IilL")):
            for other in others:
                assert read_code(code.replace(right, other), characters=20) == code.replace("-", "")


def test_every_mistyped_character_and_every_swap_is_noticed():
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    for number in range(20):
        code = make_code(bytes([number]) * 32, characters=10, group=10)
        for place, right in enumerate(code):
            for wrong in digits.replace(right, ""):
                with pytest.raises(ValueError, match="mistyped"):
                    read_code(code[:place] + wrong + code[place + 1 :], characters=10)
            swapped = code[:place] + code[place : place + 2][::-1] + code[place + 2 :]
            if swapped != code:
                with pytest.raises(ValueError, match="mistyped"):
                    read_code(swapped, characters=10)


def test_what_can_be_no_code_is_said_without_it():
    code = make_code(bytes(32), characters=10, group=5)
    for wrong, error, message in (
        (None, TypeError, "expected a text, found NoneType"),
        (b"GE9G6-54S2A", TypeError, "found bytes"),
        ("", ValueError, "expected 10 characters, found 0"),
        (code[:-1], ValueError, "expected 10 characters, found 9"),
        (code + "0", ValueError, "found 11"),
        ("0" * 10**6, ValueError, "found more"),
        (code[:-1] + "U", ValueError, "another character at 10"),
        (code[:-1] + "*", ValueError, "another character at 10"),
        ("\u0131" + code[1:], ValueError, "another character at 1"),
        ("\ud800" + code[1:], ValueError, "another character at 1"),
        ("\uff11" + code[1:], ValueError, "another character at 1"),
    ):
        with pytest.raises(error, match=message) as caught:
            read_code(wrong, characters=10)
        assert code[:9].replace("-", "") not in str(caught.value)


def test_a_code_is_a_member_s_and_tells_nothing(tmp_path, ledger, beans, referrals):
    code = referrals.code(ANN.account, time=START)
    size = ledger.size
    assert referrals.code(ANN.account, time=START) == code
    assert Referrals(beans).code(ANN.account, time=START) == code
    assert ledger.size == size
    assert referrals.whose(code) == ANN.account
    assert referrals.whose(code.lower().replace("-", "")) == ANN.account
    assert referrals.code(BOB.account, time=START) != code
    ledger.checkpoint(time=START)
    ledger.flush()
    for path in (tmp_path / "club").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert code.encode() not in data
            assert code.replace("-", "").encode() not in data


def test_codes_cannot_be_told_from_accounts(ledger, beans, referrals):
    """Another brand with the same account ids makes other codes, and does not know ours."""
    code = referrals.code(ANN.account, time=START)
    buns = Referrals.launch(Programme.launch(ledger, BAKERY, symbol="BUN", time=START), time=START)
    assert buns.code(ANN.account, time=START) != code
    root = standing(ledger)
    for call in (buns.whose, lambda other: buns.join(BOB.account, other, time=START)):
        with pytest.raises(LookupError, match="code: expected one that is valid here") as caught:
            call(code)
        assert code not in str(caught.value)
    assert standing(ledger) == root
    # Nor do another programme's of the same brand, unless they share the schemas.
    other = Referrals.launch(beans, name="friends", time=START)
    assert other.code(ANN.account, time=START) != code
    with pytest.raises(LookupError, match="unknown or was revoked"):
        other.whose(code)


def test_unknown_and_mistyped_codes(ledger, referrals):
    unknown = make_code(bytes([7]) * 32, characters=10, group=5)
    root = standing(ledger)
    with pytest.raises(LookupError, match="unknown or was revoked"):
        referrals.join(BOB.account, unknown, time=START)
    mistyped = unknown[:-1] + ("0" if unknown[-1] != "0" else "1")
    with pytest.raises(ValueError, match="mistyped"):
        referrals.join(BOB.account, mistyped, time=START)
    assert standing(ledger) == root


def test_a_revoked_code_brings_nobody_and_the_member_gets_another(referrals):
    code = referrals.code(ANN.account, time=START)
    referrals.join(BOB.account, code, time=START)
    referrals.revoke(ANN.account, reason=3, time=START)
    with pytest.raises(LookupError, match="unknown or was revoked"):
        referrals.join(CAT.account, code, time=START)
    assert referrals.referrer(BOB.account) == ANN.account
    with pytest.raises(LookupError, match="member: expected one that has a code"):
        referrals.revoke(ANN.account, time=START)
    second = referrals.code(ANN.account, time=START)
    assert second != code
    assert referrals.code(ANN.account, time=START) == second
    assert referrals.join(CAT.account, second, time=START).referrer == ANN.account


# Who brought whom.


def test_nobody_brings_itself(ledger, referrals):
    code = referrals.code(ANN.account, time=START)
    root = standing(ledger)
    refused("self_reference", referrals.join, ANN.account, code, time=START)
    assert standing(ledger) == root


def test_referrals_never_lead_in_a_circle(ledger, referrals):
    _join(referrals, BOB, ANN)
    codes = [referrals.code(who.account, time=START) for who in (BOB, CAT)]
    root = standing(ledger)
    refused("reference_cycle", referrals.join, ANN.account, codes[0], time=START)
    assert standing(ledger) == root
    _join(referrals, CAT, BOB)
    root = standing(ledger)
    refused("reference_cycle", referrals.join, ANN.account, codes[1], time=START)
    assert standing(ledger) == root


def test_a_member_has_one_referrer_for_ever(ledger, referrals):
    _join(referrals, BOB, ANN)
    code = referrals.code(CAT.account, time=START)
    root = standing(ledger)
    refused("attestation_exists", referrals.join, BOB.account, code, time=START)
    revoke = Revoke(schema=referrals.schema, issuer=ROASTER.account, subject=BOB.account)
    refused("irrevocable", ledger.execute, [revoke], ROASTER, time=START)
    forged = Attest(schema=referrals.schema, issuer=CAT.account, subject=BOB.account, content=Edge(CAT.account))
    refused("issuer_not_allowed", ledger.execute, [forged], CAT, time=START)
    assert standing(ledger) == root
    assert (referrals.referrer(BOB.account), referrals.referrer(ANN.account)) == (ANN.account, None)


def test_a_referral_is_proven(ledger, referrals):
    _join(referrals, BOB, ANN)
    ledger.checkpoint(time=START)
    record = attestation_id(referrals.schema, ROASTER.account, BOB.account, bytes(32))
    statement = bytes(ledger.prove("attestations", record, key=referrals.schema))
    assert Verifier(ledger.verifier_key).record(statement).value.content == Edge(ANN.account)


# Rewards.


def test_both_are_rewarded_once(ledger, beans, referrals, rewards):
    _join(referrals, BOB, ANN)
    reward = rewards.pay(BOB.account, order="A17", time=START)
    assert (reward.to_member, reward.to_referrer) == (10, 21)
    assert (beans.balance(BOB.account), beans.balance(ANN.account), rewards.budget) == (10, 21, 69)
    root = standing(ledger)
    for order in ("A17", "A18"):
        refused("slip_claimed", rewards.pay, BOB.account, order=order, time=START)
    assert standing(ledger) == root


def test_without_an_edge_nothing_is_paid(ledger, beans, referrals, rewards):
    root = standing(ledger)
    with pytest.raises(LookupError, match="member: expected one that somebody brought"):
        rewards.pay(BOB.account, order="A17", time=START)
    # Nor does the ledger pay for a slip that the brand signs all the same.
    slip = Slip(nonce=bytes(16), valid_until=START + DAY, amount=31, parties=[BOB.account, ANN.account])
    claim = Claim(campaign=rewards.id, slips=[SignedSlip(slip)])
    refused("unknown_attestation", ledger.execute, [claim], ROASTER, time=START)
    refused("slip_unsigned", ledger.execute, [claim], ANN, time=START)
    assert standing(ledger) == root
    _join(referrals, BOB, ANN)
    with pytest.raises(LookupError, match="rewards: expected a campaign"):
        Rewards(referrals, bytes(32)).pay(BOB.account, order="A17", time=START)
    assert beans.balance(ANN.account) == 0


def test_a_spent_budget_an_ended_campaign_and_more_of_both(ledger, referrals, rewards):
    for number in range(4):
        _join(referrals, Key.from_seed(bytes([100 + number]) * 32), ANN)
    brought = [Key.from_seed(bytes([100 + number]) * 32).account for number in range(4)]
    for account in brought[:3]:
        rewards.pay(account, order="A17", time=START)
    root = standing(ledger)
    refused("budget_spent", rewards.pay, brought[3], order="A17", time=START)
    assert standing(ledger) == root
    rewards.fund(24, time=START)
    rewards.pay(brought[3], order="A17", time=START)
    assert rewards.budget == 0
    refused("campaign_ended", rewards.pay, brought[3], order="A17", time=START + 30 * DAY)
    rewards.close(time=START + 30 * DAY)


def test_the_leaderboard(referrals, rewards):
    assert rewards.leaderboard() == ()
    for member, referrer in ((BOB, ANN), (CAT, ANN), (ROASTER, BOB), (BAKERY, CAT)):
        _join(referrals, member, referrer)
    for member in (BOB, CAT, ROASTER):
        rewards.pay(member.account, order="A17", time=START)
    assert rewards.leaderboard() == (Rank(ANN.account, 2, 42), Rank(BOB.account, 1, 21))
    assert Rewards(referrals, rewards.id).leaderboard()[0].referrals == 2
    with pytest.raises(LookupError, match="rewards: expected a campaign"):
        Rewards(referrals, bytes(32)).leaderboard()


def test_all_may_go_to_one_of_the_two(beans, referrals):
    _join(referrals, BOB, ANN)
    for bps, expected in ((10_000, (0, 7)), (0, (7, 0))):
        offer = referrals.rewards(budget=7, reward=7, to_referrer_bps=bps, ends=START + DAY, time=START)
        reward = offer.pay(BOB.account, order="A17", time=START)
        assert (reward.to_member, reward.to_referrer) == expected
        assert offer.leaderboard() == (Rank(ANN.account, 1, expected[1]),)
    assert (beans.balance(BOB.account), beans.balance(ANN.account)) == (7, 7)
    for wrong in (-1, 10_001):
        with pytest.raises(ValueError, match="to_referrer_bps: expected 0 to 10,000"):
            referrals.rewards(budget=7, reward=7, to_referrer_bps=wrong, ends=START + DAY, time=START)


# What every call takes.


def test_once_and_only_tried(ledger, referrals):
    root = standing(ledger)
    tried = referrals.code(ANN.account, dry_run=True, time=START)
    with pytest.raises(LookupError):
        referrals.whose(tried)
    ends = START + DAY
    offer = referrals.rewards(budget=50, reward=50, ends=ends, dry_run=True, time=START)
    assert ledger.campaign(offer.id) is None
    assert standing(ledger) == root
    assert referrals.code(ANN.account, key="code", time=START) == tried
    for dry_run, repeated in ((True, False), (False, False), (False, True)):
        joined = referrals.join(BOB.account, tried, key="join", dry_run=dry_run, time=START)
        assert (joined.done.dry_run, joined.done.repeated) == (dry_run, repeated)
    with pytest.raises(KeyReusedError):
        referrals.join(CAT.account, tried, key="join", time=START)
    offers = [referrals.rewards(budget=50, reward=50, ends=ends, key="r", time=START).id for _ in range(2)]
    assert offers[0] == offers[1]
    rewards = Rewards(referrals, offers[0])
    for dry_run, repeated in ((True, False), (False, False), (False, True)):
        paid = rewards.pay(BOB.account, order="A17", key="pay", dry_run=dry_run, time=START)
        assert (paid.done.dry_run, paid.done.repeated) == (dry_run, repeated)
    assert rewards.budget == 0
    with pytest.raises(KeyReusedError):
        rewards.pay(BOB.account, order="A18", key="pay", time=START)
    assert referrals.revoke(ANN.account, dry_run=True, time=START).dry_run
    assert [referrals.revoke(ANN.account, key="revoke", time=START).repeated for _ in range(2)] == [False, True]
    with pytest.raises(LookupError):
        referrals.whose(tried)


def test_customers_and_other_brands(tmp_path, ledger):
    with Members(tmp_path / "members.db", seed=bytes(32)) as members:
        ann, bob = (member.account for member in members.add_all(["ann", "bob"]))
        beans = Programme.launch(ledger, ROASTER, symbol="BEAN", members=members, time=START)
        referrals = Referrals.launch(beans, time=START)
        joined = referrals.join("bob", referrals.code("ann", time=START), time=START)
        assert (joined.member, joined.referrer, referrals.referrer("bob")) == (bob, ann, ann)
        rewards = referrals.rewards(budget=10, reward=10, ends=START + DAY, time=START)
        assert rewards.pay("bob", order="A17", time=START).to_referrer == 5
        referrals.revoke("ann", time=START)
        with pytest.raises(LookupError, match="expected the referrals of this brand, found none under 'other'"):
            Referrals(beans, name="other")
    refused("schema_exists", Referrals.launch, beans, time=START)


def test_a_code_is_found_at_once_however_many_there_are(referrals):
    for number in range(200):
        referrals.code(number.to_bytes(32, "big"), time=START)
    code = referrals.code(ANN.account, time=START)
    began = clock.perf_counter()
    for _ in range(100):
        assert referrals.whose(code) == ANN.account
    assert clock.perf_counter() - began < 1
