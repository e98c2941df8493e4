"""What somebody may see of a review: the one function that keeps reviewers blind to each other until it is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.gate.authority import HINT, own_roles
from geogate.model.authority import Action, ForbiddenError, why_not
from geogate.model.lifecycle import State
from geogate.model.names import person

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.gate.house import House
    from geogate.model.authority import Identity
    from geogate.model.release import ReleaseRequest, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballots:
    """The votes on a request that somebody may see, and how many there are that are not shown."""

    shown: tuple[Vote, ...]
    hidden: int


def ballots(votes: Iterable[Vote], *, state: State, viewer: Identity) -> Ballots:
    """Give the votes that ``viewer`` may see: while a request is held the own one, and after that all."""
    every = tuple(votes)
    own = tuple(vote for vote in every if person(vote.reviewer) == person(viewer.name))
    shown = own if state is State.HELD else every
    return Ballots(shown=shown, hidden=len(every) - len(shown))


def require_may_see(request: ReleaseRequest, *, house: House) -> None:
    """Refuse to show a release to somebody who may see only the own ones, or none.

    Raises: ForbiddenError.
    """
    roles = own_roles(house)
    own = person(request.requester) == person(house.actor)
    why = why_not(Action.SEE_ALL, roles)
    if why and not (own and not why_not(Action.SEE_OWN, roles)):
        raise ForbiddenError(why, hint=HINT)
