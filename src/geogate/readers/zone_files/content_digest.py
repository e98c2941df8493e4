"""The digest of a list's zones as they are, whatever file, format or order they came in."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.zones.zone import Zone

_DECIMALS: Final = 9
"""A tenth of a millimetre: what two libraries make of one projected position differs by less."""


def zones_digest(zones: Sequence[Zone]) -> Sha256:
    """Digest the zones in the order of their ids: id, class, grade, distance and shape."""
    digest = hashlib.sha256(b"geogate zones\n")
    ordered = sorted(zones, key=lambda zone: zone.id)
    shapes = shapely.normalize(np.array([zone.geometry for zone in ordered], dtype=object))
    for zone, shape in zip(ordered, shapes, strict=True):
        for text in (zone.id, zone.category, zone.grade):
            _add(digest, text.encode())
        _add(digest, struct.pack("<d", zone.buffer_m))
        # Zero is added so that -0.0 is 0.0.
        rounded = shapely.transform(shape, lambda lonlat: np.round(lonlat, _DECIMALS) + 0.0)
        _add(digest, shapely.to_wkb(rounded, byte_order=1))
    return Sha256(digest.hexdigest())


def _add(digest: hashlib._Hash, data: bytes) -> None:
    digest.update(len(data).to_bytes(8, "little") + data)
