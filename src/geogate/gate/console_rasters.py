"""Where the pixels of an image are that show anything, by samples of its windows; done in the child.

It must not decide. A window is sampled more densely than the finest cells of a map, so that no cell is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from geogate.measures.measure import UnmeasurableError
from geogate.measures.raster import shown_pixels, windows_of
from geogate.measures.raster_pixels import shown_near
from geogate.measures.reference import to_lonlat
from geogate.measures.tools import PLAIN
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.raster import Windows
    from geogate.zones.zone import Zone, ZoneList

    Floats = NDArray[np.float64]

PER_DEGREE: Final = 40
MOST_SAMPLES: Final = 512
_FEWEST: Final = 8
_RING: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A window by samples: how many pixels of the base image each stands for, and how many pixels hit a zone there.

    ``corners`` are those of the window.

    Shape: ``lonlat`` ``(n, 2)``, ``pixels`` and ``hits`` ``(n,)``.
    Units: degrees.
    """

    lonlat: Floats
    pixels: Floats
    hits: Floats
    corners: Floats


def sampled(batch: LayerBatch, zone_lists: tuple[tuple[ZoneList, float], ...]) -> Iterator[Sampled]:
    """Sample the windows of a batch; overviews count for zones only, since they show the same ground once more.

    Raises: UnmeasurableError when the layer is no raster, or a window cannot be placed.
    """
    windows = windows_of(batch)
    is_base = np.equal(batch.attributes.column("image").to_numpy(zero_copy_only=False), "base")
    near = [*_near(batch, zone_lists)]
    offsets = batch.geometries.feature_offsets
    for row in range(batch.rows):
        if not windows.shown[row]:
            continue
        corners = batch.lonlat[offsets[row] : offsets[row + 1]]
        lonlat, pixels = _samples(batch, windows, row, corners)
        hits = np.zeros(len(lonlat))
        for zone, limit_m in (each[1:] for each in near if each[0] == row):
            _add_hits(hits, lonlat, pixels, zone, _count(batch, windows, row, zone=zone, limit_m=limit_m))
        yield Sampled(
            lonlat=lonlat, pixels=pixels if is_base[row] else np.zeros(len(lonlat)), hits=hits, corners=corners
        )


def _near(batch: LayerBatch, zone_lists: tuple[tuple[ZoneList, float], ...]) -> Iterator[tuple[int, Zone, float]]:
    """Name windows that lie in or near zones, with the zone and its distance."""
    for zone_list, buffer_m in zone_lists:
        found = feature_hits(batch, zone_index(zone_list, buffer_m, PLAIN))
        limits = limits_m(zone_list, buffer_m)
        for row, zone in set(zip(np.asarray(found.owner).tolist(), np.asarray(found.zone).tolist(), strict=True)):
            yield row, zone_list.zones[zone], float(limits[zone])


def _count(batch: LayerBatch, windows: Windows, row: int, *, zone: Zone, limit_m: float) -> int:
    if not windows.gridded[row]:
        return int(windows.shown[row])
    return shown_near(batch, windows, row, zone=zone, limit_m=limit_m)


def _samples(batch: LayerBatch, windows: Windows, row: int, corners: Floats) -> tuple[Floats, Floats]:
    """Give samples of one window, each with the pixels that it stands for; those that show nothing are left out."""
    good = corners[np.isfinite(corners).all(axis=1)]
    if not len(good):
        raise UnmeasurableError("a window of the raster has no place")
    wanted = np.clip(np.ceil(np.ptp(good, axis=0).max() * PER_DEGREE), _FEWEST, MOST_SAMPLES).astype(int)
    if not windows.gridded[row] or len(corners) != _RING:
        low, high = good.min(axis=0), good.max(axis=0)
        share = (np.arange(wanted) + 0.5) / wanted
        grid = np.stack(np.meshgrid(share, share), axis=-1).reshape(-1, 2)
        return low + grid * (high - low), np.full(len(grid), windows.shown[row] / len(grid))
    shown = shown_pixels(batch, windows, row).astype(np.float64)
    sums = _blocks(shown, min(wanted, shown.shape[0]), min(wanted, shown.shape[1]))
    down, right = (max(1, -(-int(wanted) // each)) for each in sums.shape)
    pixels = np.repeat(np.repeat(sums / (down * right), down, axis=0), right, axis=1)
    v, u = ((np.arange(each) + 0.5) / each for each in pixels.shape)
    places = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
    lonlat = _placed(batch, row, places)
    flat = pixels.reshape(-1)
    kept = (flat > 0) & np.isfinite(lonlat).all(axis=1)
    return lonlat[kept], flat[kept]


def _blocks(shown: Floats, rows: int, columns: int) -> Floats:
    """Sum up pixels in blocks of nearly the same size."""
    starts = [np.arange(count) * size // count for count, size in zip((rows, columns), shown.shape, strict=True)]
    found: Any = np.add.reduceat(np.add.reduceat(shown, starts[0], axis=0), starts[1], axis=1)
    return np.asarray(found, np.float64)


def _placed(batch: LayerBatch, row: int, places: Floats) -> Floats:
    """Place shares of a window between its corners, as its pixels are."""
    offsets = batch.geometries.feature_offsets
    ring = batch.geometries.xy[offsets[row] : offsets[row + 1]]
    xy = ring[0] + places[:, :1] * (ring[1] - ring[0]) + places[:, 1:] * (ring[3] - ring[0])
    return np.asarray(to_lonlat(np.asfortranarray(xy), batch.crs), np.float64)


def _add_hits(hits: Floats, lonlat: Floats, pixels: Floats, zone: Zone, count: int) -> None:
    """Put the pixels that hit a zone where its samples are: those within it, or else the nearest one."""
    if not count or not len(pixels):
        return
    away = shapely.distance(shapely.points(lonlat), zone.geometry)
    there = np.flatnonzero(away == 0) if (away == 0).any() else np.array([int(np.nanargmin(away))])
    hits[there] += count / len(there)
