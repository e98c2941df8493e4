"""Whether the detectors are alive: each that a policy of the place uses has to find what is planted for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from geogate.gate.derived import searched
from geogate.gate.derived_canary import require_found
from geogate.gate.opening import ALWAYS
from geogate.gate.place import place_of
from geogate.measures.canaries import SilentDetectorError, require_alive
from geogate.measures.tools import PLAIN
from geogate.model.errors import GeogateError
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.gate.house import House
    from geogate.measures.measure import Measure

DERIVED = "derived-positions"
"""What finds positions in names and in several columns together."""


def detectors(house: House) -> dict[str, bool]:
    """Try every detector of the place's policies, and those that always run; say of each kind whether it found its own.

    Raises: PolicyError, ServiceError when it is not known which there are.
    """
    found: dict[str, bool] = {}
    for measure in _measures(house):
        name = detector_name(measure)
        found[name] = found.get(name, True) and _alive(measure)
    try:
        require_found(searched)
        found[DERIVED] = True
    except (SilentDetectorError, GeogateError):
        found[DERIVED] = False
    return dict(sorted(found.items()))


def detector_name(measure: Measure[Any]) -> str:
    """Name the kind of a measure, without what it is set to: ``ZoneHits`` is ``zone-hits``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(measure).__name__).lower()


def _alive(measure: Measure[Any]) -> bool:
    try:
        require_alive([measure], PLAIN)
    except SilentDetectorError:
        return False
    return True


def _measures(house: House) -> Iterator[Measure[Any]]:
    place, known = place_of(house, indexes=house.means().indexes), set()
    for name in place.policies():
        policy = place.policy(name)
        lists = place.zone_lists(policy, today=house.today())
        for use in policy.rules:
            for measure in registered()[use.expectation].measures(use.params, lists):
                if measure.id not in known:
                    known.add(measure.id)
                    yield measure
    yield from (measure for measure in ALWAYS if measure.id not in known)
