"""What windows of an image have together: the finest of all counts."""

from __future__ import annotations

import pytest

from geogate.measures.raster_distance import SampleDistances

FINE = SampleDistances(windows=1, finest_m=0.5, elevation_m=10.0, elevation_windows=1)
COARSE = SampleDistances(windows=2, unmeasured=1, finest_m=30.0, elevation_m=90.0, elevation_windows=1)
NOTHING = SampleDistances(windows=3, elsewhere=1)


@pytest.mark.parametrize("parts", [(FINE, COARSE, NOTHING), (NOTHING, COARSE, FINE), (COARSE, NOTHING, FINE)])
def test_the_finest_window_stands_for_the_image(parts: tuple[SampleDistances, ...]) -> None:
    whole = SampleDistances() + parts[0] + (parts[1] + parts[2])
    assert (whole.finest_m, whole.elevation_m) == (0.5, 10.0)
    assert (whole.windows, whole.elsewhere, whole.unmeasured, whole.elevation_windows) == (6, 1, 1, 2)
