# ruff: noqa: E501, RUF001 - tables as people print them
"""Tables of corners: every spelling that gazettes use is read exactly, and every typo is refused by line and cell."""

from __future__ import annotations

import pytest
import shapely

from geogate.readers.zone_files.corners import read
from geogate.readers.zone_files.raw import UnreadableZonesError

BOX = shapely.box(-77.05, 38.85, -77.0, 38.9)
IN_ONE_CELL = {
    "as the CFR prints them": """name,corners
A,"38°54'00.0"" N, 77°03'00.0"" W; 38°54'00.0"" N, 77°00'00.0"" W; 38°51'00.0"" N, 77°00'00.0"" W; 38°51'00.0"" N, 77°03'00.0"" W"
""",
    "as the Journal officiel prints them": "nom;coordinates\nA;38° 54' 00'' N - 077° 03' 00'' W, "
    "38° 54' 00'' N - 077° 00' 00'' W, 38° 51' 00'' N - 077° 00' 00'' W, 38° 51' 00'' N - 077° 03' 00'' W\n",
    "letters first": "name,corners\nA,N38 54 00 W77 03 00 N38 54 00 W77 00 00 N38 51 00 W77 00 00 N38 51 00 W77 03 00\n",
    "typographic marks": "name\tcorners\nA\t38º54′N 77º03′W | 38˚54’N 77°00’W | 38°51.0'N 77°0.0'W | 38°51′00″N 77°03′00″W\n",
    "colons, closed": "name,corners\nA,38:54N 77:03W / 38:54N 77:00W / 38:51N 77:00W / 38:51N 77:03W / 38:54N 77:03W\n",
    "degrees by letter": "name,corners\nA,38.9 N 77.05 W; 38.9 N 77 W; 38.85 North 77 West; 77.05W 38.85N\n",
    "signed, by title": 'name,"corners (lat, lon)"\nA,"38.9, -77.05; 38.9, -77; 38.85, -77; 38.85, -77.05"\n',
}
IN_COLUMNS = {
    "a column a corner": """name,NE,SE,SW,NW
A,"38°54'N, 77°00'W","38°51'N, 77°00'W","38°51'N, 77°03'W","38°54'N, 77°03'W"
""",
    "latitudes and longitudes": """name,NE lat,NE lon,NW lat,NW lon,SE lat,SE lon,SW lat,SW lon
A,38.9,-77,38.9,-77.05,38.85,-77,38.85,-77.05
""",
    "a row a corner": "name,corner,latitude,longitude\nA,1,38-54-00N,077-03-00W\nA,2,38 54 N,77 00 W\n"
    "A,3,38.85,-77\nA,4,38.85,-77.05\n",
    "hemispheres in titles": "name,Latitude (N),Longitude (W)\nA,38.9,77.05\nA,38.9,77\nA,38 51 00,77\nA,38.85,77.05\n",
}
TABLES = IN_ONE_CELL | IN_COLUMNS


@pytest.mark.parametrize("spelling", TABLES)
def test_every_spelling_gives_the_same_box(spelling: str) -> None:
    (zone,) = read(TABLES[spelling])
    assert zone.geometry is not None
    assert zone.geometry.symmetric_difference(BOX).area < 1e-9
    assert next(iter(zone.attributes.values())) == "A"


def test_rows_of_single_positions_are_points() -> None:
    found = read("name,lat,lon\nA,1.5,2\nB,-3,4\n")
    assert [zone.geometry for zone in found] == [shapely.Point(2, 1.5), shapely.Point(4, -3)]


def test_a_title_that_only_contains_the_letters_is_no_latitude() -> None:
    (zone,) = read("name,population,along,lat,lon\nA,12,x,1,2\n")
    assert zone.attributes == {"name": "A", "population": "12", "along": "x"}


FAULTS = {
    "minutes": ("name,corners\nA,38°60'N 77°03'W\n", "line 2, cell 2", "minutes or seconds from 60 on"),
    "seconds": ("name,lat,lon\nA,38 51 60 N,77 W\n", "line 2, cell 2", "minutes or seconds from 60 on"),
    "three digits of minutes": ("name,lat,lon\nA,38 511 N,77 W\n", "line 2, cell 2", "beyond 90 degrees"),
    "latitude": ("name,lat,lon\nA,90.5,77\n", "line 2, cell 2", "beyond 90 degrees"),
    "longitude": ("name,lat,lon\nA,9,180.5\n", "line 2, cell 3", "beyond 180 degrees"),
    "swapped letters": ("name,lat,lon\nA,77 03 W,38 51 N\n", "line 2, cell 2", "that of a longitude"),
    "not a number": ("name,lat,lon\nA,nan,77\n", "line 2, cell 2", "it is no angle"),
    "no hemisphere": ("name,lat,lon\nA,38°51',77 W\n", "line 2, cell 2", "has no hemisphere"),
    "sign and letter": ("name,lat,lon\nA,-38.5 S,77\n", "line 2, cell 2", "both a sign and a hemisphere"),
    "east or west": ("name,lat,lon\nA,38.5,7°30' O\n", "line 2, cell 3", "write E or W"),
    "unsaid order": ('name,corners\nA,"38.9, -77.0"\n', "line 2, cell 2", "which number is the latitude"),
    "half a position": ('name,corners\nA,"38.9 N, 77 W; 38.8 N"\n', "line 2, cell 2", "without a longitude"),
    "two corners": ("name,lat,lon\nA,1,2\nA,1,3\n", "line 2, cell 2", "2 different corners"),
    "a corner lost": ("name,lat,lon\nA,1,2\nA,1,3\nA,2,3\nB,5,5\n", "line 5, cell 2", "1 different corners"),
    "a corner twice": ("name,lat,lon\nA,1,2\nA,1,2\nA,2,3\nA,2,2\n", "line 3, cell 2", "the one before it"),
    "wrong letter": (
        "name,lat,lon\nA,38.9 N,77.05 W\nA,38.9 N,77 E\nA,38.85 N,77 W\nA,38.85 N,77.05 W\n",
        "line 3, cell 2",
        "look at its E or W",
    ),
    "wrong sign": ("name,lat,lon\nA,38.9,8\nA,-38.9,9\nA,38.8,9\nA,38.8,8\n", "line 3, cell 2", "look at its N or S"),
    "corners misnamed": (
        "name,NE,SE,SW,NW\nA,38.85 N 77 W,38.9 N 77 W,38.9 N 77.05 W,38.85 N 77.05 W\n",
        "line 2, cell 2",
        "do not lie where their titles say",
    ),
    "torn apart": ("name,lat,lon\nA,1,2\nB,2,2\nA,3,3\n", "line 4, cell 1", "do not stand together"),
    "no name": ("name,lat,lon\n,1,2\n", "line 2, cell 1", "has no name"),
    "a cell too many": ("name,lat,lon\nA,1,2,3\n", "line 2", "4 cells"),
    "an open quote": ('name,lat,lon\nA,"1,2\n', "line 2", "it is no CSV|the line is no CSV"),
    "a title twice": ("name,name,lat,lon\nA,B,1,2\n", "line 1", "a title is empty or stands twice"),
    "no corners": ("name,where\nA,here\n", "line 1", "no title names corners"),
    "half a pair": ("name,lat\nA,1\n", "line 1", "do not stand side by side"),
    "mixed": ("name,lat,lon,corners\nA,1,2,3 N 4 E\n", "line 2, cell 4", "does not name corners"),
    "a gap": ("name,c1 corner,c2 corner,c3 corner\nA,1 N 2 E,,2 N 3 E\n", "line 2, cell 3", "is empty"),
    "half empty": ("name,lat,lon\nA,1,\n", "line 2, cell 3", "is empty"),
    "hidden position": ("name,note,lat,lon\nA,38°54'N 77°00'W,1,2\n", "line 2, cell 2", "does not name corners"),
    "empty": ("name,corners\nA,\n", "line 2", "has no corner"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_typo_is_refused_by_line_and_cell(fault: str) -> None:
    text, place, reason = FAULTS[fault]
    with pytest.raises(UnreadableZonesError, match=reason) as caught:
        read(text)
    assert caught.value.place == place
    assert "38" not in caught.value.reason


@pytest.mark.parametrize("cell", [
    "38.9N 77.0W; 38.9N 76.5W; ; 38.5N 77.0W", "38.9N 77.0W;; 38.9N 76.5W; 38.5N 77.0W", "; 38.9N 77W; 38.9N 76W; 38N 77W"
])  # fmt: skip
def test_a_corner_that_is_empty_is_not_skipped(cell: str) -> None:
    with pytest.raises(UnreadableZonesError, match="a corner is empty"):
        read(f'name,corners\nA,"{cell}"\n')
