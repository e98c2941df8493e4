"""Where a release goes, looked at by the gate itself: whatever a policy says, only to places of that recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.model.finding import Count
from geogate.policy.decide import gate_finding
from geogate.policy.places import inside

if TYPE_CHECKING:
    from geogate.model.finding import Finding
    from geogate.model.parties import Circumstances


def unregistered_place(circumstances: Circumstances) -> tuple[Finding, ...]:
    """Find that the destination is no registered place of the recipient: by whose country and owners is judged gets it.

    The finding is ``gate/unregistered-place``.
    """
    places = circumstances.recipient.destinations
    if any(inside(circumstances.destination, place) for place in places):
        return ()
    return (
        gate_finding(
            "unregistered-place",
            summary="the destination is not inside a registered place of the recipient",
            remedy="send to a registered place, or register this one in recipients.yaml",
            counts=(Count(what="registered places", value=len(places)),),
        ),
    )
