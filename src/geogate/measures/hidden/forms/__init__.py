"""Every way to write a position that is looked for in texts; one module for a form or a family of forms."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from geogate.measures.hidden.forms.form import Form

SWAPPED: Final = "-swapped"
"""Ends the name of a form whose writing does not say which axis comes first, read in the other order."""

UNSCANNED: Final = "unscanned"
"""The form of what is too long or too much to look through: it can hold anything."""


@lru_cache(maxsize=1)
def registry() -> tuple[Form, ...]:
    """Return all forms; the libraries that read them are imported here."""
    from geogate.measures.hidden.forms import (
        geohash,
        geojson,
        grids,
        h3_cells,
        halves,
        links,
        listed,
        locators,
        loose,
        national,
        pairs,
        plus_code,
        polylines,
        sexagesimal,
        shared_links,
        three_words,
        tiles,
        wkb,
        wkt,
        world_codes,
    )

    families = (
        wkt, wkb, geojson, links, shared_links, pairs, sexagesimal, listed, plus_code, h3_cells, grids, national, tiles,
        geohash, polylines, three_words, locators, world_codes, loose, halves,
    )  # fmt: skip
    return tuple(form for family in families for form in family.FORMS)


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Name all forms, in the order of their codes."""
    plain = list(dict.fromkeys(form.name for form in registry()))
    return (*plain, *(name + SWAPPED for name in plain), UNSCANNED)


@lru_cache(maxsize=1)
def half_forms() -> frozenset[str]:
    """Name the forms that are one axis by itself."""
    return frozenset(form.name for form in registry() if form.half)


@lru_cache(maxsize=1)
def rising() -> frozenset[str]:
    """Name the forms that become likely where nearly all values of a column are such writings."""
    return frozenset(form.name for form in registry() if form.rises) | {"geohash"}
