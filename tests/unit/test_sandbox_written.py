"""What lies in the output of a child, whoever put it there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from geogate.sandbox.errors import ChildLimitError, LimitKind
from geogate.sandbox.written import Written, look_through

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


def test_a_declared_file_is_found_with_its_size(output: Path) -> None:
    (output / "a.bin").write_bytes(b"123")
    assert look_through(output, ["a.bin"], most_bytes=3) == (Written(name="a.bin", bytes=3),)


def test_a_file_with_a_second_name_denies_because_it_can_be_changed_by_that(output: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"123")
    os.link(tmp_path / "elsewhere", output / "a.bin")
    with pytest.raises(ChildLimitError) as caught:
        look_through(output, ["a.bin"], most_bytes=3)
    assert caught.value.kind is LimitKind.STRAY_FILE


def test_a_link_to_a_file_denies(output: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"123")
    (output / "a.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ChildLimitError) as caught:
        look_through(output, ["a.bin"], most_bytes=3)
    assert caught.value.kind is LimitKind.STRAY_FILE
