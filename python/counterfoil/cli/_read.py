"""`balance`, `account`, `asset`, `log` and `stats`."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterfoil.cli import _console, _inputs, _values
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, app
from counterfoil.cli._errors import CommandError, Exit, found
from counterfoil.verify import (
    AccountRecord,
    AssetRecord,
    ConstitutionRecord,
    GuardiansRecord,
    Holding,
    KeyGrant,
    LotRecord,
    Lots,
    MandateRecord,
    RecoveryRecord,
    encode_did_key,
    encode_named_account,
)

if TYPE_CHECKING:
    from counterfoil.ledger import Event, Ledger

AccountArgument = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="did:key:z6Mk…, acct1… or 64 hex digits.", show_default=False)
]
AssetArgument = Annotated[
    str | None, typer.Argument(metavar="ASSET", help="64 hex digits, SYMBOL or ISSUER:SYMBOL.", show_default=False)
]
LimitOption = Annotated[int, typer.Option(min=1, metavar="N", help="How many to show.")]


def _period(record: AssetRecord) -> int | None:
    return next((int(term.period) for term in record.policy if isinstance(term, Lots)), None)


# Balances


@app.command(short_help="What an account holds.", epilog=EXIT_CODES)
def balance(
    account: AccountArgument, ledger: LedgerOption, asset: AssetArgument = None, json: JsonOption = False
) -> None:
    """What an account holds: of one asset, or of all.

    Units that have lapsed count until they are swept. The exit code is 0 for a balance of 0 as well.

    \b
      counterfoil balance did:key:z6Mk… BEAN
      counterfoil balance acct1… --json
    """
    identifier = _inputs.account_from(account)
    with _inputs.reading(ledger) as opened:
        chosen = list(opened.assets()) if asset is None else [_inputs.asset_from(opened, asset)]
        held = [(key, record, opened.holding(key, identifier)) for key, record in chosen]
        text = _inputs.account_text(opened, identifier)
    if asset is None:
        held = [line for line in held if line[2].amount]
    if json:
        balances = [_holding_json(key, record, holding) for key, record, holding in held]
        _console.emit({"account": identifier.hex(), "text": text, "balances": balances})
    elif asset is not None:
        _print_holding(text, *held[0][1:])
    else:
        _console.note(text)
        if not held:
            _console.note("holds nothing")
            return
        _console.note("")
        _console.rows(
            [">amount", "symbol", "asset"],
            [
                (_console.units(holding.amount, record.decimals), record.symbol, _console.short(key.hex()))
                for key, record, holding in held
            ],
        )


def _holding_json(key: bytes, record: AssetRecord, holding: Holding) -> dict[str, Any]:
    return {
        "asset": key.hex(),
        "symbol": record.symbol,
        "decimals": record.decimals,
        "amount": str(holding.amount),
        "supply": str(record.supply),
        "activity_day": holding.activity_day,
        "lots": _values.plain(holding.lots),
    }


def _print_holding(text: str, record: AssetRecord, holding: Holding) -> None:
    pairs: list[tuple[str, object]] = [
        ("account", text),
        ("amount", f"{_console.units(holding.amount, record.decimals)} {record.symbol}"),
        ("of a supply of", f"{_console.units(record.supply, record.decimals)} {record.symbol}"),
    ]
    if holding.activity_day:
        pairs.append(("last activity", _console.day_text(holding.activity_day)))
    _console.fields(None, pairs)
    if holding.lots:
        period = _period(record)
        _console.note("")
        _console.rows(
            ["lot", ">amount"],
            [(_console.lot_text(lot.lot, period), _console.units(lot.amount, record.decimals)) for lot in holding.lots],
        )


# Accounts


@app.command(short_help="An account's keys, threshold and mandates.", epilog=EXIT_CODES)
def account(
    ledger: LedgerOption,
    account: Annotated[
        str | None,
        typer.Argument(
            metavar="ACCOUNT", help="did:key:z6Mk…, acct1… or 64 hex digits; none lists them.", show_default=False
        ),
    ] = None,
    limit: LimitOption = 20,
    json: JsonOption = False,
) -> None:
    """An account's keys, scopes, threshold and mandates. Without an account: those that have a record.

    A key account without a record needs none: its id is its key. Mandates are those that it gave and those that it has.
    Its guardians may together set its keys; a recovery is what they asked for. Of a governed account the articles of
    its constitution say what its keys may not do.

    \b
      counterfoil account acct1…
      counterfoil account --limit 100 --json
    """
    with _inputs.reading(ledger) as opened:
        if account is None:
            _list_accounts(opened, limit, json=json)
            return
        identifier = _inputs.account_from(account)
        record, guardians, recovery = (
            opened.account(identifier),
            opened.guardians(identifier),
            opened.recovery(identifier),
        )
        constitution = opened.constitution(identifier) if record is not None and record.is_governed else None
        mandates = [one for one in _mandates(opened) if identifier in (one.account, one.agent)]
        symbols = _symbols(opened)
        described = [_constitution_pairs(constitution)] if constitution else []
        described += [_guardians_pairs(opened, guardians)] if guardians else []
        described += [_recovery_pairs(recovery)] if recovery else []
        described += [_mandate_pairs(opened, one, identifier, symbols) for one in mandates]
    if json:
        _console.emit(
            {
                "account": identifier.hex(),
                "did": encode_did_key(identifier),
                "acct": encode_named_account(identifier),
                "record": None if record is None else _account_json(record),
                "constitution": _values.plain(constitution),
                "guardians": _values.plain(guardians),
                "recovery": _values.plain(recovery),
                "mandates": _values.plain(mandates),
            }
        )
        return
    _print_account(identifier, record)
    for title, pairs in described:
        _console.note("")
        _console.fields(title, pairs)


def _constitution_pairs(record: ConstitutionRecord) -> tuple[str, list[tuple[str, object]]]:
    pairs: list[tuple[str, object]] = [
        ("since", f"{_console.when(record.since)} UTC"),
        ("rules", len(record.constitution.rules)),
    ]
    for article in record.constitution.articles:
        who = ["its keys"] if article.keys else []
        who += [f"rule {number}" for number in article.rules]
        names = ", ".join(_values.operation_name(tag) for tag in article.operations)
        pairs.append(("article", f"{names}\nby {', '.join(who) or 'nobody'}"))
    return "constitution", pairs


def _guardians_pairs(ledger: Ledger, record: GuardiansRecord) -> tuple[str, list[tuple[str, object]]]:
    texts = "\n".join(_inputs.account_text(ledger, guardian) for guardian in record.guardians)
    return "guardians", [
        ("threshold", f"{record.threshold} of {len(record.guardians)}"),
        ("accounts", texts),
        ("delay", _duration(record.delay_ms)),
    ]


def _recovery_pairs(record: RecoveryRecord) -> tuple[str, list[tuple[str, object]]]:
    return "recovery", [
        ("started", f"{_console.when(record.started)} UTC"),
        ("due", f"{_console.when(record.due)} UTC"),
        ("threshold", f"{record.threshold} of {len(record.keys)} keys"),
        *_key_pairs(record.keys),
    ]


def _key_pairs(keys: Sequence[KeyGrant]) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for grant in keys:
        scope = "everything" if grant.scope is None else ", ".join(_values.operation_name(tag) for tag in grant.scope)
        pairs.append(("key", f"{encode_did_key(grant.key)}\nmay sign: {scope}"))
    return pairs


def _mandate_pairs(
    ledger: Ledger, mandate: MandateRecord, identifier: bytes, symbols: _values.Asset
) -> tuple[str, list[tuple[str, object]]]:
    symbol, decimals = symbols(mandate.asset)
    gave = mandate.account == identifier
    other = _inputs.account_text(ledger, mandate.agent if gave else mandate.account)
    return "mandate given" if gave else "mandate held", [
        ("to" if gave else "from", other),
        ("may", f"{', '.join(_values.operation_name(tag) for tag in mandate.operations)} {symbol}"),
        ("cap", f"{_console.units(mandate.cap, decimals)} in {_duration(mandate.window_ms)}"),
        ("spent", f"{_console.units(mandate.spent, decimals)} in the window it was last used in"),
        ("until", f"{_console.when(mandate.until)} UTC"),
    ]


def _duration(window_ms: int) -> str:
    for size, name in ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")):
        if window_ms % size == 0:
            count = window_ms // size
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    return f"{window_ms:,} ms"


def _mandates(ledger: Ledger) -> Iterator[MandateRecord]:
    # The ledger has no iterator over mandates: their ids are hashes, so that one account's are found by reading all.
    from counterfoil.verify import CODEC

    for _, _, value in ledger._records("mandates", None):
        yield CODEC.decode("MandateRecord", value)


def _account_kind(record: AccountRecord) -> str:
    if record.is_alias:
        return "alias"
    if record.is_governed:
        return "governed"
    return "programme" if record.is_programme else "keyed"


def _account_json(record: AccountRecord) -> dict[str, Any]:
    return {
        "kind": _account_kind(record),
        "epoch": record.epoch,
        "threshold": record.threshold,
        "keys": _values.plain(record.keys),
        "family": record.family,
        "into": _values.plain(record.into),
    }


def _print_account(identifier: bytes, record: AccountRecord | None) -> None:
    pairs: list[tuple[str, object]] = [("id", identifier.hex())]
    if record is None:
        pairs += [("text", encode_did_key(identifier)), ("record", "none: a key account; its id is its only key")]
        _console.fields(None, pairs)
        return
    pairs.append(("text", encode_named_account(identifier)))
    if record.is_programme:
        pairs.append(("record", f"programme account of family {record.family}; nobody signs for it"))
        _console.fields(None, pairs)
        return
    if record.into is not None:
        pairs += [("alias of", _both_texts(record.into)), ("epoch", record.epoch)]
        _console.fields(None, pairs)
        return
    if record.is_governed:
        pairs.append(("record", "governed: its constitution says what its keys may do"))
    pairs.append(("threshold", f"{record.threshold} of {len(record.keys)} keys"))
    pairs.append(("epoch", record.epoch))
    _console.fields(None, pairs + _key_pairs(record.keys))


def _both_texts(account: bytes) -> str:
    """An account of which it is not looked up which kind it is."""
    return f"{encode_did_key(account)}\n{encode_named_account(account)}"


def _signers_text(record: AccountRecord) -> str:
    if record.into is not None:
        return f"alias of {encode_named_account(record.into)}"
    return f"family {record.family}" if record.is_programme else f"{record.threshold} of {len(record.keys)}"


def _list_accounts(ledger: Ledger, limit: int, *, json: bool) -> None:
    listed = list(itertools.islice(ledger.accounts(), limit + 1))
    more, listed = len(listed) > limit, listed[:limit]
    if json:
        accounts = [{"account": key.hex(), **_account_json(record)} for key, record in listed]
        _console.emit({"accounts": accounts, "more": more})
        return
    if not listed:
        _console.note("no account has a record: all are plain key accounts")
        return
    _console.rows(
        ["account", "keys"],
        [(encode_named_account(key), _signers_text(record)) for key, record in listed],
    )
    if more:
        _console.note(f"and more; --limit shows more than {limit}")


# Assets


@app.command(short_help="An asset's terms, powers, supply and liability.", epilog=EXIT_CODES)
def asset(
    ledger: LedgerOption,
    asset: AssetArgument = None,
    lots: Annotated[bool, typer.Option("--lots", help="Also the totals of each lot: the liability report.")] = False,
    holders: Annotated[bool, typer.Option("--holders", help="Also who holds it.")] = False,
    limit: LimitOption = 20,
    json: JsonOption = False,
) -> None:
    """An asset's terms, powers and supply. Without an asset: all of them.

    With --lots: per issue month (or day), what was issued, burned, redeemed (and not refunded), expired and clawed
    back, and what is outstanding. Clawed-back units are still outstanding, in another account.

    \b
      counterfoil asset
      counterfoil asset BEAN --lots
      counterfoil asset BEAN --holders --limit 100 --json
    """
    with _inputs.reading(ledger) as opened:
        if asset is None:
            _list_assets(opened, limit, json=json)
            return
        key, record = _inputs.asset_from(opened, asset)
        texts = {
            one: _inputs.account_text(opened, one) for one in [record.issuer, *_holders_of_powers(record).values()]
        }
        at = opened.time
        by_lot = opened.lots(key) if lots else []
        held = list(itertools.islice(opened.holders(key), limit + 1)) if holders else []
        more, held = len(held) > limit, held[:limit]
        held_texts = [_inputs.account_text(opened, holder) for holder, _ in held]
    if json:
        value = _asset_json(key, record)
        if lots:
            value["lots"] = [_lot_json(lot) for lot in by_lot]
        if holders:
            value["holders"] = [
                {"account": holder.hex(), "text": text, "amount": str(holding.amount)}
                for (holder, holding), text in zip(held, held_texts, strict=True)
            ]
            value["more_holders"] = more
        _console.emit(value)
        return
    _print_asset(key, record, texts, at)
    if lots:
        _console.note("")
        print_lots(by_lot, record)
    if holders:
        _console.note("")
        _console.rows(
            ["holder", ">amount"],
            [
                (text, _console.units(holding.amount, record.decimals))
                for (_, holding), text in zip(held, held_texts, strict=True)
            ],
        )
        if more:
            _console.note(f"and more; --limit shows more than {limit}")


def _holders_of_powers(record: AssetRecord) -> dict[str, bytes]:
    names = ("mint", "freeze", "pause", "claw_back", "change")
    held = {name: getattr(record.powers, name) for name in names}
    return {name: account for name, account in held.items() if account is not None}


def _asset_json(key: bytes, record: AssetRecord) -> dict[str, Any]:
    made: dict[str, Any] = _values.plain(record)
    return {"asset": key.hex(), "supply": str(record.supply), **made}


def outstanding(lot: LotRecord) -> int:
    """The units of a lot that exist."""
    return lot.own_sum


def _lot_json(lot: LotRecord) -> dict[str, Any]:
    made: dict[str, Any] = _values.plain(lot)
    return {**made, "outstanding": str(outstanding(lot))}


def print_lots(lots: list[LotRecord], record: AssetRecord) -> None:
    """Print the liability report of an asset with lots."""
    if not lots:
        _console.note("no lots: the asset does not count its units by period, or none was minted")
        return
    period = _period(record)

    def line(name: str, parts: list[LotRecord]) -> tuple[str, ...]:
        columns = (
            sum(lot.issued for lot in parts),
            sum(lot.burned for lot in parts),
            sum(lot.redeemed for lot in parts),
            sum(lot.expired for lot in parts),
            sum(lot.clawed_back for lot in parts),
            sum(outstanding(lot) for lot in parts),
        )
        return (name, *[_console.units(units, record.decimals) for units in columns])

    lines = [line(_console.lot_text(lot.lot, period), [lot]) for lot in lots]
    _console.rows(
        ["lot", ">issued", ">burned", ">redeemed", ">expired", ">clawed back", ">outstanding"],
        lines,
        total=line("all", lots),
    )


def _print_asset(key: bytes, record: AssetRecord, texts: dict[bytes, str], at: int) -> None:
    def amount(units: int) -> str:
        return f"{_console.units(units, record.decimals)} {record.symbol}"

    pairs: list[tuple[str, object]] = [
        ("asset", key.hex()),
        ("symbol", record.symbol),
        ("issuer", texts[record.issuer]),
        ("decimals", record.decimals),
        ("supply", amount(record.supply)),
        ("cap", amount(record.supply_cap)),
        ("minted", amount(record.minted)),
        ("burned", amount(record.burned)),
        ("redeemed", amount(record.redeemed)),
        ("swept", amount(record.swept)),
        ("clawed back", amount(record.clawed_back)),
    ]
    pairs += [("policy", _values.term_text(term)) for term in record.policy]
    if record.pending is not None:
        pairs.append(("announced", f"from {_console.when(record.pending.due)} on"))
        pairs += [("then", _values.term_text(term)) for term in record.pending.policy]
    if record.sunset is not None:
        pairs.append(("ends", _console.when(record.sunset)))
    pairs += [
        ("snapshot", f"{listed.number}, until {_console.when(listed.until)} UTC") for listed in record.snapshots_at(at)
    ]
    if record.paused:
        pairs.append(("paused", "yes"))
    if record.frozen_accounts:
        pairs.append(("frozen", f"{record.frozen_accounts:,} accounts"))
    if record.debtors:
        pairs.append(("owed", f"{amount(record.owed)} by {record.debtors:,} accounts"))
    held = _holders_of_powers(record)
    for account in dict.fromkeys(held.values()):
        names = ", ".join(name.replace("_", " ") for name, holder in held.items() if holder == account)
        pairs.append(("powers", f"{names}:\n{texts[account]}"))
    none = [name.replace("_", " ") for name in ("mint", "freeze", "pause", "claw_back", "change") if name not in held]
    if none:
        pairs.append(("renounced", ", ".join(none)))
    _console.fields(None, pairs)


def _list_assets(ledger: Ledger, limit: int, *, json: bool) -> None:
    listed = list(itertools.islice(ledger.assets(), limit + 1))
    more, listed = len(listed) > limit, listed[:limit]
    if json:
        _console.emit({"assets": [_asset_json(key, record) for key, record in listed], "more": more})
        return
    if not listed:
        _console.note("no assets yet")
        return
    _console.rows(
        ["symbol", ">supply", "asset"],
        [
            (record.symbol, _console.units(record.supply, record.decimals), _console.short(key.hex()))
            for key, record in listed
        ],
    )
    if more:
        _console.note(f"and more; --limit shows more than {limit}")


# The log


@app.command(short_help="Entries of the log.", epilog=EXIT_CODES)
def log(
    ledger: LedgerOption,
    entry: Annotated[
        str | None,
        typer.Argument(
            metavar="ENTRY", help="One entry in full: its index, or a transaction's id.", show_default=False
        ),
    ] = None,
    after: Annotated[
        int | None,
        typer.Option(min=0, metavar="INDEX", help="Entries after this one: the cursor.", show_default=False),
    ] = None,
    limit: LimitOption = 20,
    tail: Annotated[bool, typer.Option("--tail", help="The last entries.")] = False,
    account: Annotated[
        str | None,
        typer.Option(metavar="ACCOUNT", help="Only transactions that it signed or that name it.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Entries of the log: genesis, applied transactions, commits, changes of the operator's key.

    Go on where a page ended with --after and the last index that was shown (`next_after` in JSON).

    \b
      counterfoil log --tail
      counterfoil log --after 41 --limit 100 --json
      counterfoil log 42
      counterfoil log --account did:key:z6Mk…
    """
    with _inputs.reading(ledger) as opened:
        if entry is not None:
            _show_entry(opened, entry, json=json)
            return
        events = _events(opened, after, limit, None if account is None else _inputs.account_from(account), tail=tail)
        page = list(itertools.islice(events, limit))
        who, symbols = _names(opened), _symbols(opened)
        if json:
            _console.emit(
                {
                    "size": opened.size,
                    "entries": [_entry_json(event) for event in page],
                    "next_after": page[-1].index if page else after,
                }
            )
            return
        if not page:
            _console.note(f"no entries after {after}" if after is not None else "no entries")
            return
        _console.rows(
            [">index", "time", "what"],
            [line for event in page for line in _entry_lines(event, who, symbols)],
        )
        if page[-1].index < opened.size - 1 and not tail:
            _console.hint(f"go on with --after {page[-1].index}; the log has {opened.size:,} entries")


def _events(ledger: Ledger, after: int | None, limit: int, account: bytes | None, *, tail: bool) -> Iterator[Event]:
    from counterfoil.ledger import Event
    from counterfoil.wire import decode_entry

    if account is None:
        start = max(ledger.size - limit - 1, -1) if tail else after
        yield from ledger.events(after=start if start is None or start >= 0 else None)
        return
    indexes: Iterator[int] = (applied.index for applied in ledger.transactions(account, after=after))
    if tail:
        indexes = iter(list(indexes)[-limit:])
    for index in indexes:
        yield Event(index, decode_entry(ledger.entry(index)))


def _names(ledger: Ledger) -> _values.Describe:
    texts: dict[bytes, str] = {}

    def who(account: bytes) -> str:
        if account not in texts:
            texts[account] = _console.short(_inputs.account_text(ledger, account))
        return texts[account]

    return who


def _symbols(ledger: Ledger) -> _values.Asset:
    known: dict[bytes, tuple[str, int]] = {}

    def asset(identifier: bytes) -> tuple[str, int]:
        if identifier not in known:
            record, schema = ledger.asset(identifier), ledger.schema(identifier)
            text = identifier.hex()[:8] + "…" if schema is None else schema.name
            known[identifier] = (text, 0) if record is None else (record.symbol, record.decimals)
        return known[identifier]

    return asset


def _kind(entry: Any) -> str:  # noqa: ANN401 - an entry of either module
    return {"Genesis": "genesis", "Applied": "applied", "Commit": "commit", "OperatorChange": "operator"}[
        type(entry).__name__
    ]


def _entry_json(event: Event) -> dict[str, Any]:
    made: dict[str, Any] = _values.plain(event.entry)
    value = {"index": event.index, "kind": _kind(event.entry), **made}
    if "time" in value:
        value["time_ms"] = value.pop("time")
    if value["kind"] == "applied":
        signed: Any = event.entry
        value["id"] = signed.signed.id.hex()
    return value


def _entry_lines(event: Event, who: _values.Describe, symbols: _values.Asset) -> list[tuple[str, str, str]]:
    entry: Any = event.entry
    index, kind = str(event.index), _kind(entry)
    if kind == "applied":
        operations = [_values.operation_text(one, who, symbols) for one in entry.signed.transaction.operations]
        shown = operations[:3] + ([f"and {len(operations) - 3:,} more operations"] if len(operations) > 3 else [])
        effects = [each for effect in entry.effects for each in getattr(effect, "effects", (effect,))]
        lapsed = sum(lot.amount for effect in effects for lot in effect.lapsed)
        if lapsed:
            shown.append(f"lapsed on the way: {lapsed:,} minor units")
        return [(index, _console.when(entry.time), "\n".join(shown))]
    if kind == "commit":
        return [(index, _console.when(entry.time), f"commit {entry.height}: state root {entry.state_root.hex()[:16]}…")]
    if kind == "genesis":
        return [(index, _console.when(entry.time), f"genesis of {entry.origin}")]
    return [(index, "", f"operator's key is now {_console.short(encode_did_key(entry.new_key))}")]


def _show_entry(ledger: Ledger, text: str, *, json: bool) -> None:
    from counterfoil.ledger import Event
    from counterfoil.wire import decode_entry

    if text.isascii() and text.isdigit() and len(text) < 20:
        index: int | None = int(text)
        if int(text) >= ledger.size:
            message = (
                f"the log of {ledger.origin} has {ledger.size:,} entries; expected an index below that, found {text}"
            )
            raise CommandError(message, Exit.NOT_FOUND)
    else:
        index = ledger.index_of(_inputs.hash_from(text, "entry: an index or a transaction's id"))
    if index is None:
        message = f"{ledger.origin} has applied no transaction {found(text)}"
        raise CommandError(message, Exit.NOT_FOUND)
    data = ledger.entry(index)
    event = Event(index, decode_entry(data))
    if json:
        _console.emit({**_entry_json(event), "bytes": data.hex()})
        return
    entry: Any = event.entry
    symbols = _symbols(ledger)

    def who(account: bytes) -> str:
        return _inputs.account_text(ledger, account)

    pairs: list[tuple[str, object]] = [("index", index), ("kind", _kind(entry)), ("bytes", f"{len(data):,}")]
    if event_time := getattr(entry, "time", None):
        pairs.append(("time", f"{_console.when(event_time)} UTC"))
    if _kind(entry) == "applied":
        transaction = entry.signed.transaction
        pairs.append(("id", entry.signed.id.hex()))
        pairs.append(("valid until", f"{_console.when(transaction.valid_until)} UTC"))
        for authorizer in transaction.authorizers:
            key = "" if authorizer.key is None else f"\nwith {encode_did_key(authorizer.key)}"
            pairs.append(("signed by", who(authorizer.account) + key))
        pairs += [("operation", _values.operation_text(one, who, symbols)) for one in transaction.operations]
    else:
        made = {**_values.plain(entry), **_values.plain(getattr(entry, "parameters", {}))}
        if "operator" in made:
            made["operator"] = encode_did_key(entry.operator)
        pairs += [
            (name.replace("_", " "), _values.field_text(name, value))
            for name, value in made.items()
            if name not in {"time", "parameters"}
        ]
    _console.fields(None, pairs)


@app.command(short_help="Sizes, counts, the last commit, the verifier key.", epilog=EXIT_CODES)
def stats(ledger: LedgerOption, json: JsonOption = False) -> None:
    """Sizes and counts, the last commit and checkpoint, and the verifier key.

    \b
      counterfoil stats
      counterfoil stats --json
    """
    from counterfoil.verify import Verifier

    with _inputs.reading(ledger) as opened:
        numbers = opened.stats()
        note = opened.last_checkpoint
        vkey = opened.verifier_key
        signed = None if note is None else Verifier(vkey).checkpoint(note)
        value: dict[str, Any] = {
            "id": opened.id.hex(),
            "origin": opened.origin,
            "verifier_key": vkey,
            "time_ms": opened.time,
            **numbers,
            "height": opened.height,
            "state_root": opened.state_root.hex(),
            "checkpoint_tree_size": None if signed is None else signed.tree_size,
        }
    if json:
        _console.emit(value)
        return
    names = {"time_ms": "last entry", "log_bytes": "log on disk", "state_bytes": "state on disk"}
    long = ("id", "origin", "verifier_key", "state_root")
    _console.fields(None, [(name.replace("_", " "), value[name]) for name in long])
    _console.note("")
    pairs: list[tuple[str, object]] = []
    for name, one in value.items():
        shown: object = f"{one:,}" if isinstance(one, int) else one
        if name == "time_ms":
            shown = f"{_console.when(one)} UTC"
        elif name.endswith("_bytes"):
            shown = f"{one / 2**20:,.1f} MiB"
        elif one is None:
            shown = "none signed yet"
        if name not in long:
            pairs.append((names.get(name, name.replace("_", " ")), shown))
    _console.fields(None, pairs)
