"""What a module of a scheme gives: its normal form, the channel to its places, and the look at what lies there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place
    from geogate.model.parties import Place as Registered


class Scheme(Protocol):
    """One kind of destination; nothing here contacts anything, and clients are imported where they are used.

    ``registered`` is what the file of recipients says of the place that a destination lies in, ``None`` where none is
    registered: then a channel whose country, keys or account come from there knows nothing, and contacts nobody.
    """

    @property
    def example(self) -> str:
        """A destination of this kind, for messages."""
        ...

    def normalise(self, uri: str, rest: str, *, home: Path) -> str:
        """Return the normal form; ``rest`` is what follows the colon after the scheme.

        Raises: UsageError.
        """
        ...

    def whole(self, destination: str) -> str:
        """Name the place whose posture a destination has: the bucket as a whole, or the destination itself."""
        ...

    def channel(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> Channel:
        """Return the channel to a destination in its normal form.

        Raises: UsageError.
        """
        ...

    def place(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> Place:
        """Return what lies at a destination in its normal form, for the audit."""
        ...
