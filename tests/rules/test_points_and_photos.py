"""The rules about point clouds and photos where nothing, or only half of it, was measured."""

from __future__ import annotations

import pyarrow as pa
import pyproj
import pytest
import shapely
from judging import CIRCUMSTANCES

from geogate.measures.batch import LayerBatch
from geogate.measures.measure import MeasureId
from geogate.measures.photo import COLUMNS, PhotoMetadata, PhotoTells, Telling
from geogate.measures.point_cloud_density import CELL_M, Density
from geogate.rules.photo_metadata import AllowedPhotoMetadata, PhotoMetadataParams
from geogate.rules.point_density import LimitedPointDensity, PointDensityParams

ID = MeasureId("what was measured")
PARAMS = PointDensityParams(points_per_m2=1.0, operator="<=")
AT_THE_LIMIT = int(CELL_M**2)


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        (Density(points=AT_THE_LIMIT, densest=AT_THE_LIMIT), 0),
        (Density(points=AT_THE_LIMIT + 1, densest=AT_THE_LIMIT + 1), 1),
        (Density(points=10, densest=1, elsewhere=1), 1),
        (Density(), 1),
    ],
    ids=["at the limit", "above it", "a point without a place", "no points"],
)
def test_only_points_with_a_place_and_not_too_dense_satisfy(found: Density, problems: int) -> None:
    assert len(LimitedPointDensity().judge(PARAMS, {ID: found}, CIRCUMSTANCES).problems) == problems


@pytest.mark.parametrize("telling", Telling)
def test_a_photo_may_tell_what_is_allowed_and_nothing_else(telling: Telling) -> None:
    found = PhotoTells(rows=1, counts=tuple(int(each is telling) for each in Telling))
    others = tuple(each for each in Telling if each is not telling)
    rule = AllowedPhotoMetadata()
    assert not rule.judge(PhotoMetadataParams(allowed=(telling,)), {ID: found}, CIRCUMSTANCES).problems
    (problem,) = rule.judge(PhotoMetadataParams(allowed=others), {ID: found}, CIRCUMSTANCES).problems
    assert problem.counts[0].what == telling.value


TELLS = {
    "place_source": Telling.PLACES,
    "direction_deg": Telling.PLACES,
    "areas": Telling.PLACES,
    "taken_at": Telling.TIMES,
    "camera_make": Telling.DEVICES,
    "camera_model": Telling.DEVICES,
    "camera_serial": Telling.DEVICES,
    "lens_serial": Telling.DEVICES,
    "owner": Telling.PERSONS,
    "text": Telling.TEXTS,
    "": Telling.PLACES,
}


@pytest.mark.parametrize("column", TELLS)
def test_each_column_of_a_photo_tells_something_and_so_does_a_position_by_itself(column: str) -> None:
    values = {"format": "JPEG", "width": 1, "height": 1, column: 1.0 if column == "direction_deg" else "x"}
    arrays = [pa.array([values.get(field.name)], field.type) for field in COLUMNS]
    wkb = pa.array([None if column else shapely.to_wkb(shapely.Point(8, 47))], pa.binary())
    attributes = pa.record_batch(arrays, schema=COLUMNS)
    found = PhotoMetadata().of(LayerBatch(wkb=wkb, attributes=attributes, crs=pyproj.CRS.from_epsg(4326), first_row=0))
    assert [each for each, count in zip(Telling, found.counts, strict=True) if count] == [TELLS[column]]


def test_a_layer_of_photos_without_a_photo_is_a_problem() -> None:
    judged = AllowedPhotoMetadata().judge(
        PhotoMetadataParams(allowed=tuple(Telling)), {ID: PhotoTells()}, CIRCUMSTANCES
    )
    assert len(judged.problems) == 1
