"""Release requests, votes, clearances, receipts and the ledger's entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from geogate.model.dataset import Artefact, Dataset, FileDigest
from geogate.model.declaration import NOTHING, Declaration
from geogate.model.document import LATER
from geogate.model.lifecycle import State
from geogate.model.names import Actor, Nonce, PolicyName, RecipientId, RequestId, Sha256, ZoneListName
from geogate.model.parties import Posture
from geogate.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """The wish to send one dataset to one recipient; what it lacks is not known yet.

    ``destination`` is a normalised URI that ends in ``/``: the files of the artefact land below it.
    ``assume_crs`` is what the requester stated for layers that do not say, for example ``EPSG:4326``; ``declaration``
    is what the requester declared of the release. ``continues`` is the request that reviewers returned for changes and
    this one goes on with, empty for a first round.
    """

    id: RequestId
    requester: Actor
    recipient: RecipientId
    destination: str
    purpose: str
    policy: PolicyName
    assume_crs: str
    created_at: datetime
    state: State
    dataset: Dataset | None = None
    artefact: Artefact | None = None
    verdict: Verdict | None = None
    declaration: Declaration = field(default=NOTHING, metadata=LATER)
    continues: RequestId = field(default=RequestId(""), metadata=LATER)


class Choice(StrEnum):
    """What a reviewer votes; ``return`` asks the requester for changes."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a vote is about; a vote whose ballot differs from what would be sent counts for nothing."""

    artefact: Sha256
    destination: str
    recipient: RecipientId
    policy_digest: Sha256
    zones: tuple[tuple[ZoneListName, Sha256], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One reviewer's vote on one request; ``groups`` are those of the reviewer's sign-in.

    ``source`` says who vouched for the reviewer's name, see ``geogate.model.authority``; empty for the machine itself.
    ``salt`` are random digits, without which the hash of the vote's entry would tell what the vote says.
    """

    request: RequestId
    reviewer: Actor
    choice: Choice
    comment: str
    at: datetime
    ballot: Ballot
    groups: tuple[str, ...] = field(default=(), metadata=LATER)
    source: str = field(default="", metadata=LATER)
    salt: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The permission to send one artefact to one destination, once, until it expires."""

    nonce: Nonce
    request: RequestId
    files: tuple[FileDigest, ...]
    artefact: Sha256
    recipient: RecipientId
    destination: str
    destination_owner: str
    policy: PolicyName
    policy_digest: Sha256
    recipients_digest: Sha256
    zones: tuple[tuple[ZoneListName, Sha256], ...]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One file as the store says that it holds it.

    ``version`` is the store's own name of the stored version, empty where it has none.
    """

    uri: str
    sha256: Sha256
    size: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof of delivery of all files of one clearance; ``posture`` is what the place was like before it."""

    nonce: Nonce
    request: RequestId
    deliveries: tuple[Delivery, ...]
    sent_at: datetime
    posture: Posture | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger.

    ``body`` is canonical JSON text as it was hashed; ``hash`` is over ``seq``, ``at``, ``kind``, ``request``,
    ``actor``, ``body`` and ``prev``.
    """

    seq: int
    at: str
    kind: str
    request: str
    actor: str
    body: str
    prev: Sha256
    hash: Sha256
