from __future__ import annotations

import ctypes
import logging
import warnings
from typing import TYPE_CHECKING

import pyogrio
import pytest

from geogate.libraries.gdal import SETTINGS, configure_gdal
from geogate.libraries.gdal_errors import _gdal, gdal_messages
from geogate.libraries.strict import strictly, writing
from geogate.measures.source import UnreadableError
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "near POINT (8.123456 47.654321)"
WARNING, FAILURE = 2, 3


def gdal_says(kind: int, message: str = SECRET) -> None:
    """Let GDAL report a message and go on, as its drivers do."""
    report = _gdal().CPLError
    report.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p]
    report(kind, 1, message.encode())


def fails() -> None:
    raise KeyError(SECRET)


COMPLAINTS: list[Callable[[], None]] = [
    fails,
    lambda: warnings.warn(SECRET, UserWarning, 1),
    lambda: warnings.warn(SECRET, DeprecationWarning, 1),
    lambda: logging.getLogger("pyogrio").warning(SECRET),
    lambda: logging.getLogger("pyogrio._io").error(SECRET),
    lambda: gdal_says(WARNING),
    lambda: gdal_says(FAILURE),
]


@pytest.mark.parametrize("complain", COMPLAINTS)
def test_every_complaint_of_a_library_is_an_error_that_repeats_nothing(complain: Callable[[], None]) -> None:
    with pytest.raises(UnreadableError, match="the file cannot be opened") as caught, strictly("opened", layer="roads"):
        complain()
    assert caught.value.layer == "roads"
    assert "8.12" not in f"{caught.value.summary}{caught.value.remedy}"
    assert caught.value.__cause__ is None
    with pytest.raises(UnreadableError, match="cannot be written as they are"), writing(layer="roads"):
        complain()


def test_silence_is_no_error() -> None:
    with strictly("opened"):
        logging.getLogger("pyogrio").info(SECRET)
        gdal_says(1)
    with writing(layer=""):
        logging.getLogger("pyogrio").debug(SECRET)


def test_errors_of_our_own_pass_through() -> None:
    with pytest.raises(UnreadableError, match="mine"), strictly("opened"):
        raise UnreadableError("mine", remedy="")
    with pytest.raises(ServiceError, match="mine"), writing(layer=""):
        raise ServiceError("mine")


@pytest.mark.parametrize("message", ["No space left on device", "database or disk is full", "disk I/O error"])
def test_a_full_disk_is_a_service_error(message: str) -> None:
    with pytest.raises(ServiceError, match="cannot be written"), writing(layer=""):
        gdal_says(FAILURE, message)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Measured (M) geometry types are not supported", "M ordinates"),
        ("Non closed ring detected", "rings that are not closed"),
        ("Ignoring invalid WKT", "not valid WKT"),
        ("Non-conformant content for record 1", "date-times that are not in UTC"),
    ],
)
def test_known_complaints_are_put_in_words(message: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason), strictly("read"):
        gdal_says(WARNING, message)


def test_guards_nest_and_leave_nothing_behind() -> None:
    handlers = list(logging.getLogger("pyogrio").handlers)
    with pytest.raises(UnreadableError), strictly("read"), strictly("opened"):
        gdal_says(WARNING)
    with strictly("read"), pytest.raises(UnreadableError), strictly("opened"):
        gdal_says(WARNING)
    assert logging.getLogger("pyogrio").handlers == handlers
    with gdal_messages() as messages:
        gdal_says(WARNING)
    assert messages == [SECRET]


def test_gdal_is_set_up_as_the_table_says() -> None:
    configure_gdal()
    normal = {"ON": True, "YES": True, "OFF": False, "NO": False}
    for name, value in SETTINGS.items():
        found = pyogrio.get_gdal_config_option(name)
        assert normal.get(value, value) == normal.get(str(found), found if isinstance(found, bool) else str(found))
