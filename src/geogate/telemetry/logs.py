"""Log lines in JSON: those of the gate with their fields, and of every other line only where it was written.

What a library says may quote data, as GDAL does with coordinates. Nobody's text is written here, whatever its logger.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from geogate.model.errors import UsageError
from geogate.telemetry import meters
from geogate.telemetry.fields import Event, allowed
from geogate.telemetry.work import LOGGER, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

VARIABLE: Final = "GEOGATE_LOG"
STDERR: Final = "stderr"
_NAME: Final = "geogate-json"
_LIBRARIES: Final = frozenset(
    {
        *("airflow", "alembic", "apprise", "boto3", "botocore", "fiona", "great_expectations", "httpx", "laspy"),
        *("numba", "openlineage", "opentelemetry", "PIL", "py4j", "pyogrio", "pyspark", "rasterio", "sqlalchemy"),
        *("s3transfer", "urllib3", "uvicorn", "asyncio", "py.warnings"),
    }
)
"""Loggers that are named when they say something; of all others it is said that it was another one."""


class _Lossy(logging.Handler):
    """Counts a line that cannot be written; what ``logging`` does instead prints the text and values of it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Count it."""
        del record
        meters.log_failed()


class _Stream(_Lossy, logging.StreamHandler):  # type: ignore[type-arg]
    """Lines to a stream."""


class _File(_Lossy, WatchedFileHandler):
    """Lines to a file, which may be moved away."""


def begin(environment: Mapping[str, str], *, whole: bool) -> bool:
    """Write lines to where ``GEOGATE_LOG`` says: standard error, or a file that is appended to.

    ``whole`` takes the log of the whole process, so that no other text of a library appears either; where the process
    is another's, as Airflow's, only the gate's own lines are taken, and go on to that log as well.

    Raises: UsageError when the file cannot be written.
    """
    wanted = environment.get(VARIABLE, "")
    target = logging.getLogger() if whole else logging.getLogger("geogate")
    if not wanted or any(each.get_name() == _NAME for each in target.handlers):
        return bool(wanted)
    handler = _handler(wanted)
    handler.set_name(_NAME)
    handler.setFormatter(_formatter())
    target.addHandler(handler)
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    return True


def end() -> None:
    """Take the handlers away again."""
    for target in (logging.getLogger(), logging.getLogger("geogate")):
        for handler in [each for each in target.handlers if each.get_name() == _NAME]:
            target.removeHandler(handler)
            with suppress(OSError):
                handler.close()
    logging.getLogger(LOGGER).setLevel(logging.NOTSET)


def _handler(wanted: str) -> logging.Handler:
    if wanted == STDERR:
        return _Stream(sys.stderr)
    path = Path(wanted)
    try:
        # Only its owner reads it; whoever rotates it may move it away, and the next line makes a new one.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        return _File(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the file of {VARIABLE} cannot be written ({error.strerror})", hint=f"name a file, or {STDERR}"
        ) from error


def _formatter() -> logging.Formatter:
    import structlog

    return structlog.stdlib.ProcessorFormatter(
        processors=[
            _only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        keep_exc_info=False,
        keep_stack_info=False,
    )


def _only_allowed(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make a line anew from what may be said; nothing of what was there is kept."""
    record: logging.LogRecord = line["_record"]
    own = getattr(record, "geogate", None) if record.name == LOGGER else None
    level = record.levelname.lower() if record.levelname in logging.getLevelNamesMapping() else "other"
    if isinstance(own, dict):
        kind = own.get("event")
        event = kind if kind in set(Event) else Event.MESSAGE.value
        return {"level": level, "event": event, **allowed(own)}
    return {"level": level, "event": Event.MESSAGE.value, **_where(record)}


def _where(record: logging.LogRecord) -> dict[str, Any]:
    """Say where a line was written, or by which library, and with which work; never what it says."""
    error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] is not None else None
    if record.name.startswith("geogate"):
        return spoken({"line": f"{record.name}:{record.lineno}", "error": error})
    first = record.name.partition(".")[0]
    known = next((each for each in (record.name, first) if each in _LIBRARIES), "other")
    return {"library": known, **spoken({"error": error})}
