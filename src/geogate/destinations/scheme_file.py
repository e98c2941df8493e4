"""Destinations in directories of this machine, or mounted there: ``file:///directory/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.destinations.uri_parts import segments, wrong

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place
    from geogate.model.parties import Place as Registered


class FileScheme:
    """See ``Scheme``; the country is that of the organisation's own directories, and none is registered."""

    example = "file:"

    def normalise(self, uri: str, rest: str, *, home: Path) -> str:
        """Return ``file:///directory/``; a relative path is relative to ``home``, whose own links are resolved."""
        path = rest
        if rest.startswith("//"):
            path = rest.removeprefix("//")
            if not path.startswith("/"):
                raise wrong(uri, "a file: destination has no host: write file:///directory/ or file:directory/")
        absolute = path.startswith("/")
        parts = segments(uri, path.removeprefix("/"))
        if not parts or (not absolute and parts[0].startswith("~")):
            raise wrong(uri, "name a directory")
        start = [] if absolute else segments(uri, home.resolve().as_posix().removeprefix("/"))
        return "/".join(("file://", *start, *parts, ""))

    def whole(self, destination: str) -> str:
        """Name the directory itself."""
        return destination

    def channel(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> Channel:  # noqa: ARG002
        """Return the channel to a directory."""
        from geogate.destinations.directory import DirectoryChannel

        return DirectoryChannel(destination, country=settings.country)

    def place(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> Place:  # noqa: ARG002
        """Return what lies in a directory."""
        from geogate.destinations.stored_folder import StoredInFolder

        return StoredInFolder(uri, country=settings.country)
