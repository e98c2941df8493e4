"""The rows of a canonical file are as many as the file that they come from claims, whatever its reader gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import FilePart, Format
from geogate.seal.geoparquet import _schema
from geogate.seal.rows import canonical_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

WGS84 = pyproj.CRS.from_user_input("OGC:CRS84")


@dataclass(frozen=True)
class Given:
    """A source that gives some rows and claims others."""

    rows: int
    claimed: int | None
    path: Path = Path("places.parquet")
    format: Format = Format.GEOPARQUET

    @property
    def contents(self) -> tuple[FilePart, ...]:
        return ()

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        layer = LayerSchema(
            name="places",
            crs=WGS84,
            geometry_column="geometry",
            geometry_type="Point",
            attributes=pa.schema([]),
            rows=self.claimed,
        )
        return (layer,)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        assert layer.name == "places"
        wkb = pa.array([shapely.Point(8, 50).wkb], pa.binary())
        for row in range(self.rows):
            attributes = pa.record_batch([wkb], names=["x"]).select([])
            yield LayerBatch(wkb=wkb, attributes=attributes, crs=crs, first_row=row)


def rows_of(source: Given) -> int:
    (layer,) = source.layers
    return sum(len(wkb) for wkb, _ in canonical_rows(source, layer, WGS84))


@pytest.mark.parametrize("claimed", [3, None])
def test_as_many_rows_as_claimed_are_written(claimed: int | None) -> None:
    assert rows_of(Given(3, claimed)) == 3


@pytest.mark.parametrize("claimed", [2, 4])
def test_fewer_or_more_rows_than_claimed_make_no_artefact(claimed: int) -> None:
    with pytest.raises(UnreadableError, match=f"3 rows were read where the file claims {claimed}"):
        rows_of(Given(3, claimed))


def test_notes_in_the_schema_of_a_reader_do_not_leave() -> None:
    noted = pa.schema([pa.field("a", pa.string(), metadata={"note": "8.123456 50.654321"})], metadata={"more": "notes"})
    (layer,) = Given(1, 1).layers
    schema = _schema(replace(layer, attributes=noted))
    assert [(field.name, field.metadata) for field in schema] == [("a", None), ("geometry", None)]
    assert schema.metadata is None
