"""Pages from templates: every value is escaped and made visible, and a name that a template misses is an error."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geogate.console import charts
from geogate.console.shown import finalize
from geogate.gate.derived import NAMES
from geogate.model.authority import Action
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geogate.gate.house import House
    from geogate.model.verdict import LayerSummary

TEMPLATES: Final = Path(__file__).parent / "templates"
NOTHING: Final = "\N{EN DASH}"
_DERIVED: Final = re.compile(r"(.*?)#+[0-9]+", re.DOTALL)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SHORT: Final = 12
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")
_KILO: Final = 1000.0


def renderer(house: House) -> Callable[..., str]:
    """Make the function that renders a page by the name of its template."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "hides": hides,
        "when": when,
        "day": day,
        "span": span,
        "short": short,
        "number": number,
        "size": size,
        "machine": machine,
    }
    environment.globals |= {"Action": Action, "State": State, "charts": charts, "flash": None}

    def render(template: str, **values: Any) -> str:
        return environment.get_template(template).render(now=house.clock(), **values)

    return render


def hides(name: str, layers: Iterable[LayerSummary]) -> bool:
    """Tell whether a layer is of positions that hide: its name is that of another one, or ``names``, and a number."""
    found = _DERIVED.fullmatch(name)
    return found is not None and found[1] in {NAMES, *(each.name for each in layers)}


def when(moment: datetime | str | None) -> str:
    """Write a time in UTC."""
    if not moment:
        return NOTHING
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def machine(moment: datetime | str | None) -> str:
    """Write a time for programs."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else ""


def day(moment: date | str | None) -> str:
    """Write a day."""
    return str(moment)[:10] if moment else NOTHING


def span(length: timedelta | float) -> str:
    """Write a length of time in its largest units: 3 d 4 h."""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    ago = "-" if seconds < 0 else ""
    seconds = abs(seconds)
    if seconds >= _DAY:
        return f"{ago}{seconds // _DAY} d {seconds % _DAY // _HOUR} h"
    if seconds >= _HOUR:
        return f"{ago}{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{ago}{seconds // _MINUTE} min"


def short(digest: str) -> str:
    """Write the beginning of a digest."""
    return str(digest)[:_SHORT]


def number(value: float) -> str:
    """Write a number with separators."""
    return f"{value:,}"


def size(count: float) -> str:
    """Write a number of bytes."""
    amount, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if amount < _KILO or unit == _UNITS[-1]:
            break
        amount /= _KILO
    return f"{amount:.0f} {unit}" if unit == _UNITS[0] else f"{amount:.1f} {unit}"
