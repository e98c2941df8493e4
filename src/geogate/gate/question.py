"""Turn a wish into a question with one basis: policy, recipient, destination, posture and zone lists, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.destinations.uri import normalise
from geogate.gate.examine import Question
from geogate.gate.opening import parse_crs
from geogate.gate.place import PolicyPlace, owner_of
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from geogate.gate.house import House, Wish


def ask(wish: Wish, *, house: House) -> Question:
    """Read all that a verdict on the wish depends on besides the data.

    Raises: RefusedError when the recipient is bound to other policies; UsageError for a policy, recipient,
        destination or reference that there is not; PolicyError for an invalid policy, recipient file or zone list;
        ServiceError when the destination does not answer.
    """
    settings = house.settings
    place = PolicyPlace(root=settings.policies, home=settings.home.parent, indexes=house.means().indexes)
    policy = place.policy(wish.policy)
    book = place.recipients()
    recipient = place.recipient(book, wish.recipient)
    if recipient.policies and policy.name not in recipient.policies:
        raise RefusedError(
            f"recipient {recipient.id} does not get data under policy {policy.name}",
            hint=f"for this recipient: {', '.join(recipient.policies)} (recipients.yaml)",
        )
    destination = normalise(wish.destination, home=house.settings.home.parent)
    parse_crs(wish.assume_crs)
    zone_lists = place.zone_lists(policy, today=house.today())
    return Question(
        policy=policy,
        book=book,
        recipient=recipient,
        destination=destination,
        posture=house.channel(destination, owner=owner_of(destination, recipient)).posture(),
        purpose=wish.purpose,
        assume_crs=wish.assume_crs,
        zone_lists=zone_lists,
        at=house.clock(),
    )
