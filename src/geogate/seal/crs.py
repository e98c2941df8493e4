"""The description of a CRS as it leaves: the authority's own where it is the same, else without remarks."""

from __future__ import annotations

from typing import Any

import pyproj

_ANNOTATIONS = frozenset({"remarks", "scope", "area", "bbox", "usages", "vertical_extent", "temporal_extent"})
_CERTAIN = 100


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key not in _ANNOTATIONS}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def canonical_crs(crs: pyproj.CRS) -> pyproj.CRS:
    """Return the same CRS without free text that somebody could have put there."""
    authority = crs.to_authority(min_confidence=_CERTAIN)
    if authority is not None:
        known = pyproj.CRS.from_authority(*authority)
        if known.equals(crs):
            return known
    return pyproj.CRS.from_json_dict(_plain(crs.to_json_dict()))
