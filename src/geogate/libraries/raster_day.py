"""The day of an image, as the tag of a TIFF says it; the time of day does not leave."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

DAY_TAG: Final = 306
DAY_NAME: Final = "TIFFTAG_DATETIME"
"""What GDAL calls the tag."""

_WRITTEN: Final = re.compile(r"(\d{4}):(\d\d):(\d\d) \d\d:\d\d:\d\d", re.ASCII)
_YEARS: Final = (1900, 2100)


def day_of(text: str) -> date | None:
    """Read the day; ``None`` where the text is no moment as TIFF writes it."""
    found = _WRITTEN.fullmatch(text)
    if found is None or not _YEARS[0] <= int(found[1]) < _YEARS[1]:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def day_text(day: date) -> str:
    """Write the day as geogate does: its midnight."""
    return f"{day:%Y:%m:%d} 00:00:00"
