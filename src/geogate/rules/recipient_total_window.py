"""Windows in time over which releases to a recipient are counted: rolling months and calendar years, in UTC."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

CALENDAR_YEAR: Final = "calendar-year"

Window = Literal["calendar-year"] | Annotated[str, StringConstraints(pattern=r"^P([1-9]|[1-9][0-9]|1[01][0-9]|120)M$")]
"""``calendar-year``, or the preceding months as in ISO 8601: ``P12M``."""

_MONTHS: Final = 12


def first_day(window: str, today: date) -> date:
    """Give the first day that counts.

    Of rolling months it is the same day of the month so many months ago, or the last day of that month where it is
    shorter: a window is never shorter than the law says.
    """
    if window == CALENDAR_YEAR:
        return date(today.year, 1, 1)
    year, month = divmod(today.year * _MONTHS + today.month - 1 - int(window[1:-1]), _MONTHS)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
