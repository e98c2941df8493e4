"""Workbooks of Excel and OpenDocument: every sheet is a layer, its first row the names of the columns.

Only the values of cells are read, as they were last computed; everything else in the file is named and left out.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from geogate.libraries.strict import reading
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, Format, together
from geogate.readers.csv_cells import Numbers, Texts
from geogate.readers.csv_positions import find_positions
from geogate.readers.excel_parts import check_workbook
from geogate.readers.table_layer import Row, Survey, batches_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyproj

    from geogate.measures.batch import LayerBatch
    from geogate.measures.source import LayerSchema
    from geogate.readers.csv_positions import Positions

RUN: Final = 8_192
_TEXTUAL: Final = (dt.datetime, dt.date, dt.time)


def _bad(why: str, remedy: str, *, layer: str = "") -> UnreadableError:
    return UnreadableError(f"the workbook {why}", remedy=remedy, layer=layer)


def _cell(value: Any) -> Any:
    """Return a value as a column can hold it; an empty cell has none."""
    if isinstance(value, _TEXTUAL):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return None if value == "" else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true"
    return "" if value is None else value if isinstance(value, str) else repr(value)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet that is a table: the names of its columns, where its positions are, and its rows."""

    name: str
    header: tuple[str, ...]
    positions: Positions
    cells: list[list[Any]]

    def rows(self, cells: Numbers | Texts) -> Iterator[Row]:
        """Make rows.

        Raises: UnreadableError for a position that is no number.
        """
        for first in range(0, len(self.cells), RUN):
            run = self.cells[first : first + RUN]
            for wkb, row in zip(self._wkb(run, first, cells), run, strict=True):
                named = zip(self.header, row, strict=True)
                yield Row(wkb, {name: _cell(v) for name, v in named if name not in self.positions.columns})

    def _wkb(self, run: list[list[Any]], first: int, cells: Numbers | Texts) -> list[bytes | None]:
        at = [self.header.index(name) for name in self.positions.columns]
        columns = [pa.array([_text(_cell(row[number])) for row in run], pa.string()) for number in at]
        try:
            batch = pa.record_batch(columns, names=list(self.positions.columns))
            return list(cells.to_wkb(batch, first).to_pylist())
        except UnreadableError as error:
            raise UnreadableError(
                error.summary.replace("the CSV", "the sheet"), remedy=error.remedy, layer=self.name
            ) from None


@dataclass(frozen=True)
class ExcelSource:
    """One workbook; sheets without any cell are no layers."""

    path: Path
    format: Format = Format.EXCEL

    @cached_property
    def _opened(self) -> tuple[dict[str, _Sheet], tuple[FilePart, ...]]:
        parts = list(check_workbook(self.path))
        sheets: dict[str, _Sheet] = {}
        with reading("opened as a workbook"):
            found = list(_raw_sheets(self.path))
        for name, visible, rows in found:
            if not visible:
                parts.append(FilePart(what="hidden sheets", fate=Fate.JUDGED))
            if rows is None:
                parts.append(FilePart(what="sheets that are no table", fate=Fate.REFUSED))
            elif not any(_cell(value) is not None for row in rows for value in row):
                parts.append(FilePart(what="empty sheets", fate=Fate.REMOVED))
            else:
                sheets[name] = _sheet(name, rows)
                parts.append(FilePart(what="rows of sheets", fate=Fate.JUDGED, count=len(sheets[name].cells)))
        return sheets, together(parts)

    @cached_property
    def layers(self) -> tuple[LayerSchema, ...]:
        """A layer for each sheet that has cells.

        Raises: UnreadableError.
        """
        found = []
        for sheet in self._opened[0].values():
            survey, cells = Survey(), _reader(sheet)
            for row in sheet.rows(cells):
                survey.add(row)
            found.append(survey.layer(sheet.name, _crs(sheet, cells)))
        return tuple(found)

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        return self._opened[1]

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows of a sheet.

        Raises: UnreadableError.
        """
        sheet = self._opened[0][layer.name]
        yield from batches_of(sheet.rows(_reader(sheet)), layer, crs)


def _raw_sheets(path: Path) -> Iterator[tuple[str, bool, list[list[Any]] | None]]:
    """Yield the name of each sheet, whether it is shown, and its cells; none for a chart or a macro."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with path.open("rb") as file:
        book = CalamineWorkbook.from_filelike(file)
        for about in book.sheets_metadata:
            table = about.typ == SheetTypeEnum.WorkSheet
            rows = book.get_sheet_by_name(about.name).to_python(skip_empty_area=False) if table else None
            yield about.name, about.visible == SheetVisibleEnum.Visible, rows


def _sheet(name: str, rows: list[list[Any]]) -> _Sheet:
    """Take the first row as names, and leave out columns without a name and without a value.

    Raises: UnreadableError.
    """
    width = max(map(len, rows))
    whole = [[*row, *[""] * (width - len(row))] for row in rows]
    kept = [i for i in range(width) if any(_cell(row[i]) is not None for row in whole)]
    header = [whole[0][i] for i in kept]
    if not all(isinstance(each, str) and each for each in header):
        raise _bad(
            "has a sheet whose first row is not the names of its columns",
            "put the names of the columns into the first row, and nothing above or beside the table",
            layer=name,
        )
    if len({each.casefold() for each in header}) < len(header):
        raise _bad("has a sheet with two columns of the same name", "give each column a name of its own", layer=name)
    try:
        positions = find_positions(header)
    except UnreadableError as error:
        raise UnreadableError(error.summary.replace("the CSV", "the sheet"), remedy=error.remedy, layer=name) from None
    cells = [[row[i] for i in kept] for row in whole[1:]]
    return _Sheet(name, tuple(header), positions, cells)


def _reader(sheet: _Sheet) -> Numbers | Texts:
    columns = sheet.positions.columns
    return Texts(columns[0]) if sheet.positions.is_wkt else Numbers(columns)


def _crs(sheet: _Sheet, cells: Numbers | Texts) -> pyproj.CRS | None:
    import pyproj

    if sheet.positions.geographic:
        return pyproj.CRS.from_user_input("OGC:CRS84")
    if isinstance(cells, Texts) and cells.srid:
        try:
            return pyproj.CRS.from_epsg(cells.srid)
        except pyproj.exceptions.CRSError:
            raise _bad("names an SRID that is no EPSG code", "write SRID=<EPSG code>; before the WKT") from None
    return None
