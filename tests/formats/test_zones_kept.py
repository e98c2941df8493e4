"""Zones that were read before: the same zones to the bit, or read again."""

from __future__ import annotations

import os
import stat
from datetime import date
from typing import TYPE_CHECKING

import pytest
import shapely

from geogate.model.names import Sha256, ZoneListName
from geogate.readers.zone_files import ZoneListError, ZoneListFacts, load_zone_list, pin_zone_list
from geogate.readers.zone_files.kept import WORTH_KEEPING, KeptZones
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.zones.zone import ZoneList

TODAY = date(2026, 11, 22)
SHAPES = [
    "POINT (8.123456789012345 47)",
    "LINESTRING (0 0, 1 1)",
    "POLYGON ((170 0, 190 0, 190 5, 170 5, 170 0))",
    "GEOMETRYCOLLECTION (POINT (1 1), POLYGON ((3 3, 4 3, 4 4, 3 3)))",
    "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1)), ((20 20, 21 20, 21 21, 20 20)))",
]


def listed(folder: Path, shapes: list[str] = SHAPES, *, copies: int = WORTH_KEEPING // len(SHAPES)) -> Path:
    features = ",".join(
        f'{{"type":"Feature","properties":{{"id":"z{number}","m":{number}.5}},'
        f'"geometry":{shapely.to_geojson(shapely.from_wkt(text))}}}'
        for number, text in enumerate(shapes * copies)
    )
    data = folder / "zones.geojson"
    data.write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')
    facts = ZoneListFacts(
        name=ZoneListName("places"),
        title="Places",
        source="a test",
        licence="none",
        as_of=date(2026, 1, 1),
        valid_until=date(2027, 1, 1),
        category="test",
        id_field="id",
        buffer_field="m",
    )
    return pin_zone_list(data, facts=facts)


def same(one: ZoneList, other: ZoneList) -> bool:
    pairs = zip(one.zones, other.zones, strict=True)
    exact = [a.geometry.wkb == b.geometry.wkb and a.geometry.geom_type == b.geometry.geom_type for a, b in pairs]
    return one == other and all(exact)


def only(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_kept_zones_are_the_zones_that_were_read(tmp_path: Path) -> None:
    manifest, kept = listed(tmp_path), KeptZones(tmp_path / "home" / "indexes")
    read = load_zone_list(manifest, today=TODAY)
    assert same(load_zone_list(manifest, today=TODAY, kept=kept), read)
    written = only(kept.folder).stat()  # whose time of access is not compared
    assert same(load_zone_list(manifest, today=TODAY, kept=kept), read)
    again = only(kept.folder).stat()
    assert (again.st_ino, again.st_mtime_ns, again.st_size) == (written.st_ino, written.st_mtime_ns, written.st_size)
    assert (stat.S_IMODE(written.st_mode), stat.S_IMODE(kept.folder.stat().st_mode)) == (0o600, 0o700)


def test_what_is_kept_is_used(tmp_path: Path) -> None:
    manifest, kept = listed(tmp_path), KeptZones(tmp_path / "indexes")
    read = load_zone_list(manifest, today=TODAY)
    others = [Zone(id=zone.id, category="kept", buffer_m=0.0, geometry=shapely.Point(0, 0)) for zone in read.zones]
    kept.keep(read.digest, others)
    assert {zone.category for zone in load_zone_list(manifest, today=TODAY, kept=kept).zones} == {"kept"}


def test_another_list_has_zones_of_its_own(tmp_path: Path) -> None:
    kept = KeptZones(tmp_path / "indexes")
    load_zone_list(listed(tmp_path), today=TODAY, kept=kept)
    assert kept.zones(Sha256("0" * 64)) is None
    fewer = load_zone_list(listed(tmp_path, SHAPES[:4], copies=200), today=TODAY, kept=kept)
    assert len(fewer.zones) == 800
    assert len(list(kept.folder.iterdir())) == 2


@pytest.mark.parametrize(("missing", "files"), [(0, 1), (1, 0)])
def test_only_long_lists_are_kept(missing: int, files: int, tmp_path: Path) -> None:
    kept = KeptZones(tmp_path / "indexes")
    manifest = listed(tmp_path, ["POINT (1 1)"], copies=WORTH_KEEPING - missing)
    load_zone_list(manifest, today=TODAY, kept=kept)
    assert len(list(tmp_path.glob("indexes/*"))) == files


@pytest.mark.parametrize("cut", [0, 5, 20, 60, 400, -1])
def test_a_truncated_file_is_read_again_and_replaced(cut: int, tmp_path: Path) -> None:
    manifest, kept = listed(tmp_path), KeptZones(tmp_path / "indexes")
    read = load_zone_list(manifest, today=TODAY, kept=kept)
    file = only(kept.folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:cut])
    assert same(load_zone_list(manifest, today=TODAY, kept=kept), read)
    assert file.read_bytes() == whole


def test_a_file_with_any_byte_changed_is_read_again(tmp_path: Path) -> None:
    manifest, kept = listed(tmp_path), KeptZones(tmp_path / "indexes")
    read = load_zone_list(manifest, today=TODAY, kept=kept)
    file = only(kept.folder)
    whole = file.read_bytes()
    for at in range(0, len(whole), len(whole) // 100):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert kept.zones(read.digest) is None


def test_a_file_that_others_can_write_or_a_link_is_not_believed(tmp_path: Path) -> None:
    manifest, kept = listed(tmp_path), KeptZones(tmp_path / "indexes")
    read = load_zone_list(manifest, today=TODAY, kept=kept)
    file = only(kept.folder)
    file.chmod(0o620)
    assert kept.zones(read.digest) is None
    file.chmod(0o600)
    assert kept.zones(read.digest) == read.zones
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert kept.zones(read.digest) is None
    file.unlink()
    os.mkfifo(file)
    assert kept.zones(read.digest) is None


def test_a_folder_that_takes_nothing_is_no_hindrance(tmp_path: Path) -> None:
    manifest, read = listed(tmp_path), load_zone_list(listed(tmp_path), today=TODAY)
    (tmp_path / "file").write_text("")
    assert same(load_zone_list(manifest, today=TODAY, kept=KeptZones(tmp_path / "file" / "indexes")), read)


def test_data_that_is_not_what_was_pinned_is_refused_although_its_zones_are_kept(tmp_path: Path) -> None:
    manifest, kept = listed(tmp_path), KeptZones(tmp_path / "indexes")
    load_zone_list(manifest, today=TODAY, kept=kept)
    data = tmp_path / "zones.geojson"
    data.write_text(data.read_text().replace("8.123", "8.124"))
    with pytest.raises(ZoneListError, match="digest"):
        load_zone_list(manifest, today=TODAY, kept=kept)
