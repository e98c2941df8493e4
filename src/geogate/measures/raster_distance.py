"""How finely the images of a raster layer sample the ground; which distance is too fine is for the rules to say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.measure import MeasureId, Summed
from geogate.measures.raster import windows_of
from geogate.measures.tools import PLAIN
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList

DIGITS: Final = 6
"""Distances are told to so many significant digits: what is nearer to a limit than that is the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDistances:
    """The finest distance between neighbouring pixels on the ground, in any direction along rows or columns.

    ``windows`` were looked at, ``elsewhere`` were not, because they touch none of the zones that were asked about.
    ``finest_m`` is that of all images, overviews among them; ``elevation_m`` that of those whose values may be heights;
    ``None`` where there was none. ``unmeasured`` windows have no distance: a rule must not let them pass.

    Units: metres, to ``DIGITS`` significant digits.
    """

    windows: int = 0
    elsewhere: int = 0
    unmeasured: int = 0
    finest_m: float | None = None
    elevation_m: float | None = None
    elevation_windows: int = 0

    def __add__(self, other: SampleDistances) -> SampleDistances:
        """Add what other windows have."""
        return SampleDistances(
            windows=self.windows + other.windows,
            elsewhere=self.elsewhere + other.elsewhere,
            unmeasured=self.unmeasured + other.unmeasured,
            finest_m=_finer(self.finest_m, other.finest_m),
            elevation_m=_finer(self.elevation_m, other.elevation_m),
            elevation_windows=self.elevation_windows + other.elevation_windows,
        )


def _finer(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class GroundSampleDistance:
    """Measure the ground sample distances of all windows."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("ground-sample-distance")

    def empty(self) -> SampleDistances:
        """Return the measurement of no windows."""
        return SampleDistances()

    def tally(self, tools: Tools) -> Tally[SampleDistances]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> SampleDistances:
        """Measure the windows of one batch.

        Raises: UnmeasurableError when the layer is no raster.
        """
        return _distances(batch, np.ones(batch.rows, np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneSampleDistance:
    """Measures the ground sample distances of the windows that touch a zone of a list or its surroundings."""

    id: MeasureId
    zone_list: ZoneList
    buffer_m: float

    @classmethod
    def within(cls, zone_list: ZoneList, *, buffer_m: float) -> ZoneSampleDistance:
        """Measure near the zones of a list; the distance of each zone is the larger of its own and ``buffer_m``.

        Units: metres.
        Raises: PolicyError when the list cannot be asked with this distance.
        """
        limits_m(zone_list, buffer_m)
        return cls(
            id=MeasureId(f"zone-sample-distance:{zone_list.digest[:16]}:{float(buffer_m)!r}"),
            zone_list=zone_list,
            buffer_m=buffer_m,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneSampleDistance) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def empty(self) -> SampleDistances:
        """Return the measurement of no windows."""
        return SampleDistances()

    def tally(self, tools: Tools) -> Tally[SampleDistances]:
        """Begin to measure many batches."""
        # Windows are few: the index that needs no file and no kernels is quick enough.
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> SampleDistances:
        """Measure the windows of one batch.

        Raises: UnmeasurableError when the layer is no raster, or a window cannot be placed.
        """
        near = np.zeros(batch.rows, np.bool_)
        near[feature_hits(batch, zone_index(self.zone_list, self.buffer_m, PLAIN)).owner] = True
        return _distances(batch, near)


def _distances(batch: LayerBatch, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> SampleDistances:
    every = windows_of(batch).gsd_m
    heights = batch.attributes.column("elevation_hint").to_numpy(zero_copy_only=False).astype(np.bool_) & chosen
    measured = np.isfinite(every) & (every > 0)
    found = SampleDistances(
        windows=int(chosen.sum()),
        elsewhere=int((~chosen).sum()),
        unmeasured=int((chosen & ~measured).sum()),
        elevation_windows=int(heights.sum()),
    )
    if (chosen & measured).any():
        found = replace(found, finest_m=_rounded(float(every[chosen & measured].min())))
    if (heights & measured).any():
        found = replace(found, elevation_m=_rounded(float(every[heights & measured].min())))
    return found


def _rounded(distance_m: float) -> float:
    return float(f"{distance_m:.{DIGITS}g}")
