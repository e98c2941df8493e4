"""Zones from OpenAir, read line by line; a line that is unknown, malformed or out of place is an error that names it.

The language as Naviter describes it, versions 1 and 2.1, without airways. Altitudes and times are checked and then
left out: a zone protects at all heights and at all times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import shapely

from geogate.readers.zone_files.openair_arcs import (
    NAUTICAL_MILE_M,
    arc_between_bearings,
    arc_between_positions,
    circle,
)
from geogate.readers.zone_files.openair_fields import altitude, check_activation, number, position
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.readers.zone_files.openair_arcs import Position

_LARGEST_RADIUS_NM = 5_000.0
_SMALLEST_RING = 4
_CLOSING_DEG = 0.0005
"""A ring that ends with an arc closes within the rounding of the source; what leaves a larger gap is not closed."""

_ONCE = frozenset({"AN", "AY", "AI", "AL", "AH", "AF", "AG", "AX"})
_DRAWN_ONLY = frozenset({"SP", "SB", "AT", "TO", "TC"})
_FREQUENCY = re.compile(r"\d{3}\.\d{1,3}", re.ASCII)
_TRANSPONDER = re.compile(r"[0-7]{4}")
_COMMENT = re.compile(r"(?:^|\s)\*.*")


def read(text: str) -> list[RawZone]:
    """Read all airspaces; each starts with its class.

    Raises: UnreadableZonesError.
    """
    zones: list[_Airspace] = []
    for line_number, line in enumerate(text.splitlines(), start=1):
        words = _COMMENT.sub("", line).strip()
        if not words:
            continue
        tag, _, rest = words.partition(" ")
        place = f"line {line_number}"
        if tag == "AC":
            zones.append(_Airspace(line=line_number))
        if not zones:
            raise UnreadableZonesError(
                "a line stands before the first class (AC), or the text is no OpenAir", place=place
            )
        try:
            zones[-1].take(tag, rest.strip())
        except UnreadableZonesError as error:
            raise UnreadableZonesError(error.reason, place=place) from None
    return [zone.finished() for zone in zones]


@dataclass(slots=True)
class _Airspace:
    """One airspace while its lines come in."""

    line: int
    fields: dict[str, str] = field(default_factory=dict)
    activation: list[str] = field(default_factory=list)
    ring: list[Position] = field(default_factory=list)
    centre: Position | None = None
    clockwise: bool = True
    is_circle: bool = False

    def take(self, tag: str, rest: str) -> None:
        draws: dict[str, Callable[[str], None]] = {
            "DP": self._point,
            "DC": self._circle,
            "DA": self._arc_by_bearings,
            "DB": self._arc_by_positions,
            "V": self._variable,
        }
        if not rest:
            raise UnreadableZonesError("the line says nothing after its tag")
        if tag in draws:
            draws[tag](rest)
        elif tag == "AA":
            self.activation.append(rest)
            check_activation(self.activation)
        elif tag == "AC" or tag in _ONCE:
            self._field(tag, rest)
        elif tag not in _DRAWN_ONLY:
            raise UnreadableZonesError("its tag is not known")

    def _field(self, tag: str, rest: str) -> None:
        if tag in self.fields:
            raise UnreadableZonesError(f"the airspace has a second {tag}")
        if tag in {"AL", "AH"}:
            altitude(rest)
        if tag == "AF" and not _FREQUENCY.fullmatch(rest):
            raise UnreadableZonesError("it has no frequency")
        if tag == "AX" and not _TRANSPONDER.fullmatch(rest):
            raise UnreadableZonesError("it has no transponder code")
        self.fields[tag] = rest

    def _variable(self, rest: str) -> None:
        name, equals, value = (part.strip() for part in rest.partition("="))
        if name == "X" and equals:
            self.centre = position(value)
        elif name == "D" and value in {"+", "-"}:
            self.clockwise = value == "+"
        elif name != "Z" or not equals:
            # The width of an airway (W) included: airways are not read.
            raise UnreadableZonesError("the variable is not known or has no value")

    def _middle(self) -> Position:
        if self.centre is None:
            raise UnreadableZonesError("there is no centre (V X=) before it")
        return self.centre

    def _extend(self, vertices: list[Position]) -> None:
        if self.is_circle:
            raise UnreadableZonesError("something is drawn after a circle")
        # An arc often starts where the line before it ended.
        self.ring.extend(vertices[1:] if self.ring and self.ring[-1] == vertices[0] else vertices)

    def _point(self, rest: str) -> None:
        self._extend([position(rest)])

    def _circle(self, rest: str) -> None:
        radius = number(rest, most=_LARGEST_RADIUS_NM)
        if radius == 0 or self.ring:
            raise UnreadableZonesError("a circle has no radius, or does not stand alone")
        self._extend(circle(self._middle(), radius * NAUTICAL_MILE_M))
        self.is_circle = True

    def _arc_by_bearings(self, rest: str) -> None:
        parts = rest.split(",")
        if len(parts) != 3:  # noqa: PLR2004 - radius and two bearings
            raise UnreadableZonesError("an arc is not a radius and two bearings")
        radius = number(parts[0], most=_LARGEST_RADIUS_NM)
        bearings = (number(parts[1], most=360.0), number(parts[2], most=360.0))
        if radius == 0:
            raise UnreadableZonesError("an arc has no radius")
        self._extend(
            arc_between_bearings(
                self._middle(), radius_m=radius * NAUTICAL_MILE_M, bearings=bearings, clockwise=self.clockwise
            )
        )

    def _arc_by_positions(self, rest: str) -> None:
        start, comma, end = rest.partition(",")
        if not comma:
            raise UnreadableZonesError("an arc is not two positions")
        self._extend(
            arc_between_positions(self._middle(), start=position(start), end=position(end), clockwise=self.clockwise)
        )

    def finished(self) -> RawZone:
        try:
            self._check()
            geometry = shapely.Polygon(self._closed_ring())
        except UnreadableZonesError as error:
            raise UnreadableZonesError(error.reason, place=f"airspace from line {self.line}") from None
        # Edges of airspaces go the short way, and arcs are drawn with short edges.
        place = f"airspace from line {self.line}"
        return RawZone(place=place, attributes=dict(self.fields), geometry=geometry, short_edges=True)

    def _check(self) -> None:
        for tag, name in {"AN": "name", "AL": "lower limit", "AH": "upper limit"}.items():
            if tag not in self.fields:
                raise UnreadableZonesError(f"the airspace has no {name} ({tag})")
        if "AG" in self.fields and "AF" not in self.fields:
            raise UnreadableZonesError("the airspace has a station (AG) and no frequency (AF)")
        low, high = altitude(self.fields["AL"]), altitude(self.fields["AH"])
        if low[0] == high[0] and low[1] > high[1]:
            raise UnreadableZonesError("the lower limit (AL) is above the upper limit (AH)")

    def _closed_ring(self) -> list[Position]:
        if len(self.ring) < _SMALLEST_RING:
            raise UnreadableZonesError("the airspace has too few vertices")
        first, last = self.ring[0], self.ring[-1]
        if max(abs(first[0] - last[0]), abs(first[1] - last[1])) > _CLOSING_DEG:
            raise UnreadableZonesError("the boundary is not closed: its last position is not its first")
        return self.ring if first == last else [*self.ring, first]
