"""Options by which a zone list is described: what people say of it, how its zones are named, classed and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from geogate.gate.zones import ZoneListFacts

DAY = click.DateTime(["%Y-%m-%d"])
_FOUR = 4


def fact_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a list's facts."""
    for option in reversed(
        (
            click.option("--name", required=True, help="The list's name, by which policies refer to it."),
            click.option("--title", required=True, help="What the list is."),
            click.option("--source", "origin", required=True, help="Where it comes from."),
            click.option("--licence", required=True, help="Under which terms it may be used."),
            click.option("--as-of", required=True, type=DAY, help="The day that the list describes."),
            click.option("--valid-from", default=None, type=DAY, help="The first day of use; default: --as-of."),
            click.option("--valid-until", required=True, type=DAY, help="The last day on which the gate may use it."),
            click.option("--category", required=True, help="The class of its zones, e.g. military."),
            click.option("--category-field", default=None, help="The attribute that has the class of each zone."),
            click.option(
                "--map-class", multiple=True, metavar="VALUE=CLASS", help="House class of a value of it; repeatable."
            ),
            click.option("--grades", default="", metavar="WORD,…", help="The words that grades of the list may be."),
            click.option("--grade", default=None, help="The grade of its zones: how sure or how sensitive they are."),
            click.option("--grade-field", default=None, help="The attribute that has the grade of each zone."),
            click.option(
                "--id-field", default=None, help="The attribute that has each zone's id; default: its number."
            ),
            click.option(
                "--buffer-m",
                default=0.0,
                type=click.FloatRange(0, 500_000),
                show_default=True,
                help="Metres round each zone.",
            ),
            click.option("--buffer-field", default=None, help="The attribute that has the metres round each zone."),
            click.option("--expect-count", default=None, type=click.IntRange(1), help="How many zones it must have."),
            click.option(
                "--expect-class", multiple=True, metavar="CLASS=N", help="How many of a class; name all of them."
            ),
            click.option("--within", default="", metavar="W,S,E,N", help="A box in degrees that no zone leaves."),
            click.option(
                "--tag",
                "tags",
                multiple=True,
                metavar="KEY[=VALUE]",
                help="Of OpenStreetMap: what is a zone; repeatable.",
            ),
        )
    ):
        command = option(command)
    return command


def facts_from(given: dict[str, Any]) -> ZoneListFacts:
    """Put the facts together, and take their options out of what was given.

    Raises: click.BadParameter.
    """
    from geogate.gate.zones import HOUSE_CLASSES, ZoneListFacts
    from geogate.model.names import ZoneListName

    classes = _pairs(given.pop("map_class"), "--map-class")
    if strange := sorted(set(classes.values()) - set(HOUSE_CLASSES)):
        raise click.BadParameter(f"{strange[0]!r} is none of {', '.join(HOUSE_CLASSES)}", param_hint="--map-class")
    counts = {key: _whole(value) for key, value in _pairs(given.pop("expect_class"), "--expect-class").items()}
    days = {name: _day(given.pop(name)) for name in ("as_of", "valid_from", "valid_until")}
    kept = ("title", "licence", "category", "category_field", "grade", "grade_field", "id_field", "buffer_m")
    return ZoneListFacts(
        name=ZoneListName(given.pop("name")),
        source=given.pop("origin"),
        category_map=classes or None,
        counts=counts or None,
        grades=tuple(word.strip() for word in given.pop("grades").split(",") if word.strip()) or None,
        within=_box(given.pop("within")),
        tags=tuple(given.pop("tags")) or None,
        buffer_field=given.pop("buffer_field"),
        **days,
        **{key: given.pop(key) for key in kept},
    )


def _day(value: datetime | None) -> Any:
    return value.date() if value else None


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = [text.rpartition("=") for text in texts]
    if not all(key and value for key, _, value in pairs) or len({key for key, _, _ in pairs}) != len(pairs):
        raise click.BadParameter("it is not different names, each with = and a value", param_hint=option)
    return {key: value for key, _, value in pairs}


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise click.BadParameter("it is not a whole number from 1 on", param_hint="--expect-class")
    return int(text)


def _box(text: str) -> tuple[float, ...] | None:
    try:
        box = tuple(float(part) for part in text.split(",")) if text else None
    except ValueError:
        box = ()
    if box is not None and len(box) != _FOUR:
        raise click.BadParameter("it is not west,south,east,north in degrees", param_hint="--within")
    return box
