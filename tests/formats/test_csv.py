from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import shapely
from formats.datasets import content, rows_of, sealed
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures.source import UnreadableError
from geogate.readers import open_dataset
from geogate.readers.csv_positions import find_positions

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, text: str, encoding: str = "utf-8") -> tuple[Path]:
    file = folder / "data.csv"
    file.write_bytes(text.encode(encoding))
    return (file,)


@pytest.mark.parametrize("header", ["lon,lat", "LNG,Latitude", "long,lat", "Longitude,LAT", "lat,name,lon"])
def test_names_of_longitude_and_latitude_state_wgs_84(header: str, tmp_path: Path) -> None:
    cells = ",".join("7.5" if "lo" in n.lower() or "lng" in n.lower() else "47.25" for n in header.split(","))
    (source,) = open_dataset(written(tmp_path, f"{header}\n{cells}\n"))
    assert source.layers[0].crs == "OGC:CRS84"
    (point,) = shapely.from_wkb(content(source)[0])
    assert (point.x, point.y) == (7.5, 47.25)


@pytest.mark.parametrize("header", ["x,y", "Y,X", "easting,northing", "id,wkt", "the_geom,id"])
def test_other_positions_have_no_crs(header: str, tmp_path: Path) -> None:
    cells = ",".join("POINT (1 2)" if n in {"wkt", "the_geom"} else "1" for n in header.split(","))
    (source,) = open_dataset(written(tmp_path, f"{header}\n{cells}\n"))
    assert source.layers[0].crs is None
    assert source.layers[0].rows is None


@pytest.mark.parametrize(
    "header",
    [
        ("lon", "lat", "x", "y"),
        ("lon", "lat", "wkt"),
        ("lon", "lat", "longitude", "latitude"),
        ("lon", "lat", "lat "),
        ("lon", "lat", "y"),
        ("wkt", "geometry"),
        ("WKT", "wkt"),
        ("lon", "name"),
        ("x", "northing"),
        ("name",),
        (),
    ],
)
def test_a_header_that_fits_no_reading_or_two_is_refused(header: tuple[str, ...]) -> None:
    if "lat " in header:
        assert find_positions(header).columns == ("lon", "lat")
        return
    with pytest.raises(UnreadableError, match=r"no columns of positions|more than one way"):
        find_positions(header)


@pytest.mark.parametrize(
    "cell",
    [
        "nan", "NaN", "inf", "\u0667", "\u4e03", "-Infinity", "0x10", "1,5", "1 000", "1'000.5",
        " 7.5", "7.5 ", "7.5°", "7.5E", "1e", "--1",
        "1e999", "1_000", "+", ".", "null", "None", "-",
    ],
)  # fmt: skip
def test_a_position_that_is_no_plain_decimal_number_is_refused(cell: str, tmp_path: Path) -> None:
    files = written(tmp_path, f'lon,lat\n1,2\n"{cell}",47\n')
    with pytest.raises(UnreadableError, match="row 1") as caught:
        rows_of(files)
    assert cell not in caught.value.summary.split("row")[0] or len(cell) == 1


@pytest.mark.parametrize("cell", ["7", "-7.", "+.5", "1e2", "1.5E-3", "0007.50", "-0"])
def test_decimal_numbers_are_read_as_they_are(cell: str, tmp_path: Path) -> None:
    (source,) = open_dataset(written(tmp_path, f"lon,lat\n{cell},1\n"))
    (point,) = shapely.from_wkb(content(source)[0])
    assert point.x == float(cell)


def test_a_row_is_without_a_geometry_only_where_both_cells_are_empty(tmp_path: Path) -> None:
    (source,) = open_dataset(written(tmp_path, "lon,lat,n\n,,a\n1,2,b\n"))
    assert [value is None for value in content(source)[0]] == [True, False]
    with pytest.raises(UnreadableError, match="half a position"):
        rows_of(written(tmp_path, "lon,lat,n\n1,,a\n"))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_three_delimiters_are_known_and_commas_leave(mark: str, tmp_path: Path) -> None:
    files = written(tmp_path, f'name{mark}lon{mark}lat\n"a{mark} b"{mark}1.50{mark}2\n')
    (out,) = sealed(files, tmp_path / "out")
    assert out.read_text() == f'"name","lon","lat"\n"a{mark} b",1.5,2\n'
    assert content(open_dataset((out,))[0]) == content(open_dataset(files)[0])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("lon^lat\n1^2\n", "utf-8"),
        ("lon;lat,x\n1;2\n", "utf-8"),
        ("lon,lat\n1,2\n3\n", "utf-8"),
        ("lon,lat\n1,2\n3,4,5\n", "utf-8"),
        ("lon,lat,name\n1,2,Zürich\n", "latin-1"),
        ("lon,lat,Zürich\n1,2,x\n", "latin-1"),
        ("lon,lat\n1,2\n", "utf-16"),
        ("lon,lat,name\n1,2,a\0b\n", "utf-8"),
        ('lon,lat,name\n1,2,"open\n', "utf-8"),
        ('lon,lat,"na\nme"\n1,2,3\n', "utf-8"),
        ("lon,lat,name,name\n1,2,3,4\n", "utf-8"),
        ("lon,lat,Name,name\n1,2,3,4\n", "utf-8"),
        ("lon,lat,\n1,2,3\n", "utf-8"),
        ("lon,lat\n1,2", "utf-8"),
        ("1,2\n3,4\n", "utf-8"),
    ],
)
def test_what_is_not_strictly_csv_is_refused(text: str, encoding: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        rows_of(written(tmp_path, text, encoding))


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (source,) = open_dataset(written(tmp_path, "\ufefflon,lat,n\r\n1,2,a\r\n"))
    assert content(source)[1] == {"n": ["a"]}


def test_attributes_stay_text_as_they_stood(tmp_path: Path) -> None:
    files = written(tmp_path, 'id,lon,lat,v\n007,1,2,1.10\nNA,3,4,\nTrue,5,6," x"\n')
    (out,) = sealed(files, tmp_path / "out")
    for file in (*files, out):
        assert content(open_dataset((file,))[0])[1] == {"id": ["007", "NA", "True"], "v": ["1.10", "", " x"]}


def test_text_with_line_breaks_and_quotes_survives(tmp_path: Path) -> None:
    files = written(tmp_path, 'lon,lat,n\n1,2,"a\n""b"", c"\n')
    (out,) = sealed(files, tmp_path / "out")
    assert content(open_dataset((out,))[0])[1] == {"n": ['a\n"b", c']}


@pytest.mark.parametrize(
    "cell",
    [
        "POINT (1 2", "POINT (1 2) x", "POINT (nan 2)", "POINT (0x10 2)", "POINT (inf 2)", "POINT (1,5 2)", "01010000",
        "SRID=4326;POINT (1 2)", '{"type":"Point"}', "CIRCULARSTRING (0 0, 1 1, 2 0)x", "POLYGON ((0 0, 1 1))",
    ],
)  # fmt: skip
def test_text_that_is_not_wkt_is_refused(cell: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        rows_of(written(tmp_path, f'wkt,n\nPOINT (0 0),1\n"{cell}",1\n'))


def test_wkt_with_one_srid_states_the_crs_and_keeps_it(tmp_path: Path) -> None:
    files = written(tmp_path, "geom,n\n,0\nSRID=2056;POINT (2600000.1 1200000.3),1\nSRID=2056;POINT EMPTY,2\n")
    (out,) = sealed(files, tmp_path / "out")
    for file in (*files, out):
        (source,) = open_dataset((file,))
        assert source.layers[0].crs == "EPSG:2056"
    assert content(open_dataset((out,))[0]) == content(open_dataset(files)[0])


@pytest.mark.parametrize("second", ["SRID=4326;POINT (1 2)", "POINT (1 2)"])
def test_wkt_with_another_srid_is_refused(second: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="name another SRID than the first"):
        rows_of(written(tmp_path, f"wkt,n\nSRID=2056;POINT (1 2),1\n{second},1\n"))


def test_an_srid_that_is_no_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no EPSG code"):
        rows_of(written(tmp_path, "wkt,n\nSRID=999999;POINT (1 2),1\n"))


def test_wkt_leaves_with_the_digits_that_give_back_every_double(tmp_path: Path) -> None:
    files = written(tmp_path, 'wkt,n\n"LINESTRING Z (0.1 0.30000000000000004 5e-324, 1e300 -7 1.5)",1\n')
    (out,) = sealed(files, tmp_path / "out")
    assert content(open_dataset((out,))[0]) == content(open_dataset(files)[0])


@settings(max_examples=30, deadline=None)
@given(ordinates=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=20))
def test_any_line_survives_as_wkt(ordinates: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("wkt")
    # GEOS writes no negative zero.
    line = ",".join(f"{x + 0.0!r} {y + 0.0!r}" for x, y in zip(ordinates[::2], ordinates[1::2], strict=False))
    files = written(folder, f'wkt,n\n"LINESTRING ({line})",1\n')
    (out,) = sealed(files, folder / "out")
    assert content(open_dataset((out,))[0]) == content(open_dataset(files)[0])


def test_messages_hold_no_cell(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as caught:
        rows_of(written(tmp_path, "lon,lat\n7.123456x,47\n"))
    assert "7.123456" not in f"{caught.value.summary} {caught.value.remedy} {caught.value.__cause__}"
