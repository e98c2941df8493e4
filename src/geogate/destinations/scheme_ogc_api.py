"""Destinations in collections of an OGC API Features: ``ogcapi://host/path/collections/id/``, always over HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.destinations.https_uri import server_and_path
from geogate.destinations.uri_parts import wrong

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place
    from geogate.model.parties import Place as Registered

COLLECTIONS: Final = "collections"


class OgcApiScheme:
    """See ``Scheme``; what is sent becomes features, and a file has a name for the gate only."""

    example = "ogcapi://host/path/collections/id/"

    def normalise(self, uri: str, rest: str, *, home: Path) -> str:  # noqa: ARG002 - no place here is relative
        """Return ``ogcapi://host/path/collections/id/``, without the usual port."""
        server, parts = server_and_path(uri, rest, example=self.example)
        if parts[-2:-1] != [COLLECTIONS]:
            raise wrong(uri, f"name a collection: {self.example}")
        return "/".join(("ogcapi:/", server.authority, *parts, ""))

    def whole(self, destination: str) -> str:
        """Name the collection itself."""
        return destination

    def channel(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> Channel:
        """Return the channel to a collection."""
        from geogate.destinations.ogc_api import OgcApiChannel

        return OgcApiChannel(destination, settings=settings, registered=registered)

    def place(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> Place:
        """Return what lies in a collection, as far as it was sent there."""
        from geogate.destinations.stored_ogc_api import StoredAsFeatures

        return StoredAsFeatures(uri, settings=settings, registered=registered)
