"""Turns the errors of SSH and SFTP into geogate's: who must act, and whether trying again can help."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import asyncssh

from geogate.destinations.errors import (
    ForbiddenError,
    MisconfiguredError,
    PermanentError,
    UnavailableError,
    UnknownServerError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.model.errors import ServiceError

_FULL: Final = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)
_ABSENT: Final = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory)
_FORBIDDEN: Final = (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect)
_GONE: Final = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Run the block; an error of the connection or the server in it becomes a ``ServiceError`` about ``what``.

    The messages of servers are kept as the cause only: they may name users and paths.
    """
    try:
        yield
    except asyncssh.SFTPError as error:
        raise _answered(what, error) from error
    except asyncssh.Error as error:
        raise _connecting(what, error) from error
    except asyncssh.KeyImportError as error:
        raise PermanentError(f"{what}: a registered host key cannot be read") from error
    except (TimeoutError, OSError) as error:
        raise UnavailableError(f"{what}: the server does not answer") from error


def _answered(what: str, error: asyncssh.SFTPError) -> ServiceError:
    if isinstance(error, _GONE):
        return UnavailableError(f"{what}: the connection broke")
    if isinstance(error, _FORBIDDEN):
        return ForbiddenError(f"{what}: the server does not permit it", hint="let the gate's account write there")
    if isinstance(error, _ABSENT):
        return MisconfiguredError(f"{what}: there is no such folder", hint="it must exist; the gate does not make it")
    if isinstance(error, _FULL):
        return UnavailableError(f"{what}: there is no room", hint="make room on the server")
    if isinstance(error, asyncssh.SFTPOpUnsupported):
        return MisconfiguredError(f"{what}: the server cannot do what sending needs")
    said = f"{what}: the server fails ({type(error).__name__})"
    return UnavailableError(said, hint="look whether its disk is full: most servers have no word for that")


def _connecting(what: str, error: asyncssh.Error) -> ServiceError:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return UnknownServerError(what)
    if isinstance(error, asyncssh.PermissionDenied):
        said = f"{what}: the server does not let the gate in"
        return ForbiddenError(said, hint="its account or key is not known there any more, or has expired")
    if isinstance(error, asyncssh.KeyExchangeFailed):
        said = f"{what}: the server offers no host key or cipher that is safe today"
        return PermanentError(said, hint="have the server renewed, or its newer host key registered")
    if isinstance(error, asyncssh.ChannelOpenError):
        return MisconfiguredError(f"{what}: the server offers no SFTP")
    return UnavailableError(f"{what}: the connection broke")
