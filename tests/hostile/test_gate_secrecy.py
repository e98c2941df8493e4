"""Nothing that the gate says holds a coordinate or a value of an attribute, whatever is wrong with the data."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from gating.files import KINDS, stage
from gating.place import RULES, inventory, precision, zones

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

FOR = ("--policy", "test", "--recipient", "partner", "--to", "outbox/", "--assume-crs", "EPSG:4326")

MARKER = "Zaphod-Beeblebrox"
POINTS = ((13.3776911, 52.5162746), (20.5317, 20.4931), (-179.87654321, 89.123456789))
SECRETS = re.compile(r"Zaphod|Beeblebrox|13\.377|52\.516|20\.53|20\.49|179\.8|89\.12|\.3776|\.5162", re.IGNORECASE)


def require_silent(text: str) -> None:
    found = SECRETS.search(text)
    assert found is None, text[max(0, found.start() - 200) : found.end() + 50] if found else ""


def cut(path: Path) -> None:
    for file in [path] if path.is_file() else [file for file in path.iterdir() if file.suffix in {".shp", ".dbf"}]:
        file.write_bytes(file.read_bytes()[: int(file.stat().st_size * 0.7)])


def scrambled(path: Path) -> None:
    """Change single bytes in the middle, where the values are, to what is no text."""
    for file in [path] if path.is_file() else [path / "data.dbf"]:
        content = file.read_bytes()
        file.write_bytes(content.replace(MARKER.encode(), b"\xff\xfe" + MARKER.encode()[2:], 1))


def swapped(path: Path) -> None:
    """Exchange a digit of a coordinate for a letter, or a byte of a number in a binary format."""
    for file in [path] if path.is_file() else [path / "data.shp"]:
        content = file.read_bytes()
        changed = content.replace(b"52.5162746", b"52.516274x", 1)
        if changed == content:
            middle = len(content) * 2 // 3
            changed = content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]
        file.write_bytes(changed)


@pytest.fixture
def strict(gate: Gate) -> Gate:
    """A gate whose policy has something to say against everything in the data."""
    near = zones(1000)
    near["meta"] = near["meta"] | {"rule": "zones-near"}
    nothing = inventory(columns=[], max_rows=1, geometry_kinds=["Polygon"])
    gate.policies.write_policy([*RULES, nothing, near])
    return gate


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_no_output_and_no_entry_holds_a_coordinate_or_a_value(strict: Gate, geogate: Command, kind: str) -> None:
    path = stage(kind, strict.staged, POINTS, names=[MARKER])
    ended = geogate("screen", path, *FOR)
    assert ended.code == 11
    require_silent(ended.out + ended.err)
    ended = geogate("submit", path, *FOR, "--format", "json")
    assert ended.code == 11
    require_silent(ended.out + ended.err)
    request = strict.requests()[0].id
    for arguments in (
        ("ledger", "show"),
        ("ledger", "show", "--format", "json"),
        ("review", "show", request),
        ("review", "show", request, "--format", "json"),
    ):
        require_silent(geogate(*arguments).out)
    with closing(sqlite3.connect(strict.ledger_file)) as database:
        require_silent("\n".join(without_measurements(database)))


@pytest.mark.parametrize("damage", [cut, scrambled, swapped])
@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_what_is_said_of_a_damaged_file_holds_neither(
    strict: Gate, geogate: Command, kind: str, damage: Callable[[Path], None]
) -> None:
    path = stage(kind, strict.staged, POINTS, names=[MARKER])
    damage(path)
    ended = geogate("screen", path, *FOR, "--format", "sarif")
    assert ended.code == 11
    require_silent(ended.out + ended.err)


def without_measurements(database: sqlite3.Connection) -> list[str]:
    """Dump the ledger but for the measurements, which hold the extent of a layer for judging it again."""
    return [line for line in database.iterdump() if not line.startswith('INSERT INTO "measurements"')]


HEADERS = ("name,lon,lat", "name,wkt", f"{MARKER},lon,lat")
ROWS = (
    f"{MARKER},13.3776911,52.5162746",
    f"{MARKER},13.3776911,152.5162746",
    f'"{MARKER},13.3776911,52.5162746',
    f"{MARKER},13.3776911,52.5162746,more",
    f"{MARKER},13.3776911",
    f"{MARKER},{MARKER},52.5162746",
    f"{MARKER},POINT (13.3776911 52.5162746",
    f"{MARKER},SRID=999999;POINT (13.3776911 52.5162746)",
    f"{MARKER}\0,13.3776911,52.5162746",
    f"{MARKER},1e999,52.5162746",
)


@pytest.mark.parametrize("header", HEADERS)
def test_a_broken_table_is_refused_without_repeating_it(gate: Gate, geogate: Command, header: str) -> None:
    gate.policies.write_policy([precision("precision", 100, ">=")])
    for row in ROWS:
        path = gate.staged / "data.csv"
        path.write_text(f"{header}\n{row}\n")
        ended = geogate("screen", path, *FOR, "--format", "json")
        assert ended.code == 11, (row, ended.err)
        require_silent(ended.out + ended.err)


GEOJSON = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "%s"}, "geometry": %s}]}'
)
GEOMETRIES = (
    '{"type": "Point", "coordinates": [13.3776911, 52.5162746]}',
    '{"type": "Point", "coordinates": [13.3776911, 52.5162746, "Zaphod"]}',
    '{"type": "Point", "coordinates": [13.3776911]}',
    '{"type": "Zaphod", "coordinates": [13.3776911, 52.5162746]}',
    '{"type": "Point", "coordinates": [13.3776911, NaN]}',
    '{"type": "Polygon", "coordinates": [[[13.3776911, 52.5162746], [20.53, 20.49]]]}',
    '{"type": "Point", "Zaphod": 1, "coordinates": [13.3776911, 52.5162746]}',
    '{"type": "Point", "coordinates": [13.3776911, 52.5162746',
)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_broken_geojson_is_refused_without_repeating_it(gate: Gate, geogate: Command, geometry: str) -> None:
    gate.policies.write_policy([precision("precision", 100, ">=")])
    for number, text in enumerate((GEOJSON % (MARKER, geometry), GEOJSON % (MARKER + "\x01", geometry))):
        path = gate.staged / f"data{number}.geojson"
        path.write_text(text)
        ended = geogate("screen", path, *FOR, "--format", "json")
        assert ended.code == 11, ended.err
        require_silent(ended.out + ended.err)
