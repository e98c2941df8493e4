"""The Spark session in which a pass runs: the caller's own, or one that lives as long as the pass."""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from geogate.model.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession

OLDEST: Final = 4
"""The oldest major version of pyspark that is used."""

TRIES: Final = 4
"""How often a task is tried in local mode, where Spark itself tries once; the number is its default on clusters."""

_ABOUT_PANDAS: Final = "PySpark does not yet fully support pandas"

_LOCAL: Final = re.compile(r"local(\[(?P<threads>[0-9*]+)\])?")

_ON_THIS_MACHINE: Final[Mapping[str, str]] = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
"""In local mode nothing listens to the network."""


@contextmanager
def spark_session(master: str = "") -> Iterator[SparkSession]:
    """Give the session that this process has already, or begin one and end it with the block.

    ``master`` is a URL as Spark has them; without it the master of Spark's own configuration is taken.

    Raises: UsageError when pyspark is missing or the running session has another master; ServiceError when Spark does
        not begin.
    """
    require_pyspark()
    with around_pyspark():
        running = _running()
        if running is not None and master and running.sparkContext.master not in {master, _patient(master)}:
            raise UsageError("Spark is running in this process with another master", hint="leave --master away")
        session = running or _begin(master)
    try:
        yield session
    finally:
        if running is None:
            session.stop()


def require_pyspark() -> None:
    """Import pyspark.

    Raises: UsageError when it is not installed, or too old.
    """
    try:
        with around_pyspark():
            import pyspark
    except ModuleNotFoundError as error:
        raise UsageError("the engine spark needs pyspark", hint="pip install 'geogate[spark]'") from error
    if int(pyspark.__version__.partition(".")[0]) < OLDEST:
        raise UsageError("pyspark is too old for the engine spark", hint="pip install 'geogate[spark]'")


@contextmanager
def around_pyspark() -> Iterator[None]:
    """Keep pyspark from ending the process, and from warning of every pandas since 3.0, which gets no data here.

    Warnings are silenced for the whole process, so that this is only for short calls.

    Raises: ServiceError.
    """
    with staying(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", _ABOUT_PANDAS, FutureWarning)
        yield


@contextmanager
def staying() -> Iterator[None]:
    """Keep pyspark from ending the process.

    Where Python runs a text and no file, and gRPC is missing, a module of pyspark thinks that it is tested and ends the
    process with code 0, which for the gate means cleared.

    Raises: ServiceError.
    """
    try:
        yield
    except SystemExit as error:
        raise ServiceError("pyspark would have ended the process", hint="install grpcio beside it") from error


def _running() -> Any:
    """Return the session of this process if there is one.

    Raises: UsageError when it is one of Spark Connect.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        return _with_context(SparkSession.active())
    except PySparkException:
        return None


def _with_context(session: Any) -> Any:
    from pyspark.errors import PySparkException

    try:
        session.sparkContext.master  # noqa: B018 - Spark Connect refuses here
    except PySparkException as error:
        raise UsageError(
            "the engine spark needs a Spark driver in this process, not Spark Connect",
            hint="name a master: local[4], spark://…, yarn or k8s://…",
        ) from error
    return session


def _begin(master: str) -> Any:
    from pyspark.sql import SparkSession

    # The way to the JVM tells of each of its connections, at the level of information.
    logging.getLogger("py4j").setLevel(logging.WARNING)
    builder = SparkSession.builder.appName("geogate")
    if master:
        builder = builder.master(_patient(master))
    if master.startswith("local"):
        for name, value in _ON_THIS_MACHINE.items():
            builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except spark_failures() as error:
        raise ServiceError(
            "Spark does not begin", hint="it needs Java 17 or later (JAVA_HOME), and a master that can be reached"
        ) from error
    context = _with_context(session).sparkContext
    context.environment.setdefault("PYTHONWARNINGS", f"ignore:{_ABOUT_PANDAS}:FutureWarning")
    # Unless somebody names one, executors would take the first python3 on their path.
    if "PYSPARK_PYTHON" not in os.environ:
        context.pythonExec = context.getConf().get("spark.pyspark.python", sys.executable)
    return session


def spark_failures() -> tuple[type[Exception], ...]:
    """Name the exceptions with which Spark, or the way to its driver, fails."""
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    return PySparkException, Py4JError, OSError


def _patient(master: str) -> str:
    """Let local mode try a task again, as clusters do."""
    local = _LOCAL.fullmatch(master)
    return f"local[{local['threads'] or 1},{TRIES}]" if local else master
