"""Destinations behind HTTPS PUT: ``https://host/path/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.destinations.https_uri import server_and_path

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place
    from geogate.model.parties import Place as Registered


class HttpsScheme:
    """See ``Scheme``; the country is what the registration attests, nobody else can say it."""

    example = "https://host/path/"

    def normalise(self, uri: str, rest: str, *, home: Path) -> str:  # noqa: ARG002 - no place here is relative
        """Return ``https://host/path/``, without the usual port."""
        server, parts = server_and_path(uri, rest, example=self.example)
        return "/".join(("https:/", server.authority, *parts, ""))

    def whole(self, destination: str) -> str:
        """Name the folder itself: each may be configured otherwise."""
        return destination

    def channel(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> Channel:
        """Return the channel to a folder."""
        from geogate.destinations.https import HttpsChannel

        return HttpsChannel(destination, settings=settings, registered=registered)

    def place(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> Place:
        """Return what lies in a folder, as far as it can be asked for by name."""
        from geogate.destinations.stored_https import StoredOverHttps

        return StoredOverHttps(uri, settings=settings, registered=registered)
