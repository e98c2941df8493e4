"""The rule about how finely images with many bands show the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from geogate.measures.raster_bands import Bands, RasterBands
from geogate.measures.raster_distance import GroundSampleDistance, SampleDistances
from geogate.model.dataset import LayerKind
from geogate.rules.raster_sample_distance import DistanceM, is_finer, judged
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class ManyBandsParams(Params):
    """How far apart neighbouring pixels must be where there are many bands."""

    bands: Annotated[int, Field(ge=0, le=5_000)] = Field(description="Images with more bands than this are limited.")
    gsd_m: DistanceM = Field(description="Metres on the ground that neighbouring pixels must be apart then.")
    operator: Literal[">", ">="] = Field(
        description="`>`: this distance itself is too fine; `>=`: it is the finest that may leave."
    )


class ManyBands(Rule[ManyBandsParams]):
    """Images with many bands show the ground no finer than the policy allows.

    Why: many narrow bands tell what things are made of; laws therefore limit such images earlier than pictures.
    Params: ``bands``, above which images are limited; ``gsd_m`` and ``operator``, the least distance then.
    Finds: layers with more bands than that whose finest ground sample distance, in any one direction, is less. Bands of
    other files of the release count too where these are as fine and show some of the same ground.
    Misses: bands that were sent in several releases; which wavelengths they show, which GeoTIFF does not say. Steps of
    time and levels of models count as bands.
    Remedy: resample the image, or choose bands: `gdal_translate -b 1 -b 2 -b 3`.
    Basis: for example SatDSiV § 1 (more than 49 channels, 10 m), Japanese regulation art. 3 (49 bands, 10 m and 5 m).
    """

    expectation = "expect_many_bands_no_finer_than"
    params = ManyBandsParams
    kinds = frozenset({LayerKind.RASTER})
    compared: ClassVar = {"bands": "<="}

    def zone_lists(self, params: ManyBandsParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: ManyBandsParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need how many bands there are, and the distances of all windows."""
        del params, zone_lists
        return RasterBands(), GroundSampleDistance()

    def judge(
        self, params: ManyBandsParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the finest distance with the limit where there are many bands."""
        bands, found = measurements[RasterBands().id], measurements[GroundSampleDistance().id]
        if not isinstance(bands, Bands) or not isinstance(found, SampleDistances):
            raise TypeError("the measurements are not of bands and distances")
        others = sum(each.most for each in _as_fine(params, circumstances) if each.overlaps(bands))
        every = bands.most + others
        several = " of several files" if others else ""
        where = f" in {every:,} bands{several}"
        said = judged(found, gsd_m=params.gsd_m, operator=params.operator, where=where)
        few = bands.most > 0 and every <= params.bands
        return Judgement(observed=said.observed) if few else said


def _as_fine(params: ManyBandsParams, circumstances: Circumstances) -> Iterator[Bands]:
    """Give the bands of files of the release that were judged before and that the limit concerns as much."""
    for layer in circumstances.beside:
        bands, found = (layer.values.get(measure.id) for measure in (RasterBands(), GroundSampleDistance()))
        if not isinstance(bands, Bands) or not isinstance(found, SampleDistances):
            continue
        if is_finer(found.finest_m, params.gsd_m, params.operator):
            yield bands
