"""The description of a CRS as it leaves: the authority's own where it is the same, else without remarks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyproj

_ANNOTATIONS = frozenset({"remarks", "scope", "area", "bbox", "usages", "vertical_extent", "temporal_extent"})
_CERTAIN = 100


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key not in _ANNOTATIONS}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _as_published(name: str, code: str) -> str:
    """Read an authority's definition in a new thread, whose PROJ has seen nothing yet.

    PROJ remembers what was compared before: after ``to_authority`` the same code is described by a datum where it was
    by an ensemble of them, and the same rows would give other bytes. pyproj keeps one PROJ a thread.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="geogate-crs") as fresh:
        return fresh.submit(lambda: pyproj.CRS.from_authority(name, code).to_json()).result()


def canonical_crs(crs: pyproj.CRS) -> pyproj.CRS:
    """Return the same CRS without free text that somebody could have put there."""
    authority = crs.to_authority(min_confidence=_CERTAIN)
    if authority is not None:
        known = pyproj.CRS.from_json(_as_published(*authority))
        if known.equals(crs):
            return known
    return pyproj.CRS.from_json_dict(_plain(crs.to_json_dict()))
