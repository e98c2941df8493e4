"""The recipients of a place at a glance: what ends, which owners are missing, and which policies there are not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from geogate.gate.place import PolicyPlace
from geogate.model.errors import PolicyError
from geogate.model.names import RecipientId
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from geogate.gate.house import House
    from geogate.model.parties import Recipient

_WHOLE: Final = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRecipient:
    """One recipient; ``problems`` are what is wrong, ``warnings`` what somebody should look at.

    ``days_left`` counts from today to the last day of the contract, ``owned`` is the share that known owners hold.

    Units: ``owned`` from 0 to 1.
    """

    id: str
    name: str
    country: str
    owned: float
    contract_ends: date | None
    days_left: int | None
    policies: tuple[str, ...]
    destinations: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def list_recipients(house: House, *, days: int) -> Sequence[ListedRecipient]:
    """Read all recipients and say what ends within so many days, or is missing.

    Raises: PolicyError when the file is missing or invalid.
    """
    place = PolicyPlace(root=house.settings.policies, home=house.settings.home.parent)
    known, today = set(place.policies()), house.today()
    listed = [_listed(each, known, today=today, days=days) for each in place.recipients().recipients]
    designated = {each.id: each.designations for each in place.recipients().recipients if each.designations}
    asked = _asked_designations(place) if designated else None
    if asked is None:
        return listed
    strange = {name: [word for word in words if word not in asked] for name, words in designated.items()}
    return [
        replace(each, problems=(*each.problems, *map(_unasked, strange.get(RecipientId(each.id), ()))))
        for each in listed
    ]


def _asked_designations(place: PolicyPlace) -> frozenset[str] | None:
    """Name the designations of which policies of the place ask; none where no policy does, or one cannot be read."""
    found: set[str] = set()
    for name in place.policies():
        try:
            rules = place.policy(name).rules
        except PolicyError:
            return None
        for use in rules:
            parts = registered()[use.expectation].parts(use.params)
            for params in (use.params, *(own for _, _, own in parts)):
                found.update(getattr(params, "designations", ()))
    return frozenset(found) or None


def _unasked(word: str) -> str:
    return f"no policy asks for its designation {word!r}, and some ask for others"


def _listed(recipient: Recipient, known: set[str], *, today: date, days: int) -> ListedRecipient:
    ends = recipient.contract.ends if recipient.contract else None
    unknown = [name for name in recipient.policies if name not in known]
    return ListedRecipient(
        id=recipient.id,
        name=recipient.name,
        country=recipient.country,
        owned=math.fsum(owner.share for owner in recipient.owners),
        contract_ends=ends,
        days_left=(ends - today).days if ends else None,
        policies=tuple(recipient.policies),
        destinations=len(recipient.destinations),
        problems=tuple(f"it is bound to policy {name!r}, which there is not" for name in unknown),
        warnings=tuple(_warnings(recipient, today=today, days=days)),
    )


def _warnings(recipient: Recipient, *, today: date, days: int) -> Iterator[str]:
    if recipient.contract is None:
        yield "it has no contract"
    else:
        yield from _ends("the contract", recipient.contract.ends, today=today, days=days)
    for each in recipient.attestations:
        yield from _ends(f"the attestation {each.kind!r}", each.ends, today=today, days=days)
        if each.since > today:
            yield f"the attestation {each.kind!r} begins on {each.since}"
    owned = math.fsum(owner.share for owner in recipient.owners)
    if owned < _WHOLE:
        yield f"its known owners hold {owned:.2%} of it"
    if not recipient.destinations:
        yield "it has no destination"
    if recipient.designations:
        yield f"it is designated: {', '.join(recipient.designations)}"


def _ends(what: str, ends: date, *, today: date, days: int) -> Iterator[str]:
    left = (ends - today).days
    if left < 0:
        yield f"{what} ended on {ends}"
    elif left <= days:
        yield f"{what} ends in {left} days"
