"""Zones from GeoPackage, FlatGeobuf and Shapefile, through GDAL; a warning of GDAL is an error here."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyproj
import shapely
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from shapely.errors import ShapelyError

from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import to_lonlat
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError
from geogate.zones.straighten import TooCurvedError, straighten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    _Layer = tuple[dict[str, Any], NDArray[np.object_], list[NDArray[Any]]]

_STEM = "zones"
_DRIVERS = {".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".shp": "ESRI Shapefile"}
_REFUSALS = (DataSourceError, DataLayerError, CRSError, FeatureError, GeometryError, FieldError, ValueError)


def read(files: Mapping[str, bytes], *, suffix: str) -> list[RawZone]:
    """Read all zones of a file that has exactly one layer, from its bytes, and those of its sidecars, by suffix.

    Raises: UnreadableZonesError.
    """
    driver = _DRIVERS[suffix]
    # From a folder of its own: GDAL wants names with suffixes, and must not find sidecars that nobody pinned.
    with tempfile.TemporaryDirectory(prefix="geogate-zones-") as folder:
        for each, data in files.items():
            (Path(folder) / (_STEM + each)).write_bytes(data)
        meta, wkb, fields = _without_warnings(Path(folder) / (_STEM + suffix), driver)
    shapes = _lonlat(wkb, meta["crs"])
    return [
        RawZone(
            place=f"zone {number + 1}",
            attributes={str(name): _plain(values[number]) for name, values in zip(meta["fields"], fields, strict=True)},
            geometry=shape,
        )
        for number, shape in enumerate(shapes)
    ]


def _without_warnings(file: Path, driver: str) -> _Layer:
    # Recorded, because what is raised inside GDAL's callback is lost.
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            layer = _layer(file, driver)
        except _REFUSALS:
            raise UnreadableZonesError(f"GDAL's {driver} reader cannot read the file to its end") from None
    if heard:
        raise UnreadableZonesError(f"GDAL's {driver} reader warns of something in the file")
    return layer


def _layer(file: Path, driver: str) -> _Layer:
    layers = pyogrio.list_layers(file)
    if len(layers) != 1:
        raise UnreadableZonesError(f"the file has {len(layers)} layers or tables instead of one")
    info = pyogrio.read_info(file, force_feature_count=True)
    if info["driver"] != driver:
        raise UnreadableZonesError(f"GDAL does not read the file with its {driver} reader")
    meta, _, wkb, fields = pyogrio.raw.read(file)
    if wkb is None or len(wkb) != info["features"]:
        raise UnreadableZonesError("not all zones that the file claims to have can be read")
    return meta, wkb, fields


def _lonlat(wkb: NDArray[np.object_], crs: str | None) -> NDArray[np.object_]:
    """Read geometries in degrees on WGS 84.

    Raises: UnreadableZonesError that names the first zone that is at fault.
    """
    if crs is None:
        raise UnreadableZonesError("it has no coordinate reference system")
    try:
        system = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise UnreadableZonesError("its coordinate reference system is not known") from None
    try:
        return _in_degrees(wkb, system)
    except UnreadableZonesError:
        for number in range(len(wkb)):
            try:
                _in_degrees(wkb[number : number + 1], system)
            except UnreadableZonesError as error:
                raise UnreadableZonesError(error.reason, place=f"zone {number + 1}") from None
        raise


def _in_degrees(wkb: NDArray[np.object_], system: pyproj.CRS) -> NDArray[np.object_]:
    def transform(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return to_lonlat(xy, system)

    try:
        with np.errstate(invalid="ignore"):
            shapes = shapely.force_2d(shapely.from_wkb(wkb))
        if not np.isfinite(shapely.get_coordinates(shapes)).all():
            raise UnreadableZonesError("a coordinate is not a finite number")
        return (
            straighten(shapes, transform) if system.is_projected else np.asarray(shapely.transform(shapes, transform))
        )
    except ShapelyError:
        raise UnreadableZonesError("its geometry is not well-formed") from None
    except (UnmeasurableError, TooCurvedError) as error:
        raise UnreadableZonesError(f"it cannot be transformed to WGS 84: {error}") from None


def _plain(value: Any) -> object:
    """Turn numpy's numbers into Python's."""
    plain: object = value.item() if isinstance(value, np.generic) else value
    return plain
