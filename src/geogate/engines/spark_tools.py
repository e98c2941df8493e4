"""Kernels and compiled zone indexes on executors: the driver makes an index once, and all have the same file."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geogate.engines.spark_work import SharedFile, SharedTools
from geogate.measures.tools import PLAIN, Tools
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from geogate.measures.measure import Measure


def shared_tools(session: SparkSession, measures: Sequence[Measure[Any]], tools: Tools) -> SharedTools:
    """Compile what the measures need, once for all executors, and let Spark send the files where they are not shared.

    Raises: PolicyError when a zone list cannot be compiled; ServiceError when its file cannot be trusted, or sent.
    """
    if not tools.kernels:
        return SharedTools()
    if tools.indexes is None:
        return SharedTools(kernels=True)
    for measure in measures:
        measure.tally(tools)
    files = sorted(tools.indexes.glob("*.zones"))
    indexes = tuple(_described(path) for path in files)
    if session.sparkContext.master.startswith("local["):
        return SharedTools(kernels=True, indexes=indexes, folder=tools.indexes)
    for path in files:
        session.sparkContext.addFile(str(path))
    return SharedTools(kernels=True, indexes=indexes)


def received_tools(shared: SharedTools) -> Tools:
    """Take, on an executor, the kernels if they are ready here, and the indexes that the driver has compiled."""
    if not shared.kernels:
        return PLAIN
    from geogate.kernels.state import ready

    if not ready():
        return PLAIN
    return Tools(kernels=True, indexes=_folder(shared) if shared.indexes else None)


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
