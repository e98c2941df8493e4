"""What lies in a collection of an OGC API Features: only what was sent is looked for, each feature by its id.

A collection may list its features, but those of others are the recipient's business: it is no place of files.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from geogate.destinations.errors import GoneError, MisconfiguredError
from geogate.destinations.https_client import Client
from geogate.destinations.https_posture import place_posture_of
from geogate.destinations.ogc_api import Version, shown_in
from geogate.destinations.ogc_api_collection import Collection
from geogate.destinations.ogc_api_features import content_of, prefix_of
from geogate.destinations.stored import Stored
from geogate.model.errors import RefusedError
from geogate.model.names import Nonce, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.destinations.place_posture import PlacePosture
    from geogate.destinations.stored import Sought
    from geogate.model.parties import Place


class StoredAsFeatures:
    """One collection; see ``Unlisted``. How many features a file became, the receipt says."""

    def __init__(self, uri: str, *, settings: ChannelSettings, registered: Place | None) -> None:
        self._uri = uri
        self._file = settings.https_file
        self._settings = settings
        self._registered = registered

    def posture(self) -> PlacePosture:
        """Ask the server."""
        shown = shown_in(self._uri, self._settings)
        return place_posture_of(self._uri, file=self._file, registered=self._registered, shown=shown)

    def stored(self) -> NoReturn:
        """Say that nothing is listed.

        Raises: MisconfiguredError.
        """
        raise MisconfiguredError("a collection of features does not list what was sent there")

    def sought(self, each: Iterable[Sought]) -> Iterator[Stored]:
        """Give those of which a feature is there; of a sending that did not end, the first feature tells."""
        with self._collection() as collection:
            for one in each:
                count = Version.parse(one.version).features if one.version else 1
                if any(collection.text(id_) is not None for id_ in _ids(one.nonce, one.name, count)):
                    yield Stored(name=one.name, size=one.size, version=one.version, mark=secrets.token_hex(8))

    def digest(self, found: Stored) -> Sha256:
        """Read all features; where they say what was sent, they are the file of which the receipt has the digest.

        Raises: GoneError when one is not there, ServiceError.
        """
        sent, texts = Version.parse(found.version), list[str]()
        with self._collection() as collection:
            for id_ in _ids(sent.nonce, found.name, sent.features):
                text = collection.text(id_)
                if text is None:
                    raise GoneError(found.name)
                texts.append(text)
        content = content_of(texts)
        return Sha256(sent.sha256 if content == sent.content else content)

    def fetch(self, found: Stored, into: Path) -> NoReturn:  # noqa: ARG002 - there is nothing to fetch
        """Say that features are no file.

        Raises: RefusedError: the release cannot be judged again from there.
        """
        raise RefusedError("what went into a collection is not there as a file")

    @contextmanager
    def _collection(self) -> Iterator[Collection]:
        if self._registered is None:
            raise MisconfiguredError("the place is not registered any more")
        with Client.to(self._uri, file=self._file, pins=self._registered.certificate_keys) as client:
            yield Collection.ask(client, self._uri)


def _ids(nonce: str, name: str, count: int) -> Iterator[str]:
    prefix = prefix_of(Nonce(nonce), name)
    return (f"{prefix}{number}" for number in range(count))
