"""Ways to write a layer, by the libraries that people use."""

from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

import pyogrio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import geopandas
    import pandas as pd

STATED: Final = "EPSG:4326"
"""The reference of formats that cannot say it."""


def write(frame: geopandas.GeoDataFrame, folder: Path, *, stem: str, form: str) -> None:
    """Write a layer in one of the formats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that a format shortens are real data, too
        WRITERS[form](frame, folder / f"{stem}.{form.removeprefix('csv-').replace('wkt', 'csv')}")


def _ogr(driver: str, **options: str) -> Callable[[geopandas.GeoDataFrame, Path], None]:
    return lambda frame, path: pyogrio.write_dataframe(frame, path, driver=driver, **options)


def _parquet(frame: geopandas.GeoDataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _csv(frame: geopandas.GeoDataFrame, path: Path) -> None:
    _table(frame).to_csv(path, index=False)


def _csv_wkt(frame: geopandas.GeoDataFrame, path: Path) -> None:
    frame.to_wkt().rename(columns={"geometry": "wkt"}).to_csv(path, index=False)


def _csv_zip(frame: geopandas.GeoDataFrame, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.stem, _table(frame).to_csv(index=False))


def _gpx(frame: geopandas.GeoDataFrame, path: Path) -> None:
    """Write waypoints with a name, the first column of texts."""
    plain = frame.drop(columns="geometry")
    texts = [name for name in plain.columns if all(isinstance(value, str) for value in plain[name])]
    names = frame[texts[0]] if texts else [f"{row}" for row in range(len(frame))]
    rows = "".join(
        f"<wpt lat={quoteattr(repr(point.y))} lon={quoteattr(repr(point.x))}><name>{escape(name)}</name></wpt>"
        for point, name in zip(frame.geometry, names, strict=True)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
    path.write_text(f"{head}{rows}</gpx>", encoding="utf-8")


def _table(frame: geopandas.GeoDataFrame) -> pd.DataFrame:
    plain: pd.DataFrame = frame.drop(columns="geometry")
    return plain.assign(lon=frame.geometry.x, lat=frame.geometry.y)


def _xlsx(frame: geopandas.GeoDataFrame, path: Path) -> None:
    table = _table(frame).astype(object)
    table = table.where(table.notna(), None)
    rows = "".join(_row(row) for row in [list(table.columns), *table.itertuples(index=False)])
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**_WORKBOOK, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')


def _row(values: object) -> str:
    cells = "".join(_cell(value) for value in values)  # type: ignore[attr-defined]
    return f"<row>{cells}</row>"


def _cell(value: object) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_SHEETS: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORKBOOK: Final[Mapping[str, str]] = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEETS}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEETS}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument"'
    ' Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="table" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1"'
    f' Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}

WRITERS: Final[Mapping[str, Callable[[geopandas.GeoDataFrame, Path], None]]] = {
    "parquet": _parquet,
    "gpkg": _ogr("GPKG"),
    "fgb": _ogr("FlatGeobuf"),
    "geojson": _ogr("GeoJSON"),
    "geojsonl": _ogr("GeoJSONSeq"),
    "shp": _ogr("ESRI Shapefile"),
    "kml": _ogr("LIBKML"),
    "gml": _ogr("GML", XSISCHEMA="OFF"),
    "gpx": _gpx,
    "csv": _csv,
    "csv-wkt": _csv_wkt,
    "csv.zip": _csv_zip,
    "xlsx": _xlsx,
}
