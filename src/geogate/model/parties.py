"""Recipients, destinations and the circumstances of a release: who gets the data, where and under which contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from geogate.model.declaration import NOTHING, Declaration
from geogate.model.document import LATER
from geogate.model.names import PolicyName, RecipientId, Sha256
from geogate.model.past import MeasuredLayer, PastRelease

LOCAL: Final = "local"
"""The region of a directory: it has a country, if anything."""

SERVER: Final = "server"
"""The region of a place on a server that is no object store: it has a country, if anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A holder of a share in the recipient, direct or ultimate.

    Units: ``share`` from 0 to 1; ``country`` an ISO 3166-1 alpha-2 code.
    """

    country: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The contract under which the recipient may get data; it ends at the end of the day ``ends``."""

    reference: str
    ends: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a recipient has attested, or was permitted; it holds from ``since`` to the end of the day ``ends``.

    ``kind`` is a word that policies ask for, such as ``no-onward-transfer``; ``reference`` names the document.
    """

    kind: str
    reference: str
    since: date
    ends: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A registered place of a recipient: a normalised URI prefix that ends in ``/``.

    ``owner`` is the account that must own the bucket (twelve digits for S3), empty where the place has no such thing.
    ``country`` and ``region`` are where it is, as somebody attested who registered it; empty where the place says so
    itself, or nobody did. ``host_keys`` are the public keys of a server, one of which it must prove to have, and
    ``certificate_keys`` the SHA-256 of those in its certificates.
    """

    uri: str
    owner: str
    country: str = field(default="", metadata=LATER)
    region: str = field(default="", metadata=LATER)
    host_keys: tuple[str, ...] = field(default=(), metadata=LATER)
    certificate_keys: tuple[str, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The legal person that gets the data (GDPR art. 4(9)); ``destinations`` are its registered places.

    ``policies`` are those under which it may get data, empty where each one will do. ``designations`` are lists of
    authorities on which it stands, such as ``covered-person``.
    """

    id: RecipientId
    name: str
    country: str
    owners: tuple[Owner, ...]
    contract: Contract | None
    destinations: tuple[Place, ...]
    policies: tuple[PolicyName, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    designations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientBook:
    """All recipients of an organisation, from one file, pinned by its digest."""

    digest: Sha256
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """What the place itself says about where it is; ``None`` means that it did not say, which is not harmless.

    ``region`` is the store's name of its region (``local`` for a directory, ``server`` for one that is no object
    store), ``country`` the ISO 3166-1 alpha-2 code of where that is. ``attested`` names those of the two that the
    place cannot say, and that its registration does. ``traits`` are what it says of itself besides, by their names, see
    ``geogate.destinations.place_posture``; they are no part of where it is.
    """

    region: str | None
    country: str | None
    attested: tuple[str, ...] = field(default=(), metadata=LATER)
    traits: tuple[tuple[str, str | None], ...] = field(default=(), compare=False, metadata=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that a rule may know about a release besides the data; ``zone_lists`` are those that its policy names.

    ``history`` is what the recipient got before, other than the very same bytes; ``None`` where it is not known.
    ``beside`` are the layers of the same release that were judged before this one. ``earlier`` are those that the
    recipient got before, where this release goes on with them, as the batches of a feed do: their numbers add up.
    """

    recipient: Recipient
    destination: str
    posture: Posture
    purpose: str
    today: date
    subject_size: int
    declaration: Declaration = NOTHING
    zone_lists: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[PastRelease, ...] | None = field(default=None, metadata=LATER)
    beside: tuple[MeasuredLayer, ...] = field(default=(), metadata=LATER)
    earlier: tuple[MeasuredLayer, ...] = field(default=(), metadata=LATER)
