"""Canaries: for every measure a synthetic batch with a planted case that it must find, or its run is worth nothing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cache, singledispatch
from typing import TYPE_CHECKING, Any, Final, TypeVar

import h3
import numpy as np
import pyarrow as pa
import pyproj
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.canaries_readings import plants_for
from geogate.measures.category_lattice import LatticeByCategory
from geogate.measures.cell_subjects import SubjectsInCells
from geogate.measures.contributions import Contributions
from geogate.measures.hidden.columns import ColumnContents
from geogate.measures.hidden.columns_declared import ValuesBeyond
from geogate.measures.hidden.numbers import numbers_in
from geogate.measures.hidden.text import TextScan
from geogate.measures.inventory import LayerInventory
from geogate.measures.largest_contributors import LargestContributors
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.listed_terms import TermScan
from geogate.measures.photo import COLUMNS as PHOTO_COLUMNS
from geogate.measures.photo import PhotoMetadata, Telling
from geogate.measures.point_cloud_density import PointDensity
from geogate.measures.point_cloud_values import PointValues
from geogate.measures.raster import COLUMNS
from geogate.measures.raster_bands import Bands, RasterBands
from geogate.measures.raster_distance import GroundSampleDistance, ZoneSampleDistance
from geogate.measures.raster_zones import RasterZonePixels
from geogate.measures.region_prefixes import RegionPrefixes
from geogate.measures.small_cells import SmallCells
from geogate.measures.subjects import SubjectCount
from geogate.measures.table_cells import SUPPRESSED, WholeTable
from geogate.measures.time_steps import TimeSteps
from geogate.measures.vertex_spacing import VertexSpacing
from geogate.measures.zone_devices import ZoneDevices
from geogate.measures.zone_hits import ZoneHits
from geogate.measures.zone_readings import ZoneReadings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geogate.measures.measure import Measure, MeasureId
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList

M = TypeVar("M")

_FINE: Final = (8.123457, 47.654321)
"""A position of a decimetre."""

_NEAR_M: Final = 1.0
_DAY: Final = date(2020, 2, 29)
_STEP_DEG: Final = 1e-6
_PLANTED: Final = "planted, and in no list"

_ROWS: Final = 24
_DEGREE_M: Final = 111_320.0
_HIDDEN: Final = frozenset(map(frozenset, (("lon", "lat"), ("u", "v", "w"), ("serial",), ("p", "q"))))
"""The columns of the planted positions in numbers."""

_POSSIBLE: Final = frozenset({"load", "wear", "level"})
"""Those in which positions are planted that nothing shows to be some: in one row of many, and both axes in turn."""

_TOGETHER: Final = frozenset({"ref", "gzd", "square", "east", "range", "course", "seen", "left"})
"""Those of another layer that only together say positions, or by the digits within them."""

_WRITTEN: Final = {
    "wkt": ("POINT (8.123457 47.654321)", "UE9JTlQgKDguMTIzNDU3IDQ3LjY1NDMyMSk=", "%50OINT%20(8.123457%2047.654321)"),
    "wkb": ("0101000000E3AA9CF6943F2040C0E78711C2D34740",),
    "geojson": ('{"type": "Point", "coordinates": [8.123457, 47.654321]}',),
    "decimal-pair": ("47.654321, 8.123457", "47.65432\u200b1, 8.123457"),
    "hemisphere-pair": ("N47.65432 E8.12346",),
    "degrees-minutes": ("47\u00b039'15.6\" N 8\u00b007'24.4\" E",),
    "plus-code": ("8FVC9G8F+6XQ",),
    "mgrs": ("32TMT6500047000",),
    "h3": ("8b1fb46622dcfff",),
    "geo-uri": ("geo:47.654321,8.123457",),
    "labelled-pair": ("https://www.openstreetmap.org/?mlat=47.65432&mlon=8.12346",),
    "geohash": ("geohash: u0qj1mzhgcd",),
    "hemisphere-digits": ("N48071334E014321773",),
    "three-words": ("///filled.count.soap",),
}
"""Planted positions in texts by their form, some under Unicode tricks and encodings."""


class SilentDetectorError(Exception):
    """A measure did not find what was planted for it: what it says of the data is worth nothing."""

    def __init__(self, measure: MeasureId) -> None:
        super().__init__(f"measure {measure} did not find what was planted for it")
        self.measure = measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A batch with a planted case, and how to tell from the measurement that it was found.

    ``more`` are batches of other reference systems, which are measured too.
    """

    batch: LayerBatch
    caught: Callable[[Any], bool]
    more: tuple[LayerBatch, ...] = ()


def require_alive(measures: Sequence[Measure[Any]], tools: Tools) -> None:
    """Let every measure find its planted case, with the tools of the pass.

    Raises: SilentDetectorError when one does not, or has none.
    """
    for measure in measures:
        try:
            canary = canary_of(measure)
        except NotImplementedError:
            raise SilentDetectorError(measure.id) from None
        tally = measure.tally(tools)
        for batch in (canary.batch, *canary.more):
            batch.kernels = tools.kernels
            tally.add(batch)
        if canary.caught(tally.measurement()) is not True:
            raise SilentDetectorError(measure.id)


@singledispatch
def canary_of(measure: object) -> Canary:
    """Plant a case for a measure.

    Raises: NotImplementedError for a measure without one.
    """
    raise NotImplementedError(type(measure).__name__)


def _wgs84() -> pyproj.CRS:
    return _epsg(4326)


@cache
def _epsg(code: int) -> pyproj.CRS:
    return pyproj.CRS.from_epsg(code)


def _batch(
    geometries: Sequence[shapely.Geometry], columns: dict[str, pa.Array] | None = None, *, crs: pyproj.CRS | None = None
) -> LayerBatch:
    wkb = pa.array(list(shapely.to_wkb(np.array(geometries, object))), pa.binary())
    if columns is None:
        columns = {"row": pa.array(np.arange(len(geometries)))}
    return LayerBatch(wkb=wkb, attributes=pa.record_batch(columns), crs=crs or _wgs84())


def _within(zone_list: ZoneList) -> tuple[float, float]:
    """Give a position within a zone of a list.

    Raises: NotImplementedError for a list without a zone.
    """
    for zone in zone_list.zones:
        if not zone.geometry.is_empty:
            point = zone.geometry.representative_point()
            return float(point.x), float(point.y)
    raise NotImplementedError(zone_list.name)


@canary_of.register
def _inventory(measure: LayerInventory) -> Canary:
    del measure
    batch = _batch([shapely.Point(*_FINE, 5.0), shapely.Point(np.nan, 1.0)])
    return Canary(batch=batch, caught=lambda found: found.rows == found.non_finite + 1 and found.has_z)


@canary_of.register
def _lattice(measure: CoordinateLattice) -> Canary:
    del measure
    batch = _batch([shapely.Point(8.0, 47.0), shapely.Point(*_FINE)])

    def caught(found: Any) -> bool:
        steps = [decimals.step for axis in (found.x, found.y) for decimals in axis[-1:]]
        return len(steps) == len(_FINE) and max(steps) <= _STEP_DEG

    return Canary(batch=batch, caught=caught)


@canary_of.register
def _spacing(measure: VertexSpacing) -> Canary:
    del measure
    x, y = _FINE
    batch = _batch([shapely.LineString([(x, y), (x + _STEP_DEG, y), (x + 1, y)])])
    return Canary(batch=batch, caught=lambda found: found.shortest_m is not None and 0 < found.shortest_m < _NEAR_M)


@canary_of.register
def _times(measure: TimeSteps) -> Canary:
    del measure
    moments = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", tz="UTC"))
    batch = _batch([shapely.Point(*_FINE)], {"t": moments, "s": pa.array(["2026-01-01T12:34:56.789Z"])})

    def caught(found: Any) -> bool:
        counts = [column.counts for column in found.columns or ()]
        return [sum(some[:-1]) for some in counts] == [1, 1] and counts[0][0] == 1

    return Canary(batch=batch, caught=caught)


@canary_of.register
def _hits(measure: ZoneHits) -> Canary:
    batch = _batch([shapely.Point(_within(measure.zone_list))])
    return Canary(batch=batch, caught=lambda found: found.features_hit == 1 and len(found.zones) >= 1)


@canary_of.register
def _devices(measure: ZoneDevices) -> Canary:
    inside = shapely.Point(_within(measure.zone_list))
    batch = _batch([inside, inside], {measure.column: pa.array([_PLANTED, _PLANTED])})
    return Canary(batch=batch, caught=lambda found: bool(found.zones) and found.zones[0].devices == 1)


@canary_of.register
def _readings(measure: ZoneReadings) -> Canary:
    """Plant for every family of readings, in layers of the systems that have such readings."""
    plants = plants_for(measure)
    batches = [
        _batch([shapely.Point(plant.xy) for plant in plants if plant.crs == code], crs=_epsg(code))
        for code in dict.fromkeys(plant.crs for plant in plants)
    ]

    def caught(found: Any) -> bool:
        counts = {each.reading: each for each in found.readings}
        fitting = Counter(plant.reading for plant in plants)
        hits = Counter(plant.reading for plant in plants if plant.hits)
        return all(
            name in counts and counts[name].fitting >= number and counts[name].features >= hits[name]
            for name, number in fitting.items()
        )

    return Canary(batch=batches[0], caught=caught, more=tuple(batches[1:]))


@canary_of.register
def _terms(measure: TermScan) -> Canary:
    words = [term.words[0] for term in measure.terms if term.words]
    text = words[0] if words else _PLANTED
    batch = _batch([shapely.Point(*_FINE)], {"t": pa.array([f"- {text} -"])})
    return Canary(batch=batch, caught=lambda found: found.texts == 1 and (not words or bool(found.found)))


@canary_of.register
def _texts(measure: TextScan) -> Canary:
    del measure
    texts = [text for several in _WRITTEN.values() for text in several]
    batch = _batch([shapely.Point(*_FINE)] * len(texts), {"t": pa.array(texts)})

    def caught(found: Any) -> bool:
        forms = {form.form: form.certain for column in found.columns for form in column.forms}
        return all(forms.get(name, 0) >= len(several) for name, several in _WRITTEN.items())

    return Canary(batch=batch, caught=caught)


def _together(x: Any, y: Any, rows: Any) -> dict[str, pa.Array]:
    """Plant positions that several columns say together, or the digits within texts and moments."""
    lon, lat = np.rint((40 - x) * 1e5), np.rint((80 - y) * 1e5)
    aside, along = ((rows * factor % 991 / 991 - 0.5) / 10 * _DEGREE_M for factor in (617, 379))
    away = aside * np.cos(np.radians(np.round(y, 1))), along
    days = rows * 3 * 86_400_000_000
    return {
        "ref": pa.array([f"track_{b:.0f}_{a:.0f}" for a, b in zip(lon, lat, strict=True)]),
        "gzd": pa.array(["33U"] * len(rows)),
        "square": pa.array(["VP"] * len(rows)),
        "east": pa.array((rows * 7919 % 997 + 4_000).astype(np.int64)),
        "range": pa.array(np.hypot(*away).round()),
        "course": pa.array(np.degrees(np.arctan2(*away)).round(1)),
        "seen": pa.array((days + lon % 1e5 * 10 + 5e6).astype(np.int64), pa.timestamp("us", tz="UTC")),
        "left": pa.array((days + lat % 1e5 * 10 + 9e6).astype(np.int64), pa.timestamp("us", tz="UTC")),
    }


@canary_of.register
def _contents(measure: ColumnContents) -> Canary:
    """Plant positions in numbers for several searches, which have to come out as carriers, and addresses of mail."""
    del measure
    rows = np.arange(_ROWS)
    x, y = 14.300012345 + rows * 7919 % 997 / 2e4, 48.050023456 + rows * 104729 % 991 / 2e4
    u, v, w = pyproj.Transformer.from_crs(4979, 4978, always_xy=True).transform(x + 30, y - 10, x * 0)
    cells = [int(h3.latlng_to_cell(lat, lon, 9), 16) for lat, lon in zip(y - 5, x - 20, strict=True)]
    few = np.where(rows == 3, [[-71.3217734], [-33.0713345]], rows % 7 + np.array([[20], [30]]))  # noqa: PLR2004
    turns = np.stack([x - 40, y - 20], axis=1).reshape(-1)[:_ROWS]
    numbers = {"lon": x + 3, "lat": y + 3, "u": u, "v": v, "w": w, "serial": cells, "p": y, "q": x}
    numbers |= {"load": few[0], "wear": few[1], "level": turns}
    columns = {name: pa.array(values) for name, values in numbers.items()}
    columns["mail"] = pa.array([f"user{row}@example.org" for row in rows])
    places = [shapely.Point(round(lon, 1), round(lat, 1)) for lon, lat in zip(x, y, strict=True)]
    batch, beside = _batch(places, columns), _batch(places, _together(x, y, rows))

    def caught(found: Any) -> bool:
        together = numbers_in.__wrapped__(ColumnContents().of(beside))
        # Past the cache: what was found when the libraries were loaded proves nothing now.
        said = numbers_in.__wrapped__(found)
        carriers = {frozenset(carrier.columns) for carrier in said.carriers}
        mail = [column.addresses for column in found.columns or () if column.name == "mail"]
        possible = set(said.possible) >= _POSSIBLE and set(together.possible) >= _TOGETHER
        return carriers >= _HIDDEN and possible and mail == [_ROWS]

    return Canary(batch=batch, caught=caught)


@canary_of.register
def _beyond(measure: ValuesBeyond) -> Canary:
    """Plant a value beyond each declaration, in a column that is called as the declaration is, wild cards and all."""
    columns: dict[str, pa.Array] = {}
    bound = [limits for limits in measure.limits if limits.max_decimals is not None or limits.values is not None]
    for limits in sorted(bound, key=lambda limits: limits.max_decimals is not None):
        fine = limits.max_decimals is not None
        columns[limits.name] = pa.array([1 / 3]) if fine else pa.array([_PLANTED])
    batch = _batch([shapely.Point(*_FINE)], columns or None)

    def caught(found: Any) -> bool:
        pairs = zip(measure.limits, found.counts, strict=True)
        return all(count > 0 for limits, count in pairs if limits in bound)

    return Canary(batch=batch, caught=caught)


def _window(lon: float, lat: float) -> LayerBatch:
    """Give a raster window of one pixel a place, shown and fine."""
    box = shapely.box(lon - _STEP_DEG, lat - _STEP_DEG, lon + _STEP_DEG, lat + _STEP_DEG)
    values = {
        "image": "base", "level": 0, "image_columns": 1, "image_rows": 1, "bands": 1, "data_type": "uint8",
        "interpretation": "gray", "elevation_hint": True, "day": _DAY, "georeferencing": "affine", "column": 0,
        "row": 0, "columns": 1, "rows": 1, "gsd_x_m": 0.1, "gsd_y_m": 0.2, "gridded": False, "shown_pixels": 1,
        "shown": None,
    }  # fmt: skip
    attributes = pa.record_batch([pa.array([values[field.name]], field.type) for field in COLUMNS], schema=COLUMNS)
    return LayerBatch(wkb=pa.array([shapely.to_wkb(box)], pa.binary()), attributes=attributes, crs=_wgs84())


@canary_of.register
def _bands(measure: RasterBands) -> Canary:
    del measure

    def caught(found: Bands) -> bool:
        return (found.most, found.data_types, found.newest, found.undated) == (1, ("uint8",), _DAY, 0)

    return Canary(batch=_window(*_FINE), caught=caught)


@canary_of.register
def _distances(measure: GroundSampleDistance) -> Canary:
    del measure
    return Canary(batch=_window(*_FINE), caught=lambda found: found.finest_m == found.elevation_m == 0.1)  # noqa: PLR2004


@canary_of.register
def _distances_in_zones(measure: ZoneSampleDistance) -> Canary:
    return Canary(batch=_window(*_within(measure.zone_list)), caught=lambda found: found.windows == 1)


@canary_of.register
def _pixels(measure: RasterZonePixels) -> Canary:
    return Canary(batch=_window(*_within(measure.zone_list)), caught=lambda found: bool(found.zones))


@canary_of.register
def _photos(measure: PhotoMetadata) -> Canary:
    del measure
    numbers = {"width": 1, "height": 1, "direction_deg": 0.5}
    values = [pa.array([numbers.get(field.name, _PLANTED)], field.type) for field in PHOTO_COLUMNS]
    columns = dict(zip(PHOTO_COLUMNS.names, values, strict=True))
    batch = _batch([shapely.Point(*_FINE)], columns)
    return Canary(batch=batch, caught=lambda found: found.counts == (1,) * len(Telling))


@canary_of.register
def _density(measure: PointDensity) -> Canary:
    del measure
    lon, lat = _FINE
    batch = _batch([shapely.Point(lon, lat), shapely.Point(lon, lat), shapely.Point(lon + 1, lat)])
    return Canary(batch=batch, caught=lambda found: (found.points, found.densest) == (3, 2))


@canary_of.register
def _turns(measure: PointValues) -> Canary:
    del measure
    values = pa.array(np.tile(np.array(_FINE), 60))
    batch = _batch([shapely.Point(*_FINE)] * len(values), {"t": values})
    return Canary(batch=batch, caught=lambda found: [each.separation for each in found.columns or ()] == [1.0])


def _named(pattern: str) -> str:
    """Give a name that a pattern of ``*`` and ``?`` fits, and a name without them is itself."""
    return re.sub(r"\[!?(.)[^]]*\]", r"\1", pattern).replace("*", "").replace("?", "x") or "x"


@canary_of.register
def _small_cells(measure: SmallCells) -> Canary:
    """Plant a zero, a number below the minimum, one that is no number and one that is suppressed."""
    cells = pa.array([0.0, 0.5, measure.limits.minimum * 10.0, None])
    batch = _batch([shapely.Point(*_FINE)] * 4, {_named(measure.limits.columns[0]): cells})
    return Canary(
        batch=batch, caught=lambda found: (found.zeros, found.small, found.numbers, found.suppressed) == (1, 1, 3, 1)
    )


@canary_of.register
def _table(measure: WholeTable) -> Canary:
    columns = {name: pa.array(["a", "b"]) for name in measure.shape.group_columns}
    columns |= {name: pa.array([7.5, None]) for name in measure.shape.value_columns}
    batch = _batch([shapely.Point(*_FINE)] * 2, columns)

    def caught(found: Any) -> bool:
        table = found.table()
        return sorted(table["states"][:, 0].tolist()) == [0, SUPPRESSED] and bool((table["values"] == 7.5).any())  # noqa: PLR2004

    return Canary(batch=batch, caught=caught)


@canary_of.register
def _contributions(measure: Contributions) -> Canary:
    columns = {name: pa.array(["a", "a", "a"]) for name in measure.columns.groups}
    columns |= {measure.columns.contributor: pa.array(["u", "v", "u"]), measure.columns.value: pa.array([1, 2, 3])}
    batch = _batch([shapely.Point(*_FINE)] * 3, columns)
    return Canary(batch=batch, caught=lambda found: [*found.groups()] == [(4_000_000, 2_000_000)])


@canary_of.register
def _largest(measure: LargestContributors) -> Canary:
    own = measure.columns
    columns = {
        own.largest: pa.array([97.0, 34.0]),
        own.second: pa.array([3.0, 33.0]),
        own.total: pa.array([100.0, 100.0]),
    }
    batch = _batch([shapely.Point(*_FINE)] * 2, columns)
    limits = [limit for limit in (own.share, own.rest) if limit is not None]
    beyond = sum(not limit.holds((97, 3), 100) for limit in limits)

    def caught(found: Any) -> bool:
        return bool(found.cells == 2 and found.beyond_share + found.beyond_rest >= beyond)  # noqa: PLR2004

    return Canary(batch=batch, caught=caught)


@canary_of.register
def _subjects(measure: SubjectsInCells) -> Canary:
    lon, lat = _FINE
    places = [shapely.Point(lon, lat), shapely.Point(lon, lat), shapely.Point(lon, lat), shapely.Point(lon + 90, lat)]
    batch = _batch(places, {measure.column: pa.array([_PLANTED, "another", _PLANTED, _PLANTED])})
    return Canary(batch=batch, caught=lambda found: found.counts[1:3] == (1, 1))


@canary_of.register
def _named_subjects(measure: SubjectCount) -> Canary:
    """Plant two ids, one of them twice, and two rows without one."""
    ids = pa.array([_PLANTED, "another", _PLANTED, None, "0000-0000"])
    batch = _batch([shapely.Point(*_FINE)] * len(ids), {_named(measure.columns[0]): ids})
    return Canary(batch=batch, caught=lambda found: (found.rows, found.unnamed, found.most) == (5, 2, 4))


@canary_of.register
def _categories(measure: LatticeByCategory) -> Canary:
    labels = [own[0] for own in measure.labels]
    batch = _batch([shapely.Point(*_FINE)] * (len(labels) + 1), {measure.column: pa.array([*labels, _PLANTED])})

    def caught(found: Any) -> bool:
        finest = [own.lattice.x[-1].step for own in found.categories if own.lattice.x]
        return found.unknown == 1 and len(finest) == len(labels) and max(finest) <= _STEP_DEG

    return Canary(batch=batch, caught=caught)


@canary_of.register
def _regions(measure: RegionPrefixes) -> Canary:
    code = measure.limits.too_small[0]
    batch = _batch([shapely.Point(*_FINE)] * 3, {_named(measure.limits.columns[0]): pa.array([code, code + "01", "?"])})
    return Canary(batch=batch, caught=lambda found: (found.small, found.longer, found.other) == (1, 1, 1))
