"""Reference systems that an authority publishes; any other one is a place to hide a position in.

Somebody who may write a reference system can put its origin on a secret and send the point (0, 0), or scale the numbers
until they look coarse. What a file states is therefore only taken as a question: which published system is it?
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

import pyproj

AUTHORITIES: Final = ("EPSG", "OGC", "ESRI", "IGNF", "NKG", "NRCAN")
"""Those in PROJ's database that describe the Earth, the preferred first."""

_CERTAIN: Final = 100
_LIKELY: Final = 25
_KEPT: Final = 64


def published(crs: pyproj.CRS) -> pyproj.CRS | None:
    """Return the published reference system that is the same but for names and the order of its axes.

    The result is the authority's own description, without anything that the file says; ``None`` where there is none.

    Source: PROJ's database and its comparison of reference systems.
    """
    found = _published(crs.to_wkt())
    return None if found is None else pyproj.CRS.from_json(found)


@lru_cache(_KEPT)
def _published(wkt: str) -> str | None:
    crs = pyproj.CRS.from_wkt(wkt)
    for confidence in (_CERTAIN, _LIKELY):
        named = [(each.auth_name, each.code) for each in crs.list_authority(min_confidence=confidence)]
        candidates = [(authority, code) for authority, code in named if authority in AUTHORITIES]
        candidates.sort(key=lambda each: (AUTHORITIES.index(each[0]), each[1]))
        for ignore_axis_order in (False, True):
            for described in (_described(*each) for each in candidates):
                if pyproj.CRS.from_json(described).equals(crs, ignore_axis_order=ignore_axis_order):
                    return described
    return None


@lru_cache(_KEPT)
def _described(authority: str, code: str) -> str:
    """Read an authority's definition in a new thread, whose PROJ has seen nothing yet.

    PROJ remembers what was compared before: afterwards the same code is described by a datum where it was by an
    ensemble of them, and the same rows would give other bytes. pyproj keeps one PROJ a thread.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="geogate-crs") as fresh:
        return fresh.submit(lambda: pyproj.CRS.from_authority(authority, code).to_json()).result()
