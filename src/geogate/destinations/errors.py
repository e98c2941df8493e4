"""What can go wrong on the way to a destination, grouped by whether trying again can help."""

from __future__ import annotations

from typing import ClassVar

from geogate.model.errors import RefusedError, ServiceError


class UnavailableError(ServiceError):
    """The destination does not answer, or not now; the same sending may be tried again."""


class PermanentError(ServiceError):
    """The destination will answer the same until somebody changes something; trying again does not help."""

    retryable: ClassVar[bool] = False


class ForbiddenError(PermanentError):
    """The destination knows us not, or does not let us: credentials, permissions, or another owner than expected."""


class StrangerError(ForbiddenError):
    """Nobody gave us credentials for the destination at all, so that we never were there."""


class MisconfiguredError(PermanentError):
    """The destination does not exist, or cannot do what sending needs."""


class CorruptedError(PermanentError):
    """The destination holds other bytes than those that were sent."""


class OccupiedError(RefusedError):
    """Something else is already there; nothing is ever overwritten."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"something else is already there: {name!r}", hint="send to another prefix, or have it removed first"
        )


class ChangedError(RefusedError):
    """The staged bytes are not those that were cleared."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the staged file {name!r} is not the one that was cleared", hint="submit the dataset again")


class GoneError(RefusedError):
    """What was listed a moment ago is not there any more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"it is not there any more: {name!r}")


class UnknownServerError(PermanentError):
    """The server proves another host key than one that is registered: it may be somebody else."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: the server has another host key than those registered; nothing was sent",
            hint="ask who runs it, by another way than this connection; if the key was changed, register the new one "
            "(host_keys in recipients.yaml), and submit again",
        )
