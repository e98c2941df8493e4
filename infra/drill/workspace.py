"""A copy of the repository in which a sabotage can be applied and tests run; the working tree is only ever read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geogate.kernels.state import state
from infra.drill.sabotage import PACKAGE, DrillError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.drill.sabotage import Sabotage

LINKED: Final = (".venv", ".venv-ministack", ".venv-pygeoapi")
"""Environments are not copied: tests find their commands there, and what is on PYTHONPATH comes before them."""

PYTEST: Final = ("-q", "-x", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-p", "infra.drill.witness")
GREEN, RED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of some tests; ``failed`` are their ids with the type of what they raised."""

    code: int
    seconds: float
    passed: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    broken: tuple[str, ...]
    imported: frozenset[str]
    said: str

    @property
    def green(self) -> bool:
        """Say whether tests ran and all of them passed."""
        return self.code == GREEN and bool(self.passed) and not self.failed and not self.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A copy with its own folder for temporary files."""

    folder: Path

    @classmethod
    def make(cls, repository: Path, folder: Path) -> Workspace:
        """Copy what tests need, compiled kernels and caches of bytecode included."""
        tree = folder / "tree"
        tree.mkdir(parents=True)
        for source in repository.iterdir():
            if source.name.startswith("."):
                continue  # environments, histories, caches
            if source.is_dir():
                shutil.copytree(source, tree / source.name, symlinks=True)
            else:
                shutil.copy2(source, tree / source.name)
        for name in LINKED:
            if (repository / name).exists():
                (tree / name).symlink_to(repository / name)
        _copy_kernels(tree)
        return cls(folder=folder)

    @property
    def tree(self) -> Path:
        """Where the copy lies."""
        return self.folder / "tree"

    @contextmanager
    def sabotaged(self, sabotage: Sabotage) -> Iterator[None]:
        """Apply a sabotage for the length of the block.

        Raises: DrillError when it does not fit.
        """
        path = self.tree / sabotage.file
        if not path.is_file():
            raise DrillError(f"{sabotage.id}: there is no {sabotage.file.as_posix()}")
        with self.written(sabotage.file, sabotage.applied_to(path.read_text(encoding="utf-8"))):
            yield

    @contextmanager
    def written(self, file: Path, text: str) -> Iterator[None]:
        """Replace a file for the length of the block, its bytecode with it."""
        path = self.tree / file
        before, times = path.read_bytes(), path.stat()
        compiled = Path(cache_from_source(str(path)))
        kept = compiled.read_bytes() if compiled.is_file() else None
        compiled.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            if kept is not None:
                compiled.write_bytes(kept)

    def run(self, tests: Sequence[str], *, seconds: float) -> Run:
        """Run tests in the copy until the first one fails.

        Raises: DrillError when they do not end in time, cannot be found, or import another geogate than the copy.
        """
        seen, temporary = self.folder / "seen.json", self.folder / "temporary"
        seen.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", *PYTEST, f"--basetemp={temporary}", *tests]
        start = time.monotonic()
        code, said = _ended(command, cwd=self.tree, environment=self._environment(seen), seconds=seconds)
        took = time.monotonic() - start
        shutil.rmtree(temporary, ignore_errors=True)
        found = json.loads(seen.read_text(encoding="utf-8")) if seen.exists() else {}
        if found.get("elsewhere"):
            raise DrillError(f"another geogate was imported: {found['elsewhere'][0]}")
        return Run(
            code=code,
            seconds=took,
            passed=tuple(found.get("passed", ())),
            failed=tuple((test, kind) for test, kind in found.get("failed", ())),
            broken=tuple(found.get("broken", ())),
            imported=frozenset(found.get("imported", ())),
            said=said,
        )

    def _environment(self, seen: Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GEOGATE_", "PYTEST_"))}
        kept.pop("NUMBA_CACHE_DIR", None)  # the copy has its kernels beside its sources
        own = {
            "PYTHONPATH": os.pathsep.join([str(self.tree / "src"), str(self.tree)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DRILL_WITNESS": str(seen),
        }
        return kept | own


def _copy_kernels(tree: Path) -> None:
    """Put compiled kernels beside the copied sources where they are kept elsewhere: they are bound to the sources."""
    folder = state().folder
    beside = tree / PACKAGE / "kernels" / "__pycache__"
    if folder is not None and folder.is_dir() and not any(beside.glob("*.nbi")):
        shutil.copytree(folder, beside, dirs_exist_ok=True)


def _ended(command: Sequence[str], *, cwd: Path, environment: dict[str, str], seconds: float) -> tuple[int, str]:
    """Run a command in a session of its own, so that nothing that it starts outlives it."""
    with subprocess.Popen(  # noqa: S603 - pytest, with tests that the list of sabotages names
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise DrillError(f"tests did not end within {seconds:g} s: {' '.join(command[-3:])}") from None
    return process.returncode, said.decode(errors="replace")
