"""OpenAir: lines in the style of real files; where the collection of real ones is at hand, all of them are read too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from property.zone_reference import GEOD

from geogate.model.errors import PolicyError
from geogate.readers.zone_files.openair import read
from geogate.readers.zone_files.raw import UnreadableZonesError
from geogate.zones.normalise import normalise

HEAD = "AC R\nAN Test\nAL GND\nAH FL95\n"
SQUARE = "DP 50:00:00 N 010:00:00 E\nDP 50:00:00 N 011:00:00 E\nDP 51:00:00 N 011:00:00 E\nDP 50:00:00 N 010:00:00 E\n"
COLLECTION = Path(__file__).parents[3] / "shared" / "data" / "zones" / "openair"


def area(text: str) -> shapely.Polygon:
    (zone,) = read(text)
    geometry = normalise(zone.geometry, zone=zone.place, short_edges=zone.short_edges)
    assert isinstance(geometry, shapely.Polygon)
    return geometry


def test_positions_are_degrees_minutes_and_seconds_or_decimal_minutes() -> None:
    written = HEAD + SQUARE.replace("50:00:00 N", "50:30.500 N").replace("010:00:00 E", "010:00:36.5 W")
    lonlat = shapely.get_coordinates(area(written))
    assert lonlat[0] == pytest.approx([-(36.5 / 3600 + 10), 50 + 30.5 / 60])


def test_south_and_west_are_negative() -> None:
    south_west = area(HEAD + SQUARE.replace("N", "S").replace("E", "W"))
    assert south_west.bounds == (-11, -51, -10, -50)


def test_comments_blank_lines_and_what_is_only_drawn_are_left_out() -> None:
    text = f"* title\n\n{HEAD}SP 0,3,255\nSB 1,2,3\nAT 50:00:00 N 010:00:00 E\nV Z=100\n"
    noted = text + SQUARE.replace("010:00:00 E", "010:00:00 E * corner")
    assert area(noted).equals(area(HEAD + SQUARE))


def test_fields_are_the_attributes() -> None:
    (zone,) = read(
        "AC CTR\nAY TMA\nAI 123-abc\nAN Some name *secret\nAF 123.505\nAG Tower\nAX 7000\n" + HEAD[13:] + SQUARE
    )
    assert zone.place == "airspace from line 1"
    assert zone.attributes["AC"] == "CTR"
    assert zone.attributes["AI"] == "123-abc"
    assert zone.attributes["AN"] == "Some name"


def test_a_circle_holds_every_place_within_its_radius_and_hardly_more() -> None:
    circle = area(HEAD + "V X=53:24:25 N 010:25:10 E\nDC 10\n")
    centre, bearing = np.full(720, 10 + 25 / 60 + 10 / 3600), np.arange(720) / 2
    lat = np.full(720, 53 + 24 / 60 + 25 / 3600)
    for radius, inside in ((18_520.0 - 0.001, True), (18_520.0 + 0.2, False)):
        lon_at, lat_at, _ = GEOD.fwd(centre, lat, bearing, np.full(720, radius))
        assert (shapely.intersects_xy(circle, lon_at, lat_at) == inside).all()


def test_the_direction_and_the_centre_hold_until_they_are_set_again_and_no_longer_than_the_airspace() -> None:
    arc = "V X=50:00:00 N 010:00:00 E\nDA 10,90,180\nDP 50:00:00 N 010:00:00 E\nDP 50:00:00 N 010:15:29.9 E\n"
    clockwise, counter = area(HEAD + arc), area(HEAD + "V D=-\n" + arc)
    assert counter.area == pytest.approx(3 * clockwise.area, rel=0.02)
    both = read(HEAD + "V D=-\n" + arc + HEAD + arc)
    assert shapely.area(both[1].geometry) == pytest.approx(clockwise.area)
    with pytest.raises(UnreadableZonesError, match="no centre"):
        read(HEAD + arc + HEAD + "DC 5\n")


def test_an_arc_between_positions_keeps_both_and_lies_on_its_circle() -> None:
    ends = "50:00:00 N 010:15:34 E, 49:50:00 N 010:00:00 E"
    shape = area(
        HEAD + f"V X=50:00:00 N 010:00:00 E\nDB {ends}\nDP 50:00:00 N 010:00:00 E\nDP 50:00:00 N 010:15:34 E\n"
    )
    lonlat = shapely.get_coordinates(shape)
    assert lonlat[0].tolist() == [10 + 15 / 60 + 34 / 3600, 50.0]
    _, _, radius = GEOD.inv(np.full(50, 10.0), np.full(50, 50.0), lonlat[:50, 0], lonlat[:50, 1])
    assert np.abs(np.array(radius) - 18_570).max() < 60


def test_an_arc_of_a_whole_turn_is_a_circle() -> None:
    turn = area(HEAD + "V X=50:00:00 N 010:00:00 E\nDA 10,0,360\n")
    assert turn.area == pytest.approx(area(HEAD + "V X=50:00:00 N 010:00:00 E\nDC 10\n").area, rel=1e-4)


def test_a_zone_across_the_antimeridian_is_cut_there() -> None:
    (zone,) = read(HEAD + "V X=10:00:00 N 179:59:00 E\nDC 10\n")
    assert shapely.get_num_geometries(normalise(zone.geometry, zone="z", short_edges=zone.short_edges)) == 2


CENTRE = "V X=50:00:00 N 010:00:00 E\n"
FAULTS = {
    "before the first class": ("AN Test\n", "line 1", "before the first class"),
    "unknown tag": (HEAD + "DX 1\n", "line 5", "its tag is not known"),
    "lower case": (HEAD + "dp 50:00:00 N 010:00:00 E\n", "line 5", "its tag is not known"),
    "bare tag": (HEAD + "DP\n", "line 5", "says nothing after its tag"),
    "class without a class": ("AC\n", "line 1", "says nothing after its tag"),
    "airway": (HEAD + "V W=2.5\n", "line 5", "the variable is not known"),
    "airway segment": (HEAD + "DY 50:00:00 N 010:00:00 E\n", "line 5", "its tag is not known"),
    "direction": (HEAD + "V D=left\n", "line 5", "the variable is not known"),
    "no equals": (HEAD + "V X 50:00:00 N 010:00:00 E\n", "line 5", "the variable is not known"),
    "cut position": (HEAD + "DP 50:00:00 N 010:00:\n", "line 5", "it has no position"),
    "two positions": (HEAD + "DP 50:00:00 N 010:00:00 E 1\n", "line 5", "it has no position"),
    "swapped": (HEAD + "DP 010:00:00 E 50:00:00 N\n", "line 5", "it has no position"),
    "sixty minutes": (HEAD + "DP 50:60:00 N 010:00:00 E\n", "line 5", "from 60 on"),
    "sixty seconds": (HEAD + "DP 50:00:60 N 010:00:00 E\n", "line 5", "from 60 on"),
    "latitude": (HEAD + "DP 90:00:01 N 010:00:00 E\n", "line 5", "too large"),
    "longitude": (HEAD + "DP 50:00:00 N 180:00:01 E\n", "line 5", "too large"),
    "circle without a centre": (HEAD + "DC 5\n", "line 5", "no centre"),
    "circle of words": (HEAD + CENTRE + "DC five\n", "line 6", "no number from 0 to 5000"),
    "negative circle": (HEAD + CENTRE + "DC -5\n", "line 6", "no number"),
    "NaN circle": (HEAD + CENTRE + "DC nan\n", "line 6", "no number"),
    "huge circle": (HEAD + CENTRE + "DC 5001\n", "line 6", "no number"),
    "circle of nothing": (HEAD + CENTRE + "DC 0\n", "line 6", "no radius"),
    "circle after points": (HEAD + SQUARE + CENTRE + "DC 5\n", "line 10", "does not stand alone"),
    "points after circle": (HEAD + CENTRE + "DC 5\n" + SQUARE, "line 7", "drawn after a circle"),
    "two bearings": (HEAD + CENTRE + "DA 5,10\n", "line 6", "not a radius and two bearings"),
    "bearing": (HEAD + CENTRE + "DA 5,10,361\n", "line 6", "no number from 0 to 360"),
    "arc of nothing": (HEAD + CENTRE + "DA 5,10,10\n", "line 6", "ends where it starts"),
    "arc without radius": (HEAD + CENTRE + "DA 0,10,20\n", "line 6", "no radius"),
    "one position": (HEAD + CENTRE + "DB 50:00:00 N 011:00:00 E\n", "line 6", "not two positions"),
    "uneven arc": (
        HEAD + CENTRE + "DB 50:00:00 N 011:00:00 E, 50:00:00 N 008:00:00 E\n",
        "line 6",
        "not equally far from its centre",
    ),
    "arc to itself": (
        HEAD + CENTRE + "DB 50:00:00 N 011:00:00 E, 50:00:00 N 011:00:00 E\n",
        "line 6",
        "ends where it starts",
    ),
    "second name": (HEAD + "AN Other\n", "line 5", "a second AN"),
    "second lower limit": (HEAD + "AL GND\n", "line 5", "a second AL"),
    "altitude": ("AC R\nAL FL\n", "line 2", "it has no altitude"),
    "frequency": (HEAD + "AF tower\n", "line 5", "no frequency"),
    "transponder": (HEAD + "AX 7891\n", "line 5", "no transponder code"),
    "activation": (HEAD + "AA always\n", "line 5", "no period"),
    "activation without ends": (HEAD + "AA NONE/NONE\n", "line 5", "no period"),
    "activation backwards": (HEAD + "AA 2026-01-02T00:00Z/2026-01-01T00:00Z\n", "line 5", "ends before it starts"),
    "activation and notice": (HEAD + "AA NONE\nAA NONE/2026-01-01T00:00Z\n", "line 6", "by notice"),
    "activation on no day": (HEAD + "AA NONE/2026-02-30T00:00Z\n", "line 5", "not a time in UTC"),
    "no name": (HEAD.replace("AN Test\n", "") + SQUARE, "airspace from line 1", "no name"),
    "no upper limit": (HEAD.replace("AH FL95\n", "") + SQUARE, "airspace from line 1", "no upper limit"),
    "upside down": (HEAD.replace("GND", "FL100") + SQUARE, "airspace from line 1", "above the upper limit"),
    "station alone": (HEAD + "AG Tower\n" + SQUARE, "airspace from line 1", "no frequency"),
    "open": (HEAD + SQUARE.rsplit("DP", 1)[0] + "DP 50:10:00 N 010:00:00 E\n", "airspace from line 1", "not closed"),
    "no boundary": (HEAD, "airspace from line 1", "too few vertices"),
    "two airspaces, one of nothing": (HEAD + SQUARE + HEAD, "airspace from line 9", "too few vertices"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_line_is_refused_by_its_number_and_cause(fault: str) -> None:
    text, place, reason = FAULTS[fault]
    with pytest.raises(UnreadableZonesError, match=reason) as caught:
        read(text)
    assert caught.value.place == place


if COLLECTION.is_dir():
    DRAWN = {path.stem.removesuffix("-result"): path for path in COLLECTION.glob("*-result.json")}
    REFUSED = {
        *("activation-times-invalid", "activation-times-invalid-with-none", "activation-times-invalid-with-none-none"),
        *("airway", "ceiling-definitions-al-greater-ah", "ceiling-definitions-duplicate", "circular-invalid"),
        *("coordinate-minutes-60", "coordinate-seconds-60", "do-not-split-into-multipolygon", "empty-name"),
        *("flight-level-missing-number", "insufficient-coordinates", "invalid-coordinates", "license"),
        *("missing-ah-al", "self-intersecting", "single-airspace-ag-but-missing-af"),
        *("start-end-coordinates-not-equal", "transponder-code-invalid", "without-ac"),
    }

    @pytest.mark.parametrize("path", sorted(COLLECTION.glob("*.txt")), ids=lambda path: path.stem)
    def test_the_real_files_are_read_as_expected_or_refused(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        if path.stem in REFUSED:
            with pytest.raises((UnreadableZonesError, PolicyError)):
                [normalise(zone.geometry, zone=zone.place, short_edges=zone.short_edges) for zone in read(text)]
            return
        areas = [normalise(zone.geometry, zone=zone.place, short_edges=zone.short_edges) for zone in read(text)]
        expected = json.loads(DRAWN[path.stem].read_text(encoding="utf-8"))["features"] if path.stem in DRAWN else []
        for own, feature in zip(areas, expected, strict=False):
            if "geometry" in feature:
                # The expected arcs are drawn on a sphere and with few vertices.
                other = shapely.geometry.shape(feature["geometry"])
                assert shapely.symmetric_difference(own, other).area < 0.004 * own.area
