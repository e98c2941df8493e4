"""Leave to write: what a broker answers before a channel becomes somebody who may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from geogate.destinations.errors import UnavailableError
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.model.names import Nonce


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What the broker allows: to write one object under a clearance, until it expires; looking has no end.

    ``writes_until`` is ``None`` where nothing may be written any more.
    """

    nonce: Nonce
    writes_until: datetime | None


class Broker(Protocol):
    """Asked before each session of the releaser, and never after."""

    def leave(self, uri: str) -> Leave:
        """Allow a session for an object, by its URI.

        Raises: RefusedError when no clearance that is being sent now is for it.
        """
        ...


def writes_until(broker: Broker | None, uris: Iterable[str]) -> datetime:
    """Ask for leave for each object, before anybody is contacted: for places that know no sessions of one object.

    Raises: RefusedError where there is none; UnavailableError where the clearance is over, for the next attempt to
        settle.
    """
    if broker is None:
        raise RefusedError("nobody has verified the clearance and claimed it", hint="send with geogate send")
    ends = [broker.leave(uri).writes_until for uri in uris]
    open_ends = [end for end in ends if end is not None]
    if not ends or len(open_ends) != len(ends):
        raise UnavailableError("the clearance is over, so that nothing may be written any more")
    return min(open_ends)


def require_time(until: datetime | None) -> None:
    """Write nothing after the end of a clearance.

    Raises: UnavailableError, for the next attempt to settle.
    """
    if until is None or datetime.now(UTC) >= until:
        raise UnavailableError("the clearance expired while sending")
