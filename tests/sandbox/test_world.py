"""The world of a child as the machine sees it: each wall stands by itself, and not only because another one does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sandboxing import attacks
from sandboxing.places import all_levels, child, zygote

from geogate.sandbox import IsolationLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

if IsolationLevel.NAMESPACES not in all_levels():
    pytest.skip("this machine gives no namespaces", allow_module_level=True)

KINDS = ("net", "mnt", "pid", "user", "ipc", "uts")


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Path]:
    """What the machine knows of a child that has read a file."""
    (tmp_path / "a.bin").write_bytes(b"x")
    with child(IsolationLevel.NAMESPACES, {tmp_path / "a.bin": "a.bin"}) as inside:
        assert inside.call(attacks.read_all, gives=attacks.Seen).bytes == 1
        *_, youngest = sorted(below(zygote().pid))
        yield Path(f"/proc/{youngest}")


def below(pid: int) -> set[int]:
    """Name the processes that a process has started, and those that they have."""
    own = {int(pid) for tasks in Path(f"/proc/{pid}/task").glob("*/children") for pid in tasks.read_text().split()}
    return own.union(*(below(each) for each in own))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_machine_is_shared(process: Path, kind: str) -> None:
    assert (process / "ns" / kind).readlink() != (Path("/proc/self/ns") / kind).readlink()


def test_files_and_everything_besides_devices_are_mounted_read_only(process: Path) -> None:
    mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
    writable = {mount[4] for mount in mounts if "rw" in mount[5].split(",") and not mount[4].startswith("/dev/")}
    assert any(mount[4].startswith("/data") for mount in mounts)
    assert not any(place.startswith("/data") for place in writable), writable
