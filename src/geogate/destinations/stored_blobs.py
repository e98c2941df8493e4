"""What lies below a prefix of a container of Azure or a bucket of Google, as the gate's own credentials see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.destinations.blobs_store import Blobs, open_to_all, opened
from geogate.destinations.errors import GoneError, MisconfiguredError
from geogate.destinations.place_posture import PlacePosture
from geogate.destinations.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.model.names import Sha256
    from geogate.model.parties import Place as Registered


def place_of_uri(uri: str) -> tuple[str, str, str]:
    """Cut a place in its normal form into scheme, name of the container or bucket, and prefix."""
    scheme, _, rest = uri.partition("://")
    parts = rest.split("/")
    named = 2 if scheme == "az" else 1
    return scheme, "/".join(parts[:named]), "/".join(parts[named:])


class StoredBlobs:
    """A prefix; see ``Place``. Earlier versions and deleted objects are not listed: this client does not see them."""

    def __init__(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> None:
        self._scheme, self._name, self._prefix = place_of_uri(uri)
        self._uri = uri
        self._patience_s = settings.patience_s
        self._registered = registered

    def posture(self) -> PlacePosture:
        """Say where it is, as registered, and that it is open if anybody may list it; that it is closed nobody says.

        Raises: ServiceError when it does not answer.
        """
        blobs = self._blobs()
        next(blobs.listed(self._prefix), None)
        nobody = opened(self._scheme, self._name, patience_s=self._patience_s, anonymous=True)
        registered = self._registered
        traits = {
            "country": (registered.country or None) if registered else None,
            "open to others": "list" if open_to_all(nobody, self._prefix) else None,
            "region": (registered.region or None) if registered else None,
        }
        return PlacePosture(place=self._uri, traits=tuple(sorted(traits.items())))

    def stored(self) -> Iterator[Stored]:
        """List every object."""
        for key, size, mark in self._blobs().listed(self._prefix):
            yield Stored(name=key.removeprefix(self._prefix), size=size, version="", mark=mark)

    def digest(self, found: Stored) -> Sha256:
        """Read all bytes."""
        said = self._blobs().sha256(self._prefix + found.name, size=found.size)
        if said is None:
            raise GoneError(found.name)
        return said

    def fetch(self, found: Stored, into: Path) -> None:
        """Copy all bytes into a new file."""
        blobs, key = self._blobs(), self._prefix + found.name
        if blobs.look(key) is None:
            raise GoneError(found.name)
        with into.open("xb") as file:
            for piece in blobs.pieces(key, size=found.size):
                file.write(piece)

    def _blobs(self) -> Blobs:
        if self._registered is None:
            raise MisconfiguredError("the place is not registered", hint="register it in recipients.yaml")
        return opened(self._scheme, self._name, patience_s=self._patience_s)
