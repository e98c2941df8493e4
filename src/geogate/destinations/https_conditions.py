"""How a server is told to create and never to replace, and how it says that it did otherwise."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from geogate.model.errors import RefusedError

CREATE: Final = {"If-None-Match": "*"}
"""Source: RFC 9110, section 13.1.2: only where there is nothing yet."""

REPLACED: Final = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT})


class ReplacedError(RefusedError):
    """The server says that it replaced something, though it was told to create only."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the server does not say that it created {name!r}: it may have replaced what somebody put there",
            hint="let it answer 201 to what it creates, and 412 where something is; look at what was there",
        )
