"""The channel to a collection of an OGC API Features: each feature created once, under an id that the gate gives.

The ids follow from the clearance, so that an attempt that died is taken up without anything twice: what has such an id
is ours. Features are seen one by one: nothing makes all of a release visible at once.

Source: OGC API Features, Part 4: Create, Replace, Update and Delete (20-002r1, draft).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from geogate.destinations.arrived import Arrived
from geogate.destinations.cleared import require_cleared, require_usable
from geogate.destinations.errors import ChangedError, OccupiedError
from geogate.destinations.https_client import Client
from geogate.destinations.https_posture import BY_FEATURE, Shown, posture_of
from geogate.destinations.https_uri import path_of
from geogate.destinations.leave import writes_until
from geogate.destinations.ogc_api_collection import Collection
from geogate.destinations.ogc_api_features import content_of, features_of, prefix_of
from geogate.model.errors import InputError, RefusedError
from geogate.model.names import Nonce
from geogate.model.release import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.destinations.leave import Broker
    from geogate.destinations.ogc_api_features import Feature
    from geogate.model.dataset import FileDigest
    from geogate.model.parties import Place, Posture
    from geogate.model.release import Clearance

FEATURES: Final = "features"
ASKED_SECONDS: Final = 30.0
"""So long the leave to write holds before the broker is asked again."""


class OgcApiChannel:
    """A way into one collection of one server, which must be registered."""

    def __init__(self, destination: str, *, settings: ChannelSettings, registered: Place | None) -> None:
        self._destination = destination
        self._settings = settings
        self._registered = registered

    def posture(self) -> Posture:
        """Ask the server, and say what was attested of it; see ``https_posture``.

        Raises: ServiceError, UsageError, PolicyError.
        """
        file, shown = self._settings.https_file, shown_in(self._destination, self._settings)
        return posture_of(self._destination, file=file, registered=self._registered, shown=shown)

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Create the features of the files; see ``Channel.put``. Each is seen as soon as it is there.

        Raises: RefusedError, ServiceError, InputError, UsageError, PolicyError.
        """
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        if self._settings.broker is None:
            raise RefusedError("nobody has verified the clearance and claimed it", hint="send with geogate send")
        # 1. Read all that is to be sent: where one file has changed, no feature arrives.
        features = {digest: _features(digest, path, clearance.nonce) for digest, path in ordered}
        arrived = Arrived(of=sum(map(len, features.values())), what=FEATURES)
        with self._client() as client, arrived.told():
            self._create(Collection.ask(client, self._destination), features, arrived)
        return tuple(self._delivery(digest, each, clearance) for digest, each in features.items())

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Look for what was delivered, feature by feature; see ``Channel.delivered``.

        Raises: RefusedError, also where the sealed files are not there; ServiceError, UsageError, PolicyError.
        """
        files = require_usable(clearance, destination=self._destination)
        sealed = self._settings.sealed
        if sealed is None:
            raise RefusedError("nobody knows what was to be sent without the sealed files")
        with self._client() as client:
            collection = Collection.ask(client, self._destination)
            found: list[Delivery | None] = []
            for digest in files:
                features = _features(digest, sealed(digest), clearance.nonce)
                whole = _all_there(collection, features)
                found.append(self._delivery(digest, features, clearance) if whole else None)
        return tuple(found)

    def pieces(self, files: Sequence[FileDigest], *, nonce: Nonce) -> Arrived:
        """Count the features of files that lie there under a clearance, whatever they say; see ``Piecemeal``.

        Raises: RefusedError, also where a sealed file is not there; ServiceError, UsageError, PolicyError.
        """
        sealed = self._settings.sealed
        if sealed is None:
            raise RefusedError("nobody knows what was to be sent without the sealed files")
        features = [feature for digest in files for feature in _features(digest, sealed(digest), nonce)]
        with self._client() as client:
            collection = Collection.ask(client, self._destination)
            there = sum(collection.has(feature.id) for feature in features)
        return Arrived(of=len(features), what=FEATURES, there=there)

    def _create(
        self, collection: Collection, features: Mapping[FileDigest, Sequence[Feature]], arrived: Arrived
    ) -> None:
        leaves = _Leaves(broker=self._settings.broker)
        try:
            # 2. Look: an attempt that died has created the first ones, in their order.
            done = {digest: _there(collection, each) for digest, each in features.items()}
        except OccupiedError:
            arrived.there = sum(collection.has(feature.id) for each in features.values() for feature in each)
            raise
        arrived.there = sum(done.values())
        # 3. Create the rest one after the other, each read back before the next.
        for digest, each in features.items():
            for number, feature in enumerate(each[done[digest] :], start=done[digest] + 1):
                leaves.require(self._destination + digest.name)
                arrived.there += 1
                collection.create(feature, said=f"feature {number:,} of {len(each):,} of {digest.name!r}")

    def _client(self) -> Client:
        if self._registered is None:
            raise RefusedError("the place is not registered any more", hint="enter it in recipients.yaml")
        pins = self._registered.certificate_keys
        return Client.to(self._destination, file=self._settings.https_file, pins=pins)

    def _delivery(self, digest: FileDigest, features: Sequence[Feature], clearance: Clearance) -> Delivery:
        version = Version(
            nonce=clearance.nonce,
            features=len(features),
            content=content_of([feature.text for feature in features]),
            sha256=digest.sha256,
        )
        uri = self._destination + digest.name
        return Delivery(uri=uri, sha256=digest.sha256, size=digest.size, version=str(version))


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a receipt keeps of features, so that they can be found and compared without the file.

    ``content`` is the digest of what they say, ``sha256`` that of the file.
    """

    nonce: str
    features: int
    content: str
    sha256: str

    def __str__(self) -> str:
        return f"features:{self.nonce}:{self.features}:{self.content}:{self.sha256}"

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read it.

        Raises: ValueError.
        """
        kind, nonce, features, content, sha256 = text.split(":")
        if kind != "features":
            raise ValueError("not a version of features")
        return cls(nonce=nonce, features=int(features), content=content, sha256=sha256)


def shown_in(place: str, settings: ChannelSettings) -> Shown:
    """Say how features show themselves in a collection, with the first of a file that was sent there."""
    last = settings.last_sent(place) if settings.last_sent else None
    if last is None:
        return Shown(appears=BY_FEATURE)
    first = prefix_of(Nonce(Version.parse(last.version).nonce), last.uri.rpartition("/")[2]) + "0"
    return Shown(appears=BY_FEATURE, path=f"{path_of(place)}items/{first}")


@dataclass(slots=True, kw_only=True)
class _Leaves:
    """Asks the broker before the first feature of a file, and again every half a minute."""

    broker: Broker | None
    _until: dict[str, float] = field(default_factory=dict)

    def require(self, uri: str) -> None:
        """Go on only while something may be sent.

        Raises: RefusedError; UnavailableError where the clearance is over, for the next attempt to settle.
        """
        if time.monotonic() < self._until.get(uri, 0):
            return
        writes_until(self.broker, [uri])
        self._until[uri] = time.monotonic() + ASKED_SECONDS


def _features(digest: FileDigest, path: Path, nonce: Nonce) -> tuple[Feature, ...]:
    """Read a file as it was cleared.

    Raises: ChangedError, InputError, UnfitError.
    """
    try:
        with path.open("rb") as file:
            content = file.read(digest.size + 1)
    except OSError as error:
        raise InputError(f"the staged file {digest.name!r} cannot be read: {error.strerror}") from error
    if len(content) != digest.size or hashlib.sha256(content).hexdigest() != digest.sha256:
        raise ChangedError(digest.name)
    return features_of(content, name=digest.name, nonce=nonce)


def _there(collection: Collection, features: Sequence[Feature]) -> int:
    """Count the features that are there, from the first on: they were created in their order.

    Raises: OccupiedError when one says something else.
    """
    for number, feature in enumerate(features):
        text = collection.text(feature.id)
        if text is None:
            return number
        if text != feature.text:
            raise OccupiedError(feature.id)
    return len(features)


def _all_there(collection: Collection, features: Sequence[Feature]) -> bool:
    return all(collection.text(feature.id) == feature.text for feature in features)
