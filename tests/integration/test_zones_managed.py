"""Zone lists as managed data: expected, classed, signed, imported, listed and compared; what is off is refused."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from geogate.gate.place import PolicyPlace
from geogate.gate.zones import import_zone_list
from geogate.gate.zones_diff import Kind, compare, diff_zone_lists
from geogate.gate.zones_map import page, write_map
from geogate.gate.zones_overview import list_zones
from geogate.gate.zones_trust import make_key, sign_zone_list, trusted_zone_list
from geogate.model.errors import PolicyError, UsageError
from geogate.model.names import ZoneListName
from geogate.readers.zone_files import ZoneListError, ZoneListFacts, load_zone_list, pin_zone_list, read_manifest
from geogate.readers.zone_files.contents import LARGEST

if TYPE_CHECKING:
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

TODAY = date(2026, 11, 22)
FACTS = ZoneListFacts(
    name=ZoneListName("sites"),
    title="Sites",
    source="the gazette",
    licence="open",
    as_of=date(2026, 1, 1),
    valid_until=date(2026, 12, 31),
    category="other",
    id_field="code",
)
PLACES = {"A": (8.0, 50.0), "B": (9.0, 51.0), "C": (179.9, -17.0)}


def square(lon: float, lat: float, side: float = 0.1) -> dict[str, Any]:
    ring = [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


def written(path: Path, places: dict[str, tuple[float, float]], **more: dict[str, Any]) -> Path:
    features = [
        {"type": "Feature", "properties": {"code": code} | more.get(code, {}), "geometry": square(*place)}
        for code, place in places.items()
    ]
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def pinned(folder: Path, places: dict[str, tuple[float, float]] = PLACES, **changes: Any) -> Path:
    return pin_zone_list(written(folder / "data.geojson", places), facts=replace(FACTS, **changes))


WORDS: dict[str, dict[str, Any]] = {
    "A": {"kind": "caserne", "grade": "sure"},
    "B": {"kind": "hopital", "grade": "likely"},
}
CLASSED: dict[str, Any] = {
    "category_field": "kind",
    "category_map": {"caserne": "military", "hopital": "health"},
    "grades": ("sure", "likely"),
    "grade_field": "grade",
    "counts": {"military": 1, "health": 1},
    "within": (-5.0, 41.0, 10.0, 52.0),
    "valid_from": date(2026, 2, 1),
}
TWO = {"A": PLACES["A"], "B": PLACES["B"]}


def test_classes_grades_counts_and_a_box_come_back_from_the_manifest(tmp_path: Path) -> None:
    data = written(tmp_path / "data.geojson", TWO, **WORDS)
    manifest = pin_zone_list(data, facts=replace(FACTS, **CLASSED), expected=2)
    zones = load_zone_list(manifest, today=TODAY).zones
    assert [(zone.category, zone.grade) for zone in zones] == [("military", "sure"), ("health", "likely")]
    assert read_manifest(manifest).facts == replace(FACTS, **CLASSED)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"category_map": {"caserne": "military"}}, "zone 2: 'category_map' has no class for its attribute 'kind'"),
        ({"grades": ("sure",)}, "zone 2: its attribute 'grade' is not one of 'grades'"),
        ({"counts": {"military": 2}}, "key 'counts': it has 1 zones of class 'health', and 0 are expected"),
        ({"counts": {"military": 1, "health": 1, "nature": 1}}, "0 zones of class 'nature', and 1 are expected"),
        ({"within": (-5.0, 41.0, 8.5, 52.0)}, "1 zones leave the list's box, the first of them is zone 2"),
        ({"within": (49.0, 7.0, 52.0, 10.0)}, "once latitude and longitude are swapped"),
        ({"category_map": {"caserne": "army"}}, "key 'category_map': it is not a mapping"),
        ({"category_field": None}, "key 'category_map': it needs the key 'category_field'"),
        ({"grades": None}, "is not one of 'grades'|needs the key 'grades'"),
        ({"grade_field": None, "grade": "vague"}, "key 'grade': it is not one of 'grades'"),
        ({"valid_from": date(2025, 1, 1)}, "key 'valid_from': the list would begin before it describes anything"),
        ({"within": (1.0, 2.0, 3.0)}, "it is not west, south|key 'within'|not enough values"),
    ],
)
def test_a_list_that_is_not_as_expected_is_not_pinned(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    data = written(tmp_path / "data.geojson", TWO, **WORDS)
    with pytest.raises((ZoneListError, ValueError), match=reason):
        pin_zone_list(data, facts=replace(FACTS, **(CLASSED | changes)))
    assert not (tmp_path / "sites.yaml").exists()


@pytest.mark.parametrize("expected", [2, 4])
def test_another_number_of_zones_than_expected_is_refused(tmp_path: Path, expected: int) -> None:
    data = written(tmp_path / "data.geojson", PLACES)
    with pytest.raises(ZoneListError, match=f"it has 3 zones, and {expected} are expected"):
        pin_zone_list(data, facts=FACTS, expected=expected)
    assert not (tmp_path / "sites.yaml").exists()


def test_a_list_begins_on_its_first_day_of_use_and_no_day_before(tmp_path: Path) -> None:
    manifest = pinned(tmp_path, valid_from=TODAY)
    assert load_zone_list(manifest, today=TODAY).zones
    with pytest.raises(ZoneListError, match="the list begins on 2026-11-22"):
        load_zone_list(manifest, today=TODAY - timedelta(days=1))


def test_zones_that_are_read_otherwise_than_when_they_were_pinned_stop_the_gate(tmp_path: Path) -> None:
    manifest = pinned(tmp_path)
    text = manifest.read_text(encoding="utf-8")
    content = re.search(r"content: (\w+)", text)
    assert content
    manifest.write_text(text.replace(content[1], "f" * 64), encoding="utf-8")
    with pytest.raises(ZoneListError, match=r"read otherwise than when sites\.yaml was written"):
        load_zone_list(manifest, today=TODAY)


def test_a_signature_is_demanded_where_the_place_keeps_keys(tmp_path: Path) -> None:
    manifest = pinned(tmp_path)
    assert trusted_zone_list(manifest, today=TODAY)
    public, signer = make_key(tmp_path / "own")
    (tmp_path / "keys").mkdir()
    with pytest.raises(ZoneListError, match="there is no public key"):
        trusted_zone_list(manifest, today=TODAY)
    public.rename(tmp_path / "keys" / "own.pub")
    with pytest.raises(ZoneListError, match="is not signed, and the place demands it"):
        trusted_zone_list(manifest, today=TODAY)
    assert sign_zone_list(manifest, key=tmp_path / "own", today=TODAY)[1] == signer
    assert trusted_zone_list(manifest, today=TODAY)


def signed(tmp_path: Path) -> Path:
    manifest = pinned(tmp_path)
    public, _ = make_key(tmp_path / "own")
    (tmp_path / "keys").mkdir()
    public.rename(tmp_path / "keys" / "own.pub")
    sign_zone_list(manifest, key=tmp_path / "own", today=TODAY)
    trusted_zone_list(manifest, today=TODAY)
    return manifest


def test_a_signature_covers_the_manifest_and_the_data(tmp_path: Path) -> None:
    manifest = signed(tmp_path)
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("title: Sites", "title: Other"), encoding="utf-8")
    with pytest.raises(ZoneListError, match="of another version of the list"):
        trusted_zone_list(manifest, today=TODAY)
    manifest.write_text(text, encoding="utf-8")
    trusted_zone_list(manifest, today=TODAY)
    pinned(tmp_path, TWO)
    with pytest.raises(ZoneListError, match="of another version of the list"):
        trusted_zone_list(manifest, today=TODAY)


def test_a_key_that_the_place_does_not_know_or_a_wrong_signature_is_refused(tmp_path: Path) -> None:
    manifest = signed(tmp_path)
    signature = manifest.with_suffix(".sig")
    good = json.loads(signature.read_text(encoding="ascii"))
    flipped = json.loads(json.dumps(good))
    flipped["signatures"][0]["sig"] = good["signatures"][0]["sig"][::-1].replace("=", "A")[:86] + "=="
    for text, reason in (
        (json.dumps(flipped), "the signature beside it is wrong|cannot be read"),
        ("{}", "the signature cannot be read"),
        ("[" * 100_000, "the signature cannot be read"),
        (json.dumps(good | {"payloadType": "text/plain"}), "of another version"),
    ):
        signature.write_text(text, encoding="ascii")
        with pytest.raises(ZoneListError, match=reason):
            trusted_zone_list(manifest, today=TODAY)
    make_key(tmp_path / "other")
    sign_zone_list(manifest, key=tmp_path / "other", today=TODAY)
    with pytest.raises(ZoneListError, match="a key that the place does not trust"):
        trusted_zone_list(manifest, today=TODAY)


def test_the_gate_stays_shut_for_an_unsigned_list_of_a_place_that_demands_signatures(gate: Gate) -> None:
    place = PolicyPlace(root=gate.policies.root, home=gate.root)
    policy = place.policy("test")
    assert place.zone_lists(policy, today=datetime.now(UTC).date())
    (gate.policies.root / "zones" / "keys").mkdir()
    with pytest.raises(PolicyError, match="no public key"):
        place.zone_lists(policy, today=datetime.now(UTC).date())


def test_an_import_puts_data_and_manifest_in_place_or_nothing(tmp_path: Path) -> None:
    source, folder = written(tmp_path / "source.GeoJSON", PLACES), tmp_path / "zones"
    done = import_zone_list(source, folder=folder, facts=FACTS, today=TODAY, expected=3)
    assert sorted(path.name for path in folder.iterdir()) == ["sites.geojson", "sites.yaml"]
    assert done.diff is None
    with pytest.raises(UsageError, match="there is a zone list 'sites' already"):
        import_zone_list(source, folder=folder, facts=FACTS, today=TODAY)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for facts, expected in ((FACTS, 2), (replace(FACTS, id_field="none"), None)):
        with pytest.raises(ZoneListError):
            import_zone_list(source, folder=folder, facts=facts, today=TODAY, expected=expected, replace=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    written(source, TWO)
    changed = import_zone_list(source, folder=folder, facts=FACTS, today=TODAY, replace=True).diff
    assert changed is not None
    assert changed.count(Kind.REMOVED) == 1


def test_an_import_into_a_place_with_keys_must_be_signed_and_is_not_put_there_otherwise(tmp_path: Path) -> None:
    source, folder = written(tmp_path / "source.geojson", PLACES), tmp_path / "zones"
    public, _ = make_key(tmp_path / "own")
    (folder / "keys").mkdir(parents=True)
    public.rename(folder / "keys" / "own.pub")
    with pytest.raises(ZoneListError, match="is not signed"):
        import_zone_list(source, folder=folder, facts=FACTS, today=TODAY)
    assert [path.name for path in folder.iterdir()] == ["keys"]
    import_zone_list(source, folder=folder, facts=FACTS, today=TODAY, key=tmp_path / "own")
    assert trusted_zone_list(folder / "sites.yaml", today=TODAY)


@pytest.mark.parametrize(("day", "left", "soon"), [(1, 30, True), (0, 31, False), (31, 0, True)])
def test_a_list_is_shown_with_its_days_and_warned_of_before_it_ends(
    tmp_path: Path,
    day: int,
    left: int,
    soon: bool,  # noqa: FBT001
) -> None:
    pinned(tmp_path)
    (found,) = list_zones(tmp_path, today=date(2026, 11, 30) + timedelta(days=day))
    assert (found.days_left, found.ends_within(30), found.problem) == (left, soon, "")
    assert (found.zones, dict(found.classes)) == (3, {"other": 3})


def test_a_list_past_its_validity_is_shown_with_the_problem_that_stops_the_gate(tmp_path: Path) -> None:
    pinned(tmp_path)
    (found,) = list_zones(tmp_path, today=date(2027, 1, 1))
    assert (found.days_left, found.ends_within(30)) == (-1, False)
    assert "the list was valid until 2026-12-31" in found.problem


def test_a_diff_says_what_became_of_every_zone(tmp_path: Path) -> None:
    old = pinned(tmp_path / "old", PLACES | {"D": (1.0, 1.0), "E": (2.0, 2.0)})
    moved = {"A": PLACES["A"], "B": (9.0, 51.001), "C": PLACES["C"], "X": (1.0, 1.0), "F": (3.0, 3.0)}
    found = diff_zone_lists(old, pinned(tmp_path / "new", moved), today=TODAY)
    kinds = {change.id: change.kind for change in found.changes}
    assert kinds == {"B": Kind.CHANGED, "D": Kind.RENAMED, "E": Kind.REMOVED, "F": Kind.ADDED}
    assert found.unchanged == 2
    change = next(change for change in found.changes if change.id == "B")
    assert change.shift_m == pytest.approx(111.3, abs=0.5)
    assert change.shared == pytest.approx(0.98, abs=0.005)
    assert diff_zone_lists(old, old, today=TODAY).same


def test_a_zone_that_moves_over_the_antimeridian_moves_a_little(tmp_path: Path) -> None:
    old = pinned(tmp_path / "old", {"C": (179.85, -17.0)})
    new = pinned(tmp_path / "new", {"C": (179.95, -17.0)})
    (change,) = diff_zone_lists(old, new, today=TODAY).changes
    assert change.shift_m == pytest.approx(10_650, rel=0.01)
    assert change.new_area_m2 == pytest.approx(change.old_area_m2, rel=0.01)


def test_a_list_whose_ids_are_numbers_is_compared_by_shapes(tmp_path: Path) -> None:
    old = load_zone_list(pinned(tmp_path / "old", PLACES, id_field=None), today=TODAY)
    new = load_zone_list(pinned(tmp_path / "new", {"B": PLACES["B"], "C": PLACES["C"]}, id_field=None), today=TODAY)
    found = compare(old, new)
    assert [(change.id, change.renamed_to, change.kind) for change in found.changes] == [
        ("2", "1", Kind.RENAMED),
        ("3", "2", Kind.RENAMED),
        ("1", "", Kind.REMOVED),
    ]


def test_the_map_is_one_local_page_for_its_owner_alone(tmp_path: Path) -> None:
    places = {"<b>&": PLACES["A"], "C": (179.95, -17.0)}
    found = diff_zone_lists(pinned(tmp_path / "old", places), pinned(tmp_path / "new", TWO), today=TODAY)
    file = tmp_path / "map.html"
    write_map(found, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"<script|src=|href=|url\(|@import", text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert "&lt;b&gt;&amp;" in text
    assert "<b>" not in text
    assert "shows protected zones" in text
    with pytest.raises(UsageError, match="there is a file at the map's place already"):
        write_map(found, file)


def test_both_sides_of_the_antimeridian_are_drawn_beside_each_other(tmp_path: Path) -> None:
    found = diff_zone_lists(
        pinned(tmp_path / "old", {"C": (179.85, -17.0)}), pinned(tmp_path / "new", {"C": (179.95, -17.0)}), today=TODAY
    )
    overview = page(found).split("<h2>")[0]
    drawn = re.findall(r'<path class="(?:old|new)"[^>]* d="([^"]+)"', overview)
    across = [float(number) for path in drawn for number in re.findall(r"[ML](-?[\d.]+) ", path)]
    assert min(across) >= 0
    assert max(across) <= 1100
    assert max(across) - min(across) > 500


def test_the_command_line_says_ids_and_numbers_and_no_place(gate: Gate, geogate: Command, tmp_path: Path) -> None:
    del gate
    old = pinned(tmp_path / "old", valid_until=date(2099, 1, 1))
    new = pinned(tmp_path / "new", {"A": (8.0123, 50.0), "B": PLACES["B"]}, valid_until=date(2099, 1, 1))
    same = geogate("zones", "diff", old, old)
    assert same.code == 0
    for form in ("text", "json"):
        ended = geogate("zones", "diff", old, new, "--format", form)
        assert ended.code == 10, ended.err
        assert not re.search(r"8\.01|50\.|51\.|179\.9|-17", ended.out)
    document = json.loads(geogate("zones", "diff", old, new, "--format", "json").out)
    assert (document["changed"], document["removed"], document["unchanged"]) == (1, 1, 1)


def kmz(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return out.getvalue()


KML = (
    b'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>all</name><Folder><name>Bretagne</name>'
    b"<Placemark><name>A</name><description><![CDATA[caserne]]></description><Point><coordinates>8,50</coordinates>"
    b"</Point></Placemark></Folder></Document></kml>"
)


def test_kmz_gives_names_folders_and_descriptions(tmp_path: Path) -> None:
    data = tmp_path / "list.kmz"
    data.write_bytes(kmz(doc_kml=KML, icon_png=b"x"))
    facts = replace(FACTS, id_field="name", category_field="description", category_map={"caserne": "military"})
    (zone,) = load_zone_list(pin_zone_list(data, facts=facts), today=TODAY).zones
    assert (zone.id, zone.category) == ("A", "military")
    facts = replace(FACTS, id_field="name", category_field="folder")
    (zone,) = load_zone_list(pin_zone_list(data, facts=facts), today=TODAY).zones
    assert zone.category == "Bretagne"


HOSTILE = {
    "bomb": (kmz(doc_kml=b" " * (65 << 20)), "larger than 64 MiB unpacked"),
    "two documents": (kmz(doc_kml=KML, more_kml=KML), "2 KML documents instead of one"),
    "a foreign file": (kmz(doc_kml=KML, more_exe=b""), "1 other files"),
    "no document": (kmz(icon_png=b""), "0 KML documents"),
    "a Shapefile": (kmz(a_shp=b"", a_dbf=b""), "holds a Shapefile"),
    "cut": (kmz(doc_kml=KML)[:-20], "cannot be read to its end"),
    "entities": (kmz(doc_kml=b'<!DOCTYPE x [<!ENTITY a "b">]>' + KML), "document type or entities"),
    "deep": (b"<kml>" + b"<Folder>" * 50_000 + b"</Folder>" * 50_000 + b"</kml>", "nested too deeply|not XML"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_archive_or_document_is_refused(tmp_path: Path, attack: str) -> None:
    data, reason = HOSTILE[attack]
    (tmp_path / "list.kmz").write_bytes(data)
    with pytest.raises(ZoneListError, match=f"^list.kmz.*({reason})"):
        pin_zone_list(tmp_path / "list.kmz", facts=FACTS)


def test_a_file_that_is_too_large_or_no_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.geojson").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ZoneListError, match="is larger than 256 MiB"):
        pin_zone_list(tmp_path / "huge.geojson", facts=FACTS)
    os.mkfifo(tmp_path / "pipe.geojson")
    with pytest.raises(ZoneListError, match="is not an ordinary file"):
        pin_zone_list(tmp_path / "pipe.geojson", facts=FACTS)
