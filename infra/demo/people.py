"""The people of the demonstration: two reviewers who approve the held release, after which it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.gate.house import House
from geogate.gate.review import Tally, approve
from geogate.gate.send import send_by_nonce
from geogate.model.errors import RefusedError
from infra.demo.folder import DemoError

if TYPE_CHECKING:
    from geogate.model.release import Receipt
    from infra.demo.outcomes import Outcome

REVIEWERS: Final = (
    ("anna", "town centres are on every map"),
    ("ben", "a name and a place of a town, nobody's home"),
)


def approve_held(outcome: Outcome) -> tuple[Tally, ...]:
    """Let the reviewers vote, each blind to the other; and let the requester try first, who may not.

    Raises: DemoError when the requester may, or the votes do not clear the release.
    """
    try:
        _vote(outcome, str(outcome.request.requester), "I need it")
    except RefusedError:
        pass
    else:
        raise DemoError("the requester approved the own release")
    tallies = tuple(_vote(outcome, name, comment) for name, comment in REVIEWERS)
    if tallies[-1].clearance is None or any(tally.clearance for tally in tallies[:-1]):
        raise DemoError("the release was not cleared by exactly the approvals that the policy asks for")
    return tallies


def _vote(outcome: Outcome, name: str, comment: str) -> Tally:
    house = House.from_environment(actor=name)
    return approve(outcome.request.id, comment=comment, house=house)


def send_approved(tally: Tally) -> Receipt:
    """Send by the clearance that the last approval gave.

    Raises: DemoError when there is none.
    """
    if tally.clearance is None:
        raise DemoError("there is no clearance to send by")
    return send_by_nonce(tally.clearance, house=House.from_environment(actor="operator"))
