"""Records, operations and entries as JSON, and as a line for people."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from counterfoil.cli._console import units, when
from counterfoil.verify import LAYOUTS, OPERATIONS

_AMOUNTS = frozenset(
    name
    for layout in [*LAYOUTS.values(), *[line[1] for line in OPERATIONS.values()]]
    for name in re.findall(r"(\w+):(?:\[?u128|i64|\[u64)", layout)
)
"""The fields that are amounts, shares or attested: JSON's numbers would lose their last digits, so they are strings."""

_KINDS = {
    name: [variant.split()[1] for variant in LAYOUTS[layout].split(" | ")]
    for name, layout in (
        ("content", "Content"),
        ("electorate", "Electorate"),
        ("form", "Form"),
        ("ballot", "Ballot"),
        ("state", "State"),
        ("basis", "Basis"),
    )
}
"""The names of the variants of what these fields say, by tag."""

Describe = Callable[[bytes], str]
"""An account as a text."""

Asset = Callable[[bytes], tuple[str, int]]
"""An asset's symbol and decimals."""


def plain(value: Any) -> Any:  # noqa: ANN401 - any record, operation or entry
    """The value as JSON: ids in hex, amounts as decimal strings, operations and terms by name."""
    return _plain(value, "")


def _plain(value: Any, name: str) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, enum.Enum):
        return value.name.lower()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        if name in {"scope", "operations"}:
            return operation_name(value)
        return str(value) if name in _AMOUNTS else value
    if isinstance(value, dict):
        return {key: _plain(one, key) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one, name) for one in value]
    wire_name, wire_tag = getattr(value, "wire_name", None), getattr(value, "wire_tag", None)
    if wire_name is not None:
        return {"operation": wire_name, **{key: _plain(one, key) for key, one in operation_fields(value).items()}}
    if dataclasses.is_dataclass(value):
        named = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        made = {key: _plain(one, key) for key, one in named.items() if not key.startswith("_")}
        if name in _KINDS and wire_tag is not None:
            return {"kind": _KINDS[name][wire_tag], **made}
        return {"term": term_name(value), **made} if name == "policy" else made
    return str(value)


def text(value: Any) -> str:  # noqa: ANN401 - what `plain` returned
    """What `plain` returned, for people: a list a line each."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {field_text(name, one)}" for name, one in value.items())
    if isinstance(value, list):
        lines = [text(one) for one in value]
        return ("\n" if any(isinstance(one, dict) for one in value) else ", ").join(lines) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


_NONE = {
    "scope": "everything",
    "asset_creators": "anybody",
    "governor": "nobody",
    "limit": "revoked",
    "expires": "never",
    "issuers": "anybody",
    "eligible": "anybody",
    "subjects": "anybody",
    "revoked": "no",
    "constitution": "dissolved",
    "guardian": "nobody",
    "deposit": "nothing",
    "members": "the voter",
}
"""What the absence of a field, or an empty list, means, where it is not just nothing."""


def field_text(name: str, value: Any) -> str:  # noqa: ANN401 - what `plain` returned
    """A field of what `plain` returned, for people."""
    return _NONE[name] if value in (None, []) and name in _NONE else text(value)


def operation_fields(operation: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of verify or of ops
    """The fields of an operation, by name."""
    if dataclasses.is_dataclass(operation):
        return {field.name: getattr(operation, field.name) for field in dataclasses.fields(operation)}
    layout = OPERATIONS[operation.wire_tag][1]
    return {part.partition(":")[0]: getattr(operation, part.partition(":")[0]) for part in layout.split()}


def operation_name(tag: int) -> str:
    """The name of an operation, from its tag."""
    return OPERATIONS[tag][0] if tag in OPERATIONS else f"0x{tag:02x}"


def term_name(term: object) -> str:
    """The name of a term of a policy."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(term).__name__).lower()


def term_text(term: Any) -> str:  # noqa: ANN401 - one of the classes of terms
    """A term of a policy in words."""
    texts = {
        "bound": "bound: moves only from or to its issuer",
        "lots": "lots by {period}",
        "fixed_expiry": "a lot lapses {days} days after its period",
        "inactivity_expiry": "a balance lapses after {days} days without activity",
        "strict_lots": "a 65th lot is refused, not merged",
        "debt_floor": "an account may owe the issuer up to {units} minor units",
        "no_reinstatement": "what lapsed while it was redeemed is not given back",
        "items": "a collection of items, each with one owner",
        "royalty": "of each price {bps} of 10,000 parts go to {to}",
        "notice": "changes for the worse are announced {ms} ms before",
        "fee": "{bps} of 10,000 parts of each payment go to {to}",
        "max_holding": "an account may have up to {units} minor units",
        "sunset_notice": "it ends {ms} ms after that was announced at the earliest",
        "attested_holders": "who is paid must be attested {schema} by {issuer}",
    }
    named = {field.name: _plain(getattr(term, field.name), "") for field in dataclasses.fields(term)}
    return texts.get(term_name(term), term_name(term)).format(**named)


def operation_text(operation: Any, who: Describe, asset: Asset) -> str:  # noqa: ANN401 - of verify or of ops
    """An operation in a line."""
    given = dict(operation_fields(operation))
    name: str = operation.wire_name
    if "asset" in given and name != "sweep":
        symbol, decimals = asset(given["asset"])
    elif "schema" in given:
        symbol, decimals = asset(given["schema"])
    else:
        symbol, decimals = "", 0
    amount = f"{units(given['amount'], decimals)} {symbol}" if given.get("amount") is not None else symbol
    lines: dict[str, Callable[[], str]] = {
        "transfer": lambda: f"{amount}: {who(given['sender'])} → {who(given['to'])}",
        "claw_back": lambda: f"{amount}: {who(given['sender'])} → {who(given['to'])}",
        "mint": lambda: f"{amount} → {who(given['to'])}",
        "redeem": lambda: f"{amount} of {who(given['sender'])} at {who(given['at'])}",
        "refund": lambda: f"{amount} → {who(given['sender'])}",
        "burn": lambda: f"{amount} of {who(given['sender'])}",
        "pay": lambda: _pay_text(given, symbol, decimals, who),
        "sweep": lambda: f"{asset(given['asset'])[0]} of {len(given['accounts']):,} accounts",
        "create": lambda: f"{given['symbol']} by {who(given['issuer'])}",
        "open": lambda: f"by {who(given['opener'])}, {given['threshold']} of {len(given['keys'])} keys",
        "set_keys": lambda: f"{who(given['account'])}, {given['threshold']} of {len(given['keys'])} keys",
        "mandate": lambda: _mandate_text(given, symbol, decimals, who),
        "freeze": lambda: f"{symbol} of {who(given['account'])}" + ("" if given["frozen"] else ": lifted"),
        "pause": lambda: symbol + ("" if given["paused"] else ": lifted"),
        "renounce": lambda: f"{given['power'].name.lower()} over {symbol}",
        "open_campaign": lambda: f"{amount} of {who(given['owner'])}",
        "fund_campaign": lambda: f"{amount}: {who(given['sender'])} → {who(given['campaign'])}",
        "claim": lambda: f"{_slips_text(given['slips'])} of {who(given['campaign'])}",
        "close_campaign": lambda: who(given["campaign"]),
        "design": lambda: f"{given['design']} of {symbol}, {given['editions']:,} editions",
        "issue_item": lambda: f"{symbol} {given['design']} → {who(given['to'])}",
        "give_item": lambda: f"{symbol} {_item_text(given['item'])}: {who(given['sender'])} → {who(given['to'])}",
        "sell_item": lambda: _sale_text(given, symbol, who, asset),
        "burn_item": lambda: f"{symbol} {_item_text(given['item'])} of {who(given['sender'])}",
        "complete_set": lambda: f"{symbol} {given['design']} of {len(given['items'])} items of {who(given['sender'])}",
        "schema": lambda: f"{given['name']} by {who(given['creator'])}",
        "attest": lambda: f"{symbol}: {who(given['issuer'])} of {who(given['subject'])}{_content_text(given, who)}",
        "revoke": lambda: f"{symbol}: {who(given['issuer'])} of {who(given['subject'])}",
        "once": lambda: f"{given['key'].hex()[:16]}… of {who(given['account'])}",
        "set_guardians": lambda: f"{who(given['account'])}, {_guardians_text(given['threshold'], given['guardians'])}",
        "recover": lambda: f"{who(given['account'])}, {given['threshold']} of {len(given['keys'])} keys",
        "cancel_recovery": lambda: who(given["account"]),
        "finish_recovery": lambda: who(given["account"]),
        "alias": lambda: f"{who(given['account'])} → {who(given['into'])}",
        "set_constitution": lambda: f"{who(given['account'])}, {_constitution_text(given['constitution'])}",
        "propose": lambda: f"to {who(given['account'])} by {who(given['proposer'])}, {_options_text(given['options'])}",
        "vote": lambda: f"of {who(given['voter'])} on {given['proposal'].hex()[:16]}…, {_ballot_text(given)}",
        "reveal": lambda: f"of {who(given['voter'])} on {given['proposal'].hex()[:16]}…, {_ballot_text(given)}",
        "delegate": lambda: _delegation_text(given, who),
        "veto": lambda: f"{given['proposal'].hex()[:16]}…",
        "cancel": lambda: f"{given['proposal'].hex()[:16]}…",
        "conclude": lambda: f"{given['proposal'].hex()[:16]}…",
        "execute": lambda: f"{given['proposal'].hex()[:16]}…: {_actions_text(given['actions'])}",
        "snapshot": lambda: f"{symbol} until {when(given['until'])} UTC",
        "release_snapshot": lambda: f"{symbol} {given['number']}",
        "distribute": lambda: f"{amount} of {who(given['fund'])}",
        "collect": lambda: f"{_parts_text(given['parts'])} of {who(given['distribution'])}",
        "close_distribution": lambda: who(given["distribution"]),
    }
    return f"{name} {lines[name]()}" if name in lines else f"{name} {symbol}".strip()


def _pay_text(given: Mapping[str, Any], symbol: str, decimals: int, who: Describe) -> str:
    total = sum(payee.amount for payee in given["payees"])
    return f"{units(total, decimals)} {symbol}: {who(given['sender'])} → {len(given['payees']):,} payees"


def _slips_text(slips: Sequence[Any]) -> str:
    return "1 slip" if len(slips) == 1 else f"{len(slips):,} slips"


def _parts_text(parts: Sequence[Any]) -> str:
    return "1 part" if len(parts) == 1 else f"{len(parts):,} parts"


def _constitution_text(constitution: Any) -> str:  # noqa: ANN401 - of verify or of ops
    if constitution is None:
        return "dissolved"
    return f"{len(constitution.rules)} rules, {len(constitution.articles)} articles"


def _options_text(options: Sequence[Any]) -> str:
    return "1 option" if len(options) == 1 else f"{len(options)} options"


def _actions_text(actions: Sequence[Any]) -> str:
    return ", ".join(action.wire_name for action in actions) or "no actions"


def _ballot_text(given: Mapping[str, Any]) -> str:
    ballot = _plain(given["ballot"], "ballot")
    said = " ".join(str(one) for one in ballot.get("shares", ballot.get("options", ())))
    members = f" for {len(given['members']):,} members" if given["members"] else ""
    return f"{ballot['kind']} {said}".strip() + members


def _delegation_text(given: Mapping[str, Any], who: Describe) -> str:
    if given["to"] is None:
        return f"of {who(given['delegator'])}: revoked, {who(given['account'])}"
    return f"of {who(given['delegator'])} → {who(given['to'])}, {who(given['account'])}"


def _guardians_text(threshold: int, guardians: Collection[bytes]) -> str:
    return f"{threshold} of {len(guardians)} guardians" if guardians else "dismissed"


def _item_text(item: Any) -> str:  # noqa: ANN401 - of verify or of ops
    return f"{item.design}/{item.edition}"


def _sale_text(given: Mapping[str, Any], symbol: str, who: Describe, asset: Asset) -> str:
    currency, decimals = asset(given["currency"])
    between = f"{who(given['seller'])} → {who(given['buyer'])}"
    return f"{symbol} {_item_text(given['item'])}: {between} for {units(given['price'], decimals)} {currency}"


def _mandate_text(given: Mapping[str, Any], symbol: str, decimals: int, who: Describe) -> str:
    between = f"{who(given['account'])} → {who(given['agent'])}"
    if given["limit"] is None:
        return f"revoked: {between}, {symbol}"
    return f"{between}, {units(given['limit'].cap, decimals)} {symbol}"


def _content_text(given: Mapping[str, Any], who: Describe) -> str:
    content = _plain(given["content"], "content")
    said = who(given["content"].to) if content["kind"] == "edge" else content.get("value", content.get("hash"))
    return "" if said is None else f": {said}"


def record_id_of(table: str, parts: list[bytes]) -> tuple[bytes, bytes]:
    """The table key and the record id of a record, from the parts that people name it by."""
    made = RECORD_PARTS[table][1](*parts)
    return made if isinstance(made, tuple) else (b"", made)


def _record_id(kind: str) -> Callable[..., bytes]:
    """How to make the id of a record of this kind."""

    def make(*parts: bytes) -> bytes:
        from counterfoil.verify import record_id

        return record_id(kind, *parts)

    return make


def _itself(identifier: bytes) -> bytes:
    return identifier


def _within(key: bytes, record: bytes) -> tuple[bytes, bytes]:
    return key, record


def _of_schema(schema: bytes, issuer: bytes, subject: bytes, nonce: bytes = bytes(32)) -> tuple[bytes, bytes]:
    return schema, _record_id("attestation")(schema, issuer, subject, nonce)


RECORD_PARTS: dict[str, tuple[tuple[str, ...], Callable[..., bytes | tuple[bytes, bytes]]]] = {
    "parameters": ((), _record_id("parameters")),
    "accounts": (("ACCOUNT",), _itself),
    "mandates": (("ACCOUNT", "AGENT", "ASSET|SCHEMA"), _record_id("mandate")),
    "once": (("ACCOUNT", "KEY"), _record_id("once")),
    "assets": (("ASSET",), _itself),
    "holders": (("ASSET", "ACCOUNT"), _within),
    "lots": (("ASSET", "LOT"), lambda asset, lot: (asset, _record_id("lot")(asset, lot))),
    "freezes": (("ASSET", "ACCOUNT"), _within),
    "holds": (("ID",), _itself),
    "hold_groups": (("ID",), _itself),
    "designs": (("ASSET", "DESIGN"), lambda asset, design: (asset, _record_id("design")(asset, design))),
    "items": (("ASSET", "DESIGN", "EDITION"), lambda *parts: (parts[0], _record_id("item")(*parts))),
    "campaigns": (("ID",), _itself),
    "claimants": (("ID", "ACCOUNT"), _within),
    "schemas": (("SCHEMA",), _itself),
    "attestations": (("SCHEMA", "ISSUER", "SUBJECT", "[NONCE]"), _of_schema),
    "redemptions": (("ASSET", "ACCOUNT", "ORDER"), lambda *parts: (parts[0], _record_id("redemption")(*parts))),
    "debts": (("ASSET", "ACCOUNT"), _within),
    "guardians": (("ACCOUNT",), _itself),
    "recoveries": (("ACCOUNT",), _itself),
    "constitutions": (("ACCOUNT",), _itself),
    "proposals": (("ID",), _itself),
    "votes": (("ID", "MEMBER"), _within),
    "rankings": (("ID", "OPTIONS"), lambda proposal, options: (proposal, _record_id("ranking")(proposal, options))),
    "delegations": (("ACCOUNT", "DELEGATOR"), _record_id("delegation")),
    "resolutions": (("ACCOUNT", "RULE", "HASH"), _record_id("resolution")),
    "snapshots": (("ASSET", "NUMBER"), _record_id("snapshot")),
    "saved": (("ASSET", "ACCOUNT"), _within),
    "distributions": (("ID",), _itself),
    "collected": (("ID", "MEMBER"), _within),
}
"""What names a record of each table on the command line, and the record id (or table key and record id) of that.

What stands in brackets may be left out.
"""
