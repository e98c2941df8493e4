"""Where compiled kernels are kept, and whether what lies there may be loaded: it is code, so its folder is guarded.

Nothing here imports numba.
"""

from __future__ import annotations

import ast
import hashlib
import os
import stat
from functools import cache
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parent
"""The folder of the kernels' sources."""

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_NOT_COMPILED: Final = frozenset({"__init__", "folder", "state"})
"""Modules from which nothing goes into compiled code."""

_SUFFIXES: Final = (".nbi", ".nbc")


def candidates() -> tuple[Path, ...]:
    """Name the folders that may hold compiled kernels, the best one first.

    ``NUMBA_CACHE_DIR`` stands alone where it is set; else it is the folder beside the sources, then one in the user's
    own cache.
    """
    name = f"geogate-kernels-{hashlib.sha256(str(PACKAGE).encode()).hexdigest()[:16]}"
    asked = os.environ.get("NUMBA_CACHE_DIR")
    if asked:
        return (Path(asked).absolute() / name,)
    cached = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - raises nothing
    beside = PACKAGE / "__pycache__"
    return (beside, Path(cached) / name) if Path(cached).is_absolute() else (beside,)


def is_writable(folder: Path) -> bool:
    """Say whether files can be made in a folder, or the folder itself where it is missing."""
    if folder.exists():
        return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    return folder != folder.parent and is_writable(folder.parent)


def compiled_files(folder: Path) -> tuple[Path, ...]:
    """Name the files of compiled kernels in a folder, in the order of their names."""
    return tuple(sorted(path for path in folder.glob("*.nb[ic]") if path.suffix in _SUFFIXES))


def why_untrusted(folder: Path, *, user: int | None = None) -> str:
    """Say why nothing in a folder may be loaded; empty where all of it belongs to this user or root alone."""
    try:
        found = [folder.stat(), *(path.lstat() for path in compiled_files(folder))]
    except OSError:
        return "the folder of the compiled kernels cannot be read"
    if any(not stat.S_ISREG(entry.st_mode) for entry in found[1:]):
        return "a compiled kernel is not a plain file"
    if any(entry.st_uid not in {0, os.geteuid() if user is None else user} for entry in found):
        return "the compiled kernels, or their folder, belong to another user"
    if any(entry.st_mode & _OTHERS_WRITE for entry in found):
        return "the compiled kernels, or their folder, can be written by others"
    return ""


def is_own(descriptor: int) -> bool:
    """Tell whether an opened file is a plain one of this user or root that nobody else can write to, by any name."""
    found = os.fstat(descriptor)
    mine = found.st_uid in {0, os.geteuid()} and not found.st_mode & _OTHERS_WRITE
    return stat.S_ISREG(found.st_mode) and mine and found.st_nlink == 1


def guard(folder: Path) -> None:
    """Take away from others the right to write to what this user owns in the folder."""
    for path in (folder, *compiled_files(folder)):
        entry = path.lstat()
        if entry.st_uid == os.geteuid() and entry.st_mode & _OTHERS_WRITE and not stat.S_ISLNK(entry.st_mode):
            path.chmod(stat.S_IMODE(entry.st_mode) & ~_OTHERS_WRITE)


def sources() -> str:
    """Digest the sources of all kernels."""
    return _digest(sorted({path.stem for path in PACKAGE.glob("*.py")} - _NOT_COMPILED))


@cache
def sources_of(module: str) -> str:
    """Digest the source of one kernels module and of those that it imports: their loops are compiled into its own."""
    found: set[str] = set()
    ahead = {module}
    while ahead:
        found |= ahead
        ahead = {name for one in ahead for name in _imports(one)} - found - _NOT_COMPILED
    return _digest(sorted(found))


def _imports(module: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module == "geogate.kernels":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geogate.kernels."):
            names.add((node.module or "").split(".")[2])
    return names


def _digest(modules: list[str]) -> str:
    whole = hashlib.sha256()
    for name in modules:
        whole.update(f"{name}:{hashlib.sha256((PACKAGE / f'{name}.py').read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()
