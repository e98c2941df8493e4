from __future__ import annotations

import json
import random
import shutil
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from formats.datasets import COUNTRY_ROWS, PARTS, SUFFIXES, countries, rows_of, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers import open_dataset

SHARES = (0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
LAST_BYTES = (1, 2, 3, 7, 8, 50)
WRITTEN = tuple(SUFFIXES)
SINGLE = tuple(kind for kind in WRITTEN if kind is not Format.SHAPEFILE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, tuple[Path, ...]]:
    folder = tmp_path_factory.mktemp("whole")
    return {kind: countries(folder, kind) for kind in WRITTEN}


def lengths(size: int) -> list[int]:
    return [int(size * share) for share in SHARES] + [size - last for last in LAST_BYTES]


@pytest.mark.parametrize("kind", SINGLE)
def test_a_truncated_file_is_never_a_shorter_one(
    kind: Format, whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    data = whole[kind][0].read_bytes()
    cut = tmp_path / f"cut{SUFFIXES[kind]}"
    for length in lengths(len(data)):
        # Text that ends with a whole row is a whole file to everybody.
        if data[:length].endswith(b"\n") and kind in {Format.CSV, Format.GEOJSONSEQ}:
            continue
        cut.write_bytes(data[:length])
        if kind is Format.GEOJSON and json_is_whole(data[:length]):
            continue
        with pytest.raises(UnreadableError):
            rows_of((cut,))


def json_is_whole(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("part", [".shp", *PARTS[:2]])
def test_a_shapefile_with_a_truncated_part_is_not_read(
    part: str, whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    files = [tmp_path / path.name for path in whole[Format.SHAPEFILE]]
    size = whole[Format.SHAPEFILE][0].with_suffix(part).stat().st_size
    for length in lengths(size):
        for source, target in zip(whole[Format.SHAPEFILE], files, strict=True):
            shutil.copy(source, target)
        with (tmp_path / f"countries{part}").open("r+b") as file:
            file.truncate(length)
        if part == ".dbf" and length == size - 1:
            # dBASE's end-of-file mark is missing from many files.
            assert rows_of(tuple(files)) == COUNTRY_ROWS
            continue
        with pytest.raises(UnreadableError):
            rows_of(tuple(files))


@pytest.mark.parametrize("kind", [Format.GEOPARQUET, Format.GEOPACKAGE, Format.FLATGEOBUF, Format.GEOJSON])
def test_bytes_after_the_end_are_not_ignored(
    kind: Format, whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    longer = tmp_path / f"longer{SUFFIXES[kind]}"
    longer.write_bytes(whole[kind][0].read_bytes() + b"hidden")
    with pytest.raises(UnreadableError):
        rows_of((longer,))


@pytest.mark.parametrize("kind", SINGLE)
def test_flipped_bytes_are_refused_or_read_but_never_crash(
    kind: Format, whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    data = whole[kind][0].read_bytes()
    chance = random.Random(7)
    for index in range(25):
        damaged = bytearray(data)
        for _ in range(8):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        file = tmp_path / f"{index}{SUFFIXES[kind]}"
        file.write_bytes(damaged)
        with suppress(UnreadableError):
            sealed((file,), tmp_path / f"out{index}")


@pytest.mark.parametrize("kind", SINGLE)
def test_the_name_of_a_file_says_nothing(kind: Format, whole: dict[Format, tuple[Path, ...]], tmp_path: Path) -> None:
    for name in ("data", "data.tif", f"data{SUFFIXES[Format.GEOJSON]}", "data.gpkg", "data.csv"):
        file = tmp_path / name
        shutil.copy(whole[kind][0], file)
        (source,) = open_dataset((file,))
        assert source.format is kind
        assert rows_of((file,)) == COUNTRY_ROWS
        file.unlink()


def test_the_parts_of_a_renamed_shapefile_belong_to_nothing(
    whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    for path in whole[Format.SHAPEFILE]:
        shutil.copy(path, tmp_path / path.name.replace(".shp", ".bin"))
    with pytest.raises(UnreadableError, match="has no Shapefile beside it"):
        open_dataset(tuple(sorted(tmp_path.iterdir())))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\0" * 100,
        bytes(range(256)) * 20,
        b"%PDF-1.7\n",
        b"PK\x03\x04" + b"\0" * 50,
        b"<kml></kml>",
        b"PAR1",
        b"PAR1" + b"\0" * 40 + b"PAR1",
        b"PARE" + b"\0" * 40 + b"PARE",
        b"SQLite format 3\0" + b"\0" * 200,
        b"fgb\x03fgb\x00",
        b"fgb\x03fgb\x00" + b"\xff" * 64,
        b"\0\0\x27\x0a" + b"\0" * 24 + b"\xe8\x03\0\0" + b"\0" * 68,
        b"{",
        b"[]",
        b'{"type":"Topology","objects":{}}',
        b'{"type":"FeatureCollection"}',
        b'{"features":[]}',
        b"hello\n",
        b"a,b\n1,2\n",
    ],
)
def test_what_no_reader_knows_is_not_read(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(data)
    with pytest.raises(UnreadableError) as caught:
        rows_of((file,))
    assert caught.value.remedy
    assert str(tmp_path) not in f"{caught.value.summary}{caught.value.remedy}"


def test_random_bytes_are_not_read(tmp_path: Path) -> None:
    chance = random.Random(3)
    for index in range(50):
        file = tmp_path / str(index)
        file.write_bytes(chance.randbytes(500))
        with pytest.raises(UnreadableError):
            rows_of((file,))


def test_a_parquet_file_that_holds_fewer_rows_than_its_footer_claims_is_not_read(
    whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    data = bytearray(whole[Format.GEOPARQUET][0].read_bytes())
    rows = pq.read_metadata(whole[Format.GEOPARQUET][0]).num_rows
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    # Thrift's zigzag form of the row count stands in the footer; claim one row more everywhere.
    claims, lies = (bytes([(count * 2) & 0x7F | 0x80, (count * 2) >> 7]) for count in (rows, rows + 1))
    changed = data[:footer] + data[footer:].replace(claims, lies)
    assert changed != data
    file = tmp_path / "more.parquet"
    file.write_bytes(changed)
    with pytest.raises(UnreadableError):
        rows_of((file,))


def test_a_dataset_of_files_that_belong_to_nothing_is_not_read(
    whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    shp = whole[Format.SHAPEFILE]
    stray = tmp_path / "readme.txt"
    stray.write_text("hello\n")
    hidden = tmp_path / ".DS_Store"
    hidden.write_bytes(b"\0\0\0\1Bud1")
    index = tmp_path / "countries.qix"
    index.write_bytes(b"SQT\x01")
    for files in (
        (),
        (*shp, stray),
        (*shp, hidden),
        (*shp, index),
        shp[1:],
        (shp[0],),
        shp[:2],
        (tmp_path / "absent",),
    ):
        with pytest.raises(UnreadableError):
            rows_of(tuple(files))


def test_a_shapefile_without_prj_has_no_crs_and_one_without_cpg_is_read(
    whole: dict[Format, tuple[Path, ...]],
) -> None:
    shp = whole[Format.SHAPEFILE]
    (source,) = open_dataset(shp[:3])
    assert source.layers[0].crs is None
    assert source.layers[0].rows == COUNTRY_ROWS


def test_two_shapefiles_in_one_dataset_keep_their_own_parts(
    whole: dict[Format, tuple[Path, ...]], tmp_path: Path
) -> None:
    other = [Path(shutil.copy(path, tmp_path / f"other{path.suffix}")) for path in whole[Format.SHAPEFILE]]
    sources = open_dataset((*whole[Format.SHAPEFILE], *reversed(other)))
    assert sorted(source.layers[0].name for source in sources) == ["countries", "other"]
