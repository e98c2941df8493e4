"""Cells of positions to WKB: strict decimal numbers, or WKT with or without an SRID."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.libraries.strict import strictly
from geogate.measures.source import UnreadableError
from geogate.readers.points import points_to_wkb

_DECIMAL = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WKT = r"^[A-Za-z ]+(EMPTY|\([A-Za-z0-9+\-.,() ]*\))$"
_ODD_NUMBER = r"(?i)nan|inf|0x"
"""What GEOS would take for a number: not finite, or hexadecimal."""

_SRID = re.compile(r"SRID=([0-9]{1,6});")


def _refused(count: int, first: int, why: str, remedy: str) -> UnreadableError:
    rows = "row" if count == 1 else "rows"
    return UnreadableError(f"{count} {rows} of the CSV {why}, the first is row {first}", remedy=remedy)


def _require(good: pa.Array, first_row: int, why: str, remedy: str) -> None:
    """Raise with counts and row numbers, never with a cell."""
    bad = np.flatnonzero(~good.to_numpy(zero_copy_only=False))
    if len(bad):
        raise _refused(len(bad), first_row + int(bad[0]), why, remedy)


class Numbers:
    """Two columns of decimal numbers; a row is without a geometry only where both cells are empty."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns

    def to_wkb(self, batch: pa.RecordBatch, first_row: int) -> pa.Array:
        """Make points.

        Raises: UnreadableError for a cell that is no decimal number.
        """
        remedy = "write decimal numbers with a point, without spaces, units or thousands separators"
        cells = [batch.column(name) for name in self.columns]
        empty = [pc.equal(cell, "") for cell in cells]
        missing = pc.and_(*empty)
        _require(pc.equal(*empty), first_row, "have half a position", "fill both cells of a position, or neither")
        values = []
        for cell in cells:
            decimal = pc.match_substring_regex(cell, _DECIMAL)
            _require(pc.or_(decimal, missing), first_row, "have a position that is no decimal number", remedy)
            number = pc.cast(pc.if_else(missing, "0", cell), pa.float64())
            _require(pc.is_finite(number), first_row, "have a position that is too large", remedy)
            values.append(number.to_numpy(zero_copy_only=False))
        valid = ~missing.to_numpy(zero_copy_only=False)
        return points_to_wkb(np.column_stack(values)[valid], valid)


class Texts:
    """One column of WKT; either every geometry names the same SRID or none does."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.srid: int | None = None
        """The SRID of the geometries so far: 0 where they name none, ``None`` where there was no geometry yet."""

    def to_wkb(self, batch: pa.RecordBatch, first_row: int) -> pa.Array:
        """Parse geometries.

        Raises: UnreadableError for text that is not WKT, or another SRID than before.
        """
        import shapely

        cells = batch.column(self.column)
        missing = pc.equal(cells, "")
        plain = self._without_srid(cells, missing, first_row)
        good = pc.and_(pc.match_substring_regex(plain, _WKT), pc.invert(pc.match_substring_regex(plain, _ODD_NUMBER)))
        remedy = "write WKT with decimal numbers, such as POINT (7.5 47.25)"
        _require(pc.or_(good, missing), first_row, "have a geometry that is not WKT", remedy)
        texts = plain.to_numpy(zero_copy_only=False)
        texts[missing.to_numpy(zero_copy_only=False)] = None
        with strictly("read to its end"):
            geometries = shapely.from_wkt(texts)
            return pa.array(shapely.to_wkb(geometries, flavor="iso", byte_order=1), pa.binary())

    def _without_srid(self, cells: pa.Array, missing: pa.Array, first_row: int) -> pa.Array:
        present = cells.filter(pc.invert(missing))
        if not len(present):
            return cells
        if self.srid is None:
            found = _SRID.match(present[0].as_py())
            self.srid = int(found.group(1)) if found else 0
        if not self.srid:
            # A later SRID is no WKT and is refused as such.
            return cells
        prefix = f"SRID={self.srid};"
        same = pc.or_(pc.starts_with(cells, prefix), missing)
        _require(same, first_row, "name another SRID than the first", "give each reference system a file of its own")
        return pc.utf8_slice_codeunits(cells, len(prefix))
