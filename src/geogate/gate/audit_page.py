"""The page of an audit for people: one HTML file that refers to nothing outside of it and runs nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Final

import jinja2

from geogate.gate.audit_findings import Kind
from geogate.gate.console_map import coarse_map
from geogate.gate.evidence_page import shown
from geogate.model.errors import GeogateError
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.audit_report import Report
    from geogate.gate.house import House

SQUARE_DEG: Final = 10
MOST_DRAWN: Final = 12
"""Releases on the map; drawing one reads it, and the rest of them are counted."""

HEIGHT: Final = 60
_EDGE_DEG: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A bar of the trend: when, how much was urgent, and how high the bar is."""

    when: str
    count: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """Ten degrees by ten on the map, counted from the north-west, with how many releases lie in it."""

    column: int
    row: int
    count: int


def page(report: Report, *, before: Sequence[Report], house: House) -> str:
    """Write the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("geogate.gate"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["shown"] = shown
    squares, undrawn = _squares(report, house)
    return environment.get_template("audit.html").render(
        report=report, nights=_nights((*before, report)), squares=squares, undrawn=undrawn, height=HEIGHT
    )


def _nights(found: Sequence[Report]) -> list[Night]:
    unique = {each.run: each for each in found}
    most = max(len(each.urgent) for each in unique.values()) or 1
    return [
        Night(
            when=f"{each.at:%Y-%m-%d}",
            count=len(each.urgent),
            height=max(1, round(HEIGHT * len(each.urgent) / most)) if each.urgent else 0,
        )
        for each in unique.values()
    ]


def _squares(report: Report, house: House) -> tuple[list[Square], int]:
    """Put the releases that would not leave today into squares; what cannot be drawn is counted."""
    wanted = [each.about for each in report.urgent if each.kind is Kind.CHANGED]
    counts: Counter[tuple[int, int]] = Counter()
    undrawn = max(0, len(wanted) - MOST_DRAWN)
    for request in wanted[:MOST_DRAWN]:
        try:
            cells = coarse_map(RequestId(request), house=house).cells
        except GeogateError:
            undrawn += 1
            continue
        counts.update(
            {
                (floor((each.west + 180) / SQUARE_DEG), floor((90 - each.south - _EDGE_DEG) / SQUARE_DEG))
                for each in cells
            }
        )
    return [Square(column=column, row=row, count=counts[column, row]) for column, row in sorted(counts)], undrawn
