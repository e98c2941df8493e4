"""What a destination was like when a release was judged, when it was sent, and what it is like now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.destinations.place_posture import PlacePosture, drift
from geogate.destinations.schemes import scheme_of
from geogate.gate.facts import read_facts
from geogate.model.errors import RefusedError
from geogate.model.openings import NONE, OPENING

if TYPE_CHECKING:
    from geogate.destinations.channel import Channel
    from geogate.ledger.ledger import Ledger
    from geogate.model.parties import Posture
    from geogate.model.release import Clearance

DECIDING: Final = OPENING | {
    "country", "default encryption", "host key", "object lock", "owner", "policy", "public access block", "region",
    "versioning",
}  # fmt: skip
"""Traits that must not have become other ones between judging and sending; one that opens may have gone."""


def place_posture(destination: str, posture: Posture) -> PlacePosture:
    """Give the traits of a posture with the place that they are of: a bucket as a whole, or a directory."""
    return PlacePosture(place=scheme_of(destination).whole(destination), traits=posture.traits)


def require_as_judged(clearance: Clearance, channel: Channel, *, ledger: Ledger) -> Posture:
    """Look at the destination again, and refuse one that is not as it was judged; say what it is like.

    Where an earlier version kept less of it, less is compared.

    Raises: RefusedError; ServiceError when the destination does not answer.
    """
    now = channel.posture()
    kept = read_facts(ledger.measurements(clearance.request))
    if kept is None or not kept.circumstances.posture.traits:
        return now
    before = place_posture(clearance.destination, kept.circumstances.posture)
    changed = [
        each.trait
        for each in drift(before, place_posture(clearance.destination, now))
        if each.trait in DECIDING and not (each.trait in OPENING and each.now == NONE)
    ]
    if changed:
        raise RefusedError(
            f"the destination is not as it was judged: {', '.join(changed)}",
            hint="find out who changed it, then submit the dataset again",
        )
    return now
