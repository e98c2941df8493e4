"""What the numbers were taken on: cores, processor, memory and versions; no name and no path."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Final

from benchmarks.systems.registry import PEERS, SYSTEMS

LIBRARIES: Final = ("geogate", "pyarrow", "numpy", "numba", "shapely", "pyproj", "great-expectations", "pyspark")
_CPU, _MEMORY = Path("/proc/cpuinfo"), Path("/proc/meminfo")


def facts() -> list[str]:
    """Return a line for each kind of fact."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    peers = [
        f"{entry.label} {entry.version()}" for name, entry in SYSTEMS.items() if name in PEERS and entry.installed()
    ]
    absent = [entry.label for name, entry in SYSTEMS.items() if name in PEERS and not entry.installed()]
    libraries = [f"{name} {metadata.version(name)}" for name in LIBRARIES if _there(name)]
    lines = [
        f"{cores} cores ({_processor()}), {_memory_gb():.0f} GB, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}, {', '.join(libraries)}",
        f"Peers: {', '.join(peers)}",
    ]
    if absent:
        lines.append(f"Not installed here: {', '.join(absent)}")
    return lines


def _there(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _processor() -> str:
    if not _CPU.exists():
        return platform.processor()
    said: dict[str, str] = {}
    for line in _CPU.read_text().splitlines():
        name, _, value = line.partition(":")
        said.setdefault(name.strip(), value.strip())
    return f"{said.get('model name', platform.processor())}, family {said.get('cpu family')} model {said.get('model')}"


def _memory_gb() -> float:
    if not _MEMORY.exists():
        return 0.0
    return int(_MEMORY.read_text().split()[1]) / 1e6
