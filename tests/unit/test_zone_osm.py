"""Extracts of OpenStreetMap: chosen elements are zones, whole or not at all, the same from XML as from PBF."""

from __future__ import annotations

import zlib

import pytest
import shapely

from geogate.readers.zone_files.contents import Contents
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

XML = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6"><bounds minlat="0" minlon="0" maxlat="1" maxlon="1"/>
<node id="1" lat="50" lon="8"/><node id="2" lat="50" lon="8.1"/><node id="3" lat="50.1" lon="8.1"/>
<node id="4" lat="50.1" lon="8"/><node id="5" lat="51" lon="8"><tag k="military" v="bunker"/></node>
<node id="6" lat="52" lon="8"><tag k="military" v="no"/></node>
<way id="7"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="landuse" v="military"/></way>
<way id="8"><nd ref="1"/><nd ref="2"/><nd ref="3"/></way><way id="9"><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>
<relation id="3"><member type="way" ref="8" role="outer"/><member type="way" ref="9" role=""/>
<member type="node" ref="5" role="label"/><tag k="type" v="multipolygon"/><tag k="military" v="base"/></relation>
</osm>"""
BOX = shapely.box(8, 50, 8.1, 50.1)


def read(data: str | bytes, chosen: tuple[str, ...] | None = None) -> list[RawZone]:
    raw = data.encode() if isinstance(data, str) else data
    return Contents(name="extract.osm", data=raw).zones(chosen=chosen)


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def packed(*values: int, delta: bool = False) -> bytes:
    if delta:
        steps = [after - before for before, after in zip((0, *values), values, strict=False)]
        values = tuple((step << 1) ^ (step >> 63) for step in steps)
    return b"".join(map(varint, values))


def blob(kind: bytes, payload: bytes) -> bytes:
    body = field(2, len(payload)) + field(3, zlib.compress(payload))
    header = field(1, kind) + field(3, len(body))
    return len(header).to_bytes(4, "big") + header + body


def pbf(*, feature: bytes = b"DenseNodes", refs: tuple[int, ...] = (1, 2, 3, 4, 1)) -> bytes:
    strings = b"".join(field(1, each) for each in (b"", b"landuse", b"military", b"bunker"))
    lat = (500_000_000, 500_000_000, 501_000_000, 501_000_000, 510_000_000)
    lon = (80_000_000, 81_000_000, 81_000_000, 80_000_000, 80_000_000)
    dense = (
        field(1, packed(1, 2, 3, 4, 5, delta=True))
        + field(8, packed(*lat, delta=True))
        + field(9, packed(*lon, delta=True))
        + field(10, packed(0, 0, 0, 0, 2, 3, 0))
    )
    way = field(1, 7) + field(2, packed(1)) + field(3, packed(2)) + field(8, packed(*refs, delta=True))
    block = field(1, strings) + field(2, field(2, dense)) + field(2, field(3, way))
    header = field(4, b"OsmSchema-V0.6") + field(4, feature)
    return blob(b"OSMHeader", header) + blob(b"OSMData", block)


def test_nodes_ways_and_relations_with_a_chosen_tag_are_zones() -> None:
    found = {zone.attributes["@id"]: zone.geometry for zone in read(XML)}
    assert set(found) == {"node/5", "way/7", "relation/3"}
    assert found["node/5"] == shapely.Point(8, 51)
    assert BOX.equals(found["way/7"])
    assert BOX.equals(found["relation/3"])


def test_pbf_gives_what_xml_gives() -> None:
    found = {zone.attributes["@id"]: zone.geometry for zone in read(pbf())}
    assert set(found) == {"node/5", "way/7"}
    assert found["node/5"] == shapely.Point(8, 51)
    assert BOX.equals(found["way/7"])


def test_tags_can_be_chosen() -> None:
    assert [zone.place for zone in read(XML, chosen=("landuse=military",))] == ["way 7"]
    assert read(XML, chosen=("landuse=forest",)) == []
    with pytest.raises(UnreadableZonesError, match="no extract of OpenStreetMap"):
        read("name,lat,lon\n", chosen=("military",))


FAULTS = {
    "a node is missing": ('<node id="4" lat="50.1" lon="8"/>', "", "way 7", "one of its nodes is not in the extract"),
    "a way is missing": (
        '<way id="9"><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>',
        "",
        "relation 3",
        "one of its ways",
    ),
    "open": ('<way id="9"><nd ref="3"/>', '<way id="9">', "relation 3", "do not make closed rings"),
    "site": ('v="multipolygon"', 'v="site"', "relation 3", "no multipolygon"),
    "role": ('role="outer"', 'role="part"', "relation 3", "neither its outer nor an inner way"),
    "twice": ('<way id="9">', '<way id="8">', "way 8", "it stands twice"),
    "deleted": ('<way id="7">', '<way id="7" visible="false">', "way 7", "deleted or changed"),
    "no place": ('<node id="1" lat="50" lon="8"/>', '<node id="1" lat="nan" lon="8"/>', "node 1", "no position"),
    "entities": ("<osm ", '<!DOCTYPE osm [<!ENTITY a "b">]><osm ', "", "document type or entities"),
    "stopped": ("</osm>", "<remark>runtime error</remark></osm>", "", "remarks something"),
    "changes": ("<bounds", "<create/><bounds", "", "no node, way or relation"),
    "cut": ("</osm>", "", "line 10", "not XML to its end"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_whole_is_refused_by_its_number(fault: str) -> None:
    old, new, place, reason = FAULTS[fault]
    assert old in XML
    text = XML.replace(old, new)
    with pytest.raises(UnreadableZonesError, match=reason) as caught:
        read(text)
    assert caught.value.place == place


def test_a_broken_pbf_is_refused_or_has_no_zones_wherever_it_is_cut() -> None:
    whole = pbf()
    for length in range(20, len(whole)):
        try:
            found = read(whole[:length])
        except UnreadableZonesError:
            continue
        assert found == []  # cut between two blocks; a list without zones is refused


def test_a_pbf_with_unknown_features_missing_nodes_or_other_packing_is_refused() -> None:
    with pytest.raises(UnreadableZonesError, match="a feature that is not read"):
        read(pbf(feature=b"HistoricalInformation"))
    with pytest.raises(UnreadableZonesError, match="one of its nodes is not in the extract"):
        read(pbf(refs=(1, 2, 3, 99, 1)))
