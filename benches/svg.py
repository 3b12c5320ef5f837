"""Line charts in SVG: as much of it as the report needs.

Written here rather than taken from a library: pygal is 6,000 lines that draw for a browser with scripts, and does not
follow the reader's choice of light or dark, which a style sheet in the picture does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 190, 44, 56
_STYLE = """
    svg { color-scheme: light dark; }
    .back { fill: #ffffff; } text { fill: #222222; font: 13px system-ui, sans-serif; }
    .title { font-size: 15px; font-weight: 600; } .grid { stroke: #dddddd; }
    .line { fill: none; stroke-width: 2.5; } .dashed { stroke-dasharray: 6 5; }
    .c0 { stroke: #0b62c4; } .c1 { stroke: #b8500a; } .c2 { stroke: #2b7a2b; } .c3 { stroke: #8a3ab9; }
    @media (prefers-color-scheme: dark) {
      .back { fill: #16181d; } text { fill: #e4e4e4; } .grid { stroke: #3a3d44; }
      .c0 { stroke: #6cb2ff; } .c1 { stroke: #ffa04d; } .c2 { stroke: #7fd37f; } .c3 { stroke: #d3a1f5; }
    }
"""


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: For the legend.
        points: (x, y), ascending by x; all of them positive.
        dashed: Whether it is a target rather than a measurement.
    """

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


def chart(
    title: str, x_name: str, y_name: str, lines: Sequence[Line], *, y_log: bool, x_labels: Sequence[str] = ()
) -> str:
    """Draw lines over a logarithmic axis, or over evenly spaced names if `x_labels` are given: x then counts them."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    across = (lambda x: x) if x_labels else math.log10
    x_low, x_high = across(min(xs)), across(max(xs))
    x_span = (x_high - x_low) or 1.0
    x_ticks = list(enumerate(x_labels)) if x_labels else [(x, short(x)) for x in sorted(set(xs))]
    y_ticks = _powers(min(ys), max(ys)) if y_log else _steps(max(ys))
    up = math.log10 if y_log else (lambda y: y)
    y_low, y_high = up(y_ticks[0]), up(y_ticks[-1])

    def place(x: float, y: float) -> tuple[float, float]:
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        share = (up(y) - y_low) / (y_high - y_low)
        return _LEFT + (across(x) - x_low) / x_span * (right - _LEFT), bottom - share * (bottom - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="back" width="{_WIDTH}" height="{_HEIGHT}"/>',
        _text(_LEFT, 24, title, "start", "title"),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12, x_name, "middle"),
        f'<text transform="translate(18 {(_TOP + _HEIGHT - _BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_name)}</text>",
    ]
    for y in y_ticks:
        _, height = place(min(xs), y)
        parts.append(f'<path class="grid" d="M{_LEFT} {height:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(_text(_LEFT - 8, height + 4, short(y), "end"))
    for x, label in x_ticks:
        parts.append(_text(place(x, y_ticks[0])[0], _HEIGHT - _BOTTOM + 20, label, "middle"))
    for number, line in enumerate(lines):
        style = f"c{number % 4}" + (" dashed" if line.dashed else "")
        places = [place(x, y) for x, y in line.points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path class="line {style}" d="M{path}"/>')
        if not line.dashed:
            parts += [f'<circle class="line {style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        height = _TOP + 10 + number * 22
        parts.append(f'<path class="line {style}" d="M{_WIDTH - _RIGHT + 16} {height}h22"/>')
        parts.append(_text(_WIDTH - _RIGHT + 44, height + 4, line.name, "start"))
    return "\n".join([*parts, "</svg>\n"])


def short(value: float) -> str:
    """A number as an axis has room for it: 250k, 1M, 0.5."""
    for factor, mark in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{mark}"
    return f"{value:g}"


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">{escape(text)}</text>'


def _powers(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _steps(high: float) -> list[float]:
    """Zero and up to six round steps, the last of which is not below the highest value."""
    rough = high / 5 or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [step * number for number in range(math.ceil(high / step) + 1)] if high else [0.0, 1.0]


__all__ = ["Line", "chart", "short"]
