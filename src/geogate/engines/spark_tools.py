"""Kernels and compiled zone indexes on executors: the driver makes an index once, and all have the same file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from geogate.engines.spark_work import SharedFile, SharedTools
from geogate.measures.tools import PLAIN
from geogate.model.errors import ServiceError
from geogate.zones.compiled_file import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import SparkSession

    from geogate.measures.measure import Measure
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList


@runtime_checkable
class AgainstZones(Protocol):
    """A measure with a zone list and a distance, whose tally uses the compiled index of both."""

    @property
    def zone_list(self) -> ZoneList:
        """The list."""
        ...

    @property
    def buffer_m(self) -> float:
        """The distance in metres."""
        ...


def shared_tools(session: SparkSession, measures: Sequence[Measure[Any]], tools: Tools) -> SharedTools:
    """Compile what the measures need, once for all executors, and let Spark send the files where they are not shared.

    Raises: PolicyError when a zone list cannot be compiled; ServiceError when its file cannot be trusted.
    """
    if not tools.kernels or tools.indexes is None:
        return SharedTools(kernels=tools.kernels, pepper=tools.pepper)
    files = {path.name: path for measure in measures for path in _compiled(measure, tools)}
    indexes = tuple(_described(files[name]) for name in sorted(files))
    if session.sparkContext.master.startswith("local["):
        return SharedTools(kernels=True, indexes=indexes, folder=tools.indexes, pepper=tools.pepper)
    for path in files.values():
        session.sparkContext.addFile(str(path))
    return SharedTools(kernels=True, indexes=indexes, pepper=tools.pepper)


def _compiled(measure: Measure[Any], tools: Tools) -> Iterator[Path]:
    """Compile what a measure needs, and give its file if there is one: a full disk, for example, leaves none."""
    if isinstance(measure, AgainstZones) and tools.indexes is not None:
        measure.tally(tools)
        path = tools.indexes / Origin(list_digest=measure.zone_list.digest, buffer_m=float(measure.buffer_m)).name
        if path.is_file():
            yield path


@cache
def received_tools(shared: SharedTools) -> Tools:
    """Take, on an executor, the kernels if they are ready here, and the indexes that the driver has compiled."""
    plain = replace(PLAIN, pepper=shared.pepper)
    if not shared.kernels:
        return plain
    from geogate.kernels.state import ready

    if not ready():
        return plain
    return replace(plain, kernels=True, indexes=_folder(shared) if shared.indexes else None)


@cache
def missing_tools(shared: SharedTools) -> str:
    """Say which tool is not here as the driver has it, if any; files are read once in the life of a Python worker."""
    for index in shared.indexes:
        try:
            same = _described(_folder(shared) / index.name) == index
        except ServiceError:
            same = False
        if not same:
            return "a compiled zone index did not reach an executor as it was sent"
    return ""


def _folder(shared: SharedTools) -> Path:
    if shared.folder is not None:
        return shared.folder
    from pyspark import SparkFiles

    return Path(SparkFiles.getRootDirectory())


def _described(path: Path) -> SharedFile:
    try:
        with path.open("rb") as file:
            return SharedFile(name=path.name, sha256=hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise ServiceError(f"a compiled zone index cannot be read ({error.strerror})") from error
