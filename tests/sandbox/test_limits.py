"""Whatever a reader uses too much of, it ends, and what ended it is named."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sandboxing import attacks
from sandboxing.places import SMALL, child

from geogate.sandbox import ChildFailedError, ChildLimitError, IsolationLevel, LimitKind

if TYPE_CHECKING:
    from pathlib import Path


def test_a_child_that_uses_the_processor_for_ever_ends(any_level: IsolationLevel) -> None:
    with child(any_level, limits=replace(SMALL, cpu_s=1)) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.spin, gives=str)
    assert caught.value.kind is LimitKind.CPU


def test_a_child_that_sleeps_for_ever_ends(any_level: IsolationLevel) -> None:
    start = time.monotonic()
    with child(any_level, limits=replace(SMALL, wall_s=0.5)) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.sleep, gives=str)
    assert caught.value.kind is LimitKind.WALL
    assert time.monotonic() - start < 5


def test_time_counts_over_all_calls_and_only_while_one_is_waited_for(any_level: IsolationLevel) -> None:
    with child(any_level, limits=replace(SMALL, wall_s=1.0)) as inside:
        time.sleep(1.2)
        assert inside.call(attacks.echo, 1, gives=int) == 1
        inside.call(attacks.sleep, 0.7, gives=type(None))
        with pytest.raises(ChildLimitError, match="time"):
            inside.call(attacks.sleep, 0.7, gives=type(None))


def test_a_child_that_takes_memory_without_end_ends(any_level: IsolationLevel) -> None:
    with child(any_level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.take_memory, gives=int)
    assert caught.value.kind is LimitKind.MEMORY


def test_a_child_that_takes_memory_beside_the_limit_on_data_ends(any_level: IsolationLevel) -> None:
    with child(any_level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.share_memory, 1 << 30, gives=int)
    assert caught.value.kind is LimitKind.MEMORY


def test_a_child_that_starts_threads_without_end_ends(any_level: IsolationLevel) -> None:
    with child(any_level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.many_threads, gives=int)
    assert caught.value.kind in {LimitKind.THREADS, LimitKind.WALL}


def test_a_child_has_a_scratch_folder_of_its_own(any_level: IsolationLevel, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"hello")
    with child(any_level, {tmp_path / "a.bin": "a.bin"}, limits=replace(SMALL, scratch_bytes=1 << 20)) as inside:
        assert inside.call(attacks.use_scratch, 1000, gives=str) == "hello"
        with pytest.raises(ChildLimitError, match="wrote more"):
            inside.call(attacks.use_scratch, 2 << 20, gives=str)


def test_a_child_can_do_without_a_scratch_folder(level: IsolationLevel, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"hello")
    with (
        child(level, {tmp_path / "a.bin": "a.bin"}, limits=replace(SMALL, scratch_bytes=0)) as inside,
        pytest.raises(ChildFailedError),
    ):
        inside.call(attacks.use_scratch, 1, gives=str)


@pytest.mark.parametrize(("size", "files"), [(16 << 20, 1), (4 << 20, 8)])
def test_a_child_that_writes_too_much_ends(any_level: IsolationLevel, tmp_path: Path, size: int, files: int) -> None:
    with child(any_level, output=tmp_path) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.write_much, size, files, gives=int)
    assert caught.value.kind is LimitKind.OUTPUT


def test_a_child_that_writes_a_file_full_of_holes_ends(any_level: IsolationLevel, tmp_path: Path) -> None:
    with child(any_level, output=tmp_path) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.write_holes, 10 << 30, gives=str)
    assert caught.value.kind is LimitKind.OUTPUT


def test_a_child_at_its_limit_of_output_goes_on(any_level: IsolationLevel, tmp_path: Path) -> None:
    with child(any_level, limits=replace(SMALL, output_bytes=200), output=tmp_path) as inside:
        inside.call(attacks.write, ["a", "b"], gives=list[str])
        assert sum(file.bytes for file in inside.finish(["a", "b"]).written) == 200


def test_files_that_are_too_much_together_deny(any_level: IsolationLevel, tmp_path: Path) -> None:
    with child(any_level, limits=replace(SMALL, output_bytes=199), output=tmp_path) as inside:
        inside.call(attacks.write, ["a", "b"], gives=list[str])
        with pytest.raises(ChildLimitError, match="wrote more"):
            inside.finish(["a", "b"])


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("segv", LimitKind.SIGNAL),
        ("abort", LimitKind.SIGNAL),
        ("exit", LimitKind.PROTOCOL),
        ("code", LimitKind.PROTOCOL),
        ("not-isolated", LimitKind.PROTOCOL),
    ],
)
def test_a_child_that_dies_denies(any_level: IsolationLevel, how: str, kind: LimitKind) -> None:
    with child(any_level) as inside:
        with pytest.raises(ChildLimitError) as caught:
            inside.call(attacks.crash, how, gives=str)
        assert caught.value.kind is kind
        with pytest.raises(ChildLimitError):
            inside.call(attacks.echo, 1, gives=int)
        with pytest.raises(ChildLimitError):
            inside.finish()


def test_a_child_that_dies_between_calls_denies(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        inside.call("sandboxing.attacks:later", "exit", gives=int)
        time.sleep(0.5)
        with pytest.raises(ChildLimitError):
            inside.finish()


@pytest.mark.parametrize("how", ["warning", "log", "print", "library"])
def test_whatever_a_child_says_to_nobody_is_a_warning(any_level: IsolationLevel, how: str) -> None:
    with child(any_level) as inside:
        inside.call(attacks.echo, 1, gives=int)
        assert not inside.warned
        inside.call(attacks.say, how, gives=int)
        assert inside.warned
        assert inside.finish().warned


def test_a_child_that_never_stops_talking_does_not_block(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        inside.call(attacks.say, "much", gives=int)
        assert inside.warned


def test_a_quiet_child_has_not_warned(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        inside.call(attacks.echo, 1, gives=int)
        assert not inside.finish().warned


def test_of_an_error_only_its_type_comes_out(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        with pytest.raises(ChildFailedError, match=r"^a function failed in the child process: ValueError$"):
            inside.call(attacks.fail, "value", gives=str)
        with pytest.raises(ChildFailedError, match="an unnamed error"):
            inside.call(attacks.fail, "name", gives=str)
        with pytest.raises(ChildFailedError, match="KeyboardInterrupt"):
            inside.call(attacks.fail, "interrupt", gives=str)
        assert inside.call(attacks.echo, "still here", gives=str) == "still here"
        with pytest.raises(ChildLimitError, match="memory"):
            inside.call(attacks.fail, "memory", gives=str)


@pytest.mark.parametrize("what", ["more", "folder", "none"])
def test_anything_but_the_declared_files_denies(any_level: IsolationLevel, tmp_path: Path, what: str) -> None:
    with child(any_level, output=tmp_path) as inside:
        names = inside.call(attacks.leave, what, gives=list[str])
        with pytest.raises(ChildLimitError) as caught:
            inside.finish(names)
    assert caught.value.kind is LimitKind.STRAY_FILE
    assert not list(tmp_path.iterdir())


def test_folders_too_deep_to_look_into_deny_and_are_removed(any_level: IsolationLevel, tmp_path: Path) -> None:
    with child(any_level, output=tmp_path) as inside, pytest.raises(ChildLimitError):
        inside.finish(inside.call(attacks.leave, "deep", gives=list[str]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["symbolic", "hard", "pipe"])
def test_links_and_pipes_do_not_leave(any_level: IsolationLevel, tmp_path: Path, how: str) -> None:
    source, output = tmp_path / "a.bin", tmp_path / "output"
    source.write_bytes(b"x")
    output.mkdir()
    with child(any_level, {source: "a.bin"}, output=output) as inside:
        answer = inside.call(attacks.make_link, how, gives=str)
        assert answer or any_level is IsolationLevel.LIMITED
        with pytest.raises(ChildLimitError) as caught:
            inside.finish(["declared.bin"])
    assert caught.value.kind is LimitKind.STRAY_FILE


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "", "a/../../b", "a\0b"])
def test_a_declared_name_cannot_lead_out_of_the_output(tmp_path: Path, any_level: IsolationLevel, name: str) -> None:
    with child(any_level, output=tmp_path) as inside, pytest.raises(ChildLimitError) as caught:
        inside.finish([name])
    assert caught.value.kind is LimitKind.STRAY_FILE


def test_what_a_child_declares_is_found(any_level: IsolationLevel, tmp_path: Path) -> None:
    with child(any_level, output=tmp_path) as inside:
        names = inside.call(attacks.write, ["a.bin", "folder/b.bin"], gives=list[str])
        ending = inside.finish(names)
    assert [file.name for file in ending.written] == names
    assert ending.isolation.level is any_level
