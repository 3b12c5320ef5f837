"""The CDNOW purchase history: 69,659 purchases of 23,570 customers, 1997-01-01 to 1998-06-30.

It ships inside the PyPI package `lifetimes`, which is looked for but never imported: only its file is read.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from counterfoil.cli._errors import CommandError, Exit, found

_FILE = Path("datasets", "CDNOW_master.txt")
_EPOCH = date(1970, 1, 1)
INSTALL = "pip install --no-deps lifetimes==0.11.3"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A row of the file.

    Attributes:
        row: Its number, from 1.
        customer: The customer's number.
        day: Days since 1970-01-01.
        cents: What was paid.
    """

    row: int
    customer: int
    day: int
    cents: int

    @property
    def points(self) -> int:
        """A point for each whole dollar."""
        return self.cents // 100


def find() -> Path:
    """The file in the installed package.

    Raises:
        CommandError: The package is not installed.
    """
    spec = importlib.util.find_spec("lifetimes")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    message = (
        "the purchase history was not found: it ships inside the package `lifetimes`; "
        f"install that with `{INSTALL}`, or give the file with --data"
    )
    raise CommandError(message, Exit.NOT_FOUND)


def read(path: Path, limit: int | None = None) -> list[Purchase]:
    """Read purchases in the order of the file.

    Args:
        path: A text file of `customer yyyymmdd count dollars` in each line.
        limit: How many rows to take.

    Raises:
        CommandError: A line that says something else.
    """
    purchases: list[Purchase] = []
    try:
        with path.open(encoding="ascii") as file:
            for number, line in enumerate(file, 1):
                parts = line.split()
                if not parts or (number == 1 and parts[0] == "customer_id"):
                    continue
                if len(purchases) == limit:
                    break
                try:
                    customer, day, _, dollars = parts
                    purchases.append(Purchase(len(purchases) + 1, int(customer), _day(day), _cents(dollars)))
                except ValueError:
                    _not_a_row(path, number, line)
    except FileNotFoundError:
        message = f"--data: there is no file {found(str(path))}"
        raise CommandError(message, Exit.NOT_FOUND) from None
    except UnicodeDecodeError:
        message = (
            f"{found(str(path))}: expected lines of `customer yyyymmdd count dollars`, found bytes that are not text"
        )
        raise CommandError(message) from None
    if not purchases:
        message = f"{found(str(path))}: expected lines of `customer yyyymmdd count dollars`, found none"
        raise CommandError(message)
    return purchases


def _not_a_row(path: Path, number: int, line: str) -> None:
    message = (
        f"{found(str(path))}, line {number}: expected `customer yyyymmdd count dollars`, found {found(line.strip())}"
    )
    raise CommandError(message)


def _day(text: str) -> int:
    if len(text) != 8 or not text.isdigit():
        raise ValueError(text)
    return (date(int(text[:4]), int(text[4:6]), int(text[6:])) - _EPOCH).days


def _cents(text: str) -> int:
    dollars, _, cents = text.partition(".")
    if not (dollars.isdigit() and len(dollars) <= 9 and len(cents) == 2 and cents.isdigit()):
        raise ValueError(text)
    return int(dollars) * 100 + int(cents)
