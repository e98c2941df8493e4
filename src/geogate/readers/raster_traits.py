"""What the bands of an image are said to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.libraries.raster_day import DAY_NAME, day_of
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from datetime import date

    import pyproj

    from geogate.libraries.rasters import Pixels

_HEIGHT: Final = re.compile(r"dem|dtm|dsm|elev|height|altit|depth|bathy|höhe|hoehe|relief", re.IGNORECASE)
_METRES: Final = frozenset({"m", "metre", "meter", "metres", "meters", "ft", "feet", "foot"})
_PICTURES: Final = frozenset({"uint8", "int8"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What all images of a file have in common.

    ``interpretation`` names what each band stands for, each name once, in alphabetical order. ``elevation_hint`` says
    that the values may be heights: one band of numbers with more than eight bits, a vertical reference, or a band that
    calls itself so. ``day`` is when the image was taken, ``None`` where the file does not say.
    """

    bands: int
    data_type: str
    interpretation: str
    elevation_hint: bool
    day: date | None


def traits_of(dataset: Pixels, crs: pyproj.CRS | None) -> Traits:
    """Read what the bands are said to be.

    Raises: UnreadableError when they are of several types, which a GeoTIFF cannot have.
    """
    types = set(dataset.dtypes)
    if len(types) != 1:
        raise UnreadableError("the bands are of several types", remedy="send them in files of their own")
    (data_type,) = types
    said = [*dataset.descriptions, *dataset.tags().values(), *dataset.tags(1).values()]
    named = any(_HEIGHT.search(each) for each in said if each) or any(
        unit and unit.strip().lower() in _METRES for unit in dataset.units
    )
    vertical = crs is not None and (crs.is_compound or len(crs.axis_info) > 2)  # noqa: PLR2004 x and y
    return Traits(
        bands=dataset.count,
        data_type=data_type,
        interpretation=",".join(sorted({kind.name for kind in dataset.colorinterp})),
        day=day_of(dataset.tags().get(DAY_NAME, "")),
        elevation_hint=named or vertical or (dataset.count == 1 and data_type not in _PICTURES),
    )
