"""The one error of zone lists: which file, where in it, and what is wrong."""

from __future__ import annotations

from geogate.model.errors import PolicyError


class ZoneListError(PolicyError):
    """A zone list is not one that the gate may rely on; the message holds no coordinate and no folder."""

    def __init__(self, file: str, reason: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(
            f"{file}, {place}: {reason}" if place else f"{file}: {reason}",
            hint=hint or "correct the list in its source; the gate stays shut until it is wholly readable",
        )
        self.file = file
        self.place = place
        self.reason = reason
