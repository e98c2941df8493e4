"""Destinations in Azure Blob Storage, ``az://account/container/prefix/``, and Google's, ``gs://bucket/prefix/``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.destinations.uri_parts import segments, wrong
from geogate.policy.places import is_place

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place
    from geogate.model.parties import Place as Registered


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobScheme:
    """See ``Scheme``; ``named`` is of how many parts the name of a container or bucket consists."""

    example: str
    named: int

    def normalise(self, uri: str, rest: str, *, home: Path) -> str:  # noqa: ARG002 - no place here is relative
        """Return the place with its prefix, which ends in a slash."""
        parts = segments(uri, rest.removeprefix("//"))
        found = "/".join((f"{self._start}/", *parts, ""))
        if not rest.startswith("//") or len(parts) < self.named or not is_place(found):
            raise wrong(uri, f"write {self.example}; a prefix has letters, digits and . _ = @ + , ~ - only")
        return found

    def whole(self, destination: str) -> str:
        """Name the prefix itself: what is known of it, its own registration says."""
        return destination

    def channel(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> Channel:
        """Return the channel to a prefix."""
        from geogate.destinations.blobs import BlobChannel

        return BlobChannel(destination, settings=settings, registered=registered)

    def place(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> Place:
        """Return what lies below a prefix."""
        from geogate.destinations.stored_blobs import StoredBlobs

        return StoredBlobs(uri, settings=settings, registered=registered)

    @property
    def _start(self) -> str:
        return self.example.partition("/")[0]
