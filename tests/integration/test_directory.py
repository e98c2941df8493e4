"""Putting cleared files into a real directory: once, complete, and never over or through anything else."""

from __future__ import annotations

import os
import resource
import signal
import stat
import sys
from itertools import count
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pytest
from integration.fixtures_s3 import clearance_for, stage

from geogate.destinations.channel import Channel, ChannelSettings, channel_for
from geogate.destinations.errors import (
    ChangedError,
    ForbiddenError,
    MisconfiguredError,
    OccupiedError,
    UnavailableError,
)
from geogate.model.errors import InputError, RefusedError
from geogate.model.parties import Posture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from geogate.model.release import Delivery

CONTENTS = {"a.gpkg": b"roads" * 1000, "b.csv": b"", "sub/c.parquet": b"cells" * 500_000}
MOST_STEPS = 500


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "outbox"
    folder.mkdir()
    return folder


def channel_to(folder: Path) -> Channel:
    return channel_for(f"file://{folder}/", settings=ChannelSettings(country="DE"))


def put(folder: Path, staged: list[Any], **changes: Any) -> tuple[Delivery, ...]:
    return channel_to(folder).put(staged, clearance=clearance_for(staged, destination=f"file://{folder}/", **changes))


def lying_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_cleared_arrives_with_its_bytes_and_nothing_else_does(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    deliveries = put(outbox, staged)
    assert lying_in(outbox) == CONTENTS
    assert [(d.uri, d.sha256, d.size, d.version) for d in deliveries] == [
        (f"file://{outbox}/{digest.name}", digest.sha256, digest.size, "") for digest, _ in staged
    ]


def test_others_than_the_group_cannot_read_it(outbox: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        put(outbox, stage(tmp_path / "staged", CONTENTS))
    finally:
        os.umask(before)
    assert stat.S_IMODE((outbox / "a.gpkg").stat().st_mode) == 0o640
    assert stat.S_IMODE((outbox / "sub").stat().st_mode) == 0o750


def test_sending_again_finds_what_was_delivered_and_leaves_it(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    first = put(outbox, staged)
    inode = (outbox / "a.gpkg").stat().st_ino
    assert put(outbox, staged) == first
    assert (outbox / "a.gpkg").stat().st_ino == inode


@pytest.mark.parametrize("other", [b"other", b"ROADS" * 1000, b""], ids=["shorter", "same size", "empty"])
def test_something_else_is_never_overwritten_and_nothing_arrives_beside_it(
    other: bytes, outbox: Path, tmp_path: Path
) -> None:
    (outbox / "a.gpkg").write_bytes(other)
    with pytest.raises(OccupiedError, match=r"something else is already there: 'a\.gpkg'"):
        put(outbox, stage(tmp_path / "staged", CONTENTS))
    assert lying_in(outbox) == {"a.gpkg": other}


def test_a_link_or_a_folder_with_the_name_is_something_else(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", {"a.csv": b"1"})
    (outbox / "a.csv").symlink_to(staged[0][1])
    with pytest.raises(OccupiedError, match="already there"):
        put(outbox, staged)
    (outbox / "a.csv").unlink()
    (outbox / "a.csv").mkdir()
    with pytest.raises(OccupiedError, match="already there"):
        put(outbox, staged)
    (outbox / "a.csv").rmdir()
    os.mkfifo(outbox / "a.csv")
    with pytest.raises(OccupiedError, match="already there"):
        put(outbox, staged)


@pytest.mark.parametrize("damage", [b"ROADS" * 1000, b"roads", b""], ids=["changed", "shorter", "empty"])
def test_a_staged_file_that_changed_is_refused_and_nothing_arrives(damage: bytes, outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    staged[0][1].write_bytes(damage)
    with pytest.raises(ChangedError, match=r"'a\.gpkg' is not the one that was cleared"):
        put(outbox, staged)
    assert not lying_in(outbox)


def test_the_last_of_several_files_that_changed_keeps_all_from_arriving(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    staged[-1][1].write_bytes(b"other")
    with pytest.raises(ChangedError, match=r"c\.parquet"):
        put(outbox, staged)
    assert not lying_in(outbox)


def test_a_staged_file_that_is_gone_is_an_input_error_without_its_path(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", {"a.csv": b"1"})
    staged[0][1].unlink()
    with pytest.raises(InputError, match=r"'a\.csv' cannot be read: No such file") as caught:
        put(outbox, staged)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("where", ["outbox", "above"])
def test_a_destination_behind_a_symbolic_link_is_refused(where: str, outbox: Path, tmp_path: Path) -> None:
    link = tmp_path.resolve() / "link"
    link.symlink_to(outbox if where == "outbox" else outbox.parent)
    folder = link if where == "outbox" else link / "outbox"
    staged = stage(tmp_path / "staged", CONTENTS)
    with pytest.raises(MisconfiguredError, match="without symbolic links") as caught:
        put(folder, staged)
    assert not caught.value.retryable
    assert str(tmp_path) not in str(caught.value)
    assert not lying_in(outbox)
    with pytest.raises(MisconfiguredError):
        channel_to(folder).posture()


def test_a_link_below_the_destination_is_not_followed(outbox: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (outbox / "sub").symlink_to(elsewhere)
    with pytest.raises(MisconfiguredError):
        put(outbox, stage(tmp_path / "staged", CONTENTS))
    assert not lying_in(elsewhere)
    assert not lying_in(outbox)


def test_a_directory_that_does_not_exist_is_not_made(outbox: Path, tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="No such file or directory"):
        put(outbox / "missing", stage(tmp_path / "staged", CONTENTS))
    assert not (outbox / "missing").exists()


def test_a_directory_is_local_and_where_the_settings_say(outbox: Path) -> None:
    assert channel_to(outbox).posture() == Posture(region="local", country="DE")
    unknown = channel_for(f"file://{outbox}/", settings=ChannelSettings())
    assert unknown.posture() == Posture(region="local", country=None)


def test_a_clearance_for_another_place_is_refused(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    clearance = clearance_for(staged, destination="file:///elsewhere/")
    with pytest.raises(RefusedError, match="another destination"):
        channel_to(outbox).put(staged, clearance=clearance)
    with pytest.raises(RefusedError, match="not those that the clearance names"):
        channel_to(outbox).put(staged[1:], clearance=clearance_for(staged, destination=f"file://{outbox}/"))
    assert not lying_in(outbox)


def test_other_files_than_those_of_the_clearance_are_refused_though_they_are_as_many(
    outbox: Path, tmp_path: Path
) -> None:
    cleared = stage(tmp_path / "cleared", {"a.csv": b"1", "b.csv": b"2"})
    other = stage(tmp_path / "other", {"a.csv": b"1", "b.csv": b"3"})
    with pytest.raises(RefusedError, match="not those that the clearance names"):
        channel_to(outbox).put(other, clearance=clearance_for(cleared, destination=f"file://{outbox}/"))
    assert not lying_in(outbox)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 64 KiB, as a disk that is nearly full does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_may_be_tried_again_and_keeps_no_remains(
    outbox: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    request.getfixturevalue("small_disk")
    with pytest.raises(UnavailableError, match="make room") as caught:
        put(outbox, staged)
    assert caught.value.retryable
    assert not lying_in(outbox)


def in_a_process(run: Callable[[], None]) -> int | None:
    """Run in a process that is a copy of this one, and return how it ended."""
    process = get_context("fork").Process(target=run)
    process.start()
    process.join()
    return process.exitcode


def test_a_directory_that_we_may_not_write_is_not_tried_again(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    outbox.chmod(0o500)

    def run() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            put(outbox, staged)
        except ForbiddenError as error:
            os._exit(7 if not error.retryable else 8)

    assert in_a_process(run) == 7
    outbox.chmod(0o700)
    assert not lying_in(outbox)


def die_at(step: int) -> Callable[[Any, str, Any], None]:
    """Return a profiler that kills this process before its n-th call of the operating system for a file."""
    calls = count()

    def watch(_frame: Any, event: str, function: Any) -> None:
        if event != "c_call":
            return
        module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
        if module in {"posix", "_io"} and next(calls) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return watch


def test_after_a_kill_at_any_step_another_attempt_leaves_each_file_complete_and_nothing_else(tmp_path: Path) -> None:
    contents = {"a.csv": b"1", "sub/b.csv": b"2"}
    staged = stage(tmp_path / "staged", contents)
    for step in range(MOST_STEPS):
        outbox = tmp_path.resolve() / f"outbox-{step}"
        outbox.mkdir()

        def run(outbox: Path = outbox, step: int = step) -> None:
            sys.setprofile(die_at(step))
            put(outbox, staged)
            sys.setprofile(None)
            os._exit(0)

        ended = in_a_process(run)
        visible = {name: content for name, content in lying_in(outbox).items() if not name.endswith(".part")}
        assert visible.items() <= contents.items()
        assert [delivery.sha256 for delivery in put(outbox, staged)] == [digest.sha256 for digest, _ in staged]
        assert lying_in(outbox) == contents
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert ended == 0
    assert step >= 30


def test_what_was_delivered_under_a_clearance_is_found_and_nothing_is_sent(outbox: Path, tmp_path: Path) -> None:
    staged = stage(tmp_path / "staged", CONTENTS)
    clearance = clearance_for(staged, destination=f"file://{outbox}/")
    channel = channel_to(outbox)
    (outbox / "a.gpkg").write_bytes(b"other")
    (outbox / "b.csv").write_bytes(b"")
    (outbox / f".{staged[0][0].sha256[:16]}.{clearance.nonce}.part").write_bytes(b"half")
    found = channel.delivered(clearance=clearance)
    assert [delivery and delivery.uri for delivery in found] == [None, f"file://{outbox}/b.csv", None]
    assert lying_in(outbox) == {"a.gpkg": b"other", "b.csv": b""}
