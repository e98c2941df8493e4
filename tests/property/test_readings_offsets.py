"""The offsets of Chinese maps there and back, and for each position by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geogate.measures.datum_offsets import (
    EXTENT,
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

WEST, SOUTH, EAST, NORTH = EXTENT
PLACES = st.lists(st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH)), min_size=1, max_size=20)
PAIRS = [(wgs84_to_gcj02, gcj02_to_wgs84), (gcj02_to_bd09, bd09_to_gcj02), (wgs84_to_bd09, bd09_to_wgs84)]


@given(PLACES, st.sampled_from(PAIRS))
def test_there_and_back_is_where_it_began(places: list[tuple[float, float]], pair: tuple) -> None:  # type: ignore[type-arg]
    there, back = pair
    lonlat = np.array(places)
    assert back(there(lonlat)) == pytest.approx(lonlat, abs=1e-9)
    assert there(back(lonlat)) == pytest.approx(lonlat, abs=1e-9)


@given(PLACES, st.sampled_from([each for pair in PAIRS for each in pair]))
def test_a_position_moves_as_it_does_alone(places: list[tuple[float, float]], offset) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    lonlat = np.array(places)
    alone = np.concatenate([offset(lonlat[[number]]) for number in range(len(lonlat))])
    assert offset(lonlat) == pytest.approx(alone, abs=1e-12)
