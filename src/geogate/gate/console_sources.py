"""What the gate judges by, at a glance: the policies of the place, recipients, and zone lists without their shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import own_roles, require
from geogate.gate.place import place_of
from geogate.gate.policy_explain import explained
from geogate.gate.recipients_overview import list_recipients
from geogate.gate.zones_overview import list_zones
from geogate.model.authority import Action, why_not
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.gate.house import House
    from geogate.gate.policy_explain import Explained
    from geogate.gate.recipients_overview import ListedRecipient
    from geogate.gate.zones_overview import ListedZones

SOON_DAYS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Policies by name, and those of them that judge every release; ``problem`` says what cannot be read.

    Recipients and zone lists are there for those only who may see all releases.
    """

    policies: tuple[str, ...]
    adopted: tuple[str, ...]
    recipients: tuple[ListedRecipient, ...] = ()
    zones: tuple[ListedZones, ...] = ()
    problem: str = ""


def sources(*, house: House) -> Sources:
    """Look at the protected place as who acts may see it.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.SEE_OWN, house=house)
    place = place_of(house)
    problem = ""
    adopted: tuple[str, ...] = ()
    recipients: tuple[ListedRecipient, ...] = ()
    zones: tuple[ListedZones, ...] = ()
    try:
        named = place.adopted()
        adopted = tuple(map(str, named.policies)) if named else ()
        if not why_not(Action.SEE_ALL, own_roles(house)):
            recipients = tuple(list_recipients(house, days=SOON_DAYS))
            zones = tuple(list_zones(place.root / "zones", today=house.today())) if _has_zones(place.root) else ()
    except GeogateError as error:
        problem = error.summary
    return Sources(policies=place.policies(), adopted=adopted, recipients=recipients, zones=zones, problem=problem)


def policy_in_words(name: str, *, house: House) -> Explained:
    """Say in sentences what a policy demands.

    Raises: ForbiddenError, UsageError when there is no such policy, PolicyError when it is invalid.
    """
    require(Action.SEE_OWN, house=house)
    return explained(place_of(house).policy(name))


def _has_zones(root: Path) -> bool:
    return (root / "zones").is_dir()
