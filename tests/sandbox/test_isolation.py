"""Whatever a reader tries, it is alone with its files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from sandboxing import attacks
from sandboxing.places import child

from geogate.sandbox import ChildLimitError, IsolationLevel, LimitKind
from geogate.sandbox.syscalls import NUMBERS
from geogate.sandbox.system import MACHINE


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(attacks.SECRET)
    return tmp_path / "a.bin"


def test_a_child_sees_its_files_under_their_names_and_no_others(level: IsolationLevel, dataset: Path) -> None:
    (dataset.parent / "b.bin").write_bytes(b"another")
    with child(level, {dataset: "folder/a.bin"}) as inside:
        seen = inside.call(attacks.read_all, gives=attacks.Seen)
    assert seen == attacks.Seen(names=("folder/a.bin",), bytes=len(attacks.SECRET))


def test_a_child_cannot_read_what_was_not_declared(level: IsolationLevel, dataset: Path) -> None:
    other = dataset.parent / "other.bin"
    other.write_bytes(attacks.SECRET)
    places = [
        "/etc/passwd",
        str(other),
        str(dataset.parent),
        str(Path.home()),
        "/",
        "/tmp",
        "/proc/self/environ",
    ]
    places += [f"/proc/{os.getpid()}/environ", f"/proc/{os.getpid()}/root/etc/passwd", "/sys/kernel", "/dev/shm"]
    with child(level, {dataset: "a.bin"}) as inside:
        answers = {place: inside.call(attacks.refused, place, gives=str) for place in places}
    # A root of its own can be listed: there is nothing in it.
    allowed = {"/"} if level is IsolationLevel.NAMESPACES else set()
    assert {place for place, answer in answers.items() if not answer} <= allowed


def test_a_child_cannot_read_the_files_of_another(level: IsolationLevel, dataset: Path) -> None:
    with child(level, {dataset: "a.bin"}) as one, child(level) as other:
        assert one.call(attacks.refused, str(dataset.parent), gives=str)
        assert other.call(attacks.refused, str(dataset), gives=str)
        assert other.call(attacks.read_all, gives=attacks.Seen).names == ()


def test_a_child_cannot_write_outside_of_its_output(level: IsolationLevel, dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    places = [
        "a.bin",
        "new.bin",
        str(dataset),
        str(tmp_path / "new.bin"),
        "/tmp/new.bin",
        "/new.bin",
        "/dev/shm/new.bin",
    ]
    places += [str(Path(attacks.__file__).with_name("new.py")), "/etc/new"]
    with child(level, {dataset: "a.bin"}, output=output) as inside:
        for place in places:
            assert inside.call(attacks.write_refused, place, gives=str), place
        assert inside.call(attacks.write, ["a.bin"], gives=list[str]) == ["a.bin"]
    assert dataset.read_bytes() == attacks.SECRET
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "output"]


def test_a_child_without_an_output_can_write_nowhere(level: IsolationLevel, dataset: Path) -> None:
    with child(level, {dataset: "a.bin"}) as inside:
        for place in ("new.bin", "/tmp/new.bin", "/new.bin", "/dev/shm/new.bin", "/out/new.bin"):
            assert inside.call(attacks.write_refused, place, gives=str), place


@pytest.mark.parametrize("how", ["tcp", "tcp6", "udp", "dns", "netlink"])
def test_a_child_that_reaches_for_a_network_is_killed(level: IsolationLevel, how: str) -> None:
    with child(level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.reach_out, how, gives=str)
    assert caught.value.kind is LimitKind.FORBIDDEN


@pytest.mark.parametrize("how", ["unix", "pair"])
def test_a_child_gets_no_socket_to_other_processes(level: IsolationLevel, how: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("\0geogate-test")
        listening.listen()
        with child(level) as inside:
            assert inside.call(attacks.reach_out, how, gives=str) == "EPERM"


@pytest.mark.parametrize("how", ["fork", "subprocess"])
def test_a_child_cannot_start_another_process(level: IsolationLevel, how: str) -> None:
    with child(level) as inside:
        assert inside.call(attacks.start_process, how, gives=str) == "EPERM"


@pytest.mark.parametrize(
    "name", ["ptrace", "mount", "bpf", "userfaultfd", "io_uring_setup", "keyctl", "perf_event_open", "unshare", "setns"]
)
def test_a_child_that_asks_for_what_only_attacks_need_is_killed(level: IsolationLevel, name: str) -> None:
    with child(level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.call_kernel, NUMBERS[MACHINE][name], gives=int)
    assert caught.value.kind is LimitKind.FORBIDDEN


def test_a_child_that_becomes_another_program_is_killed(level: IsolationLevel) -> None:
    with child(level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.execute, gives=str)
    assert caught.value.kind is LimitKind.FORBIDDEN


def test_a_system_call_that_nobody_knows_is_answered_as_an_older_kernel_would(level: IsolationLevel) -> None:
    with child(level) as inside:
        assert inside.call(attacks.call_kernel, 1999, gives=int) == 38


def test_a_child_knows_no_secret_of_the_environment(level: IsolationLevel) -> None:
    with child(level) as inside:
        names = inside.call(attacks.see_environment, gives=list[str])
    assert not [name for name in names if name.startswith(("AWS", "GEOGATE", "PYTEST")) or "proxy" in name.lower()]


def test_a_child_has_three_plain_descriptors_and_two_of_its_own(level: IsolationLevel, dataset: Path) -> None:
    with child(level, {dataset: "a.bin"}) as inside:
        assert len(inside.call(attacks.see_descriptors, gives=list[int])) == 5


def test_a_child_cannot_signal_others_nor_outlive_its_guard_nor_loosen_a_limit(level: IsolationLevel) -> None:
    with child(level) as inside:
        assert inside.call(attacks.kill_others, os.getpid(), gives=str) == "EPERM"
        assert inside.call(attacks.kill_others, -1, gives=str) == "EPERM"
        assert inside.call(attacks.survive_parent, gives=int) == -1
        assert inside.call(attacks.loosen, gives=str)


def test_a_child_may_use_threads(level: IsolationLevel) -> None:
    with child(level) as inside:
        assert inside.call(attacks.use_threads, 8, gives=int) == 8


def test_what_is_in_force_is_said(level: IsolationLevel) -> None:
    with child(level) as inside:
        said = inside.isolation
    assert said.level is level
    assert {"guard", "rlimits", "seccomp", "no-capabilities"} <= set(said.mechanisms)
    if level is IsolationLevel.NAMESPACES:
        assert {"user-namespace", "network-namespace", "mount-namespace", "process-namespace"} <= set(said.mechanisms)
    else:
        assert any(name.startswith("landlock") for name in said.mechanisms)
