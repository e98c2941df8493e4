"""Zygotes and sandboxes: which level is chosen, and when nothing runs at all."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sandboxing import attacks
from sandboxing.places import SMALL, all_levels, levels, zygote

from geogate.model.errors import InputError, ServiceError, UsageError
from geogate.sandbox import IsolationLevel, Limits, NotIsolatedError, Sandbox, Zygote, shared_zygote
from geogate.sandbox.levels import LEVELS
from geogate.sandbox.view import Order, outermost

if TYPE_CHECKING:
    from pathlib import Path


def test_the_best_level_of_the_machine_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"x")
    with Sandbox(zygote(), limits=SMALL).session({tmp_path / "a.bin": "a.bin"}) as inside:
        assert inside.isolation.level is all_levels()[0]
        assert inside.call(attacks.read_all, gives=attacks.Seen).names == ("a.bin",)


def test_the_levels_are_in_order() -> None:
    assert [one.at_least(other) for one, other in pairwise(LEVELS)] == [True] * 3
    assert [other.at_least(one) for one, other in pairwise(LEVELS)] == [False] * 3
    assert IsolationLevel.FILTERED.at_least(IsolationLevel.FILTERED)


@pytest.mark.parametrize("minimum", [IsolationLevel.NAMESPACES, IsolationLevel.FILTERED])
def test_nothing_runs_where_the_level_that_is_demanded_does_not_work(minimum: IsolationLevel) -> None:
    with Zygote() as weak:
        weak._unable |= {IsolationLevel.NAMESPACES, IsolationLevel.FILTERED}
        with pytest.raises(NotIsolatedError, match="Landlock") as caught:
            Sandbox(weak, minimum=minimum).session({})
        assert caught.value.exit_code == ServiceError.exit_code
        with Sandbox(weak, minimum=IsolationLevel.LIMITED).session({}) as inside:
            assert inside.isolation.level is IsolationLevel.LIMITED


def test_by_default_a_machine_that_only_has_limits_is_refused() -> None:
    with Zygote() as weak:
        weak._unable |= {IsolationLevel.NAMESPACES, IsolationLevel.FILTERED}
        with pytest.raises(NotIsolatedError):
            Sandbox(weak).session({})


def test_a_level_that_fails_gives_way_to_the_next_one_and_is_not_tried_again() -> None:
    """Where user namespaces are forbidden, as in most containers."""
    if levels()[0] is not IsolationLevel.NAMESPACES:
        assert IsolationLevel.FILTERED in levels()
        return
    script = (
        "from geogate.sandbox import *; from geogate.sandbox.seccomp import *;"
        "import ctypes, struct; from geogate.sandbox import seccomp, system;"
        "code=b''.join(struct.pack('<HBBI',*each) for each in"
        " [(0x20,0,0,0),(0x15,0,1,272),(0x06,0,0,0x00050001),(0x06,0,0,0x7fff0000)]);"
        "held=ctypes.create_string_buffer(code,len(code));"
        "head=struct.pack('@HxxxxxxP',4,ctypes.addressof(held));"
        "system.prctl(system.PR_SET_NO_NEW_PRIVS,1);"
        "system.syscall('seccomp',1,0,ctypes.create_string_buffer(head,len(head)));"
        "zygote=Zygote(); child=Sandbox(zygote).session({}); print(child.isolation.level, sorted(zygote._unable));"
        "child.close(); print(*zygote.available()); zygote.close()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"filtered {[IsolationLevel.NAMESPACES]}",
        "filtered limited none",
    ]


def test_a_zygote_whose_modules_cannot_be_loaded_is_a_service_that_is_down() -> None:
    with Zygote(preload=("geogate.no_such_module",)) as broken, pytest.raises(ServiceError) as caught:
        broken.wait()
    assert "ModuleNotFoundError" in caught.value.hint


def test_a_zygote_calls_what_it_is_told_to_call() -> None:
    with Zygote(preload=("sandboxing.attacks:prepare",)) as ready, Sandbox(ready).session({}) as inside:
        assert inside.call("sandboxing.attacks:prepared", gives=bool)


def test_a_zygote_that_is_gone_is_a_service_that_is_down() -> None:
    gone = Zygote()
    gone.wait()
    gone.close()
    with pytest.raises(ServiceError):
        Sandbox(gone).session({})


def test_a_child_that_cannot_have_its_files_is_not_isolated(tmp_path: Path) -> None:
    order = Order(level=IsolationLevel.NONE, limits=SMALL, files=((str(tmp_path), "a"),), output=None, read_only=())
    with pytest.raises(NotIsolatedError):
        zygote().start_best(order, minimum=IsolationLevel.LIMITED, output=None)
    for path in (tmp_path / "missing.bin", tmp_path):
        with pytest.raises(InputError):
            Sandbox(zygote()).session({path: "a.bin"})
    assert levels() == tuple(level for level in zygote().available() if level.at_least(IsolationLevel.FILTERED))


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a//b", "./a", "a/", "a\0b"])
def test_a_file_has_a_relative_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.bin").write_bytes(b"x")
    with pytest.raises(UsageError):
        Sandbox(zygote()).session({tmp_path / "a.bin": name})


def test_two_files_cannot_have_one_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UsageError):
        Sandbox(zygote()).session({tmp_path / "a": "a", tmp_path / "b": "a"})


def test_more_paths_can_be_read_where_that_is_said(level: IsolationLevel, tmp_path: Path) -> None:
    index = tmp_path / "index.bin"
    index.write_bytes(b"x")
    order = Order(level=level, limits=Limits(), files=(), output=None, read_only=(str(index),))
    with zygote().start(order, output=None) as inside:
        assert inside.call(attacks.refused, str(index), gives=str) == ""
        assert inside.call(attacks.write_refused, str(index), gives=str)


def test_a_process_has_one_zygote_for_the_same_modules() -> None:
    one, other = shared_zygote(), shared_zygote()
    assert one is other
    one.wait()


def test_paths_within_others_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "ab").mkdir()
    paths = (str(tmp_path / "a/b"), str(tmp_path / "ab"), str(tmp_path / "a"), str(tmp_path / "missing"), "/", "a")
    assert outermost(paths) == (str(tmp_path / "a"), str(tmp_path / "ab"))
