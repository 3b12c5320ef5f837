"""What the demo says: to people on the screen, and to programs in `report.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from counterfoil.cli import _console
from counterfoil.cli.demo._rules import BONUS, TIERS, stated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.cli.demo._data import Purchase
    from counterfoil.cli.demo._figures import Figures
    from counterfoil.cli.demo._programme import Programme
    from counterfoil.cli.demo._proofs import Proofs
    from counterfoil.cli.demo._refusals import Refusal


def heading(text: str) -> None:
    """A line that begins something."""
    screen = _console.console()
    screen.print()
    screen.print(Text(text, style="bold"))


def say(text: str, *, dim: bool = False) -> None:
    """A line."""
    _console.console().print(Text(text, style="dim" if dim else ""))


def day_text(day: int) -> str:
    """A day number as a date."""
    return _console.day_text(day)


def introduce(purchases: Sequence[Purchase], source: Path) -> None:
    """What is real, and what is made up."""
    days = [one.day for one in purchases]
    customers = len({one.customer for one in purchases})
    heading("A shop's purchases as a loyalty programme")
    say(f"{len(purchases):,} purchases of {customers:,} customers, {day_text(min(days))} to {day_text(max(days))}")
    say(f"from {source.name}: a point a dollar, lots by month, 365 days to lapse", dim=True)
    heading("Who bought when and for how much is real. Made up, each by a rule:")
    _console.fields(None, stated())


@dataclass(frozen=True)
class Report:
    """What came of it.

    Attributes:
        programme: The programme.
        figures: What it comes to.
        refusals: What was tried in vain.
        proofs: What was proven.
        out: The folder.
    """

    programme: Programme
    figures: Figures
    refusals: Sequence[Refusal]
    proofs: Proofs
    out: Path

    def print(self) -> None:
        """Print all of it."""
        self._print_liability()
        self._print_events()
        self._print_tiers()
        self._print_coalition()
        self._print_work()
        self._print_refusals()
        self._print_proofs()
        self._print_files()

    def _print_liability(self) -> None:
        heading("Liability by month of issue, in points")
        total = self.figures.total
        lines = [
            (_console.lot_text(one.month, 1), *[f"{points:,}" for points in list(asdict(one).values())[1:]])
            for one in self.figures.months
        ]
        _console.rows(
            ["month", ">issued", ">redeemed", ">expired", ">burned", ">clawed back", ">outstanding"],
            lines,
            total=("all", *[f"{points:,}" for points in list(asdict(total).values())[1:]]),
        )
        _console.console().print()
        say(f"{total.outstanding:,} points in the accounts of {self.figures.holders:,} holders: the supply")
        for what in (
            "= issued less redeemed, expired and burned",
            "= the sum of all balances",
            "= what a second set of books, kept in Python, comes to, by member and month",
        ):
            say(f"  {what}", dim=True)
        for day, points in self.programme.swept:
            say(f"{points:,} lapsed points were swept on {day_text(day)}")
        late = total.expired - sum(points for _, points in self.programme.swept)
        if late:
            say(f"{late:,} points lapsed when their holder came back too late")

    def _print_events(self) -> None:
        programme, books = self.programme, self.programme.shop.books
        till, referrals, returns = programme.till, programme.referrals, programme.returns
        heading("What happened")
        _console.fields(
            None,
            [
                (
                    "redeemed",
                    f"{_count(till.redeemed_at_shop, 'time')} at the shop, "
                    f"{_count(till.redeemed_at_bookshop, 'time')} at the bookshop",
                ),
                (
                    "referrals",
                    f"{len(referrals.brought):,}, with {self._bonus_points:,} points of bonus out of a campaign of "
                    f"{referrals.budget:,}, issued in the first month; the rest was burned",
                ),
                (
                    "returned",
                    f"{_count(len(returns.orders), 'order')}, {returns.refunds:,} of them paid with points: "
                    f"{books.refunded:,} points refunded, {self.figures.total.clawed_back:,} clawed back, "
                    "and burned by the shop"
                    + (f"; {returns.written_off:,} written off" if returns.written_off else ""),
                ),
                (
                    "debts",
                    f"{books.debts_made:,} made, as the points were spent: {books.debt_made:,} points, of which later "
                    f"earnings repaid {books.debt_repaid:,}; {_count(self.figures.debtors, 'member')} still "
                    f"{'owes' if self.figures.debtors == 1 else 'owe'} {self.figures.owing:,}",
                ),
            ],
        )

    @property
    def _bonus_points(self) -> int:
        return self.figures.bonuses * BONUS

    def _print_tiers(self) -> None:
        if not self.programme.tiers.reviews:
            return
        heading("Tiers, attested at the end of each quarter until the end of the next")
        lines = [
            (day_text(one.day), *[f"{number:,}" for number in (one.silver, one.gold, one.promoted, one.demoted)])
            for one in self.programme.tiers.reviews
        ]
        _console.rows(["review", ">silver", ">gold", ">promoted", ">demoted"], lines)

    def _print_coalition(self) -> None:
        owed = self.figures.owed
        if not owed:
            return
        heading("Owed to the bookshop and cleared on the 10th of the next month, in dollars")
        lines = [(one.month, one.owed, one.cleared, one.outstanding) for one in owed]
        total = [sum(line[place] for line in lines) for place in (1, 2, 3)]
        _console.rows(
            ["month", ">owed", ">cleared", ">open"],
            [(_console.lot_text(line[0], 1), *[_console.units(cents, 2) for cents in line[1:]]) for line in lines],
            total=("all", *[_console.units(cents, 2) for cents in total]),
        )

    def _print_work(self) -> None:
        till, work = self.programme.till, self.programme.shop.work
        redemptions = till.redeemed_at_shop + till.redeemed_at_bookshop
        timing = work.timing
        heading("Work")
        _console.fields(
            None,
            [
                (
                    "transactions",
                    f"{work.applied:,}: {till.purchases:,} purchases, {redemptions:,} redemptions, "
                    f"{work.applied - till.purchases - redemptions:,} others",
                ),
                ("earned nothing", f"{_count(till.skipped, 'purchase')} of less than a dollar"),
                (
                    "applied",
                    f"{work.applied / max(timing.applying, 1e-9):,.0f} per second, durable several times a day "
                    f"({timing.applying:,.1f} s)",
                ),
                (
                    "overall",
                    f"{work.applied / max(timing.overall, 1e-9):,.0f} per second "
                    f"({timing.overall:,.1f} s, of which signing in Python {timing.signing:,.1f} s)",
                ),
            ],
        )

    def _print_refusals(self) -> None:
        heading("Tried, and refused")
        _console.rows(["attempt", "status"], [(refusal.attempt, refusal.found) for refusal in self.refusals])

    def _print_proofs(self) -> None:
        proofs, tier = self.proofs, self.proofs.tier
        checked = proofs.checked["proofs"]
        balance, receipt = checked["member.statement"], checked["purchase.receipt"]
        heading("Proven to another process")
        say("It has verify.py and PyNaCl; `import counterfoil` fails in it.", dim=True)
        _console.console().print()
        holds = Text("holds", style="green")
        lines: list[tuple[object, object, object]] = [
            (
                "member.statement",
                holds,
                f"customer {proofs.customer} has {int(balance['amount']):,} of {int(balance['supply']):,} points",
            ),
            ("tier.statement", holds, _tier_text(checked["tier.statement"], tier.customer)),
            (
                "purchase.receipt",
                holds,
                f"a mint of {int(receipt['amount']):,} points on {_console.when(receipt['time_ms'])[:10]}, "
                f"entry {receipt['index']:,}",
            ),
        ]
        for name, changed in (
            ("forged.statement", f"one bit of byte {proofs.statement_byte}: a point more, or less"),
            ("forged.tier.statement", f"byte {tier.forged_byte}: silver for gold, or gold for silver"),
            ("forged.receipt", f"one letter, at byte {proofs.receipt_byte}"),
        ):
            if name in checked:
                lines.append((name, Text("refused", style="red"), f"{changed}\n{_why(checked[name])}"))
        _console.rows(["file", "verdict", "what"], lines)

    def _print_files(self) -> None:
        out, ledger = self.out, self.out / "programme.ledger"
        heading(f"All of it is in {out}. Go on with:")
        for command in (
            f"counterfoil asset POINT --lots -l {ledger}",
            f"counterfoil asset IOU --lots -l {ledger}",
            f"counterfoil log --tail -l {ledger}",
            f"counterfoil fsck --full -l {ledger}",
            f"counterfoil verify {out / 'member.statement'} --vkey {out / 'programme.vkey'}",
            f"python {out / 'offline' / 'check.py'} {out / 'programme.vkey'} {out / '*.receipt'}",
        ):
            _console.console().print(Text(f"  {command}"), soft_wrap=True)

    # What programs read. Amounts are texts, as everywhere in JSON: numbers there may lose digits.

    def write(self) -> None:
        """Write `report.json`."""
        (self.out / "report.json").write_text(json.dumps(self._as_json(), indent=2) + "\n", encoding="utf-8")

    def _as_json(self) -> dict[str, Any]:
        programme, total = self.programme, self.figures.total
        shop, till = programme.shop, programme.till
        work = shop.work
        return {
            "purchases": till.purchases,
            "skipped": till.skipped,
            "redemptions": {"shop": till.redeemed_at_shop, "bookshop": till.redeemed_at_bookshop},
            "transactions": work.applied,
            "members": len(shop.members),
            "minted": str(total.issued),
            "redeemed": str(total.redeemed),
            "expired": str(total.expired),
            "burned": str(total.burned),
            "clawed_back": str(total.clawed_back),
            "supply": str(total.outstanding),
            "holders": self.figures.holders,
            "liability": [_texts(asdict(one), numbers=("month",)) for one in self.figures.months],
            "swept": [{"date": day_text(day), "points": str(points)} for day, points in programme.swept],
            "referrals": self._referrals_as_json(),
            "returns": self._returns_as_json(),
            "debts": self._debts_as_json(),
            "tiers": self._tiers_as_json(),
            "coalition": self._coalition_as_json(),
            "refusals": [asdict(refusal) for refusal in self.refusals],
            "seconds": asdict(work.timing),
            "transactions_per_second": {
                "applying": work.applied / max(work.timing.applying, 1e-9),
                "overall": work.applied / max(work.timing.overall, 1e-9),
            },
            "member": {
                "customer": self.proofs.customer,
                "account": self.proofs.account.hex(),
                "amount": str(self.proofs.amount),
                "lots": self.proofs.lots,
            },
            "asset": shop.points.hex(),
            "brand": shop.brand.hex(),
            "till": shop.till.hex(),
            "other_process": self.proofs.checked,
        }

    def _referrals_as_json(self) -> dict[str, Any]:
        referrals = self.programme.referrals
        return {
            "schema": referrals.schema.hex(),
            "campaign": referrals.campaign.hex(),
            "referrals": len(referrals.brought),
            "bonuses": self.figures.bonuses,
            "budget": str(referrals.budget),
            "paid": str(self._bonus_points),
        }

    def _returns_as_json(self) -> dict[str, Any]:
        returns = self.programme.returns
        return {
            "orders": len(returns.orders),
            "refunds": returns.refunds,
            "refunded": str(self.programme.shop.books.refunded),
            "written_off": str(returns.written_off),
        }

    def _debts_as_json(self) -> dict[str, Any]:
        books = self.programme.shop.books
        return {
            "made": books.debts_made,
            "points": str(books.debt_made),
            "repaid": str(books.debt_repaid),
            "debtors": self.figures.debtors,
            "owing": str(self.figures.owing),
        }

    def _tiers_as_json(self) -> dict[str, Any]:
        tiers, proven = self.programme.tiers, self.proofs.tier
        return {
            "schema": tiers.schema.hex(),
            "reviews": [{**asdict(one), "day": day_text(one.day)} for one in tiers.reviews],
            "promotions": sum(one.promoted for one in tiers.reviews),
            "member": {"customer": proven.customer, "account": proven.account.hex(), "level": proven.level},
        }

    def _coalition_as_json(self) -> dict[str, Any]:
        owed = self.figures.owed
        return {
            "asset": self.programme.coalition.asset.hex(),
            "bookshop": self.programme.shop.bookshop.account.hex(),
            "months": [_texts(asdict(one), numbers=("month",)) for one in owed],
            "owed": str(sum(one.owed for one in owed)),
            "cleared": str(sum(one.cleared for one in owed)),
            "open": str(sum(one.outstanding for one in owed)),
        }


def _texts(values: dict[str, int], *, numbers: Sequence[str]) -> dict[str, int | str]:
    return {name: value if name in numbers else str(value) for name, value in values.items()}


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _tier_text(said: dict[str, Any], customer: int) -> str:
    on = _console.when(said["time_ms"])[:10]
    if not said["level"]:
        return f"customer {customer} has no tier on {on}"
    return f"customer {customer} is {TIERS[said['level'] - 1]} on {on}, until {_console.when(said['expires_ms'])[:10]}"


def _why(refusal: dict[str, Any]) -> str:
    message = refusal["message"]
    short = " ".join(
        word if len(word) < 30 else f"{word[:8]}…{',' * word.endswith(',')}" for word in str(message).split(" ")
    )
    return f"{refusal['reason']}: {short}"
