"""Who may do what here: the roles that the protected place gives, and the one function that everybody is asked by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.gate.place import place_of
from geogate.model.authority import Action, ForbiddenError, Identity, Role, Source, why_not
from geogate.model.names import person
from geogate.policy.roles import roles_of

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.model.release import ReleaseRequest, Vote
    from geogate.policy.roles import Roles

HINT = "an administrator gives roles in roles.yaml, in the protected place (GEOGATE_POLICIES)"


def roles_here(house: House) -> Roles | None:
    """Read who has which role; ``None`` where the place has no such file.

    Raises: PolicyError when the file is invalid, ServiceError.
    """
    return place_of(house).roles()


def own_roles(house: House) -> frozenset[Role]:
    """Give the roles of whoever acts.

    Raises: PolicyError, ServiceError.
    """
    return roles_of(house.identity, roles_here(house))


def require(action: Action, *, house: House) -> None:
    """Refuse what whoever acts has no role for.

    Raises: ForbiddenError, PolicyError when the roles cannot be read.
    """
    if why := why_not(action, own_roles(house)):
        raise ForbiddenError(why, hint=HINT)


def asked_by(request: ReleaseRequest, *, ledger: Ledger) -> frozenset[str]:
    """Name who asked for the same bytes for the same recipient, under whatever policy and to whatever place, folded."""
    return frozenset(person(each.requester) for each in (request, *ledger.same(request)))


def still_votes(vote: Vote, roles: Roles | None) -> bool:
    """Say whether who cast a vote may vote by the roles of today, with the groups of the sign-in at that time."""
    source = Source(vote.source) if vote.source else Source.LOCAL
    who = Identity(name=vote.reviewer, groups=vote.groups, source=source)
    return not why_not(Action.VOTE, roles_of(who, roles))
