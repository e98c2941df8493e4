"""Zones from CSV: corners in degrees, minutes and seconds or in degrees, as gazettes and regulations print them.

A row is a zone, with its corners in one cell or in several, or with columns of latitudes and longitudes; or a row is a
corner, and rows with the same first cell are a zone. Every cell is read wholly or refused by its line and number.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

import shapely

from geogate.readers.zone_files.angles import angles, has_positions
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geogate.readers.zone_files.angles import Angle

_Position = tuple[float, float]
_Kind = Literal["lat", "lon", "lat-lon", "lon-lat", "letters", ""]

_LAT: Final = re.compile(r"(?<![a-z])(?:ne|nw|se|sw)?lat(?:itude)?s?(?![a-z])")
_LON: Final = re.compile(r"(?<![a-z])(?:ne|nw|se|sw)?(?:lng|lon|long|longitude)s?(?![a-z])")
_GAP: Final = re.compile(r"([;,|/])\s*\1|^\s*[;,|/]")
_CORNERS: Final = re.compile(
    r"corner|coordinate|position|vertex|vertices|boundary|perimeter|^ne$|^nw$|^se$|^sw$|north.?east|north.?west|south.?east|south.?west"
)
_COMPASS: Final = {"northeast": "NE", "southeast": "SE", "southwest": "SW", "northwest": "NW"} | {
    each.lower(): each for each in ("NE", "SE", "SW", "NW")
}
_ROUND: Final = ("NE", "SE", "SW", "NW")
_HEMISPHERES: Final = {"n": "N", "s": "S", "e": "E", "w": "W", "north": "N", "south": "S", "east": "E", "west": "W"}
_NO_ORDER: Final = (
    "neither hemispheres nor the title say which number is the latitude: call the column 'lat, lon', or write N and W"
)
_NO_PAIR: Final = "a position has two latitudes, two longitudes, or a number without a hemisphere"
_FEWEST: Final = 3
_HALF_TURN: Final = 180.0
_FAR_DEG, _NEAR_SHARE = 0.5, 0.1
"""A corner that is far from the others, and ten times nearer in the other hemisphere, has the wrong letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """What a column holds, by its title: latitudes, longitudes, positions in an order, or something about the zone."""

    number: int
    title: str
    kind: _Kind
    compass: str
    hemisphere: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    cells: tuple[str, ...]

    def place(self, column: _Column) -> str:
        return f"line {self.line}, cell {column.number + 1}"


def read(text: str) -> list[RawZone]:
    """Read all zones of a table with a line of titles.

    Raises: UnreadableZonesError.
    """
    titles, rows = _table(text)
    columns = [_column(number, title) for number, title in enumerate(titles)]
    if any(column.kind in {"lat", "lon"} for column in columns):
        columns = [_label(column) for column in columns]
    _check_columns(columns)
    for row in rows:
        _check_rest(row, columns)
    if [column.kind for column in columns if column.kind] in (["lat", "lon"], ["lon", "lat"]):
        return list(_by_corner(rows, columns))
    return [_zone(row, columns) for row in rows]


def _table(text: str) -> tuple[tuple[str, ...], list[_Row]]:
    first = text.partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    rows: list[_Row] = []
    line = 1
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                rows.append(_Row(line=line, cells=tuple(cell.strip() for cell in cells)))
            line = lines.line_num + 1
    except csv.Error:
        raise UnreadableZonesError("the line is no CSV: look at its quotes", place=f"line {line}") from None
    if not rows:
        return (), []
    titles = rows[0].cells
    for row in rows:
        if len(row.cells) != len(titles):
            reason = f"it has {len(row.cells)} cells, and the line of titles has {len(titles)}"
            raise UnreadableZonesError(reason, place=f"line {row.line}")
    if len(set(titles)) != len(titles) or not all(titles):
        raise UnreadableZonesError("a title is empty or stands twice", place=f"line {rows[0].line}")
    return titles, rows[1:]


def _column(number: int, title: str) -> _Column:
    low = title.casefold()
    words = re.findall(r"[a-z]+", low)
    lat, lon = _LAT.search(low), _LON.search(low)
    kind: _Kind = ""
    if lat and lon:
        kind = "lat-lon" if lat.start() < lon.start() else "lon-lat"
    elif lat or lon:
        kind = "lat" if lat else "lon"
    elif _CORNERS.search(low):
        kind = "letters"
    compass = next((_COMPASS[word] for word in (*words, "".join(words[:2])) if word in _COMPASS), "")
    hemispheres = [_HEMISPHERES[word] for word in words if word in _HEMISPHERES]
    hemisphere = hemispheres[0] if kind in {"lat", "lon"} and len(hemispheres) == 1 and not compass else ""
    return _Column(number=number, title=title, kind=kind, compass=compass, hemisphere=hemisphere)


def _label(column: _Column) -> _Column:
    """Take a column named ``corner`` for a label where latitudes and longitudes have columns of their own."""
    return replace(column, kind="", compass="") if column.kind == "letters" else column


def _check_columns(columns: Sequence[_Column]) -> None:
    kinds = [column.kind for column in columns if column.kind]
    alone = [kind for kind in kinds if kind in {"lat", "lon"}]
    if not kinds:
        raise UnreadableZonesError("no title names corners, or latitudes and longitudes", place="line 1")
    if alone and len(alone) != len(kinds):
        raise UnreadableZonesError("some columns hold whole positions, and some one number of them", place="line 1")
    if any(first == second for first, second in zip(alone[::2], alone[1::2], strict=False)) or len(alone) % 2:
        raise UnreadableZonesError("latitudes and longitudes do not stand side by side", place="line 1")


def _check_rest(row: _Row, columns: Sequence[_Column]) -> None:
    for column in columns:
        if not column.kind and has_positions(row.cells[column.number]):
            reason = f"it has positions, and the title {column.title[:40]!r} does not name corners"
            raise UnreadableZonesError(reason, place=row.place(column))


def _attributes(row: _Row, columns: Sequence[_Column]) -> dict[str, object]:
    return {column.title: row.cells[column.number] for column in columns if not column.kind}


def _by_corner(rows: Sequence[_Row], columns: Sequence[_Column]) -> Iterator[RawZone]:
    named = [column for column in columns if not column.kind]
    if not named:
        raise UnreadableZonesError("no column names the zone of a corner", place="line 1")
    key = named[0]
    seen: set[str] = set()
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row.cells[key.number])]
    points = all(len(group) == 1 for group in groups)
    for group in groups:
        first = group[0]
        name = first.cells[key.number]
        if not name or name in seen:
            reason = "the corners of a zone do not stand together" if name else "the zone has no name"
            raise UnreadableZonesError(reason, place=first.place(key))
        seen.add(name)
        corners = [_checked_corner(row, columns) for row in group]
        shared = _attributes(first, columns)
        same = {
            title: value
            for title, value in shared.items()
            if all(_attributes(row, columns)[title] == value for row in group)
        }
        yield RawZone(place=f"line {first.line}", attributes=same, geometry=_shape(corners, points=points))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corner:
    lonlat: _Position
    place: str
    compass: str = ""


def _checked_corner(row: _Row, columns: Sequence[_Column]) -> _Corner:
    corners = list(_corners(row, columns))
    if not corners:
        raise UnreadableZonesError("the line has no corner", place=f"line {row.line}")
    return corners[0]


def _zone(row: _Row, columns: Sequence[_Column]) -> RawZone:
    corners = list(_corners(row, columns))
    if not corners:
        raise UnreadableZonesError("the zone has no corner", place=f"line {row.line}")
    return RawZone(
        place=f"line {row.line}",
        attributes=_attributes(row, columns),
        geometry=_shape(corners, points=False),
    )


def _corners(row: _Row, columns: Sequence[_Column]) -> Iterator[_Corner]:
    placed = [column for column in columns if column.kind]
    wide = placed[0].kind in {"lat", "lon"}
    groups = [placed[at : at + 2] for at in range(0, len(placed), 2)] if wide else [[column] for column in placed]
    gap = ""
    for group in groups:
        cells = [row.cells[column.number] for column in group]
        if not any(cells):
            gap = gap or row.place(group[0])
            continue
        if gap or not all(cells):
            empty = next((c for c, cell in zip(group, cells, strict=True) if not cell), group[0])
            raise UnreadableZonesError("a cell before it, or beside it, is empty", place=gap or row.place(empty))
        positions = [_pair(row, group)] if wide else _positions(row, group[0])
        for position in positions:
            compass = group[0].compass if len(positions) == 1 else ""
            yield _Corner(lonlat=position, place=row.place(group[0]), compass=compass)


def _pair(row: _Row, group: Sequence[_Column]) -> _Position:
    found: dict[str, float] = {}
    for column in group:
        try:
            (angle,) = angles(row.cells[column.number], hemisphere=column.hemisphere)
            found[column.kind] = angle.along("lat" if column.kind == "lat" else "lon")
        except UnreadableZonesError as error:
            raise UnreadableZonesError(error.reason, place=row.place(column)) from None
        except ValueError:
            raise UnreadableZonesError("it is not exactly one angle", place=row.place(column)) from None
    return found["lon"], found["lat"]


def _positions(row: _Row, column: _Column) -> list[_Position]:
    if _GAP.search(row.cells[column.number]):
        raise UnreadableZonesError("a corner is empty", place=row.place(column))
    try:
        found = angles(row.cells[column.number])
        return [_position(found[at : at + 2], column.kind) for at in range(0, len(found), 2)]
    except UnreadableZonesError as error:
        raise UnreadableZonesError(error.reason, place=row.place(column)) from None


def _position(pair: Sequence[Angle], kind: _Kind) -> _Position:
    if len(pair) != 2:  # noqa: PLR2004 - latitude and longitude
        raise UnreadableZonesError("it has a latitude without a longitude, or the other way round")
    first, second = pair
    axes = (first.axis, second.axis)
    if axes in {("lat", "lon"), ("lon", "lat")}:
        lat, lon = (first, second) if axes[0] == "lat" else (second, first)
    elif axes == (None, None) and kind in {"lat-lon", "lon-lat"}:
        lat, lon = (first, second) if kind == "lat-lon" else (second, first)
    else:
        raise UnreadableZonesError(_NO_ORDER if axes == (None, None) else _NO_PAIR)
    return lon.along("lon"), lat.along("lat")


def _shape(corners: Sequence[_Corner], *, points: bool) -> shapely.Point | shapely.Polygon:
    if len(corners) == 1 and points:
        return shapely.Point(corners[0].lonlat)
    if len(corners) > 1 and corners[0].lonlat == corners[-1].lonlat:
        corners = corners[:-1]
    if len(corners) < _FEWEST:
        reason = f"the zone has {len(corners)} different corners, and an area has three or more"
        raise UnreadableZonesError(reason, place=corners[0].place)
    for before, after in pairwise(corners):
        if before.lonlat == after.lonlat:
            raise UnreadableZonesError("the corner is the one before it", place=after.place)
    for axis in (0, 1):
        _check_hemispheres(corners, axis)
    return shapely.Polygon([corner.lonlat for corner in _in_order(corners)])


def _check_hemispheres(corners: Sequence[_Corner], axis: int) -> None:
    name = ("E or W", "N or S")[axis]
    for corner in corners:
        others = median(other.lonlat[axis] for other in corners if other is not corner)
        value = corner.lonlat[axis]
        apart = abs(value - others)
        if _FAR_DEG < apart < 2 * _HALF_TURN - _FAR_DEG and abs(-value - others) < _NEAR_SHARE * apart:
            raise UnreadableZonesError(
                f"the corner is far from the others, and near them in the other hemisphere: look at its {name}",
                place=corner.place,
            )


def _in_order(corners: Sequence[_Corner]) -> Sequence[_Corner]:
    """Order four corners that columns name by the compass, and see that each lies where its name says."""
    named = {corner.compass: corner for corner in corners if corner.compass}
    if set(named) != set(_ROUND) or len(corners) != len(_ROUND):
        return corners
    ordered = [named[each] for each in _ROUND]
    (east_n, north_e), (east_s, south_e), (west_s, south_w), (west_n, north_w) = (each.lonlat for each in ordered)
    crosses = max(abs(east_n - west_n), abs(east_s - west_s)) > _HALF_TURN
    if min(north_e, north_w) <= max(south_e, south_w) or (not crosses and min(east_n, east_s) <= max(west_n, west_s)):
        raise UnreadableZonesError("the corners do not lie where their titles say", place=ordered[0].place)
    return ordered
