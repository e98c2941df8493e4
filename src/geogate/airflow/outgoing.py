"""What a task would send and where to, read from a plain, a mapped or a rendered task; what cannot be read is unknown.

Unknown values never make a task harmless, and never lead to a place of the organisation's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Final

from geogate.airflow.outbound import TABLE, row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.airflow.outbound import Sends

UNKNOWN: Final = "<only known when it runs>"
_FIELD: Final = re.compile(r"\{(\w+)(\??)\}")
_WITH_CONNECTION: Final = re.compile(r"([a-z][a-z0-9+.-]*://)([^/@]+)@(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What a task sends; ``row`` is ``None`` for a transfer that the table does not know.

    ``places`` and ``sources`` belong together, one by one. ``via`` is the connection, empty for the usual one.
    ``odd`` are fields that are filled and keep anybody from saying what leaves, or for whom.
    """

    operator: str
    row: Sends | None
    places: tuple[str, ...]
    via: str = ""
    sources: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Say where to, for people."""
        to = ", ".join(self.places)
        return f"{to} via {self.via}" if self.via else to


def is_mapped(task: Any) -> bool:
    """Say whether a task is mapped, by its class itself: a field of that name makes none."""
    return any(
        base.__name__ == "MappedOperator" and base.__module__.startswith("airflow.") for base in type(task).__mro__
    )


def class_of(task: Any) -> type:
    """Give the class of an operator, also of a mapped one."""
    if not is_mapped(task):
        return type(task)
    kind = task.operator_class
    return kind if isinstance(kind, type) else type(task)


def outgoing(task: Any) -> Outgoing | None:
    """Say what a task sends; ``None`` where it sends nothing that anybody knows of."""
    found = row_of(class_of(task))
    if found is None:
        return None
    name, row = found
    if row is None:
        return Outgoing(operator=name, row=None, places=(f"operator:{name}",))
    if row.harmless is not None and _plain(_read(task, row.harmless[0], name), row.default) in row.harmless[1]:
        return None
    places, via = _places(task, row, name)
    return Outgoing(
        operator=name,
        row=row,
        places=places,
        via="" if via == row.usual else via,
        sources=tuple(_texts(_read(task, row.source, name))) if row.source else (),
        odd=tuple(each for each in row.plain if not _empty(_read(task, each, name))),
    )


def is_internal(found: Outgoing, patterns: Sequence[str]) -> bool:
    """Say whether all places are the organisation's own.

    A pattern is for the usual connection of an operator; for another one it says ``via`` and its name.
    """
    return bool(found.places) and not found.odd and all(is_own(place, found.via, patterns) for place in found.places)


def is_own(place: str, via: str, patterns: Sequence[str]) -> bool:
    """Say whether a place, reached by a connection that is empty for the usual one, is the organisation's own."""
    if _climbs(place):
        return False
    apart = (pattern.partition(" via ") for pattern in patterns)
    return any(fnmatchcase(place, wanted) and via == by.strip() for wanted, _, by in apart)


def _climbs(text: str) -> bool:
    return ".." in re.split(r"[/\\]", text)


def _places(task: Any, row: Sends, name: str) -> tuple[tuple[str, ...], str]:
    """Give the places of a row, and the connection by which they are reached."""
    fields = _FIELD.findall(row.to)
    values = {field: list(_texts(_read(task, field, name))) for field, _ in fields}
    for field, optional in fields:
        values[field] = values[field] or ["" if optional else UNKNOWN]
    many = max(len(each) for each in values.values())
    places = []
    via = next(iter(_texts(_read(task, row.via, name))), "") if row.via else ""
    for index in range(many):
        at = {field: each[index] if index < len(each) else each[-1] for field, each in values.items()}
        place = _url_of(at) or _FIELD.sub(lambda match, at=at: at[match[1]], row.to)  # type: ignore[misc]
        if found := _WITH_CONNECTION.fullmatch(place):
            place, via = found[1] + found[3], found[2]
        places.append(f"file://{place}" if place.startswith("/") else place)
    return tuple(places), via


def _url_of(at: dict[str, str]) -> str:
    """Give the second of two fields where it is a whole address and the first one, the bucket, is empty."""
    first, *others = at.values()
    return others[0] if others and first in {"", UNKNOWN} and "://" in others[0] else ""


def _read(task: Any, name: str, row: str) -> Any:
    """Read a field of a task by the name of its argument."""
    try:
        if is_mapped(task):
            return _read_mapped(task, name, row)
        return getattr(task, TABLE[row].names.get(name, name), None)
    except Exception:  # noqa: BLE001 - an operator's own code answers, and whatever it raises, nobody knows the value
        return UNKNOWN


def _read_mapped(task: Any, name: str, row: str) -> Any:
    mapped = getattr(task.expand_input, "value", None)
    if not isinstance(mapped, dict) or name in mapped:
        return UNKNOWN
    if name in task.partial_kwargs:
        return task.partial_kwargs[name]
    # A class of somebody's own may fill what its base is not told.
    return None if task.operator_class.__name__ == row else UNKNOWN


def _texts(value: Any) -> list[str]:
    """Give one or more values as texts; what is no text, such as the output of another task, is unknown."""
    if value is None or (isinstance(value, str) and not value):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, PathLike):
        return [fspath(value)] if isinstance(fspath(value), str) else [UNKNOWN]
    if isinstance(value, list | tuple):
        return [text for each in value for text in (_texts(each) or [UNKNOWN])]
    known = any(base.__name__ == "ObjectStoragePath" for base in type(value).__mro__)
    return [str(value)] if known else [UNKNOWN]


def _plain(value: Any, default: str) -> str:
    """Give the value on which it depends whether a task sends; an unknown one is none of the harmless ones."""
    if value is None or (isinstance(value, list | tuple) and not value):
        return default.lower()
    return str(value).lower() if isinstance(value, str) and value else UNKNOWN if value else ""


def _empty(value: Any) -> bool:
    if isinstance(value, str):
        return value in {"", "private", "bucket-owner-full-control"}
    return value is None or value is False
