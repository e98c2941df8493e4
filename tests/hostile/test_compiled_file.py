from __future__ import annotations

import os
import stat
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from property.zone_positions import listed

from geogate.model.errors import ServiceError
from geogate.zones import compiled_file
from geogate.zones.compiled import CompiledIndex
from geogate.zones.compiled_tables import LAYOUT

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from geogate.zones.zone import ZoneList

ZONES = [
    shapely.box(10, 50, 10.05, 50.05),
    shapely.Point(10.2, 50.2),
    shapely.box(10.3, 49, 11, 49.7),
    shapely.box(20, 0, 22, 2),
    shapely.box(10, 50, 10.02, 50.02),
]
OWN_M = [0.0, 2_000.0, 0.0, 0.0, 50.0]
LIST = listed(ZONES, OWN_M)
LONLAT = np.random.default_rng(3).uniform([9.9, 48.9], [11.1, 50.3], (5_000, 2))


def opened(folder: Path, zones: ZoneList = LIST, *, buffer_m: float = 0.0) -> CompiledIndex:
    return CompiledIndex.open(zones, buffer_m=buffer_m, folder=folder)


def index_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def put(path: Path, content: bytes) -> None:
    """Put a file in the place of another, which may still be mapped."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.chmod(0o600)
    new.replace(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "indexes"
    opened(made).verified()
    return made


def same_hits(index: CompiledIndex, zones: ZoneList = LIST, *, buffer_m: float = 0.0) -> bool:
    index.verified()
    found, expected = index.points_within(LONLAT), CompiledIndex.build(zones, buffer_m=buffer_m).points_within(LONLAT)
    return np.array_equal(found.owner, expected.owner) and np.array_equal(found.zone, expected.zone)


def test_a_file_is_written_once_and_mapped_by_all_that_come_after(folder: Path) -> None:
    written = index_file(folder).stat()
    assert same_hits(opened(folder))
    assert index_file(folder).stat() == pytest.approx(written)
    assert index_file(folder).stat().st_ino == written.st_ino


def test_only_this_user_can_read_a_file(folder: Path) -> None:
    assert stat.S_IMODE(index_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_mapped_index_cannot_be_written_to(folder: Path) -> None:
    index = opened(folder)
    for group in (index.stripes, index.balls, index.cells):
        for name in group.__dataclass_fields__:
            assert not getattr(group, name).flags.writeable


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(ServiceError, match="can be written by others"):
        opened(folder)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_could_write_to_is_written_anew(folder: Path, mode: int) -> None:
    path = index_file(folder)
    path.chmod(mode)
    before = path.stat().st_ino
    assert same_hits(opened(folder))
    assert (index_file(folder).stat().st_ino != before, stat.S_IMODE(path.stat().st_mode)) == (True, 0o600)


def test_a_file_with_another_name_elsewhere_is_written_anew(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").hardlink_to(index_file(folder))
    assert same_hits(opened(folder))
    assert index_file(folder).stat().st_nlink == 1


def test_where_nothing_can_be_written_the_index_stays_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert same_hits(opened(tmp_path / "file" / "indexes"))
    assert (tmp_path / "file").read_bytes() == b""


def test_a_file_cut_short_anywhere_is_written_anew(folder: Path) -> None:
    path = index_file(folder)
    whole = path.read_bytes()
    lengths = [0, 1, 55, 56, 57, 200, 1_000, len(whole) // 3, len(whole) // 2, len(whole) - 64, len(whole) - 1]
    for length in lengths:
        put(path, whole[:length])
        assert same_hits(opened(folder))
        assert index_file(folder).stat().st_size == len(whole)


def test_a_file_with_more_behind_it_is_written_anew(folder: Path) -> None:
    path = index_file(folder)
    whole = path.read_bytes()
    put(path, whole + bytes(64))
    assert same_hits(opened(folder))
    assert path.read_bytes() == whole


def test_a_damaged_header_is_written_anew(folder: Path) -> None:
    path = index_file(folder)
    whole = path.read_bytes()
    begin = whole.index(b'{"origin"')
    for at in [*range(0, begin, 5), begin, begin + 40, begin + 400, begin + 700]:
        put(path, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert same_hits(opened(folder))
        assert path.read_bytes() == whole


def test_a_flipped_bit_in_any_table_is_never_believed(folder: Path) -> None:
    path = index_file(folder)
    whole = path.read_bytes()
    index = opened(folder)
    arrays = {**_arrays(index.stripes), **_arrays(index.balls), **_arrays(index.cells)}
    assert all(arrays[name].size for name in LAYOUT)
    ends = np.cumsum([0, *(-(-arrays[name].nbytes // 64) * 64 for name in LAYOUT)]) + len(whole)
    ends -= ends[-1] - len(whole)
    random = np.random.default_rng(0)
    for (first, _), name in zip(pairwise(ends), LAYOUT, strict=True):
        for at in random.integers(first, first + arrays[name].nbytes, 4):
            for byte in (0xFF, 0x80, whole[at] ^ 1):
                damaged = bytearray(whole)
                damaged[at] = byte
                if damaged == whole:
                    continue
                put(path, bytes(damaged))
                assert _is_refused(opened(folder)), name


def test_tables_full_of_noise_are_never_read_beyond_their_ends(folder: Path) -> None:
    path = index_file(folder)
    whole = path.read_bytes()
    begin = len(whole) - sum(
        -(-array.nbytes // 64) * 64
        for group in (opened(folder).stripes, opened(folder).balls, opened(folder).cells)
        for array in _arrays(group).values()
    )
    for seed in range(8):
        noise = np.random.default_rng(seed).bytes(len(whole) - begin)
        put(path, whole[:begin] + noise)
        assert _is_refused(opened(folder))


def test_another_list_distance_version_or_builder_makes_a_file_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = index_file(folder)
    content = before.read_bytes()
    other = listed([shapely.box(10, 49, 10.5, 50)], digest="1" * 64)
    assert same_hits(opened(folder, other), other)
    assert same_hits(opened(folder, buffer_m=700.0), buffer_m=700.0)
    assert len(list(folder.iterdir())) == 3
    assert before.read_bytes() == content
    for name, value in (("VERSION", 2), ("builder_digest", lambda: "another")):
        monkeypatch.setattr(compiled_file, name, value)
        assert same_hits(opened(folder))
        assert before.read_bytes() != content
    assert len(list(folder.iterdir())) == 3


def test_a_file_under_the_name_of_another_list_is_not_used(folder: Path) -> None:
    other = listed([shapely.box(10, 49, 10.5, 50)], digest="1" * 64)
    content = index_file(folder).read_bytes()
    index_file(folder).unlink()
    opened(folder, other).verified()
    path = index_file(folder)
    put(path, content)
    assert same_hits(opened(folder, other), other)


@pytest.mark.parametrize(
    ("zones", "own_m"),
    [([*ZONES[:-1], shapely.box(10, 50, 10.02, 50.021)], OWN_M), (ZONES, [*OWN_M[:-1], 51.0])],
)
def test_a_file_of_other_zones_with_the_same_digest_is_not_believed(
    folder: Path, zones: list[BaseGeometry], own_m: list[float]
) -> None:
    with pytest.raises(ServiceError, match="index of zone list list is damaged"):
        opened(folder, listed(zones, own_m)).verified()


def test_writers_at_the_same_time_leave_one_whole_file(folder: Path) -> None:
    index_file(folder).unlink()
    pids = []
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            opened(folder)
            os._exit(0)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    assert same_hits(opened(folder))
    assert len(list(folder.iterdir())) == 1


def _arrays(group: object) -> dict[str, np.ndarray]:
    return {name: getattr(group, name) for name in group.__dataclass_fields__}  # type: ignore[attr-defined]


def _is_refused(index: CompiledIndex) -> bool:
    try:
        index.points_within(LONLAT)
    except ServiceError as error:
        assert "damaged" in str(error)  # noqa: PT017 - either of two calls may find it
    with pytest.raises(ServiceError, match=r"index of zone list list is damaged.*delete its file"):
        index.verified()
    return True
