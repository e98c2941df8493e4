"""The rule about what photos tell besides their pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import Field

from geogate.measures.photo import PhotoMetadata, PhotoTells, Telling
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Among
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

_WHAT: Final[Mapping[Telling, str]] = {
    Telling.PLACES: "where they were taken, or what they show",
    Telling.TIMES: "when they were taken",
    Telling.DEVICES: "which camera took them",
    Telling.PERSONS: "who took or owns them",
    Telling.TEXTS: "other texts",
}


class PhotoMetadataParams(Params):
    """What photos may tell."""

    allowed: tuple[Telling, ...] = Field(
        description=(
            "What photos may tell besides their pictures, of `places`, `times`, `devices`, `persons` and `texts`; "
            "an empty list for none."
        )
    )


class AllowedPhotoMetadata(Rule[PhotoMetadataParams]):
    """Photos tell no more than the policy allows.

    Why: cameras write into each photo where it was taken, when, and the serial number of the device, which joins photos
    to one owner; editors add names and captions.
    Params: ``allowed``, what may be told: places, times, devices, persons, texts.
    Finds: positions of the camera and of the subject, directions and areas; dates; makes, models and serial numbers;
    owners; any other text, in Exif, XMP, IPTC, Photoshop resources, maker notes, comments, and in thumbnails. A place
    that is written so that it cannot be read counts too. What geogate writes anew tells none of these: the rule judges
    what is screened, and what leaves verbatim.
    Misses: what the picture itself shows; notes of makers in forms that nobody has described.
    Remedy: submit the photo under a policy that encodes canonically, or run `exiftool -all= photo.jpg`.
    Basis: for example GDPR art. 5(1)(c) and art. 25.
    """

    expectation = "expect_photo_metadata_to_be_allowed"
    params = PhotoMetadataParams
    kinds = frozenset({LayerKind.PHOTO})
    bounds = (Among("allowed"),)
    says = "Of what tells of the picture only this may be there: {allowed}."

    def zone_lists(self, params: PhotoMetadataParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: PhotoMetadataParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need what is told."""
        del params, zone_lists
        return (PhotoMetadata(),)

    def judge(
        self, params: PhotoMetadataParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare what is told with what is allowed."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, PhotoTells):
            raise TypeError("the measurement has nothing about photos")
        told = [telling.value for telling, count in zip(Telling, found.counts, strict=True) if count]
        observed = f"photos tell {', '.join(told)}" if told else "photos tell nothing besides their pictures"
        return Judgement(observed=observed, problems=tuple(_problems(params, found)))


def _problems(params: PhotoMetadataParams, found: PhotoTells) -> Iterator[Problem]:
    if not found.rows:
        yield Problem(summary="there is no photo in the layer", remedy="leave it out, or export it again", counts=())
    for telling, count in zip(Telling, found.counts, strict=True):
        if count and telling not in params.allowed:
            yield Problem(
                summary=f"photos tell {_WHAT[telling]}",
                remedy="submit them under a policy that encodes canonically, or run: exiftool -all= photo.jpg",
                counts=(Count(what=telling.value, value=count),),
            )
