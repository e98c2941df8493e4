"""What a zygote loads before it forks readers, so that a child finds all of it ready and opens nothing."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

import geogate.kernels

LIBRARIES: Final = (
    "geogate.gate.reading",
    "geogate.gate.remedying",
    "geogate.readers.geoparquet",
    "geogate.readers.ogr",
    "pyogrio",
    "pyogrio.raw",
    "rasterio",
    "laspy",
    "PIL.Image",
    "pillow_heif",
    "exifread",
    "python_calamine",
    "defusedxml.ElementTree",
)


def warm_up() -> None:
    """Load all that reads, measures and writes, and compile the patterns of texts; no thread begins."""
    for name in LIBRARIES:
        importlib.import_module(name)
    from geogate.gate.derived import searched
    from geogate.gate.derived_canary import require_found
    from geogate.gate.opening import ALWAYS
    from geogate.measures.canaries import require_alive
    from geogate.measures.tools import PLAIN

    require_alive(ALWAYS, PLAIN)
    require_found(searched)


def warm_kernels() -> None:
    """Load the compiled kernels, which takes a second or two; whoever asks has found them to be in order."""
    for module in pkgutil.iter_modules(geogate.kernels.__path__, "geogate.kernels."):
        load = getattr(importlib.import_module(module.name), "warm_up", None)
        if load is not None:
            load()
