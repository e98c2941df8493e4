"""The digest of the shapes of a list's zones, whatever file, format or order they came in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

_DECIMALS: Final = 9
"""A tenth of a millimetre: what two libraries make of one projected position differs by less."""


def shapes_digest(shapes: Sequence[BaseGeometry]) -> Sha256:
    """Digest shapes, each by itself and then all in the order of their digests."""
    normal = shapely.normalize(np.array(shapes, dtype=object))
    # Zero is added so that -0.0 is 0.0.
    rounded = shapely.transform(normal, lambda lonlat: np.round(lonlat, _DECIMALS) + 0.0)
    digests = sorted(hashlib.sha256(wkb).digest() for wkb in shapely.to_wkb(rounded, byte_order=1))
    return Sha256(hashlib.sha256(b"".join(digests)).hexdigest())
