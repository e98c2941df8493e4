"""Compiled kernels are used only where they belong to this machine, these sources and nobody else."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import geogate
from geogate.kernels.folder import why_untrusted
from geogate.kernels.state import STAMP, state

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = Path(geogate.__file__).parent
FEW = [
    "__init__.py",
    *("model/__init__.py", "model/errors.py", "cli/__init__.py", "cli/kernels.py"),
    *(f"kernels/{name}.py" for name in ("__init__", "folder", "state", "jit", "raw", "geoarrow")),
]
"""So much of the product that it has one kernel."""

STATE = "import sys; from geogate.kernels.state import state; print(state().reason); assert 'numba' not in sys.modules"
COMPILE = "from geogate.kernels.state import compile_all; compile_all()"
MISSES = "from geogate.kernels import geoarrow as g; g.warm_up(); print(sum(g.write_runs.stats.cache_misses.values()))"


def run(tree: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "PYTHON", "XDG"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=inherited | {"PYTHONPATH": str(tree), "HOME": str(tree / "home")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def answer(tree: Path, code: str, **environment: str) -> str:
    found = run(tree, code, **environment)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The few sources with their kernel compiled, under a mask that would let others write."""
    tree = tmp_path_factory.mktemp("compiled")
    for name in FEW:
        (tree / "geogate" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCES / name, tree / "geogate" / name)
    assert answer(tree, STATE) == "the kernels are not compiled"
    assert answer(tree, f"import os; os.umask(0o002); {COMPILE}") == ""
    return tree


@pytest.fixture
def tree(compiled: Path, tmp_path: Path) -> Path:
    """A copy of them for the test."""
    return shutil.copytree(compiled, tmp_path / "tree")


def folder_of(tree: Path) -> Path:
    return tree / "geogate" / "kernels" / "__pycache__"


def test_compiled_kernels_are_ready_and_loaded_without_compiling(tree: Path) -> None:
    assert answer(tree, STATE) == ""
    assert answer(tree, MISSES) == "0"


def test_others_cannot_write_to_what_was_compiled(tree: Path) -> None:
    for path in (folder_of(tree), *folder_of(tree).glob("*.nb?")):
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def edit_stamp(name: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        stamp = json.loads((folder / STAMP).read_text())
        stamp["made_for"][name] = "another"
        (folder / STAMP).write_text(json.dumps(stamp))

    return edit


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no stamp": (lambda folder: (folder / STAMP).unlink(), "the kernels are not compiled"),
    "half a stamp": (lambda folder: (folder / STAMP).write_text('{"made_for": {'), "the stamp of the compiled"),
    "a stamp of other form": (lambda folder: (folder / STAMP).write_text("[1]"), "the stamp of the compiled"),
    "other python": (edit_stamp("python"), "compiled for another python"),
    "other numba": (edit_stamp("numba"), "compiled for another numba"),
    "other llvmlite": (edit_stamp("llvmlite"), "compiled for another llvmlite"),
    "other processor": (edit_stamp("processor"), "compiled for another processor"),
    "other source": (lambda folder: add_line(folder.parent / "raw.py"), "compiled for another source"),
    "a new kernel": (lambda folder: (folder.parent / "new.py").write_text(""), "compiled for another source"),
    "a lost kernel": (lambda folder: next(folder.glob("*.nbc")).unlink(), "compiled kernels are missing"),
    "a folder for the group": (lambda folder: folder.chmod(0o775), "can be written by others"),
    "a folder for all": (lambda folder: folder.chmod(0o757), "can be written by others"),
    "a kernel for the group": (lambda folder: next(folder.glob("*.nbc")).chmod(0o664), "can be written by others"),
    "an index for all": (lambda folder: next(folder.glob("*.nbi")).chmod(0o646), "can be written by others"),
    "a link": (lambda folder: link(next(folder.glob("*.nbc"))), "not a plain file"),
}


def add_line(path: Path) -> None:
    path.write_text(path.read_text() + "# changed\n")


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("name", DAMAGE)
def test_kernels_that_were_touched_are_not_used(name: str, tree: Path) -> None:
    damage, reason = DAMAGE[name]
    damage(folder_of(tree))
    assert reason in answer(tree, STATE)


def test_kernels_of_another_user_are_not_used(tree: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder_of(tree), 12_345, -1)
        assert "belong to another user" in why_untrusted(folder_of(tree))
    else:
        assert "belong to another user" in why_untrusted(folder_of(tree), user=os.geteuid() + 1)


def test_kernels_that_others_could_write_are_not_even_loaded(tree: Path) -> None:
    folder_of(tree).chmod(0o777)
    assert answer(tree, MISSES) == "1"


def test_a_kernel_whose_imported_source_changed_is_compiled_again(tree: Path) -> None:
    add_line(tree / "geogate" / "kernels" / "raw.py")
    assert answer(tree, MISSES) == "1"
    assert answer(tree, f"{COMPILE}; {MISSES}") == "0"
    assert answer(tree, STATE) == ""


def test_what_an_older_source_with_other_types_has_left_is_compiled_again(tree: Path) -> None:
    (index,) = folder_of(tree).glob("*.nbi")
    gone = b"cgeogate.kernels.geoarrow\nGone\n."
    with pytest.raises(AttributeError):
        pickle.loads(gone)
    index.write_bytes(pickle.dumps(version("numba")) + gone)
    assert answer(tree, MISSES) == "1"
    assert answer(tree, f"{COMPILE}; {MISSES}") == "0"


def test_kernels_are_kept_with_only_their_own_sources_in_mind(tree: Path) -> None:
    (tree / "geogate" / "kernels" / "other.py").write_text("")
    assert answer(tree, MISSES) == "0"


@pytest.mark.parametrize("setting", ["NUMBA_DISABLE_JIT", "NUMBA_CACHE_LOCATOR_CLASSES"])
def test_settings_that_turn_kernels_off_turn_them_off(setting: str, tree: Path) -> None:
    assert answer(tree, STATE, **{setting: "1"}) == f"{setting} is set"
    assert answer(tree, STATE, **{setting: "0"}) == ""
    failed = run(tree, COMPILE, **{setting: "1"})
    assert "ServiceError" in failed.stderr


def test_settings_that_shape_the_code_are_part_of_it(tree: Path) -> None:
    assert answer(tree, STATE, NUMBA_OPT="1") == "the kernels are compiled for another numba settings"


def test_a_folder_that_is_named_stands_alone(tree: Path) -> None:
    named = tree / "named"
    assert answer(tree, STATE, NUMBA_CACHE_DIR=str(named)) == "the kernels are not compiled"
    assert answer(tree, COMPILE, NUMBA_CACHE_DIR=str(named)) == ""
    assert answer(tree, STATE, NUMBA_CACHE_DIR=str(named)) == ""
    assert len(list(named.glob("*/*.nbc"))) == 1


def test_without_a_place_beside_the_sources_kernels_go_to_the_users_own(tree: Path) -> None:
    shutil.rmtree(folder_of(tree))
    folder_of(tree).write_text("not a folder")
    assert answer(tree, f"{COMPILE}; {STATE.replace('assert', '0 and')}") == ""
    assert len(list((tree / "home" / ".cache").glob("geogate-kernels-*/*.nbc"))) == 1
    assert answer(tree, MISSES) == "0"


def test_kernels_that_cannot_be_kept_are_a_failed_service(tree: Path) -> None:
    failed = run(tree, COMPILE, NUMBA_CACHE_DIR="/proc/none")
    assert "ServiceError" in failed.stderr
    assert answer(tree, MISSES, NUMBA_CACHE_DIR="/proc/none") == "1"


def test_the_command_line_shows_compiles_and_removes(tree: Path) -> None:
    cli = "import sys; from geogate.cli.kernels import command; sys.exit(command(sys.argv[1:], standalone_mode=False))"
    folder = str(folder_of(tree))
    shown = answer(tree, cli)
    assert "compiled, and used" in shown
    assert folder in shown
    assert "numba: " in shown
    removed = answer(tree, cli.replace("sys.argv[1:]", "['--clear']"))
    assert "the kernels are not compiled" in removed
    assert not list(folder_of(tree).glob("*.nb?"))
    again = run(tree, cli.replace("sys.argv[1:]", "['--compile']"))
    assert again.returncode == 0
    assert "geoarrow: " in again.stderr
    assert "compiled, and used" in again.stdout


WARM = """
import importlib, pkgutil
import geogate.kernels as package
from geogate.kernels.jit import KERNELS
from geogate.kernels.state import state
for found in pkgutil.iter_modules(package.__path__):
    getattr(importlib.import_module(f"geogate.kernels.{found.name}"), "warm_up", lambda: None)()
print("compiled in the pass:", *[each.__name__ for each in KERNELS if each.stats.cache_misses])
indexes = {path.name.split("-")[0] for path in state().folder.glob("*.nbi")}
names = {f"{each.py_func.__module__.split('.')[-1]}.{each.__name__}" for each in KERNELS}
print("never compiled:", *sorted(names - indexes))
"""


def test_setup_has_compiled_every_kernel_of_this_tree() -> None:
    assert state().reason == ""
    found = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["compiled in the pass:", "never compiled:"]
