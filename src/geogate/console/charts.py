"""Small charts drawn at the server, as SVG without script or style; each has its numbers in a table beside it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from geogate.console.shown import visible

if TYPE_CHECKING:
    from geogate.gate.reviews_histograms import Histogram
    from geogate.gate.reviews_release import Measured

_WIDTH: Final = 320
_ROW: Final = 18
_LABEL: Final = 104
_VALUE: Final = 62
_LONGEST_LABEL: Final = 17
_NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_GAUGE_HEIGHT: Final = 30


def bars(histogram: Histogram) -> Markup:
    """Draw a histogram as horizontal bars; beside a bar stands its number."""
    most = max(bar.count for bar in histogram.bars)
    room = _WIDTH - _LABEL - _VALUE
    rows = []
    for index, bar in enumerate(histogram.bars):
        # A count that is there is seen, however small its share is.
        length = max(1.5, room * bar.count / most) if bar.count else 0.0
        y = index * _ROW
        rows.append(
            f'<text class="label" x="{_LABEL - 6}" y="{y + 13}" text-anchor="end">{_label(bar.label)}</text>'
            f'<rect class="bar" x="{_LABEL}" y="{y + 3}" width="{length:.1f}" height="{_ROW - 6}" rx="1.5"/>'
            f'<text class="value" x="{_LABEL + length + 5:.1f}" y="{y + 13}">{bar.count:,}</text>'
        )
    name = f"{histogram.title}: {histogram.counted} in {len(histogram.bars)} classes; the numbers are in the table"
    return _svg(name, _WIDTH, len(histogram.bars) * _ROW + 2, "".join(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """A scale from 0 or on a logarithm to a little more than both numbers."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def over(cls, one: float, other: float) -> _Scale:
        small, large = sorted((one, other))
        if small > 0 and large / small > _FAR:
            return cls(low=math.log10(small) - 0.5, high=math.log10(large) + 0.5, logarithmic=True)
        return cls(low=min(0.0, small * 1.25), high=max(large * 1.25, 1e-12), logarithmic=False)

    def at(self, value: float) -> float:
        place = math.log10(value) if self.logarithmic else value
        return _EDGE + (_WIDTH - 2 * _EDGE) * (place - self.low) / (self.high - self.low)


_FAR: Final = 20.0
_EDGE: Final = 8.0


def gauge(measured: Measured) -> Markup:
    """Draw a number against its limit, with the side shaded where it would have to be; nothing where they are words."""
    value, limit = _number(measured.measured), _number(measured.limit)
    if value is None or limit is None or not (math.isfinite(value) and math.isfinite(limit)):
        return Markup()
    scale = _Scale.over(value, limit)
    at, border = scale.at(value), scale.at(limit)
    left, right = (border, _WIDTH - _EDGE) if measured.operator.startswith(">") else (_EDGE, border)
    parts = [f'<rect class="good" x="{left:.1f}" y="8" width="{right - left:.1f}" height="14"/>'] * (
        measured.operator[:1] in {"<", ">"}
    )
    parts += [
        f'<line class="axis" x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="22" y2="22"/>',
        f'<line class="limit" x1="{border:.1f}" x2="{border:.1f}" y1="4" y2="26"/>',
        f'<circle class="measured" cx="{at:.1f}" cy="15" r="5"/>',
    ]
    unit = f" {measured.unit}" if measured.unit else ""
    kind = ", on a logarithmic scale" if scale.logarithmic else ""
    name = f"measured {measured.measured}{unit}, wanted {measured.operator} {measured.limit}{unit}{kind}"
    return _svg(name, _WIDTH, _GAUGE_HEIGHT, "".join(parts))


def _number(text: str) -> float | None:
    found = _NUMBER.fullmatch(text.strip())
    return float(found[0].replace(",", "")) if found else None


def _label(text: str) -> str:
    shown = visible(text)
    return escape(shown if len(shown) <= _LONGEST_LABEL else f"{shown[: _LONGEST_LABEL - 1]}…")


def _svg(name: str, width: int, height: int, body: str) -> Markup:
    label = escape(visible(name))
    view = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return Markup(f'<svg class="chart" role="img" aria-label="{label}" {view}>{body}</svg>')  # noqa: S704 - escaped above
