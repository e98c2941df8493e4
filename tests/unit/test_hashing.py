"""Digests beside other work: always waited for, never lost."""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING

import pytest

from geogate.model.errors import RefusedError
from geogate.seal.hashing import CHUNK, beside, hash_file
from geogate.seal.staging import Staging

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_file_is_hashed_and_copied_whole(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    (tmp_path / "one").write_bytes(data)
    with (tmp_path / "one").open("rb", buffering=0) as one, (tmp_path / "two").open("wb", buffering=0) as two:
        assert hash_file(one.fileno(), two.fileno()) == (hashlib.sha256(data).hexdigest(), size)
    assert (tmp_path / "two").read_bytes() == data


def test_the_end_of_the_block_waits_for_the_work() -> None:
    begun, done = threading.Event(), threading.Event()

    def work(_stop: threading.Event) -> int:
        begun.set()
        done.wait(5)
        return 7

    with beside(work) as found:
        assert begun.wait(5)
        assert not found.done()
        done.set()
    assert found.result() == 7


def test_an_error_of_the_work_ends_the_block() -> None:
    def work(_stop: threading.Event) -> None:
        raise RefusedError("it has changed")

    with pytest.raises(RefusedError, match="it has changed"), beside(work):
        pass


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_an_error_of_the_block_stops_the_work(error: BaseException, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (2 * CHUNK))
    stopped: list[bool] = []

    def work(stop: threading.Event) -> None:
        stop.wait(5)
        with (tmp_path / "large").open("rb", buffering=0) as file:
            try:
                hash_file(file.fileno(), stop=stop)
            except InterruptedError:
                stopped.append(True)
                raise

    with pytest.raises(type(error)) as caught, beside(work):
        raise error
    assert caught.value is error
    assert stopped == [True]


def test_an_object_that_changes_while_it_is_shown_ends_the_block(tmp_path: Path) -> None:
    staging, file = Staging(tmp_path / "staging"), tmp_path / "data.csv"
    file.write_bytes(b"lon,lat\n1,2\n")
    dataset = staging.stage([file], names=["a.csv"], dataset="d")
    kept = staging.open(dataset.files[0].sha256)
    kept.chmod(0o600)
    kept.write_bytes(b"lon,lat\n1,3\n")
    used: list[bytes] = []
    with pytest.raises(RefusedError, match="has changed"), staging.view(dataset.files) as (path,):
        used.append(path.read_bytes())
    kept.unlink()
    with pytest.raises(RefusedError, match="is missing"), staging.view(dataset.files):
        used.append(b"never")
    assert used == [b"lon,lat\n1,3\n"]
