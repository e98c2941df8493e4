"""Calls into reading libraries in which every error and every warning counts; it repeats nothing that they say.

What a library says about a file may hold values of that file, so only the kind of complaint is passed on.
"""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from geogate.libraries.gdal_errors import gdal_messages
from geogate.measures.source import UnreadableError
from geogate.model.errors import GeogateError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

DISK = ("no space left", "is full", "disk i/o", "i/o error", "i/o failure", "file too large", "quota", "read-only file")
"""What the libraries and the system say when a file cannot be written for the disk's sake."""

REMEDY = (
    "export the file again with a current tool, and check it there; it is damaged, cut short or not to its standard"
)

COMPLAINTS = (
    ("measured (m)", "it has M ordinates, which are not supported", "export the geometries without M ordinates"),
    ("non closed ring", "it has polygons with rings that are not closed", "close the rings and export again"),
    ("invalid wkt", "it has text that is not valid WKT", "correct the WKT and export again"),
    ("non-conformant content", "it has date-times that are not in UTC", "write date-times in UTC and export again"),
    ("spatial index", "its spatial index is damaged", "export the file again without a spatial index"),
)
"""What is known of the libraries' complaints: a part of the message, the reason and the remedy."""

_alone = threading.RLock()
"""Python's warning filters belong to the whole process: two calls at once could lose one another's warnings."""


class _Kept(logging.Handler):
    """Keeps what the reading library logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


@contextmanager
def _logged() -> Iterator[list[str]]:
    logger, kept = logging.getLogger("pyogrio"), _Kept()
    logger.addHandler(kept)
    before, logger.propagate = logger.propagate, False
    try:
        yield kept.messages
    finally:
        logger.propagate = before
        logger.removeHandler(kept)


@contextmanager
def strictly(what: str, *, layer: str = "") -> Iterator[None]:
    """Run calls into a reading library; ``what`` continues the sentence ``the file cannot be ...``.

    Never spans a ``yield`` of the caller: the block holds the process's warning filters.

    Raises: UnreadableError for every exception, Python warning, log line and GDAL message of the library.
    """
    with _alone, warnings.catch_warnings(record=True) as warned, _logged() as logged, gdal_messages() as reported:
        warnings.simplefilter("always")
        try:
            yield
        except UnreadableError:
            raise
        except Exception as error:  # noqa: BLE001 - hostile bytes make the libraries fail with any type of exception
            raise _unreadable(f"the file cannot be {what}", str(error), layer=layer) from None
    messages = [*(str(w.message) for w in warned), *logged, *reported]
    if messages:
        count = f"{len(messages)} warning" + ("s" if len(messages) > 1 else "")
        raise _unreadable(f"the file cannot be {what} without a warning ({count})", " ".join(messages), layer=layer)


@contextmanager
def reading(what: str, *, layer: str = "") -> Iterator[None]:
    """Run calls into a library that complains by exceptions alone, as Arrow's readers do; several threads may at once.

    Python warnings, log lines and GDAL messages are not looked for, because to look for them is to hold a lock of the
    whole process. A library that has other ways to complain is run in ``strictly``.

    Raises: UnreadableError for every exception of the library.
    """
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bytes make the libraries fail with any type of exception
        raise _unreadable(f"the file cannot be {what}", str(error), layer=layer) from None


@contextmanager
def writing(*, layer: str) -> Iterator[None]:
    """Run calls that write a file, as strictly as those that read one.

    Raises: UnreadableError when the rows do not fit the format; ServiceError when the disk fails.
    """
    with _alone, warnings.catch_warnings(record=True) as warned, _logged() as logged, gdal_messages() as reported:
        warnings.simplefilter("always")
        failure = ""
        try:
            yield
        except (UnreadableError, GeogateError):
            raise
        except Exception as error:  # noqa: BLE001 - see above
            failure = f"{type(error).__name__} {error}"
    messages = " ".join([failure, *(str(w.message) for w in warned), *logged, *reported]).strip()
    if any(part in messages.lower() for part in DISK):
        raise ServiceError("the artefact cannot be written", hint="make room on the disk, then try again")
    if messages:
        raise UnreadableError(
            "the rows cannot be written as they are in this format",
            remedy="rename or convert the columns that do not fit, or send the layer as GeoParquet",
            layer=layer,
        )


def _unreadable(summary: str, message: str, *, layer: str) -> UnreadableError:
    """Word the error by what is known of the message, never with the message itself."""
    for part, reason, remedy in COMPLAINTS:
        if part in message.lower():
            return UnreadableError(f"{summary}: {reason}", remedy=remedy, layer=layer)
    return UnreadableError(summary, remedy=REMEDY, layer=layer)
