"""Parsing the file of recipients: who may get data, where, and under which contract."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from geogate.model.names import PolicyName, RecipientId, Sha256
from geogate.model.parties import Attestation, Contract, Owner, Place, Recipient, RecipientBook
from geogate.policy.countries import COUNTRIES
from geogate.policy.place_forms import FORMS, KEYS, form_of
from geogate.policy.place_sftp import is_host_key
from geogate.policy.places import is_place
from geogate.policy.read import read_model
from geogate.policy.shape import RecipientsShape
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.policy.shape import PlaceShape, RecipientShape
    from geogate.policy.yaml_text import Path, Text


def parse_recipients(data: bytes, *, file: str) -> RecipientBook:
    """Parse the bytes of a file of recipients.

    Raises: PolicyError naming file, line and key.
    """
    text = read_yaml(data, file=file)
    shape = read_model(text, RecipientsShape)
    seen: set[str] = set()
    for index, each in enumerate(shape.recipients):
        path = ("recipients", index)
        if each.id in seen:
            text.refuse((*path, "id"), f"recipient {each.id} stands twice")
        seen.add(each.id)
        _require_country(text, each.country, (*path, "country"))
        _require_owners(text, each, path)
        _require_places(text, each, path)
    return RecipientBook(
        digest=Sha256(hashlib.sha256(data).hexdigest()), recipients=tuple(_recipient(each) for each in shape.recipients)
    )


def _require_country(text: Text, country: str, path: Path) -> None:
    if country not in COUNTRIES:
        text.refuse(path, f"there is no country {country!r}", hint="ISO 3166-1 alpha-2, for example DE or NO")


def _require_owners(text: Text, shape: RecipientShape, path: Path) -> None:
    for index, owner in enumerate(shape.owners):
        _require_country(text, owner.country, (*path, "owners", index, "country"))
    if math.fsum(owner.share for owner in shape.owners) > 1:
        text.refuse((*path, "owners"), "the shares come to more than 1")


def _require_places(text: Text, shape: RecipientShape, path: Path) -> None:
    seen: set[str] = set()
    for index, place in enumerate(shape.destinations):
        here = (*path, "destinations", index)
        if not is_place(place.uri):
            examples = ", ".join(form.example for form in FORMS.values())
            hint = f"{examples}, without escapes, dots or doubled slashes"
            text.refuse((*here, "uri"), "not a place in normal form that ends in a slash", hint=hint)
        _require_keys(text, place, here)
        if place.uri in seen:
            text.refuse((*here, "uri"), "the place stands twice")
        seen.add(place.uri)
        _require_same_keys(text, place, shape.destinations, here)


def _require_same_keys(text: Text, place: PlaceShape, every: Sequence[PlaceShape], here: Path) -> None:
    """Refuse a place within another one that has other keys: they are on one server, and the outer would be asked."""
    for other in every:
        same = set(place.certificate_keys) == set(other.certificate_keys)
        if place.uri.startswith(other.uri) and not (same and set(place.host_keys) == set(other.host_keys)):
            said = "the place lies in another one that has other keys"
            text.refuse(here, said, hint="it is the same server: register the same keys for both")


def _require_keys(text: Text, place: PlaceShape, here: Path) -> None:
    """Refuse a registration that lacks what its scheme needs, or says what means nothing there."""
    form, scheme = form_of(place.uri), place.uri.partition(":")[0]
    for key, meaning in KEYS.items():
        said = bool(getattr(place, key))
        if form is None or (said and key not in form.keys):
            text.refuse((*here, key), f"a place in {scheme}: has no {key}, which is {meaning}")
        if key in form.needs and not said:
            text.refuse((*here, key), f"a place in {scheme}: needs it: {meaning}")
    for index, host_key in enumerate(place.host_keys):
        if not is_host_key(host_key):
            text.refuse(
                (*here, "host_keys", index), "no public key of this type", hint="a line of the server's own .pub"
            )
    if place.country:
        _require_country(text, place.country, (*here, "country"))


def _place(shape: PlaceShape) -> Place:
    return Place(
        uri=shape.uri,
        owner=shape.owner,
        country=shape.country,
        region=shape.region,
        host_keys=shape.host_keys,
        certificate_keys=shape.certificate_keys,
    )


def _recipient(shape: RecipientShape) -> Recipient:
    contract = None
    if shape.contract is not None:
        contract = Contract(reference=shape.contract.reference, ends=shape.contract.ends)
    return Recipient(
        id=RecipientId(shape.id),
        name=shape.name,
        country=shape.country,
        owners=tuple(Owner(country=owner.country, share=owner.share) for owner in shape.owners),
        contract=contract,
        destinations=tuple(map(_place, shape.destinations)),
        policies=tuple(PolicyName(name) for name in shape.policies or ()),
        attestations=tuple(
            Attestation(kind=each.kind, reference=each.reference, since=each.since, ends=each.ends)
            for each in shape.attestations
        ),
        designations=shape.designations,
    )
