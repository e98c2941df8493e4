"""Turn a wish into a question with one basis: policy, recipient, destination, posture and zone lists, read once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from geogate.destinations.uri import normalise
from geogate.gate.examine import Question
from geogate.gate.exposure import Memory, Recall
from geogate.gate.intake import dataset_name
from geogate.gate.opening import parse_crs
from geogate.gate.place import place_of, registered_place
from geogate.gate.waivers_apply import waiving
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import PolicyName
from geogate.policy.applicable import applicable
from geogate.policy.scope import Facts

if TYPE_CHECKING:
    from geogate.gate.house import House, Wish
    from geogate.gate.place import PolicyPlace
    from geogate.policy.adopted import Adopted
    from geogate.policy.policy import Policy


def ask(wish: Wish, *, house: House) -> Question:
    """Read all that a verdict on the wish depends on besides the data.

    Raises: RefusedError when the recipient is bound to other policies; UsageError for a policy, recipient,
        destination or reference that there is not; PolicyError for an invalid policy, recipient file or zone list;
        ServiceError when the destination does not answer.
    """
    return ask_in(place_of(house, indexes=house.means().indexes), wish, house=house)


def ask_in(place: PolicyPlace, wish: Wish, *, house: House) -> Question:
    """Read it from a place that is open.

    Raises: as ``ask``.
    """
    adopted = place.adopted()
    policies = _policies(place, wish.policy, adopted)
    book = place.recipients()
    recipient = place.recipient(book, wish.recipient)
    if recipient.policies and PolicyName(wish.policy) not in recipient.policies:
        raise RefusedError(
            f"recipient {recipient.id} does not get data under policy {wish.policy or 'none'}",
            hint=f"for this recipient: {', '.join(recipient.policies)} (recipients.yaml)",
        )
    destination = normalise(wish.destination, home=house.settings.home.parent)
    parse_crs(wish.assume_crs)
    posture = house.channel(destination, registered=registered_place(destination, recipient)).posture()
    facts = Facts(declaration=wish.declaration, recipient=recipient, posture=posture, purpose=wish.purpose)
    today = house.today()
    found = applicable(policies, facts, today=today, together=adopted is not None)
    zone_lists = place.zone_lists(found.policy, today=today)
    called = wish.called or (dataset_name(wish.dataset) if wish.dataset else "")
    waivers = waiving(found.policy, dataset=called, requester=wish.requester or house.actor, house=house)
    # What a waiver covers must be read to its end: the pass must not stop at it.
    policy = replace(found.policy, stop_early=False) if waivers.standings else found.policy
    return Question(
        policy=policy,
        policies=found.policies,
        named=wish.policy,
        passed_over=found.passed_over,
        declaration=wish.declaration,
        book=book,
        recipient=recipient,
        destination=destination,
        posture=posture,
        purpose=wish.purpose,
        assume_crs=wish.assume_crs,
        zone_lists=zone_lists,
        at=house.clock(),
        recall=Recall(house=house, memory=Memory.of(found.policy, today), recipient=recipient.id),
        waiving=waivers,
    )


def _policies(place: PolicyPlace, named: str, adopted: Adopted | None) -> tuple[Policy, ...]:
    """Read the policy that was named and those that the place has adopted; each once, the named one first."""
    if not named and adopted is None:
        raise UsageError("no policy is named", hint="name one, or adopt policies in adopted.yaml (GEOGATE_POLICIES)")
    names = [named] if named else []
    names += [name for name in (adopted.policies if adopted else ()) if name != named]
    return tuple(place.policy(name) for name in names)
