"""What a child can see: its own files, and what Python and its libraries need to run."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from geogate.sandbox.levels import IsolationLevel
    from geogate.sandbox.limits import Limits

DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")

_LIBRARIES: Final = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64")
_SHARED: Final = ("/usr/share/zoneinfo", "/usr/share/proj", "/usr/share/gdal", "/etc/ld.so.cache", "/etc/localtime")
_MACHINE: Final = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")
_NAMED: Final = ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA", "LD_LIBRARY_PATH")
_GEOGATE: Final = Path(__file__).resolve().parents[1]
_PYTHON: Final = ("stdlib", "platstdlib", "purelib", "platlib")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Everything that is said of a child before it begins.

    ``files`` are real paths with the names that they have for the child; ``read_only`` are more paths that it may read
    under their own names.
    """

    level: IsolationLevel
    limits: Limits
    files: tuple[tuple[str, str], ...]
    output: str | None
    read_only: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a zygote has for all its children.

    ``base`` is the folder for private folders, ``paths`` is what each of them may read, and ``spared`` are descriptors
    that libraries have opened before.
    """

    base: str
    paths: tuple[str, ...]
    spared: frozenset[int]


def system_paths() -> tuple[str, ...]:
    """Name what every child may read: Python, its packages, geogate, shared libraries and facts of the machine.

    No path lies within another.
    """
    found = [*_LIBRARIES, *_SHARED, *_MACHINE, str(_GEOGATE)]
    found += [path for name in _PYTHON if (path := sysconfig.get_path(name))]
    found += [os.path.join(prefix, "lib") for prefix in (sys.prefix, sys.base_prefix)]  # noqa: PTH118 - as text
    # Where packages were put for one user, and the folders that libraries are told of.
    found += [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    found += [path for name in _NAMED for path in os.environ.get(name, "").split(os.pathsep) if path]
    return outermost(tuple(found))


def outermost(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what is missing, what is not absolute, the root, and what lies within another path."""
    kept: list[Path] = []
    for path in sorted({Path(os.path.abspath(path)) for path in paths if os.path.isabs(path)}):  # noqa: PTH100, PTH117
        if path.parent != path and path.exists() and not any(path.is_relative_to(above) for above in kept):
            kept.append(path)
    return tuple(str(path) for path in kept)
