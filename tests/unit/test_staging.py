from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from geogate.model.dataset import FileDigest
from geogate.model.errors import InputError, RefusedError, ServiceError
from geogate.model.names import Sha256
from geogate.seal.hashing import CHUNK
from geogate.seal.staging import ABANDONED_S, Staging

if TYPE_CHECKING:
    from pathlib import Path

ODD_NAMES = [
    "",
    ".",
    "..",
    "../a.csv",
    "a/../../b.csv",
    "/etc/passwd",
    "a//b.csv",
    "a/",
    "./a.csv",
    "a\\b.csv",
    "a\nb.csv",
    "a\0b.csv",
    "a\u202eb.csv",
    "a\u200bb.csv",
    " a.csv",
    "a.csv ",
    "e\u0301.csv",
    "a" * 201,
    "\u00e9" * 130,
]


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    file.write_bytes(b"lon,lat\n1,2\n")
    return file


def kept(staging: Staging) -> list[Path]:
    """List everything in the store that is a file."""
    return sorted(path for path in staging.root.rglob("*") if path.is_file())


def test_a_file_is_kept_under_its_digest_and_read_only(staging: Staging, source: Path) -> None:
    dataset = staging.stage([source], names=["in/data.csv"], dataset="export")
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    assert dataset.files == (FileDigest(name="in/data.csv", size=12, sha256=Sha256(sha256)),)
    assert (dataset.name, dataset.digest, dataset.size) == ("export", sha256, 12)
    path = staging.open(Sha256(sha256))
    assert kept(staging) == [path]
    assert path.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert path.stat().st_ino != source.stat().st_ino


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_files_of_any_size_are_copied_whole(size: int, staging: Staging, tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(os.urandom(size))
    (staged,) = staging.stage([file], names=["big"], dataset="d").files
    assert staging.open(staged.sha256).read_bytes() == file.read_bytes()
    assert staged.size == size


def test_the_same_bytes_are_kept_once(staging: Staging, source: Path) -> None:
    first = staging.stage([source, source], names=["a.csv", "b.csv"], dataset="d")
    again = staging.stage([source], names=["a.csv"], dataset="d")
    assert len(kept(staging)) == 1
    assert first.files[0] == again.files[0]


def test_several_files_have_the_digest_of_their_manifest(staging: Staging, source: Path) -> None:
    dataset = staging.stage([source, source], names=["b.csv", "a.csv"], dataset="d")
    swapped = staging.stage([source, source], names=["a.csv", "b.csv"], dataset="d")
    assert dataset.digest == swapped.digest != dataset.files[0].sha256


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_that_point_elsewhere_or_do_not_show_as_they_are_are_refused(
    name: str, staging: Staging, source: Path
) -> None:
    with pytest.raises(InputError, match="not usable"):
        staging.stage([source], names=[name], dataset="d")
    with (
        pytest.raises(InputError, match="not usable"),
        staging.view([FileDigest(name=name, size=0, sha256=Sha256("0"))]),
    ):
        pass
    assert not staging.root.exists()


@pytest.mark.parametrize("name", ["a", "a" * 200, "Zürich.geojson", "in/out/a b.csv", ".hidden", "..a", "地図.gpkg"])
def test_other_names_are_taken(name: str, staging: Staging, source: Path) -> None:
    dataset = staging.stage([source], names=[name], dataset="d")
    with staging.view(dataset.files) as (path,):
        assert path.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("names", [["a.csv", "a.csv"], ["a.csv", "A.CSV"], ["a", "a/b"], ["A/b", "a"]])
def test_names_that_collide_are_refused(names: list[str], staging: Staging, source: Path) -> None:
    with pytest.raises(InputError, match="the same name"):
        staging.stage([source, source], names=names, dataset="d")


def test_a_dataset_needs_files_and_a_name_for_each(staging: Staging, source: Path) -> None:
    with pytest.raises(InputError, match="no files"):
        staging.stage([], names=[], dataset="d")
    with pytest.raises(InputError, match="not every file has a name"):
        staging.stage([source], names=["a", "b"], dataset="d")


def test_links_pipes_folders_and_devices_are_refused(staging: Staging, source: Path, tmp_path: Path) -> None:
    link, pipe = tmp_path / "link.csv", tmp_path / "pipe.csv"
    link.symlink_to(source)
    os.mkfifo(pipe)
    for path in (link, pipe, tmp_path, type(tmp_path)("/dev/null"), tmp_path / "absent.csv"):
        with pytest.raises(InputError) as caught:
            staging.stage([path], names=["a.csv"], dataset="d")
        assert str(tmp_path) not in str(caught.value)
    assert kept(staging) == []


def test_no_byte_is_read_through_a_link(staging: Staging, source: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(source)
    with pytest.raises(InputError, match="links are not followed"):
        staging.stage([link], names=["a.csv"], dataset="d")


def test_a_file_that_changes_while_it_is_copied_is_refused(staging: Staging, tmp_path: Path) -> None:
    file = tmp_path / "growing.csv"
    file.write_bytes(os.urandom(64 * CHUNK))
    stop = threading.Event()

    def grow() -> None:
        with file.open("r+b") as target:
            while not stop.is_set():
                target.seek(0)
                target.write(os.urandom(16))
                target.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(InputError, match="changed while it was copied"):
            staging.stage([file], names=["a.csv"], dataset="d")
    finally:
        stop.set()
        writer.join()
    assert kept(staging) == []


def test_a_file_that_is_replaced_while_it_is_copied_is_refused(staging: Staging, tmp_path: Path) -> None:
    file, other = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_bytes(os.urandom(64 * CHUNK))
    stop = threading.Event()

    def replace() -> None:
        while not stop.is_set():
            other.write_bytes(b"x")
            other.replace(file)

    def stage_often() -> None:
        for _ in range(1000):
            staging.stage([file], names=["a.csv"], dataset="d")

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        with pytest.raises(InputError):
            stage_often()
    finally:
        stop.set()
        writer.join()


def test_an_object_that_changed_or_vanished_is_refused(staging: Staging, source: Path) -> None:
    dataset = staging.stage([source], names=["a.csv"], dataset="d")
    path = staging.open(dataset.digest)
    path.chmod(0o600)
    path.write_bytes(b"lon,lat\n1,3\n")
    with pytest.raises(RefusedError, match="has changed since it was sealed"):
        staging.open(dataset.digest)
    with pytest.raises(RefusedError), staging.view(dataset.files):
        pass
    with pytest.raises(RefusedError):
        staging.stage([source], names=["a.csv"], dataset="d")
    path.unlink()
    with pytest.raises(RefusedError, match="is missing"):
        staging.open(dataset.digest)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "\n"])
def test_what_is_no_digest_opens_nothing(digest: str, staging: Staging) -> None:
    with pytest.raises(RefusedError, match="not a SHA-256 digest"):
        staging.open(Sha256(digest))


def test_a_view_shows_files_side_by_side_and_ends_with_the_block(staging: Staging, source: Path) -> None:
    dataset = staging.stage([source, source], names=["a.shp", "sub/a.shx"], dataset="d")
    with staging.view(dataset.files) as paths:
        folder = paths[0].parent
        assert [path.relative_to(folder).as_posix() for path in paths] == ["a.shp", "sub/a.shx"]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()
    assert staging.open(dataset.files[0].sha256).exists()


def test_what_geogate_wrote_is_adopted_without_a_copy(staging: Staging) -> None:
    with staging.scratch() as folder:
        written = folder / "out.csv"
        written.write_bytes(b"x")
        inode = written.stat().st_ino
        (digest,) = staging.adopt([written], names=["out.csv"])
    path = staging.open(digest.sha256)
    assert (path.stat().st_ino, stat.S_IMODE(path.stat().st_mode)) == (inode, 0o400)
    assert digest == FileDigest(name="out.csv", size=1, sha256=Sha256(hashlib.sha256(b"x").hexdigest()))


KILLED = """
import os, signal, sys
from pathlib import Path
from geogate.seal.staging import Staging

with Staging(Path(sys.argv[1])).scratch() as folder:
    (folder / "copy").write_bytes(b"private")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_has_left_goes_after_an_hour_and_what_somebody_works_in_never(staging: Staging) -> None:
    subprocess.run([sys.executable, "-c", KILLED, staging.root], check=False)
    (left,) = (staging.root / "work").iterdir()
    with staging.scratch() as folder:
        assert left.exists()  # it may be that of a machine that is slow
        for each in (left, folder):
            os.utime(each, (time.time() - ABANDONED_S - 1,) * 2)
        with staging.scratch():
            assert not left.exists()
            assert folder.exists()
    assert [*(staging.root / "work").iterdir()] == []


FULL = """
import resource, sys
from pathlib import Path
from geogate.model.errors import ServiceError
from geogate.seal.staging import Staging

resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
staging = Staging(Path(sys.argv[1]))
try:
    staging.stage([Path(sys.argv[2])], names=["a"], dataset="d")
except ServiceError as error:
    assert error.retryable and sys.argv[1] not in str(error), error
    sys.exit(5)
"""


def test_a_disk_that_takes_no_more_is_a_service_error_and_leaves_nothing(staging: Staging, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * (3 << 20))
    done = subprocess.run([sys.executable, "-c", FULL, staging.root, file], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (5, b"")
    assert kept(staging) == []
    assert list((staging.root / "work").iterdir()) == []


def test_a_store_that_cannot_be_made_is_a_service_error(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ServiceError) as caught:
        Staging(tmp_path / "file" / "staging").stage([source], names=["a"], dataset="d")
    assert str(tmp_path) not in str(caught.value)


def test_descriptors_are_closed_again(staging: Staging, source: Path, tmp_path: Path) -> None:
    def lowest_free() -> int:
        descriptor = os.open(source, os.O_RDONLY)
        os.close(descriptor)
        return descriptor

    before = lowest_free()
    for index in range(20):
        staging.stage([source], names=[f"{index}.csv"], dataset="d")
        with pytest.raises(InputError):
            staging.stage([tmp_path], names=["a"], dataset="d")
    assert lowest_free() == before
