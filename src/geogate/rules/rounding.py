"""The remedy of rounding positions: how many decimals would pass, found by judging the lattice as it would be."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

from geogate.measures.decimals import COARSEST, FINEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.measures.lattice import Histogram, Lattice

COMMAND: Final = "gdf.geometry = gdf.geometry.transform(lambda xy: numpy.round(xy, {}))"


def rounding_remedy(lattice: Lattice, passes: Callable[[Lattice], bool]) -> str:
    """Say to how many decimals positions would have to be rounded so that ``passes`` says that they pass."""
    places = places_that_pass(lattice, passes)
    if places is None:
        return "no rounding to decimals makes these positions coarse enough; send counts by area instead"
    words = f"{places} decimal{'' if places == 1 else 's'}" if places > 0 else f"multiples of {10**-places:,}"
    return f"round positions to {words}, for example: `{COMMAND.format(places)}`"


def places_that_pass(lattice: Lattice, passes: Callable[[Lattice], bool]) -> int | None:
    """Find the most decimals that would pass, by judging the lattice as it would be after rounding."""
    finest = max((each.places for each in (*lattice.x, *lattice.y)), default=COARSEST)
    # Rounding to more decimals than there are changes nothing.
    if finest < FINEST and passes(lattice):
        return FINEST
    some = range(min(finest, FINEST), COARSEST - 1, -1)
    return next((places for places in some if passes(rounded(lattice, places))), None)


def rounded(lattice: Lattice, places: int) -> Lattice:
    """Give the lattice as rounding to some decimals leaves it at least."""
    return replace(lattice, x=_rounded_axis(lattice.x, places), y=_rounded_axis(lattice.y, places))


def _rounded_axis(histogram: Histogram, places: int) -> Histogram:
    """Move the finer classes into the class of ``places``, as rounding does at least, and keep the coarser ones."""
    kept = [each for each in histogram if each.places < places]
    moved = [replace(each, places=places, even=0, fives=0) for each in histogram if each.places >= places]
    return tuple([*kept, reduce(add, moved)] if moved else kept)
