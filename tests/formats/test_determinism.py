from __future__ import annotations

import subprocess
import sys
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
from formats.datasets import COUNTRIES, SUFFIXES, countries, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.model.errors import ServiceError, UsageError
from geogate.readers import open_dataset
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from pathlib import Path

AGAIN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from formats.datasets import sealed
from geogate.model.dataset import Format
for kind, *files in (line.split("|") for line in sys.argv[3:]):
    sealed(tuple(map(Path, files)), Path(sys.argv[2]) / kind, Format.SHAPEFILE)
"""


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_rows_give_the_same_bytes_in_another_process_at_another_time(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    inputs = {kind: countries(tmp_path, kind) for kind in SUFFIXES}
    gpd.read_file(COUNTRIES).head(3).to_file(inputs[Format.GEOPACKAGE][0], layer="another")
    (tmp_path / "one").mkdir()
    for kind, files in inputs.items():
        sealed(files, tmp_path / "one" / kind, Format.SHAPEFILE)
    # The times in SQLite and dBASE have a resolution of a second at best.
    time.sleep(2)
    (tmp_path / "two").mkdir()
    lines = ["|".join([kind, *map(str, files)]) for kind, files in inputs.items()]
    tests = request.config.rootpath / "tests"
    subprocess.run([sys.executable, "-c", AGAIN, tests, tmp_path / "two", *lines], check=True, capture_output=True)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert len(digests(tmp_path / "one")) == len(SUFFIXES) + 4


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_sealing_what_was_sealed_changes_nothing(kind: Format, tmp_path: Path) -> None:
    once = sealed(countries(tmp_path, kind), tmp_path / "once")
    twice = sealed(once, tmp_path / "twice")
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in twice]


def test_files_keep_their_stem_and_their_order(tmp_path: Path) -> None:
    files = (*countries(tmp_path, Format.CSV), *countries(tmp_path, Format.FLATGEOBUF))
    assert [path.name for path in sealed(files, tmp_path / "out")] == ["countries.csv", "countries.fgb"]


def test_two_files_that_would_leave_under_one_name_are_refused(tmp_path: Path) -> None:
    (first,) = countries(tmp_path, Format.FLATGEOBUF)
    second = first.with_suffix(".bin")
    second.write_bytes(first.read_bytes())
    with pytest.raises(UnreadableError, match="the same name"):
        sealed((first, second), tmp_path / "out")


@pytest.mark.parametrize("kind", [Format.CSV, Format.GEOPARQUET])
def test_a_shapefile_leaves_as_geopackage_or_shapefile_only(kind: Format, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot leave as"):
        encode([], into=tmp_path, shapefile_as=kind)


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from formats.datasets import sealed
from geogate.model.dataset import Format
from geogate.model.errors import ServiceError
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    sealed(tuple(map(Path, sys.argv[4:])), Path(sys.argv[2]), Format.SHAPEFILE)
except ServiceError:
    sys.exit(5)
"""


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_a_disk_that_takes_no_more_is_a_service_error(
    kind: Format, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    files = countries(tmp_path, kind)
    arguments: list[str | Path] = [request.config.rootpath / "tests", tmp_path / "out", "20000", *files]
    done = subprocess.run([sys.executable, "-c", FULL, *arguments], check=False, capture_output=True)
    assert done.returncode == ServiceError.exit_code, done.stderr.decode()[-2000:]


def test_layers_of_a_source_are_the_same_each_time(tmp_path: Path) -> None:
    (source,) = open_dataset(countries(tmp_path, Format.GEOPACKAGE))
    assert source.layers is source.layers
