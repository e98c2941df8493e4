"""Turns the errors of obstore into geogate's: who must act, and whether trying again can help."""

from __future__ import annotations

import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from obstore import exceptions as obstore

from geogate.destinations.errors import ForbiddenError, MisconfiguredError, PermanentError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.model.errors import ServiceError

_ANSWERED: Final = re.compile(r"non-2xx status code: (\d{3})")
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_WHO: Final = "look at the credentials, and whether they have expired or may do that there"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Run the block; an error of obstore in it becomes a ``ServiceError`` about ``what``.

    The messages of stores are kept as the cause only: they may name users, addresses and signatures.
    """
    try:
        yield
    except (obstore.PermissionDeniedError, obstore.UnauthenticatedError) as error:
        raise ForbiddenError(f"{what}: the store refuses", hint=_WHO) from error
    except FileNotFoundError as error:
        raise MisconfiguredError(f"{what}: the store knows no such place", hint="it must exist") from error
    except obstore.NotSupportedError as error:
        raise MisconfiguredError(f"{what}: the store cannot do what sending needs") from error
    except (obstore.BaseError, OSError) as error:
        raise _other(what, error) from error


def answer_of(error: Exception) -> int:
    """Return the HTTP number of the answer, 0 where there is none; obstore tells it in its message only."""
    found = _ANSWERED.search(str(error))
    return int(found[1]) if found else 0


def _other(what: str, error: Exception) -> ServiceError:
    answer = answer_of(error)
    if answer in _REFUSED:
        return ForbiddenError(f"{what}: the store refuses", hint=_WHO)
    if answer == HTTPStatus.NOT_FOUND:
        return MisconfiguredError(f"{what}: the store knows no such place", hint="it must exist")
    if answer >= HTTPStatus.INTERNAL_SERVER_ERROR or answer in _LATER:
        return UnavailableError(f"{what}: the store answers {answer}")
    if answer:
        return PermanentError(f"{what}: the store answers {answer}")
    return UnavailableError(f"{what}: the store does not answer")
