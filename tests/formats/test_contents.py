"""Two laws: what geogate writes holds nothing but its rows, and no byte of it can change unnoticed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from formats.accounts import WRITTEN, canonical, is_noticed, odd, shown
from formats.datasets import SUFFIXES, countries, sealed, wkb_of, write
from formats.test_round_trips import ATTRIBUTES, FLAT, PARQUET_ONLY, TYPED, WITH_Z
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geogate.model.dataset import Format

TYPED_FORMATS = (Format.GEOPARQUET, Format.GEOPACKAGE, Format.FLATGEOBUF)
BY_GDAL = (*TYPED_FORMATS, Format.GEOJSON, Format.GEOJSONSEQ)


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_geogate_writes_of_real_countries_holds_nothing_but_rows(kind: Format, tmp_path: Path) -> None:
    assert odd(sealed(countries(tmp_path, kind), tmp_path / "out", Format.SHAPEFILE)) == set()


@pytest.mark.parametrize("kind", BY_GDAL)
@pytest.mark.parametrize("geometry_type", [*FLAT, *WITH_Z])
def test_what_geogate_writes_of_any_geometry_holds_nothing_but_rows(
    kind: Format, geometry_type: str, tmp_path: Path
) -> None:
    wkb = wkb_of({**FLAT, **WITH_Z}[geometry_type])
    file = write(pa.table({"geom": wkb}), tmp_path / f"data{SUFFIXES[kind]}", kind, geometry_type)
    assert odd(sealed((file,), tmp_path / "out")) == set()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, name) for kind in TYPED_FORMATS for name in TYPED),
        *((kind, name) for kind in (Format.GEOJSON, Format.GEOJSONSEQ) for name in ATTRIBUTES),
        *((Format.GEOPARQUET, name) for name in PARQUET_ONLY),
    ],
)
def test_what_geogate_writes_of_any_column_holds_nothing_but_rows(kind: Format, name: str, tmp_path: Path) -> None:
    column = {**TYPED, **PARQUET_ONLY}[name]
    table = pa.table({name: column, "geom": wkb_of(["POINT (1 2)"] * 3)})
    file = write(table, tmp_path / f"data{SUFFIXES[kind]}", kind, "Point")
    assert odd(sealed((file,), tmp_path / "out")) == set()


def test_what_geogate_writes_of_many_rows_with_some_missing_holds_nothing_but_rows(tmp_path: Path) -> None:
    rows = 150_000
    table = pa.table(
        {
            "name": [None if row % 7 in {2, 3} else f"n{row % 1000}" for row in range(rows)],
            "share": [None if row % 3 else row / 3 for row in range(rows)],
            "flag": [None if row % 11 == 0 else row % 5 == 0 for row in range(rows)],
            "words": [["a", None, "bc"][: row % 4] if row % 5 else None for row in range(rows)],
            "geom": wkb_of([f"POINT ({row % 170} {row % 80})" for row in range(rows)]),
        }
    )
    file = write(table, tmp_path / "data.parquet", Format.GEOPARQUET, "Point")
    assert odd(sealed((file,), tmp_path / "out")) == set()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, tuple[tuple[Path, ...], Any]]:
    found = {}
    for kind in WRITTEN:
        files = canonical(kind, tmp_path_factory.mktemp(kind.lower()))
        found[kind] = (files, shown(files))
    return found


def copied(files: tuple[Path, ...], folder: Path) -> tuple[Path, ...]:
    return tuple(Path(shutil.copy(path, folder / path.name)) for path in files)


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_did_not_change_is_not_odd(
    kind: Format, whole: dict[Format, tuple[tuple[Path, ...], Any]], tmp_path: Path
) -> None:
    files, before = whole[kind]
    assert not is_noticed(copied(files, tmp_path), before=before)


changes = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 7)),
    st.tuples(st.just("insert"), st.binary(min_size=1, max_size=12)),
    st.tuples(st.just("set"), st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("cut"), st.integers(1, 12)),
)


def changed(data: bytes, at: int, change: tuple[str, Any]) -> bytes:
    match change:
        case ("flip", bit):
            at = min(at, len(data) - 1)
            return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        case ("insert", more):
            return b"".join([data[:at], more, data[at:]])
        case ("set", new):
            return b"".join([data[:at], new, data[at + len(new) :]])
        case _:
            return data[:at] + data[at + change[1] :]


@pytest.mark.parametrize("kind", WRITTEN)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 4), share=st.floats(0, 1), change=changes)
def test_no_byte_of_what_geogate_writes_can_change_unnoticed(  # noqa: PLR0917 - what changes, and where
    kind: Format,
    number: int,
    share: float,
    change: tuple[str, Any],
    whole: dict[Format, tuple[tuple[Path, ...], Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    files, before = whole[kind]
    folder = tmp_path_factory.mktemp("changed")
    copies = copied(files, folder)
    target = copies[number % len(copies)]
    data = target.read_bytes()
    other = changed(data, round(share * len(data)), change)
    target.write_bytes(other)
    assert other == data or is_noticed(copies, before=before)
    shutil.rmtree(folder)


@pytest.mark.parametrize("kind", WRITTEN)
def test_bytes_after_the_end_are_noticed(
    kind: Format, whole: dict[Format, tuple[tuple[Path, ...], Any]], tmp_path: Path
) -> None:
    files, before = whole[kind]
    for number in range(len(files)):
        for more in (b"\0", b"\n", b" ", b"8.30931,47.12011"):
            copies = copied(files, tmp_path)
            with (tmp_path / files[number].name).open("ab") as file:
                file.write(more)
            assert is_noticed(copies, before=before), (files[number].suffix, more)
