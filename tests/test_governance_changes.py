"""What a proposal says it would change, beside what it then did."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from counterfoil import Key, Ledger
from counterfoil.governance import Change, Community, approval, changes_of, one_member_one_vote
from counterfoil.governance.presets import FOUNDATIONS, ISSUING, SAYING, SPENDING
from counterfoil.ops import (
    After,
    Article,
    Attest,
    Burn,
    CampaignTerms,
    CloseCampaign,
    Constitution,
    Create,
    Distribute,
    Fee,
    Freeze,
    FundCampaign,
    Hold,
    KeyGrant,
    MaxHolding,
    MembersBasis,
    Mint,
    Notice,
    OpenCampaign,
    Parameters,
    Pay,
    Payee,
    Power,
    Powers,
    Renounce,
    Revoke,
    Role,
    Schema,
    SetConstitution,
    SetKeys,
    SetParameters,
    Share,
    Terms,
    Transfer,
    asset_id,
    campaign_id,
    distribution_id,
    hold_id,
    schema_id,
)
from counterfoil.ops import Change as ChangeAsset
from counterfoil.reputation import Badges
from counterfoil.verify import NO_ACTIONS, OPERATIONS
from counterfoil.wire import decode_operation

BOARD, ANN, BOB, EVE = (Key.from_seed(bytes([number]) * 32) for number in range(111, 115))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""
OPENED = START + 1


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "coop", origin="coop.example", operator=BOARD, time=START) as made:
        yield made


@pytest.fixture
def coop(ledger):
    badges = Badges.launch(ledger, BOARD, name="member", time=START)
    badges.award(ANN.account, time=START)
    rule = one_member_one_vote(badges.requirement)
    articles = [
        Article(operations=FOUNDATIONS, rules=[1]),
        Article(operations=[*SPENDING, *ISSUING, *SAYING], rules=[0]),
    ]
    made = Constitution([rule, replace(rule, threshold_bps=6_666)], articles)
    return Community.found(ledger, BOARD, constitution=made, settings={"share_bps": 20}, time=START)


@pytest.fixture
def euro(coop):
    """An asset of the community's own, some of it in the treasury."""
    create = Create(
        issuer=coop.account,
        symbol="EUR",
        decimals=2,
        supply_cap=1_000_000,
        policy=[Notice(DAY)],
        powers=Powers(mint=coop.account, freeze=coop.account, change=coop.account),
    )
    asset = asset_id(coop.account, "EUR")
    _decide(coop, [create, Mint(asset=asset, to=coop.account, amount=80_000)])
    return asset


def _decide(coop, actions, rule=0):
    time = max(coop.ledger.time, START) + 1
    proposal = coop.propose("x", by=ANN, actions=actions, rule=rule, time=time)
    proposal.vote(ANN, "yes", time=time)
    said = proposal.changes()
    proposal.execute(time=proposal.record.due)
    return [str(each) for each in said]


def named(asset):
    return f"EUR [{asset.hex()[:32]}]"


def test_payments_supply_and_treasury(ledger, coop, euro):
    said = _decide(
        coop,
        [
            Transfer(asset=euro, sender=coop.account, to=ANN.account, amount=1_000),
            Pay(asset=euro, sender=coop.account, payees=[Payee(ANN.account, 500), Payee(BOB.account, 1)]),
            Mint(asset=euro, to=BOB.account, amount=99),
            Burn(asset=euro, sender=coop.account, amount=200),
        ],
    )
    assert said == [
        f"{named(euro)} of the community: 800.00 EUR → 782.99 EUR",
        f"{named(euro)} of {ANN.did}: 0.00 EUR → 15.00 EUR",
        f"{named(euro)} of {BOB.did}: 0.00 EUR → 1.00 EUR",
        f"supply of {named(euro)}: 800.00 EUR → 798.99 EUR",
    ]
    assert [ledger.balance(euro, each) for each in (coop.account, ANN.account, BOB.account)] == [78_299, 1_500, 100]
    assert ledger.supply(euro) == 79_899


def test_a_fee_is_told_with_what_it_takes(ledger, coop, euro):
    foreign = ledger.create_asset(
        EVE,
        "EUR",
        decimals=2,
        policy=[Fee(1_000, BOB.account)],
        powers=Powers(mint=EVE.account),
        time=ledger.time,
    )
    ledger.mint(EVE, foreign, to=coop.account, amount=1_000, time=ledger.time)
    said = _decide(coop, [Transfer(asset=foreign, sender=coop.account, to=ANN.account, amount=105)])
    assert said == [
        f"{named(foreign)} of the community: 10.00 EUR → 8.95 EUR",
        f"{named(foreign)} of {ANN.did}: 0.00 EUR → 0.95 EUR",
        f"{named(foreign)} of {BOB.did}: 0.00 EUR → 0.10 EUR",
    ]
    # One symbol, two assets: nobody takes one for the other.
    assert named(foreign) != named(euro)
    assert [ledger.balance(foreign, each.account) for each in (ANN, BOB)] == [95, 10]


def test_more_than_there_is(ledger, coop, euro):
    [treasury, _] = changes_of(
        ledger, [Transfer(asset=euro, sender=coop.account, to=ANN.account, amount=80_001)], account=coop.account
    )
    assert treasury.after == "-0.01 EUR (too little: it would be refused)"


def test_policies_caps_and_powers_term_by_term(ledger, coop, euro):
    assert _decide(coop, [ChangeAsset(asset=euro, policy=[Notice(DAY), MaxHolding(50_000)])]) == [
        f"max holding of {named(euro)}: none → units 500.00 EUR",
        f"what makes {named(euro)} worse for its holders: none → holds 1 day after it was announced",
    ]
    # Nine days later it holds.
    _decide(coop, [])
    said = _decide(
        coop,
        [
            ChangeAsset(
                asset=euro, supply_cap=900_000, policy=[Notice(DAY), MaxHolding(10_000), Fee(250, BOB.account)]
            ),
        ],
    )
    assert said == [
        f"supply cap of {named(euro)}: 10,000.00 EUR → 9,000.00 EUR",
        f"max holding of {named(euro)}: units 500.00 EUR → units 100.00 EUR",
        f"fee of {named(euro)}: none → bps 2.5 %, to {BOB.did}",
        f"what makes {named(euro)} worse for its holders: none → holds 1 day after it was announced",
    ]
    said = _decide(coop, [Renounce(asset=euro, power=Power.MINT)], rule=1)
    assert said == [f"power to mint of {named(euro)}: the community → nobody, for good"]
    assert ledger.asset(euro).powers.mint is None


def test_keys_of_the_community(ledger, coop):
    keys = [KeyGrant(ANN.public), KeyGrant(BOB.public, scope=["vote"])]
    said = _decide(coop, [SetKeys(account=coop.account, keys=keys)], rule=1)
    assert said[0] == "keys of the community that must sign: 1 of 1 → 1 of 2"
    assert set(said[1:]) == {
        f"key {BOARD.did} of the community: signs everything → none",
        f"key {ANN.did} of the community: none → signs everything",
        f"key {BOB.did} of the community: none → signs vote",
    }
    assert {grant.key for grant in ledger.account(coop.account).keys} == {ANN.public, BOB.public}


def test_constitutions_rule_by_rule_and_operation_by_operation(ledger, coop):
    first, second = coop.rules
    rules = [replace(first, quorum_bps=2_500, voting_ms=3 * DAY), second, replace(first, guardian=BOB.account)]
    articles = [
        Article(operations=FOUNDATIONS, rules=[1]),
        Article(operations=["transfer", "pay"], keys=True, rules=[0, 2]),
        Article(operations=["claw_back"]),
    ]
    said = _decide(coop, [SetConstitution(account=coop.account, constitution=Constitution(rules, articles))], rule=1)
    assert said[:2] == ["rule 0, voting_ms: 7 days → 3 days", "rule 0, quorum_bps: 20 % → 25 %"]
    assert said[2].startswith("rule 2: none → (rule: electorate (members electorate: schema ")
    assert f"guardian {BOB.did}" in said[2]
    assert (
        "who may do transfer, pay: a proposal by rule 0 → keys, or a proposal by rule 0, or a proposal by rule 2"
        in said
    )
    assert "who may do claw_back: a proposal by rule 0 → nobody" in said
    [gone] = [line for line in said if "→ keys" in line and "transfer" not in line]
    assert "mint" in gone
    dissolved = [
        str(each) for each in changes_of(ledger, [SetConstitution(account=coop.account)], account=coop.account)
    ]
    assert dissolved[0] == "constitution: in force → none: keys alone decide"
    assert "rule 2: (rule: " in dissolved[3]
    assert "who may do claw_back: nobody → keys" in dissolved


def test_parameters_of_the_ledger(ledger, coop):
    parameters = replace(ledger.parameters, window_ms=120_000, governor=coop.account)
    said = changes_of(ledger, [SetParameters(parameters=parameters)], account=coop.account)
    assert [str(each) for each in said] == [
        "the ledger's window_ms: 1 hour → 2 minutes",
        "the ledger's governor: none → the community",
    ]
    assert changes_of(ledger, [SetParameters(parameters=Parameters())], account=coop.account) == []


def test_settings_and_what_is_attested(ledger, coop):
    assert _decide(coop, coop.set(share_bps=30, fee_bps=1_000)) == [
        "setting share_bps: 20 → 30",
        "setting fee_bps: none → 1,000",
    ]
    member = schema_id(coop.account, "friend")
    schema = Schema(creator=coop.account, name="friend", issuers=[coop.account])
    friends = [Attest(schema=member, issuer=coop.account, subject=each.account) for each in (ANN, BOB)]
    assert _decide(coop, [schema, *friends]) == [
        "schema friend of the community: none → no content, by the community",
        f"friend of the community, attested of {ANN.did} by the community: none → yes",
        f"friend of the community, attested of {BOB.did} by the community: none → yes",
    ]
    revoked = Revoke(schema=member, issuer=coop.account, subject=ANN.account)
    assert _decide(coop, [revoked]) == [f"friend of the community, attested of {ANN.did} by the community: yes → none"]
    # What is called like a setting and is none is not passed off as one.
    false = Schema(creator=coop.account, name="setting.vat")
    [line] = changes_of(ledger, [false], account=coop.account)
    assert line.what == "schema setting.vat of the community"
    other = [Attest(schema=schema_id(coop.account, "setting.fee_bps"), issuer=coop.account, subject=EVE.account)]
    [line] = changes_of(ledger, other, account=coop.account)
    assert line.what.startswith("setting.fee_bps of the community, attested of did:key:")


def test_campaigns_and_distributions(ledger, coop, euro):
    terms = CampaignTerms(
        roles=[Role(bps=10_000), Role(BOB.account, signs=True)], claim_max=100, ends=START + 400 * DAY
    )
    opening = OpenCampaign(owner=coop.account, salt=bytes(16), asset=euro, amount=5_000, terms=terms)
    campaign = campaign_id(coop.account, bytes(16))
    said = _decide(coop, [opening, FundCampaign(campaign=campaign, asset=euro, sender=coop.account, amount=1)])
    assert said[0] == f"{named(euro)} of the community: 800.00 EUR → 749.99 EUR"
    assert said[1].endswith(": 0.00 EUR → 50.01 EUR")
    assert said[2].startswith(f"terms of campaign {campaign.hex()}: none → roles (role: account none, bps 100 %, ")
    assert "claim_max 1.00 EUR" in said[2]
    said = _decide(coop, [CloseCampaign(campaign=campaign)])
    assert said == [
        f"campaign {campaign.hex()}: pays until 2024-12-18 22:13:20 UTC → closed",
        said[1],
        f"{named(euro)} of the community: 749.99 EUR → 800.00 EUR",
    ]
    assert said[1].endswith(": 50.01 EUR → 0.00 EUR")
    assert ledger.balance(euro, coop.account) == 80_000
    electorate = coop.rules[0].electorate
    share = Distribute(
        fund=coop.account,
        salt=bytes(16),
        asset=euro,
        amount=None,
        basis=MembersBasis(electorate.schema, electorate.issuer),
        deadline=START + 400 * DAY,
        leftover=coop.account,
    )
    identity = distribution_id(coop.account, bytes(16))
    said = _decide(coop, [share])
    assert said[0] == f"{named(euro)} of the community: 800.00 EUR → 0.00 EUR"
    assert said[1].startswith(f"distribution {identity.hex()}: none → 800.00 EUR to members basis: schema ")
    assert said[1].endswith("until 2024-12-18 22:13:20 UTC, what is left to the community")
    [unknown] = changes_of(ledger, [CloseCampaign(campaign=bytes(32))], account=coop.account)
    assert unknown.after == "unknown: it would be refused"


def test_any_other_operation_prints_its_fields(ledger, coop, euro):
    frozen = [Freeze(asset=euro, account=each.account, frozen=True) for each in (ANN, BOB)]
    assert _decide(coop, frozen) == [
        f"operation freeze: none → asset {named(euro)}, account {ANN.did}, frozen yes, "
        "reason (reason: code 0, evidence none)",
        f"operation freeze, 2: none → asset {named(euro)}, account {BOB.did}, frozen yes, "
        "reason (reason: code 0, evidence none)",
    ]
    terms = Terms(settle_if=After(START + DAY), payees=[Share(EVE.account)], deadline=START + 99 * DAY)
    held = Hold(payer=coop.account, salt=bytes(16), asset=euro, amount=70, terms=terms)
    said = changes_of(ledger, [held], account=coop.account)
    assert said[1].what == f"hold {hold_id(coop.account, bytes(16)).hex()}"
    assert said[1].after.startswith("0.70 EUR: settle_if (after: time 2023-11-15 22:13:20 UTC), deadline 2024-02-21")


def test_what_is_made_on_the_way_is_known_by_its_name(ledger, coop):
    asset = asset_id(coop.account, "NEW")
    powers = Powers(mint=coop.account)
    create = Create(
        issuer=coop.account, symbol="NEW", decimals=1, supply_cap=100, policy=[Fee(100, BOB.account)], powers=powers
    )
    said = changes_of(ledger, [create, Mint(asset=asset, to=ANN.account, amount=15)], account=coop.account)
    assert [str(each) for each in said] == [
        f"asset {asset.hex()}: none → NEW, at most 10.0; policy: (fee: bps 1 %, to {BOB.did}); mint: the community, "
        "freeze: nobody, pause: nobody, claw_back: nobody, change: nobody",
        f"supply of NEW [{asset.hex()[:32]}]: 0.0 NEW → 1.5 NEW",
        f"NEW [{asset.hex()[:32]}] of {ANN.did}: 0.0 NEW → 1.5 NEW",
    ]
    [_, line] = changes_of(ledger, [Mint(asset=bytes(32), to=ANN.account, amount=15)], account=coop.account)
    assert line.what.startswith(f"asset {bytes(32).hex()} of ")


def test_changes_of_each_option(coop, ledger, euro):
    rules = [approval(coop.rules[0]), coop.rules[1]]
    amended = Constitution(rules, coop.constitution.articles)
    _decide(coop, [SetConstitution(account=coop.account, constitution=amended)], rule=1)
    pay = [Transfer(asset=euro, sender=coop.account, to=ANN.account, amount=1)]
    options = {"nothing": [], "pay": pay, "set": coop.set(share_bps=1)}
    proposal = coop.propose("which", by=ANN, options=options, time=ledger.time + 1)
    assert [each.option for each in proposal.changes()] == [1, 1, 2]
    assert proposal.changes()[2] == Change("setting share_bps", "20", "1", 2)


def test_every_operation_can_be_told(ledger, coop):
    """No operation, of whatever fields, is too much for it: those of the vectors, which have every one."""
    told = set()
    names = {name for name, _ in OPERATIONS.values()}
    for path in sorted((Path(__file__).parent / "vectors").glob("*.json")):
        for case in json.loads(path.read_text()).get("accept", []):
            if case["value"]["is"] not in names:
                continue
            operation = decode_operation(bytes.fromhex(case["bytes"]))
            if operation.wire_tag not in NO_ACTIONS:
                told.add(operation.wire_name)
                said = changes_of(ledger, [operation, operation], account=coop.account)
                assert all(str(each).isprintable() for each in said)
    assert told == {name for tag, (name, _) in OPERATIONS.items() if tag not in NO_ACTIONS}


def test_the_presets_list_every_operation_that_binds_and_none_twice():
    listed = [*SPENDING, *ISSUING, *SAYING, *FOUNDATIONS]
    assert len(listed) == len(set(listed))
    # What is left to keys: to open and recover accounts, to use a key once, to claim, to let units lapse, to collect,
    # and what the account does as a member of other communities.
    assert {name for name, _ in OPERATIONS.values()} - set(listed) == {
        *("open", "once", "recover", "cancel_recovery", "finish_recovery", "alias", "sweep", "claim"),
        *("release_snapshot", "collect", "close_distribution"),
        *("propose", "vote", "reveal", "delegate", "veto", "cancel", "conclude", "execute"),
    }
