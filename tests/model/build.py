"""Transactions made with the model's own encoding, so that any bytes at all can be made, allowed or not.

There is one function for each operation, with the field names of operations.md.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import nacl.bindings

from tests.model.borsh import Value
from tests.model.campaign import slip_message
from tests.model.ledger import transaction_id
from tests.model.state import GENESIS, SIGNED_TRANSACTION

if TYPE_CHECKING:
    from collections.abc import Sequence


class Signer:
    """An Ed25519 key that is made from a name, the same in every run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seed = sha256(b"counterfoil test key " + name.encode()).digest()
        self.id, self._secret = nacl.bindings.crypto_sign_seed_keypair(self.seed)

    def sign(self, message: bytes) -> bytes:
        """The signature alone."""
        return nacl.bindings.crypto_sign(message, self._secret)[:64]


@cache
def signer(name: str) -> Signer:
    """The key of a name."""
    return Signer(name)


def parameters(**changes: Any) -> Value:
    """Parameters that allow everything, but for what is changed."""
    fields: dict[str, Any] = {
        "window_ms": 3_600_000,
        "asset_creators": anyone(),
        "transaction_bytes_max": 60_000,
        "operations_max": 1_000,
        "governor": signer("governor").id,
    }
    return Value("Parameters", **{**fields, **changes})


def genesis(
    time: int, params: Value | None = None, origin: str = "test.example/model", salt: bytes = bytes(16)
) -> bytes:
    """Borsh(Genesis), with the key of the name `operator`."""
    made = Value(
        "Genesis",
        origin=origin,
        operator=signer("operator").id,
        time=time,
        salt=salt,
        parameters=params or parameters(),
    )
    return GENESIS.write(made)


def transaction(
    ledger: bytes,
    valid_until: int,
    nonce: bytes,
    authorizers: Sequence[tuple[bytes, bytes | None]],
    operations: Sequence[Value],
    version: int = 1,
) -> Value:
    """A transaction that nobody has signed yet."""
    return Value(
        "Transaction",
        version=version,
        ledger=ledger,
        valid_until=valid_until,
        nonce=nonce,
        authorizers=[Value("Authorizer", account=account, key=key) for account, key in authorizers],
        operations=list(operations),
    )


def sign(unsigned: Value, signers: Sequence[Signer]) -> bytes:
    """The signed transaction, as it is sent."""
    message = b"counterfoil/sign/v1\n" + transaction_id(unsigned)
    return with_signatures(unsigned, [each.sign(message) for each in signers])


def with_signatures(unsigned: Value, signatures: Sequence[bytes]) -> bytes:
    """The transaction with these signatures, whatever they are."""
    return SIGNED_TRANSACTION.write(Value("SignedTransaction", transaction=unsigned, signatures=list(signatures)))


# What operations are made of.


def anyone() -> Value:
    return Value("anyone")


def listed(accounts: list[bytes]) -> Value:
    return Value("listed", accounts=accounts)


def grant(key: bytes, scope: list[int] | None = None) -> Value:
    return Value("KeyGrant", key=key, scope=scope)


def limit(operations: list[int], cap: int, window_ms: int, until: int) -> Value:
    return Value("Limit", operations=operations, cap=cap, window_ms=window_ms, until=until)


def reason(code: int = 0, evidence: bytes | None = None) -> Value:
    return Value("Reason", code=code, evidence=evidence)


def powers(**holders: bytes | None) -> Value:
    none: dict[str, bytes | None] = dict.fromkeys(("mint", "freeze", "pause", "claw_back", "change"))
    return Value("Powers", **{**none, **holders})


def bound() -> Value:
    return Value("bound")


def lots(period: str) -> Value:
    return Value("lots", period=period)


def fixed_expiry(days: int) -> Value:
    return Value("fixed_expiry", days=days)


def inactivity_expiry(days: int) -> Value:
    return Value("inactivity_expiry", days=days)


def strict_lots() -> Value:
    return Value("strict_lots")


def debt_floor(units: int) -> Value:
    return Value("debt_floor", units=units)


def no_reinstatement() -> Value:
    return Value("no_reinstatement")


def items() -> Value:
    return Value("items")


def royalty(bps: int, to: bytes) -> Value:
    return Value("royalty", bps=bps, to=to)


def notice(ms: int) -> Value:
    return Value("notice", ms=ms)


def sunset_notice(ms: int) -> Value:
    return Value("sunset", ms=ms)


def fee(bps: int, to: bytes) -> Value:
    return Value("fee", bps=bps, to=to)


def max_holding(units: int) -> Value:
    return Value("max_holding", units=units)


def attested_holders(schema: bytes, issuer: bytes) -> Value:
    return Value("attested", schema=schema, issuer=issuer)


def payee(to: bytes, amount: int) -> Value:
    return Value("Payee", to=to, amount=amount)


# Family 1.


def open_account(opener: bytes, salt: bytes, threshold: int, keys: list[Value]) -> Value:
    return Value("open", opener=opener, salt=salt, threshold=threshold, keys=keys)


def set_keys(account: bytes, threshold: int, keys: list[Value]) -> Value:
    return Value("set_keys", account=account, threshold=threshold, keys=keys)


def mandate(account: bytes, agent: bytes, asset: bytes, limit: Value | None) -> Value:
    return Value("mandate", account=account, agent=agent, asset=asset, limit=limit)


def once(account: bytes, key: bytes) -> Value:
    return Value("once", account=account, key=key)


def set_guardians(account: bytes, threshold: int, guardians: list[bytes], delay_ms: int) -> Value:
    return Value("set_guardians", account=account, threshold=threshold, guardians=guardians, delay_ms=delay_ms)


def recover(account: bytes, threshold: int, keys: list[Value]) -> Value:
    return Value("recover", account=account, threshold=threshold, keys=keys)


def cancel_recovery(account: bytes) -> Value:
    return Value("cancel_recovery", account=account)


def finish_recovery(account: bytes) -> Value:
    return Value("finish_recovery", account=account)


def alias(account: bytes, into: bytes) -> Value:
    return Value("alias", account=account, into=into)


# Family 2.


def create(issuer: bytes, symbol: str, decimals: int, supply_cap: int, policy: Sequence[Value], powers: Value) -> Value:
    return Value(
        "create",
        issuer=issuer,
        symbol=symbol,
        decimals=decimals,
        supply_cap=supply_cap,
        policy=list(policy),
        powers=powers,
    )


def change(asset: bytes, supply_cap: int | None = None, policy: list[Value] | None = None) -> Value:
    return Value("change", asset=asset, supply_cap=supply_cap, policy=policy)


def renounce(asset: bytes, power: str) -> Value:
    return Value("renounce", asset=asset, power=power)


def freeze(asset: bytes, account: bytes, *, frozen: bool, why: Value | None = None) -> Value:
    return Value("freeze", asset=asset, account=account, frozen=frozen, reason=why or reason())


def pause(asset: bytes, *, paused: bool, why: Value | None = None) -> Value:
    return Value("pause", asset=asset, paused=paused, reason=why or reason())


def item(design: int, edition: int) -> Value:
    return Value("Item", design=design, edition=edition)


def sunset(asset: bytes, at: int) -> Value:
    return Value("sunset", asset=asset, at=at)


# Family 3.


def design(asset: bytes, design: int, editions: int, of_set: Sequence[int] = (), content: bytes | None = None) -> Value:
    return Value("design", asset=asset, design=design, editions=editions, set=list(of_set), content=content)


def issue_item(asset: bytes, design: int, to: bytes) -> Value:
    return Value("issue_item", asset=asset, design=design, to=to)


def give_item(asset: bytes, item: Value, sender: bytes, to: bytes) -> Value:
    return Value("give_item", asset=asset, item=item, sender=sender, to=to)


def sell_item(asset: bytes, item: Value, seller: bytes, buyer: bytes, currency: bytes, price: int) -> Value:
    return Value("sell_item", asset=asset, item=item, seller=seller, buyer=buyer, currency=currency, price=price)


def burn_item(asset: bytes, item: Value, sender: bytes) -> Value:
    return Value("burn_item", asset=asset, item=item, sender=sender)


def complete_set(asset: bytes, design: int, sender: bytes, items: Sequence[Value]) -> Value:
    return Value("complete_set", asset=asset, design=design, sender=sender, items=list(items))


# Family 3.


def transfer(asset: bytes, sender: bytes, to: bytes, amount: int, reference: bytes | None = None) -> Value:
    return Value("transfer", asset=asset, sender=sender, to=to, amount=amount, reference=reference)


def pay(asset: bytes, sender: bytes, payees: list[Value], reference: bytes | None = None) -> Value:
    return Value("pay", asset=asset, sender=sender, payees=payees, reference=reference)


def mint(asset: bytes, to: bytes, amount: int, reference: bytes | None = None) -> Value:
    return Value("mint", asset=asset, to=to, amount=amount, reference=reference)


def burn(asset: bytes, sender: bytes, amount: int, reference: bytes | None = None) -> Value:
    return Value("burn", asset=asset, sender=sender, amount=amount, reference=reference)


def claw_back(asset: bytes, sender: bytes, to: bytes, amount: int, why: Value | None = None) -> Value:
    return Value("claw_back", asset=asset, sender=sender, to=to, amount=amount, reason=why or reason())


def sweep(asset: bytes, accounts: list[bytes]) -> Value:
    return Value("sweep", asset=asset, accounts=accounts)


def redeem(asset: bytes, sender: bytes, at: bytes, order: bytes, amount: int) -> Value:
    return Value("redeem", asset=asset, sender=sender, at=at, order=order, amount=amount)


def refund(asset: bytes, sender: bytes, order: bytes, amount: int) -> Value:
    return Value("refund", asset=asset, sender=sender, order=order, amount=amount)


# Family 4.


def all_of(*of: Value) -> Value:
    return Value("all_of", of=list(of))


def any_of(*of: Value) -> Value:
    return Value("any_of", of=list(of))


def not_(of: Value) -> Value:
    return Value("not", of=of)


def after(time: int) -> Value:
    return Value("after", time=time)


def preimage(hashed: bytes) -> Value:
    return Value("preimage", hash=hashed)


def signed_by(threshold: int, accounts: Sequence[bytes]) -> Value:
    return Value("signed_by", threshold=threshold, accounts=list(accounts))


def attested(schema: bytes, issuer: bytes, subject: bytes | None = None) -> Value:
    return Value("attested", schema=schema, issuer=issuer, subject=subject)


def group_total(group: bytes, at_least: int) -> Value:
    return Value("group_total", group=group, at_least=at_least)


def resolved(account: bytes, rule: bytes, subject: bytes, option: int) -> Value:
    return Value("resolved", account=account, rule=rule, subject=subject, option=option)


def by_payer() -> Value:
    return Value("by_payer")


def share(to: bytes, bps: int) -> Value:
    return Value("Share", to=to, bps=bps)


def schedule(starts: int, cliff: int, ends: int) -> Value:
    return Value("Schedule", starts=starts, cliff=cliff, ends=ends)


def terms(
    settle_if: Value,
    payees: Sequence[Value],
    deadline: int,
    *,
    release_if: Value | None = None,
    schedule: Value | None = None,
    outcome: str = "release",
) -> Value:
    return Value(
        "Terms",
        settle_if=settle_if,
        release_if=release_if,
        payees=list(payees),
        schedule=schedule,
        deadline=deadline,
        outcome=outcome,
    )


def open_group(owner: bytes, salt: bytes, asset: bytes, closes: int, terms: Value) -> Value:
    return Value("open_group", owner=owner, salt=salt, asset=asset, closes=closes, terms=terms)


def hold(
    payer: bytes, salt: bytes, asset: bytes, amount: int, terms: Value | None = None, group: bytes | None = None
) -> Value:
    return Value("hold", payer=payer, salt=salt, asset=asset, amount=amount, terms=terms, group=group)


def settle(hold: bytes, amount: int | None = None, to: bytes | None = None, preimages: Sequence[bytes] = ()) -> Value:
    return Value("settle", hold=hold, amount=amount, to=to, preimages=list(preimages))


def release(hold: bytes, amount: int | None = None, preimages: Sequence[bytes] = ()) -> Value:
    return Value("release", hold=hold, amount=amount, preimages=list(preimages))


# Family 5.


def role(bps: int, account: bytes | None = None, *, signs: bool = False) -> Value:
    return Value("Role", account=account, bps=bps, signs=signs)


def cap(units: int, claims: int, window_ms: int) -> Value:
    return Value("Cap", units=units, claims=claims, window_ms=window_ms)


def campaign_terms(
    roles: Sequence[Value],
    ends: int,
    *,
    claim_max: int = 10**9,
    eligible: Value | None = None,
    member_cap: Value | None = None,
    total_cap: Value | None = None,
    pending_ms: int = 0,
    notice_ms: int = 0,
) -> Value:
    return Value(
        "CampaignTerms",
        roles=list(roles),
        claim_max=claim_max,
        eligible=eligible,
        member_cap=member_cap,
        total_cap=total_cap,
        pending_ms=pending_ms,
        notice_ms=notice_ms,
        ends=ends,
    )


def slip(
    nonce: bytes,
    valid_until: int,
    amount: int,
    parties: Sequence[bytes] = (),
    floor: int | None = None,
    reference: bytes | None = None,
) -> Value:
    return Value(
        "Slip",
        nonce=nonce,
        valid_until=valid_until,
        amount=amount,
        floor=floor,
        parties=list(parties),
        reference=reference,
    )


def sign_slip(ledger: bytes, campaign: bytes, slip: Value, signers: Sequence[tuple[int, Signer]]) -> Value:
    """The slip with a signature of each, who stand beside the roles that they sign for."""
    message = slip_message(ledger, campaign, slip)
    return signed_slip(slip, [role_signature(role, each.id, each.sign(message)) for role, each in signers])


def signed_slip(slip: Value, signatures: Sequence[Value] = ()) -> Value:
    return Value("SignedSlip", slip=slip, signatures=list(signatures))


def role_signature(role: int, key: bytes, signature: bytes) -> Value:
    return Value("RoleSignature", role=role, key=key, signature=signature)


def open_campaign(owner: bytes, salt: bytes, asset: bytes, amount: int, terms: Value) -> Value:
    return Value("open_campaign", owner=owner, salt=salt, asset=asset, amount=amount, terms=terms)


def fund_campaign(campaign: bytes, asset: bytes, sender: bytes, amount: int) -> Value:
    return Value("fund_campaign", campaign=campaign, asset=asset, sender=sender, amount=amount)


def claim(campaign: bytes, slips: Sequence[Value]) -> Value:
    return Value("claim", campaign=campaign, slips=list(slips))


def close_campaign(campaign: bytes) -> Value:
    return Value("close_campaign", campaign=campaign)


# Family 6.


def kind(name: str, **fields: int) -> Value:
    return Value(name, **fields)


def content(name: str, **fields: Any) -> Value:
    return Value(name, **fields)


def requirement(schema: bytes, issuer: bytes) -> Value:
    return Value("Requirement", schema=schema, issuer=issuer)


def schema(
    creator: bytes,
    name: str,
    content: Value,
    issuers: Sequence[bytes] = (),
    subjects: Value | None = None,
    *,
    revocable: bool = True,
) -> Value:
    return Value(
        "schema",
        creator=creator,
        name=name,
        content=content,
        issuers=list(issuers),
        subjects=subjects,
        revocable=revocable,
    )


def attest(
    schema: bytes,
    issuer: bytes,
    subject: bytes,
    content: Value,
    nonce: bytes = bytes(32),
    expires: int | None = None,
) -> Value:
    return Value("attest", schema=schema, issuer=issuer, subject=subject, nonce=nonce, expires=expires, content=content)


def revoke(schema: bytes, issuer: bytes, subject: bytes, nonce: bytes = bytes(32), why: Value | None = None) -> Value:
    return Value("revoke", schema=schema, issuer=issuer, subject=subject, nonce=nonce, reason=why or reason())


# Family 7.


def holders(asset: bytes) -> Value:
    return Value("holders", asset=asset)


def members(schema: bytes, issuer: bytes) -> Value:
    return Value("members", schema=schema, issuer=issuer)


def member_holders(asset: bytes, schema: bytes, issuer: bytes) -> Value:
    return Value("member_holders", asset=asset, schema=schema, issuer=issuer)


def backers(group: bytes) -> Value:
    return Value("backers", group=group)


def yes_no() -> Value:
    return Value("yes_no")


def approval() -> Value:
    return Value("approval")


def ranked(ranks_max: int) -> Value:
    return Value("ranked", ranks_max=ranks_max)


def deposit(asset: bytes, amount: int) -> Value:
    return Value("Deposit", asset=asset, amount=amount)


def rule(electorate: Value, **changes: Any) -> Value:
    """A rule by which yes or no is said within a day, and done within another, but for what is changed."""
    has_asset = electorate.kind in ("holders", "member_holders")
    fields: dict[str, Any] = {
        "weight": "member" if electorate.kind == "members" else "units",
        "form": yes_no(),
        "quorum_bps": 0,
        "support_bps": 0,
        "threshold_bps": 5_000,
        "delay_ms": 0,
        "voting_ms": 86_400_000,
        "extension_ms": 0,
        "reveal_ms": 0,
        "timelock_ms": 0,
        "execution_ms": 86_400_000,
        "snapshot_ms": 86_400_000 if has_asset else 0,
        "proposer_weight": 0,
        "guardian": None,
        "deposit": None,
    }
    return Value("Rule", electorate=electorate, **{**fields, **changes})


def article(operations: Sequence[int], rules: Sequence[int] = (), *, keys: bool = False) -> Value:
    return Value("Article", operations=list(operations), keys=keys, rules=list(rules))


def constitution(rules: Sequence[Value], articles: Sequence[Value]) -> Value:
    return Value("Constitution", rules=list(rules), articles=list(articles))


def in_shares(*parts: int) -> Value:
    """A ballot of parts of yes, no and abstention."""
    return Value("shares", shares=list(parts))


def approve(*options: int) -> Value:
    return Value("approve", options=list(options))


def rank(*options: int) -> Value:
    return Value("rank", options=list(options))


def sealed(hashed: bytes) -> Value:
    return Value("sealed", hash=hashed)


def ranking(options: Sequence[int], weight: int) -> Value:
    return Value("Ranking", options=list(options), weight=weight)


def set_constitution(account: bytes, constitution: Value | None) -> Value:
    return Value("set_constitution", account=account, constitution=constitution)


def propose(
    account: bytes,
    proposer: bytes,
    salt: bytes,
    rule: int,
    options: Sequence[Sequence[Value]],
    *,
    title: bytes = bytes(32),
    subject: bytes | None = None,
) -> Value:
    return Value(
        "propose",
        account=account,
        proposer=proposer,
        salt=salt,
        rule=rule,
        title=title,
        subject=subject,
        options=[list(actions) for actions in options],
    )


def vote(proposal: bytes, voter: bytes, ballot: Value, members: Sequence[bytes] = ()) -> Value:
    return Value("vote", proposal=proposal, voter=voter, members=list(members), ballot=ballot)


def reveal(proposal: bytes, voter: bytes, ballot: Value, salt: bytes, members: Sequence[bytes] = ()) -> Value:
    return Value("reveal", proposal=proposal, voter=voter, members=list(members), ballot=ballot, salt=salt)


def delegate(account: bytes, delegator: bytes, to: bytes | None) -> Value:
    return Value("delegate", account=account, delegator=delegator, to=to)


def veto(proposal: bytes, why: Value | None = None) -> Value:
    return Value("veto", proposal=proposal, reason=why or reason())


def cancel(proposal: bytes) -> Value:
    return Value("cancel", proposal=proposal)


def conclude(proposal: bytes, rankings: Sequence[Value] = ()) -> Value:
    return Value("conclude", proposal=proposal, rankings=list(rankings))


def execute(proposal: bytes, actions: Sequence[Value]) -> Value:
    return Value("execute", proposal=proposal, actions=list(actions))


# Family 8.


def snapshot(asset: bytes, until: int) -> Value:
    return Value("snapshot", asset=asset, until=until)


def release_snapshot(asset: bytes, number: int) -> Value:
    return Value("release_snapshot", asset=asset, number=number)


def snapshot_basis(asset: bytes, number: int, excluded: Sequence[bytes] = ()) -> Value:
    return Value("snapshot", asset=asset, number=number, excluded=list(excluded))


def members_basis(schema: bytes, issuer: bytes) -> Value:
    return Value("members", schema=schema, issuer=issuer)


def leaves_basis(root: bytes, total: int) -> Value:
    return Value("leaves", root=root, total=total)


def group_basis(group: bytes) -> Value:
    return Value("group", group=group)


def distribute(
    fund: bytes,
    salt: bytes,
    asset: bytes,
    amount: int | None,
    basis: Value,
    deadline: int,
    leftover: bytes,
    reference: bytes | None = None,
) -> Value:
    return Value(
        "distribute",
        fund=fund,
        salt=salt,
        asset=asset,
        amount=amount,
        basis=basis,
        deadline=deadline,
        leftover=leftover,
        reference=reference,
    )


def part(of: bytes, proof: bytes = b"") -> Value:
    return Value("Part", of=of, proof=proof)


def collect(distribution: bytes, parts: Sequence[Value]) -> Value:
    return Value("collect", distribution=distribution, parts=list(parts))


def close_distribution(distribution: bytes) -> Value:
    return Value("close_distribution", distribution=distribution)


# Family 10.


def set_parameters(parameters: Value) -> Value:
    return Value("set_parameters", parameters=parameters)
