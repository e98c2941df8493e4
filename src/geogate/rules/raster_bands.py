"""The rule about what the bands of images are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geogate.measures.raster_bands import Bands, RasterBands
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Among, Limit
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

Interpretation = Literal[
    "gray", "palette", "red", "green", "blue", "alpha", "hue", "saturation", "lightness", "cyan", "magenta", "yellow",
    "black", "Y", "Cb", "Cr", "undefined",
]  # fmt: skip
DataType = Literal[
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "complex64",
    "complex128",
]  # fmt: skip


class BandsParams(Params):
    """Which bands may leave."""

    max_bands: Annotated[int, Field(ge=1, le=5_000)] = Field(description="The most bands that an image may have.")
    data_types: Annotated[tuple[DataType, ...], Field(min_length=1)] = Field(
        description="The types of values that bands may have, such as `uint8`."
    )
    interpretations: Annotated[tuple[Interpretation, ...], Field(min_length=1)] = Field(
        description="What bands may stand for, such as `red`; `undefined` where the file does not say."
    )


class AllowedBands(Rule[BandsParams]):
    """Images have no other bands than the policy allows.

    Why: many channels, thermal infrared and the phase of radar tell more than a picture, and laws restrict them; and
    further bands are a place for another image.
    Params: ``max_bands``; ``data_types`` and ``interpretations`` that are allowed.
    Finds: images with more bands, other types, or bands that stand for something else, by what the file says of them.
    Misses: what a band shows when the file calls it something else; wavelengths, which the canonical encoding drops.
    Remedy: choose bands: `gdal_translate -b 1 -b 2 -b 3`.
    Basis: for example SatDSiV § 1 and the Japanese regulation art. 3 (more than 49 channels).
    """

    expectation = "expect_raster_bands_to_be_allowed"
    params = BandsParams
    kinds = frozenset({LayerKind.RASTER})
    bounds = (
        Limit("max_bands", "<="),
        Among("data_types", needed=True),
        Among("interpretations", needed=True),
    )
    says = "An image may have at most {max_bands}, of the types {data_types}, interpreted as {interpretations}."

    def zone_lists(self, params: BandsParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: BandsParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need what the bands are."""
        del params, zone_lists
        return (RasterBands(),)

    def judge(
        self, params: BandsParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the bands with what is allowed."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, Bands):
            raise TypeError("the measurement has no bands")
        observed = f"{found.most:,} bands of {', '.join(found.data_types)}"
        return Judgement(observed=observed, problems=(*_problems(params, found),))


def _problems(params: BandsParams, found: Bands) -> Iterator[Problem]:
    if not found.most:
        yield Problem(summary="the image has no bands", remedy="leave it out, or export it again", counts=())
    if found.most > params.max_bands:
        yield Problem(
            summary="images have more bands than may leave",
            remedy="choose bands: `gdal_translate -b 1 -b 2 -b 3`",
            measured=str(found.most),
            operator="<=",
            limit=str(params.max_bands),
            unit="bands",
            counts=(Count(what="bands", value=found.most),),
        )
    if others := [kind for kind in found.data_types if kind not in params.data_types]:
        yield Problem(
            summary="bands have values of types that may not leave",
            remedy="convert the values: `gdal_translate -ot`",
            counts=(Count(what="types that are not allowed", value=len(others)),),
        )
    if kinds := [kind for kind in found.interpretations if kind not in params.interpretations]:
        yield Problem(
            summary="bands stand for what may not leave, or do not say what they stand for",
            remedy="choose bands, and say what they are: `gdal_translate -b 1 -colorinterp red`",
            counts=(Count(what="meanings that are not allowed", value=len(kinds)),),
        )
