"""After any end no process, no file and no descriptor is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sandboxing import attacks
from sandboxing.places import child, levels, zygote
from sandboxing.processes import as_ordinary_user, below, lives, within

from geogate.model.errors import ServiceError
from geogate.sandbox import ChildLimitError, IsolationLevel, LimitKind, Zygote

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]


@contextlib.contextmanager
def parent(level: IsolationLevel, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start a parent whose child never answers; give it and the processes below it: zygote, guard and child."""
    environment = os.environ | {"PYTHONPATH": str(TESTS), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "sandboxing.parent", level]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        processes = below(process.pid)
        try:
            yield process, processes
        finally:
            process.kill()


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def left(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.glob("geogate-*"))


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_takes_all_with_it(
    any_level: IsolationLevel, tmp_path: Path, way: signal.Signals
) -> None:
    with parent(any_level, tmp_path) as (process, processes):
        assert len(processes) == 3
        assert len(left(tmp_path)) == 1
        process.send_signal(way)
        process.wait()
        assert within(10, lambda: not any(map(lives, processes)))
        assert within(2, lambda: not left(tmp_path))


def test_a_guard_that_is_killed_takes_the_child_with_it(any_level: IsolationLevel, tmp_path: Path) -> None:
    with parent(any_level, tmp_path) as (_process, (_zygote, guard, reader)):
        os.kill(guard, signal.SIGKILL)
        assert within(5, lambda: not lives(reader))
        assert within(5, lambda: not [path for base in left(tmp_path) for path in base.iterdir()])


def test_a_zygote_that_is_killed_leaves_a_child_that_ends_with_its_parent(
    any_level: IsolationLevel, tmp_path: Path
) -> None:
    with parent(any_level, tmp_path) as (process, processes):
        os.kill(processes[0], signal.SIGKILL)
        process.kill()
        process.wait()
        assert within(10, lambda: not any(map(lives, processes)))


def test_what_a_killed_zygote_has_left_the_next_one_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    old, young, other = (tmp_path / f"geogate-sandbox-{name}" for name in ("old", "young", "held"))
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "in").mkdir()
    for folder in (old, other):
        os.utime(folder, (0, 0))
    import fcntl

    held = os.open(other, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with Zygote() as new:
        new.wait()
        assert not old.exists()
        assert len(left(tmp_path)) == 3
    os.close(held)
    assert left(tmp_path) == [other, young]


@pytest.mark.parametrize("how", ["finish", "close", "crash", "error"])
def test_a_session_leaves_nothing(any_level: IsolationLevel, tmp_path: Path, how: str) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(b"x")
    zygote().wait()
    with child(any_level):
        pass
    before = descriptors()
    with contextlib.suppress(ChildLimitError, ZeroDivisionError), child(any_level, {source: "a.bin"}) as inside:
        inside.call(attacks.hold_file, gives=str)
        if how == "finish":
            inside.finish()
        elif how == "crash":
            inside.call(attacks.crash, "segv", gives=str)
        elif how == "error":
            raise ZeroDivisionError
    assert within(5, lambda: not [pid for pid in below(zygote().pid) if lives(pid)])
    assert descriptors() == before
    assert source.read_bytes() == b"x"


def test_processes_that_a_child_leaves_are_killed_and_deny() -> None:
    with child(IsolationLevel.LIMITED) as inside:
        left_over = inside.call(attacks.leave_processes, gives=list[int])
        assert all(map(lives, left_over))
        with pytest.raises(ChildLimitError) as caught:
            inside.finish()
    assert caught.value.kind is LimitKind.FORBIDDEN
    assert within(5, lambda: not any(map(lives, left_over)))


def test_what_a_session_wrote_is_gone_unless_it_was_found_in_order(any_level: IsolationLevel, tmp_path: Path) -> None:
    with child(any_level, output=tmp_path) as inside:
        inside.call(attacks.write, ["a", "b/c"], gives=list[str])
    assert not list(tmp_path.iterdir())
    with child(any_level, output=tmp_path) as inside:
        inside.finish(inside.call(attacks.write, ["a", "b/c"], gives=list[str]))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "c"]


def test_a_fork_of_the_parent_does_not_keep_children_alive(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        (reader,) = [pid for pid in below(zygote().pid) if lives(pid) and not below(pid)]
        pid = os.fork()
        if pid == 0:
            refused = False
            try:
                zygote().available()
                child(any_level)
            except ServiceError:
                refused = True
            os._exit(0 if refused else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert inside.call(attacks.echo, 1, gives=int) == 1
    assert within(5, lambda: not lives(reader))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="geogate-tests-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_all_of_this_holds_for_an_ordinary_user(open_folder: Path) -> None:
    names = ["test_isolation.py", "test_kernels.py"]
    names += [f"test_limits.py::test_a_child_that_{what}" for what in ("takes_memory_without_end_ends", "dies_denies")]
    tests = [str(TESTS / "sandbox" / name) for name in names]
    options = ["-p", "no:cacheprovider", "-v", "--basetemp", str(open_folder / "base")]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    environment = os.environ | {
        "HOME": str(open_folder),
        "TMPDIR": str(open_folder),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(open_folder),
    }
    if os.geteuid() == 0:
        command = as_ordinary_user(command)
    done = subprocess.run(command, cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert all(f"[{level}" in done.stdout for level in levels())
    assert "skipped" not in done.stdout
