"""What lies at a place: every version of every object below it, and the digest of one of them; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from geogate.destinations.schemes import scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.destinations.place_posture import PlacePosture
    from geogate.model.names import Sha256
    from geogate.model.parties import Place as Registered


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One version of one object; ``name`` is relative to the place, ``version`` empty where the place keeps none.

    ``mark`` is another one when the bytes may be other ones. What is ``odd`` is no file that could have been delivered:
    a link, a pipe. A ``deleted`` one is only the mark of a deletion.
    """

    name: str
    size: int
    version: str
    mark: str
    latest: bool = True
    deleted: bool = False
    odd: bool = False


class Place(Protocol):
    """A place that can be looked at."""

    def posture(self) -> PlacePosture:
        """Say what the place is like.

        Raises: ServiceError when it does not answer.
        """
        ...

    def stored(self) -> Iterator[Stored]:
        """List everything, in no order.

        Raises: ServiceError when the listing breaks off; what came before is not everything.
        """
        ...

    def digest(self, found: Stored) -> Sha256:
        """Tell the SHA-256 of what was listed; where the store does not know it, all bytes are read.

        Raises: ServiceError; GoneError when it is not there any more.
        """
        ...

    def fetch(self, found: Stored, into: Path) -> None:
        """Copy what was listed into a new file.

        Raises: ServiceError; GoneError when it is not there any more.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Something that was or may have been sent to a place: what the receipt says of it, if there is one.

    ``name`` is relative to the place, ``nonce`` that of the clearance.
    """

    name: str
    sha256: str
    size: int
    version: str
    nonce: str


@runtime_checkable
class Unlisted(Place, Protocol):
    """A place that cannot list what lies there; ``stored`` raises there, and what was sent is asked for by name."""

    def sought(self, each: Iterable[Sought]) -> Iterator[Stored]:
        """Give those that are there.

        Raises: ServiceError; what came before is not everything.
        """
        ...


def place_at(uri: str, *, settings: ChannelSettings, registered: Registered | None = None) -> Place:
    """Return the place of a destination in its normal form; nothing is contacted yet."""
    return scheme_of(uri).place(uri, settings=settings, registered=registered)
