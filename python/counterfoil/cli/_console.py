"""What is printed: tables for people, JSON for machines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from counterfoil._text import units as units
from counterfoil._text import when as when
from counterfoil.cli._errors import printable

_PIPE_COLUMNS = 120


def console(*, error: bool = False) -> Console:
    """A console on today's stdout or stderr; into a pipe the lines are longer than a terminal's."""
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_COLUMNS
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def emit(value: object) -> None:
    """Print JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=True))


def fields(title: str | None, pairs: Sequence[tuple[str, object]]) -> None:
    """Print names and values, one pair a line."""
    table = Table(box=None, show_header=False, pad_edge=False, title=None)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, cell(value))
    screen = console()
    if title is not None:
        screen.print(Text(printable(title), style="bold"))
    screen.print(table)


def rows(columns: Sequence[str], lines: Sequence[Sequence[object]], *, total: Sequence[object] | None = None) -> None:
    """Print a table. A column whose name begins with `>` is right-aligned; the total stands below a rule."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=None, show_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold", no_wrap=right)
    for line in lines:
        table.add_row(*[cell(value) for value in line])
    if total is not None:
        table.add_section()
        table.add_row(*[cell(value) for value in total], style="bold")
    console().print(table)


def cell(value: object) -> Text:
    """A value as it stands in a table."""
    return value if isinstance(value, Text) else Text("\n".join(printable(line) for line in str(value).split("\n")))


def note(text: str) -> None:
    """Print a line for people on stdout."""
    console().print(Text(printable(text)))


def hint(text: str) -> None:
    """Print a line for people on stderr, where it does not disturb what is piped."""
    console(error=True).print(Text(printable(text), style="dim"), soft_wrap=True)


def day_text(day: int) -> str:
    """A day number as a date."""
    return when(day * 86_400_000)[:10]


def lot_text(lot: int, period: int | None) -> str:
    """A lot as people write it: a month or a day."""
    if period == 1:
        return f"{1970 + lot // 12:04d}-{lot % 12 + 1:02d}"
    return day_text(lot) if period == 0 else str(lot)


def short(text: str) -> str:
    """The beginning and the end of an id or an account's text."""
    return text if len(text) <= 20 else f"{text[:13]}…{text[-5:]}"


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where that is a terminal: call what it yields with (done, all)."""
    screen = console(error=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with bar:
        task: Any = None

        def tell(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = bar.add_task(label, total=total)
            bar.update(task, completed=done, total=total)

        yield tell
