"""Canonical WKB by compiled kernels; to the byte what ``geogate.measures.canonical`` makes by numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels import wkb_canonical as kernels
from geogate.kernels.wkb import ODD
from geogate.measures.wkb import ISO_POINTS, Values
from geogate.measures.wkb_compiled import described, plain_points

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_NOTHING = np.empty(0, np.uint8)


def are_canonical(wkb: pa.Array, *, first_row: int) -> bool:
    """Say whether the values are surely canonical; the plain way decides where the answer is no.

    Raises: UnmeasurableError when the array is not binary or its offsets do not fit its bytes.
    """
    plain = plain_points(wkb)
    if plain is not None and plain.raw in ISO_POINTS:
        data, start, points, width, raw, _ = plain
        if kernels.look_at_points(data, start, raw, points, width):
            return True
    odd, same = kernels.canonicalise(*described(Values.of(wkb, first_row=first_row)), 0, _NOTHING)
    return odd == ODD and bool(same)


def rewritten(values: Values) -> NDArray[np.uint8] | None:
    """Make the bytes canonical; ``None`` where a value is malformed."""
    out = values.data.copy()
    odd, _ = kernels.canonicalise(*described(values), 1, out)
    return out if odd == ODD else None
