"""Destinations on SFTP servers: ``sftp://user@host/folder/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.destinations.uri_parts import segments, wrong
from geogate.policy.place_sftp import account_of
from geogate.policy.places import is_place

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place
    from geogate.model.parties import Place as Registered


class SftpScheme:
    """See ``Scheme``; the server's keys and its country are those that were registered."""

    example = "sftp://user@host/folder/"

    def normalise(self, uri: str, rest: str, *, home: Path) -> str:  # noqa: ARG002 - no place here is relative
        """Return ``sftp://user@host/folder/``, the port where it is not 22."""
        text, slash, path = rest.removeprefix("//").partition("/")
        user, _, host = text.partition("@")
        account = account_of(f"{user}@{host.lower()}")
        if not rest.startswith("//") or account is None or not slash:
            raise wrong(uri, "write sftp://user@host/folder/, without a password")
        found = "/".join((f"sftp://{account.text}", *segments(uri, path), ""))
        if not is_place(found):
            raise wrong(uri, "write sftp://user@host/folder/, with plain names of folders")
        return found

    def whole(self, destination: str) -> str:
        """Name the folder itself."""
        return destination

    def channel(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> Channel:
        """Return the channel to a folder."""
        from geogate.destinations.sftp import SftpChannel

        return SftpChannel(destination, settings=settings, registered=registered)

    def place(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> Place:
        """Return what lies in a folder."""
        from geogate.destinations.stored_sftp import StoredOnServer

        return StoredOnServer(uri, settings=settings, registered=registered)
