"""The staged exports of the demonstration: real data from installed packages, each with one thing to find out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import airportsdata
import geopandas as gpd
import pyogrio
import shapely
from bokeh_sampledata import mtb, world_cities

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

Frame = Any
NATURAL_EARTH: Final = (
    Path(pyogrio.__file__).parent / "tests" / "fixtures" / "naturalearth_lowres" / "naturalearth_lowres.shp"
)
CENTRAL_AMERICA: Final = ("Costa Rica", "El Salvador", "Guatemala", "Honduras", "Nicaragua", "Panama")
PARTNER: Final = "example-partner"
OVERSEAS: Final = "example-overseas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One staged export, and what the gate must make of it: the decision, and the rules that are its only reasons."""

    name: str
    what: str
    format: str
    recipient: str
    purpose: str
    decision: str
    rules: frozenset[str]
    write: Callable[[Path, str], None]


def build(exports: tuple[Export, ...], *, into: Path, bucket: str) -> None:
    """Write each export into a folder of its own, with the ``release.yaml`` that says where it is to go."""
    for export in exports:
        folder = into / export.name
        folder.mkdir(parents=True)
        export.write(folder, export.name)
        lines = [
            f"recipient: {export.recipient}",
            f"destination: {destination(export, bucket)}",
            f"purpose: {export.purpose}",
        ]
        (folder / "release.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")


def destination(export: Export, bucket: str) -> str:
    """Name the prefix to which an export is to go, which tells its request from the others."""
    return f"s3://{bucket}/{export.recipient}/{export.name}/"


def _towns(country: str, *, decimals: int) -> Frame:
    """Take the towns of a country, with positions of so many decimals of a degree."""
    towns: pd.DataFrame = world_cities.data
    frame = gpd.GeoDataFrame(towns[["name"]], geometry=gpd.points_from_xy(towns["lng"], towns["lat"]), crs="EPSG:4326")
    countries = gpd.read_file(NATURAL_EARTH)
    outline = countries[countries["name"] == country].geometry.iloc[0]
    inside = frame[frame.within(outline)].sort_values("name", ignore_index=True)
    return _rounded(inside, decimals)


def _rounded(frame: Frame, decimals: int) -> Frame:
    frame.geometry = frame.geometry.transform(lambda xy: xy.round(decimals))
    return frame


def _town_index(folder: Path, name: str) -> None:
    _towns("Portugal", decimals=1).to_parquet(folder / f"{name}.parquet", index=False)


def _town_centres(folder: Path, name: str) -> None:
    _towns("Slovenia", decimals=2).to_file(folder / f"{name}.gpkg", layer="towns", driver="GPKG")


def _race_track(folder: Path, name: str) -> None:
    """Write the track as the receiver recorded it: eight decimals of a degree."""
    mtb.obiszow_mtb_xcm[["lon", "lat", "alt"]].to_csv(folder / f"{name}.csv", index=False)


def _airfields(folder: Path, name: str) -> None:
    """Write the airfields of a country to a tenth of a degree: coarse, but the military ones are still there."""
    fields = [field for field in airportsdata.load("ICAO").values() if field["country"] == "DE"]
    columns = {key: [field[key] for field in fields] for key in ("icao", "name", "city")}
    points = gpd.points_from_xy([field["lon"] for field in fields], [field["lat"] for field in fields])
    frame = _rounded(gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326"), 1)
    frame.to_file(folder / f"{name}.fgb", driver="FlatGeobuf")


def _outlines(folder: Path, name: str) -> None:
    countries = gpd.read_file(NATURAL_EARTH)[["name", "continent", "pop_est", "geometry"]]
    chosen = countries[countries["name"].isin(CENTRAL_AMERICA)].sort_values("name", ignore_index=True)
    chosen.geometry = shapely.set_precision(chosen.geometry.values, 0.1)
    chosen.to_file(folder / f"{name}.shp", driver="ESRI Shapefile")


def _broken_upload(folder: Path, name: str) -> None:
    """Write half of a file, as an upload leaves it that broke off."""
    file = folder / f"{name}.geojson"
    _towns("Finland", decimals=1).to_file(file, driver="GeoJSON")
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


EXPORTS: Final = (
    Export(
        name="town-index",
        what="towns of Portugal, to a tenth of a degree",
        format="GeoParquet",
        recipient=PARTNER,
        purpose="an overview map",
        decision="clear",
        rules=frozenset(),
        write=_town_index,
    ),
    Export(
        name="town-centres",
        what="towns of Slovenia, to a hundredth of a degree",
        format="GeoPackage",
        recipient=PARTNER,
        purpose="planning of delivery regions",
        decision="hold",
        rules=frozenset({"coordinate-precision-review"}),
        write=_town_centres,
    ),
    Export(
        name="race-track",
        what="GPS track of a mountain-bike race, as recorded",
        format="CSV",
        recipient=PARTNER,
        purpose="a study of cycling",
        decision="deny",
        rules=frozenset({"coordinate-precision", "coordinate-precision-review"}),
        write=_race_track,
    ),
    Export(
        name="airfields",
        what="airfields of Germany, to a tenth of a degree",
        format="FlatGeobuf",
        recipient=PARTNER,
        purpose="a directory of airfields",
        decision="deny",
        rules=frozenset({"restricted-zones"}),
        write=_airfields,
    ),
    Export(
        name="outlines",
        what="outlines of Central American countries",
        format="Shapefile",
        recipient=OVERSEAS,
        purpose="a base map",
        decision="deny",
        rules=frozenset({"destination"}),
        write=_outlines,
    ),
    Export(
        name="broken-upload",
        what="towns of Finland; the upload broke off",
        format="GeoJSON",
        recipient=PARTNER,
        purpose="an overview map",
        decision="deny",
        rules=frozenset({"gate/unreadable"}),
        write=_broken_upload,
    ),
)
