"""What actions would change, before and after, for people who vote on them.

It is read from the ledger as it stands, without applying anything: what others do meanwhile may make it another change,
and actions may be refused when their time comes. Balances are told as they would be if nothing lapsed and no debt was
repaid; `execute(dry_run=True)` of a proposal that is due tells whether the ledger would take it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields, is_dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from counterfoil._text import percent, span, units, when
from counterfoil.governance._settings import PREFIX, setting_schema
from counterfoil.ops import (
    Attest,
    Burn,
    ClawBack,
    CloseCampaign,
    Create,
    Distribute,
    Edge,
    Fee,
    FundCampaign,
    Hold,
    Integer,
    Mint,
    Nothing,
    Notice,
    OpenCampaign,
    Operation,
    Pay,
    Renounce,
    Revoke,
    Schema,
    SetConstitution,
    SetKeys,
    SetParameters,
    Transfer,
    asset_id,
    campaign_id,
    distribution_id,
    hold_id,
    schema_id,
)
from counterfoil.ops import Change as ChangeAsset
from counterfoil.verify import OPERATIONS, WireError, encode_did_key, encode_named_account

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.history import Past
    from counterfoil.ledger import Ledger
    from counterfoil.ops import Constitution
    from counterfoil.verify import AssetRecord, KeyGrant

__all__ = ["Change", "changes_of"]

_ACCOUNTS = {
    "account", "opener", "agent", "issuer", "to", "sender", "payer", "owner", "creator", "subject", "seller", "buyer",
    "fund", "leftover", "governor", "guardian", "into", "at", "proposer", "accounts", "issuers", "guardians",
    "asset_creators", "excluded",
}  # fmt: skip
"""Fields that are accounts, where they are ids."""

_TIMES = {"until", "ends", "deadline", "closes", "expires", "starts", "cliff", "since", "time"}


@dataclass(frozen=True, slots=True)
class Change:
    """A thing that would change.

    Attributes:
        what: The thing.
        before: What it is; None: it is not there.
        after: What it would be; None: it would not be there.
        option: By which option of the proposal.

    >>> print(Change("setting surplus_bps", "2,000", "3,000"))
    setting surplus_bps: 2,000 → 3,000
    """

    what: str
    before: str | None
    after: str | None
    option: int = 0

    def __str__(self) -> str:
        """A line."""
        return f"{self.what}: {_or_none(self.before)} → {_or_none(self.after)}"


def changes_of(ledger: Ledger | Past, actions: Sequence[Operation], *, account: bytes, option: int = 0) -> list[Change]:
    """What actions would change, in order; what several of them change is told once.

    Args:
        ledger: The ledger.
        actions: Operations.
        account: In whose name, an account id of 32 bytes: its attestations of itself are its settings.
        option: By which option.
    """
    book = _Book(ledger, account)
    for action in actions:
        book.add(action)
    return [Change(what, before, after, option) for what, (before, after) in book.changes.items()]


class _Book:
    """The ledger with actions on top of it, and what they changed of it."""

    def __init__(self, ledger: Ledger | Past, account: bytes) -> None:
        self.ledger = ledger
        self.own = account
        self.changes: dict[str, tuple[str | None, str | None]] = {}
        self._balances: dict[tuple[bytes, bytes], int] = {}
        self._supplies: dict[bytes, int] = {}
        self._created: dict[bytes, Create] = {}
        self._schemas: dict[bytes, Schema] = {}
        self._by: dict[type[Operation], Callable[[Any], None]] = {
            Transfer: self._transfer,
            Pay: self._pay,
            Mint: self._mint,
            Burn: self._burn,
            ClawBack: self._claw_back,
            Create: self._create,
            ChangeAsset: self._change,
            Renounce: self._renounce,
            SetKeys: self._set_keys,
            SetConstitution: self._set_constitution,
            SetParameters: self._set_parameters,
            Schema: self._schema,
            Attest: self._attest,
            Revoke: self._revoke,
            Hold: self._hold,
            OpenCampaign: self._open_campaign,
            FundCampaign: self._fund_campaign,
            CloseCampaign: self._close_campaign,
            Distribute: self._distribute,
        }

    def add(self, action: Operation) -> None:
        """Note what an action changes; of one that is not known here, its fields."""
        try:
            self._by.get(type(action), self._other)(action)
        except WireError:
            # What has a name that the ledger does not take has no id either.
            self._other(action)

    # Units

    def _transfer(self, action: Transfer) -> None:
        self._move(action.asset, action.sender, action.to, action.amount)

    def _pay(self, action: Pay) -> None:
        for payee in action.payees:
            self._move(action.asset, action.sender, payee.to, payee.amount)

    def _mint(self, action: Mint) -> None:
        self._issue(action.asset, action.amount)
        self._credit(action.asset, action.to, action.amount)

    def _burn(self, action: Burn) -> None:
        self._issue(action.asset, -action.amount)
        self._credit(action.asset, action.sender, -action.amount)

    def _claw_back(self, action: ClawBack) -> None:
        self._credit(action.asset, action.sender, -action.amount)
        self._credit(action.asset, action.to, action.amount)

    def _hold(self, action: Hold) -> None:
        self._credit(action.asset, action.payer, -action.amount)
        terms = "" if action.terms is None else f": {self._said('', action.terms, action.asset)}"
        held = f"{self._amount(action.asset, action.amount)}{terms}"
        self._note(f"hold {hold_id(action.payer, action.salt).hex()}", None, held)

    def _open_campaign(self, action: OpenCampaign) -> None:
        self._credit(action.asset, action.owner, -action.amount)
        identity = campaign_id(action.owner, action.salt)
        self._credit(action.asset, identity, action.amount)
        said = self._said("", action.terms, action.asset)
        self._note(f"terms of campaign {identity.hex()}", None, said)

    def _fund_campaign(self, action: FundCampaign) -> None:
        self._credit(action.asset, action.sender, -action.amount)
        self._credit(action.asset, action.campaign, action.amount)

    def _close_campaign(self, action: CloseCampaign) -> None:
        record = self.ledger.campaign(action.campaign)
        what = f"campaign {action.campaign.hex()}"
        if record is None:
            self._note(what, None, "unknown: it would be refused")
            return
        left = self._balance(record.asset, action.campaign)
        notice = record.terms.notice_ms
        if notice:
            self._note(what, f"pays until {when(record.ends)} UTC", f"ends after a notice of {span(notice)}")
        else:
            self._note(what, f"pays until {when(record.ends)} UTC", "closed")
            self._credit(record.asset, action.campaign, -left)
            self._credit(record.asset, record.owner, left)

    def _distribute(self, action: Distribute) -> None:
        amount = self._balance(action.asset, action.fund) if action.amount is None else action.amount
        self._credit(action.asset, action.fund, -amount)
        identity = distribution_id(action.fund, action.salt)
        said = (
            f"{self._amount(action.asset, amount)} to {_spaced(type(action.basis).__name__)}: "
            f"{self._said('', action.basis, action.asset)}; until {when(action.deadline)} UTC, "
            f"what is left to {self._account(action.leftover)}"
        )
        self._note(f"distribution {identity.hex()}", None, said)

    # Assets

    def _create(self, action: Create) -> None:
        identity = asset_id(action.issuer, action.symbol)
        self._created[identity] = action
        said = f"{action.symbol}, at most {units(action.supply_cap, action.decimals)}; policy: "
        terms = ", ".join(self._said("policy", term, identity) for term in action.policy) or "none"
        powers = ", ".join(
            f"{each.name}: {self._holder(getattr(action.powers, each.name))}" for each in fields(action.powers)
        )
        self._note(f"asset {identity.hex()}", None, f"{said}{terms}; {powers}")

    def _change(self, action: ChangeAsset) -> None:
        record = self.ledger.asset(action.asset)
        name = self._name(action.asset)
        if action.supply_cap is not None:
            before = None if record is None else self._amount(action.asset, record.supply_cap)
            self._note(f"supply cap of {name}", before, self._amount(action.asset, action.supply_cap))
        if action.policy is None:
            return
        policy = () if record is None else record.policy_at(self.ledger.time)
        before_terms = {type(term): self._term(term, action.asset) for term in policy}
        after_terms = {type(term): self._term(term, action.asset) for term in action.policy}
        for kind in dict.fromkeys([*before_terms, *after_terms]):
            was, will = before_terms.get(kind), after_terms.get(kind)
            if was != will:
                self._note(f"{_spaced(kind.__name__)} of {name}", was, will)
        for announced in (term for term in policy if isinstance(term, Notice)):
            what = f"what makes {name} worse for its holders"
            self._note(what, None, f"holds {span(announced.ms)} after it was announced")

    def _renounce(self, action: Renounce) -> None:
        record = self.ledger.asset(action.asset)
        power = action.power.name.lower()
        holder = None if record is None else self._holder(getattr(record.powers, power))
        self._note(f"power to {power.replace('_', ' ')} of {self._name(action.asset)}", holder, "nobody, for good")

    # Who decides

    def _set_keys(self, action: SetKeys) -> None:
        record = self.ledger.account(action.account)
        name = self._account(action.account)
        held: Mapping[bytes, KeyGrant] = {} if record is None else {grant.key: grant for grant in record.keys}
        given = {grant.key: grant for grant in action.keys}
        before = None if not held or record is None else f"{record.threshold} of {len(held)}"
        self._note(f"keys of {name} that must sign", before, f"{action.threshold} of {len(given)}")
        for key in dict.fromkeys([*held, *given]):
            was, will = _grant(held.get(key)), _grant(given.get(key))
            if was != will:
                self._note(f"key {encode_did_key(key)} of {name}", was, will)

    def _set_constitution(self, action: SetConstitution) -> None:
        record = self.ledger.constitution(action.account)
        before = None if record is None else record.constitution
        after = action.constitution
        of = "" if action.account == self.own else f" of {self._account(action.account)}"
        if after is None:
            self._note(f"constitution{of}", "in force", "none: keys alone decide")
        for number, (was, will) in enumerate(zip_longest(_rules(before), _rules(after))):
            what = f"rule {number}{of}"
            if was is None or will is None:
                self._note(what, *(None if rule is None else self._said("rule", rule, None) for rule in (was, will)))
                continue
            for each in fields(was):
                old, new = getattr(was, each.name), getattr(will, each.name)
                if old != new:
                    old, new = self._said(each.name, old, None), self._said(each.name, new, None)
                    self._note(f"{what}, {each.name}", old, new)
        for (who_before, who_after), tags in _rights(before, after).items():
            names = ", ".join(OPERATIONS[tag][0] for tag in tags)
            self._note(f"who may do{of} {names}", who_before, who_after)

    def _set_parameters(self, action: SetParameters) -> None:
        before = self.ledger.parameters
        for each in fields(before):
            old, new = getattr(before, each.name), getattr(action.parameters, each.name)
            if old != new:
                old, new = self._said(each.name, old, None), self._said(each.name, new, None)
                self._note(f"the ledger's {each.name}", old, new)

    # What is said

    def _schema(self, action: Schema) -> None:
        self._schemas[schema_id(action.creator, action.name)] = action
        if action == setting_schema(self.own, action.name.removeprefix(PREFIX)):
            # Its first value follows, and is what members look for.
            return
        said = f"{_spaced(type(action.content).__name__)} {self._said('', action.content, None)}".strip()
        issuers = ", ".join(self._account(issuer) for issuer in action.issuers) or "anybody"
        self._note(f"schema {action.name} of {self._account(action.creator)}", None, f"{said}, by {issuers}")

    def _attest(self, action: Attest) -> None:
        until = "" if action.expires is None else f", until {when(action.expires)} UTC"
        after = self._content(action.content) + until
        self._note(self._about(action), self._attested(action), after)

    def _revoke(self, action: Revoke) -> None:
        self._note(self._about(action), self._attested(action), None)

    def _attested(self, action: Attest | Revoke) -> str | None:
        record = self.ledger.attestation(action.schema, action.issuer, action.subject, action.nonce)
        if record is None or not record.is_live(self.ledger.time):
            return None
        return self._content(record.content)

    def _about(self, action: Attest | Revoke) -> str:
        """What an attestation is about: a setting, or somebody."""
        record = self._schemas.get(action.schema) or self.ledger.schema(action.schema)
        name = action.schema.hex() if record is None else record.name
        own = record is not None and record.creator == action.issuer == action.subject == self.own
        if own and name.startswith(PREFIX) and action.nonce == bytes(32):
            return f"setting {name.removeprefix(PREFIX)}"
        creator = "" if record is None else f" of {self._account(record.creator)}"
        nonce = "" if action.nonce == bytes(32) else f", {action.nonce.hex()}"
        by = self._account(action.issuer)
        return f"{name}{creator}, attested of {self._account(action.subject)} by {by}{nonce}"

    def _content(self, content: object) -> str:
        if isinstance(content, Nothing):
            return "yes"
        if isinstance(content, Integer):
            return f"{content.value:,}"
        return self._account(content.to) if isinstance(content, Edge) else self._said("content", content, None)

    def _other(self, action: Operation) -> None:
        said = self._said("", action, getattr(action, "asset", None))
        what = f"operation {action.wire_name}"
        number = 2
        while what in self.changes:
            what = f"operation {action.wire_name}, {number}"
            number += 1
        self._note(what, None, said)

    # Amounts

    def _move(self, asset: bytes, sender: bytes, to: bytes, amount: int) -> None:
        fee, collector = self._fee(asset, sender, to, amount)
        self._credit(asset, sender, -amount)
        if amount > fee:
            self._credit(asset, to, amount - fee)
        if fee:
            self._credit(asset, collector, fee)

    def _fee(self, asset: bytes, sender: bytes, to: bytes, amount: int) -> tuple[int, bytes]:
        """What a payment costs, and who gets it."""
        policy, issuer = self._terms(asset)
        term = next((term for term in policy if isinstance(term, Fee)), None)
        if term is None or {sender, to} & {issuer, term.to}:
            return 0, b""
        return amount * term.bps // 10_000, term.to

    def _credit(self, asset: bytes, account: bytes, amount: int) -> None:
        before = self._balance(asset, account)
        after = self._balances[asset, account] = before + amount
        short = " (too little: it would be refused)" if after < 0 else ""
        what = f"{self._name(asset)} of {self._account(account)}"
        self._note(what, self._amount(asset, before), self._amount(asset, after) + short)

    def _issue(self, asset: bytes, amount: int) -> None:
        record = self.ledger.asset(asset)
        before = self._supplies.get(asset, 0 if record is None else record.supply)
        self._supplies[asset] = before + amount
        what = f"supply of {self._name(asset)}"
        self._note(what, self._amount(asset, before), self._amount(asset, before + amount))

    def _balance(self, asset: bytes, account: bytes) -> int:
        return self._balances.get((asset, account), self.ledger.balance(asset, account))

    def _note(self, what: str, before: str | None, after: str | None) -> None:
        """Note a change; where there was one of the same thing, the first one's before stays."""
        self.changes[what] = self.changes.get(what, (before,))[0], after

    # Words

    def _terms(self, asset: bytes) -> tuple[Sequence[Any], bytes]:
        record = self.ledger.asset(asset)
        if record is not None:
            return record.policy_at(self.ledger.time), record.issuer
        made = self._created.get(asset)
        return ((), b"") if made is None else (made.policy, made.issuer)

    def _asset(self, asset: bytes) -> AssetRecord | Create | None:
        return self._created.get(asset) or self.ledger.asset(asset)

    def _name(self, asset: bytes) -> str:
        """An asset's symbol, which anybody may give an asset, and so much of its id that nobody can make another."""
        record = self._asset(asset)
        return f"asset {asset.hex()}" if record is None else f"{record.symbol} [{asset.hex()[:32]}]"

    def _amount(self, asset: bytes, amount: int) -> str:
        record = self._asset(asset)
        return units(amount) if record is None else f"{units(amount, record.decimals)} {record.symbol}"

    def _account(self, account: bytes) -> str:
        if account == self.own:
            return "the community"
        has_record = self.ledger.account(account) is not None
        return encode_named_account(account) if has_record else encode_did_key(account)

    def _holder(self, account: bytes | None) -> str:
        return "nobody" if account is None else self._account(account)

    def _term(self, term: object, asset: bytes) -> str:
        return self._said("", term, asset) or "yes"

    def _said(self, name: str, value: Any, asset: bytes | None) -> str:  # noqa: ANN401 - any field of any operation
        """The value of a field in words, whatever it is."""
        if value is None:
            return "none"
        if isinstance(value, enum.Enum):
            return value.name.lower()
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int):
            return self._number(name, value, asset)
        if isinstance(value, (bytes, bytearray)):
            if len(value) != 32:
                return bytes(value).hex() or "empty"
            if name in ("asset", "currency"):
                return self._name(bytes(value))
            return self._account(bytes(value)) if name in _ACCOUNTS else bytes(value).hex()
        if isinstance(value, (list, tuple)):
            if name in ("operations", "scope"):
                return ", ".join(OPERATIONS[tag][0] if tag in OPERATIONS else str(tag) for tag in value)
            return ", ".join(self._said(name, each, asset) for each in value) or "none"
        if is_dataclass(value):
            kind = _spaced(type(value).__name__)
            parts = [f"{each.name} {self._said(each.name, getattr(value, each.name), asset)}" for each in fields(value)]
            inner = ", ".join(parts)
            if not name:
                return inner
            return f"({kind}: {inner})" if inner else kind
        text = str(value)
        return text if text.isprintable() else ascii(text)

    def _number(self, name: str, value: int, asset: bytes | None) -> str:
        if name.endswith("bps"):
            return percent(value)
        if name.endswith("ms"):
            return span(value)
        if name in _TIMES:
            return f"{when(value)} UTC"
        if asset is not None and name in ("amount", "units", "claim_max", "cap", "price", "floor"):
            return self._amount(asset, value)
        return f"{value:,}"


def _or_none(text: str | None) -> str:
    return "none" if text is None else text


def _spaced(name: str) -> str:
    """The name of a class in words."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _grant(grant: KeyGrant | None) -> str | None:
    if grant is None:
        return None
    if grant.scope is None:
        return "signs everything"
    return "signs " + ", ".join(OPERATIONS[tag][0] if tag in OPERATIONS else str(tag) for tag in grant.scope)


def _rules(constitution: Constitution | None) -> Sequence[Any]:
    return () if constitution is None else constitution.rules


def _rights(before: Constitution | None, after: Constitution | None) -> dict[tuple[str, str], list[int]]:
    """By whom operations may be done before and after, and which these are; only what changes."""
    found: dict[tuple[str, str], list[int]] = {}
    for tag in sorted(OPERATIONS):
        who = _right(before, tag), _right(after, tag)
        if who[0] != who[1]:
            found.setdefault(who, []).append(tag)
    return found


def _right(constitution: Constitution | None, tag: int) -> str:
    article = None if constitution is None else constitution.article(tag)
    if article is None:
        return "keys"
    by = ["keys"] if article.keys else []
    by += [f"a proposal by rule {rule}" for rule in article.rules]
    return ", or ".join(by) or "nobody"
