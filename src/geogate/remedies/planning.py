"""From what rules found to what would help: a planner for each rule, by the name of its expectation.

A planner takes the number from the rule's own parameters and measurements, so that the finding and the remedy say the
same. A rule without a planner is for people.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.model.dataset import LayerKind
from geogate.remedies.planning_columns import COLUMNS
from geogate.remedies.planning_places import PLACES
from geogate.remedies.planning_tables import TABLES
from geogate.remedies.proposal import OWNER, REQUESTER, Kind, Proposal, by_people
from geogate.rules.coordinate_precision import CoordinatePrecision, PrecisionParams
from geogate.rules.joint_breach import JOINT, NoJointBreach
from geogate.rules.location_uncertainty import LocationUncertainty, UncertaintyParams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from geogate.remedies.proposal import View

    Planner = Callable[[Any, View], Iterator[Proposal]]

SHARPLY: Final = 1.001
"""How much coarser than a limit is coarser in any case, where it must be exceeded."""


def proposals(expectation: str, params: Any, view: View, *, remedy: str) -> tuple[Proposal, ...]:
    """Propose what would make a layer satisfy a rule that it breaks; ``remedy`` is what the finding says.

    Raises: UnmeasurableError when the measurement does not say.
    """
    if expectation == JOINT:
        return _one_of(params, view, remedy=remedy)
    if view.kind is LayerKind.PHOTO:
        said = "write the photo anew: geogate's own encoding leaves positions, times and marks of cameras out"
        return (Proposal(kind=Kind.REWRITE, does=said),)
    planner = PLANNERS.get(expectation)
    found = tuple(planner(params, view)) if planner is not None and view.kind is LayerKind.VECTOR else ()
    return found or (by_people(remedy, by=WHO.get(expectation, by_people("").by)),)


def _one_of(params: Any, view: View, *, remedy: str) -> tuple[Proposal, ...]:
    """Propose for a joint breach the part that changes least: positions first, whatever needs people last."""
    options = []
    for _, rule, own in NoJointBreach().parts(params):
        found = proposals(rule.expectation, own, view, remedy=remedy)
        if found and all(each.mechanical for each in found):
            options.append(found)
    return min(options, key=lambda each: _PREFERRED.get(each[0].kind, len(_PREFERRED)), default=(by_people(remedy),))


_PREFERRED: Final = {Kind.COARSEN: 0, Kind.ROUND_TIMES: 1, Kind.GENERALISE: 2, Kind.DROP_COLUMNS: 3}


def _precision(params: PrecisionParams, view: View) -> Iterator[Proposal]:
    if isinstance(view.values.get(CoordinateLattice().id), Lattice):
        yield _coarser(params.step_m * (SHARPLY if params.operator == ">" else 1.0))


def _uncertainty(params: UncertaintyParams, view: View) -> Iterator[Proposal]:
    if not isinstance(view.values.get(CoordinateLattice().id), Lattice):
        return
    if params.metric == "decimals":
        places = int(params.limit) - (params.operator == "<")
        yield Proposal(kind=Kind.COARSEN, does=f"round positions to {places} decimals of a degree", places=places)
        return
    # With both sides so long, the cell is as uncertain as asked for, whatever the longer one is.
    side = {"radius": math.sqrt(2), "equal_area_radius": math.sqrt(math.pi)}[params.metric]
    yield _coarser(params.limit * side * (SHARPLY if params.operator == ">" else 1.0))


def _coarser(step_m: float) -> Proposal:
    return Proposal(kind=Kind.COARSEN, does=f"round positions to {step_m:,.6g} m or coarser", step_m=step_m)


PLANNERS: Final[Mapping[str, Planner]] = {
    CoordinatePrecision.expectation: _precision,
    LocationUncertainty.expectation: _uncertainty,
    **PLACES,
    **COLUMNS,
    **TABLES,
}

WHO: Final[Mapping[str, str]] = {
    "expect_destination_to_be_allowed": f"{REQUESTER}, with another recipient or place",
    "expect_recipient_not_to_be_controlled": f"{REQUESTER}, with another recipient",
    "expect_recipient_outside_countries": f"{REQUESTER}, with another recipient",
    "expect_place_to_be_closed": f"whoever keeps the place, or {REQUESTER}, with another place",
    "expect_release_to_appear_whole": f"{REQUESTER}, with one file or another place",
    "expect_storage_in_countries": f"{REQUESTER}, with another place",
    "expect_recipient_total_no_more_than": f"{REQUESTER}, with fewer subjects or later",
    "expect_attestations_to_be_held": "whoever keeps recipients.yaml",
    "expect_declared_number": f"{REQUESTER}, who declares it",
    "expect_no_zone_under_another_reading": "whoever knows the reference system of the source",
    "expect_release_not_to_be_prohibited": OWNER,
}
"""Who does what geogate cannot, where it is not whoever exports the data."""
