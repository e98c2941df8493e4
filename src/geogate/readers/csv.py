"""CSV as text: attributes stay as they stood, positions are strict decimal numbers or WKT, nothing is guessed."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from geogate.libraries.strict import strictly
from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Fate, FilePart, Format
from geogate.readers.columns import require_distinct
from geogate.readers.csv_cells import Numbers, Texts
from geogate.readers.csv_positions import Positions, find_positions
from geogate.readers.csv_spelling import Form, odd_spelling

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj

DELIMITERS = (",", ";", "\t", "|")
BLOCK_BYTES = 4 << 20
LONGEST_HEADER = 1 << 20
_BOM = b"\xef\xbb\xbf"


def _bad(why: str, remedy: str) -> UnreadableError:
    return UnreadableError(f"the CSV {why}", remedy=remedy)


def _require_whole(file: IO[bytes]) -> None:
    """Refuse what may have been cut: a last row without its line break, or a quotation that is still open."""
    file.seek(-1, 2)
    if file.read(1) != b"\n":
        raise _bad("does not end with a line break, so its last row may be cut", "end each row with a line break")
    file.seek(0)
    quotes = 0
    while chunk := file.read(BLOCK_BYTES):
        quotes += chunk.count(b'"')
    if quotes % 2:
        raise _bad("has a quotation mark that is not closed", "double quotation marks within quoted text (RFC 4180)")


def _names(header: str, mark: str) -> tuple[str, ...]:
    """Split a header by a delimiter; nothing where it does not fit."""
    try:
        return tuple(next(csv.reader([header], delimiter=mark, strict=True), ()))
    except csv.Error:
        return ()


@dataclass(frozen=True)
class CsvSource:
    """One CSV file, which is one layer named after the file."""

    path: Path
    format: Format = Format.CSV

    @cached_property
    def _header(self) -> tuple[str, tuple[str, ...]]:
        """The delimiter and the names of the columns."""
        with self.path.open("rb") as file:
            line = file.readline(LONGEST_HEADER).removeprefix(_BOM)
            _require_whole(file)
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise _bad("is not UTF-8", "write UTF-8") from None
        rows = {mark: _names(text, mark) for mark in DELIMITERS}
        several = [mark for mark, names in rows.items() if len(names) > 1]
        if len(several) > 1:
            raise _bad("has a header with more than one delimiter", "use commas only, and no commas in names")
        mark = several[0] if several else DELIMITERS[0]
        if not rows[mark]:
            raise _bad("has a header that is not one line of names", "write short names without line breaks")
        return mark, rows[mark]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, those of the positions included, in the file's order."""
        return self._header[1]

    @cached_property
    def positions(self) -> Positions:
        """Where the positions are.

        Raises: UnreadableError.
        """
        return find_positions(self.columns)

    @property
    def position_columns(self) -> tuple[str, ...]:
        """The columns of the positions: x and y, or one of WKT."""
        return self.positions.columns

    def _reader(self) -> pa.csv.CSVStreamingReader:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        mark, names = self._header
        return arrow_csv.open_csv(
            self.path,
            read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=mark, newlines_in_values=True, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )

    def _cells(self) -> Numbers | Texts:
        return Texts(self.positions.columns[0]) if self.positions.is_wkt else Numbers(self.positions.columns)

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        odd = sorted(self._odd.items())
        return (
            FilePart(what="layers", fate=Fate.JUDGED, count=len(self.layers)),
            *(FilePart(what=what, fate=Fate.REMOVED, count=count) for what, count in odd),
        )

    @cached_property
    def _odd(self) -> Counter[str]:
        """Count what the file has besides its cells in a plain spelling."""
        form = Form(delimiter=self._header[0], names=self.columns, positions=self.positions, srid=self.srid)
        with self.path.open("rb") as file:
            return odd_spelling(file, form, self._text_batches(""))

    @cached_property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The file's one layer; it makes no claim about its rows.

        Raises: UnreadableError.
        """
        import pyarrow as pa
        import pyproj

        require_distinct(pa.schema([pa.field(name, pa.string()) for name in self.columns]))
        crs = pyproj.CRS.from_user_input("OGC:CRS84") if self.positions.geographic else self._stated_crs()
        others = [name for name in self.columns if name not in self.positions.columns]
        layer = LayerSchema(
            name=self.path.stem,
            crs=crs,
            geometry_column=self.positions.columns[0] if self.positions.is_wkt else "geometry",
            geometry_type="Unknown" if self.positions.is_wkt else "Point",
            attributes=pa.schema([pa.field(name, pa.string()) for name in others]),
            rows=None,
        )
        return (layer,)

    @cached_property
    def srid(self) -> int:
        """The SRID that the first geometry names as EWKT, and every other one must; 0 where it names none.

        Raises: UnreadableError.
        """
        if not self.positions.is_wkt:
            return 0
        cells = Texts(self.positions.columns[0])
        for batch in self._text_batches(""):
            cells.to_wkb(batch, 0)
            if cells.srid is not None:
                return cells.srid
        return 0

    def _stated_crs(self) -> pyproj.CRS | None:
        import pyproj

        if not self.srid:
            return None
        try:
            return pyproj.CRS.from_epsg(self.srid)
        except pyproj.exceptions.CRSError:
            raise _bad("names an SRID that is no EPSG code", "write SRID=<EPSG code>; before the WKT") from None

    def _text_batches(self, layer: str) -> Iterator[pa.RecordBatch]:
        with strictly("opened as CSV", layer=layer):
            reader = self._reader()
        with reader:
            if tuple(reader.schema.names) != self.columns:
                raise _bad("has a header that is not one line of UTF-8 text", "write short names without line breaks")
            while True:
                with strictly("read to its end", layer=layer):
                    batch = next(reader, None)
                if batch is None:
                    return
                yield batch

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows.

        Raises: UnreadableError for a ragged row, a position that is no number, or text that is not WKT.
        """
        first, cells = 0, self._cells()
        for batch in self._text_batches(layer.name):
            wkb = cells.to_wkb(batch, first)
            yield LayerBatch(wkb=wkb, attributes=_select(batch, layer), crs=crs, first_row=first)
            first += batch.num_rows


def _select(batch: pa.RecordBatch, layer: LayerSchema) -> Any:
    return batch.select(layer.attributes.names)
