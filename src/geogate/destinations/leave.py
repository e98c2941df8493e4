"""Leave to write: what a broker answers before a channel becomes somebody who may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

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
        """Allow a session for the object ``s3://bucket/key``.

        Raises: RefusedError when no clearance that is being sent now is for it.
        """
        ...
